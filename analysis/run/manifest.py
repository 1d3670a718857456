"""What was made, from what, and whether it is still what would be made now."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from analysis.errors import InputError
from analysis.files import sha256_of
from analysis.run.writing import as_json, write_whole

MANIFEST, SEEN = "manifest.json", ".seen.json"
Action = Literal["current", "page", "run"]
MADE_FROM = {
    "parameters": "its parameters",
    "notebook_sha256": "its code cells or their tags",
    "package_sha256": "a module of the package that it uses",
    "reference_sha256": "a reference table that it uses",
    "events_sha256": "the register of events",
    "rows_sha256": "a row that it reads",
    "calendar_sha256": "what is known of the source and of its weeks",
    "versions": "the version of a library",
}
"""What a report is made from: fields of an entry, and how a change of each is called."""


@dataclass(frozen=True)
class Entry:
    """One report's line in the manifest.

    ``key`` is a hash of all that the report is made from (:data:`MADE_FROM`), ``page_sha256`` of what its page is made
    with beyond that; ``source_sha256`` says which file the source stood in; ``files`` gives the sha256 of each file
    written. ``started`` and ``seconds`` are the run's own times: they stand here and in no page, table or fact.
    """

    folder: str
    notebook: str
    parameters: dict[str, Any]
    source: str
    source_sha256: str
    notebook_sha256: str
    package_sha256: str
    reference_sha256: str
    events_sha256: str
    rows_sha256: str
    calendar_sha256: str
    versions: dict[str, str]
    page_sha256: str
    outcome: Literal["made", "failed"]
    message: str = ""
    started: str = ""
    seconds: float = 0.0
    files: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Hash all that the report is made from."""
        made_from = {name: getattr(self, name) for name in MADE_FROM}
        return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def read_manifest(out: Path) -> dict[str, Entry]:
    """Read the manifest of an output folder: entries by report folder; none where there is no manifest.

    Raises
    ------
    InputError
        The file is damaged.
    """
    path = out / MANIFEST
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {entry["folder"]: Entry(**entry) for entry in content["reports"]}
    except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise InputError(
            "the manifest is damaged", file=path, found=str(error), do="Delete it: all reports are then made again"
        ) from error


def write_manifest(out: Path, entries: Mapping[str, Entry]) -> None:
    """Write the manifest, ordered by report folder."""
    write_whole(out / MANIFEST, as_json({"reports": [asdict(entries[folder]) for folder in sorted(entries)]}))


class Outputs:
    """The files of reports, hashed; a file whose size, inode and times have not changed is not read again.

    What was seen is kept in ``.seen.json``, which may be deleted at any time.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        try:
            self.seen: dict[str, list[Any]] = json.loads((out / SEEN).read_text(encoding="utf-8"))
        except (OSError, ValueError):  # never written, or cut short
            self.seen = {}
        self.new = False

    def differs(self, entry: Entry) -> str:
        """Name the first file that is not as it was written; blank where all are."""
        for name, sha256 in entry.files.items():
            path = f"{entry.folder}/{name}"
            try:
                about = os.stat(f"{self.out}/{path}")  # thousands of them: no Path for each
            except FileNotFoundError:
                return name
            now = [about.st_size, about.st_ino, about.st_mtime_ns, about.st_ctime_ns]
            if self.seen.get(path, [])[1:] != now:
                self.seen[path] = [sha256_of(self.out / path), *now]
                self.new = True
            if self.seen[path][0] != sha256:
                return name
        return ""

    def keep(self) -> None:
        """Write what was seen, where that can be written."""
        if self.new and os.access(self.out, os.W_OK):
            write_whole(self.out / SEEN, json.dumps(self.seen).encode())


def why(earlier: Entry | None, now: Entry, outputs: Outputs) -> tuple[Action, str]:
    """Say what there is to do for a report, and why.

    Parameters
    ----------
    earlier
        The report's line in the manifest, if any.
    now
        What would be made.
    outputs
        The files that stand.

    Returns
    -------
    tuple
        ``current`` (nothing), ``page`` (the page alone, from the executed notebook) or ``run``; and the reason.
    """
    if earlier is None:
        return "run", "it was never made"
    if earlier.outcome != "made":
        return "run", "it failed"
    changed = [words for name, words in MADE_FROM.items() if getattr(earlier, name) != getattr(now, name)]
    if changed:
        return "run", "changed: " + ", ".join(changed)
    if differs := outputs.differs(earlier):
        return "run", f"no longer as it was written: {differs}"
    if earlier.page_sha256 != now.page_sha256:
        return "page", "changed: the text of the notebook, or how its page is made"
    return "current", "up to date"
