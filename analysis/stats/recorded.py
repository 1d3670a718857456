"""Declines by the week they were recorded, from ICE's weekly reports: what such counts can carry, and no more.

The detainers issued in a week and the declines recorded in it are different people, so nothing here is divided by the
number issued. Places nest and figures may be lower bounds, so they are treated as bounds and never added across levels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.load.files import RESTORE
from analysis.load.published import PublishedReports
from analysis.load.vocabulary import states
from analysis.periods import WEEK, last_day
from analysis.stats.changes import RatioTest, adjust_for_many, direction, ratio_test
from analysis.stats.intervals import count_interval

HALF = 0.5
REGIONS = {"New England": ("CT", "ME", "MA", "NH", "RI", "VT")}


def state_bounds(
    declined: pd.DataFrame, total: int, states: Sequence[str], with_a_decline: int | None = None
) -> pd.DataFrame:
    """Bound each state's number of declines as tightly as the known figures allow.

    A state's exact figure is both bounds. Otherwise the lower bound is the sum of its outermost sure places, and the
    upper bound leaves every other state its lower bound, and one decline to each state that must have one but is not
    named. Disputed figures move no bound.

    Parameters
    ----------
    declined
        One week of ``declined_by_place``.
    total
        The week's national number.
    states
        Postal codes of all states that can have a decline, one row each in the result.
    with_a_decline
        How many of them have one (:func:`states_with_a_decline`); None = not known.

    Returns
    -------
    pandas.DataFrame
        Index the postal code; ``known_low``, ``known_high``, and ``bound``: ``exact``, ``at_least`` (something is
        known) or ``not known``.

    Raises
    ------
    InputError
        The places cannot agree with the number of states with a decline.
    """
    sure = declined[declined["bound"] != "disputed"]
    outermost = sure[(sure["within"] == "") & (sure["level"] != "region")]
    low = outermost.groupby("state")["declined"].sum().reindex(pd.Index(states), fill_value=0).astype("int64")
    exact = sure[(sure["level"] == "state") & (sure["bound"] == "exact")].set_index("state")["declined"]
    for region, members in REGIONS.items():
        if ((sure["place"] == region) & (sure["declined"] == 0)).any():
            exact = pd.concat([exact, pd.Series(0, index=list(members))])
    is_exact = low.index.isin(exact.index)
    low[is_exact] = exact.reindex(low.index[is_exact])
    spare = total - int(low.sum())
    named, unnamed = ~is_exact & (low > 0).to_numpy(), ~is_exact & (low == 0).to_numpy()
    high = low + np.where(is_exact, 0, spare)
    if with_a_decline is not None:
        more = with_a_decline - int((low > 0).sum())  # so many states have a decline, and no place of theirs is known
        if not 0 <= more <= min(unnamed.sum(), max(spare, 0)):
            raise InputError(
                "the places with a decline do not agree with the number of states that have one",
                file="declined_by_place.csv",
                found=f"{(low > 0).sum()} states, {spare} declines elsewhere",
                expected=f"{with_a_decline} states (aggregates.csv)",
                do=RESTORE,
            )
        high[named] -= more
        high[unnamed] -= more - 1 if more else spare
        low[unnamed] += int(more == unnamed.sum())
    takers = high > low
    if takers.sum() == 1:
        low[takers] = high[takers]
    result = pd.DataFrame({"known_low": low, "known_high": high})
    result["bound"] = np.select([is_exact | (low == high), low > 0], ["exact", "at_least"], "not known")
    return result


def states_with_a_decline(aggregates: pd.DataFrame) -> int | None:
    """Read how many states had a decline in a week from its aggregates; None where no article says."""
    told = aggregates.loc[aggregates["measure"].str.startswith("states with a decline"), "value"]
    return int(told.iloc[0]) if len(told) == 1 and told.iloc[0].isdecimal() else None


def neighbour_changes(
    totals: pd.DataFrame, apart: pd.Series, week: date, apart_name: str, blocking: pd.DataFrame
) -> pd.DataFrame:
    """Compare the week's count with its neighbours', with and without one place.

    Parameters
    ----------
    totals
        One row per report, by ``week_start``: ``declined``.
    apart
        By week: the exact number of the place that is taken out; NaN where it is not known.
    week
        The week of the report; pairs of neighbouring weeks that hold it are compared.
    apart_name
        Name of the place.
    blocking
        Events across which no direction may be named (:func:`analysis.load.events.events`); with the place taken
        out, those of that place do not count.

    Returns
    -------
    pandas.DataFrame
        One row per pair and scope: ``pair`` (``to next week`` or ``from week before``), ``scope`` (``all places`` or
        ``without <place>``), ``before`` and ``now`` (counts), ``ratio``, ``low``, ``high``, ``p`` (exact
        conditional, the headline), ``p_mid``, ``p_adjusted`` over the scopes of a pair (so that both weeks' reports say
        the same of it), ``finding``.
    """
    counts = totals.set_index("week_start")["declined"]
    scopes = {"all places": counts, f"without {apart_name}": counts - apart}
    rows = []
    for pair, earlier, later in (("to next week", week, week + WEEK), ("from week before", week - WEEK, week)):
        first, second = pd.Timestamp(earlier), pd.Timestamp(later)
        for scope, values in scopes.items():
            before, now = values.get(first, np.nan), values.get(second, np.nan)
            if not (np.isnan(before) or np.isnan(now)):
                blocked_by = _blocked(blocking, earlier, later, "" if scope == "all places" else apart_name)
                rows.append((pair, scope, int(before), int(now), *ratio_test(int(now), int(before)), blocked_by))
    columns = ["pair", "scope", "before", "now", *RatioTest._fields, "blocked_by"]
    table = pd.DataFrame(rows, columns=columns)
    table["p_adjusted"] = table.groupby("pair")["p"].transform(adjust_for_many)
    table["finding"] = [
        direction(row.now, row.before, row.ratio, row.p_adjusted, row.blocked_by) for row in table.itertuples()
    ]
    return table.drop(columns="blocked_by")


def _blocked(blocking: pd.DataFrame, earlier: date, later: date, apart_name: str) -> str:
    """Name the first event that blocks the comparison of two weeks; blank where none does."""
    between = blocking[
        (blocking["last_date"] >= pd.Timestamp(earlier)) & (blocking["date"] <= pd.Timestamp(last_day(later)))
    ]
    elsewhere = between[[not agency or not apart_name.startswith(agency) for agency in between["agency"]]]
    return "" if elsewhere.empty else str(elsewhere["headline"].iloc[0])


def taken_back(declined: pd.DataFrame, corrections: pd.DataFrame) -> pd.DataFrame:
    """Give the places whose Section II rows ICE itself corrected.

    Returns
    -------
    pandas.DataFrame
        The rows of ``declined`` concerned; their sum is the least number of declines that were corrected, since some
        are lower bounds.
    """
    ours = corrections[(corrections["kind"] == "ICE correction") & (corrections["section"] == "II")]
    touched = {row for rows in ours["touches"] for row in rows.split(";") if row}
    return declined[declined["row_id"].isin(touched)]


def known_offences(known: pd.DataFrame) -> pd.DataFrame:
    """Count the known rows by offence group and status; counts of rows, no row by itself.

    Returns
    -------
    pandas.DataFrame
        One row per offence group that occurs, most frequent first: ``offence_group``, and one column per status
        (``convicted``, ``charged``, ``unknown``) with ``detainers``, their sum.
    """
    named = known[known["offence_text"] != ""]
    counts = pd.crosstab(named["offence_group"], named["offence_status"])
    counts = counts.reindex(columns=["convicted", "charged", "unknown"], fill_value=0)
    counts.columns = pd.Index(["convicted", "charged", "unknown"])
    counts["detainers"] = counts.sum(axis="columns")
    return counts.sort_values(["detainers"], ascending=False, kind="stable").reset_index()


def with_count_intervals(places: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Put exact Poisson intervals beside ``declined``; a lower bound gets none (NaN)."""
    low, high = count_interval(places["declined"], level)
    exact = (places["bound"] == "exact").to_numpy()
    return places.assign(declined_low=np.where(exact, low, np.nan), declined_high=np.where(exact, high, np.nan))


def week_facts(reports: PublishedReports, week: date, blocking: pd.DataFrame) -> dict[str, object]:
    """Gather the facts of one published week, by id.

    ``declined_in_…`` and ``issued_in_…`` give each place's figure as printed; ``outside_…`` is the count without the
    place that holds over half of a report's declines (:func:`place_apart`), of which ``apart_…`` tells; ``next_…`` and
    ``previous_…`` compare with the neighbouring weeks (:func:`neighbour_changes`).
    """
    report = reports.of_week(week)
    total = report.weekly_totals.iloc[0]
    declined, known = report.declined_by_place, report.known_rows
    low, high = count_interval(int(total["declined"]))
    back = int(taken_back(declined, report.corrections)["declined"].sum())
    with_a_decline = states_with_a_decline(report.aggregates)
    bounds = state_bounds(declined, int(total["declined"]), states().index, with_a_decline)
    covered = bounds["known_low"].sum()
    facts: dict[str, object] = {
        "week": week,
        "week_end": last_day(week),
        "status": "as published",
        "issued": total["issued"],
        "issued_confidence": total["confidence"],
        "declined": total["declined"],
        "declined_low": low,
        "declined_high": high,
        "taken_back_at_least": back,
        "remaining_at_most": total["declined"] - back,
        "covered_by_states": covered,
        "covered_share": covered / total["declined"],
        "not_covered": total["declined"] - covered,
        "states_exact": (bounds["bound"] == "exact").sum(),
        "states_with_none": (bounds["known_high"] == 0).sum(),
        "states_with_a_decline": with_a_decline,
        "states_named": (bounds["known_low"] > 0).sum(),
        "unnamed_at_most": max(bounds.loc[bounds["bound"] == "not known", "known_high"], default=None),
        "known_rows": len(known),
        "known_offences": (known["offence_text"] != "").sum(),
        "known_without_offence": (known["offence_text"] == "").sum(),
        "unknown_offences": total["declined"] - (known["offence_text"] != "").sum(),
        "issued_places": len(report.issued_by_place),
        "issued_in_places": report.issued_by_place["issued"].sum(),
        "corrections": len(report.corrections),
    }
    facts |= _apart_facts(reports, week, blocking)
    facts |= {f"issued_in_{_slug(r)}": r["issued"] for _, r in report.issued_by_place.iterrows()}
    facts |= {f"declined_in_{_slug(r)}": r["declined"] for _, r in declined.iterrows()}
    for _, row in changes(reports, week, blocking).iterrows():
        pair = "next" if row["pair"] == "to next week" else "previous"
        scope = "all" if row["scope"] == "all places" else "outside"
        facts |= {f"{pair}_{scope}_{name}": row[name] for name in row.index if name not in ("pair", "scope")}
    return facts


def place_apart(reports: PublishedReports) -> pd.Series | None:
    """Find the place that holds over half of a report's declines, the largest part first; None where there is none.

    Returns
    -------
    pandas.Series or None
        Its row of ``declined_by_place`` in that report, exact, of a county or a city.
    """
    declined = reports.declined_by_place
    rows = declined[(declined["bound"] == "exact") & declined["level"].isin(["county", "city"])]
    part = rows["declined"] / rows["week_start"].map(reports.weekly_totals.set_index("week_start")["declined"])
    return rows.loc[part.idxmax()] if (part > HALF).any() else None


def _apart_facts(reports: PublishedReports, week: date, blocking: pd.DataFrame) -> dict[str, object]:
    """Say what place is taken out, which part it has, and on what day its declines are dated.

    ``apart`` is its number this week. ``apart_week``, ``apart_declined`` and ``apart_total`` are those of this week or,
    where it has over half of that one alone, of the week before.
    """
    facts: dict[str, object] = dict.fromkeys(("apart", "apart_name", "apart_week", "apart_day"))
    row = place_apart(reports)
    if row is None:
        return facts
    counts, totals = exact_by_week(reports, row), reports.weekly_totals.set_index("week_start")["declined"]
    now = counts.get(pd.Timestamp(week))
    facts |= {"apart_name": place_in_full(row), "apart": now}
    if now is not None:
        outside = int(totals[pd.Timestamp(week)] - now)
        outside_low, outside_high = count_interval(outside)
        facts |= {"outside": outside, "outside_low": outside_low, "outside_high": outside_high}
    for day in (week, week - WEEK):
        declined, total = counts.get(pd.Timestamp(day)), totals.get(pd.Timestamp(day))
        if declined is not None and declined > HALF * total:
            facts |= {"apart_week": day, "apart_declined": declined, "apart_total": total}
            return facts | _dated(reports.of_week(day), row, day, int(declined), blocking)
    return facts


def _dated(
    report: PublishedReports, row: pd.Series, week: date, declined: int, blocking: pd.DataFrame
) -> dict[str, object]:
    """Give the day of the event of a place in a week, and how many of its declines are dated other days."""
    name = place_in_full(row)
    events = blocking[blocking["date"].between(pd.Timestamp(week), pd.Timestamp(last_day(week)))]
    for event in events[(events["agency"] != "") & (events["state"] == row["state"])].itertuples():
        measure = f"declined, {event.agency}, recorded on {event.date.day} {event.date:%B}"
        dated = report.aggregates.loc[report.aggregates["measure"] == measure, "value"]
        if name.startswith(event.agency) and len(dated) == 1:
            return {
                "apart_day": event.date,
                "apart_other_days": declined - int(dated.iloc[0]),
                "apart_event": event.kind,
            }
    return {}


def place_in_full(row: pd.Series) -> str:
    """Name a place with its state, as in "Travis County, Texas"."""
    county = " County" if row["level"] == "county" and not row["place"].endswith("County") else ""
    return f"{row['place']}{county}, {states().loc[row['state'], 'name']}"


def exact_by_week(reports: PublishedReports, row: pd.Series) -> pd.Series:
    """Give a place's exact numbers by week."""
    declined = reports.declined_by_place
    same = (declined[["place", "state", "level"]] == row[["place", "state", "level"]]).all(axis="columns")
    return declined[same & (declined["bound"] == "exact")].set_index("week_start")["declined"]


def changes(reports: PublishedReports, week: date, blocking: pd.DataFrame) -> pd.DataFrame:
    """Compare a week with its neighbours, with and without the place taken out (:func:`neighbour_changes`)."""
    row = place_apart(reports)
    apart = pd.Series(dtype=float) if row is None else exact_by_week(reports, row)
    return neighbour_changes(reports.weekly_totals, apart, week, "" if row is None else place_in_full(row), blocking)


def _slug(row: pd.Series) -> str:
    """Name a place for a fact's id: its name, with the state's code unless it is a state or region itself."""
    name = row["place"] if row["level"] in ("state", "region") else f"{row['place']} {row['state']}"
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


def conflicts(report: PublishedReports) -> pd.DataFrame:
    """Give the figures that contradict a row of the week, with the place of that row.

    Returns
    -------
    pandas.DataFrame
        One row per contradicting figure: ``place`` and the columns of ``conflicting_figures``.
    """
    places = pd.concat([report.declined_by_place, report.issued_by_place])[["row_id", "place"]]
    return report.conflicting_figures.merge(places, on="row_id")
