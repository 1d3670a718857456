"""The work of one report, in a process of its own: papermill runs the notebook, its files are made and written."""

from __future__ import annotations

import ctypes
import gc
import json
import logging
import math
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import psutil
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory
from nbformat import NotebookNode
from traitlets import Type
from traitlets.config import Config

from analysis.errors import InputError
from analysis.load import declared
from analysis.run import kernels, left_out
from analysis.run.manifest import Entry
from analysis.run.page import page_of
from analysis.run.reports import NOTEBOOK
from analysis.run.revisions import write_again, write_revised
from analysis.run.tasks import FAILED, Limits, Task
from analysis.run.writing import write_whole

with left_out("pyarrow.fs"):  # for files on Hadoop, with numpy: 40 MB of every worker
    from papermill import execute_notebook
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine, papermill_engines
    from papermill.exceptions import PapermillExecutionError
    from papermill.iorw import write_ipynb
    from papermill.log import logger

KERNEL_ARGUMENTS = [
    "--IPKernelApp.log_level=50",  # notices of a kernel that lives for one report
    "--IPKernelApp.logging_config={'loggers': {'IPKernelApp': {'level': 'CRITICAL'}}}",  # made for nobody to read
    "--HistoryManager.hist_file=:memory:",
    "--IPKernelApp.exec_lines=__import__('analysis.load.declared').load.declared.hold()",
]
LOOK_EVERY = 0.2
LONGEST_SOCKET_NAME = 103
"""Bytes that every system with named sockets has room for."""
MEGABYTE = 1_000_000
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""What mallopt calls its settings."""
KEPT_FREE = 8 * MEGABYTE
"""Memory that a worker keeps between reports; mallopt takes hardly more."""
TELLS_CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children").is_file()
"""Whether the system lists the children of a process by itself; to find them otherwise is to look at all processes."""
PLAIN_OUTPUTS = {
    "display_data": ("metadata", "data"),
    "execute_result": ("metadata", "data", "execution_count"),
    "stream": ("name", "text"),
}
"""What a message holds of an output."""


class _NotebookClient(PapermillNotebookClient):
    """Papermill's own client, but for one thing: what a cell shows is checked by the faster of nbformat's two ways.

    Nbformat holds an output alone against its schema step by step; for a whole notebook it has compiled it.
    """

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        """Take an output of a cell; see :meth:`nbclient.NotebookClient.output`."""
        kind, hooks = msg["msg_type"], self.output_hook_stack[msg["parent_header"].get("msg_id")]
        if kind not in PLAIN_OUTPUTS or display_id or hooks or self.clear_before_next_output:
            return super().output(outs, msg, display_id, cell_index)
        out = nbformat.from_dict({"output_type": kind, **{name: msg["content"][name] for name in PLAIN_OUTPUTS[kind]}})
        cell: dict[str, Any] = {"cell_type": "code", "id": "one", "metadata": {}, "source": "", "execution_count": None}
        nbformat.v4.new_notebook(cells=[{**cell, "outputs": [out]}])
        outs.append(out)
        return out


class _SavingEngine(Engine):
    """Papermill's own engine, with our client, and with what was executed saved when the kernel dies, too."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,  # noqa: ANN401
        kernel_name: str,
        *,
        executed: str,
        start_timeout: int,
        input_path: str,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Run the cells; see :class:`papermill.engines.Engine`."""
        try:
            client = _NotebookClient(
                nb_man, kernel_name=kernel_name, startup_timeout=start_timeout, log=logger, **kwargs
            )
            client.execute()
        except BaseException:
            write_ipynb(nb_man.nb, executed)
            raise


class _Outputs(AsyncZMQSocketChannel):
    """Jupyter's own channel, but for one thing: one that waits without end does not first ask whether there is any."""

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:  # type: ignore[override]  # as Jupyter does
        """Wait for a message; see :meth:`jupyter_client.channels.AsyncZMQSocketChannel.get_msg`."""
        return await (self._recv() if timeout is None else super().get_msg(timeout))


class _Client(AsyncKernelClient):
    """Jupyter's own client, but for one thing: it begins when the kernel answers, not 0.2 s after its last word.

    What the kernel says of its start is no output of a cell, and nbclient passes over it.
    """

    iopub_channel_class = Type(_Outputs)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait for the kernel; see :meth:`jupyter_client.KernelClient.wait_for_ready`."""
        until = time.monotonic() + (timeout or math.inf)
        while time.monotonic() < until:
            self.kernel_info()
            with suppress(Empty):
                reply = await self.get_shell_msg(timeout=1)
                await self.get_iopub_msg(timeout=LOOK_EVERY)  # none: its outputs cannot be heard yet
                self._handle_kernel_info_reply(reply)
                return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
        raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")


class Manager(AsyncKernelManager):
    """Jupyter's own manager of a kernel, with our client."""

    client_factory = Type(klass=_Client)


def _keep_what_is_freed() -> None:
    """Have the C library keep what a report frees: else it gives it back, and the next report gets it page by page."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        for setting in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD):
            library.mallopt(setting, KEPT_FREE)


papermill_engines.register("declines", _SavingEngine)
logging.getLogger("papermill").setLevel(logging.CRITICAL + 1)  # what went wrong is said in the summary
page_of(
    nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("- *text*")]), {"title": "", "source": {}}
)  # compiles the template, and what reads text: here, once, if processes are forked
_keep_what_is_freed()
_one_at_a_time = threading.Lock()  # papermill changes the process's folder
gc.collect()
gc.freeze()  # what the processes forked from here share is not walked through, and so not copied


@dataclass(frozen=True)
class Executed:
    """An executed notebook: as papermill wrote it, blank if it could not; and as it is, None if it was not kept."""

    text: str
    notebook: NotebookNode | None = None


def make_report(task: Task, out: Path, limits: Limits) -> Entry:
    """Execute one notebook and write its report; a failure is an entry, not an exception."""
    return write_files(*execute(task, limits), out)


def write_files(entry: Entry, executed: Executed, out: Path) -> Entry:
    """Write the files of an executed notebook; give its entry with their hashes.

    A failed one leaves its executed copy as ``failed.ipynb`` beside whatever an earlier run made.
    """
    clock = time.perf_counter()
    message, files = entry.message, entry.files
    try:
        if not message:
            notebook = executed.notebook or nbformat.reads(executed.text, as_version=4)
            files = write_revised(out, entry, notebook, entry.started, executed.text)
        elif executed.text:
            write_whole(out / entry.folder / FAILED, executed.text.encode())
    except InputError as error:
        message = str(error)
    except OSError as error:
        message = f"the report could not be written: {error}"
    seconds = round(entry.seconds + time.perf_counter() - clock, 3)
    return replace(entry, outcome="failed" if message else "made", message=message, files=files, seconds=seconds)


def execute(task: Task, limits: Limits) -> tuple[Entry, Executed]:
    """Execute the notebook of a report, in an empty folder of its own.

    A kernel that dies is given a second try; a cell that fails is not.

    Returns
    -------
    tuple
        The entry, without files (its message says why the notebook failed, blank = it did not); and the executed
        notebook as far as it came.
    """
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    with _one_at_a_time, tempfile.TemporaryDirectory(prefix="declines-", ignore_cleanup_errors=True) as folder:
        os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this environment, not one of its name elsewhere
        KernelProvisionerFactory.instance().default_provisioner_name = kernels.PROVISIONER
        os.environ[declared.VARIABLE] = json.dumps(task.may_read)
        executed, notebook, message = Path(folder) / NOTEBOOK, None, ""
        for number in (1, 2):
            (work := Path(folder) / f"try-{number}").mkdir()
            try:
                notebook = _run_cells(task, executed, work, limits)
            except PapermillExecutionError as error:
                message = f"cell {error.exec_count}: {error.ename}: {error.evalue}".splitlines()[0]
            except nbformat.ValidationError as error:
                message = f"a cell shows what no notebook can hold: {error.message}".splitlines()[0]
            except _Stopped as stopped:
                message = str(stopped)
            except OSError as error:
                message = f"the report could not be made: {error}"
            except RuntimeError as error:  # of nbclient and jupyter_client: the kernel is dead, or never came to life
                message = f"the kernel died, and so did a second one: {error}".splitlines()[0]
                continue
            else:
                message = ""
            break
        text = executed.read_text(encoding="utf-8") if executed.is_file() else ""
    seconds = time.perf_counter() - clock
    entry = replace(task.entry, message=message, started=started, seconds=seconds)
    return entry, Executed(text, notebook)


class _Stopped(Exception):
    """A report was stopped; the message says why."""


def _run_cells(task: Task, executed: Path, work: Path, limits: Limits) -> NotebookNode:
    """Run the cells of a notebook by papermill, within the limits; give the notebook, which stands in the file, too.

    Raises
    ------
    _Stopped
        A limit was passed.
    PapermillExecutionError, RuntimeError
        A cell failed; the kernel died.
    """
    with _watching(limits) as stopped:
        try:
            return execute_notebook(
                str(task.notebook),
                str(executed),
                parameters=task.entry.parameters,
                cwd=str(work),
                progress_bar=False,
                kernel_name="python3",
                engine_name="declines",
                request_save_on_cell_execute=False,
                executed=str(executed),
                kernel_manager_class=Manager,
                config=_sockets(f"{work}-socket"),
                extra_arguments=KERNEL_ARGUMENTS,
                shutdown_kernel="immediate",  # all that it made stands in its outputs
            )
        except RuntimeError as error:
            raise _Stopped(stopped[0]) if stopped else error from error


def _sockets(name: str) -> Config:
    """Let a kernel's sockets have a name, where the system has such.

    A port is chosen before the kernel takes it, and another kernel may take it in between.
    """
    named = hasattr(socket, "AF_UNIX") and len(os.fsencode(f"{name}-1")) <= LONGEST_SOCKET_NAME
    return Config({"KernelManager": {"transport": "ipc", "ip": name}} if named else {})


@contextmanager
def _watching(limits: Limits) -> Iterator[list[str]]:
    """Kill the kernel that this process starts meanwhile when it passes a limit; the list then says which."""
    stopped: list[str] = []
    done = threading.Event()
    kernels.started.clear()

    def watch() -> None:
        until = time.monotonic() + limits.seconds
        while not done.wait(LOOK_EVERY):
            if stopped:
                pass
            elif time.monotonic() > until:
                stopped.append(f"stopped: it took longer than {limits.seconds:g} s (--timeout)")
            elif sum(_of_each(lambda process: process.memory_info().rss)) > limits.megabytes * MEGABYTE:
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
        for pid in reversed(_family(kernel)):
            with suppress(psutil.NoSuchProcess):
                answers.append(ask(psutil.Process(pid)))
    return answers


def _family(pid: int) -> list[int]:
    """Give a process and those that it has started, each after the one that started it."""
    family = [pid]
    if not TELLS_CHILDREN:
        with suppress(psutil.NoSuchProcess):
            family += [process.pid for process in psutil.Process(pid).children(recursive=True)]
        return family
    for one in family:
        with suppress(OSError):  # it has just ended
            for thread in os.listdir(f"/proc/{one}/task"):
                with suppress(OSError), open(f"/proc/{one}/task/{thread}/children", "rb") as children:
                    family += map(int, children.read().split())
    return family


def renew_page(task: Task, out: Path, earlier: Entry) -> Entry:
    """Make the page of a report anew from its executed notebook, with the text cells of the notebook as it is now.

    Parameters
    ----------
    task
        The report; its code cells are those of the executed notebook.
    out
        The folder of all reports.
    earlier
        What stands of it.
    """
    folder = out / task.entry.folder
    executed = nbformat.reads((folder / NOTEBOOK).read_text(encoding="utf-8"), as_version=4)
    cells = [cell for cell in executed.cells if cell.cell_type == "code"]
    ran = iter(cells)
    renewed = []
    for cell in nbformat.read(task.notebook, as_version=4).cells:
        if cell.cell_type != "code":
            renewed.append(cell)
            continue
        renewed.append(next(ran))
        if "parameters" in cell.metadata.get("tags", []):
            renewed.append(next(ran))  # the cell in which papermill put the values
    executed.cells = renewed
    try:
        written = write_again(out, task.entry.folder, executed)
    except OSError as error:
        return replace(task.entry, message=f"the report could not be written: {error}")
    return replace(earlier, page_sha256=task.entry.page_sha256, files=written)
