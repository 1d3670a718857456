"""What differs from before: one comparison for any two periods, one family for a page, what may be said of each."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_cohorts import many

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
    family,
    ratio_interval,
    two_sided,
    weekly_cells,
)
from analysis.stats.counts import ALL, count_outcomes

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
