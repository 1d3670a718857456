"""Reporting weeks: Saturday to Friday, and what a user may call them."""

from __future__ import annotations

import warnings
from datetime import date, datetime, timedelta
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.load.sources import SourceFacts
from analysis.periods import WEEK, Calendar, as_timestamps, last_day, name_week, parse_week, saturday_of, week_of

FISCAL_2015 = Calendar(date(2014, 10, 1), date(2015, 7, 19), date(2015, 7, 26))
PUBLISHED = Calendar(date(2017, 1, 28), date(2017, 2, 17), date(2017, 4, 6))
DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("day", "week"),
    [
        ("2017-01-28", "2017-01-28"),  # ICE's first weekly report begins on this Saturday ...
        ("2017-01-29", "2017-01-28"),
        ("2017-02-03", "2017-01-28"),  # ... and ends on this Friday
        ("2017-02-04", "2017-02-04"),
        ("2014-10-01", "2014-09-27"),  # a Wednesday, the first day of fiscal 2015
        ("2015-07-19", "2015-07-18"),
        ("2016-01-01", "2015-12-26"),  # across a year's end
        ("2016-02-29", "2016-02-27"),
    ],
)
def test_a_week_begins_on_saturday(day: str, week: str) -> None:
    assert saturday_of(date.fromisoformat(day)) == date.fromisoformat(week)
    assert week_of(pd.Series([pd.Timestamp(day)]))[0] == pd.Timestamp(week)


@given(DAYS)
def test_every_day_lies_in_the_week_that_it_is_given(day: date) -> None:
    week = saturday_of(day)
    assert week <= day < week + timedelta(days=7)
    assert f"{week:%A} to {last_day(week):%A}" == "Saturday to Friday"
    assert saturday_of(week) == saturday_of(last_day(week)) == week


@given(st.lists(DAYS | st.none(), max_size=20))
def test_the_weeks_of_a_column_are_those_of_its_days(days: list[date | None]) -> None:
    column = pd.Series(days, dtype="datetime64[ms]")
    expected = pd.Series([None if day is None else saturday_of(day) for day in days], dtype="datetime64[ms]")
    pd.testing.assert_series_equal(week_of(column).astype("datetime64[ms]"), expected)


def test_weeks_of_a_column_use_nothing_that_pandas_is_about_to_drop() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        week_of(pd.Series(pd.to_datetime(["2017-02-01"])))


def test_the_first_report_lies_in_two_iso_weeks() -> None:
    assert {day.isocalendar().week for day in (date(2017, 1, 28), date(2017, 2, 3))} == {4, 5}
    assert saturday_of(date(2017, 1, 28)) == saturday_of(date(2017, 2, 3))


@pytest.mark.parametrize(
    "given_as",
    ["2017-01-28", " 2017-01-28 ", date(2017, 1, 28), datetime(2017, 1, 28, 13, 5), pd.Timestamp("2017-01-28")],
)
def test_a_saturday_is_read_however_it_comes(given_as: object) -> None:
    week = parse_week(given_as)
    assert week == date(2017, 1, 28)
    assert type(week) is date


@given(DAYS.filter(lambda day: day.weekday() != 5))
def test_another_day_is_refused_with_its_name_and_the_saturday_meant(day: date) -> None:
    with pytest.raises(InputError) as refusal:
        parse_week(day.isoformat())
    for part in (day.isoformat(), f"{day:%A}", saturday_of(day).isoformat()):
        assert part in str(refusal.value)


@pytest.mark.parametrize("nonsense", ["", "week 5", "2017-02-30", "28/01/2017", None, True, float("nan"), pd.NaT])
def test_what_is_no_date_is_refused_with_the_form_expected(nonsense: object) -> None:
    with pytest.raises(InputError, match=r"not a date: .*expected a Saturday as YYYY-MM-DD, 'latest'"):
        parse_week(nonsense)


@pytest.mark.parametrize("edge", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_refused_in_one_sentence(edge: str) -> None:
    with pytest.raises(InputError):
        FISCAL_2015.pick(edge)


def test_fiscal_2015_has_43_weeks_and_the_first_and_the_last_are_partial() -> None:
    weeks = FISCAL_2015.weeks()
    assert (len(weeks), weeks[0], weeks[-1]) == (43, date(2014, 9, 27), date(2015, 7, 18))
    assert [FISCAL_2015.days_covered(week) for week in weeks] == [3, *[7] * 41, 2]
    assert [FISCAL_2015.status(week) for week in weeks] == [
        "partial",
        *["settled"] * 38,  # 4 October to 20 June
        *["provisional"] * 3,
        "partial",
    ]


def test_the_published_reports_are_three_full_weeks() -> None:
    assert PUBLISHED.weeks() == [date(2017, 1, 28), date(2017, 2, 4), date(2017, 2, 11)]
    assert {PUBLISHED.status(week) for week in PUBLISHED.weeks()} == {"settled"}


def test_a_calendar_is_that_of_its_source() -> None:
    facts = SourceFacts(
        name="made",
        title="Made",
        clock="issued",
        first_day=date(2014, 10, 1),
        last_day=date(2015, 7, 19),
        extracted_on=date(2015, 7, 26),
        detainers=1,
        declined=0,
        synthetic=True,
        offences=False,
    )
    assert Calendar.of(facts) == FISCAL_2015


@given(DAYS, st.integers(0, 60), st.integers(0, 60))
def test_weeks_cover_every_day_once(first: date, length: int, wait: int) -> None:
    last = first + timedelta(days=length)
    calendar = Calendar(first, last, last + timedelta(days=wait))
    weeks = calendar.weeks()
    assert weeks[0] <= first <= last_day(weeks[0])
    assert weeks[-1] <= last <= last_day(weeks[-1])
    assert all(later - earlier == timedelta(days=7) for earlier, later in pairwise(weeks))
    assert sum(calendar.days_covered(week) for week in weeks) == length + 1
    for week in weeks:
        assert calendar.is_partial(week) == (calendar.days_covered(week) < 7)
        assert not (calendar.is_partial(week) and calendar.is_settled(week))


@pytest.mark.parametrize(("days_after", "status"), [(27, "provisional"), (28, "settled")])
def test_a_week_is_settled_from_28_days_after_its_friday(days_after: int, status: str) -> None:
    friday = date(2015, 6, 26)
    calendar = Calendar(date(2015, 6, 1), date(2015, 7, 10), friday + timedelta(days=days_after))
    assert calendar.status(date(2015, 6, 20)) == status


def test_latest_is_the_last_full_week_and_latest_settled_the_last_settled_one() -> None:
    assert FISCAL_2015.pick("latest") == date(2015, 7, 11)
    assert FISCAL_2015.pick("latest settled") == date(2015, 6, 20)
    assert PUBLISHED.pick("latest") == PUBLISHED.pick("latest settled") == date(2017, 2, 11)


@pytest.mark.parametrize("name", ["latest", "latest settled"])
def test_a_source_without_a_full_week_has_no_latest_and_says_what_it_has(name: str) -> None:
    with pytest.raises(InputError, match=rf"no week that is '{name}'.*2015-01-03 to 2015-01-03"):
        Calendar(date(2015, 1, 5), date(2015, 1, 7), date(2016, 1, 1)).pick(name)


@pytest.mark.parametrize("week", ["2014-09-20", "2015-07-25", "2017-01-28"])
def test_a_week_outside_the_source_is_refused_with_the_first_and_the_last(week: str) -> None:
    with pytest.raises(InputError) as refusal:
        FISCAL_2015.pick(week)
    for part in (week, "2014-09-27", "2015-07-18"):
        assert part in str(refusal.value)


def test_partial_weeks_can_be_picked_by_name() -> None:
    assert FISCAL_2015.pick("2014-09-27") == date(2014, 9, 27)
    assert FISCAL_2015.pick(date(2015, 7, 18)) == date(2015, 7, 18)


@pytest.mark.parametrize(
    ("given_as", "first", "last", "number"),
    [
        ("all", "2014-09-27", "2015-07-18", 43),
        ("2015-01-03:2015-03-28", "2015-01-03", "2015-03-28", 13),
        ("2015-06-27:", "2015-06-27", "2015-07-18", 4),
        (":2014-10-04", "2014-09-27", "2014-10-04", 2),
        (":", "2014-09-27", "2015-07-18", 43),
        ("2015-01-03", "2015-01-03", "2015-01-03", 1),
        ("latest", "2015-07-11", "2015-07-11", 1),
        ("latest settled:latest", "2015-06-20", "2015-07-11", 4),
        ("2015-01-03:2015-01-03", "2015-01-03", "2015-01-03", 1),
    ],
)
def test_many_weeks_are_picked_by_a_range(given_as: str, first: str, last: str, number: int) -> None:
    weeks = FISCAL_2015.pick_many(given_as)
    assert (weeks[0], weeks[-1], len(weeks)) == (date.fromisoformat(first), date.fromisoformat(last), number)
    assert weeks == sorted(set(weeks))


@pytest.mark.parametrize(
    ("given_as", "message"),
    [
        ("2015-03-28:2015-01-03", r"backwards.*Write 2015-01-03:2015-03-28"),
        ("2015-01-05:2015-03-28", r"Monday.*2015-01-03"),
        ("2013-01-05:2015-03-28", r"no week 2013-01-05.*2014-09-27.*2015-07-18"),
        ("2015-01-03:soon", r"not a date: found 'soon'"),
    ],
)
def test_a_bad_range_is_refused(given_as: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        FISCAL_2015.pick_many(given_as)


@pytest.mark.parametrize(
    ("week", "number", "expected"),
    [
        ("2014-09-27", 8, []),
        ("2014-10-04", 1, []),  # the week before is partial
        ("2014-10-11", 1, ["2014-10-04"]),
        ("2014-10-18", 8, ["2014-10-04", "2014-10-11"]),
        ("2015-07-18", 2, ["2015-07-04", "2015-07-11"]),
    ],
)
def test_only_full_weeks_come_before(week: str, number: int, expected: list[str]) -> None:
    found = FISCAL_2015.full_weeks_before(date.fromisoformat(week), number)
    assert found == [date.fromisoformat(one) for one in expected]


def test_eight_full_weeks_come_before_the_ninth_full_week() -> None:
    before = FISCAL_2015.full_weeks_before(date(2014, 11, 29), 8)
    assert before == [date(2014, 10, 4) + timedelta(days=7 * n) for n in range(8)]


@pytest.mark.parametrize(
    ("week", "name"),
    [
        ("2017-01-28", "Saturday 28 January to Friday 3 February 2017"),
        ("2017-02-04", "Saturday 4 February to Friday 10 February 2017"),
        ("2014-12-27", "Saturday 27 December 2014 to Friday 2 January 2015"),
    ],
)
def test_weeks_are_written_out(week: str, name: str) -> None:
    assert name_week(date.fromisoformat(week)) == name


def test_weeks_become_an_index_that_meets_the_tables_dates() -> None:
    index = as_timestamps(FISCAL_2015.weeks()[:2])
    assert index.name == "week"
    assert index.dtype == "datetime64[ms]"
    assert list(index) == [pd.Timestamp("2014-09-27"), pd.Timestamp("2014-10-04")]
    assert len(as_timestamps([])) == 0


def test_a_measured_week_goes_by_its_completeness_and_another_by_its_days() -> None:
    names = {"2015-06-13": "provisional", "2015-06-20": "too young", "2015-06-27": "settled", "2015-06-06": "not known"}
    measured = FISCAL_2015.with_maturities(pd.Series(list(names.values()), index=pd.DatetimeIndex(list(names))))
    for week, name in names.items():
        assert measured.status(date.fromisoformat(week)) == (name if name != "not known" else "settled")
    assert not measured.is_settled(date(2015, 6, 13))
    assert measured.is_settled(date(2015, 6, 27))
    assert measured.status(date(2015, 7, 18)) == "partial"
    assert FISCAL_2015.pick("latest settled") == date(2015, 6, 20)  # the runner knows of no delays


@pytest.mark.parametrize(
    ("week", "quarter"),
    [
        ("2015-06-20", ("January to March 2015", date(2015, 1, 3), date(2015, 3, 28))),
        ("2015-03-28", ("January to March 2015", date(2015, 1, 3), date(2015, 3, 28))),  # its last week, to 3 April
        ("2015-03-21", ("October to December 2014", date(2014, 10, 4), date(2014, 12, 27))),
        ("2015-07-11", ("January to March 2015", date(2015, 1, 3), date(2015, 3, 28))),  # the second is too young
        ("2014-12-20", None),
    ],
)
def test_the_last_quarter_is_the_weeks_that_begin_in_it_all_over_and_settled(
    week: str, quarter: tuple[str, date, date] | None
) -> None:
    found = FISCAL_2015.last_quarter(date.fromisoformat(week))
    assert (found and (found.name, found.weeks[0], found.weeks[-1])) == quarter
    assert found is None or all(later - one == WEEK for one, later in pairwise(found.weeks))
