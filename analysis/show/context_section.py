"""The sections beside a week's counts: each shows what the source can carry, or says in a sentence what is missing.

A section is what ``display(*section)`` shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from analysis.load.names import ALL_STATES
from analysis.load.offences import groups
from analysis.load.table import Outcome
from analysis.load.vocabulary import states
from analysis.periods import Calendar, last_day
from analysis.show.context_figures import change_bars, funnel_plot, incidence_curves, nowcast_series
from analysis.show.figures import stacked_outcomes
from analysis.show.listings import state_names
from analysis.show.sheet import Sheet, Shown
from analysis.show.style import OUTCOMES
from analysis.stats.baselines import EARS, FARRINGTON
from analysis.stats.cohorts import TRAILING_WEEKS, in_place
from analysis.stats.context import (
    direct_shares,
    parts_of_change,
    parts_of_count,
    rows_of_weeks,
    state_funnel,
    strata,
)
from analysis.stats.disclosure import THRESHOLD
from analysis.stats.funnels import beyond_chance
from analysis.stats.incidence import at_days, cumulative_incidence
from analysis.stats.scan import ALL_GROUPS, DRIFT_LIMIT, WATCHED, drift
from analysis.stats.small_cells import is_shown, state_by_offence

WEEKS_OF_NOWCAST, WITHIN_DAYS = 26, 30
NOWCAST_COLUMNS = {"estimate": "estimated_final", "low": "band_low", "high": "band_high", "reason": "no_estimate"}
"""What a table calls the columns of :func:`analysis.stats.nowcast.nowcast`."""
FEW_STATES = 3
"""States with detainers up to which a source is said to be of few states."""
CHARTS = {
    EARS: "Charts: those that the count exceeds on its own, of EARS, the Early Aberration Reporting System of public "
    "health, made for short series. C1 holds a count against the seven weeks before it, C2 against seven weeks that "
    "ended two weeks earlier, and C3 adds up what lies above C2 over three weeks.",
    FARRINGTON: "Charts: whether the count exceeds Farrington's bound on its own, which public health uses on years "
    "of data: it holds a count against the same season of the years before, with their trend.",
}
"""How a week is held against the weeks before it, by the method, in words for those who do not know its name."""
NO_DETAINERS = "There is no detainer in {place_name} in this week: nothing to show of outcomes, nor of a change."
NO_DELAYS = (
    "This report does not measure how finished the week is: the source does not say on which day a decline was "
    "recorded, and the report reads no two versions of it from which to tell."
)
NO_DELAYS_HERE = (
    "How finished the week is for {place_name} alone is not measured: too few of its declines have a known delay. Of "
    "all detainers together {week_completeness:share} of the week's declines are recorded."
)
NO_LIFT_DATES = "This source does not say on which day a detainer ended: no time from issue to decline can be given."


def baseline(
    sheet: Sheet,
    scanned: pd.DataFrame | None,
    rows: pd.DataFrame,
    *,
    place: str = ALL_STATES,
    group: str = ALL_GROUPS,
    all_cells: bool = True,
) -> list[Shown]:
    """Show the week's declines against the weeks before, state by state and by state × offence group.

    A cell of state × offence group is listed only where it is flagged, and its numbers only where the table of states
    by offence group shows the cell.

    Parameters
    ----------
    sheet
        The report, which knows :func:`analysis.stats.scan.scan_facts`.
    scanned
        As from :func:`analysis.stats.scan.scan_week`; None = the week is not held against the weeks before.
    rows
        The week's detainers of all states.
    place, group
        What the report is about.
    all_cells
        Whether every state is listed, or only cells of this place and group.
    """
    if scanned is None:
        return [sheet.say("{no_baseline}")]
    tested = scanned["p"].notna()
    whole_state = (scanned["group"] == ALL_GROUPS) | (scanned["state"] == ALL_STATES)
    listed = scanned[tested & (whole_state if all_cells else True) | scanned["flagged"]]
    if not all_cells:
        listed = listed[(listed["state"] == place) & (group == ALL_GROUPS) | (listed["group"] == group)]
        listed = listed[listed["flagged"] | (listed["state"].eq(place) & listed["group"].eq(group))]
    if listed.empty:
        return [
            sheet.say(
                "Nothing of {place_name} has enough in it to be tested against the weeks before: {scan_tests:n} of "
                "{scan_cells:n} cells of states and offence groups are tested in all, {scan_flags:n} are flagged."
            )
        ]
    listed = listed.copy()
    shown = state_by_offence(rows, "declined")
    cells = zip(listed["state"], listed["group"], strict=True)
    hidden = [ALL_STATES not in cell and not is_shown(shown, *cell) for cell in cells]
    listed.loc[hidden, ["observed", "expected", "upper", "p", "p_adjusted"]] = None
    listed["state_name"] = ["All states" if s == ALL_STATES else state_names([s])[0] for s in listed["state"]]
    listed["group"] = ["All" if g == ALL_GROUPS else groups().loc[g, "group"] for g in listed["group"]]
    listed["flag"] = ["above expectation" if flagged else "" for flagged in listed["flagged"]]
    columns = ["state_name", "group", "observed", "expected", "upper", "charts", "p", "p_adjusted", "flag"]
    table_of_cells = sheet.table(
        listed.rename(columns={"flags": "charts"})[columns],
        "baseline",
        ("One row per state tested, per offence group tested" if all_cells else "One row for {place_name}")
        + ", and one per cell of state and offence group that is flagged. {scan_tests:n} of {scan_cells:n} cells have "
        "enough in them to be tested, adjusted together so that few flags are by chance alone; {scan_flags:n} are "
        "flagged. " + CHARTS[str(sheet.facts["baseline_method"])],
    )
    return [table_of_cells]


def slow_drift(sheet: Sheet, by_week: pd.DataFrame, week: date, calendar: Calendar, place: str) -> Shown:
    """Say whether the share of declines has drifted up over the last quarter, here and elsewhere."""
    found = drift(by_week, week, calendar)
    if found.reason:
        sheet.know(drift_reason=found.reason)
        return sheet.say("No slow drift can be looked for: {drift_reason}.")
    above = found.sums[found.sums > DRIFT_LIMIT].index
    own = found.sums.get(place)
    names = [name for name in above if name in states().index]
    sheet.know(
        drift_weeks=WATCHED,
        drift_limit=DRIFT_LIMIT,
        drift_sum=own,
        drift_flag=None if own is None else bool(own > DRIFT_LIMIT),
        drift_states_looked_at=len(found.sums.drop(ALL_STATES, errors="ignore")),
        drift_states=len(names),
        drift_names=", ".join(state_names(names)) or "none",
    )
    said = (
        "Over the last {drift_weeks:weeks} no drift is looked for in {place_name}: too few declines."
        if own is None
        else "Over the last {drift_weeks:weeks} the share declined in {place_name} "
        + ("has **drifted up**" if own > DRIFT_LIMIT else "shows no slow drift upwards")
        + ": the running sum of what is above expectation (CUSUM) stands at {drift_sum:.1f}, the limit is "
        "{drift_limit:.0f}."
    )
    others = " Of the {drift_states_looked_at:n} states with declines enough, these are above the limit: {drift_names}."
    return sheet.say(said + (others if place == ALL_STATES and by_week.index.names[1] == "state" else ""))


def funnel_of_states(sheet: Sheet, rows: pd.DataFrame, has_offences: bool) -> list[Shown]:
    """Hold each state's declines against those expected of detainers like its own."""
    placed = state_funnel(rows, has_offences)
    direct = direct_shares(rows)
    sheet.know(
        least_placed=2 * THRESHOLD,
        direct_states=direct["standardised"].notna().sum(),
        strata=strata(has_offences).replace("_", " "),
        funnel_states=len(placed),
        funnel_outside=placed["position"].isin(["above", "below"]).sum(),
        funnel_outside_chance=beyond_chance(placed["observed"], placed["expected"]).sum(),
        funnel_phi=placed.attrs["phi"],
    )
    plot = sheet.figure(
        funnel_plot(
            placed,
            headline=sheet.fill(
                "{funnel_outside:n} of {funnel_states:n} states and territories lie outside the 99.8% limits with "
                "spread, {funnel_outside_chance:n} outside those of chance alone"
            ),
            subtitle=sheet.fill(
                "Declines recorded over those expected, detainers alike by {strata}, {week_name}; named: most "
                "expected, where there is room"
            ),
        ),
        "funnel",
        "Funnel plot of states: declines recorded over declines expected, against declines expected, with 95% and "
        "99.8% limits by chance and with the spread between states added. {funnel_outside:n} of {funnel_states:n} "
        "states and territories lie outside the 99.8% limits with spread, by which the position is judged, and "
        "{funnel_outside_chance:n} outside those of chance alone. The numbers are in the table funnel.",
    )
    listed = placed.join(
        direct[["standardised", "low", "high"]].rename(columns={"low": "standardised_low", "high": "standardised_high"})
    )
    listed = listed.rename_axis("state").reset_index()
    listed["state_name"] = state_names(pd.Index(listed["state"]))
    listed["position"] = listed["position"].where(listed["position"] != "", listed["reason"])
    ordered = listed.sort_values(["expected", "state"], ascending=[False, True], ignore_index=True)
    columns = ["state_name", "observed", "expected", "over_expected", "low", "high", "position"]
    if listed["standardised"].notna().any():
        columns += ["standardised", "standardised_low", "standardised_high"]
    table = sheet.table(
        ordered.rename(columns={"ratio": "over_expected"})[columns],
        "funnel",
        ("One row per state with {least_placed:n} detainers or more" if has_offences else "One row per state")
        + ". Expected: at the share that all states together have among detainers alike by {strata}"
        + (", a state's groups that are not shown taken together" if has_offences else "")
        + ". Position: against the 99.8% limits with the spread between states; inside: no further from what is "
        "expected than states differ from each other anyway. At the mix of all: the state's share "
        "if what is asked were mixed as in all states together (gamma interval), where it has "
        "detainers of every request ({direct_states:n} of {funnel_states:n}).",
    )
    return [plot, table]


def change_apart(
    sheet: Sheet, own: pd.DataFrame, week: date, calendar: Calendar, factors: Mapping[str, Sequence[str]]
) -> list[Shown]:
    """Take the change of the share, and of the number of declines, since the trailing weeks apart.

    Parameters
    ----------
    sheet, week, calendar
        The report, its week, and the weeks that the source covers.
    own
        The detainers that the report is about, all weeks.
    factors
        Columns of the strata by the factor's name.
    """
    earlier = calendar.full_weeks_before(week, TRAILING_WEEKS)
    if calendar.is_partial(week) or not calendar.is_settled(week) or len(earlier) < TRAILING_WEEKS:
        return [sheet.say("The week is not compared with the weeks before it, so no change is taken apart.")]
    before, after = rows_of_weeks(own, earlier), rows_of_weeks(own, [week])
    if not after["detainers"].sum():
        return [sheet.say(NO_DETAINERS)]
    parts = parts_of_change(before, after, factors)
    of_count = parts_of_count(before, after, TRAILING_WEEKS, next(iter(factors.values())))
    sheet.know(
        count_change=of_count["change"],
        count_of_detainers=of_count["detainers"],
        count_of_mix=of_count["mix"],
        count_of_shares=of_count["share"],
        count_mix_by=next(iter(factors)),
        points_of_change=100 * parts["change"].iloc[0],
        points_of_mix=100 * parts["mix_effect"].iloc[0],
    )
    bars = sheet.figure(
        change_bars(
            parts,
            headline=sheet.fill(
                "Share declined: {points_of_change:+z.1f} percentage points, {points_of_mix:+z.1f} with the mix by "
                "{count_mix_by}"
            ),
            subtitle=sheet.fill(
                "Change of the share declined against the {trailing_weeks:n} weeks before, {place_name}, {week_name}"
            ),
        ),
        "change",
        "Bars: the change of the share declined against the {trailing_weeks:n} weeks before, as the part of the mix of "
        "detainers and the part of the shares within it, one factor at a time. The numbers are in the table change.",
    )
    table_of_parts = sheet.table(
        parts,
        "change",
        "One row per factor. The two parts add up to the change; all are rounded. This is arithmetic, not a cause, and "
        "says nothing of whether the change is more than chance.",
    )
    in_declines = sheet.say(
        "In declines, against the mean of the {trailing_weeks:n} weeks before: {count_change:+z.1f}, of which "
        "{count_of_detainers:+z.1f} go with the number of detainers, {count_of_mix:+z.1f} with their mix by "
        "{count_mix_by} and {count_of_shares:+z.1f} with the shares within it; each is rounded by itself."
    )
    return [bars, in_declines, table_of_parts]


def what_became(
    sheet: Sheet, counts: pd.DataFrame, by: str, of: str, tables: Mapping[str, tuple[pd.DataFrame, str]]
) -> list[Shown]:
    """Draw what became of the week's detainers and list it, or say that there is none.

    Parameters
    ----------
    sheet
        The report.
    counts
        As from :func:`analysis.stats.cohorts.count_outcomes`, one row per bar.
    by, of
        What the bars are by, and what they are of (templates).
    tables
        Frame and caption by the table's name; the last one holds the figure's numbers.
    """
    if counts.empty:
        return [sheet.say(NO_DETAINERS)]
    bars = sheet.figure(
        stacked_outcomes(
            counts,
            OUTCOMES,
            headline=sheet.fill("Nothing is recorded for {not_recorded:n} of {issued:detainers}"),
            subtitle=sheet.fill(f"Recorded outcome by {by}, {of}, {{week_name}}"),
        ),
        "outcomes",
        f"Stacked bars of the recorded outcome by {by}: {{declined:n}} declined, {{taken:n}} taken by ICE, "
        "{other_ends:n} other ends, {not_recorded:n} not recorded. The numbers are in the table "
        f"{list(tables)[-1]}.",
    )
    return [bars, *(sheet.table(frame, name, caption) for name, (frame, caption) in tables.items())]


def few_states(sheet: Sheet, table: pd.DataFrame, week: date) -> Shown:
    """Say of a source whose detainers up to a week are of few states that it is no picture of the country."""
    found = table.loc[table["issued_on"] <= pd.Timestamp(last_day(week)), "state"].dropna().unique()
    if len(found) > FEW_STATES:
        return sheet.say()
    sheet.know(source_states=", ".join(state_names(pd.Index(sorted(found)))) or "none")
    return sheet.say(
        "**The source has detainers of few states alone** (up to this week: {source_states}). Where this report speaks "
        "of the United States or of all states, it means these; of the others a zero tells nothing."
    )


def origin_notes(sheet: Sheet, notes: str | None) -> Shown:
    """Print what the source's origin file notes of it."""
    sheet.know(origin_notes=notes)
    return sheet.say("*From the source's origin file*: {origin_notes}" if notes else "")


def factors_of(has_offences: bool, place: str) -> dict[str, list[str]]:
    """Give the factors by which a change is taken apart.

    Of one state it is not taken apart by offence, since the parts would tell of counts that are not shown.
    """
    factors = {"what the form asks": ["request"]}
    if place == ALL_STATES:
        factors["state"] = ["state"]
        if has_offences:
            factors |= {"offence group": ["offence_group"], "status of the offence": ["offence_status"]}
    return factors


def finished(sheet: Sheet, estimates: pd.DataFrame | None, week: date) -> list[Shown]:
    """Say how complete the week's declines are, and show the estimates of the final numbers.

    Parameters
    ----------
    sheet, week
        The report, which knows :func:`analysis.stats.nowcast.nowcast_facts`, and its week.
    estimates
        As from :func:`analysis.stats.nowcast.nowcast`; None = the source has no delays.
    """
    if estimates is None or pd.Timestamp(week) not in estimates.index:
        return [sheet.say(NO_DELAYS if sheet.facts["week_completeness"] is None else NO_DELAYS_HERE)]
    said = (
        "By how declines of earlier weeks came in, {completeness:share} of this week's are recorded ({maturity}): "
        "{nowcast_recorded:.0f} so far, about {nowcast:.0f} in the end ({nowcast_low:.0f} to {nowcast_high:.0f}, "
        "{nowcast_level:.0%} band)."
    )
    if sheet.facts["nowcast_reason"]:
        said = "The final number of the week's declines cannot be estimated: {nowcast_reason}."
    elif sheet.facts["completeness"] == 1:
        said = "The week is as finished as can be measured: its declines have been followed for as long as any."
    shown = estimates.tail(WEEKS_OF_NOWCAST)
    sheet.know(weeks_of_nowcast=len(shown))
    young = bool((shown["maturity"] != "settled").any())
    series = sheet.figure(
        nowcast_series(
            shown,
            headline=sheet.fill(_of_nowcast(sheet.facts, young)),
            subtitle=sheet.fill("Recorded as declined and estimated final number by week of issue, {place_name}"),
        ),
        "nowcast",
        "Points by week of issue: declines recorded so far, and for unfinished weeks the estimate of their final "
        "number with a band. This week: {nowcast_recorded:.0f} recorded, {maturity}. The numbers are in the table "
        "nowcast.",
    )
    rows = shown.rename_axis("week").reset_index().rename(columns=NOWCAST_COLUMNS)
    table = sheet.table(
        rows[["week", "recorded", "completeness", "maturity", *NOWCAST_COLUMNS.values()]],
        "nowcast",
        "One row per week of issue, the {weeks_of_nowcast:n} last. Complete: what of the final number is recorded, by "
        "how declines of earlier weeks came in. The band holds the final number with {nowcast_level:.0%} probability, "
        "if declines go on coming in as they did.",
    )
    return [sheet.say(said), series, table]


def _of_nowcast(facts: Mapping[str, object], young: bool) -> str:
    """Give the headline of the estimates: what is said of the week, else of the weeks shown."""
    if facts["maturity"] != "settled" and not facts["nowcast_reason"]:
        return "{completeness:share} of the week's declines recorded, about {nowcast:.0f} to be expected in the end"
    if young:
        return "Young weeks are not finished: open marks are estimates"
    return "Every week shown is settled: nearly all of its declines are recorded"


def endings(sheet: Sheet, everywhere: pd.DataFrame, place: str, extracted_on: date) -> list[Shown]:
    """Show by days since issue how a place's detainers ended, where the source has the days."""
    if not everywhere["lifted_on"].notna().any():
        return [sheet.say(NO_LIFT_DATES)]
    table = in_place(everywhere, place)
    if not table.loc[table["outcome"] != Outcome.NOT_RECORDED, "lifted_on"].notna().any():
        return [sheet.say("No detainer of {place_name} has ended on a known day: no time to a decline can be given.")]
    curves = cumulative_incidence(table, extracted_on)
    read = at_days(curves)
    within = read[read["day"] == WITHIN_DAYS].set_index("outcome")["incidence"]
    sheet.know(
        followed=int(curves["at_risk"].max()) if len(curves) else 0,
        within_days=WITHIN_DAYS,
        declined_within=within.get(Outcome.DECLINED),
    )
    plot = sheet.figure(
        incidence_curves(
            curves,
            headline=sheet.fill("{declined_within:share} recorded as declined within {within_days:n} days of issue")
            if Outcome.DECLINED in within
            else "How detainers ended, by days since issue",
            subtitle=sheet.fill("Cumulative incidence, outcomes as competing ends, {place_name}, {followed:detainers}"),
        ),
        "incidence",
        "Curves of the share of detainers that had ended in each way by days since issue, with 95% intervals; those "
        "without a recorded end count as followed until the extraction. Numbers at some days are in the table "
        "incidence.",
    )
    table = sheet.table(
        read.rename(columns={"low": "incidence_low", "high": "incidence_high"}),
        "incidence",
        "One row per way of ending and number of days since issue: the share of detainers that had ended so by then, "
        "and those who were still followed at its last step.",
    )
    return [plot, table]
