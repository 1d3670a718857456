"""How good data are, and how offences were placed: what the sections say, and when they raise their voice."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.load.offences import classify
from analysis.show.offence_section import NO_OFFENCE
from analysis.show.quality_section import NO_PERSONS, NOT_CHECKED, placed_offences, repeats_by_rule, week_quality
from analysis.show.sheet import TABLE_TYPE, Sheet


def said(texts: list[str | None]) -> tuple[Sheet, str, list[str]]:
    table = pd.DataFrame({"offence_text": pd.Categorical(texts), "offence_status": "convicted"})
    sheet = Sheet("release_quality", parameters={}, source={})
    shown = placed_offences(sheet, table.join(classify(table)), has_offences=True)
    names = [part.data[TABLE_TYPE]["name"] for part in shown[1:]]
    return sheet, shown[0].data["text/plain"], names


def test_choices_and_order_are_shown() -> None:
    sheet, text, names = said(["Dangerous Drugs", "DUI", "Homicide", None])
    assert names == ["offence_choices", "severity"]
    assert "Of 3 detainers with an offence in a group, 1 (33.3%)" in text
    assert "No record names several offences" in text
    assert sheet.facts["moved_share"] == 0


@pytest.mark.parametrize(("others", "loud"), [(9, True), (60, False)])
def test_an_order_that_matters_is_said_aloud(others: int, loud: bool) -> None:
    # Two kinds of one rank in two groups: which is named first decides.
    sheet, text, _ = said(["Aggravated assault; AGG ASSAULT FAMILY", *["DUI"] * others])
    assert "Records that name several offences: 1" in text
    assert sheet.facts["moved_ties"] == 1
    assert ("The order of severity matters" in text) is loud


def test_a_source_without_offences_says_so() -> None:
    sheet = Sheet("release_quality", parameters={}, source={})
    (shown,) = placed_offences(sheet, pd.DataFrame(), has_offences=False)
    assert shown.data["text/plain"] == NO_OFFENCE


@pytest.mark.parametrize(("persons", "told"), [(["p", "p", None], True), ([None] * 3, False)])
def test_repeats_are_told_by_every_rule_or_not_at_all(persons: list[str | None], told: bool) -> None:
    days = pd.to_datetime(["2025-01-04"] * 3)
    table = pd.DataFrame({"person": persons, "issued_on": days, "form": "I247A", "agency": "x", "detainers": 1})
    shown = repeats_by_rule(Sheet("release_quality", parameters={}, source={}), table)
    assert (TABLE_TYPE in shown.data) is told
    assert (shown.data["text/plain"] == NO_PERSONS) is not told


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
