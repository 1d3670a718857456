"""Hundreds of short texts in a panel, drawn letter by letter: each letter is laid out once for all of them.

Text as matplotlib lays it out costs about a millisecond each, whatever it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_rgba
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D, Bbox, IdentityTransform
from numpy.typing import ArrayLike, NDArray

from analysis.show.canvas import LINE, font, letter_width
from analysis.show.style import INK

_UNIT = 72.0
"""Font size at which letters are kept."""


@cache
def _letter(letter: str, weight: str) -> Path:
    """Give the outline of a letter, its baseline halved between a digit's foot and its top."""
    path = TextPath((0, 0), letter, size=_UNIT, prop=font(_UNIT, weight))
    return Path(path.vertices - (0, _height(weight) / 2), path.codes)


@cache
def _height(weight: str) -> float:
    """Measure how high a digit is."""
    return float(TextPath((0, 0), "0", size=_UNIT, prop=font(_UNIT, weight)).get_extents().height)


class Printed(Artist):
    """Short texts of one size and colour, each centred on a place of the panel, or ending before its edge.

    Parameters
    ----------
    places
        One row a text: x and y, in the panel's data.
    texts
        The texts, a line each.
    size, weight, colour
        Of all of them.
    before
        Points between the end of a text and the panel's left edge, for labels of rows; None = centred on its place.
    above
        Points by which each text stands above its place.
    """

    def __init__(
        self,
        places: NDArray[np.floating],
        texts: NDArray[np.str_] | Sequence[str],
        *,
        size: float,
        colour: Any,  # noqa: ANN401
        weight: str = "normal",
        before: float | None = None,
        above: ArrayLike = 0.0,
    ) -> None:
        super().__init__()
        self.places, self.texts = places, [str(text) for text in texts]
        self.size, self.weight, self.colour = size, weight, to_rgba(colour)
        self.before, self.above = before, np.asarray(above, dtype=float)
        self.set_zorder(4)

    def draw(self, renderer: RendererBase) -> None:
        """Draw every letter at all the places where it stands."""
        scale = float(renderer.points_to_pixels(self.size))  # type: ignore[arg-type]
        stand: dict[str, list[tuple[float, float]]] = {}
        for (left, y), text in zip(self._starts(renderer), self.texts, strict=True):
            widths = [scale * letter_width(letter, self.weight) for letter in text]
            for letter, start in zip(text, left + np.cumsum([0.0, *widths]), strict=False):
                stand.setdefault(letter, []).append((start, y))
        gc = renderer.new_gc()
        gc.set_linewidth(0)
        gc.set_foreground(self.colour)
        outline = Affine2D().scale(scale / _UNIT)
        for letter, points in stand.items():
            if letter.strip():
                path = _letter(letter, self.weight)
                renderer.draw_markers(gc, path, outline, Path(points), IdentityTransform(), self.colour)
        gc.restore()

    def _starts(self, renderer: RendererBase) -> NDArray[np.floating]:
        """Give where each text begins, in pixels, at half its height."""
        assert self.axes is not None
        at = self.axes.transData.transform(self.places)
        at[:, 1] += self.above * renderer.points_to_pixels(1)
        widths = np.array([sum(letter_width(letter, self.weight) for letter in text) for text in self.texts])
        widths *= renderer.points_to_pixels(self.size)
        if self.before is None:
            at[:, 0] -= widths / 2
        else:
            at[:, 0] = self.axes.bbox.x0 - renderer.points_to_pixels(self.before) - widths
        return at

    def boxes(self, renderer: RendererBase) -> list[Bbox]:
        """Give the room that each text takes, in pixels."""
        scale = float(renderer.points_to_pixels(self.size))  # type: ignore[arg-type]
        height = scale * _height(self.weight) / _UNIT
        widths = [scale * sum(letter_width(letter, self.weight) for letter in text) for text in self.texts]
        return [
            Bbox([[left, y - height / 2], [left + width, y + height / 2]])
            for (left, y), width in zip(self._starts(renderer), widths, strict=True)
        ]


def print_texts(axes: Axes, places: NDArray[np.floating], texts: Sequence[str], **look: Any) -> None:  # noqa: ANN401
    """Print texts in a panel, if there are any; see :class:`Printed`."""
    if len(texts):
        axes.add_artist(Printed(places, texts, **look))


def print_labels(
    axes: Axes,
    middles: NDArray[np.floating],
    labels: Sequence[Sequence[str]],
    size: float,
    weights: Sequence[str] | None = None,
) -> None:
    """Print the labels of rows before the left edge of a panel, each by line; ``weights`` are those of the font."""
    axes.set_yticks([])
    lines: dict[str, list[tuple[float, float, str]]] = {}
    for middle, label, weight in zip(middles, labels, weights or ["normal"] * len(labels), strict=True):
        rises = (np.arange(len(label))[::-1] - (len(label) - 1) / 2) * size * LINE
        lines.setdefault(weight, []).extend((float(middle), *line) for line in zip(rises, label, strict=True))
    for weight, ones in lines.items():
        at, above, texts = zip(*ones, strict=True)
        places = np.column_stack([np.zeros(len(at)), at])
        print_texts(axes, places, texts, size=size, colour=INK, weight=weight, before=6, above=above)
