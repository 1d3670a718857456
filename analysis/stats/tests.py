"""Is it more or less than before, and is it more than the usual ups and downs? The test behind every direction.

Given the declines of two periods together, those of one are binomial if counts are Poisson, and beta-binomial if counts
vary more: with dispersion phi, variance = phi × mean. Everything that is said of a change comes from this one law: the
two-sided p, the interval of the ratio, and the range of counts that would be usual.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats
from scipy.optimize import elementwise
from statsmodels.stats.multitest import multipletests

Floats = NDArray[np.float64]
LEVEL = 0.95
FALSE_DISCOVERY_RATE = 0.05
MINIMUM_DIFFERENCE = 5
MINIMUM_EXPECTED, MINIMUM_OBSERVED = 1.0, 3
"""A cell is tested only if at least one decline is expected or three were observed."""
BLOCK = 7
"""Weeks of a block of :func:`pooled_dispersion`."""
CURVE_FREEDOM = 12.0
"""Degrees of freedom that the common curve of dispersions counts for beside a cell's own: those of two blocks."""
NEARLY_ONE = 1.001
"""A dispersion up to which counts are taken as Poisson."""
WIDEST = 1e9
"""A ratio beyond which an interval's end is called unlimited."""


def pooled_dispersion(counts: ArrayLike, exposure: ArrayLike) -> Floats:
    """Estimate how much more than Poisson counts each cell varies from week to week, from all cells together.

    The weeks are cut into blocks of :data:`BLOCK`, so that a slow change is not taken for variation. In a block with T
    events in all, the Pearson statistic about the block's own share has d degrees of freedom and mean d + d (phi - 1)
    (T - 1) / T, however sparse the cell is. All blocks of all cells give, by weighted least squares with terms of 0 or
    more, phi = 1 + constant + slope × mean: the constant is for events in batches, the slope for weeks that raise or
    lower a cell's every event (negative binomial counts). A cell's own blocks then move its phi away from this curve as
    far as they outweigh :data:`CURVE_FREEDOM`.

    Parameters
    ----------
    counts, exposure
        Declines and detainers (times completeness), weeks × cells, oldest first; NaN where not known.

    Returns
    -------
    numpy.ndarray
        Variance over mean of each cell, at least 1; 1 where there is nothing to estimate it from.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, section 4.5; the weighing of own and common variance as in
    Smyth (2004), Statistical Applications in Genetics and Molecular Biology 3, article 3.
    """
    x, e = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float)
    blocks = [slice(max(end - BLOCK, 0), end) for end in range(len(x), 1, -BLOCK)]
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


def up_to(count: ArrayLike, total: ArrayLike, share: ArrayLike, dispersion: ArrayLike) -> Floats:
    """Give the probability of so many declines or fewer among a total, at a share of the exposure.

    Parameters
    ----------
    count, total
        Declines of the one period, and of both; whole numbers, one shape with the others.
    share
        The one period's part of the exposure, times the ratio that is supposed: between 0 and 1.
    dispersion
        Variance over mean of a count; 1 = binomial.

    References
    ----------
    Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, section 6.2: given their sum, one of two negative
    binomial counts of one dispersion is beta-binomial. ``scipy.stats.betabinom.cdf`` adds up one cell at a time; here
    all cells are added up at once.
    """
    k, n, w, phi = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (count, total, share, dispersion)))
    result = np.where(k < 0, 0.0, np.where(k >= n, 1.0, stats.binom.cdf(k, n, w)))
    wide = (phi > NEARLY_ONE) & (k >= 0) & (k < n) & (w > 0) & (w < 1)
    if not wide.any():
        return result
    k, n, w, phi = k[wide], n[wide], w[wide], phi[wide]
    a, b = n * w / (phi - 1), n * (1 - w) / (phi - 1)
    below = k + 1 <= n - k  # the shorter tail is added up
    first, terms = np.where(below, 0, k + 1), np.where(below, k + 1, n - k).astype(int)
    starts = np.cumsum(terms) - terms
    cell = np.repeat(np.arange(len(k)), terms)
    j = np.arange(terms.sum()) - starts[cell] + first[cell]
    beside = special.gammaln(n + 1) - special.betaln(a, b) - special.gammaln(n + a + b)
    each = (
        beside[cell]
        - special.gammaln(j + 1)
        - special.gammaln(n[cell] - j + 1)
        + special.gammaln(j + a[cell])
        + special.gammaln(n[cell] - j + b[cell])
    )
    tail = np.add.reduceat(np.exp(each), starts)
    result[wide] = np.clip(np.where(below, tail, 1 - tail), 0, 1)
    return result


def tails(count: ArrayLike, total: ArrayLike, share: ArrayLike, dispersion: ArrayLike) -> tuple[Floats, Floats]:
    """Give the probabilities of so many declines or fewer, and of so many or more (see :func:`up_to`)."""
    k, n, w = (np.asarray(v, dtype=float) for v in (count, total, share))
    # The upper tail as the lower one of the other period: no difference from 1, so no rounding to 0.
    return up_to(k, n, w, dispersion), up_to(n - k, n, 1 - w, dispersion)


def two_sided(count: ArrayLike, before: ArrayLike, share: ArrayLike, dispersion: ArrayLike) -> Floats:
    """Test whether declines now and before have one share: twice the smaller tail, at most 1.

    Parameters
    ----------
    count, before
        Declines now and before.
    share
        This period's part of the exposure of both.
    dispersion
        Variance over mean.

    References
    ----------
    Przyborowski and Wilenski (1940), Biometrika 31, 313-323. For equal exposures this is the exact test's p by
    likelihood, too.
    """
    lower, upper = tails(count, np.asarray(count, dtype=float) + np.asarray(before, dtype=float), share, dispersion)
    return np.minimum(1, 2 * np.minimum(lower, upper))


def ratio_interval(
    count: ArrayLike, before: ArrayLike, exposure: ArrayLike, exposure_before: ArrayLike, dispersion: ArrayLike = 1.0
) -> tuple[Floats, Floats]:
    """Give the 95 % interval of the ratio of two shares: all ratios that :func:`two_sided` does not reject.

    Returns
    -------
    tuple of numpy.ndarray
        Limits of share now over share before; the lower one is 0 where nothing was declined now, the upper one infinite
        where nothing was before. For a dispersion of 1, those of Clopper and Pearson for the share of the total.
    """
    y, y0, e, e0, phi = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(v, dtype=float)) for v in (count, before, exposure, exposure_before, dispersion))
    )
    tail = (1 - LEVEL) / 2

    def search(which: int, some: NDArray[np.bool_], otherwise: float) -> Floats:
        """Find the logarithm of the ratio at which a tail has half of what is left of the level."""

        def excess(log_ratio: Floats, y: Floats, y0: Floats, odds: Floats, phi: Floats) -> Floats:
            return tails(y, y + y0, special.expit(log_ratio + odds), phi)[which] - tail

        found = np.full(y.shape, otherwise)
        if some.any():
            args = (y[some], y0[some], np.log(e[some] / e0[some]), phi[some])
            reach = np.log(WIDEST)
            lowest, highest = np.full(some.sum(), -reach), np.full(some.sum(), reach)
            inside = np.sign(excess(lowest, *args)) != np.sign(excess(highest, *args))
            roots = np.full(some.sum(), np.log(otherwise) if otherwise else -np.inf)
            chosen = tuple(v[inside] for v in args)
            if inside.any():
                tolerances = {"xatol": 1e-9, "xrtol": 1e-12}
                ends = (lowest[inside], highest[inside])
                roots[inside] = elementwise.find_root(excess, ends, args=chosen, tolerances=tolerances).x
            found[some] = np.exp(roots)
        return found

    given = (e > 0) & (e0 > 0)
    low, high = search(1, given & (y > 0), 0.0), search(0, given & (y0 > 0), np.inf)
    nothing = ~given | (y + y0 == 0)
    return np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)


def usual_range(
    before: ArrayLike, exposure: ArrayLike, exposure_before: ArrayLike, dispersion: ArrayLike = 1.0
) -> tuple[Floats, Floats]:
    """Give the counts that would be usual after what was before: those that :func:`two_sided` does not call unusual.

    A count outside has p < 0.05 in the same test, so that a band, a flag and the words beside them cannot differ.

    Parameters
    ----------
    before
        Declines of the weeks before, together.
    exposure, exposure_before
        Exposure of this week, and of the weeks before together.
    dispersion
        Variance over mean.

    Returns
    -------
    tuple of numpy.ndarray
        Least and largest whole number; NaN where a period has no exposure. The largest is at most what the period has
        of exposure, where that is what was issued.

    References
    ----------
    Prediction by inverting a conditional test: Nelson (1982), Applied Life Data Analysis, section 6.2.
    """
    y0, e, e0, phi = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(v, dtype=float)) for v in (before, exposure, exposure_before, dispersion))
    )
    given = (e > 0) & (e0 > 0) & ~np.isnan(y0 + e + e0)
    low, high = np.full((2, *y0.shape), np.nan)
    y0, phi, w = y0[given], phi[given], (e[given] / (e + e0)[given])
    middle = y0 * w / (1 - w)
    reach = np.ceil(middle + 12 * np.sqrt(phi * (middle + 1) / (1 - w)) + 12 * phi)

    def usual(y: Floats, which: int) -> NDArray[np.bool_]:
        return tails(y, y + y0, w, phi)[which] >= (1 - LEVEL) / 2

    low[given] = _first_whole(lambda y: usual(y, 0), np.zeros(len(y0)), np.floor(middle))
    high[given] = _first_whole(lambda y: ~usual(y, 1), np.floor(middle), reach) - 1
    return low, np.maximum(low, high)


def _first_whole(holds: Callable[[Floats], NDArray[np.bool_]], first: Floats, last: Floats) -> Floats:
    """Find the first whole number from which a condition holds, by halving; the last one where it holds nowhere."""
    while (first < last).any():
        middle = np.floor((first + last) / 2)
        found = holds(middle)
        first, last = np.where(found | (first >= last), first, middle + 1), np.where(found, middle, last)
    return first


def adjust_for_many(p: ArrayLike) -> Floats:
    """Adjust p-values so that flags at or below 0.05 hold a false-discovery rate of 5 %.

    Parameters
    ----------
    p
        P-values of one family; NaN (not tested) stays NaN and does not count.

    References
    ----------
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.

    Examples
    --------
    >>> adjust_for_many([0.01, 0.04, np.nan]).round(2)
    array([0.02, 0.04,  nan])
    """
    values = np.asarray(p, dtype=float)
    adjusted = np.full(values.shape, np.nan)
    tested = ~np.isnan(values)
    if tested.any():
        adjusted[tested] = multipletests(values[tested], method="fdr_bh")[1]
    return adjusted


def direction(now: float, expected: float, p_adjusted: float, blocked_by: str = "") -> str:
    """Say what may be said of a change: ``higher``, ``lower`` or ``no clear change``; blank where it was not tested.

    A direction needs an adjusted p-value of at most 0.05 and a difference of at least five declines (a house rule: with
    fewer, a change of a few recordings would be news), and nothing between the periods that changes what is counted.

    Parameters
    ----------
    now, expected
        Declines now, and as many as the share before would give at this period's exposure.
    p_adjusted
        From :func:`adjust_for_many`.
    blocked_by
        Headline of an event that changes what is counted; blank = none.
    """
    if pd.isna(p_adjusted):
        return ""
    if blocked_by:
        return f"no direction named: {blocked_by}"
    if p_adjusted > FALSE_DISCOVERY_RATE or abs(now - expected) < MINIMUM_DIFFERENCE:
        return "no clear change"
    return "higher" if now > expected else "lower"
