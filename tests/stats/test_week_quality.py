"""The scorecard of a week: held against the weeks before it, and silent on what the source cannot tell."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from made_cohorts import FIRST as MADE
from made_cohorts import detainers, made_cohort, made_weeks

from analysis.load.duplicates import REPEAT
from analysis.load.table import Outcome
from analysis.periods import WEEK, Calendar, last_day
from analysis.show.what_changed import FAILED_CHECKS
from analysis.stats.cohort import open_cohort
from analysis.stats.counts import TRAILING_WEEKS
from analysis.stats.quality import OF_GATE, week_scorecard

FIRST, WEEKS, A_WEEK = date(2015, 1, 3), 9, 200
LAST = FIRST + (WEEKS - 1) * WEEK
CALENDAR = Calendar(FIRST, last_day(LAST), date(2015, 12, 31))
EVERY_CHECK = [
    *("quality_read", "quality_counted", "quality_repeats", "quality_blank_person", "quality_blank_state"),
    *("quality_not_recorded", "quality_unplaced"),
]


def nine_weeks() -> pd.DataFrame:
    """Give 200 detainers a week: 10 repeats, 20 without person, 4 without state, 100 without end, 20 of 80 unplaced."""
    number = pd.Series(range(WEEKS * A_WEEK))
    place = number % A_WEEK
    return pd.DataFrame(
        {
            "issued_on": pd.Timestamp(FIRST) + pd.to_timedelta(7 * (number // A_WEEK), unit="D"),
            "person": number.astype("str").mask(place < 20),
            "duplicate": pd.Series(REPEAT, index=number.index).where(place >= 190),
            "state": pd.Series("TX", index=number.index).mask(place < 4),
            "outcome": pd.Series(str(Outcome.DECLINED), index=number.index).mask(
                place < 100, str(Outcome.NOT_RECORDED)
            ),
            "offence_group": pd.Series("DUI", index=number.index)
            .mask(place >= 60, "UNKNOWN")
            .mask(place >= 80, "NONE"),
            "detainers": 1,
        }
    )


def card(
    records: pd.DataFrame, week: date = LAST, calendar: Calendar = CALENDAR, **asked: str | None
) -> dict[str, pd.Series]:
    asked = {"repeats": "left out", "gate": None} | asked
    found = week_scorecard(records, week, calendar, has_offences=True, **asked)  # type: ignore[arg-type]
    return {row["check"]: row for _, row in found.iterrows()}


def of_last(records: pd.DataFrame) -> pd.Series:
    return records["issued_on"] == pd.Timestamp(LAST)


def test_a_usual_week_passes_every_check_with_its_share_and_the_usual_one() -> None:
    found = card(nine_weeks())
    assert list(found) == EVERY_CHECK
    assert {row["level"] for row in found.values()} == {"pass"}
    assert [row["found"] for row in found.values()] == ["200", "190", "10", "20", "4", "100", "20"]
    shares = [0.95, 0.05, 0.1, 0.02, 0.5, 0.25]
    assert [row["share"] for row in found.values()][1:] == pytest.approx(shares)
    assert [row["norm"] for row in found.values()][1:] == pytest.approx(shares)
    assert found["quality_read"]["note"] == "usual: 200"


def test_the_usual_share_is_the_median_of_the_eight_weeks_and_not_of_this_one() -> None:
    records = nine_weeks()
    weeks = (records["issued_on"] - pd.Timestamp(FIRST)).dt.days // 7
    kept = records["person"].where(records.index % A_WEEK >= 20 * (weeks + 1) % 160)
    assert card(records.assign(person=kept))["quality_blank_person"]["norm"] == pytest.approx(
        pd.Series([max(20, 20 * (n + 1) % 160) / A_WEEK for n in range(8)]).median()
    )


@pytest.mark.parametrize(
    ("column", "check"),
    [("person", "quality_blank_person"), ("state", "quality_blank_state")],
)
def test_a_column_gone_blank_in_this_week_alone_warns(column: str, check: str) -> None:
    records = nine_weeks()
    records.loc[of_last(records) & (records.index % 2 == 0), column] = None
    levels = {name: row["level"] for name, row in card(records).items()}
    assert [name for name, level in levels.items() if level != "pass"] == [check]
    assert levels[check] == "warn"


@pytest.mark.parametrize(("part", "level"), [(0.72, "warn"), (0.8, "pass"), (1.25, "warn")])
def test_far_fewer_or_more_than_in_any_week_before_warns(part: float, level: str) -> None:
    records = nine_weeks()
    last = records[of_last(records)]
    number = round(part * A_WEEK)
    resized = pd.concat([records[~of_last(records)], last, last.head(max(0, number - A_WEEK))], ignore_index=True)
    resized = resized.drop(resized.index[of_last(resized)][number:])
    assert card(resized)["quality_read"]["level"] == level


@pytest.mark.parametrize(
    ("gate", "check"),
    [("detainers", "quality_read"), ("ends", "quality_not_recorded"), ("states", "quality_blank_state")],
)
def test_what_a_failed_gate_is_about_stops(gate: str, check: str) -> None:
    found = card(nine_weeks(), gate=gate)
    assert [name for name, row in found.items() if row["level"] == "stop"] == [check]


STEADY = [{"CA": (20, 200), "NY": (20, 200), "TX": (18, 200)}] * 11
LATER = MADE + 11 * WEEK
FEW_ENDS: list[dict[str, object]] = [
    {"outcome": Outcome.DECLINED, "detainers": 58},
    {"outcome": Outcome.TAKEN, "detainers": 120},
    {"detainers": 422},
]
THIN = {
    "detainers": (made_weeks({"CA": (30, 100), "TX": (10, 100)}, first=LATER), 200, 600),
    "ends": (
        detainers([{"issued_on": LATER, "state": "CA"} | row for row in FEW_ENDS]),
        178 / 600,
        1,
    ),
    "states": (made_weeks({"CA": (20, 200), "blank": (38, 400)}, first=LATER), 1 / 3, 1),
}
"""The last of twelve weeks that fails each check, what is found of it, and what is usual."""


@pytest.mark.parametrize("check", THIN)
def test_a_week_with_far_less_than_usual_fails_one_check_which_stops(check: str) -> None:
    last, found, usual = THIN[check]
    cohort = made_cohort(pd.concat([made_weeks(*STEADY), last], ignore_index=True))
    assert cohort.failed_check == {"check": check, "found": pytest.approx(found), "usual": pytest.approx(usual)}
    card = week_scorecard(
        cohort.records, cohort.week, cohort.calendar, repeats=cohort.repeats, gate=check, has_offences=False
    )
    assert list(card.loc[card["level"] == "stop", "check"]) == [OF_GATE[check]]


def test_every_check_of_a_week_has_a_line_and_a_sentence() -> None:
    assert set(OF_GATE) == set(FAILED_CHECKS) == set(THIN)


def test_a_few_detainers_fail_no_check() -> None:
    last = detainers([{"issued_on": LATER, "state": state, "detainers": 4} for state in ("CA", None)])
    few = pd.concat([made_weeks(*[{"CA": (1, 19)}] * 11), last], ignore_index=True)
    assert made_cohort(few).failed_check is None


def test_what_the_source_has_no_column_for_is_left_out_and_not_zero() -> None:
    records = nine_weeks().assign(person=None, state=None)
    card = week_scorecard(records, LAST, CALENDAR, repeats="left out", gate=None, has_offences=False)
    checks = list(card["check"])
    assert checks == ["quality_read", "quality_not_recorded"]


def test_repeats_that_are_counted_are_still_flagged() -> None:
    found = card(nine_weeks(), repeats="counted")
    assert found["quality_counted"]["found"] == "200"
    assert found["quality_repeats"]["found"] == "10"


@pytest.mark.parametrize(
    ("week", "calendar", "why"),
    [
        (LAST - WEEK, CALENDAR, "only 7 of 8 full weeks before"),
        (LAST, Calendar(FIRST, LAST, date(2015, 12, 31)), "the source covers 1 of the week's 7 days"),
    ],
)
def test_without_eight_full_weeks_or_in_a_partial_one_nothing_is_judged(
    week: date, calendar: Calendar, why: str
) -> None:
    for row in card(nine_weeks(), week, calendar).values():
        assert (row["level"], row["note"]) == ("", why)
        assert row["found"] != "0", "what was found is shown all the same"


def test_the_ends_of_a_young_week_are_not_held_against_older_ones() -> None:
    young = Calendar(FIRST, last_day(LAST), last_day(LAST))
    records = nine_weeks()
    records.loc[of_last(records), "outcome"] = str(Outcome.NOT_RECORDED)
    assert card(records)["quality_not_recorded"]["level"] == "warn"
    found = card(records, calendar=young)
    assert found["quality_not_recorded"]["level"] == ""
    assert found["quality_not_recorded"]["found"] == "200"
    assert found["quality_blank_state"]["level"] == "pass"


def test_a_week_without_a_detainer_has_no_share() -> None:
    records = nine_weeks()
    found = card(records[~of_last(records)])
    assert {(row["found"], row["level"]) for row in found.values()} == {("0", "")}
    assert all(pd.isna(row["share"]) for row in found.values())


def test_hardly_a_real_week_warns_but_those_around_a_holiday() -> None:
    cohort = open_cohort("fy2015", "2015-07-18")
    records, calendar = cohort.history.assign(person=None), cohort.calendar
    warned = [
        (week, row.check)
        for week in calendar.weeks()
        for row in week_scorecard(
            records[
                records["issued_on"].between(pd.Timestamp(week - TRAILING_WEEKS * WEEK), pd.Timestamp(last_day(week)))
            ],
            week,
            calendar,
            repeats="left out",
            gate=None,
            has_offences=False,
        ).itertuples()
        if row.level == "warn"
    ]
    assert {check for _, check in warned} <= {"quality_read"}
    assert len(warned) <= 3
    assert date(2014, 12, 20) in {week for week, _ in warned}


def test_nine_weeks_without_a_detainer_leave_what_can_be_said() -> None:
    found = card(nine_weeks().iloc[:0])
    assert {(row["found"], row["level"]) for row in found.values()} == {("0", "")}
    assert {row["note"] for row in found.values()} == {"no detainer in this week"}
