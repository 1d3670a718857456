"""Which reports are asked for, what each is made from, and which of them are not up to date."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from analysis.errors import InputError
from analysis.load.reference import bundled_folder
from analysis.load.sources import SCORECARD_FILE, Source, data_folder, open_source, versions
from analysis.periods import Calendar, last_day, parse_week
from analysis.run import keys
from analysis.run.manifest import Action, Entry, Outputs, read_manifest, why
from analysis.run.parameters import UNTIL_THIS, Notebook, check_parameters, notebooks, sources_for
from analysis.run.slices import UNDATED, check_events, slices_of, slices_of_versions
from analysis.run.tasks import Task

EVENTS, SNAPSHOTS = "events.csv", "analysis.stats.revisions"


def plan(
    chosen: Sequence[Notebook],
    *,
    source_names: Sequence[str] = (),
    weeks: str | None = None,
    states: Sequence[str] = (),
    offences: Sequence[str] = (),
    png: bool = False,
    all_of_them: bool = False,
) -> list[Task]:
    """Work out which reports are asked for; every source is read and checked first, so that nothing runs on bad input.

    Parameters
    ----------
    chosen
        The notebooks.
    source_names
        Sources to keep; none = all that fit each notebook.
    weeks
        ``FIRST:LAST``, a Saturday, ``latest``, ``latest settled`` or ``all``; None = those that the notebook names,
        mostly all. A notebook without weeks is left out where weeks are named.
    states, offences
        States and offence groups for the notebooks that take one; none = the notebook's default. A notebook that takes
        none is left out where some are named.
    png
        Whether figures are drawn as PNG too.
    all_of_them
        Whether a notebook of which there is nothing to make is an error.

    Raises
    ------
    InputError
        A parameter or source that cannot be used, or nothing to make.
    """
    tasks: list[Task] = []
    refusals: list[InputError] = []
    misfits: list[InputError] = []
    nothing = InputError("nothing to make: no notebook, source and week fit what was asked", do="See `declines list`")
    for notebook in chosen:
        made, refused, unfit = _tasks_of(notebook, source_names, weeks, states, offences, png)
        if all_of_them and not made:
            raise [*refused, *unfit, nothing][0]
        tasks += made
        refusals += refused
        misfits += unfit
    if not tasks:
        raise [*refusals, nothing][0] if refusals or len(chosen) > 1 else [*misfits, nothing][0]
    return tasks


def _tasks_of(
    notebook: Notebook,
    source_names: Sequence[str],
    weeks: str | None,
    states: Sequence[str],
    offences: Sequence[str],
    png: bool,
) -> tuple[list[Task], list[InputError], list[InputError]]:
    """Give the reports of one notebook; what was refused of a source that fits it; and what does not fit it."""
    names = notebook.parameter_names()
    asked_for = (("state", states), ("offence", offences), ("week", weeks))
    if strange := [name for name, given in asked_for if given and name not in names]:
        takers = [one.name for one in notebooks().values() if strange[0] in one.parameter_names()]
        return [], [], [InputError(f"{notebook.name} takes no {strange[0]}", do=f"Those that do: {', '.join(takers)}")]
    fitting = sources_for(notebook)
    tasks: list[Task] = []
    refusals: list[InputError] = []
    for name, source in fitting.items():
        if source_names and name not in source_names:
            continue
        made_from = _MadeFrom(notebook, source)
        try:
            asked = _asked(names, source, weeks or notebook.weeks, states, offences, png)
            tasks += [made_from.task(check_parameters(notebook, one, source)) for one in asked]
        except InputError as refusal:
            refusals.append(refusal)
    return tasks, refusals, [_why_not(notebook, name) for name in source_names if name not in fitting]


def _why_not(notebook: Notebook, source_name: str) -> InputError:
    """Say why a source does not fit a notebook."""
    try:
        open_source(source_name, clock=notebook.clock, needs=notebook.needs)
    except InputError as refusal:
        return refusal
    why = f"is about {notebook.only} alone" if notebook.only else "needs two versions of a source"
    return InputError(f"{notebook.name} {why}", found=source_name, do="See `declines list`")


def _asked(
    names: Sequence[str], source: Source, weeks: str, states: Sequence[str], offences: Sequence[str], png: bool
) -> Iterator[dict[str, object]]:
    """Go through the parameter sets that a notebook is asked for on one source: every week, every place named."""
    same: dict[str, object] = {"source": source.facts.name} if "source" in names else {}
    if png and "png" in names:
        same["png"] = True
    dates = Calendar.of(source.facts).pick_many(weeks) if "week" in names else [None]
    for week, state, offence in product(dates, states or (None,), offences or (None,)):
        yield {
            **same,
            **({"week": week.isoformat()} if week else {}),
            **({"state": state} if state else {}),
            **({"offence": offence} if offence else {}),
        }


class _MadeFrom:
    """What all reports of a notebook on one source are made from; the source is read and checked the first time."""

    def __init__(self, notebook: Notebook, source: Source) -> None:
        cells = keys.cells_of(notebook.path)
        modules = keys.modules_of(keys.code_of(cells))
        tables = keys.reference_files(modules)
        register = [path for path in tables if path.name.startswith(EVENTS)]
        check_events(register)
        own = slices_of(source)
        many = SNAPSHOTS in modules and source.facts.clock == "issued"
        self.notebook, self.source = notebook, source
        self.slices = (slices_of_versions(source.facts.name) if many else []) or [own]
        self.calendar = Calendar.of(source.facts)
        self.may_open = sorted(map(_in_its_folder, {*tables, *_files_of(source, with_versions=many)}))
        self.same: dict[str, Any] = {
            "notebook": notebook.name,
            "source": source.facts.name,
            "source_sha256": source.sha256,
            "notebook_sha256": keys.code_sha256(cells),
            "package_sha256": keys.modules_sha256(modules),
            "reference_sha256": keys.files_sha256(set(tables) - set(register)),
            "events_sha256": keys.files_sha256(register),
            "versions": keys.versions(),
            "page_sha256": keys.sha256_of_text(keys.text_sha256(cells) + keys.page_sha256()),
            "outcome": "failed",
        }

    def task(self, parameters: dict[str, Any]) -> Task:
        """Give the report with these parameters."""
        about = [parameters[name] for name in ("week", "state", "offence") if parameters.get(name, "all") != "all"]
        last = "_".join(about)
        until = parse_week(parameters["week"]) if self.notebook.reads == UNTIL_THIS else None
        entry = Entry(
            folder="/".join(part for part in (self.notebook.name, self.source.facts.name, last) if part),
            parameters=parameters,
            rows_sha256=self._rows(until),
            calendar_sha256=self._calendar(until),
            **self.same,
        )
        may_read = {"files": self.may_open, "last": last_day(until).isoformat() if until else None}
        return Task(self.notebook.path, entry, may_read)

    def _rows(self, until: date | None) -> str:
        """Hash the rows of the weeks that are read; versions in which they are the same count once."""
        read = {
            json.dumps([(week, of_week) for week, of_week in sorted(version.items()) if _is_read(week, until)])
            for version in self.slices
        }
        return keys.sha256_of_text("\n".join(sorted(read)))

    def _calendar(self, until: date | None) -> str:
        """Hash what a report knows of its source beside the rows.

        A report that reads no later weeks than its own follows from the state of those, not from the day of extraction:
        a file with the same rows makes no other report.
        """
        facts = self.source.facts
        if until is None:
            return keys.sha256_of_text(facts.model_dump_json() + (self.source.origin.notes or "") + self.source.sha256)
        weeks = [week for week in self.calendar.weeks() if week <= until]
        status = [(week.isoformat(), self.calendar.status(week), self.calendar.days_covered(week)) for week in weeks]
        extracted = facts.extracted_on.isoformat() if facts.lift_dates else ""  # how long each detainer was followed
        told = [
            facts.title,
            facts.citation,
            self.source.origin.notes,
            facts.extracted_known,
            facts.synthetic,
            facts.offences,
            extracted,
            status,
        ]
        return keys.sha256_of_text(json.dumps(told))


def _is_read(week: str, until: date | None) -> bool:
    """Say whether a report reads the rows of a week; those without a day of issue are in none."""
    return until is None or (week != UNDATED and week <= until.isoformat())


def _files_of(source: Source, *, with_versions: bool) -> list[Path]:
    """List the files in which a source stands."""
    if source.facts.clock == "recorded":
        return [path for path in source.path.parent.iterdir() if path.is_file()]
    others = [version.path for version in versions(source.facts.name)] if with_versions else []
    return [source.path, *others, *(path.with_name(SCORECARD_FILE) for path in (source.path, *others))]


def _in_its_folder(path: Path) -> str:
    """Give the path of a file in the data folder, bundled or the user's, in which it stands."""
    folders = (bundled_folder("data"), data_folder())
    return next(path.relative_to(folder).as_posix() for folder in folders if path.is_relative_to(folder))


class Due(NamedTuple):
    """What there is to do for a report, and why: ``current`` (nothing), ``page`` or ``run``."""

    action: Action
    reason: str
    task: Task


def what_is_due(tasks: Sequence[Task], out: Path, *, force: bool = False) -> list[Due]:
    """Find which reports are not up to date.

    Parameters
    ----------
    tasks
        From :func:`plan`.
    out
        The folder of all reports.
    force
        Make reports that are up to date too.

    Raises
    ------
    InputError
        The folder would hold both treatments of repeats of one source.
    """
    manifest, outputs = read_manifest(out), Outputs(out)
    _check_repeats([*(entry for entry in manifest.values() if entry.files), *(task.entry for task in tasks)], out)
    due = []
    for task in tasks:
        action, reason = why(manifest.get(task.entry.folder), task.entry, outputs)
        due.append(Due("run", "asked for", task) if force and action != "run" else Due(action, reason, task))
    outputs.keep()
    return due


def _check_repeats(entries: Sequence[Entry], out: Path) -> None:
    """Stop where reports of one source treat repeats both ways: the difference of two counts may be a single person."""
    found: dict[str, dict[str, str]] = {}
    for entry in entries:
        if "repeats" in entry.parameters:
            found.setdefault(entry.source, {}).setdefault(entry.parameters["repeats"], entry.folder)
    for source, ways in found.items():
        if len(ways) > 1:
            raise InputError(
                f"reports on {source} that leave repeats out and that count them would tell small counts together",
                file=out,
                found=", ".join(f"{folder} with repeats {way}" for way, folder in ways.items()),
                expected="one treatment of repeats of a source in a folder",
                do="Give another folder with --out",
            )
