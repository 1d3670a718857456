"""What there is to make: one report, and what it may take and read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.run.manifest import Entry

FAILED = "failed.ipynb"
"""Name of the executed copy of a notebook that failed."""


@dataclass(frozen=True)
class Limits:
    """What one report may take: seconds, and megabytes of memory for its kernel and what that starts."""

    seconds: float = 900
    megabytes: float = 4000


@dataclass(frozen=True)
class Task:
    """One report to make: a notebook, what its manifest line says of its input, and what it may read.

    ``may_read`` is what :mod:`analysis.load.declared` holds it to.
    """

    notebook: Path
    entry: Entry
    may_read: dict[str, Any]
