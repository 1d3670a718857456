"""Each kind of bad file ends in one clear sentence; odd but whole files are read."""

from __future__ import annotations

import csv
import os
import random
import re
import signal
import socket
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pyreadstat
import pytest
from release_forms import A, F, cells, some_rows, workbook, write_release

from analysis.errors import InputError
from analysis.files import private_folder, sha256_of
from analysis.load import readers
from analysis.load.columns import header_score
from analysis.load.imports import check_release
from analysis.load.readers import Sheet, bounded, read_sheets
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


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        *(
            (cell, f"{re.search('(?i)[a-z]{3}[0-9]+', cell)[0]}.*beyond the 260th")  # type: ignore[index]
            for cell in (
                '<row><c r="XFD9"><v>1</v></c></row>',
                "<row><c r='XFD9' t='n'><v>1</v></c></row>",
                '<row><x:c t="n"\n r = "XFD9" ><v>1</v></x:c></row>',
                '<row r="9"><c\tr="xfd9"><v>1</v></c></row>',
                '{noise}<row><c  r="AAA9"><v>1</v></c></row>',  # over the end of a block that is read
            )
        ),
        ('<row r="1048576"><c r="A1048576"><v>1</v></c></row>', "1,048,576.*far below the table"),
        ("<x:row spans='1:1'\nr = '1048576'><c><v>1</v></c></x:row>", "1,048,576.*far below the table"),
        ("<row>" + "<c><v>1</v></c>" * 2001 + "</row>", "2,001 columns"),
        ('<row r="2"><c r="XFD2" s="1"/></row>', "no row below it"),  # a cell that is only coloured takes no room
    ],
)
def test_workbook_with_a_cell_far_from_its_table(cell: str, sentence: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(workbook(tmp_path / "a.xlsx", {"x": (A, [])})) as book:
        xml = book.read("xl/worksheets/sheet1.xml")
    start, end = xml.split(b"</sheetData>")
    noise = random.Random(1).randbytes(2**19).hex()[: 2**20 - len(start) - len("<row><c  r=")]
    whole = start + cell.replace("{noise}", noise).encode() + b"</sheetData>" + end
    refused(sheet_xml(tmp_path / "b.xlsx", whole), sentence)


@pytest.mark.parametrize(
    "kind", ["csv", *(f"{many}{kind}" for many in ("", "rows.") for kind in ("parquet", "feather", "sav")), "dta"]
)
def test_more_columns_or_cells_than_a_file_of_its_size_holds(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "MOST_CELLS", 10_000)
    monkeypatch.setattr(readers, "MOST_COLUMNS", 20)
    many = kind.startswith("rows")
    names = ["prepare_date", "state", "detainer_lift_reason", *([] if many else (f"c{at}" for at in range(20)))]
    frame, path = pd.DataFrame(0, range(100_000 if many else 1), names, dtype="int8"), tmp_path / f"a.{kind}"
    write: dict[str, Callable[[], object]] = {
        ".csv": lambda: frame.to_csv(path, index=False),
        ".parquet": lambda: frame.to_parquet(path),
        ".feather": lambda: frame.to_feather(path, compression="zstd"),
        ".dta": lambda: pyreadstat.write_dta(frame, str(path)),
        ".sav": lambda: pyreadstat.write_sav(frame, str(path), compress=True),
    }
    write[path.suffix]()
    refused(path, "3 columns, 100,000 rows.*20 cells a byte" if many else "23 columns.*20 columns")


def test_what_is_longer_farther_or_deeper_than_any_release_holds(
    parquet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = pa.table({"Prepare Date": ["1/3/15"], "State": ["x" * 50_000], "Detainer Lift Reason": [""]})
    pyarrow.parquet.write_table(long, tmp_path / "long.parquet")
    refused(tmp_path / "long.parquet", "column 'State' has 50,000 characters")
    nested = pa.table({"Prepare Date": ["1/3/15"], "State": [["TX", "CA"]], "Detainer Lift Reason": [""]})
    pyarrow.parquet.write_table(nested, tmp_path / "nested.parquet")
    refused(tmp_path / "nested.parquet", r"column 'State' holds list.*text, numbers or dates")
    monkeypatch.setattr(readers, "MOST_ROWS", 1)
    refused(parquet, "more than any release of its size.*12 rows")
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


@pytest.mark.parametrize(("code", "sentence"), [(2, "cut short or damaged"), (-1, "cut short or damaged"), (1, "")])
def test_a_code_that_stands_for_no_text(code: int, sentence: str, tmp_path: Path) -> None:
    codes = pa.array([0, code, 1], pa.int8())
    states = pa.DictionaryArray.from_arrays(codes, ["TEXAS", "UTAH"], safe=False)
    table = pa.table({"Prepare Date": ["1/3/15"] * 3, "State": states, "Detainer Lift Reason": ["Died"] * 3})
    pyarrow.feather.write_feather(table, tmp_path / "a.feather")
    if sentence:
        return refused(tmp_path / "a.feather", sentence)
    words = pa.array(["UTAH", None], pa.string_view())  # codes and words of other kinds, a blank among them
    other = pa.DictionaryArray.from_arrays(pa.array([0, 1, 1], pa.uint32()), words)
    pyarrow.feather.write_feather(table.set_column(1, "State", other), tmp_path / "b.feather")
    assert open_release(tmp_path).table["state"].astype("str").fillna("").tolist() == ["TX", "UT", "UT", "UT", "", ""]


def test_missing_file_and_zip_of_csv_files(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere.csv", "cannot be opened.*No such file.*Check the name")
    with pytest.raises(InputError, match="no file to read"):
        open_release(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("detainers.csv", LINES)
        archive.writestr("more.csv", LINES)
    refused(tmp_path / "a.xlsx", r"no Excel workbook.*detainers\.csv.*Unpack it")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such files")
def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "b.sav"))
    for path in (tmp_path / "a.csv", tmp_path / "b.sav", Path("/dev/zero")):
        refused(path, "no file but a pipe, a device")
        with pytest.raises(InputError, match=r"a\.csv: what stands there is no file"):
            check_release([tmp_path])


# ---- the process that reads


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there are no such limits")
@pytest.mark.parametrize("work", ["len(bytearray(2**30))", "os._exit(9)", "[1 for _ in iter(int, 1) if 0]"])
def test_work_that_takes_too_much_or_dies_is_refused_and_leaves_nothing(
    work: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(readers, "SECONDS", 1 if "for" in work else 60)
    monkeypatch.setattr(readers, "MEMORY", 2**28)

    def at_work() -> object:
        with private_folder() as folder:
            (folder / "rows").write_text("of people")
            return eval(work)

    path = written(tmp_path / "a.csv", LINES)
    with pytest.raises(InputError, match=r"a\.csv: reading it broke off, or took more memory or time"):
        bounded(at_work, [path])
    assert list((tmp_path / "data").glob("*")) == []
    assert capfd.readouterr() == ("", "")


def test_work_in_a_child_gives_and_refuses_as_it_would_here(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", LINES)
    assert bounded(lambda: open_release(path).table["city"].tolist(), [path]) == ["AUSTIN", "WACO"]
    for error in (InputError("no", found="x", do="Yes"), OSError(28, "full")):

        def refuse(error: Exception = error) -> object:
            raise error

        with pytest.raises(type(error), match=f"^{re.escape(str(error))}$"):
            bounded(refuse, [path])


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no child")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_command_that_is_stopped_takes_the_child_that_reads_with_it(number: int, code: int, tmp_path: Path) -> None:
    program = """
        import signal, sys
        from analysis import stops
        from analysis.files import private_folder
        from analysis.load.readers import bounded
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stops.signals("heeded")
        def wait():
            with private_folder():
                print("begun", flush=True)
                signal.pause()
        bounded(wait, [])
    """
    paths = os.pathsep.join(filter(None, sys.path))
    env = {**os.environ, "DECLINES_DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": paths}
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], env=env, **how) as command:  # type: ignore[call-overload]
        assert command.stdout.readline() == "begun\n"
        (os.killpg if number == signal.SIGINT else os.kill)(command.pid, number)
        out, err = command.communicate(timeout=60)  # which ends when the child has ended, too
    assert (command.returncode, out, err.count("\n")) == (code, "", int(code > 0))
    with_kill = [".import-"] if code < 0 else []  # for the next run to take away
    assert [path.name[:8] for path in tmp_path.glob("data/.*")] == with_kill


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
    empty = xml.replace(b"<v>1/3/15</v>", b"<v></v>")
    assert column(read_one(sheet_xml(tmp_path / "b.xlsx", empty)), "Prepare Date") == [None], "a text may be empty"
    unsaved = empty.replace(b't="str"><f>', b"><f>")
    spelt = [unsaved, unsaved.replace(b"</f><v>", b"</f>\n<v>"), unsaved.replace(b"<f>", b" <f t='shared'>")]
    spelt += [re.sub(rb"<(/?)(?=[a-z])", rb"<\1x:", unsaved).replace(b"xmlns=", b"xmlns:x=")]
    filler = random.Random(1).randbytes(2**19).hex().encode()
    spelt += [unsaved.replace(b"<row ", b"<!--" + filler[at:] + b"--><row ", 1) for at in range(0, 300, 20)]
    for xml in spelt:
        refused(sheet_xml(tmp_path / "c.xlsx", xml), "cell.*A2.*a formula has no value saved with it.*save it again")
    broken = empty.replace(b't="str"><f>B2</f><v>', b't="e"><v>#REF!')
    refused(sheet_xml(tmp_path / "d.xlsx", broken), "cell.*A2.*an error of its formula, such as #REF!.*save again")


def test_cells_keep_their_value_whatever_their_type(tmp_path: Path) -> None:
    header = ["Prepare Date", "State", "City", "Name"]
    rows = [[pd.Timestamp(2015, 1, 3), 301, True, "0301"], [pd.Timestamp(2015, 1, 3, 15, 10), 0.5, None, "x"]]
    sheet = read_one(workbook(tmp_path / "a.xlsx", {"x": (header, rows)}))
    days, states = ["2015-01-03", "2015-01-03 15:10:00"], ["301", "0.5"]
    assert [column(sheet, name) for name in header] == [days, states, ["TRUE", None], ["0301", "x"]]
