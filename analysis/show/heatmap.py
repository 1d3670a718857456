"""The heat map: counts of two vocabularies against each other (conventions of :mod:`analysis.show.figures`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import ArrayLike, NDArray

from analysis.show.canvas import WIDTH, broken, canvas, labels_room, say_empty, text_width
from analysis.show.printed import ASCENT, print_labels, print_texts
from analysis.show.style import HATCH, INK, NO_DETAINERS, drawing

LIGHT_TEXT = 0.53
"""Part of the darkest shade from which a number is white: on either side its contrast is 4.5 at least."""


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
    names, groups = ([broken(str(name), 2.4, 8, most=1)[0] for name in axis] for axis in cells.axes)
    slant = [text_width(name, 8) / 2**0.5 + 0.1 for name in groups]  # written at 45 degrees
    left = max(labels_room([[name] for name in names], 8), *slant[:1])
    side = min(0.8, (WIDTH - left - 0.25) / max(1, len(groups)))
    right, bottom = WIDTH - left - side * max(1, len(groups)), max(slant, default=0) + 0.3
    height = max(0.5, 0.25 * len(names))
    with drawing():
        figure, (axes,) = canvas(height, headline, subtitle, left=left, right=right, bottom=bottom)
        if cells.empty:
            say_empty(axes, "no cell")
            return figure
        shade = np.sqrt(cells.where(cells > 0).to_numpy(dtype=float))  # large ones would leave no shade to small ones
        darkest = float(np.nanmax(shade, initial=1.0))
        look: dict[str, Any] = {"cmap": "cividis_r", "vmin": 0, "vmax": darkest, "linewidths": 0.6}
        bare: dict[str, Any] = {"cbar": False, "xticklabels": False, "yticklabels": False, "clip_on": False}
        sns.heatmap(shade, linecolor="#D5D5D5", ax=axes, **look, **bare)
        axes.set_axis_off()
        size = min(7.5, 7.5 * 0.9 * side / max(text_width(str(label), 7.5) for label in labels.to_numpy().flat))
        counts = cells.to_numpy(dtype=float)
        texts = labels.astype("str").to_numpy()
        hidden = np.isnan(counts)
        rooms = np.array([text_width(text, size) / side for text in texts[hidden]])
        middles = np.argwhere(hidden)[:, ::-1] + 0.5
        plain: dict[str, Any] = {"facecolor": NO_DETAINERS, "zorder": 2}
        axes.add_artist(_boxes(middles, 1, 1, hatch=HATCH, edgecolor="#C9C9C9", linewidth=0.4, **plain))
        axes.add_artist(_boxes(middles, rooms, 0.6, edgecolor="none", **plain))
        light = shade > LIGHT_TEXT * darkest
        for colour, which in (("white", light), ("black", ~light)):
            print_texts(axes, np.argwhere(which)[:, ::-1] + 0.5, texts[which], size=size, colour=colour)
        places = np.column_stack([np.arange(len(groups)) + 0.5, np.zeros(len(groups))])
        slanting: dict[str, Any] = {"angle": 45, "across": 1.0, "below": ASCENT, "shift": (0.0, -3.5)}
        print_texts(axes, places, groups, size=8, colour=INK, transform=axes.get_xaxis_transform(), **slanting)
        print_labels(axes, np.arange(len(names)) + 0.5, [[name] for name in names], 8)
    return figure


def _boxes(middles: NDArray[np.floating], width: ArrayLike, height: float, **look: Any) -> PathPatch:  # noqa: ANN401
    """Draw boxes around their middles as one patch, which costs what one of them does."""
    half = np.column_stack(np.broadcast_arrays(np.atleast_1d(width), height)) / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return PathPatch(Path.make_compound_path_from_polys(middles[:, None] + corners * half[:, None]), **look)
