"""No figure needs its colours: in grey or with deuteranopia, meanings still differ in light or in their marks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from test_figures import DRAWINGS, TITLES, known_events, series

from analysis.show.context_figures import incidence_curves
from analysis.show.figures import weekly_series
from analysis.show.heatmap import heatmap
from analysis.show.printed import Printed
from analysis.show.style import DECLINED, drawing

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


def grey(colours: Picture) -> Picture:
    return linear(colours) @ LIGHT


def deuteranopia(colours: Picture) -> Picture:
    return np.clip(linear(colours) @ DEUTERANOPIA.T, 0, 1) @ LIGHT


VISIONS: dict[str, Callable[[Picture], Picture]] = {"grey": grey, "deuteranopia": deuteranopia}


def rendered(figure: Figure) -> Picture:
    """Draw a figure; give its pixels, rows from the foot, as red, green and blue from 0 to 1."""
    with drawing():
        figure.set_dpi(200)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[::-1, :, :3] / 255.0


def areas(figure: Figure, swatches: list[Artist], seen: Callable[[Picture], Picture]) -> list[tuple[float, float]]:
    """Give the light of each swatch, and how far it varies within it (a hatch), as an eye sees the drawn figure."""
    picture = seen(rendered(figure))
    found = []
    for swatch in swatches:
        box = swatch.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]
        part = picture[int(box.y0) + 3 : int(box.y1) - 2, int(box.x0) + 3 : int(box.x1) - 2]
        assert part.size > 100, "the swatch was drawn"
        found.append((float(part.mean()), float(part.std())))
    return found


def told_apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return abs(one[0] - other[0]) >= LEAST_LIGHT or abs(one[1] - other[1]) >= LEAST_HATCH


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("name", ["outcomes", "outcomes in narrow parts"])
def test_outcomes_differ_in_light_or_hatch(name: str, vision: str) -> None:
    figure = DRAWINGS[name]()
    swatches = list(figure.legends[0].legend_handles)
    assert len(swatches) == 4
    seen = areas(figure, [one for one in swatches if one is not None], VISIONS[vision])
    assert all(told_apart(one, other) for one, other in combinations(seen, 2)), seen


@pytest.mark.parametrize("vision", VISIONS)
def test_classes_of_the_map_differ_in_light_and_no_detainers_from_none_declined(vision: str) -> None:
    figure = DRAWINGS["map"]()
    swatches: list[Artist] = list(figure.axes[-1].patches)
    assert len(swatches) == 7
    seen = areas(figure, swatches, VISIONS[vision])
    assert all(told_apart(one, other) for one, other in combinations(seen, 2)), seen
    light = [mean for mean, _ in seen[:6]]
    assert light == sorted(light, reverse=True), "more declines are darker"


@pytest.mark.parametrize("vision", VISIONS)
def test_two_colours_alike_would_be_found(vision: str) -> None:
    figure = DRAWINGS["outcomes"]()
    handles = [one for one in figure.legends[0].legend_handles if one is not None]
    for handle in handles[:2]:
        handle.set(facecolor="#8A8A8A", hatch=None)
    one, other = areas(figure, handles[:2], VISIONS[vision])
    assert not told_apart(one, other)


def curves() -> pd.DataFrame:
    days = np.arange(0, 70, 10)
    names = ("declined_by_lea", "transferred_to_ice", "left_custody", "ice_did_not_act")
    parts = [
        pd.DataFrame({"outcome": name, "day": days, "incidence": days / 1000 * n, "low": 0.0, "high": 0.1 * n})
        for n, name in enumerate(names, 1)
    ]
    return pd.concat(parts)


@pytest.mark.parametrize("vision", VISIONS)
def test_curves_differ_in_light_or_line_and_each_has_its_name_beside_it(vision: str) -> None:
    axes = incidence_curves(curves(), **TITLES).axes[0]
    looks = [(float(VISIONS[vision](np.array(to_rgb(line.get_color())))), line.get_linestyle()) for line in axes.lines]
    assert len(looks) == 4
    for (light, style), (other_light, other_style) in combinations(looks, 2):
        assert style != other_style or abs(light - other_light) >= LEAST_LIGHT
    names = {text.get_text(): text.get_color() for text in axes.texts}
    assert list(names) == ["declined by LEA", "transferred to ICE", "left custody", "ICE did not act"]
    assert all(seen_light(colour, vision) < 0.02 for colour in names.values()), "a name is read whatever its curve"


def seen_light(colour: Any, vision: str) -> float:  # noqa: ANN401
    """Give the light of one colour as an eye sees it."""
    return float(VISIONS[vision](np.array(to_rgb(colour))))


def test_what_is_recorded_estimated_and_too_young_have_marks_of_their_own() -> None:
    axes = DRAWINGS["nowcast"]().axes[0]
    drawn = {(str(line.get_marker()), line.get_markerfacecolor() == "white") for line in axes.lines}
    assert {("o", False), ("o", True), ("x", False)} <= drawn


@pytest.mark.parametrize("vision", VISIONS)
def test_the_band_of_the_usual_and_that_of_an_event_are_told_from_the_ground(vision: str) -> None:
    weekly = series()
    lasting = known_events(1)
    counts = weekly_series(weekly, weekly.index[20].date(), **TITLES, events=lasting).axes[1]
    band = counts.collections[0].get_facecolor()[0]
    event = next(patch for patch in counts.patches if patch.get_linewidth() == 0).get_facecolor()
    light = [seen_light(colour, vision) for colour in (band, event)]
    assert 1 - light[0] >= 0.1
    assert 1 - light[1] >= LEAST_LIGHT
    assert abs(light[0] - light[1]) >= LEAST_LIGHT
    assert seen_light(DECLINED, vision) < light[0] - 0.3, "the points stand out from the band"


@pytest.mark.parametrize("vision", VISIONS)
def test_the_heat_map_darkens_with_the_count_tells_zero_from_hidden_and_every_number_can_be_read(vision: str) -> None:
    counts = pd.DataFrame([[0.0, np.nan, *(n * n for n in range(2, 52, 2))]], index=["Texas"])
    counts.columns = pd.Index([str(n) for n in range(counts.shape[1])])
    figure = heatmap(counts, counts.fillna(3).map("{:.0f}".format), headline="h", subtitle="s")
    axes = figure.axes[0]
    picture = VISIONS[vision](rendered(figure))
    light, spread = [], []
    for column in range(counts.shape[1]):
        (x0, y0), (x1, y1) = (axes.transData.transform(at) for at in ((column + 0.1, 0.9), (column + 0.9, 0.75)))
        part = picture[int(y0) : int(y1), int(x0) : int(x1)]
        assert part.size > 30
        light.append(float(part.mean()))
        spread.append(float(part.std()))
    zero, hidden, shown = light[0], light[1], light[2:]
    assert zero > 0.98
    assert spread[1] >= LEAST_HATCH > max(spread[0], *spread[2:]), "what is not shown, and that alone, is hatched"
    assert all(light - dark > 0 for light, dark in pairwise(shown)), "more are darker"
    assert abs(zero - shown[0]) >= LEAST_LIGHT
    assert hidden < zero - LEAST_LIGHT
    numbers = [one for one in axes.findobj(Printed) if one.get_transform() == axes.transData]
    inks = {int(x): one.colour for one in numbers for x, _ in one.places}
    for column, ground in enumerate(shown, start=2):
        low, high = sorted([seen_light(inks[column], vision), ground])
        assert (high + 0.05) / (low + 0.05) >= 4.5, (counts.iloc[0, column], ground)


def _marks(axes: Any) -> set[tuple[str, bool]]:  # noqa: ANN401
    """List the marks of a panel: shape, and whether it is hollow."""
    lines = [line for line in axes.lines if isinstance(line, Line2D) and line.get_marker() in ("o", "x", ">", "D", "^")]
    lines = [line for line in lines if line.get_markerfacecolor() != "none"]  # a ring around a mark
    return {(str(line.get_marker()), line.get_markerfacecolor() == "white") for line in lines}


def test_unfinished_weeks_have_marks_of_their_own() -> None:
    shares, counts = DRAWINGS["series"]().axes
    assert _marks(shares) == {("o", False), ("o", True), ("^", True)}
    assert _marks(counts) == {("o", False), ("o", True), ("^", True), ("x", False)}


def test_a_week_outside_the_usual_range_has_a_ring_around_its_mark() -> None:
    counts = DRAWINGS["series"]().axes[1]
    (ring,) = [line for line in counts.lines if line.get_markerfacecolor() == "none"]
    marks = [line for line in counts.lines if line.get_marker() == "o" and line is not ring]
    assert ring.get_markersize() >= 2 * max(mark.get_markersize() for mark in marks)
    assert seen_light(ring.get_markeredgecolor(), "grey") < 0.02


def test_a_lower_bound_has_a_mark_of_its_own() -> None:
    assert _marks(DRAWINGS["counts"]().axes[0]) == {("o", False), (">", True)}


@pytest.mark.parametrize("vision", VISIONS)
def test_weeks_with_and_without_a_place_differ_in_mark_and_light(vision: str) -> None:
    axes = DRAWINGS["published weeks"]().axes[0]
    assert _marks(axes) == {("o", False), ("D", True)}, "filled circles and hollow diamonds"
    light = [seen_light(line.get_markeredgecolor(), vision) for line in axes.lines]
    assert abs(light[0] - light[1]) >= LEAST_LIGHT
    printed = {text.get_text() for text in axes.texts}
    assert {"206", "64", "47", "45", "65", "55"} <= printed, "each count is printed beside its mark"


def test_a_week_in_which_the_place_is_not_known_says_so() -> None:
    axes = DRAWINGS["published weeks, a place not known"]().axes[0]
    assert [text.get_text() for text in axes.texts].count("not known") == 2
