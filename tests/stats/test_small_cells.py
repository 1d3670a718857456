"""Small cells in reports: the same cell hidden everywhere, and nothing beside it that gives it away."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from test_cohorts import detainers
from test_disclosure import assert_safe

from analysis.load.names import OTHER_AGENCIES
from analysis.load.table import Outcome
from analysis.stats.cohorts import NOT_GIVEN
from analysis.stats.context import like_states, state_funnel
from analysis.stats.disclosure import TOTAL, WITHHELD
from analysis.stats.small_cells import (
    ELSE,
    OTHER_GROUPS,
    OTHER_STATES,
    agency_outcomes,
    is_shown,
    state_by_offence,
    visible_mix,
)


def by_offence(counts: dict[str | None, dict[str, int]]) -> pd.DataFrame:
    """Make the detainers of a week by state and offence group."""
    rows = [
        {"state": state, "offence_group": group, "detainers": count}
        for state, groups in counts.items()
        for group, count in groups.items()
    ]
    return detainers(rows)


def test_small_states_and_groups_are_added_up_and_no_total_is_lost() -> None:
    table = by_offence(
        {
            "CA": {"DUI": 40, "ASSAULT": 30, "HOMICIDE": 2},
            "TX": {"DUI": 60, "ASSAULT": 31, "FRAUD": 1},
            "ME": {"DUI": 3, "ASSAULT": 1},
            "VT": {"DUI": 4, "KIDNAP": 1},
            None: {"DUI": 12},
        }
    )
    shown = state_by_offence(table, "issued")
    assert shown is not None
    assert shown.labels.index.tolist() == ["TX", "CA", NOT_GIVEN, OTHER_STATES, "total"]
    assert shown.labels.columns.tolist() == ["ASSAULT", "DUI", OTHER_GROUPS, "total"]
    assert shown.labels["total"].tolist() == ["92", "72", "12", "9", "185"]
    assert shown.labels.loc["total"].tolist() == ["62", "119", "4", "185"]
    small = shown.labels.loc[["TX", "CA", OTHER_STATES], OTHER_GROUPS]
    assert small.isin(["1–4", "not shown"]).all()


@pytest.mark.parametrize("counts", [{"CA": {"DUI": 9}, "TX": {"ASSAULT": 9}}, {"CA": {"DUI": 40, "FRAUD": 30}}])
def test_too_little_by_offence_is_not_shown_at_all(counts: dict[str | None, dict[str, int]]) -> None:
    assert state_by_offence(by_offence(counts), "issued") is None


def test_what_the_table_hides_or_adds_up_is_not_shown() -> None:
    table = by_offence({"CA": {"DUI": 40, "ASSAULT": 3}, "TX": {"DUI": 31, "ASSAULT": 28}, "ME": {"DUI": 3}})
    shown = state_by_offence(table, "issued")
    assert not is_shown(shown, "CA", "ASSAULT")
    assert not is_shown(shown, "ME", "DUI")
    assert not is_shown(shown, "CA", "FRAUD")
    assert not is_shown(None, "CA", "DUI")
    sure = by_offence({"CA": {"DUI": 40, "ASSAULT": 30}, "TX": {"DUI": 31, "ASSAULT": 28}})
    assert is_shown(state_by_offence(sure, "issued"), "CA", "ASSAULT")


# Agencies.


def of_agencies(counts: dict[str | None, tuple[int, int]]) -> pd.DataFrame:
    """Make a state's detainers from (declined, issued) of each agency."""
    return detainers(
        [
            {"state": "CA", "agency": agency, "outcome": outcome, "detainers": number}
            for agency, (declined, issued) in counts.items()
            for outcome, number in ((Outcome.DECLINED, declined), (Outcome.NOT_RECORDED, issued - declined))
            if number
        ]
    )


def test_agencies_below_the_threshold_are_added_up_and_the_totals_stay() -> None:
    shown = agency_outcomes(of_agencies({"A": (20, 60), "B": (0, 30), "C": (1, 9), "D": (0, 2), None: (7, 40)}))
    assert shown is not None
    assert shown.labels.index.tolist() == ["A", NOT_GIVEN, "B", OTHER_AGENCIES, TOTAL]
    assert shown.labels[TOTAL].tolist() == ["60", "40", "30", "11", "141"]
    assert shown.labels.loc[OTHER_AGENCIES, "declined"] in ("1–4", "not shown")
    assert shown.labels.loc[TOTAL, "declined"] == "28"


@pytest.mark.parametrize("small", [{"C": (1, 9)}, {"C": (0, 2), "D": (1, 2)}])
def test_a_sum_of_agencies_never_tells_of_one_of_them(small: dict[str | None, tuple[int, int]]) -> None:
    shown = agency_outcomes(of_agencies({"A": (20, 60), "B": (11, 30), "E": (9, 25), **small}))
    assert shown is not None
    assert shown.labels.index.tolist() == ["A", "B", OTHER_AGENCIES, TOTAL]


def test_a_state_with_one_agency_or_none_named_shows_none() -> None:
    assert agency_outcomes(of_agencies({"A": (20, 60)})) is None
    assert agency_outcomes(of_agencies({None: (20, 60)})) is None


@pytest.mark.parametrize("seed", range(12))
def test_no_solver_recovers_an_agencys_small_count_from_the_table(seed: int) -> None:
    generator = np.random.default_rng(seed)
    issued = generator.geometric(0.04, size=14)
    declined = generator.binomial(issued, generator.beta(0.5, 3, size=14))
    counts: dict[str | None, tuple[int, int]] = {
        f"A{n}": (int(d), int(i)) for n, (d, i) in enumerate(zip(declined, issued, strict=True))
    }
    shown = agency_outcomes(of_agencies(counts))
    assert shown is not None
    parts = {name: counts[name] for name in shown.labels.index if name in counts}
    rest = np.sum([value for name, value in counts.items() if name not in parts], axis=0)
    table = pd.DataFrame(parts, index=["declined", TOTAL]).T
    if OTHER_AGENCIES in shown.labels.index:
        table.loc[OTHER_AGENCIES] = rest
    whole = pd.DataFrame({"declined": table["declined"], ELSE: table[TOTAL] - table["declined"]})
    assert_safe(whole, shown)


# Numbers made of a state's offences.

SPARSE = by_offence(
    {
        "CA": {"DUI": 40, "ASSAULT": 30, "FRAUD": 12, "WEAPONS": 3},
        "TX": {"DUI": 31, "ASSAULT": 28, "FRAUD": 2, "WEAPONS": 14},
        "NY": {"DUI": 9, "ASSAULT": 1, "FRAUD": 2, "WEAPONS": 2},
        "ME": {"DUI": 3, "ASSAULT": 2, "WEAPONS": 1},
        None: {"DUI": 12},
    }
)


def test_the_visible_mix_adds_up_to_each_states_detainers() -> None:
    issued, shares = visible_mix(SPARSE)
    assert issued.sum(axis="columns").to_dict() == {"CA": 85, "NY": 14, "TX": 75}
    assert issued.shape == shares.shape
    nothing = visible_mix(by_offence({"CA": {"DUI": 12}, "TX": {"DUI": 9}}))[0]
    assert nothing.to_dict() == {WITHHELD: {"CA": 12}}


def test_like_states_are_near_by_number_and_by_what_is_shown_of_their_mix() -> None:
    alike, unlike, twice = {"DUI": 60, "ASSAULT": 40}, {"DUI": 40, "ASSAULT": 60}, {"DUI": 120, "ASSAULT": 80}
    table = by_offence({"CA": alike, "TX": alike, "NY": unlike, "FL": twice, "VT": {"DUI": 9, "ASSAULT": 8}})
    found = like_states(table, "CA", has_offences=True)
    assert found.to_dict() == {"TX": 0.0, "NY": 0.2, "FL": 1.0}
    assert like_states(table, "VT", has_offences=True).empty
    by_request = like_states(table.assign(request="hold"), "CA", has_offences=False)
    assert by_request.to_dict() == {"TX": 0.0, "NY": 0.0, "FL": 1.0}


def test_what_is_made_of_a_states_offences_is_the_same_for_every_table_with_the_same_face() -> None:
    """Move detainers between hidden cells so that nothing shown changes: no number made of them may change either."""
    states, groups = ["CA", "TX", "NY", "FL"], ["ASSAULT", "DUI", "FRAUD", "WEAPONS"]
    first = [[30, 40, 12, 3], [28, 31, 2, 3], [3, 9, 2, 4], [22, 4, 3, 2]]
    declined = [{"state": "CA", "offence_group": "DUI", "outcome": Outcome.DECLINED, "detainers": 6}]

    def table(counts: list[list[int]]) -> pd.DataFrame:
        cells = by_offence({s: dict(zip(groups, row, strict=True)) for s, row in zip(states, counts, strict=True)})
        return pd.concat([cells, detainers(declined)], ignore_index=True)

    seen = state_by_offence(table(first), "issued")
    assert seen is not None
    alike = 0
    for (a, b), (c, d) in product(combinations(range(4), 2), repeat=2):
        other = [list(row) for row in first]
        other[a][c], other[a][d] = first[a][c] + 1, first[a][d] - 1
        other[b][c], other[b][d] = first[b][c] - 1, first[b][d] + 1
        face = state_by_offence(table(other), "issued")
        if face is None or not face.labels.equals(seen.labels):
            continue
        alike += 1
        pd.testing.assert_frame_equal(*[state_funnel(table(one), has_offences=True) for one in (first, other)])
        pd.testing.assert_series_equal(*[like_states(table(one), "CA", has_offences=True) for one in (first, other)])
    assert alike > 0
