"""The command line: exit codes, sentences, what is listed; nothing here starts a kernel."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import webbrowser
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from conftest import MadeAtOnce
from filelock import FileLock
from made_up_site import add_report
from synthetic import generate, write_release

from analysis.cli import main, sources_command
from analysis.files import LOCK
from analysis.run.plan import Entry, read_manifest, write_manifest
from analysis.run.terminal import counts_written

COMMANDS = [*main.commands.items(), *((f"sources {name}", one) for name, one in sources_command.commands.items())]


def read(name: str) -> list[Any]:
    """Read some cases of the command line."""
    return list(yaml.safe_load(Path(__file__).with_name(f"{name}.yml").read_text(encoding="utf-8")))


def call(*args: str | Path, exit_code: int = 0, **how: Any) -> str:  # noqa: ANN401
    """Give what a command says."""
    result = CliRunner().invoke(main, list(map(str, args)), **how)
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result.output


@cache
def document(asked: str) -> dict[str, Any]:
    """Give the JSON document of a command."""
    return json.loads(call(*asked.split(), "--json"))


def test_list_names_notebooks_parameters_sources_and_weeks() -> None:
    listed = call("list")
    for words in ("weekly_bulletin", "published_week", "week: str = 'latest settled'", "fy2015", "43 weeks"):
        assert words in listed
    assert "partial: 2014-09-27, 2015-07-18" in listed
    assert "2017-01-28 to 2017-02-11, 3 weeks" in listed
    whole = document("list")
    assert listed.endswith(f"Imported sources are kept in {whole['data_folder']}\n")
    (source,) = (one for one in whole["sources"] if one["name"] == "fy2015")
    told = [source[name] for name in ("clock", "partial", "detainers", "declined", "imported")]
    assert told == ["issued", [source["weeks"][0], source["weeks"][42]], 79053, 5501, False]
    (notebook,) = (one for one in whole["notebooks"] if one["name"] == "published_week")
    assert notebook["parameters"][0]["default"] == "2017-02-04"


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=lambda one: one if isinstance(one, str) else "")
def test_every_help_has_examples_that_fit(name: str, command: click.Command) -> None:
    told = call(*name.split(), "--help", terminal_width=100)
    assert f"Examples:\n    declines {name.split()[0]}" in told
    assert max(map(len, told.splitlines())) <= 100


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ("list", ["notebooks", "sources"]),
        ("show colorado Jan-2015", ["weeks"]),
        ("run published_week --out nowhere --dry-run", ["reports"]),
    ],
)
def test_every_key_of_a_document_is_named_by_the_help(asked: str, listed: list[str]) -> None:
    keys = [*document(asked), *(key for name in listed for key in document(asked)[name][0])]
    told = call(asked.split()[0], "--help")
    assert [key for key in keys if f"`{key}`" not in told] == []


def test_list_releases_names_the_page_of_each_with_what_is_known_of_it() -> None:
    listed = call("list", "--releases")
    assert max(map(len, listed.splitlines())) <= 100
    assert "\n  NPR, 2007-10-01 to 2015-07-19, 1,814,828 rows, 20,241 declined\n  https://github.com/nprapps/" in listed
    assert "form D\n  Deportation Data Project, days not known\n  https://deportationdata.org/data/ice.html" in listed
    assert "fy2015" not in listed


def test_a_page_of_the_users_own_stops_a_run_and_those_of_earlier_versions_go(tmp_path: Path, made: MadeAtOnce) -> None:
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


@pytest.mark.parametrize(("words", "says"), read("mistakes"))
def test_a_users_mistake_is_a_sentence_and_exit_code_2_and_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: MadeAtOnce, words: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert says in call(*shlex.split(words), exit_code=2)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_run_says_what_is_due_and_what_stands_and_mends_an_index_after_a_kill(
    tmp_path: Path, made: MadeAtOnce
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


def test_a_site_file_names_all_reports_and_a_failed_one_gives_exit_code_1(tmp_path: Path, made: MadeAtOnce) -> None:
    site, out = tmp_path / "site.yml", tmp_path / "out"
    site.write_text("title: Three weeks\nreports: [{notebook: published_week}]\n")
    assert "3 of 3 reports" in call("run", "--site", site, "--out", out)
    assert "<h1>Three weeks</h1>" in (out / "index.html").read_text()
    made.message = "cell 4: ValueError: no"
    said = call("run", "--site", site, "--out", tmp_path / "failed", exit_code=1)
    assert "failed: published_week/published-2017/2017-02-04: cell 4: ValueError: no" in said
    assert "names its notebooks" in call("run", "published_week", "--site", site, "--out", out, exit_code=2)


@pytest.mark.parametrize("says", ["which is not installed", "none starts here"])
def test_a_pdf_that_cannot_be_printed_stops_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    if says == "which is not installed":
        monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    else:
        pytest.importorskip("playwright")
        monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
        monkeypatch.setattr("shutil.which", lambda *_: None)
    assert says in call("run", "published_week", "--pdf", "--out", tmp_path / "reports", exit_code=2)
    assert not (tmp_path / "reports").exists()


def test_a_place_is_shown_with_its_weeks_status_and_caveats() -> None:
    told = document("show colorado Jan-2015")
    assert [told[name] for name in ("place", "issued", "declined", "status")] == ["CO", 149, 44, "settled"]
    assert round(told["share_low"], 3) == 0.223
    assert [week["declined"] for week in told["weeks"]] == [4, 8, 12, 7, 13]
    said = "\n".join(counts_written(told))
    assert told["headline"] in said
    assert "2015-01-31        28        13   46.4%  28.3% to 65.5%" in said
    assert "all 5            149        44   29.5%" in said
    day = CliRunner().invoke(main, ["show", "DUI", "2026-02-24", "--source", "synthetic"])
    assert day.stderr.startswith(
        "declines: 2026-02-24 is a Tuesday: the week taken is 2026-02-21, Saturday 21 February"
    )
    assert day.stdout.startswith("MADE-UP DATA: The United States (offence group: Driving under the influence)")
    assert "The week is unfinished" in day.stdout
    assert "- Status: provisional, which is unfinished" in day.stdout


def test_a_page_is_opened_by_words_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_page(address: str) -> bool:
        opened.append(address)
        return "index" not in address

    monkeypatch.setattr(webbrowser, "open", open_page)
    entries: dict[str, Entry] = {}
    for about in ({"week": "2025-01-04"}, {"week": "2025-01-11"}, {"week": "2025-01-11", "state": "TX"}):
        add_report(tmp_path, entries, "bulletin", "made", about)
    write_manifest(tmp_path, entries)
    (tmp_path / "index.html").write_text("")
    said = call("open", "--out", tmp_path)
    assert said == f"{tmp_path / 'index.html'}\ndeclines: no browser starts here; open the file yourself\n"
    for name, folder in (
        ("bulletin/made/2025-01-11", "2025-01-11"),
        (f"{tmp_path}/bulletin/made/2025-01-11/", "2025-01-11"),
        ("Made tx", "2025-01-11_TX"),
    ):
        page = tmp_path / "bulletin" / "made" / folder / "report.html"
        assert call("open", name, "--out", tmp_path) == f"{page}\n"
        assert opened[-1] == page.as_uri()
    assert "3 reports fit 'bulletin'" in call("open", "bulletin", "--out", tmp_path, exit_code=2)
    assert "unknown report 'none'" in call("open", "none", "--out", tmp_path, exit_code=2)


def test_an_imported_source_is_removed_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "data"))
    days = [date(2025, 1, 4), date(2025, 1, 10), date(2025, 3, 1)]
    release = generate(5, detainers=20, first_day=days[0], last_day=days[1], extracted_on=days[2]).release
    write_release(release, tmp_path / "made.parquet")
    call("import", tmp_path / "made.parquet", "--name", "made")
    folder = tmp_path / "data" / "made"
    written = sorted(folder.rglob("*"))
    (tmp_path / "data" / "mine" / "v001").mkdir(parents=True)
    for name in ("fy2015", "mine", "../data/made", "maed"):
        assert "unknown imported source" in call("sources", "rm", name, "--yes", exit_code=2)
    assert "4 files of made would go" in call("sources", "rm", "made", input="n\n")
    with FileLock(folder.with_name(f".made{LOCK}")):
        assert "another run writes here" in call("sources", "rm", "made", "--yes", exit_code=2)
    assert sorted(folder.rglob("*")) == written
    (folder / "v001" / "notes.txt").write_text("mine")
    (folder / "v001" / "detainers.parquet.origin.yml").write_text("damaged")
    (folder / "v002").symlink_to(folder / "v001")
    shutil.copytree(folder / "v001", folder / "v001.bak")
    copied = ["v001.bak", *(path.name for path in (folder / "v001.bak").iterdir())]
    assert f"removed made; what no import wrote stays in {folder}" in call("sources", "rm", "made", input="y\n")
    assert sorted(path.name for path in folder.rglob("*")) == sorted(["notes.txt", "v001", "v002", *copied])
    assert json.loads(call("list", "--json"))["sources"][-1]["name"] == "published-2025"
    monkeypatch.setenv("DECLINES_DATA_URL", "memory://sources")
    assert "are only read" in call("sources", "rm", "made", exit_code=2)


@pytest.mark.parametrize(("typed", "offered"), read("offered"))
def test_the_shell_offers_words(typed: list[str], offered: list[str]) -> None:
    shell = ShellComplete(main, {}, "declines", "_DECLINES_COMPLETE")
    assert [one.value for one in shell.get_completions(typed[:-1], typed[-1])] == offered


def test_completion_is_quick_and_passes_over_what_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import analysis.cli, sys; sys.exit(bool({'numpy', 'pandas', 'pyarrow', 'pydantic'} & {*sys.modules}))"
    subprocess.run([sys.executable, "-c", code], check=True)
    code = "import analysis.run.terminal, sys; sys.exit('pandera' in sys.modules)"  # nor does the list read a schema
    subprocess.run([sys.executable, "-c", code], check=True)
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path))
    (tmp_path / "made" / "v001").mkdir(parents=True)
    (tmp_path / "made" / "v001" / "detainers.parquet.origin.yml").write_text("[")
    asked = {"_DECLINES_COMPLETE": "bash_complete", "COMP_WORDS": "declines run --source f", "COMP_CWORD": "3"}
    assert call(prog_name="declines", env=asked) == "plain,fy2015\n"
    assert call(prog_name="declines", env=asked | {"COMP_WORDS": "declines open w", "COMP_CWORD": "2"}) == "\n"


def test_how_much_a_run_says_and_in_which_colours(
    tmp_path: Path, made: MadeAtOnce, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["run", "published_week", "--weeks", "2017-02-05", "--out", str(tmp_path)]
    green, red = click.style("made", fg="green"), click.style("failed", fg="red")
    ahead = json.loads(CliRunner().invoke(main, [*asked, "--dry-run", "--json"]).stdout)
    (told,) = ahead["reports"]
    assert (ahead["due"], told["reason"], told["parameters"]["week"]) == (1, "it was never made", "2017-02-04")
    assert "2017-02-05 is a Sunday: the week taken is 2017-02-04" in call(*asked, "--dry-run")
    verbose = call(*asked, "--verbose")
    assert "[1/1] made published_week/published-2017/2017-02-04 (0.0 s): it was never made" in verbose
    assert f"[1/1] {green} published_week" in call(*asked, "--force", color=True)
    assert CliRunner().invoke(main, [*asked, "-q", "--force"]).stdout == ""
    made.message = "cell 4: no"
    quiet = CliRunner().invoke(main, [*asked, "-q", "--force"])
    assert (quiet.exit_code, quiet.stdout) == (1, "")
    assert "failed: published_week/published-2017/2017-02-04: cell 4: no" in quiet.stderr
    assert f"{red}: published_week" in call(*asked, color=True, exit_code=1)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in call(*asked, color=True, exit_code=1)
