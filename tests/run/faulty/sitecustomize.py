"""Read by every process of a command under test: at its n-th write below a folder one dies, or the disk is full."""

from __future__ import annotations

import os
import signal
import sys

BELOW, WHO, VICTIM, ONCE = (os.environ.get(f"FAULT_{name}", "") for name in ("BELOW", "WHO", "VICTIM", "ONCE"))
WRITING = {"os.rename", "os.remove", "os.mkdir", "os.rmdir"}
left = int(os.environ.get("FAULT_AT", "0"))


def _role() -> str:
    if "JPY_PARENT_PID" in os.environ:
        return "kernel"
    return "main" if os.environ.get("FAULT_MAIN") == str(os.getpid()) else "worker"


def _kill(main: int) -> None:
    try:
        os.close(os.open(ONCE, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    if VICTIM == "all":
        os.killpg(main, signal.SIGKILL)  # what is started has the group of the command, kernels apart
    os.kill({"main": main, "server": os.getppid()}.get(VICTIM, os.getpid()), signal.SIGKILL)


def _watch(event: str, given: tuple[object, ...]) -> None:
    global left
    mode, flags = (*given[1:], "", 0)[:2] if event == "open" else ("", 0)
    writes = event in WRITING or set(str(mode)) & set("wax+") or (isinstance(flags, int) and flags & os.O_ACCMODE)
    if (event != "open" and event not in WRITING) or _role() != WHO or "FAULT_MAIN" not in os.environ:
        return
    if WHO == "kernel" or (writes and str(given[0]).startswith(BELOW)):  # kernels write nothing there
        left -= 1
        if VICTIM == "disk" and left < 0 and event in ("open", "os.mkdir"):
            raise OSError(28, "No space left on device")
        if left == 0 and VICTIM != "disk":
            _kill(int(os.environ["FAULT_MAIN"]))


if BELOW:
    sys.addaudithook(_watch)
