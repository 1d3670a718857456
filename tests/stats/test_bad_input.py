"""Little or nothing to count: every method gives a defined result or NaN with a reason, never a silent zero."""

from datetime import date

import pandas as pd
import pytest
from made_cohorts import detainers

from analysis.load.table import Outcome
from analysis.stats.comparisons import compare
from analysis.stats.counts import count_outcomes, with_intervals
from analysis.stats.inference import cumulative_incidence
from analysis.stats.nowcast import measure_delays, nowcast
from analysis.stats.standardisation import decompose_change, direct, indirect, over_expected, shrink_shares

pytestmark = pytest.mark.filterwarnings("error")
FRIDAY = date(2020, 7, 3)
ONE_EACH = pd.Series(1.0, index=["CA", "FL", "NY", "TX"])
DECLINED = {"issued_on": "2020-06-28", "lifted_on": "2020-06-30", "state": "TX", "outcome": Outcome.DECLINED}
OFFENCE = {"offence_group": "DUI", "offence_status": "charged"}
ONE = detainers([DECLINED | OFFENCE])
EMPTY = ONE[:0]


def test_an_empty_period_has_no_rows_and_says_nothing() -> None:
    counts, by_request = count_outcomes(EMPTY, "state"), count_outcomes(EMPTY, ["state", "request"])
    of_counts = with_intervals(counts), compare(counts, counts), shrink_shares(counts)
    of_requests = indirect(by_request), direct(by_request)
    of_rows = over_expected(EMPTY, True, ONE_EACH), cumulative_incidence(EMPTY, FRIDAY)
    assert [len(result) for result in (*of_counts, *of_requests, *of_rows)] == [0] * 7
    for before, after in ((EMPTY, EMPTY), (EMPTY, ONE), (ONE, EMPTY)):
        assert decompose_change(before, after, ["request"])["change"].isna().all()


def test_one_row_gives_its_own_numbers_and_a_reason_for_the_rest() -> None:
    counts = count_outcomes(ONE, "state")
    assert compare(counts, counts)[["reason", "p"]].to_numpy().tolist() == [["", 1]]  # tested, and nothing found
    assert over_expected(ONE, True, ONE_EACH).empty  # of one detainer no four declines are expected
    triangle = measure_delays(ONE, FRIDAY, {})
    assert triangle is not None
    assert nowcast(triangle)["recorded"].tolist() == [1]
