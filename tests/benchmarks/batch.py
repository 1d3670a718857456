"""What a report costs, by five ways of making it: ``python tests/benchmarks/batch.py``.

Seconds differ from machine to machine and from minute to minute, so the ways are taken in turns, and what counts are
the ratios within a round: medians over the rounds. CPU time is that of all processes that a way starts. Memory is the
peak of the proportional set size of all of them, sampled in a round of its own. It needs Linux.

a   a shell loop: the papermill command, then the nbconvert command
a'  the same, with ``rfc3987_syntax`` kept out, an import of 2.5 s that is not our merit to lose
b   a pool of two processes: papermill.execute_notebook, then nbconvert within the process
c   declines run, two at a time; "c, one" is a run of one report, rehearsed like one of many: what the start costs
d   the same cells as plain code in forks of an already warm process, two at a time, with the page: the floor
"""

from __future__ import annotations

import argparse
import ast
import ctypes
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from nbformat import NotebookNode
from synthetic import generate, write_release

from analysis.load.imports import import_release
from analysis.load.sources import DATA_DIR_VARIABLE, open_source
from analysis.periods import Calendar
from analysis.run.notebooks import find_notebook
from analysis.show.sheet import Shown

NOTEBOOK, WAYS = "weekly_bulletin", ("a", "a'", "b", "c", "c, one", "d")
BLOCK = "import sys; sys.modules['rfc3987_syntax'] = None; "
DECLINES: Sequence[str] = (str(Path(sys.executable).with_name("declines")),)
REHEARSED = "from analysis.run import batch; batch.REHEARSED_FROM = 0; from analysis.cli import main; main()"
MEGABYTE = 1_000_000
PR_SET_CHILD_SUBREAPER = 36


class Spent(NamedTuple):
    """What one report took: seconds by the clock, seconds of CPU, and the peak memory of the way in megabytes."""

    wall: float
    cpu: float
    peak: float = float("nan")


def commands(source: str, week: str, out: Path, *, block: bool) -> list[list[str]]:
    """Give the two commands of a shell loop for one report."""
    notebook = str(find_notebook(NOTEBOOK).path)
    papermill = [notebook, str(out / "a.ipynb"), "-p", "source", source, "-p", "week", week, "--no-progress-bar"]
    convert = ["--to", "html", str(out / "a.ipynb")]
    if not block:
        return [[sys.executable, "-m", "papermill", *papermill], [sys.executable, "-m", "nbconvert", *convert]]
    return [
        [sys.executable, "-c", BLOCK + "from papermill.cli import papermill; papermill()", *papermill],
        [sys.executable, "-c", BLOCK + "from nbconvert.nbconvertapp import main; main()", *convert],
    ]


def in_a_pool(task: tuple[str, str, str]) -> None:
    """Make one report by papermill and nbconvert within this process."""
    from nbconvert import HTMLExporter
    from papermill import execute_notebook

    source, week, folder = task
    out = Path(folder) / f"{week}.ipynb"
    asked = {"source": source, "week": week}
    execute_notebook(find_notebook(NOTEBOOK).path, out, parameters=asked, progress_bar=False, kernel_name="python3")
    out.with_suffix(".html").write_text(HTMLExporter().from_filename(str(out))[0])


def as_plain_code(source: str, weeks: Sequence[str], folder: Path, *, page: bool) -> None:
    """Run the cells as plain code, each report in a fork of this process, warmed before; and make the page.

    Two run at a time, as those of the command do: they share what the machine has in the same way.
    """
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    from analysis.run.pages import write_report

    def shown(value: Shown) -> NotebookNode:
        data, metadata = value._repr_mimebundle_()
        return new_output("display_data", data=data, metadata=metadata)

    cells = json.loads(find_notebook(NOTEBOOK).path.read_text())["cells"]
    running = 0
    for number, week in enumerate(weeks, start=1):
        running += 1
        if os.fork():
            while running == 2 or (running and number == len(weeks)):
                assert os.wait()[1] == 0
                running -= 1
            continue
        displayed: list[Shown] = []
        names: dict[str, Any] = {"In": [], "display": lambda *values, into=displayed: into.extend(values)}
        made = []
        for cell in cells:
            code = "".join(cell["source"])
            if cell["cell_type"] != "code":
                made.append(new_markdown_cell(code))
                continue
            tree = ast.parse(code)
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "cell", "exec"), names)
            if "parameters" in cell["metadata"].get("tags", []):
                names |= {"source": source, "week": week}
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
                displayed += [value] if value is not None else []
            made.append(new_code_cell(code, outputs=[shown(value) for value in displayed]))
            displayed.clear()
        if page:
            write_report(folder / week, new_notebook(cells=made))
        os._exit(0)


def run_way(way: str, source: str, weeks: Sequence[str], folder: Path) -> None:
    """Make reports one way; the ways that are processes of their own are started here, the others are this process."""
    if way in ("a", "a'"):
        for week in weeks:
            for command in commands(source, week, folder, block=way == "a'"):
                subprocess.run(command, check=True, capture_output=True)
    elif way == "b":
        with ProcessPoolExecutor(2, get_context("spawn")) as pool:
            list(pool.map(in_a_pool, [(source, week, str(folder)) for week in weeks]))
    else:
        start = [sys.executable, "-c", REHEARSED] if way == "c, one" else DECLINES
        declines(NOTEBOOK, source, weeks, folder, start=start)


def declines(
    notebook: str,
    source: str,
    weeks: Sequence[str],
    folder: Path,
    *more: str,
    jobs: int = 2,
    start: Sequence[str] = DECLINES,
) -> None:
    """Make reports by the command."""
    span = ["--weeks", f"{weeks[0]}:{weeks[-1]}", "--out", str(folder), "--jobs", str(jobs)]
    subprocess.run([*start, "run", notebook, "--source", source, *span, *more], check=True, capture_output=True)


def measured(run: Callable[[], Any], reports: int, *, memory: bool = False) -> Spent:
    """Measure what a number of reports take, all processes counted, also those that outlive their parents."""
    done, peak = threading.Event(), [0.0]
    sampler = threading.Thread(target=lambda: sample(done, peak))
    if memory:
        sampler.start()
    before, clock = cpu_of_children(), time.perf_counter()
    run()
    wall = time.perf_counter() - clock
    for process in psutil.Process().children():
        if process.status() == psutil.STATUS_ZOMBIE or "resource_tracker" not in " ".join(process.cmdline()):
            process.wait(30)
    cpu = cpu_of_children() - before
    done.set()
    if memory:
        sampler.join()
    return Spent(wall / reports, cpu / reports, peak[0] if memory else float("nan"))


def cpu_of_children() -> float:
    """Give the CPU seconds of all processes below this one that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def sample(done: threading.Event, peak: list[float]) -> None:
    """Keep the largest sum of the proportional set sizes of the processes below this one."""
    while not done.wait(0.3):
        total = 0
        for process in psutil.Process().children(recursive=True):
            try:
                total += process.memory_full_info().pss
            except psutil.Error:  # it has just ended
                continue
        peak[0] = max(peak[0], total / MEGABYTE)


def warm_forks(source: str, weeks: Sequence[str], folder: Path, page: bool) -> tuple[float, float]:
    """Be the warm process of way d; one report is not counted. Give wall and CPU seconds a report."""
    from analysis.run.preload import preload

    preload()
    as_plain_code(source, weeks[:1], folder, page=page)
    before, clock = cpu_of_children(), time.perf_counter()
    as_plain_code(source, weeks, folder, page=page)
    return (time.perf_counter() - clock) / len(weeks), (cpu_of_children() - before) / len(weeks)


def floor(source: str, weeks: Sequence[str], folder: Path, *, page: bool, memory: bool = False) -> Spent:
    """Measure way d in a process of its own."""
    asked = json.dumps({"source": source, "weeks": list(weeks), "folder": str(folder), "page": page})
    told: list[str] = []

    def run() -> None:
        command = [sys.executable, __file__, "--warm-forks", asked]
        told.append(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    peak = measured(run, len(weeks), memory=memory).peak
    wall, cpu = json.loads(told[0].splitlines()[-1])
    return Spent(wall, cpu, peak)


def full_weeks(source: str) -> list[str]:
    """Give the full weeks of a source."""
    calendar = Calendar.of(open_source(source, clock="issued").facts)
    return [week.isoformat() for week in calendar.weeks() if not calendar.is_partial(week)]


def rounds_of(source: str, rounds: int, reports: int) -> tuple[dict[str, list[Spent]], dict[str, Spent]]:
    """Measure every way in turns; then once more for the memory."""
    weeks = full_weeks(source)[-reports:]
    numbers = {"a": 1, "a'": 1, "b": 4, "c": reports, "c, one": 1, "d": 10}

    def one(way: str, memory: bool) -> Spent:
        step = len(weeks) // numbers[way]
        some = weeks[step // 2 :: step][: numbers[way]]  # spread over the year: early weeks have few to be held against
        with tempfile.TemporaryDirectory() as folder:
            if way == "d":
                return floor(source, some, Path(folder), page=True, memory=memory)
            return measured(lambda: run_way(way, source, some, Path(folder)), len(some), memory=memory)

    with tempfile.TemporaryDirectory() as folder:  # a source is hashed by week once, by the first who plans with it
        declines(NOTEBOOK, source, weeks, Path(folder), "--dry-run")
    found: dict[str, list[Spent]] = {way: [] for way in WAYS}
    for number in range(rounds):
        for way in WAYS if number % 2 == 0 else WAYS[::-1]:
            found[way].append(one(way, False))
            print(f"  {source} round {number + 1} {way}: {found[way][-1]}", file=sys.stderr, flush=True)
    return found, {way: one(way, True) for way in WAYS}


def table(source: str, reports: int, found: dict[str, list[Spent]], memory: dict[str, Spent]) -> Iterator[str]:
    """Write the table: medians of the rounds, and of the ratios within a round."""
    heads = ("wall, s a report", "CPU, s a report", "peak memory, MB", "wall of (a) over it", "CPU over that of (d)")
    yield f"| {source} | {' | '.join(heads)} |"
    yield "|---|---|---|---|---|---|"
    for way, spent in found.items():
        wall, cpu = (statistics.median(one[at] for one in spent) for at in (0, 1))
        faster = statistics.median(a.wall / one.wall for a, one in zip(found["a"], spent, strict=True))
        more = statistics.median(one.cpu / d.cpu for one, d in zip(spent, found["d"], strict=True))
        yield f"| {way} | {wall:.2f} | {cpu:.2f} | {memory[way].peak:.0f} | {faster:.1f} | {more:.2f} |"
    for way, target in (("a", 10), ("a'", 7), ("b", 4)):
        ratio = statistics.median(one.wall / c.wall for one, c in zip(found[way], found["c"], strict=True))
        yield f"\nwall of ({way}) over (c): {ratio:.1f}, to reach {target}"
    rounds = zip(found["c"], found["c, one"], found["d"], strict=True)
    over = statistics.median((reports * c.cpu - one.cpu) / (reports - 1) - d.cpu for c, one, d in rounds)
    least = max(0.15, 0.05 * statistics.median(d.cpu for d in found["d"]))
    yield f"\nCPU of (c) over (d), the start left out: {over:.2f} s a report, to reach {least:.2f}"


def own_cost(source: str, rounds: int) -> str:
    """Hold a report's own CPU, without page, against that of the imports which it is not to repeat."""
    calendar = Calendar.of(open_source(source, clock="issued").facts)
    week = calendar.pick("latest settled").isoformat()
    ratios = []
    for _ in range(rounds):
        code = "import papermill, pandas, seaborn"
        imports = measured(lambda: subprocess.run([sys.executable, "-c", code], check=True), 1).cpu  # noqa: B023
        with tempfile.TemporaryDirectory() as folder:
            ratios.append(floor(source, [week] * 3, Path(folder), page=False).cpu / imports)
    ratio = statistics.median(ratios)
    return f"\na report's own CPU over that of importing papermill, pandas and seaborn: {ratio:.2f}, to reach 0.5"


def a_further_worker(source: str, reports: int, two: float) -> str:
    """Measure what workers beyond the second add to the memory."""
    weeks = full_weeks(source)[-reports:]
    with tempfile.TemporaryDirectory() as folder:
        four = measured(lambda: declines(NOTEBOOK, source, weeks, Path(folder), jobs=4), reports, memory=True).peak
    return f"\npeak memory for each further worker, of four: {(four - two) / 2:.0f} MB, to reach 150"


def short_and_long(source: str, weeks: int) -> Iterator[str]:
    """Hold a run of one week's profiles of all states against one of many weeks'."""
    for some in (full_weeks(source)[-1:], full_weeks(source)[-weeks:]):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder)
            run = measured(lambda: declines("state_profile", source, some, out, "--state", "each"), 1, memory=True)  # noqa: B023
            made = len(json.loads((out / "manifest.json").read_text())["reports"])
        wall, cpu = run.wall / made, run.cpu / made
        yield f"{made} profiles: {wall:.2f} s wall, {cpu:.2f} s CPU a report; peak memory {run.peak:.0f} MB"


def main() -> None:
    """Measure everything and print it, or be the warm process of way d."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/batch.py", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--reports", type=int, default=40, help="Reports of way c in a round.")
    parser.add_argument("--rows", type=int, default=600_000, help="Rows of the made-up source; 0 = leave it out.")
    parser.add_argument("--long", type=int, help="Instead: profiles of all states for one week, and for this many.")
    parser.add_argument("--warm-forks", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.warm_forks:
        told = json.loads(asked.warm_forks)
        print(json.dumps(warm_forks(told["source"], told["weeks"], Path(told["folder"]), told["page"])))
        return
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # processes that outlive their parents are counted, too
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        os.environ[DATA_DIR_VARIABLE] = folder
        if asked.long:
            print(*short_and_long("fy2015", asked.long), sep="\n")
            return
        names = ["fy2015"]
        if asked.rows:
            release = Path(folder) / "release.parquet"
            write_release(generate(1, detainers=asked.rows, extracted_on=date(2026, 3, 10)).release, release)
            import_release([release], "made-up", title="made-up")
            names.append("made-up")
        for name in names:
            found, memory = rounds_of(name, asked.rounds, asked.reports)
            print(
                *table(name, asked.reports, found, memory),
                own_cost(name, asked.rounds),
                a_further_worker(name, asked.reports, memory["c"].peak),
                sep="\n",
                end="\n\n",
            )


if __name__ == "__main__":
    main()
