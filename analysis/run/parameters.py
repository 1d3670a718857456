"""What a notebook may be asked: read from its parameters cell, checked before any kernel starts.

A parameter is declared once, in the notebook's cell tagged ``parameters`` (name, annotation, default, comment). The
values are checked by the same functions that the notebook itself calls, so that bare papermill is held to the same.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from analysis.errors import InputError, unknown
from analysis.load.reference import bundled_folder, names_of_groups, names_of_states
from analysis.load.sources import Source, open_source, sources
from analysis.periods import Calendar

ALL_WEEKS, UNTIL_THIS = "all", "weeks until this one"
TYPES: dict[str, type] = {"str": str, "bool": bool, "int": int, "float": float}


@dataclass(frozen=True)
class Parameter:
    """One parameter as its notebook declares it."""

    name: str
    kind: type
    default: object
    comment: str


@dataclass(frozen=True)
class Notebook:
    """One of our notebooks: what it asks for.

    ``clock`` says what its weeks mean (``issued`` or ``recorded``); ``versions``, whether it compares two versions of a
    source; ``only``, the one source that it uses, blank where it can be run on every fitting one; ``needs``, what that
    must record (:data:`analysis.load.sources.NEEDS`); ``weeks``, which weeks are made unless others are asked for;
    ``reads``, which weeks of the source: ``all``, or ``weeks until this one``.
    """

    name: str
    path: Path
    title: str
    clock: str
    versions: bool
    only: str
    needs: tuple[str, ...]
    weeks: str
    reads: str
    parameters: tuple[Parameter, ...]

    def parameter_names(self) -> list[str]:
        """List the parameters' names."""
        return [parameter.name for parameter in self.parameters]


@cache
def notebooks() -> dict[str, Notebook]:
    """Find the notebooks that make reports, by name: those with ``declines`` in their metadata.

    Raises
    ------
    InputError
        A notebook that is damaged, has no parameters cell, or declares something other than an annotated literal.
    """
    found = {path: _content(path) for path in sorted(bundled_folder("notebooks").glob("*.ipynb"))}
    return {path.stem: _as_declared(path, *content) for path, content in found.items() if "declines" in content[1]}


def read_notebook(path: Path) -> Notebook:
    """Read what a notebook declares."""
    return _as_declared(path, *_content(path))


def _content(path: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Read the cells and the metadata of a notebook."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return content["cells"], content["metadata"]
    except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise InputError("the notebook is damaged", file=path, found=repr(error), do="Restore the file") from error


def _as_declared(path: Path, cells: list[dict[str, Any]], metadata: dict[str, Any]) -> Notebook:
    """Take what a notebook declares from its cells and its metadata."""
    settings = metadata["declines"]
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        raise InputError("the notebook needs one cell tagged 'parameters'", file=path, found=len(tagged))
    source = "".join(tagged[0]["source"])
    titles = [line[2:] for cell in cells[:1] for line in "".join(cell["source"]).splitlines() if line.startswith("# ")]
    if not titles:
        raise InputError("the notebook's first cell needs a title", file=path, expected="a line '# Title'")
    reads = settings.get("reads", ALL_WEEKS)
    if reads not in (ALL_WEEKS, UNTIL_THIS):
        raise unknown(f"declaration `reads` of {path.name}", reads, (ALL_WEEKS, UNTIL_THIS))
    return Notebook(
        path.stem,
        path,
        titles[0],
        settings["clock"],
        "versions" in settings,
        settings.get("source", ""),
        tuple(settings.get("needs", ())),
        settings.get("weeks", "all"),
        reads,
        tuple(_declared(source, path)),
    )


def _declared(source: str, path: Path) -> list[Parameter]:
    """Read ``name: type = literal  # comment`` lines."""
    lines = source.splitlines()
    found = []
    for node in ast.parse(source).body:
        match node:
            case ast.AnnAssign(
                target=ast.Name(id=name),
                annotation=ast.Name(id=kind),
                value=ast.Constant() | ast.UnaryOp(op=ast.USub(), operand=ast.Constant()) as value,
            ) if kind in TYPES:
                comment = lines[node.lineno - 1].partition("  # ")[2]
                found.append(Parameter(name, TYPES[kind], ast.literal_eval(value), comment))
            case _:
                raise InputError(
                    "the parameters cell holds more than annotated literals",
                    file=path,
                    place=f"line {node.lineno} of the cell",
                    found=lines[node.lineno - 1],
                    expected="name: str = 'value'  # comment",
                )
    return found


def find_notebook(name: str) -> Notebook:
    """Find a notebook by name, with or without its suffix."""
    known = notebooks()
    stem = name.removesuffix(".ipynb")
    if stem not in known:
        raise unknown("notebook", name, known, more="`declines list` shows what each is for")
    return known[stem]


def sources_for(notebook: Notebook) -> dict[str, Source]:
    """Find the sources that a notebook can be run on: by what its weeks mean and what it needs."""
    fitting = {
        name: source
        for name, source in sources().items()
        if source.facts.clock == notebook.clock
        and all(getattr(source.facts, need) for need in notebook.needs)
        and notebook.only in ("", name)
    }
    if not notebook.versions:
        return fitting
    from analysis.load.sources import versions

    return {name: source for name, source in fitting.items() if len(versions(name)) > 1}


def state_of(given: object) -> str:
    """Find a state; a postal code at once, without pandas.

    Raises
    ------
    InputError
        There is no such state.
    """
    if isinstance(given, str) and given in names_of_states():
        return given
    from analysis.load.reference import state_named

    return state_named(given)


def offence_of(given: object) -> str:
    """Find an offence group; its id at once, without pandas.

    Raises
    ------
    InputError
        There is no such group.
    """
    if isinstance(given, str) and given in names_of_groups():
        return given
    from analysis.load.reference import group_named

    return group_named(given)


@cache
def _model(notebook: Notebook) -> type[BaseModel]:
    """Make the model that a notebook's parameters must fit."""
    fields: dict[str, Any] = {p.name: (p.kind, p.default) for p in notebook.parameters}
    return create_model(notebook.name, __config__=ConfigDict(extra="forbid", coerce_numbers_to_str=True), **fields)


def check_parameters(notebook: Notebook, given: Mapping[str, object], source: Source | None = None) -> dict[str, Any]:
    """Check what a notebook is asked; give every parameter back, defaults filled in, in its plainest form.

    Parameters
    ----------
    notebook
        The notebook.
    given
        Values by name; what is left out takes the notebook's default.
    source
        The source, where it is known; else it is found by its name.

    Returns
    -------
    dict
        ``source`` by name, ``week`` as the ISO date of a Saturday, ``state`` as a postal code, ``offence`` as a group's
        id, ``older`` and ``newer`` as numbers of versions.

    Raises
    ------
    InputError
        An unknown name, a value of the wrong type, or a value that the source does not have.
    """
    names = notebook.parameter_names()
    for name in given:
        if name not in names:
            raise unknown(f"parameter of {notebook.name}", name, names, more="`declines list` shows all")
    try:
        values = _model(notebook).model_validate(dict(given)).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"parameter {first['loc'][0]!r} of {notebook.name}: {first['msg']}", found=first["input"]
        ) from error
    if source is None:
        name = values.get("source", next(iter(sources_for(notebook)), ""))
        source = open_source(name, clock=notebook.clock, needs=notebook.needs)
    if "week" in values:
        values["week"] = Calendar.of(source.facts).pick(values["week"]).isoformat()
    defaults = {p.name: p.default for p in notebook.parameters}
    as_declared = {name for name, default in defaults.items() if values[name] == default}
    if "state" in values and "state" not in as_declared:
        values["state"] = state_of(values["state"])
    if "offence" in values and "offence" not in as_declared:
        values["offence"] = offence_of(values["offence"])
    if notebook.versions:
        from analysis.load.sources import pick_versions

        values["older"], values["newer"] = pick_versions(source.facts.name, values["older"], values["newer"])
    if "repeats" in values and "repeats" not in as_declared:
        from analysis.load.duplicates import choose_repeats

        values["repeats"] = choose_repeats(values["repeats"])
    return values
