"""Tracebacks of Python 3.11, in code that has run before.

There a call of C code that has run some times is carried out by the instruction before it, PRECALL, and when it fails
the traceback stands at that one. IPython has the part of the line that failed marked by the package executing, which
knows calls by CALL alone and then marks nothing. The libraries of a fresh kernel have hardly run; those of a forked one
have, and its tracebacks are to look the same.
"""

from __future__ import annotations

import dis
import sys
from types import FrameType
from typing import Any


def mark_calls() -> None:
    """Have calls that failed marked, also in code that has run often, as long as this process lives."""
    if sys.version_info[:2] != (3, 11):
        return
    from executing import executing

    class Finder(executing.NodeFinder):
        def __init__(self, frame: FrameType, stmts: Any, tree: Any, lasti: int, source: Any) -> None:  # noqa: ANN401
            super().__init__(frame, stmts, tree, _call_at(frame.f_code.co_code, lasti), source)

    executing.NodeFinder = Finder  # type: ignore[misc]


def _call_at(code: bytes, place: int) -> int:
    """Step from a PRECALL to its CALL."""
    if code[place] == dis.opmap["PRECALL"]:
        while code[place] != dis.opmap["CALL"]:
            place += 2
    return place
