"""Like for like: declines recorded over those expected of detainers alike, and a change taken into mix and share.

A stratum is one combination of what should be equal in a comparison: what the form asks, offence group, status of the
offence. Counts are cohorts: declines among detainers issued, over a period of whole weeks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from analysis.stats.counts import NOT_GIVEN, Floats, count_interval, count_outcomes

LEAST_EXPECTED = 4  # declines expected from which a state's are held against them
TAIL = 0.025


def strata(has_offences: bool) -> list[str]:
    """Name the columns that are held equal when states are compared."""
    return ["request", "offence_group", "offence_status"] if has_offences else ["request"]


def expected(rows: pd.DataFrame, has_offences: bool, dispersion: pd.Series) -> pd.DataFrame:
    """Hold each state's declines of a period against those that its detainers would have at the national shares.

    Expected = sum over strata of the state's detainers × the share declined of all states' (indirect standardisation).
    A state is part of that whole. Where strata go by offence, the expected number is given as a whole one, and the
    ratio is made of that, since finer numbers would tell of counts that are not shown.

    Parameters
    ----------
    rows
        Detainers of one period, all states; never of one week, which says too little.
    has_offences, dispersion
        Whether strata go by offence group and status, too; variance over mean of weekly declines, by postal code.

    Returns
    -------
    pandas.DataFrame
        One row per state with :data:`LEAST_EXPECTED` declines expected or more, most expected first: ``issued``,
        ``observed``, ``expected``, ``over_expected`` (their ratio) with ``low`` and ``high`` (95 %: exact Poisson on
        observed / dispersion); and where the state has detainers of every request ``standardised``, its share if what
        is asked were mixed as in all states (direct standardisation), with its gamma interval.

    References
    ----------
    Breslow and Day (1987), Statistical Methods in Cancer Research II, chapter 2; Fay and Feuer (1997), Statistics in
    Medicine 16, 791-801.
    """
    counts = count_outcomes(rows, ["state", *strata(has_offences)])[["declined", "issued"]]
    of_state = counts.groupby(level=0).sum().drop(index=NOT_GIVEN, errors="ignore")
    found = indirect(counts).reindex(of_state.index)
    found = found.round() if has_offences else found
    phi = dispersion[of_state.index]
    low, high = (end * phi / found for end in count_interval(of_state["declined"] / phi))
    table = of_state.rename(columns={"declined": "observed"})[["issued", "observed"]].assign(expected=found)
    table = table.assign(over_expected=table["observed"] / found, low=low, high=high)
    by_request = count_outcomes(rows, ["state", "request"]).drop(index=NOT_GIVEN, level=0, errors="ignore")
    table = table.join(direct(by_request, dispersion=phi).round(3))
    return table[table["expected"] >= LEAST_EXPECTED].sort_values("expected", ascending=False, kind="stable")


def indirect(counts: pd.DataFrame) -> pd.Series:
    """Give the declines that each place's detainers (first index level) would have at all places' shares."""
    by = list(range(1, counts.index.nlevels))
    whole = counts.groupby(level=by)[["declined", "issued"]].transform("sum")
    return (counts["issued"] * whole["declined"] / whole["issued"].where(whole["issued"] > 0)).groupby(level=0).sum()


def direct(counts: pd.DataFrame, standard: pd.Series | None = None, dispersion: ArrayLike = 1.0) -> pd.DataFrame:
    """Give the share of declines that each place would have with the standard's mix, by default that of all places.

    NaN where a place has no detainers in a stratum of the standard. Fay and Feuer (1997), with y the share and v its
    variance: low = v / 2y × chi2(tail, 2y²/v), high = v' / 2y' × chi2(1 - tail, 2y'²/v') with y' = y + w and v' = v +
    w², w the largest weight of a detainer; at most 1, which the interval, made for rates, can exceed.
    """
    declined, issued = (counts[name].unstack(fill_value=0).astype(float) for name in ("declined", "issued"))  # noqa: PD010
    mix = issued.sum() if standard is None else standard.reindex(issued.columns).fillna(0)
    weights, here = (mix / mix.sum()).to_numpy(), issued.to_numpy()
    per_detainer = np.where(here > 0, weights / np.where(here > 0, here, 1), 0)
    y = (per_detainer * declined).sum(axis="columns").to_numpy()
    phi = np.broadcast_to(np.asarray(dispersion, dtype=float), y.shape)
    v, w = phi * (per_detainer**2 * declined).sum(axis="columns").to_numpy(), per_detainer.max(axis=1, initial=0)
    some, more_y, more_v = (np.where(x > 0, x, np.nan) for x in (y, y + w, v + phi * w**2))
    low = v / (2 * some) * stats.chi2.ppf(TAIL, 2 * some**2 / np.where(v > 0, v, 1))
    high = more_v / (2 * more_y) * stats.chi2.isf(TAIL, 2 * more_y**2 / more_v)
    limits = {"standardised_low": np.where(y > 0, low, 0.0), "standardised_high": np.minimum(high, 1)}
    result = pd.DataFrame({"standardised": y, **limits}, index=issued.index)
    return result.where(((issued > 0) | (weights == 0)).all(axis="columns"), np.nan)


def kitagawa(
    weights_before: ArrayLike, weights: ArrayLike, shares_before: ArrayLike, shares: ArrayLike
) -> tuple[Floats, Floats]:
    """Take the change of a weighted mean apart: mix = (w1 - w0)(r0 + r1) / 2, share = (r1 - r0)(w0 + w1) / 2.

    For a share of NaN, that of a stratum without detainers in one period, the other period's is taken, so that its
    coming or going counts as mix. Kitagawa (1955), Journal of the American Statistical Association 50, 1168-1194.
    """
    w0, w1, r0, r1 = (np.asarray(v, dtype=float) for v in (weights_before, weights, shares_before, shares))
    r0, r1 = np.where(np.isnan(r0), r1, r0), np.where(np.isnan(r1), r0, r1)
    r0, r1 = np.nan_to_num(r0), np.nan_to_num(r1)  # a stratum in neither period: its weights are 0
    return (w1 - w0) * (r0 + r1) / 2, (r1 - r0) * (w0 + w1) / 2


def decompose(before: pd.DataFrame, after: pd.DataFrame, factors: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Take the change of a share declined into the part of another mix and that of other shares, factor by factor.

    This is arithmetic, not a cause, and worth a look only where the change itself is clear.

    Parameters
    ----------
    before, after, factors
        Detainers of two periods, and columns of the strata by the factor's name.

    Returns
    -------
    pandas.DataFrame
        One row per factor: ``factor``, ``share_before``, ``share``, ``mix_effect``, ``share_effect`` and ``change``,
        their sum; all as parts of 1, NaN where a period has no detainers.

    References
    ----------
    Kitagawa (1955), Journal of the American Statistical Association 50, 1168-1194.
    """
    rows = []
    for name, columns in factors.items():
        then, now = (count_outcomes(part, list(columns))[["declined", "issued"]] for part in (before, after))
        index = then.index.union(now.index, sort=False)
        parts = [part.reindex(index, fill_value=0).astype(float) for part in (then, now)]
        weights = [part["issued"] / (part["issued"].sum() or np.nan) for part in parts]
        shares = [part["declined"] / part["issued"] for part in parts]
        whole = [part["declined"].sum() / (part["issued"].sum() or np.nan) for part in parts]
        mix, within = (effect.sum() for effect in kitagawa(*weights, *shares))
        rows.append((name, *whole, mix, within, whole[1] - whole[0]))
    return pd.DataFrame(rows, columns=["factor", "share_before", "share", "mix_effect", "share_effect", "change"])
