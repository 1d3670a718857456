"""What a report costs, by four ways of making it: ``python tests/benchmarks/batch.py [--against CHECKOUT]``.

Seconds differ from machine to machine and from minute to minute, so the ways are taken in turns, and what counts are
the ratios within a round: medians over the rounds. CPU time is that of all processes that a way starts. Memory is the
peak of the proportional set size of all of them. It needs Linux.

a   a shell loop: the papermill command, then the nbconvert command
a'  the same, with ``rfc3987_syntax`` kept out, an import of 2.5 s that is not our merit to lose
b   a pool of two processes: papermill.execute_notebook, then nbconvert within the process
c   declines run, two at a time

Then a run that has nothing to do, ``declines list`` and what importing the package takes. With ``--against``, the
package in another checkout does (c) and these in turn with ours, its ways named "... before".
"""

from __future__ import annotations

import argparse
import ctypes
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import psutil

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK, SOURCE = ROOT / "notebooks" / "weekly_bulletin.ipynb", "fy2015"
WEEKS = [(date(2014, 10, 4) + timedelta(weeks=n)).isoformat() for n in range(41)]
"""The full weeks of the source."""
NUMBERS = {"a": 1, "a'": 1, "b": 4, "c": 40, "c before": 40}
"""Reports that a way makes in a round."""
BLOCK = "import sys; sys.modules['rfc3987_syntax'] = None; "
DECLINES = [sys.executable, "-c", "from analysis.cli import main; main()"]
MOST_OFTEN = ["CA", "TX", "NY", "FL", "AZ", "GA", "IL", "NV", "PA", "CO"]
MEGABYTE, PR_SET_CHILD_SUBREAPER = 1_000_000, 36


class Spent(NamedTuple):
    """What one report took: seconds by the clock, seconds of CPU, and the peak memory of the way in megabytes."""

    wall: float
    cpu: float
    peak: float


def sample(done: threading.Event, peak: list[float]) -> None:
    """Keep the largest sum of the proportional set sizes of the processes below this one."""
    while not done.wait(0.3):
        total = 0
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):  # it has just ended
                total += process.memory_full_info().pss
        peak[0] = max(peak[0], total / MEGABYTE)


def measured(run: Callable[[], Any], reports: int = 1) -> Spent:
    """Measure what a number of reports take, all processes counted, also those that outlive their parents."""
    done, peak = threading.Event(), [0.0]
    sampler = threading.Thread(target=sample, args=(done, peak))
    sampler.start()
    before, clock = os.times(), time.perf_counter()
    run()
    wall = time.perf_counter() - clock
    for process in psutil.Process().children():
        if process.status() == psutil.STATUS_ZOMBIE or "resource_tracker" not in " ".join(process.cmdline()):
            process.wait(30)
    done.set()
    sampler.join()
    cpu = sum(os.times()[2:4]) - sum(before[2:4])
    return Spent(wall / reports, cpu / reports, peak[0])


def command(package: Path, *words: str) -> None:
    """Run a command with the package of a checkout."""
    own = os.environ | {"PYTHONPATH": str(package)}
    subprocess.run(words, check=True, capture_output=True, env=own, cwd=tempfile.gettempdir())


def declines(package: Path, out: str, notebook: str, weeks: list[str], *more: str) -> None:
    """Make reports by the command of a checkout."""
    asked = ["--source", SOURCE, "--weeks", f"{weeks[0]}:{weeks[-1]}", "--out", out, "--jobs", "2"]
    command(package, *DECLINES, "run", notebook, *asked, *more)


def in_a_pool(week: str, out: str) -> None:
    """Make one report by papermill and nbconvert within this process."""
    from nbconvert import HTMLExporter
    from papermill import execute_notebook

    os.environ["PYTHONPATH"] = str(ROOT)
    made = Path(out) / f"{week}.ipynb"
    execute_notebook(NOTEBOOK, made, parameters={"source": SOURCE, "week": week}, progress_bar=False)
    made.with_suffix(".html").write_text(HTMLExporter().from_filename(str(made))[0])


def make(way: str, before: Path, out: str) -> None:
    """Make the reports of a round one way, of weeks spread over the year: early ones have few to be held against."""
    step = len(WEEKS) // NUMBERS[way]
    weeks = WEEKS[-NUMBERS[way] :] if way.startswith("c") else WEEKS[step // 2 :: step][: NUMBERS[way]]
    if way.startswith("a"):
        begin, made = BLOCK if way == "a'" else "", f"{out}/a.ipynb"
        asked = [str(NOTEBOOK), made, "-p", "source", SOURCE, "-p", "week", weeks[0], "--no-progress-bar"]
        of_both = ("papermill.cli import papermill", asked), ("nbconvert.nbconvertapp import main", ["--to=html", made])
        for start, words in of_both:
            command(ROOT, sys.executable, "-c", f"{begin}from {start} as run; run()", *words)
    elif way == "b":
        with ProcessPoolExecutor(2, get_context("spawn")) as pool:
            list(pool.map(in_a_pool, weeks, [out] * len(weeks)))
    else:
        declines(before if way == "c before" else ROOT, out, NOTEBOOK.stem, weeks)


def in_turns(ways: list[str], rounds: int, one: Callable[[str], Spent]) -> dict[str, list[Spent]]:
    """Measure some ways in turns, every other round backwards."""
    found: dict[str, list[Spent]] = defaultdict(list)
    for number in range(rounds):
        for way in ways if number % 2 == 0 else ways[::-1]:
            found[way].append(one(way))
            print(f"  round {number + 1}, {way}: {found[way][-1]}", file=sys.stderr, flush=True)
    return {way: found[way] for way in ways}


def reports(ways: list[str], rounds: int, before: Path) -> None:
    """Print what a report costs by each way."""

    def one(way: str) -> Spent:
        with tempfile.TemporaryDirectory() as out:
            return measured(lambda: make(way, before, out), NUMBERS[way])

    found = {way: pd.DataFrame(spent) for way, spent in in_turns(ways, rounds, one).items()}
    print("| way | wall, s a report | CPU, s a report | peak memory, MB | wall of (a) over it |\n|---|---|---|---|---|")
    for way, spent in found.items():
        wall, cpu, peak = spent.median()
        print(f"| {way} | {wall:.2f} | {cpu:.2f} | {peak:.0f} | {(found['a']['wall'] / spent['wall']).median():.1f} |")
    for way, target in (("a", "at least 10"), ("a'", "at least 7"), ("b", "at least 4"), ("c before", "shown")):
        if way in found:
            print(f"\nwall of ({way}) over (c): {(found[way]['wall'] / found['c']['wall']).median():.2f}; {target}")


def small_things(packages: dict[str, Path], number: int) -> None:
    """Print what a run with nothing to do, the list and the imports take, ours and before."""
    states = [word for state in MOST_OFTEN for word in ("--state", state)]
    weeks = WEEKS[-max(number // len(MOST_OFTEN), 1) :]
    imports = [sys.executable, "-c", "import analysis.stats.summary, analysis.show.style"]
    with tempfile.TemporaryDirectory() as folder:
        things: dict[str, Callable[[str], None]] = {
            "declines list": lambda name: command(packages[name], *DECLINES, "list"),
            "import of what a week is made with": lambda name: command(packages[name], *imports),
            f"nothing to do, {len(weeks) * len(MOST_OFTEN)} reports": lambda name: declines(
                packages[name], f"{folder}/{name}", "state_profile", weeks, *states
            ),
        }
        print("\n| | " + " | ".join(f"{name}, s" for name in packages) + " |\n|---|" + "---|" * len(packages))
        for thing, run in things.items():
            for name in packages:
                run(name)  # what there is to do
            found = in_turns(list(packages), 5, lambda name: measured(lambda: run(name)))  # noqa: B023
            walls = (f"{pd.DataFrame(spent)['wall'].median():.2f}" for spent in found.values())
            print(f"| {thing} | {' | '.join(walls)} |")
        print("\ntargets: list 0.7 s at most, nothing to do 1 s at most, imports 1.3 times before at most")


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/batch.py", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--against", type=Path, help="Folder of another checkout, measured in turn with this one.")
    parser.add_argument("--up-to-date", type=int, default=300, help="Reports of the run with nothing to do.")
    asked = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # processes that outlive their parents are counted, too
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    packages = {"now": ROOT} | ({"before": asked.against.resolve()} if asked.against else {})
    ways = [way for way in NUMBERS if asked.against or way != "c before"]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DECLINES_DATA_DIR"] = folder
        reports(ways, asked.rounds, packages.get("before", ROOT))
        small_things(packages, asked.up_to_date)


if __name__ == "__main__":
    main()
