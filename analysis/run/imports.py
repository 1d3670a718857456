"""Release files to stored sources: read once, check, keep; and the scorecard alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd

from analysis.errors import InputError
from analysis.load.quality import as_text, scorecard, stops
from analysis.load.releases import Release, open_release
from analysis.load.scorecards import WARN
from analysis.load.sources import bundled_sources
from analysis.load.store import check_name, files_sha256, read_stored, store, stored_version, usable_name, versions_of
from analysis.show.sentences import counted

SAMPLE = "SAMPLE "
"""Every facility of a made-up release begins so."""


@dataclass(frozen=True)
class Imported:
    """What an import did: the source's name, its version, and what to tell the user."""

    name: str
    version: int
    text: str


def name_of(path: Path) -> str:
    """Make a source's name from a file's, the suffixes left out."""
    return usable_name(path.name.split(".")[0]) or "release"


def check_release(
    paths: Sequence[Path],
    *,
    previous: str | None = None,
    extracted_on: date | None = None,
    today: date | None = None,
) -> pd.DataFrame:
    """Read a release and give its scorecard (:func:`analysis.load.quality.scorecard`).

    Parameters
    ----------
    paths
        Files or a folder.
    previous
        Name of an imported source to compare with; None = none.
    extracted_on
        Day on which ICE made the file; None = as the files say, if they do.
    today
        Day after which none can have been issued, where the day of extraction is not known; None = no bound.

    Raises
    ------
    InputError
        The release or the previous source cannot be read.
    """
    earlier = None
    if previous is not None:
        versions = versions_of(check_name(previous))
        if not versions:
            raise InputError(f"no imported source is named {previous!r}", do="`declines list` shows all sources")
        earlier = read_stored(versions[-1].path)
    release = open_release(list(paths), not_after=extracted_on or today)
    return scorecard(release, extracted_on=extracted_on or release.extracted_on, previous=earlier)


def import_release(
    paths: Sequence[Path],
    name: str,
    *,
    title: str,
    extracted_on: date | None = None,
    today: date | None = None,
) -> Imported:
    """Read a release, check it, and keep it as the newest version of a source; the same files again do nothing.

    Parameters
    ----------
    paths
        Files or a folder.
    name, title
        The source's name, and what reports call it.
    extracted_on
        Day on which ICE made the file; None = as the files say, if they do.
    today
        Day after which none can have been issued, where the day of extraction is not known; None = no bound.

    Raises
    ------
    InputError
        The name cannot be used, the files cannot be read, or a check of them stops.
    """
    check_name(name)
    if name in bundled_sources():
        raise InputError("a bundled source has that name", found=name, do="Give the release another name")
    digest = files_sha256(paths)
    already = stored_version(name, digest)
    if already is not None:
        text = f"{name}: version {already.number} was made from the same files"
        newest = versions_of(name)[-1].number
        if newest != already.number:
            text += f"; version {newest} remains the newest, and is what `declines run` uses"
        return Imported(name, already.number, text)
    release = open_release(list(paths), not_after=extracted_on or today)
    extracted_on = extracted_on or release.extracted_on
    earlier = versions_of(name)
    previous = read_stored(earlier[-1].path) if earlier else None

    @cache
    def card() -> pd.DataFrame:
        return _passed(scorecard(release, extracted_on=extracted_on, previous=previous))

    kept = store(
        release,
        name,
        digest=digest,
        title=title,
        extracted_on=extracted_on,
        synthetic=is_synthetic(release),
        scorecard=card,
    )
    warnings = int((card()["level"] == WARN).sum())
    rows = f"{counted(len(release.table), 'rows')} in form {release.form}"
    return Imported(name, kept.number, f"{name}: version {kept.number}, {rows}, {counted(warnings, 'warnings')}")


def _passed(card: pd.DataFrame) -> pd.DataFrame:
    """Give a scorecard back in which nothing stops.

    Raises
    ------
    InputError
        Something does.
    """
    if stops(card):
        raise InputError(
            "the release is not imported: a check stops it", do="Mend the file or the crosswalk\n" + as_text(card)
        )
    return card


def is_synthetic(release: Release) -> bool:
    """Say whether a release is made up, and be it in part: the names of invented facilities say so."""
    return any(agency.startswith(SAMPLE) for agency in release.table["agency"].cat.categories)
