"""Is it more or less than before, and is it more than the usual ups and downs? The test behind every direction.

Given the declines of two periods together, those of one are binomial if counts are Poisson, and beta-binomial if counts
vary more: with dispersion phi, variance = phi × mean. All that is said of a change comes from this one law: the p, the
interval of the ratio, and the range of counts that would be usual.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats
from scipy.optimize import elementwise
from scipy.special import betaln, expit, gammaln
from statsmodels.stats.multitest import multipletests

Floats = NDArray[np.float64]
LEVEL = 0.95
FALSE_DISCOVERY_RATE = 0.05
MINIMUM_DIFFERENCE = 5
MINIMUM_EXPECTED, MINIMUM_OBSERVED = 1.0, 3  # a cell with less than both is not tested
BLOCK = 7  # weeks of a block of pooled_dispersion
CURVE_FREEDOM = 12.0  # that the common curve counts for beside a cell's own degrees of freedom: those of two blocks
NEARLY_ONE = 1.001  # a dispersion up to which counts are taken as Poisson
WIDEST = 1e9  # a ratio beyond which an interval's end is called unlimited


def pooled_dispersion(counts: ArrayLike, exposure: ArrayLike) -> Floats:
    """Estimate each cell's variance over mean, 1 or more, from weeks × cells, oldest first.

    In a block of weeks with T events, the Pearson statistic about its own share has d degrees of freedom and mean
    d + d (phi - 1) (T - 1) / T. All blocks give phi = 1 + constant (for batches) + slope × mean (for negative binomial
    counts); a cell's own blocks move it from there. McCullagh and Nelder (1989), Generalized Linear Models, 4.5; Smyth
    (2004), Statistical Applications in Genetics and Molecular Biology 3, 3.
    """
    x, e = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float)
    blocks = [slice(max(end - BLOCK, 0), end) for end in range(len(x), 1, -BLOCK)]
    parts = np.array([_spread(x[block], e[block]) for block in blocks]).reshape(len(blocks), 4, x.shape[1])
    statistic, free, total, weeks = parts.swapaxes(0, 1)
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
    moved = (CURVE_FREEDOM + own) / (CURVE_FREEDOM + thinned.sum(axis=0))
    return np.maximum(1, (1 + terms[0] + terms[1] * x.sum(axis=0) / len(x)) * moved)


def _spread(x: Floats, exposure: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Give a block's Pearson statistic, degrees of freedom, events and weeks by cell."""
    total, of_all = x.sum(axis=0), exposure.sum(axis=0)
    fitted = total * exposure / np.where(of_all > 0, of_all, 1)
    statistic = np.where(fitted > 0, (x - fitted) ** 2 / np.where(fitted > 0, fitted, 1), 0).sum(axis=0)
    weeks = (fitted > 0).sum(axis=0)
    return statistic, np.maximum(weeks - 1, 0).astype(float), np.where(weeks > 1, total, 0), weeks.astype(float)


def up_to(count: ArrayLike, total: ArrayLike, share: ArrayLike, dispersion: ArrayLike) -> Floats:
    """Give the probability of so many declines or fewer among a total, at a period's share of the exposure of both.

    Given their sum, one of two negative binomial counts of one dispersion is beta-binomial: Johnson, Kemp and Kotz
    (2005), Univariate Discrete Distributions, 6.2. ``scipy.stats.betabinom.cdf`` adds up one cell at a time; here all.
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
    other, beside = n[cell] - j, gammaln(n + 1) - betaln(a, b) - gammaln(n + a + b)
    each = beside[cell] - gammaln(j + 1) - gammaln(other + 1) + gammaln(j + a[cell]) + gammaln(other + b[cell])
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

    ``share`` is this period's part of the exposure of both. Przyborowski and Wilenski (1940), Biometrika 31, 313-323.
    """
    lower, upper = tails(count, np.asarray(count, dtype=float) + np.asarray(before, dtype=float), share, dispersion)
    return np.minimum(1, 2 * np.minimum(lower, upper))


def ratio_interval(
    count: ArrayLike, before: ArrayLike, exposure: ArrayLike, exposure_before: ArrayLike, dispersion: ArrayLike = 1.0
) -> tuple[Floats, Floats]:
    """Give the 95 % interval of share now over share before: all ratios that :func:`two_sided` does not reject.

    The lower limit is 0 where nothing was declined now, the upper one infinite where nothing was before; NaN where
    neither was, or a period has no exposure. For a dispersion of 1, Clopper and Pearson's for the share of the total.
    """
    y, y0, e, e0, phi = _cells(count, before, exposure, exposure_before, dispersion)
    given = (e > 0) & (e0 > 0) & (y + y0 > 0)
    args = (y[given], y0[given], np.log(e[given] / e0[given]), phi[given])
    reach = np.full(given.sum(), np.log(WIDEST))

    def search(which: int, otherwise: float) -> Floats:
        def excess(log_ratio: Floats, y: Floats, y0: Floats, odds: Floats, phi: Floats) -> Floats:
            return tails(y, y + y0, expit(log_ratio + odds), phi)[which] - (1 - LEVEL) / 2

        root = elementwise.find_root(excess, (-reach, reach), args=args, tolerances={"xatol": 1e-9, "xrtol": 1e-12})
        return np.where(root.success, np.exp(root.x), otherwise)  # where the tail has half of what the level leaves

    low, high = np.full((2, *y.shape), np.nan)
    low[given], high[given] = search(1, 0.0), search(0, np.inf)
    return low, high


def usual_range(
    before: ArrayLike, exposure: ArrayLike, exposure_before: ArrayLike, dispersion: ArrayLike = 1.0
) -> tuple[Floats, Floats]:
    """Give the least and largest count that would be usual, of p 0.05 or more in :func:`two_sided`; NaN = no exposure.

    Inverting a conditional test: Nelson (1982), Applied Life Data Analysis, 6.2.
    """
    y0, e, e0, phi = _cells(before, exposure, exposure_before, dispersion)
    given = (e > 0) & (e0 > 0) & ~np.isnan(y0 + e + e0)
    low, high = np.full((2, *y0.shape), np.nan)
    y0, phi, w = y0[given], phi[given], (e[given] / (e + e0)[given])
    middle = y0 * w / (1 - w)
    reach = np.ceil(middle + 12 * np.sqrt(phi * (middle + 1) / (1 - w)) + 12 * phi)
    tail, middle = (1 - LEVEL) / 2, np.floor(middle)
    low[given] = _first_whole(lambda y: tails(y, y + y0, w, phi)[0] >= tail, np.zeros(len(y0)), middle)
    high[given] = _first_whole(lambda y: tails(y, y + y0, w, phi)[1] < tail, middle, reach) - 1
    return low, np.maximum(low, high)


def _cells(*values: ArrayLike) -> tuple[Floats, ...]:
    """Give numbers of one shape, of at least one dimension."""
    return np.broadcast_arrays(*(np.atleast_1d(np.asarray(value, dtype=float)) for value in values))


def _first_whole(holds: Callable[[Floats], NDArray[np.bool_]], first: Floats, last: Floats) -> Floats:
    """Find the first whole number from which a condition holds, by halving; the last one where it holds nowhere."""
    while (first < last).any():
        middle = np.floor((first + last) / 2)
        found = holds(middle)
        first, last = np.where(found | (first >= last), first, middle + 1), np.where(found, middle, last)
    return first


def adjust_for_many(p: ArrayLike) -> Floats:
    """Adjust p-values of one family so that flags at or below 0.05 hold a false-discovery rate of 5 %.

    NaN (not tested) stays NaN and does not count. Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57, 289-300.
    """
    adjusted = np.array(p, dtype=float)
    tested = ~np.isnan(adjusted)
    if tested.any():
        adjusted[tested] = multipletests(adjusted[tested], method="fdr_bh")[1]
    return adjusted


def direction(now: float, expected: float, p_adjusted: float, blocked_by: str = "") -> str:
    """Say what may be said of a change: ``higher``, ``lower`` or ``no clear change``; blank where it was not tested.

    ``expected``: declines that the share before would give now. With a difference of fewer than five (a house rule), a
    change of a few recordings would be news. ``blocked_by``: headline of an event that changes what is counted.
    """
    if pd.isna(p_adjusted):
        return ""
    if blocked_by:
        return f"no direction named: {blocked_by}"
    if p_adjusted > FALSE_DISCOVERY_RATE or abs(now - expected) < MINIMUM_DIFFERENCE:
        return "no clear change"
    return "higher" if now > expected else "lower"
