"""Release files of every type, opened into text and dates under a header: one :class:`Sheet` per sheet.

A file is read whole or not at all; sizes that no release has (a zip bomb, a gigabyte of one cell) are refused first,
as far as the file itself says them. What it does not say, the limits of the process that reads (:func:`bounded`) stop.
"""

from __future__ import annotations

import csv
import io
import multiprocessing
import os
import re
import signal
import stat
import sys
import zipfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.parquet
import pyreadstat
from python_calamine import CalamineWorkbook, SheetTypeEnum

from analysis import stops
from analysis.errors import InputError
from analysis.files import private_folder, sha256_of
from analysis.load.columns import TEXT, cell_text, is_person, normalised, refusal, stored_codes

SUFFIXES = {
    "Excel workbook": (".xlsx", ".xlsm"),
    "text": (".csv", ".txt", ".tsv", ".tab"),
    "parquet": (".parquet", ".pq"),
    "feather": (".feather", ".arrow"),
    "Stata": (".dta",),
    "SPSS": (".sav",),
}
_TYPES = {  # first bytes and the type of file; one without suffixes cannot be read
    rb"PK\x03\x04": "Excel workbook",
    rb"PAR1": "parquet",
    rb"FEA1|ARROW1": "feather",
    rb"<stata_dta>|[\x68-\x73][\x01\x02]\x01\x00": "Stata",
    rb"\$FL[23]": "SPSS",
    rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an Excel workbook of the kind before 2007 (.xls)",
    rb"\xff\xfe|\xfe\xff|(?:[^\0]\0){8}|(?:\0[^\0]){8}": "UTF-16 text",
    rb"(?i:(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|\?xml|script))": "a web page",
    rb"\x1f\x8b": "a gzip file",
    rb"%PDF-": "a PDF",
    rb".*\0": "bytes of no known type",
    rb"": "text",
}
HEADER_WITHIN = 30  # rows searched for the header; ICE puts six lines above it
LONGEST_CELL = 32_767  # characters: what a cell of a workbook can hold
LONGEST_RUN = 16 * 2**20  # bytes of one line of text, or between two tags of a workbook
MOST_ROWS = 10_000_000  # five times all detainers ever released
MOST_COLUMNS = 2_000  # the widest release has 139
MOST_CELLS = 10_000_000  # in a file of any size
CELLS_OF_A_BYTE = 20  # in larger files; a made-up release has two, and ICE's have fewer
FEWEST_BYTES = 26  # of XML that a row of a workbook takes, and be it blank
FEW_ROWS = 65_536  # of a workbook: those that no one has filled take no more than half a gigabyte
SECONDS, SECONDS_OF_A_MEGABYTE = 10, 5  # of computing; the largest made-up release takes a tenth of a second a megabyte
MEMORY, MEMORY_OF_A_BYTE, MEMORY_OF_A_CORE = 768 * 2**20, 30, 16 * 2**20  # packed workbooks take the most
MOST_BYTES = 4 * 2**30  # unpacked; the largest yearly workbook of ICE unpacks to about a quarter
MOST_RATIO = 50  # unpacked to packed; a workbook has 5 to 20 even where its cells have no addresses, a zip bomb 1,000
_FAR_CELL = re.compile(rb"""r\s*=\s*["']((?:[J-Zj-z][A-Za-z]|[A-Za-z]{3,})\d+)["'][^>]*(?<!/)>""")  # beyond column 260
_ROW = re.compile(rb"""<(?:\w+:)?row\b[^>]*?\sr\s*=\s*["'](\d+)""")
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*)(?<!/)>")
_CELLS_END = re.compile(rb"</(?:\w+:)?c>")
_FORMULA, _VALUE = re.compile(rb"<(?:\w+:)?f\b"), re.compile(rb"<(?:\w+:)?[vt]\b[^>]*>\s*[^<\s]")
_TEXT_CELL = re.compile(rb"""\st\s*=\s*["']str["']""")  # a formula that gives text may give an empty one
_ERROR = re.compile(rb"""<(?:\w+:)?c\b([^>]*\st\s*=\s*["']e["'][^>]*)>""")
_TWICE_KNOWN = "final order yes no"  # the one header name that ICE's own releases have twice
_ROW_NAMES = {"", "unnamed 0", "index level 0"}  # what R and pandas call a column of row numbers
_PLAIN = re.compile("(large_)?string|null|bool|u?int|halffloat|float|double|decimal|date|time")  # types of Arrow's
Score = Callable[[Sequence[str]], int]
T = TypeVar("T")


class Sheet(NamedTuple):
    """One sheet, or a whole file that has none, as read: columns of text, or of moments where the file has types."""

    file: str
    sha256: str
    name: str = ""  # blank = the file has no sheets
    header_row: int = 0  # as a spreadsheet counts; 0 = none was found: no cells, and the note says why
    cells: pa.Table = pa.table({})
    note: str = ""
    repeated: tuple[str, ...] = ()  # header names that stood twice and were numbered
    above: tuple[str, ...] = ()  # the lines down to the header

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return int(self.cells.num_rows)

    @property
    def place(self) -> str:
        """Where in the file an error is: the sheet, and its header's row."""
        parts = (f"sheet {self.name!r}" if self.name else "", f"row {self.header_row}" if self.header_row else "")
        return ", ".join(part for part in parts if part)


def read_sheets(path: Path, score: Score) -> list[Sheet]:
    """Read a file of any type: one sheet at least; ``score`` says how well a row fits as a header, 0 = it is none."""
    kind = _kind_of(path)
    said = next((name for name, suffixes in SUFFIXES.items() if path.suffix.lower() in suffixes), kind)
    if said != kind:
        raise refusal("other_type", path, found=kind, said=said, name=f"{path.stem}{SUFFIXES[kind][0]}")
    blank = Sheet(path.name, sha256_of(path))
    if kind == "text":
        return [_text(path, blank, score)]
    try:
        if kind == "Excel workbook" and (member := _only_member(path)):
            return _packed(path, blank, member, score)
        return _workbook(path, blank, score) if kind == "Excel workbook" else [_columnar(path, kind, blank, score)]
    except (InputError, KeyboardInterrupt, SystemExit):
        raise
    except MemoryError as error:  # at once, where a length is damaged
        raise refusal("broke_off", path) from error
    except BaseException as error:  # the libraries that read them raise errors of every kind, one of them a panic
        found = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise refusal("damaged", path, found=found, kind=kind) from error


def bounded(work: Callable[[], T], paths: Sequence[Path]) -> T:
    """Do work that reads files of strangers in a child process, its memory and time limited by the files' size.

    What it returns or refuses is small, and comes back. Whatever it does, it takes nobody else down: if it takes too
    much, or dies, the files are refused. Where there is no Linux, it is done in this process, without these limits.
    """
    if not sys.platform.startswith("linux"):
        return work()
    files = [file for path in paths for file in (path.iterdir() if path.is_dir() else [path])]
    named, size = ", ".join(map(str, paths)), sum(file.stat().st_size for file in files if file.is_file())
    seconds = SECONDS + SECONDS_OF_A_MEGABYTE * size // 10**6
    memory = MEMORY + MEMORY_OF_A_BYTE * size + MEMORY_OF_A_CORE * (os.cpu_count() or 1)
    context = multiprocessing.get_context("fork")  # in hundredths of a second; imports would take a whole one
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_in_child, args=(work, named, theirs, memory, seconds), daemon=True)
    answer: T | Exception | None = None

    def ended() -> None:
        child.kill()
        child.join()
        if answer is None:
            with suppress(InputError, OSError), private_folder():  # which takes those away that the child has left
                pass

    pa.default_memory_pool().release_unused()  # else every page that the child writes anew is copied first
    child.start()
    theirs.close()
    with stops.stopped_or_done(ended), suppress(EOFError):
        if ours.poll(6 * seconds):  # of the clock, for a machine that has much to do
            answer = ours.recv()
    if answer is None:
        raise refusal("broke_off", named)
    if isinstance(answer, Exception):
        raise answer
    return answer


def _in_child(work: Callable[[], object], paths: str, answers: Connection, memory: int, seconds: int) -> None:
    """Do the work of :func:`bounded`, and send what it gives or raises; end with the parent, however that ends."""
    import ctypes
    import resource

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    for number in stops.EXITS:
        signal.signal(number, signal.SIG_IGN)  # the parent heeds them
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what libraries say as they break off
    most = psutil.Process().memory_info().data + memory
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answers.send(work())
    except (InputError, OSError) as error:
        answers.send(error)
    except Exception as error:  # of the memory's end, or ours
        answers.send(refusal("broke_off", paths, found=f"{type(error).__name__}: {error}"))


def _only_member(path: Path) -> str:
    """Name the one file that a zip file holds, folders and what a Mac adds left out; blank = several, or a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    files = [part.filename for part in parts if not part.is_dir() and not part.filename.startswith("__MACOSX/")]
    return files[0] if len(files) == 1 else ""


def _packed(path: Path, blank: Sheet, member: str, score: Score) -> list[Sheet]:
    """Read the one file of a zip file, unpacked for as long as it is read; its name may say when it was made."""
    with private_folder() as folder, zipfile.ZipFile(path) as archive:
        _check_size(path, [archive.getinfo(member)])
        file = Path(archive.extract(member, folder))
        try:
            if _kind_of(file) == "Excel workbook" and _only_member(file):
                raise refusal("no_workbook", file, found=["a zip file in a zip file"])
            sheets = read_sheets(file, score)
        except InputError as error:  # which names a file that is gone when it is read
            raise InputError(str(error).replace(str(file), f"{path}, {member}")) from error
    return [sheet._replace(file=blank.file, sha256=blank.sha256, above=(member, *sheet.above)) for sheet in sheets]


def _kind_of(path: Path) -> str:
    """Tell a file's type from its first bytes; refuse those that cannot be read, each with what to do."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # or it might be waited for without end
            raise refusal("no_file", path)
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise refusal("not_opened", path, found=error.strerror) from error
    if not start.strip():
        raise refusal("empty", path)
    kind = next(kind for first, kind in _TYPES.items() if re.match(first, start, re.DOTALL))
    if kind.endswith("(.xls)") and "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        kind = "a password-protected workbook"
    if kind not in SUFFIXES:
        raise refusal(kind, path, found=kind, types=", ".join(SUFFIXES))
    return kind


def _filled(path: Path, sheet: Sheet, header: Sequence[str], columns: Iterable[pa.ChunkedArray]) -> Sheet:
    """Put columns under a header, without row numbers and columns that have neither name nor filled cell."""
    _check_cells(path, None, len(header))
    cells: dict[str, pa.ChunkedArray] = {}
    places: dict[str, int] = {}
    repeated = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Arrow lets go of the interpreter: a column on each core
        read = list(pool.map(partial(_text_or_moments, path), header, columns))
    for at, (given, column) in enumerate(zip(header, read, strict=True)):
        plain, name = normalised(given), given.strip() or f"column {at + 1}, no name"
        if (at == 0 and plain in _ROW_NAMES) or plain == "index level 0":
            continue
        texts = [] if pa.types.is_timestamp(column.type) else column.chunks
        lengths = (pc.max(pc.utf8_length(getattr(each, "dictionary", each))).as_py() for each in texts)
        longest = max(filter(None, lengths), default=0)
        if not plain and texts and not longest:
            continue
        if longest > LONGEST_CELL:
            place = f"sheet {sheet.name!r}" if sheet.name else ""
            raise refusal("long_cell", path, place=place, name=name, longest=longest, most=LONGEST_CELL)
        if name in cells:
            if plain != _TWICE_KNOWN or f"{name} (2)" in cells:
                first, second = places[name] + 1, at + 1
                raise refusal("name_twice", path, place=sheet.place, name=name, first=first, second=second)
            repeated.append(name)
            name += " (2)"
        cells[name], places[name] = column, at
    return sheet._replace(repeated=tuple(repeated), cells=pa.table(cells))


def _check_cells(path: Path, rows: int | None, columns: int) -> None:
    """Refuse more columns, rows or cells than a release has, or a file of that size can honestly hold."""
    most = min(MOST_ROWS, max(MOST_CELLS, CELLS_OF_A_BYTE * path.stat().st_size) // max(columns, 1))
    if columns > MOST_COLUMNS or (rows or 0) > most:
        found = f"{columns:,} columns" + (f", {rows:,} rows" if rows else "")
        raise refusal("too_large", path, found=found, rows=MOST_ROWS, columns=MOST_COLUMNS, times=CELLS_OF_A_BYTE)


def _text_or_moments(path: Path, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Bring a column to text, or to whole seconds where it holds moments; refuse lists, and bytes that are neither."""
    _check_bytes(column)
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not _PLAIN.match(str(kind)):
        raise refusal("column_type", path, name=name, kind=kind)
    if pa.types.is_timestamp(kind) and column.null_count < len(column):
        moments = column.cast(kind)
        local = pc.local_timestamp(moments) if kind.tz else moments
        return pc.floor_temporal(local, unit="second").cast(pa.timestamp("s"))
    if pa.types.is_decimal(kind) or str(column.type) == "string_view":
        column = column.cast(pa.float64() if pa.types.is_decimal(kind) else pa.string())
    if is_person(name) and str(kind).endswith("string"):
        return column.cast(pa.string())
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if not str(kind).endswith("string") or any(each.dictionary.null_count for each in column.chunks):
        coded = [_from_codes(each.indices, each.dictionary.to_pylist()) for each in column.chunks]
        column = pa.chunked_array(coded, TEXT)
    codes = column.type.index_type if pa.types.is_signed_integer(column.type.index_type) else TEXT.index_type
    return column.cast(pa.string() if is_person(name) else pa.dictionary(codes, pa.string()))


def _check_bytes(column: pa.ChunkedArray) -> None:
    """Raise an error of Arrow's where bytes are wrong that reading does not see; places are good if all are there."""
    column.validate()
    for part in column.chunks:
        places = stored_codes(part) if pa.types.is_dictionary(part.type) and len(part) else np.array([-1])
        within = places.min() >= 0 and places.max() < len(part.dictionary)
        (part.dictionary if within else part).validate(full=True)


def _from_codes(codes: pa.Array, values: Iterable[object]) -> pa.DictionaryArray:
    """Make a text column from the place of each cell's value among the distinct ones."""
    return pa.DictionaryArray.from_arrays(codes.cast(pa.int32()), pa.array(map(cell_text, values), pa.string()))


def _from_rows(path: Path, sheet: Sheet, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Sheet:
    """Turn rows of cells below a header into columns; each distinct value is kept once."""
    seen: list[dict[object, int]] = [{} for _ in header]
    codes = [array("i") for _ in header]
    for row in rows:
        for cell, known, places in zip(row, seen, codes, strict=True):
            places.append(known.setdefault(cell, len(known)))
    found = zip(codes, seen, strict=True)
    columns = (pa.chunked_array([_from_codes(pa.array(np.array(at, np.int32)), known)]) for at, known in found)
    return _filled(path, sheet, header, columns)


def _workbook(path: Path, blank: Sheet, score: Score) -> list[Sheet]:
    """Read every sheet of a workbook; formulas give the values that were saved with them."""
    _check_archive(path)
    sheets = []
    with CalamineWorkbook.from_path(str(path)) as book:
        for name in [info.name for info in book.sheets_metadata if info.typ == SheetTypeEnum.WorkSheet]:
            sheet, cells = blank._replace(name=name), book.get_sheet_by_name(name)
            _check_cells(path, None, cells.width)
            rows = iter(cells.iter_rows()) if cells.end else iter(())
            start = list(islice(rows, HEADER_WITHIN))
            texts = [[cell if isinstance(cell, str) else "" for cell in row] for row in start]
            fits = [score(row) for row in texts]
            if any(fits):
                at = fits.index(max(fits))
                above = tuple(" ".join(map(cell_text, row)) for row in start[: at + 1])
                sheet = sheet._replace(header_row=at + 1, above=above)
                sheet = _from_rows(path, sheet, texts[at], chain(start[at + 1 :], rows))
            elif cells.end:
                unread = f"{cells.end[0] + 1:,} rows not read"
                sheet = sheet._replace(note=f"no header row among the first {HEADER_WITHIN}: {unread}")
            sheets.append(sheet if cells.end else sheet._replace(note="blank sheet"))
    return sheets


def _check_archive(path: Path) -> None:
    """Refuse a workbook that is damaged, or for which its reader would take more room than any release needs."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if "xl/workbook.xml" not in archive.namelist():
            raise refusal("no_workbook", path, found=[part.filename for part in parts][:5])
        _check_size(path, parts)
        for name in archive.namelist():
            size = archive.getinfo(name).file_size
            with archive.open(name) as stream:  # to the end, which proves the checksum
                rest, is_sheet = b"", False
                while block := stream.read(2**20):
                    is_sheet |= b"sheetData" in block  # wherever it stands, and whatever it is called
                    if not is_sheet and not name.endswith(".xml"):
                        continue
                    block = rest + block
                    ends = (b"/c>", b":c>", b"row>") if is_sheet else (b"<",)  # after which a cell, or a tag, begins
                    rest = block[max(0, *(block.rfind(end) for end in ends)) :]
                    if len(rest) > LONGEST_RUN:
                        raise refusal("long_run", path, place=name, since_tag=LONGEST_RUN)
                    if not is_sheet:
                        continue
                    if unsaved := _unsaved_formula(block):
                        raise refusal("unsaved_formula", path, place=f"{name}, cell {unsaved}")
                    if (b'"e"' in block or b"'e'" in block) and (cell := _ERROR.search(block)):
                        raise refusal("error_cell", path, place=f"{name}, cell {cell[1].decode(errors='replace')}")
                    if cell := _FAR_CELL.search(block):  # room is taken as far as to it
                        raise refusal("far_cell", path, place=f"{name}, cell {cell[1].decode()}")
                    row = max(map(int, _ROW.findall(block)), default=0)
                    if row > max(FEW_ROWS, size / FEWEST_BYTES):
                        raise refusal("far_row", path, place=f"{name}, row {row:,}")


def _unsaved_formula(block: bytes) -> str:
    """Find a cell with a formula and no value in a part of a sheet, however it is written; blank = there is none."""
    if b"<f" not in block and b":f" not in block:
        return ""
    for part in _CELLS_END.split(block)[:-1]:
        if found := _FORMULA.search(part):
            *_, cell = [None, *_CELL.finditer(part, 0, found.start())]
            if cell and not _TEXT_CELL.search(cell[1]) and not _VALUE.search(part, cell.end()):
                return cell[1].decode(errors="replace").strip()
    return ""


def _check_size(path: Path, parts: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse parts of a zip file that unpack to more than any release holds."""
    size = sum(part.file_size for part in parts)
    ratio = max(part.file_size / max(part.compress_size, 1) * (part.file_size > 2**20) for part in parts)
    if size > MOST_BYTES or ratio > MOST_RATIO:
        found = f"{size:,} bytes, a part {ratio:.0f} times its packed size"
        raise refusal("zip_bomb", path, found=found, bytes=MOST_BYTES, ratio=MOST_RATIO)


def _text(path: Path, blank: Sheet, score: Score) -> Sheet:
    """Read comma- or tab-separated text; the separator is the one that makes the best header."""
    data = path.read_bytes()
    if any(data.find(b"\n", at, at + LONGEST_RUN) < 0 for at in range(0, len(data) - LONGEST_RUN, LONGEST_RUN)):
        raise refusal("long_line", path, bytes=LONGEST_RUN)
    data, note = _as_utf8(path, data)
    if (at := data.find(b"\0")) >= 0:
        raise refusal("nul_byte", path, place="line {}".format(data.count(b"\n", 0, at) + 1))
    lines = [line.decode() for line in islice(io.BytesIO(data), 2 * HEADER_WITHIN)]
    best, delimiter, header, record, taken = 0, ",", [""], 0, 0
    for candidate in ",\t;|":
        reader = csv.reader(lines, delimiter=candidate)
        with suppress(csv.Error):  # a stray quote under a separator that is not the file's
            for number, row in enumerate(islice(reader, HEADER_WITHIN), 1):
                if (fit := score(row[:MOST_COLUMNS])) > best:
                    best, delimiter, header, record, taken = fit, candidate, row, number, reader.line_num
    if not best:
        first = next((line.strip() for line in lines if line.strip()), "")
        return blank._replace(note=f"no header row among the first {HEADER_WITHIN}; the first line is {first[:80]!r}")
    _check_cells(path, None, len(header))
    sheet = blank._replace(header_row=record, note=note, above=tuple(lines[:taken]))
    body = data[sum(len(line.encode()) for line in lines[:taken]) :].rstrip(b"\r\n")
    types = {str(at): pa.string() if is_person(name) else TEXT for at, name in enumerate(header)}
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(body),
            pa.csv.ReadOptions(column_names=list(types), block_size=LONGEST_RUN),
            pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=b'"' in body, ignore_empty_lines=False),
            pa.csv.ConvertOptions(column_types=types, strings_can_be_null=False),
        )
        return _filled(path, sheet, header, table.columns)
    except pa.ArrowInvalid:  # no line, a blank one, which keeps its number, or one of another length: which?
        return _from_rows(path, sheet, header, _rows(path, body, delimiter, len(header), taken))


def _as_utf8(path: Path, data: bytes) -> tuple[bytes, str]:
    """Give text back as UTF-8 without byte order mark, with a note where it was Windows' western encoding."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode()
        return data, ""
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    has = "has bytes of two encodings"
    if not re.search(rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}", data):
        with suppress(UnicodeDecodeError):
            return data.decode("cp1252").encode(), "the text is not UTF-8; read as Windows-1252"
        has = "is in no known encoding"
    raise refusal("encoding", path, place=f"line {line}", has=has)


def _rows(path: Path, body: bytes, delimiter: str, width: int, above: int) -> Iterator[list[str]]:
    """Read lines one by one; a blank line is a blank row. Refuse one with more or fewer cells than the header."""
    rows, first = csv.reader(io.StringIO(body.decode(), newline="\n"), delimiter=delimiter), above + 1
    try:
        for row in rows:
            last = above + rows.line_num
            if row and len(row) != width:
                place = f"lines {first} to {last}" if last > first else f"line {last}"
                raise refusal("line_length", path, place=place, found=f"{len(row)} cells", width=width)
            first = last + 1
            yield row or [""] * width
    except csv.Error as error:
        raise refusal("line_split", path, place=f"from line {first} on", found=str(error)) from error


def _columnar(path: Path, kind: str, blank: Sheet, score: Score) -> Sheet:
    """Read parquet, feather, Stata or SPSS, whose columns have names and types."""
    if kind == "parquet":
        table = _parquet(path)
    elif kind == "feather":
        with suppress(pa.ArrowInvalid):  # of the first version, which packs nothing
            declared = pa.dataset.dataset(path, format="feather")
            _check_cells(path, declared.count_rows(), len(declared.schema))
        table = pa.feather.read_table(path)
    else:
        read = pyreadstat.read_dta if kind == "Stata" else pyreadstat.read_sav
        facts = read(str(path), metadataonly=True)[1]
        _check_cells(path, facts.number_rows, len(facts.column_names))
        frame, facts = read(str(path), apply_value_formats=True)
        coded = [pd.factorize(frame[name].astype("object")) for name in frame]
        columns = [_from_codes(pa.array(codes, mask=codes < 0), values) for codes, values in coded]
        names = [str(name) for name in frame]
        labels = [facts.column_names_to_labels.get(name) or name for name in names]
        table = pa.table(columns, labels if score(labels) > score(names) else names)  # which are cut short
    header = table.column_names
    if not score(header):
        return blank._replace(note=f"no known column names; found {header[:8]}")
    return _filled(path, blank._replace(header_row=1), header, table.columns)


def _parquet(path: Path) -> pa.Table:
    """Read parquet, its text as dictionaries; refuse more cells or bytes than it can honestly hold."""
    with pa.parquet.ParquetFile(path) as file:
        facts, schema = file.metadata, file.schema_arrow
    _check_cells(path, facts.num_rows, len(schema))
    size = sum(facts.row_group(at).total_byte_size for at in range(facts.num_row_groups))
    if size > max(2 * LONGEST_RUN, MOST_RATIO * path.stat().st_size):
        found = f"{size:,} bytes, {size / path.stat().st_size:.0f} times its size"
        raise refusal("zip_bomb", path, found=found, bytes=MOST_BYTES, ratio=MOST_RATIO)
    kinds = zip(schema.names, schema.types, strict=True)
    texts = [name for name, kind in kinds if pa.types.is_string(kind) or pa.types.is_large_string(kind)]
    return pa.parquet.read_table(path, read_dictionary=[name for name in texts if not is_person(name)])
