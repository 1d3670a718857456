"""Intervals of shares and counts: against published values, their own definitions, and at the ends."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.stats.counts import count_interval, share_interval, with_intervals

Z = stats.norm.ppf(0.975)
CASES = st.integers(1, 3000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


def test_travis_county_after_the_reset() -> None:
    """11 of 41 in the six weeks from 1 February 2017: 27%, 16% to 42%."""
    low, high = share_interval(11, 41)
    assert (round(100 * 11 / 41), round(100 * float(low)), round(100 * float(high))) == (27, 16, 42)


@settings(max_examples=40)
@given(CASES, st.one_of(st.just(1.0), st.floats(1, 8)))
def test_a_share_has_wilsons_interval_on_the_effective_number_which_widens_with_dispersion(
    case: tuple[int, int], phi: float
) -> None:
    x, n = case[0] / phi, case[1] / phi
    low, high = share_interval(*case, phi)
    assert 0 <= low <= x / n + 1e-12
    assert x / n - 1e-12 <= high <= 1
    if 0 < case[0] < case[1]:
        centre, spread = x + Z * Z / 2, Z * math.sqrt(x * (n - x) / n + Z * Z / 4)
        assert low == pytest.approx((centre - spread) / (n + Z * Z), abs=1e-9)
        assert high == pytest.approx((centre + spread) / (n + Z * Z), abs=1e-9)
    wide_low, wide_high = share_interval(*case, phi * 1.5)
    assert wide_low <= low + 1e-12
    assert high <= wide_high + 1e-12
    other = share_interval(case[1] - case[0], case[1], phi)
    assert other == (pytest.approx(1 - high, abs=1e-9), pytest.approx(1 - low, abs=1e-9))


def test_none_of_four_is_no_limit_to_speak_of() -> None:
    """For zero declines of 4 detainers: up to 60 % with chance alone, more where counts vary more, never 92 %."""
    assert share_interval([0, 0], [4, 4], [1, 2])[1].round(3).tolist() == [0.602, 0.842]


@pytest.mark.parametrize(("successes", "trials"), [(5, 4), (-1, 4), (1, 0)])
def test_impossible_shares_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="between 0 and the number of trials"):
        share_interval(successes, trials)


def test_a_share_and_its_interval_stand_beside_counts_and_no_trials_have_none() -> None:
    counts = pd.DataFrame({"declined": [47, 0, 0], "issued": [206, 20, 0]}, index=["CA", "TX", "VT"])
    table = with_intervals(counts, [2.0, 1.0, 3.0])
    assert table["share"].tolist() == pytest.approx([47 / 206, 0, np.nan], nan_ok=True)
    assert table.loc["CA", ["share_low", "share_high"]].tolist() == list(map(float, share_interval(47, 206, 2.0)))
    assert table.loc["VT", ["share_low", "share_high"]].isna().all()
    assert [len(end) for end in share_interval([], [])] == [0, 0]


@settings(max_examples=25)
@given(st.integers(0, 5000))
def test_count_limits_leave_half_the_error_on_each_side(count: int) -> None:
    low, high = count_interval(count)
    assert 0 <= low <= count < high
    assert stats.poisson.cdf(count, high) == pytest.approx(0.025, rel=1e-6)
    assert count == 0 or stats.poisson.sf(count - 1, low) == pytest.approx(0.025, rel=1e-6)
