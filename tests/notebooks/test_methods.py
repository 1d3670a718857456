"""The documentation of methods: every published value from the file that the tests read, none typed."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import analysis as an
from analysis.load.reference import crosswalk

ROOT = Path(__file__).resolve().parents[2]
CELLS = json.loads((ROOT / "notebooks" / "methods.ipynb").read_text(encoding="utf-8"))["cells"]
CODE = ast.parse("\n".join("".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"))


def test_no_published_value_stands_in_the_notebook() -> None:
    typed = {node.value for node in ast.walk(CODE) if isinstance(node, ast.Constant) and isinstance(node.value, float)}
    published = [value for value in crosswalk("reference_cases", "row_id")["published"] if len(value.lstrip("0.")) > 2]
    assert len(published) > 100
    assert not typed & {float(value) for value in published}


def test_every_section_of_the_reference_cases_is_shown() -> None:
    shown = {
        node.slice.value
        for node in ast.walk(CODE)
        if isinstance(node, ast.Subscript)
        and ast.unparse(node.value) == "cases"
        and isinstance(node.slice, ast.Constant)
    }
    assert set(an.reference_cases().index) - {""} == shown - {"difference"}


def test_what_makes_data_up_knows_nothing_of_the_methods() -> None:
    for module in sorted((ROOT / "tests" / "synthetic").glob("*.py")):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        names = [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        assert not [name for name in names if name.startswith("analysis.stats")], module
