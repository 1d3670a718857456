"""Cumulative incidence of the ends of detainers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cohorts import many
from statsmodels.duration.survfunc import SurvfuncRight

from analysis.errors import InputError
from analysis.load.table import Outcome
from analysis.stats.incidence import CAUSES, FOLLOWED, aalen_johansen, cumulative_incidence

EXTRACTED = date(2020, 6, 30)


def of(*rows: tuple[str | None, str | None, str, int]) -> pd.DataFrame:
    return many("issued_on lifted_on outcome", *rows)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4)), min_size=1, max_size=60))
def test_the_incidences_add_up_to_at_most_one(ends: list[tuple[int, int]]) -> None:
    days, cause = np.array(ends).T
    curves = aalen_johansen(days, cause, 4)
    sums = curves.groupby("day")["incidence"].sum()
    assert (sums <= 1 + 1e-9).all()
    # What has not ended is Kaplan-Meier over all causes together.
    everyone = SurvfuncRight(days, cause > 0)
    np.testing.assert_allclose(1 - sums.reindex(everyone.surv_times), everyone.surv_prob, atol=1e-9)
    known = curves[curves["low"].notna()]
    ordered = known.assign(zero=0, one=1)[["zero", "low", "incidence", "high", "one"]]
    assert (np.diff(ordered, axis=1) >= -1e-9).all()
    for number, curve in curves.groupby("cause")["incidence"]:
        assert (curve.diff().dropna() >= -1e-12).all()
        if number in cause:  # one minus Kaplan-Meier never understates
            assert 1 - SurvfuncRight(days, cause == number).surv_prob[-1] >= curve.max() - 1e-9


def test_curves_are_followed_for_sixty_days() -> None:
    rows = [("2020-01-01", "2020-01-21", Outcome.DECLINED, 1), ("2020-01-01", "2020-03-01", Outcome.DECLINED, 2)]
    later = [("2020-01-01", "2020-03-02", Outcome.DECLINED, 3), ("2020-01-01", "2020-05-01", Outcome.TAKEN, 4)]
    curves = cumulative_incidence(of(*rows, *later), EXTRACTED)
    assert sorted(curves["day"].unique()) == [20, 60]  # the first of March is the sixtieth day
    declined = curves[curves["outcome"] == Outcome.DECLINED].set_index("day")["incidence"]
    assert declined.to_dict() == {20: pytest.approx(0.1), 60: pytest.approx(0.3)}
    # Cutting the curves does not change them.
    whole = aalen_johansen([20] + [60] * 2 + [61] * 3 + [121] * 4, [1] * 6 + [2] * 4, len(CAUSES))
    whole = whole[whole["day"] <= FOLLOWED].drop(columns="cause").set_axis(curves.index)
    pd.testing.assert_frame_equal(curves.drop(columns="outcome"), whole)


def test_blanks_are_followed_to_the_extraction_and_replaced_forms_end_otherwise() -> None:
    table = of(
        ("2020-06-01", "2020-06-11", Outcome.DECLINED, 2),
        ("2020-06-01", "2020-06-21", Outcome.TAKEN, 1),
        ("2020-06-10", None, Outcome.NOT_RECORDED, 3),
        ("2020-06-10", "2020-06-15", Outcome.NOT_RECORDED, 1),
        ("2020-06-01", "2020-06-02", Outcome.REPLACED, 4),
    )
    found = cumulative_incidence(table, EXTRACTED).set_index(["outcome", "day"])
    assert found.loc[Outcome.TAKEN, "at_risk"].to_dict() == {1: 11, 5: 7, 10: 6, 20: 4}
    assert set(found.index.get_level_values("outcome")) == set(CAUSES)
    at = [(Outcome.OTHER, 1), (Outcome.DECLINED, 10), (Outcome.TAKEN, 20)]
    assert found.loc[at, "incidence"].tolist() == pytest.approx([4 / 11, 7 / 11 * 2 / 6, 7 / 11 * 4 / 6 * 1 / 4])
    # Ends of which no total is printed are one.
    rows = [("2020-06-01", "2020-06-11", outcome, 1) for outcome in Outcome if outcome != Outcome.NOT_RECORDED]
    last = cumulative_incidence(of(*rows), EXTRACTED).groupby("outcome")["incidence"].last()
    assert (last * len(rows)).round(6).to_dict() == {Outcome.DECLINED: 1, Outcome.TAKEN: 1, Outcome.OTHER: 5}


def test_impossible_dates_are_left_out() -> None:
    table = of(
        ("2020-06-01", "2020-06-11", Outcome.DECLINED, 1),
        ("2020-06-11", "2020-06-01", Outcome.DECLINED, 2),
        (None, "2020-06-01", Outcome.DECLINED, 3),
        ("2020-06-11", "2020-07-01", Outcome.TAKEN, 4),
        ("2020-07-11", None, Outcome.NOT_RECORDED, 5),
        ("2020-06-11", None, Outcome.TAKEN, 6),
    )
    curves = cumulative_incidence(table, EXTRACTED)
    assert curves["at_risk"].unique().tolist() == [1]
    assert curves.groupby("outcome")["incidence"].last()[Outcome.DECLINED] == 1


def test_without_days_of_ends_a_sentence_stops_and_without_ends_curves_are_flat() -> None:
    with pytest.raises(InputError, match="on which day detainers ended"):
        cumulative_incidence(of(("2020-06-01", None, Outcome.DECLINED, 1)), EXTRACTED)
    curves = cumulative_incidence(of(("2020-06-01", None, Outcome.NOT_RECORDED, 5)), EXTRACTED)
    assert curves["incidence"].eq(0).all()
    assert curves[["se", "low", "high"]].isna().all(axis=None)
    assert len(cumulative_incidence(of(("2020-06-01", None, Outcome.TAKEN, 1))[:0], EXTRACTED)) == 0
