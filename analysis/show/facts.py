"""The facts of a weekly cohort that its page's sentences name, by id."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.errors import InputError
from analysis.load.duplicates import without_repeats
from analysis.load.reference import groups, place_name, states
from analysis.periods import SETTLING_DAYS, last_day, name_week
from analysis.stats.cohort import Cohort
from analysis.stats.comparisons import LAST_WEEK, TRAILING, TREND, clear_findings
from analysis.stats.counts import ALL, NOT_GIVEN, OUTCOME_COLUMNS, TRAILING_WEEKS, TREND_WEEKS, of_weeks, rows_of_weeks
from analysis.stats.nowcast import BAND, past_bands
from analysis.stats.summary import estimates, key_figures, largest_place, page_comparisons, weekly_counts

MOST_NAMED = 4
"""Clear findings that a lead names in a sentence each; the others are named without their numbers."""
NO_SHARE = "every row of the source has the same recorded end, so no share is given"


def cohort_facts(cohort: Cohort) -> dict[str, Any]:
    """Gather what sentences say of a weekly cohort, by id.

    ``last_week_…``, ``trailing_…`` and ``trend_…`` are its comparisons (:func:`analysis.stats.comparisons.family`);
    ``finding_1_…`` and so on the page's clear findings in the order in which they are named, ``findings`` their number.

    Raises
    ------
    InputError
        The cohort is of several weeks.
    """
    if len(cohort.period.weeks) > 1:
        raise InputError("a weekly page is about one week", found=cohort.period.name, expected="a Saturday")
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
        "chance_alone": len(cohort.settled_before) < TRAILING_WEEKS,
        "tests": int(tables["p"].notna().sum()),
        "settling_days": SETTLING_DAYS,
        "trailing_weeks": TRAILING_WEEKS,
        "trend_weeks": TREND_WEEKS,
        "data_through": cohort.source.facts.last_day,
        **_quarter_facts(cohort),
    }
    facts["trend_to"] = last_day(cohort.pairs[-1].now[-1])
    for against, name in ((LAST_WEEK, "last_week"), (TRAILING, "trailing"), (TREND, "trend")):
        if (against, *cohort.cell) in tables.index:
            row = tables.loc[(against, *cohort.cell)]
            facts |= {f"{name}_{key}": row[key] for key in row.index if key != "reason"}
    facts |= _outcome_facts(cohort) | _status_facts(cohort) | _estimate_facts(cohort) | largest_place(cohort)
    if cohort.cell == (ALL, ALL):
        facts |= _nation_facts(cohort)
    return facts | _finding_facts(cohort)


def _quarter_facts(cohort: Cohort) -> dict[str, object]:
    """Name the last full quarter, with its first and last day; None where there is none."""
    period = None if cohort.last_quarter is None else cohort.last_quarter.period
    return {
        "quarter_name": period and period.name,
        "quarter_first": period and period.first_day,
        "quarter_last": period and period.last_day,
    }


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
        "nowcast_level": BAND,
        "nowcast_recorded": now["recorded"],
        "nowcast_reason": now["reason"] or None,
        **({} if past is None else {f"past_bands_{name}": value for name, value in past._asdict().items()}),
    }


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
