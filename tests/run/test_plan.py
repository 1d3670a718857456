"""What is planned, what makes a report or the index anew, and how a run goes on; most of it without a kernel."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import DataCopy
from made_notebooks import tasks_of, write_notebook
from made_up_site import add_report, by_state_csv
from synthetic import generate, write_release

from analysis.errors import InputError
from analysis.load.imports import import_release
from analysis.load.reference import bundled_folder
from analysis.run import batch
from analysis.run import plan as plan_module
from analysis.run.batch import run
from analysis.run.plan import Entry, Task, index_is_due, plan, read_manifest, what_is_due, write_manifest
from analysis.run.site import Settings, write_index

NAMES = ("weekly_bulletin", "published_week", "release_quality")
BULLETIN, PUBLISHED = plan_module.find_notebook("weekly_bulletin"), plan_module.find_notebook("published_week")
STATE, OFFENCE = plan_module.find_notebook("state_profile"), plan_module.find_notebook("offence_profile")
Change = Callable[[Path], object]


def test_without_arguments_each_week_is_made_and_each_profile_once_a_source() -> None:
    tasks = plan([BULLETIN, PUBLISHED], source_names=["fy2015", "published-2017"])
    assert len({task.entry.folder for task in tasks}) == len(tasks) == 43 + 3
    folders = [task.entry.folder for task in plan([STATE, OFFENCE], source_names=["fy2015", "synthetic"])]
    expected = ["state_profile/fy2015/2015-06-20_TX", "state_profile/synthetic/2026-01-31_TX"]
    assert folders == [*expected, "offence_profile/synthetic/2026-01-31_DUI"]


def test_weeks_states_and_offences_can_be_asked_for_and_what_has_nothing_of_them_is_left_out() -> None:
    asked: dict[str, Any] = {"source_names": ["synthetic"], "weeks": "2025-12-06:2025-12-13"}
    groups = plan([STATE, OFFENCE], offences=["DUI", "FRAUD"], **asked)
    ends = ["2025-12-06_DUI", "2025-12-06_FRAUD", "2025-12-13_DUI", "2025-12-13_FRAUD"]
    assert [task.entry.folder for task in groups] == [f"offence_profile/synthetic/{end}" for end in ends]
    states = plan([BULLETIN, STATE, OFFENCE], states=["CA", "DC"], **asked)
    assert [task.entry.parameters["state"] for task in states] == ["CA", "DC"] * 2
    tasks = plan([BULLETIN, PUBLISHED], source_names=["fy2015", "published-2017"], weeks="2017-02-04")
    assert [task.entry.folder for task in tasks] == ["published_week/published-2017/2017-02-04"]


def test_a_damaged_register_of_events_is_met_before_any_report(data_copy: DataCopy) -> None:
    data_copy.replace("reference/events.csv", "2017-02-01", "2017-02-31")
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
        (["offence_profile"], {"source_names": ["fy2015"]}, "'fy2015' records no offences"),
    ],
)
def test_nothing_to_make_is_an_error(names: list[str], asked: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        plan([plan_module.find_notebook(name) for name in names], **asked)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make every report in no time, files that say nothing; give the folders that were made."""
    folders: list[str] = []

    def make_all(tasks: Sequence[Task], out: Path, *_: object) -> Iterator[Entry]:
        for task in tasks:
            folders.append(task.entry.folder)
            files = add_report(out, {}, task.entry.notebook, task.entry.source, task.entry.parameters).files
            yield replace(task.entry, outcome="made", files=files)

    monkeypatch.setattr(batch, "_make_all", make_all)
    return folders


def _due(tasks: Sequence[Task], out: Path, **how: bool) -> dict[str, str]:
    """Give why reports are due, by folder."""
    return {task.entry.folder: reason for reason, task in what_is_due(tasks, out, **how) if reason}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_copy: DataCopy, made: list[str]) -> Path:
    """Copy the package's modules, data and notebooks, and make every report of two weeks and sources."""
    ignored = shutil.ignore_patterns("__pycache__", "_bundled")
    shutil.copytree(plan_module.PACKAGE, tmp_path / "analysis", ignore=ignored)
    shutil.copytree(bundled_folder("notebooks"), tmp_path / "notebooks")
    monkeypatch.setattr(plan_module, "PACKAGE", tmp_path / "analysis")
    monkeypatch.setattr(plan_module, "TEMPLATES", tmp_path / "analysis" / "run" / "templates")
    monkeypatch.setattr(plan_module, "bundled_folder", lambda name: tmp_path / name)
    run(_tasks(tmp_path), tmp_path / "reports", jobs=1)
    return tmp_path


def _tasks(project: Path, png: bool = False) -> list[Task]:
    plan_module.folder_sha256.cache_clear()
    plan_module.libraries.cache_clear()
    bulletin, published, quality = (
        plan_module.read_notebook(project / "notebooks" / f"{name}.ipynb") for name in NAMES
    )
    weekly = plan([bulletin], source_names=["fy2015"], weeks="2015-01-03:2015-01-10", png=png)
    return weekly + plan([quality], source_names=["fy2015"], png=png) + plan([published], png=png)


def _in_notebook(name: str, number: int, **values: object) -> Change:
    def change(project: Path) -> None:
        path = project / "notebooks" / f"{name}.ipynb"
        content = json.loads(path.read_text(encoding="utf-8"))
        content["cells"][number].update(values)
        path.write_text(json.dumps(content), encoding="utf-8")

    return change


def _add_line(name: str) -> Change:
    return lambda project: (project / name).write_text((project / name).read_text(encoding="utf-8") + "\n# x\n")


CHANGES: list[tuple[Change, set[str]]] = [
    (lambda project: None, set()),
    (_in_notebook("weekly_bulletin", -1, source="1 + 1"), {"weekly_bulletin"}),
    (_in_notebook("release_quality", -1, metadata={"tags": ["t"]}), {"release_quality"}),
    (_in_notebook("release_quality", 0, source="# Another title"), {"release_quality"}),
    (_in_notebook("published_week", -1, outputs=[], execution_count=None), set()),
    (_add_line("analysis/run/templates/style.css"), {*NAMES}),
    (_add_line("analysis/stats/published.py"), {*NAMES}),
    (_add_line("data/reference/lift_reasons.csv.origin.yml"), {*NAMES}),
    (_add_line("data/published_reports/policies.csv.origin.yml"), {"published_week"}),
    (lambda project: (project / "data" / "unused.csv").write_text("a\n1\n"), set()),
]


def test_a_change_makes_due_what_follows_from_it_and_nothing_else(project: Path) -> None:
    for number, (change, due) in enumerate(CHANGES):
        change(project)
        tasks = _tasks(project)
        assert {folder.split("/")[0] for folder in _due(tasks, project / "reports")} == due, f"change {number}"
        run(tasks, project / "reports", jobs=1)
        assert _due(tasks, project / "reports") == {}
    _add_line("data/published_reports/corrections.csv")(project)
    with pytest.raises(InputError, match=r"corrections\.csv"):  # of what is due, bad input is met before a report
        _due(_tasks(project), project / "reports")


def test_what_changed_is_named_a_deleted_file_is_seen_and_an_edited_one_where_that_is_asked_for(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks, out = _tasks(project), project / "reports"
    assert {*_due(_tasks(project, png=True), out).values()} == {"changed: its parameters"}
    first, second, *_ = read_manifest(out)
    (out / first / "report.html").unlink()
    (out / second / "facts.json").write_bytes(b"[]")
    gone = {first: "no longer as it was written: report.html"}
    assert _due(tasks, out) == gone
    assert _due(tasks, out, verify=True) == gone | {second: "no longer as it was written: facts.json"}
    monkeypatch.setattr(plan_module, "version", lambda name: {"matplotlib": "99"}.get(name, version(name)))
    assert {*_due(_tasks(project), out).values()} == {f"changed: matplotlib {version('matplotlib')} → 99"}


FIRST, LAST = date(2025, 3, 1), date(2025, 6, 27)


@pytest.fixture
def import_until(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[date, date], None]:
    """Give what imports the same made-up release up to a day, as extracted on another."""
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "imported"))
    made = generate(5, detainers=2000, first_day=FIRST, last_day=LAST, extracted_on=date(2025, 7, 10)).release

    def import_until(last: date, extracted: date) -> None:
        path = tmp_path / f"{last}.parquet"
        write_release(made[pd.to_datetime(made.iloc[:, 0]) <= pd.Timestamp(last)], path)
        import_release([path], "made-up", title="T", extracted_on=extracted)

    return import_until


TWO_STATES = ((LAST - timedelta(weeks=1), date(2025, 7, 3)), (LAST, date(2025, 7, 10)))
Importing = Callable[[date, date], None]


def test_a_release_that_only_adds_a_week_makes_due_the_weeks_that_it_changes(
    tmp_path: Path, made: list[str], import_until: Importing
) -> None:
    probe = plan_module.read_notebook(write_notebook(tmp_path / "probe.ipynb", reads="weeks until this one"))
    found = []
    for last, extracted in TWO_STATES:
        import_until(last, extracted)
        tasks = plan([probe], source_names=["made-up"])
        found.append([folder[-10:] for folder in _due(tasks, tmp_path / "reports")])
        run(tasks, tmp_path / "reports", jobs=1)
        assert _due(tasks, tmp_path / "reports") == {}
    assert len(found[0]) == 16
    assert found[1] == ["2025-05-31", "2025-06-07", "2025-06-14", "2025-06-21"]


@pytest.mark.slow
def test_a_report_that_is_up_to_date_counts_what_it_would_count_if_it_were_made_anew(
    tmp_path: Path, import_until: Importing
) -> None:
    out, said = tmp_path / "reports", list[dict[str, str]]()
    for last, extracted in TWO_STATES:
        import_until(last, extracted)
        tasks = plan([BULLETIN], source_names=["made-up"], weeks="2025-05-24")
        assert [reason for reason, _ in what_is_due(tasks, out)] == ["" if said else "it was never made"]
        (entry,) = run(tasks, out, jobs=1, force=True).values()
        assert entry.outcome == "made", entry.message
        counted = ("key_figures", "weekly_counts", "by_state", "comparisons", "by_offence")
        said.append({name: (out / entry.folder / "tables" / f"{name}.csv").read_text() for name in counted})
    assert said[0] == said[1]


@pytest.mark.slow
def test_a_newer_version_that_comes_while_a_run_goes_on_waits_for_the_next(
    tmp_path: Path, import_until: Importing
) -> None:
    cell = "from analysis.load.sources import open_source\nsheet.know(file=open_source(source, clock='issued').sha256)"
    probe = plan_module.read_notebook(write_notebook(tmp_path / "probe.ipynb", cell))
    import_until(*TWO_STATES[0])
    read = set()
    for number in ("v001", "v002"):
        (task,) = plan([probe], source_names=["made-up"], weeks="2025-05-24")
        if number == "v001":
            import_until(*TWO_STATES[1])
        assert task.versions["made-up"].startswith(number)
        (entry,) = run([task], tmp_path / "out", jobs=1).values()
        assert entry.outcome == "made", entry.message
        read.add(json.loads((tmp_path / "out" / entry.folder / "facts.json").read_text())["facts"]["file"])
        assert task.entry.source_sha256 == entry.source_sha256 in read
    assert len(read) == 2


@pytest.mark.slow
def test_a_kernel_is_told_the_version_of_each_source_that_its_report_was_planned_with(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "told.ipynb", "import os\nprint(os.environ['DECLINES_VERSIONS'])")
    (task,) = tasks_of([path])
    (entry,) = run([replace(task, versions={"mine": "v002"})], tmp_path / "out", jobs=1).values()
    cells = json.loads((tmp_path / "out" / entry.folder / "notebook.ipynb").read_text())["cells"]
    shown = [output.get("text") for cell in cells for output in cell.get("outputs", [])]
    assert ['{"mine": "v002"}\n'] in shown


def _bulletins(weeks: str = "2015-01-03:2015-01-17", source: str = "fy2015") -> list[Task]:
    return plan([BULLETIN], source_names=[source], weeks=weeks)


def test_what_is_up_to_date_is_not_made_again_and_those_that_took_longest_come_first(
    tmp_path: Path, made: list[str]
) -> None:
    for force, number in ((False, 3), (False, 3), (True, 6)):
        run(_bulletins(), tmp_path, jobs=1, force=force)
        assert len(made) == number
    entries = read_manifest(tmp_path)
    first, second, third = sorted(entries)
    took = {first: 1.0, second: 3.0, third: 2.0}
    write_manifest(tmp_path, {name: replace(entry, seconds=took[name]) for name, entry in entries.items()})
    made.clear()
    run(_bulletins("2015-01-03:2015-01-24"), tmp_path, jobs=1, force=True)
    assert made == ["weekly_bulletin/fy2015/2015-01-24", second, third, first]


def test_one_folder_holds_one_treatment_of_repeats(tmp_path: Path, made: list[str]) -> None:
    ours = _bulletins("2015-04-04:2015-04-11")
    parameters = [task.entry.parameters | {"repeats": "counted"} for task in ours]
    with_repeats = [
        replace(task, entry=replace(task.entry, parameters=these)) for task, these in zip(ours, parameters, strict=True)
    ]
    with pytest.raises(InputError, match=r"fy2015 that leave repeats out and that count them .* Give another folder"):
        run([ours[0], with_repeats[1]], tmp_path, jobs=1)
    assert not made
    run(ours[:1], tmp_path, jobs=1)
    for again in with_repeats:  # the very report, whose earlier figures stand in the log of revisions, and another
        with pytest.raises(InputError, match="found 'weekly_bulletin/fy2015/2015-04-04 with repeats left out"):
            what_is_due([again], tmp_path)
    run(_bulletins("2025-04-05", "synthetic"), tmp_path, jobs=1)  # of another source
    run(with_repeats, tmp_path / "counted", jobs=1)
    assert len(made) == 4


def test_a_failure_keeps_the_earlier_report(tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = _bulletins("2015-01-03")
    (earlier,) = run(tasks, tmp_path, jobs=1).values()

    def fail(tasks: Sequence[Task], *_: object) -> Iterator[Entry]:
        yield from (replace(task.entry, message="cell 3: KeyError: 'x'") for task in tasks)

    monkeypatch.setattr(batch, "_make_all", fail)
    (entry,) = run(tasks, tmp_path, jobs=1, force=True).values()
    assert (entry.outcome, entry.files) == ("failed", earlier.files)
    assert _due(tasks, tmp_path) == {entry.folder: "it failed"}


def test_two_runs_into_one_folder_keep_what_each_has_made(tmp_path: Path, made: list[str]) -> None:
    first, second = _bulletins("2015-01-03"), _bulletins("2015-01-10")

    def meanwhile(_: str, __: Entry) -> None:
        run(second, tmp_path, jobs=1)

    run(first, tmp_path, jobs=1, report=meanwhile)
    assert {entry.parameters["week"] for entry in read_manifest(tmp_path).values()} == {"2015-01-03", "2015-01-10"}


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_made(tmp_path: Path, made: list[str]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="the folder of reports cannot be written"):
        run(_bulletins("2015-01-03"), tmp_path / "file" / "reports", jobs=1)
    assert made == []


def test_a_kill_while_the_index_is_written_leaves_one_that_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries: dict[str, Entry] = {}
    tables = {"by_state": by_state_csv()}
    add_report(tmp_path, entries, "weekly_bulletin", "fy2015", {"week": "2025-01-04"}, tables=tables)
    write_manifest(tmp_path, entries)
    assert index_is_due(tmp_path, None)
    write_index(tmp_path, entries)
    assert not index_is_due(tmp_path, None)
    assert index_is_due(tmp_path, Settings(title="Another"))
    write_manifest(tmp_path, {folder: replace(entry, seconds=1.0) for folder, entry in entries.items()})

    def kill(path: Path, content: bytes) -> None:
        if path.name == "index.html":
            raise KeyboardInterrupt
        path.write_bytes(content)

    with monkeypatch.context() as patch:
        patch.setattr("analysis.run.site.write_whole", kill)
        with pytest.raises(KeyboardInterrupt):
            write_index(tmp_path, read_manifest(tmp_path))
    assert index_is_due(tmp_path, None)
    write_index(tmp_path, {})
    assert not list(tmp_path.glob("states/*.html")), "the pages of before are known"


@pytest.mark.parametrize("text", ['{"reports": [{"folder"', '{"reports": [{"folder": "a", "rows_sha256": ""}]}'])
def test_a_manifest_that_is_damaged_or_of_another_form_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=r"manifest\.json: the manifest is damaged, or of another version.*Delete it"):
        read_manifest(tmp_path)
