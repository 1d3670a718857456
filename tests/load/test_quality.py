"""The scorecard: each check at its bounds, published figures, and that it says what it found. Rows are made up."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from release_forms import HEADERS

from analysis.load import quality
from analysis.load.offences import Step
from analysis.load.quality import bulk_days, norms, recording_by_week, scorecard
from analysis.load.reference import check_hash, data_file, states
from analysis.load.releases import GATES, Release, outcome_of
from analysis.load.sources import SCORECARD_FILE, open_source
from analysis.load.table import REPEAT, Outcome, as_table, flag_repeats
from analysis.periods import Calendar

READING = yaml.safe_load(Path(__file__).with_name("reading.yml").read_text(encoding="utf-8"))
SATURDAY = pd.Timestamp("2025-01-04")
DECLINED, TAKEN = "Detainer Declined by LEA", "Booked into Detention"


def table(rows: int = 600, **columns: Any) -> pd.DataFrame:  # noqa: ANN401
    """Rows spread evenly over 60 weeks, all filled but for the lift date; a third have no lift reason."""
    at = np.arange(rows)
    texts = {"state": "TX", "agency": "SAMPLE JAIL", "city": "SAMPLE CITY", "facility_code": "SAMPLTX", "form": "I247A"}
    texts |= {"criminality": "1 Convicted Criminal", "citizenship": "SAMPLELAND", "source_file": "made up.csv"}
    values: dict[str, Any] = texts | {
        "issued_on": SATURDAY + pd.to_timedelta(at * 420 // rows, unit="D"),
        "lift_reason": [[None, DECLINED, TAKEN][n % 3] for n in at],
        "offence_text": ["DUI" if n % 10 < 3 else None for n in at],
        "person": [f"p{n}" for n in at],
        "detainers": 1,
        "source_row": at + 2,
    }
    frame = pd.DataFrame(values | columns)
    frame["outcome"] = outcome_of(frame["lift_reason"].astype("category"), frame)
    return as_table(frame if "duplicate" in frame else frame.assign(duplicate=flag_repeats(frame)))


WHOLE, BLANKER = table(), table(lift_reason=[None, None, TAKEN] * 200)


def changes(*made: list[object]) -> pd.DataFrame:
    return pd.DataFrame(made, columns=["what", "column", "rows"])


def card_of(
    rows: pd.DataFrame | None = None,
    extracted_on: date | None = None,
    previous: pd.DataFrame | None = None,
    **parts: Any,  # noqa: ANN401
) -> pd.DataFrame:
    """The scorecard, by check, of a release of form F with nothing to be said of its reading but the parts given."""
    rows = WHOLE if rows is None else rows
    sheet = {"file": "made up.csv", "sheet": "", "sha256": "0" * 64, "header_row": 1, "rows": len(rows), "note": ""}
    nothing: dict[str, Any] = {"table": rows, "form": "F", "gaps": ("lifted_on",)}
    nothing |= {"sheets": pd.DataFrame([sheet]), "unknown_columns": (), "changes": changes(), "extracted_on": None}
    nothing["unknown_values"] = pd.DataFrame(columns=["column", "value", "rows", "share"])
    nothing |= {"offence_steps": pd.Series(0, list(Step)), "persons": rows["person"].nunique()}
    card = scorecard(Release(**(nothing | parts)), extracted_on=extracted_on, previous=previous).set_index("check")
    assert card.index.is_unique
    return card


# --- the card


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"lift_reason": None}, {"blank_lift_reason": "stop"}),
        ({"state": None}, {"blank_state": "warn", "states_given": "pass", "published_of_nation": ""}),
        ({"person": None}, {"repeats": "warn", "persons": "", "blank_person": "warn"}),
        ({"duplicate": pd.Categorical([REPEAT] * 59 + [None] * 541)}, {"repeats": "pass", "rows_kept": "pass"}),
        ({"duplicate": pd.Categorical([REPEAT] * 60 + [None] * 540)}, {"repeats": "warn"}),  # a tenth
        # a file chosen by its outcome or state
        ({"state": ["TX", "CA"] * 300}, {"outcomes": "pass", "states_given": "pass"}),
        ({}, {"outcomes": "pass", "states_given": "warn"}),
        ({"lift_reason": DECLINED}, {"outcomes": "warn", "states_given": "warn"}),
        ({"lift_reason": [None, *[DECLINED] * 599]}, {"outcomes": "pass"}),
        ({"lift_reason": None, "state": None}, {"outcomes": "pass", "states_given": "pass", "blank_state": "warn"}),
    ],
)
def test_what_a_column_says_of_a_file(columns: dict[str, Any], expected: dict[str, str]) -> None:
    card = card_of(table(**columns))
    assert {check: card["level"].get(check, "") for check in expected} == expected
    stopped = card["note"][card["level"] == "stop"]
    assert stopped.str.contains("no decline can be told").tolist() == [True] * (columns.get("lift_reason", 0) is None)
    if "rows_kept" in expected:
        assert card.loc[["repeats", "rows_kept"], "found"].tolist() == ["59", "541"]


@pytest.mark.parametrize(("few", "level"), [(29, "pass"), (30, "warn")])
def test_known_shares_of_the_nation_are_no_measure_of_a_few_states(few: int, level: str) -> None:
    blanker: dict[str, Any] = {"lift_reason": [None, None, None, None, TAKEN] * 120, "citizenship": None}
    card = card_of(table(state=[list(states().index)[at % few] for at in range(600)], **blanker))
    assert card.loc["blank_lift_reason", ["level", "norm"]].tolist() == [level, 0.334]
    assert card.loc["blank_citizenship", "level"] == "warn"  # a column that is wholly blank is doubtful anywhere


def test_a_quiet_card_comes_back_from_csv_and_reads_as_facts_and_any_as_text(tmp_path: Path) -> None:
    card = card_of(extracted_on=date(2025, 1, 1), previous=table(300)).reset_index()
    assert list(card.columns) == list(quality.Check._fields)
    assert (card["what"] != "").all()
    card.to_csv(tmp_path / "scorecard.csv", index=False)
    pd.testing.assert_frame_equal(quality.read_scorecard(tmp_path / "scorecard.csv"), card, check_dtype=False)
    one = quality.Check
    told = [one("rows", "rows", "1234"), one("state", "state", "12", 0.25, 0.3, "warn", "word " * 22)]
    assert quality.as_text(quality.as_card(told)).splitlines() == [
        "      check        found    share    known",
        "PASS  rows         1,234",
        "WARN  state           12   25.00%   30.00%",
        f"      {'word ' * 21}".rstrip(),
        "      word",
        "1 pass, 1 warn, 0 stop",
    ]
    facts = quality.scorecard_facts(card)
    of_levels = [facts[f"checks_{level}"] for level in ("pass", "warn", "stop")]
    assert facts["checks"] == len(card) == sum(map(int, map(str, of_levels)))
    assert (facts["rows"], facts["first_day"], facts["newest_day"]) == (600, "2025-01-04", "2026-02-27")
    assert facts["blank_lift_reason_share"] == pytest.approx(1 / 3)
    assert facts["blank_lift_reason_norm"] == 0.334


# --- levels at their bounds


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_level_begins_at_its_bound(one: float, other: float) -> None:
    warn, stop = sorted((one, other))
    assert quality.level_of(warn, warn, stop) == "warn"
    assert quality.level_of(np.nextafter(warn, -1), warn, stop) == "pass"
    assert quality.level_of(np.nextafter(stop, 2), warn, stop) == "stop"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4), st.floats(0, 1), st.integers(1, 10**6), st.floats(0, 0.2))
def test_a_blank_share_inside_the_known_range_passes_and_far_outside_warns(
    known: list[float], weight: float, rows: int, beyond: float
) -> None:
    values = pd.Series(known)
    low, high = float(values.min()), float(values.max())
    assert quality.against_known(low + weight * (high - low), rows, values)[0] == "pass"
    allowed = max(0.005, (high * (1 - high)) ** 0.5 * (0.1 + 3 / rows**0.5))
    verdict, nearest, _ = quality.against_known(high + beyond, rows, values)
    if high + beyond != 1 and abs(beyond - allowed) > 1e-9:
        assert verdict == ("warn" if beyond > allowed else "pass")
    assert nearest == pytest.approx(high)
    assert quality.against_known(1, 22, pd.Series([0.72]))[0] == "warn"  # by chance once in a thousand files
    assert quality.against_known(1, 13, pd.Series([0.72]))[0] == "pass"
    assert quality.against_known(0.005, 9, pd.Series([0.0]))[0] == "pass"


@pytest.mark.parametrize(("number", "expected"), [(0, "pass"), (1, "warn"), (10, "warn"), (11, "stop")])
def test_of_a_thousand_rows_without_a_day_or_issued_after_the_extraction_one_warns_and_eleven_stop(
    number: int, expected: str
) -> None:
    rows = table(1000)
    extracted = rows["issued_on"].sort_values().iloc[-1 - number]
    rows.loc[rows["issued_on"] > extracted, "issued_on"] = extracted
    rows.loc[rows.index[:number], "issued_on"] = extracted + pd.Timedelta(days=1)
    rows["lifted_on"] = rows["issued_on"] - pd.to_timedelta([1] * number + [0] * (1000 - number), unit="D")
    known = card_of(rows, extracted.date())
    assert known.loc["ended_before", ["level", "found"]].tolist() == ["warn" if number else "pass", str(number)]
    assert (known.loc["future_days", "level"], "extraction" in known.index) == (expected, False)
    assert known.loc["future_days", "note"].startswith(f"extracted on {extracted:%Y-%m-%d}")
    rows.loc[rows.index[:number], "issued_on"] = pd.NaT
    card = card_of(rows)
    assert card.loc["blank_issued_on", ["level", "found"]].tolist() == [expected, str(number)]
    assert card.loc["extraction", ["level", "found"]].tolist() == ["warn", "not known"]
    assert "future_days" not in card.index


@pytest.mark.parametrize(("times", "expected"), [(0.99, "pass"), (1, "warn"), (1.01, "stop")])
def test_unknown_words_take_the_levels_of_their_gate(times: float, expected: str) -> None:
    shares = {column: times * (stop if times > 1 else quality.WARN_STRAYS) for column, (_, stop) in GATES.items()}
    strange = [(column, "XX", round(share * 1e6), share) for column, share in shares.items()]
    strange += [(column, "J. Doe", 1, 0.0) for column in GATES]  # a word of one row could be anything
    words = pd.DataFrame(strange, columns=["column", "value", "rows", "share"])
    card = card_of(unknown_values=words).loc[[f"unknown_{column}" for column in GATES]]
    assert card["level"].eq(expected).all()
    assert card["note"].str.contains("XX").all()
    assert not card["note"].str.contains("Doe").any()


@pytest.mark.parametrize(("unknown_rows", "expected"), [(4, "pass"), (5, "warn")])
def test_offences_by_step_and_those_that_no_step_placed(unknown_rows: int, expected: str) -> None:
    steps = pd.Series({"label": 90 - unknown_rows, "code": 10, "block": 0, "unknown": unknown_rows, "blank": 500})
    card = card_of(offence_steps=steps)
    assert card.loc["offence_unknown", "level"] == expected
    assert card.loc["offence_code", "share"] == pytest.approx(0.1)
    assert "offence_blank" not in card.index


def test_the_reading_is_told() -> None:
    told = pd.DataFrame(READING["sheets"], columns=["file", "sheet", "header_row", "rows", "note"])
    made, gaps = changes(*READING["changes"]), ("lifted_on", "citizenship")
    card = card_of(sheets=told, changes=made, unknown_columns=("Shoe {0} Size",), gaps=gaps)
    for check, level, number, noted in READING["told"]:
        assert card.loc[check, ["level", "found"]].tolist() == [level, number], check
        assert noted in card.loc[check, "note"], check
    assert "blank_citizenship" not in card.index  # lacking, not blank
    in_doubt = card_of(changes=changes(*READING["doubtful changes"]))
    assert in_doubt.loc[["redactions", "codes_moved"], "level"].tolist() == ["warn", "warn"]


# --- days and weeks


@pytest.mark.parametrize(
    ("counts", "batches"),
    [
        ({"SAMPLE": [19, *[3] * 40]}, []),
        ({"SAMPLE": [20, *[4] * 40]}, ["SAMPLE"]),
        ({"SAMPLE": [100, *[20] * 40]}, ["SAMPLE"]),
        ({"SAMPLE": [100, *[21] * 40]}, []),
        ({"SAMPLE": [150, 150, 150, *[10] * 40]}, ["SAMPLE"] * 3),
        ({"SAMPLE ONCE": [30], "SAMPLE": [25] * 40}, ["SAMPLE ONCE"]),  # without another day it counts
        ({"SAMPLE THRICE": [30, 28, 25], "SAMPLE": [25] * 40}, []),
        ({"BATCH": [238, 24, 23, 20, 18, 17, *[6] * 40], "BUSY": [60 + day % 9 for day in range(46)]}, ["BATCH"]),
    ],
)
def test_a_batch_has_twenty_and_five_times_the_fourth_busiest_day(
    counts: dict[str, list[int]], batches: list[str]
) -> None:
    days = [(SATURDAY + pd.Timedelta(days=day), agency, n) for agency, of in counts.items() for day, n in enumerate(of)]
    rows = pd.DataFrame(days, columns=["issued_on", "agency", "n"]).assign(state="TX")
    rows = rows.loc[rows.index.repeat(rows.pop("n"))].reset_index(drop=True)
    found = bulk_days(rows)
    assert found["agency"].tolist() == batches
    if batches == ["BATCH"]:  # as in Minnesota
        assert found[["issued_on", "detainers", "usual"]].to_numpy().tolist() == [[SATURDAY, 238, 20]]
        card = card_of(table(len(rows), **rows.to_dict("list"), person=None))
        assert card.loc["bulk_days", ["level", "found"]].tolist() == ["warn", "1"]


def weekly(issued: list[int], recorded: list[float]) -> pd.DataFrame:
    """Rows known by week alone: so many detainers a week, such a share of them with a lift reason."""
    weeks = pd.date_range(SATURDAY, periods=len(issued), freq="7D")
    ends = [round(number * share) for number, share in zip(issued, recorded, strict=True)]
    days = weeks.repeat(ends).append(weeks.repeat(np.subtract(issued, ends)))
    blank = [Outcome.NOT_RECORDED] * (sum(issued) - sum(ends))
    return pd.DataFrame({"issued_on": days, "outcome": [TAKEN] * sum(ends) + blank})


@pytest.mark.parametrize(
    ("measured", "unfinished"),
    [  # 28 days after their end weeks are settled; what is known of a week outranks that
        ({}, ["", "", "provisional", "provisional", "provisional", "partial"]),
        ({2: "settled"}, ["", "", "", "provisional", "provisional", "partial"]),
        ({1: "provisional", 2: "settled", 4: "too young"}, ["", "", "", "provisional", "too young", "partial"]),
    ],
)
def test_the_last_weeks_are_unfinished_as_the_reports_call_them(
    measured: dict[int, str], unfinished: list[str]
) -> None:
    rows, last = weekly([1000] * 6, [0.6] * 6), SATURDAY + pd.Timedelta(days=35)
    known = {(SATURDAY + pd.Timedelta(days=7 * at)).date(): name for at, name in measured.items()}
    calendar = Calendar(SATURDAY.date(), last.date(), last.date() + timedelta(days=8), known)
    assert recording_by_week(rows, calendar)["unfinished"].tolist() == unfinished
    assert recording_by_week(rows)["unfinished"].tolist() == [""] * 6
    card = card_of(table(60, issued_on=SATURDAY + pd.to_timedelta(np.arange(60), unit="D")), date(2025, 3, 5))
    assert card.loc["unfinished_weeks", "found"] == "5"  # of nine weeks to 4 March 2025, the last in part


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_weeks_add_up_to_the_table_and_none_between_is_left_out(numbers: list[int], random: Any) -> None:  # noqa: ANN401
    numbers[0] = numbers[-1] = 1
    rows = weekly(numbers, [random.random() for _ in numbers])
    weeks = recording_by_week(rows)
    assert weeks["issued"].tolist() == numbers
    assert weeks["not_recorded"].sum() == (rows["outcome"] == Outcome.NOT_RECORDED).sum()
    assert weeks["blank_share"].isna().tolist() == [number == 0 for number in numbers]


def test_weeks_without_a_row_are_told() -> None:
    card = card_of(WHOLE[~WHOLE["issued_on"].between("2025-05-10", "2025-05-23")])
    assert card.loc["empty_weeks", ["level", "found"]].tolist() == ["warn", "2"]
    assert "2025-05-10, 2025-05-17" in card.loc["empty_weeks", "note"]


# --- the version before


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (WHOLE, WHOLE, {"previous_rows": "600", "previous_weeks": "0"}),
        (WHOLE.query("issued_on < '2026-01-01'"), WHOLE, {"previous_rows": "warn", "previous_day": "warn"}),
        (BLANKER, WHOLE, {"previous_blank": "warn", "previous_weeks": "60"}),
        (WHOLE, BLANKER, {"previous_blank": "pass"}),  # filled in, as usual
        (WHOLE.drop(index=range(100, 129)), WHOLE, {"previous_rows": "warn", "previous_weeks": "pass"}),
        (WHOLE.drop(index=range(100, 131)), WHOLE, {"previous_rows": "warn", "previous_weeks": "warn"}),
    ],
)
def test_fewer_rows_an_older_day_vanished_ends_and_rows_gone_from_the_weeks_of_both_warn(
    now: pd.DataFrame, before: pd.DataFrame, expected: dict[str, str]
) -> None:
    card = card_of(now, previous=before)
    found = {check: card.loc[check, "found" if said.isdigit() else "level"] for check, said in expected.items()}
    assert found == expected
    warned = card.index[card.index.str.startswith("previous_") & (card["level"] != "pass")]
    assert set(warned) == {check for check, said in expected.items() if said == "warn"}


# --- published figures


def test_the_published_figures_hold_together() -> None:
    check_hash(data_file("reference/release_norms.csv"))
    shares, detainers, declined = (norms(measure) for measure in ("blank_share", "detainers", "declined"))
    assert shares["value"].between(0, 1).all()
    assert (shares["column"] != "").all()
    assert set(shares["form"]) <= set(HEADERS)
    for totals in (detainers, declined):
        assert (totals["first_day"] < totals["last_day"]).all()
        assert (totals["value"] == totals["value"].round()).all()
    assert detainers.filter(regex=r"^A-rows-201[45]-", axis="index")["value"].sum() == 79_053
    assert declined.filter(regex=r"^A-declined-201[45]-", axis="index")["value"].sum() == 5_501
    years = declined.filter(regex=r"^A-declined-20\d\d$", axis="index")
    assert years["value"].sum() == 20_241 - 11 - 2_785  # the published total, less the two years cut short
    nprs_and_ours = {"lift-all": 827_923 / 1_814_828, "lift-fy15": 52_263 / 79_053, "state-fy15": 9_020 / 79_053}
    for name, share in nprs_and_ours.items():
        assert shares["value"][f"A-{name}"] == pytest.approx(share, abs=5e-5)


@pytest.mark.parametrize(
    ("form", "first", "last", "rows", "times", "differs"),
    [
        ("A", "2014-10-01", "2015-07-19", 79_053, 1, False),
        ("A", "2014-10-01", "2015-07-19", 79_053, 2, True),  # a file that is in twice
        *(  # 209,208 in one report and 213,325 in another: the nearer one counts
            ("TRAC", "2012-10-01", "2013-09-30", rows, 1, differs)
            for rows, differs in ((198_000, True), (199_800, False), (223_000, False), (225_000, True))
        ),
    ],
)
def test_published_totals_show_what_is_missing_or_in_twice(
    form: str, first: str, last: str, rows: int, times: int, differs: bool
) -> None:
    days = pd.date_range(first, last)
    issued = np.tile(days[np.arange(rows) * len(days) // rows], times)
    made = table(1, person=None).iloc[[0] * rows * times].reset_index(drop=True).assign(issued_on=issued)
    for number, nation in ((30, True), (29, False), (1, False)):  # the figures are of the nation
        names = pd.Series(np.arange(len(made)) % number).map(dict(enumerate(states().index))).astype("category")
        card = card_of(made.assign(state=names), form=form)
        assert ("published_of_nation" in card.index, "published_detainers" in card.index) == (not nation, nation)
        if nation:
            assert (f"{first} to {last}" in card.loc["published_detainers", "note"]) is differs


# --- whole files


def test_the_cards_of_the_bundled_sources_are_those_frozen() -> None:
    counts, made = (
        quality.read_scorecard(open_source(name).path.with_name(SCORECARD_FILE)).set_index("check")
        for name in ("fy2015", "synthetic")
    )
    assert "stop" not in {*counts["level"], *made["level"]}
    assert "bulk_days" not in counts.index  # by week, there are no days
    assert counts.loc[["rows", "blank_lift_reason", "unfinished_weeks"], "found"].tolist() == ["79053", "52263", "4"]
    assert counts.loc["unfinished_weeks", "level"] == "warn"
    assert "2015-06-27" in counts.loc["unfinished_weeks", "note"]
    assert (made.loc["rows", "found"], made.loc["redactions", "level"]) == ("12651", "pass")
    assert float(made.loc["blank_person", "share"]) == pytest.approx(0.13, abs=0.01)
