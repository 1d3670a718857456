"""The table of detainers: the one shape that every source is read into.

One row is one detainer, or one group of identical detainers in published counts; ``detainers`` says how many the row
stands for. Text that repeats is held as a category; blank is always missing (``NaN``), never an empty string, and a
source that has no such column leaves it blank throughout. Columns that this project does not know are carried behind
these under their own names.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import pandas as pd
import pandera.pandas as pa

from analysis.errors import InputError


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


@dataclass(frozen=True)
class Column:
    """One column of the table: its name, kind of value, meaning and what a blank in it means."""

    name: str
    kind: Literal["date", "category", "text", "count", "row"]
    meaning: str
    blank: str


COLUMNS: tuple[Column, ...] = (
    Column("issued_on", "date", "date ICE prepared the form; a week's first day in weekly counts", "not given"),
    Column("lifted_on", "date", "date ICE recorded the detainer's end", "not ended, or the source has no such date"),
    Column("state", "category", "postal code of the facility's state, DC and territories included", "not given"),
    Column("agency", "category", "facility or agency as recorded, trimmed", "not given"),
    Column("city", "category", "city as recorded, trimmed", "not given"),
    Column("facility_code", "category", "ICE's facility code", "not given"),
    Column("form", "category", "I247A, I247D, I247N, I247G, I247X or I247", "not given"),
    Column("request", "category", "what the form asks: hold, notify, other", "form not given"),
    Column("lift_reason", "category", "lift reason as recorded", "pending, or nothing recorded"),
    Column("outcome", "category", "class of the lift reason", "never blank"),
    Column("offence_text", "category", "offence as recorded", "none recorded"),
    Column("offence_code", "category", "NCIC or ICE code as text, leading zero kept", "none recorded"),
    Column("offence_group", "category", "one of 16 groups, or NONE, or UNKNOWN", "the source has no offences"),
    Column("offence_detail", "category", "detail within the group", "none, unknown or no offences in the source"),
    Column("offence_status", "category", "convicted, charged, none recorded, unknown", "the source has no offences"),
    Column("criminality", "category", "ICE's criminality field as recorded", "not given"),
    Column("threat_level", "category", "ICE's threat level as recorded", "none recorded by ICE"),
    Column("citizenship", "category", "country as recorded", "not given"),
    Column("person", "text", "person id, valid within one release only", "not given"),
    Column("duplicate", "category", "why this row may repeat another", "no repeat found"),
    Column("detainers", "count", "detainers that the row stands for", "never blank"),
    Column("source_file", "category", "file the row came from", "never blank"),
    Column("source_sheet", "category", "sheet the row came from", "not a workbook"),
    Column("source_row", "row", "row in that file or sheet, the header's row counted", "never blank"),
)
NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
NEEDED = ("outcome", "detainers", "source_file", "source_row")
CLOSED: dict[str, tuple[str, ...]] = {
    "outcome": tuple(Outcome),
    "offence_status": tuple(OffenceStatus),
    "request": tuple(Request),
}
DTYPES = {"date": "datetime64[ms]", "category": "category", "text": "str", "count": "int64", "row": "int64"}


def _whole(least: int) -> pa.Check:
    """Check for whole numbers, which a plain conversion would make of any number."""
    return pa.Check(
        lambda values: (
            (pd.to_numeric(values, errors="coerce") % 1 == 0) & (pd.to_numeric(values, errors="coerce") >= least)
        ),
        error=f"a whole number of {least} or more",
        ignore_na=False,
    )


CHECKS = {
    "detainers": _whole(0),
    "source_row": _whole(1),
    **{name: pa.Check.isin(values, error="one of " + ", ".join(values)) for name, values in CLOSED.items()},
}
SCHEMA = pa.DataFrameSchema(
    {
        column.name: pa.Column(
            None if column.kind in ("count", "row") else DTYPES[column.kind],
            checks=CHECKS.get(column.name),
            nullable=column.name not in NEEDED,
            coerce=column.kind not in ("count", "row"),
        )
        for column in COLUMNS
    },
    add_missing_columns=True,
)


def as_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame the columns, order and types of the table of detainers.

    Parameters
    ----------
    frame
        Rows with at least ``outcome``, ``detainers``, ``source_file`` and ``source_row``; absent columns come out
        blank, further columns follow under their own names.

    Returns
    -------
    pandas.DataFrame
        One row per row of ``frame``, a fresh index from 0.

    Raises
    ------
    InputError
        The first value that is outside a closed vocabulary, no day, no whole number, or blank where none may be, with
        its source file and row.

    Examples
    --------
    >>> made = {"outcome": ["declined_by_lea"], "detainers": [1], "source_file": ["mine.csv"], "source_row": [2]}
    >>> as_table(pd.DataFrame(made))[["outcome", "detainers", "source_row"]].to_numpy().tolist()
    [['declined_by_lea', 1, 2]]
    """
    for needed in NEEDED:
        if needed not in frame:
            raise InputError(f"column {needed} is missing", found=list(frame.columns))
    frame = frame.reset_index(drop=True)
    try:
        table = SCHEMA.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        first = error.failure_cases.iloc[0]
        kind = next(column.kind for column in COLUMNS if column.name == first["column"])
        row = frame.loc[first["index"]]
        raise InputError(
            "a row does not fit the table of detainers",
            file=str(row["source_file"]),
            place=f"row {row['source_row']}, column {first['column']}",
            found=first["failure_case"],
            expected="a day" if kind == "date" else "a value" if first["check"] == "not_nullable" else first["check"],
        ) from error
    used = {
        column.name: table[column.name].cat.remove_unused_categories()
        if column.kind == "category"
        else table[column.name].astype(DTYPES[column.kind])
        for column in COLUMNS
    }
    return pd.concat([pd.DataFrame(used), table[frame.columns.difference(NAMES, sort=False)]], axis="columns")


def one_outcome(table: pd.DataFrame) -> str | None:
    """Give the outcome that every row has, as in a file chosen by its outcome, of which no share can be given.

    None = there are several, or no row.
    """
    return _the_one(table["outcome"])


def one_state(table: pd.DataFrame) -> str | None:
    """Give the state that every row with a state has: such a source is of one state, and not of the United States.

    None = there are several, or no row has one; a blank is not given, which is no other state.
    """
    return _the_one(table["state"].dropna())


def _the_one(values: pd.Series) -> str | None:
    """Give the value that all have; None where there are several or none."""
    found = values.unique()
    return str(found[0]) if len(found) == 1 else None
