"""Sentences on ICE's own reports of 2017, on a source and on its versions, by a grammar that may refuse to speak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.load.reference import crosswalk
from analysis.show.sentences import Facts, Sentence, as_fact, holds, say
from analysis.stats.revisions import Revision

DOUBTS = {"stop": "**Stop**: ", "warn": "**Warning**: "}  # opens a check that does not pass, by its level


def recorded(facts: Facts) -> list[Sentence]:
    """Say what one of ICE's reports of 2017 counts, over the facts of a published week; the first is the title."""
    known = {name: as_fact(value) for name, value in facts.items()}
    told = [say(clause, known) for clause in ("recorded", "recorded_apart", "recorded_change")]
    said_now = [Sentence(template, facts) for template in told if template]
    return [*said("published", facts), *said_now, *said("doubts", facts), *said("no_rate", facts)]


def places(facts: Facts) -> list[Sentence]:
    """Say how many declines can be placed in a state, of how many states exactly, and how many are not named."""
    return said("places", {**facts, "all_named": facts["states_with_a_decline"] == facts["states_named"]})


def quality(card: pd.DataFrame) -> list[Sentence]:
    """Say what the scorecard of a source shows: title, size and verdict, then each check at stop, then each at warn."""
    facts, told = card.attrs["facts"], list[str]()
    for check, level in zip(card.attrs["checks"], card["level"], strict=True):
        if level in DOUBTS:
            share = f", {{{check}_share:share}}" if f"{check}_share" in facts else ""
            norm = f" where {{{check}_norm:share}} is known" if f"{check}_norm" in facts else ""
            note = f"; {{{check}_note:days}}" if f"{check}_note" in facts else ""
            end = "" if str(facts.get(f"{check}_note")).endswith("?") else "."
            found = f"{{{check}:n}}" if isinstance(facts[check], int) else f"{{{check}:days}}"
            told.append(f"{DOUBTS[level]}{{{check}_what}}: {found}{share}{norm}{note}{end}")
    return [*said("source", facts), *(Sentence(template, facts) for template in told)]


def cannot_tell(card: pd.DataFrame) -> list[Sentence]:
    """Say what a source cannot tell for want of a column, and what no release can."""
    return [*said("lacking", dict.fromkeys(card.attrs["lacking"], True)), *said("no_release", {})]


def versions(revision: Revision) -> list[Sentence]:
    """Say what changed between two versions; the first is the title."""
    return said("versions", revision.facts | {"source_name": revision.parameters.get("source")})


def said(about: str, facts: Mapping[str, Any]) -> list[Sentence]:
    """Say the sentences of ``data_words.csv`` that are about something, each where what it is said ``when`` holds."""
    table = crosswalk("data_words", "word_id").query("about == @about")
    return [Sentence(row.sentence, facts) for row in table.itertuples() if holds(row.when, facts)]
