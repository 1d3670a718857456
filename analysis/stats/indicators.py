"""The week's main counts beside those of last week and of the weeks before."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from analysis.periods import Calendar, as_timestamps, week_of
from analysis.stats.changes import adjust_for_many, direction
from analysis.stats.cohorts import (
    NOT_GIVEN,
    OUTCOME_COLUMNS,
    TRAILING,
    TRAILING_WEEKS,
    blocked_by,
    why_not_compared,
)
from analysis.stats.intervals import count_interval
from analysis.stats.reasons import Reason
from analysis.stats.trailing import trailing_test


def persons_by_week(records: pd.DataFrame) -> pd.Series | None:
    """Count the different persons that records name, by week of issue; None where no record names one."""
    named = records["person"].notna()
    if not named.any():
        return None
    return records["person"].groupby(week_of(records["issued_on"])).nunique()


def indicators(
    by_week: pd.DataFrame,
    week: date,
    calendar: Calendar,
    place: str,
    persons: pd.Series | None = None,
    blocking: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Put a week's counts beside last week's and the mean of the trailing full weeks.

    Only what does not grow with a cohort's age is held against the weeks before: detainers and persons. No direction is
    named in a week that is not settled, nor across an event.

    Parameters
    ----------
    by_week
        Counts by ``week`` and place.
    week, calendar
        The week, and the weeks that the source covers.
    place
        A place, or ``all``; then the states reporting are counted too.
    persons
        Different persons by week (:func:`persons_by_week`); None = the source has no ids.
    blocking
        Events across which no direction may be named; None = there is none.

    Returns
    -------
    pandas.DataFrame
        One row per count (``measure``): ``this_week`` with ``this_low`` and ``this_high`` (exact Poisson, of counts of
        detainers alone; of outcomes at most ``issued``), ``last_week`` (NaN where that week is partial or not in the
        source), ``trailing_mean`` (NaN
        where fewer than :data:`TRAILING_WEEKS` full weeks are before this one) and ``flag``: ``higher``, ``lower``,
        ``no clear change`` or why nothing is said.
    """
    own = by_week if place == "all" else by_week[by_week.index.get_level_values(1) == place]
    earlier = calendar.full_weeks_before(week, TRAILING_WEEKS)
    weekly = own.groupby(level=0).sum().reindex(as_timestamps([*earlier, week]), fill_value=0)
    if persons is not None:
        weekly["persons"] = persons.reindex(weekly.index, fill_value=0)
    if place == "all" and by_week.index.names[1] == "state":
        given = by_week.index.get_level_values(1) != NOT_GIVEN
        weekly["states"] = by_week[given].groupby(level=0).size().reindex(weekly.index, fill_value=0)
    now, before = weekly.iloc[-1].astype(float), weekly.iloc[:-1]
    result = pd.DataFrame({"this_week": now})
    counted = now.drop("states", errors="ignore")
    result["this_low"], result["this_high"] = (pd.Series(limit, counted.index) for limit in count_interval(counted))
    limits = result.loc[OUTCOME_COLUMNS, ["this_low", "this_high"]].clip(upper=now["issued"])
    result.loc[OUTCOME_COLUMNS, ["this_low", "this_high"]] = limits if now["issued"] else np.nan
    last = calendar.full_weeks_before(week, 1)
    result["last_week"] = before.iloc[-1] if last else np.nan
    result["trailing_mean"] = before.mean() if len(earlier) == TRAILING_WEEKS else np.nan
    some = now["issued"] > 0
    missing = f"{now['not_recorded'] / now['issued']:.0%} have no recorded end" if some else ""
    result["flag"] = f"not compared: older weeks had longer, {missing}" if some else str(Reason.NO_DETAINERS)
    event = "" if blocking is None else blocked_by(blocking, week - TRAILING, week, [place])[0]
    result.loc[["issued", *(["persons"] if "persons" in weekly else [])], "flag"] = _level_flags(
        weekly, why_not_compared(week, calendar, len(earlier), TRAILING_WEEKS), event
    )
    result.loc[result.index == "states", "flag"] = ""
    if some:
        result.loc["declined", "flag"] = "see the comparison of shares"
    return result.rename_axis("measure").reset_index()


def _level_flags(weekly: pd.DataFrame, refusal: str, event: str) -> list[str]:
    """Say of detainers and persons whether this week has more or fewer than the trailing weeks lead to expect."""
    measures = [name for name in ("issued", "persons") if name in weekly]
    if refusal:
        return [refusal] * len(measures)
    tests = pd.concat([trailing_test(weekly[[name]], weeks=TRAILING_WEEKS) for name in measures])
    adjusted = adjust_for_many(tests["p"])
    return [
        direction(row.observed, row.expected, row.observed / row.expected if row.expected else np.nan, p, event)
        or str(Reason.NO_DETAINERS)
        for row, p in zip(tests.itertuples(), adjusted, strict=True)
    ]
