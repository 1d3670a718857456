"""Two versions of a source: planted changes are found as they were planted, and the counts add up whatever the rows."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cohorts import FIRST, detainers, made_cohort

import analysis as an
from analysis.load.table import Outcome
from analysis.stats.revisions import Revision, compare_tables

REASON = {Outcome.DECLINED: "Detainer Declined by LEA", Outcome.TAKEN: "Booked into Detention"}
Row = tuple[int, str, str, Outcome]


def version(*rows: Row, **columns: list[Any]) -> pd.DataFrame:
    """Make a table of detainers: the day since the first, citizenship, agency and outcome of each."""
    names, default = ("citizenship", "agency", "outcome"), {"facility_code": None, "person": None, "state": "TX"}
    made = [
        {"issued_on": FIRST + timedelta(days=row[0]), "lift_reason": REASON.get(row[3]), **default}
        | dict(zip(names, row[1:], strict=True))
        | {name: values[n] for name, values in columns.items()}
        for n, row in enumerate(rows)
    ]
    return detainers(made)


def kinds(revision: Revision) -> dict[str, int]:
    number = revision.rows.set_index("kind")["detainers"]
    return number[number > 0].to_dict()


OPEN, DECLINED, TAKEN = Outcome.NOT_RECORDED, Outcome.DECLINED, Outcome.TAKEN
OLDER: list[Row] = [(day, country, "A JAIL", OPEN) for day in range(8) for country in ("Aland", "Borduria", "Syldavia")]


def planted() -> list[Row]:
    """Take one row away, end three, and add one late and two new ones."""
    rows = [*OLDER[1:], (3, "Ruritania", "A JAIL", OPEN), *[(9, "Aland", "A JAIL", OPEN)] * 2]
    return [(*row[:3], DECLINED) if n in (4, 5) else (*row[:3], TAKEN) if n == 6 else row for n, row in enumerate(rows)]


def test_what_was_planted_is_found() -> None:
    revision = compare_tables(version(*OLDER), version(*planted()))
    assert revision.key == ("issued_on", "form", "citizenship", "state", "agency")
    assert kinds(revision) == {"same": 20, "changed": 3, "vanished": 1, "late": 1, "new": 2}
    alike = revision.rows.set_index("kind")["alike"]
    assert (alike["new"], alike.sum()) == (2, 2)
    assert revision.columns.to_dict("list") == {"column": ["lift_reason"], "detainers": [3]}
    assert revision.outcomes.to_numpy().tolist() == [[OPEN, DECLINED, 2, 0], [OPEN, TAKEN, 1, 0]]
    facts: dict[str, object] = {"filled": 3, "declined_filled": 2, "by_person": False, "rows_late": 1, "alike_new": 2}
    facts |= {"weeks_both": 1, "weeks_revised": 1}  # the second week is cut short in the older one
    facts |= {"most": FIRST.isoformat(), "most_was": 0, "most_now": 2}
    facts |= {"issued_change": 0, "declined_change": 2, "not_recorded_change": -3}
    assert {name: revision.facts[name] for name in facts} == facts
    weeks = revision.by_week
    assert weeks[["issued_was", "issued_now"]].to_numpy().tolist() == [[21, 21], [3, 5]]
    assert weeks[["changed", "vanished", "late", "new"]].to_numpy().tolist() == [[3, 1, 1, 0], [0, 0, 0, 2]]
    assert weeks["cut"].to_list() == [False, True]
    of_one = replace(revision, source=made_cohort(detainers([{"state": "CA"}])).source).weeks
    assert of_one["not_recorded_now"].isna().all(), "of one state no ends are told by week"
    assert of_one["declined_now"].notna().all()


def test_a_week_that_a_version_does_not_reach_is_blank_and_one_without_a_detainer_is_zero() -> None:
    older, newer = version((0, "Aland", "A", OPEN), (14, "Aland", "A", OPEN)), version((21, "Aland", "A", DECLINED))
    weeks = compare_tables(older, newer).by_week
    assert weeks["issued_was"].fillna(-1).to_list() == [1, 0, 1, -1]
    assert weeks["issued_now"].fillna(-1).to_list() == [-1, -1, -1, 1]


@pytest.mark.parametrize(
    ("ends", "columns", "expected"),
    [
        # A facility's code stands for its place.
        (["A COUNTY JAIL"], [("facility_code", (["F1"], ["F1"]))], {"changed": 1}),
        (["A COUNTY JAIL"], [], {"vanished": 1, "late": 1}),
        # Only shared ids find a detainer at another place; those without an id are not one person.
        (["A", "B"], [("person", (["p1", "p2"], ["p1", "p2"]))], {"same": 1, "changed": 1}),
        (["A", "B"], [("person", (["p1", "p2"], ["q1", "q2"]))], {"same": 1, "vanished": 1, "late": 1}),
        (["A", "B"], [("person", (["p1", None], ["p1", None]))], {"same": 1, "vanished": 1, "late": 1}),
        # A row of counts stands for as many rows.
        (["A"], [("detainers", ([3], [5]))], {"same": 3, "late": 2}),
    ],
)
def test_what_finds_a_detainer_again(ends: list[str], columns: list[tuple[str, Any]], expected: dict[str, int]) -> None:
    older, newer = (
        version(*((day, "Aland", place, OPEN) for day, place in enumerate(places)), **{k: v[n] for k, v in columns})
        for n, places in enumerate((["A"] * len(ends), ends))
    )
    revision = compare_tables(older, newer)
    assert kinds(revision) == expected
    assert ("person" in revision.key) == ("p1" in str(columns) and "q1" not in str(columns))


COUNTRIES, ENDS = st.sampled_from(["Aland", "Syldavia"]), st.sampled_from([OPEN, TAKEN])
ROWS = st.lists(st.tuples(st.integers(0, 9), COUNTRIES, st.sampled_from("AB"), ENDS), min_size=1, max_size=20)


@settings(max_examples=3)  # each compares two tables whole, twice
@given(ROWS, ROWS, st.integers(0, 99))
def test_the_counts_are_the_least_that_turn_one_version_into_the_other(
    older: list[Row], newer: list[Row], seed: int
) -> None:
    """By another way: rows as they are and rows without their end, counted as heaps that overlap."""
    tables = version(*older), version(*newer)
    revision = compare_tables(*tables)
    was, now = (Counter(row[:3] for row in rows) for rows in (older, newer))
    alike, matched = (Counter(older) & Counter(newer)).total(), (was & now).total()
    last, left = max(row[0] for row in older), now - was
    late = sum(number for (day, *_), number in left.items() if day <= last)
    expected = {"same": alike, "changed": matched - alike, "vanished": len(older) - matched}
    expected |= {"late": late, "new": left.total() - late}
    assert kinds(revision) == {kind: number for kind, number in expected.items() if number}
    assert revision.outcomes["detainers"].sum() == expected["changed"]
    again = compare_tables(*(table.sample(frac=1, random_state=seed, ignore_index=True) for table in tables))
    for name in ("rows", "columns", "outcomes", "by_week"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(revision, name))


def test_a_version_is_the_same_as_itself() -> None:
    table = version(*planted())
    revision = compare_tables(table, table)
    assert kinds(revision) == {"same": len(table)}
    assert "most" not in revision.facts
    assert (revision.facts["weeks_both"], revision.facts["weeks_revised"]) == (1, 0)
    assert (len(revision.outcomes), len(revision.columns)) == (0, 0)


# Versions of a source ------------------------------------------------------------------------------------------------


def test_the_frames_of_two_versions_agree_with_each_other_and_say_of_what_they_are() -> None:
    revision = an.compare_versions("synthetic", 1, 3)
    rows, weeks = revision.rows.set_index("kind")["detainers"], revision.weeks
    older, newer = (len(an.open_source("synthetic", version=number).detainers()) for number in (1, 3))
    assert rows[["same", "changed", "vanished"]].sum() == older
    assert rows[["same", "changed", "late", "new"]].sum() == newer
    assert revision.parameters == {"source": "synthetic", "older": 1, "newer": 3}
    assert weeks.index.is_monotonic_decreasing
    assert set(weeks["cut"]) == {"yes", "no"}
    assert weeks["changed"].sum() + weeks["vanished"].sum() <= rows["changed"] + rows["vanished"]
    assert weeks.attrs["facts"]["declined_was"] == weeks.query("cut == 'no'")["declined_was"].sum()
    assert (weeks.attrs["older"], weeks.attrs["newer"], weeks.attrs["synthetic"]) == ("1", "3", True)
    known = revision.triangle.pivot_table(index="week", columns="version", values="known_then")
    assert list(known) == [1, 2, 3]
    assert (known.max(axis="columns") > known.min(axis="columns")).all()
    assert revision.triangle.groupby("version")["extracted_on"].nunique().eq(1).all()
