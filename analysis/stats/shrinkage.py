"""Small places: shares drawn towards the whole by as much as their counts are small, and rank probabilities.

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

from analysis.stats.reasons import Reason

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

    @property
    def mean(self) -> float:
        """Give the mean share."""
        return self.a / (self.a + self.b)

    @property
    def weight(self) -> float:
        """Give the weight of the prior, in detainers."""
        return self.a + self.b


def prior_of_moments(mean: float, sd: float) -> BetaPrior:
    """Give the beta law with this mean and standard deviation: a + b = mean (1 - mean) / sd² - 1.

    References
    ----------
    Gelman and others, Bayesian Data Analysis, section 5.1.
    """
    weight = mean * (1 - mean) / sd**2 - 1
    return BetaPrior(mean * weight, (1 - mean) * weight)


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


def shrunken_shares(counts: pd.DataFrame, level: float = 0.95, prior: BetaPrior | None = None) -> pd.DataFrame:
    """Give every place's share with the prior's detainers added to its own.

    Posterior of a place: Beta(a + declined, b + issued - declined).

    Parameters
    ----------
    counts
        One row per place: ``declined`` and ``issued``.
    level
        Of the credible interval (equal tails).
    prior
        By default fitted to these places (:func:`fit_prior`); its own uncertainty is not in the interval.

    Returns
    -------
    pandas.DataFrame
        The same index: ``share`` (raw), ``shrunken`` (posterior mean), ``low``, ``high``, ``own_weight`` (between 0 and
        1: how much of the estimate is the place's own share), ``a``, ``b`` (posterior) and ``reason``: where it is not
        blank, the numbers are NaN; a place without detainers gets no share, not the prior's.
    """
    y, n = _counts(counts["declined"], counts["issued"])
    prior = fit_prior(y, n) if prior is None else prior
    given = (n > 0) & (prior.reason == "") & ~np.isnan(y)
    a, b = np.where(given, prior.a + y, np.nan), np.where(given, prior.b + n - y, np.nan)
    tail = (1 - level) / 2
    return pd.DataFrame(
        {
            "share": y / np.where(n > 0, n, np.nan),
            "shrunken": a / (a + b),
            "low": stats.beta.ppf(tail, a, b),
            "high": stats.beta.isf(tail, a, b),
            "own_weight": np.where(given, n / (n + prior.weight), np.nan),
            "a": a,
            "b": b,
            "reason": np.select(
                [np.isnan(y), n == 0, ~given], [Reason.NOT_KNOWN, Reason.NO_DETAINERS, prior.reason], ""
            ),
        },
        index=counts.index,
    )


def rank_probabilities(
    posterior: pd.DataFrame, top: int = 5, level: float = 0.95, draws: int = 4000, seed: int = 20170204
) -> pd.DataFrame:
    """Say how sure each place's rank is, instead of printing ranks.

    Draws of all places' shares from their posteriors are ranked, the highest share first.

    Parameters
    ----------
    posterior
        As from :func:`shrunken_shares` (columns ``a`` and ``b``; NaN = left out).
    top
        For the probability of being among the highest.
    level
        Of the interval of ranks.
    draws, seed
        Of the simulation; the same seed gives the same numbers. A probability p has a Monte Carlo standard error of
        sqrt(p (1 - p) / draws), at most 0.008 by default.

    Returns
    -------
    pandas.DataFrame
        The same index: ``rank_mean``, ``rank_low``, ``rank_high`` and ``among_top`` (probability); NaN where left out.

    References
    ----------
    Goldstein and Spiegelhalter (1996), JRSS A 159, 385-443.
    """
    given = posterior["a"].notna()
    result = pd.DataFrame(
        np.nan, index=posterior.index, columns=["rank_mean", "rank_low", "rank_high", "among_top"], dtype="float64"
    )
    if not given.any():
        return result
    a, b = posterior.loc[given, "a"].to_numpy(), posterior.loc[given, "b"].to_numpy()
    shares = np.random.default_rng(seed).beta(a, b, size=(draws, len(a)))
    ranks = _ranks(shares)
    tail = (1 - level) / 2
    low, high = np.quantile(ranks, [tail, 1 - tail], axis=0, method="nearest")
    result.loc[given] = np.column_stack([ranks.mean(axis=0), low, high, (ranks <= top).mean(axis=0)])
    return result


def _ranks(shares: Floats) -> Floats:
    """Rank the shares of every row, the highest first; equal ones have the mean of their ranks.

    ``scipy.stats.rankdata`` looks for equal ones from the start, at four times the cost; hardly any draws are equal.
    """
    order = np.argsort(-shares, axis=1)
    falling = np.take_along_axis(shares, order, axis=1)
    if (falling[:, 1:] == falling[:, :-1]).any():
        return stats.rankdata(-shares, axis=1)
    ranks = np.empty_like(shares)
    np.put_along_axis(ranks, order, np.arange(1.0, shares.shape[1] + 1)[None], axis=1)
    return ranks
