"""Two versions of a source: which rows are new, late, changed or vanished, and what each week's figures were and are.

ICE fills in and corrects rows between releases, so a week's figures are revised for a long time. Person ids are made
anew for every release; unless two versions share them, rows are matched by their content. Of rows alike in all of it
nobody can tell which became which. The counts stand all the same: they are the least numbers of new, changed and
vanished rows that turn one version into the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.load.table import NAMES, Outcome
from analysis.periods import week_of
from analysis.stats.cohorts import count_outcomes

STABLE = ("issued_on", "form", "citizenship")
CODE, PLACE = "facility_code", ("state", "agency", "city")
"""The facility's code stands for its place, whose spelling then may change."""
STABLE_CARRIED = ("gender", "birth year", "birth country")
"""Carried columns, by name in lower case, that ICE has no reason to revise."""
MAY_CHANGE = ("offence_text", "offence_code", "criminality", "threat_level", "lifted_on")
IDS_SHARED = 0.5
"""Share of the ids of the version with fewer that the other must have too; ids made anew have none in common."""
WEEKLY = ["issued", "declined", "not_recorded"]
KINDS = ("same", "changed", "vanished", "late", "new")
_PRIME = np.uint64(0x9E3779B97F4A7C15)
Prints = Mapping[str, NDArray[np.uint64]]
"""Fingerprints of a version's rows, by column."""


@dataclass(frozen=True)
class Revision:
    """What changed from one version of a source to another.

    Attributes
    ----------
    key
        Columns by which rows were matched; with ``person`` among them the versions share ids.
    rows
        One row per kind: ``kind``, ``detainers``, and ``alike``, how many of them share their key with another row of
        their version, so that it is open which row it was. The kinds: same, changed, vanished; new, issued after the
        older version's last day; late, issued by then and yet not in it.
    columns
        One row per column that differs in a matched row: ``column``, ``detainers``; most first.
    outcomes
        One row per pair of outcomes that differ in a matched row: ``was``, ``now``, ``detainers``, ``alike``; most
        first.
    by_week
        As from :func:`weeks_revised`, with ``changed``, ``vanished``, ``late`` and ``new`` detainers of the week.
    """

    key: tuple[str, ...]
    rows: pd.DataFrame
    columns: pd.DataFrame
    outcomes: pd.DataFrame
    by_week: pd.DataFrame


def compare_versions(older: pd.DataFrame, newer: pd.DataFrame) -> Revision:
    """Match the rows of two versions of a source and count what changed.

    Rows are matched one to one, in rounds over what the rounds before left: alike in everything compared; in all but
    the lift reason; in all but what else may change (offence, criminality, threat level, end; the place, where it has a
    code); by the key alone; and where ids are shared, by person and day, whatever became of place and form.

    Parameters
    ----------
    older, newer
        Tables of detainers. A row of counts stands for as many rows as it has detainers.

    Returns
    -------
    Revision
        The counts of both versions follow from it: same, changed and vanished add up to the older, same, changed, late
        and new to the newer one.
    """
    older, newer = _one_row_each(older), _one_row_each(newer)
    place, may_change = (PLACE, MAY_CHANGE) if not _in_both(CODE, older, newer) else ((CODE,), (*PLACE, *MAY_CHANGE))
    key = [name for name in (*STABLE, *place, *_carried(older, newer)) if _in_both(name, older, newer)]
    shared = share_ids(older, newer)
    key += ["person"] if shared else []
    compared = [*key, "lift_reason", *(name for name in may_change if _in_both(name, older, newer))]
    was, now = ({name: _fingerprint(table[name]) for name in compared} for table in (older, newer))
    partner, free = np.full(len(older), -1), np.ones(len(newer), dtype=bool)
    details = [name for name in compared if name != "lift_reason"]
    for columns in (compared, details, [*key, "lift_reason"], key):
        _pair_up(was, now, columns, partner, free)
    if shared:
        has_id = [table["person"].notna().to_numpy() for table in (older, newer)]
        _pair_up(was, now, ["person", "issued_on"], partner, free, *has_id)
    return _revision(older, newer, partner, free, was, now, key)


def share_ids(older: pd.DataFrame, newer: pd.DataFrame) -> bool:
    """Say whether two versions have the same person ids, as within one release, or ids made anew."""
    fewer, more = sorted((np.unique(_fingerprint(table["person"].dropna())) for table in (older, newer)), key=len)
    return len(fewer) > 0 and bool(np.isin(fewer, more).mean() >= IDS_SHARED)


def weeks_revised(older: pd.DataFrame, newer: pd.DataFrame) -> pd.DataFrame:
    """Put each week's figures in two versions beside each other.

    Returns
    -------
    pandas.DataFrame
        One row per week of issue of either version, index ``week``: ``issued_was``, ``issued_now``, ``issued_change``,
        and so for ``declined`` and ``not_recorded``; ``cut``, whether the days of a version begin or end within the
        week. A week before the first or after the last of a version is blank there, which is not zero.
    """
    both = _weekly(older).add_suffix("_was").join(_weekly(newer).add_suffix("_now"), how="outer")
    for name in WEEKLY:
        both[f"{name}_change"] = both[f"{name}_now"] - both[f"{name}_was"]
    both = both[[f"{name}_{part}" for name in WEEKLY for part in ("was", "now", "change")]]
    first = max(table["issued_on"].min() for table in (older, newer))
    last = min(table["issued_on"].max() for table in (older, newer))
    saturday, friday = both.index, both.index + pd.Timedelta(days=6)
    return both.assign(cut=((saturday < first) & (first <= friday)) | ((saturday <= last) & (last < friday)))


def reporting_triangle(versions: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Lay out what successive versions knew of each week's declines.

    Parameters
    ----------
    versions
        Tables of detainers by version, the oldest first; ``issued_on``, ``outcome`` and ``detainers`` are read.

    Returns
    -------
    pandas.DataFrame
        One row per week of issue, index ``week``, one column per version: detainers of the week recorded as declined
        by then. Blank where the version does not reach the week.
    """
    known = {number: _weekly(table)["declined"] for number, table in versions.items()}
    return pd.DataFrame(known).rename_axis("week")


def revision_facts(revision: Revision) -> dict[str, object]:
    """Gather the facts of a revision, by id.

    ``rows_KIND`` and ``alike_KIND`` by kind; ``weeks_both``, full in both versions, ``weeks_revised`` of them, and
    the sums of their figures, ``declined_was`` and so on; ``filled``, detainers whose end was not recorded and now is,
    ``declined_filled`` of them as declined; ``most``, the full week whose declines changed most, with its figures.
    """
    rows, weeks = revision.rows.set_index("kind"), revision.by_week
    both = weeks[~weeks["cut"]].dropna(subset=["issued_was", "issued_now"])
    changes = both[[f"{name}_change" for name in WEEKLY]]
    filled = revision.outcomes[revision.outcomes["was"] == Outcome.NOT_RECORDED]
    facts: dict[str, object] = {f"rows_{kind}": rows.loc[kind, "detainers"] for kind in KINDS}
    facts |= {f"alike_{kind}": rows.loc[kind, "alike"] for kind in KINDS}
    facts |= {
        f"{name}_{part}": int(both[f"{name}_{part}"].sum()) for name in WEEKLY for part in ("was", "now", "change")
    }
    facts |= {
        "by_person": "person" in revision.key,
        "weeks_both": len(both),
        "weeks_revised": int((changes != 0).any(axis="columns").sum()),
        "filled": filled["detainers"].sum(),
        "declined_filled": filled["detainers"][filled["now"] == Outcome.DECLINED].sum(),
    }
    if changes["declined_change"].any():
        most = changes["declined_change"].abs().idxmax()
        facts |= {"most": most, **{f"most_{part}": int(both.loc[most, f"declined_{part}"]) for part in ("was", "now")}}
    return facts


def _one_row_each(table: pd.DataFrame) -> pd.DataFrame:
    """Repeat rows of counts, so that each row is a detainer."""
    if (table["detainers"] == 1).all():
        return table.reset_index(drop=True)
    return table.loc[table.index.repeat(table["detainers"])].reset_index(drop=True)


def _in_both(name: str, older: pd.DataFrame, newer: pd.DataFrame) -> bool:
    """Say whether a column has a value in both versions; one that a version lacks cannot match rows."""
    return all(name in table and bool(table[name].notna().any()) for table in (older, newer))


def _carried(older: pd.DataFrame, newer: pd.DataFrame) -> list[str]:
    """Find the carried columns that help to match: stable, and of one name and type in both versions."""
    shared = older.columns.intersection(newer.columns).difference(list(NAMES), sort=False)
    named = [name for name in shared if str(name).lower().replace("_", " ") in STABLE_CARRIED]
    return [name for name in named if str(older[name].dtype) == str(newer[name].dtype)]


def _fingerprint(column: pd.Series) -> NDArray[np.uint64]:
    """Give every value a number that is the same in both versions, whatever the categories' order."""
    return pd.util.hash_pandas_object(column, index=False).to_numpy()


def _combined(prints: Prints, columns: Sequence[str], rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Join the fingerprints of some columns into one of 64 bits, in which two contents hardly ever meet."""
    whole = np.zeros(len(rows), dtype=np.uint64)
    for name in columns:
        whole = (whole * _PRIME) ^ prints[name][rows]
    return whole


def _pair_up(
    was: Prints,
    now: Prints,
    columns: Sequence[str],
    partner: NDArray[np.int64],
    free: NDArray[np.bool_],
    may: NDArray[np.bool_] | bool = True,
    may_now: NDArray[np.bool_] | bool = True,
) -> None:
    """Pair rows left in both versions that are alike in some columns, the n-th of one with the n-th of the other.

    The n-th is by content and not by place, so that the order of a file does not matter.
    """
    sides = []
    for prints, left in ((was, (partner < 0) & may), (now, free & may_now)):
        rows = np.flatnonzero(left)
        rows = rows[np.argsort(_combined(prints, list(prints), rows), kind="stable")]
        alike = pd.Series(_combined(prints, columns, rows))
        sides.append(pd.DataFrame({"alike": alike, "nth": alike.groupby(alike).cumcount(), "row": rows}))
    pairs = sides[0].merge(sides[1], on=["alike", "nth"], suffixes=("", "_now"))
    partner[pairs["row"]] = pairs["row_now"]
    free[pairs["row_now"]] = False


def _revision(
    older: pd.DataFrame,
    newer: pd.DataFrame,
    partner: NDArray[np.int64],
    free: NDArray[np.bool_],
    was: Prints,
    now: Prints,
    key: Sequence[str],
) -> Revision:
    """Count what the pairing of the rows shows."""
    left, vanished, new = np.flatnonzero(partner >= 0), np.flatnonzero(partner < 0), np.flatnonzero(free)
    right = partner[left]
    differs = {name: was[name][left] != now[name][right] for name in was}
    changed = np.logical_or.reduce(list(differs.values()))
    twins, twins_now = _twins(was, key), _twins(now, key)
    open_pair = twins[left] | twins_now[right]
    late = (newer["issued_on"].iloc[new] <= older["issued_on"].max()).to_numpy()
    kinds = {
        "same": (older, left[~changed], open_pair[~changed]),
        "changed": (older, left[changed], open_pair[changed]),
        "vanished": (older, vanished, twins[vanished]),
        "late": (newer, new[late], twins_now[new[late]]),
        "new": (newer, new[~late], twins_now[new[~late]]),
    }
    outcomes = pd.DataFrame(
        {
            "was": older["outcome"].iloc[left[changed]].astype("str").array,
            "now": newer["outcome"].iloc[right[changed]].astype("str").array,
            "alike": open_pair[changed],
        }
    )
    outcomes = outcomes[outcomes["was"] != outcomes["now"]].groupby(["was", "now"])["alike"].agg(["size", "sum"])
    by_week = weeks_revised(older, newer)
    for kind, (table, rows, _) in kinds.items():
        if kind != "same":
            issued = week_of(table["issued_on"].iloc[rows]).value_counts()
            by_week[kind] = issued.reindex(by_week.index, fill_value=0).astype("int64")
    counts = pd.Series({name: int(rows.sum()) for name, rows in differs.items()}, dtype="int64")
    return Revision(
        key=tuple(key),
        rows=pd.DataFrame(
            [(kind, len(rows), int(alike.sum())) for kind, (_, rows, alike) in kinds.items()],
            columns=["kind", "detainers", "alike"],
        ),
        columns=counts[counts > 0]
        .sort_values(ascending=False, kind="stable")
        .rename_axis("column")
        .reset_index(name="detainers"),
        outcomes=outcomes.reset_index()
        .rename(columns={"size": "detainers", "sum": "alike"})
        .sort_values("detainers", ascending=False, kind="stable", ignore_index=True),
        by_week=by_week,
    )


def _twins(prints: Prints, key: Sequence[str]) -> NDArray[np.bool_]:
    """Mark the rows that share their key with another row of their version."""
    rows = np.arange(len(next(iter(prints.values()))))
    return pd.Series(_combined(prints, key, rows)).duplicated(keep=False).to_numpy()


def _weekly(table: pd.DataFrame) -> pd.DataFrame:
    """Count by week of issue, from a version's first week to its last; between them none is zero."""
    counts = count_outcomes(table, "week")[WEEKLY]
    if counts.empty:
        return counts
    return counts.reindex(pd.date_range(counts.index[0], counts.index[-1], freq="7D", name="week"), fill_value=0)
