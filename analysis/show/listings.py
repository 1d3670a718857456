"""Results to the rows that tables and figures show: names in full, labels, the right columns in the right order."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import islice
from string import ascii_uppercase

import pandas as pd

from analysis.load.reference import states
from analysis.stats.counts import NOT_GIVEN
from analysis.stats.incidence import READ_AT

STATE_NOT_GIVEN = "State not given"


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


def lettered(span: pd.DataFrame) -> pd.DataFrame:
    """Give the events the letters that the series' figure marks them with: A to Z, then AA, AB and so on."""
    letters = (first + second for first in ("", *ascii_uppercase) for second in ascii_uppercase)
    return span.assign(letter=list(islice(letters, len(span))))


def bound_tiles(bounds: pd.DataFrame, tiles: pd.DataFrame) -> pd.DataFrame:
    """Give each state's tile its least known number of declines; a bound is marked, an unknown state is absent."""
    known = bounds.reindex(tiles.index)
    labels = [
        f"{low:,}" if bound == "exact" else f"≥{low:,}"
        for low, bound in zip(known["known_low"], known["bound"], strict=True)
    ]
    return tiles.assign(count=known["known_low"], label=labels, present=known["bound"] != "not known")


def count_tiles(by_state: pd.DataFrame, tiles: pd.DataFrame) -> pd.DataFrame:
    """Give each state's tile its number of declines; one without a detainer is absent."""
    counts = by_state.reindex(tiles.index, fill_value=0)
    return tiles.assign(
        count=counts["declined"], label=counts["declined"].map("{:,}".format), present=counts["issued"] > 0
    )


def at_days(curves: pd.DataFrame) -> pd.DataFrame:
    """Read curves of incidence off at some days: a row per outcome that occurs and day, up to the longest followed."""
    steps = curves[curves.groupby("outcome")["incidence"].transform("max") > 0].drop(columns="se")
    rows = [
        curve[curve["day"] <= day].tail(1).assign(day=day)
        for _, curve in steps.groupby("outcome", sort=False)
        for day in READ_AT
        if day <= curve["day"].max()
    ]
    return pd.concat(rows) if rows else steps
