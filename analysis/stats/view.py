"""A view of a source: what is chosen of it, the few lines that make it, and counts in memory that answer them at once.

The lines are those that :meth:`View.made` itself runs, with counts in memory in the place of ``an``'s file: what is
copied is what was shown. A view shows what reports show, and no more: what they hide or do not compare, it refuses.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

import pandas as pd

from analysis.errors import InputError, unknown
from analysis.load.reference import crosswalk, group_named, groups, place_name, state_named, states
from analysis.load.sources import NEEDS, Source, sources
from analysis.load.table import OffenceStatus, Request
from analysis.periods import Calendar, refuse_shared_weeks, week_of
from analysis.stats import summary
from analysis.stats.cohort import Cohort
from analysis.stats.counts import ALL, OUTCOME_COLUMNS
from analysis.stats.disclosure import HIDDEN, THRESHOLD
from analysis.stats.period_profile import AS_LONG, PeriodProfile

CHOSEN_BY = ["issued_on", "state", "offence_group", "offence_status", "request", "form", "outcome", "duplicate"]
SHOWS = {"map": "map", "ranked": "ranked states", "groups": "ranked offence groups", "series": "series"}
SHOWS |= {"cross": "state × offence", "table": "table"}
DECLINED = "declined"
KEPT = 32  # cohorts and profiles that stay in memory
OF_A_PLACE = {"name", "detainers", "last_quarter", "_known"}  # what the nation's cohort knows of itself alone


@dataclass(frozen=True, eq=False)
class Counted(Source):
    """A source as counts in memory, a row for what was issued in one week and is alike in all that can be chosen."""

    table: pd.DataFrame = field(default_factory=pd.DataFrame)

    def detainers(
        self,
        columns: Sequence[str] | None = None,
        first: date | None = None,
        last: date | None = None,
        *,
        repeats: bool = True,
    ) -> pd.DataFrame:
        """Give the counts of whole weeks, by those of the columns that they have."""
        days = self.table["issued_on"]
        start = 0 if first is None else days.searchsorted(pd.Timestamp(first))
        end = len(days) if last is None else days.searchsorted(pd.Timestamp(last), side="right")
        rows = self.table.iloc[start:end]
        rows = rows if repeats else rows[rows["duplicate"].isna()]
        return rows[[name for name in columns or rows if name in rows]]


class Memory:
    """The counts of a source in memory; its methods answer as those of ``an`` do, many times faster.

    Nothing is read again: what a source becomes meanwhile changes nothing, and :attr:`changed` says it.
    """

    def __init__(self, source: Source) -> None:
        calendar = Calendar.of(source.facts)
        rows = source.detainers([*CHOSEN_BY, "detainers"])
        counts = rows.assign(issued_on=week_of(rows["issued_on"])).groupby(CHOSEN_BY, observed=True, dropna=False)
        everything, about = Cohort(source, calendar.pick_period(":")), (source.facts, source.origin, source.path)
        self.calendar, self.read, self.delays = calendar, source, everything.delays
        self.source = Counted(*about, source.version, counts["detainers"].sum().reset_index())
        self.whole = replace(everything, source=self.source)
        self._crossed: dict[object, pd.DataFrame] = {}
        self._nation, self._profile = lru_cache(KEPT)(self._counted), lru_cache(KEPT)(self._compared)

    def there(self, column: str) -> list[str]:
        """List the values of a column that occur: groups by severity, others by name."""
        found = set(self.source.table[column].dropna().unique())
        order = {"offence_group": groups().index, "offence_status": OffenceStatus, "request": Request}
        return [str(value) for value in order.get(column, states().index) if value in found]

    @cached_property
    def periods(self) -> dict[str, str]:
        """List periods to choose from, by what they are called: months, quarters and weeks, the newest first."""
        days, named = (self.calendar.first_day, self.calendar.last_day), {}
        spans = [str(span) for freq in "MQ" for span in pd.period_range(*days, freq=freq)[::-1]]
        for given in ["last 13 settled", "latest settled", *spans, *map(str, self.calendar.weeks()[::-1])]:
            try:
                named[self.calendar.pick_period(given).name] = given
            except InputError:  # not covered to its end
                continue
        return named

    @property
    def changed(self) -> str:
        """Say what became of the source since it was read: gone, or a newer version is there; blank = nothing."""
        name, own = self.source.facts.name, self.source.version
        if not self.source.path.is_file():
            return f"The source {name} is not there any more; what you see was read before."
        newest = sources()[name].version if name in sources() else own
        return f"Version {newest} of {name} is there now; what you see is version {own}." if newest > own else ""

    def _counted(self, given: str) -> Cohort:
        """Count the nation's cohort of a period: what was counted of all weeks once is cut at its own last one."""
        found, delays = replace(self.whole, period=self.calendar.pick_period(given)), self.delays
        until = slice(pd.Timestamp(found.week))
        vars(found).update(by_state=self.whole.by_state.loc[until], _by_group=self.whole._by_group.loc[until])
        vars(found).update(delays=delays and replace(delays, cumulative=delays.cumulative.loc[until]))
        _ = found.status  # and with it the counts and delays that every place of the period needs
        return found

    def _compared(self, period: str, compare: str) -> PeriodProfile:
        """Compare every place of two periods."""
        other = None if compare == AS_LONG else self._nation(compare)
        found = PeriodProfile(self._nation(period), other)
        if other:
            refuse_shared_weeks(found.cohort.period, other.period)
        _ = found.comparisons
        return found

    def cohort(self, source: str, period: str, *, state: str = ALL, offence: str = ALL) -> Cohort:
        """Give the cohort that ``an.cohort`` gives."""
        nation = self._nation(period)
        if (state, offence) == (ALL, ALL):
            return nation
        found, of_nation = replace(nation, state=state, offence=offence), vars(nation)
        vars(found).update({name: of_nation[name] for name in of_nation.keys() - OF_A_PLACE} | vars(found))
        return found

    def period_profile(
        self, source: str, period: str, compare: str = AS_LONG, *, state: str = ALL, offence: str = ALL
    ) -> PeriodProfile:
        """Give the profile that ``an.period_profile`` gives."""
        nation = self._profile(period, compare)
        own = self.cohort(source, period, state=state, offence=offence)
        found = PeriodProfile(own, nation.other and self.cohort(source, compare, state=state, offence=offence))
        vars(found)["comparisons"] = nation.comparisons
        return found

    def cross_tabulate(self, cohort: Cohort) -> pd.DataFrame:
        """Give the table that ``an.cross_tabulate`` gives of the nation, worked out once for each quarter."""
        key = cohort.last_quarter and cohort.last_quarter.period
        if key is None or key not in self._crossed:
            self._crossed[key] = summary.cross_tabulate(cohort)
        return self._crossed[key].copy()

    def look_ahead(self) -> Generator[pd.DataFrame, None, None]:
        """Work out each quarter's table by state and offence group, the newest first, one a step."""
        for given in self.periods.values():
            if "Q" in given:
                yield self.cross_tabulate(self._nation(given))

    counts_by, weekly_counts = staticmethod(summary.counts_by), staticmethod(summary.weekly_counts)


@dataclass(frozen=True)
class View:
    """What is chosen of a source. Without ``states`` it is of all, or of one offence group.

    ``period``, ``compare`` as of :func:`analysis.stats.period_profile.period_profile`; ``outcome``: the count that is
    shown; ``show``: one of :data:`SHOWS`.
    """

    source: str
    period: str = "last 13 settled"
    compare: str = AS_LONG
    states: tuple[str, ...] = ()
    offence: str = ALL
    status: str = ALL
    request: str = ALL
    outcome: str = DECLINED
    show: str = "map"

    @classmethod
    def of(cls, memory: Memory, **chosen: Any) -> View:  # noqa: ANN401
        """Make a view of what a user asks for, or say in a sentence what is not there."""
        facts, given = memory.source.facts, {name: value for name, value in chosen.items() if value not in (None, ALL)}
        if "states" in given:
            several = [given["states"]] if isinstance(given["states"], str) else given["states"]
            given["states"] = tuple(dict.fromkeys(map(state_named, several)))
        if not facts.offences and ("offence" in given or "status" in given):
            raise InputError(f"the source {facts.name!r} {NEEDS['offences']}", do="Choose by state")
        if "offence" in given:
            given["offence"] = group_named(given["offence"])
        known = {"status": list(map(str, OffenceStatus)), "request": list(map(str, Request))}
        known |= {"outcome": OUTCOME_COLUMNS, "show": list(SHOWS)}
        for name in known.keys() & given.keys():
            if given[name] not in known[name]:
                raise unknown(name, given[name], known[name])
        view = cls(facts.name, **given)
        for period in (view.period, view.compare):
            _ = period == AS_LONG or memory.calendar.pick_period(period)
        return view

    @property
    def cut(self) -> str:
        """Name what it counts by: a profile's ``period``, ``cross``, or what reports show of one week alone."""
        if self.status != ALL:
            return "status"
        if self.request != ALL:
            return "form"
        if self.outcome != DECLINED:
            return "outcome"
        return "cross" if self.show == "cross" or (self.states and self.offence != ALL) else "period"

    @property
    def refused(self) -> list[str]:
        """List what is chosen beside that cut that no report shows together with it."""
        beside = {"status": "states request outcome", "form": "states offence", "outcome": "offence"}.get(self.cut, "")
        usual = View(self.source)
        return [name for name in beside.split() if getattr(self, name) != getattr(usual, name)]

    @property
    def of_week(self) -> bool:
        """Say whether reports show its cut by single weeks alone."""
        return self.cut in ("status", "form", "outcome")

    def lines(self, week: str = "") -> list[str]:
        """Give the lines that make its frame; ``week``: the last one of its period."""
        of = ", ".join(map(_text, [self.source, week if self.of_week else self.period]))
        one = len(self.states) == 1 or (self.states and self.show == "series")  # a series is of the first one chosen
        place = f", state={_text(self.states[0])}" if one else ""
        group = f", offence={_text(self.offence)}" if self.offence != ALL else ""
        rows = [f"state in {[*self.states]}"] * bool(self.states)
        if self.cut == "period":
            compared = "" if self.compare == AS_LONG else f", {_text(self.compare)}"
            made = {"series": "an.weekly_counts(profile.later)", "groups": 'profile.by("offence_group")'}
            made["table"] = 'profile.by("state")' if rows else "profile.key_figures"
            lines = [f"profile = an.period_profile({of}{compared}{place}{group})"]
            frame = made.get(self.show, 'profile.by("state")')
            if len(self.states) > 1:
                each = f"[an.period_profile({of}{compared}, state=state) for state in {self.states}]"
                lines, frame = [f"profiles = {each}".replace("'", '"')], frame.replace("profile", "profiles[0]")
            lines.append(f"frame = {frame}")
            if rows and self.show == "table":
                lines[-1] += f'.filter({json.dumps(self.states)}, axis="index").rename_axis("state")'
            rows = []
        elif self.cut == "cross":
            rows += [f"offence_group == {self.offence!r}"] * bool(group)
            lines = [f"cohort = an.cohort({of})", "frame = an.cross_tabulate(cohort)"]
        else:
            by = {"status": '"offence_group", "offence_status"', "form": '"form"', "outcome": '"state"'}[self.cut]
            forms = crosswalk("forms", "form").query("request == @self.request").index
            own = {"status": f"offence_status == {self.status!r}", "form": f"form in {[*forms]}"}
            rows += [own[self.cut]] if self.cut in own else []
            lines = [f"week = an.cohort({of}{group})", f"frame = an.counts_by(week, {by})"]
        return lines + [f"frame = frame if frame.empty else frame.query({_text(' and '.join(rows))})"] * bool(rows)

    def made(self, memory: Memory) -> tuple[pd.DataFrame, list[PeriodProfile]]:
        """Give what its lines make: a frame, and the profiles that it compares, of each state chosen; or none.

        The frame is without rows where reports do not show it, and ``attrs["reason"]`` says why.
        """
        if self.refused:
            return summary.nothing(memory.cohort(self.source, self.period), ""), []
        found: dict[str, Any] = {"an": memory}
        exec("\n".join(self.lines(self.week(memory))), found)
        return found["frame"], found.get("profiles") or [found[name] for name in ("profile",) if name in found]

    def facts(self, memory: Memory, frame: pd.DataFrame) -> dict[str, Any]:
        """Give what is said of a view by id: what it is of, what of it is hidden, and why nothing is compared."""
        cohort = memory.cohort(self.source, self.period)
        quarter = cohort.last_quarter
        ending = f"{self.outcome}_shown" if self.cut == "outcome" else "_shown"
        labels = frame[[name for name in frame if str(name).endswith(ending)]]
        names = [*map(place_name, self.states)] or [cohort.name[0].upper() + cohort.name[1:]]
        facts: dict[str, Any] = {"place_title": " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))}
        facts |= {"first_name": names[0] if len(names) > 1 and self.show == "series" else None}
        facts |= {"week": self.week(memory), "cut": self.cut}
        measure = summary.MEASURES[self.outcome]
        facts |= {"quarter_name": quarter and quarter.period.name, "hidden": int(labels.isin(HIDDEN).to_numpy().sum())}
        facts |= {"rows": len(frame) or frame.attrs.get("reason"), "refused": " and ".join(self.refused) or None}
        facts |= {"most_hidden": THRESHOLD - 1, "request": self.request, "status": self.status}
        return facts | {"measure": measure[0].lower() + measure[1:]}

    def week(self, memory: Memory) -> str:
        """Give the last week of its period."""
        return memory.calendar.pick_period(self.period).weeks[-1].isoformat()


def _text(value: str) -> str:
    """Write text as code does."""
    return json.dumps(value, ensure_ascii=False)
