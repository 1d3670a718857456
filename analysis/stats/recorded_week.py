"""One published week beside the one before it, with and without the place that holds most: what three reports can give.

Three weeks carry no baseline, so none is made up: the column stays empty and the page says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from analysis.load.published import PublishedReports
from analysis.stats.intervals import count_interval
from analysis.stats.recorded import exact_by_week, place_apart

MEASURES = {
    "declined": ("declined", ""),
    "located": ("covered_by_states", "a lower bound, not compared"),
    "apart": ("apart", "not compared: picked for its count"),
    "outside": ("outside", ""),
    "states": ("states_with_a_decline", "not compared: told by articles"),
    "issued": ("issued", "a different group, not compared"),
}
"""The fact that each measure shows, and why it is not compared; blank = by :func:`analysis.stats.recorded.changes`."""
WITH_INTERVAL = ("declined", "apart", "outside", "issued")
FINDINGS = {"declined": "previous_all_finding", "outside": "previous_outside_finding"}
FIRST_WEEK = "no week before: the first report"


def recorded_indicators(now: Mapping[str, object], before: Mapping[str, object] | None) -> pd.DataFrame:
    """Put a published week's counts beside those of the week before.

    Parameters
    ----------
    now, before
        The facts of the week and of the week before it (:func:`analysis.stats.recorded.week_facts`); None = there is no
        report of that one.

    Returns
    -------
    pandas.DataFrame
        One row per count (``measure``, of :data:`MEASURES`): ``this_week`` with ``this_low`` and ``this_high`` (exact
        Poisson; NaN for a bound or a number of states), ``last_week`` (NaN where there is no report before),
        ``trailing_mean`` (always NaN: there is no baseline) and ``flag``. NaN = not known. Without a place that holds
        over half of a week, ``apart`` and ``outside`` are left out.
    """
    shown = [name for name in MEASURES if now["apart_name"] or name not in ("apart", "outside")]
    facts = [MEASURES[name][0] for name in shown]
    table = pd.DataFrame({"measure": shown})
    table["this_week"] = [_number(now.get(fact)) for fact in facts]
    low, high = count_interval(table["this_week"].where(table["measure"].isin(WITH_INTERVAL)))
    table["this_low"], table["this_high"] = low, high
    table["last_week"] = [_number((before or {}).get(fact)) for fact in facts]
    table["trailing_mean"] = np.nan
    reasons = [MEASURES[name][1] or str(now.get(FINDINGS[name], "not compared")) for name in shown]
    table["flag"] = FIRST_WEEK if before is None else reasons
    return table


def _number(value: object) -> float:
    """Give a count; NaN where it is not known."""
    return float(value) if isinstance(value, int | float | np.number) else np.nan


def with_and_without(reports: PublishedReports, week: date) -> pd.DataFrame:
    """Give the published weeks up to one, all places together and without the place that holds most.

    Returns
    -------
    pandas.DataFrame
        One row per week (``week``, its Saturday), oldest first: ``declined``; ``at_place``, the exact count of the
        place of :func:`analysis.stats.recorded.place_apart` (NaN where it is not known); ``elsewhere``, the rest.
        ``declined`` and ``elsewhere`` have their ``…_low`` and ``…_high`` (exact Poisson, 95 %).
    """
    totals = reports.weekly_totals[reports.weekly_totals["week_start"] <= pd.Timestamp(week)].sort_values("week_start")
    row = place_apart(reports)
    at_place = pd.Series(dtype=float) if row is None else exact_by_week(reports, row)
    table = totals[["week_start", "declined"]].rename(columns={"week_start": "week"}).reset_index(drop=True)
    table["at_place"] = table["week"].map(at_place).astype(float)
    table["elsewhere"] = table["declined"] - table["at_place"]
    for name in ("declined", "elsewhere"):
        table[f"{name}_low"], table[f"{name}_high"] = count_interval(table[name])
    return table
