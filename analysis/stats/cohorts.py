"""Issue cohorts: what became of the detainers issued in a week, by place, form or offence.

A cohort's share is declines among the detainers issued in the same week, so numerator and denominator are the same
people. A detainer without a recorded end counts as issued and as not recorded, never as honoured.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import unknown
from analysis.load.repeats import is_repeat
from analysis.load.table import Outcome
from analysis.periods import SETTLING_DAYS, WEEK, Calendar, as_timestamps, last_day, week_of
from analysis.stats.changes import RatioTest, adjust_for_many, compare, direction
from analysis.stats.intervals import count_interval, share_interval

NOT_GIVEN = "not given"
TRAILING_WEEKS = 8
TRAILING = TRAILING_WEEKS * WEEK
LEFT_OUT, COUNTED = "left out", "counted"
REPEATS = (LEFT_OUT, COUNTED)
SERIES_COLUMNS = ("issued_on", "lifted_on", "state", "outcome", "offence_group", "duplicate", "detainers")
"""Columns of the table of detainers that weekly series need, of all weeks."""
RECORD_COLUMNS = (
    *SERIES_COLUMNS,
    "form",
    "request",
    "lift_reason",
    "offence_status",
    "agency",
    "facility_code",
    "person",
)
"""Those that are needed of a few weeks only."""
OUTCOME_COLUMNS = ["declined", "taken", "other_ends", "not_recorded"]
_COLUMN_OF = {
    **dict.fromkeys(Outcome, "other_ends"),
    Outcome.DECLINED: "declined",
    Outcome.TAKEN: "taken",
    Outcome.NOT_RECORDED: "not_recorded",
}


def choose_repeats(given: object) -> str:
    """Hold what a user asks of repeats against what there is: ``left out`` or ``counted``.

    Raises
    ------
    InputError
        Something else.
    """
    if given not in REPEATS:
        raise unknown("treatment of repeats", given, REPEATS)
    return str(given)


def without_repeats(table: pd.DataFrame, repeats: str = LEFT_OUT) -> pd.DataFrame:
    """Leave the rows that are flagged as repeats out of a count, or keep them.

    Parameters
    ----------
    table
        The table of detainers, its ``duplicate`` flagged by one of the published rules. Where a rule flags the first
        row of a repeat too, that one stays.
    repeats
        ``left out`` or ``counted``.
    """
    if repeats == COUNTED:
        return table
    again = is_repeat(table["duplicate"])
    return table.take(np.flatnonzero(~again)) if again.any() else table


def count_outcomes(table: pd.DataFrame, by: str | Sequence[str]) -> pd.DataFrame:
    """Count detainers and what became of them, by one or more columns.

    Parameters
    ----------
    table
        The table of detainers.
    by
        Columns to count by, or ``week`` for the reporting week of issue. A blank counts under ``not given``; a
        detainer without a day of issue is in no week.

    Returns
    -------
    pandas.DataFrame
        One row per combination that occurs: ``issued`` and, adding up to it, ``declined``, ``taken`` (by ICE),
        ``other_ends`` and ``not_recorded``; counts of detainers.
    """
    keys = [by] if isinstance(by, str) else list(by)
    groups = [_by_week(table["issued_on"]) if key == "week" else _by_name(table[key]) for key in keys]
    outcome = pd.Categorical(table["outcome"])
    became = np.array([*(OUTCOME_COLUMNS.index(_COLUMN_OF[name]) for name in outcome.categories), len(OUTCOME_COLUMNS)])
    shape = [len(names) + 1 for names, _ in groups]  # the last of each, whose code is -1: in no group
    cells = np.ravel_multi_index([codes for _, codes in groups], shape, mode="wrap")
    places = np.arange(np.prod(shape))
    if len(places) > len(cells):  # few of them occur
        places, cells = np.unique(cells, return_inverse=True)
    kinds = len(OUTCOME_COLUMNS) + 1
    sums = np.bincount(cells * kinds + became[outcome.codes], table["detainers"], len(places) * kinds)
    became_of = sums.astype("int64").reshape(-1, kinds)[:, :-1]
    issued, found = became_of.sum(axis=1), np.unravel_index(places, shape)
    counted = (issued > 0) & np.all([code < size - 1 for code, size in zip(found, shape, strict=True)], axis=0)
    levels, codes = [names for names, _ in groups], [code[counted] for code in found]
    index = levels[0][codes[0]].rename(keys[0]) if len(keys) == 1 else pd.MultiIndex(levels, codes, names=keys)
    counts = np.column_stack([issued[counted], became_of[counted]])
    return pd.DataFrame(counts, index=index, columns=["issued", *OUTCOME_COLUMNS])


def _by_week(days: pd.Series) -> tuple[pd.Index, NDArray[np.integer]]:
    """Give the weeks of some days, in order, and each day's place among them; -1 where there is no day."""
    of_days, found = pd.factorize(days)  # many detainers share a day
    weeks = pd.Categorical(week_of(pd.Series(found)))
    return weeks.categories, np.append(weeks.codes, -1)[of_days]


def _by_name(values: pd.Series) -> tuple[pd.Index, NDArray[np.integer]]:
    """Give the names of some groups, sorted, and each value's place among them; a blank is named too, to be seen."""
    found = pd.Categorical(values)
    names = [*map(str, found.categories), NOT_GIVEN]  # the last is that of a blank, whose code is -1
    ordered = sorted({*names})
    places = {name: place for place, name in enumerate(ordered)}
    return pd.Index(ordered, dtype="str"), np.array([places[name] for name in names])[found.codes]


def in_place(table: pd.DataFrame, place: str) -> pd.DataFrame:
    """Keep the detainers of a state; ``all`` keeps every one."""
    return table if place == "all" else table[table["state"] == place]


def with_intervals(counts: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Put intervals beside counts of a cohort.

    Parameters
    ----------
    counts
        Columns ``issued`` and ``declined``.
    level
        Confidence level.

    Returns
    -------
    pandas.DataFrame
        The same rows with ``declined_low`` and ``declined_high`` (exact Poisson, at most
        ``issued``), ``share`` (declined of issued),
        ``share_low`` and ``share_high`` (Wilson); shares and intervals are NaN where nothing was issued.
    """
    result = counts.copy()
    some = counts["issued"] > 0
    result["declined_low"], high = count_interval(counts["declined"].where(some), level)
    result["declined_high"] = np.minimum(high, counts["issued"])
    result["share"] = counts["declined"] / counts["issued"].where(counts["issued"] > 0)
    result["share_low"], result["share_high"] = share_interval(counts["declined"], counts["issued"], level)
    return result


def weekly_series(by_week: pd.DataFrame, calendar: Calendar, place: str = "all") -> pd.DataFrame:
    """Give the weekly cohorts of a place, one row per week of a calendar, also those with no detainer.

    Parameters
    ----------
    by_week
        Counts by ``week`` and place, or offence group, as from :func:`count_outcomes`.
    calendar
        The weeks wanted.
    place
        The place, or ``all``.

    Returns
    -------
    pandas.DataFrame
        Index ``week`` (Saturdays); the columns of :func:`with_intervals` and ``status`` (partial, settled,
        provisional).
    """
    weeks = calendar.weeks()
    own = by_week if place == "all" else by_week[by_week.index.get_level_values(1) == place]
    series = with_intervals(own.groupby(level="week").sum().reindex(as_timestamps(weeks), fill_value=0))
    series["status"] = [calendar.status(week) for week in weeks]
    return series


def of_week(by_week: pd.DataFrame, week: date, places: Sequence[str]) -> pd.DataFrame:
    """Cut one week out of counts by week and place; a place without a detainer that week is a row of zeros."""
    return of_weeks(by_week, [week], places)


def of_weeks(by_week: pd.DataFrame, weeks: Sequence[date], places: Sequence[str]) -> pd.DataFrame:
    """Add up some weeks of counts by week and place.

    Parameters
    ----------
    by_week
        Counts by ``week`` and a place, as from :func:`count_outcomes`.
    weeks
        The weeks to add up.
    places
        The places wanted, in order; one without a detainer is a row of zeros.
    """
    chosen = by_week[by_week.index.get_level_values(0).isin(as_timestamps(weeks))]
    return chosen.groupby(level=1).sum().reindex(pd.Index(places), fill_value=0)


def compare_weeks(
    by_week: pd.DataFrame,
    week: date,
    calendar: Calendar,
    places: Sequence[str],
    blocking: pd.DataFrame,
    trailing: int = TRAILING_WEEKS,
) -> pd.DataFrame:
    """Compare a week's cohort with last week's and with the trailing weeks', for the nation and each place.

    Declines per detainer issued, now against before; one false-discovery control over all tests of the week. A week
    that is partial or not settled is not compared, nor is one against a partial week.

    Parameters
    ----------
    by_week
        Counts by ``week`` and place.
    week, calendar
        The week, and the weeks that the source covers.
    places
        The places to test beside the whole ("all").
    blocking
        Events across which no direction may be named (:func:`analysis.load.events.events`).
    trailing
        Number of full weeks before this one that make the longer comparison.

    Returns
    -------
    pandas.DataFrame
        One row per comparison (``last week``, ``trailing weeks``) and place (``all`` first): ``declined``, ``issued``,
        ``declined_before``, ``issued_before``, ``ratio``, ``low``, ``high``, ``p``, ``p_mid``, ``reason`` (blank where
        tested, else why not; the numbers are then NaN), ``p_adjusted`` and ``finding`` (``higher``, ``lower``, ``no
        clear change``, or the reason).
    """
    now = _with_total(of_week(by_week, week, places))
    counted = ["declined", "issued"]
    parts = {}
    for against, number in (("last week", 1), ("trailing weeks", trailing)):
        earlier = calendar.full_weeks_before(week, number)
        before = _with_total(of_weeks(by_week, earlier, places))
        part = pd.concat([now[counted], before[counted].add_suffix("_before"), compare(now, before)], axis=1)
        part["blocked_by"] = blocked_by(blocking, week - number * WEEK, week, list(part.index))
        refusal = why_not_compared(week, calendar, len(earlier), number)
        if refusal:
            part[list(RatioTest._fields)] = np.nan
            part["reason"] = refusal
        parts[against] = part
    comparisons = pd.concat(parts, names=["against", "place"])
    comparisons["p_adjusted"] = adjust_for_many(comparisons["p"])
    expected = comparisons["declined_before"] / comparisons["issued_before"] * comparisons["issued"]
    comparisons["finding"] = [
        direction(row.declined, would_be, row.ratio, row.p_adjusted, row.blocked_by) or row.reason
        for row, would_be in zip(comparisons.itertuples(), expected, strict=True)
    ]
    return comparisons.drop(columns="blocked_by")


def blocked_by(blocking: pd.DataFrame, first: date, week: date, places: Sequence[str]) -> list[str]:
    """Name for each place the first event of these weeks that concerns it or all places; blank where there is none."""
    during = blocking[
        (blocking["last_date"] >= pd.Timestamp(first)) & (blocking["date"] <= pd.Timestamp(last_day(week)))
    ]
    events = list(zip(during["state"], during["headline"], strict=True))
    return [next((str(h) for state, h in events if place == "all" or state in ("", place)), "") for place in places]


def _with_total(counts: pd.DataFrame) -> pd.DataFrame:
    """Put the total of all places on top, as place ``all``."""
    return pd.concat([counts.sum().to_frame("all").T, counts])


def why_not_compared(week: date, calendar: Calendar, found: int, wanted: int) -> str:
    """Say why a week may not be compared with the weeks before it; blank where it may."""
    if calendar.is_partial(week):
        return "partial week"
    if not calendar.is_settled(week):
        return "week not settled"
    if found < wanted:
        before_partial = wanted == 1 and week - WEEK in calendar.weeks()
        return "the week before is partial" if before_partial else f"only {found} of {wanted} full weeks before"
    return ""


def lift_reasons_of(table: pd.DataFrame) -> pd.DataFrame:
    """Count detainers by recorded lift reason, most frequent first; nothing recorded is a row of its own.

    Returns
    -------
    pandas.DataFrame
        One row per lift reason: ``lift_reason``, ``outcome``, ``detainers``, ``part`` (of all).
    """
    reasons = table["lift_reason"].astype("str").fillna("(nothing recorded)")
    counts = table["detainers"].groupby([reasons, table["outcome"].astype("str")]).sum().reset_index()
    counts["part"] = counts["detainers"] / max(1, counts["detainers"].sum())
    return counts.sort_values(["detainers", "lift_reason"], ascending=[False, True], ignore_index=True)


def week_facts(
    by_week: pd.DataFrame, comparisons: pd.DataFrame, week: date, calendar: Calendar, place: str
) -> dict[str, object]:
    """Gather the facts of a cohort week, by id, for a place or ``all``.

    ``last_week_…`` and ``trailing_…`` are the two comparisons of :func:`compare_weeks`; ``tests`` and ``flags`` count
    the week's tests and those with a direction.
    """
    places = [p for p in comparisons.index.get_level_values("place").unique() if p != "all"]
    state_counts = of_week(by_week, week, places)
    own = state_counts.sum().to_frame("all").T if place == "all" else state_counts.loc[[place]]
    given = state_counts.drop(index=NOT_GIVEN, errors="ignore")
    tested = comparisons["p"].notna()
    facts: dict[str, object] = {
        "week": week,
        "week_end": last_day(week),
        "status": calendar.status(week),
        "days_covered": calendar.days_covered(week),
        **with_intervals(own).iloc[0],
        **{name: int(own[name].iloc[0]) for name in ("issued", *OUTCOME_COLUMNS)},
        "nation_issued": state_counts["issued"].sum(),
        "nation_declined": state_counts["declined"].sum(),
        "nation_share": state_counts["declined"].sum() / max(1, state_counts["issued"].sum()),
        "tests": tested.sum(),
        "flags": comparisons["finding"].isin(["higher", "lower"]).sum(),
        "settling_days": SETTLING_DAYS,
        "trailing_weeks": TRAILING_WEEKS,
    }
    if by_week.index.names[1] == "state":
        facts |= {
            "states_with_detainers": (given["issued"] > 0).sum(),
            "states_with_declines": (given["declined"] > 0).sum(),
            "state_not_given": state_counts["issued"].get(NOT_GIVEN, 0),
            "declined_state_not_given": state_counts["declined"].get(NOT_GIVEN, 0),
        }
    for against, name in (("last week", "last_week"), ("trailing weeks", "trailing")):
        row = comparisons.loc[(against, place)]
        facts |= {f"{name}_{key}": row[key] for key in row.index if key not in ("declined", "issued")}
        facts[f"{name}_share"] = row["declined_before"] / row["issued_before"] if row["issued_before"] else None
    return facts


def record_facts(records: pd.DataFrame, repeats: str, has_ids: bool) -> dict[str, object]:
    """Count a week's records, the repeats flagged among them, and the persons they name, beside each other.

    Parameters
    ----------
    records, repeats
        The week's records of a place, and what was asked of repeats.
    has_ids
        Whether the source has person ids, which a place without detainers does not tell.

    Returns
    -------
    dict
        ``records``; ``repeats_flagged`` (of these); ``persons`` (different ids of all records; None where the
        source has none); ``persons_counted`` (different ids of the records that are counted); ``without_id`` (records
        without an id: how many persons they are is not known); ``repeats_are`` (left out or counted in all others).
    """
    named = records["person"].notna()
    count = records["detainers"]
    return {
        "records": count.sum(),
        "repeats_flagged": count[is_repeat(records["duplicate"])].sum(),
        "persons": records["person"].nunique() if has_ids else None,
        "persons_counted": without_repeats(records, repeats)["person"].nunique() if has_ids else None,
        "without_id": count[~named].sum(),
        "repeats_are": repeats,
    }
