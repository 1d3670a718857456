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
from our_words import NEVER_IN_OUR_PROSE

from analysis.load.quality import BULK_LEAST
from analysis.periods import SETTLING_DAYS
from analysis.stats.disclosure import THRESHOLD
from analysis.stats.tests import FALSE_DISCOVERY_RATE

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OUR_MODULES = [
    *sorted(path for room in ("show", "stats", "run") for path in (ROOT / "analysis" / room).rglob("*.py")),
    *(ROOT / "analysis" / name for name in ("cli.py", "errors.py")),
]
TEMPLATES = sorted((ROOT / "analysis" / "run" / "templates").rglob("*.j2"))
WORDS = [ROOT / "data" / "reference" / name for name in ("captions.yml", "columns.csv", "figures.yml")]
BUDGETS = {
    **{"weekly_bulletin": (50, 22), "state_profile": (40, 20), "offence_profile": (40, 20), "published_week": (50, 22)},
    **{"release_quality": (35, 20), "compare_releases": (35, 20), "methods": (90, 35)},
}
"""Lines of code and cells of a notebook, at most."""
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


@by_name
def test_a_notebook_begins_with_a_title_a_question_and_one_cell_of_annotated_literals(notebook: Path) -> None:
    headings = [line for text in sources(notebook, "markdown") for line in text.splitlines() if line.startswith("#")]
    assert cells(notebook)[0]["cell_type"] == "markdown"
    assert re.match(r"# \S.*\n[\s\S]*\?", cells(notebook)[0]["source"])
    assert [heading for heading in headings[1:] if not heading.startswith("## ")] == []
    assert len(headings) == len(set(headings))
    first, *others = [cell for cell in cells(notebook) if cell["cell_type"] == "code"]
    assert "parameters" in first["metadata"].get("tags", [])
    assert not [cell for cell in others if "parameters" in cell["metadata"].get("tags", [])]
    assert others[-1] is cells(notebook)[-1]
    assert others[-1]["source"].strip().splitlines()[-1] == "report.close()"
    lines, body = first["source"].splitlines(), ast.parse(first["source"]).body
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
def test_a_notebook_is_short_and_committed_without_outputs_and_knows_no_machine(notebook: Path) -> None:
    most, most_cells = BUDGETS[notebook.stem]
    assert len([line for text in sources(notebook, "code") for line in text.splitlines() if line.strip()]) <= most
    assert len(cells(notebook)) <= most_cells
    made = [cell for cell in cells(notebook) if cell["cell_type"] == "code"]
    assert not [cell for cell in made if cell["outputs"] or cell["execution_count"] is not None]
    ids = [cell["id"] for cell in cells(notebook)]
    assert all(ids)
    assert len(ids) == len(set(ids))
    text = notebook.read_text(encoding="utf-8")
    assert not re.search(r"/home/|/Users/|/tmp/|/work/|[A-Z]:\\\\", text)
    assert json.loads(text)["metadata"]["kernelspec"]["name"] == "python3"


@by_name
def test_a_notebook_reads_as_prose_the_work_stands_in_modules(notebook: Path) -> None:
    nodes = list(ast.walk(code(notebook)))
    work = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Try | ast.Lambda
    assert not [node for node in nodes if isinstance(node, work)]
    named = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    named |= {node.id for node in nodes if isinstance(node, ast.Name)}
    assert not named & {"filterwarnings", "simplefilter", "sys", "today", "now", "get_ipython", "open"}
    assert not [text for text in sources(notebook, "code") if re.search(r"^\s*[%!]", text, flags=re.MULTILINE)]
    found = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [(getattr(node, "module", None), alias.name) for node in found for alias in node.names]
    ours = {(module, name) for module, name in names if "analysis" in f"{module}.{name}"}
    assert ours >= {(None, "analysis")}
    ours -= {(None, "analysis"), ("analysis", "plot"), ("analysis", "sentences"), ("analysis.show", "data_sentences")}
    assert not ours or notebook.stem == "methods", ours  # it shows the methods themselves


# Words and numbers.


@by_name
def test_a_notebook_has_no_banned_word_and_no_typed_number(notebook: Path) -> None:
    prose, said = sources(notebook, "markdown"), list(texts(code(notebook)))
    for text in [*prose, *said]:
        assert banned(text) == [], text
    for text in [*prose, *(text for text in said if " " in text and not re.search("[<>=]=", text))]:
        assert typed_numbers(text) == [], text
    if json.loads(notebook.read_text(encoding="utf-8"))["metadata"]["declines"]["clock"] == "recorded":
        everything = re.sub("no rate can be given", "NONE", "\n".join([*prose, *said]), flags=re.IGNORECASE)
        assert "NONE" in everything
        assert not re.search(r"\brates?\b", everything)


@pytest.mark.parametrize("written", [*OUR_MODULES, *TEMPLATES, *WORDS], ids=lambda path: path.name)
def test_no_banned_word_in_what_we_write_for_readers(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    for one in texts(ast.parse(text)) if written.suffix == ".py" else [text]:
        assert banned(one) == [], one


def test_no_number_is_typed_into_a_caption() -> None:
    captions = (ROOT / "data" / "reference" / "captions.yml").read_text(encoding="utf-8")
    for line in captions.splitlines():
        assert set(typed_numbers(line)) <= {"1", f"{THRESHOLD - 1}"}, line
