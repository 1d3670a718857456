"""Two versions of a source: which rows are new, changed or vanished, and what each week's figures were and are.

ICE fills in and corrects rows between releases, so a week's figures are revised for a long time. Person ids are made
anew for every release; unless two versions share them, rows are matched by their content. Of rows alike in all of it
nobody can tell which became which. The counts stand all the same: they are the least numbers of new, changed and
vanished rows that turn one version into the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.load.table import NAMES
from analysis.stats.cohorts import count_outcomes
from analysis.stats.weeks import week_of

STABLE = ("issued_on", "state", "agency", "city", "facility_code", "form", "citizenship")
STABLE_CARRIED = ("gender", "birth year", "birth country")
"""Carried columns, by name in lower case, that ICE has no reason to revise."""
MAY_CHANGE = ("offence_text", "offence_code", "criminality", "threat_level", "lifted_on")
IDS_SHARED = 0.5
"""Share of the ids of the version with fewer that the other must have too; ids made anew have none in common."""
WEEKLY = ["issued", "declined", "not_recorded"]
KINDS = ("same", "changed", "vanished", "new")
_PRIME = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Revision:
    """What changed from one version of a source to another.

    Attributes
    ----------
    key
        Columns by which rows were matched; with ``person`` among them the versions share ids.
    rows
        One row per kind (same, changed, vanished, new): ``kind``, ``detainers``, and ``alike``, how many of them share
        their key with another row of their version, so that it is open which row it was.
    columns
        One row per column that differs in a matched row: ``column``, ``detainers``; most first.
    outcomes
        One row per pair of outcomes that differ in a matched row: ``was``, ``now``, ``detainers``, ``alike``; most
        first.
    by_week
        As from :func:`weeks_revised`, with ``changed``, ``vanished`` and ``new`` detainers of the week.
    """

    key: tuple[str, ...]
    rows: pd.DataFrame
    columns: pd.DataFrame
    outcomes: pd.DataFrame
    by_week: pd.DataFrame


def compare_versions(older: pd.DataFrame, newer: pd.DataFrame) -> Revision:
    """Match the rows of two versions of a source and count what changed.

    Rows are matched one to one, in rounds over what the rounds before left: alike in everything compared; in all but
    the lift reason; in all but offence, criminality, threat level and end; by the key alone; and where ids are shared,
    by person and day, whatever became of place and form.

    Parameters
    ----------
    older, newer
        Tables of detainers. A row of counts stands for as many rows as it has detainers.

    Returns
    -------
    Revision
        Detainers issued after the older version's last day are ``new`` as all others are.
    """
    older, newer = (table.loc[np.repeat(table.index, table["detainers"])].reset_index(drop=True) for table in (older, newer))
    key = [name for name in [*STABLE, *_carried(older, newer)] if _in_both(name, older, newer)]
    key += ["person"] if share_ids(older, newer) else []
    details = [name for name in MAY_CHANGE if _in_both(name, older, newer)]
    compared = list(dict.fromkeys([*key, "lift_reason", *details]))
    was, now = ({name: _fingerprint(table[name]) for name in compared} for table in (older, newer))
    partner = np.full(len(older), -1)
    free = np.ones(len(newer), dtype=bool)
    rounds = [compared, [*key, *details], [*key, "lift_reason"], key]
    rounds += [["person", "issued_on"]] if "person" in key else []
    for columns in rounds:
        known = [table["person"].notna().to_numpy() | (columns != ["person", "issued_on"]) for table in (older, newer)]
        left, right = _pairs(was, now, columns, compared, (partner < 0) & known[0], free & known[1])
        partner[left] = right
        free[right] = False
    return _revision(older, newer, partner, free, was, now, key)


def share_ids(older: pd.DataFrame, newer: pd.DataFrame) -> bool:
    """Say whether two versions have the same person ids, as within one release, or ids made anew."""
    ids = [table["person"].dropna().unique() for table in (older, newer)]
    fewer, more = sorted(ids, key=len)
    return len(fewer) > 0 and bool(np.isin(fewer, more).mean() >= IDS_SHARED)
