"""Listings: names in full, letters of events, and tiles that tell none from nothing."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from analysis.load.published import read_published_reports
from analysis.load.reference import states
from analysis.show import listings
from analysis.stats import published
from analysis.stats.cohort import open_cohort
from analysis.stats.counts import NOT_GIVEN
from analysis.stats.summary import counts_by


def test_states_are_named_in_full_the_blank_one_too() -> None:
    assert listings.state_names(pd.Index(["TX", NOT_GIVEN, "DC"])) == [
        *("Texas", "State not given", "District of Columbia")
    ]


def test_a_published_place_carries_its_state_unless_it_is_one() -> None:
    places = pd.DataFrame(
        {
            "place": ["Travis", "Texas", "New England", "Baltimore County"],
            "state": ["TX", "TX", "", "MD"],
            "level": ["county", "state", "region", "county"],
        }
    )
    assert list(listings.labelled(places)["label"]) == ["Travis, TX", "Texas", "New England", "Baltimore County, MD"]


@pytest.mark.parametrize("number", [0, 3, 15, 40])
def test_every_event_has_a_letter_of_its_own(number: int) -> None:
    span = pd.DataFrame({"date": pd.date_range("2015-01-01", periods=number), "headline": "x"})
    lettered = listings.lettered(span)
    assert lettered["letter"].is_unique
    assert list(lettered["letter"].head(3)) == ["A", "B", "C"][: min(number, 3)]
    assert all(lettered["letter"])


def test_tiles_tell_none_declined_from_no_detainers() -> None:
    by_state = counts_by(open_cohort("fy2015", "2015-06-20"), "state")
    tiles = listings.count_tiles(by_state.drop(index=NOT_GIVEN), states())
    assert list(tiles.index) == list(states().index)
    assert tiles["count"].sum() == by_state["declined"].drop(NOT_GIVEN).sum()
    assert tiles.loc["CA", ["count", "label", "present"]].tolist() == [33, "33", True]
    assert tiles.loc["DC", ["count", "label", "present"]].tolist() == [0, "0", True]
    assert not tiles.loc["VI", "present"]


def test_tiles_mark_bounds_and_leave_the_unknown_out() -> None:
    report = read_published_reports().of_week(date(2017, 1, 28))
    tiles = listings.bound_tiles(published.state_bounds(report.declined_by_place, 206, states().index, None), states())
    assert (tiles.loc["TX", "label"], tiles.loc["TX", "count"]) == ("149", 149)
    assert tiles.loc["NY", "label"] == "≥4"
    assert (tiles.loc["KS", "label"], tiles.loc["KS", "present"]) == ("0", True)
    assert not tiles.loc["FL", "present"]
