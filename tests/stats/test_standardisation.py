"""Standardisation and decomposition beyond their reference cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.stats.intervals import count_interval
from analysis.stats.mix import (
    change_of_count,
    change_of_share,
    das_gupta,
    direct_standardisation,
    indirect_standardisation,
    kitagawa,
    standard_shares,
)

STRATA = ["ASSAULT", "DUI", "PROPERTY"]
COUNT = st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
PERIOD = st.lists(COUNT, min_size=3, max_size=3)


def of_places(*rows: list[tuple[int, int]]) -> pd.DataFrame:
    """Give counts by place and stratum from rows of (declined, issued)."""
    index = pd.MultiIndex.from_product([[f"P{n}" for n in range(len(rows))], STRATA], names=["state", "offence_group"])
    return pd.DataFrame([pair for row in rows for pair in row], index=index, columns=["declined", "issued"])


def of_period(row: list[tuple[int, int]]) -> pd.DataFrame:
    return pd.DataFrame(row, index=STRATA, columns=["declined", "issued"])


def test_the_published_example_of_three_factors() -> None:
    # Das Gupta (1993), example 2.2: births per 1,000 in Austria and Chile, 1981, as births per woman of 15 to 49 times
    # their part of all women times women's part of the population; effects as printed in the README of DasGuptR 2.1.0.
    austria, chile = [51.78746, 0.45919, 0.52638], [84.90502, 0.75756, 0.51065]
    effects = das_gupta(austria, chile)
    np.testing.assert_allclose(effects, [10.4340333, 10.5608476, -0.6670084], rtol=0, atol=5e-8)
    assert effects.sum() == pytest.approx(32.84534 - 12.51747, abs=1e-5)


@given(PERIOD, PERIOD)
@settings(max_examples=20)
def test_standardising_to_itself_changes_nothing(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    counts = of_places(first, second)
    for place in ("P0", "P1"):
        own = counts.loc[[place]]
        alone = indirect_standardisation(own, standard_shares(own)).loc[place]
        if own["declined"].sum():
            assert alone["ratio"] == pytest.approx(1)
            assert alone["low"] <= 1 <= alone["high"]
        direct = direct_standardisation(own, own["issued"].droplevel(0)).loc[place]
        if own["issued"].sum():
            assert direct["standardised"] == pytest.approx(direct["share"])
    both = indirect_standardisation(counts)
    if counts["declined"].sum():
        assert both["expected"].sum() == pytest.approx(counts["declined"].sum())


@given(PERIOD, PERIOD)
def test_the_parts_of_a_change_add_up_to_it(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    before, after = of_period(first), of_period(second)
    parts = change_of_share(before, after)
    counted = change_of_count(before, after)
    if not before["issued"].sum() or not after["issued"].sum():
        assert parts[["mix_effect", "share_effect"]].isna().all(axis=None)
        assert counted.isna().all()
        return
    shares = [period["declined"].sum() / period["issued"].sum() for period in (before, after)]
    assert parts[["mix_effect", "share_effect"]].sum().sum() == pytest.approx(shares[1] - shares[0], abs=1e-12)
    assert counted["change"] == pytest.approx(after["declined"].sum() - before["declined"].sum(), abs=1e-9)
    assert counted[["detainers", "mix", "share"]].sum() == pytest.approx(counted["change"], abs=1e-9)


@given(st.lists(st.lists(st.floats(-5, 5), min_size=2, max_size=2), min_size=1, max_size=5))
def test_effects_of_any_number_of_factors_add_up(factors: list[list[float]]) -> None:
    before, after = zip(*factors, strict=True)
    assert das_gupta(before, after).sum() == pytest.approx(np.prod(after) - np.prod(before), abs=1e-6)


def test_a_change_of_mix_alone_is_mix_alone() -> None:
    before, after = of_period([(10, 100), (60, 100), (0, 0)]), of_period([(5, 50), (90, 150), (0, 0)])
    parts = change_of_share(before, after)
    assert parts["share_effect"].sum() == pytest.approx(0)
    assert parts["mix_effect"].sum() == pytest.approx(95 / 200 - 70 / 200)
    assert parts.loc["PROPERTY", "share"] is np.nan or np.isnan(parts.loc["PROPERTY", "share"])
    counted = change_of_count(before, after)
    assert counted[["detainers", "share"]].tolist() == pytest.approx([0, 0])


def test_a_stratum_that_comes_counts_as_mix() -> None:
    before, after = of_period([(10, 100), (0, 0), (0, 0)]), of_period([(10, 100), (50, 100), (0, 0)])
    parts = change_of_share(before, after.iloc[:2])
    assert parts["share_effect"].tolist() == pytest.approx([0, 0, 0])
    assert parts["mix_effect"].sum() == pytest.approx(60 / 200 - 10 / 100)
    assert kitagawa([1], [1], [np.nan], [np.nan]).mix.tolist() == [0]


def test_ratio_and_interval_of_a_small_place() -> None:
    counts = of_places([(4, 10), (1, 20), (0, 0)], [(10, 100), (20, 100), (30, 100)])
    shares = pd.Series([0.1, 0.2, 0.3], index=STRATA)
    place = indirect_standardisation(counts, shares).loc["P0"]
    assert place["expected"] == pytest.approx(0.1 * 10 + 0.2 * 20)
    assert place["ratio"] == pytest.approx(5 / 5)
    np.testing.assert_allclose(place[["low", "high"]].astype(float), np.array(count_interval(5)) / 5)


def test_what_cannot_be_standardised_is_missing_with_a_reason() -> None:
    counts = of_places([(0, 0), (0, 0), (0, 0)], [(0, 10), (0, 5), (0, 0)], [(3, 10), (0, 5), (1, 8)])
    indirect = indirect_standardisation(counts, pd.Series([0.0, 0.0, 0.2], index=STRATA))
    assert indirect["reason"].tolist() == ["no detainers", "no declines", ""]
    assert indirect["ratio"].isna().tolist() == [True, True, False]
    assert indirect_standardisation(counts, pd.Series([0.1], index=["DUI"])).loc["P2", "reason"].startswith("a stratum")
    direct = direct_standardisation(counts)
    assert direct["reason"].iloc[0] == "no detainers"
    assert direct["reason"].iloc[1].startswith("a stratum of the standard")
    assert direct["standardised"].isna().tolist() == [True, True, False]
    assert direct["share"].isna().tolist() == [True, False, False]
    nowhere = indirect_standardisation(of_places([(0, 0)] * 3))
    assert nowhere["ratio"].isna().all()
    empty = of_places([(1, 2)] * 3).iloc[:0]
    assert len(indirect_standardisation(empty)) == 0


def test_a_standard_without_a_stratum_does_not_need_it() -> None:
    counts = of_places([(3, 10), (1, 10), (0, 0)])
    found = direct_standardisation(counts, pd.Series([50, 150], index=STRATA[:2])).loc["P0"]
    assert found["standardised"] == pytest.approx(0.25 * 0.3 + 0.75 * 0.1)
    assert found["low"] < found["standardised"] < found["high"]


@pytest.mark.parametrize(
    "counts",
    [
        of_places([(3, 2), (1, 10), (0, 0)]),
        of_places([(-1, 2), (1, 10), (0, 0)]),
        pd.concat([of_places([(1, 2)] * 3)] * 2),
        of_period([(1, 2)] * 3),
    ],
)
def test_counts_that_cannot_be_stop(counts: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"(between 0|indexed by place)"):
        indirect_standardisation(counts)


def test_several_strata_levels_are_one_stratum() -> None:
    counts = of_places([(4, 10), (1, 20), (2, 10)], [(10, 100), (20, 100), (30, 100)])
    deeper = pd.concat({"convicted": counts}, names=["status"]).reorder_levels([1, 2, 0])
    pd.testing.assert_frame_equal(indirect_standardisation(counts), indirect_standardisation(deeper))
