"""Like for like and a change taken apart, beyond their reference cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.load.table import Outcome
from analysis.stats.counts import count_interval, count_outcomes
from analysis.stats.standardisation import decompose_change, direct, indirect, kitagawa, over_expected

REQUESTS = ["hold", "notify"]
COUNT = st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
PERIOD = st.lists(COUNT, min_size=2, max_size=2)
NO_DISPERSION = pd.Series(1.0, index=["CA", "TX"])


def detainers(**places: list[tuple[int, int]]) -> pd.DataFrame:
    """Make detainers of a period from (declined, issued) by place and request."""
    rows = [
        (place, request, "DUI", "charged", outcome, 1)
        for place, counts in places.items()
        for request, (declined, issued) in zip(REQUESTS, counts, strict=True)
        for outcome, number in ((Outcome.DECLINED, declined), (Outcome.TAKEN, issued - declined))
        for _ in range(number)
    ]
    columns = ["state", "request", "offence_group", "offence_status", "outcome", "detainers"]
    return pd.DataFrame(rows, columns=columns).astype({"outcome": "str", "detainers": "int64"})


def by_request(**places: list[tuple[int, int]]) -> pd.DataFrame:
    return count_outcomes(detainers(**places), ["state", "request"])


@given(PERIOD, PERIOD)
@settings(max_examples=25)
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
@settings(max_examples=25)
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
@settings(max_examples=25)
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
