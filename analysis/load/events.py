"""The register of known events: what must be said beside a figure before anything is called a change."""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.load.files import crosswalk


def events(first: date | None = None, last: date | None = None, state: str = "all") -> pd.DataFrame:
    """Give the events between two days (both included) that concern a state.

    Parameters
    ----------
    first, last
        Days; None = no bound.
    state
        Postal code: keeps that state's events and the national ones. ``all`` keeps every event.

    Returns
    -------
    pandas.DataFrame
        One row per event, by date: index ``event_id``; ``date``, ``last_date`` (blank = one day), ``kind``, ``state``
        (blank = national), ``agency``, ``headline``, ``detail``, ``blocks_comparison`` (True = no direction may be
        named across it) and ``source``.
    """
    table = crosswalk("events", "event_id").copy()
    table["date"] = pd.to_datetime(table["date"])
    table["last_date"] = pd.to_datetime(table["last_date"].replace("", None)).fillna(table["date"])
    table["blocks_comparison"] = table["blocks_comparison"] == "yes"
    kept = pd.Series(True, index=table.index)
    if first is not None:
        kept &= table["last_date"] >= pd.Timestamp(first)
    if last is not None:
        kept &= table["date"] <= pd.Timestamp(last)
    if state != "all":
        kept &= table["state"].isin(["", state])
    return table[kept].sort_values("date")


def blocking_events() -> pd.DataFrame:
    """Give the events across which no direction of change may be named (:func:`events`)."""
    table = events()
    return table[table["blocks_comparison"]]
