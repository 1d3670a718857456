"""What a page says of a cohort: recomputed from its rows, silent where nothing is known, small counts hidden."""

import numpy as np
import pandas as pd
import pytest
from made_cohorts import FIRST, made_cohort, made_weeks, many, opened

import analysis as an
from analysis.load.table import REPEAT, Outcome
from analysis.periods import WEEK
from analysis.stats.comparisons import two_sided
from analysis.stats.inference import cohort_facts


def test_the_weekly_counts_are_those_of_the_source() -> None:
    weeks = an.weekly_counts(opened())
    row = weeks.loc["2015-06-20"]
    assert (row["declined"], row["issued"], row["status"]) == (66, 1_673, "settled")
    assert row[["share", "expected"]].tolist() == pytest.approx([66 / 1_673, 1_673 * 696 / 14_170])
    assert row["share_low"] < row["share"] < row["share_high"]
    assert weeks.iloc[0]["status"] == "partial"
    notes = an.key_figures(opened("fy2015", "2014-09-27"))["note"]
    assert notes[["issued", "declined"]].tolist() == ["only 3 of 7 days"] * 2
    assert weeks["usual_low"].first_valid_index() == pd.Timestamp("2014-11-29")  # eight full weeks before it


def test_the_band_the_flag_and_the_test_are_one() -> None:
    row, phi = an.weekly_counts(opened()).loc["2015-06-20"], opened().dispersion["all", "all"]
    counts = np.arange(30, 140)
    p = two_sided(counts, 696, 1_673 / (1_673 + 14_170), phi)
    assert ((p < 0.05) == ((counts < row["usual_low"]) | (counts > row["usual_high"]))).all()
    trailing = opened().comparisons.loc[("trailing weeks", "all", "all")]
    assert trailing["expected"] == pytest.approx(row["expected"])


def test_states_have_their_counts_and_no_share_below_twenty() -> None:
    table = an.counts_by(opened(), "state")
    assert (table["declined"].sum(), table["issued"].sum()) == (66, 1_673)
    assert table.loc["CA", ["declined", "issued", "last_week", "trailing_mean"]].tolist() == [33, 291, 23, 34.125]
    assert table.loc["IA", "issued"] < 20
    assert table.loc[table["issued"] < 20, "share"].isna().all()
    assert table.loc[["TX", "WY"], "finding"].tolist() == ["higher over 13 weeks", ""]


def test_the_main_counts_of_the_nation_and_of_a_state_with_its_own_findings_alone() -> None:
    nation, state, facts = (
        an.key_figures(opened()),
        an.key_figures(opened(state="TX")),
        cohort_facts(opened(state="TX")),
    )
    this_week = {"issued": 1_673, "declined": 66, "taken": 373, "other_ends": 192, "not_recorded": 1_042}
    assert nation["this_week"].drop("share").to_dict() == this_week
    assert nation.loc["share", ["this_week", "last_week"]].tolist() == pytest.approx([66 / 1_673, 82 / 1_621])
    assert nation.loc["share", "trailing_mean"] == pytest.approx(cohort_facts(opened())["trailing_share_before"])
    assert nation.loc["share", "note"] == "95% interval: 2.8% to 5.5%"
    assert nation.loc["declined", ["last_week", "trailing_mean"]].tolist() == [82, 87]
    assert state.loc["declined", "this_week"] == 2
    assert state.loc[["taken", "other_ends", "not_recorded"], ["last_week", "trailing_mean"]].isna().all(axis=None)
    assert (facts["findings"], facts["finding_1_where"], facts["finding_1_finding"]) == (1, "In Texas", "higher")


def test_repeats_and_persons_stand_beside_each_other() -> None:
    rows = many("person state", ("a", "CA", 2), ("b", "TX", 1), (None, "TX", 1), (None, "CA", 1))
    facts = cohort_facts(made_cohort(rows.assign(duplicate=[None, REPEAT, None, None, None])))
    counted = {"records": 5, "repeats_flagged": 1, "persons": 2, "without_id": 2, "issued": 4}
    assert {name: facts[name] for name in counted} == counted


def test_in_a_source_of_one_state_its_small_outcomes_are_hidden_too() -> None:
    ended = FIRST + WEEK
    rows = ("PA", Outcome.TAKEN, ended, "DUI", 2), ("PA", Outcome.NOT_RECORDED, None, "DUI", 18)
    made = made_cohort(many("state outcome lifted_on offence_group", *rows), offences=True)
    figures = (table := an.key_figures(made))["this_week"]
    assert figures["issued"] == 20
    assert figures[["taken", "not_recorded"]].isna().all(), "18 of 20 would tell the other two"
    assert an.counts_by(made, "state").loc["PA", "taken_shown"] != "2"
    assert set(table.loc[["taken", "not_recorded"], "note"]) == {"not shown"}, "18 is not small"
    drawn = [table.attrs["recent"][name] for name in ("taken", "not_recorded")]
    assert not any(map(any, drawn)), "a bar's height tells"
    checks = an.quality(made).set_index("checked")
    of_ends = checks[checks.index.str.contains("recorded end|offence")]
    assert of_ends["found"].tolist() == ["not shown"] * 2
    assert of_ends["part_found"].isna().all()
    assert an.time_to_outcome(made).empty
    assert an.quality(made.source, "weeks")["not_recorded"].isna().all()


def test_a_week_without_a_row_of_a_source_of_one_state_is_said_to_have_none() -> None:
    empty = made_cohort(made_weeks(*[{"CA": (3, 30)}] * 10, {}, {"CA": (3, 30)}), FIRST + 10 * WEEK)
    assert empty.sole_state == "CA"
    assert an.counts_by(empty, "state").loc["CA", ["issued", "declined"]].tolist() == [0, 0]
    assert an.key_figures(empty).loc["taken", "this_week"] in (0, "0")
    assert "no detainer issued in California" in " ".join(map(str, an.sentences.lead(empty)))


def test_of_a_source_of_one_state_no_share_of_few_is_given_and_an_unmeasured_week_goes_by_the_rule_of_days() -> None:
    rows = made_weeks(*[{"CA": (2, 3)}] * 3, lifted_on=FIRST + 8 * WEEK)
    few = made_cohort(rows, extracted_on=FIRST + 8 * WEEK)
    assert few.delays is not None
    said = [str(sentence) for sentence in an.sentences.lead(few)]
    assert said[0].endswith("2 of 3 detainers recorded as declined; not compared")
    assert not any("%" in sentence for sentence in said)
    assert np.isnan(an.key_figures(few).loc["share", "this_week"])
    assert cohort_facts(few)["status_by"] == "by the rule of 28 days"
    assert an.decompose(few).attrs["reason"].startswith("The source has one state")


def test_of_a_source_of_one_state_a_failed_check_of_ends_is_said_without_its_shares() -> None:
    weeks = [(FIRST + n * WEEK, Outcome.TAKEN, 30) for n in range(8)] + [(FIRST + 8 * WEEK, Outcome.NOT_RECORDED, 30)]
    rows = many("issued_on outcome state", *((day, outcome, "CA", number) for day, outcome, number in weeks))
    said = " ".join(map(str, an.sentences.lead(made_cohort(rows))))
    assert "an end is recorded for fewer of its detainers than is usual" in said
    assert an.nowcast(made_cohort(made_weeks(*[{"CA": (2, 30)}] * 40))).attrs["facts"] == {}, "without shares"
    assert "100.0%" not in said
