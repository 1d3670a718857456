"""Made-up tables of detainers with known answers, cohorts of them without a file, and the week most tests look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

import analysis as an
from analysis.load.sources import Origin, Source, SourceFacts
from analysis.load.table import Outcome, as_table
from analysis.periods import WEEK, Calendar, saturday_of
from analysis.stats.cohort import Cohort, cohort

FIRST = date(2016, 1, 2)
Day = date | None
Week = dict[str, tuple[int, int]]
"""Declined and issued by state; ``blank`` is a state not given."""
STEADY: list[Week] = [{"CA": (20, 200), "NY": (20, 200), "TX": (18, 200)}] * 40


once, published = cache(cohort), cache(an.published_week)
"""Cohorts of bundled sources and published weeks, opened once for all tests."""


def opened(source: str = "fy2015", period: str = "2015-06-20", **of: str) -> Cohort:
    return once(source, period, **of)


@dataclass(frozen=True)
class MadeSource(Source):
    """A source whose rows are at hand."""

    table: pd.DataFrame | None = None
    sha256 = "0" * 64

    def detainers(
        self, columns: Sequence[str] | None = None, first: Day = None, last: Day = None, *, repeats: bool = True
    ) -> pd.DataFrame:
        assert self.table is not None
        days = self.table["issued_on"]
        kept = (repeats | ~self.table["duplicate"].notna()) & (first is None or days >= pd.Timestamp(first))
        kept &= last is None or days <= pd.Timestamp(last)
        return self.table.loc[kept, list(columns or self.table)]


def detainers(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Make a table of detainers; a row left at its defaults is one undecided detainer of the first week."""
    default: dict[str, Any] = {"issued_on": FIRST, "state": None, "form": "I247D", "request": "hold"}
    default |= {"lift_reason": None, "outcome": Outcome.NOT_RECORDED, "detainers": 1, "source_file": "made"}
    made = [default | {"source_row": n + 2} | row for n, row in enumerate(rows)]
    return as_table(pd.DataFrame(made or [default | {"source_row": 2}])[: len(made)])


def many(names: str, *rows: tuple[Any, ...]) -> pd.DataFrame:
    """Make detainers from rows of some columns' values and how many there are of each."""
    return detainers([dict(zip(names.split(), row, strict=False)) for row in rows for _ in range(row[-1])])


def made_weeks(*weeks: Week, first: date = FIRST, **columns: object) -> pd.DataFrame:
    """Make weeks of (declined, issued) by state; the undeclined are taken by ICE."""
    rows = [
        {"issued_on": first + n * WEEK, "state": state, "outcome": outcome, "detainers": number, **columns}
        for n, week in enumerate(weeks)
        for state, (declined, issued) in week.items()
        for outcome, number in ((Outcome.DECLINED, declined), (Outcome.TAKEN, issued - declined))
        if number
    ]
    return detainers([row | {"state": None} if row["state"] == "blank" else row for row in rows])


def made_cohort(table: pd.DataFrame, week: object = "latest", *, offences: bool = False, **of: Any) -> Cohort:  # noqa: ANN401
    """Give the cohort of a week of a made-up table, which covers whole weeks and is settled unless said otherwise."""
    days, number = table["issued_on"].dropna(), table["detainers"]
    start, end, extracted = (of.pop(name, None) for name in ("first_day", "last_day", "extracted_on"))
    end = end or saturday_of(days.max().date()) + timedelta(days=6)
    about: dict[str, Any] = {"name": "made", "title": "Made-up detainers", "clock": "issued", "synthetic": True}
    about |= {"first_day": start or saturday_of(days.min().date()), "last_day": end, "offences": offences}
    about |= {"declined": number[table["outcome"] == Outcome.DECLINED].sum(), "detainers": number.sum()}
    facts = SourceFacts(extracted_on=extracted or end + timedelta(days=365), **about)
    known = dict.fromkeys(Origin.model_fields, "made up") | {"source": facts, "made_from": None}
    source = MadeSource(facts, Origin.model_validate(known), Path("made.csv"), table=table)
    return Cohort(source, Calendar.of(facts).pick_period(week), **of)
