"""The day of an extraction, read from names of files, from what stands above the header, and from columns."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from release_forms import A, F, cells, some_rows, text, workbook

from analysis.load.extraction import days_in, extraction_day
from analysis.load.releases import read_release

DAY = date(2026, 3, 11)


@pytest.mark.parametrize(
    "name",
    [
        "2026-ICLI-00005_Detainers_FY26_20260311_Redacted.xlsx",
        "detainers-2026-03-11.csv",
        "detainers_2026_03_11.csv",
        "detainers 11_march_2026.csv",
        "11mar2026.dta",
        "Detainers_March_11_2026.xlsx",
        "Run date: 3/11/2026 04:15 PM",
        "Data as of March 11, 2026",
        "Detainers from 2022-10-01 through 2026-02-28, extracted 2026-03-11",
    ],
)
def test_a_day_is_read_however_it_is_spelt(name: str) -> None:
    assert list(days_in(name)) == [DAY]


@pytest.mark.parametrize(
    "name",
    [
        "2026-ICLI-00005_Redacted.xlsx",
        "foia-15-87693_detainers_fy2015-ytd.xlsx",
        "Hausman_DPR_FY2023_LESA-STU_FINAL Highlighted.xlsx",
        "I247 - Notice of Action (as of March 2013)",
        "FY11_12_2013.csv",
        "detainers_20261345.csv",
        "1202603110.csv",
        "detainers through 2026-03-11.csv",
        "",
    ],
)
def test_what_is_no_day_or_the_end_of_a_period_is_none(name: str) -> None:
    assert list(days_in(name)) == []


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.sampled_from(["%Y%m%d", "%Y-%m-%d", "%m/%d/%Y", "%d %B %Y"]))
def test_every_day_comes_back(day: date, form: str) -> None:
    assert list(days_in(f"detainers_{day.strftime(form)}_redacted")) == [day]


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(anything: str) -> None:
    assert all(isinstance(day, date) for day in days_in(anything))


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["a_20260311.xlsx", "b_20260309.xlsx"], DAY),  # several files: the newest
        (["a_20260311.xlsx", "Run 2026-07-01"], DAY),  # after today
        (["a_20250101.xlsx"], None),  # before the newest row
        (["2025-10-01 - 2026-03-11"], None),  # a period
        ([], None),
    ],
)
def test_the_latest_day_that_is_possible_is_taken(texts: list[str], found: date | None) -> None:
    assert extraction_day(texts, newest=date(2026, 3, 8), not_after=date(2026, 3, 31)) == found


def test_a_release_says_it_by_its_name_above_its_header_or_in_a_column(tmp_path: Path) -> None:
    rows = some_rows()
    header = [*A, "file_original"]
    plain = cells("A", rows, A)
    told = [[*row, "inputs/2026-ICLI-00005_Detainers_FY26_20260311.xlsx"] for row in plain]
    assert read_release(text(tmp_path / "plain.csv", A, plain)).extracted_on is None
    assert read_release(text(tmp_path / "plain_20260311.csv", A, plain)).extracted_on == DAY
    assert read_release(text(tmp_path / "processed.csv", header, told)).extracted_on == DAY
    book = workbook(tmp_path / "a.xlsx", {"As of 11 March 2026": (F, cells("F", rows, F))})
    assert read_release(book).extracted_on == DAY
    below = tmp_path / "below.csv"
    below.write_text('"Detainers, by day"\n"Extracted, 3/11/2026"\n' + (tmp_path / "plain.csv").read_text())
    assert read_release(below).extracted_on == DAY
    assert read_release(below, not_after=date(2026, 3, 10)).extracted_on is None
