"""The facts of ICE's three weekly reports of 2017, each file checked by itself and against the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from analysis.errors import InputError
from analysis.load.offences import classify
from analysis.load.reference import RESTORE, data_file, read_text_table, states, stop_at

WORDS = {
    "bound": ("exact", "at_least", "disputed"),
    "offence_status": ("convicted", "charged", "unknown"),
    "quality": ("A", "B", "C"),
    "level": ("region", "state", "county", "city"),
}
COLUMNS = {
    "weekly_totals": "week_start issued declined",
    "issued_by_place": "row_id week_start place state issued",
    "declined_by_place": "row_id week_start level place state declined bound within",
    "conflicting_figures": "row_id",
    "known_rows": "row_id week_start state offence_text offence_status quality",
    "policies": "jurisdiction state",
    "corrections": "week_start place kind touches",
    "aggregates": "week_start measure value",
}
"""The columns that each file must have; the first of those that are :data:`KEYED` names its row."""
KEYED = ("weekly_totals", "issued_by_place", "declined_by_place", "known_rows")


@dataclass(frozen=True)
class PublishedReports:
    """The facts of ICE's weekly reports of 2017; rows, columns and their meanings are in ``data/README.md``.

    Places nest (New York City holds Queens, a state its counties), and a figure is exact, a lower bound or disputed:
    rows of ``declined_by_place`` are never simply added. ``conflicting_figures`` have the ``place`` of their row;
    ``known_rows`` (one per declined detainer that the press reproduced) their ``offence_group``.
    """

    weekly_totals: pd.DataFrame
    issued_by_place: pd.DataFrame
    declined_by_place: pd.DataFrame
    conflicting_figures: pd.DataFrame
    known_rows: pd.DataFrame
    policies: pd.DataFrame
    corrections: pd.DataFrame
    aggregates: pd.DataFrame

    def of_week(self, week: date) -> PublishedReports:
        """Keep what belongs to one week; the policies and what has no week stay."""
        kept = {}
        for name, frame in vars(self).items():
            weeks = frame["week_start"] if "week_start" in frame else pd.Series(pd.NaT, frame.index)
            kept[name] = frame[weeks.isna() | (weeks == pd.Timestamp(week))].reset_index(drop=True)
        return PublishedReports(**kept)


def read_published_reports() -> PublishedReports:
    """Read the facts of the weekly reports, and refuse what cannot be: words, weeks, counts, or sums of places."""
    tables = {name: _read(name) for name in COLUMNS}
    totals, issued, declined, known = (tables[name] for name in KEYED)
    path = _path("declined_by_place")
    nested, sure = declined["within"] != "", declined["bound"] != "disputed"
    unheld = nested & ~declined["within"].isin(declined["row_id"])
    stop_at(declined, unheld, path, "within", "blank or a row_id of this file")
    held = declined["row_id"].map(declined[sure & nested].groupby("within")["declined"].sum()).fillna(0)
    over = (declined["bound"] == "exact") & (held > declined["declined"])
    what = "the places within add up to more than the place that holds them"
    stop_at(declined, over, path, "declined", "at least the sum of the places within", what)
    for column, places in {"declined": declined[sure & ~nested], "issued": issued}.items():
        sums = places.groupby("week_start")[column].sum()
        for week, total in totals.set_index("week_start")[column].items():
            if sums.get(week, 0) > total:
                what = f"the places of week {week:%Y-%m-%d} add up to more than the week's total"
                path, expected = _path(f"{column}_by_place"), f"at most {total} (weekly_totals.csv)"
                found, place = int(sums[week]), f"column {column}"
                raise InputError(what, file=path, place=place, found=found, expected=expected, do=RESTORE)
    rows = pd.concat([declined, issued])[["row_id", "week_start", "place"]]
    tables["conflicting_figures"] = tables["conflicting_figures"].merge(rows, on="row_id", how="left")
    texts = known[["offence_text"]].replace("", pd.NA).astype("category")
    classes = classify(texts.assign(offence_code=pd.Series(pd.NA, index=known.index, dtype="category")))
    groups = classes["offence_group"].astype("str").where(known["offence_text"] != "", "UNKNOWN")
    tables["known_rows"] = known.assign(offence_group=groups)
    return PublishedReports(**tables)


def _path(name: str) -> Path:
    """Find one file of the reports."""
    return data_file(f"published_reports/{name}.csv")


def _read(name: str) -> pd.DataFrame:
    """Read one file of the reports: states and words known, weeks Saturdays, counts whole, keys once."""
    path, columns = _path(name), COLUMNS[name].split()
    raw = table = read_text_table(path, columns)
    if "state" in raw:
        strange = ~raw["state"].isin(["", *states().index])
        stop_at(raw, strange, path, "state", "a value of data/reference/states.csv, or blank", "unknown state")
    for column, words in WORDS.items():
        if column in raw:
            stop_at(raw, ~raw[column].isin(["", *words]), path, column, "one of " + ", ".join(words))
    if name in KEYED:
        stop_at(raw, raw[columns[0]].duplicated(), path, columns[0], "each value once", "a row stands twice")
    for column in {"issued", "declined"} & set(columns):
        stop_at(raw, ~raw[column].str.fullmatch(r"[0-9]{1,9}"), path, column, "a whole number of 0 or more")
        table = table.astype({column: "int64"})
    if "week_start" in raw:
        days = pd.to_datetime(raw["week_start"], format="%Y-%m-%d", errors="coerce").astype("datetime64[ms]")
        strange = days.dt.day_of_week.ne(5) & (raw["week_start"] != "")
        stop_at(raw, strange, path, "week_start", "a Saturday as YYYY-MM-DD")
        table = table.assign(week_start=days)
    return table
