"""Reports on a Dask cluster, for more than one machine can make: each worker uses warm kernels of its own.

A worker sees the sources where the command sees them (a shared path), or fetches them from the address given with
``--data-dir`` (anything fsspec reads). It writes its reports where the command does if it finds the run's token there,
and else sends the executed notebooks back. What a lost worker was making, Dask gives to another. The package and the
notebooks must stand on every machine at the same place.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from functools import cache
from pathlib import Path

from analysis.errors import InputError
from analysis.load.store import DATA_DIR_VARIABLE
from analysis.run.manifest import Entry
from analysis.run.tasks import Limits, Task
from analysis.run.writing import write_whole

INSTALL = "Install it: pip install 'declined-detainers[cluster]'"
ANSWER_WITHIN = 15
TOKEN = ".run-token"
URL_VARIABLE = "DECLINES_DATA_URL"
Answer = tuple[Entry, str, bool]


def make_on_cluster(tasks: Sequence[Task], out: Path, limits: Limits, address: str, jobs: int) -> Generator[Entry]:
    """Make reports on a cluster; give each entry as it is done.

    Parameters
    ----------
    tasks, out, limits
        As :func:`analysis.run.batch.run` takes them.
    address
        Of the scheduler, or ``local`` for as many processes of this machine as there are jobs.

    Raises
    ------
    InputError
        Dask is not installed, or the cluster does not answer.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise InputError("a cluster needs Dask", do=INSTALL) from error
    try:
        if address == "local":
            client = Client(LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=":0"))
        else:
            client = Client(address, timeout=ANSWER_WITHIN)
    except (OSError, ValueError) as error:
        raise InputError("the cluster does not answer", found=address, do="Check the scheduler's address") from error
    token = secrets.token_hex()
    write_whole(out / TOKEN, token.encode())
    try:
        with client, client.get_executor(retries=0, pure=False) as executor:
            sources = os.environ.get(URL_VARIABLE, "")
            under_way: dict[Future[Answer], Task] = {
                executor.submit(make_there, task, out.resolve(), limits, token, sources): task for task in tasks
            }
            while under_way:
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    yield _received(future, under_way.pop(future), out)
    finally:
        (out / TOKEN).unlink(missing_ok=True)
        if address == "local":
            client.cluster.close()


def _received(future: Future[Answer], task: Task, out: Path) -> Entry:
    """Take a report from a worker; write its files, if the worker could not."""
    from distributed.scheduler import KilledWorker

    from analysis.run.worker import write_files

    try:
        entry, executed, sent = future.result()
    except KilledWorker:
        return replace(task.entry, message="the workers that made it were lost, one after another")
    return write_files(entry, executed, out) if sent else entry


def make_there(task: Task, out: Path, limits: Limits, token: str, sources: str) -> Answer:
    """Make a report on a worker of the cluster.

    Returns
    -------
    tuple
        The entry; the executed notebook, and whether it is sent because the worker does not see the output folder.
    """
    from analysis.run.worker import execute, write_files

    if sources:
        os.environ[DATA_DIR_VARIABLE] = fetched(sources)
    entry, executed = execute(task, limits)
    shared = out / TOKEN
    if shared.is_file() and shared.read_text() == token:
        return write_files(entry, executed, out), "", False
    return entry, executed, True


def use_address(url: str) -> None:
    """Use imported sources from an address, here and on the workers of a cluster.

    Raises
    ------
    InputError
        They cannot be fetched.
    """
    os.environ[URL_VARIABLE], os.environ[DATA_DIR_VARIABLE] = url, fetched(url)


@cache
def fetched(url: str) -> str:
    """Copy imported sources from an address into a temporary folder, once for each process; give the folder."""
    try:
        import fsspec
    except ImportError as error:
        raise InputError("an address needs fsspec", do=INSTALL) from error
    folder = tempfile.mkdtemp(prefix="declines-sources-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        files, path = fsspec.core.url_to_fs(url)
        files.get(f"{path.rstrip('/')}/", folder, recursive=True)
    except (ImportError, OSError, ValueError) as error:
        raise InputError("the sources cannot be fetched", found=url, do="Check the address after --data-dir") from error
    return folder
