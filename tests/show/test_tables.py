"""Tables: escaped, aligned, zero and missing apart, and a CSV that gives the same numbers back."""

from __future__ import annotations

import io
import math
import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.show.tables import COLUMNS, MISSING, TEXTS, Column, as_csv, as_html, write

SCRIPT, FORMULA = "<script>alert(1)</script>", '=HYPERLINK("http://example.org","x")'
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=40)
WRITTEN: dict[str, dict[Any, str]] = {
    "count": {0: "0", 1234.0: "1,234", np.int64(79053): "79,053", 6.5: "6.5", 3.68887945: "3.7", -72: "−72"},
    "share": {0: "0.0%", 0.0494: "4.9%", -0.0001: "0.0%"},
    "ratio": {math.inf: "unlimited", 0.703125: "0.70", -0.001: "0.00", 12.6: "13"},
    "p": {0.0842: "0.084", 6e-25: "below 0.001", 0.001: "0.001"},
    "about": {86.25: "86", 1_043.7: "1,044", 6.25: "6.2"},
    "points": {0.0049: "+0.49", -0.0217: "−2.17", 0.00001: "0.00"},
    "figure": {"276181": "276,181", "about 24": "about 24", "0.723": "0.723"},
    "word": {"declined_by_lea": "declined by LEA"},
    "week": {pd.Timestamp("2017-01-28"): "28 January – 3 February 2017"},
    "date": {"by 2017-04-06": "by 6 April 2017"},
    "days": {"2026-01-31; 2026-02-07": "31 January 2026; 7 February 2026", "2015-07": "July 2015", "2014": "2014"},
    "text": {pd.Timestamp("2017-01-28"): "28 January 2017", False: "False", "": MISSING},
}


class Read:
    """A table read back from a page: its caption, headings, rows of cells, and elements."""

    def __init__(self, text: str) -> None:
        self.page = ElementTree.fromstring(f"<body>{text}</body>")
        rows = [["".join(cell.itertext()) for cell in row] for row in self.page.iter("tr")]
        self.headings, self.rows, self.caption = rows[0], rows[1:], self.page.findtext(".//caption")
        self.tags = {element.tag for element in self.page.iter()}


def read(rows: int | None = None, /, **columns: Any) -> Read:  # noqa: ANN401
    return Read(as_html(pd.DataFrame(columns), "by_state", "One row is one place.", rows))


@pytest.mark.parametrize("kind", WRITTEN)
def test_values_are_written_as_a_reader_expects_and_missing_is_a_dash(kind: str) -> None:
    assert {value: write(value, kind) for value in WRITTEN[kind]} == WRITTEN[kind]
    assert {write(missing, kind) for missing in (None, math.nan, np.float64("nan"), pd.NA, pd.NaT)} == {MISSING}


def test_an_interval_stands_beside_its_estimate_and_not_by_itself_and_zero_is_not_missing() -> None:
    columns = {
        "place": ["New York City", "Multnomah", "Kansas", "Maine"],
        "share": [0.12, 0.5, 0.0, np.nan],
        "share_low": [0.062, np.nan, 0.0, np.nan],
        "share_high": [0.21, np.nan, 0.03689, np.nan],
    }
    found = read(**columns)
    assert found.headings == ["Place", "Share declined, 95% interval"]
    assert [row[1] for row in found.rows] == ["12.0% (6.2% to 21.0%)", "50.0%", "0.0% (0.0% to 3.7%)", MISSING]
    assert read(place=columns["place"], share=columns["share"]).headings == ["Place", "Share declined"]
    assert read(ratio=[math.inf], low=[0.92], high=[math.inf]).rows == [["unlimited (0.92 to unlimited)"]]
    assert read(place=["a"], low=[1.5], high=[3]).headings == ["Place", "low", "high"], "limits without their estimate"


def test_what_belongs_to_a_value_stands_beside_it_and_rows_in_the_order_given() -> None:
    found = read(declined_was=[3, np.nan], declined_now=[12, 1234], declined_change=[9, np.nan])
    assert found.headings == ["Declined, was → is", "Declined, change"]
    assert found.rows == [["3 → 12", "9"], [f"{MISSING} → 1,234", MISSING]]
    columns = {"state_name": ["Texas"], "state": ["TX"], "issued": [1]}
    assert read(**columns).rows == [["Texas", "1"]], "a state named in full has no code beside it"
    assert read(state=["TX"], issued=[1]).rows == [["TX", "1"]]
    assert as_csv(pd.DataFrame(columns)) == "state_name,state,issued\nTexas,TX,1\n"
    frame = pd.DataFrame({"place": ["b", "a", "c"]}, index=[5, 5, 1])
    assert Read(as_html(frame, "by_state", "x")).rows == [["b"], ["a"], ["c"]]
    found = read(place=pd.Series(dtype="str"), declined=pd.Series(dtype="int64"))
    assert (found.headings, found.rows) == (["Place", "Recorded as declined"], [["There is nothing to list here."]])


@example(SCRIPT)
@example(FORMULA)
@example('&amp; \'"quoted" <b> \u202eright to left é')
@given(NAMES)
def test_any_name_is_shown_as_it_is_and_never_run(name: str) -> None:
    found = Read(as_html(pd.DataFrame({"agency": [name], f"{name} 2": [1]}), "by_agency", name))
    assert (found.rows, found.headings[1], found.caption) == ([[name, "1"]], f"{name} 2", name)
    assert found.tags == {"body", "table", "caption", "thead", "tbody", "tr", "th", "td"}


def test_sources_become_links_that_show_their_host() -> None:
    found = read(source=["https://www.example.org/a?b=1&c=2; newspaper article", SCRIPT, None])
    assert [row[0] for row in found.rows] == ["example.org/a?b=1&c=2; newspaper article", SCRIPT, MISSING]
    assert [link.attrib for link in found.page.iter("a")] == [{"href": "https://www.example.org/a?b=1&c=2"}]
    for address in ("javascript:alert(1)", "https://[", 'https://x"onclick="y'):
        links = [link.attrib for link in read(source=[address]).page.iter("a")]
        assert all({*link} == {"href"} and link["href"].startswith("https://") for link in links)


def test_a_table_and_each_of_its_rows_have_one_id_and_text_has_its_own_class() -> None:
    """The site leads to a row; a page holds thousands of cells, and nothing refers to one."""
    folded = as_html(pd.DataFrame({"place": ["a", "b", "c"]}, index=[0, 4, 5]), "agencies", "", rows=1)
    ids = ["table-agencies", "agencies-0", "table-agencies-all", "agencies-4", "agencies-5"]
    assert re.findall(' id="(.*?)"', folded) == ids, "a row that stands twice has it where it is open"
    page = read(place=["a", "b"], declined=[1, 2]).page
    assert [one.get("class") for one in page.iter("table")] == ["report-table sortable"]
    assert [one.get("class") for one in page.findall(".//tbody/tr/*")] == ["label", None] * 2
    assert [(one.tag, one.get("scope")) for one in page.findall(".//tbody/tr[1]/*")] == [("th", "row"), ("td", None)]


def test_a_column_that_is_not_described_stands_under_its_own_name_in_a_plain_format() -> None:
    plain = {"who": ["a", None], "year": [2015, 0], "mystery": [1 / 3, 2.0], "ratio": [1.0, 2.0]}
    found = read(**plain, when=pd.to_datetime(["2015-06-20", None]), is_it=[True, False])
    assert found.headings == ["who", "year", "mystery", "Ratio", "when", "is_it"]
    assert found.rows[0] == ["a", "2015", "0.3333", "1.00", "20 June 2015", "True"]
    assert found.rows[1] == [MISSING, "0", "2", "2.00", MISSING, "False"]


def test_cards_say_nothing_of_what_is_missing() -> None:
    frame = pd.DataFrame({"measure": ["Issued"], "this_week": [9], "last_week": [None], "note": [""]})
    shown = ElementTree.fromstring(as_html(frame, "key_figures", ""))
    assert [cell.text for cell in shown.iter("td") if "hidden" in cell.attrib] == ["–", "–"]
    assert "hidden" not in as_html(frame, "figures_of_weeks", "")


def test_the_first_rows_stand_open_and_all_of_them_folded() -> None:
    places = [[f"place {n}"] for n in range(1200)]
    found = read(8, place=[place for (place,) in places])
    assert found.rows == [*places[:8], ["Place"], *places]
    assert found.page.findtext("details/summary") == "All 1,200 rows"
    assert [one.get("id") for one in found.page.iter("table")] == ["table-by_state", "table-by_state-all"]
    assert len(read(2, place=["a", "b"]).rows) == 2


def test_counts_have_bars_and_the_last_weeks_of_each_row_that_stands_open_are_drawn_on_its_own_scale() -> None:
    frame = pd.DataFrame({"state_name": ["Texas", "Ohio", "Iowa"], "declined": [40, 10, 0], "issued": [99, 20, 3]})
    found = Read(as_html(frame, "by_state", "x", 2, "declined", [[0, 4, 2], [9, 0, 0], [0, 0, 0]]))
    assert found.headings == ["State", "Recorded as declined", "", "Issued", "Declined, 3 weeks"]
    every = [["Texas", "40", "", "99"], ["Ohio", "10", "", "20"], ["Iowa", "0", "", "3"]]
    drawn = zip(every, [" █▄", "█  "], strict=False)
    assert found.rows == [*([*row, blocks] for row, blocks in drawn), found.headings[:-1], *every]
    assert [bar.get("style") for bar in found.page.findall(".//span[@class='bar']")][:2] == ["width:100%", "width:25%"]
    assert [path.get("d") for path in found.page.iter("path")] == ["M4 18V0M7 18V9", "M1 18V0"]
    assert 'width:0%"' in as_html(frame.assign(declined=0), "by_state", "x", bars="declined"), "nothing to divide by"


def test_every_column_has_a_heading_a_kind_and_a_meaning_and_its_limits_are_no_columns_of_their_own() -> None:
    kinds = {*TEXTS, "count", "share", "points", "ratio", "about", "p"}
    assert len(COLUMNS) > 100
    for name, spec in COLUMNS.items():
        assert all([spec.heading, spec.meaning, spec.kind in kinds]), name
        assert not {*(spec.interval or ())} & {*COLUMNS}
        assert not spec.becomes or spec.becomes in COLUMNS
    share = Column("Share declined", "share", ("share_low", "share_high"), "declined of issued, same cohort")
    assert COLUMNS["share"] == share


def read_back(**columns: list[Any]) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(as_csv(pd.DataFrame(columns))), dtype=str, keep_default_na=False)


def test_a_csv_has_plain_numbers_blank_for_missing_and_iso_days() -> None:
    columns = {"declined": [0, 1234567], "share": [1 / 3, np.nan], "ratio": [math.inf, 1], "place": ["A, B", None]}
    frame = pd.DataFrame({"week": pd.to_datetime(["2017-01-28", None]), **columns}, index=[3, 9])
    rows = '2017-01-28,0,0.3333333333,inf,"A, B"\n,1234567,,1,\n'
    assert as_csv(frame) == f"week,declined,share,ratio,place\n{rows}"


@given(st.lists(st.floats(0, 1e9, allow_subnormal=False), min_size=1, max_size=8), NAMES)
def test_numbers_come_back_to_nine_digits_and_names_as_they_were(values: list[float], name: str) -> None:
    back = read_back(share=values, agency=[f"A{name}"] * len(values))
    assert back["share"].astype(float).to_list() == pytest.approx(values, rel=1e-9)
    assert back["agency"].to_list() == [f"A{name}"] * len(values)


def test_a_name_that_a_spreadsheet_would_run_is_defused_and_a_number_that_stands_as_text_stays_one() -> None:
    numbers = ["-3", "+12", "-1,234.5", "2015-06-20", "-4.5%"]
    assert read_back(value=numbers)["value"].to_list() == numbers
    run = [FORMULA, "+1+1", "-2+3", "@SUM(A1)", "\t=1"]
    back = read_back(agency=run, declined=[-3] * len(run))
    assert back["agency"].to_list() == [f"'{name}" for name in run]
    assert {*back["declined"]} == {"-3"}, "a number stays a number"
