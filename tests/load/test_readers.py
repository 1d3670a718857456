"""Each kind of bad file ends in one clear sentence; odd but whole files are read."""

from __future__ import annotations

import random
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from release_forms import A, F, cells, some_rows, text, workbook, write_release

from analysis.errors import InputError
from analysis.load import readers
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
def real_book(tmp_path: Path) -> Path:
    return write_release("F", some_rows(), tmp_path)


# ---- damaged, protected, too large


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.999])
def test_truncated_workbook(share: float, real_book: Path) -> None:
    whole = real_book.read_bytes()
    refused(written(real_book, whole[: int(len(whole) * share)]), "cut short or damaged.*Download it again")


def test_workbook_with_flipped_bytes_is_refused_or_read_whole(real_book: Path) -> None:
    whole = real_book.read_bytes()
    dice = random.Random(1)
    for _ in range(60):
        broken = bytearray(whole)
        broken[dice.randrange(4, len(whole))] ^= 0xFF
        try:
            rows = len(open_release(written(real_book, bytes(broken))).table)
        except InputError:
            rows = len(some_rows())
        assert rows == len(some_rows())


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    pd.DataFrame(cells("A", some_rows()), columns=A, dtype=object).astype("str").to_parquet(tmp_path / "a.parquet")
    return tmp_path / "a.parquet"


@pytest.mark.parametrize("share", [0.02, 0.5, 0.999])
def test_truncated_parquet(share: float, parquet: Path) -> None:
    whole = parquet.read_bytes()
    refused(written(parquet, whole[: int(len(whole) * share)]), "parquet file is cut short or damaged")


@pytest.mark.parametrize(
    ("name", "start"), [("a.dta", b"<stata_dta><header>"), ("a.sav", b"$FL2@(#) SPSS"), ("a.feather", b"ARROW1\0\0")]
)
def test_truncated_statistics_files(name: str, start: bytes, tmp_path: Path) -> None:
    refused(written(tmp_path / name, start + b"x" * 50), "cut short or damaged")


def test_password_protected_workbook(tmp_path: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000)
    protected = ole + "EncryptedPackage".encode("utf-16-le")
    refused(written(tmp_path / "a.xlsx", protected), "password-protected workbook.*save it without a password")
    refused(written(tmp_path / "a.xls", ole), r"before 2007 \(\.xls\).*save it as \.xlsx")


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


@pytest.mark.parametrize(
    "xml", [b"<x>" + b"a" * 2**23, repetitive_sheet(1), b"<x>" + (random.Random(1).randbytes(999) + bytes(99_000)) * 40]
)
def test_zip_bomb_is_refused_before_it_is_unpacked(xml: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sheet_xml(tmp_path / "a.xlsx", xml)
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    refused(path, r"unpacks to more.*times its packed size")


def test_workbook_that_repeats_itself_is_no_zip_bomb(tmp_path: Path) -> None:
    refused(sheet_xml(tmp_path / "a.xlsx", repetitive_sheet(40)), "no header of a detainer release is found")


def test_gigabyte_of_one_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "LONGEST_RUN", 2**20)
    noise = random.Random(1).randbytes(3 * 2**20).replace(b"<", b"")
    refused(sheet_xml(tmp_path / "a.xlsx", b"<x>" + noise), r"a cell has more than [\d,]+ bytes")
    refused(written(tmp_path / "a.csv", LINES + "x" * 2**22), r"a line has more than 1,048,576 bytes")


def test_cell_longer_than_a_workbook_allows(tmp_path: Path) -> None:
    refused(written(tmp_path / "a.csv", LINES.replace("WACO", "W" * 40_000)), "column 'City' has 40,000 characters")
    unequal = LINES.replace("WACO", "W" * 2_000_000) + "1/5/15\n"
    refused(written(tmp_path / "b.csv", unequal), "line 3.*cannot be split.*field larger")
    long = pa.table({"Prepare Date": ["1/3/15"], "State": ["x" * 50_000], "Detainer Lift Reason": [""]})
    pyarrow.parquet.write_table(long, tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "column 'State' has 50,000 characters")


def test_cell_far_out_would_end_the_program(tmp_path: Path) -> None:
    header = ["Prepare Date", *[""] * 299, "Note"]
    path = workbook(tmp_path / "a.xlsx", {"x": (header, [])})
    refused(path, "cell KO1.*beyond the 260th column")


def test_parquet_of_too_many_rows(parquet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MOST_ROWS", 1)
    refused(parquet, "more than any release holds.*12 rows")


# ---- not what it says


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.xlsx", LINES, r"not what its name says.*found 'text', expected Excel workbook.*a\.csv"),
        ("a.parquet", LINES, "not what its name says.*found 'text', expected parquet"),
        ("a.csv", b"PAR1" + bytes(10), "not what its name says.*found 'parquet', expected text"),
        ("a.csv", "\n<!DOCTYPE html><html><body>Sign in</body></html>", "a web page.*login.*download the file itself"),
        ("a.csv", "<HTML><head>", "a web page"),
        ("a.csv", LINES.encode("utf-16"), "UTF-16 text.*CSV UTF-8"),
        ("a.csv", LINES.encode("utf-16-le"), "UTF-16 text.*CSV UTF-8"),
        ("a.csv", b"%PDF-1.7 x", "a PDF.*Ask for the spreadsheet"),
        ("a.csv.gz", b"\x1f\x8b\x08x", "a gzip file.*Unpack"),
        ("a.csv", b"\0\x01abcdefghijk", "bytes of no known type"),
        ("a.csv", b"", "the file is empty"),
        ("a.csv", " \n\n", "the file is empty"),
    ],
)
def test_file_of_another_type(name: str, content: str | bytes, sentence: str, tmp_path: Path) -> None:
    refused(written(tmp_path / name, content), sentence)


def test_missing_file(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere.csv", "cannot be opened.*No such file.*Check the name")
    with pytest.raises(InputError, match="no file to read"):
        open_release(tmp_path)


def test_zip_of_csv_files_is_no_workbook(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("detainers.csv", LINES)
    refused(tmp_path / "a.xlsx", r"no Excel workbook.*detainers\.csv.*Unpack it")


# ---- header and rows


def test_header_only_and_no_header(tmp_path: Path, real_book: Path) -> None:
    refused(written(tmp_path / "a.csv", LINES.splitlines()[0]), "the header has no row below it")
    refused(workbook(tmp_path / "a.xlsx", {"x": (F, [])}, preamble=6), "the header has no row below it")
    refused(
        written(tmp_path / "b.csv", "a,b\n1,2\n"),
        "no header of a detainer release.*first line is 'a,b'.*Detainer Lift Reason",
    )
    empty = workbook(tmp_path / "b.xlsx", {"x": ([], []), "y": (["Some", "Thing"], [])})
    refused(empty, "no header of a detainer release.*x: blank sheet; y: no header row")


@pytest.mark.parametrize("kind", ["null", "timestamp[ms]", "int64", "string"])
def test_parquet_without_rows(kind: str, tmp_path: Path) -> None:
    header = dict.fromkeys(
        ["Detainer Prepare Date", "Detainer Lift Reason", "Anonymized Identifier"], pa.array([], kind)
    )
    pyarrow.parquet.write_table(pa.table(header), tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "the header has no row below it")


def test_header_names_that_repeat(tmp_path: Path) -> None:
    refused(
        written(tmp_path / "a.csv", LINES.replace("City", "State")),
        "row 1: the header has 'State' twice, in columns 2 and 3",
    )
    rows = cells("F", some_rows())
    refused(
        workbook(tmp_path / "a.xlsx", {"x": ([*F, "Gender"], [[*row, ""] for row in rows])}, preamble=6),
        "sheet 'x', row 7: the header has 'Gender' twice",
    )
    rows = [["1/3/15", "", "YES", "NO", "YES"]]
    thrice = ["Prepare Date", "Detainer Lift Reason", *["Final Order Yes No"] * 3]
    refused(text(tmp_path / "b.csv", thrice, rows), "the header has 'Final Order Yes No' twice, in columns 3 and 5")


def test_header_below_a_preamble_that_has_separators(tmp_path: Path) -> None:
    preamble = 'Detainers, by day\n\n"Extracted, 3/11/2026\nby ERO",,\nState and City are of the facility\n'
    sheet = read_one(written(tmp_path / "a.csv", preamble + LINES))
    assert sheet.header_row == 5  # a quoted line break does not begin a row
    assert column(sheet, "City") == ["AUSTIN", "WACO"]


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_separator_is_told_from_the_content(separator: str, tmp_path: Path) -> None:
    assert column(read_one(written(tmp_path / "a.csv", LINES.replace(",", separator))), "City") == ["AUSTIN", "WACO"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_unequal_lines_are_named(ending: str, tmp_path: Path) -> None:
    lines = LINES + '1/5/15,TEXAS,"EL\nPASO",\n1/6/15,TEXAS,DALLAS, COUNTY,\n'
    path = written(tmp_path / "a.csv", lines.replace("\n", ending))
    refused(path, "line 6: a line does not fit the header: found '5 cells', expected 4.*quotes")


def test_a_quote_that_is_not_closed_is_named_by_the_line_where_its_row_begins(tmp_path: Path) -> None:
    good = "1/4/15,TEXAS,WACO,\n"
    content = LINES + '1/4/15,"TEXAS,WACO,\n' + good * 3 + '1/4/15,OHIO,"LIMA",\n' + good
    refused(written(tmp_path / "quote.csv", content), "lines 4 to 8")


def test_bytes_that_no_text_has_and_rows_without_a_filled_cell(tmp_path: Path) -> None:
    nul = LINES + "1/4/15,TEXAS,WACO,\n" * 400 + "1/4/15,TEXAS,WA\0CO,\n"
    refused(written(tmp_path / "nul.csv", nul), "line 404.*NUL")
    refused(written(tmp_path / "blank.csv", LINES.splitlines()[0] + "\n" + ",,,\n" * 50), "filled cell.*50 empty rows")


def test_blank_lines_keep_the_row_numbers(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", LINES.replace("1/4", "\n1/4") + "\n\n\n")
    assert open_release(path).table["source_row"].tolist() == [2, 4]


def test_quoted_line_breaks_quotes_and_what_looks_like_a_formula_stay(tmp_path: Path) -> None:
    lines = LINES.replace("AUSTIN", '"AUS\nTIN, ""TX"""').replace("WACO", "=1+1")
    assert column(read_one(written(tmp_path / "a.csv", lines)), "City") == ['AUS\nTIN, "TX"', "=1+1"]


def test_empty_columns_without_name_are_left_out(tmp_path: Path) -> None:
    lines = "Prepare Date,State,City,,Detainer Lift Reason,\n1/3/15,TX,WACO,seen,,\n"
    sheet = read_one(written(tmp_path / "a.csv", lines))
    assert sheet.cells.column_names == ["Prepare Date", "State", "City", "column 4, no name", "Detainer Lift Reason"]


def test_column_of_row_numbers_is_left_out(tmp_path: Path) -> None:
    for first in ('""', "", "Unnamed: 0"):
        numbered = "\n".join(f"{at or first},{line}" for at, line in enumerate(LINES.splitlines()))
        assert read_one(written(tmp_path / "a.csv", numbered)).cells.num_columns == 4


# ---- encodings


def test_western_text_is_read_with_a_note(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", LINES.replace("WACO", "CAÑON").encode("cp1252"))
    assert column(read_one(path), "City") == ["AUSTIN", "CAÑON"]
    assert open_release(path).sheets["note"].tolist() == ["the text is not UTF-8; read as Windows-1252"]


def test_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    sheet = read_one(written(tmp_path / "a.csv", LINES.encode("utf-8-sig")))
    assert sheet.cells.column_names[0] == "Prepare Date"
    assert sheet.note == ""


def test_two_encodings_in_one_file(tmp_path: Path) -> None:
    both = LINES.replace("AUSTIN", "CAÑON").encode() + "1/5/15,TEXAS,CAÑON,\n".encode("cp1252")
    refused(written(tmp_path / "a.csv", both), "line 4: the text has bytes of two encodings.*UTF-8 throughout")
    refused(written(tmp_path / "b.csv", LINES.encode() + b"\x81\x8d"), "line 4: the text is in no known encoding")


# ---- workbooks


def test_formulas_give_their_saved_values(tmp_path: Path) -> None:
    rows = "".join(
        f'<c r="{cell}" t="str">{inner}</c>' if isinstance(cell, str) else ""
        for cell, inner in [("A2", "<f>B2</f><v>1/3/15</v>"), ("B2", "<v>TX</v>"), ("C2", "<v>WACO</v>")]
    )
    header = "".join(
        f'<c r="{letter}1" t="str"><v>{name}</v></c>'
        for letter, name in zip("ABC", ["Prepare Date", "State", "City"], strict=True)
    )
    start = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    xml = start + f'<row r="1">{header}</row><row r="2">{rows}</row></sheetData></worksheet>'.encode()
    assert column(read_one(sheet_xml(tmp_path / "a.xlsx", xml)), "Prepare Date") == ["1/3/15"]
    unsaved = xml.replace(b"<v>1/3/15</v>", b"<v></v>")
    refused(sheet_xml(tmp_path / "b.xlsx", unsaved), "cell.*A2.*a formula has no value saved with it.*save it again")


def test_cells_keep_their_value_whatever_their_type(tmp_path: Path) -> None:
    header = ["Prepare Date", "State", "City", "Name"]
    rows = [[pd.Timestamp(2015, 1, 3), 301, True, "0301"], [pd.Timestamp(2015, 1, 3, 15, 10), 0.5, None, "x"]]
    sheet = read_one(workbook(tmp_path / "a.xlsx", {"x": (header, rows)}))
    assert [column(sheet, name) for name in header] == [
        ["2015-01-03", "2015-01-03 15:10:00"],
        ["301", "0.5"],
        ["TRUE", None],
        ["0301", "x"],
    ]


def test_nested_columns_are_refused(tmp_path: Path) -> None:
    table = pa.table({"Prepare Date": ["1/3/15"], "Detainer Lift Reason": [""], "State": [["TX", "CA"]]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", r"column 'State' holds list.*text, numbers or dates")
