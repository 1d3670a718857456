"""The detainers issued in a period, and what they are held against: of the nation, a state or an offence group."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, wraps
from typing import ParamSpec, TypeVar

import numpy as np
import pandas as pd

from analysis.errors import InputError, called
from analysis.load.quality import LEAST_THERE
from analysis.load.reference import events, group_named, groups, place_name, state_named
from analysis.load.sources import Source, only, open_source, versions_by_day
from analysis.load.table import LEFT_OUT, choose_repeats, without_repeats
from analysis.periods import WEEK, Calendar, Period, as_timestamps, last_day
from analysis.stats import comparisons as tested
from analysis.stats import counts as counting
from analysis.stats.comparisons import BEFORE, LAST_WEEK, TRAILING, TREND, Pair, Weekly
from analysis.stats.counts import ALL, LEAST_FOR_A_SHARE, NOT_GIVEN, TRAILING_WEEKS, TREND_WEEKS
from analysis.stats.nowcast import Triangle, maturities, measure_delays

# Columns that are read of all weeks up to the period's end, and of a few weeks.
HISTORY_COLUMNS = ("issued_on", "lifted_on", "state", "outcome", "offence_group", "duplicate", "detainers")
RECORD_COLUMNS = (*HISTORY_COLUMNS, "form", "request", "lift_reason", "offence_status", "agency", "person")
LEAST_CHECKED = 20  # detainers without which no check of a week fails: a share of fewer, and their number, is chance
ONE_END = "every row of the source has the same recorded end"

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Cohort:
    """The detainers of a source issued in a period, all or those of a state or an offence group.

    ``period`` is whole reporting weeks. Nothing later than its last week is read, so that a report on it stays as it is
    when later weeks come. ``repeats`` says whether rows that repeat another are counted.
    """

    source: Source
    period: Period
    state: str = ALL
    offence: str = ALL
    repeats: str = LEFT_OUT

    def __repr__(self) -> str:
        group = "" if self.offence == ALL else f", offence group {self.offence}"
        return f"<Cohort of {self.source.facts.name}: {place_name(self.state)}{group}, {self.period.name}>"

    @property
    def week(self) -> date:
        """Give the period's last week, of a weekly cohort its only one."""
        return self.period.weeks[-1]

    @property
    def parameters(self) -> dict[str, object]:
        """Give what was asked, as checked."""
        place = {name: value for name in ("state", "offence") if (value := getattr(self, name)) != ALL}
        return {"source": self.source.facts.name, "week": self.week, **place, "repeats": self.repeats}

    @property
    def cell(self) -> tuple[str, str]:
        """Name what the cohort is of as tables of comparisons do: kind and place."""
        if self.offence != ALL and (self.state != ALL or self.sole_state):
            what, do = "weeks are counted of a state or of an offence group, not of both", "Count with count_outcomes"
            raise InputError(what, found=self.name, do=do)
        if self.offence != ALL:
            return "offence_group", self.offence
        return (ALL, ALL) if self.state in (ALL, self.sole_state) else ("state", self.state)

    @cached_property
    def name(self) -> str:
        """Name what the cohort is of, as in a sentence: "the United States", "Texas"."""
        name = place_name((self.sole_state or ALL) if self.state == ALL else self.state)
        return name if self.offence == ALL else f"{name} (offence group: {groups().loc[self.offence, 'group']})"

    @cached_property
    def history(self) -> pd.DataFrame:
        """Give all detainers up to the period's end, every state and offence group."""
        return self.source.detainers(HISTORY_COLUMNS, last=self.period.last_day, repeats=self.repeats != LEFT_OUT)

    @cached_property
    def records(self) -> pd.DataFrame:
        """Give every record of the period and of the eight weeks before it, repeats included."""
        first = self.period.first_day - TRAILING_WEEKS * WEEK
        return self.source.detainers(RECORD_COLUMNS, first=first, last=self.period.last_day)

    @cached_property
    def everywhere(self) -> pd.DataFrame:
        """Give the period's detainers of all states and offence groups."""
        return without_repeats(counting.rows_of_weeks(self.records, self.period.weeks), self.repeats)

    @cached_property
    def detainers(self) -> pd.DataFrame:
        """Give the period's detainers of this state and offence group."""
        rows = self.everywhere if self.state == ALL else self.everywhere[self.everywhere["state"] == self.state]
        return rows if self.offence == ALL else rows[rows["offence_group"] == self.offence]

    @cached_property
    def sole_state(self) -> str | None:
        """Give the state of a source that has detainers of one state alone; None where there are several."""
        return only(self.history, "state")

    @cached_property
    def sole_outcome(self) -> str | None:
        """Give the outcome that every row has, as in a file chosen by its outcome: then no share is given."""
        return only(self.history, "outcome")

    @cached_property
    def by_state(self) -> pd.DataFrame:
        """Give the counts by week and state (:func:`analysis.stats.counts.count_outcomes`)."""
        return counting.count_outcomes(self.history, ["week", "state"])

    @cached_property
    def _by_group(self) -> pd.DataFrame:
        """Give the counts by week and offence group."""
        return counting.count_outcomes(self.history, ["week", "offence_group"])

    @cached_property
    def delays(self) -> Triangle | None:
        """Give the reporting triangle of all detainers up to the period's end; None where no delay is known."""
        columns = ["issued_on", "state", "offence_group", "outcome", "detainers"]
        versions = versions_by_day(self.source, columns, self.period.last_day)
        found = measure_delays(self.history, self.source.facts.extracted_on, versions)
        return found and replace(found, cumulative=found.cumulative.loc[: pd.Timestamp(self.week)])

    @cached_property
    def _by_age(self) -> Calendar:
        """Give the weeks up to the period's end, by their measured completeness or by the rule of days."""
        calendar = Calendar.of(self.source.facts).until(self.week)
        return calendar if self.delays is None else calendar.with_maturities(maturities(self.delays)["maturity"])

    @cached_property
    def _by_week(self) -> pd.DataFrame:
        """Add up what weeks are checked by, all states together: issued, of a state given, without an end."""
        given = self.by_state["issued"].where(self.by_state.index.get_level_values("state") != NOT_GIVEN, 0)
        return self.by_state[["issued", "not_recorded"]].assign(states=given).groupby(level="week").sum()

    def _failed(self, week: date) -> Mapping[str, object] | None:
        """Find the first check of which less is there in a week, all states together, than in the eight before it."""
        weeks = [*self._by_age.full_weeks_before(week, TRAILING_WEEKS), week]
        if len(weeks) <= TRAILING_WEEKS or not self._by_age.is_settled(week):  # an unsettled week lacks ends anyhow
            return None
        sums = self._by_week.reindex(as_timestamps(weeks), fill_value=0)
        parts = sums.div(sums["issued"], axis="index").assign(ends=lambda part: 1 - part["not_recorded"])
        there = parts[["ends", "states"]].assign(detainers=sums["issued"])
        found, usual = there.iloc[-1], there.iloc[:-1].median()
        for check, number in (("detainers", usual), ("ends", found), ("states", found)):
            if number["detainers"] >= LEAST_CHECKED and found[check] < LEAST_THERE * usual[check]:
                told = None if check == "ends" and self.sole_state else (found[check], usual[check])
                return {"check": check} | dict(zip(("check_found", "check_usual"), told or (None, None), strict=True))
        return None

    @cached_property
    def failed_check(self) -> Mapping[str, object] | None:
        """Give the first check of its data that a week of it fails, with what was found and usual; None = none."""
        return next(filter(None, map(self._failed, self.period.weeks)), None)

    @cached_property
    def calendar(self) -> Calendar:
        """Give the weeks up to the period's end; those of a period that fails a check count as unfinished."""
        unfinished = {**self._by_age.measured, **dict.fromkeys(self.period.weeks, "provisional")}
        return replace(self._by_age, measured=unfinished) if self.failed_check else self._by_age

    @cached_property
    def status(self) -> str:
        """Name how finished the period is: settled, or what its least finished week is."""
        least_first = ("partial", "too young", "provisional", "settled")
        return min(map(self.calendar.status, self.period.weeks), key=least_first.index)

    @cached_property
    def weekly(self) -> Weekly:
        """Give the weekly counts of the nation, the states and, where they may be shown by week, the offence groups."""
        by_group = self._by_group if self.source.facts.offences and self.sole_state is None else None
        complete = None if self.delays is None else maturities(self.delays)["completeness"]
        return tested.weekly_cells(self.calendar.weeks(), self.by_state, by_group, complete)

    @cached_property
    def dispersion(self) -> pd.Series:
        """Give the variance over mean of each cell's declines in the settled weeks before; 1 = too few to know it."""
        settled = [week for week in self.calendar.weeks() if week < self.week and self.calendar.is_settled(week)]
        found, weeks = pd.Series(1.0, index=self.weekly.declined.columns), as_timestamps(settled)
        if len(weeks) >= TRAILING_WEEKS:
            found = tested.cell_dispersion(self.weekly.declined.loc[weeks], self.weekly.exposure.loc[weeks])
        found.attrs["weeks"] = len(weeks)
        return found

    @cached_property
    def pairs(self) -> list[Pair]:
        """Name the periods that are compared, and why they are not; last the trend, of 26 settled weeks in a row."""
        calendar, weeks, one = self.calendar, list(self.period.weeks), len(self.period.weeks) == 1
        alike, known, pairs = ONE_END if self.sole_outcome else "", self.dispersion.attrs["weeks"], []
        unsettled = "week not settled" if one else "not settled"
        young = {"settled": "", "partial": "partial week"}.get(self.status, unsettled)
        # With too few weeks, chance alone would be counted with.
        chance = "" if known >= TRAILING_WEEKS else "settled weeks to know the usual ups and downs from: {}, too few"
        for against, wanted in [(LAST_WEEK, 1), (TRAILING, TRAILING_WEEKS)] if one else [(BEFORE, len(weeks))]:
            earlier = calendar.full_weeks_before(weeks[0], wanted)
            few = f"only {len(earlier)} of {wanted} full weeks before" if len(earlier) < wanted else ""
            if few and wanted == 1 and weeks[0] - WEEK in calendar.weeks():
                few = "the week before is partial"
            pairs.append(Pair(against, weeks, earlier, alike or young or few or chance.format(known)))
        if len(weeks) < TREND_WEEKS:
            settled = [week for week in calendar.weeks() if calendar.is_settled(week)]
            run = [week for week in settled if (settled[-1] - week) // WEEK < 2 * TREND_WEEKS]
            few = f"only {len(run)} of {2 * TREND_WEEKS} settled weeks" if len(run) < 2 * TREND_WEEKS else ""
            pairs.append(Pair(TREND, run[-TREND_WEEKS:] or weeks, run[:-TREND_WEEKS], alike or few))
        return pairs

    @cached_property
    def _events(self) -> pd.DataFrame:
        """Give the register of events, and a failed check of the week before, which changes what is counted."""
        before = self.period.first_day - WEEK
        if before not in self._by_age.weeks() or not self._failed(before):
            return events()
        row = {"date": pd.Timestamp(before), "last_date": pd.Timestamp(last_day(before)), "blocks_comparison": True}
        row |= {"kind": "check", "state": "", "headline": "the week before fails a check of its data"}
        return pd.concat([events(), pd.DataFrame([row])])

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """Give every comparison of the page, one family; of a source of one state that as a whole, so none is twice."""
        return compare_cells(self, self.pairs, [(ALL, ALL)] if self.sole_state else list(self.weekly.declined))

    @cached_property
    def last_quarter(self) -> "Cohort | None":
        """Give the cohort of the last full calendar quarter that was over by the period's end; None = there is none."""
        quarter = self.calendar.last_quarter(self.week)
        return None if quarter is None else replace(self, period=quarter)


def with_shares(
    of: Cohort, counts: pd.DataFrame, phi: float | pd.Series, least: int = LEAST_FOR_A_SHARE
) -> pd.DataFrame:
    """Put shares beside counts: none of fewer than ``least``, nor of rows chosen by their outcome, all or none."""
    table, shares = counting.with_intervals(counts, phi), ["share", "share_low", "share_high"]
    table.loc[(table["issued"] < least) | (of.sole_outcome is not None), shares] = np.nan
    return table


def compare_cells(cohort: Cohort, pairs: Sequence[Pair], cells: list[tuple[str, str]]) -> pd.DataFrame:
    """Compare pairs of periods within the weeks that a cohort knows, cell by cell, as one family."""
    weekly = Weekly(*(frame[cells] for frame in cohort.weekly))
    return tested.family(weekly, pairs, cohort.dispersion[cells], cohort._events)


def pair_of(now: Cohort, before: Cohort) -> Pair:
    """Pair the periods of two cohorts, and say why they are not compared."""
    unfinished = next((f"{one.status} weeks" for one in (now, before) if one.status != "settled"), "")
    return Pair(BEFORE, now.period.weeks, before.period.weeks, ONE_END if now.sole_outcome else unfinished)


def detainers_sha256(cohort: Cohort) -> str:
    """Hash what all is counted from, in any order: the records, and by week and state what came before them.

    Those of the whole nation: from a hash of a few rows these could be told.
    """
    frames = (cohort.records, cohort.by_state.reset_index())
    rows = [np.sort(pd.util.hash_pandas_object(frame, index=False).to_numpy()) for frame in frames]
    return hashlib.sha256(np.concatenate(rows).astype("<u8").tobytes()).hexdigest()


def aged_calendar(source: Source) -> Calendar:
    """Give all weeks of a source, as its reports call them: by measured completeness, or by the rule of days."""
    calendar = Calendar.of(source.facts)
    return Cohort(source, calendar.pick_period(calendar.weeks()[-1]))._by_age


def not_a_cohort(name: str, found: object, takes: str = "a cohort") -> InputError:
    """Build the error for something else where a function takes a cohort."""
    makes = "an.cohort(source, period) makes one; a file becomes a source by `declines import FILE --name NAME`"
    return InputError(f"{name} takes {takes}, found {called(found)}: {makes}")


def takes_cohort(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function refuse with one sentence what is no cohort, and the cohort keep what it gives."""

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        found = args[0] if args else kwargs.get("cohort")
        if not isinstance(found, Cohort):
            raise not_a_cohort(function.__name__, found)
        asked = (function, *args[1:], *kwargs, *kwargs.values())
        if not all(isinstance(one, str) for one in asked[1:]):
            return function(*args, **kwargs)
        known = vars(found).setdefault("_known", {})
        if asked not in known:
            known[asked] = function(*args, **kwargs)
        return copy(known[asked])  # in which a notebook may write

    return checked


def cohort(
    source: str,
    period: object = "latest settled",
    *,
    state: object = None,
    offence: object = None,
    repeats: object = LEFT_OUT,
) -> Cohort:
    """Open the detainers that a source has of a period, a state or an offence group.

    Parameters
    ----------
    source
        Name of a source with weeks by day issued.
    period
        A Saturday, ``latest``, ``latest settled``, a month, a quarter, weeks or ``last 13 settled``
        (:meth:`analysis.periods.Calendar.pick_period`).
    state, offence
        Postal code, name or FIPS code of a state, id or label of an offence group; None = all.
    repeats
        Rows flagged as repeats of another: ``left out`` or ``counted``.

    Raises
    ------
    InputError
        One of these is not there; the message says what is.

    Examples
    --------
    >>> week = cohort("fy2015", "2015-06-20")
    >>> int(week.weekly.declined.loc["2015-06-20", ("all", "all")])
    66
    """
    needs = ("outcomes",) if offence is None else ("offences", "outcomes")
    opened = open_source(source, clock="issued", needs=needs)
    place, group = ALL if state is None else state_named(state), ALL if offence is None else group_named(offence)
    if place != ALL and (sole := only(opened.detainers(["state"]), "state")) not in (None, place):
        raise InputError(f"the source has no detainer of {place_name(place)}", found=f"all its rows are of {sole}")
    return Cohort(opened, Calendar.of(opened.facts).pick_period(period), place, group, choose_repeats(repeats))
