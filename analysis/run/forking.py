"""The warm parent: a process that has imported what notebooks import, and forks every kernel from itself.

It is a server on a Unix socket. A client sends one line of JSON (``command``, ``cwd``, ``env``) and reads one line
back: the process id, or why there is no fork. The connection then stands for the kernel: when the kernel ends, its exit
status comes as a second line; when the client goes away, the kernel is killed.
"""

from __future__ import annotations

import builtins
import gc
import importlib
import json
import os
import pkgutil
import random
import selectors
import shutil
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from analysis.run.tracebacks import mark_calls

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
    "ipykernel_launcher",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "pandas",
    "pyarrow.parquet",
    "scipy.stats",
    "seaborn",
    "sqlite3",
    "tornado.platform.asyncio",
)
"""What every kernel imports at its start, and what notebooks do."""
REHEARSE = {"rehearse": True}
"""A client's request that is not for a kernel."""
ROOMS = ("analysis.load", "analysis.stats", "analysis.show")
READ_AT_IMPORT = ("PYTHON", "MPL", "OPENBLAS", "OMP_", "MKL_", "LD_", "DYLD_", "LC_", "LANG")
"""Beginnings of the names of variables that Python and libraries read once: for other values, no fork will do."""


class NoFork(OSError):
    """A kernel cannot be forked; the message says why."""


def preload() -> dict[str, str]:
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
    mark_calls()
    _settle()
    return dict(os.environ.items() - before.items())


def warm_up() -> None:
    """Go through a whole report, after which every child is faster (:mod:`analysis.run.rehearsal`)."""
    from analysis.run.rehearsal import rehearse

    with suppress(Exception):  # a notebook that was edited and fails: its reports say so
        rehearse()
    _settle()


def _settle() -> None:
    """Put what children share where it is not walked through, and so not copied, in every one of them."""
    from analysis.run import forked

    forked.list_files()
    gc.collect()
    gc.freeze()


def _use_once() -> None:
    """Draw a small figure, check and show an empty table: what first use finds and loads is then there in every child.

    Pyplot and its backend are left as they are.
    """
    import io
    import string

    import pandas as pd

    from analysis.load.table import as_table
    from analysis.show.canvas import canvas
    from analysis.show.style import drawing
    from analysis.show.table_html import as_html

    as_html(as_table(pd.DataFrame(columns=["outcome", "detainers", "source_file", "source_row"]))[["outcome"]], "", "")
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
    made = preload()
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
                        if request == REHEARSE:
                            warm_up()
                            client.close()
                            continue
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

    from analysis.run import forked

    sys.argv = [ipykernel_launcher.__file__, *arguments_of(request["command"])]
    try:
        launch_new_instance(parent_handle=os.getppid(), **forked.classes())
    except Exception:
        sys.excepthook(*sys.exc_info())
        os._exit(1)  # its threads and sockets would keep a kernel that never came to life


def arguments_of(command: list[str]) -> list[str]:
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
