"""Where the bundled files are, what is known of each, and reading them whole or not at all."""

from __future__ import annotations

import csv
import hashlib
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from analysis.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

RESTORE = "Restore the file from the distribution, or mend this place"
YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PACKAGE = Path(__file__).resolve().parents[1]


def bundled_folder(name: Literal["data", "notebooks"]) -> Path:
    """Find a folder that ships with the package: in a wheel inside it, in a checkout beside it."""
    inside, beside = _PACKAGE / "_bundled" / name, _PACKAGE.parent / name
    folder = inside if inside.is_dir() else beside
    if not folder.is_dir():
        raise InputError(
            f"the bundled folder {name!r} is missing", expected=f"{inside} or {beside}", do="Install the package again"
        )
    return folder


def data_file(name: str) -> Path:
    """Find a bundled file by its path below ``data/``.

    Raises
    ------
    InputError
        The file is not there.
    """
    path = bundled_folder("data") / name
    if not path.is_file():
        raise InputError("a bundled file is missing", file=path, do="Restore it from the distribution")
    return path


class SourceFacts(BaseModel):
    """What the origin file of a source says about it as a whole.

    ``clock`` tells what its weeks mean: detainers by the week they were ``issued``, or declines by the week they were
    ``recorded``. ``detainers`` and ``declined`` are the totals that the rows must add up to. ``offences``, ``outcomes``
    and ``lift_dates`` tell whether the source records offences, how detainers ended, and on which day. Where
    ``extracted_known`` is false, ``extracted_on`` is the newest day of issue or of an end, for computing and never to
    be printed.
    ``citation`` is what its publisher asks to be cited as; blank = nothing that we know of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    clock: Literal["issued", "recorded"]
    first_day: date
    last_day: date
    extracted_on: date
    extracted_known: bool = True
    detainers: int
    declined: int
    synthetic: bool
    offences: bool
    outcomes: bool = True
    lift_dates: bool = False
    citation: str = ""


def as_cited(facts: SourceFacts, sha256: str) -> dict[str, str]:
    """Give what a report says of its source where it says how to be cited: name, title, hash, and citation if any."""
    told = {"name": facts.name, "title": facts.title, "sha256": sha256}
    return told | ({"citation": facts.citation} if facts.citation else {})


class Origin(BaseModel):
    """What is known of a file: who made it, how its figures were obtained, what a row and a blank mean."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    title: str
    producer: str
    document: str
    document_date: str | date
    reference: str | list[str]
    obtained: str
    licence: str
    accessed: str | date
    sha256: str
    row: str
    blank: str
    notes: str | None = None
    source: SourceFacts | None = None


def sha256_of(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def origin_of(path: Path) -> Origin:
    """Read the origin file beside ``path`` (``<name>.origin.yml``).

    Raises
    ------
    InputError
        It is missing, not YAML, or lacks a key.
    """
    beside = path.with_name(path.name + ".origin.yml")
    try:
        return Origin.model_validate(yaml.load(beside.read_text(encoding="utf-8"), YAML))
    except FileNotFoundError as error:
        raise InputError("the origin file is missing", file=beside, do=RESTORE) from error
    except yaml.YAMLError as error:
        raise InputError("the origin file is not YAML", file=beside, found=str(error), do=RESTORE) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            first["msg"], file=beside, place="key " + ".".join(str(part) for part in first["loc"]), do=RESTORE
        ) from error


def read_text_table(path: Path, columns: list[str]) -> pd.DataFrame:
    """Read a CSV with every cell as text, so that a blank and the text ``NA`` stay apart.

    Parameters
    ----------
    path
        The file.
    columns
        Columns that must be there; others may follow.

    Returns
    -------
    pandas.DataFrame
        One row per line, text throughout; a blank cell is an empty string.

    Raises
    ------
    InputError
        Unreadable text, lines of unequal length, or a column that is missing.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file, strict=True)
        while rows and not rows[-1]:  # empty lines at the end, as editors leave them
            rows.pop()
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError("the file is missing", file=path, do=RESTORE) from error
    except (csv.Error, ValueError) as error:  # of text that is no UTF-8, or of a file without a header
        raise InputError("the file is damaged", file=path, found=str(error), do=RESTORE) from error
    missing = [column for column in columns if column not in header]
    if missing:
        raise InputError(f"column {missing[0]!r} is missing", file=path, place="row 1", found=header, do=RESTORE)
    twice = [column for column in header if header.count(column) > 1]
    if twice:
        raise InputError(f"column {twice[0]!r} stands twice", file=path, place="row 1", found=header, do=RESTORE)
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            cells = f"{len(row)} cell{'s' if len(row) != 1 else ''}"
            raise InputError(
                "a row is of another length than the header",
                file=path,
                place=f"row {number}",
                found=cells,
                expected=f"{len(header)}, as in the header",
                do=RESTORE,
            )
    import pandas as pd  # here, since much of what this module knows is asked for without a table

    return pd.DataFrame(rows, columns=header, dtype="str")


def stop_at(
    table: pd.DataFrame, bad: pd.Series, file: Path, column: str, expected: str, what: str = "a value cannot be used"
) -> None:
    """Stop at the first row that is marked bad, naming its place in the file.

    Parameters
    ----------
    table
        Rows of a text table, numbered from 0.
    bad
        Which rows cannot be used.
    file, column, expected, what
        For the message.

    Raises
    ------
    InputError
        There is such a row.
    """
    if bad.any():
        row = table.index[bad][0]
        place = f"row {row + 2}, column {column}"
        raise InputError(what, file=file, place=place, found=table.loc[row, column], expected=expected, do=RESTORE)


def check_hash(path: Path) -> str:
    """Hold a bundled file against the hash in its origin file; give the hash back.

    Raises
    ------
    InputError
        The file's bytes are not those that the origin file describes.
    """
    found, expected = sha256_of(path), origin_of(path).sha256
    if found != expected:
        raise InputError(
            "the file is not the one its origin file describes",
            file=path,
            found=f"sha256 {found}",
            expected=f"sha256 {expected}",
            do="Restore the file; if the change is meant, put the new hash into the origin file",
        )
    return found


@cache
def crosswalk(name: str, key: str) -> pd.DataFrame:
    """Read a crosswalk of ``data/reference/``: text throughout, one row per value of ``key``, which is the index.

    Raises
    ------
    InputError
        A key that stands twice, or a value with stray space.
    """
    path = data_file(f"reference/{name}.csv")
    table = read_text_table(path, [key])
    for column in table:
        stray = table.index[table[column] != table[column].str.strip()]
        if len(stray):
            raise InputError(
                "a value has stray space",
                file=path,
                place=f"row {stray[0] + 2}, column {column}",
                found=table.loc[stray[0], column],
                do=RESTORE,
            )
    twice = table.index[table[key].duplicated()]
    if len(twice):
        raise InputError(
            "a key stands twice",
            file=path,
            place=f"row {twice[0] + 2}, column {key}",
            found=table.loc[twice[0], key],
            expected="each value once",
            do="Delete one of the two rows",
        )
    return table.set_index(key)
