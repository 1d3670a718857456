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
from contextlib import closing, suppress
from dataclasses import replace
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import TYPE_CHECKING

from analysis.errors import InputError
from analysis.run.manifest import Entry, read_manifest, write_manifest
from analysis.run.planning import Due, what_is_due
from analysis.run.tasks import Limits, Task

if TYPE_CHECKING:
    from analysis.run.kernels import Server

SAVE_EVERY = 5.0
"""Seconds after which the manifest is written again while reports are made."""


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


def _make_all(
    due: Sequence[Due], out: Path, manifest: Mapping[str, Entry], jobs: int, limits: Limits, cluster: str | None
) -> Generator[Entry]:
    """Make reports on a cluster or in processes of this machine; give each entry as it is done."""
    if due and cluster is not None:
        from analysis.run.cluster import make_on_cluster

        return make_on_cluster([one.task for one in due], out, limits, cluster, jobs)
    return _make_here(due, out, manifest, jobs, limits)


def _make_here(
    due: Sequence[Due], out: Path, manifest: Mapping[str, Entry], jobs: int, limits: Limits
) -> Generator[Entry]:
    """Make reports in worker processes, each at the end of a line of its own, so that one that dies stops no other.

    What it was making is made once more, by another worker.
    """
    ahead, lost = deque(due), set[str]()
    busy: dict[connection.Connection, Due] = {}
    idle: list[connection.Connection] = []
    workers: list[BaseProcess] = []
    with TemporaryDirectory(prefix="declines-", ignore_cleanup_errors=True) as scratch:
        try:
            while ahead or busy:
                while ahead and len(busy) < jobs:
                    line = idle.pop() if idle else _hire(workers, scratch)
                    busy[line] = one = ahead.popleft()
                    with suppress(OSError):  # it is dead, as its line will say
                        line.send((one, out, limits, manifest.get(one.task.entry.folder)))
                importlib.import_module("analysis.run.site")  # now is time for what comes after the reports
                for line in connection.wait(list(busy)):
                    one, entry = busy.pop(line), None
                    try:
                        entry = line.recv()
                    except (EOFError, OSError):  # it has died
                        line.close()
                        if one.task.entry.folder in lost:
                            yield replace(one.task.entry, message="the worker process died, and so did a second one")
                        else:
                            lost.add(one.task.entry.folder)
                            ahead.append(one)
                    else:
                        idle.append(line)
                        yield entry
        except BaseException:  # Ctrl-C: whoever waits for a report that runs for minutes should not
            for worker in workers:
                worker.terminate()
            raise
        finally:
            for line in [*idle, *busy]:
                line.close()
            for worker in workers:
                worker.join()


def _hire(workers: list[BaseProcess], scratch: str) -> connection.Connection:
    """Start one more worker; give the line to it.

    Raises
    ------
    InputError
        No process can be started.
    """
    from analysis.run import kernels

    shared: Server | None
    try:
        shared, kind = kernels.server(), "forkserver"
    except kernels.NoFork as error:
        if "forkserver" in multiprocessing.get_all_start_methods():
            raise InputError(
                f"no worker can be started: {error}",
                file=Path(tempfile.gettempdir()),
                do="If the name of this temporary folder is too long, set TMPDIR to another",
            ) from error
        shared, kind = None, "spawn"
    context = multiprocessing.get_context(kind)
    ours, theirs = context.Pipe()
    worker = context.Process(target=_work, args=(theirs, dict(os.environ), scratch, shared))
    with theirs, suppress(BrokenPipeError):  # it is dead already, as its line will say
        worker.start()
        workers.append(worker)
    return ours


def _work(line: connection.Connection, environment: dict[str, str], scratch: str, shared: Server | None) -> None:
    """Be a worker: make the reports that come down the line; only here is papermill needed.

    It has the variables of the process that gives out the work, to which Ctrl-C is left. Notebooks are run in folders
    below ``scratch``, which go away with the run; and so does the worker, however the run ends.
    """
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = scratch
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_run, args=(scratch,), daemon=True).start()
    if shared:
        from analysis.run.kernels import share

        share(shared)
    from analysis.run.worker import make_report, renew_page

    with suppress(EOFError):
        while True:
            due, out, limits, earlier = line.recv()
            renewed = due.action == "page" and earlier
            line.send(renew_page(due.task, out, earlier) if renewed else make_report(due.task, out, limits))


def _end_with_the_run(scratch: str) -> None:
    """End this process when the one that gave out the work has ended; its kernel ends with it."""
    run = multiprocessing.parent_process()
    if run is not None:
        connection.wait([run.sentinel])
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)
