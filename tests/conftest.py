"""What several test files share: a site of real reports, a browser, runs in no time, a copy of the data to damage."""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import forkserver
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from commands import declines
from hypothesis import settings
from made_up_site import add_report

import analysis.load.published
import analysis.run  # before nbformat: it keeps out an import that takes longer than a hundred tests
from analysis.files import sha256_of
from analysis.load.published import read_published_reports
from analysis.load.reference import bundled_folder
from analysis.run import batch, kernels
from analysis.run.plan import Entry, Task, notebooks, read_manifest
from analysis.run.revisions import LOG

if TYPE_CHECKING:  # the browser tests alone need it
    from playwright.sync_api import Browser

# The same cases on every machine and every run, and no limit on how long a busy machine may take for one; ten times as
# many with --hypothesis-profile thorough.
settings.register_profile("declines", deadline=None, derandomize=True, max_examples=30, database=None)
settings.register_profile("thorough", settings.get_profile("declines"), max_examples=300)
settings.load_profile("declines")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--freeze", action="store_true", help="Write the frozen facts anew instead of comparing.")


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what the libraries have loaded; it took a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


@pytest.fixture(scope="session", autouse=True)
def _no_imported_sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the sources that this machine's user has imported out of the tests, and read the published weeks once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysis.load.published, "read_published_reports", cache(read_published_reports))
        patch.setenv("DECLINES_DATA_DIR", str(tmp_path_factory.mktemp("imported")))
        yield


@pytest.fixture(scope="session")
def made_site(tmp_path_factory: pytest.TempPathFactory, _no_imported_sources: None) -> Path:
    """Give a site of real reports of every kind: settled and newest weeks, and those published, one of them revised."""
    out = tmp_path_factory.mktemp("site").resolve()
    others = ["published_week", "published_source", "printed_figures", "offence_profile", "period_profile"]
    others += ["release_quality", "compare_releases", "methods"]
    newest = ["weekly_bulletin", "--source", "synthetic", "--weeks", "latest"]
    settled = ["weekly_bulletin", "state_profile", "--weeks", "latest settled"]
    for asked in (others, newest, settled):
        declines("run", "--out", out, *asked)
    entries = read_manifest(out)
    assert {one.notebook for one in entries.values()} == notebooks().keys(), "a kind of report that no page is seen of"
    log = out / LOG / "published_week/published-2017/2017-01-28.json"
    said = json.loads(log.read_text(encoding="utf-8"))
    said["last"]["facts"]["declined"] += 1
    said["last"]["inputs"]["weeks"] = "0" * 64
    log.write_text(json.dumps(said), encoding="utf-8")
    declines("run", "--out", out, "published_week", "--weeks", "2017-01-28", "--force")
    return out


@pytest.fixture(scope="module")  # Playwright runs an event loop in this thread as long as it is open
def browser() -> Iterator[Browser]:
    """Open Debian's Chromium."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "these tests need Chromium: apt-get install chromium"
    sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium has none for root
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=sandbox)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def own_fork_server() -> None:
    """Start warm kernels from the variables as they are now: Dask's tests set some that libraries read at import."""
    kernels._running.clear()
    kernels._say_once.cache_clear()
    forkserver._forkserver._stop()  # type: ignore[attr-defined]


class MadeAtOnce(list[str]):
    """The folders of the reports that a run has made; they fail with the message, if there is one."""

    message = ""


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> MadeAtOnce:
    """Make every report in no time, files that say nothing."""
    done = MadeAtOnce()

    def make_all(tasks: Sequence[Task], out: Path, *_: object) -> Iterator[Entry]:
        for task in tasks:
            now = task.entry
            done.append(now.folder)
            if done.message:
                yield replace(now, message=done.message)
            else:
                files = add_report(out, {}, now.notebook, now.source, now.parameters).files
                yield replace(now, outcome="made", files=files)

    monkeypatch.setattr(batch, "_make_all", make_all)
    return done


@dataclass(frozen=True)
class DataCopy:
    """A copy of the bundled data that a test may damage."""

    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / name

    def lines(self, name: str) -> list[str]:
        return self.path(name).read_text(encoding="utf-8").splitlines()

    def write(self, name: str, lines: list[str]) -> None:
        self.path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.accept(name)

    def replace(self, name: str, old: str, new: str) -> int:
        """Replace the first ``old``; give the row (the header is row 1) where it stood."""
        text = self.path(name).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        self.path(name).write_text(text.replace(old, new, 1), encoding="utf-8")
        self.accept(name)
        return text[: text.index(old)].count("\n") + 1

    def accept(self, name: str) -> None:
        """Write the file's present hash into its origin file, as someone does who means the change."""
        origin = self.path(name + ".origin.yml")
        content = yaml.safe_load(origin.read_text(encoding="utf-8"))
        content["sha256"] = sha256_of(self.path(name))
        origin.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


@pytest.fixture
def data_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataCopy]:
    monkeypatch.setattr(analysis.load.published, "read_published_reports", read_published_reports)
    for module in ("reference", "sources"):
        monkeypatch.setattr(f"analysis.load.{module}.bundled_folder", lambda name: tmp_path / name)
    names = [module.name for module in pkgutil.iter_modules(analysis.load.__path__, "analysis.load.")]
    read = [thing for name in names for thing in vars(importlib.import_module(name)).values()]
    forget = [thing.cache_clear for thing in read if hasattr(thing, "cache_clear")]
    for clear in forget:
        clear()
    yield DataCopy(Path(shutil.copytree(bundled_folder("data"), tmp_path / "data")))
    for clear in forget:
        clear()
