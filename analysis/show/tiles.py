"""The tile map: states as equal tiles, each with its count (conventions of :mod:`analysis.show.figures`)."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.show.canvas import WIDTH, canvas, text_width
from analysis.show.printed import ASCENT, DESCENT, print_texts
from analysis.show.style import HATCH, INK, NO_DETAINERS, TILE_EDGE, drawing

COUNT_CLASSES = (5, 10, 20, 50)
"""Where the second and each further class of a tile map's colours begins."""
SHADES = (0.95, 0.72, 0.42, 0.22, 0.0)
"""Places of the classes on the colour map, light to dark; the text on each has a contrast of 4.5 at least."""
CLASS_COLOURS = [tuple(colour) for colour in colormaps["cividis"](SHADES).tolist()]


def tile_map(
    tiles: pd.DataFrame, *, headline: str, subtitle: str, marked: str = "", absent_name: str = "no detainers"
) -> Figure:
    """Draw the states as equal tiles in their rough places, each with its count.

    Parameters
    ----------
    tiles
        Index postal code; ``tile_row``, ``tile_column``, ``label`` (what is printed), ``count`` (its colour class, 0 is
        white) and ``present`` (False = nothing to count there, drawn grey and hatched, unlike a 0).
    headline, subtitle
        The finding; measure, place, dates and unit.
    marked
        Postal code of a state to outline.
    absent_name
        What a tile without anything to count means.
    """
    rows, columns = tiles["tile_row"].max(), tiles["tile_column"].max()
    side = (WIDTH - 0.5) / columns
    with drawing():
        figure, (axes,) = canvas(rows * side, headline, subtitle, left=0.25, right=0.25, bottom=0.7)
        axes.set_axis_off()
        axes.set_xlim(0, columns)
        axes.set_ylim(rows, 0)
        grounds = []  # plain ones, behind text on a hatched tile
        printed: dict[tuple[str, str], list[tuple[float, float, str]]] = {}
        for postal, tile in tiles.iterrows():
            x, y = tile["tile_column"] - 1, tile["tile_row"] - 1
            face, ink = _class_colour(tile["count"]) if tile["present"] else (NO_DETAINERS, INK)
            axes.add_artist(
                Rectangle(
                    (x + 0.03, y + 0.03),
                    0.94,
                    0.94,
                    facecolor=face,
                    edgecolor=INK if postal == marked else TILE_EDGE,
                    linewidth=2.4 if postal == marked else 0.8,
                    hatch=None if tile["present"] else HATCH,
                    zorder=3 if postal == marked else 2,
                )
            )
            lines = [(0.34, str(postal), "normal"), (0.68, str(tile["label"]), "bold")]
            for down, text, weight in lines if tile["present"] else [(0.5, str(postal), "normal")]:
                printed.setdefault((ink, weight), []).append((x + 0.5, y + down, text))
                if not tile["present"]:
                    room = text_width(text, 9, weight) / side + 0.04
                    grounds.append(
                        Rectangle((x + 0.5 - room / 2, y + down - 0.13), room, 0.26, facecolor=face, edgecolor="none")
                    )
        axes.add_collection(PatchCollection(grounds, match_original=True, zorder=3))
        for (ink, weight), ones in printed.items():
            places = np.array([(x, y) for x, y, _ in ones])
            print_texts(axes, places, [text for *_, text in ones], size=9, weight=weight, colour=ink)
        _class_key(figure, absent_name)
    return figure


def _class_colour(value: float) -> tuple[str | tuple[float, ...], str]:
    """Give a count's fill and the colour of text on it: white for none, then light to dark by class."""
    if value == 0:
        return "white", INK
    rank = bisect_right(COUNT_CLASSES, value)
    return CLASS_COLOURS[rank], INK if rank < 2 else "white"


def _class_key(figure: Figure, absent_name: str) -> None:
    """Draw the key of the tile map along the foot of the figure."""
    height = figure.get_figheight()
    panel = figure.add_axes((0.25 / WIDTH, 0.1 / height, 1 - 0.5 / WIDTH, 0.42 / height))
    panel.set_axis_off()
    begins = [1, *COUNT_CLASSES]
    names = [*(f"{a} to {b - 1}" for a, b in pairwise(begins)), f"{begins[-1]} or more"]
    patches: list[tuple[str, str | tuple[float, ...], str | None]] = [("none declined", "white", None)]
    patches += [(name, _class_colour(count)[0], None) for name, count in zip(names, begins, strict=True)]
    patches.append((absent_name, NO_DETAINERS, HATCH))
    panel.set_xlim(0, len(patches))
    panel.set_ylim(0, 1)
    for place, (_, face, hatch) in enumerate(patches):
        panel.add_artist(Rectangle((place, 0.55), 0.9, 0.4, facecolor=face, edgecolor=TILE_EDGE, hatch=hatch))
    places = np.array([(place, 0.3) for place in range(len(patches))])
    middle = (ASCENT - DESCENT) / 2
    print_texts(panel, places, [name for name, *_ in patches], size=8.5, colour=INK, across=0.0, below=middle)
