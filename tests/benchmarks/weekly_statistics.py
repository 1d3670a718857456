"""Seconds that a page's comparisons take: ``OMP_NUM_THREADS=1 python tests/benchmarks/weekly_statistics.py``.

56 states and territories × 16 offence groups over three years of made-up counts, all as cells of one page: its three
comparisons with the dispersion that all of them together show, adjusted as one family. One line per part, then all: the
median over the rounds and, in brackets, the least and the most, by the clock and in CPU time.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from timing import Spent, median_and_range, spent

from analysis.load.reference import events
from analysis.periods import WEEK
from analysis.stats.comparisons import LAST_WEEK, TRAILING, TREND, Pair, family, weekly_cells
from analysis.stats.tests import pooled_dispersion

STATES, GROUPS, WEEKS = 56, 16, [date(2012, 10, 6) + n * WEEK for n in range(156)]
PAIRS = [
    Pair(LAST_WEEK, WEEKS[-1:], WEEKS[-2:-1]),
    Pair(TRAILING, WEEKS[-1:], WEEKS[-9:-1]),
    Pair(TREND, WEEKS[-13:], WEEKS[-26:-13]),
]


def made_up() -> pd.DataFrame:
    """Make counts by week and cell, every cell of states × groups in the place of a state."""
    rng = np.random.default_rng(1)
    issued = rng.poisson(rng.gamma(0.6, 30, STATES * GROUPS), (len(WEEKS), STATES * GROUPS))
    index = pd.MultiIndex.from_product([pd.DatetimeIndex(WEEKS, name="week"), range(STATES * GROUPS)])
    declined = np.minimum(issued, 2 * rng.poisson(issued * 0.05))  # in pairs, so that the dispersion is near 2
    return pd.DataFrame({"declined": declined.ravel(), "issued": issued.ravel()}, index=index)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/weekly_statistics.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    counts, unknown, register = made_up(), pd.Series(dtype=float), events()
    weekly = weekly_cells(WEEKS, counts, None, unknown)
    cells = weekly.declined.columns
    phi = pd.Series(pooled_dispersion(weekly.declined, weekly.exposure), cells)
    parts: dict[str, Callable[[], Any]] = {
        "counts laid out": partial(weekly_cells, WEEKS, counts, None, unknown),
        "dispersion": partial(pooled_dispersion, weekly.declined, weekly.exposure),
        "three comparisons, one family": partial(family, weekly, PAIRS, phi, register),
    }
    measured: dict[str, list[Spent]] = {name: [] for name in parts}
    for turn in range(rounds + 1):
        for name, run in parts.items():
            took = spent(run)
            if turn:  # the first round warms up
                measured[name].append(took)
    print(f"{len(cells):,} cells × {len(PAIRS)} comparisons of {len(WEEKS)} weeks; target 1 s on one core")
    measured["all"] = [Spent(*map(sum, zip(*turn, strict=True))) for turn in zip(*measured.values(), strict=True)]
    for name, turns in measured.items():
        wall, cpu = ([getattr(one, kind) for one in turns] for kind in Spent._fields)
        print(f"  {name:32} wall {median_and_range(wall, ' s'):24}  cpu {median_and_range(cpu, ' s')}")


if __name__ == "__main__":
    main()
