"""Checks of one week's data: where one fails, the week's counts are shown and nothing is found from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pandas as pd

from analysis.periods import WEEK, Calendar, as_timestamps, last_day
from analysis.stats.cohorts import NOT_GIVEN, TRAILING_WEEKS

LEAST_THERE = 0.6
"""Part of what is usual: weeks with a holiday have 67% of the detainers, a published last week that is cut has 55%."""
LEAST_DETAINERS = 20
"""Detainers without which nothing fails: a share of fewer, and their number, is mostly chance."""
GATES = ("detainers", "ends", "states")
"""What must be there: detainers, recorded ends of them, their states; each a fact of all states together."""


def gate_facts(by_week: pd.DataFrame, week: date, calendar: Calendar) -> dict[str, object]:
    """Hold what is there of a week against the weeks before it.

    A gate fails where less than :data:`LEAST_THERE` of what is usual (the median of the eight full weeks before) is
    there; a share of fewer than :data:`LEAST_DETAINERS` cannot fail, nor their number where fewer are usual. A week
    that is partial or not settled is held against nothing, since it lacks ends anyhow.

    Parameters
    ----------
    by_week
        Counts by ``week`` and place, as from :func:`analysis.stats.cohorts.count_outcomes`, of all places.
    week, calendar
        The week, and the weeks that the source covers.

    Returns
    -------
    dict
        ``gate``: the first of :data:`GATES` that fails, or None; then ``gate_found`` and ``gate_usual``: detainers, or
        the share of them that has an end or a state.
    """
    earlier = calendar.full_weeks_before(week, TRAILING_WEEKS)
    if not calendar.is_settled(week) or len(earlier) < TRAILING_WEEKS:
        return {"gate": None}
    weeks = as_timestamps([*earlier, week])
    sums = by_week[["issued", "not_recorded"]].groupby(level=0).sum().reindex(weeks, fill_value=0)
    there = pd.DataFrame({"detainers": sums["issued"], "ends": 1 - sums["not_recorded"] / sums["issued"]})
    if by_week.index.names[1] == "state":
        given = by_week["issued"][by_week.index.get_level_values(1) != NOT_GIVEN].groupby(level=0).sum()
        there["states"] = given.reindex(weeks, fill_value=0) / sums["issued"]
    found, usual = there.iloc[-1], there.iloc[:-1].median()
    enough = {"detainers": usual["detainers"], "ends": found["detainers"], "states": found["detainers"]}
    failed = [
        name
        for name in GATES
        if name in there and enough[name] >= LEAST_DETAINERS and found[name] < LEAST_THERE * usual[name]
    ]
    return (
        {"gate": failed[0], "gate_found": found[failed[0]], "gate_usual": usual[failed[0]]}
        if failed
        else {"gate": None}
    )


def gated(calendar: Calendar, week: date, facts: Mapping[str, object]) -> Calendar:
    """Let a week that fails a gate count as unfinished, so that it is held against nothing."""
    return replace(calendar, measured={**calendar.measured, week: "provisional"}) if facts["gate"] else calendar


def blocking_also(blocking: pd.DataFrame, by_week: pd.DataFrame, week: date, calendar: Calendar) -> pd.DataFrame:
    """Let a failed gate of the week before block directions as an event does: what was lost then is no change now.

    Parameters
    ----------
    blocking
        Events across which no direction may be named (:func:`analysis.load.events.blocking_events`).
    by_week, week, calendar
        As in :func:`gate_facts`.
    """
    before = week - WEEK
    if calendar.is_partial(before) or not gate_facts(by_week, before, calendar)["gate"]:
        return blocking
    failed = {"date": pd.Timestamp(before), "last_date": pd.Timestamp(last_day(before)), "state": "", "agency": ""}
    row = pd.DataFrame([failed | {"headline": "the week before fails a check of its data"}])
    return pd.concat([blocking, row.astype({name: blocking[name].dtype for name in row})])
