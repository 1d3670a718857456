"""Our prose: notebooks of the agreed form, no word that we do not use, no number typed where a fact belongs."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analysis.load.quality import BULK_LEAST
from analysis.periods import SETTLING_DAYS
from analysis.show.sentences import NEVER_IN_OUR_PROSE
from analysis.stats.tests import FALSE_DISCOVERY_RATE

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OUR_MODULES = [
    *sorted(path for room in ("show", "stats", "run") for path in (ROOT / "analysis" / room).rglob("*.py")),
    *(ROOT / "analysis" / name for name in ("cli.py", "errors.py")),
]
TEMPLATES = sorted((ROOT / "analysis" / "run" / "templates").rglob("*.j2"))
FEWEST_CELLS, MOST_CELLS = 15, 30
PARAMETER_TYPES = {"str", "bool", "int", "float"}
# What may stand in prose as a number: a method's constant, each held against the code here.
CONSTANTS = {f"{SETTLING_DAYS}", f"{FALSE_DISCOVERY_RATE:g}", f"{BULK_LEAST}", "95%"}
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
NO_NUMBER = re.compile(
    rf"`[^`]*`|\{{[^}}]*\}}|\bsha256\b|\bI-?247[A-Z]?\b"
    rf"|\b\d{{4}}-\d\d-\d\d\b|\b\d{{1,2}} (?:{MONTHS})\b|\b(?:18|19|20)\d\d\b"
)
TYPED_NUMBER = re.compile(r"\d[\d.,]*%?")
by_name = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


@cache
def cells(notebook: Path) -> list[dict[str, Any]]:
    """Give the cells of a notebook, each source as one text."""
    found = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in found]


def sources(notebook: Path, kind: str) -> list[str]:
    return [cell["source"] for cell in cells(notebook) if cell["cell_type"] == kind]


def code(notebook: Path) -> ast.Module:
    return ast.parse("\n".join(sources(notebook, "code")))


def texts(tree: ast.AST) -> Iterator[str]:
    """Give every text constant that is no docstring; pieces of an f-string one by one."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    # A text that stands alone after an assignment documents it.
    docstrings |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def banned(text: str) -> list[str]:
    """List the words that our prose may not have; code, addresses and the one allowed phrase are taken out first."""
    own = re.sub(r"`[^`]*`|https?://\S+", "", text).casefold().replace("no rate can be given", "")
    return [word for word in NEVER_IN_OUR_PROSE if word in own]


def typed_numbers(text: str) -> list[str]:
    found = (number.rstrip(".,") for number in TYPED_NUMBER.findall(NO_NUMBER.sub("", text)))
    return [number for number in found if number not in CONSTANTS]


def test_the_checks_themselves_can_fail() -> None:
    assert banned("They were released due to a surge") == ["released", "surge", "due to"]
    assert banned("`Early Release` is ICE's label; **no rate can be given**.") == []
    assert typed_numbers("On 1 February 2017, I-247A, 95% and `x = 5` of {n:n}; 28 days") == []
    assert typed_numbers("47 of 2,825 were declined, 1.7%.") == ["47", "2,825", "1.7%"]
    assert list(
        texts(ast.parse('"""doc"""\nx = "said"\n"""about x"""\ndef f():\n    """doc"""\n    return f"a{x}"'))
    ) == [*("said", "a")]


# The form of a notebook.


@by_name
def test_a_notebook_has_one_parameters_cell_of_annotated_literals(notebook: Path) -> None:
    tagged = [cell for cell in cells(notebook) if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1
    assert tagged[0]["cell_type"] == "code"
    lines = tagged[0]["source"].splitlines()
    body = ast.parse(tagged[0]["source"]).body
    assert body
    for node in body:
        assert isinstance(node, ast.AnnAssign), lines[node.lineno - 1]
        assert isinstance(node.target, ast.Name)
        assert isinstance(node.annotation, ast.Name)
        assert node.annotation.id in PARAMETER_TYPES
        assert node.value is not None
        assert type(ast.literal_eval(node.value)).__name__ == node.annotation.id
        assert "  # " in lines[node.lineno - 1], "a parameter says what it is"


@by_name
def test_the_parameters_come_before_any_other_code(notebook: Path) -> None:
    first = next(cell for cell in cells(notebook) if cell["cell_type"] == "code")
    assert "parameters" in first["metadata"].get("tags", [])


@by_name
def test_a_notebook_is_committed_without_outputs(notebook: Path) -> None:
    for cell in cells(notebook):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@by_name
def test_a_notebook_is_short_and_begins_with_a_title_and_a_question(notebook: Path) -> None:
    assert FEWEST_CELLS <= len(cells(notebook)) <= MOST_CELLS
    first = cells(notebook)[0]
    assert first["cell_type"] == "markdown"
    title, _, rest = first["source"].partition("\n")
    assert re.match(r"# \S", title)
    assert "?" in rest
    headings = [line for text in sources(notebook, "markdown") for line in text.splitlines() if line.startswith("#")]
    assert [heading for heading in headings[1:] if not heading.startswith("## ")] == []
    assert len(headings) == len(set(headings))


@by_name
def test_cells_have_ids_that_stay(notebook: Path) -> None:
    ids = [cell["id"] for cell in cells(notebook)]
    assert len(ids) == len(set(ids))
    assert all(ids)


@by_name
def test_a_notebook_reads_as_prose_the_work_stands_in_modules(notebook: Path) -> None:
    nodes = list(ast.walk(code(notebook)))
    assert not [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    assert not [node for node in nodes if isinstance(node, ast.Try | ast.Lambda)]
    named = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    named |= {node.id for node in nodes if isinstance(node, ast.Name)}
    assert not named & {"filterwarnings", "simplefilter", "sys", "today", "now", "get_ipython", "open"}
    assert not [
        line for text in sources(notebook, "code") for line in text.splitlines() if line.lstrip().startswith(("%", "!"))
    ]


@by_name
def test_a_notebook_knows_no_machine(notebook: Path) -> None:
    text = notebook.read_text(encoding="utf-8")
    assert not re.search(r"/home/|/Users/|/tmp/|/work/|[A-Z]:\\\\", text)
    kernel = json.loads(text)["metadata"]["kernelspec"]
    assert kernel["name"] == "python3"


@by_name
def test_the_last_cell_closes_the_sheet(notebook: Path) -> None:
    assert cells(notebook)[-1]["source"].strip() == "sheet.close()"


# Words and numbers.


@by_name
def test_no_banned_word_in_a_notebook(notebook: Path) -> None:
    for text in [*sources(notebook, "markdown"), *texts(code(notebook))]:
        assert banned(text) == [], text


@pytest.mark.parametrize("module", OUR_MODULES, ids=lambda path: path.stem)
def test_no_banned_word_in_what_we_write_for_readers(module: Path) -> None:
    for text in texts(ast.parse(module.read_text(encoding="utf-8"))):
        if text not in NEVER_IN_OUR_PROSE:  # the list itself
            assert banned(text) == [], text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_banned_word_in_a_template(template: Path) -> None:
    assert banned(template.read_text(encoding="utf-8")) == []


@by_name
def test_no_number_is_typed_into_a_notebooks_prose(notebook: Path) -> None:
    for text in sources(notebook, "markdown"):
        assert typed_numbers(text) == [], text


@by_name
def test_no_number_is_typed_into_a_sentence_a_caption_or_a_headline(notebook: Path) -> None:
    for text in texts(code(notebook)):
        if " " in text:  # what a reader sees is more than one word
            assert typed_numbers(text) == [], text


@by_name
def test_no_rate_is_spoken_of_where_none_can_be_given(notebook: Path) -> None:
    if json.loads(notebook.read_text(encoding="utf-8"))["metadata"]["declines"]["clock"] != "recorded":
        return
    everything = [*sources(notebook, "markdown"), *texts(code(notebook))]
    for text in everything:
        assert not re.search(r"\brates?\b", re.sub("no rate can be given", "", text, flags=re.IGNORECASE)), text
    assert any("no rate can be given" in text.casefold() for text in everything)
