"""No figure needs its colours: in grey or with deuteranopia, meanings still differ in light or in their marks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from test_figures import DRAWINGS, crossed, ended, series

from analysis.show import plot
from analysis.show.style import DECLINED, LIGHT_DECLINED, Figure, style

Picture = NDArray[np.float64]
LIGHT = np.array([0.2126, 0.7152, 0.0722])
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
"""What remains of linear red, green and blue: Machado, Oliveira and Fernandes (2009), severity 1."""
LEAST_LIGHT, LEAST_HATCH = 0.04, 0.05
"""Differences in relative luminance, and in its standard deviation over an area, that are told apart at a glance."""


def linear(colours: NDArray[np.float64]) -> Picture:
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


VISIONS: dict[str, Callable[[Picture], Picture]] = {
    "grey": lambda colours: linear(colours) @ LIGHT,
    "deuteranopia": lambda colours: np.clip(linear(colours) @ DEUTERANOPIA.T, 0, 1) @ LIGHT,
}


def rendered(figure: Figure) -> Picture:
    """Draw a figure; give its pixels, rows from the foot, as red, green and blue from 0 to 1."""
    with style():
        figure.set_dpi(200)
        canvas = FigureCanvasAgg(figure.drawn)
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[::-1, :, :3] / 255.0


def swatches(figure: Figure, vision: str) -> list[tuple[float, float]]:
    """Give the light of each entry of the key, and how far it varies within it (a hatch), as an eye sees the figure."""
    picture = VISIONS[vision](rendered(figure))
    found = []
    for swatch in figure.legends[0].legend_handles:
        box = swatch.get_window_extent(figure.canvas.get_renderer())
        part = picture[int(box.y0) + 3 : int(box.y1) - 2, int(box.x0) + 3 : int(box.x1) - 2]
        assert part.size > 100, "the swatch was drawn"
        found.append((float(part.mean()), float(part.std())))
    return found


def told_apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return abs(one[0] - other[0]) >= LEAST_LIGHT or abs(one[1] - other[1]) >= LEAST_HATCH


def seen_light(colour: Any, vision: str) -> float:  # noqa: ANN401
    """Give the light of one colour as an eye sees it."""
    return float(VISIONS[vision](np.array(to_rgb(colour))))


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize(("name", "number"), [("outcomes", 4), ("map", 7), ("map of bounds", 7)])
def test_outcomes_and_classes_of_the_map_differ_in_light_or_hatch(name: str, number: int, vision: str) -> None:
    seen = swatches(DRAWINGS[name](), vision)
    assert len(seen) == number
    assert all(told_apart(one, other) for one, other in combinations(seen, 2)), seen
    if name != "outcomes":
        light = [mean for mean, _ in seen[:6]]
        assert light == sorted(light, reverse=True), "more declines are darker"


@pytest.mark.parametrize("vision", VISIONS)
def test_two_colours_alike_would_be_found(vision: str) -> None:
    figure = DRAWINGS["outcomes"]()
    for handle in figure.legends[0].legend_handles[:2]:
        handle.set(facecolor="#8A8A8A", hatch=None)
    one, other = swatches(figure, vision)[:2]
    assert not told_apart(one, other)


@pytest.mark.parametrize("vision", VISIONS)
def test_curves_differ_in_line_and_a_name_is_read_whatever_its_curve(vision: str) -> None:
    axes = plot.time_to_outcome(ended(0.11, 0.42, 0.2)).axes[0]
    assert len({line.get_linestyle() for line in axes.lines}) == len(axes.lines) == 3
    assert all(seen_light(text.get_color(), vision) < 0.02 for text in axes.texts)


@pytest.mark.parametrize("vision", VISIONS)
def test_bars_and_the_usual_range_are_told_from_the_ground_and_from_each_other(vision: str) -> None:
    below = plot.weekly_counts(series()).axes[1]
    drawn: dict[str, Any] = {str(one.get_label()): one for one in below.collections if isinstance(one, PolyCollection)}
    band = seen_light(drawn["usual range"].get_facecolor()[0][:3], vision)
    bar, own = (seen_light(colour, vision) for colour in (LIGHT_DECLINED, DECLINED))
    assert 1 - band >= 0.1
    assert band - bar >= 2 * LEAST_LIGHT
    assert bar - own >= 2 * LEAST_LIGHT
    assert drawn["partial week"].get_hatch()
    assert not drawn["declined"].get_hatch()
    assert all(
        seen_light(one.get_edgecolor()[0][:3], vision) < 0.35 for name, one in drawn.items() if "range" not in name
    )


@pytest.mark.parametrize("vision", VISIONS)
def test_the_cross_table_darkens_with_the_count_tells_zero_from_hidden_and_every_number_can_be_read(
    vision: str,
) -> None:
    counts = [0, np.nan, *(n * n for n in range(2, 42, 2))]
    table = crossed(["Texas"], [f"group {n}" for n in range(len(counts))])
    table = table.assign(declined=counts, declined_shown=pd.Series(counts).map("{:.0f}".format).replace("nan", "1–4"))
    figure = plot.cross_table(table)
    axes, picture = figure.axes[0], VISIONS[vision](rendered(figure))
    light, spread = [], []
    for column in range(len(counts)):
        (x0, y0), (x1, y1) = (axes.transData.transform(at) for at in ((column + 0.1, 0.95), (column + 0.9, 0.8)))
        part = picture[int(y0) : int(y1), int(x0) : int(x1)]
        assert part.size > 30
        light.append(float(part.mean()))
        spread.append(float(part.std()))
    zero, hidden, shown = light[0], light[1], light[2:]
    assert zero > 0.98
    assert spread[1] >= LEAST_HATCH > max(spread[0], *spread[2:]), "what is not shown, and that alone, is hatched"
    assert all(light - dark > 0 for light, dark in pairwise(shown)), "more are darker"
    assert zero - shown[0] >= LEAST_LIGHT
    assert zero - hidden >= LEAST_LIGHT
    for column, ground in enumerate(light):
        low, high = sorted([seen_light(axes.texts[column].get_color(), vision), ground])
        contrast = (high + 0.05) / (low + 0.05)
        assert contrast >= (4.5 if vision == "grey" else 4.0), (counts[column], ground)  # WCAG's is that of grey
