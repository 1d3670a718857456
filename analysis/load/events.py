"""The register of known events: what must be said beside a figure before anything is called a change."""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.load.files import crosswalk, data_file, stop_at
from analysis.load.vocabulary import states


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
        (blank = national), ``agency``, ``headline``, ``detail``, ``blocks_comparison`` (True = it changes what is
        counted, so no direction may be named across it) and ``source``.
    """
    table = _register()
    kept = pd.Series(True, index=table.index)
    if first is not None:
        kept &= table["last_date"] >= pd.Timestamp(first)
    if last is not None:
        kept &= table["date"] <= pd.Timestamp(last)
    if state != "all":
        kept &= table["state"].isin(["", state])
    return table[kept].sort_values("date")


def _register() -> pd.DataFrame:
    """Read every event, its days and words checked."""
    raw = crosswalk("events", "event_id")
    path = data_file("reference/events.csv")
    days, last_days = (pd.to_datetime(raw[name], format="%Y-%m-%d", errors="coerce") for name in ("date", "last_date"))
    one_day = raw["last_date"] == ""
    for column, bad, expected in (
        ("date", days.isna(), "a day as YYYY-MM-DD"),
        ("last_date", ~one_day & last_days.isna(), "a day as YYYY-MM-DD, or blank"),
        ("last_date", last_days < days, "no day before the event's first"),
        ("state", ~raw["state"].isin(["", *states().index]), "a postal code of states.csv, or blank"),
        ("blocks_comparison", ~raw["blocks_comparison"].isin(["yes", "no"]), "yes or no"),
    ):
        stop_at(raw.reset_index(), bad.reset_index(drop=True), path, column, expected)
    return raw.assign(date=days, last_date=last_days.fillna(days), blocks_comparison=raw["blocks_comparison"] == "yes")


def blocking_events() -> pd.DataFrame:
    """Give the events across which no direction of change may be named (:func:`events`)."""
    table = events()
    return table[table["blocks_comparison"]]
