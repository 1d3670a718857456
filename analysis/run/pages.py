"""An executed notebook to a report's files: a self-contained page, facts, tables and figures, with its revisions."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
from jinja2 import Template
from nbconvert.exporters import TemplateExporter
from nbconvert.filters import markdown2html

from analysis.errors import InputError
from analysis.files import as_json, write_whole
from analysis.run.plan import FACTS, FAILED, NOTEBOOK, PAGE, TEMPLATES, TURNING, Entry
from analysis.run.revisions import for_reading, revise
from analysis.show.sentences import as_made_up
from analysis.show.tables import FACTS_TYPE, FIGURE_KEY, TABLE_TYPE

IN_ADDRESSES = {ord(mark): quote(mark) for mark in '%#"<>&\n\r\t'} | {code: quote(chr(code)) for code in TURNING}
"""What an address in an attribute cannot hold as it is; percent signs cost less room than base64."""


@cache
def _template() -> Template:
    """Compile the template once, with nbconvert's filters."""
    where = {"template_name": "report", "template_file": "report.html.j2", "extra_template_basedirs": [str(TEMPLATES)]}
    exporter = TemplateExporter(**where)
    exporter.register_filter("data_address", lambda text, kind: f"data:{kind},{text.translate(IN_ADDRESSES)}")
    exporter.register_filter("as_made_up", as_made_up)
    exporter.register_filter("markdown2html", lru_cache(maxsize=1000)(markdown2html))  # most texts come again
    return exporter.template


def _page_of(notebook: nbformat.NotebookNode, facts: dict[str, Any], files: Sequence[str], root: str) -> str:
    """Make the page of an executed notebook with its facts, the paths of its other files, and the way to the index."""
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("style.css", "script.js"))
    told: dict[str, Any] = {"facts": facts, "revisions": for_reading(facts["revisions"]), "files": files, "root": root}
    told |= {"version": version("declined-detainers"), "figure_key": FIGURE_KEY, "table_type": TABLE_TYPE}
    return _template().render(nb=notebook, resources=told | {"style": style, "script": script}).translate(TURNING)


def _shown(notebook: nbformat.NotebookNode, kind: str) -> Iterator[Any]:
    """Go through what the code cells show of one kind, in order."""
    for cell in notebook.cells:
        yield from (out["data"][kind] for out in cell.get("outputs", []) if kind in out.get("data", {}))


def facts_of(notebook: nbformat.NotebookNode) -> dict[str, Any]:
    """Take the facts out of an executed notebook, in the order that they have in its file."""
    found = list(_shown(notebook, FACTS_TYPE))
    if len(found) != 1:
        raise InputError("the executed notebook shows its facts once, in its last cell", found=len(found))
    return json.loads(json.dumps(found[0], sort_keys=True))


def files_of(
    notebook: nbformat.NotebookNode, revisions: Sequence[dict[str, Any]] = (), root: str = "", written: str = ""
) -> dict[str, bytes]:
    """Make every file of a report out of its executed notebook, by path within the report's folder.

    ``root`` is the path from there to the site's index, blank = there is none; ``written``, the notebook as text.
    """
    facts = {**facts_of(notebook), "revisions": list(revisions)}
    files = {NOTEBOOK: (written or nbformat.writes(notebook)).encode() + b"\n", FACTS: as_json(facts)}

    def add(name: str, content: bytes) -> None:
        if name in files:
            raise InputError(f"the notebook shows {name!r} twice", do="Give each table and figure its own name")
        files[name] = content

    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data, about = output.get("data", {}), output.get("metadata", {}).get(FIGURE_KEY, {})
            if TABLE_TYPE in data:
                add(f"tables/{data[TABLE_TYPE]['name']}.csv", data[TABLE_TYPE]["csv"].encode())
            if name := about.get("figure"):
                add(f"figures/{name}.svg", data["image/svg+xml"].encode())
                if "image/png" in data:
                    add(f"figures/{name}.png", base64.b64decode(data["image/png"]))
    return files | {PAGE: _page_of(notebook, facts, sorted(files) if root else [], root).encode()}


def write_report(folder: Path, files: dict[str, bytes], earlier: Iterable[str] = ()) -> dict[str, str]:
    """Write a report's files, and take away others that an earlier run wrote; give the sha256 of each by its path."""
    for name, content in files.items():
        write_whole(folder / name, content)
    for name in {*earlier, FAILED} - files.keys():
        (folder / name).unlink(missing_ok=True)
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}


def write_revised(out: Path, entry: Entry, notebook: nbformat.NotebookNode, written: str = "") -> dict[str, str]:
    """Write a report's files with its revisions, which are logged; give their hashes by path within the folder."""
    csvs = {bundle["name"]: bundle["csv"] for bundle in _shown(notebook, TABLE_TYPE)}
    revisions = revise(out, entry, facts_of(notebook), csvs)
    root = "../" * (entry.folder.count("/") + 1)
    return write_report(out / entry.folder, files_of(notebook, revisions, root, written), entry.files)
