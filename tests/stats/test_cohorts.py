"""Issue cohorts: the totals of fiscal 2015, made tables with known answers, and when nothing is compared."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Cohorts
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.load.repeats import FIRST_OF_DAY, RULES
from analysis.load.table import Outcome, as_table
from analysis.periods import WEEK, Calendar, saturday_of, week_of
from analysis.stats import cohorts
from analysis.stats.changes import adjust_for_many, ratio_test
from analysis.stats.cohorts import NOT_GIVEN, OUTCOME_COLUMNS, count_outcomes

FIRST = date(2016, 1, 2)
CALENDAR = Calendar(FIRST, FIRST + 12 * WEEK - timedelta(days=1), date(2017, 1, 1))  # twelve full, settled weeks
PLACES = ["CA", "NY", "TX", "VI", NOT_GIVEN]
NO_EVENTS = pd.DataFrame(
    {
        "date": pd.Series(dtype="datetime64[ms]"),
        "last_date": pd.Series(dtype="datetime64[ms]"),
        **{name: pd.Series(dtype="str") for name in ("state", "agency", "headline")},
    }
)


def detainers(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Make a table of detainers; a row left at its defaults is one undecided detainer of the first week."""
    default: dict[str, Any] = {
        "issued_on": FIRST,
        "state": None,
        "form": "I247D",
        "request": "hold",
        "lift_reason": None,
    }
    default |= {"outcome": Outcome.NOT_RECORDED, "detainers": 1, "source_file": "made", "duplicate": None}
    return as_table(pd.DataFrame([default | {"source_row": n + 2} | row for n, row in enumerate(rows)]))


def weekly(**shares: list[tuple[int, int]]) -> pd.DataFrame:
    """Make the counts by week and state from (declined, issued) of each week; blanks stand for no row."""
    rows = [
        {"issued_on": FIRST + n * WEEK, "state": None if state == "blank" else state, "outcome": what, "detainers": d}
        for state, weeks in shares.items()
        for n, (declined, issued) in enumerate(weeks)
        for what, d in ((Outcome.DECLINED, declined), (Outcome.TAKEN, issued - declined))
        if d
    ]
    return count_outcomes(detainers(rows), ["week", "state"])


def of_one_week(table: pd.DataFrame, week: date) -> pd.DataFrame:
    return table[week_of(table["issued_on"]) == pd.Timestamp(week)]


def event(day: date, *, last: date | None = None, state: str = "", headline: str = "A law begins") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "date": [pd.Timestamp(day)],
            "last_date": [pd.Timestamp(last or day)],
            "state": [state],
            "agency": [""],
            "headline": [headline],
        }
    )


def compared(
    by_week: pd.DataFrame, n: int, calendar: Calendar = CALENDAR, events: pd.DataFrame = NO_EVENTS
) -> pd.DataFrame:
    return cohorts.compare_weeks(by_week, FIRST + n * WEEK, calendar, PLACES, events)


# The fiscal-2015 source: figures published with it.


def test_fiscal_2015_adds_up_to_its_published_totals(fiscal_2015: Cohorts) -> None:
    whole = fiscal_2015.by_week.sum()
    assert (whole["issued"], whole["declined"], whole["not_recorded"]) == (79_053, 5_501, 52_263)
    blank = fiscal_2015.by_week.xs(NOT_GIVEN, level="state")
    assert blank["issued"].sum() == 9_020


def test_every_week_and_state_of_fiscal_2015_is_the_sum_of_its_outcomes(fiscal_2015: Cohorts) -> None:
    by_week = fiscal_2015.by_week
    assert (by_week[OUTCOME_COLUMNS].sum(axis="columns") == by_week["issued"]).all()
    assert (by_week >= 0).all(axis=None)


def test_the_weekly_series_of_fiscal_2015_has_all_43_weeks_and_the_same_totals(fiscal_2015: Cohorts) -> None:
    series = cohorts.weekly_series(fiscal_2015.by_week, fiscal_2015.calendar)
    assert list(series.index) == [pd.Timestamp(week) for week in fiscal_2015.calendar.weeks()]
    assert (series["issued"].sum(), series["declined"].sum()) == (79_053, 5_501)
    assert list(series["status"].iloc[[0, 1, -2, -1]]) == ["partial", "settled", "provisional", "partial"]


def test_the_form_change_shows_in_the_counts(fiscal_2015: Cohorts) -> None:
    """815 of 1,685 detainers of the week from 27 June 2015 are on the new forms, 26 of 1,673 in the week before."""
    for week, new, issued in ((date(2015, 6, 27), 815, 1_685), (date(2015, 6, 20), 26, 1_673)):
        by_form = count_outcomes(of_one_week(fiscal_2015.table, week), "form")["issued"]
        assert (by_form.reindex(["I247D", "I247N"]).sum(), by_form.sum()) == (new, issued)


# Counting.


def test_outcomes_fall_into_the_four_columns() -> None:
    table = detainers([{"state": "CA", "outcome": outcome, "detainers": 10 + n} for n, outcome in enumerate(Outcome)])
    counted = count_outcomes(table, "state").loc["CA"]
    sizes = dict(zip(Outcome, range(10, 10 + len(Outcome)), strict=True))
    assert counted["declined"] == sizes[Outcome.DECLINED]
    assert counted["taken"] == sizes[Outcome.TAKEN]
    assert counted["not_recorded"] == sizes[Outcome.NOT_RECORDED]
    assert counted["other_ends"] == sum(sizes.values()) - counted[["declined", "taken", "not_recorded"]].sum()
    assert counted["issued"] == sum(sizes.values())


def test_a_blank_is_counted_and_named() -> None:
    by_state = count_outcomes(detainers([{"detainers": 3}, {"state": "CA"}]), "state")
    assert dict(by_state["issued"]) == {"CA": 1, NOT_GIVEN: 3}


def test_a_detainer_without_a_day_of_issue_is_in_no_week_and_still_in_its_state() -> None:
    table = detainers([{"issued_on": None, "state": "CA", "detainers": 4}, {"state": "CA"}])
    assert count_outcomes(table, "week")["issued"].sum() == 1
    assert count_outcomes(table, ["week", "state"])["issued"].sum() == 1
    assert count_outcomes(table, "state")["issued"].tolist() == [5]
    assert cohorts.weekly_series(count_outcomes(table, ["week", "state"]), CALENDAR)["issued"].sum() == 1


def test_a_week_without_detainers_is_a_row_of_zeros_without_a_share() -> None:
    table = detainers([{"outcome": Outcome.DECLINED, "detainers": 5}])
    series = cohorts.weekly_series(count_outcomes(table, ["week", "state"]), CALENDAR)
    assert len(series) == 12
    empty = series.iloc[1]
    assert list(empty[["issued", *OUTCOME_COLUMNS]]) == [0] * 5
    assert np.isnan(empty["declined_high"])
    assert np.isnan(list(empty[["share", "share_low", "share_high"]])).all()


@pytest.mark.parametrize("by", ["state", "week", ["form", "request"], ["week", "state"]])
def test_nothing_to_count_gives_no_rows_and_all_columns(by: str | list[str]) -> None:
    nothing = cohorts.in_place(detainers([{"state": "CA"}]), "VI")
    assert len(nothing) == 0
    counted = count_outcomes(nothing, by)
    assert list(counted.columns) == ["issued", *OUTCOME_COLUMNS]
    assert list(counted.index.names) == ([by] if isinstance(by, str) else by)
    assert len(cohorts.with_intervals(counted).reset_index()) == 0


def test_a_place_keeps_its_own_rows_and_all_keeps_the_blank_ones_too() -> None:
    table = detainers([{"state": "CA"}, {"state": "NY"}, {"state": "CA", "issued_on": FIRST + WEEK}, {"state": None}])
    kept = {place: list(cohorts.in_place(table, place)["source_row"]) for place in ("CA", "VI", "all")}
    assert kept == {"CA": [2, 4], "VI": [], "all": [2, 3, 4, 5]}


@pytest.mark.parametrize(("repeats", "kept"), [("left out", [2, 4, 5]), ("counted", [2, 3, 4, 5])])
def test_repeats_are_left_out_or_counted_and_the_first_of_a_day_stays(repeats: str, kept: list[int]) -> None:
    words = [None, RULES["same_day"], FIRST_OF_DAY, None]
    table = detainers([{"duplicate": word} for word in words])
    assert list(cohorts.without_repeats(table, cohorts.choose_repeats(repeats))["source_row"]) == kept


@pytest.mark.parametrize("given_as", ["leave out", "", None, True])
def test_another_treatment_of_repeats_is_refused_with_the_list(given_as: object) -> None:
    with pytest.raises(InputError, match="Known: left out, counted"):
        cohorts.choose_repeats(given_as)


def test_records_repeats_and_persons_stand_beside_each_other() -> None:
    people = ["a", "a", "b", None, None]
    words = [FIRST_OF_DAY, RULES["same_day"], None, None, None]
    rows = [{"person": person, "duplicate": word} for person, word in zip(people, words, strict=True)]
    facts = cohorts.record_facts(detainers(rows), "left out", has_ids=True)
    assert facts == {
        "records": 5,
        "repeats_flagged": 1,  # the first of a day repeats nothing
        "persons": 2,
        "persons_counted": 2,
        "without_id": 2,
        "repeats_are": "left out",
    }
    alone = cohorts.record_facts(
        detainers([{"person": "a"}, {"person": "b", "duplicate": RULES["same_day"]}]), "left out", has_ids=True
    )
    assert (alone["persons"], alone["persons_counted"]) == (2, 1)
    nameless = cohorts.record_facts(detainers([{"detainers": 7}]), "counted", has_ids=False)
    assert (nameless["records"], nameless["persons"], nameless["without_id"]) == (7, None, 7)
    nowhere = cohorts.record_facts(detainers(rows).iloc[:0], "left out", has_ids=True)
    assert (nowhere["records"], nowhere["persons"]) == (0, 0), "the source has ids, though none of this place"


def test_intervals_stand_beside_counts() -> None:
    counts = pd.DataFrame({"issued": [41, 20, 0], "declined": [11, 0, 0]}, index=["Travis", "none", "nothing"])
    rows = cohorts.with_intervals(counts)
    assert "share" not in counts
    assert rows.loc["Travis", "share"] == pytest.approx(11 / 41)
    assert tuple(rows.loc["Travis", ["share_low", "share_high"]]) == pytest.approx((0.157, 0.419), abs=1e-3)
    assert tuple(rows.loc["none", ["share", "share_low", "share_high"]]) == pytest.approx((0, 0, 0.1611), abs=5e-5)
    assert tuple(rows.loc["none", ["declined_low", "declined_high"]]) == pytest.approx((0, 3.68887945))
    assert rows.loc["nothing", ["share", "share_low", "share_high"]].isna().all()


def test_weeks_add_up_by_place_and_a_place_without_detainers_is_a_row_of_zeros() -> None:
    by_week = weekly(CA=[(1, 10), (2, 20), (4, 40)], NY=[(0, 0), (5, 5)])
    one = cohorts.of_week(by_week, FIRST, PLACES)
    assert list(one.index) == PLACES
    assert list(one["issued"]) == [10, 0, 0, 0, 0]
    both = cohorts.of_weeks(by_week, [FIRST, FIRST + WEEK], ["NY", "CA"])
    assert both[["declined", "issued"]].to_numpy().tolist() == [[5, 5], [3, 30]]
    assert cohorts.of_weeks(by_week, [], PLACES).to_numpy().sum() == 0


# Comparing.

STEADY = [(10, 100)] * 12


def test_a_planted_rise_is_named_and_the_others_are_not() -> None:
    by_week = weekly(CA=[*STEADY[:10], (40, 100)], NY=STEADY, blank=[(0, 5)] * 12)
    table = compared(by_week, 10)
    assert list(table.index.names) == ["against", "place"]
    assert list(table.index) == [(against, p) for against in ("last week", "trailing weeks") for p in ("all", *PLACES)]
    assert list(table.loc["last week", "finding"]) == [
        *("higher", "higher", "no clear change", "no detainers", "no detainers", "too few declines")
    ]
    row = table.loc[("trailing weeks", "CA")]
    assert list(row[["declined", "issued", "declined_before", "issued_before"]]) == [40, 100, 80, 800]
    assert tuple(row[["ratio", "low", "high", "p", "p_mid"]].astype(float)) == pytest.approx(
        ratio_test(40, 80, 100, 800)
    )
    assert row["ratio"] == pytest.approx(4)


def test_a_planted_fall_is_named() -> None:
    table = compared(weekly(CA=[*[(40, 100)] * 10, (10, 100)]), 10)
    assert table.loc[("last week", "CA"), "finding"] == table.loc[("trailing weeks", "all"), "finding"] == "lower"


def test_the_whole_is_the_sum_of_the_places_with_the_blank_one() -> None:
    table = compared(weekly(CA=STEADY, NY=STEADY, blank=[(1, 5)] * 12), 9)
    for against in ("last week", "trailing weeks"):
        parts = table.loc[against].loc[PLACES, ["declined", "issued", "declined_before", "issued_before"]].sum()
        assert list(table.loc[(against, "all"), list(parts.index)]) == list(parts)


def test_all_tests_of_a_week_share_one_correction() -> None:
    table = compared(weekly(CA=[*STEADY[:9], (22, 100)], NY=STEADY, TX=[(3, 9)] * 12), 9)
    tested = table["p"].notna()
    assert tested.sum() == 8  # all, CA, NY and TX, against two periods
    assert table["p_adjusted"].to_numpy() == pytest.approx(adjust_for_many(table["p"]), nan_ok=True)
    assert (table.loc[tested, "p_adjusted"] >= table.loc[tested, "p"]).all()
    assert (table["reason"] == "").to_numpy().tolist() == tested.tolist()


@pytest.mark.parametrize("week", [0, 5])
def test_without_enough_full_weeks_there_is_no_comparison_and_the_reason_stands(week: int) -> None:
    table = compared(weekly(CA=STEADY), week)
    trailing = table.loc["trailing weeks"]
    assert set(trailing["finding"]) == set(trailing["reason"]) == {f"only {week} of 8 full weeks before"}
    assert trailing[["ratio", "low", "high", "p", "p_mid", "p_adjusted"]].isna().all(axis=None)
    last = table.loc[("last week", "all")]
    assert last["finding"] == ("only 0 of 1 full weeks before" if week == 0 else "no clear change")


@pytest.mark.parametrize(
    ("calendar", "week", "reason"),
    [
        (Calendar(FIRST, CALENDAR.last_day - timedelta(days=1), date(2017, 1, 1)), 11, "partial week"),
        (Calendar(FIRST + timedelta(days=1), CALENDAR.last_day, date(2017, 1, 1)), 0, "partial week"),
        (Calendar(FIRST, CALENDAR.last_day, CALENDAR.last_day + timedelta(days=27)), 11, "week not settled"),
        (Calendar(FIRST + timedelta(days=1), CALENDAR.last_day, date(2017, 1, 1)), 1, "the week before is partial"),
    ],
)
def test_partial_and_unsettled_weeks_are_never_compared(calendar: Calendar, week: int, reason: str) -> None:
    table = compared(weekly(CA=[*[(40, 100)] * 11, (1, 100)], NY=STEADY), week, calendar)
    assert set(table.loc["last week", "finding"]) == {reason}
    assert table.loc["last week", ["ratio", "low", "high", "p", "p_mid", "p_adjusted"]].isna().all(axis=None)
    assert not table["finding"].isin(["higher", "lower", "no clear change"]).any()


RISE = {"CA": [*STEADY[:10], (60, 100)], "NY": [*STEADY[:10], (60, 100)]}


def test_an_event_of_the_nation_blocks_every_direction() -> None:
    table = compared(weekly(**RISE), 10, events=event(FIRST + 10 * WEEK))
    tested = table[table["p"].notna()]
    assert len(tested) == 6
    assert set(tested["finding"]) == {"no direction named: A law begins"}


def test_an_event_of_a_state_blocks_that_state_and_the_whole() -> None:
    last_week = compared(weekly(**RISE), 10, events=event(FIRST + 10 * WEEK, state="CA")).loc["last week", "finding"]
    blocked = "no direction named: A law begins"
    assert list(last_week[["all", "CA", "NY"]]) == [blocked, blocked, "higher"]


@pytest.mark.parametrize(
    ("day", "against_last", "against_trailing"),
    [
        (FIRST + 9 * WEEK - timedelta(days=1), False, True),  # the Friday before last week
        (FIRST + 9 * WEEK, True, True),  # last week's Saturday
        (FIRST + 11 * WEEK - timedelta(days=1), True, True),  # this week's Friday
        (FIRST + 11 * WEEK, False, False),  # the day after
        (FIRST + 2 * WEEK, False, True),  # the first of the eight weeks
        (FIRST + 2 * WEEK - timedelta(days=1), False, False),  # the day before
    ],
)
def test_an_event_blocks_the_comparisons_that_it_lies_in(day: date, against_last: bool, against_trailing: bool) -> None:
    table = compared(weekly(**RISE), 10, events=event(day))
    for against, blocked in (("last week", against_last), ("trailing weeks", against_trailing)):
        assert (table.loc[(against, "CA"), "finding"] != "higher") == blocked


def test_an_event_of_several_days_blocks_from_its_first_to_its_last() -> None:
    long = event(FIRST - 10 * WEEK, last=FIRST + 9 * WEEK)
    assert compared(weekly(**RISE), 10, events=long).loc[("last week", "CA"), "finding"].startswith("no direction")


# Facts and listings.


def test_lift_reasons_are_counted_with_a_row_for_nothing_recorded() -> None:
    declined, booked = "Detainer Declined by LEA", "Booked into Detention"
    table = detainers(
        [
            {"lift_reason": declined, "outcome": Outcome.DECLINED, "detainers": 2},
            {"lift_reason": booked, "outcome": Outcome.TAKEN, "detainers": 5},
            {"detainers": 12},
            {"lift_reason": declined, "outcome": Outcome.DECLINED, "state": "CA"},
        ]
    )
    reasons = cohorts.lift_reasons_of(table)
    assert list(reasons["lift_reason"]) == ["(nothing recorded)", booked, declined]
    assert list(reasons["detainers"]) == [12, 5, 3]
    assert list(reasons["outcome"]) == [Outcome.NOT_RECORDED, Outcome.TAKEN, Outcome.DECLINED]
    assert list(reasons["part"]) == pytest.approx([0.6, 0.25, 0.15])
    assert len(cohorts.lift_reasons_of(table.iloc[:0])) == 0


def test_the_facts_of_a_week_for_the_nation_and_for_a_state() -> None:
    by_week = weekly(CA=[*STEADY[:9], (44, 100)], NY=STEADY, VI=[(0, 3)] * 12, blank=[(1, 7)] * 12)
    week = FIRST + 9 * WEEK
    comparisons = compared(by_week, 9)
    nation, state = (cohorts.week_facts(by_week, comparisons, week, CALENDAR, place) for place in ("all", "CA"))
    for facts, issued, declined in ((nation, 210, 55), (state, 100, 44)):
        assert (facts["issued"], facts["declined"]) == (issued, declined)
        assert sum(int(str(facts[name])) for name in OUTCOME_COLUMNS) == issued
        assert facts["share"] == pytest.approx(declined / issued)
        assert (facts["nation_issued"], facts["nation_declined"]) == (210, 55)
        assert facts["nation_share"] == pytest.approx(55 / 210)
        assert (facts["states_with_detainers"], facts["states_with_declines"]) == (3, 2)  # the blank is no state
        assert facts["state_not_given"] == 7
        assert (facts["status"], facts["days_covered"], facts["week_end"]) == ("settled", 7, week + timedelta(days=6))
    assert (state["last_week_declined_before"], state["last_week_issued_before"]) == (10, 100)
    assert state["last_week_share"] == pytest.approx(0.1)
    assert (state["trailing_declined_before"], state["last_week_finding"]) == (80, "higher")
    assert nation["tests"] == comparisons["p"].notna().sum() == 8  # all, CA, NY and the blank, twice
    assert nation["flags"] == comparisons["finding"].isin(["higher", "lower"]).sum() == 4


def test_the_facts_of_a_state_without_detainers_are_zeros_and_no_share() -> None:
    by_week = weekly(CA=STEADY)
    facts = cohorts.week_facts(by_week, compared(by_week, 9), FIRST + 9 * WEEK, CALENDAR, "VI")
    assert [facts[name] for name in ("issued", *OUTCOME_COLUMNS)] == [0] * 5
    assert np.isnan(np.array([facts[name] for name in ("share", "share_low", "share_high")], dtype=float)).all()
    assert facts["last_week_share"] is None
    assert facts["last_week_reason"] == "no detainers"


# Properties.

ROWS = st.fixed_dictionaries(
    {
        "issued_on": st.dates(FIRST, CALENDAR.last_day),
        "state": st.sampled_from(["CA", "NY", "TX", None]),
        "request": st.sampled_from(["hold", "notify", "other", None]),
        "outcome": st.sampled_from(list(Outcome)),
        "detainers": st.integers(0, 50),
    }
)
MADE = st.lists(ROWS, min_size=1, max_size=30).map(detainers)


@settings(max_examples=15)
@given(MADE, st.sampled_from(["state", "request", "week", "outcome"]))
def test_counting_loses_and_doubles_nothing(table: pd.DataFrame, by: str) -> None:
    counted = count_outcomes(table, by)
    assert counted["issued"].sum() == table["detainers"].sum()
    assert (counted[OUTCOME_COLUMNS].sum(axis="columns") == counted["issued"]).all()
    assert counted["declined"].sum() == table["detainers"][table["outcome"] == Outcome.DECLINED].sum()
    assert (counted["issued"] > 0).all()


@settings(max_examples=15)
@given(MADE)
def test_weeks_and_places_add_up_to_the_table(table: pd.DataFrame) -> None:
    by_week = count_outcomes(table, ["week", "state"])
    series = cohorts.weekly_series(count_outcomes(table, ["week", "state"]), CALENDAR)
    assert series["issued"].sum() == table["detainers"].sum()
    days = [day.date() for day in table["issued_on"]]
    for week in {saturday_of(day) for day in days}:
        expected = table["detainers"][[saturday_of(day) == week for day in days]].sum()
        assert series.loc[pd.Timestamp(week), "issued"] == expected
        assert cohorts.of_week(by_week, week, PLACES)["issued"].sum() == expected


@settings(max_examples=12)
@given(MADE, st.integers(0, 11))
def test_every_comparison_has_numbers_or_a_reason(table: pd.DataFrame, n: int) -> None:
    found = compared(count_outcomes(table, ["week", "state"]), n)
    assert len(found) == 2 * (1 + len(PLACES))
    assert (found["p"].isna() == (found["reason"] != "")).all()
    assert (found["finding"] != "").all()
    assert found.loc[found["p"].notna(), ["p", "p_mid", "p_adjusted"]].apply(lambda p: p.between(0, 1)).all(axis=None)
