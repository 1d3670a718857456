"""Intervals of shares and counts: against published values, their own definitions, and at the ends."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.stats.counts import count_interval, share_interval, with_intervals

LEVELS = st.floats(0.5, 0.999)
DISPERSIONS = st.one_of(st.just(1.0), st.floats(1, 8))


@st.composite
def cases_of_trials(draw: st.DrawFn) -> tuple[int, int]:
    trials = draw(st.integers(1, 3000))
    return draw(st.integers(0, trials)), trials


def test_travis_county_after_the_reset() -> None:
    """11 of 41 in the six weeks from 1 February 2017: 27%, 16% to 42%."""
    low, high = share_interval(11, 41)
    assert (round(100 * 11 / 41), round(100 * float(low)), round(100 * float(high))) == (27, 16, 42)


@given(cases_of_trials(), DISPERSIONS, LEVELS)
def test_a_share_has_wilsons_interval_on_the_effective_number(case: tuple[int, int], phi: float, level: float) -> None:
    x, n = case[0] / phi, case[1] / phi
    if case[0] in (0, case[1]):
        return
    z = stats.norm.ppf((1 + level) / 2)
    centre, spread = x + z * z / 2, z * math.sqrt(x * (n - x) / n + z * z / 4)
    low, high = share_interval(*case, phi, level)
    assert low == pytest.approx((centre - spread) / (n + z * z), abs=1e-9)
    assert high == pytest.approx((centre + spread) / (n + z * z), abs=1e-9)


def test_none_of_four_is_no_limit_to_speak_of() -> None:
    """For zero declines of 4 detainers: up to 60 % with chance alone, more where counts vary more, never 92 %."""
    high = share_interval([0, 0], [4, 4], [1, 2])[1]
    assert high.round(3).tolist() == [0.602, 0.842]


@given(cases_of_trials(), DISPERSIONS, st.floats(0.5, 0.98))
def test_the_share_lies_in_its_interval_which_widens_with_level_and_dispersion(
    case: tuple[int, int], phi: float, level: float
) -> None:
    x, n = case
    low, high = share_interval(x, n, phi, level)
    assert 0 <= low <= x / n + 1e-12
    assert x / n - 1e-12 <= high <= 1
    for wide_low, wide_high in (share_interval(x, n, phi, level + 0.01), share_interval(x, n, phi * 1.5, level)):
        assert wide_low <= low + 1e-12
        assert high <= wide_high + 1e-12
    other_low, other_high = share_interval(n - x, n, phi, level)
    assert (other_low, other_high) == (pytest.approx(1 - high, abs=1e-9), pytest.approx(1 - low, abs=1e-9))


def test_no_trials_have_no_interval_and_leave_the_others_alone() -> None:
    low, high = share_interval(np.array([0, 4]), np.array([0, 20]), np.array([3, 1]))
    assert np.isnan([low[0], high[0]]).all()
    assert (low[1], high[1]) == share_interval(4, 20)
    assert [len(end) for end in share_interval([], [])] == [0, 0]


@pytest.mark.parametrize(("successes", "trials"), [(5, 4), (-1, 4), (1, 0)])
def test_impossible_shares_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="between 0 and the number of trials"):
        share_interval(successes, trials)


def test_a_share_and_its_interval_stand_beside_counts() -> None:
    counts = pd.DataFrame({"declined": [47, 0, 0], "issued": [206, 20, 0]}, index=["CA", "TX", "VT"])
    table = with_intervals(counts, [2.0, 1.0, 1.0])
    assert table["share"].tolist() == pytest.approx([47 / 206, 0, np.nan], nan_ok=True)
    low, high = share_interval(47, 206, 2.0)
    assert table.loc["CA", ["share_low", "share_high"]].tolist() == pytest.approx([float(low), float(high)])
    assert table.loc["VT", ["share_low", "share_high"]].isna().all()


@given(st.integers(0, 5000), LEVELS)
def test_count_limits_leave_half_the_error_on_each_side(count: int, level: float) -> None:
    low, high = count_interval(count, level)
    assert 0 <= low <= count < high
    assert stats.poisson.cdf(count, high) == pytest.approx((1 - level) / 2, rel=1e-6)
    if count:
        assert stats.poisson.sf(count - 1, low) == pytest.approx((1 - level) / 2, rel=1e-6)
