"""What stands around the package: the locks, what is cited, the workflows, and what ``declines --version`` says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from synthetic import generate, write_release
from test_cli import call

from analysis.run import terminal
from analysis.run.plan import PAGE, read_manifest

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


# The recipes for schedulers, the README's and the weekly workflow, run as they stand but for names and folders.
APART = ["unshare", "--map-root-user", "--net"]
REACH = "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"  # which sends nothing


def shell(command: str, folder: Path, *apart: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "DECLINES_DATA_DIR": str(folder / "sources"), "LINK": "detainers.csv"}
    return subprocess.run([*apart, "bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["cron", "workflow"])
def test_a_recipe_makes_reports_once_without_a_network_and_says_nothing_aloud(recipe: str, tmp_path: Path) -> None:
    write_release(generate(3, detainers=4000).release, tmp_path / "detainers.csv")
    lines = re.findall(r"^    0 6 \* \* 1 +(.*)$", read("README.md"), re.MULTILINE)
    if recipe == "workflow":
        lines = [step["run"] for step in steps("weekly") if step.get("run", "").startswith("declines ")]
        assert [line.split()[1] for line in lines] == ["check", "import", "run"]
    command = "\n".join(["set -e", *lines])
    command = command.replace("/srv/declines", str(tmp_path)).replace("/srv/inbox/detainers.xlsx", "detainers.csv")
    apart = APART if shutil.which(APART[0]) and shell("true", tmp_path, *APART).returncode == 0 else []
    assert not apart or shell(f'{sys.executable} -c "{REACH}"', tmp_path, *apart).returncode == 1
    made = []
    for _ in range(2):
        done = shell(command, tmp_path, *apart)
        assert (done.returncode, done.stderr) == (0, "")
        made.append(read_manifest(tmp_path / "reports"))
    assert made[0] == made[1], "the same file again makes nothing"
    assert {(entry.source, entry.outcome) for entry in made[0].values()} == {("ice", "made")}
    assert all((tmp_path / "reports" / folder / PAGE).is_file() for folder in made[0])


@pytest.mark.slow
def test_the_check_for_airflow_skips_only_where_nothing_is_due(tmp_path: Path) -> None:
    check, make = (
        re.sub(r"--source ice", "published_week", command)
        for command in re.findall(r'bash_command="(.*?)"[,)]', read("README.md"))
    )
    assert shell(check, tmp_path).returncode == 0
    assert shell(make, tmp_path).returncode == 0
    assert shell(check, tmp_path).returncode == 99
    assert shell(check.replace("published_week", "no_such_notebook"), tmp_path).returncode == 0, "so that the run fails"
    assert shell(make.replace("published_week", "no_such_notebook"), tmp_path).returncode == 2
