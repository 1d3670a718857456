"""The sentences at the head of a weekly page: true to their facts, silent where they must, naming what stands out."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd
import pytest
from made_cohorts import FIRST, Week, detainers, made_cohort, made_weeks
from our_words import NEVER_IN_OUR_PROSE

import analysis as an
from analysis.errors import InputError
from analysis.load.reference import data_file
from analysis.load.table import Outcome
from analysis.periods import WEEK
from analysis.show.sentences import FAILED_CHECKS, Fact, facts_named, fill
from analysis.stats.cohort import Cohort
from analysis.stats.comparisons import CLEAR
from analysis.stats.inference import cohort_facts, own_comparisons

BROKEN = re.compile(r"\bnan\b|\bNone\b|\binf\b|[{}]|  |\.\.|\( |\bnp\.|not known")
NO_CAUSE = re.compile(r"\b(?:because|due to|led to|caused|owing to)\b", re.IGNORECASE)
FIXED = re.compile(r"95% interval|7 days")
"""The only digits that stand in a sentence without a fact: the level of every interval, the days of a week."""
STEADY = [{"CA": (20, 200), "NY": (20, 200), "TX": (18, 200)}] * 30


def lead(cohort: Cohort) -> tuple[Mapping[str, Fact], str, list[str]]:
    """Give a cohort's facts, title and sentences, and hold each against what our own prose may not be."""
    title, *sentences = an.sentences.lead(cohort)
    assert 2 <= len(sentences) <= 12, sentences
    for one in (title, *sentences):
        assert set(facts_named(one.template)) <= set(one.facts), one.template
        assert not re.search(r"\d", FIXED.sub("", re.sub(r"\{[^}]*\}", "", one.template))), one.template
    said = [str(one).replace("**", "") for one in sentences]
    for sentence in said:
        lower = sentence.lower()
        assert [word for word in NEVER_IN_OUR_PROSE if word in lower] == [], sentence
        assert not NO_CAUSE.search(sentence), sentence
        assert not BROKEN.search(sentence), sentence
        assert sentence[0].isupper(), sentence
        assert sentence.endswith("."), sentence
        assert not re.search(r"\b1 (?:cases|detainers|weeks|tests|rows)\b", sentence), sentence
    return title.facts, str(title), said


def holds_what_stands_out(cohort: Cohort) -> None:
    """The lead has a finding if the page's comparisons do: each by name, and the title the clearest."""
    facts, title, said = lead(cohort)
    clear = own_comparisons(cohort)
    clear = clear[clear["finding"].isin(CLEAR)]
    text = " ".join(said)
    named = [facts[f"finding_{n}_where"] for n in range(1, 10) if f"finding_{n}_where" in facts]
    assert len(named) + len(str(facts["more_findings"] or "").split("; ")) - (not facts["more_findings"]) == len(clear)
    for where in named:
        assert f"{where} the share is " in text
    if facts["status"] == "settled":
        assert ("no clear change" in title) == (clear.empty and bool(facts["tests"])), title
        assert ("; " in title) == (not clear.empty), title
    if clear.empty:
        assert not re.search(r"share is (?:higher|lower)", text)


@pytest.mark.parametrize("week", ["2015-03-28", "2015-05-23", "2015-01-31"])
def test_the_lead_names_what_stands_out(week: str) -> None:
    holds_what_stands_out(an.cohort("fy2015", week))


@pytest.mark.slow
@pytest.mark.parametrize("source", ["fy2015", "synthetic"])
def test_the_lead_of_every_bundled_week_names_what_stands_out_and_nothing_else(source: str) -> None:
    for week in an.cohort(source, "latest").calendar.weeks():
        holds_what_stands_out(an.cohort(source, week))


def test_the_trend_of_fiscal_2015_stands_on_its_pages() -> None:
    title, said = lead(an.cohort("fy2015", "2015-03-28"))[1:]
    assert title.startswith("The United States, week ending 3 April 2015: ")
    assert title.endswith("; share lower over 13 weeks")
    text = " ".join(said)
    assert (
        "In the United States the share is lower over the 13 settled weeks to 3 April 2015 than over the 13 before "
        "them: 1,456 of 22,780 (6.4%), against 2,627 of 28,581 (9.2%); known events of these weeks: Memo announces the "
        "Priority Enforcement Program (20 November 2014)." in text
    )
    assert "In New York the share is lower" in text
    may = " ".join(lead(an.cohort("fy2015", "2015-05-23"))[2])
    assert "In Texas the share is higher than in the 8 weeks before: 10 of 359 (2.8%), against 15 of 3,382" in may


@pytest.mark.parametrize("week", [date(2015, 3, 14), date(2015, 1, 31), date(2015, 6, 20)])
def test_the_counts_are_recomputed_from_the_file(week: date) -> None:
    """By other means than the package's: a loop over the CSV that the source is read from."""
    issued, declined, blank = Counter[date](), Counter[date](), Counter[date]()
    for row in csv.DictReader(data_file("counts/fy2015_weekly_counts.csv").open(encoding="utf-8")):
        of_week, number = date.fromisoformat(row["week_start"]), int(row["detainers"])
        issued[of_week] += number
        declined[of_week] += number * (row["lift_reason"] == "Detainer Declined by LEA")
        blank[of_week] += number * (not row["lift_reason"])
    said = lead(an.cohort("fy2015", week.isoformat()))[2]
    d, i, d0, i0 = declined[week], issued[week], declined[week - WEEK], issued[week - WEEK]
    assert said[0].startswith(f"Of the {i:,} detainers that ICE issued in the United States in the week ending ")
    assert f"recorded {d} as declined ({100 * d / i:.1f}%, 95% interval " in said[0]
    assert said[0].endswith(f", against {d0} of {i0:,} the week before ({100 * d0 / i0:.1f}%).")
    assert f"what became of {blank[week]:,} detainers without a recorded end" in said[-1]
    assert f"no clear change (ratio of shares {d * i0 / (d0 * i):.2f}, 95% interval " in " ".join(said)


@pytest.mark.parametrize("state", [None, "CA"])
def test_the_newest_made_up_week_has_its_estimate_in_the_nations_page(state: str | None) -> None:
    facts, title, said = lead(an.cohort("synthetic", "latest", state=state))
    assert (facts["nowcast"] is not None) == (state is None)
    assert ("expected in the end" in title) == (state is None)
    assert "The week is unfinished" in " ".join(said)


def test_none_declined_comes_with_the_share_that_would_often_give_none() -> None:
    weeks = [*STEADY[:-1], {"CA": (0, 40), "NY": (20, 200), "TX": (18, 200)}]
    facts, _, said = lead(made_cohort(made_weeks(*weeks), state="CA"))
    assert "none as declined" in said[0]
    assert 0 < float(str(facts["share_high"])) < 1
    assert facts["share_low"] == 0


def test_a_partial_week_says_so_and_compares_nothing() -> None:
    facts, title, said = lead(an.cohort("fy2015", "2014-09-27"))
    assert said[0] == "The source covers 3 of this week's 7 days: the week is shown and never compared."
    assert "3 days that the source covers" in title
    assert facts["findings"] == 0


@pytest.mark.parametrize(
    ("weeks", "state", "ends", "holds", "never"),
    [
        (STEADY, "WY", "", "The source has no detainer issued in Wyoming", "%"),
        (
            [{"CA": (9, 9), "TX": (9, 9)}] * 30,
            "all",
            "18 of 18 detainers recorded as declined",
            "no share is given",
            "%",
        ),
        ([{"PA": (20, 200)}] * 30, "all", "no clear change", "in Pennsylvania", "United States"),
        (
            [*STEADY, {"CA": (15, 20), "NY": (2, 40)}],
            "all",
            "its data fail a check",
            "not compared: it has 60",
            "higher",
        ),
    ],
)
def test_where_little_can_be_said_that_is_said(
    weeks: list[Week], state: str, ends: str, holds: str, never: str
) -> None:
    _, title, said = lead(made_cohort(made_weeks(*weeks), state=state))
    assert title.endswith(ends)
    assert holds in said[0]
    assert never not in title + " ".join(said)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("detainers", "it has 200 detainers, where 600 are usual"),
        ("ends", "an end is recorded for 29.7% of its detainers, where 90.0% are usual"),
        ("states", "ICE gave the state of 29.7% of its detainers, where 90.0% are usual"),
    ],
)
def test_each_check_says_what_was_found_and_what_is_usual(check: str, said: str) -> None:
    found, usual = (200, 600) if check == "detainers" else (0.2967, 0.9)
    assert fill(FAILED_CHECKS[check], {"check_found": found, "check_usual": usual}) == said


def test_a_form_change_blocks_the_direction_and_is_named() -> None:
    first = date(2015, 6, 27) - 29 * WEEK  # forms I-247D and I-247N come into use in the last week
    rise = [*STEADY[:-1], {"CA": (90, 200), "NY": (20, 200), "TX": (18, 200)}]
    facts, title, _ = lead(made_cohort(made_weeks(*rise, first=first)))
    assert str(facts["last_week_finding"]).startswith("no direction named: Forms I-247D and I-247N")
    assert "higher" not in title


def test_without_a_past_the_interval_is_called_by_chance_alone_and_no_direction_is_named() -> None:
    facts, title, said = lead(made_cohort(made_weeks(STEADY[0], {"CA": (90, 200), "NY": (20, 200)})))
    assert "by chance alone, and real ups and downs are larger" in said[0]
    assert facts["findings"] == 0
    assert "higher" not in title + " ".join(said)
    assert "by chance alone" not in lead(made_cohort(made_weeks(*STEADY)))[2][0]


def test_a_weekly_page_of_several_weeks_is_refused() -> None:
    with pytest.raises(InputError, match="a weekly page is about one week"):
        cohort_facts(an.cohort("fy2015", "2015-03"))


def test_records_and_persons_are_told_apart() -> None:
    rows = [{"person": name, "state": state} for name, state in (("a", "CA"), ("a", "TX"), (None, "CA"))]
    made = made_cohort(detainers([*rows, {"outcome": Outcome.DECLINED, "state": "CA", "person": "b"}]))
    (said,) = map(str, an.sentences.records(made))
    assert said.startswith("The file has 4 rows for the week.")
    assert "Naming nobody: 1." in said
    (none,) = map(str, an.sentences.records(an.cohort("fy2015")))
    assert none.startswith("The source has no person ids")
    assert an.sentences.records(an.cohort("fy2015", state="TX")) == []


def test_one_sentence_stands_for_one_change() -> None:
    last = pd.Timestamp(FIRST + 29 * WEEK + timedelta(days=6))
    assert last.day_name() == "Friday"
    rise = [*STEADY[:-1], {s: (70, 200) for s in ("CA", "NY", "TX")}]
    _, title, said = lead(made_cohort(made_weeks(*rise)))
    assert title.endswith("higher than the 8 weeks before")
    assert sum("the share is higher" in sentence for sentence in said) == 4
    assert sum(sentence.startswith("Also clear: ") for sentence in said) == 1
