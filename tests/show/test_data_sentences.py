"""Sentences on published weeks, sources and versions: word for word, and no rate."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import DataCopy
from made_cohorts import published
from our_words import NEVER_IN_OUR_PROSE, check_sentence

import analysis as an
from analysis.load import quality as checks
from analysis.load.reference import crosswalk
from analysis.load.releases import GATES
from analysis.show import sentences
from analysis.show.report import captions
from analysis.show.sentences import facts_named
from analysis.stats.published import PublishedWeek

WEEKS = ("2017-01-28", "2017-02-04", "2017-02-11")
FIXED = "95% interval"
"""The only digits that stand in a sentence without a fact: the level of every interval."""
LEADS = pd.read_csv(Path(__file__).with_name("published_leads.csv"))
"""What each report's page says first, sentence by sentence, held against the articles by hand."""


def lead(week: PublishedWeek) -> list[str]:
    """Fill a week's sentences, the title first; hold each other, and their number, against what is promised of them."""
    title, *told = sentences.said("published", week.facts)
    assert 3 <= len(told) <= 5
    for sentence in told:
        named = set(facts_named(sentence.template))
        assert named <= set(week.facts)
        pairs = {name.removesuffix("_ratio") for name in named if name.endswith("_ratio")}
        assert {f"{pair}_{end}" for pair in pairs for end in ("low", "high")} <= named, "a ratio without its interval"
        assert not re.search(r"\d", re.sub(r"\{[^}]*\}", "", sentence.template).replace(FIXED, "")), sentence.template
    plain = [*map(str, told)]
    for said in plain:
        check_sentence(said)
        assert re.fullmatch(r"[A-Z](?:(?![.?!] [A-Z]).)*\.", said), f"one sentence: {said}"
        assert not re.search(r"\d% (?:more|fewer|higher|lower|increase|decrease)|[+−]\d", said), "no percentage change"
    return [str(title), *plain]


@pytest.mark.parametrize(
    ("week", "named"),
    [*zip(WEEKS, ["16 states had a decline and 10 of", "11 states (the", "A state whose number is not"], strict=True)],
)
def test_the_reports_are_told_word_for_word_and_what_cannot_be_checked_of_them(week: str, named: str) -> None:
    assert lead(published(week)) == LEADS.loc[LEADS["week"] == week, "said"].to_list()
    assert str(sentences.places(published(week).facts)[1]).startswith(named)
    counts, lacks = sentences.said("report_checks", an.quality(published(week)).attrs["facts"])
    assert f"Stops: {published(week).facts.get('checks_stop', 0)}." in str(counts)
    assert str(lacks).startswith("Not checked: repeats, persons without an id and blank lift reasons.")


def test_another_figure_in_the_files_gives_another_sentence(data_copy: DataCopy) -> None:
    name = "published_reports/aggregates.csv"
    data_copy.replace(name, 'recorded on 1 February",139', 'recorded on 1 February",142')
    said = lead(an.published_week(WEEKS[1]))
    assert said[2].endswith("accounts for 142 of the 206, all dated 1 February, when its policy changed.")


def test_a_direction_is_claimed_aloud_and_the_ratio_of_one_weeks_declined_and_issued_is_never_called_a_rate() -> None:
    for finding in ("higher", "lower"):
        facts = published(WEEKS[2]).facts | {"previous_all_finding": finding}
        assert f"the count is {finding} (ratio 1.38" in " ".join(map(str, sentences.said("published", facts)))
    facts = {"declined": 12, "issued": 73, "week": "2017-02-04", "apart_week": None, "taken_back_at_least": 0}
    said = " ".join(map(str, sentences.said("published", facts | {"issued_confidence": "high"})))
    assert "no rate is given" in said
    assert not re.search("rate|%", said.replace("no rate is given", ""))


ALONE = "Among the others: 9 rows that name a place and no offence."


@pytest.mark.parametrize(
    ("known", "without", "said"),
    [
        (29, 9, ["29 of 206 declines; for 177 it is not.", ALONE]),
        (0, 0, ["none of 206 declines; for 206 it is not."]),
        (206, 0, ["206 of 206 declines."]),
    ],
)
def test_no_row_is_spoken_of_that_is_not_there(known: int, without: int, said: list[str]) -> None:
    facts = {
        "declined": 206,
        "known_offences": known,
        "unknown_offences": 206 - known,
        "known_without_offence": without,
    }
    told = [*map(str, sentences.said("offences", facts))]
    assert told == [f"The offence is known for {said[0]}", *said[1:]]


# How good a source is, and two versions of one.

HOSTILE = "Date {of} <b>birth</b>"


@cache
def checked() -> pd.DataFrame:
    """Give the scorecard of the made-up source."""
    return an.quality(an.open_source("synthetic"))


def test_what_stops_or_warns_is_said_what_passes_only_counted_and_the_name_of_a_column_shown_and_never_run() -> None:
    """A scorecard of checks of a column whose name looks like a template and like a tag."""
    names, made = ["stops", "warns", "passes"], pd.DataFrame({"level": ["stop", "warn", "pass"]})
    facts: dict[str, Any] = {f"{name}_what": f"impossible: {HOSTILE}" for name in names} | dict.fromkeys(names, 12)
    facts |= {f"{name}_share": 0.25 for name in names} | {f"{name}_note": "made blank" for name in names}
    made.attrs = {"facts": checked().attrs["facts"] | facts, "checks": names}
    report = an.Report("release_quality")
    report.text(sentences.quality(made)[3:])
    shown, told = report.shown[-1].data, f": impossible: {HOSTILE}: 12, 25.0%; made blank."
    assert shown["text/plain"] == f"Stop{told}\n\nWarning{told}"
    assert "<b>" not in shown["text/markdown"]


def test_the_limits_are_those_of_the_checks_and_no_sentence_has_one_of_its_own() -> None:
    facts = checked().attrs["facts"]
    rules = sentences.said("rule", facts)
    said = " ".join(map(str, rules))
    assert f"above {GATES['state'][1]:.0%} nothing is imported" in said
    assert f"fewer than {checks.LEAST_NAMED} rows" in said
    assert f"from {checks.WARN_REPEATS:.0%} of the rows on" in said
    limits = {name for name in facts if name.startswith("limit_")}
    named = {name for rule in rules for name in facts_named(rule.template)}
    of_tables = {f"limit_{name}" for name in ("settling_days", "settled", "batch", "batch_times", "batch_rank")}
    assert named | of_tables == limits
    assert {*facts_named(captions()["definitions"]["release_quality"])} <= limits, "no definition says 'not known'"


def test_what_is_always_said_has_no_number_and_no_banned_word() -> None:
    words = crosswalk("data_words", "word_id")["sentence"]
    for word_id, sentence in words.items():
        assert not re.search(r"\d", re.sub(r"\{[^}]*\}|Fiscal 2015", "", sentence)), sentence
        assert not [word for word in NEVER_IN_OUR_PROSE if word in sentence.lower()]
        assert sentence.replace("*", "").endswith((".", "]")) or str(word_id).endswith("title")
    assert words.is_unique


@pytest.mark.parametrize(
    ("lacking", "number"), [("", 2), ("offence_group", 3), ("offence_group offence_text person", 4)]
)
def test_what_a_file_lacks_is_said_once(lacking: str, number: int) -> None:
    made = pd.DataFrame()
    made.attrs = {"lacking": lacking.split() or checked().attrs["lacking"]}
    said = [str(one) for one in sentences.cannot_tell(made)]
    assert len(said) == number
    assert sum("offence" in sentence for sentence in said) == bool(lacking)
    assert sum("person ids" in sentence for sentence in said) == ("person" in lacking)


def test_what_a_week_cannot_be_checked_for_is_said() -> None:
    week = an.quality(an.cohort("synthetic"))
    for lacks in ("none", "quality_repeats"):
        week.attrs = week.attrs | {"checks": [check for check in week.attrs["checks"] if check != lacks]}
        told = " ".join(map(str, sentences.checks(week)))
        assert ("Not checked, for the source does not have it: person ids" in told) is (lacks != "none")
        assert f": {week['level'].eq('pass').sum()} of {len(week)} passed" in told


def test_what_changed_between_versions_reads_well_for_one_of_each_and_what_did_not_happen_is_not_said() -> None:
    revision = an.compare_versions("synthetic")
    facts = dict(revision.facts)

    def told(**changed: object) -> str:
        revision.facts.update(facts | changed)
        return " ".join(map(str, sentences.said("versions", revision.facts | {"source_name": "synthetic"})))

    ones = {name: 1 for name, value in facts.items() if type(value) is int}
    said = told(**(ones | {"most_was": 0, "most": "2025-12-27"}))
    assert "1 detainer changed, 1 vanished and 1 came late" in said
    assert "The declines of the week of 27 December 2025 – 2 January 2026 were revised most, from 0 to 1." in said
    assert not re.search(r"\b1 (?:detainers|weeks|rows|are|were|share)\b", said), said
    assert said.startswith("Version 1 against version 1: synthetic From version 1 (extracted on 3 February 2026)")
    assert "filled in" in told()
    assert "filled in" not in told(filled=0)
    assert "matched by content alone" in told()
    assert "matched by the person's id and issued on" in told(by_person=True)
