"""What an analyst meets in a real JupyterLab, opened by `declines lab`."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from commands import DECLINES, declines

pytest.importorskip("playwright", reason="the browser tests need pip install '.[test,browser]'")

from playwright.sync_api import Browser, Locator, Page, expect

pytestmark = pytest.mark.browser
SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"
"""The notebook in front."""
CHOSEN = {"Period": "March 2015", "Compared with": "January 2015"}
FIRST = f"{SHOWN} .jupyter-widgets .declines-view .first"


class Lab:
    """A JupyterLab that `declines lab` has opened in a folder of its own."""

    def __init__(self, browser: Browser, address: str, folder: Path) -> None:
        self.address, self.folder = address, folder
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


@pytest.fixture(scope="module")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Open a real JupyterLab on a working copy."""
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


def test_the_start_page_opens_and_leads_to_notebooks_data_reports_and_ones_own_folder(lab: Lab) -> None:
    page = lab.open()
    expect(page.get_by_role("heading", name="Declined detainers: where to begin")).to_be_visible()
    files = page.locator(".jp-DirListing-item")
    for name in ("data", "imported", "reports", "started-in", "weekly_bulletin.ipynb"):
        expect(files.get_by_text(name, exact=True)).to_be_visible()
    files.get_by_text("data", exact=True).dblclick()
    expect(files.get_by_text("README.md", exact=True)).to_be_visible()
    page.get_by_role("link", name="tutorial").click()
    expect(page.get_by_role("heading", name="Tutorial: from a source")).to_be_visible()
    page.close()


def test_an_executed_report_shows_its_figures_and_reads_from_the_left_though_it_is_not_trusted(lab: Lab) -> None:
    made = declines("run", "published_week", "--weeks", "2017-02-04", "--jobs", "1", folder=lab.folder)
    assert "1 of 1 reports stand" in made.stdout, made.stderr
    page = lab.open("reports/published_week/published-2017/2017-02-04/notebook.ipynb")
    figures = page.locator(".jp-OutputArea-output img")
    figures.last.scroll_into_view_if_needed()
    expect(page.locator(".jp-OutputArea-output svg")).to_have_count(0)
    assert figures.evaluate_all("all => all.map(one => one.complete && one.naturalWidth > 100)") == [True] * 3
    places = page.locator(".report-table").first.locator("tbody th")
    assert set(places.evaluate_all("all => all.map(one => getComputedStyle(one).textAlign)")) == {"left"}
    page.close()


def unlabelled(page: Page) -> list[str]:
    """List the controls that a reader of screens could not name."""
    return page.locator(f"{SHOWN} .jupyter-widgets :is(select, input, textarea, button)").evaluate_all(
        "all => all.filter((one) => !(one.labels?.[0] ?? one).textContent.trim()).map((one) => one.outerHTML)"
    )


def test_a_question_is_answered_taken_along_as_code_and_kept_as_a_report(lab: Lab) -> None:
    lab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = lab.open("explore.ipynb")
    lab.run_all(page)
    first, picture = page.locator(FIRST), page.locator(f"{SHOWN} .jupyter-widgets .declines-view img")
    expect(first.first).to_contain_text("The United States")
    assert unlabelled(page) == []
    drawn = picture.get_attribute("src")
    for label, chosen in CHOSEN.items():
        page.get_by_label(label, exact=True).select_option(label=chosen)
    expect(first.first).to_contain_text("March 2015")
    expect(picture).not_to_have_attribute("src", drawn or "")
    page.get_by_label("Place", exact=True).select_option(label=["Colorado (CO)", "New York (NY)"])
    page.get_by_label("View", exact=True).focus()
    page.keyboard.type("table")  # by keyboard alone
    expect(first).to_have_text([re.compile("^Colorado, March 2015"), re.compile("^New York, March 2015")])
    rows = page.locator(f"{SHOWN} .jupyter-widgets .declines-view tbody tr")
    expect(rows).to_have_count(2)
    expect(rows).to_contain_text(["44149", "20235"])
    page.get_by_role("button", name="Copy as code").click()
    code = page.get_by_label("Code", exact=True)
    expect(code).to_have_value(re.compile("filter.*CO.*NY"))
    page.wait_for_function("async code => await navigator.clipboard.readText() == code", arg=code.input_value())
    page.locator(f"{SHOWN} .jp-CodeCell .jp-InputArea-prompt").last.click()
    page.keyboard.press("b")
    expect(page.locator(f"{SHOWN} .jp-Cell")).to_have_count(6)
    page.keyboard.press("Enter")
    page.locator(f"{SHOWN} .jp-Notebook.jp-mod-editMode").wait_for()
    page.keyboard.press("Control+v")
    page.keyboard.press("Shift+Enter")
    pasted = page.locator(f"{SHOWN} .jp-CodeCell", has_text="for state in").last.locator(".jp-OutputArea-output")
    expect(pasted.first).to_contain_text("New York, March 2015: 2.5% recorded as declined (5 of 197)")
    expect(pasted.last.locator("tbody tr")).to_contain_text(["Colorado", "New York"])
    assert lab.errors(page).all_inner_texts() == []

    page.get_by_role("button", name="Save as report").click()
    link = page.locator(f"{SHOWN} a", has_text="2015-03_2015-01_CO/report.html")
    expect(link).to_be_visible(timeout=120_000)
    made = sorted((lab.folder / "reports" / "period_profile" / "fy2015").glob("*/report.html"))
    assert [path.parent.name for path in made] == ["2015-03_2015-01_CO", "2015-03_2015-01_NY"]
    link.click()
    page.locator(".lm-TabBar-tabLabel", has_text="report.html").wait_for()
    page.close()
