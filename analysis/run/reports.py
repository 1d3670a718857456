"""An executed notebook to a report's files: page, facts, tables and figures, each whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import InputError
from analysis.run.page import page_of
from analysis.run.writing import as_json, write_whole
from analysis.show.kinds import FACTS_TYPE, FIGURE_KEY, TABLE_TYPE

if TYPE_CHECKING:
    import nbformat

NOTEBOOK, PAGE, FACTS = "notebook.ipynb", "report.html", "facts.json"


def outputs_of(notebook: nbformat.NotebookNode) -> Iterator[nbformat.NotebookNode]:
    """Go through every output of the code cells, in order."""
    for cell in notebook.cells:
        yield from cell.get("outputs", [])


def facts_of(notebook: nbformat.NotebookNode) -> dict[str, Any]:
    """Take the facts out of an executed notebook, in the order that they have in its file.

    Raises
    ------
    InputError
        The notebook did not come to its last cell, which shows the facts.
    """
    found = [out["data"][FACTS_TYPE] for out in outputs_of(notebook) if FACTS_TYPE in out.get("data", {})]
    if len(found) != 1:
        raise InputError("the executed notebook shows its facts once, in its last cell", found=len(found))
    facts: dict[str, Any] = json.loads(json.dumps(found[0], sort_keys=True))
    return facts


def files_of(
    notebook: nbformat.NotebookNode, revisions: Sequence[dict[str, Any]] = (), root: str = "", written: str = ""
) -> dict[str, bytes]:
    """Make every file of a report out of its executed notebook.

    Parameters
    ----------
    notebook
        The executed notebook.
    revisions
        What earlier runs said otherwise (:func:`analysis.run.revisions.revise`).
    root
        Path from the report's folder to the site's index; blank = the report belongs to no site.
    written
        The executed notebook as :func:`nbformat.writes` gives it; blank = that is to be done.

    Returns
    -------
    dict
        Content by path within the report's folder: the notebook, the page, ``facts.json``, ``tables/*.csv`` and
        ``figures/*.svg`` (and ``.png`` where the figure has one).
    """
    import nbformat

    facts = {**facts_of(notebook), "revisions": list(revisions)}
    files: dict[str, bytes] = {}

    def add(name: str, content: bytes) -> None:
        if name in files:
            raise InputError(f"the notebook shows {name!r} twice", do="Give each table and figure its own name")
        files[name] = content

    add(NOTEBOOK, (written or nbformat.writes(notebook)).encode() + b"\n")
    add(FACTS, as_json(facts))
    for output in outputs_of(notebook):
        data = output.get("data", {})
        if TABLE_TYPE in data:
            add(f"tables/{data[TABLE_TYPE]['name']}.csv", data[TABLE_TYPE]["csv"].encode())
        name = output.get("metadata", {}).get(FIGURE_KEY, {}).get("figure")
        if name:
            add(f"figures/{name}.svg", data["image/svg+xml"].encode())
        if name and "image/png" in data:
            add(f"figures/{name}.png", base64.b64decode(data["image/png"]))
    others = sorted(files) if root else []
    add(PAGE, page_of(notebook, facts, files=others, root=root).encode())
    return files


def write_report(
    folder: Path,
    notebook: nbformat.NotebookNode,
    revisions: Sequence[dict[str, Any]] = (),
    root: str = "",
    written: str = "",
) -> dict[str, str]:
    """Write a report's files (:func:`files_of`), and take away those that an earlier report left and this one lacks.

    Returns
    -------
    dict
        sha256 by path within the folder; of every file, the notebook apart, the same input gives the same hash.
    """
    files = files_of(notebook, revisions, root, written)
    for name, content in files.items():
        write_whole(folder / name, content)
    for path in [p for p in folder.rglob("*") if p.is_file() and p.relative_to(folder).as_posix() not in files]:
        path.unlink()
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
