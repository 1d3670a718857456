"""What changed this week: three to five sentences, true to the figures they come from, silent where they must be."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta

import pandas as pd
import pytest
from conftest import Cohorts, DataCopy
from statsmodels.stats.proportion import proportion_confint

from analysis.load.events import blocking_events
from analysis.load.files import data_file
from analysis.load.published import PublishedReports, read_published_reports
from analysis.load.sources import open_source
from analysis.load.table import Outcome, as_table
from analysis.load.vocabulary import states
from analysis.periods import WEEK, Calendar, last_day, saturday_of
from analysis.show.listings import place_name
from analysis.show.sentences import NEVER_IN_OUR_PROSE, WORDS, Fact, facts_named, fill
from analysis.show.sheet import as_fact
from analysis.show.what_changed import COHORT, OFFENCES, RECORDED, notes, say
from analysis.stats import cohorts, context, gates, scan
from analysis.stats.apart import apart_facts
from analysis.stats.cohorts import NOT_GIVEN
from analysis.stats.nowcast import nowcast_facts
from analysis.stats.published import week_facts

PUBLISHED_WEEKS = (date(2017, 1, 28), date(2017, 2, 4), date(2017, 2, 11))
PLACES = [*states().index, NOT_GIVEN]
BROKEN = re.compile(r"\bnan\b|\bNone\b|\binf\b|[{}]|  |\.\.|\( |\bnp\.|not known")
NO_CAUSE = re.compile(r"\b(?:because|due to|led to|caused|after which|owing to)\b", re.IGNORECASE)
FIXED = re.compile(r"95% interval|7 days")
"""The only digits that stand in a sentence without a fact: the level of every interval, the days of a week."""
Facts = Mapping[str, Fact]


def check_prose(said: str) -> None:
    """Hold one filled sentence against what our own prose may not be."""
    lower = said.lower()
    assert [word for word in NEVER_IN_OUR_PROSE if word in lower] == [], said
    assert not NO_CAUSE.search(said), said
    assert not BROKEN.search(said), said
    assert said[0].isupper() or said[0].isdigit(), said
    assert not re.search(r"\b1 (?:cases|detainers|weeks|tests|rows|of .* have)\b", said), said
    assert said.endswith("."), said
    assert not re.search(r"[.?!] [A-Z]", said), f"one sentence: {said}"
    assert not re.search(r"\d% (?:more|fewer|higher|lower|increase|decrease)|[+−]\d", said), "no percentage change"


def without_interval(template: str) -> list[str]:
    """List the estimates that a sentence gives without an interval: the week's share, a comparison, a final number."""
    named = set(facts_named(template))
    ends = {name: (f"{name.removesuffix('_ratio')}_low", f"{name.removesuffix('_ratio')}_high") for name in named}
    estimates = [name for name in named if name in ("share", "nowcast") or name.endswith("_ratio")]
    return [name for name in estimates if not named.issuperset(ends[name])]


def check_week(facts: Facts, grammar: tuple[Callable[[Facts], str | None], ...] = COHORT) -> list[str]:
    """Fill a week's sentences; hold each, and their number, against what is promised of them."""
    templates = say(grammar, facts)
    assert 3 <= len(templates) <= 5, templates
    for template in templates:
        assert set(facts_named(template)) <= set(facts)
        assert without_interval(template) == [], template
        assert not re.search(r"\d", FIXED.sub("", re.sub(r"\{[^}]*\}", "", template))), template
    said = [fill(template, facts).replace("**", "") for template in templates]
    for sentence in said:
        check_prose(sentence)
    return said


def cohort_facts(
    table: pd.DataFrame, calendar: Calendar, week: date, place: str = "all", blocking: pd.DataFrame | None = None
) -> dict[str, Fact]:
    """Gather what a bulletin knows of a week before it speaks."""
    until = table[table["issued_on"] <= pd.Timestamp(last_day(week))]
    triangle = context.measured_triangle(until, calendar.extracted_on, {})
    calendar = context.matured(calendar.until(week), triangle)
    by_week = cohorts.count_outcomes(until, ["week", "state"])
    gate = gates.gate_facts(by_week, week, calendar)
    calendar = gates.gated(calendar, week, gate)
    known = blocking_events() if blocking is None else blocking
    events = gates.blocking_also(known, by_week, week, calendar)
    comparisons = cohorts.compare_weeks(by_week, week, calendar, PLACES, events)
    scanned = scan.scan_of(until, week, calendar)
    own = cohorts.in_place(until, place)
    found = {
        **cohorts.week_facts(by_week, comparisons, week, calendar, place),
        **cohorts.record_facts(context.rows_of_weeks(own, [week]), cohorts.LEFT_OUT, table["person"].notna().any()),
        **context.maturity_facts(calendar, triangle, week, gate["gate"]),
        **gate,
        **nowcast_facts(context.estimated_finals(triangle, until, calendar, {}, place), week),
        **scan.scan_facts(scanned, scan.why_no_scan(week, calendar), place),
        **apart_facts(own, week, comparisons, events, place),
        "place": place,
        "place_name": place_name(place),
        "extracted_on": calendar.extracted_on,
    }
    return {name: as_fact(value) for name, value in found.items()}


def of_2015(made: Cohorts, week: date, place: str = "all") -> tuple[dict[str, Fact], list[str]]:
    facts = cohort_facts(made.table, made.calendar, week, place)
    return facts, check_week(facts)


FIRST = date(2016, 1, 2)
CALENDAR = Calendar(FIRST, FIRST + 12 * WEEK - timedelta(days=1), date(2017, 1, 1))  # twelve full, settled weeks
LAST_MADE = FIRST + 11 * WEEK
STEADY = [{"CA": (20, 200), "NY": (20, 200), "TX": (18, 200)}] * 11
NO_EVENTS = blocking_events().iloc[:0]


def detainers(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Make a table of detainers; a row left at its defaults is one undecided detainer of the first week."""
    default: dict[str, object] = {"issued_on": FIRST, "state": None, "form": "I247D", "request": "hold"}
    default |= {"lift_reason": None, "outcome": Outcome.NOT_RECORDED, "detainers": 1, "source_file": "made"}
    return as_table(pd.DataFrame([default | {"source_row": n + 2} | row for n, row in enumerate(rows)]))


def made_weeks(*weeks: dict[str, tuple[int, int]], agency: str | None = None, ends: int | None = None) -> pd.DataFrame:
    """Make weeks of (declined, issued) by state; of the undeclined ``ends`` are taken, all where it is None."""
    rows = []
    for n, of_week in enumerate(weeks):
        for state, (declined, issued) in of_week.items():
            taken = issued - declined if ends is None or n < len(weeks) - 1 else ends
            for what, number in (
                (Outcome.DECLINED, declined),
                (Outcome.TAKEN, taken),
                (Outcome.NOT_RECORDED, issued - declined - taken),
            ):
                row = {"issued_on": FIRST + n * WEEK, "state": state, "outcome": what, "detainers": number}
                rows += [{**row, "agency": agency if state == "TX" else "ELSEWHERE"} if agency else row] * (number > 0)
    return detainers(rows)


def made_facts(last: dict[str, tuple[int, int]], place: str = "all", **options: object) -> dict[str, Fact]:
    table = made_weeks(*STEADY, last, **options)  # type: ignore[arg-type]
    return cohort_facts(table, CALENDAR, LAST_MADE, place, NO_EVENTS)


# Weeks by the day of issue.


def test_every_week_of_every_kind_of_place_has_three_to_five_sentences(fiscal_2015: Cohorts) -> None:
    for week in fiscal_2015.calendar.weeks():
        for place in ("all", "CA", "DC", "VI"):  # many declines; few; no detainer in most weeks
            of_2015(fiscal_2015, week, place)


def _interval(now: int, issued: int, before: int, issued_before: int) -> list[float]:
    """Give the ratio of shares with its exact conditional interval, by statsmodels and by hand."""
    odds = issued_before / issued
    low, high = proportion_confint(now, now + before, method="beta")
    return [odds * part / (1 - part) for part in (now / (now + before), low, high)]


def _numbers(text: str) -> list[float]:
    return [float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\.?\d*", text)]


@pytest.mark.parametrize("week", [date(2015, 3, 14), date(2015, 1, 31), date(2015, 6, 20)])
def test_the_sentences_are_recomputed_from_the_rows(fiscal_2015: Cohorts, week: date) -> None:
    """By other means than the package's: a loop over the CSV that the source is read from, and statsmodels."""
    issued: dict[tuple[str, str], int] = {}
    declined: dict[tuple[str, str], int] = {}
    for row in csv.DictReader(data_file("counts/fy2015_weekly_counts.csv").open(encoding="utf-8")):
        key = (row["week_start"], row["state"])
        issued[key] = issued.get(key, 0) + int(row["detainers"])
        if row["lift_reason"] == "Detainer Declined by LEA":
            declined[key] = declined.get(key, 0) + int(row["detainers"])

    def total(counts: dict[tuple[str, str], int], day: date, without: str = "-") -> int:
        return sum(n for (start, state), n in counts.items() if start == day.isoformat() and state != without)

    _, said = of_2015(fiscal_2015, week)
    now, before = week, week - WEEK
    d, i, d0, i0 = (total(counts, day) for day in (now, before) for counts in (declined, issued))
    low, high = proportion_confint(d, i, method="wilson")
    end = last_day(week)
    assert said[0] == (
        f"Of the {i:,} detainers that ICE issued in the United States in the week ending {end.day} {end:%B} "
        f"{end.year}, it has recorded {d} as declined ({100 * d / i:.1f}%, 95% interval {100 * low:.1f}% to "
        f"{100 * high:.1f}%), "
        f"against {d0} of {i0:,} the week before ({100 * d0 / i0:.1f}%)."
    )
    ratio = _interval(d, i, d0, i0)
    assert said[1].startswith(
        f"Against the week before: no clear change (ratio of shares {ratio[0]:.2f}, 95% interval {ratio[1]:.2f} to "
        f"{ratio[2]:.2f}, adjusted p = "
    )
    of_week = {state: n for (start, state), n in declined.items() if start == now.isoformat()}
    top, most = max(of_week.items(), key=lambda item: item[1])
    apart = [sentence for sentence in said if sentence.startswith("One place")]
    assert bool(apart) == (2 * most > d)
    if apart:
        assert top == "CA"
        e, j, e0, j0 = (total(counts, day, top) for day in (now, before) for counts in (declined, issued))
        rest = _interval(e, j, e0, j0)
        assert apart[0].startswith(
            f"One place, California, accounts for {most} of the {d}; elsewhere {e} of {j:,} are recorded as declined, "
            f"against {e0} of {j0:,} the week before: no clear change (ratio of shares {rest[0]:.2f}, 95% interval "
            f"{rest[1]:.2f} to {rest[2]:.2f}, adjusted p = "
        )
    nothing = sum(
        int(row["detainers"])
        for row in csv.DictReader(data_file("counts/fy2015_weekly_counts.csv").open(encoding="utf-8"))
        if row["week_start"] == week.isoformat() and not row["lift_reason"]
    )
    assert f"what became of {nothing:,} detainers without a recorded end" in said[-1]


def test_a_partial_week_says_so_first_and_compares_nothing(fiscal_2015: Cohorts) -> None:
    for week, days in ((date(2014, 9, 27), 3), (date(2015, 7, 18), 2)):
        _, said = of_2015(fiscal_2015, week)
        assert said[0] == f"The source covers {days} of this week's 7 days: the week is shown and never compared."
        assert len(said) == 3
        assert "against" not in " ".join(said)


def test_an_unfinished_week_names_no_direction_and_no_count_before_it(fiscal_2015: Cohorts) -> None:
    _, said = of_2015(fiscal_2015, date(2015, 7, 11))
    assert "less than 28 days before the source was extracted on 26 July 2015" in said[1]
    assert not re.search("higher|lower|against|within|above", " ".join(said))


def test_an_unfinished_week_has_its_nowcast_where_delays_are_known() -> None:
    weeks = 30
    end = FIRST + weeks * WEEK - timedelta(days=1)
    rows = [
        {"issued_on": FIRST + n * WEEK, "lifted_on": day, "outcome": Outcome.DECLINED, "state": "TX"}
        for n in range(weeks)
        for delay in [0] * 12 + [1] * 5 + [2] * 3
        if (day := FIRST + (n + delay) * WEEK) <= end
    ]
    rows += [{"issued_on": FIRST + n * WEEK, "state": "TX"} for n in range(weeks) for _ in range(5)]
    facts = cohort_facts(detainers(rows), Calendar(FIRST, end, end), FIRST + (weeks - 1) * WEEK)
    said = check_week(facts)
    assert facts["status"] == "provisional"
    assert "60.0% of its declines are recorded, with about 20 to be expected in the end (90% band" in said[1]
    low, high = _numbers(said[1].partition("band")[2])
    assert low < 20 < high
    assert said[1].endswith("so no direction is named.")
    assert not any("higher" in sentence or "lower" in sentence for sentence in said)


def test_an_estimate_without_its_interval_is_found() -> None:
    assert without_interval("{share:share} of {issued:n}") == ["share"]
    assert without_interval("(ratio {last_week_ratio:ratio}, {last_week_low:ratio} to {last_week_high:ratio})") == []
    assert without_interval("about {nowcast:.0f}, {nowcast_low:.0f} at least") == ["nowcast"]


@pytest.mark.parametrize("place", ["all", "CA"])
def test_the_newest_week_of_the_bundled_made_up_source_has_a_nowcast(place: str) -> None:
    source = open_source("synthetic", clock="issued")
    calendar = Calendar.of(source.facts)
    table = cohorts.without_repeats(source.detainers(cohorts.SERIES_COLUMNS))
    facts = cohort_facts(table.assign(person=None), calendar, calendar.pick("latest"), place)
    said = check_week(facts)
    assert facts["status"] == "provisional"
    assert "to be expected in the end (90% band" in said[1]
    assert facts["declined"] == facts["nowcast_recorded"]  # all that is counted is in it, of the last days as well
    band = [float(facts[name] or 0) for name in ("declined", "nowcast_low", "nowcast", "nowcast_high")]
    assert band == sorted(band)


def test_none_declined_comes_with_what_would_agree_with_that(fiscal_2015: Cohorts) -> None:
    facts, said = of_2015(fiscal_2015, date(2015, 6, 20), "DC")
    assert (facts["issued"], facts["declined"]) == (1, 0)
    assert said[0].startswith("Of the 1 detainer that ICE issued in the District of Columbia in the week ending")
    assert "none as declined (a share of up to 79.3% would agree" in said[0]  # 1 / (1 + 1.96^-2) is 0.793
    more = check_week(made_facts({"CA": (0, 200), "TX": (20, 200)}, "CA"))
    assert (
        "none as declined (up to 3.7, a share of 1.9%, would agree with that, 95% interval), against 20 of" in more[0]
    )


def test_a_week_with_nothing_has_three_sentences(fiscal_2015: Cohorts) -> None:
    _, said = of_2015(fiscal_2015, date(2015, 6, 20), "VI")
    assert said == [
        "The source has no detainer issued in the Virgin Islands in the week ending 26 June 2015.",
        "Nothing could be recorded as declined: there is no share, and no change of one.",
        "A week without a detainer does not tell whether ICE asked for none or the source lacks them.",
    ]


def test_a_planted_rise_is_named_and_flagged() -> None:
    facts = made_facts({"CA": (60, 200), "NY": (58, 200), "TX": (56, 200)})
    said = check_week(facts)
    assert "Against the week before: the share is higher (ratio of shares 3.00" in said[1]
    assert "against the 8 weeks before: the share is higher" in said[1]
    assert "the count of 174 is above that, and flagged." in said[2]


def test_fewer_than_five_more_are_no_change_whatever_the_test_says() -> None:
    weeks = [{"CA": (0, 5000), "TX": (1, 5000)}] * 8
    table = made_weeks(*weeks, {"CA": (4, 5000), "TX": (1, 5000)})
    facts = cohort_facts(table, CALENDAR, FIRST + 8 * WEEK, "CA", NO_EVENTS)
    assert "the share is" not in check_week(facts)[1]


@pytest.mark.parametrize("state", ["", "TX"])
def test_an_event_between_the_weeks_blocks_the_direction(state: str) -> None:
    event = pd.Timestamp(LAST_MADE)
    law = pd.DataFrame(
        {"date": [event], "last_date": [event], "state": [state], "agency": [""], "headline": ["A law begins"]}
    )
    last = {"CA": (60, 200), "NY": (58, 200), "TX": (56, 200)}
    table = made_weeks(*STEADY, last)
    for place in ("all", "TX"):
        said = check_week(cohort_facts(table, CALENDAR, LAST_MADE, place, law))
        assert "Against the week before: no direction named: A law begins (ratio of shares" in said[1]
        assert "the share is" not in said[1]
    free = check_week(cohort_facts(table, CALENDAR, LAST_MADE, "CA", law))
    assert ("the share is higher" in free[1]) == (state == "TX"), "another state's law blocks nothing in California"


# One place above half.


def test_a_place_above_half_is_said_and_taken_out_and_half_is_not_above() -> None:
    said = check_week(made_facts({"CA": (61, 200), "NY": (30, 200), "TX": (30, 200)}))
    (apart,) = (sentence for sentence in said if sentence.startswith("One "))
    assert apart.startswith(
        "One place, California, accounts for 61 of the 121; elsewhere 60 of 400 are recorded as declined, against 38 "
        "of 400 the week before: no clear change (ratio of shares 1.58, 95% interval "
    )
    half = check_week(made_facts({"CA": (60, 200), "NY": (30, 200), "TX": (30, 200)}))
    assert not any(sentence.startswith("One ") for sentence in half)


def test_a_place_above_half_in_the_week_before_is_taken_out_as_well() -> None:
    table = made_weeks(*STEADY[:10], {"CA": (20, 200), "NY": (20, 200), "TX": (150, 200)}, STEADY[0])
    said = check_week(cohort_facts(table, CALENDAR, LAST_MADE, "all", NO_EVENTS))
    (apart,) = (sentence for sentence in said if sentence.startswith("One "))
    assert apart.startswith(
        "One place, Texas, accounts for 150 of the 190 of the week before; elsewhere 40 of 400 are recorded as "
        "declined, against 40 of 400 the week before: no clear change (ratio of shares 1.00"
    )


def test_an_agency_is_named_before_its_state_and_in_the_states_own_report() -> None:
    last = {"CA": (20, 200), "NY": (20, 200), "TX": (90, 200)}
    for place in ("all", "TX"):
        rest = "elsewhere 40 of 400" if place == "all" else "elsewhere none of 0"
        said = check_week(made_facts(last, place, agency="A JAIL"))
        (apart,) = (sentence for sentence in said if sentence.startswith("One "))
        assert apart.startswith("One agency, A JAIL, Texas, accounts for 90 of the ")
        assert rest in apart


def test_a_small_count_of_an_agency_is_not_told() -> None:
    """Four others would be known from the total; the state is named instead."""
    weeks = [*STEADY[:10], {"TX": (18, 200), "CA": (20, 200)}, {"TX": (90, 200), "CA": (4, 200)}]
    table = made_weeks(*weeks, agency="A JAIL")
    said = check_week(cohort_facts(table, CALENDAR, LAST_MADE, "all", NO_EVENTS))
    (apart,) = (sentence for sentence in said if sentence.startswith("One "))
    assert apart.startswith("One place, Texas, accounts for 90 of the 94; elsewhere 4 of 200")


def test_a_blank_state_is_no_place_and_few_declines_have_none() -> None:
    blank = made_weeks(*STEADY, {"TX": (60, 200), "CA": (30, 200)})
    blank["state"] = blank["state"].where(blank["state"] != "TX")
    for table in (blank, made_weeks(*STEADY, {"TX": (3, 200), "CA": (1, 200)})):
        said = check_week(cohort_facts(table, CALENDAR, LAST_MADE, "all", NO_EVENTS))
        assert not any(sentence.startswith("One ") for sentence in said)


# Gates.


@pytest.mark.parametrize(
    ("last", "options", "gate"),
    [
        ({"CA": (30, 100), "TX": (10, 100)}, {}, "it has 200 detainers, where 600 are usual"),
        (
            {"CA": (40, 200), "NY": (10, 200), "TX": (8, 200)},
            {"ends": 40},
            "an end is recorded for 29.7% of its detainers, where 100.0% are usual",
        ),
        (
            {"CA": (20, 200), "": (38, 400)},
            {},
            "ICE gave the state of 33.3% of its detainers, where 100.0% are usual",
        ),
    ],
    ids=["detainers", "ends", "states"],
)
def test_a_failed_gate_is_printed_and_not_the_finding(
    last: dict[str, tuple[int, int]], options: dict[str, int], gate: str
) -> None:
    table = made_weeks(*STEADY, last, **options)  # type: ignore[arg-type]
    table["state"] = table["state"].where(table["state"] != "")
    facts = cohort_facts(table, CALENDAR, LAST_MADE, "all", NO_EVENTS)
    said = check_week(facts)
    assert said[0] == f"The week, all states together, fails a check of its data and is not compared: {gate}."
    assert len(said) == 3
    assert not re.search("higher|lower|against|change|usual by|One place", " ".join(said[1:]))
    assert facts["status_by"] == "it fails a check"
    assert facts["tests"] == 0, "what is not said in the sentences is not said in the tables either"


def test_a_few_detainers_fail_no_gate() -> None:
    made = made_weeks(*[{"CA": (1, 13)}] * 11, {"CA": (0, 7)}, ends=2)
    assert cohort_facts(made, CALENDAR, LAST_MADE, "all", NO_EVENTS)["gate"] is None


def test_after_a_week_that_fails_a_gate_no_direction_is_named() -> None:
    lost = {state: (declined // 9, 200) for state, (declined, _) in STEADY[0].items()}
    whole = detainers(
        [
            {"issued_on": FIRST + 11 * WEEK, "state": state, "outcome": what, "detainers": number}
            for state, (declined, issued) in STEADY[0].items()
            for what, number in ((Outcome.DECLINED, declined), (Outcome.TAKEN, issued - declined))
        ]
    )
    table = pd.concat([made_weeks(*STEADY[:10], lost, ends=40), whole], ignore_index=True)
    facts = cohort_facts(table, CALENDAR, LAST_MADE, "all", NO_EVENTS)
    said = check_week(facts)
    assert facts["gate"] is None
    assert float(facts["last_week_p_adjusted"] or 1) < 1e-6
    assert "Against the week before: no direction named: the week before fails a check of its data (ratio" in said[1]
    assert "higher" not in said[1]


def test_no_gate_fails_in_the_bundled_weeks(fiscal_2015: Cohorts) -> None:
    """Christmas of 2014 among them, with 69% of the usual detainers."""
    for week in fiscal_2015.calendar.weeks():
        assert gates.gate_facts(fiscal_2015.by_week, week, fiscal_2015.calendar)["gate"] is None


# Notes.


def test_records_and_persons_are_told_apart(fiscal_2015: Cohorts) -> None:
    records: dict[str, Fact] = {"records": 233, "repeats_flagged": 5, "persons": 178, "persons_counted": 177}
    facts = cohort_facts(fiscal_2015.table, fiscal_2015.calendar, date(2015, 6, 20)) | records | {"without_id": 12}
    assert set(facts_named(notes(facts))) == {*records, "without_id", "repeats_are"}
    told = fill(notes(facts), facts)
    assert "different people named in them: 178; rows that name nobody: 12." in told
    assert "left out" in told
    assert told.endswith("different people named in the rows that are counted: 177.")
    assert fill(notes(facts | {"persons": None}), facts).startswith("The source has no person ids")
    assert fill(notes(facts | {"persons": None, "records": 0}), facts).startswith(
        "There is no detainer in the United States"
    )


# Published weeks.


@pytest.fixture(scope="module")
def reports() -> PublishedReports:
    return read_published_reports()


def published(reports: PublishedReports, week: date) -> list[str]:
    facts = {name: as_fact(v) for name, v in week_facts(reports, week, blocking_events()).items()}
    return check_week(facts, RECORDED)


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
    said = check_week(facts, RECORDED)
    assert said[2].startswith(
        "Against the week before: no direction named: Travis County policy takes effect (ratio 0.23, 95% interval"
    )


def test_the_weeks_above_are_weeks() -> None:
    assert all(saturday_of(week) == week for week in (*PUBLISHED_WEEKS, FIRST, LAST_MADE))


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
