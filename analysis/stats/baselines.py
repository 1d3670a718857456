"""Is this week's count unusual for its past? EARS, CUSUM, and what is too little for either.

Counts are arrays or frames of weeks × cells, oldest week first, one row per week without a gap (:func:`unbroken`); NaN
is a count that is not known, and whatever would need it is NaN too. Three years of data or more go to
:mod:`analysis.stats.farrington`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.errors import InputError
from analysis.stats.changes import MINIMUM_EXPECTED, MINIMUM_OBSERVED
from analysis.stats.farrington import YEAR, FarringtonSettings, farrington
from analysis.stats.reasons import Reason
from analysis.stats.trailing import TRAILING, pooled_dispersion, trailing_test, weeks_by_cells

Floats = NDArray[np.float64]
EarsMethod = Literal["C1", "C2", "C3"]

EARS, FARRINGTON = "EARS", "Farrington flexible"
"""How :func:`week_baselines` names its methods."""
EARS_WEEKS = TRAILING
EARS_ALPHA: dict[EarsMethod, float] = {"C1": 0.001, "C2": 0.001, "C3": 0.025}
SHORTEST_SERIES = EARS_WEEKS + 5
"""Weeks of data, the one looked at included, from which on all three EARS statistics exist."""
ENOUGH_CASES, ENOUGH_WEEKS = 5, 4
"""A cell is looked at only if it has five events in the last four weeks (a rule of Farrington and others, 1996)."""


def unbroken(counts: pd.DataFrame | pd.Series) -> pd.DataFrame:
    """Lay weekly counts on an unbroken run of weeks.

    Parameters
    ----------
    counts
        Counts by week (index of Saturdays, any order), one column per cell.

    Returns
    -------
    pandas.DataFrame
        One row per week from the first to the last, oldest first; a week that was not given is NaN, never zero.

    Raises
    ------
    InputError
        No week at all, a week that stands twice, or a day that is no Saturday.
    """
    frame = counts.to_frame() if isinstance(counts, pd.Series) else counts
    weeks = pd.DatetimeIndex(frame.index)
    if weeks.empty:
        raise InputError("there is no week of counts")
    wrong = weeks[weeks.duplicated() | (weeks.day_of_week != 5)]
    if len(wrong):
        raise InputError(
            "the weeks of a series do not fit", found=str(wrong[0].date()), expected="each Saturday at most once"
        )
    run = pd.date_range(weeks.min(), weeks.max(), freq="7D", name=frame.index.name).as_unit(weeks.unit)
    return frame.set_axis(weeks, axis="index").reindex(run).astype("float64")


class Ears(NamedTuple):
    """EARS statistics, each an array of weeks × cells; NaN before the baseline is full and where weeks are missing.

    ``expected`` and ``sd`` are the mean and standard deviation of the baseline weeks, ``statistic`` is C1, C2 or C3
    (NaN after weeks without a single event), ``upper`` the count above which the week is flagged, ``flag`` whether it
    is.
    """

    expected: Floats
    sd: Floats
    statistic: Floats
    upper: Floats
    flag: NDArray[np.bool_]


def ears(
    counts: ArrayLike,
    method: EarsMethod = "C1",
    alpha: float | None = None,
    weeks: int = EARS_WEEKS,
    r_compatible: bool = False,
) -> Ears:
    """Compare every week with the few weeks before it.

    C1 = (y - mean) / sd over the seven weeks before; C2 the same with two weeks left out between; C3 the sum of
    max(0, C2 - 1) over this week and the two before. Where the baseline weeks are all equal, the root of their mean
    stands in for the standard deviation.

    Parameters
    ----------
    counts
        Weeks × cells, oldest first, or one series.
    method
        ``C1``, ``C2`` or ``C3``.
    alpha
        One-sided level of the normal quantile z; by default 0.001, for C3 0.025. A week is flagged when the statistic
        exceeds z. A rule of thumb, not a calibrated level: seven weeks estimate the standard deviation.
    weeks
        Length of the baseline.
    r_compatible
        The bounds of R's ``surveillance::earsC``: for C3 it adds the margin to the observed count instead of the
        baseline's mean, contrary to its own manual, and equal weeks have a standard deviation of 0. For comparison.

    References
    ----------
    Hutwagner, Thompson, Seeman and Treadwell (2003), Journal of Urban Health 80, i89-i96; Fricker, Hegler and Dunfee
    (2008), Statistics in Medicine 27, 3407-3429.
    """
    x = weeks_by_cells(counts)
    lag = 0 if method == "C1" else 2
    z = float(stats.norm.isf(EARS_ALPHA[method] if alpha is None else alpha))
    expected, sd = np.full((2, *x.shape), np.nan)
    first = weeks + lag
    if len(x) > first:
        before = sliding_window_view(x, weeks, axis=0)[: len(x) - first]
        expected[first:], sd[first:] = before.mean(axis=-1), before.std(axis=-1, ddof=1)
    if not r_compatible:
        sd = np.where(sd == 0, np.sqrt(expected), sd)
    statistic = (x - expected) / np.where(sd > 0, sd, np.nan)
    if method != "C3":
        upper = expected + z * sd
        return Ears(expected, sd, statistic, upper, x > upper)
    excess = np.maximum(statistic - 1, 0)
    past = np.full(x.shape, np.nan)
    past[2:] = excess[1:-1] + excess[:-2]
    if r_compatible:
        upper = np.maximum(x + sd * (z - past), 0)
        return Ears(expected, sd, excess + past, upper, x > upper)
    # Where the two weeks before exceed z alone, any count of this week is flagged.
    upper = np.where(past > z, 0.0, np.maximum(expected + sd * (1 + z - past), 0))
    return Ears(expected, sd, excess + past, upper, excess + past > z)


def enough_cases(counts: ArrayLike, cases: int = ENOUGH_CASES, weeks: int = ENOUGH_WEEKS) -> NDArray[np.bool_]:
    """Say of every cell whether its last weeks hold enough events to be looked at; a week not known adds none."""
    enough: NDArray[np.bool_] = np.nansum(weeks_by_cells(counts)[-weeks:], axis=0) >= cases
    return enough


class Cusum(NamedTuple):
    """A one-sided CUSUM: ``residual`` per week, ``total`` (the running sum), ``flag`` where it exceeds the limit."""

    residual: Floats
    total: Floats
    flag: NDArray[np.bool_]


def cusum(
    observed: ArrayLike, expected: ArrayLike, dispersion: ArrayLike = 1.0, allowance: float = 0.5, limit: float = 5.0
) -> Cusum:
    """Add up standardised residuals to see a slow drift upwards.

    z = (y - 3m + 2 sqrt(m y)) / (2 sqrt(m)), divided by the root of the dispersion; the sum is
    max(0, sum before + z - allowance).

    Parameters
    ----------
    observed, expected
        Counts and their expected values, weeks × cells or one series; expected values come from outside the weeks that
        are watched. A week where either is not known leaves the sum as it is; an expected value of 0 counts as such.
    dispersion
        Variance over mean, for counts that vary more than Poisson.
    allowance, limit
        In standard deviations. The defaults see a shift of one standard deviation and, for normal residuals, raise one
        false flag in about 930 weeks.

    References
    ----------
    Rossi, Lampugnani and Marchi (1999), Statistics in Medicine 18, 2111-2122.
    """
    y, m, phi = np.broadcast_arrays(
        np.asarray(observed, dtype=float), np.asarray(expected, dtype=float), np.asarray(dispersion, dtype=float)
    )
    m = np.where(m > 0, m, np.nan)
    residual = (y - 3 * m + 2 * np.sqrt(m * y)) / (2 * np.sqrt(m)) / np.sqrt(phi)
    total = np.zeros(y.shape)
    running = np.zeros(y.shape[1:])
    for week, z in enumerate(residual):
        running = np.where(np.isnan(z), running, np.maximum(0, running + z - allowance))
        total[week] = running
    return Cusum(residual, total, total > limit)


def too_few_weeks(weeks: int) -> str:
    """Say in one sentence why a series of this many weeks has no baseline; blank where it has one."""
    if weeks >= SHORTEST_SERIES:
        return ""
    data = f"{weeks} week{'s' if weeks != 1 else ''} of data"
    return f"{data}: no baseline before {SHORTEST_SERIES - weeks} more."


def week_baselines(counts: pd.DataFrame, settings: FarringtonSettings | None = None) -> pd.DataFrame:
    """Hold the last week of every cell against its past, by the method that the length of the series allows.

    Three years and more: Farrington flexible. Fewer: EARS, with the p-value of
    :func:`analysis.stats.trailing.trailing_test`. Fewer than :data:`SHORTEST_SERIES` weeks: nothing
    (:func:`too_few_weeks` says so).

    Parameters
    ----------
    counts
        Weeks × cells as from :func:`unbroken`.
    settings
        Of Farrington's method; by default as many years (3 to 5) as there are.

    Returns
    -------
    pandas.DataFrame
        One row per cell: ``observed``, ``expected``, ``upper``, ``p`` (that so many or more are seen in a usual week,
        for the week's false-discovery control; of EARS with so many counted half, the mid-p, of Farrington with the
        error of the mean counted in: so each comes nearest to its level, see ``notebooks/methods.ipynb``), ``flags``
        (``Farrington``; or C1, C2, C3 as far as raised; blank = none), ``method`` and ``reason`` (blank where a
        baseline is given; ``too few declines`` below the minimum counts of :func:`enough_cases` and of
        :mod:`analysis.stats.changes`).
    """
    now = counts.iloc[-1].to_numpy(dtype=float)
    enough = enough_cases(counts)
    looked_at = counts.loc[:, enough]
    years = (len(counts) - 1 - FarringtonSettings.half_window) // YEAR
    if years >= FarringtonSettings.years:
        method, found = (
            FARRINGTON,
            farrington(looked_at, settings or FarringtonSettings(years=min(years, 5))),
        )
        found = found.assign(p=found["p_new"], flags=np.where(found["observed"] > found["upper"], "Farrington", ""))
    else:
        method, found = EARS, _ears_of_last_week(looked_at, pooled_dispersion(counts.iloc[:-1])[enough])
    few = (found["expected"] < MINIMUM_EXPECTED) & (found["observed"] < MINIMUM_OBSERVED)
    found["reason"] = found["reason"].mask(few & (found["reason"] == ""), str(Reason.TOO_FEW))
    found.loc[found["reason"] != "", ["expected", "upper", "p"]] = np.nan
    found.loc[found["reason"] != "", "flags"] = ""
    result = found[["expected", "upper", "p", "flags", "reason"]].reindex(counts.columns)
    result.insert(0, "observed", now)
    result["flags"] = result["flags"].astype("str").fillna("")  # of no cell at all, numbers
    reason = result["reason"].astype("str").fillna(str(Reason.TOO_FEW))
    result["reason"] = reason.mask(np.isnan(now), str(Reason.NOT_KNOWN))
    if too_few_weeks(len(counts)):
        result["reason"] = str(Reason.TOO_FEW_WEEKS)
    return result.assign(method=method)


def _ears_of_last_week(counts: pd.DataFrame, dispersion: Floats) -> pd.DataFrame:
    """Give the three EARS flags of the last week, C1's bound and the trailing test's p-value."""
    if too_few_weeks(len(counts)):
        blank = pd.DataFrame(np.nan, index=counts.columns, columns=["observed", "expected", "upper", "p"])
        return blank.assign(flags="", reason="")
    test = trailing_test(counts, dispersion=dispersion)
    charts = {method: ears(counts, method) for method in EARS_ALPHA}
    raised = zip(*(chart.flag[-1] for chart in charts.values()), strict=True)
    flags = [" ".join(method for method, flag in zip(charts, cell, strict=True) if flag) for cell in raised]
    first = charts["C1"]
    return test.assign(expected=first.expected[-1], upper=first.upper[-1], p=test["p_mid"], flags=flags)
