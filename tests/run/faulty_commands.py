"""The command in a process of its own, in which something goes wrong at a given moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import psutil

HERE = Path(__file__).parent
CALL = "import os; os.environ['FAULT_MAIN'] = str(os.getpid()); from analysis.cli import main; main()"
COMMAND = [sys.executable, "-c", CALL]
TRIES = int(os.environ.get("DECLINES_TRIES", "3"))
"""How often each fault is tried; 50 before a release."""


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def heed_signals() -> None:
    """Heed in a child what a shell has its background jobs ignore."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def start(temporary: Path, *args: object, **fault: object) -> subprocess.Popen[str]:
    """Start the command, its temporary files in a folder of their own, perhaps with a fault to come."""
    temporary.mkdir(exist_ok=True)
    told = {f"FAULT_{name.upper()}": str(value) for name, value in fault.items()}
    paths = os.pathsep.join([str(HERE / "faulty"), *filter(None, sys.path)])
    environment = {**os.environ, **told, "TMPDIR": str(temporary), "PYTHONPATH": paths}
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    return subprocess.Popen([*COMMAND, *map(str, args)], env=environment, preexec_fn=heed_signals, **how)  # type: ignore[call-overload]


def end(process: subprocess.Popen[str], temporary: Path) -> Ended:
    """Wait until the command has ended, and all that it started with it."""
    out, err = process.communicate(timeout=120)
    assert psutil.wait_procs(started_with(temporary), timeout=15)[1] == [], "something outlives the command"
    return Ended(process.returncode, out, err)


def started_with(temporary: Path) -> list[psutil.Process]:
    """Find the processes whose temporary files are to be in a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TMPDIR", "").startswith(str(temporary)):
                found.append(process)
        except psutil.Error:
            continue
    return found


def call(temporary: Path, *args: object, **fault: object) -> Ended:
    """Start the command and wait for its end."""
    return end(start(temporary, *args, **fault), temporary)
