"""The facts of a published week that its page's sentences name, by id, and the counts of the weeks so far."""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.load.published import PublishedReports
from analysis.periods import WEEK, last_day
from analysis.stats.published import HALF, bounds_of, changes, place_apart, states_with_a_decline

STATUSES = ["convicted", "charged", "unknown"]


def week_facts(reports: PublishedReports, week: date, blocking: pd.DataFrame) -> dict[str, object]:
    """Gather the facts of one published week, by id.

    ``declined_in_…`` and ``issued_in_…`` give each place's figure as printed; ``outside`` is the count without the
    place of :func:`analysis.stats.published.place_apart`, of which ``apart_…`` tells; ``next_…`` and ``previous_…``
    are from :func:`analysis.stats.published.changes`.
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


def taken_back(report: PublishedReports) -> pd.DataFrame:
    """Give the rows of ``declined_by_place`` that ICE itself corrected; some, and so their sum, are lower bounds."""
    entries = report.corrections
    ours = entries[(entries["kind"] == "ICE correction") & (entries["section"] == "II")]
    touched = {row for rows in ours["touches"] for row in rows.split(";") if row}
    return report.declined_by_place[report.declined_by_place["row_id"].isin(touched)]


def weeks_so_far(reports: PublishedReports, week: date) -> pd.DataFrame:
    """Give the counts of the published weeks up to one, oldest first; NaN = not known.

    Of the ``declined`` those ``at_place``, that of :func:`analysis.stats.published.place_apart`, and ``elsewhere`` (no
    such columns without one), and those ``located`` in a state, a lower bound; ``declining``, how many states have one.
    """
    totals = reports.weekly_totals[reports.weekly_totals["week_start"] <= pd.Timestamp(week)].sort_values("week_start")
    table = totals[["week_start", "issued", "declined"]].rename(columns={"week_start": "week"}).reset_index(drop=True)
    if apart := place_apart(reports):
        table["at_place"] = table["week"].map(apart.by_week).astype(float)
        table["elsewhere"] = table["declined"] - table["at_place"]
    each = [reports.of_week(day.date()) for day in table["week"]]
    table["located"] = [bounds_of(report)["known_low"].sum() for report in each]
    return table.assign(declining=pd.Series([states_with_a_decline(report) for report in each], dtype=float))


def known_offences(known: pd.DataFrame) -> pd.DataFrame:
    """Count the known rows by ``offence_group``, most frequent first: by status, and their sum, ``detainers``."""
    named = known[known["offence_text"] != ""]
    counts = pd.crosstab(named["offence_group"], named["offence_status"]).reindex(columns=STATUSES, fill_value=0)
    counts = counts.rename_axis(columns=None).assign(detainers=counts.sum(axis="columns"))
    return counts.sort_values("detainers", ascending=False, kind="stable").reset_index()
