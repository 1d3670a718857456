"""Sections on how good data are: a week's scorecard; this project's choices, and what another choice would change.

A section is what ``display(*section)`` shows.
"""

from __future__ import annotations

import pandas as pd

from analysis.load.irregular import is_counts
from analysis.load.norms import DRIFT, ERRORS, LEAST_DRIFT
from analysis.load.offences import choices, named_offences, primary_sensitivity
from analysis.load.quality import scorecard_facts
from analysis.load.repeats import RULES, rows_and_persons
from analysis.show.offence_section import NO_OFFENCE
from analysis.show.quality_listings import offence_choices, scorecard_rows, severity_order
from analysis.show.sheet import Sheet, Shown
from analysis.stats.gates import LEAST_THERE

SENSITIVE = 0.05
"""Share of the records from which on a choice that moves them is said aloud."""


NO_PERSONS = "This source has no person id: whether a row repeats another cannot be told."
NOT_CHECKED = {
    "quality_repeats": "person ids, so that a repeat cannot be told from another detainer",
    "quality_blank_state": "the state of any detainer",
    "quality_unplaced": "offences",
}
"""What a source lacks where a check of the week is left out."""


def week_quality(sheet: Sheet, card: pd.DataFrame) -> list[Shown]:
    """Show the scorecard of a week's data, and say what of it the source cannot tell.

    Parameters
    ----------
    sheet
        The report, which knows ``trailing_weeks``.
    card
        As from :func:`analysis.stats.week_quality.week_scorecard`.
    """
    sheet.know(
        **scorecard_facts(card),
        limit_drift=DRIFT,
        limit_errors=ERRORS,
        limit_least_drift=LEAST_DRIFT,
        limit_there=LEAST_THERE,
    )
    lacking = [words for check, words in NOT_CHECKED.items() if check not in set(card["check"])]
    return [
        sheet.say(
            "Checks of the week's data, all states together: {checks:n}. Passed: {checks_pass:n}. "
            "**Warnings: {checks_warn:n}. Stops: {checks_stop:n}.** Held against nothing: {checks_not_judged:n}.",
            f"Not checked, for the source does not have it: {'; '.join(lacking)}." if lacking else "",
        ),
        sheet.table(
            scorecard_rows(card).rename(columns={"norm": "usual_share"}),
            "week_quality",
            "One row per check of the week's data, all states together, repeats included; what stops or warns first. "
            "Usual: the median of the {trailing_weeks} full weeks before. A share warns where it lies outside the "
            "range of those weeks by more than {limit_drift:n} standard deviations of a cell and {limit_errors:n} "
            "standard errors together, and by {limit_least_drift:share} at least; the number read, by more than "
            "{limit_errors:n} of its square roots. It stops where less than {limit_there:share} of what is usual is "
            "there: then the week is compared with none. A dash for the level: there is nothing to hold it against.",
        ),
    ]


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
