"""Tables as HTML: Jinja puts them together by a template; what a cell says is :mod:`analysis.show.tables`'.

Great Tables was measured at 0.18 to 0.40 s of CPU a table, more than a page may take for ten of them, pandas' Styler at
4 ms for 50 rows; the template alone takes a tenth of that.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pandas as pd
from jinja2 import Environment
from markupsafe import Markup, escape

from analysis.show.tables import COLUMNS, TEXTS, Column, is_missing, write

ADDRESS = re.compile(r"https?://(?:www\.)?(?P<host>[\w-]+(?:\.[\w-]+)+)(?:[:/?#]\S*)?", re.ASCII)
INTERVAL = '{} <span class="interval">({} to {})</span>'
TEMPLATE = Environment(autoescape=True).from_string("""\
<table class="report-table sortable" id="table-{{ name }}">
<caption>{{ caption }}</caption>
<thead><tr>
{%- for column in columns %}<th scope="col" class="{{ column.kind }}">{{ column.heading }}</th>{% endfor -%}
</tr></thead>
<tbody>
{% for row in range(rows) -%}
<tr><th scope="row" class="{{ columns[0].kind }}">{{ columns[0].cells[row] }}</th>
{%- for column in columns[1:] %}<td class="{{ column.kind }}">{{ column.cells[row] }}</td>{% endfor -%}
</tr>
{% else -%}
<tr><td class="text" colspan="{{ columns | length }}">There is nothing to list here.</td></tr>
{% endfor -%}
</tbody>
</table>""")
"""Escapes what is no markup of ours."""


class _Written(NamedTuple):
    """A column as it is shown; its kind is ``number``, or one of :data:`TEXTS`."""

    heading: str
    kind: str
    cells: list[str]


def as_html(frame: pd.DataFrame, name: str, caption: str) -> str:
    """Write a table as HTML: headings, numbers in words a reader expects, intervals beside their estimate.

    The first column names the row. Missing is a dash, zero is 0. A column that holds the limit of another, or what it
    has become in a newer version, is shown beside that one, not by itself. A state named in full has no code beside it;
    the CSV has both.

    Raises
    ------
    KeyError
        A column that :data:`COLUMNS` does not have.
    """
    beside = {other for spec in COLUMNS.values() for other in (*(spec.interval or ()), spec.becomes)}
    beside |= {"state"} if "state_name" in frame else set()
    columns = [_written(frame, column) for column in frame if column not in beside]
    return TEMPLATE.render(name=name, caption=caption, columns=columns, rows=len(frame))


def _written(frame: pd.DataFrame, column: object) -> _Written:
    """Write a column: its heading, and its values with what stands beside them."""
    spec = COLUMNS[str(column)]
    heading, cells = spec.heading, [_cell(value, spec) for value in frame[column]]
    if spec.interval and spec.interval[0] in frame:
        heading += ", 95% interval"
        cells = [
            cell if is_missing(low) else _with_interval(cell, write(low, spec.kind), write(high, spec.kind))
            for cell, low, high in zip(cells, frame[spec.interval[0]], frame[spec.interval[1]], strict=True)
        ]
    if spec.becomes in frame:
        heading += f" → {COLUMNS[spec.becomes].heading.split(', ')[-1]}"
        cells = [f"{was} → {_cell(now, spec)}" for was, now in zip(cells, frame[spec.becomes], strict=True)]
    return _Written(heading, spec.kind if spec.kind in TEXTS else "number", cells)


def _with_interval(*estimate_and_limits: str) -> Markup:
    """Put an interval beside its estimate; ``Markup.format`` escapes too, at eight times the cost."""
    return Markup(INTERVAL.format(*map(escape, estimate_and_limits)))


def _cell(value: object, spec: Column) -> str:
    """Write one value; the addresses of a source as links that show their host."""
    text = write(value, spec.kind)
    return Markup("; ").join(_linked(part.strip()) for part in text.split("; ")) if spec.kind == "source" else text


def _linked(part: str) -> Markup:
    """Make a link of a web address that is whole; anything else stays text."""
    found = ADDRESS.fullmatch(part)
    return Markup('<a href="{}">{}</a>').format(part, found["host"]) if found else escape(part)
