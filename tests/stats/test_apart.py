"""One place over half: which it is, what remains, and what an offence group's report may name."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_cohorts import CALENDAR, FIRST, NO_EVENTS, detainers

from analysis.load.table import Outcome
from analysis.load.vocabulary import states
from analysis.periods import WEEK
from analysis.stats.apart import apart_facts, apart_of_offence, over_half
from analysis.stats.changes import adjust_for_many, ratio_test
from analysis.stats.cohorts import NOT_GIVEN, compare_weeks, count_outcomes

NOW = FIRST + 9 * WEEK
GROUPS = ["ASSAULT", "DUI"]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8))
def test_over_half_is_more_than_all_others_together(counts: list[int]) -> None:
    named = over_half(pd.Series(counts, index=[f"place {n}" for n in range(len(counts))]), sum(counts))
    most = max(counts)
    assert (named is not None) == (sum(counts) >= 5 and most > sum(counts) - most)
    assert named in (None, f"place {counts.index(most)}")


def of_offence(texas: int, before: int) -> dict[str, Any]:
    """Give what is said of assaults: Texas has so many declines now and in the week before, California twelve."""
    weeks = [(NOW - n * WEEK, before if n else texas) for n in range(9)]
    rows = [
        {"issued_on": day, "state": state, "offence_group": group, "outcome": what, "detainers": number}
        for day, here in weeks
        for state, declined in (("CA", 12), ("TX", here))
        for group in GROUPS
        for what, number in ((Outcome.DECLINED, declined), (Outcome.TAKEN, 60 - declined))
        if number
    ]
    table = detainers(rows).drop(columns="agency")
    counts = count_outcomes(table, ["week", "offence_group"])
    comparisons = compare_weeks(counts, NOW, CALENDAR, GROUPS, NO_EVENTS)
    return dict(apart_of_offence(table, NOW, comparisons, NO_EVENTS, "ASSAULT"))


def test_a_state_over_half_of_an_offence_groups_declines_is_taken_out() -> None:
    found = of_offence(30, 10)
    assert (found["apart_name"], found["apart_is"], found["apart_week"]) == ("Texas", "place", "this")
    assert (found["apart_declined"], found["apart_total"]) == (30, 42)
    rest = [found[f"elsewhere_{name}"] for name in ("declined", "issued", "declined_before", "issued_before")]
    assert rest == [12, 60, 12, 60]
    test = ratio_test(12, 12, 60, 60)
    assert [found[f"elsewhere_{name}"] for name in test._fields] == pytest.approx(list(test))
    assert found["elsewhere_finding"] == "no clear change"


def test_a_count_that_the_tables_hide_is_not_told_by_what_remains_without_it() -> None:
    """Three declines of the week before are hidden; the rest of that week would tell them."""
    assert of_offence(30, 3) == {"apart_name": None}


def test_the_rest_is_one_more_test_of_the_week() -> None:
    rows = [
        {"issued_on": day, "state": state, "outcome": what, "detainers": number}
        for day, counts in ((NOW - WEEK, (20, 20, 9)), (NOW, (60, 34, 9)))
        for state, declined in zip(("CA", "TX", "NY"), counts, strict=True)
        for what, number in ((Outcome.DECLINED, declined), (Outcome.TAKEN, 200 - declined))
    ]
    table = detainers(rows)
    by_week = count_outcomes(table, ["week", "state"])
    comparisons = compare_weeks(by_week, NOW, CALENDAR, [*states().index, NOT_GIVEN], NO_EVENTS)
    found = apart_facts(table, NOW, comparisons, NO_EVENTS, "all")
    p = ratio_test(43, 29, 400, 400).p
    assert found["elsewhere_p_adjusted"] == pytest.approx(adjust_for_many([*comparisons["p"], p])[-1])
    assert float(str(found["elsewhere_p_adjusted"])) > 1.1 * p
