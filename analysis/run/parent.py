"""The parent of all kernels of a run: when it is started, and when it ends."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from analysis.run.kernels import PARENT_VARIABLE, NoFork, WarmParent

_ahead: list[WarmParent] = []


def start_ahead() -> Callable[[], None]:
    """Start the parent while it is still to be found what it is for; :func:`shared_parent` then takes that one.

    Returns
    -------
    callable
        Ends the parent, if nothing has taken it.
    """
    with suppress(NoFork):
        _ahead.append(WarmParent())
    return _end_unused


def _end_unused() -> None:
    """End a parent that turned out to be of no use."""
    while _ahead:
        parent = _ahead.pop()
        parent.process.kill()
        parent.stop()


@contextmanager
def shared_parent(*, rehearsed: bool = False) -> Iterator[None]:
    """Have a parent of all workers' kernels; where there can be none, each worker's kernels start on their own.

    Parameters
    ----------
    rehearsed
        Whether it goes through a whole report before the first fork: worth it where many follow.
    """
    try:
        parent = _ahead.pop() if _ahead else WarmParent()
    except NoFork:  # the first kernel says so
        yield
        return
    if rehearsed:
        parent.rehearse()
    os.environ[PARENT_VARIABLE] = parent.address
    try:
        yield
    finally:
        del os.environ[PARENT_VARIABLE]
        threading.Thread(target=parent.stop).start()  # it has much to put away, and nobody needs to see that
