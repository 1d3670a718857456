"""A view's lines give with counts in memory what they give with the file, and refuse what reports do not show."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd
import pytest

import analysis as an
from analysis.errors import InputError
from analysis.stats.view import Memory, View

PERIODS = {"period": "2025-03", "compare": "2025-01"}


@cache
def memory(source: str) -> Memory:
    return Memory(an.open_source(source))


def ours(source: str, **chosen: Any) -> tuple[View, pd.DataFrame]:  # noqa: ANN401
    view = View.of(memory(source), **chosen)
    return view, view.made(memory(source))[0]


@pytest.mark.parametrize(
    ("source", "chosen"),
    [
        ("fy2015", {"period": "2015-03", "compare": "2015-01", "states": ["Colorado", "NY"], "show": "table"}),
        ("fy2015", {"period": "latest"}),
        ("fy2015", {"show": "cross", "states": "CO"}),
        ("fy2015", {"period": "2015-06-20", "request": "hold"}),
        ("synthetic", {**PERIODS, "show": "series", "offence": "DUI"}),
        ("synthetic", {"period": "2026-02-21", "show": "series", "states": ["TX"]}),
        ("synthetic", {**PERIODS, "show": "groups"}),
        ("synthetic", {"period": "2025Q2", "show": "table"}),
        ("synthetic", {"period": "2025-01-11", "show": "cross"}),  # before it no quarter is over
        ("synthetic", {**PERIODS, "states": ["CA", "TX"], "offence": "DUI"}),
        ("synthetic", {**PERIODS, "status": "charged", "offence": "DUI"}),
        ("synthetic", {**PERIODS, "outcome": "taken", "states": ["TX"]}),
    ],
    ids=str,
)
def test_frames_are_exactly_those_that_the_same_lines_give_of_the_whole_source(
    source: str, chosen: dict[str, Any]
) -> None:
    view, frame = ours(source, **chosen)
    ran: dict[str, Any] = {"an": an}
    exec("\n".join(view.lines(view.week(memory(source)))), ran)
    pd.testing.assert_frame_equal(frame, ran["frame"])
    assert frame.attrs == ran["frame"].attrs


def test_every_period_that_is_offered_can_be_taken_and_counts_are_far_fewer_than_rows() -> None:
    known = memory("fy2015").periods
    assert {known["March 2015"], known["January to March 2015"], known["13–19 June 2015"]} == {
        "2015-03",
        "2015Q1",
        "2015-06-13",
    }
    assert "July 2015" not in known  # not covered to its end
    assert len(memory("fy2015").source.table) < 79_053 / 4
    assert memory("fy2015").source.table["detainers"].sum() == 79_053


@pytest.mark.parametrize(
    ("chosen", "beside"),
    [
        ({"status": "convicted", "states": ["TX"]}, ["states"]),
        ({"request": "hold", "offence": "DUI"}, ["offence"]),
        ({"status": "convicted", "request": "hold", "outcome": "taken"}, ["request", "outcome"]),
        ({"outcome": "taken", "offence": "DUI"}, ["offence"]),
        ({"request": "hold", "outcome": "taken"}, []),
    ],
    ids=str,
)
def test_what_no_report_shows_together_is_refused_and_nothing_finer_is_compared(
    chosen: dict[str, Any], beside: list[str]
) -> None:
    view, frame = ours("synthetic", **chosen)
    assert view.refused == beside
    assert frame.empty or not beside
    assert view.made(memory("synthetic"))[1] == []
    assert "p" not in frame


@pytest.mark.parametrize(
    ("source", "chosen", "says"),
    [
        ("fy2015", {"states": ["ZZ"]}, "unknown state 'ZZ'"),
        ("fy2015", {"offence": "DUI"}, "records no offences"),
        ("fy2015", {"status": "convicted"}, "records no offences"),
        ("synthetic", {"show": "maps"}, "did you mean 'map'"),
        ("synthetic", {"request": "holds"}, "did you mean 'hold'"),
        ("synthetic", {"period": "2031-01"}, "does not cover all of January 2031"),
    ],
    ids=str,
)
def test_what_is_not_there_is_said_in_a_sentence(source: str, chosen: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        ours(source, **chosen)
