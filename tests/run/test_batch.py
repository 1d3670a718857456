"""Planning, skipping and failing, without a kernel: the work of a report is replaced where it is not the point."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import DataCopy
from made_notebooks import tasks_of, write_notebook

from analysis.errors import InputError
from analysis.files import write_whole
from analysis.run import batch
from analysis.run.batch import run
from analysis.run.notebooks import find_notebook
from analysis.run.plan import Entry, Task, plan, read_manifest, what_is_due, write_manifest

BULLETIN, PUBLISHED = find_notebook("weekly_bulletin"), find_notebook("published_week")
STATE, OFFENCE = find_notebook("state_profile"), find_notebook("offence_profile")


def test_without_arguments_each_week_is_made_and_each_profile_once_a_source() -> None:
    tasks = plan([BULLETIN, PUBLISHED], source_names=["fy2015", "published-2017"])
    assert len({task.entry.folder for task in tasks}) == len(tasks) == 43 + 3
    folders = [task.entry.folder for task in plan([STATE, OFFENCE], source_names=["fy2015", "synthetic"])]
    expected = ["state_profile/fy2015/2015-06-20_TX", "state_profile/synthetic/2026-01-31_TX"]
    assert folders == [*expected, "offence_profile/synthetic/2026-01-31_DUI"]
    with pytest.raises(InputError, match="'fy2015' records no offences"):
        plan([OFFENCE], source_names=["fy2015"])


def test_weeks_states_and_offences_of_profiles_can_be_asked_for() -> None:
    asked: dict[str, Any] = {"source_names": ["synthetic"], "weeks": "2025-12-06:2025-12-13"}
    groups = plan([STATE, OFFENCE], offences=["DUI", "FRAUD"], **asked)
    ends = ["2025-12-06_DUI", "2025-12-06_FRAUD", "2025-12-13_DUI", "2025-12-13_FRAUD"]
    assert [task.entry.folder for task in groups] == [f"offence_profile/synthetic/{end}" for end in ends]
    states = plan([STATE, OFFENCE], states=["CA", "DC"], **asked)
    assert [task.entry.parameters["state"] for task in states] == ["CA", "DC"] * 2


def test_a_notebook_or_source_that_has_nothing_of_what_is_asked_for_is_left_out() -> None:
    tasks = plan([BULLETIN, STATE, PUBLISHED], source_names=["fy2015"], weeks="latest", states=["CA"])
    assert {task.entry.notebook for task in tasks} == {"state_profile"}
    tasks = plan([BULLETIN, PUBLISHED], source_names=["fy2015", "published-2017"], weeks="2017-02-04")
    assert [task.entry.folder for task in tasks] == ["published_week/published-2017/2017-02-04"]


def test_a_damaged_register_of_events_is_met_before_any_report(
    data_copy: DataCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.run.plan.bundled_folder", lambda name: data_copy.folder.parent / name)
    path = data_copy.folder / "reference" / "events.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("2017-02-01", "2017-02-31", 1), encoding="utf-8")
    with pytest.raises(InputError, match="a day as YYYY-MM-DD"):
        plan([BULLETIN], source_names=["fy2015"])


@pytest.mark.parametrize(
    ("names", "asked", "says"),
    [
        (["published_week", "methods"], {"source_names": ["synthetic"]}, "nothing to make"),
        (["published_week"], {"source_names": ["fy2015"]}, "'fy2015' has weeks by day issued.* Use published-2017"),
        (["published_week"], {"states": ["TX"]}, "published_week takes no state"),
        (["compare_releases"], {"source_names": ["fy2015"]}, "needs two versions of a source: found 'fy2015'"),
        (["weekly_bulletin"], {"source_names": ["fy2015"], "weeks": "1999-01-02"}, "1999-01-02"),
    ],
)
def test_nothing_to_make_is_an_error(names: list[str], asked: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        plan([find_notebook(name) for name in names], **asked)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the making of reports by writing one facts file; give the folders that were made."""
    folders: list[str] = []

    def make_all(tasks: Sequence[Task], out: Path, *_: object) -> Iterator[Entry]:
        for task in tasks:
            folders.append(task.entry.folder)
            content = json.dumps({"title": "T", "facts": {"issued": 10, "declined": 1}}).encode()
            write_whole(out / task.entry.folder / "facts.json", content)
            digest = hashlib.sha256(content).hexdigest()
            yield replace(task.entry, outcome="made", files={"facts.json": digest})

    monkeypatch.setattr(batch, "_make_all", make_all)
    return folders


def _tasks(weeks: str = "2015-01-03:2015-01-17") -> list[Task]:
    return plan([BULLETIN], source_names=["fy2015"], weeks=weeks)


def test_what_is_up_to_date_is_not_made_again(tmp_path: Path, made: list[str]) -> None:
    run(_tasks(), tmp_path, jobs=1)
    assert len(made) == 3
    run(_tasks(), tmp_path, jobs=1)
    assert len(made) == 3
    run(_tasks(), tmp_path, jobs=1, force=True)
    assert len(made) == 6


def counting_repeats(task: Task) -> Task:
    """Give the same report with repeats counted."""
    return replace(task, entry=replace(task.entry, parameters=task.entry.parameters | {"repeats": "counted"}))


def test_one_folder_holds_one_treatment_of_repeats(tmp_path: Path, made: list[str]) -> None:
    ours = plan([BULLETIN], source_names=["fy2015"], weeks="2015-04-04:2015-04-11")
    with pytest.raises(InputError, match=r"fy2015 that leave repeats out and that count them .* Give another folder"):
        run([ours[0], counting_repeats(ours[1])], tmp_path, jobs=1)
    assert not made
    run(ours[:1], tmp_path, jobs=1)
    for again in ours:  # the very report, whose earlier figures stand in the log of revisions, and another
        with pytest.raises(InputError, match="found 'weekly_bulletin/fy2015/2015-04-04 with repeats left out"):
            what_is_due([counting_repeats(again)], tmp_path)
    run(plan([BULLETIN], source_names=["synthetic"], weeks="2025-04-05"), tmp_path, jobs=1)  # of another source
    run([counting_repeats(task) for task in ours], tmp_path / "counted", jobs=1)
    assert len(made) == 4


def test_a_failure_keeps_the_earlier_report(tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    run(_tasks("2015-01-03"), tmp_path, jobs=1)
    earlier = read_manifest(tmp_path)[made[0]]

    def fail(tasks: Sequence[Task], *_: object) -> Iterator[Entry]:
        yield from (replace(task.entry, message="cell 3: KeyError: 'x'") for task in tasks)

    monkeypatch.setattr(batch, "_make_all", fail)
    results = run(_tasks("2015-01-03"), tmp_path, jobs=1, force=True)
    entry = results[made[0]]
    assert entry.outcome == "failed"
    assert entry.files == earlier.files
    assert [reason for reason, _ in what_is_due(_tasks("2015-01-03"), tmp_path)] == ["it failed"]


def test_those_that_took_longest_come_first(tmp_path: Path, made: list[str]) -> None:
    run(_tasks(), tmp_path, jobs=1)
    entries = read_manifest(tmp_path)
    took = dict(zip(sorted(entries), (1.0, 3.0, 2.0), strict=True))
    write_manifest(tmp_path, {name: replace(entry, seconds=took[name]) for name, entry in entries.items()})
    made.clear()
    run(_tasks("2015-01-03:2015-01-24"), tmp_path, jobs=1, force=True)
    first, second, third = sorted(entries)
    assert made == ["weekly_bulletin/fy2015/2015-01-24", second, third, first]


def test_two_runs_into_one_folder_keep_what_each_has_made(tmp_path: Path, made: list[str]) -> None:
    def meanwhile(_: str, __: Entry) -> None:
        run(_tasks("2015-01-10"), tmp_path, jobs=1)

    run(_tasks("2015-01-03"), tmp_path, jobs=1, report=meanwhile)
    assert {entry.parameters["week"] for entry in read_manifest(tmp_path).values()} == {"2015-01-03", "2015-01-10"}


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_made(tmp_path: Path, made: list[str]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="the folder of reports cannot be written"):
        run(_tasks("2015-01-03"), tmp_path / "file" / "reports", jobs=1)
    assert made == []


@pytest.mark.slow
def test_a_kernel_is_told_the_version_of_each_source_that_its_report_was_planned_with(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "told.ipynb", "import os\nprint(os.environ['DECLINES_VERSIONS'])")
    (task,) = tasks_of([path])
    (entry,) = run([replace(task, versions={"mine": "v002"})], tmp_path / "out", jobs=1).values()
    cells = json.loads((tmp_path / "out" / entry.folder / "notebook.ipynb").read_text())["cells"]
    shown = [output.get("text") for cell in cells for output in cell.get("outputs", [])]
    assert ['{"mine": "v002"}\n'] in shown
