"""How offences were placed: what the section says, and when it raises its voice."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.load.offences import classify
from analysis.show.quality_section import NO_PERSONS, placed_offences, repeats_by_rule
from analysis.show.sentences import NO_OFFENCE
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
