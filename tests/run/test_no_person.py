"""No artefact of a run names a person: every file is searched for every person id and every year of birth."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from analysis.load.imports import import_release
from analysis.load.reference import data_file

MARK = 73_400_000_000  # so that a year is found for certain, and is no other number


def told_in(folder: Path, ids: set[str]) -> dict[str, set[str]]:
    """Search every file, Parquet decoded, for person ids and marked years of birth."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = path.read_bytes().decode(errors="replace")
        text = pd.read_parquet(path).to_csv() if path.suffix == ".parquet" else text
        found[path.relative_to(folder).as_posix()] = {*re.findall("[0-9a-f]{40}", text)} & ids
        found[path.relative_to(folder).as_posix()] |= {*re.findall(rf"{MARK // 10_000}\d{{4}}", text.replace(",", ""))}
    return found


@pytest.mark.slow
def test_no_file_of_a_run_has_a_person_id_or_a_year_of_birth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "stored"))
    release = pd.read_parquet(data_file("synthetic/small_release.parquet"))
    release["Birth Year"] += MARK
    release.to_parquet(tmp_path / "release.parquet")
    ids = set(release["Anonymized Identifier"].dropna())
    given = told_in(tmp_path, ids)["release.parquet"]
    assert len(given) > len(ids) > 5_000, "the search finds ids and years"
    import_release(
        [tmp_path / "release.parquet"], "made", title="SYNTHETIC made-up", today=pd.Timestamp("2026-03-11").date()
    )
    asked = ["weekly_bulletin", "state_profile", "--source", "made", "--weeks", "latest settled"]
    declines = [
        sys.executable,
        "-c",
        "from analysis.cli import main; main()",
        "run",
        *asked,
        "--out",
        str(tmp_path / "out"),
    ]
    ran = subprocess.run(declines, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    made = told_in(tmp_path / "out", ids)
    kinds = ".html .csv .json .ipynb .parquet .xml .svg .png"
    assert {Path(name).suffix for name in made} >= {*kinds.split()}
    assert {name: told for name, told in made.items() if told} == {}
    (stored,) = (tmp_path / "stored").rglob(
        "detainers.parquet"
    )  # the rows of people themselves are their owner's alone
    assert [path.stat().st_mode & 0o077 for path in (stored, stored.parent)] == [0, 0]
