"""Reports on a cluster of two worker processes, one of which is killed in mid-run."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil
import pytest
from distributed import LocalCluster
from made_notebooks import tasks_of, write_notebook
from warm import CELLS

from analysis.files import write_whole
from analysis.run.batch import fetched, run
from analysis.run.plan import Entry

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def test_a_lost_workers_reports_are_made_elsewhere(tmp_path: Path) -> None:
    waits, out, done = CELLS["first_waits"].format(folder=str(tmp_path)), tmp_path / "out", list[str]()
    paths = [write_notebook(tmp_path / f"probe_{n}.ipynb", waits, f"sheet.know(n={n})") for n in range(3)]
    paths.append(write_notebook(tmp_path / "wrong.ipynb", "1 / 0"))

    def kill_the_first(state: str, entry: Entry) -> None:
        done.append(entry.folder)
        if len(done) == 1:
            psutil.Process(int((tmp_path / "worker").read_text())).kill()

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        made = run(tasks_of(paths), out, jobs=2, cluster=cluster.scheduler_address, report=kill_the_first)
    assert sorted(done) == sorted(made)
    (wrong,) = (made.pop(folder) for folder in done if folder.startswith("wrong"))
    assert wrong.message == "cell 4: ZeroDivisionError: division by zero"
    assert (out / wrong.folder / "failed.ipynb").is_file()
    assert {entry.outcome for entry in made.values()} == {"made"}
    assert all((out / folder / "report.html").is_file() for folder in made)


def test_a_cluster_of_this_machine(tmp_path: Path) -> None:
    tasks = tasks_of([write_notebook(tmp_path / "good.ipynb")])
    assert [entry.outcome for entry in run(tasks, tmp_path / "out", jobs=1, cluster="local").values()] == ["made"]


def test_sources_are_fetched_from_an_address(tmp_path: Path) -> None:
    name = Path("mine", "v001", "detainers.parquet")
    write_whole(tmp_path / "here" / name, b"rows")
    folder = Path(fetched(f"file://{tmp_path}/here"))
    assert (folder / name).read_bytes() == b"rows"
    assert fetched(f"file://{tmp_path}/here") == str(folder)
    shutil.rmtree(folder)
