"""Is the week finished? How late declines are recorded, how complete a young week is, and how many it will have.

A reporting triangle has one row per issue week and one column per delay, in steps of reporting weeks: how many of the
week's detainers were recorded as declined so many steps later. What lies after the extraction is NaN: not yet known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.load.table import Outcome
from analysis.periods import WEEK, last_day, saturday_of, week_of
from analysis.stats.counts import Reason, count_outcomes

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
SETTLED, PROVISIONAL, MOST_GROWTH_AT_END = 0.95, 0.5, 0.01
"""Completeness from which a week is settled, or provisional; growth at the longest delay from which none is settled."""
LONGEST_DELAY = 26
"""Weeks of delay followed; declines recorded later are in no triangle, nor in a final number."""
WINDOW, FEWEST = 8, 20
"""Newest rows of each step on which delays are measured, and declines below which older rows are added. With 13 rows
the weighted interval score is 1 to 4 % better where delays are stable, up to 8 % worse where they double."""
DRIFT_WEEKS, DRIFT_DOUBT = 4, 2.5
"""Weeks from which a change of the delays is read; its standard deviation as a guide, in parts of itself: so bands
cover three quarters or more where delays double over 20 weeks."""
QUANTILES, BAND = {"low": 0.05, "low_half": 0.25, "median": 0.5, "high_half": 0.75, "high": 0.95}, 0.9
"""Levels of a nowcast's quantiles, by column; ``low`` and ``high`` bound its band."""
LEVELS = np.array(list(QUANTILES.values()))
PAST_BANDS = 40
"""Nowcasts that are held against what became of their weeks."""


@dataclass(frozen=True)
class Triangle:
    """Declines recorded by issue week and delay.

    ``cumulative`` has one row per issue week (Saturdays, oldest first, no gap) and one column per delay 0, 1, 2 ... in
    steps of ``step`` weeks: declines recorded up to and including that delay; NaN = not known.
    """

    cumulative: pd.DataFrame
    step: int

    @cached_property
    def counts(self) -> Floats:
        """Give the cells as numbers."""
        return self.cumulative.to_numpy(dtype=float)

    @cached_property
    def ages(self) -> Whole:
        """Give the last known delay of each row; -1 where none is."""
        known = ~np.isnan(self.counts)
        last = known.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
        return np.asarray(np.where(known.any(axis=1), last, -1))

    @cached_property
    def developed(self) -> Development:
        """Give how its rows grow, by the newest :data:`WINDOW` of each step."""
        return development(self, WINDOW)


def measure_delays(table: pd.DataFrame, extracted_on: date, versions: Mapping[date, pd.DataFrame]) -> Triangle | None:
    """Build the triangle from what a source has: days of declines, or versions by day of extraction; None of neither.

    A delay is the number of weeks from the week of issue to that of the record. The latter end on the weekday of the
    extraction, so that the newest cell of a row holds all that is recorded of it. Declines without both days, with days
    out of order, issued in the unfinished week of the extraction or recorded after :data:`LONGEST_DELAY` are in no row.
    Of versions the step is their usual distance; one says nothing of the weeks that it lacks.
    """
    declined = table[table["outcome"] == Outcome.DECLINED]
    if "lifted_on" in table and declined[["issued_on", "lifted_on"]].notna().all(axis=1).any():
        return _of_lift_dates(table, declined, extracted_on)
    return _of_versions(versions) if len(versions) > 1 else None


def _of_lift_dates(table: pd.DataFrame, declined: pd.DataFrame, extracted_on: date) -> Triangle:
    """Build the triangle of a source with days of declines."""
    last_full = _last_full_week(extracted_on)
    days_since = (extracted_on - last_day(last_full)).days
    week, lifted = week_of(declined["issued_on"]), declined["lifted_on"]
    delay = (((lifted - week).dt.days - days_since) // 7).clip(lower=0)
    in_order = (lifted >= declined["issued_on"]) & (lifted <= pd.Timestamp(extracted_on))
    placed = declined.assign(week=week, delay=delay)[in_order & (week <= pd.Timestamp(last_full))]
    first = min(week_of(table["issued_on"]).min(), pd.Timestamp(last_full))
    weeks = pd.date_range(first, last_full, freq="7D", name="week").as_unit("ms")
    delays = pd.RangeIndex(min(LONGEST_DELAY + 1, len(weeks)), name="delay")
    counts = pd.crosstab(placed["week"], placed["delay"])
    cumulative = counts.reindex(index=weeks, columns=delays, fill_value=0).astype(float).cumsum(axis="columns")
    return Triangle(cumulative.where(np.arange(len(weeks))[::-1, None] >= np.asarray(delays)), 1)


def _of_versions(versions: Mapping[date, pd.DataFrame]) -> Triangle | None:
    """Build the triangle of a source of which versions are stored; of two on one age, the later one stands."""
    days = sorted(versions)
    step = max(1, round(float(np.median(np.diff([day.toordinal() for day in days]))) / WEEK.days))
    parts = []
    for day in days:
        last_full, counts = _last_full_week(day), count_outcomes(versions[day], "week")["declined"]
        counts = counts[counts.index <= pd.Timestamp(last_full)]
        if len(counts):
            counts = counts.asfreq("7D", fill_value=0)
            parts.append(counts.to_frame().assign(delay=(pd.Timestamp(last_full) - counts.index).days // 7 // step))
    if not parts:
        return None
    cumulative = pd.concat(parts).pivot_table(index="week", columns="delay", values="declined", aggfunc="last")
    delays = pd.RangeIndex(cumulative.columns.max() + 1, name="delay")
    cumulative = cumulative.asfreq("7D").reindex(columns=delays).astype(float)
    return Triangle(cumulative.set_axis(cumulative.index.as_unit("ms")), step)


def _last_full_week(day: date) -> date:
    """Give the Saturday of the last reporting week that had ended by the close of a day."""
    return saturday_of(day + timedelta(days=1)) - WEEK


class Development(NamedTuple):
    """How a triangle's rows grow: one row per week in which it was known, from the first issue week to now.

    ``factors`` from each delay to the next (NaN = not known), ``growth``, their product from each delay on, with its
    relative variance ``uncertainty``, and ``dispersion``: how much more than independently declines are recorded.
    """

    factors: Floats
    growth: Floats
    uncertainty: Floats
    dispersion: Floats


def development(triangle: Triangle, rows: int) -> Development:
    """Measure how rows grow, by the chain ladder on the newest ``rows`` rows known at each step (:data:`FEWEST`).

    factor of delay d = sum C(d + 1) / sum C(d). One minus one over the factor is the reverse hazard of the
    right-truncated delay, so with all rows this is Lawless's estimator. If each decline is recorded independently,
    (C(d + 1) - f C(d))² has mean f (f - 1) C(d) whatever the law of the final counts; the dispersion is the ratio of
    the two. Mack (1993), ASTIN Bulletin 23, 213-225; Lawless (1994), Canadian Journal of Statistics 22, 15-31.
    """
    c = triangle.counts
    moments = np.arange((np.arange(len(c)) + triangle.step * triangle.ages).max(initial=0) + 1)
    shape = (len(moments), c.shape[1] - 1)
    (factors, unsure), spread = np.full((2, *shape), np.nan), np.zeros((3, *shape))
    for d in range(shape[1]):
        both = np.flatnonzero(~np.isnan(c[:, d]) & ~np.isnan(c[:, d + 1]))
        now, then = c[both, d], c[both, d + 1]
        products = np.column_stack([now, then, now * now, now * then, then * then, now > 0])
        sums = np.concatenate([np.zeros((1, 6)), np.cumsum(products, axis=0)])
        last = np.searchsorted(both, moments - (d + 1) * triangle.step, side="right")
        first = np.minimum(last - rows, np.searchsorted(sums[:, 0], sums[last, 0] - FEWEST, side="right") - 1)
        n, t, nn, nt, tt, some = (sums[last] - sums[np.maximum(first, 0)]).T
        n, t = (np.where(total > 0, total, np.nan) for total in (n, t))
        factors[:, d] = f = t / n
        unsure[:, d] = 1 / n - 1 / t
        spread[:, :, d] = np.where(f > 1, [tt - 2 * f * nt + f * f * nn, f * (f - 1) * n, some], 0)
    missed, mean, count = spread.sum(axis=2)
    free = count - (spread[2] > 0).sum(axis=1)
    ratio = missed * count / np.where((free > 0) & (mean > 0), free * mean, np.inf)
    dispersion = np.maximum(ratio, 1)
    growth = np.pad(np.cumprod(factors[:, ::-1], axis=1)[:, ::-1], ((0, 0), (0, 1)), constant_values=1)
    uncertainty = np.pad(np.cumsum(unsure[:, ::-1], axis=1)[:, ::-1], ((0, 0), (0, 1)))
    return Development(factors, growth, dispersion[:, None] * uncertainty, dispersion)


def _drift(triangle: Triangle, moment: int) -> float:
    """Say by which part more is missing than the window says, because delays have begun to change.

    Of the weeks that had a nowcast :data:`DRIFT_WEEKS` before: b = recorded since / expected then, less 1, between a
    half less and twice as much. It is drawn towards 0 by b² / (b² + s²), s² = its variance if nothing changed.
    """
    c, start = triangle.counts, moment - DRIFT_WEEKS
    if start < 0 or triangle.step > 1:
        return 0.0
    growth, ages = triangle.developed.growth[start], np.arange(c.shape[1])
    ages = ages[(start - ages >= 0) & (start - ages < len(c)) & (growth <= 1 / PROVISIONAL)]
    later = np.minimum(ages + DRIFT_WEEKS, c.shape[1] - 1)
    begun, since = c[start - ages, ages], c[start - ages, later]
    begun, g = np.where(np.isnan(since), 0, begun), np.maximum(growth[ages] / growth[later], 1)
    expected = np.nansum(begun * (g - 1))
    if not expected:
        return 0.0
    b = np.clip(np.nansum(since - begun) / expected - 1, -0.5, 1)
    # The factors stand on twice as many weeks as what is compared with them, so they add half of its variance.
    chance = (1 + DRIFT_WEEKS / WINDOW) * np.nansum(begun * (g - 1) * g) / expected**2
    return float(b**3 / (b * b + triangle.developed.dispersion[start] * chance))


def _completeness(growth: ArrayLike, drift: ArrayLike) -> Floats:
    """Give the completeness from the growth to come, what is missing made larger by the drift."""
    missing = np.asarray(growth, dtype=float) - 1
    return np.asarray(1 / (1 + missing * np.where(missing > 0, 1 + np.asarray(drift), 1)))


def maturities(triangle: Triangle) -> pd.DataFrame:
    """Give each issue week's ``age`` (in steps), ``completeness`` and ``maturity``.

    Completeness is the part of the final number that is recorded: NaN = not known, above 1 where counts fall with age.
    While counts still grow at the longest delay it is overstated, so no week is ``settled``.
    """
    developed, age = triangle.developed, triangle.ages
    by_age = _completeness(developed.growth[-1], _drift(triangle, len(developed.growth) - 1))
    p = np.where(age < 0, np.nan, by_age[age])
    ended = (np.abs(developed.factors[-1, -1:] - 1) <= MOST_GROWTH_AT_END).all()
    names = ["not known", "settled" if ended else "provisional", "provisional"]
    named = np.select([np.isnan(p), p >= SETTLED, p >= PROVISIONAL], names, "too young")
    columns = {"age": np.where(age < 0, np.nan, age), "completeness": p, "maturity": named}
    return pd.DataFrame(columns, index=triangle.cumulative.index).astype({"maturity": "str"})


def completeness_by_week(triangle: Triangle) -> pd.Series:
    """Give the part of each issue week's final declines that is recorded: 1 at most, NaN = not known."""
    return maturities(triangle)["completeness"].clip(upper=1)


def nowcast(triangle: Triangle) -> pd.DataFrame:
    """Estimate the final number of declines (within the longest delay) of every issue week.

    With C recorded at completeness p, those to come are negative binomial: the predictive law (C + 1/2) failures at
    success probability p, its variance multiplied by the dispersion and increased by the uncertainty of the window's
    factors and of a change of the delays. Columns: ``recorded``, ``completeness``, ``maturity`` (:func:`maturities`),
    ``estimate`` (recorded / completeness), those of :data:`QUANTILES`, and ``reason``, blank where given. Höhle and an
    der Heiden (2014), Biometrics 70, 993-1002; Thompson (1968), Journal of the American Statistical Association 63,
    113-122, for how far a change is believed.
    """
    mature = maturities(triangle).drop(columns="age")
    p, recorded = mature["completeness"].to_numpy(), triangle.counts[np.arange(len(mature)), triangle.ages]
    reason = np.select(
        [np.isnan(p), p > 1, p < PROVISIONAL], [Reason.NO_DELAYS, Reason.FALLING, Reason.TOO_YOUNG], Reason.GIVEN
    )
    given, now = np.flatnonzero(reason == Reason.GIVEN), len(triangle.developed.growth) - 1
    quantiles = np.full((len(mature), len(QUANTILES)), np.nan)
    quantiles[given] = _forecast(triangle, given, triangle.ages[given], np.full(len(given), now))
    mature.insert(0, "recorded", recorded)
    mature["estimate"] = np.where(reason == Reason.GIVEN, recorded / p, np.nan)
    return mature.assign(**dict(zip(QUANTILES, quantiles.T, strict=True)), reason=reason)


def _forecast(triangle: Triangle, rows: Whole, ages: Whole, moments: Whole) -> Floats:
    """Give the quantiles of the final numbers of some rows, as of an age and a week of each."""
    recorded, developed = triangle.counts[rows, ages], triangle.developed
    drifts = {moment: _drift(triangle, moment) for moment in np.unique(moments)}
    growth, start, drift = developed.growth[moments, ages], recorded + 0.5, np.array([drifts[m] for m in moments])
    p = _completeness(growth, drift)
    mean = start * (1 - p) / p
    changing = (start * (growth - 1) * DRIFT_DOUBT * drift) ** 2
    variance = developed.dispersion[moments] * mean / p + (start / p) ** 2 * developed.uncertainty[moments, ages]
    return recorded[:, None] + _quantiles(mean, variance + changing)


def _quantiles(mean: Floats, variance: Floats) -> Floats:
    """Give the quantiles of negative binomial counts; half of the count at each end of a band is counted as outside."""
    over = (variance > mean * (1 + 1e-9)) & (mean > 0)
    found = np.empty((len(mean), len(LEVELS)))
    for law, at in ((stats.nbinom, over), (stats.poisson, ~over)):
        m, v = mean[at, None], variance[at, None]
        shape = (m,) if law is stats.poisson else (m**2 / (v - m), m / v)
        first = law.ppf(LEVELS, *shape)
        below = law.cdf(first, *shape) - law.pmf(first, *shape) / 2
        found[at] = first + ((LEVELS < 0.5) & (below < LEVELS)) - ((LEVELS > 0.5) & (below > LEVELS))
    return np.maximum.accumulate(found, axis=1)


def nowcast_quantiles(estimates: pd.DataFrame) -> pd.DataFrame:
    """Give nowcasts (:func:`nowcast`) as rows of quantiles, the form in which forecast hubs exchange them.

    Five rows per issue week that has a nowcast and is not finished: ``week`` (Saturday), ``target_end_date`` (its
    Friday), ``output_type`` (``quantile``), ``output_type_id`` (the level), ``value`` (declines).
    """
    shown = estimates[(estimates["reason"] == Reason.GIVEN) & (estimates["completeness"] < 1)]
    rows = shown[list(QUANTILES)].rename(columns=QUANTILES).rename_axis("week").reset_index()
    long = rows.melt("week", var_name="output_type_id").astype({"output_type_id": "float64"})
    long = long.assign(target_end_date=long["week"] + pd.Timedelta(days=6), output_type="quantile")
    columns = ["week", "target_end_date", "output_type", "output_type_id", "value"]
    return long[columns].sort_values(columns[:4], ignore_index=True)


class PastBands(NamedTuple):
    """How many of the bands made held the final number; their mean weighted interval score, and that of no nowcast."""

    made: int
    held: int
    score: float
    score_of_recorded: float


def past_bands(triangle: Triangle) -> PastBands | None:
    """Hold the last nowcasts whose final number is known against it, each made as it was in its week.

    One is judged of each week, the hardest: that of the newest issue week that had a nowcast then. A final number is
    known once a week is as old as the longest delay. None where there is none, or where versions are months apart. The
    weighted interval score of the median and the central 50 % and 90 % intervals (Bracher, Ray, Gneiting and Reich
    2021, PLoS Computational Biology 17, e1008618) is twice the mean quantile score.
    """
    c, growth, judged = triangle.counts, triangle.developed.growth, []
    for moment in reversed(range(len(growth))):
        complete = _completeness(growth[moment], _drift(triangle, moment))
        age = int(np.argmax((complete >= PROVISIONAL) & (complete <= 1)))
        if 0 <= moment - age < len(c) and complete[age] < 1 and not np.isnan(c[moment - age, [age, -1]]).any():
            judged.append((moment - age, age, moment))
    if triangle.step > 1 or not judged:
        return None
    rows, ages, moments = np.array(judged[:PAST_BANDS]).T
    miss = c[rows, -1:] - _forecast(triangle, rows, ages, moments)
    held = ((miss[:, 0] >= 0) & (miss[:, -1] <= 0)).sum()
    score = 2 * np.maximum(miss * LEVELS, miss * (LEVELS - 1)).mean()
    return PastBands(len(rows), int(held), float(score), float((c[rows, -1] - c[rows, ages]).mean()))
