"""Sentences on how good a source is and how its versions differ, as templates over facts."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.load import quality
from analysis.load.quality import PASS
from analysis.load.releases import STOP_UNDATED
from analysis.load.vocabulary import GATES
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
UNFINISHED_RULE = (
    "From the newest week back, a week looks unfinished as long as its days are not all there, it has under "
    "{limit_few:limit} of the detainers of the {limit_weeks:weeks} before it (their median), or its share with a "
    "recorded end is under {limit_finished:limit} of that in the older half of the weeks (their median). A fall over "
    "such weeks is no finding."
)
BATCH_RULE = (
    "A day is listed that has at least {limit_batch:detainers} of one facility or state, and at least "
    "{limit_batch_times:n} times as many as the place's day of rank {limit_batch_rank:n}."
)
CHECK_RULES = (
    "*Blank shares* are held against the published shares of the same form of release (of all forms, where none is "
    "published for it). A warning lies outside their range by more than {limit_drift:n} standard deviations of a cell "
    "and {limit_errors:n} standard errors together, and by {limit_least_drift:limit} at least. A file without any lift "
    "reason stops.",
    "*Unknown words* are left blank: "
    + "; ".join(
        f"in the column {column}, warned of from {{limit_{column}_warn:limit}} of the rows on, and above "
        f"{{limit_{column}_stop:limit}} nothing is imported"
        for column in GATES
    )
    + ". An unknown lift reason always stops.",
    "*Impossible dates* and rows without a day are warned of from {limit_strays:limit} of the rows on; rows without a "
    "day, or issued after the extraction, stop above {limit_undated:limit}.",
    "*Repeats* are flagged by a published rule and never dropped; from {limit_repeats:limit} of the rows on they are "
    "warned of, and *offences in no group* from {limit_unplaced:limit} of those recorded.",
    "*Totals*: detainers and declines of a published period may differ by {limit_totals:limit}, which is more than two "
    "publishers of one year differ and less than a month of it, and in small periods by {limit_errors:n} times the "
    "square root.",
    "*The version before* is compared where one was imported under the same name. Fewer rows or an earlier last day "
    "are warned of, and so are detainers of the weeks of both that differ by {limit_totals:limit}, or a share without "
    "a lift reason that has risen by more than {limit_fewer_ends:limit}.",
    "No table lists single detainers; a word or facility with fewer than {limit_named:rows} is not named.",
)
"""How a check decides, over :func:`limit_facts`."""


def limit_facts() -> dict[str, Fact]:
    """Give the limits of the checks as facts by id."""
    return {
        "limit_few": quality.FEW_ROWS,
        "limit_weeks": quality.WEEKS_BEFORE,
        "limit_finished": quality.FINISHED,
        "limit_batch": quality.BULK_LEAST,
        "limit_batch_times": quality.BULK_TIMES,
        "limit_batch_rank": quality.BULK_RANK,
        "limit_drift": quality.DRIFT,
        "limit_errors": quality.ERRORS,
        "limit_least_drift": quality.LEAST_DRIFT,
        **{f"limit_{column}_warn": gate.warn for column, gate in GATES.items()},
        **{f"limit_{column}_stop": gate.stop for column, gate in GATES.items()},
        "limit_strays": quality.WARN_STRAYS,
        "limit_undated": STOP_UNDATED,
        "limit_repeats": quality.WARN_REPEATS,
        "limit_unplaced": quality.WARN_UNPLACED,
        "limit_totals": quality.TOTALS_DIFFER,
        "limit_fewer_ends": quality.FEWER_ENDS,
        "limit_named": quality.LEAST_NAMED,
    }


def quality_sentences(card: pd.DataFrame) -> list[str]:
    """Say what a scorecard shows, over its facts.

    They are those of :func:`analysis.load.quality.scorecard_facts` and :func:`check_names`. ``from_day`` and
    ``data_through`` are the days that the source covers. First come the size and the verdict, then each check at
    stop, then each at warn.
    """
    said = [
        "The source has {rows:detainers}, issued from {from_day:day} to {data_through:day}.",
        "Checks: {checks:n}, of which passed: {checks_pass:n}. **Warnings: {checks_warn:n}. Stops: {checks_stop:n}.**",
    ]
    for level, opening in (("stop", "**Stop**: "), ("warn", "**Warning**: ")):
        for row in card[card["level"] == level].itertuples():
            share = "" if pd.isna(row.share) else f", {{{row.check}_share:share}}"
            norm = "" if pd.isna(row.norm) else f" where {{{row.check}_norm:share}} is known"
            note = f"; {{{row.check}_note}}" if row.note else ""
            end = "" if row.note.endswith("?") else "."
            found = f"{{{row.check}:n}}" if row.found.lstrip("-").isdigit() else f"{{{row.check}}}"
            said.append(f"{opening}{{{row.check}_what}}: {found}{share}{norm}{note}{end}")
    return said


def check_names(card: pd.DataFrame) -> dict[str, Fact]:
    """Give what each doubtful check is of as a fact: it may hold a column's name as the file writes it."""
    return {f"{row.check}_what": row.what for row in card[card["level"] != PASS].itertuples()}


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
    """Say what changed between two versions (:func:`analysis.show.revision_facts.revision_facts`)."""
    said = [
        "From version {older} ({older_extracted}) to version {newer} ({newer_extracted}): "
        "**{rows_changed:detainers} changed, {rows_vanished:n} vanished and {rows_late:n} came late** (issued by the "
        "older version's last day and not in it). Unchanged: {rows_same:n}. Issued since: {rows_new:n}.",
    ]
    if facts["filled"]:
        said.append(
            "An end was filled in where none was recorded: for {filled:detainers}, {declined_filled:n} of them with a "
            "decline."
        )
    said.append(
        "Revised: {weeks_revised:n} of {weeks_both:weeks} that both versions have in full. Together they went from "
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
        f"Rows were matched by {by} {{key}}. Alike with another in all of that: of the changed {{alike_changed:n}}, of "
        "the vanished {alike_vanished:n}, of the late {alike_late:n}; which row it was is open, the number is "
        "not. The numbers are the least that turn one version into the other."
    )
