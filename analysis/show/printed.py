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
from numpy.typing import NDArray

from analysis.show.canvas import font, letter_width

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
    """Short texts of one size and colour, each centred on a place of the panel.

    Parameters
    ----------
    places
        One row a text: x and y, in the panel's data.
    texts
        The texts, a line each.
    size, weight, colour
        Of all of them.
    """

    def __init__(
        self,
        places: NDArray[np.floating],
        texts: NDArray[np.str_] | Sequence[str],
        *,
        size: float,
        colour: Any,  # noqa: ANN401
        weight: str = "normal",
    ) -> None:
        super().__init__()
        self.places, self.texts = places, [str(text) for text in texts]
        self.size, self.weight, self.colour = size, weight, to_rgba(colour)
        self.set_zorder(4)

    def draw(self, renderer: RendererBase) -> None:
        """Draw every letter at all the places where it stands."""
        assert self.axes is not None
        scale = float(renderer.points_to_pixels(self.size))  # type: ignore[arg-type]
        stand: dict[str, list[tuple[float, float]]] = {}
        for (x, y), text in zip(self.axes.transData.transform(self.places), self.texts, strict=True):
            widths = [scale * letter_width(letter, self.weight) for letter in text]
            starts = x - sum(widths) / 2 + np.cumsum([0.0, *widths])
            for letter, start in zip(text, starts, strict=False):
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

    def boxes(self, renderer: RendererBase) -> list[Bbox]:
        """Give the room that each text takes, in pixels."""
        assert self.axes is not None
        scale = float(renderer.points_to_pixels(self.size))  # type: ignore[arg-type]
        height = scale * _height(self.weight) / _UNIT
        widths = [scale * sum(letter_width(letter, self.weight) for letter in text) for text in self.texts]
        centres = self.axes.transData.transform(self.places)
        return [
            Bbox([[x - width / 2, y - height / 2], [x + width / 2, y + height / 2]])
            for (x, y), width in zip(centres, widths, strict=True)
        ]


def print_texts(axes: Axes, places: NDArray[np.floating], texts: Sequence[str], **look: Any) -> None:  # noqa: ANN401
    """Print texts in a panel, if there are any; see :class:`Printed`."""
    if len(texts):
        axes.add_artist(Printed(places, texts, **look))
