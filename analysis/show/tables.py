"""Tables as HTML and CSV: what each column is called and how its values are written, in one way for every report."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
from markupsafe import Markup, escape

from analysis.errors import MARKS
from analysis.load.reference import data_file
from analysis.periods import day_in_words, week_in_words

# The names under which an executed notebook carries what a report's files are made from.
FACTS_TYPE, FIGURE_KEY = "application/vnd.declined-detainers.facts+json", "declined-detainers"
TABLE_TYPE = "application/vnd.declined-detainers.table+json"
# Kinds that are no numbers; a label and a figure (a number or words) stand as their source wrote them.
TEXTS = ("text", "label", "word", "date", "days", "week", "source", "figure")
NUMBERS: dict[str, Callable[[float], str]] = {
    "count": lambda n: (f"{n:,.0f}" if n.is_integer() else f"{n:z,.1f}").replace("-", "−"),
    "share": lambda n: f"{100 * n:z.1f}%",
    "about": lambda n: f"{n:,.0f}" if n >= 10 or n.is_integer() else f"{n:z.1f}",
    "points": lambda n: f"{100 * n:+.2f}".replace("-", "−") if round(100 * n, 2) else "0.00",
    "ratio": lambda n: "unlimited" if math.isinf(n) else f"{n:,.0f}" if n >= 10 else f"{n:z.2f}",
    "p": lambda n: f"{n:.2g}" if n >= 0.001 else "below 0.001",
    "number": lambda n: f"{n:.0f}" if n.is_integer() else f"{n:.4g}",
}
MISSING = "–"
LINKED = "by_state by_offence state_bounds known_offences state_by_offence held_by_offence printed_offences agencies"
LINKED += " declined_by_place issued_by_place corrections bulk_days events policies"
"""Tables to whose rows other pages lead."""
DAYS = re.compile(r"\b(\d{4}-\d\d)(-\d\d)?\b")  # days and months in a text
FORMULA = re.compile(r"[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")
"""How a text begins that a spreadsheet would run, also behind marks that it passes over and in full width."""
NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?")
SPOKEN = {"ice": "ICE", "lea": "LEA", "last week": "the week before", "trailing weeks": "the eight weeks before"}
SPOKEN |= {"trend": "the 13 weeks before"}
ADDRESS = re.compile(r"https?://(?:www\.)?(?P<host>[\w-]+(?:\.[\w-]+)+)(?P<path>[:/?#]\S*)?", re.ASCII)
TIME = Markup('<time datetime="{}">{}</time>')
LINK = Markup('<a href="{}">{}<span class="away">{}</span></a>')
INTERVAL = Markup("{} <small>({} to {})</small>")
TABLE = """\
<table class="report-table sortable" id="table-{}">
<caption>{}</caption>
<thead>{}</thead>
<tbody>
{}</tbody>
</table>"""
LEFT, UNBROKEN = ' style="text-align:left"', ' style="white-space:nowrap"'
"""What JupyterLab needs to be told of cells; pages have a style sheet for them, and are made without it."""
MOST_ROWS = 20  # that a table of one's own shows open, and whose every text is told so: notebooks would grow by more
EMPTY = '<tr><td class="text" colspan="{}">There is nothing to list here.</td></tr>\n'
BAR = '<td class="drawn"><span class="bar" style="width:{:.0f}%"></span></td>'
SPARK = '<td class="drawn"><span class="blocks" aria-hidden="true">{}</span>'
SPARK += '<svg class="spark" viewBox="0 0 {} 18" aria-hidden="true"><path d="{}"/></svg></td>'
BLOCKS = " ▁▂▃▄▅▆▇█"
DRAWN = '<th scope="col" class="drawn"><span>{}</span></th>'
OTHERS = "; the others together: {:,.0f} declined of {:,.0f}"
FOLDED = '{}\n<details class="fold"><summary>All {:,} rows{}</summary>\n{}\n</details>'


@dataclass(frozen=True)
class Column:
    """How a column is shown; the ends of its interval and what it becomes in a newer version stand beside it."""

    heading: str
    kind: str = "text"
    interval: tuple[str, str] | None = None
    meaning: str = ""
    becomes: str = ""


# The columns of our tables by name; with the meanings, the data dictionary of the reports' CSV files.
with data_file("reference/columns.csv").open(encoding="utf-8", newline="") as described:
    COLUMNS = {
        name: Column(heading, kind, (low, high) if low else None, meaning, becomes)
        for name, heading, kind, low, high, becomes, meaning in list(csv.reader(described))[1:]
    }


def write(value: object, kind: str) -> str:
    """Write one value: a dash for missing, thousands separated, shares in percent.

    Examples
    --------
    >>> write(1234, "count"), write(0.0494, "share"), write(None, "ratio")
    ('1,234', '4.9%', '–')
    """
    if pd.isna(value):
        return MISSING
    if kind in TEXTS:
        text = str(value)
        if isinstance(value, datetime):
            text = week_in_words(value) if kind == "week" else day_in_words(value)
        if kind in ("date", "days"):
            text = DAYS.sub(_day_or_month, text)
        if kind == "word":
            text = " ".join(SPOKEN.get(word, word) for word in text.split("_"))
        return (f"{int(text):,}" if kind == "figure" and text.isdecimal() else text) or MISSING
    return NUMBERS.get(kind, NUMBERS["number"])(float(value))  # type: ignore[arg-type]


def _day_or_month(found: re.Match[str]) -> str:
    """Write a day or a month of a text in words."""
    day = date.fromisoformat(found[0] if found[2] else f"{found[0]}-01")
    return day_in_words(day) if found[2] else f"{day:%B %Y}"


def as_html(
    frame: pd.DataFrame,
    name: str,
    caption: str,
    rows: int | None = None,
    bars: str = "",
    recent: Sequence[Sequence[float]] = (),
    kinds: Sequence[str | None] = (),
) -> str:
    """Write a table as HTML: the first column names the row, the index is not shown; missing is a dash, zero is 0.

    A column that holds the limit of another, or what it has become in a newer version, stands beside that one, and a
    state named in full has no code; the CSV has all. A row of a table of :data:`LINKED` has an id, its place in the
    index. Of more than ``rows`` rows all follow the first ones, folded. The column ``bars`` has a bar beside counts;
    ``recent`` are each row's counts of the last weeks, drawn at its end; ``kinds`` are those of rows whose numbers are
    of another kind than their column's.
    """
    present = [COLUMNS[column] for column in frame if column in COLUMNS]
    beside = {other for spec in present for other in (*(spec.interval or ()), spec.becomes)}
    beside |= {"state"} if "state_name" in frame else set()
    shown = [column for column in frame if column not in beside]
    columns = [_cells(frame, column, not n, kinds) for n, column in enumerate(shown)]
    if bars in frame:
        longest = max(1, frame[bars].max())
        parts = (BAR.format(100 * count / longest) for count in frame[bars])
        columns.insert(1 + shown.index(bars), [DRAWN.format(""), *parts])
    lines = ["".join(row) for row in zip(*columns, strict=True)]
    if name.endswith("_figures"):  # shown as cards, which say nothing of what is missing
        lines = [line.replace(f">{MISSING}<", f' hidden="">{MISSING}<') for line in lines]
    drawn = [SPARK.format(blocks_of(counts), 3 * len(counts), bars_of(counts)) for counts in recent]
    weeks = f"Declined, {len(recent[0])} week{'s' * (len(recent[0]) > 1)}" if drawn else ""
    drawn = [DRAWN.format(weeks), *drawn] if drawn else [""] * len(lines)

    def table(of: str, rows: list[tuple[str, str]]) -> str:
        head, *body = (f"<tr{own}>{row}</tr>\n" for own, row in rows)
        return TABLE.format(escape(of), escape(caption), head.strip(), "".join(body) or EMPTY.format(len(columns)))

    ids = ["", *(f' id="{escape(name)}-{row}"' if name in LINKED.split() else "" for row in frame.index)]
    plain = lines if len(lines) <= MOST_ROWS else [lines[0], *(line.replace(LEFT, "") for line in lines[1:])]
    opened = zip(ids, lines if rows else plain, drawn, strict=True)
    few = [(own, row + bars) for own, row, bars in opened][: rows and rows + 1]
    if len(few) == len(lines):
        return table(name, few)
    others = OTHERS.format(*frame[["declined", "issued"]][rows:].sum()) if bars else ""
    every = list(zip([""] * len(few) + ids[len(few) :], plain, strict=True))
    return FOLDED.format(table(name, few), len(lines) - 1, others, table(f"{name}-all", every))


def _cells(frame: pd.DataFrame, column: str, first: bool, kinds: Sequence[str | None]) -> list[str]:
    """Write a column as cells, its heading first; its values have beside them what belongs to them."""
    plain = {"i": "number", "u": "number", "f": "number", "M": "date"}.get(frame[column].dtype.kind, "text")
    spec = COLUMNS.get(column) or Column(str(column), plain)
    each = [(spec.kind in NUMBERS and kind) or spec.kind for kind in kinds or [None] * len(frame)]
    heading, values = spec.heading, [_linked(value, kind) for value, kind in zip(frame[column], each, strict=True)]
    if spec.interval and spec.interval[0] in frame:
        heading += ", 95% interval"
        values = [
            value if pd.isna(low) else INTERVAL.format(value, write(low, spec.kind), write(high, spec.kind))
            for value, low, high in zip(values, frame[spec.interval[0]], frame[spec.interval[1]], strict=True)
        ]
    if spec.becomes in frame:
        heading += f" → {COLUMNS[spec.becomes].heading.split(', ')[-1]}"
        values = [f"{was} → {_linked(now, spec.kind)}" for was, now in zip(values, frame[spec.becomes], strict=True)]
    kind = "text" if spec.kind == "days" else spec.kind if spec.kind in TEXTS else "number"
    tag, scope = ("th", ' scope="row"') if first else ("td", "")
    marked = "" if kind == "number" else f' class="{kind}"'
    style = "" if kind == "number" else UNBROKEN if kind in ("date", "week") else LEFT
    cells = (f"<{tag}{scope}{marked}{style}>{escape(value)}</{tag}>" for value in values)
    return [f'<th scope="col" class="{kind}"{style}>{escape(heading)}</th>', *cells]


def blocks_of(counts: Sequence[float]) -> str:
    """Draw counts as characters, on their own scale: what JupyterLab shows, where a drawing within a table is none."""
    most = max(1, *counts)
    return "".join(BLOCKS[math.ceil(8 * count / most)] for count in counts)


def bars_of(counts: Sequence[float]) -> str:
    """Draw counts as small bars, on their own scale: the path of an SVG of 18 in height and 3 in width for each."""
    most = max(1, *counts)
    return "".join(f"M{3 * n + 1} 18V{18 - 18 * count / most:.0f}" for n, count in enumerate(counts) if count)


def _linked(value: object, kind: str) -> str:
    """Write one value: a day so that it is sorted as one, the addresses of a source as links that show their host."""
    text = write(value, kind)
    if isinstance(value, datetime) and not pd.isna(value):
        return TIME.format(f"{value:%Y-%m-%d}", text)
    if kind != "source":
        return text
    parts = [(part.strip(), ADDRESS.fullmatch(part.strip())) for part in text.split("; ")]
    links = (LINK.format(part, to["host"], to["path"] or "") if to else escape(part) for part, to in parts)
    return Markup("; ").join(links)


def as_csv(frame: pd.DataFrame) -> str:
    """Write a table as CSV: plain numbers to ten digits, missing blank, weeks as dates.

    A text that a spreadsheet would run as a formula gets an apostrophe in front, which shows it as text; a number
    that stands as text stays as it is.
    """
    columns = ([_plain(value) for value in frame[column]] for column in frame)  # pandas would take three times as long
    rows = [[*map(_plain, frame)], *zip(*columns, strict=True)]
    csv.writer(text := io.StringIO(), lineterminator="\n").writerows(rows)
    return text.getvalue().translate(MARKS)


def _plain(value: object) -> object:
    """Give a value as it stands in a CSV."""
    if pd.isna(value):
        return ""
    if isinstance(value, float | datetime):
        return f"{value:.10g}" if isinstance(value, float) else f"{value:%Y-%m-%d}"
    runs = isinstance(value, str) and FORMULA.match(value) and not NUMBER.fullmatch(value)
    return f"'{value}" if runs else value
