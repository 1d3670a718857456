"""The table of detainers: its columns, its types, and what it refuses."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.load.table import CLOSED, COLUMNS, DTYPES, NAMES, Outcome, as_table, one_outcome, one_state


def frame(**columns: list[Any]) -> pd.DataFrame:
    """Make two rows that fit, but for the columns given."""
    fits: dict[str, list[Any]] = {
        "outcome": ["declined_by_lea", "pending_or_unrecorded"],
        "detainers": [1, 3],
        "source_file": ["made.csv", "made.csv"],
        "source_row": [2, 3],
    }
    return pd.DataFrame(fits | columns)


def test_absent_columns_come_out_blank_in_the_tables_order_and_types() -> None:
    table = as_table(frame())
    assert tuple(table.columns) == NAMES
    assert {column.name: str(table[column.name].dtype) for column in COLUMNS} == {
        column.name: DTYPES[column.kind] for column in COLUMNS
    }
    blank = [name for name in NAMES if name not in frame().columns]
    assert table[blank].isna().all(axis=None)


def test_unknown_columns_follow_under_their_own_names() -> None:
    table = as_table(frame(Gender=["F", "M"], state=["CA", None]))
    assert list(table.columns) == [*NAMES, "Gender"]
    assert list(table["Gender"]) == ["F", "M"]


def test_the_index_starts_again_and_the_input_stays_as_it_was() -> None:
    given_frame = frame(state=["CA", "NY"]).set_axis([7, 9])
    before = given_frame.copy()
    assert list(as_table(given_frame).index) == [0, 1]
    pd.testing.assert_frame_equal(given_frame, before)


def test_values_come_through() -> None:
    table = as_table(
        frame(issued_on=[date(2015, 1, 3), None], state=["CA", None], offence_code=["0999", None], person=["x1", None])
    )
    assert table.loc[0, "issued_on"] == pd.Timestamp("2015-01-03")
    assert pd.isna(table.loc[1, "issued_on"])
    assert list(table["offence_code"].cat.categories) == ["0999"]
    assert table.loc[0, "person"] == "x1"
    assert pd.isna(table.loc[1, "person"])


def test_unused_categories_are_dropped() -> None:
    states = pd.Categorical(["CA", "CA"], categories=["CA", "NY"])
    assert list(as_table(frame(state=states))["state"].cat.categories) == ["CA"]


@pytest.mark.parametrize(
    ("column", "values", "row", "found"),
    [
        ("detainers", [1, -3], 3, "-3"),
        ("detainers", [1.5, 3], 2, "1.5"),
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
    with pytest.raises(InputError) as refusal:
        as_table(frame(**{column: values}))
    for part in ("made.csv", f"row {row}", f"column {column}", found, "expected"):
        assert part in str(refusal.value), str(refusal.value)


def test_messages_have_plain_numbers() -> None:
    with pytest.raises(InputError) as refusal:
        as_table(frame(detainers=[1, -3]))
    assert "np." not in str(refusal.value)
    assert "a whole number of 0 or more" in str(refusal.value)


@pytest.mark.parametrize("missing", ["outcome", "detainers", "source_file", "source_row"])
def test_the_needed_columns_are_needed(missing: str) -> None:
    with pytest.raises(InputError, match=missing):
        as_table(frame().drop(columns=missing))


def test_a_table_that_fits_is_given_back() -> None:
    table = as_table(frame(Gender=["F", "M"]))
    pd.testing.assert_frame_equal(as_table(table), table)
    assert len(as_table(frame().iloc[:0])) == 0


def test_every_column_says_what_it_means_and_what_a_blank_means() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(column.meaning and column.blank for column in COLUMNS)
    assert set(CLOSED) <= set(NAMES)


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.sampled_from(list(Outcome)), st.integers(0, 10**6), st.text(max_size=5)), min_size=1, max_size=9
    )
)
def test_what_fits_comes_back_unchanged(rows: list[tuple[Outcome, int, str]]) -> None:
    outcomes, counts, agencies = zip(*rows, strict=True)
    made = pd.DataFrame({"outcome": outcomes, "detainers": counts, "agency": agencies})
    table = as_table(made.assign(source_file="made", source_row=np.arange(len(rows)) + 2))
    assert list(table["outcome"]) == list(outcomes)
    assert list(table["detainers"]) == list(counts)
    assert list(table["agency"].astype(object)) == list(agencies)


@pytest.mark.parametrize(
    ("outcomes", "found"),
    [
        (["declined_by_lea", "declined_by_lea"], "declined_by_lea"),
        (["pending_or_unrecorded"] * 2, "pending_or_unrecorded"),
        (["declined_by_lea", "pending_or_unrecorded"], None),
    ],
)
def test_the_outcome_of_every_row_is_told_where_it_is_one(outcomes: list[str], found: str | None) -> None:
    table = as_table(frame(outcome=outcomes))
    assert one_outcome(table) == found
    assert one_outcome(table.iloc[:0]) is None


@pytest.mark.parametrize(
    ("states", "found"), [(["TX", "TX"], "TX"), (["TX", None], "TX"), (["TX", "CA"], None), ([None, None], None)]
)
def test_the_state_of_every_row_that_has_one_is_told(states: list[str | None], found: str | None) -> None:
    table = as_table(frame(state=states))
    assert one_state(table) == found
    assert one_state(table.iloc[:0]) is None
