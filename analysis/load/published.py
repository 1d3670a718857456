"""Published counts: the weekly counts made from a workbook, and the facts of ICE's three weekly reports of 2017."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from analysis.errors import InputError
from analysis.load.columns import mapped
from analysis.load.files import Origin, check_hash, origin_of
from analysis.load.offences import classify
from analysis.load.reference import RESTORE, data_file, forms, read_text_table, states, stop_at
from analysis.load.releases import outcome_of
from analysis.load.table import Outcome, as_table

REPORTS = "published_reports"
WORDS = {
    "bound": ("exact", "at_least", "disputed"),
    "offence_status": ("convicted", "charged", "unknown"),
    "quality": ("A", "B", "C"),
    "level": ("region", "state", "county", "city"),
}
"""Closed lists of the reports' files."""


def _as_counts(table: pd.DataFrame, column: str, file: Path) -> pd.Series:
    """Turn a text column into whole numbers of 0 or more."""
    stop_at(table, ~table[column].str.fullmatch(r"\d{1,9}"), file, column, "a whole number of 0 or more")
    return table[column].astype("int64")


def _as_saturdays(table: pd.DataFrame, column: str, file: Path) -> pd.Series:
    """Turn a text column into the Saturdays that name weeks."""
    days = pd.to_datetime(table[column], format="%Y-%m-%d", errors="coerce")
    stop_at(table, days.dt.day_of_week.ne(5), file, column, "a Saturday as YYYY-MM-DD")
    return days.astype("datetime64[ms]")


def _stop_at_unknown(table: pd.DataFrame, column: str, known: pd.Index, file: Path, crosswalk: str) -> None:
    """Stop at a value that is neither blank nor in the crosswalk."""
    stop_at(
        table,
        ~table[column].isin(["", *known]),
        file,
        column,
        f"a value of {crosswalk}, or blank",
        f"unknown {column}",
    )


def read_weekly_counts(path: Path) -> pd.DataFrame:
    """Read published counts by week, state, form and lift reason into the table of detainers.

    Parameters
    ----------
    path
        A CSV with columns ``week_start`` (a Saturday), ``state`` (postal code; blank = not given), ``form``,
        ``lift_reason`` (blank = pending or not recorded) and ``detainers``; its origin file gives the totals.

    Returns
    -------
    pandas.DataFrame
        The table of detainers: one row per group of detainers alike in all four.

    Raises
    ------
    InputError
        An unknown state, form or lift reason, a count that is not a whole number of 0 or more, a group that stands
        twice, totals that do not add up to those of the origin file, or bytes that are not those it describes.
    """
    keys = ["week_start", "state", "form", "lift_reason"]
    raw = read_text_table(path, [*keys, "detainers"])
    _stop_at_unknown(raw, "state", states().index, path, "data/reference/states.csv")
    _stop_at_unknown(raw, "form", forms().index, path, "data/reference/forms.csv")
    stop_at(raw, raw.duplicated(keys), path, "week_start", "each group once", "a group stands twice")
    origin = origin_of(path)
    weeks = _as_saturdays(raw, "week_start", path)
    _stop_outside(raw, weeks, path, origin)
    rows = pd.Series(raw.index + 2, index=raw.index)
    blank_as_missing = raw[keys[1:]].replace("", pd.NA).astype("category")
    where = pd.DataFrame({"source_file": str(path), "source_row": rows})
    table = as_table(
        pd.DataFrame(
            {
                "issued_on": weeks,
                **blank_as_missing,
                "request": mapped(blank_as_missing["form"], forms()["request"].get),
                "outcome": outcome_of(blank_as_missing["lift_reason"], where),
                "detainers": _as_counts(raw, "detainers", path),
                "source_file": path.name,
                "source_row": rows,
            }
        )
    )
    check_totals(table, path, origin)
    check_hash(path)
    return table


def _stop_outside(raw: pd.DataFrame, weeks: pd.Series, path: Path, origin: Origin) -> None:
    """Stop at a week that the source does not cover by its origin file; it would stand in no report."""
    if origin.source is not None:
        first, last = pd.Timestamp(origin.source.first_day - timedelta(days=6)), pd.Timestamp(origin.source.last_day)
        span = f"a week from {origin.source.first_day} to {origin.source.last_day} (the origin file)"
        stop_at(raw, (weeks < first) | (weeks > last), path, "week_start", span)


def check_totals(table: pd.DataFrame, path: Path, origin: Origin) -> None:
    """Hold the sums of a table against the totals that its origin file gives.

    Raises
    ------
    InputError
        They differ, or the origin file gives none.
    """
    declined = table["detainers"][table["outcome"] == Outcome.DECLINED]
    _hold_totals(int(table["detainers"].sum()), int(declined.sum()), "detainers", path, origin)


def _hold_totals(detainers: int, declined: int, column: str, path: Path, origin: Origin) -> None:
    """Stop where the sums of a column are not those of the origin file."""
    facts = origin.source
    if facts is None:
        raise InputError("the origin file has no source block with the totals", file=path, do=RESTORE)
    for name, found, expected in (("detainers", detainers, facts.detainers), ("declined", declined, facts.declined)):
        if found != expected:
            raise InputError(
                f"the weeks do not add up: {name}",
                file=path,
                place=f"column {column}",
                found=found,
                expected=f"{expected} (the origin file)",
                do=RESTORE,
            )


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
    """Read the facts of the weekly reports, each checked by itself and against the others.

    Raises
    ------
    InputError
        As :func:`read_weekly_counts`; and places that exceed the place that holds them or the week's total.
    """
    totals = _read("weekly_totals", ["week_start", "issued", "declined"], counts=["issued", "declined"])
    issued = _read("issued_by_place", ["row_id", "week_start", "place", "state", "issued"], counts=["issued"])
    declined = _read(
        "declined_by_place",
        ["row_id", "week_start", "level", "place", "state", "declined", "bound", "within"],
        counts=["declined"],
    )
    known = _read("known_rows", ["row_id", "week_start", "state", "offence_text", "offence_status", "quality"])
    _check_nesting(declined)
    _check_places(declined[(declined["bound"] != "disputed") & (declined["within"] == "")], "declined", totals)
    _check_places(issued, "issued", totals)
    path = _path("weekly_totals")
    _hold_totals(int(totals["issued"].sum()), int(totals["declined"].sum()), "issued, declined", path, origin_of(path))
    rows = pd.concat([declined, issued])[["row_id", "week_start", "place"]]
    reports = PublishedReports(
        weekly_totals=totals,
        issued_by_place=issued,
        declined_by_place=declined,
        conflicting_figures=_read("conflicting_figures", ["row_id"], unique=False).merge(rows, on="row_id", how="left"),
        known_rows=_with_offences(known),
        policies=_read("policies", ["jurisdiction", "state"], unique=False),
        corrections=_read("corrections", ["week_start", "place", "kind", "touches"], unique=False),
        aggregates=_read("aggregates", ["week_start", "measure", "value"], unique=False),
    )
    for field in fields(reports):
        check_hash(_path(field.name))
    return reports


def _path(name: str) -> Path:
    """Find one file of the reports."""
    return data_file(f"{REPORTS}/{name}.csv")


def _read(name: str, columns: list[str], *, counts: Sequence[str] = (), unique: bool = True) -> pd.DataFrame:
    """Read one file of the reports: states and words known, weeks Saturdays, counts whole, keys once."""
    path = _path(name)
    raw = read_text_table(path, columns)
    if "state" in raw:
        _stop_at_unknown(raw, "state", states().index, path, "data/reference/states.csv")
    for column, words in WORDS.items():
        if column in raw:
            stop_at(raw, ~raw[column].isin(["", *words]), path, column, "one of " + ", ".join(words))
    if unique:
        key = columns[0]
        stop_at(raw, raw[key].duplicated(), path, key, "each value once", "a row stands twice")
    table = raw.assign(**{column: _as_counts(raw, column, path) for column in counts})
    if "week_start" in raw:
        dated = raw["week_start"] != ""
        table["week_start"] = _as_saturdays(raw[dated], "week_start", path).reindex(raw.index)
    return table


def _check_nesting(declined: pd.DataFrame) -> None:
    """Hold places against the place that holds them."""
    path = _path("declined_by_place")
    by_id = declined.set_index("row_id")["declined"]
    sure = declined[declined["bound"] != "disputed"]
    inside = sure[sure["within"] != ""].groupby("within")["declined"].sum()
    stop_at(declined, ~declined["within"].isin(["", *by_id.index]), path, "within", "blank or a row_id of this file")
    held = declined["row_id"].map(inside).fillna(0)
    stop_at(
        declined,
        (declined["bound"] == "exact") & (held > declined["declined"]),
        path,
        "declined",
        "at least the sum of the places within",
        "the places within add up to more than the place that holds them",
    )


def _check_places(places: pd.DataFrame, column: str, totals: pd.DataFrame) -> None:
    """Hold places of which none holds another against the week's total."""
    sums = places.groupby("week_start")[column].sum()
    for week, total in totals.set_index("week_start")[column].items():
        if sums.get(week, 0) > total:
            raise InputError(
                f"the places of week {week:%Y-%m-%d} add up to more than the week's total",
                file=_path(f"{column}_by_place"),
                place=f"column {column}",
                found=int(sums[week]),
                expected=f"at most {total} (weekly_totals.csv)",
                do=RESTORE,
            )


def _with_offences(known: pd.DataFrame) -> pd.DataFrame:
    """Put the offence group and detail beside each known row; a row without an offence is UNKNOWN."""
    texts = known[["offence_text"]].replace("", pd.NA).astype("category")
    classes = classify(texts.assign(offence_code=pd.Series(pd.NA, index=known.index, dtype="category")))
    groups = classes["offence_group"].astype("str").where(known["offence_text"] != "", "UNKNOWN")
    return known.assign(offence_group=groups, offence_detail=classes["offence_detail"].astype("str"))
