"""The published figures: read as they were published, and every way of damaging them met with one sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest
from conftest import DataCopy

from analysis.errors import InputError
from analysis.load.published import PublishedReports
from analysis.load.sources import open_source

REPORTS = "published_reports"
DECLINED, TOTALS = f"{REPORTS}/declined_by_place.csv", f"{REPORTS}/weekly_totals.csv"
ISSUED, KNOWN = f"{REPORTS}/issued_by_place.csv", f"{REPORTS}/known_rows.csv"
FIRST, SECOND, THIRD = date(2017, 1, 28), date(2017, 2, 4), date(2017, 2, 11)


@pytest.fixture(scope="module")
def reports() -> PublishedReports:
    return open_source("published-2017").reports()


def read() -> PublishedReports:
    return open_source("published-2017").reports()


def refused(read: Callable[[], object], *parts: str) -> None:
    """Hold that reading stops with one sentence that has all the parts."""
    with pytest.raises(InputError) as refusal:
        read()
    message = str(refusal.value)
    assert [part for part in parts if part not in message] == [], message
    assert "\n" not in message


def test_the_three_reports_are_the_published_ones(reports: PublishedReports) -> None:
    totals = reports.weekly_totals.set_index("week_start")[["issued", "declined"]]
    assert {week.date(): tuple(row) for week, row in totals.iterrows()} == {
        FIRST: (3083, 206),
        SECOND: (2825, 47),
        THIRD: (2868, 65),
    }


def test_a_report_keeps_its_own_week_and_what_has_none(reports: PublishedReports) -> None:
    second = reports.of_week(SECOND)
    assert list(second.weekly_totals["declined"]) == [47]
    assert set(second.declined_by_place["week_start"]) == {pd.Timestamp(SECOND)}
    city = second.declined_by_place.set_index("place").loc["New York City"]
    assert (city["declined"], second.issued_by_place.set_index("place").loc["New York City", "issued"]) == (12, 73)
    assert len(second.known_rows) == 3
    assert len(second.policies) == len(reports.policies) == 57
    undated = reports.corrections["week_start"].isna().sum()
    assert undated > 0
    assert second.corrections["week_start"].isna().sum() == undated
    assert list(second.declined_by_place.index) == list(range(len(second.declined_by_place)))


def test_known_rows_carry_a_group_and_nothing_that_singles_a_person_out(reports: PublishedReports) -> None:
    known = reports.known_rows
    assert len(known) == 42
    assert (known["offence_group"][known["offence_text"] == ""] == "UNKNOWN").all()
    named = known[known["offence_text"] != ""]
    assert len(named) == 33
    assert not named["offence_group"].isin(["UNKNOWN", "NONE"]).any()
    groups = dict(zip(named["offence_text"], named["offence_group"], strict=True))
    assert groups["Homicide"] == "HOMICIDE"
    assert groups["Driving under influence"] == "DUI"
    assert groups["Domestic violence"] == groups["Cruelty toward wife"] == "DOMESTIC"
    assert groups["Dangerous drugs"] == groups["Drug possession"] == "DRUGPOSS"  # it says nothing of trafficking
    assert not {"citizenship", "issued_on", "declined_on", "date"} & set(known.columns)


@pytest.mark.parametrize(
    ("name", "old", "new", "parts"),
    [
        (TOTALS, ",3083,206,", ",3083,-206,", ["column declined", "'-206'", "a whole number of 0 or more"]),
        (TOTALS, ",3083,206,", ",3083,206.5,", ["column declined", "'206.5'", "a whole number"]),
        (
            TOTALS,
            ",3083,206,",
            ",3083,٢٠٦,",
            ["column declined", "'٢٠٦'", "a whole number"],
        ),  # digits of another script
        (TOTALS, ",3083,206,", ",,206,", ["column issued", "''", "a whole number"]),
        (TOTALS, "2017-02-04,2017-02-10", "04/02/2017,2017-02-10", ["'04/02/2017'", "YYYY-MM-DD"]),
        (TOTALS, "2017-02-04,2017-02-10", "2017-01-28,2017-02-10", ["column week_start", "stands twice"]),
        (TOTALS, "2017-02-04,2017-02-10", "2017-02-05,2017-02-10", ["column week_start", "a Saturday"]),
        (DECLINED, ",Travis,TX,142,", ",Travis,TQ,142,", ["unknown state", "'TQ'", "states.csv"]),
        (DECLINED, "2017-01-28-j02,", "2017-01-28-j01,", ["column row_id", "stands twice", "2017-01-28-j01"]),
        (DECLINED, "exact,2017-01-28-j04,", "exact,2017-01-28-j99,", ["column within", "'2017-01-28-j99'", "row_id"]),
        (DECLINED, ",149,exact,", ",148,exact,", ["column declined", "148", "at least the sum", "add up to more"]),
        (ISSUED, ",Clark,NV,51,", ",Clark,NV,fifty,", ["column issued", "'fifty'", "a whole number"]),
        (KNOWN, ",Anaheim,CA,", ",Anaheim,XX,", ["unknown state", "'XX'"]),
    ],
)
def test_damaged_reports_are_refused_with_file_row_and_column(
    data_copy: DataCopy, name: str, old: str, new: str, parts: list[str]
) -> None:
    row = data_copy.replace(name, old, new)
    refused(read, str(data_copy.path(name)), f"row {row}", *parts, "Restore")


@pytest.mark.parametrize(
    ("name", "old", "new", "parts"),
    [
        (DECLINED, ",New York City,NY,4,exact,", ",New York City,NY,24,exact,", ["found 209", "at most 206"]),
        (ISSUED, ",Clark,NV,51,", ",Clark,NV,5100,", ["at most 3083"]),
    ],
)
def test_places_that_pass_the_weeks_total_are_refused(
    data_copy: DataCopy, name: str, old: str, new: str, parts: list[str]
) -> None:
    data_copy.replace(name, old, new)
    refused(read, str(data_copy.path(name)), "2017-01-28", "week's total", *parts)


def test_weekly_totals_that_do_not_add_up_to_the_origins_are_refused(data_copy: DataCopy) -> None:
    data_copy.replace(TOTALS, ",2825,47,", ",2825,48,")
    data_copy.accept(TOTALS)
    refused(read, str(data_copy.path(TOTALS)), "do not add up", "found 319", "expected 318")


def test_a_disputed_figure_does_not_break_the_sum(data_copy: DataCopy) -> None:
    data_copy.replace(DECLINED, ",Sacramento,CA,2,disputed,", ",Sacramento,CA,200,disputed,")
    data_copy.accept(DECLINED)
    assert len(read().declined_by_place) == 50


@pytest.mark.parametrize(
    "name",
    [
        *("weekly_totals", "issued_by_place", "declined_by_place", "conflicting_figures", "known_rows"),
        *("policies", "corrections", "aggregates"),
    ],
)
def test_each_file_is_needed_whole_and_unchanged(data_copy: DataCopy, name: str) -> None:
    path = data_copy.path(f"{REPORTS}/{name}.csv")
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b" \n")
    refused(read, str(path))
    path.write_bytes(content)
    read()
    path.unlink()
    refused(read, str(path), "missing", "Restore")


@pytest.mark.parametrize(
    ("name", "old", "new", "column"),
    [
        (DECLINED, ",142,exact,", ",142,exakt,", "bound"),
        (KNOWN, 'endangering life)",convicted,A', 'endangering life)",guilty,A', "offence_status"),
    ],
)
def test_a_word_outside_a_closed_list_is_refused(
    data_copy: DataCopy, name: str, old: str, new: str, column: str
) -> None:
    row = data_copy.replace(name, old, new)
    data_copy.accept(name)
    refused(read, str(data_copy.path(name)), f"row {row}", f"column {column}")
