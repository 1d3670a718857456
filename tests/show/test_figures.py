"""Figures: what they say and show, nothing outside the canvas or over something else, none in need of its colours."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from analysis.errors import InputError
from analysis.load.reference import groups, states
from analysis.show import plot
from analysis.show.style import DECLINED, LIGHT_DECLINED, RAMP, Figure, frame, png_of, style, svg_of
from analysis.stats.counts import with_intervals

LONG = ("DEPARTMENT OF CORRECTIONS AND COMMUNITY SUPERVISION OF THE COUNTY OF " * 5)[:300]
ONE_WORD = "X" * 300
LONG_PERIOD = "27 September – 3 October 2014"
ABOUT = {"place_name": "the Northern Mariana Islands", "period_name": LONG_PERIOD, "synthetic": True}
LETTERS = [prefix + letter for prefix in ("", "A", "B") for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]


pytestmark = pytest.mark.filterwarnings("error")  # a missing glyph, an empty axis


def about(table: pd.DataFrame, **attrs: Any) -> pd.DataFrame:  # noqa: ANN401
    told = table.copy()
    told.attrs |= attrs
    return told


def by_week(number: int, first: str = "2024-10-05", **columns: Any) -> pd.DataFrame:  # noqa: ANN401
    return pd.DataFrame(columns, index=pd.date_range(first, periods=number, freq="7D"))


def series(number: int = 43, declined: int | None = None) -> pd.DataFrame:
    n = np.arange(number)
    counts = 100 + 40 * (n % 3) if declined is None else declined
    drawn = with_intervals(by_week(number, "2014-09-27", issued=1800, declined=counts)).assign(status="settled")
    if number > 4:
        drawn["status"] = ["partial", *["settled"] * (number - 4), "provisional", "too young", "partial"]
    known = (drawn["status"] == "settled") & (n >= 8)
    drawn = drawn.assign(usual_low=np.where(known, 105.0, np.nan), usual_high=np.where(known, 170.0, np.nan))
    sides = [drawn["declined"] > drawn["usual_high"], drawn["declined"] < drawn["usual_low"]]
    return drawn.assign(outside=np.select(sides, ["above", "below"], ""))


def events(days: list[int]) -> list[dict[str, str]]:
    dates = [(pd.Timestamp("2014-09-27") + pd.Timedelta(days=day)).date().isoformat() for day in sorted(days)]
    return [{"date": day, "letter": letter, "headline": "A law"} for day, letter in zip(dates, LETTERS, strict=False)]


def by_state(**declined: int) -> pd.DataFrame:
    index = states().index.drop("VI")
    return pd.DataFrame({"issued": 20, "declined": [declined.get(postal, 0) for postal in index]}, index=index)


def bounds() -> pd.DataFrame:
    table = pd.DataFrame({"known_low": 0, "bound": "not known"}, index=states().index)
    table.loc["TX"], table.loc["NY"], table.loc["KS"] = (149, "exact"), (4, "at_least"), (0, "exact")
    return about(table, declined=206, period_name=LONG_PERIOD)


def places(names: list[str], **columns: Any) -> pd.DataFrame:  # noqa: ANN401
    counts = {"place": names, "state": "TX", "level": "county", "declined": range(1, len(names) + 1), "bound": "exact"}
    told = {"declined": 123_456, "placed": 1234, "apart": 142, "apart_name": "Travis County, Texas"}
    return about(pd.DataFrame(counts | columns), **told, period_name=LONG_PERIOD)


def published(number: int, known: bool = True) -> pd.DataFrame:
    table = by_week(number, "2017-01-28", declined=[206, 47, 65][:number], elsewhere=[64.0, 45.0, 55.0][:number])
    table = table if known else table.assign(elsewhere=np.nan)
    return about(table.rename_axis("week").reset_index(), without="Travis County, Texas")


def crossed(rows: list[str], columns: list[str], value: float = 12345) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([rows, columns], names=["state_name", "group"])
    return pd.DataFrame({"declined": value, "declined_shown": f"{value:,.0f}"}, index=index).reset_index()


def recorded(number: int) -> pd.DataFrame:
    unfinished = ["" if n < number - 2 else "days missing" for n in range(number)]
    table = by_week(number, issued=123_456, not_recorded=61_728, blank_share=0.5, unfinished=unfinished)
    return about(table, data_through="2025-06-30")


def revised(number: int, change: int = -456) -> pd.DataFrame:
    table = by_week(number, declined_was=1456.0, declined_now=1456.0 + change, declined_change=change)
    return about(table.assign(cut=np.arange(number) == number - 1), older=2, newer=3)


def estimates(number: int) -> pd.DataFrame:
    """Give weeks of which the last but one is estimated and the last too young."""
    table = by_week(number, recorded=12_345, estimate=12_345.0, low=12_345.0, high=12_345.0, maturity="settled")
    table.loc[table.index[-2:-1], ["maturity", "estimate", "low", "high"]] = ["provisional", 20_576.0, 20_000, 21_200]
    table.loc[table.index[-1], "maturity"] = "too young"
    return table.assign(reason=table["maturity"].where(table["maturity"] == "too young", ""))


def ended(*shares: float) -> pd.DataFrame:
    days, names = np.arange(0, 61, 10), ("declined_by_lea", "transferred_to_ice", "other_end")
    curves = [
        pd.DataFrame({"outcome": name, "day": days, "incidence": days / 60 * share, "low": 0.0, "high": share * 1.2})
        for name, share in zip(names, shares, strict=True)
    ]
    return pd.concat(curves).assign(at_risk=12_324)


def standardised(*observed: int) -> pd.DataFrame:
    table = pd.DataFrame({"observed": observed, "expected": 8.25}, index=states().index[: len(observed)])
    ratio = table["observed"] / table["expected"]
    return table.assign(over_expected=ratio, low=ratio / 2, high=ratio * 2 + 0.3)


def outcomes(*rows: tuple[int, ...]) -> pd.DataFrame:
    columns = ["declined", "taken", "other_ends", "not_recorded"]
    return pd.DataFrame(rows, index=["hold", LONG, ONE_WORD][: len(rows)], columns=columns)


AGAINST = {"before": 64, "now": 45, "ratio": 0.703, "low": 0.47, "high": 1.05, "finding": "no clear change"}
CROSSED = crossed([*states()["name"][-16:], "Other states", "State not given", "All"], [*groups()["group"], "All"])
EIGHT = crossed([*states()["name"][:4], "All"], [*groups()["group"][-7:], "All"], 123)
EIGHT.loc[EIGHT["state_name"].isin(["Alaska", "All"]), ["declined", "declined_shown"]] = [0, "0"]
NARROW = outcomes((1, 2, 3, 99_999), (12345, 12345, 12345, 1), (0,) * 4)
PARTLY = crossed(["Texas", "Ohio", "All"], ["Homicide", "Drugs", "All"], 7).assign(
    declined=[7, np.nan, 7, 0, np.nan, 7, 7, 7, 7], declined_shown=["7", "1–4", "7", "0", "not shown", *"7777"]
)
MANY_PLACES = places(["Travis", "Baltimore County"] * 20, bound=["exact", "at_least", "exact", "disputed"] * 10)
MANY_PLACES.loc[0, "level"] = "state"
DRAWINGS: dict[str, tuple[Callable[[pd.DataFrame], Figure], pd.DataFrame]] = {
    "map": (plot.state_map, about(by_state(CA=12345, DC=49, NV=6), marked="MP", **ABOUT)),
    "map of none": (plot.state_map, about(by_state(), period_name="March 2015")),
    "map of bounds": (plot.published_map, bounds()),
    "weeks": (plot.weekly_counts, about(series(), week="2015-06-20", **ABOUT)),
    "weeks, the last a partial one": (plot.weekly_counts, series()),
    "weeks without a decline": (plot.weekly_counts, series(declined=0)),
    "one week": (plot.weekly_counts, series(1, declined=1).assign(issued=1)),
    "a partial week": (plot.weekly_counts, series(1).assign(status="partial", share=np.nan)),
    "cross table": (plot.cross_table, about(CROSSED, hidden=17, threshold=5, **ABOUT)),
    "cross table without a row of zeros": (plot.cross_table, EIGHT),
    "cross table of two": (plot.cross_table, crossed(["Northern Mariana Islands"], ["Homicide", "All"], 0)),
    "cross table, partly hidden": (plot.cross_table, PARTLY),
    "outcomes": (plot.outcomes, about(outcomes((66, 373, 192, 1042)), **ABOUT)),
    "outcomes in narrow parts": (plot.outcomes, NARROW),
    "expected": (plot.expected, about(standardised(0, 3, 8, 900, *range(1, 40)), **ABOUT)),
    "expected of one": (plot.expected, standardised(0)),
    "nowcast": (plot.nowcast, about(estimates(26), week="2025-03-22", **ABOUT)),
    "nowcast of one week": (plot.nowcast, estimates(1)),
    "curves": (plot.time_to_outcome, about(ended(0.11, 0.42, 0.12), **ABOUT)),
    "short curves": (plot.time_to_outcome, ended(0.11, 0, 0).query("day < 30").drop(columns="at_risk")),
    "published weeks": (plot.published_weeks, about(published(3), synthetic=True)),
    "one published week": (plot.published_weeks, about(published(1), without=LONG)),
    "published weeks, compared": (plot.published_weeks, about(published(2), comparison=AGAINST)),
    "published weeks, not known": (plot.published_weeks, about(published(2, False), without=ONE_WORD)),
    "places": (plot.published_places, MANY_PLACES),
    "places of long names": (plot.published_places, places([LONG, ONE_WORD, "Travis", LONG])),
    "recording": (plot.recording, about(recorded(60), synthetic=True)),
    "revisions": (plot.revisions, about(revised(60), synthetic=True)),
    "revisions, none": (plot.revisions, revised(5, 0).assign(cut=False)),
    "no week": (plot.revisions, about(revised(5)[:0], reason=f"No week is in both versions: {LONG}.")),
}
FROZEN = yaml.safe_load(Path(__file__).with_name("figure_texts.yml").read_text(encoding="utf-8"))


@cache
def drawing(name: str, number: int = 1) -> Figure:
    """Give a figure that is drawn once, or another one like it."""
    draw, table = DRAWINGS[name]
    return draw(table)


def check_layout(figure: Figure) -> list[str]:
    """Hold every text that is really drawn against the canvas and against the others; give the texts."""
    texts: list[tuple[str, Any, float]] = []

    def noted(self: Text, renderer: Any, *_: Any, **__: Any) -> None:  # noqa: ANN401
        if self.get_visible() and self.get_text().strip():
            texts.append((self.get_text(), Text.get_window_extent(self, renderer), self.get_rotation()))

    with pytest.MonkeyPatch.context() as patch, style():
        patch.setattr(Text, "draw", noted)
        figure.draw_without_rendering()
    width, height = figure.bbox.width, figure.bbox.height
    for text, box, _ in texts:
        inside = box.x0 >= 2 and box.y0 >= 2 and box.x1 <= width - 2 and box.y1 <= height - 2
        assert inside, f"{text[:60]!r} at {np.round(box.extents)} leaves the canvas of {width} x {height}"
    upright = [(text, box) for text, box, rotation in texts if rotation % 90 == 0]
    covered = [
        (text[:60], other_text[:60])
        for (text, box), (other_text, other) in combinations(upright, 2)
        if min(box.x1, other.x1) - max(box.x0, other.x0) >= 1 and min(box.y1, other.y1) - max(box.y0, other.y0) >= 1
    ]
    assert not covered, covered
    return [text for text, *_ in texts]


def collections(axes: Axes, kind: type[Any]) -> list[Any]:
    return [one for one in axes.collections if isinstance(one, kind)]


def marks(axes: Axes) -> dict[str, int]:
    lines = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
    hollow = ["hollow " * (line.get_markerfacecolor() == "white") for line in lines]
    return {f"{one}{line.get_marker()}": len(line.get_xdata()) for one, line in zip(hollow, lines, strict=True)}  # type: ignore[arg-type]


def printed(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def boxes(axes: Axes) -> list[str]:
    """Tell of each group of boxes or lines how many they are, how they look and how far they reach, up and down."""
    found = []
    for group in collections(axes, PolyCollection) + collections(axes, LineCollection):
        ends = np.array([path.get_extents().intervaly for path in group.get_paths()]).reshape(-1, 2)
        name = "" if group.get_label().startswith("_") else group.get_label()
        look = ["hatched"] * bool(group.get_hatch()) + ["strong"] * bool(group.get_linewidth()[0] == 2)
        look += ["hollow"] * (group.get_facecolor()[:1].tolist() == [[1, 1, 1, 1]])
        reach = f"{ends.min():g} to {ends.max():g}" if ends.size else "nothing"
        found.append(" ".join([str(len(ends)), name, *look, reach]))
    return found


def shown(figure: Figure) -> dict[str, Any]:
    return {
        **{name: getattr(figure, name) for name in ("headline", "subtitle", "alt")},
        "key": [text.get_text() for legend in figure.legends for text in legend.get_texts()],
        "panels": [
            {"marks": marks(one), "texts": [*dict.fromkeys(printed(one))], "boxes": boxes(one)} for one in figure.axes
        ],
        "left": [[label.get_text() for label in one.get_yticklabels()] for one in figure.axes],
    }


@pytest.mark.parametrize("name", DRAWINGS)
def test_titles_and_alternative_texts_are_made_of_the_frame_and_no_text_covers_another(name: str) -> None:
    figure = drawing(name)
    assert shown(figure) == FROZEN[name]
    texts = check_layout(figure)
    assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text()) >= 11, "11 px at 400 px"
    for title in (figure.headline, figure.subtitle):
        assert all(part in " ".join(texts).split() for part in title.split() if len(part) < 60), title
    made_up = DRAWINGS[name][1].attrs.get("synthetic", False)
    assert ("MADE-UP DATA" in texts) is figure.alt.startswith("MADE-UP DATA. ") is made_up
    assert figure.get_label() == (f"{figure.headline}\n{figure.subtitle}" if figure.subtitle else "")
    assert bool(figure.subtitle) is not bool(figure.reason)


def test_every_figure_is_tried_and_an_empty_frame_prints_its_reason() -> None:
    assert {draw.__name__ for draw, _ in DRAWINGS.values()} == set(plot.__all__) == set(dir(plot))
    figure = plot.cross_table(about(CROSSED[:0], reason="This source records no offences."))
    assert check_layout(figure) == ["This source records no offences."]
    assert figure.reason == figure.alt == figure.headline == "This source records no offences."
    assert plot.nowcast(pd.DataFrame()).reason == "There is nothing to draw."
    assert plot.time_to_outcome(ended(0, 0, 0)).reason == "No detainer has ended."
    assert plot.published_places(places(["a"]).assign(declined=0)).reason.startswith("No place with a known figure")
    assert plot.revisions(revised(4).assign(declined_was=np.nan)).reason == "No week is in both versions."


@pytest.mark.parametrize(
    ("draw", "table", "says"),
    [
        (plot.state_map, by_state()[["issued"]], r"cannot draw a table without declined: found 'issued'"),
        (plot.revisions, revised(3).assign(cut="whole"), r"plot\.revisions draws numbers of cut: found 'whole'"),
        (plot.nowcast, estimates(3).assign(low="–"), r"plot\.nowcast draws numbers of low: found '–'. Its help says"),
        (plot.revisions, revised(3).reset_index(), r"needs each week's first day as index: found 0, expected a day"),
    ],
)
def test_a_frame_of_other_columns_is_refused(draw: Callable[..., Figure], table: pd.DataFrame, says: str) -> None:
    with pytest.raises(InputError, match=says):
        draw(table)


def test_a_figure_shows_itself_in_a_plain_cell_and_under_the_inline_backend_and_drawn_twice_is_the_same_bytes() -> None:
    figure, before = drawing("one week"), dict(mpl.rcParams)
    bundles = []
    without_windows = type("Shell", (InteractiveShell,), {"enable_gui": lambda *_: None})
    try:
        for inline in (False, True):
            shell = without_windows()
            formatter: Any = shell.display_formatter
            formatter.active_types = [*formatter.formatters]
            if inline:
                shell.run_line_magic("matplotlib", "inline")
                mpl.rcParams.update({"savefig.bbox": "tight", "font.size": 30, "figure.dpi": 30})
            bundles.append(formatter.format(figure))
    finally:
        dict.update(mpl.rcParams, before)
    assert bundles[0] == bundles[1]
    data, metadata = bundles[0]
    svg, png = svg_of(drawing("one week", 2)), base64.b64encode(png_of(drawing("one week", 2))).decode("ascii")
    assert data == {"text/plain": figure.alt, "image/svg+xml": svg, "image/png": png}
    assert f">{figure.headline[:20]}" in svg, "text is text"
    assert "<use" in svg
    assert not re.search("<use[^>]*clip-path", svg), "its place would move what it is clipped to"
    assert "sans-serif" in svg
    assert metadata["image/png"]["width"] == 480


def test_the_style_is_a_context_for_ones_own_figures_and_leaves_the_session_as_it_was() -> None:
    before = dict(mpl.rcParams)
    with style():
        assert mpl.rcParams["svg.fonttype"] == "none"
        figure, (above, below) = frame(1, 2)
        above.plot([1, 2], [1, 2], "o", label="a mark")
        figure.entitle("$1 and $2", "$x$")
    assert dict(mpl.rcParams) == before
    assert isinstance(figure, Figure)
    assert below.get_shared_x_axes().joined(above, below)
    assert above.get_position().y0 > below.get_position().y1
    assert {"$1 and $2", "$x$", "a mark"} <= set(check_layout(figure))


def test_a_mark_of_a_week_outside_the_usual_range_stands_clear_of_its_bar() -> None:
    weekly, (above, below) = series(), plot.weekly_counts(series()).axes
    assert above.bbox.y0 > below.bbox.y1
    for side, mark in (("above", "^"), ("below", "v")):
        (line,) = [line for line in below.lines if line.get_marker() == mark]
        clear = np.asarray(line.get_ydata()) - weekly.loc[weekly["outside"] == side, "declined"].to_numpy()
        assert (clear > 0.04 * below.get_ylim()[1]).all()
        assert max(line.get_ydata()) < below.get_ylim()[1]


@pytest.mark.parametrize("declined", [30, 170, 700, 1800])
def test_a_share_on_the_axis_is_the_share_at_its_tick(declined: int) -> None:
    """An axis from 0 to 10% has ticks at 2.5%, which may not be called 2%."""
    axes = plot.weekly_counts(series(9, declined)).axes[0]
    labels = {label.get_text(): at for at, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)}
    assert len(labels) >= 3
    assert all(float(text.rstrip("%")) == pytest.approx(100 * at) for text, at in labels.items())


@settings(max_examples=2, deadline=None, phases=[Phase.explicit, Phase.generate])
@example([6] * 40, 1)
@example([306] * 40, 43)
@given(st.lists(st.integers(-40, 320), min_size=1, max_size=40), st.integers(1, 60))
def test_letters_of_events_never_meet_and_each_event_is_named_or_within_a_span(days: list[int], number: int) -> None:
    known = {event["letter"]: event for event in events(days)}
    figure = plot.weekly_counts(about(series(number), events=[*known.values()]))
    check_layout(figure)
    shares, counts = figure.axes
    labels = [text for text in counts.texts if text.get_text().split("–")[0] in known]
    ends = [end for label in labels for end in label.get_text().split("–")]
    assert (ends[0], ends[-1]) == ("A", [*known][-1])
    assert ends == sorted(set(ends), key=LETTERS.index) or len(known) > len(ends) > 0
    assert all(counts.bbox.y1 < label.get_window_extent().y0 < shares.bbox.y0 for label in labels)
    dotted = [line for line in counts.lines if line.get_linestyle() == ":"]
    assert len(dotted) == len(known)
    first, last = counts.get_xlim()
    assert all(first < line.get_xdata()[0] < last for line in dotted)


@pytest.mark.parametrize(("week", "first", "last"), [(344, 241, 344), (0, 0, 103), (200, 148, 251)])
def test_of_a_long_source_104_weeks_are_drawn_with_the_own_and_the_events_within(
    week: int, first: int, last: int
) -> None:
    weekly, known = series(345), events([-3, 7 * first + 3, 7 * last + 7])
    ends = weekly.index[[first, last]]
    figure = plot.weekly_counts(about(weekly, week=f"{weekly.index[week]:%Y-%m-%d}", events=known))
    shares, counts = figure.axes
    drawn = np.concatenate([line.get_xdata() for line in shares.lines if line.get_marker() in "o^"])
    assert ends[0] <= pd.Timestamp(mdates.num2date(drawn.min()).date()) <= ends[0] + pd.Timedelta(days=7)
    assert pd.Timestamp(mdates.num2date(drawn.max()).date()) <= ends[1]
    assert len([text for text in counts.texts if text.get_text() in "ABC"]) == 1 + (first == 0 and last > 344)
    assert not collections(shares, LineCollection), "a band, no wall of lines"


def test_letters_stand_at_their_days() -> None:
    figure = plot.weekly_counts(about(series(), events=events([30, 90, 92, 200])))
    letters = {text.get_text(): text.xy[0] for text in figure.axes[1].texts if text.get_text()[0] in "ABCD"}
    assert {letter: round(at - letters["A"]) for letter, at in letters.items()} == {"A": 0, "B–C": 60, "D": 170}


def test_every_tile_has_its_class_and_text_on_it_that_can_be_read() -> None:
    table = by_state(CA=1, TX=4, NY=5, FL=10, AZ=20, NV=50, CO=9)
    axes = plot.state_map(about(table, marked="DC")).axes[0]
    present, absent, outlined = collections(axes, PolyCollection)
    at = states().loc["DC"]
    assert outlined.get_paths()[0].get_extents().contains(at["tile_column"] - 0.5, at["tile_row"] - 0.5)
    assert (absent.get_hatch(), present.get_hatch()) == ("////", None)
    order = table["declined"].sort_values(kind="stable").index  # as they are drawn
    faces = dict(zip(order, map(tuple, present.get_facecolor()), strict=True))
    light = [seen_light(faces[postal][:3], "grey") for postal in ("OK", "CA", "NY", "FL", "AZ", "NV")]
    assert light == sorted(light, reverse=True)
    assert min(-np.diff(light)) > 0.04
    assert (faces["TX"], faces["CO"]) == (faces["CA"], faces["NY"])
    assert printed(axes).count("0") == len(table) - 7
    corners = [path.get_extents() for path in present.get_paths()]
    for text in axes.texts:
        under = [n for n, box in enumerate(corners) if box.contains(*text.get_position())]
        ground = present.get_facecolor()[under[0]][:3] if under else "#E3E3E3"
        assert contrast(text.get_color(), seen_light(ground, "grey")) >= 4.5, text.get_text()


def test_parts_of_a_bar_differ_in_hatch_curves_in_line_and_ratios_stand_on_a_log_axis() -> None:
    (axes,) = plot.outcomes(pd.concat([outcomes((1, 99, 1, 99))] * 53)).axes
    assert axes.figure.get_figheight() < 24
    assert len({bars[0].get_hatch() for bars in axes.containers}) == 4
    (axes,) = drawing("curves").axes
    assert len({line.get_linestyle() for line in axes.lines}) == len(axes.lines) == 3
    assert drawing("expected").axes[0].get_xscale() == "log"


# No figure needs its colours: in grey or with deuteranopia, meanings still differ in light or in their marks.

LIGHT = np.array([0.2126, 0.7152, 0.0722])
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
"""What remains of linear red, green and blue: Machado, Oliveira and Fernandes (2009), severity 1."""
LEAST_LIGHT, LEAST_HATCH = 0.04, 0.05
"""Differences in relative luminance, and in its standard deviation over an area, that are told apart at a glance."""
VISIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "grey": lambda colours: linear(colours) @ LIGHT,
    "deuteranopia": lambda colours: np.clip(linear(colours) @ DEUTERANOPIA.T, 0, 1) @ LIGHT,
}


def linear(colours: np.ndarray) -> np.ndarray:
    """Give linear red, green and blue of WCAG 2.2."""
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def seen_light(colour: Any, vision: str) -> float:  # noqa: ANN401
    """Give the light of one colour as an eye sees it; for grey the relative luminance of WCAG 2.2."""
    return float(VISIONS[vision](np.array(to_rgb(colour))))


def contrast(colour: Any, ground: float, vision: str = "grey") -> float:  # noqa: ANN401
    low, high = sorted([seen_light(colour, vision), ground])
    return (high + 0.05) / (low + 0.05)


def rendered(figure: Figure) -> np.ndarray:
    """Draw a figure; give its pixels, rows from the foot, as red, green and blue from 0 to 1."""
    with style():
        figure.set_dpi(150)
        canvas = FigureCanvasAgg(figure.drawn)
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[::-1, :, :3] / 255.0


@pytest.mark.parametrize(("name", "number"), [("outcomes", 4), ("map", 7)])
def test_outcomes_and_classes_of_the_map_differ_in_light_or_hatch(name: str, number: int) -> None:
    figure, parts = drawing(name), list[np.ndarray]()
    picture, key = rendered(figure), figure.legends[0]
    swatches = {text.get_text(): swatch for text, swatch in zip(key.texts, key.legend_handles, strict=True)}
    for swatch in [swatches[str(one.get_label())] for one in figure.swatches] or swatches.values():
        box = swatch.get_window_extent(figure.canvas.get_renderer())
        parts.append(picture[int(box.y0) + 3 : int(box.y1) - 2, int(box.x0) + 3 : int(box.x1) - 2])
        assert parts[-1][..., 0].size > 100, "the swatch was drawn"
    for see in VISIONS.values():
        seen = [(float(see(part).mean()), float(see(part).std())) for part in parts]
        assert len(seen) == number
        for one, other in combinations(seen, 2):
            assert abs(one[0] - other[0]) >= LEAST_LIGHT or abs(one[1] - other[1]) >= LEAST_HATCH, seen
        light = [mean for mean, _ in seen[:6]]
        assert name != "map" or light == sorted(light, reverse=True), "more declines are darker"


@pytest.mark.parametrize("vision", VISIONS)
def test_bars_and_the_usual_range_are_told_from_the_ground_and_from_each_other(vision: str) -> None:
    below = drawing("weeks, the last a partial one").axes[1]
    drawn: dict[str, Any] = {str(one.get_label()): one for one in collections(below, PolyCollection)}
    band = seen_light(drawn["usual range"].get_facecolor()[0][:3], vision)
    bar, own = (seen_light(colour, vision) for colour in (LIGHT_DECLINED, DECLINED))
    assert 1 - band >= 0.1
    assert min(band - bar, bar - own) >= 2 * LEAST_LIGHT
    assert drawn["partial week"].get_hatch()
    assert not drawn["declined"].get_hatch()
    edges = [seen_light(one.get_edgecolor()[0][:3], vision) for name, one in drawn.items() if "range" not in name]
    assert max(edges) < 0.35


def test_the_cross_table_darkens_with_the_count_tells_zero_from_hidden_and_can_be_read() -> None:
    counts = [0, np.nan, *(n * n for n in range(2, 42, 2)), 6000]
    table = crossed([*(f"state {n}" for n in range(len(counts) - 1)), "All"], ["Homicide", "All"], 7.0)
    table.loc[::2, "declined"] = counts
    table.loc[::2, "declined_shown"] = pd.Series(counts).map("{:.0f}".format).replace("nan", "1–4").to_numpy()
    figure = plot.cross_table(table)
    axes, picture, parts = figure.axes[0], rendered(figure), list[np.ndarray]()
    for row in range(len(counts)):  # the foot of each cell
        (x0, y0), (x1, y1) = (axes.transData.transform(at) for at in ((0.1, row + 0.95), (0.9, row + 0.8)))
        parts.append(picture[int(y0) : int(y1), int(x0) : int(x1)])
        assert parts[-1][..., 0].size > 30
    for vision, see in VISIONS.items():
        light, spread = [float(see(part).mean()) for part in parts], [float(see(part).std()) for part in parts]
        zero, hidden, *shown, total = light
        assert min(zero, total) > 0.98, "a sum has no shade"
        assert spread[1] >= LEAST_HATCH > max(spread[0], *spread[2:]), "what is not shown, and that alone, is hatched"
        assert all(light - dark > -0.001 for light, dark in pairwise(shown)), "more are no lighter"
        assert len({round(one, 2) for one in shown}) == len(RAMP), "in the colours that a page has"
        assert zero - max(hidden, shown[0]) >= LEAST_LIGHT
        for text, ground in zip(axes.texts[::2], light, strict=True):
            least = 4.5 if vision == "grey" else 4.0  # WCAG's is that of grey
            assert contrast(text.get_color(), ground, vision) >= least, (text.get_text(), ground)


def test_turned_names_of_groups_stand_apart() -> None:
    axes = plot.cross_table(crossed(["New York"], [f"Dangerous weapon offences {n}" for n in range(7)], 2509)).axes[0]
    (start, _), (end, _) = axes.transData.transform([(0, 0), (1, 0)])
    for name in axes.get_xticklabels():
        room = (end - start) * np.sin(np.radians(name.get_rotation()))
        name.set_rotation(0)
        assert room > 1.4 * name.get_window_extent().height, name.get_text()


def test_a_letter_that_no_font_has_is_text_in_a_drawing_and_no_warning_in_a_notebook() -> None:
    figure = plot.weekly_counts(series())
    figure.entitle("東京", "x")
    assert "東京" in figure._repr_mimebundle_()[0]["image/svg+xml"]
