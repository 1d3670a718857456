"""Listings: names in full, every state in its row, and only columns that the tables can show."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from conftest import Cohorts

from analysis.load.events import blocking_events, events
from analysis.load.offences import groups
from analysis.load.published import read_published_reports
from analysis.load.table import Outcome
from analysis.load.vocabulary import states
from analysis.show import listings
from analysis.show.offence_section import offence_map, offence_table
from analysis.show.sheet import TABLE_TYPE, Sheet
from analysis.show.tables import COLUMNS
from analysis.show.tiles import SHARE_CLASSES
from analysis.stats import cohorts, published
from analysis.stats.cohorts import NOT_GIVEN
from analysis.stats.context import estimated_shares
from analysis.stats.indicators import indicators

WEEK = date(2015, 6, 20)
PLACES = [*states().index, NOT_GIVEN]


@pytest.fixture(scope="module")
def comparisons(fiscal_2015: Cohorts) -> pd.DataFrame:
    return cohorts.compare_weeks(fiscal_2015.by_week, WEEK, fiscal_2015.calendar, PLACES, blocking_events())


@pytest.fixture(scope="module")
def by_state(fiscal_2015: Cohorts) -> pd.DataFrame:
    return cohorts.with_intervals(cohorts.of_week(fiscal_2015.by_week, WEEK, PLACES))


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("all", "the United States"),
        ("CA", "California"),
        ("DC", "the District of Columbia"),
        ("MP", "the Northern Mariana Islands"),
        ("VI", "the Virgin Islands"),
        ("VA", "Virginia"),
        ("WV", "West Virginia"),
        ("PR", "Puerto Rico"),
    ],
)
def test_a_place_is_named_as_in_a_sentence(place: str, name: str) -> None:
    assert listings.place_name(place) == name


def test_states_are_named_in_full_the_blank_one_too() -> None:
    assert listings.state_names(pd.Index(["TX", NOT_GIVEN, "DC"])) == [
        *("Texas", "State not given", "District of Columbia")
    ]
    assert list(listings.with_labels(pd.DataFrame(index=["TX", NOT_GIVEN]))["label"]) == ["Texas", "State not given"]


def test_a_published_place_carries_its_state_unless_it_is_one() -> None:
    places = pd.DataFrame(
        {
            "place": ["Travis", "Texas", "New England", "Baltimore County"],
            "state": ["TX", "TX", "", "MD"],
            "level": ["county", "state", "region", "county"],
        }
    )
    assert list(listings.labelled(places)["label"]) == ["Travis, TX", "Texas", "New England", "Baltimore County, MD"]


def test_every_state_has_its_row_also_without_detainers(by_state: pd.DataFrame, comparisons: pd.DataFrame) -> None:
    table = listings.states_table(by_state, comparisons)
    assert sorted(table["state"]) == sorted(PLACES)
    assert table["state"].iloc[-1] == NOT_GIVEN
    assert table["state_name"].iloc[-1] == "State not given"
    assert table["issued"].iloc[-1] == 163
    rest = table.iloc[:-1]
    assert rest["issued"].is_monotonic_decreasing
    assert table["issued"].sum() == 1_673
    without = rest[rest["issued"] == 0]
    assert "VI" in set(without["state"])
    assert without["share"].isna().all()
    assert (without[["declined", "taken"]] == 0).all(axis=None)
    assert set(without["against_last_week"]) == {"no detainers"}
    assert (table[["against_last_week", "against_trailing"]] != "").all(axis=None)
    findings = comparisons.loc["trailing weeks", "finding"]
    assert table.set_index("state")["against_trailing"].to_dict() == findings.drop("all").to_dict()


def test_only_what_was_tested_is_listed_the_smallest_p_first(comparisons: pd.DataFrame) -> None:
    table = listings.tests_table(comparisons)
    assert len(table) == comparisons["p"].notna().sum()
    assert table["p"].is_monotonic_increasing
    assert set(table[table["place"] == "All states"]["against"]) == {"last week", "trailing weeks"}
    assert "California" in set(table["place"])
    assert "reason" not in table


def test_indicators_are_named_in_full(fiscal_2015: Cohorts) -> None:
    table = listings.named_measures(indicators(fiscal_2015.by_week, WEEK, fiscal_2015.calendar, "all"))
    assert list(table["measure"]) == [*listings.MEASURES.values(), listings.INDICATORS["states"]]


@pytest.mark.parametrize("number", [0, 3, 15, 40])
def test_every_event_has_a_letter_of_its_own(number: int) -> None:
    span = pd.DataFrame({"date": pd.date_range("2015-01-01", periods=number), "headline": "x"})
    lettered = listings.lettered(span)
    assert lettered["letter"].is_unique
    assert list(lettered["letter"].head(3)) == ["A", "B", "C"][: min(number, 3)]
    assert all(lettered["letter"])


def test_tiles_tell_none_declined_from_no_detainers_and_few_from_many(by_state: pd.DataFrame) -> None:
    tiles = listings.share_tiles(by_state, estimated_shares(by_state), states(), 5)
    assert list(tiles.index) == list(states().index)
    assert (tiles.loc["DC", "present"], tiles.loc["DC", "count"], tiles.loc["DC", "label"]) == (True, 0, "none")
    assert not tiles.loc["VI", "present"]
    some = by_state["declined"].drop(NOT_GIVEN).reindex(tiles.index, fill_value=0)
    assert list(tiles["unstable"]) == list((some > 0) & (some < 5))
    assert ((tiles["count"] > 0) == (some > 0)).all()


def test_tiles_of_one_printed_share_have_one_class_and_a_little_is_not_nothing() -> None:
    shares = pd.Series({"CA": 0.0496, "TX": 0.0504, "NY": 0.0449, "WA": 0.003, "OR": 0.1951, "UT": 0.0})
    counts = pd.DataFrame({"declined": [9, 9, 9, 9, 9, 0], "issued": 100}, index=shares.index)
    tiles = listings.share_tiles(counts, shares.to_frame("shrunken"), states(), 5).loc[shares.index]
    assert list(tiles["label"]) == ["5%", "5%", "4%", "<1%", "20%", "none"]
    classes = np.searchsorted(SHARE_CLASSES, tiles["count"], side="right")
    assert list(classes) == [2, 2, 1, 0, 4, 0]  # 5% or more, 2% or more, under 2%, 20% or more
    assert tiles["count"].gt(0).tolist() == [True] * 5 + [False]  # none is white, whatever is little is not


def test_tiles_mark_bounds_and_leave_the_unknown_out() -> None:
    report = read_published_reports().of_week(date(2017, 1, 28))
    tiles = listings.bound_tiles(published.state_bounds(report.declined_by_place, 206, states().index, None), states())
    assert (tiles.loc["TX", "label"], tiles.loc["TX", "count"]) == ("149", 149)
    assert tiles.loc["NY", "label"] == "≥4"
    assert (tiles.loc["KS", "label"], tiles.loc["KS", "present"]) == ("0", True)
    assert not tiles.loc["FL", "present"]


def test_every_column_of_every_table_is_described(
    fiscal_2015: Cohorts, by_state: pd.DataFrame, comparisons: pd.DataFrame
) -> None:
    described = {*COLUMNS, *(limit for spec in COLUMNS.values() for limit in spec.interval or ())}
    rows = fiscal_2015.table[fiscal_2015.table["issued_on"] == pd.Timestamp(WEEK)]
    reports = read_published_reports()
    tables = [
        listings.states_table(by_state, comparisons),
        listings.tests_table(comparisons),
        listings.named_measures(indicators(fiscal_2015.by_week, WEEK, fiscal_2015.calendar, "all")),
        listings.lettered(events())[["letter", "date", "headline", "detail"]],
        cohorts.weekly_series(fiscal_2015.by_week, fiscal_2015.calendar).reset_index(),
        cohorts.lift_reasons_of(rows),
        cohorts.with_intervals(cohorts.count_outcomes(rows, ["form", "request"])).reset_index(),
        published.changes(reports, date(2017, 2, 4), blocking_events()),
    ]
    for table in tables:
        assert [column for column in table if column not in described] == []


def test_a_source_without_offences_says_so() -> None:
    sheet = Sheet("weekly_bulletin", parameters={}, source={})
    shown = offence_table(sheet, pd.DataFrame(), "all", has_offences=False)
    assert "This source has no offence" in shown.data["text/markdown"]
    assert TABLE_TYPE not in shown.data
    again = offence_map(sheet, pd.DataFrame(), has_offences=False)
    assert "cannot be shown by offence" in again.data["text/markdown"]
    assert set(again.data) == set(shown.data)


def test_offences_are_listed_by_status_and_severity_and_never_ranked_together(fiscal_2015: Cohorts) -> None:
    sheet = Sheet("weekly_bulletin", parameters={}, source={})
    rows = fiscal_2015.table.head(6).assign(
        offence_group=["DUI", "HOMICIDE", "DUI", "ASSAULT", "IMMIG", None],
        offence_status=["convicted", "charged", "charged", "convicted", "convicted", None],
        outcome=[Outcome.DECLINED, *[Outcome.TAKEN] * 3, Outcome.DECLINED, Outcome.TAKEN],
        detainers=[5, 1, 9, 2, 3, 1],
    )
    data = offence_table(sheet, rows, "all", has_offences=True).data
    lines, names = data[TABLE_TYPE]["csv"].splitlines(), groups()["group"]
    assert lines[0].startswith("status,group,issued,declined")
    assert [tuple(line.split(",")[:3]) for line in lines[1:4]] == [
        ("charged", names["HOMICIDE"], "1"),
        ("charged", names["DUI"], "9"),
        ("convicted", names["ASSAULT"], "2"),
    ]
    assert sum(int(line.rsplit(",", 8)[1]) for line in lines[1:]) == 21
    assert all(line.split(",")[1] for line in lines[1:]), "a blank group is named"
    caption = data[TABLE_TYPE]["caption"]
    assert "Without immigration offences the share declined is 27.8% (95% interval 12.5% to 50.9%, 5 of 18)." in caption
