"""The weekly series of each state and offence group, gathered from the tables of the reports that a site has."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from analysis.load.reference import ALL_STATES, names_of_groups
from analysis.run.listed import Listed
from analysis.run.reports import PAGE
from analysis.show.tables import write

TABLES = {"by_state": "state", "state_bounds": "state", "by_offence": "group", "known_offences": "group"}
"""Tables that say something of each state or offence group, by name; the column that names it."""


def place_series(out: Path, reports: Iterable[Listed]) -> dict[str, list[dict[str, Any]]]:
    """Gather what reports say of each state and offence group.

    Returns
    -------
    dict
        By postal code or id of the group, one series per source: ``source_title``, ``clock``, ``synthetic``, and
        ``rows``, the newest week first: ``week``, ``of`` (offence status), ``status``, ``issued``, ``declined`` and
        ``share`` in words, ``bar`` (of the series' largest count of declines, in percent; None = not known, or only
        bounds or a part of the rows are) and ``links`` (name, path) to the reports; ``picked`` says that rows count
        what the press picked.
    """
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    titles: dict[str, Listed] = {}
    for report in (report for report in reports if report.page):
        source = report.entry.source
        titles.setdefault(source, report)
        if report.place != ALL_STATES:
            rows = found.setdefault(report.place, {}).setdefault(source, [])
            rows.append({**_row(report.facts, report), "own": True, "links": [(report.notebook_title, report.page)]})
            continue
        for table, place, values in _table_rows(out, report):
            link = (report.notebook_title, f"{report.entry.folder}/{PAGE}#table-{table}")
            rows = found.setdefault(place, {}).setdefault(source, [])
            rows.append({**_row(values, report, table), "own": False, "links": [link]})
    return {
        place: [
            {
                "source_title": titles[source].source_title,
                "clock": dict(titles[source].content.get("masthead", [])).get("Clock", ""),
                "synthetic": titles[source].synthetic,
                "picked": any(row["picked"] for row in rows),
                "rows": _joined(rows),
            }
            for source, rows in sorted(by_source.items(), key=lambda pair: titles[pair[0]].synthetic)
        ]
        for place, by_source in found.items()
    }


def _table_rows(out: Path, report: Listed) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Go through the rows of a national report's tables that are about one state or offence group."""
    ids = {label: identity for identity, label in names_of_groups().items()}
    for table, column in TABLES.items():
        if f"tables/{table}.csv" not in report.entry.files:
            continue
        with (out / report.entry.folder / "tables" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                place = row[column] if column == "state" else ids.get(row[column], "")
                if place:
                    yield table, str(place), row


def _row(values: Mapping[str, Any], report: Listed, table: str = "") -> dict[str, Any]:
    """Write one week's figures, from a row of a table or, without a table's name, the facts of a report."""

    def number(name: str) -> float | None:
        value = values.get(name)
        return None if value is None or value == "" else float(value)

    def with_interval(name: str, kind: Any) -> str:  # noqa: ANN401
        text = write(number(name), kind)
        low, high = number(f"{name}_low"), number(f"{name}_high")
        return text if low is None or high is None else f"{text} ({write(low, kind)} to {write(high, kind)})"

    low, high = number("known_low"), number("known_high")
    shown = str(values.get("declined_shown") or "")
    declined = float(shown) if shown.isdecimal() else number("declined" if "declined" in values else "detainers")
    if "known_low" in values:
        declined = low if low == high else None
        least, most = write(low, "count"), write(high, "count")
        text = least if low == high else f"at least {least}, at most {most}"
    elif "declined" in values:
        text = with_interval("declined", "count")
    else:
        text = write(declined, "count") if declined is not None else shown
    picked = table == "known_offences"
    if picked:
        text += f" (offence known for {report.count('known_offences')} of {report.count('declined')})"
    return {
        "week": report.week,
        "of": values.get("status", "") if "group" in values else "",
        "status": report.facts.get("status", ""),
        "issued": write(number("issued_where_shown" if "issued_where_shown" in values else "issued"), "count"),
        "declined": text,
        "share": with_interval("share", "share"),
        "value": None if picked else declined,
        "picked": picked,
    }


def _joined(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put what several reports say of the same week in one row; a national report's figures go before a profile's."""
    joined: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["own"]):
        same = [key for key in joined if key[0] == row["week"]] if row["own"] else [(row["week"], row["of"])]
        for key in same or [(row["week"], row["of"])]:
            if key in joined:
                joined[key]["links"] = [*joined[key]["links"], *row["links"]]
            else:
                joined[key] = row
    most = max((row["value"] for row in joined.values() if row["value"] is not None), default=0)
    ordered = sorted(joined.values(), key=lambda row: row["week"], reverse=True)
    return [{**row, "bar": None if row["value"] is None else 100 * row["value"] / (most or 1)} for row in ordered]
