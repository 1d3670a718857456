"""An executed notebook to a self-contained HTML page: code folded away, figures with their text alternative."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.show.kinds import FIGURE_KEY

if TYPE_CHECKING:  # imported when a page is made: who asks where the templates stand should not wait for it
    import nbformat
    from nbconvert.exporters import TemplateExporter

TEMPLATES = Path(__file__).parent / "templates"


def as_data_address(image: str | bytes, kind: str) -> str:
    """Write an image into an address that needs no other file."""
    content = image.encode() if isinstance(image, str) else image
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


@cache
def _exporter() -> TemplateExporter:
    """Make the exporter once; its template is compiled at the first page."""
    from nbconvert.exporters import TemplateExporter

    exporter = TemplateExporter(
        template_name="report", extra_template_basedirs=[str(TEMPLATES)], template_file="report.html.j2"
    )
    exporter.register_filter("data_address", as_data_address)
    return exporter


def page_of(notebook: nbformat.NotebookNode, facts: dict[str, Any]) -> str:
    """Make the page of an executed notebook.

    Parameters
    ----------
    notebook
        The executed notebook.
    facts
        Its facts, for the page's title.
    """
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    page, _ = _exporter().from_notebook_node(
        notebook, resources={"title": facts["title"], "style": style, "figure_key": FIGURE_KEY}
    )
    return page
