"""Where the names of points stand in a figure: beside their points, off every line, mark and other name.

Everything is measured in points of 1/72 inch, from the figure's lower left corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Transform
from numpy.typing import NDArray

from analysis.show.canvas import text_width

Floats = NDArray[np.float64]
SIZE = 8
MARK, RING, AIR = 3.0, 6.5, 1.5
"""Radius of a mark and of a ring around one, and the least distance of a name from anything else."""
HALO = [withStroke(linewidth=2.5, foreground="white")]
"""White around a name, for one that finds no place off every line."""
_CAPITAL, _STEP = 0.73 * SIZE, 1.0


class Box(NamedTuple):
    """Where a name would stand: its lower left corner and its upper right one."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box, air: float) -> bool:
        """Say whether another box is nearer than the air."""
        return (
            self.left - air < other.right
            and other.left - air < self.right
            and self.bottom - air < other.top
            and other.bottom - air < self.top
        )


def place_names(
    axes: Axes,
    names: Sequence[str],
    marks: Floats,
    lines: Sequence[Floats],
    *,
    most: int,
    needed: Sequence[str] = (),
    ringed: str = "",
) -> None:
    """Write names beside their marks, in the first free place of several around each.

    Parameters
    ----------
    axes
        With its limits set, for these decide where things stand.
    names
        By row of ``marks``, the most important first.
    marks
        Data points, one row each: those that have a name, in the order of names, then the others.
    lines
        Data points of each line that is drawn.
    most
        Names at most, beside those needed.
    needed
        Names that are written even where no place is free; the others are then left out.
    ringed
        Name of the mark that has a ring of radius :data:`RING`.
    """
    at = _on_paper(axes, marks)
    ink = np.concatenate([_dense(_on_paper(axes, line)) for line in lines])
    if ringed in names:
        turns = np.linspace(0, 2 * np.pi, 40)
        ink = np.concatenate(
            [ink, at[list(names).index(ringed)] + RING * np.column_stack([np.cos(turns), np.sin(turns)])]
        )
    frame = _on_paper(axes, np.column_stack([axes.get_xlim(), axes.get_ylim()]))
    taken: list[Box] = []
    for name, (x, y) in zip(names, at, strict=False):
        if len(taken) >= most and name not in needed:
            continue
        choices = _around(name, x, y, RING if name == ringed else MARK)
        costs = _costs(choices, at, ink, taken, frame)
        best = int(np.argmin(costs))
        if costs[best] and name not in needed:
            continue
        box = choices[best]
        taken.append(box)
        there = (box.left / 72, box.bottom / 72)
        axes.text(*there, name, transform=_inches(axes), fontsize=SIZE, zorder=4, path_effects=HALO)


def _inches(axes: Axes) -> Transform:
    """Give the transform from inches of the figure."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure.dpi_scale_trans


def _on_paper(axes: Axes, points: Floats) -> Floats:
    """Give where points of the data stand in the figure; one row each, x and y."""
    return np.asarray(72 * _inches(axes).inverted().transform(axes.transData.transform(points)))


def _around(name: str, x: float, y: float, reach: float) -> list[Box]:
    """List the places around a mark that a name may take, the best first."""
    width, near, far = 72 * text_width(name, SIZE), reach + 2.5, reach + 9
    corners = [
        (x + near, y + 1),
        (x + near, y - 1 - _CAPITAL),
        (x - near - width, y + 1),
        (x - near - width, y - 1 - _CAPITAL),
        (x - width / 2, y + near),
        (x - width / 2, y - near - _CAPITAL),
        (x + far, y + near),
        (x + far, y - near - _CAPITAL),
        (x - far - width, y + near),
        (x - far - width, y - near - _CAPITAL),
        (x - width / 2, y + far),
        (x - width / 2, y - far - _CAPITAL),
    ]
    return [Box(left, bottom, left + width, bottom + _CAPITAL) for left, bottom in corners]


def _costs(boxes: Sequence[Box], marks: Floats, ink: Floats, taken: Sequence[Box], frame: Floats) -> Floats:
    """Weigh what a name would cover: outside the frame or a name worst, a mark next, a line least; 0 = nothing."""
    left, bottom, right, _ = np.array(boxes).T
    outside = (left < frame[0, 0] + AIR) | (bottom < frame[0, 1] + AIR) | (right > frame[1, 0] + 20)
    covered = np.array([sum(box.meets(other, AIR) for other in taken) for box in boxes])
    return 1e6 * (outside + covered) + 1e3 * _held(boxes, marks, MARK) + (_held(boxes, ink, AIR) > 0)


def _held(boxes: Sequence[Box], points: Floats, air: float) -> NDArray[np.intp]:
    """Count the points that lie in each box or nearer to it than the air."""
    low, high = np.array(boxes)[:, :2] - air, np.array(boxes)[:, 2:] + air
    points = points[((points > low.min(axis=0)) & (points < high.max(axis=0))).all(axis=1)]
    return ((points > low[:, None]) & (points < high[:, None])).all(axis=2).sum(axis=1)


def _dense(line: Floats) -> Floats:
    """Put points on a line as near to each other as a name could slip between; what is not drawn is left out."""
    line = line[np.isfinite(line).all(axis=1)]
    if len(line) < 2:
        return line
    along = np.append(0.0, np.hypot(*np.diff(line, axis=0).T).cumsum())
    steps = np.arange(0, along[-1], _STEP)
    return np.column_stack([np.interp(steps, along, line[:, axis]) for axis in (0, 1)])
