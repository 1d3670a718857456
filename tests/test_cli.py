"""The command line: exit codes, sentences, what is listed; nothing here starts a kernel."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from made_up_site import add_report

from analysis.cli import main
from analysis.run import batch
from analysis.run.plan import Entry, Task, read_manifest, write_manifest

MISTAKES = Path(__file__).with_name("mistakes.yml")


def call(*args: str | Path, exit_code: int = 0) -> str:
    """Give what a command says."""
    result = CliRunner().invoke(main, list(map(str, args)))
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result.output


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Make every report in no time, with the message set here (blank = made)."""
    told = {"message": ""}

    def make_all(tasks: Sequence[Task], out: Path, *_: object) -> Iterator[Entry]:
        for task in tasks:
            now, failed = task.entry, bool(told["message"])
            files = {} if failed else add_report(out, {}, now.notebook, now.source, now.parameters).files
            yield replace(now, outcome="failed" if failed else "made", message=told["message"], files=files)

    monkeypatch.setattr(batch, "_make_all", make_all)
    return told


def test_list_names_notebooks_parameters_sources_and_weeks() -> None:
    listed = call("list")
    for words in ("weekly_bulletin", "published_week", "week: str = 'latest settled'", "fy2015", "43 weeks"):
        assert words in listed
    assert "partial: 2014-09-27, 2015-07-18" in listed
    assert "2017-01-28 to 2017-02-11, 3 weeks" in listed


def test_list_releases_names_the_page_of_each_with_what_is_known_of_it() -> None:
    listed = call("list", "--releases")
    assert max(map(len, listed.splitlines())) <= 100
    assert "\n  NPR, 2007-10-01 to 2015-07-19, 1,814,828 rows, 20,241 declined\n  https://github.com/nprapps/" in listed
    assert "form D\n  Deportation Data Project, days not known\n  https://deportationdata.org/data/ice.html" in listed
    assert "fy2015" not in listed


def test_a_run_begins_with_no_page_of_the_users_own_and_goes_on_with_those_of_earlier_versions(
    tmp_path: Path, outcome: dict[str, str]
) -> None:
    (tmp_path / "index.html").write_text("mine")
    for _ in range(2):
        said = call("run", "published_week", "--out", tmp_path, exit_code=2)
        assert "index.html: no run has written this file" in said
        assert (tmp_path / "index.html").read_text() == "mine"
        assert [path.name for path in tmp_path.iterdir()] == ["index.html"], "nothing was made"
    write_manifest(tmp_path, {})  # as versions did that kept no hashes of pages
    for _ in range(2):
        call("run", "published_week", "--out", tmp_path)
    assert "mine" not in (tmp_path / "index.html").read_text()


@pytest.mark.parametrize(("arguments", "says"), yaml.safe_load(MISTAKES.read_text(encoding="utf-8")))
def test_a_users_mistake_is_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], says: str) -> None:
    given = [__file__ if word == "FILE" else word for word in arguments]
    assert says in call("run", "--out", tmp_path / "reports", *given, exit_code=2)
    assert not (tmp_path / "reports").exists()


def test_a_run_says_what_is_due_what_stands_where_and_mends_an_index_that_a_kill_left_behind(
    tmp_path: Path, outcome: dict[str, str]
) -> None:
    asked = ["run", "published_week", "--out", str(tmp_path)]
    ahead = call(*asked, "--dry-run")
    assert "run  published_week/published-2017/2017-02-04: it was never made" in ahead
    assert "3 of 3 reports are not up to date" in ahead
    assert list(tmp_path.iterdir()) == []
    assert f"3 of 3 reports stand under {tmp_path}; index: {tmp_path / 'index.html'}" in call(*asked)
    assert call(*asked, "--dry-run") == "0 of 3 reports are not up to date\n"
    stands = (tmp_path / "index.html").read_bytes()
    call(*asked, "--weeks", "2017-02-04")
    assert (tmp_path / "index.html").read_bytes() == stands
    entries = read_manifest(tmp_path)
    first = min(entries)
    write_manifest(tmp_path, {**entries, first: replace(entries[first], outcome="failed", message="it was <stopped>")})
    assert "all were up to date" in call(*asked, "--weeks", "2017-02-11")  # of which there is nothing to make
    assert "it was &lt;stopped&gt;" in (tmp_path / "index.html").read_text()


def test_a_site_file_names_all_reports_and_a_failed_one_gives_exit_code_1(
    tmp_path: Path, outcome: dict[str, str]
) -> None:
    site, out = tmp_path / "site.yml", tmp_path / "out"
    site.write_text("title: Three weeks\nreports: [{notebook: published_week}]\n")
    assert "3 of 3 reports" in call("run", "--site", site, "--out", out)
    assert "<h1>Three weeks</h1>" in (out / "index.html").read_text()
    outcome["message"] = "cell 4: ValueError: no"
    said = call("run", "--site", site, "--out", tmp_path / "failed", exit_code=1)
    assert "failed: published_week/published-2017/2017-02-04: cell 4: ValueError: no" in said
    assert "names its notebooks" in call("run", "published_week", "--site", site, "--out", out, exit_code=2)


@pytest.mark.parametrize("says", ["which is not installed", "none starts here"])
def test_a_pdf_that_cannot_be_printed_is_refused_before_the_first_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    if says == "which is not installed":
        monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    else:
        pytest.importorskip("playwright")
        monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
        monkeypatch.setattr("shutil.which", lambda *_: None)
    assert says in call("run", "published_week", "--pdf", "--out", tmp_path / "reports", exit_code=2)
    assert not (tmp_path / "reports").exists()


def test_two_runs_are_compared(tmp_path: Path) -> None:
    for name, declined in (("before", 7), ("after", 0)):
        entries: dict[str, Entry] = {}
        add_report(tmp_path / name, entries, "a", "s", {"week": "2025-01-04"}, facts={"declined": declined})
        write_manifest(tmp_path / name, entries)
    said = call("compare", tmp_path / "before", tmp_path / "after", "--csv", tmp_path / "differences.csv")
    assert "a/s/2025-01-04: declined: 7 → 0 (the reason is not known, what it is made from" in said
    assert "1 difference in 1 report" in said
    assert (tmp_path / "differences.csv").read_text().splitlines()[1].startswith("a/s/2025-01-04,declined,7,0,")
    call("compare", tmp_path / "before", tmp_path, exit_code=2)
