"""The sections of a weekly page and of profiles: each shows frames of a cohort, or says in a sentence what is missing.

A section is what ``display(*section)`` shows.
"""

from __future__ import annotations

import pandas as pd

from analysis.load.reference import events, groups, states
from analysis.periods import last_day
from analysis.show.context_figures import incidence_curves, nowcast_series
from analysis.show.facts import cell_names
from analysis.show.figures import stacked_outcomes, weekly_series
from analysis.show.heatmap import heatmap
from analysis.show.listings import at_days, count_tiles, lettered, state_names
from analysis.show.sentences import NO_OFFENCE
from analysis.show.sheet import Sheet, Shown
from analysis.show.style import OUTCOMES
from analysis.show.tiles import tile_map
from analysis.stats.cohort import Cohort
from analysis.stats.comparisons import CLEAR
from analysis.stats.counts import ALL, LEAST_FOR_A_SHARE, NOT_GIVEN, count_outcomes, of_weeks, rows_of_weeks
from analysis.stats.disclosure import (
    THRESHOLD,
    agency_outcomes,
    cross_tabulate,
    lift_reasons,
    offences_by_status,
    outcomes_by_form,
)
from analysis.stats.incidence import cumulative_incidence
from analysis.stats.nowcast import nowcast_quantiles
from analysis.stats.shrinkage import shrink
from analysis.stats.standardisation import LEAST_EXPECTED, decompose, expected, strata
from analysis.stats.summary import (
    counts_by,
    estimates,
    key_figures,
    page_comparisons,
    weekly_counts,
)

WEEKS_OF_NOWCAST, WITHIN_DAYS = 26, 30
MEASURES = {
    "issued": "Issued",
    "declined": "Recorded as declined",
    "taken": "Taken by ICE",
    "other_ends": "Other ends",
    "not_recorded": "No outcome recorded",
    "persons": "Different persons named by the detainers counted",
}
OUTCOMES_SHOWN = ["declined_shown", "taken_shown", "other_ends_shown", "not_recorded_shown"]
OFFENCE_COLUMNS = {"offence_status": "status", "issued": "issued_where_shown"}
ONE_STATE = "All detainers of this source are of one state: its offence groups are shown by quarter alone."
NO_QUARTER = "The source covers no full calendar quarter that was over by this week: {} are not shown."
NO_DELAYS = (
    "How finished the week is cannot be measured: the source does not say on which day a decline was recorded, and has "
    "no two versions from which to tell. Older weeks had longer for an outcome to be recorded."
)
NO_ENDS = "Every row of the source has the same recorded end: nothing is said of how finished it is, nor of ends."
NO_LIFT_DATES = "This source does not say on which day a detainer ended: no time from issue to decline can be given."
SMALL = (
    "Counts of 1 to 4 are shown as a range, and others left out so that none can be narrowed; not shown: what totals "
    "that are printed may tell by themselves."
)


def main_counts(sheet: Sheet, cohort: Cohort) -> Shown:
    """Show the week's main counts beside last week's and the mean of the eight weeks before."""
    table = key_figures(cohort)
    return sheet.table(
        table.assign(measure=table["measure"].map(MEASURES)),
        "key_figures",
        "Mean: the {trailing_weeks} full weeks before. Every count is of what was recorded by the day of extraction; "
        "older weeks had longer for it. A dash: that period is not full, not in the source, or not shown.",
    )


def where(sheet: Sheet, cohort: Cohort) -> list[Shown]:
    """Show the week's declines by state: a map of counts, and every state's row."""
    table = counts_by(cohort, "state")
    placed = table.drop(index=NOT_GIVEN)
    most = placed["declined"].idxmax()
    sheet.know(
        least_for_a_share=LEAST_FOR_A_SHARE,
        most_declined=placed["declined"].max(),
        most_place=state_names([most])[0] if placed.loc[most, "declined"] else None,
        placed_declined=placed["declined"].sum(),
    )
    if cohort.sole_state:
        table = table[table["issued"] > 0]
    title = "No decline of the week names a state"
    if sheet.facts["placed_declined"]:
        title = "{most_place} has {most_declined:n} of the {placed_declined:n} that name a state"
    on_map = sheet.figure(
        tile_map(
            count_tiles(placed, states()),
            headline=sheet.fill(title),
            subtitle=sheet.fill("Detainers recorded as declined, by state, {week_name}"),
            marked=cohort.state,
        ),
        "map",
        "Tile map of the states with the number of the week's detainers recorded as declined. "
        + title
        + ". The numbers "
        "are in the table by_state.",
    )
    table["blank"], table["state_name"] = table.index == NOT_GIVEN, state_names(table.index)
    ordered = table.sort_values(
        ["blank", "declined", "issued", "state_name"], ascending=[True, False, False, True]
    ).rename_axis("state")
    columns = ["state_name", "state", "declined", "issued", "share", "share_low", "share_high", "last_week"]
    columns += ["trailing_mean", "finding", *OUTCOMES_SHOWN[1:]]
    listed = sheet.table(
        ordered.reset_index()[columns],
        "by_state",
        "Most declined first. No share is given of fewer than {least_for_a_share:n} detainers. Finding: a "
        "clear change. " + SMALL,
    )
    return [listed] if cohort.sole_state else [on_map, listed]


def by_offence(sheet: Sheet, cohort: Cohort) -> list[Shown]:
    """Show the nation's week by offence group, and each group by status; or say why it is not shown."""
    if not cohort.has_offences:
        return [sheet.say(ONE_STATE if cohort.source.facts.offences else NO_OFFENCE)]
    totals, by_status = counts_by(cohort, "offence_group"), offences_by_status(cohort.everywhere)
    if cohort.offence != ALL:
        totals, by_status = (
            totals.loc[[cohort.offence]],
            by_status[by_status["offence_group"] == cohort.offence],
        )
    totals = totals[totals["issued"] > 0].sort_values(["declined", "issued"], ascending=False, kind="stable")
    totals["group"] = [_group_name(group) for group in totals.index]
    by_status = by_status[by_status["issued"] != 0].assign(group=by_status["offence_group"].map(_group_name))
    sheet.know(least_for_a_share=LEAST_FOR_A_SHARE)
    columns = ["group", "declined", "issued", "share", "share_low", "share_high", "last_week", "trailing_mean"]
    return [
        sheet.table(
            totals[[*columns, "finding"]],
            "by_offence",
            "One row per offence group with detainers, all statuses together. No share is given of fewer than "
            "{least_for_a_share:n} detainers. Finding: a clear change.",
        ),
        sheet.table(
            by_status.rename(columns=OFFENCE_COLUMNS)[["group", "status", "declined_shown", "issued_where_shown"]],
            "by_offence_status",
            "One row per offence group and status with detainers: charged is not convicted. " + SMALL,
            folded="Convicted or charged",
        ),
    ]


def state_by_offence(sheet: Sheet, cohort: Cohort) -> list[Shown]:
    """Show the declines of the last full quarter by state and offence group, of all states or of one or one group."""
    if not cohort.source.facts.offences:
        return [sheet.say(NO_OFFENCE)]
    quarter = cohort.last_quarter
    if quarter is None:
        return [sheet.say(NO_QUARTER.format("declines by state and offence"))]
    table = cross_tabulate(quarter.everywhere)
    if table.empty:
        return [sheet.say(str(table.attrs["reason"]))]
    sheet.know(cells_hidden=table.attrs["hidden"], cell_threshold=THRESHOLD)
    named = table.assign(
        state_name=table["state"].map(_state_name), group=table["offence_group"].map(_group_name)
    ).rename(columns=OFFENCE_COLUMNS)
    columns = ["state_name", "group", "declined_shown", "issued_where_shown"]
    caption = "Recorded as declined, {quarter_name}, by state and offence group, all statuses. " + SMALL
    if cohort.state != ALL or cohort.offence != ALL:
        key, value = ("state", cohort.state) if cohort.state != ALL else ("offence_group", cohort.offence)
        own = named[named[key] == value]
        if own.empty:
            few = "Too few detainers of {place_name} in {quarter_name} to show them by state and offence."
            return [sheet.say(few)]
        return [sheet.table(own[columns], "state_by_offence", caption)]
    order = {"index": named["state_name"].unique(), "columns": named["group"].unique()}
    cells = named.set_index(["state_name", "group"])
    wide, labels = (cells[name].unstack().reindex(**order) for name in ("declined", "declined_shown"))  # noqa: PD010
    drawn = sheet.figure(
        heatmap(
            wide.astype(float),
            labels.replace("not shown", "·"),
            headline="Recorded as declined by state and offence group",
            subtitle=sheet.fill("Detainers recorded as declined, all statuses; hatched: not shown, {quarter_name}"),
        ),
        "state_by_offence",
        "Heat map of detainers recorded as declined by state and offence group, each count printed; {cells_hidden:n} "
        "cells are not shown exactly, since counts below {cell_threshold:n} are not. The numbers are in the table "
        "state_by_offence.",
    )
    return [drawn, sheet.table(named[columns], "state_by_offence", caption, folded="The same as a table")]


def trend(sheet: Sheet, cohort: Cohort) -> list[Shown]:
    """Show the cohort's weeks: declines with their usual range, the share, and the known events."""
    weeks = weekly_counts(cohort)
    span = lettered(events(cohort.calendar.first_day, cohort.calendar.last_day, cohort.state))
    title = "{declined:n} of {issued:detainers} recorded as declined, week of {week:day}"
    if sheet.facts.get("usual_low") is not None:
        title += "; {usual_low:.0f} to {usual_high:.0f} would be usual"
    banded = weeks["usual_low"].notna().any()
    usual = ", with the range that would be usual after the {trailing_weeks} weeks before" if banded else ""
    return [
        sheet.figure(
            weekly_series(
                weeks,
                cohort.week,
                headline=sheet.fill(title),
                subtitle=sheet.fill("Detainers recorded as declined, and their share of those issued, {place_name}"),
                events=span,
            ),
            "weekly_counts",
            "Two time series by week of issue for {place_name}: the share of detainers recorded as declined, with 95% "
            "intervals, and their number" + usual + ". In this week {declined:n} of {issued:n}. The numbers are in the "
            "table weekly_counts.",
        ),
        sheet.table(
            weeks.reset_index(),
            "weekly_counts",
            "One row per week of issue. Expected: at the share of the {trailing_weeks} full weeks before; usual: what "
            "the ups and downs of such weeks allow, on both sides. The interval says how far the share of such a week "
            "usually lies from its mean: the count itself is complete.",
            folded="Week by week",
        ),
        *(
            [
                sheet.table(
                    span[["letter", "date", "headline", "detail"]],
                    "events",
                    "Known events inside the series; a letter marks each in the figure.",
                )
            ]
            if len(span)
            else []
        ),
    ]


def all_comparisons(sheet: Sheet, cohort: Cohort) -> Shown:
    """Show every comparison of the page that was tested, the smallest p first."""
    table = page_comparisons(cohort).reset_index()
    tested = table[table["p"].notna()].copy()
    if tested.empty:
        return sheet.say("Nothing is compared: {last_week_finding}.")
    sheet.know(comparisons_shown=len(tested), clear=int(tested["finding"].isin(CLEAR).sum()))
    tested["dispersion"] = [cohort.dispersion[cell] for cell in zip(tested["kind"], tested["place"], strict=True)]
    for column in ("now", "before"):
        spans = {pair.against: getattr(pair, column) for pair in cohort.pairs}
        tested[f"{column}_from"] = pd.to_datetime([spans[name][0] for name in tested["against"]])
        tested[f"{column}_to"] = pd.to_datetime([last_day(spans[name][-1]) for name in tested["against"]])
    cells = zip(tested["kind"], tested["place"], strict=True)
    tested["place"] = [cell_names(cohort, kind, place)[0] for kind, place in cells]
    columns = ["against", "place", "declined", "issued", "declined_before", "issued_before", "expected", "ratio"]
    columns += ["low", "high", "p", "p_adjusted", "finding", "dispersion"]
    days = ["now_from", "now_to", "before_from", "before_to"]
    return sheet.table(
        tested.sort_values(["p", "against", "place"])[columns + days],
        "comparisons",
        "One row per comparison. p is adjusted over all {tests:tests} of the week (nation, states, national offence "
        "groups), so the same trend may be clear on the page of one week and not on that of the next; a direction "
        "needs an adjusted p of at most 0.05 and a difference of five declines. Where delays are known, detainers "
        "count by what of their declines can be recorded by now. The file has the days of both periods.",
        folded="All comparisons of this page: {comparisons_shown:n}; clear: {clear:n}",
        in_file=days,
    )


def what_became(sheet: Sheet, cohort: Cohort) -> list[Shown]:
    """Show what became of the nation's detainers of the week: outcomes, forms and reasons."""
    rows, reasons = cohort.everywhere, lift_reasons(cohort.everywhere)
    if rows.empty:
        return [sheet.say("There is no detainer in this week: nothing to show of outcomes.")]
    if cohort.sole_state:
        return [sheet.say("All detainers are of one state: its forms and lift reasons are not shown by week.")]
    bars = sheet.figure(
        stacked_outcomes(
            count_outcomes(rows.assign(everyone=sheet.facts["nation_name"]), "everyone"),
            OUTCOMES,
            headline=sheet.fill("No outcome is recorded for {not_recorded:n} of {issued:detainers}"),
            subtitle=sheet.fill("Recorded outcome of the week's detainers, {place_name}, {week_name}"),
        ),
        "outcomes",
        "Stacked bar of the recorded outcome: {declined:n} declined, {taken:n} taken by ICE, {other_ends:n} other "
        "ends, {not_recorded:n} not recorded. The numbers are in the table key_figures.",
    )
    return [
        bars,
        sheet.table(
            outcomes_by_form(rows)[["form", "issued", *OUTCOMES_SHOWN]],
            "by_form",
            "One row per form. I-247N asks for notice, not for a hold: a decline there is another thing. " + SMALL,
        ),
        sheet.table(
            reasons.assign(outcome=reasons["outcome"].map(MEASURES))[["outcome", "lift_reason", "detainers_shown"]],
            "lift_reasons",
            "One row per lift reason as ICE recorded it. " + SMALL,
        ),
    ]


def like_for_like(sheet: Sheet, cohort: Cohort) -> list[Shown]:
    """Hold states' declines of the last full quarter against those of detainers alike, and draw small shares to all."""
    quarter = cohort.last_quarter
    if quarter is None or cohort.sole_state:
        why = NO_QUARTER.format("states like for like") if quarter is None else ""
        return [sheet.say(why or "The source has one state, so there is nothing to hold it against.")]
    if cohort.sole_outcome:
        return [sheet.say("States are not held against each other: {no_share}.")]
    alike = expected(quarter.everywhere, cohort.source.facts.offences, cohort.dispersion["state"])
    counts = of_weeks(quarter.by_state, quarter.period.weeks, list(states().index))
    drawn = shrink(counts, cohort.dispersion["state"][counts.index])
    if cohort.state != ALL:
        alike, drawn = alike[alike.index == cohort.state], drawn[drawn.index == cohort.state]
    sheet.know(
        least_expected=LEAST_EXPECTED,
        alike_by=", ".join(name.replace("_", " ") for name in strata(cohort.source.facts.offences)),
    )
    shown = []
    if len(alike):
        shown.append(
            sheet.table(
                _with_names(alike),
                "expected",
                "States with {least_expected:n} declines expected or more, {quarter_name}. Expected: at the share of "
                "all states among detainers alike by {alike_by}. At the mix of all: if what is asked were mixed as in "
                "all states.",
            )
        )
    else:
        shown.append(
            sheet.say("Fewer than {least_expected:n} declines are expected in {quarter_name}: none to compare.")
        )
    drawn = drawn[drawn["reason"] == ""].join(counts[["issued", "declined"]])
    drawn["share"] = drawn["share"].where(drawn["issued"] >= LEAST_FOR_A_SHARE)
    drawn = drawn.sort_values(["issued", "declined"], ascending=False, kind="stable")
    if len(drawn):
        columns = ["issued", "declined", "share", "shrunken", "shrunken_low", "shrunken_high", "own_weight"]
        shown.append(
            sheet.table(
                _with_names(drawn[columns]),
                "shrunken",
                "States with detainers in {quarter_name}: the share, and the share drawn towards that of all states by "
                "as much as it rests on few detainers; own weight: how much of that is the state's own share. This is "
                "no ranking.",
                folded="Every state's share, drawn towards that of all",
            )
        )
    return shown


def _with_names(table: pd.DataFrame) -> pd.DataFrame:
    """Put the name of the state in front of rows by postal code."""
    named = table.rename_axis("state").reset_index()
    named.insert(0, "state_name", state_names(named["state"]))
    return named.drop(columns="state")


def change_apart(sheet: Sheet, cohort: Cohort) -> list[Shown]:
    """Take a clear change of the nation into the part of another mix and that of other shares.

    By state and offence group alone, whose totals stand in full: of others the parts would tell of small counts.
    """
    own = page_comparisons(cohort).xs((ALL, ALL), level=("kind", "place")) if cohort.cell[0] == ALL else None
    clear = [] if own is None else [name for name in own.index if own.loc[name, "finding"] in CLEAR]
    if not clear:
        return []
    pair = next(pair for pair in cohort.pairs if pair.against == clear[0])
    rows = cohort.source.detainers(
        ["issued_on", "state", "offence_group", "outcome", "duplicate", "detainers"],
        first=pair.before[0],
        last=cohort.period.last_day,
        repeats=cohort.repeats != "left out",
    )
    factors = {"state": ["state"]} | ({"offence group": ["offence_group"]} if cohort.has_offences else {})
    parts = decompose(rows_of_weeks(rows, pair.before), rows_of_weeks(rows, pair.now), factors)
    sheet.know(apart_against=clear[0], points_of_change=100 * parts["change"].iloc[0])
    return [
        sheet.table(
            parts,
            "change",
            "The clear change of the share, {points_of_change:points} percentage points ({apart_against}), as the part "
            "of another mix of detainers and that of other shares within it. This is arithmetic, not a cause.",
        )
    ]


def finished(sheet: Sheet, cohort: Cohort) -> list[Shown]:
    """Say how complete the nation's week is, with the estimates of final numbers and how such estimates did."""
    found = estimates(cohort)
    if cohort.sole_outcome:
        return [sheet.say(NO_ENDS)]
    if found is None or pd.Timestamp(cohort.week) not in found.index:
        return [sheet.say(NO_DELAYS, _without_end(sheet, cohort))]
    said = (
        "By how declines of earlier weeks came in, {week_completeness:share} of this week's are recorded ({maturity}): "
        "{nowcast_recorded:.0f} so far, about {nowcast:.0f} in the end ({nowcast_low:.0f} to {nowcast_high:.0f}, "
        "{nowcast_level:.0%} band)."
    )
    if sheet.facts["nowcast_reason"]:
        said = "The final number of the week's declines cannot be estimated: {nowcast_reason}."
    elif sheet.facts["week_completeness"] == 1:
        said = "The week is as finished as can be measured: its declines have been followed for as long as any."
    if sheet.facts.get("past_bands_made"):
        said += (
            " Of the last {past_bands_made:n} such bands, made with what was known then, {past_bands_held:n} held the "
            "final number (weighted interval score, smaller is better: {past_bands_score:.1f} declines; "
            "{past_bands_score_of_recorded:.1f} if what was recorded is taken for the final number)."
        )
    shown = found.tail(WEEKS_OF_NOWCAST)
    series = sheet.figure(
        nowcast_series(
            shown,
            headline=sheet.fill(
                "{nowcast_recorded:.0f} recorded so far, about {nowcast:.0f} expected"
                if sheet.facts["maturity"] != "settled" and not sheet.facts["nowcast_reason"]
                else "Recorded as declined, and final numbers expected"
            ),
            subtitle=sheet.fill("Recorded as declined and estimated final number by week of issue, {nation_name}"),
        ),
        "nowcast",
        "Points by week of issue: declines recorded so far, and for unfinished weeks the estimate of their final "
        "number with a band. This week: {nowcast_recorded:.0f} recorded. The numbers are in the table nowcast.",
    )
    return [sheet.say(said), series, *_nowcast_tables(sheet, shown)]


def _without_end(sheet: Sheet, cohort: Cohort) -> str:
    """Say what part of all detainers has no recorded end, newer and older weeks apart; nothing where few are known."""
    pair = cohort.pairs[-1]
    if pair.refusal or cohort.sole_state:
        return ""
    places = [*states().index, NOT_GIVEN]
    newer, older = (of_weeks(cohort.by_state, weeks, places).sum() for weeks in (pair.now, pair.before))
    if not (newer["issued"] and older["issued"]):
        return ""
    sheet.know(
        no_end_newer=newer["not_recorded"] / newer["issued"],
        no_end_older=older["not_recorded"] / older["issued"],
        no_end_weeks=len(pair.now),
    )
    return (
        "Without a recorded end: {no_end_newer:share} of all detainers of the {no_end_weeks:n} settled weeks to "
        "{trend_to:day}, and {no_end_older:share} of those of the {no_end_weeks:n} before them."
    )


def _nowcast_tables(sheet: Sheet, shown: pd.DataFrame) -> list[Shown]:
    """Show the estimates of the last weeks, and their quantiles in the form that forecast hubs use."""
    names = {"estimate": "estimated_final", "low": "band_low", "high": "band_high", "reason": "no_estimate"}
    rows = shown.rename_axis("week").reset_index().rename(columns=names)
    return [
        sheet.table(
            rows[["week", "recorded", "completeness", "maturity", *names.values()]],
            "nowcast",
            "One row per week of issue, the last ones. Complete: what of the final number is recorded, by how declines "
            "of recent weeks came in. The band holds the final number with {nowcast_level:.0%} probability, if "
            "declines go on coming in as they did.",
        ),
        sheet.table(
            nowcast_quantiles(shown),
            "nowcast_quantiles",
            "One row per unfinished week and quantile of its final number.",
        ),
    ]


def endings(sheet: Sheet, cohort: Cohort) -> list[Shown]:
    """Show by days since issue how the nation's detainers ended, where the source has the days."""
    rows = cohort.history
    if cohort.sole_outcome:
        return []
    if not rows["lifted_on"].notna().any():
        return [sheet.say(NO_LIFT_DATES)]
    curves = cumulative_incidence(rows, cohort.source.facts.extracted_on)
    within = at_days(curves)
    own = within[(within["outcome"] == "declined_by_lea") & (within["day"] == WITHIN_DAYS)]
    sheet.know(
        followed=int(curves["at_risk"].max()) if len(curves) else 0,
        within_days=WITHIN_DAYS,
        declined_within=own["incidence"].iloc[0] if len(own) else None,
    )
    title = "How detainers ended, by days since issue"
    if sheet.facts["declined_within"] is not None:
        title = "{declined_within:share} recorded as declined within {within_days:n} days of issue"
    return [
        sheet.figure(
            incidence_curves(
                curves,
                headline=sheet.fill(title),
                subtitle=sheet.fill("Share ended in each way, other ends counted as such, {followed:detainers}"),
            ),
            "incidence",
            "Curves of the share of detainers that had ended in each way by days since issue, with 95% intervals; "
            "those without a recorded end count as followed until the extraction. The numbers at some days are in the "
            "table incidence.",
        ),
        sheet.table(
            within.rename(columns={"low": "incidence_low", "high": "incidence_high"}),
            "incidence",
            "One row per way of ending and number of days since issue: the share that had ended so by then, of all "
            "detainers up to this week.",
        ),
    ]


def agencies(sheet: Sheet, cohort: Cohort) -> Shown:
    """Show the last full quarter's agencies of a state, over all offences, small counts not shown."""
    quarter = cohort.last_quarter
    if quarter is None:
        return sheet.say(NO_QUARTER.format("agencies"))
    table = agency_outcomes(quarter.detainers)
    if table.empty:
        return sheet.say(str(table.attrs["reason"]))
    return sheet.table(
        table[["agency", "issued", "declined_shown"]],
        "agencies",
        "One row per agency in {quarter_name}, those with few detainers added up. " + SMALL,
    )


def origin_notes(sheet: Sheet, notes: str | None) -> Shown:
    """Print what the source's origin file notes of it."""
    sheet.know(origin_notes=notes)
    return sheet.say("*From the source's origin file*: {origin_notes}" if notes else "")


def _state_name(state: str) -> str:
    """Name a row of the table of states by offence."""
    return {"total": "All", "other states": "Other states"}.get(state) or state_names([state])[0]


def _group_name(group: str) -> str:
    """Name an offence group, or what a table puts for several or none."""
    named = {"total": "All", "other groups": "Other groups", NOT_GIVEN: "Offence not given"}
    return named.get(group) or str(groups().loc[group, "group"])
