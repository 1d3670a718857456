"""The documentation of methods: every published value from the file that the tests read, none typed."""

from __future__ import annotations

import ast
import re

from test_prose import ROOT, Notebook

import analysis as an
from analysis.load.reference import crosswalk


def test_no_published_value_stands_in_the_notebook_and_every_section_of_the_reference_cases_is_shown() -> None:
    notebook = Notebook(ROOT / "notebooks" / "methods.ipynb")
    constants = [node.value for node in ast.walk(notebook.tree) if isinstance(node, ast.Constant)]
    published = [value for value in crosswalk("reference_cases", "row_id")["published"] if len(value.lstrip("0.")) > 2]
    assert len(published) > 100
    assert not {value for value in constants if isinstance(value, float)} & {float(value) for value in published}
    shown = set(re.findall(r'\bcases\["(.+?)"\]', "\n".join(notebook.lines)))
    assert set(an.reference_cases().index) - {""} == shown - {"difference"}


def test_what_makes_data_up_knows_nothing_of_the_methods() -> None:
    modules = sorted((ROOT / "tests" / "synthetic").glob("*.py"))
    assert modules
    assert not [path for path in modules if "analysis.stats" in path.read_text(encoding="utf-8")]
