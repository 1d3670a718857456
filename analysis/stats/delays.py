"""Unfinished weeks: how late declines are recorded, and how complete a young cohort is by its age.

A reporting triangle has one row per issue week and one column per delay, in steps of reporting weeks: how many of the
week's detainers were recorded as declined so many steps later. What lies after the extraction is NaN: not yet known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import InputError
from analysis.load.table import Outcome
from analysis.periods import WEEK, last_day, saturday_of, week_of

Floats = NDArray[np.float64]
SETTLED, PROVISIONAL = 0.95, 0.5
"""Completeness from which a week counts as settled, and as provisional rather than too young."""
MOST_GROWTH_AT_END = 0.01
LONGEST_DELAY = 26
"""Weeks of delay followed by default; declines recorded later are counted as left out."""


@dataclass(frozen=True)
class Triangle:
    """Declines recorded by issue week and delay.

    ``cumulative`` has one row per issue week (Saturdays, oldest first, no gap) and one column per delay 0, 1, 2 ... in
    steps of ``step`` weeks: declines recorded up to and including that delay; NaN = not known. ``left_out`` counts the
    declines that could not be placed, by reason.
    """

    cumulative: pd.DataFrame
    step: int
    left_out: pd.Series

    @property
    def increments(self) -> pd.DataFrame:
        """Give the declines recorded at each delay; NaN where this delay or the one before is not known."""
        return self.cumulative.diff(axis="columns").fillna({self.cumulative.columns[0]: self.cumulative.iloc[:, 0]})


def triangle_of_lift_dates(table: pd.DataFrame, extracted_on: date, longest: int = LONGEST_DELAY) -> Triangle:
    """Build the triangle from a release that gives the day on which each detainer ended.

    A delay is the number of weeks between the week of issue and that of the recorded decline. Weeks of recording end on
    the weekday of the extraction, so that the newest cell of each row holds all that is recorded of it; for an
    extraction on a Friday they are the reporting weeks.

    Parameters
    ----------
    table
        The table of detainers.
    extracted_on
        The source's extraction day.
    longest
        Weeks of delay followed.

    Raises
    ------
    InputError
        The source has no dates of ends, or no detainer with a day of issue.
    """
    declined = table[table["outcome"] == Outcome.DECLINED]
    if table["issued_on"].notna().sum() == 0:
        raise InputError("the source has no detainer with a day of issue")
    if len(declined) and declined["lifted_on"].notna().sum() == 0:
        raise InputError(
            "the source does not say when detainers were recorded as declined",
            do="Recording delays can be measured from a release with lift dates or from two stored extractions",
        )
    last_full = last_full_week(extracted_on)
    days_since = (extracted_on - last_day(last_full)).days
    issued, lifted = week_of(declined["issued_on"]), declined["lifted_on"]
    placed = declined.assign(week=issued, delay=(((lifted - issued).dt.days - days_since) // 7).clip(lower=0))
    reasons = np.select(
        [
            issued.isna(),
            lifted.isna(),
            lifted < declined["issued_on"],
            lifted > pd.Timestamp(extracted_on),
            issued > pd.Timestamp(last_full),
            placed["delay"] > longest,
        ],
        [
            "no day of issue",
            "no day of the decline",
            "recorded before it was issued",
            "recorded after the extraction",
            "issued in the unfinished week of the extraction",
            f"recorded more than {longest} weeks after issue",
        ],
        "",
    )
    left_out = declined["detainers"].groupby(reasons).sum().drop("", errors="ignore")
    first = min(week_of(table["issued_on"]).min(), pd.Timestamp(last_full))
    weeks = pd.date_range(first, last_full, freq="7D", name="week").as_unit("ms")
    delays = pd.RangeIndex(min(longest + 1, len(weeks)), name="delay")
    counts = placed[reasons == ""].pivot_table(
        index="week", columns="delay", values="detainers", aggfunc="sum", fill_value=0
    )
    cumulative = counts.reindex(index=weeks, columns=delays, fill_value=0).astype(float).cumsum(axis="columns")
    known = _age_in_weeks(weeks, last_full)[:, None] >= np.asarray(delays)
    return Triangle(cumulative.where(known), 1, left_out)


def last_full_week(day: date) -> date:
    """Give the Saturday of the last reporting week that had ended by the close of a day."""
    return saturday_of(day + timedelta(days=1)) - WEEK


def _age_in_weeks(weeks: pd.DatetimeIndex, last_full: date) -> NDArray[np.int64]:
    """Count the full weeks from each issue week to the last known one."""
    return np.asarray((pd.Timestamp(last_full) - weeks).days // 7)


def triangle_of_snapshots(snapshots: Mapping[date, pd.Series], step: int = 1) -> Triangle:
    """Build the triangle from stored versions of a source, each of which counts the declines known at its extraction.

    Parameters
    ----------
    snapshots
        By extraction day: declines by issue week (Saturdays). A version says nothing of the weeks that it lacks.
    step
        Weeks per delay. Versions months apart need a step of about their distance, or no two ages are neighbours.

    Raises
    ------
    InputError
        Fewer than two versions.
    """
    if len(snapshots) < 2:
        raise InputError(
            "recording delays need two stored extractions of a source",
            found=len(snapshots),
            do="Store every release that is loaded; two of them give the first delays",
        )
    rows = []
    for extracted_on, declined in sorted(snapshots.items()):
        weeks = pd.DatetimeIndex(declined.index)
        age = _age_in_weeks(weeks, last_full_week(extracted_on))
        cells = {"week": weeks, "delay": age // step, "declined": declined.to_numpy(dtype=float)}
        rows.append(pd.DataFrame(cells)[age >= 0])
    known = pd.concat(rows).dropna()
    # Of two versions that fall on one age, the later one stands.
    cumulative = known.pivot_table(index="week", columns="delay", values="declined", aggfunc="last")
    weeks = pd.date_range(cumulative.index.min(), cumulative.index.max(), freq="7D", name="week").as_unit("ms")
    delays = pd.RangeIndex(int(known["delay"].max()) + 1, name="delay")
    return Triangle(cumulative.reindex(index=weeks, columns=delays), step, pd.Series(dtype="int64"))


@dataclass(frozen=True)
class Development:
    """How a triangle's rows grow: the chain ladder, with Mack's variances.

    ``factors`` from each delay to the next, ``variances`` Mack's sigma² of that step, ``bases`` the sums that the
    factors stand on; ``completeness`` by age in steps (the last is 1 by definition: what is recorded later than the
    triangle is wide is not in it), with its standard error ``completeness_se``. NaN where nothing is known.
    """

    factors: Floats
    variances: Floats
    bases: Floats
    completeness: Floats
    completeness_se: Floats

    @property
    def unfinished(self) -> bool:
        """Say whether counts still grow by more than 1 % at the last delay: then completeness is overstated."""
        return bool(len(self.factors)) and not abs(self.factors[-1] - 1) <= MOST_GROWTH_AT_END


def development(triangle: Triangle, recent: int | None = None) -> Development:
    """Measure how complete a week is by its age.

    factor of delay d = sum C(d + 1) / sum C(d) over rows where both are known; completeness of age d = 1 / product of
    the factors from d on. One minus one over the factor is the reverse hazard of the right-truncated delay, so this is
    Lawless's estimator.

    Parameters
    ----------
    triangle
        See :class:`Triangle`.
    recent
        Use only the newest so many rows of each step, where delays change with time.

    References
    ----------
    Mack (1993), ASTIN Bulletin 23, 213-225; Lawless (1994), Canadian Journal of Statistics 22, 15-31.
    """
    c = triangle.cumulative.to_numpy(dtype=float)
    both = ~np.isnan(c[:, :-1]) & ~np.isnan(c[:, 1:])
    if recent is not None:
        both &= np.cumsum(both[::-1], axis=0)[::-1] <= recent
    now, then = np.where(both, c[:, :-1], 0), np.where(both, c[:, 1:], 0)
    bases = now.sum(axis=0)
    some = np.where(bases > 0, bases, np.nan)
    factors = then.sum(axis=0) / some
    residual = np.where(now > 0, (then - factors * now) ** 2 / np.where(now > 0, now, 1), 0).sum(axis=0)
    free = (now > 0).sum(axis=0) - 1
    variances = np.where(free > 0, residual / np.maximum(free, 1), np.nan)
    if len(variances) > 2 and np.isnan(variances[-1]):  # Mack's rule for the last step, which has one row
        variances[-1] = min(
            variances[-2] ** 2 / variances[-3] if variances[-3] > 0 else 0, variances[-3], variances[-2]
        )
    growth = np.append(np.cumprod(factors[::-1])[::-1], 1.0)
    relative = np.append(np.cumsum((variances / factors**2 / some)[::-1])[::-1], 0.0)
    return Development(factors, variances, bases, 1 / growth, np.sqrt(relative) / growth)


def maturity(completeness: float) -> str:
    """Name how far a week is: ``settled``, ``provisional``, ``too young``, or ``not known`` for NaN."""
    if np.isnan(completeness):
        return "not known"
    if completeness >= SETTLED:
        return "settled"
    return "provisional" if completeness >= PROVISIONAL else "too young"


def maturities(triangle: Triangle, developed: Development | None = None) -> pd.DataFrame:
    """Give each issue week's age, measured completeness and maturity.

    Returns
    -------
    pandas.DataFrame
        One row per issue week: ``age`` (in steps; NaN where nothing is known), ``completeness``, ``completeness_se``,
        ``maturity`` (:func:`maturity`; ``provisional`` instead of ``settled`` while the development is unfinished).
    """
    developed = developed or development(triangle)
    age = latest_ages(triangle)
    at = np.maximum(age, 0)
    known = age >= 0
    result = pd.DataFrame(
        {
            "age": np.where(known, age, np.nan),
            "completeness": np.where(known, developed.completeness[at], np.nan),
            "completeness_se": np.where(known, developed.completeness_se[at], np.nan),
        },
        index=triangle.cumulative.index,
    )
    named = result["completeness"].map(maturity)
    return result.assign(maturity=named.replace("settled", "provisional") if developed.unfinished else named)


def latest_ages(triangle: Triangle) -> NDArray[np.int64]:
    """Give the last known delay of each row; -1 where none is."""
    known = triangle.cumulative.notna().to_numpy()
    last = known.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    return np.asarray(np.where(known.any(axis=1), last, -1))
