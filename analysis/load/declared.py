"""What a report may read, as the runner declares it; a session of a user's own may read anything.

A report is made again when something that it reads has changed, so it must not read what the runner does not know of.
The runner names in ``DECLINES_DECLARED`` the files, by their paths in the data folders, and, where a notebook reads no
later weeks than its own, the last day. What is opened beside them stops the report. Programs' own files are free:
Python, libraries, fonts, temporary files.
"""

from __future__ import annotations

import json
import os
import site
import sys
import tempfile
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from analysis.errors import InputError
from analysis.load.reference import bundled_folder
from analysis.load.sources import data_folder

VARIABLE = "DECLINES_DECLARED"
LATER = "Give the last day that is read, or declare in the notebook's metadata that it reads all weeks"
UNKNOWN = "A report may read its source and the tables of data/reference/ that its modules name"


@cache
def _declared() -> dict[str, Any]:
    """Read what was declared; empty where nothing was."""
    return json.loads(os.environ.get(VARIABLE, "{}"))


def check_days(last: date | None) -> None:
    """Hold the days of a reading against those declared.

    Parameters
    ----------
    last
        Last day of issue that is read; None = all.

    Raises
    ------
    InputError
        Later days than declared.
    """
    declared = _declared().get("last")
    if declared is not None and (last is None or last.isoformat() > declared):
        raise InputError(
            "the notebook reads later weeks than it declares",
            found="all" if last is None else last.isoformat(),
            expected=f"{declared} at the latest",
            do=LATER,
        )


def hold() -> None:
    """Stop what opens an undeclared file or connection from now on, if anything was declared."""
    if not _declared():
        return
    folders = bundled_folder("data"), data_folder()
    files = frozenset(str(folder.resolve() / name) for folder in folders for name in _declared()["files"])
    data = f"{bundled_folder('data').resolve()}{os.sep}"
    homes = [sys.prefix, sys.base_prefix, str(Path(__file__).resolve().parents[1]), tempfile.gettempdir(), os.getcwd()]
    homes += [*site.getsitepackages(), "/dev", "/etc", "/lib", "/proc", "/sys", "/usr", "/System", "/Library"]
    free = tuple({f"{place}{os.sep}" for home in homes for place in (home, os.path.realpath(home))})
    free += (f"{Path.home()}{os.sep}.",)  # caches and settings of libraries

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode = arguments[0], arguments[1]
            if isinstance(path, str | bytes) and (mode is None or "r" in mode or "+" in mode):
                name = os.path.abspath(os.fsdecode(path))
                known = name in files or name.endswith(".origin.yml")
                if not known and (name.startswith(data) or not name.startswith(free)):
                    raise InputError("the notebook reads a file that is not declared", file=name, do=UNKNOWN)
        elif (
            event == "socket.connect"
            and isinstance(arguments[1], tuple)
            and arguments[1][0] not in ("127.0.0.1", "::1")
        ):
            raise InputError("the notebook opens a connection", found=str(arguments[1][0]), do=UNKNOWN)

    sys.addaudithook(look)
