"""How long a change in the form takes: ``OMP_NUM_THREADS=1 python tests/benchmarks/explore.py``.

Milliseconds of CPU, which a busy machine does not change much, from a choice to the sentences, the table and the
figure, on a made-up source of 600,000 rows; beside them those of the same lines and figure by ``an`` itself. State by
offence is measured twice: at once, and after the pause in which the form works out all quarters.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib
import pandas as pd
from synthetic import generate, write_release

import analysis as an
from analysis.files import DATA_DIR_VARIABLE
from analysis.load.imports import import_release
from analysis.show.explore import Explorer
from analysis.show.style import svg_of
from analysis.stats.view import SHOWS

NAME, MONTHS = "benchmark", ["2024-03", "2024-07", "2024-11", "2025-02", "2025-05", "2025-09"]
PAUSED = "cross after a pause"
PLACES = ["TX", "CA", "FL", "NY", "CO", "IL"]


def milliseconds(run: Callable[[], Any]) -> tuple[float, float]:
    """Measure one run: by the clock, and of CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def change(form: Explorer, name: str, value: Any) -> Callable[[], None]:  # noqa: ANN401
    """Make a run that chooses something in the form."""
    return lambda: setattr(form.controls[name], "value", value)


def directly(code: str) -> Callable[[], None]:
    """Make a run that asks the same of ``an``, and draws it."""

    def run() -> None:
        ran: dict[str, Any] = {}
        with redirect_stdout(io.StringIO()):
            exec(code.replace("an.plot", "figure = an.plot"), ran)
        if "figure" in ran:
            svg_of(ran["figure"])

    return run


def main() -> None:
    """Measure every view, for a change of state and of period."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=600_000)
    asked = parser.parse_args()
    matplotlib.use("agg")
    with tempfile.TemporaryDirectory() as folder:
        os.environ[DATA_DIR_VARIABLE] = folder
        release = Path(folder) / "release.parquet"
        write_release(generate(1, detainers=asked.rows, extracted_on=date(2026, 3, 10)).release, release)
        import_release([release], NAME, title=NAME)
        opened: list[Explorer] = []
        print("opening: {:.0f} ms, {:.0f} of CPU".format(*milliseconds(lambda: opened.append(an.explore(NAME)))))
        form, rows = opened[0], []
        for label in [*SHOWS, PAUSED]:
            show = label.split()[0]
            if label == PAUSED:
                form = an.explore(NAME)
                steps = [milliseconds(partial(next, form.ahead, None)) for _ in form.memory.periods]
                print("a step while nothing is chosen: at most {:.0f} ms, {:.0f} of CPU".format(*max(steps)))
            change(form, "states", ("all",))()
            change(form, "show", show)()
            for name, values in (("period", MONTHS), ("states", [(place,) for place in PLACES])):
                taken, alone = [], []
                for value in values:
                    taken.append(milliseconds(change(form, name, value)))
                    alone.append(milliseconds(directly(form.code.value)))
                wall, cpu = (median(times) for times in zip(*taken, strict=True))
                most, theirs = max(cpu for _, cpu in taken), median(cpu for _, cpu in alone)
                told = {"wall": wall, "cpu": cpu, "most": most, "an": theirs, "an over it": theirs / cpu}
                rows.append({"view": label, "changed": "state" if name == "states" else name, **told})
    print(pd.DataFrame(rows).round(1).to_string(index=False))


if __name__ == "__main__":
    main()
