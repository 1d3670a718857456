"""Every value of data/reference/reference_cases.csv: what our functions give, and what other programs do."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

import analysis as an
from analysis.load.reference import crosswalk, data_file
from analysis.stats.comparisons import two_sided
from analysis.stats.counts import count_interval
from analysis.stats.inference import aalen_johansen
from analysis.stats.reference_cases import COMPUTED, calibration, chain_ladder
from analysis.stats.standardisation import direct, indirect

FILE = crosswalk("reference_cases", "row_id")
CASES = an.reference_cases().reset_index()
OURS = CASES.set_index(["case", "quantity"])
ELSEWHERE = FILE[FILE["function"] == ""].set_index(["case", "quantity"])["published"].astype(float)
"""Values that another program gives, by case and quantity."""


def inputs(case: str) -> dict[str, Any]:
    """Read what a case is computed from."""
    return dict(json.loads(FILE.loc[(FILE["case"] == case) & (FILE["inputs"] != ""), "inputs"].iloc[0]))


@pytest.mark.parametrize("number", range(len(CASES)), ids=OURS.index.map(" ".join))
def test_ours_is_the_published_value(number: int) -> None:
    row = CASES.loc[number]
    assert row["computed"] == pytest.approx(row["published"], rel=0, abs=row["within"])


def test_every_kind_of_method_has_a_case_and_every_value_a_source() -> None:
    assert {case[0] for case in CASES["case"]} == {*"PCTMNAD"}
    assert set(CASES["section"]) == {"", "intervals", "comparison", "like_for_like", "nowcast", "incidence"}
    assert set(FILE["function"]) - {""} == set(COMPUTED)
    assert len(CASES) + len(ELSEWHERE) == len(FILE) > 120
    assert FILE[["method", "provenance"]].ne("").all(axis=None)
    assert CASES.loc[CASES["section"] != "", "source"].ne("").all()
    allowed = CASES["within"] / CASES["published"].abs().clip(lower=1)
    assert (allowed[~CASES["case"].isin(["M-bh", "D-fayfeuer-1"])] < 0.01).all(), "a tolerance that lets all pass"


# What other programs give ---------------------------------------------------------------------------------------------


def test_wilson_is_statsmodels_and_for_none_ours_lies_above_it() -> None:
    wilson = ELSEWHERE["P-wilson-0-20", "high"]
    assert proportion_confint(0, 20, method="wilson")[1] == pytest.approx(wilson, abs=5e-5)
    assert (OURS.loc[("P-exact-0-20", "high"), "computed"] > wilson).all()


def test_rs_p_is_by_likelihood_and_ours_twice_the_smaller_tail() -> None:
    found = stats.binomtest(682, 925, 0.75).pvalue
    assert found == pytest.approx(ELSEWHERE["P-mendel", "p, by likelihood"], abs=1e-6)
    assert two_sided(682, 925 - 682, 0.75, 1) == pytest.approx(2 * stats.binom.cdf(682, 925, 0.75))


def test_the_reserves_of_taylor_and_ashe() -> None:
    increments = inputs("N-taylor-ashe")["increments"]
    found = chain_ladder(increments)
    reserves = np.array([found[f"final {n}"] - sum(row) for n, row in enumerate(increments)])
    assert reserves.sum() == pytest.approx(ELSEWHERE["N-taylor-ashe", "total reserve"], abs=1)
    # The paper's table of ten years, in thousands.
    assert (reserves / 1000).round().tolist() == [0, 95, 470, 710, 985, 1419, 2178, 3920, 4279, 4626]


def test_one_cause_alone_is_kaplan_meier() -> None:
    days, event = inputs("K-small")["t"], inputs("K-small")["d"]
    ours, fitted = aalen_johansen(days, event, 1).set_index("day"), SurvfuncRight(days, event)
    for day, *theirs in zip(fitted.surv_times, fitted.surv_prob, fitted.surv_prob_se, strict=True):
        printed = [ELSEWHERE["K-small", f"{what} after {day:.0f}"] for what in ("S", "se")[: 1 + (theirs[0] > 0)]]
        assert theirs[: len(printed)] == pytest.approx(printed, abs=1e-6)
        assert [1 - ours.loc[day, "incidence"], ours.loc[day, "se"]][: len(printed)] == pytest.approx(printed, abs=1e-6)


def test_selvins_deaths_of_1940_directly_and_indirectly_and_an_exact_interval() -> None:
    given, printed = inputs("D-selvin"), ELSEWHERE["D-selvin"]
    places, scale = pd.MultiIndex.from_product([["1940", "1960"], range(11)]), 1e9
    # Expected of the places' own sum: ours takes the shares of all places, so 1960 is a second, far larger place.
    both = {"declined": [*given["d40"], *np.multiply(given["d60"], scale)]}
    both |= {"issued": [*given["p40"], *np.multiply(given["p60"], scale)]}
    counts, observed = pd.DataFrame(both, index=places), sum(given["d40"])
    found = 1e5 * direct(counts.loc[["1940"]], pd.Series(given["p60"])).loc["1940"]
    assert found.to_list() == pytest.approx(printed[["direct", "direct, low", "direct, high"]].to_list(), abs=0.005)
    expected = indirect(counts).loc["1940"]
    assert expected == pytest.approx(printed["expected"], abs=5e-4)
    assert observed / expected == pytest.approx(printed["ratio"], abs=1e-5)
    reach = stats.norm.isf(0.025) / np.sqrt(observed)
    limits = printed[["ratio, low, log-normal", "ratio, high, log-normal"]].to_list()
    assert observed / expected * np.exp([-reach, reach]) == pytest.approx(limits, abs=1e-5)
    assert [float(end) / expected for end in count_interval(observed)] == pytest.approx(limits, abs=2e-5)


# The table of promises ------------------------------------------------------------------------------------------------


def test_the_calibration_has_every_row_of_its_file() -> None:
    shown, path = calibration(), data_file("reference/calibration.csv")
    assert len(shown) == len(pd.read_csv(path))
    assert shown[["promise", "law"]].ne("").all(axis=None)
    assert shown[["result", "mc_error"]].apply(lambda column: column.str.endswith("%")).all(axis=None)
    assert shown.attrs["facts"]["promised"] == (shown["verdict"] != "shown").sum()
