"""Seconds that all statistics of one week take: ``OMP_NUM_THREADS=1 python tests/benchmarks/weekly_statistics.py``.

56 states and territories × 16 offence groups of a made-up release in form F with days of ends, 600,000 rows by default,
imported and read as a weekly report reads it. One line per part, then all of them: the median over the rounds and, in
brackets, the least and the most, by the clock and in CPU time. Reading comes on top (``python tests/benchmarks``).
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from timing import Spent, median_and_range, spent

from analysis.load.events import blocking_events
from analysis.load.sources import open_source
from analysis.load.store import DATA_DIR_VARIABLE
from analysis.load.synthetic import generate, write_release
from analysis.load.synthetic_laws import Options
from analysis.load.vocabulary import states
from analysis.periods import Calendar, last_day
from analysis.run.imports import import_release
from analysis.stats import cohorts, context
from analysis.stats.clusters import clustered_counts, clustered_shares
from analysis.stats.disclosure import suppress_table
from analysis.stats.incidence import cumulative_incidence
from analysis.stats.mix import direct_standardisation
from analysis.stats.nowcast import measure_delays, nowcast_weeks
from analysis.stats.scan import scan_week
from analysis.stats.shrinkage import rank_probabilities, shrunken_shares

NAME = "benchmark"
EXTRACTED = date(2026, 3, 10)


def parts_of_a_week(name: str) -> dict[str, Callable[[], Any]]:
    """Give every part of a week's statistics as a function without arguments, on a source that has been read."""
    source = open_source(name, clock="issued")
    calendar = Calendar.of(source.facts)
    week = calendar.pick("latest settled")
    table = cohorts.without_repeats(source.detainers(cohorts.SERIES_COLUMNS))
    rows = cohorts.without_repeats(source.detainers(first=week, last=last_day(week)))
    earlier = calendar.full_weeks_before(week, cohorts.TRAILING_WEEKS)
    recent = source.detainers(cohorts.RECORD_COLUMNS, first=earlier[0], last=last_day(week))
    before, now = (context.rows_of_weeks(cohorts.without_repeats(recent), weeks) for weeks in (earlier, [week]))
    places = [*states().index, cohorts.NOT_GIVEN]
    factors = {"offence group": ["offence_group"], "request": ["request"]}

    def compared() -> None:
        by_week = cohorts.count_outcomes(table, ["week", "state"])
        cohorts.compare_weeks(by_week, week, calendar, places, blocking_events())
        cohorts.with_intervals(cohorts.of_week(by_week, week, places))
        cohorts.weekly_series(by_week, calendar)

    def places_alike() -> None:
        by_state = cohorts.count_outcomes(now, "state")
        rank_probabilities(shrunken_shares(by_state))
        context.state_funnel(now, has_offences=True)
        direct_standardisation(cohorts.count_outcomes(now, ["state", "request"]))

    def clusters() -> None:
        by_facility = cohorts.count_outcomes(rows, ["state", "facility_code"])
        clustered_shares(by_facility)
        clustered_counts(by_facility["declined"])

    def hidden() -> None:
        counts = cohorts.count_outcomes(now, ["state", "offence_group"])["declined"]
        suppress_table(counts.unstack(fill_value=0))

    return {
        "counts, shares, intervals, tests": compared,
        "scan of states × offence groups": lambda: scan_week(table, week, calendar),
        "shrinkage, ranks, funnel, standardised": places_alike,
        "a change taken apart": lambda: context.parts_of_change(before, now, factors),
        "facilities as clusters": clusters,
        "triangle and nowcast": lambda: nowcast_weeks(measure_delays(table, source.facts.extracted_on, {}), calendar),
        "cumulative incidence": lambda: cumulative_incidence(table, source.facts.extracted_on),
        "small cells hidden": hidden,
    }


def main() -> None:
    """Make, import and measure."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/weekly_statistics.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rows", type=int, default=600_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        release = Path(temporary) / "release.parquet"
        made = generate(1, detainers=asked.rows, extracted_on=EXTRACTED, options=Options(with_lift_date=True))
        write_release(made.release, release)
        os.environ[DATA_DIR_VARIABLE] = temporary
        import_release([release], NAME, title=NAME)
        parts = parts_of_a_week(NAME)
        measured: dict[str, list[Spent]] = {name: [] for name in parts}
        for turn in range(asked.rounds + 1):
            for name, run in parts.items():
                took = spent(run)
                if turn:  # the first round warms up
                    measured[name].append(took)
    print(f"all statistics of one week of {asked.rows:,} rows; target 1 s on one core")
    measured["all"] = [Spent(*map(sum, zip(*turn, strict=True))) for turn in zip(*measured.values(), strict=True)]
    for name, turns in measured.items():
        wall, cpu = ([getattr(one, kind) for one in turns] for kind in Spent._fields)
        print(f"  {name:40} wall {median_and_range(wall, ' s'):24}  cpu {median_and_range(cpu, ' s')}")


if __name__ == "__main__":
    main()
