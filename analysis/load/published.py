"""The facts of ICE's three weekly reports of 2017, each file checked by itself and against the others."""

from __future__ import annotations

from dataclasses import dataclass, fields
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
    """The facts of ICE's weekly reports of 2017; columns and their meanings are in ``data/README.md``.

    Places nest (New York City holds Queens, a state its counties), and a figure is exact, a lower bound or disputed:
    rows of ``declined_by_place`` are never simply added.

    Attributes
    ----------
    weekly_totals
        One row per report: issued and declined nationwide.
    issued_by_place
        One row per place of Section I (highest volume issued; not declines).
    declined_by_place
        One row per place with a known figure of Section II, zero included; ``within`` names the row that holds it.
    conflicting_figures
        One row per figure that contradicts a row of ``declined_by_place`` or ``issued_by_place``, with its ``place``.
    known_rows
        One row per declined detainer that the press reproduced, with ``offence_group``, ``offence_detail``; no dates,
        no citizenship.
    policies
        One row per known entry of Section III; about half of ICE's entries, without a week.
    corrections
        One row per correction, dispute or explanation of a printed row.
    aggregates
        One row per further figure that was published about a week.
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
        saturday = pd.Timestamp(week)
        kept = {
            field.name: frame[frame["week_start"].isna() | (frame["week_start"] == saturday)].reset_index(drop=True)
            if "week_start" in (frame := getattr(self, field.name))
            else frame
            for field in fields(self)
        }
        return PublishedReports(**kept)


def read_published_reports() -> PublishedReports:
    """Read the facts of the weekly reports, and refuse what cannot be: words, weeks, counts, or sums of places."""
    tables = {name: _read(name) for name in COLUMNS}
    totals, issued, declined = (tables[name] for name in ("weekly_totals", "issued_by_place", "declined_by_place"))
    _check_nesting(declined)
    _check_places(declined[(declined["bound"] != "disputed") & (declined["within"] == "")], "declined", totals)
    _check_places(issued, "issued", totals)
    rows = pd.concat([declined, issued])[["row_id", "week_start", "place"]]
    tables["conflicting_figures"] = tables["conflicting_figures"].merge(rows, on="row_id", how="left")
    tables["known_rows"] = _with_offences(tables["known_rows"])
    return PublishedReports(**tables)


def _path(name: str) -> Path:
    """Find one file of the reports."""
    return data_file(f"published_reports/{name}.csv")


def _read(name: str) -> pd.DataFrame:
    """Read one file of the reports: states and words known, weeks Saturdays, counts whole, keys once."""
    path, columns = _path(name), COLUMNS[name].split()
    raw = read_text_table(path, columns)
    table = raw.copy()
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
        table[column] = raw[column].astype("int64")
    if "week_start" in raw:
        days = pd.to_datetime(raw["week_start"], format="%Y-%m-%d", errors="coerce")
        strange = days.dt.day_of_week.ne(5) & (raw["week_start"] != "")
        stop_at(raw, strange, path, "week_start", "a Saturday as YYYY-MM-DD")
        table["week_start"] = days.astype("datetime64[ms]")
    return table


def _check_nesting(declined: pd.DataFrame) -> None:
    """Hold places against the place that holds them."""
    path, holders = _path("declined_by_place"), ["", *declined["row_id"]]
    sure = declined[(declined["bound"] != "disputed") & (declined["within"] != "")]
    stop_at(declined, ~declined["within"].isin(holders), path, "within", "blank or a row_id of this file")
    held = declined["row_id"].map(sure.groupby("within")["declined"].sum()).fillna(0)
    over = (declined["bound"] == "exact") & (held > declined["declined"])
    what = "the places within add up to more than the place that holds them"
    stop_at(declined, over, path, "declined", "at least the sum of the places within", what)


def _check_places(places: pd.DataFrame, column: str, totals: pd.DataFrame) -> None:
    """Hold places of which none holds another against the week's total."""
    sums = places.groupby("week_start")[column].sum()
    for week, total in totals.set_index("week_start")[column].items():
        if sums.get(week, 0) > total:
            what = f"the places of week {week:%Y-%m-%d} add up to more than the week's total"
            path, place, expected = _path(f"{column}_by_place"), f"column {column}", f"at most {total}"
            expected += " (weekly_totals.csv)"
            raise InputError(what, file=path, place=place, found=int(sums[week]), expected=expected, do=RESTORE)


def _with_offences(known: pd.DataFrame) -> pd.DataFrame:
    """Put the offence group and detail beside each known row; a row without an offence is UNKNOWN."""
    texts = known[["offence_text"]].replace("", pd.NA).astype("category")
    classes = classify(texts.assign(offence_code=pd.Series(pd.NA, index=known.index, dtype="category")))
    groups = classes["offence_group"].astype("str").where(known["offence_text"] != "", "UNKNOWN")
    return known.assign(offence_group=groups, offence_detail=classes["offence_detail"].astype("str"))
