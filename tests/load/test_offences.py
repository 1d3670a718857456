from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.load.charge_rules import detail_of_text, rules
from analysis.load.charge_text import charge_tokens
from analysis.load.files import crosswalk, data_file
from analysis.load.offences import (
    Step,
    choices,
    classify,
    details,
    groups,
    mapped_shares,
    named_offences,
    primary,
    primary_sensitivity,
)
from analysis.load.sources import check_hash

JAIL_KIND = "local jail charge string"
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

# The conviction labels that ICE's releases are known to hold, typed by group.
ICE_LABELS = {
    "HOMICIDE": ["Homicide", "Homicide-Negligent Manslaughter-Vehicle", "Voluntary - Manslaughter"],
    "SEXUAL": [
        "Enticement of Minor for Prostitution",
        "Enticement of Minor for Indecent Purposes",
        "Exploitation/Enticement (Use the MIS Field to further describe offense)",
        "Incest With Minor",
        "Indecent Exposure",
        "Rape - Strongarm",
        "Sex Assault",
        "Sex Assault - Carnal Abuse",
        "Sex Offense",
        "Sex Offense Against Child-Fondling",
        "Sexual Exploitation of Minor - Material - Film",
        "Sexual Exploitation of Minor - Material - Photograph",
        "Sexual Exploitation of Minor - Prostitution",
        "Sexual Exploitation of Minor - Sex Performance",
        "Sexual Exploitation of Minor - Via Telecommunications",
        "Statutory Rape - No Force",
        "Voyeurism",
    ],
    "KIDNAP": ["Kidnapping"],
    "ROBBERY": ["Robbery", "Robbery - Residence-Gun", "Robbery - Residence-Weapon", "Robbery - Street-Strongarm"],
    "ASSAULT": [
        "Aggravated Assault - Gun",
        "Aggravated Assault - Non-family-Gun",
        "Aggravated Assault - Non-family-Strongarm",
        "Aggravated Assault - Non-family-Weapon",
        "Aggravated Assault - Weapon",
        "Assault",
        "Battery",
        "Crimes Against Person",
        "Harassing Communication",
        "Intimidation",
        "Simple Assault",
        "Threat Terroristic State Offenses",
    ],
    "DOMESTIC": [
        "Aggravated Assault - Family-Strongarm",
        "Contributing to Delinquency of Minor",
        "Cruelty Toward Child",
        "Domestic Violence",
    ],
    "WEAPONS": [
        "Carrying Concealed Weapon",
        "Carrying Prohibited Weapon",
        "Licensing - Registration Weapon",
        "Possession Of Weapon",
        "Weapon Offense",
    ],
    "DRUGTRAF": [
        "Amphetamine - Manufacturing",
        "Amphetamine - Sell",
        "Cocaine - Sell",
        "Drug Trafficking",
        "Heroin - Sell",
        "Heroin - Smuggle",
        "Marijuana - Sell",
        "Marijuana - Smuggle",
    ],
    "DRUGPOSS": [
        "Amphetamine - Possession",
        "Cocaine",
        "Cocaine - Possession",
        "Dangerous Drugs",
        "Drug Possession",
        "Marijuana - Possession",
        "Narcotic Equip - Possession",
    ],
    "DUI": ["Driving Under Influence Drugs", "Driving Under Influence Liquor"],
    "TRAFFIC": ["Hit and Run", "Licensing Violation", "Traffic Offense"],
    "PROPERTY": [
        "Burglary",
        "Burglary - Forced Entry-Residence",
        "Burglary - No Forced Entry-Non-Residence",
        "Damage Property",
        "Larceny",
        "Larceny - From Auto",
        "Property Crimes",
        "Shoplifting",
        "Stolen Property",
        "Stolen Vehicle",
        "Theft And Use Vehicle Other Crime",
        "Unauthorized Use of Vehicle (includes joy riding)",
        "Vehicle Theft",
    ],
    "FRAUD": [
        "Counterfeiting",
        "Embezzle",
        "Forgery",
        "Fraud",
        "Fraud - False Statement",
        "Fraud - Illegal Use Credit Cards",
        "Fraud - Impersonating",
        "Fraud By Wire",
        "Identity Theft",
        "Identity Theft (70AA)",
        "Possession Forged (identify in comments)",
    ],
    "JUSTICE": [
        "Contempt Of Court",
        "Flight - Escape",
        "Flight To Avoid (prosecution, confinement, etc.)",
        "Making False Report",
        "Obstruct Police",
        "Probation Violation",
        "Resisting Officer",
        "Violation of a Court Order",
    ],
    "PUBORDER": [
        "Commercial Sex",
        "Conspiracy [use when no underlying offense, such as 18 U.S.C. SEC. 371]",
        "Disorderly Conduct",
        "Gambling",
        "Liquor",
        "Liquor - Possession",
        "Prostitution",
        "Public Order Crimes",
        "Public Peace",
        "Racketeer Influenced and Corrupt Organizations Act (RICO)",
        "Riot - Engaging in",
        "Trespassing",
    ],
    "IMMIG": [
        "Illegal Entry (INA SEC.101(a)(43)(O), 8USC1325 only)",
        "Illegal Re-Entry (INA SEC.101(a)(43)(O), 8USC1326 only)",
        "Smuggling Aliens",
    ],
}
ICE_LABEL_GROUPS = {label: group for group, named in ICE_LABELS.items() for label in named}

# Label and code as they stood in one row of a release.
PAIRS = {
    "Illegal Entry (INA SEC.101(a)(43)(O), 8USC1325 only)": "0301",
    "Illegal Re-Entry (INA SEC.101(a)(43)(O), 8USC1326 only)": "03AB",
    "Homicide": "0999",
    "Voluntary - Manslaughter": "09AA",
    "Rape - Strongarm": "1103",
    "Sex Assault": "1199",
    "Robbery - Street-Strongarm": "1206",
    "Aggravated Assault - Non-family-Gun": "1304",
    "Simple Assault": "1313",
    "Intimidation": "1316",
    "Assault": "1399",
    "Domestic Violence": "13AB",
    "Burglary": "2299",
    "Vehicle Theft": "2404",
    "Cocaine - Possession": "3532",
    "Marijuana - Smuggle": "3561",
    "Dangerous Drugs": "3599",
    "Drug Possession": "35AA",
    "Drug Trafficking": "35AB",
    "Sex Offense": "3699",
    "Cruelty Toward Child": "3802",
    "Carrying Prohibited Weapon": "5203",
    "Weapon Offense": "5299",
    "Driving Under Influence Liquor": "5404",
    "Traffic Offense": "5499",
    "Public Order Crimes": "7399",
}

# Charge texts of one county's jail (Travis, Texas), as its roster prints them.
TRAVIS = {
    "ASSAULT AGAINST PUB SERVANT (F1)": "ASSAULT",
    "AGG ASSLT W/DEADLY WEAPON": "ASSAULT",
    "AGG KIDNAPPING": "KIDNAP",
    "AGG ROBBERY": "ROBBERY",
    "AGG SEXUAL ASSLT CHILD": "SEXUAL",
    "ARSON CAUSING BODILY INJURY/DEATH (F1)": "PROPERTY",
    "ASSLT CAUSES BODILY INJ FAMILY MEMBER ENH": "DOMESTIC",
    "FEL ASSLT FV STRANGULATION (F3)": "DOMESTIC",
    "BURGLARY HABITATION INTEND SEX OFFENSE(F1)": "PROPERTY",
    "CAPITAL MURDER": "HOMICIDE",
    "CRIM NEGLIGENT HOMICIDE": "HOMICIDE",
    "DISORDERLY CONDUCT-FIGHTING": "PUBORDER",
    "FAIL STOP RENDER AID INJ/DEATH": "TRAFFIC",
    "INDECENCY W/CHILD SEXUAL CONTACT": "SEXUAL",
    "INJ CHILD/ELDER/DISABLE W/INT BOD(F3": "DOMESTIC",
    "INTOXICATED MANSLAUGHTER W/VEHICLE": "HOMICIDE",
    "INTOXICATION ASSAULT W/VEHICLE SBI": "DUI",
    "KIDNAPPING": "KIDNAP",
    "MANSLAUGHTER": "HOMICIDE",
    "SEXUAL ASSLT": "SEXUAL",
    "SOLIC/COMM CAPITAL MURDER": "HOMICIDE",
    "TAKE WEAPON FROM OFFICER (F3)": "JUSTICE",
    "ATTM SEXUAL ASSLT CHILD": "SEXUAL",
}


def offences(texts: list[str | None], codes: list[str | None] | None = None) -> pd.DataFrame:
    rows = {"offence_text": texts, "offence_code": [None] * len(texts) if codes is None else codes}
    return pd.DataFrame(rows, dtype="object").astype("category")


def group_without_jails(text: str) -> str:
    detail = detail_of_text(text, without=JAIL_KIND)
    return "UNKNOWN" if detail is None else str(details().loc[detail, "group_id"])


# --- the crosswalks themselves ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KEYS)
def test_every_crosswalk_has_unique_keys_no_stray_space_a_reason_and_its_hash(name: str) -> None:
    table = crosswalk(name, KEYS[name])
    assert (table["reason"] != "").all()
    assert (table.index != "").all()
    assert check_hash(data_file(f"reference/{name}.csv"))


@pytest.mark.parametrize("name", [name for name in KEYS if name not in ("offence_groups", "charge_abbreviations")])
def test_every_target_is_a_detail(name: str) -> None:
    targets = crosswalk(name, KEYS[name]).reset_index()["detail_id"]
    assert set(targets) <= set(details().index)


def test_sixteen_groups_and_two_statuses_in_one_order() -> None:
    assert len(groups()) == 18
    assert list(groups()["order"]) == list(range(1, 19))
    assert list(groups().index[-2:]) == ["NONE", "UNKNOWN"]


def test_twelve_groups_remain_where_a_plot_holds_twelve() -> None:
    joins = groups().query("joins_in_twelve != ''")["joins_in_twelve"]
    assert joins.to_dict() == {"KIDNAP": "ROBBERY", "WEAPONS": "ASSAULT", "FRAUD": "PROPERTY", "JUSTICE": "PUBORDER"}
    assert 16 - len(joins) == 12


def test_forty_eight_details_each_group_with_one_at_least() -> None:
    offence_details = details()[~details()["group_id"].isin(["NONE", "UNKNOWN"])]
    assert len(offence_details) == 48
    assert set(details()["group_id"]) == set(groups().index)
    assert offence_details["severity_rank"].between(1, 33).all()
    assert details().loc[["none.none", "unk.unk"], "severity_rank"].tolist() == [98, 99]


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
    codes = crosswalk("ncic_codes", "code").query("level == 'code'")
    violent = details()["violent_fbi"]
    for code, detail in codes["detail_id"].items():
        number = int(str(code))
        published = (
            (900 <= number <= 999 and number not in (909, 910))
            or (1100 <= number <= 1199 and number != 1116)
            or 1200 <= number <= 1299
            or 1301 <= number <= 1312
            or number in (1314, 1315)
        )
        assert bool(violent[detail]) == published, code


def test_every_rule_asks_for_something_and_no_two_ask_the_same() -> None:
    asked = [(rule.needs, rule.lacks) for rule in rules()]
    assert all(needs for needs, _ in asked)
    assert len(set(asked)) == len(asked)
    parts = [atom for rule in rules() for group in (*rule.needs, rule.lacks) for atom in group]
    assert all(re.fullmatch(r"[a-z]+\*?", atom) for atom in parts)


# --- what ICE writes -------------------------------------------------------------------------------------------------


def test_every_label_seen_in_a_release_is_placed_by_label() -> None:
    assert len(ICE_LABEL_GROUPS) == 113
    placed = classify(offences(list(ICE_LABEL_GROUPS)))
    assert set(placed["step"]) == {Step.LABEL}
    wrong = placed["offence_group"].astype("str") != pd.Series(list(ICE_LABEL_GROUPS.values()))
    assert [label for label, bad in zip(ICE_LABEL_GROUPS, wrong, strict=True) if bad] == []


def test_label_and_code_of_one_row_agree() -> None:
    by_label = classify(offences(list(PAIRS)))
    by_code = classify(offences([None] * len(PAIRS), list(PAIRS.values())))
    assert by_label["offence_detail"].astype("str").tolist() == by_code["offence_detail"].astype("str").tolist()
    assert set(by_code["step"]) == {Step.CODE}


def test_every_code_of_the_list_is_placed_by_code() -> None:
    codes = list(crosswalk("ncic_codes", "code").query("level == 'code'").index)
    assert len(codes) == 459
    placed = classify(offences([None] * len(codes), codes))
    assert set(placed["step"]) == {Step.CODE}
    assert "UNKNOWN" not in set(placed["offence_group"])


@pytest.mark.parametrize(
    ("code", "group", "step"),
    [
        ("0301", "IMMIG", "code"),
        ("301", "IMMIG", "code"),
        ("301.0", "IMMIG", "code"),
        ("3ab", "IMMIG", "code"),
        ("35AB", "DRUGTRAF", "code"),
        ("70AA", "FRAUD", "code"),
        ("13AB", "DOMESTIC", "code"),
        ("1301", "DOMESTIC", "code"),
        ("13ZZ", "ASSAULT", "block"),
        ("3500", "DRUGPOSS", "block"),
        ("9999", "UNKNOWN", "unknown"),
        ("PC 459", "UNKNOWN", "unknown"),
    ],
)
def test_code_then_block_then_unknown(code: str, group: str, step: str) -> None:
    row = classify(offences([None], [code])).iloc[0]
    assert (row["offence_group"], row["step"]) == (group, step)


@pytest.mark.parametrize(
    ("text", "code", "group", "step"),
    [
        ("DUI", "3599", "DUI", "label"),  # label first
        ("b(6), b(7)c", "5404", "DUI", "code"),  # a redaction says nothing
        ("b(6), b(7)c", None, "UNKNOWN", "unknown"),
        ("SEE COMMENTS", None, "UNKNOWN", "unknown"),
        (None, None, "NONE", "blank"),
        ("", "  ", "NONE", "blank"),
        ("NA", "NA", "NONE", "blank"),
        ("3 Other Immigration Violator", None, "NONE", "label"),  # a civil matter
        ("1 Convicted Criminal", None, "UNKNOWN", "unknown"),
        ("ICE HOLD", None, "NONE", "label"),
    ],
)
def test_label_before_code_and_blank_apart_from_unknown(
    text: str | None, code: str | None, group: str, step: str
) -> None:
    row = classify(offences([text], [code])).iloc[0]
    assert (row["offence_group"], row["step"]) == (group, step)
    assert pd.isna(row["offence_detail"]) == (group in ("NONE", "UNKNOWN"))


def test_an_absent_column_is_blank_and_the_index_stays() -> None:
    named = pd.DataFrame({"offence_text": ["DUI", None]}, index=[7, 3])
    assert classify(named)["step"].to_dict() == {7: "label", 3: "blank"}
    assert classify(pd.DataFrame(index=[1, 2]))["offence_group"].tolist() == ["NONE", "NONE"]
    assert classify(named.iloc[:0]).empty


@pytest.mark.parametrize(
    ("file", "column"),
    [("published_reports/known_rows.csv", "offence_text"), ("reference/synthetic_margins/offences.csv", "label")],
)
def test_every_offence_of_the_bundled_data_is_placed(file: str, column: str) -> None:
    texts = pd.read_csv(data_file(file), dtype=str, keep_default_na=False)[column]
    placed = classify(pd.DataFrame({"offence_text": texts}))
    assert set(placed["step"]) <= {Step.LABEL, Step.BLANK}


# --- what jails write ------------------------------------------------------------------------------------------------


def test_a_jail_unknown_to_the_crosswalk_is_read() -> None:
    """The county's own strings are taken out of the crosswalk first."""
    got = {text: group_without_jails(text) for text in TRAVIS}
    right = sum(got[text] == group for text, group in TRAVIS.items())
    wrong = [text for text, group in TRAVIS.items() if got[text] not in (group, "UNKNOWN")]
    assert right / len(TRAVIS) >= 0.9
    assert wrong == []


@pytest.mark.parametrize(
    ("split", "right_at_least", "wrong_at_most"),
    [
        ("tuning", 0.98, 0.01),  # made up for many states before the rules, which were tuned on these
        ("validation", 0.95, 0.02),  # a random third of the same, never looked at while tuning
        # As rosters of eight states print them. Before the rules were tuned on them, 90 to 93 % came out right and
        # 3 to 7 % in a wrong group: that, not this, is what to expect of a jail that nobody has seen.
        ("rosters", 0.97, 0.02),
        # Written by someone who knew neither rules nor crosswalk; of 437 such, at first sight, 93 % came out right, 3 %
        # unknown and 4 % in a wrong group. The clear ones are kept here, after the rules were mended.
        ("strangers", 0.95, 0.04),
    ],
)
def test_jail_charges_are_read(split: str, right_at_least: float, wrong_at_most: float) -> None:
    charges = pd.read_csv(Path(__file__).with_name("jail_charges.csv"), dtype=str, keep_default_na=False)
    charges = charges[charges["split"] == split]
    assert len(charges) >= 120
    got = charges["text"].map(group_without_jails)
    right = got == charges["group"]
    wrong = ~right & (got != "UNKNOWN")
    print(f"{split}: {len(charges)} charges, {right.mean():.1%} right, {wrong.mean():.1%} in a wrong group")
    assert right.mean() >= right_at_least
    assert wrong.mean() <= wrong_at_most


NO_OFFENCES = (
    "Alabama|Martinez|Rodriguez|Roberts|Travis County Jail|Twin Towers|Maricopa|King County Correctional Facility|"
    "Booking number|Bond amount|Court date|Release date|Sheriff|Deputy|Driver|Passenger|Family court|Personal property|"
    "Property receipt|Vehicle information|Possession|Attempt|Female|Minor|Child|Public|Order|Warrant|Hold|Detainer|"
    "Suspended sentence|Weekender|Work release|Guatemala|Honduras|Medical|Housing unit|The weather is fine today|"
    "Lorem ipsum dolor sit amet|Quarterly report|Blue car|Yellow bicycle|Library card|Officer Jones|Cell block|TBD|"
    "Other|Misc|Felony|Class A misdemeanor|Case dismissed|See attached|No charges filed|Cite and release|Bed 12|Writ"
)


@pytest.mark.parametrize("text", NO_OFFENCES.split("|"))
def test_what_is_no_offence_stays_unknown(text: str) -> None:
    assert group_without_jails(text) == "UNKNOWN"


# --- properties ------------------------------------------------------------------------------------------------------

TEXT = st.one_of(st.none(), st.text(max_size=40), st.sampled_from(list(ICE_LABEL_GROUPS)))
CODE = st.one_of(st.none(), st.text(max_size=6), st.sampled_from(list(PAIRS.values())))


@settings(max_examples=25)
@given(st.lists(st.tuples(TEXT, CODE), max_size=8))
def test_any_table_is_placed_in_the_closed_vocabulary(rows: list[tuple[str | None, str | None]]) -> None:
    placed = classify(offences([text for text, _ in rows], [code for _, code in rows]))
    assert len(placed) == len(rows)
    assert placed["offence_group"].notna().all()
    assert set(placed["offence_group"]) <= set(groups().index)
    named = placed[placed["offence_detail"].notna()]
    own_groups = details().loc[named["offence_detail"].astype("str"), "group_id"].tolist()
    assert named["offence_group"].astype("str").tolist() == own_groups
    assert mapped_shares(placed)["rows"].sum() == len(rows)


def test_rows_are_placed_alone_as_together() -> None:
    texts = ["DUI", None, "AGG ASSLT", "XYZZY", "DUI"]
    codes = [None, "5404", "1313", "13ZZ", "9999"]
    together = classify(offences(texts, codes)).astype("str")
    alone = [classify(offences([text], [code])).astype("str").iloc[0] for text, code in zip(texts, codes, strict=True)]
    assert together.to_numpy().tolist() == [row.tolist() for row in alone]


# --- facts about the placing -----------------------------------------------------------------------------------------


def test_shares_by_step_are_counted() -> None:
    shares = mapped_shares(classify(offences(["DUI", None, None, "XYZZY", None], [None, "5404", "13ZZ", None, None])))
    assert shares["rows"].to_dict() == {"label": 1, "code": 1, "block": 1, "unknown": 1, "blank": 1}
    assert shares.loc["label", "share"] == pytest.approx(1 / 5)
    assert shares.loc["label", "share_of_recorded"] == pytest.approx(1 / 4)
    assert pd.isna(shares.loc["blank", "share_of_recorded"])
    assert mapped_shares(classify(offences([])))["share"].isna().all()


def test_open_choices_are_counted() -> None:
    found = choices(classify(offences(["Dangerous Drugs", "Licensing Violation", "DUI", None], None)))
    assert found["rows"].to_dict() == {"dom.aggravated": 0, "drg.unspec": 1, "trf.licence": 1}
    assert found.loc["drg.unspec", "share"] == pytest.approx(1 / 3)
    assert found.loc["drg.unspec", "alternative_group"] == "DRUGTRAF"


def records_of_two() -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "record": [1, 1, 1, 2, 2, 3],
            "offence_text": ["DUI", "Homicide", "Burglary", "Forgery", "Battery", "Fraud"],
            "offence_status": ["convicted", "charged", "convicted", "charged", "charged", "unknown"],
        }
    )
    return table.join(classify(table))


def test_primary_is_the_gravest_conviction_or_else_the_gravest_charge() -> None:
    assert primary(records_of_two())["offence_text"].tolist() == ["Burglary", "Battery", "Fraud"]
    assert primary(records_of_two(), charges_first=True)["offence_text"].tolist() == ["Homicide", "Battery", "Fraud"]


def test_ties_take_the_first_named_or_the_last() -> None:
    tied = records_of_two().iloc[[3, 5]].assign(record=1, offence_status="charged")
    assert primary(tied)["offence_text"].tolist() == ["Forgery"]
    assert primary(tied, last_of_ties=True)["offence_text"].tolist() == ["Fraud"]


def test_the_order_has_a_measured_sensitivity() -> None:
    found = primary_sensitivity(records_of_two())
    assert found["records"].tolist() == [3, 3]
    assert found.loc["charges first", "share"] == pytest.approx(1 / 3)
    assert found.loc["last of ties", "changed"] == 0


def test_a_text_that_names_several_offences_is_taken_apart() -> None:
    table = pd.DataFrame(
        {
            "offence_text": pd.Categorical(["DUI; HOMICIDE", "BURGLARY", None, "FORGERY|\nBATTERY", "DUI ;"]),
            "offence_status": pd.Categorical(["charged", "convicted", "none recorded", "convicted", "charged"]),
        }
    )
    named = named_offences(table)
    assert named["record"].tolist() == [0, 0, 3, 3]
    assert named["offence_text"].tolist() == ["DUI", "HOMICIDE", "FORGERY", "BATTERY"]
    assert named["offence_status"].tolist() == ["charged"] * 2 + ["convicted"] * 2
    assert primary(named)["offence_group"].tolist() == classify(table)["offence_group"].iloc[[0, 3]].tolist()


def test_no_text_names_several_offences() -> None:
    table = pd.DataFrame({"offence_text": pd.Categorical(["DUI", None]), "offence_status": ["charged", "unknown"]})
    named = named_offences(table)
    assert named.empty
    assert primary_sensitivity(named)["changed"].tolist() == [0, 0]
    assert primary_sensitivity(named)["share"].isna().all()
