"""Sentences: filled from facts alone, true to them, and never in words that we do not use."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date

import pytest
from conftest import Cohorts
from hypothesis import given
from hypothesis import strategies as st

from analysis.load.events import blocking_events
from analysis.load.published import PublishedReports, read_published_reports
from analysis.show.listings import place_name
from analysis.show.sentences import (
    NEVER_IN_OUR_PROSE,
    NOUNS,
    Fact,
    as_p,
    as_percent,
    cohort_sentences,
    facts_named,
    fill,
    published_sentences,
)
from analysis.show.sheet import as_fact
from analysis.stats import cohorts, recorded
from analysis.stats.cohorts import NOT_GIVEN

PUBLISHED_WEEKS = (date(2017, 1, 28), date(2017, 2, 4), date(2017, 2, 11))
PLACES = ["CA", "DC", "TX", "VI", NOT_GIVEN]  # many declines; few; an unlimited ratio; no detainer in most weeks
BROKEN = re.compile(r"\bnan\b|\bNone\b|\binf\b|[{}]|  |\.\.|\( |\bnp\.")
NO_CAUSE = re.compile(r"\b(?:because|due to|led to|caused|after which|owing to)\b", re.IGNORECASE)


def check_prose(said: str) -> None:
    """Hold one filled sentence against what our own prose may not be."""
    lower = said.lower()
    assert [word for word in NEVER_IN_OUR_PROSE if word in lower] == [], said
    assert not NO_CAUSE.search(said), said
    assert not BROKEN.search(said), said
    assert said[0].isupper() or said[0].isdigit(), said
    assert not re.search(r"\b1 (?:cases|detainers|weeks|tests|rows|of .* have)\b", said), said
    assert said.endswith("."), said


def cohort_facts(made: Cohorts, week: date, place: str) -> dict[str, Fact]:
    """Gather what a bulletin knows of a week, over a few places."""
    comparisons = cohorts.compare_weeks(made.by_week, week, made.calendar, PLACES, blocking_events())
    found = cohorts.week_facts(made.by_week, comparisons, week, made.calendar, place)
    return as_facts(made, found, place)


def as_facts(made: Cohorts, found: dict[str, object], place: str) -> dict[str, Fact]:
    """Add what a bulletin knows beside the week's counts."""
    records = cohorts.record_facts(made.table.iloc[:0], cohorts.LEFT_OUT)  # this source has no person ids
    more = {"place": place, "place_name": place_name(place), "extracted_on": made.calendar.extracted_on}
    more |= {"week_completeness": None}  # nor days of declines
    return {name: as_fact(value) for name, value in (found | records | more).items()}


@pytest.fixture(scope="module")
def reports() -> PublishedReports:
    return read_published_reports()


def published(reports: PublishedReports, week: date) -> list[str]:
    facts = {name: as_fact(v) for name, v in recorded.week_facts(reports, week, blocking_events()).items()}
    return [fill(template, facts) for template in published_sentences(facts)]


# Filling.


@pytest.mark.parametrize("template", ["{nowhere}", "{declined:n} of {nowhere:n}", "{}", "{0}", "{declined:n} {1:n}"])
def test_a_template_can_only_name_facts(template: str) -> None:
    with pytest.raises(KeyError, match="not among the facts"):
        fill(template, {"declined": 3})


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("{x:n}", 1234567, "1,234,567"),
        ("{x:n}", 0, "0"),
        ("{x:n}", 6.54, "6.5"),
        ("{x:share}", 0.123456, "12.3%"),
        ("{x:share}", 0, "0.0%"),
        ("{x:share}", 1.0, "100.0%"),
        ("{x:ratio}", 45 / 64, "0.70"),
        ("{x:ratio}", 0.0, "0.00"),
        ("{x:p}", 0.08422157, "p = 0.084"),
        ("{x:p}", 6.4e-25, "p below 1e-24"),
        ("{x:day}", "2017-02-04", "4 February 2017"),
        ("{x:detainers}", 1, "1 detainer"),
        ("{x:detainers}", 0, "0 detainers"),
        ("{x:detainers}", 79053, "79,053 detainers"),
        ("{x:tests}", 1, "1 test"),
        ("{x:rows}", 9, "9 rows"),
        ("{x}", "settled", "settled"),
        ("{x}", 3, "3"),
    ],
)
def test_formats(template: str, value: Fact, text: str) -> None:
    assert fill(template, {"x": value}) == text


@pytest.mark.parametrize("form", ["", ":n", ":share", ":ratio", ":p", ":day", *(f":{noun}" for noun in NOUNS)])
def test_what_is_not_known_is_said_to_be_so_in_every_format(form: str) -> None:
    template = "{x" + form + "}"
    assert fill(template, {"x": None}) == "not known"
    assert fill(template, {"x": math.nan}) == "not known"


def test_an_unlimited_ratio_is_called_so_whether_a_number_or_a_stored_fact() -> None:
    assert fill("{x:ratio}", {"x": math.inf}) == "unlimited"
    assert fill("{x:ratio}", {"x": as_fact(math.inf)}) == "unlimited"


@given(st.integers(0, 10**12))
def test_a_count_can_be_read_back(count: int) -> None:
    assert int(fill("{x:n}", {"x": count}).replace(",", "")) == count
    number, noun = fill("{x:detainers}", {"x": count}).split(" ")
    assert int(number.replace(",", "")) == count
    assert noun == ("detainer" if count == 1 else "detainers")


@given(st.floats(0, 1))
def test_a_share_is_right_to_a_twentieth_of_a_percent(share: float) -> None:
    assert float(as_percent(share).removesuffix("%")) == pytest.approx(100 * share, abs=0.0501)


@given(st.floats(0, 1) | st.sampled_from([0.001, 1e-3 - 1e-9, 1e-4, 1e-5, 1e-20, 1e-300, 5e-324]))
def test_a_p_value_is_written_true(p: float) -> None:
    text = as_p(p)
    if text.startswith("p = "):
        assert float(text.removeprefix("p = ")) == pytest.approx(p, abs=0.000501)
        assert p >= 0.001
    else:
        bound = float(text.removeprefix("p below "))
        assert p < bound <= 0.001
        assert p == 0 or bound <= 10.000001 * p


def test_the_facts_of_a_template_are_listed() -> None:
    assert facts_named("Of {issued:detainers}, {declined:n} ({share:share}) in {place_name}.") == [
        *("issued", "declined", "share", "place_name")
    ]
    assert facts_named("No fact at all.") == []


# Cohort weeks.


def said_of(made: Cohorts, week: date, place: str) -> tuple[dict[str, Fact], list[str]]:
    facts = cohort_facts(made, week, place)
    return facts, [fill(template, facts) for template in cohort_sentences(facts)]


def test_every_cohort_week_is_said_in_our_words_and_in_whole_sentences(fiscal_2015: Cohorts) -> None:
    for week in fiscal_2015.calendar.weeks():
        comparisons = cohorts.compare_weeks(fiscal_2015.by_week, week, fiscal_2015.calendar, PLACES, blocking_events())
        for place in ("all", "CA", "DC", "VI"):
            found = cohorts.week_facts(fiscal_2015.by_week, comparisons, week, fiscal_2015.calendar, place)
            facts = as_facts(fiscal_2015, found, place)
            for template in cohort_sentences(facts):
                check_prose(fill(template, facts).replace("**", ""))
                assert not re.search(r"\d", re.sub(r"\{[^}]*\}|95% interval|7 days", "", template)), template


def test_a_settled_week_says_its_share_its_interval_and_its_comparisons(fiscal_2015: Cohorts) -> None:
    facts, said = said_of(fiscal_2015, date(2015, 6, 20), "CA")
    counts = f"{facts['issued']:,} detainers that ICE issued in California in the week ending 26 June 2015"
    assert counts in said[0]
    assert f"**{facts['declined']:,} as declined: {100 * float(facts['share'] or 0):.1f}%**" in said[0]
    assert "95% interval" in said[0]
    everything = " ".join(said)
    assert f"custody in {facts['taken']:,} cases" in everything
    assert f"For {facts['not_recorded']:,} nothing is recorded" in everything
    assert "The source has no person ids" in everything
    against = [sentence for sentence in said if sentence.startswith("Against the ")]
    assert [sentence.split(" (")[0] for sentence in against] == [
        "Against the week before",
        "Against the 8 weeks before",
    ]
    for sentence in against:
        assert re.search(r"(no clear change|the share is (higher|lower)) \(ratio of shares \d", sentence)


def test_a_partial_week_says_so_first_and_compares_nothing(fiscal_2015: Cohorts) -> None:
    for week, days in ((date(2014, 9, 27), 3), (date(2015, 7, 18), 2)):
        _, said = said_of(fiscal_2015, week, "all")
        assert said[0] == f"The source covers {days} of this week's 7 days. The week is shown and never compared."
        assert "No comparison with the week before: partial week." in said
        assert "No comparison with the 8 weeks before: partial week." in said


def test_a_provisional_week_says_so_and_names_no_direction(fiscal_2015: Cohorts) -> None:
    _, said = said_of(fiscal_2015, date(2015, 7, 11), "all")
    assert "less than 28 days before the source was extracted on 26 July 2015" in said[0]
    assert "No comparison with the week before: week not settled." in said
    assert not any("higher" in sentence or "lower" in sentence for sentence in said)


def test_none_declined_comes_with_the_share_that_would_agree(fiscal_2015: Cohorts) -> None:
    facts, said = said_of(fiscal_2015, date(2015, 6, 20), "DC")
    assert (facts["issued"], facts["declined"]) == (1, 0)
    assert said[0].startswith("Of the 1 detainer that ICE issued in the District of Columbia in the week ending")
    assert "**none as declined**; a share of up to 79.3% would agree" in said[0]  # 1 / (1 + 1.96^-2) is 0.793


def test_a_state_without_a_detainer_has_no_share(fiscal_2015: Cohorts) -> None:
    _, said = said_of(fiscal_2015, date(2015, 6, 20), "VI")
    assert said == ["The source has no detainer issued in the Virgin Islands in this week; nothing could be declined."]


def test_an_unlimited_ratio_is_said_and_not_called_unknown(fiscal_2015: Cohorts) -> None:
    """Texas, week of 18 October 2014: declines after a week without any."""
    facts, said = said_of(fiscal_2015, date(2014, 10, 18), "TX")
    assert facts["last_week_declined_before"] == 0
    comparison = next(sentence for sentence in said if sentence.startswith("Against the week before"))
    assert "ratio of shares unlimited" in comparison
    assert "not known" not in comparison


def test_the_blank_state_is_told_only_of_the_nation(fiscal_2015: Cohorts) -> None:
    _, nation = said_of(fiscal_2015, date(2015, 6, 20), "all")
    _, state = said_of(fiscal_2015, date(2015, 6, 20), "CA")
    assert "For 163 detainers ICE gave no state" in nation[-1]
    assert not any("gave no state" in sentence for sentence in state)


@pytest.mark.parametrize(
    ("finding", "claim"),
    [
        ("higher", "): the share is higher (ratio"),
        ("lower", "): the share is lower (ratio"),
        ("no clear change", "): no clear change (ratio"),
        ("no direction named: A law begins", "): no direction named: A law begins (ratio"),
    ],
)
def test_a_direction_is_the_findings_own(fiscal_2015: Cohorts, finding: str, claim: str) -> None:
    facts = cohort_facts(fiscal_2015, date(2015, 6, 20), "CA") | {"last_week_finding": finding}
    said = [fill(template, facts) for template in cohort_sentences(facts)]
    assert claim in next(sentence for sentence in said if sentence.startswith("Against the week before"))


@pytest.mark.parametrize(
    ("records", "persons", "part"),
    [
        ({"records": 120, "repeats_flagged": 7, "persons": 99, "without_id": 12}, 99, "120 rows"),
        ({"records": 1, "repeats_flagged": 1, "persons": 1, "without_id": 1}, 1, "1 row"),
    ],
)
def test_records_and_persons_are_told_apart(
    fiscal_2015: Cohorts, records: dict[str, Fact], persons: int, part: str
) -> None:
    facts = cohort_facts(fiscal_2015, date(2015, 6, 20), "CA") | records
    (template,) = (template for template in cohort_sentences(facts) if "persons" in facts_named(template))
    assert set(facts_named(template)) == {*records, "repeats_are"}
    told = fill(template, facts)
    assert part in told
    assert "left out" in told
    check_prose(told)
    assert not re.search(r"\b1 (?:different people|rows)\b|\b1 repeat\b", told), told
    assert facts["persons"] == persons


# Published weeks.


@pytest.mark.parametrize("week", PUBLISHED_WEEKS)
def test_every_published_week_says_that_no_rate_can_be_given(reports: PublishedReports, week: date) -> None:
    said = published(reports, week)
    assert sum("**no rate can be given**" in sentence for sentence in said) == 1
    for sentence in said:
        check_prose(sentence.replace("**", ""))
        assert not re.search(r"\brates?\b", sentence.replace("no rate can be given", "")), sentence
    everything = " ".join(said)
    assert "not known" not in everything


def test_the_first_report_is_told_with_and_without_one_county(reports: PublishedReports) -> None:
    said = " ".join(published(reports, PUBLISHED_WEEKS[0]))
    for part in (
        "**206 detainers as declined** in the week ending 3 February 2017",
        "accounts for 142 of the 206 (68.9%)",
        "**Everywhere else together the count is 64.**",
        "outside Travis County: 45 against 64: no clear change (ratio 0.70, 95% interval 0.47 to 1.05, exact p = 0.084",
        "With Travis County: 47 against 206: no direction named: Travis County policy takes effect (ratio 0.23",
        "exact p below 1e-24",
        "ICE issued 3,083 detainers",
        "at least 9 of these declines; at most 197 stand",
    ):
        assert part in said, part


def test_the_second_report(reports: PublishedReports) -> None:
    said = published(reports, PUBLISHED_WEEKS[1])
    assert "**47 detainers as declined** in the week ending 10 February 2017" in said[0]
    assert said[1] == "Travis County, Texas, accounts for 2; everywhere else together the count is 45."
    assert sum("outside Travis County: 45 against 64" in sentence for sentence in said) == 1
    assert any(sentence.startswith("In the week after, outside Travis County: 55 against 45") for sentence in said)
    assert not any("corrected" in sentence for sentence in said)


def test_a_week_without_the_countys_figure_says_nothing_of_it(reports: PublishedReports) -> None:
    facts: Mapping[str, Fact] = {
        name: as_fact(value)
        for name, value in recorded.week_facts(reports, PUBLISHED_WEEKS[2], blocking_events()).items()
        if not name.startswith(("outside", "previous_outside", "next_outside"))
    } | {"travis": None, "travis_share": None}
    said = [fill(template, facts) for template in published_sentences(facts)]
    assert not any("accounts for" in sentence or "everywhere else" in sentence for sentence in said)
    assert any("47" in sentence and "65" in sentence for sentence in said), "the whole is still compared"
