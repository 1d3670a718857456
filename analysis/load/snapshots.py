"""The versions of a source that can be compared: those imported, or made-up ones where there are none to import."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd

from analysis.errors import InputError
from analysis.load.files import SourceFacts, as_cited, origin_of
from analysis.load.releases import read_release
from analysis.load.sources import Source
from analysis.load.store import find_version, read_stored, versions_of
from analysis.load.synthetic import generate, write_origin, write_release
from analysis.load.synthetic_laws import Options

MADE_UP = "synthetic"
EXTRACTIONS = (date(2026, 1, 6), date(2026, 2, 3), date(2026, 3, 10))
"""Days of extraction of the made-up versions 1, 2 and 3."""
_SEED, _DETAINERS, _FIRST_DAY, _LAST_DAY = 20261125, 12_000, date(2025, 1, 4), date(2026, 2, 27)


@dataclass(frozen=True)
class Snapshot:
    """One version of a source: its number, what is known of it, the hash of its file, and its table of detainers."""

    number: int
    facts: SourceFacts
    sha256: str
    table: pd.DataFrame

    @property
    def cited(self) -> dict[str, str]:
        """What reports on it say of it (:func:`analysis.load.files.as_cited`)."""
        return as_cited(self.facts, self.sha256)


def version_numbers(source: str) -> list[int]:
    """List the versions of a source, oldest first."""
    imported = [version.number for version in versions_of(source)]
    return list(range(1, len(EXTRACTIONS) + 1)) if source == MADE_UP and not imported else imported


def pick_versions(source: str, older: int, newer: int) -> tuple[int, int]:
    """Find the two versions that a user means.

    Parameters
    ----------
    source
        Name of an imported source, or ``synthetic``.
    older, newer
        Numbers of versions; 0 is the newest, -1 the one before it, and so on.

    Raises
    ------
    InputError
        The source has not two versions, or not these, or they are not in this order.
    """
    known = version_numbers(source)
    if len(known) < 2:
        raise InputError(
            f"the source {source!r} has {len(known)} imported versions, and a comparison needs two",
            do="Import the newer file under the same name: declines import FILE --name NAME",
        )
    picked = [known[given - 1] if -len(known) < given <= 0 else given for given in (older, newer)]
    if not set(picked) <= set(known) or picked[0] >= picked[1]:
        raise InputError(
            f"the versions {older} and {newer} of {source!r} cannot be compared",
            expected=f"an older and a newer one of {', '.join(map(str, known))}; 0 is the newest, -1 the one before",
        )
    return picked[0], picked[1]


def snapshot(source: str, number: int, columns: Sequence[str] | None = None, last: date | None = None) -> Snapshot:
    """Read one version of a source.

    Parameters
    ----------
    source, number
        As :func:`pick_versions` takes and gives them.
    columns
        Columns wanted; None = all.
    last
        Last day of issue; None = no bound. Made-up versions are always given whole.

    Raises
    ------
    InputError
        There is no such version, or its file is damaged.
    """
    if source == MADE_UP and not versions_of(source) and number in version_numbers(source):
        return _made_up(number)
    version = find_version(source, number)
    if version.origin.source is None:
        raise InputError("the origin file has no source block", file=version.path, do="Import the release again")
    return Snapshot(number, version.origin.source, version.origin.sha256, read_stored(version.path, columns, last=last))


def all_tables(source: str, columns: Sequence[str], last: date | None = None) -> dict[int, pd.DataFrame]:
    """Read some columns of every version of a source, up to a day of issue, by number, oldest first."""
    return {number: snapshot(source, number, columns, last).table[list(columns)] for number in version_numbers(source)}


def versions_by_day(source: Source, columns: Sequence[str], last: date | None = None) -> dict[date, pd.DataFrame]:
    """Read some columns of every version of an imported source, up to a day of issue; empty unless there are two.

    Returns
    -------
    dict
        Tables by day of extraction.
    """
    if source.version < 2:
        return {}
    shots = [snapshot(source.facts.name, number, columns, last) for number in version_numbers(source.facts.name)]
    return {shot.facts.extracted_on: shot.table[list(columns)] for shot in shots}


def extraction_days(source: str) -> dict[int, date | None]:
    """Give the day of extraction of every version of a source, by number; None = not known."""
    imported = {version.number: version.origin.source for version in versions_of(source)}
    days = {
        number: facts.extracted_on if facts.extracted_known else None
        for number, facts in imported.items()
        if facts is not None
    }
    return dict(zip(version_numbers(source), EXTRACTIONS, strict=False)) if source == MADE_UP and not days else days


@cache
def _made_up(number: int) -> Snapshot:
    """Make up what ICE's file would have shown on one day: some ends corrected later, some rows vanished."""
    made = generate(
        _SEED,
        detainers=_DETAINERS,
        first_day=_FIRST_DAY,
        last_day=_LAST_DAY,
        extracted_on=EXTRACTIONS[number - 1],
        options=Options(changed=0.02, vanished=0.01),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "synthetic.parquet"
        write_release(made.release, path)
        write_origin(made, path, command="made while the report ran")
        origin, table = origin_of(path), read_release(path).table
    facts = SourceFacts.model_validate(origin.source)
    return Snapshot(number, facts, origin.sha256, table)
