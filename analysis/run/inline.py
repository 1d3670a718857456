"""What every page holds in itself: the style, the script, and figures as drawings in the page's own colours."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache

from analysis.run.plan import TEMPLATES


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
