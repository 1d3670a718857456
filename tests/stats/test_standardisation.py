"""Like for like, a change taken apart and small places, beyond their reference cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.load.table import Outcome
from analysis.stats.counts import count_interval, count_outcomes
from analysis.stats.standardisation import (
    decompose_change,
    direct,
    fit_prior,
    indirect,
    kitagawa,
    over_expected,
    shrink_shares,
)

REQUESTS = ["hold", "notify"]
COUNT = st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
PERIOD = st.lists(COUNT, min_size=2, max_size=2)
NO_DISPERSION = pd.Series(1.0, index=["CA", "TX"])


def detainers(**places: list[tuple[int, int]]) -> pd.DataFrame:
    """Make detainers of a period from (declined, issued) by place and request."""
    rows = [
        (place, request, "DUI", "charged", outcome, number)
        for place, counts in places.items()
        for request, (declined, issued) in zip(REQUESTS, counts, strict=True)
        for outcome, number in ((Outcome.DECLINED, declined), (Outcome.TAKEN, issued - declined))
    ]
    columns = ["state", "request", "offence_group", "offence_status", "outcome", "detainers"]
    return pd.DataFrame(rows, columns=columns).astype({"outcome": "str", "detainers": "int64"})


def by_request(**places: list[tuple[int, int]]) -> pd.DataFrame:
    return count_outcomes(detainers(**places), ["state", "request"])


@given(PERIOD, PERIOD)
@settings(max_examples=10)
def test_expected_declines_add_up_to_those_of_all_places(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    counts = by_request(CA=first, TX=second)
    assert indirect(counts).sum() == pytest.approx(counts["declined"].sum())
    alone = by_request(CA=first)
    assert indirect(alone).sum() == pytest.approx(alone["declined"].sum())


def test_expected_is_the_places_detainers_at_the_shares_of_all() -> None:
    rows = detainers(CA=[(4, 10), (1, 10)], TX=[(6, 90), (29, 190)])
    table = over_expected(rows, False, NO_DISPERSION)
    assert list(table.index) == ["TX"]  # fewer than four are expected of California
    assert table.loc["TX", "expected"] == pytest.approx(90 * 10 / 100 + 190 * 30 / 200)
    assert table.loc["TX", "over_expected"] == pytest.approx(35 / 37.5)
    low, high = count_interval(35)
    assert table.loc["TX", ["low", "high"]].tolist() == pytest.approx([low / 37.5, high / 37.5])
    # Where strata go by offence, it is whole.
    rows = detainers(CA=[(4, 17), (1, 20)], TX=[(6, 90), (29, 181)])
    exact, whole = (over_expected(rows, by_offence, NO_DISPERSION).loc["TX"] for by_offence in (False, True))
    assert exact["expected"] != round(exact["expected"])
    assert whole["expected"] == round(exact["expected"])
    assert whole["over_expected"] == 35 / whole["expected"]


def test_counts_that_vary_more_have_wider_intervals_and_a_blank_state_is_in_the_whole_alone() -> None:
    rows = detainers(CA=[(40, 100), (10, 200)], TX=[(6, 90), (29, 181)])
    blank = rows[rows["state"] == "TX"].assign(state=None)
    narrow = over_expected(pd.concat([rows, blank]), False, NO_DISPERSION)
    wide = over_expected(pd.concat([rows, blank]), False, pd.Series({"CA": 3.0, "TX": 1.0}))
    assert set(narrow.index) == {"CA", "TX"}
    for ends in (["low", "high"], ["standardised_low", "standardised_high"]):
        (low, high), (wide_low, wide_high) = narrow.loc["CA", ends], wide.loc["CA", ends]
        assert wide_low < low < high < wide_high
    pd.testing.assert_series_equal(narrow.loc["TX"], wide.loc["TX"])
    without = over_expected(rows, False, NO_DISPERSION)
    assert narrow.loc["CA", "expected"] != pytest.approx(without.loc["CA", "expected"])


@given(PERIOD)
@settings(max_examples=10)
def test_standardised_to_its_own_mix_a_share_is_its_own(counts: list[tuple[int, int]]) -> None:
    own = by_request(CA=counts)
    if own.empty:
        return
    found = direct(own, own["issued"].droplevel(0)).iloc[0]
    assert found["standardised"] == pytest.approx(own["declined"].sum() / own["issued"].sum())
    assert 0 <= found["standardised_low"] <= found["standardised"] <= found["standardised_high"] <= 1


def test_with_one_stratum_the_gamma_interval_is_the_exact_one_of_a_count_and_no_limit_is_above_one() -> None:
    own = by_request(CA=[(12, 400), (0, 0)])
    low, high = count_interval(12)
    found = direct(own).iloc[0]
    assert [found["standardised_low"], found["standardised_high"]] == pytest.approx([low / 400, high / 400])
    of_none = direct(by_request(TX=[(50, 500), (50, 500)], VT=[(0, 1), (0, 1)])).loc["VT"]
    assert of_none[["standardised", "standardised_low", "standardised_high"]].tolist() == [0, 0, 1]


def test_a_place_without_detainers_in_a_stratum_has_no_standardised_share() -> None:
    counts = by_request(CA=[(3, 10), (0, 0)], TX=[(3, 10), (1, 10)])
    assert direct(counts)["standardised"].isna().tolist() == [True, False]
    only_holds = direct(counts, pd.Series([50, 0], index=REQUESTS))
    assert only_holds["standardised"].tolist() == pytest.approx([0.3, 0.3])
    half = direct(counts, pd.Series([50, 150], index=REQUESTS)).loc["TX"]
    assert half["standardised"] == pytest.approx(0.25 * 0.3 + 0.75 * 0.1)
    assert half["standardised_low"] < half["standardised"] < half["standardised_high"]


@given(PERIOD, PERIOD)
@settings(max_examples=10)
def test_the_parts_of_a_change_add_up_to_it(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    before, after = detainers(TX=first), detainers(TX=second)
    parts = decompose_change(before, after, ["request", "offence_group"])
    assert parts["factor"].tolist() == ["request", "offence group"]
    shares = [sum(y for y, _ in p) / (sum(n for _, n in p) or np.nan) for p in (first, second)]
    change = shares[1] - shares[0]
    assert parts["change"].tolist() == pytest.approx([change, change], nan_ok=True)
    if np.isfinite(change):
        assert (parts["mix_effect"] + parts["share_effect"]).tolist() == pytest.approx([change, change], abs=1e-12)
        assert parts["mix_effect"].iloc[1] == pytest.approx(0)  # one group: no other mix is possible


def test_a_change_of_mix_alone_is_mix_alone_and_a_stratum_that_comes_counts_as_mix() -> None:
    factors = ["request"]
    mix = decompose_change(detainers(TX=[(10, 100), (60, 100)]), detainers(TX=[(5, 50), (90, 150)]), factors).iloc[0]
    assert [mix["mix_effect"], mix["share_effect"]] == pytest.approx([95 / 200 - 70 / 200, 0])
    comes = decompose_change(detainers(TX=[(10, 100), (0, 0)]), detainers(TX=[(10, 100), (50, 100)]), factors).iloc[0]
    assert [comes["mix_effect"], comes["share_effect"]] == pytest.approx([60 / 200 - 10 / 100, 0])
    assert kitagawa([0], [0], [np.nan], [np.nan])[0].tolist() == [0]


# Small places ---------------------------------------------------------------------------------------------------------

# Gelman and others, Bayesian Data Analysis, table 5.1: tumours in 70 historical groups of rats.
RATS = (
    "0/20 0/20 0/20 0/20 0/20 0/20 0/20 0/19 0/19 0/19 0/19 0/18 0/18 0/17 1/20 1/20 1/20 1/20 1/19 1/19 1/18 1/18 "
    "2/25 2/24 2/23 2/20 2/20 2/20 2/20 2/20 2/20 1/10 5/49 2/19 5/46 3/27 2/17 7/49 7/47 3/20 3/20 2/13 9/48 10/50 "
    "4/20 4/20 4/20 4/20 4/20 4/20 4/20 10/48 4/19 4/19 4/19 5/22 11/46 12/49 5/20 5/20 6/23 5/19 6/22 6/20 6/20 6/20 "
    "16/52 15/47 15/46 9/24"
)


def true_places(size: int = 60, seed: int = 2, a: float = 2, b: float = 18) -> tuple[pd.DataFrame, np.ndarray]:
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
    y, n = true_places(4000)[0].to_numpy().T
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
    counts, true = true_places()
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
        ([], [], "too few places"),
        ([1], [9], "too few places"),
        ([1, 2, 0], [9, 8, 0], "too few places"),
        ([0, 0, 0], [9, 8, 7], "no declines"),
        ([9, 8, 7], [9, 8, 7], "every detainer declined"),
    ],
)
def test_what_cannot_carry_a_prior_says_why(declined: list[int], issued: list[int], reason: str) -> None:
    prior = fit_prior(declined, issued)
    assert np.isnan(prior.a)
    assert prior.reason == reason
    shares = shrink_shares(pd.DataFrame({"declined": declined, "issued": issued}, dtype=float))
    assert shares["shrunken"].isna().all()
    assert (shares["reason"] != "").all()


def test_where_counts_vary_more_a_place_says_less_for_itself() -> None:
    counts, _ = true_places()
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


@settings(max_examples=10)
@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_shrunken_share_lies_between_its_own_and_that_of_the_prior(counts: tuple[int, int]) -> None:
    rows = true_places()[0]
    rows.loc[0] = counts
    prior = fit_prior(rows["declined"], rows["issued"])
    place = shrink_shares(rows).loc[0]
    ends = sorted([place["share"], prior.a / (prior.a + prior.b)])
    assert ends[0] - 1e-9 <= place["shrunken"] <= ends[1] + 1e-9
    assert 0 <= place["shrunken_low"] < place["shrunken"] < place["shrunken_high"] <= 1
