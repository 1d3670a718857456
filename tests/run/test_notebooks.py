"""Notebooks declare what they may be asked; what they cannot be asked is refused before any kernel starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_notebooks import write_notebook

from analysis.errors import InputError
from analysis.load.reference import groups, states
from analysis.run.notebooks import find_notebook, read_notebook, sources_for
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
