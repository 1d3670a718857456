"""Reports by the batch: run those that are not up to date, keep what fails from stopping the rest.

On a Dask cluster more than one machine can make them: package and notebooks must stand on each at the same place, and
the sources too, unless ``--data-dir`` is an address (anything fsspec reads).
"""

from __future__ import annotations

import atexit
import math
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import cache
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from analysis.errors import InputError
from analysis.files import DATA_DIR_VARIABLE, locked, scratch_folder, sweep
from analysis.run.plan import JOURNAL, Entry, Limits, Task, journal, keep_own_pages, mend_manifest, what_is_due
from analysis.stops import stopped_or_done

INSTALL, URL_VARIABLE = "Install it: pip install 'declined-detainers[cluster]'", "DECLINES_DATA_URL"


def run(
    tasks: Sequence[Task],
    out: Path,
    *,
    jobs: int,
    force: bool = False,
    verify: bool = False,
    limits: Limits | None = None,
    cluster: str | None = None,
    report: Callable[[str, Entry], None] = lambda state, entry: None,
) -> dict[str, Entry]:
    """Make the reports that are not up to date, ``jobs`` at a time, those first that took longest before.

    ``report`` is called with ``current``, ``made`` or ``failed`` and the entry, as each is done.
    """
    with working_in(out):
        due = what_is_due(tasks, out, force=force, verify=verify)
        done = {task.entry.folder: task.entry for reason, task in due if not reason}
        for entry in done.values():
            report("current", entry)
        ahead = [task for reason, task in due if reason]
        ahead.sort(key=lambda task: task.entry.seconds or math.inf, reverse=True)
        with closing(_make_all(ahead, out, jobs, limits or Limits(), cluster)) as made:
            for entry in made:
                done[entry.folder] = entry
                journal(out, entry)  # it is in the manifest before it is said to be made
                report(entry.outcome, entry)
        return done


@contextmanager
def working_in(out: Path, *, wait: bool = False) -> Iterator[None]:
    """Be the only run in a folder of reports, with one for temporary files; first put right what one that died left."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out).close()
    except OSError as error:
        says = f"the folder of reports cannot be written: {error.strerror}"
        raise InputError(says, file=out, do="Give another with --out") from error
    keep_own_pages(out)
    with locked(out, wait=wait) as killed:
        if killed is None:
            yield
            return
        temporary_folder()  # those of runs that died go
        if killed:
            sweep(out)
        if says := mend_manifest(out):
            print(f"declines: {says}", file=sys.stderr)
        with (
            stopped_or_done(lambda: (out / JOURNAL).exists() and mend_manifest(out)),
            stopped_or_done(lambda: sweep(out), done=False),
        ):
            yield


@cache
def temporary_folder() -> Path:
    """Give this process's folder of temporary files, those of its workers and of the process that forks them too."""
    kept = ExitStack()
    atexit.register(kept.close)
    folder = kept.enter_context(scratch_folder(Path(tempfile.gettempdir()), "declines_"))
    vars(multiprocessing.current_process())["_config"]["tempdir"] = str(folder)
    return folder


def _make_all(tasks: Sequence[Task], out: Path, jobs: int, limits: Limits, cluster: str | None) -> Generator[Entry]:
    """Make reports in worker processes, each at the end of a line of its own, so that one that dies stops no other."""
    if not tasks:
        return
    if cluster is not None:
        yield from _make_on_cluster(tasks, out, limits, cluster, jobs)
        return
    from analysis.run.kernels import server

    scratch = str(temporary_folder())
    shared = server()
    context: Any = multiprocessing.get_context("forkserver" if shared else "spawn")
    ahead, lost = deque(tasks), set[str]()
    busy: dict[connection.Connection, Task] = {}
    idle: list[connection.Connection] = []
    workers: list[BaseProcess] = []
    try:
        while ahead or busy:
            while ahead and len(busy) < jobs:
                if not idle:
                    ours, theirs = context.Pipe()
                    idle.append(ours)
                    worker = context.Process(target=_work, args=(theirs, dict(os.environ), scratch, shared))
                    with theirs, suppress(EOFError, OSError):  # it is dead already, as its line will say
                        worker.start()
                        workers.append(worker)
                line = idle.pop()
                busy[line] = task = ahead.popleft()
                with suppress(OSError):  # it is dead, as its line will say
                    line.send((task, out, limits))
            for line in busy.keys() & connection.wait(list(busy)):
                task = busy.pop(line)
                try:
                    yield line.recv()
                    idle.append(line)
                except (EOFError, OSError):  # it has died: another worker makes the report, if none did so before
                    if task.entry.folder in lost:
                        yield replace(task.entry, message="the worker process died, and so did a second one")
                    else:
                        lost.add(task.entry.folder)
                        ahead.append(task)
    except BaseException:  # whoever waits for a report that runs for minutes should not
        for worker in workers:
            worker.terminate()
        raise
    finally:
        for line in (*idle, *busy):
            line.close()
        for worker in workers:
            worker.join()


def _work(line: connection.Connection, environment: dict[str, str], scratch: str, shared: Any) -> None:  # noqa: ANN401
    """Be a worker, with the run's variables, and temporary files where they go away with the run: make reports."""

    def end_with_the_run() -> None:  # and its kernel with it
        run = multiprocessing.parent_process()
        connection.wait([run.sentinel] if run else [])
        kernels.kill_started()
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)

    os.environ.clear()
    os.environ.update(environment | {"TMPDIR": scratch})
    tempfile.tempdir = scratch
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that gives out the work
    from analysis.run import kernels

    threading.Thread(target=end_with_the_run, daemon=True).start()
    from analysis.run.worker import execute, write_files

    if shared:
        kernels.share(shared)
    with suppress(EOFError, OSError):  # the run has ended
        while True:
            task, out, limits = line.recv()
            line.send(write_files(*execute(task, limits), out))


def _make_on_cluster(tasks: Sequence[Task], out: Path, limits: Limits, address: str, jobs: int) -> Iterator[Entry]:
    """Make reports on the cluster of an address, or on as many processes here as there are jobs (``local``)."""
    try:
        from distributed import Client, LocalCluster
        from distributed.scheduler import KilledWorker
    except ImportError as error:
        raise InputError("a cluster needs Dask", do=INSTALL) from error
    from analysis.run.worker import write_files

    try:
        here = {"n_workers": jobs, "threads_per_worker": 1, "dashboard_address": ":0"}
        local = LocalCluster(**here) if address == "local" else None
        client = Client(local or address, timeout=15)
    except (OSError, ValueError) as error:
        raise InputError("the cluster does not answer", found=address, do="Check the scheduler's address") from error
    with local or nullcontext(), client, client.get_executor(retries=0, pure=False) as executor:
        url = os.environ.get(URL_VARIABLE, "")
        under_way = {executor.submit(_execute_there, task, limits, url): task for task in tasks}
        for future in as_completed(under_way):
            task = under_way.pop(future)
            try:
                entry, executed = future.result()
                yield write_files(entry, executed, out)
            except KilledWorker:
                yield replace(task.entry, message="the workers that made it were lost, one after another")


def _execute_there(task: Task, limits: Limits, url: str) -> tuple[Entry, str]:
    """Execute a notebook on a worker of the cluster, with the sources of an address, if any."""
    from analysis.run.worker import execute

    if url:
        os.environ[DATA_DIR_VARIABLE] = fetched(url)
    return execute(task, limits)


def use_address(url: str) -> None:
    """Use imported sources from an address, here and on the workers of a cluster."""
    os.environ[URL_VARIABLE], os.environ[DATA_DIR_VARIABLE] = url, fetched(url)


@cache
def fetched(url: str) -> str:
    """Copy imported sources from an address into a temporary folder, once for each process; give the folder."""
    from fsspec.core import url_to_fs

    folder = tempfile.mkdtemp(dir=temporary_folder())
    try:
        files, path = url_to_fs(url)
        files.get(f"{path.rstrip('/')}/", folder, recursive=True)
    except (ImportError, OSError, ValueError) as error:
        raise InputError("the sources cannot be fetched", found=url, do="Check the address after --data-dir") from error
    return folder
