"""Totals checked when a report is made, and the hash of what it is counted from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import pytest

import analysis as an
from analysis.errors import InputError
from analysis.stats import counts as counting
from analysis.stats import summary
from analysis.stats.cohort import Cohort, detainers_sha256
from analysis.stats.period_profile import period_profile

TABLES: dict[str, Callable[[Cohort], Any]] = {
    name: partial(lambda name, of: an.counts_by(of, name), name)
    for name in ("all", "state", "offence_group", "form", "lift_reason")
}
TABLES["agency"] = lambda of: an.counts_by(an.cohort("synthetic", of.week, state="TX"), "agency")
TABLES["state and offence"] = an.cross_tabulate
LAST_QUARTER = "agency", "state and offence"
TABLES["period"] = lambda of: period_profile("synthetic", of.week).by("state")


def cohort_without(column: str, monkeypatch: pytest.MonkeyPatch) -> Cohort:
    """Give a week whose counts by a column lose one detainer, as a wrong join would."""
    week = an.cohort("synthetic", "2025-06-14")
    whole = counting.count_outcomes

    def lossy(table: pd.DataFrame, by: Any) -> pd.DataFrame:  # noqa: ANN401
        found = whole(table, by)
        if column in ([by] if isinstance(by, str) else by) and (found["declined"] > 0).any():
            rows = found.index[found["declined"] > 0]
            last = (
                rows[rows.get_level_values(0) <= pd.Timestamp(week.week)][-1] if found.index.nlevels > 1 else rows[-1]
            )
            found.loc[last, ["issued", "declined"]] -= 1
        return found

    for module in ("stats.counts", "stats.disclosure"):
        monkeypatch.setattr(f"analysis.{module}.count_outcomes", lossy)
    return week


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("all", "outcome"),
        ("state", "state"),
        ("offence_group", "offence_group"),
        ("form", "form"),
        ("lift_reason", "lift_reason"),
        ("period", "state"),
        ("agency", "agency"),
        ("state and offence", "offence_group"),
    ],
)
def test_a_table_that_loses_a_detainer_stops_with_both_numbers(
    table: str, column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not TABLES[table](an.cohort("synthetic", "2025-06-14")).empty
    week = cohort_without(column, monkeypatch)
    of = week.last_quarter if table in LAST_QUARTER else week
    assert of
    rows = of.everywhere[of.everywhere["state"] == "TX"] if table == "agency" else of.everywhere
    by, total = table if table in LAST_QUARTER else column.replace("_", " "), rows["detainers"].sum()
    with pytest.raises(InputError, match=f"by {by} do not add up .*found {total - 1}, expected {total}. No report is"):
        TABLES[table](week)


def test_outcomes_that_are_not_the_issued_stop() -> None:
    week = an.cohort("synthetic", "2025-06-14")
    counts = counting.count_outcomes(week.everywhere, "state")
    assert summary.adding_up(week, "state", counts) is counts
    counts.iloc[0, counts.columns.get_loc("taken")] += 1
    with pytest.raises(InputError, match="issued, by outcome"):
        summary.adding_up(week, "state", counts)


def test_what_a_report_is_counted_from_has_one_hash_in_any_order_and_place() -> None:
    week, moved = an.cohort("synthetic", "2025-06-14"), an.cohort("synthetic", "2025-06-14", state="TX")
    vars(moved)["records"] = week.records.sample(frac=1, random_state=1)
    known = {detainers_sha256(week), detainers_sha256(moved)}
    assert known == {an.sentences.facts_of(week)["detainers_sha256"]}
    other = an.cohort("synthetic", "2025-06-14")
    vars(other)["records"] = week.records.assign(outcome=week.records["outcome"].iloc[0])
    assert detainers_sha256(other) not in known
    assert detainers_sha256(an.cohort("synthetic", "2025-06-07")) not in known
