"""Suppression: an attacker who solves for the counts that are not shown must not narrow a small one down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attack import Attack, bounds_of, made_up
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from made_cohorts import detainers, many

from analysis.load.reference import OTHER_AGENCIES
from analysis.load.table import OffenceStatus, Outcome
from analysis.periods import WEEK, last_day
from analysis.stats import disclosure
from analysis.stats.counts import NOT_GIVEN, OUTCOME_COLUMNS, count_outcomes
from analysis.stats.disclosure import (
    ALL_REASONS,
    HIDDEN,
    OTHER_FORMS,
    OTHER_GROUPS,
    OTHER_STATES,
    THRESHOLD,
    TOTAL,
    WITHHELD,
    suppress_list,
    suppress_table,
)

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


def declined_of_issued(by: str, cells: dict[Any, tuple[int, int]]) -> pd.DataFrame:
    """Make the detainers of a quarter from (declined, issued) by some columns, in its weeks in turn."""
    return detainers(
        [
            dict(zip(by.split(), key, strict=True)) | {"outcome": what, "issued_on": date(2025, 1, 1) + n % 12 * WEEK}
            for key, (declined, issued) in cells.items()
            for what, number in ((Outcome.DECLINED, declined), (Outcome.TAKEN, issued - declined))
            for n in range(number)
        ]
    )


def of_states(counts: dict[Any, dict[str, tuple[int, int]]]) -> pd.DataFrame:
    cells = {(state, group): cell for state, groups in counts.items() for group, cell in groups.items()}
    return declined_of_issued("state offence_group", cells)


SPREAD = {
    "CA": {"DUI": (40, 90), "ASSAULT": (30, 70), "HOMICIDE": (1, 20)},
    "TX": {"DUI": (60, 99), "ASSAULT": (31, 80), "FRAUD": (1, 2)},
    "ME": {"DUI": (3, 20), "ASSAULT": (0, 30)},
    "VT": {"DUI": (4, 60)},
    "NH": {"DUI": (0, 40), "ASSAULT": (0, 50)},
    None: {"DUI": (12, 40)},
}


def test_small_states_and_groups_are_added_together_until_they_are_not_small() -> None:
    rows = of_states(SPREAD)
    frame = disclosure.cross_tabulate(rows)
    assert frame["state"].unique().tolist() == ["TX", "CA", "NH", OTHER_STATES, TOTAL]  # none declined is not few
    assert frame["offence_group"].unique().tolist() == ["DUI", OTHER_GROUPS, TOTAL]
    assert frame.attrs == {"hidden": 0, "reason": ""}
    assert (frame["declined_shown"].isin(HIDDEN) == frame["declined"].isna()).all()
    assert frame.loc[frame["issued"].notna(), "declined"].notna().all()
    frame = frame.set_index(["state", "offence_group"])
    sums = frame.loc[[(OTHER_STATES, TOTAL), (TOTAL, TOTAL), ("TX", TOTAL)], ["declined", "issued"]]
    assert sums.to_numpy().tolist() == [[19, 150], [182, 601], [92, 181]]  # 3 and 4, and the next smallest, 12
    truth = count_outcomes(rows, ["state", "offence_group"])
    both = frame.join(truth["issued"].rename("true"), how="inner").dropna()
    assert (len(both) > 0, both["issued"].tolist()) == (True, both["true"].tolist())


def test_one_detainer_in_other_groups_hides_no_quarter_of_a_state() -> None:
    groups = {"DUI": (60, 120), "ASSAULT": (40, 90), "DRUGPOSS": (30, 80), "FRAUD": (12, 30)}
    states = {"CA": groups | {"KIDNAP": (1, 1)}, "TX": groups, "NY": groups}
    frame = disclosure.cross_tabulate(of_states(states))
    assert frame["offence_group"].unique().tolist() == ["ASSAULT", "DRUGPOSS", "DUI", OTHER_GROUPS, TOTAL]
    assert frame.attrs["hidden"] == 0


def test_where_states_by_offence_cannot_be_shown_a_sentence_says_why() -> None:
    without = of_states({"CA": {"DUI": (9, 20)}}).assign(offence_group=None)
    few = of_states({"CA": {"DUI": (9, 20)}, "TX": {"DUI": (9, 20)}})
    for rows, said in ((without, "records no offences"), (few, "Too few"), (few[:0], "records no offences")):
        frame = disclosure.cross_tabulate(rows)
        assert frame.empty
        assert frame.columns.tolist() == ["state", "offence_group", "declined_shown", "declined", "issued"]
        assert said in frame.attrs["reason"]


def test_a_source_of_one_state_shows_lists() -> None:
    groups = {"DUI": (60, 120), "ASSAULT": (12, 90), "DRUGPOSS": (14, 36), "FRAUD": (3, 30), "WEAPONS": (8, 25)}
    frame = disclosure.cross_tabulate(of_states({"TX": groups})).set_index(["state", "offence_group"])
    assert frame.loc["TX"].equals(frame.loc[TOTAL])
    shown = {"ASSAULT": "12", "DRUGPOSS": "14", "DUI": "60", OTHER_GROUPS: "11", TOTAL: "97"}
    assert frame.loc["TX", "declined_shown"].to_dict() == shown


def of_agencies(**counts: tuple[int, int]) -> pd.DataFrame:
    cells = {("CA", None if agency == "blank" else agency): cell for agency, cell in counts.items()}
    return declined_of_issued("state agency", cells)


def test_agencies_below_the_threshold_are_added_together_and_issued_stays() -> None:
    rows = of_agencies(A=(20, 60), B=(0, 30), C=(1, 9), D=(0, 2), blank=(7, 40))
    frame = disclosure.agency_outcomes(rows).set_index("agency")
    assert frame["issued"].to_dict() == {"A": 60, "B": 30, NOT_GIVEN: 40, OTHER_AGENCIES: 11}
    assert frame.loc[OTHER_AGENCIES, "declined_shown"] == "1–4"
    assert frame.attrs["hidden"] == 2
    assert disclosure.agency_outcomes(of_agencies(A=(20, 60), B=(11, 30), C=(1, 3))).shape == (2, 4)
    for lone in (of_agencies(A=(20, 60)), of_agencies(blank=(20, 60)), of_agencies(A=(20, 60), B=(1, 3))):
        frame = disclosure.agency_outcomes(lone)
        assert frame.empty
        assert "Fewer than two agencies" in frame.attrs["reason"]


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


def test_outcomes_by_form_add_small_forms_together() -> None:
    cells = {("I247A", "hold"): (20, 90), ("I247D", "hold"): (9, 60)}
    cells |= {("I247N", "notify"): (1, 8), ("I247X", "other"): (0, 3)}
    rows = declined_of_issued("form request", cells)
    frame = disclosure.outcomes_by_form(rows).set_index("form")
    assert frame["issued"].to_dict() == {"I247A": 90, "I247D": 60, OTHER_FORMS: 11}
    assert frame.loc[OTHER_FORMS, ["declined_shown", "taken_shown"]].tolist() == ["1–4", "5+"]
    assert frame["declined_shown"].tolist() == ["20", "5+", "1–4"]
    lone = disclosure.outcomes_by_form(rows[rows["form"].isin(["I247A", "I247X"])])
    assert lone[["form", "issued"]].to_numpy().tolist() == [[TOTAL, 93]]


def test_offences_by_status_are_a_list_for_each_group() -> None:
    cells = {
        ("DUI", OffenceStatus.CONVICTED): (12, 50),
        ("DUI", OffenceStatus.CHARGED): (3, 30),
        ("FRAUD", OffenceStatus.CONVICTED): (3, 30),
        ("HOMICIDE", OffenceStatus.CONVICTED): (1, 2),
    }
    rows = declined_of_issued("offence_group offence_status", cells)
    frame = disclosure.offences_by_status(rows)
    assert frame[["offence_group", "offence_status", "declined_shown"]].to_numpy().tolist() == [
        ["HOMICIDE", "convicted", WITHHELD],
        ["HOMICIDE", "charged", WITHHELD],
        ["DUI", "convicted", "5+"],
        ["DUI", "charged", "1–4"],
        ["FRAUD", "convicted", WITHHELD],  # all of the group, but fewer than five
        ["FRAUD", "charged", WITHHELD],
    ]
    assert "no offences" in disclosure.offences_by_status(rows.assign(offence_group=None)).attrs["reason"]


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
