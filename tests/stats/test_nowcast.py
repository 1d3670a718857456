"""Reporting triangles, completeness, nowcasts and their backtest."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.load.table import Outcome, as_table
from analysis.periods import week_of
from analysis.stats.delays import (
    Triangle,
    development,
    last_full_week,
    latest_ages,
    maturities,
    maturity,
    triangle_of_lift_dates,
    triangle_of_snapshots,
)
from analysis.stats.nowcast import backtest, coverage, known_by, nowcast, reporting_dispersion, reserve

FRIDAY = date(2020, 3, 6)  # nine weeks after Saturday 4 January 2020
LAWS = {
    "geometric": 0.8 ** np.arange(17),
    "gamma": (np.arange(17) + 0.5) * np.exp(-(np.arange(17) + 0.5) / 2.5),
    "long tail": 1 / (1 + np.arange(17)) ** 1.5,
}


def declines(*rows: tuple[str | None, str | None, int], outcome: str = Outcome.DECLINED) -> pd.DataFrame:
    """Give a table of detainers from (issued, lifted, how many)."""
    frame = pd.DataFrame(rows, columns=["issued_on", "lifted_on", "detainers"])
    return as_table(frame.assign(outcome=outcome, source_file="made up", source_row=range(1, len(rows) + 1)))


def simulated(law: str, mean: float, weeks: int = 80, seed: int = 1, batch: int = 1) -> tuple[Triangle, np.ndarray]:
    """Make up a triangle whose final counts are known; declines are recorded in batches of one size."""
    generator = np.random.default_rng(seed)
    chances = LAWS[law] / LAWS[law].sum()
    final = generator.negative_binomial(mean / batch / 2, 1 / 3, weeks)
    increments = generator.multinomial(final, chances) * batch
    age = np.arange(weeks)[::-1, None]
    cumulative = np.where(age >= np.arange(17), increments.cumsum(axis=1), np.nan)
    index = pd.date_range("2020-01-04", periods=weeks, freq="7D", name="week")
    return Triangle(pd.DataFrame(cumulative, index=index), 1, pd.Series(dtype="int64")), final * batch


# Triangles -----------------------------------------------------------------------------------------------------------


def test_a_decline_stands_at_the_weeks_between_issue_and_record() -> None:
    table = declines(
        ("2020-01-04", "2020-01-10", 2),  # same reporting week
        ("2020-01-10", "2020-01-11", 3),  # a day later, the next week
        ("2020-01-12", "2020-02-01", 1),
        ("2020-02-29", "2020-03-06", 5),
    )
    triangle = triangle_of_lift_dates(table, FRIDAY, longest=4)
    assert triangle.cumulative.loc["2020-01-04"].tolist() == [2, 5, 5, 5, 5]
    assert triangle.cumulative.loc["2020-01-11"].tolist() == [0, 0, 0, 1, 1]
    assert triangle.increments.loc["2020-01-04"].tolist() == [2, 3, 0, 0, 0]
    # Zero is known, what comes after the extraction is not.
    assert triangle.cumulative.loc["2020-01-18"].tolist() == [0] * 5
    np.testing.assert_array_equal(triangle.cumulative.loc["2020-02-29"], [5, *[np.nan] * 4])
    assert latest_ages(triangle).tolist() == [4, 4, 4, 4, 4, 3, 2, 1, 0]
    assert len(triangle.left_out) == 0


def test_a_week_counts_from_the_friday_it_ends_on() -> None:
    assert last_full_week(FRIDAY) == date(2020, 2, 29)
    assert last_full_week(FRIDAY - timedelta(days=1)) == date(2020, 2, 22)
    assert last_full_week(FRIDAY + timedelta(days=1)) == date(2020, 2, 29)


def test_what_is_recorded_after_the_last_full_week_is_in_the_newest_cells() -> None:
    table = declines(
        ("2020-02-29", "2020-03-06", 5),  # the last full week, recorded in it
        ("2020-02-29", "2020-03-08", 2),  # and after it, two days before the extraction
        ("2020-02-15", "2020-03-09", 3),
        ("2020-01-04", "2020-01-14", 1),  # by the Tuesday after the week's Friday: counted at once
        ("2020-01-04", "2020-01-15", 1),
    )
    triangle = triangle_of_lift_dates(table, date(2020, 3, 10), longest=4)
    rows = triangle.cumulative
    assert rows.loc["2020-02-29"].tolist()[:1] == [7]
    assert rows.loc["2020-02-15"].tolist()[:3] == [0, 0, 3]
    assert rows.loc["2020-01-04"].tolist() == [1, 2, 2, 2, 2]
    assert len(triangle.left_out) == 0


def test_what_cannot_be_placed_is_counted_by_reason() -> None:
    table = declines(
        ("2020-01-04", "2020-01-10", 2),
        (None, "2020-01-10", 1),
        ("2020-01-04", None, 3),
        ("2020-01-10", "2020-01-09", 4),
        ("2020-01-10", "2020-03-09", 5),
        ("2020-03-07", "2020-03-07", 6),
        ("2020-01-04", "2020-02-10", 7),
        ("2021-01-04", "2021-02-08", 8),
    )
    triangle = triangle_of_lift_dates(table, date(2020, 3, 8), longest=4)
    assert triangle.left_out.to_dict() == {
        "no day of issue": 1,
        "no day of the decline": 3,
        "recorded before it was issued": 4,
        "recorded after the extraction": 13,
        "issued in the unfinished week of the extraction": 6,
        "recorded more than 4 weeks after issue": 7,
    }
    assert triangle.cumulative.to_numpy()[0].tolist() == [2] * 5
    assert triangle.left_out.sum() + 2 == table["detainers"].sum()


def test_other_ends_are_not_declines_and_issue_weeks_without_any_are_rows_of_zeros() -> None:
    table = pd.concat(
        [declines(("2020-01-18", "2020-01-20", 2)), declines(("2020-01-04", "2020-01-08", 9), outcome=Outcome.TAKEN)]
    )
    triangle = triangle_of_lift_dates(as_table(table), FRIDAY, longest=3)
    assert triangle.cumulative.loc["2020-01-04"].tolist() == [0] * 4
    assert triangle.cumulative.iloc[2].tolist() == [2] * 4
    none = triangle_of_lift_dates(declines(("2020-01-18", "2020-01-20", 2), outcome=Outcome.TAKEN), FRIDAY)
    assert none.cumulative.sum().sum() == 0
    assert development(none).completeness[0] != development(none).completeness[0]  # not known: nothing was declined


def test_a_short_history_makes_a_narrow_triangle() -> None:
    triangle = triangle_of_lift_dates(
        declines(("2020-02-15", "2020-02-20", 4), ("2020-02-22", "2020-03-01", 2)), FRIDAY
    )
    assert triangle.cumulative.shape == (3, 3)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (declines(("2020-01-04", None, 1)), "does not say when detainers were recorded as declined"),
        (declines((None, "2020-01-04", 1)), "no detainer with a day of issue"),
        (declines(), "no detainer with a day of issue"),
    ],
)
def test_a_source_that_cannot_give_delays_stops_with_a_sentence(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(InputError, match=message):
        triangle_of_lift_dates(table, FRIDAY)


def test_weekly_snapshots_give_the_triangle_of_the_lift_dates() -> None:
    generator = np.random.default_rng(3)
    issued = pd.Timestamp("2020-01-04") + pd.to_timedelta(generator.integers(0, 63, 400), unit="D")
    lifted = issued + pd.to_timedelta(generator.geometric(0.08, 400), unit="D")
    rows = [(str(a.date()), str(b.date()), 1) for a, b in zip(issued, lifted, strict=True)]
    table = declines(*rows)
    whole = triangle_of_lift_dates(table, FRIDAY, longest=8)
    weeks = whole.cumulative.index
    snapshots = {}
    for back in range(9):
        day = FRIDAY - timedelta(weeks=back)
        then = table[table["lifted_on"] <= pd.Timestamp(day)]
        seen = week_of(then["issued_on"]).value_counts()
        snapshots[day] = seen.reindex(weeks[weeks <= pd.Timestamp(day)], fill_value=0)
    stored = triangle_of_snapshots(snapshots)
    pd.testing.assert_frame_equal(stored.cumulative, whole.cumulative, check_names=False, check_column_type=False)
    np.testing.assert_allclose(development(stored).factors, development(whole).factors)


def test_two_releases_months_apart_give_the_steps_between_them() -> None:
    weeks = pd.date_range("2024-01-06", periods=60, freq="7D")
    first, second = date(2024, 8, 30), date(2025, 1, 31)  # 22 weeks apart
    counts = {
        first: pd.Series(10.0, index=weeks[weeks <= pd.Timestamp(first)]),
        second: pd.Series(np.where(weeks <= pd.Timestamp("2024-03-23"), 10.0, 15.0), index=weeks),
    }
    triangle = triangle_of_snapshots(counts, step=22)
    developed = development(triangle)
    assert developed.factors.tolist() == pytest.approx([1.5, 1.0])
    assert developed.completeness.tolist() == pytest.approx([1 / 1.5, 1, 1])
    young = maturities(triangle)
    assert young["maturity"].iloc[-5] == "provisional"
    assert young["maturity"].iloc[0] == "settled"


def test_one_snapshot_gives_no_delay() -> None:
    with pytest.raises(InputError, match="two stored extractions"):
        triangle_of_snapshots({FRIDAY: pd.Series([1.0], index=pd.DatetimeIndex(["2020-01-04"]))})


# Completeness --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", list(LAWS))
def test_completeness_is_found_again(law: str) -> None:
    triangle, _ = simulated(law, 3000, weeks=120)
    true = (LAWS[law] / LAWS[law].sum()).cumsum()
    developed = development(triangle)
    np.testing.assert_allclose(developed.completeness, true, atol=0.01)
    assert (np.abs(developed.completeness - true)[:-1] < 5 * developed.completeness_se[:-1] + 1e-6).all()
    assert developed.completeness_se[-1] == 0
    assert development(triangle, recent=20).bases[0] < developed.bases[0]


@pytest.mark.parametrize(
    ("completeness", "name"),
    [(1.0, "settled"), (0.95, "settled"), (0.94, "provisional"), (0.5, "provisional"), (0.4, "too young")],
)
def test_maturity_by_completeness(completeness: float, name: str) -> None:
    assert maturity(completeness) == name
    assert maturity(np.nan) == "not known"


def test_maturity_of_weeks() -> None:
    named = maturities(simulated("long tail", 3000)[0])
    true = (LAWS["long tail"] / LAWS["long tail"].sum()).cumsum()[named["age"].astype(int)]
    sure = (np.abs(true - 0.95) > 0.01) & (np.abs(true - 0.5) > 0.01)
    expected = np.select([true >= 0.95, true >= 0.5], ["settled", "provisional"], "too young")
    assert sure.sum() > 70
    assert named["maturity"][sure].tolist() == expected[sure].tolist()
    assert set(expected[sure]) == {"settled", "provisional", "too young"}
    # While counts still grow at the triangle's edge, no week is called settled.
    cut = simulated("geometric", 300)[0].cumulative.iloc[:, :5]
    unfinished = Triangle(cut, 1, pd.Series(dtype="int64"))
    assert development(unfinished).unfinished
    assert set(maturities(unfinished)["maturity"]) == {"provisional", "too young"}


def test_standard_errors_of_taylor_ashe_by_row() -> None:
    # Mack (1993), table of the paper: standard errors of the reserves of the ten years, in thousands.
    frame = pd.read_csv(Path(__file__).parents[1] / "cases" / "taylor_ashe.csv", index_col="origin")
    cumulative = frame.cumsum(axis="columns").where(frame.notna()).set_axis(range(10), axis="columns")
    found = reserve(Triangle(cumulative, 1, pd.Series(dtype="int64")))
    published = [0, 76, 122, 134, 261, 411, 558, 875, 971, 1363]
    assert (found.se / 1000).round().tolist() == published
    assert (found.remaining / 1000).round().tolist() == [0, 95, 470, 710, 985, 1419, 2178, 3920, 4279, 4626]


# Nowcast -------------------------------------------------------------------------------------------------------------


def test_a_nowcast_of_many_declines_is_near_the_truth() -> None:
    triangle, final = simulated("geometric", 3000)
    cast = nowcast(triangle)
    given_rows = cast["reason"] == ""
    assert given_rows.tolist() == [True] * 77 + [False] * 3
    np.testing.assert_allclose(cast["estimate"][given_rows], final[given_rows], rtol=0.1)
    assert (cast.loc[given_rows, "low"] <= cast.loc[given_rows, "estimate"]).all()
    assert (cast.loc[given_rows, "estimate"] <= cast.loc[given_rows, "high"] + 1).all()
    finished = latest_ages(triangle) == 16
    assert (cast["low"][finished] == cast["high"][finished]).all()
    assert cast["reason"].iloc[-1] == "too young"
    assert cast.loc[~given_rows, ["estimate", "low", "high"]].isna().all(axis=None)
    assert cast["recorded"].notna().all()


@pytest.mark.parametrize("law", list(LAWS))
@pytest.mark.parametrize("batch", [1, 4])
def test_bands_cover_what_they_say(law: str, batch: int) -> None:
    held = []
    for seed in range(60):
        triangle, final = simulated(law, 120, seed=seed, batch=batch)
        cast = nowcast(triangle)
        young = np.flatnonzero((cast["reason"] == "") & (cast["completeness"] < 0.9))
        held += ((final >= cast["low"]) & (final <= cast["high"])).to_numpy()[young].tolist()
    assert len(held) > 150
    # Weeks of one triangle share its factors, so the margin is wider than the binomial one.
    assert np.mean(held) == pytest.approx(0.9, abs=0.055)


def test_batches_are_seen_in_the_dispersion() -> None:
    for batch, low, high in ((1, 1, 1.2), (5, 4, 6)):
        triangle, _ = simulated("geometric", 400, weeks=150, batch=batch)
        assert low <= reporting_dispersion(triangle, development(triangle)) <= high


def test_none_recorded_so_far_has_an_upper_limit() -> None:
    triangle, _ = simulated("geometric", 20)
    triangle.cumulative.iloc[-6, :6] = 0
    row = nowcast(triangle).iloc[-6]
    assert row["estimate"] == 0
    assert row["low"] == 0
    assert row["high"] >= 1


def test_what_cannot_be_nowcast_says_why() -> None:
    # None recorded, ever: a week past the longest delay is final at zero, of a younger one nothing can be said.
    none = np.where(np.arange(5)[::-1, None] >= np.arange(3), 0.0, np.nan)
    cast = nowcast(Triangle(pd.DataFrame(none), 1, pd.Series(dtype="int64")))
    assert cast["reason"].tolist() == ["", "", "", *["no recording delays measured"] * 2]
    assert cast["high"].tolist()[:3] == [0, 0, 0]
    triangle, _ = simulated("geometric", 300)
    taken_back = triangle.cumulative.copy()
    taken_back.iloc[:, 10:] *= 0.9
    cast = nowcast(Triangle(taken_back, 1, triangle.left_out))
    assert "recorded counts fall with age" in set(cast["reason"])
    unknown = nowcast(Triangle(triangle.cumulative * np.nan, 1, triangle.left_out))
    assert set(unknown["reason"]) == {"no recording delays measured"}
    assert unknown[["estimate", "low", "high"]].isna().all(axis=None)
    one_row = Triangle(triangle.cumulative.iloc[:1], 1, triangle.left_out)
    assert np.isfinite(nowcast(one_row)["recorded"]).all()


def test_the_backtest_repeats_what_was_known_then() -> None:
    triangle, final = simulated("geometric", 200)
    then = known_by(triangle, 10)
    assert len(then.cumulative) == 70
    assert latest_ages(then).tolist()[-3:] == [2, 1, 0]
    tested = backtest(triangle)
    row = tested[tested["made_in"] == triangle.cumulative.index[50]].iloc[-1]
    again = nowcast(known_by(triangle, 29)).loc[row["week"]]
    assert row[["estimate", "low", "high"]].tolist() == again[["estimate", "low", "high"]].tolist()
    truth = pd.Series(final, index=triangle.cumulative.index)
    assert (tested["final"] == truth.reindex(tested["week"]).to_numpy()).all()
    summary = coverage(tested)
    assert summary["covered"].mean() == pytest.approx(0.9, abs=0.1)
    assert (summary["completeness"].diff().dropna() > 0).all()
    assert summary["bias"].abs().max() < 0.1


def test_too_short_a_history_has_no_backtest() -> None:
    tested = backtest(simulated("geometric", 200, weeks=20)[0])
    assert len(tested) == 0
    assert len(coverage(tested)) == 0


@given(st.lists(st.lists(st.integers(0, 30), min_size=4, max_size=4), min_size=4, max_size=9))
@settings(max_examples=40)
def test_a_nowcast_never_falls_below_what_is_recorded(rows: list[list[int]]) -> None:
    age = np.arange(len(rows))[::-1, None]
    cumulative = np.where(age >= np.arange(4), np.cumsum(rows, axis=1).astype(float), np.nan)
    triangle = Triangle(pd.DataFrame(cumulative), 1, pd.Series(dtype="int64"))
    cast = nowcast(triangle, least=0.05)
    known = cast[cast["reason"] == ""]
    assert (known["low"] >= known["recorded"]).all()
    assert (known["high"] >= known["low"]).all()
    assert (nowcast(triangle, level=0.99, least=0.05)["high"][known.index] >= known["high"]).all()
    completeness = development(triangle).completeness
    assert (np.diff(completeness[np.isfinite(completeness)]) >= -1e-12).all()
