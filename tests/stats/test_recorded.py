"""ICE's three weekly reports: their published figures, and bounds that never say more than is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.load.events import blocking_events
from analysis.load.published import PublishedReports, read_published_reports
from analysis.load.vocabulary import states
from analysis.stats import recorded

FIRST, SECOND, THIRD = date(2017, 1, 28), date(2017, 2, 4), date(2017, 2, 11)
WEEKS = (FIRST, SECOND, THIRD)
RATE_WORDS = ("rate", "share_of_issued", "per_issued")


@pytest.fixture(scope="module")
def reports() -> PublishedReports:
    return read_published_reports()


@pytest.fixture(scope="module")
def facts(reports: PublishedReports) -> dict[date, dict[str, Any]]:
    return {week: recorded.week_facts(reports, week, blocking_events()) for week in WEEKS}


def places(*rows: tuple[str, str, str, int, str, str, str]) -> pd.DataFrame:
    """Make declined places: row_id, level, place, declined, state, bound, within."""
    columns = ["row_id", "level", "place", "declined", "state", "bound", "within"]
    return pd.DataFrame(rows, columns=columns).astype({"declined": "int64"})


@pytest.mark.parametrize(
    ("week", "issued", "declined", "travis", "outside"),
    [(FIRST, 3083, 206, 142, 64), (SECOND, 2825, 47, 2, 45), (THIRD, 2868, 65, 10, 55)],
)
def test_the_published_totals(
    facts: dict[date, dict[str, Any]], week: date, issued: int, declined: int, travis: int, outside: int
) -> None:
    found = facts[week]
    assert [found[name] for name in ("issued", "declined", "apart", "outside")] == [issued, declined, travis, outside]
    assert found["apart_name"] == "Travis County, Texas"


@pytest.mark.parametrize(
    ("week", "expected"),
    [
        (
            FIRST,
            {
                "declined_in_travis_tx": 142,
                "declined_in_texas": 149,
                "declined_in_california": 11,
                "declined_in_colorado": 11,
                "declined_in_new_york_city_ny": 4,
                "declined_in_new_england": 0,
                "declined_in_kansas": 0,
                "issued_in_clark_nv": 51,
                "issued_in_franklin_pa": 5,
                "issued_in_franklin_ny": 9,
                "issued_places": 10,
                "issued_in_places": 157,
                "issued_confidence": "high",
            },
        ),
        (
            SECOND,
            {
                "declined_in_new_york_city_ny": 12,
                "issued_in_new_york_city_ny": 73,
                "declined_in_california": 8,
                "declined_in_virginia": 6,
                "declined_in_washington": 5,
                "declined_in_nassau_ny": 0,
                "issued_in_los_angeles_ca": 162,
                "issued_in_kern_ca": 65,
                "issued_in_travis_tx": 23,
            },
        ),
        (
            THIRD,
            {
                "declined_in_new_york": 14,
                "declined_in_new_mexico": 12,
                "declined_in_california": 11,
                "declined_in_texas": 10,
                "declined_in_travis_tx": 10,
                "issued_confidence": "low",
                "issued_places": 0,
            },
        ),
    ],
)
def test_the_published_places(facts: dict[date, dict[str, Any]], week: date, expected: dict[str, int | str]) -> None:
    assert {name: facts[week].get(name) for name in expected} == expected


def test_exact_intervals_of_the_totals(facts: dict[date, dict[str, Any]]) -> None:
    found = [facts[week][f"declined_{end}"] for week in (FIRST, SECOND) for end in ("low", "high")]
    assert found == [pytest.approx(value, abs=1e-5) for value in (178.828016, 236.133854, 34.533832, 62.500036)]


def test_week_against_week_with_and_without_travis_county(facts: dict[date, dict[str, Any]]) -> None:
    first, second, third = (facts[week] for week in WEEKS)
    assert (first["next_all_before"], first["next_all_now"]) == (206, 47)
    assert first["next_all_p"] < 1e-20
    assert (first["next_outside_before"], first["next_outside_now"]) == (64, 45)
    assert first["next_outside_p"] == pytest.approx(0.0842, abs=5e-5)
    ratio = [first[f"next_outside_{name}"] for name in ("ratio", "low", "high")]
    assert [round(float(value), 2) for value in ratio] == [0.70, 0.47, 1.05]
    for name in (
        "before",
        "now",
        "ratio",
        "low",
        "high",
        "p",
        "p_mid",
        "p_adjusted",
        "finding",
    ):  # the same pair, seen from either week
        assert second[f"previous_all_{name}"] == first[f"next_all_{name}"]
        assert second[f"previous_outside_{name}"] == first[f"next_outside_{name}"]
    assert (third["previous_outside_before"], third["previous_outside_now"]) == (45, 55)
    assert not [name for name in first if name.startswith("previous_")]
    assert not [name for name in third if name.startswith("next_")]


def test_no_direction_is_named_across_the_reset_and_none_is_found_outside(facts: dict[date, dict[str, Any]]) -> None:
    assert facts[FIRST]["next_all_finding"] == "no direction named: Travis County policy takes effect"
    assert facts[FIRST]["next_outside_finding"] == "no clear change"
    assert facts[SECOND]["next_all_finding"] == facts[SECOND]["next_outside_finding"] == "no clear change"


def test_without_the_register_the_fall_would_be_named(reports: PublishedReports) -> None:
    changes = recorded.changes(reports, FIRST, blocking_events().iloc[:0])
    assert list(changes["scope"]) == ["all places", "without Travis County, Texas"]
    assert list(changes["finding"]) == ["lower", "no clear change"]
    assert list(recorded.changes(reports, SECOND, blocking_events())["pair"]) == [
        *("to next week", "to next week", "from week before", "from week before")
    ]


def test_a_week_whose_county_is_not_known_is_compared_only_as_a_whole(reports: PublishedReports) -> None:
    declined = reports.declined_by_place
    unknown = declined[~((declined["place"] == "Travis") & (declined["week_start"] == pd.Timestamp(SECOND)))]
    changes = recorded.changes(replace(reports, declined_by_place=unknown), FIRST, blocking_events())
    assert list(changes["scope"]) == ["all places"]
    facts = recorded.week_facts(replace(reports, declined_by_place=unknown), SECOND, blocking_events())
    assert facts["apart"] is None
    assert facts["apart_declined"] == 142
    assert "outside" not in facts


def test_the_place_apart_is_that_with_over_half_in_this_week_or_the_one_before(
    facts: dict[date, dict[str, Any]],
) -> None:
    names = ("apart_week", "apart_declined", "apart_total", "apart_day", "apart_other_days", "apart_event")
    parts = [[facts[week].get(name) for name in names] for week in WEEKS]
    assert parts[0] == parts[1] == [FIRST, 142, 206, pd.Timestamp(2017, 2, 1), 3, "policy"]
    assert parts[2] == [None] * 6


def test_another_place_with_over_half_is_taken_out_and_half_is_not_over_half(reports: PublishedReports) -> None:
    declined = reports.declined_by_place.copy()
    declined.loc[declined["place"] == "Travis", "declined"] = 3
    city = (declined["place"] == "New York City") & (declined["week_start"] == pd.Timestamp(SECOND))
    assert city.sum() == 1
    for number, name in ((24, "New York City, New York"), (23, None)):  # of 47
        declined.loc[city, "declined"] = number
        facts = recorded.week_facts(replace(reports, declined_by_place=declined), SECOND, blocking_events())
        assert (facts["apart_name"], facts.get("apart_declined")) == (name, number if name else None)
        assert facts["apart_day"] is None
    scopes = recorded.changes(replace(reports, declined_by_place=declined), SECOND, blocking_events())["scope"]
    assert set(scopes) == {"all places"}


def test_corrections_are_subtracted_at_least(facts: dict[date, dict[str, Any]], reports: PublishedReports) -> None:
    """Williamson 4 and Bastrop 3 exactly, Chester and Richmond at least 1 each: at most 197 of 206 are untouched."""
    assert (facts[FIRST]["taken_back_at_least"], facts[FIRST]["remaining_at_most"]) == (9, 197)
    assert (facts[SECOND]["taken_back_at_least"], facts[SECOND]["remaining_at_most"]) == (0, 47)
    rows = recorded.taken_back(reports.declined_by_place, reports.corrections)
    assert sorted(rows["place"]) == ["Bastrop", "Chester", "Richmond", "Williamson"]


@pytest.mark.parametrize(
    ("week", "known", "without", "unknown"), [(FIRST, 29, 9, 177), (SECOND, 3, 0, 44), (THIRD, 1, 0, 64)]
)
def test_the_offence_is_known_for_a_few(
    facts: dict[date, dict[str, Any]], reports: PublishedReports, week: date, known: int, without: int, unknown: int
) -> None:
    found = facts[week]
    assert [found[f"{name}"] for name in ("known_offences", "known_without_offence", "unknown_offences")] == [
        *(known, without, unknown)
    ]
    assert found["known_rows"] == known + without
    table = recorded.known_offences(reports.of_week(week).known_rows)
    assert table["detainers"].sum() == known
    assert (table[["convicted", "charged", "unknown"]].sum(axis="columns") == table["detainers"]).all()
    assert table["detainers"].is_monotonic_decreasing


def test_the_known_offences_of_the_first_week_by_status(reports: PublishedReports) -> None:
    """Counted by hand: 13 convicted, 8 charged, and 8 whose article does not say which."""
    table = recorded.known_offences(reports.of_week(FIRST).known_rows)
    assert list(table[["convicted", "charged", "unknown"]].sum()) == [13, 8, 8]
    by_group = table.set_index("offence_group")["detainers"]
    assert by_group["ASSAULT"] == 9
    assert by_group["HOMICIDE"] == 1
    assert by_group["DUI"] == 3
    assert "UNKNOWN" not in by_group


def test_no_known_rows_give_an_empty_table_of_the_same_columns(reports: PublishedReports) -> None:
    table = recorded.known_offences(reports.known_rows.iloc[:0])
    assert list(table.columns) == ["offence_group", "convicted", "charged", "unknown", "detainers"]
    assert table.empty


def test_nothing_is_divided_by_the_number_issued(facts: dict[date, dict[str, Any]]) -> None:
    for found in facts.values():
        numbers = {name: value for name, value in found.items() if isinstance(value, float | int | np.number)}
        assert not [name for name in numbers if any(word in name for word in RATE_WORDS)]
        forbidden = found["declined"] / found["issued"]
        assert not [name for name, value in numbers.items() if value == pytest.approx(forbidden, rel=1e-3)]


# Bounds of the states.


@pytest.mark.parametrize("week", WEEKS)
def test_bounds_hold_every_exact_figure_and_never_pass_the_total(reports: PublishedReports, week: date) -> None:
    report = reports.of_week(week)
    declined, total = report.declined_by_place, int(report.weekly_totals["declined"].iloc[0])
    told = recorded.states_with_a_decline(report.aggregates)
    bounds = recorded.state_bounds(declined, total, list(states().index), told)
    assert list(bounds.index) == list(states().index)
    assert (bounds["known_low"] >= 0).all()
    assert (bounds["known_low"] <= bounds["known_high"]).all()
    assert (bounds["known_high"] <= total).all()
    assert bounds["known_low"].sum() <= total
    for row in declined.itertuples():
        if row.bound == "disputed" or not row.state:
            continue
        own = bounds.loc[row.state]
        assert row.declined <= own["known_high"]
        if row.level == "state" and row.bound == "exact":
            assert (own["known_low"], own["known_high"], own["bound"]) == (row.declined, row.declined, "exact")
        elif row.within == "":
            assert own["known_low"] >= row.declined


def test_the_bounds_of_the_first_week_by_hand(reports: PublishedReports) -> None:
    """Texas 149, California 11, Colorado 11, New York City 4, Oregon 4, Minnesota 2, Washington 2, MD 3, PA 2, NC 1."""
    report = reports.of_week(FIRST)
    told = recorded.states_with_a_decline(report.aggregates)
    assert told == 16
    bounds = recorded.state_bounds(report.declined_by_place, 206, list(states().index), told)
    lows = {postal: int(low) for postal, low in bounds["known_low"].items() if low}
    assert lows == {**{"TX": 149, "CA": 11, "CO": 11, "NY": 4, "OR": 4, "MN": 2, "WA": 2, "MD": 3, "PA": 2, "NC": 1}}
    assert 206 - sum(lows.values()) == 17  # six of the sixteen are not named and have one each: eleven are free
    assert tuple(bounds.loc["NY"]) == (4, 15, "at_least")
    assert tuple(bounds.loc["MD"]) == (3, 14, "at_least")
    assert tuple(bounds.loc["FL"]) == (0, 12, "not known")
    assert tuple(bounds.loc["NV"]) == (0, 12, "not known")  # one county of Nevada has none, the rest is not known
    exactly_none = list(bounds.index[(bounds["bound"] == "exact") & (bounds["known_high"] == 0)])
    assert sorted(exactly_none) == ["CT", "KS", "MA", "ME", "NH", "RI", "VT"]
    loose = recorded.state_bounds(report.declined_by_place, 206, list(states().index))
    assert [loose.loc[postal, "known_high"] for postal in ("NY", "FL")] == [21, 17]


def test_where_all_states_with_a_decline_are_named_the_others_have_none(reports: PublishedReports) -> None:
    report = reports.of_week(SECOND)
    told = recorded.states_with_a_decline(report.aggregates)
    bounds = recorded.state_bounds(report.declined_by_place, 47, list(states().index), told)
    named = {"CA", "CO", "DC", "FL", "MA", "MN", "NM", "NY", "TX", "VA", "WA"}
    assert told == len(named)
    assert set(bounds.index[bounds["known_high"] > 0]) == named
    assert (bounds.loc[~bounds.index.isin(named), "bound"] == "exact").all()
    assert tuple(bounds.loc["FL"]) == (1, 9, "at_least")
    assert recorded.states_with_a_decline(reports.of_week(THIRD).aggregates) is None


def test_places_that_contradict_the_number_of_states_are_refused() -> None:
    made = places(("a", "county", "Travis", 2, "TX", "exact", ""), ("b", "county", "Cook", 1, "IL", "exact", ""))
    for told in (1, 4):
        with pytest.raises(InputError, match=f"expected {told} states"):
            recorded.state_bounds(made, 3, ["TX", "IL", "FL", "NY"], told)


def test_how_much_the_state_figures_cover(facts: dict[date, dict[str, Any]]) -> None:
    assert [facts[FIRST][name] for name in ("covered_by_states", "not_covered")] == [189, 17]
    assert facts[FIRST]["covered_share"] == pytest.approx(189 / 206)
    # New York City 12, CA 8, VA 6, WA 5, Travis 2, and one each of MA, CO, FL, MN, NM and DC
    assert [facts[SECOND][name] for name in ("covered_by_states", "not_covered")] == [39, 8]
    assert [facts[THIRD][name] for name in ("covered_by_states", "not_covered")] == [47, 18]


def test_nested_places_are_not_added() -> None:
    made = places(
        ("a", "state", "Texas", 10, "TX", "exact", ""),
        ("b", "county", "Travis", 8, "TX", "exact", "a"),
        ("c", "city", "New York City", 5, "NY", "exact", ""),
        ("d", "county", "Queens", 2, "NY", "exact", "c"),
        ("e", "county", "Nassau", 1, "NY", "at_least", ""),
        ("f", "county", "Cook", 9, "IL", "disputed", ""),
    )
    bounds = recorded.state_bounds(made, 20, ["TX", "NY", "IL", "FL"])
    assert bounds["known_low"].to_dict() == {"TX": 10, "NY": 6, "IL": 0, "FL": 0}
    assert bounds["known_high"].to_dict() == {"TX": 10, "NY": 10, "IL": 4, "FL": 4}
    assert bounds["bound"].to_dict() == {"TX": "exact", "NY": "at_least", "IL": "not known", "FL": "not known"}


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 3)), min_size=1, max_size=4), st.booleans())
def test_bounds_are_the_tightest_that_every_possible_world_allows(
    found: list[tuple[int, bool, int]], told: bool
) -> None:
    """Brute force: of all ways to spread the total over the states, those that agree with what is known."""
    truth = [low if exact else low + more for low, exact, more in found]
    total, with_a_decline = sum(truth), sum(count > 0 for count in truth) if told else None
    names = [f"S{n}" for n in range(len(found))]
    rows = [
        (name, "state", name, low, name, "exact" if exact else "at_least", "")
        for name, (low, exact, _) in zip(names, found, strict=True)
    ]
    worlds = [
        world
        for world in product(*[range(low, (low if exact else total) + 1) for low, exact, _ in found])
        if sum(world) == total and with_a_decline in (None, sum(count > 0 for count in world))
    ]
    bounds = recorded.state_bounds(places(*rows), total, names, with_a_decline)
    assert list(bounds["known_low"]) == [min(counts) for counts in zip(*worlds, strict=True)]
    assert list(bounds["known_high"]) == [max(counts) for counts in zip(*worlds, strict=True)]
    one = bounds["known_low"] == bounds["known_high"]
    assert ((bounds["bound"] == "exact") == one).all()


@given(
    st.lists(
        st.tuples(st.sampled_from(["CA", "NY", "TX"]), st.integers(0, 30), st.booleans()),
        max_size=8,
        unique_by=lambda place: (place[0], place[1]),
    ),
    st.integers(0, 40),
)
def test_bounds_hold_whatever_is_known(found: list[tuple[str, int, bool]], unknown: int) -> None:
    rows = [
        (f"r{n}", "county", f"County {n}", count, state, "exact" if exact else "at_least", "")
        for n, (state, count, exact) in enumerate(found)
    ]
    total = sum(count for _, count, _ in found) + unknown
    bounds = recorded.state_bounds(places(*rows), total, ["CA", "NY", "TX", "FL"])
    assert bounds["known_low"].sum() == total - unknown
    assert (bounds["known_high"] - bounds["known_low"] == unknown).all()


def test_only_exact_figures_get_an_interval(reports: PublishedReports) -> None:
    rows = recorded.with_count_intervals(reports.of_week(FIRST).declined_by_place).set_index("row_id")
    exact = rows["bound"] == "exact"
    assert rows.loc[exact, ["declined_low", "declined_high"]].notna().all(axis=None)
    assert rows.loc[~exact, ["declined_low", "declined_high"]].isna().all(axis=None)
    kansas = rows[rows["place"] == "Kansas"].iloc[0]
    assert (kansas["declined_low"], round(kansas["declined_high"], 1)) == (0, 3.7)


@pytest.mark.parametrize(("week", "rows"), [(FIRST, 4), (SECOND, 1), (THIRD, 0)])
def test_conflicting_figures_name_their_place(reports: PublishedReports, week: date, rows: int) -> None:
    conflicts = recorded.conflicts(reports.of_week(week))
    assert len(conflicts) == rows
    assert (conflicts["place"] != "").all()


def test_similarly_named_places_keep_apart(facts: dict[date, dict[str, Any]]) -> None:
    franklins = {name: value for name, value in facts[FIRST].items() if name.startswith("issued_in_franklin")}
    assert franklins == {"issued_in_franklin_ny": 9, "issued_in_franklin_ia": 5, "issued_in_franklin_pa": 5}
