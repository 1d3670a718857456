"""Warm kernels: one parent that has imported what notebooks import, and forks every kernel from itself.

Starting a kernel the ordinary way costs seconds of imports; a fork costs hundredths. Each kernel is a fresh process all
the same: its own session, folder, environment and random state, as :func:`serve` hands them over.

The parent is a server on a Unix socket. A client sends one line of JSON (``command``, ``cwd``, ``env``) and reads one
line back: the process id, or why there is no fork. The connection then stands for the kernel: when the kernel ends, its
exit status comes as a second line; when the client goes away, the kernel is killed.

Jupyter finds :class:`WarmProvisioner` by its entry point ``declines-warm``. A kernelspec may name it, or the variable
``JUPYTER_DEFAULT_PROVISIONER_NAME`` make it the one for every kernelspec that names none; either way papermill,
nbclient and JupyterLab use it without knowing. What cannot be forked is started in the ordinary way, and that is said
once.
"""

from __future__ import annotations

import asyncio
import builtins
import gc
import importlib
import json
import os
import pkgutil
import random
import select
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

PROVISIONER = "declines-warm"
DEFAULT_PROVISIONER_VARIABLE = "JUPYTER_DEFAULT_PROVISIONER_NAME"
PARENT_VARIABLE = "DECLINES_WARM_PARENT"
"""Names the socket of a parent that is already running, so that several processes share it."""
WHILE_IMPORTING = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # as a kernel sets it before matplotlib is imported
    "OPENBLAS_NUM_THREADS": "1",  # its threads would not live through a fork; results then hold on every machine
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a notice about frozen modules
}
"""Variables of the parent while it imports, where they are not set already."""
LIBRARIES = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "IPython.utils.wildcard",
    "faulthandler",
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "pandas",
    "pyarrow.parquet",
    "scipy.stats",
    "seaborn",
    "tornado.platform.asyncio",
)
"""What every kernel imports at its start, and what notebooks do."""
ROOMS = ("analysis.load", "analysis.stats", "analysis.show")
READ_AT_IMPORT = ("PYTHON", "MPL", "OPENBLAS", "OMP_", "MKL_", "LD_", "DYLD_", "LC_", "LANG")
"""Beginnings of the names of variables that Python and libraries read once: for other values, no fork will do."""
START_SECONDS = 60
started: list[int] = []
"""Process ids of the kernels that this process has started, warm or not."""


class NoFork(OSError):
    """A kernel cannot be forked; the message says why."""


def _preload() -> dict[str, str]:
    """Import and use what notebooks import, without starting a thread or leaving a trace that a notebook could see.

    Returns
    -------
    dict
        The variables that imports have set, as they set them in every kernel.
    """
    before = {**WHILE_IMPORTING, **os.environ}
    os.environ.update(before)
    builtins.get_ipython = lambda: SimpleNamespace(kernel=True)  # type: ignore[attr-defined]  # pandas asks for it
    for name in LIBRARIES:
        importlib.import_module(name)
    for room in ROOMS:
        for module in pkgutil.iter_modules(importlib.import_module(room).__path__, f"{room}."):
            importlib.import_module(module.name)
    del builtins.get_ipython  # type: ignore[attr-defined]
    _use_once()
    gc.collect()
    gc.freeze()  # what is shared is not walked through, and so not copied, in every child
    return dict(os.environ.items() - before.items())


def _use_once() -> None:
    """Draw a small figure and check an empty table, so that what first use finds and loads is there in every child.

    Pyplot and its backend are left as they are.
    """
    import io
    import string

    import pandas as pd

    from analysis.load.table import as_table
    from analysis.show.canvas import canvas
    from analysis.show.style import drawing

    as_table(pd.DataFrame(columns=["outcome", "detainers", "source_file", "source_row"]))
    with drawing():
        figure, _ = canvas(1, string.printable, string.printable, left=1, bottom=1)
        for kind in ("svg", "png"):
            figure.savefig(io.BytesIO(), format=kind)


def _threads() -> int:
    """Count this process's threads, those of libraries included."""
    import psutil

    return psutil.Process().num_threads()


def serve(listener: socket.socket) -> None:
    """Be the parent: import, then fork a kernel for each connection until standard input ends.

    Standard input is the line to the process that started this one: when that goes away, so does the parent. In a child
    this function returns when its kernel ends, and the interpreter then ends as that of any kernel does.
    """
    settled = _read_at_import(dict(os.environ))
    made = _preload()
    ends, wake = socket.socketpair()
    for end in (ends, wake):
        end.setblocking(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks for kernels
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno())
    kernels: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        for thing in (listener, ends, sys.stdin):
            selector.register(thing, selectors.EVENT_READ)
        while True:
            for event, _ in selector.select():
                if event.fileobj is sys.stdin:
                    return
                if event.fileobj is ends:
                    ends.recv(4096)
                    _tell_ends(kernels, selector)
                elif event.fileobj is listener:
                    client, _ = listener.accept()
                    try:
                        request = json.loads(client.makefile("rb").readline())
                        _check(request, settled)
                        pid = os.fork()
                    except (OSError, ValueError) as error:
                        _tell(client, {"no_fork": str(error)})
                        client.close()
                        continue
                    if pid == 0:
                        for inherited in (listener, ends, wake, client, *kernels.values()):
                            inherited.close()
                        break
                    _tell(client, {"pid": pid})
                    kernels[pid] = client
                    selector.register(client, selectors.EVENT_READ)  # at once, if it went away
                else:  # a client went away
                    _kill_of(kernels, event.fileobj)
                    selector.unregister(event.fileobj)
            else:
                continue
            break
    _be_kernel(request, made)


def _check(request: dict[str, Any], settled: dict[str, str]) -> None:
    """Refuse a fork that would not be as good as a fresh start.

    Raises
    ------
    NoFork
        The parent has threads, or the kernel's settings are read before a fork could change them.
    """
    if (threads := _threads()) != 1:
        raise NoFork(f"the parent of the kernels has {threads} threads")
    differing = {name for name, _ in _read_at_import(request["env"]).items() ^ settled.items()}
    if differing:
        raise NoFork(f"the kernel is to start with another {min(differing)}")
    if (Path(request["cwd"]) / "matplotlibrc").exists():
        raise NoFork("the kernel's folder has a matplotlibrc")


def _read_at_import(env: dict[str, str]) -> dict[str, str]:
    """Keep the variables that are read once, when Python starts or a library is imported."""
    return {name: value for name, value in env.items() if name.startswith(READ_AT_IMPORT)}


def _tell_ends(kernels: dict[int, socket.socket], selector: selectors.BaseSelector) -> None:
    """Send the exit status of every kernel that has ended to its client."""
    while kernels:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        client = kernels.pop(pid)
        if client in selector.get_map():
            selector.unregister(client)
        with client:
            _tell(client, {"status": os.waitstatus_to_exitcode(status)})


def _tell(client: socket.socket, told: dict[str, Any]) -> None:
    """Send a line to a client, if it is still there."""
    with suppress(OSError):
        client.sendall(json.dumps(told).encode() + b"\n")


def _kill_of(kernels: dict[int, socket.socket], client: object) -> None:
    """Kill the kernel whose client went away, and what it started."""
    for pid, own in kernels.items():
        if own is client:
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:  # not yet a group of its own, or gone
                os.kill(pid, signal.SIGKILL)


def _be_kernel(request: dict[str, Any], made: dict[str, str]) -> None:
    """Become the kernel that a client asked for: what a fresh interpreter would have of its own, this one gets."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    try:
        os.chdir(request["cwd"])
    except FileNotFoundError:  # the client went away, and its folder with it
        os._exit(1)
    os.environ.clear()
    os.environ.update({**request["env"], **made})
    time.tzset()
    random.seed()
    sys.modules["numpy"].random.seed()

    import ipykernel_launcher
    from ipykernel.kernelapp import launch_new_instance

    sys.argv = [ipykernel_launcher.__file__, *_arguments(request["command"])]
    try:
        launch_new_instance(parent_handle=os.getppid())
    except Exception:
        sys.excepthook(*sys.exc_info())
        os._exit(1)  # its threads and sockets would keep a kernel that never came to life


def _arguments(command: list[str]) -> list[str]:
    """Take the kernel's arguments out of the command that would start it.

    Raises
    ------
    NoFork
        The command starts something else than this interpreter's Python kernel.
    """
    interpreter, *rest = command
    ours = {sys.executable, str(Path(sys.executable).resolve())}
    if shutil.which(interpreter) not in ours or rest[:2] != ["-m", "ipykernel_launcher"]:
        raise NoFork("the kernel is not this environment's Python")
    return rest[2:]


class WarmParent:
    """The running parent, seen from the process that started it; it ends when this process does, or is told to."""

    def __init__(self) -> None:
        if not hasattr(os, "fork") or not hasattr(socket, "AF_UNIX"):
            raise NoFork("this system cannot fork")
        self.folder = tempfile.TemporaryDirectory(prefix="declines-kernels-")
        self.address = str(Path(self.folder.name) / "socket")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.address)
            listener.listen()
            code = (
                "import sys; sys.path[:] = [path for path in sys.path if path]; import socket; "
                f"from analysis.run.kernels import serve; serve(socket.socket(fileno={listener.fileno()}))"
            )
            self.process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.PIPE,
                cwd=self.folder.name,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )

    def stop(self) -> None:
        """End the parent; its kernels are killed when their own clients let go of them."""
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()


@cache
def warm_parent() -> WarmParent:
    """Start the parent of this process's kernels, once.

    Raises
    ------
    NoFork
        The system cannot fork.
    """
    return WarmParent()


class ForkedKernel:
    """A kernel that the parent forked, with as much of :class:`subprocess.Popen` as a provisioner needs.

    Raises
    ------
    NoFork
        There is no fork; the message says why.
    """

    stdin = stdout = stderr = None

    def __init__(self, command: list[str], cwd: str, env: dict[str, str]) -> None:
        _arguments(command)
        self.returncode: int | None = None
        self._told = b""
        self._line = socket.socket(socket.AF_UNIX)
        try:
            self._line.connect(env.get(PARENT_VARIABLE) or warm_parent().address)
            self._line.sendall(json.dumps({"command": command, "cwd": cwd, "env": env}).encode() + b"\n")
            answer = self._answer(START_SECONDS)
        except ConnectionError as error:
            raise NoFork("the process that forks them has ended") from error
        except OSError as error:
            raise NoFork(str(error)) from error
        if not answer or "pid" not in answer:
            raise NoFork(answer["no_fork"] if answer else "the parent of the kernels does not answer")
        self.pid: int = answer["pid"]

    def _answer(self, timeout: float | None) -> dict[str, Any] | None:
        """Read a line of the parent's; None if none comes in time, an empty one if the parent is gone."""
        while b"\n" not in self._told:
            if not select.select([self._line], [], [], timeout)[0]:
                return None
            more = self._line.recv(4096)
            if not more:
                return {}
            self._told += more
        line, _, self._told = self._told.partition(b"\n")
        return json.loads(line)

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end; give the exit status, None if it does not come in time."""
        if self.returncode is None and (answer := self._answer(timeout)) is not None:
            self.returncode = answer.get("status", -signal.SIGKILL)
            self._line.close()
        return self.returncode

    def poll(self) -> int | None:
        """Give the exit status, None while the kernel runs."""
        return self.wait(0)

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel alone."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the kernel."""
        self.send_signal(signal.SIGKILL)


class WarmProvisioner(LocalProvisioner):
    """Starts a kernel by a fork of the warm parent, or in the ordinary way where that is not to be had."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:  # noqa: ANN401
        """Start the kernel; see :class:`jupyter_client.provisioning.KernelProvisionerBase`."""
        env = {**kwargs.get("env", os.environ), "JPY_PARENT_PID": str(os.getpid())}
        cwd = str(kwargs.get("cwd") or Path.cwd())
        try:
            forked = await asyncio.to_thread(ForkedKernel, cmd, cwd, env)
        except NoFork as reason:
            _say_once(str(reason))
            one_thread = {"OPENBLAS_NUM_THREADS": WHILE_IMPORTING["OPENBLAS_NUM_THREADS"]}  # as in a forked one
            await super().launch_kernel(cmd, **{**kwargs, "env": {**one_thread, **env}})
        else:
            self.process = forked  # type: ignore[assignment]  # as good as a Popen, for what is asked of it
            self.pid, self.pgid, self.cwd = forked.pid, forked.pid, cwd
        if self.pid is not None:
            started.append(self.pid)
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel, and wait the moment that it takes."""
        await super().kill(restart)
        if isinstance(self.process, ForkedKernel):
            await asyncio.to_thread(self.process.wait, 5)


@cache
def _say_once(reason: str) -> None:
    """Say that kernels are started in the ordinary way, once for each reason, whichever process meets it first."""
    address = os.environ.get(PARENT_VARIABLE)
    if address:
        try:
            Path(address).with_name("said").touch(exist_ok=False)
        except FileExistsError:
            return
    print(f"declines: kernels are started one by one, which takes longer: {reason}", file=sys.stderr)
