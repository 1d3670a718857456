"""What makes a report anew, by mutation: one thing changes, just the reports that follow from it are due."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from made_notebooks import write_notebook
from synthetic import generate, write_release

from analysis.errors import InputError
from analysis.load.imports import import_release
from analysis.load.reference import bundled_folder
from analysis.load.sources import week_hashes
from analysis.run import batch, keys
from analysis.run.batch import run
from analysis.run.manifest import SEEN, Entry, read_manifest
from analysis.run.parameters import find_notebook, read_notebook
from analysis.run.planning import Due, plan, what_is_due
from analysis.run.tasks import Task
from analysis.run.writing import write_whole

NAMES = ("weekly_bulletin", "published_week", "release_quality")
Change = Callable[[Path], object]


def _forget() -> None:
    for function in (
        keys.versions,
        keys._file_of,
        keys._imports_of,
        keys.modules_of,
        keys.modules_sha256,
        keys.reference_files,
    ):
        function.cache_clear()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_copy: object) -> Iterator[Path]:
    """Copy the package's modules, data and notebooks, and make every report of two weeks and sources in no time."""

    def make_all(due: Sequence[Due], out: Path, *_: object) -> Iterator[Entry]:
        for one in due:
            files = {}
            for name in ("report.html", "facts.json"):
                write_whole(out / one.task.entry.folder / name, b"{}")
                files[name] = hashlib.sha256(b"{}").hexdigest()
            yield replace(one.task.entry, outcome="made", files=files)

    shutil.copytree(keys.ROOT, tmp_path / "analysis", ignore=shutil.ignore_patterns("__pycache__", "_bundled"))
    shutil.copytree(bundled_folder("notebooks"), tmp_path / "notebooks")
    monkeypatch.setattr(batch, "_make_all", make_all)
    monkeypatch.setattr(keys, "ROOT", tmp_path / "analysis")
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "imported"))
    for module in ("analysis.run.keys", "analysis.run.planning"):
        monkeypatch.setattr(f"{module}.bundled_folder", lambda name: tmp_path / name)
    _forget()
    run(_tasks(tmp_path), tmp_path / "reports", jobs=1)
    yield tmp_path
    _forget()


def _tasks(project: Path, png: bool = False) -> list[Task]:
    chosen = [read_notebook(project / "notebooks" / f"{name}.ipynb") for name in NAMES]
    first = plan(chosen[:1] + chosen[2:], source_names=["fy2015"], weeks=None, png=png)
    kept = [task for task in first if task.entry.folder.split("/")[-1] in ("2015-01-03", "2015-01-10", "fy2015")]
    return kept + plan(chosen[1:2], png=png)


def _due(project: Path) -> dict[str, set[str]]:
    """Give the actions due, by notebook."""
    _forget()
    found: dict[str, set[str]] = {}
    for action, _, task in what_is_due(_tasks(project), project / "reports"):
        if action != "current":
            found.setdefault(task.entry.notebook, set()).add(action)
    return found


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _in_notebook(name: str, edit: Callable[[list[dict[str, object]]], object]) -> Change:
    def change(project: Path) -> None:
        path = project / "notebooks" / f"{name}.ipynb"
        content = json.loads(path.read_text())
        edit(content["cells"])
        path.write_text(json.dumps(content))

    return change


def _add_line(name: str) -> Change:
    return lambda project: (project / name).write_text((project / name).read_text(encoding="utf-8") + "\n# x\n")


ALL = {name: {"run"} for name in NAMES}
PAGES = {name: {"page"} for name in NAMES}


@pytest.mark.parametrize(
    ("change", "due"),
    [
        (lambda project: None, {}),
        (
            _in_notebook("weekly_bulletin", lambda cells: cells[-1].update(source="sheet.close( )")),
            {"weekly_bulletin": {"run"}},
        ),
        (
            _in_notebook("release_quality", lambda cells: cells[-1].update(metadata={"tags": ["t"]})),
            {"release_quality": {"run"}},
        ),
        (
            _in_notebook("release_quality", lambda cells: cells[0].update(source="# Another title")),
            {"release_quality": {"page"}},
        ),
        (_in_notebook("published_week", lambda cells: cells[-1].update(outputs=[], execution_count=None)), {}),
        (_add_line("analysis/stats/published.py"), {"published_week": {"run"}}),
        (_add_line("analysis/load/irregular.py"), {"release_quality": {"run"}}),
        (_add_line("analysis/stats/cohort.py"), {"weekly_bulletin": {"run"}}),
        (_add_line("analysis/periods.py"), ALL),
        (_add_line("analysis/errors.py"), ALL),
        (_add_line("analysis/run/page.py"), PAGES),
        (_add_line("analysis/run/templates/style.css"), PAGES),
        (_add_line("analysis/run/batch.py"), {}),
        (_add_line("analysis/cli.py"), {}),
        (
            lambda project: _edit(project / "data/reference/events.csv", ",yes,", ",no,"),
            {"weekly_bulletin": {"run"}, "published_week": {"run"}},
        ),
        (_add_line("data/reference/published_quality.csv.origin.yml"), {"published_week": {"run"}}),
        (lambda project: (project / "data/reference/unused.csv").write_text("a\n1\n"), {}),
        (_add_line("data/published_reports/policies.csv.origin.yml"), {"published_week": {"run"}}),
    ],
)
def test_a_change_makes_due_what_follows_from_it_and_nothing_else(
    project: Path, change: Change, due: dict[str, set[str]]
) -> None:
    change(project)
    assert _due(project) == due


def test_another_parameter(project: Path) -> None:
    actions = what_is_due(_tasks(project, png=True), project / "reports")
    assert {(one.action, one.reason) for one in actions} == {("run", "changed: its parameters")}


def test_another_version_of_a_library(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "version", lambda name: "99" if name == "matplotlib" else "0")
    _forget()
    run(_tasks(project), project / "reports", jobs=1)
    monkeypatch.setattr(keys, "version", lambda name: "100" if name == "matplotlib" else "0")
    assert _due(project) == ALL
    monkeypatch.setattr(keys, "version", lambda name: {"matplotlib": "99", "mistune": "9"}.get(name, "0"))
    assert _due(project) == PAGES


def test_an_output_that_was_deleted_or_edited(project: Path) -> None:
    out = project / "reports"
    first, second, *_ = read_manifest(out)
    (out / first / "report.html").unlink()
    (out / second / "facts.json").write_bytes(b"[]")
    due = {one.task.entry.folder: one.reason for one in what_is_due(_tasks(project), out) if one.action != "current"}
    assert due == {
        first: "no longer as it was written: report.html",
        second: "no longer as it was written: facts.json",
    }


def test_a_file_that_was_only_touched_or_copied_is_as_it_was(project: Path) -> None:
    out = project / "reports"
    for path in out.rglob("facts.json"):
        path.write_bytes(path.read_bytes())
    assert _due(project) == {}
    (out / SEEN).write_text("{")
    assert _due(project) == {}


FIRST, LAST = date(2025, 1, 4), date(2025, 6, 27)


def _release(
    path: Path, last: date, extracted: date, edit: Callable[[pd.DataFrame], pd.DataFrame] | None = None
) -> Path:
    made = generate(5, detainers=3000, first_day=FIRST, last_day=LAST, extracted_on=date(2025, 7, 10)).release
    issued = pd.to_datetime(made["Detainer Prepare Date"] if "Detainer Prepare Date" in made else made.iloc[:, 0])
    made = made[issued <= pd.Timestamp(last)]
    write_release(made if edit is None else edit(made), path)
    return path


def _weeks_due(project: Path, reads: str) -> list[str]:
    path = write_notebook(project / "probe.ipynb", reads=reads)
    tasks = plan([read_notebook(path)], source_names=["made-up"])
    due = what_is_due(tasks, project / "reports")
    run(tasks, project / "reports", jobs=1)
    return [one.task.entry.parameters["week"] for one in due if one.action == "run"]


def test_a_release_that_only_adds_a_week_makes_due_the_weeks_that_it_changes(project: Path, tmp_path: Path) -> None:
    older = _release(tmp_path / "older.parquet", LAST - timedelta(weeks=1), date(2025, 7, 3))
    newer = _release(tmp_path / "newer.parquet", LAST, date(2025, 7, 10))
    import_release([older], "made-up", title="T", extracted_on=date(2025, 7, 3))
    assert len(_weeks_due(project, "weeks until this one")) == 24
    import_release([newer], "made-up", title="T", extracted_on=date(2025, 7, 10))
    assert _weeks_due(project, "weeks until this one") == ["2025-05-31", "2025-06-07", "2025-06-14", "2025-06-21"]
    assert _weeks_due(project, "weeks until this one") == []


def test_rows_in_another_order_are_the_same_rows() -> None:
    days = pd.to_datetime(["2025-01-04", "2025-01-05", "2025-01-11", None]).astype("datetime64[ms]")
    table = pd.DataFrame(
        {"issued_on": days, "outcome": pd.Categorical(["a", "b", "a", "b"]), "source_row": [1, 2, 3, 4]}
    )
    hashes = week_hashes([table])
    assert set(hashes) == {"2025-01-04", "2025-01-11", "undated"}
    moved = table.iloc[::-1].assign(source_row=[9, 8, 7, 6])
    assert week_hashes([moved]) == week_hashes([table[:1], table[1:2], table[2:]]) == hashes
    changed = table.assign(outcome=pd.Categorical(["a", "a", "a", "b"]))
    assert {week for week in hashes if week_hashes([changed])[week] != hashes[week]} == {"2025-01-04"}


def test_a_declaration_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'weeks until this one'"):
        read_notebook(write_notebook(tmp_path / "a.ipynb", reads="weeks until this"))


COUNTED = ("key_figures", "weekly_counts", "by_state", "comparisons", "lift_reasons", "by_form", "by_offence")


@pytest.mark.slow
def test_a_report_that_is_up_to_date_counts_what_it_would_count_if_it_were_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "imported"))
    bulletin, out = find_notebook("weekly_bulletin"), tmp_path / "reports"
    said: list[dict[str, str]] = []
    for last, extracted in ((LAST - timedelta(weeks=1), date(2025, 7, 3)), (LAST, date(2025, 7, 10))):
        release = _release(tmp_path / f"{last}.parquet", last, extracted)
        import_release([release], "made-up", title="T", extracted_on=extracted)
        tasks = plan([bulletin], source_names=["made-up"], weeks="2025-04-05")
        assert [one.action for one in what_is_due(tasks, out)] == ["current" if said else "run"]
        (entry,) = run(tasks, out, jobs=1, force=True).values()
        assert entry.outcome == "made", entry.message
        folder = out / entry.folder
        said.append({name: (folder / "tables" / f"{name}.csv").read_text() for name in COUNTED})
    assert said[0] == said[1]
