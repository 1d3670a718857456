"""Reports by the batch: plan them, run those that are not up to date, keep what fails from stopping the rest."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import statistics
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.errors import InputError
from analysis.load.files import bundled_folder
from analysis.load.sources import Source, open_source
from analysis.load.store import SCORECARD_FILE, data_folder, versions_of
from analysis.run import keys
from analysis.run.manifest import Action, Entry, Outputs, read_manifest, why, write_manifest
from analysis.run.parameters import UNTIL_THIS, Notebook, check_parameters, sources_for
from analysis.run.slices import UNDATED, slices_of, slices_of_versions
from analysis.run.tasks import Limits, Task
from analysis.stats.weeks import Calendar, last_day, parse_week

if TYPE_CHECKING:
    from concurrent.futures import Future

EVENTS, SNAPSHOTS = "events.csv", "analysis.load.snapshots"
SAVE_EVERY = 5.0
"""Seconds after which the manifest is written again while reports are made."""


def plan(
    chosen: Sequence[Notebook],
    *,
    source_names: Sequence[str] = (),
    weeks: str | None = None,
    states: Sequence[str] = (),
    offences: Sequence[str] = (),
    png: bool = False,
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

    Raises
    ------
    InputError
        A parameter or source that cannot be used, or nothing to make.
    """
    tasks: list[Task] = []
    refusals: list[InputError] = []
    misfits: list[InputError] = []
    for notebook in chosen:
        names = notebook.parameter_names()
        asked_for = (("state", states), ("offence", offences), ("week", weeks))
        if strange := [name for name, given in asked_for if given and name not in names]:
            misfits.append(InputError(f"{notebook.name} takes no {strange[0]}", do="See `declines list`"))
            continue
        fitting = sources_for(notebook)
        misfits += [_why_not(notebook, name) for name in source_names if name not in fitting]
        for name, source in fitting.items():
            if source_names and name not in source_names:
                continue
            made_from = _MadeFrom(notebook, source)
            try:
                asked = _asked(names, source, weeks or notebook.weeks, states, offences, png)
                tasks += [made_from.task(check_parameters(notebook, one, source)) for one in asked]
            except InputError as refusal:
                refusals.append(refusal)
    if not tasks and (refusals or len(chosen) == 1):
        raise [*refusals, *misfits][0]
    if not tasks:
        raise InputError("nothing to make: no notebook, source and week fit what was asked", do="See `declines list`")
    return tasks


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
            return keys.sha256_of_text(facts.model_dump_json() + self.source.sha256)
        weeks = [week for week in self.calendar.weeks() if week <= until]
        status = [(week.isoformat(), self.calendar.status(week), self.calendar.days_covered(week)) for week in weeks]
        extracted = facts.extracted_on.isoformat() if facts.lift_dates else ""  # how long each detainer was followed
        told = [facts.title, facts.synthetic, facts.offences, extracted, status]
        return keys.sha256_of_text(json.dumps(told))


def _is_read(week: str, until: date | None) -> bool:
    """Say whether a report reads the rows of a week; those without a day of issue are in none."""
    return until is None or (week != UNDATED and week <= until.isoformat())


def _files_of(source: Source, *, with_versions: bool) -> list[Path]:
    """List the files in which a source stands."""
    if source.facts.clock == "recorded":
        return [path for path in source.path.parent.iterdir() if path.is_file()]
    others = [version.path for version in versions_of(source.facts.name)] if with_versions else []
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
    """
    manifest, outputs = read_manifest(out), Outputs(out)
    due = []
    for task in tasks:
        action, reason = why(manifest.get(task.entry.folder), task.entry, outputs)
        due.append(Due("run", "asked for", task) if force and action != "run" else Due(action, reason, task))
    outputs.keep()
    return due


def run(
    tasks: Sequence[Task],
    out: Path,
    *,
    jobs: int,
    force: bool = False,
    limits: Limits | None = None,
    cluster: str | None = None,
    report: Callable[[str, Entry], None] = lambda state, entry: None,
) -> dict[str, Entry]:
    """Make the reports that are not up to date, some at a time, those first that took longest before.

    Parameters
    ----------
    tasks
        From :func:`plan`.
    out
        The folder of all reports; reports of earlier runs stay in it.
    jobs
        How many at a time.
    force
        Make reports that are up to date too.
    limits
        What each may take.
    cluster
        Address of a Dask cluster, or ``local``; None = processes of this machine.
    report
        Called with ``current``, ``made``, ``page`` or ``failed`` and the entry, as each is done.

    Returns
    -------
    dict
        The entries of these reports, by folder. After Ctrl-C those that were done stand in the manifest.
    """
    _make_ready(out)
    manifest = read_manifest(out)
    results: dict[str, Entry] = {}
    done: dict[str, Entry] = {}
    due = what_is_due(tasks, out, force=force)
    for action, _, task in due:
        if action == "current":
            results[task.entry.folder] = manifest[task.entry.folder]
            report("current", manifest[task.entry.folder])
    ahead = _longest_first([one for one in due if one.action != "current"], manifest)
    saved = time.monotonic()
    try:
        with closing(_make_all(ahead, out, manifest, jobs, limits or Limits(), cluster)) as made:
            for entry in made:
                if entry.outcome == "failed" and (earlier := manifest.get(entry.folder)):
                    entry = replace(entry, files=earlier.files)  # what an earlier run made still stands
                done[entry.folder] = entry
                if time.monotonic() - saved > SAVE_EVERY:
                    write_manifest(out, read_manifest(out) | done)  # another run may have written there
                    saved = time.monotonic()
                report(entry.outcome, entry)
    finally:
        if ahead:
            write_manifest(out, read_manifest(out) | done)
    return results | done


def _make_ready(out: Path) -> None:
    """Make the folder of all reports, and see that files can be written there.

    Raises
    ------
    InputError
        They cannot.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise InputError(
            f"the folder of reports cannot be written: {error.strerror}", file=out, do="Give another with --out"
        ) from error


def _longest_first(due: Sequence[Due], manifest: Mapping[str, Entry]) -> list[Due]:
    """Order reports by how long they took, or those of the same notebook did; what was never made comes first."""
    of_notebook: dict[str, list[float]] = {}
    for entry in manifest.values():
        of_notebook.setdefault(entry.notebook, []).append(entry.seconds)

    def seconds(one: Due) -> float:
        if earlier := manifest.get(one.task.entry.folder):
            return earlier.seconds
        return statistics.median(of_notebook.get(one.task.entry.notebook, [float("inf")]))

    return sorted(due, key=seconds, reverse=True)


Makes = Generator[Entry, None, list[Due]]
"""Gives each entry as it is made, and at the end what was lost with a worker."""


def _make_all(
    due: Sequence[Due], out: Path, manifest: Mapping[str, Entry], jobs: int, limits: Limits, cluster: str | None
) -> Generator[Entry]:
    """Make reports in worker processes; give each entry as it is done.

    When a worker dies, the reports that were under way are made once more, each alone, so that one which kills its
    worker takes no other with it.
    """
    if not due:
        return
    if cluster is not None:
        from analysis.run.cluster import make_on_cluster

        yield from make_on_cluster([one.task for one in due], out, limits, cluster, jobs)
        return
    with _shared_parent():
        ahead = deque(due)
        lost: list[Due] = []
        while ahead:
            lost += yield from _in_pool(ahead, out, manifest, limits, min(jobs, len(ahead)))
        for one in lost:
            if (yield from _in_pool(deque([one]), out, manifest, limits, 1)):
                yield replace(one.task.entry, message="the worker process died, and so did a second one")


@contextmanager
def _shared_parent() -> Iterator[None]:
    """Start the parent of all workers' kernels; where there can be none, each worker's kernels start on their own."""
    from analysis.run.kernels import PARENT_VARIABLE, NoFork, WarmParent

    try:
        parent = WarmParent()
    except NoFork:  # the first kernel says so
        yield
        return
    os.environ[PARENT_VARIABLE] = parent.address
    try:
        yield
    finally:
        del os.environ[PARENT_VARIABLE]
        parent.stop()


def _in_pool(ahead: deque[Due], out: Path, manifest: Mapping[str, Entry], limits: Limits, jobs: int) -> Makes:
    """Make reports in a pool of processes, until none is ahead or a process of the pool dies."""
    from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    kind = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(kind)
    if kind == "forkserver":
        context.set_forkserver_preload(["analysis.run.worker"])
    lost: list[Due] = []
    with ProcessPoolExecutor(jobs, context, _begin, (dict(os.environ),)) as pool:
        under_way: dict[Future[Entry], Due] = {}
        try:
            while (ahead and not lost) or under_way:
                while ahead and not lost and len(under_way) < jobs:
                    one = ahead.popleft()
                    under_way[pool.submit(_make, one, out, limits, manifest.get(one.task.entry.folder))] = one
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    one = under_way.pop(future)
                    try:
                        yield future.result()
                    except BrokenProcessPool:
                        lost.append(one)
        except BaseException:  # Ctrl-C: whoever waits for a report that runs for minutes should not
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise
    return lost


def _make(due: Due, out: Path, limits: Limits, earlier: Entry | None) -> Entry:
    """Make a report, or its page alone; here is the worker process, and only it needs papermill."""
    from analysis.run.worker import make_report, renew_page

    if due.action == "page" and earlier:
        return renew_page(due.task, out, earlier)
    return make_report(due.task, out, limits)


def _begin(environment: dict[str, str]) -> None:
    """Begin a worker: with the variables of the process that gives out the work, to which Ctrl-C is left.

    What forks the workers was started with those of the first run, which may be others.
    """
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
