"""The work of one report, in a process of its own: papermill runs the notebook, its files are made and written."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import psutil
from jupyter_client.provisioning import KernelProvisionerFactory
from papermill import execute_notebook
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from analysis.errors import InputError
from analysis.files import write_whole
from analysis.load.sources import VERSIONS_VARIABLE
from analysis.run import kernels
from analysis.run.pages import write_revised
from analysis.run.plan import FAILED, NOTEBOOK, Entry, Limits, Task

LOOK_EVERY = 0.5
LONGEST_SOCKET_NAME = 103  # bytes that every system with named sockets has room for


class _SavingEngine(NBClientEngine):
    """Papermill's own engine; what was executed is saved when the kernel dies, too."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, save_as: Path, **kwargs: Any) -> None:  # noqa: ANN401
        """Run the cells."""
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **kwargs)
        except BaseException:
            nbformat.write(nb_man.nb, save_as)
            raise


papermill_engines.register("declines", _SavingEngine)
logging.getLogger("papermill").setLevel(logging.CRITICAL + 1)  # what went wrong is said in the summary
_one_at_a_time = threading.Lock()  # papermill changes the process's folder


def write_files(entry: Entry, executed: str, out: Path) -> Entry:
    """Write the files of an executed notebook; give its entry with their hashes.

    A failed one leaves its executed copy as ``failed.ipynb`` beside whatever an earlier run made.
    """
    clock, message, files = time.perf_counter(), entry.message, entry.files
    try:
        if not message:
            files = write_revised(out, entry, nbformat.reads(executed, as_version=4), executed)
        elif executed:
            write_whole(out / entry.folder / FAILED, executed.encode())
    except (InputError, OSError) as error:
        message = f"{'the report could not be written: ' if isinstance(error, OSError) else ''}{error}"
    seconds = round(entry.seconds + time.perf_counter() - clock, 3)
    return replace(entry, outcome="failed" if message else "made", message=message, files=files, seconds=seconds)


def execute(task: Task, limits: Limits) -> tuple[Entry, str]:
    """Execute the notebook of a report, in an empty folder of its own; a kernel that dies is given a second try.

    The entry's message says why it failed, blank = it did not; the executed notebook's text goes as far as it came.
    """
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    with _one_at_a_time, tempfile.TemporaryDirectory(prefix="declines-", ignore_cleanup_errors=True) as folder:
        os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this environment, not one of its name elsewhere
        os.environ[VERSIONS_VARIABLE] = json.dumps(task.versions)
        KernelProvisionerFactory.instance().default_provisioner_name = kernels.PROVISIONER
        executed = Path(folder) / NOTEBOOK
        died, message = _run_cells(task, executed, Path(folder) / "first", limits)
        if died:
            died, message = _run_cells(task, executed, Path(folder) / "second", limits)
        text = executed.read_text(encoding="utf-8") if executed.is_file() else ""
    message = (died or message).partition("\n")[0]
    return replace(task.entry, message=message, started=started, seconds=time.perf_counter() - clock), text


def _run_cells(task: Task, executed: Path, work: Path, limits: Limits) -> tuple[str, str]:
    """Run the cells of a notebook by papermill, into a file; say that its kernel died, and what else went wrong."""
    work.mkdir()
    name = f"{work}-socket"  # a port is chosen before the kernel takes it, and another may take it in between
    named = hasattr(socket, "AF_UNIX") and len(os.fsencode(f"{name}-1")) <= LONGEST_SOCKET_NAME
    how: dict[str, Any] = {"kernel_name": "python3", "engine_name": "declines", "save_as": executed, "cwd": str(work)}
    how |= {"config": Config({"KernelManager": {"transport": "ipc", "ip": name}} if named else {})}
    how |= {"extra_arguments": ["--IPKernelApp.log_level=50", "--HistoryManager.hist_file=:memory:"]}
    how |= {"shutdown_kernel": "immediate"}  # all that it made stands in its outputs
    how |= {"progress_bar": False, "request_save_on_cell_execute": False, "parameters": task.entry.parameters}
    with _watching(limits) as stopped:
        try:
            execute_notebook(str(task.notebook), str(executed), **how)
        except PapermillExecutionError as error:
            return "", f"cell {error.exec_count}: {error.ename}: {error.evalue}"
        except nbformat.ValidationError as error:
            return "", f"a cell shows what no notebook can hold: {error.message}"
        except OSError as error:
            return "", f"the report could not be made: {error}"
        except RuntimeError as error:  # of nbclient and jupyter_client: it is dead, or never came to life
            return "" if stopped else f"the kernel died, and so did a second one: {error}", "".join(stopped[:1])
    return "", ""


@contextmanager
def _watching(limits: Limits) -> Iterator[list[str]]:
    """Kill the kernel that this process starts meanwhile when it passes a limit; the list then says which."""
    stopped: list[str] = []
    done = threading.Event()
    kernels.started.clear()

    def watch() -> None:
        until = time.monotonic() + limits.seconds
        while not done.wait(LOOK_EVERY):
            if time.monotonic() > until:
                stopped.append(f"stopped: it took longer than {limits.seconds:g} s (--timeout)")
            elif sum(_of_each(lambda process: process.memory_info().rss)) > limits.megabytes * 1_000_000:
                stopped.append(f"stopped: it used more than {limits.megabytes:g} MB of memory (--memory)")
            if stopped:
                _of_each(psutil.Process.kill)  # again and again: a kernel may be about to start

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield stopped
    finally:
        done.set()
        watcher.join()
        for kernel in kernels.started if hasattr(os, "killpg") else ():  # what its cells started and left running
            with suppress(OSError):
                os.killpg(kernel, signal.SIGKILL)


def _of_each(ask: Callable[[psutil.Process], Any]) -> list[Any]:
    """Ask something of every kernel that this process has started, and of every process that those have."""
    answers = []
    for kernel in kernels.started:
        with suppress(psutil.NoSuchProcess):
            for process in (*psutil.Process(kernel).children(recursive=True), psutil.Process(kernel)):
                with suppress(psutil.NoSuchProcess):
                    answers.append(ask(process))
    return answers
