"""The finished pages: no word that must not stand in our prose, each figure the fact it is marked as."""

from __future__ import annotations

import gzip
import json
import re
import string
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from made_up_site import ENTRY
from our_words import NEVER_IN_OUR_PROSE
from papermill import execute_notebook
from test_site import broken_links

from analysis.files import bundled_folder
from analysis.run.worker import files_of
from analysis.show.sentences import fill

pytestmark = pytest.mark.slow
EXEMPT = "script, style, code, pre, q, blockquote, cite, a, .label, .source"
"""Code, quotations, addresses, and cells that stand as ICE or another source wrote them: not our prose."""
RATE = re.compile(r"\brates?\b")
NO_RATE = re.compile(r"no rate (?:can be|is) given")
FIXED = re.compile(r"95%|\b7 days\b|I-?247[A-Z]?")
"""Numbers that are no figures."""
LINES = ("Source", "File", "Status", "Version")
OF_WEEKS = ("Clock", "Data through")
HEADINGS = ("Revisions of this report", "How to cite", "Files of this report")


def faults(page: str) -> Iterator[str]:
    """Go through the words in a page's own prose, alternative texts included, that must not stand there."""
    soup = BeautifulSoup(page, "html.parser")
    words = [str(tag[name]) for name in ("alt", "aria-label", "title") for tag in soup.select(f"[{name}]")]
    for tag in soup.select(EXEMPT):
        tag.decompose()
    text = re.sub(r"\s+", " ", " ".join([*words, soup.get_text(" ")])).lower()
    found = [one for word in NEVER_IN_OUR_PROSE for one in re.finditer(rf"\b{re.escape(word)}", text)]
    for one in [*found, *RATE.finditer(NO_RATE.sub(lambda said: "-" * len(said[0]), text))]:
        yield text[max(0, one.start() - 60) : one.end() + 30]


def test_our_prose_has_none_of_the_words_it_must_not_have_and_every_link_resolves(made_site: Path) -> None:
    found = {str(path.relative_to(made_site)): list(faults(path.read_text())) for path in made_site.rglob("*.html")}
    assert len(found) > 60
    assert {path: words for path, words in found.items() if words} == {}
    assert list(broken_links(made_site)) == []


def test_the_words_are_found_and_quotations_are_exempt() -> None:
    exempt = '<td class="label">Released to ICE</td><q>a surge</q><a href="x">sanctuary.example</a>'
    assert list(faults(f"{exempt}<p>so <b>no rate is given</b></p>")) == []
    found = (
        '<p>a surge of declines</p><img alt="the refusal rate"><p>the rate is known</p><td class="text">Released</td>'
    )
    assert len(list(faults(found))) == 5


def test_a_page_is_made_in_less_than_a_third_of_a_second_and_weighs_little(made_site: Path, tmp_path: Path) -> None:
    pages = [path.read_bytes() for path in made_site.glob("weekly_bulletin/*/*/report.html")]
    assert len(pages) > 2
    assert max(map(len, pages)) <= 250_000
    assert max(len(gzip.compress(page)) for page in pages) <= 60_000
    given, executed = bundled_folder("notebooks") / "weekly_bulletin.ipynb", tmp_path / "executed.ipynb"
    execute_notebook(str(given), str(executed), {"source": "synthetic"}, cwd=str(tmp_path), progress_bar=False)
    notebook = nbformat.read(executed, as_version=4)
    files_of(notebook, ENTRY)  # what is compiled once
    clock = time.process_time()
    files_of(notebook, ENTRY)
    assert time.process_time() - clock <= 0.3


def test_every_figure_in_a_sentence_is_the_fact_it_is_marked_as(made_site: Path) -> None:
    for path in sorted(made_site.glob("[pw]*/*/**/report.html")):
        page, content = path.read_text(), json.loads((path.parent / "facts.json").read_text())
        lines = LINES + OF_WEEKS * ("data_through" in content["facts"]) + ("Week",) * ("week" in content["facts"])
        assert [line for line in lines if f"<dt>{line}</dt>" not in page] == []
        assert [heading for heading in HEADINGS if heading not in page] == []
        facts, sentences = content["facts"], content["sentences"]
        assert [fill(one["template"], facts) for one in sentences] == [one["text"] for one in sentences]
        parts = [part for one in sentences for part in string.Formatter().parse(one["template"])]
        assert [words for words, *_ in parts if re.search(r"\d", FIXED.sub("", words))] == [], "a number without a fact"
        expected = [(name, fill(f"{{{name}:{form}}}", facts)) for _, name, form, _ in parts if name]
        assert len(expected) > 2
        marked = BeautifulSoup(page, "html.parser").select("[data-fact]")
        assert sorted((str(tag["data-fact"]), tag.get_text()) for tag in marked) == sorted(expected)
