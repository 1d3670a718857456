"""Figures: each a function of a result frame, with a headline (the finding) and a subtitle (what is shown).

Margins are set per figure in inches, so that no layout pass is needed and nothing is clipped. Colour never says
anything alone: a mark, a hatch or a printed number says it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from textwrap import wrap
from typing import Any

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, PercentFormatter

from analysis.show.style import DECLINED, FAINT, INK, NO_DETAINERS, TAKEN, drawing

UNSTABLE_BELOW = 20
"""A share that rests on fewer declines than this is drawn hollow or hatched: unstable (CDC WISQARS' convention)."""
COUNT_CLASSES = ((1, 4), (5, 9), (10, 19), (20, 49), (50, None))
WIDTH = 8.0


def _canvas(
    height: float, headline: str, subtitle: str, *, left: float, right: float, bottom: float, panels: int = 1
) -> tuple[Figure, list[Axes]]:
    """Make a figure with panels below a headline and a subtitle; margins in inches."""
    figure = Figure(figsize=(WIDTH, height))
    lines = wrap(headline, 72), wrap(subtitle, 110)
    for number, line in enumerate(lines[0]):
        figure.text(0.15 / WIDTH, 1 - (0.2 + 0.26 * number) / height, line, fontsize=13, weight="bold", va="top")
    below = 0.25 + 0.26 * len(lines[0])
    for number, line in enumerate(lines[1]):
        figure.text(0.15 / WIDTH, 1 - (below + 0.19 * number) / height, line, color=FAINT, va="top", fontsize=9.5)
    top = below + 0.19 * len(lines[1]) + 0.25
    axes = figure.subplots(panels, 1, sharex=panels > 1, squeeze=False)[:, 0]
    figure.subplots_adjust(left / WIDTH, bottom / height, 1 - right / WIDTH, 1 - top / height, hspace=0.28)
    return figure, list(axes)


def weekly_series(
    series: pd.DataFrame, week: date, *, headline: str, subtitle: str, events: pd.DataFrame | None = None
) -> Figure:
    """Draw the weekly cohorts: detainers recorded as declined, and their share of the issued, with 95 % intervals.

    Parameters
    ----------
    series
        As from :func:`analysis.stats.cohorts.weekly_series`. Settled weeks are filled points, provisional ones open,
        partial ones crosses without a share.
    week
        The report's week, marked with a line.
    headline, subtitle
        The finding; measure, place, dates and unit.
    events
        Known events, with ``date`` and ``headline``; those inside the series are drawn as lines with a label.
    """
    with drawing():
        figure, (counts, shares) = _canvas(5.6, headline, subtitle, left=0.85, right=0.25, bottom=0.85, panels=2)
        whole = series[series["status"] != "partial"]
        _points(counts, series, "declined", DECLINED)
        _points(shares, whole[whole["issued"] > 0], "share", TAKEN)
        counts.set_ylabel("Recorded as declined")
        shares.set_ylabel("Share of issued")
        shares.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol="%"))
        counts.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        for axes in (counts, shares):
            axes.set_ylim(bottom=0)
            axes.grid(axis="y", color="#E8E8E8")
            axes.axvline(mdates.date2num(week), color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        counts.annotate(
            "this week",
            (mdates.date2num(week), 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8.5,
        )
        _mark_events(shares, series, events)
        locator = mdates.AutoDateLocator(minticks=4, maxticks=9)
        shares.xaxis.set_major_locator(locator)
        shares.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
        _status_legend(figure, series)
    return figure


def _points(axes: Axes, series: pd.DataFrame, column: str, colour: str) -> None:
    """Draw one column as points with intervals, the mark telling the week's status."""
    low, high = series[column] - series[f"{column}_low"], series[f"{column}_high"] - series[column]
    for status, mark, face in (("settled", "o", colour), ("provisional", "o", "white"), ("partial", "x", colour)):
        chosen = series["status"] == status
        if chosen.any():
            axes.errorbar(
                mdates.date2num(series.index[chosen]),
                series.loc[chosen, column],
                yerr=[low[chosen].clip(lower=0), high[chosen].clip(lower=0)],
                fmt=mark,
                color=colour,
                markerfacecolor=face,
                markersize=5,
                elinewidth=1,
                zorder=3,
            )


def _status_legend(figure: Figure, series: pd.DataFrame) -> None:
    """Say what the marks mean, for the statuses that occur."""
    meanings = {"settled": "● settled", "provisional": "○ provisional", "partial": "× partial week, not compared"}
    text = "    ".join(meanings[status] for status in meanings if (series["status"] == status).any())
    figure.text(0.85 / WIDTH, 0.15 / figure.get_figheight(), f"{text}    bars: 95% intervals", fontsize=8.5)


def _mark_events(axes: Axes, series: pd.DataFrame, events: pd.DataFrame | None) -> None:
    """Draw a dotted line with a letter for each event inside the series, the events listed in the report."""
    if events is None:
        return
    inside = events[(events["date"] >= series.index[0]) & (events["date"] <= series.index[-1])]
    for letter, day in zip("ABCDEFGH", inside["date"], strict=False):
        axes.axvline(mdates.date2num(day), color=FAINT, linestyle=":", zorder=1)
        axes.annotate(letter, (mdates.date2num(day), 0.97), xycoords=("data", "axes fraction"), ha="right", va="top")


def tile_map(
    tiles: pd.DataFrame, *, headline: str, subtitle: str, marked: str = "", absent_name: str = "no detainers"
) -> Figure:
    """Draw the states as equal tiles in their rough places, each with its count.

    Parameters
    ----------
    tiles
        Index postal code; ``tile_row``, ``tile_column``, ``label`` (what is printed), ``count`` (its colour class),
        ``present`` (False = nothing to count there, drawn grey and hatched, unlike a 0).
    headline, subtitle
        The finding; measure, place, dates and unit.
    marked
        Postal code of a state to outline.
    absent_name
        What a tile without anything to count means.
    """
    rows, columns = tiles["tile_row"].max(), tiles["tile_column"].max()
    side = (WIDTH - 0.5) / columns
    with drawing():
        figure, (axes,) = _canvas(rows * side + 1.85, headline, subtitle, left=0.25, right=0.25, bottom=0.75)
        axes.set_axis_off()
        axes.set_xlim(0, columns)
        axes.set_ylim(rows, 0)
        axes.set_aspect("equal")
        axes.set_anchor("N")
        for postal, tile in tiles.iterrows():
            x, y = tile["tile_column"] - 1, tile["tile_row"] - 1
            face, ink = _count_colour(int(tile["count"])) if tile["present"] else (NO_DETAINERS, FAINT)
            axes.add_patch(
                Rectangle(
                    (x + 0.03, y + 0.03),
                    0.94,
                    0.94,
                    facecolor=face,
                    edgecolor=INK if postal == marked else "#B5B5B5",
                    linewidth=2.4 if postal == marked else 0.8,
                    hatch=None if tile["present"] else "////",
                    zorder=3 if postal == marked else 2,
                )
            )
            # A hatched tile needs a plain ground behind its text.
            ground = None if tile["present"] else {"facecolor": NO_DETAINERS, "edgecolor": "none", "pad": 0.6}
            centred: dict[str, Any] = {"ha": "center", "va": "center", "color": ink, "fontsize": 9, "zorder": 4}
            axes.text(x + 0.5, y + 0.34, str(postal), bbox=ground, **centred)
            if tile["present"]:
                axes.text(x + 0.5, y + 0.68, tile["label"], weight="bold", **centred)
        _count_key(figure, absent_name)
    return figure


def _count_colour(count: int) -> tuple[str | tuple[float, ...], str]:
    """Give a count's fill and the colour of text on it: white for none, then light to dark by class."""
    if count == 0:
        return "white", INK
    ranks = np.linspace(0.92, 0.05, len(COUNT_CLASSES))
    rank = next(n for n, (_, last) in enumerate(COUNT_CLASSES) if last is None or count <= last)
    return colormaps["cividis"](ranks[rank]), INK if rank < 2 else "white"


def _count_key(figure: Figure, absent_name: str) -> None:
    """Draw the key of the tile map along the foot of the figure."""
    height = figure.get_figheight()
    key = figure.add_axes((0.25 / WIDTH, 0.1 / height, 1 - 0.5 / WIDTH, 0.42 / height))
    key.set_axis_off()
    key.set_xlim(0, 7)
    key.set_ylim(0, 1)
    names = ["none declined", *(f"{a} to {b}" if b else f"{a} or more" for a, b in COUNT_CLASSES), absent_name]
    for place, name in enumerate(names):
        hatched = name == absent_name
        face = NO_DETAINERS if hatched else _count_colour(0 if place == 0 else COUNT_CLASSES[place - 1][0])[0]
        key.add_patch(
            Rectangle((place, 0.55), 0.9, 0.4, facecolor=face, edgecolor="#B5B5B5", hatch="////" if hatched else None)
        )
        key.text(place, 0.3, name, fontsize=8.5, va="center")


def ranked_shares(
    places: pd.DataFrame, overall: float, *, headline: str, subtitle: str, overall_name: str = "all", marked: str = ""
) -> Figure:
    """Draw shares with their intervals, ordered by the estimate.

    Parameters
    ----------
    places
        Index the place; ``label``, ``declined``, ``issued``, ``share``, ``share_low``, ``share_high``; only places
        with detainers. Shares that rest on fewer than :data:`UNSTABLE_BELOW` declines are hollow.
    overall
        The share of all places together, a line.
    headline, subtitle
        The finding, which should warn against a ranking; measure, place, dates and unit.
    overall_name
        What the line is.
    marked
        Index value of a place whose label is printed bold.
    """
    ordered = places.sort_values(["share", "issued"], ascending=[True, False])
    with drawing():
        figure, (axes,) = _canvas(len(ordered) * 0.19 + 2.2, headline, subtitle, left=2.7, right=0.35, bottom=0.95)
        y = np.arange(len(ordered))
        steady = (ordered["declined"] >= UNSTABLE_BELOW).to_numpy()
        axes.hlines(y, ordered["share_low"], ordered["share_high"], color=DECLINED, linewidth=1.2)
        faces = [DECLINED if one else "white" for one in steady]
        axes.scatter(ordered["share"], y, s=26, color=faces, edgecolor=DECLINED, zorder=3, clip_on=False)
        axes.axvline(overall, color=TAKEN, linestyle="--", linewidth=1)
        axes.annotate(
            f"{overall_name} {100 * overall:.1f}%",
            (overall, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="left" if overall < 0.5 else "right",
            fontsize=8.5,
            color=TAKEN,
        )
        labels = [f"{row.label}  {row.declined:,} of {row.issued:,}" for row in ordered.itertuples()]
        axes.set_yticks(y, labels, fontsize=8)
        for tick, place in zip(axes.get_yticklabels(), ordered.index, strict=True):
            tick.set_fontweight("bold" if place == marked else "normal")
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(-0.8, len(ordered) - 0.2)
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.grid(axis="x", color="#E8E8E8")
        axes.set_axisbelow(True)
        axes.set_xlabel("Recorded as declined, share of detainers issued")
        figure.text(
            0.15 / WIDTH,
            0.13 / figure.get_figheight(),
            f"● {UNSTABLE_BELOW} or more declines    ○ fewer: unstable    bars: 95% intervals (Wilson)",
            fontsize=8.5,
        )
    return figure


def counts_with_intervals(
    rows: pd.DataFrame, *, headline: str, subtitle: str, axis: str = "Detainers recorded as declined"
) -> Figure:
    """Draw counts with their exact intervals, one row each, in the order given from the top.

    Parameters
    ----------
    rows
        ``label``, ``declined``, ``declined_low``, ``declined_high``; optional ``bound``: ``at_least`` is drawn as an
        arrow to the right without an interval.
    headline, subtitle
        The finding; measure, place, dates and unit.
    axis
        What is counted.
    """
    with drawing():
        figure, (axes,) = _canvas(len(rows) * 0.3 + 1.9, headline, subtitle, left=2.7, right=0.5, bottom=0.85)
        y = np.arange(len(rows))[::-1]
        least = (rows["bound"] == "at_least").to_numpy() if "bound" in rows else np.zeros(len(rows), dtype=bool)
        known = rows[~least]
        axes.hlines(y[~least], known["declined_low"], known["declined_high"], color=DECLINED, linewidth=1.4)
        axes.plot(rows["declined"][~least], y[~least], "o", color=DECLINED, markersize=6, clip_on=False)
        axes.plot(
            rows["declined"][least], y[least], ">", color=DECLINED, markerfacecolor="white", markersize=7, clip_on=False
        )
        axes.set_yticks(y, _wrapped(rows["label"], 34), fontsize=9)
        axes.tick_params(axis="y", length=0, pad=8)
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_xlim(left=0)
        axes.grid(axis="x", color="#E8E8E8")
        axes.set_axisbelow(True)
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        axes.set_xlabel(axis)
        key = "● as printed, bar: 95% interval (exact Poisson)" + ("    ▷ at least this many" if least.any() else "")
        figure.text(0.15 / WIDTH, 0.13 / figure.get_figheight(), key, fontsize=8.5)
    return figure


def _wrapped(labels: pd.Series, width: int) -> list[str]:
    """Break long labels over lines."""
    return ["\n".join(wrap(str(label), width)) for label in labels]


def heatmap(cells: pd.DataFrame, labels: pd.DataFrame, *, headline: str, subtitle: str) -> Figure:
    """Draw counts of two vocabularies against each other, each number printed in its cell.

    Parameters
    ----------
    cells
        Counts, one row a place and one column a group; NaN is a cell that is not shown, drawn grey and hatched. Zero is
        white.
    labels
        What is printed in each cell, of the same shape.
    headline, subtitle
        The finding; measure, place, dates and unit.
    """
    with drawing():
        figure, (axes,) = _canvas(len(cells) * 0.24 + 3.1, headline, subtitle, left=1.75, right=0.2, bottom=2.05)
        shade = np.sqrt(cells.where(cells > 0))  # large cells would leave no shade to the small ones
        axes.set_facecolor("white")
        sns.heatmap(shade, cmap="cividis_r", vmin=0, cbar=False, linewidths=0.6, linecolor="#D5D5D5", ax=axes)
        dark = 0.45 * float(np.nanmax(shade.to_numpy(), initial=1.0))
        for (row, column), count in np.ndenumerate(cells.to_numpy(dtype=float)):
            if np.isnan(count):
                look: dict[str, Any] = {"facecolor": NO_DETAINERS, "edgecolor": "#C9C9C9", "hatch": "////"}
                axes.add_patch(Rectangle((column, row), 1, 1, linewidth=0.4, **look))
            axes.text(
                column + 0.5,
                row + 0.5,
                str(labels.iloc[row, column]),
                ha="center",
                va="center",
                fontsize=7,
                color="white" if np.sqrt(count) > dark else INK,
                bbox={"facecolor": NO_DETAINERS, "edgecolor": "none", "pad": 0.5} if np.isnan(count) else None,
            )
        axes.set(xlabel="", ylabel="")
        axes.set_xticks(np.arange(cells.shape[1]) + 0.5, list(cells.columns), rotation=45, ha="right", fontsize=8)
        axes.set_yticks(np.arange(len(cells)) + 0.5, list(cells.index), rotation=0, fontsize=8)
        axes.tick_params(length=0)
    return figure


def stacked_outcomes(
    rows: pd.DataFrame, parts: Sequence[tuple[str, str, str]], *, headline: str, subtitle: str
) -> Figure:
    """Draw what became of each row's detainers as parts of a bar, each part labelled with its count.

    Parameters
    ----------
    rows
        Index the bar's label; one column per part, counts.
    parts
        Column, name and colour of each part, in order.
    headline, subtitle
        The finding; measure, place, dates and unit.
    """
    hatches = ["", "///", "...", "xx"]
    with drawing():
        figure, (axes,) = _canvas(len(rows) * 0.5 + 2.2, headline, subtitle, left=1.9, right=0.3, bottom=1.0)
        y = np.arange(len(rows))[::-1]
        start = np.zeros(len(rows))
        total = rows[[column for column, _, _ in parts]].sum(axis="columns").to_numpy(dtype=float)
        for (column, name, colour), hatch in zip(parts, hatches, strict=False):
            share = np.divide(rows[column].to_numpy(float), total, out=np.zeros(len(rows)), where=total > 0)
            look: dict[str, Any] = {"color": colour, "edgecolor": "white", "hatch": hatch, "linewidth": 0.8}
            axes.barh(y, share, left=start, height=0.62, label=name, **look)
            for place, width in enumerate(share):
                if width > 0.03:
                    axes.text(
                        start[place] + width / 2,
                        y[place],
                        f"{rows[column].iloc[place]:,}",
                        ha="center",
                        va="center",
                        fontsize=8.5,
                        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2},
                    )
            start += share
        axes.set_yticks(y, _wrapped(pd.Series(rows.index), 24))
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        corner = (0.15 / WIDTH, 0.05 / figure.get_figheight())
        figure.legend(loc="lower left", bbox_to_anchor=corner, ncols=4, frameon=False, fontsize=8.5)
    return figure
