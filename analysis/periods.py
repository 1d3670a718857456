"""Reporting weeks: Saturday to Friday, named by their Saturday, as ICE's own weekly report of 2017 counted them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Self

import pandas as pd

from analysis.errors import InputError

WEEK, DAY = timedelta(days=7), timedelta(days=1)
SETTLING_DAYS = 28  # from a week's Friday to the extraction: then it is settled where no delays can be measured
AFTER_SATURDAY = timedelta(days=5)  # days are counted from a Thursday, the first of January 1970
LATEST, LATEST_SETTLED = "latest", "latest settled"
BY_CALENDAR = r"[12]\d{3}(Q[1-4]|-(0[1-9]|1[0-2]))"  # a month or a quarter
WEEKS = f"a Saturday as YYYY-MM-DD, {LATEST!r} or {LATEST_SETTLED!r}"
PERIODS = f"{WEEKS}, a month as 2015-03, a quarter as 2015Q1, weeks as FIRST:LAST, or 'last 13 settled'"


def week_of(days: pd.Series) -> pd.Series:
    """Give the Saturday on or before each day; a missing day stays missing."""
    return (days + AFTER_SATURDAY).dt.floor("7D") - AFTER_SATURDAY


def saturday_of(day: date) -> date:
    """Give the Saturday on or before a day."""
    return day - timedelta(days=(day.weekday() + 2) % 7)


def last_day(week: date) -> date:
    """Give the Friday that ends the week of this Saturday."""
    return week + timedelta(days=6)


@dataclass(frozen=True)
class Period:
    """Whole reporting weeks in order, and their name in words."""

    weeks: tuple[date, ...]
    name: str

    @property
    def first_day(self) -> date:
        """The Saturday of the first week."""
        return self.weeks[0]

    @property
    def last_day(self) -> date:
        """The Friday of the last week."""
        return last_day(self.weeks[-1])


def _weeks_in(period: pd.Period) -> Period:
    """Give the weeks whose Saturday lies in a month or a quarter."""
    first, last = period.start_time, period.end_time
    name = f"{first:%B %Y}" if first.month == last.month else f"{first:%B} to {last:%B %Y}"
    return Period(tuple(pd.date_range(first, last, freq="W-SAT").date), name)


def day_in_words(day: date) -> str:
    """Write a day as in "3 February 2017"."""
    return f"{day.day} {day:%B %Y}"


@dataclass(frozen=True)
class Calendar:
    """The reporting weeks that a source covers; of those in ``measured`` it is known how finished they are."""

    first_day: date
    last_day: date
    extracted_on: date
    measured: Mapping[date, str] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Any) -> Self:  # noqa: ANN401 (a source's facts, whose class stands a floor higher)
        """Give the calendar of a source: of its ``first_day``, ``last_day`` and ``extracted_on``."""
        return cls(facts.first_day, facts.last_day, facts.extracted_on)

    def with_maturities(self, maturities: pd.Series) -> Self:
        """Let weeks go by their measured completeness, all but those of which it is ``not known``."""
        known = maturities[maturities != "not known"]
        return replace(self, measured={week.date(): str(name) for week, name in known.items()})

    def until(self, week: date) -> Self:
        """Give the same calendar without the weeks after this one."""
        return replace(self, last_day=min(self.last_day, last_day(week)))

    def weeks(self) -> list[date]:
        """List every week with at least one covered day, partial ones included, oldest first."""
        return list(pd.date_range(saturday_of(self.first_day), self.last_day, freq="7D").date)

    def days_covered(self, week: date) -> int:
        """Count the week's days that the source covers."""
        return (min(last_day(week), self.last_day) - max(week, self.first_day)).days + 1

    def is_partial(self, week: date) -> bool:
        """Say whether the source covers only some days of the week."""
        return self.days_covered(week) < 7

    def is_settled(self, week: date) -> bool:
        """Say whether the week is full and finished: as measured, else by the rule of :data:`SETTLING_DAYS`."""
        return self.status(week) == "settled"

    def status(self, week: date) -> str:
        """Name the week's state: ``partial``, ``settled``, ``provisional`` or ``too young``."""
        by_rule = "settled" if (self.extracted_on - last_day(week)).days >= SETTLING_DAYS else "provisional"
        return "partial" if self.is_partial(week) else self.measured.get(week, by_rule)

    def last_quarter(self, week: date) -> Period | None:
        """Give the last calendar quarter that is over by the end of a week and settled, if any; they never overlap."""
        quarters = pd.period_range(self.first_day, week, freq="Q")[::-1]
        over = (period for period in map(_weeks_in, quarters) if period.weeks[-1] <= week)
        return next((period for period in over if all(map(self.is_settled, period.weeks))), None)

    def full_weeks_before(self, week: date, number: int) -> list[date]:
        """List those of the ``number`` weeks before this one that are full, oldest first."""
        return [w for n in range(number, 0, -1) if not self.is_partial(w := week - n * WEEK)]

    def pick(self, given: object, expected: str = WEEKS) -> date:
        """Find the week that a user means: a Saturday, ``latest`` (the last full week) or ``latest settled``."""
        weeks = self.weeks()
        if given in (LATEST, LATEST_SETTLED):
            fits = [w for w in weeks if (self.is_settled(w) if given == LATEST_SETTLED else not self.is_partial(w))]
            if not fits:
                raise InputError(f"the source has no week that is {given!r}", do=f"It has {weeks[0]} to {weeks[-1]}")
            return fits[-1]
        try:
            day = given.date() if isinstance(given, datetime) else date.fromisoformat(str(given).strip())
            saturday = saturday_of(day)
        except (ValueError, OverflowError) as error:
            raise InputError("the week is not a date", found=given, expected=expected) from error
        if day != saturday:
            found = f"{day} is a {day:%A}, and a reporting week is named by its Saturday"
            raise InputError(found, do=f"The week that holds this day is {saturday}")
        if not weeks[0] <= day <= weeks[-1]:
            do = f"Its first week is {weeks[0]}, its last is {weeks[-1]}"
            raise InputError(f"the source has no week {day}", do=do)
        return day

    def name_period(self, given: object) -> str:
        """Write a period so that it means the same weeks whatever comes later: a month, a quarter, FIRST:LAST."""
        weeks, text = self.pick_period(given).weeks, str(given).strip()
        return text if re.fullmatch(BY_CALENDAR, text) else ":".join(map(str, dict.fromkeys([weeks[0], weeks[-1]])))

    def pick_period(self, given: object) -> Period:
        """Find the period that a user means, one of :data:`PERIODS`, of weeks that the source has."""
        given = given.date() if isinstance(given, datetime) and given == given else given  # not of NaT
        text = str(given).strip()
        if found := re.fullmatch(r"last ([1-9]\d*) settled", text):
            settled = [week for week in self.weeks() if self.is_settled(week)][-int(found[1]) :]
            if len(settled) < int(found[1]):
                raise InputError(f"the source has no {text!r} weeks", found=f"{len(settled)} settled weeks")
            return Period(tuple(settled), f"the {len(settled)} settled weeks to {day_in_words(last_day(settled[-1]))}")
        if re.fullmatch(BY_CALENDAR, text):
            period = _weeks_in(pd.Period(text))
            if period.first_day >= self.first_day and period.last_day <= self.last_day:
                return period
            raise InputError(
                f"the source does not cover all of {period.name}",
                found=f"{self.first_day} to {self.last_day}",
                expected=f"{period.first_day} to {period.last_day}, the weeks whose Saturday lies in it",
                do="Give weeks as FIRST:LAST",
            )
        if ":" in text:
            first, _, last = text.partition(":")
            weeks = tuple(self.pick_many(text))
            weeks = weeks[not first.strip() and self.is_partial(weeks[0]) :]  # an open end leaves a part of a week out
            weeks = weeks[: len(weeks) - (not last.strip() and self.is_partial(weeks[-1]))] or weeks
            return Period(weeks, f"{day_in_words(weeks[0])} to {day_in_words(last_day(weeks[-1]))}")
        week = self.pick(given, PERIODS)
        return Period((week,), week_in_words(week))

    def pick_many(self, given: str) -> list[date]:
        """Find the weeks that a user means: ``all``, ``FIRST:LAST`` (either may be left out), or one week.

        FIRST and LAST that are no Saturdays are days, and the weeks are those that lie between them whole.
        """
        weeks = self.weeks()
        first, colon, last = given.partition(":") if given != "all" else ("", ":", "")
        if not colon:
            return [self.pick(given)]
        first, last = _snapped(first, WEEK - DAY), _snapped(last, DAY - WEEK)
        start, end = self.pick(first or weeks[0]), self.pick(last or weeks[-1])
        if start == end + WEEK and given != f"{start}:{end}":
            raise InputError(
                "no whole week lies between the two days", found=given, do="Weeks run from Saturday to Friday"
            )
        if start > end:
            raise InputError(f"the weeks {given!r} run backwards", do=f"Write {end}:{start}")
        return [week for week in weeks if start <= week <= end]


def refuse_shared_weeks(*periods: Period) -> None:
    """Refuse two periods that overlap, since one would be compared with itself."""
    if len(periods) > 1 and set(periods[0].weeks) & set(periods[1].weeks):
        found = " and ".join(period.name for period in periods[::-1])
        raise InputError("the two periods share a week", found=found, do="Give two periods that do not overlap")


def _snapped(given: str, by: timedelta) -> str:
    """Give the Saturday of the first whole week after a day, or of the last before it; what is no day as it is."""
    try:
        day = date.fromisoformat(given.strip())
        return str(saturday_of(day + by) if day != saturday_of(day) else day)
    except (ValueError, OverflowError):
        return given


def week_in_words(week: date) -> str:
    """Name a week by its days: 20–26 June 2015, 27 June – 3 July 2015."""
    end = last_day(week)
    if week.year != end.year:
        return f"{week.day} {week:%B %Y} – {end.day} {end:%B %Y}"
    first = f"{week.day}–" if week.month == end.month else f"{week.day} {week:%B} – "
    return f"{first}{end.day} {end:%B %Y}"


def name_week(week: date) -> str:
    """Write a week as in "Saturday 28 January to Friday 3 February 2017"."""
    end = last_day(week)
    year = f" {week.year}" if week.year != end.year else ""
    return f"Saturday {week.day} {week:%B}{year} to Friday {end.day} {end:%B} {end.year}"


def as_timestamps(weeks: Iterable[date]) -> pd.DatetimeIndex:
    """Give weeks as an index that fits the dates of the table of detainers."""
    return pd.DatetimeIndex(pd.Series(list(weeks), dtype="datetime64[ms]"), name="week")
