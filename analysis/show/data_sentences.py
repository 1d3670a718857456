"""Sentences on ICE's own reports of 2017, on a source and on its versions, by a grammar that may refuse to speak."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd

from analysis.load.files import crosswalk
from analysis.show.sentences import Clause, Facts, Sentence, say
from analysis.stats.published import PublishedWeek
from analysis.stats.revisions import Revision

EVENTS = {"policy": ", when its policy changed"}
"""What is said of the day of an event, by the event's kind."""
DOUBTS = {"stop": "**Stop**: ", "warn": "**Warning**: "}
"""How a check that does not pass is opened, by its level."""


def recorded_count(facts: Facts) -> str:
    """Say how many declines the report counts, and the one before it."""
    before = ", against {previous_all_before:n} the week before" if "previous_all_before" in facts else ""
    first = "" if before else ", the first week that it reported on"
    return "ICE recorded **{declined:detainers} as declined** in the week ending {week_end:day}" + before + first + "."


def one_agency(facts: Facts) -> str | None:
    """Say that one agency holds over half of a week's declines, and which day they are dated."""
    if not facts["apart_week"]:
        return None
    said = "One agency, {apart_name}, accounts for {apart_declined:n} of the {apart_total:n}"
    if facts["apart_day"]:
        of_which = "all but {apart_other_days:words}" if facts["apart_other_days"] else "all"
        said += f", {of_which} dated {{apart_day:day_of_year}}{EVENTS.get(str(facts['apart_event']), '')}"
    return said + "."


def recorded_change(facts: Facts) -> str | None:
    """Say what may be said of the change since the week before, without the agency that holds over half."""
    if facts["apart_week"] and "previous_outside_before" in facts:
        counts = "{previous_outside_now:many} against {previous_outside_before:many}"
        return f"Elsewhere the count was {counts}: {_of_counts(facts, 'previous_outside')}."
    if "previous_all_before" in facts:
        return f"Against the week before: {_of_counts(facts, 'previous_all')}."
    return "Elsewhere the count was {outside:many}." if facts["apart_week"] and "outside" in facts else None


def _of_counts(facts: Facts, pair: str) -> str:
    """Say what may be said of two counts, with their ratio and its interval by chance alone."""
    said = f"{{{pair}_finding}}"
    claim = f"the count is **{said}**" if facts[f"{pair}_finding"] in ("higher", "lower") else said
    ratio = f" (ratio {{{pair}_ratio:ratio}}, 95% interval {{{pair}_low:ratio}} to {{{pair}_high:ratio}})"
    return claim + ("" if pd.isna(facts[f"{pair}_ratio"]) else ratio)


def corrected(facts: Facts) -> str | None:
    """Say that ICE took some of the declines back."""
    if not facts["taken_back_at_least"]:
        return None
    return (
        "ICE itself later corrected places with at least {taken_back_at_least:n} of these declines, so that at most "
        "{remaining_at_most:n} are not touched by a correction of ICE, and published no corrected total."
    )


def poorly_known(facts: Facts) -> str | None:
    """Say that the report's totals rest on little."""
    low = facts["issued_confidence"] == "low"
    return "Both totals of this report are known from one article alone." if low else None


def no_rate(_: Facts) -> str:
    """Say that those issued are others than those declined."""
    return "The week's {issued:n} issued detainers are a different group, so **no rate is given**."


def located(facts: Facts) -> str:
    """Say how many declines can be placed in a state, and for how many states the figure is exact."""
    rest = "; for {not_covered:n} the state is not known to us" if facts["not_covered"] else ""
    none = ", {states_with_none:n} of them with none" if facts["states_with_none"] else ""
    return (
        f"The known figures place at least **{{covered_by_states:n}} of the {{declined:n}}** declines "
        f"({{covered_share:share}}) in a state{rest}. The figure is exact for {{states_exact:n}} states and "
        f"territories{none}."
    )


def unnamed_states(facts: Facts) -> str | None:
    """Say how many states with a decline are not named, and how many declines a state that is not named can have."""
    known = facts["states_with_a_decline"]
    if known is not None and known == facts["states_named"]:
        return "{states_with_a_decline:n} states (the District of Columbia is counted as one) had a decline, all named."
    if not known:
        return "A state whose number is not known has at most {unnamed_at_most:n}."
    return (
        "{states_with_a_decline:n} states had a decline and {states_named:n} of them are named, so a state whose "
        "number is not known has at most {unnamed_at_most:n}."
    )


def offences_known(facts: Facts) -> str:
    """Say for how many declines the offence is known."""
    rest = "; for {unknown_offences:n} it is not" if facts["unknown_offences"] else ""
    return "The offence is known for **{known_offences:many} of {declined:n}** declines" + rest + "."


def place_alone(facts: Facts) -> str | None:
    """Say of how many declines a row is known that names no offence."""
    known = "Among the others: {known_without_offence:rows} that name a place and no offence."
    return known if facts["known_without_offence"] else None


RECORDED: Sequence[Clause] = (recorded_count, one_agency, recorded_change, corrected, poorly_known, no_rate)
PLACES: Sequence[Clause] = (located, unnamed_states)
OFFENCES: Sequence[Clause] = (offences_known, place_alone)


def recorded(week: PublishedWeek) -> list[Sentence]:
    """Say what one of ICE's reports of 2017 counts; the first is the title."""
    return _sentences([*words("published").values(), *say(RECORDED, week.facts)], week.facts)


def places(week: PublishedWeek) -> list[Sentence]:
    """Say how many of the declines can be placed in a state."""
    return _sentences(say(PLACES, week.facts), week.facts)


def offences(week: PublishedWeek) -> list[Sentence]:
    """Say of how many of the declines the offence is known."""
    return _sentences(say(OFFENCES, week.facts), week.facts)


def report_checks(card: pd.DataFrame) -> list[Sentence]:
    """Say how many checks of one of ICE's reports pass, and what cannot be checked."""
    return said("report_checks", card.attrs["facts"])


def quality(card: pd.DataFrame) -> list[Sentence]:
    """Say what the scorecard of a source shows: title, size and verdict, then each check at stop, then each at warn."""
    facts, told = card.attrs["facts"], list(words("source").values())
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
    lacking, by_column = set(card.attrs["lacking"]), words("lacking")
    if {"offence_group", "offence_text"} <= lacking:
        lacking.remove("offence_text")
    return _sentences(
        [*(words for name, words in by_column.items() if name in lacking), *words("no_release").values()], {}
    )


def check_rules(card: pd.DataFrame) -> list[Sentence]:
    """Say how a check of a source decides."""
    return said("rule", card.attrs["facts"])


def versions(revision: Revision) -> list[Sentence]:
    """Say what changed between two versions; the first is the title."""
    facts = revision.facts | {"source_name": revision.parameters.get("source")}
    told = {"filled": facts["filled"], "most": "most" in facts, "by_person": facts["by_person"]}
    told["by_content"] = not facts["by_person"]
    return _sentences([template for about, template in words("versions").items() if told.get(about, True)], facts)


def said(about: str, facts: Mapping[str, Any]) -> list[Sentence]:
    """Say what always reads the same (:func:`words`) over some facts."""
    return _sentences(words(about).values(), facts)


@cache
def words(about: str) -> dict[str, str]:
    """Read the sentences that are always the same: templates by name, of ``data/reference/data_words.csv``."""
    table = crosswalk("data_words", "word_id")
    return dict(table.loc[table["about"] == about, "sentence"])


def _sentences(templates: Iterable[str], facts: Facts) -> list[Sentence]:
    """Put the facts behind templates."""
    return [Sentence(template, facts) for template in templates]
