"""Sections of a profile where there is little or nothing: what is said is true of the source, not of the place."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.load.table import Outcome, as_table
from analysis.show.profile_section import NO_AGENCY, agencies, alike
from analysis.show.shares_section import NO_FACILITIES, facility_interval
from analysis.show.sheet import Sheet


def sheet_of(issued: int) -> Sheet:
    sheet = Sheet("state_profile", parameters={}, source={})
    sheet.know(quarter_name="the quarter", place_name="Texas", issued=issued)
    return sheet


def rows_of(number: int, agency: str | None = "JAIL") -> pd.DataFrame:
    row: dict[str, object] = {"state": "TX", "agency": agency, "form": "I247D", "request": "hold"}
    row |= {"lift_reason": None, "outcome": Outcome.NOT_RECORDED, "detainers": 1, "source_file": "made"}
    return as_table(
        pd.DataFrame([row | {"source_row": n + 2, "issued_on": pd.Timestamp(2015, 1, 3)} for n in range(number)])
    )


@pytest.mark.parametrize(
    ("number", "says"),
    [(30, "There is no other state to compare Texas with"), (10, "Texas has fewer than 20 detainers in the quarter")],
)
def test_a_source_of_one_state_has_no_other_to_compare_with(number: int, says: str) -> None:
    (shown,) = alike(sheet_of(number), rows_of(number), "TX", has_offences=False)
    assert shown.data["text/plain"].startswith(says)


def test_a_state_without_detainers_does_not_say_that_the_source_names_no_agency() -> None:
    said = agencies(sheet_of(0), rows_of(30), "ME").data["text/plain"]
    assert said == "Over the quarter no agency of Texas has detainers enough to be shown."
    assert agencies(sheet_of(30), rows_of(30, None), "TX").data["text/plain"] == NO_AGENCY


def test_a_week_without_detainers_does_not_say_that_the_source_names_no_facility() -> None:
    assert "No detainer in Texas in this week" in facility_interval(sheet_of(0), None, "TX").data["text/plain"]
    assert facility_interval(sheet_of(3), None, "TX").data["text/plain"] == NO_FACILITIES
