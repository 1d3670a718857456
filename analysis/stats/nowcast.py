"""How many declines a young week will have: chain-ladder estimate with a negative binomial band, and its backtest."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.stats.counts import Reason
from analysis.stats.delays import PROVISIONAL, Development, Triangle, development, latest_ages, maturity

Floats = NDArray[np.float64]
BAND = 0.9


class Reserve(NamedTuple):
    """Chain ladder with Mack's standard errors: per issue week and, last, of the sum over all weeks.

    ``ultimate`` is the expected final count, ``remaining`` what of it is not yet recorded, ``se`` its standard error.
    """

    ultimate: pd.Series
    remaining: pd.Series
    se: pd.Series
    total_remaining: float
    total_se: float


def reserve(triangle: Triangle, developed: Development | None = None) -> Reserve:
    """Estimate each row's final count with Mack's distribution-free standard error.

    References
    ----------
    Mack (1993), ASTIN Bulletin 23, 213-225, with his rule for the last step's variance.
    """
    developed = developed or development(triangle)
    f, relative = developed.factors, developed.variances / developed.factors**2
    age = latest_ages(triangle)
    rows = triangle.cumulative.to_numpy(dtype=float)
    latest = np.where(age >= 0, rows[np.arange(len(rows)), np.maximum(age, 0)], np.nan)
    ultimate = np.where(age >= 0, latest / developed.completeness[np.maximum(age, 0)], np.nan)
    squared, shared = np.zeros(len(rows)), np.zeros(len(rows))
    for i in np.flatnonzero(age >= 0):
        steps = np.arange(age[i], len(f))
        expected = latest[i] * np.cumprod(np.append(1, f[steps]))[:-1]
        own = (relative[steps] / np.where(expected > 0, expected, np.nan)).sum()
        shared[i] = (relative[steps] / developed.bases[steps]).sum()
        squared[i] = ultimate[i] ** 2 * (own + shared[i]) if latest[i] > 0 else 0.0
    # Rows share the factors from the younger row's age on, so the older row's steps are common to both.
    common = np.minimum(shared[:, None], shared[None, :]) * np.outer(ultimate, ultimate)
    total = np.nansum(squared) + np.nansum(common) - np.nansum(np.diag(common))
    index = triangle.cumulative.index
    final, remaining, se = (pd.Series(v, index=index) for v in (ultimate, ultimate - latest, np.sqrt(squared)))
    return Reserve(final, remaining, se, float(np.nansum(ultimate - latest)), float(np.sqrt(total)))


def reporting_dispersion(triangle: Triangle, developed: Development) -> float:
    """Estimate how much more than independently declines are recorded: 1 or more.

    If each decline is recorded independently, (C(d + 1) - f C(d))² has mean f (f - 1) C(d) whatever the law of the
    final counts; the pooled ratio of the two is more than 1 where declines are recorded in batches.
    """
    c = triangle.cumulative.to_numpy(dtype=float)
    f = developed.factors
    now, then = c[:, :-1], c[:, 1:]
    usable = (now > 0) & ~np.isnan(then) & (f > 1)
    if not usable.any():
        return 1.0
    base = np.where(usable, now, 1)
    ratio = np.where(usable, (then - f * now) ** 2 / base / np.where(f > 1, f * (f - 1), 1), 0)
    free = np.maximum(usable.sum(axis=0) - 1, 0)
    return max(1.0, float(ratio[:, free > 0].sum() / free.sum())) if free.sum() else 1.0


def nowcast(
    triangle: Triangle, developed: Development | None = None, level: float = BAND, least: float = PROVISIONAL
) -> pd.DataFrame:
    """Estimate the final number of declines of every issue week from those recorded so far.

    With C recorded at completeness p, those to come are negative binomial: the predictive law (C + 1/2) failures at
    success probability p, its variance multiplied by :func:`reporting_dispersion` and increased by the uncertainty of
    the completeness.

    Parameters
    ----------
    triangle
        See :class:`analysis.stats.delays.Triangle`.
    developed
        By default measured on the same triangle.
    level
        Of the band (equal tails).
    least
        Completeness below which nothing is said (``too young``).

    Returns
    -------
    pandas.DataFrame
        One row per issue week: ``recorded``, ``completeness``, ``maturity``, ``estimate`` (recorded / completeness),
        ``low``, ``high`` and ``reason``: blank where given; ``too young``; ``no recording delays measured``; or
        ``recorded counts fall with age``. Final means within the triangle's longest delay.

    References
    ----------
    Lawless (1994), Canadian Journal of Statistics 22, 15-31; Höhle and an der Heiden (2014), Biometrics 70, 993-1002;
    Mack (1993).
    """
    developed = developed or development(triangle)
    age = latest_ages(triangle)
    rows = triangle.cumulative.to_numpy(dtype=float)
    at = np.maximum(age, 0)
    recorded = np.where(age >= 0, rows[np.arange(len(rows)), at], np.nan)
    p = np.where(age >= 0, developed.completeness[at], np.nan)
    phi = reporting_dispersion(triangle, developed)
    f, bases = developed.factors, developed.bases
    step = phi * (f - 1) / f / np.where(bases > 0, bases, np.nan)
    uncertain = np.append(np.cumsum(step[::-1])[::-1], 0.0)[at]
    mean = (recorded + 0.5) * (1 - p) / p
    variance = phi * mean / p + ((recorded + 0.5) / p) ** 2 * uncertain
    reason = np.select(
        [np.isnan(p), p > 1, p < least], [Reason.NO_DELAYS, Reason.FALLING, Reason.TOO_YOUNG], Reason.GIVEN
    )
    given = reason == ""
    low, high = np.full((2, len(rows)), np.nan)
    low[given], high[given] = _negative_binomial_band(mean[given], variance[given], level)
    return pd.DataFrame(
        {
            "recorded": recorded,
            "completeness": p,
            "maturity": [maturity(value) for value in p],
            "estimate": np.where(given, recorded / p, np.nan),
            "low": recorded + low,
            "high": recorded + high,
            "reason": reason,
        },
        index=triangle.cumulative.index,
    )


def nowcast_facts(estimates: pd.DataFrame | None, week: date) -> dict[str, object]:
    """Give what is estimated of a week's final count (:func:`nowcast`), as facts by id.

    ``nowcast`` is None where nothing is estimated; ``nowcast_reason`` says why, if delays are measured at all.
    """
    if estimates is None or pd.Timestamp(week) not in estimates.index:
        return {"nowcast": None}
    now = estimates.loc[pd.Timestamp(week)]
    return {
        "completeness": now["completeness"],
        "maturity": now["maturity"],
        "nowcast": now["estimate"],
        "nowcast_low": now["low"],
        "nowcast_high": now["high"],
        "nowcast_recorded": now["recorded"],
        "nowcast_reason": now["reason"] or None,
        "nowcast_level": BAND,
    }


def _negative_binomial_band(mean: Floats, variance: Floats, level: float) -> tuple[Floats, Floats]:
    """Give the band of a negative binomial count with this mean and variance, half of each end counted as outside.

    With whole numbers no band has exactly its level; this one has it on average, the usual one at least.
    """
    tail = (1 - level) / 2
    over = (variance > mean * (1 + 1e-9)) & (mean > 0)
    low, high = np.empty(mean.shape), np.empty(mean.shape)
    for law, at in ((stats.nbinom, over), (stats.poisson, ~over)):
        m, v = mean[at], variance[at]
        shape = (m,) if law is stats.poisson else (m**2 / (v - m), m / v)
        first, last = law.ppf(tail, *shape), law.isf(tail, *shape)
        low[at] = first + (law.cdf(first, *shape) - law.pmf(first, *shape) / 2 < tail)
        high[at] = last - (law.sf(last, *shape) + law.pmf(last, *shape) / 2 < tail)
    return low, np.maximum(low, high)


def known_by(triangle: Triangle, steps_back: int) -> Triangle:
    """Give the triangle as it stood some steps before: cells younger than that are not yet known.

    Parameters
    ----------
    triangle
        With ``step`` 1, as from :func:`analysis.stats.delays.triangle_of_lift_dates`.
    steps_back
        Weeks.
    """
    rows, columns = triangle.cumulative.shape
    newest = rows - 1 - steps_back
    age = newest - np.arange(rows)
    seen = triangle.cumulative.where(age[:, None] >= np.arange(columns))
    return Triangle(seen.iloc[: max(newest + 1, 0)], triangle.step, triangle.left_out)


def backtest(triangle: Triangle, level: float = BAND, least: float = PROVISIONAL, fewest_rows: int = 8) -> pd.DataFrame:
    """Repeat the nowcast as it would have been made in earlier weeks, and hold it against what is now known.

    Parameters
    ----------
    triangle
        With ``step`` 1 and rows up to the last full week.
    level, least
        As in :func:`nowcast`.
    fewest_rows
        Issue weeks whose final count was known then, below which no nowcast is repeated.

    Returns
    -------
    pandas.DataFrame
        One row per week in which a nowcast would have been made (``made_in``) and issue week (``week``) whose final
        count is now known: ``age``, ``recorded``, ``completeness``, ``estimate``, ``low``, ``high``, ``final`` and
        ``covered``. Weeks already final then are left out.
    """
    rows, columns = triangle.cumulative.shape
    final = triangle.cumulative.iloc[:, -1]
    weeks = triangle.cumulative.index
    parts = []
    for back in range(1, rows):
        then = known_by(triangle, back)
        if len(then.cumulative) < fewest_rows + columns - 1:
            break
        cast = nowcast(then, level=level, least=least)
        cast["age"] = latest_ages(then)
        young = cast[(cast["age"] < columns - 1) & (cast["reason"] == "")]
        young = young.assign(final=final.reindex(young.index), made_in=weeks[rows - 1 - back])
        parts.append(young[young["final"].notna()])
    names = ["made_in", "week", "age", "recorded", "completeness", "estimate", "low", "high", "final"]
    if not parts:
        return pd.DataFrame(columns=[*names, "covered"])
    result = pd.concat(parts).rename_axis("week").reset_index()[names]
    return result.assign(covered=result["final"].between(result["low"], result["high"]))


def coverage(tested: pd.DataFrame) -> pd.DataFrame:
    """Summarise a backtest by age.

    Returns
    -------
    pandas.DataFrame
        One row per ``age``: ``nowcasts``, ``completeness`` (mean), ``covered`` (part of the bands that held the final
        count), ``covered_se`` (binomial; nowcasts of one issue week are not independent across ages), ``bias`` (mean of
        estimate over final, less 1; weeks with none final left out) and ``width`` (mean of the band over the estimate).
    """
    final = tested["final"].where(tested["final"] > 0)
    estimate = tested["estimate"].where(tested["estimate"] > 0)
    each = tested.assign(bias=tested["estimate"] / final - 1, width=(tested["high"] - tested["low"]) / estimate)
    means = each.groupby("age")[["completeness", "covered", "bias", "width"]].mean()
    number = each.groupby("age").size()
    means.insert(0, "nowcasts", number)
    means.insert(3, "covered_se", np.sqrt(means["covered"] * (1 - means["covered"]) / number))
    return means
