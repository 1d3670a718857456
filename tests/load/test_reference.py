"""Reference tables: bundled files read whole or refused with one sentence; states, groups and events by name."""

from __future__ import annotations

import csv
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from conftest import DataCopy
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused

from analysis.errors import InputError, unknown
from analysis.files import sha256_of
from analysis.load import reference
from analysis.load.reference import crosswalk, events, read_text_table
from analysis.load.sources import open_source

COUNTS = "counts/fy2015_weekly_counts.csv"
DAMAGES: dict[str, list[dict[str, Any]]] = yaml.safe_load(Path(__file__).with_name("damages.yml").read_text("utf-8"))
CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6) | st.sampled_from(["NA", "", "null", "01"])


def test_a_damaged_table_is_refused_with_file_row_and_column(data_copy: DataCopy) -> None:
    readers = {"events": events, "states": lambda: crosswalk("states", "postal")}
    for file, damages in DAMAGES.items():
        read = readers.get(Path(file).stem, lambda: open_source("published-2017").reports())
        whole = data_copy.path(file).read_bytes()
        for damage in damages:
            crosswalk.cache_clear()
            row = f"row {data_copy.replace(file, damage['old'], damage['new'])}"
            with refused(data_copy.path(file), damage.get("row", row), *damage["says"], "Restore"):
                read()
            data_copy.path(file).write_bytes(whole)
            data_copy.accept(file)


def test_a_wheel_carries_its_data_inside_and_a_checkout_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "analysis"
    package.mkdir(parents=True)
    monkeypatch.setattr("analysis.files._PACKAGE", package)
    with refused("'data' is missing", tmp_path / "site" / "data", "_bundled", "Install"):
        reference.bundled_folder("data")
    beside, inside = tmp_path / "site" / "data", package / "_bundled" / "data"
    beside.mkdir()
    assert reference.bundled_folder("data") == beside
    inside.mkdir(parents=True)
    assert reference.bundled_folder("data") == inside


@settings(max_examples=25)
@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6)))
def test_any_text_comes_back_as_it_was_written(rows: list[list[str]]) -> None:
    names = [f"c{n}" for n in range(len(rows[0]) if rows else 1)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([names, *rows])
        table = read_text_table(path, names)
    assert table.to_numpy().tolist() == rows
    assert list(table.columns) == names


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a,b\n1,2\n3\n", ["row 3", "found '1 cell'", "expected 2"]),  # cut off in the middle of the last row
        ("a,b\n1,2,3\n4,5\n", ["row 2", "found '3 cells'"]),  # the first row too long: nothing may slide
        ("a,b\n1,2\n3,4\n5,6,7\n", ["row 4"]),
        ("a,b\n1,2\n\n3,4\n", ["row 3"]),  # a blank line is no row
        ("", ["damaged"]),
        ('a,b\n1,2\n3,"4\n', ["damaged"]),
        (b"a,b\n1,\xe9\n", ["damaged"]),
        ("a,b\n1,2\n".encode("utf-16"), ["damaged"]),
        (b"PAR1\x00\x15\x04\x90PAR1", []),
        ("a,c\n1,2\n", ["row 1", "column 'b' is missing", "found ['a', 'c']"]),
        ("a,b,b\n1,2,3\n", ["column 'b' stands twice"]),
        (None, ["missing"]),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: str | bytes | None, says: list[str]) -> None:
    path = tmp_path / "t.csv"
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with refused(path, *says, "Restore"):
        read_text_table(path, ["a", "b"])


def test_blank_and_the_text_na_stay_apart_and_nothing_is_guessed(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('value,code\nNA,01\n,1\n"a, b",null\n')
    table = read_text_table(tmp_path / "t.csv", ["value"])
    assert table.to_dict("list") == {"value": ["NA", "", "a, b"], "code": ["01", "1", "null"]}


def test_the_two_events_that_every_reader_of_2017_must_know() -> None:
    table = events()
    assert table["date"].is_monotonic_increasing
    assert (table["last_date"] >= table["date"]).all()
    about = table.loc[["travis-policy", "form-i247a"], ["date", "last_date", "state", "agency"]].astype(str)
    travis, form = ["2017-02-01", "2017-02-01", "TX", "Travis County"], ["2017-04-02", "2017-04-02", "", ""]
    assert about.to_numpy().tolist() == [travis, form]  # a blank last day is the first
    assert table.loc["new-york-city-law", "last_date"] == pd.Timestamp("2014-11-30")


@pytest.mark.parametrize(
    ("event", "first", "last", "there"),
    [
        ("travis-policy", date(2017, 2, 1), date(2017, 2, 1), True),
        ("travis-policy", date(2017, 2, 2), None, False),
        ("travis-policy", None, date(2017, 1, 31), False),
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
    assert "travis-policy" in texas.index.difference(new_york.index)
    assert "form-i247a" in texas.index.intersection(new_york.index)
    assert set(texas["state"]) == {"", "TX"}
    assert len(events(state="all")) == len(events())


# How a refusal reads.


def test_an_error_says_file_place_found_expected_and_what_to_do() -> None:
    error = InputError("wrong", file="a.csv", place="row 3", found=-1, expected="0 or more", do="Mend it")
    assert str(error) == "a.csv, row 3: wrong: found -1, expected 0 or more. Mend it."
    assert error._render_traceback_() == [f"InputError: {error}"]
    assert str(InputError("nothing to make")) == "nothing to make."
    assert str(InputError("wrong", found=0)) == "wrong: found 0."
    assert str(InputError("wrong", expected="a week")) == "wrong: expected a week."


def test_an_unknown_name_is_answered_with_the_nearest_and_the_list() -> None:
    assert str(unknown("state", "Californa", ["California", "Texas"], more="`declines list` shows all")) == (
        "unknown state 'Californa'; did you mean 'California'? Known: California, Texas. `declines list` shows all."
    )
    assert "did you mean" not in str(unknown("state", "zzz", ["California", "Texas"]))
    assert "'6'" in str(unknown("state", 6, ["California"]))


def test_hashes_are_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert sha256_of(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
