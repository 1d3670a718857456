"""The form in a real JupyterLab: a question is asked, answered, taken along as code and kept as a report."""

from __future__ import annotations

import re

import pytest
from in_lab import SHOWN, Lab
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
CHOSEN = {"Period": "March 2015", "Compared with": "January 2015"}
FIRST = f"{SHOWN} .jupyter-widgets .declines-view .first"


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
