"""Single cells as ICE and its copyists write them: blanks, redactions, dates in many spellings, charge codes.

Everything here works on distinct values, held as categories, so that 600,000 rows cost no more than their vocabulary.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

TEXT = pa.dictionary(pa.int32(), pa.string())
"""How text is held while reading: each distinct value once."""
REDACTED, NA_TEXT = "redaction made blank", "text NA made blank"
_REDACTION = r"^(?:\(?b\)?\s?\(\d\)\s?(?:\(?[a-zA-Z]\)?)?[\s,;]*)+$"
DATE_SPELLINGS = "a date such as 2015-01-31, 1/31/15, 1/31/2015, 31JAN15 or an Excel date"
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
_SERIAL_START = datetime(1899, 12, 30)  # Excel's day 0, its leap year 1900 allowed for
_DATE = re.compile(
    r"(?:(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"|(?P<us_month>\d{1,2})/(?P<us_day>\d{1,2})/(?P<us_year>\d{4}|\d{2})"
    r"|(?P<named_day>\d{1,2})-?(?P<name>[A-Z]{3})-?(?P<named_year>\d{4}|\d{2}))"
    r"(?:[ T](?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?\s?(?P<half>[AP]M)?(?:Z|\+00:00)?)?",
    re.IGNORECASE,
)
_MONTHS = {
    name: at
    for at, name in enumerate(["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1)
}
_CODE = re.compile(r"\d{2}(?:\d{2}|[A-Z]{2})")
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
_CODE_SHORT_OF_ZERO = re.compile(r"(\d{3,4})(?:\.0+)?|(\d[A-Z]{2})")


def on_all_cores(read: Callable[[_Given], _Made], columns: Iterable[_Given]) -> list[_Made]:
    """Read several columns at a time, which gains where the work is done outside of Python."""
    with ThreadPoolExecutor(os.cpu_count()) as cores:
        return list(cores.map(read, columns))


def cell_text(value: object) -> str:
    """Write a typed cell as text: a whole number without its ``.0``, a day without its midnight, None as blank."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds").removesuffix(" 00:00:00")
    return value.isoformat() if isinstance(value, date) else str(value)


def text_dictionary(codes: np.ndarray, values: Iterable[object]) -> pa.DictionaryArray:
    """Build a text column from the place of each cell's value in a list of distinct values (-1 = blank)."""
    texts = pa.array([cell_text(value) for value in values], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32(), mask=codes < 0), texts, safe=False)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Turn a column of dates or numbers into a text column; leave a text column as it is."""
    if pa.types.is_dictionary(column.type):
        return column
    if not len(column):
        return pa.chunked_array([], TEXT)
    encoded = pc.dictionary_encode(column).combine_chunks()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return pa.chunked_array([text_dictionary(codes, encoded.dictionary.to_pylist())])


def _one_chunk(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Put the chunks of a text column together, each distinct value once."""
    try:
        return column.unify_dictionaries().combine_chunks()
    except pa.ArrowInvalid:  # more values in all than the short numbers of one chunk can count
        return column.cast(TEXT).unify_dictionaries().combine_chunks()


def recoded(column: pd.Categorical, values: Iterable[object]) -> pd.Categorical:
    """Give each category another value, in the order of the categories; several may fall together, None is blank."""
    codes, names = pd.factorize(np.array([*values, None], dtype=object))  # a blank's code is -1: the last
    return _categorical(codes, column.codes, names)


def _categorical(codes: np.ndarray, places: np.ndarray, names: Iterable[object]) -> pd.Categorical:
    """Build a column from the place of each row's value in a list of codes; short numbers spare memory, and so time."""
    short = codes.astype(np.min_scalar_type(-len(codes)))
    return pd.Categorical.from_codes(short[places], pd.Index(names, dtype="str"), validate=False)


def chosen(columns: Sequence[pd.Categorical], which: np.ndarray) -> pd.Categorical:
    """Take each row from the column whose place in ``columns`` ``which`` gives; a place beyond the last is blank."""
    names = [name for column in columns for name in column.categories]
    places, start = np.full(len(which), len(names), dtype=np.int32), 0
    for at, column in enumerate(columns):
        rows = (which == at) & (column.codes >= 0)
        places[rows] = column.codes[rows].astype(np.int32) + start
        start += len(column.categories)
    codes, distinct = pd.factorize(np.array([*names, None], dtype=object))
    return _categorical(codes, places, distinct)


def combinations(columns: Sequence[pd.Categorical]) -> tuple[np.ndarray, np.ndarray]:
    """Give each row the number of its combination of values, and each number one of its rows."""
    numbers = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        numbers = pd.factorize(numbers * (len(column.categories) + 1) + column.codes)[0]
    a_row = np.empty(numbers.max(initial=-1) + 1, dtype=np.int64)
    a_row[numbers] = np.arange(len(numbers))
    return numbers, a_row


def rows_of(column: pd.Categorical) -> np.ndarray:
    """Count the rows of each category."""
    return np.bincount(column.codes.astype(np.intp) + 1, minlength=len(column.categories) + 1)[1:]


def used(column: pd.Categorical) -> pd.Categorical:
    """Leave out the categories that no row has."""
    rows = rows_of(column)
    return column if rows.all() else recoded(column, np.where(rows > 0, column.categories, None))


def _blanks(text: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Find redactions and the text NA."""
    return pc.match_substring_regex(text, _REDACTION), pc.equal(text, "NA")


def cleaned(column: pa.ChunkedArray) -> tuple[pd.Categorical, dict[str, int]]:
    """Trim a text column; make empty text, the text ``NA`` and redactions blank.

    Returns
    -------
    tuple
        The column, each distinct text once, and the rows blanked by reason.
    """
    whole = _one_chunk(column)
    codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    text = pc.utf8_trim_whitespace(whole.dictionary)
    redacted, not_available = _blanks(text)
    blank = pc.or_(pc.equal(text, ""), pc.or_(redacted, not_available))
    distinct = pc.if_else(blank, None, text).dictionary_encode()
    counts: dict[str, int] = {}
    if distinct.null_count or len(distinct.dictionary) < len(text):
        places = np.append(distinct.indices.fill_null(-1).to_numpy(zero_copy_only=False), -1)
        rows = np.bincount(codes[codes >= 0], minlength=len(text))
        for reason, mask in ((REDACTED, redacted), (NA_TEXT, not_available)):
            counts[reason] = int(rows[mask.to_numpy(zero_copy_only=False)].sum())
        codes = places.astype(np.min_scalar_type(-len(places)))[codes]
    names = pd.Index(distinct.dictionary.to_pandas(), dtype="str")
    return pd.Categorical.from_codes(codes, names, validate=False), counts


def cleaned_ids(column: pa.ChunkedArray) -> tuple[pd.Series, dict[str, int]]:
    """Do as :func:`cleaned` for a column whose values rarely repeat: text out, not categories."""
    text = pc.utf8_trim_whitespace(column)
    redacted, not_available = _blanks(text)
    blank = pc.or_(pc.equal(text, ""), pc.or_(redacted, not_available))
    counts = {reason: pc.sum(mask).as_py() or 0 for reason, mask in ((REDACTED, redacted), (NA_TEXT, not_available))}
    return pc.if_else(blank, None, text).to_pandas().astype("str"), counts


def moment_of(text: str) -> datetime | None:
    """Read a date, with its time of day if there is one; None where it is none.

    Read are ISO, month/day/year with two or four digits, day-month name-year, and Excel's day numbers; two-digit years
    from 69 on are of the 1900s.
    """
    if _SERIAL.fullmatch(text):
        return _SERIAL_START + timedelta(days=float(text))
    found = _DATE.fullmatch(text)
    if not found:
        return None
    part = found.groupdict()
    year = part["year"] or part["us_year"] or part["named_year"]
    month = part["month"] or part["us_month"] or _MONTHS.get((part["name"] or "").upper(), 0)
    hour = int(part["hour"] or 0)
    if part["half"]:
        hour = hour % 12 + 12 * (part["half"].upper() == "PM")
    try:
        return datetime(
            int(year) + (0 if len(year) == 4 else 1900 if int(year) >= 69 else 2000),
            int(month),
            int(part["day"] or part["us_day"] or part["named_day"]),
            hour,
            int(part["minute"] or 0),
            int(part["second"] or 0),
        )
    except ValueError:
        return None


def moments(column: pd.Series, earliest: int, latest: int) -> tuple[pd.Series, pd.Series]:
    """Read a column of dates.

    Parameters
    ----------
    column
        Dates, or text as a category; blank is missing.
    earliest, latest
        First and last year that is possible.

    Returns
    -------
    tuple of pandas.Series
        The dates (``datetime64[ms]``), and whether a cell held something that is no possible date, which is blank.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        read = [moment_of(text) for text in column.cat.categories]
        possible = [moment if moment and earliest <= moment.year <= latest else None for moment in read]
        values = np.array([*possible, None], dtype="datetime64[ms]")[column.cat.codes]
    else:
        values = column.to_numpy("datetime64[ms]")
        first, after = np.datetime64(str(earliest), "ms"), np.datetime64(str(latest + 1), "ms")
        values = np.where((values >= first) & (values < after), values, np.datetime64("NaT", "ms"))
    dates = pd.Series(values, index=column.index, copy=False)
    return dates, dates.isna() & column.notna()


def charge_code(text: str) -> str:
    """Give a charge code its four characters back: ``301``, ``301.0`` and ``0301`` are one code.

    Text that is no such code stays as it is.
    """
    upper = text.upper()
    short = _CODE_SHORT_OF_ZERO.fullmatch(upper)
    if short:
        return (short[1] or short[2]).zfill(4)
    return upper if _CODE.fullmatch(upper) else text


def is_charge_code(text: str) -> bool:
    """Tell whether a text has the shape of a charge code, a lost zero allowed for; no date has."""
    return _CODE.fullmatch(charge_code(text)) is not None


def blanks(rows: int) -> pd.Categorical:
    """Make a column of blanks."""
    return pd.Categorical.from_codes(np.full(rows, -1, dtype=np.int8), pd.Index([], dtype="str"))
