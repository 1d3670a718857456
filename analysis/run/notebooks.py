"""What the notebooks that make reports declare: a title, parameters, and in their metadata what they can be run on.

A notebook declares each parameter once, in its cell tagged ``parameters`` (name, annotation, default, comment).
"""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from analysis.errors import InputError, unknown
from analysis.load.reference import bundled_folder
from analysis.load.sources import Source, sources, versions

ALL_WEEKS, UNTIL_THIS = "all", "weeks until this one"
TYPES = ("str", "bool", "int", "float")


class Parameter(NamedTuple):
    """One parameter as its notebook declares it."""

    kind: str
    default: object
    comment: str


@dataclass(frozen=True)
class Notebook:
    """One of our notebooks: what it asks for; all after ``parameters`` as its metadata say under ``declines``."""

    path: Path
    title: str
    parameters: dict[str, Parameter]
    clock: str  # what its weeks mean: issued, recorded or printed
    versions: int = 1  # how many versions of a source it compares
    source: str = ""  # the one that it uses; blank where it can be run on every fitting one
    needs: Sequence[str] = ()  # what that must record (:data:`analysis.load.sources.NEEDS`)
    weeks: str = "all"  # which are made unless others are asked for
    reads: str = ALL_WEEKS  # or those until its own alone

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.path.stem


@cache
def notebooks() -> dict[str, Notebook]:
    """Find the notebooks that make reports, by name: those with ``declines`` in their metadata."""
    paths = sorted(bundled_folder("notebooks").glob("*.ipynb"))
    return {path.stem: read_notebook(path) for path in paths if "declines" in _content(path)["metadata"]}


def _content(path: Path) -> dict[str, Any]:
    """Read a notebook's JSON."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {name: content[name] for name in ("cells", "metadata")}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("the notebook is damaged", file=path, found=repr(error), do="Restore the file") from error


def read_notebook(path: Path) -> Notebook:
    """Read what a notebook declares in its cells and metadata, or say what is wrong with it."""
    content = _content(path)
    cells = [(cell, "".join(cell["source"])) for cell in content["cells"]]
    tagged = [source for cell, source in cells if "parameters" in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        raise InputError("the notebook needs one cell tagged 'parameters'", file=path, found=len(tagged))
    titles = [line[2:] for _, source in cells[:1] for line in source.splitlines() if line.startswith("# ")]
    if not titles:
        raise InputError("the notebook's first cell needs a title", file=path, expected="a line '# Title'")
    notebook = Notebook(path, titles[0], _declared(tagged[0], path), **content["metadata"]["declines"])
    if notebook.reads not in (ALL_WEEKS, UNTIL_THIS):
        raise unknown(f"declaration `reads` of {path.name}", notebook.reads, (ALL_WEEKS, UNTIL_THIS))
    return notebook


def _declared(source: str, path: Path) -> dict[str, Parameter]:
    """Read ``name: type = literal  # comment`` lines."""
    found = {}
    for node in ast.parse(source).body:
        line = source.splitlines()[node.lineno - 1]
        match node:
            case ast.AnnAssign(
                ast.Name(name), ast.Name(kind), ast.Constant() | ast.UnaryOp(ast.USub(), ast.Constant()) as value
            ) if kind in TYPES:
                found[name] = Parameter(kind, ast.literal_eval(value), line.partition("  # ")[2])
            case _:
                what = "the parameters cell holds more than annotated literals"
                place, expected = f"line {node.lineno} of the cell", "name: str = 'value'  # comment"
                raise InputError(what, file=path, place=place, found=line, expected=expected)
    return found


def find_notebook(name: str) -> Notebook:
    """Find a notebook by name, with or without its suffix."""
    known = notebooks()
    if (stem := name.removesuffix(".ipynb")) in known:
        return known[stem]
    if (bundled_folder("notebooks") / f"{stem}.ipynb").is_file():
        keys = "one with clock (issued, recorded or printed) and, where needed, versions, source, needs, weeks, reads"
        do = "A copy of state_profile.ipynb has it"
        raise InputError(f"the metadata of {stem}.ipynb have no block `declines`", expected=keys, do=do)
    raise unknown("notebook", name, known, more="`declines list` shows what each is for")


def sources_for(notebook: Notebook) -> dict[str, Source]:
    """Find the sources that a notebook can be run on: by what its weeks mean and what it needs."""
    return {
        name: source
        for name, source in sources().items()
        if source.facts.clock == notebook.clock
        and all(getattr(source.facts, need) for need in notebook.needs)
        and notebook.source in ("", name)
        and (notebook.versions == 1 or len(versions(name)) >= notebook.versions)
    }
