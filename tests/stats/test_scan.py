"""The week's scan, a series' baseline, and a slow drift: planted changes are found, too little is said to be that."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from test_cohorts import CALENDAR, FIRST, detainers, weekly

from analysis.load.table import Outcome
from analysis.periods import WEEK, Calendar
from analysis.stats import cohorts
from analysis.stats.baselines import ears
from analysis.stats.cohorts import NOT_GIVEN
from analysis.stats.scan import ALL_GROUPS, DRIFT_LIMIT, WATCHED, drift, scan_week, with_baseline

LONG = Calendar(FIRST, FIRST + 40 * WEEK - timedelta(days=1), date(2018, 1, 1))
STEADY = [(n, 100) for n in [9, 11, 10, 12, 8, 10, 11, 9] * 5]
DRIFTING = [*STEADY[:27], *[(n, 100) for n in [14, 15, 13, 15, 16, 14, 15, 17, 14, 15, 16, 15, 14]]]


def test_a_drift_is_found_where_it_is_and_nowhere_else() -> None:
    found = drift(weekly(CA=DRIFTING, TX=STEADY, ME=[(0, 5)] * 40, blank=STEADY), FIRST + 39 * WEEK, LONG)
    assert found.reason == ""
    assert found.sums.index.tolist() == ["all", "CA", "TX"]  # too little in Maine; the blank is no place
    assert found.sums["CA"] > DRIFT_LIMIT
    assert found.sums["TX"] < 1
    assert NOT_GIVEN not in found.sums.index


def test_more_detainers_are_no_drift() -> None:
    doubled = [*STEADY[:27], *[(2 * n, 200) for n, _ in STEADY[27:]]]
    assert drift(weekly(CA=doubled), FIRST + 39 * WEEK, LONG).sums["CA"] < DRIFT_LIMIT


def test_too_few_weeks_for_a_drift_are_counted() -> None:
    short = Calendar(FIRST, FIRST + 20 * WEEK - timedelta(days=1), LONG.extracted_on)
    found = drift(weekly(CA=STEADY[:20]), FIRST + 19 * WEEK, short)
    assert found.sums.empty
    assert found.reason == f"20 full weeks of data, and none is looked for before {12 + WATCHED} of them"
    partial = Calendar(FIRST, FIRST + 40 * WEEK - timedelta(days=2), LONG.extracted_on)
    assert drift(weekly(CA=STEADY), FIRST + 39 * WEEK, partial).reason == "the week is not settled"


def test_the_baseline_of_a_series_is_the_first_ears_chart_and_skips_partial_weeks() -> None:
    rows = [
        {"issued_on": FIRST + n * WEEK, "outcome": outcome, "detainers": number}
        for n in range(12)
        for outcome, number in ((Outcome.DECLINED, 30 if n == 10 else 9 + n % 3), (Outcome.TAKEN, 50))
    ]
    series = with_baseline(cohorts.weekly_series(cohorts.count_outcomes(detainers(rows), ["week", "state"]), CALENDAR))
    chart = ears(series["declined"].astype(float))
    np.testing.assert_allclose(series["upper"], chart.upper[:, 0])
    assert series["upper"].isna().tolist() == [True] * 7 + [False] * 5
    assert series.index[series["above"]].tolist() == [pd.Timestamp(FIRST + 10 * WEEK)]
    partial = Calendar(FIRST, FIRST + 12 * WEEK - timedelta(days=3), CALENDAR.extracted_on)
    last = with_baseline(
        cohorts.weekly_series(cohorts.count_outcomes(detainers(rows), ["week", "state"]), partial)
    ).iloc[-1]
    assert not last["above"]


@pytest.mark.parametrize("group", [None, "DUI"])
def test_the_scan_has_a_cell_for_each_offence_group_of_all_states(group: str | None) -> None:
    rows = [
        {"issued_on": FIRST + n * WEEK, "state": state, "offence_group": group, "outcome": Outcome.DECLINED}
        for n in range(12)
        for state in ("CA", "TX")
    ]
    scanned = scan_week(detainers(rows), FIRST + 11 * WEEK, CALENDAR)
    cells = set(zip(scanned["state"], scanned["group"], strict=True))
    whole = {("all", ALL_GROUPS), ("CA", ALL_GROUPS), ("TX", ALL_GROUPS)}
    assert cells == (whole | {("all", "DUI"), ("CA", "DUI"), ("TX", "DUI")} if group else whole)
