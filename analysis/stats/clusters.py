"""Detainers come in clusters: a facility that declines one is likely to decline the next.

An interval that takes every detainer for an independent trial is then too narrow. The design effect says by how much:
the variance between facilities over the variance of independent detainers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from analysis.stats.intervals import count_interval, share_interval
from analysis.stats.reasons import Reason

FEWEST_CLUSTERS = 5
"""Below so many facilities with detainers the variance between them is hardly known."""


def clustered_shares(facilities: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Give each place's share of declines with the plain interval and the one that allows for facilities.

    The ratio estimator's variance over k facilities, k / (k - 1) × sum (y - p n)² / N², over p (1 - p) / N is the
    design effect. The wider interval is Wilson's with N over the design effect as number of trials, shortened
    further by (t / z)² for the k - 1 degrees of freedom.

    Parameters
    ----------
    facilities
        ``declined`` and ``issued`` by place (first index level) and facility (second); facilities without detainers
        count as none.
    level
        Confidence level.

    Returns
    -------
    pandas.DataFrame
        One row per place: ``declined``, ``issued``, ``share``, ``low``, ``high`` (plain Wilson), ``facilities``,
        ``design_effect`` (at least 1), ``cluster_low``, ``cluster_high`` and ``reason``: ``no detainers``; ``too few
        facilities`` or, as nothing varies, ``no declines`` or ``every detainer declined`` (then only the plain
        interval is given).

    References
    ----------
    Cochran (1977), Sampling Techniques, section 6.3; Korn and Graubard (1998), Survey Methodology 24, 193-201.
    """
    some = facilities[facilities["issued"] > 0]
    places = facilities.index.unique(level=0)
    sums = some.groupby(level=0)[["declined", "issued"]].sum().reindex(places, fill_value=0)
    k = some.groupby(level=0).size().reindex(places, fill_value=0)
    y, n = sums["declined"].astype(float), sums["issued"].astype(float)
    share = y / n.where(n > 0)
    of_place = share.reindex(some.index.get_level_values(0)).to_numpy()
    squares = pd.Series((some["declined"] - of_place * some["issued"]) ** 2, index=some.index)
    between = squares.groupby(level=0).sum().reindex(places, fill_value=0) * k / (k - 1).where(k > 1) / n**2
    reason = np.select(
        [n == 0, y == 0, y == n, k < FEWEST_CLUSTERS],
        [Reason.NO_DETAINERS, Reason.NO_DECLINES, Reason.ALL_DECLINED, Reason.TOO_FEW_CLUSTERS],
        Reason.GIVEN,
    )
    varies = pd.Series(reason == "", index=places)
    effect = (between / (share * (1 - share) / n)).clip(lower=1).where(varies)
    tail = (1 - level) / 2
    ratio = (stats.norm.isf(tail) / stats.t.isf(tail, (k - 1).clip(lower=1))) ** 2
    trials = np.minimum(n, n / effect * ratio).where(varies)
    low, high = share_interval(y, n, level)
    cluster_low, cluster_high = share_interval(share.where(varies, 0) * trials.fillna(0), trials.fillna(0), level)
    return pd.DataFrame(
        {
            "declined": sums["declined"],
            "issued": sums["issued"],
            "share": share,
            "low": low,
            "high": high,
            "facilities": k,
            "design_effect": effect,
            "cluster_low": cluster_low,
            "cluster_high": cluster_high,
            "reason": reason,
        },
        index=places,
    )


def clustered_counts(facilities: pd.Series, level: float = 0.95) -> pd.DataFrame:
    """Give each place's number of declines with the plain interval and the one that allows for facilities.

    If facilities decline in batches (a compound Poisson count), the variance of the sum is estimated by the sum of the
    squared batches: the design effect is sum y² / sum y. The wider interval is the exact one of count over design
    effect, scaled back.

    Parameters
    ----------
    facilities
        Declines by place (first index level) and facility (second).
    level
        Confidence level.

    Returns
    -------
    pandas.DataFrame
        One row per place: ``declined``, ``low``, ``high`` (exact Poisson), ``facilities`` (with declines),
        ``design_effect`` (NaN where none is declined), ``cluster_low``, ``cluster_high`` and ``reason``.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, section 6.2, for counts of clustered events.
    """
    y = facilities.astype(float)
    declined = y.groupby(level=0).sum()
    effect = ((y**2).groupby(level=0).sum() / declined.where(declined > 0)).clip(lower=1)
    low, high = count_interval(declined, level)
    cluster_low, cluster_high = count_interval(declined / effect, level)
    return pd.DataFrame(
        {
            "declined": declined.astype("int64"),
            "low": low,
            "high": high,
            "facilities": (y > 0).groupby(level=0).sum(),
            "design_effect": effect,
            "cluster_low": cluster_low * effect,
            "cluster_high": cluster_high * effect,
            "reason": np.where(declined > 0, Reason.GIVEN, Reason.NO_DECLINES),
        }
    )
