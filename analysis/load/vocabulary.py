"""ICE's own words to classes: lift reason, state, form, criminality.

A lift reason that is not known stops everything; of the others a few strays are counted and left blank.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from analysis.errors import InputError, unknown
from analysis.load.cells import recoded, rows_of
from analysis.load.files import crosswalk, data_file
from analysis.load.names import ALL_STATES
from analysis.load.table import Outcome

_FORM = re.compile(r"(I-?247[A-Z]?)\s*(?:[-–—]|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Gate:
    """How many rows may hold an unknown word: from the share ``warn`` on it is said aloud, above ``stop`` it stops."""

    crosswalk: str
    warn: float
    stop: float


# A middling state has about 2% of all detainers: more unknown rows than that could hide one. A form or a class of
# criminality splits tables in two or three, which 5% of strays do not turn; a new form in use passes that at once.
# One row in a thousand is more than a slip of the pen.
GATES = {
    "state": Gate("states", warn=0.001, stop=0.02),
    "form": Gate("forms", warn=0.001, stop=0.05),
    "criminality": Gate("criminality", warn=0.001, stop=0.05),
}


@cache
def states() -> pd.DataFrame:
    """Give the states: index postal code; columns fips, name, kind, tile_row, tile_column.

    One row is a state, the District of Columbia or a territory.
    """
    return crosswalk("states", "postal").astype({"tile_row": int, "tile_column": int})


@cache
def lift_reasons() -> pd.DataFrame:
    """Give the lift reasons: index the value as ICE writes it (blank included); column outcome, and more."""
    return crosswalk("lift_reasons", "value")


@cache
def forms() -> pd.DataFrame:
    """Give the detainer forms: index the form's name; columns request (hold, notify, other), meaning."""
    return crosswalk("forms", "form")


@cache
def criminalities() -> pd.DataFrame:
    """Give ICE's classes of criminality: index the value as ICE writes it (blank included); column offence_status."""
    return crosswalk("criminality", "value")


def state_named(given: object) -> str:
    """Find the state that a user means: a postal code, a name in any case, or a FIPS code.

    A number is taken as a FIPS code, since papermill turns ``06`` into 6. A false value is refused with the reason:
    YAML reads an unquoted ``NO`` as false.

    Returns
    -------
    str
        The postal code.

    Raises
    ------
    InputError
        Nothing of that name; the message lists the states.
    """
    if isinstance(given, bool):
        raise InputError(f"the state is {given!r}: YAML reads an unquoted NO or YES so", do="Put the state in quotes")
    table = states()
    text = str(given).strip()
    text = text.zfill(2) if text.isdecimal() else text
    matches = table.index[
        (table.index == text.upper()) | (table["name"].str.casefold() == text.casefold()) | (table["fips"] == text)
    ]
    if len(matches) == 0:
        raise unknown("state", given, [*table.index, *table["name"]])
    return str(matches[0])


def state_or_all(given: object) -> str:
    """Find the state that a user means (:func:`state_named`), or ``all``."""
    return ALL_STATES if given == ALL_STATES else state_named(given)


def place_name(place: str) -> str:
    """Name a state in full, or all of them; some take an article in a sentence."""
    if place == ALL_STATES:
        return "the United States"
    name = str(states().loc[place, "name"])
    with_article = name.startswith(("District", "Northern Mariana", "U.S.")) or name.endswith("Islands")
    return f"the {name}" if with_article else name


def _where(found: pd.Series, file: str | pd.Series, rows: pd.Series, sheets: pd.Series | None) -> dict[str, str]:
    """Name the file, sheet and row of the first value found, for an error."""
    first = found.idxmax()
    sheet = "" if sheets is None or pd.isna(sheets[first]) else f"sheet {sheets[first]!r}, "
    return {"file": file if isinstance(file, str) else str(file[first]), "place": f"{sheet}row {rows[first]}"}


def outcome_of(
    lift_reason: pd.Series, *, file: str | pd.Series, rows: pd.Series, sheets: pd.Series | None = None
) -> pd.Series:
    """Classify lift reasons; a blank is ``pending_or_unrecorded``.

    Parameters
    ----------
    lift_reason
        Lift reasons as recorded, a category; blank is missing.
    file, rows, sheets
        Where they came from: the file's name (one, or one per value), each value's row in it and its sheet.

    Returns
    -------
    pandas.Series
        The outcome class of each, a category; never missing.

    Raises
    ------
    InputError
        A value that ``data/reference/lift_reasons.csv`` does not have: this column defines a decline, so an unknown
        value may not fall into another class. The message gives the line to add.
    """
    known = lift_reasons()["outcome"]
    values = lift_reason.astype("category")
    strange = [value for value in values.cat.categories if value not in known.index]
    if strange:
        found = values == strange[0]
        quoted = '"' + strange[0].replace('"', '""') + '"'
        raise InputError(
            f"unknown lift reason, in {found.sum():,} rows"
            + (f" ({len(strange)} unknown values)" if strange[1:] else ""),
            **_where(found, file, rows, sheets),
            found=strange[0],
            expected=f"a value of {data_file('reference/lift_reasons.csv')}",
            do=f"Find out what it means and add the line {quoted},CLASS,ROLE,no,WHY to that file, with CLASS one of "
            + ", ".join(Outcome),
        )
    codes, names = pd.factorize(np.array([*known.reindex(values.cat.categories), known[""]], dtype=object))
    return pd.Series(pd.Categorical.from_codes(codes[values.cat.codes], names), index=values.index)  # blank: the last


def request_of(form: pd.Series) -> pd.Series:
    """Say what each form asks of the agency: hold, notify, other; missing where the form is not known."""
    asked = forms()["request"]
    values = form.astype("category")
    requests = recoded(values.array, [asked.get(name) for name in values.cat.categories])
    return pd.Series(requests, index=form.index)


@cache
def _state_words() -> dict[str, str]:
    """Give the postal code of every name and postal code in capitals; the TRAC extract's ``UN`` says not known."""
    table = states()
    by_name = dict(zip(table["name"].str.upper(), table.index, strict=True))
    return by_name | {postal: postal for postal in table.index} | {"UN": ""}


def _state_code(text: str) -> str | None:
    return _state_words().get(text.upper())


def _form_name(text: str) -> str | None:
    """Read a form's name: what stands before the first dash."""
    found = _FORM.match(text)
    name = found[1].upper().replace("-", "") if found else ""
    return name if name in forms().index else None


def _criminality(text: str) -> str | None:
    return text if text in criminalities().index else None


GATED = {"state": _state_code, "form": _form_name, "criminality": _criminality}


def gated(
    column: str, values: pd.Series, *, file: str | pd.Series, rows: pd.Series, sheets: pd.Series | None = None
) -> tuple[pd.Series, pd.DataFrame]:
    """Read a column of ICE's words by its crosswalk; unknown words become blank and are counted, up to a share.

    Parameters
    ----------
    column
        ``state``, ``form`` or ``criminality``.
    values
        The words, a category; blank is missing.
    file, rows, sheets
        Where they came from, as for :func:`outcome_of`.

    Returns
    -------
    tuple
        The values as the table of detainers has them, and one row per unknown word: column, value, rows, share (of
        all rows), level (``pass`` or ``warn``, by the share that all unknown words of the column have together).

    Raises
    ------
    InputError
        The unknown words pass the column's stop share (:data:`GATES`).
    """
    gate, read = GATES[column], [GATED[column](word) for word in values.cat.categories]
    counts = pd.Series(rows_of(values.array), values.cat.categories)[[value is None for value in read]]
    counts = counts.sort_values(ascending=False, kind="stable")
    share = counts.sum() / max(len(values), 1)
    if share > gate.stop:
        raise InputError(
            f"{share:.1%} of the rows have an unknown {column}; more than {gate.stop:.0%} stops",
            **_where(values == counts.index[0], file, rows, sheets),
            found=", ".join(f"{word!r} ({count:,} rows)" for word, count in counts.head(3).items()),
            expected=f"values of {data_file(f'reference/{gate.crosswalk}.csv')}",
            do="Mend the column, or find out what the words mean and add them to that file",
        )
    strange = counts.rename_axis("value").reset_index(name="rows").assign(column=column)
    strange["share"] = strange["rows"] / max(len(values), 1)
    strange["level"] = "warn" if share >= gate.warn else "pass"
    known = recoded(values.array, [value or None for value in read])
    return pd.Series(known, index=values.index), strange[["column", "value", "rows", "share", "level"]]
