"""Sentences made from facts: a template may only name facts, so that no number is typed into prose."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.load.sources import SourceFacts

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
    "warnings": ("warning", "warnings"),
    "differences": ("difference", "differences"),
    "reports": ("report", "reports"),
}
WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
MADE_UP = "SYNTHETIC (made-up data)"
"""What titles over made-up data begin with: of pages, in lists of them and in the feed."""
NOT_EXTRACTED = "day of extraction not known, taken as the newest day of issue or of an end"
NO_OFFENCE = "This source has no offence: nothing can be said by offence group."
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
            case "limit":
                return f"{100 * value:g}%"
            case "many":
                return f"{value:,}" if value else "none"
            case "words":
                return WORDS[value] if value < len(WORDS) else f"{value:,}"
            case "ratio":
                return f"{value:z.2f}"
            case "points":
                return as_points(value)
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


def counted(number: int, noun: str) -> str:
    """Write a number with a noun of :data:`NOUNS`: ``1 row``, ``1,234 rows``."""
    return f"{number:,} {NOUNS[noun][0 if number == 1 else 1]}"


def extraction_facts(facts: SourceFacts) -> dict[str, date | str | None]:
    """Give the day of a source's extraction as facts, where it is known; the day that stands in for it is no fact.

    Returns
    -------
    dict
        ``extracted_on`` (None = not known) and ``extracted_words``, which read on after a comma or in brackets.
    """
    if not facts.extracted_known:
        return {"extracted_on": None, "extracted_words": NOT_EXTRACTED}
    words = fill("extracted on {day:day}", {"day": facts.extracted_on.isoformat()})
    return {"extracted_on": facts.extracted_on, "extracted_words": words}


def as_made_up(title: str, synthetic: bool) -> str:
    """Say of a title that it is about made-up data, where it is."""
    return f"{MADE_UP}: {title}" if synthetic and not title.startswith("SYNTHETIC") else title


def facts_named(template: str) -> list[str]:
    """List the ids of the facts that a template uses, in order."""
    return [field for _, field, _, _ in string.Formatter().parse(template) if field]


def as_markdown(fact: Fact) -> Fact:
    """Write a text that comes from data so that Markdown and HTML show its characters and read nothing into them."""
    return "".join(f"&#{ord(c)};" if c in MARKUP else c for c in fact) if isinstance(fact, str) else fact


def as_percent(share: float) -> str:
    """Write a share as a percentage with one decimal."""
    return f"{100 * share:z.1f}%"


def as_points(points: float) -> str:
    """Write percentage points, signed unless nothing is left of them."""
    return f"{points:+.2f}" if round(points, 2) else "0.00"


def as_p(p: float) -> str:
    """Write a p-value: three decimals, very small ones as below the next power of ten."""
    if p >= 0.001:
        return f"p = {p:.3f}"
    exponent = math.floor(math.log10(p)) + 1 if p > 0 else -300
    return f"p below 1e{exponent if p < float(f'1e{exponent}') else exponent + 1}"
