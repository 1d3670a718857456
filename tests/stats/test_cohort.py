"""Cohorts: the totals of fiscal 2015, periods, what is compared and when nothing is, and the family of a page."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cohorts import FIRST, STEADY, Week, made_cohort, made_weeks, opened

import analysis as an
from analysis.periods import WEEK
from analysis.stats.comparisons import CLEAR, adjust_for_many, clear_findings
from analysis.stats.counts import NOT_GIVEN
from analysis.stats.inference import largest_place

COHORTS = yaml.safe_load(Path(__file__).with_name("cohorts.yml").read_text(encoding="utf-8"))

# The fiscal-2015 source: figures published with it, and what a first trial of the method found (methods, section 3.2).


def test_fiscal_2015_adds_up_to_its_published_totals() -> None:
    whole = an.cohort("fy2015", "2015-07-18")
    sums, weeks = whole.by_state.sum(), whole.calendar.weeks()
    assert (sums["issued"], sums["declined"], sums["not_recorded"]) == (79_053, 5_501, 52_263)
    assert whole.by_state.xs(NOT_GIVEN, level="state")["issued"].sum() == 9_020
    assert len(weeks) == 43
    assert [whole.calendar.status(week) for week in weeks][0::42] == ["partial", "partial"]


@pytest.mark.parametrize(
    ("week", "nation", "states"),
    [
        ("2015-03-28", (1_456, 22_780, 2_627, 28_581), {"CO", "IL", "NY", "PA"}),
        ("2015-05-23", (1_285, 23_676, 1_639, 22_826), {"NY", "OK", "TX"}),
        ("2015-06-20", (1_177, 23_294, 1_458, 22_389), {"CA", "FL", "TX", NOT_GIVEN}),
    ],
)
def test_the_trend_finds_what_a_first_trial_found(week: str, nation: tuple[int, ...], states: set[str]) -> None:
    trend = clear_findings(opened("fy2015", week).comparisons).query("against == 'trend'").set_index("place")
    assert tuple(trend.loc["all", ["declined", "issued", "declined_before", "issued_before"]]) == nation
    assert set(trend.index) == {"all", *states}
    assert [trend.loc["all", "finding"], trend["finding"].get("NY", "lower")] == ["lower", "lower"]
    assert trend["finding"].get("TX", "higher") == "higher"


def test_the_family_of_june_is_as_tried() -> None:
    found = opened().comparisons
    assert 59 <= found["p"].notna().sum() <= 62
    assert found["p_adjusted"].to_numpy() == pytest.approx(adjust_for_many(found["p"]), nan_ok=True)
    assert found.loc[("trend", "all", "all"), "p_adjusted"] == pytest.approx(0.0002, abs=1e-4)
    assert opened().dispersion["all", "all"] == pytest.approx(2.0, abs=0.1)
    assert an.cohort("fy2015", "2014-10-04:2015-06-20").failed_check is None


# Periods.


def test_a_period_is_whole_weeks_held_against_the_weeks_before_it_and_the_trend() -> None:
    quarter, march = an.cohort("fy2015", "2015Q1"), an.cohort("fy2015", "2015-03")
    assert (len(quarter.period.weeks), quarter.period.first_day) == (13, date(2015, 1, 3))
    assert len(quarter.everywhere["issued_on"].dt.date.unique()) == 13  # counts by week of issue
    assert (march.period.first_day, march.period.last_day) == (date(2015, 3, 7), date(2015, 4, 3))
    assert [pair.against for pair in march.pairs] == ["the weeks before", "trend"]
    assert [pair.against for pair in quarter.pairs] == ["the weeks before"]  # which is a trend of its own
    assert march.history["issued_on"].max() <= pd.Timestamp(march.period.last_day)  # nothing later is read
    assert march.calendar.weeks()[-1] == march.week


# What is compared, and when nothing is.


@pytest.mark.parametrize("case", COHORTS, ids=lambda case: case["what"])
def test_what_is_said_of_made_up_weeks(case: dict[str, Any]) -> None:
    table = made_weeks(*(week for times, week in case["weeks"] for _ in range(times)))
    cohort = made_cohort(table, case.get("week", "latest"), **case.get("covered", {}))
    found = cohort.comparisons.sort_index()
    for *place, finding in case.get("findings", []):
        some = found.loc[tuple(slice(None) if part == "*" else slice(part, part) for part in place), :]
        assert set(some["finding"]) == {finding}, place
        assert some["p_adjusted"].isna().all() == (finding not in [*CLEAR, "no clear change"]) or "direction" in finding
    told: dict[str, Any] = {"outside": an.weekly_counts(cohort)["outside"].iloc[-1], "apart": largest_place(cohort)}
    told |= {"status": cohort.status, "failed_check": cohort.failed_check, "dispersion": cohort.dispersion.max()}
    for name in told.keys() & case.keys():
        assert told[name] == case[name], name


def test_weeks_missing_in_the_middle_are_weeks_without_detainers() -> None:
    cohort = made_cohort(pd.concat([made_weeks(*STEADY[:20]), made_weeks(*STEADY[:6], first=FIRST + 25 * WEEK)]))
    assert cohort.weekly.issued["all", "all"].iloc[20:25].tolist() == [0] * 5
    assert clear_findings(cohort.comparisons).empty


COUNTS = st.tuples(st.integers(0, 9), st.integers(0, 30)).map(lambda pair: (min(pair), max(pair)))
WEEKS = st.lists(st.fixed_dictionaries({"CA": COUNTS, "TX": COUNTS}), min_size=1, max_size=30)


@settings(max_examples=3)
@given(WEEKS)
def test_every_comparison_has_numbers_or_a_reason(weeks: list[Week]) -> None:
    cohort = made_cohort(made_weeks({"NY": (1, 2)}, *weeks))
    found, whole = cohort.comparisons, cohort.weekly.declined
    assert (found["p"].isna() == (found["reason"] != "")).all()
    assert (found["finding"] != "").all()
    assert found["p"].dropna().between(0, 1).all()
    assert cohort.dispersion.between(1, np.inf, inclusive="left").all()
    assert (whole["state"].sum(axis="columns") == whole["all", "all"]).all()
