"""The rows of each week of a source as hashes, so that a report is made anew when a row that it reads has changed.

A new release is a new file, but most of its weeks are the old ones. The hashes of a file are worked out once and kept
in the data folder, under what they follow from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.errors import InputError
from analysis.load.sources import Source, data_folder, versions
from analysis.run.keys import files_sha256, modules_of, modules_sha256, reference_files
from analysis.run.writing import as_json, write_whole

KEPT = ".slices"
UNDATED = "undated"


def slices_of(source: Source) -> dict[str, str]:
    """Give the hashes of a source's weeks; the first time, all of it is read and so checked.

    Raises
    ------
    InputError
        The first thing of the source that cannot be used.
    """
    if source.facts.clock == "recorded":
        digest = files_sha256(path for path in source.path.parent.iterdir() if path.is_file())

        def whole() -> dict[str, str]:
            source.check()
            return {UNDATED: digest}

        return _kept(digest, whole)
    source.check()
    return source.week_hashes()


def slices_of_versions(name: str) -> list[dict[str, str]]:
    """Give the hashes of the weeks of every stored version of a source, oldest first."""
    return [version.week_hashes() for version in versions(name)]


def check_events(register: Sequence[Path]) -> None:
    """Read the register of events, once for each state of it, so that what cannot be used is met before any report.

    Raises
    ------
    InputError
        The first thing of the register that cannot be used.
    """

    def read() -> dict[str, str]:
        from analysis.load.reference import events

        return {"events": str(len(events()))}

    if register:
        _kept(f"events {files_sha256(register)}", read)


def _kept(digest: str, work_out: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Look hashes up under what they follow from: a file, the modules that read it, and their reference tables."""
    modules = modules_of("from analysis.load import sources")
    readers = modules_sha256(modules), files_sha256(reference_files(modules))
    name = hashlib.sha256("\n".join([digest, *readers]).encode()).hexdigest()
    path = data_folder() / KEPT / f"{name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not worked out yet, or cut short
        hashes = work_out()
    try:
        write_whole(path, as_json(hashes))
    except OSError as error:
        raise InputError(
            f"the data folder cannot be written: {error.strerror}", file=path.parent, do="Give another with --data-dir"
        ) from error
    return hashes
