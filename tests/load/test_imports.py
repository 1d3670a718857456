"""Importing a release: once, checked, in versions, nothing half-written. All rows here are SYNTHETIC."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from synthetic import generate, write_release

from analysis.errors import InputError
from analysis.load import imports
from analysis.load.imports import check_release, import_release, name_of
from analysis.load.quality import scorecard
from analysis.load.sources import VERSIONS_VARIABLE, data_folder, open_source, sources, versions
from analysis.load.table import NAMES
from analysis.stats.inference import NOT_EXTRACTED, extraction_facts

FIRST, LAST, EXTRACTED = date(2025, 1, 4), date(2025, 6, 27), date(2025, 7, 10)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two made-up releases: the same detainers, extracted a month apart."""
    folder = tmp_path_factory.mktemp("releases")
    paths = {}
    for name, extracted in (("older", date(2025, 6, 10)), ("newer", EXTRACTED)):
        paths[name] = folder / f"{name}.parquet"
        made = generate(5, detainers=3000, first_day=FIRST, last_day=LAST, extracted_on=extracted)
        write_release(made.release, paths[name])
    return paths


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_an_import_becomes_a_source(files: dict[str, Path], data_dir: Path) -> None:
    done = import_release([files["newer"]], "made-up", title="A made-up release", extracted_on=EXTRACTED)
    assert (done.name, done.version) == ("made-up", 1)
    assert done.text.startswith("made-up: version 1, 3,")
    source = open_source("made-up", clock="issued")
    assert source.facts.synthetic
    assert source.facts.offences
    assert source.facts.extracted_on == EXTRACTED
    table = source.detainers()
    assert list(table.columns[: len(NAMES)]) == list(NAMES)
    assert len(table) == source.facts.detainers
    assert table["issued_on"].is_monotonic_increasing
    assert sorted(path.name for path in (data_dir / "made-up" / "v001").iterdir()) == [
        *("detainers.parquet", "detainers.parquet.origin.yml", "scorecard.csv")
    ]


def test_a_release_with_invented_facilities_is_made_up_whatever_the_others_are_called(
    files: dict[str, Path], tmp_path: Path
) -> None:
    made = pd.read_parquet(files["newer"])
    (agency,) = [column for column in made if made[column].astype(str).str.startswith("SAMPLE COUNTY").any()]
    names = made[agency].astype("str")
    renamed = tmp_path / "renamed.csv"
    made.assign(**{agency: names.where(names == names[0], "COOK COUNTY JAIL")}).to_csv(renamed, index=False)
    import_release([renamed], "renamed", title="T", extracted_on=EXTRACTED)
    assert open_source("renamed").facts.synthetic


def test_a_release_is_cited_as_its_publisher_asks_and_a_made_up_one_is_not(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import_release([files["newer"]], "made-up", title="T")
    assert "citation" not in open_source("made-up").cited
    monkeypatch.setattr(imports, "SAMPLE", "NONE BEGINS SO")
    import_release([files["newer"]], "as-if-real", title="T")
    assert "Deportation Data Project" in open_source("as-if-real").cited["citation"]
    assert all("citation" not in source.cited for source in sources().values() if not source.version)


def test_the_day_of_extraction_is_given_or_read_and_else_not_known(files: dict[str, Path], tmp_path: Path) -> None:
    named = tmp_path / "detainers_20250711.parquet"
    named.write_bytes(files["newer"].read_bytes())
    import_release([files["newer"]], "unsaid", title="T")
    import_release([named], "named", title="T", today=date(2025, 12, 1))
    import_release([named], "given", title="T", extracted_on=EXTRACTED)
    found = {name: source.facts for name, source in sources().items()}
    newest = pd.read_csv(versions("unsaid")[-1].path.with_name("scorecard.csv"), index_col="check")["found"]
    assert (found["unsaid"].extracted_known, str(found["unsaid"].extracted_on)) == (False, newest["newest_day"])
    assert (found["named"].extracted_known, found["named"].extracted_on) == (True, date(2025, 7, 11))
    assert (found["given"].extracted_known, found["given"].extracted_on) == (True, EXTRACTED)
    assert newest["extraction"] == "not known"
    assert versions("unsaid")[-1].origin.document_date == "not known"
    assert extraction_facts(found["unsaid"]) == {"extracted_on": None, "extracted_words": NOT_EXTRACTED}
    assert extraction_facts(found["named"])["extracted_words"] == "extracted on 11 July 2025"
    assert "future_days" in set(check_release([named], today=date(2025, 12, 1))["check"])
    assert "extraction" in set(check_release([named], today=date(2025, 7, 10))["check"])


# Versions.


def test_the_same_file_again_is_no_new_version(files: dict[str, Path], tmp_path: Path) -> None:
    import_release([files["newer"]], "made-up", title="T")
    renamed = tmp_path / "renamed.parquet"
    renamed.write_bytes(files["newer"].read_bytes())
    again = import_release([renamed], "made-up", title="T")
    assert again.version == 1
    assert "same files" in again.text
    assert len(versions("made-up")) == 1


def test_a_newer_file_is_a_new_version_and_the_old_one_stays(files: dict[str, Path]) -> None:
    import_release([files["older"]], "made-up", title="T")
    before = open_source("made-up", version=1).path.read_bytes()
    done = import_release([files["newer"]], "made-up", title="T")
    assert done.version == 2
    again = import_release([files["older"]], "made-up", title="T")
    assert again.version == 1
    assert "version 1 was made from the same files; version 2 remains the newest" in again.text
    assert "remains" not in import_release([files["newer"]], "made-up", title="T").text
    assert sources()["made-up"].version == 2
    assert open_source("made-up", version=1).path.read_bytes() == before


def test_a_newer_version_imported_while_a_run_goes_on_is_not_used(
    files: dict[str, Path], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_release([files["older"]], "made-up", title="T")
    planned = open_source("made-up")
    pins = {name: source.version_id for name, source in sources().items()}
    monkeypatch.setenv(VERSIONS_VARIABLE, json.dumps(pins))
    import_release([files["newer"]], "made-up", title="T")
    assert (data_dir / "made-up" / "v002").is_dir()
    assert open_source("made-up") == planned
    assert [one.version for one in versions("made-up")] == [1]
    assert [one.version for one in versions("synthetic")] == [1, 2, 3]  # what ships is pinned whole
    monkeypatch.delenv(VERSIONS_VARIABLE)
    assert open_source("made-up").version == 2


def test_a_pinned_version_that_is_gone_or_another_one_by_now_is_refused(
    files: dict[str, Path], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_release([files["older"]], "made-up", title="T")
    pin = open_source("made-up").version_id
    monkeypatch.setenv(VERSIONS_VARIABLE, json.dumps({"made-up": pin}))
    shutil.rmtree(data_dir / "made-up" / "v001")
    with pytest.raises(InputError, match=f"'made-up' that this run is made from is gone.*no version.*{pin}.*again"):
        open_source("made-up")
    monkeypatch.delenv(VERSIONS_VARIABLE)
    import_release([files["newer"]], "made-up", title="T")
    other = open_source("made-up").version_id
    assert (other[:4], pin[:4]) == ("v001", "v001")
    monkeypatch.setenv(VERSIONS_VARIABLE, json.dumps({"made-up": pin}))
    with pytest.raises(InputError, match=f"is gone.*{other}.*expected {pin}"):
        open_source("made-up")
    assert open_source("fy2015").facts.detainers == 79_053


def test_weeks_are_hashed_when_they_are_first_asked_for_and_kept(files: dict[str, Path]) -> None:
    import_release([files["newer"]], "made-up", title="T")
    source = open_source("made-up")
    hashes = source.week_hashes()
    assert json.loads(source.path.with_name("weeks.json").read_text(encoding="utf-8")) == hashes
    assert open_source("made-up").week_hashes() == hashes
    source.path.with_name("scorecard.csv").unlink()
    assert len(open_source("made-up").detainers()) == source.facts.detainers


# Files.


def ways_to_give_twice(file: Path, tmp_path: Path) -> dict[str, list[Path]]:
    folder, copies = tmp_path / "folder", tmp_path / "copies"
    folder.mkdir()
    copies.mkdir()
    inside, copy, link = folder / "a.parquet", copies / "a.parquet", tmp_path / "link.parquet"
    inside.write_bytes(file.read_bytes())
    copy.write_bytes(file.read_bytes())
    link.symlink_to(inside)
    return {
        "the same path": [inside, inside],
        "two spellings": [inside, folder / ".." / "folder" / "a.parquet"],
        "a link": [inside, link],
        "a folder and a file of it": [folder, inside],
        "a copy of the same name": [inside, copy],
        "two folders": [folder, copies],
    }


@pytest.mark.parametrize("way", ["the same path", "two spellings", "a link", "a folder and a file of it"])
def test_a_file_given_twice_counts_once(files: dict[str, Path], tmp_path: Path, way: str) -> None:
    given = ways_to_give_twice(files["newer"], tmp_path)[way]
    rows = len(pd.read_parquet(files["newer"]))
    import_release(given, "made-up", title="T")
    assert len(open_source("made-up").detainers()) == rows
    assert import_release(given[:1], "made-up", title="T").version == 1
    assert int(check_release(given).set_index("check").loc["rows", "found"]) == rows


@pytest.mark.parametrize("way", ["a copy of the same name", "two folders"])
def test_a_copy_of_a_file_is_refused(files: dict[str, Path], tmp_path: Path, way: str) -> None:
    given = ways_to_give_twice(files["newer"], tmp_path)[way]
    for take in (lambda: import_release(given, "made-up", title="T"), lambda: check_release(given)):
        with pytest.raises(InputError, match=r"two files have the same \w+.*Leave one out"):
            take()
    assert versions("made-up") == []


def test_braces_in_the_name_of_a_file_stay_as_they_are(files: dict[str, Path], tmp_path: Path) -> None:
    braces = tmp_path / "FOIA {7F3A-22} x{declined.__class__}.parquet"
    braces.write_bytes(files["newer"].read_bytes())
    assert name_of(braces) == "foia-7f3a-22-x-declined"
    assert name_of(Path("Ä.csv.gz")) == "release"
    import_release([braces], "braces", title="{title} {0}")
    source = open_source("braces")
    assert (source.facts.title, source.cited["title"]) == ("{title} {0}", "{title} {0}")
    assert braces.name in source.origin.document
    assert set(source.detainers(["source_file"])["source_file"]) == {braces.name}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        import_release([tmp_path / "gone.xlsx"], "made-up", title="T")
    assert not data_folder().exists()


@pytest.mark.faults
def test_an_import_that_breaks_leaves_nothing(
    files: dict[str, Path], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_release([files["older"]], "made-up", title="T")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(OSError, match="No space left"):
        import_release([files["newer"]], "made-up", title="T")
    assert [path.name for path in (data_dir / "made-up").iterdir()] == ["v001"]


def test_an_import_that_a_check_stops_leaves_nothing(
    files: dict[str, Path], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*arguments: Any, **options: Any) -> pd.DataFrame:  # noqa: ANN401
        return scorecard(*arguments, **options).assign(level="stop")

    monkeypatch.setattr(imports, "scorecard", stopped)
    with pytest.raises(InputError, match="not imported: a check stops it"):
        import_release([files["newer"]], "made-up", title="T")
    assert not (data_dir / "made-up").exists()


def test_a_data_folder_that_cannot_be_written_is_told(files: dict[str, Path], data_dir: Path) -> None:
    data_dir.write_text("a file", encoding="utf-8")
    with pytest.raises(InputError, match=r"the data folder cannot be written: .*Give another with --data-dir"):
        import_release([files["newer"]], "made-up", title="T")


# Names.


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "hyphens."),
        ("../elsewhere", "Use 'elsewhere'."),
        ("a" * 41, f"Use {'a' * 40!r}."),
        ("-x", "Use 'x'."),
        ("ABC", "Use 'abc'."),
        ("March 2026!", "Use 'march-2026'."),
        ("Ä", "hyphens."),
    ],
)
def test_a_name_that_no_folder_can_carry_is_refused_with_the_nearest(
    files: dict[str, Path], name: str, told: str
) -> None:
    with pytest.raises(InputError, match="name of the source") as refusal:
        import_release([files["newer"]], name, title="T")
    assert str(refusal.value).endswith(told)
    assert not data_folder().exists()


@pytest.mark.parametrize("name", ["fy2015", "published-2017", "synthetic"])
def test_the_name_of_a_bundled_source_is_taken(files: dict[str, Path], name: str) -> None:
    with pytest.raises(InputError, match="a bundled source has that name"):
        import_release([files["newer"]], name, title=name)
    assert not data_folder().exists()


def test_a_check_compares_with_an_earlier_version(files: dict[str, Path]) -> None:
    import_release([files["older"]], "made-up", title="T")
    card = check_release([files["newer"]], previous="made-up")
    assert "previous_rows" in set(card["check"])
    assert set(card["level"]) <= {"pass", "warn", "stop"}
    with pytest.raises(InputError, match="no imported source"):
        check_release([files["newer"]], previous="nobody")
