"""One trial of each thing that a page prints, on made-up weeks whose truth is known (:mod:`calibration_laws`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd
from calibration_laws import DELAYS, GROUPS, Floats, Weeks, levels, recorded, shares, weeks

from analysis.load.table import Outcome
from analysis.periods import WEEK
from analysis.stats import comparisons
from analysis.stats.counts import ALL, LEAST_FOR_A_SHARE, TRAILING_WEEKS, TREND_WEEKS, share_interval
from analysis.stats.inference import aalen_johansen
from analysis.stats.nowcast import LONGEST_DELAY, Triangle, nowcast
from analysis.stats.standardisation import over_expected, shrink_shares

HISTORY, SHORT, NEW = 38, (26, 16, 9, 7), 8
"""Weeks before the week that is tried, as in fiscal 2015; fewer; and weeks in which an interval is tried at once."""
FEWEST = 8  # weeks below which no dispersion is known, as in analysis.stats.cohort
DAYS = [date(2014, 9, 27) + n * WEEK for n in range(HISTORY + NEW + 1)]
PLACES = levels().places
KINDS = {ALL: [ALL], "state": PLACES, "offence_group": [f"group {n}" for n in range(len(GROUPS))]}
CELLS = pd.MultiIndex.from_tuples([(kind, place) for kind, places in KINDS.items() for place in places])
NO_EVENTS = pd.DataFrame({"date": [], "last_date": []}, dtype="datetime64[ns]")
NO_EVENTS = NO_EVENTS.assign(state="", kind="", headline="", blocks_comparison=False)
RISING = "AZ"  # many detainers and few declines, so that three times thirty are still possible

Tally = Iterator[tuple[str, float, float]]
"""Of one trial: what is counted, how often it was found, and out of how many."""


def by_cell(counts: np.ndarray) -> np.ndarray:
    """Add weeks × places × groups up to weeks × cells: the nation, its places, its offence groups."""
    return np.column_stack([counts.sum(axis=(1, 2)), counts.sum(axis=2), counts.sum(axis=1)])


def dispersion(made: Weeks, first: int, last: int) -> pd.Series:
    """Estimate the dispersion of each cell from some weeks, or take it as 1 where they are too few."""
    x, n = (pd.DataFrame(by_cell(part[first:last]), columns=CELLS).astype(float) for part in made[:2])
    return comparisons.cell_dispersion(x, n) if last - first >= FEWEST else pd.Series(1.0, index=CELLS)


def periods(history: int) -> Iterator[tuple[str, slice, slice]]:
    """Name the weeks that the page of week ``HISTORY`` compares, with so many weeks known before it."""
    now, middle = slice(HISTORY, HISTORY + 1), HISTORY + 1 - TREND_WEEKS
    yield comparisons.LAST_WEEK, now, slice(HISTORY - 1, HISTORY)
    if history >= TRAILING_WEEKS:
        yield comparisons.TRAILING, now, slice(HISTORY - TRAILING_WEEKS, HISTORY)
    if history >= 2 * TREND_WEEKS - 1:
        yield comparisons.TREND, slice(middle, HISTORY + 1), slice(middle - TREND_WEEKS, middle)


def page(made: Weeks, history: int, phi: pd.Series) -> pd.DataFrame:
    """Make the comparisons of the page of week ``HISTORY``."""
    index = pd.DatetimeIndex(DAYS[: HISTORY + 1])
    x, n = (pd.DataFrame(by_cell(part[: HISTORY + 1]), index, CELLS) for part in made[:2])
    pairs = [comparisons.Pair(against, DAYS[now], DAYS[before]) for against, now, before in periods(history)]
    return comparisons.family(comparisons.Weekly(x, n, n.astype(float)), pairs, phi, NO_EVENTS)


def directions(made: Weeks, history: int, phi: pd.Series) -> pd.Series:
    """Say what that page finds, without its intervals, which take longest: 1 = higher, -1 = lower, 0 = none."""
    x, n = (by_cell(part).astype(float) for part in made[:2])
    parts = []
    for _, now, before in periods(history):
        y, y0, e, e0 = (part[weeks].sum(axis=0) for part in (x, n) for weeks in (now, before))
        expected, p = y0 * e / np.maximum(e0, 1), np.full(len(y), np.nan)
        tested = (e > 0) & (e0 > 0) & ((expected >= comparisons.MINIMUM_EXPECTED) | (y >= comparisons.MINIMUM_OBSERVED))
        p[tested] = comparisons.two_sided(y[tested], y0[tested], (e / np.maximum(e + e0, 1))[tested], phi[tested])
        parts.append(pd.DataFrame({"away": y - expected, "p": p}, index=CELLS))
    table = pd.concat(parts, keys=[against for against, *_ in periods(history)])
    clear = (comparisons.adjust_for_many(table["p"]) <= comparisons.FALSE_DISCOVERY_RATE) & (
        table["away"].abs() >= comparisons.MINIMUM_DIFFERENCE
    )
    return np.sign(table["away"]).where(clear, 0.0)


def held(low: Floats, value: Floats, high: Floats, among: np.ndarray) -> tuple[float, float]:
    """Count the intervals that hold a value, among some."""
    return float(((low <= value) & (value <= high) & among).sum()), float(among.sum())


def null_page(law: str, rng: np.random.Generator) -> Tally:
    """Try the page of a week before which nothing changed."""
    made = weeks(law, HISTORY + 1, rng, shares())
    found = directions(made, HISTORY, dispersion(made, 0, HISTORY)) != 0
    yield "any direction on a page", float(found.any()), 1
    yield "any direction of a trend", float(found[comparisons.TREND].any()), 1
    yield "a direction of the nation's trend", float(found[(comparisons.TREND, ALL, ALL)]), 1


def _with(history: int) -> str:
    """Name what is known before a week that is tried."""
    return f"{history} weeks of history" + ("" if history >= FEWEST else ", by chance alone (dispersion unknown)")


def short_page(law: str, rng: np.random.Generator) -> Tally:
    """Try the same with less history than a year's."""
    made = weeks(law, HISTORY + 1, rng, shares())
    for history in SHORT:
        found = directions(made, history, dispersion(made, HISTORY - history, HISTORY)) != 0
        yield f"any direction on a page, {_with(history)}", float(found.any()), 1


def ratios(law: str, rng: np.random.Generator) -> Tally:
    """Try the intervals of the ratios of that page, of all cells that are tested."""
    made = weeks(law, HISTORY + 1, rng, shares())
    table = page(made, HISTORY, dispersion(made, 0, HISTORY))
    for against, *_ in periods(HISTORY):
        low, high, p = table.loc[against][["low", "high", "p"]].to_numpy().T
        yield f"interval of the ratio, {against}", *held(low, np.ones(len(low)), high, ~np.isnan(p))


def intervals(law: str, rng: np.random.Generator) -> Tally:
    """Try the share intervals and usual ranges of new weeks."""
    made = weeks(law, HISTORY + NEW, rng, shares())
    x, n, mean = (by_cell(part[HISTORY:]) for part in made)
    nation, places, groups = (np.tile(CELLS.get_level_values(0) == kind, (NEW, 1)) for kind in KINDS)
    truth, occurs = mean / np.maximum(n, 1), mean > 0
    printed = occurs & (n >= LEAST_FOR_A_SHARE)
    tried = {
        "share of the nation": nation,
        "share of places with 20 detainers or more": places,
        "share of offence groups": groups,
        "share of places with 1 decline expected or more": places & (mean >= 1),
        "upper limit of a share where none is declined": places & (x == 0),
    }
    for history in (HISTORY, 9, 7):
        phi = dispersion(made, HISTORY - history, HISTORY).to_numpy()
        low, high = share_interval(np.minimum(x, n), n, phi)  # a batch can be larger than what a small cell issued
        for name, among in tried.items() if history == HISTORY else list(tried.items())[:2]:
            yield name if history == HISTORY else f"{name}, {_with(history)}", *held(low, truth, high, printed & among)
    before, exposure = (by_cell(part[HISTORY - TRAILING_WEEKS : HISTORY]).sum(axis=0) for part in made[:2])
    low, high = comparisons.usual_range(before, n, exposure, dispersion(made, 0, HISTORY).to_numpy())
    yield "usual range of the nation", *held(low, x, high, nation)
    yield "usual range of places with 5 declines expected or more", *held(low, x, high, places & (mean >= 5))
    yield "usual range of smaller places", *held(low, x, high, places & (mean < 5) & occurs)
    yield "usual range of offence groups", *held(low, x, high, groups)


def power(law: str, rng: np.random.Generator) -> Tally:
    """Try a threefold rise of one place in the week, and a share of the whole nation that halves for 13 weeks."""
    place, steady = PLACES.index(RISING), np.tile(shares(), (HISTORY + 1, 1, 1))

    def found(share: Floats) -> pd.Series:
        made = weeks(law, HISTORY + 1, rng, share)
        return directions(made, HISTORY, dispersion(made, 0, HISTORY))

    for usual in (10, 5):
        share = steady.copy()
        share[:, place] = usual / levels().issued[place]
        share[-1, place] *= 3
        higher = found(share).xs(("state", RISING), level=[1, 2]) > 0
        yield f"threefold rise of one place with {usual} usual declines is called higher", float(higher.any()), 1
    steady[-TREND_WEEKS:] /= 2
    lower = found(steady)[(comparisons.TREND, ALL, ALL)] < 0
    yield "nation's share halved for 13 weeks: its trend is called lower", float(lower), 1


def as_rows(made: Weeks) -> pd.DataFrame:
    """Give the detainers of some weeks as a table of detainers; half of the groups are of each request."""
    x, n = (part.sum(axis=0) for part in made[:2])
    place, group = (index.ravel() for index in np.indices(x.shape))
    rows = pd.DataFrame({"state": np.array(PLACES)[place], "offence_group": group.astype(str), "offence_status": "any"})
    rows = rows.assign(request=np.where(group % 2, "notify", "hold"), detainers=1)
    parts = ((Outcome.DECLINED, x), (Outcome.NOT_RECORDED, np.maximum(n - x, 0)))
    return pd.concat([rows.loc[rows.index.repeat(part.ravel())].assign(outcome=str(name)) for name, part in parts])


def alike(law: str, rng: np.random.Generator) -> Tally:
    """Try the intervals of like for like where every place has the nation's shares."""
    share = np.full((len(PLACES), 1), shares().mean()) * np.linspace(0.5, 1.5, len(GROUPS))
    made = weeks(law, HISTORY, rng, share)
    period = Weeks(*(part[-TREND_WEEKS:] for part in made))
    table = over_expected(as_rows(period), True, dispersion(made, 0, HISTORY - 1)["state"])
    low, high = table[["low", "high"]].to_numpy().T
    yield "declined over expected", *held(low, np.ones(len(low)), high, ~np.isnan(low))
    hold = np.arange(len(GROUPS)) % 2 == 0
    sums = [(part[..., hold].sum(axis=(0, 2)), part[..., ~hold].sum(axis=(0, 2))) for part in period]
    mix = np.array([kind.sum() for kind in sums[1]]) / period.issued.sum()
    truth = pd.Series(mix @ (np.array(sums[2]) / np.maximum(sums[1], 1)), index=PLACES).reindex(table.index).to_numpy()
    low, high = table[["standardised_low", "standardised_high"]].to_numpy().T
    yield "standardised share", *held(low, truth, high, ~np.isnan(low))


def shrunken(law: str, rng: np.random.Generator) -> Tally:
    """Try the credible intervals of places whose true shares follow a beta law."""
    share = rng.beta(2, 26, size=(len(PLACES), 1))
    made = weeks(law, HISTORY, rng, share)
    sums = {name: part[-TREND_WEEKS:].sum(axis=(0, 2)) for name, part in made._asdict().items()}
    counts = pd.DataFrame(sums, index=PLACES)[["declined", "issued"]]
    found = shrink_shares(counts, dispersion(made, 0, HISTORY - 1)["state"].to_numpy())
    low, high = found[["shrunken_low", "shrunken_high"]].to_numpy().T
    yield "shrunken share of a place over 13 weeks", *held(low, share[:, 0], high, ~np.isnan(low))


def bands(law: str, rng: np.random.Generator) -> Tally:
    """Try the band of the youngest week that has a nowcast."""
    number = 60
    index, steady = pd.DatetimeIndex([DAYS[0] + n * WEEK for n in range(number)], name="week"), np.ones(number)
    slowing = np.append(steady[20:], np.linspace(1, 2, 20))
    for delay in DELAYS:
        for name, slower in (("stable delays", steady), ("delays that double over 20 weeks", slowing)):
            whole = recorded(law, delay, slower, 60, LONGEST_DELAY, rng)
            known = np.arange(number)[::-1, None] >= np.arange(whole.shape[1])
            cast = nowcast(Triangle(pd.DataFrame(np.where(known, whole, np.nan), index), 1)).assign(final=whole[:, -1])
            low, final, high = cast.loc[cast["reason"] == "", ["low", "final", "high"]].iloc[-1]
            yield f"90% band of the youngest week, {delay}, {name}", float(low <= final <= high), 1


def incidence(law: str, rng: np.random.Generator) -> Tally:
    """Try the interval of the cumulative incidence of declines after 14 days, of 500 detainers, a few followed less."""
    days, cause = rng.geometric(0.08, 500), rng.choice([1, 2, 0], p=[0.15, 0.35, 0.5], size=500)
    until = rng.integers(5, 60, 500)
    cause = np.where(days <= until, cause, 0)
    found = aalen_johansen(np.where(cause > 0, np.minimum(days, until), until), cause, 2)
    at = found[(found["cause"] == 1) & (found["day"] <= 14)].iloc[-1]
    yield "share declined within 14 days", float(at["low"] <= 0.15 * (1 - 0.92**14) <= at["high"]), 1
