"""Comma- and tab-separated text, in whatever encoding: one table into raw columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from analysis.errors import InputError
from analysis.load.sheets import HEADER_WITHIN, Score, Sheet, from_rows, named, normalised

SEPARATORS = ",\t;|"
LONGEST_LINE = 16 * 2**20  # bytes; a line of the widest release has some thousand


def read_text(path: Path, blank: Sheet, score: Score, ids: frozenset[str]) -> Sheet:
    """Read comma- or tab-separated text; the separator is the one that makes the best header."""
    given = path.read_bytes()
    if any(given.find(b"\n", at, at + LONGEST_LINE) < 0 for at in range(0, len(given) - LONGEST_LINE, LONGEST_LINE)):
        raise InputError(
            f"a line has more than {LONGEST_LINE:,} bytes", file=path, do="Check where the file comes from"
        )
    data, note = _as_utf8(path, given)
    if (at := data.find(b"\0")) >= 0:
        lines_before = data.count(b"\n", 0, at)
        raise InputError(
            "the text holds a NUL byte, which no text has",
            file=path,
            place=f"line {lines_before + 1}",
            do="Download the file again: a part of it is damaged",
        )
    lines = [line.decode() for line in islice(io.BytesIO(data), 2 * HEADER_WITHIN)]
    best, delimiter, header, record, taken = 0, ",", [""], 0, 0
    for candidate in SEPARATORS:
        reader = csv.reader(lines, delimiter=candidate)
        try:
            for number, row in enumerate(islice(reader, HEADER_WITHIN), 1):
                if (fit := score(row)) > best:
                    best, delimiter, header, record, taken = fit, candidate, row, number, reader.line_num
        except csv.Error:
            continue  # a stray quote under a separator that is not the file's
    if not best:
        first = next((line.strip() for line in lines if line.strip()), "")
        return replace(blank, note=f"no header row among the first {HEADER_WITHIN}; the first line is {first[:80]!r}")
    sheet = replace(blank, header_row=record, note=note, above=tuple(lines[:taken]))
    body = pa.py_buffer(data).slice(sum(len(line.encode()) for line in lines[:taken]))
    try:
        columns = _columns_fast(body, header, delimiter, ids)
    except pa.ArrowInvalid:  # lines of unequal length, or blank ones between: say which, or read line by line
        columns = None
    if columns is None:
        return from_rows(path, sheet, header, _rows_slowly(path, data, delimiter, header, taken))
    sheet, names = named(path, sheet, header, lambda at: not set(pc.unique(columns[at]).to_pylist()) - {"", None})
    return replace(sheet, cells=pa.table({name: columns[at] for at, name in names.items()}))


def _as_utf8(path: Path, data: bytes) -> tuple[bytes, str]:
    """Give text back as UTF-8 without byte order mark, with a note where it was Windows' western encoding.

    Raises
    ------
    InputError
        Two encodings in one file, or none known.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode()
        return data, ""
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        mixed = re.search(rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}", data)
        try:
            western = data.decode("cp1252")
        except UnicodeDecodeError:
            western = ""
    if mixed or not western:
        raise InputError(
            "the text has bytes of two encodings" if mixed else "the text is in no known encoding",
            file=path,
            place=f"line {line}",
            expected="UTF-8 throughout",
            do="Save the parts in one encoding (UTF-8) before joining them, or download the file again",
        )
    return western.encode(), "the text is not UTF-8; read as Windows-1252"


def _columns_fast(
    body: pa.Buffer, header: Sequence[str], delimiter: str, ids: frozenset[str]
) -> list[pa.ChunkedArray] | None:
    """Read the lines below the header with Arrow; None where blank lines between would shift the row numbers."""
    content = memoryview(body).tobytes().rstrip(b"\r\n")
    if not content:
        return [pa.chunked_array([pa.array([], pa.string()).dictionary_encode()])] * len(header)
    if b"\n\n" in content or b"\n\r\n" in content:
        return None
    text = pa.dictionary(pa.int32(), pa.string())
    table = pa.csv.read_csv(
        pa.BufferReader(content),
        pa.csv.ReadOptions(column_names=[str(at) for at in range(len(header))], block_size=LONGEST_LINE),
        pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=b'"' in content, ignore_empty_lines=False),
        pa.csv.ConvertOptions(
            column_types={str(at): pa.string() if normalised(name) in ids else text for at, name in enumerate(header)},
            strings_can_be_null=False,
            null_values=[],
        ),
    )
    return table.columns


def _rows_slowly(path: Path, data: bytes, delimiter: str, header: Sequence[str], taken: int) -> Iterator[list[str]]:
    """Read the lines below the header one by one; a blank line is a blank row.

    Raises
    ------
    InputError
        A line with more or fewer cells than the header, or text that is not separated as a table.
    """
    lines = io.TextIOWrapper(io.BytesIO(data.rstrip(b"\r\n")), encoding="utf-8", newline="\n")
    rows = csv.reader(islice(lines, taken, None), delimiter=delimiter)
    before = taken
    try:
        for row in rows:
            last = taken + rows.line_num
            if row and len(row) != len(header):
                raise InputError(
                    "a line does not fit the header",
                    file=path,
                    place=f"lines {before + 1} to {last}" if last > before + 1 else f"line {last}",
                    found=f"{len(row)} cells",
                    expected=f"{len(header)}, as in the header",
                    do="Look for a separator, quote or line break inside a cell, and put that cell in quotes",
                )
            before = last
            yield row or [""] * len(header)
    except csv.Error as error:
        raise InputError(
            "the line cannot be split into cells",
            file=path,
            place=f"from line {before + 1} on",
            found=str(error),
            do="Look for a quote that is not closed",
        ) from error
