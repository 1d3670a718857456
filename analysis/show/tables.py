"""Tables: what each column is called and how its numbers are written, in one place for every report."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from analysis.show.sentences import as_percent, as_points

if TYPE_CHECKING:  # who writes a number of a report should not wait for it
    import pandas as pd

Kind = Literal["text", "label", "word", "date", "source", "figure", "count", "share", "points", "ratio", "about", "p"]
TEXTS = ("text", "label", "word", "date", "source", "figure")
"""Kinds that are no numbers; a label stands as ICE or another source wrote it, and is not our prose; a figure is a
number or words, as its source gives it."""
MISSING = "–"
NOTHING = ("None", "nan", "NaT", "<NA>")
"""How values that are missing are written by Python, NumPy and pandas."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?")
ACRONYMS = {"ice": "ICE", "lea": "LEA"}


@dataclass(frozen=True)
class Column:
    """How one column is shown: its heading, how numbers are written, and the columns that hold its interval.

    ``becomes`` is the column of the same figure in a newer version, shown after an arrow.
    """

    heading: str
    kind: Kind = "text"
    interval: tuple[str, str] | None = None
    meaning: str = ""
    becomes: str = ""


COLUMNS: dict[str, Column] = {
    "state": Column("State", meaning="postal code, or the state's name"),
    "state_name": Column("State", meaning="the state's name in full; 'State not given' where ICE left it blank"),
    "place": Column("Place", "label", meaning="county, city or state as printed"),
    "form": Column(
        "Form", "label", meaning="ICE's form; I247A, I247D and I247 ask to hold, I247N and I247G to notify only"
    ),
    "request": Column("Asks", meaning="what the form asks of the agency"),
    "lift_reason": Column("Lift reason", "label", meaning="as ICE records it"),
    "outcome": Column("Class", "word", meaning="class of the lift reason"),
    "group": Column("Offence group", meaning="one of 16 groups of this project"),
    "status": Column(
        "Status", meaning="of a week: settled, provisional, partial; of an offence: convicted, charged, …"
    ),
    "week": Column("Week of", "date", meaning="the week's Saturday"),
    "issued": Column("Issued", "count", meaning="detainers issued"),
    "declined": Column("Recorded as declined", "count", meaning="detainers recorded as declined"),
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
    "p": Column("p", "p", meaning="two-sided, with the usual ups and downs of such counts"),
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
    "value": Column("Value", "figure", meaning="the figure; of a quantile, declines"),
    "jurisdiction": Column("Jurisdiction", "label", meaning="as ICE printed it"),
    "date_enacted": Column("Enacted", "label", meaning="as printed; blank = not seen"),
    "policy": Column("Policy", "label", meaning="as printed or reported; blank = not seen"),
    "criteria": Column("Criteria", "label", meaning="as printed or reported; blank = not seen"),
    "date": Column("Date", "date", meaning="when it was said"),
    "section": Column("Section", meaning="section of ICE's report"),
    "agency": Column("Agency", "label", meaning="as recorded"),
    "headline": Column("Event", meaning="what happened"),
    "detail": Column("Detail", meaning="more on it"),
    "this_week": Column("This week", "count", meaning="the week's detainers"),
    "last_week": Column("Last week", "count", meaning="last week's cohort"),
    "trailing_mean": Column("Mean of eight weeks before", "about", meaning="mean of the trailing full weeks"),
    "at_place": Column("At the one place", "count", meaning="declines at the place that holds most; blank = not known"),
    "elsewhere": Column("All others", "count", meaning="declines recorded without that place"),
    "located": Column("Placed in a state", "count", meaning="of the declined, at least so many; the state is known"),
    "declining": Column(
        "States with a decline", "count", meaning="as articles count them, the District of Columbia as one"
    ),
    "pair": Column("Compared", meaning="which neighbouring weeks are compared"),
    "scope": Column("Scope", meaning="all places, or all but one"),
    "before": Column("Before", "count", meaning="declines in the earlier week"),
    "now": Column("Now", "count", meaning="declines in the later week"),
    "convicted": Column("Convicted", "count", meaning="rows with a conviction"),
    "charged": Column("Charged", "count", meaning="rows with a charge"),
    "unknown": Column("Not known", "count", meaning="rows whose status the source does not say"),
    "declined_shown": Column(
        "Recorded as declined", meaning="detainers recorded as declined; a range where the count is not shown"
    ),
    "detainers_shown": Column("Detainers", meaning="number of detainers; a range where the count is not shown"),
    "taken_shown": Column("Taken by ICE", meaning="lift reason: booked into detention; a range where small"),
    "other_ends_shown": Column("Other ends", meaning="every other recorded lift reason; a range where small"),
    "not_recorded_shown": Column("No outcome recorded", meaning="no lift reason; a range where small"),
    "issued_where_shown": Column("Issued", "count", meaning="detainers issued; blank where not shown"),
    "usual_low": Column("Usual from", "count", meaning="least count that would be usual after the eight weeks before"),
    "usual_high": Column("Usual to", "count", meaning="largest count that would be usual"),
    "outside": Column("Outside", meaning="above or below the usual range; blank = inside, or no range is known"),
    "observed": Column("Recorded as declined", "count", meaning="detainers recorded as declined"),
    "letter": Column("Letter", meaning="mark in the figure"),
    "unit": Column("Unit", meaning="what the figure counts"),
    "who_says": Column("Said by", meaning="who gives the figure"),
    "level": Column("Level", meaning="pass, warn or stop; blank = nothing to hold the check against"),
    "checked": Column("Check", meaning="what was checked"),
    "found": Column("Found", "date", meaning="what the check found: a number, a day or words"),
    "part_found": Column("Share", "share", meaning="its share of the detainers, unless the check says otherwise"),
    "norm": Column("Known share", "share", meaning="the published share nearest to it; blank = none known"),
    "usual_share": Column("Usual share", "share", meaning="median of the eight full weeks before; blank = fewer"),
    "usual": Column("On the fourth-busiest day", meaning="detainers of the place then; its least busy day if fewer"),
    "blank_share": Column("Lift reason blank", "share", meaning="share of the issued without a lift reason"),
    "unfinished": Column("Looks unfinished", meaning="why the week looks so; blank = it does not"),
    "alike": Column("Alike", "count", meaning="those that share their key with another row of their version"),
    "column": Column("Column", "word", meaning="column of the table of detainers"),
    "was": Column("Was", "word", meaning="class of the lift reason in the older version"),
    "is_now": Column("Is", "word", meaning="class of the lift reason in the newer version"),
    **{
        f"{measure}_{part}": Column(
            f"{heading}, {words}", "count", meaning=f"{meaning} in the {version}", becomes=becomes and measure + becomes
        )
        for measure, heading, meaning in (
            ("issued", "Issued", "detainers issued"),
            ("declined", "Declined", "detainers recorded as declined"),
            ("not_recorded", "Not recorded", "detainers without a recorded end"),
        )
        for part, words, version, becomes in (
            ("was", "was", "older version; blank = it does not reach the week", "_now"),
            ("now", "is", "newer version; blank = it does not reach the week", ""),
            ("change", "change", "newer version less those in the older", ""),
        )
    },
    "changed": Column("Changed", "count", meaning="detainers of both versions in which something differs"),
    "vanished": Column("Vanished", "count", meaning="detainers of the older version alone"),
    "late": Column("Late", "count", meaning="of the newer alone, though issued by the older version's last day"),
    "new": Column("New", "count", meaning="of the newer version alone, issued since"),
    "cut": Column("Cut", "word", meaning="the days of a version begin or end within the week"),
    "rule": Column("A repeat is", meaning="the published rule, in words"),
    "rows": Column("Rows", "count", meaning="rows of the source"),
    "flagged": Column("Flagged", "count", meaning="rows flagged as repeats of another"),
    "kept": Column("Kept", "count", meaning="rows not flagged"),
    "persons": Column("Persons", "count", meaning="different ids"),
    "rows_without_id": Column("Rows without id", "count", meaning="rows of which no one knows how many persons"),
    "offence": Column("Kind of offence", meaning="detail within the group"),
    "other_group": Column("Or in", meaning="the group where another choice would put it"),
    "why": Column("Why", meaning="reason for the choice"),
    "severity_rank": Column("Rank", "count", meaning="this project's order of severity, 1 = gravest, ties allowed"),
    "violent": Column("FBI: violent", "word", meaning="one of the four offences that the FBI counts as violent crime"),
    "version": Column("Version", "count", meaning="number of the version"),
    "expected": Column("Expected", "about", meaning="declines expected; by what, the table says"),
    "over_expected": Column("Recorded / expected", "ratio", ("low", "high"), "declines recorded over those expected"),
    "factor": Column("By", meaning="what the mix is of"),
    **{
        f"{period}_{end}": Column(f"{words}, {end}", "date", meaning=f"{which} day of the weeks {words.lower()}")
        for period, words in (("now", "Now"), ("before", "Before"))
        for end, which in (("from", "first"), ("to", "last"))
    },
    "dispersion": Column("Dispersion", "ratio", meaning="variance over mean of weekly declines; 1 = chance alone"),
    "share_before": Column("Share before", "share", meaning="declined of issued in the period before"),
    "mix_effect": Column(
        "Of the mix, percentage points", "points", meaning="change by another mix of detainers, as a part of one"
    ),
    "share_effect": Column(
        "Of the shares, percentage points", "points", meaning="change of the shares within it, as a part of one"
    ),
    "change": Column("Change, percentage points", "points", meaning="sum of the two, as a part of one"),
    "shrunken": Column(
        "Drawn towards all", "share", ("shrunken_low", "shrunken_high"), "share weighed against all states' (credible)"
    ),
    "own_weight": Column("Own weight", "share", meaning="how much of that is the state's own share"),
    "standardised": Column(
        "At the mix of all",
        "share",
        ("standardised_low", "standardised_high"),
        "share with the detainers of all states",
    ),
    "extracted_on": Column("Extracted", "date", meaning="day of the extraction"),
    "known_then": Column("Declined, known then", "count", meaning="of the week's detainers; blank = not reached"),
    "case": Column("Case", meaning="id of the reference case in tests/cases/reference_cases.csv"),
    "quantity": Column("Quantity", meaning="what the value is"),
    "published": Column("Published", meaning="value of the case's source"),
    "computed": Column("Computed here", meaning="what our function gives"),
    "difference": Column("Difference", meaning="computed less published"),
    "promise": Column("What is tried", meaning="the promise, or the figure shown beside it"),
    "law": Column("Law of the counts", meaning="how the made-up counts vary"),
    "target": Column("Target", meaning="what is promised; blank = nothing"),
    "result": Column("Found", meaning="share or ratio found in the trials"),
    "mc_error": Column("Monte Carlo error", meaning="standard error of what was found"),
    "trials": Column("Trials", "count", meaning="number of trials"),
    "verdict": Column("Verdict", meaning="met, missed, or shown without a promise"),
    "recorded": Column("Recorded so far", "count", meaning="declines recorded up to the extraction"),
    "maturity": Column("Finished", "word", meaning="settled, provisional or too young, by the measured completeness"),
    "estimated_final": Column("Final number, estimated", "count", meaning="declines expected in the end"),
    "band_low": Column("Band from", "count", meaning="lower end of the band of the estimate"),
    "band_high": Column("Band to", "count", meaning="upper end of the band of the estimate"),
    "no_estimate": Column("No estimate", meaning="why there is none"),
    "target_end_date": Column("Week ending", "date", meaning="the week's Friday"),
    "output_type": Column("Output", meaning="quantile, as forecast hubs call it"),
    "output_type_id": Column("Level", "ratio", meaning="level of the quantile"),
    "day": Column("Days since issue", "count", meaning="days since the detainer was issued"),
    "at_risk": Column("Followed", "count", meaning="detainers that were still followed"),
    "incidence": Column("Ended so", "share", ("incidence_low", "incidence_high"), "of all, by that day"),
    "completeness": Column("Complete", "share", meaning="part of the final count recorded by that age"),
}
"""Every column that a table may have; with the meanings, the data dictionary of the reports' CSV files."""


def is_missing(value: object) -> bool:
    """Say whether a value is None, not a number, or what pandas puts for nothing."""
    if isinstance(value, float):
        return math.isnan(value)
    return not isinstance(value, str | int) and str(value) in NOTHING


def write(value: object, kind: Kind) -> str:
    """Write one value: a dash for missing, thousands separated, shares in percent."""
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
            return as_percent(number)
        case "about":
            return f"{number:,.0f}" if number >= 10 or number == round(number) else f"{number:z.1f}"
        case "points":
            return as_points(100 * number)
        case "ratio":
            return "unlimited" if math.isinf(number) else f"{number:,.0f}" if number >= 10 else f"{number:z.2f}"
        case _:
            return f"{number:.2g}" if number >= 0.001 else "below 0.001"


def as_csv(frame: pd.DataFrame) -> str:
    """Write a table as CSV: plain numbers to ten digits, missing blank, weeks as dates.

    A text that a spreadsheet would run as a formula gets an apostrophe in front, which shows it as text; a number
    that stands as text stays as it is.
    """
    text = io.StringIO()
    columns = (_plain(frame[column]) for column in frame)
    csv.writer(text, lineterminator="\n").writerows([list(frame), *zip(*columns, strict=True)])
    return text.getvalue()


def _plain(values: pd.Series) -> list[object]:
    """Give a column's values as they stand in a CSV; pandas would take three times as long for a small table."""
    plain = {"f": "{:.10g}".format, "M": "{:%Y-%m-%d}".format}.get(values.dtype.kind, _defused)
    return ["" if is_missing(value) else plain(value) for value in values]


def _defused(value: object) -> object:
    """Put an apostrophe before a text that begins as a formula does."""
    runs = isinstance(value, str) and value.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(value)
    return f"'{value}" if runs else value
