"""The command in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DECLINES = [sys.executable, "-P", "-c", "from analysis.cli import main; main()"]


def declines(*words: str | Path, folder: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command of `declines`, in a folder."""
    return subprocess.run([*DECLINES, *map(str, words)], cwd=folder, check=check, capture_output=True, text=True)
