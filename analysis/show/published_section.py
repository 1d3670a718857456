"""Sections of a published week: the weeks so far, with and without one place, and how well the report is known.

A section is what ``display(*section)`` shows.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.load.published import PublishedReports
from analysis.load.quality import TOTALS_DIFFER, report_scorecard, scorecard_facts
from analysis.periods import last_day
from analysis.show.published_facts import weeks_so_far
from analysis.show.published_figures import weeks_with_and_without
from analysis.show.scorecards import scorecard_rows
from analysis.show.sheet import Sheet, Shown
from analysis.stats.published import changes


def published_weeks(sheet: Sheet, reports: PublishedReports, week: date) -> list[Shown]:
    """Show the published weeks up to this one, with and without the place that holds over half of one, if any does.

    Parameters
    ----------
    sheet
        The report, which knows :func:`analysis.show.published_facts.week_facts`.
    reports, week
        The reports and the week.
    """
    weeks = weeks_so_far(reports, week)
    apart = bool(sheet.facts["apart_name"])
    sheet.know(weeks_shown=len(weeks), report_weeks=len(reports.weekly_totals))
    told = []
    for day, row in zip((f"{day:%Y_%m_%d}" for day in weeks["week"]), weeks.to_dict("records"), strict=True):
        counts = {name: None if pd.isna(count) else int(count) for name, count in row.items() if name != "week"}
        sheet.know(**{f"week_{day}": row["week"]}, **{f"{name}_{day}": count for name, count in counts.items()})
        told.append(f"week of {{week_{day}:day_of_year}} {{declined_{day}:n}} and {{elsewhere_{day}:n}}")
    table = sheet.table(
        weeks,
        "weeks",
        "One row per published week up to this one"
        + (", of the declined those of {apart_name} and all others" if apart else "")
        + ", and how many are placed in a state, a lower bound. Complete counts have no interval. There is no "
        "baseline: {report_weeks:weeks} are too few for one. Those issued are a different group. A dash: not known.",
    )
    if not apart:
        return [
            sheet.say("No county or city is known to hold over half of a week's declines, so none is taken out."),
            table,
        ]
    figure = weeks_with_and_without(
        weeks.assign(label=[_short(day) for day in weeks["week"].dt.date]),
        headline=sheet.fill(_finding(sheet)),
        subtitle=sheet.fill(
            "Detainers recorded as declined in a week, the United States with and without {apart_name}, weeks "
            "up to that ending {week_end:day}"
        ),
        without=sheet.fill("{apart_name}"),
    )
    alt = (
        "Dot plot of detainers recorded as declined by week, all places together and without {apart_name}: "
        f"{'; '.join(told)}. {_finding(sheet)}. The numbers are in the table weeks."
    )
    return [sheet.figure(figure, "with_and_without", alt), table]


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


def week_changes(sheet: Sheet, reports: PublishedReports, week: date, blocking: pd.DataFrame) -> Shown:
    """Show the comparisons with the neighbouring weeks (:func:`analysis.stats.published.changes`)."""
    return sheet.table(
        changes(reports, week, blocking).drop(columns="p"),
        "changes",
        "One row compares two neighbouring reports; counts of detainers recorded as declined. Exact conditional test "
        "and interval of the ratio, by chance alone; real ups and downs are larger. p is adjusted over the rows of a "
        "pair. A direction needs a p of at most 0.05 and a difference of five, and none is named across an event that "
        "changes what is counted.",
    )


def report_quality(sheet: Sheet, week: date) -> list[Shown]:
    """Show how well a published week is known, and say what cannot be checked of it."""
    card = report_scorecard(week)
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
