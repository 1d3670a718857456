"""A form over a source: what is chosen changes the sentences, the table and the figure at once, and becomes code."""

from __future__ import annotations

import asyncio
import base64
import gc
import html
import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import suppress
from functools import cached_property
from itertools import chain
from threading import Thread
from typing import Any, NamedTuple

import ipywidgets as ui
import pandas as pd

from analysis.errors import InputError, unknown
from analysis.load.sources import VERSIONS_VARIABLE, open_source, sources
from analysis.show import plot, sentences
from analysis.show.report import OF_NOBODY, Report, Shown
from analysis.show.sentences import MADE_UP, Sentence, as_made_up, said
from analysis.show.style import Figure, as_image, svg_of
from analysis.show.tables import as_csv
from analysis.stats.counts import ALL, OUTCOME_COLUMNS
from analysis.stats.period_profile import AS_LONG
from analysis.stats.summary import MEASURES, group_name, state_name
from analysis.stats.view import SHOWS, Memory, View

DRAWN = {"map": "state_map", "series": "weekly_counts", "cross": "cross_table"}
TABLES = {"status": "by_offence_status", "form": "by_form", "outcome": "outcome_by_state", "cross": "state_by_offence"}
OF_PERIOD = {"series": "weekly_counts", "groups": "period_by_offence"}
LABELS = {"source": "Source", "show": "View", "period": "Period", "compare": "Compared with"}
LABELS |= {"offence": "Offence group", "status": "Offence status", "request": "Request", "outcome": "Outcome"}
MANY = 20  # rows from which a table is folded
IDLE = 0.5  # seconds without a choice from which on what takes longest is worked out ahead
BOLD = re.compile(r"\*\*(.+?)\*\*")
DECLINES = [sys.executable, "-P", "-c", "from analysis.cli import main; main()", "run"]
PAGE, FORM = "report.html", "declines-form"
# Letters typed into the form choose there; JupyterLab would take them as its own: "a" and "b" insert cells.
OWN_KEYS = f"""document.addEventListener("focusin", ({{target}}) =>
  target.closest?.(".{FORM}") && target.setAttribute("data-lm-suppress-shortcuts", "true"))"""
LOOK = """<style>
.declines-view:has(> .widget-html-content:empty) { display: none }
.declines-view, .declines-view.widget-html > div { line-height: 1.4 }
.declines-view p { margin: 0 0 .4em; max-width: 60em }
.declines-view .first { font-size: 1.2em; font-weight: 600; margin-top: .6em }
.declines-view .made-up { color: #b00000; font-weight: 700; background: #fff; padding: 0 .3em; display: table }
.declines-view img { max-width: 100%; height: auto; background: #fff }
.declines-view .wide { overflow-x: auto }
.declines-view table { border-collapse: collapse; font-size: .92em }
.declines-view caption { caption-side: bottom; text-align: left; padding: .4em 0; max-width: 65em }
.declines-view :is(th, td) { text-align: left; padding: .2em .7em; vertical-align: bottom }
.declines-view tr { border-bottom: 1px solid #8886 }
.declines-view tbody :is(th, td) { white-space: nowrap; font-weight: 400 }
.declines-view :is(th, td).number, .declines-view td:not([class]) { text-align: right }
.declines-view .bar { display: block; height: .8em; background: #d55e00 }
.declines-view td.drawn { min-width: 6em }
.declines-view .blocks { display: none }
.declines-view a.button { display: inline-block; padding: .3em .8em; background: #8883; color: inherit }
</style>"""


class Static(NamedTuple):
    """What is seen of a view, as HTML that needs no kernel."""

    page: str
    text: str

    def _repr_html_(self) -> str:
        return f'{LOOK}<div class="declines-view">{self.page}</div>'

    def __repr__(self) -> str:
        return self.text


class Sheet(Report):
    """A report that keeps what it shows."""

    def _show(self, data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        self.shown.append(Shown(data, metadata or {}))


class Seen:
    """A view as it is seen: its frame, what is said of it, its table as HTML and its figure, if it has one."""

    def __init__(self, view: View, memory: Memory) -> None:
        self.view, self.week = view, view.week(memory)
        self.frame, profiles = view.made(memory)
        facts = view.facts(memory, self.frame)
        told = [sentences.of_period(profile) for profile in profiles]
        for own, of in zip(told, (profile.facts for profile in profiles), strict=True):
            if of.get("finding_1_place") == of["place"] and not of.get("finding_1_between"):
                del own[2]  # says what the title and the counts say
            if len(told) > 1:
                del own[1]
            one_sided = of["finding"] == "no clear change" and not of["low"] <= 1 <= of["high"]
            own += said("by itself", {**of, "one_sided": one_sided})
        self.said = [*chain(*told), *said("view", facts)]
        self.titles = [own[0] for own in told] or self.said[:1]
        if (reason := self.frame.attrs.get("reason")) and not view.refused:
            self.said.append(Sentence("{reason}", {"reason": reason[0].upper() + reason[1:]}))
        self.synthetic = memory.source.facts.synthetic
        self.source_title = as_made_up(memory.source.facts.title, self.synthetic)
        self.sheet = Sheet("explore", memory.source, parameters={"week": self.week})
        self.sheet.know(**(profiles[0].facts if profiles else facts))

    @cached_property
    def sentences(self) -> Static:
        """Give the sentences, the finding first; of made-up data that is said before."""
        texts = [(BOLD.sub(r"<b>\1</b>", html.escape(one.marked)), one in self.titles) for one in self.said]
        marked = f'<p class="made-up">{MADE_UP}: {OF_NOBODY}</p>' if self.synthetic else ""
        page = "".join(f'<p class="{"first" if title else ""}">{text}</p>' for text, title in texts)
        return Static(marked + page, "\n".join([MADE_UP] * self.synthetic + [str(one) for one in self.said]))

    @cached_property
    def table(self) -> Static:
        """Give the table, as reports show it."""
        view, frame = self.view, self.frame
        if frame.empty:
            return Static("", "")
        usual = "period_figures" if "measure" in frame else "period_by_state"
        name = TABLES.get(view.cut) or OF_PERIOD.get(view.show, usual)
        if view.cut == "outcome":
            frame = frame[["state_name", f"{view.outcome}_shown", "issued"]].reset_index(drop=True)
            frame.attrs.pop("recent", None)  # is of what is recorded as declined
        self.sheet.table(frame[::-1] if name == OF_PERIOD["series"] else frame, name, rows=MANY)
        data = self.sheet.shown[-1].data
        return Static(f'<div class="wide">{data["text/html"]}</div>', data["text/plain"])

    @property
    def drawing(self) -> str:
        """Name the function of ``an.plot`` that draws it; blank = none does."""
        name = DRAWN.get("cross" if self.view.cut == "cross" else self.view.show, "")
        return name if self.view.cut in ("period", "cross") and not self.frame.empty else ""

    @cached_property
    def figure(self) -> Figure | None:
        """Give the figure, signed with its source; None where the table alone shows it."""
        if not self.drawing:
            return None
        figure: Figure = getattr(plot, self.drawing)(self.frame)
        figure.sign(source_title=self.source_title)
        return figure

    @cached_property
    def picture(self) -> Static:
        """Give the figure as a picture with its alternative text."""
        figure = self.figure
        return Static(as_image(svg_of(figure), figure.alt), figure.alt) if figure else Static("", "")

    @property
    def code(self) -> str:
        """Give the lines that make this view in a cell of one's own; none of what is refused."""
        if self.view.refused:
            return ""
        lines = ["import analysis as an", "", *self.view.lines(self.week)]
        if self.view.cut == "period":
            of = "(one for profile in profiles for one in {}(profile))" if len(self.view.states) > 1 else "{}(profile)"
            lines.append(f'print(*{of.format("an.sentences.of_period")}, sep="\\n")')
        return "\n".join([*lines, f"an.plot.{self.drawing}(frame)" if self.drawing else "frame"])

    def command(self, memory: Memory, out: str) -> list[str]:
        """Give what follows ``declines run`` for the report that shows this."""
        view, source = self.view, ["--source", self.view.source]
        if view.of_week:
            return ["weekly_bulletin", *source, "--weeks", self.week, "--out", out]
        asked = [["--period", memory.calendar.name_period(view.period)]]
        asked += [["--compare", memory.calendar.name_period(view.compare)]] * (view.compare != AS_LONG)
        asked += [["--state", state] for state in view.states]
        asked += [["--offence", view.offence]] * (view.offence != ALL and not view.states)
        return ["period_profile", *source, *(word for words in asked for word in words), "--out", out]


class Explorer(ui.VBox):
    """The form. ``seen`` is what it shows now, ``frame`` its table; ``static`` shows the same without a kernel."""

    def __init__(self, memory: Memory, chosen: dict[str, Any], out: str) -> None:
        style, wrap = {"description_width": "8em"}, ui.Layout(flex_flow="row wrap", grid_gap="0 .4em")
        look: dict[str, Any] = {"layout": ui.Layout(width="auto"), "style": style}
        self.out, self.filling, self.saving = out, False, False
        self.waiting: asyncio.TimerHandle | None = None
        self.controls: dict[str, Any] = {name: ui.Dropdown(description=label, **look) for name, label in LABELS.items()}
        pages = [ui.HTML().add_class("declines-view") for _ in range(6)]
        self.told, self.picture, self.table, self.note, self.file, self.progress = pages
        buttons = ("Copy as code", "Save as report", "Read the newer version")
        own_width = (ui.Button(description=one, layout=ui.Layout(width="max-content")) for one in buttons)
        self.copy, self.save, self.newer = own_width
        self.code = ui.Textarea(description="Code", rows=8, layout=ui.Layout(width="auto", display="none"))
        self.script, self.links = ui.Output(outputs=_output("application/javascript", OWN_KEYS)), ui.Output()
        columns = {"grid_template_columns": "repeat(auto-fill, minmax(22em, 1fr))", "align_content": "flex-start"}
        one_of_each = ui.GridBox([*self.controls.values()], layout=ui.Layout(flex="4 1 38em", **columns))
        places = ui.SelectMultiple(description="Place", rows=8, style=style, layout=ui.Layout(flex="1 1 20em"))
        self.controls["states"] = places
        form = ui.HBox([one_of_each, places], layout=wrap)
        taken = ui.HBox([self.copy, self.save, self.file], layout=wrap)
        self.table.layout = ui.Layout(flex="1 1 46em", min_width="0")
        seen = ui.HBox([self.picture, self.table], layout=wrap)
        kept = [self.code, self.script, self.progress, self.links]
        super().__init__([ui.HTML(LOOK), form, taken, *kept, self.note, self.newer, self.told, seen])
        self.add_class(FORM)
        self._fill(memory, chosen)
        for control in self.controls.values():
            control.observe(self._changed, "value")
        self.newer.on_click(lambda _: self._open(self.memory.source.facts.name))
        self.copy.on_click(self._copied)
        self.save.on_click(self._saved)

    @property
    def frame(self) -> pd.DataFrame:
        """Give the frame of what is shown."""
        return self.seen.frame

    @property
    def static(self) -> Static:
        """Give what is shown as HTML that needs neither widgets nor a kernel."""
        parts = [self.seen.sentences, self.seen.picture, self.seen.table]
        return Static("".join(part.page for part in parts), "\n\n".join(part.text for part in parts))

    def _fill(self, memory: Memory, chosen: dict[str, Any]) -> None:
        """Offer what a source has; what is chosen must be there."""
        view, self.filling, self.memory = View.of(memory, **chosen), True, memory
        periods = [(name.removeprefix("the "), given) for name, given in memory.periods.items()]
        known = {AS_LONG, *memory.periods.values()}
        periods += [(given, given) for given in dict.fromkeys([view.period, view.compare]) if given not in known]
        options: dict[str, Any] = {"source": [*explorable()], "period": periods}
        options |= {"compare": [("as many weeks before", AS_LONG), *periods]}
        options |= {"status": [ALL, *memory.there("offence_status")], "request": [ALL, *memory.there("request")]}
        options["show"] = [(label, name) for name, label in SHOWS.items()]
        groups = memory.there("offence_group") if memory.source.facts.offences else []
        options["offence"] = [("all", ALL), *((group_name(one), one) for one in groups)]
        options["outcome"] = [(MEASURES[one], one) for one in OUTCOME_COLUMNS]
        places = dict.fromkeys([*view.states, *memory.there("state")])  # a list does not scroll to what is chosen
        options["states"] = [("All states", ALL), *((f"{state_name(one)} ({one})", one) for one in places)]
        for name, control in self.controls.items():
            control.options = options[name]
            control.value = (view.states or (ALL,)) if name == "states" else getattr(view, name)
        self.filling, self.ahead = False, memory.look_ahead()
        self._changed()

    def _open(self, name: str) -> None:
        """Read a source, as it is now, and show its default view; if that fails, what was read before stays."""
        self.note.value = _paragraph(f"Reading {name} …")
        try:
            self._fill(Memory(open_source(name)), {"show": self.controls["show"].value})
        except InputError as error:
            self._offer_sources()
            self.note.value = _paragraph(str(error))

    def _offer_sources(self) -> None:
        """Offer the sources that are there now; where what was read is not, none is chosen."""
        control, name, self.filling = self.controls["source"], self.memory.source.facts.name, True
        if (there := (*explorable(),)) != control.options:
            control.options = there
        control.value = name if name in there else None
        self.filling = False

    def _changed(self, _change: object = None) -> None:
        """Show what is chosen now; garbage is collected afterwards, for all of it takes as long as a view."""
        if self.filling:
            return
        gc.disable()
        try:
            self._follow({name: control.value for name, control in self.controls.items()})
        finally:
            gc.enable()
        self._rest()

    def _rest(self) -> None:
        """Wait; while nothing is chosen, work out what takes longest, a step at a time."""
        if self.waiting:
            self.waiting.cancel()
        with suppress(RuntimeError):  # no kernel waits
            self.waiting = asyncio.get_running_loop().call_later(IDLE, self._work_ahead)

    def _work_ahead(self) -> None:
        if next(self.ahead, None) is not None:
            self._rest()

    def _follow(self, given: dict[str, Any]) -> None:
        """Show what is chosen, the sentences first; of what cannot be shown, only why."""
        if not self.saving:  # what is said of a report was of the view before
            self.progress.value, self.links.outputs = "", ()
        if (name := given.pop("source")) not in (self.memory.source.facts.name, None):
            self._open(name)
            return
        self._offer_sources()
        given["states"] = [one for one in given["states"] if one != ALL]
        try:
            self.seen = Seen(View.of(self.memory, **given), self.memory)
        except InputError as error:
            self._show(_paragraph(str(error)))
            self.table.value = self.picture.value = ""
            return
        seen, csv = self.seen, base64.b64encode(as_csv(self.frame.reset_index()).encode()).decode()
        name = html.escape(f"{seen.view.source}_{seen.view.show}.csv")
        link = f'<a class="button" download="{name}" href="data:text/csv;base64,{csv}">Download CSV</a>'
        self._show(seen.sentences.page, seen.code, "" if self.frame.empty else link)
        self.table.value, self.picture.value = seen.table.page, seen.picture.page
        changed = self.memory.changed
        self.note.value, self.newer.layout.display = _paragraph(changed), "" if "Version" in changed else "none"

    def _show(self, told: str, code: str = "", file: str = "") -> None:
        """Show sentences, and what can be done with them."""
        self.told.value, self.code.value, self.file.value = told, code, file
        self.copy.disabled, self.save.disabled = not code, not code or self.saving

    def _copied(self, _button: ui.Button) -> None:
        """Put the code on the clipboard, where a browser lets a page do so; it stands in the text area anyhow."""
        self.code.layout.display = ""
        script = f"navigator.clipboard?.writeText({json.dumps(self.code.value)})"
        self.script.outputs = _output("application/javascript", script)

    def _saved(self, _button: ui.Button) -> None:
        """Make the report in a process of its own, which a thread watches."""
        self.links.outputs = ()
        if not self.memory.source.path.is_file():
            self.progress.value = _paragraph(f"{self.memory.changed} No report can be made of it.")
            self._offer_sources()
            return
        command = self.seen.command(self.memory, self.out)
        self.save.disabled = self.saving = True
        self.progress.value = _paragraph("$ " + shlex.join(["declines", "run", *command]))
        Thread(target=self._watch, args=(command, self.progress.value), name="declines run", daemon=True).start()

    def _watch(self, command: list[str], told: str) -> None:
        """Say how far a run is, and lead to what it made: of the version of the source that is seen."""
        source, declines = self.memory.read, [*DECLINES, *command]
        pinned = {VERSIONS_VARIABLE: json.dumps({source.facts.name: source.version_id})}
        how: dict[str, Any] = {"env": {**os.environ, **pinned}, "stdout": subprocess.PIPE, "encoding": "utf-8"}
        with subprocess.Popen(declines, stderr=subprocess.STDOUT, **how) as process:
            for line in process.stdout or ():
                told += _paragraph(line)
                self.progress.value = told
        links = ""
        if not process.returncode:
            planned = subprocess.run([*declines, "--dry-run", "--json"], check=True, **how).stdout
            for report in json.loads(planned)["reports"]:
                page = html.escape(f"{self.out}/{report['report']}/{PAGE}")
                links += f'<p><a href="{page}">{page}</a></p>'
        self.links.outputs = _output("text/html", links)
        self.saving, self.save.disabled = False, not self.code.value


def _output(kind: str, data: str) -> tuple[dict[str, Any], ...]:
    return ({"output_type": "display_data", "data": {kind: data, "text/plain": ""}, "metadata": {}},)


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>" if text else ""


def explorable() -> dict[str, Any]:
    """List the sources that can be explored, by name: those with weeks by day issued and ends; made-up ones last."""
    found = {name: one for name, one in sources().items() if one.facts.clock == "issued" and one.facts.outcomes}
    return dict(sorted(found.items(), key=lambda item: item[1].facts.synthetic))


def explore(source: str | None = None, *, out: str = "reports", **chosen: Any) -> Explorer:  # noqa: ANN401
    """Open a form over a source, whose sentences, table and figure change at once with what is chosen.

    Parameters
    ----------
    source
        Name of a source with weeks by day issued; None = the first that there is.
    out
        Folder for what *Save as report* makes.
    chosen
        What is chosen at first, of ``period``, ``compare``, ``states`` (a list), ``offence``, ``status``, ``request``,
        ``outcome`` and ``show``, as of :class:`analysis.stats.view.View`.

    Returns
    -------
    Explorer
        The form, which shows as the last line of a cell; ``frame`` is its table, ``static`` what it shows as HTML.

    Raises
    ------
    InputError
        What is chosen is not there; the message says what is.

    Examples
    --------
    >>> import analysis as an
    >>> form = an.explore("fy2015", period="2015-03", compare="2015-01", states=["CO", "NY"], show="table")
    >>> form.frame[["declined_before", "issued_before", "declined", "issued"]].values.tolist()
    [[44, 149, 19, 138], [20, 235, 5, 197]]
    """
    opened = open_source(source or next(iter(explorable())), clock="issued", needs=("outcomes",))
    if strange := [name for name in chosen if name not in View.__dataclass_fields__ or name == "source"]:
        raise unknown("choice", strange[0], [name for name in View.__dataclass_fields__ if name != "source"])
    return Explorer(Memory(opened), chosen, out)
