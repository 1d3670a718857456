"""Like for like, a change taken apart, small places beyond their reference cases, and little or nothing to count."""

from datetime import date
from pathlib import Path

import made_cohorts
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.load.table import Outcome
from analysis.stats.comparisons import compare
from analysis.stats.counts import count_interval, count_outcomes, with_intervals
from analysis.stats.inference import cumulative_incidence
from analysis.stats.nowcast import measure_delays, nowcast
from analysis.stats.standardisation import decompose_change, direct, fit_prior, indirect, over_expected, shrink_shares

REQUESTS = ["hold", "notify"]
COUNT = st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
PERIOD = st.lists(COUNT, min_size=2, max_size=2)
Period = list[tuple[int, int]]
NO_DISPERSION = pd.Series(1.0, index=["CA", "TX"])


def detainers(**places: list[tuple[int, int]]) -> pd.DataFrame:
    """Make detainers of a period from (declined, issued) by place and request."""
    of = {"offence_group": "DUI", "offence_status": "charged"}
    return made_cohorts.detainers(
        [
            {"state": place, "request": request, "outcome": outcome, "detainers": number, **of}
            for place, counts in places.items()
            for request, (declined, issued) in zip(REQUESTS, counts, strict=True)
            for outcome, number in ((Outcome.DECLINED, declined), (Outcome.TAKEN, issued - declined))
        ]
    )


def by_request(**places: list[tuple[int, int]]) -> pd.DataFrame:
    return count_outcomes(detainers(**places), ["state", "request"])


@given(PERIOD, PERIOD)
@settings(max_examples=6)
def test_expected_declines_add_up_and_a_share_at_its_own_mix_is_its_own(first: Period, second: Period) -> None:
    counts = by_request(CA=first, TX=second)
    assert indirect(counts).sum() == pytest.approx(counts["declined"].sum())
    own = counts[counts.index.get_level_values(0) == "CA"]
    if not own.empty:
        found = direct(own, own["issued"].droplevel(0)).iloc[0]
        assert found["standardised"] == pytest.approx(own["declined"].sum() / own["issued"].sum())
        assert 0 <= found["standardised_low"] <= found["standardised"] <= found["standardised_high"] <= 1


def test_expected_is_the_places_detainers_at_the_shares_of_all() -> None:
    rows = detainers(CA=[(4, 10), (1, 10)], TX=[(6, 90), (29, 190)])
    table = over_expected(rows, False, NO_DISPERSION)
    assert list(table.index) == ["TX"]  # fewer than four are expected of California
    low, high = count_interval(35)
    found = table.loc["TX", ["expected", "over_expected", "low", "high"]].tolist()
    assert found == pytest.approx([90 * 10 / 100 + 190 * 30 / 200, *(n / 37.5 for n in (35, low, high))])
    just_four = over_expected(detainers(CA=[(0, 40), (0, 0)], TX=[(20, 160), (0, 0)]), False, NO_DISPERSION)
    assert just_four["expected"].to_dict() == {"TX": 16, "CA": 4}
    # Where strata go by offence, it is whole.
    rows = detainers(CA=[(4, 17), (1, 20)], TX=[(6, 90), (29, 181)])
    exact, whole = (over_expected(rows, by_offence, NO_DISPERSION).loc["TX"] for by_offence in (False, True))
    assert exact["expected"] != round(exact["expected"]) == whole["expected"]
    assert whole["over_expected"] == 35 / whole["expected"]


def test_counts_that_vary_more_have_wider_intervals_and_a_blank_state_is_in_the_whole_alone() -> None:
    rows = detainers(CA=[(40, 100), (10, 200)], TX=[(6, 90), (29, 181)])
    blank = pd.concat([rows, rows[rows["state"] == "TX"].assign(state=None)])
    narrow, wide = (over_expected(blank, False, pd.Series({"CA": phi, "TX": 1.0})) for phi in (1.0, 3.0))
    assert set(narrow.index) == {"CA", "TX"}
    for ends in (["low", "high"], ["standardised_low", "standardised_high"]):
        (low, high), (wide_low, wide_high) = narrow.loc["CA", ends], wide.loc["CA", ends]
        assert wide_low < low < high < wide_high
    pd.testing.assert_series_equal(narrow.loc["TX"], wide.loc["TX"])
    without = over_expected(rows, False, NO_DISPERSION)
    assert narrow.loc["CA", "expected"] != pytest.approx(without.loc["CA", "expected"])


def test_with_one_stratum_the_gamma_interval_is_the_exact_one_of_a_count_and_no_limit_is_above_one() -> None:
    limits = ["standardised_low", "standardised_high"]
    found = direct(by_request(CA=[(12, 400), (0, 0)])).iloc[0]
    assert found[limits].tolist() == pytest.approx([end / 400 for end in count_interval(12)])
    of_none = direct(by_request(TX=[(50, 500), (50, 500)], VT=[(0, 1), (0, 1)])).loc["VT"]
    assert of_none[["standardised", *limits]].tolist() == [0, 0, 1]


def test_a_place_without_detainers_in_a_stratum_has_no_standardised_share() -> None:
    counts = by_request(CA=[(3, 10), (0, 0)], TX=[(3, 10), (1, 10)])
    assert direct(counts)["standardised"].isna().tolist() == [True, False]
    only_holds = direct(counts, pd.Series([50, 0], index=REQUESTS))
    assert only_holds["standardised"].tolist() == pytest.approx([0.3, 0.3])
    half = direct(counts, pd.Series([50, 150], index=REQUESTS)).loc["TX"]
    assert half["standardised"] == pytest.approx(0.25 * 0.3 + 0.75 * 0.1)
    assert half["standardised_low"] < half["standardised"] < half["standardised_high"]


@given(PERIOD, PERIOD)
@settings(max_examples=5)
def test_the_parts_of_a_change_add_up_to_it(first: Period, second: Period) -> None:
    parts = decompose_change(detainers(TX=first), detainers(TX=second), ["request", "offence_group"])
    assert parts["factor"].tolist() == ["request", "offence group"]
    before, after = (sum(y for y, _ in part) / (sum(n for _, n in part) or np.nan) for part in (first, second))
    change = [after - before] * 2
    assert parts["change"].tolist() == pytest.approx(change, nan_ok=True)
    if np.isfinite(change[0]):
        assert (parts["mix_effect"] + parts["share_effect"]).tolist() == pytest.approx(change, abs=1e-12)
        assert parts["mix_effect"].iloc[1] == pytest.approx(0)  # one group: no other mix is possible


@pytest.mark.parametrize(
    ("before", "after", "mix"),
    [
        ([(10, 100), (60, 100)], [(5, 50), (90, 150)], 95 / 200 - 70 / 200),
        ([(10, 100), (0, 0)], [(10, 100), (50, 100)], 60 / 200 - 10 / 100),  # a stratum that comes
    ],
)
def test_a_change_of_mix_alone_is_mix_alone(before: Period, after: Period, mix: float) -> None:
    found = decompose_change(detainers(TX=before), detainers(TX=after), ["request"]).iloc[0]
    assert found[["mix_effect", "share_effect"]].tolist() == pytest.approx([mix, 0])


# Small places ---------------------------------------------------------------------------------------------------------

RATS = pd.read_csv(Path(__file__).with_name("rat_tumours.csv"))
"""Gelman and others, Bayesian Data Analysis, table 5.1: tumours in 70 historical groups of rats, like ones in a row."""


def true_places(size: int = 60, seed: int = 2, a: float = 2, b: float = 18) -> tuple[pd.DataFrame, np.ndarray]:
    """Make up places whose true shares are known."""
    generator = np.random.default_rng(seed)
    issued = generator.integers(5, 300, size)
    true = generator.beta(a, b, size)
    return pd.DataFrame({"declined": generator.binomial(issued, true), "issued": issued}), true


def test_the_prior_of_the_rat_tumours_is_near_the_published_one() -> None:
    y, n = RATS[["tumours", "rats"]].loc[RATS.index.repeat(RATS["groups"])].to_numpy().T
    assert len(y) == 70
    a, b, _ = fit_prior(y, n)
    # The mode of (log a/b, log a+b) in the book lies near (-1.79, 2.74); its start by moments is 1.4, 8.6.
    assert np.log(a / b) == pytest.approx(-1.79, abs=0.1)
    assert 10 < a + b < 22


def test_the_prior_is_found_again_and_does_not_depend_on_how_sums_are_rounded() -> None:
    y, n = true_places(4000)[0].to_numpy().T
    a, b, _ = fit_prior(y, n)
    assert a / (a + b) == pytest.approx(0.1, abs=0.005)
    assert a + b == pytest.approx(20, rel=0.1)
    assert fit_prior(y[::-1], n[::-1])[:2] == pytest.approx((a, b), rel=1e-8)


def test_places_that_differ_by_chance_alone_are_drawn_together() -> None:
    counts = pd.DataFrame({"declined": [8] * 50, "issued": 80})  # differing less than by chance
    assert sum(fit_prior(counts["declined"], counts["issued"])[:2]) == pytest.approx(4000, rel=0.02)
    shares = shrink_shares(counts)
    assert shares["own_weight"].max() < 0.03
    # The interval is that of all detainers together, not a point.
    assert (shares["shrunken_high"] - shares["shrunken_low"]).min() > 0.015


def test_shrunken_shares_are_nearer_to_the_truth_than_raw_ones() -> None:
    counts, true = true_places()
    shares = shrink_shares(counts)
    assert ((shares["shrunken"] - true) ** 2).mean() < ((shares["share"] - true) ** 2).mean()
    assert ((shares["shrunken_low"] <= true) & (true <= shares["shrunken_high"])).mean() > 0.85
    small = counts["issued"] < 30
    assert shares["own_weight"][small].max() < shares["own_weight"][~small].min()
    counts.loc[60] = [0, 0]
    none = shrink_shares(counts).loc[60]
    assert (none["reason"], none.drop("reason").isna().all()) == ("no detainers", True)


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
    shares = shrink_shares(pd.DataFrame({"declined": declined, "issued": issued}, dtype=float))
    assert shares["shrunken"].isna().all()
    assert set(shares["reason"]) - {"no detainers"} == ({reason} if issued else set())


def test_where_counts_vary_more_a_place_says_less_for_itself() -> None:
    counts, _ = true_places()
    alone, varied = (shrink_shares(counts, np.where(np.arange(60) == 5, phi, 1.0)).loc[5] for phi in (1.0, 4.0))
    assert varied["share"] == pytest.approx(alone["share"])
    odds = [place["own_weight"] / (1 - place["own_weight"]) for place in (alone, varied)]
    assert odds[1] == pytest.approx(odds[0] / 4, rel=0.1)  # the prior, fitted to all, moves a little
    assert varied["shrunken_high"] - varied["shrunken_low"] > alone["shrunken_high"] - alone["shrunken_low"]


@settings(max_examples=10)
@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_shrunken_share_has_the_posterior_of_its_prior(counts: tuple[int, int]) -> None:
    rows, (y, n) = true_places()[0], counts
    rows.loc[0] = counts
    (a, b, _), place = fit_prior(rows["declined"], rows["issued"]), shrink_shares(rows).loc[0]
    posterior = stats.beta(a + y, b + n - y)
    found = place[["shrunken", "shrunken_low", "shrunken_high"]].tolist()
    assert found == pytest.approx([posterior.mean(), *posterior.ppf([0.025, 0.975])], rel=1e-5)


# Little or nothing to count: a defined result or NaN with a reason, never a silent zero -------------------------------

FRIDAY = date(2020, 7, 3)
ONE_EACH = pd.Series(1.0, index=["CA", "FL", "NY", "TX"])
DECLINED = {"issued_on": "2020-06-28", "lifted_on": "2020-06-30", "state": "TX", "outcome": Outcome.DECLINED}
OFFENCE = {"offence_group": "DUI", "offence_status": "charged"}
ONE = made_cohorts.detainers([DECLINED | OFFENCE])
EMPTY = ONE[:0]


@pytest.mark.filterwarnings("error")
def test_an_empty_period_has_no_rows_and_says_nothing() -> None:
    counts, by_request = count_outcomes(EMPTY, "state"), count_outcomes(EMPTY, ["state", "request"])
    of_counts = with_intervals(counts), compare(counts, counts), shrink_shares(counts)
    of_requests = indirect(by_request), direct(by_request)
    of_rows = over_expected(EMPTY, True, ONE_EACH), cumulative_incidence(EMPTY, FRIDAY)
    assert [len(result) for result in (*of_counts, *of_requests, *of_rows)] == [0] * 7
    for before, after in ((EMPTY, EMPTY), (EMPTY, ONE), (ONE, EMPTY)):
        assert decompose_change(before, after, ["request"])["change"].isna().all()


@pytest.mark.filterwarnings("error")
def test_one_row_gives_its_own_numbers_and_a_reason_for_the_rest() -> None:
    counts = count_outcomes(ONE, "state")
    assert compare(counts, counts)[["reason", "p"]].to_numpy().tolist() == [["", 1]]  # tested, and nothing found
    assert over_expected(ONE, True, ONE_EACH).empty  # of one detainer no four declines are expected
    triangle = measure_delays(ONE, FRIDAY, {})
    assert triangle is not None
    assert nowcast(triangle)["recorded"].tolist() == [1]
