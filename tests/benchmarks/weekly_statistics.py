"""Seconds that a page's comparisons take: ``OMP_NUM_THREADS=1 python tests/benchmarks/weekly_statistics.py``.

56 states and territories × 16 offence groups over three years of made-up counts, all as cells of one page: its three
comparisons with the dispersion that all of them together show, adjusted as one family. One line per part, then all: the
median over the rounds and, in brackets, the least and the most, by the clock and in CPU time.
"""

from __future__ import annotations

import argparse
from datetime import date
from functools import partial

import numpy as np
import pandas as pd
from timing import Spent, in_turns, in_words

from analysis.load.reference import events
from analysis.periods import WEEK
from analysis.stats.comparisons import LAST_WEEK, TRAILING, TREND, Pair, Weekly, family
from analysis.stats.counts import ALL
from analysis.stats.tests import pooled_dispersion

CELLS, WEEKS = 56 * 16, [date(2012, 10, 6) + n * WEEK for n in range(156)]
PAIRS = [
    Pair(LAST_WEEK, WEEKS[-1:], WEEKS[-2:-1]),
    Pair(TRAILING, WEEKS[-1:], WEEKS[-9:-1]),
    Pair(TREND, WEEKS[-13:], WEEKS[-26:-13]),
]


def made_up() -> Weekly:
    """Make counts by week and cell, every cell of states × groups in the place of a state."""
    rng = np.random.default_rng(1)
    issued = rng.poisson(rng.gamma(0.6, 30, CELLS), (len(WEEKS), CELLS))
    declined = np.minimum(issued, 2 * rng.poisson(issued * 0.05))  # in pairs, so that the dispersion is near 2
    cells = pd.MultiIndex.from_tuples([(ALL, ALL), *(("state", str(number)) for number in range(CELLS))])
    each = [np.column_stack([part.sum(axis=1), part]) for part in (declined, issued, issued.astype(float))]
    return Weekly(*(pd.DataFrame(part, pd.DatetimeIndex(WEEKS, name="week"), cells) for part in each))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/weekly_statistics.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds, weekly = parser.parse_args().rounds, made_up()
    dispersion = partial(pooled_dispersion, weekly.declined, weekly.exposure)
    compared = partial(family, weekly, PAIRS, pd.Series(dispersion(), weekly.declined.columns), events())
    measured = in_turns({"dispersion": dispersion, "three comparisons, one family": compared}, rounds)
    measured["all"] = [Spent(*map(sum, zip(*turn, strict=True))) for turn in zip(*measured.values(), strict=True)]
    print(f"{CELLS + 1:,} cells × {len(PAIRS)} comparisons of {len(WEEKS)} weeks; target 1 s on one core")
    for name, turns in measured.items():
        print(f"  {name:32} {in_words(turns)}")


if __name__ == "__main__":
    main()
