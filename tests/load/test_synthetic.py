"""The made-up release: the form, the margins asked for, planted events, and the same bytes for the same arguments."""

from __future__ import annotations

import gzip
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from synthetic import Options, Synthetic, generate, write_release
from synthetic.__main__ import main

from analysis.load.reference import data_file
from analysis.load.sources import check_hash, origin_of

# The header of release 2026-ICLI-00005 of March 2026, typed from its published column list.
FORM_F = """Detainer Prepare Date; Facility State; Facility AOR; Port of Departure; Departure Country; Departed Date;
Case Status; Detainer Criminality; Detainer Facility; Detainer Facility Code; Facility City; Detainer
Threat Level; Gender; Citizenship Country; Birth Country; Birth Date; Birth Year; Entry Status; MSC Charge;
MSC Sentence Days; MSC Sentence Months; MSC Sentence Years; MSC Charge Code; MSC Charge Date; MSC
Conviction Date; Aggravated Felon Yes No; Processing Disposition; Case Category; TOA Case Category; TOA
Current Program; Apprehension Method; Final Order Yes No; Final Order Date; Apprehension Date; Entry Date;
Prior Felony Yes No; Multiple Prior MISD Yes No; Violent Misdemeanor Yes No; Illegal Entry Yes No; Illegal
Reentry Yes No; Immigration Fraud Yes No; Significant Risk Yes No; Other Removal Reason Yes No; Other
Removal Reason; Criminal Street Gang Yes No; Aggravated Felony Yes No; Deportation Ordered Yes No; Order to
Show Cause Served Yes No; Order to Show Cause Served Date; Biometric Match Yes No; Statements Made Yes No;
Unlawful Attempt Yes No; Unlawful Entry Yes No; Visa Yes No; Federal Register Notice Yes No; Resume Custody
Yes No; Detainer Lift Reason; Detainer Lift Reason Code; Active Investigation Yes No; Arrest Warrant Served
Date; Detainer Type; Notify Release Request Yes No; TOD Current Duty Site; EID DTA ID; Anonymized
Identifier"""
FIRST, LAST, EXTRACTED = date(2025, 1, 4), date(2025, 12, 26), date(2026, 1, 5)


def make(seed: int = 1, **arguments: Any) -> Synthetic:  # noqa: ANN401
    asked: dict[str, Any] = {"detainers": 40_000, "first_day": FIRST, "last_day": LAST, "extracted_on": EXTRACTED}
    return generate(seed, **(asked | arguments))


def brief(seed: int = 1, **arguments: Any) -> Synthetic:  # noqa: ANN401
    """Eight weeks, quickly made."""
    asked: dict[str, Any] = {"detainers": 2_000, "last_day": FIRST + timedelta(days=55)}
    return make(seed, **(asked | arguments))


@pytest.fixture(scope="module")
def plain() -> Synthetic:
    """A year without events."""
    return make()


# --- the form


def test_the_columns_are_those_of_the_march_2026_release(plain: Synthetic) -> None:
    assert list(plain.release.columns) == FORM_F.replace("\n", " ").split("; ")
    assert plain.release.shape[1] == 65


def test_a_lift_date_comes_only_when_asked_for() -> None:
    made = brief(options=Options(with_lift_date=True))
    assert list(made.release.columns[-2:]) == ["Anonymized Identifier", "Detainer Lift Date"]
    lifted, reason = made.release["Detainer Lift Date"], made.release["Detainer Lift Reason"]
    assert (lifted.isna() == reason.isna()).all()
    assert (lifted.dropna() <= pd.Timestamp(EXTRACTED)).all()
    assert (lifted >= made.release["Detainer Prepare Date"])[lifted.notna()].all()


def test_every_place_says_that_it_is_a_sample(plain: Synthetic) -> None:
    release = plain.release
    for column in ("Detainer Facility", "Facility City", "Port of Departure"):
        assert release[column].dropna().astype(str).str.startswith("SAMPLE").all(), column
    assert release.attrs["title"].startswith("SYNTHETIC")


def test_blanks_stand_at_the_shares_asked_for(plain: Synthetic) -> None:
    asked = {"Facility AOR": 0.209, "Case Status": 0.528, "Apprehension Date": 0.783, "MSC Charge": 0.72}
    asked |= {"MSC Sentence Days": 0.91, "Anonymized Identifier": 0.132, "Detainer Criminality": 0.0}
    for column, share in asked.items():
        within = 5 * np.sqrt(share * (1 - share) / len(plain.release))  # a person's rows go together
        assert plain.release[column].isna().mean() == pytest.approx(share, abs=within + 1e-12), column


# --- successive extractions


def test_a_later_extraction_shows_the_same_detainers_better_recorded_under_other_ids() -> None:
    early, late = brief(5, extracted_on=date(2025, 2, 10)), brief(5, extracted_on=date(2025, 6, 1))
    numbers = [(made.rows["base"] * 2 + made.rows["repeat"]).to_numpy() for made in (early, late)]
    before, after = (made.release.set_axis(number) for made, number in zip((early, late), numbers, strict=True))
    assert before.index.isin(after.index).all()
    assert before["Detainer Prepare Date"].max() <= pd.Timestamp("2025-02-10")
    joined = after.loc[before.index]
    for column in ("Gender", "MSC Charge", "Birth Year", "Case Status", "Apprehension Date", "Detainer Facility"):
        assert joined[column].astype(object).equals(before[column].astype(object)), column
    known = before["Detainer Lift Reason"].notna()
    assert same_text(before["Detainer Lift Reason"][known], joined["Detainer Lift Reason"][known])
    assert joined["Detainer Lift Reason"].notna().sum() > known.sum()
    ids = [set(table["Anonymized Identifier"].dropna()) for table in (before, after)]
    assert ids[0].isdisjoint(ids[1])


def test_some_rows_change_and_some_vanish_when_asked() -> None:
    options = Options(changed=0.05, vanished=0.04, mean_delay=10)
    days = (date(2025, 12, 1), date(2035, 12, 1))
    early, late = (make(5, detainers=20_000, extracted_on=day, options=options) for day in days)
    reasons = [
        made.release["Detainer Lift Reason"].astype(object).set_axis(made.rows["base"] * 2 + made.rows["repeat"])
        for made in (early, late)
    ]
    both = pd.concat(reasons, axis=1, keys=["early", "late"], join="inner").dropna()
    assert 0.005 < (both["early"] != both["late"]).mean() < 0.05
    gone = ~reasons[0].index.isin(reasons[1].index)
    assert 0.01 < gone.mean() < 0.04


# --- the same arguments, the same release


def test_the_same_seed_gives_the_same_bytes_another_seed_others_and_options_shift_nothing_else(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.parquet" for n in range(3)]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        write_release(brief(seed).release, path)
    assert paths[0].read_bytes() == paths[1].read_bytes() != paths[2].read_bytes()
    columns = ["Detainer Prepare Date", "Detainer Facility Code", "MSC Charge", "Case Status"]
    plain = brief().release[columns].astype(object)
    for options in (Options(mean_delay=90), Options(changed=0.1), Options(with_lift_date=True)):
        assert brief(options=options).release[columns].astype(object).equals(plain)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".csv.gz"])
def test_a_written_release_reads_back_the_same(tmp_path: Path, suffix: str) -> None:
    made = brief(detainers=800)
    path = tmp_path / f"made{suffix}"
    write_release(made.release, path)
    if suffix == ".parquet":
        back = pd.read_parquet(path)
        assert back.attrs["title"].startswith("SYNTHETIC")
    else:
        back = pd.read_csv(path, header=6, dtype=str, parse_dates=["Detainer Prepare Date"])
        text = gzip.decompress(path.read_bytes()) if suffix == ".csv.gz" else path.read_bytes()
        assert text.startswith(b"SYNTHETIC")
    assert list(back.columns) == list(made.release.columns)
    for column in ("MSC Charge Code", "Detainer Lift Reason", "Detainer Facility", "Anonymized Identifier"):
        assert same_text(back[column], made.release[column]), column
    assert (back["Detainer Prepare Date"] == made.release["Detainer Prepare Date"]).all()


def same_text(left: pd.Series, right: pd.Series) -> bool:
    """Whether two columns hold the same text and the same blanks."""
    return bool((left.astype(object).fillna("") == right.astype(object).fillna("")).all())


def test_the_command_in_its_origin_makes_the_bundled_release_again(tmp_path: Path) -> None:
    bundled = data_file("synthetic/small_release.parquet")
    check_hash(bundled)
    assert bundled.stat().st_size <= 900_000
    *_, given = origin_of(bundled).obtained.partition("tests.synthetic ")
    again = tmp_path / "again.parquet"
    main([str(again) if word == "data/synthetic/small_release.parquet" else word for word in given.split()])
    pd.testing.assert_frame_equal(pd.read_parquet(again), pd.read_parquet(bundled))


@pytest.mark.parametrize("name", ["columns", "groups", "lift_reasons", "offences", "states", "values"])
def test_the_made_up_margins_have_their_origin(name: str) -> None:
    path = data_file(f"reference/synthetic_margins/{name}.csv")
    check_hash(path)
    assert origin_of(path).title.startswith("SYNTHETIC")
    assert "MADE UP" in origin_of(path).document
