"""Sentences on ICE's own reports of 2017, on a source and on its versions, by a grammar that may refuse to speak."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    told = ["ICE recorded **{declined:detainers} as declined** in the week ending {week_end:day}"]
    told[0] += (
        ", against {previous_all_before:n} the week before." if against else ", the first week that it reported on."
    )
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
    told += words("taken_back") if facts["taken_back_at_least"] else []
    told += words("poorly_known") if facts["issued_confidence"] == "low" else []
    return _sentences([*words("published"), *told, *words("no_rate")], facts)


def _of_counts(facts: Facts, pair: str) -> str:
    """Say what may be said of two counts, with their ratio and its interval by chance alone."""
    said = f"{{{pair}_finding}}"
    claim = f"the count is **{said}**" if facts[f"{pair}_finding"] in ("higher", "lower") else said
    ratio = f" (ratio {{{pair}_ratio:ratio}}, 95% interval {{{pair}_low:ratio}} to {{{pair}_high:ratio}})"
    return claim + ("" if pd.isna(facts[f"{pair}_ratio"]) else ratio)


def places(facts: Facts) -> list[Sentence]:
    """Say how many declines can be placed in a state, of how many states exactly, and how many are not named."""
    known, named = facts["states_with_a_decline"], facts["states_named"]
    rest = "; for {not_covered:n} the state is not known to us" if facts["not_covered"] else ""
    none = ", {states_with_none:n} of them with none" if facts["states_with_none"] else ""
    located = (
        f"The known figures place at least **{{covered_by_states:n}} of the {{declined:n}}** declines "
        f"({{covered_share:share}}) in a state{rest}. The figure is exact for {{states_exact:n}} states and "
        f"territories{none}."
    )
    unnamed = "all_named" if known and known == named else "some_named" if known else "none_named"
    return _sentences([located, *words(unnamed)], facts)


def offences(facts: Facts) -> list[Sentence]:
    """Say for how many declines the offence is known, and of how many a row names none."""
    rest = "; for {unknown_offences:n} it is not" if facts["unknown_offences"] else ""
    known = "The offence is known for **{known_offences:many} of {declined:n}** declines" + rest + "."
    return _sentences([known, *(words("place_alone") if facts["known_without_offence"] else [])], facts)


def quality(card: pd.DataFrame) -> list[Sentence]:
    """Say what the scorecard of a source shows: title, size and verdict, then each check at stop, then each at warn."""
    facts, told = card.attrs["facts"], list(words("source"))
    for check, level in zip(card.attrs["checks"], card["level"], strict=True):
        if level in DOUBTS:
            share = f", {{{check}_share:share}}" if f"{check}_share" in facts else ""
            norm = f" where {{{check}_norm:share}} is known" if f"{check}_norm" in facts else ""
            note = f"; {{{check}_note}}" if f"{check}_note" in facts else ""
            end = "" if str(facts.get(f"{check}_note")).endswith("?") else "."
            found = f"{{{check}:n}}" if isinstance(facts[check], int) else f"{{{check}}}"
            told.append(f"{DOUBTS[level]}{{{check}_what}}: {found}{share}{norm}{note}{end}")
    return _sentences(told, facts)


def cannot_tell(card: pd.DataFrame) -> list[Sentence]:
    """Say what a source cannot tell for want of a column, and what no release can."""
    lacking = set(card.attrs["lacking"])
    if "offence_group" in lacking:
        lacking.discard("offence_text")
    of_columns = _about("lacking")
    return _sentences([*of_columns[of_columns.index.isin(lacking)], *words("no_release")], {})


def versions(revision: Revision) -> list[Sentence]:
    """Say what changed between two versions; the first is the title."""
    facts = revision.facts | {"source_name": revision.parameters.get("source")}
    by_person = bool(facts["by_person"])
    told = {"filled": facts["filled"], "most": "most" in facts, "by_person": by_person, "by_content": not by_person}
    of_versions = _about("versions")
    return _sentences([template for name, template in of_versions.items() if told.get(name, True)], facts)


def said(about: str, facts: Mapping[str, Any]) -> list[Sentence]:
    """Say what always reads the same over some facts: ``report_checks`` of a report, ``rule`` of a source's checks."""
    return _sentences(words(about), facts)


def words(about: str) -> list[str]:
    """Read the templates of the sentences that are always the same."""
    return list(_about(about))


def _about(about: str) -> pd.Series:
    """Read the templates of ``data/reference/data_words.csv`` that are about something, by their ids."""
    table = crosswalk("data_words", "word_id")
    return table.loc[table["about"] == about, "sentence"]


def _sentences(templates: Iterable[str], facts: Facts) -> list[Sentence]:
    """Put the facts behind templates."""
    return [Sentence(template, facts) for template in templates]
