"""One place that holds over half of a week's declines, and what remains of the week without it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from analysis.load.table import Outcome
from analysis.load.vocabulary import states
from analysis.periods import WEEK, last_day
from analysis.stats.changes import MINIMUM_DIFFERENCE, adjust_for_many, compare, direction
from analysis.stats.cohorts import blocked_by
from analysis.stats.disclosure import THRESHOLD
from analysis.stats.small_cells import is_shown, state_by_offence

NOTHING_APART: Mapping[str, object] = {"apart_name": None}


def over_half(declined: pd.Series, total: int) -> str | None:
    """Name the place with over half of a total of declines; None where there is none, or the total is below five."""
    if declined.empty or total < MINIMUM_DIFFERENCE or 2 * declined.max() <= total:
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
    weeks = {"this": _of_week(rows, week)} | ({"before": _of_week(rows, week - WEEK)} if compared else {})
    kinds = [*(["agency"] if "agency" in rows else []), *([] if place in states().index else ["place"])]
    for kind in kinds:
        for when, of_week in weeks.items():
            declines = of_week[of_week["outcome"] == Outcome.DECLINED]
            total = int(declines["detainers"].sum())
            name = over_half(declines["detainers"].groupby(_names(declines, kind)).sum(), total)
            if name is None:
                continue
            there, rest = _split(weeks, kind, name)
            if kind == "agency" and pd.concat([there, rest])["declined"].between(1, THRESHOLD - 1).any():
                continue
            others = blocking[blocking["state"].map(states()["name"]) != name]
            found = {"name": name, "is": kind, "week": when, "declined": there.loc[when, "declined"], "total": total}
            elsewhere = _compared(rest, week, comparisons, others, place) if compared else dict(rest.loc["this"])
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
        rows = _of_week(table, day)
        if not all(is_shown(state_by_offence(rows, what), named[0], group) for what in ("issued", "declined")):
            return NOTHING_APART
    return found


def _of_week(rows: pd.DataFrame, week: date) -> pd.DataFrame:
    """Keep the detainers issued in a week."""
    return rows[rows["issued_on"].between(pd.Timestamp(week), pd.Timestamp(last_day(week)))]


def _names(rows: pd.DataFrame, kind: str) -> pd.Series:
    """Name each row's state in full, or its agency with its state; a blank stays blank."""
    in_full = rows["state"].astype("str").map(states()["name"])
    return in_full if kind == "place" else rows["agency"].astype("str") + ", " + in_full


def _split(weeks: Mapping[str, pd.DataFrame], kind: str, name: str) -> list[pd.DataFrame]:
    """Count what is declined and issued by week: at the place of this name, and elsewhere."""
    counts = []
    at_place = {when: _names(rows, kind) == name for when, rows in weeks.items()}
    for here in (True, False):
        parts = {when: rows[at_place[when] == here] for when, rows in weeks.items()}
        issued = {when: int(part["detainers"].sum()) for when, part in parts.items()}
        declined = {
            when: int(part.loc[part["outcome"] == Outcome.DECLINED, "detainers"].sum()) for when, part in parts.items()
        }
        counts.append(pd.DataFrame({"declined": declined, "issued": issued}))
    return counts


def _compared(
    rest: pd.DataFrame, week: date, comparisons: pd.DataFrame, blocking: pd.DataFrame, place: str
) -> dict[str, object]:
    """Compare the rest of a week with the rest of the week before."""
    now, before = (rest.loc[[when]].set_axis([0]) for when in ("this", "before"))
    test = compare(now, before).iloc[0]
    adjusted = adjust_for_many([*comparisons["p"], test["p"]])[-1]
    (event,) = blocked_by(blocking, week - WEEK, week, [place])
    (declined, issued), (declined_before, issued_before) = rest.loc["this"], rest.loc["before"]
    would_be = declined_before / issued_before * issued if issued_before else 0.0
    return {
        **rest.loc["this"],
        "declined_before": declined_before,
        "issued_before": issued_before,
        **test.drop("reason"),
        "p_adjusted": adjusted,
        "finding": direction(declined, would_be, test["ratio"], adjusted, event) or test["reason"],
    }
