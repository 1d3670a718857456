"""The methods keep what they say: some of the calibration's trials with loose bounds, and its table of all of them."""

from pathlib import Path

import calibration_laws as laws
import calibration_trials as trials
import numpy as np
import pandas as pd
import pytest

from analysis.load.reference import data_file
from analysis.stats.comparisons import CLEAR

TABLE = pd.read_csv(data_file("reference/calibration.csv"), keep_default_na=False, na_values={"least": "", "most": ""})
PROMISES = pd.read_csv(Path(__file__).parents[1] / "cases" / "promises.csv")
SEED = 90_210


def of_law(law: str, number: int) -> list[np.random.Generator]:
    return [np.random.default_rng([SEED, laws.LAWS.index(law), trial]) for trial in range(number)]


# The made-up weeks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("law", "phi"), list(zip(laws.LAWS, (1.0, 2.7, 2.0, 3.0), strict=True)))
def test_a_law_has_the_levels_of_fiscal_2015_and_the_dispersion_that_it_names(law: str, phi: float) -> None:
    made = laws.weeks(law, 300, np.random.default_rng(1), laws.shares())
    assert (made.issued.sum(axis=2) >= made.declined.sum(axis=2)).all()
    nation, expected = made.declined.sum(axis=(1, 2)), made.expected.sum(axis=(1, 2))
    assert nation.mean() == pytest.approx(laws.levels().declined.sum(), rel=0.03)
    assert made.issued.sum() / 300 == pytest.approx(laws.levels().issued.sum(), rel=0.03)
    assert ((nation - expected) ** 2 / expected).mean() == pytest.approx(phi, rel=0.2)


# Some trials ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", laws.LAWS)
def test_few_null_weeks_name_a_direction_and_by_chance_alone_many_would(law: str) -> None:
    """The second bound says that the first is no matter of course: with a dispersion of 1 the same weeks break it."""
    false = np.zeros(2)
    for rng in of_law(law, 10):
        made = laws.weeks(law, trials.HISTORY + 1, rng, laws.shares())
        for n, phi in enumerate((trials.dispersion(made, 0, trials.HISTORY), pd.Series(1.0, trials.CELLS))):
            false[n] += (trials.directions(made, trials.HISTORY, phi) != 0).any()
    assert false[0] <= 3  # 0.5 expected
    assert false[1] >= 5 or law != "geometric batches"


@pytest.mark.parametrize("law", laws.LAWS)
def test_intervals_and_usual_ranges_hold_what_they_should(law: str) -> None:
    found = pd.DataFrame([row for rng in of_law(law, 4) for row in trials.intervals(law, rng)])
    sums = found.groupby(0).sum()
    share, places = sums[1] / sums[2], ["share of places with 20 detainers or more"]
    places += ["usual range of places with 5 declines expected or more"]
    assert share[places].between(0.9, 0.99).all()
    assert share[["share of the nation", "usual range of the nation"]].min() >= 0.8  # of 32 weeks


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


@pytest.mark.parametrize(("check", "least", "most"), PROMISES.to_numpy().tolist(), ids=PROMISES["check"])
def test_each_promise_stands_in_the_table_under_each_law(check: str, least: float, most: float) -> None:
    rows = TABLE[TABLE["check"] == check].set_index("law")
    of_laws = rows.drop(index="mean of all", errors="ignore")
    assert set(of_laws.index) == set(laws.LAWS)
    assert of_laws[["least", "most"]].to_numpy() == pytest.approx(np.array([[least, most]] * 4), nan_ok=True)
    assert ("mean of all" in rows.index) == (least == 0.9)
    if least == 0.9:
        mean = rows.loc["mean of all", ["least", "found"]].tolist()
        assert mean == pytest.approx([0.93, of_laws["found"].mean()], abs=1e-5)
    if "direction on" in check:
        assert (rows["trials"] >= 400).all()
        assert rows["note"].str.fullmatch(r"\d+\.\d of 52 weeks\.").all()
