"""Reporting triangles, completeness, nowcasts and how earlier ones did."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import calibration_laws as laws
import calibration_trials as trials
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mack import reserve

from analysis.load.table import Outcome, as_table
from analysis.stats.nowcast import (
    QUANTILES,
    WINDOW,
    Triangle,
    completeness_by_week,
    development,
    maturities,
    measure_delays,
    nowcast,
    nowcast_quantiles,
    past_bands,
)

FRIDAY = date(2020, 3, 6)  # nine weeks after Saturday 4 January 2020
LAWS = {
    "geometric": 0.8 ** np.arange(17),
    "gamma": (np.arange(17) + 0.5) * np.exp(-(np.arange(17) + 0.5) / 2.5),
    "long tail": 1 / (1 + np.arange(17)) ** 1.5,
}


def declines(*rows: tuple[str | None, str | None, int], outcome: str = Outcome.DECLINED) -> pd.DataFrame:
    """Give a table of detainers from (issued, lifted, how many)."""
    each = [(issued, lifted) for issued, lifted, number in rows for _ in range(number)]
    frame = pd.DataFrame(each, columns=["issued_on", "lifted_on"])
    return as_table(frame.assign(outcome=outcome, detainers=1, source_file="made up", source_row=1))


def measured(table: pd.DataFrame, day: date = FRIDAY, versions: dict[date, pd.DataFrame] | None = None) -> Triangle:
    """Measure the delays of a table that has days of declines, or versions."""
    triangle = measure_delays(table, day, versions or {})
    assert triangle is not None
    return triangle


def triangle_of(increments: np.ndarray) -> Triangle:
    """Give the triangle of declines by issue week and delay, of which the newest week has just ended."""
    age = np.arange(len(increments))[::-1, None]
    known = np.where(age >= np.arange(increments.shape[1]), increments.cumsum(axis=1), np.nan)
    return of_cells(known)


def of_cells(cells: np.ndarray) -> Triangle:
    return Triangle(pd.DataFrame(cells, index=pd.date_range("2020-01-04", periods=len(cells), freq="7D")), 1)


def simulated(law: str, mean: float, weeks: int = 80, seed: int = 1, batch: int = 1) -> tuple[Triangle, np.ndarray]:
    """Make up a triangle whose final counts are known; declines are recorded in batches of one size."""
    generator = np.random.default_rng(seed)
    final = generator.negative_binomial(mean / batch / 2, 1 / 3, weeks)
    return triangle_of(generator.multinomial(final, LAWS[law] / LAWS[law].sum()) * batch), final * batch


def test_a_decline_stands_at_the_weeks_between_issue_and_record() -> None:
    table = declines(
        ("2020-01-04", "2020-01-10", 2),  # same reporting week
        ("2020-01-10", "2020-01-11", 3),  # a day later, the next week
        ("2020-01-12", "2020-02-01", 1),
        ("2020-02-29", "2020-03-06", 5),
    )
    triangle = measured(table)
    assert triangle.cumulative.loc["2020-01-04"].tolist() == [2, *[5] * 8]
    assert triangle.cumulative.loc["2020-01-11"].tolist()[:8] == [0, 0, 0, 1, 1, 1, 1, 1]
    # Zero is known, what comes after the extraction is not.
    assert triangle.cumulative.loc["2020-01-18"].tolist()[:7] == [0] * 7
    np.testing.assert_array_equal(triangle.cumulative.loc["2020-02-29"], [5, *[np.nan] * 8])
    assert triangle.ages.tolist() == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    for day, last in ((FRIDAY, "2020-02-29"), (date(2020, 3, 5), "2020-02-22"), (date(2020, 3, 7), "2020-02-29")):
        assert measured(declines(("2020-02-15", "2020-02-20", 4)), day).cumulative.index[-1] == pd.Timestamp(last)


def test_what_is_recorded_after_the_last_full_week_is_in_the_newest_cells() -> None:
    table = declines(
        ("2020-02-29", "2020-03-06", 5),  # the last full week, recorded in it
        ("2020-02-29", "2020-03-08", 2),  # and after it, two days before the extraction
        ("2020-02-15", "2020-03-09", 3),
        ("2020-01-04", "2020-01-14", 1),  # by the Tuesday after the week's Friday: counted at once
        ("2020-01-04", "2020-01-15", 1),
    )
    rows = measured(table, date(2020, 3, 10)).cumulative
    assert rows.loc["2020-02-29"].tolist()[:1] == [7]
    assert rows.loc["2020-02-15"].tolist()[:3] == [0, 0, 3]
    assert rows.loc["2020-01-04"].tolist()[:3] == [1, 2, 2]


def test_what_cannot_be_placed_is_in_no_row() -> None:
    table = declines(
        ("2019-08-03", "2019-08-09", 2),
        (None, "2020-01-10", 1),
        ("2020-01-04", None, 3),
        ("2020-01-10", "2020-01-09", 4),
        ("2020-01-10", "2020-03-09", 5),
        ("2020-03-07", "2020-03-07", 6),
        ("2019-08-03", "2020-02-10", 7),  # more than 26 weeks later
        ("2021-01-04", "2021-02-08", 8),
    )
    rows = measured(table, date(2020, 3, 8)).cumulative
    assert rows.to_numpy()[0].tolist() == [2] * 27
    assert rows.max(axis=1).sum() == 2
    # Other ends are no declines; a week without any is a row of zeros.
    taken = declines(("2020-01-04", "2020-01-08", 9), outcome=Outcome.TAKEN)
    rows = measured(as_table(pd.concat([declines(("2020-01-18", "2020-01-20", 2)), taken]))).cumulative
    assert rows.loc["2020-01-04"].tolist() == [0] * 9
    assert rows.iloc[2].tolist()[:7] == [2] * 7


def test_a_source_without_days_of_declines_or_versions_gives_no_delays() -> None:
    taken = declines(("2020-01-18", "2020-01-20", 2), outcome=Outcome.TAKEN)
    for table in (declines(("2020-01-04", None, 1)), declines((None, "2020-01-04", 1)), taken, declines()):
        assert measure_delays(table, FRIDAY, {}) is None
        assert measure_delays(table, FRIDAY, {FRIDAY: table}) is None


def known_on(table: pd.DataFrame, day: date) -> pd.DataFrame:
    """Give a version of a table as it was on a day, without days of ends."""
    then = table[table["issued_on"] <= pd.Timestamp(day)]
    outcome = then["outcome"].astype("str").where(then["lifted_on"] <= pd.Timestamp(day), str(Outcome.NOT_RECORDED))
    return as_table(then.assign(outcome=outcome, lifted_on=pd.NaT))


def test_weekly_versions_give_the_triangle_of_the_days_of_declines() -> None:
    generator = np.random.default_rng(3)
    issued = pd.Timestamp("2020-01-04") + pd.to_timedelta(generator.integers(0, 63, 400), unit="D")
    lifted = issued + pd.to_timedelta(generator.geometric(0.08, 400), unit="D")
    table = declines(*[(str(a.date()), str(b.date()), 1) for a, b in zip(issued, lifted, strict=True)])
    versions = {day: known_on(table, day) for day in (FRIDAY - timedelta(weeks=back) for back in range(9))}
    stored = measured(versions[FRIDAY], FRIDAY, versions)
    assert stored.step == 1
    np.testing.assert_array_equal(stored.counts, measured(table).counts)
    pd.testing.assert_frame_equal(nowcast(stored), nowcast(measured(table)), check_names=False, check_freq=False)


def test_two_releases_months_apart_give_the_steps_between_them() -> None:
    weeks = pd.date_range("2024-01-06", periods=60, freq="7D")
    first, second = date(2024, 8, 30), date(2025, 1, 31)  # 22 weeks apart
    lifted = np.where(weeks <= pd.Timestamp("2024-03-23"), "2024-08-01", "2025-01-01")
    old = [(str(week.date()), "2024-08-01", 10) for week in weeks if week.date() <= first]
    new = [(str(week.date()), str(day), 5) for week, day in zip(weeks, lifted, strict=True) if day > "2024-09"]
    late = [(str(week.date()), "2025-01-01", 10) for week in weeks if first < week.date() <= second]
    table = declines(*old, *new, *late)
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
        then = development(Triangle(triangle.cumulative.iloc[:100].where(earlier(triangle, 100)), 1), rows)
        np.testing.assert_allclose(developed.factors[99], then.factors[-1])
        np.testing.assert_allclose(developed.dispersion[99], then.dispersion[-1])
    for batch, low, high in ((1, 1, 1.2), (5, 4, 6)):  # batches are seen in the dispersion
        triangle = simulated(law, 400, weeks=150, batch=batch)[0]
        assert low <= development(triangle, 150).dispersion[-1] <= high


def earlier(triangle: Triangle, weeks: int) -> np.ndarray:
    """Say which cells of a triangle's first rows were known when the last of them had just ended."""
    return np.arange(weeks)[::-1, None] >= np.arange(triangle.counts.shape[1])


@pytest.mark.parametrize(
    ("completeness", "name"),
    [(1.0, "settled"), (0.95, "settled"), (0.94, "provisional"), (0.5, "provisional"), (0.4, "too young")],
)
def test_maturity_by_completeness(completeness: float, name: str) -> None:
    rows = np.array([[completeness * 100, 100, 100]] * 2 + [[completeness * 100, np.nan, np.nan], [np.nan] * 3])
    assert maturities(of_cells(rows))["maturity"].tolist() == ["settled", "settled", name, "not known"]


def test_while_counts_still_grow_at_the_triangles_edge_no_week_is_settled() -> None:
    cut = Triangle(simulated("geometric", 300)[0].cumulative.iloc[:, :5], 1)
    assert set(maturities(cut)["maturity"]) == {"provisional", "too young"}


def test_completeness_by_week_is_one_at_most_and_missing_where_not_known() -> None:
    rows = np.array([[10.0, 20, 18], [10, 20, 18], [10, 20, np.nan], [10, np.nan, np.nan]])
    assert completeness_by_week(of_cells(rows)).tolist() == pytest.approx([1, 1, 1, 10 / 18])
    rows[:, 1] = np.nan
    assert completeness_by_week(of_cells(rows)).isna().tolist() == [False, False, True, True]


def test_a_week_is_taken_for_less_complete_when_more_than_expected_comes_in() -> None:
    steady = np.tile(np.array([40.0, 20, 20, 10, 10]), (40, 1))
    late = steady.copy()
    for row in range(len(late)):  # in the last four weeks twice as much comes in late
        late[row] *= np.where(row + np.arange(5) >= 36, [1, 2, 2, 2, 2], 1)
    before, after = (completeness_by_week(triangle_of(rows)).iloc[-2] for rows in (steady, late))
    assert before == pytest.approx(0.6)
    window = 1 / development(triangle_of(late), WINDOW).growth[-1, 1]
    assert after < window < before


def test_standard_errors_of_taylor_ashe_by_row() -> None:
    # Mack (1993), table of the paper: standard errors of the reserves of the ten years, in thousands.
    frame = pd.read_csv(Path(__file__).parents[1] / "cases" / "taylor_ashe.csv", index_col="origin")
    found = reserve(Triangle(frame.cumsum(axis="columns").where(frame.notna()).set_axis(range(10), axis="columns"), 1))
    assert (found.se / 1000).round().tolist() == [0, 76, 122, 134, 261, 411, 558, 875, 971, 1363]
    assert (found.remaining / 1000).round().tolist() == [0, 95, 470, 710, 985, 1419, 2178, 3920, 4279, 4626]


def test_a_nowcast_of_many_declines_is_near_the_truth() -> None:
    triangle, final = simulated("geometric", 3000)
    cast = nowcast(triangle)
    shown = cast[cast["reason"] == ""]
    assert (len(shown), shown.index[-1]) == (77, cast.index[76])
    np.testing.assert_allclose(shown["estimate"], final[:77], rtol=0.1)
    assert ((shown["low"] <= shown["estimate"]) & (shown["estimate"] <= shown["high"] + 1)).all()
    finished = triangle.ages == 16
    assert (cast["low"][finished] == cast["high"][finished]).all()
    assert cast["reason"].iloc[-1] == "too young"
    assert cast.iloc[77:][["estimate", *QUANTILES]].isna().all(axis=None)
    assert cast["recorded"].notna().all()
    # None recorded so far has an upper limit.
    triangle, _ = simulated("geometric", 20)
    triangle.cumulative.iloc[-6, :6] = 0
    assert nowcast(triangle).iloc[-6][["estimate", "low"]].tolist() == [0, 0]
    assert nowcast(triangle).iloc[-6]["high"] >= 1


def test_bands_cover_what_they_say() -> None:
    made = [row for law in laws.LAWS for seed in range(8) for row in trials.bands(law, np.random.default_rng(seed))]
    table = pd.DataFrame(made, columns=["check", "held", "made"])
    held = table.groupby(table["check"].str.contains("double"))["held"].mean()
    assert 0.84 <= held[False] <= 0.96  # 64 bands at 0.9
    assert held[True] >= 0.75


def test_what_cannot_be_nowcast_says_why() -> None:
    # None recorded, ever: a week past the longest delay is final at zero, of a younger one nothing can be said.
    cast = nowcast(triangle_of(np.zeros((5, 3))))
    assert cast["reason"].tolist() == ["", "", "", *["no recording delays measured"] * 2]
    assert cast["high"].tolist()[:3] == [0, 0, 0]
    triangle, _ = simulated("geometric", 300)
    taken_back = triangle.cumulative.copy()
    taken_back.iloc[:, 10:] *= 0.9
    assert "recorded counts fall with age" in set(nowcast(Triangle(taken_back, 1))["reason"])
    unknown = nowcast(Triangle(triangle.cumulative * np.nan, 1))
    assert set(unknown["reason"]) == {"no recording delays measured"}
    assert unknown[["estimate", "low", "high"]].isna().all(axis=None)
    assert np.isfinite(nowcast(Triangle(triangle.cumulative.iloc[:1], 1))["recorded"]).all()


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
    found = past_bands(triangle)
    made = []
    for weeks in range(99, 16, -1):  # the newest week that had a nowcast then, once it is sixteen weeks old
        then = nowcast(Triangle(triangle.cumulative.iloc[:weeks].where(earlier(triangle, weeks)), 1))
        row = int(np.flatnonzero(then["reason"] == "")[-1])
        if row < 84:
            made.append((then.iloc[row], final[row]))
        if len(made) == 40:
            break
    assert found["past_bands_made"] == 40
    held, scores, naive = 0, [], []
    for then, truth in made:
        held += bool(then["low"] <= truth <= then["high"])
        # Bracher et al. (2021): (|y - m| / 2 + the interval scores, each times half its alpha) over 2.5.
        score = abs(truth - then["median"]) / 2
        for alpha, low, high in ((0.5, "low_half", "high_half"), (0.1, "low", "high")):
            outside = max(then[low] - truth, truth - then[high], 0)
            score += alpha / 2 * (then[high] - then[low] + 2 / alpha * outside)
        scores.append(score / 2.5)
        naive.append(truth - then["recorded"])
    assert found["past_bands_held"] == held
    assert found["past_bands_score"] == pytest.approx(np.mean(scores))
    assert found["past_bands_score_of_recorded"] == pytest.approx(np.mean(naive))
    assert found["past_bands_score"] < found["past_bands_score_of_recorded"] / 3
    # Too short a history has none.
    assert past_bands(simulated("geometric", 200, weeks=16)[0]) == {}
    assert past_bands(triangle_of(np.zeros((30, 3)))) == {}


def test_steps_on_few_declines_use_older_weeks() -> None:
    sparse = np.zeros((60, 4))
    sparse[:, 0], sparse[:, 1] = 1, 1
    sparse[-30:] = 0
    cast = nowcast(triangle_of(sparse))
    assert set(cast["reason"]) == {""}
    assert cast["completeness"].iloc[-1] == pytest.approx(0.5)
    assert cast["high"].iloc[-1] > 0
