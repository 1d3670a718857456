"""The sections of a profile: the last full quarter's agencies, and states like the one looked at.

A quarter is long enough that something can be shown, and quarters do not overlap, so that the reports of successive
weeks cannot be subtracted from each other. A section is what ``display(*section)`` shows.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.load.names import OTHER_AGENCIES
from analysis.show.context_figures import funnel_plot
from analysis.show.listings import state_names
from analysis.show.offence_section import shown_counts
from analysis.show.sheet import Sheet, Shown
from analysis.stats.context import LEAST_ALIKE, direct_shares, like_states, state_funnel, strata
from analysis.stats.disclosure import THRESHOLD, TOTAL
from analysis.stats.funnels import beyond_chance
from analysis.stats.small_cells import agency_outcomes, state_by_offence

NO_QUARTER = "The source covers no full calendar quarter that was over by this week: {} are not shown."
NO_AGENCY = "The source names no agency: nothing can be said of single agencies."


def name_quarter(quarter: tuple[date, date] | None) -> str | None:
    """Write a quarter as in "the quarter from 1 October to 31 December 2025"; None where there is none."""
    if quarter is None:
        return None
    first, last = quarter
    return f"the quarter from {first.day} {first:%B} to {last.day} {last:%B} {last.year}"


def agencies(sheet: Sheet, rows: pd.DataFrame, place: str) -> Shown:
    """Show the quarter's agencies of a state, small counts not shown.

    Parameters
    ----------
    sheet, place
        The report and the state.
    rows
        The quarter's detainers, all states.
    """
    if sheet.facts["quarter_name"] is None:
        return sheet.say(NO_QUARTER.format("agencies"))
    return _agency_table(sheet, {place: rows[rows["state"] == place]}, rows)


def agencies_of_offence(sheet: Sheet, rows: pd.DataFrame, offence: str) -> Shown:
    """Show the quarter's agencies for an offence group, of the states whose own counts are shown.

    Parameters
    ----------
    sheet, offence
        The report and the id of the offence group.
    rows
        The quarter's detainers, all states and groups.
    """
    if sheet.facts["quarter_name"] is None:
        return sheet.say(NO_QUARTER.format("agencies"))
    issued, declined = (state_by_offence(rows, column) for column in ("issued", "declined"))
    known = [] if issued is None else shown_counts(issued, declined, offence).index
    own = rows[rows["offence_group"] == offence]
    return _agency_table(sheet, {state: own[own["state"] == state] for state in known}, rows)


def _agency_table(sheet: Sheet, by_state: dict[str, pd.DataFrame], everywhere: pd.DataFrame) -> Shown:
    """Show the agencies of some states, each state's small counts hidden; all rows tell if any agency is named."""
    parts = []
    for state, rows in by_state.items():
        found = agency_outcomes(rows)
        if found is None:
            continue
        labels = found.labels.drop(index=TOTAL).rename_axis("agency").reset_index()
        labels["state_name"] = state_names([state])[0]
        labels["size"] = found.values[TOTAL].drop(TOTAL).to_numpy()  # noqa: PD011 (a field of the result)
        parts.append(labels)
    if not parts:
        named = everywhere.empty or everywhere["agency"].notna().any()
        return sheet.say(
            "Over {quarter_name} no agency of {place_name} has detainers enough to be shown." if named else NO_AGENCY
        )
    table = pd.concat(parts)
    table["last"] = table["agency"] == OTHER_AGENCIES
    table = table.sort_values(["last", "size"], ascending=[True, False], kind="stable")
    sheet.know(
        agencies_shown=(~table["last"]).sum(),
        least_agency=2 * THRESHOLD,
        cell_threshold=THRESHOLD,
    )
    columns = ["agency", *(["state_name"] if len(by_state) > 1 else []), "issued_shown", "declined_shown"]
    return sheet.table(
        table.rename(columns={TOTAL: "issued_shown", "declined": "declined_shown"})[columns],
        "agencies",
        "One row per agency with {least_agency:n} detainers or more in {quarter_name}, the others of a state added up. "
        "Counts above zero and below {cell_threshold:n} are shown as a range or not at all, and so are others where a "
        "small one could be worked out from them.",
    )


def alike(sheet: Sheet, rows: pd.DataFrame, place: str, has_offences: bool) -> list[Shown]:
    """Compare a state with the states most like it over the quarter: recorded over expected, funnel, same mix.

    Parameters
    ----------
    sheet, place
        The report and the state.
    rows
        The quarter's detainers, all states.
    has_offences
        Whether the source records offences.
    """
    sheet.know(least_alike=LEAST_ALIKE, alike_by=strata(has_offences).replace("_", " "))
    if sheet.facts["quarter_name"] is None:
        return [sheet.say(NO_QUARTER.format("like states"))]
    distance = like_states(rows, place, has_offences)
    if distance.empty:
        few = rows.loc[rows["state"] == place, "detainers"].sum() < LEAST_ALIKE
        return [
            sheet.say(
                "{place_name} has fewer than {least_alike:n} detainers in {quarter_name}: no like states."
                if few
                else "There is no other state to compare {place_name} with: none has {least_alike:n} detainers or more "
                "in {quarter_name}."
            )
        ]
    placed, direct = state_funnel(rows, has_offences), direct_shares(rows)
    own = placed.loc[place]
    sheet.know(
        like_states=", ".join(state_names(distance.index)),
        quarter_observed=own["observed"],
        quarter_expected=own["expected"],
        quarter_ratio=own["ratio"],
        quarter_ratio_low=own["low"],
        quarter_ratio_high=own["high"],
        quarter_chance="outside" if beyond_chance(own["observed"], own["expected"]) else "within",
        quarter_spread=own["position"] or own["reason"],
    )
    said = sheet.say(
        "In {quarter_name} ICE issued detainers of which it has recorded {quarter_observed:.0f} in {place_name} as "
        "declined; detainers alike by {alike_by} in all states together would give {quarter_expected:.1f} (ratio "
        "{quarter_ratio:ratio}, 95% interval {quarter_ratio_low:ratio} to {quarter_ratio_high:ratio}). That is "
        "{quarter_chance} the 99.8% limits of chance alone, and, against those with the spread between states added, "
        "**{quarter_spread}**.",
        "Most like it, by the number of detainers and their mix by {alike_by}: {like_states}. A distance of one is "
        "twice the number with the same mix, or the same number with nothing in common.",
    )
    plot = sheet.figure(
        funnel_plot(
            placed,
            headline=sheet.fill("{quarter_observed:.0f} recorded, {quarter_expected:.1f} expected"),
            subtitle=sheet.fill(
                "Declines recorded over those expected of detainers alike by {alike_by}, {quarter_name}; named: the "
                "state, ringed, and those most like it"
            ),
            named=[place, *distance.index],
        ),
        "alike",
        "Funnel plot of states over {quarter_name}: declines recorded over expected, against expected, with 95% and "
        "99.8% limits. {place_name}: ratio {quarter_ratio:ratio}, {quarter_spread}. The numbers are in the table "
        "alike.",
    )
    table = placed.join(
        direct[["standardised", "low", "high"]].rename(columns={"low": "standardised_low", "high": "standardised_high"})
    )
    table = table.reindex([place, *distance.index]).assign(
        distance=distance.reindex([place, *distance.index]).fillna(0)
    )
    table = table.rename_axis("state").reset_index().rename(columns={"ratio": "over_expected"})
    table["state_name"] = state_names(table["state"])
    columns = ["state_name", "distance", "issued", "observed", "expected", "over_expected", "low", "high", "position"]
    if table["standardised"].notna().any():
        columns += ["standardised", "standardised_low", "standardised_high"]
    listed = sheet.table(
        table[columns],
        "alike",
        "One row per state, the nearest first; states with fewer than {least_alike:n} detainers in {quarter_name} are "
        "left out. A ratio may be held against one, and two ratios, as mixes differ, not strictly against each other.",
    )
    return [said, plot, listed]
