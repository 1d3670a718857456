"""What was the offence: label, then code, then two-digit block of the code, then unknown: better unknown than wrong.

A text is brought to plain words and placed by a known label, else by the first rule that fits, whose order is the
argument: a burglary with intent to steal is a burglary. Slips of spelling are mended, convictions before left out; what
is added with "w/" refines an offence and makes no other. Else a cited statute counts.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import cache, lru_cache, partial
from itertools import chain

import numpy as np
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA

from analysis.load.reference import NO_OFFENCE, STATUS_GROUPS, UNKNOWN_OFFENCE, crosswalk, details, groups
from analysis.load.table import OffenceStatus

OFFENCE_BLOCKS = (  # most telling first; form C has all three, D to G the first
    ("offence_text", "offence_code", OffenceStatus.CONVICTED),
    ("pending_text", "pending_code", OffenceStatus.CHARGED),
    ("charge_text", "charge_code", OffenceStatus.CHARGED),
)
_BLANK = ("", "na", "n/a", "nan", "null", "<na>")  # how copies of a release write an empty cell

_CODES = (  # before a section's number: state codes, the United States Code, ICE's own act
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
_WORD = re.compile(r"[^\W\d_]+")
_DIVIDER = re.compile(r"[;|\n\r]+")

# Slips: one letter wrong, missing or swapped, two in a word of thirteen, and doubled ones; tests hold that names and
# places stay unread. A common word that is no slip of another stands in charge_abbreviations.csv as itself.
SHARE_WRONG, SHORTEST_MENDED, SHARE_KEPT, LONGEST_ENDING = 0.16, 5, 0.72, 4
_AS_COMPARED = (None, partial(re.compile(r"(.)\1").sub, r"\1"))  # whole, and without doubled letters
_ADDED = re.compile(r"(?<=\w)[\W_]+(?:w/|with\b)(?!\s?(?:o|out|in|int\w*)\b)", re.IGNORECASE)
# Of what is added with "w/", that which tells the offence: by what means, and against whom.
_TELLING = {"domestic", "family", "sex", "custody", "alcohol", "influence"}


class Step(StrEnum):
    """What placed an offence; ``blank``: neither text nor code is there, ``unknown``: they are, and say nothing."""

    LABEL = "label"
    CODE = "code"
    BLOCK = "block"
    UNKNOWN = "unknown"
    BLANK = "blank"


@cache
def rules() -> tuple[tuple[tuple[frozenset[str], ...], frozenset[str], str], ...]:
    """Give the rules in order: words needed (one of each set; ``burgl*`` begins one), words not allowed, detail."""
    table = crosswalk("offence_rules", "rule").sort_index()
    return tuple(
        (tuple(frozenset(need.split("|")) for need in needs.split()), frozenset(lacks.split()), detail)
        for needs, lacks, detail in zip(table["needs"], table["lacks"], table["detail_id"], strict=True)
    )


@cache
def labels() -> dict[frozenset[str], str]:
    """Give the detail of each known label, by the set of its words."""
    codes = crosswalk("ncic_codes", "code").query("level == 'code'").set_index("name")
    known = pd.concat([codes, crosswalk("offence_terms", "term")])["detail_id"]
    return {frozenset(charge_tokens(str(label))): detail for label, detail in known.items()}


@cache
def _short_forms() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Give the short forms as words; those that stand for nothing (grades, grammar, status) have none for them."""
    table = crosswalk("charge_abbreviations", "abbreviation")["expansion"]
    return {tuple(str(short).split()): tuple(long.split()) for short, long in table.items()}


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Give what is written in signs and numbers, and the word for it; citations say nothing by their words."""
    table = crosswalk("charge_patterns", "pattern")["word"]
    return [(re.compile(str(pattern)), f" {word} ") for pattern, word in table.items()] + [(_CITATION, " ")]


@cache
def _vocabulary() -> dict[str, None]:
    """Give the words that a slip of spelling may stand for, the shortest first; not those that mean themselves."""
    of_rules = (atom for needs, lacks, _ in rules() for atom in chain(lacks, *needs) if atom[-1] != "*")
    forms = chain.from_iterable((*short, *long) for short, long in _short_forms().items() if short != long)
    words = {*of_rules, *chain(*labels()), *forms}
    return dict.fromkeys(word for word in sorted(sorted(words), key=len) if len(word) >= SHORTEST_MENDED)


@cache
def _beginnings() -> re.Pattern[str]:
    """Give what is known of a word that is not in the vocabulary: its stem is one of a rule's, or it is cut short."""
    begun = {atom[:-1] for needs, lacks, _ in rules() for atom in chain(lacks, *needs) if atom[-1] == "*"}
    cut = {word[:size] for word in _vocabulary() for size in range(SHORTEST_MENDED, len(word))}
    return re.compile(rf"(?:(?:{'|'.join(begun)})\w{{0,{LONGEST_ENDING}}}|{'|'.join(cut)})$")


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
    """Bring a charge text to plain words in their order, in lower case and in the singular; nothing may remain."""
    plain = _folded(text)
    for pattern, word in _patterns():
        plain = pattern.sub(word, plain)
    given = tuple(_singular(word) for word in _WORD.findall(plain))
    forms, words = _short_forms(), list[str]()
    longest = max(map(len, forms))
    while given:  # the longest short form that begins here, or one word as it is
        size = next((size for size in range(longest, 0, -1) if given[:size] in forms), 1)
        words += forms.get(given[:size], given[:1])
        given = given[size:]
    return tuple(word for word in words if len(word) > 1)


def citations(text: str) -> list[str]:
    """Find the statutes that a text cites: in ``664/211 PC`` pc 664 and pc 211, in ``8 USC 1325`` usc 8 1325."""
    found = []
    for match in _CITATION.finditer(_folded(text)):
        code = (match["before"] or match["after"]).replace("&", "").replace("hsc", "hs")
        section = (match["section"] or match["number"]).replace(" ", "").rstrip(".-/:")
        second = (match["second"] or "").replace(" ", "")
        found += [f"{code} {part} {second}".strip() for part in section.split("/") if part]
    return found


def _cited(text: str) -> str | None:
    """Place a text by the first statute in it that is known, whole or else without its subsections."""
    known = crosswalk("charge_statutes", "statute")["detail_id"]
    for citation in citations(text):
        while citation and citation not in known.index:
            citation = re.sub(r"(?:^|[(.])[^(.]*$", "", citation)  # its last subsection, or all of it
        if citation:
            return str(known[citation])
    return None


@lru_cache(maxsize=1 << 16)
def _meant(word: str, *, cut: bool) -> str:
    """Give the known word that an unknown one stands for, by a slip of spelling or ``cut`` short, or itself."""
    known = word in _vocabulary() or (word,) in _short_forms() or (not cut and _beginnings().match(word))
    if known or len(word) < SHORTEST_MENDED:
        return word
    alike, kept = [one for one in _vocabulary() if one[0] == word[0]], re.compile(".*".join(word))
    if cut:
        whole = (
            one for one in alike if one.startswith(word) or (len(word) >= SHARE_KEPT * len(one) and kept.match(one))
        )
        return next(whole, word)
    most = max(1, int(SHARE_WRONG * len(word)))
    slips = (process.extractOne(word, alike, scorer=OSA.distance, processor=p, score_cutoff=most) for p in _AS_COMPARED)
    return next((slip[0] for slip in slips if slip), word)


def _placed(words: tuple[str, ...]) -> str | None:
    """Place words by label, then by rule."""
    atoms = {*words, *(word[:size] + "*" for word in words for size in range(1, len(word) + 1))}
    fits = (
        detail
        for needs, lacks, detail in rules()
        if lacks.isdisjoint(atoms) and not any(need.isdisjoint(atoms) for need in needs)
    )
    return labels().get(frozenset(words)) or next(fits, None)


def _detail_of_words(charge: str) -> str | None:
    """Place the words of a charge by label or rule, slips mended; else with words that are cut short made whole."""
    words, detail = charge_tokens(charge), None
    for cut in (False, True):
        meant = [(word, _meant(word, cut=cut)) for word in words]
        words = tuple(chain.from_iterable((word,) if word == known else charge_tokens(known) for word, known in meant))
        detail = detail or _placed(words)
    return detail


def _detail_of_charge(charge: str) -> str | None:
    """Place one charge: by its words, of which those added with ``w/`` may refine the offence alone; by a statute."""
    head, *added = _ADDED.split(charge, maxsplit=1)
    whole, groups_of = _detail_of_words(charge), details()["group_id"]
    if added and _TELLING.isdisjoint(charge_tokens(added[0])) and (of_head := _detail_of_words(head)):
        return whole if whole and groups_of[whole] == groups_of[of_head] else of_head
    return whole or _cited(charge)


@lru_cache(maxsize=1 << 16)
def detail_of_text(text: str) -> str | None:
    """Place a charge text; of several, divided by ``;``, ``|`` or line ends, the gravest; None = not placed."""
    ranks = details()["severity_rank"]
    found = [detail for charge in _DIVIDER.split(text) if (detail := _detail_of_charge(charge)) is not None]
    return min(found, key=lambda detail: int(ranks[detail]), default=None)


def classify(offences: pd.DataFrame) -> pd.DataFrame:
    """Place every offence in an ``offence_group`` (or NONE, UNKNOWN) and, where it is in one, an ``offence_detail``.

    Asked are ``offence_text`` and ``offence_code``, of which either may be absent; ``step`` says what placed it.
    """
    given = offences.reindex(columns=["offence_text", "offence_code"]).astype("str")
    given = given.mask(given.apply(lambda column: column.str.strip().str.casefold().isin(_BLANK)))
    code = given["offence_code"].str.strip().str.upper().str.removesuffix(".0")  # went through a number
    code = code.mask(code.str.len() == 3, "0" + code)  # lost a zero
    code = code.where(code.str.len() == 4)
    codes = pd.concat([crosswalk("ncic_codes", "code"), crosswalk("offence_code_labels", "code")])["detail_id"]
    found = pd.DataFrame(
        {
            Step.BLANK: given.isna().all(axis="columns").map({True: "none.none"}),
            Step.LABEL: given["offence_text"].map(detail_of_text, na_action="ignore"),
            Step.CODE: code.map(codes),
            Step.BLOCK: code.str[:2].map(codes),
            Step.UNKNOWN: "unk.unk",
        }
    )
    detail, step = found.bfill(axis="columns").iloc[:, 0], found.notna().idxmax(axis="columns").astype("str")
    groups_of, named = detail.map(details()["group_id"]), details().index[~details()["group_id"].isin(STATUS_GROUPS)]
    return pd.DataFrame(
        {
            "offence_group": pd.Categorical(groups_of, groups().index),
            "offence_detail": pd.Categorical(detail.where(detail.isin(named)), named),
            "step": pd.Categorical(step, list(map(str, Step))),
        },
        offences.index,
    )


def read_offences(frame: pd.DataFrame) -> pd.Series:
    """Add offence, group, detail and status, each combination read once; count the rows by what placed them."""
    names = [*chain.from_iterable(block[:2] for block in OFFENCE_BLOCKS), "criminality"]
    asked = [name for name in names if name in frame]
    if not asked:
        return classify(frame.head(0))["step"].value_counts(sort=False)
    numbers = np.zeros(len(frame), dtype="int64")
    for column in (frame[name].cat for name in asked):
        numbers = pd.factorize(numbers * (len(column.categories) + 1) + column.codes + 1)[0]  # 0, 1, 2 as they appear
    first = ~pd.Series(numbers, frame.index).duplicated()
    each = frame.loc[first, asked].astype("str").reset_index(drop=True).reindex(columns=names)
    read = pd.DataFrame(index=each.index, columns=["offence_text", "offence_code", "offence_status"], dtype="str")
    for text, code, status in reversed(OFFENCE_BLOCKS):
        given = each[text].notna() | each[code].notna()
        read[given] = each.loc[given, [text, code]].assign(status=str(status)).to_numpy()
    classes = classify(read)
    named = classes["offence_group"] != NO_OFFENCE  # blank, or a text that says so
    by_class = crosswalk("criminality", "value")["offence_status"]
    status = read["offence_status"].where(named).fillna(each["criminality"].map(by_class)).fillna(by_class[""])
    of_unnamed = status.map(lambda word: NO_OFFENCE if word == OffenceStatus.NONE else UNKNOWN_OFFENCE)
    group = classes["offence_group"].astype("str").where(named, of_unnamed)
    offences = read.astype("category").assign(
        offence_status=pd.Categorical(status, list(OffenceStatus)),
        offence_group=pd.Categorical(group, groups().index),
        **classes[["offence_detail", "step"]],
    )
    offences = offences.take(numbers).set_axis(frame.index)
    frame[offences.columns.drop("step")] = offences.drop(columns="step")
    return offences["step"].value_counts(sort=False)
