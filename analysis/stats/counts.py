"""Counts of detainers and what became of them, by week, place, form or offence, with their intervals.

A detainer without a recorded end counts as issued and as not recorded, never as honoured.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from analysis.load.table import Outcome
from analysis.periods import as_timestamps, week_of

Floats = NDArray[np.float64]
NOT_GIVEN = "not given"
ALL = "all"
TAIL = (1 - 0.95) / 2  # the error that an interval leaves on each side
TRAILING_WEEKS, TREND_WEEKS = 8, 13
LEAST_FOR_A_SHARE = 20  # detainers without which no share is given of a place: it would be mostly chance
OUTCOME_COLUMNS = ["declined", "taken", "other_ends", "not_recorded"]
_COLUMN_OF = dict.fromkeys(Outcome, "other_ends")
_COLUMN_OF |= {Outcome.DECLINED: "declined", Outcome.TAKEN: "taken", Outcome.NOT_RECORDED: "not_recorded"}


def share_interval(successes: ArrayLike, trials: ArrayLike, dispersion: ArrayLike = 1.0) -> tuple[Floats, Floats]:
    """Give the 95 % interval of a share whose count has this variance over mean (1 = chance alone); NaN of no trials.

    Wilson's on the effective number of trials, trials / dispersion; where none or all succeed, the open end is that of
    Clopper and Pearson (1934), Biometrika 26, 404-413. Newcombe (1998), Stat. Med. 17, 857; Kish (1965).
    """
    x, n, phi = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (successes, trials, dispersion)))
    if np.any(x < 0) or np.any(x > n):
        raise ValueError("successes must lie between 0 and the number of trials")
    some = n > 0
    effective = np.where(some, n, 1.0) / phi
    low, high = proportion_confint(np.where(some, x, 0.0) / phi, effective, alpha=2 * TAIL, method="wilson")
    end = TAIL ** (1 / effective)
    low = np.select([~some, x == 0, x == n], [np.nan, 0.0, end], low)
    high = np.select([~some, x == n, x == 0], [np.nan, 1.0, 1 - end], high)
    return low, high


def count_interval(counts: ArrayLike) -> tuple[Floats, Floats]:
    """Give the exact 95 % interval of a Poisson count; NaN stays NaN. Garwood (1936), Biometrika 28, 437-442."""
    x = np.asarray(counts, dtype=float)
    low, high = stats.chi2.ppf(TAIL, 2 * x) / 2, stats.chi2.ppf(1 - TAIL, 2 * (x + 1)) / 2
    return np.where(x == 0, 0.0, low), high


def count_outcomes(table: pd.DataFrame, by: str | Sequence[str]) -> pd.DataFrame:
    """Count detainers and what became of them (:func:`analysis.stats.summary.count_outcomes`)."""
    keys = [by] if isinstance(by, str) else list(by)
    coded = [_coded(week_of(table["issued_on"]) if key == "week" else table[key], NOT_GIVEN) for key in keys]
    ends, outcomes = _coded(table["outcome"])
    column = np.array([OUTCOME_COLUMNS.index(_COLUMN_OF[outcome]) for outcome in outcomes], int)
    dated = np.all([codes >= 0 for codes, _ in coded], axis=0)
    shape = [*(len(names) for _, names in coded), len(OUTCOME_COLUMNS)]
    cells = np.ravel_multi_index([*(codes[dated] for codes, _ in coded), column[ends[dated]]], shape)
    few, places = pd.factorize(cells)  # of the grid's cells most are empty
    numbers = np.bincount(few, table["detainers"].to_numpy()[dated], len(places)).astype(int)
    rows, where = np.unique(places // shape[-1], return_inverse=True)
    counts = np.zeros((len(rows), shape[-1]), int)
    counts[where, places % shape[-1]] = numbers
    levels = [names[at] for (_, names), at in zip(coded, np.unravel_index(rows, shape[:-1]), strict=True)]
    index = pd.MultiIndex.from_arrays(levels, names=keys) if len(keys) > 1 else levels[0].rename(keys[0])
    found = pd.DataFrame(counts, index, OUTCOME_COLUMNS)
    found.insert(0, "issued", counts.sum(axis=1))
    return found[found["issued"] > 0]


def _coded(values: pd.Series, missing: str = "") -> tuple[NDArray[np.intp], pd.Index]:
    """Give the values of a column by number, in order, and what they are: days, or names; a missing day is -1."""
    given = values.cat if isinstance(values.dtype, pd.CategoricalDtype) else values.astype("category").cat
    codes = given.codes.to_numpy(np.intp)
    if isinstance(given.categories, pd.DatetimeIndex):
        return codes, given.categories
    names, order = np.unique([*map(str, given.categories), *[missing] * bool(missing)], return_inverse=True)
    return order[codes], pd.Index(names, dtype="str")


def of_weeks(by_week: pd.DataFrame, weeks: Sequence[date], places: Sequence[str]) -> pd.DataFrame:
    """Add up some weeks of counts by week and place, for the places wanted; one without a detainer is zeros."""
    chosen = by_week[by_week.index.get_level_values(0).isin(as_timestamps(weeks))]
    return chosen.groupby(level=1).sum().reindex(pd.Index(places), fill_value=0)


def rows_of_weeks(table: pd.DataFrame, weeks: Sequence[date]) -> pd.DataFrame:
    """Keep the detainers issued in some weeks."""
    return table[week_of(table["issued_on"]).isin(as_timestamps(weeks))]


def with_intervals(counts: pd.DataFrame, dispersion: ArrayLike = 1.0) -> pd.DataFrame:
    """Put the share declined and its 95 % interval beside counts of a cohort; NaN where nothing was issued."""
    low, high = share_interval(counts["declined"], counts["issued"], dispersion)
    return counts.assign(share=counts["declined"] / counts["issued"].replace(0, np.nan), share_low=low, share_high=high)
