"""Totals checked when a report is made, and the hash of what it is counted from."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from made_cohorts import opened

import analysis as an
from analysis.errors import InputError
from analysis.stats import counts as counting
from analysis.stats import summary
from analysis.stats.cohort import Cohort, detainers_sha256
from analysis.stats.period_profile import period_profile

WEEK = "synthetic", "2025-06-14"


def table_of(week: Cohort, by: str) -> pd.DataFrame:
    return period_profile("synthetic", week.week).by("state") if by == "period" else an.counts_by(week, by)


def lose_one(column: str, first: pd.Timestamp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let counts by a column lose one detainer, as a wrong join would."""
    whole = counting.count_outcomes

    def lossy(table: pd.DataFrame, by: Any) -> pd.DataFrame:  # noqa: ANN401
        found = whole(table, by)
        if column in ([by] if isinstance(by, str) else by) and (found["declined"] > 0).any():
            rows = found.index[found["declined"] > 0]
            rows = rows[rows.get_level_values(0) <= first] if rows.nlevels > 1 else rows
            found.loc[rows[-1], ["issued", "declined"]] -= 1
        return found

    for module in ("stats.cohort", "stats.counts", "stats.summary.counting"):
        monkeypatch.setattr(f"analysis.{module}.count_outcomes", lossy)


@pytest.mark.parametrize("table", ["all", "state", "offence_group", "form", "lift_reason", "period"])
def test_a_table_that_loses_a_detainer_stops_with_both_numbers(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not table_of(opened(*WEEK), table).empty
    column, week = {"all": "outcome", "period": "state"}.get(table, table), an.cohort(*WEEK)
    lose_one(column, pd.Timestamp(week.week), monkeypatch)
    total = int(week.everywhere["detainers"].sum())
    by = column.replace("_", " ")
    with pytest.raises(InputError, match=f"by {by} do not add up .*found {total - 1}, expected {total}. No report is"):
        table_of(week, table)


def test_outcomes_that_are_not_the_issued_stop() -> None:
    week = opened(*WEEK)
    counts = counting.count_outcomes(week.everywhere, "state")
    assert summary.adding_up(week, "state", counts) is counts
    counts.iloc[0, counts.columns.get_loc("taken")] += 1
    with pytest.raises(InputError, match="issued, by outcome"):
        summary.adding_up(week, "state", counts)


def test_what_a_report_is_counted_from_has_one_hash_in_any_order_and_place() -> None:
    week, moved, other = opened(*WEEK), an.cohort(*WEEK, state="TX"), an.cohort(*WEEK)
    vars(moved)["records"] = week.records.sample(frac=1, random_state=1)
    vars(other)["records"] = week.records.assign(outcome=week.records["outcome"].iloc[0])
    known = an.sentences.facts_of(week)["detainers_sha256"]
    assert detainers_sha256(week) == detainers_sha256(moved) == known
    assert known not in (detainers_sha256(other), detainers_sha256(an.cohort("synthetic", "2025-06-07")))
