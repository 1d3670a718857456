"""Bundled files: found, described, read whole or refused with one sentence."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml
from conftest import DataCopy
from hypothesis import strategies as st

from analysis.errors import InputError, unknown
from analysis.load.files import check_hash, origin_of, sha256_of

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


def test_hashes_are_sha256(tmp_path: Path) -> None:
    assert sha256_of(write(tmp_path / "empty", "")) == EMPTY_SHA256
    assert sha256_of(write(tmp_path / "abc", "abc")) == ABC_SHA256


def test_a_bundled_origin_is_read(data_copy: DataCopy) -> None:
    origin = origin_of(data_copy.path(COUNTS))
    assert origin.source is not None
    assert (origin.source.detainers, origin.source.declined) == (79_053, 5_501)
    assert (origin.source.first_day, origin.source.extracted_on) == (date(2014, 10, 1), date(2015, 7, 26))
    assert "FOIA 15-87693" in origin.reference


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"licence": None}, ["licence"]),
        ({"sha256": ...}, ["sha256", "required"]),
        ({"lisence": "x"}, ["lisence"]),
        ({"source": {"name": "x"}}, ["source."]),
    ],
)
def test_an_origin_that_lacks_a_key_or_has_a_strange_one_is_refused_by_key(
    data_copy: DataCopy, change: dict[str, object], parts: list[str]
) -> None:
    beside = data_copy.path(COUNTS + ".origin.yml")
    content = yaml.safe_load(beside.read_text(encoding="utf-8")) | change
    beside.write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not ...}), encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        origin_of(data_copy.path(COUNTS))
    assert said(refusal, str(beside), "key", "Restore", *parts)


@pytest.mark.parametrize("content", ["title: 'no end\n", "a: b: c\n", "\tx: 1\n", "- a list\n", "", "just words\n"])
def test_an_origin_that_is_not_a_mapping_is_refused(data_copy: DataCopy, content: str) -> None:
    beside = write(data_copy.path(COUNTS + ".origin.yml"), content)
    with pytest.raises(InputError) as refusal:
        origin_of(data_copy.path(COUNTS))
    assert str(beside) in str(refusal.value)
    assert "Restore" in str(refusal.value)


def test_a_missing_origin_is_named(data_copy: DataCopy) -> None:
    beside = data_copy.path(COUNTS + ".origin.yml")
    beside.unlink()
    with pytest.raises(InputError) as refusal:
        origin_of(data_copy.path(COUNTS))
    assert said(refusal, str(beside), "missing", "Restore")


def test_a_changed_byte_is_noticed_and_a_meant_change_accepted(data_copy: DataCopy) -> None:
    path = data_copy.path(COUNTS)
    original = sha256_of(path)
    assert check_hash(path) == original
    path.write_bytes(path.read_bytes().replace(b",CA,", b",CO,", 1))
    with pytest.raises(InputError) as refusal:
        check_hash(path)
    assert said(refusal, str(path), f"found 'sha256 {sha256_of(path)}'", f"expected sha256 {original}", "origin file")
    data_copy.accept(COUNTS)
    assert check_hash(path) != original
