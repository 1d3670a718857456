"""Tests of change: the figures of 2017, published cases, and the rules for naming a direction."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.stats.changes import RatioTest, adjust_for_many, compare, direction, ratio_test, too_few

COUNTS = st.integers(0, 400)
# The 15 p-values of Benjamini and Hochberg's worked example (1995) and what they become.
BH_GIVEN = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
BH_GIVEN += [0.4262, 0.5719, 0.6528, 0.7590, 1.0]
BH_ADJUSTED = [0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.063857, 0.063857, 0.0645, 0.0765, 0.486]
BH_ADJUSTED += [0.581182, 0.714875, 0.753231, 0.813214, 1.0]


def places(**counts: tuple[int, int]) -> pd.DataFrame:
    """Give one row a place: declined, issued."""
    return pd.DataFrame.from_dict(counts, orient="index", columns=["declined", "issued"])


def test_the_first_two_reports_differ_beyond_doubt() -> None:
    test = ratio_test(47, 206)
    assert test.p == pytest.approx(6.371917565e-25, rel=1e-6)
    assert test.p < 1e-20
    assert test.ratio == pytest.approx(47 / 206)


def test_outside_travis_county_they_do_not() -> None:
    test = ratio_test(45, 64)
    assert test.p == pytest.approx(0.08422157, abs=1e-6)
    assert (round(test.ratio, 2), round(test.low, 2), round(test.high, 2)) == (0.70, 0.47, 1.05)
    share = 0.319380, 0.511166  # exact limits of 45 of 109
    assert (test.low, test.high) == (
        pytest.approx(share[0] / (1 - share[0]), rel=1e-4),
        pytest.approx(share[1] / (1 - share[1]), rel=1e-4),
    )
    # The mid-p leaves out half of the outcome seen, 45 of 109.
    assert test.p_mid == pytest.approx(0.08422157 - stats.binom.pmf(45, 109, 0.5) / 2, abs=1e-6)


def test_counts_over_different_exposures_agree_with_the_published_example() -> None:
    """Gu and others (2008): 60 in 51,477.5 person-years against 30 in 54,308.7 (values of R's exactci)."""
    test = ratio_test(60, 30, 51477.5, 54308.7)
    assert test.ratio == pytest.approx(2.10999757175465, rel=1e-12)
    assert test.p == pytest.approx(0.000675182658686321, rel=1e-9)
    assert test.p_mid == pytest.approx(0.000557262406619052, rel=1e-6)


@pytest.mark.parametrize(
    ("count", "before", "exposure", "exposure_before"), [(0, 0, 1, 1), (3, 2, 0, 1), (3, 2, 1, 0), (0, 5, 1, 0)]
)
def test_where_nothing_can_be_said_nothing_is(count: int, before: int, exposure: float, exposure_before: float) -> None:
    assert np.isnan(ratio_test(count, before, exposure, exposure_before)).all()


def test_none_before_gives_an_unlimited_ratio_and_a_lower_limit() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        test = ratio_test(7, 0)
    share = 0.025 ** (1 / 7)  # Clopper-Pearson's lower limit of 7 of 7
    assert test == (
        np.inf,
        pytest.approx(share / (1 - share)),
        np.inf,
        pytest.approx(2 / 2**7),
        pytest.approx(1.5 / 2**7),
    )


def test_none_now_gives_a_ratio_of_zero_and_an_upper_limit() -> None:
    test = ratio_test(0, 7)
    share = 1 - 0.025 ** (1 / 7)
    assert test == (0, 0, pytest.approx(share / (1 - share)), pytest.approx(2 / 2**7), pytest.approx(1.5 / 2**7))


@given(COUNTS, COUNTS, st.floats(0.1, 50), st.floats(0.1, 50))
def test_the_test_is_the_binomial_one_and_its_ratio_lies_in_its_interval(
    count: int, before: int, exposure: float, exposure_before: float
) -> None:
    if count + before == 0:
        return
    test = ratio_test(count, before, exposure, exposure_before)
    p = stats.binomtest(count, count + before, exposure / (exposure + exposure_before)).pvalue
    assert test.p == pytest.approx(p, rel=1e-9, abs=1e-300)
    assert 0 <= test.p_mid <= test.p <= 1
    assert 0 <= test.low <= test.ratio <= test.high


@given(st.integers(1, 300), st.integers(1, 300), st.floats(0.5, 20))
def test_turning_the_comparison_round_turns_the_ratio_round(count: int, before: int, exposure: float) -> None:
    there, back = ratio_test(count, before, exposure, 1.0), ratio_test(before, count, 1.0, exposure)
    assert there.ratio == pytest.approx(1 / back.ratio, rel=1e-9)
    assert (there.low, there.high) == (pytest.approx(1 / back.high, rel=1e-6), pytest.approx(1 / back.low, rel=1e-6))
    assert there.p == pytest.approx(back.p, rel=1e-6)


def test_many_tests_are_adjusted_as_in_the_example_of_1995() -> None:
    adjusted = adjust_for_many(BH_GIVEN)
    assert adjusted == pytest.approx(BH_ADJUSTED, abs=1e-4)
    assert (adjusted <= 0.05).sum() == 4
    shuffled = np.random.default_rng(1).permutation(len(BH_GIVEN))
    assert adjust_for_many(np.array(BH_GIVEN)[shuffled]) == pytest.approx(adjusted[shuffled])


def test_what_was_not_tested_stays_missing_and_does_not_count() -> None:
    with_gaps = [np.nan, *BH_GIVEN[:8], np.nan, *BH_GIVEN[8:]]
    adjusted = adjust_for_many(with_gaps)
    assert np.isnan(adjusted[[0, 9]]).all()
    assert adjusted[~np.isnan(adjusted)] == pytest.approx(BH_ADJUSTED, abs=1e-4)
    assert np.isnan(adjust_for_many([np.nan, np.nan])).all()
    assert len(adjust_for_many([])) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_adjusting_never_helps_and_keeps_the_order(p: list[float]) -> None:
    adjusted = adjust_for_many(p)
    assert ((adjusted >= np.array(p) - 1e-12) & (adjusted <= 1)).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= -1e-12).all()


@pytest.mark.parametrize(
    ("count", "before", "exposure", "exposure_before", "expected"),
    [
        (2, 0, 100, 100, True),  # none expected, two seen
        (3, 0, 100, 100, False),  # three seen
        (0, 1, 100, 100, False),  # one expected
        (0, 1, 99, 100, True),  # 0.99 expected
        (0, 8, 10, 80, False),  # one expected out of eight weeks
        (2, 5, 10, 0, True),  # nothing can be expected
        (0, 0, 100, 100, True),
    ],
)
def test_too_few(count: int, before: int, exposure: float, exposure_before: float, expected: bool) -> None:
    assert bool(too_few(count, before, exposure, exposure_before)) is expected


def test_places_are_compared_by_declines_per_detainer() -> None:
    now = places(CA=(30, 100), NY=(2, 50), DC=(0, 0), TX=(0, 40))
    before = places(TX=(0, 30), CA=(10, 200), NY=(0, 60), DC=(1, 5))  # another order
    table = compare(now, before)
    assert list(table.index) == ["CA", "NY", "DC", "TX"]
    assert list(table["reason"]) == ["", "too few declines", "no detainers", "too few declines"]
    assert tuple(table.loc["CA", list(RatioTest._fields)]) == pytest.approx(ratio_test(30, 10, 100, 200))
    assert table.loc["CA", "ratio"] == pytest.approx(6)
    assert table.loc[["NY", "DC", "TX"], list(RatioTest._fields)].isna().all(axis=None)


def test_a_place_without_detainers_before_is_not_tested() -> None:
    assert list(compare(places(VI=(3, 3)), places(VI=(0, 0)))["reason"]) == ["no detainers"]


@pytest.mark.parametrize(
    ("now", "before", "ratio", "p_adjusted", "blocked_by", "expected"),
    [
        (60, 30, 2.0, 0.001, "", "higher"),
        (30, 60, 0.5, 0.05, "", "lower"),  # at most 0.05, so 0.05 too
        (30, 60, 0.5, 0.0501, "", "no clear change"),
        (35, 30, 1.2, 0.01, "", "higher"),  # a difference of five is enough ...
        (34.9, 30, 1.2, 0.01, "", "no clear change"),  # ... and of less is not
        (2, 6.9, 0.3, 0.01, "", "no clear change"),
        (47, 206, 0.23, 1e-20, "Travis County policy takes effect", "no direction named: Travis County policy"),
        (34, 30, 1.1, 0.6, "Form replaced", "no direction named: Form replaced"),
        (60, 30, np.nan, np.nan, "", ""),
        (60, 30, np.nan, np.nan, "Form replaced", ""),  # not tested: there is no direction to withhold
        (8, 0, np.inf, 0.01, "", "higher"),
        (0, 8, 0.0, 0.01, "", "lower"),
    ],
)
def test_a_direction_is_named_only_by_the_rules(
    now: float, before: float, ratio: float, p_adjusted: float, blocked_by: str, expected: str
) -> None:
    said = direction(now, before, ratio, p_adjusted, blocked_by)
    assert said.startswith(expected) if expected else said == ""
