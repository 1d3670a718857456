"""Notebooks declare what they may be asked; what they cannot be asked is refused before any kernel starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_notebooks import write_notebook

from analysis.errors import InputError
from analysis.load.reference import groups, states
from analysis.run import notebooks as notebooks_module
from analysis.run.notebooks import find_notebook, notebooks, read_notebook, sources_for
from analysis.run.plan import each


def test_sources_that_fit_a_notebook_a_state_by_code_name_or_fips_and_an_offence_group_by_id_or_label() -> None:
    fitting = {
        "published_week": "published-2017",
        "offence_profile": "synthetic",
        "compare_releases.ipynb": "synthetic",
    }
    assert {name: ", ".join(sources_for(find_notebook(name))) for name in fitting} == fitting
    assert each("state", ["DC", "dc", "District of Columbia", "district of columbia", "11"]) == ["DC"]
    assert each("offence", ["DUI", "dui", "driving under the influence"]) == ["DUI"]
    assert each("state", ["TX", "each"]) == ["TX", *states().index.drop("TX")]
    assert each("offence", ["each"]) == list(groups().index)
    assert each("state", []) == []


@pytest.mark.parametrize(
    "line", ["week = '2015-06-20'", "week: str = str(1)", "import os", "week: date = '2015'", "n: bool = not True"]
)
def test_a_parameters_cell_holds_annotated_literals_only(tmp_path: Path, line: str) -> None:
    path = write_notebook(tmp_path / "made.ipynb")
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][1]["source"] = line
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="more than annotated literals: found"):
        read_notebook(path)


def test_a_damaged_notebook_is_named_and_passed_over_and_one_that_makes_no_reports_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_notebook(tmp_path / "ours.ipynb")
    (tmp_path / "Untitled.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    monkeypatch.setattr(notebooks_module, "bundled_folder", lambda _: tmp_path)
    monkeypatch.setattr(notebooks_module, "notebooks", notebooks.__wrapped__)
    (tmp_path / "cut.ipynb").write_text('{"cells": [')
    assert list(notebooks_module.notebooks()) == ["ours"]
    assert capsys.readouterr().err.startswith(
        f"declines: passed over: {tmp_path / 'cut.ipynb'}: the notebook is damaged"
    )
    with pytest.raises(InputError, match=r"Untitled\.ipynb: its metadata have no block 'declines'"):
        find_notebook("Untitled")
