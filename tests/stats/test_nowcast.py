"""Reporting triangles, completeness, nowcasts and how earlier ones did."""

from datetime import date
from pathlib import Path
from typing import Any

import calibration_laws as laws
import calibration_trials as trials
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cohorts import many

from analysis.load.table import Outcome
from analysis.periods import WEEK
from analysis.stats.nowcast import (
    LONGEST_DELAY,
    QUANTILES,
    WINDOW,
    Triangle,
    development,
    maturities,
    measure_delays,
    nowcast,
    nowcast_quantiles,
    past_bands,
)

FRIDAY = date(2020, 3, 6)  # nine weeks after Saturday 4 January 2020
DELAYS = yaml.safe_load(Path(__file__).with_name("delays.yml").read_text(encoding="utf-8"))
LAWS = {
    "geometric": 0.8 ** np.arange(17),
    "gamma": (np.arange(17) + 0.5) * np.exp(-(np.arange(17) + 0.5) / 2.5),
    "long tail": 1 / (1 + np.arange(17)) ** 1.5,
}


def declines(*rows: tuple[Any, Any, int]) -> pd.DataFrame:
    return many("issued_on lifted_on", *rows).assign(outcome=str(Outcome.DECLINED))


def measured(table: pd.DataFrame, day: date = FRIDAY, versions: dict[date, pd.DataFrame] | None = None) -> Triangle:
    triangle = measure_delays(table, day, versions or {})
    assert triangle is not None
    return triangle


def completeness_by_week(triangle: Triangle) -> pd.Series:
    return maturities(triangle)["completeness"].clip(upper=1)


def of_cells(cells: np.ndarray) -> Triangle:
    return Triangle(pd.DataFrame(cells, index=pd.date_range("2020-01-04", periods=len(cells), freq="7D")), 1)


def earlier(triangle: Triangle, weeks: int) -> Triangle:
    """Give what was known when the first so many weeks had just ended."""
    known = np.arange(weeks)[::-1, None] >= np.arange(triangle.counts.shape[1])
    return Triangle(triangle.cumulative.iloc[:weeks].where(known), 1)


def triangle_of(increments: np.ndarray) -> Triangle:
    """Give the triangle of declines by issue week and delay, of which the newest week has just ended."""
    return earlier(of_cells(increments.cumsum(axis=1)), len(increments))


def simulated(law: str, mean: float, weeks: int = 80, seed: int = 1, batch: int = 1) -> tuple[Triangle, np.ndarray]:
    """Make up a triangle whose final counts are known; declines are recorded in batches of one size."""
    generator = np.random.default_rng(seed)
    final = generator.negative_binomial(mean / batch / 2, 1 / 3, weeks)
    return triangle_of(generator.multinomial(final, LAWS[law] / LAWS[law].sum()) * batch), final * batch


@pytest.mark.parametrize("case", DELAYS, ids=lambda case: case["what"])
def test_the_triangle_of_some_detainers(case: dict[str, Any]) -> None:
    table = many("issued_on lifted_on outcome", *case["detainers"])
    triangle, recorded = measure_delays(table, case["extracted"], {}), case["recorded"]
    assert (triangle is None) == (recorded is None)
    if triangle is None:
        assert measure_delays(table, case["extracted"], {case["extracted"]: table}) is None
        return
    assert triangle.cumulative.index.date.tolist() == list(recorded)
    found = triangle.cumulative.iloc[:, :6]
    assert found.astype(object).where(found.notna(), None).to_numpy().tolist() == list(recorded.values())
    assert triangle.ages.tolist() == [min(age, LONGEST_DELAY) for age in range(len(recorded))[::-1]]
    assert (triangle.cumulative.max(axis="columns") == found.max(axis="columns")).all(), "later ones are in no row"


def known_on(table: pd.DataFrame, day: date) -> pd.DataFrame:
    """Give a version of a table as it was on a day, without days of ends."""
    then = table[table["issued_on"] <= pd.Timestamp(day)]
    outcome = then["outcome"].where(then["lifted_on"] <= pd.Timestamp(day), str(Outcome.NOT_RECORDED))
    return then.assign(outcome=outcome, lifted_on=pd.NaT)


def test_weekly_versions_give_the_triangle_of_the_days_of_declines() -> None:
    generator = np.random.default_rng(3)
    issued = pd.Timestamp("2020-01-04") + pd.to_timedelta(generator.integers(0, 63, 400), unit="D")
    lifted = issued + pd.to_timedelta(generator.geometric(0.08, 400), unit="D")
    table = declines(*zip(issued, lifted, [1] * 400, strict=True))
    versions = {day: known_on(table, day) for day in (FRIDAY - back * WEEK for back in range(9))}
    stored = measured(versions[FRIDAY], FRIDAY, versions)
    assert stored.step == 1
    np.testing.assert_array_equal(stored.counts, measured(table).counts)
    pd.testing.assert_frame_equal(nowcast(stored), nowcast(measured(table)), check_names=False, check_freq=False)


def test_two_releases_months_apart_give_the_steps_between_them() -> None:
    first, second = date(2024, 8, 30), date(2025, 1, 31)  # 22 weeks apart
    weeks = [str(week.date()) for week in pd.date_range("2024-01-06", periods=56, freq="7D")]
    early = [(week, "2024-08-01", 10) for week in weeks[:34]]
    more = [(week, "2025-01-01", 5) for week in weeks[12:]] + [(week, "2025-01-01", 5) for week in weeks[34:]]
    table = declines(*early, *more)
    triangle = measured(known_on(table, second), second, {day: known_on(table, day) for day in (first, second)})
    assert triangle.step == 22
    assert development(triangle, len(weeks)).factors[-1].tolist() == pytest.approx([1.5, 1.0])
    named = maturities(triangle)
    assert named["completeness"].dropna().unique().tolist() == pytest.approx([1, 1 / 1.5])
    assert named["maturity"].dropna().unique().tolist()[:2] == ["settled", "provisional"]
    assert past_bands(triangle) == {}


@pytest.mark.parametrize("law", list(LAWS))
def test_completeness_is_found_again(law: str) -> None:
    triangle = simulated(law, 3000, weeks=120)[0]
    true = (LAWS[law] / LAWS[law].sum()).cumsum()
    for rows, most in ((120, 0.01), (WINDOW, 0.03)):
        developed = development(triangle, rows)
        found = 1 / developed.growth[-1]
        np.testing.assert_allclose(found, true, atol=most)
        assert (np.abs(found - true) < 5 * found * np.sqrt(developed.uncertainty[-1]) + 1e-6).all()
        # What was known in an earlier week is what its own triangle gives.
        then = development(earlier(triangle, 100), rows)
        np.testing.assert_allclose(developed.factors[99], then.factors[-1])
        np.testing.assert_allclose(developed.dispersion[99], then.dispersion[-1])
    for batch, low, high in ((1, 1, 1.2), (5, 4, 6)):  # batches are seen in the dispersion
        triangle = simulated(law, 400, weeks=150, batch=batch)[0]
        assert low <= development(triangle, 150).dispersion[-1] <= high


def test_an_age_at_which_none_come_in_says_nothing_of_how_counts_vary() -> None:
    weeks = 3 * np.random.default_rng(1).poisson([20, 10, 5], (20, 3))  # in batches of three
    with_it = np.column_stack([weeks, np.zeros(20)])
    phi, same = (development(triangle_of(increments), 20).dispersion[-1] for increments in (weeks, with_it))
    assert phi == same > 2


@pytest.mark.parametrize(
    ("completeness", "name"),
    [(1.0, "settled"), (0.95, "settled"), (0.94, "provisional"), (0.5, "provisional"), (0.4, "too young")],
)
def test_maturity_by_completeness(completeness: float, name: str) -> None:
    rows = np.array([[completeness * 100, 100, 100]] * 2 + [[completeness * 100, np.nan, np.nan], [np.nan] * 3])
    assert maturities(of_cells(rows))["maturity"].tolist() == ["settled", "settled", name, "not known"]


def test_completeness_is_one_at_most_and_missing_where_not_known() -> None:
    rows = np.array([[10.0, 20, 18], [10, 20, 18], [10, 20, np.nan], [10, np.nan, np.nan]])
    assert completeness_by_week(of_cells(rows)).tolist() == pytest.approx([1, 1, 1, 10 / 18])
    rows[:, 1] = np.nan
    assert completeness_by_week(of_cells(rows)).isna().tolist() == [False, False, True, True]
    # While counts still grow at the triangle's edge no week is settled.
    cut = Triangle(simulated("geometric", 300)[0].cumulative.iloc[:, :5], 1)
    assert set(maturities(cut)["maturity"]) == {"provisional", "too young"}


def test_a_week_is_taken_for_less_complete_when_more_than_expected_comes_in() -> None:
    steady = np.tile(np.array([40.0, 20, 20, 10, 10]), (40, 1))
    recent = np.arange(40)[:, None] + np.arange(5) >= 36  # in the last four weeks twice as much comes in late
    late = steady * np.where(recent, [1, 2, 2, 2, 2], 1)
    before, after = (completeness_by_week(triangle_of(rows)).iloc[-2] for rows in (steady, late))
    assert before == pytest.approx(0.6)
    assert after < 1 / development(triangle_of(late), WINDOW).growth[-1, 1] < before


def test_a_nowcast_of_many_declines_is_near_the_truth() -> None:
    triangle, final = simulated("geometric", 3000)
    cast = nowcast(triangle)
    shown = cast[cast["reason"] == ""]
    assert (len(shown), shown.index[-1]) == (77, cast.index[76])
    np.testing.assert_allclose(shown["estimate"], final[:77], rtol=0.1)
    assert ((shown["low"] <= shown["estimate"]) & (shown["estimate"] <= shown["high"] + 1)).all()
    assert (cast["low"] == cast["high"])[triangle.ages == 16].all()
    assert cast["reason"].iloc[-1] == "too young"
    assert cast.iloc[77:][["estimate", *QUANTILES]].isna().all(axis=None)
    assert cast["recorded"].notna().all()


def test_none_recorded_so_far_has_an_upper_limit() -> None:
    triangle, _ = simulated("geometric", 20)
    triangle.cumulative.iloc[-6, :6] = 0
    found = nowcast(triangle).iloc[-6]
    assert found[["estimate", "low"]].tolist() == [0, 0]
    assert found["high"] >= 1


def test_bands_cover_what_they_say() -> None:
    made = [row for law in laws.LAWS for seed in range(5) for row in trials.bands(law, np.random.default_rng(seed))]
    table = pd.DataFrame(made, columns=["check", "held", "made"])
    held = table.groupby(table["check"].str.contains("double"))["held"].mean()
    assert 0.84 <= held[False] <= 0.98  # 40 bands at 0.9
    assert held[True] >= 0.75


def test_what_cannot_be_nowcast_says_why() -> None:
    # None recorded, ever: a week past the longest delay is final at zero, of a younger one nothing can be said.
    cast = nowcast(triangle_of(np.zeros((5, 3))))
    assert cast["reason"].tolist() == ["", "", "", *["no recording delays measured"] * 2]
    assert cast["high"].tolist()[:3] == [0, 0, 0]
    cumulative = simulated("geometric", 300)[0].cumulative
    taken_back = cumulative.mul(np.where(np.arange(17) < 10, 1, 0.9))
    assert "recorded counts fall with age" in set(nowcast(Triangle(taken_back, 1))["reason"])
    unknown = nowcast(Triangle(cumulative * np.nan, 1))
    assert set(unknown["reason"]) == {"no recording delays measured"}
    assert unknown[["estimate", "low", "high"]].isna().all(axis=None)
    assert np.isfinite(nowcast(Triangle(cumulative.iloc[:1], 1))["recorded"]).all()


@given(st.lists(st.lists(st.integers(0, 30), min_size=4, max_size=4), min_size=4, max_size=14))
@settings(max_examples=12)
def test_a_nowcast_never_falls_below_what_is_recorded(rows: list[list[int]]) -> None:
    triangle = triangle_of(np.array(rows, dtype=float))
    cast = nowcast(triangle)
    known = cast[cast["reason"] == ""]
    assert (known["low"] >= known["recorded"]).all()
    assert (np.diff(known[list(QUANTILES)].to_numpy(), axis=1) >= 0).all()
    complete = completeness_by_week(triangle).dropna()
    assert complete.is_monotonic_decreasing
    assert complete.between(0, 1).all()


def test_quantiles_are_rows_that_a_hub_can_read() -> None:
    cast = nowcast(simulated("geometric", 300)[0])
    rows = nowcast_quantiles(cast)
    unfinished = cast[(cast["reason"] == "") & (cast["completeness"] < 1)]
    assert len(rows) == 5 * len(unfinished) == 5 * 13
    assert set(rows["output_type"]) == {"quantile"}
    last = rows[rows["week"] == unfinished.index[-1]]
    assert last["output_type_id"].tolist() == [0.05, 0.25, 0.5, 0.75, 0.95]
    assert last["value"].tolist() == unfinished.iloc[-1][list(QUANTILES)].tolist()
    assert (last["target_end_date"] == unfinished.index[-1] + pd.Timedelta(days=6)).all()


def test_past_bands_repeat_what_was_known_then() -> None:
    triangle, final = simulated("gamma", 200, weeks=100)
    found, made = past_bands(triangle), list[dict[str, Any]]()
    for weeks in range(99, 16, -1):  # the newest week that had a nowcast then, once it is sixteen weeks old
        then = nowcast(earlier(triangle, weeks))
        row = int(np.flatnonzero(then["reason"] == "")[-1])
        if row < 84:
            made.append(then.iloc[row].to_dict() | {"truth": final[row]})
        if len(made) == 40:
            break
    cast = pd.DataFrame(made)
    truth = cast["truth"]
    # Bracher et al. (2021): (|y - m| / 2 + the interval scores, each times half its alpha) over 2.5.
    score = (truth - cast["median"]).abs() / 2
    for alpha, low, high in ((0.5, "low_half", "high_half"), (0.1, "low", "high")):
        outside = np.maximum(np.maximum(cast[low] - truth, truth - cast[high]), 0)
        score += alpha / 2 * (cast[high] - cast[low]) + outside
    assert found["past_bands_made"] == len(cast) == 40
    assert found["past_bands_held"] == truth.between(cast["low"], cast["high"]).sum()
    assert found["past_bands_score"] == pytest.approx(score.mean() / 2.5)
    assert found["past_bands_score_of_recorded"] == pytest.approx((truth - cast["recorded"]).mean())
    assert found["past_bands_score"] < found["past_bands_score_of_recorded"] / 3
    # Too short a history has none.
    assert past_bands(simulated("geometric", 200, weeks=16)[0]) == {}
    assert past_bands(triangle_of(np.zeros((30, 3)))) == {}


@pytest.mark.parametrize("week", [[10, 20, 40, 80], [100, 30, 40, 80]])
def test_past_bands_are_taken_at_the_first_age_with_half_recorded_and_not_more_than_all(week: list[float]) -> None:
    triangle = earlier(of_cells(np.tile(np.array(week, dtype=float), (9, 1))), 9)
    found = past_bands(triangle)  # of the second week to the sixth; before, no week had its final number
    assert (found["past_bands_made"], found["past_bands_score_of_recorded"]) == (5, 40)
    assert past_bands(Triangle(triangle.cumulative, 2)) == {}


def test_steps_on_few_declines_use_older_weeks() -> None:
    sparse = np.zeros((60, 4))
    sparse[:, 0], sparse[:, 1] = 1, 1
    sparse[-30:] = 0
    cast = nowcast(triangle_of(sparse))
    assert set(cast["reason"]) == {""}
    assert cast["completeness"].iloc[-1] == pytest.approx(0.5)
    assert cast["high"].iloc[-1] > 0
