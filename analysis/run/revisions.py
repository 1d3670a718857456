"""What a report said before and says now: its revisions, kept over all runs under ``revisions/`` of the output folder.

One is counted when a figure or table that a report had already, or what it reads of the source, is another one. The log
is an input of the report as its data are. Times stand in the log and the manifest, in no page.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.errors import InputError
from analysis.files import as_json
from analysis.run.plan import INPUTS, Entry, changed
from analysis.show.tables import COLUMNS, TEXTS, write

LOG = "revisions"
OUTCOMES = ("declined", "taken", "other_ends", "not_recorded")
COMPARED = {"last_week_": "Against last week", "trailing_": "Against the weeks before", "trend_": "Trend"}
COMPARED |= {"previous_all_": "Against last week, all places", "next_all_": "Next week, all places"}
COMPARED |= {"previous_outside_": "Against last week, without the place apart"}
COMPARED |= {"next_outside_": "Next week, without the place apart"}
"""First words of the ids of facts that belong to a comparison or to another count, and how a reader meets them."""
Said = dict[str, Any]
"""What a report says, as far as it can be revised: ``facts``, ``tables`` (sha256 of each CSV by name), ``named`` (facts
that sentences use, in order); and the ``inputs`` that it was made from, as in the manifest."""


def revise(
    out: Path, entry: Entry, content: Mapping[str, Any], csvs: Mapping[str, str]
) -> tuple[list[dict[str, Any]], bytes]:
    """Hold a new report, with the ``content`` of its ``facts.json``, against its log.

    All its revisions are given, oldest first; ``says`` is what changed and why, ``tables`` names those with other rows.
    Given is also the log with what it says now, which is to be kept once the report stands.
    """
    named = dict.fromkeys(name for sentence in content.get("sentences", []) for name in sentence["facts"])
    tables = {name: hashlib.sha256(csv.encode()).hexdigest() for name, csv in csvs.items()}
    now = {"facts": content["facts"], "tables": tables, "named": list(named), "inputs": entry.inputs}
    log = read_log(out, entry.folder) or {"report": entry.folder, "made": entry.started, "revisions": [], "last": now}
    changes, renewed, other = _compared(log["last"], now)
    if changes or renewed or INPUTS["weeks"] in other:
        figures = f"{len(changes):,} {'figure' if len(changes) == 1 else 'figures'} changed" if changes else ""
        rows = f", {len(renewed)} {'table has' if len(renewed) == 1 else 'tables have'} other rows" if renewed else ""
        says = f"{figures or 'no figure changed'}{rows}; {_because(other)}."
        said = {"number": len(log["revisions"]) + 1, "says": says, "changes": changes, "tables": renewed}
        log["revisions"].append({**said, "made": entry.started})
    told = [{name: value for name, value in one.items() if name != "made"} for one in log["revisions"]]
    return told, as_json({**log, "last": now})


def read_log(out: Path, folder: str) -> dict[str, Any]:
    """Read a report's log; empty where there is none."""
    path = out / LOG / f"{folder}.json"
    if not path.is_file():
        return {}
    try:
        log = json.loads(path.read_text(encoding="utf-8"))
        last = {name: log["last"][name] for name in ("facts", "tables", "named", "inputs")}
        return {"report": log["report"], "made": log["made"], "revisions": list(log["revisions"]), "last": last}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        do = "Restore it; without it the report counts as made for the first time"
        raise InputError("the log of revisions is damaged", file=path, found=repr(error), do=do) from error


def _compared(was: Said, now: Said) -> tuple[list[dict[str, Any]], list[str], list[str]]:
    """List the facts that both reports have with another value, the main counts first; such tables; and inputs."""
    before, after = was["facts"], now["facts"]
    order = dict.fromkeys(("issued", *OUTCOMES, *now["named"], *after))
    facts = [name for name in order if name in before.keys() & after and not _same(before[name], after[name])]
    facts = [name for name in facts if name != "detainers_sha256"]  # it is no figure
    tables = [name for name, digest in now["tables"].items() if was["tables"].get(name, digest) != digest]
    other = changed(was["inputs"], now["inputs"])
    data = "new rows" if "issued" in facts else "changed outcome" if {*OUTCOMES} & {*facts} else "data"
    words = {INPUTS["weeks"]: data, INPUTS["reference"]: "reference tables"}
    words |= {name: name for name in changed(*({"files": said["inputs"].get("files", {})} for said in (was, now)))}
    found = [word for name, word in words.items() if name in other]
    why = " or ".join(found + ["method version"] * bool({*other} - {*words})) or _because(other)
    return [{"fact": name, "was": before[name], "is": after[name], "why": why} for name in facts], tables, other


def _because(other: Sequence[str]) -> str:
    """Say which inputs of a report are other ones."""
    known = f"what it is made from changed: {', '.join(other)}"
    return known if other else "the reason is not known, what it is made from being the same"


def _same(was: Any, now: Any) -> bool:  # noqa: ANN401
    """Say whether two facts are one, the last digits of a computation apart."""
    numbers = isinstance(was, float) and isinstance(now, int | float)
    return math.isclose(was, now, rel_tol=1e-8) if numbers else was == now


def for_reading(revisions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Write the changes of revisions for a reader: ``rows`` of ``figure``, ``was``, ``now``, ``why`` and ``fact``."""

    def row(change: Mapping[str, Any]) -> dict[str, Any]:
        was, now = (written(change["fact"], change[name]) for name in ("was", "is"))
        told = {"fact": change["fact"], "figure": _label(change["fact"]), "why": change.get("why", "")}
        return told | {"was": was, "now": now}

    return [{**revision, "rows": [row(change) for change in revision["changes"]]} for revision in revisions]


def _label(fact: str) -> str:
    """Name a fact: by the heading of the column of that name and what it is compared with, else by its id in words."""
    for prefix, words in {"": "", **COMPARED}.items():
        if fact.startswith(prefix) and (measure := fact.removeprefix(prefix)) in COLUMNS:
            return f"{words}: {COLUMNS[measure].heading}".removeprefix(": ")
    return fact.replace("_", " ").capitalize()


def written(fact: str, value: object) -> str:
    """Write a fact's value as the column that its name ends with does: ``last_week_share`` as ``share``."""
    limits = {limit: spec.kind for spec in COLUMNS.values() for limit in spec.interval or ()}
    ends = [fact[place:] for place in range(len(fact)) if place == 0 or fact[place - 1] == "_"]
    kind = next((COLUMNS[end].kind for end in ends if end in COLUMNS), limits.get(fact, "text"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return write(value, "text")
    if kind in TEXTS:
        return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
    return write(value, kind)
