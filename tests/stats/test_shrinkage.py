"""Shares of small places over a period, drawn towards that of all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.stats.counts import Reason
from analysis.stats.standardisation import fit_prior, shrink_shares

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


def test_the_prior_of_the_rat_tumours_is_near_the_published_one() -> None:
    y, n = np.array([group.split("/") for group in RATS.split()], dtype=float).T
    assert len(y) == 70
    prior = fit_prior(y, n)
    # The mode of (log a/b, log a+b) in the book lies near (-1.79, 2.74); its start by moments is 1.4, 8.6.
    assert np.log(prior.a / prior.b) == pytest.approx(-1.79, abs=0.1)
    assert 10 < prior.a + prior.b < 22


def test_the_prior_is_found_again_and_does_not_depend_on_how_sums_are_rounded() -> None:
    y, n = places(4000)[0].to_numpy().T
    prior = fit_prior(y, n)
    assert prior.a / (prior.a + prior.b) == pytest.approx(0.1, abs=0.005)
    assert prior.a + prior.b == pytest.approx(20, rel=0.1)
    assert fit_prior(y[::-1], n[::-1])[:2] == pytest.approx(prior[:2], rel=1e-8)


def test_places_that_differ_by_chance_alone_are_drawn_together() -> None:
    counts = pd.DataFrame({"declined": [8] * 50, "issued": 80})  # differing less than by chance
    prior = fit_prior(counts["declined"], counts["issued"])
    assert prior.a + prior.b == pytest.approx(4000, rel=0.02)
    shares = shrink_shares(counts)
    assert shares["own_weight"].max() < 0.03
    # The interval is that of all detainers together, not a point.
    assert (shares["shrunken_high"] - shares["shrunken_low"]).min() > 0.015


def test_shrunken_shares_are_nearer_to_the_truth_than_raw_ones() -> None:
    counts, true = places()
    counts.loc[60] = [0, 0]
    shares = shrink_shares(counts)
    assert shares.loc[60, "reason"] == "no detainers"
    assert shares.loc[60].drop("reason").isna().all()
    counts, shares = counts[:60], shares[:60]
    assert ((shares["shrunken"] - true) ** 2).mean() < ((shares["share"] - true) ** 2).mean()
    covered = ((shares["shrunken_low"] <= true) & (true <= shares["shrunken_high"])).mean()
    assert covered > 0.85
    small = counts["issued"] < 30
    assert shares["own_weight"][small].max() < shares["own_weight"][~small].min()


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
    shares = shrink_shares(pd.DataFrame({"declined": declined, "issued": issued}, dtype=float))
    assert shares["shrunken"].isna().all()
    assert (shares["reason"] != "").all()


def test_more_declines_than_detainers_stop() -> None:
    with pytest.raises(ValueError, match="between 0 and the number of detainers"):
        shrink_shares(pd.DataFrame({"declined": [3, 1, 1], "issued": [2, 5, 5]}))


def test_where_counts_vary_more_a_place_says_less_for_itself() -> None:
    counts, _ = places()
    alone, varied = shrink_shares(counts), shrink_shares(counts, np.where(np.arange(60) == 5, 4.0, 1.0))
    assert varied.loc[5, "share"] == pytest.approx(alone.loc[5, "share"])
    odds = [weight / (1 - weight) for weight in (alone.loc[5, "own_weight"], varied.loc[5, "own_weight"])]
    assert odds[1] == pytest.approx(odds[0] / 4, rel=0.1)  # the prior, fitted to all, moves a little
    widths = [shares.loc[5, "shrunken_high"] - shares.loc[5, "shrunken_low"] for shares in (alone, varied)]
    assert widths[1] > widths[0]
    prior, found = fit_prior(counts["declined"], counts["issued"]), shrink_shares(counts).loc[7]
    y, n = counts.loc[7, ["declined", "issued"]]
    posterior = stats.beta(prior.a + y, prior.b + n - y)
    assert found["shrunken"] == pytest.approx(posterior.mean())
    assert found[["shrunken_low", "shrunken_high"]].tolist() == pytest.approx(posterior.ppf([0.025, 0.975]).tolist())


@settings(max_examples=20)
@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_shrunken_share_lies_between_its_own_and_that_of_the_prior(counts: tuple[int, int]) -> None:
    rows = places()[0]
    rows.loc[0] = counts
    prior = fit_prior(rows["declined"], rows["issued"])
    place = shrink_shares(rows).loc[0]
    ends = sorted([place["share"], prior.a / (prior.a + prior.b)])
    assert ends[0] - 1e-9 <= place["shrunken"] <= ends[1] + 1e-9
    assert 0 <= place["shrunken_low"] < place["shrunken"] < place["shrunken_high"] <= 1
