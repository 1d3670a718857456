"""What all weekly reports of a folder print, as one long table with its schema: nothing that no page shows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.files import as_json
from analysis.load.reference import ALL_STATES, groups, states
from analysis.run.plan import Entry
from analysis.show.tables import COLUMNS

FIELDS = {"source": "string", "week": "date", "place": "string", "offence_group": "string", "measure": "string"}
KEY = tuple(FIELDS)
FIELDS |= dict.fromkeys(("value", "low", "high"), "number")
FIELDS |= {"status": "string", "revision": "integer", "synthetic": "boolean"}
"""Columns of the long table and their types, as Table Schema calls them; the first ones together name a row."""
DTYPES = {"string": "str", "date": "str", "number": "float64", "integer": "int64", "boolean": "bool"}
ENDS = {"low": "the least that it can be, or the lower end of its interval", "high": "the most, or the upper end"}
ENDS["synthetic"] = "whether the data are made up"
MEASURES = ("issued", "declined", "taken", "other_ends", "not_recorded", "share")
TABLES = {"by_state": "state", "state_bounds": "state", "by_offence": "group"}
RANGE = re.compile(r"(\d+)(?:–(\d+)|\+)")
ABOUT = (
    "One row per source, week, place, offence group and measure that a weekly report shows. Of a share low and high "
    "are its 95 % interval; of a count that is not shown, or only known to lie between two, the least and the most "
    "that it can be. A place or group without a detainer in the week has no row. Weeks begin on Saturdays; US is all."
)


def rows_of(out: Path, entry: Entry, table: str) -> list[dict[str, str]]:
    """Read the rows of a table of a report; none where it has no such table."""
    if (name := f"tables/{table}.csv") not in entry.files or not (path := out / entry.folder / name).is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = [row for row in csv.reader(file) if row] or [[]]
    return [dict(zip(header, row, strict=False)) for row in rows]


def dataset(reports: Iterable[Mapping[str, Any]]) -> dict[str, bytes]:
    """Give the files of the long table by path: CSV, Parquet, and a data package that describes both.

    ``reports`` are as the site lists them; where two say the same of a week, the national one is taken.
    """
    weekly = [one for one in reports if one["week"] and one["page"]]
    rows = [row for one in sorted(weekly, key=lambda one: one["place"] != ALL_STATES) for row in _rows(one)]
    table = pd.DataFrame(rows, columns=list(FIELDS)).drop_duplicates([*KEY]).sort_values([*KEY], ignore_index=True)
    table = table.astype({name: DTYPES[kind] for name, kind in FIELDS.items()})  # those of no rows, too
    dated, parquet = table.assign(week=table["week"].astype("datetime64[us]")), io.BytesIO()
    dated.to_parquet(parquet, index=False, compression="zstd")
    said = {name: column.meaning for name, column in COLUMNS.items()} | ENDS
    fields = [{"name": name, "type": kind, "description": said[name]} for name, kind in FIELDS.items()]
    schema = {"fields": fields, "missingValues": [""], "primaryKey": list(KEY)}
    resource = {"name": "weekly", "path": "weekly.csv", "profile": "tabular-data-resource", "encoding": "utf-8"}
    package: dict[str, Any] = {"profile": "tabular-data-package", "name": "declined-detainers-weekly"}
    package["description"] = ABOUT
    package |= {"resources": [{**resource, "schema": schema}, {"name": "weekly-parquet", "path": "weekly.parquet"}]}
    text = table.to_csv(index=False, float_format="%.10g", lineterminator="\n")
    files = {"data/weekly.csv": text.encode(), "data/weekly.parquet": parquet.getvalue()}
    return files | {"data/datapackage.json": as_json(package)}


def _rows(report: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Go through what one report says of its week: of all it is about, then of each state and offence group."""
    facts, own = report["facts"], report["place"]
    group = own if own in groups().index else "all"
    nation = {name: code for code, name in states()["name"].items()}.get(facts.get("nation_name", ""), "US")
    place = nation if own in (ALL_STATES, group) else own
    told: list[tuple[str, str, Mapping[str, Any]]] = [(place, group, facts)]
    ids = {label: identity for identity, label in groups()["group"].items()}
    for name, column in TABLES.items() if own == ALL_STATES else ():
        for row in report["rows"](name):
            cell = (row["state"], "all") if column == "state" else (nation, ids.get(row["group"], row["group"]))
            told.append((*cell, row))
    for place, group, values in told:
        for measure in ("declined",) if facts.get("no_share") else MEASURES:  # rows chosen by their outcome
            bounds = _bounds(values, measure)
            if bounds is not None and not (values is not facts and values.get("issued") == "0"):
                key = report["source"], report["week"], place, group, measure
                yield (*key, *bounds, facts.get("status") or "", report["revision"], report["synthetic"])


def _bounds(values: Mapping[str, Any], measure: str) -> tuple[float | None, float | None, float | None] | None:
    """Read a measure of a row: its value, the least and the most that it can be; None where nothing is said of it."""
    if measure == "declined" and "known_low" in values:
        least, most = float(values["known_low"]), float(values["known_high"])
        return (least, None, None) if least == most else (None, least, most)
    given = values.get(measure, values.get(f"{measure}_shown"))
    if given in (None, ""):
        return None
    if found := RANGE.fullmatch(str(given)):
        return None, float(found[1]), float(found[2]) if found[2] else None
    try:
        value = float(given)
    except ValueError:  # said not to be shown
        return None
    ends = [values.get(f"{measure}_{end}") for end in ("low", "high")]
    low, high = (None if end in (None, "") else float(end) for end in ends)
    return value, low, high
