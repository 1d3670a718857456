"""Reporting weeks: Saturday to Friday, named by their Saturday, as ICE's own weekly report of 2017 counted them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
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
SEVERAL = r"la(?:test|st ([1-9]\d*))( settled)?"
WEEKS = f"a day as YYYY-MM-DD, {LATEST!r} or {LATEST_SETTLED!r}"
PERIODS = f"{WEEKS}, a month as 2015-03, a quarter as 2015Q1, weeks as FIRST:LAST, 'since FIRST' or 'last 13 settled'"


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
        """Find the week that a user means: one of its days, ``latest`` (the last full week) or ``latest settled``."""
        weeks = self.weeks()
        if given in (LATEST, LATEST_SETTLED):
            return self.pick_period(given).weeks[0]
        try:
            week = saturday_of(given.date() if isinstance(given, datetime) else _day(str(given)))
        except (ValueError, OverflowError) as error:
            raise InputError("the week is not a date", found=given, expected=expected) from error
        if not weeks[0] <= week <= weeks[-1]:
            do = f"Its first week is {weeks[0]}, its last is {weeks[-1]}"
            raise InputError(f"the source has no week {week}", do=do)
        return week

    def name_period(self, given: object) -> str:
        """Write a period so that it means the same weeks whatever comes later: a month, a quarter, FIRST:LAST."""
        weeks, text = self.pick_period(given).weeks, _dated(str(given))
        return text if re.fullmatch(BY_CALENDAR, text) else ":".join(map(str, dict.fromkeys([weeks[0], weeks[-1]])))

    def pick_period(self, given: object) -> Period:
        """Find the period that a user means, one of :data:`PERIODS`, of weeks that the source has."""
        given = given.date() if isinstance(given, datetime) and given == given else given  # not of NaT
        text = _dated(re.sub("(?i)^since (.+)", r"\1:", str(given).strip()))
        if found := re.fullmatch(SEVERAL, text):
            fits, kind = (self.is_settled, "settled") if found[2] else (lambda week: not self.is_partial(week), "full")
            number, known = int(found[1] or 1), self.weeks()
            weeks = tuple(filter(fits, known))[-number:]
            if len(weeks) < number:
                do = f"It has {known[0]} to {known[-1]}"
                raise InputError(f"the source has no {text!r} weeks", found=f"{len(weeks)} {kind} weeks", do=do)
            several = f"the {len(weeks)} {kind} weeks to {day_in_words(last_day(weeks[-1]))}"
            return Period(weeks, several if len(weeks) > 1 else week_in_words(weeks[0]))
        if re.fullmatch(BY_CALENDAR, text):
            period = _weeks_in(pd.Period(text))
            if self.first_day <= period.first_day and period.last_day <= self.last_day:
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
        """Find the weeks that a user means: ``all``, ``FIRST:LAST`` (either may be left out), or those of a period.

        FIRST and LAST that are no Saturdays are days or months, and the weeks are those that lie between them whole.
        """
        weeks = self.weeks()
        first, colon, last = given.partition(":") if given != "all" else ("", ":", "")
        if not colon:
            return list(self.pick_period(given).weeks)
        first, last = _dated(first), _dated(last)
        start = self.pick(_snapped(first, WEEK - DAY) or weeks[0])
        end = self.pick(_snapped(last, DAY - WEEK) or weeks[-1])
        if start > end and first <= last:
            do = "Weeks run from Saturday to Friday"
            raise InputError("no whole week lies between the two days", found=given, do=do)
        if start > end:
            raise InputError(f"the weeks {given!r} run backwards", do=f"Write {last}:{first}")
        return [week for week in weeks if start <= week <= end]


def refuse_shared_weeks(*periods: Period) -> None:
    """Refuse two periods that overlap, since one would be compared with itself."""
    if len(periods) > 1 and set(periods[0].weeks) & set(periods[1].weeks):
        found = " and ".join(period.name for period in periods[::-1])
        raise InputError("the two periods share a week", found=found, do="Give two periods that do not overlap")


def _dated(text: str) -> str:
    """Write a month or a quarter as 2015-06 or 2015Q2, however it is named, and another text as it is."""
    period = None
    with suppress(ValueError):
        period = pd.Period(re.sub("(?i) (?=q)", "", text.strip()))
    if not isinstance(period, pd.Period) or period.freqstr not in ("M", "Q-DEC"):
        return text.strip()
    if period.year == 1:
        raise InputError("the period names no year", found=text, do="Write it as June 2015 or 2015-06")
    return str(period)


def _snapped(text: str, by: timedelta) -> str:
    """Give the Saturday of the first whole week from a day or month on, or of the last to it; other text as it is."""
    if re.fullmatch(BY_CALENDAR, text):
        return str(_weeks_in(pd.Period(text)).weeks[0 if by > DAY else -1])
    try:
        day = _day(text)
        return str(saturday_of(day + by) if day != saturday_of(day) else day)
    except (ValueError, OverflowError):
        return text


def _day(text: str) -> date:
    """Read a day; a week of ISO 8601, which runs from Monday, is none."""
    if "W" in text:
        raise ValueError
    return date.fromisoformat(text.strip())


def week_taken(given: str) -> str:
    """Say which week a day that is no Saturday stands for; blank of anything else."""
    with suppress(ValueError, OverflowError):
        if (week := saturday_of(day := _day(given))) != day:
            return f"{day} is a {day:%A}: the week taken is {week}, {name_week(week)}"
    return ""


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
