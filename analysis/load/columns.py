"""Columns as ICE and its copyists write them: names, blanks, redactions, dates, charge codes.

Text is held as a category, and each distinct value is read once: 600,000 rows cost no more than their vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.errors import InputError
from analysis.load.reference import crosswalk

PROCESSED, TRAC = "processed", "TRAC"
ENOUGH_WITH_DATE, ENOUGH_WITHOUT = 2, 4  # known names that make a header, if the day of issue is one of them or not
REDACTED, NA_TEXT = "redaction made blank", "text NA made blank"
TEXT = pa.dictionary(pa.int32(), pa.string())  # each distinct value once
_REDACTION = r"^(?:\(?b\)?\s?\(\d\)\s?(?:\(?[a-zA-Z]\)?)?[\s,;]*)+$"
_EXCEL_DAY = re.compile(r"\d{5}(\.\d+)?")
_EXCEL_START = datetime(1899, 12, 30)  # Excel's day 0, its leap year 1900 allowed for
_MOMENT = re.compile(
    r"(.*?)(?:[ T](\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s?([AP]M)?(?:Z|\+00:00)?)?", re.IGNORECASE | re.DOTALL
)
_DAYS = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%d%b%Y", "%d%b%y", "%d-%b-%Y", "%d-%b-%y")
_ISO = r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?"
_JOINED = re.compile(r"[._ ](?:detainers?|arrests?|x|y)$", re.IGNORECASE)
_CODE = re.compile(r"(\d{3,4})(?:\.0+)?|(\d{1,2}[A-Z]{2})")


def refusal(reason: str, /, file: str | Path, *, place: str = "", found: object = None, **gaps: object) -> InputError:
    """Make the error that refuses a file, its sentences those of ``refusals.csv`` with their gaps filled."""
    said = crosswalk("refusals", "refusal").loc[reason]
    what, expected, do = (str(said[part]).format(**gaps) for part in ("what", "expected", "do"))
    return InputError(what, file=file, place=place, found=found, expected=expected, do=do)


@lru_cache(maxsize=4096)
def normalised(name: str) -> str:
    """Strip a column name of case, spaces, underscores and punctuation, for comparison."""
    return re.sub(r"[^0-9a-z]+", " ", name.casefold()).strip()


@cache
def column_aliases() -> pd.DataFrame:
    """Give the known column names by their :func:`normalised` names; ``canonical`` is what a column is read as."""
    table = crosswalk("column_aliases", "alias").reset_index()
    return table.set_index(table["alias"].map(normalised))


@lru_cache(maxsize=4096)
def known_name(name: str) -> str:
    """Give the :func:`normalised` name under which a column is known; its own where it is not."""
    known, plain = column_aliases()["canonical"], normalised(name)
    if len(name) != 32 or plain in known.index:  # else Stata may have cut it: the known names that begin so, if alike
        return plain
    begun = [whole for whole in known.index if whole.startswith(plain)]
    return begun[0] if begun and len({known[whole] for whole in begun}) == 1 else plain


def joined_from(name: str) -> str:
    """Give the known name that a join of two tables lengthened, as R and pandas do; blank = it is no such name."""
    known, stem = column_aliases().index, _JOINED.sub("", name)
    return stem if stem != name and normalised(name) not in known and known_name(stem) in known else ""


def header_score(row: Sequence[str]) -> int:
    """Count the known names in a row, those of a join too; 0 unless they are enough for a header."""
    known = column_aliases()["canonical"]
    names = {known_name(joined_from(name) or name) for name in row} & set(known.index)
    dated = any(known[name] == "issued_on" and name != "date" for name in names)  # which any table may have
    return len(names) if len(names) >= (ENOUGH_WITH_DATE if dated else ENOUGH_WITHOUT) else 0


def form_of(given: Sequence[str]) -> str:
    """Tell a release's form by its names: A to G or TRAC, whose list overlaps most (Jaccard), else ``processed``."""
    listed = column_aliases()["forms"].str.split().explode()
    lists = {str(form): set(names.index) for form, names in listed.groupby(listed, sort=False)}
    names = {known_name(name) for name in given}
    if names & lists[PROCESSED]:
        return PROCESSED
    best = max(lists, key=lambda form: len(names & lists[form]) / len(names | lists[form]))
    # So the Deportation Data Project writes them; NPR's own files, of release A, do too.
    snake_case = all(re.fullmatch("[a-z0-9_]+", name) for name in given)
    return PROCESSED if best not in (TRAC, "A") and snake_case else best


def is_date(name: str) -> bool:
    """Tell whether a column, by the table's name or its own, is one of dates."""
    return name in ("issued_on", "lifted_on", "charge_date") or column_aliases()["kind"].get(known_name(name)) == "date"


def is_person(name: str) -> bool:
    """Tell whether a column is the one of persons' ids, whose values hardly repeat."""
    return bool(column_aliases()["canonical"].get(known_name(name)) == "person")


def cell_text(value: object) -> str:
    """Write a typed cell as text: a whole number without its ``.0``, a day without its midnight, None as blank."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ", "seconds").removesuffix(" 00:00:00")
    return value.isoformat() if isinstance(value, date) else str(value)


def moments_as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write a column of moments, whole seconds, as :func:`cell_text` does; any other is given back."""
    if not pa.types.is_timestamp(column.type):
        return column
    texts = pc.replace_substring_regex(pc.strftime(column, "%Y-%m-%d %H:%M:%S"), " 00:00:00$", "")
    return texts.dictionary_encode()


def mapped(column: pd.Series, read: Callable[[str], str | None], blank: str | None = None) -> pd.Series:
    """Read each distinct value of a category once, in their order; ``blank`` is what a blank stands for, None = one."""
    values = [*(read(value) for value in column.cat.categories), blank]
    places, names = pd.factorize(np.array(values, dtype=object))
    coded = _coded(places, column.cat.codes.to_numpy(), pd.Index(names, dtype="str"))  # a blank's code is -1, the last
    return pd.Series(coded, index=column.index)


def _coded(places: np.ndarray, codes: np.ndarray, names: pd.Index) -> pd.Categorical:
    """Make a category of the place of each code's name; short numbers, known to be places, spare most of the time."""
    short, same = np.min_scalar_type(-len(names) - 1), places[-1] < 0 and len(places) == len(names) + 1
    taken = codes.astype(short) if same else places.astype(short).take(codes)
    return pd.Categorical.from_codes(taken, names, validate=False)


def stored_codes(coded: pa.DictionaryArray) -> np.ndarray:
    """Give the places of the cells' values in the dictionary as they are stored: that of a blank may be anything."""
    codes = coded.indices
    return np.frombuffer(codes.buffers()[1], codes.type.to_pandas_dtype())[codes.offset :][: len(codes)]


def cleaned(column: pa.ChunkedArray, dates: bool = False) -> tuple[pd.Series, dict[str, int]]:
    """Trim a column, as text unless of dates; blank empty text, the text ``NA`` and redactions; count each."""
    if dates and pa.types.is_timestamp(column.type):
        return column.to_pandas(), {}
    whole = moments_as_text(column)
    coded = pa.types.is_dictionary(whole.type)
    try:
        whole = whole.combine_chunks()
    except pa.ArrowInvalid:  # together the chunks have more values than their numbers can count
        whole = whole.cast(TEXT).combine_chunks()
    text = pc.utf8_trim_whitespace(whole.dictionary if coded else whole)
    found = {REDACTED: pc.match_substring_regex(text, _REDACTION), NA_TEXT: pc.equal(text, "NA")}
    blanks = {what: np.flatnonzero(mask.fill_null(False)) for what, mask in found.items() if pc.any(mask).as_py()}
    left = pc.if_else(pc.or_(pc.equal(text, ""), pc.or_(*found.values())), None, text).to_pandas()
    if not coded:
        return left.astype("str"), {what: len(places) for what, places in blanks.items()}
    codes = stored_codes(whole)
    if filled := whole.indices.buffers()[0]:  # a bit a cell; where it is 0, a -1
        bits = np.unpackbits(np.frombuffer(filled, np.uint8), bitorder="little")[whole.offset :][: len(whole)]
        codes = codes | (bits.view(np.int8) - 1)
    counts = {what: int(np.isin(codes, places).sum()) for what, places in blanks.items()}
    places, names = pd.factorize(left)
    return pd.Series(_coded(np.append(places, -1), codes, names.astype("str"))), counts


def moment_of(text: str) -> datetime | None:
    """Read a date, with its time of day if there is one; None where it is none; years from 69 on are of the 1900s."""
    if _EXCEL_DAY.fullmatch(text):
        return _EXCEL_START + timedelta(days=float(text))
    found = _MOMENT.fullmatch(text)
    day, hour, minute, second, half = found.groups("0") if found else [text, *"0000"]
    hours = int(hour) % 12 + 12 * (half.upper() == "PM") if half != "0" else int(hour)
    for spelling in _DAYS:
        with suppress(ValueError):
            return datetime.strptime(day, spelling).replace(hour=hours, minute=int(minute), second=int(second))
    return None


def moments(column: pd.Series, earliest: int, latest: int) -> tuple[pd.Series, pd.Series]:
    """Read a column of dates, typed or texts, within possible years; say which cells held something else: a blank."""
    typed = column.dtype != "category"
    if typed:
        read = column.to_numpy()
    else:  # plain ISO all at once
        texts = column.cat.categories.astype("str")
        plain = pd.to_datetime(texts.where(texts.str.fullmatch(_ISO)), format="ISO8601", errors="coerce").as_unit("ms")
        read = plain.to_numpy().copy()
        for at in np.flatnonzero(plain.isna()):
            read[at] = np.datetime64(moment_of(texts[at]), "ms")
    outside = (read < np.datetime64(str(earliest))) | (read >= np.datetime64(str(latest + 1)))
    read = read.astype("datetime64[ms]")
    read[outside] = np.datetime64("NaT")
    of_cells = read if typed else np.append(read, np.datetime64("NaT"))[column.cat.codes]
    dates = pd.Series(of_cells, index=column.index, copy=False)
    return dates, dates.isna() & column.notna()


def charge_code(text: str) -> str | None:
    """Give a charge code its four characters back (``301``, ``301.0`` and ``0301`` are one); None where it is none."""
    found = _CODE.fullmatch(text.upper())
    return (found[1] or found[2]).zfill(4) if found else None
