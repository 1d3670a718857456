"""Reports by the batch: plan them, run those that are not up to date, keep what fails from stopping the rest."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from analysis.errors import InputError
from analysis.load.snapshots import versions_sha256
from analysis.load.sources import Source
from analysis.run.manifest import (
    Entry,
    code_sha256,
    data_sha256,
    is_current,
    package_sha256,
    read_manifest,
    versions,
    write_manifest,
)
from analysis.run.parameters import Notebook, check_parameters, sources_for
from analysis.run.reports import write_whole
from analysis.stats.weeks import Calendar

FAILED = "failed.ipynb"


@dataclass(frozen=True)
class Task:
    """One report to make: a notebook, its checked parameters, and what its manifest line says of its input."""

    notebook: Path
    entry: Entry
    png: bool


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
    checked: set[str] = set()
    refusals: list[InputError] = []
    for notebook in chosen:
        names = notebook.parameter_names()
        asked_for = (("state", states), ("offence", offences), ("week", weeks))
        if any(given and name not in names for name, given in asked_for):
            continue
        for name, source in sources_for(notebook).items():
            if source_names and name not in source_names:
                continue
            if name not in checked:
                source.check()
                checked.add(name)
            try:
                asked = _asked(names, source, weeks or "all", states, offences, png)
                tasks += [_task(notebook, source, check_parameters(notebook, one), png) for one in asked]
            except InputError as refusal:
                refusals.append(refusal)
    if refusals and not tasks:
        raise refusals[0]
    if not tasks:
        raise InputError("nothing to make: no notebook, source and week fit what was asked", do="See `declines list`")
    return tasks


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


def _task(notebook: Notebook, source: Source, parameters: dict[str, Any], png: bool) -> Task:
    """Put together what a report is made from, and the key that changes when any of it does."""
    about = [parameters[name] for name in ("week", "state", "offence") if parameters.get(name, "all") != "all"]
    last = "_".join(about)
    entry = Entry(
        folder="/".join(part for part in (notebook.name, source.facts.name, last) if part),
        notebook=notebook.name,
        parameters=parameters,
        source=source.facts.name,
        source_sha256=versions_sha256(source.facts.name) if notebook.versions else source.sha256,
        notebook_sha256=code_sha256(notebook.path),
        package_sha256=package_sha256(),
        data_sha256=data_sha256(),
        versions=versions(),
        key="",
        outcome="failed",
    )
    made_from = json.dumps(asdict(entry), sort_keys=True, default=str)
    return Task(notebook.path, replace(entry, key=hashlib.sha256(made_from.encode()).hexdigest()), png)


def run(
    tasks: Sequence[Task],
    out: Path,
    *,
    jobs: int,
    force: bool = False,
    report: Callable[[str, Entry], None] = lambda state, entry: None,
) -> dict[str, Entry]:
    """Make the reports that are not up to date, some at a time.

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
    report
        Called with ``current``, ``made`` or ``failed`` and the entry, as each is done.

    Returns
    -------
    dict
        The entries of these tasks, by folder.
    """
    out.mkdir(parents=True, exist_ok=True)
    manifest = read_manifest(out)
    results: dict[str, Entry] = {}
    waiting: list[Task] = []
    for task in tasks:
        earlier = manifest.get(task.entry.folder)
        if earlier and not force and is_current(out, earlier, task.entry.key):
            results[earlier.folder] = earlier
            report("current", earlier)
        else:
            waiting.append(task)
    for entry in _make_all(waiting, out, jobs):
        earlier = manifest.get(entry.folder)
        if entry.outcome == "failed" and earlier:
            entry = replace(entry, files=earlier.files)  # what an earlier run made still stands
        results[entry.folder] = manifest[entry.folder] = entry
        write_manifest(out, manifest)
        report(entry.outcome, entry)
    return results


def _make_all(tasks: Sequence[Task], out: Path, jobs: int) -> Iterator[Entry]:
    """Make reports in worker processes; give each entry as it is done."""
    if not tasks:
        return
    context = multiprocessing.get_context("spawn")  # a fresh interpreter: nothing of this process passes on
    with ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=context) as pool:
        pending: dict[Future[Entry], Task] = {pool.submit(make_report, task, out): task for task in tasks}
        try:
            while pending:
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    task = pending.pop(future)
                    try:
                        yield future.result()
                    except BrokenProcessPool:
                        yield replace(task.entry, message="the worker process died")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def make_report(task: Task, out: Path) -> Entry:
    """Execute one notebook and write its report; a failure is an entry, not an exception.

    The notebook runs in an empty folder of its own. A failed one leaves its executed copy as ``failed.ipynb`` beside
    whatever an earlier run made.
    """
    # Imported here, in the worker: papermill is slow to import and the command line is not.
    import nbformat
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    from analysis.run.revisions import write_revised

    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this environment, not one of the same name elsewhere
    started, clock = datetime.now(UTC), time.perf_counter()
    folder = out / task.entry.folder
    work = Path(tempfile.mkdtemp(prefix="declines-"))
    executed = work / "notebook.ipynb"
    message, files = "", {}
    try:
        execute_notebook(
            str(task.notebook),
            str(executed),
            parameters=task.entry.parameters,
            cwd=str(work),
            progress_bar=False,
            kernel_name="python3",
            request_save_on_cell_execute=False,
            extra_arguments=["--IPKernelApp.log_level=50"],  # notices of a kernel that lives for one report
        )
        notebook = nbformat.read(executed, as_version=4)
        files = write_revised(out, task.entry, notebook, started.isoformat(timespec="seconds"))
    except PapermillExecutionError as error:
        message = f"cell {error.exec_count}: {error.ename}: {error.evalue}".splitlines()[0]
    except InputError as error:
        message = str(error)
    except OSError as error:
        message = f"the report could not be written: {error}"
    if message and executed.is_file():
        write_whole(folder / FAILED, executed.read_bytes())
    shutil.rmtree(work)
    return replace(
        task.entry,
        outcome="failed" if message else "made",
        message=message,
        files=files,
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - clock, 3),
    )
