"""When are detainers declined? Cumulative incidence by days since issue, the other ends as competing events.

A detainer that ended otherwise can no longer be declined, so it is not censored; one without a recorded end is, on the
day of the extraction. One minus Kaplan-Meier, which censors the other ends, overstates every outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.duration.survfunc import CumIncidenceRight

from analysis.errors import InputError
from analysis.load.table import Outcome

CAUSES = (
    Outcome.DECLINED,
    Outcome.TAKEN,
    Outcome.LEFT_FIRST,
    Outcome.NO_ACTION,
    Outcome.UNSPECIFIED,
    Outcome.OTHER,
)
"""The competing ends. A detainer that a newer form replaced is left out; the newer one is followed instead."""
READ_AT = (7, 14, 30, 60, 90, 180, 365)
"""Days since issue at which a table gives the curves."""


def aalen_johansen(days: ArrayLike, cause: ArrayLike, causes: int, level: float = 0.95) -> pd.DataFrame:
    """Estimate the cumulative incidence of every cause.

    Parameters
    ----------
    days
        Days followed.
    cause
        1, 2 ... = the cause that ended it on that day; 0 = not ended by then (censored).
    causes
        Number of causes, also those that do not occur.
    level
        Of the interval, on the complementary log-log scale, so that it stays between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per cause and distinct day: ``cause``, ``day``, ``at_risk`` (followed up to that day), ``incidence``,
        ``se``, ``low``, ``high``. The incidences of all causes on one day add up to at most 1. Before any event of the
        cause the incidence is 0 and the interval NaN.

    References
    ----------
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5, 141-150; Putter, Fiocco and Geskus (2007),
    Statistics in Medicine 26, 2389-2430.
    """
    time, status = np.asarray(days, dtype=float), np.asarray(cause, dtype=int)
    names = ["cause", "day", "at_risk", "incidence", "se", "low", "high"]
    if not len(time):
        return pd.DataFrame(columns=names, dtype="float64")
    if np.any(time < 0):
        raise ValueError("a detainer cannot end before it was issued")
    with np.errstate(divide="ignore", invalid="ignore"):  # the last day, if nobody is left to follow
        fitted = CumIncidenceRight(time, status)
    at_risk = len(time) - np.searchsorted(np.sort(time), fitted.times)
    z = float(stats.norm.isf((1 - level) / 2))
    parts = []
    for number in range(1, causes + 1):
        occurs = number <= len(fitted.cinc)
        f = np.minimum(fitted.cinc[number - 1], 1.0) if occurs else np.zeros(len(fitted.times))
        se = fitted.cinc_se[number - 1] if occurs else np.full(len(f), np.nan)
        se = np.where(f > 0, se, np.nan)
        inside = (f > 0) & (f < 1)
        safe = np.where(inside, f, 0.5)
        reach = np.exp(z * se / ((1 - safe) * -np.log1p(-safe)))
        low, high = (np.where(inside, 1 - (1 - safe) ** power, np.nan) for power in (1 / reach, reach))
        columns = (np.full(len(f), number), fitted.times, at_risk, f, se, low, high)
        parts.append(pd.DataFrame(dict(zip(names, columns, strict=True))))
    return pd.concat(parts, ignore_index=True)


def follow(table: pd.DataFrame, extracted_on: date) -> tuple[pd.DataFrame, pd.Series]:
    """Say how long each detainer was followed and what ended it.

    Parameters
    ----------
    table
        The table of detainers of a source with days of ends.
    extracted_on
        The source's extraction day.

    Returns
    -------
    tuple
        One row per detainer that can be followed (a row that stands for several is repeated): ``days`` and ``cause``
        (position in :data:`CAUSES` from 1; 0 = no end recorded: followed to the extraction, or to the recorded day if
        there is one without a reason). And the number of detainers left out, by reason.

    Raises
    ------
    InputError
        The source has ended detainers and not one day of an end.
    """
    outcome = table["outcome"].astype("category")
    names = [str(name) for name in outcome.cat.categories]
    codes = outcome.cat.codes.to_numpy()
    open_still = np.isin(codes, [names.index(Outcome.NOT_RECORDED)] if Outcome.NOT_RECORDED in names else [])
    issued, lifted, end = table["issued_on"], table["lifted_on"], pd.Timestamp(extracted_on)
    if not open_still.all() and lifted.notna().sum() == 0:
        raise InputError(
            "the source does not say on which day detainers ended",
            do="Time to decline needs a release with lift dates",
        )
    left_out = {
        "no day of issue": issued.isna(),
        "replaced by a newer form": np.isin(codes, [n for n, name in enumerate(names) if name == Outcome.REPLACED]),
        "issued after the extraction": issued > end,
        "ended on a day not recorded": lifted.isna() & ~open_still,
        "ended before it was issued": lifted < issued,
        "ended after the extraction": lifted > end,
    }
    why = np.select(list(left_out.values()), list(range(len(left_out))), -1)
    kept = why < 0
    cause_of = np.array([CAUSES.index(name) + 1 if name in CAUSES else 0 for name in names] + [0])  # -1: blank
    days = (lifted[kept].fillna(end) - issued[kept]).dt.days.to_numpy()
    times = table["detainers"].to_numpy()
    followed = pd.DataFrame({"days": days, "cause": cause_of[codes[kept]]})
    numbers = pd.Series(np.bincount(why[~kept], times[~kept], len(left_out)), index=list(left_out), dtype="int64")
    if not (times[kept] == 1).all():
        followed = followed.loc[followed.index.repeat(times[kept])].reset_index(drop=True)
    return followed, numbers[numbers > 0]


def cumulative_incidence(table: pd.DataFrame, extracted_on: date, level: float = 0.95) -> pd.DataFrame:
    """Give the share of detainers that had ended in each way, by days since issue.

    Parameters
    ----------
    table
        The table of detainers of a source with days of ends (:func:`follow`).
    extracted_on
        The source's extraction day.
    level
        Confidence level.

    Returns
    -------
    pandas.DataFrame
        One row per outcome and day on which any ended or was censored: ``outcome`` (one of :data:`CAUSES`), ``day``,
        ``at_risk``, ``incidence``, ``se``, ``low``, ``high``; ``attrs["left_out"]`` counts detainers left out by
        reason. No rows where nothing can be followed.
    """
    followed, left_out = follow(table, extracted_on)
    curves = aalen_johansen(followed["days"], followed["cause"], len(CAUSES), level)
    curves.insert(0, "outcome", curves.pop("cause").map({n: str(name) for n, name in enumerate(CAUSES, start=1)}))
    curves.attrs["left_out"] = left_out.to_dict()
    return curves


def at_days(curves: pd.DataFrame, days: Sequence[int] = READ_AT) -> pd.DataFrame:
    """Read curves off at some days.

    Parameters
    ----------
    curves
        As from :func:`cumulative_incidence`.
    days
        Days since issue; those beyond the longest that anyone was followed are left out.

    Returns
    -------
    pandas.DataFrame
        One row per outcome that occurs and day: ``outcome``, ``day``, ``at_risk``, ``incidence``, ``low``, ``high``, of
        the last step of the curve up to that day.
    """
    occurring = curves[curves.groupby("outcome")["incidence"].transform("max") > 0]
    steps = occurring[["outcome", "day", "at_risk", "incidence", "low", "high"]]
    read = [
        steps[steps["day"] <= day].groupby("outcome", sort=False).tail(1).assign(day=day)
        for day in days
        if len(steps) and day <= steps["day"].max()
    ]
    found = pd.concat(read) if read else steps.head(0)
    order = {outcome: number for number, outcome in enumerate(curves["outcome"].unique())}
    return found.sort_values(["outcome", "day"], key=lambda one: one.map(lambda value: order.get(value, value)))
