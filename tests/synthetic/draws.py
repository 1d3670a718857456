"""A made-up population of detainers and all that is ever recorded of it, before it is written in ICE's form.

Everything is drawn for the whole period; an extraction day only decides what of it a release shows. So two releases
of one seed are two looks at the same detainers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .laws import day_number, stream
from .world import World, margins

DECLINED = "Detainer Declined by LEA"
NEVER = -1  # code of an end that is never recorded
NEVER_DAY = np.iinfo(np.int32).max


def population(world: World) -> pd.DataFrame:
    """Draw every detainer of the period and all that will ever be recorded of it.

    Returns
    -------
    pandas.DataFrame
        One row per detainer or repeat, by day of issue. All numbers: base (the detainer whose details it bears),
        repeat (0 or 1), day (since 1970), facility, group, person, known (1 = has a person id), reason (code in
        ``lift_reasons``, ``NEVER`` = none ever), recorded (day, ``NEVER_DAY`` = never), first_reason (before a
        correction), corrected (day), vanished (day).
    """
    base = _outcomes(world, _persons(world, _issued(world)))
    repeats = _repeats(world, base)
    return pd.concat([base, repeats], ignore_index=True).sort_values("day", kind="stable", ignore_index=True)


def _issued(world: World) -> pd.DataFrame:
    """Draw how many detainers each week, facility and group has, and their days."""
    generator, options = stream(world.seed, "counts"), world.options
    shape = options.dispersion
    rate = world.issued
    if options.law == "negative_binomial":
        size = (len(world.weeks), len(world.states), len(world.groups))
        rate = rate * generator.gamma(shape, 1 / shape, size)[:, world.facilities["state_number"]]
    elif options.law == "clustered":
        rate = rate * generator.gamma(shape, 1 / shape, rate.shape[:2])[:, :, None]
    counts = generator.poisson(rate)
    week, facility, group = np.unravel_index(np.repeat(np.arange(counts.size), counts.ravel()), counts.shape)
    reached = np.concatenate([[0.0], world.by_day.cumsum()])
    first = np.searchsorted(world.week_of_day, np.arange(len(world.weeks) + 1))
    within = stream(world.seed, "days").random(len(week))
    level = reached[first[week]] + within * (reached[first[week + 1]] - reached[first[week]])
    day = np.clip(np.searchsorted(reached, level, side="right") - 1, first[week], first[week + 1] - 1)
    frames = [pd.DataFrame({"day": day, "facility": facility, "group": group})]
    generator = stream(world.seed, "bulk")
    for since, place, detainers in world.bulks:
        entered = np.repeat(np.arange(len(detainers)), generator.poisson(detainers))
        frames.append(pd.DataFrame({"day": since, "facility": place, "group": entered}, dtype=np.int64))
    rows = pd.concat(frames, ignore_index=True).sort_values("day", kind="stable", ignore_index=True)
    rows["day"] += day_number(world.first_day)
    return rows.assign(base=np.arange(len(rows)), repeat=0)


def _persons(world: World, rows: pd.DataFrame) -> pd.DataFrame:
    """Say whose detainer each is; two of one person, repeats apart, lie at least three days from each other."""
    generator, options, n = stream(world.seed, "persons"), world.options, len(rows)
    returns = generator.random(n) < options.returning
    other = generator.integers(0, max(n, 1), n)
    person = np.where(returns & ~returns[other], other, np.arange(n))
    day = rows["day"].to_numpy()
    order = np.lexsort((day, person))
    close = (np.diff(person[order], prepend=-1) == 0) & (np.diff(day[order], prepend=0) <= 2)
    person[order[close]] = n + order[close]
    blank = options.blank_ids * (1 + options.repeats)  # a repeat always has an id
    known = (generator.random(2 * n) >= blank)[person]
    return rows.assign(person=np.unique(person, return_inverse=True)[1], known=known.astype(np.int64))


def _outcomes(world: World, rows: pd.DataFrame) -> pd.DataFrame:
    """Say what becomes of each detainer, when that is recorded, corrected and lost."""
    options, seed, n = world.options, world.seed, len(rows)
    day, facility = rows["day"].to_numpy(), rows["facility"].to_numpy()
    since = day - day_number(world.first_day)
    chance = world.probability[world.week_of_day[since], facility, rows["group"]]
    for place, reset in world.resets.items():
        chance = np.where((facility == place) & (since >= world.day_of(reset)), reset.probability, chance)
    reasons = margins("lift_reasons", "reason", "weight")
    declined = list(reasons.index).index(DECLINED)
    generator = stream(seed, "outcomes")
    decides, records = generator.random(n), generator.random(n)
    reached = (reasons["weight"] / reasons["weight"].sum()).cumsum()
    other = np.minimum(np.searchsorted(reached, generator.random(n), side="right"), len(reasons) - 1)
    reason = np.where(decides < chance, declined, np.where(records < options.never_recorded, NEVER, other))
    recorded = np.where(reason == NEVER, NEVER_DAY, day + options.delay.draw(stream(seed, "delay"), n))
    touched = np.zeros(n, dtype=bool)
    swept = stream(seed, "reset").random(n)
    for place, reset in world.resets.items():
        on = day_number(reset.day)
        hit = (facility == place) & (day < on) & (recorded >= on) & (swept < reset.share)
        reason, recorded, touched = np.where(hit, declined, reason), np.where(hit, on, recorded), touched | hit
    generator = stream(seed, "corrections")
    corrects = (generator.random(n) < options.changed) & (reason != NEVER) & ~touched
    first = (reason + 1 + generator.integers(0, len(reasons) - 1, n)) % len(reasons)
    corrected = np.where(corrects, recorded + 20 + generator.geometric(1 / 60, n), 0)
    generator = stream(seed, "vanishing")
    vanishes = generator.random(n) < options.vanished
    vanished = np.where(vanishes, day + 30 + generator.geometric(1 / 120, n), NEVER_DAY)
    return rows.assign(
        reason=reason,
        recorded=recorded,
        first_reason=np.where(corrects, first, reason),
        corrected=corrected,
        vanished=vanished,
    )


def _repeats(world: World, base: pd.DataFrame) -> pd.DataFrame:
    """Draw the second rows that some detainers have within 24 hours, most of the same agency.

    Four in ten bear the first row's end, so that a count of rows counts it twice; a third is closed as a duplicate or
    as superseded; the rest stays blank.
    """
    generator, options, n = stream(world.seed, "repeats"), world.options, len(base)
    share = options.repeats / max(1 - options.blank_ids * (1 + options.repeats), 1e-12)
    chosen = base[(generator.random(n) < share) & (base["known"] == 1)]
    n = len(chosen)
    day = np.minimum(chosen["day"] + (generator.random(n) < 0.3), day_number(world.last_day))
    number = world.facilities["state_number"].to_numpy()
    first = np.searchsorted(number, number[chosen["facility"]])
    many = np.bincount(number)[number[chosen["facility"]]]
    elsewhere = first + (generator.random(n) * many).astype(np.int64)
    facility = np.where(generator.random(n) < 0.2, elsewhere, chosen["facility"])
    kind = generator.random(n)
    reasons = list(margins("lift_reasons", "reason").index)
    closed = np.where(kind < 0.6, reasons.index("Duplicate"), reasons.index("Superseding - New Form Issued"))
    reason = np.where(kind < 0.4, chosen["reason"], np.where(kind < 0.75, closed, NEVER))
    recorded = np.where(kind < 0.4, np.maximum(chosen["recorded"], day), day + generator.geometric(0.2, n))
    return chosen.assign(
        repeat=1,
        day=day,
        facility=facility,
        reason=reason,
        recorded=np.where(reason == NEVER, NEVER_DAY, recorded),
        first_reason=np.where(kind < 0.4, chosen["first_reason"], reason),
        corrected=np.where(kind < 0.4, chosen["corrected"], 0),
    )
