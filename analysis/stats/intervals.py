"""Intervals for shares and counts."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

Method = Literal["wilson", "jeffreys", "exact"]
_STATSMODELS: dict[str, str] = {"wilson": "wilson", "jeffreys": "jeffreys", "exact": "beta"}


def share_interval(
    successes: ArrayLike, trials: ArrayLike, level: float = 0.95, method: Method = "wilson"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the confidence interval of a binomial share.

    Parameters
    ----------
    successes, trials
        Counts, of one shape.
    level
        Confidence level.
    method
        ``wilson`` (for plots), ``jeffreys`` (few cases) or ``exact`` (Clopper-Pearson, for claims that must hold).

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits between 0 and 1; NaN where there are no trials.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 857-872; Brown, Cai and DasGupta (2001), Statistical Science 16,
    101-133.
    """
    x, n = np.broadcast_arrays(np.asarray(successes, dtype=float), np.asarray(trials, dtype=float))
    if np.any(x < 0) or np.any(x > n):
        raise ValueError("successes must lie between 0 and the number of trials")
    some = np.where(n > 0, n, 1.0)
    low, high = proportion_confint(np.where(n > 0, x, 0.0), some, alpha=1 - level, method=_STATSMODELS[method])
    # Clopper-Pearson's beta quantiles are undefined at the ends, where the limit is the end itself.
    low, high = np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high)
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def count_interval(counts: ArrayLike, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the exact confidence interval of a Poisson count.

    Parameters
    ----------
    counts
        Counts; NaN stays NaN.
    level
        Confidence level.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits; the lower limit of 0 is 0.

    References
    ----------
    Garwood (1936), Biometrika 28, 437-442; Ulm (1990), American Journal of Epidemiology 131, 373-375.
    """
    x = np.asarray(counts, dtype=float)
    tail = (1 - level) / 2
    low = stats.chi2.ppf(tail, 2 * x) / 2
    high = stats.chi2.ppf(1 - tail, 2 * (x + 1)) / 2
    return np.where(x == 0, 0.0, low), high
