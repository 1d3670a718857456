"""From the words of a charge to a detail of the offence crosswalk: known labels first, then ordered word rules.

The labels are ICE's own (``offence_terms.csv``) and the names in the NCIC list (``ncic_codes.csv``); the order of words
does not count. The rules (``offence_rules.csv``) name words that must all be there and words that must not; the first
that fits wins, so that their order is the argument: a burglary with intent to steal is a burglary. Words that neither
knows are held against the known ones for a slip of spelling or a cut. Last comes a cited statute. What none of these
places is left unplaced: better unknown than wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from analysis.load.charge_text import charge_tokens, citations, section_ends
from analysis.load.files import crosswalk

# Slips: one letter wrong, missing, doubled or swapped in a word of seven; tests hold that names and places stay unread.
SPELLING_SIMILARITY = 0.84
SHORTEST_MENDED = 5
SHARE_KEPT = 0.72
_DIVIDER = re.compile(r"[;|\n\r]+")


@dataclass(frozen=True)
class Rule:
    """One row of ``offence_rules.csv``: ``needs`` are alternatives of which each must meet one word of the charge."""

    needs: tuple[frozenset[str], ...]
    lacks: frozenset[str]
    detail: str

    def fits(self, atoms: frozenset[str]) -> bool:
        """Tell whether a charge, given as its words and their known beginnings, fits."""
        for need in self.needs:  # a plain loop: it runs for every rule and every text
            if need.isdisjoint(atoms):
                return False
        return self.lacks.isdisjoint(atoms)


@cache
def rules() -> tuple[Rule, ...]:
    """Give the rules in their order."""
    table = crosswalk("offence_rules", "rule").sort_index()
    return tuple(
        Rule(
            tuple(frozenset(need.split("|")) for need in row.needs.split()), frozenset(row.lacks.split()), row.detail_id
        )
        for row in table.itertuples()
    )


@cache
def labels(without: str | None = None) -> dict[frozenset[str], str]:
    """Give the known labels: the set of a label's words to its detail.

    Parameters
    ----------
    without
        A kind of term to leave out, so that matching can be measured without it.
    """
    codes, terms = crosswalk("ncic_codes", "code"), crosswalk("offence_terms", "term")
    names = codes[codes["level"] == "code"].set_index("name")["detail_id"]
    kept = terms.loc[terms["term_kind"] != without, "detail_id"]
    known = {frozenset(charge_tokens(str(name))): detail for name, detail in [*names.items(), *kept.items()]}
    return {words: detail for words, detail in known.items() if words}


@cache
def _beginnings() -> dict[int, frozenset[str]]:
    """Give the word beginnings that rules ask for (``burgl*``), by length."""
    asked = [atom[:-1] for atom in _atoms_of_rules() if atom.endswith("*")]
    return {size: frozenset(word for word in asked if len(word) == size) for size in {len(word) for word in asked}}


@cache
def _atoms_of_rules() -> frozenset[str]:
    return frozenset(atom for rule in rules() for group in (*rule.needs, rule.lacks) for atom in group)


@cache
def _vocabulary() -> frozenset[str]:
    """Give the words that a slip of spelling may stand for."""
    words = {word for label in labels() for word in label} | {atom for atom in _atoms_of_rules() if atom[-1] != "*"}
    for short, long in crosswalk("charge_abbreviations", "abbreviation")["expansion"].items():
        words.update(str(short).split(), long.split())
    return frozenset(word for word in words if len(word) >= SHORTEST_MENDED)


def _atoms(words: Iterable[str]) -> frozenset[str]:
    """Give a charge's words, and with a star the beginnings of them that rules ask for."""
    found = set(words)
    starts = {
        word[:size] + "*"
        for word in found
        for size, known in _beginnings().items()
        if len(word) >= size and word[:size] in known
    }
    return frozenset(found | starts)


def _placed(words: tuple[str, ...], without: str | None) -> str | None:
    """Place words by label, then by rule."""
    if not words:
        return None
    detail = labels(without).get(frozenset(words))
    if detail is None:
        atoms = _atoms(words)
        detail = next((rule.detail for rule in rules() if rule.fits(atoms)), None)
    return detail


def mended(words: tuple[str, ...]) -> tuple[str, ...]:
    """Put known words in the place of slips and of cuts: ``assualt``, ``tampr`` and ``prescrip`` read as meant.

    A slip is one edit in six letters or more; a cut is a known word's beginning, or most of its letters in their order
    from the first. Words of fewer than five letters stay as they are.
    """
    plain: list[str] = []
    for word in words:
        near = _meant(word)
        plain.extend(charge_tokens(near) if near else [word])
    return tuple(plain)


@lru_cache(maxsize=1 << 16)
def _meant(word: str) -> str | None:
    """Find the one known word that an unknown one stands for."""
    vocabulary = _vocabulary()
    if len(word) < SHORTEST_MENDED or word in vocabulary:
        return None
    alike = sorted((known for known in vocabulary if known[0] == word[0]), key=len)
    slip = process.extractOne(word, alike, scorer=OSA.normalized_similarity, score_cutoff=SPELLING_SIMILARITY)
    if slip:
        return slip[0]
    return next((known for known in alike if known.startswith(word) or _cut(word, known)), None)


def _cut(short: str, full: str) -> bool:
    """Tell whether a short form keeps enough of a word's letters, in their order."""
    letters = iter(full)
    return len(short) >= SHARE_KEPT * len(full) and all(letter in letters for letter in short)


def charges_in(text: str) -> list[str]:
    """Divide a text that names several charges, by ``;``, ``|`` or line ends."""
    return [charge.strip() for charge in _DIVIDER.split(text) if charge.strip()]


@lru_cache(maxsize=1 << 16)
def detail_of_text(text: str, *, without: str | None = None) -> str | None:
    """Place a charge text; of several (:func:`charges_in`), the gravest.

    Parameters
    ----------
    text
        A charge as recorded.
    without
        A kind of term to leave out of the known labels, to measure matching without it.

    Returns
    -------
    str or None
        A detail of ``offence_details.csv``; None when the text cannot be placed.
    """
    ranks = crosswalk("offence_details", "detail_id")["severity_rank"]
    found = [detail for charge in charges_in(text) if (detail := _detail_of_charge(charge, without)) is not None]
    return min(found, key=lambda detail: int(ranks[detail]), default=None)


def _detail_of_charge(charge: str, without: str | None) -> str | None:
    """Place one charge: by label or rule, by the same with slips mended, by a cited statute."""
    words = charge_tokens(charge)
    detail = _placed(words, without)
    if detail is None and (plain := mended(words)) != words:
        detail = _placed(plain, without)
    return detail or _cited(charge)


def _cited(text: str) -> str | None:
    """Place a text by the first statute in it that the crosswalk knows, whole or else without its subsections."""
    known = crosswalk("charge_statutes", "statute")["detail_id"]
    sections = (citation[:end] for citation in citations(text) for end in section_ends(citation))
    return next((str(known[section]) for section in sections if section in known.index), None)
