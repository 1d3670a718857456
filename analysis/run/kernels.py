"""Warm kernels: one parent that has imported what notebooks import, and forks every kernel from itself.

Starting a kernel the ordinary way costs seconds of imports; a fork costs hundredths. Each kernel is a fresh process all
the same: its own session, folder, environment and random state, as :func:`analysis.run.forking.serve` hands them over.

Jupyter finds :class:`WarmProvisioner` by its entry point ``declines-warm``. A kernelspec may name it, or the variable
``JUPYTER_DEFAULT_PROVISIONER_NAME`` make it the one for every kernelspec that names none; either way papermill,
nbclient and JupyterLab use it without knowing. What cannot be forked is started in the ordinary way, and that is said
once.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

from analysis.run.forking import REHEARSE, WHILE_IMPORTING, NoFork, arguments_of

PROVISIONER = "declines-warm"
PARENT_VARIABLE = "DECLINES_WARM_PARENT"
"""Names the socket of a parent that is already running, so that several processes share it."""
START_SECONDS = 60
started: list[int] = []
"""Process ids of the kernels that this process has started, warm or not."""


class WarmParent:
    """The running parent, seen from the process that started it; it ends when this process does, or is told to."""

    def __init__(self) -> None:
        if not hasattr(os, "fork") or not hasattr(socket, "AF_UNIX"):
            raise NoFork("this system cannot fork")
        self.folder = tempfile.TemporaryDirectory(prefix="declines-kernels-")
        self.address = str(Path(self.folder.name) / "socket")
        with socket.socket(socket.AF_UNIX) as listener:
            try:
                listener.bind(self.address)
            except OSError as error:
                self.folder.cleanup()
                raise NoFork(f"no socket can be made in the temporary folder: {error}") from error
            listener.listen()
            code = (
                "import sys; sys.path[:] = [path for path in sys.path if path]; import socket; "
                f"from analysis.run.forking import serve; serve(socket.socket(fileno={listener.fileno()}))"
            )
            self.process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.PIPE,
                cwd=self.folder.name,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )

    def rehearse(self) -> None:
        """Let the parent go through a whole report (:mod:`analysis.run.rehearsal`) before it forks the next kernel."""
        with suppress(OSError), socket.socket(socket.AF_UNIX) as line:  # if it has ended, the next kernel says so
            line.connect(self.address)
            line.sendall(json.dumps(REHEARSE).encode() + b"\n")

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
        arguments_of(command)
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
