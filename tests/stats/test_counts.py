"""Intervals of shares and counts: against published values, their own definitions, and at the ends."""

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


def test_published_shares_have_their_intervals() -> None:
    """Travis County after its reset, 11 of 41 in the six weeks from 1 February 2017: 27%, 16% to 42%.

    For zero declines of 4 detainers: up to 60 % with chance alone, more where counts vary more, never 92 %.
    """
    low, high = share_interval(11, 41)
    assert (round(100 * 11 / 41), round(100 * float(low)), round(100 * float(high))) == (27, 16, 42)
    assert share_interval([0, 0], [4, 4], [1, 2])[1].round(3).tolist() == [0.602, 0.842]


@settings(max_examples=30)
@given(CASES, st.one_of(st.just(1.0), st.floats(1, 8)))
def test_a_share_has_wilsons_interval_on_the_effective_number_which_widens_with_dispersion(
    case: tuple[int, int], phi: float
) -> None:
    x, n = case[0] / phi, case[1] / phi
    low, high = map(float, share_interval(*case, phi))
    if 0 < case[0] < case[1]:
        centre, spread = x + Z * Z / 2, Z * math.sqrt(x * (n - x) / n + Z * Z / 4)
        assert [low, high] == pytest.approx(
            [(centre - spread) / (n + Z * Z), (centre + spread) / (n + Z * Z)], abs=1e-9
        )
    wide_low, wide_high = share_interval(*case, phi * 1.5)
    assert (np.diff([0, wide_low, low, x / n, high, wide_high, 1]) >= -1e-12).all()
    other = share_interval(case[1] - case[0], case[1], phi)
    assert list(map(float, other)) == pytest.approx([1 - high, 1 - low], abs=1e-9)


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
