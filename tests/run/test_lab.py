"""A working copy of the notebooks: made once, never overwritten, and no report is made from it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from analysis.cli import main
from analysis.load.reference import bundled_folder
from analysis.run import lab

Open = Callable[..., tuple[str, list[str], dict[str, Any]]]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open notebooks of one's own as the package's, in a JupyterLab that only says how it was opened."""
    asked: list[Any] = []

    def initialize_server(argv: list[str], config: dict[str, Any]) -> SimpleNamespace:
        asked[:] = argv, config
        return SimpleNamespace(start=lambda: None)

    def open_lab(*arguments: str) -> tuple[str, list[str], dict[str, Any]]:
        asked.clear()
        done = _declines("lab", *arguments)
        assert (done.exit_code, done.exception) == (0, None), done.output
        return done.stdout, *asked

    shipped = tmp_path / "shipped" / "_bundled"
    shutil.copytree(bundled_folder("notebooks"), shipped / "notebooks")
    (shipped / "data").mkdir()
    (shipped / "data" / "README.md").write_text("what came")
    (here := tmp_path / "here").mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(lab, "bundled_folder", lambda name: shipped / name)
    given = SimpleNamespace(LabApp=SimpleNamespace(initialize_server=initialize_server))
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", given)
    for name in ("JUPYTER_PREFER_ENV_PATH", "JUPYTER_DEFAULT_PROVISIONER_NAME"):
        monkeypatch.setenv(name, "")
    return open_lab


def _declines(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def _edit(path: Path, line: str) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][2]["source"] = line
    path.write_text(json.dumps(content), encoding="utf-8")


def test_a_working_copy_is_made_once_and_a_newer_notebook_is_laid_beside_an_edited_one(opened: Open) -> None:
    copy, shipped = Path("declines-lab"), lab.bundled_folder("notebooks")
    said, _, _ = opened()
    assert "is your working copy of the notebooks" in said
    assert {path.name for path in copy.glob("*.ipynb")} == {path.name for path in shipped.glob("*.ipynb")}
    assert (copy / "data" / "README.md").read_text() == "what came"
    (copy / "data" / "README.md").write_text("edited")
    assert shipped.with_name("data").joinpath("README.md").read_text() == "what came", "no edit reaches a report"
    assert [(copy / name).resolve() for name in ("reports", "started-in")] == [Path("reports").resolve(), Path.cwd()]
    _edit(copy / "methods.ipynb", "mine = 1")
    mine = (copy / "methods.ipynb").read_bytes()
    assert opened()[0] == ""
    for name in ("methods.newer.ipynb", "methods.newer-2.ipynb"):
        _edit(shipped / "methods.ipynb", f"'{name}'")
        assert f"methods.ipynb stays as it is; the newer one is beside it: {name}\n" in opened()[0]
        assert opened()[0] == ""
        assert (copy / name).read_bytes() == (shipped / "methods.ipynb").read_bytes()
    assert (copy / "methods.ipynb").read_bytes() == mine
    shipped.with_name("data").joinpath("README.md").write_text("what came later")
    assert "data stays as it is; the newer one is beside it: data.newer\n" in opened()[0]
    assert opened()[0] == ""
    assert [(copy / name / "README.md").read_text() for name in ("data", "data.newer")] == ["edited", "what came later"]


def test_jupyterlab_opens_the_start_page_on_this_machine_alone_and_gets_its_own_options(opened: Open) -> None:
    _, argv, config = opened("--no-browser", "--port", "8890")
    assert argv == ["--no-browser", "--port", "8890"]
    start = {"ip": "127.0.0.1", "allow_root": True, "root_dir": str(Path("declines-lab").resolve())}
    assert config == {"ServerApp": start, "LabApp": {"default_url": "/lab/tree/index.ipynb"}}
    _, argv, config = opened("elsewhere", "--notebook-dir=.")
    assert argv == ["--notebook-dir=."]
    assert config == {"ServerApp": {"ip": "127.0.0.1", "allow_root": True}, "LabApp": {}}
    assert Path("elsewhere", "methods.ipynb").is_file()


@pytest.mark.parametrize("folder", ["/proc/x", "x" * 300, "file"])
def test_where_no_working_copy_can_be_made_one_sentence_says_so(opened: Open, folder: str) -> None:
    Path("file").touch()
    told = _declines("lab", folder)
    assert (told.exit_code, told.stderr.count("\n")) == (2, 1)
    assert "Name another folder" in told.stderr


def test_where_no_links_are_made_it_is_said_where_things_stand(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no privilege")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    assert f"no link leads from the working copy to reports, which stands in {Path('reports').resolve()}" in opened()[0]


def test_a_checkout_is_no_working_copy_and_nothing_leads_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bundled_folder("notebooks").parent)
    told = _declines("lab", "notebooks")
    assert told.exit_code == 2
    assert "this is the folder of the package's own notebooks. Name another folder" in told.stderr
    monkeypatch.setattr(lab.os.path, "lexists", lambda path: path.name == "reports")  # which a test makes nowhere
    lab.make_working_copy(tmp_path / "copy")
    assert (tmp_path / "copy" / "data" / "README.md").is_file()
    assert not (tmp_path / "copy" / "started-in").exists()


@pytest.mark.parametrize("within", [".", "declines-lab"])
def test_a_run_says_which_working_copies_differ(within: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["run", "published_week", "published_source", "--dry-run"]
    lab.make_working_copy(tmp_path / "declines-lab")
    monkeypatch.chdir(within)
    before = _declines(*asked)
    assert before.stderr == ""
    _edit(tmp_path / "declines-lab" / "weekly_bulletin.ipynb", "'not one of those that are run'")
    assert _declines(*asked).stderr == ""
    _edit(path := tmp_path / "declines-lab" / "published_week.ipynb", "week = 'mine'")
    after = _declines(*asked)
    assert after.stderr == _declines(*asked, "-q").stderr == "", "cron would mail it"
    assert after.stdout.removesuffix(before.stdout).endswith(f"change none: {path.relative_to(Path.cwd())}\n")
    assert _declines(*asked, "-q").stdout == before.stdout
