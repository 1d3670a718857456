"""What was the offence: labels as ICE and jails write them, codes, statutes, and what stays unknown."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from conftest import DataCopy
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.load.offences import (
    Step,
    charge_tokens,
    citations,
    classify,
    detail_of_text,
    labels,
    read_offences,
    rules,
)
from analysis.load.reference import check_hash, crosswalk, data_file, details, groups

KEYS = {
    "offence_groups": "group_id",
    "offence_details": "detail_id",
    "offence_terms": "term",
    "offence_rules": "rule",
    "offence_code_labels": "code",
    "ncic_codes": "code",
    "charge_abbreviations": "abbreviation",
    "charge_statutes": "statute",
}
JAIL_TERMS = ",local jail charge string,"
# Typed by hand: the conviction labels that ICE's releases are known to hold, with their code where both stood in one
# row, and the charge texts of one county's jail (Travis, Texas), as its roster prints them; and what each of some
# texts is read as.
KNOWN, CASES, JAILS = (
    pd.read_csv(Path(__file__).with_name(f"{name}.csv"), dtype=str, keep_default_na=False)
    for name in ("known_offences", "charge_cases", "jail_charges")
)
READ = [[None if cell == "none" else cell for cell in row] for row in CASES.to_numpy()]
ICE_LABELS, TRAVIS = (rows for _, rows in KNOWN.groupby("kind"))
PAIRS = ICE_LABELS[ICE_LABELS["code"] != ""]
TERMS = crosswalk("offence_terms", "term").query("term_kind == 'ICE label'").index
PLAIN_LABELS = sorted(label for label in TERMS if not any(sign.isdigit() for sign in label))


def offences(texts: list[str | None], codes: list[str | None] | None = None) -> pd.DataFrame:
    rows = {"offence_text": texts, "offence_code": codes or [None] * len(texts)}
    return pd.DataFrame(rows, dtype="object").astype("category")


@pytest.fixture
def without_jails(data_copy: DataCopy) -> None:
    """Take the charges of jails out of the crosswalk: what is read then is read by its words alone."""
    lines = data_copy.lines("reference/offence_terms.csv")
    kept = [line for line in lines if JAIL_TERMS not in line]
    assert len(kept) < len(lines)
    data_copy.write("reference/offence_terms.csv", kept)


# ---- the crosswalks themselves


@pytest.mark.parametrize("name", KEYS)
def test_every_crosswalk_has_unique_keys_no_stray_space_a_reason_and_its_hash(name: str) -> None:
    table = crosswalk(name, KEYS[name])
    assert (table["reason"] != "").all()
    assert (table.index != "").all()
    assert check_hash(data_file(f"reference/{name}.csv"))
    if name not in ("offence_groups", "charge_abbreviations"):
        assert set(table.reset_index()["detail_id"]) <= set(details().index)


def test_sixteen_groups_and_two_statuses_and_forty_eight_details_each_group_with_one_at_least() -> None:
    assert list(groups()["order"]) == list(range(1, 19))
    assert list(groups().index[-2:]) == ["NONE", "UNKNOWN"]
    joins = groups().query("joins_in_twelve != ''")["joins_in_twelve"]  # where a plot holds twelve
    assert joins.to_dict() == {"KIDNAP": "ROBBERY", "WEAPONS": "ASSAULT", "FRAUD": "PROPERTY", "JUSTICE": "PUBORDER"}
    assert set(details()["group_id"]) == set(groups().index)
    ranks = details()["severity_rank"]
    assert ranks[["none.none", "unk.unk"]].tolist() == [98, 99]
    assert ranks.between(1, 33).sum() == len(ranks) - 2 == 48


def test_labels_with_the_same_words_have_the_same_target() -> None:
    codes, terms = crosswalk("ncic_codes", "code"), crosswalk("offence_terms", "term")
    names = codes.query("level == 'code'").set_index("name")["detail_id"]
    targets: dict[frozenset[str], set[str]] = {}
    for name, detail in [*names.items(), *terms["detail_id"].items()]:
        targets.setdefault(frozenset(charge_tokens(str(name))), set()).add(detail)
    assert frozenset() not in targets
    assert {words: found for words, found in targets.items() if len(found) > 1} == {}


def test_archaic_ncic_labels_are_never_printed() -> None:
    names = crosswalk("ncic_codes", "code")["name"]
    banned = re.compile(r"homosex|ill fame|female|immoral|nature|aliens|oriental|pervers|wife", re.IGNORECASE)
    assert not [name for name in names if banned.search(name)]
    for code in ("3602", "3603", "3609", "3610", "4003", "4006"):
        assert f"(code {code})" in names[code]


def test_the_published_rule_for_violent_crime_is_the_flag_of_the_details() -> None:
    """Deportation Data Project, August 2026, on the four-digit codes."""
    for code, detail in crosswalk("ncic_codes", "code").query("level == 'code'")["detail_id"].items():
        number = int(str(code))
        published = (
            (900 <= number <= 999 and number not in (909, 910))
            or (1100 <= number <= 1199 and number != 1116)
            or 1200 <= number <= 1299
            or 1301 <= number <= 1312
            or number in (1314, 1315)
        )
        assert (details()["violent_fbi"][detail] == "yes") == published, code


def test_every_rule_asks_for_something_and_no_two_ask_the_same() -> None:
    assert all(needs for needs, _, _ in rules())
    assert len({(needs, lacks) for needs, lacks, _ in rules()}) == len(rules())


# ---- what ICE writes


def test_labels_seen_in_a_release_agree_with_their_codes_and_every_code_of_the_list_is_placed() -> None:
    placed = classify(offences(ICE_LABELS["text"].tolist()))
    assert (len(ICE_LABELS), set(placed["step"])) == (113, {Step.LABEL})
    wrong = placed["offence_group"].astype("str").to_numpy() != ICE_LABELS["group"]
    assert ICE_LABELS["text"][wrong].tolist() == []
    by_label = classify(offences(PAIRS["text"].tolist()))["offence_detail"].astype("str")
    by_code = classify(offences([None] * len(PAIRS), PAIRS["code"].tolist()))["offence_detail"].astype("str")
    assert (len(PAIRS), by_label.tolist()) == (26, by_code.tolist())
    codes = list(crosswalk("ncic_codes", "code").query("level == 'code'").index)
    placed = classify(offences([None] * len(codes), codes))
    assert (len(codes), set(placed["step"])) == (459, {Step.CODE})
    assert "UNKNOWN" not in set(placed["offence_group"])


@pytest.mark.parametrize(list(CASES), [row for row in READ if row[0] != "no offence"])
def test_charges_are_read_as_meant(kind: str, text: str, code: str | None, expected: str, by: str | None) -> None:
    if kind == "placed":  # by label, then code, then block
        row = classify(offences([text], [code])).iloc[0]
        assert (row["offence_group"], row["step"]) == (expected, by)
        assert pd.isna(row["offence_detail"]) == (expected in ("NONE", "UNKNOWN"))
    elif kind == "words":
        assert " ".join(charge_tokens(text)) == expected
    elif kind == "statute":  # a bare one is placed by what it forbids
        assert ("|".join(citations(text)), detail_of_text(text)) == (expected, by)
    else:  # a slip, a cut, or several charges, of which the gravest counts
        assert detail_of_text(text) == detail_of_text(expected) is not None


def test_an_absent_column_is_blank_and_the_index_stays() -> None:
    named = pd.DataFrame({"offence_text": ["DUI", None]}, index=[7, 3])
    assert classify(named)["step"].to_dict() == {7: "label", 3: "blank"}
    assert classify(pd.DataFrame(index=[1, 2]))["offence_group"].tolist() == ["NONE", "NONE"]
    assert classify(named.iloc[:0]).empty


def test_every_offence_of_ices_reports_of_2017_is_placed() -> None:
    texts = pd.read_csv(data_file("published_reports/known_rows.csv"), dtype=str, keep_default_na=False)["offence_text"]
    assert set(classify(pd.DataFrame({"offence_text": texts}))["step"]) <= {Step.LABEL, Step.BLANK}


# ---- what jails write


def test_charges_of_a_jail_that_the_crosswalk_does_not_know_are_read_by_their_words(without_jails: None) -> None:
    travis = classify(offences(TRAVIS["text"].tolist()))["offence_group"].astype("str")
    known = travis == TRAVIS["group"].reset_index(drop=True)
    assert known.mean() >= 0.9
    assert travis[~known].isin(["UNKNOWN"]).all()
    got = classify(JAILS.rename(columns={"text": "offence_text"}))["offence_group"].astype("str")
    right = (got == JAILS["group"]).groupby(JAILS["split"]).mean()
    wrong = ((got != JAILS["group"]) & (got != "UNKNOWN")).groupby(JAILS["split"]).mean()
    for split, right_at_least, wrong_at_most in (
        ("tuning", 0.98, 0.01),  # made up for many states before the rules, which were tuned on these
        ("validation", 0.95, 0.02),  # a random third of the same, never looked at while tuning
        # As rosters of eight states print them. Before the rules were tuned on them, 90 to 93 % came out right and
        # 3 to 7 % in a wrong group: that, not this, is what to expect of a jail that nobody has seen.
        ("rosters", 0.97, 0.02),
        # Written by someone who knew neither rules nor crosswalk; of 437 such, at first sight, 93 % came out right, 3 %
        # unknown and 4 % in a wrong group. The clear ones are kept here, after the rules were mended.
        ("strangers", 0.95, 0.04),
        # As counties of Texas, Florida, Georgia, Ohio and California cut and misspell them, and eight that were once
        # misread. At first sight 95 % of the last 82 came out right, 2 % unknown, before 89 %.
        ("county", 0.96, 0.03),
    ):
        assert (JAILS["split"] == split).sum() >= 120
        assert right[split] >= right_at_least, split
        assert wrong[split] <= wrong_at_most, split
    texts = CASES.loc[CASES["kind"] == "no offence", "text"].tolist()
    placed = classify(offences(texts)).set_index(pd.Index(texts))["offence_group"]
    assert placed[placed != "UNKNOWN"].to_dict() == {}


# ---- properties


@given(st.text(max_size=40))
def test_any_text_gives_words_and_at_most_one_detail(text: str) -> None:
    assert all(word == word.casefold() and len(word) > 1 for word in charge_tokens(text))
    assert detail_of_text(text) in {None, *details().index}
    citations(text)


@given(st.sampled_from(PLAIN_LABELS), st.sampled_from([" ", "  ", " - ", ", ", " / ", "\t", ": "]), st.data())
def test_case_space_and_punctuation_do_not_count(label: str, between: str, data: st.DataObject) -> None:
    noisy = "".join(letter.upper() if data.draw(st.booleans()) else letter.lower() for letter in label)
    noisy = "  " + noisy.replace(" - ", " ").replace(" ", between) + " . "
    assert detail_of_text(noisy) == detail_of_text(label)


@given(st.sampled_from(sorted(labels(), key=sorted)), st.randoms(use_true_random=False))
def test_order_of_words_does_not_count(words: frozenset[str], random: Random) -> None:
    shuffled = sorted(words)
    random.shuffle(shuffled)
    assert detail_of_text(" ".join(shuffled)) == labels()[words]


SPELT = ["burglary", "robbery", "kidnapping", "forgery", "shoplifting", "prostitution", "manslaughter", "vandalism"]


@given(
    st.sampled_from(SPELT),
    st.integers(1, 20),
    st.sampled_from("aeiostx"),
    st.sampled_from(["drop", "add", "put", "swap"]),
)
def test_one_slip_behind_the_first_letter_does_not_count(word: str, at: int, letter: str, slip: str) -> None:
    at = min(at, len(word) - 1)
    end = {"drop": word[at + 1 :], "add": letter + word[at:], "put": letter + word[at + 1 :]}
    spelt = word[:at] + end.get(slip, word[at : at + 2][::-1] + word[at + 2 :])
    assert detail_of_text(spelt) == detail_of_text(word) is not None
    assert detail_of_text(f"{spelt} - weapon") == detail_of_text(f"{word} - weapon")  # nor beside a known word


TEXT = st.one_of(st.none(), st.text(max_size=40), st.sampled_from(ICE_LABELS["text"].tolist()))
CODE = st.one_of(st.none(), st.text(max_size=6), st.sampled_from(PAIRS["code"].tolist()))


@settings(max_examples=8)
@given(st.lists(st.tuples(TEXT, CODE), max_size=8))
def test_any_table_is_placed_in_the_closed_vocabulary_rows_alone_as_together(
    rows: list[tuple[str | None, str | None]],
) -> None:
    placed = classify(offences([text for text, _ in rows], [code for _, code in rows]))
    assert len(placed) == len(rows)
    assert set(placed["offence_group"]) <= set(groups().index)
    named = placed[placed["offence_detail"].notna()]
    own_groups = details().loc[named["offence_detail"].astype("str"), "group_id"].tolist()
    assert named["offence_group"].astype("str").tolist() == own_groups
    for at, (text, code) in enumerate(rows[:2]):
        alone = classify(offences([text], [code])).astype("str").iloc[0]
        assert alone.tolist() == placed.astype("str").iloc[at].tolist()


def test_of_a_release_the_rows_by_step_are_counted() -> None:
    texts, codes = ["DUI", None, None, "XYZZY", None], [None, "5404", "13ZZ", None, None]
    frame = offences(texts, codes)
    steps = read_offences(frame)
    assert steps.to_dict() == {"label": 1, "code": 1, "block": 1, "unknown": 1, "blank": 1}
    assert frame["offence_status"].tolist() == ["convicted"] * 4 + ["unknown"]
    assert read_offences(pd.DataFrame(index=[1])).sum() == 0
