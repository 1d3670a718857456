"""ICE's three weekly reports: their published figures, and bounds that never say more than is known."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from analysis.errors import InputError
from analysis.load.events import blocking_events
from analysis.load.files import crosswalk, data_file
from analysis.load.published import PublishedReports, read_published_reports
from analysis.load.quality import TOTALS_DIFFER, report_scorecard
from analysis.load.sources import check_hash
from analysis.load.vocabulary import states
from analysis.show.published_facts import known_offences, taken_back, week_facts, weeks_so_far
from analysis.stats import published

FIRST, SECOND, THIRD = date(2017, 1, 28), date(2017, 2, 4), date(2017, 2, 11)
WEEKS = (FIRST, SECOND, THIRD)
RATE_WORDS = ("rate", "share_of_issued", "per_issued")


@pytest.fixture(scope="module")
def reports() -> PublishedReports:
    return read_published_reports()


@pytest.fixture(scope="module")
def facts(reports: PublishedReports) -> dict[date, dict[str, Any]]:
    return {week: week_facts(reports, week, blocking_events()) for week in WEEKS}


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


def test_week_against_week_with_and_without_travis_county(facts: dict[date, dict[str, Any]]) -> None:
    first, second, third = (facts[week] for week in WEEKS)
    assert (first["next_all_before"], first["next_all_now"]) == (206, 47)
    assert first["next_all_p"] < 1e-20
    assert (first["next_outside_before"], first["next_outside_now"]) == (64, 45)
    assert first["next_outside_p"] == pytest.approx(0.0842, abs=5e-5)
    ratio = [first[f"next_outside_{name}"] for name in ("ratio", "low", "high")]
    assert [round(float(value), 2) for value in ratio] == [0.70, 0.47, 1.05]
    for name in ("before", "now", "ratio", "low", "high", "p", "p_adjusted", "finding"):  # seen from either week
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
    changes = published.changes(reports, FIRST, blocking_events().iloc[:0])
    assert list(changes["scope"]) == ["all places", "without Travis County, Texas"]
    assert list(changes["finding"]) == ["lower", "no clear change"]
    assert list(published.changes(reports, SECOND, blocking_events())["pair"]) == [
        *("to next week", "to next week", "from week before", "from week before")
    ]


def test_a_week_whose_county_is_not_known_is_compared_only_as_a_whole(reports: PublishedReports) -> None:
    declined = reports.declined_by_place
    unknown = declined[~((declined["place"] == "Travis") & (declined["week_start"] == pd.Timestamp(SECOND)))]
    changes = published.changes(replace(reports, declined_by_place=unknown), FIRST, blocking_events())
    assert list(changes["scope"]) == ["all places"]
    facts = week_facts(replace(reports, declined_by_place=unknown), SECOND, blocking_events())
    assert facts["apart"] is None
    assert facts["apart_declined"] == 142
    assert "outside" not in facts


def test_the_place_apart_is_that_with_over_half_in_this_week_or_the_one_before(
    facts: dict[date, dict[str, Any]],
) -> None:
    names = ("apart_week", "apart_declined", "apart_total", "apart_day", "apart_other_days", "apart_event")
    parts = [[facts[week].get(name) for name in names] for week in WEEKS]
    assert parts[0] == parts[1] == [pd.Timestamp(FIRST), 142, 206, pd.Timestamp(2017, 2, 1), 3, "policy"]
    assert parts[2] == [None] * 6


def test_another_place_with_over_half_is_taken_out_and_half_is_not_over_half(reports: PublishedReports) -> None:
    declined = reports.declined_by_place.copy()
    declined.loc[declined["place"] == "Travis", "declined"] = 3
    city = (declined["place"] == "New York City") & (declined["week_start"] == pd.Timestamp(SECOND))
    assert city.sum() == 1
    for number, name in ((24, "New York City, New York"), (23, None)):  # of 47
        declined.loc[city, "declined"] = number
        facts = week_facts(replace(reports, declined_by_place=declined), SECOND, blocking_events())
        assert (facts["apart_name"], facts.get("apart_declined")) == (name, number if name else None)
        assert facts["apart_day"] is None
    scopes = published.changes(replace(reports, declined_by_place=declined), SECOND, blocking_events())["scope"]
    assert set(scopes) == {"all places"}


def test_corrections_are_subtracted_at_least(facts: dict[date, dict[str, Any]], reports: PublishedReports) -> None:
    """Williamson 4 and Bastrop 3 exactly, Chester and Richmond at least 1 each: at most 197 of 206 are untouched."""
    assert (facts[FIRST]["taken_back_at_least"], facts[FIRST]["remaining_at_most"]) == (9, 197)
    assert (facts[SECOND]["taken_back_at_least"], facts[SECOND]["remaining_at_most"]) == (0, 47)
    rows = taken_back(reports)
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
    table = known_offences(reports.of_week(week).known_rows)
    assert table["detainers"].sum() == known
    assert (table[["convicted", "charged", "unknown"]].sum(axis="columns") == table["detainers"]).all()
    assert table["detainers"].is_monotonic_decreasing


def test_the_known_offences_of_the_first_week_by_status(reports: PublishedReports) -> None:
    """Counted by hand: 13 convicted, 8 charged, and 8 whose article does not say which."""
    table = known_offences(reports.of_week(FIRST).known_rows)
    assert list(table[["convicted", "charged", "unknown"]].sum()) == [13, 8, 8]
    by_group = table.set_index("offence_group")["detainers"]
    assert by_group["ASSAULT"] == 9
    assert by_group["HOMICIDE"] == 1
    assert by_group["DUI"] == 3
    assert "UNKNOWN" not in by_group


def test_no_known_rows_give_an_empty_table_of_the_same_columns(reports: PublishedReports) -> None:
    table = known_offences(reports.known_rows.iloc[:0])
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
    bounds = published.bounds_of(report)
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
    assert published.states_with_a_decline(report) == 16
    bounds = published.bounds_of(report)
    lows = {postal: int(low) for postal, low in bounds["known_low"].items() if low}
    assert lows == {**{"TX": 149, "CA": 11, "CO": 11, "NY": 4, "OR": 4, "MN": 2, "WA": 2, "MD": 3, "PA": 2, "NC": 1}}
    assert 206 - sum(lows.values()) == 17  # six of the sixteen are not named and have one each: eleven are free
    assert tuple(bounds.loc["NY"]) == (4, 15, "at_least")
    assert tuple(bounds.loc["MD"]) == (3, 14, "at_least")
    assert tuple(bounds.loc["FL"]) == (0, 12, "not known")
    assert tuple(bounds.loc["NV"]) == (0, 12, "not known")  # one county of Nevada has none, the rest is not known
    exactly_none = list(bounds.index[(bounds["bound"] == "exact") & (bounds["known_high"] == 0)])
    assert sorted(exactly_none) == ["CT", "KS", "MA", "ME", "NH", "RI", "VT"]
    loose = published.state_bounds(report.declined_by_place, 206, list(states().index), None)
    assert [loose.loc[postal, "known_high"] for postal in ("NY", "FL")] == [21, 17]


def test_where_all_states_with_a_decline_are_named_the_others_have_none(reports: PublishedReports) -> None:
    report = reports.of_week(SECOND)
    bounds = published.bounds_of(report)
    named = {"CA", "CO", "DC", "FL", "MA", "MN", "NM", "NY", "TX", "VA", "WA"}
    assert published.states_with_a_decline(report) == len(named)
    assert set(bounds.index[bounds["known_high"] > 0]) == named
    assert (bounds.loc[~bounds.index.isin(named), "bound"] == "exact").all()
    assert tuple(bounds.loc["FL"]) == (1, 9, "at_least")
    assert published.states_with_a_decline(reports.of_week(THIRD)) is None


def test_places_that_contradict_the_number_of_states_are_refused() -> None:
    made = places(("a", "county", "Travis", 2, "TX", "exact", ""), ("b", "county", "Cook", 1, "IL", "exact", ""))
    for told in (1, 4):
        with pytest.raises(InputError, match=f"expected {told} states"):
            published.state_bounds(made, 3, ["TX", "IL", "FL", "NY"], told)


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
    bounds = published.state_bounds(made, 20, ["TX", "NY", "IL", "FL"], None)
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
    bounds = published.state_bounds(places(*rows), total, names, with_a_decline)
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
    bounds = published.state_bounds(places(*rows), total, ["CA", "NY", "TX", "FL"], None)
    assert bounds["known_low"].sum() == total - unknown
    assert (bounds["known_high"] - bounds["known_low"] == unknown).all()


@pytest.mark.parametrize(("week", "rows"), [(FIRST, 4), (SECOND, 1), (THIRD, 0)])
def test_conflicting_figures_name_their_place(reports: PublishedReports, week: date, rows: int) -> None:
    conflicts = reports.of_week(week).conflicting_figures
    assert len(conflicts) == rows
    assert (conflicts["place"] != "").all()


def test_similarly_named_places_keep_apart(facts: dict[date, dict[str, Any]]) -> None:
    franklins = {name: value for name, value in facts[FIRST].items() if name.startswith("issued_in_franklin")}
    assert franklins == {"issued_in_franklin_ny": 9, "issued_in_franklin_ia": 5, "issued_in_franklin_pa": 5}


# The weeks so far.


@pytest.mark.parametrize(("week", "shown"), [(FIRST, 1), (SECOND, 2), (THIRD, 3)])
def test_no_week_after_the_reports_own_is_shown(reports: PublishedReports, week: date, shown: int) -> None:
    weeks = weeks_so_far(reports, week)
    assert weeks["issued"].to_list() == [3083, 2825, 2868][:shown]
    assert weeks["declined"].to_list() == [206, 47, 65][:shown]
    assert weeks["at_place"].to_list() == [142, 2, 10][:shown]
    assert weeks["elsewhere"].to_list() == [64, 45, 55][:shown]
    assert weeks["located"].to_list() == [189, 39, 47][:shown]
    assert weeks["declining"].to_list()[:2] == [16, 11][:shown]


def test_what_is_not_known_of_a_week_is_no_zero(reports: PublishedReports) -> None:
    declined = reports.declined_by_place
    unread = declined[~((declined["place"] == "Travis") & (declined["week_start"] == pd.Timestamp(SECOND)))]
    weeks = weeks_so_far(replace(reports, declined_by_place=unread), THIRD)
    assert weeks["at_place"].isna().to_list() == weeks["elsewhere"].isna().to_list() == [False, True, False]
    assert weeks["declining"].isna().to_list() == [False, False, True]


def test_without_a_place_above_half_none_is_taken_out(reports: PublishedReports) -> None:
    even = reports.declined_by_place[reports.declined_by_place["declined"] < 100]
    weeks = weeks_so_far(replace(reports, declined_by_place=even), SECOND)
    assert list(weeks) == ["week", "issued", "declined", "located", "declining"]


# Changes.


@given(st.integers(0, 60), st.integers(0, 60))
def test_two_counts_are_compared_by_chance_alone(reports: PublishedReports, before: int, now: int) -> None:
    """By other code: the exact binomial test of a half, and the interval of Clopper and Pearson turned into a ratio."""
    totals = reports.weekly_totals.assign(declined=[before, now, 0])
    none = replace(reports, weekly_totals=totals, declined_by_place=reports.declined_by_place.iloc[:0])
    (row,) = published.changes(none, FIRST, blocking_events().iloc[:0]).itertuples()
    assert (row.scope, row.before, row.now) == ("all places", before, now)
    if not before + now:
        assert (np.isnan(row.ratio), row.finding) == (True, "no clear change")
        return
    exact = binomtest(now, now + before)
    assert row.p == row.p_adjusted == pytest.approx(exact.pvalue)
    interval = exact.proportion_ci()
    limits = [share / (1 - share) if share < 1 else np.inf for share in (interval.low, interval.high)]
    assert [row.low, row.high] == pytest.approx(limits, rel=1e-6)
    clear = exact.pvalue <= 0.05 and abs(now - before) >= 5
    assert row.finding == (("higher" if now > before else "lower") if clear else "no clear change")


@pytest.mark.parametrize("week", WEEKS)
def test_one_p_adjusted_within_its_pair(reports: PublishedReports, week: date) -> None:
    for _, pair in published.changes(reports, week, blocking_events()).groupby("pair"):
        low, high = sorted(pair["p"])
        assert sorted(pair["p_adjusted"]) == pytest.approx([min(2 * low, high), high])


# How well a report is known.


def recomputed(reports: PublishedReports, week: date) -> dict[str, tuple[object, float, str, list[int]]]:
    """Check what is known of a report: of each check what is found, its share, the level, and the note's numbers.

    A check warns where something is missing, disputed or corrected. That nothing of the kind is known passes where the
    totals are known from several sources, or the rows for the most part, and is else not judged. Stops: parts that add
    up to more than the whole, and corrections by ICE of more than a twentieth of the printed total.
    """
    report = reports.of_week(week)
    total, places, issued, known = (
        *(report.weekly_totals.iloc[0], report.declined_by_place, report.issued_by_place),
        report.known_rows,
    )
    declined, well_known = int(total["declined"]), total["confidence"] == "high"

    def doubt(number: int, well: bool = well_known) -> str:
        return "warn" if number else "pass" if well else ""

    found: dict[str, tuple[object, float, str, list[int]]] = {}
    found["totals"] = ("several" if well_known else "one article", np.nan, "pass" if well_known else "warn", [])
    bounds, told = published.bounds_of(report), published.states_with_a_decline(report)
    located = int(bounds["known_low"].sum())
    level = "stop" if located > declined else "warn" if located < declined else "pass"
    found["located"] = (located, located / declined, level, [])
    if zeros := int((bounds["known_high"] == 0).sum()):
        found["zeros"] = (zeros, np.nan, "warn", [told or 0])
    sure = places[places["bound"] != "disputed"]
    inside = sure[sure["within"] != ""].groupby("within")["declined"].sum()
    whole = sure[sure["bound"] == "exact"].set_index("row_id")["declined"]
    parted = inside[inside.index.isin(whole.index)]
    over = int((parted > whole[parted.index]).sum())
    found["parts"] = (over, over / len(parted), "stop" if over else "pass", [len(parted)])
    every_row = bool(len(issued)) and (issued["complete"] == "yes").all()
    number = int(issued["issued"].sum())
    found["issued"] = (
        *((number, number / int(total["issued"])) if len(issued) else ("not known", np.nan)),
        *("pass" if every_row else "warn", []),
    )
    disputed = int((places["bound"] == "disputed").sum())
    found["disputed"] = (disputed, disputed / len(places), doubt(disputed), [len(places)])
    against = report.conflicting_figures["row_id"].nunique()
    found["contradicted"] = (against, np.nan, doubt(against), [])
    entries = report.corrections
    doubted = entries["kind"].isin(["disputed", "ICE assurance", "agency explanation"])
    contested = entries[doubted & entries["week_start"].notna()]
    on_declines = int((contested["section"] == "II").sum())
    found["contested"] = (len(contested), np.nan, doubt(len(contested)), [on_declines] * bool(len(contested)))
    back = int(taken_back(report)["declined"].sum())
    found["corrected"] = (back, back / declined, "stop" if back / declined > TOTALS_DIFFER else doubt(back), [])
    if len(issued):
        ours = entries[(entries["kind"] == "ICE correction") & (entries["section"] == "I")]
        touched = {row for rows in ours["touches"] for row in rows.split(";")}
        number = int(issued.loc[issued["row_id"].isin(touched), "issued"].sum())
        found["corrected_issued"] = (number, number / int(issued["issued"].sum()), doubt(number), [])
    found["rows"] = (len(known), len(known) / declined, "warn" if len(known) < declined else "pass", [])
    for name, blank in (("offence", known["offence_text"] == ""), ("status", known["offence_status"] == "unknown")):
        lacking, most = int(blank.sum()), 2 * len(known) > declined
        found[f"no_{name}"] = (lacking, lacking / len(known), doubt(lacking, most), [len(known)])
    return {f"quality_{name}": values for name, values in found.items()}


@pytest.mark.parametrize("week", WEEKS)
def test_the_scorecard_is_recomputed_from_the_reports_files(reports: PublishedReports, week: date) -> None:
    card = report_scorecard(week)
    expected = recomputed(reports, week)
    assert list(card["check"]) == list(expected)
    for row, (found, share, level, numbers) in zip(card.itertuples(), expected.values(), strict=True):
        assert (row.found, row.level) == (str(found), level), row.check
        assert row.share == pytest.approx(share, nan_ok=True), row.check
        assert [int(number) for number in re.findall(r"\d+", row.note)] == numbers, row.check
    assert card["norm"].isna().all(), "three reports tell no usual share"


def test_the_scorecard_has_the_three_reports_and_no_other() -> None:
    check_hash(data_file("reference/published_quality.csv"))
    assert sum(len(report_scorecard(week)) for week in WEEKS) == len(crosswalk("published_quality", "row_id"))
    assert report_scorecard(date(2017, 2, 18)).empty


def test_the_first_report_is_well_read_and_much_disputed() -> None:
    card = report_scorecard(FIRST).set_index("check")
    assert card.loc["quality_located", ["found", "share", "level"]].to_list() == ["189", 189 / 206, "warn"]
    assert card.loc["quality_corrected", ["found", "share", "level"]].to_list() == ["9", 9 / 206, "warn"]
    assert card.loc["quality_corrected_issued", "found"] == "31"  # 12, 9, 5 and 5
    assert report_scorecard(THIRD).set_index("check").loc["quality_issued", "found"] == "not known"
