"""Results to the rows that tables and figures show: names in full, labels, the right columns in the right order."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import islice
from string import ascii_uppercase

import pandas as pd

from analysis.load.names import ALL_STATES
from analysis.load.vocabulary import states
from analysis.stats.cohorts import NOT_GIVEN

STATE_NOT_GIVEN = "State not given"
MEASURES = {
    "issued": "Issued",
    "declined": "Recorded as declined",
    "taken": "Taken by ICE",
    "other_ends": "Other ends",
    "not_recorded": "Not recorded",
}
INDICATORS = MEASURES | {
    "persons": "Different persons named by the detainers counted",
    "states": "States and territories with detainers",
}
INDICATOR_ROWS = (
    "One row per count: this week's cohort, last week's, and the mean of the {trailing_weeks} full weeks before. A "
    "dash: that period is partial or not in the source. Outcomes of a younger cohort are fewer by its age, so only "
    "detainers and persons are held against the weeks before: higher or lower where an exact test, which allows for "
    "their spread from week to week, has an adjusted p of at most 0.05 and the difference is five or more. The "
    "interval allows for chance alone: it may leave out the mean where the change is not clear. No direction is named "
    "in an unfinished week, nor across an event, which is then named. Settled means old enough to be compared; ends "
    "may still be missing."
)
"""What one row of the indicators is, and the rule of their flags."""


SERIES_ROWS = (
    "One row per week of issue. Expected: the mean of the seven weeks before; usual up to: how far above that a count "
    "may lie by chance (chart C1 of EARS, the Early Aberration Reporting System of public health, made for short "
    "series). Later weeks had less time for an outcome to be recorded, so a fall at the end may be nothing else."
)
"""What one row of the weekly series is, and where its expected counts come from."""


def place_name(place: str) -> str:
    """Name a state in full, or all of them; the District of Columbia and islands take an article in a sentence."""
    if place == ALL_STATES:
        return "the United States"
    name = str(states().loc[place, "name"])
    return f"the {name}" if name.startswith(("District", "Northern Mariana", "Virgin Islands", "U.S.")) else name


@cache
def _names() -> dict[str, str]:
    """Give the full name of every postal code, and of the blank."""
    return {**dict(states()["name"].items()), NOT_GIVEN: STATE_NOT_GIVEN}


def state_names(postals: Iterable[str]) -> list[str]:
    """Name states in full; the blank one too."""
    return [_names()[postal] for postal in postals]


def labelled(places: pd.DataFrame) -> pd.DataFrame:
    """Label published places: the place with its state, unless it is one."""
    parts = zip(places["place"], places["state"], places["level"], strict=True)
    labels = [place if level in ("state", "region") else f"{place}, {state}" for place, state, level in parts]
    return places.assign(label=labels)


def named_measures(indicators: pd.DataFrame) -> pd.DataFrame:
    """Name the counts of an indicator table."""
    return indicators.assign(measure=indicators["measure"].map(INDICATORS))


def lettered(span: pd.DataFrame) -> pd.DataFrame:
    """Give the events the letters that the series' figure marks them with: A to Z, then AA, AB and so on."""
    letters = (first + second for first in ("", *ascii_uppercase) for second in ascii_uppercase)
    return span.assign(letter=list(islice(letters, len(span))))


def states_table(by_state: pd.DataFrame, comparisons: pd.DataFrame) -> pd.DataFrame:
    """Put every state's cohort beside what may be said of its change; most detainers first, the blank state last."""
    findings = {
        "against_last_week": comparisons.loc["last week", "finding"],
        "against_trailing": comparisons.loc["trailing weeks", "finding"],
    }
    table = by_state.assign(**findings, state_name=state_names(by_state.index)).rename_axis("state").reset_index()
    table["blank"] = table["state"] == NOT_GIVEN
    ordered = table.sort_values(["blank", "issued", "state_name"], ascending=[True, False, True])
    columns = ["state_name", "state", *MEASURES, "declined_low", "declined_high", "share", "share_low", "share_high"]
    return ordered[[*columns, *findings]].reset_index(drop=True)


def tests_table(comparisons: pd.DataFrame) -> pd.DataFrame:
    """List the comparisons that were tested, the smallest p-value first."""
    tested = comparisons[comparisons["p"].notna()].reset_index()
    tested["place"] = ["All states" if p == ALL_STATES else state_names([p])[0] for p in tested["place"]]
    return tested.sort_values(["p", "against", "place"]).drop(columns="reason").reset_index(drop=True)


def bound_tiles(bounds: pd.DataFrame, tiles: pd.DataFrame) -> pd.DataFrame:
    """Give each state's tile its least known number of declines; a bound is marked, an unknown state is absent."""
    known = bounds.reindex(tiles.index)
    labels = [
        f"{low:,}" if bound == "exact" else f"≥{low:,}"
        for low, bound in zip(known["known_low"], known["bound"], strict=True)
    ]
    return tiles.assign(count=known["known_low"], label=labels, present=known["bound"] != "not known")


def share_tiles(by_state: pd.DataFrame, estimates: pd.DataFrame, tiles: pd.DataFrame, fewest: int) -> pd.DataFrame:
    """Give each state's tile its share drawn towards all; one on fewer declines than the fewest is unstable.

    The share is rounded as it is printed, so that tiles with the same number have the same colour.
    """
    counts = by_state.reindex(tiles.index, fill_value=0)
    none = counts["declined"] == 0
    shares = estimates["shrunken"].reindex(tiles.index).mask(none, 0.0)
    percent = shares.map("{:.0%}".format)
    little = ~none & (percent == "0%")
    return tiles.assign(
        count=(percent.str.rstrip("%").astype(float) / 100).mask(little, shares),
        label=percent.mask(little, "<1%").mask(none, "none"),
        present=counts["issued"] > 0,
        unstable=~none & (counts["declined"] < fewest),
    )


def estimates_table(estimates: pd.DataFrame, by_state: pd.DataFrame, facilities: pd.DataFrame | None) -> pd.DataFrame:
    """List the states with detainers: share, share drawn towards all, possible ranks, likeness of facilities."""
    table = estimates[estimates["a"].notna()].rename(columns={"low": "shrunken_low", "high": "shrunken_high"})
    table = table.join(by_state[["share_low", "share_high"]])
    table["ranks"] = [
        f"{low:.0f} to {high:.0f}" for low, high in zip(table["rank_low"], table["rank_high"], strict=True)
    ]
    columns = ["share", "share_low", "share_high", "shrunken", "shrunken_low", "shrunken_high", "own_weight"]
    columns += ["ranks", "among_top"]
    if facilities is not None:
        table = table.join(facilities[["facilities", "design_effect", "cluster_low", "cluster_high"]])
        columns += ["facilities", "design_effect", "clustered", "cluster_low", "cluster_high"]
        table["clustered"] = table["share"].where(table["design_effect"].notna())
    table = table.sort_values("shrunken", ascending=False).rename_axis("state").reset_index()
    return table.assign(state_name=state_names(table["state"]))[["state_name", "state", *columns]]


def with_labels(by_state: pd.DataFrame) -> pd.DataFrame:
    """Label states with their full names."""
    return by_state.assign(label=state_names(by_state.index))
