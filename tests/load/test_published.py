"""The published figures: read as they were published, and every way of damaging them met with one sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest
from conftest import DataCopy
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.load.published import PublishedReports, read_published_reports, read_weekly_counts
from analysis.load.reference import data_file
from analysis.load.table import NAMES, Outcome

COUNTS = "counts/fy2015_weekly_counts.csv"
REPORTS = "published_reports"
DECLINED, TOTALS = f"{REPORTS}/declined_by_place.csv", f"{REPORTS}/weekly_totals.csv"
ISSUED, KNOWN = f"{REPORTS}/issued_by_place.csv", f"{REPORTS}/known_rows.csv"
FIRST, SECOND, THIRD = date(2017, 1, 28), date(2017, 2, 4), date(2017, 2, 11)


@pytest.fixture(scope="module")
def reports() -> PublishedReports:
    return read_published_reports()


@pytest.fixture(scope="module")
def counts() -> pd.DataFrame:
    return read_weekly_counts(data_file(COUNTS))


def refused(read: Callable[[], object], *parts: str) -> None:
    """Hold that reading stops with one sentence that has all the parts."""
    with pytest.raises(InputError) as refusal:
        read()
    message = str(refusal.value)
    assert [part for part in parts if part not in message] == [], message
    assert "\n" not in message


# Weekly counts.


def test_the_counts_are_the_published_ones(counts: pd.DataFrame) -> None:
    assert list(counts.columns[: len(NAMES)]) == list(NAMES)
    assert counts["detainers"].sum() == 79_053
    assert counts["detainers"][counts["outcome"] == Outcome.DECLINED].sum() == 5_501
    assert counts["detainers"][counts["lift_reason"].isna()].sum() == 52_263
    assert (counts["outcome"][counts["lift_reason"].isna()] == Outcome.NOT_RECORDED).all()
    assert counts["detainers"][counts["state"].isna()].sum() == 9_020
    assert counts["issued_on"].dt.day_name().eq("Saturday").all()
    assert counts["issued_on"].nunique() == 43


def test_each_row_says_where_it_stood(counts: pd.DataFrame) -> None:
    lines = data_file(COUNTS).read_text(encoding="utf-8").splitlines()
    assert len(counts) == len(lines) - 1
    assert set(counts["source_file"]) == {"fy2015_weekly_counts.csv"}
    for row in counts.sample(25, random_state=1).itertuples():
        assert lines[row.source_row - 1].startswith(f"{row.issued_on:%Y-%m-%d},")
        assert lines[row.source_row - 1].endswith(f",{row.detainers}")


def test_requests_follow_from_forms(counts: pd.DataFrame) -> None:
    asked = counts.dropna(subset="form").groupby("form", observed=True)["request"].agg(["nunique", "first"])
    assert (asked["nunique"] == 1).all()
    assert asked["first"].to_dict()["I247"] == asked["first"].to_dict()["I247D"] == "hold"
    assert asked["first"].to_dict()["I247N"] == "notify"


def test_a_source_has_no_offence_that_it_does_not_have(counts: pd.DataFrame) -> None:
    for column in ("offence_text", "offence_group", "offence_status", "person", "agency", "lifted_on"):
        assert counts[column].isna().all()


FIRST_ROWS = "2014-09-27,,I247,,83"


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        (FIRST_ROWS, "2014-09-27,,I247,,-83", ["column detainers", "'-83'", "a whole number of 0 or more"]),
        (FIRST_ROWS, "2014-09-27,,I247,,83.0", ["column detainers", "'83.0'", "a whole number of 0 or more"]),
        (FIRST_ROWS, "2014-09-27,,I247,,8e1", ["column detainers", "'8e1'", "a whole number"]),
        (FIRST_ROWS, "2014-09-27,,I247,,", ["column detainers", "''", "a whole number"]),
        (FIRST_ROWS, "2014-09-27,,I247,,many", ["column detainers", "'many'", "a whole number"]),
        (FIRST_ROWS, '2014-09-27,,I247,,"1,083"', ["column detainers", "'1,083'", "a whole number"]),
        (FIRST_ROWS, "2014-09-28,,I247,,83", ["column week_start", "'2014-09-28'", "a Saturday"]),
        (FIRST_ROWS, "27/09/2014,,I247,,83", ["column week_start", "'27/09/2014'", "YYYY-MM-DD"]),
        (FIRST_ROWS, ",,I247,,83", ["column week_start", "''", "a Saturday"]),
        (FIRST_ROWS, "2014-09-27,ZZ,I247,,83", ["unknown state", "'ZZ'", "states.csv", "column state"]),
        (FIRST_ROWS, "2014-09-27,California,I247,,83", ["unknown state", "'California'", "column state"]),
        (FIRST_ROWS, "2014-09-27,,I-247,,83", ["unknown form", "'I-247'", "forms.csv", "column form"]),
        (FIRST_ROWS, "2014-09-27,,I247,Declined,83", ["unknown lift reason", "'Declined'", "lift_reasons.csv"]),
        (FIRST_ROWS, f"{FIRST_ROWS}\n{FIRST_ROWS}", ["stands twice", "each group once", "row 3"]),
        (FIRST_ROWS, f"{FIRST_ROWS},", ["row 2"]),
        (FIRST_ROWS, "2014-09-27,,I247,", ["row 2"]),
    ],
)
def test_damaged_counts_are_refused_with_file_row_and_column(
    data_copy: DataCopy, old: str, new: str, parts: list[str]
) -> None:
    row = data_copy.replace(COUNTS, old, new)
    path = data_copy.path(COUNTS)
    named = path.name if "unknown lift reason" in parts else str(path)
    refused(lambda: read_weekly_counts(path), named, *([] if "row 3" in parts else [f"row {row}"]), *parts)


@pytest.mark.parametrize("keep", [0.5, 0.999])
def test_counts_cut_short_are_refused(data_copy: DataCopy, keep: float) -> None:
    path = data_copy.path(COUNTS)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    refused(lambda: read_weekly_counts(path), str(path), "Restore")


def test_counts_that_do_not_add_up_are_refused_with_both_totals(data_copy: DataCopy) -> None:
    data_copy.replace(COUNTS, FIRST_ROWS, "2014-09-27,,I247,,84")
    data_copy.accept(COUNTS)
    path = data_copy.path(COUNTS)
    refused(lambda: read_weekly_counts(path), str(path), "column detainers", "found 79054", "expected 79053", "origin")


def test_declines_that_do_not_add_up_are_refused(data_copy: DataCopy) -> None:
    data_copy.replace(COUNTS, "2014-09-27,,I247,Detainer Declined by LEA,18", "2014-09-27,,I247,Died,18")
    data_copy.accept(COUNTS)
    path = data_copy.path(COUNTS)
    refused(lambda: read_weekly_counts(path), "do not add up: declined", "found 5483", "expected 5501")


def test_a_week_outside_the_source_is_refused(data_copy: DataCopy) -> None:
    """Such a week would count in the totals and stand in no report."""
    data_copy.replace(COUNTS, FIRST_ROWS, "2013-09-28,,I247,,83")
    data_copy.accept(COUNTS)
    path = data_copy.path(COUNTS)
    refused(lambda: read_weekly_counts(path), str(path), "row 2", "column week_start", "2013-09-28")


def test_a_meant_change_that_adds_up_is_accepted(data_copy: DataCopy) -> None:
    data_copy.replace(COUNTS, FIRST_ROWS, "2014-09-27,,I247,,82")
    data_copy.replace(COUNTS, "2014-09-27,,I247,Case Closed,1", "2014-09-27,,I247,Case Closed,2")
    data_copy.accept(COUNTS)
    assert read_weekly_counts(data_copy.path(COUNTS))["detainers"].sum() == 79_053


def test_counts_without_an_origin_or_its_totals_are_refused(data_copy: DataCopy) -> None:
    beside = data_copy.path(COUNTS + ".origin.yml")
    text = beside.read_text(encoding="utf-8")
    beside.write_text(text[: text.index("source:\n")], encoding="utf-8")
    path = data_copy.path(COUNTS)
    refused(lambda: read_weekly_counts(path), str(path), "no source block")
    beside.unlink()
    refused(lambda: read_weekly_counts(path), str(beside), "missing")


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8).filter(lambda text: not text.isascii()))
def test_no_strange_text_passes_for_a_count(text: str) -> None:
    """Digits of other scripts too: a count is written 0 to 9."""
    from analysis.load.published import _as_counts

    with pytest.raises(InputError):
        _as_counts(pd.DataFrame({"n": ["1", text]}), "n", data_file(COUNTS))


# The weekly reports.


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


def test_the_weeks_split_the_rows_and_lose_none(reports: PublishedReports) -> None:
    for name in ("weekly_totals", "issued_by_place", "declined_by_place", "known_rows"):
        parts = [len(getattr(reports.of_week(week), name)) for week in (FIRST, SECOND, THIRD)]
        assert sum(parts) == len(getattr(reports, name)), name


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
    refused(read_published_reports, str(data_copy.path(name)), f"row {row}", *parts, "Restore")


def test_places_that_pass_the_weeks_total_are_refused(data_copy: DataCopy) -> None:
    data_copy.replace(DECLINED, ",New York City,NY,4,exact,", ",New York City,NY,24,exact,")
    data_copy.accept(DECLINED)
    refused(
        read_published_reports, str(data_copy.path(DECLINED)), "2017-01-28", "week's total", "found 209", "at most 206"
    )


def test_issued_places_that_pass_the_weeks_total_are_refused(data_copy: DataCopy) -> None:
    data_copy.replace(ISSUED, ",Clark,NV,51,", ",Clark,NV,5100,")
    data_copy.accept(ISSUED)
    refused(read_published_reports, str(data_copy.path(ISSUED)), "2017-01-28", "week's total", "at most 3083")


def test_weekly_totals_that_do_not_add_up_to_the_origins_are_refused(data_copy: DataCopy) -> None:
    data_copy.replace(TOTALS, ",2825,47,", ",2825,48,")
    data_copy.accept(TOTALS)
    refused(read_published_reports, str(data_copy.path(TOTALS)), "do not add up", "found 319", "expected 318")


def test_a_nested_place_may_equal_its_holder(reports: PublishedReports) -> None:
    rows = reports.declined_by_place.set_index("row_id")
    assert rows.loc["2017-02-11-j47", "declined"] == rows.loc["2017-02-11-j50", "declined"] == 10
    assert rows.loc["2017-02-11-j47", "within"] == "2017-02-11-j50"


def test_a_disputed_figure_does_not_break_the_sum(data_copy: DataCopy) -> None:
    data_copy.replace(DECLINED, ",Sacramento,CA,2,disputed,", ",Sacramento,CA,200,disputed,")
    data_copy.accept(DECLINED)
    assert len(read_published_reports().declined_by_place) == 50


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
    refused(read_published_reports, str(path))
    path.write_bytes(content)
    read_published_reports()
    path.unlink()
    refused(read_published_reports, str(path), "missing", "Restore")


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
    refused(read_published_reports, str(data_copy.path(name)), f"row {row}", f"column {column}")
