"""Every case of tests/cases/reference_cases.csv, named by its id: read from the file, computed by our functions."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mack import reserve
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.rates import confint_poisson
from statsmodels.stats.rates import test_poisson_2indep as poisson_test

from analysis.periods import last_day, saturday_of
from analysis.stats import published
from analysis.stats.baselines import ears
from analysis.stats.changes import adjust_for_many, ratio_test
from analysis.stats.farrington import FarringtonSettings, farrington, outbreak_weights, prediction_limits
from analysis.stats.funnels import exact_limits, spread_of
from analysis.stats.incidence import aalen_johansen
from analysis.stats.intervals import count_interval, share_interval
from analysis.stats.mix import das_gupta, direct_standardisation, indirect_standardisation, kitagawa
from analysis.stats.nowcast import Triangle, development
from analysis.stats.shrinkage import prior_of_moments, shrunken_shares

CASES = Path(__file__).parents[1] / "cases"
with (CASES / "reference_cases.csv").open(encoding="utf-8", newline="") as lines:
    CASE = {row["case_id"]: row for row in csv.DictReader(lines)}
NUMBER = r"[-+]?\d*\.?\d+(?:e[-+]?\d+)?"

Test = Callable[[dict[str, str]], None]
TESTS: dict[str, Test] = {}


def cases(pattern: str) -> Callable[[Test], Test]:
    """Register a test for the case ids that match a pattern."""

    def register(test: Test) -> Test:
        for case_id in CASE:
            if re.fullmatch(pattern, case_id):
                assert case_id not in TESTS
                TESTS[case_id] = test
        return test

    return register


@pytest.mark.parametrize("case_id", list(CASE))
def test_case(case_id: str) -> None:
    TESTS[case_id](CASE[case_id])


# Reading a case ------------------------------------------------------------------------------------------------------


def numbers(text: str) -> list[float]:
    """Read a list such as ``1, 2.5 | 3``."""
    return [float(found) for found in re.findall(NUMBER, text)]


def named(text: str, key: str) -> list[float]:
    """Read the numbers behind ``key=``, up to the next semicolon."""
    found = re.search(rf"(?:^|[;(,\s]){re.escape(key)}=([^;]*)", text)
    assert found, f"{key} is not in {text!r}"
    return numbers(found[1])


def one(text: str, key: str) -> float:
    """Read the first number behind ``key=``."""
    return named(text, key)[0]


def tolerance(case: dict[str, str]) -> float:
    """Read a single tolerance."""
    return numbers(case["tolerance"])[0]


def close(found: object, expected: object, within: float) -> None:
    """Compare numbers by absolute difference."""
    np.testing.assert_allclose(np.asarray(found, dtype=float), np.asarray(expected, dtype=float), rtol=0, atol=within)


# Proportions and counts ----------------------------------------------------------------------------------------------


@cases(r"P-(wilson|exact|jeffreys)-.*")
def share(case: dict[str, str]) -> None:
    method = {"w": "wilson", "e": "exact", "j": "jeffreys"}[case["case_id"][2]]
    low, high = share_interval(one(case["inputs"], "x"), one(case["inputs"], "n"), method=method)  # type: ignore[arg-type]
    close([low, high], [one(case["expected"], "low"), one(case["expected"], "high")], tolerance(case))


@cases("P-mendel")
def mendel(case: dict[str, str]) -> None:
    x, n, p0 = (one(case["inputs"], key) for key in ("x", "n", "p0"))
    low, high = share_interval(x, n, method="exact")
    expected = [one(case["expected"], key) for key in ("p", "low", "high")]
    close([stats.binomtest(int(x), int(n), p0).pvalue, low, high], expected, tolerance(case))


@cases(r"C-exact-(?!5$)\d+")
def count(case: dict[str, str]) -> None:
    low, high = count_interval(one(case["inputs"], "count"))
    close([low, high], [one(case["expected"], "low"), one(case["expected"], "high")], tolerance(case))


@cases("C-exact-5")
def count_of_five(case: dict[str, str]) -> None:
    # The upper limit in the file, 11.66832197, is wrong in its sixth digit (by 1.01e-5, its tolerance is 1e-5): five or
    # fewer events then have probability 0.02500016. Recomputed from the definition, 11.66833208.
    low, high = count_interval(one(case["inputs"], "count"))
    close(low, one(case["expected"], "low"), tolerance(case))
    close(stats.poisson.cdf(5, float(high)), 0.025, 1e-12)
    close(high, one(case["expected"], "high"), 1.02e-5)


@cases("C-exact-15-400")
def rate(case: dict[str, str]) -> None:
    low, high = count_interval(one(case["inputs"], "count"))
    exposure = one(case["inputs"], "exposure")
    expected = [one(case["expected"], "low"), one(case["expected"], "high")]
    close([low / exposure, high / exposure], expected, tolerance(case))


@cases("C-(jeff|score)-15-400")
def rate_of_statsmodels(case: dict[str, str]) -> None:
    # Not used in this project; the case holds statsmodels to its source.
    method = case["case_id"].split("-")[1]
    found = confint_poisson(one(case["inputs"], "count"), one(case["inputs"], "exposure"), method=method)
    close(found, [one(case["expected"], "low"), one(case["expected"], "high")], tolerance(case))


# Funnels -------------------------------------------------------------------------------------------------------------


@cases(r"F-limits-\d+")
def funnel_limits(case: dict[str, str]) -> None:
    expected, target = one(case["inputs"], "expected"), one(case["inputs"], "target")
    found = [*exact_limits(expected, 0.95, target), *exact_limits(expected, 0.998, target)]
    close(found, [one(case["expected"], key) for key in ("ll95", "ul95", "ll998", "ul998")], tolerance(case))


@cases("F-(phi|tau2)")
def funnel_spread(case: dict[str, str]) -> None:
    inputs = CASE["F-phi"]["inputs"]
    spread = spread_of(named(inputs, "o"), named(inputs, "e"), scale="log", trim=0.1)
    key = case["case_id"].removeprefix("F-")
    close(getattr(spread, key), one(case["expected"], key), tolerance(case))


# Changes -------------------------------------------------------------------------------------------------------------


def gu() -> tuple[int, float, int, float]:
    now, exposure, before, exposure_before = numbers(CASE["T-gu-exact"]["inputs"])
    return int(now), exposure, int(before), exposure_before


@cases("T-gu-exact")
def exact_ratio(case: dict[str, str]) -> None:
    now, exposure, before, exposure_before = gu()
    test = ratio_test(now, before, exposure, exposure_before)
    close([test.ratio, test.p], [one(case["expected"], "ratio"), one(case["expected"], "p")], tolerance(case))


@cases("T-gu-midp")
def mid_p(case: dict[str, str]) -> None:
    now, exposure, before, exposure_before = gu()
    close(ratio_test(now, before, exposure, exposure_before).p_mid, one(case["expected"], "p"), tolerance(case))


@cases("T-gu-one")
def one_sided(case: dict[str, str]) -> None:
    # Not used in this project (the headline is two-sided); the case holds statsmodels to the paper.
    for key, method in {
        "exact": "exact-cond",
        "midp": "cond-midp",
        **{m: m for m in ("score", "wald", "sqrt")},
    }.items():
        p = poisson_test(*gu(), method=method, alternative="larger").pvalue
        close(p, one(case["expected"], key), tolerance(case))


@cases("T-ddor-all")
def all_declines(case: dict[str, str]) -> None:
    now, before = numbers(case["inputs"])
    np.testing.assert_allclose(ratio_test(int(now), int(before)).p, one(case["expected"], "p"), rtol=1e-6)


@cases("T-ddor-extravis")
def without_travis(case: dict[str, str]) -> None:
    now, before = (int(value) for value in numbers(case["inputs"]))
    test = ratio_test(now, before)
    low, high = (float(found) for found in re.findall(r"0\.\d+", case["expected"].split("ci=")[1]))
    close(test.p, one(case["expected"], "p"), tolerance(case))
    # The case gives the interval of the share, ratio / (1 + ratio).
    close([test.low / (1 + test.low), test.high / (1 + test.high)], [low, high], tolerance(case))


@cases("M-bh")
def discoveries(case: dict[str, str]) -> None:
    p = named(case["inputs"], "p")
    assert (adjust_for_many(p) <= 0.05).sum() == one(case["expected"], "rejected")
    for name, method in (("Bonferroni", "bonferroni"), ("Holm", "holm")):
        assert multipletests(p, method=method)[0].sum() == one(case["expected"], name)


@cases("M-bh-adj")
def adjusted(case: dict[str, str]) -> None:
    close(adjust_for_many(named(CASE["M-bh"]["inputs"], "p")), numbers(case["expected"]), tolerance(case))


# Baselines -----------------------------------------------------------------------------------------------------------


@cases("S-thr-(none|1_2|2_3)")
def delta_threshold(case: dict[str, str]) -> None:
    mean, se, phi, alpha, y = (one(case["inputs"], key) for key in ("mu0", "se(mu0)", "phi", "alpha", "y"))
    power = case["case_id"].removeprefix("S-thr-").replace("_", "/")
    limits = prediction_limits(y, mean, se, phi, alpha, "delta", power)  # type: ignore[arg-type]
    score = (y - mean) / (limits.high - mean)
    close([limits.low, limits.high, limits.p, score], numbers(case["expected"]), tolerance(case))


@cases(r"S-thr-(muan|nbPlugin)-.*")
def noufaily_threshold(case: dict[str, str]) -> None:
    phi, alpha, y = (one(case["inputs"], key) for key in ("phi", "alpha", "y"))
    eta = np.log(float(re.findall(r"eta0=log\((.*?)\)", case["inputs"])[0]))
    se = np.log(float(re.findall(r"se\(eta0\)=log\((.*?)\)", case["inputs"])[0]))
    limits = prediction_limits(y, np.exp(eta), se, phi, alpha, "muan" if "muan" in case["case_id"] else "nb_plugin")
    score = (y - eta) / (
        limits.high - eta
    )  # about the linear predictor, as in the package's test; ours is about the mean
    close([limits.low, limits.high, limits.p, score], numbers(case["expected"]), tolerance(case))


@cases("S-weights")
def weights(case: dict[str, str]) -> None:
    found = outbreak_weights(named(case["inputs"], "s"), one(case["inputs"], "threshold"))
    first, last = (float(value) for value in re.findall(r"\d\.\d", case["expected"]))
    close(found, [first] * 5 + [last] * 5, tolerance(case))
    assert found.sum() == pytest.approx(10)


@cases("S-ears-newport")
def ears_upper(case: dict[str, str]) -> None:
    baselines = [numbers(part) for part in case["inputs"].removeprefix("baselines:").split("|")]
    for baseline, expected in zip(baselines, numbers(case["expected"]), strict=True):
        close(ears([*baseline, 0], "C1", alpha=0.05).upper[-1, 0], expected, tolerance(case))


@cases("S-farrington-synthetic")
def synthetic_series(case: dict[str, str]) -> None:
    series = pd.read_csv(CASES / "reference_farrington.csv")
    counts = series["count"].to_numpy(dtype=float)
    weeks = series[series["expected"].notna()]
    assert len(weeks) == 52
    for bound, name, within in (("delta", "delta", 1e-3), ("nb_plugin", "nb", 0), ("muan", "muan", 0)):
        settings = FarringtonSettings(bound=bound, r_compatible=True)  # type: ignore[arg-type]
        found = pd.concat([farrington(counts[:t], settings) for t in weeks["t"]])
        close(found["upper"], weeks[f"{name}_upper"], within)
        assert ((found["observed"] > found["upper"]).to_numpy() == (weeks[f"{name}_alarm"] == 1).to_numpy()).all()
        close(found["expected"], weeks["expected"], 1e-3)
        close(found["dispersion"], weeks["phi"], 1e-3)
        if name != "muan":
            close(found["p"], weeks[f"{name}_pvalue"], 1e-3)
    for method in ("C1", "C2", "C3"):
        upper = ears(counts, method, r_compatible=True).upper[weeks.index, 0]
        close(upper, weeks[f"{method.lower()}_upper"], 1e-9)


# Shrinkage -----------------------------------------------------------------------------------------------------------


@cases("E-rat-moments")
def moments(case: dict[str, str]) -> None:
    prior = prior_of_moments(one(case["inputs"], "mean"), one(case["inputs"], "sd"))
    close([prior.a, prior.b], [one(case["expected"], "a"), one(case["expected"], "b")], tolerance(case))


@cases("E-posterior")
def posterior(case: dict[str, str]) -> None:
    a, b, y, n = (one(case["inputs"], key) for key in ("a", "b", "y", "n"))
    prior = prior_of_moments(0.5, 0.1)._replace(a=a, b=b)
    place = shrunken_shares(pd.DataFrame({"declined": [y], "issued": [n]}), prior=prior).iloc[0]
    close([place["a"], place["b"]], numbers(case["expected"].split(";")[0]), 1e-9)
    sd = stats.beta(place["a"], place["b"]).std()
    close([place["shrunken"], sd], [one(case["expected"], "mean"), one(case["expected"], "sd")], tolerance(case))


# Delays --------------------------------------------------------------------------------------------------------------


def triangle_of(increments: pd.DataFrame) -> Triangle:
    cumulative = increments.cumsum(axis="columns").where(increments.notna()).astype(float)
    return Triangle(cumulative.set_axis(range(cumulative.shape[1]), axis="columns"), 1)


@cases("N-taylor-ashe")
def taylor_ashe(case: dict[str, str]) -> None:
    triangle = triangle_of(pd.read_csv(CASES / "taylor_ashe.csv", index_col="origin"))
    found = reserve(triangle)
    total, se = one(case["expected"], "total reserve"), one(case["expected"], "Mack s.e.")
    close([found.total_remaining, found.total_se], [total, se], 1)
    close(development(triangle, 10).factors[-1], named(case["expected"], "factors"), 1e-4)


@cases("N-small")
def small_triangle(case: dict[str, str]) -> None:
    rows = [numbers(row) for row in case["inputs"].split(":")[1].split("|")]
    triangle = triangle_of(pd.DataFrame([row + [np.nan] * (len(rows) - len(row)) for row in rows]))
    developed = development(triangle, 4)
    close(developed.factors[-1], named(case["expected"], "factors"), tolerance(case))
    close(1 / developed.growth[-1], named(case["expected"], "completeness by age"), tolerance(case))
    close(reserve(triangle).ultimate, named(case["expected"], "ultimate"), tolerance(case))
    close(1 - 1 / developed.factors[-1], named(case["expected"], "reverse hazards"), tolerance(case))
    assert triangle.ages.tolist() == [3, 2, 1, 0]


# Time to decline -----------------------------------------------------------------------------------------------------


def competing() -> tuple[list[float], list[float]]:
    return named(CASE["A-cuminc"]["inputs"], "t"), named(CASE["A-cuminc"]["inputs"], "cause")


@cases("K-small")
def kaplan_meier(case: dict[str, str]) -> None:
    # One cause alone is Kaplan-Meier: our cumulative incidence and statsmodels' estimate are both held to the case.
    days, event = named(case["inputs"], "t"), named(case["inputs"], "d")
    survival, se = named(case["expected"], "S"), [0.1169268, 0.1649762, 0.20058]
    fitted = SurvfuncRight(days, event)
    close(fitted.surv_prob, survival, tolerance(case))
    close(fitted.surv_prob_se[:3], se, tolerance(case))
    ours = aalen_johansen(days, event, 1)
    assert ours["day"].tolist() == [1, 2, 3, 5]
    close(1 - ours["incidence"], survival, tolerance(case))


@cases("A-cuminc")
def cumulative(case: dict[str, str]) -> None:
    last = aalen_johansen(*competing(), 3).groupby("cause").tail(1)
    close(last["incidence"], [one(case["expected"], f"cause{k}") for k in (1, 2, 3)], tolerance(case))
    close(last["se"], named(case["expected"], "se"), tolerance(case))


@cases("A-not-1-KM")
def naive_overstates(case: dict[str, str]) -> None:
    days, cause = (np.asarray(values) for values in competing())
    naive = [1 - SurvfuncRight(days, cause == k).surv_prob[-1] for k in (1, 2, 3)]
    close(naive, [float(value) for value in re.findall(r"cause\d=(0\.\d+)", case["expected"])], tolerance(case))
    true = aalen_johansen(days, cause, 3).groupby("cause")["incidence"].last().to_numpy()
    assert (np.asarray(naive) >= true - 1e-12).all()
    assert sum(naive) == pytest.approx(0.849, abs=5e-4)
    assert true.sum() == pytest.approx(0.644, abs=5e-4)
    assert sum(naive) > true.sum()


# Like for like -------------------------------------------------------------------------------------------------------


def fleiss() -> pd.DataFrame:
    counts_text, population_text = CASE["D-fayfeuer-data"]["inputs"].split("populations:")
    rows = []
    for text in (counts_text.split("):")[1], population_text):
        rows.append([numbers(part.split("=")[1]) for part in text.split(";") if "=" in part])
    orders = pd.MultiIndex.from_product([range(1, 6), range(6)], names=["order", "age"])
    return pd.DataFrame({"declined": np.ravel(rows[0]), "issued": np.ravel(rows[1])}, index=orders)


@cases("D-fayfeuer-data")
def fleiss_data(case: dict[str, str]) -> None:
    data = fleiss()
    assert data.shape == (30, 2)
    assert data.loc[(1, 0)].tolist() == [107, 230061]
    assert data.loc[(5, 5)].tolist() == [295, 34392]


@cases(r"D-fayfeuer-\d")
def direct(case: dict[str, str]) -> None:
    data = fleiss()
    standard = data["issued"].groupby(level="age").mean()
    found = direct_standardisation(data, standard).drop(columns="reason").loc[int(case["case_id"][-1])] * 1e5
    expected = [one(case["expected"], key) for key in ("crude", "adjusted", "low", "high")]
    close(found[["share", "standardised", "low", "high"]], expected, tolerance(case))


@cases("D-selvin")
def selvin(case: dict[str, str]) -> None:
    strata = {key: named(case["inputs"], key) for key in ("d60", "p60", "d40", "p40")}
    index = pd.MultiIndex.from_product([["1940"], range(11)])
    counts = pd.DataFrame({"declined": strata["d40"], "issued": strata["p40"]}, index=index)
    standard = pd.Series(strata["p60"], index=range(11))
    found = direct_standardisation(counts, standard).drop(columns="reason").loc["1940"] * 1e5
    crude, direct_rate = one(case["expected"], "crude"), one(case["expected"], "direct")
    low, high = numbers(re.findall(r"direct=[\d.]+ \((.*?)\)", case["expected"])[0].replace("..", " "))
    close(found[["share", "standardised", "low", "high"]], [crude, direct_rate, low, high], 0.005)
    shares = pd.Series(np.divide(strata["d60"], strata["p60"]), index=range(11))
    ratio = indirect_standardisation(counts, shares).loc["1940"]
    close(ratio[["observed", "ratio"]], [one(case["expected"], "observed"), one(case["expected"], "ratio")], 1e-5)
    close(ratio["expected"], one(case["expected"], "expected"), 5e-4)
    # The case's interval is the log-normal one; recomputed from its formula it agrees. Ours is the exact Poisson one.
    published = numbers(re.findall(r"ratio=[\d.]+ \((.*?)\)", case["expected"])[0].replace("..", " "))
    reach = stats.norm.isf(0.025) / np.sqrt(ratio["observed"])
    close(ratio["ratio"] * np.exp([-reach, reach]), published, 1e-5)
    close(ratio[["low", "high"]], published, 2e-5)


@cases("D-kitagawa")
def mix_and_rate(case: dict[str, str]) -> None:
    weights_before, weights_after = (named(case["inputs"], f"size%{year}") for year in (70, 85))
    shares_before, shares_after = (named(case["inputs"], f"rate{year}") for year in (70, 85))
    parts = kitagawa(np.divide(weights_before, 100), np.divide(weights_after, 100), shares_before, shares_after)
    before, after, difference, composition, _, rate_part, _ = numbers(case["expected"].replace("->", " "))
    close(np.dot(weights_before, shares_before) / 100, before, tolerance(case))
    close(np.dot(weights_after, shares_after) / 100, after, tolerance(case))
    close([parts.mix.sum(), parts.share.sum()], [composition, rate_part], tolerance(case))
    close(parts.mix.sum() + parts.share.sum(), difference, tolerance(case))
    # Das Gupta's two vector factors are the same decomposition.
    close(
        das_gupta([np.divide(weights_before, 100), shares_before], [np.divide(weights_after, 100), shares_after]),
        [composition, rate_part],
        tolerance(case),
    )


@cases("D-dasgupta-2")
def two_factors(case: dict[str, str]) -> None:
    (a0, a1), (b0, b1) = named(case["inputs"], "a"), named(case["inputs"], "b")
    expected = [float(value) for value in re.findall(r"effect (-0\.\d+)", case["expected"])]
    close(das_gupta([a0, b0], [a1, b1]), expected, tolerance(case))
    close(sum(expected), a1 * b1 - a0 * b0, tolerance(case))


# Weeks and words -----------------------------------------------------------------------------------------------------


@cases("W-week")
def reporting_week(case: dict[str, str]) -> None:
    for text in case["inputs"].split(";"):
        first, last = text.strip().split("..")
        saturday = date.fromisoformat(first)
        friday = date.fromisoformat(last if len(last) == 10 else f"{saturday.year}-{last}")
        assert f"{saturday:%A} {friday:%A}" == "Saturday Friday"
        assert {saturday_of(saturday), saturday_of(friday)} == {saturday}
        assert last_day(saturday) == friday
    assert f"{date(2017, 2, 1):%A}" == "Wednesday"
    assert [date(2017, 1, 28).isocalendar().week, date(2017, 2, 3).isocalendar().week] == [4, 5]


@cases("Q-nyc")
def no_rate(case: dict[str, str]) -> None:
    from analysis.show.sentences import NEVER_IN_OUR_PROSE, fill
    from analysis.show.what_changed import RECORDED, say

    declined, issued = (int(value) for value in numbers(case["inputs"]))
    facts: dict[str, str | int | float | bool | None] = {
        "declined": declined,
        "issued": issued,
        "week_end": "2017-02-10",
        "apart_week": None,
        "taken_back_at_least": 0,
        "issued_confidence": "high",
    }
    said = " ".join(fill(template, facts) for template in say(RECORDED, facts))
    assert "**no rate is given**" in said
    assert "rate" not in said.replace("no rate is given", "")
    assert "%" not in said
    assert "decline rate" in NEVER_IN_OUR_PROSE
    assert "issued" in (published.__doc__ or "")
    assert "nothing here is divided by" in " ".join((published.__doc__ or "").split())
