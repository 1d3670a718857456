"""Irregular days and revisions to the rows that tables show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from analysis.load.offences import details, groups
from analysis.load.quality import LEAST_NAMED
from analysis.show.tables import MISSING
from analysis.stats.revisions import WEEKLY


def bulk_rows(days: pd.DataFrame) -> pd.DataFrame:
    """Show days far above a place's others; a number of detainers under five is not printed."""
    usual = [MISSING if pd.isna(n) else f"{n:,.0f}" if n >= LEAST_NAMED else "under 5" for n in days["usual"]]
    rows = days.assign(date=days["issued_on"], usual=usual, agency=days["agency"].fillna("all of the state"))
    return rows[["date", "state", "agency", "detainers", "usual"]]


def revised_rows(by_week: pd.DataFrame) -> pd.DataFrame:
    """Show the weeks of both versions, newest first, with what was revised in them."""
    both = by_week.dropna(subset=["issued_was", "issued_now"]).sort_index(ascending=False).reset_index()
    both["cut"] = both["cut"].map({True: "yes", False: "no"})
    measures = [f"{name}_{part}" for name in WEEKLY for part in ("was", "now", "change")]
    return both[["week", *measures, "changed", "vanished", "late", "cut"]]


def outcome_rows(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Show which class of lift reason became which."""
    return outcomes.rename(columns={"now": "is_now"})[["was", "is_now", "detainers", "alike"]]


def triangle_rows(triangle: pd.DataFrame, days: Mapping[int, date | None]) -> pd.DataFrame:
    """Lay out, version below version, what was known of each week whose declines differ between versions."""
    moving = triangle[triangle.max(axis="columns") > triangle.min(axis="columns")]
    rows = moving.reset_index().melt("week", var_name="version", value_name="known_then")
    rows["extracted_on"] = pd.to_datetime(rows["version"].map(days))
    ordered = rows.sort_values(["week", "version"], ascending=[False, True], ignore_index=True)
    return ordered[["week", "version", "extracted_on", "known_then"]]


def offence_choices(chosen: pd.DataFrame) -> pd.DataFrame:
    """Show the details that another choice would put in another group (:func:`analysis.load.offences.choices`)."""
    rows = chosen.assign(offence=details()["detail"], part=chosen["share"], detainers=chosen["rows"])
    for column, ids in (("group", "group_id"), ("other_group", "alternative_group")):
        rows[column] = rows[ids].map(groups()["group"])
    return rows[["offence", "group", "other_group", "detainers", "part", "reason"]].rename(columns={"reason": "why"})


def severity_order() -> pd.DataFrame:
    """Show every kind of offence in this project's order of severity."""
    rows = details()[details()["group_id"].isin(groups().index[groups()["order"] <= 16])]
    named = rows.assign(offence=rows["detail"], group=rows["group_id"].map(groups()["group"]), why=rows["reason"])
    named["violent"] = named["violent_fbi"].map({True: "yes", False: "no"})
    return named.sort_values("severity_rank", kind="stable")[["severity_rank", "offence", "group", "violent", "why"]]


def in_words(columns: Sequence[str]) -> str:
    """Name columns in a sentence: ``a, b and c``."""
    names = [str(name).replace("_", " ").lower() for name in columns]
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
