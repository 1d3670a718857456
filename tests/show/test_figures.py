"""Figures: what they say and show, nothing outside the canvas or over something else, the same bytes twice."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib as mpl
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
from analysis.show.style import Figure, frame, png_of, style, svg_of
from analysis.stats.counts import with_intervals

PLACE, PERIOD = "the United States", "Saturday 20 June to Friday 26 June 2015"
LONG = ("DEPARTMENT OF CORRECTIONS AND COMMUNITY SUPERVISION OF THE COUNTY OF " * 5)[:300]
ONE_WORD = "X" * 300
LONG_PERIOD = "Saturday 27 September 2014 to Friday 3 October 2014"
ABOUT = {"place_name": "the Northern Mariana Islands", "period_name": LONG_PERIOD, "synthetic": True}


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    """Take a warning of a drawing library for a fault: a missing glyph, an empty axis."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def about(table: pd.DataFrame, **attrs: Any) -> pd.DataFrame:  # noqa: ANN401
    told = table.copy()
    told.attrs |= attrs
    return told


# What is drawn.


def series(number: int = 43, *, declined: int | None = None) -> pd.DataFrame:
    weeks = pd.date_range("2014-09-27", periods=number, freq="7D")
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


def known_events(days: list[int]) -> list[dict[str, str]]:
    first = pd.Timestamp("2014-09-27")
    letters = [prefix + letter for prefix in ("", "A", "B") for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    dates = [(first + pd.Timedelta(days=day)).date().isoformat() for day in sorted(days)]
    return [{"date": day, "letter": letter, "headline": "A law"} for day, letter in zip(dates, letters, strict=False)]


def by_state(**declined: int) -> pd.DataFrame:
    table = pd.DataFrame({"issued": 20, "declined": 0}, index=states().index.drop("VI"))
    for postal, number in declined.items():
        table.loc[postal, "declined"] = number
    return table


def bounds() -> pd.DataFrame:
    table = pd.DataFrame({"known_low": 0, "known_high": 9, "bound": "not known"}, index=states().index)
    table.loc["TX"], table.loc["NY"], table.loc["KS"] = (149, 149, "exact"), (4, 9, "at_least"), (0, 0, "exact")
    return about(table, declined=206, period_name=LONG_PERIOD)


def places(names: list[str], **columns: Any) -> pd.DataFrame:  # noqa: ANN401
    counts = {"place": names, "state": "TX", "level": "county", "declined": range(1, len(names) + 1), "bound": "exact"}
    told = {"declined": 123_456, "placed": 1234, "apart": 142, "apart_name": "Travis County, Texas"}
    return about(pd.DataFrame(counts | columns), **told, period_name=LONG_PERIOD)


def published(number: int, known: bool = True) -> pd.DataFrame:
    weeks = pd.date_range("2017-01-28", periods=number, freq="7D")
    table = pd.DataFrame({"week": weeks, "declined": np.resize([206, 47, 65], number)})
    table["elsewhere"] = np.resize([64.0, 45.0, 55.0], number) if known else np.nan
    return about(table, without="Travis County, Texas")


def crossed(rows: list[str], columns: list[str], value: float = 12345) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([rows, columns], names=["state_name", "group"])
    return pd.DataFrame({"declined": value, "declined_shown": f"{value:,.0f}"}, index=index).reset_index()


def recorded(number: int) -> pd.DataFrame:
    weeks = pd.date_range("2024-10-05", periods=number, freq="7D")
    values = {"issued": 123_456, "not_recorded": 61_728, "blank_share": 0.5, "unfinished": ""}
    table = pd.DataFrame(values, index=weeks)
    table.loc[weeks[-2:], "unfinished"] = "days missing"
    return about(table, data_through="2025-06-30")


def revised(number: int, change: int = -456) -> pd.DataFrame:
    weeks = pd.date_range("2024-10-05", periods=number, freq="7D")
    table = pd.DataFrame({"declined_was": 1456.0, "declined_now": 1456.0 + change}, index=weeks)
    table["declined_change"] = table["declined_now"] - table["declined_was"]
    return about(table.assign(cut=[n == number - 1 for n in range(number)]), older=2, newer=3)


def estimates(number: int) -> pd.DataFrame:
    """Give weeks of which the last but one is estimated and the last too young."""
    weeks = pd.date_range("2024-10-05", periods=number, freq="7D")
    table = pd.DataFrame({"recorded": 12_345, "estimate": 12_345.0, "maturity": "settled", "reason": ""}, index=weeks)
    table["low"] = table["high"] = table["estimate"]
    table.loc[weeks[-1:], ["maturity", "reason"]] = ["too young", "too young"]
    table.loc[weeks[-2:-1], ["maturity", "estimate", "low", "high"]] = ["provisional", 20_576.0, 20_000.0, 21_200.0]
    return table


def ended(*shares: float) -> pd.DataFrame:
    """Give the curves of three ways of ending, each rising day by day to a share."""
    days, names = np.arange(0, 61, 10), ("declined_by_lea", "transferred_to_ice", "other_end")
    curves = [
        pd.DataFrame({"outcome": name, "day": days, "incidence": days / 60 * share, "low": 0.0, "high": share * 1.2})
        for name, share in zip(names, shares, strict=True)
    ]
    return pd.concat(curves).assign(at_risk=12_324)


def standardised(*observed: int) -> pd.DataFrame:
    table = pd.DataFrame({"observed": observed, "expected": 8.25}, index=states().index[: len(observed)])
    table["over_expected"] = table["observed"] / table["expected"]
    return table.assign(low=table["over_expected"] / 2, high=table["over_expected"] * 2 + 0.3)


def outcomes(*rows: tuple[int, ...]) -> pd.DataFrame:
    index = ["hold", LONG, ONE_WORD][: len(rows)]
    return pd.DataFrame(rows, index=index, columns=["declined", "taken", "other_ends", "not_recorded"])


AGAINST = {"before": 64, "now": 45, "ratio": 0.703, "low": 0.47, "high": 1.05, "finding": "no clear change"}
CROSSED = crossed([*states()["name"][-16:], "All"], [*groups()["group"], "All"])
DRAWINGS: dict[str, Callable[[], Figure]] = {
    "map": lambda: plot.state_map(about(by_state(CA=12345, DC=49, NV=6), marked="MP", **ABOUT)),
    "map of none": lambda: plot.state_map(by_state()),
    "map of bounds": lambda: plot.published_map(bounds()),
    "weeks": lambda: plot.weekly_counts(about(series(), week="2015-06-20", **ABOUT)),
    "weeks, the last a partial one": lambda: plot.weekly_counts(series()),
    "weeks without a decline": lambda: plot.weekly_counts(series(declined=0)),
    "three weeks": lambda: plot.weekly_counts(series(3)),
    "a partial week": lambda: plot.weekly_counts(series(1).assign(status="partial", share=np.nan)),
    "weeks among many events": lambda: plot.weekly_counts(about(series(), events=known_events(list(range(-9, 51))))),
    "cross table": lambda: plot.cross_table(about(CROSSED, **ABOUT)),
    "cross table of two": lambda: plot.cross_table(crossed(["Northern Mariana Islands"], ["Homicide", "All"], 0)),
    "outcomes": lambda: plot.outcomes(about(outcomes((66, 373, 192, 1042)), **ABOUT)),
    "outcomes in narrow parts": lambda: plot.outcomes(outcomes((1, 2, 3, 99_999), (12345, 12345, 12345, 1), (0,) * 4)),
    "expected": lambda: plot.expected(about(standardised(0, 3, 8, 900, *range(1, 40)), **ABOUT)),
    "expected of one": lambda: plot.expected(standardised(0)),
    "nowcast": lambda: plot.nowcast(about(estimates(26), **ABOUT)),
    "nowcast of one week": lambda: plot.nowcast(estimates(1)),
    "curves": lambda: plot.time_to_outcome(about(ended(0.11, 0.42, 0.12), **ABOUT)),
    "published weeks": lambda: plot.published_weeks(about(published(3), synthetic=True)),
    "one published week": lambda: plot.published_weeks(about(published(1), without=LONG)),
    "published weeks, a place not known": lambda: plot.published_weeks(about(published(2, False), without=ONE_WORD)),
    "places": lambda: plot.published_places(
        places(["Travis", "Baltimore County"] * 20, bound=["exact", "at_least"] * 20)
    ),
    "places of long names": lambda: plot.published_places(places([LONG, ONE_WORD, "Travis", LONG])),
    "recording": lambda: plot.recording(about(recorded(60), synthetic=True)),
    "recording of one week": lambda: plot.recording(recorded(1)),
    "revisions": lambda: plot.revisions(about(revised(60), synthetic=True)),
    "revisions, none": lambda: plot.revisions(revised(5, 0).assign(cut=False)),
    "no week": lambda: plot.revisions(about(revised(5)[:0], reason=f"No week is in both versions: {LONG}.")),
}


def texts_of(figure: Figure) -> list[tuple[str, Any, float]]:
    """Draw a figure and give each text that was really drawn: the text, its box in pixels, its rotation."""
    found: list[tuple[str, Any, float]] = []
    draw = Text.draw

    def noted(self: Text, renderer: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        if self.get_visible() and self.get_text().strip():
            found.append((self.get_text(), Text.get_window_extent(self, renderer), self.get_rotation()))
        draw(self, renderer, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch, style():
        patch.setattr(Text, "draw", noted)
        FigureCanvasAgg(figure.drawn).draw()
    return found


def check_layout(figure: Figure) -> list[str]:
    """Hold every drawn text against the canvas and against the others; give the texts."""
    texts = texts_of(figure)
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
    assert covered == []
    return [text for text, *_ in texts]


def words(texts: list[str]) -> str:
    return " ".join(" ".join(texts).split())


@pytest.mark.parametrize("name", DRAWINGS)
def test_no_text_leaves_the_canvas_or_covers_another_and_titles_are_printed_in_full(name: str) -> None:
    figure = DRAWINGS[name]()
    said = words(check_layout(figure))
    for title in (figure.headline, figure.subtitle):
        assert all(part in said for part in title.split() if len(part) < 60), title
    assert figure.get_label() == (f"{figure.headline}\n{figure.subtitle}" if figure.subtitle else "")
    assert figure.subtitle or figure.reason


def test_every_figure_is_tried() -> None:
    drawn = {name for name in plot.__all__ if any(name in drawing.__code__.co_names for drawing in DRAWINGS.values())}
    assert drawn == set(plot.__all__) == set(dir(plot))


# What is said.


TEXTS = {
    "map": lambda: plot.state_map(about(by_state(CA=33, TX=15), period_name=PERIOD)),
    "map of none": lambda: plot.state_map(about(by_state(), period_name="March 2015")),
    "map of bounds": lambda: plot.published_map(about(bounds(), period_name="")),
    "weeks": lambda: plot.weekly_counts(about(series(), week="2015-05-02", place_name=PLACE)),
    "one week": lambda: plot.weekly_counts(series(1, declined=1).assign(issued=1)),
    "cross table": lambda: plot.cross_table(about(crossed(["Texas"], ["Homicide"], 7), hidden=17, threshold=5)),
    "outcomes": lambda: plot.outcomes(about(outcomes((66, 373, 192, 1042)), place_name=PLACE, period_name=PERIOD)),
    "expected": lambda: plot.expected(about(standardised(3, 30), period_name="January to March 2015")),
    "nowcast": lambda: plot.nowcast(about(estimates(9), week="2024-11-23", place_name=PLACE)),
    "curves": lambda: plot.time_to_outcome(ended(0.12, 0.42, 0.1)),
    "published weeks": lambda: plot.published_weeks(published(2)),
    "published weeks, compared": lambda: plot.published_weeks(about(published(2), comparison=AGAINST)),
    "places": lambda: plot.published_places(about(places(["Travis"]), period_name="")),
    "recording": lambda: plot.recording(recorded(9)),
    "revisions": lambda: plot.revisions(revised(3, 44)),
}
FROZEN = yaml.safe_load(Path(__file__).with_name("figure_texts.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TEXTS)
def test_titles_and_alternative_texts_are_made_of_the_frame(name: str) -> None:
    figure = TEXTS[name]()
    said = {"headline": figure.headline, "subtitle": figure.subtitle, "alt": figure.alt}
    assert said == FROZEN[name]
    assert figure.reason == ""


def test_made_up_data_are_called_so_in_the_picture_and_in_words() -> None:
    for synthetic in (True, False):
        figure = plot.state_map(about(by_state(CA=3), synthetic=synthetic))
        assert ("MADE-UP DATA" in check_layout(figure)) is synthetic
        assert figure.alt.startswith("MADE-UP DATA. Tile map") is synthetic


def test_an_empty_frame_prints_its_reason_and_one_without_a_column_is_refused() -> None:
    figure = plot.cross_table(about(CROSSED[:0], reason="This source records no offences."))
    assert check_layout(figure) == ["This source records no offences."]
    assert figure.reason == figure.alt == figure.headline == "This source records no offences."
    assert plot.nowcast(pd.DataFrame()).reason == "There is nothing to draw."
    with pytest.raises(InputError, match=r"plot\.state_map cannot draw a table without declined: found 'issued'"):
        plot.state_map(by_state()[["issued"]])


# How a figure shows and is saved.


class Shell(InteractiveShell):
    """A shell without a window system."""

    def enable_gui(self, gui: object = None) -> None:
        """Have none."""


def test_a_figure_shows_itself_in_a_plain_cell_and_under_the_inline_backend() -> None:
    figure, before = DRAWINGS["map"](), dict(mpl.rcParams)
    bundles = []
    try:
        for inline in (False, True):
            shell = Shell()
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
    assert data == {
        "text/plain": figure.alt,
        "image/svg+xml": svg_of(figure),
        "image/png": base64.b64encode(png_of(figure)).decode("ascii"),
    }
    assert metadata["image/png"]["width"] == 768


@pytest.mark.parametrize("name", ["weeks", "map", "cross table of two", "outcomes", "expected of one"])
def test_two_drawings_are_the_same_bytes_and_their_text_is_text(name: str) -> None:
    one, other = DRAWINGS[name](), DRAWINGS[name]()
    assert svg_of(one) == svg_of(other) == svg_of(one)
    assert png_of(one) == png_of(other)
    assert f">{one.headline[:20]}" in svg_of(one)
    assert "sans-serif" in svg_of(one)


def test_the_style_is_a_context_for_ones_own_figures_and_leaves_the_session_as_it_was() -> None:
    before = dict(mpl.rcParams)
    with style():
        assert mpl.rcParams["svg.fonttype"] == "none"
        figure, (above, below) = frame(1, 2)
        figure.entitle("$1 and $2", "$x$")
    assert dict(mpl.rcParams) == before
    assert isinstance(figure, Figure)
    assert below.get_shared_x_axes().joined(above, below)
    assert above.get_position().y0 > below.get_position().y1
    assert {"$1 and $2", "$x$"} <= set(check_layout(figure))


# What is drawn where.


def collections(axes: Axes, kind: type[Any]) -> list[Any]:
    return [one for one in axes.collections if isinstance(one, kind)]


def boxes(axes: Axes, name: str) -> pd.DataFrame:
    """Give the middles and ends of the boxes that the key calls by a name."""
    (drawn,) = [one for one in collections(axes, PolyCollection) if one.get_label() == name]
    corners = [path.get_extents().extents for path in drawn.get_paths()]
    return pd.DataFrame([((x0 + x1) / 2, y0, y1) for x0, y0, x1, y1 in corners], columns=["x", "low", "high"])


def key(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def marks(axes: Axes) -> dict[tuple[str, bool], int]:
    """Count the points of a panel by shape and whether they are hollow."""
    lines = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
    return {(str(line.get_marker()), line.get_markerfacecolor() == "white"): len(line.get_xdata()) for line in lines}  # type: ignore[arg-type]


def test_shares_stand_above_and_counts_below_each_marked_by_how_finished_the_week_is() -> None:
    above, below = plot.weekly_counts(series()).axes
    assert above.bbox.y0 > below.bbox.y1
    assert marks(above) == {("o", False): 39, ("o", True): 1, ("^", True): 1}, "a partial week has no share"
    (interval,) = collections(above, LineCollection)
    assert len(interval.get_segments()) == 41
    weekly = series()
    for name, status in (("declined", "settled"), ("partial week", "partial")):
        assert list(boxes(below, name)["high"]) == list(weekly.loc[weekly["status"] == status, "declined"])
    unfinished = [one for one in collections(below, PolyCollection) if one.get_label() == "unfinished"]
    assert [one.get_facecolor()[0].tolist() for one in unfinished] == [[1, 1, 1, 1]] * 2
    assert above.get_ylim()[0] == below.get_ylim()[0] == 0


def test_the_usual_range_has_two_sides_and_weeks_outside_are_marked() -> None:
    weekly = series()
    below = plot.weekly_counts(weekly).axes[1]
    band = boxes(below, "usual range")
    assert (band["low"].min(), band["high"].max(), len(band)) == (105, 170, weekly["usual_low"].notna().sum())
    for side, mark in (("above", "^"), ("below", "v")):
        (line,) = [line for line in below.lines if line.get_marker() == mark]
        outside = weekly[weekly["outside"] == side]
        assert len(outside) == len(line.get_xdata()) > 0
        clear = np.asarray(line.get_ydata()) - outside["declined"].to_numpy()
        assert (clear > 0.04 * below.get_ylim()[1]).all(), "a mark stands clear of its bar"
        assert max(line.get_ydata()) < below.get_ylim()[1]


def test_the_key_names_only_what_occurs() -> None:
    everything = key(plot.weekly_counts(series()))
    assert sorted(everything) == sorted(
        [
            *("settled", "provisional", "too young", "95% interval", "declined", "unfinished", "partial week"),
            *("usual range", "above it", "below it"),
        ]
    )
    assert key(plot.weekly_counts(series(3))) == ["settled", "95% interval", "declined"]
    assert "no share is given" in check_layout(plot.weekly_counts(series(3).assign(share=np.nan)))


@pytest.mark.parametrize("week", ["2014-10-11", "2015-05-02", "2015-07-18"])
def test_the_week_of_the_report_is_the_strongest_bar_and_has_its_numbers(week: str) -> None:
    weekly = series()
    figure = plot.weekly_counts(about(weekly, week=week))
    strong = [one for one in collections(figure.axes[1], PolyCollection) if one.get_linewidth()[0] == 2]
    assert [path.get_extents().y1 for path in strong[0].get_paths()] == [weekly.loc[week, "declined"]]
    partial = weekly.loc[week, "status"] == "partial"
    said = check_layout(figure)
    assert f"{weekly.loc[week, 'declined']:.0f}" in said
    assert (f"{weekly.loc[week, 'share']:.1%}" in said) is not partial


@pytest.mark.parametrize("declined", [30, 170, 700, 1800])
def test_a_share_on_the_axis_is_the_share_at_its_tick(declined: int) -> None:
    """An axis from 0 to 10% has ticks at 2.5%, which may not be called 2%."""
    axes = plot.weekly_counts(series(declined=declined)).axes[0]
    labels = {label.get_text(): at for at, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)}
    assert len(labels) >= 3
    assert all(float(text.rstrip("%")) == pytest.approx(100 * at) for text, at in labels.items())


@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])
@example([6] * 40, 1)
@example([306] * 40, 43)
@given(st.lists(st.integers(-40, 320), min_size=1, max_size=40), st.integers(1, 60))
def test_letters_of_events_never_meet_and_each_event_is_named_or_within_a_span(days: list[int], number: int) -> None:
    events = known_events(days)
    figure = plot.weekly_counts(about(series(number), events=events))
    check_layout(figure)
    shares, counts = figure.axes
    known = {event["letter"] for event in events}
    labels = [text for text in counts.texts if text.get_text().split("–")[0] in known]
    ends = [end for label in labels for end in label.get_text().split("–")]
    assert ends[0] == "A"
    assert ends[-1] == events[-1]["letter"]
    assert ends == sorted(set(ends), key=lambda letter: (len(letter), letter)) or len(events) > len(ends) > 0
    assert all(counts.bbox.y1 < label.get_window_extent().y0 < shares.bbox.y0 for label in labels)
    dotted = [line for line in counts.lines if line.get_linestyle() == ":"]
    assert len(dotted) == len(events)
    first, last = counts.get_xlim()
    assert all(first < line.get_xdata()[0] < last for line in dotted)


def test_letters_stand_at_their_days() -> None:
    figure = plot.weekly_counts(about(series(), events=known_events([30, 90, 92, 200])))
    letters = {text.get_text(): text.xy[0] for text in figure.axes[1].texts if text.get_text()[0] in "ABCD"}
    assert list(letters) == ["A", "B–C", "D"]
    assert [round(at - letters["A"]) for at in letters.values()] == [0, 60, 170]


def luminance(colour: Any) -> float:  # noqa: ANN401
    """Relative luminance of WCAG 2.2."""
    parts = np.array(to_rgb(colour))
    return float(np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])


def contrast(one: Any, other: Any) -> float:  # noqa: ANN401
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_every_tile_has_its_class_and_text_on_it_that_can_be_read() -> None:
    table = by_state(**dict(zip(["CA", "TX", "NY", "FL", "AZ", "NV", "CO"], [1, 4, 5, 10, 20, 50, 9], strict=True)))
    axes = plot.state_map(table).axes[0]
    present, absent, outlined = collections(axes, PolyCollection)
    assert (len(present.get_paths()), len(absent.get_paths()), len(outlined.get_paths())) == (len(table), 1, 0)
    assert absent.get_hatch()
    assert not present.get_hatch()
    faces = dict(zip(states().index.drop("VI"), map(tuple, present.get_facecolor()), strict=True))
    light = [luminance(faces[postal][:3]) for postal in ("OK", "CA", "NY", "FL", "AZ", "NV")]
    assert light == sorted(light, reverse=True)
    assert min(-np.diff(light)) > 0.04
    assert (faces["TX"], faces["CO"]) == (faces["CA"], faces["NY"])
    printed = [text.get_text() for text in axes.texts]
    assert (printed.count("0"), printed.count("VI"), printed.count("50")) == (len(table) - 7, 1, 1)
    corners = [path.get_extents() for path in present.get_paths()]
    for text in axes.texts:
        under = [n for n, box in enumerate(corners) if box.contains(*text.get_position())]
        ground = present.get_facecolor()[under[0]][:3] if under else "#E3E3E3"
        assert contrast(text.get_color(), ground) >= 4.5, text.get_text()


def test_a_marked_state_is_outlined_and_bounds_are_marked() -> None:
    outlined = collections(plot.state_map(about(by_state(), marked="DC")).axes[0], PolyCollection)[2]
    at = states().loc["DC"]
    assert outlined.get_paths()[0].get_extents().contains(at["tile_column"] - 0.5, at["tile_row"] - 0.5)
    axes = plot.published_map(bounds()).axes[0]
    assert [text.get_text() for text in axes.texts if not text.get_text().isalpha()] == ["0", "≥4", "149"]
    assert len(collections(axes, PolyCollection)[1].get_paths()) == len(states()) - 3


def test_the_parts_of_a_bar_are_told_apart_by_hatch_and_labelled_with_their_counts() -> None:
    figure = plot.outcomes(outcomes((123, 4567, 89, 12345), (0, 0, 0, 1)))
    (axes,) = figure.axes
    assert len({bars[0].get_hatch() for bars in axes.containers}) == 4
    assert {"123", "4,567", "89", "12,345", "1", "hold"} <= set(check_layout(figure))
    assert np.sum([[bar.get_width() for bar in bars] for bars in axes.containers], axis=0) == pytest.approx([1, 1])


def test_the_cross_table_tells_none_from_not_shown_by_hatch_and_leaves_sums_without_a_shade() -> None:
    table = crossed(["Texas", "Ohio", "All"], ["Homicide", "Drugs", "All"], 7)
    table.loc[1, ["declined", "declined_shown"]] = [np.nan, "1–4"]
    table.loc[3, ["declined", "declined_shown"]] = [0, "0"]
    table.loc[4, ["declined", "declined_shown"]] = [np.nan, "not shown"]
    figure = plot.cross_table(table)
    (axes,) = figure.axes
    texts = check_layout(figure)
    assert [texts.count(text) for text in ("7", "1–4", "0", "·", "Texas", "Drugs")] == [6, 1, 1, 1, 1, 1]
    (hidden,) = collections(axes, PolyCollection)
    assert hidden.get_hatch()
    assert [path.get_extents().bounds for path in hidden.get_paths()] == [(1, 0, 1, 1), (1, 1, 1, 1)]
    shade = np.asarray(axes.collections[0].get_array()).reshape(3, 3)
    assert (shade > 0).tolist() == [[True, False, False], [False, False, False], [False, False, False]]
    assert "2 cells are not shown exactly." in figure.alt


def test_ratios_are_ranked_on_a_log_axis_and_what_is_below_it_is_marked_so() -> None:
    figure = plot.expected(standardised(0, 4, 30).assign(state_name=["A", "B", "C"]))
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    (intervals,) = collections(axes, LineCollection)
    ends = np.array([segment[:, 0] for segment in intervals.get_segments()])
    assert ends == pytest.approx(np.array([[30 / 16.5, 60 / 8.25 + 0.3], [4 / 16.5, 8 / 8.25 + 0.3], [0.05, 0.3]]))
    assert axes.get_xlim() == pytest.approx((0.05, 1.1 * ends.max()))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["C", "B", "A"]
    assert marks(axes) == {("o", False): 2, ("<", True): 1}
    assert [text.get_text() for text in axes.texts[1:]] == ["30 / 8.2", "4 / 8.2", "0 / 8.2"]
    assert "below 0.05" in key(figure)
    assert "below 0.05" not in key(plot.expected(standardised(4, 30)))


def test_recorded_estimated_and_too_young_weeks_have_marks_of_their_own() -> None:
    figure = plot.nowcast(estimates(9))
    assert marks(figure.axes[0]) == {("o", False): 8, ("D", True): 1, ("x", False): 1}
    (band,) = collections(figure.axes[0], LineCollection)
    assert [tuple(segment[:, 1]) for segment in band.get_segments()] == [(20_000, 21_200)]
    assert figure.headline == "Recorded as declined, and final numbers expected", "the last week has no estimate"


def test_each_curve_has_its_name_and_one_without_an_end_is_left_out() -> None:
    (axes,) = plot.time_to_outcome(ended(0.12, 0.0, 0.1)).axes
    assert sorted(text.get_text() for text in axes.texts) == ["other ends\n10.0%", "recorded as declined\n12.0%"]
    assert plot.time_to_outcome(ended(0, 0, 0)).reason == "No detainer has ended."
    short = ended(0.12, 0.4, 0.1)
    assert plot.time_to_outcome(short[short["day"] < 30]).headline == "How detainers ended, by days since issue"


def test_places_are_named_with_their_state_and_bounds_have_an_arrow() -> None:
    table = places(["Travis", "Texas", "Nowhere", "King"], bound=["exact", "exact", "disputed", "at_least"])
    table.loc[1, "level"] = "state"
    figure = plot.published_places(table)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Travis, TX", "Texas", "King, TX"]
    assert marks(axes) == {("o", False): 2, (">", True): 1}
    assert [text.get_text() for text in axes.texts] == ["1", "2", "≥4"]
    assert key(figure) == ["as printed", "at least this many"]
    assert plot.published_places(table.assign(declined=0)).reason == "No place with a known figure has a decline."


def test_published_weeks_have_two_marks_each_and_say_what_is_not_known() -> None:
    (axes,) = plot.published_weeks(published(3)).axes
    assert marks(axes) == {("o", False): 3, ("D", True): 3}
    assert [text.get_text() for text in axes.texts] == ["206", "47", "65", "64", "45", "55"]
    (axes,) = plot.published_weeks(published(2, known=False)).axes
    assert [text.get_text() for text in axes.texts] == ["206", "47", "not known", "not known"]
    assert marks(axes) == {("o", False): 2}


def test_weeks_that_look_unfinished_are_open_and_revised_ones_have_both_figures() -> None:
    for axes in plot.recording(recorded(9)).axes:
        assert marks(axes) == {("o", False): 7, ("o", True): 2}
    above, below = plot.revisions(revised(9)).axes
    assert marks(above) == {("o", False): 8, ("o", True): 8, ("x", False): 1}
    (bars,) = collections(below, PolyCollection)
    assert [path.get_extents().y0 for path in bars.get_paths()] == [-456] * 8, "a week cut short has no difference"
    assert below.get_ylim()[0] < -456
    assert below.get_ylim()[1] == 0
    assert plot.revisions(revised(4).assign(declined_was=np.nan)).reason == "No week is in both versions."
