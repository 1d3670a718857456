"""The week's scan: every state, and every state by offence group, held against its own past.

One family of tests, one false-discovery control over all of it; a cell with too little in it is not tested and says so.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.load.table import Outcome
from analysis.periods import Calendar, as_timestamps
from analysis.stats.baselines import (
    SHORTEST_SERIES,
    cusum,
    ears,
    enough_cases,
    too_few_weeks,
    unbroken,
    week_baselines,
)
from analysis.stats.changes import FALSE_DISCOVERY_RATE, MINIMUM_DIFFERENCE, adjust_for_many
from analysis.stats.cohorts import NOT_GIVEN, count_outcomes
from analysis.stats.trailing import pooled_dispersion

ALL_GROUPS = "all"
"""The group of a row that counts a state's declines over all offence groups."""
WATCHED = 13
"""Weeks over which a drift is looked for: a quarter."""
DRIFT_LIMIT = 5.0


def why_no_scan(week: date, calendar: Calendar) -> str:
    """Say in one sentence why a week is not held against the weeks before it; blank where it is."""
    if calendar.is_partial(week):
        return "The week is partial: it is not held against the weeks before."
    if not calendar.is_settled(week):
        return "The week is not settled: it is not held against the weeks before."
    return too_few_weeks(len(_weeks_until(week, calendar)))


def scan_week(table: pd.DataFrame, week: date, calendar: Calendar) -> pd.DataFrame:
    """Hold a week's declines against the weeks before it: by state, by offence group and by state × offence group.

    Parameters
    ----------
    table
        The table of detainers: ``issued_on``, ``state``, ``offence_group``, ``outcome``, ``detainers``.
    week, calendar
        The week, for which :func:`why_no_scan` is blank, and the weeks that the source covers.

    Returns
    -------
    pandas.DataFrame
        One row per cell that has a decline in any of the weeks: ``state`` (``all`` first), ``group`` (``all``, or an
        offence group where the source has any), the columns of :func:`analysis.stats.baselines.week_baselines`,
        ``p_adjusted`` (Benjamini and Hochberg over all tested cells) and ``flagged``: adjusted p at or below 0.05 and
        at least five declines above expectation.
    """
    weeks = _weeks_until(week, calendar)
    declined = table[table["outcome"] == Outcome.DECLINED]
    counted = count_outcomes(declined, ["week", "state", "offence_group"])["declined"]
    cells = counted.rename_axis(["week", "state", "group"]).reset_index(name="detainers")
    whole = cells.assign(group=ALL_GROUPS)
    of_group = cells[cells["group"] != NOT_GIVEN]
    family = pd.concat([whole.assign(state="all"), whole, of_group.assign(state="all"), of_group])
    counts = family.pivot_table(index="week", columns=["state", "group"], values="detainers", aggfunc="sum")
    counts = counts.reindex(as_timestamps(weeks)).fillna(0)
    result = week_baselines(unbroken(counts.loc[:, counts.sum() > 0]))
    result["p_adjusted"] = adjust_for_many(result["p"])
    above = result["observed"] - result["expected"]
    result["flagged"] = (result["p_adjusted"] <= FALSE_DISCOVERY_RATE) & (above >= MINIMUM_DIFFERENCE)
    rows = result.reset_index()
    order = np.lexsort((rows["group"] != ALL_GROUPS, rows["state"], rows["state"] != "all"))
    return rows.iloc[order].reset_index(drop=True)


def scan_of(table: pd.DataFrame, week: date, calendar: Calendar) -> pd.DataFrame | None:
    """Scan a week (:func:`scan_week`); None where it is not held against the weeks before (:func:`why_no_scan`)."""
    return None if why_no_scan(week, calendar) else scan_week(table, week, calendar)


def scan_facts(scanned: pd.DataFrame | None, why_none: str, place: str, group: str = ALL_GROUPS) -> dict[str, object]:
    """Give what the scan says of one cell, and how many cells there are, as facts by id.

    Parameters
    ----------
    scanned
        As from :func:`scan_week`; None = the week is not held against the weeks before.
    why_none
        Why it is not (:func:`why_no_scan`); then ``no_baseline`` is the only fact.
    place, group
        The cell.
    """
    if scanned is None:
        return {"no_baseline": why_none}
    own = scanned[(scanned["state"] == place) & (scanned["group"] == group)]
    return {
        "no_baseline": None,
        "baseline_method": scanned["method"].iloc[0] if len(scanned) else "",
        "baseline_expected": own["expected"].iloc[0] if len(own) else None,
        "baseline_upper": own["upper"].iloc[0] if len(own) else None,
        "baseline_reason": (own["reason"].iloc[0] if len(own) else "no declines") or None,
        "baseline_flagged": bool(own["flagged"].any()),
        "scan_cells": len(scanned),
        "scan_tests": scanned["p"].notna().sum(),
        "scan_flags": scanned["flagged"].sum(),
    }


def with_baseline(series: pd.DataFrame) -> pd.DataFrame:
    """Put beside every full week of a series what the seven weeks before it lead to expect (EARS C1).

    Parameters
    ----------
    series
        As from :func:`analysis.stats.cohorts.weekly_series`.

    Returns
    -------
    pandas.DataFrame
        The same with ``expected``, ``upper`` (the count above which a week is unusual; NaN within the first seven full
        weeks) and ``above`` (whether it is, and by five declines or more).

    References
    ----------
    Hutwagner, Thompson, Seeman and Treadwell (2003), Journal of Urban Health 80, i89-i96.
    """
    counts = series["declined"].where(series["status"] != "partial").astype(float)
    chart = ears(counts)
    more = counts - chart.expected[:, 0] >= MINIMUM_DIFFERENCE
    return series.assign(expected=chart.expected[:, 0], upper=chart.upper[:, 0], above=chart.flag[:, 0] & more)


class Drift(NamedTuple):
    """A drift looked for: ``sums`` (the CUSUM's sum after the last week, by place); ``reason``, why there is none."""

    sums: pd.Series
    reason: str


def drift(by_week: pd.DataFrame, week: date, calendar: Calendar) -> Drift:
    """Look for a slow rise of the share of declines over the last :data:`WATCHED` weeks, place by place.

    The share before these weeks and this week's detainers give the declines expected; residuals are divided by the
    spread of counts from week to week before them. A sum above :data:`DRIFT_LIMIT` is a drift.

    Parameters
    ----------
    by_week
        Counts by ``week`` and place.
    week, calendar
        The last week watched, and the weeks that the source covers.

    Returns
    -------
    Drift
        The sum by place, ``all`` first; places with fewer than five declines in the four weeks up to the last are left
        out.

    References
    ----------
    Rossi, Lampugnani and Marchi (1999), Statistics in Medicine 18, 2111-2122.
    """
    weeks = as_timestamps(_weeks_until(week, calendar))
    needed = SHORTEST_SERIES + WATCHED
    if not calendar.is_settled(week):
        return Drift(pd.Series(dtype=float), "the week is not settled")
    if len(weeks) < needed:
        short = f"{len(weeks)} full weeks of data, and none is looked for before {needed} of them"
        return Drift(pd.Series(dtype=float), short)
    by_place = by_week[["declined", "issued"]].unstack(fill_value=0).reindex(weeks, fill_value=0)  # noqa: PD010
    whole = by_place.T.groupby(level=0).sum().T.astype(float)
    totals = _sums(whole[["declined"]].set_axis(["all"], axis="columns"), whole["issued"].to_frame("all"))
    return Drift(
        pd.concat([totals, _sums(by_place["declined"], by_place["issued"]).drop(NOT_GIVEN, errors="ignore")]), ""
    )


def _sums(declined: pd.DataFrame, issued: pd.DataFrame) -> pd.Series:
    """Give the CUSUM's sum after the last week, of the columns with enough declines."""
    enough = enough_cases(declined)
    counts, exposure = declined.loc[:, enough].astype(float), issued.loc[:, enough].astype(float)
    before, exposed = counts.iloc[:-WATCHED], exposure.iloc[:-WATCHED]
    share = before.sum() / exposed.sum().where(exposed.sum() > 0)
    spread = pooled_dispersion(before, exposed)
    found = cusum(counts.iloc[-WATCHED:], exposure.iloc[-WATCHED:] * share, spread, limit=DRIFT_LIMIT)
    return pd.Series(found.total[-1], index=counts.columns)


def _weeks_until(week: date, calendar: Calendar) -> list[date]:
    """List the unbroken run of full weeks that ends with this one, oldest first."""
    return [one for one in calendar.weeks() if one <= week and not calendar.is_partial(one)]
