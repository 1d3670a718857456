"""Revisions: what counts as one, why it came, that the log is kept and the page follows from it alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from made_up_site import add_report, entry_of
from synthetic import Options, generate, write_release

from analysis.errors import InputError
from analysis.load.imports import import_release
from analysis.load.sources import versions
from analysis.run.manifest import Entry, write_manifest
from analysis.run.reports import files_of
from analysis.run.revisions import compare_runs, read_log, revise, write_revised
from analysis.show.revised import label, written
from analysis.show.sheet import Sheet
from analysis.stats.counts import count_outcomes

FOLDER = "weekly_bulletin/fy2015/2015-06-20"
ENTRY = entry_of(FOLDER, {"week": "2015-06-20", "state": "all"})
OTHER_DATA = replace(ENTRY, source_sha256="t" * 64, rows_sha256="t" * 64)
OTHER_CODE = replace(ENTRY, package_sha256="q" * 64)
OTHER_VERSION = replace(ENTRY, versions={"declined-detainers": "0.2.0", "pandas": "3.1.1"})


def executed(table: str = "TX", **facts: object) -> nbformat.NotebookNode:
    """Give an executed notebook of two cells with a sentence, a table and its facts."""
    sheet = Sheet("weekly_bulletin", parameters={"week": "2015-06-20"}, source={"name": "fy2015", "sha256": "s" * 64})
    sheet.know(**{"issued": 100, "declined": 47, "share": 0.47, "agency": "A", **facts})
    shown = [
        sheet.masthead("{declined:n} of {issued:n}", clock="issued"),
        sheet.say("{declined:n} of {issued:n}."),
        sheet.table(pd.DataFrame({"state": [table], "declined": [sheet.facts["declined"]]}), "by_state", "One row."),
        sheet.close(),
    ]
    outputs = [nbformat.v4.new_output("display_data", one.data, metadata=one.metadata) for one in shown]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=outputs)])


def test_a_first_report_is_no_revision_and_neither_is_the_same_again(tmp_path: Path) -> None:
    assert revise(tmp_path, ENTRY, executed(), "2026-01-01") == []
    assert revise(tmp_path, ENTRY, executed(), "2026-01-02") == []
    log = read_log(tmp_path / "revisions" / f"{FOLDER}.json")
    assert log["made"] == "2026-01-01"


def test_code_that_changes_no_figure_is_no_revision(tmp_path: Path) -> None:
    revise(tmp_path, ENTRY, executed(), "")
    assert revise(tmp_path, OTHER_CODE, executed(share=0.47 + 1e-12, brand_new=5), "") == []


def test_was_is_and_why(tmp_path: Path) -> None:
    revise(tmp_path, ENTRY, executed(), "")
    (revision,) = revise(tmp_path, OTHER_DATA, executed(declined=49, share=0.49), "")
    assert revision["number"] == 1
    assert revision["changes"] == [
        {"fact": "declined", "was": 47, "is": 49, "why": "changed outcome"},
        {"fact": "share", "was": 0.47, "is": 0.49, "why": "changed outcome"},
    ]
    assert revision["tables"] == ["by_state"]
    assert revision["says"] == "2 figures changed, 1 table has other rows: the source has another version."
    assert "made" not in revision, "times stand in the log and in no page"


@pytest.mark.parametrize(
    ("entry", "facts", "why", "says"),
    [
        (OTHER_DATA, {"issued": 103, "declined": 49}, ["new rows", "new rows"], "the source has another version"),
        (OTHER_CODE, {"declined": 49}, ["method version"], "the code was edited within version 0.1.0"),
        (OTHER_VERSION, {"declined": 49}, ["method version"], "declined-detainers 0.1.0 → 0.2.0"),
        (
            replace(ENTRY, versions={"declined-detainers": "0.1.0", "pandas": "3.2.0"}),
            {"declined": 49},
            ["method version"],
            "pandas 3.1.1 → 3.2.0",
        ),
        (
            replace(ENTRY, reference_sha256="f" * 64),
            {"declined": 49},
            ["the bundled reference data changed"],
            "bundled reference",
        ),
        (
            replace(OTHER_VERSION, source_sha256="t" * 64, rows_sha256="t" * 64),
            {"declined": 49},
            ["changed outcome or method version"],
            "the source has another version; the method has another version",
        ),
    ],
)
def test_the_reason_follows_from_what_the_report_was_made_from(
    tmp_path: Path, entry: Entry, facts: dict[str, Any], why: list[str], says: str
) -> None:
    revise(tmp_path, ENTRY, executed(), "")
    (revision,) = revise(tmp_path, entry, executed(**facts), "")
    changed = [change for change in revision["changes"] if change["fact"] in facts]
    assert [change["why"] for change in changed] == why
    assert says in revision["says"]


def test_the_main_counts_stand_first(tmp_path: Path) -> None:
    revise(tmp_path, ENTRY, executed(alpha=1, taken=3), "")
    (revision,) = revise(tmp_path, OTHER_DATA, executed(alpha=2, taken=2, share=0.5, declined=50, issued=99), "")
    order = [change["fact"] for change in revision["changes"]]
    assert order[:3] == ["issued", "declined", "taken"]
    assert set(order[3:]) == {"share", "alpha"}


def test_another_version_of_the_source_is_said_even_where_no_figure_changed(tmp_path: Path) -> None:
    revise(tmp_path, ENTRY, executed(), "")
    (revision,) = revise(tmp_path, OTHER_DATA, executed(), "")
    assert revision["says"] == "no figure changed: the source has another version."


def test_revisions_add_up_over_runs_and_a_figure_can_come_back(tmp_path: Path) -> None:
    for declined, entry in ((47, ENTRY), (49, OTHER_DATA), (47, ENTRY)):
        revisions = revise(tmp_path, entry, executed(declined=declined), f"run with {declined}")
    assert [revision["number"] for revision in revisions] == [1, 2]
    assert [revision["changes"][0]["is"] for revision in revisions] == [49, 47]
    logged = read_log(tmp_path / "revisions" / f"{FOLDER}.json")["revisions"]
    assert [one["made"] for one in logged] == ["run with 49", "run with 47"]


def test_the_page_says_which_revision_it_is_and_what_changed(tmp_path: Path) -> None:
    plain = files_of(executed())["report.html"].decode()
    assert "<dt>Revision</dt><dd>none: as first made</dd>" in plain
    revise(tmp_path, ENTRY, executed(agency="<script>alert(1)</script>"), "")
    revisions = revise(tmp_path, OTHER_DATA, executed(declined=0, agency="B"), "")
    page = files_of(executed(declined=0, agency="B"), revisions)["report.html"].decode()
    assert "<dt>Revision</dt><dd>1: 2 figures changed" in page
    assert '<td class="number">47</td><td class="number">0</td><td class="text">changed outcome</td>' in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert page == files_of(executed(declined=0, agency="B"), revisions)["report.html"].decode()


def test_facts_carry_the_revisions(tmp_path: Path) -> None:
    revise(tmp_path, ENTRY, executed(), "")
    revisions = revise(tmp_path, OTHER_DATA, executed(declined=49), "")
    facts = json.loads(files_of(executed(declined=49), revisions)["facts.json"])
    assert facts["revisions"] == revisions


@pytest.mark.parametrize("text", ["{", '{"report": "x"}', "[]", '{"report":"x","made":"","revisions":[],"last":{}}'])
def test_a_damaged_log_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "revisions" / f"{FOLDER}.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(InputError, match=r"2015-06-20\.json: the log of revisions is damaged.*Restore it"):
        revise(tmp_path, ENTRY, executed(), "")


def test_rows_are_counted_where_both_versions_of_the_source_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "data"))
    first, last = date(2025, 1, 4), date(2025, 3, 28)
    for extracted in (date(2025, 4, 1), date(2025, 6, 1)):
        made = generate(
            5,
            detainers=2000,
            extracted_on=extracted,
            options=Options(changed=0.02, vanished=0.02),
            first_day=first,
            last_day=last,
        )
        write_release(made.release, tmp_path / f"{extracted}.parquet")
        import_release([tmp_path / f"{extracted}.parquet"], "made-up", title="T", extracted_on=extracted)
    older, newer = versions("made-up")
    week = date(2025, 3, 8)
    entries = [
        entry_of(
            f"weekly_bulletin/made-up/{week}",
            {"week": str(week)},
            source_sha256=version.origin.sha256,
            rows_sha256=version.origin.sha256,
        )
        for version in (older, newer)
    ]
    counts = [
        count_outcomes(version.detainers(first=week, last=date(2025, 3, 14)), "week").iloc[0]
        for version in (older, newer)
    ]
    books = [executed(issued=int(count["issued"]), declined=int(count["declined"])) for count in counts]
    revise(tmp_path, entries[0], books[0], "")
    (revision,) = revise(tmp_path, entries[1], books[1], "")
    words = revision["says"].split("of the week's detainers ")[1].replace(",", "").split()
    new, vanished, ended = int(words[0]), int(words[3]), int(words[6])
    assert new - vanished == counts[1]["issued"] - counts[0]["issued"]
    assert ended > 0, "two months more have filled in outcomes"
    assert {change["why"] for change in revision["changes"] if change["fact"] == "issued"} <= {"new rows"}


def two_runs(tmp_path: Path) -> tuple[Path, Path]:
    """Write two runs: one report revised, one the same, one in each alone."""
    runs = (tmp_path / "before", tmp_path / "after")
    for out, declined, only in zip(runs, (7, 9), ("2025-02-01", "2025-02-08"), strict=True):
        entries: dict[str, Entry] = {}
        table = {"by_state": f"state,declined\nTX,{declined}\n"}
        add_report(out, entries, "a", "s", {"week": "2025-01-04"}, facts={"declined": declined}, tables=table)
        add_report(out, entries, "a", "s", {"week": "2025-01-11"})
        add_report(out, entries, "a", "s", {"week": only})
        write_manifest(out, entries)
    return runs


def test_two_runs_are_compared_report_by_report(tmp_path: Path) -> None:
    before, after = two_runs(tmp_path)
    rows = compare_runs(before, after)
    assert [(row["report"], row["what"], row["was"], row["is"]) for row in rows] == [
        ("a/s/2025-01-04", "declined", 7, 9),
        ("a/s/2025-01-04", "tables/by_state.csv", None, None),
        ("a/s/2025-02-01", "report", None, None),
        ("a/s/2025-02-08", "report", None, None),
    ]
    assert rows[2]["why"] == f"only in {before}"
    assert compare_runs(before, before) == []


def test_a_folder_without_reports_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no reports stand in the folder"):
        compare_runs(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("fact", "value", "text"),
    [
        ("declined", 1234, "1,234"),
        ("share", 0.0637, "6.4%"),
        ("last_week_share", 0.5, "50.0%"),
        ("share_low", 0.25, "25.0%"),
        ("p_adjusted", 0.0842, "0.084"),
        ("tests", 1816, "1,816"),
        ("past_bands_score", 0.65651818, "0.6565"),
        ("declined", None, "–"),
        ("declined", 0, "0"),
        ("status", "settled", "settled"),
    ],
)
def test_facts_are_written_as_in_the_tables(fact: str, value: object, text: str) -> None:
    assert written(fact, value) == text


def test_a_fact_is_called_as_its_column_is() -> None:
    assert label("declined") == "Recorded as declined"
    assert label("states_with_declines") == "States with declines"
    assert label("trailing_p_adjusted") == "Against the weeks before: p (adjusted)"
    assert label("trend_ratio") == "Trend: Ratio"


def test_the_report_and_its_log_are_written_in_one_go(tmp_path: Path) -> None:
    hashes = write_revised(tmp_path, ENTRY, executed(), "")
    again = write_revised(tmp_path, ENTRY, executed(), "later")
    assert {name: hashes[name] for name in hashes if name != "notebook.ipynb"} == {
        name: again[name] for name in again if name != "notebook.ipynb"
    }
    page = (tmp_path / FOLDER / "report.html").read_text()
    assert '<a href="../../../index.html">All reports</a>' in page
    assert '<a href="tables/by_state.csv">' in page
