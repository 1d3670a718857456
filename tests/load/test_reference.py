"""Reference tables: bundled files read whole or refused with one sentence; states, groups and events by name."""

from __future__ import annotations

import csv
import tempfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from conftest import DataCopy
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.load import reference
from analysis.load.reference import blocking_events, crosswalk, data_file, events, read_text_table

COUNTS, EVENTS = "counts/fy2015_weekly_counts.csv", "reference/events.csv"
CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6) | st.sampled_from(["NA", "", "null", "01"])


def said(refusal: pytest.ExceptionInfo[InputError], *parts: str) -> bool:
    """Say whether the message is one line, without a traceback's words, and has all the parts."""
    message = str(refusal.value)
    missing = [part for part in parts if part not in message]
    assert not missing, f"{missing} not in {message!r}"
    assert "\n" not in message.strip()
    return True


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


# ---- folders


def test_a_wheel_carries_its_data_inside_and_a_checkout_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "analysis"
    package.mkdir(parents=True)
    monkeypatch.setattr(reference, "_PACKAGE", package)
    with pytest.raises(InputError) as refusal:
        reference.bundled_folder("data")
    assert said(refusal, "'data' is missing", str(tmp_path / "site" / "data"), "_bundled", "Install")
    beside, inside = tmp_path / "site" / "data", package / "_bundled" / "data"
    beside.mkdir()
    assert reference.bundled_folder("data") == beside
    inside.mkdir(parents=True)
    assert reference.bundled_folder("data") == inside


def test_a_missing_file_is_named(data_copy: DataCopy) -> None:
    data_copy.path(COUNTS).unlink()
    with pytest.raises(InputError) as refusal:
        data_file(COUNTS)
    assert said(refusal, str(data_copy.path(COUNTS)), "missing", "Restore")


# ---- text tables


def test_blank_and_the_text_na_stay_apart_and_nothing_is_guessed(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'value,code\nNA,01\n,1\n"a, b",null\n')
    table = read_text_table(path, ["value"])
    assert table.to_dict("list") == {"value": ["NA", "", "a, b"], "code": ["01", "1", "null"]}


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6)))
def test_any_text_comes_back_as_it_was_written(rows: list[list[str]]) -> None:
    width = len(rows[0]) if rows else 1
    names = [f"c{n}" for n in range(width)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([names, *rows])
        table = read_text_table(path, names)
    assert table.to_numpy().tolist() == rows
    assert list(table.columns) == names


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    assert len(read_text_table(write(tmp_path / "t.csv", "a,b\n"), ["a", "b"])) == 0


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("a,b\n1,2\n3\n", 3),  # cut off in the middle of the last row
        ("a,b\n1,2,3\n4,5\n", 2),  # the first row too long: nothing may slide into another column
        ("a,b\n1,2,3\n4,5,6\n", 2),
        ("a,b\n1,2\n3,4\n5,6,7\n", 4),
        ("a,b\n1,2\n\n3,4\n", 3),  # a blank line is no row
    ],
)
def test_rows_of_unequal_length_are_refused_by_row(tmp_path: Path, text: str, row: int) -> None:
    path = write(tmp_path / "t.csv", text)
    with pytest.raises(InputError) as refusal:
        read_text_table(path, ["a", "b"])
    assert said(refusal, str(path), f"row {row}", "expected", "Restore")


@pytest.mark.parametrize(
    "content",
    [b"", b'a,b\n1,2\n3,"4\n', b"a,b\n1,\xe9\n", "a,b\n1,2\n".encode("utf-16"), b"PAR1\x00\x15\x04\x90PAR1"],
    ids=["empty", "open quote", "latin-1", "utf-16", "parquet"],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as refusal:
        read_text_table(path, ["a", "b"])
    assert str(path) in str(refusal.value)
    assert "Restore" in str(refusal.value)


def test_a_missing_column_is_named_with_those_found(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b\n1,2\n")
    with pytest.raises(InputError) as refusal:
        read_text_table(path, ["a", "c"])
    assert said(refusal, str(path), "row 1", "column 'c' is missing", "found ['a', 'b']", "Restore")


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'b'"):
        read_text_table(write(tmp_path / "t.csv", "a,b,b\n1,2,3\n"), ["a", "b"])


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refusal:
        read_text_table(tmp_path / "t.csv", ["a"])
    assert said(refusal, str(tmp_path / "t.csv"), "missing", "Restore")


# ---- crosswalks


def test_a_crosswalk_keeps_blank_and_na_as_keys() -> None:
    reasons = crosswalk("lift_reasons", "value")
    assert {"", "NA", "Detainer Declined by LEA"} <= set(reasons.index)
    assert reasons.index.is_unique


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("CO,08,Colorado", "CA,08,Colorado", ["row 7, column postal", "stands twice", "'CA'", "each value once"]),
        ("CO,08,Colorado", "CO,08, Colorado", ["row 7, column name", "stray space", "' Colorado'", "Restore"]),
        ("CO,08,Colorado", "CO,08,Colorado,,,,,", ["row 7", "Restore"]),
        ("postal,fips", "code,fips", ["row 1", "column 'postal' is missing"]),
    ],
)
def test_a_damaged_crosswalk_is_refused_by_row(data_copy: DataCopy, old: str, new: str, parts: list[str]) -> None:
    data_copy.replace("reference/states.csv", old, new)
    with pytest.raises(InputError) as refusal:
        crosswalk("states", "postal")
    assert str(data_copy.path("reference/states.csv")) in str(refusal.value)
    assert all(part in str(refusal.value) for part in parts), str(refusal.value)


# ---- events


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
