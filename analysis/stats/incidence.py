"""When are detainers declined? Cumulative incidence by days since issue, the other ends as competing events."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.duration.survfunc import CumIncidenceRight

from analysis.errors import InputError
from analysis.load.table import Outcome
from analysis.stats.cohort import Cohort, takes_cohort
from analysis.stats.inference import NO_ENDS
from analysis.stats.summary import described, nothing

# The competing ends, as wide as the totals of a week that are printed: an end by itself, read off the reports of two
# weeks, would give that week's count of it away, and with it those of the lift reasons of which small ones are hidden.
CAUSES = (Outcome.DECLINED, Outcome.TAKEN, Outcome.OTHER)
ESTIMATED = ["incidence", "se", "low", "high"]
FOLLOWED, WITHIN_DAYS = 60, 30  # days since issue to which curves are followed, and within which declines are told
NO_LIFT_DATES = "This source does not say on which day a detainer ended: no time from issue to decline can be given."


def aalen_johansen(days: ArrayLike, cause: ArrayLike, causes: int) -> pd.DataFrame:
    """Estimate the cumulative incidence of every cause; ``cause`` is 0 where it was not ended after so many days.

    One row per cause (1 up to ``causes``) and distinct day; the 95 % interval is on the complementary log-log scale.
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5, 141-150.
    """
    time, status = np.asarray(days, dtype=float), np.asarray(cause, dtype=int)
    if not len(time):
        return pd.DataFrame(columns=["cause", "day", "at_risk", *ESTIMATED], dtype="float64")
    with np.errstate(divide="ignore", invalid="ignore"):  # the last day, if nobody is left to follow
        fitted = CumIncidenceRight(time, status)
    f, se = np.zeros((2, causes, len(fitted.times)))
    for number, occurring in enumerate(fitted.cinc):
        f[number], se[number] = np.minimum(occurring, 1.0), fitted.cinc_se[number]
    se[f == 0] = np.nan
    inside = (f > 0) & (f < 1)
    safe = np.where(inside, f, 0.5)
    reach = np.exp(stats.norm.isf(0.025) * se / ((1 - safe) * -np.log1p(-safe)))
    low, high = (np.where(inside, 1 - (1 - safe) ** power, np.nan) for power in (1 / reach, reach))
    at_risk = len(time) - np.searchsorted(np.sort(time), fitted.times)
    columns = {"cause": np.repeat(np.arange(1, causes + 1), len(at_risk))}
    columns |= {"day": np.tile(fitted.times, causes), "at_risk": np.tile(at_risk, causes)}
    columns |= {name: part.ravel() for name, part in zip(ESTIMATED, (f, se, low, high), strict=True)}
    return pd.DataFrame(columns)


def cumulative_incidence(table: pd.DataFrame, extracted_on: date) -> pd.DataFrame:
    """Give the share of detainers that had ended in each way of :data:`CAUSES`, by days since issue.

    One without a recorded end is followed to the extraction, or to the recorded day if there is one without a reason.
    Left out are those that ended on a day not recorded, or whose days are out of order.
    """
    issued, lifted, end = table["issued_on"], table["lifted_on"], pd.Timestamp(extracted_on)
    still_open = table["outcome"] == Outcome.NOT_RECORDED
    if not still_open.all() and lifted.isna().all():
        do = "Time to decline needs a release with lift dates"
        raise InputError("the source does not say on which day detainers ended", do=do)
    until = lifted.where(lifted.notna() | ~still_open, end)
    kept = (issued <= until) & (until <= end)
    days = (until - issued)[kept].dt.days
    number_of = dict.fromkeys(Outcome, 3) | {Outcome.NOT_RECORDED: 0, Outcome.DECLINED: 1, Outcome.TAKEN: 2}
    cause = table.loc[kept, "outcome"].map(number_of).astype(float).where(days <= FOLLOWED, 0)
    curves = aalen_johansen(days.clip(upper=FOLLOWED), cause, len(CAUSES))
    curves.insert(0, "outcome", curves.pop("cause").map({n: str(name) for n, name in enumerate(CAUSES, 1)}))
    return curves


@takes_cohort
def time_to_outcome(cohort: Cohort, at: Sequence[int] = ()) -> pd.DataFrame:
    """Give by days since issue what share of the nation's detainers had ended in each way, where days are known.

    Parameters
    ----------
    cohort
        The cohort; all detainers up to its period's end are followed.
    at
        Days at which the curves are read off, each outcome that occurs and up to the longest followed; none = every
        day on which any ended.

    Returns
    -------
    pandas.DataFrame
        One row per ``outcome`` and ``day``: ``at_risk`` (followed up to it), ``incidence`` with ``low`` and ``high``
        (:func:`cumulative_incidence`).

    Examples
    --------
    >>> import analysis as an
    >>> an.time_to_outcome(an.cohort("fy2015", "2015-06-20")).attrs["reason"][:52]
    'This source does not say on which day a detainer end'
    """
    if np.ndim(at) != 1:
        raise InputError("curves are read off at a list of days", found=at, expected="one such as [7, 30]")
    rows = cohort.history
    if cohort.sole_outcome or not rows["lifted_on"].notna().any():
        return nothing(cohort, NO_ENDS if cohort.sole_outcome else NO_LIFT_DATES)
    curves = cumulative_incidence(rows, cohort.source.facts.extracted_on)
    own = _at_days(curves, [WITHIN_DAYS]).query("outcome == 'declined_by_lea'")["incidence"]
    followed = int(curves["at_risk"].max()) if len(curves) else 0
    facts = {"followed": followed, "within_days": WITHIN_DAYS, "declined_within": next(map(float, own), None)}
    return described(_at_days(curves, at) if len(at) else curves, cohort, facts=facts)


def _at_days(curves: pd.DataFrame, days: Sequence[int]) -> pd.DataFrame:
    """Read the curves of outcomes that occur off at some days, up to the longest followed."""
    steps = curves[curves.groupby("outcome")["incidence"].transform("max") > 0].drop(columns="se")
    by_outcome = [curve for _, curve in steps.groupby("outcome", sort=False)]
    rows = [c[c["day"] <= day].tail(1).assign(day=day) for c in by_outcome for day in days if day <= c["day"].max()]
    return pd.concat(rows) if rows else steps
