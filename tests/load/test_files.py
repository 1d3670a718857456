"""Bundled files: found, described, read whole or refused with one sentence."""

from __future__ import annotations

from pathlib import Path

from analysis.errors import InputError, unknown
from analysis.files import sha256_of


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
