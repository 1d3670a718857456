"""An executed notebook to a self-contained HTML page: code folded away, figures with their text alternative."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from analysis.show.kinds import FIGURE_KEY, TABLE_TYPE
from analysis.show.sentences import as_made_up

if TYPE_CHECKING:  # imported when a page is made: who asks where the templates stand should not wait for it
    import nbformat
    from jinja2 import Template

TEMPLATES = Path(__file__).parent / "templates"
_NOT_IN_ADDRESSES = '%#"<>&\n\r\t'
"""What an address in an attribute cannot hold as it is; the percent sign, by which the others are written, first."""

_TURNING = [chr(code) for code in range(0x202A, 0x202F)]
"""Characters that turn the direction of what follows, beyond the text that they stand in."""


def without_turning(page: str) -> str:
    """Show the characters that would turn the direction of a page's text, and so what a name seems to say, as marks."""
    for mark in _TURNING:
        page = page.replace(mark, f"[U+{ord(mark):04X}]")
    return page


def as_data_address(content: str, kind: str) -> str:
    """Write a text into an address that needs no other file.

    Percent signs cost less room than base64, which adds a third.
    """
    for mark in (*_NOT_IN_ADDRESSES, *_TURNING):  # a file is given as it is
        content = content.replace(mark, quote(mark))
    return f"data:{kind},{content}"


@cache
def _template() -> Template:
    """Compile the template once, with nbconvert's filters.

    Pages are rendered from it straight away: what nbconvert's exporter does before (copies of the notebook, and
    preprocessors of which none is asked for) is no part of them.
    """
    from nbconvert.exporters import TemplateExporter
    from nbconvert.filters import markdown2html

    exporter = TemplateExporter(
        template_name="report", extra_template_basedirs=[str(TEMPLATES)], template_file="report.html.j2"
    )
    exporter.register_filter("data_address", as_data_address)
    exporter.register_filter("as_made_up", as_made_up)
    exporter.register_filter("markdown2html", lru_cache(maxsize=1000)(markdown2html))  # most texts come again
    return exporter.template


@cache
def _same_on_all() -> dict[str, str]:
    """Give what every page has, whatever its notebook."""
    return {
        "version": version("declined-detainers"),
        "style": (TEMPLATES / "style.css").read_text(encoding="utf-8"),
        "script": (TEMPLATES / "script.js").read_text(encoding="utf-8"),
        "figure_key": FIGURE_KEY,
        "table_type": TABLE_TYPE,
    }


def page_of(
    notebook: nbformat.NotebookNode,
    facts: dict[str, Any],
    *,
    files: Sequence[str] = (),
    root: str = "",
) -> str:
    """Make the page of an executed notebook.

    Parameters
    ----------
    notebook
        The executed notebook.
    facts
        Its facts, for the page's title, masthead, revisions and citation.
    files
        The report's other files, by path from the page.
    root
        Path from the page to the site's index; blank = the page belongs to no site.
    """
    from analysis.show.revised import for_reading

    page = _template().render(
        nb=notebook,
        resources={
            **_same_on_all(),
            "facts": facts,
            "revisions": for_reading(facts.get("revisions", ())),
            "files": list(files),
            "root": root,
        },
    )
    return without_turning(page)
