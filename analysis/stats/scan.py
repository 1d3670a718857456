"""The week's scan: every state, and every state by offence group, held against its own past.

One family of tests, one false-discovery control over all of it; a cell with too little in it is not tested and says so.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from analysis.load.table import Outcome
from analysis.stats.baselines import too_few_weeks, unbroken, week_baselines
from analysis.stats.changes import FALSE_DISCOVERY_RATE, MINIMUM_DIFFERENCE, adjust_for_many
from analysis.stats.cohorts import NOT_GIVEN
from analysis.stats.weeks import Calendar, as_timestamps, week_of

ALL_GROUPS = "all"
"""The group of a row that counts a state's declines over all offence groups."""


def why_no_scan(week: date, calendar: Calendar) -> str:
    """Say in one sentence why a week is not held against the weeks before it; blank where it is."""
    if calendar.is_partial(week):
        return "The week is partial: it is not held against the weeks before."
    if not calendar.is_settled(week):
        return "The week is not settled: it is not held against the weeks before."
    return too_few_weeks(len(_weeks_until(week, calendar)))


def scan_week(table: pd.DataFrame, week: date, calendar: Calendar) -> pd.DataFrame:
    """Hold a week's declines against the weeks before it, by state and by state × offence group.

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
    declined = table[(table["outcome"] == Outcome.DECLINED) & table["issued_on"].notna()]
    cells = pd.DataFrame(
        {
            "week": week_of(declined["issued_on"]),
            "state": declined["state"].astype("str").fillna(NOT_GIVEN),
            "group": declined["offence_group"].astype("str"),
            "detainers": declined["detainers"],
        }
    )
    whole = cells.assign(group=ALL_GROUPS)
    family = pd.concat([whole.assign(state="all"), whole, cells.dropna(subset="group")])
    counts = family.pivot_table(index="week", columns=["state", "group"], values="detainers", aggfunc="sum")
    counts = counts.reindex(as_timestamps(weeks)).fillna(0)
    result = week_baselines(unbroken(counts.loc[:, counts.sum() > 0]))
    result["p_adjusted"] = adjust_for_many(result["p"])
    above = result["observed"] - result["expected"]
    result["flagged"] = (result["p_adjusted"] <= FALSE_DISCOVERY_RATE) & (above >= MINIMUM_DIFFERENCE)
    rows = result.reset_index()
    order = np.lexsort((rows["group"] != ALL_GROUPS, rows["state"], rows["state"] != "all"))
    return rows.iloc[order].reset_index(drop=True)


def _weeks_until(week: date, calendar: Calendar) -> list[date]:
    """List the unbroken run of full weeks that ends with this one, oldest first."""
    return [one for one in calendar.weeks() if one <= week and not calendar.is_partial(one)]
