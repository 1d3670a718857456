"""The facts of ICE's three weekly reports of 2017, each file checked by itself and against the others."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import pandas as pd

from analysis.errors import InputError
from analysis.load.offences import classify
from analysis.load.reference import RESTORE, UNKNOWN_OFFENCE, crosswalk, data_file, read_text_table, states, stop_at

LIST_OF = ["publisher", "published_on", "state", "place", "measure"]
"""What figures printed together share."""


@dataclass(frozen=True)
class PublishedReports:
    """The facts of ICE's weekly reports of 2017; rows, columns and their meanings are in ``data/README.md``.

    Places nest (New York City holds Queens, a state its counties), and a figure is exact, a lower bound or disputed:
    rows of ``declined_by_place`` are never simply added. ``conflicting_figures`` have the ``place`` of their row;
    ``known_rows`` (one per declined detainer that the press reproduced) their ``offence_group``;
    ``held_by_offence`` is of one jail on one day.
    """

    weekly_totals: pd.DataFrame
    issued_by_place: pd.DataFrame
    declined_by_place: pd.DataFrame
    conflicting_figures: pd.DataFrame
    known_rows: pd.DataFrame
    policies: pd.DataFrame
    corrections: pd.DataFrame
    aggregates: pd.DataFrame
    held_by_offence: pd.DataFrame

    def of_week(self, week: date) -> PublishedReports:
        """Keep what belongs to one week; the policies and what has no week stay."""
        kept = {}
        for name, frame in vars(self).items():
            weeks = frame["week_start"] if "week_start" in frame else pd.Series(pd.NaT, frame.index)
            kept[name] = frame[weeks.isna() | (weeks == pd.Timestamp(week))].reset_index(drop=True)
        return PublishedReports(**kept)


def read_published_reports() -> PublishedReports:
    """Read the facts of the weekly reports, and refuse what cannot be: words, weeks, counts, or sums of places."""
    path = data_file("published_reports/declined_by_place.csv")
    tables = {one.name: _read(data_file(f"published_reports/{one.name}.csv")) for one in fields(PublishedReports)}
    totals, issued, declined, conflicting, known, *_ = tables.values()
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
                path, expected = path.with_name(f"{column}_by_place.csv"), f"at most {total} (weekly_totals.csv)"
                found, place = int(sums[week]), f"column {column}"
                raise InputError(what, file=path, place=place, found=found, expected=expected, do=RESTORE)
    rows = pd.concat([declined, issued])[["row_id", "week_start", "place"]]
    tables["conflicting_figures"] = conflicting.merge(rows, on="row_id", how="left")
    groups = classify(known[["offence_text"]])["offence_group"].astype("str")
    tables["known_rows"] = known.assign(offence_group=groups.where(known["offence_text"] != "", UNKNOWN_OFFENCE))
    return PublishedReports(**tables)


def read_printed_figures() -> pd.DataFrame:
    """Read what was printed of declined detainers by state and offence since, one row a figure; no place adds up."""
    path = data_file("published_2025_26/declined_by_state_offence.csv")
    table = _read(path)
    sums = table.groupby(LIST_OF)["count"].transform("sum").where(table["offence_as_printed"] != "all", 0)
    what = "the offences of a list add up to more than its total"
    stop_at(table, sums > table["total"], path, "count", "at most the total, all offences together", what)
    return table


def _read(path: Path) -> pd.DataFrame:
    """Read one file of the reports: states and words known, weeks Saturdays, counts whole, keys once."""
    told = crosswalk("published_columns", "column_id").query("table == @path.stem").set_index("column")
    raw = table = read_text_table(path, list(told.index))
    for column, key, holds, words in told[["key", "holds", "words"]].itertuples():
        given = raw[column]
        if key:
            stop_at(raw, given.duplicated(), path, column, "each value once", "a row stands twice")
        if holds == "state":
            strange = ~given.isin(["", *states().index])
            stop_at(raw, strange, path, column, "a value of data/reference/states.csv, or blank", "unknown state")
        elif holds == "count":
            stop_at(raw, ~given.str.fullmatch(r"[0-9]{1,9}"), path, column, "a whole number of 0 or more")
            table = table.astype({column: "int64"})
        elif holds == "week":
            days = pd.to_datetime(given, format="%Y-%m-%d", errors="coerce").astype("datetime64[ms]")
            stop_at(raw, days.dt.day_of_week.ne(5) & (given != ""), path, column, "a Saturday as YYYY-MM-DD")
            table = table.assign(week_start=days)
        elif words:
            stop_at(raw, ~given.isin(["", *words.split("|")]), path, column, "one of " + words.replace("|", ", "))
    return table
