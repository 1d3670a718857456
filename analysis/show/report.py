"""A report: what a notebook shows, in order, and the facts behind it.

What a method shows carries what the report's files are made from, too: a table's CSV, a figure's name and alternative
text, all facts. An executed notebook is therefore complete: its page and files can be made from it alone.
"""

from __future__ import annotations

import base64
import html
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from IPython.core.getipython import get_ipython
from IPython.display import display

from analysis.errors import MARKS, InputError, unknown
from analysis.load.sources import Source
from analysis.show.sentences import MADE_UP, Fact, Sentence, as_fact, as_made_up, facts_named, facts_of, fill, say
from analysis.show.style import Figure, as_image, described, png_of, svg_of
from analysis.show.tables import FACTS_TYPE, FIGURE_KEY, MOST_ROWS, TABLE_TYPE, as_csv, as_html
from analysis.stats.cohort import Cohort, not_a_cohort

BESIDE_VARIABLE = "DECLINES_NOTEBOOK_DIR"
"""Names the folder of the notebook that a run executes, which it does elsewhere."""
SET_PARAMETERS = "# Parameters"  # first line of a cell that sets parameters from outside
OPTIONAL = re.compile(r"\[([^]]*)\]")  # a part of a caption that is left out where its facts are not known
MARKUP = frozenset("&<>\"'`*_[]|~$\\#:")  # the colon, too: an address in a name is no link
OF_NOBODY = "no figure here describes a real person, place or week."
captions = partial(described, "captions")
"""What tables are called and how they are shown, by name, and what opens and what closes a report."""


class Shown(NamedTuple):
    """Something that a report shows: data by MIME type, and metadata."""

    data: dict[str, Any]
    metadata: dict[str, Any]


class Report:
    """What one notebook shows and knows.

    Parameters
    ----------
    notebook
        Name of the notebook.
    about
        A weekly cohort, a source, or what has a ``source``, ``facts`` by id and ``parameters``; None = nothing.
    parameters
        What was asked, as checked; by default that of ``about``.
    png
        Whether figures are drawn as PNG too.

    Raises
    ------
    InputError
        The notebook was given a parameter that it does not have.

    Examples
    --------
    >>> from analysis.stats.cohort import cohort
    >>> report = Report("mine", cohort("fy2015", "2015-06-20"))
    >>> report.text(Sentence("Of {issued:detainers} {declined:n} are recorded as declined.", report.facts))
    Of 1,673 detainers 66 are recorded as declined.
    """

    def __init__(
        self,
        notebook: str,
        about: Any = None,  # noqa: ANN401 (what has a source, facts and parameters)
        *,
        parameters: Mapping[str, object] | None = None,
        png: bool = False,
    ) -> None:
        refuse_unknown_names(getattr(get_ipython(), "user_ns", {}).get("In", ()))
        self.lines: dict[str, str] = {}
        known: Mapping[str, Any] = {}
        asked: Mapping[str, object] = {}
        source = about if isinstance(about, Source) or about is None else getattr(about, "source", None)
        if about is not source:
            if source is None:
                raise not_a_cohort("Report", about, "a cohort or a source")
            known, asked = facts_of(about) if isinstance(about, Cohort) else about.facts, about.parameters
            self.lines = captions().get(f"{notebook}_lines", {})
        if isinstance(about, Cohort):
            self.lines = captions()["week_lines"] | {"status": say("status", known)}
        asked = asked if parameters is None else parameters
        self.notebook, self.png, self.title, self.headline = notebook, png, notebook, notebook
        self.parameters = {name: as_fact(value) for name, value in asked.items()}
        self.source = {} if source is None else {name: as_fact(value) for name, value in source.cited.items()}
        self.synthetic = source is not None and source.facts.synthetic
        self.notes = None if source is None else source.origin.notes
        self.of_source = {f"source_{name}": value for name, value in self.source.items()}
        self.of_source["source_file"] = None if source is None else source.file
        self.of_source["source_document"] = None if source is None else str(source.origin.document)
        self.masthead: list[list[str]] = []
        self.facts: dict[str, Fact] = {}
        self.sentences: list[dict[str, Any]] = []
        self.shown: list[Shown] = []
        self.reasons: dict[str, int] = {}  # in which cell each was last given
        self.know(**known)

    def know(self, **facts: object) -> None:
        """Add facts by id; one that already has another value is a ValueError."""
        for name, value in facts.items():
            fact = as_fact(value)
            if name in self.facts and self.facts[name] != fact:
                raise ValueError(f"the fact {name!r} is {self.facts[name]!r} and cannot also be {fact!r}")
            self.facts[name] = fact

    def _show(self, data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        data = {kind: text.translate(MARKS) if isinstance(text, str) else text for kind, text in data.items()}
        self.shown.append(Shown(data, metadata or {}))
        if get_ipython() is None:
            print(data["text/plain"])
        else:
            display(data, metadata=metadata, raw=True)

    def lead(self, sentences: Sequence[Sentence], lines: Mapping[str, str] | None = None) -> None:
        """Show the title (the first sentence), what the report is about line by line, and the other sentences.

        ``lines`` are templates over the report's facts and the source's (``source_title``, ``source_file``,
        ``source_sha256``); by default those of a weekly cohort.
        """
        title, *rest = sentences
        self.title = as_made_up(str(title), self.synthetic)
        finding = re.sub(r"^(\([^)]*\)|[^(:])*: ", "", str(title)) if "week" in self.facts else str(title)
        self.headline = as_made_up(finding, self.synthetic)  # place and week stand above it
        rows = {MADE_UP: OF_NOBODY} if self.synthetic else {}
        for name, template in (self.lines if lines is None else lines).items():
            rows[_in_words(name)] = fill(template, {**self.facts, **self.of_source})
        items = "".join(f"<dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd>" for k, v in rows.items())
        kind = "masthead synthetic" if self.synthetic else "masthead"
        page = f'<div class="{kind}"><p class="headline">{html.escape(self.headline)}</p><dl>{items}</dl></div>'
        text = "\n".join([self.title, *(f"{k}: {v}" for k, v in rows.items())])
        self.masthead = [[name, text] for name, text in rows.items()]  # a kernel sorts the names of a mapping
        self._show({"text/html": page, "text/plain": text}, {FIGURE_KEY: {"masthead": True}})
        self.text(*rest)

    def key_figures(self, frame: pd.DataFrame) -> None:
        """Show the main counts (:func:`analysis.stats.summary.key_figures`)."""
        self.table(frame, "key_figures")

    def text(self, *sentences: Sentence | Iterable[Sentence], folded: str = "") -> None:
        """Show sentences as a paragraph each; the facts that they name are known from then on.

        Facts are shown as they are, whatever their text looks like, each marked with its id. ``folded`` is the summary
        under which the page folds them away, a template over the facts; blank = they stand open.
        """
        said = [one for given in sentences for one in ([given] if isinstance(given, Sentence) else given)]
        for one in said:
            names = facts_named(one.template)
            self.know(**{name: one.facts[name] for name in names})
            self.sentences.append({"text": one.marked, "template": one.template, "facts": names})
        if said:
            shown = "\n\n".join(fill(one.template, self.facts, _marked) for one in said)
            about = {FIGURE_KEY: {"folded": fill(folded, {**self.facts, **self.of_source})}} if folded else {}
            self._show({"text/markdown": shown, "text/plain": "\n\n".join(map(str, said))}, about)

    def _reason(self, reason: str) -> bool:
        """Say why there is nothing to show: once on the page, once a cell in the notebook. Give whether one is."""
        cell = getattr(get_ipython(), "execution_count", 0)
        if reason and reason not in [one["text"] for one in self.sentences]:
            self.text(Sentence(reason.replace("{", "{{").replace("}", "}}"), {}))
        elif reason and self.reasons.get(reason) != cell:
            self._show({"text/markdown": reason, "text/plain": reason}, {FIGURE_KEY: {"masthead": True}})
        self.reasons[reason] = cell
        return bool(reason)

    def table(self, frame: pd.DataFrame, name: str, rows: int | None = None, folded: bool = False) -> None:
        """Show a table; its CSV, which a reader without HTML sees, holds the same numbers unrounded.

        Parameters
        ----------
        frame
            The table. Which of its columns are shown, its caption and the summary under which it is folded stand in
            ``data/reference/captions.yml``; without an entry all columns are, under its name. Of an empty one with
            ``attrs["reason"]`` that is said.
        name
            File name of the CSV, unique in the report.
        rows
            Rows that are shown open, all of them folded; None = all open, but of a long table of one's own 20.
        folded
            Whether all is folded away.
        """
        self.know(**frame.attrs.get("facts", {}))
        if frame.empty and (self._reason(frame.attrs.get("reason", "")) or folded):
            return
        flat = frame.reset_index() if set(frame.index.names) != {None} else frame
        told: dict[str, Any] = {key: value for key, value in frame.attrs.items() if isinstance(value, str)}
        about = captions().get(f"{self.notebook}.{name}") or captions().get(name) or {}
        needed = [entry.partition(" as ")[0] for entry in about.get("columns", [])]
        named = facts_named(OPTIONAL.sub("", about.get("caption", "") + about.get("folded", "") * folded))
        if not {*flat} >= {*needed} or not {"rows_shown", *told, *self.facts} >= {*named}:
            about = {}  # another table under a name of ours
        rows = MOST_ROWS if rows is None and not about and not folded else rows
        some = (frame[about["where"]] != 0).to_numpy() if "where" in about else np.ones(len(frame), bool)
        told |= {"rows_shown": int(some.sum()), **self.facts}
        caption = _filled(about["caption"], told) if about else f"{_in_words(name)}."
        caption = f"{MADE_UP}. {caption}" if self.synthetic else caption
        shown = [entry.partition(" as ") for entry in about.get("columns", flat)]
        columns, in_file = {column: heading or column for column, _, heading in shown}, about.get("in_file", [])
        flat = flat[[*columns, *in_file]].rename(columns=columns).reset_index(drop=True)
        flat.attrs = {}  # pandas would copy them with each column
        recent = [frame.attrs["recent"].get(row) for row in frame.index[some]] if "recent" in frame.attrs else []
        kinds = [frame.attrs.get("kinds", {}).get(row) for row in frame.index[some]]
        page = as_html(flat[some].drop(columns=in_file), name, caption, rows, about.get("bars", ""), recent, kinds)
        if folded:
            summary = html.escape(_filled(about["folded"], told) if "folded" in about else _in_words(name))
            page = f'<details class="fold"><summary>{summary}</summary>\n{page}\n</details>'
        csv = as_csv(flat.assign(synthetic=True) if self.synthetic or frame.attrs.get("synthetic") else flat)
        self._show({"text/html": page, "text/plain": csv, TABLE_TYPE: {"name": name, "caption": caption}})

    def figure(self, figure: Figure, name: str, folded: bool = False) -> None:
        """Show a figure with its alternative text and source, under a file name of its own.

        It is shown as SVG, in an image; the report's first one, which stands for it where a link is shared, and where
        asked every one as PNG, too.
        """
        if self._reason(figure.reason):
            return
        if self.source:
            title = as_made_up(str(self.source["title"]), self.synthetic)
            figure.sign(**{**self.facts, "source_title": title, "week": self.parameters.get("week")})
        data = {"text/plain": figure.alt, "text/html": as_image(svg_of(figure), figure.alt)}
        if self.png or not any("figure" in shown.metadata.get(FIGURE_KEY, {}) for shown in self.shown):
            data["image/png"] = base64.b64encode(png_of(figure)).decode("ascii")
        about = {"figure": name, "alt": figure.alt, "title": str(figure.get_label()), "folded": folded}
        self._show(data, {FIGURE_KEY: about | {"table": figure.table, "foot": round(72 * figure.foot, 1)}})

    @staticmethod
    def side_file(name: str) -> Path:
        """Find a file that lies beside the notebook, and declare it: a report is made again when the file changes.

        The name is relative to the notebook, and stands there as it is: ``report.side_file("populations.csv")``.
        """
        path = Path(os.environ.get(BESIDE_VARIABLE, ""), name)
        if not path.is_file():
            do = "Put it there, and run the notebook from its folder or by `declines run`"
            raise InputError("the file beside the notebook is missing", file=path.resolve(), do=do)
        return path

    def close(self) -> None:
        """Show definitions and what the source's origin file notes, and carry all facts; the last cell of a report."""
        if self.lines:
            self.know(origin_notes=self.notes)
            if self.notes:
                noted = Sentence("*From the source's origin file*: {origin_notes}", self.facts)
                self.text(noted, folded="About the source: {source_title}")
        if defined := captions()["definitions"].get(self.notebook):
            about = {FIGURE_KEY: {"folded": "Definitions, with their sources"}}
            defined = fill(defined, {**dict.fromkeys(facts_named(defined)), **self.facts})
            self._show({"text/markdown": defined, "text/plain": defined}, about)
        names = ("title", "headline", "masthead", "synthetic", "parameters", "source", "facts", "sentences")
        content = {"report": self.notebook} | {name: getattr(self, name) for name in names}
        text = f"{len(self.facts)} facts stand in facts.json; every number in the sentences above is one of them."
        shown: dict[str, Any] = {FIGURE_KEY: {"masthead": True}}  # the page says it elsewhere
        self._show({FACTS_TYPE: content, "text/markdown": text, "text/plain": text}, shown)


def _in_words(name: str) -> str:
    """Write a name of ours as a heading."""
    return name.replace("_", " ").capitalize()


def _filled(template: str, told: Mapping[str, Any]) -> str:
    """Fill a caption, or a fold's summary; what stands in [ ] is left out where a fact is not known, or all are 0."""

    def chosen(found: re.Match[str]) -> str:
        values = [told.get(name) for name in facts_named(found[1])]
        return found[1] if any(values) and None not in values else ""

    return fill(OPTIONAL.sub(chosen, template), told)


def _marked(name: str, text: str) -> str:
    """Say which fact a text is; its characters show as they are, whatever Markdown and HTML would read into them."""
    escaped = "".join(f"&#{ord(character)};" if character in MARKUP else character for character in text)
    return f'<span data-fact="{name}">{escaped}</span>'


def refuse_unknown_names(cells: Sequence[str]) -> None:
    """Refuse a parameter that the notebook does not have, instead of reporting on the default.

    ``cells`` are the code cells that ran; one that begins with ``# Parameters`` sets what was declared before it.
    """
    declared: list[str] = []
    for cell in cells:
        given = re.findall(r"^(\w+)\s*(?::\s*\w+\s*)?=", cell, re.MULTILINE)
        if cell.startswith(SET_PARAMETERS):
            for name in given:
                if name not in declared:
                    raise unknown("parameter", name, declared)
            return
        declared += given
