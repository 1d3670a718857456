"""One place that holds over half of a week's declines, and what remains of the week without it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from analysis.load.vocabulary import states
from analysis.stats.changes import MINIMUM_DIFFERENCE, adjust_for_many, compare, direction
from analysis.stats.cohorts import NOT_GIVEN, blocked_by, count_outcomes
from analysis.stats.disclosure import THRESHOLD
from analysis.stats.small_cells import is_shown, state_by_offence
from analysis.stats.weeks import WEEK, as_timestamps, week_of

NOTHING_APART: Mapping[str, object] = {"apart_name": None}


def over_half(declined: pd.Series) -> str | None:
    """Name the place with over half of the declines; None where there is none, or fewer than five declines in all."""
    if declined.sum() < MINIMUM_DIFFERENCE or 2 * declined.max() <= declined.sum():
        return None
    return str(declined.idxmax())


def apart_facts(
    rows: pd.DataFrame, week: date, comparisons: pd.DataFrame, blocking: pd.DataFrame, place: str
) -> Mapping[str, object]:
    """Say which agency or state holds over half of the week's declines, or of the week's before, and take it out.

    An agency is named before its state, and only where neither it nor the others together have a small count.

    Parameters
    ----------
    rows
        Detainers of the place, those of this week and of the week before among them; without the column ``agency``,
        states alone are looked at.
    week
        The week.
    comparisons
        The week's tests (:func:`analysis.stats.cohorts.compare_weeks`); the test of the rest is adjusted together with
        them. Where the place is not compared with the week before, neither is the rest.
    blocking
        Events across which no direction may be named.
    place
        What the report is about, as the tests name it: a state, ``all`` or an offence group.

    Returns
    -------
    mapping
        ``apart_name`` (None = no place holds over half; then there is nothing else), ``apart_is`` (``agency`` or
        ``place``), ``apart_week`` (``this`` or ``before``), ``apart_declined`` of ``apart_total`` in that week; without
        it ``elsewhere_declined`` and ``elsewhere_issued`` and, where compared, ``elsewhere_declined_before``,
        ``elsewhere_issued_before``, the fields of the test as ``elsewhere_…`` and ``elsewhere_finding``.
    """
    compared = not comparisons.loc[("last week", place), "reason"]
    two = rows[week_of(rows["issued_on"]).isin(as_timestamps([week - WEEK, week] if compared else [week]))]
    in_full = two["state"].astype("str").map(states()["name"])
    agencies = {"agency": two["agency"].astype("str") + ", " + in_full} if "agency" in two else {}
    kinds = agencies if place in states().index else {**agencies, "place": in_full}
    for kind, names in kinds.items():
        if names.isna().all():
            continue
        counts = _by_name(two, names, week)
        for when, column in (("this", "declined"), ("before", "declined_before")):
            name = over_half(counts[column])
            if name is None or name == NOT_GIVEN:
                continue
            rest = counts.drop(index=name).sum().to_frame("rest").T
            shown = pd.concat([counts.loc[name, ["declined", "declined_before"]], rest.filter(like="declined").iloc[0]])
            if kind == "agency" and shown.between(1, THRESHOLD - 1).any():
                continue
            found = {"name": name, "is": kind, "week": when}
            found |= {"declined": counts.loc[name, column], "total": counts[column].sum()}
            others = blocking[blocking["state"].map(states()["name"]) != name]
            elsewhere = _compared(rest, week, comparisons, others, place) if compared else rest.iloc[0][:2].to_dict()
            return {f"apart_{key}": value for key, value in found.items()} | {
                f"elsewhere_{key}": value for key, value in elsewhere.items()
            }
    return NOTHING_APART


def apart_of_offence(
    table: pd.DataFrame, week: date, comparisons: pd.DataFrame, blocking: pd.DataFrame, group: str
) -> Mapping[str, object]:
    """Say which state holds over half of an offence group's declines, where the tables show that state's counts.

    Parameters
    ----------
    table
        Detainers of all states and offence groups, without their agencies.
    week, comparisons, blocking
        As in :func:`apart_facts`.
    group
        The offence group.
    """
    found = apart_facts(table[table["offence_group"] == group], week, comparisons, blocking, group)
    named = states().index[states()["name"] == found["apart_name"]]
    for day in (week, week - WEEK) if len(named) else ():
        rows = table[week_of(table["issued_on"]) == pd.Timestamp(day)]
        if not all(is_shown(state_by_offence(rows, what), named[0], group) for what in ("issued", "declined")):
            return NOTHING_APART
    return found


def _by_name(rows: pd.DataFrame, names: pd.Series, week: date) -> pd.DataFrame:
    """Count what was declined and issued by name, in this week and in the week before."""
    counts = count_outcomes(rows.assign(name=names), ["name", "week"])[["declined", "issued"]]
    now, before = (
        counts[counts.index.get_level_values("week") == pd.Timestamp(day)].droplevel("week")
        for day in (week, week - WEEK)
    )
    return now.join(before.add_suffix("_before"), how="outer").fillna(0).astype("int64")


def _compared(
    rest: pd.DataFrame, week: date, comparisons: pd.DataFrame, blocking: pd.DataFrame, place: str
) -> dict[str, object]:
    """Compare the rest of a week with the rest of the week before."""
    now = rest[["declined", "issued"]]
    before = rest[["declined_before", "issued_before"]].set_axis(now.columns, axis="columns")
    test = compare(now, before).iloc[0]
    adjusted = adjust_for_many([*comparisons["p"], test["p"]])[-1]
    would_be = before["declined"] / before["issued"] * now["issued"]
    (event,) = blocked_by(blocking, week - WEEK, week, [place])
    said = direction(now["declined"].iloc[0], would_be.iloc[0], test["ratio"], adjusted, event) or test["reason"]
    return {**rest.iloc[0], **test.drop("reason"), "p_adjusted": adjusted, "finding": said}
