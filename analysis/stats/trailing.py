"""A week against the few before it: the exact conditional test, for counts that vary as Poisson counts or more."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.stats.reasons import Reason

Floats = NDArray[np.float64]
TRAILING = 7
"""Weeks before this one that make a short baseline."""


def weeks_by_cells(counts: ArrayLike) -> Floats:
    """Give counts as an array of weeks × cells (one column for a single series)."""
    x = np.asarray(counts, dtype=float)
    if x.ndim not in (1, 2):
        raise ValueError("counts are one series or weeks × cells")
    if np.any(x < 0):
        raise ValueError("a count is negative")
    return x[:, None] if x.ndim == 1 else x


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
    x = weeks_by_cells(counts)
    e = np.ones_like(x) if exposure is None else weeks_by_cells(exposure)
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
    weeks: int = TRAILING,
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
    x = weeks_by_cells(counts)
    e = np.ones_like(x) if exposure is None else weeks_by_cells(exposure)
    cells = counts.columns if isinstance(counts, pd.DataFrame) else pd.RangeIndex(x.shape[1])
    if len(x) <= weeks:
        return _not_said(cells, x[-1] if len(x) else np.full(x.shape[1], np.nan), Reason.TOO_FEW_WEEKS)
    now, before, e_now, e_before = x[-1], x[-1 - weeks : -1], e[-1], e[-1 - weeks : -1].sum(axis=0)
    whole = ~np.isnan(before + e[-1 - weeks : -1]).any(axis=0)
    phi = pooled_dispersion(before[:, whole], e[-1 - weeks : -1, whole]) if dispersion is None else dispersion
    past = before.sum(axis=0)
    total, share = now + past, e_now / np.where(e_now + e_before > 0, e_now + e_before, np.nan)
    reason = np.select(
        [np.isnan(now + e_now), ~whole, (e_now == 0) | (e_before == 0), total == 0],
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
