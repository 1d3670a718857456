"""A published week beside the one before it, and how well it is known: real reports, and reports made to fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from analysis.load.events import blocking_events
from analysis.load.published import PublishedReports, read_published_reports
from analysis.periods import WEEK
from analysis.stats.recorded import week_facts
from analysis.stats.recorded_quality import report_scorecard
from analysis.stats.recorded_week import FIRST_WEEK, recorded_indicators, with_and_without

FIRST, SECOND, THIRD = date(2017, 1, 28), date(2017, 2, 4), date(2017, 2, 11)
WEEKS = (FIRST, SECOND, THIRD)


@pytest.fixture(scope="module")
def reports() -> PublishedReports:
    return read_published_reports()


def table(reports: PublishedReports, week: date) -> pd.DataFrame:
    facts, before = week_facts(reports, week, blocking_events()), None
    if week > FIRST:
        before = week_facts(reports, week - WEEK, blocking_events())
    return recorded_indicators(facts, before).set_index("measure")


def checks(reports: PublishedReports, week: date) -> pd.DataFrame:
    return report_scorecard(reports.of_week(week)).set_index("check")


# The indicators.


def test_the_second_week_stands_beside_the_first() -> None:
    found = table(read_published_reports(), SECOND)
    assert list(found.index) == ["declined", "located", "apart", "outside", "states", "issued"]
    assert found["this_week"].to_list() == [47, 39, 2, 45, 11, 2825]
    assert found["last_week"].to_list() == [206, 189, 142, 64, 16, 3083]
    assert found.loc["outside", "flag"] == "no clear change"
    assert found.loc["declined", "flag"] == "no direction named: Travis County policy takes effect"
    assert found.loc["declined", ["this_low", "this_high"]].to_list() == pytest.approx([34.534, 62.500], abs=1e-3)


def test_a_bound_and_a_number_of_states_have_no_interval(reports: PublishedReports) -> None:
    found = table(reports, SECOND)
    assert list(found.index[found["this_low"].isna()]) == ["located", "states"]
    assert found["this_low"].isna().equals(found["this_high"].isna())


@pytest.mark.parametrize("week", WEEKS)
def test_three_weeks_have_no_baseline(reports: PublishedReports, week: date) -> None:
    assert table(reports, week)["trailing_mean"].isna().all()


def test_the_first_week_has_no_week_before_and_says_so(reports: PublishedReports) -> None:
    found = table(reports, FIRST)
    assert found["last_week"].isna().all()
    assert set(found["flag"]) == {FIRST_WEEK}
    assert found["this_week"].to_list() == [206, 189, 142, 64, 16, 3083]


def test_what_is_not_known_is_no_zero(reports: PublishedReports) -> None:
    assert np.isnan(table(reports, THIRD).loc["states", "this_week"])
    declined = reports.declined_by_place
    unread = declined[~((declined["place"] == "Travis") & (declined["week_start"] == pd.Timestamp(SECOND)))]
    found = table(replace(reports, declined_by_place=unread), SECOND)
    assert found.loc[["apart", "outside"], "this_week"].isna().all()
    assert found.loc["outside", "flag"] == "not compared"
    assert found.loc["apart", "last_week"] == 142


def test_without_a_place_above_half_there_is_no_row_for_one(reports: PublishedReports) -> None:
    even = reports.declined_by_place[reports.declined_by_place["declined"] < 100]
    assert list(table(replace(reports, declined_by_place=even), THIRD).index) == [
        *("declined", "located", "states", "issued")
    ]


# The weeks with and without.


@pytest.mark.parametrize(("week", "shown"), [(FIRST, 1), (SECOND, 2), (THIRD, 3)])
def test_no_week_after_the_reports_own_is_shown(reports: PublishedReports, week: date, shown: int) -> None:
    weeks = with_and_without(reports, week)
    assert weeks["declined"].to_list() == [206, 47, 65][:shown]
    assert weeks["at_place"].to_list() == [142, 2, 10][:shown]
    assert weeks["elsewhere"].to_list() == [64, 45, 55][:shown]
    assert (weeks["elsewhere_low"] < weeks["elsewhere"]).all()
    assert (weeks["elsewhere"] < weeks["elsewhere_high"]).all()


def test_a_week_in_which_the_place_is_not_known_has_no_rest(reports: PublishedReports) -> None:
    declined = reports.declined_by_place
    unread = declined[~((declined["place"] == "Travis") & (declined["week_start"] == pd.Timestamp(SECOND)))]
    weeks = with_and_without(replace(reports, declined_by_place=unread), THIRD)
    assert weeks["elsewhere"].isna().to_list() == [False, True, False]
    assert weeks["elsewhere_low"].isna().to_list() == [False, True, False]


# The scorecard.


def test_the_first_week_is_well_read_and_much_disputed(reports: PublishedReports) -> None:
    card = checks(reports, FIRST)
    assert card.loc["quality_located", ["found", "level"]].to_list() == ["189", "warn"]
    assert card.loc["quality_located", "share"] == pytest.approx(189 / 206)
    assert card.loc["quality_parts", ["found", "level"]].to_list() == ["0", "pass"]
    assert card.loc["quality_corrected", ["found", "level"]].to_list() == ["9", "warn"]
    assert card.loc["quality_corrected_issued", "found"] == "31"  # 12, 9, 5 and 5
    assert card.loc["quality_totals", "level"] == "pass"
    assert card.loc["quality_rows", "found"] == "38"
    assert card.loc["quality_no_offence", "found"] == "9"


def test_what_is_not_known_of_the_third_week_is_said_in_words(reports: PublishedReports) -> None:
    card = checks(reports, THIRD)
    assert card.loc["quality_issued", ["found", "level"]].to_list() == ["not known", "warn"]
    assert "quality_corrected_issued" not in card.index
    assert card.loc["quality_totals", ["found", "level"]].to_list() == ["one article", "warn"]


@pytest.mark.parametrize("week", WEEKS)
def test_no_usual_share_is_made_up(reports: PublishedReports, week: date) -> None:
    assert checks(reports, week)["norm"].isna().all()


def test_without_single_rows_nothing_is_said_of_their_fields(reports: PublishedReports) -> None:
    card = checks(replace(reports, known_rows=reports.known_rows.iloc[:0]), FIRST)
    assert card.loc["quality_rows", ["found", "level"]].to_list() == ["0", "warn"]
    assert not {"quality_no_offence", "quality_no_status"} & set(card.index)


def test_a_total_of_which_ice_takes_more_than_a_twentieth_back_stops(reports: PublishedReports) -> None:
    declined = reports.declined_by_place
    more = declined.assign(declined=declined["declined"].mask(declined["row_id"] == "2017-01-28-j02", 6))
    card = checks(replace(reports, declined_by_place=more), FIRST)
    assert card.loc["quality_corrected", ["found", "level"]].to_list() == ["11", "stop"]


def test_parts_that_add_up_to_more_than_the_whole_stop(reports: PublishedReports) -> None:
    declined = reports.declined_by_place
    more = declined.assign(declined=declined["declined"].mask(declined["row_id"] == "2017-01-28-j11", 12))
    card = checks(replace(reports, declined_by_place=more), FIRST)
    assert card.loc["quality_parts", ["found", "level"]].to_list() == ["1", "stop"]
