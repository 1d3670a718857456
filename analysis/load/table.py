"""The table of detainers: the one shape that every source is read into.

One row is one detainer, or one group of identical detainers in published counts; ``detainers`` says how many the row
stands for. Text that repeats is held as a category; blank is always missing (``NaN``), never an empty string, and a
source that has no such column leaves it blank throughout. Columns that this project does not know are carried behind
these under their own names.
"""

from __future__ import annotations

from enum import StrEnum

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


COLUMNS = {  # kind of value; what it is; what a blank means
    "issued_on": "date",  # date ICE prepared the form; a week's first day in weekly counts; blank: not given
    "lifted_on": "date",  # date ICE recorded the detainer's end; blank: not ended, or the source has no such date
    "state": "category",  # postal code of the facility's state, DC and territories included; blank: not given
    "agency": "category",  # facility or agency as recorded, trimmed; blank: not given
    "city": "category",  # city as recorded, trimmed; blank: not given
    "facility_code": "category",  # ICE's facility code; blank: not given
    "form": "category",  # I247A, I247D, I247N, I247G, I247X or I247; blank: not given
    "request": "category",  # what the form asks: hold, notify, other; blank: form not given
    "lift_reason": "category",  # lift reason as recorded; blank: pending, or nothing recorded
    "outcome": "category",  # class of the lift reason; never blank
    "offence_text": "category",  # offence as recorded; blank: none recorded
    "offence_code": "category",  # NCIC or ICE code as text, leading zero kept; blank: none recorded
    "offence_group": "category",  # one of 16 groups, or NONE, or UNKNOWN; blank: the source has no offences
    "offence_detail": "category",  # detail within the group; blank: none, unknown or no offences in the source
    "offence_status": "category",  # convicted, charged, none recorded, unknown; blank: the source has no offences
    "criminality": "category",  # ICE's criminality field as recorded; blank: not given
    "threat_level": "category",  # ICE's threat level as recorded; blank: none recorded by ICE
    "citizenship": "category",  # country as recorded; blank: not given
    "person": "text",  # person id, valid within one release only; blank: not given
    "duplicate": "category",  # why this row may repeat another; blank: no repeat found
    "detainers": "count",  # detainers that the row stands for; never blank
    "source_file": "category",  # file the row came from; never blank
    "source_sheet": "category",  # sheet the row came from; blank: not a workbook
    "source_row": "row",  # row in that file or sheet, the header's row counted; never blank
}
NAMES = tuple(COLUMNS)
NEEDED = ("outcome", "detainers", "source_file", "source_row")
DTYPES = {"date": "datetime64[ms]", "category": "category", "text": "str", "count": "int64", "row": "int64"}


def _whole(least: int) -> pa.Check:
    """Check for whole numbers, which a plain conversion would make of any number."""

    def fits(values: pd.Series) -> pd.Series:
        numbers = pd.to_numeric(values, errors="coerce")
        return (numbers % 1 == 0) & (numbers >= least)

    return pa.Check(fits, error=f"a whole number of {least} or more", ignore_na=False)


CHECKS = {"detainers": _whole(0), "source_row": _whole(1)} | {
    name: pa.Check.isin(list(words), error="one of " + ", ".join(words))
    for name, words in (("outcome", Outcome), ("offence_status", OffenceStatus), ("request", Request))
}
SCHEMA = pa.DataFrameSchema(
    {
        name: pa.Column(
            None if kind in ("count", "row") else DTYPES[kind],
            checks=CHECKS.get(name),
            nullable=name not in NEEDED,
            coerce=kind not in ("count", "row"),
        )
        for name, kind in COLUMNS.items()
    },
    add_missing_columns=True,
)


def as_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame the columns, order and types of the table of detainers, and a fresh index.

    Absent columns come out blank, unknown ones follow under their own names. An :class:`InputError` names the first
    needed column that is missing, or the first value that does not fit, with its source file and row.
    """
    for needed in NEEDED:
        if needed not in frame:
            raise InputError(f"column {needed} is missing", found=list(frame.columns))
    frame = frame.reset_index(drop=True)
    try:
        table = SCHEMA.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        first = error.failure_cases.iloc[0]
        row, check = frame.loc[first["index"]], first["check"]
        raise InputError(
            "a row does not fit the table of detainers",
            file=str(row["source_file"]),
            place=f"row {row['source_row']}, column {first['column']}",
            found=first["failure_case"],
            expected="a day" if COLUMNS[first["column"]] == "date" else "a value" if check == "not_nullable" else check,
        ) from error
    for name, kind in COLUMNS.items():
        given = table[name]
        table[name] = given.cat.remove_unused_categories() if kind == "category" else given.astype(DTYPES[kind])
    return table[[*NAMES, *frame.columns.difference(NAMES, sort=False)]]


def one_outcome(table: pd.DataFrame) -> str | None:
    """Give the outcome that every row has, as in a file chosen by it, of which no share can be given; else None."""
    found = table["outcome"].unique()
    return str(found[0]) if len(found) == 1 else None


def one_state(table: pd.DataFrame) -> str | None:
    """Give the state that every row with a state has, so that the source is of that state; None = several, or none."""
    found = table["state"].dropna().unique()
    return str(found[0]) if len(found) == 1 else None
