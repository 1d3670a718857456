"""Facilities as clusters: the design effect and the interval beside the plain one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from analysis.stats.clusters import clustered_counts, clustered_shares


def facilities(declined: list[int], issued: list[int], place: str = "TX") -> pd.DataFrame:
    index = pd.MultiIndex.from_product([[place], range(len(declined))], names=["state", "facility_code"])
    return pd.DataFrame({"declined": declined, "issued": issued}, index=index)


def test_equal_clusters_give_the_textbook_design_effect() -> None:
    # Six facilities of 50 that decline all or none: variance between them / (p (1 - p) / N) = m × 6/5.
    found = clustered_shares(facilities([50, 50, 50, 0, 0, 0], [50] * 6)).loc["TX"]
    assert found["design_effect"] == pytest.approx(50 * 6 / 5)
    assert found["cluster_low"] < found["low"] < found["share"] < found["high"] < found["cluster_high"]
    trials = 300 / 60 * (1.959964 / 2.570582) ** 2  # t with five degrees of freedom
    low, high = proportion_confint(trials / 2, trials, method="wilson")
    assert [found["cluster_low"], found["cluster_high"]] == pytest.approx([low, high], rel=1e-5)


def test_facilities_that_decline_alike_have_no_design_effect() -> None:
    found = clustered_shares(facilities([10] * 8, [100] * 8)).loc["TX"]
    assert found["design_effect"] == 1
    assert found["cluster_high"] - found["cluster_low"] < 1.3 * (found["high"] - found["low"])


def test_the_wider_interval_covers_clustered_data_and_the_plain_one_does_not() -> None:
    generator = np.random.default_rng(6)
    size, places = 40, 300
    share = generator.beta(2, 18, (places, 30))
    declined = generator.binomial(size, share)
    index = pd.MultiIndex.from_product([range(places), range(30)])
    found = clustered_shares(pd.DataFrame({"declined": declined.ravel(), "issued": size}, index=index))
    plain, wide = (
        ((found[low] <= 0.1) & (found[high] >= 0.1)).mean()
        for low, high in (("low", "high"), ("cluster_low", "cluster_high"))
    )
    assert found["design_effect"].median() == pytest.approx(1 + (size - 1) / 21, rel=0.15)
    assert plain < 0.85
    assert wide > 0.92


@pytest.mark.parametrize(
    ("declined", "issued", "reason"),
    [
        ([], [], None),
        ([0, 0], [0, 0], "no detainers"),
        ([0] * 6, [5] * 6, "no declines"),
        ([5] * 6, [5] * 6, "every detainer declined"),
        ([3, 1, 0, 2], [9] * 4, "too few facilities"),
        ([3], [9], "too few facilities"),
        ([3, 1, 0, 2, 0], [9] * 4 + [0], "too few facilities"),
    ],
)
def test_what_cannot_be_known_is_missing_with_a_reason(declined: list[int], issued: list[int], reason: str) -> None:
    found = clustered_shares(facilities(declined, issued))
    if reason is None:
        assert len(found) == 0
        return
    assert found["reason"].tolist() == [reason]
    assert found[["design_effect", "cluster_low", "cluster_high"]].isna().all(axis=None)
    assert found["low"].isna().iloc[0] == (sum(issued) == 0)


def test_one_county_makes_a_count_uncertain() -> None:
    # The week of 28 January 2017: 142 of 206 declines in one county. Were the rest single declines, these are about as
    # many independent events as two.
    declined = pd.concat([facilities([142] + [1] * 64, [200] * 65), facilities([1] * 20, [9] * 20, "CA")])["declined"]
    found = clustered_counts(declined)
    assert found.loc["TX", "design_effect"] == pytest.approx((142**2 + 64) / 206)
    assert found.loc["TX", "cluster_low"] < 60 < 206 < 600 < found.loc["TX", "cluster_high"]
    # Single declines are Poisson: nothing is added.
    assert found.loc["CA", "design_effect"] == 1
    assert found.loc["CA", ["low", "high"]].tolist() == found.loc["CA", ["cluster_low", "cluster_high"]].tolist()


def test_no_declines_have_no_design_effect() -> None:
    found = clustered_counts(facilities([0, 0], [4, 5])["declined"])
    assert found["reason"].tolist() == ["no declines"]
    assert found[["design_effect", "cluster_low", "cluster_high"]].isna().all(axis=None)
    assert found["high"].iloc[0] == pytest.approx(3.689, abs=1e-3)
