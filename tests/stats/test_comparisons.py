"""What differs from before: the one test of a change, a comparison of any two periods, one family for a page."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_cohorts import many
from scipy import stats

from analysis.load.table import Outcome
from analysis.periods import WEEK
from analysis.stats.comparisons import (
    LAST_WEEK,
    TRAILING,
    TREND,
    Pair,
    Weekly,
    adjust_for_many,
    compare,
    direction,
    family,
    pooled_dispersion,
    ratio_interval,
    two_sided,
    up_to,
    usual_range,
    weekly_cells,
)
from analysis.stats.counts import ALL, count_outcomes

COUNTS, SHARES, EXPOSURES = st.integers(0, 300), st.floats(0.02, 0.98), st.floats(0.5, 50)
DISPERSIONS = st.one_of(st.just(1.0), st.floats(1.01, 6))
DIRECTIONS = pd.read_csv(Path(__file__).parents[1] / "cases" / "directions.csv").iloc[:, :5]
DIRECTIONS = DIRECTIONS.fillna({"blocked_by": "", "said": ""}).to_numpy().tolist()

WEEKS = [date(2015, 1, 3) + n * WEEK for n in range(10)]
NOW = WEEKS[9]
PAIRS = [Pair(LAST_WEEK, [NOW], [WEEKS[8]]), Pair(TRAILING, [NOW], WEEKS[1:9])]
CELLS = pd.MultiIndex.from_tuples([(ALL, ALL), ("state", "CA"), ("state", "TX"), ("state", "VT")])
Count = tuple[int, int]
NUMBERS = ["expected", "ratio", "low", "high", "p"]
ACT = "an act takes effect"
BLOCKED = f"no direction named: {ACT}"


def places(**counts: tuple[float, ...]) -> pd.DataFrame:
    """Give one row a place: declined, issued and, if given, exposure."""
    frame = pd.DataFrame.from_dict(counts, orient="index")
    return frame.set_axis(["declined", "issued", "exposure"][: frame.shape[1]], axis="columns")


def event(day: date, *, blocks: bool, state: str = "") -> pd.DataFrame:
    days = dict.fromkeys(("date", "last_date"), pd.Timestamp(day))
    return pd.DataFrame([days | {"state": state, "kind": "policy", "blocks_comparison": blocks, "headline": ACT}])


NONE = event(date(2000, 1, 1), blocks=True)


def page(texas: int = 40, events: Any = NONE, phi: float = 1.0, pairs: list[Pair] = PAIRS) -> pd.DataFrame:  # noqa: ANN401
    """Make the page of ten weeks of three states, 100 detainers each; Texas has 10 declines before the last week."""
    declined = pd.DataFrame({"CA": 12, "TX": [10] * 9 + [texas], "VT": 0}, index=pd.DatetimeIndex(WEEKS))
    declined.insert(0, ALL, declined.sum(axis="columns"))
    frame = declined.set_axis(CELLS, axis="columns")
    issued = pd.DataFrame(np.tile([300, 100, 100, 100], (10, 1)), frame.index, CELLS)
    return family(Weekly(frame, issued, issued.astype(float)), pairs, pd.Series(phi, index=CELLS), events)


# Two periods ---------------------------------------------------------------------------------------------------------


def test_places_are_compared_by_declines_per_detainer_in_the_order_of_now() -> None:
    now = places(CA=(30, 100), NY=(2, 50), DC=(0, 0), TX=(0, 40), VI=(3, 9), GU=(9, 20))
    before = places(TX=(0, 30), CA=(10, 200), NY=(0, 60), GU=(0, 30), DC=(1, 5))  # another order, and one place less
    table, few, none = compare(now, before), "too few declines", "no detainers"
    assert list(table["reason"].items()) == [*zip(now.index, ["", few, none, few, none, ""], strict=True)]
    limits = np.ravel(ratio_interval(30, 10, 100, 200))
    assert table.loc["CA", NUMBERS[1:]].tolist() == pytest.approx([6, *limits, float(two_sided(30, 10, 1 / 3, 1))])
    assert table.loc[["NY", "DC", "TX", "VI"], NUMBERS[1:]].isna().all(axis=None)
    assert table.loc["GU", ["ratio", "high"]].tolist() == [np.inf, np.inf]  # none declined before: no upper limit
    assert table.loc["GU", "p"] < 0.01
    assert np.isnan(table.loc["DC", "share"])
    assert table.loc["VI", "issued_before"] == 0


@pytest.mark.parametrize(
    ("now", "before", "tested"),
    [
        ((2, 100), (0, 100), False),  # none expected, two seen
        ((3, 100), (0, 100), True),  # three seen
        ((0, 100), (1, 100), True),  # one expected
        ((0, 99), (1, 100), False),  # 0.99 expected
        ((0, 10), (8, 80), True),  # one expected out of eight weeks
    ],
)
def test_a_cell_is_tested_from_one_expected_or_three_seen(now: Count, before: Count, tested: bool) -> None:
    row = compare(places(TX=now), places(TX=before)).loc["TX"]
    assert (row["reason"] == "") is tested is bool(np.isfinite(row["p"]))


def test_a_younger_period_is_held_against_what_could_be_recorded_of_it_by_now() -> None:
    before = places(CA=(100, 1000, 1000))
    assert compare(places(CA=(50, 1000, 500.0)), before).loc["CA", "p"] == 1  # half as many, half recorded by now
    row = compare(places(CA=(50, 1000)), before).loc["CA"]
    assert (row["p"] < 0.001, row["share"]) == (True, 0.05)


def test_cells_are_the_nation_its_states_and_groups_and_a_week_without_detainers_is_zero() -> None:
    table = many(
        "issued_on state offence_group outcome",
        (WEEKS[0], "CA", "DUI", Outcome.DECLINED, 2),
        (WEEKS[0], "TX", "DUI", Outcome.TAKEN, 3),
        (WEEKS[2], "CA", "ASSAULT", Outcome.DECLINED, 1),
    )
    by_state, by_group = (count_outcomes(table, ["week", name]) for name in ("state", "offence_group"))
    complete = pd.Series([0.5], index=[pd.Timestamp(WEEKS[2])])
    found = weekly_cells(WEEKS[:3], by_state, by_group, complete)
    cells = found.declined.columns
    assert cells[0] == (ALL, ALL)
    assert {("state", "CA"), ("state", "WY"), ("state", "not given"), ("offence_group", "DUI")} < set(cells)
    assert found.issued[[("state", "WY"), (ALL, ALL)]].T.to_numpy().tolist() == [[0, 0, 0], [5, 0, 1]]
    assert found.declined["state", "CA"].tolist() == [2, 0, 1]
    assert found.exposure["state", "CA"].tolist() == [2, 0, 0.5]
    assert found.over([WEEKS[0], WEEKS[2]]).loc[("offence_group", "DUI")].tolist() == [2, 5, 5]
    assert ("offence_group", "DUI") not in weekly_cells(WEEKS[:3], by_state, None, complete).declined


# A page --------------------------------------------------------------------------------------------------------------


def test_all_comparisons_of_a_page_are_adjusted_together() -> None:
    table = page()
    assert list(table.index.names) == ["against", "kind", "place"]
    assert (len(table), table["p"].notna().sum()) == (8, 6)  # Vermont has too few declines
    assert table["p_adjusted"].tolist() == pytest.approx(adjust_for_many(table["p"]).tolist(), nan_ok=True)
    found = table.loc[TRAILING].loc["state", "finding"]
    assert found.to_dict() == {"CA": "no clear change", "TX": "higher", "VT": "too few declines"}
    # What is clear by chance alone is not where counts vary more.
    assert page(25).loc[(TRAILING, "state", "TX"), "finding"] == "higher"
    assert page(25, phi=4).loc[(TRAILING, "state", "TX"), "finding"] == "no clear change"


def test_a_pair_that_is_refused_has_its_reason_and_no_test() -> None:
    table = page(pairs=[PAIRS[0], Pair(TREND, [NOW], [], "only 10 of 26 settled weeks")])
    assert set(table.loc[TREND, "finding"]) == {"only 10 of 26 settled weeks"}
    assert table.loc[TREND, [*NUMBERS, "p_adjusted"]].isna().all(axis=None)
    alone = page(pairs=PAIRS[:1])
    assert table.loc[LAST_WEEK, "p_adjusted"].tolist() == pytest.approx(alone["p_adjusted"].tolist(), nan_ok=True)


@pytest.mark.parametrize(
    ("day", "last_week", "trailing"),
    [
        (WEEKS[1], "higher", BLOCKED),  # the first day of the eight weeks
        (WEEKS[1] - timedelta(days=1), "higher", "higher"),
        (WEEKS[8], BLOCKED, BLOCKED),
        (NOW + timedelta(days=6), BLOCKED, BLOCKED),
        (NOW + timedelta(days=7), "higher", "higher"),
    ],
)
def test_an_event_that_changes_what_is_counted_blocks_its_pairs(day: date, last_week: str, trailing: str) -> None:
    table = page(events=event(day, blocks=True))
    assert table["finding"][:, "state", "TX"].to_dict() == {LAST_WEEK: last_week, TRAILING: trailing}
    assert (table["between"] == "").all()


def test_an_event_of_a_state_blocks_that_state_and_the_whole() -> None:
    found = page(events=event(NOW, blocks=True, state="CA"))["finding"].loc[TRAILING]
    assert found[[("state", "CA"), (ALL, ALL), ("state", "TX")]].tolist() == [BLOCKED, BLOCKED, "higher"]


def test_any_other_event_of_a_state_is_named_beside_that_state_alone() -> None:
    table = page(events=event(NOW, blocks=False, state="TX")).loc[TRAILING]
    assert table.loc[("state", "TX"), ["finding", "between"]].tolist() == ["higher", f"{ACT} (7 March 2015)"]
    assert table.loc[[(ALL, ALL), ("state", "CA")], "between"].tolist() == ["", ""]


# The law -------------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(COUNTS, COUNTS, SHARES, DISPERSIONS)
def test_it_is_the_law_of_scipy_and_turning_it_round_changes_nothing(y: int, y0: int, share: float, phi: float) -> None:
    n = y + y0
    plain = stats.binom.cdf(y, n, share)
    varied = stats.betabinom.cdf(y, n, n * share / (phi - 1), n * (1 - share) / (phi - 1)) if n and phi > 1 else plain
    assert float(up_to(y, n, share, phi)) == pytest.approx(varied, rel=1e-7, abs=1e-9)
    there, back = two_sided(y, y0, share, phi), two_sided(y0, y, 1 - share, phi)
    assert float(there) == pytest.approx(float(back), rel=1e-6)
    assert 0 <= there <= 1
    by_chance = two_sided(y, y0, share, 1)  # counts that vary more need a larger difference
    assert there >= by_chance - 1e-9 or by_chance > 0.2  # near the middle, two discrete laws may cross


def test_many_cells_at_once_are_each_cell_alone() -> None:
    rng = np.random.default_rng(1)
    cells: list[np.ndarray] = [rng.poisson([0.3, 4, 40, 400], (20, 4)), rng.poisson([2, 30, 300, 3000], (20, 4))]
    cells += [rng.uniform(0.05, 0.4, (20, 4)), rng.choice([1, 1.0005, 1.5, 4], (20, 4))]
    each = [two_sided(*cell) for cell in zip(*(part.flat for part in cells), strict=True)]
    assert two_sided(*cells).ravel() == pytest.approx(np.array(each), rel=1e-9, abs=1e-15)


# The interval, and what would be usual -------------------------------------------------------------------------------


@settings(max_examples=12)
@given(COUNTS, COUNTS, EXPOSURES, EXPOSURES, DISPERSIONS, st.floats(0.01, 0.99))
def test_the_interval_holds_the_ratios_that_the_test_does_not_reject(
    count: int, before: int, exposure: float, exposure_before: float, phi: float, where: float
) -> None:
    low, high = (float(end[0]) for end in ratio_interval(count, before, exposure, exposure_before, phi))
    if count + before == 0:
        assert np.isnan([low, high]).all()
        return
    inside = low + where * (high - low) if np.isfinite(high) else low / where
    ratios = np.array([inside, low * 0.99, min(high, 1e9) * 1.01])
    p = two_sided(count, before, ratios * exposure / (ratios * exposure + exposure_before), phi)
    assert p[0] >= 0.05 - 1e-6
    assert p[1] < 0.05 or low == 0
    assert p[2] < 0.05 or high == np.inf
    # It holds the ratio found, and turns round with the comparison.
    assert 0 <= low <= (count / exposure / before * exposure_before if before else np.inf) <= high
    back = [1 / end[0] if end[0] else np.inf for end in ratio_interval(before, count, exposure_before, exposure, phi)]
    assert [high, low] == pytest.approx(back, rel=1e-5)


@pytest.mark.filterwarnings("error")
def test_none_before_leaves_the_ratio_unlimited_and_none_now_at_zero() -> None:
    share = 0.025 ** (1 / 7)  # Clopper-Pearson's lower limit of 7 of 7
    low, high = ratio_interval([7, 0, 45], [0, 7, 64], 1, 1)
    assert (low[0], high[0]) == (pytest.approx(share / (1 - share)), np.inf)
    assert (low[1], high[1]) == (0, pytest.approx((1 - share) / share))
    assert (round(low[2], 2), round(high[2], 2)) == (0.47, 1.05)  # the first reports of 2017 without Travis County


@settings(max_examples=12)
@example(0, 17.0, 1.0, 1.0)  # far more exposure than before
@given(COUNTS, st.floats(1, 500), st.floats(1, 500), DISPERSIONS)
def test_a_count_outside_the_usual_range_is_one_that_the_test_calls_unusual(
    before: int, exposure: float, exposure_before: float, phi: float
) -> None:
    low, high = (int(end[0]) for end in usual_range(before, exposure, exposure_before, phi))
    around = np.array([n for end in (low, high) for n in range(max(0, end - 2), end + 3)])
    p = two_sided(around, before, exposure / (exposure + exposure_before), phi)
    assert (((low <= around) & (around <= high)) == (p >= 0.05)).all()


@pytest.mark.parametrize(
    ("count", "before", "exposure", "exposure_before"), [(0, 0, 1, 1), (3, 2, 0, 1), (3, 2, 1, 0), (3, 2, np.nan, 1)]
)
def test_where_nothing_can_be_said_nothing_is(count: int, before: int, exposure: float, exposure_before: float) -> None:
    assert np.isnan(ratio_interval(count, before, exposure, exposure_before)).all()
    assert exposure == exposure_before or np.isnan(usual_range(before, exposure, exposure_before)).all()


# Many cells ----------------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.lists(st.floats(0, 1), max_size=40))
def test_adjusting_never_helps_keeps_the_order_and_does_not_count_what_was_not_tested(p: list[float]) -> None:
    adjusted = adjust_for_many(p)
    assert ((adjusted >= np.array(p) - 1e-12) & (adjusted <= 1)).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= -1e-12).all()
    assert adjust_for_many([np.nan, *p, np.nan]) == pytest.approx([np.nan, *adjusted, np.nan], nan_ok=True)


@pytest.mark.parametrize(("now", "expected", "p", "blocked", "said"), DIRECTIONS)
def test_a_direction_is_named_only_by_the_rules(now: float, expected: float, p: float, blocked: str, said: str) -> None:
    assert direction(now, expected, p, blocked) == said


# How much counts vary ------------------------------------------------------------------------------------------------

MEANS = np.array([60, 20, 8, *[3.0] * 7, *[0.5] * 40])
SHAPE = 37, len(MEANS)
ALIKE = np.ones(SHAPE)


def mean_dispersion(weeks: list[np.ndarray], exposure: np.ndarray = ALIKE) -> np.ndarray:
    found = np.array([pooled_dispersion(x, exposure) for x in weeks])
    assert (found >= 1).all()
    return found.mean(axis=0)


@pytest.mark.parametrize("phi", [1.0, 2.0, 3.0])
def test_the_dispersion_of_a_known_law_is_found_however_sparse_the_cells(phi: float) -> None:
    rng = np.random.default_rng(5)
    law = rng.poisson if phi == 1 else lambda means, shape: rng.negative_binomial(means / (phi - 1), 1 / phi, shape)
    found = mean_dispersion([law(MEANS, SHAPE) for _ in range(60)])
    assert [*found[:3], found[10:].mean()] == pytest.approx([phi] * 4, rel=0.12)


def test_a_week_that_moves_every_event_counts_more_in_larger_cells_and_a_slow_change_does_not() -> None:
    rng = np.random.default_rng(6)
    # The factor's variance is 0.04, so that phi = 1 + 0.04 × mean.
    found = mean_dispersion([rng.poisson(MEANS * rng.gamma(25, 1 / 25, SHAPE)) for _ in range(60)])
    assert found[:2] == pytest.approx([1 + 0.04 * 60, 1 + 0.04 * 20], rel=0.2)
    assert found[10:].mean() == pytest.approx(1.02, abs=0.08)
    exposure = np.tile(rng.uniform(50, 150, (37, 1)), len(MEANS))
    means = MEANS * np.linspace(1.3, 0.7, 37)[:, None] * exposure / 100
    assert mean_dispersion([rng.poisson(means) for _ in range(30)], exposure).max() < 1.25


def test_without_two_weeks_or_two_declines_it_is_one() -> None:
    for counts in (np.zeros((0, 3)), np.ones((1, 3)), np.zeros((20, 3)), np.eye(20)[:, :3], np.zeros((20, 0))):
        assert pooled_dispersion(counts, np.ones(counts.shape)).tolist() == [1] * counts.shape[1]
    assert pooled_dispersion(np.ones((20, 2)), np.zeros((20, 2))).tolist() == [1, 1]
