"""The parent of a run's kernels is started while the run is planned, and is gone if it was of no use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from analysis.cli import INPUT_EXIT, main
from analysis.run.kernels import PARENT_VARIABLE
from analysis.run.parent import shared_parent, start_ahead


def _parents() -> set[int]:
    """Give the parents of kernels that this process has."""
    return {
        process.pid for process in psutil.Process().children() if "analysis.run.forking" in " ".join(process.cmdline())
    }


def test_a_run_takes_the_parent_that_was_started_ahead() -> None:
    others = _parents()
    end_unused = start_ahead()
    (ahead,) = _parents() - others
    with shared_parent():
        assert os.environ[PARENT_VARIABLE]
        assert _parents() - others == {ahead}
        end_unused()
        assert _parents() - others == {ahead}
    psutil.wait_procs([psutil.Process(ahead)] if psutil.pid_exists(ahead) else [], timeout=60)
    assert _parents() == others


def test_no_parent_stays_when_nothing_can_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others, started = _parents(), set[int]()

    def start() -> Callable[[], None]:
        end_unused = start_ahead()
        started.update(_parents() - others)
        return end_unused

    monkeypatch.setattr("analysis.run.parent.start_ahead", start)
    result = CliRunner().invoke(main, ["run", "--source", "nowhere", "--out", str(tmp_path / "new")])
    assert result.exit_code == INPUT_EXIT
    assert len(started) == 1
    assert _parents() == others
