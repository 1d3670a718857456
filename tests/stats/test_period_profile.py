"""A period beside another: counts by hand, the family of tests, and what is refused."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest
from made_cohorts import opened

import analysis as an
from analysis.periods import as_timestamps

profiled = cache(an.period_profile)
COUNTS = ["declined_before", "issued_before", "declined", "issued"]


def test_colorado_and_new_york_january_against_march() -> None:
    profile = profiled("fy2015", "2015-03", "2015-01")
    assert profile.by("state").loc[["CO", "NY"], COUNTS].to_numpy().tolist() == [[44, 149, 19, 138], [20, 235, 5, 197]]
    for state, counts in (("CO", [44, 149, 19, 138]), ("New York", [20, 235, 5, 197])):
        own = profiled("fy2015", "2015-03", "2015-01", state=state)
        assert [own.facts[name] for name in COUNTS] == counts
        # The page of a state takes no easier test than the national one.
        assert own.facts["p_adjusted"] == profile.comparisons.loc[("state", own.cohort.state), "p_adjusted"]
        share = counts[2] / counts[3]
        assert own.facts["share_low"] < own.facts["share"] == share < own.facts["share_high"]
        title = str(an.sentences.of_period(own)[0])
        assert title.startswith(f"{own.cohort.name}, March 2015: {share:.1%} recorded as declined ({counts[2]} of ")


@pytest.mark.parametrize("source", ["fy2015", "synthetic"])
def test_a_period_is_the_sum_of_its_weeks_and_stands_beside_as_many(source: str) -> None:
    profile = an.period_profile(source, "last 13 settled")
    now, before = profile.cohort.period.weeks, profile.pair.before
    assert (len(now), len(before), before[-1] < now[0]) == (13, 13, True)
    rows = an.open_source(source).detainers()
    rows = rows[rows["duplicate"].isna()] if source == "synthetic" else rows
    by_week = an.count_outcomes(rows, ["week", "state"])
    found = profile.by("state")
    for weeks, ending in ((now, ""), (before, "_before")):
        sums = by_week.loc[as_timestamps(weeks)].groupby(level=1)[["issued", "declined"]].sum()
        assert found[f"declined{ending}"].to_dict() == sums["declined"].reindex(found.index, fill_value=0).to_dict()
        column = "this_period" if not ending else "other_period"
        assert profile.key_figures.loc["taken", column] == by_week.loc[as_timestamps(weeks), "taken"].sum()
    assert found["declined"].sum() == profile.facts["declined"] == profile.key_figures.loc["declined", "this_period"]
    tested = profile.comparisons["p"].notna()
    assert profile.facts["tests"] == tested.sum() > 20
    assert (profile.comparisons.loc[tested, "p_adjusted"] >= profile.comparisons.loc[tested, "p"]).all()


def test_an_unfinished_period_names_no_direction_and_says_so() -> None:
    profile = profiled("synthetic", "2025-10-20:")
    assert profile.facts["status"] != "settled"
    assert profile.comparisons["p"].isna().all()
    assert "It is not compared with the 18 weeks before: not settled." in map(str, an.sentences.of_period(profile))


def test_where_there_are_no_weeks_before_the_period_stands_alone() -> None:
    profile = profiled("fy2015", "2014Q4")
    assert profile.facts["not_compared"] == "only 0 of 13 full weeks before"
    assert profile.by("state").loc["CA", "declined"] > 0
    assert profile.key_figures["other_period"].isna().all()


def test_offence_groups_are_those_of_weekly_pages() -> None:
    profile = profiled("synthetic", "2025Q4", offence="DUI")
    assert profile.by("offence_group").loc["DUI", "declined"] == profile.facts["declined"]
    assert profiled("fy2015", "2015-03").by("offence_group").attrs["reason"].startswith("This source records")
    assert list(profile.by("offence_group").index) == ["DUI"]
    assert profile.by("state").attrs["reason"].endswith("counts by state are shown of full quarters alone.")
    of_texas = profiled("synthetic", "2025Q4", state="TX")
    finer = "Texas: counts by offence group are shown of full quarters alone."
    assert of_texas.by("offence_group").attrs["reason"] == finer
    without = profiled("fy2015", "2015-03", state="TX")
    assert without.by("offence_group").attrs["reason"].startswith("This source records")
    share, said = of_texas.key_figures.loc["share"], of_texas.facts
    assert (share["this_period"], share["other_period"]) == (said["share"], said["share_before"])
    assert share["note"] == f"95% interval: {said['share_low']:.1%} to {said['share_high']:.1%}"
    assert of_texas.by("state").attrs["marked"] == "TX"


def test_what_forms_ask_is_what_weekly_pages_show_added_up_so_that_it_tells_nothing_new() -> None:
    profile = profiled("fy2015", "2015-06-13:2015-06-27")
    printed = pd.concat([an.counts_by(opened("fy2015", str(week)), "form") for week in profile.cohort.period.weeks])
    assert {"other forms", "I247", "I247N"} <= {*printed["form"]}
    assert printed["declined"].isna().any()
    found = profile.by_request().set_index("request")
    for forms, words in ((["I247", "I247D"], "to hold the person"), (["I247N"], "to be told in time")):
        of_forms = printed[printed["form"].isin(forms)]
        assert found.loc[words].to_list() == of_forms[["issued", "declined"]].sum().to_list()
    assert found.sum().to_list() == [profile.facts["issued"], profile.facts["declined"]]


def test_or_it_is_said_why_not() -> None:
    of_texas, early = profiled("fy2015", "2015-03", state="TX"), profiled("fy2015", "2015-01-17:2015-02-07")
    assert "only on pages of all states" in of_texas.by_request().attrs["reason"]
    assert "No weekly page of this period shows what a form asks" in early.by_request().attrs["reason"]
