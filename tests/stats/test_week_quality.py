"""The scorecard of a week: held against the weeks before it, and silent on what the source cannot tell."""

from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_cohorts import FIRST as MADE
from made_cohorts import STEADY, detainers, made_cohort, made_weeks, many, opened

import analysis as an
from analysis.load.table import REPEAT, Outcome, as_table
from analysis.periods import DAY, WEEK, last_day
from analysis.show.sentences import clauses
from analysis.stats.quality import OF_GATE

FIRST, WEEKS, A_WEEK = date(2015, 1, 3), 9, 200
LAST = FIRST + (WEEKS - 1) * WEEK
EVERY_CHECK = ["read", "counted", "repeats", "blank_person", "blank_state", "not_recorded", "unplaced"]


@cache
def nine_weeks() -> pd.DataFrame:
    """Give 200 detainers a week: 10 repeats, 20 without person, 4 without state, 100 without end, 20 of 80 unplaced."""
    number = pd.Series(range(WEEKS * A_WEEK))
    place, made = number % A_WEEK, many("", *[(1,)] * len(number))
    rows = {
        "issued_on": pd.Timestamp(FIRST) + pd.to_timedelta(7 * (number // A_WEEK), unit="D"),
        "person": number.astype("str").mask(place < 20),
        "duplicate": pd.Series(REPEAT, index=number.index).where(place >= 190),
        "state": place.map(lambda at: None if at < 4 else "TX" if at % 2 else "CA"),
        "outcome": made["outcome"].astype("str").where(place < 100, str(Outcome.DECLINED)),
        "offence_group": place.map(lambda at: "DUI" if at < 60 else "UNKNOWN" if at < 80 else "NONE"),
    }
    return as_table(made.assign(**rows))


def card(records: pd.DataFrame, week: date = LAST, until: date | None = None, **asked: Any) -> pd.DataFrame:  # noqa: ANN401
    """Score a week of a source that covers the nine; give a row a check, by its id without its first word."""
    days: dict[str, Any] = {"first_day": FIRST, "last_day": until or last_day(LAST), "offences": True} | asked
    found = an.quality(made_cohort(records, week, **days))
    return found.set_index(pd.Index([check.removeprefix("quality_") for check in found.attrs["checks"]]))


def of_last(records: pd.DataFrame) -> pd.Series:
    return records["issued_on"] == pd.Timestamp(LAST)


def test_a_usual_week_passes_every_check_with_its_share_and_the_usual_one() -> None:
    found = card(nine_weeks())
    assert list(found.index) == EVERY_CHECK
    assert set(found["level"]) == {"pass"}
    assert found["found"].to_list() == ["200", "190", "10", "20", "4", "100", "20"]
    for column in ("part_found", "usual_share"):
        assert found[column].to_list()[1:] == pytest.approx([0.95, 0.05, 0.1, 0.02, 0.5, 0.25])
    assert found.loc["read", "note"] == "usual: 200"
    facts = found.attrs["facts"]
    assert (facts["checks"], facts["checks_pass"], facts["quality_blank_state_norm"]) == (7, 7, 0.02)


def test_the_usual_share_is_the_median_of_the_eight_weeks_and_not_of_this_one() -> None:
    records, blanks = nine_weeks(), np.array([20, 40, 60, 80, 100, 120, 140, 20, 20])
    kept = records["person"].where(records.index % A_WEEK >= blanks.repeat(A_WEEK))
    usual = np.median(blanks[:8]) / A_WEEK
    assert card(records.assign(person=kept)).loc["blank_person", "usual_share"] == pytest.approx(usual)


@pytest.mark.parametrize(("column", "check"), [("person", "blank_person"), ("state", "blank_state")])
def test_a_column_gone_blank_in_this_week_alone_warns_and_comes_first(column: str, check: str) -> None:
    records = nine_weeks().copy()
    records.loc[of_last(records) & (records.index % 3 == 0), column] = None
    levels = card(records)["level"]
    assert levels.index[0] == check
    assert levels.to_list() == ["warn", *["pass"] * 6]


@pytest.mark.parametrize(("part", "level"), [(0.72, "warn"), (0.8, "pass"), (1.25, "warn")])
def test_far_fewer_or_more_than_in_any_week_before_warns(part: float, level: str) -> None:
    records = nine_weeks()
    last = records[of_last(records)].iloc[np.arange(round(part * A_WEEK)) % A_WEEK]
    resized = pd.concat([records[~of_last(records)], last], ignore_index=True)
    assert card(resized).loc["read", "level"] == level


LATER = MADE + 11 * WEEK
OPEN_ONES = {"issued_on": LATER, "state": "CA", "detainers": 422}
THIN = {
    "detainers": (made_weeks({"CA": (30, 100), "TX": (10, 100)}, first=LATER), 200, 600),
    "ends": (pd.concat([made_weeks({"CA": (58, 178)}, first=LATER), detainers([OPEN_ONES])]), 178 / 600, 1),
    "states": (made_weeks({"CA": (20, 200), "blank": (38, 400)}, first=LATER), 1 / 3, 1),
}
"""The last of twelve weeks that fails each check, what is found of it, and what is usual."""


def test_every_check_of_a_week_has_a_line_and_a_sentence() -> None:
    assert (
        set(OF_GATE) == {when.removeprefix("check=").partition(",")[0] for when, _ in clauses()["checked"]} == set(THIN)
    )


@pytest.mark.parametrize("check", THIN)
def test_a_week_with_far_less_than_usual_fails_one_check_which_stops(check: str) -> None:
    last, found, usual = THIN[check]
    cohort = made_cohort(pd.concat([made_weeks(*STEADY[:11]), last], ignore_index=True))
    numbers = {"check_found": pytest.approx(found), "check_usual": pytest.approx(usual)}
    assert cohort.failed_check == {"check": check, **numbers}
    scored = an.quality(cohort)
    assert scored["level"].to_list().count("stop") == 1
    assert (scored.loc[0, "level"], scored.attrs["checks"][0]) == ("stop", OF_GATE[check])


@pytest.mark.parametrize(
    ("weeks", "usual", "last", "fails"),
    [(11, 19, 4, False), (8, 20, 11, True), (8, 20, 12, False), (7, 20, 4, False)],
)
def test_a_week_fails_below_six_tenths_of_eight_weeks_of_twenty(weeks: int, usual: int, last: int, fails: bool) -> None:
    made = made_weeks(*[{"CA": (1, usual)}] * weeks, {"CA": (0, last // 2), "blank": (0, last - last // 2)})
    assert (made_cohort(made).failed_check is not None) is fails


def test_what_the_source_has_no_column_for_is_left_out_and_counted_repeats_are_still_flagged() -> None:
    assert list(card(nine_weeks().assign(person=None, state=None), offences=False).index) == ["read", "not_recorded"]
    assert card(nine_weeks(), repeats="counted").loc[["counted", "repeats"], "found"].to_list() == ["200", "10"]


@pytest.mark.parametrize(
    ("week", "until", "why"),
    [(LAST - WEEK, None, "only 7 of 8 full weeks before"), (LAST, LAST, "the source covers 1 of the week's 7 days")],
)
def test_without_eight_full_weeks_or_in_a_partial_one_nothing_is_judged(week: date, until: Any, why: str) -> None:  # noqa: ANN401
    found = card(nine_weeks(), week, until)
    assert found[["level", "note"]].drop_duplicates().to_numpy().tolist() == [["", why]]
    assert (found["found"] != "0").all(), "what was found is shown all the same"
    assert found.attrs["facts"]["checks_not_judged"] == len(found)


def test_the_ends_of_a_young_week_are_not_held_against_older_ones() -> None:
    records = nine_weeks().copy()
    records.loc[of_last(records), "outcome"] = str(Outcome.NOT_RECORDED)
    assert card(records).loc["not_recorded", "level"] == "stop"
    young = card(records, extracted_on=last_day(LAST))
    assert young.loc["not_recorded", ["level", "found"]].to_list() == ["", "200"]
    assert young.index[-1] == "not_recorded", "what is held against nothing stands last"
    assert young.loc["blank_state", "level"] == "pass"


def test_a_week_without_a_detainer_has_no_share() -> None:
    records = nine_weeks()
    found = card(records[~of_last(records)])
    assert set(found["found"]) == {"0"}
    assert found["level"].to_list() == ["stop", *[""] * 6]
    assert found["part_found"].isna().all()


def test_hardly_a_real_week_warns_but_those_around_a_holiday() -> None:
    cards = {week: an.quality(an.cohort("fy2015", week)) for week in (date(2014, 12, 13) + n * WEEK for n in range(4))}
    doubtful = {week: card for week, card in cards.items() if card["level"].eq("warn").any()}
    assert date(2014, 12, 20) in doubtful
    assert sum(card["level"].eq("warn").sum() for card in doubtful.values()) <= 3
    assert {card.attrs["checks"][0] for card in doubtful.values()} == {"quality_read"}


def test_days_of_a_batch_are_listed_and_a_usual_number_under_five_is_not_told() -> None:
    places = ("TX", "FIVE", [1200, 6, 6, 5]), ("TX", "FOUR", [20, 4, 4, 4]), ("TX", "ONCE", [31])
    blank = "CA", None, [30, *[4] * 27]  # 28 days in all
    days = [(MADE + n * DAY, *place, each) for *place, of in (*places, blank) for n, each in enumerate(of)]
    found = an.quality(made_cohort(many("issued_on state agency", *days)).source, "bulk_days")
    expected = [["FIVE", 1200, "5"], ["ONCE", 31, ""], ["all of the state", 30, "under 5"], ["FOUR", 20, "under 5"]]
    assert found[["agency", "detainers", "usual"]].to_numpy().tolist() == expected


def test_a_source_calls_those_weeks_unfinished_that_its_cohorts_do() -> None:
    for name, number in (("fy2015", 4), ("synthetic", 2)):  # of the second, delays are measured
        weeks = an.quality(an.open_source(name), "weeks")
        assert list(weeks) == ["issued", "not_recorded", "blank_share", "unfinished"]
        card = an.quality(an.open_source(name))
        assert card.loc[card["checked"] == "last weeks that are unfinished", "found"].tolist() == [str(number)]
        calendar = opened(name, "latest").calendar
        called = {week: calendar.status(week).replace("settled", "") for week in calendar.weeks()[1:]}
        assert {week: weeks["unfinished"][str(week)] for week in called} == called
