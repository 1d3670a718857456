"""Each kind of bad file ends in one clear sentence; odd but whole files are read."""

from __future__ import annotations

import csv
import random
import re
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from release_forms import A, F, cells, some_rows, workbook, write_release

from analysis.errors import InputError
from analysis.files import sha256_of
from analysis.load import readers
from analysis.load.columns import header_score
from analysis.load.readers import Sheet, read_sheets
from analysis.load.releases import open_release

LINES = "Prepare Date,State,City,Detainer Lift Reason\n1/3/15,TEXAS,AUSTIN,Died\n1/4/15,TEXAS,WACO,\n"


def refused(path: Path, sentence: str) -> None:
    """Hold the error for a file against a pattern: the file's name, then what is wrong."""
    with pytest.raises(InputError, match=rf"(?s){re.escape(path.name)}.*{sentence}") as error:
        open_release(path)
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read_one(path: Path) -> Sheet:
    def score(row: Sequence[str]) -> int:
        return len({"Prepare Date", "State", "City", "Name"} & set(row))

    (sheet,) = read_sheets(path, score)
    return sheet


def column(sheet: Sheet, name: str) -> list[str | None]:
    return [None if value == "" else value for value in sheet.cells[name].to_pylist()]


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    pd.DataFrame(cells("A", some_rows()), columns=A, dtype=object).astype("str").to_parquet(tmp_path / "a.parquet")
    return tmp_path / "a.parquet"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A workbook of two sheets of six rows, and one without a header."""
    return write_release("F", some_rows(), tmp_path_factory.mktemp("book")).read_bytes()


# ---- damaged, protected, too large


@pytest.mark.parametrize("share", [0.02, 0.5, 0.999])
def test_truncated_files(share: float, book: bytes, parquet: Path, tmp_path: Path) -> None:
    for path, whole in ((tmp_path / "a.xlsx", book), (parquet, parquet.read_bytes())):
        refused(written(path, whole[: int(len(whole) * share)]), "file is cut short or damaged.*Download it again")


def test_workbook_with_flipped_bytes_is_refused_or_read_whole(book: bytes, tmp_path: Path) -> None:
    dice = random.Random(1)
    for _ in range(30):
        broken = bytearray(book)
        broken[dice.randrange(4, len(book))] ^= 0xFF
        with suppress(InputError):
            sheets = read_sheets(written(tmp_path / "a.xlsx", bytes(broken)), header_score)
            assert [sheet.rows for sheet in sheets] == [6, 6, 0]


def sheet_xml(path: Path, xml: bytes) -> Path:
    """Put other XML into the first sheet of a workbook."""
    workbook(path, {"x": (["Prepare Date"], [])})
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, xml if "sheet1" in name else content)
    return path


def repetitive_sheet(words: int) -> bytes:
    """Make 3 MB of rows of 60 cells without addresses, as some programs write them, each one of so many words."""
    dice, cell = random.Random(1), b"<c><v>%d</v></c>"
    rows = [b"".join(cell % int(words * dice.random() ** 3) for _ in range(60)) for _ in range(2500)]
    return b"<worksheet><sheetData><row>" + b"</row><row>".join(rows) + b"</row></sheetData></worksheet>"


def test_zip_bomb_is_refused_before_it_is_unpacked_and_a_workbook_that_repeats_itself_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(sheet_xml(tmp_path / "a.xlsx", repetitive_sheet(40)), "no header of a detainer release is found")
    noise = random.Random(1).randbytes(999)
    bombs = (b"<x>" + b"a" * 2**23, repetitive_sheet(1), b"<x>" + (noise + bytes(99_000)) * 40)
    paths = [sheet_xml(tmp_path / f"{at}.xlsx", xml) for at, xml in enumerate(bombs)]
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    for path in paths:
        refused(path, r"unpacks to more.*times its packed size")


def test_what_is_longer_farther_or_deeper_than_any_release_holds(
    parquet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = pa.table({"Prepare Date": ["1/3/15"], "State": ["x" * 50_000], "Detainer Lift Reason": [""]})
    pyarrow.parquet.write_table(long, tmp_path / "long.parquet")
    refused(tmp_path / "long.parquet", "column 'State' has 50,000 characters")
    nested = pa.table({"Prepare Date": ["1/3/15"], "State": [["TX", "CA"]], "Detainer Lift Reason": [""]})
    pyarrow.parquet.write_table(nested, tmp_path / "nested.parquet")
    refused(tmp_path / "nested.parquet", r"column 'State' holds list.*text, numbers or dates")
    refused(workbook(tmp_path / "a.xlsx", {"x": (["Prepare Date", *[""] * 299, "Note"], [])}), "KO1.*beyond the 260th")
    monkeypatch.setattr(readers, "MOST_ROWS", 1)
    refused(parquet, "more than any release holds.*12 rows")
    monkeypatch.setattr(readers, "LONGEST_RUN", 2**20)
    noise = random.Random(1).randbytes(3 * 2**20).replace(b"<", b"")
    refused(sheet_xml(tmp_path / "b.xlsx", b"<x>" + noise), r"a cell has more than [\d,]+ bytes")
    refused(written(tmp_path / "a.csv", LINES + "x" * 2**22), r"a line has more than 1,048,576 bytes")


# ---- not what it says


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000)
with Path(__file__).with_name("bad_files.csv").open(newline="") as listed:
    BAD = [
        (name, content.encode().decode("unicode_escape").encode("latin-1"), said)
        for name, content, said in csv.reader(listed)
    ]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        *BAD[1:],
        ("a.dta", b"<stata_dta><header>" + b"x" * 50, "cut short or damaged"),
        ("a.sav", b"$FL2@(#) SPSS" + b"x" * 50, "cut short or damaged"),
        ("a.feather", b"ARROW1\0\0" + b"x" * 50, "cut short or damaged"),
        ("a.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "password-protected workbook.*save it without a pass"),
        ("a.xls", OLE, r"before 2007 \(\.xls\).*save it as \.xlsx"),
        ("a.csv", LINES + "1/4/15,TEXAS,WACO,\n" * 400 + "1/4/15,TEXAS,WA\0CO,\n", "line 404.*NUL"),
        ("a.csv", LINES.replace("WACO", "W" * 40_000), "column 'City' has 40,000 characters"),
        ("a.csv", LINES.replace("WACO", "W" * 2_000_000) + "1/5/15\n", "line 3.*cannot be split.*field larger"),
    ],
)
def test_file_that_cannot_be_read(name: str, content: str | bytes, sentence: str, tmp_path: Path) -> None:
    refused(written(tmp_path / name, content), sentence)


def test_missing_file_and_zip_of_csv_files(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere.csv", "cannot be opened.*No such file.*Check the name")
    with pytest.raises(InputError, match="no file to read"):
        open_release(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("detainers.csv", LINES)
        archive.writestr("more.csv", LINES)
    refused(tmp_path / "a.xlsx", r"no Excel workbook.*detainers\.csv.*Unpack it")


def zipped(path: Path, name: str, content: bytes | str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("__MACOSX")
        archive.writestr("__MACOSX/._" + name, "x")
        archive.writestr("FY25/" + name, content)
    return path


def test_a_zip_of_one_file_is_read_within_the_bounds(
    parquet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "data"))
    plain = open_release(parquet)
    packed = open_release(zipped(tmp_path / "a.zip", "detainers 2026-03-10.parquet", parquet.read_bytes()))
    pd.testing.assert_frame_equal(packed.table.drop(columns="source_file"), plain.table.drop(columns="source_file"))
    assert packed.sheets[["file", "sha256"]].to_numpy().tolist() == [["a.zip", sha256_of(tmp_path / "a.zip")]]
    assert packed.extracted_on == date(2026, 3, 10)
    refused(zipped(tmp_path / "b.zip", "c.csv", "a,b"), "no header")
    refused(zipped(tmp_path / "d.zip", "e.zip", (tmp_path / "b.zip").read_bytes()), r"FY25/e\.zip: the zip file is no")
    refused(zipped(tmp_path / "f.zip", "g.csv", LINES + "\n" * 2**22), "unpacks to more.*times its packed size")
    refused(zipped(tmp_path / "h.zip", "i.csv", b"\xff\xfea"), r", FY25/i\.csv: the file cannot be read")
    assert not (tmp_path / "data").exists()


# ---- header and rows


def test_workbook_without_header_or_rows(tmp_path: Path) -> None:
    refused(workbook(tmp_path / "a.xlsx", {"x": (F, [])}, preamble=6), "the header has no row below it")
    empty = workbook(tmp_path / "b.xlsx", {"x": ([], []), "y": (["Some", "Thing"], [])})
    refused(empty, "no header of a detainer release.*x: blank sheet; y: no header row")
    rows = [[*row, ""] for row in cells("F", some_rows())]
    twice = workbook(tmp_path / "c.xlsx", {"x": ([*F, "Gender"], rows)}, preamble=6)
    refused(twice, "sheet 'x', row 7: the header has 'Gender' twice")


@pytest.mark.parametrize("kind", ["null", "timestamp[ms]", "int64", "string"])
def test_parquet_without_rows(kind: str, tmp_path: Path) -> None:
    names = ["Detainer Prepare Date", "Detainer Lift Reason", "Anonymized Identifier"]
    pyarrow.parquet.write_table(pa.table(dict.fromkeys(names, pa.array([], kind))), tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "the header has no row below it")


def test_lines_are_counted_below_a_preamble_and_past_blank_lines_and_columns_without_name_left_out(
    tmp_path: Path,
) -> None:
    preamble = 'Detainers, by day\n\n"Extracted, 3/11/2026\nby ERO",,\nState and City are of the facility\n'
    sheet = read_one(written(tmp_path / "a.csv", preamble + LINES))
    assert sheet.header_row == 5  # a quoted line break does not begin a row
    assert column(sheet, "City") == ["AUSTIN", "WACO"]
    path = written(tmp_path / "b.csv", LINES.replace("1/4", "\n1/4") + "\n\n\n")
    assert open_release(path).table["source_row"].tolist() == [2, 4]
    lines = "Prepare Date,State,City,,Detainer Lift Reason,\n1/3/15,TX,WACO,seen,,\n"
    names = read_one(written(tmp_path / "c.csv", lines)).cells.column_names
    assert names == ["Prepare Date", "State", "City", "column 4, no name", "Detainer Lift Reason"]


@pytest.mark.parametrize(
    ("content", "city"),
    [
        (LINES.replace("AUSTIN", '"AUS\nTIN, ""TX"""').replace("WACO", "=1+1"), ['AUS\nTIN, "TX"', "=1+1"]),
        *((LINES.replace(",", separator), ["AUSTIN", "WACO"]) for separator in ",\t;|"),
        (LINES.encode("utf-8-sig"), ["AUSTIN", "WACO"]),  # a byte order mark is no part of a name
        (LINES.replace("WACO", "CAÑON").encode("cp1252"), ["AUSTIN", "CAÑON"]),
        *(  # a column of row numbers is left out
            ("\n".join(f"{at or first},{line}" for at, line in enumerate(LINES.splitlines())), ["AUSTIN", "WACO"])
            for first in ('""', "", "Unnamed: 0")
        ),
    ],
)
def test_text_is_read_whatever_its_separator_and_encoding(
    content: str | bytes, city: list[str], tmp_path: Path
) -> None:
    sheet = read_one(written(tmp_path / "a.csv", content))
    assert sheet.cells.column_names == ["Prepare Date", "State", "City", "Detainer Lift Reason"]
    assert column(sheet, "City") == city
    western = isinstance(content, bytes) and b"\xd1" in content
    assert sheet.note == ("the text is not UTF-8; read as Windows-1252" if western else "")


# ---- workbooks


def test_formulas_give_their_saved_values(tmp_path: Path) -> None:
    rows = [["Prepare Date", "State", "City"], ["1/3/15", "TX", "WACO"]]
    texts = [
        [f'<c r="{"ABC"[at]}{row}" t="str"><v>{cell}</v></c>' for at, cell in enumerate(line)]
        for row, line in enumerate(rows, 1)
    ]
    inner = "".join(f'<row r="{row}">{"".join(line)}</row>' for row, line in enumerate(texts, 1))
    start = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    xml = f"{start}{inner}</sheetData></worksheet>".replace("<v>1/3/15", "<f>B2</f><v>1/3/15").encode()
    assert column(read_one(sheet_xml(tmp_path / "a.xlsx", xml)), "Prepare Date") == ["1/3/15"]
    unsaved = xml.replace(b"<v>1/3/15</v>", b"<v></v>")
    refused(sheet_xml(tmp_path / "b.xlsx", unsaved), "cell.*A2.*a formula has no value saved with it.*save it again")


def test_cells_keep_their_value_whatever_their_type(tmp_path: Path) -> None:
    header = ["Prepare Date", "State", "City", "Name"]
    rows = [[pd.Timestamp(2015, 1, 3), 301, True, "0301"], [pd.Timestamp(2015, 1, 3, 15, 10), 0.5, None, "x"]]
    sheet = read_one(workbook(tmp_path / "a.xlsx", {"x": (header, rows)}))
    days, states = ["2015-01-03", "2015-01-03 15:10:00"], ["301", "0.5"]
    assert [column(sheet, name) for name in header] == [days, states, ["TRUE", None], ["0301", "x"]]
