"""Cells as they are written: dates, codes, redactions."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

import pandas as pd
import pyarrow as pa
import pytest
import release_forms
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.load.columns import (
    cell_text,
    charge_code,
    cleaned,
    column_aliases,
    form_of,
    moment_of,
    moments,
    normalised,
)
from analysis.load.reference import check_hash, data_file
from analysis.load.table import NAMES

OWN_ROLES = {"pending_text", "pending_code", "charge_text", "charge_code", "charge_date"}
SPELLINGS = ["%Y-%m-%d", "%Y-%m-%dT00:00:00Z", "%m/%d/%Y", "%-m/%-d/%Y", "%-m/%-d/%y", "%d%b%y", "%d%b%Y", "%d-%b-%Y"]
SPELLINGS += ["Excel", "Excel.0"]


@given(day=st.dates(date(1969, 1, 1), date(2049, 12, 31)))
def test_dates_in_every_spelling(day: date) -> None:
    number = str((day - date(1899, 12, 30)).days)
    spelt = {spelling: day.strftime(spelling).replace("Excel", number) for spelling in SPELLINGS}
    assert {spelling: moment_of(text.upper()) for spelling, text in spelt.items()} == dict.fromkeys(
        SPELLINGS, datetime(day.year, day.month, day.day)
    )


@given(st.text(max_size=12))
def test_any_text_is_a_date_or_none(text: str) -> None:
    assert isinstance(moment_of(text), datetime | None)


@pytest.mark.parametrize("kind", ["category", "datetime64[s]"])
def test_years_that_cannot_be_are_blank_and_told(kind: str) -> None:
    column = pd.Series(["2025-01-01", "2099-01-01", "0002-06-14", None, "1900-01-01", "2049-12-31"], dtype="str")
    dates, impossible = moments(column.astype(kind), 1900, 2049)
    assert dates.isna().tolist() == [False, True, True, True, False, False]
    assert impossible.tolist() == [False, True, True, False, False, False]
    assert dates.dtype == "datetime64[ms]"


@pytest.mark.parametrize("kind", ["moment", "charge code"])
def test_moments_and_charge_codes_one_by_one(kind: str) -> None:
    for text, read in release_forms.listed_cells(kind):
        if kind == "moment":
            assert moment_of(text) == (datetime.fromisoformat(read) if read else None), text
        else:
            assert charge_code(text) == (read or None), text


def test_typed_cells_as_text() -> None:
    spelt = {"": (None, float("nan"), pd.NaT), "301": (301.0,), "0.5": (0.5,), "7": (7,), "TRUE": (True,)}
    spelt |= {"0301": ("0301",), "2015-01-03": (date(2015, 1, 3), datetime(2015, 1, 3)), "03:04:00": (time(3, 4),)}
    moment = datetime(2015, 1, 3, 15, 10)
    spelt["2015-01-03 15:10:00"] = (moment, moment.replace(tzinfo=UTC))
    for text, values in spelt.items():
        assert [cell_text(value) for value in values] == [text] * len(values)


def test_redactions_and_blanks_are_told_from_values() -> None:
    values: list[str | None] = [
        "b(6), b(7)c",
        "b(6), b(7)C",
        "(b)(6), (b)(7)(c)",
        "(b)(6), (b)(7)(c) (b)(7)(e)",
        "(b)(6);(b)(7)(E)",
    ]
    values += ["NA", " NA ", "", "  ", None, "NADA", "b", "(b)", "BUILDING (6)", " x ", "x"]
    for chunks in ([values], [values[:7], values[7:]]):
        found, counts = cleaned(pa.chunked_array([pa.array(chunk).dictionary_encode() for chunk in chunks]))
        assert [value for value in found if pd.notna(value)] == ["NADA", "b", "(b)", "BUILDING (6)", "x", "x"]
        assert counts == {"redaction made blank": 5, "text NA made blank": 2}


@given(
    st.lists(st.lists(st.sampled_from([None, "", "NA", " x", "x"]), min_size=2, max_size=20), min_size=1, max_size=3),
    st.sampled_from([pa.int8(), pa.int16(), pa.int64()]),
)
@example([list(map(str, range(100))), list(map(str, range(90, 190)))], pa.int8())  # more than eight bits count
def test_parts_with_codes_of_any_width_are_read_as_their_cells(
    chunks: list[list[str | None]], width: pa.DataType
) -> None:
    kind = pa.dictionary(width, pa.string())
    parts = [pa.array(chunk, pa.string()).dictionary_encode().cast(kind)[1:] for chunk in chunks]
    found, counts = cleaned(pa.chunked_array(parts))
    cells = [cell for chunk in chunks for cell in chunk[1:]]
    assert found.astype("str").fillna("").tolist() == ["" if cell == "NA" else (cell or "").strip() for cell in cells]
    assert counts == ({"text NA made blank": cells.count("NA")} if any("NA" in chunk for chunk in chunks) else {})


def test_aliases_are_unique_however_they_are_spelt() -> None:
    aliases = column_aliases()
    check_hash(data_file("reference/column_aliases.csv"))
    assert aliases.index.is_unique
    assert (aliases.index != "").all()
    assert set(aliases["canonical"]) <= {"", *NAMES, *OWN_ROLES}
    assert set(aliases["kind"]) == {"", "date"}
    assert all(set(forms) <= set(release_forms.HEADERS) for forms in aliases["forms"].str.split())
    assert (aliases["reason"].str.len() > 10).all()


def test_columns_of_forms_are_known_tell_the_form_and_agree_with_the_counts_in_their_lists() -> None:
    for form, header in release_forms.HEADERS.items():
        assert {normalised(name) for name in header} <= set(column_aliases().index), form
        assert form_of([f"{name} (2)" if name in header[:at] else name for at, name in enumerate(header)]) == form
    assert [len(release_forms.HEADERS[form]) for form in "ABCDEG"] == [6, 20, 139, 63, 65, 44]
    assert [at + 1 for at, name in enumerate(release_forms.D) if name == "Final Order Yes No"] == [33, 56]


@pytest.mark.parametrize(
    ("header", "form"),
    [
        (release_forms.A_EARLY, "A"),
        (release_forms.F_EARLY, "F"),
        ([name for name in release_forms.E if "Alien" not in name and "EID" not in name], "E"),  # without redactions
        ([re.sub(r"\W+", "_", name.lower()) for name in release_forms.E], "processed"),
    ],
)
def test_copies_with_fewer_columns_are_told(header: list[str], form: str) -> None:
    assert form_of(header) == form
