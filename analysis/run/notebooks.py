"""What the notebooks that make reports declare: a title, parameters, files beside them, and on what they can be run.

A notebook declares each parameter once, in its cell tagged ``parameters`` (name, annotation, default, comment); the
rest stands in its metadata, under ``declines``. One of a user's own may lie anywhere, and names its reports' folder.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple
from warnings import catch_warnings

from pydantic import BaseModel, ValidationError

from analysis.errors import InputError, unknown
from analysis.load.reference import bundled_folder
from analysis.load.sources import Source, sources, versions

BLOCK, TAG, UNTIL_THIS = "declines", "parameters", "weeks until this one"
TYPES = ("str", "bool", "int", "float")
TAKEN = ("analysis", "data", "offences", "revisions", "states")
"""Names that would hide the package, or folders of the site."""


class Parameter(NamedTuple):
    """One parameter as its notebook declares it."""

    kind: str
    default: object
    comment: str


class Declared(BaseModel, extra="forbid", frozen=True, strict=True):
    """What a notebook's metadata may say under ``declines``."""

    clock: Literal["issued", "recorded", "printed"]  # what its weeks mean
    versions: int = 1  # how many versions of a source it compares
    source: str = ""  # the one that it uses; blank where it can be run on every fitting one
    needs: list[Literal["offences", "outcomes"]] = []  # what that must record
    weeks: str = "all"  # which are made unless others are asked for
    reads: Literal["all", "weeks until this one"] = "all"  # or those until its own alone


class Notebook(Declared, frozen=True):
    """A notebook that makes reports: what it asks for."""

    path: Path
    title: str
    parameters: dict[str, Any]  # a :class:`Parameter` by name
    files: list[str]  # beside it, that it reads

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.path.stem


class Cell(NamedTuple):
    """A cell; code cells are numbered from 1, as they are run."""

    number: int
    source: str
    tags: list[str]
    code: bool


@dataclass(frozen=True)
class Draft:
    """A notebook as it stands in its file, whatever is wrong with it."""

    path: Path
    content: dict[str, Any]
    metadata: dict[str, Any]  # what stands there beside the cells
    cells: list[Cell]

    @cached_property
    def statements(self) -> list[tuple[Cell, ast.stmt]]:
        """Parse every cell; those lines, too, that only IPython understands."""
        return [(cell, statement) for cell in self.cells if cell.code for statement in parsed(cell, self.path)]

    def walk(self, word: str = "") -> Iterator[tuple[str, ast.AST]]:
        """Go through the nodes of all statements, or of those in cells with a word, each with its place."""
        for cell, statement in ((cell, statement) for cell, statement in self.statements if word in cell.source):
            for node in ast.walk(statement):
                yield f"cell {cell.number}, line {getattr(node, 'lineno', statement.lineno)}", node


def parsed(cell: Cell, path: Path) -> list[ast.stmt]:
    """Parse a cell; where it is no Python as it stands, as IPython reads it (``%``, ``!``, ``?``)."""
    with suppress(SyntaxError, ValueError), catch_warnings(action="ignore"):
        return ast.parse(cell.source).body
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return ast.parse(TransformerManager().transform_cell(cell.source)).body
    except (SyntaxError, ValueError) as error:
        place = f"cell {cell.number}, line {getattr(error, 'lineno', None) or 1}"
        raise InputError(f"the code cannot be read: {getattr(error, 'msg', error)}", file=path, place=place) from error


def read_draft(path: Path) -> Draft:
    """Read a notebook's file."""
    try:
        content, cells, number = json.loads(path.read_text(encoding="utf-8")), list[Cell](), 0
        for cell in content["cells"]:
            number += (code := cell["cell_type"] == "code")
            cells.append(Cell(number, "".join(cell["source"]), list(cell["metadata"].get("tags", [])), code))
            hash(cell.get("id"))
        hash(content["metadata"].get("kernelspec", {}).get("name"))  # what is no text would be met later
        return Draft(path, content, content["metadata"], cells)
    except OSError as error:
        raise InputError(f"the notebook cannot be read: {error.strerror}", file=path) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("the notebook is damaged", file=path, found=repr(error), do="Restore the file") from error


def title_of(draft: Draft) -> str:
    """Find the title."""
    if title := re.search(r"(?m)^# +(\S.*)$", "".join(cell.source for cell in draft.cells[:1] if not cell.code)):
        return title[1].strip()
    raise InputError("the notebook's first cell needs a title", file=draft.path, expected="text with a line '# Title'")


def parameters_of(draft: Draft) -> dict[str, Parameter]:
    """Read the cell of parameters."""
    tagged = [cell for cell in draft.cells if cell.code and TAG in cell.tags]
    if len(tagged) != 1:
        raise InputError(f"the notebook needs one cell tagged {TAG!r}", file=draft.path, found=len(tagged))
    return literals_in(tagged[0], draft.path)


def literals_in(cell: Cell, path: Path) -> dict[str, Parameter]:
    """Read the ``name: type = literal  # comment`` lines of a cell, and refuse others."""
    found = {}
    for node in parsed(cell, path):
        line = cell.source.splitlines()[node.lineno - 1]
        match node:
            case ast.AnnAssign(
                ast.Name(name), ast.Name(kind), ast.Constant() | ast.UnaryOp(ast.USub(), ast.Constant()) as value
            ) if kind in TYPES:
                found[name] = Parameter(kind, ast.literal_eval(value), line.partition("  # ")[2])
            case _:
                what = "the parameters cell holds more than annotated literals"
                place, expected = f"cell {cell.number}, line {node.lineno}", "name: str = 'value'  # comment"
                raise InputError(what, file=path, place=place, found=line, expected=expected)
    return found


def misdeclared(draft: Draft) -> list[InputError]:
    """List what is wrong with the block of metadata, what is misspelt before what is missing."""
    try:
        Declared.model_validate(draft.metadata.get(BLOCK))
    except ValidationError as error:
        return [
            InputError(
                "an unknown key" if one["type"] == "extra_forbidden" else one["msg"],
                file=draft.path,
                place=".".join(["metadata", BLOCK, *map(str, one["loc"])]),
                found=one["input"],
                do=f"It may have {', '.join(Declared.model_fields)}",
            )
            for one in sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        ]
    return []


def block_of(draft: Draft) -> Declared:
    """Read the block of metadata."""
    if BLOCK not in draft.metadata:
        what, do = f"its metadata have no block {BLOCK!r}", "`declines lint --fix` adds it to a notebook of your own"
        raise InputError(what, file=draft.path, do=do)
    if wrong := misdeclared(draft):
        raise wrong[0]
    told = Declared.model_validate(draft.metadata[BLOCK])
    if told.versions > 1 and not {"older", "newer"} <= parameters_of(draft).keys():
        raise InputError("a comparison of versions needs the parameters `older` and `newer`", file=draft.path)
    return told


def names_in(draft: Draft) -> list[str]:
    """List the names of the files beside it that a notebook declares by ``report.side_file("name")``."""
    found = set()
    for place, node in draft.walk("side_file"):
        match node:
            case ast.Call(ast.Attribute(attr="side_file"), [ast.Constant(str(name))], []):
                found.add(name)
            case ast.Call(ast.Attribute(attr="side_file")):
                what, expected = "the name of a file is to be known before the run", 'report.side_file("name.csv")'
                raise InputError(what, file=draft.path, place=place, found=ast.unparse(node), expected=expected)
    return sorted(found)


def side_files(draft: Draft) -> list[str]:
    """List the files beside it that a notebook declares, each of which must be there."""
    for name in (names := names_in(draft)):
        if not (draft.path.parent / name).is_file():
            what, do = "a file that the notebook reads is not beside it", "Put it there, or mend its name"
            raise InputError(what, file=draft.path, found=name, do=do)
    return names


def ending(draft: Draft) -> None:
    """Refuse a notebook that does not close its report at its end."""
    match draft.statements[-1:]:
        case [(_, ast.Expr(ast.Call(ast.Attribute(ast.Name(), "close"), [], [])))]:
            return
    raise InputError("the last cell does not close the report", file=draft.path, expected="a last line report.close()")


def named(path: Path) -> Path:
    """Give the whole path of a notebook whose name can stand for a folder of reports; a copy of one of ours is that."""
    whole, ours = path.resolve(), bundled_folder("notebooks").resolve() / path.name
    if not re.fullmatch(r"[A-Za-z0-9][\w-]*", path.stem, re.ASCII) or path.stem in TAKEN:
        expected = f"letters, digits, _ and -, and none of {', '.join(TAKEN)}"
        raise InputError("the name cannot name a folder of reports", file=path, found=path.stem, expected=expected)
    if os.path.isfile(ours) and whole != ours:
        if path.is_file() and path.read_bytes() == ours.read_bytes():
            return ours
        raise InputError("a notebook of this package has this name", file=path, do="Give yours another")
    return whole


def read_notebook(path: Path) -> Notebook:
    """Read what a notebook declares in its cells and metadata, or say what is wrong with it."""
    draft = read_draft(path)
    about, title, parameters = dict(block_of(draft)), title_of(draft), parameters_of(draft)
    ending(draft)
    about |= {"path": path.resolve(), "title": title, "parameters": parameters, "files": side_files(draft)}
    return Notebook.model_construct(**about)


@cache
def notebooks() -> dict[str, Notebook]:
    """Find the notebooks of the package, by name, once in a process (:func:`notebooks_in`)."""
    return notebooks_in(bundled_folder("notebooks"))


def notebooks_in(folder: Path) -> dict[str, Notebook]:
    """Find the notebooks of a folder that make reports, by name: those with ``declines`` in their metadata.

    One that cannot be used is passed over, which the error stream says.
    """
    if not folder.is_dir():
        raise InputError("there is no such folder of notebooks", file=folder)
    found = {}
    for path in sorted(folder.glob("*.ipynb")):
        try:
            if BLOCK in read_draft(path).metadata and named(path) == path.resolve():
                found[path.stem] = read_notebook(path)
        except InputError as error:
            print(f"declines: passed over: {error}", file=sys.stderr)
    return found


def find_notebook(name: str, folder: Path = Path()) -> Notebook:
    """Find a notebook by name, of the package or of a folder, or by its path from there."""
    known, stem = notebooks(), name.removesuffix(".ipynb")
    own, shipped = folder / f"{stem}.ipynb", bundled_folder("notebooks") / f"{stem}.ipynb"
    if stem in known and (name == stem or not own.is_file()):
        return known[stem]
    if path := next((path for path in (own, shipped) if path.is_file()), None):
        return read_notebook(named(path))  # or say what is wrong with it
    raise unknown("notebook", name, known, more="`declines list` shows what each is for")


def pick_notebooks(names: Sequence[str], folder: Path | None) -> list[list[Notebook]]:
    """Find notebooks one by one; where none is named, all together of a folder, or of the package."""
    every = [] if names else list((notebooks_in(folder) if folder else notebooks()).values())
    return [[find_notebook(name, folder or Path())] for name in names] or [every]


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
