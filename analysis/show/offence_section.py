"""The section by offence group: tables and a map of states by offence, small cells not shown."""

from __future__ import annotations

import pandas as pd

from analysis.load.offences import groups
from analysis.load.vocabulary import ALL_STATES
from analysis.show.figures import heatmap
from analysis.show.listings import MEASURES, state_names
from analysis.show.sheet import Sheet, Shown
from analysis.stats.cohorts import count_outcomes, state_by_offence, with_intervals
from analysis.stats.disclosure import TOTAL, WITHHELD

NO_OFFENCE = "This source has no offence: nothing can be said by offence group."


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
        return _state_offences(sheet, rows, place)
    counts = with_intervals(count_outcomes(rows, ["offence_status", "offence_group"])).reset_index()
    counts["group"] = counts["offence_group"].map(groups()["group"])
    counts["order"] = counts["offence_group"].map(groups()["order"])
    ordered = counts.sort_values(["offence_status", "order"]).rename(columns={"offence_status": "status"})
    columns = ["status", "group", *MEASURES, "share", "share_low", "share_high"]
    return sheet.table(
        ordered[columns],
        "by_offence",
        "One row per offence status and group. Charged is not convicted; the two are never ranked together.",
    )


def _state_offences(sheet: Sheet, rows: pd.DataFrame, place: str) -> Shown:
    """Show one state's row of the tables of states by offence."""
    shown = {column: state_by_offence(rows, column).labels for column in ("issued", "declined")}
    if place not in shown["issued"].index:
        return sheet.say("The source has no detainer issued in {place_name} in this week, so none by offence.")
    table = pd.DataFrame({f"{column}_shown": labels.loc[place] for column, labels in shown.items()})
    table = table[table["issued_shown"] != "0"].rename_axis("group").reset_index()
    table["group"] = table["group"].map(groups()["group"]).fillna("All")
    return sheet.table(
        table,
        "by_offence",
        "One row per offence group with detainers in {place_name}. Counts of 1 to 4 are shown as a range, others where "
        "a small one could be worked out from them.",
    )


def offence_map(sheet: Sheet, rows: pd.DataFrame, has_offences: bool) -> Shown:
    """Show states by offence group as a heat map of detainers issued, or say that the source has no offence."""
    if not has_offences:
        return sheet.say(NO_OFFENCE)
    shown = state_by_offence(rows, "issued")
    names = {group: str(groups().loc[group, "group"]) if group in groups().index else "All" for group in shown.labels}
    index = ["All" if state == TOTAL else state_names(pd.Index([state]))[0] for state in shown.labels.index]
    counts: pd.DataFrame = shown.values  # noqa: PD011 (a field of the result, not of a frame)
    sheet.know(cells_hidden=int(shown.hidden.to_numpy().sum()), cell_threshold=shown.threshold)
    return sheet.figure(
        heatmap(
            counts.set_axis(index).rename(columns=names),
            shown.labels.replace(WITHHELD, "·").set_axis(index).rename(columns=names),
            headline="Detainers of the week by state and offence group",
            subtitle=sheet.fill("Detainers issued, all statuses; hatched: not shown (small counts), {week_name}"),
        ),
        "state_by_offence",
        "Heat map of detainers issued by state and offence group, each count printed; {cells_hidden:n} cells are shown "
        "as ranges, since counts below {cell_threshold:n} are not shown. States' totals are in the table by_state.",
    )
