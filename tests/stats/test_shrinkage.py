"""Shares of small places, rank probabilities and funnels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.stats.funnels import exact_limits, funnel, spread_limits, spread_of, z_scores
from analysis.stats.reasons import Reason
from analysis.stats.shrinkage import BetaPrior, fit_prior, prior_of_moments, rank_probabilities, shrunken_shares

# Gelman and others, Bayesian Data Analysis, table 5.1: tumours in 70 historical groups of rats.
RATS = (
    "0/20 0/20 0/20 0/20 0/20 0/20 0/20 0/19 0/19 0/19 0/19 0/18 0/18 0/17 1/20 1/20 1/20 1/20 1/19 1/19 1/18 1/18 "
    "2/25 2/24 2/23 2/20 2/20 2/20 2/20 2/20 2/20 1/10 5/49 2/19 5/46 3/27 2/17 7/49 7/47 3/20 3/20 2/13 9/48 10/50 "
    "4/20 4/20 4/20 4/20 4/20 4/20 4/20 10/48 4/19 4/19 4/19 5/22 11/46 12/49 5/20 5/20 6/23 5/19 6/22 6/20 6/20 6/20 "
    "16/52 15/47 15/46 9/24"
)


def places(size: int = 60, seed: int = 2, a: float = 2, b: float = 18) -> tuple[pd.DataFrame, np.ndarray]:
    """Make up places whose true shares are known."""
    generator = np.random.default_rng(seed)
    issued = generator.integers(5, 300, size)
    true = generator.beta(a, b, size)
    return pd.DataFrame({"declined": generator.binomial(issued, true), "issued": issued}), true


def test_the_prior_of_the_rat_tumours_maximises_the_likelihood() -> None:
    y, n = np.array([group.split("/") for group in RATS.split()], dtype=float).T
    assert len(y) == 70
    prior = fit_prior(y, n)

    def log_likelihood(a: float, b: float) -> float:
        return float(stats.betabinom.logpmf(y, n.astype(int), a, b).sum())

    best = log_likelihood(prior.a, prior.b)
    for a, b in ((1.02, 1), (0.98, 1), (1, 1.02), (1, 0.98), (1.05, 1.05), (0.95, 0.95)):
        assert log_likelihood(prior.a * a, prior.b * b) < best
    # The book's posterior mode of (log a/b, log a+b) lies near (-1.79, 2.74).
    assert np.log(prior.a / prior.b) == pytest.approx(-1.79, abs=0.1)
    assert np.log(prior.weight) == pytest.approx(2.74, abs=0.2)


def test_the_prior_does_not_depend_on_how_sums_are_rounded() -> None:
    rng = np.random.default_rng(3)
    issued = rng.integers(1, 400, 55)
    declined = rng.binomial(issued, rng.beta(3, 30, 55))
    priors = [fit_prior(declined[order], issued[order]) for order in (rng.permutation(55) for _ in range(20))]
    assert np.ptp([prior.a for prior in priors]) < 1e-8 * priors[0].a
    assert np.ptp([prior.b for prior in priors]) < 1e-8 * priors[0].b


def test_the_prior_is_found_again() -> None:
    prior = fit_prior(*places(4000)[0].to_numpy().T)
    assert prior.mean == pytest.approx(0.1, abs=0.005)
    assert prior.weight == pytest.approx(20, rel=0.1)
    assert not prior.no_spread


def test_places_that_differ_by_chance_alone_are_drawn_together() -> None:
    generator = np.random.default_rng(4)
    issued = np.full(50, 80)
    counts = pd.DataFrame({"declined": generator.binomial(issued, 0.1), "issued": issued})
    counts["declined"] = 8  # less than chance
    prior = fit_prior(counts["declined"], counts["issued"])
    assert prior.no_spread
    assert prior.weight == pytest.approx(4000, rel=0.02)
    shares = shrunken_shares(counts)
    assert shares["own_weight"].max() < 0.03
    # The interval is that of all detainers together, not a point.
    assert (shares["high"] - shares["low"]).min() > 0.015


def test_shrunken_shares_are_nearer_to_the_truth_than_raw_ones() -> None:
    counts, true = places()
    shares = shrunken_shares(counts)
    assert ((shares["shrunken"] - true) ** 2).mean() < ((shares["share"] - true) ** 2).mean()
    covered = ((shares["low"] <= true) & (true <= shares["high"])).mean()
    assert covered > 0.85
    small = counts["issued"] < 30
    assert shares["own_weight"][small].max() < shares["own_weight"][~small].min()


def test_a_place_without_detainers_gets_no_share() -> None:
    counts, _ = places(10)
    counts.loc[3] = [0, 0]
    shares = shrunken_shares(counts)
    assert shares["reason"].tolist()[3] == "no detainers"
    assert shares.loc[3, ["share", "shrunken", "low", "high", "own_weight"]].isna().all()
    ranks = rank_probabilities(shares)
    assert ranks.loc[3].isna().all()
    assert ranks["among_top"].sum() == pytest.approx(5)
    counts.loc[4, "declined"] = np.nan
    assert shrunken_shares(counts, prior=BetaPrior(1, 9))["reason"][4] == "count not known"


@pytest.mark.parametrize(
    ("declined", "issued", "reason"),
    [
        ([], [], Reason.TOO_FEW_PLACES),
        ([1], [9], Reason.TOO_FEW_PLACES),
        ([1, 2, 0], [9, 8, 0], Reason.TOO_FEW_PLACES),
        ([0, 0, 0], [9, 8, 7], Reason.NO_DECLINES),
        ([9, 8, 7], [9, 8, 7], Reason.ALL_DECLINED),
    ],
)
def test_what_cannot_carry_a_prior_says_why(declined: list[int], issued: list[int], reason: Reason) -> None:
    prior = fit_prior(declined, issued)
    assert np.isnan(prior.a)
    assert prior.reason == reason
    shares = shrunken_shares(pd.DataFrame({"declined": declined, "issued": issued}, dtype=float))
    assert shares["shrunken"].isna().all()
    assert (shares["reason"] != "").all()
    assert rank_probabilities(shares).isna().all(axis=None)


def test_more_declines_than_detainers_stop() -> None:
    with pytest.raises(ValueError, match="between 0 and the number of detainers"):
        fit_prior([3, 1, 1], [2, 5, 5])


def test_rank_probabilities_are_sure_where_places_are_and_the_same_each_time() -> None:
    counts = pd.DataFrame({"declined": [900, 500, 100, 5, 5], "issued": [1000, 1000, 1000, 50, 50]})
    shares = shrunken_shares(counts)
    ranks = rank_probabilities(shares, top=2)
    assert ranks["among_top"].round(2).tolist() == [1, 1, 0, 0, 0]
    assert ranks.loc[0, ["rank_mean", "rank_low", "rank_high"]].tolist() == [1, 1, 1]
    assert ranks.loc[3, "rank_low"] == 3
    assert ranks.loc[3, "rank_high"] == 5
    pd.testing.assert_frame_equal(ranks, rank_probabilities(shares, top=2))
    # Two equal places: each before the other in half of the draws, within three Monte Carlo standard errors.
    pair = rank_probabilities(shares.loc[[3, 4]], top=1)
    assert pair["among_top"].iloc[0] == pytest.approx(0.5, abs=3 * np.sqrt(0.25 / 4000))


def test_moments_of_a_beta_law() -> None:
    law = stats.beta(3, 7)
    assert prior_of_moments(law.mean(), law.std())[:2] == pytest.approx((3, 7))


# Funnels -------------------------------------------------------------------------------------------------------------


def test_without_spread_the_limits_are_those_of_chance() -> None:
    generator = np.random.default_rng(8)
    expected = generator.uniform(20, 400, 200)
    spread = spread_of(generator.poisson(expected), expected)
    assert spread.phi < 1.1
    for level in (0.95, 0.998):
        plain, wide = exact_limits(400.0, level), spread_limits(400.0, level, spread._replace(tau2=0))
        np.testing.assert_allclose(plain, wide, rtol=0.02)


@pytest.mark.parametrize("scale", ["sqrt", "log"])
def test_spread_is_found_and_widens_the_limits(scale: str) -> None:
    generator = np.random.default_rng(9)
    expected = generator.uniform(50, 400, 400)
    tau = 0.2 if scale == "log" else 0.1  # a standard deviation of 0.2 in the logarithm is 0.1 in the root
    observed = generator.poisson(expected * np.exp(generator.normal(0, 0.2, 400)))
    spread = spread_of(observed, expected, scale, trim=0)  # type: ignore[arg-type]
    assert np.sqrt(spread.tau2) == pytest.approx(tau, rel=0.15)
    low, high = spread_limits(400.0, 0.95, spread)
    plain_low, plain_high = exact_limits(400.0, 0.95)
    assert low < plain_low
    assert high > plain_high


def test_winsorising_keeps_an_outlier_from_hiding_itself() -> None:
    expected = np.full(40, 100.0)
    observed = np.random.default_rng(1).poisson(expected).astype(float)
    observed[0] = 400
    assert spread_of(observed, expected).phi < 2 < spread_of(observed, expected, trim=0).phi
    states = pd.Index([f"S{n}" for n in range(40)])
    found = funnel(pd.Series(observed, states), pd.Series(expected, states))
    assert found["position"].value_counts().to_dict() == {"inside": 39, "above": 1}
    assert found.attrs["phi"] == pytest.approx(spread_of(observed, expected).phi)


def test_places_that_cannot_be_placed_say_why() -> None:
    found = funnel(pd.Series([3, np.nan, 4, 0, 8, 9]), pd.Series([4, 5, 0, 6, 7, np.nan]))
    assert found["reason"].tolist() == ["", "count not known", "no detainers", "", "", "no detainers"]
    assert found["position"].tolist() == ["inside", "", "", "inside", "inside", ""]
    assert found["ratio"].isna().tolist() == [False, True, True, False, False, True]
    alone = funnel(pd.Series([3.0]), pd.Series([4.0]))
    assert alone["reason"].tolist() == ["too few places"]
    assert alone["high_95"].notna().all()


def test_a_place_without_declines_keeps_its_say_on_the_root_scale() -> None:
    assert np.isfinite(z_scores([0], [9]))[0]
    assert np.isnan(z_scores([0], [9], "log"))[0]
