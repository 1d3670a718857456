from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.load.charge_rules import detail_of_text, labels, mended
from analysis.load.charge_text import charge_tokens, citations, section_ends
from analysis.load.files import crosswalk

ICE_LABELS = sorted(crosswalk("offence_terms", "term").query("term_kind == 'ICE label'").index)
PLAIN_LABELS = [label for label in ICE_LABELS if not any(sign.isdigit() for sign in label)]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("SEX ASSLT - CARNAL ABUSE", "sex assault carnal abuse"),
        ("Fel Asslt FV Strangulation (F3)", "assault domestic strangulation"),
        ("POSS CS PG1<1G (FS)", "possess controlled substance drug controlled substance drug"),
        ("Illegal Entry (INA SEC.101(a)(43)(O), 8USC1325 only)", "illegal entry only"),
        ("PC 459 BURGLARY", "burglary"),
        ("VC 23152(A) DUI ALCOHOL", "dui alcohol"),
        ("D.U.I.", "dui"),
        ("VOP/DUI", "probation violation dui"),
        ("Aggravated Assault - Non-family-Gun", "aggravated assault nonfamily gun weapon"),
        ("A&B FAMILY MEMBER", "assault battery family member"),
        ("B&E FELONY", "burglary"),
        ("SEXUAL BATTERY VICT <12", "sex battery victim underage"),
        ("POSS MARIJ <2OZ", "possess marijuana drug oz"),
        ("THEFT UNDER $15", "theft under"),
        ("MISUSE OF 911", "misuse emergency"),
        ("Assault (Conviction)", "assault"),
        ("charged with murder", "with murder"),
        ("b(6), b(7)c", ""),
        ("(b)(6), (b)(7)(c) (b)(7)(e)", ""),
        ("1234 -- (F2)", ""),
        ("", ""),
    ],
)
def test_words_of_a_charge(written: str, plain: str) -> None:
    assert " ".join(charge_tokens(written)) == plain


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PC 243(E)(1) BATTERY", ["pc 243(e)(1)"]),
        ("23152(A) VC", ["vc 23152(a)"]),
        ("664/211 PC", ["pc 664", "pc 211"]),
        ("8 U.S.C. § 1325(a)", ["usc 8 1325(a)"]),
        ("8USC1326", ["usc 8 1326"]),
        ("H&S 11377(A)", ["hs 11377(a)"]),
        ("THEFT OF PROP >=$100", []),
    ],
)
def test_statutes_are_found(text: str, found: list[str]) -> None:
    assert citations(text) == found


def test_a_citation_is_tried_whole_and_then_shorter() -> None:
    assert ["pc 243(e)(1)"[:end] for end in section_ends("pc 243(e)(1)")] == ["pc 243(e)(1)", "pc 243(e)", "pc 243"]


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("459 PC", "prp.burglary"),
        ("PC 243(E)(1)", "dom.violence"),
        ("PC 243(D)", "ass.unspecified"),
        ("14601.1(A) VC", "trf.licence"),
        ("664/211 PC", "rob.robbery"),
        ("8 USC 1326", "imm.entry"),
        ("PC 49.04", "dui.dui"),
        ("PC 999999", None),
    ],
)
def test_a_bare_statute_is_placed_by_what_it_forbids(text: str, detail: str | None) -> None:
    assert detail_of_text(text) == detail


@pytest.mark.parametrize(
    ("slip", "word"),
    [
        ("assualt", "assault"),
        ("burglery", "burglary"),
        ("marijauna", "marijuana"),
        ("homocide", "homicide"),
        ("kidnaping", "kidnapping"),
        ("larcency", "larceny"),
        ("robery", "robbery"),
        ("tampr", "tamper"),
        ("prescrip", "prescription"),
    ],
)
def test_slips_and_cuts_are_read_as_meant(slip: str, word: str) -> None:
    assert mended((slip,))[0] == word


NAMES = (
    "Martinez Hernandez Robinson Garrison Carter Barnett Rapids Burgess Larson Murdoch Drummond Weston Arsenault "
    "Dorchester Honduras Guatemala Monroe Booking Roberts Gunther Forrester Stillwater County Facility"
)


@pytest.mark.parametrize("name", [*NAMES.split()])
def test_names_and_places_are_not_read_as_offences(name: str) -> None:
    assert detail_of_text(name) is None


def test_the_gravest_of_several_charges_counts() -> None:
    assert detail_of_text("FTA; AGG ASSAULT; POSS CS") == "ass.aggravated"
    assert detail_of_text("ICE HOLD | DWI") == "dui.dui"


@given(st.text())
def test_any_text_gives_words_and_at_most_one_detail(text: str) -> None:
    assert all(word == word.casefold() and len(word) > 1 for word in charge_tokens(text))
    assert detail_of_text(text) in {None, *crosswalk("offence_details", "detail_id").index}
    citations(text)


@given(st.sampled_from(PLAIN_LABELS), st.sampled_from([" ", "  ", " - ", ", ", " / ", "\t", ": "]), st.data())
def test_case_space_and_punctuation_do_not_count(label: str, between: str, data: st.DataObject) -> None:
    noisy = "".join(letter.upper() if data.draw(st.booleans()) else letter.lower() for letter in label)
    noisy = "  " + noisy.replace(" - ", " ").replace(" ", between) + " . "
    assert detail_of_text(noisy) == detail_of_text(label)


@given(st.sampled_from(sorted(labels(), key=sorted)), st.randoms(use_true_random=False))
def test_order_of_words_does_not_count(words: frozenset[str], random: object) -> None:
    shuffled = sorted(words)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert detail_of_text(" ".join(shuffled)) == labels()[words]
