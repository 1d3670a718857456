"""How every figure looks: colours, a frame of fixed margins, axes of shares, counts and weeks; and its bytes."""

from __future__ import annotations

import base64
import io
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, Literal

import matplotlib as mpl
import matplotlib.dates as mdates
import matplotlib.figure
import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from analysis.errors import InputError, called

# Okabe and Ito's colours, told apart with every common colour vision; a mark or a label always says the same.
DECLINED, TAKEN, OTHER_ENDS, OPEN = "#D55E00", "#0072B2", "#E69F00", "#8A8A8A"
LIGHT_DECLINED, LIGHT_TAKEN = "#E8A87C", "#A6CBE3"
RAMP = ("#FCE3D0", "#F3B285", "#DD7A35", "#B04A00", "#6B2A00")
"""Shades of declined, from few to many; on the last two text is white."""
INK, FAINT, NO_DETAINERS, GRID, EDGES = "#1B1B1B", "#5F5F5F", "#E3E3E3", "#E8E8E8", "#B5B5B5"
HATCH, MADE_UP = "////", "MADE-UP DATA"
WIDTH, EDGE = 8.0, 0.15
"""Inches: the width of every figure, and what stays free at its sides."""
NOTHING = "There is nothing to draw."
BESIDE: dict = {"xytext": (8, 0), "textcoords": "offset points", "va": "center"}
"""Where the number of a mark stands."""
FEW_WEEKS = 8
"""Weeks up to which each has its own tick."""
SETTINGS: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Helvetica", "Arial"],  # a browser takes the first that it has
    "font.size": 10.5,
    "legend.fontsize": 10.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "grid.color": GRID,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",  # text stays text: it can be selected, searched and read aloud
    "svg.hashsalt": "declined-detainers",  # ids in the file depend on the drawing alone
}


Draw = Callable[[pd.DataFrame], "Figure"]


@contextmanager
def style() -> Iterator[None]:
    """Draw as the figures of this package do, whatever the session's settings are, and leave those as they were.

    Examples
    --------
    >>> with style():
    ...     figure, axes = frame(2, "Two weeks", "Made-up numbers")
    ...     bars = axes[0].bar(["first", "second"], [3, 5], color=DECLINED)
    >>> figure.headline
    'Two weeks'
    """
    with matplotlib.style.context(["default", SETTINGS]):
        yield


class Figure:
    """A matplotlib figure that shows as the last line of a cell; ``headline``, ``subtitle`` and ``alt`` tell of it.

    It has everything that the figure has, which is ``drawn``. It is none itself, since Jupyter's inline backend has its
    own way of showing those, in the session's settings and with the margins cut off. ``reason`` is why there is nothing
    to draw, blank if there is something.
    """

    headline = subtitle = alt = reason = ""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401
        self.drawn = mpl.figure.Figure(dpi=100, **options)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self.__dict__["drawn"], name)

    def savefig(self, fname: Any, **options: Any) -> None:  # noqa: ANN401
        """Save as matplotlib does, in this package's style."""
        with style():
            self.drawn.savefig(fname, **options)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict[str, str], dict]:
        width, height = (round(96 * inches) for inches in self.get_size_inches())
        png = base64.b64encode(png_of(self)).decode("ascii")
        data = {"text/plain": self.alt or self.headline, "image/svg+xml": svg_of(self), "image/png": png}
        return data, {"image/png": {"width": width, "height": height}}


def svg_of(figure: Figure | mpl.figure.Figure) -> str:
    """Draw a figure as SVG; the same figure gives the same text."""
    file = io.StringIO()
    with style():
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    without_comments = re.sub(r"<!--.*?-->", "", file.getvalue(), flags=re.DOTALL)
    return " ".join(without_comments.split()).replace("> <", "><") + "\n"


def png_of(figure: Figure | mpl.figure.Figure) -> bytes:
    """Draw a figure as PNG; the same figure gives the same bytes."""
    file = io.BytesIO()
    with style():
        figure.savefig(file, format="png", dpi=150, metadata={"Software": None})
    return file.getvalue()


def frame(
    height: float,
    headline: str,
    subtitle: str,
    rows: int = 1,
    *,
    left: float = 0.9,
    right: float = 0.3,
    bottom: float = 0.85,
    top: float = 0.0,
    gap: float = 0.3,
) -> tuple[Figure, list[Axes]]:
    """Make a figure of fixed margins, with a headline (the finding) and a subtitle (measure, place, dates and unit).

    All lengths are inches: ``height`` that of each panel, ``gap`` between two of the ``rows`` panels, which stand one
    below the other and share their horizontal axis. Draw inside :func:`style`.
    """
    title, below = _broken(headline, 14.3), _broken(subtitle, 10.2)  # bold letters are wider
    under_title = 0.28 + 0.25 * (title.count("\n") + 1)
    above = under_title + 0.19 * (below.count("\n") + 1) + 0.24 + top
    total = above + rows * height + (rows - 1) * gap + bottom
    figure = Figure(figsize=(WIDTH, total))
    figure.headline, figure.subtitle = headline, subtitle
    figure.set_label(f"{headline}\n{subtitle}")
    look: dict[str, Any] = {"va": "top", "linespacing": 1.15}
    figure.text(EDGE / WIDTH, 1 - 0.24 / total, title, fontsize=14, fontweight="bold", **look)
    figure.text(EDGE / WIDTH, 1 - under_title / total, below, fontsize=11, color=FAINT, **look)
    axes: list[Axes] = []
    for row in range(rows):
        foot = bottom + (rows - 1 - row) * (height + gap)
        place = (left / WIDTH, foot / total, 1 - (left + right) / WIDTH, height / total)
        axes.append(figure.add_axes(place, sharex=axes[0] if axes else None))
        axes[-1].tick_params(axis="x", labelbottom=row == rows - 1)
    return figure, axes


def width_of(text: str, size: float = 10.5) -> float:
    """Give the inches that a line of text takes, about: a capital is wider than a small letter."""
    return size / 72 * sum(0.74 if letter.isupper() else 0.58 for letter in text)


def _broken(text: str, size: float) -> str:
    """Break a title into lines that fit."""
    return textwrap.fill(text, int(len(text) * (WIDTH - 2 * EDGE) / max(1, width_of(text, size))) or 1)


def share_axis(axes: Axes, axis: Literal["x", "y"], name: str, most: float) -> None:
    """Give an axis of shares its name, its end, a grid and few ticks, each written as exactly as it stands."""
    axes.set(**{f"{axis}label": name, f"{axis}lim": (0, most)})
    of = axes.xaxis if axis == "x" else axes.yaxis
    of.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    of.set_major_formatter(lambda share, _: f"{100 * share:.10g}%")
    axes.grid(visible=True, axis=axis)


def count_axis(axes: Axes, axis: Literal["x", "y"], name: str, most: float, least: float = 0) -> None:
    """Give an axis of counts its name, its ends, a grid and few whole ticks with their thousands separated."""
    axes.set(**{f"{axis}label": name, f"{axis}lim": (least, most)})
    of = axes.xaxis if axis == "x" else axes.yaxis
    of.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], integer=True))
    of.set_major_formatter(lambda count, _: f"{count:,.0f}".replace("-", "−"))
    axes.grid(visible=True, axis=axis)


def week_axis(axes: Axes, saturdays: pd.Index) -> pd.Series:
    """Give an axis the dates of weeks; give the place of each on it."""
    places = pd.Series(mdates.date2num(saturdays), saturdays)
    room = max(7.0, 0.03 * (places.iloc[-1] - places.iloc[0]))
    axes.set_xlim(places.iloc[0] - room, places.iloc[-1] + room)
    locator = mdates.AutoDateLocator(minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    if len(places) <= FEW_WEEKS:
        axes.set_xticks(places, [f"{day.day} {day:%b}\n{day.year}" for day in saturdays])
    return places


def drawn_of(numbers: str, *needed: str) -> Callable[[Draw], Draw]:
    """Draw a frame in our style: refuse one that lacks columns, print why one is empty, say where the numbers are."""

    def decorated(draw: Draw) -> Draw:
        @wraps(draw)
        def figure_of(table: pd.DataFrame) -> Figure:
            if not isinstance(table, pd.DataFrame):
                what = f"plot.{draw.__name__} draws a frame, found {called(table)}"
                raise InputError(what, do=f"Its help says of which function: help(an.plot.{draw.__name__})")
            lacking = [name for name in needed if name not in table]
            if lacking and len(table):
                what = f"plot.{draw.__name__} cannot draw a table without {', '.join(lacking)}"
                raise InputError(what, found=", ".join(map(str, table)), expected=", ".join(needed))
            with style():
                figure = draw(table) if len(table) else empty(table.attrs.get("reason") or NOTHING)
                if not figure.legends:
                    key(figure)
                if not figure.reason:
                    figure.alt += f" The numbers are in the table {numbers}."
                if table.attrs.get("synthetic"):
                    height, right = figure.get_figheight(), 1 - EDGE / WIDTH
                    above: dict = {"ha": "right", "va": "top", "fontsize": 9.5, "weight": "bold", "color": "#B00000"}
                    figure.text(right, 1 - 0.06 / height, MADE_UP, **above)
                    figure.alt = f"{MADE_UP}. {figure.alt}"
            return figure

        return figure_of

    return decorated


def empty(reason: str) -> Figure:
    """Print why there is nothing to draw."""
    lines = textwrap.wrap(reason, 86)
    figure = Figure(figsize=(WIDTH, 0.6 + 0.2 * len(lines)))
    figure.text(EDGE / WIDTH, 0.4, "\n".join(lines), va="center", fontsize=11, color=FAINT)
    figure.headline = figure.alt = figure.reason = reason
    return figure


def told(first: str, table: pd.DataFrame, *names: str) -> str:
    """Join the first part of a subtitle and what the frame says of itself."""
    return ", ".join([first, *(str(table.attrs[name]) for name in names if table.attrs.get(name))])


def day_of(day: Any) -> str:  # noqa: ANN401
    """Write a day in words."""
    when = pd.Timestamp(day)
    return f"{when.day} {when:%B %Y}"


def detainers(number: float) -> str:
    """Write a number of detainers with its noun."""
    return f"{number:,.0f} detainer{'' if number == 1 else 's'}"


def known(number: float) -> str:
    """Write a count, or that it is not known."""
    return "not known" if np.isnan(number) else f"{number:,.0f}"


def count_rows(axes: Axes, names: Sequence[str], most: float) -> None:
    """Give a plot of counts its rows, from the top, and its axis."""
    name_rows(axes, names)
    axes.spines["left"].set_visible(False)
    count_axis(axes, "x", "Detainers recorded as declined", 1.04 * most, -0.02 * most)


def week_of(weeks: pd.DataFrame) -> pd.Timestamp:
    """Give the week that a figure is about: that of the frame, by default the last one."""
    week = pd.Timestamp(weeks.attrs.get("week") or weeks.index[-1])
    return week if week in weeks.index else weeks.index[-1]


def is_week(table: pd.DataFrame) -> bool:
    """Say whether a frame is of one week, whose name begins with its first day."""
    return str(table.attrs.get("period_name")).startswith("Saturday")


def lines(names: Sequence[object] | pd.Index | pd.Series) -> list[str]:
    """Break the names of rows into two lines at most; the table has a longer one in full."""
    return [textwrap.fill(str(name), 28, max_lines=2, placeholder=" …") for name in names]


def room_of(names: Sequence[str]) -> float:
    """Give the margin in inches that the names of rows take."""
    return 0.3 + max(width_of(line) for name in names for line in name.split("\n"))


def dots(axes: Axes, x: Any, y: Any, mark: str, name: str, colour: str, hollow: bool = False) -> None:  # noqa: ANN401
    """Draw points, if there are any, and give them a name for the key."""
    if len(x):
        face = "white" if hollow else colour
        axes.plot(x, y, mark, color=colour, markerfacecolor=face, markersize=5.5, clip_on=False, zorder=3, label=name)


def boxes(axes: Axes, x: Any, y: Any, width: float, height: Any, **looks: Any) -> None:  # noqa: ANN401
    """Draw boxes from their lower left corners as one artist, which costs what one of them does."""
    corners = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])
    at, size = np.stack(np.broadcast_arrays(x, y), 1), np.stack(np.broadcast_arrays(np.full(len(x), width), height), 1)
    axes.add_collection(PolyCollection(at[:, None] + corners * size[:, None], **looks))


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Write the names of rows beside an axis, from the top."""
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(np.arange(len(names)), names)
    axes.tick_params(axis="y", length=0, pad=8)


def key(figure: Figure, handles: Sequence[Patch] = (), columns: int = 4) -> None:
    """Say along the foot of the figure what its marks mean: those given, or those of its panels that have a name."""
    named: dict[str, Any] = {str(handle.get_label()): handle for handle in handles}
    for axes in figure.axes if not handles else ():
        named |= {name: mark for mark, name in zip(*axes.get_legend_handles_labels(), strict=True) if name not in named}
    order = [name for column in range(columns) for name in list(named)[column::columns]]  # a legend fills columns first
    corner = (EDGE / WIDTH, 0.08 / figure.get_figheight())
    marks, spaces = [named[name] for name in order], {"borderaxespad": 0, "borderpad": 0.1, "columnspacing": 1.1}
    if marks:
        figure.legend(marks, order, loc="lower left", bbox_to_anchor=corner, ncols=columns, handlelength=1.6, **spaces)
