"""What is planned, what makes a report or the index anew, and how a run goes on; most of it without a kernel."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from conftest import DataCopy, MadeAtOnce
from made_notebooks import write_notebook
from made_up_site import add_report, by_state_csv
from synthetic import generate, write_release
from test_report_files import closing, executed, table

import analysis as an
from analysis.errors import InputError
from analysis.files import write_whole
from analysis.load.imports import import_release
from analysis.load.reference import bundled_folder, crosswalk, groups, states
from analysis.run import batch
from analysis.run import plan as plan_module
from analysis.run.batch import run
from analysis.run.notebooks import find_notebook, read_notebook, sources_for
from analysis.run.plan import Entry, Task, each, plan, read_manifest, what_is_due, write_manifest
from analysis.run.site import Settings, write_index
from analysis.run.worker import files_of

NAMES = ("weekly_bulletin", "published_week", "release_quality")
REFUSED = yaml.safe_load(Path(__file__).with_name("refused.yml").read_text(encoding="utf-8"))


def planned(*names: str, **asked: Any) -> list[Task]:  # noqa: ANN401
    return plan([find_notebook(name) for name in names], **asked)


def folders(tasks: Sequence[Task]) -> list[str]:
    return [task.entry.folder for task in tasks]


def bulletins(weeks: str = "2015-01-03:2015-01-17", source: str = "fy2015") -> list[Task]:
    return planned("weekly_bulletin", source_names=[source], weeks=weeks)


def test_what_is_asked_for_is_planned_once_and_of_what_is_not_named_all_that_fits() -> None:
    tasks = planned("weekly_bulletin", "published_week", source_names=["fy2015", "published-2017"])
    assert len({*folders(tasks)}) == len(tasks) == 43 + 3
    assert folders(planned("state_profile", "offence_profile", source_names=["fy2015", "synthetic"])) == [
        *("state_profile/fy2015/2015-06-20_TX", "state_profile/synthetic/2026-01-31_TX"),
        "offence_profile/synthetic/2026-01-31_DUI",
    ]
    asked: dict[str, Any] = {"source_names": ["synthetic"], "weeks": "2025-12-06:2025-12-13"}
    ends = ["2025-12-06_DUI", "2025-12-06_FRAUD", "2025-12-13_DUI", "2025-12-13_FRAUD"]
    of_groups = planned("state_profile", "offence_profile", offences=["DUI", "FRAUD"], **asked)
    assert folders(of_groups) == [f"offence_profile/synthetic/{end}" for end in ends]
    of_states = planned("weekly_bulletin", "state_profile", "offence_profile", states=["CA", "DC"], **asked)
    assert [task.entry.parameters["state"] for task in of_states] == ["CA", "DC"] * 2
    tasks = planned("weekly_bulletin", "published_week", source_names=["fy2015", "published-2017"], weeks="2017-02-04")
    assert folders(tasks) == ["published_week/published-2017/2017-02-04"]


def test_a_profile_is_by_default_of_what_its_source_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "data"))
    for name, other in (("alone", "MINNESOTA"), ("beside", "IOWA")):
        lines = ["Detainer Prepared Date,State,Detainer Lift Reason,MSC Charge"]
        for day in (date(2025, 1, 4) + timedelta(days=7 * week) for week in range(8)):
            lines += [f"{day},{state},Died,{text}" for state, text in [("MINNESOTA", "Burglary"), ("MINNESOTA", "")]]
            lines.append(f"{day},{other},,")
        (tmp_path / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")
        import_release([tmp_path / f"{name}.csv"], name, title="T", extracted_on=date(2025, 6, 1))
    tasks = planned("state_profile", "offence_profile", source_names=["alone", "beside"])
    assert [folder.rpartition("_")[2] for folder in folders(tasks)] == ["MN", "MN", "PROPERTY"]
    with pytest.raises(InputError, match=r"of several states.*all rows of alone are of MN"):
        planned("offence_profile", source_names=["alone"], offences=["PROPERTY"])
    assert len(planned("period_profile", source_names=["alone"], weeks="2025-01-04:2025-01-11")) == 1
    with pytest.raises(InputError, match="no detainer of TX: found 'all rows of alone are of MN'"):
        planned("state_profile", source_names=["alone"], states=["TX"])
    with pytest.raises(InputError, match="no detainer of Texas: found 'all its rows are of MN'"):
        an.cohort("alone", "2025-01-04", state="TX")


def test_a_period_is_one_report_whose_weeks_stay_the_same() -> None:
    asked: dict[str, Any] = {"source_names": ["fy2015"], "states": ["CO", "NY"]}
    tasks = planned("period_profile", periods=("2015-03", "2015-01"), **asked)
    assert folders(tasks) == [f"period_profile/fy2015/2015-03_2015-01_{state}" for state in ("CO", "NY")]
    of_weeks = planned("period_profile", source_names=["fy2015"], weeks="2015-01-01:2015-03-28")
    assert folders(of_weeks) == ["period_profile/fy2015/2015-01-03_to_2015-03-28"]
    newest = planned("period_profile", source_names=["fy2015"], periods=("last 13 settled", None))
    parameters = newest[0].entry.parameters
    assert (parameters["period"], parameters["compare"]) == ("2015-03-28:2015-06-20", "before")
    later = planned("period_profile", source_names=["fy2015"], periods=("2014Q4", "2015Q1"))
    assert later[0].entry.inputs["weeks"] == of_weeks[0].entry.inputs["weeks"], "both read until 3 April"
    with pytest.raises(InputError, match="weekly_bulletin takes no period"):
        planned("weekly_bulletin", periods=("2015-03", None))


def test_sources_that_fit_a_notebook_a_state_by_code_name_or_fips_and_an_offence_group_by_id_or_label() -> None:
    fitting = {
        "published_week": "published-2017",
        "offence_profile": "synthetic",
        "compare_releases.ipynb": "synthetic",
    }
    assert {name: ", ".join(sources_for(find_notebook(name))) for name in fitting} == fitting
    assert each("state", ["DC", "dc", "District of Columbia", "district of columbia", "11"]) == ["DC"]
    assert each("offence", ["DUI", "dui", "driving under the influence"]) == ["DUI"]
    assert each("state", ["TX", "each"]) == ["TX", *states().index.drop("TX")]
    assert each("offence", ["each"]) == list(groups().index)
    assert each("state", []) == []


@pytest.mark.parametrize(("names", "asked", "says"), REFUSED)
def test_nothing_to_make_is_an_error(names: list[str], asked: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        planned(*names, **asked)


def due(tasks: Sequence[Task], out: Path, **how: bool) -> dict[str, str]:
    return {task.entry.folder: reason for reason, task in what_is_due(tasks, out, **how) if reason}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_copy: DataCopy, made: list[str]) -> Path:
    """Give a copy of the package's modules, data and notebooks, in which changes are seen."""
    ignored = shutil.ignore_patterns("__pycache__", "_bundled")
    shutil.copytree(plan_module.PACKAGE, tmp_path / "analysis", ignore=ignored)
    shutil.copytree(bundled_folder("notebooks"), tmp_path / "notebooks")
    monkeypatch.setattr(plan_module, "PACKAGE", tmp_path / "analysis")
    monkeypatch.setattr(plan_module, "TEMPLATES", tmp_path / "analysis" / "run" / "templates")
    monkeypatch.setattr(plan_module, "bundled_folder", lambda name: tmp_path / name)
    return tmp_path


def tasks_in(project: Path) -> list[Task]:
    plan_module.folder_sha256.cache_clear()
    bulletin, published, quality = (read_notebook(project / "notebooks" / f"{name}.ipynb") for name in NAMES)
    weekly = plan([bulletin], source_names=["fy2015"], weeks="2015-01-03")
    return weekly + plan([quality], source_names=["fy2015"]) + plan([published], weeks="2017-02-04")


def change(project: Path, name: str, number: int = 0, **values: object) -> None:
    """Give a cell of a notebook other values, or any other file a line more."""
    path = project / name
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if values:
        content = json.loads(text)
        content["cells"][number].update(values)
    path.write_text(json.dumps(content) if values else f"{text}\n# x\n", encoding="utf-8")


BULLETIN, PUBLISHED, QUALITY = (f"notebooks/{name}.ipynb" for name in NAMES)
Change = tuple[str, int, dict[str, object]]
CHANGES: list[tuple[list[Change], set[str]]] = [
    ([], set()),
    ([(PUBLISHED, -1, {"outputs": [], "execution_count": None}), ("data/unused.csv", 0, {})], set()),
    ([(BULLETIN, -1, {"source": "report.close()"}), (QUALITY, 0, {"source": "# Another title"})], {*NAMES[::2]}),
    ([(QUALITY, -1, {"metadata": {"tags": ["t"]}})], {NAMES[2]}),
    ([("data/published_reports/policies.csv.origin.yml", 0, {})], {NAMES[1]}),
    ([("analysis/run/templates/style.css", 0, {})], {*NAMES}),
    ([("analysis/stats/published.py", 0, {})], {*NAMES}),
    ([("data/reference/lift_reasons.csv.origin.yml", 0, {})], {*NAMES}),
]


def test_a_change_makes_due_what_follows_from_it_and_nothing_else(project: Path) -> None:
    out = project / "reports"
    run(tasks_in(project), out, jobs=1)
    for changes, notebooks in CHANGES:
        for name, number, values in changes:
            change(project, name, number, **values)
        tasks = tasks_in(project)
        assert {folder.split("/")[0] for folder in due(tasks, out)} == notebooks, changes
        run(tasks, out, jobs=1)
    assert due(tasks, out) == {}
    change(project, "data/published_reports/corrections.csv")
    with pytest.raises(InputError, match=r"corrections\.csv"):  # of what is due, bad input is met before a report
        due(tasks_in(project), out)
    events = project / "data" / "reference" / "events.csv"
    events.write_text(events.read_text(encoding="utf-8").replace("2017-02-01", "2017-02-31"), encoding="utf-8")
    crosswalk.cache_clear()
    with pytest.raises(InputError, match="not the one its origin file describes"):
        tasks_in(project)


def test_what_changed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[str]) -> None:
    run(tasks := bulletins(), tmp_path, jobs=1)
    with_png = planned("weekly_bulletin", source_names=["fy2015"], weeks="2015-01-03:2015-01-17", png=True)
    assert {*due(with_png, tmp_path).values()} == {"changed: its parameters"}
    first, second, _ = made
    (tmp_path / first / "report.html").unlink()
    (tmp_path / second / "facts.json").write_bytes(b"[]")
    gone = {first: "no longer as it was written: report.html"}
    assert due(tasks, tmp_path) == gone
    assert due(tasks, tmp_path, verify=True) == gone | {second: "no longer as it was written: facts.json"}
    monkeypatch.setattr(plan_module, "libraries", lambda: {**tasks[0].entry.inputs["libraries"], "matplotlib": "99"})
    assert {*due(bulletins(), tmp_path).values()} == {f"changed: matplotlib {version('matplotlib')} → 99"}


TWO_STATES = ((date(2025, 6, 20), date(2025, 7, 3)), (date(2025, 6, 27), date(2025, 7, 10)))
Importing = Callable[[date, date], None]


@pytest.fixture
def import_until(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Importing:
    """Give what imports the same made-up release up to a day, as extracted on another."""
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "imported"))
    last, extracted = TWO_STATES[1]
    made = generate(5, detainers=1000, first_day=date(2025, 3, 1), last_day=last, extracted_on=extracted).release

    def import_until(last: date, extracted: date) -> None:
        path = tmp_path / f"{last}.parquet"
        write_release(made[pd.to_datetime(made.iloc[:, 0]) <= pd.Timestamp(last)], path)
        import_release([path], "made-up", title="T", extracted_on=extracted)

    return import_until


def test_a_new_week_makes_due_the_weeks_it_changes(tmp_path: Path, made: list[str], import_until: Importing) -> None:
    probe, out = read_notebook(write_notebook(tmp_path / "probe.ipynb", reads="weeks until this one")), tmp_path / "out"
    for last, extracted in TWO_STATES:
        made.clear()
        import_until(last, extracted)
        run(tasks := plan([probe], source_names=["made-up"]), out, jobs=1)
        assert due(tasks, out) == {}
    assert len(tasks) == 17
    assert sorted(folder[-10:] for folder in made) == ["2025-05-31", "2025-06-07", "2025-06-14", "2025-06-21"]


def test_a_week_knows_those_beside_it_and_a_new_one_makes_its_neighbour_due(tmp_path: Path, made: list[str]) -> None:
    run(bulletins(), tmp_path, jobs=1)
    first, middle, last, new = "2015-01-03", "2015-01-10", "2015-01-17", "2015-01-24"
    beside = [entry.inputs["neighbours"] for entry in read_manifest(tmp_path).values()]
    assert beside == [["", middle], [first, last], [middle, ""]]
    found = {folder[-10:]: reason for folder, reason in due(bulletins(f"{first}:{new}"), tmp_path).items()}
    assert found == {last: "changed: which weeks stand beside it", new: "it was never made"}
    assert due(bulletins(middle), tmp_path) == {}, "one asked for alone stands beside those that were made"


@pytest.mark.slow
def test_what_is_up_to_date_would_count_the_same_anew(tmp_path: Path, import_until: Importing) -> None:
    out, said = tmp_path / "reports", list[dict[str, str]]()
    for last, extracted in TWO_STATES:
        import_until(last, extracted)
        tasks = bulletins("2025-05-24", "made-up")
        assert [reason for reason, _ in what_is_due(tasks, out)] == ["" if said else "it was never made"]
        (entry,) = run(tasks, out, jobs=1, force=True).values()
        assert entry.outcome == "made", entry.message
        counted = ("key_figures", "weekly_counts", "by_state", "comparisons", "by_offence")
        said.append({name: (out / entry.folder / "tables" / f"{name}.csv").read_text() for name in counted})
    assert said[0] == said[1]


@pytest.mark.slow
def test_a_version_that_comes_during_a_run_waits_for_the_next(tmp_path: Path, import_until: Importing) -> None:
    cells = "from analysis.load.sources import open_source\nsheet.know(file=open_source(source, clock='issued').sha256)"
    told = "import os\nsheet.know(told=os.environ['DECLINES_VERSIONS'])"
    probe = read_notebook(write_notebook(tmp_path / "probe.ipynb", cells, told))
    import_until(*TWO_STATES[0])
    read = set()
    for number in ("v001", "v002"):
        (task,) = plan([probe], source_names=["made-up"], weeks="2025-05-24")
        if number == "v001":
            import_until(*TWO_STATES[1])
        (entry,) = run([task], tmp_path / "out", jobs=1).values()
        assert entry.outcome == "made", entry.message
        facts = json.loads((tmp_path / "out" / entry.folder / "facts.json").read_text())["facts"]
        assert json.loads(facts["told"]) == task.versions
        assert task.versions["made-up"].startswith(number)
        read.add(facts["file"])
        assert task.entry.source_sha256 == entry.source_sha256 in read
    assert len(read) == 2


def test_only_what_is_due_is_made_the_longest_first(tmp_path: Path, made: list[str]) -> None:
    for force, number in ((False, 3), (False, 3), (True, 6)):
        run(bulletins(), tmp_path, jobs=1, force=force)
        assert len(made) == number
    entries = read_manifest(tmp_path)
    first, second, third = sorted(entries)
    took = {first: 1.0, second: 3.0, third: 2.0}
    write_manifest(tmp_path, {name: replace(entry, seconds=took[name]) for name, entry in entries.items()})
    made.clear()
    run(bulletins("2015-01-03:2015-01-24"), tmp_path, jobs=1, force=True)
    assert made == ["weekly_bulletin/fy2015/2015-01-24", second, third, first]


def test_one_folder_holds_one_treatment_of_repeats(tmp_path: Path, made: list[str]) -> None:
    ours = bulletins("2015-04-04:2015-04-11")
    entries = [replace(one.entry, parameters=one.entry.parameters | {"repeats": "counted"}) for one in ours]
    with_repeats = [replace(one, entry=entry) for one, entry in zip(ours, entries, strict=True)]
    with pytest.raises(InputError, match=r"fy2015 that leave repeats out and that count them .* Give another folder"):
        run([ours[0], with_repeats[1]], tmp_path, jobs=1)
    assert not made
    run(ours[:1], tmp_path, jobs=1)
    for again in with_repeats:  # the very report, whose earlier figures stand in the log of revisions, and another
        with pytest.raises(InputError, match="found 'weekly_bulletin/fy2015/2015-04-04 with repeats left out"):
            what_is_due([again], tmp_path)
    run(bulletins("2025-04-05", "synthetic"), tmp_path, jobs=1)  # of another source
    run(with_repeats, tmp_path / "counted", jobs=1)
    assert len(made) == 4


def test_a_failure_keeps_the_earlier_report(tmp_path: Path, made: MadeAtOnce) -> None:
    tasks = bulletins("2015-01-03")
    (earlier,) = run(tasks, tmp_path, jobs=1).values()
    made.message = "no"
    (entry,) = run(tasks, tmp_path, jobs=1, force=True).values()
    assert (entry.outcome, entry.files) == ("failed", earlier.files)
    assert due(tasks, tmp_path) == {entry.folder: "it failed"}


def test_two_runs_into_one_folder_keep_what_each_has_made(tmp_path: Path, made: list[str]) -> None:
    first, second = bulletins("2015-01-03"), bulletins("2015-01-10")
    run(first, tmp_path, jobs=1, report=lambda *_: print(run(second, tmp_path, jobs=1)))
    assert {entry.parameters["week"] for entry in read_manifest(tmp_path).values()} == {"2015-01-03", "2015-01-10"}


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_made(tmp_path: Path, made: list[str]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="the folder of reports cannot be written"):
        run(bulletins("2015-01-03"), tmp_path / "file" / "reports", jobs=1)
    assert made == []


def test_a_kill_at_the_index_leaves_it_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries: dict[str, Entry] = {}
    tables = {"by_state": by_state_csv()}
    add_report(tmp_path, entries, "weekly_bulletin", "fy2015", {"week": "2025-01-04"}, tables=tables)
    write_manifest(tmp_path, entries)
    assert plan_module.index_is_due(tmp_path, None)
    write_index(tmp_path, entries)
    assert not plan_module.index_is_due(tmp_path, None)
    assert plan_module.index_is_due(tmp_path, Settings(title="Another"))
    write_manifest(tmp_path, {folder: replace(entry, seconds=1.0) for folder, entry in entries.items()})

    def kill(path: Path, to: Path) -> None:
        if to.name == "index.html":
            raise KeyboardInterrupt
        path.rename(to)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", kill)
        with pytest.raises(KeyboardInterrupt):
            write_index(tmp_path, read_manifest(tmp_path))
    assert plan_module.index_is_due(tmp_path, None)
    write_index(tmp_path, {})
    assert not list(tmp_path.glob("states/*.html")), "the pages of before are known"


def test_what_was_made_is_in_the_manifest_at_once_and_stays_when_the_run_is_killed(tmp_path: Path) -> None:
    entries: dict[str, Entry] = {}
    first = add_report(tmp_path, entries, "weekly_bulletin", "fy2015", {"week": "2015-01-03"})
    write_manifest(tmp_path, entries)
    second = add_report(tmp_path, {}, "weekly_bulletin", "fy2015", {"week": "2015-01-10"})
    plan_module.journal(tmp_path, second)
    with (tmp_path / ".manifest.jsonl").open("a") as file:
        file.write('{"folder": "cut off')
    both = {one.folder: one for one in (first, second)}
    assert read_manifest(tmp_path) == both
    assert plan_module.mend_manifest(tmp_path) == ""
    assert not (tmp_path / ".manifest.jsonl").exists()
    assert read_manifest(tmp_path) == both


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "\x00\xff", '{"reports": {}}', '{"reports": [{"folder": "a"}]}', "[" * 100_000],
)
def test_a_damaged_manifest_is_kept_and_rebuilt(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (task, *_) = bulletins("2015-01-03")
    told = {"source": {"name": "fy2015", "title": "T", "sha256": "0"}, "parameters": task.entry.parameters}
    add_report(tmp_path, {}, "weekly_bulletin", "fy2015", {"week": "2015-01-03"}, told=told)
    folder = tmp_path / task.entry.folder
    made = files_of(executed(table("by_state"), closing()), task.entry)
    for name in ("notebook.ipynb", "tables/by_state.csv"):
        write_whole(folder / name, made[name])
    (folder / "tables" / "mine.csv").write_text("a reader's own")
    (tmp_path / "manifest.json").write_text(text)
    with batch.working_in(tmp_path):
        pass
    aside = "manifest.json was damaged: set aside as manifest.json.damaged-1, 1 reports found standing\n"
    assert capsys.readouterr().err.endswith(aside)
    assert (tmp_path / "manifest.json.damaged-1").read_text() == text
    files = ["notebook.ipynb", "report.html", "facts.json", "tables/by_state.csv"]
    assert [*read_manifest(tmp_path)[task.entry.folder].files] == files
    assert [reason for reason, _ in what_is_due([task], tmp_path)] == ["what it was made from is not known"]
