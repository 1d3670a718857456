"""Is the week finished? How late declines are recorded, how complete a young week is, and how many it will have."""

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
from analysis.stats.counts import Floats, count_outcomes

Whole = NDArray[np.int64]
# Completeness from which a week is settled, or provisional; growth at the longest delay from which none is settled.
SETTLED, PROVISIONAL, MOST_GROWTH_AT_END = 0.95, 0.5, 0.01
LONGEST_DELAY = 26  # weeks of delay followed; declines recorded later are in no triangle, nor in a final number
# Newest rows of each step on which delays are measured, and declines below which older rows are added. With 13 rows
# scores are 1 to 4 % better where delays are stable, up to 8 % worse where they double.
WINDOW, FEWEST = 8, 20
# Weeks from which a change of the delays is read; its standard deviation as a guide, in parts of itself: so bands
# cover three quarters or more where delays double over 20 weeks.
DRIFT_WEEKS, DRIFT_DOUBT = 4, 2.5
QUANTILES = {"low": 0.05, "low_half": 0.25, "median": 0.5, "high_half": 0.75, "high": 0.95}
BAND, LEVELS = 0.9, np.array(list(QUANTILES.values()))  # between ``low`` and ``high``
PAST_BANDS = 40  # nowcasts that are held against what became of their weeks


class Development(NamedTuple):
    """How a triangle's rows grow, as known in each week: factors from delay to delay, their product from each on."""

    factors: Floats
    growth: Floats
    uncertainty: Floats  # relative variance of the growth
    dispersion: Floats  # how much more than independently declines come in


@dataclass(frozen=True)
class Triangle:
    """Declines recorded by issue week (oldest first, no gap) up to each delay in ``step`` weeks; NaN = not known."""

    cumulative: pd.DataFrame
    step: int

    @cached_property
    def counts(self) -> Floats:
        """Give the cells as numbers."""
        return self.cumulative.to_numpy(dtype=float)

    @cached_property
    def ages(self) -> Whole:
        """Give the last known delay of each row; -1 where none is."""
        delays = np.arange(self.counts.shape[1])
        return np.asarray(np.where(np.isnan(self.counts), -1, delays).max(axis=1, initial=-1))

    @cached_property
    def developed(self) -> Development:
        """Give how its rows grow, by the newest :data:`WINDOW` of each step."""
        return development(self, WINDOW)


def measure_delays(table: pd.DataFrame, extracted_on: date, versions: Mapping[date, pd.DataFrame]) -> Triangle | None:
    """Build the triangle from days of declines, or else from versions by day of extraction; None of neither.

    Declines with days missing or out of order, or issued in the extraction's unfinished week, are in no row. The delay
    counts weeks that end on the extraction's weekday, so that the newest cell of a row holds all recorded of it.
    """
    declined = table[table["outcome"] == Outcome.DECLINED]
    if not declined[["issued_on", "lifted_on"]].notna().all(axis=1).any():
        return _of_versions(versions) if len(versions) > 1 else None
    last_full = _last_full_week(extracted_on)
    week, lifted = week_of(declined["issued_on"]), declined["lifted_on"]
    delay = (((lifted - week).dt.days - (extracted_on - last_day(last_full)).days) // 7).clip(lower=0)
    in_order = (lifted >= declined["issued_on"]) & (lifted <= pd.Timestamp(extracted_on))
    placed = declined.assign(week=week, delay=delay)[in_order & (week <= pd.Timestamp(last_full))]
    first = min(week_of(table["issued_on"]).min(), pd.Timestamp(last_full))
    weeks = pd.date_range(first, last_full, freq="7D", name="week").as_unit("ms")
    delays = pd.RangeIndex(min(LONGEST_DELAY + 1, len(weeks)), name="delay")
    counts = pd.crosstab(placed["week"], placed["delay"]).reindex(index=weeks, columns=delays, fill_value=0)
    known = np.arange(len(weeks))[::-1, None] >= np.asarray(delays)
    return Triangle(counts.astype(float).cumsum(axis="columns").where(known), 1)


def _of_versions(versions: Mapping[date, pd.DataFrame]) -> Triangle | None:
    """Build the triangle of stored versions, in steps of their usual distance; of two on one age, the later stands."""
    step = max(1, round(float(np.median(np.diff([day.toordinal() for day in sorted(versions)]))) / WEEK.days))
    parts = []
    for day in sorted(versions):
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


def development(triangle: Triangle, rows: int) -> Development:
    """Measure how rows grow by the chain ladder, factor = sum C(d + 1) / sum C(d), on the newest ``rows`` of each step.

    Of declines recorded independently (C(d + 1) - f C(d))² has mean f (f - 1) C(d): the dispersion is their ratio.
    Mack (1993), ASTIN Bulletin 23, 213-225; Lawless (1994), Canadian Journal of Statistics 22, 15-31.
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
    one_more = ((0, 0), (0, 1))
    growth = np.pad(np.cumprod(factors[:, ::-1], axis=1)[:, ::-1], one_more, constant_values=1)
    uncertainty = np.pad(np.cumsum(unsure[:, ::-1], axis=1)[:, ::-1], one_more)
    return Development(factors, growth, dispersion[:, None] * uncertainty, dispersion)


def _drift(triangle: Triangle, moment: int) -> float:
    """Say by which part more is missing than the window says, because delays have begun to change.

    b = recorded since / expected of the weeks nowcast before, drawn towards 0 by b² / (b² + its variance by chance).
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
    """Give issue weeks' ``completeness`` (above 1 where counts fall with age; NaN = not known) and ``maturity``."""
    developed, age = triangle.developed, triangle.ages
    by_age = _completeness(developed.growth[-1], _drift(triangle, len(developed.growth) - 1))
    p = np.where(age < 0, np.nan, by_age[age])
    # While counts still grow at the longest delay completeness is overstated, so no week is settled.
    ended = (np.abs(developed.factors[-1, -1:] - 1) <= MOST_GROWTH_AT_END).all()
    names = ["not known", "settled" if ended else "provisional", "provisional"]
    named = np.select([np.isnan(p), p >= SETTLED, p >= PROVISIONAL], names, "too young")
    named = pd.Series(named, triangle.cumulative.index, dtype="str")
    return pd.DataFrame({"completeness": p, "maturity": named})


def nowcast(triangle: Triangle) -> pd.DataFrame:
    """Estimate the final number of declines (within the longest delay) of every issue week.

    With C recorded at completeness p, those to come are negative binomial: (C + 1/2) failures at success probability
    p, the variance multiplied by the dispersion and increased by the uncertainty of the factors and of a change of the
    delays. Höhle and an der Heiden (2014), Biometrics 70, 993-1002; Thompson (1968), JASA 63, 113-122.
    """
    mature, ages = maturities(triangle), triangle.ages
    p, recorded = mature["completeness"].to_numpy(), triangle.counts[np.arange(len(mature)), ages]
    why_not = ["no recording delays measured", "recorded counts fall with age", "too young"]
    reason = np.select([np.isnan(p), p > 1, p < PROVISIONAL], why_not, "")
    given, now = np.flatnonzero(reason == ""), len(triangle.developed.growth) - 1
    quantiles = np.full((len(mature), len(QUANTILES)), np.nan)
    quantiles[given] = _forecast(triangle, given, ages[given], np.full(len(given), now))
    mature.insert(0, "recorded", recorded)
    mature["estimate"] = np.where(reason == "", recorded / p, np.nan)
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
    """Give nowcasts of unfinished weeks as rows of quantiles, the form in which forecast hubs exchange them."""
    shown = estimates[(estimates["reason"] == "") & (estimates["completeness"] < 1)]
    rows = shown[list(QUANTILES)].rename(columns=QUANTILES).rename_axis("week").reset_index()
    long = rows.melt("week", var_name="output_type_id").astype({"output_type_id": "float64"})
    long.insert(1, "target_end_date", long["week"] + pd.Timedelta(days=6))
    long.insert(2, "output_type", "quantile")
    return long.sort_values(["week", "output_type_id"], ignore_index=True)


def past_bands(triangle: Triangle) -> dict[str, float]:
    """Hold the last nowcasts whose final number is known against it, of each week the newest as it was made then.

    The score is twice the mean quantile score: Bracher and others (2021), PLoS Computational Biology 17, e1008618.
    """
    c, growth, judged = triangle.counts, triangle.developed.growth, []
    for moment in reversed(range(len(growth))):
        complete = _completeness(growth[moment], _drift(triangle, moment))
        age = int(np.argmax((complete >= PROVISIONAL) & (complete <= 1)))
        if 0 <= moment - age < len(c) and complete[age] < 1 and not np.isnan(c[moment - age, [age, -1]]).any():
            judged.append((moment - age, age, moment))
    if triangle.step > 1 or not judged:
        return {}
    rows, ages, moments = np.array(judged[:PAST_BANDS]).T
    miss = c[rows, -1:] - _forecast(triangle, rows, ages, moments)
    held = ((miss[:, 0] >= 0) & (miss[:, -1] <= 0)).sum()
    score = 2 * np.maximum(miss * LEVELS, miss * (LEVELS - 1)).mean()
    naive = (c[rows, -1] - c[rows, ages]).mean()
    found = {"made": len(rows), "held": int(held), "score": float(score), "score_of_recorded": float(naive)}
    return {f"past_bands_{name}": value for name, value in found.items()}
