"""What makes a report or the index anew: one thing changes, and just what follows from it is due."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
from conftest import DataCopy
from made_notebooks import write_notebook
from made_up_site import add_report, by_state_csv
from synthetic import generate, write_release

from analysis.errors import InputError
from analysis.load.imports import import_release
from analysis.load.reference import bundled_folder
from analysis.run import batch
from analysis.run import plan as plan_module
from analysis.run.batch import run
from analysis.run.notebooks import find_notebook, read_notebook
from analysis.run.plan import Entry, Task, index_is_due, plan, read_manifest, what_is_due, write_manifest
from analysis.run.site import Settings, write_index

NAMES = ("weekly_bulletin", "published_week", "release_quality")
Change = Callable[[Path], object]
ALL = {*NAMES}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every report in no time: files that say nothing."""

    def make_all(tasks: Sequence[Task], out: Path, *_: object) -> Iterator[Entry]:
        for task in tasks:
            files = add_report(out, {}, task.entry.notebook, task.entry.source, task.entry.parameters).files
            yield replace(task.entry, outcome="made", files=files)

    monkeypatch.setattr(batch, "_make_all", make_all)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_copy: DataCopy, made: None) -> Path:
    """Copy the package's modules, data and notebooks, and make every report of two weeks and sources."""
    ignored = shutil.ignore_patterns("__pycache__", "_bundled")
    shutil.copytree(plan_module.PACKAGE, tmp_path / "analysis", ignore=ignored)
    shutil.copytree(bundled_folder("notebooks"), tmp_path / "notebooks")
    monkeypatch.setattr(plan_module, "PACKAGE", tmp_path / "analysis")
    monkeypatch.setattr(plan_module, "TEMPLATES", tmp_path / "analysis" / "run" / "templates")
    monkeypatch.setattr(plan_module, "bundled_folder", lambda name: tmp_path / name)
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "imported"))
    run(_tasks(tmp_path), tmp_path / "reports", jobs=1)
    return tmp_path


def _tasks(project: Path, png: bool = False) -> list[Task]:
    plan_module.folder_sha256.cache_clear()
    plan_module.libraries.cache_clear()
    bulletin, published, quality = (read_notebook(project / "notebooks" / f"{name}.ipynb") for name in NAMES)
    weekly = plan([bulletin], source_names=["fy2015"], weeks="2015-01-03:2015-01-10", png=png)
    return weekly + plan([quality], source_names=["fy2015"], png=png) + plan([published], png=png)


def _due(project: Path) -> set[str]:
    """Give the notebooks of which reports are due."""
    return {task.entry.notebook for reason, task in what_is_due(_tasks(project), project / "reports") if reason}


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
    (_add_line("analysis/run/templates/style.css"), ALL),
    (_add_line("analysis/stats/published.py"), ALL),
    (_add_line("data/reference/lift_reasons.csv.origin.yml"), ALL),
    (_add_line("data/published_reports/policies.csv.origin.yml"), {"published_week"}),
    (lambda project: (project / "data" / "unused.csv").write_text("a\n1\n"), set()),
]


def test_a_change_makes_due_what_follows_from_it_and_nothing_else(project: Path) -> None:
    for number, (change, due) in enumerate(CHANGES):
        change(project)
        assert _due(project) == due, f"change {number}"
        run(_tasks(project), project / "reports", jobs=1)
        assert _due(project) == set()


def test_what_changed_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reasons(png: bool = False) -> set[str]:
        return {reason for reason, _ in what_is_due(_tasks(project, png), project / "reports")}

    assert reasons(png=True) == {"changed: its parameters"}
    monkeypatch.setattr(plan_module, "version", lambda name: {"matplotlib": "99"}.get(name, version(name)))
    assert reasons() == {f"changed: matplotlib {version('matplotlib')} → 99"}


def test_an_output_that_was_deleted_is_seen_and_one_that_was_edited_where_that_is_asked_for(project: Path) -> None:
    out = project / "reports"
    first, second, *_ = read_manifest(out)
    (out / first / "report.html").unlink()
    (out / second / "facts.json").write_bytes(b"[]")

    def due(verify: bool) -> dict[str, str]:
        ahead = what_is_due(_tasks(project), out, verify=verify)
        return {task.entry.folder: reason for reason, task in ahead if reason}

    assert due(verify=False) == {first: "no longer as it was written: report.html"}
    assert due(verify=True) == due(verify=False) | {second: "no longer as it was written: facts.json"}


FIRST, LAST = date(2025, 1, 4), date(2025, 6, 27)


def _import(folder: Path, last: date, extracted: date) -> None:
    """Import the same made-up release up to a day."""
    made = generate(5, detainers=3000, first_day=FIRST, last_day=LAST, extracted_on=date(2025, 7, 10)).release
    path = folder / f"{last}.parquet"
    write_release(made[pd.to_datetime(made.iloc[:, 0]) <= pd.Timestamp(last)], path)
    import_release([path], "made-up", title="T", extracted_on=extracted)


def test_a_release_that_only_adds_a_week_makes_due_the_weeks_that_it_changes(project: Path, tmp_path: Path) -> None:
    def weeks_due() -> list[str]:
        path = write_notebook(project / "probe.ipynb", reads="weeks until this one")
        tasks = plan([read_notebook(path)], source_names=["made-up"])
        due = what_is_due(tasks, project / "reports")
        run(tasks, project / "reports", jobs=1)
        return [task.entry.parameters["week"] for reason, task in due if reason]

    _import(tmp_path, LAST - timedelta(weeks=1), date(2025, 7, 3))
    assert len(weeks_due()) == 24
    _import(tmp_path, LAST, date(2025, 7, 10))
    assert weeks_due() == ["2025-05-31", "2025-06-07", "2025-06-14", "2025-06-21"]
    assert weeks_due() == []


COUNTED = ("key_figures", "weekly_counts", "by_state", "comparisons", "by_offence")


@pytest.mark.slow
def test_a_report_that_is_up_to_date_counts_what_it_would_count_if_it_were_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "imported"))
    out, said = tmp_path / "reports", list[dict[str, str]]()
    for last, extracted in ((LAST - timedelta(weeks=1), date(2025, 7, 3)), (LAST, date(2025, 7, 10))):
        _import(tmp_path, last, extracted)
        tasks = plan([find_notebook("weekly_bulletin")], source_names=["made-up"], weeks="2025-04-05")
        assert [reason for reason, _ in what_is_due(tasks, out)] == ["" if said else "it was never made"]
        (entry,) = run(tasks, out, jobs=1, force=True).values()
        assert entry.outcome == "made", entry.message
        said.append({name: (out / entry.folder / "tables" / f"{name}.csv").read_text() for name in COUNTED})
    assert said[0] == said[1]


@pytest.mark.slow
def test_a_newer_version_that_comes_while_a_run_goes_on_waits_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "imported"))
    cell = "from analysis.load.sources import open_source\nsheet.know(file=open_source(source, clock='issued').sha256)"
    probe, out, read = write_notebook(tmp_path / "probe.ipynb", cell), tmp_path / "out", list[str]()
    _import(tmp_path, LAST - timedelta(weeks=1), date(2025, 7, 3))
    for number in ("v001", "v002"):
        (task,) = plan([read_notebook(probe)], source_names=["made-up"], weeks="2025-04-05")
        if number == "v001":
            _import(tmp_path, LAST, date(2025, 7, 10))
        assert task.versions["made-up"].startswith(number)
        (entry,) = run([task], out, jobs=1).values()
        assert entry.outcome == "made", entry.message
        read.append(json.loads((out / entry.folder / "facts.json").read_text())["facts"]["file"])
        assert read[-1] == task.entry.source_sha256 == entry.source_sha256
    assert read[0] != read[1]


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
