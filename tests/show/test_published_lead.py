"""The sentences of a published week: word for word, recomputed from the files, and no rate anywhere."""

from __future__ import annotations

import csv
import re
from datetime import date

import pytest
from conftest import DataCopy
from statsmodels.stats.proportion import proportion_confint

from analysis.load.published import PublishedReports, read_published_reports
from analysis.load.reference import blocking_events, data_file
from analysis.periods import saturday_of
from analysis.show.published_facts import week_facts
from analysis.show.sentences import NEVER_IN_OUR_PROSE, WORDS, Fact, facts_named, fill
from analysis.show.sheet import as_fact
from analysis.show.what_changed import OFFENCES, RECORDED, say

PUBLISHED_WEEKS = (date(2017, 1, 28), date(2017, 2, 4), date(2017, 2, 11))
BROKEN = re.compile(r"\bnan\b|\bNone\b|\binf\b|[{}]|  |\.\.|\( |\bnp\.|not known")
FIXED = "95% interval"
"""The only digits that stand in a sentence without a fact: the level of every interval."""


def check_prose(said: str) -> None:
    """Hold one filled sentence against what our own prose may not be."""
    assert [word for word in NEVER_IN_OUR_PROSE if word in said.lower()] == [], said
    assert not BROKEN.search(said), said
    assert said[0].isupper(), said
    assert not re.search(r"\b1 (?:detainers|weeks|rows)\b", said), said
    assert said.endswith("."), said
    assert not re.search(r"[.?!] [A-Z]", said), f"one sentence: {said}"
    assert not re.search(r"\d% (?:more|fewer|higher|lower|increase|decrease)|[+−]\d", said), "no percentage change"


def check_week(facts: dict[str, Fact]) -> list[str]:
    """Fill a week's sentences; hold each, and their number, against what is promised of them."""
    templates = say(RECORDED, facts)
    assert 3 <= len(templates) <= 5, templates
    for template in templates:
        named = set(facts_named(template))
        assert named <= set(facts)
        pairs = {name.removesuffix("_ratio") for name in named if name.endswith("_ratio")}
        assert {f"{pair}_{end}" for pair in pairs for end in ("low", "high")} <= named, "a ratio without its interval"
        assert not re.search(r"\d", re.sub(r"\{[^}]*\}", "", template).replace(FIXED, "")), template
    said = [fill(template, facts).replace("**", "") for template in templates]
    for sentence in said:
        check_prose(sentence)
    return said


def _numbers(text: str) -> list[float]:
    return [float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\.?\d*", text)]


@pytest.fixture(scope="module")
def reports() -> PublishedReports:
    return read_published_reports()


def published(reports: PublishedReports, week: date) -> list[str]:
    facts = {name: as_fact(v) for name, v in week_facts(reports, week, blocking_events()).items()}
    return check_week(facts)


def test_the_second_report_is_told_word_for_word(reports: PublishedReports) -> None:
    assert " ".join(published(reports, PUBLISHED_WEEKS[1])) == (
        "ICE recorded 47 detainers as declined in the week ending 10 February 2017, against 206 the week before. One "
        "agency, Travis County, Texas, accounts for 142 of the 206, all but three dated 1 February, when its policy "
        "changed. Elsewhere the count was 45 against 64: no clear change (ratio 0.70, 95% interval 0.47 to 1.05). The "
        "week's 2,825 issued detainers are a different group, so no rate is given."
    )


def test_the_first_report_is_told_word_for_word(reports: PublishedReports) -> None:
    assert published(reports, PUBLISHED_WEEKS[0]) == [
        "ICE recorded 206 detainers as declined in the week ending 3 February 2017, the first week that it reported "
        "on.",
        "One agency, Travis County, Texas, accounts for 142 of the 206, all but three dated 1 February, when its "
        "policy changed.",
        "Elsewhere the count was 64.",
        "ICE itself later corrected places with at least 9 of these declines, so that at most 197 are not touched "
        "by a correction of ICE, and published no corrected total.",
        "The week's 3,083 issued detainers are a different group, so no rate is given.",
    ]


def test_the_third_report_says_how_little_it_rests_on(reports: PublishedReports) -> None:
    assert published(reports, PUBLISHED_WEEKS[2]) == [
        "ICE recorded 65 detainers as declined in the week ending 17 February 2017, against 47 the week before.",
        "Against the week before: no clear change (ratio 1.38, 95% interval 0.94 to 2.06).",
        "Both totals of this report are known from one article alone.",
        "The week's 2,868 issued detainers are a different group, so no rate is given.",
    ]


@pytest.mark.parametrize("week", PUBLISHED_WEEKS)
def test_a_published_week_gives_no_rate(reports: PublishedReports, week: date) -> None:
    said = " ".join(published(reports, week))
    assert said.count("no rate is given") == 1
    assert not re.search(r"\brates?\b", said.replace("no rate is given", ""))
    assert "%" not in said.replace("95% interval", "")


def test_the_example_is_recomputed_from_the_files() -> None:
    """By a loop over the CSV files and statsmodels: every number of the second report's sentences."""

    def rows(name: str) -> list[dict[str, str]]:
        with data_file(f"published_reports/{name}.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    totals = {row["week_start"]: row for row in rows("weekly_totals")}
    before, now = (totals[week.isoformat()] for week in PUBLISHED_WEEKS[:2])
    travis = [
        int(row["declined"])
        for total in (before, now)
        for row in rows("declined_by_place")
        if (row["place"], row["state"], row["week_start"]) == ("Travis", "TX", total["week_start"])
    ]
    dated = next(int(row["value"]) for row in rows("aggregates") if row["measure"].endswith("recorded on 1 February"))
    rest = [int(total["declined"]) - there for total, there in zip((before, now), travis, strict=True)]
    low, high = proportion_confint(rest[1], sum(rest), method="beta")
    ratio = [rest[1] / rest[0], low / (1 - low), high / (1 - high)]
    expected = [int(now["declined"]), 10, 2017, int(before["declined"]), travis[0], int(before["declined"]), 1]
    expected += [
        rest[1],
        rest[0],
        round(ratio[0], 2),
        95,
        *(round(limit, 2) for limit in ratio[1:]),
        int(now["issued"]),
    ]
    said = " ".join(published(read_published_reports(), PUBLISHED_WEEKS[1]))
    assert _numbers(said) == expected
    assert f"all but {WORDS[travis[0] - dated]} dated" in said


def test_another_figure_in_the_files_gives_another_sentence(data_copy: DataCopy) -> None:
    name = "published_reports/aggregates.csv"
    data_copy.replace(name, 'recorded on 1 February",139', 'recorded on 1 February",142')
    data_copy.accept(name)
    said = published(read_published_reports(), PUBLISHED_WEEKS[1])
    assert said[1].endswith("accounts for 142 of the 206, all dated 1 February, when its policy changed.")


def test_a_week_without_the_agencys_figure_compares_the_whole(reports: PublishedReports) -> None:
    facts: dict[str, Fact] = {
        name: as_fact(value)
        for name, value in week_facts(reports, PUBLISHED_WEEKS[1], blocking_events()).items()
        if not name.startswith(("outside", "previous_outside", "next_outside"))
    }
    said = check_week(facts)
    assert said[2].startswith(
        "Against the week before: no direction named: Travis County policy takes effect (ratio 0.23, 95% interval"
    )


def test_the_weeks_above_are_weeks() -> None:
    assert all(saturday_of(week) == week for week in PUBLISHED_WEEKS)


@pytest.mark.parametrize(
    ("known", "unknown", "without", "said"),
    [
        (
            *(29, 177, 9),
            [
                "The offence is known for 29 of 206 declines; for 177 it is not.",
                "Among the others: 9 rows that name a place and no offence.",
            ],
        ),
        (3, 203, 0, ["The offence is known for 3 of 206 declines; for 203 it is not."]),
        (0, 206, 0, ["The offence is known for none of 206 declines; for 206 it is not."]),
        (206, 0, 0, ["The offence is known for 206 of 206 declines."]),
    ],
)
def test_no_row_is_spoken_of_that_is_not_there(known: int, unknown: int, without: int, said: list[str]) -> None:
    facts = {
        "declined": 206,
        "known_offences": known,
        "unknown_offences": unknown,
        "known_without_offence": without,
    }
    assert [fill(one, facts).replace("**", "") for one in say(OFFENCES, facts)] == said
