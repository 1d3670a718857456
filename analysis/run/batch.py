"""Reports by the batch: run those that are not up to date, keep what fails from stopping the rest."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import shutil
import signal
import statistics
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from multiprocessing import connection
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import TYPE_CHECKING

from analysis.errors import InputError
from analysis.run.manifest import Entry, read_manifest, write_manifest
from analysis.run.planning import Due, what_is_due
from analysis.run.tasks import Limits, Task

if TYPE_CHECKING:
    from concurrent.futures import Future

SAVE_EVERY = 5.0
"""Seconds after which the manifest is written again while reports are made."""
REHEARSED_FROM = 10
"""Reports for each worker from which a rehearsal takes no longer than it saves: a report's time, a tenth of each."""


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
        From :func:`analysis.run.planning.plan`.
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
    actions = {one.task.entry.folder: one.action for one in ahead}
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
                renewed = entry.outcome == "made" and actions[entry.folder] == "page"
                report("page" if renewed else entry.outcome, entry)
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
    from analysis.run.parent import shared_parent

    with shared_parent(rehearsed=len(due) >= REHEARSED_FROM * jobs):
        ahead = deque(due)
        lost: list[Due] = []
        while ahead:
            lost += yield from _in_pool(ahead, out, manifest, limits, min(jobs, len(ahead)))
        for one in lost:
            if (yield from _in_pool(deque([one]), out, manifest, limits, 1)):
                yield replace(one.task.entry, message="the worker process died, and so did a second one")


def _in_pool(ahead: deque[Due], out: Path, manifest: Mapping[str, Entry], limits: Limits, jobs: int) -> Makes:
    """Make reports in a pool of processes, until none is ahead or a process of the pool dies."""
    from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    kind = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(kind)
    if kind == "forkserver":
        from multiprocessing import forkserver, resource_tracker

        resource_tracker.ensure_running()  # which would let Ctrl-C through again
        context.set_forkserver_preload(["analysis.run.worker"])
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # what is started now is deaf to Ctrl-C
        try:
            forkserver.ensure_running()
        except OSError as error:
            raise InputError(
                f"no worker can be started: {error}",
                file=Path(tempfile.gettempdir()),
                do="If the name of this temporary folder is too long, set TMPDIR to another",
            ) from error
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    lost: list[Due] = []
    with (
        TemporaryDirectory(prefix="declines-", ignore_cleanup_errors=True) as scratch,
        ProcessPoolExecutor(jobs, context, _begin, (dict(os.environ), scratch)) as pool,
    ):
        under_way: dict[Future[Entry], Due] = {}
        try:
            while (ahead and not lost) or under_way:
                while ahead and not lost and len(under_way) < jobs:
                    one = ahead.popleft()
                    under_way[pool.submit(_make, one, out, limits, manifest.get(one.task.entry.folder))] = one
                importlib.import_module("analysis.run.site")  # now is time for what comes after the reports
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


def _begin(environment: dict[str, str], scratch: str) -> None:
    """Begin a worker: with the variables of the process that gives out the work, to which Ctrl-C is left.

    What forks the workers was started with those of the first run, which may be others. Notebooks are run in folders
    below ``scratch``, which go away with the run; and so does the worker, however the run ends.
    """
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = scratch
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_run, args=(scratch,), daemon=True).start()


def _end_with_the_run(scratch: str) -> None:
    """End this process when the one that gave out the work has ended; its kernel ends with it."""
    run = multiprocessing.parent_process()
    if run is not None:
        connection.wait([run.sentinel])
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)
