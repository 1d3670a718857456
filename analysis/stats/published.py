"""Declines by the week they were recorded, from ICE's weekly reports of 2017: what such counts can carry, and no more.

The detainers issued in a week and the declines recorded in it are different people, so nothing here is divided by the
number issued. Places nest and figures may be lower bounds, so they are treated as bounds and never added across levels.
Three weeks tell no usual variation, so two counts are compared by chance alone; real ups and downs are larger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.load.files import RESTORE
from analysis.load.published import PublishedReports
from analysis.load.vocabulary import states
from analysis.periods import WEEK, last_day
from analysis.stats.tests import adjust_for_many, direction, ratio_interval, two_sided

HALF = 0.5
REGIONS = {"New England": ("CT", "ME", "MA", "NH", "RI", "VT")}
STATUSES = ["convicted", "charged", "unknown"]


def state_bounds(declined: pd.DataFrame, total: int, codes: Sequence[str], with_a_decline: int | None) -> pd.DataFrame:
    """Bound each state's number of declines as tightly as the known figures allow.

    A state's exact figure is both bounds. Otherwise the lower bound is the sum of its outermost sure places, and the
    upper bound leaves every other state its lower bound, and one decline to each state that must have one but is not
    named. Disputed figures move no bound. Places that contradict the number of states with a decline are refused.

    Parameters
    ----------
    declined, total
        One week of ``declined_by_place``, and the week's national number.
    codes
        Postal codes of all states that can have a decline, one row each in the result.
    with_a_decline
        How many of them have one; None = not known.

    Returns
    -------
    pandas.DataFrame
        Index the postal code; ``known_low``, ``known_high`` (detainers), and ``bound``: ``exact``, ``at_least``
        (something is known) or ``not known``.
    """
    sure = declined[declined["bound"] != "disputed"]
    outermost = sure[(sure["within"] == "") & (sure["level"] != "region")]
    low = outermost.groupby("state")["declined"].sum().reindex(pd.Index(codes), fill_value=0).astype("int64")
    exact = sure[(sure["level"] == "state") & (sure["bound"] == "exact")].set_index("state")["declined"]
    for region, members in REGIONS.items():
        if ((sure["place"] == region) & (sure["declined"] == 0)).any():
            exact = pd.concat([exact, pd.Series(0, index=list(members))])
    is_exact = low.index.isin(exact.index)
    low[is_exact] = exact.reindex(low.index[is_exact])
    spare, with_some = total - int(low.sum()), int((low > 0).sum())
    named, unnamed = ~is_exact & (low > 0).to_numpy(), ~is_exact & (low == 0).to_numpy()
    high = low + np.where(is_exact, 0, spare)
    if with_a_decline is not None:
        more = with_a_decline - with_some  # so many states have a decline, and no place of theirs is known
        if not 0 <= more <= min(unnamed.sum(), max(spare, 0)):
            raise InputError(
                "the places with a decline do not agree with the number of states that have one",
                file="declined_by_place.csv",
                found=f"{with_some} states, {spare} declines elsewhere",
                expected=f"{with_a_decline} states (aggregates.csv)",
                do=RESTORE,
            )
        high[named] -= more
        high[unnamed] -= more - 1 if more else spare
        low[unnamed] += int(more == unnamed.sum())
    takers = high > low
    if takers.sum() == 1:
        low[takers] = high[takers]
    bound = np.select([is_exact | (low == high), low > 0], ["exact", "at_least"], "not known")
    return pd.DataFrame({"known_low": low, "known_high": high, "bound": bound})


def states_with_a_decline(report: PublishedReports) -> int | None:
    """Read how many states had a decline in a report's week from its aggregates; None where no article says."""
    told = report.aggregates.loc[report.aggregates["measure"].str.startswith("states with a decline"), "value"]
    return int(told.iloc[0]) if len(told) == 1 and told.iloc[0].isdecimal() else None


def bounds_of(report: PublishedReports) -> pd.DataFrame:
    """Bound the declines of every state and territory in one week's report (:func:`state_bounds`)."""
    total = int(report.weekly_totals["declined"].iloc[0])
    return state_bounds(report.declined_by_place, total, states().index, states_with_a_decline(report))


@dataclass(frozen=True)
class Apart:
    """A place to be taken out: its name with that of its state, the state's code, its exact numbers by week."""

    name: str
    state: str
    by_week: pd.Series


def place_apart(reports: PublishedReports) -> Apart | None:
    """Find the county or city that holds over half of a report's declines, most of one first; None if none does."""
    declined = reports.declined_by_place
    exact = declined[(declined["bound"] == "exact") & declined["level"].isin(["county", "city"])]
    part = exact["declined"] / exact["week_start"].map(reports.weekly_totals.set_index("week_start")["declined"])
    if not (part > HALF).any():
        return None
    row = exact.loc[part.idxmax()]
    county = " County" if row["level"] == "county" and not row["place"].endswith("County") else ""
    same = (exact[["place", "state", "level"]] == row[["place", "state", "level"]]).all(axis="columns")
    name = f"{row['place']}{county}, {states().loc[row['state'], 'name']}"
    return Apart(name, row["state"], exact[same].set_index("week_start")["declined"])


def weeks_so_far(reports: PublishedReports, week: date) -> pd.DataFrame:
    """Give the counts of the published weeks up to one.

    Returns
    -------
    pandas.DataFrame
        One row per week (``week``, its Saturday), oldest first; detainers ``issued`` and ``declined``; of the declined
        those ``at_place``, that of :func:`place_apart`, and ``elsewhere`` (no such columns without one), and those
        ``located`` in a state, a lower bound; ``declining``, how many states have a decline. NaN = not known.
    """
    totals = reports.weekly_totals[reports.weekly_totals["week_start"] <= pd.Timestamp(week)].sort_values("week_start")
    table = totals[["week_start", "issued", "declined"]].rename(columns={"week_start": "week"}).reset_index(drop=True)
    if apart := place_apart(reports):
        table["at_place"] = table["week"].map(apart.by_week).astype(float)
        table["elsewhere"] = table["declined"] - table["at_place"]
    each = [reports.of_week(day.date()) for day in table["week"]]
    table["located"] = [bounds_of(report)["known_low"].sum() for report in each]
    return table.assign(declining=pd.Series([states_with_a_decline(report) for report in each], dtype=float))


def changes(reports: PublishedReports, week: date, blocking: pd.DataFrame) -> pd.DataFrame:
    """Compare a week's declines with its neighbours', with and without the place that holds most.

    Parameters
    ----------
    reports, week, blocking
        All reports; the week; events across which no direction is named, but those of a place that is taken out.

    Returns
    -------
    pandas.DataFrame
        One row per pair and scope: ``pair`` (``to next week`` or ``from week before``), ``scope`` (``all places`` or
        ``without <place>``), ``before`` and ``now`` (counts), ``ratio`` with its 95 % interval ``low`` and ``high``,
        ``p`` (:func:`analysis.stats.tests.two_sided`, by chance alone), ``p_adjusted`` over the scopes of a pair, so
        that both weeks' reports say the same of it, and ``finding``.
    """
    counts, apart = reports.weekly_totals.set_index("week_start")["declined"], place_apart(reports)
    scopes = {"all places": (counts, "")}
    scopes |= {f"without {apart.name}": (counts - apart.by_week, apart.name)} if apart else {}
    rows = []
    for pair, earlier, later in (("to next week", week, week + WEEK), ("from week before", week - WEEK, week)):
        for scope, (values, without) in scopes.items():
            before, now = (values.get(pd.Timestamp(day), np.nan) for day in (earlier, later))
            if not np.isnan(before + now):
                rows.append((pair, scope, int(before), int(now), _blocked(blocking, earlier, later, without)))
    table = pd.DataFrame(rows, columns=["pair", "scope", "before", "now", "blocked_by"])
    table["ratio"] = table["now"] / table["before"]
    table["low"], table["high"] = ratio_interval(table["now"], table["before"], 1, 1)
    table["p"] = two_sided(table["now"], table["before"], HALF, 1)
    table["p_adjusted"] = table.groupby("pair")["p"].transform(adjust_for_many)
    table["finding"] = [direction(row.now, row.before, row.p_adjusted, row.blocked_by) for row in table.itertuples()]
    return table.drop(columns="blocked_by")


def _blocked(blocking: pd.DataFrame, earlier: date, later: date, without: str) -> str:
    """Name the first event that blocks the comparison of two weeks; blank where none does."""
    since, until = pd.Timestamp(earlier), pd.Timestamp(last_day(later))
    between = blocking[(blocking["last_date"] >= since) & (blocking["date"] <= until)]
    elsewhere = between[[not agency or not without.startswith(agency) for agency in between["agency"]]]
    return "" if elsewhere.empty else str(elsewhere["headline"].iloc[0])


def taken_back(report: PublishedReports) -> pd.DataFrame:
    """Give the rows of ``declined_by_place`` that ICE itself corrected; some, and so their sum, are lower bounds."""
    entries = report.corrections
    ours = entries[(entries["kind"] == "ICE correction") & (entries["section"] == "II")]
    touched = {row for rows in ours["touches"] for row in rows.split(";") if row}
    return report.declined_by_place[report.declined_by_place["row_id"].isin(touched)]


def known_offences(known: pd.DataFrame) -> pd.DataFrame:
    """Count the known rows by ``offence_group``, most frequent first: by status, and their sum, ``detainers``."""
    named = known[known["offence_text"] != ""]
    counts = pd.crosstab(named["offence_group"], named["offence_status"]).reindex(columns=STATUSES, fill_value=0)
    counts = counts.rename_axis(columns=None).assign(detainers=counts.sum(axis="columns"))
    return counts.sort_values("detainers", ascending=False, kind="stable").reset_index()


def week_facts(reports: PublishedReports, week: date, blocking: pd.DataFrame) -> dict[str, object]:
    """Gather the facts of one published week, by id.

    ``declined_in_…`` and ``issued_in_…`` give each place's figure as printed; ``outside`` is the count without the
    place of :func:`place_apart`, of which ``apart_…`` tells; ``next_…`` and ``previous_…`` are from :func:`changes`.
    """
    report = reports.of_week(week)
    total, bounds, known = report.weekly_totals.iloc[0], bounds_of(report), report.known_rows
    declined, covered = total["declined"], bounds["known_low"].sum()
    back, with_offence = int(taken_back(report)["declined"].sum()), int((known["offence_text"] != "").sum())
    facts: dict[str, object] = {
        "week": week,
        "week_end": last_day(week),
        "status": "as published",
        "issued": total["issued"],
        "issued_confidence": total["confidence"],
        "declined": declined,
        "taken_back_at_least": back,
        "remaining_at_most": declined - back,
        "covered_by_states": covered,
        "covered_share": covered / declined,
        "not_covered": declined - covered,
        "states_exact": (bounds["bound"] == "exact").sum(),
        "states_with_none": (bounds["known_high"] == 0).sum(),
        "states_with_a_decline": states_with_a_decline(report),
        "states_named": (bounds["known_low"] > 0).sum(),
        "unnamed_at_most": max(bounds.loc[bounds["bound"] == "not known", "known_high"], default=None),
        "known_rows": len(known),
        "known_offences": with_offence,
        "known_without_offence": len(known) - with_offence,
        "unknown_offences": declined - with_offence,
        "issued_places": len(report.issued_by_place),
        "issued_in_places": report.issued_by_place["issued"].sum(),
    }
    facts |= _apart_facts(reports, week, blocking)
    for name, places in (("issued", report.issued_by_place), ("declined", report.declined_by_place)):
        own = places["place"] + (" " + places["state"]).mask(places["level"].isin(["state", "region"]), "")
        ids = own.str.lower().str.replace("[^a-z0-9]+", "_", regex=True).str.strip("_")
        facts |= {f"{name}_in_{place}": number for place, number in zip(ids, places[name], strict=True)}
    for row in changes(reports, week, blocking).to_dict("records"):
        pair = "next" if row.pop("pair") == "to next week" else "previous"
        scope = "all" if row.pop("scope") == "all places" else "outside"
        facts |= {f"{pair}_{scope}_{name}": value for name, value in row.items()}
    return facts


def _apart_facts(reports: PublishedReports, week: date, blocking: pd.DataFrame) -> dict[str, object]:
    """Say what place is taken out, its number, its part in this week or the last if over half, and how it is dated."""
    facts: dict[str, object] = dict.fromkeys(("apart", "apart_name", "apart_week", "apart_day"))
    if (apart := place_apart(reports)) is None:
        return facts
    totals, saturday = reports.weekly_totals.set_index("week_start")["declined"], pd.Timestamp(week)
    now = apart.by_week.get(saturday)
    facts |= {"apart_name": apart.name, "apart": now}
    facts |= {} if now is None else {"outside": totals[saturday] - now}
    for day in (saturday, saturday - WEEK):
        if (held := apart.by_week.get(day, 0)) > HALF * totals.get(day, 0):
            facts |= {"apart_week": day, "apart_declined": held, "apart_total": totals[day]}
            figures = reports.of_week(day).aggregates.set_index("measure")["value"]
            for event in blocking[blocking["date"].between(day, last_day(day))].itertuples():
                dated = figures.get(f"declined, {event.agency}, recorded on {event.date.day} {event.date:%B}")
                if apart.name.startswith(event.agency) and event.state == apart.state and dated is not None:
                    facts |= {"apart_day": event.date, "apart_event": event.kind, "apart_other_days": held - int(dated)}
            break
    return facts
