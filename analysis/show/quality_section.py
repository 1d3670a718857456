"""Sections on this project's choices, and what another choice would change: repeats, and how offences were placed.

A section is what ``display(*section)`` shows.
"""

from __future__ import annotations

import pandas as pd

from analysis.load.offences import choices, named_offences, primary_sensitivity
from analysis.load.quality import is_counts
from analysis.load.repeats import RULES, rows_and_persons
from analysis.show.quality_listings import offence_choices, severity_order
from analysis.show.sentences import NO_OFFENCE
from analysis.show.sheet import Sheet, Shown

SENSITIVE = 0.05
"""Share of the records from which on a choice that moves them is said aloud."""


NO_PERSONS = "This source has no person id: whether a row repeats another cannot be told."


def repeats_by_rule(sheet: Sheet, table: pd.DataFrame) -> Shown:
    """Show rows and persons beside each other by each published rule, or say that the source cannot tell."""
    if is_counts(table) or table["person"].isna().all():
        return sheet.say(NO_PERSONS)
    counts = rows_and_persons(table).reset_index()
    return sheet.table(
        counts.assign(rule=counts["rule"].map(RULES)),
        "repeats",
        "One row per published rule: what it would flag as a repeat. Reports leave out what the rule chosen at the "
        "import flagged; ids hold within one release, and a row without one is never flagged.",
    )


def placed_offences(sheet: Sheet, table: pd.DataFrame, has_offences: bool) -> list[Shown]:
    """Show how far the choices in placing offences matter in a source, or say that it has no offence.

    Parameters
    ----------
    sheet
        The report.
    table
        The table of detainers.
    has_offences
        Whether the source records offences.
    """
    if not has_offences:
        return [sheet.say(NO_OFFENCE)]
    open_choices = choices(table)
    several = named_offences(table)
    moved = primary_sensitivity(several)["changed"]
    with_offence = int(table["offence_detail"].notna().sum())
    share = moved.max() / with_offence if with_offence else None
    sheet.know(
        with_offence=with_offence,
        choice_rows=open_choices["rows"].sum(),
        choice_share=open_choices["share"].sum() if with_offence else None,
        several_offences=several["record"].nunique(),
        moved_charges_first=moved["charges first"],
        moved_ties=moved["last of ties"],
        moved_share=share,
        limit_moved=SENSITIVE,
    )
    loud = "**The order of severity matters in this source**: " if (share or 0) > SENSITIVE else ""
    ranked = (
        f"{loud}Records that name several offences: {{several_offences:n}}; each counts once, by the gravest, "
        "convictions before charges. With charges first {moved_charges_first:n} would fall in another group, with ties "
        "taken the other way {moved_ties:n}."
        if len(several)
        else "No record names several offences: the one that ICE chose is taken as it is, and not ranked again."
    )
    return [
        sheet.say(
            "Of {with_offence:detainers} with an offence in a group, {choice_rows:n} ({choice_share:share}) have one "
            "that could stand in another group as well.",
            ranked,
        ),
        sheet.table(
            offence_choices(open_choices),
            "offence_choices",
            "One row per kind of offence that could stand in another group. The share is of the detainers with an "
            "offence in a group.",
        ),
        sheet.table(
            severity_order(),
            "severity",
            "One row per kind of offence, gravest first. The order is our proposal, not a standard: it follows the "
            "FBI's hierarchy for the offences of its Part I and places the others beside them.",
        ),
    ]
