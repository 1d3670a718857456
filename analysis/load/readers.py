"""Files of every type that releases come in, opened into raw columns: one :class:`Sheet` per sheet, text as text.

The type is told from the first bytes; a name that says otherwise is an error. A file is read whole or not at all, and
sizes that no release has (a zip bomb, a gigabyte of one cell) are refused before they are unpacked.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather
import pyarrow.parquet
import pyreadstat

from analysis.errors import InputError
from analysis.load.cells import as_text, on_all_cores, text_dictionary
from analysis.load.files import sha256_of
from analysis.load.separated_text import read_text
from analysis.load.sheets import Score, Sheet, damaged, named, normalised
from analysis.load.workbooks import MOST_BYTES, read_workbook

SUFFIXES = {
    "Excel workbook": (".xlsx", ".xlsm"),
    "text": (".csv", ".txt", ".tsv", ".tab"),
    "parquet": (".parquet", ".pq"),
    "feather": (".feather", ".arrow"),
    "Stata": (".dta",),
    "SPSS": (".sav",),
}
LONGEST_CELL = 32_767  # characters: what a cell of a workbook can hold
MOST_ROWS = 10_000_000  # five times all detainers ever released


def read_sheets(path: Path, score: Score, ids: frozenset[str]) -> list[Sheet]:
    """Read a file of any type.

    Parameters
    ----------
    path
        The file.
    score
        How well a row of texts fits as a header; 0 = it is none.
    ids
        Columns (:func:`normalised` names) whose values rarely repeat, read as plain text and not as a dictionary.

    Returns
    -------
    list of Sheet
        At least one.

    Raises
    ------
    InputError
        The file is missing, empty, damaged, protected, too large, of another type than its name says or of none that
        can be read; lines of unequal length; header names that repeat.
    """
    kind = _kind_of(path)
    said = next((name for name, suffixes in SUFFIXES.items() if path.suffix.lower() in suffixes), kind)
    if said != kind:
        raise InputError(
            "the file is not what its name says",
            file=path,
            found=kind,
            expected=said,
            do=f"Rename it to {path.stem}{SUFFIXES[kind][0]} if that is right, or download it again",
        )
    blank = Sheet(path.name, sha256_of(path))
    if kind == "Excel workbook":
        sheets = read_workbook(path, blank, score)
    elif kind == "text":
        sheets = [read_text(path, blank, score, ids)]
    else:
        sheets = [_columnar(path, kind, blank, score, ids)]
    return [_checked(path, sheet, ids) for sheet in sheets]


def _kind_of(path: Path) -> str:
    """Tell a file's type from its first bytes.

    Raises
    ------
    InputError
        Missing, empty, or a type that cannot be read, each with what to do.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise InputError("the file cannot be opened", file=path, found=error.strerror, do="Check the name") from error
    if not start.strip():
        raise InputError("the file is empty", file=path, do="Download it again")
    if start[:4] == b"PK\x03\x04":
        return "Excel workbook"
    if start[:4] == b"PAR1":
        return "parquet"
    if start[:4] == b"FEA1" or start[:6] == b"ARROW1":
        return "feather"
    if start[:11] == b"<stata_dta>" or (start[0] in range(104, 116) and start[1] in (1, 2) and start[2:4] == b"\1\0"):
        return "Stata"
    if start[:4] in (b"$FL2", b"$FL3"):
        return "SPSS"
    if start[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        protected = "EncryptedPackage".encode("utf-16-le") in path.read_bytes()
        found = "a password-protected workbook" if protected else "an Excel workbook of the kind before 2007 (.xls)"
        do = "Open it in Excel and save it " + ("without a password" if protected else "as .xlsx")
    elif start[:2] in (b"\xff\xfe", b"\xfe\xff") or max(start[0::2].count(0), start[1::2].count(0)) > len(start) / 3:
        found, do = "UTF-16 text", 'Open it in a spreadsheet or editor and save it as "CSV UTF-8"'
    elif re.match(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|\?xml|script)", start, re.IGNORECASE):
        found, do = "a web page", "It may be a login or error page: download the file itself"
    elif start[:2] == b"\x1f\x8b":
        found, do = "a gzip file", "Unpack it first"
    elif start[:5] == b"%PDF-":
        found, do = "a PDF", "Ask for the spreadsheet that it was printed from"
    elif b"\0" in start:
        found, do = "bytes of no known type", "Download it again"
    else:
        return "text"
    raise InputError("the file cannot be read", file=path, found=found, expected=", ".join(SUFFIXES), do=do)


def _checked(path: Path, sheet: Sheet, ids: frozenset[str]) -> Sheet:
    """Bring a sheet's columns to few types; refuse rows and cells that are too many or too long."""
    columns = {}
    for name, column in zip(sheet.cells.column_names, sheet.cells.columns, strict=True):
        column = _plain_type(path, name, column)
        if normalised(name) in ids:
            column = as_text(column).cast(pa.string()) if not pa.types.is_string(column.type) else column
        elif pa.types.is_string(column.type):
            column = column.dictionary_encode()
        texts = [chunk.dictionary for chunk in column.chunks] if pa.types.is_dictionary(column.type) else column.chunks
        longest = max(
            (pc.max(pc.utf8_length(part)).as_py() or 0 for part in texts if pa.types.is_string(part.type)), default=0
        )
        if longest > LONGEST_CELL:
            raise InputError(
                f"a cell of column {name!r} has {longest:,} characters",
                file=path,
                place=f"sheet {sheet.name!r}" if sheet.name else "",
                expected=f"{LONGEST_CELL:,} at most, as in a workbook",
                do="This is no release of detainers; check where the file comes from",
            )
        columns[name] = column
    return replace(sheet, cells=pa.table(columns))


def _plain_type(path: Path, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Bring a column to one of: dictionary of text, text, int64, float64, timestamp in milliseconds, null.

    A dictionary's numbers are int8, int16 or int32.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        if pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type):
            short = pa.types.is_int8(kind.index_type) or pa.types.is_int16(kind.index_type)
            return column.cast(pa.dictionary(kind.index_type if short else pa.int32(), pa.string()))
        return _plain_type(path, name, column.cast(kind.value_type))
    if pa.types.is_string(kind) or pa.types.is_null(kind):
        return column
    if pa.types.is_timestamp(kind) and kind.tz:
        column = pc.local_timestamp(column)
    for test, target in (
        (pa.types.is_large_string, pa.string()),
        (pa.types.is_string_view, pa.string()),
        (pa.types.is_integer, pa.int64()),
        (lambda kind: pa.types.is_floating(kind) or pa.types.is_decimal(kind), pa.float64()),
        (lambda kind: pa.types.is_timestamp(kind) or pa.types.is_date(kind), pa.timestamp("ms")),
    ):
        if test(kind):
            return column.cast(target, safe=False)
    if pa.types.is_boolean(kind) or pa.types.is_time(kind):
        return as_text(column)
    raise InputError(
        f"column {name!r} holds {kind}",
        file=path,
        expected="text, numbers or dates",
        do="Save the file as a plain table",
    )


def _columnar(path: Path, kind: str, blank: Sheet, score: Score, ids: frozenset[str]) -> Sheet:
    """Read a file whose columns have names and types: parquet, feather, Stata, SPSS.

    A Stata or SPSS variable, whose name may be cut short, goes by its label where the labels make the better header.
    """
    try:
        if kind == "parquet":
            table = _parquet(path, ids)
        elif kind == "feather":
            table = pa.feather.read_table(path)
        else:
            frame, facts = (pyreadstat.read_dta if kind == "Stata" else pyreadstat.read_sav)(
                str(path), apply_value_formats=True
            )
            table = pa.table([_array(frame[name]) for name in frame], names=[str(name) for name in frame])
            labels = [facts.column_names_to_labels.get(name) or name for name in frame]
            if score(labels) > score(table.column_names):
                table = table.rename_columns(labels)
        on_all_cores(lambda column: column.validate(full=True), table.columns)  # wrong bytes that reading does not see
        header = table.column_names
    except (pa.ArrowException, OSError, pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeError) as error:
        raise damaged(path, kind, error) from error
    if not score(header):
        return replace(blank, note=f"no known column names; found {header[:8]}")
    sheet = replace(blank, header_row=1)
    sheet, names = named(path, sheet, header, lambda at: table.column(at).null_count == len(table))
    return replace(sheet, cells=pa.table({name: table.column(at) for at, name in names.items()}))


def _parquet(path: Path, ids: frozenset[str]) -> pa.Table:
    """Read parquet, its text as dictionaries, which is how it is stored; ids are stored plain, and read so.

    Raises
    ------
    InputError
        More rows or bytes than any release has.
    """
    with pa.parquet.ParquetFile(path) as file:
        facts, schema = file.metadata, file.schema_arrow
    size = sum(facts.row_group(at).total_byte_size for at in range(facts.num_row_groups))
    if facts.num_rows > MOST_ROWS or size > MOST_BYTES:
        raise InputError(
            "the file unpacks to more than any release holds",
            file=path,
            found=f"{facts.num_rows:,} rows, {size:,} bytes",
            expected=f"{MOST_ROWS:,} rows and {MOST_BYTES:,} bytes at most",
            do="Check where the file comes from",
        )
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    return pa.parquet.read_table(path, read_dictionary=[name for name in texts if normalised(name) not in ids])


def _array(column: pd.Series) -> pa.Array:
    """Turn a column of Stata or SPSS into Arrow's; dates that came as objects become text."""
    if column.dtype.kind in "iufM":
        return pa.array(column, from_pandas=True)
    return text_dictionary(*pd.factorize(column.astype(object).to_numpy()))
