"""ICE's three weekly reports: their published figures, and bounds that never say more than is known."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cohorts import published
from scipy.stats import binomtest

import analysis as an
from analysis.load.quality import TOTALS_DIFFER, report_scorecard
from analysis.load.reference import crosswalk, states

FIRST, SECOND, THIRD = date(2017, 1, 28), date(2017, 2, 4), date(2017, 2, 11)
WEEKS = (FIRST, SECOND, THIRD)


def state_bounds(declined: pd.DataFrame, total: int, codes: list[str], with_a_decline: int | None) -> pd.DataFrame:
    """Bound each state's declines as the known figures allow: ``known_low``, ``known_high`` and ``bound``, in words.

    The lower is the sum of the outermost sure places; the upper leaves the others theirs, and one to each not named.
    """
    sure = declined[declined["bound"] != "disputed"]
    outermost = sure[(sure["within"] == "") & (sure["level"] != "region")]
    low = outermost.groupby("state")["declined"].sum().reindex(pd.Index(codes), fill_value=0).astype("int64")
    exact = sure[(sure["level"] == "state") & (sure["bound"] == "exact")].set_index("state")["declined"]
    if ((sure["place"] == "New England") & (sure["declined"] == 0)).any():
        exact = pd.concat([exact, pd.Series(0, index=["CT", "ME", "MA", "NH", "RI", "VT"])])
    is_exact = low.index.isin(exact.index)
    low[is_exact] = exact.reindex(low.index[is_exact])
    spare = total - int(low.sum())
    named, unnamed = ~is_exact & (low > 0).to_numpy(), ~is_exact & (low == 0).to_numpy()
    high = low + np.where(is_exact, 0, spare)
    if with_a_decline is not None:
        more = with_a_decline - int((low > 0).sum())  # so many states have a decline, and no place of theirs is known
        assert 0 <= more <= min(unnamed.sum(), max(spare, 0)), "the places do not agree with the number of states"
        high[named] -= more
        high[unnamed] -= more - 1 if more else spare
        low[unnamed] += int(more == unnamed.sum())
    if (high > low).sum() == 1:
        low = high
    bound = np.select([is_exact | (low == high), low > 0], ["exact", "at_least"], "not known")
    return pd.DataFrame({"known_low": low, "known_high": high, "bound": bound})


BOUNDS = pd.read_csv(Path(__file__).with_name("printed_bounds.csv"))
PRINTED = pd.read_csv(Path(__file__).with_name("printed_figures.csv"))
"""Figures read by hand from the articles. Of 206 ICE took back Williamson's 4 and Bastrop's 3, and at least one each of
Chester and Richmond. Of 47 the 39 are New York City 12, CA 8, VA 6, WA 5, Travis 2, and six states with one each."""


@pytest.mark.parametrize("week", WEEKS)
def test_the_printed_figures_are_facts(week: date) -> None:
    facts, printed = published(week).facts, PRINTED[PRINTED["week"] == str(week)].set_index("fact")["printed"]
    assert len(printed) > 14
    assert {name: facts.get(name) for name in printed.index} == printed.to_dict()
    assert facts["apart_name"] == "Travis County, Texas"
    assert facts["issued_confidence"] == ("low" if week == THIRD else "high")
    assert facts["covered_share"] == pytest.approx(facts["covered_by_states"] / facts["declined"])
    dated = [facts.get(name) for name in ("apart_week", "apart_day", "apart_event")]
    assert dated == ([None] * 3 if week == THIRD else ["2017-01-28", "2017-02-01", "policy"])
    franklins = [name for name in facts if name.startswith("issued_in_franklin")]
    assert len(franklins) == (3 if week == FIRST else 0), "places of one name keep apart"


def test_week_against_week_with_and_without_travis_county() -> None:
    first, second, third = (published(week).facts for week in WEEKS)
    found = {name: first[f"next_{name}"] for name in ("all_before", "all_now", "outside_before", "outside_now")}
    assert list(found.values()) == [206, 47, 64, 45]
    assert first["next_all_p"] < 1e-20
    assert first["next_outside_p"] == pytest.approx(0.0842, abs=5e-5)
    assert [round(first[f"next_outside_{name}"], 2) for name in ("ratio", "low", "high")] == [0.70, 0.47, 1.05]
    for name in ("before", "now", "ratio", "low", "high", "p", "p_adjusted", "finding"):  # seen from either week
        for scope in ("all", "outside"):
            assert second[f"previous_{scope}_{name}"] == first[f"next_{scope}_{name}"]
    assert (third["previous_outside_before"], third["previous_outside_now"]) == (45, 55)
    assert not [name for name in first if name.startswith("previous_")]
    assert not [name for name in third if name.startswith("next_")]


def test_no_direction_is_named_across_the_reset_and_none_is_found_outside() -> None:
    assert published(FIRST).facts["next_all_finding"] == "no direction named: Travis County policy takes effect"
    assert published(FIRST).facts["next_outside_finding"] == "no clear change"
    assert {published(SECOND).facts[f"next_{scope}_finding"] for scope in ("all", "outside")} == {"no clear change"}
    unblocked = an.published_figures(replace(published(FIRST), blocking=published(FIRST).blocking.iloc[:0]), "changes")
    assert list(unblocked["scope"]) == ["all places", "without Travis County, Texas"]
    assert list(unblocked["finding"]) == ["lower", "no clear change"], "without the register the fall would be named"
    changes = an.published_figures(published(SECOND), "changes")
    assert changes["pair"].value_counts().to_dict() == {"to next week": 2, "from week before": 2}
    for _, pair in changes.groupby("pair"):  # each pair is a family by itself
        low, high = sorted(pair["p"])
        assert sorted(pair["p_adjusted"]) == pytest.approx([min(2 * low, high), high])


def test_the_offences_that_are_known_by_group_and_status() -> None:
    """Of the first week counted by hand: 13 convicted, 8 charged, and 8 whose article does not say which."""
    for week in WEEKS:
        table = an.published_figures(published(week), "known_offences")
        assert table["detainers"].sum() == published(week).facts["known_offences"]
        assert (table[["convicted", "charged", "unknown"]].sum(axis="columns") == table["detainers"]).all()
        assert table["detainers"].is_monotonic_decreasing
    table = an.published_figures(published(FIRST), "known_offences")
    assert list(table[["convicted", "charged", "unknown"]].sum()) == [13, 8, 8]
    by_group = table.set_index("group")["detainers"]
    assert by_group[["Assault & threats", "Homicide", "Driving under the influence"]].to_list() == [9, 1, 3]
    assert "Not known" not in by_group.index


def test_places_stand_below_the_one_that_they_lie_in_by_their_declines() -> None:
    places = an.published_figures(published(FIRST), "declined_by_place")["place"].to_list()
    assert places[:5] == ["Texas", "Travis", "Williamson", "Bastrop", "California"]
    assert places[9:16] == ["Colorado", "Boulder", "Broomfield", "Denver", "Weld", "New York City", "Oregon"]


@pytest.mark.parametrize("week", WEEKS)
def test_nothing_is_divided_by_the_number_issued(week: date) -> None:
    numbers = {name: value for name, value in published(week).facts.items() if isinstance(value, float | int)}
    assert not [name for name in numbers if re.search("rate|share_of_issued|per_issued", name)]
    forbidden = numbers["declined"] / numbers["issued"]
    assert not [name for name, value in numbers.items() if value == pytest.approx(forbidden, rel=1e-3)]


@pytest.mark.parametrize(("week", "free"), [(FIRST, 11), (SECOND, 8)])
def test_the_bounds_by_hand(week: date, free: int) -> None:
    """Of 206 declines 189 are in ten states, and six more states have one each: any state may have eleven more.

    Seven states say in the first report that they have none; of Nevada only one county does. Of 47 declines 39 are in
    the states that are named, which are all that have any: one of which the least is known may have eight more.
    """
    printed = BOUNDS[BOUNDS["week"] == str(week)].set_index("state").drop(columns="week")
    bounds, other = published(week).bounds, printed.loc["every other"]
    expected = printed.drop(index="every other").reindex(bounds.index).fillna(other.to_dict())
    assert bounds.to_numpy().tolist() == expected.to_numpy().tolist()
    least = bounds[bounds["bound"] == "at_least"]
    assert (least["known_high"] - least["known_low"]).max() == free
    assert list(an.published_figures(published(week), "state_bounds").index) == list(states().index)


@pytest.mark.parametrize("week", WEEKS)
def test_every_bound_is_found_again_in_the_reports_files(week: date) -> None:
    report, one = published(week).report, published(week)
    total = int(report.weekly_totals["declined"].iloc[0])
    found = state_bounds(report.declined_by_place, total, list(states().index), one.states_with_a_decline)
    pd.testing.assert_frame_equal(found, one.bounds, check_names=False)


@pytest.mark.parametrize(("week", "shown"), [(FIRST, 1), (SECOND, 2), (THIRD, 3)])
def test_no_week_after_the_reports_own_is_shown_and_every_number_is_a_fact(week: date, shown: int) -> None:
    weeks = an.published_figures(published(week), "weeks").set_index("week")
    facts = weeks.attrs["facts"]
    assert (facts["weeks_shown"], facts["report_weeks"]) == (shown, 3)
    printed = {"issued": [3083, 2825, 2868], "declined": [206, 47, 65], "at_place": [142, 2, 10]}
    printed |= {"elsewhere": [64, 45, 55], "located": [189, 39, 47]}
    assert weeks[[*printed]].to_dict("list") == {name: numbers[:shown] for name, numbers in printed.items()}
    assert weeks["declining"].fillna(-1).to_list() == [16, 11, -1][:shown]  # of the third not known, and no zero
    for name, numbers in weeks.items():
        known = [facts[f"{name}_{day:%Y_%m_%d}"] for day in weeks.index]
        assert known == [None if np.isnan(number) else number for number in numbers]


def test_the_comparison_without_the_place_is_that_of_the_facts_and_events_begin_with_the_week_before() -> None:
    told = an.published_figures(published(SECOND), "weeks").attrs["comparison"]
    assert told == {name: published(SECOND).facts[f"previous_outside_{name}"] for name in told}
    assert "comparison" not in an.published_figures(published(FIRST), "weeks").attrs
    assert str(an.published_figures(published(FIRST), "events")["date"].min().date()) == "2017-01-25"


@settings(max_examples=10)
@given(st.integers(0, 60), st.integers(0, 60))
def test_two_counts_are_compared_by_chance_alone(before: int, now: int) -> None:
    """By other code: the exact binomial test of a half, and the interval of Clopper and Pearson turned into a ratio."""
    week, reports = published(FIRST), published(FIRST).reports
    none_apart = reports.declined_by_place.query("place == 'Travis'").assign(declined=0)
    totals = reports.weekly_totals.sort_values("week_start").assign(declined=[before, now, 1])
    made = replace(reports, weekly_totals=totals, declined_by_place=none_apart)
    changes = replace(week, reports=made, blocking=week.blocking.iloc[:0]).changes
    assert changes[["before", "now"]].to_numpy().tolist() == [[before, now]] * 2
    if not before + now:
        assert (changes["ratio"].isna() & (changes["finding"] == "no clear change")).all()
        return
    exact = binomtest(now, now + before)
    limits = [share / (1 - share) if share < 1 else np.inf for share in exact.proportion_ci()]
    clear = exact.pvalue <= 0.05 and abs(now - before) >= 5
    for row in changes.itertuples():
        assert [row.p, row.p_adjusted] == pytest.approx([exact.pvalue] * 2)
        assert [row.low, row.high] == pytest.approx(limits, rel=1e-6)
        assert row.finding == (("higher" if now > before else "lower") if clear else "no clear change")


def recomputed(week: date) -> dict[str, tuple[object, float, str, list[int]]]:
    """Check what is known of a report: of each check what is found, its share, the level, and the note's numbers.

    A check warns where something is missing, disputed or corrected. That nothing of the kind is known passes where the
    totals are known from several sources, or the rows for the most part, and is else not judged. Stops: parts that add
    up to more than the whole, and corrections by ICE of more than a twentieth of the printed total.
    """
    report, bounds = published(week).report, published(week).bounds
    total, places, issued = report.weekly_totals.iloc[0], report.declined_by_place, report.issued_by_place
    known, entries, none = report.known_rows, report.corrections, np.nan
    declined, well_known = int(total["declined"]), total["confidence"] == "high"

    def doubt(number: int, well: bool = well_known) -> str:
        return "warn" if number else "pass" if well else ""

    found: dict[str, tuple[object, float, str, list[int]]] = {}
    found["totals"] = ("several" if well_known else "one article", none, "pass" if well_known else "warn", [])
    located = int(bounds["known_low"].sum())
    level = "stop" if located > declined else "warn" if located < declined else "pass"
    found["located"] = (located, located / declined, level, [])
    if zeros := int((bounds["known_high"] == 0).sum()):
        found["zeros"] = (zeros, none, "warn", [published(week).states_with_a_decline or 0])
    sure = places[places["bound"] != "disputed"]
    inside = sure[sure["within"] != ""].groupby("within")["declined"].sum()
    whole = sure[sure["bound"] == "exact"].set_index("row_id")["declined"]
    parted = inside[inside.index.isin(whole.index)]
    over = int((parted > whole[parted.index]).sum())
    found["parts"] = (over, over / len(parted), "stop" if over else "pass", [len(parted)])
    every_row, number = len(issued) > 0 and (issued["complete"] == "yes").all(), int(issued["issued"].sum())
    share = number / int(total["issued"]) if len(issued) else none
    found["issued"] = (number if len(issued) else "not known", share, "pass" if every_row else "warn", [])
    disputed = int((places["bound"] == "disputed").sum())
    found["disputed"] = (disputed, disputed / len(places), doubt(disputed), [len(places)])
    against = report.conflicting_figures["row_id"].nunique()
    found["contradicted"] = (against, none, doubt(against), [])
    doubted = entries["kind"].isin(["disputed", "ICE assurance", "agency explanation"])
    contested = entries[doubted & entries["week_start"].notna()]
    on_declines = [int((contested["section"] == "II").sum())] * bool(len(contested))
    found["contested"] = (len(contested), none, doubt(len(contested)), on_declines)
    back = published(week).facts["taken_back_at_least"]
    found["corrected"] = (back, back / declined, "stop" if back / declined > TOTALS_DIFFER else doubt(back), [])
    if len(issued):
        ours = entries[(entries["kind"] == "ICE correction") & (entries["section"] == "I")]
        touched = {row for rows in ours["touches"] for row in rows.split(";")}
        mended = int(issued.loc[issued["row_id"].isin(touched), "issued"].sum())
        found["corrected_issued"] = (mended, mended / number, doubt(mended), [])
    found["rows"] = (len(known), len(known) / declined, "warn" if len(known) < declined else "pass", [])
    for name, blank in (("offence", known["offence_text"] == ""), ("status", known["offence_status"] == "unknown")):
        lacking, most = int(blank.sum()), 2 * len(known) > declined
        found[f"no_{name}"] = (lacking, lacking / len(known), doubt(lacking, most), [len(known)])
    return {f"quality_{name}": values for name, values in found.items()}


@pytest.mark.parametrize("week", WEEKS)
def test_the_scorecard_is_recomputed_from_the_reports_files(week: date) -> None:
    card = report_scorecard(week)
    expected = recomputed(week)
    assert list(card["check"]) == list(expected)
    for row, (found, share, level, numbers) in zip(card.itertuples(), expected.values(), strict=True):
        assert (row.found, row.level) == (str(found), level), row.check
        assert row.share == pytest.approx(share, nan_ok=True), row.check
        assert [int(number) for number in re.findall(r"\d+", row.note)] == numbers, row.check
    assert card["norm"].isna().all(), "three reports tell no usual share"


def test_a_list_is_short_that_names_fewer_than_are_printed_with_it() -> None:
    lists = an.printed_figures("lists")
    short, whole = lists["listed"] < lists["total"], lists["listed"] == lists["total"]
    assert (whole.any(), lists.attrs["facts"]["lists_short"]) == (True, short.sum())


def test_the_scorecard_has_the_three_reports_and_no_other() -> None:
    assert sum(len(report_scorecard(week)) for week in WEEKS) == len(crosswalk("published_quality", "row_id"))
    assert report_scorecard(date(2017, 2, 18)).empty


@pytest.mark.parametrize(("week", "not_judged"), [(FIRST, 0), (SECOND, 2), (THIRD, 6)])
def test_the_less_is_known_the_less_is_judged_and_what_warns_comes_first(week: date, not_judged: int) -> None:
    card = an.quality(published(week))
    levels = card["level"].to_list()
    assert levels == sorted(levels, key=["stop", "warn", "pass", ""].index)
    assert list(card) == ["level", "checked", "found", "part_found", "note"], "three reports tell no usual share"
    counted = [card.attrs["facts"][f"checks_{name}"] for name in ("stop", "warn", "pass", "not_judged")]
    assert counted == [levels.count(level) for level in ("stop", "warn", "pass", "")]
    assert levels.count("") == not_judged
