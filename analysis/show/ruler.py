"""The ticks, labels, grid and names of a panel's axes, drawn as one artist.

Only what decides where ticks stand and what they say is matplotlib's: there each tick is five artists, and to make and
draw them is half of what a figure costs.
"""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.backend_bases import RendererBase
from matplotlib.path import Path
from matplotlib.transforms import BboxBase, IdentityTransform
from numpy.typing import ArrayLike, NDArray

from analysis.show.printed import ASCENT, DESCENT, Printed, width_of
from analysis.show.style import FAINT, GRID, INK, SETTINGS

LENGTH, MINOR, PAD, NAME_PAD, SHARED_PAD = 3.5, 2.0, 3.5, 4.0, 3.0
"""Points: a tick, one between them, from a tick to its label, from labels to the axis' name and to what all share."""
SIZE, LINES_APART = SETTINGS["font.size"], 1.2
"""Font size of labels and names; from one line of a label to the next, in parts of it."""
WIDTH, MINOR_WIDTH = 0.8, 0.6
SLACK = 1e-6
"""Pixels by which a tick may be outside the panel: those at its ends are not, but by rounding."""
Floats = NDArray[np.float64]
Placed = tuple[float, float, float, float, str]
"""Where a text stands (x and y, in pixels), the part left of it, how far the baseline is below it, and the text."""


class Ruler(Artist):
    """The scales of a panel.

    Parameters
    ----------
    labelled
        Whether the ticks of the horizontal axis have labels; those of a panel above another have none.

    Attributes
    ----------
    gridded
        ``x`` or ``y``: the axis at whose ticks faint lines cross the panel.
    """

    def __init__(self, *, labelled: bool = True) -> None:
        super().__init__()
        self.labelled, self.gridded = labelled, ""
        self.set_zorder(0.5)  # behind what is drawn of the data

    def draw(self, renderer: RendererBase) -> None:
        """Draw lines, ticks and texts, unless the panel has no axes."""
        axes = self.axes
        assert axes is not None
        if not axes.axison:
            return
        point, box = float(renderer.points_to_pixels(1)), axes.bbox  # type: ignore[arg-type]
        x, of_x = self._ticks(axes.xaxis)
        y, of_y = self._ticks(axes.yaxis)
        if self.gridded == "x":
            _draw_lines(renderer, _lines(x, box.y0, box.y1), GRID, WIDTH, box)
        elif self.gridded == "y":
            _draw_lines(renderer, _lines(y, box.x0, box.x1)[..., ::-1], GRID, WIDTH, box)
        down, left = (_lines(at, end, end - LENGTH * point) for at, end in ((x, box.y0), (y, box.x0)))
        _draw_lines(renderer, np.concatenate([down, left[..., ::-1]]), FAINT, WIDTH)
        between = self._pixels(axes.xaxis, axes.xaxis.get_minorticklocs())
        _draw_lines(renderer, _lines(between, box.y0, box.y0 - MINOR * point), FAINT, MINOR_WIDTH)

        edge = box.x0 - (LENGTH + PAD) * point
        texts = [(edge, at, 1.0, ASCENT / 2, text) for at, text in zip(y, of_y, strict=True)]
        if self.labelled:
            texts += self._below(point, x, of_x)
        _print(renderer, texts, 0)
        edge -= point * SIZE * max((width_of(text) for text in of_y), default=0)
        _print(renderer, [(edge - NAME_PAD * point, (box.y0 + box.y1) / 2, 0.5, -DESCENT, axes.get_ylabel())], 90)

    def _below(self, point: float, x: Floats, labels: list[str]) -> list[Placed]:
        """List what is written below the panel: by tick, what all ticks share, and the name of the axis."""
        assert self.axes is not None
        box = self.axes.bbox
        foot, texts, most = box.y0 - (LENGTH + PAD) * point, [], 0.0
        for at, label in zip(x, labels, strict=True):
            lines = label.split("\n")
            apart = 1.0 if len(lines) == 1 else LINES_APART
            texts += [(at, foot, 0.5, ASCENT + (apart - 1) / 2 + apart * n, line) for n, line in enumerate(lines)]
            most = max(most, apart * len(lines))
        foot -= most * SIZE * point
        shared = self.axes.xaxis.get_major_formatter().get_offset()
        texts.append((box.x1, foot - SHARED_PAD * point, 1.0, ASCENT, shared))
        texts.append(((box.x0 + box.x1) / 2, foot - NAME_PAD * point, 0.5, ASCENT, self.axes.get_xlabel()))
        return texts

    def _ticks(self, axis: Axis) -> tuple[Floats, list[str]]:
        """Give where the ticks of an axis are, in pixels along it, and what they say."""
        places = axis.get_majorticklocs()
        at, labels = self._pixels(axis, places), axis.get_major_formatter().format_ticks(places)  # type: ignore[arg-type]
        return at[np.isfinite(at)], [label for label, within in zip(labels, np.isfinite(at), strict=True) if within]

    def _pixels(self, axis: Axis, places: ArrayLike) -> Floats:
        """Give where values of an axis are, in pixels along it; NaN outside the panel."""
        axes = axis.axes
        along = 0 if axis is axes.xaxis else 1
        of = axes.get_yaxis_transform() if along else axes.get_xaxis_transform()
        points = np.zeros((np.size(places), 2))
        points[:, along] = places
        at, box = of.transform(points)[:, along], axes.bbox
        inside = (at >= box.min[along] - SLACK) & (at <= box.max[along] + SLACK)
        return np.where(inside, at, np.nan)


def _lines(at: Floats, start: float, end: float) -> Floats:
    """Give lines across an axis, each from a start to an end: by line, by end, along the axis and across."""
    across = np.broadcast_to([start, end], (len(at), 2))
    return np.stack([np.broadcast_to(at[:, None], across.shape), across], axis=2)


def _draw_lines(
    renderer: RendererBase, lines: Floats, colour: str, width: float, within: BboxBase | None = None
) -> None:
    """Draw lines as one path."""
    lines = lines[np.isfinite(lines).all(axis=(1, 2))]
    if not len(lines):
        return
    gc = renderer.new_gc()
    gc.set_foreground(colour)
    gc.set_linewidth(width)
    gc.set_clip_rectangle(within)  # type: ignore[arg-type]
    path = Path(lines.reshape(-1, 2), [Path.MOVETO, Path.LINETO] * len(lines))
    renderer.draw_path(gc, path, IdentityTransform())
    gc.restore()


def _print(renderer: RendererBase, texts: list[Placed], angle: float) -> None:
    """Print texts, if there are any."""
    if not texts:
        return
    x, y, across, below, said = zip(*texts, strict=True)
    look = {"size": SIZE, "colour": INK, "angle": angle, "across": across, "below": below}
    Printed(np.column_stack([x, y]), said, transform=IdentityTransform(), **look).draw(renderer)
