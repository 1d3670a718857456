"""The week's main counts: means, intervals, and what is held against the weeks before."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from test_cohorts import CALENDAR, FIRST, STEADY, detainers, weekly

from analysis.load.table import Outcome
from analysis.periods import WEEK, Calendar
from analysis.stats.cohorts import OUTCOME_COLUMNS, count_outcomes
from analysis.stats.indicators import indicators, persons_by_week


def test_indicators_are_this_week_last_week_and_the_mean_of_eight() -> None:
    by_week = weekly(CA=[(n, 10 * n) for n in range(1, 13)], NY=[(1, 1)] * 12)
    everywhere = indicators(by_week, FIRST + 9 * WEEK, CALENDAR, "all").set_index("measure")
    assert list(everywhere.index) == ["issued", *OUTCOME_COLUMNS, "states"]
    counts = ["this_week", "last_week", "trailing_mean"]
    assert list(everywhere.loc["declined", counts]) == [11, 10, 6.5]  # CA 10, 9 and the mean of 2 to 9, and one of NY
    assert list(everywhere.loc["issued", counts]) == [101, 91, 56]
    assert list(everywhere.loc["states", counts]) == [2, 2, 2]
    california = indicators(by_week, FIRST + 9 * WEEK, CALENDAR, "CA").set_index("measure")
    assert "states" not in california.index
    assert list(california.loc["declined", counts]) == [10, 9, 5.5]
    assert list(california.loc["other_ends", counts]) == [0, 0, 0]


def test_an_indicator_of_a_period_that_is_not_there_is_missing_not_zero() -> None:
    rows = indicators(weekly(CA=STEADY), FIRST, CALENDAR, "all").set_index("measure")
    assert rows.loc["declined", "this_week"] == 10
    assert rows[["last_week", "trailing_mean"]].isna().all(axis=None)
    partial = Calendar(FIRST + timedelta(days=1), CALENDAR.last_day, CALENDAR.extracted_on)
    assert np.isnan(indicators(weekly(CA=STEADY), FIRST + WEEK, partial, "all")["last_week"]).all()


def test_counts_of_detainers_have_exact_intervals_and_states_have_none() -> None:
    rows = indicators(weekly(CA=[(3, 10)] * 12), FIRST + 9 * WEEK, CALENDAR, "all").set_index("measure")
    low, high = stats.chi2.ppf(0.025, 6) / 2, stats.chi2.isf(0.025, 8) / 2  # Garwood's limits of 3
    assert rows.loc["declined", ["this_low", "this_high"]].tolist() == pytest.approx([low, high])
    assert rows.loc["states", ["this_low", "this_high"]].isna().all()


@pytest.mark.parametrize(("issued", "flag"), [(100, "no clear change"), (160, "higher"), (50, "lower")])
def test_detainers_are_held_against_the_weeks_before(issued: int, flag: str) -> None:
    rows = indicators(weekly(CA=[*[(1, 100)] * 9, (1, issued)]), FIRST + 9 * WEEK, CALENDAR, "CA")
    assert rows.set_index("measure")["flag"].to_dict() == {
        "issued": flag,
        "declined": "see the comparison of shares",
        **dict.fromkeys(
            ("taken", "other_ends", "not_recorded"), "not compared: older weeks had longer, 0% have no recorded end"
        ),
    }


def test_a_partial_week_and_one_with_too_little_before_it_say_why_nothing_is_said() -> None:
    partial = Calendar(FIRST, FIRST + 10 * WEEK - timedelta(days=2), CALENDAR.extracted_on)
    by_week = weekly(CA=STEADY)
    flags = [
        indicators(by_week, FIRST + n * WEEK, calendar, "CA").set_index("measure").loc["issued", "flag"]
        for n, calendar in ((9, partial), (3, CALENDAR))
    ]
    assert flags == ["partial week", "only 3 of 8 full weeks before"]


def test_no_direction_is_named_in_an_unfinished_week_across_an_event_or_of_nothing() -> None:
    by_week, week = weekly(CA=[*[(1, 100)] * 9, (1, 160)], NY=[(0, 0)] * 10), FIRST + 9 * WEEK
    young = Calendar(FIRST, CALENDAR.last_day, week + 2 * WEEK)
    day = pd.Timestamp(week)
    event = pd.DataFrame({"date": [day], "last_date": [day], "state": "", "headline": "new form"})

    def flags(place: str, calendar: Calendar = CALENDAR, blocking: pd.DataFrame | None = None) -> pd.Series:
        return indicators(by_week, week, calendar, place, blocking=blocking).set_index("measure")["flag"]

    assert flags("CA")["issued"] == "higher"
    assert flags("CA", young)["issued"] == "week not settled"
    assert flags("CA", blocking=event)["issued"] == "no direction named: new form"
    assert set(flags("NY")) == {"no detainers"}


def test_no_interval_of_an_outcome_reaches_above_the_number_issued() -> None:
    rows = indicators(weekly(CA=[(0, 1)] * 10), FIRST + 9 * WEEK, CALENDAR, "CA").set_index("measure")
    assert rows.loc["declined", "this_high"] == 1
    assert rows.loc["issued", "this_high"] > 1


def test_persons_are_different_ids_within_a_week() -> None:
    named = [{"issued_on": FIRST, "person": who, "state": "CA"} for who in ("a", "a", "b", None)]
    table = detainers([*named, {"issued_on": FIRST + WEEK, "person": "a", "state": "CA"}])
    persons = persons_by_week(table)
    assert persons is not None
    assert persons.tolist() == [2, 1]
    rows = indicators(count_outcomes(table, ["week", "state"]), FIRST + WEEK, CALENDAR, "CA", persons)
    assert rows.set_index("measure").loc["persons", ["this_week", "last_week"]].tolist() == [1, 2]
    assert persons_by_week(detainers([{"outcome": Outcome.TAKEN}])) is None
