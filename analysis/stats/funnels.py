"""Comparing places: funnel limits of observed over expected, for chance alone and with the usual spread of places."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.stats.reasons import Reason

Floats = NDArray[np.float64]
Scale = Literal["sqrt", "log"]
LEVELS = (0.95, 0.998)


def exact_limits(expected: ArrayLike, level: float, target: float = 1.0) -> tuple[Floats, Floats]:
    """Give the limits of observed / expected that a place with the target ratio exceeds by chance alone.

    Chi-square quantiles over twice the expected count: chi2(tail, 2m) / 2e and chi2(1 - tail, 2m + 2) / 2e, with m the
    target times e.

    Parameters
    ----------
    expected
        Expected declines e; NaN or 0 gives NaN.
    level
        Such as 0.95 or 0.998.
    target
        The ratio to compare with.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24, 1185-1202.
    """
    e = np.asarray(expected, dtype=float)
    e = np.where(e > 0, e, np.nan)
    tail, mean = (1 - level) / 2, target * e
    return stats.chi2.ppf(tail, 2 * mean) / (2 * e), stats.chi2.isf(tail, 2 * mean + 2) / (2 * e)


def beyond_chance(observed: ArrayLike, expected: ArrayLike, level: float = 0.998) -> NDArray[np.bool_]:
    """Say of each place whether chance alone would give as many or as few declines less often than the level allows.

    By the Poisson probability of the count itself: the smooth lower limit of :func:`exact_limits` is above zero however
    little is expected, and no declines where few are expected are nothing unusual.
    """
    o, e, tail = np.asarray(observed, dtype=float), np.asarray(expected, dtype=float), (1 - level) / 2
    return np.asarray((stats.poisson.cdf(o, e) < tail) | (stats.poisson.sf(o - 1, e) < tail))


class Spread(NamedTuple):
    """Over-dispersion of places: ``phi`` (mean squared z-score, winsorised) and ``tau2`` (variance between places).

    ``tau2`` is on the transformed scale (logarithm or square root of the ratio) and 0 where ``phi`` says that chance
    explains the differences. Both NaN where fewer than three places can be used.
    """

    phi: float
    tau2: float
    scale: Scale


def z_scores(observed: ArrayLike, expected: ArrayLike, scale: Scale = "sqrt") -> Floats:
    """Give each place's distance from 1 in standard deviations of chance.

    2 (sqrt o - sqrt e), or sqrt(e) log(o / e), which is NaN for a place without declines.
    """
    o, e = np.broadcast_arrays(np.asarray(observed, dtype=float), np.asarray(expected, dtype=float))
    e = np.where(e > 0, e, np.nan)
    if scale == "sqrt":
        return np.asarray(2 * (np.sqrt(o) - np.sqrt(e)))
    return np.asarray(np.sqrt(e) * np.log(np.where(o > 0, o, np.nan) / e))


def spread_of(observed: ArrayLike, expected: ArrayLike, scale: Scale = "sqrt", trim: float = 0.1) -> Spread:
    """Estimate how much more than by chance places differ.

    phi is the mean of the squared z-scores after the most extreme tenth at either end is pulled in, so that a few
    unusual places do not widen the limits that should show them; tau2 = (n phi - (n - 1)) / (sum w - sum w² / sum w)
    with w the inverse variance of a place (e, or 4e on the square-root scale).

    Parameters
    ----------
    observed, expected
        Declines by place.
    scale
        ``sqrt`` (places without declines keep their say) or ``log`` (as the NHS does; they are left out).
    trim
        Part of the places winsorised at either end.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24, 1185-1202, and Quality and Safety in Health Care 14, 347-351.
    """
    z = z_scores(observed, expected, scale)
    usable = np.isfinite(z)
    n = int(usable.sum())
    if n < 3:
        return Spread(np.nan, np.nan, scale)
    phi = float((np.asarray(stats.mstats.winsorize(z[usable], limits=(trim, trim))) ** 2).mean())
    e = np.broadcast_to(np.asarray(expected, dtype=float), z.shape)[usable]
    weight = e if scale == "log" else 4 * e
    tau2 = (n * phi - (n - 1)) / (weight.sum() - (weight**2).sum() / weight.sum())
    return Spread(phi, max(0.0, float(tau2)), scale)


def spread_limits(expected: ArrayLike, level: float, spread: Spread) -> tuple[Floats, Floats]:
    """Give the limits of observed / expected with the spread between places added to chance."""
    e = np.asarray(expected, dtype=float)
    e = np.where(e > 0, e, np.nan)
    z = float(stats.norm.isf((1 - level) / 2))
    if spread.scale == "log":
        reach = z * np.sqrt(1 / e + spread.tau2)
        return np.exp(-reach), np.exp(reach)
    reach = z * np.sqrt(1 / (4 * e) + spread.tau2)
    return np.maximum(1 - reach, 0) ** 2, (1 + reach) ** 2


def funnel(observed: pd.Series, expected: pd.Series, scale: Scale = "sqrt") -> pd.DataFrame:
    """Place every state in the funnel of observed over expected declines.

    Parameters
    ----------
    observed, expected
        Declines by place, the same index; expected as from :func:`analysis.stats.mix.indirect_standardisation`.
    scale
        Of the over-dispersion, see :func:`spread_of`.

    Returns
    -------
    pandas.DataFrame
        One row per place: ``observed``, ``expected``, ``ratio``, ``z``, the limits ``low_95``, ``high_95``,
        ``low_998``, ``high_998`` by chance alone and the same with ``spread_`` before, ``position`` (``inside``,
        ``above``, ``below`` the 99.8 % limits with spread; blank where not given) and ``reason``; ``attrs`` holds
        ``phi`` and ``tau2``.
    """
    e = expected.reindex(observed.index).astype(float)
    spread = spread_of(observed, e, scale)
    result = pd.DataFrame({"observed": observed, "expected": e, "ratio": observed / e.where(e > 0)})
    result["z"] = z_scores(observed, e, scale)
    for level, name in zip(LEVELS, ("95", "998"), strict=True):
        result[f"low_{name}"], result[f"high_{name}"] = exact_limits(e, level)
        result[f"spread_low_{name}"], result[f"spread_high_{name}"] = spread_limits(e, level, spread)
    ratio = result["ratio"]
    result["position"] = np.select(
        [ratio.isna() | np.isnan(spread.tau2), ratio > result["spread_high_998"], ratio < result["spread_low_998"]],
        ["", "above", "below"],
        "inside",
    )
    result["reason"] = np.select(
        [result["observed"].isna(), ~(e > 0), np.isnan(spread.tau2)],
        [Reason.NOT_KNOWN, Reason.NO_DETAINERS, Reason.TOO_FEW_PLACES],
        Reason.GIVEN,
    )
    result.attrs.update(phi=spread.phi, tau2=spread.tau2)
    return result
