"""Files and folders that stand whole, whatever is cut off; one process at a time; what the dead left goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from filelock import FileLock

from analysis.cli import main
from analysis.errors import InputError
from analysis.files import HOLDER, LOCK, locked, scratch_folder, sweep, write_folder, write_whole

OLD, NEW = {"a": b"old", "b/c": b"old"}, {"a": b"new"}


def stands(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(tmp_path / "r", OLD)
    write_whole(tmp_path / "r" / "mine", b"a reader's own")
    return tmp_path / "r"


def test_a_folder_takes_the_place_of_another_but_for_a_readers_own_files(folder: Path) -> None:
    write_folder(folder, NEW, OLD)
    assert stands(folder.parent) == {"r/a": b"new", "r/mine": b"a reader's own"}


@pytest.mark.parametrize("step", [0, 1])
def test_cut_off_at_a_step_a_folder_stands_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    steps, rename, before = iter(range(9)), Path.rename, stands(folder.parent)

    def fail(path: Path, to: Path) -> Path:
        if next(steps) == step:
            raise OSError("disk full")
        return rename(path, to)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fail)
        with pytest.raises(OSError, match="disk full"):
            write_folder(folder, NEW, OLD)
    assert stands(folder.parent) == before
    folder.rename(folder.with_name(".r.declines-old"))  # as a kill between the two steps leaves it
    write_whole(folder.with_name(".r.declines-new") / "a", b"new")
    write_whole(folder.with_name(".index.html.declines-0a"), b"half")
    sweep(folder.parent)
    assert stands(folder.parent) == before


def test_a_second_process_is_told_who_is_at_work_since_when(tmp_path: Path) -> None:
    told = {"pid": 7, "host": "desk", "since": "2026-11-30 06:00:00+00:00"}
    with FileLock(tmp_path / f".ice{LOCK}"):
        for content, says in ((json.dumps(told), "process 7 on desk since 2026-11-30 06:00"), ("{", "does not say")):
            (tmp_path / f".ice{HOLDER}").write_text(content)
            with (
                pytest.raises(InputError, match=rf"ice: another run writes here: found .*{says}.*--wait"),
                locked(tmp_path, "ice"),
            ):
                pass
    with locked(tmp_path, "ice") as killed:  # a lock of a dead process does not block
        assert killed
        assert json.loads((tmp_path / f".ice{HOLDER}").read_text())["pid"] != 7
        with locked(tmp_path, "ice") as again, locked(tmp_path, "other") as other:
            assert (again, other) == (None, False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("", ["run", "published_week", "--weeks", "2017-02-04", "--out"]),
        (".ice", ["import", __file__, "--name", "ice", "--title"]),
    ],
)
def test_a_second_run_or_import_ends_with_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, arguments: list[str]
) -> None:
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path))
    with FileLock(tmp_path / f"{name}{LOCK}"):
        told = CliRunner().invoke(main, [*arguments, str(tmp_path)])
    assert (told.exit_code, "another run writes here" in told.output) == (2, True), told.output


def test_temporary_folders_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    (tmp_path / "run-dead" / "deep").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    with scratch_folder(tmp_path, "run-") as first, scratch_folder(tmp_path, "run-") as second:
        assert sorted(tmp_path.iterdir()) == sorted([tmp_path / "mine", first, second])
    assert [*tmp_path.iterdir()] == [tmp_path / "mine"]
