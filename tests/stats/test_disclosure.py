"""Suppression: an attacker who solves for the counts that are not shown must not narrow a small one down."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from attack import Attack, bounds_of, made_up
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from made_cohorts import detainers, many

from analysis.load.table import Outcome
from analysis.periods import WEEK, last_day
from analysis.stats import disclosure
from analysis.stats.counts import OUTCOME_COLUMNS, count_outcomes
from analysis.stats.disclosure import ALL_REASONS, HIDDEN, THRESHOLD, WITHHELD, suppress_list, suppress_table

# One table: the attacker knows the labels and each week's totals -----------------------------------------------------


def attacked(weeks: list[pd.DataFrame], labels: pd.DataFrame) -> pd.DataFrame:
    """Give the small cells that the labels and each week's totals narrow down, though they should not."""
    printed, first = Attack(), date(2025, 1, 4)
    for day, week in ((first + n * WEEK, week) for n, week in enumerate(weeks)):
        for key, axis in (("state", 1), ("offence_group", 0)):
            sums = week.sum(axis=axis).rename_axis(key).reset_index(name="declined")
            printed.add(sums, day, last_day(day))
    shown = labels.rename_axis("state").melt(ignore_index=False, var_name="offence_group", value_name="declined_shown")
    printed.add(shown.reset_index(), first, last_day(day))
    return printed.leaks()


def assert_true(table: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Hold what is shown against the table: labels are right, small cells are hidden."""
    for count, label in zip(table.to_numpy().ravel(), labels.to_numpy().ravel(), strict=True):
        low, high = bounds_of(label)
        assert low <= count <= high
        assert label in HIDDEN if 0 < count < THRESHOLD else label in (*HIDDEN[1:], str(count))


def table_of(rows: list[list[int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, index=[f"S{n}" for n in range(len(rows))], columns=[f"G{n}" for n in range(len(rows[0]))])


CELLS = st.one_of(st.just(0), st.integers(0, 6), st.integers(0, 60))
SHAPES = st.tuples(st.integers(1, 3), st.integers(2, 6), st.integers(2, 5))


@given(SHAPES.flatmap(lambda shape: hnp.arrays(np.int64, shape, elements=CELLS)))
@settings(max_examples=25)
def test_no_small_cell_can_be_worked_out(cells: np.ndarray) -> None:
    weeks = [pd.DataFrame(week) for week in cells]
    labels = suppress_table(*weeks)
    assert_true(sum(weeks[1:], weeks[0]), labels)
    assert attacked(weeks, labels).empty


def test_the_attacker_finds_what_primary_suppression_alone_gives_away_and_what_totals_by_week_tell() -> None:
    table = table_of([[3, 20], [9, 8]])
    found = attacked([table], table.astype(str).replace("3", "1–4"))
    assert found[["label", "low", "high"]].to_numpy().tolist() == [["1–4", 3, 3]]
    weeks = [table_of(week) for week in ([[3, 0], [0, 40]], [[0, 9], [0, 9]], [[0, 0], [30, 9]])]
    of_sums = suppress_table(weeks[0] + weeks[1] + weeks[2])
    assert of_sums.iloc[0, 0] == "1–4"
    assert not attacked(weeks, of_sums).empty  # three of the first state and group in the first week
    assert suppress_table(*weeks).iloc[0, 0] == WITHHELD
    assert attacked(weeks, suppress_table(*weeks)).empty


@pytest.mark.parametrize(
    ("table", "labels"),
    [
        # The smallest cells are hidden first.
        ([[3, 20, 70], [9, 30, 80], [40, 50, 90]], [["1–4", "5+", "70"], ["5+", "5+", "80"], ["40", "50", "90"]]),
        ([[3], [4]], [["3"], ["4"]]),  # one column is its totals
        # Of none more than three, as everyone knows from the totals.
        ([[3, 0, 0], [20, 30, 12], [25, 0, 9]], [[WITHHELD, "0", WITHHELD], ["5+", "30", "5+"], ["25", "0", "9"]]),
        ([[0, 12], [5, 0]], [["0", "12"], ["5", "0"]]),  # nothing small, nothing hidden
        ([[]], [[]]),
    ],
)
def test_the_labels_of_a_table(table: list[list[int]], labels: list[list[str]]) -> None:
    assert suppress_table(table_of(table)).to_numpy().tolist() == labels


@given(st.lists(st.integers(0, 40), max_size=9))
def test_nor_in_a_list_whose_total_is_known(counts: list[int]) -> None:
    labels = suppress_list(pd.Series(counts, dtype="int64"))
    for k, count in enumerate(counts):
        low, high = bounds_of(labels[k])
        assert low <= count <= high
        if labels[k] == "1–4":
            others = np.array([bounds_of(label) for label in labels.drop(k)]).reshape(-1, 2).sum(axis=0)
            assert sum(counts) - others[1] <= 1 <= THRESHOLD - 1 <= sum(counts) - others[0]
        elif count < THRESHOLD:
            assert labels[k] == str(count) == "0" or (labels == WITHHELD).all()


@pytest.mark.parametrize(
    ("counts", "labels"),
    [
        ([3, 20, 0, 9], ["1–4", "20", "0", "5+"]),
        ([1, 1, 30, 40], ["1–4", "1–4", "5+", "40"]),
        ([3, 0], [WITHHELD, WITHHELD]),
        ([], []),
    ],
)
def test_the_labels_of_a_list(counts: list[int], labels: list[str]) -> None:
    assert suppress_list(pd.Series(counts, dtype=int)).tolist() == labels


@pytest.mark.parametrize("cell", [-1, 2.5, np.nan, np.inf])
def test_what_is_no_count_stops(cell: float) -> None:
    with pytest.raises(ValueError, match="whole numbers of 0 or more"):
        suppress_table(table_of([[3, 4]]).astype(float).replace(3.0, cell))


# The tables of the reports -------------------------------------------------------------------------------------------


DISCLOSED = yaml.safe_load(Path(__file__).with_name("disclosed.yml").read_text(encoding="utf-8"))


def declined_of_issued(by: list[str], cells: list[list[Any]]) -> pd.DataFrame:
    """Make the detainers of a quarter, in its weeks in turn, from values of two columns, declined and issued."""
    rows = [
        dict(zip(by, key, strict=True)) | {"outcome": what, "issued_on": date(2025, 1, 4) + n % 12 * WEEK}
        for *key, declined, issued in cells
        for what, number in ((Outcome.DECLINED, declined), (Outcome.TAKEN, issued - declined))
        for n in range(number)
    ]
    return detainers(rows)


@pytest.mark.parametrize("case", DISCLOSED, ids=lambda case: case["what"])
def test_what_a_table_of_reports_shows(case: dict[str, Any]) -> None:
    frame = getattr(disclosure, case["table"])(declined_of_issued(case["by"], case["cells"]))
    assert (list(frame.columns), frame.attrs) == (case["columns"], case["attrs"])
    assert frame.astype(object).where(frame.notna(), None).to_numpy().tolist() == case["shown"]


def test_outcomes_by_state_keep_what_is_printed_and_hide_the_rest() -> None:
    counts = count_outcomes(made_up(2), "state")
    frame = disclosure.outcomes_by_state(counts)
    pd.testing.assert_frame_equal(frame[["issued", "declined"]], counts[["issued", "declined"]])
    for name in OUTCOME_COLUMNS[1:]:
        assert_true(counts[[name]], frame[[f"{name}_shown"]])
        hidden = frame[f"{name}_shown"].isin(HIDDEN)
        assert frame[name].equals(counts[name].where(~hidden).astype(float))
    assert disclosure.outcomes_by_state(counts[:1]).attrs["hidden"] == 0  # of one state: they are the nation's


@pytest.mark.parametrize("table", [disclosure.cross_tabulate, disclosure.outcomes_by_form, disclosure.lift_reasons])
def test_the_order_of_rows_changes_nothing(table: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    rows = made_up(2)
    pd.testing.assert_frame_equal(table(rows), table(rows.sample(frac=1, random_state=1)))


def test_lift_reasons_are_a_list_for_each_outcome() -> None:
    rows = many(
        "lift_reason outcome",
        ("Detainer Declined by LEA", Outcome.DECLINED, 3),
        ("Case Closed", Outcome.NO_ACTION, 2),
        ("Prosecutorial Discretion", Outcome.NO_ACTION, 8),
        ("Early Release", Outcome.LEFT_FIRST, 30),
        ("Booked into Detention", Outcome.TAKEN, 50),
        (None, Outcome.NOT_RECORDED, 1),
        ("NA", Outcome.NOT_RECORDED, 1),
    )
    frame = disclosure.lift_reasons(rows)
    assert frame[["lift_reason", "outcome", "detainers_shown"]].to_numpy().tolist() == [
        ["Detainer Declined by LEA", "declined", "3"],
        ["Booked into Detention", "taken", "50"],
        ["Early Release", "other_ends", "30"],
        ["Case Closed", "other_ends", "1–4"],
        ["Prosecutorial Discretion", "other_ends", "5+"],
        [ALL_REASONS, "not_recorded", "2"],
    ]
    assert frame["detainers"].isna().sum() == 2
