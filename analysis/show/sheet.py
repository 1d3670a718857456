"""A report's sheet: it keeps the facts, and turns sentences, tables and figures into what a reader sees.

Each method gives back one object that shows itself (IPython's rich display); its bundle also carries what the report's
files are made from: a table's CSV, a figure's name and alternative text, all facts. An executed notebook is therefore
complete: its page and files can be made from it alone.
"""

from __future__ import annotations

import base64
import html
import io
import math
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.errors import unknown
from analysis.show.kinds import FACTS_TYPE, FIGURE_KEY, TABLE_TYPE
from analysis.show.sentences import UNLIMITED, Fact, as_made_up, as_markdown, facts_named, fill
from analysis.show.style import drawing
from analysis.show.table_html import as_html
from analysis.show.tables import as_csv

Bundle = dict[str, Any]
SET_PARAMETERS = "# Parameters"
"""First line of a cell that sets parameters from outside."""


@dataclass(frozen=True)
class Shown:
    """Something that shows itself: data by MIME type, and metadata."""

    data: Bundle
    metadata: Bundle = field(default_factory=dict)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[Bundle, Bundle]:
        return self.data, self.metadata


def as_fact(value: object) -> Fact:
    """Turn a number, date or text into a JSON scalar: NaN, NaT and NA become None, infinity ``"unlimited"``.

    Raises
    ------
    TypeError
        A value that has no such form.
    """
    if isinstance(value, np.ndarray | np.generic) and value.ndim == 0 and value.dtype.kind in "biuf":
        value = value.item()
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float) and value > -math.inf:
        return UNLIMITED if value == math.inf else float(f"{value:.10g}")
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{value!r} cannot stand as a fact")


def refuse_unknown_names(cells: Sequence[str]) -> None:
    """Refuse a parameter that the report does not have, such as a misspelt one, instead of reporting on the default.

    Parameters
    ----------
    cells
        Code cells in the order in which they ran. One that begins with ``# Parameters`` sets values; what may be set
        is declared before it.

    Raises
    ------
    InputError
        A name that no cell before declares.
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


class Sheet:
    """What one report knows and shows.

    Parameters
    ----------
    report
        Name of the notebook.
    parameters
        What was asked, as checked: ISO dates, postal codes, names.
    source
        Name, title and hash of the source.
    synthetic
        Whether the source is made up; the title, the masthead and every figure then say so.
    png
        Whether figures are drawn as PNG too.
    cells
        The code cells run so far (IPython's ``In``), of which one may set parameters (:func:`refuse_unknown_names`).
    """

    def __init__(
        self,
        report: str,
        *,
        parameters: Mapping[str, object],
        source: Mapping[str, object],
        synthetic: bool = False,
        png: bool = False,
        cells: Sequence[str] = (),
    ) -> None:
        refuse_unknown_names(cells)
        self.report = report
        self.parameters = {name: as_fact(value) for name, value in parameters.items()}
        self.source = {name: as_fact(value) for name, value in source.items()}
        self.synthetic = synthetic
        self.png = png
        self.title = report
        self.lines: dict[str, str] = {}
        self.facts: dict[str, Fact] = {}
        self.sentences: list[dict[str, Any]] = []

    def know(self, **facts: object) -> None:
        """Add facts by id.

        Raises
        ------
        ValueError
            An id that already has another value.
        """
        for name, value in facts.items():
            fact = as_fact(value)
            if name in self.facts and self.facts[name] != fact:
                raise ValueError(f"the fact {name!r} is {self.facts[name]!r} and cannot also be {fact!r}")
            self.facts[name] = fact

    def fill(self, template: str) -> str:
        """Fill a template from the facts known so far (:func:`analysis.show.sentences.fill`)."""
        return fill(template, self.facts)

    def masthead(self, title: str, **lines: str) -> Shown:
        """Show the title and what the report is about, line by line (templates over the facts)."""
        rows = {name.replace("_", " ").capitalize(): self.fill(text) for name, text in lines.items()}
        if self.synthetic:
            rows = {"SYNTHETIC": "Made-up data: no figure here describes a real person, place or week.", **rows}
        items = "".join(f"<dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd>" for k, v in rows.items())
        self.title = as_made_up(self.fill(title), self.synthetic)
        heading = html.escape(self.title)
        text = "\n".join([self.title, *(f"{k}: {v}" for k, v in rows.items())])
        kind = "masthead synthetic" if self.synthetic else "masthead"
        self.lines = rows
        return Shown(
            {
                "text/html": f'<div class="{kind}"><p class="headline">{heading}</p><dl>{items}</dl></div>',
                "text/plain": text,
            },
            {FIGURE_KEY: {"masthead": True}},
        )

    def say(self, *templates: str) -> Shown:
        """Show sentences as one paragraph each; empty templates are left out.

        Parameters
        ----------
        templates
            Markdown with ``{fact_id:format}`` fields (:func:`analysis.show.sentences.fill`). Facts are shown as they
            are, whatever their text looks like, each marked with its id.
        """
        said = [template for template in templates if template]
        plain = [self.fill(template) for template in said]
        self.sentences += [
            {"text": text, "template": template, "facts": facts_named(template)}
            for template, text in zip(said, plain, strict=True)
        ]
        shown = "\n\n".join(self._marked(template) for template in said)
        return Shown({"text/markdown": shown, "text/plain": "\n\n".join(plain)})

    def _marked(self, template: str) -> str:
        """Fill a template so that the page says of each figure which fact it is."""
        pieces = []
        for words, name, form, _ in string.Formatter().parse(template):
            pieces.append(words)
            if name:
                written = fill(f"{{{name}:{form}}}", {name: as_markdown(self.facts[name])})
                pieces.append(f'<span data-fact="{name}">{written}</span>')
        return "".join(pieces)

    def table(
        self, frame: pd.DataFrame, name: str, caption: str, folded: str = "", in_file: Sequence[str] = ()
    ) -> Shown:
        """Show a table; its CSV, which a reader without HTML sees, holds the same numbers unrounded.

        Parameters
        ----------
        frame
            Columns named as in :data:`analysis.show.tables.COLUMNS`; the index is not shown.
        name
            File name of the CSV, unique in the report.
        caption
            What one row is and what the columns count (a template over the facts).
        folded
            Summary under which the table is folded away (a template); blank = it is open.
        in_file
            Columns that only the CSV has, since the page has no room for them.
        """
        text = self.fill(caption)
        if self.synthetic:
            text = f"SYNTHETIC data. {text}"
        csv = as_csv(frame)
        return Shown(
            {
                "text/html": _folded(as_html(frame.drop(columns=list(in_file)), name, text), self.fill(folded)),
                "text/plain": csv,
                TABLE_TYPE: {"name": name, "caption": text, "csv": csv},
            }
        )

    def figure(self, figure: Figure, name: str, alt: str) -> Shown:
        """Show a figure as SVG (and PNG where asked), once drawn.

        Parameters
        ----------
        figure
            A figure with its headline and subtitle.
        name
            File name of the figure, unique in the report.
        alt
            Text alternative: kind of chart and data, the finding with numbers, where the table is (a template).
        """
        text = self.fill(alt)
        if self.synthetic:
            _mark_synthetic(figure)
            text = f"SYNTHETIC data. {text}"
        label = str(figure.get_label())
        title = f"SYNTHETIC data. {label}" if self.synthetic and label else label
        data: Bundle = {"text/plain": text}
        with drawing():
            svg = io.StringIO()
            figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
            data["image/svg+xml"] = _without_layout(svg.getvalue())
            if self.png:
                png = io.BytesIO()
                figure.savefig(png, format="png", dpi=150, metadata={"Software": None})
                data["image/png"] = base64.b64encode(png.getvalue()).decode("ascii")
        return Shown(data, {FIGURE_KEY: {"figure": name, "alt": text, "title": title}})

    def close(self) -> Shown:
        """Show how many facts the report rests on, and carry them all; the last cell of every report."""
        content = {
            "report": self.report,
            "title": self.title,
            "masthead": [[name, text] for name, text in self.lines.items()],  # a kernel sorts the names of a mapping
            "synthetic": self.synthetic,
            "parameters": self.parameters,
            "source": self.source,
            "facts": self.facts,
            "sentences": self.sentences,
        }
        text = f"{len(self.facts)} facts stand in facts.json; every number in the sentences above is one of them."
        return Shown({FACTS_TYPE: content, "text/markdown": text, "text/plain": text})


def _folded(table: str, summary: str) -> str:
    """Fold a table away under its summary, if there is one."""
    if not summary:
        return table
    return f'<details class="fold"><summary>{html.escape(summary)}</summary>\n{table}\n</details>'


def _without_layout(svg: str) -> str:
    """Take out of a drawing the comments and line breaks that nobody sees; a notebook keeps each line as an item."""
    return " ".join(re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL).split()).replace("> <", "><") + "\n"


def _mark_synthetic(figure: Figure) -> None:
    """Say SYNTHETIC in the margin above a figure's headline."""
    width, height = figure.get_size_inches()
    with drawing():
        figure.text(
            1 - 0.1 / width,
            1 - 0.04 / height,
            "SYNTHETIC DATA",
            ha="right",
            va="top",
            fontsize=8,
            weight="bold",
            color="#B00000",
        )
