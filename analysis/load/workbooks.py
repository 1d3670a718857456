"""Excel workbooks: every sheet into raw columns, after a look at what the archive would unpack to."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import IO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from analysis.errors import InputError
from analysis.load.cells import cell_text
from analysis.load.sheets import HEADER_WITHIN, Score, Sheet, damaged, from_rows, header_in

MOST_BYTES = 4 * 2**30  # unpacked; the largest yearly workbook of ICE unpacks to about a quarter
MOST_RATIO = 50  # unpacked to packed; a workbook has 5 to 20 even where its cells have no addresses, a zip bomb 1,000
LONGEST_RUN = 16 * 2**20  # bytes between two tags; a cell holds 32,767 characters
_FAR_CELL = re.compile(rb' r="((?:[J-Z][A-Z]|[A-Z]{3})\d+)"[^>]*[^/]>')  # a filled cell beyond column 260
_UNSAVED = re.compile(rb"<c ([^>]*)>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)(?:<v */>|<v></v>|)</c>")  # a formula without value


def read_workbook(path: Path, blank: Sheet, score: Score) -> list[Sheet]:
    """Read every sheet of a workbook; formulas give the values that were saved with them."""
    _check_archive(path)
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            names = [info.name for info in book.sheets_metadata if info.typ == SheetTypeEnum.WorkSheet]
            return [_worksheet(path, replace(blank, name=name), book.get_sheet_by_name(name), score) for name in names]
    except CalamineError as error:
        raise damaged(path, "Excel workbook", error) from error


def _worksheet(path: Path, sheet: Sheet, cells: CalamineSheet, score: Score) -> Sheet:
    """Read one sheet of a workbook."""
    if cells.end is None:
        return replace(sheet, note="blank sheet")
    rows = iter(cells.iter_rows())
    start = list(islice(rows, HEADER_WITHIN))
    at = header_in([_texts(row) for row in start], score)
    if at is None:
        return replace(sheet, note=f"no header row among the first {HEADER_WITHIN}: {cells.end[0] + 1:,} rows not read")
    above = tuple(" ".join(map(cell_text, row)) for row in start[: at + 1])
    sheet = replace(sheet, header_row=at + 1, above=above)
    return from_rows(path, sheet, _texts(start[at]), chain(start[at + 1 :], rows))


def _texts(row: Iterable[object]) -> list[str]:
    return [cell if isinstance(cell, str) else "" for cell in row]


def _check_archive(path: Path) -> None:
    """Refuse a workbook that is no zip archive, is damaged, or would unpack to more than any release holds.

    Every part is unpacked once as a stream, which also proves its checksum: the workbook's reader takes room for the
    whole rectangle between the first and the last cell, so that one cell far out would end the program.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if "xl/workbook.xml" not in archive.namelist():
                raise InputError(
                    "the zip file is no Excel workbook (.xlsx)",
                    file=path,
                    found=[part.filename for part in parts][:5],
                    do="Unpack it, and give the files in it",
                )
            size = sum(part.file_size for part in parts)
            ratio = max(part.file_size / max(part.compress_size, 1) * (part.file_size > 2**20) for part in parts)
            if size > MOST_BYTES or ratio > MOST_RATIO:
                raise InputError(
                    "the workbook unpacks to more than any release holds",
                    file=path,
                    found=f"{size:,} bytes, a part {ratio:.0f} times its packed size",
                    expected=f"{MOST_BYTES:,} bytes at most, {MOST_RATIO} times at most",
                    do="Check where the file comes from",
                )
            for part in parts:
                with archive.open(part) as stream:
                    _check_part(path, part.filename, stream)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise damaged(path, "Excel workbook", error) from error


def _check_part(path: Path, name: str, stream: IO[bytes]) -> None:
    """Look through one part of a workbook for a cell too long or too far out."""
    since_tag = 0
    while block := stream.read(2**20):
        since_tag = 0 if b"<" in block else since_tag + len(block)
        if name.endswith(".xml") and since_tag > LONGEST_RUN:
            raise InputError(
                f"a cell has more than {since_tag:,} bytes", file=path, place=name, do="Check where the file comes from"
            )
        unsaved = _UNSAVED.search(block) if "worksheets/" in name and b"<f" in block else None
        if unsaved:
            raise InputError(
                "a formula has no value saved with it",
                file=path,
                place=f"{name}, cell {unsaved[1].decode()}",
                do="Open the file in a spreadsheet program, which computes it, and save it again",
            )
        far = _FAR_CELL.search(block) if "worksheets/" in name else None
        if far:
            raise InputError(
                "a cell stands beyond the 260th column",
                file=path,
                place=f"{name}, cell {far[1].decode()}",
                expected="139 columns at most, as in the widest release",
                do="Delete what stands beside the table and save again",
            )
