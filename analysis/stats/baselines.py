"""Is this week's count unusual for its past? EARS, a test against the trailing weeks, CUSUM, and what is too little.

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

Floats = NDArray[np.float64]
EarsMethod = Literal["C1", "C2", "C3"]

EARS_WEEKS = 7
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
    wrong = weeks[weeks.duplicated() | (weeks.dayofweek != 5)]
    if len(wrong):
        raise InputError(
            "the weeks of a series do not fit", found=str(wrong[0].date()), expected="each Saturday at most once"
        )
    run = pd.date_range(weeks.min(), weeks.max(), freq="7D", name=frame.index.name).as_unit(weeks.unit)
    return frame.set_axis(weeks, axis="index").reindex(run).astype("float64")


def _weeks_by_cells(counts: ArrayLike) -> Floats:
    """Give counts as an array of weeks × cells (one column for a single series)."""
    x = np.asarray(counts, dtype=float)
    if x.ndim not in (1, 2):
        raise ValueError("counts are one series or weeks × cells")
    if np.any(x < 0):
        raise ValueError("a count is negative")
    return x[:, None] if x.ndim == 1 else x


class Ears(NamedTuple):
    """EARS statistics, each an array of weeks × cells; NaN before the baseline is full and where weeks are missing.

    ``expected`` and ``sd`` are the mean and standard deviation of the baseline weeks, ``statistic`` is C1, C2 or C3
    (NaN where the baseline never varies), ``upper`` the count above which the week is flagged, ``flag`` whether it is.
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
    max(0, C2 - 1) over this week and the two before.

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
        For C3: the bound and flag of R's ``surveillance::earsC``, which adds the margin to the observed count instead
        of the baseline's mean, contrary to its own manual. For comparison only.

    References
    ----------
    Hutwagner, Thompson, Seeman and Treadwell (2003), Journal of Urban Health 80, i89-i96; Fricker, Hegler and Dunfee
    (2008), Statistics in Medicine 27, 3407-3429.
    """
    x = _weeks_by_cells(counts)
    lag = 0 if method == "C1" else 2
    z = float(stats.norm.isf(EARS_ALPHA[method] if alpha is None else alpha))
    expected, sd = np.full((2, *x.shape), np.nan)
    first = weeks + lag
    if len(x) > first:
        before = sliding_window_view(x, weeks, axis=0)[: len(x) - first]
        expected[first:], sd[first:] = before.mean(axis=-1), before.std(axis=-1, ddof=1)
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


def pooled_dispersion(counts: ArrayLike, exposure: ArrayLike | None = None) -> float:
    """Estimate how much more than Poisson counts vary from week to week, over all cells together.

    The Pearson statistic of each cell's weeks about its own mean, pooled: given a cell's total it has mean (weeks - 1)
    for Poisson counts however sparse the cell is. At least 1.

    Parameters
    ----------
    counts
        Weeks × cells.
    exposure
        Detainers issued, of the same shape; by default every week counts the same.
    """
    x = _weeks_by_cells(counts)
    e = np.ones_like(x) if exposure is None else _weeks_by_cells(exposure)
    usable = (x.sum(axis=0) > 0) & (e.sum(axis=0) > 0)
    if not usable.any():
        return 1.0
    x, e = x[:, usable], e[:, usable]
    fitted = x.sum(axis=0) * e / e.sum(axis=0)
    pearson = np.where(fitted > 0, (x - fitted) ** 2 / np.where(fitted > 0, fitted, 1), 0).sum()
    free = ((fitted > 0).sum(axis=0) - 1).sum()
    return max(1.0, float(pearson / free)) if free > 0 else 1.0


def trailing_test(
    counts: ArrayLike,
    exposure: ArrayLike | None = None,
    weeks: int = EARS_WEEKS,
    dispersion: float | None = None,
) -> pd.DataFrame:
    """Test the last week of every cell against the weeks before it, allowing for more than Poisson variation.

    Given a cell's total over all these weeks, this week's count is binomial if counts are Poisson (the exact
    conditional test), and beta-binomial if they are negative binomial with variance = dispersion × mean.

    Parameters
    ----------
    counts
        Weeks × cells, oldest first; the last row is tested.
    exposure
        Detainers issued, of the same shape; by default every week counts the same.
    weeks
        Number of weeks before.
    dispersion
        Variance over mean; by default pooled over all cells of the weeks before (:func:`pooled_dispersion`).

    Returns
    -------
    pandas.DataFrame
        One row per cell: ``observed``, ``expected`` (from the weeks before), ``p_higher``, ``p_lower`` (one-sided),
        ``p`` (two-sided: twice the smaller, at most 1), ``dispersion`` and ``reason`` (blank where tested).

    References
    ----------
    Przyborowski and Wilenski (1940), Biometrika 31, 313-323, for the binomial form; Johnson, Kemp and Kotz (2005),
    Univariate Discrete Distributions, section 6.2, for the law of one of several negative binomial counts given
    their sum.
    """
    x = _weeks_by_cells(counts)
    e = np.ones_like(x) if exposure is None else _weeks_by_cells(exposure)
    cells = counts.columns if isinstance(counts, pd.DataFrame) else pd.RangeIndex(x.shape[1])
    if len(x) <= weeks:
        return _not_said(cells, x[-1] if len(x) else np.full(x.shape[1], np.nan), Reason.TOO_FEW_WEEKS)
    now, before, e_now, e_before = x[-1], x[-1 - weeks : -1], e[-1], e[-1 - weeks : -1].sum(axis=0)
    whole = ~np.isnan(before).any(axis=0)
    phi = pooled_dispersion(before[:, whole], e[-1 - weeks : -1, whole]) if dispersion is None else dispersion
    past = before.sum(axis=0)
    total, share = now + past, e_now / np.where(e_now + e_before > 0, e_now + e_before, np.nan)
    reason = np.select(
        [np.isnan(now), ~whole, (e_now == 0) | (e_before == 0), total == 0],
        [Reason.NOT_KNOWN, Reason.WEEKS_MISSING, Reason.NO_DETAINERS, Reason.NO_DECLINES],
        Reason.GIVEN,
    )
    ok = reason == Reason.GIVEN
    p_higher, p_lower = np.full((2, x.shape[1]), np.nan)
    y, n, w = now[ok], total[ok], share[ok]
    if phi > 1:
        a, b = n * w / (phi - 1), n * (1 - w) / (phi - 1)
        # The upper tail as the lower one of what the other weeks hold: no difference from 1, so no rounding to 0.
        p_higher[ok], p_lower[ok] = stats.betabinom.cdf(n - y, n, b, a), stats.betabinom.cdf(y, n, a, b)
    else:
        p_higher[ok], p_lower[ok] = stats.binom.sf(y - 1, n, w), stats.binom.cdf(y, n, w)
    return pd.DataFrame(
        {
            "observed": now,
            "expected": np.where(ok, past * e_now / np.where(e_before > 0, e_before, np.nan), np.nan),
            "p_higher": p_higher,
            "p_lower": p_lower,
            "p": np.minimum(1, 2 * np.minimum(p_higher, p_lower)),
            "dispersion": phi,
            "reason": reason,
        },
        index=cells,
    )


def _not_said(cells: pd.Index, observed: Floats, reason: Reason) -> pd.DataFrame:
    """Give the test's frame without a test."""
    blank = dict.fromkeys(["expected", "p_higher", "p_lower", "p", "dispersion"], np.nan)
    return pd.DataFrame({"observed": observed, **blank, "reason": str(reason)}, index=cells)


def enough_cases(counts: ArrayLike, cases: int = ENOUGH_CASES, weeks: int = ENOUGH_WEEKS) -> NDArray[np.bool_]:
    """Say of every cell whether its last weeks hold enough events to be looked at; a week not known adds none."""
    enough: NDArray[np.bool_] = np.nansum(_weeks_by_cells(counts)[-weeks:], axis=0) >= cases
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

    Three years and more: Farrington flexible. Fewer: EARS, with the p-value of :func:`trailing_test`. Fewer than
    :data:`SHORTEST_SERIES` weeks: nothing (:func:`too_few_weeks` says so).

    Parameters
    ----------
    counts
        Weeks × cells as from :func:`unbroken`.
    settings
        Of Farrington's method; by default as many years (3 to 5) as there are.

    Returns
    -------
    pandas.DataFrame
        One row per cell: ``observed``, ``expected``, ``upper``, ``p`` (that so many or more are seen in a usual week;
        for the week's false-discovery control), ``flags`` (``Farrington``; or C1, C2, C3 as far as raised; blank =
        none), ``method`` and ``reason`` (blank where a baseline is given; ``too few declines`` below the minimum
        counts of :func:`enough_cases` and of :mod:`analysis.stats.changes`).
    """
    years = (len(counts) - 1 - FarringtonSettings.half_window) // YEAR
    if years >= FarringtonSettings.years:
        fitted = farrington(counts, settings or FarringtonSettings(years=min(years, 5)))
        flags = np.where(fitted["observed"] > fitted["upper"], "Farrington", "")
        result = fitted[["observed", "expected", "upper", "p"]].assign(
            flags=flags, method="Farrington flexible", reason=fitted["reason"]
        )
    else:
        test = trailing_test(counts)
        charts = {method: ears(counts, method) for method in EARS_ALPHA} if len(counts) >= SHORTEST_SERIES else {}
        flags = np.full(len(test), "", dtype=object)
        for method, chart in charts.items():
            flags = np.where(chart.flag[-1], flags + f" {method}", flags)
        result = pd.DataFrame(
            {
                "observed": test["observed"],
                "expected": charts["C1"].expected[-1] if charts else np.nan,
                "upper": charts["C1"].upper[-1] if charts else np.nan,
                "p": test["p_higher"],
                "flags": [str(flag).strip() for flag in flags],
                "method": "EARS",
                "reason": test["reason"] if charts else str(Reason.TOO_FEW_WEEKS),
            },
            index=test.index,
        )
    few = ~enough_cases(counts) | ((result["expected"] < MINIMUM_EXPECTED) & (result["observed"] < MINIMUM_OBSERVED))
    result["reason"] = result["reason"].mask(few & (result["reason"] == ""), str(Reason.TOO_FEW))
    not_given = result["reason"] != ""
    result.loc[not_given, ["expected", "upper", "p"]] = np.nan
    result.loc[not_given, "flags"] = ""
    return result
