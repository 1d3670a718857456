"""What stands around the package: the locks, what is cited, the workflows, and what ``declines --version`` says."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_cli import call

from analysis.run import terminal

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PIN = re.compile(r"^([a-z0-9-]+==\S+)", re.MULTILINE)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_pin_has_hashes_in_the_second_lock_which_adds_the_build_alone() -> None:
    pins, hashed = (PIN.findall(read(name)) for name in ("requirements.lock", ".ci/requirements.hashed"))
    assert {one.split("==")[0] for one in {*hashed} - {*pins}} == {"hatchling", "tomlkit", "trove-classifiers"}
    assert {*pins} < {*hashed}
    lines = re.sub(r" \\\n +", " ", read(".ci/requirements.hashed")).splitlines()
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==.*?( --hash=sha256:[0-9a-f]{64})+", line)] == []
    wanted = [*PROJECT["dependencies"], *(one for some in PROJECT["optional-dependencies"].values() for one in some)]
    names = {re.split(r"[^\w-]", one.lower())[0] for one in wanted}
    assert names - {one.split("==")[0] for one in pins} == set(), "a dependency without a pin"


def test_what_is_cited_is_what_is_built() -> None:
    cited = yaml.safe_load(read("CITATION.cff"))
    for cff, toml in {"title": "name", "version": "version", "license": "license", "abstract": "description"}.items():
        assert cited[cff] == PROJECT[toml]
    assert cited["keywords"] == PROJECT["keywords"]
    assert cited["authors"] == PROJECT["authors"]


def test_a_codespace_is_set_up_by_the_line_of_the_readme() -> None:
    assert f"    {json.loads(read('.devcontainer/devcontainer.json'))['postCreateCommand']} && " in read("README.md")


def steps(workflow: str) -> list[dict[str, Any]]:
    """List the steps of a workflow."""
    jobs = yaml.safe_load(read(f".github/workflows/{workflow}.yml"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def test_templates_and_workflows_can_be_read_and_call_what_there_is() -> None:
    for path in sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml")):
        assert yaml.safe_load(path.read_text(encoding="utf-8")).keys() == {"name", "description", "labels", "body"}
    run = [step["run"] for name in ("checks", "weekly") for step in steps(name) if "run" in step]
    assert "bash .ci/run" in run
    said = "\n".join([*run, read(".github/CONTRIBUTING.md")])
    named = re.findall(r"\.ci/\w[\w.]+\w", said)
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_the_version_names_the_commit_of_a_build_or_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "analysis/_bundled").mkdir(parents=True)
    monkeypatch.setattr(terminal, "PACKAGE", tmp_path / "analysis")
    assert call("--version") == f"declines {PROJECT['version']}\n", "neither knows it"
    (tmp_path / ".git").touch()
    assert call("--version") == f"declines {PROJECT['version']}\n", "git does not know it"
    (tmp_path / ".git").unlink()
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "First"], check=True)
    commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True).stdout
    assert call("--version") == f"declines {PROJECT['version']} ({commit.strip()})\n"
    (tmp_path / "analysis/_bundled/.commit").write_text("v1-2-gabc\n")
    assert call("--version") == f"declines {PROJECT['version']} (v1-2-gabc)\n", "of a wheel in a checkout"
