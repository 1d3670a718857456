"""Little or nothing to count: every method gives a defined result or NaN with a reason, never a silent zero."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.load.table import Outcome, as_table
from analysis.periods import Calendar
from analysis.stats import clusters, cohorts, context, disclosure, mix, nowcast, shrinkage
from analysis.stats.baselines import week_baselines
from analysis.stats.changes import compare
from analysis.stats.delays import triangle_of_lift_dates
from analysis.stats.incidence import cumulative_incidence
from analysis.stats.scan import scan_week

pytestmark = pytest.mark.filterwarnings("error")
FRIDAY = date(2020, 7, 3)
WEEK, CALENDAR = date(2020, 6, 27), Calendar(date(2020, 2, 1), FRIDAY, date(2021, 1, 1))
COLUMNS = ["issued_on", "lifted_on", "state", "offence_group", "offence_status", "request", "outcome", "detainers"]


def detainers(*rows: tuple[str | None, str | None, str, str, int]) -> pd.DataFrame:
    full = [(issued, lifted, state, "DUI", "charged", "hold", outcome, n) for issued, lifted, state, outcome, n in rows]
    frame = pd.DataFrame(full, columns=COLUMNS)
    return as_table(frame.assign(source_file="made up", source_row=range(1, len(rows) + 1)))


EMPTY = detainers()
ONE = detainers(("2020-06-28", "2020-06-30", "TX", Outcome.DECLINED, 1))
BLANK = detainers(
    *[(f"2020-06-{day:02}", None, state, Outcome.NOT_RECORDED, 3) for day in range(1, 29) for state in ("CA", "TX")],
    *[(f"2020-06-{day:02}", None, state, Outcome.NOT_RECORDED, 3) for day in range(1, 29) for state in ("NY", "FL")],
)


def by(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return cohorts.count_outcomes(table, list(columns))


def reasons(result: pd.DataFrame) -> set[str]:
    return set(result["reason"])


def test_an_empty_week_has_no_rows_and_says_nothing() -> None:
    counts = by(EMPTY, "state")
    for result in (
        counts,
        compare(counts, counts),
        shrinkage.shrunken_shares(counts),
        shrinkage.rank_probabilities(shrinkage.shrunken_shares(counts)),
        clusters.clustered_shares(by(EMPTY, "state", "request")),
        clusters.clustered_counts(by(EMPTY, "state", "request")["declined"]),
        mix.indirect_standardisation(by(EMPTY, "state", "request")),
        mix.direct_standardisation(by(EMPTY, "state", "request", "offence_group")),
        context.state_funnel(EMPTY, has_offences=True),
        context.state_funnel(EMPTY, has_offences=False),
        cumulative_incidence(EMPTY, FRIDAY),
        scan_week(EMPTY, WEEK, CALENDAR),
    ):
        assert len(result) == 0
    assert disclosure.suppress_list(counts["declined"]).empty
    with pytest.raises(InputError, match="no detainer with a day of issue"):
        triangle_of_lift_dates(EMPTY, FRIDAY)


def test_one_row_gives_its_own_numbers_and_a_reason_for_the_rest() -> None:
    counts = by(ONE, "state")
    assert counts.loc["TX", ["issued", "declined"]].tolist() == [1, 1]
    assert reasons(compare(counts, counts)) == {""}  # one expected: tested, and nothing found
    assert compare(counts, counts)["p"].tolist() == [1]
    assert reasons(shrinkage.shrunken_shares(counts)) == {"too few places"}
    assert shrinkage.shrunken_shares(counts)["shrunken"].isna().all()
    assert reasons(clusters.clustered_shares(by(ONE, "state", "request"))) == {"every detainer declined"}
    assert reasons(context.state_funnel(ONE, has_offences=False)) == {"too few places"}
    assert context.state_funnel(ONE, has_offences=True).empty  # one detainer by offence is not shown
    scanned = scan_week(ONE, WEEK, CALENDAR)
    assert reasons(scanned) == {"too few declines"}
    assert scanned["p"].isna().all()
    assert not scanned["flagged"].any()
    cast = nowcast.nowcast(triangle_of_lift_dates(ONE, FRIDAY))
    assert cast["recorded"].tolist() == [1]
    assert len(nowcast.coverage(nowcast.backtest(triangle_of_lift_dates(ONE, FRIDAY)))) == 0


def test_with_every_outcome_blank_no_share_is_spread_and_no_ratio_given() -> None:
    counts = by(BLANK, "state")
    assert counts["declined"].eq(0).all()
    assert reasons(compare(counts, counts)) == {"too few declines"}
    assert reasons(shrinkage.shrunken_shares(counts)) == {"no declines"}
    assert reasons(clusters.clustered_shares(by(BLANK, "state", "request"))) == {"no declines"}
    placed = context.state_funnel(BLANK, has_offences=True)
    assert placed[["ratio", "high_95"]].isna().all(axis=None)
    assert "" not in reasons(placed)
    assert len(scan_week(BLANK, WEEK, CALENDAR)) == 0
    cast = nowcast.nowcast(triangle_of_lift_dates(BLANK, FRIDAY))
    assert set(cast["reason"][:-1]) <= {"", "no recording delays measured"}
    assert cast["estimate"].dropna().eq(0).all()
    assert cumulative_incidence(BLANK, FRIDAY)["incidence"].eq(0).all()


def test_a_zero_denominator_is_missing_with_a_reason() -> None:
    none = pd.DataFrame({"declined": [0], "issued": [0]}, index=["TX"])
    some = pd.DataFrame({"declined": [3], "issued": [9]}, index=["TX"])
    for now, before in ((none, some), (some, none), (none, none)):
        assert reasons(compare(now, before)) == {"no detainers"}
    assert reasons(shrinkage.shrunken_shares(none)) == {"no detainers"}
    assert mix.change_of_share(none, some)[["mix_effect", "share_effect"]].isna().all(axis=None)
    assert mix.change_of_count(none, some).isna().all()


def test_a_state_that_appears_for_the_first_time_is_looked_at_without_a_past() -> None:
    weeks = pd.date_range("2020-01-04", periods=30, freq="7D", name="week")
    counts = pd.DataFrame({"TX": np.r_[np.full(29, 6.0), 8], "VI": np.r_[np.zeros(29), 9]}, index=weeks)
    found = week_baselines(counts)
    assert found.loc["VI", "expected"] == 0
    assert found.loc["VI", "p"] < 0.01
    assert np.isfinite(found.loc["TX", "p"])
    counts.loc[weeks[-1], "VI"] = 2
    assert week_baselines(counts).loc["VI", "reason"] == "too few declines"


@pytest.mark.parametrize("weeks", [30, 200])
def test_weeks_missing_in_the_middle_are_no_zeros(weeks: int) -> None:
    index = pd.date_range("2020-01-04", periods=weeks, freq="7D", name="week")
    counts = pd.DataFrame(np.random.default_rng(1).poisson(6, (weeks, 2)).astype(float), index, ["CA", "TX"])
    whole = week_baselines(counts)
    counts.iloc[-4 if weeks == 30 else slice(20, 140), 1] = np.nan
    found = week_baselines(counts)
    assert found.loc["TX", "reason"] == "weeks missing"
    assert np.isnan(found.loc["TX", "expected"])
    assert found.loc["CA", "expected"] == pytest.approx(whole.loc["CA", "expected"])


def test_no_cell_at_all_and_cells_without_events() -> None:
    weeks = pd.date_range("2020-01-04", periods=200, freq="7D", name="week")
    assert len(week_baselines(pd.DataFrame(index=weeks[:30]))) == 0
    for length in (30, 200):
        none = week_baselines(pd.DataFrame(np.zeros((length, 2)), weeks[:length]))
        assert reasons(none) == {"too few declines"}
        assert none[["expected", "upper", "p"]].isna().all(axis=None)
