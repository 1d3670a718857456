"""What a person meets: pages that load anywhere, read with every eye and hand, and ask nothing of other machines."""

from __future__ import annotations

import io
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from made_up_site import ENTRY
from PIL import Image

pytest.importorskip("playwright", reason="the browser tests need pip install '.[test,browser]'")

from axe_playwright_python.sync_playwright import Axe
from commands import declines
from playwright.sync_api import Browser, Page, Route
from test_hostile import report_of

import analysis as an
from analysis.files import write_folder
from analysis.show import plot
from analysis.show.style import svg_of

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
STATE, OFFENCE = "states/TX.html", "offences/DUI.html"
PUBLISHED = "published_week/published-2017/2017-01-28/report.html"
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
AXE = Axe()
REPORTS = "weekly_bulletin/fy2015/2015-06-20 weekly_bulletin/synthetic/2026-01-31 weekly_bulletin/synthetic/2026-02-21 "
REPORTS += "state_profile/synthetic/2026-01-31_TX offence_profile/synthetic/2026-01-31_DUI release_quality/synthetic "
REPORTS += "compare_releases/synthetic methods/fy2015"
PAGES = ["index.html", "names.html", STATE, OFFENCE, PUBLISHED]
PAGES += [f"{report}/report.html" for report in REPORTS.split()]
"""One of every kind."""
WIDEST = 1280
SCREENS: list[tuple[int, Literal["light", "dark"], list[str] | None]] = [
    *((WIDEST, "light", None), (400, "dark", ["color-contrast", "target-size"]), (320, "light", ["target-size"])),
]
"""Width and scheme, and the rules that may fail there alone."""
SMALL_LETTERS = """() => {
  const all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [], range = new Range();
  while (all.nextNode()) {
    const text = all.currentNode, of = text.parentElement, drawn = of.getScreenCTM?.();
    range.selectNodeContents(text);
    const seen = of.checkVisibility() && range.getClientRects().length && !of.closest(".away, .skip");
    if (!seen || !text.data.trim()) continue;
    const size = parseFloat(getComputedStyle(of).fontSize) * (drawn ? Math.hypot(drawn.a, drawn.b) : 1);
    if (size < 10.99) found.push(`${size} px: ${text.data}`);
  }
  return found }"""
LETTERS = """all => all.map((one) => { const m = one.getScreenCTM();
  return Math.hypot(m.a, m.b) * parseFloat(getComputedStyle(one).fontSize) })"""
SIDES = """all => all.map((one) => { const box = one.getBoundingClientRect(); return [box.left, box.right] })"""
ENDS = """all => all.map((pair) => {
  const middle = pair.getBoundingClientRect().left + pair.clientWidth / 2, ends = [0, 0];
  for (const one of pair.querySelectorAll("section > *")) for (const box of one.getClientRects())
    if (box.height) ends[Number(box.left > middle)] = Math.max(ends[Number(box.left > middle)], box.bottom);
  return ends })"""
NAMED_TWICE = """() => {
  const leads = {};
  const seen = [...document.querySelectorAll("h1, h2, h3, summary, a[href]")].filter((one) => one.checkVisibility());
  seen.forEach((one, n) => {
    const name = one.getAttribute("aria-label") || one.textContent.replace(/\\s+/g, " ").trim() || one.title;
    (leads[(one.href ? "link " : "heading ") + name] ??= new Set()).add(one.href ?? n);
  });
  return Object.keys(leads).filter((name) => leads[name].size > 1) }"""
"""Links with one name and two addresses, and headings of one name."""

SCREENSHOTS = Path(__file__).parent / "screenshots"
"""Pictures of the last run, for whoever changes a page or figure to look at; git ignores them."""


@pytest.fixture(scope="session")
def host(made_site: Path) -> Iterator[str]:
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(made_site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages; at the end of the test none may have had an error, a dialog, or a request beyond this machine."""
    troubles: list[str] = []
    contexts = []

    def check(route: Route) -> None:
        address = route.request.url
        if address.startswith(("file:", "data:", "http://127.0.0.1:")):
            route.continue_()
        else:
            troubles.append(f"request to {address}")
            route.abort()

    def opened(address: str | Path, width: int = 1280, **options: Any) -> Page:  # noqa: ANN401
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        context.route("**/*", check)
        page = context.new_page()
        page.add_init_script("window.alert = text => console.error(`dialog ${text}`)")
        page.on("console", lambda m: troubles.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("requestfailed", lambda request: troubles.append(f"failed: {request.url[:200]}"))
        response = page.goto(address.as_uri() if isinstance(address, Path) else address)
        assert response is None or response.ok
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []


def _violations(page: Page, rules: list[str] | None = None) -> list[str]:
    only = {"runOnly": {"type": "rule", "values": rules}} if rules else WCAG
    found: list[dict[str, Any]] = AXE.run(page, options=only).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("name", PAGES)
def test_every_kind_of_page_fits_every_screen_and_keeps_to_wcag(host: str, open_page: Open, name: str) -> None:
    """Unfolded, from a static host; each is kept as pictures, folded."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page = open_page(f"{host}/{name}")
    assert page.title()
    assert page.locator("h1").count() == page.locator("#main").count() == 1
    assert page.locator("a.skip").get_attribute("href") == "#main"
    for width, scheme, rules in SCREENS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        picture = f"{name.removesuffix('.html').replace('/', '_')}_{width}.png"
        page.screenshot(path=SCREENSHOTS / picture, full_page=True)
        if name.startswith("weekly_bulletin") and width == WIDEST:
            assert page.evaluate("document.documentElement.scrollHeight") <= 4000
        if width == WIDEST and name.startswith(("weekly", "published")):
            assert all(abs(left - right) < 400 for left, right in page.locator(".pair").evaluate_all(ENDS))
        page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(SMALL_LETTERS) == []
        figures = page.locator("figure:visible > :first-child").evaluate_all(SIDES)
        assert width < 400 or all(left >= 0 and right <= width for left, right in figures)
        assert _violations(page, rules) == [], (width, scheme)
        page.locator("details").evaluate_all("all => all.forEach(one => one.open = false)")
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert page.evaluate(NAMED_TWICE) == []


def test_a_stranger_finds_the_week_reads_why_and_takes_the_table(made_site: Path, host: str, open_page: Open) -> None:
    page = open_page(f"{host}/index.html")
    for key in ("Tab", "Enter", "Tab"):  # the first link of a page skips what stands above it
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("28 january 2017")
    page.locator("#found:not(:empty)").wait_for()
    assert page.locator("#found").inner_text() == "1 report listed"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{PUBLISHED}")
    said = page.locator(".prose").first.inner_text()
    for words in ("ICE recorded 206 detainers", "Texas, accounts for 142 of the 206", "when its policy changed"):
        assert words in said
    page.locator("details:has(#table-declined_by_place) > summary").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Data of declined_by_place (CSV)").click()
    assert download.value.suggested_filename == "declined_by_place.csv"
    beside = made_site / Path(PUBLISHED).parent / "tables/declined_by_place.csv"
    assert Path(download.value.path()).read_bytes() == beside.read_bytes()


def test_search_finds_states_offences_days_and_counties(made_site: Path, open_page: Open) -> None:
    page = open_page(made_site / "index.html")
    found, rows = page.locator("#found"), page.locator("[data-found]:visible")
    assert page.locator("[data-reports]").count() == 0, "a long list: it comes to who looks for something"

    def places(words: str) -> list[str | None]:
        """Search for words; give the pages of states and offence groups that are listed."""
        page.fill("#search", words)
        page.locator("#found:not(:empty)").wait_for()
        return [one.get_attribute("href") for one in page.locator("ul.places li:visible a").all()]

    seen = []
    for words in ("texas", "TX", "Texas"):
        assert STATE in places(words)[:4] == places(words)
        seen.append(rows.all_inner_texts())
    assert seen[0] == seen[1] == seen[2] > []
    assert page.locator("#grids").is_hidden()
    assert places("driving under") == [OFFENCE]
    assert page.get_by_role("heading", name="Offence groups").is_visible()
    assert page.get_by_role("heading", name="States", exact=True).is_hidden()
    for words, leads in (("texas dui", [STATE, OFFENCE]), ("Driving, drunk", [OFFENCE]), ("DWI", [OFFENCE])):
        assert places(words) == leads, "most of the words, where no report or page has them all"
    assert len(places("offense")) == page.locator("#places [href^=offences]").count()
    days = "28 January 2017", "week of January 30, 2017", "feb 1 2017", "2/2/2017", "3 February 2017", "2017-02-03"
    says = dict.fromkeys(days, "1 report listed")  # as written on either side of the Atlantic
    says |= dict.fromkeys(("driving under", "sexual offense"), "1 page of a state or offence group")
    says |= {"no such place": "0 reports listed. Try a state", "travis": "of a county, city or agency"}
    for words, said in says.items():
        page.fill("#search", words)
        assert said in found.inner_text(), words
    for words in ("homicides", "Travis County, Texas", "travis"):  # it counts by offence
        page.fill("#search", words)
        assert page.locator(f"tr[data-found]:visible a[href='{PUBLISHED}']").is_visible(), words
    assert page.get_by_role("heading", name="Counties, cities and agencies").is_visible()
    name = page.locator("li[data-reports]:visible", has_text="Travis, TX")
    assert name.locator(f"a[href^='{PUBLISHED}#declined_by_place-']").is_visible()
    page.fill("#search", "")
    assert page.locator("#grids").is_visible()
    everything = page.locator("[data-found]:not([data-reports])")
    assert rows.count() == everything.count(), "names stand where they are looked for"
    page.fill("#search", "travis")
    name.locator("a").last.click()
    assert page.locator("tr:target").is_visible(), "a link unfolds the row that it leads to"
    assert "Travis" in page.locator("tr:target").inner_text()
    page.get_by_role("searchbox").fill("travis january 28, 2017")
    page.keyboard.press("Enter")
    page.wait_for_url("**/index.html?q=*")
    page.locator("#found:not(:empty)").wait_for()
    assert found.inner_text() == "1 report listed"
    page.locator("#search").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{PUBLISHED}")


def _column(page: Page, table: str, column: int) -> list[str]:
    return page.locator(f"{table} tbody tr > :nth-child({column})").all_inner_texts()


def test_tables_are_sorted_by_keyboard_and_by_mouse(made_site: Path, open_page: Open) -> None:
    page = open_page(made_site / PUBLISHED)
    table = "#table-declined_by_place"
    page.locator("details:has(#table-declined_by_place) > summary").click()
    heading = page.locator(f"{table} th", has_text="Recorded as declined")
    headings = [text.lower() for text in page.locator(f"{table} thead th").all_inner_texts()]
    at = next(n for n, text in enumerate(headings, 1) if "recorded as declined" in text)
    heading.get_by_role("button").focus()
    for key, order in (("Enter", "descending"), ("Space", "ascending")):
        page.keyboard.press(key)
        assert heading.get_attribute("aria-sort") == order
        counts = [int(text.split()[0]) for text in _column(page, table, at)]
        assert counts == sorted(counts, reverse=order == "descending")
        assert max(counts) == 149
    page.locator(f"{table} th", has_text="Place").get_by_role("button").click()
    places = _column(page, table, 1)
    assert places == sorted(places, key=str.casefold)
    assert heading.get_attribute("aria-sort") is None
    page = open_page(made_site / STATE)
    weeks = page.locator("table").filter(has_text="28 January – 3 February 2017")
    weeks.evaluate("one => one.tBodies[0].rows[1].cells[3].textContent = '–'")
    for _ in range(2):  # missing stands last whatever the direction
        weeks.locator("th", has_text="Recorded as declined").get_by_role("button").click()
        assert weeks.locator("tbody tr:last-child td").nth(2).inner_text() == "–"


def test_dark_is_dark_and_print_is_light_with_nothing_cut_off(made_site: Path, open_page: Open) -> None:
    page = open_page(made_site / PUBLISHED, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(23, 25, 27)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    assert page.locator("summary").first.is_visible()
    assert page.locator("details table").first.is_hidden()
    assert page.locator(".download").first.is_hidden()
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert page.locator("details table").first.is_visible(), "the reader opened it"
    paper = 703  # CSS pixels of A4 between its margins
    for name in PAGES:
        page = open_page(made_site / name, paper)
        page.emulate_media(media="print")
        wide = page.locator(":is(table, svg, pre, dl):visible").evaluate_all(
            "(all, width) => all.filter(one => one.getBoundingClientRect().right > width + 1)"
            ".map(one => one.id || one.outerHTML.slice(0, 80))",
            paper,
        )
        assert wide == [], name
        marked = page.evaluate("getComputedStyle(document.body).page") == "made-up"
        assert marked == ("/synthetic/" in name), "which names its pages so that each is marked"
        sheets = len(re.findall(rb"/Type /Page\b", page.pdf(prefer_css_page_size=True)))
        assert sheets > 0
        assert sheets <= 3 or not name.startswith("weekly_bulletin")
        page.context.close()


def test_a_pdf_stands_beside_the_page_tagged_described_and_the_same_each_time(tmp_path: Path) -> None:
    asked = ["run", "published_week", "--weeks", "2017-02-04", "--out", str(tmp_path), "--pdf"]
    made = []
    for more, printed in ([], 1), ([], 0), (["--force"], 1):
        assert f"pages printed as PDF: {printed}" in declines(*asked, *more).stdout
        made.append((tmp_path / "published_week/published-2017/2017-02-04/report.pdf").read_bytes())
    for mark in (
        b"/StructTreeRoot",
        b"/Lang (en)",
        b"/Title (47 detainers recorded as declined",
        b"/S /H1",
        b"/Alt (Tile map",
    ):
        assert mark in made[0]
    assert made[0] == made[1] == made[2]
    assert "report.pdf" in json.loads((tmp_path / "manifest.json").read_text())["reports"][0]["files"]


def test_a_revised_report_says_so_and_rows_stand_without_scripts(made_site: Path, open_page: Open) -> None:
    page = open_page(made_site / PUBLISHED)
    page.get_by_text("code: revision 1").click()
    assert "1 figure changed" in page.locator("#about").inner_text()
    was_and_is = [text.strip() for n in (2, 3) for text in _column(page, "#table-revision-1", n)]
    assert was_and_is == ["207", "206"]
    page.goto((made_site / PUBLISHED).as_uri() + "#cite")
    assert page.get_by_role("heading", name="How to cite").is_visible(), "a link unfolds what it leads to"
    page = open_page(made_site / "index.html", java_script_enabled=False)
    assert page.locator("form.search").is_hidden()
    assert page.locator("a[href='names.html']").is_visible()
    assert page.locator("tr[data-found]").count() == len(list(made_site.glob("*/*/**/report.html")))
    assert page.locator("thead button").count() == 0


HOSTILE = [
    *("<script>alert(1)</script>", '=HYPERLINK("http://example.org","x")', "COUNTY OF " * 30, "X" * 300),
    *("שֵׁרִיף \u202eright to left", "Shé\u0301riff e\u0301\u0302", "Z" + "\u0301" * 40),
    *('"><img src=x onerror=alert(1)>', "[a](javascript:alert(1)) **b** `c` {d}"),
]


@pytest.mark.filterwarnings("ignore:Glyph")
def test_names_are_read_as_they_are_written_and_nothing_runs(tmp_path: Path, open_page: Open) -> None:
    rows = pd.DataFrame({"agency": HOSTILE, "note": HOSTILE[::-1], "declined": range(len(HOSTILE))})
    write_folder(tmp_path / ENTRY.folder, report_of(HOSTILE, agencies_named=rows, nothing=rows.iloc[:0]))
    page = open_page(tmp_path / ENTRY.folder / "report.html")
    shown = [name.replace("\u202e", "[U+202E]") for name in HOSTILE]  # nothing turns the text around
    names = [name.strip() for name in page.locator("#table-agencies_named tbody th").all_text_contents()]
    assert names == [name.strip() for name in shown]
    said = page.locator(".prose p").all_text_contents()
    assert [text.split() for text in said[: len(HOSTILE) - 1]] == [f"0 in {name}.".split() for name in shown[1:]]
    clipped = "all => all.every(one => getComputedStyle(one).overflow === 'clip')"
    assert page.locator("#table-agencies_named tbody .label").evaluate_all(clipped)  # marks stay within their row
    assert page.locator("#table-nothing tbody").inner_text() == "There is nothing to list here."
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert _violations(page) == []
    data = page.get_by_role("link", name="Data of agencies_named (CSV)").get_attribute("href")
    text = (tmp_path / ENTRY.folder / str(data)).read_text(encoding="utf-8")
    assert "\u202e" in text, "the file has every name as it is"
    assert "\"'=HYPERLINK(" in text, "a spreadsheet shows it and does not run it"


def test_a_figure_stands_by_itself_and_its_links_lead_on(made_site: Path, host: str, open_page: Open) -> None:
    report = next(made_site.glob("weekly_bulletin/synthetic/*/report.html"))
    page = open_page(report)
    page.locator("#figure-map").get_by_role("link", name="How it is made").click()
    assert page.locator("pre:target").is_visible(), "a link unfolds what it leads to"
    assert "plot.state_map" in page.locator("pre:target").inner_text()
    names = page.locator("figcaption a").all_text_contents()
    assert len(names) == len({*names}) > 25
    for path in report.parent.glob("figures/*.html"):
        assert path.stat().st_size < 60_000
        for scheme in ("light", "dark"):
            name = path.relative_to(made_site).as_posix()
            page = open_page(f"{host}/{name}", 400, color_scheme=scheme)
            page.screenshot(path=SCREENSHOTS / f"embed_{path.stem}_{scheme}.png", full_page=True)
            assert page.title().startswith("MADE-UP DATA: ")
            assert page.evaluate("document.documentElement.scrollWidth") <= 400
            assert min(page.locator("svg text").evaluate_all(LETTERS)) >= 9  # CSS pixels
            assert _violations(page) == [], path
            page.get_by_role("link").click()
            page.locator("figure:target svg").wait_for()
            page.context.close()


def test_a_page_is_painted_within_two_thirds_of_a_second_by_a_slow_machine(made_site: Path, open_page: Open) -> None:
    busy = max(1, os.getloadavg()[0] / len(os.sched_getaffinity(0)))  # with other work than this
    for path in (made_site / "index.html", next(made_site.glob("weekly_bulletin/synthetic/*/report.html"))):
        painted = []
        for _ in range(5):
            page = open_page("about:blank")
            page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
            page.goto(path.as_uri())
            entry = page.wait_for_function("performance.getEntriesByName('first-contentful-paint')[0]")
            painted.append(entry.evaluate("entry => entry.startTime"))
            page.context.close()
        assert min(painted) <= 600 * busy, path


def test_a_drawing_looks_as_matplotlib_wrote_it(open_page: Open) -> None:
    cohort = an.cohort("synthetic", "2025-12-13")
    frames = {plot.weekly_counts: an.weekly_counts(cohort), plot.state_map: an.counts_by(cohort, "state")}
    frames |= {plot.time_to_outcome: an.time_to_outcome(cohort), plot.outcomes: an.counts_by(cohort, "all")}
    page = open_page("about:blank", 500)
    for draw, frame in frames.items():
        figure = draw(frame)
        figure.sign(source_title="<a> & b")
        figure.savefig(written := io.StringIO(), format="svg")
        pictures, seen = [], []
        for svg in (written.getvalue(), svg_of(figure)):
            seen.append({*re.findall(r'opacity(?:: |=")([\d.]+)', svg)})
            page.set_content(svg[svg.index("<svg") :])
            drawn = Image.open(io.BytesIO(page.locator("svg").screenshot()))
            pictures.append(np.asarray(drawn.convert("L").crop((0, 0, 480, 8 * (drawn.height // 8))), float))
        parts = (pictures[0] - pictures[1]).reshape(-1, 8, 60, 8).mean((1, 3))
        assert np.abs(parts).max() < 26, draw.__name__
        assert seen[0] == seen[1], "what lies below shines through as much"
