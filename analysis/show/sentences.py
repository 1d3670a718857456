"""Sentences made from facts: a template may only name facts, so that no number is typed into prose.

A clause is a function from the facts to one sentence, a template over them, or to None where it has nothing to say. No
clause computes: what may be called a change was decided with the facts.
"""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from analysis.errors import InputError
from analysis.stats.cohort import Cohort, takes_cohort
from analysis.stats.inference import cohort_facts, extraction_facts, nowcast

__all__ = ["Sentence", "as_fact", "checks", "facts_of", "fill", "finished", "headline", "lead", "records", "say"]
Fact = str | int | float | bool | None
Facts = Mapping[str, Fact]
Clause = Callable[[Facts], str | list[str] | None]

NOUNS = ("detainers", "tests", "weeks", "rows", "warnings", "differences", "reports")
"""Nouns that may follow a number; of one, without their last letter."""
WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
MADE_UP = "SYNTHETIC (made-up data)"
"""What titles over made-up data begin with: of pages, in lists of them and in the feed."""
UNLIMITED = "unlimited"
"""The fact that stands for an infinite number, which JSON does not have, and how it reads."""
MARKUP = frozenset("&<>\"'`*_[]|~$\\#:")  # the colon, too: an address in a name is no link


def __dir__() -> list[str]:
    return __all__


class _FactFormatter(string.Formatter):
    """Fill templates from facts alone, with a few formats of its own (see :func:`fill`)."""

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401
        if not isinstance(key, str) or key not in kwargs:
            raise KeyError(f"the sentence names {key!r}, which is not among the facts")
        return kwargs[key]

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return "not known"
        if value == UNLIMITED or (isinstance(value, float) and value == math.inf):
            return UNLIMITED
        match format_spec:
            case "n":
                return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
            case "share":
                return f"{100 * value:z.1f}%"
            case "limit":
                return f"{100 * value:g}%"
            case "many":
                return f"{value:,}" if value else "none"
            case "words":
                return WORDS[value] if value < len(WORDS) else f"{value:,}"
            case "ratio":
                return f"{value:z.2f}"
            case "points":
                return f"{value:+.2f}" if round(value, 2) else "0.00"
            case "p":
                return as_p(value)
            case _ if format_spec in NOUNS:
                return counted(value, format_spec)
            case "day":
                day = date.fromisoformat(value)
                return f"{day.day} {day:%B} {day.year}"
            case "day_of_year":
                day = date.fromisoformat(value)
                return f"{day.day} {day:%B}"
        return super().format_field(value, format_spec)


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
        return fill(self.template, {name: as_fact(self.facts[name]) for name in facts_named(self.template)})


def fill(template: str, facts: Mapping[str, Fact]) -> str:
    """Fill a template's ``{fact_id:format}`` fields.

    Formats: ``n`` (1,234), ``many`` (1,234, but "none" for zero), ``words`` ("three", 10), ``share`` (12.3%), ``ratio``
    (0.70), ``points`` (+1.25), ``limit`` (5%: a bound that we chose, as it is), ``p`` ("p = 0.084"), ``day`` (4
    February 2017, from an ISO date), ``day_of_year`` (4 February), a noun of :data:`NOUNS` ("1 detainer", "1,234
    detainers"); without one, the value as it is. A fact that is missing or NaN reads "not known", an infinite one
    "unlimited".

    Raises
    ------
    KeyError
        The template names something that is not a fact.
    """
    return _FactFormatter().vformat(template, (), dict(facts))


def as_fact(value: Any) -> Fact:  # noqa: ANN401
    """Turn a number, date or text into a JSON scalar: NaN, NaT and NA become None, infinity ``"unlimited"``.

    Raises
    ------
    TypeError
        A value that has no such form.
    """
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0 and value.dtype.kind in "biuf":
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if not isinstance(value, str) and str(value) in ("NaT", "<NA>"):
        return None
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float) and value > -math.inf:
        return UNLIMITED if value == math.inf else float(f"{value:.10g}")
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{value!r} cannot stand as a fact")


def counted(number: int, noun: str) -> str:
    """Write a number with a noun of :data:`NOUNS`: ``1 row``, ``1,234 rows``."""
    return f"{number:,} {noun.removesuffix('s') if number == 1 else noun}"


def as_made_up(title: str, synthetic: bool) -> str:
    """Say of a title that it is about made-up data, where it is."""
    return f"{MADE_UP}: {title}" if synthetic and not title.startswith("SYNTHETIC") else title


def facts_named(template: str) -> list[str]:
    """List the ids of the facts that a template uses, in order."""
    return [field for _, field, _, _ in string.Formatter().parse(template) if field]


def as_markdown(fact: Fact) -> Fact:
    """Write a text that comes from data so that Markdown and HTML show its characters and read nothing into them."""
    return "".join(f"&#{ord(c)};" if c in MARKUP else c for c in fact) if isinstance(fact, str) else fact


def as_p(p: float) -> str:
    """Write a p-value: three decimals, very small ones as below the next power of ten."""
    if p >= 0.001:
        return f"p = {p:.3f}"
    exponent = math.floor(math.log10(p)) + 1 if p > 0 else -300
    return f"p below 1e{exponent if p < float(f'1e{exponent}') else exponent + 1}"


# The grammar of a week by the day on which detainers were issued --------------------------------------------------


FAILED_CHECKS = {
    "detainers": "it has {check_found:.0f} detainers, where {check_usual:.0f} are usual",
    "ends": "an end is recorded for {check_found:share} of its detainers, where {check_usual:share} are usual",
    "states": "ICE gave the state of {check_found:share} of its detainers, where {check_usual:share} are usual",
}
"""What is said of a week that fails a check of its data (``Cohort.failed_check``)."""
NOT_CHECKED = {
    "quality_repeats": "person ids, so that a repeat cannot be told from another detainer",
    "quality_blank_state": "the state of any detainer",
    "quality_unplaced": "offences",
}
"""What a source lacks where a check of the week is left out."""
UNFINISHED = ("provisional", "too young")
THAN = {
    "last week": "than in the week before",
    "trailing weeks": "than in the {trailing_weeks} weeks before",
    "trend": "over the {trend_weeks} settled weeks to {trend_to:day} than over the {trend_weeks} before them",
}
"""What a finding is held against, by the name of the comparison."""
SHORTLY = {
    "last week": "than the week before",
    "trailing weeks": "than the {trailing_weeks} weeks before",
    "trend": "over {trend_weeks} weeks",
}
"""The same in a title."""


def failed_check(facts: Facts) -> str | None:
    """Print the check that the week fails; nothing is then found from it."""
    if facts["status"] == "partial":
        return "The source covers {days_covered} of this week's 7 days: the week is shown and never compared."
    if facts["check"]:
        check = FAILED_CHECKS[str(facts["check"])]
        return f"The week, all detainers together, fails a check of its data and is not compared: {check}."
    return None


def cohort_count(facts: Facts) -> str:
    """Say how many detainers were issued and how many of them are recorded as declined; if compared, before as well."""
    compared = facts["status"] == "settled" and bool(facts["last_week_issued_before"])
    if not facts["issued"]:
        before = ", against {last_week_issued_before:n} the week before" if compared else ""
        return "The source has no detainer issued in {place_name} in the week ending {week_end:day}" + before + "."
    said = (
        "Of the {issued:detainers} that ICE issued in {place_name} in the week ending {week_end:day}, it has recorded "
    )
    if facts["no_share"]:
        return said + "**{declined:many} as declined**; {no_share}."
    if facts["declined"]:
        alone = " by chance alone, and real ups and downs are larger" if facts["chance_alone"] else ""
        said += "**{declined:n} as declined** ({share:share}, 95% interval {share_low:share} to {share_high:share}"
        said += f"{alone})"
    else:
        said += "**none as declined** (a share of up to {share_high:share} would often give none, too)"
    before = ", against {last_week_declined_before:many} of {last_week_issued_before:n} the week before"
    return said + (f"{before} ({{last_week_share_before:share}})" if compared else "") + "."


def unfinished(facts: Facts) -> str | None:
    """Say that a young week is not finished, with the estimate of its final number where there is one."""
    if facts["check"] or facts["status"] not in UNFINISHED:
        return None
    if facts["nowcast"] is not None:
        return (
            "The week is unfinished: by how declines of earlier weeks came in, {week_completeness:share} of its "
            "declines are recorded, with about {nowcast:.0f} to be expected in the end ({nowcast_level:.0%} band "
            "{nowcast_low:.0f} to {nowcast_high:.0f}), so no direction is named for it."
        )
    if facts["week_completeness"] is not None:
        return (
            "The week is unfinished: by how declines of earlier weeks came in, {week_completeness:share} of its "
            "declines are recorded, so no direction is named for it."
        )
    return (
        "The week is unfinished: it ended less than {settling_days} days before the source was extracted, so outcomes "
        "are still missing, older weeks had longer, and no direction is named for it."
    )


def findings(facts: Facts) -> list[str]:
    """Name the clear changes of the page, the clearest first and each in a sentence; the others by name alone."""
    said = [_finding_of(facts, n) for n in range(1, int(facts["findings"] or 0) + 1) if f"finding_{n}_place" in facts]
    return [*said, *(["Also clear: {more_findings}."] if facts["more_findings"] else [])]


def _finding_of(facts: Facts, n: int) -> str:
    """Say one clear change, with what lies between the two periods."""
    against = THAN[str(facts[f"finding_{n}_against"])]
    between = f"; known events of these weeks: {{finding_{n}_between}}" if facts[f"finding_{n}_between"] else ""
    counts = (
        f"{{finding_{n}_declined:many}} of {{finding_{n}_issued:n}} ({{finding_{n}_share:share}}), against "
        f"{{finding_{n}_declined_before:many}} of {{finding_{n}_issued_before:n}} ({{finding_{n}_share_before:share}})"
    )
    return f"{{finding_{n}_where}} **the share is {{finding_{n}_finding}}** {against}: {counts}{between}."


def cohort_change(facts: Facts) -> str | None:
    """Say what may be said of the share against the week before, the weeks before, and of the trend."""
    if facts["no_share"] or facts["status"] == "partial" or facts["check"]:
        return None
    if not facts["issued"]:
        return "Nothing could be recorded as declined: there is no share, and no change of one."
    pairs = [("last_week", "against the week before"), ("trailing", "against the {trailing_weeks} weeks before")]
    if facts["status"] != "settled":
        pairs = []
    pairs.append(("trend", "the {trend_weeks} settled weeks to {trend_to:day} against the {trend_weeks} before them"))
    said = "; ".join(f"{words}: {_finding(facts, pair)}" for pair, words in pairs)
    return f"{said[0].upper()}{said[1:]}."


def usual(facts: Facts) -> str | None:
    """Say whether the count is within what the eight weeks before lead to expect."""
    if facts["usual_low"] is None or not facts["issued"]:
        return None
    within = "{usual_low:.0f} to {usual_high:.0f} would be usual"
    said = (
        f"At the share of the {{trailing_weeks}} weeks before, about {{expected:.0f}} were to be expected and {within}"
    )
    if not facts["outside"]:
        return said + "."
    return (
        said
        + ": the count of {declined:n} is **{outside} that**"
        + ("." if facts["findings"] else ", which does not stand out among the page's {tests:tests}.")
    )


def _finding(facts: Facts, pair: str) -> str:
    """Say what may be said of a pair of periods, with the ratio of shares; or why they are not compared."""
    finding = facts[f"{pair}_finding"]
    if facts[f"{pair}_ratio"] is None:
        return f"not compared, {{{pair}_finding}}"
    claim = f"**{{{pair}_finding}}**" if finding in ("higher", "lower") else f"{{{pair}_finding}}"
    interval = f"{{{pair}_ratio:ratio}}, 95% interval {{{pair}_low:ratio}} to {{{pair}_high:ratio}}"
    return f"{claim} (ratio of shares {interval})"


def one_place(facts: Facts) -> str | None:
    """Say that one state holds over half of the declines, and what the rest is."""
    if failed_check(facts) or not facts["apart_name"]:
        return None
    said = "One state, {apart_name}, accounts for {apart_declined:n} of the {apart_total:n}; elsewhere "
    said += "{elsewhere_declined:many} of {elsewhere_issued:n} are recorded as declined"
    if "elsewhere_declined_before" in facts:
        said += ", against {elsewhere_declined_before:many} of {elsewhere_issued_before:n} the week before"
    return said + "."


def what_a_cohort_cannot_tell(facts: Facts) -> str:
    """Say what the week's data cannot tell."""
    if not facts["issued"]:
        return "A week without a detainer does not tell whether ICE asked for none or the source lacks them."
    if facts["not_recorded"] is None:
        return "The data cannot tell what became of detainers without a recorded end, nor why any was declined."
    if not facts["not_recorded"]:
        return "The data cannot tell why any was declined, nor where a person went."
    return (
        "The data cannot tell what became of {not_recorded:detainers} without a recorded end (pending, not honoured or "
        "not updated), nor why any was declined."
    )


COHORT = (
    *(failed_check, cohort_count, unfinished, findings, cohort_change, usual, one_place, what_a_cohort_cannot_tell),
)


def headline(facts: Facts) -> str:
    """Give the title of a weekly page: its finding by a rule, else the level and that there is no clear change.

    First a failed check, else the clearest change of the page: of the nation, of a state or offence group, of the
    trend; else no clear change, or the level alone where nothing is compared. Of an unfinished week: what is recorded
    so far.
    """
    if "status" not in facts:
        raise InputError("a headline is made of the facts of a cohort", do="sentences.facts_of(cohort) gives them")
    counts = "{place_title}, week ending {week_end:day}: {declined:n} of {issued:detainers} recorded as declined"
    if facts["status"] == "partial":
        return counts + " in the {days_covered} days that the source covers"
    if facts["check"]:
        return counts + "; its data fail a check"
    if facts["status"] in UNFINISHED:
        return counts + " so far" + ("; about {nowcast:.0f} expected in the end" if facts["nowcast"] else "")
    if facts["no_share"] or not facts["issued"]:
        return counts
    counts += " ({share:share})"
    if not facts["findings"]:
        return f"{counts}: no clear change" if facts["tests"] else counts
    than = SHORTLY[str(facts["finding_1_against"])]
    whose = "" if facts["finding_1_place"] == facts["place"] else "{finding_1_name} "
    return f"{counts}; {whose}share {{finding_1_finding}} {than}"


def notes(facts: Facts) -> str:
    """Say beside a cohort's counts how many records and persons are behind its detainers."""
    if not facts["records"]:
        return "There is no detainer in {place_name} in this week, so no person is counted and no repeat looked for."
    if facts["persons"] is None:
        return "The source has no person ids: a detainer that repeats another cannot be told from a new one."
    return (
        "The file has {records:rows} for the week. Repeating another of the same person: {repeats_flagged:n}, "
        "{repeats_are}. Naming nobody: {without_id:n}. Different people named: {persons:n}."
    )


def say(grammar: Sequence[Clause], facts: Facts) -> list[str]:
    """Give what the clauses of a grammar have to say of the facts, as templates of one sentence each."""
    said = (clause(facts) for clause in grammar)
    return [sentence for one in said if one for sentence in ([one] if isinstance(one, str) else one)]


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
    The United States, week ending 6 February 2015: 136 of 1,833 detainers recorded as declined (7.4%): no clear change
    """
    facts = facts_of(cohort)
    return [Sentence(template, facts) for template in (headline(facts), *say(COHORT, facts))]


@takes_cohort
def records(cohort: Cohort) -> list[Sentence]:
    """Say how many records and persons are behind the nation's detainers of a week."""
    facts = facts_of(cohort)
    return [Sentence(notes(facts), facts)] if "records" in facts else []


@takes_cohort
def finished(cohort: Cohort) -> list[Sentence]:
    """Say how complete the nation's week is, and how such estimates did; else why that is not known."""
    found, facts = nowcast(cohort), facts_of(cohort)
    if not found.empty:
        return [Sentence(_completeness(facts), facts)]
    said = [Sentence(found.attrs["reason"], {})]
    if found.attrs["facts"]:
        without_end = (
            "Without a recorded end: {no_end_newer:share} of all detainers of the {no_end_weeks:n} settled weeks to "
            "{trend_to:day}, and {no_end_older:share} of those of the {no_end_weeks:n} before them."
        )
        said.append(Sentence(without_end, {**facts, **found.attrs["facts"]}))
    return said


def _completeness(facts: Facts) -> str:
    """Say what part of the week's declines is recorded, and how many of the bands made so far held."""
    said = (
        "By how declines of earlier weeks came in, {week_completeness:share} of this week's are recorded ({maturity}): "
        "{nowcast_recorded:.0f} so far, about {nowcast:.0f} in the end ({nowcast_low:.0f} to {nowcast_high:.0f}, "
        "{nowcast_level:.0%} band)."
    )
    if facts["nowcast_reason"]:
        said = "The final number of the week's declines cannot be estimated: {nowcast_reason}."
    elif facts["week_completeness"] == 1:
        said = "The week is as finished as can be measured: its declines have been followed for as long as any."
    if facts.get("past_bands_made"):
        said += (
            " Of the last {past_bands_made:n} such bands, made with what was known then, {past_bands_held:n} held the "
            "final number (weighted interval score, smaller is better: {past_bands_score:.1f} declines; "
            "{past_bands_score_of_recorded:.1f} if what was recorded is taken for the final number)."
        )
    return said


def checks(card: pd.DataFrame) -> list[Sentence]:
    """Say how many checks of the week's data passed, and which the source does not allow.

    ``card`` is as from :func:`analysis.stats.quality.quality`.
    """
    lacking = [words for check, words in NOT_CHECKED.items() if check not in card.attrs["checks"]]
    said = [
        "Checks of the week's data, all states together: {checks:n}. Passed: {checks_pass:n}. "
        "**Warnings: {checks_warn:n}. Stops: {checks_stop:n}.** Held against nothing: {checks_not_judged:n}."
    ]
    said += [f"Not checked, for the source does not have it: {'; '.join(lacking)}."] if lacking else []
    return [Sentence(template, card.attrs["facts"]) for template in said]
