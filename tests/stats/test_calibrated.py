"""The methods keep what they say: some of the calibration's trials with loose bounds, and its table of all of them."""

from __future__ import annotations

import ast
from pathlib import Path

import calibration_laws as laws
import calibration_trials as trials
import numpy as np
import pandas as pd
import pytest

from analysis.load.reference import data_file
from analysis.stats.comparisons import CLEAR

TABLE = pd.read_csv(data_file("reference/calibration.csv"), keep_default_na=False, na_values={"least": "", "most": ""})
FOUR = set(laws.LAWS)
SEED = 90_210


def of_law(law: str, number: int) -> list[np.random.Generator]:
    return [np.random.default_rng([SEED, laws.LAWS.index(law), trial]) for trial in range(number)]


# The made-up weeks ---------------------------------------------------------------------------------------------------


def test_what_makes_weeks_up_knows_nothing_of_what_is_tried_on_them() -> None:
    tree = ast.parse(Path(laws.__file__).read_text(encoding="utf-8"))
    froms = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert not [name for name in froms + names if name.startswith("analysis")]


@pytest.mark.parametrize(("law", "phi"), list(zip(laws.LAWS, (1.0, 2.7, 2.0, 3.0), strict=True)))
def test_a_law_has_the_levels_of_fiscal_2015_and_the_dispersion_that_it_names(law: str, phi: float) -> None:
    made = laws.weeks(law, 400, np.random.default_rng(1), laws.shares())
    assert (made.issued.sum(axis=2) >= made.declined.sum(axis=2)).all()
    nation, expected = made.declined.sum(axis=(1, 2)), made.expected.sum(axis=(1, 2))
    assert nation.mean() == pytest.approx(laws.levels().declined.sum(), rel=0.03)
    assert made.issued.sum() / 400 == pytest.approx(laws.levels().issued.sum(), rel=0.03)
    assert ((nation - expected) ** 2 / expected).mean() == pytest.approx(phi, rel=0.2)


@pytest.mark.parametrize("delay", laws.DELAYS)
def test_slower_delays_leave_less_recorded_and_the_same_in_the_end(delay: str) -> None:
    slower = np.repeat([1.0, 2.0], 300)
    known = laws.recorded("Poisson", delay, slower, 60, 26, np.random.default_rng(2))
    assert (np.diff(known, axis=1) >= 0).all()
    assert known[:, -1].reshape(2, -1).mean(axis=1) == pytest.approx([60, 60], rel=0.03)
    assert known[:300, 0].mean() > 1.3 * known[300:, 0].mean()


# Some trials ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", laws.LAWS)
def test_few_null_weeks_name_a_direction(law: str) -> None:
    false = 0
    for rng in of_law(law, 30):
        made = laws.weeks(law, trials.HISTORY + 1, rng, laws.shares())
        false += (trials.directions(made, trials.HISTORY, trials.dispersion(made, 0, trials.HISTORY)) != 0).any()
    assert false <= 5  # at most 1.5 expected


def test_by_chance_alone_many_would() -> None:
    """The bound above is no matter of course: with a dispersion of 1 the same weeks break it."""
    law, false = "geometric batches", 0
    for rng in of_law(law, 20):
        made = laws.weeks(law, trials.HISTORY + 1, rng, laws.shares())
        false += (trials.directions(made, trials.HISTORY, pd.Series(1.0, trials.CELLS)) != 0).any()
    assert false >= 10


@pytest.mark.parametrize("law", laws.LAWS)
def test_intervals_and_usual_ranges_hold_what_they_should(law: str) -> None:
    found = pd.DataFrame([row for rng in of_law(law, 8) for row in trials.intervals(law, rng)]).set_index(0)
    sums = found.groupby(level=0).sum()
    share = sums[1] / sums[2]
    for check in (
        "share of places with 20 detainers or more",
        "usual range of places with 5 declines expected or more",
    ):
        assert 0.9 <= share[check] <= 0.99
    for check in ("share of the nation", "usual range of the nation"):
        assert share[check] >= 0.85  # of 64 weeks


def test_the_quick_way_of_the_trials_finds_what_a_page_finds() -> None:
    law = "negative binomial"
    share = np.tile(laws.shares(), (trials.HISTORY + 1, 1, 1))
    share[-1, :, ::2] *= 2.5  # some groups rise
    share[-13:, trials.PLACES.index("NY")] /= 6
    for history, rng in zip((trials.HISTORY, 9), of_law(law, 2), strict=True):
        made = laws.weeks(law, trials.HISTORY + 1, rng, share)
        phi = trials.dispersion(made, trials.HISTORY - history, trials.HISTORY)
        quick, table = trials.directions(made, history, phi), trials.page(made, history, phi)
        named = table["finding"].where(table["finding"].isin(CLEAR), "")
        assert quick.map({1.0: "higher", -1.0: "lower", 0.0: ""}).tolist() == named.tolist()
        assert (quick != 0).any()


# The table -----------------------------------------------------------------------------------------------------------


def test_verdicts_follow_from_the_numbers_and_a_miss_says_why() -> None:
    low, high = TABLE["least"].fillna(-np.inf), TABLE["most"].fillna(np.inf)
    promised = TABLE["least"].notna() | TABLE["most"].notna()
    kept = TABLE["found"].between(low, high).map({True: "met", False: "missed"})
    assert TABLE["verdict"].tolist() == kept.where(promised, "shown").tolist()
    assert (promised == (TABLE["target"] != "")).all()
    assert (TABLE.loc[TABLE["verdict"] == "missed", "note"] != "").all()
    assert not TABLE.duplicated(["check", "law"]).any()
    assert TABLE["found"].between(0, 1).all()
    assert (TABLE["mc_error"] >= 0).all()


@pytest.mark.parametrize(
    ("check", "least", "most"),
    [
        ("any direction on a page", None, 0.05),
        ("any direction of a trend", None, 0.05),
        ("share of the nation", 0.9, None),
        ("share of places with 20 detainers or more", 0.9, None),
        ("share of offence groups", 0.9, None),
        ("usual range of the nation", 0.9, None),
        ("usual range of places with 5 declines expected or more", 0.9, None),
        ("usual range of smaller places", 0.9, None),
        ("interval of the ratio, last week", 0.9, None),
        ("interval of the ratio, trailing weeks", 0.9, None),
        ("interval of the ratio, trend", 0.9, None),
        ("threefold rise of one place with 10 usual declines is called higher", None, None),
        ("90% band of the youngest week, geometric, stable delays", 0.85, 0.95),
        ("90% band of the youngest week, lognormal, stable delays", 0.85, 0.95),
        ("90% band of the youngest week, geometric, delays that double over 20 weeks", 0.75, None),
        ("90% band of the youngest week, lognormal, delays that double over 20 weeks", 0.75, None),
    ],
)
def test_each_promise_stands_in_the_table_under_each_law(check: str, least: float | None, most: float | None) -> None:
    rows = TABLE[TABLE["check"] == check].set_index("law")
    mean = {"mean of all"} if least == 0.9 else set()
    assert set(rows.index) == FOUR | mean
    for name, bound in (("least", least), ("most", most)):
        of_laws = rows.loc[sorted(FOUR), name]
        assert of_laws.isna().all() if bound is None else of_laws.eq(bound).all()
    if mean:
        assert rows.loc["mean of all", "least"] == 0.93
        assert rows.loc["mean of all", "found"] == pytest.approx(rows.loc[sorted(FOUR), "found"].mean(), abs=1e-5)
    if "direction on" in check:
        assert (rows["trials"] >= 400).all()
        assert rows["note"].str.fullmatch(r"\d+\.\d of 52 weeks\.").all()
