"""Reports on a Dask cluster, for more than one machine can make: each worker uses warm kernels of its own.

A worker sees the sources where the command does, or fetches them from the address given with ``--data-dir`` (anything
fsspec reads). The package and the notebooks must stand on every machine at the same place.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path

from analysis.errors import InputError
from analysis.load.sources import DATA_DIR_VARIABLE
from analysis.run.plan import Entry, Limits, Task

INSTALL, URL_VARIABLE = "Install it: pip install 'declined-detainers[cluster]'", "DECLINES_DATA_URL"


def make_on_cluster(tasks: Sequence[Task], out: Path, limits: Limits, address: str, jobs: int) -> Iterator[Entry]:
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
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise InputError("an address needs fsspec", do=INSTALL) from error
    folder = tempfile.mkdtemp(prefix="declines-sources-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        files, path = url_to_fs(url)
        files.get(f"{path.rstrip('/')}/", folder, recursive=True)
    except (ImportError, OSError, ValueError) as error:
        raise InputError("the sources cannot be fetched", found=url, do="Check the address after --data-dir") from error
    return folder
