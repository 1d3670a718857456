"""Charge texts as jails and ICE write them, brought to plain words.

``AGG ASSLT FV - STRANGULATION (F3) PC 22.02`` becomes ``aggravated assault domestic strangulation``: case, punctuation,
grades of the offence, citations of statutes, counts, status words and numbers go, short forms are written out.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from analysis.load.files import crosswalk

# Letters before a section's number: state codes, the United States Code, ICE's own act.
_CODES = (
    "pc|vc|h&s|hsc|hs|w&i|wic|b&p|bp|pl|vtl|tc|trc|abc|usc|ina sec|ina|cfr|rcw|ors|orc|ocga|nrs|ars|crs|rsmo|ilcs|mcl|"
    "mgl|cmr|ss|fs|ksa|krs|tca|ucc|cga|ccp|fc|scc|gs|sec|section|art|code"
)
_SECTION = r"\d[\d.\-/:]*[a-z]?(?:\s?\([a-z0-9]{1,4}\))*"
_CITATION = re.compile(
    rf"(?<![a-z])(?P<before>{_CODES})\.?\s?§{{0,2}}\s?(?P<section>{_SECTION})"
    rf"|(?<![\w.])(?P<number>{_SECTION})\s?(?P<after>usc|pc|vc|hs|h&s|bp|b&p|pl|vtl|rcw|ors|cfr)(?![a-z])"
    rf"(?:\s?§{{0,2}}\s?(?P<second>{_SECTION}))?"
)
_DOTTED = re.compile(r"\b(?:[a-z]\.){2,}(?:[a-z]\b)?")
# "A&B", "B&E", "H/R", "L&L": initials that are words of charge_abbreviations.csv once joined.
_PAIR = re.compile(r"\b(?:a&b|r&o|l&l|b[&/]e|h[&/]r)\b")
# FOIA exemptions in the place of the text: "b(6), b(7)c", "(b)(6), (b)(7)(c) (b)(7)(e)".
_REDACTED = re.compile(r"\(?\bb\)?\s?\(\d\)(?:\s?\(?[a-z]\)?(?![a-z]))?")
_PENALTY_GROUP = re.compile(r"\bpg\s?-?\d\w*")
# "under 14", "<17", "u/16 yoa": a victim's age, unless a weight or a sum of money follows.
_YOUNG = re.compile(
    r"(?:\bunder\s|\bu/|<\s?)\s?(?:age\s)?(?:1[0-8]|[3-9])\b(?!\s?(?:\.|,|g|gm|gram|oz|ounce|lb|k\b|kg|%|item|pound|unit|day|mph))"
)
_WORD = re.compile(r"[^\W\d_]+")
_EMERGENCY = re.compile(r"\be?911\b")


@cache
def _short_forms() -> tuple[dict[tuple[str, ...], tuple[str, ...]], int, frozenset[str]]:
    """Give the short forms as word tuples, the longest one's length, and the words that occur in them.

    A short form that stands for nothing (grades, grammar, status) has no words on the other side.
    """
    table = crosswalk("charge_abbreviations", "abbreviation")
    forms = {tuple(short.split()): tuple(long.split()) for short, long in table["expansion"].items()}
    return forms, max(map(len, forms)), frozenset(word for form in forms for word in form)


def _singular(word: str) -> str:
    """Take a plural's ending off, as far as spelling alone tells."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]


def _folded(text: str) -> str:
    """Fold case and unicode forms, join dotted letters: ``D.U.I.`` is ``dui``."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _DOTTED.sub(lambda letters: letters[0].replace(".", ""), folded.replace("'", "").replace("’", ""))


def charge_tokens(text: str) -> tuple[str, ...]:
    """Bring a charge text to plain words.

    Parameters
    ----------
    text
        A charge as recorded; any text is allowed.

    Returns
    -------
    tuple of str
        Words in their order, in lower case and in the singular, short forms written out
        (``data/reference/charge_abbreviations.csv``); empty when the text holds no words but grades, numbers and
        citations.
    """
    folded = _EMERGENCY.sub(" emergency ", _REDACTED.sub(" ", _folded(text)))
    folded = _YOUNG.sub(" underage ", _PENALTY_GROUP.sub(" pg ", folded))
    folded = _PAIR.sub(lambda pair: pair[0].replace("&", "and").replace("/", "and"), _CITATION.sub(" ", folded))
    forms, longest, known = _short_forms()
    words = [word if word in known else _singular(word) for word in _WORD.findall(folded)]
    plain: list[str] = []
    at = 0
    while at < len(words):
        for size in range(min(longest, len(words) - at), 0, -1):
            long = forms.get(tuple(words[at : at + size]))
            if long is not None:
                plain.extend(long)
                break
        else:
            size = 1
            plain.append(words[at])
        at += size
    return tuple(word for word in plain if len(word) > 1)


def citations(text: str) -> list[str]:
    """Find the statutes that a text cites, as keys of ``data/reference/charge_statutes.csv``.

    ``PC 243(E)(1)`` gives ``pc 243(e)(1)``, ``664/211 PC`` gives ``pc 664`` and ``pc 211``, ``8 USC 1325`` gives
    ``usc 8 1325``.
    """
    found = []
    for match in _CITATION.finditer(_folded(text)):
        code = (match["before"] or match["after"]).replace("&", "").replace("hsc", "hs")
        section = (match["section"] or match["number"]).replace(" ", "").rstrip(".-/:")
        second = f" {match['second']}".replace(" ", "") if match["second"] else ""
        found += [f"{code} {part} {second}".strip() for part in section.split("/") if part]
    return found


def section_ends(citation: str) -> list[int]:
    """Give the places where a citation may end, longest first: ``pc 243(e)(1)``, ``pc 243(e)``, ``pc 243``."""
    return [len(citation), *(at for at in range(len(citation) - 1, 0, -1) if citation[at] in "(.")]
