"""Sentences on ICE's own reports of 2017, on a source and on its versions, by a grammar that may refuse to speak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.load.reference import crosswalk
from analysis.show.sentences import Facts, Sentence
from analysis.stats.revisions import Revision

DOUBTS = {"stop": "**Stop**: ", "warn": "**Warning**: "}
"""How a check that does not pass is opened, by its level."""


def recorded(facts: Facts) -> list[Sentence]:
    """Say what one of ICE's reports of 2017 counts, over the facts of a published week; the first is the title."""
    against, apart = "previous_all_before" in facts, facts["apart_week"]
    before = (
        ", against {previous_all_before:n} the week before." if against else ", the first week that it reported on."
    )
    told = ["ICE recorded **{declined:detainers} as declined** in the week ending {week_end:day}" + before]
    if apart:
        dated = ", all but {apart_other_days:words}" if facts.get("apart_other_days") else ", all"
        dated += " dated {apart_day:day_of_year}" + ", when its policy changed" * (facts.get("apart_event") == "policy")
        dated *= bool(facts["apart_day"])
        told.append("One agency, {apart_name}, accounts for {apart_declined:n} of the {apart_total:n}" + dated + ".")
    if apart and "previous_outside_before" in facts:
        counts = "{previous_outside_now:many} against {previous_outside_before:many}"
        told.append(f"Elsewhere the count was {counts}: {_of_counts(facts, 'previous_outside')}.")
    elif against:
        told.append(f"Against the week before: {_of_counts(facts, 'previous_all')}.")
    elif apart and "outside" in facts:
        told.append("Elsewhere the count was {outside:many}.")
    poorly_known = facts["issued_confidence"] == "low"
    title, said_now = said("published", facts), [Sentence(template, facts) for template in told]
    return [*title, *said_now, *said("doubts", facts, poorly_known=poorly_known), *said("no_rate", facts)]


def _of_counts(facts: Facts, pair: str) -> str:
    """Say what may be said of two counts, with their ratio and its interval by chance alone."""
    said = f"{{{pair}_finding}}"
    claim = f"the count is **{said}**" if facts[f"{pair}_finding"] in ("higher", "lower") else said
    ratio = f" (ratio {{{pair}_ratio:ratio}}, 95% interval {{{pair}_low:ratio}} to {{{pair}_high:ratio}})"
    return claim + ("" if pd.isna(facts[f"{pair}_ratio"]) else ratio)


def places(facts: Facts) -> list[Sentence]:
    """Say how many declines can be placed in a state, of how many states exactly, and how many are not named."""
    return said("places", facts, all_named=facts["states_with_a_decline"] == facts["states_named"])


def quality(card: pd.DataFrame) -> list[Sentence]:
    """Say what the scorecard of a source shows: title, size and verdict, then each check at stop, then each at warn."""
    facts, told = card.attrs["facts"], list[str]()
    for check, level in zip(card.attrs["checks"], card["level"], strict=True):
        if level in DOUBTS:
            share = f", {{{check}_share:share}}" if f"{check}_share" in facts else ""
            norm = f" where {{{check}_norm:share}} is known" if f"{check}_norm" in facts else ""
            note = f"; {{{check}_note}}" if f"{check}_note" in facts else ""
            end = "" if str(facts.get(f"{check}_note")).endswith("?") else "."
            found = f"{{{check}:n}}" if isinstance(facts[check], int) else f"{{{check}}}"
            told.append(f"{DOUBTS[level]}{{{check}_what}}: {found}{share}{norm}{note}{end}")
    return [*said("source", facts), *(Sentence(template, facts) for template in told)]


def cannot_tell(card: pd.DataFrame) -> list[Sentence]:
    """Say what a source cannot tell for want of a column, and what no release can."""
    return [*said("lacking", dict.fromkeys(card.attrs["lacking"], True)), *said("no_release", {})]


def versions(revision: Revision) -> list[Sentence]:
    """Say what changed between two versions; the first is the title."""
    return said("versions", revision.facts | {"source_name": revision.parameters.get("source")})


def said(about: str, facts: Mapping[str, Any], **told: object) -> list[Sentence]:
    """Say the sentences of ``data_words.csv`` that are about something, each where what it is said ``when`` holds."""
    table, known = crosswalk("data_words", "word_id"), {**facts, **told}
    of_these = table.loc[table["about"] == about, ["when", "sentence"]].itertuples(index=False)
    return [
        Sentence(template, facts)
        for when, template in of_these
        if all(bool(known.get(name.lstrip("!"))) != name.startswith("!") for name in when.split())
    ]
