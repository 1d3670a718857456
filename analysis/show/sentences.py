"""Sentences made from facts: a template may only name facts, so that no number is typed into prose."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

Fact = str | int | float | bool | None

NEVER_IN_OUR_PROSE = (
    "illegal",
    "criminal alien",
    "sanctuary",
    "refused to cooperate",
    "refusal rate",
    "released",
    "surge",
    "spike",
    "plunge",
    "because of",
    "due to",
    "led to",
    "caused",
    "decline rate",
)
"""Words that our own sentences never use (ICE's labels, quotations and "no rate can be given" are another matter)."""

NOUNS = {
    "detainers": ("detainer", "detainers"),
    "tests": ("test", "tests"),
    "weeks": ("week", "weeks"),
    "rows": ("row", "rows"),
    "places": ("place", "places"),
    "cases": ("case", "cases"),
    "people": ("person", "different people"),
    "states": ("state or territory", "states and territories"),
}
UNLIMITED = "unlimited"
"""The fact that stands for an infinite number, which JSON does not have, and how it reads."""
MARKUP = frozenset("&<>\"'`*_[]|~$\\#:")  # the colon, too: an address in a name is no link


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
                return as_percent(value)
            case "ratio":
                return f"{value:z.2f}"
            case "p":
                return as_p(value)
            case _ if format_spec in NOUNS:
                return f"{value:,} {NOUNS[format_spec][0] if value == 1 else NOUNS[format_spec][1]}"
            case "day":
                day = date.fromisoformat(value)
                return f"{day.day} {day:%B} {day.year}"
        return super().format_field(value, format_spec)


def fill(template: str, facts: Mapping[str, Fact]) -> str:
    """Fill a template's ``{fact_id:format}`` fields.

    Formats: ``n`` (1,234), ``share`` (12.3%), ``ratio`` (0.70), ``p`` ("p = 0.084"), ``day`` (4 February 2017, from
    an ISO date), a noun of :data:`NOUNS` ("1 detainer", "1,234 detainers"); without one, the value as it is. A fact
    that is missing or NaN reads "not known", an infinite one "unlimited".

    Raises
    ------
    KeyError
        The template names something that is not a fact.
    """
    return _FactFormatter().vformat(template, (), dict(facts))


def facts_named(template: str) -> list[str]:
    """List the ids of the facts that a template uses, in order."""
    return [field for _, field, _, _ in string.Formatter().parse(template) if field]


def as_markdown(fact: Fact) -> Fact:
    """Write a text that comes from data so that Markdown and HTML show its characters and read nothing into them."""
    return "".join(f"&#{ord(c)};" if c in MARKUP else c for c in fact) if isinstance(fact, str) else fact


def as_percent(share: float) -> str:
    """Write a share as a percentage with one decimal."""
    return f"{100 * share:z.1f}%"


def as_p(p: float) -> str:
    """Write a p-value: three decimals, very small ones as below the next power of ten."""
    if p >= 0.001:
        return f"p = {p:.3f}"
    exponent = math.floor(math.log10(p)) + 1 if p > 0 else -300
    return f"p below 1e{exponent if p < float(f'1e{exponent}') else exponent + 1}"


def cohort_sentences(facts: Mapping[str, Fact]) -> list[str]:
    """Say what a cohort week shows, as templates over its facts (:func:`analysis.stats.cohorts.week_facts`)."""
    said = []
    if facts["status"] == "partial":
        said.append("The source covers {days_covered} of this week's 7 days. The week is shown and never compared.")
    if facts["status"] in ("provisional", "too young") and facts["week_completeness"] is not None:
        said.append(
            "The week is {status}: by how declines of earlier weeks came in, {week_completeness:share} of its declines "
            "are recorded, so no direction is named."
        )
    elif facts["status"] == "provisional":
        said.append(
            "The week is provisional: it ended less than {settling_days} days before the source was extracted on "
            "{extracted_on:day}, so outcomes are still missing and no direction is named."
        )
    if not facts["issued"]:
        return [*said, "The source has no detainer issued in {place_name} in this week; nothing could be declined."]
    if facts["declined"]:
        said.append(
            "Of the {issued:detainers} that ICE issued in {place_name} in the week ending {week_end:day}, it has "
            "recorded **{declined:n} as declined: {share:share}** (95% interval {share_low:share} to "
            "{share_high:share})."
        )
    else:
        said.append(
            "Of the {issued:detainers} that ICE issued in {place_name} in the week ending {week_end:day}, it has "
            "recorded **none as declined**; a share of up to {share_high:share} would agree with that (95% interval)."
        )
    said.append(_records(facts))
    said.append(
        "ICE took custody in {taken:cases} and recorded another end in {other_ends:n}. For {not_recorded:n} nothing is "
        "recorded: such a detainer may be pending, not honoured or not updated, and is counted as none of these."
    )
    said += [
        _comparison(facts, "last_week", "the week before"),
        _comparison(facts, "trailing", "the {trailing_weeks} weeks before"),
    ]
    if facts["place"] == "all":
        said.append(
            "At least one decline stands in {states_with_declines:n} of the {states_with_detainers:states} with "
            "detainers. "
            + (
                "For {state_not_given:detainers} ICE gave no state; the table of states has a row for that."
                if facts["state_not_given"]
                else "ICE gave the state of each."
            )
        )
    return said


def _records(facts: Mapping[str, Fact]) -> str:
    """Say how many records and persons are behind a cohort's detainers."""
    if facts["persons"] is None:
        return "The source has no person ids: a detainer that repeats another cannot be told from a new one."
    return (
        "The week has {records:rows} in the source, {repeats_flagged:n} flagged as repeating another of the same "
        "person; repeats are {repeats_are}. The rows name {persons:people}, with {without_id:rows} naming nobody."
    )


def _comparison(facts: Mapping[str, Fact], against: str, name: str) -> str:
    """Say how a cohort week compares with an earlier period, or why it is not compared."""
    finding = facts[f"{against}_finding"]
    if facts[f"{against}_reason"]:
        return f"No comparison with {name}: {{{against}_reason}}."
    before = f"{{{against}_declined_before:n}} of {{{against}_issued_before:n}}, {{{against}_share:share}}"
    numbers = (
        f"ratio of shares {{{against}_ratio:ratio}}, 95% interval {{{against}_low:ratio}} to {{{against}_high:ratio}}, "
        f"exact {{{against}_p:p}}, mid-{{{against}_p_mid:p}}, adjusted over the week's {{tests:tests}} "
        f"{{{against}_p_adjusted:p}}"
    )
    claim = f"the share is {finding}" if finding in ("higher", "lower") else str(finding)
    return f"Against {name} ({before}): {claim} ({numbers})."


def published_sentences(facts: Mapping[str, Fact]) -> list[str]:
    """Say what a published week shows, as templates over its facts (:func:`analysis.stats.recorded.week_facts`)."""
    said = ["ICE recorded **{declined:detainers} as declined** in the week ending {week_end:day}."]
    if facts["travis"] and float(facts["travis_share"] or 0) > 0.5:
        said.append(
            "One place, Travis County, Texas, accounts for {travis:n} of the {declined:n} ({travis_share:share}): on "
            "1 February 2017 the sheriff's policy took effect and the detainers of all people then in custody were "
            "re-assessed. **Everywhere else together the count is {outside:n}.**"
        )
    elif facts["travis"] is not None:
        said.append("Travis County, Texas, accounts for {travis:n}; everywhere else together the count is {outside:n}.")
    if "previous_all_p" in facts:
        said.append(_neighbours(facts, "previous", "Against the week before"))
    if "next_all_p" in facts:
        said.append(_neighbours(facts, "next", "In the week after"))
    said.append(
        "ICE issued {issued:detainers} in this week. They are a different group: a decline counts in the week it was "
        "recorded, whenever the detainer was issued, so **no rate can be given**."
    )
    if facts["taken_back_at_least"]:
        said.append(
            "ICE itself later corrected places with at least {taken_back_at_least:n} of these declines; at most "
            "{remaining_at_most:n} stand. It published no corrected total."
        )
    return said


def _neighbours(facts: Mapping[str, Fact], pair: str, opening: str) -> str:
    """Compare with a neighbouring week: without Travis County first, where its figures are known, then with it."""
    now, before = f"{{{pair}_{{scope}}_now:n}}", f"{{{pair}_{{scope}}_before:n}}"
    numbers = (
        f"ratio {{{pair}_{{scope}}_ratio:ratio}}, 95% interval {{{pair}_{{scope}}_low:ratio}} to "
        f"{{{pair}_{{scope}}_high:ratio}}, exact {{{pair}_{{scope}}_p:p}}, mid-{{{pair}_{{scope}}_p_mid:p}}"
    )
    both = f"{now} against {before}: {{{pair}_{{scope}}_finding}} ({numbers})"
    outside, everywhere = both.replace("{scope}", "outside"), both.replace("{scope}", "all")
    if f"{pair}_outside_p" not in facts:
        return f"{opening}, all places: {everywhere}."
    return f"{opening}, outside Travis County: {outside}. With Travis County: {everywhere}."
