"""Sections of a published week: its indicators, the weeks with and without one place, and how well it is known.

A section is what ``display(*section)`` shows.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.load.published import PublishedReports
from analysis.load.scorecards import TOTALS_DIFFER, scorecard_facts
from analysis.periods import WEEK, last_day
from analysis.show.published_figures import weeks_with_and_without
from analysis.show.scorecards import scorecard_rows
from analysis.show.sheet import Sheet, Shown
from analysis.stats.recorded import week_facts
from analysis.stats.recorded_quality import report_scorecard
from analysis.stats.recorded_week import recorded_indicators, with_and_without

MEASURES = {
    "declined": "Recorded as declined",
    "located": "of these, placed in a state, at least",
    "apart": "of these, {apart_name}",
    "outside": "of these, all but {apart_name}",
    "states": "States with a decline, the District of Columbia as one",
    "issued": "Issued",
}
"""What each measure of the indicators is called, over the facts."""


def indicator_table(sheet: Sheet, reports: PublishedReports, week: date, blocking: pd.DataFrame) -> Shown:
    """Show the week's counts beside those of the week before; there is no baseline, and the caption says so.

    Parameters
    ----------
    sheet
        The report, which knows :func:`analysis.stats.recorded.week_facts`.
    reports, week
        The reports and the week.
    blocking
        Events across which no direction may be named.
    """
    earlier = pd.Timestamp(week - WEEK) in set(reports.weekly_totals["week_start"])
    before = week_facts(reports, week - WEEK, blocking) if earlier else None
    table = recorded_indicators(sheet.facts, before)
    for name in ("this_week", "this_low", "this_high", "last_week"):
        known = table.set_index("measure")[name].dropna()
        numbers = known.astype(int) if name.endswith("week") else known
        sheet.know(**{f"indicator_{measure}_{name}": number for measure, number in numbers.items()})
    sheet.know(report_weeks=len(reports.weekly_totals))
    return sheet.table(
        table.assign(measure=[sheet.fill(MEASURES[name]) for name in table["measure"]]),
        "indicators",
        "One row per count. There is no baseline: {report_weeks:weeks} are too few for one. A dash: not known, or no "
        "report before. The interval is exact Poisson; a lower bound and a number of states have none. A direction "
        "needs an adjusted p of at most 0.05 and a difference of five, and none is named across an event.",
    )


def weeks_so_far(sheet: Sheet, reports: PublishedReports, week: date) -> list[Shown]:
    """Show the published weeks up to this one, with and without the place that holds over half of one, if any does."""
    if not sheet.facts["apart_name"]:
        return [sheet.say("No county or city is known to hold over half of a week's declines, so none is taken out.")]
    weeks = with_and_without(reports, week)
    sheet.know(weeks_shown=len(weeks))
    told = []
    for row in weeks.itertuples():
        day = f"{row.week:%Y_%m_%d}"
        sheet.know(
            **{f"week_{day}": row.week, f"declined_{day}": row.declined},
            **{f"elsewhere_{day}": None if pd.isna(row.elsewhere) else int(row.elsewhere)},
        )
        told.append(f"week of {{week_{day}:day_of_year}} {{declined_{day}:n}} and {{elsewhere_{day}:n}}")
    return [
        sheet.figure(
            weeks_with_and_without(
                weeks.assign(label=[_short(day) for day in weeks["week"].dt.date]),
                headline=sheet.fill(_finding(sheet)),
                subtitle=sheet.fill(
                    "Detainers recorded as declined in a week, the United States with and without {apart_name}, weeks "
                    "up to that ending {week_end:day}"
                ),
                without=sheet.fill("{apart_name}"),
            ),
            "with_and_without",
            f"Dot plot of detainers recorded as declined by week, all places together and without {{apart_name}}, with "
            f"95% intervals: {'; '.join(told)}. {_finding(sheet)}. The numbers are in the table with_and_without.",
        ),
        sheet.table(
            weeks,
            "with_and_without",
            "One row per published week up to this one: detainers recorded as declined, those of {apart_name}, and all "
            "others. Exact Poisson intervals.",
        ),
    ]


def _short(week: date) -> str:
    """Write a week for the label of a row."""
    end = last_day(week)
    return f"{week.day} {week:%b} to {end.day} {end:%b} {end.year}"


def _finding(sheet: Sheet) -> str:
    """Give the figure's headline: the count without the place against the week before, as far as it may be said."""
    facts = sheet.facts
    if facts.get("outside") is None:
        return "{declined:n} detainers recorded as declined"
    if "previous_outside_finding" not in facts:
        return "{declined:n} recorded as declined, {outside:n} of them outside {apart_name}"
    said = "Without {apart_name}: {outside:n} against {previous_outside_before:n} the week before, "
    interval = (
        " (ratio {previous_outside_ratio:ratio}, 95% interval {previous_outside_low:ratio} to "
        "{previous_outside_high:ratio})"
    )
    return said + "{previous_outside_finding}" + interval


def report_quality(sheet: Sheet, report: PublishedReports) -> list[Shown]:
    """Show how well a published week is known, and say what cannot be checked of it."""
    card = report_scorecard(report)
    sheet.know(**scorecard_facts(card), limit_totals=TOTALS_DIFFER)
    return [
        sheet.say(
            "Checks of what is known of this report: {checks:n}. Passed: {checks_pass:n}. **Warnings: "
            "{checks_warn:n}. Stops: {checks_stop:n}.** Too little known to judge: {checks_not_judged:n}. The better a "
            "week is documented, the more doubts of it are known: fewer warnings do not mean better figures.",
            "Not checked: repeats, persons without an id and blank lift reasons. The report has no such columns, and "
            "most of its rows are not known one by one.",
        ),
        sheet.table(
            scorecard_rows(card).drop(columns="norm"),
            "week_quality",
            "One row per check of what is known of this report; what stops or warns first. The note says what the "
            "share is of. It warns where something is missing, disputed or corrected; it stops where parts add up to "
            "more than the whole, or where ICE corrected places with more than {limit_totals:share} of the declines. A "
            "dash for the level: nothing of the kind is known, of a week that is hardly known. "
            "There is no usual share: the reports are too few.",
        ),
    ]
