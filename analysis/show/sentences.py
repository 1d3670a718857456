"""Sentences made from facts: a template may only name facts, so that no number is typed into prose.

What is said of a week stands in ``data/reference/week_words.csv``: the rows of a clause are templates, and the first
whose conditions hold is said. Nothing is computed here: what may be called a change was decided with the facts.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from typing import Any

import pandas as pd

from analysis.errors import MARKS, InputError
from analysis.load.reference import crosswalk
from analysis.periods import day_in_words, week_in_words
from analysis.show.tables import write
from analysis.stats.cohort import Cohort, takes_cohort
from analysis.stats.inference import MOST_NAMED, cohort_facts, extraction_facts, nowcast
from analysis.stats.period_profile import PeriodProfile

__all__ = [
    *("Sentence", "as_fact", "checks", "facts_of", "fill", "finished", "headline", "lead", "of_period", "records"),
    "say",
]
Fact = str | int | float | bool | None
Facts = Mapping[str, Fact]

# Nouns that may follow a number; of one, without their last letter.
NOUNS = ("detainers", "tests", "weeks", "rows", "warnings", "differences", "reports", "states")
WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
MADE_UP = "MADE-UP DATA"  # begins titles over made-up data: of pages, in lists of them, in the feed, in figures
UNLIMITED = "unlimited"  # the fact that stands for an infinite number, which JSON does not have, and how it reads
FINDINGS = (*(f"finding {number}" for number in range(1, MOST_NAMED + 1)), "more_findings")
LEAD = ("failed_check", "count", "unfinished", *FINDINGS, "outside", "change", "usual", "one_place", "cannot_tell")
PERIOD_LEAD = ("period_title", "period_count", *FINDINGS, "period_change")
CONDITION = re.compile(r"(not )?(known )?(\w+)(?:=(.+))?")
CLAUSE = re.compile(r"\[([^]]+)\]")


def __dir__() -> list[str]:
    return __all__


def as_p(p: float) -> str:
    """Write a p-value: three decimals, very small ones as below the next power of ten."""
    if p >= 0.001:
        return f"p = {p:.3f}"
    exponent = math.floor(math.log10(p)) + 1 if p > 0 else -300
    return f"p below 1e{exponent if p < float(f'1e{exponent}') else exponent + 1}"


def counted(number: int, noun: str) -> str:
    """Write a number with a noun of :data:`NOUNS`: ``1 row``, ``1,234 rows``."""
    return f"{number:,} {noun.removesuffix('s') if number == 1 else noun}"


FORMATS: dict[str, Callable[[Any], str]] = {
    "n": lambda value: f"{value:,}" if isinstance(value, int) else f"{value:,.1f}",
    "many": lambda value: f"{value:,}" if value else "none",
    "words": lambda value: WORDS[value] if value < len(WORDS) else f"{value:,}",
    "share": lambda value: f"{value:z.1%}",
    "limit": lambda value: f"{100 * value:g}%",
    "ratio": lambda value: f"{value:z.2f}",
    "points": lambda value: f"{value:+.2f}".replace("-", "−") if round(value, 2) else "0.00",
    "p": as_p,
    "word": lambda value: write(value, "word"),
    "days": lambda value: write(value, "days"),
    "day": lambda value: day_in_words(date.fromisoformat(value)),
    "week": lambda value: week_in_words(date.fromisoformat(value)),
    "day_of_year": lambda value: "{0.day} {0:%B}".format(date.fromisoformat(value)),
    **{noun: partial(counted, noun=noun) for noun in NOUNS},
}


@dataclass(frozen=True)
class Sentence:
    """A sentence: a template (:func:`fill`), and the facts that it may name.

    Examples
    --------
    >>> print(Sentence("{declined:n} of {issued:detainers}", {"declined": 66, "issued": 1673}))
    66 of 1,673 detainers
    """

    template: str
    facts: Mapping[str, Any]

    def __str__(self) -> str:
        return Sentence(self.template.replace("**", ""), self.facts).marked

    @property
    def marked(self) -> str:
        """The sentence with the marks of what is bold."""
        return fill(self.template, {name: as_fact(self.facts[name]) for name in facts_named(self.template)})


def fill(template: str, facts: Mapping[str, Fact], mark: Callable[[str, str], str] = lambda name, text: text) -> str:
    """Fill a template's ``{fact_id:format}`` fields, each as ``mark`` writes it, given its id and its text.

    Formats: ``n`` (1,234), ``many`` (1,234, but "none" for zero), ``words`` ("three", 10), ``share`` (12.3%), ``ratio``
    (0.70), ``points`` (+1.25, −1.25), ``limit`` (5%: a bound that we chose, as it is), ``p`` ("p = 0.084"), ``word`` (a
    name of ours) and ``days`` (a text with ISO dates) as tables write them, ``day`` (4 February 2017, from an ISO
    date), ``day_of_year`` (4 February), ``week`` (4–10 February 2017, from its Saturday), a noun of :data:`NOUNS`
    ("1 detainer", "1,234 detainers"); without one, the value as it is. A fact that is missing or NaN reads "not known",
    an infinite one "unlimited".

    Raises
    ------
    KeyError
        The template names something that is not a fact.
    """
    pieces = []
    for words, name, form, _ in string.Formatter().parse(template):
        pieces.append(words)
        if name is not None:
            if name not in facts:
                raise KeyError(f"the sentence names {name!r}, which is not among the facts")
            value = facts[name]
            text = UNLIMITED if value in (UNLIMITED, math.inf) else "not known"
            if value is not None and value == value and text != UNLIMITED:
                text = FORMATS[form](value) if form in FORMATS else format(value, form or "")
            pieces.append(mark(name, text))
    return "".join(pieces)


def as_fact(value: Any) -> Fact:  # noqa: ANN401
    """Turn a number, date or text into a JSON scalar: NaN, NaT and NA become None, infinity ``"unlimited"``.

    Raises
    ------
    TypeError
        A value that has no such form.
    """
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0 and value.dtype.kind in "biuf":
        value = value.item()
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float) and value > -math.inf:
        return UNLIMITED if value == math.inf else float(f"{value:.10g}")
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, str):
        return value.translate(MARKS)
    raise TypeError(f"{value!r} cannot stand as a fact")


def as_made_up(title: str, synthetic: bool) -> str:
    """Say of a title that it is about made-up data, where it is."""
    return f"{MADE_UP}: {title.removeprefix('SYNTHETIC ')}" if synthetic and not title.startswith(MADE_UP) else title


def facts_named(template: str) -> list[str]:
    """List the ids of the facts that a template uses, in order."""
    return [field for _, field, _, _ in string.Formatter().parse(template) if field]


@cache
def clauses() -> dict[str, list[tuple[str, str]]]:
    """Read the conditions and templates of every clause.

    Conditions, parted by commas, are of facts: ``name`` (neither zero nor blank), ``known name``, ``name=a|b``, and the
    opposite of each after ``not``. A template may hold ``[another clause]``. In a clause that is asked for as
    ``finding 2``, ``@`` stands for ``2``.
    """
    rows = crosswalk("week_words", "word_id").groupby("clause")
    return {str(name): list(zip(part["when"], part["sentence"], strict=True)) for name, part in rows}


def say(clause: str, facts: Facts) -> str:
    """Give what a clause (:func:`clauses`) says of the facts, as a template over them; blank = nothing."""
    name, _, at = clause.partition(" ")
    for when, template in clauses()[name]:
        if holds(when.replace("@", at), facts):
            return CLAUSE.sub(lambda found: say(found[1], facts), template.replace("@", at))
    return ""


def holds(when: str, facts: Facts) -> bool:
    """Say whether all conditions hold of the facts; one that is not there is as one that is not known."""
    for condition in filter(None, when.split(", ")):
        negated, known, name, values = CONDITION.fullmatch(condition).groups()  # type: ignore[union-attr]
        fact = facts.get(name)
        true = str(fact) in values.split("|") if values else fact is not None if known else bool(fact)
        if true == bool(negated):
            return False
    return True


def headline(facts: Facts) -> str:
    """Give the title of a weekly page: its finding by a rule, else the level and that there is no clear change.

    First a failed check, else the clearest change of the page: of the nation, of a state or offence group, of the
    trend; else no clear change, or the level alone where nothing is compared. Of an unfinished week: what is recorded
    so far.
    """
    if "status" not in facts:
        raise InputError("a headline is made of the facts of a cohort", do="sentences.facts_of(cohort) gives them")
    return say("title", {**facts, "finding_1_of_page": facts.get("finding_1_place") == facts["place"]})


@takes_cohort
def facts_of(cohort: Cohort) -> dict[str, Fact]:
    """Give every fact that sentences of a weekly cohort name, and the day of its source's extraction."""
    found = cohort_facts(cohort) | extraction_facts(cohort.source.facts)
    return {name: as_fact(value) for name, value in found.items()}


@takes_cohort
def lead(cohort: Cohort) -> list[Sentence]:
    """Say what stands out of a week: first its title, the finding, then a sentence each.

    Examples
    --------
    >>> import analysis as an
    >>> print(an.sentences.lead(an.cohort("fy2015", "2015-01-31"))[0])
    The United States, 31 January – 6 February 2015: 7.4% recorded as declined (136 of 1,833): no clear change
    """
    facts = facts_of(cohort)
    return [Sentence(headline(facts), facts), *_each(LEAD, facts)]


def _each(clauses: Iterable[str], facts: Facts) -> list[Sentence]:
    """Say what clauses say of the facts, a sentence each."""
    return [Sentence(template, facts) for clause in clauses if (template := say(clause, facts))]


def of_period(profile: PeriodProfile) -> list[Sentence]:
    """Say what stands out of a period beside another: first its title, the finding, then a sentence each.

    Examples
    --------
    >>> import analysis as an
    >>> print(an.sentences.of_period(an.period_profile("fy2015", "2015-03", "2015-01", state="CO"))[0])
    Colorado, March 2015: 13.8% recorded as declined (19 of 138): no clear change from January 2015 (29.5%)
    """
    facts = {name: as_fact(value) for name, value in profile.facts.items()}
    return _each(PERIOD_LEAD, {**facts, "finding_1_of_page": facts.get("finding_1_place") == facts["place"]})


@takes_cohort
def records(cohort: Cohort) -> list[Sentence]:
    """Say how many records and persons are behind the nation's detainers of a week."""
    facts = facts_of(cohort)
    return [Sentence(say("records", facts), facts)] if "records" in facts else []


@takes_cohort
def finished(cohort: Cohort) -> list[Sentence]:
    """Say how complete the nation's week is, and how such estimates did; else why that is not known."""
    found, facts = nowcast(cohort), facts_of(cohort)
    if not found.empty:
        return [Sentence(f"{say('completeness', facts)} {say('past_bands', facts)}".strip(), facts)]
    ends = _each(["without_end"], {**facts, **found.attrs["facts"]}) if found.attrs["facts"] else []
    return [Sentence(found.attrs["reason"], {}), *ends]


def checks(card: pd.DataFrame) -> list[Sentence]:
    """Say how many checks of the week's data passed, and which the source does not allow.

    ``card`` is as from :func:`analysis.stats.quality.quality`.
    """
    of_source = ("quality_repeats", "quality_blank_state", "quality_unplaced")
    lacking = [say(f"no_{check}", {}) for check in of_source if check not in card.attrs["checks"]]
    not_checked = Sentence(f"Not checked, for the source does not have it: {'; '.join(lacking)}.", {})
    return [*_each(["checks"], card.attrs["facts"]), *[not_checked] * bool(lacking)]


def places(facts: Facts) -> list[Sentence]:
    """Say how many declines can be placed in a state, of how many states exactly, and how many are not named."""
    return said("places", {**facts, "all_named": facts["states_with_a_decline"] == facts["states_named"]})


def quality(card: pd.DataFrame) -> list[Sentence]:
    """Say what the scorecard of a source shows: title, size and verdict, then each check at stop, then each at warn."""
    facts, told = card.attrs["facts"], list[str]()
    for check, level in zip(card.attrs["checks"], card["level"], strict=True):
        if level in ("stop", "warn"):
            about = {"counted": isinstance(facts[check], int), "asks": str(facts.get(f"{check}_note")).endswith("?")}
            told.append(say(f"{level} {check}", {**facts, **about}))
    return [*said("source", facts), *(Sentence(template, facts) for template in told)]


def cannot_tell(card: pd.DataFrame) -> list[Sentence]:
    """Say what a source cannot tell for want of a column, and what no release can."""
    return [*said("lacking", dict.fromkeys(card.attrs["lacking"], True)), *said("no_release", {})]


def said(about: str, facts: Mapping[str, Any]) -> list[Sentence]:
    """Say the sentences of ``data_words.csv`` that are about something, each where what it is said ``when`` holds.

    Each may hold ``[a clause]``; of a published week, of versions and of a source the first is the title.
    """
    table = crosswalk("data_words", "word_id").query("about == @about")
    held = (row.sentence for row in table.itertuples() if holds(row.when, facts))
    templates = (CLAUSE.sub(lambda found: say(found[1], facts), sentence) for sentence in held)
    return [Sentence(template, facts) for template in templates if template]
