"""The table of detainers: the one shape that every source is read into, described in ``reference/table_columns.csv``.

One row is one detainer, or one group of identical detainers in published counts; ``detainers`` says how many the row
stands for. Blank is always missing (``NaN``), never an empty string. Rows that may be one detainer recorded again are
flagged by one published rule, never dropped.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import pandas as pd
import pandera.pandas as pa

from analysis.errors import InputError, unknown
from analysis.load.reference import crosswalk


class Outcome(StrEnum):
    """What a detainer's recorded end says; the classes of ``data/reference/lift_reasons.csv``."""

    DECLINED = "declined_by_lea"
    TAKEN = "transferred_to_ice"
    LEFT_FIRST = "left_custody_before_pickup"
    NO_ACTION = "ice_did_not_act"
    UNSPECIFIED = "administrative_unspecified"
    REPLACED = "administrative_replaced"
    OTHER = "other_end"
    NOT_RECORDED = "pending_or_unrecorded"


class OffenceStatus(StrEnum):
    """How far the named offence went in court, as ICE recorded it."""

    CONVICTED = "convicted"
    CHARGED = "charged"
    NONE = "none recorded"
    UNKNOWN = "unknown"


class Request(StrEnum):
    """What a form asks of the agency."""

    HOLD = "hold"
    NOTIFY = "notify"
    OTHER = "other"


LEFT_OUT, COUNTED = "left out", "counted"
REPEAT = "same form and facility as an earlier row of the person's episode"
COLUMNS: dict[str, str] = crosswalk("table_columns", "name")["kind"].to_dict()
NAMES = tuple(COLUMNS)
NEEDED = ("outcome", "detainers", "source_file", "source_row")
DTYPES = {"date": "datetime64[ms]", "category": "category", "text": "str", "count": "int64", "row": "int64"}
_EXPECTED = {"date": "a day", "count": "a whole number of 0 or more", "row": "a whole number of 1 or more"}
_WORDS = {"outcome": Outcome, "offence_status": OffenceStatus, "request": Request}
_CHECKS = {name: pa.Check.isin(list(words), error="one of " + ", ".join(words)) for name, words in _WORDS.items()}
_CHECKS |= {"detainers": pa.Check.ge(0), "source_row": pa.Check.ge(1)}
_SCHEMA = {  # Int64 is made of whole numbers alone, int64 of any
    name: pa.Column(DTYPES[kind].replace("int", "Int"), _CHECKS.get(name), nullable=name not in NEEDED, coerce=True)
    for name, kind in COLUMNS.items()
}


def as_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame the columns, order and types of the table of detainers, others behind; refuse what does not fit."""
    frame = frame.reset_index(drop=True)
    absent = {name: pd.Series(index=frame.index, dtype=DTYPES[COLUMNS[name]]) for name in NAMES if name not in frame}
    table = frame.assign(**absent)[[*NAMES, *frame.columns.difference(NAMES, sort=False)]]
    sure = {name for name, kind in COLUMNS.items() if table[name].dtype == DTYPES[kind]} - {*NEEDED, *_CHECKS}
    checked = [name for name in NAMES if name not in sure]
    try:
        table[checked] = pa.DataFrameSchema({n: _SCHEMA[n] for n in checked}).validate(table[checked], lazy=True)
    except pa.errors.SchemaErrors as error:
        first = error.failure_cases.iloc[0]
        row, check = frame.loc[first["index"]], first["check"]
        raise InputError(
            "a row does not fit the table of detainers",
            file=str(row["source_file"]),
            place=f"row {row['source_row']}, column {first['column']}",
            found=first["failure_case"],
            expected=_EXPECTED.get(COLUMNS[first["column"]], "a value" if check == "not_nullable" else check),
        ) from error
    for name, kind in COLUMNS.items():
        if kind != "category":
            table[name] = table[name].astype(DTYPES[kind])
        elif len(used := np.flatnonzero(np.bincount(table[name].cat.codes + 1)[1:])) < len(table[name].cat.categories):
            table[name] = table[name].cat.set_categories(table[name].cat.categories[used])
    return table


def flag_repeats(table: pd.DataFrame, people: np.ndarray | None = None) -> pd.Series:
    """Flag the rows that repeat form and facility of an earlier one within a person's episode, without a day's gap.

    The rule is that of the Deportation Data Project of August 2026 (``duplicate_drop_row``). ICE records the day of a
    detainer, not the hour; its 24 hours are therefore one day of the calendar. ``people`` are the persons by number, -1
    where none is named, if they are numbered already.
    """
    people = pd.factorize(table["person"])[0] if people is None else people
    often = (people >= 0) & (np.bincount(people + 1)[people + 1] > 1)
    rows = table.loc[often, ["issued_on", "form", "agency"]].assign(person=people[often]).dropna(subset=["issued_on"])
    rows = rows.sort_values(["person", "issued_on"], kind="stable")  # rows of one day stay in the file's order
    again = (rows["person"].diff() == 0) & (rows["issued_on"].diff() <= pd.Timedelta(days=1))
    episodes = rows.assign(person=(~again).cumsum())[["person", "form", "agency"]]
    codes = pd.Series(-1, index=table.index, name="duplicate")
    codes[episodes.index[episodes.duplicated()]] = 0
    return pd.Series(pd.Categorical.from_codes(codes, [REPEAT]), index=table.index, name="duplicate")


def choose_repeats(given: object) -> str:
    """Hold what a user asks of repeats against what there is; raise an InputError if it is something else."""
    if given not in (LEFT_OUT, COUNTED):
        raise unknown("treatment of repeats", given, (LEFT_OUT, COUNTED))
    return str(given)


def without_repeats(table: pd.DataFrame, repeats: str = LEFT_OUT) -> pd.DataFrame:
    """Leave the rows that are flagged as repeats out of a count, or keep them; the first row of a repeat stays."""
    return table if repeats == COUNTED or table["duplicate"].isna().all() else table[table["duplicate"].isna()]
