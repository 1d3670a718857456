"""The table of detainers: its columns, its types, and what it refuses."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused

from analysis.load.sources import only
from analysis.load.table import COLUMNS, DTYPES, NAMES, Outcome, as_table


def frame(**columns: list[Any]) -> pd.DataFrame:
    """Make two rows that fit, but for the columns given."""
    fits: dict[str, list[Any]] = {"outcome": ["declined_by_lea", "pending_or_unrecorded"], "detainers": [1, 3]}
    return pd.DataFrame(fits | {"source_file": ["made.csv", "made.csv"], "source_row": [2, 3]} | columns)


def test_columns_come_out_in_the_tables_order_and_types_unknown_ones_last() -> None:
    states, days = pd.Categorical(["CA", "CA"], ["CA", "NY"]), [date(2015, 1, 3), None]
    made = frame(Gender=["F", "M"], state=states, issued_on=days, offence_code=["0999", None], person=["x1", None])
    made, before = made.set_axis([7, 9]), made.set_axis([7, 9]).copy()
    table = as_table(made)
    pd.testing.assert_frame_equal(made, before)
    assert list(table.columns) == [*NAMES, "Gender"]
    assert list(table["Gender"]) == ["F", "M"]
    assert list(table.index) == [0, 1]
    kinds = {name: str(kind) for name, kind in table[[*NAMES]].dtypes.items()}
    assert kinds == {name: DTYPES[kind] for name, kind in COLUMNS.items()}
    assert table.drop(columns=list(made)).isna().all(axis=None)
    assert list(table["state"].cat.categories) == ["CA"]
    assert table.loc[0, ["issued_on", "offence_code", "person"]].tolist() == [pd.Timestamp("2015-01-03"), "0999", "x1"]
    assert table.loc[1, ["issued_on", "offence_code", "person"]].isna().all()
    pd.testing.assert_frame_equal(as_table(table), table)
    assert len(as_table(frame().iloc[:0])) == 0


@pytest.mark.parametrize(
    ("column", "values", "row", "found"),
    [
        ("detainers", [1, -3], 3, "found -3, expected a whole number of 0 or more"),
        ("detainers", ["1", "three"], 3, "'three'"),
        ("detainers", [None, 3], 2, "column detainers"),
        ("source_row", [0, 3], 0, "0"),
        ("outcome", ["declined_by_lea", "declined"], 3, "'declined'"),
        ("outcome", ["declined_by_lea", None], 3, "column outcome"),
        ("offence_status", ["arrested", None], 2, "'arrested'"),
        ("request", [None, "beg"], 3, "'beg'"),
        ("issued_on", ["2015-01-03", "soon"], 3, "'soon'"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_row(
    column: str, values: list[Any], row: int, found: str
) -> None:
    with refused("made.csv", f"row {row}", f"column {column}", found, "expected"):
        as_table(frame(**{column: values}))


ROWS = st.tuples(st.sampled_from(list(Outcome)), st.integers(0, 10**6), st.text(max_size=5))


@settings(max_examples=8)
@given(st.lists(ROWS, min_size=1, max_size=9))
def test_what_fits_comes_back_unchanged(rows: list[tuple[Outcome, int, str]]) -> None:
    made = pd.DataFrame(rows, columns=["outcome", "detainers", "agency"])
    table = as_table(made.assign(source_file="made", source_row=np.arange(len(rows)) + 2))
    assert list(table[list(made)].astype(object).itertuples(index=False, name=None)) == rows


DECLINED, PENDING = "declined_by_lea", "pending_or_unrecorded"


@pytest.mark.parametrize(
    ("outcomes", "states", "outcome", "state"),
    [
        ([DECLINED] * 2, ["TX", "TX"], DECLINED, "TX"),
        ([PENDING] * 2, ["TX", None], PENDING, "TX"),
        ([DECLINED, PENDING], ["TX", "CA"], None, None),
        ([DECLINED] * 2, [None, None], DECLINED, None),
        ([], [], None, None),
    ],
)
def test_the_outcome_and_state_of_all_rows_are_told_where_there_is_one(
    outcomes: list[str], states: list[str | None], outcome: str | None, state: str | None
) -> None:
    rows = frame().iloc[: len(outcomes)].assign(outcome=outcomes, state=states)
    assert (only(as_table(rows), "outcome"), only(as_table(rows), "state")) == (outcome, state)
