"""The made-up release: the form, the margins asked for, and that its truth is the truth of its rows."""

from __future__ import annotations

import ast
import gzip
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import analysis.load.synthetic as synthetic
from analysis.errors import InputError
from analysis.load.files import check_hash, origin_of
from analysis.load.reference import data_file
from analysis.load.synthetic import Synthetic, generate, write_origin, write_release
from analysis.load.synthetic_laws import Bulk, DelayLaw, Event, Options, Reset, Rise, standard_events

# The header of release 2026-ICLI-00005 of March 2026, typed from its published column list.
FORM_F = """Detainer Prepare Date; Facility State; Facility AOR; Port of Departure; Departure Country; Departed Date;
Case Status; Detainer Criminality; Detainer Facility; Detainer Facility Code; Facility City; Detainer
Threat Level; Gender; Citizenship Country; Birth Country; Birth Date; Birth Year; Entry Status; MSC Charge;
MSC Sentence Days; MSC Sentence Months; MSC Sentence Years; MSC Charge Code; MSC Charge Date; MSC
Conviction Date; Aggravated Felon Yes No; Processing Disposition; Case Category; TOA Case Category; TOA
Current Program; Apprehension Method; Final Order Yes No; Final Order Date; Apprehension Date; Entry Date;
Prior Felony Yes No; Multiple Prior MISD Yes No; Violent Misdemeanor Yes No; Illegal Entry Yes No; Illegal
Reentry Yes No; Immigration Fraud Yes No; Significant Risk Yes No; Other Removal Reason Yes No; Other
Removal Reason; Criminal Street Gang Yes No; Aggravated Felony Yes No; Deportation Ordered Yes No; Order to
Show Cause Served Yes No; Order to Show Cause Served Date; Biometric Match Yes No; Statements Made Yes No;
Unlawful Attempt Yes No; Unlawful Entry Yes No; Visa Yes No; Federal Register Notice Yes No; Resume Custody
Yes No; Detainer Lift Reason; Detainer Lift Reason Code; Active Investigation Yes No; Arrest Warrant Served
Date; Detainer Type; Notify Release Request Yes No; TOD Current Duty Site; EID DTA ID; Anonymized
Identifier"""
DECLINED = "Detainer Declined by LEA"
FIRST, LAST, EXTRACTED = date(2025, 1, 4), date(2025, 12, 26), date(2026, 1, 5)
MANY = 40_000
RISE = Rise("CA", "DUI", date(2025, 7, 5))
RESET = Reset("TX", date(2025, 6, 18))
BULK = Bulk("MN", date(2025, 9, 17), 200)


def make(seed: int = 1, **arguments: Any) -> Synthetic:  # noqa: ANN401
    asked: dict[str, Any] = {"detainers": MANY, "first_day": FIRST, "last_day": LAST, "extracted_on": EXTRACTED}
    return generate(seed, **(asked | arguments))


def brief(seed: int = 1, **arguments: Any) -> Synthetic:  # noqa: ANN401
    """Eight weeks, quickly made."""
    asked: dict[str, Any] = {"detainers": 2_000, "last_day": FIRST + timedelta(days=55)}
    return make(seed, **(asked | arguments))


@pytest.fixture(scope="module")
def plain() -> Synthetic:
    """A year without events."""
    return make()


@pytest.fixture(scope="module")
def short() -> Synthetic:
    """Eight weeks without events."""
    return brief()


@pytest.fixture(scope="module")
def eventful() -> Synthetic:
    """The same year with one event of each kind."""
    return make(events=(RISE, RESET, BULK))


def first_rows(made: Synthetic) -> pd.DataFrame:
    """The true rows without repeats, with the Saturday that opens their week."""
    rows = made.truth.rows[made.truth.rows["repeat_of"].isna()]
    return rows.assign(week=rows["issued_on"].dt.to_period("W-FRI").dt.start_time)


def counted(made: Synthetic, *by: str) -> pd.DataFrame:
    """Expected and drawn detainers and declines by some of week, state, group."""
    keys = list(by)
    rows = first_rows(made)
    drawn = rows.groupby(keys, observed=True).size().rename("n")
    declined = rows[rows["lift_reason"] == DECLINED].groupby(keys, observed=True).size().rename("d")
    expected = made.truth.expected.groupby(keys, observed=True)[["issued", "declined"]].sum()
    return expected.join(drawn).join(declined).fillna({"n": 0, "d": 0})


def chi_square(drawn: pd.Series, expected: pd.Series) -> float:
    """Probability of a fit so bad under independent Poisson counts; cells below 5 expected are joined."""
    small = expected < 5
    cells = [(drawn[~small], expected[~small])]
    if small.any():
        cells.append((pd.Series([drawn[small].sum()]), pd.Series([expected[small].sum()])))
    value = sum(((d - e) ** 2 / e).sum() for d, e in cells)
    return float(stats.chi2.sf(value, sum(len(e) for _, e in cells)))


# --- the form


def test_the_columns_are_those_of_the_march_2026_release(plain: Synthetic) -> None:
    assert list(plain.release.columns) == FORM_F.replace("\n", " ").split("; ")
    assert plain.release.shape[1] == 65


def test_a_lift_date_comes_only_when_asked_for() -> None:
    made = brief(options=Options(with_lift_date=True))
    assert list(made.release.columns[-2:]) == ["Anonymized Identifier", "Detainer Lift Date"]
    lifted, reason = made.release["Detainer Lift Date"], made.release["Detainer Lift Reason"]
    assert (lifted.isna() == reason.isna()).all()
    assert (lifted.dropna() <= pd.Timestamp(EXTRACTED)).all()
    assert (lifted >= made.release["Detainer Prepare Date"])[lifted.notna()].all()


def test_values_are_written_as_ice_writes_them(plain: Synthetic) -> None:
    release = plain.release
    assert {"TEXAS", "DISTRICT OF COLUMBIA", "PUERTO RICO"} <= set(release["Facility State"].dropna())
    assert release["Facility AOR"].dropna().str.endswith(" Area of Responsibility").all()
    assert set(release["Detainer Criminality"]) == {
        "1 Convicted Criminal",
        "2 Pending Criminal Charges",
        "3 Other Immigration Violator",
    }
    codes = release.drop_duplicates("MSC Charge").set_index("MSC Charge")["MSC Charge Code"]
    assert codes["Illegal Entry (INA SEC.101(a)(43)(O), 8USC1325 only)"] == "0301"
    assert codes["Domestic Violence"] == "13AB"
    assert set(release.loc[release["Detainer Lift Reason"] == DECLINED, "Detainer Lift Reason Code"]) == {"A"}
    assert (release["Detainer Lift Reason"].isna() == release["Detainer Lift Reason Code"].isna()).all()
    assert set(release["EID DTA ID"]) == {"b(6), b(7)c"}
    assert set(release["Birth Date"]) == {"(b)(6), (b)(7)(c)"}
    assert "Not  Applicable" in set(release["Entry Status"])  # two spaces, as seen
    assert set(release["Detainer Threat Level"].dropna()) == {"1", "2", "3"}
    assert release["Anonymized Identifier"].dropna().str.fullmatch("[0-9a-f]{40}").all()


def test_every_place_says_that_it_is_a_sample(plain: Synthetic) -> None:
    release = plain.release
    for column in ("Detainer Facility", "Facility City", "Port of Departure"):
        assert release[column].dropna().astype(str).str.startswith("SAMPLE").all(), column
    assert release.attrs["title"].startswith("SYNTHETIC")


def test_one_name_stands_in_three_states_but_a_code_stands_once(plain: Synthetic) -> None:
    facilities = plain.truth.facilities
    assert set(facilities.loc[facilities["agency"] == "SAMPLE COUNTY 000 JAIL", "state"]) == {"IA", "NY", "PA"}
    assert facilities["code"].is_unique
    assert facilities["share"].sum() == pytest.approx(1)


def test_forms_and_methods_change_with_time(plain: Synthetic) -> None:
    day, form = plain.release["Detainer Prepare Date"], plain.release["Detainer Type"]
    new = form == "I247A - Immigration Detainer - Notice of Action (as of May 2025)"
    assert not new[day < "2025-05-01"].any()
    assert new[day >= "2025-07-01"].mean() > 0.98
    cap = plain.release["Apprehension Method"].astype("str").str.startswith("CAP ").fillna(False)
    assert cap[day < "2025-07-28"].any()
    assert not cap[day >= "2025-07-28"].any()


def test_dates_lie_where_they_can(plain: Synthetic) -> None:
    release = plain.release
    day = release["Detainer Prepare Date"]
    assert day.is_monotonic_increasing
    assert (day == day.dt.normalize()).all()
    for column in ("MSC Charge Date", "MSC Conviction Date", "Entry Date", "Final Order Date"):
        assert (release[column] < day + pd.Timedelta(days=1))[release[column].notna()].all(), column
    assert release["Departed Date"].max() <= pd.Timestamp(EXTRACTED)
    assert (release["Apprehension Date"].dropna().dt.hour > 0).any()  # carries a time


# --- the margins


@pytest.mark.parametrize(
    ("column", "share"),
    [
        ("Facility State", 0.0014),
        ("Facility AOR", 0.209),
        ("Case Status", 0.528),
        ("Apprehension Method", 0.783),
        ("Apprehension Date", 0.783),
        ("MSC Charge", 0.72),
        ("MSC Charge Code", 0.72),
        ("MSC Sentence Days", 0.91),
        ("Final Order Date", 0.685),
        ("Anonymized Identifier", 0.132),
        ("Detainer Type", 0.0),
        ("Detainer Criminality", 0.0),
        ("Citizenship Country", 0.0),
    ],
)
def test_blanks_stand_at_the_shares_asked_for(plain: Synthetic, column: str, share: float) -> None:
    n = len(plain.release)
    within = 5 * np.sqrt(share * (1 - share) / n)  # five standard deviations: a person's rows go together
    assert plain.release[column].isna().mean() == pytest.approx(share, abs=within + 1e-12)


def test_columns_of_one_block_are_blank_together(plain: Synthetic) -> None:
    release = plain.release
    for first, second in [
        ("Facility State", "Facility City"),
        ("Case Status", "Final Order Yes No"),
        ("MSC Charge", "MSC Charge Date"),
        ("Departed Date", "Departure Country"),
        ("Apprehension Date", "Apprehension Method"),
    ]:
        assert (release[first].isna() == release[second].isna()).all(), (first, second)


def test_repeats_are_the_only_rows_of_a_person_within_24_hours(plain: Synthetic) -> None:
    release = plain.release.assign(repeat=plain.truth.rows["repeat_of"].notna(), row=plain.truth.rows["detainer"])
    known = release.dropna(subset="Anonymized Identifier").sort_values(
        ["Anonymized Identifier", "Detainer Prepare Date", "row"], ascending=[True, True, False], kind="stable"
    )
    gap = known.groupby("Anonymized Identifier")["Detainer Prepare Date"].diff().dt.days
    assert (gap <= 1).sum() == release["repeat"].sum()
    assert (known.loc[gap <= 1, "repeat"]).all()
    n = (~release["repeat"]).sum()
    assert stats.binomtest(int(release["repeat"].sum()), int(n), 0.03).pvalue > 1e-3
    originals = plain.truth.rows.set_index("detainer")["issued_on"]
    repeats = plain.truth.rows.dropna(subset="repeat_of")
    apart = repeats["issued_on"].to_numpy() - originals.loc[repeats["repeat_of"]].to_numpy()
    assert set(apart.astype("timedelta64[D]").astype(int)) == {0, 1}


def test_persons_return_more_than_a_day_apart(plain: Synthetic) -> None:
    rows = plain.release[plain.truth.rows["repeat_of"].isna()].dropna(subset="Anonymized Identifier")
    assert 1.1 < len(rows) / rows["Anonymized Identifier"].nunique() < 1.3
    same = rows.groupby("Anonymized Identifier")[["Gender", "Birth Year", "Citizenship Country"]].nunique()
    assert (same == 1).all(axis=None)


def test_weekends_and_holidays_are_quiet(plain: Synthetic) -> None:
    by_day = first_rows(plain).groupby("issued_on").size()
    weekday = by_day.groupby(pd.DatetimeIndex(by_day.index).day_of_week).mean()
    assert weekday[[5, 6]].max() < 0.65 * weekday[[1, 2, 3]].min()
    assert by_day["2025-12-25"] < 0.7 * by_day[["2025-12-18", "2025-12-11"]].mean()


def test_states_and_facilities_are_heavy_tailed(plain: Synthetic) -> None:
    share = first_rows(plain)["state"].value_counts(normalize=True)
    assert share.index[0] == "TX"
    assert share.iloc[:3].sum() > 0.33
    assert len(share) > 45


# --- the truth is the truth of the rows


def test_expected_counts_add_up_to_what_was_asked(plain: Synthetic) -> None:
    expected = plain.truth.expected
    assert expected["issued"].sum() == pytest.approx(MANY)
    assert expected["declined"].sum() == pytest.approx(0.1 * MANY, rel=1e-6)
    assert len(expected) == 51 * 55 * 18  # weeks x states x groups


@pytest.mark.parametrize("by", [("week",), ("state",), ("group",), ("week", "state"), ("state", "group")])
def test_poisson_counts_and_declines_fit_the_expected_ones(eventful: Synthetic, by: tuple[str, ...]) -> None:
    table = counted(eventful, *by)
    assert chi_square(table["n"], table["issued"]) > 1e-3
    assert chi_square(table["d"], table["declined"]) > 1e-3


def test_probabilities_are_those_of_the_rows(plain: Synthetic) -> None:
    table = counted(plain, "state", "group")
    truth = plain.truth.probability.set_index(["state", "group"])["probability"]
    assert (table["declined"] / table["issued"]).to_numpy() == pytest.approx(truth.loc[table.index].to_numpy())
    assert truth.between(0, 1, inclusive="neither").all()


def test_a_planted_rise_is_threefold_in_expectation_and_in_the_rows(plain: Synthetic, eventful: Synthetic) -> None:
    tables = [
        made.truth.expected[(made.truth.expected["state"] == "CA") & (made.truth.expected["group"] == "DUI")]
        for made in (plain, eventful)
    ]
    rose, base = (table.set_index("week")[["issued", "declined"]] for table in reversed(tables))
    ratio = rose / base
    after = ratio.index >= pd.Timestamp(RISE.start)
    assert ratio[after].to_numpy() == pytest.approx(3)
    assert ratio[~after].to_numpy() == pytest.approx(1)
    rows = first_rows(eventful)
    here = rows[(rows["state"] == "CA") & (rows["group"] == "DUI") & (rows["week"] >= pd.Timestamp(RISE.start))]
    expected = tables[0].loc[tables[0]["week"] >= pd.Timestamp(RISE.start), "issued"].sum() * 3
    assert stats.poisson.cdf(len(here), expected) == pytest.approx(0.5, abs=0.499)


def test_a_rise_of_declines_alone_leaves_the_issued(plain: Synthetic) -> None:
    made = make(events=(Rise("TX", "ASSAULT", date(2025, 3, 1), weeks=4, of="declined"),))
    keys = ["week", "state", "group"]
    ratio = made.truth.expected.set_index(keys) / plain.truth.expected.set_index(keys)
    assert ratio["issued"].to_numpy() == pytest.approx(1)
    risen = ratio[~np.isclose(ratio["declined"], 1)]
    assert risen["declined"].to_numpy() == pytest.approx(3)
    assert list(risen.index) == [
        (pd.Timestamp("2025-03-01") + pd.Timedelta(weeks=week), "TX", "ASSAULT") for week in range(4)
    ]


def test_a_reset_declines_the_open_on_its_day_and_others_at_its_probability(eventful: Synthetic) -> None:
    rows = first_rows(eventful)
    code = eventful.truth.facilities.query("state == 'TX'")["code"].iloc[0]
    here = rows[rows["agency"] == code]
    day = pd.Timestamp(RESET.day)
    old, new = here[here["issued_on"] < day], here[here["issued_on"] >= day]
    stayed = old[old["recorded_on"].isna() | (old["recorded_on"] > day)]
    swept = old[(old["recorded_on"] == day) & (old["lift_reason"] == DECLINED)]
    assert stats.binomtest(len(swept), len(swept) + len(stayed), RESET.share).pvalue > 1e-3
    assert len(swept) > 100
    declined = int((new["lift_reason"] == DECLINED).sum())
    assert stats.binomtest(declined, len(new), RESET.probability).pvalue > 1e-3
    event = eventful.truth.events.query("kind == 'reset'").iloc[0]
    assert (event["agency"], event["day"]) == (code, RESET.day)


@pytest.mark.slow
def test_the_expected_declines_of_a_reset_hold_over_seeds() -> None:
    """The closed form, where most declines come from the reset's own day and agency."""
    drawn, expected = 0, 0.0
    reset = Reset("TX", date(2025, 6, 18), share=0.7, probability=0.5)
    for seed in range(20):
        made = make(seed, detainers=MANY, last_day=date(2025, 8, 1), events=(reset,))
        rows = first_rows(made)
        drawn += int(((rows["state"] == "TX") & (rows["lift_reason"] == DECLINED)).sum())
        truth = made.truth.expected
        expected += truth.loc[truth["state"] == "TX", "declined"].sum()
    assert expected > 8_000
    assert abs(drawn - expected) < 3.5 * np.sqrt(expected)


def test_a_bulk_entry_is_one_office_on_one_day(plain: Synthetic, eventful: Synthetic) -> None:
    rows = first_rows(eventful)
    minnesota = rows[rows["state"] == "MN"].groupby("issued_on").size()
    assert minnesota.idxmax() == pd.Timestamp(BULK.day)
    assert minnesota.nlargest(2).iloc[1] < 30
    more = eventful.truth.expected["issued"].sum() - plain.truth.expected["issued"].sum()
    dui = plain.truth.expected.query("state == 'CA' and group == 'DUI'").set_index("week")["issued"]
    assert more == pytest.approx(BULK.detainers + 2 * dui[pd.Timestamp(RISE.start) :].sum())


def test_bulk_and_reset_at_one_agency_agree_with_the_rows() -> None:
    events = (Bulk("MN", date(2025, 3, 5), 2000), Reset("MN", date(2025, 4, 2), share=1.0, probability=0.2))
    made = make(events=events, detainers=5_000, last_day=date(2025, 4, 25))
    table = counted(made, "state").loc["MN"]
    assert abs(table["d"] - table["declined"]) < 4 * np.sqrt(table["declined"])


# --- count laws


def test_over_dispersed_counts_have_the_variance_of_the_negative_binomial() -> None:
    options = Options(law="negative_binomial", dispersion=4.0)
    table = counted(make(7, options=options), "week", "state", "group").query("issued > 3")
    expected_square = (table["issued"] + table["issued"] ** 2 / 4).sum()
    assert ((table["n"] - table["issued"]) ** 2).sum() == pytest.approx(expected_square, rel=0.15)
    assert table["n"].sum() == pytest.approx(table["issued"].sum(), rel=0.05)


def test_clustered_counts_are_over_dispersed_within_facilities() -> None:
    made = make(7, options=Options(law="clustered", dispersion=4.0))
    rows = first_rows(made)
    largest = made.truth.facilities.sort_values("share", ascending=False).head(8)
    week = made.truth.expected.groupby("week")["issued"].sum()
    counts = pd.crosstab(rows["agency"], rows["week"]).loc[largest["code"]]
    expected = np.outer(largest["share"], week)
    ratio = ((counts.to_numpy() - expected) ** 2).sum() / (expected + expected**2 / 4).sum()
    assert ratio == pytest.approx(1, abs=0.25)
    state = counted(made, "week", "state").query("issued > 5")
    assert ((state["n"] - state["issued"]) ** 2 / state["issued"]).mean() > 1.3  # 1 under Poisson


# --- delays

REFERENCE = {
    "geometric": stats.geom(1 / 31, loc=-1),
    "gamma": stats.gamma(2.0, scale=15.0),
    "lognormal": stats.lognorm(1.2, scale=np.exp(np.log(30) - 0.72)),
}


@pytest.mark.parametrize("name", REFERENCE)
def test_completeness_is_the_law_that_is_named(name: str) -> None:
    law = DelayLaw(cast(Any, name), mean_days=30)
    days = np.array([0, 1, 7, 30, 90, 400])
    reached = days if name == "geometric" else days + 1  # a continuous delay is rounded down
    assert law.completeness(days) == pytest.approx(REFERENCE[name].cdf(reached))
    assert law.completeness([-1, -200]) == pytest.approx([0, 0])


@pytest.mark.parametrize("name", REFERENCE)
def test_delays_are_drawn_from_the_law_and_leave_young_rows_blank(name: str) -> None:
    law = DelayLaw(cast(Any, name), mean_days=30)
    made = make(3, detainers=15_000, options=Options(delay=law, repeats=0.0))
    rows = made.truth.rows
    delay = (rows["recorded_on"] - rows["issued_on"]).dt.days.dropna()
    for days in (0, 3, 10, 30, 60, 120):
        assert stats.binomtest(int((delay <= days).sum()), len(delay), float(law.completeness(days))).pvalue > 1e-4
    age = (pd.Timestamp(EXTRACTED) - rows["issued_on"]).dt.days
    ends = rows["recorded_on"].notna()
    seen = made.release["Detainer Lift Reason"].notna()
    assert not seen[~ends].any()
    for low, high in ((10, 20), (20, 40), (40, 90), (90, 400)):
        young = ends & (age >= low) & (age < high)
        chance = law.completeness(age[young])
        variance = (chance * (1 - chance)).sum()
        assert abs(seen[young].sum() - chance.sum()) < 4 * np.sqrt(variance) + 0.5


def test_ends_never_recorded_stand_at_their_share(plain: Synthetic) -> None:
    rows = first_rows(plain)
    others = rows[rows["lift_reason"] != DECLINED]
    assert stats.binomtest(int(others["lift_reason"].isna().sum()), len(others), 0.33).pvalue > 1e-3


# --- successive extractions


def test_a_later_extraction_shows_the_same_detainers_better_recorded() -> None:
    early = brief(5, extracted_on=date(2025, 2, 10))
    late = brief(5, extracted_on=date(2025, 6, 1))
    before = early.truth.rows.assign(reason=early.release["Detainer Lift Reason"]).set_index("detainer")
    after = late.truth.rows.assign(reason=late.release["Detainer Lift Reason"]).set_index("detainer")
    assert before.index.isin(after.index).all()
    assert before["issued_on"].max() <= pd.Timestamp("2025-02-10")
    assert len(after) > len(before)
    joined = after.loc[before.index]
    for column in ("issued_on", "state", "agency", "group", "lift_reason", "recorded_on"):
        assert joined[column].astype(object).equals(before[column].astype(object)), column
    known = before["reason"].notna()
    assert (before.loc[known, "reason"].astype(str) == joined.loc[known, "reason"].astype(str)).all()
    assert joined["reason"].notna().sum() > known.sum()
    details = ["Gender", "Citizenship Country", "MSC Charge", "Birth Year", "Case Status", "Apprehension Date"]
    first, second = (
        made.release.set_index(made.truth.rows["detainer"]).loc[before.index, details].astype(object)
        for made in (early, late)
    )
    assert first.equals(second)


def test_person_ids_hold_within_one_release_unless_asked_otherwise() -> None:
    for fresh in (True, False):
        two = [
            brief(5, extracted_on=day, options=Options(fresh_ids=fresh)) for day in (date(2026, 1, 5), date(2026, 2, 5))
        ]
        ids = [set(made.release["Anonymized Identifier"].dropna()) for made in two]
        assert ids[0].isdisjoint(ids[1]) is fresh
        assert len(ids[0]) == len(ids[1])
        assert (ids[0] == ids[1]) is not fresh


def test_some_rows_change_and_some_vanish_when_asked() -> None:
    options = Options(changed=0.05, vanished=0.04, delay=DelayLaw(mean_days=10))
    days = (date(2025, 12, 1), date(2035, 12, 1))
    early, late = (make(5, detainers=20_000, extracted_on=day, options=options) for day in days)
    reasons = [
        made.release["Detainer Lift Reason"].astype(object).set_axis(made.truth.rows["detainer"])
        for made in (early, late)
    ]
    both = pd.concat(reasons, axis=1, keys=["early", "late"], join="inner")
    old = both.dropna()
    changed = (old["early"] != old["late"]).mean()
    assert 0.005 < changed < 0.05
    gone = ~reasons[0].index.isin(reasons[1].index)
    assert 0.01 < gone.mean() < 0.04
    final = late.truth.rows[late.truth.rows["repeat_of"].isna()]
    everything = make(5, detainers=20_000, extracted_on=days[1], options=Options(delay=DelayLaw(mean_days=10)))
    assert len(final) / (everything.truth.rows["repeat_of"].isna().sum()) == pytest.approx(0.96, abs=0.005)
    shown = late.release["Detainer Lift Reason"].astype(object)
    assert shown.equals(late.truth.rows["lift_reason"].astype(object).rename(shown.name))


# --- the same arguments, the same release


def test_the_same_arguments_give_the_same_release(eventful: Synthetic) -> None:
    again = make(events=(RISE, RESET, BULK))
    assert again.release.equals(eventful.release)
    for name in ("expected", "probability", "facilities", "events", "rows"):
        assert getattr(again.truth, name).equals(getattr(eventful.truth, name)), name


def test_another_seed_gives_another_release(short: Synthetic) -> None:
    assert not brief(2).truth.rows.equals(short.truth.rows)


@pytest.mark.parametrize(
    "options",
    [
        Options(delay=DelayLaw("lognormal", 90)),
        Options(blank_ids=0.5),
        Options(repeats=0.1),
        Options(changed=0.1),
        Options(returning=0.0),
        Options(with_lift_date=True),
    ],
    ids=lambda options: ",".join(f for f, v in vars(options).items() if v != getattr(Options(), f)),
)
def test_an_option_does_not_shift_what_others_draw(short: Synthetic, options: Options) -> None:
    columns = [
        "Detainer Prepare Date",
        "Detainer Facility Code",
        "MSC Charge",
        "Case Status",
        "Federal Register Notice Yes No",
    ]
    releases = []
    for made in (short, brief(options=options)):
        kept = made.truth.rows["repeat_of"].isna()
        releases.append(made.release.loc[kept, columns].astype(object).reset_index(drop=True))
    assert releases[0].equals(releases[1])


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 2**40),
    detainers=st.integers(1, 60),
    length=st.integers(0, 40),
    until=st.integers(0, 60),
    law=st.sampled_from(["poisson", "negative_binomial", "clustered"]),
)
def test_small_and_short_releases_keep_their_promises(
    seed: int, detainers: int, length: int, until: int, law: str
) -> None:
    last, extracted = FIRST + timedelta(days=length), FIRST + timedelta(days=until)
    made = generate(
        seed,
        detainers=detainers,
        first_day=FIRST,
        last_day=last,
        extracted_on=extracted,
        options=Options(law=cast(Any, law), vanished=0.1, changed=0.1, with_lift_date=True),
    )
    release, rows = made.release, made.truth.rows
    assert release.shape == (len(rows), 66)
    assert (release["Detainer Prepare Date"] <= pd.Timestamp(min(last, extracted))).all()
    assert (release["Detainer Lift Reason"].notna() == (rows["recorded_on"] <= pd.Timestamp(extracted))).all()
    assert rows["detainer"].is_unique
    shown = made.truth.expected["issued"].sum()
    assert 0 <= shown <= detainers * 1.0001


# --- arguments that cannot be


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"detainers": 0}, "impossible"),
        ({"seed": -1}, "impossible"),
        ({"last_day": FIRST - timedelta(days=1)}, "out of order"),
        ({"extracted_on": FIRST - timedelta(days=1)}, "out of order"),
        ({"events": (Rise("XX", "DUI", date(2025, 7, 5)),)}, "unknown state 'XX'"),
        ({"events": (Rise("CA", "DIU", date(2025, 7, 5)),)}, "did you mean 'DUI'"),
        ({"events": (Rise("CA", "DUI", date(2027, 7, 3)),)}, "outside the release"),
        ({"events": (Reset("TX", date(2024, 7, 3)),)}, "outside the release"),
        ({"events": (Bulk("TX", date(2025, 7, 3), 5, agency="SY999TX"),)}, "unknown agency"),
        ({"events": (Reset("TX", date(2025, 7, 3)), Reset("TX", date(2025, 8, 3)))}, "two policy resets"),
        ({"events": (Rise("IL", "DUI", date(2025, 7, 5), factor=9, of="declined"),)}, "cannot rise 9-fold"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        make(**({"detainers": 500} | arguments))


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Options(law=cast(Any, "binomial")), "unknown count law"),
        (lambda: Options(repeats=1.2), "option repeats is no share"),
        (lambda: Options(vanished=float("nan")), "option vanished is no share"),
        (lambda: Options(decline_share=0.0), "decline_share"),
        (lambda: Options(dispersion=0.0), "impossible parameter"),
        (lambda: Options(repeats=0.6, blank_ids=0.5), "too few persons"),
        (lambda: DelayLaw(cast(Any, "weibull")), "unknown delay law"),
        (lambda: DelayLaw(mean_days=0), "mean delay"),
        (lambda: DelayLaw("gamma", shape=-1), "shape"),
        (lambda: Rise("CA", "DUI", date(2025, 7, 4)), "a Saturday"),
        (lambda: Rise("CA", "DUI", date(2025, 7, 5), factor=0), "factor"),
        (lambda: Rise("CA", "DUI", date(2025, 7, 5), of=cast(Any, "lifted")), "unknown kind of rise"),
        (lambda: Reset("TX", date(2025, 7, 3), share=2), "share of the reset"),
        (lambda: Bulk("TX", date(2025, 7, 3), 0), "bulk entry"),
        (lambda: standard_events(FIRST, FIRST + timedelta(weeks=5), detainers=100), "too short"),
    ],
)
def test_laws_and_events_that_cannot_be_are_refused(build: Any, says: str) -> None:  # noqa: ANN401
    with pytest.raises(InputError, match=says):
        build()


# --- files


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".csv.gz"])
def test_a_written_release_reads_back_the_same(tmp_path: Path, suffix: str) -> None:
    made = brief(detainers=800)
    path = tmp_path / f"made{suffix}"
    write_release(made.release, path)
    write_release(made.release, tmp_path / f"again{suffix}")
    assert path.read_bytes() == (tmp_path / f"again{suffix}").read_bytes()
    if suffix == ".parquet":
        back = pd.read_parquet(path)
        assert back.attrs["title"].startswith("SYNTHETIC")
    else:
        back = pd.read_csv(path, header=6, dtype=str, parse_dates=["Detainer Prepare Date"])
        text = gzip.decompress(path.read_bytes()) if suffix == ".csv.gz" else path.read_bytes()
        assert text.startswith(b"SYNTHETIC")
    assert list(back.columns) == list(made.release.columns)
    for column in ("MSC Charge Code", "Detainer Lift Reason", "Detainer Facility", "Anonymized Identifier"):
        assert same_text(back[column], made.release[column]), column
    assert (back["Detainer Prepare Date"] == made.release["Detainer Prepare Date"]).all()
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([path.name, f"again{suffix}"])


def same_text(left: pd.Series, right: pd.Series) -> bool:
    """Whether two columns hold the same text and the same blanks."""
    return bool((left.astype(object).fillna("") == right.astype(object).fillna("")).all())


def test_a_release_goes_only_where_it_can(tmp_path: Path) -> None:
    release = brief(detainers=5).release
    with pytest.raises(InputError, match="kind of file"):
        write_release(release, tmp_path / "made.xlsx")
    with pytest.raises(InputError, match="folder is missing"):
        write_release(release, tmp_path / "nowhere" / "made.csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dated_ends", [True, False])
def test_the_origin_says_synthetic(tmp_path: Path, dated_ends: bool) -> None:
    made = brief(detainers=500, options=Options(delay=DelayLaw(mean_days=9), with_lift_date=dated_ends))
    path = tmp_path / "made.parquet"
    write_release(made.release, path)
    write_origin(made, path, command="declines synthetic")
    origin = origin_of(path)
    assert origin.source is not None
    assert origin.source.synthetic
    assert origin.source.offences
    assert origin.source.lift_dates == dated_ends
    assert ("with the day of each end" in origin.document) == dated_ends
    assert origin.notes is not None
    assert "recorded 9 days after issue on average (geometric law)" in origin.notes
    assert origin.title.startswith("SYNTHETIC")
    assert origin.source.title.startswith("SYNTHETIC")
    assert origin.source.detainers == len(made.release)
    assert origin.source.declined == (made.release["Detainer Lift Reason"] == DECLINED).sum()
    assert check_hash(path) == origin.sha256


# --- the bundled release


def bundled_events() -> tuple[Event, ...]:
    return standard_events(date(2025, 1, 4), date(2026, 2, 27), detainers=12_000)


def test_the_bundled_release_is_what_its_origin_says() -> None:
    path = data_file("synthetic/small_release.parquet")
    check_hash(path)
    source = origin_of(path).source
    assert source is not None
    assert path.stat().st_size <= 900_000
    assert (source.name, source.clock, source.synthetic, source.offences) == ("synthetic", "issued", True, True)
    assert source.lift_dates
    made = generate(
        20261125,
        detainers=12_000,
        first_day=source.first_day,
        last_day=source.last_day,
        extracted_on=source.extracted_on,
        options=Options(delay=DelayLaw(mean_days=7), with_lift_date=True),
        events=bundled_events(),
    )
    bundled = pd.read_parquet(path)
    assert list(bundled.columns) == list(made.release.columns)
    assert len(bundled) == len(made.release) == source.detainers
    assert (bundled["Detainer Lift Reason"] == DECLINED).sum() == source.declined
    for column in bundled:
        assert same_text(bundled[column], made.release[column]), column
    assert {event.state for event in bundled_events()} == {"CA", "TX", "MN"}
    assert source.first_day.weekday() == 5
    assert source.last_day.weekday() == 4


@pytest.mark.parametrize("name", ["columns", "groups", "lift_reasons", "offences", "states", "values"])
def test_the_made_up_margins_have_their_origin(name: str) -> None:
    path = data_file(f"reference/synthetic_margins/{name}.csv")
    check_hash(path)
    assert origin_of(path).title.startswith("SYNTHETIC")
    assert "MADE UP" in origin_of(path).document


def test_nothing_of_the_statistics_is_imported() -> None:
    folder = Path(synthetic.__file__).parent
    for path in folder.glob("synthetic*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.startswith("analysis.stats") for name in names), path.name
