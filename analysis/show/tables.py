"""Tables: what each column is called and how its numbers are written, in one place for every report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Literal
from urllib.parse import urlsplit

import pandas as pd

from analysis.show.sentences import as_percent

Kind = Literal["text", "word", "date", "source", "count", "share", "ratio", "p"]
TEXTS = ("text", "word", "date", "source")
MISSING = "–"


@dataclass(frozen=True)
class Column:
    """How one column is shown: its heading, how numbers are written, and the columns that hold its interval."""

    heading: str
    kind: Kind = "text"
    interval: tuple[str, str] | None = None
    meaning: str = ""


COLUMNS: dict[str, Column] = {
    "state": Column("State", meaning="postal code, or the state's name"),
    "state_name": Column("State", meaning="the state's name in full; 'State not given' where ICE left it blank"),
    "place": Column("Place", meaning="county, city or state as printed"),
    "form": Column("Form", meaning="ICE's form; I247A, I247D and I247 ask to hold, I247N and I247G to notify only"),
    "request": Column("Asks", meaning="what the form asks of the agency"),
    "lift_reason": Column("Lift reason", meaning="as ICE records it"),
    "outcome": Column("Class", "word", meaning="class of the lift reason"),
    "group": Column("Offence group", meaning="one of 16 groups of this project"),
    "status": Column(
        "Status", meaning="of a week: settled, provisional, partial; of an offence: convicted, charged, …"
    ),
    "week": Column("Week of", "date", meaning="the week's Saturday"),
    "issued": Column("Issued", "count", meaning="detainers issued"),
    "declined": Column(
        "Recorded as declined", "count", ("declined_low", "declined_high"), "detainers recorded as declined"
    ),
    "taken": Column("Taken by ICE", "count", meaning="lift reason: booked into detention"),
    "other_ends": Column("Other ends", "count", meaning="every other recorded lift reason"),
    "not_recorded": Column("Not recorded", "count", meaning="no lift reason: pending, or never recorded"),
    "share": Column("Share declined", "share", ("share_low", "share_high"), "declined of issued, same cohort"),
    "detainers": Column("Detainers", "count", meaning="number of detainers"),
    "part": Column("Share", "share", meaning="share of all rows of the table"),
    "against": Column("Against", meaning="the period compared with"),
    "declined_before": Column("Declined before", "count", meaning="declined in the period compared with"),
    "issued_before": Column("Issued before", "count", meaning="issued in the period compared with"),
    "ratio": Column("Ratio", "ratio", ("low", "high"), "share now over share before"),
    "p": Column("p (exact)", "p", meaning="exact conditional, two-sided"),
    "p_mid": Column("p (mid)", "p", meaning="mid-p version"),
    "p_adjusted": Column("p (adjusted)", "p", meaning="adjusted over all tests of the week (Benjamini-Hochberg)"),
    "reason": Column("Not tested", meaning="why there is no test"),
    "finding": Column("Finding", meaning="what may be said"),
    "bound": Column("Figure is", "word", meaning="exact, at least, or disputed"),
    "known_low": Column("At least", "count", meaning="lowest number that agrees with all known figures"),
    "known_high": Column("At most", "count", meaning="highest number that agrees with all known figures"),
    "kind": Column("Kind", meaning="kind of entry"),
    "what": Column("What was said", meaning="in our words"),
    "source": Column("Source", "source", meaning="where the figure was read"),
    "note": Column("Note", meaning="what to know about the row"),
    "measure": Column("Measure", meaning="what was counted"),
    "value": Column("Value", meaning="the figure"),
    "jurisdiction": Column("Jurisdiction", meaning="as ICE printed it"),
    "date_enacted": Column("Enacted", meaning="as printed; blank = not seen"),
    "policy": Column("Policy", meaning="as printed or reported; blank = not seen"),
    "criteria": Column("Criteria", meaning="as printed or reported; blank = not seen"),
    "date": Column("Date", "date", meaning="when it was said"),
    "section": Column("Section", meaning="section of ICE's report"),
    "agency": Column("Agency", meaning="as recorded"),
    "headline": Column("Event", meaning="what happened"),
    "detail": Column("Detail", meaning="more on it"),
    "this_week": Column("This week", "count", meaning="this week's cohort"),
    "last_week": Column("Last week", "count", meaning="last week's cohort"),
    "trailing_mean": Column("Mean of weeks before", "count", meaning="mean of the trailing full weeks"),
    "against_last_week": Column("Against last week", meaning="what may be said of the share against last week's"),
    "against_trailing": Column("Against weeks before", meaning="what may be said of it against the trailing weeks'"),
    "pair": Column("Compared", meaning="which neighbouring weeks are compared"),
    "scope": Column("Scope", meaning="all places, or all but one"),
    "before": Column("Before", "count", meaning="declines in the earlier week"),
    "now": Column("Now", "count", meaning="declines in the later week"),
    "convicted": Column("Convicted", "count", meaning="rows with a conviction"),
    "charged": Column("Charged", "count", meaning="rows with a charge"),
    "unknown": Column("Not known", "count", meaning="rows whose status the source does not say"),
    "issued_shown": Column("Issued", meaning="detainers issued; a range where the count is not shown"),
    "declined_shown": Column(
        "Recorded as declined", meaning="detainers recorded as declined; a range where the count is not shown"
    ),
    "letter": Column("Letter", meaning="mark in the figure"),
    "unit": Column("Unit", meaning="what the figure counts"),
    "who_says": Column("Said by", meaning="who gives the figure"),
    "level": Column("Level", meaning="pass, warn or stop"),
    "checked": Column("Check", meaning="what was checked"),
    "found": Column("Found", meaning="what the check found: a number, a day or words"),
    "part_found": Column("Share", "share", meaning="its share of the detainers, unless the check says otherwise"),
    "norm": Column("Known share", "share", meaning="the published share nearest to it; blank = none known"),
    "usual": Column("On the fourth-busiest day", meaning="detainers of the place then; its least busy day if fewer"),
    "blank_share": Column("Lift reason blank", "share", meaning="share of the issued without a lift reason"),
    "unfinished": Column("Looks unfinished", meaning="why the week looks so; blank = it does not"),
    "alike": Column("Alike", "count", meaning="those that share their key with another row of their version"),
    "column": Column("Column", "word", meaning="column of the table of detainers"),
    "was": Column("Was", "word", meaning="class of the lift reason in the older version"),
    "is_now": Column("Is", "word", meaning="class of the lift reason in the newer version"),
    **{
        f"{measure}_{part}": Column(f"{heading}, {words}", "count", meaning=f"{meaning} in the {version}")
        for measure, heading, meaning in (
            ("issued", "Issued", "detainers issued"),
            ("declined", "Declined", "detainers recorded as declined"),
            ("not_recorded", "Not recorded", "detainers without a recorded end"),
        )
        for part, words, version in (
            ("was", "was", "older version; blank = it does not reach the week"),
            ("now", "is", "newer version; blank = it does not reach the week"),
            ("change", "change", "newer version less those in the older"),
        )
    },
    "changed": Column("Changed", "count", meaning="detainers of both versions in which something differs"),
    "vanished": Column("Vanished", "count", meaning="detainers of the older version alone"),
    "late": Column("Late", "count", meaning="of the newer alone, though issued by the older version's last day"),
    "new": Column("New", "count", meaning="of the newer version alone, issued since"),
    "cut": Column("Cut short", meaning="the days of a version begin or end within the week"),
    "version": Column("Version", "count", meaning="number of the version"),
    "extracted_on": Column("Extracted", "date", meaning="day of the extraction"),
    "known_then": Column("Declined, known then", "count", meaning="of the week's detainers; blank = not reached"),
}
"""Every column that a table may have; with the meanings, the data dictionary of the reports' CSV files."""


def as_html(frame: pd.DataFrame, name: str, caption: str) -> str:
    """Write a table as HTML: headings, numbers in words a reader expects, intervals beside their estimate.

    Missing is a dash, zero is 0. A column that holds the limit of another is shown beside that one, not by itself.

    Raises
    ------
    KeyError
        A column that :data:`COLUMNS` does not have.
    """
    limits = {limit for spec in COLUMNS.values() for limit in spec.interval or ()}
    shown = [column for column in frame if column not in limits]
    texts = pd.DataFrame(index=range(len(frame)))
    classes = pd.DataFrame(index=range(len(frame)))
    headings = []
    for column in shown:
        spec = _column(column)
        interval = spec.interval if spec.interval and spec.interval[0] in frame else None
        values = [_cell(value, spec.kind) for value in frame[column]]
        if interval:
            values = [
                text if pd.isna(low) else f"{text} ({write(low, spec.kind)} to {write(high, spec.kind)})"
                for text, low, high in zip(values, frame[interval[0]], frame[interval[1]], strict=True)
            ]
        texts[column] = values
        classes[column] = spec.kind if spec.kind in TEXTS else "number"
        headings.append(spec.heading + (", 95% interval" if interval else ""))
    styler = (
        texts.set_axis(pd.RangeIndex(len(texts)))
        .style.relabel_index(headings, axis="columns")
        .hide(axis="index")
        .set_td_classes(classes)
        .set_uuid(name)
        .set_caption(escape(caption))
        .set_table_attributes(f'class="report-table" id="table-{name}"')
    )
    return styler.to_html(cell_ids=False, bold_headers=False, doctype_html=False).split("</style>", 1)[-1].strip()


def _column(name: object) -> Column:
    """Look a column up."""
    return COLUMNS[str(name)]


def _cell(value: object, kind: Kind) -> str:
    """Write one value as HTML: escaped; the addresses of a source as links that show their host."""
    if kind != "source":
        return escape(write(value, kind))
    parts = [part.strip() for part in str(value).split(";")]
    links = [
        f'<a href="{escape(part)}">{escape(urlsplit(part).netloc.removeprefix("www."))}</a>'
        if part.startswith(("http://", "https://"))
        else escape(part)
        for part in parts
    ]
    return "; ".join(links)


def write(value: object, kind: Kind) -> str:
    """Write one value: a dash for missing, thousands separated, shares in percent."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if kind in TEXTS:
        text = f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else str(value)
        return (text.replace("_", " ") if kind == "word" else text) or MISSING
    number = float(value)  # type: ignore[arg-type]
    match kind:
        case "count":
            return f"{number:,.0f}" if number == round(number) else f"{number:,.1f}"
        case "share":
            return as_percent(number)
        case "ratio":
            return "unlimited" if math.isinf(number) else f"{number:.2f}"
        case _:
            return f"{number:.3f}" if number >= 0.001 else "below 0.001"


def as_csv(frame: pd.DataFrame) -> str:
    """Write a table as CSV: plain numbers to ten digits, missing blank, weeks as dates."""
    return frame.to_csv(index=False, float_format="%.10g", date_format="%Y-%m-%d", lineterminator="\n")
