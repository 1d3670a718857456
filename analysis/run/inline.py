"""What every page holds in itself: the style, the script, and figures as drawings in the page's own colours."""

from __future__ import annotations

import html
import re
from functools import cache

from analysis.run.plan import TEMPLATES
from analysis.show.style import SOURCE


@cache
def text_of(name: str) -> str:
    """Read a text that stands in every page."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _colours() -> set[str]:
    """Give the colours that the style names."""
    return set(re.findall(r"--([0-9a-f]{6}):", text_of("colours.css")))


def colours_of(svg: str) -> str:
    """Give the style's colours, of those of drawings only the ones that this one has."""
    named = r" ?--([0-9a-f]{6}): [^;}]+;?"
    return re.sub(named, lambda one: one[0] if f"#{one[1]}" in svg else "", text_of("colours.css"))


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
