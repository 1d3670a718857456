"""The made-up release: the form, the margins asked for, and the same bytes for the same arguments."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from synthetic import Options, Synthetic, generate, write_release
from synthetic.__main__ import main

from analysis.load.reference import data_file
from analysis.load.sources import origin_of

FORM_F = Path(__file__).with_name("march_2026_columns.txt")  # of release 2026-ICLI-00005, typed from its published list
FIRST, EXTRACTED = date(2025, 1, 4), date(2026, 1, 5)
ID, REASON = "Anonymized Identifier", "Detainer Lift Reason"


def brief(seed: int = 1, **arguments: Any) -> Synthetic:  # noqa: ANN401
    """Eight weeks, quickly made."""
    asked: dict[str, Any] = {"detainers": 2_000, "first_day": FIRST, "last_day": FIRST + timedelta(days=55)}
    return generate(seed, **(asked | {"extracted_on": EXTRACTED} | arguments))


def test_the_columns_are_those_of_march_2026_every_place_says_sample_and_blanks_have_their_shares() -> None:
    release = brief(detainers=10_000).release
    assert list(release.columns) == FORM_F.read_text(encoding="utf-8").splitlines()
    for column in ("Detainer Facility", "Facility City", "Port of Departure"):
        assert release[column].dropna().astype(str).str.startswith("SAMPLE").all(), column
    assert release.attrs["title"].startswith("SYNTHETIC")
    asked = {"Facility AOR": 0.209, "Case Status": 0.528, "Apprehension Date": 0.783, "MSC Charge": 0.72}
    asked |= {"MSC Sentence Days": 0.91, ID: 0.132, "Detainer Criminality": 0.0}
    for column, share in asked.items():
        within = 5 * np.sqrt(share * (1 - share) / len(release))  # a person's rows go together
        assert release[column].isna().mean() == pytest.approx(share, abs=within + 1e-12), column


def test_a_later_extraction_shows_the_same_detainers_better_recorded_some_changed_or_gone() -> None:
    options = Options(changed=0.05, vanished=0.04, mean_delay=10)
    early, late = (brief(5, extracted_on=day, options=options) for day in (date(2025, 2, 10), date(2035, 6, 1)))
    before, after = (made.release.set_axis(made.rows["base"] * 2 + made.rows["repeat"]) for made in (early, late))
    assert before["Detainer Prepare Date"].max() <= pd.Timestamp("2025-02-10")
    both = before.index.intersection(after.index)
    assert 0.01 < 1 - len(both) / len(before) < 0.05
    for column in ("Gender", "MSC Charge", "Birth Year", "Case Status", "Apprehension Date", "Detainer Facility"):
        assert after.loc[both, column].astype(object).equals(before.loc[both, column].astype(object)), column
    reasons = pd.DataFrame({at: made.loc[both, REASON].astype(object) for at, made in enumerate((before, after))})
    assert reasons[1].notna().sum() > reasons[0].notna().sum()
    known = reasons.dropna()
    assert 0.005 < (known[0] != known[1]).mean() < 0.08
    assert set(before[ID].dropna()).isdisjoint(after[ID].dropna())


def test_the_same_seed_gives_the_same_bytes_another_seed_others_and_options_shift_nothing_else(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.parquet" for n in range(3)]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        write_release(brief(seed).release, path)
    assert paths[0].read_bytes() == paths[1].read_bytes() != paths[2].read_bytes()
    columns = ["Detainer Prepare Date", "Detainer Facility Code", "MSC Charge", "Case Status"]
    plain = brief().release[columns].astype(object)
    dated = brief(options=Options(mean_delay=90, changed=0.1, with_lift_date=True)).release
    assert dated[columns].astype(object).equals(plain)
    assert list(dated.columns[-2:]) == [ID, "Detainer Lift Date"]
    lifted = dated["Detainer Lift Date"]
    assert (lifted.isna() == dated[REASON].isna()).all()
    assert (lifted.dropna() <= pd.Timestamp(EXTRACTED)).all()
    assert (lifted >= dated["Detainer Prepare Date"])[lifted.notna()].all()


def test_a_written_release_reads_back_the_same(tmp_path: Path) -> None:
    made = brief(detainers=800).release
    for suffix in (".parquet", ".csv"):
        write_release(made, path := tmp_path / f"made{suffix}")
        assert b"SYNTHETIC" in path.read_bytes()
        back = pd.read_parquet(path) if suffix == ".parquet" else pd.read_csv(path, header=6, dtype=str)
        assert list(back.columns) == list(made.columns)
        for column in ("MSC Charge Code", REASON, "Detainer Facility", ID):
            assert (back[column].astype(object).fillna("") == made[column].astype(object).fillna("")).all(), column
        assert (pd.to_datetime(back["Detainer Prepare Date"]) == made["Detainer Prepare Date"]).all()


def test_the_command_in_its_origin_makes_the_bundled_release_again(tmp_path: Path) -> None:
    bundled = data_file("synthetic/small_release.parquet")
    assert bundled.stat().st_size <= 900_000
    *_, given = origin_of(bundled).obtained.partition("tests.synthetic ")
    again = tmp_path / "again.parquet"
    words = [str(again) if word == "data/synthetic/small_release.parquet" else word for word in given.split()]
    assert CliRunner().invoke(main, words).exit_code == 0
    assert pd.read_parquet(again).equals(pd.read_parquet(bundled))
