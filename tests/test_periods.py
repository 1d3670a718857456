"""Reporting weeks: Saturday to Friday, and what a user may call them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.periods import WEEK, Calendar, as_timestamps, last_day, name_week, saturday_of, week_of, week_taken

FISCAL_2015 = Calendar(date(2014, 10, 1), date(2015, 7, 19), date(2015, 7, 26))
CASES = yaml.safe_load(Path(__file__).with_name("periods.yml").read_text(encoding="utf-8"))
PUBLISHED = Calendar(date(2017, 1, 28), date(2017, 2, 17), date(2017, 4, 6))
DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))
day = date.fromisoformat


@pytest.mark.parametrize(("given_day", "week"), CASES["weeks"])
def test_a_week_begins_on_saturday(given_day: str, week: str) -> None:
    assert saturday_of(day(given_day)) == day(week)
    assert week_of(pd.Series([pd.Timestamp(given_day)]))[0] == pd.Timestamp(week)


def test_a_saturday_is_read_however_it_comes() -> None:
    saturday = date(2017, 1, 28)
    for given_as in (" 2017-01-28 ", saturday, datetime(2017, 1, 28, 13, 5), pd.Timestamp("2017-01-28")):
        week = PUBLISHED.pick(given_as)
        assert week == saturday
        assert type(week) is date


@given(st.dates(date(2017, 1, 28), date(2017, 2, 17)))
def test_any_day_stands_for_its_week_and_one_that_is_no_saturday_is_named(day: date) -> None:
    week = saturday_of(day)
    assert PUBLISHED.pick(day.isoformat()) == week
    said = f"{day} is a {day:%A}: the week taken is {week}, {name_week(week)}"
    assert week_taken(day.isoformat()) == ("" if day == week else said)


@pytest.mark.parametrize(
    "nonsense", ["", "week 5", "2017-02-30", "28/01/2017", "2017-W05", None, True, float("nan"), pd.NaT]
)
def test_what_is_no_date_is_refused_with_the_form_expected(nonsense: object) -> None:
    with pytest.raises(InputError, match=r"not a date: .*expected a day as YYYY-MM-DD, 'latest'"):
        PUBLISHED.pick(nonsense)


def test_fiscal_2015_has_43_weeks_and_the_first_and_the_last_are_partial() -> None:
    weeks = FISCAL_2015.weeks()
    assert (len(weeks), weeks[0], weeks[-1]) == (43, date(2014, 9, 27), date(2015, 7, 18))
    assert [FISCAL_2015.days_covered(week) for week in weeks] == [3, *[7] * 41, 2]
    settled, provisional = ["settled"] * 38, ["provisional"] * 3  # settled from 4 October to 20 June
    assert [FISCAL_2015.status(week) for week in weeks] == ["partial", *settled, *provisional, "partial"]
    assert PUBLISHED.weeks() == [date(2017, 1, 28), date(2017, 2, 4), date(2017, 2, 11)]
    assert {PUBLISHED.status(week) for week in PUBLISHED.weeks()} == {"settled"}
    assert Calendar.of(FISCAL_2015) == FISCAL_2015
    assert FISCAL_2015.full_weeks_before(weeks[3], 8) == weeks[1:3]
    assert FISCAL_2015.until(weeks[3]).weeks() == weeks[:4]
    index = as_timestamps(weeks[:2])  # meets the days of a table
    assert (index.name, index.dtype, list(index)) == ("week", "datetime64[ms]", list(map(pd.Timestamp, weeks[:2])))
    assert len(as_timestamps([])) == 0
    assert name_week(date(2014, 12, 27)) == "Saturday 27 December 2014 to Friday 2 January 2015"


@given(DAYS, st.integers(0, 60), st.integers(0, 60))
def test_weeks_cover_every_day_once_and_settle_28_days_after_their_friday(first: date, length: int, wait: int) -> None:
    last = first + timedelta(days=length)
    calendar = Calendar(first, last, last + timedelta(days=wait))
    weeks = calendar.weeks()
    assert weeks[0] <= first <= last_day(weeks[0])
    assert weeks[-1] <= last <= last_day(weeks[-1])
    assert all(later - earlier == WEEK for earlier, later in pairwise(weeks))
    assert sum(calendar.days_covered(week) for week in weeks) == length + 1
    for week in weeks:
        whole, over = week >= first and last_day(week) <= last, (calendar.extracted_on - last_day(week)).days >= 28
        assert calendar.status(week) == ("partial" if not whole else "settled" if over else "provisional")
        assert (calendar.is_partial(week), calendar.is_settled(week)) == (not whole, whole and over)


def test_latest_is_the_last_full_week_and_latest_settled_the_last_settled_one() -> None:
    assert FISCAL_2015.pick("latest") == date(2015, 7, 11)
    assert FISCAL_2015.pick("latest settled") == date(2015, 6, 20)
    assert PUBLISHED.pick("latest") == PUBLISHED.pick("latest settled") == date(2017, 2, 11)
    assert FISCAL_2015.pick("2014-09-27") == date(2014, 9, 27)  # a partial one, by name
    for name in ("latest", "latest settled"):
        with pytest.raises(InputError, match=rf"no '{name}' weeks: found '0 .*2015-01-03 to 2015-01-03"):
            Calendar(date(2015, 1, 5), date(2015, 1, 7), date(2016, 1, 1)).pick(name)


@pytest.mark.parametrize(("given_as", "first", "last", "number", "name"), CASES["periods"])
def test_a_period_is_whole_weeks_with_a_name(given_as: str, first: str, last: str, number: int, name: str) -> None:
    period = FISCAL_2015.pick_period(given_as)
    assert (period.first_day, period.weeks[-1], len(period.weeks)) == (day(first), day(last), number)
    assert period.last_day == last_day(period.weeks[-1])
    assert period.name == name
    assert FISCAL_2015.pick_period(FISCAL_2015.name_period(given_as)).weeks == period.weeks
    if ":" in given_as or number == 1:
        assert [week for week in FISCAL_2015.pick_many(given_as) if not FISCAL_2015.is_partial(week)] == [*period.weeks]
    assert FISCAL_2015.pick_many("all") == FISCAL_2015.weeks()


@pytest.mark.parametrize(("given_as", "message"), CASES["refused"])
def test_what_is_no_period_of_the_source_is_refused(given_as: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        FISCAL_2015.pick_period(given_as)


def test_a_measured_week_goes_by_its_completeness_and_another_by_its_days() -> None:
    names = {"2015-06-13": "provisional", "2015-06-20": "too young", "2015-06-27": "settled", "2015-06-06": "not known"}
    measured = FISCAL_2015.with_maturities(pd.Series(list(names.values()), index=pd.DatetimeIndex(list(names))))
    for week, name in names.items():
        assert measured.status(day(week)) == (name if name != "not known" else "settled")
    assert measured.status(day("2015-07-18")) == "partial"
    assert FISCAL_2015.pick("latest settled") == day("2015-06-20")  # the runner knows of no delays


@pytest.mark.parametrize(("week", "name"), CASES["last quarter"])
def test_the_last_quarter_is_the_weeks_that_begin_in_it_all_over_and_settled(week: str, name: str | None) -> None:
    found = FISCAL_2015.last_quarter(day(week))
    assert (found and found.name) == name
    assert found is None or all(later - one == WEEK for one, later in pairwise(found.weeks))
