"""What a page says of a cohort: recomputed from its rows, silent where nothing is known, small counts hidden."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_cohorts import detainers, made_cohort, made_weeks

import analysis as an
from analysis.load.duplicates import REPEAT
from analysis.load.table import Outcome
from analysis.stats import facts as facts_of_page
from analysis.stats.cohort import Cohort
from analysis.stats.inference import largest_place
from analysis.stats.tests import two_sided

STEADY = [{"CA": (20, 200), "NY": (20, 200), "TX": (18, 200)}] * 40


@pytest.fixture(scope="module")
def june() -> Cohort:
    return an.cohort("fy2015", "2015-06-20")


def test_the_weekly_counts_are_those_of_the_source(june: Cohort) -> None:
    weeks = an.weekly_counts(june)
    row = weeks.loc["2015-06-20"]
    assert (row["declined"], row["issued"], row["status"]) == (66, 1_673, "settled")
    assert row["share"] == pytest.approx(66 / 1_673)
    assert row["expected"] == pytest.approx(1_673 * 696 / 14_170)
    assert row["share_low"] < row["share"] < row["share_high"]
    assert weeks.iloc[0]["status"] == "partial"
    assert weeks["usual_low"].first_valid_index() == pd.Timestamp("2014-11-29")  # eight full weeks before it


def test_the_band_the_flag_and_the_test_are_one(june: Cohort) -> None:
    weeks, phi = an.weekly_counts(june), june.dispersion["all", "all"]
    row = weeks.loc["2015-06-20"]
    for count in range(30, 140):
        p = two_sided(count, 696, 1_673 / (1_673 + 14_170), phi)
        assert (p < 0.05) == (not row["usual_low"] <= count <= row["usual_high"]), count
    trailing = june.comparisons.loc[("trailing weeks", "all", "all")]
    assert trailing["expected"] == pytest.approx(row["expected"])


def test_a_count_outside_its_range_is_ringed_on_both_sides() -> None:
    high = [*STEADY[:-1], {"CA": (60, 200), "NY": (60, 200), "TX": (60, 200)}]
    low = [*STEADY[:-1], {"CA": (5, 200), "NY": (5, 200), "TX": (5, 200)}]
    sides = [an.weekly_counts(made_cohort(made_weeks(*w)))["outside"].iloc[-1] for w in (high, low, STEADY)]
    assert sides == ["above", "below", ""]


def test_states_have_their_counts_and_no_share_below_twenty(june: Cohort) -> None:
    table = an.counts_by(june, "state")
    assert (table["declined"].sum(), table["issued"].sum()) == (66, 1_673)
    assert table.loc["CA", ["declined", "issued", "last_week"]].tolist() == [33, 291, 23]
    assert table.loc["CA", "trailing_mean"] == pytest.approx(34.125)
    assert table.loc["IA", "issued"] < 20
    assert table.loc[table["issued"] < 20, "share"].isna().all()
    assert table.loc["TX", "finding"] == "higher (trend)"
    assert table.loc["WY", "finding"] == ""


def test_the_main_counts_of_the_nation_and_of_a_state(june: Cohort) -> None:
    nation = an.key_figures(june)
    assert nation["this_week"].to_dict() == {
        **{"issued": 1_673, "declined": 66, "taken": 373, "other_ends": 192, "not_recorded": 1_042}
    }
    assert nation.loc["declined", ["last_week", "trailing_mean"]].tolist() == [82, 87]
    state = an.key_figures(an.cohort("fy2015", "2015-06-20", state="TX"))
    assert state.loc["declined", "this_week"] == 2
    assert state.loc[["taken", "other_ends", "not_recorded"], ["last_week", "trailing_mean"]].isna().all(axis=None)


def test_a_state_above_half_is_taken_out_and_half_is_not_above() -> None:
    half = [*STEADY[:-1], {"CA": (40, 200), "NY": (20, 200), "TX": (20, 200)}]
    assert largest_place(made_cohort(made_weeks(*half))) == {"apart_name": None}
    above = [*STEADY[:-1], {"CA": (41, 200), "NY": (20, 200), "TX": (20, 200)}]
    found = largest_place(made_cohort(made_weeks(*above)))
    assert found == {
        "apart_name": "California",
        "apart_declined": 41,
        "apart_total": 81,
        "elsewhere_declined": 40,
        "elsewhere_issued": 400,
        "elsewhere_declined_before": 38,
        "elsewhere_issued_before": 400,
    }


def test_repeats_and_persons_stand_beside_each_other() -> None:
    people, words = ["a", "a", "b", None, None], [None, REPEAT, None, None, None]
    rows = [
        {"person": person, "duplicate": word, "state": state}
        for person, word, state in zip(people, words, ["CA", "CA", "TX", "TX", "CA"], strict=True)
    ]
    facts = facts_of_page.cohort_facts(made_cohort(detainers(rows)))
    counted = {name: facts[name] for name in ("records", "repeats_flagged", "persons", "without_id", "issued")}
    assert counted == {"records": 5, "repeats_flagged": 1, "persons": 2, "without_id": 2, "issued": 4}


def test_a_profile_has_its_own_findings_alone() -> None:
    facts = facts_of_page.cohort_facts(an.cohort("fy2015", "2015-06-20", state="TX"))
    assert (facts["findings"], facts["finding_1_where"], facts["finding_1_finding"]) == (1, "In Texas", "higher")
    assert facts_of_page.cohort_facts(an.cohort("fy2015", "2015-06-20", state="WY"))["findings"] == 0


def test_an_unfinished_week_has_the_estimate_of_its_final_number() -> None:
    facts = facts_of_page.cohort_facts(an.cohort("synthetic", "latest"))
    assert facts["status"] in ("provisional", "too young")
    assert facts["nowcast_low"] <= facts["nowcast"] <= facts["nowcast_high"]
    assert facts["past_bands_held"] <= facts["past_bands_made"]
    assert facts["usual_low"] is None or np.isnan(facts["usual_low"])


def test_in_a_source_of_one_state_its_small_outcomes_are_hidden_too() -> None:
    rows = [{"state": "PA", "outcome": Outcome.TAKEN}] * 2 + [{"state": "PA"}] * 9 + [{"state": "PA"}] * 9
    table = an.key_figures(made_cohort(detainers(rows)))
    assert table.loc["issued", "this_week"] == 20
    assert np.isnan(table.loc["taken", "this_week"])
    assert np.isnan(table.loc["not_recorded", "this_week"]), "18 of 20 would tell the other two"
    assert an.counts_by(made_cohort(detainers(rows)), "state").loc["PA", "taken_shown"] != "2"
