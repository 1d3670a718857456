"""What the browser tests share: Debian's Chromium, and a real JupyterLab on a working copy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

pytest.importorskip("playwright", reason="the browser tests need pip install '.[test,browser]'")

from in_lab import DECLINES, Lab
from playwright.sync_api import Browser, sync_playwright


@pytest.fixture(scope="module")  # Playwright runs an event loop in this thread as long as it is open
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "these tests need Chromium: apt-get install chromium"
    sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium has none for root
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=sandbox)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    env = {**os.environ, "HOME": str(folder / "home"), "JUPYTER_CONFIG_DIR": str(folder / "config")}
    env |= {"JUPYTER_DATA_DIR": str(folder / "share"), "JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
    command = [*DECLINES, "lab", "--no-browser", "--port=0"]
    with subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        said: list[str] = []
        for line in server.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+/lab\S*\?token=\w+", line):
                break
        else:
            pytest.fail("".join(said))
        threading.Thread(target=server.stderr.read, daemon=True).start()  # or it would wait with a full pipe
        yield Lab(browser, found[0], folder)
        server.terminate()
        with suppress(subprocess.TimeoutExpired):  # a kernel that is about to start can keep it
            server.wait(30)
        server.kill()
