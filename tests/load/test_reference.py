"""Reference tables: bundled files read whole or refused with one sentence; states, groups and events by name."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def refused(*parts: object) -> Iterator[None]:
    """Hold the message of a refusal: one line that has all the parts."""
    with pytest.raises(InputError) as refusal:
        yield
    message = str(refusal.value)
    assert not [part for part in parts if str(part) not in message], message
    assert "\n" not in message


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


# ---- folders


def test_a_wheel_carries_its_data_inside_and_a_checkout_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "analysis"
    package.mkdir(parents=True)
    monkeypatch.setattr(reference, "_PACKAGE", package)
    with refused("'data' is missing", str(tmp_path / "site" / "data"), "_bundled", "Install"):
        reference.bundled_folder("data")
    beside, inside = tmp_path / "site" / "data", package / "_bundled" / "data"
    beside.mkdir()
    assert reference.bundled_folder("data") == beside
    inside.mkdir(parents=True)
    assert reference.bundled_folder("data") == inside


def test_a_missing_file_is_named(data_copy: DataCopy) -> None:
    data_copy.path(COUNTS).unlink()
    with refused(str(data_copy.path(COUNTS)), "missing", "Restore"):
        data_file(COUNTS)


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
    with refused(str(path), f"row {row}", "expected", "Restore"):
        read_text_table(path, ["a", "b"])


@pytest.mark.parametrize(
    "content",
    [b"", b'a,b\n1,2\n3,"4\n', b"a,b\n1,\xe9\n", "a,b\n1,2\n".encode("utf-16"), b"PAR1\x00\x15\x04\x90PAR1"],
    ids=["empty", "open quote", "latin-1", "utf-16", "parquet"],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with refused(path, "Restore"):
        read_text_table(path, ["a", "b"])


def test_a_column_that_is_missing_or_stands_twice_and_a_missing_table_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b\n1,2\n")
    with refused(path, "row 1", "column 'c' is missing", "found ['a', 'b']", "Restore"):
        read_text_table(path, ["a", "c"])
    with refused("column 'b' stands twice"):
        read_text_table(write(tmp_path / "t.csv", "a,b,b\n1,2,3\n"), ["a", "b"])
    with refused(tmp_path / "no.csv", "missing", "Restore"):
        read_text_table(tmp_path / "no.csv", ["a"])


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
    with refused(data_copy.path("reference/states.csv"), *parts):
        crosswalk("states", "postal")


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
    ("event", "first", "last", "there"),
    [
        ("travis-policy", date(2017, 2, 1), date(2017, 2, 1), True),
        ("travis-policy", date(2017, 2, 2), None, False),
        ("travis-policy", None, date(2017, 1, 31), False),
        ("travis-policy", None, None, True),
        ("new-york-city-law", date(2014, 11, 30), date(2014, 12, 31), True),
        ("new-york-city-law", date(2014, 10, 1), date(2014, 11, 1), True),
        ("new-york-city-law", date(2014, 11, 10), date(2014, 11, 12), True),
        ("new-york-city-law", date(2014, 12, 1), date(2015, 1, 1), False),
    ],
)
def test_both_days_are_included_and_an_event_lasts_to_its_last(
    event: str, first: date | None, last: date | None, there: bool
) -> None:
    assert (event in events(first, last).index) == there


def test_a_state_keeps_its_own_events_and_the_nations() -> None:
    texas, new_york = events(state="TX"), events(state="NY")
    assert "travis-policy" in texas.index
    assert "travis-policy" not in new_york.index
    assert "form-i247a" in texas.index.intersection(new_york.index)
    assert set(texas["state"]) == {"", "TX"}
    assert len(events(state="all")) == len(events())


def test_only_what_changes_what_is_counted_blocks() -> None:
    """A form, or the reset of all cases of Travis County in one day; no ruling, law, memo or order."""
    blocking = blocking_events()
    assert set(blocking["kind"].drop("travis-policy")) == {"form"}
    others = ["galarza", "miranda-olivares", "new-york-city-law", "pep-memo", "eo-13768", "kelly-memo"]
    assert not events().loc[others, "blocks_comparison"].any()
    assert list(blocking.index) == list(events().index[events()["blocks_comparison"]])


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
    with refused(data_copy.path(EVENTS), f"row {row}", *parts):
        events()
