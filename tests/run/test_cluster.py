"""Reports on a cluster of two worker processes, one of which is killed in mid-run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from distributed import LocalCluster
from made_notebooks import tasks_of, write_notebook

from analysis.run.batch import run
from analysis.run.cluster import fetched
from analysis.run.plan import Entry

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.fixture(scope="module")
def scheduler() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as made:
        yield made


def _waiting(folder: Path) -> str:
    """Give a cell that says which worker it came from and, on the first one, waits for the worker's end."""
    return (
        "import os, pathlib, tempfile, time\n"
        f"mark = pathlib.Path({str(folder)!r}) / 'first'\n"
        "try:\n"
        "    mark.touch(exist_ok=False)\n"
        "    mark.with_name('pid').write_text(os.environ['JPY_PARENT_PID'])\n"
        "    time.sleep(600)\n"
        "except FileExistsError:\n"
        "    pass"
    )


def test_a_lost_workers_reports_are_made_elsewhere(scheduler: LocalCluster, tmp_path: Path) -> None:
    paths = [write_notebook(tmp_path / f"probe_{n}.ipynb", _waiting(tmp_path), f"sheet.know(n={n})") for n in range(4)]
    done: list[str] = []

    def kill_the_first(state: str, entry: Entry) -> None:
        done.append(entry.folder)
        if len(done) == 1:
            psutil.Process(int((tmp_path / "pid").read_text())).kill()

    address = scheduler.scheduler_address
    results = run(tasks_of(paths), tmp_path / "out", jobs=2, cluster=address, report=kill_the_first)
    assert {entry.outcome for entry in results.values()} == {"made"}
    assert len(done) == 4
    assert all((tmp_path / "out" / folder / "report.html").is_file() for folder in done)


def test_a_report_that_fails_there_keeps_its_notebook_here(scheduler: LocalCluster, tmp_path: Path) -> None:
    paths = [write_notebook(tmp_path / "good.ipynb"), write_notebook(tmp_path / "wrong.ipynb", "1 / 0")]
    made = run(tasks_of(paths), tmp_path / "out", jobs=2, cluster=scheduler.scheduler_address).values()
    results = {entry.notebook: entry for entry in made}
    assert results["good"].outcome == "made"
    assert (tmp_path / "out" / results["good"].folder / "facts.json").is_file()
    assert results["wrong"].message == "cell 4: ZeroDivisionError: division by zero"
    assert (tmp_path / "out" / results["wrong"].folder / "failed.ipynb").is_file()


def test_a_cluster_of_this_machine(tmp_path: Path) -> None:
    (entry,) = run(
        tasks_of([write_notebook(tmp_path / "good.ipynb")]), tmp_path / "out", jobs=1, cluster="local"
    ).values()
    assert entry.outcome == "made"


def test_sources_are_fetched_from_an_address(tmp_path: Path) -> None:
    (tmp_path / "here" / "mine" / "v001").mkdir(parents=True)
    (tmp_path / "here" / "mine" / "v001" / "detainers.parquet").write_bytes(b"rows")
    folder = Path(fetched(f"file://{tmp_path}/here"))
    assert (folder / "mine" / "v001" / "detainers.parquet").read_bytes() == b"rows"
    assert fetched(f"file://{tmp_path}/here") == str(folder)
    shutil.rmtree(folder)
