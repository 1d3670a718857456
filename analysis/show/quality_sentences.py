"""Sentences on how good a source is and how its versions differ, as templates over facts."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.show.sentences import Fact

CANNOT_TELL = {
    "lift_reason": "No lift reason is recorded: **it cannot tell a decline**, and no report on declines can be made.",
    "lifted_on": "It has no day on which a detainer ended: declines are known by the week of issue alone.",
    "person": "It has no person ids: detainers are counted, and one person's repeats cannot be told from others.",
    "state": "It has no state.",
    "agency": "It does not name the facility or agency.",
    "form": "It does not say which form was used, so requests to hold and requests to notify are not told apart.",
    "offence_group": "It has no offence and no criminality: nothing can be said by offence.",
    "offence_text": "It names no offence: only ICE's three classes of criminality can be told.",
    "citizenship": "It has no citizenship.",
}
"""What a source without any value in a column cannot tell."""


def quality_sentences(card: pd.DataFrame) -> list[str]:
    """Say what a scorecard shows, over its facts (:func:`analysis.load.quality.scorecard_facts`).

    ``from_day`` and ``data_through`` are the days that the source covers. First come the size and the verdict, then
    each check at stop, then each at warn.
    """
    said = [
        "The source has {rows:detainers}, issued from {from_day:day} to {data_through:day}.",
        "Of {checks:n} checks, {checks_pass:n} pass, **{checks_warn:n} warn and {checks_stop:n} stop**.",
    ]
    for level, opening in (("stop", "**Stop**: "), ("warn", "**Warning**: ")):
        for row in card[card["level"] == level].itertuples():
            share = "" if pd.isna(row.share) else f", {{{row.check}_share:share}}"
            norm = "" if pd.isna(row.norm) else f" where {{{row.check}_norm:share}} is known"
            note = f"; {{{row.check}_note}}" if row.note else ""
            end = "" if row.note.endswith("?") else "."
            found = f"{{{row.check}:n}}" if row.found.lstrip("-").isdigit() else f"{{{row.check}}}"
            said.append(f"{opening}{row.what}: {found}{share}{norm}{note}{end}")
    return said


def cannot_tell(table: pd.DataFrame) -> list[str]:
    """Say what a source cannot tell for want of a column, and what no release can."""
    lacking = [name for name in CANNOT_TELL if table[name].isna().all()]
    if "offence_group" in lacking and "offence_text" in lacking:
        lacking.remove("offence_text")
    return [
        *(CANNOT_TELL[name] for name in lacking),
        "No release has the facility's county, the hour of a detainer, or a reason for a decline.",
        "A blank lift reason may be pending, not honoured or not updated; it is never counted as honoured.",
    ]


def revision_sentences(facts: Mapping[str, Fact]) -> list[str]:
    """Say what changed between two versions (:func:`analysis.stats.revisions.revision_facts`)."""
    said = [
        "From version {older} (extracted on {older_day:day}) to version {newer} ({newer_day:day}), **{rows_changed:n} "
        "detainers changed, {rows_vanished:n} vanished and {rows_late:n} came late**: issued by the older version's "
        "last day and not in it. {rows_same:n} are the same; {rows_new:n} were issued since.",
    ]
    if facts["filled"]:
        said.append(
            "For {filled:detainers} an end was filled in where none was recorded, for {declined_filled:n} of them a "
            "decline."
        )
    said.append(
        "Of {weeks_both:weeks} that both versions have in full, {weeks_revised:n} were revised: together from "
        "{declined_was:n} to {declined_now:n} recorded as declined, from {issued_was:n} to {issued_now:n} issued, from "
        "{not_recorded_was:n} to {not_recorded_now:n} without a recorded end."
    )
    if "most" in facts:
        said.append(
            "The declines of the week of {most:day} were revised most, from {most_was:n} to {most_now:n}. The figure "
            "of a young week is a first count, not a result."
        )
    said.append(_sureness(facts))
    return said


def _sureness(facts: Mapping[str, Fact]) -> str:
    """Say how rows were matched and how sure that is."""
    by = "the person's id and" if facts["by_person"] else "content alone, for ids are made anew with every release:"
    return (
        f"Rows were matched by {by} {{key}}. {{alike_changed:n}} of the changed, {{alike_vanished:n}} of the vanished "
        "and {alike_late:n} of the late detainers share all of that with another: which row it was is open, their "
        "number is not. The numbers are the least that turn one version into the other."
    )
