"""The figure of the published weeks (conventions of :mod:`analysis.show.figures`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.show.canvas import LABEL_LINES, broken, canvas, count_axis, grid, key, label_rows, labels_room, rows_of
from analysis.show.style import DECLINED, INK, TAKEN, drawing

APART = 0.15
"""Inches from the middle of a week's row to either mark."""
SERIES = (("declined", "o", DECLINED, DECLINED, APART), ("elsewhere", "D", TAKEN, "white", -APART))
"""Column, mark, colour, its filling and where it stands in the row, of each of the two counts."""


def weeks_with_and_without(weeks: pd.DataFrame, *, headline: str, subtitle: str, without: str) -> Figure:
    """Draw each week's count with its interval, all places together above, without one place below.

    Parameters
    ----------
    weeks
        As from :func:`analysis.stats.recorded_week.with_and_without`, with ``label``, in the order from the top; a
        count that is not known (NaN) is said in words.
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
        key(figure, f"● all places    ◇ without {name}    bars: 95% intervals (exact Poisson)")
        axes.set_xlabel("Detainers recorded as declined")
        for column, mark, colour, face, up in SERIES:
            y, count = middles + up, weeks[column].to_numpy(dtype=float)
            low, high = (weeks[f"{column}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
            look: dict[str, Any] = {"color": colour, "markerfacecolor": face, "markersize": 7, "clip_on": False}
            axes.hlines(y, low, high, color=colour, linewidth=1.6, linestyle="-" if mark == "o" else (0, (4, 2)))
            axes.plot(count, y, mark, zorder=3, **look)
            for at, number, end in zip(y, count, high, strict=True):
                known = not np.isnan(number)
                text, x = (f"{number:,.0f}", end) if known else ("not known", 0.0)
                axes.annotate(text, (x, at), (5, 0), textcoords="offset points", va="center", fontsize=9.5, color=INK)
        label_rows(axes, middles, labels, 10, height)
        top = np.nanmax(weeks[["declined_high", "elsewhere_high"]].to_numpy(dtype=float), initial=1.0)
        axes.set_xlim(0, 1.08 * top)
        grid(axes, "x")
        count_axis(axes, "x", 7)
    return figure
