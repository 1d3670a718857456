"""The register of events: dates, states, and which events block a comparison."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from conftest import DataCopy

from analysis.errors import InputError
from analysis.load.events import blocking_events, events

EVENTS = "reference/events.csv"


def test_the_two_events_that_every_reader_of_2017_must_know() -> None:
    table = events()
    travis, form = table.loc["travis-policy"], table.loc["form-i247a"]
    assert (travis["date"], travis["state"], travis["agency"]) == (pd.Timestamp("2017-02-01"), "TX", "Travis County")
    assert (form["date"], form["state"], form["kind"]) == (pd.Timestamp("2017-04-02"), "", "form")
    assert travis["blocks_comparison"]
    assert form["blocks_comparison"]
    assert {"travis-policy", "form-i247a", "forms-2015"} <= set(blocking_events().index)


def test_events_come_by_date_and_end_on_or_after_it() -> None:
    table = events()
    assert table["date"].is_monotonic_increasing
    assert (table["last_date"] >= table["date"]).all()
    assert table["blocks_comparison"].dtype == bool
    assert table.loc["travis-policy", "last_date"] == pd.Timestamp("2017-02-01")  # blank = one day
    assert table.loc["new-york-city-law", "last_date"] == pd.Timestamp("2014-11-30")


@pytest.mark.parametrize(
    ("first", "last", "there"),
    [
        (date(2017, 2, 1), date(2017, 2, 1), True),
        (date(2017, 2, 2), None, False),
        (None, date(2017, 1, 31), False),
        (None, None, True),
    ],
)
def test_both_days_are_included(first: date | None, last: date | None, there: bool) -> None:
    assert ("travis-policy" in events(first, last).index) == there


@pytest.mark.parametrize(
    ("first", "last", "there"),
    [
        (date(2014, 11, 30), date(2014, 12, 31), True),
        (date(2014, 10, 1), date(2014, 11, 1), True),
        (date(2014, 11, 10), date(2014, 11, 12), True),
        (date(2014, 12, 1), date(2015, 1, 1), False),
    ],
)
def test_an_event_of_several_days_counts_from_its_first_to_its_last(first: date, last: date, there: bool) -> None:
    assert ("new-york-city-law" in events(first, last).index) == there


def test_a_state_keeps_its_own_events_and_the_nations() -> None:
    texas, new_york = events(state="TX"), events(state="NY")
    assert "travis-policy" in texas.index
    assert "travis-policy" not in new_york.index
    assert "form-i247a" in texas.index.intersection(new_york.index)
    assert set(texas["state"]) == {"", "TX"}
    assert len(events(state="all")) == len(events())


def test_only_marked_events_block() -> None:
    table = events()
    assert list(blocking_events().index) == list(table.index[table["blocks_comparison"]])
    assert "first-report" not in blocking_events().index


def test_only_what_changes_what_is_counted_blocks() -> None:
    """A form, or the reset of all cases of Travis County in one day; no ruling, law, memo or order."""
    blocking = blocking_events()
    assert set(blocking["kind"].drop("travis-policy")) == {"form"}
    others = ["galarza", "miranda-olivares", "new-york-city-law", "pep-memo", "eo-13768", "kelly-memo"]
    assert not events().loc[others, "blocks_comparison"].any()


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("travis-policy,2017-02-01", "travis-policy,2017-02-31", ["column date", "2017-02-31", "YYYY-MM-DD"]),
        ("travis-policy,2017-02-01", "travis-policy,", ["column date", "YYYY-MM-DD"]),
        ("2014-11-01,2014-11-30", "2014-11-01,30 November", ["column last_date", "30 November", "YYYY-MM-DD"]),
        ("2014-11-01,2014-11-30", "2014-11-01,2014-10-30", ["column last_date", "2014-10-30"]),
        ("policy,TX,Travis", "policy,TY,Travis", ["column state", "TY", "states.csv"]),
        (",yes,https://www.tcshe", ",maybe,https://www.tcshe", ["column blocks_comparison", "maybe", "yes or no"]),
    ],
)
def test_a_damaged_register_is_refused_by_row(data_copy: DataCopy, old: str, new: str, parts: list[str]) -> None:
    row = data_copy.replace(EVENTS, old, new)
    with pytest.raises(InputError) as refusal:
        events()
    for part in (str(data_copy.path(EVENTS)), f"row {row}", *parts):
        assert part in str(refusal.value), str(refusal.value)
