"""What stands beside a week's counts: its measured maturity, states like for like, facilities."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from test_cohorts import FIRST, detainers

from analysis.load.table import Outcome
from analysis.periods import WEEK, Calendar
from analysis.stats import context
from analysis.stats.clusters import clustered_shares

WEEKS = 30
LAST = FIRST + WEEKS * WEEK - timedelta(days=1)
CALENDAR = Calendar(FIRST, LAST, LAST)  # extracted on the last week's Friday: by days, four weeks are provisional


def recorded(delays: list[int]) -> pd.DataFrame:
    """Make weeks of a decline for each delay, recorded so many weeks later, as known on the last day."""
    known = [
        (FIRST + n * WEEK, FIRST + (n + delay) * WEEK)
        for n in range(WEEKS)
        for delay in delays
        if FIRST + (n + delay) * WEEK <= LAST
    ]
    ended = [{"issued_on": day, "lifted_on": end, "outcome": Outcome.DECLINED} for day, end in known]
    return detainers([*ended, *({"issued_on": FIRST + n * WEEK} for n in range(WEEKS))])


def test_weeks_go_by_their_measured_completeness() -> None:
    table = recorded([0] * 2 + [1] * 4 + [2] * 13 + [3])  # by age: 10%, 30%, 95%, all
    triangle = context.measured_triangle(table, LAST, {})
    calendar = context.matured(CALENDAR, triangle)
    last = [calendar.status(FIRST + n * WEEK) for n in range(WEEKS - 5, WEEKS)]
    assert last == ["settled", "settled", "settled", "too young", "too young"]
    facts = context.maturity_facts(calendar, triangle, FIRST + (WEEKS - 2) * WEEK)
    assert facts["week_completeness"] == pytest.approx(0.3)
    assert facts["status_by"] == "as measured"


def test_without_days_of_declines_weeks_go_by_the_rule_of_days() -> None:
    table = recorded([0, 1]).assign(lifted_on=pd.NaT)
    assert context.measured_triangle(table, LAST, {}) is None
    calendar = context.matured(CALENDAR, None)
    assert [calendar.status(FIRST + n * WEEK) for n in (WEEKS - 5, WEEKS - 4)] == ["settled", "provisional"]
    facts = context.maturity_facts(calendar, None, FIRST)
    assert facts == {"week_completeness": None, "status_by": "by the rule of 28 days"}
    partial = Calendar(FIRST + timedelta(days=1), LAST, date(2018, 1, 1))
    assert context.maturity_facts(partial, None, FIRST)["status_by"] == "by the days covered"


def of_facilities() -> pd.DataFrame:
    """Make two states' detainers, each with six facilities; one of Texas has all its declines."""
    counts = {"TX": [(12, 20), *[(0, 20)] * 5], "CA": [(2, 20)] * 6}
    return detainers(
        [
            {"state": state, "facility_code": f"{state}{n}", "agency": "A", "outcome": what, "detainers": number}
            for state, facilities in counts.items()
            for n, (declined, issued) in enumerate(facilities)
            for what, number in ((Outcome.DECLINED, declined), (Outcome.TAKEN, issued - declined))
            if number
        ]
    )


def test_the_interval_by_facilities_is_wider_where_one_has_all_declines() -> None:
    rows = of_facilities()
    found = context.facility_shares(rows)
    assert found is not None
    assert found.index.tolist() == ["all", "CA", "TX"]
    assert found.loc["CA", "design_effect"] == 1
    assert found.loc["TX", "design_effect"] > 5
    assert found.loc["TX", "cluster_high"] > found.loc["TX", "high"]
    counts = pd.DataFrame(
        {"declined": [12, 0, 0, 0, 0, 0], "issued": 20}, index=pd.MultiIndex.from_product([["TX"], range(6)])
    )
    exact = clustered_shares(counts).loc["TX"]
    assert found.loc["TX", "cluster_low"] == round(exact["cluster_low"], 3)  # no more digits than a reader needs


def test_a_source_without_facilities_has_no_interval_by_them() -> None:
    assert context.facility_shares(of_facilities().assign(facility_code=None, agency=None)) is None
    by_agency = context.facility_shares(of_facilities().assign(facility_code=None))
    assert by_agency is not None
    assert by_agency.loc["TX", "facilities"] == 1


def test_states_that_differ_no_more_than_by_chance_are_said_to() -> None:
    same = pd.DataFrame({"declined": [10, 9, 11, 10], "issued": [100] * 4}, index=["CA", "TX", "NY", "not given"])
    estimates = context.estimated_shares(same)
    assert estimates.attrs["no_spread"]
    assert estimates.index.tolist() == ["CA", "TX", "NY"]
    assert not context.estimated_shares(same.assign(declined=[50, 1, 9, 10])).attrs["no_spread"]


def test_the_count_taken_apart_adds_up_to_its_change() -> None:
    before = detainers([{"outcome": Outcome.DECLINED, "detainers": 16}, {"detainers": 144}])
    after = detainers([{"outcome": Outcome.DECLINED, "detainers": 6}, {"detainers": 24}])
    parts = context.parts_of_count(before, after, 8, ["request"])
    assert parts["change"] == 4  # 6, against 2 a week
    assert parts[["detainers", "mix", "share"]].sum() == pytest.approx(4, abs=0.15)
    assert parts["mix"] == 0


def test_no_share_at_the_mix_of_all_has_a_limit_above_one() -> None:
    rows = detainers(
        [
            {"state": state, "request": request, "outcome": what, "detainers": number}
            for state, number in (("TX", 500), ("VT", 1))
            for request in ("hold", "notify")
            for what in (Outcome.TAKEN, *([Outcome.DECLINED] if state == "TX" else []))
        ]
    )
    direct = context.direct_shares(rows)
    assert direct.loc["VT", "high"] == 1
    assert 0.5 < direct.loc["TX", "high"] < 0.6
