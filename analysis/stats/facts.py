"""The facts of a weekly cohort that its page's sentences name, by id."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pandas as pd

from analysis.errors import InputError
from analysis.load.duplicates import without_repeats
from analysis.load.reference import place_name, states
from analysis.load.sources import SourceFacts
from analysis.periods import SETTLING_DAYS, last_day
from analysis.stats.cohort import ONE_END, Cohort
from analysis.stats.comparisons import LAST_WEEK, TRAILING, TREND, clear_findings
from analysis.stats.counts import ALL, NOT_GIVEN, OUTCOME_COLUMNS, TRAILING_WEEKS, TREND_WEEKS, of_weeks, rows_of_weeks
from analysis.stats.inference import largest_place, own_comparisons
from analysis.stats.nowcast import BAND, completeness_by_week, nowcast, past_bands
from analysis.stats.summary import cell_name, key_figures, weekly_counts

MOST_NAMED = 4  # clear findings that a lead names in a sentence each; the others are named without their numbers
NO_SHARE = f"{ONE_END}, so no share is given"
NOT_EXTRACTED = "day of extraction not known, taken as the newest day of issue or of an end"


def extraction_facts(facts: SourceFacts) -> dict[str, str | None]:
    """Give the day of a source's extraction as facts, where it is known; the day that stands in for it is no fact."""
    if not facts.extracted_known:
        return {"extracted_on": None, "extracted_words": NOT_EXTRACTED}
    day = facts.extracted_on
    return {"extracted_on": day.isoformat(), "extracted_words": f"extracted on {day.day} {day:%B} {day.year}"}


@lru_cache(maxsize=4)
def cohort_facts(cohort: Cohort) -> dict[str, Any]:
    """Gather what sentences say of a weekly cohort, by id.

    ``last_week_…``, ``trailing_…`` and ``trend_…`` are its comparisons (:func:`analysis.stats.comparisons.family`);
    ``finding_1_…`` and so on the page's clear findings in the order in which they are named, ``findings`` their number.
    """
    if len(cohort.period.weeks) > 1:
        raise InputError("a weekly page is about one week", found=cohort.period.name, expected="a Saturday")
    week, figures = weekly_counts(cohort).loc[pd.Timestamp(cohort.week)], key_figures(cohort)["this_week"]
    tables, quarter = cohort.comparisons, cohort.last_quarter and cohort.last_quarter.period
    facts: dict[str, object] = {
        "week": cohort.week,
        "week_end": cohort.period.last_day,
        "week_name": cohort.period.name,
        "status": cohort.status,
        "days_covered": cohort.calendar.days_covered(cohort.week),
        "place": cohort.cell[1],
        "place_name": cohort.name,
        "place_title": cohort.name[0].upper() + cohort.name[1:],
        "nation_name": place_name(cohort.sole_state or ALL),
        **week.drop(["status", "outside"]),
        **{name: int(week[name]) for name in ("issued", "declined")},
        "outside": week["outside"] or None,
        "no_share": NO_SHARE if cohort.sole_outcome else None,
        "dispersion": cohort.dispersion[cohort.cell],
        "dispersion_weeks": cohort.dispersion.attrs["weeks"],
        "chance_alone": cohort.dispersion.attrs["weeks"] < TRAILING_WEEKS,
        "tests": int(tables["p"].notna().sum()),
        "settling_days": SETTLING_DAYS,
        "trailing_weeks": TRAILING_WEEKS,
        "trend_weeks": TREND_WEEKS,
        "data_through": cohort.source.facts.last_day,
        "trend_to": last_day(cohort.pairs[-1].now[-1]),
        "quarter_name": quarter and quarter.name,
        "quarter_first": quarter and quarter.first_day,
        "quarter_last": quarter and quarter.last_day,
        **{name: None if pd.isna(figures.get(name)) else int(figures[name]) for name in OUTCOME_COLUMNS[1:]},
    }
    for against, name in ((LAST_WEEK, "last_week"), (TRAILING, "trailing"), (TREND, "trend")):
        if (against, *cohort.cell) in tables.index:
            row = tables.loc[(against, *cohort.cell)]
            facts |= {f"{name}_{key}": row[key] for key in row.index if key != "reason"}
    facts |= _status_facts(cohort) | _estimate_facts(cohort) | largest_place(cohort)
    if cohort.cell == (ALL, ALL):
        facts |= _nation_facts(cohort)
    return facts | _finding_facts(cohort)


def _nation_facts(cohort: Cohort) -> dict[str, object]:
    """Count states, records, repeats and persons of the week."""
    counts = of_weeks(cohort.by_state, [cohort.week], [*states().index, NOT_GIVEN])
    given, records = counts.drop(index=NOT_GIVEN), rows_of_weeks(cohort.records, [cohort.week])
    number = records["detainers"]
    return {
        "states_with_detainers": int((given["issued"] > 0).sum()),
        "states_with_declines": int((given["declined"] > 0).sum()),
        "state_not_given": counts.loc[NOT_GIVEN, "issued"],
        "declined_state_not_given": counts.loc[NOT_GIVEN, "declined"],
        "records": number.sum(),
        "repeats_flagged": number.sum() - without_repeats(records)["detainers"].sum(),
        "persons": records["person"].nunique() if cohort.records["person"].notna().any() else None,
        "without_id": number[records["person"].isna()].sum(),
        "repeats_are": cohort.repeats,
    }


def _status_facts(cohort: Cohort) -> dict[str, object]:
    """Say how the week's status is known, and which check of its data it fails."""
    failed, delays = cohort.failed_check or {}, cohort.delays
    complete = None if delays is None else completeness_by_week(delays).get(pd.Timestamp(cohort.week))
    by = "as measured" if complete is not None else f"by the rule of {SETTLING_DAYS} days"
    by = "it fails a check" if failed else "by the days covered" if cohort.status == "partial" else by
    return {
        "status_by": by,
        "week_completeness": None if cohort.status == "partial" else complete,
        **{f"check_{name}" if name != "check" else name: failed.get(name) for name in ("check", "found", "usual")},
    }


def _estimate_facts(cohort: Cohort) -> dict[str, object]:
    """Give the estimate of the nation's final number where the week is unfinished."""
    found = nowcast(cohort.delays) if cohort.cell[0] == ALL and cohort.delays else None
    if found is None or cohort.delays is None or pd.Timestamp(cohort.week) not in found.index:
        return {"nowcast": None}
    now = found.loc[pd.Timestamp(cohort.week)]
    return {
        "maturity": now["maturity"],
        "nowcast": now["estimate"],
        "nowcast_low": now["low"],
        "nowcast_high": now["high"],
        "nowcast_level": BAND,
        "nowcast_recorded": now["recorded"],
        "nowcast_reason": now["reason"] or None,
        **past_bands(cohort.delays),
    }


def _finding_facts(cohort: Cohort) -> dict[str, object]:
    """Give the page's clear findings as facts: the first ones one by one, the names of the others."""
    clear = clear_findings(own_comparisons(cohort))
    rest = clear[MOST_NAMED:].itertuples()
    more = [f"{cell_name(cohort, row.kind, row.place)} ({row.finding}, {row.against})" for row in rest]
    facts: dict[str, object] = {"findings": len(clear), "more_findings": "; ".join(more) or None}
    for number, row in enumerate(clear.head(MOST_NAMED).itertuples(), 1):
        name = cell_name(cohort, row.kind, row.place)
        where = f"For {name}" if row.kind == "offence_group" else f"In {name}"
        where = "Among detainers whose state is not given" if row.place == NOT_GIVEN else where
        told: dict[str, object] = {"name": name, "where": where, "between": row.between or None}
        told |= {key: getattr(row, key) for key in ("against", "place", "finding", "share", "share_before")}
        counts = ("declined", "issued", "declined_before", "issued_before")
        told |= {key: int(getattr(row, key)) for key in counts}
        facts |= {f"finding_{number}_{key}": value for key, value in told.items()}
    return facts
