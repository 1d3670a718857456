"""Figures: each a function of one frame that gives a figure, its headline and its alternative text made of that frame.

What a frame's rows do not say stands in ``frame.attrs``: ``place_name`` and ``period_name``, ``week`` (ISO day of the
Saturday), ``synthetic``, ``reason`` (why the frame is empty). Colour never says anything alone: a mark, a hatch or a
printed number says it too.
"""

from __future__ import annotations

import textwrap
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, NullLocator

from analysis.load.reference import states as all_states
from analysis.show import style as look
from analysis.show.style import DECLINED, EDGE, FAINT, INK, OPEN, OTHER_ENDS, TAKEN, WIDTH, Figure, drawn_of, frame
from analysis.show.tables import write

__all__ = [
    *("cross_table", "expected", "nowcast", "outcomes", "published_map", "published_places", "published_weeks"),
    *("recording", "revisions", "state_map", "time_to_outcome", "weekly_counts"),
]
CLASSES = (1, 5, 10, 20, 50)
"""Where each class of a map's colours begins."""
DARK = 0.74
"""Part of the darkest shade from which text on it is white: on either side its contrast is 4.5 at least."""
STATUSES = {"settled": ("o", False), "provisional": ("o", True), "too young": ("^", True)}
"""Mark of a week's share, and whether it is hollow; a week that is partial has none."""
OUTCOMES = {
    "declined": ("recorded as declined", DECLINED, ""),
    "taken": ("taken by ICE", TAKEN, "///"),
    "other_ends": ("other ends", OTHER_ENDS, "--"),
    "not_recorded": ("no outcome recorded", OPEN, "xx"),
}
"""Name, colour and hatch of each outcome, in the order in which they are drawn."""
WAYS = {"declined_by_lea": ("declined", "-"), "transferred_to_ice": ("taken", "--"), "other_end": ("other_ends", "-.")}
"""The outcome of each way of ending, and its line."""
SHARE = ("share", "share_low", "share_high")
READ_AT, WITHIN_DAYS = (7, 14, 30, 60), 30
LEAST_RATIO = 0.05  # where the axis of ratios begins
COMPARED = (
    "Without {without}: {now:,} against {before:,} the week before, {finding} (ratio {ratio:.2f}, 95% interval "
    "{low:.2f} to {high:.2f})"
)


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Figure:
    raise AttributeError(f"plot has no attribute {name!r}; it has {', '.join(__all__)}")


@drawn_of("by_state", "declined", "issued")
def state_map(states: pd.DataFrame) -> Figure:
    """Draw the states as equal tiles in their rough places, each with its number of declines.

    Parameters
    ----------
    states
        Index the postal code; ``declined`` and ``issued``, as from ``count_outcomes(detainers, "state")``. A state
        without a detainer is hatched, unlike a 0. ``attrs["marked"]``: code of a state to outline.

    Examples
    --------
    >>> counts = pd.DataFrame({"issued": [20, 9], "declined": [5, 1]}, index=["CA", "TX"])
    >>> state_map(counts).headline
    'California has 5 of the 6 that name a state'
    """
    known, week = all_states(), look.is_week(states)
    placed = states[["declined", "issued"]].reindex(known.index, fill_value=0)
    counts, total = placed["declined"], placed["declined"].sum()
    title = f"No decline{' of the week' * week} names a state"
    if total:
        title = f"{known.loc[counts.idxmax(), 'name']} has {counts.max():,.0f} of the {total:,.0f} that name a state"
    tiles = known.assign(count=counts, label=counts.map("{:,.0f}".format), present=placed["issued"] > 0)
    subtitle = look.told("Detainers recorded as declined, by state", states, "period_name")
    figure = _tiles(tiles, title, subtitle, states.attrs.get("marked", ""), "no detainers")
    whose = "the week's detainers" if week else "detainers"
    figure.alt = f"Tile map of the states with the number of {whose} recorded as declined. {title}."
    return figure


@drawn_of("state_bounds", "known_low", "bound")
def published_map(bounds: pd.DataFrame) -> Figure:
    """Draw the states as tiles with the least number of declines that agrees with what is known of a published week.

    Parameters
    ----------
    bounds
        Index the postal code; ``known_low`` and ``bound`` (:func:`analysis.stats.published.state_bounds`). A bound is
        marked ≥, a state of which nothing is known is hatched. ``attrs["declined"]``: the nation's number.
    """
    known = bounds.reindex(all_states().index)
    low, bound = known["known_low"].fillna(0), known["bound"]
    placed = f"At least {low.sum():,.0f}" + (f" of {bounds.attrs['declined']:,}" if "declined" in bounds.attrs else "")
    label, present = low.map("{:,.0f}".format), bound.isin(["exact", "at_least"])
    tiles = all_states().assign(count=low, label=label.where(bound == "exact", "≥" + label), present=present)
    subtitle = look.told("Lower bounds of detainers recorded as declined (≥: more are possible)", bounds, "period_name")
    figure = _tiles(tiles, f"{placed} declines can be placed in a state", subtitle, "", "not known")
    figure.alt = (
        f"Tile map of the states with the known number of detainers recorded as declined. {placed} can be placed."
    )
    return figure


def _tiles(tiles: pd.DataFrame, title: str, subtitle: str, marked: str, absent: str) -> Figure:
    """Draw a tile for each state: its ``label``, the class of its ``count``, hatched where nothing is ``present``."""
    rows, columns, side = tiles["tile_row"].max(), tiles["tile_column"].max(), 0.62
    figure, (axes,) = frame(rows * side, title, subtitle, left=EDGE, right=WIDTH - EDGE - columns * side, bottom=0.5)
    axes.set_axis_off()
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    here, gone = tiles[tiles["present"]], tiles[~tiles["present"]]
    without: dict = {"facecolor": look.NO_DETAINERS, "edgecolor": look.EDGES, "hatch": look.HATCH}
    shades = [_shade(count) for count in here["count"]]
    looks: list[dict] = [{"facecolor": [face for face, _ in shades], "edgecolor": look.EDGES}, without]
    outlined: dict = {"facecolor": "none", "edgecolor": INK, "linewidth": 2.4}
    for group, box in zip((here, gone, tiles.loc[tiles.index == marked]), [*looks, outlined], strict=True):
        look.boxes(axes, group["tile_column"] - 0.97, group["tile_row"] - 0.97, 0.94, 0.94, **{"linewidth": 0.8, **box})
    middle: dict = {"ha": "center", "va": "center"}
    for tile, (_, ink) in zip(here.itertuples(), shades, strict=True):
        axes.text(tile.tile_column - 0.5, tile.tile_row - 0.69, tile.Index, color=ink, **middle)
        number: dict = {"color": ink, "weight": "bold"} if tile.count else {"color": FAINT}
        size = min(12, 64 / len(tile.label))
        axes.text(tile.tile_column - 0.5, tile.tile_row - 0.31, tile.label, fontsize=size, **number, **middle)
    ground = {"facecolor": look.NO_DETAINERS, "edgecolor": "none", "pad": 1}
    for tile in gone.itertuples():
        axes.text(tile.tile_column - 0.5, tile.tile_row - 0.5, tile.Index, color=FAINT, bbox=ground, **middle)
    names = ["none", *(f"{a} to {b - 1}" for a, b in pairwise(CLASSES)), f"{CLASSES[-1]} or more"]
    faces = zip(names, ("white", *look.RAMP), strict=True)
    swatches = [Patch(label=name, facecolor=face, edgecolor=look.EDGES) for name, face in faces]
    look.key(figure, [*swatches, Patch(label=absent, **without)], columns=7)
    return figure


def _shade(count: float) -> tuple[str, str]:
    """Give a count's fill and the colour of text on it: white for none, then light to dark by class."""
    rank = bisect_right(CLASSES, count)
    return ("white", *look.RAMP)[rank], INK if rank < 4 else "white"


@drawn_of("weekly_counts", "issued", "declined", *SHARE, "status", "usual_low", "usual_high", "outside")
def weekly_counts(weeks: pd.DataFrame) -> Figure:
    """Draw the share declined by week as a line, and below it the number as bars with the range that is usual.

    Parameters
    ----------
    weeks
        As from :func:`analysis.stats.summary.weekly_counts`. Weeks that are not finished are open; a partial one has no
        share. ``attrs["week"]``: the week that the figure is about, by default the last one. ``attrs["events"]``: known
        events, each a dict with ``date`` and ``letter``; those too near for a letter each share a label.
    """
    week, place = look.week_of(weeks), weeks.attrs.get("place_name")
    own, banded = weeks.loc[week], weeks["usual_low"].notna().any()
    title = (
        f"{own['declined']:,.0f} of {look.detainers(own['issued'])} recorded as declined, week of {look.day_of(week)}"
    )
    if pd.notna(own["usual_low"]):
        title += f"; {own['usual_low']:.0f} to {own['usual_high']:.0f} would be usual"
    subtitle = look.told("Detainers recorded as declined, and their share of those issued", weeks, "place_name")
    figure, (above, below) = frame(1.75, title, subtitle, rows=2, right=0.75, bottom=0.95, gap=0.34)
    x = look.week_axis(below, weeks.index)
    _shares(above, weeks, x)
    _bars(below, weeks, x, week)
    _mark_events([above, below], weeks.attrs.get("events") or [], x)
    beside: dict = {"textcoords": "offset points", "weight": "bold"}
    beside |= {"xytext": (7, 0), "va": "center"} if week == weeks.index[-1] else {"xytext": (0, 7), "ha": "center"}
    edge = x[week] + (2.5 if week == weeks.index[-1] else 0)
    below.annotate(f"{own['declined']:,.0f}", (edge, own["declined"]), color=DECLINED, **beside)
    if own["status"] != "partial" and pd.notna(own["share"]):
        above.annotate(f"{own['share']:.1%}", (x[week], own["share"]), color=TAKEN, **beside)
    usual = ", with the range that would be usual after the eight weeks before" if banded else ""
    figure.alt = (
        f"Two time series by week of issue{f' for {place}' if place else ''}: the share of detainers recorded as "
        f"declined, with 95% intervals, and their number{usual}. In this week {own['declined']:,.0f} of "
        f"{own['issued']:,.0f}."
    )
    return figure


def _shares(axes: Axes, weeks: pd.DataFrame, x: pd.Series) -> None:
    """Draw the weeks' shares as a line, with their intervals."""
    whole = weeks[(weeks["status"] != "partial") & weeks["share"].notna()]
    if whole.empty:
        axes.set(ylabel="Share of issued", yticks=[])
        axes.text(0.03, 0.5, "no share is given", transform=axes.transAxes, color=FAINT)
        return
    axes.plot(x[whole.index], whole["share"], color=TAKEN, linewidth=1)
    for status, (mark, hollow) in STATUSES.items():
        chosen = whole[whole["status"] == status]
        look.dots(axes, x[chosen.index], chosen["share"], mark, status, TAKEN, hollow)
    interval: dict = {"color": look.LIGHT_TAKEN, "linewidth": 1.4, "label": "95% interval"}
    axes.vlines(x[whole.index], whole["share_low"], whole["share_high"], **interval)
    look.share_axis(axes, "y", "Share of issued", min(1.0, 1.08 * max(0.01, whole["share_high"].max())))


def _bars(axes: Axes, weeks: pd.DataFrame, x: pd.Series, week: pd.Timestamp) -> None:
    """Draw the weeks' declines as bars, before the range that would be usual; the week's own is the strongest."""
    for status in dict.fromkeys(weeks["status"]):
        chosen, partial = weeks[weeks["status"] == status], status == "partial"
        fill: dict = {} if status == "settled" else {"facecolor": "white", "hatch": look.HATCH if partial else None}
        name = {"settled": "declined", "partial": "partial week"}.get(status, "unfinished")
        edged = {"facecolor": look.LIGHT_DECLINED, "edgecolor": DECLINED, "linewidth": 0.8, **fill}
        look.boxes(axes, x[chosen.index] - 2.5, 0, 5, chosen["declined"], label=name, **edged)
        if status == weeks["status"][week]:
            own = {**edged, "linewidth": 2, **(fill or {"facecolor": DECLINED})}
            look.boxes(axes, x[[week]] - 2.5, 0, 5, weeks["declined"][[week]], **own)
    usual, top = weeks.dropna(subset="usual_low"), weeks[["declined", "usual_high"]].max().max()
    if len(usual):
        low, high, left = usual["usual_low"], usual["usual_high"], x[usual.index] - 3.5
        look.boxes(axes, left, low, 7, high - low, facecolor="#DEDEDE", zorder=0.5, label="usual range")
        for end in (low, high):
            axes.hlines(end, left, left + 7, color=FAINT, linewidth=0.8)
    for side, mark in (("above", "^"), ("below", "v")):
        outside = weeks[weeks["outside"] == side]
        look.dots(axes, x[outside.index], outside["declined"] + 0.06 * max(1, top), mark, f"{side} it", INK)
    look.count_axis(axes, "y", "Recorded as declined", 1.14 * max(1, top))


def _mark_events(panels: Sequence[Axes], events: Sequence[dict], x: pd.Series) -> None:
    """Draw a dotted line for each known event, and between the panels its letter; near ones share a label."""
    first, last = x.iloc[0], x.iloc[-1] + 6
    near = (0.05 if len(events) <= 26 else 0.09) * (last - first + 10)  # letters go on with AA
    labels: dict[float, list[str]] = {}
    for event in sorted(events, key=lambda event: pd.Timestamp(event["date"])):
        at = min(max(float(mdates.date2num(pd.Timestamp(event["date"]))), first), last)
        for axes in panels:
            axes.axvline(at, color=FAINT, linestyle=":", linewidth=1, zorder=1)
        begun = next((begin for begin in labels if at - begin < near), at)
        labels.setdefault(begun, []).append(event["letter"])
    for at, letters in labels.items():
        label = "–".join(dict.fromkeys([letters[0], letters[-1]]))
        panels[-1].annotate(label, (at, 1), (0, 4), ("data", "axes fraction"), "offset points", ha="center")


@drawn_of("nowcast", "recorded", "estimate", "low", "high", "maturity")
def nowcast(weeks: pd.DataFrame) -> Figure:
    """Draw declines recorded so far and, of unfinished weeks, the estimate of the final number with its band.

    Parameters
    ----------
    weeks
        As from :func:`analysis.stats.nowcast.nowcast`; ``attrs["week"]``: the week that the figure is about, by default
        the last one.
    """
    week, unfinished = look.week_of(weeks), weeks["maturity"] != "settled"
    given = unfinished & weeks["estimate"].notna() & (weeks.get("reason", pd.Series("", weeks.index)) == "")
    own, young, some = weeks.loc[week], unfinished & ~given, weeks[given]
    title = "Recorded as declined, and final numbers expected"
    if given[week]:
        title = f"{own['recorded']:,.0f} recorded so far, about {own['estimate']:,.0f} expected"
    subtitle = look.told("Recorded as declined and estimated final number by week of issue", weeks, "place_name")
    figure, (axes,) = frame(2.3, title, subtitle)
    x = look.week_axis(axes, weeks.index)
    look.dots(axes, x[~young], weeks["recorded"][~young], "o", "recorded", DECLINED)
    axes.vlines(x[given], some["low"], some["high"], color=INK, linewidth=1.2)
    look.dots(axes, x[given], some["estimate"], "D", "estimate of the final number, 90% band", INK, hollow=True)
    look.dots(axes, x[young], weeks["recorded"][young], "x", "too young for one", INK)
    look.count_axis(axes, "y", "Recorded as declined", 1.1 * max([1, *weeks["recorded"], *some["high"]]))
    figure.alt = (
        "Points by week of issue: declines recorded so far, and for unfinished weeks the estimate of their final "
        f"number with a band. This week: {own['recorded']:,.0f} recorded."
    )
    return figure


@drawn_of("state_by_offence", "state_name", "group", "declined", "declined_shown")
def cross_table(table: pd.DataFrame) -> Figure:
    """Draw declines by state and offence group, each count printed; a cell that is not shown exactly is hatched.

    Parameters
    ----------
    table
        One row per ``state_name`` and ``group``: ``declined``, NaN where hidden, and ``declined_shown``, its label;
        those called All are sums, which have no shade. ``attrs`` may hold ``hidden`` (how many labels are no count) and
        ``threshold``.
    """
    order = {"index": table["state_name"].unique(), "columns": table["group"].unique()}
    cells = table.set_index(["state_name", "group"])
    counts, labels = (cells[name].unstack().reindex(**order) for name in ("declined", "declined_shown"))  # noqa: PD010
    labels = labels.fillna("").replace("not shown", "·")
    rows, groups = look.lines(counts.index), [textwrap.shorten(name, 40, placeholder=" …") for name in counts.columns]
    slant = [look.width_of(name, 10) / 2**0.5 for name in groups]  # names stand at 45 degrees
    left = max(look.room_of(rows), slant[0])
    wide = min(0.8, (WIDTH - left - 0.2) / len(groups))
    subtitle = look.told("Detainers recorded as declined, all statuses; hatched: not shown", table, "period_name")
    margins: dict[str, Any] = {"left": left, "right": WIDTH - left - wide * len(groups), "bottom": max(slant) + 0.2}
    title = "Recorded as declined by state and offence group"
    figure, (axes,) = frame(0.3 * len(rows), title, subtitle, **margins)
    sums = np.logical_or.outer(counts.index == "All", counts.columns == "All")
    hidden = counts.isna().to_numpy()
    shade = np.sqrt(counts.astype(float).fillna(0).mask(sums, 0))  # large ones would leave no shade to small ones
    darkest = max(1.0, float(shade.to_numpy().max()))
    colours = LinearSegmentedColormap.from_list("declined", ["white", *look.RAMP])
    size = min(10.0, 9 * wide / max(look.width_of(label, 10) for label in labels.to_numpy().flat))
    bare: dict = {"cbar": False, "xticklabels": False, "yticklabels": False, "linewidths": 0.6, "linecolor": "#D5D5D5"}
    bare |= {"annot": labels, "fmt": "", "annot_kws": {"size": size}}
    sns.heatmap(shade, cmap=colours, vmin=0, vmax=darkest, ax=axes, **bare)
    grey: dict = {"facecolor": look.NO_DETAINERS, "edgecolor": "#C9C9C9"}
    down, across = np.nonzero(hidden)
    look.boxes(axes, across, down, 1, 1, hatch=look.HATCH, linewidth=0.4, **grey)
    for text, value, unseen, whole in zip(axes.texts, shade.to_numpy().flat, hidden.flat, sums.flat, strict=True):
        text.set(color="white" if value > DARK * darkest else "black", weight="bold" if whole else "normal")
        if unseen:
            text.set_bbox({**grey, "edgecolor": "none", "pad": 0.5})
    axes.set(xlabel="", ylabel="")
    axes.tick_params(length=0)
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
    axes.set_xticks(np.arange(len(groups)) + 0.5, groups, rotation=45, ha="right", rotation_mode="anchor", fontsize=10)
    few = f", since counts below {table.attrs['threshold']} are not" if "threshold" in table.attrs else ""
    figure.alt = (
        "Heat map of detainers recorded as declined by state and offence group, each count printed; "
        f"{table.attrs.get('hidden', hidden.sum()):,} cells are not shown exactly{few}."
    )
    return figure


@drawn_of("key_figures", *OUTCOMES)
def outcomes(counts: pd.DataFrame) -> Figure:
    """Draw what became of each row's detainers as parts of one bar, each with its count.

    Parameters
    ----------
    counts
        Index the bar's label; ``declined``, ``taken``, ``other_ends``, ``not_recorded``. The label of a single row is
        not printed: it stands in the subtitle.

    Examples
    --------
    >>> counts = pd.DataFrame({"declined": [5], "taken": [9], "other_ends": [2], "not_recorded": [4]})
    >>> outcomes(counts).headline
    'No outcome is recorded for 4 of 20 detainers'
    """
    sums, total = counts[list(OUTCOMES)].sum(), counts[list(OUTCOMES)].sum(axis="columns").to_numpy(dtype=float)
    title = f"No outcome is recorded for {sums['not_recorded']:,.0f} of {look.detainers(sums.sum())}"
    whose = "the week's detainers" if look.is_week(counts) else "the detainers"
    subtitle = look.told(f"Recorded outcome of {whose}", counts, "place_name", "period_name")
    names = look.lines(counts.index) if len(counts) > 1 else [""]
    left = look.room_of(names)
    figure, (axes,) = frame(0.72 * len(counts), title, subtitle, left=left, bottom=0.9)
    start, written = np.zeros(len(counts)), np.zeros(len(counts))
    for column, (name, colour, hatch) in OUTCOMES.items():
        share = np.divide(counts[column].to_numpy(), total, out=np.zeros(len(counts)), where=total > 0)
        axes.barh(range(len(counts)), share, left=start, height=0.5, color=colour, ec="white", hatch=hatch, label=name)
        for row in np.flatnonzero(counts[column]).tolist():
            text, middle = f"{counts[column].iloc[row]:,.0f}", start[row] + share[row] / 2
            room = (look.width_of(text) + 0.12) / (WIDTH - left - 0.3)
            if share[row] > room:
                ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
                axes.text(middle, row, text, ha="center", va="center", bbox=ground)
            else:  # above the bar, beside the one before it
                at = min(max(middle - room / 2, written[row]), 1 - room)
                axes.text(at, row - 0.28, text, va="bottom")
                written[row] = at + room
        start += share
    look.name_rows(axes, names)
    look.share_axis(axes, "x", "Share of detainers issued", 1)
    declined, taken, other, none = (f"{sums[name]:,.0f}" for name in OUTCOMES)
    figure.alt = (
        f"Stacked bar of the recorded outcome: {declined} declined, {taken} taken by ICE, {other} other ends, {none} "
        "not recorded."
    )
    return figure


@drawn_of("expected", "observed", "expected", "over_expected", "low", "high")
def expected(table: pd.DataFrame) -> Figure:
    """Draw each state's declines over those expected of detainers alike, with their 95 % intervals, on a log axis.

    Parameters
    ----------
    table
        As from :func:`analysis.stats.standardisation.expected`: index the postal code, or ``state_name``.
    """
    ranked = table.sort_values("over_expected", ascending=False, kind="stable")
    names = look.lines(ranked["state_name"] if "state_name" in ranked else ranked.index.map(all_states()["name"]))
    furthest = int((ranked["observed"] - ranked["expected"]).abs().argmax())
    told = [(f"{n:,.0f}", write(e, "about")) for n, e in zip(ranked["observed"], ranked["expected"], strict=True)]
    title = "{}: {} recorded as declined, {} expected".format(names[furthest], *told[furthest])
    subtitle = look.told("Declines recorded over those expected of detainers alike", table, "period_name")
    height = max(0.6, 0.27 * len(names))
    figure, (axes,) = frame(height, title, subtitle, left=look.room_of(names), right=1.55, bottom=0.9, top=0.2)
    ratio, low, high = (ranked[name].to_numpy(dtype=float) for name in ("over_expected", "low", "high"))
    most, y = 1.1 * max(2.0, high[np.isfinite(high)].max(initial=0)), np.arange(len(names))
    axes.hlines(y, low.clip(LEAST_RATIO), high.clip(LEAST_RATIO, most), color=DECLINED, label="95% interval")
    below = ratio < LEAST_RATIO
    look.dots(axes, ratio[~below], y[~below], "o", "ratio", DECLINED)
    look.dots(axes, np.full(below.sum(), LEAST_RATIO), y[below], "<", f"below {LEAST_RATIO}", DECLINED, hollow=True)
    axes.axvline(1, color=INK, linewidth=1)
    for row, numbers in enumerate([("recorded", "expected"), *told], start=-1):
        beside: dict = {"va": "center", "fontsize": 9.5} | ({"color": FAINT} if row < 0 else {})
        axes.annotate(" / ".join(numbers), (1, row), (8, 0), axes.get_yaxis_transform(), "offset points", **beside)
    axes.set_xscale("log")
    axes.set(xlim=(LEAST_RATIO, most), xlabel="Recorded over expected (1: as expected; equal steps are equal ratios)")
    axes.xaxis.set_major_locator(FixedLocator([at for at in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if at <= most]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    look.name_rows(axes, names)
    axes.grid(visible=True, axis="x")
    figure.alt = (
        "Dot plot of the declines recorded over those expected of detainers alike, by state with 95% intervals: "
        f"{len(names)}. {title}."
    )
    return figure


@drawn_of("incidence", "outcome", "day", "incidence", "low", "high")
def time_to_outcome(curves: pd.DataFrame) -> Figure:
    """Draw the share of detainers that had ended in each way, by days since issue.

    Parameters
    ----------
    curves
        As from :func:`analysis.stats.incidence.cumulative_incidence`. A way without a line: none had ended so.
    """
    if not curves["incidence"].any():
        return look.empty("No detainer has ended.")
    own = curves[curves["outcome"] == "declined_by_lea"]
    title = "How detainers ended, by days since issue"
    if own["incidence"].any() and own["day"].max() >= WITHIN_DAYS:
        within = own.loc[own["day"] <= WITHIN_DAYS, "incidence"].iloc[-1]
        title = f"{within:.1%} recorded as declined within {WITHIN_DAYS} days of issue"
    followed = f", {look.detainers(curves['at_risk'].max())}" if "at_risk" in curves else ""
    subtitle = look.told(f"Share ended in each way, other ends counted as such{followed}", curves, "place_name")
    figure, (axes,) = frame(2.9, title, subtitle, left=0.8, right=2.1, bottom=0.65)
    top, floor, last = 1.1 * max(0.05, float(curves["high"].max())), -np.inf, []
    for outcome, curve in curves.groupby("outcome", sort=False):
        way, line = WAYS[str(outcome)]
        name, colour, _ = OUTCOMES[way]
        if curve["incidence"].any():
            axes.step(curve["day"], curve["incidence"], line, where="post", color=colour, linewidth=1.8)
            axes.fill_between(curve["day"], curve["low"], curve["high"], step="post", color=colour, alpha=0.15)
            last.append((float(curve["incidence"].iloc[-1]), name, colour))
    for height, name, colour in sorted(last):
        floor = max(height, floor + 0.14 * top)  # names keep apart where curves do not
        ends = ((1, height), (1.03, floor), ("axes fraction", "data"), ("axes fraction", "data"))
        arrow = {"arrowstyle": "-", "color": colour, "shrinkA": 1, "shrinkB": 0}
        axes.annotate(f"{name}\n{height:.1%}", *ends, va="center", linespacing=1.0, arrowprops=arrow)
    axes.set(xlim=(0, READ_AT[-1]), xlabel="Days since issue", xticks=[0, *READ_AT])
    look.share_axis(axes, "y", "Share of detainers", top)
    figure.alt = (
        "Curves of the share of detainers that had ended in each way by days since issue, with 95% intervals; those "
        f"without a recorded end count as followed until the extraction. {title}."
    )
    return figure


@drawn_of("weeks", "week", "declined", "elsewhere")
def published_weeks(weeks: pd.DataFrame) -> Figure:
    """Draw each published week's declines, all places together, and without the one place that holds most of one.

    Parameters
    ----------
    weeks
        One row a week: ``week``, ``declined`` and ``elsewhere``, NaN where the place's number is not known.
        ``attrs["without"]``: the place's name; ``attrs["comparison"]``: a dict with ``before``, ``now``, ``ratio``,
        ``low``, ``high`` and ``finding``, of the last week without the place against the one before it.
    """
    without, last = weeks.attrs.get("without") or "one place", weeks.iloc[-1]
    saturdays = [pd.Timestamp(day) for day in weeks["week"]]
    fridays = [day + pd.Timedelta(days=6) for day in saturdays]
    title = f"{look.detainers(last['declined'])} recorded as declined"
    if pd.notna(last["elsewhere"]):
        title = f"{last['declined']:,.0f} recorded as declined, {last['elsewhere']:,.0f} of them outside {without}"
        if against := weeks.attrs.get("comparison"):
            title = COMPARED.format(without=without, **against)
    measure = f"Detainers recorded as declined in a week, the United States with and without {without}"
    subtitle = f"{measure}, weeks up to that ending {look.day_of(fridays[-1])}"
    ends = zip(saturdays, fridays, strict=True)
    names = [f"{first.day} {first:%b} to {friday.day} {friday:%b %Y}" for first, friday in ends]
    figure, (axes,) = frame(0.75 * len(weeks), title, subtitle, left=look.room_of(names), right=0.9)
    short = textwrap.shorten(without, 45, placeholder=" …")
    looks = (("declined", "o", "all places", DECLINED, -0.2), ("elsewhere", "D", f"without {short}", TAKEN, 0.2))
    for column, mark, name, colour, down in looks:
        known = weeks[column].notna().to_numpy()
        look.dots(axes, weeks[column][known], np.flatnonzero(known) + down, mark, name, colour, hollow=down > 0)
        for row, number in enumerate(weeks[column]):
            axes.annotate(look.known(number), (np.nan_to_num(number), row + down), **look.BESIDE)
    look.count_rows(axes, names, max(1, weeks["declined"].max()))
    rows = zip(saturdays, weeks["declined"], weeks["elsewhere"], strict=True)
    told = [f"week of {day.day} {day:%B} {look.known(all_of)} and {look.known(rest)}" for day, all_of, rest in rows]
    figure.alt = (
        f"Dot plot of detainers recorded as declined by week, all places together and without {without}: "
        f"{'; '.join(told)}. {title}."
    )
    return figure


@drawn_of("declined_by_place", "place", "state", "level", "declined", "bound")
def published_places(places: pd.DataFrame) -> Figure:
    """Draw what a published week says of its places, one row each, in the order given from the top.

    Parameters
    ----------
    places
        Rows of ``declined_by_place``. Places with no decline or a disputed figure are left out; a lower bound is an
        arrow to the right. ``attrs`` may hold ``declined`` (all places together) and ``placed`` (how many of them are
        located in a state), ``apart`` and ``apart_name`` (the number and the name of the place that holds most).
    """
    shown, told = places[(places["declined"] > 0) & (places["bound"] != "disputed")], places.attrs
    if shown.empty:
        return look.empty("No place with a known figure has a decline.")
    alone = shown["level"].isin(["state", "region"])
    names = look.lines(shown["place"].where(alone, shown["place"] + ", " + shown["state"]))
    of_one = f", {told['apart']:,} in {told['apart_name']}" if told.get("apart") else ""
    title = known = "Declines by place"
    if {"declined", "placed"} <= told.keys():
        title = f"{told['declined']:,} declines nationwide, {told['placed']:,} located{of_one}"
        known = f"{told['declined']:,} nationwide{of_one}; known places account for at least {told['placed']:,}"
    measure = "Detainers recorded as declined, places with a known figure (they nest)"
    height = sum(0.27 + 0.17 * name.count("\n") for name in names)
    subtitle, left = look.told(measure, places, "period_name"), look.room_of(names)
    figure, (axes,) = frame(max(0.6, height), title, subtitle, left=left, right=0.7)
    y, number, least = np.arange(len(shown)), shown["declined"].to_numpy(), (shown["bound"] == "at_least").to_numpy()
    look.dots(axes, number[~least], y[~least], "o", "as printed", DECLINED)
    look.dots(axes, number[least], y[least], ">", "at least this many", DECLINED, hollow=True)
    for row, (count, bound) in enumerate(zip(number, least, strict=True)):
        axes.annotate(f"{'≥' * int(bound)}{count:,}", (count, row), **look.BESIDE)
    look.count_rows(axes, names, max(1, number.max()))
    figure.alt = f"Dot plot of detainers recorded as declined by place. {known}."
    return figure


@drawn_of("weeks", "issued", "not_recorded", "blank_share", "unfinished")
def recording(quality: pd.DataFrame) -> Figure:
    """Draw the detainers issued by week, and the share of them without a recorded end.

    Parameters
    ----------
    quality
        As from :func:`analysis.load.irregular.recording_by_week`; weeks that look unfinished are open marks.
        ``attrs["data_through"]``: the source's last day.
    """
    finished, through = quality["unfinished"] == "", quality.attrs.get("data_through")
    title = f"Weeks at the end that look unfinished: {(~finished).sum()}"
    subtitle = "Detainers issued by week, and the share of them without a lift reason"
    subtitle += f", data through {look.day_of(through)}" if through else ""
    figure, (above, below) = frame(1.6, title, subtitle, rows=2, left=1.0)
    x = look.week_axis(below, quality.index)
    for axes, column, colour in ((above, "issued", TAKEN), (below, "blank_share", DECLINED)):
        look.dots(axes, x[finished], quality[column][finished], "o", "looks finished", colour)
        look.dots(axes, x[~finished], quality[column][~finished], "o", "looks unfinished", colour, hollow=True)
    look.count_axis(above, "y", "Detainers issued", 1.08 * max(1, quality["issued"].max()))
    look.share_axis(below, "y", "Lift reason blank", 1)
    blank = quality["not_recorded"].sum() / max(1, quality["issued"].sum())
    figure.alt = (
        "Two panels by week of issue: detainers issued, and the share of them whose lift reason is blank. Weeks at the "
        f"end that look unfinished, as open marks: {(~finished).sum()}. {blank:.1%} of all detainers have no lift "
        "reason."
    )
    return figure


@drawn_of("weeks", "declined_was", "declined_now", "declined_change", "cut")
def revisions(weeks: pd.DataFrame) -> Figure:
    """Draw what two versions of a source say of each week's declines, and the difference.

    Parameters
    ----------
    weeks
        ``by_week`` of :func:`analysis.stats.revisions.compare_versions`; those that one version does not reach are left
        out, and those that one has in part are crosses. ``attrs`` may hold ``older`` and ``newer``, the versions.
    """
    shown = weeks.dropna(subset=["declined_was", "declined_now"])
    if shown.empty:
        return look.empty("No week is in both versions.")
    whole, cut = shown[~shown["cut"]], shown[shown["cut"]]
    was, now = (f"{whole[name].sum():,.0f}" for name in ("declined_was", "declined_now"))
    versions = "the versions {older} and {newer}".format(**weeks.attrs) if "older" in weeks.attrs else "two versions"
    title = f"{was} declines of the same weeks have become {now}"
    figure, (above, below) = frame(1.7, title, f"Recorded as declined by week of issue, in {versions}", rows=2, left=1)
    x = look.week_axis(below, shown.index)
    above.vlines(x[whole.index], whole["declined_was"], whole["declined_now"], color=OPEN, linewidth=1)
    look.dots(above, x[whole.index], whole["declined_was"], "o", "older version", INK, hollow=True)
    above.plot(x[whole.index], whole["declined_now"], "o", color=DECLINED, ms=4, zorder=4, label="newer version")
    look.dots(above, x[cut.index], cut["declined_now"], "x", "week cut short in a version", DECLINED)
    look.boxes(below, x[whole.index] - 2.5, 0, 5, whole["declined_change"], facecolor=DECLINED)
    below.axhline(0, color=FAINT, linewidth=0.8)
    most = shown[["declined_was", "declined_now"]].to_numpy().max()
    look.count_axis(above, "y", "Recorded as declined", 1.08 * max(1, most))
    change = [0, *whole["declined_change"]] if whole["declined_change"].any() else [-1, 1]
    look.count_axis(below, "y", "Newer less older", 1.08 * max(change), 1.08 * min(change))
    figure.alt = (
        "Two panels by week of issue: detainers recorded as declined in the older and the newer version, and the "
        f"difference. Over {len(whole)} week{'' if len(whole) == 1 else 's'} that both have in full they went from "
        f"{was} to {now}."
    )
    return figure
