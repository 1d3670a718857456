"""Figures: each a function of one frame, and nothing else, that gives a figure with its headline and alternative text.

What a frame's rows do not say stands in ``frame.attrs``: ``place_name`` and ``period_name``, ``week`` (ISO day of the
Saturday), ``synthetic``, ``reason`` (why the frame is empty). Colour never says anything alone: a mark, a hatch or a
printed number says it too.
"""

from __future__ import annotations

import textwrap
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import wraps
from itertools import pairwise

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from analysis.errors import InputError
from analysis.load.vocabulary import states as all_states
from analysis.show import style as look
from analysis.show.style import (
    DECLINED,
    EDGE,
    EDGES,
    FAINT,
    HATCH,
    INK,
    LIGHT_DECLINED,
    LIGHT_TAKEN,
    MADE_UP,
    NO_DETAINERS,
    OPEN,
    OTHER_ENDS,
    TAKEN,
    WIDTH,
    Figure,
    frame,
)

__all__ = [
    *("cross_table", "expected", "nowcast", "outcomes", "published_map", "published_places", "published_weeks"),
    *("recording", "revisions", "state_map", "time_to_outcome", "weekly_counts"),
]
LETTER = 0.62 / 72
"""Inches that a letter takes, per point of its size; wide ones take more, narrow ones less."""
CLASSES = (1, 5, 10, 20, 50)
"""Where each class of a map's colours begins."""
SHADES = [tuple(shade) for shade in colormaps["cividis"]((0.95, 0.72, 0.42, 0.22, 0.0)).tolist()]
LIGHT_TEXT = 0.53
"""Part of the darkest shade from which a number is white: on either side its contrast is 4.5 at least."""
STATUSES = {"settled": ("o", TAKEN), "provisional": ("o", "white"), "too young": ("^", "white")}
"""Mark of a week's share, and its filling; a week that is partial has none."""
OUTCOMES = {
    "declined": ("recorded as declined", DECLINED, ""),
    "taken": ("taken by ICE", TAKEN, "///"),
    "other_ends": ("other ends", OTHER_ENDS, "--"),
    "not_recorded": ("no outcome recorded", OPEN, "xx"),
}
WAYS = {
    "declined_by_lea": ("recorded as declined", DECLINED, "-"),
    "transferred_to_ice": ("taken by ICE", TAKEN, "--"),
    "other_end": ("other ends", OTHER_ENDS, "-."),
}
READ_AT, WITHIN_DAYS = (7, 14, 30, 60), 30


def __dir__() -> list[str]:
    return __all__


def _drawn(*needed: str) -> Callable[[Callable[[pd.DataFrame], Figure]], Callable[[pd.DataFrame], Figure]]:
    """Draw in our style a frame that has the columns needed; of an empty one print why, of made-up data that it is."""

    def decorated(draw: Callable[[pd.DataFrame], Figure]) -> Callable[[pd.DataFrame], Figure]:
        @wraps(draw)
        def figure_of(table: pd.DataFrame) -> Figure:
            lacking = [name for name in needed if name not in table]
            with look.style():
                if table.empty:
                    figure = _reason(str(table.attrs.get("reason") or "There is nothing to draw."))
                elif lacking:
                    raise InputError(
                        f"plot.{draw.__name__} cannot draw a table without {', '.join(lacking)}",
                        found=", ".join(map(str, table)),
                        expected=", ".join(needed),
                    )
                else:
                    figure = draw(table)
                if table.attrs.get("synthetic"):
                    width, height = figure.get_size_inches()
                    above = {"ha": "right", "va": "top", "fontsize": 9.5, "fontweight": "bold", "color": "#B00000"}
                    figure.text(1 - EDGE / width, 1 - 0.06 / height, MADE_UP, **above)
                    figure.alt = f"{MADE_UP}. {figure.alt}"
            return figure

        return figure_of

    return decorated


def _reason(reason: str) -> Figure:
    """Print why there is nothing to draw."""
    lines = textwrap.wrap(reason, 86)
    figure = Figure(figsize=(WIDTH, 0.5 + 0.2 * len(lines)), dpi=100)
    figure.text(EDGE / WIDTH, 0.5, "\n".join(lines), va="center", fontsize=11, color=FAINT)
    figure.headline = figure.alt = figure.reason = reason
    return figure


def _told(*parts: object) -> str:
    """Join what is known of a subtitle's parts."""
    return ", ".join(str(part) for part in parts if part)


def _of(table: pd.DataFrame, *names: str) -> list[object]:
    """Give what a frame says of itself, blank where it does not."""
    return [table.attrs.get(name, "") for name in names]


def _day(day: object) -> str:
    """Write a day in words."""
    when = pd.Timestamp(day)  # type: ignore[arg-type]
    return f"{when.day} {when:%B %Y}"


def _detainers(number: float) -> str:
    """Write a number of detainers with its noun."""
    return f"{number:,.0f} detainer{'' if number == 1 else 's'}"


def _lines(names: Sequence[object], letters: int = 28) -> list[str]:
    """Break the names of rows into two lines at most; the table has a longer one in full."""
    return [textwrap.fill(str(name), letters, max_lines=2, placeholder=" …") for name in names]


def _room(names: Sequence[str], size: float = 10.5) -> float:
    """Give the margin in inches that the names of rows take."""
    return 0.3 + LETTER * size * max(len(line) for name in names for line in name.split("\n"))


def _key(figure: Figure, handles: Sequence[Artist], columns: int = 4) -> None:
    """Say along the foot of the figure what its marks mean."""
    corner = (EDGE / WIDTH, 0.05 / figure.get_figheight())
    spaces = {"borderaxespad": 0.0, "borderpad": 0.2, "handletextpad": 0.5, "columnspacing": 1.4, "handlelength": 1.5}
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=corner, ncols=columns, **spaces)


def _mark(name: str, mark: str, colour: str, face: str | None = None) -> Line2D:
    """Make the entry of a mark in a key."""
    return Line2D([], [], linestyle="", marker=mark, color=colour, markerfacecolor=face or colour, label=name)


# Maps.


@_drawn("declined", "issued")
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
    known = all_states()
    placed = states.reindex(known.index, fill_value=0)[["declined", "issued"]]
    total, most = int(placed["declined"].sum()), placed["declined"].idxmax()
    of_week = " of the week" if states.attrs.get("week") else ""
    title = f"No decline{of_week} names a state"
    if total:
        title = f"{known.loc[most, 'name']} has {placed.loc[most, 'declined']:,} of the {total:,} that name a state"
    subtitle = _told("Detainers recorded as declined, by state", *_of(states, "period_name"))
    tiles = known.assign(
        count=placed["declined"], label=placed["declined"].map("{:,}".format), present=placed["issued"] > 0
    )
    figure = _tiles(tiles, title, subtitle, str(states.attrs.get("marked", "")), "no detainers")
    whose = "the week's detainers" if of_week else "detainers"
    figure.alt = (
        f"Tile map of the states with the number of {whose} recorded as declined. {title}. "
        "The numbers are in the table by_state."
    )
    return figure


@_drawn("known_low", "bound")
def published_map(bounds: pd.DataFrame) -> Figure:
    """Draw the states as tiles with the least number of declines that agrees with what is known of a published week.

    Parameters
    ----------
    bounds
        Index the postal code; ``known_low`` and ``bound`` (:func:`analysis.stats.published.state_bounds`). A bound is
        marked ≥, a state of which nothing is known is hatched. ``attrs["declined"]``: the nation's number.
    """
    known = all_states()
    low, bound = bounds["known_low"].reindex(known.index, fill_value=0), bounds["bound"].reindex(known.index)
    of_all = f" of {bounds.attrs['declined']:,}" if "declined" in bounds.attrs else ""
    placed = f"t least {low.sum():,}{of_all}"
    title = f"A{placed} declines can be placed in a state"
    subtitle = "Lower bounds of detainers recorded as declined (≥: more are possible)"
    labels = low.map("{:,}".format).where(bound == "exact", "≥" + low.map("{:,}".format))
    tiles = known.assign(count=low, label=labels, present=bound.isin(["exact", "at_least"]))
    figure = _tiles(tiles, title, _told(subtitle, *_of(bounds, "period_name")), "", "not known")
    figure.alt = (
        f"Tile map of the states with the known number of detainers recorded as declined. A{placed} can be placed. "
        "The numbers are in the table state_bounds."
    )
    return figure


def _tiles(tiles: pd.DataFrame, title: str, subtitle: str, marked: str, absent: str) -> Figure:
    """Draw a tile for each state: its ``label``, the class of its ``count``, hatched where nothing is ``present``."""
    rows, columns = tiles["tile_row"].max(), tiles["tile_column"].max()
    side = 0.56
    figure, (axes,) = frame(rows * side, title, subtitle, left=EDGE, right=WIDTH - EDGE - columns * side, bottom=0.75)
    axes.set_axis_off()
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    for postal, tile in tiles.iterrows():
        x, y = tile["tile_column"] - 1, tile["tile_row"] - 1
        face, ink = _shade(tile["count"])
        edge: dict = {"edgecolor": EDGES, "linewidth": 0.8}
        if not tile["present"]:
            face, ink, edge = NO_DETAINERS, FAINT, {**edge, "hatch": HATCH}
        if postal == marked:
            edge |= {"edgecolor": INK, "linewidth": 2.4, "zorder": 3}
        axes.add_patch(Rectangle((x + 0.03, y + 0.03), 0.94, 0.94, facecolor=face, **edge))
        middle: dict = {"ha": "center", "va": "center", "color": ink, "zorder": 4}
        if tile["present"]:
            axes.text(x + 0.5, y + 0.32, str(postal), **middle)
            axes.text(
                x + 0.5, y + 0.7, tile["label"], fontsize=min(12, 60 / len(tile["label"])), weight="bold", **middle
            )
        else:
            ground = {"facecolor": face, "edgecolor": "none", "pad": 1}
            axes.text(x + 0.5, y + 0.5, str(postal), bbox=ground, **middle)
    names = ["none", *(f"{a} to {b - 1}" for a, b in pairwise(CLASSES)), f"{CLASSES[-1]} or more"]
    swatches = [
        Patch(facecolor=_shade(count)[0], edgecolor=EDGES, label=name)
        for name, count in zip(names, (0, *CLASSES), strict=True)
    ]
    _key(figure, [*swatches, Patch(facecolor=NO_DETAINERS, edgecolor=EDGES, hatch=HATCH, label=absent)], columns=7)
    return figure


def _shade(count: float) -> tuple[str | tuple[float, ...], str]:
    """Give a count's fill and the colour of text on it: white for none, then light to dark by class."""
    rank = bisect_right(CLASSES, count)
    return ("white" if rank == 0 else SHADES[rank - 1]), INK if rank < 3 else "white"


# Weeks.


@_drawn("issued", "declined", "share", "share_low", "share_high", "status", "usual_low", "usual_high", "outside")
def weekly_counts(weeks: pd.DataFrame) -> Figure:
    """Draw the share declined by week as a line, and below it the number as bars with the range that is usual.

    Parameters
    ----------
    weeks
        As from :func:`analysis.stats.summary.weekly_counts`. Weeks that are not finished are open; a partial one has no
        share. ``attrs["week"]``: the week that the figure is about, by default the last one. ``attrs["events"]``: known
        events, each a dict with ``date`` and ``letter``; those too near for a letter each share a label.
    """
    week = pd.Timestamp(weeks.attrs.get("week") or weeks.index[-1])
    own, place = weeks.loc[week], str(weeks.attrs.get("place_name", ""))
    title = f"{own['declined']:,.0f} of {_detainers(own['issued'])} recorded as declined, week of {_day(week)}"
    if pd.notna(own["usual_low"]):
        title += f"; {own['usual_low']:.0f} to {own['usual_high']:.0f} would be usual"
    subtitle = _told("Detainers recorded as declined, and their share of those issued", place)
    figure, (above, below) = frame(1.75, title, subtitle, rows=2, right=0.75, bottom=1.05, gap=0.34)
    x = pd.Series(look.weeks(below, weeks.index), weeks.index)
    key = [*_share_line(above, weeks, x), *_bars(below, weeks, x, week)]
    _mark_events([above, below], weeks.attrs.get("events") or [], x)
    last = bool(week == weeks.index[-1])
    aside: dict = {"textcoords": "offset points", "fontweight": "bold", "xytext": (9, 0) if last else (0, 7)}
    aside |= {"ha": "left", "va": "center"} if last else {"ha": "center", "va": "bottom"}
    below.annotate(f"{own['declined']:,.0f}", (x[week], own["declined"]), color=DECLINED, **aside)
    if own["status"] != "partial" and pd.notna(own["share"]):
        above.annotate(f"{own['share']:.1%}", (x[week], own["share"]), color=TAKEN, **aside)
    _key(figure, key, columns=4)
    banded = (
        ", with the range that would be usual after the eight weeks before" if weeks["usual_low"].notna().any() else ""
    )
    figure.alt = (
        f"Two time series by week of issue{' for ' * bool(place)}{place}: the share of detainers recorded as declined, "
        f"with 95% intervals, and their number{banded}. In this week {own['declined']:,.0f} of {own['issued']:,.0f}. "
        "The numbers are in the table weekly_counts."
    )
    return figure


def _share_line(axes: Axes, weeks: pd.DataFrame, x: pd.Series) -> list[Artist]:
    """Draw the weeks' shares with their intervals; give the entries of the key."""
    axes.set_ylabel("Share of issued")
    whole = weeks[(weeks["status"] != "partial") & weeks["share"].notna()]
    look.shares(axes, "y")
    axes.set_ylim(0, min(1.0, 1.08 * max(0.01, whole["share_high"].max())) if len(whole) else 1)
    if whole.empty:
        axes.set_yticks([])
        axes.text(0.03, 0.5, "no share is given", transform=axes.transAxes, color=FAINT)
        return []
    axes.vlines(x[whole.index], whole["share_low"], whole["share_high"], color=LIGHT_TAKEN, linewidth=1.4)
    axes.plot(x[whole.index], whole["share"], color=TAKEN, linewidth=1)
    key = []
    for status, (mark, face) in STATUSES.items():
        chosen = whole[whole["status"] == status]
        if len(chosen):
            marks: dict = {"color": TAKEN, "markerfacecolor": face, "markersize": 4.5, "clip_on": False, "zorder": 3}
            axes.plot(x[chosen.index], chosen["share"], mark, **marks)
            key.append(_mark(status, mark, TAKEN, face))
    return [*key, Line2D([], [], color=LIGHT_TAKEN, linewidth=1.4, label="95% interval")]


def _bars(axes: Axes, weeks: pd.DataFrame, x: pd.Series, week: pd.Timestamp) -> list[Artist]:
    """Draw the weeks' declines and their usual range; give the entries of the key."""
    axes.set_ylabel("Recorded as declined")
    look.counts(axes, "y")
    tops = weeks[["declined", "usual_high"]].max().max()
    axes.set_ylim(0, 1.14 * max(1, tops))
    looks = {"settled": ("declined", {}), "partial": ("partial week", {"facecolor": "white", "hatch": HATCH})}
    key: list[Artist] = []
    for status in dict.fromkeys(weeks["status"]):
        name, fill = looks.get(status, ("unfinished", {"facecolor": "white"}))
        chosen = weeks[weeks["status"] == status]
        edged: dict = {"facecolor": LIGHT_DECLINED, "edgecolor": DECLINED, "linewidth": 0.8, **fill}
        bars = axes.bar(x[chosen.index], chosen["declined"], width=5, label=name, **edged)
        if name not in {entry.get_label() for entry in key}:
            key.append(Patch(label=name, **edged))
        for day, bar in zip(chosen.index, bars, strict=True):
            if day == week:
                bar.set(linewidth=2, facecolor=bar.get_facecolor() if fill else DECLINED)
    if weeks["usual_low"].notna().any():
        span: dict = {"step": "mid", "facecolor": "#1B1B1B26", "edgecolor": FAINT, "linewidth": 0.8, "zorder": 2}
        axes.fill_between(x, weeks["usual_low"], weeks["usual_high"], **span)
        key.append(Patch(facecolor="#1B1B1B26", edgecolor=FAINT, label="usual range"))
    for side, mark in (("above", "^"), ("below", "v")):
        outside = weeks[weeks["outside"] == side]
        if len(outside):
            axes.plot(x[outside.index], outside["declined"] + 0.05 * axes.get_ylim()[1], mark, color=INK, markersize=5)
            key.append(_mark(f"{side} it", mark, INK))
    return key


def _mark_events(panels: Sequence[Axes], events: Sequence[dict], x: pd.Series) -> None:
    """Draw a dotted line for each known event, and between the panels its letter; near ones share a label."""
    groups: list[list[tuple[float, str]]] = []
    first, last = x.iloc[0], x.iloc[-1] + 6
    for event in sorted(events, key=lambda event: pd.Timestamp(event["date"])):
        at = min(max(float(mdates.date2num(pd.Timestamp(event["date"]))), first), last)
        if not groups or at - groups[-1][0][0] > 0.07 * (last - first):
            groups.append([])
        groups[-1].append((at, event["letter"]))
        for axes in panels:
            axes.axvline(at, color=FAINT, linestyle=":", linewidth=1, zorder=1)
    for group in groups:
        label = "–".join(dict.fromkeys([group[0][1], group[-1][1]]))
        middle = (group[0][0] + group[-1][0]) / 2
        panels[-1].annotate(
            label, (middle, 1), (0, 4), ("data", "axes fraction"), "offset points", ha="center", va="bottom"
        )


@_drawn("recorded", "estimate", "low", "high", "maturity")
def nowcast(weeks: pd.DataFrame) -> Figure:
    """Draw declines recorded so far and, of unfinished weeks, the estimate of the final number with its band.

    Parameters
    ----------
    weeks
        As from :func:`analysis.stats.nowcast.nowcast`; ``attrs["week"]``: the week that the figure is about, by default
        the last one.
    """
    week = pd.Timestamp(weeks.attrs.get("week") or weeks.index[-1])
    own, unfinished = weeks.loc[week], weeks["maturity"] != "settled"
    reason = weeks.get("reason", pd.Series("", weeks.index))
    given = unfinished & (reason == "") & weeks["estimate"].notna()
    young = unfinished & ~given
    title = "Recorded as declined, and final numbers expected"
    if given[week]:
        title = f"{own['recorded']:.0f} recorded so far, about {own['estimate']:.0f} expected"
    subtitle = "Recorded as declined and estimated final number by week of issue"
    figure, (axes,) = frame(2.3, title, _told(subtitle, *_of(weeks, "place_name")), bottom=0.85)
    x = pd.Series(look.weeks(axes, weeks.index), weeks.index)
    axes.set_ylabel("Recorded as declined")
    key: list[Artist] = [_mark("recorded", "o", DECLINED)]
    axes.plot(x[~young], weeks["recorded"][~young], "o", color=DECLINED, markersize=5, clip_on=False, zorder=3)
    if given.any():
        some = weeks[given]
        reach = np.maximum([some["estimate"] - some["low"], some["high"] - some["estimate"]], 0)
        bars: dict = {"fmt": "D", "color": INK, "markerfacecolor": "white", "markersize": 6, "elinewidth": 1.2}
        axes.errorbar(x[given], some["estimate"], yerr=reach, **bars)
        key.append(_mark("estimate of the final number, 90% band", "D", INK, "white"))
    if young.any():
        axes.plot(x[young], weeks["recorded"][young], "x", color=INK, markersize=7, clip_on=False)
        key.append(_mark("no estimate yet", "x", INK))
    axes.set_ylim(0, 1.1 * max(1, weeks["recorded"].max(), weeks["high"][given].max() if given.any() else 0))
    look.counts(axes, "y")
    _key(figure, key)
    figure.alt = (
        "Points by week of issue: declines recorded so far, and for unfinished weeks the estimate of their final "
        f"number with a band. This week: {own['recorded']:.0f} recorded. The numbers are in the table nowcast."
    )
    return figure


# Tables and shares.


@_drawn("state_name", "group", "declined", "declined_shown")
def cross_table(table: pd.DataFrame) -> Figure:
    """Draw declines by state and offence group, each count printed; a cell that is not shown exactly is hatched.

    Parameters
    ----------
    table
        One row per ``state_name`` and ``group``: ``declined``, NaN where hidden, and ``declined_shown``, its label.
        ``attrs`` may hold ``hidden`` (how many labels are no count) and ``threshold``.
    """
    order = {"index": table["state_name"].unique(), "columns": table["group"].unique()}
    cells = table.set_index(["state_name", "group"])
    counts, labels = (cells[name].unstack().reindex(**order) for name in ("declined", "declined_shown"))  # noqa: PD010
    counts, labels = counts.astype(float), labels.fillna("").replace("not shown", "·")
    rows, columns = (_lines(axis, 26) for axis in counts.axes)
    slant = max(len(name) for name in counts.columns) * LETTER * 10 / 2**0.5 + 0.25
    left = max(_room(rows, 10), slant)
    wide = min(0.8, (WIDTH - left - 0.2) / len(columns))
    title = "Recorded as declined by state and offence group"
    subtitle = _told("Detainers recorded as declined, all statuses; hatched: not shown", *_of(table, "period_name"))
    figure, (axes,) = frame(
        0.3 * len(rows), title, subtitle, left=left, right=WIDTH - left - wide * len(columns), bottom=slant + 0.05
    )
    shade = np.sqrt(counts.fillna(0).clip(lower=0))  # large ones would leave no shade to small ones
    darkest = max(1.0, float(shade.to_numpy().max()))
    size = min(10.0, 0.9 * wide / (LETTER * max(map(len, labels.to_numpy().flat), default=1)))
    sns.heatmap(
        shade,
        annot=labels,
        fmt="",
        annot_kws={"fontsize": size},
        cmap=colormaps["cividis_r"].with_extremes(under="white"),
        vmin=1e-6,
        vmax=darkest,
        cbar=False,
        linewidths=0.6,
        linecolor="#D5D5D5",
        xticklabels=False,
        yticklabels=False,
        ax=axes,
    )
    hidden = counts.isna().to_numpy()
    boxes = [Rectangle((column, row), 1, 1) for row, column in np.argwhere(hidden)]
    ground = {"facecolor": NO_DETAINERS, "edgecolor": "#C9C9C9", "linewidth": 0.4}
    axes.add_collection(PatchCollection(boxes, hatch=HATCH, **ground))
    for text, value, unseen in zip(axes.texts, shade.to_numpy().flat, hidden.flat, strict=True):
        text.set_color("white" if value > LIGHT_TEXT * darkest else "black")
        if unseen:
            text.set_bbox({"facecolor": NO_DETAINERS, "edgecolor": "none", "pad": 0.5})
    axes.set(xlabel="", ylabel="")
    axes.tick_params(length=0)
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=10)
    slanting: dict = {"rotation": 45, "ha": "right", "va": "top", "rotation_mode": "anchor", "fontsize": 10}
    axes.set_xticks(np.arange(len(columns)) + 0.5, counts.columns, **slanting)
    few = f", since counts below {table.attrs['threshold']} are not" if "threshold" in table.attrs else ""
    number = table.attrs.get("hidden", int(hidden.sum()))
    figure.alt = (
        f"Heat map of detainers recorded as declined by state and offence group, each count printed; {number:,} cells "
        f"are not shown exactly{few}. The numbers are in the table state_by_offence."
    )
    return figure


@_drawn(*OUTCOMES)
def outcomes(counts: pd.DataFrame) -> Figure:
    """Draw what became of each row's detainers as parts of one bar, each with its count.

    Parameters
    ----------
    counts
        Index the bar's label; ``declined``, ``taken``, ``other_ends``, ``not_recorded``. The label of a single row is
        not printed: it stands in the subtitle.

    Examples
    --------
    >>> counts = pd.DataFrame({"declined": [5], "taken": [9], "other_ends": [2], "not_recorded": [4]}, index=["all"])
    >>> outcomes(counts).alt
    'Stacked bar of the recorded outcome: 5 declined, 9 taken by ICE, 2 other ends, 4 not recorded. ...'
    """
    sums = counts[list(OUTCOMES)].sum()
    whose = "the week's detainers" if counts.attrs.get("week") else "the detainers"
    title = f"No outcome is recorded for {sums['not_recorded']:,.0f} of {_detainers(sums.sum())}"
    subtitle = _told(f"Recorded outcome of {whose}", *_of(counts, "place_name", "period_name"))
    names = _lines(counts.index) if len(counts) > 1 else [""] * len(counts)
    left = _room(names) if len(counts) > 1 else EDGE + 0.1
    figure, (axes,) = frame(0.72 * len(counts), title, subtitle, left=left, bottom=0.95)
    inches, total = WIDTH - left - 0.3, counts[list(OUTCOMES)].sum(axis="columns").to_numpy(dtype=float)
    y, start, written = np.arange(len(counts)), np.zeros(len(counts)), np.zeros(len(counts))
    for column, (name, colour, hatch) in OUTCOMES.items():
        share = np.divide(counts[column].to_numpy(), total, out=np.zeros(len(y)), where=total > 0)
        axes.barh(y, share, left=start, height=0.5, color=colour, edgecolor="white", hatch=hatch, label=name)
        for row in np.flatnonzero(counts[column]):
            text, middle = f"{counts[column].iloc[row]:,.0f}", start[row] + share[row] / 2
            room = (len(text) * LETTER * 10.5 + 0.1) / inches
            if share[row] > room:
                ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
                axes.text(middle, row, text, ha="center", va="center", bbox=ground)
            else:  # above the bar, beside the one before it
                at = min(max(middle - room / 2, written[row]), 1 - room)
                axes.text(at, row - 0.28, text, va="bottom")
                written[row] = at + room
        start += share
    axes.set_xlim(0, 1)
    axes.set_ylim(len(counts) - 0.7, -0.55)
    axes.set_yticks(y, names)
    axes.tick_params(axis="y", length=0)
    look.shares(axes, "x")
    axes.set_xlabel("Share of detainers issued")
    _key(figure, axes.containers)
    declined, taken, other, none = (f"{sums[name]:,.0f}" for name in OUTCOMES)
    figure.alt = (
        f"Stacked bar of the recorded outcome: {declined} declined, {taken} taken by ICE, {other} other ends, {none} "
        "not recorded. The numbers are in the table key_figures."
    )
    return figure


@_drawn("observed", "expected", "over_expected", "low", "high")
def expected(table: pd.DataFrame) -> Figure:
    """Draw each state's declines over those expected of detainers alike, with their 95 % intervals, on a log axis.

    Parameters
    ----------
    table
        As from :func:`analysis.stats.standardisation.expected`: index the postal code, or ``state_name``.
    """
    ranked = table.sort_values("over_expected", ascending=False, kind="stable")
    names = _lines(ranked.get("state_name", ranked.index.to_series().map(all_states()["name"])))
    furthest = (ranked["observed"] - ranked["expected"]).abs().argmax()
    one, name = ranked.iloc[furthest], names[furthest]
    title = f"{name}: {one['observed']:,.0f} recorded as declined, {one['expected']:,.3g} expected"
    subtitle = _told("Declines recorded over those expected of detainers alike", *_of(table, "period_name"))
    left = _room(names)
    figure, (axes,) = frame(max(0.6, 0.27 * len(names)), title, subtitle, left=left, right=1.6, bottom=0.95)
    ends = ranked[["over_expected", "low", "high"]].to_numpy(dtype=float)
    least = min(0.5, ends[ends > 0].min()) / 1.3
    most, y = max(2.0, ends[np.isfinite(ends)].max()) * 1.1, np.arange(len(ranked))
    shown, low, high = np.clip(ends, least, most).T
    axes.hlines(y, low, high, color=DECLINED, linewidth=1.6)
    none = ends[:, 0] <= 0
    axes.plot(shown[~none], y[~none], "o", color=DECLINED, clip_on=False)
    axes.plot(shown[none], y[none], "<", color=DECLINED, markerfacecolor="white", clip_on=False)
    axes.axvline(1, color=INK, linewidth=1)
    for row, state in enumerate(ranked.itertuples()):
        text = f"{state.observed:,.0f} of {state.expected:,.3g}"
        axes.annotate(text, (1, row), (8, 0), axes.get_yaxis_transform(), "offset points", va="center")
    axes.annotate("recorded of expected", (1, 1), (8, 4), "axes fraction", "offset points", fontsize=9, color=FAINT)
    axes.set_xscale("log")
    axes.set_xlim(least, most)
    axes.set_ylim(len(ranked) - 0.4, -0.6)
    ticks = [at for at in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if least <= at <= most]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:g}"))
    axes.set_yticks(y, names)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("Recorded over expected (1 = as expected; equal steps are equal ratios)")
    key = [_mark("ratio", "o", DECLINED), Line2D([], [], color=DECLINED, label="95% interval")]
    _key(figure, [*key, _mark("none recorded", "<", DECLINED, "white")] if none.any() else key)
    figure.alt = (
        f"Dot plot of the declines recorded over those expected of detainers alike, for {len(ranked)} states with 95% "
        f"intervals. {title}. The numbers are in the table expected."
    )
    return figure


@_drawn("outcome", "day", "incidence", "low", "high")
def time_to_outcome(curves: pd.DataFrame) -> Figure:
    """Draw the share of detainers that had ended in each way, by days since issue.

    Parameters
    ----------
    curves
        As from :func:`analysis.stats.incidence.cumulative_incidence`. A way without a line: none had ended so.
    """
    if not curves["incidence"].any():
        return _reason("No detainer has ended.")
    own = curves[curves["outcome"] == "declined_by_lea"]
    within = own[own["day"] <= WITHIN_DAYS]
    title = "How detainers ended, by days since issue"
    if own["incidence"].any() and len(within) and own["day"].max() >= WITHIN_DAYS:
        title = f"{within['incidence'].iloc[-1]:.1%} recorded as declined within {WITHIN_DAYS} days of issue"
    followed = _detainers(curves["at_risk"].max()) if "at_risk" in curves else ""
    subtitle = _told("Share ended in each way, other ends counted as such", followed, *_of(curves, "place_name"))
    figure, (axes,) = frame(2.9, title, subtitle, left=0.8, right=2.1, bottom=0.65)
    top = 1.1 * max(0.05, float(curves["high"].max()))
    floor, ways = -np.inf, []
    for outcome, curve in curves.groupby("outcome", sort=False):
        if curve["incidence"].any():
            name, colour, line = WAYS.get(str(outcome), (str(outcome).replace("_", " "), OPEN, ":"))
            axes.step(curve["day"], curve["incidence"], line, where="post", color=colour, linewidth=1.8)
            axes.fill_between(curve["day"], curve["low"], curve["high"], step="post", color=colour, alpha=0.15)
            ways.append((float(curve["incidence"].iloc[-1]), name, colour))
    for height, name, colour in sorted(ways):
        floor = max(height, floor + 0.08 * top)  # names keep apart where curves do not
        arrow = {"arrowstyle": "-", "color": colour, "linewidth": 0.9, "shrinkA": 1, "shrinkB": 0}
        ends = ((1, height), (1.03, floor), ("axes fraction", "data"), ("axes fraction", "data"))
        axes.annotate(f"{name}\n{height:.1%}", *ends, va="center", linespacing=1.0, arrowprops=arrow)
    axes.set_xlim(0, READ_AT[-1])
    axes.set_xticks([0, *READ_AT])
    axes.set_ylim(0, top)
    axes.set(xlabel="Days since issue", ylabel="Share of detainers")
    look.shares(axes, "y")
    figure.alt = (
        "Curves of the share of detainers that had ended in each way by days since issue, with 95% intervals; those "
        f"without a recorded end count as followed until the extraction. {title}. "
        "The numbers at some days are in the table incidence."
    )
    return figure


# The published weeks, and how good a release is.


@_drawn("week", "declined", "elsewhere")
def published_weeks(weeks: pd.DataFrame) -> Figure:
    """Draw each published week's declines, all places together, and without the one place that holds most of one.

    Parameters
    ----------
    weeks
        One row a week: ``week``, ``declined`` and ``elsewhere``, NaN where the place's number is not known.
        ``attrs["without"]``: the place's name; ``attrs["comparison"]``: a dict with ``before``, ``now``, ``ratio``,
        ``low``, ``high`` and ``finding``, of the last week without the place against the one before it.
    """
    without, last = str(weeks.attrs.get("without", "one place")), weeks.iloc[-1]
    days = [pd.Timestamp(day) for day in weeks["week"]]
    title = f"{_detainers(last['declined'])} recorded as declined"
    if pd.notna(last["elsewhere"]):
        title = f"{last['declined']:,.0f} recorded as declined, {last['elsewhere']:,.0f} of them outside {without}"
        if against := weeks.attrs.get("comparison"):
            title = (
                f"Without {without}: {against['now']:,} against {against['before']:,} the week before, "
                f"{against['finding']} (ratio {against['ratio']:.2f}, 95% interval {against['low']:.2f} to "
                f"{against['high']:.2f})"
            )
    friday = days[-1] + pd.Timedelta(days=6)
    subtitle = (
        f"Detainers recorded as declined in a week, the United States with and without {without}, weeks up to that "
        f"ending {_day(friday)}"
    )
    labels = [f"{day.day} {day:%b} to {_short(day + pd.Timedelta(days=6))}" for day in days]
    figure, (axes,) = frame(0.75 * len(weeks), title, subtitle, left=_room(labels), right=0.9, bottom=0.95)
    y = np.arange(len(weeks))
    for column, mark, colour, face, up in (
        ("declined", "o", DECLINED, DECLINED, -0.2),
        ("elsewhere", "D", TAKEN, "white", 0.2),
    ):
        count = weeks[column].to_numpy(dtype=float)
        marks: dict = {"color": colour, "markerfacecolor": face, "markersize": 8, "clip_on": False, "zorder": 3}
        axes.plot(count, y + up, mark, **marks)
        for at, number in zip(y + up, count, strict=True):
            text, x = ("not known", 0.0) if np.isnan(number) else (f"{number:,.0f}", number)
            axes.annotate(text, (x, at), (9, 0), textcoords="offset points", va="center")
    _rows(axes, labels, 1.04 * max(1, weeks["declined"].max()))
    short = textwrap.shorten(without, 50, placeholder=" …")
    _key(figure, [_mark("all places", "o", DECLINED), _mark(f"without {short}", "D", TAKEN, "white")])
    told = [
        f"week of {day.day} {day:%B} {row.declined:,.0f} and "
        + ("not known" if pd.isna(row.elsewhere) else f"{row.elsewhere:,.0f}")
        for day, row in zip(days, weeks.itertuples(), strict=True)
    ]
    figure.alt = (
        f"Dot plot of detainers recorded as declined by week, all places together and without {without}: "
        f"{'; '.join(told)}. {title}. The numbers are in the table weeks."
    )
    return figure


def _short(day: pd.Timestamp) -> str:
    """Write a day for the label of a row."""
    return f"{day.day} {day:%b %Y}"


def _rows(axes: Axes, labels: Sequence[str], most: float) -> None:
    """Label the rows of a plot of counts from the top."""
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_yticks(np.arange(len(labels)), labels)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, most)
    axes.set_xlabel("Detainers recorded as declined")
    look.counts(axes, "x")


@_drawn("place", "state", "level", "declined", "bound")
def published_places(places: pd.DataFrame) -> Figure:
    """Draw what a published week says of its places, one row each, in the order given from the top.

    Parameters
    ----------
    places
        Rows of ``declined_by_place``. Places with no decline or a disputed figure are left out; a lower bound is an
        arrow to the right. ``attrs`` may hold ``declined`` (all places together), ``placed`` (how many of them are
        located in a state), ``apart`` and ``apart_name`` (the number and the name of the place that holds most).
    """
    shown = places[(places["declined"] > 0) & (places["bound"] != "disputed")]
    if shown.empty:
        return _reason("No place with a known figure has a decline.")
    alone = shown["level"].isin(["state", "region"])
    labels = _lines(shown["place"].where(alone, shown["place"] + ", " + shown["state"]))
    declined, placed, apart, name = _of(places, "declined", "placed", "apart", "apart_name")
    of_one = f", {apart:,} in {name}" if apart else ""
    title = f"{declined:,} declines nationwide, {placed:,} located{of_one}" if declined else "Declines by place"
    subtitle = "Detainers recorded as declined, places with a known figure (they nest)"
    figure, (axes,) = frame(
        max(0.6, sum(0.1 + 0.17 * (1 + label.count("\n")) for label in labels)),
        title,
        _told(subtitle, *_of(places, "period_name")),
        left=_room(labels),
        right=0.5,
        bottom=0.95,
    )
    y, least = np.arange(len(shown)), (shown["bound"] == "at_least").to_numpy(dtype=bool)
    number = shown["declined"].to_numpy()
    axes.plot(number[~least], y[~least], "o", color=DECLINED, clip_on=False)
    key = [_mark("as printed", "o", DECLINED)]
    if least.any():
        axes.plot(number[least], y[least], ">", color=DECLINED, markerfacecolor="white", markersize=7, clip_on=False)
        key.append(_mark("at least this many", ">", DECLINED, "white"))
    _rows(axes, labels, 1.04 * max(1, number.max()))
    _key(figure, key)
    known = f" {declined:,} nationwide{of_one}; known places account for at least {placed:,}." if declined else ""
    figure.alt = (
        f"Dot plot of detainers recorded as declined by place.{known} The numbers are in the table declined_by_place."
    )
    return figure


@_drawn("issued", "not_recorded", "blank_share", "unfinished")
def recording(quality: pd.DataFrame) -> Figure:
    """Draw the detainers issued by week, and the share of them without a recorded end.

    Parameters
    ----------
    quality
        As from :func:`analysis.load.irregular.recording_by_week`; weeks that look unfinished are open marks.
        ``attrs["data_through"]``: the source's last day.
    """
    finished = (quality["unfinished"] == "").to_numpy()
    title = f"Weeks at the end that look unfinished: {(~finished).sum()}"
    through = quality.attrs.get("data_through")
    subtitle = "Detainers issued by week, and the share of them without a lift reason"
    subtitle += f", data through {_day(through)}" if through else ""
    figure, (above, below) = frame(1.6, title, subtitle, rows=2, left=1.0, bottom=0.85)
    x = np.asarray(look.weeks(below, quality.index))
    for axes, column, colour in ((above, "issued", TAKEN), (below, "blank_share", DECLINED)):
        for chosen, face in ((finished, colour), (~finished, "white")):
            marks: dict = {"color": colour, "markerfacecolor": face, "markersize": 4.5, "clip_on": False}
            axes.plot(x[chosen], quality[column][chosen], "o", **marks)
    above.set(ylabel="Detainers issued", ylim=(0, 1.08 * max(1, quality["issued"].max())))
    below.set(ylabel="Lift reason blank", ylim=(0, 1))
    look.counts(above, "y")
    look.shares(below, "y")
    _key(figure, [_mark("looks finished", "o", INK), _mark("looks unfinished", "o", INK, "white")])
    blank = quality["not_recorded"].sum() / max(1, quality["issued"].sum())
    figure.alt = (
        "Two panels by week of issue: detainers issued, and the share of them whose lift reason is blank. Weeks at the "
        f"end that look unfinished, as open marks: {(~finished).sum()}. {blank:.1%} of all detainers have no lift "
        "reason. The numbers are in the table weeks."
    )
    return figure


@_drawn("declined_was", "declined_now", "declined_change", "cut")
def revisions(weeks: pd.DataFrame) -> Figure:
    """Draw what two versions of a source say of each week's declines, and the difference.

    Parameters
    ----------
    weeks
        The weeks of :func:`analysis.stats.revisions.compare_versions`; those that one version does not reach are left
        out, and those that one has in part are crosses. ``attrs`` may hold ``older`` and ``newer``, the versions.
    """
    shown = weeks.dropna(subset=["declined_was", "declined_now"])
    if shown.empty:
        return _reason("No week is in both versions.")
    whole, cut = shown[~shown["cut"]], shown[shown["cut"]]
    was, now = (f"{whole[name].sum():,.0f}" for name in ("declined_was", "declined_now"))
    title = f"{was} declines of the same weeks have become {now}"
    versions = " {} and {}".format(*_of(weeks, "older", "newer")) if "older" in weeks.attrs else ""
    subtitle = f"Recorded as declined by week of issue, in the versions{versions}" if versions else ""
    figure, (above, below) = frame(
        1.7, title, subtitle or "Recorded as declined by week of issue, in two versions", rows=2, left=1.0, bottom=0.85
    )
    x = pd.Series(look.weeks(below, shown.index), shown.index)
    above.vlines(x[whole.index], whole["declined_was"], whole["declined_now"], color=OPEN, linewidth=1)
    dots: dict = {"linestyle": "", "clip_on": False}
    above.plot(x[whole.index], whole["declined_was"], marker="o", color=INK, markerfacecolor="white", ms=5, **dots)
    above.plot(x[whole.index], whole["declined_now"], marker="o", color=DECLINED, ms=4, **dots)
    key = [_mark("older version", "o", INK, "white"), _mark("newer version", "o", DECLINED)]
    if len(cut):
        above.plot(x[cut.index], cut["declined_now"], marker="x", color=DECLINED, ms=6, **dots)
        key.append(_mark("week cut short in a version", "x", DECLINED))
    below.bar(x[whole.index], whole["declined_change"], width=5, color=DECLINED)
    below.axhline(0, color=FAINT, linewidth=0.8)
    above.set(ylabel="Recorded as declined")
    above.set_ylim(0, 1.08 * max(1, shown[["declined_was", "declined_now"]].to_numpy().max()))
    below.set(ylabel="Newer less older")
    if not whole["declined_change"].any():
        below.set_ylim(-1, 1)
    for axes in (above, below):
        look.counts(axes, "y")
    _key(figure, key)
    number = f"{len(whole)} week{'' if len(whole) == 1 else 's'}"
    figure.alt = (
        "Two panels by week of issue: detainers recorded as declined in the older and the newer version, and the "
        f"difference. Over {number} that both have in full they went from {was} to {now}. "
        "The numbers are in the table weeks."
    )
    return figure
