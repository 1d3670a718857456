"""EARS, the trailing test, CUSUM and Farrington's method beyond their reference cases; too little data; bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM

from analysis.errors import InputError
from analysis.stats.baselines import (
    SHORTEST_SERIES,
    EarsMethod,
    cusum,
    ears,
    enough_cases,
    too_few_weeks,
    unbroken,
    week_baselines,
)
from analysis.stats.changes import ratio_test
from analysis.stats.farrington import FarringtonSettings, farrington, outbreak_weights, prediction_limits
from analysis.stats.reasons import Reason
from analysis.stats.trailing import pooled_dispersion, trailing_test

METHODS: tuple[EarsMethod, ...] = ("C1", "C2", "C3")
SATURDAYS = pd.date_range("2020-01-04", periods=200, freq="7D", name="week")


def series(weeks: int, mean: float = 6, seed: int = 1, cells: int = 3) -> pd.DataFrame:
    counts = np.random.default_rng(seed).poisson(mean, (weeks, cells)).astype(float)
    return pd.DataFrame(counts, index=SATURDAYS[:weeks], columns=[f"cell {n}" for n in range(cells)])


# A series ------------------------------------------------------------------------------------------------------------


def test_a_week_that_was_not_given_is_missing_not_zero() -> None:
    laid = unbroken(series(9).drop(SATURDAYS[4]).iloc[::-1])
    assert laid.index.tolist() == SATURDAYS[:9].tolist()
    assert laid.iloc[4].isna().all()
    assert laid.drop(SATURDAYS[4]).notna().all(axis=None)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (["2020-01-04", "2020-01-04"], "2020-01-04"),
        (["2020-01-04", "2020-01-05"], "2020-01-05"),
        ([], "no week"),
    ],
)
def test_weeks_that_do_not_fit_stop_with_a_sentence(index: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        unbroken(pd.Series(range(len(index)), index=pd.DatetimeIndex(index)))


def test_negative_counts_and_cubes_are_no_counts() -> None:
    with pytest.raises(ValueError, match="negative"):
        ears([1, 2, -1])
    with pytest.raises(ValueError, match="weeks × cells"):
        ears(np.zeros((2, 2, 2)))


def test_the_sentence_says_how_many_weeks_are_missing() -> None:
    assert too_few_weeks(8) == f"8 weeks of data: no baseline before {SHORTEST_SERIES - 8} more."
    assert too_few_weeks(1).startswith("1 week of data")
    assert too_few_weeks(SHORTEST_SERIES) == ""


# EARS ----------------------------------------------------------------------------------------------------------------


def test_ears_says_nothing_before_its_baseline_is_full_or_across_a_missing_week() -> None:
    counts = series(30)
    for method, first in zip(METHODS, (7, 9, 11), strict=True):
        chart = ears(counts, method)
        assert np.isnan(chart.statistic[:first]).all()
        assert np.isfinite(chart.statistic[first:]).all()
        assert not chart.flag[:first].any()
    counts.iloc[15, 0] = np.nan
    chart = ears(counts, "C1")
    assert np.flatnonzero(np.isnan(chart.statistic[7:, 0])).tolist() == list(range(8, 16))
    assert np.isfinite(chart.statistic[7:, 1]).all()


def test_many_cells_at_once_are_each_cell_alone() -> None:
    counts = series(25, cells=4)
    for method in METHODS:
        together = ears(counts, method)
        for n, name in enumerate(counts):
            alone = ears(counts[name], method)
            np.testing.assert_allclose(together.upper[:, [n]], alone.upper)


def test_c3_adds_what_the_two_weeks_before_exceeded() -> None:
    counts = np.array([4, 6, 5, 4, 6, 5, 5, 5, 5, 6.2, 6.2, 7.0])
    c2 = ears(counts, "C2").statistic[:, 0]
    chart = ears(counts, "C3")
    assert chart.statistic[-1, 0] == pytest.approx(np.maximum(c2[-3:] - 1, 0).sum())
    # The bound is the count at which the statistic reaches its limit.
    counts[-1] = chart.upper[-1, 0]
    assert ears(counts, "C3").statistic[-1, 0] == pytest.approx(stats.norm.isf(0.025))


def test_a_baseline_without_variation_takes_the_poisson_standard_deviation() -> None:
    assert ears([4] * 7 + [4 + 7]).flag[-1, 0]
    assert not ears([4] * 7 + [5]).flag[-1, 0]
    assert np.isnan(ears([0] * 8).statistic[-1, 0])


# Trailing weeks ------------------------------------------------------------------------------------------------------


def test_without_more_than_poisson_variation_it_is_the_exact_conditional_test() -> None:
    counts = np.array([[9], [11], [10], [9], [11], [10], [10], [21.0]])
    found = trailing_test(counts, dispersion=1).iloc[0]
    higher = stats.binomtest(21, 91, 1 / 8, alternative="greater").pvalue
    assert found["p_higher"] == pytest.approx(higher)
    assert found["p"] == pytest.approx(ratio_test(21, 70, 1, 7).p, rel=1e-9) or found["p"] == pytest.approx(2 * higher)
    assert found["expected"] == 10


def test_over_dispersed_counts_need_a_larger_difference() -> None:
    counts = np.vstack([series(7, 10).to_numpy(), [[20.0] * 3]])
    poisson, wide = (trailing_test(counts, dispersion=phi)["p_higher"] for phi in (1, 3))
    assert (wide > poisson).all()
    # Close to 1, the beta-binomial is the binomial.
    np.testing.assert_allclose(trailing_test(counts, dispersion=1 + 1e-6)["p_higher"], poisson, rtol=1e-3)


def test_its_p_values_hold_their_level_under_clustered_counts() -> None:
    # 2,000 cells in one week, negative binomial with variance three times the mean, no change.
    counts = np.random.default_rng(11).negative_binomial(10 / 2, 1 / 3, (8, 2000)).astype(float)
    p = trailing_test(counts)["p_higher"]
    assert trailing_test(counts)["dispersion"].mean() == pytest.approx(3, abs=0.15)
    within = 3 * np.sqrt(0.05 * 0.95 / 2000)
    assert (p <= 0.05).mean() < 0.05 + within
    assert (trailing_test(counts, dispersion=1)["p_higher"] <= 0.05).mean() > 0.1


def test_the_dispersion_of_poisson_counts_is_one_however_sparse() -> None:
    for mean in (0.05, 1, 30):
        counts = np.random.default_rng(5).poisson(mean, (7, 3000))
        assert np.median(pooled_dispersion(counts)) == pytest.approx(1, abs=0.02)
        assert pooled_dispersion(counts).mean() < 1.1  # a cell is never below 1, so that noise has one direction
    assert pooled_dispersion(np.zeros((7, 3))).tolist() == [1, 1, 1]


def test_exposure_is_taken_into_account() -> None:
    counts = np.full((8, 1), 10.0)
    exposure = np.full((8, 1), 100.0)
    counts[-1], exposure[-1] = 30, 300
    found = trailing_test(counts, exposure).iloc[0]
    assert found["expected"] == pytest.approx(30)
    assert found["p"] > 0.5


def test_what_cannot_be_tested_is_missing_with_a_reason() -> None:
    counts = series(8, cells=5)
    counts.iloc[-1, 0] = np.nan
    counts.iloc[3, 1] = np.nan
    counts.iloc[:, 2] = 0
    exposure = counts * 0 + 50
    exposure.iloc[-1, 3] = 0
    found = trailing_test(counts, exposure)
    assert found["reason"].tolist() == ["count not known", "weeks missing", "no declines", "no detainers", ""]
    assert found["p"].isna().tolist() == [True, True, True, True, False]
    assert (trailing_test(counts.iloc[:7])["reason"] == Reason.TOO_FEW_WEEKS).all()
    assert trailing_test(counts.iloc[:0])["p"].isna().all()


@given(hnp.arrays(np.int64, (8, 4), elements=st.integers(0, 60)), st.floats(1, 5))
@settings(max_examples=40)
def test_p_values_are_probabilities_and_fall_as_the_count_rises(counts: np.ndarray, phi: float) -> None:
    found = trailing_test(counts, dispersion=phi)
    for name in ("p_higher", "p_lower", "p"):
        assert found[name].dropna().between(0, 1 + 1e-12).all()
    counts[-1] += 5
    more = trailing_test(counts, dispersion=phi)
    both = found["p_higher"].notna()
    assert (more["p_higher"][both] <= found["p_higher"][both] + 1e-12).all()


# CUSUM ---------------------------------------------------------------------------------------------------------------


def test_the_residual_is_rossis() -> None:
    y, m = 8.0, 5.0
    assert cusum([y], [m]).residual[0] == pytest.approx((y - 3 * m + 2 * np.sqrt(m * y)) / (2 * np.sqrt(m)))
    assert cusum([y], [m], dispersion=4).residual[0] == pytest.approx(cusum([y], [m]).residual[0] / 2)


def test_a_drift_is_flagged_and_a_missing_week_leaves_the_sum() -> None:
    observed = np.concatenate([np.full(10, 20.0), np.full(12, 27.0)])
    chart = cusum(observed, np.full(22, 20.0))
    assert not chart.flag[:10].any()
    assert chart.flag[-1]
    observed[15] = np.nan
    gap = cusum(observed, np.full(22, 20.0))
    assert np.isnan(gap.residual[15])
    assert gap.total[15] == gap.total[14]
    assert np.isnan(cusum([3.0], [0.0]).residual[0])


@pytest.mark.slow
def test_a_false_flag_comes_about_once_in_930_weeks() -> None:
    # Average run length of a one-sided normal CUSUM at 0.5 and 5: 930 (Montgomery, Introduction to Statistical Quality
    # Control, table 9.3 gives 465 for the two-sided chart).
    z = np.random.default_rng(3).normal(size=(6000, 400))
    mean = 1e6  # so that Rossi's residual is the normal deviate
    flags = cusum(mean + z * np.sqrt(mean), np.full_like(z, mean)).flag
    first = np.where(flags.any(axis=0), flags.argmax(axis=0), len(z)) + 1
    assert first.mean() == pytest.approx(930, rel=0.15)


# Farrington ----------------------------------------------------------------------------------------------------------


def test_the_fit_of_many_cells_is_that_of_statsmodels() -> None:
    counts = series(160, mean=9, cells=3)
    found = farrington(counts, FarringtonSettings(reweight_above=np.inf))
    age = np.arange(-159, 1)
    place = (age + 3) % 52
    design = np.column_stack(
        [np.ones(160), age, *[(place >= 7 + 5 * k) & (place < 12 + 5 * k) for k in range(9)]]
    ).astype(float)
    for name in counts:
        past = counts[name].to_numpy()[:133]
        fit = GLM(past, design[:133], family=Poisson()).fit(scale="X2")
        mean = fit.predict(design[-1:])[0]
        if mean > past.max():
            continue
        assert found.loc[name, "expected"] == pytest.approx(mean, rel=1e-6)
        phi = max(1, fit.scale)
        assert found.loc[name, "dispersion"] == pytest.approx(phi, rel=1e-6)
        log_se = np.sqrt(design[-1] @ fit.cov_params() @ design[-1] / fit.scale * phi)
        assert found.loc[name, "se"] == pytest.approx(mean * log_se, rel=1e-5)


def test_many_cells_at_once_are_each_cell_alone_in_farrington() -> None:
    counts = series(170, mean=3, cells=6)
    counts.iloc[:, 5] = 0
    counts.iloc[-1, 5] = 3
    settings = FarringtonSettings(trend_p=0.05)
    together = farrington(counts, settings)
    for name in counts:
        alone = farrington(counts[[name]], settings)
        pd.testing.assert_frame_equal(together.loc[[name]], alone, rtol=1e-6)
    assert together["reason"].tolist() == [""] * 5 + ["none in the baseline weeks"]
    assert np.isnan(together["upper"].iloc[5])


def test_the_week_itself_and_the_last_half_year_do_not_move_its_baseline() -> None:
    counts = series(170)
    raised = counts.copy()
    raised.iloc[-27:] += 100
    columns = ["expected", "upper", "dispersion"]
    pd.testing.assert_frame_equal(farrington(counts)[columns], farrington(raised)[columns])
    assert (farrington(raised)["score"] > 1).all()


def test_a_past_outbreak_is_weighted_down() -> None:
    counts = series(170, mean=8)
    outbreak = counts.copy()
    outbreak.iloc[60:63] = 80
    plain, weighted = (farrington(outbreak, FarringtonSettings(reweight_above=s)) for s in (np.inf, 2.58))
    assert (weighted["upper"] < plain["upper"]).all()


def test_missing_weeks_are_left_out_and_too_many_refuse() -> None:
    counts = series(170)
    counts.iloc[40:45, 0] = np.nan
    counts.iloc[30:120, 1] = np.nan
    counts.iloc[-1, 2] = np.nan
    found = farrington(counts)
    assert found["reason"].tolist() == ["", "weeks missing", "count not known"]
    assert np.isfinite(found["upper"].iloc[0])
    assert found[["expected", "upper", "p"]].iloc[1:].isna().all(axis=None)


def test_three_years_are_needed() -> None:
    needed = FarringtonSettings().weeks_before
    assert needed == 159
    assert (farrington(series(needed))["reason"] == Reason.TOO_FEW_WEEKS).all()
    assert (farrington(series(needed + 1))["reason"] == "").all()
    assert farrington(np.zeros((0, 2)))["reason"].tolist() == [Reason.TOO_FEW_WEEKS] * 2


def test_a_trend_is_kept_only_where_it_does_not_extrapolate() -> None:
    rising = np.random.default_rng(2).poisson(np.linspace(2, 30, 170))[:, None].astype(float)
    flat = np.random.default_rng(2).poisson(10, (170, 1)).astype(float)
    assert np.isnan(farrington(flat, FarringtonSettings(trend_p=1e-6))["trend"].iloc[0])
    kept = farrington(rising, FarringtonSettings(skip=0))
    assert kept["trend"].iloc[0] > 0.3 or np.isnan(kept["trend"].iloc[0])
    steep = np.exp(np.linspace(0, 5, 170))[:, None].round()
    assert np.isnan(farrington(steep)["trend"].iloc[0])


def test_weights_of_a_series_add_up_to_its_length() -> None:
    residuals = np.array([0.0, 3.0, -4.0, 10.0, np.nan])
    weights = outbreak_weights(residuals)
    assert weights.sum() == pytest.approx(4)
    assert weights[4] == 0
    assert weights[0] / weights[3] == pytest.approx(100)


@given(st.floats(0.1, 200), st.floats(1, 8), st.integers(0, 300))
@settings(max_examples=60)
def test_the_plug_in_bound_is_the_negative_binomial_quantile(mean: float, phi: float, y: int) -> None:
    low, high, p, p_new = (float(v) for v in prediction_limits(y, mean, 0, phi, 0.01))
    law = stats.poisson(mean) if phi == 1 else stats.nbinom(mean / (phi - 1), 1 / phi)
    assert law.sf(high) <= 0.01 < law.sf(high - 1) if high > 0 else True
    assert low <= high
    assert p == pytest.approx(law.sf(y - 1))
    assert p_new == pytest.approx(p, rel=1e-3, abs=1e-9)
    assert prediction_limits(mean + 9, mean, mean / 5, phi).p_new > prediction_limits(mean + 9, mean, 0, phi).p_new
    if phi > 1.001:
        assert law.var() == pytest.approx(phi * mean, rel=1e-6)


@pytest.mark.parametrize("power", ["2/3", "1/2", "none"])
def test_the_delta_bound_flags_what_has_a_small_p_value(power: str) -> None:
    for y in (5, 12, 18, 25):
        limits = prediction_limits(y, 9, 0.8, 1.4, 0.01, "delta", power)  # type: ignore[arg-type]
        assert (y > limits.high) == (limits.p < 0.01)


# A week of many cells ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("weeks", "method"), [(SHORTEST_SERIES, "EARS"), (100, "EARS"), (170, "Farrington flexible")])
def test_the_method_follows_the_length_of_the_series(weeks: int, method: str) -> None:
    counts = series(weeks)
    counts.iloc[-1, 0] = 60
    found = week_baselines(counts)
    assert (found["method"] == method).all()
    assert (found["reason"] == "").all()
    assert found["flags"].iloc[0] in ("C1 C2 C3", "C1 C2", "Farrington")
    assert found["p"].iloc[0] < 1e-4
    assert found["expected"].between(2, 12).all()


def test_below_the_minimum_counts_nothing_is_said() -> None:
    counts = series(30, cells=4)
    counts.iloc[-4:, 0] = [1, 0, 1, 2]
    counts.iloc[-1, 1] = np.nan
    counts.iloc[:-1, 2] = 0  # appears for the first time
    counts.iloc[-1, 2] = 6
    found = week_baselines(counts)
    assert found["reason"].tolist() == ["too few declines", "count not known", "", ""]
    assert found["observed"].tolist()[2] == 6
    assert found["flags"].iloc[2].startswith("C1")
    assert found.loc[["cell 0", "cell 1"], ["expected", "upper", "p"]].isna().all(axis=None)
    assert enough_cases(counts).tolist() == [False, True, True, True]


@pytest.mark.parametrize("weeks", [1, 2, 8, SHORTEST_SERIES - 1])
def test_a_short_series_is_refused(weeks: int) -> None:
    found = week_baselines(series(weeks))
    assert (found["reason"] == Reason.TOO_FEW_WEEKS).all()
    assert found[["expected", "upper", "p"]].isna().all(axis=None)
    assert (found["flags"] == "").all()
    assert found["observed"].notna().all()


def test_no_cell_at_all_gives_an_empty_frame() -> None:
    assert len(week_baselines(series(30).iloc[:, :0])) == 0
    assert len(week_baselines(series(170).iloc[:, :0])) == 0
