"""Cells as they are written: dates, codes, redactions."""

from __future__ import annotations

from datetime import date, datetime, time

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.load.cells import chosen, cleaned_ids, combinations, recoded, rows_of
from analysis.load.columns import cell_text, charge_code, cleaned, is_charge_code, moment_of, moments

SPELLINGS = {
    "iso": lambda day: day.isoformat(),
    "iso with time": lambda day: f"{day.isoformat()}T00:00:00Z",
    "US": lambda day: f"{day.month}/{day.day}/{day.year}",
    "US padded": lambda day: f"{day:%m/%d/%Y}",
    "US short": lambda day: f"{day.month}/{day.day}/{day:%y}",
    "SAS": lambda day: f"{day:%d%b%y}".upper(),
    "SAS long": lambda day: f"{day:%d%b%Y}".upper(),
    "dashed": lambda day: f"{day:%d-%b-%Y}",
    "Excel": lambda day: str((day - date(1899, 12, 30)).days),
    "Excel as a number": lambda day: f"{(day - date(1899, 12, 30)).days}.0",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(day=st.dates(date(1969, 1, 1), date(2049, 12, 31)))
def test_dates_in_every_spelling(spelling: str, day: date) -> None:
    found = moment_of(SPELLINGS[spelling](day))
    assert found is not None
    assert found.date() == day


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("06/14/2025 03:10 PM", datetime(2025, 6, 14, 15, 10)),
        ("06/14/2025 12:10 AM", datetime(2025, 6, 14, 0, 10)),
        ("2025-06-14 15:10:05", datetime(2025, 6, 14, 15, 10, 5)),
        ("12MAR08", datetime(2008, 3, 12)),
        ("12OCT08", datetime(2008, 10, 12)),  # its T begins no time of day
        ("06/14/0002 03:10 PM", datetime(2, 6, 14, 15, 10)),
        ("13/13/2025", None),
        ("2025-02-30", None),
        ("12XYZ08", None),
        ("1399", None),
        ("13AB", None),
        ("last week", None),
        ("2025", None),
    ],
)
def test_moments_one_by_one(text: str, expected: datetime | None) -> None:
    assert moment_of(text) == expected


@given(st.text(max_size=12))
def test_any_text_is_a_date_or_none(text: str) -> None:
    assert moment_of(text) is None or isinstance(moment_of(text), datetime)


def test_years_that_cannot_be_are_blank_and_told() -> None:
    for column in (
        pd.Series(["2025-01-01", "2099-01-01", "06/14/0002", None], dtype="str").astype("category"),
        pd.Series(["2025-01-01", "2099-01-01", "1066-01-01", None]).astype("datetime64[ms]"),
    ):
        dates, impossible = moments(column, 1900, 2049)
        assert dates.isna().tolist() == [False, True, True, True]
        assert impossible.tolist() == [False, True, True, False]
        assert dates.dtype == "datetime64[ms]"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0301", "0301"),
        ("301", "0301"),
        ("301.0", "0301"),
        ("5404.0", "5404"),
        ("13AB", "13AB"),
        ("3ab", "03AB"),
        *((text, text) for text in ("99999", "DUI", "35", "1/3/15")),
    ],
)
def test_charge_codes(text: str, code: str) -> None:
    assert charge_code(text) == code
    assert is_charge_code(text) == (len(code) == 4 and code[0].isdigit())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (float("nan"), ""),
        (pd.NaT, ""),
        (301.0, "301"),
        (0.5, "0.5"),
        (7, "7"),
        (True, "TRUE"),
        ("0301", "0301"),
        (date(2015, 1, 3), "2015-01-03"),
        (datetime(2015, 1, 3), "2015-01-03"),
        (datetime(2015, 1, 3, 15, 10), "2015-01-03 15:10:00"),
        (time(3, 4), "03:04:00"),
    ],
)
def test_typed_cells_as_text(value: object, text: str) -> None:
    assert cell_text(value) == text


REDACTED = ["b(6), b(7)c", "b(6), b(7)C", "(b)(6), (b)(7)(c)", "(b)(6), (b)(7)(c) (b)(7)(e)", "(b)(6);(b)(7)(E)"]


def test_redactions_and_blanks_are_told_from_values() -> None:
    values = [*REDACTED, "NA", " NA ", "", "  ", None, "NADA", "b", "(b)", "BUILDING (6)", " x ", "x"]
    column = pa.chunked_array([pa.array(values).dictionary_encode()])
    for found, counts in (cleaned(column), cleaned_ids(column.cast(pa.string()))):
        assert [value for value in found if pd.notna(value)] == ["NADA", "b", "(b)", "BUILDING (6)", "x", "x"]
        assert counts == {"redaction made blank": 5, "text NA made blank": 2}


categories = st.lists(st.sampled_from([None, "a", "b", "c"]), min_size=1).map(
    lambda values: pd.Categorical(pd.Series(values, dtype="str"))
)


@given(categories)
def test_recoding_is_a_map(column: pd.Categorical) -> None:
    meaning = {"a": "x", "b": "x", "c": None}
    found = recoded(column, [meaning[name] for name in column.categories])
    expected = [meaning.get(value) if isinstance(value, str) else None for value in column]
    assert [value if isinstance(value, str) else None for value in found] == expected
    assert rows_of(found).sum() == sum(value is not None for value in expected)


@given(categories, st.data())
def test_choosing_takes_each_row_from_its_column(first: pd.Categorical, data: st.DataObject) -> None:
    second = pd.Categorical(["z"] * len(first))
    which = pd.Series(data.draw(st.lists(st.sampled_from([0, 1, 2]), min_size=len(first), max_size=len(first))))
    found = chosen([first, second], which.to_numpy())
    expected = [{0: one, 1: "z", 2: None}[at] for one, at in zip(first, which, strict=True)]
    assert [value if isinstance(value, str) else None for value in found] == [
        value if isinstance(value, str) else None for value in expected
    ]


@given(st.lists(st.tuples(*[st.sampled_from(["a", "b", "c", None])] * 3), max_size=30))
def test_rows_have_one_number_exactly_where_they_are_alike(rows: list[tuple[str | None, ...]]) -> None:
    columns = [pd.Categorical([row[at] for row in rows], categories=["c", "b", "a"]) for at in range(3)]
    numbers, a_row = combinations(columns)
    assert len(a_row) == len(set(rows))
    assert [rows[a_row[number]] for number in numbers] == rows
