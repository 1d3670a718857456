"""States' shares of declines: drawn towards all states on the map, in order with intervals, ranks as probabilities.

A section is what ``display(*section)`` shows.
"""

from __future__ import annotations

import pandas as pd

from analysis.load.vocabulary import states
from analysis.show.figures import UNSTABLE_BELOW, ranked_shares
from analysis.show.listings import estimates_table, share_tiles, with_labels
from analysis.show.sheet import Sheet, Shown
from analysis.show.tiles import SHARE_CLASSES, tile_map
from analysis.stats.context import estimated_shares, facility_shares

NO_FACILITIES = (
    "The source names no facility: how alike the detainers of one facility are cannot be measured, so the intervals "
    "take every detainer for itself and are too narrow."
)


DESIGN_EFFECT = (
    "Design effect: by how much the likeness of a facility's detainers multiplies the variance of the share (one: not "
    "at all), so that it rests on fewer than it seems to."
)


def shares_of_states(sheet: Sheet, by_state: pd.DataFrame, rows: pd.DataFrame, place: str) -> list[Shown]:
    """Show the states' shares: map, dot plot, and a table of what may be said of their order.

    Parameters
    ----------
    sheet
        The report.
    by_state
        Counts of the week by state, with intervals.
    rows
        The week's detainers of all states, for the likeness of facilities.
    place
        A state to mark, or ``all``.
    """
    estimates = estimated_shares(by_state)
    given = estimates["a"].notna()
    if not given.any():
        sheet.know(no_estimates=estimates.sort_values("share")["reason"].iloc[0])  # those without a share are last
        return [sheet.say("No share of a state is weighed against those of the others: {no_estimates}.")]
    sheet.know(
        unstable_below=UNSTABLE_BELOW,
        states_stable=(by_state.loc[given[given].index, "declined"] >= UNSTABLE_BELOW).sum(),
        shrunken_low=estimates["shrunken"].min(),
        shrunken_high=estimates["shrunken"].max(),
        own_weight=estimates["own_weight"].median(),
    )
    tiles = share_tiles(by_state, estimates, states(), UNSTABLE_BELOW)
    on_map = sheet.figure(
        tile_map(
            tiles,
            headline=sheet.fill(
                "{states_with_declines:n} of {states_with_detainers:n} states and territories have a decline"
            ),
            subtitle=sheet.fill(
                "Estimated share recorded as declined: the fewer detainers a state has, the nearer it is put to the "
                "share of all states, {week_name}; lined: on fewer than {unstable_below:n} declines"
            ),
            marked=place,
            classes=SHARE_CLASSES,
        ),
        "map",
        "Tile map of the states with the share of the week's detainers recorded as declined, drawn towards that of all "
        "states: {shrunken_low:share} to {shrunken_high:share}. {states_with_declines:n} of {states_with_detainers:n} "
        "states and territories have at least one decline, {states_stable:n} have {unstable_below:n} or more. The "
        "numbers are in the table shares.",
    )
    facilities = facility_shares(rows)
    stable = by_state["declined"] >= UNSTABLE_BELOW
    of_states = None if facilities is None else facilities.where(stable.reindex(facilities.index, fill_value=False))
    of_states = None if of_states is None or of_states["design_effect"].isna().all() else of_states
    ranked = with_labels(by_state[by_state["issued"] > 0]).join(estimates[["shrunken"]])
    plot = sheet.figure(
        ranked_shares(
            ranked,
            float(sheet.facts["nation_share"] or 0),
            headline="Most states' shares rest on few declines: their order says little",
            subtitle=sheet.fill(
                "Share of the week's detainers recorded as declined, states with detainers, {week_name}"
            ),
            overall_name="all states",
            marked=place,
        ),
        "shares",
        "Dot plot of the share of the week's detainers recorded as declined, by state, with 95% intervals and, as a "
        "second mark, the share drawn towards all; all states together {nation_declined:n} of {nation_issued:n}. The "
        "numbers are in the table shares.",
    )
    table = sheet.table(
        estimates_table(estimates, by_state, of_states),
        "shares",
        "One row per state with detainers: its share, and that share drawn towards all states' (beta-binomial). Own "
        "weight: how much of the drawn share is the state's own; the fewer its detainers, the less (half of the states "
        "keep less than {own_weight:share}). A rank is given as the range that it may have and no further."
        + (f" {DESIGN_EFFECT}" if of_states is not None else ""),
    )
    alike = sheet.say(
        "The states' shares of this week differ no more than by chance: each is drawn almost wholly to that of all."
        if estimates.attrs["no_spread"]
        else ""
    )
    elsewhere = sheet.say(
        "Of the {nation_declined:n} declines, {declined_state_not_given:n} name no state: they are in no state's tile "
        "or row."
        if sheet.facts["declined_state_not_given"]
        else ""
    )
    return [elsewhere, on_map, alike, plot, table, facility_interval(sheet, facilities, place)]


def facility_interval(sheet: Sheet, facilities: pd.DataFrame | None, place: str) -> Shown:
    """Say beside the plain interval the one that allows for the likeness of a facility's detainers, or why not."""
    if not sheet.facts["issued"]:
        return sheet.say("No detainer in {place_name} in this week, so no interval that allows for facilities.")
    if facilities is None:
        return sheet.say(NO_FACILITIES)
    own = facilities.loc[place] if place in facilities.index else None
    if own is None or own["reason"]:
        sheet.know(facility_reason="no detainers" if own is None else own["reason"])
        return sheet.say("No interval that allows for facilities in {place_name}: {facility_reason}.")
    sheet.know(
        facilities=own["facilities"],
        design_effect=own["design_effect"],
        cluster_low=own["cluster_low"],
        cluster_high=own["cluster_high"],
    )
    return sheet.say(
        "Detainers of one facility are alike. Allowing for that, the interval of the share in {place_name} is "
        "{cluster_low:share} to {cluster_high:share} instead of {share_low:share} to {share_high:share} "
        "({facilities:n} facilities; design effect {design_effect:.1f}, by which their likeness multiplies the "
        "variance)."
    )
