"""What goes wrong is a sentence in the summary; the other reports are made, and the exit code tells."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from jupyter_client.connect import LocalPortCache
from jupyter_client.provisioning import KernelProvisionerFactory
from made_notebooks import tasks_of, write_notebook
from warm import CELLS

from analysis.cli import main
from analysis.files import write_whole
from analysis.run import kernels, worker
from analysis.run.batch import run
from analysis.run.plan import FAILED, NOTEBOOK, Limits, read_manifest

pytestmark = [pytest.mark.faults, pytest.mark.slow]

FAULTS: dict[str, tuple[str, str]] = CELLS["faults"]
GOOD = FAULTS["good"][1]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faults")
    tasks = tasks_of(write_notebook(folder / f"{name}.ipynb", cell) for name, (_, cell) in FAULTS.items())
    run(tasks, folder / "out", jobs=3, limits=Limits(seconds=20, megabytes=700))
    return folder / "out"


@pytest.mark.parametrize("name", FAULTS)
def test_what_went_wrong_is_said_its_notebook_kept_and_the_others_made(out: Path, name: str) -> None:
    says, code = FAULTS[name]
    (entry,) = (entry for entry in read_manifest(out).values() if entry.notebook == name)
    assert entry.outcome == ("failed" if says else "made")
    assert entry.message.startswith(says)
    assert "\n" not in entry.message
    cells = json.loads((out / entry.folder / (FAILED if says else NOTEBOOK)).read_text())["cells"]
    assert any(code in "".join(cell["source"]) for cell in cells)


def _made(folder: Path, cell: str, **limits: float) -> str:
    tasks = tasks_of([write_notebook(folder / "one.ipynb", cell)])
    (entry,) = run(tasks, folder / "out", jobs=1, limits=Limits(**limits)).values()
    return entry.message


def test_what_a_cell_started_ends_with_a_report_that_is_stopped(tmp_path: Path) -> None:
    shell = f"sleep 600 > /dev/null 2>&1 & echo $! > {tmp_path / 'left'}"  # its parent is soon gone
    cell = f"import os, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.system({shell!r})\nwhile True: pass"
    assert _made(tmp_path, cell, seconds=5) == "stopped: it took longer than 5 s (--timeout)"
    with suppress(psutil.NoSuchProcess):
        psutil.Process(int((tmp_path / "left").read_text())).wait(10)
    assert _made(tmp_path, "while True: pass", seconds=0.001).startswith("stopped: it took longer than 0.001 s")


def test_a_worker_watches_its_own_kernel_which_takes_no_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalPortCache, "find_available_port", lambda *_: pytest.fail("a port was asked for"))
    KernelProvisionerFactory.instance().default_provisioner_name = "local-provisioner"
    (task,) = tasks_of([write_notebook(tmp_path / "good.ipynb", GOOD)])
    entry, _ = worker.execute(task, Limits(seconds=60))
    assert entry.message == ""
    assert len(kernels.started) == 1


def test_what_cannot_be_written_is_a_failed_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    write_whole(tmp_path / "out" / "one", b"a file where a folder should be")
    assert _made(tmp_path, GOOD).startswith("the report could not be written")
    monkeypatch.setattr(worker, "execute_notebook", full)
    (task,) = tasks_of([tmp_path / "one.ipynb"])
    entry, executed = worker.execute(task, Limits())
    assert (entry.message, executed) == ("the report could not be made: [Errno 28] No space left on device", "")


HalfDone = tuple[subprocess.Popen[str], Path, list[psutil.Process]]


def _script(folder: Path, paths: list[Path], first: str = "") -> subprocess.Popen[str]:
    values = {"here": str(Path(__file__).parent), "paths": [*map(str, paths)], "out": str(folder / "out")}
    (folder / "script.py").write_text(CELLS["run"].format(**values, first=first))
    command = [sys.executable, str(folder / "script.py")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def half_done(tmp_path: Path) -> Iterator[HalfDone]:
    """Start a run of one quick report, and one that ends when there is a file ``enough``; give it once one stands."""
    cells = {"good": GOOD, "endless": CELLS["waits"].format(folder=str(tmp_path))}
    process = _script(tmp_path, [write_notebook(tmp_path / f"{name}.ipynb", cell) for name, cell in cells.items()])
    assert process.stdout is not None
    assert process.stdout.readline() == "good\n"
    while not (tmp_path / "worker").is_file():
        assert process.poll() is None
    yield process, tmp_path / "out", psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()


@pytest.mark.parametrize(("sign", "says"), [(signal.SIGKILL, ""), (signal.SIGINT, "KeyboardInterrupt")])
def test_nothing_outlives_a_run_and_ctrl_c_keeps_what_was_done(half_done: HalfDone, sign: int, says: str) -> None:
    process, out, started = half_done
    process.send_signal(sign)
    assert says in process.communicate(timeout=30)[1]
    assert not says or [entry.notebook for entry in read_manifest(out).values()] == ["good"]
    assert psutil.wait_procs(started, timeout=20)[1] == []


def test_the_report_of_a_worker_that_died_is_made_by_another(half_done: HalfDone) -> None:
    process, out, _ = half_done
    psutil.Process(int((out.parent / "worker").read_text())).kill()
    (out.parent / "enough").touch()
    process.communicate(timeout=60)
    made = {entry.notebook: entry.outcome for entry in read_manifest(out).values()}
    assert made == {"good": "made", "endless": "made"}


@pytest.mark.parametrize(("dying", "says"), [(1, ""), (9, "the worker process died, and so did a second one")])
def test_workers_that_die_at_once_hang_no_run(dying: int, says: str, tmp_path: Path) -> None:
    paths = [write_notebook(tmp_path / f"good_{n}.ipynb", GOOD) for n in range(2)]
    process = _script(tmp_path, paths, CELLS["dies"].format(dying=dying, folder=str(tmp_path)))
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert [entry.message for entry in read_manifest(tmp_path / "out").values()] == [says] * 2


def test_a_cluster_that_does_not_answer_is_exit_code_2(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    asked = ["run", "published_week", "--weeks", "2017-02-04", "--out", str(tmp_path), "--cluster", "tcp://127.0.0.1:1"]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 2
    assert "the cluster does not answer" in result.output
