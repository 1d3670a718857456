"""The rows of each week of a source as hashes, worked out once for a file and kept in the data folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import InputError
from analysis.files import as_json, write_whole
from analysis.load.files import check_hash
from analysis.load.sources import Source
from analysis.load.store import data_folder, read_parts, versions_of
from analysis.periods import week_of

if TYPE_CHECKING:  # a run that has nothing to do should not wait for it
    import pandas as pd

WHERE_FROM = ("source_file", "source_sheet", "source_row")
"""Columns that a new file changes although the detainers are the same."""
UNDATED = "undated"


def week_hashes(parts: Iterable[pd.DataFrame]) -> dict[str, str]:
    """Hash the rows of each week of issue; their order and where they stood in the file do not count.

    Parameters
    ----------
    parts
        The table of detainers, in any parts.

    Returns
    -------
    dict
        sha256 by Saturday (ISO date), and ``undated`` where rows have no day of issue.
    """
    import numpy as np
    import pandas as pd

    found: dict[str, list[Any]] = {}
    for part in parts:
        rows = pd.util.hash_pandas_object(part.drop(columns=list(WHERE_FROM), errors="ignore"), index=False)
        weeks = week_of(part["issued_on"]).dt.strftime("%Y-%m-%d").astype("str").fillna(UNDATED)
        for week, of_week in rows.groupby(weeks.to_numpy()):
            found.setdefault(str(week), []).append(of_week.to_numpy())
    return {week: hashlib.sha256(np.sort(np.concatenate(rows)).tobytes()).hexdigest() for week, rows in found.items()}


def slices_of(source: Source, made_with: str) -> list[dict[str, str]]:
    """Give the hashes of the weeks of each version of a source, its own last; the first time, all is read and checked.

    Parameters
    ----------
    source
        The source.
    made_with
        Hash of what reads it.

    Raises
    ------
    InputError
        The first thing of the source that cannot be used.
    """
    if source.version:
        paths = [one.path for one in versions_of(source.facts.name) if one.number <= source.version]
        return [_kept(check_hash(path), made_with, partial(_of_stored, path)) for path in paths]
    if source.facts.clock == "issued":
        return [_kept(source.sha256, made_with, lambda: week_hashes(source.parts()))]
    files = sorted(path for path in source.path.parent.iterdir() if path.is_file())
    digest = hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)).hexdigest()

    def whole() -> dict[str, str]:
        source.check()
        return {UNDATED: digest}

    return [_kept(digest, made_with, whole)]


def _of_stored(path: Path) -> dict[str, str]:
    """Hash the weeks of a stored table."""
    return week_hashes(read_parts(path))


def check_events(made_with: str) -> None:
    """Read the register of events, once for each state of it, so that what cannot be used is met before any report."""

    def read() -> dict[str, str]:
        from analysis.load.events import events

        return {"events": str(len(events()))}

    _kept("events", made_with, read)


def version_id(source: Source) -> str:
    """Give what tells this version of a source from any other: its number, and the hash of its file."""
    return f"v{source.version:03d}-{source.origin.sha256[:12]}"


def _kept(digest: str, made_with: str, work_out: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Look hashes up under what they follow from: a file, and what reads it."""
    path = data_folder() / ".slices" / f"{hashlib.sha256(f'{digest} {made_with}'.encode()).hexdigest()}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not worked out yet, or cut short
        hashes = work_out()
    try:
        write_whole(path, as_json(hashes))
    except OSError as error:
        what = f"the data folder cannot be written: {error.strerror}"
        raise InputError(what, file=path.parent, do="Give another with --data-dir") from error
    return hashes
