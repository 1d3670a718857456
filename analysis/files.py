"""Files of any room: where they stand, written whole or not at all, hashed, as JSON."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Literal
from uuid import uuid4

from platformdirs import user_data_path

from analysis.errors import InputError

DATA_DIR_VARIABLE = "DECLINES_DATA_DIR"
_PACKAGE = Path(__file__).resolve().parent


def bundled_folder(name: Literal["data", "notebooks"]) -> Path:
    """Find a folder that ships with the package: in a wheel inside it, in a checkout beside it."""
    places = _PACKAGE / "_bundled" / name, _PACKAGE.parent / name
    for folder in places:
        if folder.is_dir():
            return folder
    expected = " or ".join(map(str, places))
    raise InputError(f"the bundled folder {name!r} is missing", expected=expected, do="Install the package again")


def data_folder() -> Path:
    """Give the folder of imported sources: ``DECLINES_DATA_DIR`` if set, else the user's own data folder."""
    given = os.environ.get(DATA_DIR_VARIABLE)
    return Path(given) if given else user_data_path("declined-detainers", appauthor=False)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name, then rename it, so that no reader ever meets half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def as_json(content: object) -> bytes:
    """Write JSON for people and programs: one value a line, in the order given."""
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode(errors="backslashreplace")


def sha256_of(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
