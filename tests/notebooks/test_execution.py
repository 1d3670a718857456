"""Every notebook runs, by its defaults and by an awkward set; its facts are those frozen here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from made_up_site import ENTRY
from papermill import execute_notebook
from papermill.exceptions import PapermillExecutionError

from analysis.load.reference import bundled_folder
from analysis.run.notebooks import notebooks
from analysis.run.worker import facts_of, files_of

pytestmark = pytest.mark.slow
FOLDER = Path(__file__).parent
SETS = yaml.safe_load((FOLDER / "parameter_sets.yml").read_text(encoding="utf-8"))
AWKWARD = [(name, parameters) for name in sorted(notebooks()) for parameters in SETS["awkward"][name]]


def _execute(name: str, parameters: dict[str, object], folder: Path) -> nbformat.NotebookNode:
    folder.mkdir(exist_ok=True)
    asked = {"parameters": parameters, "cwd": str(folder), "progress_bar": False, "kernel_name": "python3"}
    execute_notebook(str(bundled_folder("notebooks") / f"{name}.ipynb"), str(folder / "executed.ipynb"), **asked)
    return nbformat.read(folder / "executed.ipynb", as_version=4)


def test_the_tutorial_shows_figures_a_comparison_a_file_of_ones_own_and_a_report(tmp_path: Path) -> None:
    shown = [out for cell in _execute("tutorial", {}, tmp_path).cells for out in cell.get("outputs", [])]
    kinds = [{*out.get("data", {})} for out in shown]
    assert sum({"image/svg+xml", "image/png"} <= kind for kind in kinds) == 2
    assert sum("image/png" in kind for kind in kinds) == 3
    assert facts_of(nbformat.from_dict({"cells": [{"outputs": shown}]}))["report"] == "my_question"
    said = "\n".join(out.get("text") or out["data"]["text/plain"] for out in shown)
    assert re.search(r"\bCO +44 +149 +19 +138\b", said)
    for words in ("(19 of 138): no clear change", "against 44 of 149 in January 2015", "MADE-UP DATA. Tile map"):
        assert words in said


@pytest.mark.parametrize(("name", "parameters"), AWKWARD, ids=str)
def test_awkward_sets(name: str, parameters: dict[str, object], tmp_path: Path) -> None:
    page = files_of(_execute(name, parameters, tmp_path), ENTRY)["report.html"].decode()
    assert not re.search(r">\s*(nan|NaT|None|<NA>)\s*<", page)
    assert 'class="error"' not in page


@pytest.mark.parametrize(
    ("name", "parameters"), [("published_week", {}), ("weekly_bulletin", {"source": "synthetic"})], ids=str
)
def test_two_runs_give_the_same_bytes(name: str, parameters: dict[str, object], tmp_path: Path) -> None:
    one, two = (files_of(_execute(name, parameters, tmp_path / folder), ENTRY) for folder in ("one", "two"))
    assert set(one) == set(two)
    assert [file for file in one if one[file] != two[file]] == ["notebook.ipynb"]  # papermill writes its times there


@pytest.mark.parametrize(("name", "parameters"), SETS["frozen"], ids=str)
def test_frozen_facts(name: str, parameters: dict[str, object], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    facts = facts_of(_execute(name, parameters, tmp_path))["facts"]
    path = FOLDER / "frozen" / f"{name}_{parameters['week']}.json"
    if request.config.getoption("--freeze"):
        path.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    frozen = json.loads(path.read_text(encoding="utf-8"))
    both = {key: (frozen.get(key, "no such fact"), facts.get(key, "no such fact")) for key in frozen | facts}
    changed = {
        key: (then, now)
        for key, (then, now) in both.items()
        if now != (pytest.approx(then, rel=1e-8) if isinstance(then, float) else then)
    }
    assert not changed, "these facts (frozen, now) have changed: is this expected? Then run pytest with --freeze"


@pytest.mark.parametrize(("name", "parameters", "says"), SETS["refused"])
def test_papermill_refuses_a_wrong_value(name: str, parameters: dict[str, object], says: str, tmp_path: Path) -> None:
    with pytest.raises(PapermillExecutionError) as refusal:
        _execute(name, parameters, tmp_path)
    assert refusal.value.ename == "InputError"
    assert says in refusal.value.evalue
    executed = nbformat.read(tmp_path / "executed.ipynb", as_version=4)
    errors = [out for cell in executed.cells for out in cell.get("outputs", []) if out.output_type == "error"]
    assert [error.traceback for error in errors] == [[f"InputError: {refusal.value.evalue}"]]
