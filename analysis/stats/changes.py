"""Is it a change? Tests of one period's count against another's, and false-discovery control over many of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.rates import test_poisson_2indep as poisson_test

from analysis.stats.intervals import share_interval

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
    """Test whether two Poisson counts have the same mean per unit of exposure.

    Given the total, the first count is binomial; the interval turns Clopper-Pearson limits of that binomial share into
    limits of the ratio.

    Parameters
    ----------
    count, before
        Events now and before.
    exposure, exposure_before
        What each is counted over: weeks, or detainers issued.
    level
        Confidence level of the ratio's interval.

    References
    ----------
    Przyborowski and Wilenski (1940), Biometrika 31, 313-323; Gu, Ng, Tang and Schucany (2008), Biometrical Journal 50,
    283-298.
    """
    if exposure <= 0 or exposure_before <= 0 or count + before == 0:
        return RatioTest(*[np.nan] * 5)
    with np.errstate(divide="ignore"):  # a count of 0 before: statsmodels divides by it beside the test
        p, p_mid = (
            float(poisson_test(count, exposure, before, exposure_before, method=method).pvalue)
            for method in ("exact-cond", "cond-midp")
        )
    share_low, share_high = (float(limit) for limit in share_interval(count, count + before, level, "exact"))
    scale = exposure_before / exposure

    def as_ratio(share: float) -> float:
        return scale * share / (1 - share) if share < 1 else np.inf

    return RatioTest(
        as_ratio(count / (count + before)), as_ratio(share_low), as_ratio(share_high), min(p, 1.0), min(p_mid, 1.0)
    )


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


def too_few(count: int, before: int, exposure: float, exposure_before: float) -> bool:
    """Say whether a comparison is below the minimum counts for a test."""
    expected = before / exposure_before * exposure if exposure_before > 0 else 0.0
    return expected < MINIMUM_EXPECTED and count < MINIMUM_OBSERVED


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
    rows = []
    for count, exposure, earlier, exposure_before in zip(
        now["declined"].astype(int),
        now["issued"].astype(float),
        before["declined"].reindex(now.index).astype(int),
        before["issued"].reindex(now.index).astype(float),
        strict=True,
    ):
        reason = ""
        if exposure == 0 or exposure_before == 0:
            reason = "no detainers"
        elif too_few(count, earlier, exposure, exposure_before):
            reason = "too few declines"
        test = RatioTest(*[np.nan] * 5) if reason else ratio_test(count, earlier, exposure, exposure_before)
        rows.append((*test, reason))
    return pd.DataFrame(rows, index=now.index, columns=[*RatioTest._fields, "reason"])


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
