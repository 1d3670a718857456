"""Figures of what stands beside a week's counts: the funnel of states, a change taken apart, ends over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from analysis.show.canvas import (
    LABEL_LINES,
    broken,
    canvas,
    count_axis,
    grid,
    key,
    label_rows,
    labels_room,
    percent_axis,
    rows_of,
    say_empty,
    week_axis,
)
from analysis.show.names_beside import RING, place_names
from analysis.show.style import DECLINED, FAINT, INK, OPEN, OTHER_ENDS, TAKEN, drawing
from analysis.show.tables import write
from analysis.stats.funnels import Spread, exact_limits, spread_limits
from analysis.stats.incidence import READ_AT

MOST_NAMED = 12
LEAST_EXPECTED = 0.1
LINES = ("-", "--", "-.", ":")


def funnel_plot(placed: pd.DataFrame, *, headline: str, subtitle: str, named: Sequence[str] = ()) -> Figure:
    """Draw each state's declines over those expected, with the limits within which states alike would fall.

    Parameters
    ----------
    placed
        As from :func:`analysis.stats.context.state_funnel`.
    headline, subtitle
        The finding; measure, place, dates and unit.
    named
        The states that are named, the first one's mark ringed; none = those outside and those with most expected.
    """
    shown = placed[placed["expected"] >= LEAST_EXPECTED]
    with drawing():
        figure, (axes,) = canvas(3.2, headline, subtitle, left=0.8, right=0.4, bottom=1.0)
        key(
            figure,
            "● inside    ◆ outside 99.8% with spread    ─ 95%   - - 99.8%   dark: with spread, pale: chance alone",
        )
        if len(shown) < 3:
            say_empty(axes, "too few states with an expected decline")
            return figure
        grid_of = np.geomspace(LEAST_EXPECTED, 1.3 * shown["expected"].max(), 200)
        spread = Spread(placed.attrs["phi"], placed.attrs["tau2"], "sqrt")
        drawn = [np.column_stack([grid_of, np.ones_like(grid_of)])]
        for level, line in ((0.95, "-"), (0.998, "--")):
            for limits, colour in (
                (exact_limits(grid_of, level), "#B9C7D6"),
                (spread_limits(grid_of, level, spread), TAKEN),
            ):
                for limit in limits:
                    axes.plot(grid_of, limit, line, color=colour, linewidth=1, zorder=1)
                    drawn.append(np.column_stack([grid_of, limit]))
        axes.axhline(1, color=INK, linewidth=0.8)
        outside = shown["position"].isin(["above", "below"])
        judged = spread_limits([shown["expected"].max()], 0.998, spread)[1]  # what judges must be seen
        top = 1.15 * float(np.nanmax([3.0, shown["ratio"].max(), *judged]))
        for chosen, mark in ((~outside, "o"), (outside, "D")):
            points = shown[chosen]
            axes.plot(points["expected"], points["ratio"], mark, color=DECLINED, markersize=5, clip_on=False, zorder=3)
        axes.set_xscale("log")
        axes.set_xlim(LEAST_EXPECTED, grid_of[-1])
        axes.set_yscale("function", functions=(lambda y: np.sqrt(np.maximum(y, 0)), np.square))
        axes.set_ylim(0, top)
        roots = range(0, int(2 * np.sqrt(top)) + 1, 1 + int(np.sqrt(top) / 5))
        axes.yaxis.set_major_locator(FixedLocator([root**2 // 4 if root > 1 else root**2 / 4 for root in roots]))
        by_weight = shown.assign(outside=outside).sort_values(["outside", "expected"], ascending=False)
        if named and named[0] in shown.index:
            ring: dict[str, Any] = {"markersize": 2 * RING, "markerfacecolor": "none", "markeredgecolor": INK}
            axes.plot(*shown.loc[named[0], ["expected", "ratio"]], "o", clip_on=False, zorder=4, **ring)
        wanted = [state for state in named if state in shown.index] or list(by_weight.index)
        place_names(
            axes,
            wanted,
            shown.loc[[*wanted, *shown.index.difference(wanted)], ["expected", "ratio"]].to_numpy(),
            drawn,
            most=MOST_NAMED,
            needed=named,
            ringed=named[0] if named else "",
        )
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlabel("Declines expected of detainers like the state's")
        axes.set_ylabel("Recorded / expected")
        grid(axes, "y")
    return figure


def change_bars(parts: pd.DataFrame, *, headline: str, subtitle: str) -> Figure:
    """Draw a change of share as the part of the mix and the part of the shares, by what the mix is of.

    Parameters
    ----------
    parts
        As from :func:`analysis.stats.context.parts_of_change`.
    headline, subtitle
        The finding; measure, place, dates and unit.
    """
    labels = [broken(f"by {name}", 1.6, 9, most=LABEL_LINES) for name in parts["factor"]]
    y, height = rows_of(labels, 9, 0.55)
    with drawing():
        figure, (axes,) = canvas(height, headline, subtitle, left=labels_room(labels, 9), right=0.6, bottom=0.95)
        key(figure, "▨ mix of detainers    ■ shares within each part    | change, the sum of both")
        if parts["change"].isna().all():
            say_empty(axes, "a period has no detainers")
            return figure
        bar: dict[str, Any] = {"height": 0.16, "edgecolor": INK, "linewidth": 0.5}
        axes.barh(y + 0.09, 100 * parts["mix_effect"], color="#F4C9AE", hatch="////", **bar)
        axes.barh(y - 0.09, 100 * parts["share_effect"], color=DECLINED, **bar)
        axes.vlines(100 * parts["change"], y - 0.22, y + 0.22, color=INK, linewidth=2)
        axes.axvline(0, color=INK, linewidth=0.8)
        label_rows(axes, y, labels, 9, height)
        reach = 1.2 * max(
            0.1, float(np.nanmax(np.abs(100 * parts[["mix_effect", "share_effect", "change"]].to_numpy())))
        )
        axes.set_xlim(-reach, reach)
        axes.set_xlabel("Change of the share declined, percentage points")
        grid(axes, "x")
    return figure


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
