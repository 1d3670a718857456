"""An executed notebook becomes files: complete, escaped, whole or not at all."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from made_up_site import ENTRY
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from analysis.errors import InputError
from analysis.files import write_whole
from analysis.run.worker import files_of, inlined, write_files, write_revised
from analysis.show.tables import FACTS_TYPE, FIGURE_KEY, TABLE_TYPE

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9">\n<text x="1 2" fill="#000">50% &amp; é שֵׁ</text></svg>'
"""A drawing with everything that a page must not change."""
Output = dict[str, object]


def _shown(data: dict[str, object], metadata: dict[str, object] | None = None) -> Output:
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}


MASTHEAD = _shown({"text/plain": "masthead"}, {FIGURE_KEY: {"masthead": True}})


def closing(**told: object) -> Output:
    content = {"report": "probe", "title": "A <title>", "masthead": [["Clock", "issued"]], "synthetic": False}
    content |= {"source": {"name": "made", "title": "Made"}, "facts": {"declined": 3}}
    return _shown({FACTS_TYPE: content | {"parameters": {}, "sentences": []} | told})


def table(name: str, csv: str = "agency\n<script>alert(1)</script>\n") -> Output:
    return _shown({TABLE_TYPE: {"name": name}, "text/html": "<table></table>", "text/plain": csv})


def executed(*outputs: Output) -> nbformat.NotebookNode:
    cells = [new_code_cell("x < 1", outputs=[new_output(**output)]) for output in outputs]
    return new_notebook(cells=[new_markdown_cell("# Title <b>bold</b>"), *cells])


def page_of(*outputs: Output) -> str:
    return files_of(executed(*outputs), ENTRY)["report.html"].decode()


@pytest.mark.parametrize("citation", ["", "data given by <the county>"])
def test_only_a_source_that_asks_for_it_is_cited_in_its_words(citation: str) -> None:
    source = {"name": "made", "title": "Made"} | ({"citation": citation} if citation else {})
    page = page_of(MASTHEAD, closing(source=source))
    cited = page[page.index("How to cite") :]
    assert "from the source Made" in cited
    assert "Deportation Data Project" not in page
    assert ("asks that it be cited as <q>data given by &lt;the county&gt;</q>" in cited) == bool(citation)


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_page_over_made_up_data_says_so_in_its_heading_and_at_its_top(synthetic: bool) -> None:
    page = page_of(MASTHEAD, closing(synthetic=synthetic, title="A title"))
    mark = "MADE-UP DATA: " if synthetic else ""
    assert f"<h1>{mark}A title</h1>" in page
    assert f'<p class="kick"><b>{mark}Title &lt;b&gt;bold&lt;/b&gt;</b>' in page
    assert ('<p class="made-up">MADE-UP DATA: ' in page) is ("MADE-UP DATA: A title" in page) is synthetic


def test_every_file_of_a_report_and_a_page_that_needs_no_other(tmp_path: Path) -> None:
    about = {"figure": "picture", "alt": 'Alt "quoted" {declined:n}', "title": "One\nTwo"}
    picture = _shown({"image/svg+xml": SVG, "image/png": "iVBORw0KGgo="}, {FIGURE_KEY: about})
    hashes = write_revised(tmp_path, ENTRY, executed(MASTHEAD, table("rows"), picture, closing()))
    folder = tmp_path / ENTRY.folder
    names = ["facts.json", *(f"figures/picture.{kind}" for kind in ("html", "png", "svg")), "notebook.ipynb"]
    assert list(hashes) == [*names, "report.html", "tables/rows.csv"]
    assert json.loads((folder / "facts.json").read_text())["facts"] == {"declined": 3}
    assert (folder / "tables/rows.csv").read_text() == "agency\n<script>alert(1)</script>\n"
    assert (folder / "figures/picture.svg").read_text() == SVG
    cells = json.loads((folder / "notebook.ipynb").read_text())["cells"]
    shown = [output["data"] for cell in cells for output in cell.get("outputs", [])]
    assert {"text/html": "<table></table>", "text/plain": "tables/rows.csv"} in shown, "the CSV stands beside it"
    page = (folder / "report.html").read_text()
    assert "<script>alert" not in page
    texts = ("<code>x &lt; 1</code>", "<title>A &lt;title&gt;</title>", 'label="Alt &quot;quoted&quot; {declined:n}"')
    assert [text for text in texts if text not in page] == []
    assert SVG.partition("width")[2] in page, "the drawing stands in the page"
    beside = re.sub(r'(src|href)="data:[^"]*"', "", page)
    assert re.findall(r'<script src|href="http|@import|url\(|https?://', beside) == []


def test_a_drawing_in_a_page_has_ids_of_its_own_and_its_text_stays() -> None:
    text = 'd=" M 1 2" #d55e00 id="a" url(#a) style="fill: #d55e00" font-family: A; 3.14159 &lt;svg xlink:href'
    marks = f'<g id="b" style="fill: #d55e00"><use xlink:href="#a" x="3.14159"/><text>{text}</text></g>' * 3
    drawing = f'<?xml version="1.0"?>\n<svg width="9.25pt" height="8pt" viewBox="0 0 9 8"><path id="a"/>{marks}'
    drawing += '<g id="source"><text>of the source</text></g></svg>'
    first, second = (inlined(drawing, 'A "b"', name, 2) for name in ("f0", "f1"))
    assert first.startswith('<svg role="img" aria-label="A &quot;b&quot;" viewBox="0 0 9 6.0"><path id="f0-a"/><g')
    assert first.count(f">{text}<") == 3
    assert first.count('style="fill: var(--d55e00)"><use xlink:href="#f0-a"') == 3
    assert "of the source" not in first, "the page says it, and the drawing ends above it"
    ids = [{*re.findall(r'<[^>]* id="([^"]*)"', one)} for one in (first, second)]
    assert ids == [{"f0-a", "f0-b"}, {"f1-a", "f1-b"}], "two figures of a page share none"
    data: dict[str, object] = {"image/svg+xml": drawing}
    alone, named = _shown(data), _shown(data, {FIGURE_KEY: {"figure": "a", "alt": ""}})
    found = re.findall(r' id="(f\d+-a)"', page_of(alone, named, closing()))
    assert len(found) == len({*found}) == 2


def test_a_figure_has_its_data_images_page_and_code_beside_it_and_stands_for_the_report_where_that_is_shared() -> None:
    about = {"figure": "bars", "alt": "An alt.", "title": "<One>\nTwo", "table": "rows"}
    figure = _shown({"image/svg+xml": SVG, "image/png": "iVBORw0KGgo="}, {FIGURE_KEY: about})
    plain = _shown({"image/svg+xml": SVG}, {FIGURE_KEY: {**about, "figure": "dots", "table": "none"}})
    notebook, address = (
        executed(table("rows"), figure, plain, closing(synthetic=True)),
        "https://example.org/made/report/",
    )
    files = files_of(notebook, replace(ENTRY, inputs={"address": "https://example.org/"}))
    page = BeautifulSoup(files["report.html"], "html.parser")
    links = {str(one.get_text()): str(one["href"]) for one in page.select("#figure-bars a")}
    assert links == {
        "Data of the figure <One>": "tables/rows.csv",
        "Image of <One>": "figures/bars.svg",
        "PNG of <One>": "figures/bars.png",
        "Link to <One>": "#figure-bars",
        "Embed <One>": "figures/bars.html",
        "How it is made: <One>": "#code-3",
    }
    assert page.select_one("details #code-3") is not None
    assert [one.contents[0] for one in page.select("#figure-dots a")] == ["Image", "Link", "Embed", "How it is made"]
    told = {str(one["property"]): one["content"] for one in page.select("[property]")}
    assert str(told["og:description"]).startswith("MADE-UP DATA: ")
    assert told["og:image"] == f"{address}figures/bars.png"
    assert page.select('link[rel="canonical"]')[0]["href"] == told["og:url"] == f"{address}report.html"
    embed = BeautifulSoup(files["figures/bars.html"], "html.parser")
    assert embed.title is not None
    assert embed.title.get_text() == "MADE-UP DATA: <One>"
    assert embed.select("svg")[0]["aria-label"] == "An alt."
    assert embed.select("a")[0]["href"] == "../report.html#figure-bars"
    assert b"example.org" not in files_of(notebook, ENTRY)["report.html"], "where the address is not known"


def test_a_page_leads_to_the_weeks_beside_it() -> None:
    files = files_of(executed(closing()), replace(ENTRY, inputs={"neighbours": ["2015-06-27_TX", ""]}))
    before = 'rel="prev" href="../2015-06-27_TX/report.html">← 27 June – 3 July 2015</a>'
    assert f"{before}<span>newest report</span>" in files["report.html"].decode()


@pytest.mark.parametrize(
    ("shown", "kept"),
    [(table("by_state"), True), (_shown({"text/markdown": "None."}), False), (new_output("stream", text="!"), False)],
)
def test_a_heading_goes_where_nothing_is_shown_below_it_but_why_not(shown: Output, kept: bool) -> None:
    notebook = executed(shown, closing())
    notebook.cells.insert(1, new_markdown_cell("## Are states alike?", metadata={"tags": ["if-shown"]}))
    assert ("Are states alike?" in files_of(notebook, ENTRY)["report.html"].decode().split("<details")[0]) is kept


@pytest.mark.parametrize("name", ["{issued} of {issued:n} x{declined.__class__}", "{{ 7 * 7 }}", "{% raw %}"])
def test_braces_in_a_name_are_no_template(name: str) -> None:
    page = page_of(MASTHEAD, closing(title=name, source={"name": name, "title": name}, masthead=[["File", name]]))
    assert page.count(name) >= 5


def test_the_names_of_places_that_a_report_counts_lead_to_their_pages_on_a_site() -> None:
    row = '<tr><th scope="row" class="text">{}</th></tr>'
    data: dict[str, object] = {TABLE_TYPE: {"name": "by_offence"}, "text/plain": "group,issued\nAssault & threats,3\n"}
    shown = _shown(data | {"text/html": row.format("Assault &amp; threats") + row.format("Texas")})
    texas: dict[str, str] = {"state": "TX"}
    for asked, page, name in (({}, "offences/ASSAULT", "Assault &amp; threats"), (texas, "states/TX", "Texas")):
        made = page_of(shown, closing(parameters=asked))
        assert re.findall(r'class="text"><a href="(.*?)">(.*?)</a>', made) == [(f"../../{page}.html", name)]


def test_a_notebook_that_is_no_report_is_refused() -> None:
    with pytest.raises(InputError, match=r"tables/rows\.csv' twice"):
        files_of(executed(table("rows"), table("rows"), closing()), ENTRY)
    with pytest.raises(InputError, match="last cell"):
        files_of(executed(table("rows")), ENTRY)


def test_earlier_files_go_and_a_users_own_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier, folder = write_revised(tmp_path, ENTRY, executed(table("old"), closing())), tmp_path / ENTRY.folder
    for name in ("tables/notes.csv", "failed.ipynb"):
        (folder / name).write_text("a reader's own, or of a run that failed")
    write_revised(tmp_path, replace(ENTRY, files=earlier), executed(closing()))
    stands = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}
    assert stands.keys() == {"facts.json", "notebook.ipynb", "report.html", "tables/notes.csv"}
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_whole(folder / "facts.json", b"after")
    assert {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")} == stands


def test_streams_and_errors_are_escaped_and_nothing_turns_the_text_around() -> None:
    stream: Output = {"output_type": "stream", "name": "stdout", "text": "<b>told</b> \u202e"}
    error: Output = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["<i>trace</i>"]}
    page = page_of(closing(), stream, error)
    assert "&lt;b&gt;told&lt;/b&gt; [U+202E]" in page
    assert "&lt;i&gt;trace" in page


def test_a_notebook_that_shows_what_no_page_can_is_a_failed_report_and_stops_nobody(tmp_path: Path) -> None:
    notebook = executed(_shown({"text/plain": "no drawing"}, {FIGURE_KEY: {"figure": "bars"}}), closing())
    done = write_files(ENTRY, nbformat.writes(notebook), tmp_path)
    assert done.outcome == "failed"
    assert done.message.startswith("the report could not be written: KeyError: ")
