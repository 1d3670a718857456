"""Parameters are declared in the notebooks and checked before any kernel starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_notebooks import write_notebook

from analysis.errors import InputError
from analysis.run.parameters import check_parameters, find_notebook, notebooks, read_notebook, sources_for


def test_what_the_notebooks_declare() -> None:
    assert find_notebook("weekly_bulletin").parameter_names() == ["source", "week", "repeats", "png"]
    assert find_notebook("published_week.ipynb").parameter_names() == ["week", "png"]
    for notebook in notebooks().values():
        assert all(parameter.comment for parameter in notebook.parameters)


def test_defaults_are_filled_in_and_resolved() -> None:
    asked = check_parameters(find_notebook("weekly_bulletin"), {"source": "fy2015"})
    assert asked == {"source": "fy2015", "week": "2015-06-20", "repeats": "left out", "png": False}


@pytest.mark.parametrize("given", ["DC", "dc", "District of Columbia", "district of columbia", "11"])
def test_a_state_by_code_name_or_fips(given: str) -> None:
    assert check_parameters(find_notebook("state_profile"), {"source": "fy2015", "state": given})["state"] == "DC"


@pytest.mark.parametrize("given", ["DUI", "dui", "driving under the influence"])
def test_an_offence_group_by_id_or_label(given: str) -> None:
    assert check_parameters(find_notebook("offence_profile"), {"offence": given})["offence"] == "DUI"


def test_papermill_turned_fips_06_into_a_number() -> None:
    asked = check_parameters(find_notebook("state_profile"), {"source": "fy2015", "state": 6})
    assert asked["state"] == "CA"


@pytest.mark.parametrize(
    ("notebook", "given", "says"),
    [
        ("state_profile", {"stat": "CA"}, ["'stat'", "did you mean 'state'?"]),
        ("weekly_bulletin", {"state": "CA"}, ["unknown parameter of weekly_bulletin 'state'", "source, week, repeats"]),
        ("weekly_bulletin", {"source": "fy2015", "week": "2015-06-21"}, ["Sunday", "2015-06-20"]),
        ("weekly_bulletin", {"source": "fy2015", "week": "2016-01-02"}, ["2016-01-02", "2014-09-27", "2015-07-18"]),
        ("weekly_bulletin", {"source": "fy2015", "week": "last week"}, ["'last week'", "YYYY-MM-DD"]),
        ("state_profile", {"source": "fy2015", "state": "Texass"}, ["'Texass'", "did you mean 'Texas'?", "Wyoming"]),
        ("state_profile", {"source": "fy2015", "state": "ZZ"}, ["'ZZ'", "AL", "WY"]),
        ("state_profile", {"source": "fy2015", "state": False}, ["state"]),
        ("weekly_bulletin", {"source": "fy2051"}, ["'fy2051'", "fy2015", "declines list"]),
        ("weekly_bulletin", {"source": "published-2017"}, ["published-2017", "fy2015"]),
        ("weekly_bulletin", {"source": "fy2015", "png": "perhaps"}, ["'png'", "perhaps"]),
        ("state_profile", {"state": "all"}, ["unknown state 'all'", "WY"]),
        ("offence_profile", {"offence": "DIU"}, ["did you mean 'DUI'?", "HOMICIDE", "Driving under the influence"]),
        ("offence_profile", {"source": "fy2015"}, ["'fy2015' records no offences", "synthetic"]),
        ("published_week", {"week": "2017-02-18"}, ["2017-02-18", "2017-01-28", "2017-02-11"]),
        ("published_week", {"week": "2017-02-03"}, ["Friday", "2017-01-28"]),
    ],
)
def test_what_is_refused_and_how(notebook: str, given: dict[str, object], says: list[str]) -> None:
    with pytest.raises(InputError) as refusal:
        check_parameters(find_notebook(notebook), given)
    for words in says:
        assert words in str(refusal.value)


def test_an_unknown_notebook_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'weekly_bulletin'"):
        find_notebook("weekly_buletin")


def test_sources_by_clock() -> None:
    assert list(sources_for(find_notebook("published_week"))) == ["published-2017"]
    assert "fy2015" in sources_for(find_notebook("weekly_bulletin"))
    assert list(sources_for(find_notebook("offence_profile"))) == ["synthetic"]


def _notebook(folder: Path, parameters: str) -> Path:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# Title"},
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": parameters, "outputs": []},
    ]
    path = folder / "made.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {"declines": {"clock": "issued"}}}))
    return path


@pytest.mark.parametrize("line", ["week = '2015-06-20'", "week: str = str(1)", "import os", "week: date = '2015'"])
def test_a_parameters_cell_holds_annotated_literals_only(tmp_path: Path, line: str) -> None:
    with pytest.raises(InputError, match="more than annotated literals: found"):
        read_notebook(_notebook(tmp_path, line))


def test_a_damaged_notebook_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.ipynb"
    path.write_text('{"cells": [')
    with pytest.raises(InputError, match=r"cut\.ipynb: the notebook is damaged"):
        read_notebook(path)


def test_other_notebooks_that_lie_beside_ours_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_notebook(tmp_path / "ours.ipynb")
    (tmp_path / "Untitled.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    monkeypatch.setattr("analysis.run.parameters.bundled_folder", lambda _: tmp_path)
    notebooks.cache_clear()
    try:
        assert list(notebooks()) == ["ours"]
    finally:
        notebooks.cache_clear()


def test_a_notebook_without_a_title_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"untitled\.ipynb: the notebook's first cell needs a title"):
        read_notebook(write_notebook(tmp_path / "untitled.ipynb", text="No title"))
