"""Our prose: notebooks of the agreed form, no word that we do not use, no number typed where a fact belongs."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from our_words import NEVER_IN_OUR_PROSE

import analysis as an
from analysis.load.quality import BULK_LEAST
from analysis.load.reference import crosswalk
from analysis.periods import SETTLING_DAYS
from analysis.run.lint import problems
from analysis.stats.comparisons import FALSE_DISCOVERY_RATE
from analysis.stats.counts import TREND_WEEKS
from analysis.stats.disclosure import THRESHOLD

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = [path for room in ("show", "stats", "run") for path in sorted((ROOT / "analysis" / room).rglob("*.py"))]
WRITTEN += [ROOT / "analysis" / name for name in ("cli.py", "errors.py")]
WRITTEN += sorted((ROOT / "analysis" / "run" / "templates").rglob("*.j2"))
IN_DATA = ("captions.yml", "columns.csv", "figures.yml", "week_words.csv")
WRITTEN += [ROOT / "data" / "reference" / name for name in IN_DATA]
BUDGETS = pd.read_csv(ROOT / "tests" / "cases" / "budgets.csv", index_col="notebook")
"""Lines of code and cells of a notebook, at most."""
# What may stand in prose as a number: a method's constant, each held against the code here.
CONSTANTS = {f"{SETTLING_DAYS}", f"{FALSE_DISCOVERY_RATE:g}", f"{BULK_LEAST}", f"{TREND_WEEKS}", "95%"}
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
NO_NUMBER = re.compile(
    rf"`[^`]*`|\{{[^}}]*\}}|\bsha256\b|\bI-?247[A-Z]?\b"
    rf"|\b\d{{4}}-\d\d-\d\d\b|\b\d{{1,2}} (?:{MONTHS})\b|\b(?:18|19|20)\d\d\b"
)


class Notebook:
    def __init__(self, path: Path) -> None:
        self.path, self.text, self.name = path, path.read_text(encoding="utf-8"), path.stem
        self.metadata: dict[str, Any] = json.loads(self.text)["metadata"]
        self.cells = [cell | {"source": "".join(cell["source"])} for cell in json.loads(self.text)["cells"]]
        self.code = [cell for cell in self.cells if cell["cell_type"] == "code"]
        self.prose = [cell["source"] for cell in self.cells if cell["cell_type"] == "markdown"]
        self.lines = [line for cell in self.code for line in cell["source"].splitlines() if line.strip()]
        self.tree = ast.parse("\n".join(cell["source"] for cell in self.code))


NOTEBOOKS = [Notebook(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
by_name = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.name)


def texts(tree: ast.AST) -> Iterator[str]:
    """Give every text constant but docstrings and texts that document what they follow; pieces of f-strings."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def banned(text: str) -> list[str]:
    """List the words that our prose may not have; code, addresses and the one allowed phrase are taken out first."""
    own = re.sub(r"`[^`]*`|https?://\S+", "", text).casefold().replace("no rate can be given", "")
    return [word for word in NEVER_IN_OUR_PROSE if word in own]


def typed_numbers(text: str) -> list[str]:
    found = (number.rstrip(".,") for number in re.findall(r"\d[\d.,]*%?", NO_NUMBER.sub("", text)))
    return [number for number in found if number not in CONSTANTS]


def test_the_checks_themselves_can_fail() -> None:
    assert {notebook.name for notebook in NOTEBOOKS} == {*BUDGETS.index}
    assert banned("They were released due to a surge") == ["released", "surge", "due to"]
    assert banned("`Early Release` is ICE's label; **no rate can be given**.") == []
    assert typed_numbers("On 1 February 2017, I-247A, 95% and `x = 5` of {n:n}; 28 days") == []
    assert typed_numbers("47 of 2,825 were declined, 1.7%.") == ["47", "2,825", "1.7%"]
    code = '"""doc"""\nx = "said"\n"""about x"""\ndef f():\n    """doc"""\n    return f"a{x}"'
    assert list(texts(ast.parse(code))) == ["said", "a"]


@by_name
def test_a_notebook_begins_with_a_title_a_question_and_one_cell_of_explained_parameters(notebook: Notebook) -> None:
    assert [str(problem) for problem in problems(notebook.path, "declines" in notebook.metadata)] == []
    headings = [line for text in notebook.prose for line in text.splitlines() if line.startswith("#")]
    assert re.match(r"# \S.*\n[\s\S]*\?", notebook.cells[0]["source"])
    assert all(heading.startswith("## ") for heading in headings[1:])
    assert len(headings) == len(set(headings))
    if "declines" not in notebook.metadata:  # no report is made of it
        return
    tagged = ["parameters" in cell["metadata"].get("tags", []) for cell in notebook.code]
    assert tagged == [True] + [False] * (len(tagged) - 1)
    assert notebook.code[-1] is notebook.cells[-1]
    parameters = re.compile(r"\w+: (str = \".*\"|bool = (True|False)|int = -?\d+|float = [\d.]+)  # .+")
    assert all(map(parameters.fullmatch, notebook.code[0]["source"].splitlines())), "each says what it is"


@by_name
def test_a_notebook_is_short_without_work_of_its_own(notebook: Notebook) -> None:
    most, most_cells = BUDGETS.loc[notebook.name]
    assert len(notebook.lines) <= most
    assert len(notebook.cells) <= most_cells
    assert not re.search(r"/home/|/Users/|/tmp/|/work/|[A-Z]:\\\\", notebook.text)
    nodes = list(ast.walk(notebook.tree))
    assert not [node for node in nodes if isinstance(node, ast.Try | ast.Lambda)]
    named = {getattr(node, "attr", getattr(node, "id", "")) for node in nodes}
    assert not named & {"filterwarnings", "simplefilter", "sys", "today", "now", "get_ipython", "open"}
    assert not [line for line in notebook.lines if line.lstrip().startswith(("%", "!"))]
    found = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [(getattr(node, "module", None), alias.name) for node in found for alias in node.names]
    ours = {f"{module}.{name}" for module, name in names if "analysis" in f"{module}.{name}"}
    assert "None.analysis" in ours
    others = {(module or name).split(".")[0] for module, name in names} - {"analysis", *sys.stdlib_module_names}
    assert others <= {"pandas", "numpy", "matplotlib", "seaborn"}, "more than is installed with the package"
    ours -= {"None.analysis", "analysis.plot", "analysis.sentences", "analysis.show.sentences"}
    assert not ours or notebook.name == "methods", ours  # it shows the methods themselves


@by_name
def test_a_notebook_has_no_banned_word_and_no_typed_number(notebook: Notebook) -> None:
    said = list(texts(notebook.tree))
    for text in [*notebook.prose, *said]:
        assert banned(text) == [], text
    for text in [*notebook.prose, *(text for text in said if " " in text and not re.search("[<>=]=", text))]:
        assert typed_numbers(text) == [], text
    if notebook.metadata.get("declines", {}).get("clock") == "recorded":
        everything = re.sub("no rate can be given", "NONE", "\n".join([*notebook.prose, *said]), flags=re.IGNORECASE)
        assert "NONE" in everything
        assert not re.search(r"\brates?\b", everything)


def test_no_banned_word_in_what_we_write_for_readers_and_no_number_typed_into_a_caption() -> None:
    for written in WRITTEN:
        text = written.read_text(encoding="utf-8")
        for one in texts(ast.parse(text)) if written.suffix == ".py" else [text]:
            assert banned(one) == [], (written, one)
    for line in (ROOT / "data" / "reference" / "captions.yml").read_text(encoding="utf-8").splitlines():
        assert set(typed_numbers(line)) <= {"1", f"{THRESHOLD - 1}"}, line


def test_no_published_value_stands_in_the_notebook_and_every_section_of_the_reference_cases_is_shown() -> None:
    (notebook,) = (notebook for notebook in NOTEBOOKS if notebook.name == "methods")
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
