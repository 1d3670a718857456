"""Bundled files: found, described, read whole or refused with one sentence."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from conftest import DataCopy
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import InputError, unknown
from analysis.load import files
from analysis.load.files import crosswalk, data_file, read_text_table, sha256_of

COUNTS = "counts/fy2015_weekly_counts.csv"
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
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


# Errors.


def test_an_error_says_file_place_found_expected_and_what_to_do() -> None:
    error = InputError("wrong", file="a.csv", place="row 3", found=-1, expected="0 or more", do="Mend it")
    assert str(error) == "a.csv, row 3: wrong: found -1, expected 0 or more. Mend it."
    assert error._render_traceback_() == [f"InputError: {error}"]


def test_an_error_with_little_to_say_is_still_a_sentence() -> None:
    assert str(InputError("nothing to make")) == "nothing to make."
    assert str(InputError("wrong", found=0)) == "wrong: found 0."
    assert str(InputError("wrong", expected="a week")) == "wrong: expected a week."


def test_an_unknown_name_is_answered_with_the_nearest_and_the_list() -> None:
    error = unknown("state", "Californa", ["California", "Texas"], more="`declines list` shows all")
    assert str(error) == (
        "unknown state 'Californa'; did you mean 'California'? Known: California, Texas. `declines list` shows all."
    )
    assert "did you mean" not in str(unknown("state", "zzz", ["California", "Texas"]))
    assert "'6'" in str(unknown("state", 6, ["California"]))


# Folders and origins.


def test_a_wheel_carries_its_data_inside_and_a_checkout_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "analysis"
    package.mkdir(parents=True)
    monkeypatch.setattr(files, "_PACKAGE", package)
    with pytest.raises(InputError) as refusal:
        files.bundled_folder("data")
    assert said(refusal, "'data' is missing", str(tmp_path / "site" / "data"), "_bundled", "Install")
    beside, inside = tmp_path / "site" / "data", package / "_bundled" / "data"
    beside.mkdir()
    assert files.bundled_folder("data") == beside
    inside.mkdir(parents=True)
    assert files.bundled_folder("data") == inside


def test_a_missing_file_is_named(data_copy: DataCopy) -> None:
    data_copy.path(COUNTS).unlink()
    with pytest.raises(InputError) as refusal:
        data_file(COUNTS)
    assert said(refusal, str(data_copy.path(COUNTS)), "missing", "Restore")


def test_hashes_are_sha256(tmp_path: Path) -> None:
    assert sha256_of(write(tmp_path / "empty", "")) == EMPTY_SHA256
    assert sha256_of(write(tmp_path / "abc", "abc")) == ABC_SHA256


# Text tables.


def test_blank_and_the_text_na_stay_apart_and_nothing_is_guessed(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'value,code\nNA,01\n,1\n"a, b",null\n')
    table = read_text_table(path, ["value"])
    assert table.to_dict("list") == {"value": ["NA", "", "a, b"], "code": ["01", "1", "null"]}


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6)))
def test_any_text_comes_back_as_it_was_written(rows: list[list[str]]) -> None:
    import tempfile

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


# Crosswalks.


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
