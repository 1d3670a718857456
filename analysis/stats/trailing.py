"""A week against the few before it: the exact conditional test, for counts that vary as Poisson counts or more."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from analysis.stats.farrington import NEAR_ONE
from analysis.stats.reasons import Reason

Floats = NDArray[np.float64]
TRAILING = 7
"""Weeks before this one that make a short baseline."""
CURVE_FREEDOM = 12.0
"""Degrees of freedom that the common curve of dispersions counts for beside a cell's own: those of two baselines."""


def weeks_by_cells(counts: ArrayLike) -> Floats:
    """Give counts as an array of weeks × cells (one column for a single series)."""
    x = np.asarray(counts, dtype=float)
    if x.ndim not in (1, 2):
        raise ValueError("counts are one series or weeks × cells")
    if np.any(x < 0):
        raise ValueError("a count is negative")
    return x[:, None] if x.ndim == 1 else x


def pooled_dispersion(counts: ArrayLike, exposure: ArrayLike | None = None) -> Floats:
    """Estimate how much more than Poisson counts each cell varies from week to week, from all cells together.

    The weeks are cut into blocks of :data:`TRAILING`, so that a slow drift is not taken for variation. In a block of W
    weeks with T events in all, the Pearson statistic about the block's own mean has d degrees of freedom and mean d +
    d (phi - 1) (T - 1) / T, however sparse the cell is. All blocks of all cells give, by weighted least squares with
    terms of 0 or more, phi = 1 + constant + slope × mean: the constant is for events in batches, the slope for weeks
    that raise or lower a cell's every event (negative binomial counts). A cell's own blocks then move its phi away from
    this curve as far as they outweigh :data:`CURVE_FREEDOM`.

    Parameters
    ----------
    counts
        Weeks × cells; NaN where not known.
    exposure
        Detainers issued, of the same shape; by default every week counts the same.

    Returns
    -------
    numpy.ndarray
        Variance over mean of each cell, at least 1.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, section 4.5; the weighing of own and common variance as in
    Smyth (2004), Statistical Applications in Genetics and Molecular Biology 3, article 3.
    """
    x = weeks_by_cells(counts)
    e = np.ones_like(x) if exposure is None else weeks_by_cells(exposure)
    blocks = [slice(max(end - TRAILING, 0), end) for end in range(len(x), 1, -TRAILING)]
    if not blocks:
        return np.ones(x.shape[1])
    statistic, free, total, weeks = (np.array(v) for v in zip(*(_spread(x[b], e[b]) for b in blocks), strict=True))
    usable = total > 1
    if not usable.any():
        return np.ones(x.shape[1])
    thinned = np.where(usable, free * (1 - 1 / np.where(usable, total, 1)), 0)
    excess, mean = statistic - free, total / np.maximum(weeks, 1)
    terms, curve = np.zeros(2), 1 + mean / 5  # large cells, which are few and depart most, count little at first
    for _ in range(3):
        weight = 1 / (np.sqrt(2 * thinned[usable]) * curve[usable])
        sizes = np.column_stack([np.ones(len(weight)), mean[usable]])
        terms = optimize.nnls(sizes * (thinned[usable] * weight)[:, None], excess[usable] * weight)[0]
        curve = 1 + terms[0] + terms[1] * mean
    own = np.where(usable, (excess + thinned) / curve, 0).sum(axis=0)
    known = ~np.isnan(x)
    overall = np.where(known, x, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    moved = (CURVE_FREEDOM + own) / (CURVE_FREEDOM + thinned.sum(axis=0))
    return np.maximum(1, (1 + terms[0] + terms[1] * overall) * moved)


def _spread(x: Floats, exposure: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Give a block's Pearson statistic, degrees of freedom, events and weeks by cell; 0 where a week is not known."""
    whole = ~np.isnan(x + exposure).any(axis=0)
    counts, e = np.where(whole, x, 0), np.where(whole, exposure, 0)
    total, of_all = counts.sum(axis=0), e.sum(axis=0)
    fitted = total * e / np.where(of_all > 0, of_all, 1)
    statistic = np.where(fitted > 0, (counts - fitted) ** 2 / np.where(fitted > 0, fitted, 1), 0).sum(axis=0)
    weeks = (fitted > 0).sum(axis=0)
    return statistic, np.maximum(weeks - 1, 0).astype(float), np.where(weeks > 1, total, 0), weeks.astype(float)


def trailing_test(
    counts: ArrayLike,
    exposure: ArrayLike | None = None,
    weeks: int = TRAILING,
    dispersion: ArrayLike | None = None,
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
        Variance over mean, by cell or one for all; by default from all weeks before (:func:`pooled_dispersion`).

    Returns
    -------
    pandas.DataFrame
        One row per cell: ``observed``, ``expected`` (from the weeks before), ``p_higher``, ``p_lower`` (one-sided),
        ``p`` (two-sided: twice the smaller, at most 1), ``p_mid`` (one-sided, higher, smaller by half the probability
        of the count seen), ``dispersion`` and ``reason`` (blank where tested).

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
    phi = np.broadcast_to(pooled_dispersion(x[:-1], e[:-1]) if dispersion is None else dispersion, now.shape).astype(
        float
    )
    past = before.sum(axis=0)
    total, share = now + past, e_now / np.where(e_now + e_before > 0, e_now + e_before, np.nan)
    reason = np.select(
        [np.isnan(now + e_now), ~whole, (e_now == 0) | (e_before == 0), total == 0],
        [Reason.NOT_KNOWN, Reason.WEEKS_MISSING, Reason.NO_DETAINERS, Reason.NO_DECLINES],
        Reason.GIVEN,
    )
    ok = reason == Reason.GIVEN
    p_higher, p_lower, p_mid = np.full((3, x.shape[1]), np.nan)
    for law, chosen in ((stats.binom, ok & (phi <= NEAR_ONE)), (stats.betabinom, ok & (phi > NEAR_ONE))):
        y, n, w, above = now[chosen], total[chosen], share[chosen], phi[chosen] - 1
        here = (w,) if law is stats.binom else (n * w / above, n * (1 - w) / above)
        others = (1 - w,) if law is stats.binom else here[::-1]
        # The upper tail as the lower one of what the other weeks hold: no difference from 1, so no rounding to 0.
        p_higher[chosen], p_lower[chosen] = law.cdf(n - y, n, *others), law.cdf(y, n, *here)
        p_mid[chosen] = p_higher[chosen] - law.pmf(y, n, *here) / 2
    return pd.DataFrame(
        {
            "observed": now,
            "expected": np.where(ok, past * e_now / np.where(e_before > 0, e_before, np.nan), np.nan),
            "p_higher": p_higher,
            "p_lower": p_lower,
            "p": np.minimum(1, 2 * np.minimum(p_higher, p_lower)),
            "p_mid": p_mid,
            "dispersion": phi,
            "reason": reason,
        },
        index=cells,
    )


def _not_said(cells: pd.Index, observed: Floats, reason: Reason) -> pd.DataFrame:
    """Give the test's frame without a test."""
    blank = dict.fromkeys(["expected", "p_higher", "p_lower", "p", "p_mid", "dispersion"], np.nan)
    return pd.DataFrame({"observed": observed, **blank, "reason": str(reason)}, index=cells)
