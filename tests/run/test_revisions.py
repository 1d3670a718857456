"""Revisions: what counts as one, why it came, that the log is kept and the page follows from it alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_up_site import INPUTS, entry_of
from test_report_files import MASTHEAD, closing, executed, table

from analysis.errors import InputError
from analysis.run.revisions import for_reading, read_log, written
from analysis.run.worker import write_revised

FOLDER = "weekly_bulletin/fy2015/2015-06-20"
ENTRY = entry_of(FOLDER, {"week": "2015-06-20", "state": "all"})
DATA, CODE, BOTH = {"weeks": "t" * 64}, {"package": "q" * 64}, {"weeks": "t" * 64, "package": "q" * 64}
OTHER_VERSION = {"libraries": {"declined-detainers": "0.1.0", "pandas": "3.2.0"}}


def revisions(out: Path, inputs: dict[str, Any] | None = None, made: str = "", **facts: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Write a report with a masthead, a sentence and a table of its facts; give its revisions."""
    known = {"issued": 100, "declined": 47, "share": 0.47, "agency": "A", **facts}
    told = closing(facts=known, sentences=[{"facts": ["declined", "issued"]}])
    notebook = executed(MASTHEAD, table("by_state", f"state,declined\nTX,{known['declined']}\n"), told)
    write_revised(out, replace(ENTRY, inputs=INPUTS | (inputs or {}), started=made), notebook)
    return json.loads((out / FOLDER / "facts.json").read_text())["revisions"]


def page(out: Path) -> str:
    return (out / FOLDER / "report.html").read_text()


def test_a_first_report_is_no_revision_and_neither_is_the_same_again(tmp_path: Path) -> None:
    assert revisions(tmp_path, made="2026-01-01") == revisions(tmp_path, made="2026-01-02") == []
    assert read_log(tmp_path, FOLDER)["made"] == "2026-01-01"
    assert "code: first made, never revised</summary>" in page(tmp_path)
    assert '<a href="../../../index.html#reports">All reports</a>' in page(tmp_path)
    assert '<a href="tables/by_state.csv">' in page(tmp_path)


def test_code_that_changes_no_figure_is_no_revision_and_other_data_are(tmp_path: Path) -> None:
    revisions(tmp_path)
    assert revisions(tmp_path, CODE, share=0.47 + 1e-12, brand_new=5) == []
    (revision,) = revisions(tmp_path, BOTH, share=0.47 + 1e-12, brand_new=5)
    assert revision["says"] == "no figure changed; what it is made from changed: the data that it reads."


def test_was_is_and_why_the_main_counts_first(tmp_path: Path) -> None:
    revisions(tmp_path, alpha=1, taken=3)
    (revision,) = revisions(tmp_path, DATA, alpha=2, taken=2, share=0.49, declined=49)
    assert revision["number"] == 1
    order = [change["fact"] for change in revision["changes"]]
    assert (order[:2], {*order[2:]}) == (["declined", "taken"], {"share", "alpha"})
    assert revision["changes"][0] == {"fact": "declined", "was": 47, "is": 49, "why": "changed outcome"}
    assert revision["tables"] == ["by_state"]
    why = "what it is made from changed: the data that it reads"
    assert revision["says"] == f"4 figures changed, 1 table has other rows; {why}."
    assert "made" not in revision, "times stand in the log and in no page"


UNKNOWN = "the reason is not known, what it is made from being the same"


@pytest.mark.parametrize(
    ("inputs", "facts", "why", "says"),
    [
        (DATA, {"issued": 103, "declined": 49}, "new rows", "the data that it reads."),
        (CODE, {"declined": 49}, "method version", "the code of the package."),
        (OTHER_VERSION, {"declined": 49}, "method version", "pandas 3.1.1 → 3.2.0."),
        ({"reference": "f"}, {"declined": 49}, "reference tables", "the reference tables."),
        ({"files": {"people.csv": "f"}}, {"declined": 49}, "people.csv", "what it is made from changed: people.csv."),
        (BOTH, {"share": 0.5}, "data or method version", "the code of the package, the data that it reads."),
        ({}, {"declined": 49}, UNKNOWN, UNKNOWN),
    ],
)
def test_the_reason_follows_from_what_a_report_was_made_from(
    tmp_path: Path, inputs: dict[str, Any], facts: dict[str, Any], why: str, says: str
) -> None:
    revisions(tmp_path)
    (revision,) = revisions(tmp_path, inputs, **facts)
    assert {change["why"] for change in revision["changes"]} == {why}
    assert says in revision["says"]


def test_revisions_add_up_over_runs_and_a_figure_can_come_back(tmp_path: Path) -> None:
    for declined, inputs in ((47, {}), (49, DATA), (47, {})):
        found = revisions(tmp_path, inputs, f"run with {declined}", declined=declined)
    assert [(revision["number"], revision["changes"][0]["is"]) for revision in found] == [(1, 49), (2, 47)]
    assert [one["made"] for one in read_log(tmp_path, FOLDER)["revisions"]] == ["run with 49", "run with 47"]


def test_the_page_says_which_revision_it_is_and_what_changed(tmp_path: Path) -> None:
    revisions(tmp_path, agency="<script>alert(1)</script>")
    revisions(tmp_path, DATA, declined=0, agency="{{ 7 * 7 }}")
    said = page(tmp_path)
    assert "code: revision 1</summary>" in said
    assert "<h3>Revision 1</h3>\n<p>2 figures changed" in said
    row = '<td class="number">47</td><td class="number">0</td><td class="text">changed outcome</td>'
    assert f'{row}<td class="label"><code>declined</code></td>' in said
    assert "&lt;script&gt;" in said
    assert "<script>alert" not in said
    assert "{{ 7 * 7 }}" in said, "braces in a fact are no template"
    revisions(tmp_path, DATA, declined=0, agency="{{ 7 * 7 }}")
    assert page(tmp_path) == said


@pytest.mark.parametrize("text", ["{", '{"report": "x"}', "[]", '{"report":"x","made":"","revisions":[],"last":{}}'])
def test_a_damaged_log_is_named(tmp_path: Path, text: str) -> None:
    revisions(tmp_path)
    path = tmp_path / "revisions" / f"{FOLDER}.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"2015-06-20\.json: the log of revisions is damaged.*Restore it"):
        revisions(tmp_path)


WRITTEN: list[tuple[str, object, str]] = [
    *(("declined", 1234, "1,234"), ("share", 0.0637, "6.4%"), ("last_week_share", 0.5, "50.0%")),
    *(("share_low", 0.25, "25.0%"), ("p_adjusted", 0.0842, "0.084"), ("tests", 1816, "1,816")),
    *(("past_bands_score", 0.65651818, "0.6565"), ("declined", None, "–"), ("declined", 0, "0")),
    ("status", "settled", "settled"),
]
CALLED = {
    **{"declined": "Recorded as declined", "states_with_declines": "States with declines"},
    **{"trailing_p_adjusted": "Against the weeks before: p (adjusted)", "trend_ratio": "Trend: Ratio"},
}


def test_facts_are_written_and_called_as_in_the_tables() -> None:
    assert [written(fact, value) for fact, value, _ in WRITTEN] == [text for *_, text in WRITTEN]
    changes = [{"fact": name, "was": 1, "is": 2} for name in CALLED]
    assert [row["figure"] for row in for_reading([{"changes": changes}])[0]["rows"]] == [*CALLED.values()]
