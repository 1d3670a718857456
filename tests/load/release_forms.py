"""Files of every form of release, made for tests: headers as in the releases, cells with the quirks of each.

The column names are typed from the column lists of the releases, never taken from the alias file that is under test.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pandas as pd
import pyreadstat


def listed_cells(kind: str) -> list[tuple[str, str]]:
    """The cells of a kind in ``cells.csv``, each with what it is read as; blank = nothing."""
    listed = pd.read_csv(Path(__file__).with_name("cells.csv"), dtype=str, keep_default_na=False)
    return list(listed[listed["kind"] == kind][["given", "read"]].itertuples(index=False, name=None))


NAMES, EDITIONS = (
    {read: given for given, read in listed_cells(kind)} for kind in ("name of a state", "edition of a form")
)
COLUMNS = ["issued_on", "state", "agency", "city", "facility_code", "form", "lift_reason", "offence_text"]
COLUMNS += ["offence_code", "criminality", "threat_level", "citizenship", "person"]
_LISTED = pd.read_csv(Path(__file__).with_name("release_headers.csv"), dtype=str, keep_default_na=False)
HEADERS = {str(form): rows["name"].tolist() for form, rows in _LISTED.groupby("form", sort=False)}
A_EARLY = HEADERS.pop("A_EARLY")
COPIES = {name: HEADERS.pop(name) for name in ("NPR", "July 2025", "redistribution")}  # what others made of releases
A, C, D, E, F = (HEADERS[form] for form in "ACDEF")
F_EARLY = [name for name in F if name != "Birth Date"]
MEANING = {row.name: row.meaning for row in _LISTED.itertuples(index=False) if row.meaning}  # a column of the table
_OTHER: dict[str, Any] = {row.name: row.cell for row in _LISTED.itertuples(index=False) if row.cell}  # what others hold
_OTHER |= {"Birth Year": 1985, "birth_year": 1985, "Apprehension Date": datetime(2025, 6, 14, 15, 10)}


def columns_of(form: str) -> list[str]:
    """The columns of the table that a form can give."""
    found = {MEANING[name] for name in (HEADERS | COPIES)[form] if name in MEANING}
    return [name for name in COLUMNS if name in found]


def cells(form: str, rows: pd.DataFrame, header: Sequence[str] | None = None) -> list[list[Any]]:
    """Lay rows of the table out under a form's header, with that form's spelling; None is an empty cell."""

    def spelt(row: dict[str, Any], name: str) -> object:
        meaning = MEANING.get(name)
        value: Any = row[meaning] if meaning else _OTHER.get(name)
        if meaning == "state":
            return (value or "UN") if form == "TRAC" else NAMES.get(str(value))
        if meaning == "issued_on" and form == "TRAC":
            return value.strftime("%d%b%y").upper()
        if meaning == "issued_on" and form == "A":
            return f"{value.month}/{value.day}/{value:%y}"
        return EDITIONS.get(str(value)) if meaning == "form" else value

    return [[spelt(row, name) for name in header or HEADERS[form]] for row in rows.to_dict("records")]


def workbook(path: Path, sheets: Mapping[str, tuple[Sequence[str], list[list[Any]]]], *, preamble: int = 0) -> Path:
    """Write a workbook: for each sheet its header, under so many lines of preamble, and its rows."""
    book = openpyxl.Workbook(write_only=True)
    for name, (header, rows) in sheets.items():
        sheet = book.create_sheet(name)
        above = [[f"ERO LESA-STU, line {at + 1}"] if at % 2 == 0 else [] for at in range(preamble)]
        for row in [*above, list(header), *rows]:
            sheet.append(row)
    book.save(path)
    return path


def text(path: Path, header: Sequence[str], rows: list[list[Any]], *, delimiter: str = ",", blank: str = "") -> Path:
    """Write separated text."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([header, *([blank if cell is None else cell for cell in row] for row in rows)])
    return path


def write_release(form: str, rows: pd.DataFrame, folder: Path) -> Path:
    """Write rows of the table as a release of a form, in the type of file and with the quirks that it came with."""
    header, laid_out = HEADERS[form], cells(form, rows)
    if form == "A":
        return text(folder / "lea-detainers-fy15.txt", header, laid_out)
    if form == "B":
        return text(folder / "detainersfy15_raw.csv", header, laid_out, delimiter="\t")
    if form == "D":
        code, when = header.index("MSC Charge Code"), header.index("MSC Charge Date")
        for line in laid_out:  # the extract of March 2025: the code stands in the date, and lost its zero beside it
            line[when] = line[code]
            line[code] = int(line[code]) if str(line[code]).isdigit() else line[code]
    if form == "F":
        half = len(laid_out) // 2
        early = cells(form, rows.iloc[:half], F_EARLY)
        sheets = {"FY2024": (F_EARLY, early), "FY2025": (header, laid_out[half:]), "Notes": (["Redacted"], [])}
        return workbook(folder / "2026-ICLI-00005_Redacted.xlsx", sheets, preamble=6)
    if form in "CDEG":
        name = {"C": "2025-ICFO-18038_FY24", "D": "march_2025", "E": "july_2025", "G": "DPR_FINAL Highlighted"}[form]
        return workbook(folder / f"{name}.xlsx", {"Detainers": (header, laid_out)}, preamble=0 if form == "C" else 6)
    if form == "processed":
        numbered = [[at, *line] for at, line in enumerate(laid_out, 1)]
        return text(folder / "detainers-latest.csv", ["", *header], numbered, blank="NA")
    frame = pd.DataFrame(laid_out, columns=header, dtype=object).fillna("").astype(str)
    pyreadstat.write_dta(frame, str(folder / "Detainerall.dta"))
    return folder / "Detainerall.dta"


def some_rows() -> pd.DataFrame:
    """Twelve detainers with blanks in all places that may be blank."""
    rows = pd.read_csv(Path(__file__).with_name("some_rows.csv"), dtype=str, keep_default_na=False).astype(object)
    return rows.replace({"": None}).assign(issued_on=[date.fromisoformat(day) for day in rows["issued_on"]])
