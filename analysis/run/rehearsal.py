"""A rehearsal: the bundled weekly bulletin, gone through once in the parent of a run's kernels and thrown away.

What runs for the first time is slower than what ran before: Python adapts code to what it meets, libraries fill their
tables, and in a fork each page of memory that this touches is copied first. After a rehearsal every kernel is spared
that. It costs as much as a report does, so it is for runs of many.
"""

from __future__ import annotations

import ast
import json
import sys
import warnings
from typing import Any

from analysis.load.reference import bundled_folder

NOTEBOOK = "weekly_bulletin.ipynb"
READS = ("analysis.load", "analysis.run")
"""Where files are read. What :mod:`analysis.show` keeps follows from the fonts alone."""


def rehearse() -> None:
    """Go through the cells, values shown as they would be; what the package keeps of it is forgotten."""
    cells = json.loads((bundled_folder("notebooks") / NOTEBOOK).read_text(encoding="utf-8"))["cells"]
    names: dict[str, Any] = {"In": [], "display": _show}
    shows, sys.displayhook = sys.displayhook, _show
    try:
        with warnings.catch_warnings(action="ignore"):
            for cell in cells:
                if cell["cell_type"] == "code":
                    tree = ast.parse("".join(cell["source"]))
                    exec(compile(ast.Interactive(tree.body), NOTEBOOK, "single"), names)
    finally:
        sys.displayhook = shows
        _forget()


def _show(*values: object) -> None:
    """Make what a notebook would show of values."""
    for value in values:
        if hasattr(value, "_repr_mimebundle_"):
            value._repr_mimebundle_()


def _forget() -> None:
    """Empty the caches of what was read: a kernel reads its files itself, and is held to those that it may read."""
    for module in [module for name, module in sys.modules.items() if name.startswith(READS)]:
        for thing in list(vars(module).values()):
            if hasattr(thing, "cache_clear"):
                thing.cache_clear()
