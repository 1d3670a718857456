"""Warm kernels: forked from Python's own fork server, which has imported what notebooks import.

Imports cost seconds, a fork hundredths. Jupyter finds :class:`WarmProvisioner` by its entry point ``declines-warm``.
Where a fork would not be as good as a fresh start, the kernel is started in the ordinary way, and that is said once.
"""

from __future__ import annotations

import asyncio
import atexit
import builtins
import gc
import multiprocessing
import os
import pickle
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import chdir, suppress
from functools import cache
from multiprocessing import connection, forkserver, popen_forkserver, resource_tracker, util
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.provisioning import LocalProvisioner

import analysis
from analysis.errors import InputError

PACKAGE = Path(__file__).parents[1]
PROVISIONER = "declines-warm"
READ_AT_IMPORT = ("PYTHON", "MPL", "OPENBLAS", "OMP_", "MKL_", "LD_", "DYLD_", "LC_", "LANG")
"""Beginnings of the names of variables that Python and libraries read once: for other values, no fork will do."""
REACHED_BY = ("_forkserver_address", "_forkserver_authkey")  # newer Pythons have the second, too
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}  # more would not live through a fork; and no number depends on the machine
WHILE_IMPORTING = {"JE_ARROW_MALLOC_CONF": "background_thread:false", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
WHILE_IMPORTING |= {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}  # as a kernel sets it
LIBRARIES = """
IPython.core.completerlib IPython.core.debugger IPython.core.logger IPython.core.oinspect IPython.extensions.storemagic
IPython.utils.wildcard faulthandler ipykernel.debugger ipykernel.ipkernel ipykernel.kernelapp ipykernel_launcher pandas
matplotlib.backends.backend_agg matplotlib.backends.backend_svg matplotlib.pyplot pyarrow.parquet scipy.stats seaborn
sqlite3 tornado.platform.asyncio analysis.run.worker
"""  # what every kernel imports at its start, what notebooks do, and what workers do
LAUNCHER = ["-m", "ipykernel_launcher"]
OURS_FIRST = """\
import sys, runpy
sys.path[:] = filter(None, sys.path)
import analysis
runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)"""
"""Starts a kernel that knows this package before its folder is looked through."""
started: list[int] = []  # process ids of the kernels that this process has started, warm or not
_set_by_imports: dict[str, str] = {}
Server = tuple[dict[str, Any], dict[str, str], dict[Path, int] | None]
"""A running fork server: how it is reached; the variables, and the files of the package, that it was started with."""
_running: list[Server] = []


def kill_started() -> None:
    """Kill the kernels that this process has started, and what their cells have started and left running."""
    for kernel in started if hasattr(os, "killpg") else ():
        with suppress(OSError):
            os.killpg(kernel, signal.SIGKILL)


def server() -> Server | None:
    """Start the fork server of this process, once; None where there is no fork."""
    if not _running and "forkserver" in multiprocessing.get_all_start_methods():
        started_with = _read_at_import(os.environ), _package()
        forkserver.set_forkserver_preload([__name__])
        resource_tracker.ensure_running()  # which would let interrupts through again
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # until it ignores Ctrl-C, in which it would
        try:  # end in a traceback; and it looks for modules where it is started: no user's file is one
            with chdir(Path(os.__file__).parent):
                forkserver.ensure_running()
        except OSError as error:
            do = "If the name of this temporary folder is too long, set TMPDIR to another"
            raise InputError(f"no worker can be started: {error}", file=tempfile.gettempdir(), do=do) from error
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        reached = {name: value for name, value in vars(forkserver._forkserver).items() if name in REACHED_BY}
        _running.append((reached, *started_with))
    return _running[0] if _running else None


def share(shared: Server) -> None:
    """Take kernels from the fork server that has forked this process, with the package as it was then."""
    vars(forkserver._forkserver).update(shared[0], ensure_running=lambda: None)
    _running[:] = [(*shared[:2], None)]


def _package() -> dict[Path, int]:
    """Give the time at which each file of the package was written."""
    return {path: path.stat().st_mtime_ns for path in PACKAGE.rglob("*.py")}


def _read_at_import(env: Mapping[str, str]) -> dict[str, str]:
    """Keep the variables that are read once, when Python starts or a library is imported."""
    return {name: value for name, value in env.items() if name.startswith(READ_AT_IMPORT)}


def _why_not_forked(command: list[str], cwd: str, env: dict[str, str]) -> str:
    """Say why a fork would not be as good as a fresh start; blank where it would."""
    ours = {sys.executable, str(Path(sys.executable).resolve())}
    if (running := server()) is None:
        return "this system cannot fork"
    if shutil.which(command[0]) not in ours or command[1:3] != LAUNCHER:
        return "the kernel is not this environment's Python"
    if differing := (running[1].items() ^ _read_at_import(env).items()) - ONE_THREAD.items():
        return f"the kernel is to start with another {min(differing)[0]}"
    if (Path(cwd) / "matplotlibrc").exists():
        return "the kernel's folder has a matplotlibrc"
    return "" if running[2] in (None, _package()) else "the package has been edited since the first one"


def hiding(folder: str | Path) -> str:
    """Say which file of a folder would hide this package from the notebooks there; blank = none."""
    for path in (Path(folder, "analysis.py"), Path(folder, "analysis", "__init__.py")):
        if path.is_file() and not path.samefile(PACKAGE / "__init__.py"):
            what = f"{path} has the name of this package, and `import analysis` means the package, not this file"
            return f"{what}. Rename it to import it; other programs than `declines lab` cannot import the package there"
    return ""


class _Kernel(NamedTuple):
    """What the fork server makes a kernel of: it calls :meth:`_bootstrap` in the new process."""

    arguments: list[str]
    cwd: str
    env: dict[str, str]

    def _bootstrap(self, client: int) -> int:
        """Be a kernel: what a fresh interpreter would have of its own, this one gets."""

        def end_with_client() -> None:  # the process that asked for it; and with it what its cells have started
            connection.wait([client])
            os.killpg(0, signal.SIGKILL)

        os.setsid()
        threading.Thread(target=end_with_client, name="client", daemon=True).start()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(self.cwd)
        os.environ.clear()
        os.environ.update(self.env | _set_by_imports)
        time.tzset()
        gc.set_threshold(50_000, 20, 20)  # a report leaves little that goes in circles
        random.seed()
        sys.modules["numpy"].random.seed()
        sys.argv = [str(sys.modules["ipykernel_launcher"].__file__), *self.arguments]
        try:
            sys.modules["ipykernel.kernelapp"].launch_new_instance(parent_handle=os.getppid())
        except Exception:
            sys.excepthook(*sys.exc_info())
            os._exit(1)  # its threads and sockets would keep a kernel that never came to life
        threading._shutdown()  # type: ignore[attr-defined]  # as an interpreter ends; what the fork server forks does not
        atexit._run_exitfuncs()
        return 0


class ForkedKernel(popen_forkserver.Popen):
    """A kernel that the fork server forked, with as much of :class:`subprocess.Popen` as a provisioner needs."""

    stdin = stdout = stderr = None

    def _launch(self, kernel: Any) -> None:  # noqa: ANN401
        """Fork it; what multiprocessing would tell it of this process's main module, it is not told."""
        self.sentinel, line = forkserver.connect_to_new_process([])
        self.finalizer = util.Finalize(self, util.close_fds, (line, self.sentinel))  # type: ignore[attr-defined]
        with open(line, "wb", closefd=False) as told:
            pickle.dump({}, told)
            pickle.dump(kernel, told)
        self.pid = forkserver.read_signed(self.sentinel)

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel alone."""
        self._send_signal(number)  # type: ignore[attr-defined]


class WarmProvisioner(LocalProvisioner):
    """Starts a kernel by a fork, or in the ordinary way where that would not be as good as a fresh start."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:  # noqa: ANN401
        """Start the kernel."""
        self.cwd = str(kwargs.get("cwd") or Path.cwd())
        env = {**kwargs.get("env", os.environ), "JPY_PARENT_PID": str(os.getpid())}
        try:
            if not (why_not := _why_not_forked(cmd, self.cwd, env)):
                kernel: Any = _Kernel(cmd[3:], self.cwd, env)
                self.process: Any = await asyncio.to_thread(ForkedKernel, kernel)
                self.pid = self.pgid = self.process.pid
        except (InputError, OSError, EOFError) as error:
            why_not = str(error) or "the process that forks them has ended"
        if hides := hiding(self.cwd):
            _say_once(hides)
            cmd = [cmd[0], "-c", OURS_FIRST, *cmd[3:]] if cmd[1:3] == LAUNCHER else cmd
        if why_not:
            _say_once(f"kernels are started one by one, which takes longer: {why_not}")
            await super().launch_kernel(cmd, **{**kwargs, "env": {**ONE_THREAD, **env}})
        started.extend([self.pid] if self.pid is not None else [])
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel, and wait the moment that it takes."""
        await super().kill(restart)
        if isinstance(self.process, ForkedKernel):
            await asyncio.to_thread(self.process.wait, 5)


class PromptClient(AsyncKernelClient):
    """Jupyter's client, which gives a kernel at its start a fiftieth of a second, not a fifth, to fall silent."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait for the answer of a new kernel; what it says of itself later is of no cell, and passed over."""
        channel = self.iopub_channel
        get = channel.get_msg
        vars(channel)["get_msg"] = lambda timeout: get(timeout=timeout / 10)
        try:
            await super().wait_for_ready(timeout)
        finally:
            del vars(channel)["get_msg"]


@cache
def _say_once(reason: str) -> None:
    """Say something of how kernels are started, once."""
    print(f"declines: {reason}", file=sys.stderr)


def _preload() -> None:
    """Import and use what notebooks import, without starting a thread or leaving a trace that one could see."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks for workers and kernels
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    sys.path[:] = [path for path in sys.path if path]
    os.environ.update({**WHILE_IMPORTING, **os.environ, **ONE_THREAD})
    before, run = dict(os.environ), os.getppid()
    builtins.get_ipython = lambda: SimpleNamespace(kernel=True)  # type: ignore[attr-defined]  # pandas asks for it
    for name in LIBRARIES.split() if os.getppid() == run else ():
        with suppress(Exception):  # the reports that need it will say what is wrong with it
            __import__(name)
    del builtins.get_ipython  # type: ignore[attr-defined]
    with suppress(Exception):
        for name in analysis.__all__:
            getattr(analysis, name)  # imports it
        figure = sys.modules["matplotlib.figure"].Figure()
        figure.add_subplot().set_title("What first use finds and loads")
        for kind in ("svg", "png"):
            figure.savefig(os.devnull, format=kind)
        sys.modules["analysis.show.report"].captions()
        columns = ["outcome", "detainers", "source_file", "source_row"]
        sys.modules["analysis.load.table"].as_table(sys.modules["pandas"].DataFrame(columns=columns))
    _set_by_imports.update(os.environ.items() - before.items())
    gc.collect()
    gc.freeze()  # what is shared is not walked through, and so not copied, in every one of them


if getattr(sys.modules["__main__"], "main", None) is forkserver.main:  # in the fork server, which can only import
    _preload()
