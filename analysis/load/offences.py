"""What was the offence: label, then code, then two-digit block, then unknown.

A row of a release names an offence as text (``DUI``), as a code of the NCIC list or ICE's own (``5404``, ``35AB``), or
both; the text, which says more, is asked first. It is brought to plain words: ``AGG ASSLT FV - STRANGULATION (F3)``
becomes ``aggravated assault domestic strangulation``. A known label (``offence_terms.csv``, ``ncic_codes.csv``) places
it, in whatever order its words are; else the first rule that fits (``offence_rules.csv``), whose order is the argument:
a burglary with intent to steal is a burglary; else the same with slips of spelling mended; else a cited statute. What
none of these places is left unplaced: better unknown than wrong.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from functools import cache, lru_cache
from itertools import chain

import numpy as np
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA

from analysis.load.reference import NO_OFFENCE, STATUS_GROUPS, UNKNOWN_OFFENCE, crosswalk, details, groups
from analysis.load.table import OffenceStatus

NOTHING_RECORDED, UNPLACED = "none.none", "unk.unk"
OFFENCE_BLOCKS = (  # most telling first; form C has all three, D to G the first
    ("offence_text", "offence_code", OffenceStatus.CONVICTED),
    ("pending_text", "pending_code", OffenceStatus.CHARGED),
    ("charge_text", "charge_code", OffenceStatus.CHARGED),
)
_BLANK = ("", "na", "n/a", "nan", "null", "<na>")  # how copies of a release write an empty cell

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
_TO_WORDS = (  # in this order
    (re.compile(r"\(?\bb\)?\s?\(\d\)(?:\s?\(?[a-z]\)?(?![a-z]))?"), " "),  # FOIA exemptions in the place of the text
    (re.compile(r"\be?911\b"), " emergency "),
    (re.compile(r"\bpg\s?-?\d\w*"), " pg "),  # penalty groups of drugs
    (  # "under 14", "<17", "u/16 yoa": a victim's age, unless a weight or a sum of money follows
        re.compile(
            r"(?:\bunder\s|\bu/|<\s?)\s?(?:age\s)?(?:1[0-8]|[3-9])\b"
            r"(?!\s?(?:\.|,|g|gm|gram|oz|ounce|lb|k\b|kg|%|item|pound|unit|day|mph))"
        ),
        " underage ",
    ),
    (_CITATION, " "),
)
# Initials that are words of charge_abbreviations.csv once joined.
_PAIR = re.compile(r"\b(?:a&b|r&o|l&l|b[&/]e|h[&/]r)\b")
_WORD = re.compile(r"[^\W\d_]+")
_DIVIDER = re.compile(r"[;|\n\r]+")

# Slips: one letter wrong, missing, doubled or swapped in a word of seven; tests hold that names and places stay unread.
SPELLING_SIMILARITY, SHORTEST_MENDED, SHARE_KEPT = 0.84, 5, 0.72


class Step(StrEnum):
    """What placed an offence; ``blank``: neither text nor code is there, ``unknown``: they are, and say nothing."""

    LABEL = "label"
    CODE = "code"
    BLOCK = "block"
    UNKNOWN = "unknown"
    BLANK = "blank"


@cache
def rules() -> tuple[tuple[tuple[frozenset[str], ...], frozenset[str], str], ...]:
    """Give the rules in their order: words that are needed (one of each set), words that may not be there, detail.

    ``burgl*`` is the beginning of a word.
    """
    table = crosswalk("offence_rules", "rule").sort_index()
    return tuple(
        (tuple(frozenset(need.split("|")) for need in needs.split()), frozenset(lacks.split()), detail)
        for needs, lacks, detail in zip(table["needs"], table["lacks"], table["detail_id"], strict=True)
    )


@cache
def labels() -> dict[frozenset[str], str]:
    """Give the known labels: the set of a label's words to its detail."""
    codes, terms = crosswalk("ncic_codes", "code"), crosswalk("offence_terms", "term")
    names = codes[codes["level"] == "code"].set_index("name")["detail_id"]
    known = pd.concat([names, terms["detail_id"]])
    return {frozenset(words): detail for name, detail in known.items() if (words := charge_tokens(str(name)))}


@cache
def _short_forms() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Give the short forms as words; those that stand for nothing (grades, grammar, status) have none for them."""
    table = crosswalk("charge_abbreviations", "abbreviation")
    return {tuple(str(short).split()): tuple(long.split()) for short, long in table["expansion"].items()}


@cache
def _vocabulary() -> dict[str, None]:
    """Give the words that a slip of spelling may stand for, the shortest first."""
    of_rules = (atom for needs, lacks, _ in rules() for atom in chain(lacks, *needs) if atom[-1] != "*")
    words = {*of_rules, *chain(*labels(), *_short_forms(), *_short_forms().values())}
    long = (word for word in words if len(word) >= SHORTEST_MENDED)
    return dict.fromkeys(sorted(long, key=lambda word: (len(word), word)))


def _folded(text: str) -> str:
    """Fold case and unicode forms, join dotted letters: ``D.U.I.`` is ``dui``."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _DOTTED.sub(lambda letters: letters[0].replace(".", ""), folded.replace("'", "").replace("’", ""))


@lru_cache(maxsize=1 << 16)
def _singular(word: str) -> str:
    """Take a plural's ending off, as far as spelling alone tells, but for the words of short forms."""
    if len(word) < 4 or word[-1] != "s" or word.endswith(("ss", "us", "is")) or word in chain(*_short_forms()):
        return word
    return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]


def charge_tokens(text: str) -> tuple[str, ...]:
    """Bring a charge text, as recorded, to plain words in their order, in lower case and in the singular.

    Short forms are written out (``charge_abbreviations.csv``); grades of the offence, citations of statutes, status
    words and numbers are left out, so that nothing may remain.
    """
    plain = _folded(text)
    for pattern, word in _TO_WORDS:
        plain = pattern.sub(word, plain)
    plain = _PAIR.sub(lambda pair: pair[0].replace("&", "and").replace("/", "and"), plain)
    given = tuple(_singular(word) for word in _WORD.findall(plain))
    forms, words = _short_forms(), list[str]()
    longest = max(map(len, forms))
    while given:
        sizes = (size for size in range(longest, 0, -1) if given[:size] in forms)
        size = next(sizes, 1)  # the longest short form that begins here, or one word as it is
        words += forms.get(given[:size], given[:1])
        given = given[size:]
    return tuple(word for word in words if len(word) > 1)


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


def _cited(text: str) -> str | None:
    """Place a text by the first statute in it that is known, whole or else without its subsections."""
    known = crosswalk("charge_statutes", "statute")["detail_id"]
    for citation in citations(text):
        for end in range(len(citation), 0, -1):
            if (end == len(citation) or citation[end] in "(.") and citation[:end] in known.index:
                return str(known[citation[:end]])
    return None


@lru_cache(maxsize=1 << 16)
def _meant(word: str) -> str:
    """Give the one known word that an unknown one stands for, or the word itself.

    A slip is one edit in six letters or more; a cut is a known word's beginning, or most of its letters in their order.
    """
    if len(word) < SHORTEST_MENDED or word in _vocabulary():
        return word
    alike = [known for known in _vocabulary() if known[0] == word[0]]
    slip = process.extractOne(word, alike, scorer=OSA.normalized_similarity, score_cutoff=SPELLING_SIMILARITY)
    return slip[0] if slip else next((known for known in alike if _is_cut(word, known)), word)


def _is_cut(short: str, full: str) -> bool:
    """Tell whether a short form is a word's beginning, or keeps enough of its letters in their order."""
    letters = iter(full)
    enough = len(short) >= SHARE_KEPT * len(full)
    return full.startswith(short) or (enough and all(letter in letters for letter in short))


def _placed(words: tuple[str, ...]) -> str | None:
    """Place words by label, then by rule."""
    if not words:
        return None
    atoms = {*words, *(word[:size] + "*" for word in words for size in range(1, len(word) + 1))}
    fits = (
        detail
        for needs, lacks, detail in rules()
        if lacks.isdisjoint(atoms) and not any(need.isdisjoint(atoms) for need in needs)
    )
    return labels().get(frozenset(words)) or next(fits, None)


def _detail_of_charge(charge: str) -> str | None:
    """Place one charge: by label or rule, by the same with slips mended, by a cited statute."""
    words = charge_tokens(charge)
    mended = (plain for word in words for plain in ((word,) if _meant(word) == word else charge_tokens(_meant(word))))
    return _placed(words) or _placed(tuple(mended)) or _cited(charge)


@lru_cache(maxsize=1 << 16)
def detail_of_text(text: str) -> str | None:
    """Place a charge text; of several, divided by ``;``, ``|`` or line ends, the gravest; None = not placed."""
    ranks = details()["severity_rank"]
    found = [detail for charge in _DIVIDER.split(text) if (detail := _detail_of_charge(charge)) is not None]
    return min(found, key=lambda detail: int(ranks[detail]), default=None)


@cache
def _codes() -> dict[str, str]:
    """Give the detail of each code of the NCIC list, of each code of ICE's own and of each two-digit block."""
    return {**crosswalk("ncic_codes", "code")["detail_id"], **crosswalk("offence_code_labels", "code")["detail_id"]}


def _placed_by(text: str | None, code: str | None) -> tuple[str, Step]:
    """Place one offence; of codes, ``301`` lost a zero and ``301.0`` went through a number as well."""
    if text is None and code is None:
        return NOTHING_RECORDED, Step.BLANK
    if text is not None and (detail := detail_of_text(text)):
        return detail, Step.LABEL
    plain = (code or "").strip().upper().removesuffix(".0")
    plain = plain.zfill(4) if len(plain) == 3 else plain
    for key, step in ((plain, Step.CODE), (plain[:2], Step.BLOCK)) if len(plain) == 4 else ():
        if key in _codes():
            return _codes()[key], step
    return UNPLACED, Step.UNKNOWN


def classify(offences: pd.DataFrame) -> pd.DataFrame:
    """Place every offence in a group, by ``offence_text`` and ``offence_code``, of which either may be absent.

    Returns
    -------
    pandas.DataFrame
        The same rows, index kept: ``offence_group`` (16 groups, NONE where neither text nor code is recorded or the
        text says that there is no offence, UNKNOWN), ``offence_detail`` (blank for NONE and UNKNOWN),
        ``severity_rank`` (1 = gravest; 98 and 99 for NONE and UNKNOWN) and ``step`` (label, code, block, unknown,
        blank).
    """
    given = offences.reindex(columns=["offence_text", "offence_code"]).astype("str")
    given = given.mask(given.apply(lambda column: column.str.strip().str.casefold().isin(_BLANK))).astype(object)
    rows = given.where(given.notna(), None).itertuples(index=False)
    placed = pd.DataFrame([_placed_by(*row) for row in rows], offences.index, ["detail", "step"], dtype=object)
    detail, known = placed["detail"], details()
    named = known.index[~known["group_id"].isin(STATUS_GROUPS)]
    return pd.DataFrame(
        {
            "offence_group": pd.Categorical(detail.map(known["group_id"]), groups().index),
            "offence_detail": pd.Categorical(detail.where(detail.isin(named)), named),
            "severity_rank": detail.map(known["severity_rank"]).astype("int64"),
            "step": pd.Categorical(placed["step"].astype("str"), [step.value for step in Step]),
        },
        offences.index,
    )


def mapped_shares(classified: pd.DataFrame) -> pd.DataFrame:
    """Count what placed the offences, from the result of :func:`classify`.

    Returned is one row per step in its order: ``rows``, ``share`` (of all rows) and ``share_of_recorded`` (of the rows
    that record a text or a code; blank for the step ``blank``). Shares of no rows are blank.
    """
    rows = classified["step"].value_counts().reindex(list(Step), fill_value=0).rename_axis("step")
    recorded = rows.drop(Step.BLANK)
    shares = {"share": rows / (rows.sum() or np.nan), "share_of_recorded": recorded / (recorded.sum() or np.nan)}
    return pd.DataFrame({"rows": rows, **shares}).reindex(rows.index)


def read_offences(frame: pd.DataFrame) -> pd.DataFrame:
    """Add offence, group, detail and status (:func:`open_release`); return the shares by the step that placed them.

    What the rows of a release say of offences repeats much: each combination is read once.
    """
    names = [*chain.from_iterable(block[:2] for block in OFFENCE_BLOCKS), "criminality"]
    asked = [name for name in names if name in frame]
    if not asked:
        return mapped_shares(classify(frame.head(0)))
    numbers = frame.groupby(asked, observed=True, dropna=False, sort=False).ngroup()  # 0, 1, 2 as they appear
    each = frame.loc[~numbers.duplicated(), asked].astype("str").reset_index(drop=True).reindex(columns=names)
    text = code = status = pd.Series(np.nan, index=each.index, dtype="str")
    for text_of, code_of, its_status in reversed(OFFENCE_BLOCKS):
        given = each[text_of].notna() | each[code_of].notna()
        text, code = each[text_of].where(given, text), each[code_of].where(given, code)
        status = status.mask(given, str(its_status))
    classes = classify(pd.DataFrame({"offence_text": text, "offence_code": code}))
    named = classes["offence_group"] != NO_OFFENCE  # blank, or a text that says so
    by_class = crosswalk("criminality", "value")["offence_status"]
    status = status.where(named).fillna(each["criminality"].map(by_class)).fillna(by_class[""])
    of_unnamed = status.map(lambda word: NO_OFFENCE if word == OffenceStatus.NONE else UNKNOWN_OFFENCE)
    group = classes["offence_group"].astype("str").where(named, of_unnamed)
    texts, codes = ([block[at] for block in OFFENCE_BLOCKS] for at in (0, 1))
    offences = pd.DataFrame(
        {
            "offence_text": pd.Categorical(text, _all_values(frame, texts)),
            "offence_code": pd.Categorical(code, _all_values(frame, codes)),
            "offence_status": pd.Categorical(status, list(OffenceStatus)),
            "offence_group": pd.Categorical(group, groups().index),
            "offence_detail": classes["offence_detail"],
            "step": classes["step"],
        }
    )
    offences = offences.take(numbers).set_axis(frame.index)
    frame[offences.columns.drop("step")] = offences.drop(columns="step")
    return mapped_shares(offences)


def _all_values(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Give the values of several columns, of those that are there, each once."""
    return list(dict.fromkeys(chain.from_iterable(frame[name].cat.categories for name in names if name in frame)))
