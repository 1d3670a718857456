"""Tables as HTML and CSV: what each column is called and how its values are written, in one way for every report."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from jinja2 import Environment
from markupsafe import Markup, escape

from analysis.load.reference import data_file

if TYPE_CHECKING:  # who writes a number of a report should not wait for it
    import pandas as pd

FACTS_TYPE = "application/vnd.declined-detainers.facts+json"
TABLE_TYPE = "application/vnd.declined-detainers.table+json"
FIGURE_KEY = "declined-detainers"
"""The names under which an executed notebook carries what a report's files are made from."""
TEXTS = ("text", "label", "word", "date", "source", "figure")
"""Kinds that are no numbers; a label stands as ICE or another source wrote it, and is not our prose; a figure is a
number or words, as its source gives it."""
MISSING = "–"
NOTHING = ("None", "nan", "NaT", "<NA>")
"""How values that are missing are written by Python, NumPy and pandas."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?")
ACRONYMS = {"ice": "ICE", "lea": "LEA"}
ADDRESS = re.compile(r"https?://(?:www\.)?(?P<host>[\w-]+(?:\.[\w-]+)+)(?:[:/?#]\S*)?", re.ASCII)
LINK = Markup('<a href="{}">{}</a>')
INTERVAL = Markup('{} <span class="interval">({} to {})</span>')
TEMPLATE = Environment(autoescape=True).from_string("""\
<table class="report-table sortable" id="table-{{ name }}">
<caption>{{ caption }}</caption>
<thead><tr>
{%- for heading, kind in headings %}<th scope="col" class="{{ kind }}">{{ heading }}</th>{% endfor -%}
</tr></thead>
<tbody>
{% for row in rows -%}
<tr>
{%- for value in row -%}
{%- set kind = headings[loop.index0][1] -%}
{%- if loop.first %}<th scope="row" class="{{ kind }}">{{ value }}</th>
{%- else %}<td class="{{ kind }}">{{ value }}</td>{% endif -%}
{%- endfor -%}
</tr>
{% else -%}
<tr><td class="text" colspan="{{ headings | length }}">There is nothing to list here.</td></tr>
{% endfor -%}
</tbody>
</table>""")
FOLDED = Markup('{}\n<details class="fold"><summary>All {:,} rows</summary>\n{}\n</details>')


@dataclass(frozen=True)
class Column:
    """How one column is shown: its heading, the kind of its values, and the columns that stand beside it.

    ``interval`` names those with the ends of its interval, ``becomes`` that of the same figure in a newer version,
    shown after an arrow.
    """

    heading: str
    kind: str = "text"
    interval: tuple[str, str] | None = None
    meaning: str = ""
    becomes: str = ""


with data_file("reference/columns.csv").open(encoding="utf-8", newline="") as described:
    COLUMNS = {
        name: Column(heading, kind, (low, high) if low else None, meaning, becomes)
        for name, heading, kind, low, high, becomes, meaning in list(csv.reader(described))[1:]
    }
"""The columns of our tables by name; with the meanings, the data dictionary of the reports' CSV files."""


def is_missing(value: object) -> bool:
    """Say whether a value is None, not a number, or what pandas puts for nothing."""
    if isinstance(value, float):
        return math.isnan(value)
    return not isinstance(value, str | int) and str(value) in NOTHING


def write(value: object, kind: str) -> str:
    """Write one value: a dash for missing, thousands separated, shares in percent.

    Examples
    --------
    >>> write(1234, "count"), write(0.0494, "share"), write(None, "ratio")
    ('1,234', '4.9%', '–')
    """
    if is_missing(value):
        return MISSING
    if kind in TEXTS:
        text = f"{value:%Y-%m-%d}" if isinstance(value, datetime) else str(value)
        if kind == "word":
            text = " ".join(ACRONYMS.get(word, word) for word in text.split("_"))
        if kind == "figure" and text.isdecimal():
            text = f"{int(text):,}"
        return text or MISSING
    number = float(value)  # type: ignore[arg-type]
    match kind:
        case "count":
            return f"{number:,.0f}" if number == round(number) else f"{number:z,.1f}"
        case "share":
            return f"{100 * number:z.1f}%"
        case "about":
            return f"{number:,.0f}" if number >= 10 or number == round(number) else f"{number:z.1f}"
        case "points":
            return f"{100 * number:+.2f}" if round(100 * number, 2) else "0.00"
        case "ratio":
            return "unlimited" if math.isinf(number) else f"{number:,.0f}" if number >= 10 else f"{number:z.2f}"
        case "p":
            return f"{number:.2g}" if number >= 0.001 else "below 0.001"
    return f"{number:.4g}" if number != round(number) else f"{number:.0f}"


def as_html(frame: pd.DataFrame, name: str, caption: str, rows: int | None = None) -> str:
    """Write a table as HTML: headings, numbers in words a reader expects, intervals beside their estimate.

    The first column names the row; the index is not shown. Missing is a dash, zero is 0. A column that holds the limit
    of another, or what it has become in a newer version, is shown beside that one, not by itself. A state named in full
    has no code beside it; the CSV has both. A column that ``columns.csv`` does not describe has its own name.

    Parameters
    ----------
    frame
        One row a row of the table.
    name
        The table's name, unique on a page.
    caption
        What one row is and what the columns count.
    rows
        How many rows stand open; all of them follow, folded. None = all stand open.
    """
    present = [COLUMNS[column] for column in frame if column in COLUMNS]
    beside = {other for spec in present for other in (*(spec.interval or ()), spec.becomes)}
    beside |= {"state"} if "state_name" in frame else set()
    written = [_written(frame, column) for column in frame if column not in beside]
    headings, body = [heading for heading, _ in written], list(zip(*(values for _, values in written), strict=True))
    if rows is None or len(body) <= rows:
        return TEMPLATE.render(name=name, caption=caption, headings=headings, rows=body)
    few = TEMPLATE.render(name=name, caption=caption, headings=headings, rows=body[:rows])
    every = TEMPLATE.render(name=f"{name}-all", caption=caption, headings=headings, rows=body)
    return str(FOLDED.format(Markup(few), len(body), Markup(every)))


def _written(frame: pd.DataFrame, column: str) -> tuple[tuple[str, str], list[str]]:
    """Write a column: its heading and kind, and its values with what stands beside them."""
    plain = {"i": "number", "u": "number", "f": "number", "M": "date"}.get(frame[column].dtype.kind, "text")
    spec = COLUMNS.get(column) or Column(str(column), plain)
    text, values = spec.heading, [_cell(value, spec.kind) for value in frame[column]]
    if spec.interval and spec.interval[0] in frame:
        text += ", 95% interval"
        values = [
            value if is_missing(low) else INTERVAL.format(value, write(low, spec.kind), write(high, spec.kind))
            for value, low, high in zip(values, frame[spec.interval[0]], frame[spec.interval[1]], strict=True)
        ]
    if spec.becomes in frame:
        text += f" → {COLUMNS[spec.becomes].heading.split(', ')[-1]}"
        values = [f"{was} → {_cell(now, spec.kind)}" for was, now in zip(values, frame[spec.becomes], strict=True)]
    return (text, spec.kind if spec.kind in TEXTS else "number"), values


def _cell(value: object, kind: str) -> str:
    """Write one value; the addresses of a source as links that show their host."""
    text = write(value, kind)
    if kind != "source":
        return text
    parts = [(part.strip(), ADDRESS.fullmatch(part.strip())) for part in text.split("; ")]
    return Markup("; ").join(LINK.format(part, found["host"]) if found else escape(part) for part, found in parts)


def as_csv(frame: pd.DataFrame) -> str:
    """Write a table as CSV: plain numbers to ten digits, missing blank, weeks as dates.

    A text that a spreadsheet would run as a formula gets an apostrophe in front, which shows it as text; a number
    that stands as text stays as it is.
    """
    text = io.StringIO()
    columns = (_plain(frame[column], frame[column].dtype.kind) for column in frame)
    csv.writer(text, lineterminator="\n").writerows([list(frame), *zip(*columns, strict=True)])
    return text.getvalue()


def _plain(values: Iterable[object], kind: str) -> list[object]:
    """Give a column's values as they stand in a CSV; pandas would take three times as long for a small table."""
    plain = {"f": "{:.10g}".format, "M": "{:%Y-%m-%d}".format}.get(kind, _defused)
    return ["" if is_missing(value) else plain(value) for value in values]


def _defused(value: object) -> object:
    """Put an apostrophe before a text that begins as a formula does."""
    runs = isinstance(value, str) and value.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(value)
    return f"'{value}" if runs else value
