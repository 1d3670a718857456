"""The section by offence group: tables and a map of states by offence, small cells not shown."""

from __future__ import annotations

import pandas as pd

from analysis.load.names import ALL_STATES
from analysis.load.offences import groups
from analysis.show.figures import ranked_shares
from analysis.show.heatmap import heatmap
from analysis.show.listings import MEASURES, state_names
from analysis.show.sheet import Sheet, Shown
from analysis.stats.cohorts import NOT_GIVEN, count_outcomes, with_intervals
from analysis.stats.disclosure import TOTAL, WITHHELD, Suppressed
from analysis.stats.small_cells import OTHER_GROUPS, OTHER_STATES, state_by_offence

IMMIGRATION = "IMMIG"
FEWEST_DOTS = 3
"""States of which both counts are shown, below which no dot plot is drawn."""
OFFENCE_NOT_GIVEN = "Offence not given"
NO_OFFENCE = "This source has no offence: nothing can be said by offence group."
NO_MAP = "For the same reason states cannot be shown by offence group."


def offence_table(sheet: Sheet, rows: pd.DataFrame, place: str, has_offences: bool) -> Shown:
    """Show the week by offence group, or say that the source has no offence.

    All states together are shown by status and outcome. One state is shown as its row of the table of states by
    offence, where small cells are not shown.

    Parameters
    ----------
    sheet
        The report.
    rows
        The week's detainers of all states.
    place
        A state, or ``all``.
    has_offences
        Whether the source records offences.
    """
    if not has_offences:
        return sheet.say(NO_OFFENCE)
    if place != ALL_STATES:
        return state_offences(sheet, rows, place, "by_offence", "this week")
    counts = with_intervals(count_outcomes(rows, ["offence_status", "offence_group"])).reset_index()
    counts["group"] = counts["offence_group"].map(groups()["group"]).fillna(OFFENCE_NOT_GIVEN)
    counts["order"] = counts["offence_group"].map(groups()["order"])
    ordered = counts.sort_values(["offence_status", "order"]).rename(columns={"offence_status": "status"})
    columns = ["status", "group", *MEASURES, "share", "share_low", "share_high"]
    rest = counts.loc[counts["offence_group"] != IMMIGRATION, ["issued", "declined"]].sum().to_frame().T
    rest = with_intervals(rest.astype("int64")).iloc[0]
    sheet.know(
        **{f"without_immigration_{name}": int(rest[name]) for name in ("issued", "declined")},
        **{f"without_immigration_{name}": rest[name] for name in ("share", "share_low", "share_high")},
    )
    return sheet.table(
        ordered[columns],
        "by_offence",
        "One row per offence status and group. Charged is not convicted; the two are never ranked together. "
        "Without immigration offences the share declined is {without_immigration_share:share} (95% interval "
        "{without_immigration_share_low:share} to {without_immigration_share_high:share}, "
        "{without_immigration_declined:n} of {without_immigration_issued:n}).",
    )


def state_offences(sheet: Sheet, rows: pd.DataFrame, place: str, name: str, period: str) -> Shown:
    """Show one state's row of the tables of states by offence, beside the mix of all states.

    Parameters
    ----------
    sheet, place
        The report and the state.
    rows
        Detainers of one period, all states.
    name
        Name of the table.
    period
        The period in words (a template).
    """
    issued, declined = (state_by_offence(rows, column) for column in ("issued", "declined"))
    if issued is None or place not in issued.labels.index:
        return sheet.say(f"Too few detainers were issued in {{place_name}} in {period} to show them by offence group.")
    counts, everywhere = (issued.values.loc[key].drop(TOTAL) for key in (place, TOTAL))  # noqa: PD011
    table = pd.DataFrame({"issued_shown": issued.labels.loc[place].drop(TOTAL)})
    table["part"] = counts / issued.values.loc[place, TOTAL]  # noqa: PD011 (a field of the result, not of a frame)
    table["part_everywhere"] = everywhere / everywhere.sum()
    of_state = declined.labels.loc[place] if declined is not None and place in declined.labels.index else {}
    table["declined_shown"] = [of_state.get(group, WITHHELD) for group in table.index]
    table.loc[table.index == OTHER_GROUPS, "declined_shown"] = WITHHELD  # of the declined, they are other groups
    table = table[table["issued_shown"] != "0"].rename_axis("group").reset_index()
    table["group"] = table["group"].map(_group_name)
    sheet.know(cell_threshold=issued.threshold)
    return sheet.table(
        table,
        name,
        f"One row per offence group with detainers in {{place_name}} in {period}. Counts above zero and below "
        "{cell_threshold:n} are shown as a range or not at all, and so are others where a small one could be worked "
        "out from them.",
    )


def offence_states(sheet: Sheet, rows: pd.DataFrame, offence: str, name: str, period: str) -> list[Shown]:
    """Show one offence group's column of the tables of states by offence, states with shares in a dot plot.

    Parameters
    ----------
    sheet, offence
        The report and the id of the offence group.
    rows
        Detainers of one period, all states and groups.
    name
        Name of the table and of the figure.
    period
        The period in words (a template).
    """
    issued, declined = (state_by_offence(rows, column) for column in ("issued", "declined"))
    if issued is None or offence not in issued.labels.columns:
        return [sheet.say(f"Too few detainers were issued for {{offence_name}} in {period} to show them by state.")]
    table = pd.DataFrame({"issued_shown": issued.labels[offence].drop(TOTAL)})
    given = declined.labels[offence] if declined is not None and offence in declined.labels.columns else {}
    table["declined_shown"] = [given.get(state, WITHHELD) for state in table.index]
    table.loc[table.index == OTHER_STATES, "declined_shown"] = WITHHELD  # of the declined, they are other states
    both = shown_counts(issued, declined, offence)
    table["share"] = both["share"]
    table = table[table["issued_shown"] != "0"]
    table["state_name"] = [_state_name(state) for state in table.index]
    sheet.know(
        cell_threshold=issued.threshold,
        least_total=2 * issued.threshold,
        **{f"{name}_shown": len(both)},
    )
    listed = sheet.table(
        table[["state_name", "issued_shown", "declined_shown", "share"]],
        name,
        f"One row per state with detainers for {{offence_name}} in {period}; states with fewer than {{least_total:n}} "
        "detainers of all offences are added up. Counts above zero and below {cell_threshold:n} are shown as a range "
        "or not at all, and so are others where a small one could be worked out from them.",
    )
    if len(both) < FEWEST_DOTS:
        return [listed]
    plot = sheet.figure(
        ranked_shares(
            both.assign(label=[_state_name(state) for state in both.index]),
            float(both["declined"].sum() / both["issued"].sum()),
            headline="States' shares with few declines say little of their order",
            subtitle=sheet.fill(
                f"Share of detainers for {{offence_name}} recorded as declined, states whose counts are shown, {period}"
            ),
            overall_name="these states",
        ),
        name,
        f"Dot plot of the share of detainers for {{offence_name}} recorded as declined in {period}, for the "
        f"{{{name}_shown:n}} states whose counts are shown, with 95% intervals. The numbers are in the table {name}.",
    )
    return [plot, listed]


def shown_counts(issued: Suppressed, declined: Suppressed | None, offence: str) -> pd.DataFrame:
    """Give the states of which both counts of an offence group are shown, with shares and intervals."""
    if declined is None or offence not in declined.labels.columns:
        return with_intervals(pd.DataFrame({"issued": [], "declined": []}, dtype=float))
    counts = pd.DataFrame({"issued": issued.values[offence], "declined": declined.values[offence]})  # noqa: PD011
    counts = counts.drop([TOTAL, OTHER_STATES, NOT_GIVEN], errors="ignore").dropna()
    return with_intervals(counts[counts["issued"] > 0].astype("int64"))


def state_mix(
    sheet: Sheet, of_week: pd.DataFrame, in_quarter: pd.DataFrame, place: str, has_offences: bool
) -> list[Shown]:
    """Show a state's offence groups, in the quarter and in the week; or say that the source has none."""
    if not has_offences:
        return [sheet.say(NO_OFFENCE)]
    week = state_offences(sheet, of_week, place, "by_offence", "this week")
    if sheet.facts["quarter_name"] is None:
        return [week]
    return [state_offences(sheet, in_quarter, place, "by_offence_quarter", "{quarter_name}"), week]


def offence_places(sheet: Sheet, of_week: pd.DataFrame, in_quarter: pd.DataFrame, offence: str) -> list[Shown]:
    """Show an offence group's states, in the quarter and in the week."""
    week = offence_states(sheet, of_week, offence, "by_state", "this week")
    if sheet.facts["quarter_name"] is None:
        return week
    return [*offence_states(sheet, in_quarter, offence, "by_state_quarter", "{quarter_name}"), *week]


def offence_map(sheet: Sheet, rows: pd.DataFrame, has_offences: bool) -> Shown:
    """Show states by offence group as a heat map of detainers issued, or say why it cannot be shown."""
    if not has_offences:
        return sheet.say(NO_MAP)
    shown = state_by_offence(rows, "issued")
    if shown is None:
        return sheet.say("Too few detainers were issued in this week to show states by offence group.")
    columns = [_group_name(group) for group in shown.labels.columns]
    counts: pd.DataFrame = shown.values  # noqa: PD011 (a field of the result, not of a frame)
    sheet.know(
        cells_hidden=int(shown.hidden.to_numpy().sum()), cell_threshold=shown.threshold, least_total=2 * shown.threshold
    )
    return sheet.figure(
        heatmap(
            counts.set_axis(map(_state_name, counts.index)).set_axis(columns, axis="columns"),
            shown.labels.replace(WITHHELD, "·").set_axis(columns, axis="columns"),
            headline="Detainers of the week by state and offence group",
            subtitle=sheet.fill("Detainers issued, all statuses; hatched: not shown (small counts), {week_name}"),
        ),
        "state_by_offence",
        "Heat map of detainers issued by state and offence group, each count printed; {cells_hidden:n} cells are shown "
        "as ranges or dots, since counts below {cell_threshold:n} are not shown. States and groups with fewer than "
        "{least_total:n} detainers are added up as other states and other groups. The totals of all states are in the "
        "table by_state, those of all groups in the table by_offence.",
    )


def _state_name(state: str) -> str:
    """Name a row of the table of states by offence."""
    named = {TOTAL: "All", OTHER_STATES: "Other states"}
    return named.get(state) or state_names([state])[0]


def _group_name(group: str) -> str:
    """Name a column of the table of states by offence."""
    named = {TOTAL: "All", OTHER_GROUPS: "Other groups"}
    return named.get(group) or str(groups().loc[group, "group"])
