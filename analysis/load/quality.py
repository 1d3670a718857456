"""How good a source is: its scorecard, one row per check, each at pass, warn or stop.

A warning is said aloud and stands in every report on the source's quality; a stop refuses the import.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import pandas as pd

from analysis.errors import InputError
from analysis.load import checks, norms
from analysis.load.reference import read_text_table
from analysis.load.releases import Release, open_release
from analysis.load.scorecards import LEVELS, STOP, Check, as_card, written
from analysis.load.store import SCORECARD_FILE, TABLE_FILE

if TYPE_CHECKING:
    from analysis.load.sources import Source


def scorecard(
    release: Release, *, extracted_on: date | None = None, previous: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Check a release just read.

    Parameters
    ----------
    release
        As :func:`analysis.load.releases.open_release` gives it.
    extracted_on
        Day on which ICE made the file; None = not known.
    previous
        Table of the version before, to compare with; None = none.

    Returns
    -------
    pandas.DataFrame
        One row per check, in the order of reading: ``check`` (its id), ``what``, ``found`` (a plain number, a day or
        words, as text), ``share`` (of the detainers unless ``what`` says otherwise; NaN = none), ``norm`` (the
        published share nearest to it; NaN = none), ``level`` (pass, warn, stop) and ``note`` (what it means, what to
        do; may be empty).
    """
    table = release.table
    return as_card(
        [
            *checks.reading(release),
            *checks.counted(table, release.persons),
            *checks.selection(table),
            *checks.columns(release),
            *checks.mended(release),
            *checks.words(release),
            *norms.blanks(table, release.form, release.gaps),
            *checks.offence_steps(release),
            *checks.dates(table, extracted_on),
            *checks.days_and_weeks(table, extracted_on),
            *norms.totals(table, release.form),
            *(checks.against_previous(table, previous) if previous is not None else ()),
        ]
    )


def table_scorecard(table: pd.DataFrame, *, extracted_on: date | None = None) -> pd.DataFrame:
    """Check a table of detainers alone: those checks of :func:`scorecard` that need no notes from the reading."""
    absent = [str(name) for name in table.columns[table.isna().all()]]
    return as_card(
        [
            *checks.counted(table, table["person"].nunique()),
            *checks.selection(table),
            *norms.blanks(table, "", absent),
            *checks.dates(table, extracted_on),
            *checks.days_and_weeks(table, extracted_on),
        ]
    )


def source_scorecard(source: Source) -> pd.DataFrame:
    """Give the scorecard of a source: of an imported one that made at the import, else one made now."""
    stored, facts = source.path.with_name(SCORECARD_FILE), source.facts
    if source.path.name == TABLE_FILE and stored.is_file():
        return read_scorecard(stored)
    day = facts.extracted_on if facts.extracted_known else None
    if source.path.name == TABLE_FILE or source.path.name.endswith(".csv"):
        return table_scorecard(source.detainers(), extracted_on=day)
    return scorecard(open_release(source.path), extracted_on=day)


def read_scorecard(path: Path) -> pd.DataFrame:
    """Read a scorecard kept as CSV.

    Raises
    ------
    InputError
        The file is missing or not a scorecard.
    """
    table = read_text_table(path, list(Check._fields))[list(Check._fields)]
    numbers = table[["share", "norm"]].replace("", None).apply(pd.to_numeric, errors="coerce")
    strange = table["level"].isin(LEVELS) & (numbers.isna() == table[["share", "norm"]].eq("")).all(axis="columns")
    if not strange.all():
        at = int(strange.idxmin())
        raise InputError(
            "the row is not one of a scorecard",
            file=path,
            place=f"row {at + 2}",
            found=list(table.loc[at]),
            do="Import the release again",
        )
    return table.assign(**numbers)


def stops(card: pd.DataFrame) -> list[str]:
    """List what refuses the import, in words; empty where nothing does."""
    return [f"{row.what} ({written(row.found)}): {row.note}" for row in card[card["level"] == STOP].itertuples()]


def as_text(card: pd.DataFrame, width: int = 110) -> str:
    """Write a scorecard for a terminal: level, check, found, share, known share; the notes below, wrapped to width."""
    room = max(map(len, card["what"]), default=0)
    lines = [f"{'':5} {'check':<{room}} {'found':>12} {'share':>8} {'known':>8}"]
    for row in card.itertuples():
        share, norm = ("" if pd.isna(value) else f"{value:.2%}" for value in (row.share, row.norm))
        lines.append(f"{row.level.upper():5} {row.what:<{room}} {written(row.found):>12} {share:>8} {norm:>8}".rstrip())
        lines += wrap(row.note, width, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join([*lines, ", ".join(f"{(card['level'] == level).sum()} {level}" for level in LEVELS)])
