"""Kills, full disks and second runs at any moment: no report is mixed, lost, or made again that was said to be made."""

from __future__ import annotations

import json
import random
import shutil
import time
from pathlib import Path

import pytest
from faulty_commands import TRIES, Ended, call, end, start
from synthetic import generate, write_release

from analysis.files import HOLDER

pytestmark = [pytest.mark.faults, pytest.mark.slow]

WEEKS = [f"published_week/published-2017/2017-{day}" for day in ("01-28", "02-04")]
ASKED = "run", "published_week", "--weeks", "2017-01-28:2017-02-04", "--jobs", "2", "--out"
AGED = b"\n\n"  # what reads them does not mind
WITH_TIMES = ("notebook.ipynb", "manifest.json", ".site.json", "feed.xml")


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
        assert first.poll() is None
        time.sleep(0.01)
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
