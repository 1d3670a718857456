"""What every page holds in itself: the style, the script, and figures as drawings in the page's own colours."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Mapping
from functools import cache

from markupsafe import escape

from analysis.run.plan import TEMPLATES
from analysis.run.site import COUNTING, page_of_place, place_names
from analysis.show.style import SOURCE
from analysis.show.tables import LEFT, UNBROKEN


@cache
def text_of(name: str) -> str:
    """Read a text that stands in every page."""
    lines = (TEMPLATES / name).read_text(encoding="utf-8").splitlines()
    return "".join(f"{line.strip()}\n" for line in lines if not line.lstrip().startswith("//"))


@cache
def _colours() -> set[str]:
    """Give the colours that the style names: six letters and digits are what a figure has in its own file."""
    return set(re.findall(r"--([0-9a-f]{6}):", text_of("colours.css")))


def colours_of(svg: str) -> str:
    """Give the style's colours, of them only the ones that a page with nothing but this drawing has."""
    style, wanted = text_of("colours.css"), {"ground", "ink", "link", *re.findall("#([0-9a-f]{6})", svg)}
    wanted |= {other for name, other in re.findall(r"--([0-9a-f]{6}): var\(--([\w-]+)\)", style) if name in wanted}
    return re.sub(r"\s*--([\w-]+): [^;}]+;?", lambda one: one[0] if one[1] in wanted else "", style)


def inlined(svg: str, alt: str, name: str, foot: float = 0) -> str:
    """Write an SVG file into a page: ids of its own, the colours that the style names, text for who cannot see it.

    What stands in the ``foot`` is left out: the page says it.
    """
    drawing = re.sub(rf'<g id="{SOURCE}".*?</g>', "", svg[svg.index("<svg") :]) if foot else svg[svg.index("<svg") :]
    start, rest = re.sub("<[^>]*>", lambda tag: _in_page(tag[0], name), drawing).split(">", 1)
    start = re.sub(r' (?:xmlns(?::\w+)?="[^"]*"|(?:width|height)="[\d.]+pt")', "", start)
    start = re.sub(r'(?<= viewBox="0 0 )(\S+) ([\d.]+)', lambda size: f"{size[1]} {float(size[2]) - foot:.1f}", start)
    return f'<svg role="img" aria-label="{html.escape(alt)}"{start.removeprefix("<svg")}>{rest}'


def _in_page(tag: str, name: str) -> str:
    """Write a tag of a drawing as a page needs it; what stands between tags is text, and stays."""
    tag = re.sub(r'( id="|url\(#|href="#)', rf"\1{name}-", tag)
    return re.sub("#([0-9a-f]{6})", lambda found: f"var(--{found[1]})" if found[1] in _colours() else found[0], tag)


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
    """Let the rows of a table that name a place lead to its page; what the style sheet says is not said in cells."""
    table = table.replace(UNBROKEN, "").replace(LEFT, "")

    def link(found: re.Match[str]) -> str:
        page = pages.get(found[2])
        return f'{found[1]}<a href="{root}{page}">{found[2]}</a>' if page else found[0]

    return re.sub(r'(<th scope="row" class="text">)([^<]+)', link, table) if root else table
