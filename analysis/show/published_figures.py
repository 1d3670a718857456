"""The figures of the published weeks (conventions of :mod:`analysis.show.figures`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.show.canvas import (
    LABEL_LINES,
    broken,
    canvas,
    count_axis,
    grid,
    key,
    label_rows,
    labels_room,
    rows_of,
    say_empty,
)
from analysis.show.style import DECLINED, INK, TAKEN, drawing

APART = 0.15
"""Inches from the middle of a week's row to either mark."""
SERIES = (("declined", "o", DECLINED, DECLINED, APART), ("elsewhere", "D", TAKEN, "white", -APART))
"""Column, mark, colour, its filling and where it stands in the row, of each of the two counts."""
COUNTED = "Detainers recorded as declined"


def weeks_with_and_without(weeks: pd.DataFrame, *, headline: str, subtitle: str, without: str) -> Figure:
    """Draw each week's count, all places together above, without one place below.

    Parameters
    ----------
    weeks
        As from :func:`analysis.show.published_facts.weeks_so_far`, with ``label``, in the order from the top; a count
        that is not known (NaN) is said in words.
    headline, subtitle
        The finding; measure, place, dates and unit.
    without
        Name of the place that is taken out.
    """
    labels = [broken(str(label), 2.2, 10, most=LABEL_LINES) for label in weeks["label"]]
    middles, height = rows_of(labels, 10, 0.78)
    (name,) = broken(without, 3.0, 8.5, most=1)
    with drawing():
        figure, (axes,) = canvas(height, headline, subtitle, left=labels_room(labels, 10), right=0.5, bottom=0.95)
        key(figure, f"● all places    ◇ without {name}")
        axes.set_xlabel(COUNTED)
        for column, mark, colour, face, up in SERIES:
            y, count = middles + up, weeks[column].to_numpy(dtype=float)
            look: dict[str, Any] = {"color": colour, "markerfacecolor": face, "markersize": 7, "clip_on": False}
            axes.plot(count, y, mark, zorder=3, **look)
            for at, number in zip(y, count, strict=True):
                text, x = ("not known", 0.0) if np.isnan(number) else (f"{number:,.0f}", number)
                axes.annotate(text, (x, at), (8, 0), textcoords="offset points", va="center", fontsize=9.5, color=INK)
        label_rows(axes, middles, labels, 10, height)
        axes.set_xlim(0, 1.12 * max(1, weeks["declined"].max()))
        grid(axes, "x")
        count_axis(axes, "x", 7)
    return figure


def counts_by_place(rows: pd.DataFrame, *, headline: str, subtitle: str) -> Figure:
    """Draw the known figures of places, one row each, in the order given from the top.

    Parameters
    ----------
    rows
        ``label``, ``declined``, ``bound``: ``at_least`` is drawn as an arrow to the right.
    headline, subtitle
        The finding; measure, place, dates and unit.
    """
    labels = [broken(str(label), 2.4, 9, most=LABEL_LINES) for label in rows["label"]]
    y, height = rows_of(labels, 9, 0.28)
    least = (rows["bound"] == "at_least").to_numpy(dtype=bool)
    with drawing():
        figure, (axes,) = canvas(height, headline, subtitle, left=labels_room(labels, 9), right=0.5, bottom=0.95)
        key(figure, "● as printed" + ("    ▷ at least this many" if least.any() else ""))
        axes.set_xlabel(COUNTED)
        if rows.empty:
            say_empty(axes, "no place with a known figure")
            return figure
        mark: dict[str, Any] = {"color": DECLINED, "clip_on": False}
        axes.plot(rows["declined"][~least], y[~least], "o", markersize=6, **mark)
        axes.plot(rows["declined"][least], y[least], ">", markerfacecolor="white", markersize=7, **mark)
        label_rows(axes, y, labels, 9, height)
        axes.set_xlim(0, 1.04 * max(1, rows["declined"].max()))
        grid(axes, "x")
        count_axis(axes, "x", 7)
    return figure
