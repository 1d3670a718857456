"""Texts of strangers in every place where a report, a site and a terminal show them: nothing runs, nothing breaks."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from made_up_site import ENTRY, by_state_csv
from test_site import Made

from analysis.cli import main
from analysis.errors import TURNING, InputError
from analysis.run.site import Settings
from analysis.run.worker import files_of
from analysis.show import plot
from analysis.show.report import Report
from analysis.show.sentences import Sentence
from analysis.show.tables import as_csv

pytestmark = pytest.mark.filterwarnings("ignore:Glyph", "ignore:Matplotlib currently")
TEXTS: list[str] = json.loads(Path(__file__).with_name("hostile.json").read_text(encoding="utf-8"))
HOSTILE, SURROGATES = TEXTS[:-3], TEXTS[-3:]  # the last are such as no frame, YAML or XML can hold
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
RUNS = re.compile(
    "[\\s\\x00-\\x1f\u200b\ufeff]*[=+\\-@＝＋－＠]|[\\t\\r\\n]"
)  # as a spreadsheet reads the start of a cell


def report_of(texts: list[str], **tables: pd.DataFrame) -> dict[str, bytes]:
    """Make a report whose titles, facts, sentences, columns, cells, files and figures are these texts."""
    facts = {"declined": 0, **{f"name_{n}": text for n, text in enumerate([*texts, *SURROGATES])}}
    origin = SimpleNamespace(notes=" ".join(texts), document=texts[-1])
    source = SimpleNamespace(cited={"name": texts[0], "title": " ".join(texts)}, file=texts[1], origin=origin)
    source.facts = SimpleNamespace(synthetic=False)
    report = Report("hostile", SimpleNamespace(source=source, facts=facts, parameters={"week": "2017-01-28"}))
    said = [Sentence(f"{{declined:n}} in {{name_{n}}}.", facts) for n in range(len(facts) - 1)]
    report.lead(said, {"file": "{source_file}", "title": "{source_title}"})
    for name, rows in {"named": pd.DataFrame({text: texts for text in texts[::9]}), **tables}.items():
        report.table(rows, name)
    drawn = [text for text in texts if not re.search("[\r\n]", text)][:: len(texts) // 10 + 1]
    rows = pd.DataFrame({"place": drawn, "state": "TX", "level": "county", "declined": 1, "bound": "exact"})
    report.figure(plot.published_places(rows), "bars")
    report.close()
    outputs = [nbformat.v4.new_output("display_data", one.data, metadata=one.metadata) for one in report.shown]
    cells = [nbformat.v4.new_markdown_cell("# A week"), nbformat.v4.new_code_cell("x", outputs=outputs)]
    return files_of(nbformat.v4.new_notebook(cells=cells), ENTRY)


def what_runs(page: str) -> Iterator[str]:
    """Go through what a browser would run or fetch of a page."""
    for tag in BeautifulSoup(page, "html.parser").find_all(True):
        yield from [tag.get_text()] * (tag.name in ("script", "style"))
        for name, value in tag.attrs.items():
            if name.startswith("on") or (
                name in ("href", "src") and re.match(r"\s*(javascript|data:text/html|//)", str(value))
            ):
                yield f"{tag.name} {name}={value}"


@pytest.mark.slow
def test_a_report_of_hostile_texts_is_whole_and_runs_no_more_than_any_other() -> None:
    found, plain = report_of(HOSTILE), report_of(["a", "b", "c"])
    assert found.keys() == plain.keys()
    for name in (name for name in found if name.endswith(".html")):
        assert sorted(what_runs(found[name].decode())) == sorted(what_runs(plain[name].decode())), name
    for name in (name for name in found if not name.endswith(".png")):
        allowed = {} if name.endswith((".html", ".svg")) else TURNING  # the files for programs have every name as it is
        assert RAW.findall(found[name].decode().translate(dict.fromkeys(allowed))) == [], name
    ElementTree.fromstring(found["figures/bars.svg"])
    facts, notebook = json.loads(found["facts.json"])["facts"], json.loads(found["notebook.ipynb"])
    assert facts["name_0"] == HOSTILE[0]
    assert facts["name_" + str(HOSTILE.index("\x1b[2J"))] == "[U+001B][2J"
    nbformat.validate(nbformat.from_dict(notebook))
    page = BeautifulSoup(found["report.html"].decode(), "html.parser")
    shown = {tag["data-fact"]: tag.get_text() for tag in page.select("[data-fact]")}
    assert [shown[f"name_{HOSTILE.index(text)}"] for text in ("{{ config }}", "$x^2$", "a\x07b")] == [
        *("{{ config }}", "$x^2$", "a[U+0007]b"),
    ]


def test_no_cell_or_heading_of_a_csv_is_a_formula_or_holds_a_control() -> None:
    text = as_csv(pd.DataFrame({text: [text, *HOSTILE[:2]] for text in HOSTILE}))
    assert RAW.findall(text.translate(dict.fromkeys(TURNING))) == []
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert {len(row) for row in rows} == {len(header)} == {len(HOSTILE)}
    assert [cell for row in (header, *rows) for cell in row if RUNS.match(cell)] == []
    assert as_csv(pd.DataFrame({"a": ["-5", "+1.5%", "a=b"]})) == "a\n-5\n+1.5%\na=b\n"


def test_a_site_of_hostile_titles_is_whole(tmp_path: Path) -> None:
    made, every = Made(tmp_path), " ".join(HOSTILE)
    for number, title in enumerate([*HOSTILE[::20], every]):
        week = {"week": f"2025-01-{number + 1:02}"}
        tables = {"by_state": by_state_csv(), "agencies": as_csv(pd.DataFrame({"agency": [title]}))}
        made.add("weekly_bulletin", "s", week, told={"title": title, "source": {"title": every}}, tables=tables)
    shown, settings = ("index.html", "states/TX.html", "names.html"), Settings(every, "https://example.org/")
    pages = [[made.page(name, settings) for name in shown] for _ in range(2)]
    assert pages[0] == pages[1], "the same reports give the same bytes"
    for page in pages[0]:
        assert not [one for one in what_runs(page) if "alert(1)" in one or "fetch('//" in one]
        assert RAW.findall(page) == []
        assert "{{ config }}" in page
    assert f"<b>{escape(HOSTILE[0])}</b>" in made.brought()
    for name in ("feed.xml", "sitemap.xml"):
        ElementTree.fromstring(made.read(name))
    assert len(json.loads(made.read("index.json"))["reports"]) == number + 1


def test_a_terminal_is_given_marks(tmp_path: Path) -> None:
    assert not [
        text for text in (*HOSTILE, *SURROGATES) if RAW.search(str(InputError("x", file=text, place=text, found=text)))
    ]
    table = pd.DataFrame({text: ["x"] for text in HOSTILE}).assign(**{"Detainer Prepare Date": "2025-01-01"})
    path = tmp_path / "a\x1b[31mb\x07.csv"
    table.to_csv(path, index=False)
    for words in (["check", str(path)], ["import", str(path), "--name", "\x1b[2J"], ["show", "\x1b[2J\x9b", "\u202e"]):
        result = CliRunner().invoke(main, words, color=False)
        assert result.exit_code in (0, 1, 2), words
        assert RAW.findall(result.output) == [], words
