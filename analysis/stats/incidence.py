"""When are detainers declined? Cumulative incidence by days since issue, the other ends as competing events.

A detainer that ended otherwise can no longer be declined, so it is not censored; one without a recorded end is, on the
day of the extraction. One minus Kaplan-Meier, which censors the other ends, overstates every outcome.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.duration.survfunc import CumIncidenceRight

from analysis.errors import InputError
from analysis.load.table import Outcome

CAUSES = (Outcome.DECLINED, Outcome.TAKEN, Outcome.OTHER)
"""The competing ends, as wide as the totals of a week that are printed: an end by itself, read off the reports of two
weeks, would give that week's count of it away, and with it those of the lift reasons of which small ones are hidden."""
READ_AT = (7, 14, 30, 60)
"""Days since issue at which a table gives the curves; they are followed to the last."""


def aalen_johansen(days: ArrayLike, cause: ArrayLike, causes: int) -> pd.DataFrame:
    """Estimate the cumulative incidence of every cause; ``cause`` is 0 where it was not ended after so many days.

    One row per ``cause`` (1 up to ``causes``) and distinct ``day``: ``at_risk`` (followed up to it), ``incidence``,
    ``se``, and ``low`` and ``high``, the 95 % interval on the complementary log-log scale; NaN before any event of it.
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5, 141-150.
    """
    time, status = np.asarray(days, dtype=float), np.asarray(cause, dtype=int)
    names = ["cause", "day", "at_risk", "incidence", "se", "low", "high"]
    if not len(time):
        return pd.DataFrame(columns=names, dtype="float64")
    with np.errstate(divide="ignore", invalid="ignore"):  # the last day, if nobody is left to follow
        fitted = CumIncidenceRight(time, status)
    at_risk = len(time) - np.searchsorted(np.sort(time), fitted.times)
    z = float(stats.norm.isf(0.025))
    parts = []
    for number in range(1, causes + 1):
        occurs = number <= len(fitted.cinc)
        f = np.minimum(fitted.cinc[number - 1], 1.0) if occurs else np.zeros(len(fitted.times))
        se = np.where(f > 0, fitted.cinc_se[number - 1] if occurs else np.nan, np.nan)
        inside = (f > 0) & (f < 1)
        safe = np.where(inside, f, 0.5)
        reach = np.exp(z * se / ((1 - safe) * -np.log1p(-safe)))
        low, high = (np.where(inside, 1 - (1 - safe) ** power, np.nan) for power in (1 / reach, reach))
        columns = (np.full(len(f), number), fitted.times, at_risk, f, se, low, high)
        parts.append(pd.DataFrame(dict(zip(names, columns, strict=True))))
    return pd.concat(parts, ignore_index=True)


def cumulative_incidence(table: pd.DataFrame, extracted_on: date) -> pd.DataFrame:
    """Give the share of detainers that had ended in each way, by days since issue.

    One without a recorded end is followed to the extraction, or to the recorded day if there is one without a reason.
    Every end but a decline and a transfer is ``other_end``, also a newer form in place of the detainer. Left out are
    those that ended on a day not recorded, or whose days are out of order.

    Parameters
    ----------
    table, extracted_on
        The table of detainers of a source with days of ends; its extraction day.

    Returns
    -------
    pandas.DataFrame
        One row per outcome (of :data:`CAUSES`) and day, up to the last of :data:`READ_AT`, on which any ended or was
        censored: ``outcome``, and from ``day`` on as :func:`aalen_johansen`. No rows where nothing can be followed.

    Raises
    ------
    InputError
        The source has ended detainers and not one day of an end.
    """
    issued, lifted, end = table["issued_on"], table["lifted_on"], pd.Timestamp(extracted_on)
    still_open = table["outcome"] == Outcome.NOT_RECORDED
    if not still_open.all() and lifted.notna().sum() == 0:
        raise InputError(
            "the source does not say on which day detainers ended",
            do="Time to decline needs a release with lift dates",
        )
    until = lifted.where(lifted.notna() | ~still_open, end)
    kept = (issued <= until) & (until <= end)
    days = (until - issued)[kept].dt.days
    number_of = dict.fromkeys(Outcome, 3) | {Outcome.NOT_RECORDED: 0, Outcome.DECLINED: 1, Outcome.TAKEN: 2}
    cause = table.loc[kept, "outcome"].map(number_of).astype(float).where(days <= READ_AT[-1], 0)
    curves = aalen_johansen(days.clip(upper=READ_AT[-1]), cause, len(CAUSES))
    curves.insert(0, "outcome", curves.pop("cause").map({n: str(name) for n, name in enumerate(CAUSES, 1)}))
    return curves
