"""What differs from before, and is it clear? One comparison for every pair of periods, one family for a page.

Declines now are held against declines before, per detainer issued; where recording delays are known, per detainer whose
decline could be recorded by now (issued × completeness at its age), so that a younger period is not called lower for
its age alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.load.reference import groups, states
from analysis.periods import as_timestamps, last_day
from analysis.stats.counts import ALL, NOT_GIVEN, Reason
from analysis.stats.tests import (
    MINIMUM_EXPECTED,
    MINIMUM_OBSERVED,
    adjust_for_many,
    direction,
    pooled_dispersion,
    ratio_interval,
    two_sided,
)

LAST_WEEK, TRAILING, TREND, BEFORE = "last week", "trailing weeks", "trend", "the weeks before"
CLEAR = ("higher", "lower")


class Weekly(NamedTuple):
    """Weekly counts of every cell, each a frame of weeks × cells: ``declined``, ``issued`` and ``exposure``.

    Columns are (kind, place), the nation first; a week without a detainer of a cell is a row of zeros.
    """

    declined: pd.DataFrame
    issued: pd.DataFrame
    exposure: pd.DataFrame

    def over(self, weeks: Sequence[date]) -> pd.DataFrame:
        """Add some weeks up: one row per cell, ``declined``, ``issued``, ``exposure``."""
        return pd.DataFrame({name: frame.loc[as_timestamps(weeks)].sum() for name, frame in self._asdict().items()})


def weekly_cells(
    weeks: Sequence[date], by_state: pd.DataFrame, by_group: pd.DataFrame | None, completeness: pd.Series
) -> Weekly:
    """Lay out the weekly counts of the nation, every state and every offence group, also those without a detainer.

    ``completeness``: what part of a week's declines is recorded by now; a week that is not in it counts as complete.
    """
    index = as_timestamps(weeks)
    wanted = {"state": [*states().index, NOT_GIVEN], "offence_group": list(groups().index)}
    frames = []
    for name in ("declined", "issued"):
        wide = {
            kind: counts[name].unstack(fill_value=0).reindex(index, columns=wanted[kind], fill_value=0)  # noqa: PD010
            for kind, counts in (("state", by_state), ("offence_group", by_group))
            if counts is not None
        }
        whole = wide["state"].sum(axis="columns").to_frame(ALL)
        frames.append(pd.concat({ALL: whole, **wide}, axis="columns", sort=False).astype("int64"))
    declined, issued = frames
    return Weekly(declined, issued, issued.mul(completeness.reindex(index).fillna(1.0), axis="index"))


def cell_dispersion(declined: pd.DataFrame, exposure: pd.DataFrame) -> pd.Series:
    """Estimate each cell's variance over mean; offence groups, which vary otherwise than states, by themselves."""
    groups_of = declined.columns.get_level_values(0) == "offence_group"
    parts = [cells for cells in (declined.columns[~groups_of], declined.columns[groups_of]) if len(cells)]
    found = [pd.Series(pooled_dispersion(declined[cells], exposure[cells]), cells) for cells in parts]
    return pd.concat(found)[declined.columns]


@dataclass(frozen=True)
class Pair:
    """Two periods that are compared, ``against`` what; ``refusal`` says why they are not, blank = they are."""

    against: str
    now: Sequence[date]
    before: Sequence[date]
    refusal: str = ""


def compare(now: pd.DataFrame, before: pd.DataFrame, dispersion: ArrayLike = 1.0) -> pd.DataFrame:
    """Compare declines per detainer of two periods, cell by cell.

    ``exposure`` is issued × completeness, where delays are known; a cell that ``before`` lacks had no detainer then.
    ``expected`` are the declines that the share before would give now; ``ratio`` of the shares has its 95 % interval;
    ``p`` is two-sided. ``reason`` is blank where tested, else says why not, and then these numbers are NaN.

    Examples
    --------
    >>> now = pd.DataFrame({"declined": [19], "issued": [138]}, index=["CO"])
    >>> compare(now, pd.DataFrame({"declined": [44], "issued": [149]}, index=["CO"]))[["ratio", "p"]].round(3)
        ratio      p
    CO  0.466  0.006
    """
    before = before.reindex(now.index, fill_value=0)
    result = now[["declined", "issued"]].join(before[["declined", "issued"]].add_suffix("_before"))
    for name in ("", "_before"):
        result[f"share{name}"] = result[f"declined{name}"] / result[f"issued{name}"].replace(0, np.nan)
    result["difference"] = result["share"] - result["share_before"]
    e, e0 = (part.get("exposure", part["issued"]).astype(float) for part in (now, before))
    some, y, y0 = (e > 0) & (e0 > 0), now["declined"], before["declined"]
    result["expected"] = y0 * (e / e0).where(some)
    few = (result["expected"] < MINIMUM_EXPECTED) & (y < MINIMUM_OBSERVED)
    tested = some & ~few
    result["ratio"] = y / result["expected"]  # none before: a ratio without limit
    result["low"], result["high"] = ratio_interval(y, y0, e.where(tested), e0, dispersion)
    result["p"] = two_sided(y, y0, e / (e + e0), dispersion)
    result.loc[~tested, ["ratio", "p"]] = np.nan
    result["reason"] = np.select([~some, few], [Reason.NO_DETAINERS, Reason.TOO_FEW], Reason.GIVEN)
    return result.astype({"reason": "str"})


def family(weekly: Weekly, pairs: Sequence[Pair], dispersion: pd.Series, events: pd.DataFrame) -> pd.DataFrame:
    """Make every comparison of a page, adjusted together (``p_adjusted``: Benjamini and Hochberg over all tested).

    An event that changes what is counted and touches a pair's weeks lets no direction be named; any other is named
    beside the change (``between``). ``finding``: ``higher``, ``lower``, ``no clear change``, or why there is none.
    """
    parts = {}
    for pair in pairs:
        part = compare(weekly.over(pair.now), weekly.over(pair.before), dispersion)
        if pair.refusal:
            part[["expected", "ratio", "low", "high", "p"]], part["reason"] = np.nan, pair.refusal
        first, last = min([*pair.before, *pair.now]), max(pair.now)
        part["blocked"], part["between"] = _events_between(events, first, last, part.index)
        parts[pair.against] = part
    table = pd.concat(parts, names=["against", "kind", "place"])
    table["p_adjusted"] = adjust_for_many(table["p"])
    table["finding"] = [
        direction(row.declined, row.expected, row.p_adjusted, row.blocked) or row.reason for row in table.itertuples()
    ]
    return table.drop(columns="blocked")


def _events_between(events: pd.DataFrame, first: date, last: date, cells: pd.Index) -> tuple[list[str], list[str]]:
    """Name for each cell the first event of these weeks that changes what is counted, and the others, in words."""
    end = pd.Timestamp(last_day(last))
    during = events[(events["last_date"] >= pd.Timestamp(first)) & (events["date"] <= end)]

    def told(some: pd.DataFrame) -> tuple[str, str]:
        blocking = some["blocks_comparison"].astype(bool)
        beside = some[~blocking & (some["kind"] == "policy")]
        words = [f"{row.headline} ({row.date.day} {row.date:%B %Y})" for row in beside.itertuples()]
        return next(iter(some.loc[blocking, "headline"]), ""), "; ".join(words)

    of_none = told(during[during["state"] == ""])  # what concerns one state is named beside that state alone
    of_all = (told(during)[0], of_none[1])
    own = {state: told(during[during["state"].isin(["", state])]) for state in during["state"].unique()}
    found = [own.get(place, of_none) if kind == "state" else of_all for kind, place in cells]
    return [blocked for blocked, _ in found], [between for _, between in found]


def clear_findings(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Give the comparisons with a clear direction: trends last, the nation before its parts, then the smallest p."""
    found = comparisons[comparisons["finding"].isin(CLEAR)].reset_index()
    ranked = found.assign(trend=found["against"] == TREND, part=found["kind"] != ALL)
    return ranked.sort_values(["trend", "part", "p", "place"], kind="stable").drop(columns=["trend", "part"])
