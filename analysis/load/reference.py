"""Reference tables of ``data/reference/``: states, offence groups, forms, lift reasons, known events."""

from __future__ import annotations

import csv
import re
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import pandas as pd

from analysis.errors import InputError, unknown
from analysis.files import bundled_folder, sha256_of

RESTORE = "Restore the file from the distribution, or mend this place"
ALL_STATES, OTHER_AGENCIES = "all", "other agencies"
STATUS_GROUPS = NO_OFFENCE, UNKNOWN_OFFENCE = ("NONE", "UNKNOWN")


def data_file(name: str) -> Path:
    """Find a bundled file by its path below ``data/``; raise an InputError if it is not there, or is another one."""
    path = bundled_folder("data") / name
    check_hash(path)
    return path


def check_hash(path: Path, key: str = "sha256", of: Path | None = None) -> str:
    """Hold a file against the hash in its origin file, or in the one ``of`` another; refuse it, or give the hash."""
    beside = (of or path).with_name(f"{(of or path).name}.origin.yml")
    do = "Restore the file or import it again; data/README.md says how to put a change into the origin file"
    try:  # one line of it: reading all as YAML would take twenty times as long
        told = re.search(rf"^{key}: ['\"]?([0-9a-f]{{64}})\b", beside.read_text(encoding="utf-8"), re.MULTILINE)
        found, expected = sha256_of(path), told[1] if told else "none in the origin file"
    except (OSError, UnicodeDecodeError) as error:
        what = "the file or its origin file is missing or damaged"
        raise InputError(what, file=path, found=str(error), do=do) from error
    if found != expected:
        what = "the file is not the one its origin file describes"
        raise InputError(what, file=path, found=f"sha256 {found}", expected=f"sha256 {expected}", do=do)
    return found


def read_text_table(path: Path, columns: list[str]) -> pd.DataFrame:
    """Read a CSV with every cell as text, so that a blank (an empty string) and the text ``NA`` stay apart."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file, strict=True)
    except (OSError, csv.Error, ValueError) as error:  # of text that is no UTF-8, or of a file without a header
        raise InputError("the file is missing or damaged", file=path, found=str(error), do=RESTORE) from error
    while rows and not rows[-1]:  # empty lines at the end, as editors leave them
        rows.pop()
    problems = [f"column {column!r} is missing" for column in columns if column not in header]
    problems += [f"column {column!r} stands twice" for column in header if header.count(column) > 1]
    if problems:
        raise InputError(problems[0], file=path, place="row 1", found=header, do=RESTORE)
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            found = f"{len(row)} cell{'s' if len(row) != 1 else ''}"
            what, expected = "a row is of another length than the header", f"{len(header)}, as in the header"
            raise InputError(what, file=path, place=f"row {number}", found=found, expected=expected, do=RESTORE)
    return pd.DataFrame(rows, columns=header, dtype="str")


def stop_at(
    table: pd.DataFrame, bad: pd.Series, file: Path, column: str, expected: str, what: str = "a value cannot be used"
) -> None:
    """Stop at the first row of a text table, numbered from 0, that is marked bad, naming its place in the file."""
    if bad.any():
        row = table.index[bad][0]
        place = f"row {row + 2}, column {column}"
        raise InputError(what, file=file, place=place, found=table.loc[row, column], expected=expected, do=RESTORE)


@cache
def crosswalk(name: str, key: str) -> pd.DataFrame:
    """Read a table of ``data/reference/`` as text, its index the ``key``; refuse one twice and stray space."""
    path = data_file(f"reference/{name}.csv")
    table = read_text_table(path, [key])
    for column in table.columns:
        stray = table[column] != table[column].str.strip()
        stop_at(table, stray, path, column, "no space around it", "a value has stray space")
    stop_at(table, table[key].duplicated(), path, key, "each value once", "a key stands twice")
    return table.set_index(key)


@cache
def states() -> pd.DataFrame:
    """Give the states, the District of Columbia and the territories: index postal code; fips, name, kind, tile."""
    return crosswalk("states", "postal").astype({"tile_row": int, "tile_column": int})


@cache
def groups() -> pd.DataFrame:
    """Give the offence groups, NONE and UNKNOWN in their order of severity: index ``group_id``, the label ``group``."""
    return crosswalk("offence_groups", "group_id").astype({"order": "int64"}).sort_values("order")


@cache
def details() -> pd.DataFrame:
    """Give the 48 kinds of offence below the groups and two statuses: index ``detail_id``; rank 1 is the gravest."""
    return crosswalk("offence_details", "detail_id").astype({"severity_rank": "int64"})


def row_named(table: pd.DataFrame, names: str, text: str) -> str | None:
    """Find the id of the row that a user means by its id or its name, in any case."""
    if text.upper() in table.index:
        return text.upper()
    return next(iter(table.index[table[names].str.casefold() == text.casefold()]), None)


def state_named(given: object) -> str:
    """Find the postal code of the state that a user means by code, name in any case, or FIPS code (of papermill, 6)."""
    if isinstance(given, bool):
        raise InputError(f"the state is {given!r}: YAML reads an unquoted NO or YES so", do="Put the state in quotes")
    table, text = states(), str(given).strip()
    by_fips = dict(zip(table["fips"], table.index, strict=True))
    if found := by_fips.get(text.zfill(2)) or row_named(table, "name", text):
        return found
    raise unknown("state", given, [], near=near_states(text), listed=["each by postal code, name or FIPS code"])


def near_states(text: str) -> list[str]:
    """Give up to three states that a misspelt one may be: codes for a code, names for a name."""
    like = (text.upper(), states().index) if len(text) == 2 else (text.title(), states()["name"])
    return get_close_matches(*like, 3, 0.4)


def group_named(given: object) -> str:
    """Find the offence group that a user means: its id or its label, in any case."""
    table, text = groups(), str(given).strip()
    if found := row_named(table, "group", text):
        return found
    some = ", ".join(f"{key} ({label})" for key, label in table["group"].head(3).items())
    listed = f"{some} and {len(table) - 3} more, in data/reference/offence_groups.csv"
    meant = text if " " in text else text.upper()
    raise unknown("offence group", meant, [*table.index, *table["group"]], listed=[listed])


def place_name(place: str) -> str:
    """Name a state in full, or all of them; some take an article in a sentence."""
    if place == ALL_STATES:
        return "the United States"
    name = str(states().loc[place, "name"])
    with_article = name.startswith(("District", "Northern Mariana", "U.S.")) or name.endswith("Islands")
    return f"the {name}" if with_article else name


def events(first: date | None = None, last: date | None = None, state: str = ALL_STATES) -> pd.DataFrame:
    """Give the known events of two days or between them, by date: those of a state and the nation, or all.

    Where ``blocks_comparison`` is true, an event changes what is counted, so that no direction may be named across it.
    """
    raw, path = crosswalk("events", "event_id").reset_index(), data_file("reference/events.csv")
    days, last_days = (pd.to_datetime(raw[name], format="%Y-%m-%d", errors="coerce") for name in ("date", "last_date"))
    for column, bad, expected in (
        ("date", days.isna(), "a day as YYYY-MM-DD"),
        ("last_date", (raw["last_date"] != "") & last_days.isna(), "a day as YYYY-MM-DD, or blank"),
        ("last_date", last_days < days, "no day before the event's first"),
        ("state", ~raw["state"].isin(["", *states().index]), "a postal code of states.csv, or blank"),
        ("blocks_comparison", ~raw["blocks_comparison"].isin(["yes", "no"]), "yes or no"),
    ):
        stop_at(raw, bad, path, column, expected)
    blocks = raw["blocks_comparison"] == "yes"
    table = raw.assign(date=days, last_date=last_days.fillna(days), blocks_comparison=blocks).set_index("event_id")
    kept = (table["last_date"] >= pd.Timestamp(first or date.min)) & (table["date"] <= pd.Timestamp(last or date.max))
    if state != ALL_STATES:
        kept &= table["state"].isin(["", state])
    return table[kept].sort_values("date")
