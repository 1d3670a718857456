"""Speed and memory of reading and comparing: ``OMP_NUM_THREADS=1 PYTHONPATH=tests python tests/benchmarks``.

Seconds differ from machine to machine and from minute to minute; the ratio of two ways of doing much the same, taken in
turns, does not differ much. Printed are the median over the rounds, the least and the most. CPU time counts all
threads, so that it also holds on a machine that is busy with something else. Memory is Linux's.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook
from synthetic import generate, write_release

from analysis.files import DATA_DIR_VARIABLE
from analysis.load.imports import import_release
from analysis.load.reference import data_file, events
from analysis.load.sources import open_source
from analysis.periods import WEEK, Calendar, last_day
from analysis.stats.cohort import HISTORY_COLUMNS, RECORD_COLUMNS
from analysis.stats.comparisons import LAST_WEEK, TRAILING, TREND, Pair, Weekly, family, pooled_dispersion
from analysis.stats.counts import ALL, TRAILING_WEEKS

WEEKS = [date(2012, 10, 6) + n * WEEK for n in range(156)]
PAIRS = [Pair(LAST_WEEK, WEEKS[-1:], WEEKS[-2:-1]), Pair(TRAILING, WEEKS[-1:], WEEKS[-9:-1])]
PAIRS += [Pair(TREND, WEEKS[-13:], WEEKS[-26:-13])]
NAME = "benchmark"
WORKBOOK_VARIABLE = "DECLINES_REAL_WORKBOOK"


def spent(run: Callable[[], Any]) -> pd.Series:
    """Measure one run, in seconds by the clock and of CPU, that of its child processes, too."""
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    run()
    return pd.Series({"wall": time.perf_counter() - wall, "cpu": sum(os.times()[:4]) - cpu})


def in_turns(what: str, rounds: int, **runs: Callable[[], Any]) -> None:
    """Measure some runs in turns, after one round that is not counted, and print them; two also as a ratio."""
    turns = [{name: spent(run) for name, run in runs.items()} for _ in range(rounds + 1)][1:]
    found = {name: pd.DataFrame([turn[name] for turn in turns]) for name in runs}
    if "theirs" in found:
        found["ratio"] = found["ours"] / found["theirs"]
    show(what, pd.concat(found, axis="columns"))


def show(what: str, measured: pd.DataFrame) -> None:
    print(f"\n{what}\n{measured.agg(['median', 'min', 'max']).T.round(2).to_string()}")


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


def main() -> None:
    """Measure everything, or one weekly load in this fresh process."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--release", type=Path, help="A Parquet file to import; one of so many rows is made up else.")
    parser.add_argument("--workbook", type=Path, default=os.environ.get(WORKBOOK_VARIABLE), help="A workbook of ICE's.")
    parser.add_argument("--load-once", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.load_once:
        load_once()
        return
    weekly = made_up(56 * 16)
    dispersion = partial(pooled_dispersion, weekly.declined, weekly.exposure)
    compared = partial(family, weekly, PAIRS, pd.Series(dispersion(), weekly.declined.columns), events())
    what = "comparisons of a page, 56 states × 16 offence groups over three years; target 1 s on one core"
    in_turns(what, asked.rounds, dispersion=dispersion, comparisons=compared)
    with tempfile.TemporaryDirectory() as temporary:
        folder, release = Path(temporary), asked.release or Path(temporary) / "release.parquet"
        if not asked.release:
            write_release(generate(1, detainers=asked.rows, extracted_on=date(2026, 3, 10)).release, release)
        rows, full_read = f"{pq.read_metadata(release).num_rows:,} rows", partial(pd.read_parquet, release)
        what = f"import of {rows} as a multiple of a warm full read by pandas.read_parquet; target by the clock: 5"
        in_turns(what, asked.rounds, ours=importer(release, folder), theirs=full_read)
        command = [sys.executable, __file__, "--load-once"]
        once = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(asked.rounds)]
        what = f"weekly report's load of {rows} in a fresh process; target 0.3 s, 150 MB more"
        show(what, pd.DataFrame([line.split() for line in once], columns=["wall", "cpu", "MB"], dtype=float))
        if not asked.workbook:
            print(f"\nno workbook: name one of ICE's with --workbook or {WORKBOOK_VARIABLE}")
            return
        book = Path(asked.workbook)
        bare = lambda: CalamineWorkbook.from_path(str(book)).get_sheet_by_index(0).to_python()  # noqa: E731
        what = f"import of {book.name} against calamine; target 2 at most"
        in_turns(what, asked.rounds, ours=importer(book, folder), theirs=bare)


if __name__ == "__main__":
    main()
