"""Tables as HTML: pandas' Styler puts them together by a template; what a cell says is :mod:`analysis.show.tables`'.

Great Tables was measured at 0.18 to 0.40 s of CPU a table, more than a page may take for ten of them; Styler takes 4 ms
for 50 rows.
"""

from __future__ import annotations

import re

import pandas as pd
from jinja2 import DictLoader, Environment
from markupsafe import Markup, escape
from pandas.io.formats.style import Styler

from analysis.show.tables import COLUMNS, TEXTS, Column, is_missing, write

ADDRESS = re.compile(r"https?://(?:www\.)?(?P<host>[\w-]+(?:\.[\w-]+)+)(?:[:/?#]\S*)?", re.ASCII)
INTERVAL = Markup('{} <span class="interval">({} to {})</span>')
TEMPLATE = """\
<table class="report-table sortable" id="table-{{ uuid }}">
<caption>{{ caption }}</caption>
<thead><tr>
{%- set headings = head[0] | selectattr("is_visible") | list -%}
{%- for cell in headings %}<th scope="col" class="{{ cell.value.kind }}">{{ cell.value }}</th>{% endfor -%}
</tr></thead>
<tbody>
{% for row in body -%}
<tr>
{%- for cell in row | selectattr("is_visible") -%}
{%- set kind = headings[loop.index0].value.kind -%}
{%- if loop.first %}<th scope="row" class="{{ kind }}">{{ cell.value }}</th>
{%- else %}<td class="{{ kind }}">{{ cell.value }}</td>{% endif -%}
{%- endfor -%}
</tr>
{% else -%}
<tr><td class="text" colspan="{{ headings | length }}">There is nothing to list here.</td></tr>
{% endfor -%}
</tbody>
</table>"""


class _ReportTable(Styler):
    """Pandas' Styler with the template of our reports, which escapes what is no markup of ours."""

    env = Environment(loader=DictLoader({"table": TEMPLATE}), autoescape=True)
    template_html_table = env.get_template("table")


class _Heading(str):
    """A column's heading, with the kind of what stands below it: ``number``, or one of :data:`TEXTS`."""

    kind: str


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
    written = [_written(frame, column) for column in frame if column not in beside]
    cells = pd.DataFrame({number: values for number, (_, values) in enumerate(written)}, dtype="object")
    cells = cells.set_axis(pd.Index([heading for heading, _ in written], dtype="object"), axis="columns")
    return (
        _ReportTable(cells, uuid=name, caption=caption, cell_ids=False).hide(axis="index").to_html(exclude_styles=True)
    )


def _written(frame: pd.DataFrame, column: object) -> tuple[_Heading, list[str]]:
    """Write a column: its heading, and its values with what stands beside them."""
    spec = COLUMNS[str(column)]
    text, values = spec.heading, [_cell(value, spec) for value in frame[column]]
    if spec.interval and spec.interval[0] in frame:
        text += ", 95% interval"
        values = [
            value if is_missing(low) else INTERVAL.format(value, write(low, spec.kind), write(high, spec.kind))
            for value, low, high in zip(values, frame[spec.interval[0]], frame[spec.interval[1]], strict=True)
        ]
    if spec.becomes in frame:
        text += f" → {COLUMNS[spec.becomes].heading.split(', ')[-1]}"
        values = [f"{was} → {_cell(now, spec)}" for was, now in zip(values, frame[spec.becomes], strict=True)]
    heading = _Heading(text)
    heading.kind = spec.kind if spec.kind in TEXTS else "number"
    return heading, values


def _cell(value: object, spec: Column) -> str:
    """Write one value; the addresses of a source as links that show their host."""
    text = write(value, spec.kind)
    return Markup("; ").join(_linked(part.strip()) for part in text.split("; ")) if spec.kind == "source" else text


def _linked(part: str) -> Markup:
    """Make a link of a web address that is whole; anything else stays text."""
    found = ADDRESS.fullmatch(part)
    return Markup('<a href="{}">{}</a>').format(part, found["host"]) if found else escape(part)
