"""The rooms of the package: who may import whom, and where the notebook machinery may stand."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "analysis"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if "_bundled" not in path.parts
}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MAY_IMPORT = {
    "load": {"load"},
    "stats": {"load", "stats"},
    "show": {"load", "stats", "show"},
    "run": {"load", "stats", "show", "run"},
    "cli": {"load", "stats", "show", "run"},
}
NOTEBOOK_MACHINERY = {"papermill", "nbformat", "nbconvert", "nbclient", "IPython", "ipykernel", "jupyter_client"}
DRAWING = {"matplotlib", "seaborn"}
IN_NOTEBOOKS = {"pandas", "numpy", "matplotlib", "seaborn"}
VAGUE = {"utils", "util", "helper", "helpers", "common", "misc", "process", "tools"}


def imported(source: str) -> set[str]:
    """List every module that a source imports, wherever the statement stands; ``from a import b`` is both a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import in line {node.lineno}"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def room(module: str) -> str:
    """Name the room that a module of ours stands in; blank for the package's own top level."""
    parts = module.split(".")
    return parts[1] if parts[0] == "analysis" and len(parts) > 1 and parts[1] in MAY_IMPORT else ""


def code_of(notebook: Path) -> str:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


IMPORTS = {name: imported(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def test_there_is_something_to_look_at() -> None:
    assert {room(name) for name in MODULES} == {"", *MAY_IMPORT}
    assert {path.stem for path in NOTEBOOKS} >= {"published_week", "weekly_bulletin"}
    assert imported("import a.b\ndef f():\n    from c import d\n") == {"a.b", "c", "c.d"}


@pytest.mark.parametrize("name", [name for name in MODULES if room(name)])
def test_a_room_imports_only_from_the_rooms_before_it(name: str) -> None:
    rooms = {room(other) for other in IMPORTS[name]} - {""}
    assert rooms <= MAY_IMPORT[room(name)], sorted(rooms - MAY_IMPORT[room(name)])


@pytest.mark.parametrize("name", ["analysis.errors", "analysis.periods"])
def test_the_ground_floor_stands_on_no_room(name: str) -> None:
    assert {room(other) for other in IMPORTS[name]} == {""} or not {room(other) for other in IMPORTS[name]}


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) in ("", "load", "stats", "show")])
def test_only_the_runner_knows_of_notebook_machinery(name: str) -> None:
    roots = {other.split(".")[0] for other in IMPORTS[name]}
    allowed = {"IPython"} if name == "analysis.show.report" else set()  # a report shows itself
    assert roots & NOTEBOOK_MACHINERY == allowed


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) in ("load", "stats")])
def test_what_comes_in_and_what_it_means_draw_nothing(name: str) -> None:
    assert not {other.split(".")[0] for other in IMPORTS[name]} & DRAWING


def test_only_run_and_the_command_import_papermill() -> None:
    users = {name for name, found in IMPORTS.items() if any(other.split(".")[0] == "papermill" for other in found)}
    assert {room(name) for name in users} <= {"run", "cli"}


def test_no_two_modules_import_each_other_in_a_ring() -> None:
    graph = {name: {other for other in found if other in MODULES and other != name} for name, found in IMPORTS.items()}
    # A package's own __init__ is no part of a ring: it says nothing but what the room is for.
    done: set[str] = set()
    while ready := {name for name in graph if name not in done and graph[name] <= done}:
        done |= ready
    assert set(graph) - done == set()


@pytest.mark.parametrize("name", MODULES)
def test_no_module_uses_the_private_names_of_another(name: str) -> None:
    borrowed = {other for other in IMPORTS[name] if other.startswith("analysis.") and other.split(".")[-1][0] == "_"}
    assert borrowed == set()


@pytest.mark.parametrize("name", MODULES)
def test_no_module_has_a_name_that_says_nothing(name: str) -> None:
    assert not set(name.split(".")) & VAGUE


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_imports_what_it_reads_counts_and_shows_and_nothing_of_the_runner(notebook: Path) -> None:
    found = imported(code_of(notebook))
    ours = {other for other in found if other.split(".")[0] == "analysis"}
    assert {room(other) for other in ours} <= {"", "load", "stats", "show"}
    others = {other.split(".")[0] for other in found - ours}
    assert others - IN_NOTEBOOKS - set(sys.stdlib_module_names) == set()


def test_the_statistics_stay_small() -> None:
    files = sorted((PACKAGE / "stats").glob("*.py"))
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert len(lines) <= 14
    assert sum(lines.values()) <= 2_550, lines
