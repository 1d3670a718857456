"""Made-up tables of detainers with known answers, and cohorts of them without a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.load.repeats import is_repeat
from analysis.load.sources import Origin, Source, SourceFacts
from analysis.load.table import Outcome, as_table
from analysis.periods import WEEK, Calendar, saturday_of
from analysis.stats.cohort import Cohort

FIRST = date(2016, 1, 2)
Week = dict[str, tuple[int, int]]
"""Declined and issued by state; ``blank`` is a state not given."""


@dataclass(frozen=True)
class MadeSource(Source):
    """A source whose rows are at hand."""

    table: pd.DataFrame | None = None

    def detainers(
        self,
        columns: Sequence[str] | None = None,
        first: date | None = None,
        last: date | None = None,
        *,
        repeats: bool = True,
    ) -> pd.DataFrame:
        assert self.table is not None
        kept = pd.Series(True, index=self.table.index)
        if first is not None:
            kept &= self.table["issued_on"] >= pd.Timestamp(first)
        if last is not None:
            kept &= self.table["issued_on"] <= pd.Timestamp(last)
        if not repeats:
            kept &= ~is_repeat(self.table["duplicate"])
        return self.table.loc[kept, list(columns) if columns else list(self.table.columns)]


def detainers(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Make a table of detainers; a row left at its defaults is one undecided detainer of the first week."""
    default: dict[str, Any] = {"issued_on": FIRST, "state": None, "form": "I247D", "request": "hold"}
    default |= {"lift_reason": None, "outcome": Outcome.NOT_RECORDED, "detainers": 1, "source_file": "made"}
    return as_table(pd.DataFrame([default | {"source_row": n + 2} | row for n, row in enumerate(rows)]))


def made_weeks(*weeks: Week, first: date = FIRST, **columns: object) -> pd.DataFrame:
    """Make weeks of (declined, issued) by state; the undeclined are taken by ICE."""
    rows = [
        {
            "issued_on": first + n * WEEK,
            "state": None if state == "blank" else state,
            "outcome": outcome,
            "detainers": number,
            **columns,
        }
        for n, week in enumerate(weeks)
        for state, (declined, issued) in week.items()
        for outcome, number in ((Outcome.DECLINED, declined), (Outcome.TAKEN, issued - declined))
        if number
    ]
    return detainers(rows)


def made_cohort(
    table: pd.DataFrame,
    week: object = "latest",
    *,
    extracted_on: date | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
    offences: bool = False,
    **scope: str,
) -> Cohort:
    """Give the cohort of a week of a made-up table, which covers whole weeks and is settled unless said otherwise."""
    days = table["issued_on"].dropna()
    start = first_day or saturday_of(days.min().date())
    end = last_day or saturday_of(days.max().date()) + timedelta(days=6)
    facts = SourceFacts(
        name="made",
        title="Made-up detainers",
        clock="issued",
        first_day=start,
        last_day=end,
        extracted_on=extracted_on or end + timedelta(days=365),
        detainers=int(table["detainers"].sum()),
        declined=int(table.loc[table["outcome"] == Outcome.DECLINED, "detainers"].sum()),
        synthetic=True,
        offences=offences,
    )
    known = dict.fromkeys(Origin.model_fields, "made up") | {"source": facts}
    source = MadeSource(facts, Origin.model_validate(known), Path("made.csv"), table=table)
    return Cohort(source, Calendar.of(facts).pick_period(week), **scope)
