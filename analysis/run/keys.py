"""What a report follows from, as hashes: the cells of its notebook, the modules and tables behind them, libraries.

Which modules and reference tables a notebook uses is read from the text of its cells and of the modules themselves; the
kernel refuses to open what is not found so (:mod:`analysis.load.declared`).
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analysis.load.files import sha256_of
from analysis.load.reference import bundled_folder

SHAPING = (
    "declined-detainers",
    "ipykernel",
    "ipython",
    "jinja2",
    "matplotlib",
    "numpy",
    "pandas",
    "papermill",
    "pyarrow",
    "scipy",
    "statsmodels",
)
"""Libraries whose versions shape what a report says or how its figures look."""
OF_THE_PAGE = ("jinja2", "mistune", "nbconvert")
"""Libraries whose versions shape how the page is made from the executed notebook."""
ROOT = Path(__file__).resolve().parents[1]
_IMPORTS = re.compile(
    r"^\s*(?:from\s+(analysis[\w.]*)\s+import\s+(\([^)]*\)|[^\n#]*)|import\s+(analysis[\w.]*))", re.MULTILINE
)
_TABLES = re.compile(r"""(?:crosswalk\(f?|data_file\(f?["']reference/)["']?([\w/]+)""")


def sha256_of_text(text: str) -> str:
    """Hash a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def files_sha256(paths: Iterable[Path]) -> str:
    """Hash the names and contents of files."""
    return sha256_of_text("\n".join(f"{path.name} {sha256_of(path)}" for path in sorted(paths)))


@cache
def versions(names: tuple[str, ...] = SHAPING) -> dict[str, str]:
    """Give the versions of libraries, and of Python."""
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def cells_of(notebook: Path) -> list[dict[str, Any]]:
    """Read a notebook's cells."""
    return json.loads(notebook.read_text(encoding="utf-8"))["cells"]


def code_of(cells: Iterable[Mapping[str, Any]]) -> str:
    """Give the code of some cells."""
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def code_sha256(cells: Iterable[Mapping[str, Any]]) -> str:
    """Hash the code cells and their tags."""
    told = [("".join(c["source"]), sorted(c["metadata"].get("tags", []))) for c in cells if c["cell_type"] == "code"]
    return sha256_of_text(json.dumps(told))


def text_sha256(cells: Iterable[Mapping[str, Any]]) -> str:
    """Hash the text between the code cells, and where it stands."""
    return sha256_of_text(json.dumps([c["cell_type"] == "code" or "".join(c["source"]) for c in cells]))


@cache
def _file_of(module: str) -> Path | None:
    """Find the file of a module of ours; None where there is no such module."""
    place = ROOT.joinpath(*module.split(".")[1:])
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


def _imports_in(code: str) -> set[str]:
    """List the modules of ours that a text imports, wherever the statement stands."""
    named: set[str] = set()
    for parent, names, alone in _IMPORTS.findall(code):
        named |= {alone} if alone else {parent, *(f"{parent}.{name}" for name in re.findall(r"\w+", names))}
    return {name for name in named if _file_of(name)}


@cache
def _imports_of(module: str) -> frozenset[str]:
    """List the modules that a module of ours imports."""
    file = _file_of(module)
    return frozenset(_imports_in(file.read_text(encoding="utf-8")) if file else ())


@cache
def modules_of(code: str) -> frozenset[str]:
    """List every module of ours that some code leads to."""
    found: set[str] = set()
    ahead = _imports_in(code)
    while ahead:
        module = ahead.pop()
        found.add(module)
        ahead |= _imports_of(module) - found
    return frozenset(found)


@cache
def modules_sha256(modules: frozenset[str]) -> str:
    """Hash modules of ours by name and content."""
    files = {module: _file_of(module) for module in sorted(modules)}
    return sha256_of_text("\n".join(f"{module} {sha256_of(file)}" for module, file in files.items() if file))


@cache
def reference_files(modules: frozenset[str]) -> tuple[Path, ...]:
    """List the files of ``data/reference/`` that modules name, each with its origin file."""
    folder = bundled_folder("data") / "reference"
    named: set[Path] = set()
    for file in filter(None, map(_file_of, modules)):
        for name in _TABLES.findall(file.read_text(encoding="utf-8")):
            named |= set(folder.glob(f"{name}*.csv*" if name.endswith("/") else f"{name}.csv*"))
    return tuple(sorted(named))


def page_sha256() -> str:
    """Hash what the page is made with: modules, templates, libraries."""
    modules = modules_sha256(modules_of("from analysis.run import reports"))
    templates = files_sha256(path for path in (ROOT / "run" / "templates").rglob("*") if path.is_file())
    return sha256_of_text(json.dumps([modules, templates, versions(OF_THE_PAGE)]))
