"""Figures: nothing outside the canvas or over something else, told apart without colour, the same bytes twice."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from analysis.load.reference import events, groups, states
from analysis.periods import WEEK, name_week
from analysis.show import context_figures, figures, printed
from analysis.show.heatmap import heatmap
from analysis.show.listings import lettered
from analysis.show.printed import Printed, letter_width, width_of
from analysis.show.published_figures import counts_by_place, weeks_with_and_without
from analysis.show.quality_figures import revised_weeks, weekly_recording
from analysis.show.sheet import Sheet
from analysis.show.style import INK, OUTCOMES, drawing
from analysis.show.tiles import tile_map
from analysis.stats.cohort import open_cohort
from analysis.stats.counts import with_intervals
from analysis.stats.summary import weekly_counts

LONGEST_WEEK = date(2014, 12, 27)
LONG_HEADLINE = "123,456 of 1,234,567 detainers recorded as declined, week of 27 September 2014"
LONG_SUBTITLE = "Recorded outcome by what the form asks of the agency, the Northern Mariana Islands, " + name_week(
    LONGEST_WEEK
)
TITLES: dict[str, Any] = {"headline": LONG_HEADLINE, "subtitle": LONG_SUBTITLE}
LONG_AGENCY = ("DEPARTMENT OF CORRECTIONS AND COMMUNITY SUPERVISION OF THE COUNTY OF " * 5)[:300]
ONE_WORD = "X" * 300


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    """Take a warning of a drawing library for a fault: a missing glyph, an empty axis."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def drawn_texts(figure: Figure) -> list[tuple[str, Bbox, float]]:
    """Draw a figure and give each text that was really drawn: the text, its box in pixels, its rotation."""
    found: list[tuple[str, Bbox, float]] = []
    draw, draw_printed = Text.draw, Printed.draw

    def noted_all(self: Printed, renderer: Any) -> None:  # noqa: ANN401
        boxes = zip(self.texts, self.boxes(renderer), strict=True)
        found.extend((text, box, self.angle) for text, box in boxes if text.strip())
        draw_printed(self, renderer)

    def noted(self: Text, renderer: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        if self.get_visible() and self.get_text().strip():
            found.append((self.get_text(), self.get_window_extent(renderer), self.get_rotation()))
        draw(self, renderer, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch, drawing():
        patch.setattr(Text, "draw", noted)
        patch.setattr(Printed, "draw", noted_all)
        FigureCanvasAgg(figure).draw()
    return found


def check_layout(figure: Figure) -> list[str]:
    """Hold every drawn text against the canvas and against the others; give the texts."""
    texts = drawn_texts(figure)
    width, height = figure.bbox.width, figure.bbox.height
    for text, box, _ in texts:
        inside = box.x0 >= 2 and box.y0 >= 2 and box.x1 <= width - 2 and box.y1 <= height - 2
        assert inside, f"{text[:60]!r} at {np.round(box.extents)} leaves the canvas of {width} x {height}"
    upright = [(text, box) for text, box, rotation in texts if rotation % 90 == 0]
    low, high = (np.array([getattr(box, end) for _, box in upright]) for end in ("min", "max"))
    shared = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])  # pixels, across and along
    covered = np.argwhere(np.triu((shared >= 1).all(axis=2), k=1))
    assert [(upright[one][0][:60], upright[other][0][:60]) for one, other in covered] == []
    return [text for text, _, _ in texts]


def luminance(colour: Any) -> float:  # noqa: ANN401
    """Relative luminance of WCAG 2.2."""
    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: Any, other: Any) -> float:  # noqa: ANN401
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


# What is drawn.


def series(number: int = 43, *, declined: int | None = None) -> pd.DataFrame:
    weeks = pd.DatetimeIndex([pd.Timestamp("2014-09-27") + n * pd.Timedelta(days=7) for n in range(number)])
    counts = pd.DataFrame({"issued": 1800, "declined": 100 if declined is None else declined}, index=weeks)
    if declined is None:
        counts["declined"] += 40 * (np.arange(number) % 3)
    status = ["settled"] * number
    if number > 4:
        status[0] = status[-1] = "partial"
        status[-3:-1] = ["provisional", "too young"]
    drawn = with_intervals(counts).assign(status=status)
    usual = {"expected": counts["declined"].mean(), "usual_low": 105.0, "usual_high": 170.0}
    known = (drawn["status"] == "settled") & (np.arange(number) >= 8)
    drawn[list(usual)] = pd.DataFrame(usual, index=weeks).where(known)
    sides = [drawn["declined"] > drawn["usual_high"], drawn["declined"] < drawn["usual_low"]]
    return drawn.assign(outside=np.select(sides, ["above", "below"], ""))


def tiles(count: int | None = None) -> pd.DataFrame:
    table = states()[["tile_row", "tile_column"]].copy()
    table["count"] = [0, 1, 4, 5, 10, 20, 49, 50, 12345] * 6 + [0, 3] if count is None else count
    return table.assign(label=table["count"].map("{:,}".format), present=table["count"] != 3)


def places(labels: list[str], **columns: Any) -> pd.DataFrame:  # noqa: ANN401
    return pd.DataFrame({"label": labels, "declined": range(len(labels)), "bound": "exact"} | columns)


def cells(rows: list[str], columns: list[str], value: int = 12345) -> tuple[pd.DataFrame, pd.DataFrame]:
    counts = pd.DataFrame(float(value), index=rows, columns=columns)
    return counts, counts.map("{:,.0f}".format)


def known_events(number: int) -> pd.DataFrame:
    """Give events that crowd within some weeks, the first before the series, each third one lasting."""
    days = pd.date_range("2014-09-20", periods=number, freq="36h").normalize()
    last = days + pd.to_timedelta([9 if n % 3 == 0 else 0 for n in range(number)], unit="D")
    return lettered(pd.DataFrame({"date": days, "last_date": last, "headline": "A law"}))


def recorded_weeks(number: int) -> pd.DataFrame:
    weeks = pd.date_range("2024-10-05", periods=number, freq="7D")
    values = {"issued": 123_456, "blank_share": 1.0, "unfinished": ""}
    table = pd.DataFrame(values, index=weeks)
    table.loc[weeks[-3:], "unfinished"] = "days missing"
    return table


def revised(number: int) -> pd.DataFrame:
    weeks = pd.date_range("2024-10-05", periods=number, freq="7D")
    table = pd.DataFrame({"declined_was": 123_456, "declined_now": 123_000, "declined_change": -456}, index=weeks)
    return table.assign(cut=[n == number - 1 for n in range(number)])


def estimates(number: int) -> pd.DataFrame:
    """Give weeks of which the last but one is estimated and the last too young."""
    weeks = pd.date_range("2024-10-05", periods=number, freq="7D")
    table = pd.DataFrame({"recorded": 12_345, "completeness": 1.0, "estimate": 12_345.0, "reason": ""}, index=weeks)
    table["low"] = table["high"] = table["estimate"]
    table.loc[weeks[-1:], ["completeness", "reason"]] = [0.3, "too young"]
    table.loc[weeks[-2:-1], ["completeness", "estimate", "low", "high"]] = [0.6, 20_576.0, 20_000.0, 21_200.0]
    table["maturity"] = np.where(table["completeness"] >= 0.95, "settled", "provisional")
    return table


OUTCOME_ROWS = pd.DataFrame(
    {"declined": [123, 0], "taken": [4567, 0], "other_ends": [89, 0], "not_recorded": [12345, 1]},
    index=["hold", "notify"],
)


def published_weeks(number: int, known: bool = True) -> pd.DataFrame:
    """Give weeks with and without one place; in those that are not known, the place's number was not found."""
    counts = pd.Series(np.resize([206, 47, 65], number))
    table = pd.DataFrame({"label": [f"{28 + n} Jan to {3 + n} Feb 2017" for n in range(number)], "declined": counts})
    table["elsewhere"] = np.resize([64.0, 45.0, 55.0], number) if known else np.nan
    return table


DRAWINGS: dict[str, Callable[[], Figure]] = {
    "published weeks": lambda: weeks_with_and_without(published_weeks(3), without="Travis County, Texas", **TITLES),
    "one published week": lambda: weeks_with_and_without(published_weeks(1), without=LONG_AGENCY, **TITLES),
    "published weeks, a place not known": lambda: weeks_with_and_without(
        published_weeks(2, known=False), without=ONE_WORD, **TITLES
    ),
    "series": lambda: figures.weekly_series(series(), date(2015, 6, 20), **TITLES),
    "series, first week": lambda: figures.weekly_series(series(), date(2014, 9, 27), **TITLES),
    "series, last week": lambda: figures.weekly_series(series(), date(2015, 7, 18), **TITLES),
    "series of a state without any": lambda: figures.weekly_series(series(declined=0), date(2015, 6, 20), **TITLES),
    "series of three weeks": lambda: figures.weekly_series(series(3), date(2014, 10, 4), **TITLES),
    "series without a full week": lambda: figures.weekly_series(
        series(1).assign(status="partial"), date(2014, 9, 27), **TITLES
    ),
    "series among many events": lambda: figures.weekly_series(
        series(), date(2015, 6, 20), events=known_events(60), **TITLES
    ),
    "series of one week": lambda: figures.weekly_series(series(1), date(2014, 9, 27), **TITLES),
    "map": lambda: tile_map(tiles(), marked="MP", **TITLES),
    "map of bounds": lambda: tile_map(tiles().assign(label="≥149"), absent_name="not known", **TITLES),
    "map of none": lambda: tile_map(tiles(0).assign(present=False), **TITLES),
    "counts": lambda: counts_by_place(
        places(["Travis, TX", "Baltimore County, MD", "New England"] * 15, bound=["exact", "at_least", "exact"] * 15),
        **TITLES,
    ),
    "counts of one": lambda: counts_by_place(places(["New York City, NY"]), **TITLES),
    "counts of nothing": lambda: counts_by_place(places([], bound=[]), **TITLES),
    "counts of long names": lambda: counts_by_place(
        places([LONG_AGENCY, ONE_WORD, "Travis, TX", LONG_AGENCY]), **TITLES
    ),
    "heat map": lambda: heatmap(*cells(list(states()["name"][-16:]), list(groups()["group"])), **TITLES),
    "heat map of one": lambda: heatmap(*cells(["Northern Mariana Islands"], ["Homicide"], 0), **TITLES),
    "nowcast": lambda: context_figures.nowcast_series(estimates(26), **TITLES),
    "nowcast of one week": lambda: context_figures.nowcast_series(estimates(1), **TITLES),
    "outcomes": lambda: figures.stacked_outcomes(OUTCOME_ROWS, OUTCOMES, **TITLES),
    "outcomes of nothing": lambda: figures.stacked_outcomes(OUTCOME_ROWS.iloc[:0], OUTCOMES, **TITLES),
    "outcomes in narrow parts": lambda: figures.stacked_outcomes(
        OUTCOME_ROWS.assign(declined=[1, 12345], taken=[2, 12345], other_ends=[3, 12345], not_recorded=[99_999, 1]),
        OUTCOMES,
        **TITLES,
    ),
    "recording": lambda: weekly_recording(recorded_weeks(60), **TITLES),
    "recording of one week": lambda: weekly_recording(recorded_weeks(1), **TITLES),
    "recording of no week": lambda: weekly_recording(recorded_weeks(0), **TITLES),
    "revised weeks": lambda: revised_weeks(revised(60), **TITLES),
    "revised weeks, none revised": lambda: revised_weeks(revised(5).assign(declined_change=0, cut=False), **TITLES),
    "revised weeks, none": lambda: revised_weeks(revised(0), **TITLES),
    "outcomes of long names": lambda: figures.stacked_outcomes(
        OUTCOME_ROWS.set_axis([LONG_AGENCY, ONE_WORD]), OUTCOMES, **TITLES
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_no_text_leaves_the_canvas_or_covers_another(name: str) -> None:
    texts = check_layout(DRAWINGS[name]())
    said = " ".join(texts).replace("\n", " ")
    assert all(word in said for word in LONG_HEADLINE.split())
    assert all(word in said for word in LONG_SUBTITLE.split())


def test_a_synthetic_figure_says_so_beside_its_headline() -> None:
    sheet = Sheet("x", parameters={}, source={}, synthetic=True)
    for name in ("series", "counts of one"):
        figure = DRAWINGS[name]()
        sheet.figure(figure, "f", "x")
        assert "SYNTHETIC DATA" in check_layout(figure)


@pytest.mark.parametrize("name", ["series", "map", "counts of one", "heat map of one", "outcomes"])
def test_two_drawings_are_the_same_bytes(name: str) -> None:
    written = []
    for _ in range(2):
        with drawing():
            file = io.StringIO()
            DRAWINGS[name]().savefig(file, format="svg", metadata={"Date": None, "Creator": None})
            written.append(file.getvalue())
    assert written[0] == written[1]


def test_a_dollar_sign_is_a_dollar_sign() -> None:
    name = "Cost: $5 to $6_a^b"
    figure = counts_by_place(places([name]), headline="$1 and $2", subtitle="$x$")
    texts = check_layout(figure)
    assert {name, "$1 and $2", "$x$"} <= set(texts)
    with drawing():
        labels = [text for text in figure.findobj(Text) if text.get_text() in (name, "$1 and $2", "$x$")]
    assert not any(text.get_parse_math() for text in labels)


def test_letters_without_an_outline_are_no_fault() -> None:
    name = "a\u202eb\u200d c"
    assert name in check_layout(counts_by_place(places([name]), headline=name, subtitle=" "))


# The weekly series.


@pytest.fixture(scope="module")
def fiscal_2015() -> pd.DataFrame:
    return weekly_counts(open_cohort("fy2015", "2015-07-18"))


def points(axes: Axes) -> list[tuple[int, bool]]:
    """Give the number of points of each status, and whether each has an interval."""
    return sorted((len(box.lines[0].get_xdata()), bool(box.has_yerr)) for box in axes.containers)  # type: ignore[attr-defined]


def test_the_series_shows_every_week_and_no_share_of_a_partial_one(fiscal_2015: pd.DataFrame) -> None:
    figure = figures.weekly_series(fiscal_2015, date(2015, 6, 20), headline="h", subtitle="s")
    shares, counts = figure.axes
    assert shares.bbox.y0 > counts.bbox.y1, "the share stands above"
    assert points(shares) == [(3, True), (38, True)]
    assert points(counts) == [(2, False), (3, False), (38, False)], "a complete count has no interval"
    settled, provisional = counts.containers[0], counts.containers[1]
    assert settled.lines[0].get_markerfacecolor() != provisional.lines[0].get_markerfacecolor()  # type: ignore[attr-defined]
    assert shares.get_ylim()[0] == counts.get_ylim()[0] == 0


def test_the_usual_range_is_a_band_below_and_above_and_weeks_outside_are_ringed(fiscal_2015: pd.DataFrame) -> None:
    weekly = series()
    assert set(weekly["outside"]) == {"above", "below", ""}
    for drawn in (weekly, fiscal_2015):
        figure = figures.weekly_series(drawn, date(2015, 6, 20), headline="h", subtitle="s")
        counts = figure.axes[1]
        band = np.asarray(counts.collections[0].get_paths()[0].vertices)
        known = drawn["usual_low"].notna()
        assert band[:, 1].min() == drawn.loc[known, "usual_low"].min()
        assert band[:, 1].max() == drawn.loc[known, "usual_high"].max()
        (ringed,) = [line for line in counts.lines if line.get_markerfacecolor() == "none"]
        outside = drawn[drawn["outside"] != ""]
        assert list(np.asarray(ringed.get_ydata())) == list(outside["declined"])
        highest = counts.transData.transform((0, outside["declined"].max()))[1]
        assert highest + ringed.get_markersize() / 2 * figure.dpi / 72 < counts.bbox.y1, "no ring meets a letter"


def test_without_a_usual_range_or_a_share_the_figure_says_so() -> None:
    unknown = series().assign(usual_low=np.nan, usual_high=np.nan, expected=np.nan, outside="")
    shares = ["share", "share_low", "share_high"]
    texts = check_layout(
        figures.weekly_series(
            unknown.assign(**dict.fromkeys(shares, np.nan)), date(2015, 6, 20), headline="h", subtitle="s"
        )
    )
    assert "no share is given" in texts
    assert not any("usual" in text for text in texts)
    assert any("band: usual, ◯ outside it" in text for text in check_layout(DRAWINGS["series"]()))


@pytest.mark.parametrize("declined", [30, 170, 700, 1800])
def test_a_share_on_the_axis_is_the_share_at_its_tick(declined: int) -> None:
    """An axis from 0 to 10% has ticks at 2.5%, which may not be called 2%."""
    figure = figures.weekly_series(series(declined=declined), date(2015, 6, 20), headline="h", subtitle="s")
    axes = figure.axes[0]
    labels = [(text, box) for text, box, _ in drawn_texts(figure) if text.endswith("%")]
    assert len(labels) >= 3
    for text, box in labels:
        place = axes.transData.inverted().transform((0, (box.y0 + box.y1) / 2))[1]
        tick = min(axes.get_yticks(), key=lambda at: abs(at - place))
        assert abs(tick - place) < 0.02 * axes.get_ylim()[1], "a label stands beside its tick"
        assert float(text.rstrip("%")) == pytest.approx(100 * tick, abs=1e-6)


def test_the_key_names_only_the_marks_that_occur() -> None:
    with_all = check_layout(figures.weekly_series(series(), date(2015, 6, 20), headline="h", subtitle="s"))
    settled = check_layout(figures.weekly_series(series(3), date(2014, 10, 4), headline="h", subtitle="s"))
    marks = ("● settled", "○ provisional", "△ too young", "× partial")
    assert any(all(mark in text for mark in marks) for text in with_all)
    assert not any("provisional" in text or "partial" in text for text in settled)


@pytest.mark.parametrize("number", [1, 9, 14])
def test_every_event_of_the_table_has_its_letter_in_the_figure(number: int) -> None:
    """Also one that began before the first week, and the ninth."""
    weekly = series()
    days = [weekly.index[0] - pd.Timedelta(days=3) + n * pd.Timedelta(days=21) for n in range(number)]
    span = lettered(
        pd.DataFrame({"date": days, "last_date": [day + pd.Timedelta(days=5) for day in days], "headline": "A law"})
    )
    figure = figures.weekly_series(weekly, date(2015, 6, 20), headline="h", subtitle="s", events=span)
    letters = [text for text in check_layout(figure) if text in set(span["letter"])]
    assert sorted(letters) == sorted(span["letter"])


def test_the_letters_of_fiscal_2015_stand_at_their_days(fiscal_2015: pd.DataFrame) -> None:
    span = lettered(events(date(2014, 10, 1), date(2015, 7, 19)))
    figure = figures.weekly_series(fiscal_2015, date(2015, 6, 20), headline="h", subtitle="s", events=span)
    drawn = {text.get_text(): text.xy[0] for text in figure.axes[1].texts}  # type: ignore[attr-defined]
    assert sorted(drawn, key=drawn.__getitem__) == list(span["letter"])


@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])
@example([(6, 0)] * 40, 1, 0)
@example([(306, 0)] * 40, 43, 42)
@given(
    st.lists(st.tuples(st.integers(-40, 320), st.integers(0, 60)), min_size=1, max_size=40),
    st.integers(1, 60),
    st.integers(0, 59),
)
def test_letters_of_events_never_meet_nor_leave_the_axes(
    spans: list[tuple[int, int]], number: int, report: int
) -> None:
    """Whatever the events, the weeks and the report's week are: also before the first week, and on one day."""
    weekly = series(number)
    days = sorted((weekly.index[0] + pd.Timedelta(days=start), length) for start, length in spans)
    span = pd.DataFrame({"date": [day for day, _ in days], "headline": "A law"})
    span = lettered(span.assign(last_date=[day + pd.Timedelta(days=length) for day, length in days]))
    week = weekly.index[min(report, number - 1)].date()
    figure = figures.weekly_series(weekly, week, headline="h", subtitle="s", events=span)
    check_layout(figure)
    shares, counts = figure.axes
    letters = [text for text in counts.texts if text.get_text() in set(span["letter"])]
    assert [text.get_text() for text in letters] == list(span["letter"])
    between = [text.get_window_extent() for text in letters]
    assert all(counts.bbox.x0 <= box.x0 and box.x1 <= counts.bbox.x1 for box in between)
    assert all(counts.bbox.y1 < box.y0 and box.y1 < shares.bbox.y0 for box in between)


# The map.


def face(patch: Rectangle) -> tuple[float, ...]:
    return to_rgb(patch.get_facecolor())


def tile_patches(table: pd.DataFrame, **options: Any) -> dict[str, Rectangle]:  # noqa: ANN401
    figure = tile_map(table, headline="h", subtitle="s", **options)
    patches = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    assert len(patches) == len(table)
    return dict(zip(table.index, patches, strict=True))


def test_none_declined_and_no_detainers_are_told_apart_by_hatch_not_by_colour_alone() -> None:
    table = tiles(0)
    table.loc["VI", "present"] = False
    patches = tile_patches(table)
    assert patches["VI"].get_hatch()
    assert not patches["CA"].get_hatch()
    assert luminance(face(patches["CA"])) - luminance(face(patches["VI"])) > 0.1
    figure = tile_map(table, headline="h", subtitle="s")
    texts = check_layout(figure)
    assert texts.count("0") == len(table) - 1  # a zero is printed, an absent state has no number
    assert {"none declined", "no detainers"} <= set(texts)
    key = [patch for patch in figure.axes[1].patches if patch.get_hatch()]
    assert len(key) == 1


def test_the_classes_of_the_map_are_distinct_in_grey_and_go_from_light_to_dark() -> None:
    table = tiles()
    patches = tile_patches(table)
    shades: dict[int, set[float]] = {}
    for postal, count in table["count"].items():
        shades.setdefault(int(count), set()).add(round(luminance(face(patches[str(postal)])), 6))
    by_class = [shades[count].pop() for count in (0, 1, 5, 10, 20, 50)]
    assert all(light - dark > 0.03 for light, dark in pairwise(by_class)), by_class
    assert shades[4] == {by_class[1]}
    assert shades[49] == {by_class[4]}
    assert shades[12345] == {by_class[5]}


def test_the_text_on_every_tile_can_be_read() -> None:
    """WCAG 2.2, level AA: a contrast of 4.5 for text of this size."""
    table = tiles()
    figure = tile_map(table, headline="h", subtitle="s")
    axes = figure.axes[0]
    printed = [(place, one.colour) for one in axes.findobj(Printed) for place in one.places]
    assert len(printed) > len(table)
    for (x, y), colour in printed:
        grounds = [patch for patch in axes.patches if patch.get_bbox().contains(x, y)]  # type: ignore[attr-defined]
        assert contrast(colour, max(grounds, key=Rectangle.get_zorder).get_facecolor()) >= 4.5


def test_a_marked_state_is_outlined() -> None:
    patches = tile_patches(tiles(0), marked="DC")
    widths = {postal: patch.get_linewidth() for postal, patch in patches.items()}
    assert widths["DC"] > 2 * max(width for postal, width in widths.items() if postal != "DC")


def test_tiles_do_not_overlap() -> None:
    boxes = [patch.get_bbox() for patch in tile_patches(tiles(0)).values()]
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)


# Dots and bars.


def test_bounds_have_an_arrow_and_complete_counts_no_interval() -> None:
    rows = places(["a", "b", "c"], bound=["exact", "at_least", "exact"])
    figure = counts_by_place(rows, headline="h", subtitle="s")
    points = {str(line.get_marker()): len(line.get_xdata()) for line in figure.axes[0].lines}  # type: ignore[arg-type]
    assert points == {"o": 2, ">": 1}
    assert not figure.axes[0].collections
    assert any("at least this many" in text for text in check_layout(figure))
    exact = counts_by_place(rows.assign(bound="exact"), headline="h", subtitle="s")
    assert not any("at least" in text for text in check_layout(exact))


def test_the_parts_of_a_bar_are_told_apart_by_hatch_and_labelled_with_their_counts() -> None:
    figure = figures.stacked_outcomes(OUTCOME_ROWS, OUTCOMES, headline="h", subtitle="s")
    axes = figure.axes[0]
    hatches = [bars[0].get_hatch() for bars in axes.containers]
    assert len(set(hatches)) == len(OUTCOMES)
    texts = check_layout(figure)
    assert {"4,567", "12,345", "1"} <= set(texts)
    assert {name for _, name, _ in OUTCOMES} <= set(texts)
    widths = [[bar.get_width() for bar in bars] for bars in axes.containers]
    assert np.sum(widths, axis=0) == pytest.approx([1, 1])


def test_the_heat_map_tells_none_from_not_shown_by_hatch() -> None:
    counts, labels = cells(["Texas", "Ohio"], ["Homicide", "Assault & threats"], 7)
    counts.iloc[0, 1], labels.iloc[0, 1] = np.nan, "1-4"
    counts.iloc[1, 0], labels.iloc[1, 0] = 0, "0"
    figure = heatmap(counts, labels, headline="h", subtitle="s")
    texts = check_layout(figure)
    assert (texts.count("7"), texts.count("1-4"), texts.count("0")) == (2, 1, 1)
    assert {"Texas", "Ohio", "Homicide", "Assault & threats"} <= set(texts)
    (hatched,) = [drawn for drawn in figure.axes[0].patches if drawn.get_hatch()]
    assert hatched.get_path().get_extents().bounds == (1, 0, 1, 1)


def test_headlines_and_text_are_dark_enough() -> None:
    for name in ("series", "map", "counts", "outcomes"):
        printed = [one for one in DRAWINGS[name]().artists if isinstance(one, Printed)]
        assert len(printed) >= 2
        for one in printed:
            assert contrast(one.colour, "white") >= 4.5, one.texts
    assert contrast(INK, "white") > 7


def test_a_week_is_seven_days() -> None:
    """The series above stand on it."""
    assert timedelta(days=7) == WEEK


def test_letters_stand_where_they_do_whatever_was_measured_before() -> None:
    """The font's face is shared, and each that measures or draws with it sets a size of its own."""
    text, weight = "AVATAR, To Yuma", "normal"

    def stops(measured: str) -> tuple[float, ...]:
        for kept in (letter_width, printed._step, printed._stops):
            kept.cache_clear()
        width_of(measured, weight)
        return printed._stops(text, weight)

    one_by_one = [sum(letter_width(letter, weight) for letter in text[:n]) for n in range(len(text) + 1)]
    assert stops(text) == stops("") == stops(text[::2])
    assert stops(text)[-1] < one_by_one[-1], "an A and a V stand nearer than they are wide"
