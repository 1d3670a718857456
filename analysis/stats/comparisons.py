"""What differs from before, and is it clear? One comparison for every pair of periods, one family for a page.

Declines are compared per detainer issued; where recording delays are known, per detainer whose decline could be
recorded by now (issued × completeness at its age), so that a younger period is not called lower for its age alone.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.load.reference import groups, states
from analysis.periods import as_timestamps, last_day
from analysis.stats import tests
from analysis.stats.counts import ALL, NOT_GIVEN

LAST_WEEK, TRAILING, TREND, BEFORE = "last week", "trailing weeks", "trend", "the weeks before"
CLEAR = ("higher", "lower")


class Weekly(NamedTuple):
    """Weekly counts, each a frame of weeks × cells (kind and place, the nation first); without a detainer, zeros."""

    declined: pd.DataFrame
    issued: pd.DataFrame
    exposure: pd.DataFrame

    def over(self, weeks: Sequence[date]) -> pd.DataFrame:
        """Add some weeks up: one row per cell, ``declined``, ``issued``, ``exposure``."""
        sums = {name: frame.loc[as_timestamps(weeks)].to_numpy().sum(axis=0) for name, frame in self._asdict().items()}
        return pd.DataFrame(sums, index=self.declined.columns)


def weekly_cells(
    weeks: Sequence[date], by_state: pd.DataFrame, by_group: pd.DataFrame | None, completeness: pd.Series
) -> Weekly:
    """Lay out the weekly counts of the nation, every state and group; a week without ``completeness`` is complete."""
    index, wanted = as_timestamps(weeks), {"state": [*states().index, NOT_GIVEN], "offence_group": list(groups().index)}
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
    found, groups_of = pd.Series(1.0, declined.columns), declined.columns.get_level_values(0) == "offence_group"
    for part in (groups_of, ~groups_of):
        found[part] = tests.pooled_dispersion(declined.loc[:, part], exposure.loc[:, part])
    return found


class Pair(NamedTuple):
    """Two periods that are compared, ``against`` what; ``refusal`` says why they are not, blank = they are."""

    against: str
    now: Sequence[date]
    before: Sequence[date]
    refusal: str = ""


def compare(now: pd.DataFrame, before: pd.DataFrame, dispersion: ArrayLike = 1.0) -> pd.DataFrame:
    """Compare declines per detainer of two periods, cell by cell; one that ``before`` lacks had no detainer then.

    ``exposure`` is issued × completeness, where delays are known; ``expected`` the declines that the share before would
    give now. ``reason`` is blank where tested, else says why not, and then ``ratio``, its interval and ``p`` are NaN.
    """
    parts = now, before.reindex(now.index, fill_value=0)
    y, y0, n, n0 = (part[name].to_numpy(dtype=float) for name in ("declined", "issued") for part in parts)
    e, e0 = (part.get("exposure", part["issued"]).to_numpy(dtype=float) for part in parts)
    some = (e > 0) & (e0 > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share, share_before = np.where(n > 0, y / n, np.nan), np.where(n0 > 0, y0 / n0, np.nan)
        expected = np.where(some, y0 * (e / e0), np.nan)
        few = (expected < tests.MINIMUM_EXPECTED) & (y < tests.MINIMUM_OBSERVED)
        tested = some & ~few
        ratio = np.where(tested, y / expected, np.nan)  # none before: a ratio without limit
        p = np.where(tested, tests.two_sided(y, y0, e / (e + e0), dispersion), np.nan)
    low, high = tests.ratio_interval(y, y0, np.where(tested, e, np.nan), e0, dispersion)
    result = now[["declined", "issued"]].join(parts[1][["declined", "issued"]].add_suffix("_before"))
    result = result.assign(share=share, share_before=share_before, difference=share - share_before, expected=expected)
    reason = np.select([~some, few], ["no detainers", "too few declines"], "")
    return result.assign(ratio=ratio, low=low, high=high, p=p, reason=pd.Series(reason, now.index, dtype="str"))


def family(weekly: Weekly, pairs: Sequence[Pair], dispersion: pd.Series, events: pd.DataFrame) -> pd.DataFrame:
    """Make every comparison of a page, adjusted together, with its ``finding`` or why there is none.

    An event that changes what is counted lets no direction be named; others stand beside the change (``between``).
    """
    parts = {}
    for pair in pairs:
        part = compare(weekly.over(pair.now), weekly.over(pair.before), dispersion)
        if pair.refusal:
            part[["expected", "ratio", "low", "high", "p"]], part["reason"] = np.nan, pair.refusal
        first, last = min([*pair.before, *pair.now]), max(pair.now)
        part["blocked"], part["between"] = zip(*_events_between(events, first, last, part.index), strict=True)
        parts[pair.against] = part
    table = pd.concat(parts, names=["against", "kind", "place"])
    table["p_adjusted"] = tests.adjust_for_many(table["p"])
    rows = table.itertuples()
    table["finding"] = [tests.direction(r.declined, r.expected, r.p_adjusted, r.blocked) or r.reason for r in rows]
    return table.drop(columns="blocked")


def _events_between(events: pd.DataFrame, first: date, last: date, cells: pd.Index) -> list[tuple[str, str]]:
    """Name for each cell the first event that changes what is counted, and the others that concern it, in words."""
    end = pd.Timestamp(last_day(last))
    during = events[(events["last_date"] >= pd.Timestamp(first)) & (events["date"] <= end)]
    blocks = during["blocks_comparison"].astype(bool)
    blocking = list(zip(during.loc[blocks, "state"], during.loc[blocks, "headline"], strict=True))
    policies = during[~blocks & (during["kind"] == "policy")].itertuples()
    beside = [(row.state, f"{row.headline} ({row.date.day} {row.date:%B %Y})") for row in policies]
    return [
        (
            next((headline for state, headline in blocking if kind != "state" or state in ("", place)), ""),
            "; ".join(words for state, words in beside if state in ("", place)),
        )
        for kind, place in cells
    ]


def clear_findings(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Give the comparisons with a clear direction: trends last, the nation before its parts, then the smallest p."""
    found = comparisons[comparisons["finding"].isin(CLEAR)].reset_index()
    ranked = found.assign(trend=found["against"] == TREND, part=found["kind"] != ALL)
    return ranked.sort_values(["trend", "part", "p", "place"], kind="stable").drop(columns=["trend", "part"])
