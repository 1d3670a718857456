"""Declines by the week they were recorded, from ICE's weekly reports of 2017: what such counts can carry, and no more.

The detainers issued in a week and the declines recorded in it are different people, so nothing here is divided by the
number issued. Places nest and figures may be lower bounds, so they are treated as bounds and never added across levels.
Three weeks tell no usual variation, so two counts are compared by chance alone; real ups and downs are larger.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.load.published import PublishedReports
from analysis.load.reference import RESTORE, states
from analysis.periods import WEEK, last_day
from analysis.stats.tests import adjust_for_many, direction, ratio_interval, two_sided

HALF = 0.5
REGIONS = {"New England": ("CT", "ME", "MA", "NH", "RI", "VT")}


def state_bounds(declined: pd.DataFrame, total: int, codes: Sequence[str], with_a_decline: int | None) -> pd.DataFrame:
    """Bound each state's number of declines as tightly as the known figures allow.

    A state's exact figure is both bounds. Otherwise the lower bound is the sum of its outermost sure places, and the
    upper bound leaves every other state its lower bound, and one decline to each state that must have one but is not
    named. Disputed figures move no bound. Places that contradict the number of states with a decline are refused.

    Parameters
    ----------
    declined, total
        One week of ``declined_by_place``, and the week's national number.
    codes, with_a_decline
        Postal codes of all states that can have a decline; how many of them have one, None = not known.

    Returns
    -------
    pandas.DataFrame
        Index the postal code; ``known_low``, ``known_high`` (detainers), and ``bound``: ``exact``, ``at_least``
        (something is known) or ``not known``.
    """
    sure = declined[declined["bound"] != "disputed"]
    outermost = sure[(sure["within"] == "") & (sure["level"] != "region")]
    low = outermost.groupby("state")["declined"].sum().reindex(pd.Index(codes), fill_value=0).astype("int64")
    exact = sure[(sure["level"] == "state") & (sure["bound"] == "exact")].set_index("state")["declined"]
    for region, members in REGIONS.items():
        if ((sure["place"] == region) & (sure["declined"] == 0)).any():
            exact = pd.concat([exact, pd.Series(0, index=list(members))])
    is_exact = low.index.isin(exact.index)
    low[is_exact] = exact.reindex(low.index[is_exact])
    spare, with_some = total - int(low.sum()), int((low > 0).sum())
    named, unnamed = ~is_exact & (low > 0).to_numpy(), ~is_exact & (low == 0).to_numpy()
    high = low + np.where(is_exact, 0, spare)
    if with_a_decline is not None:
        more = with_a_decline - with_some  # so many states have a decline, and no place of theirs is known
        if not 0 <= more <= min(unnamed.sum(), max(spare, 0)):
            raise InputError(
                "the places with a decline do not agree with the number of states that have one",
                file="declined_by_place.csv",
                found=f"{with_some} states, {spare} declines elsewhere",
                expected=f"{with_a_decline} states (aggregates.csv)",
                do=RESTORE,
            )
        high[named] -= more
        high[unnamed] -= more - 1 if more else spare
        low[unnamed] += int(more == unnamed.sum())
    takers = high > low
    if takers.sum() == 1:
        low[takers] = high[takers]
    bound = np.select([is_exact | (low == high), low > 0], ["exact", "at_least"], "not known")
    return pd.DataFrame({"known_low": low, "known_high": high, "bound": bound})


def states_with_a_decline(report: PublishedReports) -> int | None:
    """Read how many states had a decline in a report's week from its aggregates; None where no article says."""
    told = report.aggregates.loc[report.aggregates["measure"].str.startswith("states with a decline"), "value"]
    return int(told.iloc[0]) if len(told) == 1 and told.iloc[0].isdecimal() else None


def bounds_of(report: PublishedReports) -> pd.DataFrame:
    """Bound the declines of every state and territory in one week's report (:func:`state_bounds`)."""
    total = int(report.weekly_totals["declined"].iloc[0])
    return state_bounds(report.declined_by_place, total, states().index, states_with_a_decline(report))


class Apart(NamedTuple):
    """A place to be taken out: its name with that of its state, the state's code, its exact numbers by week."""

    name: str
    state: str
    by_week: pd.Series


def place_apart(reports: PublishedReports) -> Apart | None:
    """Find the county or city that holds over half of a report's declines, most of one first; None if none does."""
    declined = reports.declined_by_place
    exact = declined[(declined["bound"] == "exact") & declined["level"].isin(["county", "city"])]
    part = exact["declined"] / exact["week_start"].map(reports.weekly_totals.set_index("week_start")["declined"])
    if not (part > HALF).any():
        return None
    row = exact.loc[part.idxmax()]
    county = " County" if row["level"] == "county" and not row["place"].endswith("County") else ""
    same = (exact[["place", "state", "level"]] == row[["place", "state", "level"]]).all(axis="columns")
    name = f"{row['place']}{county}, {states().loc[row['state'], 'name']}"
    return Apart(name, row["state"], exact[same].set_index("week_start")["declined"])


def changes(reports: PublishedReports, week: date, blocking: pd.DataFrame) -> pd.DataFrame:
    """Compare a week's declines with its neighbours', with and without the place that holds most.

    Parameters
    ----------
    reports, week, blocking
        All reports; the week; events across which no direction is named, but those of a place that is taken out.

    Returns
    -------
    pandas.DataFrame
        One row per pair and scope: ``pair`` (``to next week`` or ``from week before``), ``scope`` (``all places`` or
        ``without <place>``), ``before`` and ``now`` (counts), ``ratio`` with its 95 % interval ``low`` and ``high``,
        ``p`` (two-sided, by chance alone), ``p_adjusted`` over the scopes of a pair, and ``finding``.
    """
    counts, apart = reports.weekly_totals.set_index("week_start")["declined"], place_apart(reports)
    scopes = {"all places": (counts, "")}
    scopes |= {f"without {apart.name}": (counts - apart.by_week, apart.name)} if apart else {}
    rows = []
    for pair, earlier, later in (("to next week", week, week + WEEK), ("from week before", week - WEEK, week)):
        for scope, (values, without) in scopes.items():
            before, now = (values.get(pd.Timestamp(day), np.nan) for day in (earlier, later))
            if not np.isnan(before + now):
                rows.append((pair, scope, int(before), int(now), _blocked(blocking, earlier, later, without)))
    table = pd.DataFrame(rows, columns=["pair", "scope", "before", "now", "blocked_by"])
    table["ratio"] = table["now"] / table["before"]
    table["low"], table["high"] = ratio_interval(table["now"], table["before"], 1, 1)
    table["p"] = two_sided(table["now"], table["before"], HALF, 1)
    table["p_adjusted"] = table.groupby("pair")["p"].transform(adjust_for_many)
    table["finding"] = [direction(row.now, row.before, row.p_adjusted, row.blocked_by) for row in table.itertuples()]
    return table.drop(columns="blocked_by")


def _blocked(blocking: pd.DataFrame, earlier: date, later: date, without: str) -> str:
    """Name the first event that blocks the comparison of two weeks; blank where none does."""
    since, until = pd.Timestamp(earlier), pd.Timestamp(last_day(later))
    between = blocking[(blocking["last_date"] >= since) & (blocking["date"] <= until)]
    elsewhere = between[[not agency or not without.startswith(agency) for agency in between["agency"]]]
    return "" if elsewhere.empty else str(elsewhere["headline"].iloc[0])
