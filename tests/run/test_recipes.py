"""The recipes for schedulers, the README's and the weekly workflow, run as they stand but for names and folders."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from synthetic import generate, write_release
from test_repository import steps

from analysis.run.plan import PAGE, read_manifest

pytestmark = pytest.mark.slow

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


APART = ["unshare", "--map-root-user", "--net"]
REACH = "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"  # which sends nothing


def shell(command: str, folder: Path, *apart: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "DECLINES_DATA_DIR": str(folder / "sources"), "LINK": "detainers.csv"}
    return subprocess.run([*apart, "bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("recipe", ["cron", "workflow"])
def test_a_recipe_makes_reports_once_without_a_network_and_says_nothing_aloud(recipe: str, tmp_path: Path) -> None:
    write_release(generate(3, detainers=4000).release, tmp_path / "detainers.csv")
    lines = re.findall(r"^    0 6 \* \* 1 +(.*)$", README, re.MULTILINE)
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


def test_the_check_for_airflow_skips_only_where_nothing_is_due(tmp_path: Path) -> None:
    check, make = (
        re.sub(r"--source ice", "published_week", command)
        for command in re.findall(r'bash_command="(.*?)"[,)]', README)
    )
    assert shell(check, tmp_path).returncode == 0
    assert shell(make, tmp_path).returncode == 0
    assert shell(check, tmp_path).returncode == 99
    assert shell(check.replace("published_week", "no_such_notebook"), tmp_path).returncode == 0, "so that the run fails"
    assert shell(make.replace("published_week", "no_such_notebook"), tmp_path).returncode == 2
