"""Output folders with made-up reports, as many as a test wants, without a kernel."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from analysis.load.reference import groups, states
from analysis.run.plan import Entry

ENTRY = Entry("made/report", "made", {}, "made", "")  # of a report that is made of a notebook by itself
INPUTS: dict[str, Any] = {name: name[0] * 64 for name in ("code", "package", "reference", "weeks")}
INPUTS["files"] = {}
INPUTS["libraries"] = {"declined-detainers": "0.1.0", "pandas": "3.1.1"}
"""What every report is made from, unless a test says otherwise."""


def entry_of(folder: str, parameters: dict[str, Any], **more: Any) -> Entry:  # noqa: ANN401
    """Give a manifest line; what is not named is the same for all."""
    notebook, source = folder.split("/")[:2]
    title = notebook.replace("_", " ").capitalize()
    values: dict[str, Any] = {
        "title": title,
        "inputs": dict(INPUTS),
        "outcome": "made",
        "started": "2026-11-26T18:00:00+00:00",
        **more,
    }
    return Entry(folder, notebook, parameters, source, "s" * 64, **values)


def add_report(
    out: Path,
    entries: dict[str, Entry],
    notebook: str,
    source: str,
    parameters: dict[str, Any],
    *,
    facts: dict[str, Any] | None = None,
    tables: dict[str, str] | None = None,
    told: dict[str, Any] | None = None,
) -> Entry:
    """Write one report's files (the page is a stub) and its manifest line."""
    about = [str(parameters[name]) for name in ("week", "state", "offence") if parameters.get(name, "all") != "all"]
    folder = "/".join(part for part in (notebook, source, "_".join(about)) if part)
    content = {
        "title": f"Detainers issued: {' '.join(about) or source}",
        "masthead": [["Clock", "week in which ICE issued the detainer"]],
        "synthetic": source == "synthetic",
        "source": {"title": f"Source {source}"},
        "facts": {"issued": 100, "declined": 7, "status": "settled", **(facts or {})},
        "sentences": [],
        "revisions": [],
        **(told or {}),
    }
    files = {f"tables/{name}.csv": text for name, text in (tables or {}).items()}
    ids = ["files", *(f"table-{name}" for name in tables or {})]
    ids += [f"{name}-{row}" for name, text in (tables or {}).items() for row in range(text.count("\n") - 1)]
    files["report.html"] = "".join(f'<p id="{name}"></p>' for name in ids)
    files |= {"facts.json": json.dumps(content), "notebook.ipynb": "{}"}
    for name, text in files.items():
        path = out / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    entries[folder] = entry_of(folder, parameters, files=hashes)
    return entries[folder]


def by_state_csv(declined: int = 3) -> str:
    found = ["", "", "", "lower over 13 weeks"]
    named = states()["name"].loc[["AL", "CA", "NY", "OH", "TX"]].items()
    rows = [
        f"{name},{postal},{declined * (n % 4)},{10 * n},0.1,0.05,0.2,{found[n % 4]}"
        for n, (postal, name) in enumerate(named)
    ]
    header = "state_name,state,declined,issued,share,share_low,share_high,finding"
    return "\n".join([header, *rows, "State not given,not given,0,1,,,,"]) + "\n"


def by_offence_csv() -> str:
    rows = [f'"{label}",{5 * (n % 3)},{10 * n},0.1,,' for n, label in enumerate(groups()["group"])]
    return "\n".join(["group,declined,issued,share,share_low,share_high", *rows]) + "\n"


def agencies_csv(state: int) -> str:
    """Give a profile's table of agencies: ten of their own names, and the others."""
    rows = [f"SAMPLE COUNTY {10 * state + n:03} JAIL,{20 - n},1–4" for n in range(10)]
    return "\n".join(["agency,issued,declined_shown", *rows, "other agencies,59,5+"]) + "\n"
