"""An executed notebook becomes files: complete, escaped, whole or not at all."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pandas as pd
import pytest
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from analysis.errors import InputError
from analysis.run.page import as_data_address
from analysis.run.reports import files_of, write_report
from analysis.run.writing import write_whole
from analysis.show.sheet import Sheet, Shown


def _executed(*shown: Shown, extra: list[dict[str, object]] | None = None) -> nbformat.NotebookNode:
    cells = [new_markdown_cell("# Title <b>bold</b>")]
    for one in shown:
        output = new_output("display_data", data=one.data, metadata=one.metadata)
        cells.append(new_code_cell("x < 1", outputs=[output]))
    cells += [new_code_cell("", outputs=[new_output(**output)]) for output in extra or []]
    return new_notebook(cells=cells)


def _sheet(png: bool = False) -> Sheet:
    sheet = Sheet("probe", parameters={"week": "2017-02-04"}, source={"name": "made"}, png=png)
    sheet.know(declined=3)
    return sheet


def _figure() -> Figure:
    figure = Figure(figsize=(2, 1))
    figure.text(0.5, 0.5, "a figure")
    return figure


@pytest.mark.parametrize("citation", ["", "data given by <the county>"])
def test_only_a_source_that_asks_for_it_is_cited_in_its_words(citation: str) -> None:
    source = {"name": "made", "title": "Made"} | ({"citation": citation} if citation else {})
    sheet = Sheet("probe", parameters={}, source=source)
    page = files_of(_executed(sheet.masthead("A title", clock="issued"), sheet.close()))["report.html"].decode()
    cited = page[page.index("How to cite") :]
    assert "from the source Made" in cited
    assert "Deportation Data Project" not in page
    assert ("asks that it be cited as <q>data given by &lt;the county&gt;</q>" in cited) == bool(citation)


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_page_over_made_up_data_says_so_in_its_title_heading_headline_and_citation(synthetic: bool) -> None:
    sheet = Sheet("probe", parameters={}, source={"name": "made"}, synthetic=synthetic)
    page = files_of(_executed(sheet.masthead("A title", clock="issued"), sheet.close()))["report.html"].decode()
    mark = "SYNTHETIC (made-up data): " if synthetic else ""
    assert f"<title>{mark}A title</title>" in page
    assert f'<p class="headline">{mark}A title</p>' in page
    assert re.search(f"<h1[^>]*>{re.escape(mark)}Title", page)
    assert f"<p>{mark}A title. Revision 0" in page
    assert ('<p class="made-up">MADE-UP DATA</p>' in page) is synthetic
    assert ("SYNTHETIC" in page) is synthetic


def test_every_file_of_a_report(tmp_path: Path) -> None:
    sheet = _sheet(png=True)
    shown = [
        sheet.masthead("A <title>", clock="issued"),
        sheet.say("{declined:n} & more"),
        sheet.table(pd.DataFrame({"agency": ["<script>alert(1)</script>"], "issued": [1234]}), "rows", "Caption <i>"),
        sheet.figure(_figure(), "picture", 'Alt "quoted" {declined:n}'),
        sheet.close(),
    ]
    hashes = write_report(tmp_path, _executed(*shown))
    assert set(hashes) == {
        "notebook.ipynb",
        "report.html",
        "facts.json",
        "tables/rows.csv",
        "figures/picture.svg",
        "figures/picture.png",
    }
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert facts["facts"] == {"declined": 3}
    assert facts["sentences"][0]["text"] == "3 & more"
    assert facts["sentences"][0]["facts"] == ["declined"]
    assert (tmp_path / "tables/rows.csv").read_text() == "agency,issued\n<script>alert(1)</script>,1234\n"
    page = (tmp_path / "report.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert 'alt="Alt &quot;quoted&quot; 3"' in page
    assert "<code>x &lt; 1</code>" in page
    assert "<title>A &lt;title&gt;</title>" in page
    assert "1,234" in page


def test_the_page_needs_no_other_file() -> None:
    sheet = _sheet()
    page = files_of(_executed(sheet.figure(_figure(), "picture", "Alt"), sheet.close()))["report.html"].decode()
    assert 'src="data:image/svg+xml;charset=utf-8,' in page
    beside = re.sub(r'(src|href)="data:[^"]*"', "", page)
    for word in ("<script src", 'href="http', "@import", "url(", "http://", "https://"):
        assert word not in beside, word


@pytest.mark.parametrize("text", ['a "b" #1 <c> & 50%\r\nשֵׁ,é\t1\n', "", "%23"])
def test_what_stands_in_an_address_comes_back_from_it(text: str) -> None:
    address = as_data_address(text, "text/csv;charset=utf-8")
    assert not set('"<>&#\n') & set(address)
    assert unquote(address.partition(",")[2]) == text


def test_a_drawing_in_an_address_is_the_same_drawing() -> None:
    drawn = _sheet().figure(_figure(), "picture", "Alt").data["image/svg+xml"]
    address = as_data_address(drawn, "image/svg+xml")
    assert len(address) < 1.2 * len(drawn)
    read = [ElementTree.fromstring(one) for one in (drawn, unquote(address.partition(",")[2]))]
    one, other = ([(e.tag, {k: v.split() for k, v in e.items()}) for e in tree.iter()] for tree in read)
    assert one == other


def test_two_tables_of_one_name_are_refused() -> None:
    sheet = _sheet()
    table = sheet.table(pd.DataFrame({"issued": [1]}), "rows", "One")
    with pytest.raises(InputError, match=r"tables/rows\.csv' twice"):
        files_of(_executed(table, table, sheet.close()))


def test_a_notebook_without_its_last_cell_is_no_report() -> None:
    with pytest.raises(InputError, match="last cell"):
        files_of(_executed(_sheet().say("{declined:n}")))


def test_an_executed_notebook_gives_the_same_files_as_the_one_that_was_written() -> None:
    sheet = _sheet(png=True)
    shown = [
        sheet.masthead("A title", clock="issued"),
        sheet.say("{declined:n}"),
        sheet.figure(_figure(), "one", "Alt"),
    ]
    executed = _executed(*shown, sheet.close(), extra=[{"output_type": "stream", "text": "a\n\nb"}])
    written = nbformat.writes(executed)
    assert files_of(executed, written=written) == files_of(nbformat.reads(written, as_version=4))


def test_files_of_an_earlier_report_go(tmp_path: Path) -> None:
    sheet = _sheet()
    write_report(tmp_path, _executed(sheet.table(pd.DataFrame({"issued": [1]}), "old", "One"), sheet.close()))
    write_report(tmp_path, _executed(_sheet().close()))
    assert not (tmp_path / "tables/old.csv").exists()
    assert (tmp_path / "facts.json").exists()


def test_a_file_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "facts.json"
    write_whole(path, b"before")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_whole(path, b"after")
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["facts.json"]


def test_streams_and_errors_are_escaped() -> None:
    outputs: list[dict[str, object]] = [
        {"output_type": "stream", "name": "stdout", "text": "<b>told</b>"},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["<i>trace</i>"]},
    ]
    page = files_of(_executed(_sheet().close(), extra=outputs))["report.html"].decode()
    assert "&lt;b&gt;told" in page
    assert "&lt;i&gt;trace" in page
