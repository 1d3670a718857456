"""Reporting weeks: Saturday to Friday, as ICE's own weekly report of 2017 counted them.

A week is named by its Saturday. ISO weeks (Monday to Sunday) and pandas' ``W`` (ending Sunday) cut ICE's weeks in two
and are used nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol, Self

from analysis.errors import InputError

if TYPE_CHECKING:  # imported when a column is asked about: a calendar alone needs none
    import pandas as pd

WEEK = timedelta(days=7)
SETTLING_DAYS = 28
"""Days between a week's Friday and the source's extraction before its figures count as settled.

A rule of thumb where the completeness of young weeks cannot be measured from recording delays.
"""
AFTER_SATURDAY = timedelta(days=5)
"""From a Saturday to the Thursday after it; days are counted from a Thursday, the first of January 1970."""
SETTLED, NOT_MEASURED = "settled", "not known"
LATEST, LATEST_SETTLED = "latest", "latest settled"


def week_of(days: pd.Series) -> pd.Series:
    """Give the Saturday on or before each day; a missing day stays missing."""
    return (days + AFTER_SATURDAY).dt.floor("7D") - AFTER_SATURDAY


def saturday_of(day: date) -> date:
    """Give the Saturday on or before a day."""
    return day - timedelta(days=(day.weekday() + 2) % 7)


def last_day(week: date) -> date:
    """Give the Friday that ends the week of this Saturday."""
    return week + timedelta(days=6)


def parse_week(given: object) -> date:
    """Read a week's Saturday written as YYYY-MM-DD.

    Raises
    ------
    InputError
        Not a date, or not a Saturday; the message names the Saturday meant.
    """
    try:
        if isinstance(given, datetime):
            given = given.date()
        day = given if isinstance(given, date) else date.fromisoformat(str(given).strip())
        saturday = saturday_of(day)
    except (ValueError, OverflowError) as error:
        raise InputError(
            "the week is not a date",
            found=given,
            expected=f"a Saturday as YYYY-MM-DD, {LATEST!r} or {LATEST_SETTLED!r}",
        ) from error
    if day != saturday:
        raise InputError(
            f"{day} is a {day:%A}, and a reporting week is named by its Saturday",
            do=f"The week that holds this day is {saturday}",
        )
    return day


class Covered(Protocol):
    """What is known of the days of a source: the first and the last that it covers, and that of its extraction."""

    @property
    def first_day(self) -> date: ...  # noqa: D102
    @property
    def last_day(self) -> date: ...  # noqa: D102
    @property
    def extracted_on(self) -> date: ...  # noqa: D102


@dataclass(frozen=True)
class Calendar:
    """The reporting weeks that a source covers, from the days it covers and the day it was extracted.

    ``measured`` is how far weeks are by their measured completeness (:meth:`with_maturities`); a week that is not in it
    goes by the rule of :data:`SETTLING_DAYS`.
    """

    first_day: date
    last_day: date
    extracted_on: date
    measured: Mapping[date, str] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Covered) -> Self:
        """Give the calendar of a source."""
        return cls(facts.first_day, facts.last_day, facts.extracted_on)

    def with_maturities(self, maturities: pd.Series) -> Self:
        """Let weeks go by their measured completeness.

        Parameters
        ----------
        maturities
            ``settled``, ``provisional`` or ``too young`` by week, as from :func:`analysis.stats.nowcast.maturities`;
            ``not known`` leaves a week to the rule of days.
        """
        known = maturities[maturities != NOT_MEASURED]
        return replace(self, measured={week.date(): str(name) for week, name in known.items()})

    def until(self, week: date) -> Self:
        """Give the same calendar without the weeks after this one."""
        return replace(self, last_day=min(self.last_day, last_day(week)))

    def weeks(self) -> list[date]:
        """List every week with at least one covered day, partial ones included, oldest first."""
        first = saturday_of(self.first_day)
        return [first + n * WEEK for n in range((saturday_of(self.last_day) - first) // WEEK + 1)]

    def is_partial(self, week: date) -> bool:
        """Say whether the source covers only some days of the week."""
        return week < self.first_day or last_day(week) > self.last_day

    def days_covered(self, week: date) -> int:
        """Count the week's days that the source covers."""
        return (min(last_day(week), self.last_day) - max(week, self.first_day)).days + 1

    def is_settled(self, week: date) -> bool:
        """Say whether the week is full and finished: as measured, else by the rule of :data:`SETTLING_DAYS`."""
        return self.status(week) == SETTLED

    def status(self, week: date) -> str:
        """Name the week's state: ``partial``, ``settled``, ``provisional`` or ``too young``."""
        if self.is_partial(week):
            return "partial"
        if week in self.measured:
            return self.measured[week]
        return SETTLED if (self.extracted_on - last_day(week)).days >= SETTLING_DAYS else "provisional"

    def last_quarter(self, week: date) -> tuple[date, date] | None:
        """Give the first and last day of the last calendar quarter that was over by the end of a week.

        The source covers all of it and was extracted :data:`SETTLING_DAYS` or more after it. Quarters do not overlap,
        so what the reports of successive weeks show of them cannot be subtracted from each other. None = there is none.
        """
        after = last_day(week) + timedelta(days=1)
        while True:
            after = date(after.year, 3 * ((after.month - 1) // 3) + 1, 1)
            end = after - timedelta(days=1)
            start = date(end.year, end.month - 2, 1)
            if start < self.first_day:
                return None
            if end <= self.last_day and (self.extracted_on - end).days >= SETTLING_DAYS:
                return start, end
            after = end

    def full_weeks_before(self, week: date, number: int) -> list[date]:
        """List those of the ``number`` weeks before this one that are full, oldest first."""
        earlier = [week - n * WEEK for n in range(number, 0, -1)]
        return [w for w in earlier if w >= saturday_of(self.first_day) and not self.is_partial(w)]

    def pick(self, given: object) -> date:
        """Find the week that a user means.

        Parameters
        ----------
        given
            A Saturday, ``latest`` (the last full week) or ``latest settled`` (:meth:`is_settled`).

        Raises
        ------
        InputError
            Not a week, one that the source does not have (the message names the first and the last), or no week is
            full or settled.
        """
        weeks = self.weeks()
        if given in (LATEST, LATEST_SETTLED):
            fits = [w for w in weeks if (self.is_settled(w) if given == LATEST_SETTLED else not self.is_partial(w))]
            if not fits:
                raise InputError(f"the source has no week that is {given!r}", do=f"It has {weeks[0]} to {weeks[-1]}")
            return fits[-1]
        week = parse_week(given)
        if not weeks[0] <= week <= weeks[-1]:
            raise InputError(
                f"the source has no week {week}", do=f"Its first week is {weeks[0]}, its last is {weeks[-1]}"
            )
        return week

    def pick_many(self, given: str) -> list[date]:
        """Find the weeks that a user means: ``all``, ``FIRST:LAST`` (either may be left out), or one week."""
        if given == "all":
            return self.weeks()
        first, colon, last = given.partition(":")
        if not colon:
            return [self.pick(given)]
        start = self.pick(first) if first else self.weeks()[0]
        end = self.pick(last) if last else self.weeks()[-1]
        if start > end:
            raise InputError(f"the weeks {given!r} run backwards", do=f"Write {end}:{start}")
        return [week for week in self.weeks() if start <= week <= end]


def name_week(week: date) -> str:
    """Write a week as in "Saturday 28 January to Friday 3 February 2017"."""
    end = last_day(week)
    year = f" {week.year}" if week.year != end.year else ""
    return f"Saturday {week.day} {week:%B}{year} to Friday {end.day} {end:%B} {end.year}"


def as_timestamps(weeks: Iterable[date]) -> pd.DatetimeIndex:
    """Give weeks as an index that fits the dates of the table of detainers."""
    import pandas as pd

    return pd.DatetimeIndex(pd.Series(list(weeks), dtype="datetime64[ms]"), name="week")
