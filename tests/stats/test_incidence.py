"""Cumulative incidence of the ends of detainers."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cohorts import made_cohort, many
from statsmodels.duration.survfunc import SurvfuncRight

import analysis as an
from analysis.errors import InputError
from analysis.load.table import Outcome
from analysis.stats.inference import aalen_johansen, cumulative_incidence

CURVES = yaml.safe_load(Path(__file__).with_name("curves.yml").read_text(encoding="utf-8"))
EXTRACTED = date(2020, 6, 30)


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


@pytest.mark.parametrize("case", CURVES, ids=lambda case: case["what"])
def test_the_curves_of_some_detainers(case: dict[str, Any]) -> None:
    found = cumulative_incidence(many("issued_on lifted_on outcome", *case["detainers"]), EXTRACTED)
    assert found[["outcome", "day", "at_risk"]].to_numpy().tolist() == [row[:3] for row in case["curves"]]
    assert found["incidence"].tolist() == pytest.approx([row[3] for row in case["curves"]], abs=1e-6)
    assert found.loc[found["incidence"].isin([0, 1]), ["se", "low", "high"]].isna().all(axis=None)


def test_curves_are_read_off_at_days_with_an_end_before_them_up_to_the_longest_followed() -> None:
    ends = [(f"2020-{day}", "TX", Outcome.DECLINED, number) for day, number in (("03-01", 2), ("03-02", 3))]
    ends += [("2020-01-21", "CA", Outcome.DECLINED, 1), ("2020-05-01", "TX", Outcome.TAKEN, 4)]
    made = made_cohort(many("issued_on lifted_on state outcome", *(("2020-01-01", *end) for end in ends)))
    found = an.time_to_outcome(made, at=[19, 20, 59, 60, 61])
    assert found[["day", "incidence"]].to_numpy().ravel() == pytest.approx([20, 0.1, 59, 0.1, 60, 0.3])
    assert [found.attrs["facts"][name] for name in ("followed", "declined_within")] == pytest.approx([10, 0.1])


def test_without_days_of_ends_a_sentence_stops() -> None:
    with pytest.raises(InputError, match="on which day detainers ended"):
        cumulative_incidence(many("issued_on outcome", ("2020-06-01", Outcome.DECLINED, 1)), EXTRACTED)
