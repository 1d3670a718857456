"""What differs from before, and is it clear? One comparison for every pair of periods, one family for a page.

Declines are compared per detainer whose decline could be recorded by now (issued × completeness, where delays are
known). Given those of two periods together, those of one are binomial, or beta-binomial where counts vary more
(variance = phi × mean): p, interval and usual range are of this one law.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats
from scipy.optimize import elementwise
from scipy.special import betaln, expit, gammaln

from analysis.load.reference import groups, states
from analysis.periods import as_timestamps, last_day
from analysis.stats.counts import ALL, NOT_GIVEN, TAIL, Floats

LAST_WEEK, TRAILING, TREND, BEFORE = "last week", "trailing weeks", "trend", "the weeks before"
CLEAR = ("higher", "lower")
FALSE_DISCOVERY_RATE = 0.05
MINIMUM_DIFFERENCE = 5
MINIMUM_EXPECTED, MINIMUM_OBSERVED = 1.0, 3  # a cell with less than both is not tested
BLOCK = 7  # weeks of a block of pooled_dispersion
CURVE_FREEDOM = 12.0  # that the common curve counts for beside a cell's own degrees of freedom: those of two blocks
NEARLY_ONE = 1.001  # a dispersion up to which counts are taken as Poisson
WIDEST = np.log(1e9)  # logarithm of a ratio beyond which an interval's end is called unlimited


class Weekly(NamedTuple):
    """Weekly counts, each a frame of weeks × cells (kind and place, the nation first); without a detainer, zeros."""

    declined: pd.DataFrame
    issued: pd.DataFrame
    exposure: pd.DataFrame

    def over(self, weeks: Sequence[date]) -> pd.DataFrame:
        """Add some weeks up: one row per cell, ``declined``, ``issued``, ``exposure``."""
        sums = {name: frame.loc[as_timestamps(weeks)].to_numpy().sum(axis=0) for name, frame in self._asdict().items()}
        return pd.DataFrame(sums, index=self.declined.columns)


def weekly_cells(
    weeks: Sequence[date], by_state: pd.DataFrame, by_group: pd.DataFrame | None, completeness: pd.Series | None
) -> Weekly:
    """Lay out the weekly counts of the nation, every state and group; a week without ``completeness`` is complete."""
    index, frames = as_timestamps(weeks), []
    for name in ("declined", "issued"):
        cells = {"state": by_state[name].unstack(fill_value=0).reindex(columns=[*states().index, NOT_GIVEN])}  # noqa: PD010
        if by_group is not None:
            cells["offence_group"] = by_group[name].unstack(fill_value=0).reindex(columns=groups().index)  # noqa: PD010
        cells = {ALL: cells["state"].sum(axis="columns").to_frame(ALL), **cells}
        frames.append(pd.concat(cells, axis="columns", sort=False).reindex(index).fillna(0).astype("int64"))
    declined, issued = frames
    complete = 1.0 if completeness is None else completeness.clip(upper=1).reindex(index).fillna(1.0)
    return Weekly(declined, issued, issued.mul(complete, axis="index"))


def cell_dispersion(declined: pd.DataFrame, exposure: pd.DataFrame) -> pd.Series:
    """Estimate each cell's variance over mean; offence groups, which vary otherwise than states, by themselves."""
    found, groups_of = pd.Series(1.0, declined.columns), declined.columns.get_level_values(0) == "offence_group"
    for part in (groups_of, ~groups_of):
        found[part] = pooled_dispersion(declined.loc[:, part], exposure.loc[:, part])
    return found


class Pair(NamedTuple):
    """Two periods that are compared, ``against`` what; ``refusal`` says why they are not, blank = they are."""

    against: str
    now: Sequence[date]
    before: Sequence[date]
    refusal: str = ""


def compare(now: pd.DataFrame, before: pd.DataFrame, dispersion: ArrayLike = 1.0) -> pd.DataFrame:
    """Compare declines per detainer of two periods, cell by cell; one that ``before`` lacks had no detainer then.

    ``exposure`` is issued × completeness, where delays are known; ``expected`` the declines that the share before would
    give now. ``reason`` is blank where tested, else says why not, and then ``ratio``, its interval and ``p`` are NaN.
    """
    parts = now, before.reindex(now.index, fill_value=0)
    y, y0, n, n0 = (part[name].to_numpy(dtype=float) for name in ("declined", "issued") for part in parts)
    e, e0 = (part.get("exposure", part["issued"]).to_numpy(dtype=float) for part in parts)
    some = (e > 0) & (e0 > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share, share_before = np.where(n > 0, y / n, np.nan), np.where(n0 > 0, y0 / n0, np.nan)
        expected = np.where(some, y0 * (e / e0), np.nan)
        few = (expected < MINIMUM_EXPECTED) & (y < MINIMUM_OBSERVED)
        tested = some & ~few
        ratio = np.where(tested, y / expected, np.nan)  # none before: a ratio without limit
        p = np.where(tested, two_sided(y, y0, e / (e + e0), dispersion), np.nan)
    low, high = ratio_interval(y, y0, np.where(tested, e, np.nan), e0, dispersion)
    result = now[["declined", "issued"]].join(parts[1][["declined", "issued"]].add_suffix("_before"))
    result = result.assign(share=share, share_before=share_before, difference=share - share_before, expected=expected)
    reason = np.select([~some, few], ["no detainers", "too few declines"], "")
    return result.assign(ratio=ratio, low=low, high=high, p=p, reason=pd.Series(reason, now.index, dtype="str"))


def family(weekly: Weekly, pairs: Sequence[Pair], dispersion: pd.Series, events: pd.DataFrame) -> pd.DataFrame:
    """Make every comparison of a page, adjusted together, with its ``finding`` or why there is none.

    An event that changes what is counted lets no direction be named; others stand beside the change (``between``).
    """
    parts = {}
    for pair in pairs:
        part = compare(weekly.over(pair.now), weekly.over(pair.before), dispersion)
        if pair.refusal:
            part[["expected", "ratio", "low", "high", "p"]], part["reason"] = np.nan, pair.refusal
        first, last = min([*pair.before, *pair.now]), max(pair.now)
        part["blocked"], part["between"] = zip(*_events_between(events, first, last, part.index), strict=True)
        parts[pair.against] = part
    table = pd.concat(parts, names=["against", "kind", "place"])
    table["p_adjusted"] = adjust_for_many(table["p"])
    rows = table.itertuples()
    table["finding"] = [direction(r.declined, r.expected, r.p_adjusted, r.blocked) or r.reason for r in rows]
    return table.drop(columns="blocked")


def _events_between(events: pd.DataFrame, first: date, last: date, cells: pd.Index) -> list[tuple[str, str]]:
    """Name for each cell the first event that changes what is counted, and the others that concern it, in words."""
    end = pd.Timestamp(last_day(last))
    during = events[(events["last_date"] >= pd.Timestamp(first)) & (events["date"] <= end)]
    blocks = during["blocks_comparison"].astype(bool)
    blocking = list(zip(during.loc[blocks, "state"], during.loc[blocks, "headline"], strict=True))
    policies = during[~blocks & (during["kind"] == "policy")].itertuples()
    beside = [(row.state, f"{row.headline} ({row.date.day} {row.date:%B %Y})") for row in policies]
    return [
        (
            next((headline for state, headline in blocking if kind != "state" or state in ("", place)), ""),
            "; ".join(words for state, words in beside if state in ("", place)),
        )
        for kind, place in cells
    ]


def clear_findings(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Give the comparisons with a clear direction: trends last, the nation before its parts, then the smallest p."""
    found = comparisons[comparisons["finding"].isin(CLEAR)].reset_index()
    ranked = found.assign(trend=found["against"] == TREND, part=found["kind"] != ALL)
    return ranked.sort_values(["trend", "part", "p", "place"], kind="stable").drop(columns=["trend", "part"])


def pooled_dispersion(counts: ArrayLike, exposure: ArrayLike) -> Floats:
    """Estimate each cell's variance over mean, 1 or more, from weeks × cells, oldest first.

    All blocks give phi = 1 + constant (for batches) + slope × mean (for negative binomial counts); a cell's own move it
    from there. McCullagh and Nelder (1989), Generalized Linear Models, 4.5; Smyth (2004), Stat. Appl. Genet. Mol. Biol.
    """
    x, e = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float)
    number, cells = x.shape
    blocks = -(-number // BLOCK)  # weeks without exposure fill the oldest one up
    filled = (np.pad(part, ((blocks * BLOCK - number, 0), (0, 0))) for part in (x, e))
    x, e = (part.reshape(blocks, BLOCK, cells)[::-1] for part in filled)
    total, of_all = x.sum(axis=1), e.sum(axis=1)
    fitted = total[:, None] * e / np.where(of_all > 0, of_all, 1)[:, None]
    seen = fitted > 0
    weeks = seen.sum(axis=1)
    usable = (weeks > 1) & (total > 1)
    if not usable.any():
        return np.ones(cells)
    statistic = np.where(seen, (x - fitted) ** 2 / np.where(seen, fitted, 1), 0).sum(axis=1)
    free = np.maximum(weeks - 1, 0)
    thinned = np.where(usable, free * (1 - 1 / np.where(usable, total, 1)), 0)
    excess, mean = statistic - free, total / np.maximum(weeks, 1)
    terms, curve = np.zeros(2), 1 + mean / 5  # large cells, which are few and depart most, count little at first
    for _ in range(3):
        weight = 1 / (np.sqrt(2 * thinned[usable]) * curve[usable])
        sizes = np.column_stack([np.ones(len(weight)), mean[usable]])
        terms = optimize.nnls(sizes * (thinned[usable] * weight)[:, None], excess[usable] * weight)[0]
        curve = 1 + terms[0] + terms[1] * mean
    own = np.where(usable, (excess + thinned) / curve, 0).sum(axis=0)
    moved = (CURVE_FREEDOM + own) / (CURVE_FREEDOM + thinned.sum(axis=0))
    return np.maximum(1, (1 + terms[0] + terms[1] * total.sum(axis=0) / number) * moved)


def up_to(count: ArrayLike, total: ArrayLike, share: ArrayLike, dispersion: ArrayLike) -> Floats:
    """Give the probability of so many declines or fewer among a total, at a period's share of the exposure of both.

    Beta-binomial: Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, 6.2; scipy adds up one cell a time.
    """
    k, n, w, phi = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (count, total, share, dispersion)))
    result = np.where(k < 0, 0.0, np.where(k >= n, 1.0, stats.binom.cdf(k, n, w)))
    wide = (phi > NEARLY_ONE) & (k >= 0) & (k < n) & (w > 0) & (w < 1)
    if not wide.any():
        return result
    k, n, w, phi = k[wide], n[wide], w[wide], phi[wide]
    a, b = n * w / (phi - 1), n * (1 - w) / (phi - 1)
    below = k + 1 <= n - k  # the shorter tail is added up
    first, terms = np.where(below, 0, k + 1), np.where(below, k + 1, n - k).astype(int)
    starts = np.cumsum(terms) - terms
    cell = np.repeat(np.arange(len(k)), terms)
    j = np.arange(terms.sum()) - starts[cell] + first[cell]
    other, beside = n[cell] - j, gammaln(n + 1) - betaln(a, b) - gammaln(n + a + b)
    each = beside[cell] - gammaln(j + 1) - gammaln(other + 1) + gammaln(j + a[cell]) + gammaln(other + b[cell])
    tail = np.add.reduceat(np.exp(each), starts)
    result[wide] = np.clip(np.where(below, tail, 1 - tail), 0, 1)
    return result


def two_sided(count: ArrayLike, before: ArrayLike, share: ArrayLike, dispersion: ArrayLike) -> Floats:
    """Test whether both periods have one share: Przyborowski and Wilenski (1940), Biometrika 31, 313-323."""
    total = np.add(count, before)
    # The upper tail as the lower one of the other period: no difference from 1, so no rounding to 0.
    tails = up_to(count, total, share, dispersion), up_to(before, total, np.subtract(1, share), dispersion)
    return np.minimum(1, 2 * np.minimum(*tails))


def ratio_interval(
    count: ArrayLike, before: ArrayLike, exposure: ArrayLike, exposure_before: ArrayLike, dispersion: ArrayLike = 1.0
) -> tuple[Floats, Floats]:
    """Give the 95 % interval of share now over share before: all ratios that :func:`two_sided` does not reject.

    0 where nothing was declined now, infinite where nothing was before, NaN where neither was or without exposure.
    """
    y, y0, e, e0, phi = np.broadcast_arrays(*np.atleast_1d(count, before, exposure, exposure_before, dispersion))
    given = (e > 0) & (e0 > 0) & (y + y0 > 0)

    def excess(log_ratio: Floats, k: Floats, n: Floats, odds: Floats, phi: Floats, upper: NDArray[np.bool_]) -> Floats:
        share = expit(log_ratio + odds)
        return up_to(k, n, np.where(upper, 1 - share, share), phi) - TAIL

    args = np.stack([y0, y])[:, given], (y + y0)[given], np.log(e[given] / e0[given]), phi[given], [[True], [False]]
    root = elementwise.find_root(excess, (-WIDEST, WIDEST), args=args, tolerances={"xatol": 1e-9, "xrtol": 1e-12})
    ends = np.full((2, *y.shape), np.nan)
    # Without a root the tail has never what the level leaves to it.
    ends[:, given] = np.where(root.success, np.exp(root.x), [[0.0], [np.inf]])
    return ends[0], ends[1]


def usual_range(
    before: ArrayLike, exposure: ArrayLike, exposure_before: ArrayLike, dispersion: ArrayLike = 1.0
) -> tuple[Floats, Floats]:
    """Give the least and largest count of p 0.05 or more: Nelson (1982), Applied Life Data Analysis, 6.2."""
    y0, e, e0, phi = np.broadcast_arrays(*np.atleast_1d(before, exposure, exposure_before, dispersion))
    given = (e > 0) & (e0 > 0) & ~np.isnan(y0)
    low, high = np.full((2, *y0.shape), np.nan)
    y0, phi, w = y0[given], phi[given], (e[given] / (e + e0)[given])
    middle = y0 * w / (1 - w)
    reach = np.ceil(middle + 12 * np.sqrt(phi * (middle + 1) / (1 - w)) + 12 * phi / (1 - w))
    middle = np.floor(middle)
    low[given] = _first_whole(lambda y: up_to(y, y + y0, w, phi) >= TAIL, np.zeros(len(y0)), middle)
    high[given] = _first_whole(lambda y: up_to(y0, y + y0, 1 - w, phi) < TAIL, middle, reach) - 1
    return low, np.maximum(low, high)


def _first_whole(holds: Callable[[Floats], NDArray[np.bool_]], first: Floats, last: Floats) -> Floats:
    """Find the first whole number from which a condition holds, by halving; the last one where it holds nowhere."""
    while (first < last).any():
        middle = np.floor((first + last) / 2)
        found = holds(middle)
        first, last = np.where(found | (first >= last), first, middle + 1), np.where(found, middle, last)
    return first


def adjust_for_many(p: ArrayLike) -> Floats:
    """Adjust p-values of one family, NaN = not tested: Benjamini and Hochberg (1995), JRSS B 57, 289-300."""
    adjusted = np.array(p, dtype=float)
    tested = ~np.isnan(adjusted)
    adjusted[tested] = stats.false_discovery_control(adjusted[tested])
    return adjusted


def direction(now: float, expected: float, p_adjusted: float, blocked_by: str = "") -> str:
    """Say what may be said of a change: ``higher``, ``lower`` or ``no clear change``; blank where it was not tested.

    With a difference of fewer than five (a house rule), a change of a few recordings would be news.
    """
    if pd.isna(p_adjusted):
        return ""
    if blocked_by:
        return f"no direction named: {blocked_by}"
    if p_adjusted > FALSE_DISCOVERY_RATE or abs(now - expected) < MINIMUM_DIFFERENCE:
        return "no clear change"
    return "higher" if now > expected else "lower"
