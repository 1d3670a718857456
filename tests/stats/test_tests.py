"""The one test of a change: against scipy, against published cases, and against itself turned round."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.stats import tests
from analysis.stats.tests import adjust_for_many, pooled_dispersion, ratio_interval, two_sided, up_to, usual_range

COUNTS = st.integers(0, 300)
SHARES = st.floats(0.02, 0.98)
DISPERSIONS = st.one_of(st.just(1.0), st.floats(1.01, 6))
EXPOSURES = st.floats(0.5, 50)


# The law -------------------------------------------------------------------------------------------------------------


@given(COUNTS, COUNTS, SHARES, st.floats(1.01, 8))
def test_it_is_the_binomial_or_beta_binomial_law_of_scipy(count: int, before: int, share: float, phi: float) -> None:
    n = count + before
    a, b = n * share / (phi - 1), n * (1 - share) / (phi - 1)
    expected = stats.betabinom.cdf(count, n, a, b) if n else 1.0
    assert float(up_to(count, n, share, phi)) == pytest.approx(expected, rel=1e-7, abs=1e-9)
    assert float(up_to(count, n, share, 1)) == pytest.approx(stats.binom.cdf(count, n, share))


def test_its_mean_and_variance_are_those_of_two_counts_of_that_dispersion() -> None:
    """Given the sum n of two negative binomial counts, variance = binomial variance × (a + b + n) / (a + b + 1)."""
    n, share, phi = 60, 0.3, 2.5
    p = np.diff(up_to(np.arange(-1, n + 1), n, share, phi))
    k = np.arange(n + 1)
    ab = n / (phi - 1)
    assert (k * p).sum() == pytest.approx(n * share)
    assert ((k - n * share) ** 2 * p).sum() == pytest.approx(n * share * (1 - share) * (ab + n) / (ab + 1))


def test_many_cells_at_once_are_each_cell_alone() -> None:
    rng = np.random.default_rng(1)
    count, before = rng.poisson([0.3, 4, 40, 400], (50, 4)), rng.poisson([2, 30, 300, 3000], (50, 4))
    share, phi = rng.uniform(0.05, 0.4, (50, 4)), rng.choice([1, 1.0005, 1.5, 4], (50, 4))
    together = two_sided(count, before, share, phi)
    each = [two_sided(*cell) for cell in zip(count.flat, before.flat, share.flat, phi.flat, strict=True)]
    assert together.ravel() == pytest.approx(np.array(each), rel=1e-9, abs=1e-15)


@given(COUNTS, COUNTS, SHARES, DISPERSIONS)
def test_turning_the_comparison_round_changes_nothing(count: int, before: int, share: float, phi: float) -> None:
    there, back = two_sided(count, before, share, phi), two_sided(before, count, 1 - share, phi)
    assert float(there) == pytest.approx(float(back), rel=1e-6)
    assert 0 <= there <= 1
    plain = two_sided(count, before, share, 1)  # counts that vary more need a larger difference
    assert there >= plain - 1e-9 or plain > 0.2  # near the middle, two discrete laws may cross


# The interval --------------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(COUNTS, COUNTS, EXPOSURES, EXPOSURES, DISPERSIONS, st.floats(0.01, 0.99))
def test_the_interval_holds_the_ratios_that_the_test_does_not_reject(
    count: int, before: int, exposure: float, exposure_before: float, phi: float, where: float
) -> None:
    low, high = (float(end[0]) for end in ratio_interval(count, before, exposure, exposure_before, phi))
    if count + before == 0:
        assert np.isnan([low, high]).all()
        return
    assert 0 <= low < high

    def p(ratio: float) -> float:
        return float(two_sided(count, before, ratio * exposure / (ratio * exposure + exposure_before), phi))

    inside = low + where * (high - low) if np.isfinite(high) else low / where
    assert p(inside) >= 0.05 - 1e-6
    if low > 0:
        assert p(low * 0.99) < 0.05
    if np.isfinite(high):
        assert p(high * 1.01) < 0.05
    # It holds the ratio found, and turns round with the comparison.
    assert low <= (count / exposure / before * exposure_before if before else np.inf) <= high
    back_low, back_high = (float(end[0]) for end in ratio_interval(before, count, exposure_before, exposure, phi))
    assert low == pytest.approx(1 / back_high if back_high else np.inf, rel=1e-5)
    assert back_low == pytest.approx(1 / high if high else np.inf, rel=1e-5)


def test_none_before_leaves_the_ratio_unlimited_and_none_now_at_zero() -> None:
    share = 0.025 ** (1 / 7)  # Clopper-Pearson's lower limit of 7 of 7
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low, high = ratio_interval([7, 0], [0, 7], 1, 1)
    assert (low[0], high[0]) == (pytest.approx(share / (1 - share)), np.inf)
    assert (low[1], high[1]) == (0, pytest.approx((1 - share) / share))
    low, high = ratio_interval(45, 64, 1, 1)  # the first two reports of 2017 without Travis County
    assert (round(float(low[0]), 2), round(float(high[0]), 2)) == (0.47, 1.05)


# What would be usual -------------------------------------------------------------------------------------------------
@settings(max_examples=25)
@given(COUNTS, st.floats(1, 500), st.floats(1, 500), DISPERSIONS)
def test_a_count_outside_the_usual_range_is_one_that_the_test_calls_unusual(
    before: int, exposure: float, exposure_before: float, phi: float
) -> None:
    low, high = (int(end[0]) for end in usual_range(before, exposure, exposure_before, phi))
    around = np.arange(max(0, low - 3), high + 4)
    p = two_sided(around, before, exposure / (exposure + exposure_before), phi)
    assert (((low <= around) & (around <= high)) == (p >= 0.05)).all()


# Many cells ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_adjusting_never_helps_and_keeps_the_order(p: list[float]) -> None:
    adjusted = adjust_for_many(p)
    assert ((adjusted >= np.array(p) - 1e-12) & (adjusted <= 1)).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= -1e-12).all()
    with_gaps = adjust_for_many([np.nan, *p, np.nan])  # what was not tested stays missing and does not count
    assert np.isnan(with_gaps[[0, -1]]).all()
    assert with_gaps[1:-1] == pytest.approx(adjusted)
    assert np.isnan(adjust_for_many([np.nan, np.nan])).all()
    assert len(adjust_for_many([])) == 0


@pytest.mark.parametrize(
    ("now", "expected", "p_adjusted", "blocked_by", "said"),
    [
        (60, 30, 0.001, "", "higher"),
        (30, 60, 0.05, "", "lower"),  # at most 0.05, so 0.05 too
        (30, 60, 0.0501, "", "no clear change"),
        (35, 30, 0.01, "", "higher"),  # a difference of five is enough ...
        (34.9, 30, 0.01, "", "no clear change"),  # ... and of less is not
        (2, 6.9, 0.01, "", "no clear change"),
        (47, 206, 1e-20, "Travis County policy takes effect", "no direction named: Travis County policy takes effect"),
        (60, 30, np.nan, "", ""),
        (60, 30, np.nan, "Form replaced", ""),  # not tested: there is no direction to withhold
        (8, 0, 0.01, "", "higher"),
        (0, 8, 0.01, "", "lower"),
    ],
)
def test_a_direction_is_named_only_by_the_rules(
    now: float, expected: float, p_adjusted: float, blocked_by: str, said: str
) -> None:
    assert tests.direction(now, expected, p_adjusted, blocked_by) == said


# How much counts vary ------------------------------------------------------------------------------------------------

MEANS = np.array([60, 20, 8, *[3.0] * 7, *[0.5] * 40])


def of_law(phi: float, weeks: int = 37, trials: int = 60) -> list[np.ndarray]:
    """Draw weeks × cells of negative binomial counts with this variance over mean; 1 = Poisson."""
    rng = np.random.default_rng(5)
    shape = (weeks, len(MEANS))
    if phi == 1:
        return [rng.poisson(MEANS, shape) for _ in range(trials)]
    return [rng.negative_binomial(MEANS / (phi - 1), 1 / phi, shape) for _ in range(trials)]


@pytest.mark.parametrize("phi", [1.0, 2.0, 3.0])
def test_the_dispersion_of_a_known_law_is_found_however_sparse_the_cells(phi: float) -> None:
    found = np.mean([pooled_dispersion(x, np.ones(x.shape)) for x in of_law(phi)], axis=0)
    assert found[:3] == pytest.approx([phi] * 3, rel=0.12)
    assert found[10:].mean() == pytest.approx(phi, rel=0.12)
    assert (found >= 1).all()


def test_a_week_that_moves_every_event_counts_more_in_larger_cells_and_a_slow_change_does_not() -> None:
    rng = np.random.default_rng(6)
    shape = 37, len(MEANS)
    # The factor's variance is 0.04, so that phi = 1 + 0.04 × mean.
    weeks = [rng.poisson(MEANS * rng.gamma(25, 1 / 25, shape)) for _ in range(60)]
    found = np.mean([pooled_dispersion(x, np.ones(shape)) for x in weeks], axis=0)
    assert found[:2] == pytest.approx([1 + 0.04 * 60, 1 + 0.04 * 20], rel=0.2)
    assert found[10:].mean() == pytest.approx(1.02, abs=0.08)
    exposure = np.tile(rng.uniform(50, 150, (37, 1)), len(MEANS))
    means = MEANS * np.linspace(1.3, 0.7, 37)[:, None] * exposure / 100
    assert np.mean([pooled_dispersion(rng.poisson(means), exposure) for _ in range(30)], axis=0).max() < 1.25


def test_without_two_weeks_or_two_declines_it_is_one() -> None:
    for counts in (np.zeros((0, 3)), np.ones((1, 3)), np.zeros((20, 3)), np.eye(20)[:, :3]):
        assert pooled_dispersion(counts, np.ones(counts.shape)).tolist() == [1, 1, 1]
    assert pooled_dispersion(np.ones((20, 2)), np.zeros((20, 2))).tolist() == [1, 1]
    assert len(pooled_dispersion(np.zeros((20, 0)), np.zeros((20, 0)))) == 0


# Where nothing can be said -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "before", "exposure", "exposure_before"), [(0, 0, 1, 1), (3, 2, 0, 1), (3, 2, 1, 0), (3, 2, np.nan, 1)]
)
def test_where_nothing_can_be_said_nothing_is(count: int, before: int, exposure: float, exposure_before: float) -> None:
    assert np.isnan(ratio_interval(count, before, exposure, exposure_before)).all()
    if exposure != exposure_before:
        assert np.isnan(usual_range(before, exposure, exposure_before)).all()
    none = np.array([])
    assert [len(end) for end in (*ratio_interval(none, none, none, none), *usual_range(none, none, none))] == [0] * 4
