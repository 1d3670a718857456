"""Figures of what stands beside a week's counts: ends over time, and unfinished weeks."""

from __future__ import annotations

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from analysis.show.canvas import (
    canvas,
    count_axis,
    grid,
    key,
    percent_axis,
    say_empty,
    week_axis,
)
from analysis.show.style import DECLINED, FAINT, INK, OPEN, OTHER_ENDS, TAKEN, drawing
from analysis.show.tables import write
from analysis.stats.incidence import READ_AT

LINES = ("-", "--", "-.", ":")


def incidence_curves(curves: pd.DataFrame, *, headline: str, subtitle: str) -> Figure:
    """Draw the share of detainers that had ended in each way, by days since issue; in a way without a line none had.

    Parameters
    ----------
    curves
        As from :func:`analysis.stats.incidence.cumulative_incidence`.
    headline, subtitle
        The finding; measure, place, dates and unit.
    """
    colours = (DECLINED, TAKEN, OTHER_ENDS, OPEN)
    with drawing():
        figure, (axes,) = canvas(2.8, headline, subtitle, left=0.8, right=1.9, bottom=0.75)
        if not curves["incidence"].any():
            say_empty(axes, "no detainer has ended" if len(curves) else "no detainer can be followed")
            return figure
        last = []
        for number, (outcome, curve) in enumerate(curves.groupby("outcome", sort=False)):
            if not curve["incidence"].any():
                continue
            colour, line = colours[number % 4], LINES[number % 4]
            axes.step(curve["day"], curve["incidence"], line, where="post", color=colour, linewidth=1.6)
            axes.fill_between(curve["day"], curve["low"], curve["high"], step="post", color=colour, alpha=0.15)
            last.append((float(curve["incidence"].iloc[-1]), write(outcome, "word"), colour))
        axes.set_xlim(0, READ_AT[-1])
        axes.xaxis.set_major_locator(FixedLocator([0, *READ_AT]))
        axes.set_ylim(0, 1.1 * max(0.05, float(curves["high"].max())))
        apart, floor = 0.07 * axes.get_ylim()[1], -np.inf
        for height, name, colour in sorted(last):
            floor = max(height, floor + apart)
            axes.annotate(
                name,
                (1, height),
                (1.03, floor),
                ("axes fraction", "data"),
                ("axes fraction", "data"),
                fontsize=8.5,
                va="center",
                arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 1, "shrinkB": 0},
            )
        axes.set_xlabel("Days since issue")
        axes.set_ylabel("Share of detainers")
        percent_axis(axes, "y")
        grid(axes, "y")
    return figure


def nowcast_series(estimates: pd.DataFrame, *, headline: str, subtitle: str) -> Figure:
    """Draw declines recorded so far and the estimate of the final number, by week of issue.

    Parameters
    ----------
    estimates
        As from :func:`analysis.stats.nowcast.nowcast`.
    headline, subtitle
        The finding; measure, place, dates and unit.
    """
    with drawing():
        figure, (axes,) = canvas(2.2, headline, subtitle, left=0.9, bottom=0.85)
        key(figure, "● recorded    ○ estimate of the final number, bar: 90% band    × too young for an estimate")
        dates = mdates.date2num(estimates.index)
        axes.plot(dates, estimates["recorded"], "o", color=DECLINED, markersize=4, clip_on=False)
        given = (estimates["reason"] == "").to_numpy() & (estimates["maturity"] != "settled").to_numpy()
        some = estimates[given]
        axes.errorbar(
            dates[given],
            some["estimate"],
            yerr=[(some["estimate"] - some["low"]).clip(lower=0), (some["high"] - some["estimate"]).clip(lower=0)],
            fmt="o",
            color=FAINT,
            markerfacecolor="white",
            markersize=5,
            elinewidth=1,
        )
        young = (estimates["reason"] != "").to_numpy()
        axes.plot(dates[young], estimates["recorded"][young], "x", color=INK, markersize=6, clip_on=False)
        axes.set_ylabel("Recorded as declined")
        axes.set_ylim(bottom=0)
        week_axis([axes], estimates.index[0].date(), estimates.index[-1].date())
        count_axis(axes, "y")
    return figure
