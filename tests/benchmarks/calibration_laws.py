"""Made-up weeks whose truth is known, for the calibration: this file knows nothing of the package that is tried.

Every week has detainers of 56 places × 16 offence groups, at the levels of fiscal 2015 (mean issued and declined by
state, from ``data/counts``); a week has up to 10 % more or fewer. Each place keeps its share of declines for ever, so
that whatever is called a change is none. How much declines vary about it is the law:

- ``Poisson``: by chance alone, variance over mean 1;
- ``negative binomial``: a week raises or lowers a place's every decline, variance over mean :data:`DISPERSION`, as
  fiscal 2015 shows (large states 2 to 4, the nation 2.7); which group a decline is of is chance;
- ``batches of four``: a third of declines come in fours, of one place and group: 2;
- ``geometric batches``: all come in batches of 1, 2, 3, … with mean 2, of one place and group: 3.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
LAWS = ("Poisson", "negative binomial", "batches of four", "geometric batches")
COUNTS = Path(__file__).parents[2] / "data" / "counts" / "fy2015_weekly_counts.csv"
DISPERSION = {"CA": 3.0, "not given": 2.5, "CO": 2.0, "NY": 4.0, "NV": 2.0, "FL": 2.0}
OF_OTHERS = 2.4
"""Chosen so that the nation has 2.7."""
GROUPS = np.array([16, 13, 11, 10, 8, 7, 6, 6, 5, 4, 4, 3, 3, 2, 1, 1]) / 100


class Levels(NamedTuple):
    """Mean detainers and declines a week, by place; ``places`` names them."""

    places: list[str]
    issued: Floats
    declined: Floats


@cache
def levels() -> Levels:
    """Read the mean full week of fiscal 2015, by place; a place that it does not name had no detainer then."""
    rows = pd.read_csv(COUNTS, keep_default_na=False)
    rows = rows[~rows["week_start"].isin([rows["week_start"].min(), rows["week_start"].max()])]
    rows["declined"] = rows["detainers"].where(rows["lift_reason"] == "Detainer Declined by LEA", 0)
    sums = rows.groupby(rows["state"].replace("", "not given"))[["detainers", "declined"]].sum()
    return Levels(list(sums.index), *(sums / rows["week_start"].nunique()).to_numpy().T)


class Weeks(NamedTuple):
    """Counts of some weeks, each weeks × places × groups, and the declines that were to be expected."""

    declined: np.ndarray
    issued: np.ndarray
    expected: np.ndarray


def shares() -> Floats:
    """Give each place's share of declines in fiscal 2015, places × 1."""
    return np.asarray(levels().declined / levels().issued)[:, None]


def weeks(law: str, number: int, rng: np.random.Generator, share: Floats) -> Weeks:
    """Draw some weeks in a row by a law; ``share`` is the true one, of a shape that fits weeks × places × groups."""
    together = rng.uniform(0.9, 1.1, size=(number, 1, 1))
    issued = rng.poisson(together * levels().issued[:, None] * GROUPS)
    expected = issued * share
    declined = _declines(law, expected, rng)
    # Of a small place more may be declined by chance than were issued: then those are issued, too.
    issued[:, :, 0] += np.maximum(declined.sum(axis=2) - issued.sum(axis=2), 0)
    return Weeks(declined, issued, expected)


def _declines(law: str, expected: Floats, rng: np.random.Generator) -> Whole:
    """Draw declines with these means."""
    if law == "Poisson":
        return rng.poisson(expected)
    if law == "negative binomial":
        over = np.array([DISPERSION.get(place, OF_OTHERS) for place in levels().places]) - 1
        mean = np.maximum(expected.sum(axis=2), 1e-12)
        week = rng.gamma(mean / over) * over / mean
        return rng.poisson(expected * week[:, :, None])
    if law == "batches of four":
        return rng.poisson(expected * 2 / 3) + 4 * rng.poisson(expected / 12)
    batches = rng.poisson(expected / 2)
    return batches + np.where(batches > 0, rng.negative_binomial(np.maximum(batches, 1), 0.5), 0)


def _batches(law: str, mean: float, number: int, rng: np.random.Generator) -> dict[int, Whole]:
    """Draw how many batches of each size begin in each of some weeks, a batch being recorded on one day."""
    if law == "batches of four":
        return {1: rng.poisson(mean * 2 / 3, number), 4: rng.poisson(mean / 12, number)}
    if law == "geometric batches":
        return {size: rng.poisson(mean / 2 * 0.5**size, number) for size in range(1, 12)}
    factor = rng.gamma(mean / 1.7, 1.7 / mean, number) if law == "negative binomial" else np.ones(number)
    return {1: rng.poisson(mean * factor)}


DELAYS = ("geometric", "lognormal")


def recorded(law: str, delay: str, slower: Floats, mean: float, longest: int, rng: np.random.Generator) -> Floats:
    """Draw the declines of some issue weeks that are recorded up to each delay, weeks × delays 0 to ``longest``.

    Over half are recorded within a week (lognormal: with a long tail); ``slower`` is what the delays of each issue week
    are multiplied by, ``mean`` the declines of a week. Whole: also what is not yet known at the end of the last week.
    """
    ends = np.arange(1, longest + 2) / slower[:, None]
    by_then = 1 - 0.45**ends if delay == "geometric" else ndtr(np.log(ends / 0.8) / 0.8)
    by_then[:, -1] = 1
    parts = np.diff(by_then, axis=1, prepend=0)
    each = [size * rng.multinomial(number, parts) for size, number in _batches(law, mean, len(slower), rng).items()]
    return np.asarray(np.sum(each, axis=0).cumsum(axis=1), dtype=float)
