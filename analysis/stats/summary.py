"""What a page says of a cohort: its main counts, week by week, cut by state, and the facts that sentences name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.load.offences import groups
from analysis.load.vocabulary import states
from analysis.periods import SETTLING_DAYS, WEEK, as_timestamps, name_week
from analysis.stats.cohort import Cohort, place_name
from analysis.stats.comparisons import LAST_WEEK, TRAILING, TREND, clear_findings
from analysis.stats.counts import (
    ALL,
    LEAST_FOR_A_SHARE,
    NOT_GIVEN,
    OUTCOME_COLUMNS,
    TRAILING_WEEKS,
    TREND_WEEKS,
    of_weeks,
    rows_of_weeks,
    with_intervals,
    without_repeats,
)
from analysis.stats.disclosure import outcomes_by_state
from analysis.stats.nowcast import nowcast, past_bands
from analysis.stats.tests import MINIMUM_DIFFERENCE, usual_range

MOST_NAMED = 4
"""Clear findings that a lead names; how many more there are is said."""
NO_SHARE = "every row of the source has the same recorded end, so no share is given"


def weekly_counts(cohort: Cohort) -> pd.DataFrame:
    """Give a cohort's weeks, each with its share and the count that would be usual after the eight weeks before it.

    Returns
    -------
    pandas.DataFrame
        One row per week up to the period's end, index ``week`` (Saturdays), also those without a detainer: ``issued``,
        ``declined``, ``share`` with ``share_low`` and ``share_high`` (95 %, usual ups and downs), ``status``,
        ``expected`` (declines at the share of the eight full weeks before), ``usual_low``, ``usual_high`` and
        ``outside`` (``above``, ``below`` or blank). Blank: no such number, as in a week that is not settled or has not
        eight full weeks before it.
    """
    weeks, calendar, phi = cohort.calendar.weeks(), cohort.calendar, cohort.dispersion[cohort.cell]
    declined, issued, exposure = (frame[cohort.cell] for frame in cohort.weekly)
    table = pd.DataFrame({"issued": issued, "declined": declined}).rename_axis("week")
    table = without_shares(with_intervals(table, phi), cohort)
    table["status"] = [calendar.status(week) for week in weeks]
    before = pd.DataFrame({"declined": declined, "exposure": exposure}).astype(float)
    before = before[[not calendar.is_partial(week) for week in weeks]].reindex(table.index)
    past = before.shift().rolling(TRAILING_WEEKS, min_periods=TRAILING_WEEKS).sum()
    known = (table["status"] == "settled") & (cohort.sole_outcome is None)
    table["expected"] = (past["declined"] / past["exposure"].where(past["exposure"] > 0) * exposure).where(known)
    low, high = usual_range(past["declined"], exposure, past["exposure"], phi)
    table["usual_low"], table["usual_high"] = (pd.Series(end, table.index).where(known) for end in (low, high))
    table["usual_high"] = np.minimum(table["usual_high"], issued)
    sides = [table["declined"] > table["usual_high"], table["declined"] < table["usual_low"]]
    return table.assign(outside=np.select(sides, ["above", "below"], ""))


def without_shares(counts: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    """Blank the shares of a source whose rows were chosen by their outcome: they would be all or nothing."""
    shares = ["share", "share_low", "share_high"]
    return counts if cohort.sole_outcome is None else counts.assign(**dict.fromkeys(shares, np.nan))


def counts_by_state(cohort: Cohort) -> pd.DataFrame:
    """Give the period's counts of every state and territory, also those without a detainer.

    Returns
    -------
    pandas.DataFrame
        Index the postal code, ``not given`` last: ``issued`` and ``declined`` in full; ``taken``, ``other_ends`` and
        ``not_recorded`` with their ``…_shown`` labels, blank where a small count could be told
        (:func:`analysis.stats.disclosure.outcomes_by_state`); ``share`` and its interval, from 20 detainers on;
        ``last_week`` and ``trailing_mean`` of the declined; and ``finding``, the clear changes in words (blank = none).
    """
    places = [*states().index, NOT_GIVEN]
    counts = of_weeks(cohort.by_state, cohort.period.weeks, places)
    table = without_shares(with_intervals(outcomes_by_state(counts), cohort.dispersion["state"][places]), cohort)
    table.loc[table["issued"] < LEAST_FOR_A_SHARE, ["share", "share_low", "share_high"]] = np.nan
    first = cohort.period.first_day
    for name, number in (("last_week", 1), ("trailing_mean", TRAILING_WEEKS)):
        weeks = cohort.calendar.full_weeks_before(first, number)
        mean = of_weeks(cohort.by_state, weeks, places)["declined"] / number
        table[name] = mean if len(weeks) == number else np.nan
    clear = clear_findings(cohort.comparisons)
    own = clear[clear["kind"] == "state"].groupby("place")
    words = own.apply(lambda rows: "; ".join(rows["finding"] + " (" + rows["against"] + ")"), include_groups=False)
    return table.assign(finding=words.reindex(places).fillna("") if len(words) else "")


def key_figures(cohort: Cohort) -> pd.DataFrame:
    """Put a week's main counts beside last week's and the mean of the eight weeks before.

    Outcomes other than declines are given of the nation; of one state this week's alone, as far as small counts allow.

    Returns
    -------
    pandas.DataFrame
        One row per count (``measure``: issued, declined, taken, other_ends, not_recorded, persons where there are ids):
        ``this_week``, ``last_week``, ``trailing_mean`` (NaN = not known, not full, or not shown) and ``note``.
    """
    weeks = [*cohort.calendar.full_weeks_before(cohort.week, TRAILING_WEEKS), cohort.week]
    kind, place = cohort.cell
    counts = pd.DataFrame({name: getattr(cohort.weekly, name)[cohort.cell] for name in ("issued", "declined")})
    if kind == ALL:
        counts = cohort.by_state.groupby(level=0).sum().reindex(counts.index, fill_value=0)
        records = without_repeats(cohort.records, cohort.repeats)
        if records["person"].notna().any():
            by_week = [rows_of_weeks(records, [week])["person"].nunique() for week in weeks]
            counts["persons"] = pd.Series(by_week, as_timestamps(weeks))
    wanted = counts.loc[as_timestamps(weeks)].astype(float)
    table = pd.DataFrame({"this_week": wanted.iloc[-1]})
    last = cohort.calendar.full_weeks_before(cohort.week, 1)
    table["last_week"] = wanted.iloc[-2] if last else np.nan
    table["trailing_mean"] = wanted.iloc[:-1].mean() if len(weeks) > TRAILING_WEEKS else np.nan
    table["note"] = ""
    table.loc["declined", "note"] = _usual_in_words(cohort)
    if kind == "state":
        shown = counts_by_state(cohort).loc[place]
        for name in OUTCOME_COLUMNS[1:]:
            table.loc[name] = [
                shown[name],
                np.nan,
                np.nan,
                "" if shown[f"{name}_shown"].isdecimal() else "small counts",
            ]
    return table.rename_axis("measure").reset_index()


def _usual_in_words(cohort: Cohort) -> str:
    """Say which counts would be usual, or nothing where they are not known."""
    row = weekly_counts(cohort).loc[pd.Timestamp(cohort.week)]
    return "" if np.isnan(row["usual_low"]) else f"usual: {row['usual_low']:.0f} to {row['usual_high']:.0f}"


def largest_place(cohort: Cohort) -> dict[str, object]:
    """Say which state holds over half of the nation's declines of the week, and what remains without it.

    Returns
    -------
    dict
        ``apart_name`` (None = no state does, or the cohort is not of all states; then there is nothing else),
        ``apart_declined`` of ``apart_total``, and of the others ``elsewhere_declined`` of ``elsewhere_issued``, with
        ``…_before`` where the week is compared with the one before.
    """
    declined = of_weeks(cohort.by_state, [cohort.week], list(states().index))["declined"]
    total = int(cohort.weekly.declined[ALL, ALL].loc[pd.Timestamp(cohort.week)])
    alone = cohort.cell != (ALL, ALL) or cohort.sole_state or total < MINIMUM_DIFFERENCE or 2 * declined.max() <= total
    if alone:
        return {"apart_name": None}
    place = str(declined.idxmax())
    rest = [frame[ALL, ALL] - frame["state", place] for frame in cohort.weekly[:2]]
    weeks = {"": cohort.week} | ({"_before": cohort.week - WEEK} if not cohort.pairs[0].refusal else {})
    return {
        "apart_name": place_name(place),
        "apart_declined": int(declined[place]),
        "apart_total": total,
        **{f"elsewhere_declined{name}": int(rest[0].loc[pd.Timestamp(week)]) for name, week in weeks.items()},
        **{f"elsewhere_issued{name}": int(rest[1].loc[pd.Timestamp(week)]) for name, week in weeks.items()},
    }


def estimates(cohort: Cohort) -> pd.DataFrame | None:
    """Estimate the final numbers of the nation's weeks (:func:`analysis.stats.nowcast.nowcast`); None = no delays."""
    return None if cohort.delays is None else nowcast(cohort.delays)


def cohort_facts(cohort: Cohort) -> dict[str, Any]:
    """Gather what sentences say of a weekly cohort, by id.

    ``last_week_…``, ``trailing_…`` and ``trend_…`` are its comparisons (:func:`analysis.stats.comparisons.family`);
    ``finding_1_…`` and so on the page's clear findings in the order in which they are named, ``findings`` their number.
    """
    week = weekly_counts(cohort).loc[pd.Timestamp(cohort.week)]
    tables = cohort.comparisons
    facts: dict[str, object] = {
        "week": cohort.week,
        "week_end": cohort.period.last_day,
        "week_name": name_week(cohort.week),
        "status": cohort.status,
        "days_covered": cohort.calendar.days_covered(cohort.week),
        "place": cohort.cell[1],
        "place_name": cohort.name,
        "place_title": cohort.name[0].upper() + cohort.name[1:],
        "nation_name": cohort.nation,
        **week.drop(["status", "outside"]),
        **{name: int(week[name]) for name in ("issued", "declined")},
        "outside": week["outside"] or None,
        "no_share": NO_SHARE if cohort.sole_outcome else None,
        "dispersion": cohort.dispersion[cohort.cell],
        "dispersion_weeks": len(cohort.settled_before),
        "tests": int(tables["p"].notna().sum()),
        "settling_days": SETTLING_DAYS,
        "trailing_weeks": TRAILING_WEEKS,
        "trend_weeks": TREND_WEEKS,
        "data_through": cohort.source.facts.last_day,
        "quarter_name": None if cohort.last_quarter is None else cohort.last_quarter.period.name,
    }
    for against, name in ((LAST_WEEK, "last_week"), (TRAILING, "trailing"), (TREND, "trend")):
        if (against, *cohort.cell) in tables.index:
            row = tables.loc[(against, *cohort.cell)]
            facts |= {f"{name}_{key}": row[key] for key in row.index if key != "reason"}
    facts |= _outcome_facts(cohort) | _status_facts(cohort) | _estimate_facts(cohort) | largest_place(cohort)
    if cohort.cell == (ALL, ALL):
        facts |= _nation_facts(cohort)
    return facts | _finding_facts(cohort)


def _outcome_facts(cohort: Cohort) -> dict[str, object]:
    """Give the other outcomes as far as they are shown; of an offence group they are not."""
    figures = key_figures(cohort).set_index("measure")["this_week"]
    return {name: None if pd.isna(figures.get(name)) else int(figures[name]) for name in OUTCOME_COLUMNS[1:]}


def _nation_facts(cohort: Cohort) -> dict[str, object]:
    """Count states, records, repeats and persons of the week."""
    counts = of_weeks(cohort.by_state, [cohort.week], [*states().index, NOT_GIVEN])
    given, records = counts.drop(index=NOT_GIVEN), rows_of_weeks(cohort.records, [cohort.week])
    has_ids = cohort.records["person"].notna().any()
    number = records["detainers"]
    kept = without_repeats(records)
    return {
        "states_with_detainers": int((given["issued"] > 0).sum()),
        "states_with_declines": int((given["declined"] > 0).sum()),
        "state_not_given": counts.loc[NOT_GIVEN, "issued"],
        "declined_state_not_given": counts.loc[NOT_GIVEN, "declined"],
        "records": number.sum(),
        "repeats_flagged": number.sum() - kept["detainers"].sum(),
        "persons": records["person"].nunique() if has_ids else None,
        "without_id": number[records["person"].isna()].sum(),
        "repeats_are": cohort.repeats,
    }


def _status_facts(cohort: Cohort) -> dict[str, object]:
    """Say how the week's status is known, and which check of its data it fails."""
    failed, complete = cohort.failed_check or {}, cohort.completeness.get(pd.Timestamp(cohort.week))
    by = "as measured" if complete is not None else f"by the rule of {SETTLING_DAYS} days"
    by = "it fails a check" if failed else "by the days covered" if cohort.status == "partial" else by
    return {
        "status_by": by,
        "week_completeness": None if cohort.status == "partial" else complete,
        **{f"check_{name}" if name != "check" else name: failed.get(name) for name in ("check", "found", "usual")},
    }


def _estimate_facts(cohort: Cohort) -> dict[str, object]:
    """Give the estimate of the nation's final number where the week is unfinished."""
    found = estimates(cohort) if cohort.cell[0] == ALL else None
    if found is None or cohort.delays is None or pd.Timestamp(cohort.week) not in found.index:
        return {"nowcast": None}
    now, past = found.loc[pd.Timestamp(cohort.week)], past_bands(cohort.delays)
    return {
        "maturity": now["maturity"],
        "nowcast": now["estimate"],
        "nowcast_low": now["low"],
        "nowcast_high": now["high"],
        "nowcast_level": 0.9,
        "nowcast_recorded": now["recorded"],
        "nowcast_reason": now["reason"] or None,
        **({} if past is None else {f"past_bands_{name}": value for name, value in past._asdict().items()}),
    }


def page_comparisons(cohort: Cohort) -> pd.DataFrame:
    """Give the comparisons that the cohort's page shows: of the nation all, of a state or offence group its own."""
    table = cohort.comparisons
    if cohort.cell == (ALL, ALL):
        return table
    kind, place = cohort.cell
    return table[(table.index.get_level_values("kind") == kind) & (table.index.get_level_values("place") == place)]


def cell_names(cohort: Cohort, kind: str, place: str) -> tuple[str, str]:
    """Name a cell of a comparison: by itself, and as a sentence begins with it."""
    if kind == "offence_group":
        name = str(groups().loc[place, "group"])
        return name, f"For {name}"
    if place == NOT_GIVEN:
        return "state not given", "Among detainers whose state is not given"
    name = cohort.nation if kind == ALL else place_name(place)
    return name, f"In {name}"


def _finding_facts(cohort: Cohort) -> dict[str, object]:
    """Give the page's clear findings as facts: the first ones one by one, the names of the others."""
    clear = clear_findings(page_comparisons(cohort))
    more = [
        f"{cell_names(cohort, row.kind, row.place)[0]} ({row.finding}, {row.against})"
        for row in clear[MOST_NAMED:].itertuples()
    ]
    facts: dict[str, object] = {"findings": len(clear), "more_findings": "; ".join(more) or None}
    for number, row in enumerate(clear.head(MOST_NAMED).itertuples(), 1):
        name, where = cell_names(cohort, row.kind, row.place)
        told: dict[str, object] = {"name": name, "where": where, "between": row.between or None}
        told |= {key: getattr(row, key) for key in ("against", "place", "finding", "share", "share_before")}
        counts = ("declined", "issued", "declined_before", "issued_before")
        told |= {key: int(getattr(row, key)) for key in counts}
        facts |= {f"finding_{number}_{key}": value for key, value in told.items()}
    return facts
