"""Every value of data/reference/reference_cases.csv: what our functions give, and what other programs do."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

import analysis as an
from analysis.load.reference import crosswalk, data_file
from analysis.stats.comparisons import adjust_for_many, ratio_interval, two_sided, up_to
from analysis.stats.counts import count_interval, share_interval
from analysis.stats.inference import aalen_johansen
from analysis.stats.nowcast import Triangle, development
from analysis.stats.reference_cases import calibration
from analysis.stats.standardisation import direct, indirect, kitagawa

FILE = crosswalk("reference_cases", "row_id")
FILE = FILE.assign(given=FILE["inputs"].replace("", None).ffill())
CASES = an.reference_cases().reset_index()
OURS = CASES.set_index(["case", "quantity"])
ELSEWHERE = FILE[FILE["function"] == ""].set_index(["case", "quantity"])["published"].astype(float)
"""Values that another program gives, by case and quantity."""


Found = Mapping[str, float]


def inputs(case: str) -> dict[str, Any]:
    """Read what a case is computed from."""
    return dict(json.loads(FILE.loc[(FILE["case"] == case) & (FILE["inputs"] != ""), "inputs"].iloc[0]))


# What ours give ------------------------------------------------------------------------------------------------------


def limits(low: Any, high: Any) -> Found:  # noqa: ANN401
    return {"low": float(np.ravel(low)[0]), "high": float(np.ravel(high)[0])}


def share_of_total(x: float, n: float) -> Found:
    """Give the interval of one period's part of the total, at equal exposure, from that of the ratio."""
    ratios = limits(*ratio_interval(x, n - x, 1, 1))
    return {end: ratio / (1 + ratio) if np.isfinite(ratio) else 1.0 for end, ratio in ratios.items()}


def one_sided(now: float, exposure: float, before: float, exposure_before: float) -> Found:
    return {"p": float(up_to(before, now + before, exposure_before / (exposure + exposure_before), 1))}


def adjusted(p: Sequence[float]) -> Found:
    """Give the adjusted p of each, by its place in the list, and how many are rejected."""
    found = adjust_for_many(p)
    return {"rejected": float((found <= 0.05).sum()), **{str(n): float(q) for n, q in enumerate(found, start=1)}}


def rates(counts: Sequence[Sequence[float]], populations: Sequence[Sequence[float]]) -> Found:
    """Standardise each row's rate per 100,000 to the mean population of all rows."""
    index = pd.MultiIndex.from_product([range(1, len(counts) + 1), range(len(counts[0]))], names=["row", "age"])
    data = pd.DataFrame({"declined": np.ravel(counts), "issued": np.ravel(populations)}, index=index)
    found, sums = direct(data, data["issued"].groupby("age").mean()), data.groupby("row").sum()
    found["crude"] = sums["declined"] / sums["issued"]
    names = zip(["adjusted", "low", "high", "crude"], found, strict=True)
    return {f"{name} {row}": 1e5 * float(found.loc[row, column]) for name, column in names for row in found.index}


def parts_of_change(**given: Sequence[float]) -> Found:
    """Take a change apart; sizes are percentages."""
    before, after = (np.divide(given[name], 100) for name in ("size_before", "size_after"))
    mix, within = kitagawa(before, after, given["share_before"], given["share_after"])
    return {"composition": float(mix.sum()), "within": float(within.sum())}


def chain_ladder(increments: Sequence[Sequence[float]]) -> Found:
    """Develop a triangle of increments, a row per origin, oldest first."""
    triangle = Triangle(pd.DataFrame([pd.Series(np.cumsum(row)) for row in increments], dtype=float), 1)
    developed = development(triangle, len(increments))
    growth, factors = developed.growth[-1], developed.factors[-1]
    found = {f"completeness {n}": 1 / more for n, more in enumerate(growth)}
    found |= {f"factor {n}": factor for n, factor in enumerate(factors)}
    found |= {f"hazard {n}": 1 - 1 / factor for n, factor in enumerate(factors)}
    return found | {f"final {n}": sum(row) * growth[len(row) - 1] for n, row in enumerate(increments)}


def incidences(t: Sequence[float], cause: Sequence[int]) -> Found:
    """Give the last incidence of each cause, and its standard error."""
    last = aalen_johansen(t, cause, max(cause)).groupby("cause").last()
    ends = {"cause": "incidence", "se": "se"}
    return {f"{part}{k}": last.loc[k, name] for k in last.index.astype(int) for part, name in ends.items()}


def one_minus_kaplan_meier(t: Sequence[float], cause: Sequence[int]) -> Found:
    """Give what one minus Kaplan-Meier says of each cause, the others taken as censored."""
    alone = {k: aalen_johansen(t, np.equal(cause, k).astype(int), 1) for k in range(1, max(cause) + 1)}
    return {f"cause{k}": float(curve["incidence"].iloc[-1]) for k, curve in alone.items()}


COMPUTED: dict[str, Callable[..., Found]] = {
    "share_interval": lambda x, n: limits(*share_interval(x, n)),
    "share_of_total": share_of_total,
    "count_interval": lambda count, exposure=1: limits(*np.divide(count_interval(count), exposure)),
    "one_sided": one_sided,
    "two_sided": lambda now, before: {"p": float(two_sided(now, before, 0.5, 1))},
    "adjust_for_many": adjusted,
    "direct": rates,
    "kitagawa": parts_of_change,
    "chain_ladder": chain_ladder,
    "aalen_johansen": incidences,
    "one_minus_kaplan_meier": one_minus_kaplan_meier,
}
"""What each case is computed by, by the name in the file."""


@pytest.mark.parametrize("row", list(FILE[FILE["function"] != ""].itertuples()), ids=OURS.index.map(" ".join))
def test_ours_is_the_published_value_and_the_one_that_is_shown(row: Any) -> None:  # noqa: ANN401
    found = COMPUTED[row.function](**json.loads(row.given))[row.result]
    assert found == pytest.approx(float(row.published), rel=0, abs=float(row.within))
    assert found == pytest.approx(float(row.computed), rel=1e-8)


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
