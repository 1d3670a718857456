"""What every page holds in itself: the style, the script, and figures as drawings in the page's own colours."""

from __future__ import annotations

import csv
import html
import io
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache

from markupsafe import escape

from analysis.run.plan import TEMPLATES
from analysis.run.site import COUNTING, page_of_place, place_names


@cache
def text_of(name: str) -> str:
    """Read a text that stands in every page."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _colours() -> set[str]:
    """Give the colours that the style names."""
    return set(re.findall(r"--([0-9a-f]{6}):", text_of("style.css")))


def inlined(svg: str, alt: str, name: str) -> str:
    """Write an SVG file into a page: ids of its own, the colours that the style names, text for who cannot see it."""
    drawing = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    tags = re.findall(r"<[^>]*>", drawing)
    used = dict.fromkeys(found for tag in tags for found in re.findall(r'(?:url\(#|href="#)([^)"]+)', tag))
    ids = {old: f"{name}-{n}" for n, old in enumerate(used)}
    own = {tag: _in_page(tag, ids) for tag in dict.fromkeys(tags)}  # what stands between tags is text, and stays
    times = Counter(style for tag in tags for style in re.findall(r' style="([^"]*)"', own[tag]))
    classes = {style: f"{name}-s{n}" for n, style in enumerate(times) if times[style] > 2}
    for tag, now in own.items():
        own[tag] = re.sub(
            r' style="([^"]*)"', lambda said: f' class="{classes[said[1]]}"' if said[1] in classes else said[0], now
        )
    rules = "".join(f".{known}{{{style}}}" for style, known in classes.items())
    first = re.sub(r' (?:xmlns(?::\w+)?="[^"]*"|(?:width|height)="[\d.]+pt")', "", own[tags[0]])
    start = first.replace("<svg ", f'<svg role="img" aria-label="{html.escape(alt)}" ', 1)
    own[tags[0]] = start + (f"<style>{rules}</style>" if rules else "")
    return re.sub(r"<[^>]*>", lambda tag: own[tag[0]], drawing)


def _in_page(tag: str, ids: Mapping[str, str]) -> str:
    """Write a tag of a drawing as a page needs it: shorter, numbers to a tenth of a point."""
    tag = re.sub(r' id="([^"]+)"', lambda found: f' id="{ids[found[1]]}"' if found[1] in ids else "", tag)
    tag = re.sub(r'(url\(#|href="#)([^)"]+)', lambda found: found[1] + ids[found[2]], tag)
    tag = re.sub("#([0-9a-f]{6})", lambda found: f"var(--{found[1]})" if found[1] in _colours() else found[0], tag)
    tag = re.sub(r"(\d\.\d)\d+", r"\1", tag).replace("xlink:href", "href")
    tag = re.sub(r' d="[^"]*"', lambda path: re.sub(r" ?([A-Za-z]) ", r"\1", path[0]), tag)
    return re.sub(r'font-family: [^;"]*;? ?| transform="rotate\(-0 [^"]*"', "", tag)


def places_counted(parameters: Mapping[str, str], tables: Mapping[str, str]) -> dict[str, str]:
    """Give the pages of the places that a report's own figures are listed on, by name: its own place, or all it counts.

    ``tables`` are its CSV files by name.
    """
    pages = {name: page_of_place(place) for place, name in place_names().items()}
    own = [place_names().get(parameters.get(kind, ""), "") for kind in ("state", "offence")]
    rows = (row for name in COUNTING for row in csv.DictReader(io.StringIO(tables.get(name, ""))))
    named = set(own) - {""} or {row.get("state_name") or row.get("group", "") for row in rows}
    return {str(escape(name)): page for name, page in pages.items() if name in named}


def linked(table: str, root: str, pages: Mapping[str, str]) -> str:
    """Let the rows of a table that name a place lead to its page."""

    def link(found: re.Match[str]) -> str:
        page = pages.get(found[2])
        return f'{found[1]}<a href="{root}{page}">{found[2]}</a></th>' if page else found[0]

    return re.sub(r'(<th scope="row" class="text">)([^<]+)</th>', link, table) if root else table
