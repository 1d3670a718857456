"""The sentences at the head of a weekly page: true to their facts, silent where they must, naming what stands out."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from made_cohorts import STEADY, Week, detainers, made_cohort, made_weeks, opened, published
from our_words import check_sentence

import analysis as an
from analysis.errors import InputError
from analysis.load.reference import data_file
from analysis.load.table import Outcome
from analysis.periods import WEEK
from analysis.show.sentences import Fact, clauses, facts_named, fill, say
from analysis.stats.cohort import Cohort
from analysis.stats.comparisons import CLEAR
from analysis.stats.inference import cohort_facts, own_comparisons

CASES = yaml.safe_load((Path(__file__).parent / "cases.yml").read_text(encoding="utf-8"))
STEADY_WEEK: Week = STEADY[0]


def lead(cohort: Cohort) -> tuple[Mapping[str, Fact], str, list[str]]:
    """Give a cohort's facts, title and sentences, each held against what our own prose may not be.

    They have a finding if the page's comparisons do: each by name, and the title the clearest.
    """
    title, *sentences = an.sentences.lead(cohort)
    assert 2 <= len(sentences) <= 12, sentences
    for one in (title, *sentences):
        assert set(facts_named(one.template)) <= set(one.facts), one.template
    facts, said = title.facts, [*map(str, sentences)]
    for sentence in said:
        check_sentence(sentence)
    clear = own_comparisons(cohort)
    clear = clear[clear["finding"].isin(CLEAR)]
    named = [facts[f"finding_{n}_where"] for n in range(1, 10) if f"finding_{n}_where" in facts]
    assert len(named) + len(str(facts["more_findings"] or "").split("; ")) - (not facts["more_findings"]) == len(clear)
    assert [where for where in named if f"{where} the share is " not in " ".join(said)] == []
    if facts["status"] == "settled" and facts["issued"] and not facts.get("check"):
        assert ("no clear change" in str(title)) == (clear.empty and bool(facts["tests"])), title
        assert bool(re.search(" than |(?:higher|lower) over ", str(title))) == (not clear.empty), title
    assert not clear.empty or not re.search(r"share is (?:higher|lower)", " ".join(said))
    return facts, str(title), said


@pytest.mark.slow
@pytest.mark.parametrize("source", ["fy2015", "synthetic"])
def test_the_lead_of_every_bundled_week_names_what_stands_out_and_nothing_else(source: str) -> None:
    for week in an.cohort(source, "latest").calendar.weeks():
        lead(an.cohort(source, week))


def test_what_stands_out_of_fiscal_2015_stands_on_its_pages() -> None:
    _, title, said = lead(opened("fy2015", "2015-03-28"))
    assert title.startswith("The United States, 28 March – 3 April 2015: ")
    assert title.endswith("; lower over 13 weeks: 6.4%, against 9.2% before")
    assert (
        "In the United States the share is lower over the 13 settled weeks to 3 April 2015 than over the 13 before "
        "them: 1,456 of 22,780 (6.4%), against 2,627 of 28,581 (9.2%); known events of these weeks: Memo announces the "
        "Priority Enforcement Program (20 November 2014)."
    ) in said
    assert "In New York the share is lower" in " ".join(said)
    may = " ".join(lead(opened("fy2015", "2015-05-23"))[2])
    assert "In Texas the share is higher than in the 8 weeks before: 10 of 359 (2.8%), against 15 of 3,382" in may


def test_the_counts_are_recomputed_from_the_file() -> None:
    """By other means than the package's: a loop over the CSV that the source is read from."""
    issued, declined, blank, week = Counter[date](), Counter[date](), Counter[date](), date(2015, 6, 20)
    for row in csv.DictReader(data_file("counts/fy2015_weekly_counts.csv").open(encoding="utf-8")):
        of_week, number = date.fromisoformat(row["week_start"]), int(row["detainers"])
        issued[of_week] += number
        declined[of_week] += number * (row["lift_reason"] == "Detainer Declined by LEA")
        blank[of_week] += number * (not row["lift_reason"])
    _, _, said = lead(opened())
    d, i, d0, i0 = declined[week], issued[week], declined[week - WEEK], issued[week - WEEK]
    assert said[0].startswith(
        f"ICE has recorded {d} of the {i:,} detainers that it issued in the United States on 20–26 "
    )
    assert f"as declined, or {100 * d / i:.1f}% (95% interval " in said[0]
    assert said[0].endswith(f", against {d0} of {i0:,} the week before ({100 * d0 / i0:.1f}%).")
    assert f"what became of {blank[week]:,} detainers without a recorded end" in said[-1]
    assert f"no clear change from the week before ({100 * d0 / i0:.1f}%) or from the 8 " in " ".join(said)


@pytest.mark.parametrize("state", [None, "CA"])
def test_the_newest_made_up_week_has_its_estimate_in_the_nations_page(state: str | None) -> None:
    cohort = opened("synthetic", "latest", **({"state": state} if state else {}))
    facts, title, said = lead(cohort)
    assert bool(an.sentences.records(cohort)) == (state is None)
    assert (facts["nowcast"] is not None) == (state is None)
    assert ("expected in the end" in title) == (state is None)
    assert ("the whole source alone" in str(an.sentences.finished(cohort)[0])) == (state is not None)
    assert "The week is unfinished" in " ".join(said)
    assert facts["usual_low"] is None
    if state is None:  # every condition of a clause is of a fact that the nation's page or a report's has, or may have
        conditions = {one for rows in clauses().values() for when, _ in rows for one in when.split(", ") if one}
        named = {re.sub("^(not |known )*|=.*", "", one).replace("@", "trend") for one in conditions}
        late = {"apart_name", "elsewhere_declined_before", "finding_trend_of_page", *an.quality(cohort).attrs["facts"]}
        late |= {f"finding_trend_{name}" for name in ("place", "against", "between")}
        late |= an.period_profile("fy2015").facts.keys() | {"counted", "asks", "trend_norm", "trend_note"}
        late |= {"weeks", "weeks_before", *(f"{part}_share" for part in ("before", "newest", "oldest"))}  # of a place
        assert named <= facts.keys() | published(date(2017, 2, 4)).facts.keys() | late


def test_a_partial_week_says_so_and_compares_nothing() -> None:
    facts, title, said = lead(opened("fy2015", "2014-09-27"))
    assert said[0] == "The source covers 3 of this week's 7 days: the week is shown and never compared."
    assert "3 days that the source covers" in title
    assert facts["findings"] == 0


@pytest.mark.parametrize("case", CASES["lead"], ids=lambda case: case["holds"])
def test_where_little_can_be_said_that_is_said(case: dict[str, Any]) -> None:
    weeks = [*[case.get("week", STEADY_WEEK)] * case.get("times", 30), *([case["last"]] if "last" in case else [])]
    _, title, said = lead(made_cohort(made_weeks(*weeks), state=case.get("state", "all")))
    assert title.endswith(case.get("ends", ""))
    assert case["holds"] in said[0]
    assert not re.search(case["never"], title + " ".join(said))


def test_each_check_says_what_was_found_and_what_is_usual() -> None:
    for check, found, usual, said in CASES["checks"]:
        facts: dict[str, Fact] = {"status": "settled", "check": check, "check_found": found, "check_usual": usual}
        told = fill(say("failed_check", facts), facts)
        assert told.endswith(f"fails a check of its data and is not compared: {said}.")


def test_one_sentence_stands_for_one_change() -> None:
    _, title, said = lead(made_cohort(made_weeks(*STEADY[:29], dict.fromkeys(STEADY_WEEK, (70, 200)))))
    assert re.search(r"declined, higher than in the 8 weeks before \(\d+\.\d%\)$", title)
    assert sum("the share is higher" in sentence for sentence in said) == 4
    assert sum(sentence.startswith("Also clear: ") for sentence in said) == 1
    usual = "about 58 were to be expected and 43 to 75 would be usual: the count of 210 is above that"
    assert f"At the share of the 8 weeks before, {usual}." in said
    facts: dict[str, Fact] = {"usual_low": 0, "usual_high": 7, "issued": 200, "declined": 8, "outside": "above"}
    template = say("outside", facts | {"tests": 69}).replace("**", "")
    assert template.endswith("{outside} that, which does not stand out among the page's {tests:tests}.")
    assert say("usual", facts) == "", "it is said once"
    assert say("no_change", facts).startswith("{outside} the usual ")
    assert say("no_change", {}) == "no clear change"


def test_a_weekly_page_of_several_weeks_is_refused() -> None:
    with pytest.raises(InputError, match="a weekly page is about one week"):
        cohort_facts(an.cohort("fy2015", "2015-03"))


def test_records_and_persons_are_told_apart() -> None:
    rows = [{"person": name, "state": state} for name, state in (("a", "CA"), ("a", "TX"), (None, "CA"))]
    made = made_cohort(detainers([*rows, {"outcome": Outcome.DECLINED, "state": "CA", "person": "b"}]))
    (said,) = map(str, an.sentences.records(made))
    assert said.startswith("The file has 4 rows for the week: 0 as repeats")
    assert ", 1 without a person, and " in said
    (none,) = map(str, an.sentences.records(opened()))
    assert none.startswith("The source has no person ids")
