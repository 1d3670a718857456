"""Small places over a period: shares drawn towards the whole by as much as their counts are small.

Of two places with the same share, the one with fewer detainers says less. A beta prior, fitted to all places, is what a
place's own detainers are weighed against.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from analysis.stats.counts import Reason

FEWEST_PLACES = 3


class BetaPrior(NamedTuple):
    """A beta law of places' true shares: ``a`` / (``a`` + ``b``) is its mean, ``a`` + ``b`` its weight in detainers.

    ``reason`` is blank, or says why there is none (``a`` and ``b`` are then NaN).
    """

    a: float
    b: float
    reason: str = ""


def fit_prior(declined: ArrayLike, issued: ArrayLike) -> BetaPrior:
    """Fit the beta prior of places' shares by moments; places without detainers say nothing.

    Where places differ no more than by chance, its weight is that of all detainers together.

    With mean m = sum y / sum n, and S = sum n (y/n - m)² over m (1 - m): S has mean k - 1 + rho (N - sum n² / N - k +
    1), rho = 1 / (weight + 1) the correlation of two detainers of one place. Kleinman (1973), Journal of the American
    Statistical Association 68, 46-54.
    """
    y, n = (np.asarray(v, dtype=float) for v in (declined, issued))
    y, n = y[n > 0], n[n > 0]
    if len(n) < FEWEST_PLACES:
        return BetaPrior(np.nan, np.nan, Reason.TOO_FEW_PLACES)
    if y.sum() in (0, n.sum()):
        return BetaPrior(np.nan, np.nan, Reason.NO_DECLINES if y.sum() == 0 else Reason.ALL_DECLINED)
    mean, whole, by_chance = y.sum() / n.sum(), n.sum(), len(n) - 1
    spread = (n * (y / n - mean) ** 2).sum() / (mean * (1 - mean))
    room = whole - (n**2).sum() / whole - by_chance
    rho = (spread - by_chance) / room if room > 0 else 0.0
    weight = whole if rho <= 1 / (whole + 1) else max(1 / min(rho, 1) - 1, 1.0)
    return BetaPrior(mean * weight, (1 - mean) * weight)


def shrink(counts: pd.DataFrame, dispersion: ArrayLike = 1.0) -> pd.DataFrame:
    """Draw every place's share towards that of all, by as much as it rests on few detainers.

    Posterior of a place: Beta(a + declined, b + issued - declined), its counts divided by the dispersion, since so many
    detainers say no more than fewer that vary by chance alone. The prior's own uncertainty is not in the interval.

    Parameters
    ----------
    counts, dispersion
        One row per place: ``declined`` and ``issued`` of a period; variance over mean, one or one a place.

    Returns
    -------
    pandas.DataFrame
        The same index: ``share`` (raw), ``shrunken`` (posterior mean), ``shrunken_low``, ``shrunken_high`` (95 %
        credible), ``own_weight`` (between 0 and 1: how much of the estimate is the place's own share) and ``reason``:
        where it is not blank, the numbers are NaN; a place without detainers gets no share, not the prior's.

    References
    ----------
    Efron and Morris (1975), Journal of the American Statistical Association 70, 311-319.

    Examples
    --------
    >>> shrink(pd.DataFrame({"declined": [0, 8, 40], "issued": [10, 90, 200]}))["shrunken"].round(2).tolist()
    [0.11, 0.1, 0.2]
    """
    y, n = (counts[name].to_numpy(dtype=float) / dispersion for name in ("declined", "issued"))
    if np.any(y < 0) or np.any(y > n):
        raise ValueError("declines must lie between 0 and the number of detainers")
    prior = fit_prior(y, n)
    given = (n > 0) & (prior.reason == "")
    a, b = np.where(given, prior.a + y, np.nan), np.where(given, prior.b + n - y, np.nan)
    result = pd.DataFrame({"share": y / np.where(n > 0, n, np.nan), "shrunken": a / (a + b)}, index=counts.index)
    result["shrunken_low"], result["shrunken_high"] = stats.beta.ppf(0.025, a, b), stats.beta.isf(0.025, a, b)
    result["own_weight"] = np.where(given, n / (n + prior.a + prior.b), np.nan)
    result["reason"] = np.select([n == 0, ~given], [Reason.NO_DETAINERS, prior.reason], "")
    return result
