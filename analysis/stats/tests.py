"""Is it more or less than before, and is it more than the usual ups and downs? The test behind every direction.

Given the declines of two periods together, those of one are binomial if counts are Poisson, and beta-binomial if counts
vary more (variance = phi × mean): p, interval and usual range are of this one law.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats
from scipy.optimize import elementwise
from scipy.special import betaln, expit, gammaln

Floats = NDArray[np.float64]
LEVEL = 0.95
FALSE_DISCOVERY_RATE = 0.05
MINIMUM_DIFFERENCE = 5
MINIMUM_EXPECTED, MINIMUM_OBSERVED = 1.0, 3  # a cell with less than both is not tested
BLOCK = 7  # weeks of a block of pooled_dispersion
CURVE_FREEDOM = 12.0  # that the common curve counts for beside a cell's own degrees of freedom: those of two blocks
NEARLY_ONE = 1.001  # a dispersion up to which counts are taken as Poisson
WIDEST = np.log(1e9)  # logarithm of a ratio beyond which an interval's end is called unlimited


def pooled_dispersion(counts: ArrayLike, exposure: ArrayLike) -> Floats:
    """Estimate each cell's variance over mean, 1 or more, from weeks × cells, oldest first.

    In a block with T events the Pearson statistic has d degrees of freedom and mean d + d (phi - 1) (T - 1) / T; all
    blocks give phi = 1 + constant (for batches) + slope × mean (for negative binomial counts), and a cell's own move it
    from there. McCullagh and Nelder (1989), Generalized Linear Models, 4.5; Smyth (2004), Stat. Appl. Genet. Mol. Biol.
    """
    x, e = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float)
    number, cells = x.shape
    blocks = -(-number // BLOCK)  # weeks without exposure fill the oldest one up
    filled = (np.pad(part, ((blocks * BLOCK - number, 0), (0, 0))) for part in (x, e))
    x, e = (part.reshape(blocks, BLOCK, cells)[::-1] for part in filled)
    total, of_all = x.sum(axis=1), e.sum(axis=1)
    fitted = total[:, None] * e / np.where(of_all > 0, of_all, 1)[:, None]
    seen = fitted > 0
    weeks = seen.sum(axis=1)
    usable = (weeks > 1) & (total > 1)
    if not usable.any():
        return np.ones(cells)
    statistic = np.where(seen, (x - fitted) ** 2 / np.where(seen, fitted, 1), 0).sum(axis=1)
    free = np.maximum(weeks - 1, 0)
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
    return np.maximum(1, (1 + terms[0] + terms[1] * total.sum(axis=0) / number) * moved)


def up_to(count: ArrayLike, total: ArrayLike, share: ArrayLike, dispersion: ArrayLike) -> Floats:
    """Give the probability of so many declines or fewer among a total, at a period's share of the exposure of both.

    Beta-binomial: Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, 6.2; scipy adds up one cell a time.
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
    """Test whether both periods have one share: Przyborowski and Wilenski (1940), Biometrika 31, 313-323."""
    return np.minimum(1, 2 * np.minimum(*tails(count, np.add(count, before), share, dispersion)))


def ratio_interval(
    count: ArrayLike, before: ArrayLike, exposure: ArrayLike, exposure_before: ArrayLike, dispersion: ArrayLike = 1.0
) -> tuple[Floats, Floats]:
    """Give the 95 % interval of share now over share before: all ratios that :func:`two_sided` does not reject.

    0 where nothing was declined now, infinite where nothing was before, NaN where neither was or without exposure.
    """
    y, y0, e, e0, phi = _cells(count, before, exposure, exposure_before, dispersion)
    given = (e > 0) & (e0 > 0) & (y + y0 > 0)

    def excess(log_ratio: Floats, k: Floats, n: Floats, odds: Floats, phi: Floats, upper: NDArray[np.bool_]) -> Floats:
        share = expit(log_ratio + odds)
        return up_to(k, n, np.where(upper, 1 - share, share), phi) - (1 - LEVEL) / 2

    args = np.stack([y0, y])[:, given], (y + y0)[given], np.log(e[given] / e0[given]), phi[given], [[True], [False]]
    root = elementwise.find_root(excess, (-WIDEST, WIDEST), args=args, tolerances={"xatol": 1e-9, "xrtol": 1e-12})
    ends = np.full((2, *y.shape), np.nan)
    # Without a root the tail has never what the level leaves to it.
    ends[:, given] = np.where(root.success, np.exp(root.x), [[0.0], [np.inf]])
    return ends[0], ends[1]


def usual_range(
    before: ArrayLike, exposure: ArrayLike, exposure_before: ArrayLike, dispersion: ArrayLike = 1.0
) -> tuple[Floats, Floats]:
    """Give the least and largest count of p 0.05 or more: Nelson (1982), Applied Life Data Analysis, 6.2."""
    y0, e, e0, phi = _cells(before, exposure, exposure_before, dispersion)
    given = (e > 0) & (e0 > 0) & ~np.isnan(y0)
    low, high = np.full((2, *y0.shape), np.nan)
    y0, phi, w = y0[given], phi[given], (e[given] / (e + e0)[given])
    middle = y0 * w / (1 - w)
    reach = np.ceil(middle + 12 * np.sqrt(phi * (middle + 1) / (1 - w)) + 12 * phi)
    tail, middle = (1 - LEVEL) / 2, np.floor(middle)
    low[given] = _first_whole(lambda y: up_to(y, y + y0, w, phi) >= tail, np.zeros(len(y0)), middle)
    high[given] = _first_whole(lambda y: up_to(y0, y + y0, 1 - w, phi) < tail, middle, reach) - 1
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
    """Adjust p-values of one family, NaN = not tested: Benjamini and Hochberg (1995), JRSS B 57, 289-300."""
    adjusted = np.array(p, dtype=float)
    tested = ~np.isnan(adjusted)
    adjusted[tested] = stats.false_discovery_control(adjusted[tested])
    return adjusted


def direction(now: float, expected: float, p_adjusted: float, blocked_by: str = "") -> str:
    """Say what may be said of a change: ``higher``, ``lower`` or ``no clear change``; blank where it was not tested.

    With a difference of fewer than five (a house rule), a change of a few recordings would be news.
    """
    if pd.isna(p_adjusted):
        return ""
    if blocked_by:
        return f"no direction named: {blocked_by}"
    if p_adjusted > FALSE_DISCOVERY_RATE or abs(now - expected) < MINIMUM_DIFFERENCE:
        return "no clear change"
    return "higher" if now > expected else "lower"
