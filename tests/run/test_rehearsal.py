"""A rehearsal goes through every cell of the bulletin, shows what it shows, and forgets what it read."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import matplotlib as mpl
import pytest

from analysis.load.reference import crosswalk
from analysis.run import rehearsal
from analysis.show.sheet import Sheet


def test_it_comes_to_the_last_cell_and_forgets_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[object] = []
    close = Sheet.close

    def closing(sheet: Sheet) -> object:
        closed.append(close(sheet))
        return closed[-1]

    monkeypatch.setattr(Sheet, "close", closing)
    before = dict(mpl.rcParams), sys.displayhook, list(warnings.filters)
    rehearsal.rehearse()
    assert len(closed) == 1
    assert (dict(mpl.rcParams), sys.displayhook, list(warnings.filters)) == before
    assert crosswalk.cache_info().currsize == 0


def test_what_fails_in_a_cell_is_raised_and_all_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = '{"cells": [{"cell_type": "code", "source": ["import sys\\n", "sys.nowhere"]}]}'
    (tmp_path / rehearsal.NOTEBOOK).write_text(notebook)
    monkeypatch.setattr(rehearsal, "bundled_folder", lambda name: tmp_path)
    crosswalk("states", "postal")
    shows = sys.displayhook
    with pytest.raises(AttributeError, match="nowhere"):
        rehearsal.rehearse()
    assert sys.displayhook is shows
    assert crosswalk.cache_info().currsize == 0
