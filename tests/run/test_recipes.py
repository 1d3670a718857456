"""The README's recipes for schedulers, run as they stand there but for names and folders."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from synthetic import generate, write_release

from analysis.run.plan import read_manifest

pytestmark = pytest.mark.slow

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "DECLINES_DATA_DIR": str(folder / "sources")}
    return subprocess.run(["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True)


def test_the_line_for_cron_makes_reports_once_and_says_nothing_aloud(tmp_path: Path) -> None:
    (line,) = re.findall(r"^    0 6 \* \* 1 +(.*)$", README, re.MULTILINE)
    made_up = generate(3, detainers=4000).release
    write_release(made_up, tmp_path / "detainers.csv")
    line = line.replace("/srv/declines", str(tmp_path)).replace("/srv/inbox/detainers.xlsx", "detainers.csv")
    done = shell(line, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    first = read_manifest(tmp_path / "reports")
    assert {entry.source for entry in first.values()} == {"ice"}
    done = shell(line, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert read_manifest(tmp_path / "reports") == first, "the same file again makes nothing"


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
