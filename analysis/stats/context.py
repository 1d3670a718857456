"""What stands beside a week's counts: states like for like, a change taken apart, and how finished the week is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from analysis.load.table import Outcome
from analysis.stats.cohorts import NOT_GIVEN, count_outcomes
from analysis.stats.delays import Triangle, triangle_of_lift_dates, triangle_of_snapshots
from analysis.stats.funnels import funnel
from analysis.stats.mix import change_of_share, indirect_standardisation
from analysis.stats.weeks import WEEK, as_timestamps, last_day, week_of

REQUEST, OFFENCE = ("request",), ("offence_group", "offence_status")


def strata(has_offences: bool) -> list[str]:
    """List what is held equal when states are compared: what the form asks and, where recorded, the offence."""
    return [*REQUEST, *(OFFENCE if has_offences else ())]


def state_funnel(rows: pd.DataFrame, has_offences: bool) -> pd.DataFrame:
    """Hold each state's declines against those expected of detainers like its own.

    Expected: the share of declines that all states together have among detainers of the same stratum
    (:func:`strata`).

    Parameters
    ----------
    rows
        Detainers of one period, all states.
    has_offences
        Whether the source records offences.

    Returns
    -------
    pandas.DataFrame
        One row per state with detainers: the columns of :func:`analysis.stats.funnels.funnel`, with ``low`` and
        ``high``, the exact interval of ``ratio``. Detainers whose state is not given count in the standard alone.
    """
    counts = count_outcomes(rows, ["state", *strata(has_offences)])
    standardised = indirect_standardisation(counts).drop(index=NOT_GIVEN, errors="ignore")
    placed = funnel(standardised["observed"], standardised["expected"])
    return placed.assign(low=standardised["low"], high=standardised["high"])


def parts_of_change(before: pd.DataFrame, after: pd.DataFrame, factors: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Take the change of a cohort's share of declines apart into mix and share, one factor at a time.

    Parameters
    ----------
    before, after
        Detainers of two periods.
    factors
        Columns of the strata, by the factor's name.

    Returns
    -------
    pandas.DataFrame
        One row per factor: ``factor``, ``share_before``, ``share``, ``mix_effect`` (the detainers' mix changed),
        ``share_effect`` (shares within strata changed) and ``change``, their sum; all as parts of 1, NaN where a period
        has no detainers.

    References
    ----------
    Kitagawa (1955), Journal of the American Statistical Association 50, 1168-1194.
    """
    counts = {
        name: [count_outcomes(rows, list(columns)) for rows in (before, after)] for name, columns in factors.items()
    }
    rows = []
    for name, (then, now) in counts.items():
        effects = change_of_share(then, now)[["mix_effect", "share_effect"]].sum(min_count=1)
        shares = [period["declined"].sum() / (period["issued"].sum() or np.nan) for period in (then, now)]
        rows.append((name, *shares, *effects, shares[1] - shares[0]))
    return pd.DataFrame(rows, columns=["factor", "share_before", "share", "mix_effect", "share_effect", "change"])


def rows_of_weeks(table: pd.DataFrame, weeks: Sequence[date]) -> pd.DataFrame:
    """Keep the detainers issued in some weeks."""
    return table[week_of(table["issued_on"]).isin(as_timestamps(weeks))]


def measured_triangle(
    table: pd.DataFrame, extracted_on: date, versions: Mapping[date, pd.DataFrame]
) -> Triangle | None:
    """Build the reporting triangle from what a source has: days of declines, or versions extracted on several days.

    Parameters
    ----------
    table
        Detainers of the source, or of one state.
    extracted_on
        Day of its extraction.
    versions
        The same of every stored version, by day of extraction.

    Returns
    -------
    Triangle or None
        None where the source has neither.
    """
    declined = table["outcome"] == Outcome.DECLINED
    if "lifted_on" in table and table.loc[declined, "lifted_on"].notna().any():
        return triangle_of_lift_dates(table, extracted_on)
    if len(versions) < 2:
        return None
    days = sorted(versions)
    step = max(1, round(float(np.median(np.diff([day.toordinal() for day in days]))) / WEEK.days))
    return triangle_of_snapshots({day: _declines_known(versions[day], day) for day in days}, step)


def _declines_known(table: pd.DataFrame, extracted_on: date) -> pd.Series:
    """Count declines by week of issue, every full week of a version."""
    counts = count_outcomes(table, "week")["declined"]
    full = counts.index[[last_day(week.date()) <= extracted_on for week in counts.index]]
    if full.empty:
        return counts.loc[full]
    return counts.reindex(pd.date_range(full[0], full[-1], freq="7D", name="week"), fill_value=0)
