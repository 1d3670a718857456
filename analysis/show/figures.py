"""Figures: each a function of a result frame, with a headline (the finding) and a subtitle (what is shown).

Colour never says anything alone: a mark, a hatch or a printed number says it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.show.canvas import (
    EDGE,
    LABEL_LINES,
    WIDTH,
    broken,
    canvas,
    count_axis,
    days_shown,
    key,
    label_rows,
    labels_room,
    percent_axis,
    rows_of,
    say_empty,
    text_width,
    week_axis,
)
from analysis.show.style import DECLINED, FAINT, INK, TAKEN, drawing

LETTER, LETTER_ROW = 9, 0.16
MARKS = {"settled": ("●", "o"), "provisional": ("○", "o"), "too young": ("△", "^"), "partial": ("×", "x")}
"""Sign in the key and mark in the figure of each status of a week."""


def weekly_series(
    series: pd.DataFrame, week: date, *, headline: str, subtitle: str, events: pd.DataFrame | None = None
) -> Figure:
    """Draw weekly cohorts: the share declined with its 95 % interval, and the number with its usual range.

    Parameters
    ----------
    series
        As from :func:`analysis.stats.summary.weekly_counts`. Settled weeks are filled points, provisional ones open,
        those too young triangles, partial ones crosses without a share. The count expected after the eight weeks before
        is a line, the usual range around it a band, and weeks outside are ringed.
    week
        The report's week, marked with a line.
    headline, subtitle
        The finding; measure, place, dates and unit.
    events
        Known events that touch the series, with ``date``, ``last_date`` and ``letter``
        (:func:`analysis.show.listings.lettered`): a dotted line and the letter between the panels, a band where the
        event lasted; one that began before the first week stands there.
    """
    first, last = series.index[0].date(), series.index[-1].date()
    with drawing():
        rows = _letter_rows(events, first, last)
        gap = 0.3 + LETTER_ROW * max(rows, default=0)
        figure, (shares, counts) = canvas(1.65, headline, subtitle, left=0.85, bottom=0.85, panels=2, gap=gap)
        whole = series[(series["status"] != "partial") & series["share"].notna()]
        _usual_range(counts, series)
        _points(counts, series, "declined", DECLINED)
        _points(shares, whole, "share", TAKEN)
        counts.set_ylabel("Recorded as declined")
        shares.set_ylabel("Share of issued")
        week_axis((shares, counts), first, last)
        percent_axis(shares, "y")
        count_axis(counts, "y")
        for axes in (shares, counts):
            axes.set_ylim(0, 1.06 * axes.get_ylim()[1])  # room for the ring around the highest point
            axes.axvline(mdates.date2num(week), color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        shares.annotate(
            "this week",
            (mdates.date2num(week), 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8.5,
        )
        if whole.empty:
            shares.set_yticks([])
            shares.text(0.04, 0.5, "no share is given", transform=shares.transAxes, color=FAINT)
        if events is not None:
            _mark_events((shares, counts), events, rows, first, last)
        marks = [f"{sign} {status}" for status, (sign, _) in MARKS.items() if (series["status"] == status).any()]
        band = ["band: usual, ◯ outside it"] if series["usual_low"].notna().any() else []
        lasts = ["grey: an event lasts"] if events is not None and (events["last_date"] > events["date"]).any() else []
        key(figure, "   ".join([*marks, "bars: 95% intervals", *band, *lasts]), left=EDGE)
    return figure


def _usual_range(axes: Axes, series: pd.DataFrame) -> None:
    """Draw what the weeks before lead to expect, with the range that is usual, and ring the weeks outside it."""
    dates = mdates.date2num(series.index)
    axes.fill_between(
        dates, series["usual_low"], series["usual_high"], step="mid", color="#F4DCCB", linewidth=0, zorder=0
    )
    axes.step(dates, series["expected"], where="mid", color="#C98B63", linewidth=1, zorder=1)
    outside = series[series["outside"] != ""]
    ring: dict[str, Any] = {"markersize": 12, "markerfacecolor": "none", "markeredgecolor": INK, "clip_on": False}
    axes.plot(mdates.date2num(outside.index), outside["declined"], "o", zorder=4, **ring)


def _points(axes: Axes, series: pd.DataFrame, column: str, colour: str) -> None:
    """Draw one column as points, with intervals if it has any, the mark telling the week's status."""
    dates, status = mdates.date2num(series.index), series["status"].to_numpy()
    value = series[column].to_numpy(dtype=float)
    reach = None
    if f"{column}_low" in series:
        low, high = (series[f"{column}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
        reach = np.maximum([value - low, high - value], 0)
    for name, (_, mark) in MARKS.items():
        chosen, face = status == name, "white" if name in ("provisional", "too young") else colour
        if chosen.any():
            axes.errorbar(
                dates[chosen],
                value[chosen],
                yerr=None if reach is None else reach[:, chosen],
                fmt=mark,
                color=colour,
                markerfacecolor=face,
                markersize=5,
                elinewidth=1,
                zorder=3,
                clip_on=False,
            )


def _letter_rows(events: pd.DataFrame | None, first: date, last: date) -> list[int]:
    """Give each event's letter the lowest row between the panels in which it does not touch the one before it."""
    if events is None:
        return []
    start, end = days_shown(first, last)
    scale = (WIDTH - 0.85 - 0.3) / ((end - start) / timedelta(days=1))  # inches a day
    ends: list[float] = []
    rows = []
    for day, letter in zip(_inside(events["date"], first, last), events["letter"], strict=True):
        half = text_width(letter, LETTER) / 2 + 0.02
        middle = scale * (day.date() - first).days
        row = next((row for row, end in enumerate(ends) if end <= middle - half), len(ends))
        ends[row : row + 1] = [middle + half]
        rows.append(row)
    return rows


def _inside(days: pd.Series, first: date, last: date) -> pd.Series:
    """Move days outside the series to its first or last day."""
    return days.clip(pd.Timestamp(first), pd.Timestamp(last + timedelta(days=6)))


def _mark_events(panels: Sequence[Axes], events: pd.DataFrame, rows: list[int], first: date, last: date) -> None:
    """Draw a dotted line with a letter for each event, the events listed in the report."""
    starts, ends = (_inside(events[name], first, last) for name in ("date", "last_date"))
    starts, ends = (mdates.date2num(days) for days in (starts, ends))
    for axes in panels:
        lines = [[(start, 0), (start, 1)] for start in starts]
        look: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "clip_box": axes.bbox}
        axes.add_artist(LineCollection(lines, color=FAINT, linestyle=":", zorder=1, **look))
        for start, end in zip(starts, ends, strict=True):
            if end > start:
                lasting = Rectangle((start, 0), end - start, 1, color="#F2F2F2", linewidth=0, zorder=-1, **look)
                axes.add_artist(lasting)
    for letter, start, row in zip(events["letter"], starts, rows, strict=True):
        panels[-1].annotate(
            letter,
            (start, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3 + 72 * LETTER_ROW * row),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=LETTER,
        )


def stacked_outcomes(
    rows: pd.DataFrame, parts: Sequence[tuple[str, str, str]], *, headline: str, subtitle: str
) -> Figure:
    """Draw what became of each row's detainers as parts of a bar, each with its count (above it, where it is narrow).

    Parameters
    ----------
    rows
        Index the bar's label; one column per part, counts.
    parts
        Column, name and colour of each part, in order.
    headline, subtitle
        The finding; measure, place, dates and unit.
    """
    labels = [broken(str(name), 2.0, 10, most=LABEL_LINES) for name in rows.index]
    y, height = rows_of(labels, 10, 0.62)
    left = labels_room(labels, 10)
    with drawing():
        figure, (axes,) = canvas(height, headline, subtitle, left=left, bottom=1.0)
        if rows.empty:
            say_empty(axes, "no detainers")
            return figure
        start, named = np.zeros(len(rows)), np.zeros(len(rows))  # right ends of the parts and of the counts above them
        total = rows[[column for column, _, _ in parts]].sum(axis="columns").to_numpy(dtype=float)
        for (column, name, colour), hatch in zip(parts, ("", "///", "--", "xx"), strict=False):
            counts = rows[column].to_numpy()
            share = np.divide(counts, total, out=np.zeros(len(rows)), where=total > 0)
            look: dict[str, Any] = {"color": colour, "edgecolor": "white", "hatch": hatch, "linewidth": 0.8}
            axes.barh(y, share, left=start, height=0.32, label=name, **look)
            for row in np.flatnonzero(counts):
                text = f"{counts[row]:,}"
                room = (text_width(text, 8.5) + 0.06) / (WIDTH - left - 0.3)
                if share[row] > room:
                    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
                    middle = start[row] + share[row] / 2
                    axes.text(middle, y[row], text, ha="center", va="center", fontsize=8.5, bbox=ground)
                    continue
                at = min(max(start[row] + share[row] / 2 - room / 2, named[row]), 1 - room)
                axes.text(at, y[row] + 0.18, text, va="bottom", fontsize=8.5)
                named[row] = at + room
            start += share
        label_rows(axes, y, labels, 10, height)
        axes.set_xlim(0, 1)
        percent_axis(axes, "x")
        axes.set_xlabel("Share of detainers issued")
        corner = (EDGE / WIDTH, 0.05 / figure.get_figheight())
        figure.legend(loc="lower left", bbox_to_anchor=corner, ncols=4, frameon=False, fontsize=8.5, borderaxespad=0.2)
    return figure
