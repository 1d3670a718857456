"""Like for like: standardised shares, and a change taken apart into mix and share.

A stratum is one combination of what should be equal in a comparison: offence group, status of the offence, what the
form asks. Counts of a comparison are cohorts: declines among detainers issued.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import factorial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.stats.intervals import count_interval
from analysis.stats.reasons import Reason

Floats = NDArray[np.float64]


def _tables(counts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give declines and detainers as places × strata; a combination that does not occur has none of either.

    Raises
    ------
    ValueError
        The index is not place and stratum, a combination stands twice, or a decline has no detainer.
    """
    if counts.index.nlevels < 2 or counts.index.has_duplicates:
        raise ValueError("counts are indexed by place and stratum, each combination once")
    if (counts["declined"] > counts["issued"]).any() or (counts["declined"] < 0).any():
        raise ValueError("declines must lie between 0 and the number of detainers")
    if counts.empty:
        nothing = pd.DataFrame(index=counts.index.get_level_values(0), columns=counts.index.droplevel(0), dtype=float)
        return nothing, nothing
    strata = list(range(1, counts.index.nlevels))
    wide = counts[["declined", "issued"]].unstack(strata, fill_value=0).astype(float)  # noqa: PD010 (index levels)
    return wide["declined"], wide["issued"]


def standard_shares(counts: pd.DataFrame) -> pd.Series:
    """Give each stratum's share of declines over all places together, as a standard; NaN where it has no detainers."""
    sums = counts.groupby(level=list(range(1, counts.index.nlevels)))[["declined", "issued"]].sum()
    return sums["declined"] / sums["issued"].where(sums["issued"] > 0)


def indirect_standardisation(
    counts: pd.DataFrame, standard: pd.Series | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Hold each place's declines against those that its detainers would give at the standard's shares.

    ratio = observed / expected, expected = sum over strata of detainers × standard share. For small places; two ratios
    may be compared with 1 and, as their mixes differ, not strictly with each other.

    Parameters
    ----------
    counts
        ``declined`` and ``issued`` by place (first index level) and stratum (the further levels).
    standard
        Share by stratum; by default that of all places together. A place is part of that whole.
    level
        Of the exact Poisson interval of the ratio (the standard is taken as known).

    Returns
    -------
    pandas.DataFrame
        One row per place: ``observed``, ``expected``, ``ratio``, ``low``, ``high`` and ``reason``: blank where given,
        ``no detainers``, or ``no declines`` where the standard expects none.

    References
    ----------
    Breslow and Day (1987), Statistical Methods in Cancer Research II, chapter 2; Ulm (1990), American Journal of
    Epidemiology 131, 373-375.
    """
    declined, issued = _tables(counts)
    shares = (standard_shares(counts) if standard is None else standard).reindex(issued.columns)
    unknown = ((issued > 0) & shares.isna()).any(axis="columns")
    expected = (issued * shares.fillna(0)).sum(axis="columns").mask(unknown)
    observed = declined.sum(axis="columns")
    low, high = count_interval(observed, level)
    result = pd.DataFrame({"observed": observed, "expected": expected})
    divisor = expected.where(expected > 0)
    result["ratio"], result["low"], result["high"] = observed / divisor, low / divisor, high / divisor
    result["reason"] = np.select(
        [issued.sum(axis="columns") == 0, unknown, ~(expected > 0)],
        [Reason.NO_DETAINERS, Reason.NO_STANDARD, Reason.NO_DECLINES],
        Reason.GIVEN,
    )
    return result


def direct_standardisation(
    counts: pd.DataFrame, standard: pd.Series | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Give the share of declines that each place would have with the standard's mix of detainers.

    share = sum over strata of weight × share of the stratum. For places with detainers in every stratum.

    Parameters
    ----------
    counts
        ``declined`` and ``issued`` by place (first index level) and stratum (the further levels).
    standard
        Detainers (or weights) by stratum; by default those of all places together.
    level
        Of the gamma interval.

    Returns
    -------
    pandas.DataFrame
        One row per place: ``share`` (crude), ``standardised``, ``low``, ``high`` and ``reason``: blank where given; NaN
        where the place has no detainers in a stratum that the standard has.

    References
    ----------
    Fay and Feuer (1997), Statistics in Medicine 16, 791-801.
    """
    declined, issued = _tables(counts)
    mix = (issued.sum() if standard is None else standard.reindex(issued.columns).fillna(0)).astype(float)
    weights = mix / mix.sum()
    covered = ((issued > 0) | (weights == 0)).all(axis="columns")
    here = issued.to_numpy()
    per_detainer = np.where(here > 0, weights.to_numpy() / np.where(here > 0, here, 1), 0)
    share = (per_detainer * declined).sum(axis="columns")
    variance = (per_detainer**2 * declined).sum(axis="columns")
    low, high = gamma_interval(share, variance, per_detainer.max(axis=1, initial=0), level)
    total = issued.sum(axis="columns")
    result = pd.DataFrame({"share": declined.sum(axis="columns") / total.where(total > 0)})
    result["standardised"], result["low"], result["high"] = share, low, high
    result.loc[~covered, ["standardised", "low", "high"]] = np.nan
    result["reason"] = np.select([total == 0, ~covered], [Reason.NO_DETAINERS, Reason.NO_STANDARD], Reason.GIVEN)
    return result


def gamma_interval(
    estimate: ArrayLike, variance: ArrayLike, largest_weight: ArrayLike, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Give the gamma interval of a weighted sum of Poisson counts.

    Parameters
    ----------
    estimate, variance
        y = sum of w × count and v = sum of w² × count.
    largest_weight
        The largest w of a stratum.
    level
        Confidence level.

    References
    ----------
    Fay and Feuer (1997): low = v / 2y × chi2(tail, 2y²/v), high = v' / 2y' × chi2(1 - tail, 2y'²/v') with y' = y + w
    and v' = v + w², w the largest weight.
    """
    y, v, w = (np.asarray(values, dtype=float) for values in (estimate, variance, largest_weight))
    tail = (1 - level) / 2
    some, more_y, more_v = (np.where(values > 0, values, np.nan) for values in (y, y + w, v + w**2))
    low = v / (2 * some) * stats.chi2.ppf(tail, 2 * some**2 / np.where(v > 0, v, 1))
    high = more_v / (2 * more_y) * stats.chi2.isf(tail, 2 * more_y**2 / more_v)
    return np.where(y > 0, low, 0.0), high


class TwoParts(NamedTuple):
    """A change of a share in two parts, per stratum: ``mix`` and ``share``; their sums add up to the change."""

    mix: Floats
    share: Floats


def kitagawa(weights_before: ArrayLike, weights: ArrayLike, shares_before: ArrayLike, shares: ArrayLike) -> TwoParts:
    """Take the change of a weighted mean apart: mix = (w1 - w0)(r0 + r1) / 2, share = (r1 - r0)(w0 + w1) / 2.

    Parameters
    ----------
    weights_before, weights
        Part of each stratum in the detainers, adding up to 1 (or 100).
    shares_before, shares
        Share declined in each stratum. A stratum without detainers in one period has none: give NaN, and the other
        period's share is taken, so that its coming or going counts as mix.

    References
    ----------
    Kitagawa (1955), JASA 50, 1168-1194.
    """
    w0, w1, r0, r1 = (np.asarray(v, dtype=float) for v in (weights_before, weights, shares_before, shares))
    r0, r1 = np.where(np.isnan(r0), r1, r0), np.where(np.isnan(r1), r0, r1)
    r0, r1 = np.nan_to_num(r0), np.nan_to_num(r1)  # a stratum in neither period: its weights are 0
    return TwoParts((w1 - w0) * (r0 + r1) / 2, (r1 - r0) * (w0 + w1) / 2)


def das_gupta(before: Sequence[ArrayLike], after: Sequence[ArrayLike]) -> Floats:
    """Take the change of a product of factors, summed over strata, apart into one effect per factor.

    The effect of a factor is its change times the other factors, averaged over all ways of setting each of these to
    before or after, where the settings with k factors after weigh k! (n - 1 - k)! / n!.

    Parameters
    ----------
    before, after
        The factors, each a number or an array over strata.

    Returns
    -------
    numpy.ndarray
        One effect per factor; they add up to the change of sum(product).

    References
    ----------
    Das Gupta (1993), Standardization and Decomposition of Rates: A User's Manual, equation 3.54.
    """
    pairs = [(np.asarray(b, dtype=float), np.asarray(a, dtype=float)) for b, a in zip(before, after, strict=True)]
    n = len(pairs)
    effects = np.zeros(n)
    for i, (b, a) in enumerate(pairs):
        others = [j for j in range(n) if j != i]
        for k in range(n):
            weight = factorial(k) * factorial(n - 1 - k) / factorial(n)
            for changed in combinations(others, k):
                product = a - b
                for j in others:
                    product = product * pairs[j][j in changed]
                effects[i] += weight * product.sum()
    return effects


def change_of_share(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Take the change of a cohort's share of declines apart into mix and share, stratum by stratum.

    Parameters
    ----------
    before, after
        One row per stratum: ``declined``, ``issued``. A stratum that is not there has no detainers.

    Returns
    -------
    pandas.DataFrame
        One row per stratum of either period: ``part_before``, ``part`` (of the detainers), ``share_before``,
        ``share`` (NaN where it has no detainers), ``mix_effect`` and ``share_effect``; their grand sum is the change.
        All effects are NaN where one period has no detainers at all.
    """
    strata = before.index.union(after.index, sort=False)
    columns: dict[str, pd.Series] = {}
    for name, counts in (("_before", before), ("", after)):
        declined, issued = (counts[c].reindex(strata, fill_value=0).astype(float) for c in ("declined", "issued"))
        columns[f"part{name}"] = issued / issued.sum() if issued.sum() > 0 else issued * np.nan
        columns[f"share{name}"] = declined / issued.where(issued > 0)
    result = pd.DataFrame(columns)[["part_before", "part", "share_before", "share"]]
    parts = kitagawa(result["part_before"], result["part"], result["share_before"], result["share"])
    return result.assign(mix_effect=parts.mix, share_effect=parts.share)


def change_of_count(before: pd.DataFrame, after: pd.DataFrame) -> pd.Series:
    """Take the change in the number of declines apart into number of detainers, their mix, and shares (Das Gupta).

    Parameters
    ----------
    before, after
        One row per stratum: ``declined``, ``issued``.

    Returns
    -------
    pandas.Series
        ``detainers``, ``mix``, ``share`` (effects, in declines) and ``change`` (their sum); NaN where one period has no
        detainers.
    """
    parts = change_of_share(before, after)
    r0, r1 = parts["share_before"], parts["share"]
    effects = das_gupta(
        [before["issued"].sum(), parts["part_before"], r0.fillna(r1).fillna(0)],
        [after["issued"].sum(), parts["part"], r1.fillna(r0).fillna(0)],
    )
    if parts[["part_before", "part"]].isna().any(axis=None):
        effects = effects * np.nan
    return pd.Series([*effects, effects.sum()], index=["detainers", "mix", "share", "change"])
