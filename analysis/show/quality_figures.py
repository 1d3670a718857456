"""Figures of how good a source is and how its versions differ (conventions of :mod:`analysis.show.figures`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.show.canvas import canvas, count_axis, key, percent_axis, say_empty, week_axis
from analysis.show.style import DECLINED, FAINT, INK, OPEN, TAKEN, drawing


def weekly_recording(weeks: pd.DataFrame, *, headline: str, subtitle: str) -> Figure:
    """Draw the detainers issued by week, and the share of them without a recorded end.

    Parameters
    ----------
    weeks
        As from :func:`analysis.load.quality.recording_by_week`; weeks that look unfinished are open marks.
    headline, subtitle
        The finding; measure, place, dates and unit.
    """
    with drawing():
        figure, (issued, blank) = canvas(1.6, headline, subtitle, left=0.95, bottom=0.85, panels=2)
        issued.set_ylabel("Detainers issued")
        blank.set_ylabel("Lift reason blank")
        if weeks.empty:
            return _without_weeks(figure)
        finished = (weeks["unfinished"] == "").to_numpy()
        for axes, column, colour in ((issued, "issued", TAKEN), (blank, "blank_share", DECLINED)):
            for chosen, face in ((finished, colour), (~finished, "white")):
                look: dict[str, Any] = {"color": colour, "markerfacecolor": face, "markersize": 4, "clip_on": False}
                axes.plot(weeks.index[chosen], weeks[column][chosen], "o", **look)
        issued.set_ylim(0, 1.08 * max(1, weeks["issued"].max()))
        blank.set_ylim(0, 1)
        week_axis((issued, blank), weeks.index[0].date(), weeks.index[-1].date())
        count_axis(issued, "y")
        percent_axis(blank, "y")
        key(figure, "● looks finished    ○ looks unfinished", left=0.95)
    return figure


def revised_weeks(by_week: pd.DataFrame, *, headline: str, subtitle: str) -> Figure:
    """Draw what two versions of a source say of each week's declines, and the difference.

    Parameters
    ----------
    by_week
        As from :func:`analysis.stats.revisions.compare_versions`; only weeks of both versions. A week that a version
        has only in part is a cross, and has no difference.
    headline, subtitle
        The finding; measure, place, dates and unit.
    """
    with drawing():
        figure, (declined, change) = canvas(1.65, headline, subtitle, left=0.95, bottom=0.85, panels=2)
        declined.set_ylabel("Recorded as declined")
        change.set_ylabel("Newer less older")
        if by_week.empty:
            return _without_weeks(figure)
        whole, cut = by_week[~by_week["cut"]], by_week[by_week["cut"]]
        declined.vlines(whole.index, whole["declined_was"], whole["declined_now"], color=OPEN, linewidth=1)
        declined.plot(
            whole.index, whole["declined_was"], "o", color=INK, markerfacecolor="white", ms=4.5, clip_on=False
        )
        declined.plot(whole.index, whole["declined_now"], "o", color=DECLINED, ms=4, clip_on=False)
        declined.plot(cut.index, cut["declined_now"], "x", color=DECLINED, ms=5, clip_on=False)
        change.bar(whole.index, whole["declined_change"], width=5, color=DECLINED, edgecolor="white", linewidth=0.4)
        change.axhline(0, color=FAINT, linewidth=0.8)
        declined.set_ylim(0, 1.08 * max(1, by_week[["declined_was", "declined_now"]].to_numpy().max()))
        if not np.any(whole["declined_change"]):
            change.set_ylim(-1, 1)
        week_axis((declined, change), by_week.index[0].date(), by_week.index[-1].date())
        for axes in (declined, change):
            count_axis(axes, "y")
        marks = "○ older version    ● newer version" + "    × week cut short in a version" * (len(cut) > 0)
        key(figure, marks, left=0.95)
    return figure


def _without_weeks(figure: Figure) -> Figure:
    """Say in every panel that there is no week to draw."""
    for axes in figure.axes:
        say_empty(axes, "no week")
    return figure
