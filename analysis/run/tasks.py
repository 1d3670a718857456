"""What there is to make: one report, and what it may take."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    """One report to make: a notebook, what its manifest line says of its input, and the version of each source."""

    notebook: Path
    entry: Entry
    versions: dict[str, Any] = field(default_factory=dict)
