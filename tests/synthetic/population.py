"""A made-up population of detainers and all that is ever recorded of it, before it is written in ICE's form.

Everything is drawn for the whole period; an extraction day only decides what of it a release shows. So two releases
of one seed are two looks at the same detainers. Each aspect has a random stream of its own, so that what one option
draws never shifts what another draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.tseries.holiday import USFederalHolidayCalendar
from scipy.optimize import brentq
from scipy.special import expit

from analysis.load.reference import crosswalk
from analysis.periods import saturday_of

Days = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
DECLINED = "Detainer Declined by LEA"
NEVER = -1  # code of an end that is never recorded
NEVER_DAY = np.iinfo(np.int32).max
MOST_DAYS = 36_500  # a delay of a century stands for "later than any extraction"
WEEKDAYS = np.array([1.1, 1.15, 1.15, 1.1, 1.0, 0.55, 0.5])  # Monday first; made up, as all that follows
HOLIDAY = 0.45  # share of a usual day
SEASON = 0.08  # yearly swing of the counts
MIX_SPREAD = 0.25  # standard deviation of the logarithm of a state's own leaning to an offence group
FACILITY_SPREAD = 0.4  # the same of the odds of a decline, between the facilities of a state
DECLINE_SHARE = 0.1  # recorded as declined in the end, before events
NEVER_RECORDED = 0.33  # of the others
NAMED = 0.28  # with a named offence
REPEATS = 0.03  # within 24 hours, per detainer; they come on top
RETURNING = 0.2  # whose person has another detainer at least three days away
BLANK_IDS = 0.132  # rows without a person id
ONE_NAME = ("IA", "NY", "PA")  # the smallest agencies of these states bear one name, to catch a grouping without state


@dataclass(frozen=True)
class Options:
    """How a made-up release is made.

    An end is recorded ``mean_delay`` days after issue on average (geometric law); shares of ends are ``changed`` later
    or ``vanished`` from later releases; there is a ``Detainer Lift Date``; and three ``events`` happen: detainers for
    driving under the influence in California are three times as many in the last quarter; half way, the largest agency
    of Texas declines nine in ten of its open detainers in a day and six in ten from then on; and that of Minnesota
    enters a tenth of a week's detainers of the whole country in a day, at 60 %.
    """

    mean_delay: float = 40.0
    changed: float = 0.0
    vanished: float = 0.0
    with_lift_date: bool = False
    events: bool = False


def stream(seed: int, aspect: str) -> np.random.Generator:
    """Give the random stream of one aspect."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(crc32(aspect.encode()),)))


def day_number(day: date) -> int:
    """Count the days from 1970 to ``day``."""
    return (day - date(1970, 1, 1)).days


@cache
def margins(name: str, key: str, *numbers: str) -> pd.DataFrame:
    """Read one of the made-up tables of margins, ``key`` as its index, ``numbers`` as numbers."""
    return crosswalk(f"synthetic_margins/{name}", key).astype(dict.fromkeys(numbers, float))


@dataclass(frozen=True)
class World:
    """What is expected of every week, facility and offence group, and what is then drawn."""

    seed: int
    detainers: int
    first_day: date
    last_day: date
    options: Options

    def event_day(self, share: float, weekday: int) -> date:
        """Give the day of an event, at a share of the period; weekday 0 is the Saturday."""
        weeks = timedelta(weeks=round(share * (len(self.days) // 7)))
        return saturday_of(self.first_day + weeks) + timedelta(days=weekday)

    @cached_property
    def days(self) -> Days:
        """Every day of the period, counted from 1970."""
        return np.arange(day_number(self.first_day), day_number(self.last_day) + 1)

    @cached_property
    def week_of_day(self) -> Days:
        """The number of every day's week (Saturday to Friday)."""
        return (self.days - day_number(saturday_of(self.first_day))) // 7

    @cached_property
    def by_day(self) -> Numbers:
        """Detainers expected on each day, events left out: weekday, holiday and season."""
        holidays = USFederalHolidayCalendar().holidays(pd.Timestamp(self.first_day), pd.Timestamp(self.last_day))
        quiet = np.isin(self.days, [day_number(day.date()) for day in holidays])
        weight = WEEKDAYS[(self.days + 3) % 7] * np.where(quiet, HOLIDAY, 1.0)
        weight = weight * (1 + SEASON * np.sin(2 * np.pi * self.days / 365.25))
        return np.asarray(self.detainers * weight / weight.sum())

    @cached_property
    def states(self) -> pd.DataFrame:
        """The made-up margins of the states, by postal code."""
        return margins("states", "postal", "weight", "facilities", "decline_odds")

    @cached_property
    def groups(self) -> pd.DataFrame:
        """The made-up margins of the offence groups, ``NONE`` and ``UNKNOWN`` included."""
        return margins("groups", "group", "weight", "decline_odds")

    @cached_property
    def facilities(self) -> pd.DataFrame:
        """The invented facilities: heavy-tailed within each state, the largest first, names that say SAMPLE.

        One row per facility: code, agency, city, state, state_number, aor, share (of all detainers; adds to 1).
        """
        count = self.states["facilities"].astype(int).to_numpy()
        state_number = np.repeat(np.arange(len(self.states)), count)
        number = np.arange(1, count.sum() + 1)
        rank = number - np.repeat(count.cumsum() - count, count)  # 1 is the state's largest
        postal = self.states.index.to_numpy()[state_number]
        kinds = {17: "FEDERAL SITE {}", 11: "STATE PRISON {}", 7: "CITY {} POLICE DEPT", 1: "COUNTY {} JAIL"}
        names = ["SAMPLE " + next(kinds[every] for every in kinds if n % every == 0).format(f"{n:03d}") for n in number]
        shared = (rank == count[state_number]) & np.isin(postal, ONE_NAME)
        areas = self.states["aors"].str.split("|").to_numpy()
        weight = 1 / (rank + 1.0)
        within = weight / np.bincount(state_number, weight)[state_number]
        columns = {
            "code": [f"SY{n:03d}{state}" for n, state in zip(number, postal, strict=True)],
            "agency": np.where(shared, "SAMPLE COUNTY 000 JAIL", names),
            "city": [f"SAMPLEVILLE {n:03d}" for n in number],
            "state": postal,
            "state_number": state_number,
            "aor": [areas[s][(r - 1) % len(areas[s])] for s, r in zip(state_number, rank, strict=True)],
            "share": within * (self.states["weight"] / self.states["weight"].sum()).to_numpy()[state_number],
        }
        return pd.DataFrame(columns)

    @cached_property
    def mix(self) -> Numbers:
        """Share of each group in each facility's detainers, states x groups taken to facilities; rows add to 1."""
        named = (self.groups["named"] == "yes").to_numpy()
        leaning = stream(self.seed, "mix").normal(0, MIX_SPREAD, (len(self.states), len(self.groups)))
        weight = self.groups["weight"].to_numpy() * np.where(named, np.exp(leaning), 1.0)
        for part, share in ((named, NAMED), (~named, 1 - NAMED)):
            weight[:, part] *= share / weight[:, part].sum(axis=1, keepdims=True)
        return np.asarray(weight[self.facilities["state_number"]])

    @cached_property
    def probability(self) -> Numbers:
        """Probability that a detainer is recorded as declined in the end, facilities x groups, events left out."""
        spread = stream(self.seed, "facility").normal(0, FACILITY_SPREAD, len(self.facilities))
        of_state = np.log(self.states["decline_odds"].to_numpy())[self.facilities["state_number"], None]
        log_odds = of_state + np.log(self.groups["decline_odds"].to_numpy()) + spread[:, None]
        weight = self.facilities["share"].to_numpy()[:, None] * self.mix
        level = brentq(lambda level: float((weight * expit(log_odds + level)).sum() - DECLINE_SHARE), -40, 40)
        return np.asarray(expit(log_odds + level))

    @cached_property
    def issued(self) -> Numbers:
        """Detainers expected, weeks x facilities x groups, bulk entries and repeats left out."""
        each = self.facilities["share"].to_numpy()[:, None] * self.mix
        issued = np.asarray(np.bincount(self.week_of_day, self.by_day)[:, None, None] * each)
        if self.options.events:
            weeks = np.arange(self.week_of_day[(self.event_day(0.75, 0) - self.first_day).days], len(issued))
            places, group = np.flatnonzero(self.facilities["state"] == "CA"), self.groups.index.get_loc("DUI")
            issued[np.ix_(weeks, places, np.array([group]))] *= 3
        return issued

    def largest(self, state: str) -> int:
        """Give the row of a state's largest facility."""
        return int(self.facilities.index[self.facilities["state"] == state][0])


def population(world: World) -> pd.DataFrame:
    """Draw every detainer and repeat of the period by day of issue, and all that will ever be recorded of it.

    All numbers: base (the detainer whose details it bears), repeat (0 or 1), day (since 1970), facility, group, person,
    known (1 = has a person id), reason (code in ``lift_reasons``, ``NEVER`` = none), recorded (day, ``NEVER_DAY`` =
    never), first_reason (before a correction), corrected (day), vanished (day).
    """
    base = _outcomes(world, _persons(world, _issued(world)))
    repeats = _repeats(world, base)
    return pd.concat([base, repeats], ignore_index=True).sort_values("day", kind="stable", ignore_index=True)


def _issued(world: World) -> pd.DataFrame:
    """Draw how many detainers each week, facility and group has, and their days."""
    counts = stream(world.seed, "counts").poisson(world.issued)
    week, facility, group = np.unravel_index(np.repeat(np.arange(counts.size), counts.ravel()), counts.shape)
    reached = np.concatenate([[0.0], world.by_day.cumsum()])
    first = np.searchsorted(world.week_of_day, np.arange(len(counts) + 1))
    within = stream(world.seed, "days").random(len(week))
    level = reached[first[week]] + within * (reached[first[week + 1]] - reached[first[week]])
    day = np.clip(np.searchsorted(reached, level, side="right") - 1, first[week], first[week + 1] - 1)
    rows = pd.DataFrame({"day": day, "facility": facility, "group": group})
    if world.options.events:
        place, since = world.largest("MN"), (world.event_day(0.6, 4) - world.first_day).days
        detainers = world.detainers / (len(world.days) // 7) / 10 * world.mix[place]
        entered = np.repeat(np.arange(len(detainers)), stream(world.seed, "bulk").poisson(detainers))
        bulk = pd.DataFrame({"day": since, "facility": place, "group": entered}, dtype=np.int64)
        rows = pd.concat([rows, bulk], ignore_index=True)
    rows = rows.sort_values("day", kind="stable", ignore_index=True)
    return rows.assign(day=rows["day"] + day_number(world.first_day), base=rows.index, repeat=0)


def _persons(world: World, rows: pd.DataFrame) -> pd.DataFrame:
    """Say whose detainer each is; two of one person, repeats apart, lie at least three days from each other."""
    generator, n = stream(world.seed, "persons"), len(rows)
    returns = generator.random(n) < RETURNING
    other = generator.integers(0, max(n, 1), n)
    person = np.where(returns & ~returns[other], other, np.arange(n))
    day = rows["day"].to_numpy()
    order = np.lexsort((day, person))
    close = (np.diff(person[order], prepend=-1) == 0) & (np.diff(day[order], prepend=0) <= 2)
    person[order[close]] = n + order[close]
    blank = BLANK_IDS * (1 + REPEATS)  # a repeat always has an id
    known = (generator.random(2 * n) >= blank)[person]
    return rows.assign(person=np.unique(person, return_inverse=True)[1], known=known.astype(np.int64))


def _outcomes(world: World, rows: pd.DataFrame) -> pd.DataFrame:
    """Say what becomes of each detainer, when that is recorded, corrected and lost."""
    options, seed, n = world.options, world.seed, len(rows)
    day, facility = rows["day"].to_numpy(), rows["facility"].to_numpy()
    chance, here = world.probability[facility, rows["group"]], facility == world.largest("TX")
    reset = day_number(world.event_day(0.5, 4)) if options.events else NEVER_DAY
    reasons = margins("lift_reasons", "reason", "weight")
    declined = reasons.index.get_loc(DECLINED)
    generator = stream(seed, "outcomes")
    decides, records = generator.random(n), generator.random(n)
    reached = (reasons["weight"] / reasons["weight"].sum()).cumsum()
    other = np.minimum(np.searchsorted(reached, generator.random(n), side="right"), len(reasons) - 1)
    decided = decides < np.where(here & (day >= reset), 0.6, chance)
    reason = np.where(decided, declined, np.where(records < NEVER_RECORDED, NEVER, other))
    delay = stream(seed, "delay").geometric(1 / (1 + options.mean_delay), n) - 1.0
    recorded = np.where(reason == NEVER, NEVER_DAY, day + np.minimum(delay, MOST_DAYS).astype(np.int64))
    swept = here & (day < reset) & (recorded >= reset) & (stream(seed, "reset").random(n) < 0.9) & options.events
    reason, recorded = np.where(swept, declined, reason), np.where(swept, reset, recorded)
    generator = stream(seed, "corrections")
    corrects = (generator.random(n) < options.changed) & (reason != NEVER) & ~swept
    first = (reason + 1 + generator.integers(0, len(reasons) - 1, n)) % len(reasons)
    corrected = np.where(corrects, recorded + 20 + generator.geometric(1 / 60, n), 0)
    generator = stream(seed, "vanishing")
    vanishes = generator.random(n) < options.vanished
    vanished = np.where(vanishes, day + 30 + generator.geometric(1 / 120, n), NEVER_DAY)
    first_reason = np.where(corrects, first, reason)
    known = {"reason": reason, "recorded": recorded, "first_reason": first_reason}
    return rows.assign(**known, corrected=corrected, vanished=vanished)


def _repeats(world: World, base: pd.DataFrame) -> pd.DataFrame:
    """Draw the second rows that some detainers have within 24 hours, most of the same agency.

    Four in ten bear the first row's end, so that a count of rows counts it twice; a third is closed as a duplicate or
    as superseded; the rest stays blank.
    """
    generator, n = stream(world.seed, "repeats"), len(base)
    share = REPEATS / max(1 - BLANK_IDS * (1 + REPEATS), 1e-12)
    chosen = base[(generator.random(n) < share) & (base["known"] == 1)]
    n = len(chosen)
    day = np.minimum(chosen["day"] + (generator.random(n) < 0.3), day_number(world.last_day))
    number = world.facilities["state_number"].to_numpy()
    own = number[chosen["facility"]]
    elsewhere = np.searchsorted(number, own) + (generator.random(n) * np.bincount(number)[own]).astype(np.int64)
    facility = np.where(generator.random(n) < 0.2, elsewhere, chosen["facility"])
    kind = generator.random(n)
    reasons = margins("lift_reasons", "reason", "weight").index
    closed = np.where(kind < 0.6, reasons.get_loc("Duplicate"), reasons.get_loc("Superseding - New Form Issued"))
    reason = np.where(kind < 0.4, chosen["reason"], np.where(kind < 0.75, closed, NEVER))
    recorded = np.where(kind < 0.4, np.maximum(chosen["recorded"], day), day + generator.geometric(0.2, n))
    first = np.where(kind < 0.4, chosen["first_reason"], reason)
    known = {"reason": reason, "recorded": np.where(reason == NEVER, NEVER_DAY, recorded), "first_reason": first}
    corrected = np.where(kind < 0.4, chosen["corrected"], 0)
    return chosen.assign(repeat=1, day=day, facility=facility, **known, corrected=corrected)
