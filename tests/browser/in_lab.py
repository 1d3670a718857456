"""A real JupyterLab, driven as an analyst would."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="the browser tests need pip install '.[test,browser]'")

from playwright.sync_api import Browser, Locator, Page, expect

SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"
"""The notebook in front."""


class Lab:
    """A JupyterLab that `declines lab` has opened in a folder of its own."""

    def __init__(self, browser: Browser, address: str, folder: Path) -> None:
        self.address, self.folder, self.copy = address, folder, folder / "declines-lab"
        self.context = browser.new_context(viewport={"width": 1400, "height": 900})
        self.context.set_default_timeout(60_000)

    def open(self, notebook: str = "") -> Page:
        """Open a notebook of the working copy, or the start page, with its kernel ready."""
        page = self.context.new_page()
        at = re.sub(r"/lab[^?]*", f"/lab/tree/{notebook}", self.address) if notebook else self.address
        page.goto(f"{at}&reset")
        page.locator(f"{SHOWN} .jp-Cell").first.wait_for()
        page.get_by_text(re.compile(r"^Python 3 \(ipykernel\) \| Idle$")).wait_for()
        return page

    def run_all(self, page: Page) -> None:
        """Choose Run > Run All Cells, and wait until the last code cell is done, or one has failed."""
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        last = page.locator(f"{SHOWN} .jp-CodeCell .jp-InputArea-prompt").last
        done = last.filter(has_text=re.compile(r"\[\d+\]"))
        expect(done.or_(self.errors(page)).first).to_be_visible(timeout=120_000)

    def errors(self, page: Page) -> Locator:
        """Find what cells of the notebook in front have shown as errors, or written to the error stream."""
        return page.locator(f"{SHOWN} .jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']")
