"""What every interval must hold: it contains the estimate, widens with the level and shrinks with more data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.stats.changes import ratio_test
from analysis.stats.funnels import beyond_chance, exact_limits
from analysis.stats.intervals import Method, count_interval, share_interval
from analysis.stats.mix import gamma_interval
from analysis.stats.shrinkage import BetaPrior, shrunken_shares

METHODS: tuple[Method, ...] = ("wilson", "jeffreys", "exact")
SHARES = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize("method", METHODS)
@given(SHARES)
def test_share(method: Method, counts: tuple[int, int]) -> None:
    x, n = counts
    low, high = (float(v) for v in share_interval(x, n, 0.9, method))
    wide_low, wide_high = (float(v) for v in share_interval(x, n, 0.99, method))
    assert 0 <= wide_low <= low <= x / n + 1e-12
    assert x / n - 1e-12 <= high <= wide_high <= 1
    more_low, more_high = (float(v) for v in share_interval(4 * x, 4 * n, 0.9, method))
    assert more_high - more_low < high - low


@given(st.integers(0, 5000))
def test_count(count: int) -> None:
    low, high = (float(v) for v in count_interval(count, 0.9))
    wide_low, wide_high = (float(v) for v in count_interval(count, 0.99))
    assert 0 <= wide_low <= low <= count <= high <= wide_high
    more_low, more_high = (float(v) for v in count_interval(4 * count, 0.9))
    assert (more_high - more_low) / 4 < high - low


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.5, 50), st.floats(0.5, 50))
def test_ratio(now: int, before: int, exposure: float, exposure_before: float) -> None:
    found = ratio_test(now, before, exposure, exposure_before, 0.9)
    if now + before == 0:
        assert np.isnan(found).all()
        return
    wide = ratio_test(now, before, exposure, exposure_before, 0.99)
    assert 0 <= wide.low <= found.low <= found.ratio * (1 + 1e-9)
    assert found.ratio <= found.high * (1 + 1e-9) <= wide.high * (1 + 1e-6)
    assert 0 <= found.p <= 1
    assert found.p_mid <= found.p + 1e-9


@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0.01, 5)), min_size=1, max_size=8))
def test_weighted_sum_of_counts(strata: list[tuple[int, float]]) -> None:
    counts, weights = (np.array(values, dtype=float) for values in zip(*strata, strict=True))
    y, v, w = (weights * counts).sum(), (weights**2 * counts).sum(), weights.max()
    low, high = (float(limit) for limit in gamma_interval(y, v, w, 0.9))
    wide_low, wide_high = (float(limit) for limit in gamma_interval(y, v, w, 0.99))
    assert 0 <= wide_low <= low <= y * (1 + 1e-9)
    assert y <= high * (1 + 1e-9) <= wide_high * (1 + 1e-6)
    # With one weight it is the exact Poisson interval of the sum.
    equal_low, equal_high = gamma_interval(counts.sum(), counts.sum(), 1.0)
    np.testing.assert_allclose([equal_low, equal_high], count_interval(counts.sum()), rtol=1e-9)


@given(st.floats(0.1, 5000))
def test_funnel(expected: float) -> None:
    low, high = (float(v) for v in exact_limits(expected, 0.95))
    wide_low, wide_high = (float(v) for v in exact_limits(expected, 0.998))
    assert 0 <= wide_low <= low <= 1 <= high <= wide_high
    more_low, more_high = (float(v) for v in exact_limits(4 * expected, 0.95))
    assert more_high - more_low < high - low


@given(SHARES, st.floats(0.1, 50), st.floats(0.1, 50))
def test_credible(counts: tuple[int, int], a: float, b: float) -> None:
    x, n = counts
    place = pd.DataFrame({"declined": [x], "issued": [n]})
    narrow, wide = (shrunken_shares(place, level, BetaPrior(a, b)).iloc[0] for level in (0.9, 0.99))
    assert wide["low"] <= narrow["low"] <= narrow["high"] <= wide["high"]
    assert min(x / n, a / (a + b)) - 1e-9 <= narrow["shrunken"] <= max(x / n, a / (a + b)) + 1e-9


def test_no_declines_where_few_are_expected_are_not_beyond_chance() -> None:
    observed, expected = [0, 0, 0, 66, 22, 0], [0.1, 6.9, 7.0, 22.6, 22.6, 0.0]
    assert beyond_chance(observed, expected).tolist() == [False, False, True, True, False, False]
    low, _ = exact_limits([0.1], 0.998)
    assert low[0] > 0, "though the smooth limit lies above zero"
