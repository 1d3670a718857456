"""Importing a release: once, checked, in versions, nothing half-written. All rows here are SYNTHETIC."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.load.duplicates import is_repeat
from analysis.load.quality import scorecard
from analysis.load.snapshots import extraction_days
from analysis.load.sources import bundled_sources, open_source, sources
from analysis.load.store import data_folder, find_version, imported_names, read_parts, read_stored, versions_of
from analysis.load.synthetic import generate, write_release
from analysis.load.table import NAMES
from analysis.run import imports
from analysis.run.imports import check_release, import_release, name_of
from analysis.run.slices import week_hashes
from analysis.show.sentences import NOT_EXTRACTED, extraction_facts

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


def test_a_release_of_which_no_offence_is_known_is_a_source_without_offences(
    files: dict[str, Path], tmp_path: Path
) -> None:
    release = pd.read_parquet(files["newer"])
    named = [column for column in release if "MSC" in column.upper() or "CRIM" in column.upper()]
    assert named
    blank = tmp_path / "blank.csv"
    release.assign(**dict.fromkeys(named)).to_csv(blank, index=False)
    import_release([blank], "blank", title="SYNTHETIC, no offence", extracted_on=EXTRACTED)
    assert not open_source("blank", clock="issued").facts.offences


def test_an_import_becomes_a_source(files: dict[str, Path]) -> None:
    done = import_release([files["newer"]], "made-up", title="A made-up release", extracted_on=EXTRACTED)
    assert (done.name, done.version) == ("made-up", 1)
    source = open_source("made-up", clock="issued")
    assert source.facts.synthetic
    assert source.facts.offences
    assert source.facts.extracted_on == EXTRACTED
    table = source.detainers()
    assert list(table.columns[: len(NAMES)]) == list(NAMES)
    assert len(table) == source.facts.detainers
    assert table["issued_on"].is_monotonic_increasing


def test_a_release_with_invented_facilities_is_made_up_whatever_the_others_are_called(
    files: dict[str, Path], tmp_path: Path
) -> None:
    made = pd.read_parquet(files["newer"])
    (agency,) = [column for column in made if made[column].astype(str).str.startswith("SAMPLE COUNTY").any()]
    names = made[agency].astype("str")
    renamed = tmp_path / "renamed.csv"
    made.assign(**{agency: names.where(names == names[0], "COOK COUNTY JAIL")}).to_csv(renamed, index=False)
    import_release([renamed], "renamed", title="T", extracted_on=EXTRACTED)
    assert open_source("renamed", clock="issued").facts.synthetic


def test_a_release_is_cited_as_its_publisher_asks_and_a_made_up_one_is_not(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import_release([files["newer"]], "made-up", title="T")
    assert "citation" not in open_source("made-up", clock="issued").cited
    monkeypatch.setattr(imports, "is_synthetic", lambda _: False)
    import_release([files["newer"]], "as-if-real", title="T")
    assert "Deportation Data Project" in open_source("as-if-real", clock="issued").cited["citation"]
    assert all("citation" not in source.cited for source in bundled_sources().values())


def test_the_day_of_extraction_is_given_or_read_and_else_not_known(files: dict[str, Path], tmp_path: Path) -> None:
    named = tmp_path / "detainers_20250711.parquet"
    named.write_bytes(files["newer"].read_bytes())
    import_release([files["newer"]], "unsaid", title="T")
    import_release([named], "named", title="T", today=date(2025, 12, 1))
    import_release([named], "given", title="T", extracted_on=EXTRACTED)
    found = {name: source.facts for name, source in sources().items()}
    newest = pd.read_csv(versions_of("unsaid")[-1].path.with_name("scorecard.csv"), index_col="check")["found"]
    assert (found["unsaid"].extracted_known, str(found["unsaid"].extracted_on)) == (False, newest["newest_day"])
    assert (found["named"].extracted_known, found["named"].extracted_on) == (True, date(2025, 7, 11))
    assert (found["given"].extracted_known, found["given"].extracted_on) == (True, EXTRACTED)
    assert newest["extraction"] == "not known"
    assert versions_of("unsaid")[-1].origin.document_date == "not known"
    assert extraction_facts(found["unsaid"]) == {"extracted_on": None, "extracted_words": NOT_EXTRACTED}
    assert extraction_facts(found["named"])["extracted_words"] == "extracted on 11 July 2025"
    assert list(extraction_days("unsaid").values()) == [None]
    assert "future_days" in set(check_release([named], today=date(2025, 12, 1))["check"])
    assert "extraction" in set(check_release([named], today=date(2025, 7, 10))["check"])


def test_the_same_file_again_is_no_new_version(files: dict[str, Path], tmp_path: Path) -> None:
    import_release([files["newer"]], "made-up", title="T")
    renamed = tmp_path / "renamed.parquet"
    renamed.write_bytes(files["newer"].read_bytes())
    again = import_release([renamed], "made-up", title="T")
    assert again.version == 1
    assert "same files" in again.text
    assert len(versions_of("made-up")) == 1


def test_a_newer_file_is_a_new_version_and_the_old_one_stays(files: dict[str, Path]) -> None:
    import_release([files["older"]], "made-up", title="T")
    before = find_version("made-up", 1).path.read_bytes()
    done = import_release([files["newer"]], "made-up", title="T")
    assert done.version == 2
    again = import_release([files["older"]], "made-up", title="T")
    assert again.version == 1
    assert "version 1 was made from the same files; version 2 remains the newest" in again.text
    assert "remains" not in import_release([files["newer"]], "made-up", title="T").text
    assert sources()["made-up"].version == 2
    assert find_version("made-up", 1).path.read_bytes() == before
    with pytest.raises(InputError, match=r"has no version 3\. It has 1, 2"):
        find_version("made-up", 3)


def test_only_the_days_and_columns_wanted_are_read(files: dict[str, Path]) -> None:
    import_release([files["newer"]], "made-up", title="T")
    path = versions_of("made-up")[-1].path
    whole = read_stored(path)
    part = read_stored(path, ["issued_on", "state"], date(2025, 3, 1), date(2025, 3, 7))
    assert list(part.columns) == ["issued_on", "state"]
    wanted = whole["issued_on"].between(pd.Timestamp("2025-03-01"), pd.Timestamp("2025-03-07"))
    pd.testing.assert_series_equal(
        part["state"].astype(str).reset_index(drop=True), whole.loc[wanted, "state"].astype(str).reset_index(drop=True)
    )


def test_read_in_parts_it_is_the_same_release(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.load.store.ROW_GROUP", 300)
    import_release([files["newer"]], "made-up", title="T")
    source = sources()["made-up"]
    parts, whole = list(source.parts()), source.detainers()
    assert len(parts) > 2
    assert max(map(len, parts)) <= 300
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True).astype(str), whole.astype(str))
    assert week_hashes(parts) == week_hashes([whole])
    assert len(list(sources()["fy2015"].parts())) == 1


@pytest.mark.parametrize("columns", [None, ["state", "detainers"]])
def test_rows_that_repeat_others_are_read_or_not(files: dict[str, Path], columns: list[str] | None) -> None:
    import_release([files["newer"]], "made-up", title="T")
    stored = sources()["made-up"]
    for source in (stored, sources()["synthetic"]):
        whole = source.detainers(last=date(2025, 2, 28))
        once = ~is_repeat(whole["duplicate"])
        found = source.detainers(columns, last=date(2025, 2, 28), repeats=False).reset_index(drop=True)
        pd.testing.assert_frame_equal(found, whole.loc[once, columns or list(whole)].reset_index(drop=True))
        assert source is not stored or 0 < once.sum() < len(whole)


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

    monkeypatch.setattr("analysis.run.imports.scorecard", stopped)
    with pytest.raises(InputError, match="not imported: a check stops it"):
        import_release([files["newer"]], "made-up", title="T")
    assert list((data_dir / "made-up").iterdir()) == []


def test_an_import_leaves_no_thread(files: dict[str, Path]) -> None:
    before = threading.enumerate()
    import_release([files["newer"]], "made-up", title="T")
    assert threading.enumerate() == before


def test_a_damaged_store_is_named(files: dict[str, Path]) -> None:
    import_release([files["newer"]], "made-up", title="T")
    path = versions_of("made-up")[-1].path
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"detainers\.parquet"):
        read_stored(path)
    with pytest.raises(InputError, match=r"detainers\.parquet"):
        week_hashes(read_parts(path))
    with pytest.raises(InputError, match="not the one its origin file describes"):
        open_source("made-up", clock="issued").check()


@pytest.mark.parametrize("name", ["", "Made Up", "../elsewhere", "a" * 41, "-x"])
def test_a_name_that_no_folder_can_carry(files: dict[str, Path], name: str) -> None:
    with pytest.raises(InputError, match="name of the source"):
        import_release([files["newer"]], name, title="T")
    assert imported_names() == []


@pytest.mark.parametrize("name", ["fy2015", "published-2017", "synthetic"])
def test_the_name_of_a_bundled_source_is_taken(files: dict[str, Path], name: str) -> None:
    with pytest.raises(InputError, match="a bundled source has that name"):
        import_release([files["newer"]], name, title=name)
    assert imported_names() == []


def test_the_nearest_name_that_can_be_used_is_told(files: dict[str, Path]) -> None:
    for given, told in (("ABC", "Use 'abc'."), ("March 2026!", "Use 'march-2026'."), ("Ä", "hyphens.")):
        with pytest.raises(InputError) as refusal:
            import_release([files["newer"]], given, title="T")
        assert str(refusal.value).endswith(told)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        import_release([tmp_path / "gone.xlsx"], "made-up", title="T")
    assert not data_folder().exists()


def test_a_check_compares_with_an_earlier_version(files: dict[str, Path]) -> None:
    import_release([files["older"]], "made-up", title="T")
    card = check_release([files["newer"]], previous="made-up")
    assert set(card["level"]) <= {"pass", "warn", "stop"}
    with pytest.raises(InputError, match="no imported source"):
        check_release([files["newer"]], previous="nobody")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("2026-ICLI-00005_Detainers_FY26.xlsx", "2026-icli-00005-detainers-fy26"),
        ("Ä.csv", "release"),
        ("a.csv.gz", "a"),
    ],
)
def test_a_name_is_made_from_a_files(file: str, name: str) -> None:
    assert name_of(Path(file)) == name
