"""The report: what it keeps, what it shows, and that the same input shows the same bytes."""

from __future__ import annotations

import base64
import html
import json
import math
import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_cohorts import made_cohort, made_weeks, opened
from nbconvert.filters import markdown2html

import analysis as an
from analysis.errors import InputError
from analysis.load.sources import open_source
from analysis.run.worker import linked
from analysis.show.report import Report, Shown, captions, refuse_unknown_names
from analysis.show.sentences import Sentence, as_fact
from analysis.show.style import drawing, svg_of
from analysis.show.tables import FACTS_TYPE, FIGURE_KEY, LEFT, TABLE_TYPE, bars_of

SCRIPT = "<script>alert(1)</script>"
HOSTILE = ["x{declined.__class__}", "FOIA {7F3A-22} detainers.parquet", "{nowhere}", "{{", "}"]
FACTS = {"declined": 47, "issued": 2825, "share": 47 / 2825, "place_name": "Texas"}
ROWS = pd.DataFrame({"place": ["Kansas"], "declined": [0]})


def report(facts: dict[str, object] | None = None, *, synthetic: bool = False, png: bool = False) -> Report:
    source = open_source("synthetic" if synthetic else "fy2015")
    about = SimpleNamespace(source=source, facts=FACTS | (facts or {}), parameters={"week": date(2015, 6, 20)})
    return Report("mine", about, png=png)


def last(made: Report) -> dict[str, Any]:
    return made.shown[-1].data


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        *((np.int64(47), 47), (True, True), (np.bool_(False), False), (0, 0), (np.float64(0.1), 0.1)),
        *((1 / 3, 0.3333333333), (np.array(206.0), 206.0), (np.array(3), 3), (math.inf, "unlimited")),
        *(("Texas", "Texas"), ("", ""), (date(2017, 2, 4), "2017-02-04")),
        *((datetime(2017, 2, 4, 10, 30), "2017-02-04"), (pd.Timestamp("2017-02-04"), "2017-02-04")),
        *((missing, None) for missing in (None, math.nan, np.float64("nan"), np.array(np.nan), pd.NaT, pd.NA)),
    ],
)
def test_facts_are_json_scalars(value: object, fact: object) -> None:
    assert (as_fact(value), type(as_fact(value))) == (fact, type(fact))


@pytest.mark.parametrize("value", [-math.inf, np.datetime64("2017-02-04", "ns"), [1], {"a": 1}, np.array([1, 2])])
def test_what_is_no_scalar_is_no_fact(value: object) -> None:
    with pytest.raises(TypeError, match="cannot stand as a fact"):
        as_fact(value)


@given(st.floats(-1e12, 1e12) | st.integers(-(10**15), 10**15) | st.text(max_size=9) | st.booleans() | st.none())
def test_any_scalar_survives_json_and_a_second_turn(value: object) -> None:
    fact = as_fact(value)
    assert as_fact(json.loads(json.dumps(fact, allow_nan=False))) == fact


def test_a_fact_has_one_value() -> None:
    made = report()
    made.know(declined=np.int64(47))
    with pytest.raises(ValueError, match="'declined' is 47 and cannot also be 48"):
        made.text(Sentence("{declined:n}", {"declined": 48}))


def test_sentences_are_kept_with_the_facts_that_they_use_and_marked_on_the_page() -> None:
    made = report()
    made.text(Sentence("Of {issued:n} **{declined:n}**.", made.facts), [Sentence("In {agency}.", {"agency": "Here"})])
    assert last(made)["text/plain"] == "Of 2,825 47.\n\nIn Here."
    assert last(made)["text/markdown"] == (
        'Of <span data-fact="issued">2,825</span> **<span data-fact="declined">47</span>**.\n\n'
        'In <span data-fact="agency">Here</span>.'
    )
    assert made.sentences == [
        {"text": "Of 2,825 **47**.", "template": "Of {issued:n} **{declined:n}**.", "facts": ["issued", "declined"]},
        {"text": "In Here.", "template": "In {agency}.", "facts": ["agency"]},
    ]
    assert made.facts["agency"] == "Here"
    made.text([])
    assert len(made.shown) == 1, "nothing said is nothing shown"
    made.text(Sentence("In {agency}.", made.facts), folded="Where")
    assert [shown.metadata for shown in made.shown] == [{}, {FIGURE_KEY: {"folded": "Where"}}]


@pytest.mark.parametrize(
    "name", [SCRIPT, "**x** _y_", "[a](javascript:alert(1))", "`x`", "$5 and $6", "A & B &lt;", "a|b~c~#", *HOSTILE]
)
def test_a_name_is_read_as_it_is_written_and_never_run(name: str) -> None:
    made = report()
    made.text(Sentence("One agency, {agency}, has *few*.", {"agency": name}))
    page = markdown2html(last(made)["text/markdown"])
    assert f'One agency, <span data-fact="agency">{name}</span>, has <em>few</em>.' in html.unescape(page)
    assert page.count("<") == 6, "a paragraph, the mark of the fact, and the emphasis of the sentence itself"
    assert name in made.sentences[0]["text"]
    source = made_cohort(made_weeks({"CA": (2, 20)})).source
    made = Report("mine", replace(source, facts=source.facts.model_copy(update={"title": name}), path=Path(name)))
    made.lead([Sentence("Mine", {})], {line: captions()["week_lines"][line] for line in ("source", "file")})
    rows = dict(made.masthead)
    assert (rows["Source"], rows["File"].split(", sha256 ")[0]) == (name, Path(name).name)


def test_the_masthead_is_escaped_and_titles_the_report_and_the_last_cell_carries_all_facts() -> None:
    made = report({"agency": SCRIPT, "ratio": math.inf, "low": math.nan, "on": date(2015, 6, 20)})
    lines = {"week": "{place_name} & more", "data_through": "{agency}"}
    made.lead([Sentence("{declined:n} detainers <b>", made.facts), Sentence("{declined:n}.", made.facts)], lines)
    page = made.shown[0].data["text/html"]
    assert "47 detainers &lt;b&gt;" in page
    assert "<dt>Week</dt><dd>Texas &amp; more</dd>" in page
    assert not [word for word in ("<script", "MADE-UP") if word in page]
    made.close()
    content = last(made)[FACTS_TYPE]
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert (content["report"], content["title"]) == ("mine", "47 detainers <b>")
    assert content["masthead"] == [["Week", "Texas & more"], ["Data through", SCRIPT]], "in the order given"
    assert (content["parameters"], content["source"]["name"]) == ({"week": "2015-06-20"}, "fy2015")
    assert [content["facts"][name] for name in ("low", "ratio", "on")] == [None, "unlimited", "2015-06-20"]
    assert [one["facts"] for one in content["sentences"]] == [["declined"]]
    (without := Report("mine", parameters={"week": "2015-06-20"})).close()
    assert (last(without)[FACTS_TYPE]["source"], last(without)[FACTS_TYPE]["facts"]) == ({}, {})


def test_a_table_carries_its_csv_its_caption_and_its_facts() -> None:
    made = report()
    frame = pd.DataFrame({"agency": ["Kansas"], "issued": [3], "declined_shown": ["0"], "declined": [0]})
    frame.attrs = {"facts": {"quarter_name": "January to March 2015"}}
    made.table(frame, "agencies")
    table = last(made)[TABLE_TYPE]
    assert table["name"] == "agencies"
    assert table["caption"].startswith("January to March 2015, those with few detainers")
    assert last(made)["text/plain"] == "agency,issued,declined_shown\nKansas,3,0\n", "the columns that its entry names"
    assert table["caption"].split(",")[0] in last(made)["text/html"]
    assert made.facts["quarter_name"] == "January to March 2015"


def test_rows_of_zeros_stand_in_the_csv_alone_and_each_other_keeps_its_own_last_weeks() -> None:
    made, states = report(), an.counts_by(opened(), "state")
    made.table(states, "by_state")
    page, some = last(made)["text/html"], states.index[states["issued"] > 0]
    assert last(made)["text/plain"].count("\n") - 1 == len(states) > len(some) == page.count("<tr id=")
    assert re.findall('path d="(.*?)"', page) == [bars_of(states.attrs["recent"][state]) for state in some]
    recent = states.attrs["recent"]["TX"]
    assert (len(recent), recent[-1]) == (26, states.loc["TX", "declined"])


def test_the_headline_of_a_weeks_title_is_its_finding_and_of_any_other_the_whole() -> None:
    title, week = "Texas (group: DUI), one week: 7 of 9: many", Report("mine", opened())
    for made, said, headline in ((week, title, "7 of 9: many"), (week, "None", "None"), (report(), title, title)):
        made.lead([Sentence(said, {})])
        assert f'<p class="headline">{headline}</p>' in last(made)["text/html"]
        made.close()
        assert [last(made)[FACTS_TYPE][name] for name in ("title", "headline")] == [said, headline]


def test_a_table_of_ones_own_shows_all_its_columns_and_its_index_and_may_be_folded() -> None:
    made = report()
    for folded in (False, True):
        made.table(ROWS.set_index("place"), "by_place", folded=folded)
    open_one, folded_one = (shown.data for shown in made.shown)
    assert open_one[TABLE_TYPE] == folded_one[TABLE_TYPE] == {"name": "by_place", "caption": "By place."}
    assert open_one["text/plain"] == folded_one["text/plain"] == "place,declined\nKansas,0\n"
    inner = open_one["text/html"]
    assert "<details" not in inner
    assert folded_one["text/html"] == f'<details class="fold"><summary>By place</summary>\n{inner}\n</details>'


def test_a_table_of_ones_own_under_a_name_of_ours_shows_all_its_columns() -> None:
    made, week = report(), opened()
    made.table(an.count_outcomes(week.detainers, "form"), "by_form")
    assert last(made)["text/plain"].startswith("form,issued,declined,taken,")
    assert last(made)[TABLE_TYPE]["caption"] == "By form."
    states = an.counts_by(week, "state")
    made.table(states, "by_state")
    assert last(made)[TABLE_TYPE]["caption"] != "By state."
    (other := report()).table(pd.DataFrame(states.to_dict()), "by_state")  # without the facts of its caption
    assert last(other)[TABLE_TYPE]["caption"] == "By state."


@pytest.mark.parametrize(("rows", "folded"), [(20, 0), (21, 1)])
def test_a_long_table_of_ones_own_is_folded_and_its_open_rows_are_read_from_the_left(rows: int, folded: int) -> None:
    made = report()
    made.table(pd.DataFrame({"place": [f"p{n}" for n in range(rows)]}), "places")
    table = last(made)["text/html"]
    assert table.count("<details") == folded
    assert table.count(LEFT) == 21 + folded  # each with the heading, of all rows alone
    assert LEFT not in linked(table, "", {})


def test_a_frame_without_rows_says_why_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made, table = report(), ROWS[:0].copy()
    table.attrs["reason"] = "There is nothing, for {this} reason."
    made.figure(an.plot.cross_table(table), "state_by_offence")
    made.table(table, "state_by_offence")
    assert [shown.data["text/plain"] for shown in made.shown] == [table.attrs["reason"]]
    monkeypatch.setattr("analysis.show.report.get_ipython", lambda: SimpleNamespace(execution_count=7))
    monkeypatch.setattr("analysis.show.report.display", lambda *_, **__: None)
    made.table(table, "in another cell, which would stand empty")
    made.table(table, "in the same")
    again = dict.fromkeys(("text/markdown", "text/plain"), table.attrs["reason"])
    assert made.shown[1:] == [Shown(again, {FIGURE_KEY: {"masthead": True}})], "which no page shows"
    assert [one["text"] for one in made.sentences] == [table.attrs["reason"]]
    made.table(ROWS[:0], "none")
    assert "There is nothing to list here." in last(made)["text/html"]


def test_a_figure_carries_its_text_alternative_and_drawn_twice_it_is_the_same_bytes_and_all_made_up_says_so() -> None:
    made, weeks = report(synthetic=True, png=True), an.weekly_counts(opened("fy2015", "2014-12-27"))
    weeks.attrs["synthetic"] = True
    for _ in range(2):
        figure = an.plot.weekly_counts(weeks)
        made.figure(figure, "series", folded=True)
    first, second = made.shown
    assert first == second
    told = {"alt": figure.alt, "title": figure.get_label(), "folded": True, "table": "weekly_counts", "foot": 36.0}
    assert first.metadata[FIGURE_KEY] == {"figure": "series"} | told
    assert figure.alt.startswith("MADE-UP DATA. ")
    assert figure.alt.endswith("The numbers are in the table weekly_counts.")
    assert first.data["text/plain"] == figure.alt
    svg, png = drawing(first.data), base64.b64decode(first.data["image/png"])
    assert svg == svg_of(figure)
    said = " ".join(re.findall(r">([^<]+)</text>", svg))
    assert all(words in said for words in (figure.headline[:20], figure.subtitle[:20], "MADE-UP DATA"))
    assert "Source: MADE-UP DATA: detainers issued 4 January 2025 to 27 February 2026; week of 20 June 2015" in said
    assert png.startswith(b"\x89PNG")
    assert b"Software" not in png
    made.lead([Sentence("{declined:n}", made.facts)])
    assert '<p class="headline">MADE-UP DATA: 47<' in last(made)["text/html"]
    assert "masthead synthetic" in last(made)["text/html"]
    made.table(ROWS, "t")
    assert last(made)[TABLE_TYPE]["caption"] == "MADE-UP DATA. T."
    assert "MADE-UP DATA. T." in last(made)["text/html"]
    made.close()
    assert last(made)[FACTS_TYPE]["title"].startswith("MADE-UP DATA: ")
    assert last(made)[FACTS_TYPE]["synthetic"] is True


def test_the_first_figure_stands_for_the_report_as_png() -> None:
    made = report()
    for name in ("first", "second"):
        made.figure(an.plot.outcomes(an.counts_by(opened(), "all")), name)
    assert ["image/png" in shown.data for shown in made.shown] == [True, False]


def test_a_misspelt_parameter_is_refused() -> None:
    declared = ["", 'week: str = "latest"  # a Saturday']
    for fine in ([], [*declared, "# Parameters\nweek = 1\n"], [*declared, "wek = 1"]):  # the last: a user's own cell
        refuse_unknown_names(fine)
    with pytest.raises(InputError, match="unknown parameter 'wek'; did you mean 'week'"):
        refuse_unknown_names([*declared, '# Parameters\nweek = 1\nwek = "2017-01-28"\n', "x = 1"])
