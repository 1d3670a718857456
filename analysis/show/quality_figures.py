"""Figures of how good a source is and how its versions differ (conventions of :mod:`analysis.show.figures`)."""

from __future__ import annotations

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from analysis.show.figures import WIDTH, _canvas
from analysis.show.style import DECLINED, FAINT, INK, OPEN, TAKEN, drawing


def weekly_recording(weeks: pd.DataFrame, *, headline: str, subtitle: str) -> Figure:
    """Draw the detainers issued by week, and the share of them without a recorded end.

    Parameters
    ----------
    weeks
        As from :func:`analysis.load.irregular.recording_by_week`; weeks that look unfinished are open marks.
    headline, subtitle
        The finding; measure, place, dates and unit.
    """
    with drawing():
        figure, (issued, blank) = _canvas(5.2, headline, subtitle, left=0.85, right=0.25, bottom=0.85, panels=2)
        finished = (weeks["unfinished"] == "").to_numpy()
        for axes, column, colour in ((issued, "issued", TAKEN), (blank, "blank_share", DECLINED)):
            for chosen, face in ((finished, colour), (~finished, "white")):
                axes.plot(weeks.index[chosen], weeks[column][chosen], "o", color=colour, markerfacecolor=face, ms=4)
        issued.set_ylabel("Detainers issued")
        issued.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        blank.set_ylabel("Lift reason blank")
        blank.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        issued.set_ylim(0, 1.08 * max(1, weeks["issued"].max()))
        blank.set_ylim(0, 1)
        _weeks_below([issued, blank])
        _key(figure, "● looks finished    ○ looks unfinished")
    return figure


def revised_weeks(by_week: pd.DataFrame, *, headline: str, subtitle: str) -> Figure:
    """Draw what two versions of a source say of each week's declines, and the difference.

    Parameters
    ----------
    by_week
        As from :func:`analysis.stats.revisions.weeks_revised`; only weeks of both versions. A week that a version has
        only in part is a cross, and has no difference.
    headline, subtitle
        The finding; measure, place, dates and unit.
    """
    with drawing():
        figure, (declined, change) = _canvas(5.4, headline, subtitle, left=0.85, right=0.25, bottom=0.85, panels=2)
        whole = by_week[~by_week["cut"]]
        declined.vlines(whole.index, whole["declined_was"], whole["declined_now"], color=OPEN, linewidth=1)
        declined.plot(whole.index, whole["declined_was"], "o", color=INK, markerfacecolor="white", ms=4.5)
        declined.plot(whole.index, whole["declined_now"], "o", color=DECLINED, ms=4)
        cut = by_week[by_week["cut"]]
        declined.plot(cut.index, cut["declined_now"], "x", color=DECLINED, ms=5)
        change.bar(whole.index, whole["declined_change"], width=5, color=DECLINED, edgecolor="white", linewidth=0.4)
        change.axhline(0, color=FAINT, linewidth=0.8)
        declined.set_ylabel("Recorded as declined")
        change.set_ylabel("Now less then")
        declined.set_ylim(0, 1.08 * max(1, by_week[["declined_was", "declined_now"]].to_numpy().max(initial=0)))
        for axes in (declined, change):
            axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        if not np.any(whole["declined_change"]):
            change.set_ylim(-1, 1)
        _weeks_below([declined, change])
        _key(figure, "○ older version    ● newer version" + ("    × week cut short in a version" if len(cut) else ""))
    return figure


def _weeks_below(panels: list[Axes]) -> None:
    """Give panels that share their weeks a grid, and the last one its dates."""
    for axes in panels:
        axes.grid(axis="y", color="#E8E8E8")
        axes.set_axisbelow(True)
    locator = mdates.AutoDateLocator(minticks=4, maxticks=9)
    panels[-1].xaxis.set_major_locator(locator)
    panels[-1].xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))


def _key(figure: Figure, text: str) -> None:
    """Say below the panels what the marks mean."""
    figure.text(0.85 / WIDTH, 0.15 / figure.get_figheight(), text, fontsize=8.5)
