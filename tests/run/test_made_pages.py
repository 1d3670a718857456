"""The finished pages: no word that must not stand in our prose, each figure the fact it is marked as."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from our_words import NEVER_IN_OUR_PROSE
from test_site import broken_links

from analysis.show.sentences import fill

pytestmark = pytest.mark.slow
EXEMPT_TAGS = ("script", "style", "code", "pre", "q", "blockquote", "cite", "a")
"""Code, quotations, addresses: not our prose."""
EXEMPT_CLASSES = ("label", "source")
"""Cells that stand as ICE or another source wrote them."""
RATE = re.compile(r"\brates?\b")
NO_RATE = re.compile(r"no rate (?:can be|is) given")
VOID = ("br", "hr", "img", "input", "link", "meta")


class Prose(HTMLParser):
    """Read a page: our own words (alternative texts included), and the figures marked with the fact that they are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.marked: list[tuple[str, str]] = []
        self._open: list[tuple[str, bool, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.words += [given[name] for name in ("alt", "aria-label", "title") if name in given]
        if tag not in VOID:
            ours = tag not in EXEMPT_TAGS and not set(given.get("class", "").split()) & set(EXEMPT_CLASSES)
            self._open.append((tag, ours, given.get("data-fact", "")))
            if given.get("data-fact"):
                self.marked.append((given["data-fact"], ""))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if all(ours for _, ours, _ in self._open):
            self.words.append(data)
        if self._open and self._open[-1][2]:
            fact, text = self.marked[-1]
            self.marked[-1] = (fact, text + data)

    def text(self) -> str:
        return " ".join(self.words)


def faults(page: str) -> Iterator[str]:
    """Go through the words in a page's own prose that must not stand there."""
    text = re.sub(r"\s+", " ", Prose(page).text()).lower()
    for word in NEVER_IN_OUR_PROSE:
        for found in re.finditer(rf"\b{re.escape(word)}", text):
            yield text[max(0, found.start() - 60) : found.end() + 30]
    for found in RATE.finditer(NO_RATE.sub("", text)):
        yield text[max(0, found.start() - 60) : found.end() + 30]


def reports(site: Path) -> list[Path]:
    return sorted(site.glob("*/*/**/report.html"))


def test_our_prose_has_none_of_the_words_it_must_not_have(made_site: Path) -> None:
    found = {str(path.relative_to(made_site)): list(faults(path.read_text())) for path in made_site.rglob("*.html")}
    assert len(found) > 60
    assert {path: words for path, words in found.items() if words} == {}


@pytest.mark.parametrize(
    ("page", "count"),
    [
        ('<p>a surge of declines</p><img alt="the refusal rate">', 3),
        ("<p>so <b>no rate is given</b>, and the rate is known</p>", 1),
        ('<td class="label">Released to ICE</td><q>a surge</q><a href="x">sanctuary.example</a>', 0),
        ('<td class="text">Released</td>', 1),
    ],
)
def test_the_words_are_found_and_quotations_are_exempt(page: str, count: int) -> None:
    assert len(list(faults(page))) == count


def _fields(template: str) -> Iterator[tuple[str, str]]:
    for _, name, form, _ in string.Formatter().parse(template):
        if name:
            yield name, f"{{{name}:{form}}}"


def test_every_figure_in_a_sentence_is_the_fact_it_is_marked_as(made_site: Path) -> None:
    for path in reports(made_site):
        content: dict[str, Any] = json.loads((path.parent / "facts.json").read_text())
        facts, sentences = content["facts"], content["sentences"]
        assert [fill(one["template"], facts) for one in sentences] == [one["text"] for one in sentences]
        expected = [(name, fill(field, facts)) for one in sentences for name, field in _fields(one["template"])]
        assert len(expected) > 5
        assert sorted(Prose(path.read_text()).marked) == sorted(expected)


def test_no_number_in_a_sentence_stands_without_its_fact(made_site: Path) -> None:
    fixed = re.compile(r"95%|\b7 days\b|I-?247[A-Z]?")
    for path in reports(made_site):
        for sentence in json.loads((path.parent / "facts.json").read_text())["sentences"]:
            words = "".join(text for text, *_ in string.Formatter().parse(sentence["template"]))
            assert not re.search(r"\d", fixed.sub("", words)), words


def test_every_link_of_the_site_resolves(made_site: Path) -> None:
    assert list(broken_links(made_site)) == []


def test_each_report_says_what_it_rests_on(made_site: Path) -> None:
    for path in reports(made_site):
        page = path.read_text()
        for line in ("Week", "Clock", "Source", "File", "Data through", "Status", "Version", "Revision"):
            assert f"<dt>{line}</dt>" in page, (path, line)
        for heading in ("Revisions of this report", "How to cite", "Files of this report"):
            assert heading in page, (path, heading)
