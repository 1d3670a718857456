"""What an analyst meets in a real JupyterLab, opened by `declines lab`."""

from __future__ import annotations

import pytest
from commands import declines
from in_lab import Lab
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


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
