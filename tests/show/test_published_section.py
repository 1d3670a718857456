"""The sections of a published week: every number a fact, the first week without one before it, nothing made up."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from analysis.load.events import blocking_events
from analysis.load.published import PublishedReports, read_published_reports
from analysis.show.published_section import indicator_table, report_quality, weeks_so_far
from analysis.show.sheet import FIGURE_KEY, TABLE_TYPE, Sheet, Shown
from analysis.stats.recorded import week_facts

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
def test_every_number_of_the_indicators_is_a_fact(reports: PublishedReports, week: date) -> None:
    sheet = sheet_of(reports, week)
    rows = csv(indicator_table(sheet, reports, week, blocking_events()))[1:]
    numbers = [number for row in rows for number in re.findall(r"(?<=,)\d[\d.]*(?=,)", row)]
    facts = {f"{value:.10g}" for name, value in sheet.facts.items() if name.startswith("indicator_")}
    assert len(numbers) >= 12
    assert set(numbers) == facts


def test_the_indicators_name_the_place_and_say_that_there_is_no_baseline(reports: PublishedReports) -> None:
    shown = indicator_table(sheet_of(reports, WEEKS[1]), reports, WEEKS[1], blocking_events())
    assert "There is no baseline: 3 weeks are too few for one." in shown.data[TABLE_TYPE]["caption"]
    assert '"of these, all but Travis County, Texas",45,' in shown.data[TABLE_TYPE]["csv"]
    assert '<td class="number">47 <span class="interval">(34.5 to 62.5)</span></td>' in shown.data["text/html"]


def test_the_first_week_has_a_dash_for_the_week_before(reports: PublishedReports) -> None:
    page = indicator_table(sheet_of(reports, WEEKS[0]), reports, WEEKS[0], blocking_events()).data["text/html"]
    assert page.count("no week before: the first report") == 6
    assert '<td class="number">0</td>' not in page


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
    figure, table = weeks_so_far(sheet_of(reports, week), reports, week)
    about = figure.metadata[FIGURE_KEY]
    assert about["title"].splitlines()[0] == headline
    assert headline in about["alt"]
    assert "week of 28 January 206 and 64" in about["alt"]
    assert "4 February" not in about["alt"] or week != WEEKS[0]
    assert len(csv(table)) == 1 + WEEKS.index(week) + 1


@pytest.mark.parametrize("week", WEEKS)
def test_the_scorecard_counts_its_levels_and_names_what_cannot_be_checked(
    reports: PublishedReports, week: date
) -> None:
    sheet = sheet_of(reports, week)
    sentence, table = report_quality(sheet, reports.of_week(week))
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
    (shown,) = weeks_so_far(sheet_of(fewer, WEEKS[1]), fewer, WEEKS[1])
    assert shown.data["text/plain"].startswith("No county or city is known to hold over half")
