"""What a report said before and says now: its revisions, kept over all runs under ``revisions/`` of the output folder.

A revision is counted when a figure, sentence or table that a report had already is another one in the new report, or
when what it reads of the source is. What a method only adds is none. The log is an input of the report as its data are:
with the same data, method and log, the page has the same bytes. Times stand in the log and the manifest, in no page.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import InputError
from analysis.load.reference import ALL_STATES
from analysis.load.sources import versions
from analysis.periods import last_day
from analysis.run.manifest import Entry, read_manifest
from analysis.run.reports import FACTS, facts_of, outputs_of, write_report
from analysis.run.writing import as_json, write_whole
from analysis.show.kinds import TABLE_TYPE
from analysis.show.tables import MISSING

if TYPE_CHECKING:  # who reads the log alone should not wait for it
    import nbformat

LOG = "revisions"
COUNTED_ROWS = ("issued", "records", "persons", "repeats")
"""First words of the facts that another outcome of the same rows leaves as they are."""
OUTCOMES = ("declined", "taken", "other_ends", "not_recorded")


@dataclass(frozen=True)
class Said:
    """What a report says, as far as it can be revised, and what it was made from.

    ``tables`` gives the sha256 of each CSV by its name, ``named`` the facts that sentences use, in their order;
    ``source_sha256`` the file of the source, ``data_sha256`` the rows and weeks of it that the report reads.
    """

    facts: dict[str, Any]
    tables: dict[str, str]
    named: list[str]
    source_sha256: str
    data_sha256: str
    reference_sha256: str
    method: dict[str, Any]


def said_by(entry: Entry, facts: Mapping[str, Any], tables: Mapping[str, str]) -> Said:
    """Gather what a report says from the content of its ``facts.json`` and the hashes of its tables."""
    named = [name for sentence in facts.get("sentences", []) for name in sentence["facts"]]
    method = {"notebook": entry.notebook_sha256, "package": entry.package_sha256, "versions": entry.versions}
    read = f"{entry.rows_sha256} {entry.calendar_sha256}", f"{entry.reference_sha256} {entry.events_sha256}"
    made_from = (entry.source_sha256, *read, method)
    return Said(facts["facts"], dict(tables), list(dict.fromkeys(named)), *made_from)


def write_revised(
    out: Path, entry: Entry, notebook: nbformat.NotebookNode, made: str, written: str = ""
) -> dict[str, str]:
    """Write a report's files with its revisions (:func:`revise`); give their hashes by path within the folder."""
    revisions = revise(out, entry, notebook, made)
    return write_report(out / entry.folder, notebook, revisions, _root_of(entry.folder), written)


def write_again(out: Path, folder: str, notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Write the files of a report that says the same as before, with the revisions that its log has."""
    log = read_log(out / LOG / f"{folder}.json")
    return write_report(out / folder, notebook, _for_page(log), _root_of(folder))


def _root_of(folder: str) -> str:
    """Give the path from a report's folder to that of all reports."""
    return "../" * (folder.count("/") + 1)


def _for_page(log: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the revisions of a log without their times, which stand in no page."""
    return [{name: value for name, value in one.items() if name != "made"} for one in log.get("revisions", ())]


def revise(out: Path, entry: Entry, notebook: nbformat.NotebookNode, made: str) -> list[dict[str, Any]]:
    """Hold a new report against what the log says of it, and log what it says now.

    Parameters
    ----------
    out
        Folder of all reports.
    entry
        The report's line for the manifest.
    notebook
        The executed notebook.
    made
        When this run began; kept in the log for the feed.

    Returns
    -------
    list of dict
        All revisions of the report, oldest first: ``number``, ``says`` (what changed and why, one line), ``changes``
        (``fact``, ``was``, ``is``, ``why``) and ``tables`` (names of those with other rows).

    Raises
    ------
    InputError
        The log is damaged.
    """
    bundles = [one["data"][TABLE_TYPE] for one in outputs_of(notebook) if TABLE_TYPE in one.get("data", {})]
    tables = {bundle["name"]: hashlib.sha256(bundle["csv"].encode()).hexdigest() for bundle in bundles}
    now = said_by(entry, facts_of(notebook), tables)
    path = out / LOG / f"{entry.folder}.json"
    log = read_log(path) or {"report": entry.folder, "made": made, "revisions": []}
    if "last" in log:
        was = Said(**log["last"])
        changes, tables_changed = differences(was, now)
        if changes or tables_changed or was.data_sha256 != now.data_sha256:
            changes, why = explain(changes, was, now, entry)
            said = {"number": len(log["revisions"]) + 1, "says": in_words(changes, tables_changed, why)}
            log["revisions"].append({**said, "changes": changes, "tables": tables_changed, "made": made})
    write_whole(path, as_json({**log, "last": asdict(now)}))
    return _for_page(log)


def read_log(path: Path) -> dict[str, Any]:
    """Read a report's log; empty where there is none.

    Raises
    ------
    InputError
        The file is damaged.
    """
    if not path.is_file():
        return {}
    try:
        log = json.loads(path.read_text(encoding="utf-8"))
        Said(**log["last"])
        return {"report": log["report"], "made": log["made"], "revisions": list(log["revisions"]), "last": log["last"]}
    except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise InputError(
            "the log of revisions is damaged",
            file=path,
            found=repr(error),
            do="Restore it; without it the report counts as made for the first time",
        ) from error


def differences(was: Said, now: Said) -> tuple[list[dict[str, Any]], list[str]]:
    """List the facts that both reports have with another value, and such tables by name.

    The main counts stand first, then what sentences use, then the others.
    """
    order = dict.fromkeys(("issued", *OUTCOMES, *now.named, *now.facts))
    changes = [
        {"fact": name, "was": was.facts[name], "is": now.facts[name]}
        for name in order
        if name in was.facts and name in now.facts and not _same(was.facts[name], now.facts[name])
    ]
    tables = [name for name, digest in now.tables.items() if was.tables.get(name, digest) != digest]
    return changes, tables


def _same(was: object, now: object) -> bool:
    """Say whether two facts are one, the last digits of a computation apart."""
    if isinstance(was, float) and isinstance(now, int | float):
        return math.isclose(was, now, rel_tol=1e-8)
    return was == now


def explain(
    changes: Sequence[Mapping[str, Any]], was: Said, now: Said, entry: Entry
) -> tuple[list[dict[str, Any]], str]:
    """Say why facts changed.

    Returns
    -------
    list of dict
        The changes, each with ``why``: new rows, changed outcome, method version.
    str
        The reasons as clauses, for the whole report.
    """
    data, method = was.data_sha256 != now.data_sha256, was.method != now.method
    kinds, clauses = _of_the_data(was, now, entry) if data else ([], [])
    if method:
        clauses.append(_of_the_method(was, now))
    elif not data:
        other = was.reference_sha256 != now.reference_sha256
        clauses.append(
            "the bundled reference data changed" if other else "the reason is not known, data and method being the same"
        )
    explained = []
    for change in changes:
        mine = [kind for kind in kinds if kind == "new rows" or not change["fact"].startswith(COUNTED_ROWS)]
        reasons = [*(mine or ["data"] * data), *(["method version"] * method)] or clauses
        explained.append({**change, "why": " or ".join(reasons) if data and method else " and ".join(reasons)})
    return explained, "; ".join(clauses)


def _of_the_data(was: Said, now: Said, entry: Entry) -> tuple[list[str], list[str]]:
    """Say what another version of the source changed: by its rows, where both versions are kept, else by the facts."""
    counted = _rows_changed(was.source_sha256, entry)
    if counted is not None:
        new, vanished, ended = counted
        kinds = ["new rows"] * bool(new or vanished) + ["changed outcome"] * bool(ended)
        of_week = f"of the week's detainers {new:,} are new, {vanished:,} vanished and {ended:,} have another outcome"
        return kinds, [f"the source has another version, in which {of_week}"]
    rows = not _same(was.facts.get("issued"), now.facts.get("issued"))
    ended_otherwise = any(not _same(was.facts.get(name), now.facts.get(name)) for name in OUTCOMES)
    kinds = ["new rows"] * rows + ["changed outcome"] * (ended_otherwise and not rows)
    return kinds, ["the source has another version"]


def _rows_changed(older_sha256: str, entry: Entry) -> tuple[int, int, int] | None:
    """Count the week's rows that are new, vanished, or have another outcome; None where that cannot be known."""
    from analysis.stats.revisions import compare_versions  # here: few reports need it, and it needs much

    paths = {version.origin.sha256: version for version in versions(entry.source)}
    week = entry.parameters.get("week")
    if week is None or not {older_sha256, entry.source_sha256} <= set(paths):
        return None
    saturday, state = date.fromisoformat(week), entry.parameters.get("state", ALL_STATES)
    tables = []
    for digest in (older_sha256, entry.source_sha256):
        table = paths[digest].detainers(first=saturday, last=last_day(saturday))
        tables.append(table if state == ALL_STATES else table[table["state"] == state])
    revision = compare_versions(*tables)
    rows = revision.rows.set_index("kind")["detainers"]
    return int(rows["new"] + rows["late"]), int(rows["vanished"]), int(revision.outcomes["detainers"].sum())


def _of_the_method(was: Said, now: Said) -> str:
    """Say which part of the method is another one."""
    ours = [said.method["versions"].get("declined-detainers", "") for said in (was, now)]
    libraries = [
        f"{name} {was.method['versions'].get(name, MISSING)} → {version}"
        for name, version in now.method["versions"].items()
        if name != "declined-detainers" and was.method["versions"].get(name) != version
    ]
    parts = [f"declined-detainers {ours[0]} → {ours[1]}"] if ours[0] != ours[1] else []
    if not parts and (was.method["notebook"], was.method["package"]) != (now.method["notebook"], now.method["package"]):
        parts = [f"the code was edited within version {ours[1]}"]
    return f"the method has another version ({', '.join([*parts, *libraries])})"


def in_words(changes: Sequence[object], tables: Sequence[str], why: str) -> str:
    """Say in one line what a revision changed and why."""
    many = (
        f"{len(changes):,} {'figure' if len(changes) == 1 else 'figures'} changed" if changes else "no figure changed"
    )
    other = f", {len(tables)} {'table has' if len(tables) == 1 else 'tables have'} other rows" if tables else ""
    return f"{many}{other}: {why}." if why else f"{many}{other}."


def compare_runs(before: Path, after: Path) -> list[dict[str, Any]]:
    """Compare all reports of two output folders.

    Parameters
    ----------
    before, after
        Output folders of ``declines run``.

    Returns
    -------
    list of dict
        One row per fact with another value (``report``, ``what``, ``was``, ``is``, ``why``), per table with other rows
        (``was`` and ``is`` blank), and per report that only one of the runs has.

    Raises
    ------
    InputError
        A folder holds no reports.
    """
    runs = []
    for folder in (before, after):
        entries = {name: entry for name, entry in read_manifest(folder).items() if FACTS in entry.files}
        if not entries:
            raise InputError(
                "no reports stand in the folder", file=folder, do="Give a folder that `declines run` wrote"
            )
        runs.append(entries)
    rows: list[dict[str, Any]] = []
    for name in sorted(runs[0].keys() | runs[1].keys()):
        if not (name in runs[0] and name in runs[1]):
            only = f"only in {before if name in runs[0] else after}"
            rows.append({"report": name, "what": "report", "was": None, "is": None, "why": only})
            continue
        was, now = (_stands(folder, run[name]) for folder, run in zip((before, after), runs, strict=True))
        changes, tables = differences(was, now)
        explained, clauses = explain(changes, was, now, runs[1][name])
        rows += [
            {"report": name, "what": one["fact"], **{k: one[k] for k in ("was", "is", "why")}} for one in explained
        ]
        rows += [{"report": name, "what": f"tables/{t}.csv", "was": None, "is": None, "why": clauses} for t in tables]
    return rows


def _stands(out: Path, entry: Entry) -> Said:
    """Read what a report that stands in a folder says."""
    facts = json.loads((out / entry.folder / FACTS).read_text(encoding="utf-8"))
    tables = {Path(name).stem: digest for name, digest in entry.files.items() if name.startswith("tables/")}
    return said_by(entry, facts, tables)
