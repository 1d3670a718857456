"""Sentences on quality and revisions: limits from the checks' own constants, and names in files that do no harm."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from analysis.load import quality
from analysis.load.quality import scorecard_facts
from analysis.load.vocabulary import GATES
from analysis.show.quality_sentences import (
    BATCH_RULE,
    CHECK_RULES,
    UNFINISHED_RULE,
    cannot_tell,
    check_names,
    limit_facts,
    quality_sentences,
    revision_sentences,
)
from analysis.show.sentences import NEVER_IN_OUR_PROSE, NOT_EXTRACTED, Fact, facts_named, fill
from analysis.show.sheet import Sheet

RULES = (UNFINISHED_RULE, BATCH_RULE, *CHECK_RULES)
HOSTILE = "Date {of} <b>birth</b>"


def card(*levels: str, found: str = "12") -> pd.DataFrame:
    rows = [
        {"check": f"impossible_{n}", "what": f"impossible: {HOSTILE}", "found": found, "level": level}
        for n, level in enumerate(levels)
    ]
    table = pd.DataFrame(rows, columns=["check", "what", "found", "level"])
    return table.assign(share=0.25, norm=float("nan"), note="made blank")


def revision(**facts: Fact) -> dict[str, Fact]:
    counts = ["rows_changed", "rows_vanished", "rows_late", "rows_same", "rows_new", "filled", "declined_filled"]
    counts += ["weeks_revised", "weeks_both", "alike_changed", "alike_vanished", "alike_late"]
    counts += [f"{name}_{part}" for name in ("declined", "issued", "not_recorded") for part in ("was", "now")]
    days: dict[str, Fact] = {
        "older_extracted": "extracted on 6 January 2026",
        "newer_extracted": NOT_EXTRACTED,
        "older": 1,
        "newer": 2,
        "key": "issued on and form",
    }
    return {**dict.fromkeys(counts, 1), **days, "by_person": False, **facts}


def test_every_limit_is_said_and_no_sentence_has_one_of_its_own() -> None:
    limits = limit_facts()
    assert {name for rule in RULES for name in facts_named(rule)} == set(limits)
    for rule in RULES:
        assert not re.search(r"\d", re.sub(r"\{[^}]*\}", "", rule)), rule
        said = fill(rule, limits)
        assert said.endswith("."), said
        assert not [word for word in NEVER_IN_OUR_PROSE if word in said.lower()]


def test_the_limits_are_those_of_the_checks() -> None:
    said = " ".join(fill(rule, limit_facts()) for rule in RULES)
    assert f"at least {quality.BULK_LEAST} detainers" in said
    assert f"above {GATES['state'].stop:.0%} nothing is imported" in said
    assert f"the {quality.WEEKS_BEFORE} weeks before it" in said
    assert f"fewer than {quality.LEAST_NAMED} rows" in said


@pytest.mark.parametrize("levels", [(), ("pass",), ("warn", "pass", "stop")])
def test_what_stops_comes_first_and_what_passes_is_only_counted(levels: tuple[str, ...]) -> None:
    scored = card(*levels)
    said = quality_sentences(scored)[2:]
    assert [sentence.split(":")[0] for sentence in said] == [
        name for level, name in (("stop", "**Stop**"), ("warn", "**Warning**")) for _ in range(levels.count(level))
    ]


def test_the_name_of_a_column_is_shown_and_never_filled_or_run() -> None:
    sheet = Sheet("release_quality", parameters={}, source={})
    scored = card("warn")
    sheet.know(
        **scorecard_facts(scored), **check_names(scored), rows=48, from_day="2025-01-04", data_through="2025-02-01"
    )
    shown = sheet.say(*quality_sentences(scored)).data
    assert f"**Warning**: impossible: {HOSTILE}: 12, 25.0%; made blank." in shown["text/plain"]
    assert "<b>" not in shown["text/markdown"]


def test_what_changed_reads_well_for_one_of_each() -> None:
    facts = revision(most="2025-12-27", most_was=0, most_now=1)
    said = " ".join(fill(template, facts) for template in revision_sentences(facts))
    assert "**1 detainer changed, 1 vanished and 1 came late**" in said
    assert "The declines of the week of 27 December 2025 were revised most, from 0 to 1." in said
    assert not re.search(r"\b1 (?:detainers|weeks|rows|are|were|share)\b", said), said
    nothing = revision(filled=0)
    assert not any("filled in" in fill(template, nothing) for template in revision_sentences(nothing))


def test_what_a_file_lacks_is_said_once() -> None:
    columns = ["lift_reason", "lifted_on", "person", "state", "agency", "form", "offence_group", "offence_text"]
    table = pd.DataFrame({name: ["x"] for name in [*columns, "citizenship"]})
    assert len(cannot_tell(table)) == 2
    without = cannot_tell(table.assign(offence_group=None, offence_text=None, person=None))
    assert sum("offence" in sentence for sentence in without) == 1
    assert sum("person ids" in sentence for sentence in without) == 1
