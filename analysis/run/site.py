"""The index page over all reports of an output folder."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from analysis.run.manifest import Entry
from analysis.run.page import TEMPLATES
from analysis.run.parameters import notebooks
from analysis.run.reports import FACTS, PAGE
from analysis.run.tasks import FAILED
from analysis.run.writing import write_whole

INDEX = "index.html"


@cache
def _templates() -> Environment:
    """Set the template engine up; every value is escaped."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def index_rows(out: Path, entries: dict[str, Entry]) -> list[dict[str, Any]]:
    """Gather what the index says of each report, from its facts.

    Returns
    -------
    list of dict
        One per report: ``entry``, ``facts`` (empty where no report was ever made) and the addresses of its files.
    """
    rows = []
    for folder, entry in sorted(entries.items()):
        facts = {}
        if FACTS in entry.files:
            facts = json.loads((out / folder / FACTS).read_text(encoding="utf-8"))
        rows.append(
            {
                "entry": entry,
                "facts": facts.get("facts", {}),
                "title": facts.get("title", folder),
                "synthetic": facts.get("synthetic", False),
                "page": f"{folder}/{PAGE}" if PAGE in entry.files else "",
                "failed": f"{folder}/{FAILED}" if entry.outcome == "failed" else "",
                "tables": [f"{folder}/{name}" for name in entry.files if name.startswith("tables/")],
            }
        )
    return rows


def write_index(out: Path, entries: dict[str, Entry]) -> Path:
    """Write the index page: the reports by notebook and source, weeks in order, with each group's sums."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in index_rows(out, entries):
        entry: Entry = row["entry"]
        groups.setdefault((entry.notebook, entry.source, entry.parameters.get("state", "all")), []).append(row)
    sections = [
        {
            "notebook": notebook,
            "source": source,
            "state": state,
            "title": notebooks()[notebook].title if notebook in notebooks() else notebook,
            "clock": notebooks()[notebook].clock if notebook in notebooks() else "",
            "rows": rows,
            "synthetic": any(row["synthetic"] for row in rows),
            **{name: sum(row["facts"].get(name) or 0 for row in rows) for name in ("issued", "declined")},
        }
        for (notebook, source, state), rows in groups.items()
    ]
    page = _templates().get_template("site/index.html.j2").render(sections=sections, facts=FACTS)
    path = out / INDEX
    write_whole(path, page.encode())
    return path
