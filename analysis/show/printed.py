"""The texts of a figure, drawn letter by letter: each letter is laid out once for all of them.

Text as matplotlib lays it out costs about a millisecond each, whatever it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.font_manager import FontPath, FontProperties, findfont, get_font
from matplotlib.ft2font import Kerning
from matplotlib.path import Path
from matplotlib.textpath import TextPath, TextToPath
from matplotlib.transforms import Affine2D, Bbox, IdentityTransform, Transform
from numpy.typing import ArrayLike, NDArray

from analysis.show.style import INK, SETTINGS

LINE = 1.25
"""From one line to the next, in parts of the font's size."""
ASCENT, DESCENT = 0.76, 0.24
"""From a line's baseline to its top and its foot, in parts of the font's size, as DejaVu's own table has them."""
_UNIT, _PLACES, _OFTEN = 72.0, 2, 3
"""Font size at which letters are kept, decimals of where they are drawn, and places for which one outline is shared."""
_JOINED = {"ffi": "\ufb03", "ffl": "\ufb04", "ff": "\ufb00", "fi": "\ufb01", "fl": "\ufb02"}
"""Letters that the font joins into one, the longest first."""


def font(size: float, weight: str = "normal") -> FontProperties:
    """Give the font of all figures."""
    return FontProperties(family=SETTINGS["font.family"], size=size, weight=weight)


@cache
def _file(weight: str) -> FontPath:
    """Find the font's file."""
    return findfont(font(_UNIT, weight))


@cache
def letter_width(letter: str, weight: str) -> float:
    """Measure a letter in parts of the font's size; next to another it is hardly ever wider."""
    return TextToPath().get_text_width_height_descent(letter, font(_UNIT, weight), ismath=False)[0] / _UNIT


@cache
def _step(letter: str, following: str, weight: str) -> float:
    """Measure from the start of a letter to that of the next, which may stand nearer than the letter is wide."""
    width, face = letter_width(letter, weight), get_font(_file(weight))
    face.set_size(_UNIT, 72)  # last: whoever else measures or draws with this face sets another
    one, other = face.get_char_index(ord(letter)), face.get_char_index(ord(following))
    return width + face.get_kerning(one, other, Kerning.UNFITTED) / 64 / _UNIT


@lru_cache(4096)
def _stops(text: str, weight: str) -> tuple[float, ...]:
    """Give where each letter of a text begins and the last one ends, in parts of the font's size."""
    steps = [_step(*pair, weight) for pair in pairwise(text)]
    return tuple(accumulate([*steps, *(letter_width(letter, weight) for letter in text[-1:])], initial=0.0))


@cache
def _letter(letter: str, weight: str) -> Path:
    """Give the outline of a letter; a space and what turns text around have none."""
    if not TextToPath().get_text_path(font(_UNIT, weight), letter)[1]:
        return Path(np.empty((0, 2)))
    return TextPath((0, 0), letter, size=_UNIT, prop=font(_UNIT, weight))


def _joined(text: str) -> str:
    """Join the letters of a text that the font has as one."""
    for letters, one in _JOINED.items():
        text = text.replace(letters, one)
    return text


@lru_cache(4096)
def _outline(letter: str, weight: str, scale: float, angle: float) -> Path:
    """Give the outline of a letter as it is drawn, to a hundredth of a pixel: the file has every digit."""
    path = _letter(letter, weight).transformed(Affine2D().scale(scale).rotate_deg(angle))
    return Path(np.asarray(path.vertices).round(_PLACES), path.codes)


@cache
def _half(weight: str) -> float:
    """Measure half the height of a digit, in parts of the font's size."""
    return float(_letter("0", weight).get_extents().height) / _UNIT / 2


def width_of(text: str, weight: str = "normal") -> float:
    """Measure one line of text in parts of the font's size; letters that stand nearer to each other are not counted."""
    return sum(letter_width(letter, weight) for letter in text)


class Printed(Artist):
    """Short texts of one size and colour.

    Parameters
    ----------
    places
        One row a text: x and y, in the panel's data unless there is a ``transform``.
    texts
        The texts, a line each.
    size, weight, colour, angle
        Of all of them; degrees against the clock.
    transform
        What the places are in.
    shift
        Points to the right and up by which texts stand off their places, a pair or a row a text.
    across
        Part of a text that is left of its place: 0 = it begins there, 1 = it ends there.
    below
        From the place down to the baseline, in parts of the size; None = the middle of a digit is at the place.
    """

    def __init__(
        self,
        places: NDArray[np.floating],
        texts: NDArray[np.str_] | Sequence[str],
        *,
        size: float,
        colour: Any,  # noqa: ANN401
        weight: str = "normal",
        angle: float = 0.0,
        transform: Transform | None = None,
        shift: ArrayLike = (0.0, 0.0),
        across: ArrayLike = 0.5,
        below: ArrayLike | None = None,
    ) -> None:
        super().__init__()
        self.places, self.texts = places, [str(text) for text in texts]
        self.size, self.weight, self.colour, self.angle = size, weight, to_rgba(colour), angle
        self.shift, self.across = np.asarray(shift, dtype=float), np.asarray(across, dtype=float)
        self.below = np.asarray(_half(weight) if below is None else below)
        self.set_zorder(4)
        if transform is not None:
            self.set_transform(transform)

    def draw(self, renderer: RendererBase) -> None:
        """Draw each letter once for all its places if they are many, and the letters that stand seldom as one path."""
        scale = _pixels(renderer, self.size)
        right, up = (scale * along for along in self._direction())
        stand: dict[str, list[tuple[float, float]]] = {}
        for (x, y), text in zip(self._starts(renderer).tolist(), self.texts, strict=True):
            letters = _joined(text)
            for letter, along in zip(letters, _stops(letters, self.weight), strict=False):
                stand.setdefault(letter, []).append((x + along * right, y + along * up))
        gc = renderer.new_gc()
        gc.set_linewidth(0)
        gc.set_foreground(self.colour)
        seldom = []
        often = np.inf if isinstance(renderer, RendererAgg) else _OFTEN  # it would move each letter to a whole pixel
        for letter, points in stand.items():
            path, places = _outline(letter, self.weight, scale / _UNIT, self.angle), np.round(points, _PLACES)
            if not np.size(path.vertices):
                continue
            if len(points) >= often:
                renderer.draw_markers(gc, path, IdentityTransform(), Path(places), IdentityTransform(), self.colour)
            else:
                seldom += [(path.vertices + place, path.codes) for place in places]
        if seldom:
            vertices, codes = (np.concatenate(parts) for parts in zip(*seldom, strict=True))
            renderer.draw_path(gc, Path(vertices, codes), IdentityTransform(), self.colour)
        gc.restore()

    def _direction(self) -> tuple[float, float]:
        """Give the step along the text, right and up."""
        turn = np.deg2rad(self.angle)
        return float(np.cos(turn)), float(np.sin(turn))

    def _widths(self, renderer: RendererBase) -> NDArray[np.floating]:
        """Measure the texts, in pixels."""
        return _pixels(renderer, self.size) * np.array([_stops(_joined(text), self.weight)[-1] for text in self.texts])

    def _starts(self, renderer: RendererBase) -> NDArray[np.floating]:
        """Give where the baseline of each text begins, in pixels."""
        (right, up), down = self._direction(), _pixels(renderer, self.size) * self.below
        back = self.across * self._widths(renderer)
        at = self.get_transform().transform(self.places) + _pixels(renderer, 1) * self.shift
        return np.asarray(at + np.column_stack([down * up - back * right, -down * right - back * up]))

    def boxes(self, renderer: RendererBase) -> list[Bbox]:
        """Give the room that each text takes, in pixels."""
        scale, (right, up) = _pixels(renderer, self.size), self._direction()
        found = []
        for start, width in zip(self._starts(renderer), self._widths(renderer), strict=True):
            corners = np.array([[along, high] for along in (0, width) for high in (-scale * DESCENT, scale * ASCENT)])
            turned = start + corners @ np.array([[right, up], [-up, right]])
            found.append(Bbox([turned.min(axis=0), turned.max(axis=0)]))
        return found


def _pixels(renderer: RendererBase, points: float) -> float:
    """Give a length in the renderer's pixels."""
    return float(renderer.points_to_pixels(points))  # type: ignore[arg-type]


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
        shift = np.column_stack([np.full(len(at), -6.0), above])
        look: dict[str, Any] = {"size": size, "colour": INK, "weight": weight, "shift": shift, "across": 1.0}
        print_texts(axes, places, texts, transform=axes.get_yaxis_transform(), **look)
