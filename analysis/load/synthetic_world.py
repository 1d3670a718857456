"""The world behind a made-up release: what is expected of every week, facility and offence group, events included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.tseries.holiday import USFederalHolidayCalendar
from scipy.optimize import brentq
from scipy.special import expit

from analysis.errors import InputError, unknown
from analysis.load.reference import crosswalk
from analysis.load.synthetic_laws import Bulk, Event, Numbers, Options, Reset, Rise, stream, week_start

WEEKDAYS = np.array([1.1, 1.15, 1.15, 1.1, 1.0, 0.55, 0.5])  # Monday first; made up
HOLIDAY = 0.45  # share of a usual day
MIX_SPREAD = 0.25  # standard deviation of the logarithm of a state's own leaning to an offence group
ONE_NAME = ("IA", "NY", "PA")  # the smallest agencies of these states bear one name, to catch a grouping without state
Ints = npt.NDArray[np.int64]


@cache
def margins(name: str, key: str, *numbers: str) -> pd.DataFrame:
    """Read one of the made-up tables of margins, ``key`` as its index, ``numbers`` as numbers."""
    return crosswalk(f"synthetic_margins/{name}", key).astype(dict.fromkeys(numbers, float))


def state_margins() -> pd.DataFrame:
    """Read the made-up margins of the states, by postal code."""
    return margins("states", "postal", "weight", "facilities", "decline_odds")


@cache
def invented_facilities() -> pd.DataFrame:
    """Invent the facilities: heavy-tailed within each state, names that say SAMPLE.

    Returns
    -------
    pandas.DataFrame
        One row per facility, those of a state together, the largest first: code, agency, city, state, state_number,
        aor, share (of all detainers; adds to 1).
    """
    states = state_margins()
    count = states["facilities"].astype(int).to_numpy()
    state_number = np.repeat(np.arange(len(states)), count)
    number = np.arange(1, count.sum() + 1)
    rank = number - np.repeat(count.cumsum() - count, count)  # 1 is the state's largest
    kinds = np.select(
        [number % 17 == 0, number % 11 == 0, number % 7 == 0], ["FEDERAL", "PRISON", "CITY"], default="COUNTY"
    )
    patterns = {
        "COUNTY": "SAMPLE COUNTY {:03d} JAIL",
        "CITY": "SAMPLE CITY {:03d} POLICE DEPT",
        "PRISON": "SAMPLE STATE PRISON {:03d}",
        "FEDERAL": "SAMPLE FEDERAL SITE {:03d}",
    }
    postal = states.index.to_numpy()[state_number]
    last_of_shared = (rank == count[state_number]) & np.isin(postal, ONE_NAME)
    names = [patterns[kind].format(0 if one else n) for kind, n, one in zip(kinds, number, last_of_shared, strict=True)]
    areas = states["aors"].str.split("|").to_numpy()
    weight = 1 / (rank + 1.0)
    within = weight / np.bincount(state_number, weight)[state_number]
    return pd.DataFrame(
        {
            "code": [f"SY{n:03d}{state}" for n, state in zip(number, postal, strict=True)],
            "agency": np.where(last_of_shared, "SAMPLE COUNTY 000 JAIL", names),
            "city": [f"SAMPLEVILLE {n:03d}" for n in number],
            "state": postal,
            "state_number": state_number,
            "aor": [areas[s][(r - 1) % len(areas[s])] for s, r in zip(state_number, rank, strict=True)],
            "share": within * (states["weight"] / states["weight"].sum()).to_numpy()[state_number],
        }
    )


@cache
def _holidays(first_day: date, last_day: date) -> npt.NDArray[np.datetime64]:
    days = USFederalHolidayCalendar().holidays(pd.Timestamp(first_day), pd.Timestamp(last_day))
    return days.to_numpy().astype("datetime64[D]")


@dataclass(frozen=True)
class World:
    """What is expected: of every week, facility and offence group, before anything is drawn."""

    seed: int
    detainers: int
    first_day: date
    last_day: date
    options: Options
    events: Sequence[Event]

    @cached_property
    def days(self) -> npt.NDArray[np.datetime64]:
        """Every day of the period."""
        return np.arange(np.datetime64(self.first_day, "D"), np.datetime64(self.last_day, "D") + 1)

    @cached_property
    def weeks(self) -> npt.NDArray[np.datetime64]:
        """The Saturday of every week, the first and last perhaps cut short."""
        return np.unique(week_start(self.days))

    @cached_property
    def week_of_day(self) -> Ints:
        """The week's number of every day."""
        return np.searchsorted(self.weeks, week_start(self.days)).astype(np.int64)

    @cached_property
    def by_day(self) -> Numbers:
        """Detainers expected on each day, events left out: weekday, holiday, season and growth."""
        day_number = self.days.astype(np.int64)
        quiet = np.isin(self.days, _holidays(self.first_day, self.last_day))
        weight = WEEKDAYS[(day_number + 3) % 7] * np.where(quiet, HOLIDAY, 1.0)
        weight = weight * (1 + self.options.season * np.sin(2 * np.pi * day_number / 365.25))
        weight = weight * np.exp(self.options.growth * (day_number - day_number[0]) / 365.25)
        return np.asarray(self.detainers * weight / weight.sum())

    @cached_property
    def by_week(self) -> Numbers:
        """Detainers expected in each week, events left out."""
        return np.bincount(self.week_of_day, self.by_day).astype(float)

    @cached_property
    def states(self) -> pd.DataFrame:
        """The made-up margins of the states, by postal code."""
        return state_margins()

    @cached_property
    def groups(self) -> pd.DataFrame:
        """The made-up margins of the offence groups, ``NONE`` and ``UNKNOWN`` included."""
        return margins("groups", "group", "weight", "decline_odds")

    @cached_property
    def facilities(self) -> pd.DataFrame:
        """The invented facilities."""
        return invented_facilities()

    @cached_property
    def mix(self) -> Numbers:
        """Share of each group in each facility's detainers, states x groups taken to facilities; rows add to 1."""
        named = (self.groups["named"] == "yes").to_numpy()
        leaning = stream(self.seed, "mix").normal(0, MIX_SPREAD, (len(self.states), len(self.groups)))
        weight = self.groups["weight"].to_numpy() * np.where(named, np.exp(leaning), 1.0)
        for part, share in ((named, self.options.named), (~named, 1 - self.options.named)):
            weight[:, part] *= share / weight[:, part].sum(axis=1, keepdims=True)
        return np.asarray(weight[self.facilities["state_number"]])

    @cached_property
    def base_probability(self) -> Numbers:
        """Probability that a detainer is recorded as declined in the end, facilities x groups, events left out."""
        spread = stream(self.seed, "facility").normal(0, self.options.facility_spread, len(self.facilities))
        log_odds = (
            np.log(self.states["decline_odds"].to_numpy())[self.facilities["state_number"], None]
            + np.log(self.groups["decline_odds"].to_numpy())
            + spread[:, None]
        )
        weight = self.facilities["share"].to_numpy()[:, None] * self.mix

        def excess(level: float) -> float:
            return float((weight * expit(log_odds + level)).sum() - self.options.decline_share)

        return np.asarray(expit(log_odds + brentq(excess, -40, 40)))

    @cached_property
    def issued(self) -> Numbers:
        """Detainers expected, weeks x facilities x groups, bulk entries and repeats left out."""
        each = self.facilities["share"].to_numpy()[:, None] * self.mix
        issued = self.by_week[:, None, None] * each
        for rise in self._rises("issued"):
            issued[self._cells(rise)] *= rise.factor
        return np.asarray(issued)

    @cached_property
    def probability(self) -> Numbers:
        """Probability of a decline, weeks x facilities x groups, resets left out."""
        probability = np.repeat(self.base_probability[None], len(self.weeks), axis=0)
        for rise in self._rises("declined"):
            cells = self._cells(rise)
            highest = probability[cells].max(initial=0.0)
            if highest * rise.factor > 1:
                raise InputError(
                    f"declines in {rise.state} x {rise.group} cannot rise {rise.factor:g}-fold",
                    found=f"a probability of {highest:.2f} at one agency",
                    do=f"Choose a factor below {1 / highest:.2f}, a lower decline_share or another state",
                )
            probability[cells] *= rise.factor
        return probability

    def _rises(self, of: str) -> list[Rise]:
        return [event for event in self.events if isinstance(event, Rise) and event.of == of]

    def _cells(self, rise: Rise) -> tuple[Ints, ...]:
        if rise.group not in self.groups.index:
            raise unknown("offence group", rise.group, self.groups.index)
        first = np.datetime64(rise.start)
        last = self.weeks[-1] if rise.weeks is None else first + 7 * (rise.weeks - 1)
        chosen = np.flatnonzero((self.weeks >= first) & (self.weeks <= last))
        places = np.flatnonzero(self.facilities["state"] == rise.state)
        return np.ix_(chosen, places, np.array([list(self.groups.index).index(rise.group)]))

    def facility_of(self, event: Reset | Bulk) -> int:
        """Find the row of an event's facility: by code, else the state's largest."""
        in_state = self.facilities[self.facilities["state"] == event.state]
        if not event.agency:
            return int(in_state.index[0])
        if event.agency not in set(in_state["code"]):
            raise unknown("agency", event.agency, in_state["code"])
        return int(in_state.index[in_state["code"] == event.agency][0])

    def day_of(self, event: Reset | Bulk) -> int:
        """Give the number, within the period, of an event's day."""
        return (event.day - self.first_day).days

    @cached_property
    def bulks(self) -> list[tuple[int, int, Numbers]]:
        """Each bulk entry's day, facility and expected detainers by group."""
        bulks = [event for event in self.events if isinstance(event, Bulk)]
        return [(self.day_of(b), f := self.facility_of(b), b.detainers * self.mix[f]) for b in bulks]

    @cached_property
    def resets(self) -> dict[int, Reset]:
        """Each reset by its facility's row."""
        resets = {self.facility_of(event): event for event in self.events if isinstance(event, Reset)}
        if len(resets) < sum(isinstance(event, Reset) for event in self.events):
            raise InputError("an agency has two policy resets", do="Plant one reset per agency")
        return resets

    def check_events(self) -> None:
        """Hold the events against the period, the states and one another.

        Raises
        ------
        InputError
            An event outside the period, in no known state, or one that cannot be.
        """
        for event in self.events:
            if event.state not in self.states.index:
                raise unknown("state", event.state, self.states.index)
            day = event.start if isinstance(event, Rise) else event.day
            if not self.first_day <= day <= self.last_day:
                raise InputError(
                    f"a planted {type(event).__name__.lower()} lies outside the release",
                    found=f"{day}",
                    expected=f"a day from {self.first_day} to {self.last_day}",
                )

    def expected(self, extracted_on: date) -> pd.DataFrame:
        """Give what is expected of every week, state and group, of the days that an extraction can show.

        Returns
        -------
        pandas.DataFrame
            One row per week x state x group: week (its Saturday), state (postal code), group, issued, declined (those
            of ``issued`` that are recorded as declined in the end, however late). Repeats are left out; that some
            detainers vanish from later releases is not counted in.
        """
        shown = self.by_day * (self.days <= np.datetime64(extracted_on))
        issued = self.issued * (np.bincount(self.week_of_day, shown) / self.by_week)[:, None, None]
        visible = [bulk for bulk in self.bulks if shown[bulk[0]] > 0]
        for day, facility, detainers in visible:
            issued[self.week_of_day[day], facility] += detainers
        declined = issued * self.probability
        for facility, reset in self.resets.items():
            each_day = self.issued[self.week_of_day, facility] * (shown / self.by_week[self.week_of_day])[:, None]
            for day, place, detainers in visible:
                each_day[day] += detainers * (place == facility)
            declined_by_day = each_day * self._probability_with(reset, facility)
            declined[:, facility] = 0
            np.add.at(declined[:, facility], self.week_of_day, declined_by_day)
        first_of_state = np.flatnonzero(np.diff(self.facilities["state_number"], prepend=-1))
        axes = pd.MultiIndex.from_product([self.weeks, self.states.index, self.groups.index])
        frame = axes.to_frame(index=False, name=["week", "state", "group"])
        for name, cells in (("issued", issued), ("declined", declined)):
            frame[name] = np.add.reduceat(cells, first_of_state, axis=1).ravel()
        return frame

    def _probability_with(self, reset: Reset, facility: int) -> Numbers:
        """Give the probability of a decline at a reset's facility, days x groups.

        A detainer issued on day d before the reset on D is recorded before D with probability r F(D - 1 - d), r being
        the share ever recorded; what is open on D is declined with the reset's share, else takes its course.
        """
        before = self.probability[self.week_of_day, facility]
        lag = self.day_of(reset) - 1 - np.arange(len(self.days))
        done = self.options.delay.completeness(lag)[:, None]
        ever = 1 - self.options.never_recorded * (1 - before)
        old = before * (done + (1 - done) * (1 - reset.share)) + reset.share * (1 - ever * done)
        return np.where(lag[:, None] >= 0, old, reset.probability)

    def base_shares(self) -> pd.DataFrame:
        """Give the probability of a decline by state and group, before events: state, group, probability."""
        number = self.facilities["state_number"].to_numpy()
        share = self.facilities["share"].to_numpy()
        within = share / np.bincount(number, share)[number]
        first_of_state = np.flatnonzero(np.diff(number, prepend=-1))
        probability = np.add.reduceat(within[:, None] * self.base_probability, first_of_state, axis=0)
        frame = pd.MultiIndex.from_product([self.states.index, self.groups.index]).to_frame(
            index=False, name=["state", "group"]
        )
        return frame.assign(probability=probability.ravel())
