"""Signals and streams that take no more: one line, an exit code of its own, and nothing is left."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from faulty_commands import COMMAND, TRIES, end, start
from synthetic import generate, write_release

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def stopped(tmp: Path, chance: random.Random, *arguments: object, within: float) -> None:
    """Start a command and stop it, once or twice, alone or with what it started: one line, and no temporary file."""
    number = chance.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    to, twice = chance.choice([os.kill, os.killpg]), chance.random() < 0.5
    process = start(tmp, *arguments)
    time.sleep(0.2 + chance.choice([1, within]) * chance.random())  # the first second is full of imports
    begun = time.monotonic()
    for _ in range(1 + twice):
        if process.poll() is None:
            to(process.pid, number)
    told = end(process, tmp)
    if told.code:  # else it was done
        assert told.code == (130 if number == signal.SIGINT else 143), told
        assert (told.err.count("\n"), "stopped" in told.err) == (1, True), told
    assert time.monotonic() - begun < 3
    assert [*tmp.iterdir()] == []


@pytest.mark.parametrize("seed", range(TRIES))
def test_a_signal_at_any_moment_ends_a_run_in_one_line(tmp_path: Path, seed: int) -> None:
    out = tmp_path / "out"
    stopped(tmp_path / "t", random.Random(seed), "run", "published_week", "--jobs", "2", "--out", out, within=8)
    assert [path for path in out.rglob(".*") if path.name != ".site.json"] == []


@pytest.mark.parametrize("seed", range(TRIES // 3))
def test_a_signal_at_any_moment_ends_an_import_in_one_line(tmp_path: Path, seed: int) -> None:
    data, release = tmp_path / "data", tmp_path / "release.csv"
    write_release(generate(5, detainers=3000).release, release)
    asked = "import", release, "--name", "made-up", "--data-dir", data
    stopped(tmp_path / "t", random.Random(seed), *asked, within=4)
    assert {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_dir()} <= {
        "made-up",
        "made-up/v001",
    }
    assert [*data.rglob(".*")] == []


@pytest.mark.parametrize(
    ("arguments", "redirected", "code", "says"),
    [
        ("list", "| true", 3, "declines: stopped: what it says cannot be written: Broken pipe\n"),
        ("list", "> /dev/full", 3, "declines: stopped: what it says cannot be written: No space left on device\n"),
        ("list", ">&-", 3, "declines: stopped: what it says cannot be written: Bad file descriptor\n"),
        ("--version", "> /dev/full", 3, "declines: stopped: what it says cannot be written: No space left on device\n"),
        ("list", "2>&- > /dev/null", 0, ""),
        ("run --weeks none", "2>&-", 2, ""),
        ("run --weeks none", "2> /dev/full", 3, ""),
    ],
)
def test_a_stream_that_takes_no_more_has_an_exit_code(arguments: str, redirected: str, code: int, says: str) -> None:
    shell = f'set -o pipefail; "$0" "$1" "$2" {arguments} {redirected}'
    told = subprocess.run(["bash", "-c", shell, *COMMAND], capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stderr) == (code, says)
