"""Rows that may be one detainer recorded again: the publishers' three rules, which flag and never drop.

All three need the person's id, so rows without one are never flagged: whether they repeat another is not known. ICE
records the day of a detainer, not the hour; 24 hours are therefore one day of the calendar.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.errors import unknown

LEFT_OUT, COUNTED = "left out", "counted"
_DAYS = 2**20  # more than any date has since 1970
RULES = {
    "episode": "same form and facility as an earlier row of the person's episode",
    "same_day": "same person and day as another row",
    "pair": "within a day of an earlier row of the person",
}
FIRST_OF_DAY = "first of several rows of the person on this day"
"""How ``same_day`` marks the first row, which its publisher flags with the others."""


def flag_repeats(table: pd.DataFrame, rule: str = "episode", people: np.ndarray | None = None) -> pd.Series:
    """Flag the rows that a published rule takes for repeats.

    Parameters
    ----------
    table
        Rows with ``person``, ``issued_on``, ``form`` and ``agency``.
    rule
        ``episode``: a person's rows form episodes without a gap of more than a day; within one, every row whose form
        and facility an earlier row has is flagged. ``same_day``: all rows of a person on a day that has more than
        one, the first included and marked so. ``pair``: every row at most a day after another of the person.
    people
        The number of each row's person, -1 without an id, where it is known; None = told by ``person``.

    Returns
    -------
    pandas.Series
        A category, in the words of :data:`RULES` (and :data:`FIRST_OF_DAY`); blank = no repeat found, or no id or
        date to tell by.

    Raises
    ------
    InputError
        A rule of another name.

    Notes
    -----
    Rules of the Deportation Data Project: ``episode`` of August 2026 (``duplicate_drop_row``), ``same_day`` of 2025 to
    July 2026 (``duplicate_likely``), ``pair`` of its historical files (``drop_row``).
    """
    if rule not in RULES:
        raise unknown("repeat rule", rule, RULES)
    people = pd.factorize(table["person"])[0] if people is None else people
    days = table["issued_on"].to_numpy("datetime64[D]").astype(np.int64)
    usable = (people >= 0) & table["issued_on"].notna().to_numpy()
    often = usable & (np.bincount(people[usable], minlength=len(people) + 1) > 1)[people]
    at = np.flatnonzero(often)
    at = at[np.argsort(people[at] * _DAYS + days[at], kind="stable")]  # rows of one day stay in the file's order
    person, day = people[at], days[at]
    same = np.r_[False, person[1:] == person[:-1]]
    near = same & (np.diff(day, prepend=0) <= 1)
    first = at[:0]
    if rule == "pair":
        flagged = at[near]
    elif rule == "same_day":
        again = same & (np.diff(day, prepend=0) == 0)
        flagged, first = at[again], at[~again & np.r_[again[1:], False]]
    else:
        form, agency = (table[name].iloc[at].astype("category").cat.codes.to_numpy() for name in ("form", "agency"))
        keys = pd.DataFrame({"episode": np.cumsum(~near), "form": form, "agency": agency})
        flagged = at[keys.duplicated().to_numpy()]
    codes = np.full(len(table), -1, dtype=np.int8)
    codes[flagged], codes[first] = 0, 1
    words = [RULES[rule], FIRST_OF_DAY] if rule == "same_day" else [RULES[rule]]
    return pd.Series(pd.Categorical.from_codes(codes, words), index=table.index, name="duplicate")


def rows_and_persons(table: pd.DataFrame) -> pd.DataFrame:
    """Count rows and persons beside each other, by each of the three rules.

    Parameters
    ----------
    table
        The table of detainers, one row per detainer.

    Returns
    -------
    pandas.DataFrame
        One row per rule, index ``rule``: ``rows``, ``flagged`` as repeats of another row (the first of a day is none),
        ``kept`` (rows less flagged), ``persons`` with an id, ``rows_without_id``, of which no one knows how many
        persons they are.
    """
    people, ids = pd.factorize(table["person"])
    flags = {rule: flag_repeats(table, rule, people) for rule in RULES}
    flagged = pd.Series({rule: int((found == RULES[rule]).sum()) for rule, found in flags.items()})
    return pd.DataFrame(
        {
            "rows": len(table),
            "flagged": flagged,
            "kept": len(table) - flagged,
            "persons": len(ids),
            "rows_without_id": int((people < 0).sum()),
        }
    ).rename_axis("rule")


def is_repeat(flags: pd.Series) -> pd.Series:
    """Mark the rows that repeat another; the first row of a repeat, which a rule may flag too, does not.

    Parameters
    ----------
    flags
        As from :func:`flag_repeats`.
    """
    return flags.notna() & ~flags.isin([FIRST_OF_DAY])


def choose_repeats(given: object) -> str:
    """Hold what a user asks of repeats against what there is; raise an InputError if it is something else."""
    if given not in (LEFT_OUT, COUNTED):
        raise unknown("treatment of repeats", given, (LEFT_OUT, COUNTED))
    return str(given)


def without_repeats(table: pd.DataFrame, repeats: str = LEFT_OUT) -> pd.DataFrame:
    """Leave the rows that are flagged as repeats out of a count, or keep them; the first row of a repeat stays."""
    if repeats == COUNTED:
        return table
    again = is_repeat(table["duplicate"])
    return table.take(np.flatnonzero(~again)) if again.any() else table
