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
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from analysis.periods import last_day, saturday_of
from analysis.stats.counts import count_interval, share_interval
from analysis.stats.incidence import aalen_johansen
from analysis.stats.nowcast import Triangle, development
from analysis.stats.standardisation import direct, indirect, kitagawa
from analysis.stats.tests import adjust_for_many, ratio_interval, tails, two_sided

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


def share_of_total(count: float, before: float) -> list[float]:
    """Give the interval of one period's share in the total, at equal exposure, from that of the ratio."""
    low, high = (float(end[0]) for end in ratio_interval(count, before, 1, 1))
    return [low / (1 + low), high / (1 + high) if np.isfinite(high) else 1.0]


@cases(r"P-wilson-.*")
def share(case: dict[str, str]) -> None:
    x, n = one(case["inputs"], "x"), one(case["inputs"], "n")
    low, high = (float(end) for end in share_interval(x, n))
    expected = one(case["expected"], "high")
    if x:
        close(low, one(case["expected"], "low"), tolerance(case))
    else:  # for none of n ours is Clopper-Pearson's upper limit, which lies above
        assert low == one(case["expected"], "low")
        close(proportion_confint(0, n, method="wilson")[1], expected, tolerance(case))
        close(high, one(CASE[case["case_id"].replace("wilson", "exact")]["expected"], "high"), tolerance(case))
        return
    close(high, expected, tolerance(case))


@cases(r"P-exact-.*")
def exact_share(case: dict[str, str]) -> None:
    x, n = one(case["inputs"], "x"), one(case["inputs"], "n")
    expected = [one(case["expected"], "low"), one(case["expected"], "high")]
    close(share_of_total(x, n - x), expected, max(tolerance(case), 1e-9))


@cases("P-mendel")
def mendel(case: dict[str, str]) -> None:
    x, n, p0 = (one(case["inputs"], key) for key in ("x", "n", "p0"))
    close(share_of_total(x, n - x), [one(case["expected"], key) for key in ("low", "high")], tolerance(case))
    # R's p is by likelihood, ours twice the smaller tail; for p0 = 0.5 they are one.
    close(stats.binomtest(int(x), int(n), p0).pvalue, one(case["expected"], "p"), tolerance(case))
    close(two_sided(x, n - x, p0, 1), 2 * stats.binom.cdf(x, n, p0), 1e-9)


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


# Changes -------------------------------------------------------------------------------------------------------------


@cases("T-gu-one")
def one_sided(case: dict[str, str]) -> None:
    now, exposure, before, exposure_before = numbers(case["inputs"])
    share = exposure / (exposure + exposure_before)
    upper = tails(now, now + before, share, 1)[1]
    close(upper, one(case["expected"], "exact"), tolerance(case))
    close(two_sided(now, before, share, 1), 2 * upper, 1e-12)


@cases("T-ddor-all")
def all_declines(case: dict[str, str]) -> None:
    now, before = numbers(case["inputs"])
    p = two_sided(now, before, 0.5, 1)
    np.testing.assert_allclose(p, one(case["expected"], "p"), rtol=1e-6)


@cases("T-ddor-extravis")
def without_travis(case: dict[str, str]) -> None:
    now, before = numbers(case["inputs"])
    low, high = (float(found) for found in re.findall(r"0\.\d+", case["expected"].split("ci=")[1]))
    close(two_sided(now, before, 0.5, 1), one(case["expected"], "p"), tolerance(case))
    close(share_of_total(now, before), [low, high], tolerance(case))


@cases("M-bh")
def discoveries(case: dict[str, str]) -> None:
    p = named(case["inputs"], "p")
    assert (adjust_for_many(p) <= 0.05).sum() == one(case["expected"], "rejected")
    for name, method in (("Bonferroni", "bonferroni"), ("Holm", "holm")):
        assert multipletests(p, method=method)[0].sum() == one(case["expected"], name)


@cases("M-bh-adj")
def adjusted(case: dict[str, str]) -> None:
    close(adjust_for_many(named(CASE["M-bh"]["inputs"], "p")), numbers(case["expected"]), tolerance(case))


# Delays --------------------------------------------------------------------------------------------------------------


def triangle_of(increments: pd.DataFrame) -> Triangle:
    cumulative = increments.cumsum(axis="columns").where(increments.notna()).astype(float)
    return Triangle(cumulative.set_axis(range(cumulative.shape[1]), axis="columns"), 1)


def latest(triangle: Triangle) -> np.ndarray:
    """Give each row's last known count."""
    return triangle.counts[np.arange(len(triangle.counts)), triangle.ages]


@cases("N-taylor-ashe")
def taylor_ashe(case: dict[str, str]) -> None:
    triangle = triangle_of(pd.read_csv(CASES / "taylor_ashe.csv", index_col="origin"))
    developed = development(triangle, rows=10)
    known = latest(triangle)
    remaining = (known * (developed.growth[-1][triangle.ages] - 1)).sum()
    close(remaining, one(case["expected"], "total reserve"), 1)
    close(developed.factors[-1], named(case["expected"], "factors"), 1e-4)


@cases("N-small")
def small_triangle(case: dict[str, str]) -> None:
    rows = [numbers(row) for row in case["inputs"].split(":")[1].split("|")]
    triangle = triangle_of(pd.DataFrame([row + [np.nan] * (len(rows) - len(row)) for row in rows]))
    developed = development(triangle, rows=4)
    factors, growth = developed.factors[-1], developed.growth[-1]
    close(factors, named(case["expected"], "factors"), tolerance(case))
    close(1 / growth, named(case["expected"], "completeness by age"), tolerance(case))
    close(latest(triangle) * growth[triangle.ages], named(case["expected"], "ultimate"), tolerance(case))
    close(1 - 1 / factors, named(case["expected"], "reverse hazards"), tolerance(case))
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
def standardised(case: dict[str, str]) -> None:
    data, order = fleiss(), int(case["case_id"][-1])
    found = direct(data, data["issued"].groupby(level="age").mean()).loc[order] * 1e5
    close(found, [one(case["expected"], key) for key in ("adjusted", "low", "high")], tolerance(case))
    crude = data.loc[order, "declined"].sum() / data.loc[order, "issued"].sum() * 1e5
    close(crude, one(case["expected"], "crude"), tolerance(case))


@cases("D-selvin")
def selvin(case: dict[str, str]) -> None:
    strata = {key: named(case["inputs"], key) for key in ("d60", "p60", "d40", "p40")}
    index = pd.MultiIndex.from_product([["1940"], range(11)])
    counts = pd.DataFrame({"declined": strata["d40"], "issued": strata["p40"]}, index=index)
    found = direct(counts, pd.Series(strata["p60"], index=range(11))).loc["1940"] * 1e5
    limits = numbers(re.findall(r"direct=[\d.]+ \((.*?)\)", case["expected"])[0].replace("..", " "))
    close(found, [one(case["expected"], "direct"), *limits], 0.005)
    # Expected of the places' own sum: ours takes the shares of all places, so 1960 is a second, far larger place.
    scale = 1e9
    of_1960 = pd.DataFrame({"declined": strata["d60"], "issued": strata["p60"]}) * scale
    both = pd.concat([counts, of_1960.set_axis(pd.MultiIndex.from_product([["1960"], range(11)]))])
    expected = indirect(both).loc["1940"]
    close(expected, one(case["expected"], "expected"), 5e-4)
    observed = sum(strata["d40"])
    close([observed, observed / expected], [one(case["expected"], key) for key in ("observed", "ratio")], 1e-5)
    # The case's interval is the log-normal one; recomputed from its formula it agrees. Ours is the exact Poisson one.
    published = numbers(re.findall(r"ratio=[\d.]+ \((.*?)\)", case["expected"])[0].replace("..", " "))
    reach = stats.norm.isf(0.025) / np.sqrt(observed)
    close(observed / expected * np.exp([-reach, reach]), published, 1e-5)
    close([float(end) / expected for end in count_interval(observed)], published, 2e-5)


@cases("D-kitagawa")
def mix_and_share(case: dict[str, str]) -> None:
    weights_before, weights_after = (np.divide(named(case["inputs"], f"size%{year}"), 100) for year in (70, 85))
    shares_before, shares_after = (named(case["inputs"], f"rate{year}") for year in (70, 85))
    mix, share = (part.sum() for part in kitagawa(weights_before, weights_after, shares_before, shares_after))
    before, after, difference, composition, _, rate_part, _ = numbers(case["expected"].replace("->", " "))
    close(np.dot(weights_before, shares_before), before, tolerance(case))
    close(np.dot(weights_after, shares_after), after, tolerance(case))
    close([mix, share, mix + share], [composition, rate_part, difference], tolerance(case))


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
