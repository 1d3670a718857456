"""What was made, from what, and whether it is still what would be made now."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from analysis.errors import InputError
from analysis.load.files import bundled_folder, sha256_of
from analysis.run.reports import as_json, write_whole

MANIFEST = "manifest.json"
SHAPING = ("matplotlib", "nbconvert", "numpy", "pandas", "papermill", "scipy", "seaborn", "statsmodels")
"""Libraries whose versions shape what a report says or how it looks."""


@dataclass(frozen=True)
class Entry:
    """One report's line in the manifest.

    ``key`` is a hash of all that the report is made from; ``files`` gives the sha256 of each file that it wrote.
    ``started`` and ``seconds`` are the run's own times: they stand here and in no page, table or fact.
    """

    folder: str
    notebook: str
    parameters: dict[str, Any]
    source: str
    source_sha256: str
    notebook_sha256: str
    package_sha256: str
    data_sha256: str
    versions: dict[str, str]
    key: str
    outcome: Literal["made", "failed"]
    message: str = ""
    started: str = ""
    seconds: float = 0.0
    files: dict[str, str] = field(default_factory=dict)


@cache
def versions() -> dict[str, str]:
    """Give the versions of this package and of the libraries that shape a report."""
    return {name: version(name) for name in ("declined-detainers", *SHAPING)}


@cache
def package_sha256() -> str:
    """Hash the package's own modules and templates."""
    return _folder_sha256(Path(__file__).resolve().parents[1], ("*.py", "*.j2", "*.css", "*.js"))


@cache
def data_sha256() -> str:
    """Hash the bundled data: sources, reference tables and origins."""
    return _folder_sha256(bundled_folder("data"), ("*",))


def _folder_sha256(folder: Path, patterns: tuple[str, ...]) -> str:
    """Hash the names and contents of a folder's files."""
    paths = sorted({p for pattern in patterns for p in folder.rglob(pattern) if p.is_file()})
    lines = [
        f"{path.relative_to(folder).as_posix()} {sha256_of(path)}"
        for path in paths
        if not {"_bundled", "__pycache__"} & set(path.relative_to(folder).parts)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def code_sha256(notebook: Path) -> str:
    """Hash a notebook's cells and their tags, outputs left out."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    told = [(c["cell_type"], "".join(c["source"]), sorted(c["metadata"].get("tags", []))) for c in cells]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


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
            "the manifest is damaged", file=path, found=repr(error), do="Delete it: all reports are then made again"
        ) from error


def write_manifest(out: Path, entries: dict[str, Entry]) -> None:
    """Write the manifest, ordered by report folder."""
    write_whole(out / MANIFEST, as_json({"reports": [asdict(entries[folder]) for folder in sorted(entries)]}))


def is_current(out: Path, entry: Entry | None, key: str) -> bool:
    """Say whether a report was made from just this and every file of it is still as it was written."""
    if entry is None or entry.outcome != "made" or entry.key != key:
        return False
    paths = {out / entry.folder / name: sha for name, sha in entry.files.items()}
    return all(path.is_file() and sha256_of(path) == sha for path, sha in paths.items())
