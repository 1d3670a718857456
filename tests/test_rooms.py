"""The rooms of the package: who may import whom, and where the notebook machinery may stand."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "analysis"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if "_bundled" not in path.parts
}
MAY_IMPORT = {
    "load": {"load"},
    "stats": {"load", "stats"},
    "show": {"load", "stats", "show"},
    "run": {"load", "stats", "show", "run"},
    "cli": {"load", "stats", "show", "run"},
}
NOTEBOOK_MACHINERY = {"papermill", "nbformat", "nbconvert", "nbclient", "IPython", "ipykernel", "jupyter_client"}
DRAWING = {"matplotlib", "seaborn"}
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


IMPORTS = {name: imported(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
ROOTS = {name: {other.split(".")[0] for other in found} for name, found in IMPORTS.items()}


def lines(paths: Iterable[Path]) -> dict[str, int]:
    return {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}


def test_there_is_something_to_look_at() -> None:
    assert {room(name) for name in MODULES} == {"", *MAY_IMPORT}
    assert imported("import a.b\ndef f():\n    from c import d\n") == {"a.b", "c", "c.d"}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_from_the_rooms_before_it_and_no_private_name(name: str) -> None:
    rooms = {room(other) for other in IMPORTS[name]} - {""}
    if name not in ("analysis", "analysis.__init__"):  # the public names, which come from everywhere
        assert rooms <= MAY_IMPORT.get(room(name), set()), sorted(rooms)
    borrowed = {other for other in IMPORTS[name] if other.startswith("analysis.") and other.split(".")[-1][0] == "_"}
    assert borrowed == set()
    assert not set(name.split(".")) & VAGUE, "a name that says nothing"


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) in ("", "load", "stats", "show")])
def test_only_the_runner_knows_of_notebook_machinery_and_only_show_draws(name: str) -> None:
    allowed = {"IPython"} if name == "analysis.show.report" else set()  # a report shows itself
    assert ROOTS[name] & NOTEBOOK_MACHINERY <= allowed
    assert room(name) == "show" or not ROOTS[name] & DRAWING


def test_no_two_modules_import_each_other_in_a_ring() -> None:
    graph = {name: {other for other in found if other in MODULES and other != name} for name, found in IMPORTS.items()}
    graph["analysis"] = set()  # its names are imported when they are asked for
    done: set[str] = set()
    while ready := {name for name in graph if name not in done and graph[name] <= done}:
        done |= ready
    assert set(graph) - done == set()


def test_the_package_stays_small() -> None:
    modules, templates = lines(MODULES.values()), lines((PACKAGE / "run" / "templates").rglob("*.*"))
    assert len([path for path in MODULES.values() if path.name != "__init__.py" or path.parent == PACKAGE]) <= 50
    assert sum(modules.values()) <= 12_929  # to come down to 8,500
    assert {path: number for path, number in modules.items() if number > 600} == {}
    assert sum(templates.values()) <= 663  # to come down to 500
    assert sum(lines((ROOT / "tests").rglob("*.py")).values()) <= 15_533  # to come down to 11,000
