"""Write into a build the commit that it is made from, which its ``declines --version`` then says."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILE = ".commit"


class CommitHook(BuildHookInterface):
    """Add a file with the commit to a wheel and to an sdist; an editable install asks git whenever it is asked."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Ask git in a checkout, and read what an sdist brought along elsewhere; where neither knows, add no file."""
        root = Path(self.root)
        commit = root / FILE
        if (root / ".git").exists():
            asked = ["git", "-C", str(root), "describe", "--always", "--dirty"]
            self.draft = tempfile.TemporaryDirectory()  # goes with this object, when the build is done
            commit = Path(self.draft.name, FILE)
            try:
                commit.write_bytes(subprocess.run(asked, check=True, capture_output=True).stdout)
            except (OSError, subprocess.CalledProcessError):
                return
        if version != "editable" and commit.is_file():
            place = FILE if self.target_name == "sdist" else f"analysis/_bundled/{FILE}"
            build_data["force_include"][str(commit)] = place
