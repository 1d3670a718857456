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

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.mark.parametrize("seed", range(TRIES))
def test_a_signal_at_any_moment_ends_a_run_in_one_line(tmp_path: Path, seed: int) -> None:
    chance, out, tmp = random.Random(seed), tmp_path / "out", tmp_path / "t"
    number = chance.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    to, twice = chance.choice([os.kill, os.killpg]), chance.random() < 0.5
    process = start(tmp, "run", "published_week", "--jobs", "2", "--out", out)
    time.sleep(0.2 + chance.choice([1, 8]) * chance.random())  # the first second is full of imports
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
    assert [path for path in out.rglob(".*") if path.name != ".site.json"] == []


@pytest.mark.parametrize(
    ("arguments", "redirected", "code", "says"),
    [
        ("list", "| head -1", 3, "declines: stopped: what it says cannot be written: Broken pipe\n"),
        ("list", "> /dev/full", 3, "declines: stopped: what it says cannot be written: No space left on device\n"),
        ("list", ">&-", 3, "declines: stopped: what it says cannot be written: Bad file descriptor\n"),
        ("--version", "> /dev/full", 3, "declines: stopped: what it says cannot be written: No space left on device\n"),
        ("list", "2>&- > /dev/null", 0, ""),
        ("run --weeks none", "2>&-", 2, ""),
        ("run --weeks none", "2> /dev/full", 3, ""),
    ],
)
def test_a_stream_that_takes_no_more_has_an_exit_code_of_its_own(
    arguments: str, redirected: str, code: int, says: str
) -> None:
    shell = f'set -o pipefail; "$0" "$1" "$2" {arguments} {redirected}'
    told = subprocess.run(["bash", "-c", shell, *COMMAND], capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stderr) == (code, says)
