"""Cumulative incidence of the ends of detainers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from analysis.errors import InputError
from analysis.load.table import Outcome, as_table
from analysis.show.listings import at_days
from analysis.stats.incidence import CAUSES, READ_AT, aalen_johansen, cumulative_incidence

EXTRACTED = date(2020, 6, 30)


def detainers(*rows: tuple[str | None, str | None, str, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["issued_on", "lifted_on", "outcome", "detainers"])
    return as_table(frame.assign(source_file="made up", source_row=range(1, len(rows) + 1)))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4)), min_size=1, max_size=60))
def test_the_incidences_add_up_to_at_most_one(ends: list[tuple[int, int]]) -> None:
    days, cause = zip(*ends, strict=True)
    curves = aalen_johansen(days, cause, 4)
    sums = curves.groupby("day")["incidence"].sum()
    assert (sums <= 1 + 1e-9).all()
    # What has not ended is Kaplan-Meier over all causes together.
    everyone = SurvfuncRight(np.array(days), np.array(cause) > 0)
    at_ends = sums.reindex(everyone.surv_times)
    np.testing.assert_allclose(1 - at_ends, everyone.surv_prob, atol=1e-9)
    for number in range(1, 5):
        curve = curves[curves["cause"] == number]
        assert (curve["incidence"].diff().dropna() >= -1e-12).all()
        known = curve[curve["low"].notna()]
        assert (known["low"] <= known["incidence"] + 1e-9).all()
        assert (known["incidence"] <= known["high"] + 1e-9).all()
        assert (known["low"] >= 0).all()
        assert (known["high"] <= 1).all()


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), min_size=2, max_size=60))
def test_one_minus_kaplan_meier_never_understates(ends: list[tuple[int, int]]) -> None:
    days, cause = (np.array(values) for values in zip(*ends, strict=True))
    true = aalen_johansen(days, cause, 3).groupby("cause")["incidence"].last()
    for number in (1, 2, 3):
        if (cause == number).any():
            assert 1 - SurvfuncRight(days, cause == number).surv_prob[-1] >= true[number] - 1e-9


def test_a_curve_is_read_off_at_its_last_step_up_to_a_day() -> None:
    table = detainers(
        ("2020-01-01", "2020-01-10", Outcome.TAKEN, 2),
        ("2020-01-01", "2020-01-15", Outcome.DECLINED, 1),
        ("2020-01-01", "2020-01-31", Outcome.DECLINED, 1),
    )
    read = at_days(cumulative_incidence(table, EXTRACTED))
    assert [str(outcome) for outcome in read["outcome"].unique()] == [Outcome.DECLINED, Outcome.TAKEN]
    declined, taken = (read[read["outcome"] == outcome] for outcome in (Outcome.DECLINED, Outcome.TAKEN))
    # Nobody is followed for longer than 30 days: nothing is said of 60.
    assert list(zip(declined["day"], declined["incidence"], strict=True)) == [(14, 0.25), (30, 0.5)]
    assert list(zip(taken["day"], taken["incidence"], strict=True)) == [(14, 0.5), (30, 0.5)]
    assert at_days(cumulative_incidence(table, EXTRACTED).head(0)).empty


def test_curves_are_followed_for_sixty_days() -> None:
    rows = [("2020-01-01", "2020-01-21", Outcome.DECLINED, 1), ("2020-01-01", "2020-03-01", Outcome.DECLINED, 2)]
    later = [("2020-01-01", "2020-03-02", Outcome.DECLINED, 3), ("2020-01-01", "2020-05-01", Outcome.TAKEN, 4)]
    curves = cumulative_incidence(detainers(*rows, *later), EXTRACTED)
    assert sorted(curves["day"].unique()) == [20, 60]  # the first of March is the sixtieth day
    read = at_days(curves)
    assert set(read["outcome"]) == {Outcome.DECLINED}
    assert list(zip(read["day"], read["incidence"], strict=True)) == [
        (30, pytest.approx(0.1)),
        (60, pytest.approx(0.3)),
    ]
    # Cutting the curves does not change them.
    days = [20] + [60] * 2 + [61] * 3 + [121] * 4
    whole = aalen_johansen(days, [1] * 6 + [2] * 4, len(CAUSES))
    pd.testing.assert_frame_equal(
        curves.drop(columns="outcome").query("day <= 60"),
        whole[whole["day"] <= READ_AT[-1]].drop(columns="cause").set_axis(curves.index),
    )


def test_without_censoring_it_is_the_share() -> None:
    days, cause = np.arange(1, 11), np.array([1, 2, 1, 2, 3, 1, 1, 3, 2, 1])
    curves = aalen_johansen(days, cause, 3)
    assert curves.groupby("cause")["incidence"].last().tolist() == pytest.approx([0.5, 0.3, 0.2])
    assert curves["at_risk"].iloc[0] == 10


def test_blanks_are_followed_to_the_extraction_and_replaced_forms_end_otherwise() -> None:
    table = detainers(
        ("2020-06-01", "2020-06-11", Outcome.DECLINED, 2),
        ("2020-06-01", "2020-06-21", Outcome.TAKEN, 1),
        ("2020-06-10", None, Outcome.NOT_RECORDED, 3),
        ("2020-06-10", "2020-06-15", Outcome.NOT_RECORDED, 1),
        ("2020-06-01", "2020-06-02", Outcome.REPLACED, 4),
    )
    curves = cumulative_incidence(table, EXTRACTED).set_index(["outcome", "day"])["incidence"]
    assert curves[Outcome.OTHER, 1] == pytest.approx(4 / 11)
    assert curves[Outcome.DECLINED, 10] == pytest.approx(7 / 11 * 2 / 6)
    at_risk = cumulative_incidence(table, EXTRACTED).drop_duplicates("day").set_index("day")["at_risk"]
    assert at_risk.to_dict() == {1: 11, 5: 7, 10: 6, 20: 4}
    assert curves[Outcome.TAKEN, 20] == pytest.approx(7 / 11 * 4 / 6 * 1 / 4)
    assert set(curves.index.get_level_values("outcome")) == set(CAUSES)


def test_ends_of_which_no_total_is_printed_are_one() -> None:
    rows = [("2020-06-01", "2020-06-11", outcome, 1) for outcome in Outcome if outcome != Outcome.NOT_RECORDED]
    last = cumulative_incidence(detainers(*rows), EXTRACTED).groupby("outcome")["incidence"].last()
    assert (last * len(rows)).round(6).to_dict() == {Outcome.DECLINED: 1, Outcome.TAKEN: 1, Outcome.OTHER: 5}


def test_impossible_dates_are_left_out() -> None:
    table = detainers(
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


def test_a_source_without_days_of_ends_stops_with_a_sentence() -> None:
    with pytest.raises(InputError, match="on which day detainers ended"):
        cumulative_incidence(detainers(("2020-06-01", None, Outcome.DECLINED, 1)), EXTRACTED)


def test_all_blank_outcomes_give_flat_curves_and_an_empty_table_none() -> None:
    curves = cumulative_incidence(detainers(("2020-06-01", None, Outcome.NOT_RECORDED, 5)), EXTRACTED)
    assert curves["incidence"].eq(0).all()
    assert curves[["se", "low", "high"]].isna().all(axis=None)
    assert len(cumulative_incidence(detainers(), EXTRACTED)) == 0
