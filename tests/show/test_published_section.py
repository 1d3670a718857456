"""The sections of a published week: every number a fact, the first week without one before it, nothing made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from analysis.load.published import PublishedReports, read_published_reports
from analysis.load.reference import blocking_events
from analysis.show.published_facts import week_facts
from analysis.show.published_section import published_weeks, report_quality, week_changes
from analysis.show.sheet import FIGURE_KEY, TABLE_TYPE, Sheet, Shown

WEEKS = (date(2017, 1, 28), date(2017, 2, 4), date(2017, 2, 11))


@pytest.fixture(scope="module")
def reports() -> PublishedReports:
    return read_published_reports()


def sheet_of(reports: PublishedReports, week: date) -> Sheet:
    sheet = Sheet("published_week", parameters={}, source={})
    sheet.know(**week_facts(reports, week, blocking_events()))
    return sheet


def csv(shown: Shown) -> list[str]:
    return shown.data[TABLE_TYPE]["csv"].splitlines()


@pytest.mark.parametrize("week", WEEKS)
def test_every_number_of_the_weeks_is_a_fact(reports: PublishedReports, week: date) -> None:
    sheet = sheet_of(reports, week)
    _, table = published_weeks(sheet, reports, week)
    names, *rows = [line.split(",") for line in csv(table)]
    assert len(rows) == WEEKS.index(week) + 1
    for day, *numbers in rows:
        facts = [sheet.facts[f"{name}_{day.replace('-', '_')}"] for name in names[1:]]
        assert ["" if fact is None else str(fact) for fact in facts] == numbers


def test_the_weeks_say_that_there_is_no_baseline_and_give_complete_counts_no_interval(
    reports: PublishedReports,
) -> None:
    _, table = published_weeks(sheet_of(reports, WEEKS[2]), reports, WEEKS[2])
    assert "There is no baseline: 3 weeks are too few for one." in table.data[TABLE_TYPE]["caption"]
    assert "those of Travis County, Texas and all others" in table.data[TABLE_TYPE]["caption"]
    assert "interval" not in table.data["text/html"].replace("Complete counts have no interval.", "")
    assert csv(table)[-1] == "2017-02-11,2868,65,10,55,47,"


def test_the_changes_have_one_p_and_say_that_it_is_by_chance_alone(reports: PublishedReports) -> None:
    shown = week_changes(sheet_of(reports, WEEKS[1]), reports, WEEKS[1], blocking_events())
    assert csv(shown)[0] == "pair,scope,before,now,ratio,low,high,p_adjusted,finding"
    assert "by chance alone; real ups and downs are larger" in shown.data[TABLE_TYPE]["caption"]
    assert '0.70 <span class="interval">(0.47 to 1.05)</span>' in shown.data["text/html"]


@pytest.mark.parametrize(
    ("week", "headline"),
    [
        (WEEKS[0], "206 recorded as declined, 64 of them outside Travis County, Texas"),
        (
            WEEKS[1],
            "Without Travis County, Texas: 45 against 64 the week before, no clear change "
            "(ratio 0.70, 95% interval 0.47 to 1.05)",
        ),
    ],
)
def test_the_figures_headline_is_the_finding_and_its_alternative_has_the_numbers(
    reports: PublishedReports, week: date, headline: str
) -> None:
    figure, _ = published_weeks(sheet_of(reports, week), reports, week)
    about = figure.metadata[FIGURE_KEY]
    assert about["title"].splitlines()[0] == headline
    assert headline in about["alt"]
    assert "week of 28 January 206 and 64" in about["alt"]
    assert "4 February" not in about["alt"] or week != WEEKS[0]


@pytest.mark.parametrize("week", WEEKS)
def test_the_scorecard_counts_its_levels_and_names_what_cannot_be_checked(
    reports: PublishedReports, week: date
) -> None:
    sheet = sheet_of(reports, week)
    sentence, table = report_quality(sheet, week)
    levels = [row.partition(",")[0] for row in csv(table)[1:]]
    assert levels == sorted(levels, key=["stop", "warn", "pass", ""].index)
    for level in ("warn", "pass", ""):
        assert sheet.facts[f"checks_{level or 'not_judged'}"] == levels.count(level)
    assert levels.count("") == {WEEKS[0]: 0, WEEKS[1]: 2, WEEKS[2]: 6}[week], "the less is known, the less is judged"
    assert "Not checked: repeats, persons without an id and blank lift reasons." in sentence.data["text/plain"]
    assert "Usual share" not in table.data["text/html"]


def test_without_a_place_above_half_no_weeks_are_drawn_without_one(reports: PublishedReports) -> None:
    even = reports.declined_by_place[reports.declined_by_place["declined"] < 100]
    fewer = replace(reports, declined_by_place=even)
    said, table = published_weeks(sheet_of(fewer, WEEKS[1]), fewer, WEEKS[1])
    assert said.data["text/plain"].startswith("No county or city is known to hold over half")
    assert csv(table)[0] == "week,issued,declined,located,declining"
