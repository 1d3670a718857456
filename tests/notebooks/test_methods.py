"""The documentation of methods: what it calls published is what the reference cases say, and our functions give it."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from papermill import execute_notebook

from analysis.load.files import data_file
from analysis.run.notebooks import find_notebook, sources_for
from analysis.run.pages import files_of
from analysis.show.methods_section import against_published, calibration

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "methods.ipynb"
with (ROOT / "tests" / "cases" / "reference_cases.csv").open(encoding="utf-8", newline="") as lines:
    CASE = {row["case_id"]: row for row in csv.DictReader(lines)}
NUMBER = r"-?\d*\.?\d+(?:e[-+]?\d+)?"
PREFIXES = {*"PCTMNAD"}  # every kind of method; K (Kaplan-Meier) is used by the guard against it alone


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(NUMBER, text)]


def published() -> list[tuple[str, str, float]]:
    """Read the case, the quantity and the published value of every row that the notebook shows."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = ast.parse("\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"))
    calls = [
        node
        for node in ast.walk(code)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "against_published"
    ]
    rows = [row.elts[:3] for call in calls for row in call.args[0].elts]  # type: ignore[attr-defined]
    return [tuple(map(ast.literal_eval, row)) for row in rows]


def test_what_is_called_published_stands_in_the_reference_cases() -> None:
    rows = published()
    assert len(rows) > 30
    assert {case[0] for case, _, _ in rows} == PREFIXES
    for case, quantity, value in rows:
        text = CASE[case]["expected"]
        named = re.search(rf"(?:^|[;\s]){re.escape(quantity)}=({NUMBER})", text)
        assert value in ([float(named[1])] if named else numbers(text)), (case, quantity)


@pytest.mark.slow
def test_our_functions_give_the_published_values(tmp_path: Path) -> None:
    executed = tmp_path / "executed.ipynb"
    execute_notebook(str(NOTEBOOK), str(executed), cwd=str(tmp_path), progress_bar=False, kernel_name="python3")
    files = files_of(nbformat.read(executed, as_version=4))
    tables = [pd.read_csv(io.BytesIO(files[name])) for name in files if name.endswith("_published.csv")]
    shown = pd.concat(tables, ignore_index=True)
    assert len(shown) == len(published())
    for row in shown.itertuples():
        within = numbers(CASE[row.case]["tolerance"])
        least = 1e-6 * abs(row.published)  # the table shows seven digits
        assert abs(row.computed - row.published) <= max([*within[:1], least]), row


def test_a_difference_is_written_without_its_sign() -> None:
    row = against_published([("D-kitagawa", "mix", -0.1425, -0.14251)]).iloc[0]
    assert row[["published", "computed", "difference"]].tolist() == ["-0.1425", "-0.14251", "1.0e-05"]


def test_it_is_run_once_on_its_own_source_and_asks_for_no_week() -> None:
    notebook = find_notebook("methods")
    assert list(sources_for(notebook)) == ["fy2015"]
    assert list(notebook.parameters) == ["png"]


# Calibration ---------------------------------------------------------------------------------------------------------


def test_the_notebook_shows_every_row_of_it() -> None:
    shown = calibration()
    assert len(shown) == len(pd.read_csv(data_file("reference/calibration.csv")))
    assert shown[["promise", "law"]].ne("").all(axis=None)
    assert shown[["result", "mc_error"]].apply(lambda column: column.str.endswith("%")).all(axis=None)


def test_what_makes_data_up_knows_nothing_of_the_methods() -> None:
    for module in sorted((ROOT / "analysis" / "load").glob("synthetic*.py")):
        assert "stats" not in [part for name in imported(module) for part in name.split(".")[1:2]], module


def imported(module: Path) -> set[str]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
