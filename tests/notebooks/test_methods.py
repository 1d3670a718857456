"""The documentation of methods: every published value from the file that the tests read, none typed."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import analysis as an
from analysis.load.reference import crosswalk

ROOT = Path(__file__).resolve().parents[2]
CELLS = json.loads((ROOT / "notebooks" / "methods.ipynb").read_text(encoding="utf-8"))["cells"]
CODE = "\n".join("".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code")


def test_no_published_value_stands_in_the_notebook_and_every_section_of_the_reference_cases_is_shown() -> None:
    constants = [node.value for node in ast.walk(ast.parse(CODE)) if isinstance(node, ast.Constant)]
    published = [value for value in crosswalk("reference_cases", "row_id")["published"] if len(value.lstrip("0.")) > 2]
    assert len(published) > 100
    assert not {value for value in constants if isinstance(value, float)} & {float(value) for value in published}
    assert set(an.reference_cases().index) - {""} == set(re.findall(r'\bcases\["(.+?)"\]', CODE)) - {"difference"}


def test_what_makes_data_up_knows_nothing_of_the_methods() -> None:
    modules = sorted((ROOT / "tests" / "synthetic").glob("*.py"))
    assert modules
    assert not [path for path in modules if "analysis.stats" in path.read_text(encoding="utf-8")]
