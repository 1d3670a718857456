"""Small places over a period: shares drawn towards the whole by as much as their counts are small.

Of two places with the same share, the one with fewer detainers says less. A beta prior, fitted to all places, is what a
place's own detainers are weighed against.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats
from scipy.special import betaln, expit, logit, psi

from analysis.stats.counts import Reason

Floats = NDArray[np.float64]
FEWEST_PLACES = 3


class BetaPrior(NamedTuple):
    """A beta law of places' true shares: ``a`` / (``a`` + ``b``) is its mean, ``a`` + ``b`` its weight in detainers.

    ``reason`` is blank, or says why there is none (``a`` and ``b`` are then NaN). ``no_spread``: the places differ no
    more than chance makes them; the weight is then that of all detainers together.
    """

    a: float
    b: float
    reason: str = ""
    no_spread: bool = False


NEAR = 0.01
"""By how much the logits of the last search may differ from what it starts from."""


def fit_prior(declined: ArrayLike, issued: ArrayLike) -> BetaPrior:
    """Fit the beta prior of places' shares by maximum likelihood of the beta-binomial law, moments as the start.

    Parameters
    ----------
    declined, issued
        Counts by place; places without detainers say nothing.

    Returns
    -------
    BetaPrior
        NaN with a reason where fewer than three places have detainers, or none (or all) of them is declined.

    References
    ----------
    Efron and Morris (1975), JASA 70, 311-319; Griffiths (1973), Biometrics 29, 637-648.
    """
    y, n = _counts(declined, issued)
    y, n = y[n > 0], n[n > 0]
    if len(n) < FEWEST_PLACES:
        return BetaPrior(np.nan, np.nan, Reason.TOO_FEW_PLACES)
    if y.sum() in (0, n.sum()):
        return BetaPrior(np.nan, np.nan, Reason.NO_DECLINES if y.sum() == 0 else Reason.ALL_DECLINED)

    def minus_log_likelihood(point: Floats) -> tuple[float, Floats]:
        weight = np.exp(point[1])
        a, b = expit(point[0]) * weight, expit(-point[0]) * weight
        by_both = psi(a + b) - psi(n + a + b)
        by_a, by_b = (psi(y + a) - psi(a) + by_both).sum(), (psi(n - y + b) - psi(b) + by_both).sum()
        slope = np.array([(by_a - by_b) * a * b / weight, by_a * a + by_b * b])
        return float(-(betaln(y + a, n - y + b) - betaln(a, b)).sum()), -slope

    mean, largest = y.sum() / n.sum(), float(n.sum())
    spread = np.average((y / n - mean) ** 2, weights=n)
    excess = (spread - mean * (1 - mean) * len(n) / largest) / (mean * (1 - mean))
    start = np.array([logit(mean), np.log(np.clip(1 / excess - 1, 1, largest) if excess > 0 else largest)])
    bounds = [(-20, 20), (np.log(1e-2), np.log(largest))]
    found = optimize.minimize(minus_log_likelihood, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    # How near it comes hangs on the last digits of a machine; where the slope is zero, not at a bound, does not.
    level = optimize.root(lambda point: minus_log_likelihood(point)[1], found, tol=1e-13).x
    best = level if np.abs(level - found).max() < NEAR else found
    weight = float(np.exp(best[1]))
    no_spread = weight > 0.99 * largest
    return BetaPrior(float(expit(best[0])) * weight, float(expit(-best[0])) * weight, no_spread=no_spread)


def _counts(declined: ArrayLike, issued: ArrayLike) -> tuple[Floats, Floats]:
    """Give declines and detainers as arrays of one shape.

    Raises
    ------
    ValueError
        A decline without a detainer, or a negative count.
    """
    y, n = np.broadcast_arrays(np.asarray(declined, dtype=float), np.asarray(issued, dtype=float))
    if np.any(y < 0) or np.any(y > n):
        raise ValueError("declines must lie between 0 and the number of detainers")
    return y, n


def shrink(counts: pd.DataFrame, dispersion: ArrayLike = 1.0) -> pd.DataFrame:
    """Draw every place's share towards that of all, by as much as it rests on few detainers.

    Posterior of a place: Beta(a + declined, b + issued - declined), its counts divided by the dispersion, since so many
    detainers say no more than fewer that vary by chance alone. The prior's own uncertainty is not in the interval.

    Parameters
    ----------
    counts
        One row per place: ``declined`` and ``issued`` of a period.
    dispersion
        Variance over mean, one or one a place.

    Returns
    -------
    pandas.DataFrame
        The same index: ``share`` (raw), ``shrunken`` (posterior mean), ``shrunken_low``, ``shrunken_high`` (95 %
        credible), ``own_weight`` (between 0 and 1: how much of the estimate is the place's own share) and ``reason``:
        where it is not blank, the numbers are NaN; a place without detainers gets no share, not the prior's.
        ``attrs["no_spread"]`` says whether the places differ no more than by chance.

    Examples
    --------
    >>> shrink(pd.DataFrame({"declined": [0, 8, 40], "issued": [10, 90, 200]}))["shrunken"].round(3).tolist()
    [0.094, 0.103, 0.192]
    """
    y, n = (np.asarray(v, dtype=float) / dispersion for v in _counts(counts["declined"], counts["issued"]))
    prior = fit_prior(y, n)
    given = (n > 0) & (prior.reason == "")
    a, b = np.where(given, prior.a + y, np.nan), np.where(given, prior.b + n - y, np.nan)
    result = pd.DataFrame(
        {
            "share": y / np.where(n > 0, n, np.nan),
            "shrunken": a / (a + b),
            "shrunken_low": stats.beta.ppf(0.025, a, b),
            "shrunken_high": stats.beta.isf(0.025, a, b),
            "own_weight": np.where(given, n / (n + prior.a + prior.b), np.nan),
            "reason": np.select([n == 0, ~given], [Reason.NO_DETAINERS, prior.reason], ""),
        },
        index=counts.index,
    )
    result.attrs["no_spread"] = prior.no_spread
    return result
