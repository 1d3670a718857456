"""Speed and memory of reading and comparing: ``OMP_NUM_THREADS=1 python tests/benchmarks --workbook FILE``.

Seconds differ from machine to machine and from minute to minute; the ratio of two ways of doing much the same, taken in
turns, does not differ much. Each line gives the median over the rounds and, in brackets, the least and the most.
CPU time counts all threads, so that it also holds on a machine that is busy with something else. Memory is Linux's.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook
from synthetic import generate, write_release

from analysis.load.imports import import_release
from analysis.load.reference import data_file, events
from analysis.load.sources import DATA_DIR_VARIABLE, open_source
from analysis.periods import WEEK, Calendar, last_day
from analysis.stats.cohort import HISTORY_COLUMNS, RECORD_COLUMNS
from analysis.stats.comparisons import LAST_WEEK, TRAILING, TREND, Pair, Weekly, family
from analysis.stats.counts import ALL, TRAILING_WEEKS
from analysis.stats.tests import pooled_dispersion

WEEKS = [date(2012, 10, 6) + n * WEEK for n in range(156)]
PAIRS = [
    Pair(LAST_WEEK, WEEKS[-1:], WEEKS[-2:-1]),
    Pair(TRAILING, WEEKS[-1:], WEEKS[-9:-1]),
    Pair(TREND, WEEKS[-13:], WEEKS[-26:-13]),
]
NAME = "benchmark"
WORKBOOK_VARIABLE = "DECLINES_REAL_WORKBOOK"


class Spent(NamedTuple):
    """What one run took, in seconds."""

    wall: float
    cpu: float


def spent(run: Callable[[], Any]) -> Spent:
    """Measure one run."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def in_turns(runs: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[Spent]]:
    """Measure some runs in turns, after one round that is not counted."""
    turns = [{name: spent(run) for name, run in runs.items()} for _ in range(rounds + 1)][1:]
    return {name: [turn[name] for turn in turns] for name in runs}


def median_and_range(values: Sequence[float], unit: str = " s") -> str:
    """Write the median with the least and the most."""
    return f"{statistics.median(values):.2f}{unit} [{min(values):.2f}, {max(values):.2f}]"


def in_words(turns: list[Spent], unit: str = " s") -> str:
    """Write the two times of some runs."""
    wall, cpu = (median_and_range(values, unit) for values in zip(*turns, strict=True))
    return f"wall {wall:24}  cpu {cpu}"


def report(what: str, ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int, target: str) -> None:
    """Measure two runs in turns and print their times and the ratios of them, by the clock and in CPU time."""
    found = in_turns({"ours": ours, "theirs": theirs}, rounds)
    ratios = [Spent(*(one / two for one, two in zip(*pair, strict=True))) for pair in zip(*found.values(), strict=True)]
    print(f"\n{what}; target {target}")
    print(f"  ratio   {in_words(ratios, '')}")
    for name, turns in found.items():
        print(f"  {name:7} {in_words(turns)}")


def importer(path: Path, folder: Path) -> Callable[[], None]:
    """Make a run that imports a file, each time into an empty data folder."""
    numbers = count()

    def run() -> None:
        os.environ[DATA_DIR_VARIABLE] = str(folder / f"{path.stem}-{next(numbers)}")
        import_release([path], NAME, title=NAME)

    return run


def weekly_load() -> None:
    """Read what a weekly report reads: some columns of all weeks, and more of the latest full week and eight before."""
    source = open_source(NAME, clock="issued")
    calendar = Calendar.of(source.facts)
    saturday = calendar.pick("latest")
    first, last = calendar.full_weeks_before(saturday, TRAILING_WEEKS)[0], last_day(saturday)
    source.detainers(HISTORY_COLUMNS, last=last, repeats=False)
    source.detainers(RECORD_COLUMNS, first=first, last=last)


def peak() -> float:
    """Give the most memory that this process has held, in megabytes (``ru_maxrss`` begins at that of its parent)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1_000_000


def load_once() -> None:
    """Print the seconds and the additional megabytes of the first weekly load of this process."""
    pq.read_table(data_file("synthetic/small_release.parquet")).to_pandas()  # libraries that a first reading loads
    before = peak()
    print(*spent(weekly_load), peak() - before)


def made_up(cells: int) -> Weekly:
    """Make counts by week and cell, every cell in the place of a state."""
    rng = np.random.default_rng(1)
    issued = rng.poisson(rng.gamma(0.6, 30, cells), (len(WEEKS), cells))
    declined = np.minimum(issued, 2 * rng.poisson(issued * 0.05))  # in pairs, so that the dispersion is near 2
    columns = pd.MultiIndex.from_tuples([(ALL, ALL), *(("state", str(number)) for number in range(cells))])
    each = [np.column_stack([part.sum(axis=1), part]) for part in (declined, issued, issued.astype(float))]
    return Weekly(*(pd.DataFrame(part, pd.DatetimeIndex(WEEKS, name="week"), columns) for part in each))


def weekly_statistics(rounds: int) -> None:
    """Measure the comparisons of a page with 56 states and territories × 16 offence groups over three years."""
    weekly = made_up(56 * 16)
    dispersion = partial(pooled_dispersion, weekly.declined, weekly.exposure)
    compared = partial(family, weekly, PAIRS, pd.Series(dispersion(), weekly.declined.columns), events())
    print(
        f"{len(weekly.declined.columns)} cells × {len(PAIRS)} comparisons of {len(WEEKS)} weeks; target 1 s on one core"
    )
    for name, turns in in_turns({"dispersion": dispersion, "comparisons": compared}, rounds).items():
        print(f"  {name:11} {in_words(turns)}")


def main() -> None:
    """Measure everything, or one weekly load in this fresh process."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--workbook", type=Path, default=os.environ.get(WORKBOOK_VARIABLE), help="A workbook of ICE's.")
    parser.add_argument("--load-once", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.load_once:
        load_once()
        return
    weekly_statistics(asked.rounds)
    with tempfile.TemporaryDirectory() as temporary:
        folder, release = Path(temporary), Path(temporary) / "release.parquet"
        write_release(generate(1, detainers=asked.rows, extracted_on=date(2026, 3, 10)).release, release)
        rows, plain = f"{pq.read_metadata(release).num_rows:,} rows", lambda: pd.read_parquet(release)
        what = f"import of {rows} in form F against pandas.read_parquet"
        report(what, importer(release, folder), plain, asked.rounds, "5 at most")

        command = [sys.executable, __file__, "--load-once"]
        once = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(asked.rounds)]
        wall, cpu, memory = zip(*([float(part) for part in line.split()] for line in once), strict=True)
        print(f"\nweekly report's load of {rows} in a fresh process; target 0.3 s, 150 MB more")
        print(f"  wall  {median_and_range(wall)}  cpu {median_and_range(cpu)}")
        print(f"  memory  {median_and_range(memory, ' MB')}")

        if asked.workbook:
            book = Path(asked.workbook)
            bare = lambda: CalamineWorkbook.from_path(str(book)).get_sheet_by_index(0).to_python()  # noqa: E731
            what = f"import of {book.name} against calamine"
            report(what, importer(book, folder), bare, asked.rounds, "2 at most")
        else:
            print(f"\nno workbook: name one of ICE's with --workbook or {WORKBOOK_VARIABLE}")


if __name__ == "__main__":
    main()
