"""Importing a release: once, checked, in versions, nothing half-written. All rows here are SYNTHETIC."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from refusals import refused
from synthetic import generate, write_release

from analysis.errors import InputError
from analysis.files import private_folder, sha256_of
from analysis.load import imports
from analysis.load.imports import check_release, import_release, name_of
from analysis.load.quality import scorecard
from analysis.load.releases import Release, open_release
from analysis.load.sources import VERSIONS_VARIABLE, data_folder, open_source, sources, versions
from analysis.load.table import NAMES
from analysis.stats.inference import NOT_EXTRACTED, extraction_facts

FIRST, LAST, EXTRACTED = date(2025, 1, 4), date(2025, 6, 27), date(2025, 6, 10)
COLUMNS = ["Detainer Prepare Date", "Detainer Facility", "Facility State", "Detainer Type", "Detainer Lift Reason"]
COLUMNS += ["MSC Charge", "MSC Charge Code", "Detainer Criminality", "Case Status", "Anonymized Identifier"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two made-up releases, the same detainers extracted a month apart, and the folder that both are imported into."""
    folder = tmp_path_factory.mktemp("releases")
    paths = {"imported": folder / "imported"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DECLINES_DATA_DIR", str(paths["imported"]))
        for name, extracted, given in (("older", EXTRACTED, EXTRACTED), ("newer", date(2025, 7, 10), None)):
            paths[name] = folder / f"{name}.parquet"
            made = generate(5, detainers=200, first_day=FIRST, last_day=LAST, extracted_on=extracted)
            write_release(made.release[COLUMNS], paths[name])
            kept, told = import_release([paths[name]], "made-up", title=name, extracted_on=given)
            assert kept == open_source("made-up", clock="issued")
            assert told.startswith(f"made-up: version {kept.version}, {len(made.release)} rows in form")
    return paths


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def both(files: dict[str, Path], data_dir: Path) -> Path:
    """A data folder with both releases as versions 1 and 2 of ``made-up``."""
    return Path(shutil.copytree(files["imported"], data_dir)) / "made-up"


def test_an_import_becomes_a_source_and_a_newer_file_a_new_version(both: Path) -> None:
    older, newer = versions("made-up")
    assert newer == open_source("made-up") == sources()["made-up"]
    assert older == open_source("made-up", version=1)
    for number, source in enumerate((older, newer), start=1):
        assert (source.version, source.facts.synthetic, source.facts.offences) == (number, True, True)
        table = source.detainers()
        assert list(table.columns[: len(NAMES)]) == list(NAMES)
        assert len(table) == source.facts.detainers
        assert table["issued_on"].is_monotonic_increasing
        names = ["carried.feather", "detainers.parquet", "detainers.parquet.origin.yml", "scorecard.csv"]
        assert sorted(path.name for path in (both / f"v{number:03d}").iterdir()) == names
    assert len(list(both.iterdir())) == 2
    hashes = newer.week_hashes()  # worked out when they are first asked for, and kept
    assert json.loads((both / "v002" / "weeks.json").read_text(encoding="utf-8")) == hashes == newer.week_hashes()


def test_a_release_with_one_invented_facility_is_made_up_and_only_a_real_one_is_cited(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pd.read_parquet(files["newer"])
    names = made["Detainer Facility"].astype("str")
    made["Detainer Facility"] = names.where(names == names[0], "COOK COUNTY JAIL")
    made.to_csv(tmp_path / "renamed.csv", index=False)
    made_up, _ = import_release([tmp_path / "renamed.csv"], "made-up", title="T")
    assert made_up.facts.synthetic
    assert all("citation" not in source.cited for source in sources().values())
    monkeypatch.setattr(imports, "SAMPLE", "NONE BEGINS SO")
    assert "Deportation Data Project" in import_release([files["newer"]], "real", title="T")[0].cited["citation"]


def test_the_day_of_extraction_is_given_or_read_and_else_not_known(
    both: Path, files: dict[str, Path], tmp_path: Path
) -> None:
    path = Path(shutil.copy(files["newer"], tmp_path / "detainers_20250711.parquet"))
    named = import_release([path], "named", title="T", today=date(2025, 7, 11))[0].facts
    given, unsaid = (source.facts for source in versions("made-up"))
    newest = pd.read_csv(both / "v002" / "scorecard.csv", index_col="check")["found"]
    assert (unsaid.extracted_known, str(unsaid.extracted_on)) == (False, newest["newest_day"])
    assert (named.extracted_known, named.extracted_on) == (True, date(2025, 7, 11))
    assert (given.extracted_known, given.extracted_on) == (True, EXTRACTED)
    assert newest["extraction"] == versions("made-up")[-1].origin.document_date == "not known"
    assert extraction_facts(unsaid) == {"extracted_on": None, "extracted_words": NOT_EXTRACTED}
    assert extraction_facts(named)["extracted_words"] == "extracted on 11 July 2025"
    assert "extraction" in set(check_release([path], today=date(2025, 7, 10))["check"])  # the name's day is to come


def test_a_check_compares_with_an_earlier_version(both: Path, files: dict[str, Path]) -> None:
    assert "previous_rows" in set(check_release([files["newer"]], previous="made-up")["check"])
    with refused("no imported source"):
        check_release([files["newer"]], previous="nobody")


# Rows of people.

KILLED = """import os, signal, sys, pyarrow.parquet
from analysis.load.imports import import_release
write = pyarrow.parquet.write_table
pyarrow.parquet.write_table = lambda *a, **k: (write(*a, **k), os.kill(os.getppid(), signal.SIGKILL), signal.pause())
import_release([sys.argv[1]], "killed", title="T")"""


def test_what_a_release_carries_stands_beside_the_table_row_by_row(both: Path) -> None:
    source = open_source("made-up")
    path, whole = source.path.with_name("carried.feather"), source.detainers()
    carried = whole.columns.drop(list(NAMES))
    assert "Case Status" in carried
    assert not carried.intersection(pd.read_parquet(source.path).columns).size
    first, last = date(2025, 2, 1), date(2025, 2, 14)
    kept = whole["issued_on"].between(pd.Timestamp(first), pd.Timestamp(last)) & whole["duplicate"].isna()
    assert 0 < kept.sum() < len(whole)
    for columns in (["Case Status", "state", "Detainer Type"], ["Case Status"], None):
        read = source.detainers(columns, first, last, repeats=False)
        expected = whole.loc[kept, columns or list(whole)].reset_index(drop=True)
        assert read.astype("str").equals(expected.astype("str"))
    with refused("unknown column", "Case Statue", "Case Status"):
        source.detainers(["Case Statue"])
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert len(source.detainers(["state"])) == len(whole)
    with refused(path, "found 'sha256", "import it again"):
        source.detainers()
    path.unlink()
    with refused(path, "missing", "import it again"):
        source.detainers(["Case Status"])


def test_a_copy_of_a_version_beside_it_is_no_version(both: Path) -> None:
    for name in ("v001.bak", "v002 (copy)", "v"):
        shutil.copytree(both / "v001", both / name)
    assert [source.path.parent.name for source in versions("made-up")] == ["v001", "v002"]


@pytest.mark.parametrize("content", [b"\x00\xff", b"\xff", b"", b"null", b"a: 2026-99-99"])
def test_a_damaged_origin_is_told_with_what_to_do(both: Path, content: bytes) -> None:
    beside = both / "v002" / "detainers.parquet.origin.yml"
    beside.write_bytes(content)
    with refused(beside, "Remove its folder, v002, and import the release again"):
        sources()


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(path.stat().st_mode)[-3:] for path in [folder, *folder.rglob("*")]}


def test_rows_are_the_users_alone_and_what_killed_processes_left_goes_with_the_next_import(
    files: dict[str, Path], data_dir: Path
) -> None:
    for name in (".import-ab/draft", "mine/notes"):
        (data_dir / name).mkdir(parents=True)
    with private_folder() as alive:
        import_release([files["newer"]], "made-up", title="T")
        assert alive.is_dir()
    assert sorted(path.relative_to(data_dir).as_posix() for path in data_dir.glob("*/*")) == [
        "made-up/v001",
        "mine/notes",
    ]
    private = {"v001": "700", "detainers.parquet": "600", "carried.feather": "600"}
    assert private.items() <= modes(data_dir / "made-up").items()
    shutil.rmtree(data_dir)
    import_release([files["newer"]], "made-up", title="T")
    assert {"data": "700", "made-up": "700"}.items() <= modes(data_dir).items()


@pytest.mark.slow
def test_an_import_that_is_killed_leaves_its_rows_to_the_user_alone_until_the_next_one(
    files: dict[str, Path], data_dir: Path
) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, files["newer"]], check=False)
    assert ended.returncode == -signal.SIGKILL
    (left,) = data_dir.glob(".import-*")
    assert {left.name: "700", "detainers.parquet": "600"}.items() <= modes(left).items()
    assert "killed" not in sources()
    import_release([files["newer"]], "made-up", title="T")
    assert [path.name for path in data_dir.iterdir() if path.is_dir()] == ["made-up"]


# Versions.


def test_the_same_file_again_is_no_new_version(both: Path, files: dict[str, Path], tmp_path: Path) -> None:
    renamed = Path(shutil.copy(files["older"], tmp_path / "renamed.parquet"))
    again, told = import_release([renamed], "made-up", title="T")
    assert again == open_source("made-up", version=1)
    assert "version 1 was made from the same files; version 2 remains the newest" in told
    again, told = import_release([files["newer"]], "made-up", title="T")
    assert again == open_source("made-up")
    assert told.endswith("was made from the same files")


def test_a_newer_version_imported_while_a_run_goes_on_is_not_used(both: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned, newer = versions("made-up")
    pins = {name: source.version_id for name, source in sources().items()} | {"made-up": planned.version_id}
    monkeypatch.setenv(VERSIONS_VARIABLE, json.dumps(pins))
    assert open_source("made-up") == planned
    assert versions("made-up") == [planned]
    assert [one.version for one in versions("synthetic")] == [1, 2, 3]  # what ships is pinned whole
    monkeypatch.delenv(VERSIONS_VARIABLE)
    assert open_source("made-up") == newer


def test_a_pinned_version_that_is_gone_or_another_one_by_now_is_refused(
    both: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin, newer = (source.version_id for source in versions("made-up"))
    shutil.rmtree(both / "v001")
    (both / "v002").rename(both / "v001")
    other = newer.replace("v002", "v001")
    assert open_source("made-up").version_id == other
    monkeypatch.setenv(VERSIONS_VARIABLE, json.dumps({"made-up": pin}))
    with refused("is gone", other, f"expected {pin}"):
        open_source("made-up")
    shutil.rmtree(both)
    with refused("'made-up' that this run is made from is gone", "no version", pin, "again"):
        open_source("made-up")


# Files.


def test_a_file_given_twice_counts_once(both: Path, files: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    shutil.copy(files["newer"], tmp_path / "folder" / "a.parquet")
    (tmp_path / "link.parquet").symlink_to(tmp_path / "folder" / "a.parquet")
    twice = [tmp_path / "folder" / name for name in ("a.parquet", "../folder/a.parquet", "../link.parquet", ".")]
    assert import_release([*twice, twice[0]], "made-up", title="T")[0].version == 2, "the same files"
    rows = check_release([*twice, twice[0]]).set_index("check").loc["rows", "found"]
    assert rows == str(len(pd.read_parquet(files["newer"])))


def test_braces_in_the_name_of_a_file_stay_as_they_are(files: dict[str, Path], tmp_path: Path) -> None:
    braces = Path(shutil.copy(files["newer"], tmp_path / "FOIA {7F3A-22} x{declined.__class__}.parquet"))
    assert name_of(braces) == "foia-7f3a-22-x-declined"
    assert name_of(Path("Ä.csv.gz")) == "release"
    source, _ = import_release([braces], "braces", title="{title} {0}")
    assert (source.facts.title, source.cited["title"]) == ("{title} {0}", "{title} {0}")
    assert braces.name in source.origin.document
    assert (source.file, source.sha256) == (braces.name, sha256_of(braces))  # what pages name, which a user can check
    assert set(source.detainers(["source_file"])["source_file"]) == {braces.name}


# What is refused.


@pytest.mark.parametrize("step", ["pyarrow.parquet.write_table", "analysis.load.sources.flush"])
def test_a_full_disk_is_told_and_leaves_nothing(
    step: str, files: dict[str, Path], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "Error writing bytes to file")

    monkeypatch.setattr(step, full)
    with refused(data_dir, "the disk of the data folder is full", "Make room there"):
        import_release([files["newer"]], "made-up", title="T")
    assert not (data_dir / "made-up").exists()


def test_an_import_that_is_stopped_by_a_check_leaves_nothing(
    files: dict[str, Path], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "scorecard", lambda release, **told: scorecard(release, **told).assign(level="stop"))
    with pytest.raises(InputError, match="not imported: a check stops it"):
        import_release([files["newer"]], "other", title="T")
    assert not (data_dir / "other").exists()


def test_a_file_that_changes_while_it_is_read_is_not_imported(
    files: dict[str, Path], data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = Path(shutil.copy(files["newer"], tmp_path / "growing.parquet"))

    def read(given: Sequence[Path], *, not_after: date | None) -> Release:
        release = open_release(given, not_after=not_after)
        growing.write_bytes(growing.read_bytes() + b"more")
        return release

    monkeypatch.setattr(imports, "open_release", read)
    with refused(growing, "the file changed while it was read", "Import it again"):
        import_release([growing], "made-up", title="T")
    assert not (data_dir / "made-up").exists()


def test_a_file_that_is_missing_and_a_data_folder_that_cannot_be_written_are_told(
    files: dict[str, Path], data_dir: Path
) -> None:
    with refused("no such file"):
        import_release([data_dir / "gone.xlsx"], "made-up", title="T")
    data_dir.write_text("a file", encoding="utf-8")
    with refused("the data folder cannot be written: ", "Give another with --data-dir"):
        import_release([files["newer"]], "made-up", title="T")


def test_a_name_that_no_folder_can_carry_or_that_is_taken_is_refused(files: dict[str, Path]) -> None:
    nearest = {"": "hyphens", "Ä": "hyphens", "../elsewhere": "Use 'elsewhere'", "a" * 41: f"Use {'a' * 40!r}"}
    nearest |= {"-x": "Use 'x'", "March 2026!": "Use 'march-2026'"}
    taken = dict.fromkeys(("fy2015", "published-2017", "synthetic"), "Give the release another name")
    for name, told in (nearest | taken).items():
        with pytest.raises(InputError, match=rf"name.*: found '{re.escape(name)}'.*{told}\.$"):
            import_release([files["newer"]], name, title="T")
    assert not data_folder().exists()
