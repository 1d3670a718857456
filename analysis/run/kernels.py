"""Warm kernels: forked from Python's own fork server, which has imported what notebooks import.

Starting a kernel the ordinary way costs seconds of imports; a fork costs hundredths. Each kernel is a fresh process all
the same, in a session, folder, environment and random state of its own.

Jupyter finds :class:`WarmProvisioner` by its entry point ``declines-warm``; a kernelspec may name it, or the variable
``JUPYTER_DEFAULT_PROVISIONER_NAME``. Where a fork would not be as good as a fresh start, the kernel is started in the
ordinary way, and that is said once.
"""

from __future__ import annotations

import asyncio
import atexit
import multiprocessing
import os
import pickle
import random
import shutil
import signal
import sys
import threading
import time
from contextlib import chdir
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import connection, forkserver
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

from analysis.run import preload

PROVISIONER = "declines-warm"
READ_AT_IMPORT = ("PYTHON", "MPL", "OPENBLAS", "OMP_", "MKL_", "LD_", "DYLD_", "LC_", "LANG")
"""Beginnings of the names of variables that Python and libraries read once: for other values, no fork will do."""
started: list[int] = []
"""Process ids of the kernels that this process has started, warm or not."""


class NoFork(OSError):
    """A kernel cannot be forked; the message says why."""


@dataclass(frozen=True)
class Server:
    """A running fork server: how it is reached, and the variables and files of the package that it was started with."""

    reached: dict[str, Any]
    variables: dict[str, str]
    package: dict[Path, int] | None


_own: list[Server] = []


def server() -> Server:
    """Start the fork server of this process, once.

    Raises
    ------
    NoFork
        The system cannot fork, or the temporary folder can hold no socket.
    """
    if _own:
        return _own[0]
    if "forkserver" not in multiprocessing.get_all_start_methods():
        raise NoFork("this system cannot fork")
    package, before = _package(), dict(os.environ)
    forkserver.set_forkserver_preload([preload.__name__])
    os.environ.update(preload.WHILE_IMPORTING)
    try:
        with chdir(Path(os.__file__).parent):  # it looks for modules where it is started: no user's file is one
            forkserver.ensure_running()
    except OSError as error:
        raise NoFork(f"no socket can be made in the temporary folder: {error}") from error
    finally:
        variables = _read_at_import(dict(os.environ))
        os.environ.clear()
        os.environ.update(before)
    own = vars(forkserver._forkserver)  # type: ignore[attr-defined]
    reached = {name: own[name] for name in ("_forkserver_address", "_forkserver_authkey") if name in own}
    _own.append(Server(reached, variables, package))
    return _own[0]


def share(shared: Server) -> None:
    """Take kernels from the fork server that has forked this process, with the package as it was then."""
    own = forkserver._forkserver  # type: ignore[attr-defined]
    vars(own).update(shared.reached, ensure_running=lambda: None)
    _own[:] = [replace(shared, package=None)]


def _package() -> dict[Path, int]:
    """Give the time at which each file of the package was written."""
    return {path: path.stat().st_mtime_ns for path in Path(__file__).parents[1].rglob("*.py")}


def _read_at_import(env: dict[str, str]) -> dict[str, str]:
    """Keep the variables that are read once, when Python starts or a library is imported."""
    return {name: value for name, value in env.items() if name.startswith(READ_AT_IMPORT)}


@dataclass(frozen=True)
class _Kernel:
    """What the fork server makes a kernel of: it calls :meth:`_bootstrap` in the new process."""

    arguments: list[str]
    cwd: str
    env: dict[str, str]

    def _bootstrap(self, client: int) -> int:
        """Be a kernel: what a fresh interpreter would have of its own, this one gets."""
        os.setsid()
        threading.Thread(target=_end_with, args=(client,), name="client", daemon=True).start()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(self.cwd)
        os.environ.clear()
        os.environ.update({**self.env, **preload.made})
        time.tzset()
        random.seed()
        sys.modules["numpy"].random.seed()
        import ipykernel_launcher
        from ipykernel.kernelapp import launch_new_instance

        sys.argv = [ipykernel_launcher.__file__, *self.arguments]
        try:
            launch_new_instance(parent_handle=os.getppid())
        except Exception:
            sys.excepthook(*sys.exc_info())
            os._exit(1)  # its threads and sockets would keep a kernel that never came to life
        threading._shutdown()  # type: ignore[attr-defined]  # as an interpreter ends; the fork server does not
        atexit._run_exitfuncs()
        return 0


def _end_with(client: int) -> None:
    """End this kernel, and what it started, when the process that asked for it has ended."""
    connection.wait([client])
    os.killpg(0, signal.SIGKILL)


class ForkedKernel:
    """A kernel that the fork server forked, with as much of :class:`subprocess.Popen` as a provisioner needs.

    Raises
    ------
    NoFork
        There is no fork that would be as good as a fresh start; the message says why.
    """

    stdin = stdout = stderr = None

    def __init__(self, command: list[str], cwd: str, env: dict[str, str]) -> None:
        ours = {sys.executable, str(Path(sys.executable).resolve())}
        if shutil.which(command[0]) not in ours or command[1:3] != ["-m", "ipykernel_launcher"]:
            raise NoFork("the kernel is not this environment's Python")
        running = server()
        wanted = _read_at_import({**preload.WHILE_IMPORTING, **env})
        if differing := {name for name, _ in wanted.items() ^ running.variables.items()}:
            raise NoFork(f"the kernel is to start with another {min(differing)}")
        if (Path(cwd) / "matplotlibrc").exists():
            raise NoFork("the kernel's folder has a matplotlibrc")
        if running.package is not None and running.package != _package():
            raise NoFork("the package has been edited since")
        self.returncode: int | None = None
        try:
            self._status, self._line = forkserver.connect_to_new_process([])
            with open(self._line, "wb", closefd=False) as told:
                pickle.dump({}, told)
                pickle.dump(_Kernel(command[3:], cwd, env), told)
            self.pid: int = forkserver.read_signed(self._status)  # type: ignore[attr-defined]
        except (OSError, EOFError) as error:
            raise NoFork("the process that forks them has ended") from error

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end; give the exit status, None if it does not come in time."""
        if self.returncode is None and connection.wait([self._status], timeout):
            try:
                self.returncode = forkserver.read_signed(self._status)  # type: ignore[attr-defined]
            except EOFError:  # the fork server has ended, and its kernels with it
                self.returncode = -signal.SIGKILL
            os.close(self._status)
            os.close(self._line)
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
    """Starts a kernel by a fork, or in the ordinary way where that would not be as good as a fresh start."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:  # noqa: ANN401
        """Start the kernel; see :class:`jupyter_client.provisioning.KernelProvisionerBase`."""
        env = {**kwargs.get("env", os.environ), "JPY_PARENT_PID": str(os.getpid())}
        cwd = str(kwargs.get("cwd") or Path.cwd())
        try:
            forked = await asyncio.to_thread(ForkedKernel, cmd, cwd, env)
        except NoFork as reason:
            _say_once(str(reason))
            await super().launch_kernel(cmd, **{**kwargs, "env": {**preload.ONE_THREAD, **env}})
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
    """Say that kernels are started in the ordinary way, once for each reason."""
    print(f"declines: kernels are started one by one, which takes longer: {reason}", file=sys.stderr)
