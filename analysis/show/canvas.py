"""The canvas of every figure: a headline (the finding), a subtitle (what is shown), and panels of a size in inches.

Room for text is measured before anything is drawn, so that no layout pass is needed and nothing is clipped or covered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MaxNLocator

from analysis.show.printed import ASCENT, LINE, Printed, print_labels, width_of
from analysis.show.ruler import Ruler
from analysis.show.style import FAINT, INK

WIDTH = 8.0
EDGE = 0.15
LABEL_LINES = 3
"""Lines that a row's label may have; a longer name ends in an ellipsis, and the table has it in full."""
LEAST_PLOT = 0.7
FEW_WEEKS = 8
"""Weeks that each have their own tick on an axis of dates."""
_POINTS = 72


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Measure one line of text, in inches; drawn on whole pixels it may be 3% wider, which is counted in."""
    return 1.03 * size * width_of(text, weight) / _POINTS


def broken(text: str, room: float, size: float, weight: str = "normal", most: int | None = None) -> list[str]:
    """Break a text into lines that fit.

    Parameters
    ----------
    text
        The text; a word that is wider than the room is broken too.
    room
        Inches that a line may take.
    size, weight
        Font.
    most
        Lines that may be used; what does not fit is cut off with an ellipsis. None = as many as it takes.
    """
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, weight) <= room:
            lines[-1] = longer
        else:
            lines += _pieces(word, room, size, weight)
    if most is None or len(lines) <= most:
        return lines or [""]
    last = lines[most - 1]
    while last and text_width(f"{last}…", size, weight) > room:
        last = last[:-1]
    return [*lines[: most - 1], f"{last}…"]


def _pieces(word: str, room: float, size: float, weight: str) -> list[str]:
    """Cut a word into pieces that fit, mostly one."""
    pieces = []
    while text_width(word, size, weight) > room and len(word) > 1:
        fits = max((n for n in range(1, len(word)) if text_width(word[:n], size, weight) <= room), default=1)
        pieces.append(word[:fits])
        word = word[fits:]
    return [*pieces, word]


def canvas(
    plot: float,
    headline: str,
    subtitle: str,
    *,
    left: float,
    right: float = 0.3,
    bottom: float,
    panels: int = 1,
    gap: float = 0.3,
) -> tuple[Figure, list[Axes]]:
    """Make a figure with panels below a headline and a subtitle, all lengths in inches.

    Parameters
    ----------
    plot
        Height of each panel.
    headline, subtitle
        The finding; measure, place, dates and unit.
    left, right, bottom
        Margins around the panels, for their labels and the key.
    panels, gap
        Number of panels, one below the other with a common horizontal axis, and the room between two.
    """
    titles = broken(headline, WIDTH - 2 * EDGE, 13, "bold"), broken(subtitle, WIDTH - 2 * EDGE, 9.5)
    below = 0.25 + 0.26 * len(titles[0])
    above = below + 0.19 * len(titles[1]) + 0.3
    height = above + panels * plot + (panels - 1) * gap + bottom
    figure = Figure(figsize=(WIDTH, height))
    figure.set_label(f"{headline}\n{subtitle}")  # for pages, which repeat it where the drawing is wider than the screen
    looks: list[dict[str, Any]] = [
        {"size": 13, "weight": "bold", "colour": INK},
        {"size": 9.5, "colour": FAINT},
    ]
    for lines, top, apart, look in zip(titles, (0.2, below), (0.26, 0.19), looks, strict=True):
        places = np.array([(EDGE, height - top - apart * number) for number in range(len(lines))])
        _write(figure, places, lines, below=ASCENT, **look)
    axes: list[Axes] = []
    for number in range(panels):
        foot = bottom + (panels - 1 - number) * (plot + gap)
        place = (left / WIDTH, foot / height, 1 - (left + right) / WIDTH, plot / height)
        axes.append(figure.add_axes(place, sharex=axes[0] if axes else None))
        for axis in (axes[-1].xaxis, axes[-1].yaxis):
            axis.set_visible(False)
        axes[-1].add_artist(Ruler(labelled=number == panels - 1))
    return figure, axes


def key(figure: Figure, text: str, left: float = EDGE) -> None:
    """Say along the foot of the figure what its marks mean."""
    _write(figure, np.array([(left, 0.15)]), [text], size=8.5, colour=INK, below=0.0)


def _write(figure: Figure, places: np.ndarray, lines: Sequence[str], **look: Any) -> None:  # noqa: ANN401
    """Write lines that begin at places in inches of the figure."""
    figure.add_artist(Printed(places, lines, across=0.0, transform=figure.dpi_scale_trans, **look))


def say_empty(axes: Axes, text: str) -> None:
    """Say in the middle of a panel that there is nothing to draw, and why."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=FAINT)
    axes.set_axis_off()


def rows_of(labels: Sequence[Sequence[str]], size: float, least: float) -> tuple[np.ndarray, float]:
    """Lay rows out from the top: the middle of each, in inches above the foot of the plot, and the plot's height.

    Parameters
    ----------
    labels
        Each row's label, by line.
    size
        Font size of the labels.
    least
        Height of a row with a label of one line.
    """
    more = np.array([len(lines) - 1 for lines in labels], dtype=float) * size * LINE / _POINTS
    heights = least + more
    total = max(LEAST_PLOT, float(heights.sum()))
    return (total + heights.sum()) / 2 - np.cumsum(heights) + heights / 2, total


def labels_room(labels: Sequence[Sequence[str]], size: float, weights: Sequence[str] | None = None) -> float:
    """Measure the margin that the labels of rows need."""
    of_row = weights or ["normal"] * len(labels)
    widths = [text_width(line, size, weight) for lines, weight in zip(labels, of_row, strict=True) for line in lines]
    return max(widths, default=0.5) + 0.3


def label_rows(axes: Axes, middles: np.ndarray, labels: Sequence[Sequence[str]], size: float, height: float) -> None:
    """Write the labels that :func:`rows_of` laid out."""
    axes.set_ylim(0, height)
    print_labels(axes, middles, labels, size)


def grid(axes: Axes, axis: str) -> None:
    """Draw faint lines at the ticks of one axis, behind everything."""
    for artist in axes.artists:
        if isinstance(artist, Ruler):
            artist.gridded = axis


def percent_axis(axes: Axes, axis: str) -> None:
    """Give an axis of shares few ticks, each written as exactly as it stands."""
    of = axes.xaxis if axis == "x" else axes.yaxis
    of.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    of.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.10g}%"))


def count_axis(axes: Axes, axis: str, ticks: int = 5) -> None:
    """Give an axis of counts whole ticks with their thousands separated."""
    of = axes.xaxis if axis == "x" else axes.yaxis
    of.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10], integer=True))
    of.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}".replace("-", "−")))


def days_shown(first: date, last: date) -> tuple[datetime, datetime]:
    """Give where an axis of weeks begins and ends: some room before the first Saturday and after the last Friday."""
    start, end = (datetime.combine(day, time()) for day in (first, last))
    room = max(timedelta(days=4), 0.03 * (end - start))
    return start - room, end + timedelta(days=6) + room


def week_axis(panels: Sequence[Axes], first: date, last: date) -> None:
    """Give panels that share their weeks a grid and the axis of dates, from and to :func:`days_shown`."""
    for axes in panels:
        grid(axes, "y")
    dates = panels[-1].xaxis
    panels[-1].set_xlim(*mdates.date2num(days_shown(first, last)))
    if last - first <= timedelta(weeks=FEW_WEEKS):
        weeks = [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]
        named = [f"{day.day} {day:%b}" + f"\n{day.year}" * (day == first or day.year > first.year) for day in weeks]
        dates.set_major_locator(FixedLocator(mdates.date2num(weeks)))
        dates.set_major_formatter(FixedFormatter(named))
        return
    locator = mdates.AutoDateLocator(minticks=3, maxticks=9)
    dates.set_major_locator(locator)
    dates.set_major_formatter(mdates.ConciseDateFormatter(locator))
