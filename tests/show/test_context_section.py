"""Sections beside a week's counts: what they say where there is little, or where a source is of few states."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from analysis.show.context_section import NO_DELAYS, baseline, endings, few_states, finished, origin_notes, what_became
from analysis.show.kinds import FIGURE_KEY, TABLE_TYPE
from analysis.show.sheet import Sheet
from analysis.stats.baselines import EARS, FARRINGTON
from analysis.stats.cohorts import OUTCOME_COLUMNS
from analysis.stats.nowcast import maturity, nowcast_facts

WEEK = date(2015, 1, 3)


def sheet_of(**facts: object) -> Sheet:
    sheet = Sheet("weekly_bulletin", parameters={}, source={})
    sheet.know(place_name="Maine", **facts)
    return sheet


@pytest.mark.parametrize(
    ("states", "said"), [(["TX"], "Texas"), (["TX", None, "CA"], "California, Texas"), ([None], "none")]
)
def test_a_source_of_few_states_says_so(states: list[str | None], said: str) -> None:
    table = pd.DataFrame({"state": states, "issued_on": pd.Timestamp(WEEK)})
    assert f"(up to this week: {said})" in few_states(sheet_of(), table, WEEK).data["text/plain"]


def test_a_source_of_many_states_says_nothing_and_later_weeks_do_not_count() -> None:
    table = pd.DataFrame({"state": ["TX", "CA", "NY", "ME"], "issued_on": pd.Timestamp(WEEK)})
    assert few_states(sheet_of(), table, WEEK).data["text/plain"] == ""
    later = table.assign(issued_on=pd.to_datetime(["2015-01-05", *["2015-02-05"] * 3]))
    assert "Texas" in few_states(sheet_of(), later, WEEK).data["text/plain"]


def test_how_finished_a_place_is_does_not_speak_of_the_source_where_all_states_are_measured() -> None:
    (shown,) = finished(sheet_of(week_completeness=0.5), None, WEEK)
    assert "Of all detainers together 50.0% of the week's declines are recorded" in shown.data["text/plain"]
    assert finished(sheet_of(week_completeness=None), None, WEEK)[0].data["text/plain"] == NO_DELAYS
    of_others = pd.DataFrame({"state": ["TX"], "outcome": ["declined_by_lea"], "lifted_on": [pd.Timestamp(WEEK)]})
    (shown,) = endings(sheet_of(), of_others, "ME", WEEK)
    assert shown.data["text/plain"].startswith("No detainer of Maine has ended on a known day")


@pytest.mark.parametrize(
    ("completeness", "says", "headline"),
    [
        (0.8, "80.0% of this week's are recorded (provisional): 8 so far, about 10 in the end", "80.0% of the week's"),
        (1.0, "The week is as finished as can be measured", "Every week shown is settled"),
    ],
)
def test_a_week_that_nothing_more_is_expected_of_is_not_called_young(
    completeness: float, says: str, headline: str
) -> None:
    estimate = 8 / completeness
    row = {"recorded": 8.0, "completeness": completeness, "maturity": maturity(completeness), "estimate": estimate}
    weeks = pd.date_range(WEEK, periods=2, freq="7D")
    estimates = pd.DataFrame([row | {"low": estimate, "high": estimate, "reason": ""}] * 2, index=weeks)
    said, figure, table = finished(sheet_of(**nowcast_facts(estimates, WEEK)), estimates, WEEK)
    assert says in said.data["text/plain"]
    assert f",8,{completeness:g},{maturity(completeness)},{estimate:g}," in table.data[TABLE_TYPE]["csv"]
    assert figure.metadata[FIGURE_KEY]["title"].startswith(headline)


@pytest.mark.parametrize(
    ("method", "words"),
    [(EARS, "Early Aberration Reporting System"), (FARRINGTON, "the same season of the years before")],
)
def test_the_method_of_a_baseline_is_said_in_plain_words(method: str, words: str) -> None:
    row = {"state": "all", "group": "all", "observed": 9.0, "expected": 5.0, "upper": 12.0, "p": 0.1}
    scanned = pd.DataFrame([row | {"p_adjusted": 0.2, "flags": "", "flagged": False, "reason": "", "method": method}])
    rows = pd.DataFrame({"state": ["TX"], "offence_group": ["DUI"], "outcome": ["declined_by_lea"], "detainers": [9]})
    facts = {"scan_tests": 1, "scan_cells": 1, "scan_flags": 0, "baseline_method": method}
    (shown,) = baseline(sheet_of(**facts), scanned, rows)
    assert words in shown.data[TABLE_TYPE]["caption"]


def test_no_empty_panel_is_drawn_of_no_detainers() -> None:
    (shown,) = what_became(sheet_of(), pd.DataFrame(columns=["issued", *OUTCOME_COLUMNS]), "request", "Maine", {})
    assert shown.data["text/plain"].startswith("There is no detainer in Maine in this week")


def test_the_notes_of_an_origin_file_are_printed_as_they_are() -> None:
    shown = origin_notes(sheet_of(), "30,128 rows repeat an earlier one")
    assert shown.data["text/plain"] == "*From the source's origin file*: 30,128 rows repeat an earlier one"
    assert origin_notes(sheet_of(), None).data["text/plain"] == ""
