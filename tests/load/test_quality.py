"""The scorecard: each check at its bounds, published figures, and that it says what it found. Rows are made up."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from release_forms import HEADERS, some_rows, write_release

from analysis.errors import InputError
from analysis.load.offences import Step
from analysis.load.quality import (
    Check,
    against_known,
    as_text,
    bulk_days,
    level_of,
    norms,
    read_scorecard,
    recording_by_week,
    scorecard,
    scorecard_facts,
    stops,
    table_scorecard,
)
from analysis.load.reference import data_file
from analysis.load.releases import GATES, Release, open_release, outcome_of
from analysis.load.sources import SCORECARD_FILE, check_hash, open_source
from analysis.load.table import REPEAT, Outcome, as_table, flag_repeats

WORKBOOK = Path(__file__).resolve().parents[3] / "shared/real/foia-15-87693_detainers_fy2015-ytd.xlsx"
SATURDAY = pd.Timestamp("2025-01-04")
DECLINED, TAKEN = "Detainer Declined by LEA", "Booked into Detention"


def table(rows: int = 600, weeks: int = 60, **columns: Any) -> pd.DataFrame:  # noqa: ANN401
    """Rows spread evenly over weeks, all filled but for the lift date; a third have no lift reason."""
    at = np.arange(rows)
    days = SATURDAY + pd.to_timedelta(at * 7 * weeks // rows, unit="D")
    values: dict[str, Any] = {
        "issued_on": days,
        "state": "TX",
        "agency": "SAMPLE JAIL",
        "city": "SAMPLE CITY",
        "facility_code": "SAMPLTX",
        "form": "I247A",
        "lift_reason": pd.Series(at).map(lambda n: [None, DECLINED, TAKEN][n % 3]),
        "offence_text": pd.Series(at).map(lambda n: "DUI" if n % 10 < 3 else None),
        "criminality": "1 Convicted Criminal",
        "citizenship": "SAMPLELAND",
        "person": [f"p{n}" for n in at],
        "detainers": 1,
        "source_file": "made up.csv",
        "source_row": at + 2,
    } | columns
    frame = pd.DataFrame(values)
    frame["outcome"] = outcome_of(frame["lift_reason"].astype("category"), frame)
    if "duplicate" not in frame:
        frame["duplicate"] = flag_repeats(frame)
    return as_table(frame)


def release(rows: pd.DataFrame | None = None, **parts: Any) -> Release:  # noqa: ANN401
    """A release of form F with nothing to be said of its reading."""
    rows = table() if rows is None else rows
    sheet = {"file": "made up.csv", "sheet": "", "sha256": "0" * 64, "header_row": 1, "rows": len(rows), "note": ""}
    nothing: dict[str, Any] = {
        "table": rows,
        "form": "F",
        "sheets": pd.DataFrame([sheet]),
        "gaps": ("lifted_on",),
        "unknown_columns": (),
        "changes": changes(),
        "unknown_values": pd.DataFrame(columns=["column", "value", "rows", "share"]),
        "offence_steps": pd.Series(0, list(Step)),
        "extracted_on": None,
    }
    return Release(**(nothing | parts))


def changes(*made: tuple[str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(made, columns=["what", "column", "rows"])


def found(card: pd.DataFrame, check: str) -> Any:  # noqa: ANN401
    """One check's row."""
    rows = card[card["check"] == check]
    assert len(rows) == 1, (check, list(card["check"]))
    return next(rows.itertuples())


def level(card: pd.DataFrame, check: str) -> str:
    return str(found(card, check).level)


# --- the card


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"lift_reason": None}, {"blank_lift_reason": "stop"}),
        ({"state": None}, {"blank_state": "warn", "states_given": "pass"}),
        ({"person": None}, {"repeats": "warn", "persons": "", "blank_person": "warn"}),
        ({"duplicate": pd.Categorical([REPEAT] * 59 + [None] * 541)}, {"repeats": "pass", "rows_kept": "pass"}),
        ({"duplicate": pd.Categorical([REPEAT] * 60 + [None] * 540)}, {"repeats": "warn"}),  # a tenth
        # a file chosen by its outcome or state
        ({"state": ["TX", "CA"] * 300}, {"outcomes": "pass", "states_given": "pass"}),
        ({}, {"outcomes": "pass", "states_given": "warn"}),
        ({"lift_reason": DECLINED}, {"outcomes": "warn", "states_given": "warn"}),
        ({"lift_reason": [None, *[DECLINED] * 599]}, {"outcomes": "pass"}),
        (
            {"lift_reason": None, "state": None},
            {"outcomes": "pass", "states_given": "pass", "blank_lift_reason": "stop"},
        ),
    ],
)
def test_what_a_column_says_of_a_file(columns: dict[str, Any], expected: dict[str, str]) -> None:
    card = scorecard(release(table(**columns))).set_index("check")
    assert {check: card["level"].get(check, "") for check in expected} == expected
    assert ["no decline can be told" in told for told in stops(card)] == [True] * ("stop" in expected.values())
    if "rows_kept" in expected:
        assert card.loc[["repeats", "rows_kept"], "found"].tolist() == ["59", "541"]


def test_a_quiet_release_has_each_check_once_and_no_stop() -> None:
    card = scorecard(release(), extracted_on=date(2026, 3, 10))
    assert list(card.columns) == list(Check._fields)
    assert card["check"].is_unique
    assert (card["what"] != "").all()
    assert set(card["level"]) <= {"pass", "warn", "stop"}
    assert stops(card) == []
    assert found(card, "rows_read").found == found(card, "rows").found == "600"
    assert (found(card, "first_day").found, found(card, "newest_day").found) == ("2025-01-04", "2026-02-27")


def test_a_card_kept_as_csv_comes_back_the_same(tmp_path: Path) -> None:
    card = scorecard(release(), extracted_on=date(2026, 3, 10), previous=table(300))
    card.to_csv(tmp_path / "scorecard.csv", index=False)
    pd.testing.assert_frame_equal(read_scorecard(tmp_path / "scorecard.csv"), card, check_dtype=False)


@pytest.mark.parametrize("damage", [("pass", "fine"), ("0.5", "half")])
def test_a_damaged_card_is_named_with_its_row(tmp_path: Path, damage: tuple[str, str]) -> None:
    path = tmp_path / "scorecard.csv"
    path.write_text("check,what,found,share,norm,level,note\nrows,rows,1,0.5,,pass,\n".replace(*damage, 1))
    with pytest.raises(InputError, match=r"scorecard\.csv"):
        read_scorecard(path)


def test_the_text_has_a_line_per_check_aligned_and_counts_the_levels() -> None:
    card = scorecard(release(), extracted_on=date(2025, 1, 1))
    lines = as_text(card).splitlines()
    checks = [line for line in lines if line[:5].strip() in ("PASS", "WARN", "STOP")]
    assert [line[6:].startswith(what) for line, what in zip(checks, card["what"], strict=True)] == [True] * len(card)
    assert all(line[: lines[0].index("share")].rstrip()[-1].isalnum() for line in checks)
    assert lines[-1] == ", ".join(f"{(card['level'] == one).sum()} {one}" for one in ("pass", "warn", "stop"))
    assert max(map(len, (line for line in lines if line.startswith("      ")))) <= 110


def test_facts_hold_numbers_as_numbers_and_days_as_days() -> None:
    card = scorecard(release())
    facts = scorecard_facts(card)
    assert facts["rows"] == 600
    assert facts["first_day"] == "2025-01-04"
    assert facts["checks"] == len(card)
    assert facts["checks_pass"] + facts["checks_warn"] + facts["checks_stop"] == len(card)  # type: ignore[operator]
    assert facts["blank_lift_reason_share"] == pytest.approx(1 / 3)
    assert facts["blank_lift_reason_norm"] == 0.334


# --- levels at their bounds


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_level_never_falls_as_the_share_grows(share: float, one: float, other: float) -> None:
    warn, stop = sorted((one, other))
    order = ["pass", "warn", "stop"]
    assert level_of(warn, warn, stop) == "warn"
    assert level_of(np.nextafter(warn, -1), warn, stop) == "pass"
    assert level_of(np.nextafter(stop, 2), warn, stop) == "stop"
    assert order.index(level_of(share, warn, stop)) <= order.index(level_of(min(1, share + 0.01), warn, stop))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4), st.floats(0, 1), st.integers(1, 10**6), st.floats(0, 0.2))
def test_a_blank_share_inside_the_known_range_passes_and_far_outside_warns(
    known: list[float], weight: float, rows: int, beyond: float
) -> None:
    values = pd.Series(known)
    inside = float(values.min() + weight * (values.max() - values.min()))
    assert against_known(inside, rows, values)[0] == "pass"
    share = float(values.max()) + beyond
    allowed = max(0.005, (values.max() * (1 - values.max())) ** 0.5 * (0.1 + 3 / rows**0.5))
    verdict, nearest, _ = against_known(share, rows, values)
    if abs(beyond - allowed) > 1e-9:
        assert verdict == ("warn" if beyond > allowed else "pass")
    assert nearest == pytest.approx(float(values.max()))


@pytest.mark.parametrize(("number", "expected"), [(0, "pass"), (1, "warn"), (10, "warn"), (11, "stop")])
def test_of_a_thousand_rows_without_a_day_or_issued_after_the_extraction_one_warns_and_eleven_stop(
    number: int, expected: str
) -> None:
    rows = table(1000)
    extracted = rows["issued_on"].sort_values().iloc[-1 - number]
    rows.loc[rows["issued_on"] > extracted, "issued_on"] = extracted
    rows.loc[rows.index[:number], "issued_on"] = extracted + pd.Timedelta(days=1)
    assert level(scorecard(release(rows), extracted_on=extracted.date()), "future_days") == expected
    rows.loc[rows.index[:number], "issued_on"] = pd.NaT
    card = scorecard(release(rows))
    assert (level(card, "blank_issued_on"), found(card, "blank_issued_on").found) == (expected, str(number))


@pytest.mark.parametrize(("times", "expected"), [(0.99, "pass"), (1, "warn"), (1.01, "stop")])
def test_unknown_words_take_the_levels_of_their_gate(times: float, expected: str) -> None:
    shares = {column: times * (gate.stop if times > 1 else gate.warn) for column, gate in GATES.items()}
    strange = [(column, "XX", round(share * 1e6), share) for column, share in shares.items()]
    strange += [(column, "J. Doe", 1, 0.0) for column in GATES]  # a word of one row could be anything
    words = pd.DataFrame(strange, columns=["column", "value", "rows", "share"])
    card = scorecard(release(unknown_values=words))
    for column in GATES:
        assert level(card, f"unknown_{column}") == expected
        assert ("XX" in found(card, f"unknown_{column}").note, "Doe" in found(card, f"unknown_{column}").note) == (1, 0)


@pytest.mark.parametrize(("unknown_rows", "expected"), [(4, "pass"), (5, "warn")])
def test_offences_by_step_and_those_that_no_step_placed(unknown_rows: int, expected: str) -> None:
    steps = pd.Series({"label": 90 - unknown_rows, "code": 10, "block": 0, "unknown": unknown_rows, "blank": 500})
    card = scorecard(release(offence_steps=steps))
    assert level(card, "offence_unknown") == expected
    assert found(card, "offence_code").share == pytest.approx(0.1)
    assert "offence_blank" not in set(card["check"])


# --- what was chosen, and when


def test_a_day_of_extraction_that_is_not_known_is_not_told_as_one() -> None:
    unknown, known = scorecard(release()), scorecard(release(), extracted_on=date(2026, 3, 10))
    assert (level(unknown, "extraction"), found(unknown, "extraction").found) == ("warn", "not known")
    assert {"future_days", "extraction"} & set(unknown["check"]) == {"extraction"}
    assert {"future_days", "extraction"} & set(known["check"]) == {"future_days"}
    assert found(known, "future_days").note == "extracted on 2026-03-10"


# --- the reading


def test_the_reading_is_told() -> None:
    sheets = [
        ("a.xlsx", "FY2025", "0" * 64, 7, 602, ""),
        ("a.xlsx", "Cover", "0" * 64, 0, 0, "blank sheet"),
        ("a.xlsx", "FY2024", "0" * 64, 0, 0, "no header row among the first 30: 9,000 rows not read"),
    ]
    made = changes(
        ("blank row left out", "", 2),
        ("redaction made blank", "Birth Date", 600),
        ("redaction made blank", "EID DTA ID", 600),
        ("charge code mended", "MSC Charge Code", 3),
        ("impossible date made blank", "Apprehension Date", 1),
    )
    told = pd.DataFrame(sheets, columns=["file", "sheet", "sha256", "header_row", "rows", "note"])
    gaps = ("lifted_on", "citizenship")
    card = scorecard(release(sheets=told, changes=made, unknown_columns=("Shoe {0} Size",), gaps=gaps))
    for check, expected, number, noted in (
        ("rows_read", "pass", "602", "form F; 1 of 3 sheets"),
        ("blank_rows", "pass", "2", ""),
        ("sheets_not_read", "warn", "1", "FY2024"),
        ("redactions", "pass", "1200", "Birth Date, EID DTA ID"),
        ("codes_mended", "pass", "3", "MSC Charge Code"),
        ("codes_moved", "pass", "0", ""),
        ("unknown_columns", "warn", "1", "Shoe {0} Size"),  # never filled
        ("missing_columns", "warn", "1", "citizenship"),
        ("absent_columns", "pass", "1", "lifted_on"),  # form F never has it
        ("impossible_apprehension_date", "warn", "1", "made blank"),  # 1 of 600
    ):
        row = found(card, check)
        assert (row.level, row.found, noted in row.note) == (expected, number, True), check
    assert "blank_citizenship" not in set(card["check"])  # lacking, not blank


def test_a_redaction_in_a_needed_column_and_codes_among_dates_are_doubtful() -> None:
    made = changes(
        ("redaction made blank", "Facility State", 6), ("charge code moved out of the date", "MSC Charge Date", 9)
    )
    card = scorecard(release(changes=made))
    assert (level(card, "redactions"), level(card, "codes_moved")) == ("warn", "warn")


# --- days and weeks


def daily(counts: dict[str, list[int]], first: str = "2025-03-03") -> pd.DataFrame:
    """Rows with so many detainers of each facility on each day."""
    rows = [
        (pd.Timestamp(first) + pd.Timedelta(days=day), agency)
        for agency, numbers in counts.items()
        for day, number in enumerate(numbers)
        for _ in range(number)
    ]
    return pd.DataFrame(rows, columns=["issued_on", "agency"]).assign(state="TX")


def test_a_batch_as_in_minnesota_is_found_at_the_facility() -> None:
    usual = [24, 23, 20, 18, 17, *([6] * 40)]
    rows = daily({"SAMPLE BATCH": [238, *usual], "SAMPLE BUSY": [60 + day % 9 for day in range(46)]})
    days = bulk_days(rows)
    assert days[["agency", "detainers", "usual"]].to_numpy().tolist() == [["SAMPLE BATCH", 238, 20]]
    assert days["issued_on"].iloc[0] == pd.Timestamp("2025-03-03")
    card = scorecard(release(table(len(rows), **rows.to_dict("list"), person=None)))
    assert (level(card, "bulk_days"), found(card, "bulk_days").found) == ("warn", "1")


@pytest.mark.parametrize(
    ("busiest", "usual", "batches"),
    [([19], 3, 0), ([20], 4, 1), ([100], 20, 1), ([100], 21, 0), ([150] * 2, 10, 2), ([150] * 3, 10, 3)],
)
def test_a_batch_has_twenty_and_five_times_the_fourth_busiest_day(busiest: list[int], usual: int, batches: int) -> None:
    assert len(bulk_days(daily({"SAMPLE": [*busiest, *([usual] * 40)]}))) == batches


def test_a_day_without_another_counts_and_a_few_days_alike_do_not() -> None:
    others = [25] * 40
    assert bulk_days(daily({"SAMPLE ONCE": [30], "SAMPLE": others}))["agency"].tolist() == ["SAMPLE ONCE"]
    assert len(bulk_days(daily({"SAMPLE THRICE": [30, 28, 25], "SAMPLE": others}))) == 0


def test_counts_by_week_have_no_days() -> None:
    card = read_scorecard(open_source("fy2015").path.with_name(SCORECARD_FILE))
    assert "bulk_days" not in set(card["check"])
    assert found(card, "rows").found == "79053"
    assert found(card, "blank_lift_reason").found == "52263"
    assert (found(card, "unfinished_weeks").found, level(card, "unfinished_weeks")) == ("3", "warn")
    assert "2015-07-04" in found(card, "unfinished_weeks").note
    assert stops(card) == []


def weekly(issued: list[int], recorded: list[float]) -> pd.DataFrame:
    """Rows known by week alone: so many detainers a week, such a share of them with a lift reason."""
    weeks = pd.date_range(SATURDAY, periods=len(issued), freq="7D")
    ends = [round(number * share) for number, share in zip(issued, recorded, strict=True)]
    blanks = [number - end for number, end in zip(issued, ends, strict=True)]
    days = weeks.repeat(ends).append(weeks.repeat(blanks))
    return pd.DataFrame({"issued_on": days, "outcome": [TAKEN] * sum(ends) + [Outcome.NOT_RECORDED] * sum(blanks)})


def test_weeks_are_unfinished_from_the_newest_back_and_not_before_a_finished_one() -> None:
    recorded = [0.6] * 16 + [0.3, 0.6, 0.53, 0.4]
    weeks = recording_by_week(weekly([1000] * 20, recorded))
    assert (weeks["unfinished"] != "").tolist() == [False] * 18 + [True, True]
    assert weeks["issued"].eq(1000).all()
    assert weeks["blank_share"].iloc[-1] == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("last", "share", "unfinished"),
    [(699, 0.5, True), (700, 0.5, False), (1000, 0.449, True), (1000, 0.451, False)],  # few rows; ends are missing
)
def test_a_last_week_with_few_detainers_or_ends_is_unfinished_and_a_holiday_is_not(
    last: int, share: float, unfinished: bool
) -> None:
    weeks = recording_by_week(weekly([*[1000] * 20, last], [*[0.5] * 20, share]))
    assert (weeks["unfinished"].iloc[-1] != "") is unfinished


def test_a_week_whose_days_are_not_all_there_is_unfinished_unless_the_extraction_came_later() -> None:
    rows = table()[lambda made: made["issued_on"] < "2026-02-26"]
    told = [recording_by_week(rows, day)["unfinished"].iloc[-1] for day in (None, date(2026, 2, 27), date(2026, 2, 28))]
    assert ["its days are not all there" in why for why in told] == [True, True, False]


@settings(max_examples=30)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_weeks_add_up_to_the_table_and_none_between_is_left_out(numbers: list[int], random: Any) -> None:  # noqa: ANN401
    numbers[0] = numbers[-1] = 1
    rows = weekly(numbers, [random.random() for _ in numbers])
    weeks = recording_by_week(rows)
    assert weeks["issued"].tolist() == numbers
    assert weeks["not_recorded"].sum() == (rows["outcome"] == Outcome.NOT_RECORDED).sum()
    assert weeks["blank_share"].isna().tolist() == [number == 0 for number in numbers]


def test_a_table_without_a_dated_row_has_no_weeks() -> None:
    rows = table(5, issued_on=pd.NaT)
    assert recording_by_week(rows).empty
    assert bulk_days(rows).empty
    assert level(table_scorecard(rows), "blank_issued_on") == "stop"


def test_a_week_without_a_row_is_told() -> None:
    rows = table(600)
    card = scorecard(release(rows[~rows["issued_on"].between("2025-05-10", "2025-05-23")]))
    assert (level(card, "empty_weeks"), found(card, "empty_weeks").found) == ("warn", "2")
    assert "2025-05-10, 2025-05-17" in found(card, "empty_weeks").note


# --- the version before


def test_the_same_table_again_shows_no_revision() -> None:
    card = scorecard(release(), previous=table())
    before = card[card["check"].str.startswith("previous_")].set_index("check")
    assert before.loc["previous_rows", "found"] == "600"
    assert before.loc["previous_weeks", "found"] == "0"
    assert (before["level"] == "pass").all()


def test_fewer_rows_an_older_day_and_vanished_ends_warn() -> None:
    rows = table()
    card = scorecard(release(rows[rows["issued_on"] < "2026-01-01"]), previous=rows)
    assert (level(card, "previous_rows"), level(card, "previous_day")) == ("warn", "warn")
    blanker = table(lift_reason=[None, None, TAKEN] * 200)
    card = scorecard(release(blanker), previous=rows)
    assert level(card, "previous_blank") == "warn"
    assert found(card, "previous_blank").share == pytest.approx(2 / 3)
    assert found(card, "previous_weeks").found == "60"
    assert level(scorecard(release(rows), previous=blanker), "previous_blank") == "pass"  # filled in, as usual


@pytest.mark.parametrize(("dropped", "expected"), [(29, "pass"), (31, "warn")])
def test_many_rows_gone_from_the_weeks_of_both_warn(dropped: int, expected: str) -> None:
    rows = table()
    gone = rows.drop(index=rows.index[100 : 100 + dropped])
    assert level(scorecard(release(gone), previous=rows), "previous_weeks") == expected


# --- published figures


def test_the_published_figures_hold_together() -> None:
    check_hash(data_file("reference/release_norms.csv"))
    shares = norms("blank_share")
    assert shares["value"].between(0, 1).all()
    assert (shares["column"] != "").all()
    for measure in ("detainers", "declined"):
        totals = norms(measure)
        assert (totals["first_day"] < totals["last_day"]).all()
        assert (totals["value"] == totals["value"].round()).all()
    assert set(shares["form"]) <= set(HEADERS)
    months = norms("detainers").filter(regex=r"^A-rows-201[45]-", axis="index")
    assert months["value"].sum() == 79_053
    assert norms("declined").filter(regex=r"^A-declined-201[45]-", axis="index")["value"].sum() == 5_501
    years = norms("declined").filter(regex=r"^A-declined-20\d\d$", axis="index")
    assert years["value"].sum() == 20_241 - 11 - 2_785  # the published total, less the two years cut short


def test_nprs_share_and_our_own_count_of_blank_lift_reasons() -> None:
    shares = norms("blank_share")["value"]
    assert shares["A-lift-all"] == pytest.approx(827_923 / 1_814_828, abs=5e-5)
    assert shares["A-lift-fy15"] == pytest.approx(52_263 / 79_053, abs=5e-5)
    assert shares["A-state-fy15"] == pytest.approx(9_020 / 79_053, abs=5e-5)


def spread(rows: int, days: pd.DatetimeIndex, times: int = 1) -> pd.DataFrame:
    """So many rows alike, spread evenly over the days; all of them so many times."""
    issued = np.tile(days[np.arange(rows) * len(days) // rows], times)
    return table(1, person=None).iloc[[0] * rows * times].reset_index(drop=True).assign(issued_on=issued)


@pytest.mark.parametrize(("times", "expected"), [(1, "pass"), (2, "warn")])
def test_a_file_in_twice_is_seen_by_the_published_totals(times: int, expected: str) -> None:
    days = pd.date_range("2014-10-01", "2015-07-19")
    card = scorecard(release(spread(79_053, days, times), form="A"))
    note = found(card, "published_detainers").note
    assert ("2014-10-01 to 2015-07-19" in note) is (expected == "warn")


# --- whole files


@pytest.mark.parametrize("form", sorted(HEADERS))
def test_every_form_has_a_scorecard(form: str, tmp_path: Path) -> None:
    read = open_release(write_release(form, some_rows(), tmp_path))
    card = scorecard(read)
    assert found(card, "rows").found == str(len(read.table))
    assert found(card, "missing_columns").found == "0"
    assert stops(card) == []
    if form == "D":  # the one form that never had a lift reason
        assert level(card, "blank_lift_reason") == "warn"
        assert "no such column" in found(card, "blank_lift_reason").note
    assert (level(card, "codes_moved") == "warn") is (form == "D")


def test_the_bundled_made_up_release() -> None:
    card = read_scorecard(open_source("synthetic").path.with_name(SCORECARD_FILE))
    assert stops(card) == []
    assert found(card, "rows").found == "12651"
    assert found(card, "redactions").level == "pass"
    assert float(found(card, "blank_person").share) == pytest.approx(0.13, abs=0.01)


@pytest.mark.slow
def test_the_workbook_of_fiscal_2015() -> None:
    if not WORKBOOK.is_file():
        pytest.skip(f"the workbook of FOIA 15-87693 is not at {WORKBOOK}")
    card = scorecard(open_release(WORKBOOK), extracted_on=date(2015, 7, 26))
    assert set(card["check"][card["level"] != "pass"]) == {"repeats", "bulk_days", "unfinished_weeks"}
    assert found(card, "rows_read").found == "79053"
    assert (found(card, "published_detainers").found, found(card, "published_declined").found) == ("0", "0")
    assert found(card, "published_detainers").note == "all of 11 agree"
    assert found(card, "bulk_days").found == "1"
    assert "RIVERS" in found(card, "bulk_days").note


@pytest.mark.parametrize(("rows", "off"), [(198_000, 1), (199_800, 0), (211_000, 0), (223_000, 0), (225_000, 1)])
def test_of_two_published_totals_of_a_year_the_nearer_one_counts(rows: int, off: int) -> None:
    days = pd.date_range("2012-10-01", "2013-09-30")  # 209,208 in one report and 213,325 in another
    card = scorecard(release(spread(rows, days), form="TRAC"))
    assert found(card, "published_detainers").found == str(off)
