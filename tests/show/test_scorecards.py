"""A week's scorecard on the page: what stops first, what is not judged last, and what cannot be checked in words."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.show.scorecards import NOT_CHECKED, week_quality
from analysis.show.sheet import TABLE_TYPE, Sheet


@pytest.mark.parametrize(("checks", "said"), [(["read", "blank_state"], True), ([*NOT_CHECKED], False)])
def test_a_weeks_scorecard_says_what_the_source_cannot_tell(checks: list[str], said: bool) -> None:
    sheet = Sheet("weekly_bulletin", parameters={}, source={})
    sheet.know(trailing_weeks=8)
    levels = ["pass", "stop", "warn", ""][: len(checks)]
    rows = pd.DataFrame({"check": checks, "what": checks, "found": "1234", "share": 0.5, "norm": 0.25, "note": ""})
    sentence, table = week_quality(sheet, rows.assign(level=levels))
    text = sentence.data["text/plain"]
    assert f"Checks of the week's data, all states together: {len(checks)}. Passed: 1. Warnings:" in text.replace(
        "*", ""
    )
    assert ("Not checked, for the source does not have it: person ids" in text) is said
    assert table.data[TABLE_TYPE]["csv"].splitlines()[1].startswith("stop,")
    assert "Usual share" in table.data["text/html"]
    assert sheet.facts[f"{checks[0]}_norm"] == 0.25


def test_a_check_held_against_nothing_has_no_level_and_stands_last() -> None:
    sheet = Sheet("weekly_bulletin", parameters={}, source={})
    sheet.know(trailing_weeks=8)
    rows = pd.DataFrame(
        {"check": ["a", "b"], "what": "x", "found": "1", "share": 0.5, "norm": float("nan"), "note": ""}
    )
    sentence, table = week_quality(sheet, rows.assign(level=["", "pass"]))
    assert table.data[TABLE_TYPE]["csv"].splitlines()[1:] == ["pass,x,1,0.5,,", ",x,1,0.5,,"]
    assert table.data["text/html"].count('<th scope="row" class="text">–</th>') == 1
    assert "Held against nothing: 1." in sentence.data["text/plain"]
