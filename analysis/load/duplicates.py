"""Rows that may be one detainer recorded again: flagged by one published rule, never dropped.

The rule is that of the Deportation Data Project of August 2026 (``duplicate_drop_row``). ICE records the day of a
detainer, not the hour; its 24 hours are therefore one day of the calendar.
"""

from __future__ import annotations

import pandas as pd

from analysis.errors import unknown

LEFT_OUT, COUNTED = "left out", "counted"
REPEAT = "same form and facility as an earlier row of the person's episode"


def flag_repeats(table: pd.DataFrame) -> pd.Series:
    """Flag the rows that repeat form and facility of an earlier one within a person's episode, without a day's gap."""
    columns = ["person", "issued_on", "form", "agency"]
    rows = table[columns][table["person"].duplicated(keep=False)].dropna(subset=["person", "issued_on"])
    rows = rows.sort_values(["person", "issued_on"], kind="stable")  # rows of one day stay in the file's order
    again = (rows["person"] == rows["person"].shift()) & (rows["issued_on"].diff() <= pd.Timedelta(days=1))
    flagged = rows.assign(issued_on=(~again).cumsum()).duplicated(columns[1:]).reindex(table.index, fill_value=False)
    codes = flagged.astype("int64") - 1
    return pd.Series(pd.Categorical.from_codes(codes, [REPEAT]), index=table.index, name="duplicate")


def choose_repeats(given: object) -> str:
    """Hold what a user asks of repeats against what there is; raise an InputError if it is something else."""
    if given not in (LEFT_OUT, COUNTED):
        raise unknown("treatment of repeats", given, (LEFT_OUT, COUNTED))
    return str(given)


def without_repeats(table: pd.DataFrame, repeats: str = LEFT_OUT) -> pd.DataFrame:
    """Leave the rows that are flagged as repeats out of a count, or keep them; the first row of a repeat stays."""
    return table if repeats == COUNTED or table["duplicate"].isna().all() else table[table["duplicate"].isna()]
