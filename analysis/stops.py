"""Ends of the ``declines`` command that it does not choose: signals, and standard streams that take no more.

Whatever is written stands whole at any moment, so that it can end at once: one line, children and temporary files gone.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from contextlib import contextmanager, suppress

TYPE_CHECKING = False  # that of typing, which takes long to import: signals are to be heeded from the first moment
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

UNHEARD_EXIT = 3  # the standard output takes no more
EXITS = {signal.SIGINT: 130, signal.SIGTERM: 143, getattr(signal, "SIGHUP", signal.SIGTERM): 143}
MOST_SECONDS = 2.5  # for cleaning up
_undo: list[Callable[[], object]] = []
_says = ["stopped before it was done; nothing was left half-written"]


def say_when_stopped(text: str) -> None:
    """Set the line that a stop is told with."""
    _says[:] = [text]


@contextmanager
def stopped_or_done(undo: Callable[[], object], *, done: bool = True) -> Iterator[None]:
    """Call what cleans up when the command is stopped within the block, and also when the block is ``done``."""
    _undo.append(undo)
    try:
        yield
    finally:
        if done:
            undo()
        _undo.remove(undo)  # only now: a stop may come while it is done


def end(code: int, says: str) -> NoReturn:
    """End at once, with one line: processes that were started are killed, and temporary files removed."""
    from threading import Timer

    overdue = Timer(MOST_SECONDS, os._exit, [code])
    overdue.daemon = True
    overdue.start()
    with suppress(OSError):
        os.write(2, f"declines: {says}\n".encode())
    with suppress(Exception):
        import psutil

        started = psutil.Process().children(recursive=True)
        for process in started:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(started, timeout=1)
    for undo in reversed(_undo):
        with suppress(Exception):
            undo()
    os._exit(code)


def _stop(number: int, _frame: object) -> NoReturn:
    """End by a signal; a second one changes nothing."""
    signals("ignored")
    end(EXITS[number], _says[0])


def signals(are: str) -> None:
    """Have the signals that end a process ``heeded``, as one line; ``usual`` again; or ``ignored``, as all is done.

    Where somebody else handles them, or has said to ignore them, that stays.
    """
    for number in EXITS:
        usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        if signal.getsignal(number) == (usual if are == "heeded" else _stop):
            with suppress(ValueError):  # only the main thread may
                signal.signal(number, {"heeded": _stop, "usual": usual, "ignored": signal.SIG_IGN}[are])


class _Stream(io.FileIO):
    """A standard stream; when it takes no more, the command ends with an exit code of its own."""

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        """Write, or end."""
        try:
            return super().write(data)
        except OSError as error:
            end(UNHEARD_EXIT, f"stopped: what it says cannot be written: {error.strerror}")


def use_streams() -> None:
    """Notice when a standard stream takes no more; where one was closed from the start, no file gets its place."""
    for number, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):  # nothing can be written to the second
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)
    for number, name in ((1, "stdout"), (2, "stderr")):
        earlier, raw = getattr(sys, name), _Stream(number, "w", closefd=False)
        if os.name == "nt" and raw.isatty():  # a console has its own way of writing
            continue
        encoding, errors = getattr(earlier, "encoding", "utf-8"), getattr(earlier, "errors", "backslashreplace")
        line_by_line = raw.isatty() or name == "stderr"
        setattr(sys, name, io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors, line_buffering=line_by_line))
