"""Intervals against published values, against their own definitions and at the ends."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.stats.intervals import Method, count_interval, share_interval

METHODS: tuple[Method, ...] = ("wilson", "jeffreys", "exact")
LEVELS = st.floats(0.5, 0.999)


@st.composite
def cases_of_trials(draw: st.DrawFn) -> tuple[int, int]:
    trials = draw(st.integers(1, 3000))
    return draw(st.integers(0, trials)), trials


@pytest.mark.parametrize(
    ("method", "successes", "trials", "low", "high", "tolerance"),
    [
        ("wilson", 81, 263, 0.2553, 0.3662, 5e-5),  # Newcombe 1998, table I, method 3
        ("wilson", 15, 148, 0.0624, 0.1605, 5e-5),
        ("wilson", 0, 20, 0.0, 0.1611, 5e-5),
        ("exact", 7, 50, 0.05819170033997342, 0.26739600249700846, 1e-10),  # the documentation of scipy
        ("jeffreys", 18, 20, 0.716146742695748, 0.97862751197755, 1e-6),  # the next six: R's binom.confint
        ("exact", 18, 20, 0.6830172859809176, 0.9876514728297052, 1e-6),
        ("wilson", 18, 20, 0.6989663547715128, 0.972133518786232, 1e-6),
        ("jeffreys", 4, 20, 0.07152005247873425, 0.4082257625169254, 1e-6),
        ("exact", 4, 200, 0.005475565879556443, 0.05041360908989634, 1e-6),
        ("wilson", 4, 200, 0.00780442641634947, 0.05028708690582643, 1e-6),
        ("exact", 682, 925, 0.7076682641, 0.7654065582, 1e-6),  # R's example of Mendel's peas
    ],
)
def test_share_intervals_are_the_published_ones(
    method: Method, successes: int, trials: int, low: float, high: float, tolerance: float
) -> None:
    assert share_interval(successes, trials, method=method) == (
        pytest.approx(low, abs=tolerance),
        pytest.approx(high, abs=tolerance),
    )


def test_travis_county_after_the_reset() -> None:
    """11 of 41 in the six weeks from 1 February 2017: 27%, 16% to 42%."""
    low, high = share_interval(11, 41)
    assert (round(100 * 11 / 41), round(100 * float(low)), round(100 * float(high))) == (27, 16, 42)


@given(cases_of_trials(), LEVELS)
def test_wilson_is_its_own_formula(case: tuple[int, int], level: float) -> None:
    x, n = case
    z = stats.norm.ppf((1 + level) / 2)
    centre, spread = x + z * z / 2, z * math.sqrt(x * (n - x) / n + z * z / 4)
    low, high = share_interval(x, n, level)
    assert low == pytest.approx((centre - spread) / (n + z * z), abs=1e-9)
    assert high == pytest.approx((centre + spread) / (n + z * z), abs=1e-9)


@given(cases_of_trials(), LEVELS)
def test_exact_limits_leave_half_the_error_on_each_side(case: tuple[int, int], level: float) -> None:
    x, n = case
    low, high = share_interval(x, n, level, "exact")
    if x > 0:
        assert stats.binom.sf(x - 1, n, low) == pytest.approx((1 - level) / 2, rel=1e-6)
    if x < n:
        assert stats.binom.cdf(x, n, high) == pytest.approx((1 - level) / 2, rel=1e-6)


@given(cases_of_trials(), st.sampled_from(METHODS))
def test_the_share_lies_in_its_interval_and_the_mirrored_share_in_the_mirrored_one(
    case: tuple[int, int], method: Method
) -> None:
    x, n = case
    low, high = share_interval(x, n, method=method)
    assert 0 <= low <= x / n <= high <= 1
    other_low, other_high = share_interval(n - x, n, method=method)
    assert (other_low, other_high) == (pytest.approx(1 - high, abs=1e-9), pytest.approx(1 - low, abs=1e-9))


@pytest.mark.parametrize("method", METHODS)
def test_none_and_all_end_at_the_end(method: Method) -> None:
    low, high = share_interval([0, 5], [5, 5], method=method)
    assert (low[0], high[1]) == (0, 1)
    assert 0 < high[0] < 1
    assert 0 < low[1] < 1


@pytest.mark.parametrize("method", METHODS)
def test_no_trials_have_no_interval_and_leave_the_others_alone(method: Method) -> None:
    low, high = share_interval(np.array([0, 4]), np.array([0, 20]), method=method)
    assert np.isnan([low[0], high[0]]).all()
    assert (low[1], high[1]) == share_interval(4, 20, method=method)


@pytest.mark.parametrize(("successes", "trials"), [(5, 4), (-1, 4), (1, 0)])
def test_impossible_shares_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="between 0 and the number of trials"):
        share_interval(successes, trials)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        (0, 0.0, 3.68887945),  # "0 declined: up to 3.7"; the list agrees with R's epitools
        (1, 0.0253178, 5.57164339),
        (5, 1.62348639, 11.66833208),
        (10, 4.79538859, 18.39035842),
        (47, 34.53383217, 62.50003634),
        (206, 178.828016, 236.13385399),
        (15, 400 * 0.0209884653319583, 400 * 0.0618505471787146),  # R's exactci, per 400
    ],
)
def test_count_intervals_are_the_published_ones(count: int, low: float, high: float) -> None:
    assert count_interval(count) == (pytest.approx(low, abs=1e-5), pytest.approx(high, abs=1e-5))


@given(st.integers(0, 5000), LEVELS)
def test_count_limits_leave_half_the_error_on_each_side(count: int, level: float) -> None:
    low, high = count_interval(count, level)
    assert 0 <= low <= count < high
    assert stats.poisson.cdf(count, high) == pytest.approx((1 - level) / 2, rel=1e-6)
    if count:
        assert stats.poisson.sf(count - 1, low) == pytest.approx((1 - level) / 2, rel=1e-6)


def test_a_missing_count_has_no_interval() -> None:
    low, high = count_interval([0, np.nan, 47])
    assert np.isnan([low[1], high[1]]).all()
    assert not np.isnan([*low[[0, 2]], *high[[0, 2]]]).any()


@given(st.integers(0, 500), st.floats(0.5, 0.98))
def test_more_confidence_is_wider(count: int, level: float) -> None:
    for interval in (lambda at: count_interval(count, at), lambda at: share_interval(count, 500, at)):
        low, high = interval(level)
        wider_low, wider_high = interval(level + 0.01)
        assert wider_low <= low <= high <= wider_high
