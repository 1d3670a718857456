"""Suppression: an attacker who solves for the cells that are not shown must not narrow a small one down."""

from __future__ import annotations

import re
from time import process_time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linprog
from scipy.sparse import csr_array

from analysis.stats.disclosure import TOTAL, WITHHELD, Suppressed, suppress_list, suppress_table

# The attacker: knows the labels, the rule and the threshold, and nothing of how the cells were chosen ----------------


def bounds_of(label: str) -> tuple[int, int | None]:
    """Read what a label says of a count."""
    if label == WITHHELD:
        return 0, None
    low, high = re.fullmatch(r"(\d+)(?:–(\d+)|\+)?", label).groups()  # type: ignore[union-attr]
    return int(low), None if label.endswith("+") else int(high or low)


def provable_ranges(shown: Suppressed, most: int | None = None) -> dict[tuple[int, int], tuple[float, float]]:
    """Solve for the least and the largest value of every small cell that agree with all that is shown.

    The last row holds totals, and so does the last column if there are two or more. Only the first ``most`` cells are
    attacked if it is given.
    """
    labels = shown.labels.to_numpy()
    rows, columns = labels.shape[0] - 1, max(labels.shape[1] - 1, 1)
    cell = np.arange(rows * columns).reshape(rows, columns)
    bounds = [bounds_of(label) for label in labels[:rows, :columns].ravel()]
    sums = [(cell[:, j], labels[-1, j]) for j in range(columns)]
    if labels.shape[1] > 1:
        sums += [(cell[i], labels[i, -1]) for i in range(rows)] + [(cell.ravel(), labels[-1, -1])]
    lines = np.zeros((len(sums), cell.size))
    for line, (members, _) in enumerate(sums):
        lines[line, members] = 1
    low, high = zip(*(bounds_of(label) for _, label in sums), strict=True)
    upper = np.array([np.inf if value is None else value for value in high])
    exact = np.array(low) == upper
    less = np.vstack([lines[~exact & np.isfinite(upper)], -lines[~exact]])
    at_most = np.concatenate([upper[~exact & np.isfinite(upper)], -np.array(low)[~exact]])
    ranges = {}
    for i, j in np.argwhere(shown.primary.to_numpy()).tolist()[:most]:
        ends = []
        for sign in (1, -1):
            aim = np.zeros(cell.size)
            aim[cell[i, j]] = sign
            solved = linprog(
                aim, A_ub=csr_array(less), b_ub=at_most, A_eq=csr_array(lines[exact]), b_eq=upper[exact], bounds=bounds
            )
            assert solved.status in (0, 3), solved.message
            ends.append(sign * solved.fun if solved.status == 0 else np.inf)
        ranges[i, j] = (ends[0], ends[1])
    return ranges


def assert_safe(table: pd.DataFrame, shown: Suppressed, most: int | None = None) -> None:
    """Hold every small cell's provable range against 1 to threshold - 1, a withheld one's against its totals' too."""
    for (i, j), (low, high) in provable_ranges(shown, most).items():
        least, largest = 1, shown.threshold - 1
        if shown.labels.iloc[i, j] == WITHHELD:
            of_row, of_column, of_all = (
                int(table.iloc[i].sum()),
                int(table.iloc[:, j].sum()),
                int(table.to_numpy().sum()),
            )
            least, largest = max(1, of_row + of_column - of_all), min(largest, of_row, of_column)
        assert low <= least + 1e-6, (i, j, low)
        assert high >= largest - 1e-6, (i, j, high)


def assert_true(table: pd.DataFrame, shown: Suppressed) -> None:
    """Hold what is shown against the table: zeros and labels are right, small cells are hidden."""
    whole = table.copy()
    whole[TOTAL] = table.sum(axis="columns")
    whole.loc[TOTAL] = whole.sum()
    withheld = shown.labels == WITHHELD
    visible = ~shown.hidden
    values = shown.values  # noqa: PD011, a field of Suppressed
    assert (values.to_numpy()[visible] == whole.to_numpy()[visible]).all()
    assert values[shown.hidden].isna().all(axis=None)
    for i, j in np.ndindex(whole.shape):
        low, high = bounds_of(shown.labels.iloc[i, j])
        assert low <= whole.iloc[i, j] <= (np.inf if high is None else high)
    small = (table > 0) & (table < shown.threshold)
    assert (shown.primary.iloc[:-1, :-1].to_numpy() == small.to_numpy()).all()
    zero = (whole == 0).to_numpy() & ~withheld.to_numpy()
    if not withheld.any(axis=None):
        assert (shown.labels.to_numpy()[zero] == "0").all()


def table_of(rows: list[list[int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, index=[f"S{n}" for n in range(len(rows))], columns=[f"G{n}" for n in range(len(rows[0]))])


def national(mean: float, seed: int = 3) -> pd.DataFrame:
    """Make up a week: 56 states and territories × 16 offence groups, sparse and unequal."""
    generator = np.random.default_rng(seed)
    rows, columns = generator.gamma(0.4, 1, 56), generator.gamma(0.6, 1, 16)
    expected = np.outer(rows, columns)
    return pd.DataFrame(generator.poisson(expected * mean / expected.mean()))


TABLES = hnp.arrays(
    np.int64,
    st.tuples(st.integers(1, 7), st.integers(1, 6)),
    elements=st.one_of(st.just(0), st.integers(0, 6), st.integers(0, 60)),
).map(pd.DataFrame)


@given(TABLES, st.sampled_from([2, 3, 5, 11]))
@settings(max_examples=120)
def test_no_small_cell_can_be_worked_out(table: pd.DataFrame, threshold: int) -> None:
    shown = suppress_table(table, threshold)
    assert_true(table, shown)
    assert_safe(table, shown)


@given(TABLES.filter(lambda table: 1 not in table.shape), st.sampled_from([2, 5, 11]))
@settings(max_examples=80)
def test_nor_where_all_totals_are_known(table: pd.DataFrame, threshold: int) -> None:
    shown = suppress_table(table, threshold, totals_known=True)
    assert_true(table, shown)
    assert_safe(table, shown)
    assert (shown.labels[TOTAL].iloc[:-1] == table.sum(axis="columns").astype(str)).all()
    assert (shown.labels.loc[TOTAL].iloc[:-1] == table.sum().astype(str)).all()


@given(st.lists(st.integers(0, 40), max_size=12), st.sampled_from([2, 5, 11]))
@settings(max_examples=80)
def test_nor_in_a_list(counts: list[int], threshold: int) -> None:
    shown = suppress_list(pd.Series(counts, dtype="int64"), threshold)
    assert_safe(pd.DataFrame(counts), shown)
    assert shown.labels.shape == (len(counts) + 1, 1)
    for count, label in zip([*counts, sum(counts)], shown.labels.iloc[:, 0], strict=True):
        low, high = bounds_of(label)
        assert low <= count <= (np.inf if high is None else high)


@pytest.mark.parametrize("mean", [0.2, 2])
@pytest.mark.parametrize("keep", [False, True])
def test_a_national_week(mean: float, keep: bool) -> None:
    table = national(mean)
    start = process_time()
    shown = suppress_table(table, totals_known=keep)
    assert process_time() - start < 3  # a guard against another order of magnitude, not a benchmark
    assert_true(table, shown)
    assert_safe(table, shown, most=25)


@pytest.mark.slow
@pytest.mark.parametrize("mean", [0.2, 0.5, 2, 8, 30])
@pytest.mark.parametrize("keep", [False, True])
def test_every_cell_of_a_national_week(mean: float, keep: bool) -> None:
    table = national(mean, seed=int(10 * mean))
    assert_safe(table, suppress_table(table, totals_known=keep))


def test_the_attacker_finds_what_primary_suppression_alone_gives_away() -> None:
    # The test's own test: with every total shown, the small cell of each row and column follows by subtraction.
    table = table_of([[3, 20], [9, 8]])
    bare = suppress_table(table, threshold=1)
    labels = bare.labels.copy()
    labels.iloc[0, 0] = "1–4"
    primary = labels == "1–4"
    naive = Suppressed(labels, bare.values, primary, bare.complementary, 5)
    assert provable_ranges(naive)[0, 0] == (3, 3)
    with pytest.raises(AssertionError):
        assert_safe(table, naive)


def test_the_smallest_cells_are_hidden_first_and_totals_last() -> None:
    shown = suppress_table(table_of([[3, 20, 70], [9, 30, 80], [40, 50, 90]]))
    assert shown.labels.to_numpy().tolist() == [
        ["1–4", "5+", "70", "93"],
        ["5+", "5+", "80", "119"],
        ["40", "50", "90", "180"],
        ["52", "100", "240", "392"],
    ]
    assert shown.primary.sum().sum() == 1
    assert shown.complementary.sum().sum() == 3


def test_a_row_with_nothing_else_to_hide_hides_its_total_behind_the_same_range() -> None:
    shown = suppress_table(table_of([[3, 0, 0]]))
    assert shown.labels.to_numpy().tolist() == [["1–4", "0", "0", "1–4"]] * 2
    assert shown.complementary.to_numpy().tolist() == [[False, False, False, True], [True, False, False, True]]
    two = suppress_table(table_of([[1, 2, 0], [2, 1, 0], [9, 9, 9]]))
    assert two.labels[TOTAL].tolist() == ["2–8", "2–8", "19+", "33"]


def test_a_row_whose_total_is_known_is_withheld_and_others_with_it() -> None:
    table = table_of([[3, 0, 0], [20, 30, 12], [25, 0, 9], [6, 2, 0]])
    shown = suppress_table(table, totals_known=True)
    assert shown.labels.iloc[0].tolist() == [WITHHELD] * 3 + ["3"]
    assert shown.labels.iloc[1].tolist() == ["5+", "5+", "12", "62"]  # they balance the last row's 6 and 2
    assert shown.labels.iloc[-1].tolist() == ["54", "32", "21", "107"]
    for line in ([[3], [4]], [[3, 4]]):
        with pytest.raises(ValueError, match="one row or column"):
            suppress_table(table_of(line), totals_known=True)


def test_nothing_small_nothing_hidden() -> None:
    table = table_of([[0, 12], [5, 0]])
    shown = suppress_table(table)
    assert not shown.hidden.any(axis=None)
    assert shown.labels.iloc[-1].tolist() == ["5", "12", "17"]
    assert not suppress_table(table_of([[1, 2], [3, 4]]), threshold=1).hidden.any(axis=None)
    assert (suppress_table(table_of([[0, 0], [0, 0]])).labels == "0").all(axis=None)


def test_a_list() -> None:
    assert suppress_list(pd.Series([3, 20, 0, 9], name="declined")).labels["declined"].tolist() == [
        *("1–4", "20", "0", "5+"),
        "32",
    ]
    assert suppress_list(pd.Series([3, 0])).labels["count"].tolist() == ["1–4", "0", "1–4"]
    assert suppress_list(pd.Series([1, 1, 30])).labels["count"].tolist() == ["1–4", "1–4", "5+", "32"]
    assert suppress_list(pd.Series([], dtype=int)).labels["count"].tolist() == ["0"]


def test_the_same_table_gives_the_same_result() -> None:
    table = national(1)
    first, second = suppress_table(table), suppress_table(table)
    pd.testing.assert_frame_equal(first.labels, second.labels)


def test_no_row_or_no_column_is_a_table_of_totals() -> None:
    assert suppress_table(pd.DataFrame(np.zeros((0, 2), dtype=int))).labels.to_numpy().tolist() == [["0", "0", "0"]]
    assert suppress_table(pd.DataFrame(index=["TX"])).labels.to_numpy().tolist() == [["0"], ["0"]]


@pytest.mark.parametrize("cell", [-1, 2.5, np.nan, np.inf])
def test_what_is_no_count_stops(cell: float) -> None:
    with pytest.raises(ValueError, match="whole numbers of 0 or more"):
        suppress_table(table_of([[3, 4]]).astype(float).replace(3.0, cell))
    with pytest.raises(ValueError, match="threshold"):
        suppress_list(pd.Series([1]), threshold=0)
