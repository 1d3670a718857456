"""Is it a change? Tests of one period's count against another's, and false-discovery control over many of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analysis.stats.intervals import share_interval
from analysis.stats.reasons import Reason

Floats = NDArray[np.float64]
FALSE_DISCOVERY_RATE = 0.05
MINIMUM_DIFFERENCE = 5
MINIMUM_EXPECTED, MINIMUM_OBSERVED = 1.0, 3
"""A cell is tested only if at least one event is expected or three were observed."""


class RatioTest(NamedTuple):
    """One count per unit of exposure against another.

    ``ratio`` is this over before, with its interval; ``p`` the exact conditional two-sided p-value (the headline),
    ``p_mid`` the mid-p version beside it, smaller by half the probability of the count seen. All NaN where nothing can
    be said (no event in either, or no exposure).
    """

    ratio: float
    low: float
    high: float
    p: float
    p_mid: float


def ratio_test(
    count: int, before: int, exposure: float = 1.0, exposure_before: float = 1.0, level: float = 0.95
) -> RatioTest:
    """Test whether two Poisson counts have the same mean per unit of exposure: :func:`ratio_tests` of one pair."""
    tests = ratio_tests(count, before, exposure, exposure_before, level)
    return RatioTest(*(float(column[0]) for column in tests))


def ratio_tests(
    counts: ArrayLike, before: ArrayLike, exposure: ArrayLike, exposure_before: ArrayLike, level: float = 0.95
) -> tuple[Floats, ...]:
    """Test pairs of Poisson counts, all at once.

    Given a pair's total, the first count is binomial; the interval turns Clopper-Pearson limits of that binomial share
    into limits of the ratio.

    Parameters
    ----------
    counts, before
        Events now and before.
    exposure, exposure_before
        What each is counted over: weeks, or detainers issued.
    level
        Confidence level of the ratio's interval.

    Returns
    -------
    tuple of numpy.ndarray
        The fields of :class:`RatioTest`, one array each.

    References
    ----------
    Przyborowski and Wilenski (1940), Biometrika 31, 313-323; Gu, Ng, Tang and Schucany (2008), Biometrical Journal 50,
    283-298. statsmodels has the test for one pair (``test_poisson_2indep``, held against in the tests) and is slow for
    a week's hundreds.
    """
    y, y0, e, e0 = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(v, dtype=float)) for v in (counts, before, exposure, exposure_before))
    )
    said = (e > 0) & (e0 > 0) & (y + y0 > 0)
    k, n, w, scale = y[said], (y + y0)[said], (e[said] / (e + e0)[said]), e0[said] / e[said]
    result = np.full((len(RatioTest._fields), len(y)), np.nan)
    p = _two_sided(k, n, w)
    with np.errstate(divide="ignore"):  # a share of 1 is a ratio without limit
        ratios = [scale * share / (1 - share) for share in (k / n, *share_interval(k, n, level, "exact"))]
    result[:, said] = [*ratios, p, p - stats.binom.pmf(k, n, w) / 2]
    return tuple(result)


def _two_sided(k: Floats, n: Floats, share: Floats) -> Floats:
    """Give the probability of all binomial outcomes that are no more likely than the one seen."""
    mirrored = k > n * share
    k, w = np.where(mirrored, n - k, k), np.where(mirrored, 1 - share, share)
    likely = stats.binom.pmf(k, n, w) * (1 + 1e-7)
    first, end = np.ceil(n * w), n + 1  # the other tail begins where outcomes above the mean are as unlikely
    while (first < end).any():
        middle = np.floor((first + end) / 2)
        in_tail = stats.binom.pmf(middle, n, w) <= likely
        first, end = np.where(in_tail | (first >= end), first, middle + 1), np.where(in_tail, middle, end)
    p = stats.binom.cdf(k, n, w) + stats.binom.sf(end - 1, n, w)
    return np.where(k == n * w, 1.0, np.minimum(p, 1))


def adjust_for_many(p: ArrayLike) -> NDArray[np.float64]:
    """Adjust p-values so that flags at or below 0.05 hold a false-discovery rate of 5 %.

    Parameters
    ----------
    p
        P-values of one family; NaN (not tested) stays NaN and does not count.

    References
    ----------
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
    """
    values = np.asarray(p, dtype=float)
    adjusted = np.full(values.shape, np.nan)
    tested = ~np.isnan(values)
    if tested.any():
        adjusted[tested] = multipletests(values[tested], method="fdr_bh")[1]
    return adjusted


def too_few(counts: ArrayLike, before: ArrayLike, exposure: ArrayLike, exposure_before: ArrayLike) -> NDArray[np.bool_]:
    """Say of each pair whether it is below the minimum counts for a test."""
    y, y0, e, e0 = (np.asarray(v, dtype=float) for v in (counts, before, exposure, exposure_before))
    expected = np.where(e0 > 0, y0 * e / np.where(e0 > 0, e0, 1), 0)
    return np.asarray((expected < MINIMUM_EXPECTED) & (y < MINIMUM_OBSERVED))


def compare(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Compare counts place by place: declines per detainer issued, now against before.

    Parameters
    ----------
    now, before
        One row per place, the same index; columns ``declined`` (events) and ``issued`` (exposure). Of a period of
        several weeks, give sums.

    Returns
    -------
    pandas.DataFrame
        One row per place: ``ratio``, ``low``, ``high``, ``p``, ``p_mid`` and ``reason``: blank where tested, else why
        not: ``no detainers`` (in one of the two periods) or ``too few declines``; then the numbers are NaN.
    """
    y, e = now["declined"].to_numpy(dtype=float), now["issued"].to_numpy(dtype=float)
    y0, e0 = (before[name].reindex(now.index).to_numpy(dtype=float) for name in ("declined", "issued"))
    reason = np.select(
        [(e == 0) | (e0 == 0), too_few(y, y0, e, e0)], [Reason.NO_DETAINERS, Reason.TOO_FEW], Reason.GIVEN
    )
    tests = np.array(ratio_tests(y, y0, e, e0))
    tests[:, reason != Reason.GIVEN] = np.nan
    columns = dict(zip(RatioTest._fields, tests, strict=True))
    return pd.DataFrame({**columns, "reason": pd.array(reason, dtype="str")}, index=now.index)


def direction(now: float, before: float, ratio: float, p_adjusted: float, blocked_by: str = "") -> str:
    """Say what may be said of a change: ``higher``, ``lower`` or ``no clear change``; blank where it was not tested.

    A direction needs an adjusted p-value of at most 0.05 and a difference of at least five declines (a house rule: with
    fewer, a change of a few recordings would be news), and no known event that blocks the comparison.

    Parameters
    ----------
    now, before
        Declines now, and as many as the period before would give at this period's exposure.
    ratio, p_adjusted
        From :func:`compare` and :func:`adjust_for_many`.
    blocked_by
        Headline of an event between the periods across which no direction may be named; blank = none.
    """
    if np.isnan(p_adjusted):
        return ""
    if blocked_by:
        return f"no direction named: {blocked_by}"
    if p_adjusted > FALSE_DISCOVERY_RATE or abs(now - before) < MINIMUM_DIFFERENCE:
        return "no clear change"
    return "higher" if ratio > 1 else "lower"
