"""Where the bundled files are, what is known of each, and reading them whole or not at all."""

from __future__ import annotations

import csv
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml

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


def sha256_of(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
