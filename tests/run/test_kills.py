"""Kills, signals, full disks, second runs at any moment: no report is mixed, lost, or made again that was told of."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from synthetic import generate, write_release

from analysis.files import HOLDER

pytestmark = [pytest.mark.faults, pytest.mark.slow]

CALL = "import os; os.environ['FAULT_MAIN'] = str(os.getpid()); from analysis.cli import main; main()"
COMMAND = [sys.executable, "-c", CALL]
TRIES = int(os.environ.get("DECLINES_TRIES", "3"))
"""How often each fault is tried; 50 before a release."""
WEEKS = [f"published_week/published-2017/2017-{day}" for day in ("01-28", "02-04")]
ASKED = "run", "published_week", "--weeks", "2017-01-28:2017-02-04", "--jobs", "2", "--out"
AGED = b"\n\n"  # what reads them does not mind
WITH_TIMES = ("notebook.ipynb", "manifest.json", ".site.json", "feed.xml")


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def heed_signals() -> None:
    """Heed in a child what a shell has its background jobs ignore."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def start(temporary: Path, *args: object, **fault: object) -> subprocess.Popen[str]:
    """Start the command, its temporary files in a folder of their own, perhaps with a fault to come."""
    temporary.mkdir(exist_ok=True)
    told = {f"FAULT_{name.upper()}": str(value) for name, value in fault.items()}
    paths = os.pathsep.join([str(Path(__file__).with_name("faulty")), *filter(None, sys.path)])
    environment = {**os.environ, **told, "TMPDIR": str(temporary), "PYTHONPATH": paths}
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    return subprocess.Popen([*COMMAND, *map(str, args)], env=environment, preexec_fn=heed_signals, **how)  # type: ignore[call-overload]


def end(process: subprocess.Popen[str], temporary: Path) -> Ended:
    """Wait until the command has ended, and all that it started with it."""
    out, err = process.communicate(timeout=120)
    assert psutil.wait_procs(started_with(temporary), timeout=15)[1] == [], "something outlives the command"
    return Ended(process.returncode, out, err)


def started_with(temporary: Path) -> list[psutil.Process]:
    """Find the processes whose temporary files are to be in a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TMPDIR", "").startswith(str(temporary)):
                found.append(process)
        except psutil.Error:
            continue
    return found


def call(temporary: Path, *args: object, **fault: object) -> Ended:
    """Start the command and wait for its end."""
    return end(start(temporary, *args, **fault), temporary)


def files_below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def without_times(out: Path) -> dict[str, bytes]:
    files = files_below(out)
    return {name: files[name] for name in files if not name.endswith(WITH_TIMES) and not name.startswith("revisions/")}


@pytest.fixture(scope="module")
def stands(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give a folder of reports as it is made, one whose data have changed since, and that one made again."""
    folder = tmp_path_factory.mktemp("stands")
    paths = {name: folder / name for name in ("fresh", "aged", "revised")}
    assert call(folder / "t", *ASKED, paths["fresh"]).code == 0
    shutil.copytree(paths["fresh"], paths["aged"])
    manifest = json.loads((paths["aged"] / "manifest.json").read_text())
    for entry in manifest["reports"]:
        entry["inputs"]["weeks"] = "0" * 64
        for name in entry["files"]:
            path = paths["aged"] / entry["folder"] / name
            path.write_bytes(path.read_bytes() + AGED)
        log = paths["aged"] / "revisions" / f"{entry['folder']}.json"
        said = json.loads(log.read_text())
        said["last"]["facts"]["declined"] += 1
        log.write_text(json.dumps(said))
    (paths["aged"] / "manifest.json").write_text(json.dumps(manifest))
    shutil.copytree(paths["aged"], paths["revised"])
    assert call(folder / "t", *ASKED, paths["revised"]).code == 0
    assert json.loads((paths["revised"] / WEEKS[0] / "facts.json").read_text())["revisions"]
    return paths


def made(told: Ended) -> set[str]:
    return {line.split()[2] for line in told.out.splitlines() if "] made " in line}


def mixed(out: Path, before: Path | None, after: Path) -> list[str]:
    """List the reports that are neither as they were before nor as they are after."""

    def without_notebook(folder: Path | None, week: str) -> dict[str, bytes]:  # which holds times
        files = files_below(folder / week) if folder else {}
        return {name: files[name] for name in files if name != "notebook.ipynb"}

    may_stand = {week: [without_notebook(folder, week) for folder in (before, after)] for week in WEEKS}
    return [week for week in WEEKS if without_notebook(out, week) not in may_stand[week]]


@pytest.mark.parametrize("seed", range(TRIES))
def test_a_kill_leaves_whole_reports_and_the_rest_to_do(stands: dict[str, Path], tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    who, victims, most = chance.choice(
        [("worker", "main all worker server", 60), ("main", "main all", 40), ("kernel", "kernel main", 60)]
    )
    victim, revised = chance.choice(victims.split()), chance.random() < 0.7
    before, after = (stands["aged"], stands["revised"]) if revised else (None, stands["fresh"])
    out = Path(shutil.copytree(before, tmp_path / "out")) if before else tmp_path / "out"
    fault = {"below": out, "who": who, "victim": victim, "at": chance.randint(1, most), "once": tmp_path / "once"}
    killed = call(tmp_path / "t", *ASKED, out, **fault)
    assert mixed(out, before, after) == [], fault
    rest = call(tmp_path / "t", *ASKED, out)
    assert (rest.code, made(rest) & made(killed)) == (0, set()), (fault, rest)
    assert without_times(out) == without_times(after), fault
    assert [*(tmp_path / "t").iterdir()] == [], fault


@pytest.mark.parametrize("writes", [0, 3, 9, 17, 25, 33, 45, 60, 80, 110][: max(2, TRIES // 5)])
def test_a_full_disk_leaves_whole_reports(stands: dict[str, Path], tmp_path: Path, writes: int) -> None:
    out = Path(shutil.copytree(stands["aged"], tmp_path / "out"))
    told = call(
        tmp_path / "t", *ASKED, out, below=out, who="worker" if writes % 2 else "main", victim="disk", at=writes
    )
    assert told.code in (0, 1, 2), told
    assert "Traceback" not in told.err
    assert told.code == 0 or "No space left on device" in told.err
    assert mixed(out, stands["aged"], stands["revised"]) == []
    assert call(tmp_path / "t", *ASKED, out).code == 0
    assert without_times(out) == without_times(stands["revised"])


def test_a_second_run_says_who_is_at_work_or_waits(tmp_path: Path) -> None:
    out, tmp = tmp_path / "out", tmp_path / "t"
    first = start(tmp, *ASKED, out)
    while not (out / HOLDER).is_file():
        with pytest.raises(subprocess.TimeoutExpired):
            first.wait(0.01)
    waiting = start(tmp, *ASKED, out, "--wait")
    refused = start(tmp, *ASKED, out).communicate(timeout=60)[1]
    assert f"another run writes here: found 'process {first.pid} on " in refused
    assert made(Ended(0, first.communicate(timeout=60)[0], "")) == {*WEEKS}
    told = end(waiting, tmp)
    assert (told.code, made(told)) == (0, set())
    assert f"waiting for process {first.pid} on" in told.err


@pytest.mark.parametrize("at", [1, 4, 7, 10])
def test_a_killed_import_leaves_nothing_after_the_next(tmp_path: Path, at: int) -> None:
    data, release = tmp_path / "data", tmp_path / "release.parquet"
    write_release(generate(5, detainers=200).release, release)
    asked = "import", release, "--name", "made-up", "--data-dir", data
    assert call(tmp_path / "t", *asked, below=data, who="main", victim="main", at=at, once=tmp_path / "once").code == -9
    assert call(tmp_path / "t", *asked).code == 0
    assert [path.relative_to(data).as_posix() for path in data.glob("*/*")] == ["made-up/v001"]
    assert [path.name for path in data.iterdir()] == ["made-up"]


# Signals, and streams that take no more: one line, an exit code, and nothing is left.


def stopped(tmp: Path, chance: random.Random, *arguments: object, within: float) -> None:
    """Start a command and stop it, once or twice, alone or with what it started: one line, and no temporary file."""
    number = chance.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    to, twice = chance.choice([os.kill, os.killpg]), chance.random() < 0.5
    process = start(tmp, *arguments)
    with suppress(subprocess.TimeoutExpired):  # the first second is full of imports
        process.wait(0.2 + chance.choice([1, within]) * chance.random())
    begun = time.monotonic()
    for _ in range(1 + twice):
        if process.poll() is None:
            to(process.pid, number)
    told = end(process, tmp)
    if told.code:  # else it was done
        assert told.code == (130 if number == signal.SIGINT else 143), told
        assert (told.err.count("\n"), "stopped" in told.err) == (1, True), told
    assert time.monotonic() - begun < 3
    assert [*tmp.iterdir()] == []


@pytest.mark.parametrize("seed", range(TRIES))
def test_a_signal_at_any_moment_ends_a_run_in_one_line(tmp_path: Path, seed: int) -> None:
    out = tmp_path / "out"
    stopped(tmp_path / "t", random.Random(seed), "run", "published_week", "--jobs", "2", "--out", out, within=8)
    assert [path for path in out.rglob(".*") if path.name != ".site.json"] == []


@pytest.mark.parametrize("seed", range(TRIES // 3))
def test_a_signal_at_any_moment_ends_an_import_in_one_line(tmp_path: Path, seed: int) -> None:
    data, release = tmp_path / "data", tmp_path / "release.csv"
    write_release(generate(5, detainers=3000).release, release)
    asked = "import", release, "--name", "made-up", "--data-dir", data
    stopped(tmp_path / "t", random.Random(seed), *asked, within=4)
    assert {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_dir()} <= {
        "made-up",
        "made-up/v001",
    }
    assert [*data.rglob(".*")] == []


@pytest.mark.parametrize(
    ("arguments", "redirected", "code", "says"),
    [
        ("list", "| true", 3, "declines: stopped: what it says cannot be written: Broken pipe\n"),
        ("list", "> /dev/full", 3, "declines: stopped: what it says cannot be written: No space left on device\n"),
        ("list", ">&-", 3, "declines: stopped: what it says cannot be written: Bad file descriptor\n"),
        ("--version", "> /dev/full", 3, "declines: stopped: what it says cannot be written: No space left on device\n"),
        ("list", "2>&- > /dev/null", 0, ""),
        ("run --weeks none", "2>&-", 2, ""),
        ("run --weeks none", "2> /dev/full", 3, ""),
    ],
)
def test_a_stream_that_takes_no_more_has_an_exit_code(arguments: str, redirected: str, code: int, says: str) -> None:
    shell = f'set -o pipefail; "$0" "$1" "$2" {arguments} {redirected}'
    told = subprocess.run(["bash", "-c", shell, *COMMAND], capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stderr) == (code, says)
