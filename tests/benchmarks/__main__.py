"""Speed and memory of reading, as ratios measured side by side: ``python tests/benchmarks --workbook FILE``.

Seconds differ from machine to machine and from minute to minute; the ratio of two ways of doing much the same, taken in
turns, does not differ much. Each line gives the median over the rounds and, in brackets, the least and the most.
CPU time counts all threads, so that it also holds on a machine that is busy with something else. Memory is Linux's.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from itertools import count
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook
from synthetic import generate, write_release
from timing import median_and_range, report, spent

from analysis.load.imports import import_release
from analysis.load.reference import data_file
from analysis.load.sources import DATA_DIR_VARIABLE, open_source
from analysis.periods import Calendar, last_day
from analysis.stats.cohort import HISTORY_COLUMNS, RECORD_COLUMNS
from analysis.stats.counts import TRAILING_WEEKS

NAME = "benchmark"
WORKBOOK_VARIABLE = "DECLINES_REAL_WORKBOOK"


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
