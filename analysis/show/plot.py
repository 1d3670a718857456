"""Figures: each a function of one frame, whose headline and alternative text are made of that frame.

What its rows do not say stands in ``frame.attrs``: ``place_name``, ``period_name``, ``week`` (ISO day of the Saturday),
``synthetic``, ``reason`` (why it is empty). Colour says nothing alone: a mark, hatch or printed number says it too.
"""

from __future__ import annotations

import textwrap

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from analysis.load.reference import states as all_states
from analysis.periods import week_in_words
from analysis.show import style as look
from analysis.show.style import DECLINED, EDGE, FAINT, INK, OPEN, OTHER_ENDS, TAKEN, WIDTH, Figure, drawn, frame
from analysis.show.tables import write
from analysis.stats.counts import TRAILING_WEEKS

__all__ = [
    *("cross_table", "expected", "nowcast", "outcomes", "published_map", "published_places", "published_weeks"),
    *("recording", "revisions", "state_map", "time_to_outcome", "weekly_counts"),
]
CLASSES = {1: "1 to 4", 5: "5 to 9", 10: "10 to 19", 20: "20 to 49", 50: "50 or more"}  # those of a map's colours
DARK = 0.6  # part of the darkest shade from which text on it is white: on either side its contrast is 4.5 at least
STATUSES: dict[str, tuple[str, str, dict]] = {
    "settled": ("o", "declined", {}),
    "provisional": ("o", "unfinished", {"facecolor": "white"}),
    "too young": ("^", "unfinished", {"facecolor": "white"}),
    "partial": ("", "partial week", {"facecolor": "white", "hatch": look.HATCH}),
}
"""Mark of a week's share, name and look of its bar; a week that is partial has no share."""
OUTCOMES = {
    "declined": ("recorded as declined", DECLINED, ""),
    "taken": ("taken by ICE", TAKEN, "///"),
    "other_ends": ("other ends", OTHER_ENDS, "--"),
    "not_recorded": ("no outcome recorded", OPEN, "xx"),
}
"""Name, colour and hatch of each outcome, in the order in which they are drawn."""
WAYS = {"declined_by_lea": ("declined", "-"), "transferred_to_ice": ("taken", "--"), "other_end": ("other_ends", "-.")}
MOST_WEEKS, MANY_WEEKS = 104, 75  # how many are drawn; from how many on what is drawn of each touches the next
READ_AT, WITHIN_DAYS = (7, 14, 30, 60), 30
MOST_NAMED = 4  # places that a title names
LEAST_RATIO = 0.05  # where the axis of ratios begins


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Figure:
    raise AttributeError(f"plot has no attribute {name!r}; it has {', '.join(__all__)}")


@drawn
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
    counts, issued = (states[name].reindex(known.index, fill_value=0) for name in ("declined", "issued"))
    tiles = known.assign(count=counts, label=counts.map(_short), present=issued > 0)
    first = known["name"][counts.idxmax()] if counts.any() else None
    figure = _tiles(tiles, "no detainers", states.attrs.get("marked", ""))
    return figure.telling(first=first, most=counts.max(), total=counts.sum())


@drawn
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
    label, present = low.map(_short), bound.isin(["exact", "at_least"])
    tiles = all_states().assign(count=low, label=label.where(bound == "exact", "≥" + label), present=present)
    least = int((bound == "at_least").sum()) or None
    return _tiles(tiles, "not known").telling(placed=low.sum(), states=(low > 0).sum(), least=least)


def _short(count: float) -> str:
    """Write a count as a tile has room for, in thousands (k) from 1,000 on; the table has it in full."""
    return f"{count:.0f}" if count < 1000 else f"{count / 1000:.{int(count < 9950)}f}k"


def _tiles(tiles: pd.DataFrame, absent: str, marked: str = "") -> Figure:
    """Draw a tile for each state: its ``label``, the class of its ``count``, hatched where nothing is ``present``."""
    rows, columns, side, shades = tiles["tile_row"].max(), tiles["tile_column"].max(), 0.4, ("white", *look.RAMP)
    rank = np.searchsorted([*CLASSES], tiles["count"], side="right")
    tiles = tiles.assign(face=np.take(shades, rank), ink=np.where(rank < 4, INK, "white"), x=tiles["tile_column"] - 0.5)
    figure, (axes,) = frame(rows * side, left=EDGE, right=WIDTH - EDGE - columns * side, bottom=0.08)
    axes.set_axis_off()
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    here, gone = tiles[tiles["present"]], tiles[~tiles["present"]]
    alike = here.sort_values("count", kind="stable")  # tiles of one colour become one path
    filled: dict = {"facecolor": alike["face"].to_list(), "edgecolor": look.EDGES}
    without: dict = {"facecolor": look.NO_DETAINERS, "edgecolor": look.EDGES, "hatch": look.HATCH}
    outlined: dict = {"facecolor": "none", "edgecolor": INK, "linewidth": 2.4}
    for group, box in ((alike, filled), (gone, without), (tiles[tiles.index == marked], outlined)):
        look.boxes(axes, group["tile_column"] - 0.97, group["tile_row"] - 0.97, 0.94, 0.94, **{"linewidth": 0.8, **box})
    middle: dict = {"ha": "center", "va": "center"}
    for tile in here.itertuples():
        axes.text(tile.x, tile.tile_row - 0.72, tile.Index, color=tile.ink, **middle)
        number: dict = {"color": tile.ink, "weight": "bold"} if tile.count else {"color": FAINT}
        axes.text(tile.x, tile.tile_row - 0.31, tile.label, **number, **middle)
    ground = {"facecolor": look.NO_DETAINERS, "edgecolor": "none", "pad": 1}
    for tile in gone.itertuples():
        axes.text(tile.x, tile.tile_row - 0.5, tile.Index, color=FAINT, bbox=ground, **middle)
    faces = zip(("none", *CLASSES.values()), shades, strict=True)
    figure.swatches = [Patch(label=name, facecolor=face, edgecolor=look.EDGES) for name, face in faces]
    figure.swatches.append(Patch(label=absent, **without))
    return figure


@drawn
def weekly_counts(weeks: pd.DataFrame) -> Figure:
    """Draw the share declined by week as a line, and below it the number as bars with the range that is usual.

    Parameters
    ----------
    weeks
        As from :func:`analysis.stats.summary.weekly_counts`. Weeks that are not finished are open; a partial one has no
        share. ``attrs["week"]``: the week that the figure is about, by default the last one. ``attrs["events"]``: known
        events, each a dict with ``date`` and ``letter``; those too near for a letter each share a label. Of more than
        ``MOST_WEEKS`` weeks those about this one are drawn, the last at most.
    """
    week, events = look.week_of(weeks), weeks.attrs.get("events") or []
    first = max(0, min(weeks.index.get_loc(week) - MOST_WEEKS // 2, len(weeks) - MOST_WEEKS))
    if len(weeks) > MOST_WEEKS:
        weeks = weeks.iloc[first : first + MOST_WEEKS]
        ends = weeks.index[0], weeks.index[-1] + pd.Timedelta(days=6)
        events = [event for event in events if ends[0] <= pd.Timestamp(event["date"]) <= ends[1]]
    own, last = weeks.loc[week], week == weeks.index[-1]
    figure, (above, below), x = look.week_frame(weeks, 1.75, 2, right=0.75, gap=0.34)
    _shares(above, weeks, x)
    _bars(below, weeks, x, week)
    _mark_events(above, below, events, x)
    beside: dict = {"xytext": (7, 0), "va": "center"} if last else {"xytext": (0, 7), "ha": "center"}
    beside |= {"textcoords": "offset points", "weight": "bold"}
    below.annotate(f"{own['declined']:,.0f}", (x[week] + 2.5 * last, own["declined"]), color=DECLINED, **beside)
    if own["status"] != "partial" and pd.notna(own["share"]):
        above.annotate(f"{own['share']:.1%}", (x[week], own["share"]), color=TAKEN, **beside)
    return figure.telling(**own, week=week, usual_after=TRAILING_WEEKS if weeks["usual_low"].notna().any() else None)


def _shares(axes: Axes, weeks: pd.DataFrame, x: pd.Series) -> None:
    """Draw the weeks' shares as a line, with their intervals."""
    whole = weeks[(weeks["status"] != "partial") & weeks["share"].notna()]
    if whole.empty:
        axes.set(ylabel="Share of issued", yticks=[])
        axes.text(0.03, 0.5, "no share is given", transform=axes.transAxes, color=FAINT)
        return
    axes.plot(x[whole.index], whole["share"], color=TAKEN, linewidth=1)
    for status, (mark, *_) in STATUSES.items():
        chosen = whole[whole["status"] == status]
        look.dots(axes, x[chosen.index], chosen["share"], mark, status, TAKEN, hollow=status != "settled")
    interval: dict = {"color": look.LIGHT_TAKEN, "linewidth": 1.4, "label": "95% interval"}
    between = axes.vlines if len(whole) <= MANY_WEEKS else axes.fill_between  # lines would be a wall
    between(x[whole.index], whole["share_low"], whole["share_high"], **interval)
    look.scale(axes, "y", "Share of issued", min(1.0, 1.08 * max(0.01, whole["share_high"].max())), share=True)


def _bars(axes: Axes, weeks: pd.DataFrame, x: pd.Series, week: pd.Timestamp) -> None:
    """Draw the weeks' declines as bars, before the range that would be usual; the week's own is the strongest."""
    for status, chosen in weeks.groupby("status", sort=False):
        _, name, fill = STATUSES[str(status)]
        thin = 0.8 if len(weeks) <= MANY_WEEKS else 0.3
        edged = {"facecolor": look.LIGHT_DECLINED, "edgecolor": DECLINED, "linewidth": thin, **fill}
        look.boxes(axes, x[chosen.index] - 2.5, 0, 5, chosen["declined"], label=name, **edged)
        if week in chosen.index:
            own = {**edged, "linewidth": 2, **(fill or {"facecolor": DECLINED})}
            look.boxes(axes, x[[week]] - 2.5, 0, 5, chosen["declined"][[week]], **own)
    usual, top = weeks.dropna(subset="usual_low"), max(1, weeks[["declined", "usual_high"]].max().max())
    if len(usual):
        low, high, left = usual["usual_low"], usual["usual_high"], x[usual.index] - 3.5
        look.boxes(axes, left, low, 7, high - low, facecolor="#DEDEDE", zorder=0.5, label="usual range")
        for end in (low, high):
            axes.hlines(end, left, left + 7, color=FAINT, linewidth=0.8)
    for side, mark in (("above", "^"), ("below", "v")):
        outside = weeks[weeks["outside"] == side]
        look.dots(axes, x[outside.index], outside["declined"] + 0.06 * top, mark, f"{side} it", INK)
    look.scale(axes, "y", "Recorded as declined", 1.14 * top)


def _mark_events(above: Axes, below: Axes, events: list[dict], x: pd.Series) -> None:
    """Draw a dotted line for each known event, and between the panels its letter; near ones share a label."""
    first, last = x.iloc[0], x.iloc[-1] + 6
    near = (0.05 if len(events) <= 26 else 0.09) * (last - first + 10)  # letters go on with AA
    labels: dict[float, list[str]] = {}
    for event in sorted(events, key=lambda event: pd.Timestamp(event["date"])):
        at = min(max(float(mdates.date2num(pd.Timestamp(event["date"]))), first), last)
        for axes in (above, below):
            axes.axvline(at, color=FAINT, linestyle=":", linewidth=1, zorder=1)
        labels.setdefault(next((begin for begin in labels if at - begin < near), at), []).append(event["letter"])
    for at, letters in labels.items():
        label = "–".join(dict.fromkeys([letters[0], letters[-1]]))
        below.annotate(label, (at, 1), (0, 4), ("data", "axes fraction"), "offset points", ha="center")


@drawn
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
    figure, (axes,), x = look.week_frame(weeks, 2.3)
    look.dots(axes, x[~young], weeks["recorded"][~young], "o", "recorded", DECLINED)
    axes.vlines(x[given], some["low"], some["high"], color=INK, linewidth=1.2)
    look.dots(axes, x[given], some["estimate"], "D", "estimate of the final number, 90% band", INK, hollow=True)
    look.dots(axes, x[young], weeks["recorded"][young], "x", "too young for one", INK)
    look.scale(axes, "y", "Recorded as declined", 1.1 * max([1, *weeks["recorded"], *some["high"]]))
    return figure.telling(recorded=own["recorded"], estimate=own["estimate"] if given[week] else None)


@drawn
def cross_table(table: pd.DataFrame) -> Figure:
    """Draw declines by state and offence group, each count printed; a cell that is not shown exactly is hatched.

    Parameters
    ----------
    table
        One row per ``state_name`` and ``group``: ``declined``, NaN where hidden, and ``declined_shown``, its label;
        those called All are sums, which have no shade. A state whose cells are all 0 is left out. ``attrs`` may hold
        ``hidden`` (how many labels are no count) and ``threshold``.
    """
    some = table.groupby("state_name")["declined_shown"].transform(lambda labels: set(labels) != {"0"})
    table = table[some | (table["state_name"] == "All") | ~some.any()]
    order = {"index": table["state_name"].unique(), "columns": table["group"].unique()}
    cells = table.set_index(["state_name", "group"])
    counts, labels = (cells[name].unstack().reindex(**order) for name in ("declined", "declined_shown"))  # noqa: PD010
    labels = labels.fillna("").replace("not shown", "·").map(lambda label: label and write(label, "figure"))
    least = max(0.5, 0.06 + max(look.width_of(label, 10) for label in labels.to_numpy().flat))  # inches of a column
    rows, named = look.lines(counts.index), [textwrap.fill(name, 18, max_lines=2, placeholder=" …") for name in counts]
    if look.room_of(rows) + least * len(named) > WIDTH - 0.2:  # there is no room for names of states
        codes = {name: str(code) for code, name in all_states()["name"].items()}
        rows = [textwrap.fill(codes.get(name, name), 10) for name in counts.index]
    left = max(look.room_of(rows), 0.2 + look.room_of(named[:1]) / 2**0.5)
    groups = dict(zip(counts, named, strict=True))
    told = {"hidden": table.attrs.get("hidden", counts.isna().sum().sum())}
    if (left_out := len(named) - int((WIDTH - left - 0.2) / least)) > 0:
        told |= {"groups": len(named) - left_out - ("All" in counts), "of_groups": len(named) - ("All" in counts)}
        fewest = counts.drop(columns="All", errors="ignore").sum().sort_values(kind="stable").index[:left_out]
        groups = {name: said for name, said in groups.items() if name not in fewest}
        counts, labels = counts[[*groups]], labels[[*groups]]
    wide = min(0.8, (WIDTH - left - 0.2) / len(groups))
    deep = 0.4 + look.room_of([*groups.values()]) * 0.82
    margins = {"left": left, "right": WIDTH - left - wide * len(groups), "bottom": deep}
    figure, (axes,) = frame((0.4 if "\n" in "".join(rows) else 0.3) * len(rows), **margins)
    sums = np.logical_or.outer(counts.index == "All", counts.columns == "All")
    hidden = counts.isna().to_numpy()
    shade = np.sqrt(counts.astype(float).fillna(0).mask(sums, 0))  # large ones would leave no shade to small ones
    darkest = max(1.0, float(shade.to_numpy().max()))
    colours = ListedColormap(["white", *look.RAMP])
    bare: dict = {"cbar": False, "xticklabels": False, "yticklabels": False, "linewidths": 0.6, "linecolor": "#D5D5D5"}
    bare |= {"annot": labels, "fmt": "", "annot_kws": {"size": 11}}
    sns.heatmap(shade.mask(shade == 0, -1), cmap=colours, vmin=-darkest / 5, vmax=darkest, ax=axes, **bare)
    grey: dict = {"facecolor": look.NO_DETAINERS, "edgecolor": "#C9C9C9"}
    down, across = np.nonzero(hidden)
    look.boxes(axes, across, down, 1, 1, hatch=look.HATCH, linewidth=0.4, **grey)
    for text, value, unseen, whole in zip(axes.texts, shade.to_numpy().flat, hidden.flat, sums.flat, strict=True):
        text.set(color="white" if value >= DARK * darkest else look.INK, weight="bold" if whole else "normal")
        if unseen:
            text.set_bbox({**grey, "edgecolor": "none", "pad": 0.5})
    axes.set(xlabel="", ylabel="")
    axes.tick_params(length=0)
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
    stand: dict = {"rotation": 55, "ha": "right", "rotation_mode": "anchor", "linespacing": 0.95}
    axes.set_xticks(np.arange(len(groups)) + 0.5, groups.values(), **stand)
    return figure.telling(**told, hatched="hatched" if hidden.any() else None)


@drawn
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
    'ICE has recorded no outcome for 4 of 20 detainers'
    """
    sums, total = counts[list(OUTCOMES)].sum(), counts[list(OUTCOMES)].sum(axis="columns").to_numpy(dtype=float)
    names = look.lines(counts.index, 18) if len(counts) > 1 else [""]
    figure, axes, rows = look.row_frame(names, max(0.72, 0.4 * len(names)))
    start, written, bars = np.zeros(len(rows)), np.zeros(len(rows)), WIDTH - look.room_of(names) - 0.3
    for column, (name, colour, hatch) in OUTCOMES.items():
        share = np.divide(counts[column].to_numpy(), total, out=np.zeros(len(rows)), where=total > 0)
        axes.barh(rows, share, left=start, height=0.5, color=colour, ec="white", hatch=hatch, label=name)
        for row in np.flatnonzero(counts[column]).tolist():
            text, middle = f"{counts[column].iloc[row]:,.0f}", start[row] + share[row] / 2
            room = (look.width_of(text) + 0.12) / bars
            if share[row] > room:
                ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
                axes.text(middle, row, text, ha="center", va="center", bbox=ground)
            else:  # above the bar, beside the one before it
                at = min(max(middle - room / 2, written[row]), 1 - room)
                axes.text(at, row - 0.28, text, va="bottom")
                written[row] = at + room
        start += share
    look.scale(axes, "x", "Share of detainers issued", 1, share=True)
    return figure.telling(**sums, issued=sums.sum())


@drawn
def expected(table: pd.DataFrame) -> Figure:
    """Draw each state's declines over those expected of detainers alike, with their 95 % intervals, on a log axis.

    Parameters
    ----------
    table
        As from :func:`analysis.stats.standardisation.expected`: index the postal code, or ``state_name``.
    """
    ranked = table.sort_values("over_expected", ascending=False, kind="stable")
    names = look.lines(ranked["state_name"] if "state_name" in ranked else ranked.index.map(all_states()["name"]))
    at = int((ranked["observed"] - ranked["expected"]).abs().argmax())
    told = [(f"{n:,.0f}", write(e, "about")) for n, e in zip(ranked["observed"], ranked["expected"], strict=True)]
    figure, axes, y = look.row_frame(names, 0.21 * len(names), right=1.7, top=0.2)
    ratio, low, high = (ranked[name].to_numpy(dtype=float) for name in ("over_expected", "low", "high"))
    most, below = 1.1 * max(2.0, high[np.isfinite(high)].max(initial=0)), ratio < LEAST_RATIO
    axes.hlines(y, low.clip(LEAST_RATIO), high.clip(LEAST_RATIO, most), color=DECLINED, label="95% interval")
    look.dots(axes, ratio[~below], y[~below], "o", "ratio", DECLINED)
    look.dots(axes, np.full(below.sum(), LEAST_RATIO), y[below], "<", f"below {LEAST_RATIO}", DECLINED, hollow=True)
    axes.axvline(1, color=INK, linewidth=1)
    for row, numbers in enumerate([("recorded", "expected"), *told], start=-1):
        beside: dict = {"va": "center"} | ({"color": FAINT} if row < 0 else {})
        axes.annotate(" / ".join(numbers), (1, row), (8, 0), axes.get_yaxis_transform(), "offset points", **beside)
    axes.set_xscale("log")
    axes.set(xlim=(LEAST_RATIO, most), xlabel="Recorded over expected (1: as expected)")
    apart = (WIDTH - look.room_of(names) - 1.7) / np.log10(most / LEAST_RATIO) > 0.5  # inches for a tenfold ratio
    ticks = [tick for tick in ((0.05, 0.2, 1, 5, 20) if apart else (0.05, 1, 20)) if tick <= most]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(visible=True, axis="x")
    return figure.telling(states=len(names), furthest=names[at], observed=told[at][0], expected=told[at][1])


@drawn
def time_to_outcome(curves: pd.DataFrame) -> Figure:
    """Draw the share of detainers that had ended in each way, by days since issue.

    Parameters
    ----------
    curves
        As from :func:`analysis.stats.inference.cumulative_incidence`. A way without a line: none had ended so.
    """
    if not curves["incidence"].any():
        return look.empty("No detainer has ended.")
    own = curves[curves["outcome"] == "declined_by_lea"]
    reached = own["incidence"].any() and own["day"].max() >= WITHIN_DAYS
    within = own.loc[own["day"] <= WITHIN_DAYS, "incidence"].iloc[-1] if reached else None
    figure, (axes,) = frame(2.6, left=0.8, right=1.9)
    top, floor, last = 1.1 * max(0.05, float(curves["high"].max())), -np.inf, []
    for outcome, (way, line) in WAYS.items():
        curve, (name, colour, _) = curves[curves["outcome"] == outcome], OUTCOMES[way]
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
    look.scale(axes, "y", "Share of detainers", top, share=True)
    return figure.telling(within=within, days=WITHIN_DAYS, followed=curves.get("at_risk", pd.Series([None])).max())


@drawn
def published_weeks(weeks: pd.DataFrame) -> Figure:
    """Draw each published week's declines, all places together, and without the one place that holds most of one.

    Parameters
    ----------
    weeks
        One row a week: ``week``, ``declined`` and ``elsewhere``, NaN where the place's number is not known.
        ``attrs["without"]``: the place's name; ``attrs["comparison"]``: a dict with ``before``, ``now``, ``ratio``,
        ``low``, ``high`` and ``finding``, of the last week without the place against the one before it.
    """
    without, own = weeks.attrs.get("without") or "one place", weeks.iloc[-1]
    against = weeks.attrs.get("comparison") or {} if pd.notna(own["elsewhere"]) else {}
    names = [week_in_words(day.date()) for day in pd.to_datetime(weeks["week"])]
    figure, axes, rows = look.row_frame([name.replace(" – ", " –\n") for name in names], 0.75 * len(weeks), right=0.9)
    short = textwrap.shorten(without, 35, placeholder=" …")
    written = weeks[["declined", "elsewhere"]].map("{:,.0f}".format).mask(weeks.isna(), "not known")
    looks = (("declined", "o", "all places", DECLINED, -0.2), ("elsewhere", "D", f"without {short}", TAKEN, 0.2))
    for column, mark, name, colour, down in looks:
        known = weeks[column].notna().to_numpy()
        look.dots(axes, weeks[column][known], rows[known] + down, mark, name, colour, hollow=down > 0)
        for row, (number, text) in enumerate(zip(weeks[column].fillna(0), written[column], strict=True)):
            axes.annotate(text, (number, row + down), **look.BESIDE)
    axes.spines["left"].set_visible(False)
    most = max(1, weeks["declined"].max())
    look.scale(axes, "x", "Detainers recorded as declined", 1.04 * most, -0.02 * most)
    told = [f"{name} {n} and {m}" for name, (n, m) in zip(names, written.to_numpy(), strict=True)]
    return figure.telling(**own, **against, without=without, end=names[-1], weeks="; ".join(told))


@drawn
def published_places(places: pd.DataFrame) -> Figure:
    """Draw what a published week says of its places, one row each, in the order given from the top.

    Parameters
    ----------
    places
        Rows of ``declined_by_place``. Places with no decline or a disputed figure are left out; a lower bound is an
        arrow to the right. ``attrs`` may hold ``declined`` (all places together) and ``placed`` (how many of them are
        located in a state), ``apart`` and ``apart_name`` (the number and the name of the place that holds most).
    """
    shown = places[(places["declined"] > 0) & (places["bound"] != "disputed")]
    if shown.empty:
        return look.empty("No place with a known figure has a decline.")
    alone = shown["level"].isin(["state", "region"])
    names = look.lines(shown["place"].where(alone, shown["place"] + ", " + shown["state"]))
    figure, axes, y = look.row_frame(names, sum(0.27 + 0.17 * name.count("\n") for name in names), right=0.7)
    number, least = shown["declined"].to_numpy(), (shown["bound"] == "at_least").to_numpy()
    look.dots(axes, number[~least], y[~least], "o", "as printed", DECLINED)
    look.dots(axes, number[least], y[least], ">", "at least this many", DECLINED, hollow=True)
    for row, (count, bound) in enumerate(zip(number, least, strict=True)):
        axes.annotate(f"{'≥' * int(bound)}{count:,}", (count, row), **look.BESIDE)
    axes.spines["left"].set_visible(False)
    look.scale(axes, "x", "Detainers recorded as declined", 1.04 * number.max(), -0.02 * number.max())
    outer = shown[shown["within"] == ""] if "within" in shown else shown
    first = outer.nlargest(MOST_NAMED, "declined").itertuples()
    named = (f"{textwrap.shorten(row.place, 30, placeholder=' …')} {row.declined}" for row in first)
    return figure.telling(first=", ".join(named))


@drawn
def recording(quality: pd.DataFrame) -> Figure:
    """Draw the detainers issued by week, and the share of them without a recorded end.

    Parameters
    ----------
    quality
        As from :func:`analysis.load.quality.recording_by_week`; weeks that look unfinished are open marks.
        ``attrs["data_through"]``: the source's last day.
    """
    finished = quality["unfinished"] == ""
    figure, (above, below), x = look.week_frame(quality, 1.6, 2, left=1.0)
    for axes, column, colour in ((above, "issued", TAKEN), (below, "blank_share", DECLINED)):
        look.dots(axes, x[finished], quality[column][finished], "o", "looks finished", colour)
        look.dots(axes, x[~finished], quality[column][~finished], "o", "looks unfinished", colour, hollow=True)
    look.scale(above, "y", "Detainers issued", 1.08 * max(1, quality["issued"].max()))
    look.scale(below, "y", "Lift reason blank", 1, share=True)
    blank = quality["not_recorded"].sum(min_count=1) / max(1, quality["issued"].sum())
    blank = None if np.isnan(blank) else blank  # not shown of a source of one state
    return figure.telling(number=(~finished).sum(), blank=blank)


@drawn
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
    whole, parts = shown[shown["cut"] == 0], shown[shown["cut"] != 0]
    figure, (above, below), x = look.week_frame(shown, 1.7, 2, left=1)
    above.vlines(x[whole.index], whole["declined_was"], whole["declined_now"], color=OPEN, linewidth=1)
    look.dots(above, x[whole.index], whole["declined_was"], "o", "older version", INK, hollow=True)
    above.plot(x[whole.index], whole["declined_now"], "o", color=DECLINED, ms=4, zorder=4, label="newer version")
    look.dots(above, x[parts.index], parts["declined_now"], "x", "week cut short in a version", DECLINED)
    look.boxes(below, x[whole.index] - 2.5, 0, 5, whole["declined_change"], facecolor=DECLINED)
    below.axhline(0, color=FAINT, linewidth=0.8)
    look.scale(above, "y", "Recorded as declined", 1.08 * max([1, *shown["declined_was"], *shown["declined_now"]]))
    change = [0, *whole["declined_change"]] if whole["declined_change"].any() else [-1, 1]
    look.scale(below, "y", "Newer less older", 1.08 * max(change), 1.08 * min(change))
    return figure.telling(whole=len(whole), was=whole["declined_was"].sum(), now=whole["declined_now"].sum())
