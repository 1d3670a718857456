"""The sheet: what it keeps, what it shows, and that the same input shows the same bytes."""

from __future__ import annotations

import base64
import html
import json
import math
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from nbconvert.filters import markdown2html

from analysis.errors import InputError
from analysis.show.sheet import FACTS_TYPE, FIGURE_KEY, TABLE_TYPE, Sheet, as_fact
from analysis.show.style import drawing

SCRIPT = "<script>alert(1)</script>"


def sheet(**options: Any) -> Sheet:  # noqa: ANN401
    made = Sheet("weekly_bulletin", parameters={"week": date(2015, 6, 20)}, source={"name": "made"}, **options)
    made.know(declined=47, issued=2825, share=47 / 2825, place_name="Texas")
    return made


def drawn() -> Figure:
    with drawing():
        figure = Figure(figsize=(4, 3))
        axes = figure.subplots()
        axes.plot([0, 1, 2], [3, 1, 2], "o-")
        axes.bar([0, 1], [1, 2], hatch="//")
        axes.set_title("A $5 fine and a $6 fee")
    return figure


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        (np.int64(47), 47),
        (True, True),
        (np.bool_(False), False),
        (0, 0),
        (np.float64(0.1), 0.1),
        (1 / 3, 0.3333333333),
        (np.array(206.0), 206.0),
        (np.array(3), 3),
        ("Texas", "Texas"),
        ("", ""),
        (date(2017, 2, 4), "2017-02-04"),
        (datetime(2017, 2, 4, 10, 30), "2017-02-04"),
        (pd.Timestamp("2017-02-04"), "2017-02-04"),
        (math.inf, "unlimited"),
        *((missing, None) for missing in (None, math.nan, np.float64("nan"), np.array(np.nan), pd.NaT, pd.NA)),
    ],
)
def test_facts_are_json_scalars(value: object, fact: object) -> None:
    found = as_fact(value)
    assert found == fact
    assert type(found) is type(fact)
    assert json.loads(json.dumps(found, allow_nan=False)) == fact


@pytest.mark.parametrize(
    "value", [-math.inf, np.datetime64("2017-02-04", "ns"), [1], {"a": 1}, np.array([1, 2]), pd.Series([1]), object()]
)
def test_what_is_no_scalar_is_no_fact(value: object) -> None:
    with pytest.raises(TypeError, match="cannot stand as a fact"):
        as_fact(value)


@given(st.floats(-1e12, 1e12) | st.integers(-(10**15), 10**15) | st.text(max_size=9) | st.booleans() | st.none())
def test_any_scalar_survives_json_and_a_second_turn(value: object) -> None:
    fact = as_fact(value)
    assert as_fact(json.loads(json.dumps(fact, allow_nan=False))) == fact


def test_a_fact_has_one_value() -> None:
    made = sheet()
    made.know(declined=np.int64(47))
    with pytest.raises(ValueError, match="'declined' is 47 and cannot also be 48"):
        made.know(declined=48)
    made.know(missing=None)
    with pytest.raises(ValueError, match="missing"):
        made.know(missing=0)


def test_sentences_are_kept_with_the_facts_that_they_use() -> None:
    made = sheet()
    shown = made.say("Of {issued:n} **{declined:n}**.", "", "In {place_name}.")
    assert shown.data["text/plain"] == "Of 2,825 **47**.\n\nIn Texas."
    assert made.sentences == [
        {"text": "Of 2,825 **47**.", "template": "Of {issued:n} **{declined:n}**.", "facts": ["issued", "declined"]},
        {"text": "In Texas.", "template": "In {place_name}.", "facts": ["place_name"]},
    ]
    with pytest.raises(KeyError, match="nowhere"):
        made.say("{nowhere}")


def test_the_page_says_of_each_figure_which_fact_it_is() -> None:
    shown = sheet().say("Of {issued:n} **{declined:n}**.")
    assert shown.data["text/markdown"] == (
        'Of <span data-fact="issued">2,825</span> **<span data-fact="declined">47</span>**.'
    )


def test_a_name_in_a_sentence_is_shown_and_never_run() -> None:
    made = sheet()
    made.know(agency=SCRIPT)
    shown = made.say("One agency, {agency}, has **{declined:n}**.")
    assert "<script" not in shown.data["text/markdown"]
    assert "**<span" in shown.data["text/markdown"]
    assert SCRIPT in shown.data["text/plain"]
    assert SCRIPT in made.sentences[0]["text"]


@pytest.mark.parametrize("name", ["**x** _y_", "[a](javascript:alert(1))", "`x`", "$5 and $6", "A & B &lt;", "a|b~c~#"])
def test_a_name_in_a_sentence_is_read_as_it_is_written(name: str) -> None:
    made = sheet()
    made.know(agency=name)
    page = markdown2html(made.say("One agency, {agency}, has *few*.").data["text/markdown"])
    read = html.unescape(page)
    assert f'One agency, <span data-fact="agency">{name}</span>, has <em>few</em>.' in read
    assert page.count("<") == 6, "a paragraph, the mark of the fact, and the emphasis of the sentence itself"


def test_the_masthead_is_escaped_and_titles_the_report() -> None:
    made = sheet()
    shown = made.masthead("{declined:n} detainers <b>", week="{place_name} & more", data_through=SCRIPT)
    page = shown.data["text/html"]
    assert made.title == "47 detainers <b>"
    assert "47 detainers &lt;b&gt;" in page
    assert "<dt>Week</dt><dd>Texas &amp; more</dd>" in page
    assert "<dt>Data through</dt>" in page
    assert "<script" not in page
    assert "SYNTHETIC" not in page


def test_a_table_carries_its_csv_and_its_caption() -> None:
    made = sheet()
    frame = pd.DataFrame({"place": ["Kansas"], "declined": [0]})
    data = made.table(frame, "by_place", "One row per place; {declined:n} in all.").data
    assert data[TABLE_TYPE] == {
        "name": "by_place",
        "caption": "One row per place; 47 in all.",
        "csv": "place,declined\nKansas,0\n",
    }
    assert "One row per place; 47 in all." in data["text/html"]
    assert "Kansas" in data["text/plain"]


def test_a_long_table_is_folded_under_a_summary_and_its_csv_is_not() -> None:
    frame = pd.DataFrame({"place": ["Kansas"], "declined": [0]})
    open_one = sheet().table(frame, "by_place", "One row per place.").data
    folded = sheet().table(frame, "by_place", "One row per place.", folded="All {issued:n} <of> {place_name}").data
    page = folded["text/html"]
    assert page.startswith('<details class="fold"><summary>All 2,825 &lt;of&gt; Texas</summary>\n<table')
    assert page.endswith("</table>\n</details>")
    assert open_one["text/html"] in page
    assert "<details" not in open_one["text/html"]
    assert [folded[kind] for kind in ("text/plain", TABLE_TYPE)] == [
        open_one[kind] for kind in ("text/plain", TABLE_TYPE)
    ]
    with pytest.raises(KeyError, match="nowhere"):
        sheet().table(frame, "by_place", "One row per place.", folded="All {nowhere:n}")


def test_a_figure_carries_its_name_and_its_text_alternative() -> None:
    figure = drawn()
    figure.set_label("47 declines\nWeek of 4 February 2017")
    shown = sheet().figure(figure, "series", "Line of declines: {declined:n}. The numbers are in the table series.")
    about = {
        "figure": "series",
        "alt": "Line of declines: 47. The numbers are in the table series.",
        "title": "47 declines\nWeek of 4 February 2017",
    }
    assert shown.metadata == {FIGURE_KEY: about}
    assert shown.data["image/svg+xml"].lstrip().startswith("<?xml")
    assert "image/png" not in shown.data
    assert shown.data["text/plain"] == shown.metadata[FIGURE_KEY]["alt"]
    with pytest.raises(KeyError):
        sheet().figure(drawn(), "series", "{nowhere}")


def test_two_drawings_are_the_same_bytes_without_a_date_or_a_version() -> None:
    first, second = (sheet(png=True).figure(drawn(), "series", "x").data for _ in range(2))
    assert first["image/svg+xml"] == second["image/svg+xml"]
    assert first["image/png"] == second["image/png"]
    assert "<dc:date>" not in first["image/svg+xml"]
    assert b"Software" not in base64.b64decode(first["image/png"])
    assert base64.b64decode(first["image/png"]).startswith(b"\x89PNG")


def test_the_sessions_drawing_settings_change_nothing() -> None:
    import matplotlib as mpl

    plain = sheet().figure(drawn(), "series", "x").data["image/svg+xml"]
    with mpl.rc_context({"svg.hashsalt": None, "svg.fonttype": "none", "font.size": 22, "text.parse_math": True}):
        assert sheet().figure(drawn(), "series", "x").data["image/svg+xml"] == plain


def test_everything_synthetic_says_so() -> None:
    made = sheet(synthetic=True)
    masthead = made.masthead("{declined:n}").data
    table = made.table(pd.DataFrame({"place": ["x"]}), "t", "One row.").data
    figure = made.figure(drawn(), "f", "A line.")
    assert '<p class="headline">SYNTHETIC (made-up data): 47<' in masthead["text/html"]
    assert made.close().data[FACTS_TYPE]["title"].startswith("SYNTHETIC (made-up data): ")
    assert "masthead synthetic" in masthead["text/html"]
    assert table[TABLE_TYPE]["caption"].startswith("SYNTHETIC data. ")
    assert "SYNTHETIC data. One row." in table["text/html"]
    assert figure.metadata[FIGURE_KEY]["alt"].startswith("SYNTHETIC data. ")
    assert figure.data["image/svg+xml"] != sheet().figure(drawn(), "f", "A line.").data["image/svg+xml"]
    assert made.close().data[FACTS_TYPE]["synthetic"] is True


def test_the_last_cell_carries_all_facts_as_json_without_strange_numbers() -> None:
    made = sheet()
    made.know(ratio=math.inf, low=math.nan, week=date(2015, 6, 20))
    made.masthead("{declined:n} declined", week="{declined:n}", clock="issued")
    made.say("{declined:n}.")
    content = made.close().data[FACTS_TYPE]
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["report"] == "weekly_bulletin"
    assert content["title"] == "47 declined"
    assert content["masthead"] == [["Week", "47"], ["Clock", "issued"]], "in the order given"
    assert content["parameters"] == {"week": "2015-06-20"}
    assert content["source"] == {"name": "made"}
    assert content["facts"]["low"] is None
    assert content["sentences"][0]["facts"] == ["declined"]


def test_what_is_shown_is_a_bundle_of_data_and_metadata() -> None:
    data, metadata = sheet().figure(drawn(), "f", "x")._repr_mimebundle_()
    assert {"text/plain", "image/svg+xml"} == set(data)
    assert set(metadata) == {FIGURE_KEY}


@pytest.mark.parametrize(
    ("cells", "unknown"),
    [
        (["", 'week: str = "latest"  # a Saturday', "# Parameters\nweek = 1\n"], ""),
        (["", 'week: str = "latest"', '# Parameters\nweek = 1\nwek = "2017-01-28"\n', "x = 1"], "wek"),
        (["", 'week: str = "latest"', "wek = 1"], ""),  # a user's own cell, nothing set from outside
        ([], ""),
    ],
)
def test_a_misspelt_parameter_is_refused(cells: list[str], unknown: str) -> None:
    if not unknown:
        Sheet("r", parameters={}, source={}, cells=cells)
        return
    with pytest.raises(InputError, match=f"unknown parameter '{unknown}'; did you mean 'week'"):
        Sheet("r", parameters={}, source={}, cells=cells)
