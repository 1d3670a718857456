"""Figures: what they say, nothing outside the canvas or over something else, shown in every cell, the same bytes twice."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from analysis.errors import InputError
from analysis.load.offences import groups
from analysis.load.vocabulary import states
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


@pytest.mark.parametrize(
    ("figure", "headline", "subtitle", "alt"),
    [
        (
            lambda: plot.state_map(about(by_state(CA=33, TX=15), period_name=PERIOD)),
            "California has 33 of the 48 that name a state",
            f"Detainers recorded as declined, by state, {PERIOD}",
            "Tile map of the states with the number of the week's detainers recorded as declined. California has 33 of "
            "the 48 that name a state. The numbers are in the table by_state.",
        ),
        (
            lambda: plot.state_map(about(by_state(), period_name="March 2015")),
            "No decline names a state",
            "Detainers recorded as declined, by state, March 2015",
            "Tile map of the states with the number of detainers recorded as declined. No decline names a state. The "
            "numbers are in the table by_state.",
        ),
        (
            lambda: plot.published_map(about(bounds(), period_name="")),
            "At least 153 of 206 declines can be placed in a state",
            "Lower bounds of detainers recorded as declined (≥: more are possible)",
            "Tile map of the states with the known number of detainers recorded as declined. At least 153 of 206 can be "
            "placed. The numbers are in the table state_bounds.",
        ),
        (
            lambda: plot.weekly_counts(about(series(), week="2015-05-02", place_name=PLACE)),
            "140 of 1,800 detainers recorded as declined, week of 2 May 2015; 105 to 170 would be usual",
            f"Detainers recorded as declined, and their share of those issued, {PLACE}",
            f"Two time series by week of issue for {PLACE}: the share of detainers recorded as declined, with 95% "
            "intervals, and their number, with the range that would be usual after the eight weeks before. In this week "
            "140 of 1,800. The numbers are in the table weekly_counts.",
        ),
        (
            lambda: plot.weekly_counts(series(1, declined=1).assign(issued=1)),
            "1 of 1 detainer recorded as declined, week of 27 September 2014",
            "Detainers recorded as declined, and their share of those issued",
            "Two time series by week of issue: the share of detainers recorded as declined, with 95% intervals, and "
            "their number. In this week 1 of 1. The numbers are in the table weekly_counts.",
        ),
        (
            lambda: plot.cross_table(about(crossed(["Texas"], ["Homicide"], 7), hidden=17, threshold=5)),
            "Recorded as declined by state and offence group",
            "Detainers recorded as declined, all statuses; hatched: not shown",
            "Heat map of detainers recorded as declined by state and offence group, each count printed; 17 cells are "
            "not shown exactly, since counts below 5 are not. The numbers are in the table state_by_offence.",
        ),
        (
            lambda: plot.outcomes(about(outcomes((66, 373, 192, 1042)), place_name=PLACE, period_name=PERIOD)),
            "No outcome is recorded for 1,042 of 1,673 detainers",
            f"Recorded outcome of the week's detainers, {PLACE}, {PERIOD}",
            "Stacked bar of the recorded outcome: 66 declined, 373 taken by ICE, 192 other ends, 1,042 not recorded. "
            "The numbers are in the table key_figures.",
        ),
        (
            lambda: plot.expected(about(standardised(3, 30), period_name="2015Q1")),
            f"{states()['name'].iloc[1]}: 30 recorded as declined, 8.2 expected",
            "Declines recorded over those expected of detainers alike, 2015Q1",
            "Dot plot of the declines recorded over those expected of detainers alike, by state with 95% intervals: 2. "
            f"{states()['name'].iloc[1]}: 30 recorded as declined, 8.2 expected. The numbers are in the table expected.",
        ),
        (
            lambda: plot.nowcast(about(estimates(9), week="2024-11-23", place_name=PLACE)),
            "12345 recorded so far, about 20576 expected",
            f"Recorded as declined and estimated final number by week of issue, {PLACE}",
            "Points by week of issue: declines recorded so far, and for unfinished weeks the estimate of their final "
            "number with a band. This week: 12345 recorded. The numbers are in the table nowcast.",
        ),
        (
            lambda: plot.time_to_outcome(ended(0.12, 0.42, 0.1)),
            "6.0% recorded as declined within 30 days of issue",
            "Share ended in each way, other ends counted as such, 12,324 detainers",
            "Curves of the share of detainers that had ended in each way by days since issue, with 95% intervals; those "
            "without a recorded end count as followed until the extraction. 6.0% recorded as declined within 30 days of "
            "issue. The numbers are in the table incidence.",
        ),
        (
            lambda: plot.published_weeks(published(2)),
            "47 recorded as declined, 45 of them outside Travis County, Texas",
            "Detainers recorded as declined in a week, the United States with and without Travis County, Texas, weeks "
            "up to that ending 10 February 2017",
            "Dot plot of detainers recorded as declined by week, all places together and without Travis County, Texas: "
            "week of 28 January 206 and 64; week of 4 February 47 and 45. 47 recorded as declined, 45 of them outside "
            "Travis County, Texas. The numbers are in the table weeks.",
        ),
        (
            lambda: plot.published_places(about(places(["Travis"]), period_name="")),
            "123,456 declines nationwide, 1,234 located, 142 in Travis County, Texas",
            "Detainers recorded as declined, places with a known figure (they nest)",
            "Dot plot of detainers recorded as declined by place. 123,456 nationwide, 142 in Travis County, Texas; known "
            "places account for at least 1,234. The numbers are in the table declined_by_place.",
        ),
        (
            lambda: plot.recording(recorded(9)),
            "Weeks at the end that look unfinished: 2",
            "Detainers issued by week, and the share of them without a lift reason, data through 30 June 2025",
            "Two panels by week of issue: detainers issued, and the share of them whose lift reason is blank. Weeks at "
            "the end that look unfinished, as open marks: 2. 50.0% of all detainers have no lift reason. The numbers "
            "are in the table weeks.",
        ),
        (
            lambda: plot.revisions(revised(3, 44)),
            "2,912 declines of the same weeks have become 3,000",
            "Recorded as declined by week of issue, in the versions 2 and 3",
            "Two panels by week of issue: detainers recorded as declined in the older and the newer version, and the "
            "difference. Over 2 weeks that both have in full they went from 2,912 to 3,000. The numbers are in the "
            "table weeks.",
        ),
    ],
)
def test_titles_and_alternative_texts_are_made_of_the_frame(
    figure: Callable[[], Figure], headline: str, subtitle: str, alt: str
) -> None:
    drawn = figure()
    assert (drawn.headline, drawn.subtitle, drawn.alt, drawn.reason) == (headline, subtitle, alt, "")


def test_a_finding_across_weeks_is_the_headline_of_the_published_weeks() -> None:
    against = {"before": 64, "now": 45, "ratio": 0.703, "low": 0.47, "high": 1.05, "finding": "no clear change"}
    assert plot.published_weeks(about(published(2), comparison=against)).headline == (
        "Without Travis County, Texas: 45 against 64 the week before, no clear change (ratio 0.70, 95% interval 0.47 to "
        "1.05)"
    )


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
            shell.display_formatter.active_types = [*shell.display_formatter.formatters]
            if inline:
                shell.run_line_magic("matplotlib", "inline")
                mpl.rcParams.update({"savefig.bbox": "tight", "font.size": 30, "figure.dpi": 30})
            bundles.append(shell.display_formatter.format(figure))
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


@pytest.mark.parametrize("name", ["weeks", "map", "cross table", "outcomes", "expected", "curves"])
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
        figure, (above, below) = frame(1, "$1 and $2", "$x$", rows=2)
    assert dict(mpl.rcParams) == before
    assert isinstance(figure, Figure)
    assert below.get_shared_x_axes().joined(above, below)
    assert above.get_position().y0 > below.get_position().y1
    assert {"$1 and $2", "$x$"} <= set(check_layout(figure))
