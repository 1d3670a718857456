"""One sheet as read, whatever type its file is: raw columns under the names of a header that is looked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.errors import InputError
from analysis.load.cells import text_dictionary

HEADER_WITHIN = 30  # rows searched for the header; ICE puts six lines above it
_CHUNK = 1_000  # rows held as Python objects at a time: more would make the garbage collector search them all
_TWICE_KNOWN = "final order yes no"  # the one header name that ICE's own releases have twice
_ROW_NAMES = {"", "unnamed 0", "index level 0"}  # what R and pandas call a column of row numbers
Score = Callable[[Sequence[str]], int]


@dataclass(frozen=True)
class Sheet:
    """One sheet, or a whole file that has none, as read: its columns in order, under the names in the header.

    ``cells`` has text columns as dictionaries (blank = null or empty text), others typed as the file has them.
    ``header_row`` is the header's row as a spreadsheet counts, 0 where no header was found: ``cells`` is then empty
    and ``note`` says why. ``repeated`` are header names that stood twice and were numbered. ``name`` is blank for a
    file that has no sheets. ``above`` are the lines down to the header.
    """

    file: str
    sha256: str
    name: str = ""
    header_row: int = 0
    cells: pa.Table = field(default_factory=lambda: pa.table({}))
    note: str = ""
    repeated: tuple[str, ...] = ()
    above: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return int(self.cells.num_rows)

    @property
    def place(self) -> str:
        """Where in the file an error is: the sheet, and its header's row."""
        parts = (f"sheet {self.name!r}" if self.name else "", f"row {self.header_row}" if self.header_row else "")
        return ", ".join(part for part in parts if part)


@lru_cache(maxsize=4096)
def normalised(name: str) -> str:
    """Strip a column name of case, spaces, underscores and punctuation, for comparison."""
    return re.sub(r"[^0-9a-z]+", " ", name.casefold()).strip()


def damaged(path: Path, kind: str, error: Exception) -> InputError:
    """Build the error for a file that its own library cannot read."""
    told = str(error).splitlines()[0] if str(error) else type(error).__name__
    return InputError(
        f"the {kind} file is cut short or damaged",
        file=path,
        found=told,
        do="Download it again, and open it in its own program to see that it is whole",
    )


def named(
    path: Path, sheet: Sheet, header: Sequence[str], blank: Callable[[int], bool]
) -> tuple[Sheet, dict[int, str]]:
    """Give each column of a header its name; leave out a column of row numbers and columns without name and cells.

    ``blank`` tells whether a column has no filled cell. Returned are the sheet, with the names that were repeated, and
    the names by the column's place.

    Raises
    ------
    InputError
        A name that stands twice, but for the one that does so in ICE's own releases.
    """
    names: dict[int, str] = {}
    repeated = []
    for at, name in enumerate(header):
        plain = normalised(name)
        if (at == 0 and plain in _ROW_NAMES) or plain == "index level 0" or (not plain and blank(at)):
            continue
        name = name.strip() or f"column {at + 1}, no name"
        if name in names.values():
            if plain != _TWICE_KNOWN or f"{name} (2)" in names.values():
                first = next(place for place, other in names.items() if other == name)
                raise InputError(
                    f"the header has {name!r} twice, in columns {first + 1} and {at + 1}",
                    file=path,
                    place=sheet.place,
                    expected="each name once",
                    do="Rename or delete one of the two columns",
                )
            repeated.append(name)
            name += " (2)"
        names[at] = name
    return replace(sheet, repeated=tuple(repeated)), names


def header_in(rows: Sequence[Sequence[str]], score: Score) -> int | None:
    """Find the row that fits best as a header; None where none does."""
    scores = [score(row) for row in rows]
    best = max(scores, default=0)
    return scores.index(best) if best else None


def from_rows(path: Path, sheet: Sheet, header: Sequence[str], rows: Iterator[Sequence[object]]) -> Sheet:
    """Turn rows of cells below a header into columns, a chunk at a time; each distinct value is kept once."""
    seen: list[dict[object, int]] = [{} for _ in header]
    codes: list[list[np.ndarray]] = [[] for _ in header]
    while chunk := list(islice(rows, _CHUNK)):
        for column, places, values in zip(zip(*chunk, strict=True), codes, seen, strict=True):
            cells = np.empty(len(column), dtype=object)
            cells[:] = column
            found, distinct = pd.factorize(cells)
            known = np.array([*(values.setdefault(value, len(values)) for value in distinct), -1], dtype=np.int32)
            places.append(known[found])
    sheet, names = named(path, sheet, header, lambda at: not (seen[at].keys() - {""}))
    columns = {
        name: text_dictionary(np.concatenate(codes[at] or [np.empty(0, np.int32)]), seen[at])
        for at, name in names.items()
    }
    return replace(sheet, cells=pa.table(columns))
