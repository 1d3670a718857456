"""Farrington's baseline for counts with three years of past or more: a quasi-Poisson model of every cell at once.

The model of one cell: log mean = constant + trend + season, the season a factor of (by default) ten periods of the
year, one of them the weeks around this one. Past outbreaks are weighted down, the last half year is left out, and this
week's count is held against a quantile of the negative binomial law with the model's mean and dispersion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.stats.reasons import Reason

Floats = NDArray[np.float64]
Bound = Literal["nb_plugin", "muan", "delta"]
Power = Literal["2/3", "1/2", "none"]
YEAR = 52
_EXPONENT: dict[Power, float] = {"2/3": 2 / 3, "1/2": 0.5, "none": 1.0}
_LEAST_LOG_MEAN, _MOST_LOG_MEAN = -20.0, 20.0
NEAR_ONE = 1 + 1e-6
"""A dispersion that makes no difference; nearer to 1, a negative binomial or beta-binomial law cannot be computed."""
_MOST_STEPS, _TOLERANCE = 40, 1e-9
_FITTED = ("expected", "se", "dispersion", "low", "upper", "p", "p_new", "score", "trend")


@dataclass(frozen=True)
class FarringtonSettings:
    """What may be set; the defaults are those of Noufaily and others (2013), with three years of past.

    ``years`` of past; ``half_window`` weeks on either side of this week's place in the year; ``periods`` of the season
    factor; ``skip`` weeks before this one left out, so that a rise does not become its own baseline; ``reweight_above``
    the Anscombe residual from which past weeks are weighted down; ``trend_p`` the level at which a trend is kept (1:
    always; a trend that would put the expected count above every count of the baseline is never kept); ``alpha`` the
    one-sided level of the bound; ``bound`` the negative binomial quantile at the expected value (``nb_plugin``), at its
    upper limit (``muan``), or the approximate prediction limit on a transformed scale (``delta``, with ``power``);
    ``r_compatible`` takes for the standard error the dispersion that R's surveillance package uses.
    """

    years: int = 3
    half_window: int = 3
    periods: int = 10
    skip: int = 26
    reweight_above: float = 2.58
    trend_p: float = 1.0
    alpha: float = 0.005
    bound: Bound = "nb_plugin"
    power: Power = "2/3"
    r_compatible: bool = False

    @property
    def weeks_before(self) -> int:
        """Give the number of weeks before the one looked at that are needed."""
        return self.years * YEAR + self.half_window


class Limits(NamedTuple):
    """Where a count should lie: ``low`` and ``high`` at level alpha each, ``p`` that so many or more are seen.

    ``p_new`` is the same with the error of the fitted mean added to the variance, for many tests at once: without it
    the far tail is too thin.
    """

    low: Floats
    high: Floats
    p: Floats
    p_new: Floats


def prediction_limits(
    observed: ArrayLike,
    expected: ArrayLike,
    se: ArrayLike,
    dispersion: ArrayLike,
    alpha: float = 0.005,
    bound: Bound = "nb_plugin",
    power: Power = "2/3",
) -> Limits:
    """Give the limits of a usual count from a fitted mean.

    Parameters
    ----------
    observed
        The week's count.
    expected, se
        The fitted mean; its standard error, of the logarithm for ``muan``, else on the scale of counts (the bound
        ``nb_plugin`` uses none).
    dispersion
        Variance over mean, at least 1; at 1 the negative binomial is a Poisson.
    alpha, bound, power
        As in :class:`FarringtonSettings`.

    References
    ----------
    Farrington, Andrews, Beale and Catchpole (1996), JRSS A 159, 547-563; Noufaily and others (2013), Statistics in
    Medicine 32, 1206-1222; Salmon, Schumacher and Höhle (2016), Journal of Statistical Software 70 (10).
    """
    y, mean, error, phi = np.broadcast_arrays(
        *(np.asarray(v, dtype=float) for v in (observed, expected, se, dispersion))
    )
    z = float(stats.norm.isf(alpha))
    if bound == "delta":
        a = _EXPONENT[power]
        spread = a * np.sqrt((phi + error**2 / mean) / mean)  # of y**a, in units of mean**a
        low, high = (np.maximum(1 + sign * z * spread, 0) ** (1 / a) * mean for sign in (-1, 1))
        p = stats.norm.sf(((y / mean) ** a - 1) / spread)
        return Limits(low, high, p, p)
    centre = mean * np.exp(z * error) if bound == "muan" else mean
    low, high, p = (np.empty(y.shape) for _ in range(3))
    for law, at in ((stats.poisson, phi <= 1), (stats.nbinom, phi > 1)):
        if at.any():
            shape = (centre[at],) if law is stats.poisson else (centre[at] / (phi[at] - 1), 1 / phi[at])
            low[at], high[at], p[at] = law.ppf(alpha, *shape), law.isf(alpha, *shape), law.sf(y[at] - 1, *shape)
    added = (mean * error if bound == "muan" else error) ** 2 / mean
    wide = np.maximum(phi + added, NEAR_ONE)
    law_of_new = stats.nbinom(mean / (wide - 1), 1 / wide)
    return Limits(low, high, p, law_of_new.sf(y - 1))


def outbreak_weights(residuals: ArrayLike, threshold: float = 2.58) -> Floats:
    """Weight past weeks down by the inverse square of their residual above a threshold, the weights adding up to n.

    Parameters
    ----------
    residuals
        Standardised Anscombe residuals, weeks × cells or one series; NaN (not in the model) gets 0.
    """
    s = np.asarray(residuals, dtype=float)
    raw = np.where(s > threshold, 1 / np.where(s > threshold, s, 1) ** 2, np.where(np.isnan(s), 0.0, 1.0))
    return raw * (~np.isnan(s)).sum(axis=0) / raw.sum(axis=0)


class _Fit(NamedTuple):
    """A fit per cell: coefficients (cells × terms), means (weeks × cells), unscaled covariance, dispersion, success."""

    coefficients: Floats
    means: Floats
    covariance: Floats
    dispersion: Floats
    converged: NDArray[np.bool_]


def _fit(design: Floats, counts: Floats, weights: Floats, start: Floats | None = None) -> _Fit:
    """Fit a quasi-Poisson model to every cell by iterated weighted least squares, all cells in one go.

    statsmodels fits one cell in milliseconds; a week has hundreds, and they share the design. Tested against it.
    """
    terms, cells = design.shape[1], counts.shape[1]
    products = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    tiny = 1e-10 * np.eye(terms)  # keeps a season without a single event solvable
    eta = np.log(counts + 0.1) if start is None else np.log(start)
    coefficients = np.zeros((cells, terms))
    going = np.arange(cells)
    for _ in range(_MOST_STEPS):
        old, y, w = eta[:, going], counts[:, going], weights[:, going]
        means = np.exp(old)
        information = ((w * means).T @ products).reshape(-1, terms, terms) + tiny
        score = (w * (means * old + y - means)).T @ design
        coefficients[going] = np.linalg.solve(information, score[:, :, None])[:, :, 0]
        new = np.clip(design @ coefficients[going].T, _LEAST_LOG_MEAN, _MOST_LOG_MEAN)
        eta[:, going] = new
        going = going[(w * np.exp(new) * (new - old) ** 2).sum(axis=0) > _TOLERANCE]
        if not len(going):
            break
    means = np.exp(eta)
    information = ((weights * means).T @ products).reshape(-1, terms, terms) + tiny
    covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
    free = np.maximum((weights > 0).sum(axis=0) - terms, 1)
    pearson = (weights * (counts - means) ** 2 / means).sum(axis=0)
    converged = ~np.isin(np.arange(cells), going)
    return _Fit(coefficients, means, covariance, np.maximum(1.0, pearson / free), converged)


def _design(settings: FarringtonSettings) -> Floats:
    """Give the model's terms for every week of the past and, last, this one: constant, trend, season.

    The season's last period, the weeks around this one, is the reference, so that it has no column of its own.
    """
    age = np.arange(-settings.weeks_before, 1)
    place = (age + settings.half_window) % YEAR
    window = 2 * settings.half_window + 1
    blocks = np.array_split(np.arange(window, YEAR), settings.periods - 1)
    season = [np.isin(place, block) for block in blocks]
    return np.column_stack([np.ones(len(age)), age / YEAR, *season]).astype(float)


def farrington(counts: ArrayLike, settings: FarringtonSettings | None = None) -> pd.DataFrame:
    """Give the baseline of the last week of every cell.

    Parameters
    ----------
    counts
        Weeks × cells, oldest first, no gap, NaN where a count is not known (such weeks are left out of the model); or
        one series.
    settings
        See :class:`FarringtonSettings`.

    Returns
    -------
    pandas.DataFrame
        One row per cell: ``observed``, ``expected``, ``se`` (of the expected count), ``dispersion``, ``low`` and
        ``upper`` (a count above it is unusual), ``p`` (that so many or more are seen in a usual week), ``p_new``,
        ``score`` ((observed - expected) / (upper - expected), above 1 where unusual), ``trend`` (change per year in the
        logarithm; NaN where none is kept) and ``reason``: blank where given, else why not; the numbers are then NaN.

    References
    ----------
    Farrington, Andrews, Beale and Catchpole (1996); Noufaily and others (2013). R's
    ``surveillance::farringtonFlexible`` gives the same bounds (tested).
    """
    s = settings or FarringtonSettings()
    x = np.asarray(counts, dtype=float)
    x = x[:, None] if x.ndim == 1 else x
    cells = counts.columns if isinstance(counts, pd.DataFrame) else pd.RangeIndex(x.shape[1])
    columns = {name: np.full(x.shape[1], np.nan) for name in ("observed", *_FITTED)}
    reason = np.full(x.shape[1], Reason.TOO_FEW_WEEKS, dtype=object)
    if len(x):
        columns["observed"] = x[-1]
    if len(x) > s.weeks_before:
        x, design = x[-1 - s.weeks_before :], _design(s)
        used = ~np.isnan(x)
        used[-1 - s.skip :] = False
        reason = _why_not(x, used, design, s)
        given = np.flatnonzero(reason == "")
        if len(given):
            fitted, converged = _baselines(x[:, given], used[:, given], design, s)
            reason[given[~converged]] = Reason.NO_FIT
            for name, values in fitted.items():
                columns[name][given[converged]] = values[converged]
    return pd.DataFrame({**columns, "reason": pd.array(reason, dtype="str")}, index=cells)


def _why_not(x: Floats, used: NDArray[np.bool_], design: Floats, s: FarringtonSettings) -> NDArray[np.object_]:
    """Say of every cell why it has no baseline; blank where it has one."""
    weeks_around = used[design[:, 2:].sum(axis=1) == 0].sum(axis=0)
    return np.select(
        [
            np.isnan(x[-1]),
            (used.sum(axis=0) < s.years * YEAR // 2) | (weeks_around < s.half_window),
            np.where(used, x, 0).sum(axis=0) == 0,
        ],
        [Reason.NOT_KNOWN, Reason.WEEKS_MISSING, Reason.NONE_IN_BASELINE],
        Reason.GIVEN,
    ).astype(object)


def _baselines(
    x: Floats, used: NDArray[np.bool_], design: Floats, s: FarringtonSettings
) -> tuple[dict[str, Floats], NDArray[np.bool_]]:
    """Fit every cell, with a trend where one is kept, and hold its last week against the model."""
    past = np.where(used, x, 0)
    model = _reweighted(design, past, used, s)
    trend = model.trend
    without = ~model.converged | (model.p_trend >= s.trend_p) | (model.expected > past.max(axis=0))
    if without.any():
        flat = _reweighted(np.delete(design, 1, axis=1), past[:, without], used[:, without], s)
        for kept, replaced in zip(model, flat, strict=True):
            kept[without] = replaced
        trend[without] = np.nan
    now, se = x[-1], model.log_se * model.expected
    limits = prediction_limits(
        now, model.expected, model.log_se if s.bound == "muan" else se, model.dispersion, s.alpha, s.bound, s.power
    )
    room = limits.high - model.expected
    score = (now - model.expected) / np.where(room > 0, room, np.nan)
    values = (model.expected, se, model.dispersion, limits.low, limits.high, limits.p, limits.p_new, score, trend)
    return dict(zip(_FITTED, values, strict=True)), model.converged


class _Prediction(NamedTuple):
    """A cell's prediction for its last week, one array each; ``trend`` is the coefficient of the second term."""

    expected: Floats
    log_se: Floats
    dispersion: Floats
    trend: Floats
    p_trend: Floats
    converged: NDArray[np.bool_]


def _reweighted(design: Floats, past: Floats, used: NDArray[np.bool_], s: FarringtonSettings) -> _Prediction:
    """Fit, weight past outbreaks down, fit again, predict the last week."""
    fit = _fit(design, past, used.astype(float))
    leverage = fit.means * np.einsum("np,cpq,nq->nc", design, fit.covariance, design, optimize=True)
    anscombe = 1.5 * (past ** (2 / 3) * fit.means ** (-1 / 6) - np.sqrt(fit.means))
    residuals = anscombe / np.sqrt(fit.dispersion * np.clip(1 - leverage, 1e-8, None))
    weights = outbreak_weights(np.where(used, residuals, np.nan), s.reweight_above)
    fit = _fit(design, past, weights, fit.means)
    free = np.maximum(used.sum(axis=0) - design.shape[1], 1)
    scale = fit.dispersion
    if s.r_compatible:  # farringtonFlexible replaces the working weights before it asks for the standard error
        scale = (weights * ((past - fit.means) / fit.means) ** 2).sum(axis=0) / free
    at = design[-1]
    log_se = np.sqrt(scale * np.einsum("p,cpq,q->c", at, fit.covariance, at))
    t = fit.coefficients[:, 1] / np.sqrt(scale * fit.covariance[:, 1, 1])
    expected = np.exp(np.clip(fit.coefficients @ at, _LEAST_LOG_MEAN, _MOST_LOG_MEAN))
    p_trend = 2 * stats.t.sf(np.abs(t), free)
    return _Prediction(expected, log_se, fit.dispersion, fit.coefficients[:, 1].copy(), p_trend, fit.converged)
