"""Tables: escaped, aligned, zero and missing apart, and a CSV that gives the same numbers back."""

from __future__ import annotations

import io
import math
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.show.tables import COLUMNS, MISSING, TEXTS, Column, as_csv, as_html, write

SCRIPT, FORMULA = "<script>alert(1)</script>", '=HYPERLINK("http://example.org","x")'


class Reader(HTMLParser):
    """Read a table back: its caption, headings, rows of cells, and every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.caption, self.headings, self.rows = "", list[str](), list[list[str]]()
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))
        if tag == "tr":
            self.rows.append([])
        elif tag == "td" or ("scope", "row") in attrs:
            self.rows[-1].append("")
        elif tag == "th":
            self.headings.append("")
        if tag in ("td", "th", "caption"):
            self._inside = "td" if ("scope", "row") in attrs else tag

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "caption"):
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "td":
            self.rows[-1][-1] += data
        elif self._inside == "th":
            self.headings[-1] += data
        elif self._inside == "caption":
            self.caption += data


def table(frame: pd.DataFrame, caption: str = "One row is one place.") -> Reader:
    reader = Reader(as_html(frame, "by_state", caption))
    reader.rows = [row for row in reader.rows if row]
    return reader


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0, "count", "0"),
        (1234.0, "count", "1,234"),
        (np.int64(79053), "count", "79,053"),
        (6.5, "count", "6.5"),
        (3.68887945, "count", "3.7"),
        (0, "share", "0.0%"),
        (0.0494, "share", "4.9%"),
        (math.inf, "ratio", "unlimited"),
        (0.703125, "ratio", "0.70"),
        (-0.0001, "share", "0.0%"),
        (-0.001, "ratio", "0.00"),
        ("declined_by_lea", "word", "declined by LEA"),
        (0.0842, "p", "0.084"),
        (6e-25, "p", "below 0.001"),
        (0.001, "p", "0.001"),
        (86.25, "about", "86"),
        (1_043.7, "about", "1,044"),
        (6.25, "about", "6.2"),
        (0.0049, "points", "+0.49"),
        (-0.0217, "points", "-2.17"),
        (0.00001, "points", "0.00"),
        ("276181", "figure", "276,181"),
        ("about 24", "figure", "about 24"),
        ("0.723", "figure", "0.723"),
        (pd.Timestamp("2017-01-28"), "text", "2017-01-28"),
        (False, "text", "False"),
        *(
            (missing, kind, MISSING)
            for missing in (None, math.nan, np.float64("nan"), pd.NA, pd.NaT)
            for kind in ("count", "share", "ratio", "about", "points", "p", "text")
        ),
        ("", "text", MISSING),
    ],
)
def test_values_are_written_as_a_reader_expects(value: object, kind: Any, text: str) -> None:  # noqa: ANN401
    assert write(value, kind) == text


def test_zero_and_missing_are_two_things() -> None:
    read = table(pd.DataFrame({"place": ["Kansas", "Maine"], "issued": [0, np.nan]}))
    assert read.rows == [["Kansas", "0"], ["Maine", MISSING]]


def test_an_interval_stands_beside_its_estimate_and_not_by_itself() -> None:
    frame = pd.DataFrame(
        {
            "place": ["New York City", "Multnomah", "Kansas", "Maine"],
            "share": [0.12, 0.5, 0.0, np.nan],
            "share_low": [0.062, np.nan, 0.0, np.nan],
            "share_high": [0.21, np.nan, 0.03689, np.nan],
        }
    )
    read = table(frame)
    assert read.headings == ["Place", "Share declined, 95% interval"]
    assert [row[1] for row in read.rows] == ["12.0% (6.2% to 21.0%)", "50.0%", "0.0% (0.0% to 3.7%)", MISSING]
    assert table(frame[["place", "share"]]).headings == ["Place", "Share declined"]


def test_what_a_figure_has_become_stands_beside_what_it_was() -> None:
    frame = pd.DataFrame({"declined_was": [3, np.nan], "declined_now": [12, 1234], "declined_change": [9, np.nan]})
    read = table(frame)
    assert read.headings == ["Declined, was → is", "Declined, change"]
    assert read.rows == [["3 → 12", "9"], [f"{MISSING} → 1,234", MISSING]]


def test_a_state_named_in_full_has_no_code_beside_it_but_in_the_csv() -> None:
    frame = pd.DataFrame({"state_name": ["Texas"], "state": ["TX"], "issued": [1]})
    assert table(frame).rows == [["Texas", "1"]]
    assert table(frame[["state", "issued"]]).rows == [["TX", "1"]]
    assert as_csv(frame) == "state_name,state,issued\nTexas,TX,1\n"


def test_an_unlimited_ratio_is_written_with_its_limits() -> None:
    read = table(pd.DataFrame({"ratio": [math.inf], "low": [0.92], "high": [math.inf]}))
    assert read.rows == [["unlimited (0.92 to unlimited)"]]


@pytest.mark.parametrize("name", [SCRIPT, FORMULA, "A & B", '"quoted" <b>', "'", "&amp;", "\u202eright to left", "é"])
def test_names_are_shown_and_never_run(name: str) -> None:
    text = as_html(pd.DataFrame({"agency": [name], "declined": [1]}), "by_agency", name)
    read = Reader(text)
    assert read.rows[-1][0] == name
    assert read.caption == name
    assert {tag for tag, _ in read.tags} <= {"table", "caption", "thead", "tbody", "tr", "th", "td"}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_any_name_is_shown_as_it_is(name: str) -> None:
    assert table(pd.DataFrame({"agency": [name]})).rows == [[name]]


def test_sources_become_links_that_show_their_host() -> None:
    frame = pd.DataFrame({"source": ["https://www.example.org/a?b=1&c=2; newspaper article", SCRIPT, None]})
    read = table(frame)
    assert [row[0] for row in read.rows] == ["example.org; newspaper article", SCRIPT, MISSING]
    assert [attrs for tag, attrs in read.tags if tag == "a"] == [[("href", "https://www.example.org/a?b=1&c=2")]]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://[", 'https://x"onclick="y'])
def test_no_address_becomes_more_than_a_link(address: str) -> None:
    read = table(pd.DataFrame({"source": [address]}))
    assert len(read.rows) == 1
    links = [dict(attrs) for tag, attrs in read.tags if tag == "a"]
    assert all(set(link) == {"href"} and str(link["href"]).startswith("https://") for link in links)


def test_the_rows_stand_in_the_order_given_whatever_the_index() -> None:
    frame = pd.DataFrame({"place": ["b", "a", "c"]}, index=[5, 5, 1])
    assert [row[0] for row in table(frame).rows] == ["b", "a", "c"]


def test_an_empty_table_keeps_its_headings_and_says_that_it_is_empty() -> None:
    read = table(pd.DataFrame({"place": pd.Series(dtype="str"), "declined": pd.Series(dtype="int64")}))
    assert read.headings == ["Place", "Recorded as declined"]
    assert read.rows == [["There is nothing to list here."]]


def test_the_table_alone_has_an_id() -> None:
    """A page holds thousands of cells; nothing refers to one."""
    text = as_html(pd.DataFrame({"place": ["a", "b"], "declined": [1, 2]}), "by_state", "x")
    assert re.findall(r'\bid="([^"]+)"', text) == ["table-by_state"]
    assert 'class="report-table sortable"' in text


def test_numbers_and_text_have_their_own_class() -> None:
    text = as_html(pd.DataFrame({"place": ["a"], "declined": [1]}), "by_state", "x")
    cells = re.findall(r"<t[dh](?: scope=\"row\")? class=\"([^\"]*)\"", text)
    assert ["number" in cell.split() for cell in cells] == [False, True]


def test_a_column_that_is_not_described_stands_under_its_own_name_in_a_plain_format() -> None:
    frame = pd.DataFrame({"who": ["a", None], "year": [2015, 0], "mystery": [1 / 3, 2.0], "ratio": [1.0, 2.0]})
    read = table(frame.assign(when=pd.to_datetime(["2015-06-20", None]), is_it=[True, False]))
    assert read.headings == ["who", "year", "mystery", "Ratio", "when", "is_it"]
    assert read.rows == [
        ["a", "2015", "0.3333", "1.00", "2015-06-20", "True"],
        [MISSING, "0", "2", "2.00", MISSING, "False"],
    ]


def test_limits_without_their_estimate_are_columns_of_their_own() -> None:
    read = table(pd.DataFrame({"place": ["a"], "low": [1.5], "high": [3]}))
    assert (read.headings, read.rows) == (["Place", "low", "high"], [["a", "1.5", "3"]])


def test_the_first_rows_stand_open_and_all_of_them_folded() -> None:
    frame = pd.DataFrame({"place": [f"place {n}" for n in range(1200)]})
    text = as_html(frame, "by_place", "A caption.", rows=8)
    few, folded = text.split("<details", 1)
    assert [row[0] for row in Reader(few).rows if row] == list(frame["place"][:8])
    assert [row[0] for row in Reader(folded).rows if row] == list(frame["place"])
    assert "<summary>All 1,200 rows</summary>" in folded
    assert re.findall(r'\bid="([^"]+)"', text) == ["table-by_place", "table-by_place-all"]
    assert as_html(frame, "by_place", "A caption.", rows=1200) == as_html(frame, "by_place", "A caption.")


def test_every_column_has_a_heading_a_kind_and_a_meaning_and_its_limits_are_no_columns_of_their_own() -> None:
    kinds = {*TEXTS, "count", "share", "points", "ratio", "about", "p"}
    assert len(COLUMNS) > 100
    for name, spec in COLUMNS.items():
        assert all([spec.heading, spec.meaning, spec.kind in kinds]), name
        assert not {*(spec.interval or ())} & {*COLUMNS}
        assert not spec.becomes or spec.becomes in COLUMNS
    assert COLUMNS["share"] == Column(
        "Share declined", "share", ("share_low", "share_high"), "declined of issued, same cohort"
    )


# CSV.


def read_back(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(as_csv(frame)), dtype=str, keep_default_na=False)


def test_a_csv_has_plain_numbers_blank_for_missing_and_iso_days() -> None:
    frame = pd.DataFrame(
        {
            "week": pd.to_datetime(["2017-01-28", None]),
            "declined": [0, 1234567],
            "share": [1 / 3, np.nan],
            "place": ["A, B", None],
        },
        index=[3, 9],
    )
    assert as_csv(frame) == 'week,declined,share,place\n2017-01-28,0,0.3333333333,"A, B"\n,1234567,,\n'


def test_an_unlimited_ratio_can_be_read_back() -> None:
    assert float(read_back(pd.DataFrame({"ratio": [math.inf]}))["ratio"][0]) == math.inf


@given(st.lists(st.floats(0, 1e9, allow_subnormal=False), min_size=1, max_size=8))
def test_numbers_come_back_to_nine_digits(values: list[float]) -> None:
    assert read_back(pd.DataFrame({"share": values}))["share"].astype(float).to_list() == pytest.approx(
        values, rel=1e-9
    )


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30).filter(lambda t: t[:1] not in "=+-@"))
def test_names_come_back_as_they_were(name: str) -> None:
    assert read_back(pd.DataFrame({"agency": [name, "x"]}))["agency"].to_list() == [name, "x"]


@pytest.mark.parametrize("text", ["-3", "+12", "-1,234.5", "2015-06-20", "-4.5%"])
def test_a_number_that_stands_as_text_stays_one(text: str) -> None:
    assert read_back(pd.DataFrame({"value": [text]}))["value"][0] == text


@pytest.mark.parametrize("name", [FORMULA, "+1+1", "-2+3", "@SUM(A1)", "\t=1"])
def test_a_name_that_a_spreadsheet_would_run_is_defused(name: str) -> None:
    frame = pd.DataFrame({"agency": [name], "declined": [-3]})
    back = read_back(frame)
    assert back["agency"][0] == "'" + name
    assert back["declined"][0] == "-3", "a number stays a number"
    assert frame["agency"][0] == name
