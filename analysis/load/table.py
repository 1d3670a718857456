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
CLOSED: dict[str, tuple[str, ...]] = {
    "outcome": tuple(Outcome),
    "offence_status": tuple(OffenceStatus),
    "request": tuple(Request),
}
DTYPES = {"date": "datetime64[ms]", "category": "category", "text": "str", "count": "int64", "row": "int64"}


def _schema() -> pa.DataFrameSchema:
    """Build the pandera schema from the column list."""
    checks = {
        "detainers": pa.Check.ge(0, error="a whole number of 0 or more"),
        "source_row": pa.Check.ge(1, error="a row number of 1 or more"),
        **{name: pa.Check.isin(values, error="one of " + ", ".join(values)) for name, values in CLOSED.items()},
    }
    required = {"outcome", "detainers", "source_file", "source_row"}
    return pa.DataFrameSchema(
        {
            column.name: pa.Column(
                None if column.kind in ("date", "category", "text") else DTYPES[column.kind],
                checks=checks.get(column.name),
                nullable=column.name not in required,
            )
            for column in COLUMNS
        },
        strict=False,
    )


SCHEMA = _schema()


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
        A value outside a closed vocabulary, a negative count or a blank where the table allows none.
    """
    for needed in ("outcome", "detainers", "source_file", "source_row"):
        if needed not in frame:
            raise InputError(f"column {needed} is missing", found=list(frame.columns))
    known: dict[str, pd.Series] = {}
    blank = pd.Series(pd.NA, index=frame.index, dtype="object")
    blank_category = blank.astype("category")  # once for the many columns that a source may lack
    for column in COLUMNS:
        absent = blank_category if column.kind == "category" else blank
        values = frame.get(column.name, absent)
        if column.kind == "date":
            known[column.name] = _as_days(frame, values, column.name)
        elif column.kind == "category" and isinstance(values.dtype, pd.CategoricalDtype):
            known[column.name] = values.cat.remove_unused_categories()
        elif column.kind in ("count", "row"):
            known[column.name] = _as_whole(frame, values, column.name)
        else:
            known[column.name] = values.astype(pd.api.types.pandas_dtype(DTYPES[column.kind]))
    table = pd.DataFrame(known, index=frame.index)
    extra = frame.columns.difference(list(NAMES), sort=False)
    return check_table(pd.concat([table, frame[extra]], axis="columns").reset_index(drop=True))


def _as_days(frame: pd.DataFrame, values: pd.Series, name: str) -> pd.Series:
    """Turn values into days, or stop at the first that is none."""
    if not pd.api.types.is_datetime64_any_dtype(values):
        days = pd.to_datetime(values, errors="coerce", format="%Y-%m-%d" if values.dtype == "str" else None)
        _stop_at_value(frame, values, days.isna() & values.notna(), name, "a day")
        values = days
    return values.astype("datetime64[ms]")


def _as_whole(frame: pd.DataFrame, values: pd.Series, name: str) -> pd.Series:
    """Turn values into whole numbers, or stop at the first that is none."""
    if not pd.api.types.is_integer_dtype(values):
        numbers = pd.to_numeric(values, errors="coerce")
        _stop_at_value(frame, values, numbers.isna() | (numbers % 1 != 0), name, "a whole number")
        values = numbers
    return values.astype("int64")


def _stop_at_value(frame: pd.DataFrame, values: pd.Series, bad: pd.Series, name: str, expected: str) -> None:
    """Stop at the first value that is marked bad, naming where it stood."""
    if bad.any():
        at = int(bad.to_numpy().argmax())
        row = frame.iloc[at]
        raise InputError(
            "a row does not fit the table of detainers",
            file=str(row["source_file"]),
            place=f"row {row['source_row']}, column {name}",
            found=values.iloc[at],
            expected=expected,
        )


def check_table(table: pd.DataFrame) -> pd.DataFrame:
    """Hold a table against the schema; give it back unchanged.

    Raises
    ------
    InputError
        The first value that does not fit, with its source file and row.
    """
    try:
        SCHEMA.validate(table, inplace=True)  # changes nothing, so it needs no copy
    except pa.errors.SchemaError as error:
        cases = error.failure_cases
        first = cases.iloc[0] if isinstance(cases, pd.DataFrame) and len(cases) else None
        row = table.loc[first["index"]] if first is not None and pd.notna(first["index"]) else None
        raise InputError(
            "a row does not fit the table of detainers",
            file=None if row is None else str(row["source_file"]),
            place=f"row {row['source_row']}, column {error.schema.name}" if row is not None else str(error.schema.name),
            found=None if first is None else first["failure_case"],
            expected=str(getattr(error.check, "error", error.check)),
        ) from error
    return table


def one_outcome(table: pd.DataFrame) -> str | None:
    """Give the outcome that every row has, as in a file chosen by its outcome, of which no share can be given.

    Parameters
    ----------
    table
        The table of detainers, or rows of it, with ``outcome``.

    Returns
    -------
    str or None
        One of :class:`Outcome`; None = there are several, or no row.
    """
    return _the_one(table["outcome"])


def one_state(table: pd.DataFrame) -> str | None:
    """Give the state that every row with a state has: such a source is of one state, and not of the United States.

    Parameters
    ----------
    table
        The table of detainers, or rows of it, with ``state``; blank = not given, which is no other state.

    Returns
    -------
    str or None
        Postal code; None = there are several, or no row has one.
    """
    return _the_one(table["state"].dropna())


def _the_one(values: pd.Series) -> str | None:
    """Give the value that all have; None where there are several or none."""
    found = values.unique()
    return str(found[0]) if len(found) == 1 else None
