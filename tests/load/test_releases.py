"""Every form of release gives the same table of detainers; what cannot be read stops with a sentence."""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest
import release_forms
from hypothesis import given, settings
from hypothesis import strategies as st
from release_forms import COPIES, HEADERS, A, C, E, F, cells, listed_cells, some_rows, text, workbook, write_release

from analysis.errors import InputError
from analysis.load.quality import scorecard
from analysis.load.reference import data_file
from analysis.load.releases import GATES, Release, extraction_day, open_release, read_release
from analysis.load.table import Outcome, Request

DAY = date(2026, 3, 11)
REAL = Path(__file__).parents[3] / "shared" / "real" / "foia-15-87693_detainers_fy2015-ytd.xlsx"
OFFENCE = {"offence_text", "offence_code", "offence_group", "offence_detail", "offence_status"}


def hold(table: pd.DataFrame, rows: pd.DataFrame, form: str) -> None:
    """Hold the columns that a form can give against the rows that were laid out in it."""
    columns = release_forms.columns_of(form)
    plain = table[columns].assign(issued_on=table["issued_on"].dt.date).astype(object)
    assert plain.where(plain.notna(), None).to_dict("records") == rows[columns].to_dict("records")


@pytest.fixture
def rows() -> pd.DataFrame:
    return some_rows()


@pytest.mark.parametrize("form", HEADERS)
def test_every_form_gives_the_same_rows_and_a_scorecard(form: str, rows: pd.DataFrame, tmp_path: Path) -> None:
    release = open_release(write_release(form, rows, tmp_path))
    table, given = release.table, release_forms.columns_of(form)
    assert release.form == form
    hold(table, rows, form)
    if "form" in given:
        asked = {"I247A": Request.HOLD, "I247": Request.HOLD, "I247N": Request.NOTIFY, "I247G": Request.NOTIFY}
        assert table["request"].astype("str").equals(table["form"].astype("str").map(asked))
    has = {*given, *(["request"] * ("form" in given)), *(["lifted_on"] * (form == "C"))}
    has |= OFFENCE if "offence_text" in given else set()
    assert set(release.gaps) == {*release_forms.COLUMNS, *OFFENCE, "request", "lifted_on"} - has
    assert table[list(release.gaps)].isna().all(axis=None)
    assert release.unknown_columns == ()
    assert table["detainers"].eq(1).all()
    card = scorecard(release).set_index("check")
    assert card.loc[["rows", "missing_columns"], "found"].tolist() == ["12", "0"]
    assert "stop" not in set(card["level"])
    assert ("no such column" in card.loc["blank_lift_reason", "note"]) is (form == "D")
    assert (card.loc["codes_moved", "level"] == "warn") is (form == "D")
    if form == "B":  # the first of two lift reasons counts
        assert table["Detainer Lift Reason2"].eq("Lifted").all()
    if form == "D":  # cannot tell a decline; its column of dates holds codes
        assert table["outcome"].unique().tolist() == ["pending_or_unrecorded"]
        assert table["offence_code"].dropna().tolist() == ["0301", "13AB", "0301", "13AB"]
        assert table["MSC Charge Date"].isna().all()
        changes = release.changes.set_index("what")["rows"]
        assert (changes["charge code moved out of the date"], "impossible date made blank" in changes) == (4, False)
    if form == "E":  # known columns are carried as recorded
        assert table["Entry Status"].eq("Not  Applicable").all()  # two spaces, as ICE writes it
        assert table[["Departure Country", "Alien File Number"]].isna().all(axis=None)  # the text NA; redacted
        assert table["Apprehension Date"].eq(pd.Timestamp(2025, 6, 14, 15, 10)).all()
        assert table["Detainer Type"].dropna().str.startswith("I247").all()
        assert {"Final Order Yes No", "Final Order Yes No (2)"} <= set(table)
    if form == "F":  # rows are counted as a spreadsheet does: six lines and the header above
        assert table["source_row"].tolist() == [at + 8 for at in range(6)] * 2
        assert table["source_sheet"].tolist() == ["FY2024"] * 6 + ["FY2025"] * 6
        assert table["source_file"].unique().tolist() == ["2026-ICLI-00005_Redacted.xlsx"]
        assert release.sheets["rows"].tolist() == [6, 6, 0]
        assert "no header row" in release.sheets["note"].iloc[2]
    if form == "A":
        assert table["source_sheet"].isna().all()
        assert table["source_row"].tolist() == list(range(2, 14))


def test_blank_rows_are_left_out_and_counted_in_the_table_alone_too(rows: pd.DataFrame, tmp_path: Path) -> None:
    lines = cells("A", rows)
    file = text(tmp_path / "a.csv", A, [*lines[:3], [None] * 6, *lines[3:]])
    table, release = read_release(file), open_release(file)
    pd.testing.assert_frame_equal(table, release.table)
    hold(table, rows, "A")
    assert table["source_row"].tolist() == [2, 3, 4, *range(6, 15)]
    change = {"what": "blank row left out", "column": "", "rows": 1, "example": "row 5"}
    assert table.attrs["changes"] == release.changes.to_dict("records") == [change]


@pytest.mark.parametrize(
    "form",  # one text file, one workbook, one file of Stata; the other forms in the slow tests
    ["A", "E", "TRAC", *(pytest.param(form, marks=pytest.mark.slow) for form in [*"BCDFG", "processed"])],
)
@settings(max_examples=2)
@given(data=st.data())
def test_any_table_survives_every_form(form: str, data: st.DataObject) -> None:
    words = st.text("ABCXYZ019 .,;|/'\"&()-ÉÑ", max_size=20).map(lambda word: " ".join(word.split())).filter(bool)
    offences = [(None, None), ("Assault", "1399"), ("Battery", None), (None, "0301")]
    row = st.fixed_dictionaries(
        {
            **dict.fromkeys(("agency", "city", "facility_code", "citizenship"), st.none() | words),
            "issued_on": st.dates(date(1990, 1, 1), date(2049, 12, 31)),
            "state": st.sampled_from([None, *release_forms.NAMES]),
            "form": st.sampled_from([None, *release_forms.EDITIONS]),
            "lift_reason": st.sampled_from([None, "Detainer Declined by LEA", "Early Release", "Duplicate"]),
            "offence": st.sampled_from(offences),
            "criminality": st.sampled_from(["1 Convicted Criminal", "3 Other Immigration Violator", None]),
            "threat_level": st.sampled_from([None, "1", "2", "3"]),
            "person": st.none() | st.text("0123456789abcdef", min_size=40, max_size=40),
        }
    )
    drawn: list[dict[str, Any]] = data.draw(st.lists(row, min_size=1, max_size=6))
    for one in drawn:
        one["offence_text"], one["offence_code"] = one.pop("offence")
    rows = pd.DataFrame(drawn, columns=list(release_forms.COLUMNS), dtype=object)
    with tempfile.TemporaryDirectory() as folder:
        hold(open_release(write_release(form, rows, Path(folder))).table, rows, form)


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_file(), reason="the workbook of FOIA 15-87693 is not beside the project")
def test_real_workbook_gives_the_published_counts() -> None:
    release = open_release(REAL)
    table = release.table
    assert (release.form, len(table), table["state"].isna().sum()) == ("A", 79_053, 9_020)
    declined = table[table["outcome"] == "declined_by_lea"]
    by_month = [part["issued_on"].dt.strftime("%Y%m").value_counts().sort_index() for part in (table, declined)]
    assert [months.tolist() for months in by_month] == [
        [11_437, 9_657, 8_306, 7_140, 7_079, 8_081, 8_139, 7_638, 7_590, 3_986],
        [1_126, 949, 641, 482, 471, 478, 439, 372, 364, 179],
    ]
    assert table["source_row"].tolist() == list(range(2, 79_055))
    saturday = table["issued_on"] - pd.to_timedelta((table["issued_on"].dt.day_of_week - 5) % 7, unit="D")
    words = [table[name].astype("str").fillna("") for name in ("state", "form", "lift_reason")]
    counted = table.groupby([saturday.dt.strftime("%Y-%m-%d"), *words]).size()
    bundled = pd.read_csv(data_file("counts/fy2015_weekly_counts.csv"), keep_default_na=False)
    keys = ["week_start", "state", "form", "lift_reason"]
    assert counted.to_dict() == bundled.set_index(keys)["detainers"].to_dict()
    card = scorecard(release, extracted_on=date(2015, 7, 26)).set_index("check")
    assert set(card.index[card["level"] != "pass"]) == {"repeats", "bulk_days", "unfinished_weeks"}
    checks = ["rows_read", "published_detainers", "published_declined", "bulk_days"]
    assert card.loc[checks, "found"].tolist() == ["79053", "0", "0", "1"]
    assert card.loc["published_detainers", "note"] == "all of 11 agree"
    assert "RIVERS" in card.loc["bulk_days", "note"]


def test_folder_is_stacked_by_name_and_what_is_left_out_is_said(rows: pd.DataFrame, tmp_path: Path) -> None:
    for year, header, part in (("FY24", F, rows.iloc[6:]), ("FY23", release_forms.F_EARLY, rows.iloc[:6])):
        workbook(tmp_path / f"Detainers_{year}.xlsx", {year: (header, cells("F", part, header))}, preamble=6)
    (tmp_path / "README.md").write_text("read me")
    (tmp_path / "~$Detainers_FY24.xlsx").write_text("a lock")
    release = open_release(tmp_path)
    hold(release.table, rows, "F")
    assert release.table["source_file"].unique().tolist() == ["Detainers_FY23.xlsx", "Detainers_FY24.xlsx"]
    assert release.sheets.set_index("file")["note"]["README.md"] == "not a type of file that is read"


def test_forms_are_not_mixed(rows: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lea-detainers.*different releases.*found 'form A'.*form B.*count twice"):
        open_release([write_release(form, rows, tmp_path) for form in ("B", "A")])


def test_a_file_is_read_once_however_it_is_named_and_a_copy_is_refused(rows: pd.DataFrame, tmp_path: Path) -> None:
    file = write_release("A", rows, tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "link.txt").symlink_to(file)
    again: list[str | Path] = [str(file), tmp_path / "other" / ".." / file.name, tmp_path, tmp_path / "link.txt", file]
    assert len(open_release(again).table) == len(rows)
    for copy, what in ((tmp_path / "copy.txt", "content"), (tmp_path / "other" / file.name, "name")):
        copy.write_bytes(file.read_bytes())
        with pytest.raises(InputError, match=f"same {what}.*Leave one out"):
            open_release([file, copy])


@pytest.mark.parametrize("kind", ["parquet", "feather", "sav", "dictionary"])
def test_typed_files_give_the_same_rows(kind: str, rows: pd.DataFrame, tmp_path: Path) -> None:
    frame = pd.DataFrame(cells("F", rows), columns=F, dtype=object).drop(columns=["MSC Charge Date", "Birth Date"])
    for name in ("Detainer Prepare Date", "Apprehension Date"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[ns]")  # the unit that pyreadstat writes rightly
    frame["Birth Year"] = frame["Birth Year"].astype(float)
    text_columns = frame.select_dtypes(object).columns
    frame[text_columns] = frame[text_columns].astype("category" if kind == "dictionary" else "str")
    path = tmp_path / f"detainers.{'parquet' if kind == 'dictionary' else kind}"
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif kind == "feather":
        frame.to_feather(path)
    else:
        short = frame.drop(columns=frame.columns[frame.isna().all()]).fillna({name: "" for name in text_columns})
        names = [f"v{at}" for at in range(len(short.columns))]
        pyreadstat.write_sav(short.set_axis(names, axis=1), str(path), column_labels=list(short.columns))
    release = open_release(path)
    assert release.form == "F"
    hold(release.table, rows, "F")
    assert release.table["Apprehension Date"].eq(pd.Timestamp(2025, 6, 14, 15, 10)).all()
    assert release.table["Birth Year"].eq("1985").all()  # numbers come as text, as from a CSV


# ---- columns


@pytest.mark.parametrize(("name", "form"), [("NPR", "A"), ("July 2025", "processed"), ("redistribution", "processed")])
def test_what_others_made_of_releases_is_read(name: str, form: str, rows: pd.DataFrame, tmp_path: Path) -> None:
    header = COPIES[name]
    laid = pd.DataFrame(cells(form, rows, header), columns=header, dtype=object)
    later = header[16:]  # wholly blank 2025 names stand beside filled ones of 2026
    blank = [one for one in header[:16] if release_forms.MEANING.get(one) in map(release_forms.MEANING.get, later)]
    laid[blank] = None
    release = open_release(text(tmp_path / "found.csv", header, laid.to_numpy().tolist()))
    hold(release.table, rows, name)
    assert (release.form, release.unknown_columns) == (form, ())
    card = scorecard(release).set_index("check")
    assert card.loc[["rows", "unknown_columns", "states_given"], "found"].tolist() == ["12", "0", "3"]
    assert "stop" not in set(card["level"])
    assert [one for one in blank if f"{one}: blank beside" in str(card["note"].get("columns_doubled"))] == blank
    assert len(blank) == (5 if name == "redistribution" else 0)
    if name != "NPR":
        assert release.table["offence_group"].value_counts()[["IMMIG", "DOMESTIC"]].tolist() == [2, 2]
        assert card.loc["offence_label", "found"] == "4"


def test_of_two_columns_read_as_one_each_row_has_the_filled_cell(rows: pd.DataFrame, tmp_path: Path) -> None:
    both = [*A, "Detention Facility"]
    whole = [[*line, line[A.index("Detainer Detention Facility")]] for line in cells("A", rows)]
    parts = [
        [*line[:-1], None] if at % 2 else [None if cell == line[-1] else cell for cell in line[:-1]] + line[-1:]
        for at, line in enumerate(whole)
    ]
    spelt = [[*line[:-1], (line[-1] or "").lower().replace(" ", "  ")] for line in whole]
    for lines in (whole, parts, spelt):
        release = open_release(text(tmp_path / "a.csv", both, lines))
        hold(release.table, rows, "A")
        assert release.changes[["what", "column", "rows"]].to_numpy().tolist() == [
            ["read as one beside Detainer Detention Facility", "Detention Facility", 12]
        ]


@pytest.mark.parametrize(
    ("name", "cell", "other"), [("date", "01/04/2025", "1/5/25"), ("most_serious_conviction_charge_code", "3AB", "3AC")]
)
def test_two_columns_for_one_are_compared_by_day_and_by_code(name: str, cell: str, other: str, tmp_path: Path) -> None:
    header = ["detainer_prepare_date", "detainer_lift_reason", "msc_charge_code", name]
    table = open_release(text(tmp_path / "a.csv", header, [["2025-01-04", "Died", "03AB", cell]])).table
    assert (table["issued_on"].iloc[0], table["offence_code"].iloc[0]) == (pd.Timestamp(2025, 1, 4), "03AB")
    with pytest.raises(InputError, match=f"and differ.*{other}"):
        open_release(text(tmp_path / "b.csv", header, [["2025-01-04", "Died", "03AB", other]]))


@pytest.mark.parametrize("blank", ["short", "long"])
def test_short_names_of_copies_join_the_long_ones_and_the_blank_one_is_named(
    blank: str, rows: pd.DataFrame, tmp_path: Path
) -> None:
    short = ["criminality", "facility", "facility_code", "threat_level"]
    long = ["Detainer Criminality", "Detainer Facility", "Detainer Facility Code", "Detainer Threat Level"]
    lines = pd.DataFrame(cells("F", rows, F), columns=F, dtype=object)
    lines[short] = lines[long]
    left, kept = (short, long) if blank == "short" else (long, short)
    lines[left] = None
    release = open_release(text(tmp_path / "a.csv", list(lines), lines.to_numpy().tolist()))
    hold(release.table, rows, "F")
    assert (release.form, release.unknown_columns) == ("F", ())
    beside = release.changes[release.changes["what"].str.startswith("blank beside")]
    said = dict(zip(beside["column"], beside["what"], strict=True))
    assert said == {name: f"blank beside {other}" for name, other in zip(left, kept, strict=True)}


def test_names_that_stata_cuts_are_read_as_whole(tmp_path: Path) -> None:
    names = ["detainer_prepare_date", "detainer_lift_reason", "facility_state", "most_serious_conviction_msc_char"]
    rows = [["2025-01-04", "Died", "TEXAS", "DUI"], ["2025-01-05", "Case Closed", "OHIO", "Burglary"]]
    pyreadstat.write_dta(pd.DataFrame(rows, columns=names), str(tmp_path / "cut.dta"))
    release = open_release(tmp_path / "cut.dta")
    assert release.table["offence_group"].tolist() == ["DUI", "PROPERTY"]
    assert release.unknown_columns == ()


def test_unknown_column_is_reported_and_carried(rows: pd.DataFrame, tmp_path: Path) -> None:
    lines = [[*line, "yes", "x"] for line in cells("A", rows)]
    release = open_release(text(tmp_path / "a.csv", [*A, "Kept By Us", "outcome"], lines))
    assert release.unknown_columns == ("Kept By Us", "outcome (as given)")
    assert release.table["Kept By Us"].eq("yes").all()
    assert release.table["outcome (as given)"].eq("x").all()
    assert release.table["outcome"].iloc[0] == "declined_by_lea"


@pytest.mark.parametrize(
    ("form", "name", "other", "said"),
    [
        ("A", "Prepare Date", "Else", r"a\.csv, row 1: the needed column for issued_on is missing.*Else.*Prepare Date"),
        ("A", "Detainer Lift Reason", "Else", "the needed column for lift_reason is missing.*Else"),
        ("E", "Detainer Lift Reason", "Else", "the needed column for lift_reason is missing.*Else"),
        (
            "A",
            "City",
            "Detention Facility",
            r"a\.csv, rows 2, 6, 8: two .* as agency.*\(rows: 4\).*found 'Detainer Det.*: ST",
        ),
        (
            "E",
            "Facility State",
            "facility_state.detainer",
            "row 1: .* a join.*'facility_state.detainer'.*each detainer once",
        ),
    ],
)
def test_columns_that_do_not_fit_stop(
    form: str, name: str, other: str, said: str, rows: pd.DataFrame, tmp_path: Path
) -> None:
    header = [other if column == name else column for column in HEADERS[form]]
    with pytest.raises(InputError, match=said):
        open_release(text(tmp_path / "a.csv", header, cells(form, rows)))


def test_copies_made_by_pandas_lose_nothing(rows: pd.DataFrame, tmp_path: Path) -> None:
    copied = pd.DataFrame(cells("E", rows), columns=E, dtype=object)
    copied.columns = [f"{name}.1" if E[:at].count(name) else name for at, name in enumerate(E)]
    copied.to_csv(tmp_path / "copy.csv")
    release = open_release(tmp_path / "copy.csv")
    assert (release.form, release.unknown_columns) == ("E", ())
    hold(release.table, rows, "E")


def test_columns_of_other_type_in_another_file_are_joined_as_text(rows: pd.DataFrame, tmp_path: Path) -> None:
    plain = pd.DataFrame(cells("A", rows), columns=A, dtype=object).astype("str")
    moment = pd.Timestamp("2015-01-03 22:11:12.9", tz="US/Central")
    typed = plain.assign(**{"Prepare Date": moment, "Birth Year": 1985.0, "Made": moment})
    typed.astype({"State": "category"}).to_parquet(tmp_path / "0.parquet")  # whose codes are shorter than Arrow's own
    plain.assign(**{"Birth Year": "unknown", "Made": "x"}).to_parquet(tmp_path / "1.parquet")
    for table in (open_release(tmp_path).table, open_release(tmp_path / "0.parquet").table):
        assert table["issued_on"].iloc[:12].eq(pd.Timestamp(2015, 1, 3)).all()
        assert table["Birth Year"].iloc[::12].tolist() == ["1985", "unknown"][: len(table) // 12]
        assert table["Made"].iloc[::12].tolist() == ["2015-01-03 22:11:12", "x"][: len(table) // 12]
        assert table["state"].iloc[-12:].tolist() == open_release(tmp_path / "1.parquet").table["state"].tolist()
    plain.astype({"State": "category"}).to_parquet(tmp_path / "0.parquet")
    assert open_release(tmp_path).table["state"].iloc[:12].tolist() == table["state"].tolist()


# ---- words


def with_words(folder: Path, column: str, *values: str) -> Release:
    """Read rows that have nothing but a day and words of one column."""
    name = {"state": "State", "form": "Detainer Type", "criminality": "Detainer Prepared Criminality"}.get(column)
    header = ["Detainer Prepared Date", "Detainer Lift Reason", name or "City"]
    lines = [["1/3/26", *(("", word) if name else (word, ""))] for word in values]
    return open_release(text(folder / "f.csv", header, lines))


def test_unknown_lift_reason_stops_with_the_line_to_add(tmp_path: Path) -> None:
    said = r'f\.csv, row 3: unknown lift reason, in 2 rows.*lift_reasons\.csv.*"Moved ""up""",CLASS'
    with pytest.raises(InputError, match=said):
        with_words(tmp_path, "lift_reason", "Died", 'Moved "up"', 'Moved "up"')


def test_blank_and_redacted_reasons_are_not_recorded(tmp_path: Path) -> None:
    blank = ["", "NA", "b(6), b(7)c", "b(6), b(7)C", "(b)(6), (b)(7)(c)", "(b)(6), (b)(7)(c) (b)(7)(e)"]
    table = with_words(tmp_path, "lift_reason", "Died", "  Detainer Declined  by LEA ", *blank).table
    assert table["outcome"].tolist() == [Outcome.OTHER, Outcome.DECLINED, *[Outcome.NOT_RECORDED] * len(blank)]
    assert table["lift_reason"].isna().tolist() == [False, False, *[True] * len(blank)]


@pytest.mark.parametrize("column", GATES)
def test_words_are_read(column: str, tmp_path: Path) -> None:
    given, read = zip(*listed_cells(column), strict=True)
    release = with_words(tmp_path, column, *given)
    assert release.table[column].astype("str").fillna("").tolist() == list(read)
    assert release.unknown_values.empty


@pytest.mark.parametrize(
    ("column", "fine", "stray"),
    [
        ("state", "OHIO", "XX"),
        ("form", "I247A - x", "I247AB - x"),
        ("criminality", "1 Convicted Criminal", "4 Unheard Of"),
    ],
)
def test_strays_pass_to_a_share_and_then_stop(column: str, fine: str, stray: str, tmp_path: Path) -> None:
    few = with_words(tmp_path, column, *[fine] * 1999, stray).unknown_values
    assert few["value"].tolist() == [stray]
    known_words, stop = GATES[column]
    most = int(stop * 200)
    release = with_words(tmp_path, column, *[fine] * (200 - most), *[stray] * most)
    assert release.table[column].isna().sum() == most
    found = {"column": column, "value": stray, "rows": most, "share": most / 200}
    assert release.unknown_values.to_dict("records") == [found]
    said = rf"f\.csv, row {201 - most}: .* of the rows have an unknown {column}; more than "
    with pytest.raises(InputError, match=rf"{said}.*'{stray}' \({most + 1} rows\).*{known_words}\.csv"):
        with_words(tmp_path, column, *[fine] * (199 - most), *[stray] * (most + 1))


# ---- dates


def test_impossible_dates_are_blank_and_counted(tmp_path: Path) -> None:
    lines = cells("E", pd.concat([some_rows()] * 9, ignore_index=True))
    lines[0][E.index("Detainer Prepare Date")] = "13/13/2025"
    lines[1][E.index("Apprehension Date")] = "06/14/0002 03:10 PM"
    lines[2][E.index("Departed Date")] = "1/1/2099"
    release = open_release(text(tmp_path / "e.csv", E, lines))
    assert release.table["issued_on"].isna().sum() == 1
    found = release.changes[release.changes["what"] == "impossible date made blank"]
    assert found[["column", "rows", "example"]].to_numpy().tolist() == [
        ["Detainer Prepare Date", 1, "13/13/2025"],
        ["Departed Date", 1, "1/1/2099"],
        ["Apprehension Date", 1, "06/14/0002 03:10 PM"],
    ]


@pytest.mark.parametrize(
    ("strays", "said"),
    [
        (["last week"] * 2, r"a\.csv, row 2: 2\.0% of the rows.*Prepare Date.*'last week'.*such as 2015-01-31"),
        ([""] * 100, r"100\.0% of the rows have no readable date"),
        (["1/5/35"] * 2, r"2\.0% of the rows.*'1/5/35'.*not after 2016-01-01"),  # after the extraction
        (["1/5/35"], ""),
    ],
)
def test_too_many_days_of_issue_that_are_none_stop(strays: list[str], said: str, tmp_path: Path) -> None:
    lines = [[day, "", "", "", "TEXAS"] for day in [*strays, *["2015-01-03"] * (100 - len(strays))]]
    path = text(tmp_path / "a.csv", release_forms.A_EARLY, lines)
    if said:
        with pytest.raises(InputError, match=said):
            open_release(path, not_after=date(2016, 1, 1))
    else:
        release = open_release(path, not_after=date(2016, 1, 1))
        assert (release.table["issued_on"].isna().sum(), release.changes["rows"].tolist()) == (1, [1])
        assert open_release(path).table["issued_on"].notna().all()


# ---- offences


def test_codes_stay_text_and_get_their_zero_back(rows: pd.DataFrame, tmp_path: Path) -> None:
    lines = cells("E", rows)
    for line, code in zip(lines, ["0301", 301, "301.0", "13AB", "3AB", 5404], strict=False):
        line[E.index("MSC Charge Code")] = code
    for line, day in zip(lines, [datetime(2015, 1, 3)] * 11 + ["1399"], strict=True):  # a stray number is no code
        line[E.index("MSC Charge Date")] = day
    release = open_release(workbook(tmp_path / "e.xlsx", {"x": (E, lines)}, preamble=6))
    assert release.table["offence_code"].iloc[:6].tolist() == ["0301", "0301", "0301", "13AB", "03AB", "5404"]
    assert "1399" not in set(release.table["offence_code"].dropna())
    assert release.table["MSC Charge Date"].notna().sum() == 11
    assert release.changes.set_index("what")["rows"]["charge code mended"] == 3


def test_status_follows_the_conviction_then_criminality(tmp_path: Path) -> None:
    row = some_rows().iloc[0].to_dict() | {"offence_text": None, "offence_code": None}
    cases: list[tuple[dict[str, str | None], str, str | None]] = [
        ({"offence_text": "Robbery", "criminality": "3 Other Immigration Violator"}, "convicted", "ROBBERY"),
        ({"offence_code": "1299", "criminality": None}, "convicted", "ROBBERY"),
        ({"criminality": "1 Convicted Criminal"}, "convicted", "UNKNOWN"),
        ({"criminality": "2 Pending Criminal Charges"}, "charged", "UNKNOWN"),
        ({"criminality": "3 Other Immigration Violator"}, "none recorded", "NONE"),
        ({"criminality": None}, "unknown", "UNKNOWN"),
    ]
    rows = pd.DataFrame([row | case for case, _, _ in cases], dtype=object)
    table = open_release(write_release("processed", rows, tmp_path)).table
    assert table["offence_status"].tolist() == [status for _, status, _ in cases]
    assert table["offence_group"].tolist() == [group for _, _, group in cases]
    assert table["offence_detail"].iloc[2:].isna().all()


def test_offence_blocks_of_form_c_are_conviction_then_pending_then_charge(tmp_path: Path) -> None:
    blocks = {"Conviction_Charge": "Robbery", "Pending_Charge": "Assault", "Charge": "Burglary"}
    lines = cells("C", some_rows().assign(offence_text=None, offence_code=None).iloc[:4])
    for line, filled in zip(lines, [3, 2, 1, 0], strict=True):
        for name, offence in list(blocks.items())[3 - filled :]:
            line[C.index(f"Detainer_Most_Serious_{name}")] = offence
    lines[2][C.index("Detainer_Most_Serious_Charge_Code")] = 2299
    lines[0][C.index("Detainer_Lift_Date")] = datetime(2012, 4, 1)
    table = open_release(workbook(tmp_path / "c.xlsx", {"x": (C, lines)})).table
    assert table["offence_text"].tolist()[:3] == ["Robbery", "Assault", "Burglary"]
    assert table["offence_code"].tolist()[2] == "2299"
    assert table["offence_status"].tolist()[:3] == ["convicted", "charged", "charged"]
    assert table["Detainer_Most_Serious_Pending_Charge"].tolist()[:2] == ["Assault", "Assault"]
    assert table["lifted_on"].iloc[0] == pd.Timestamp(2012, 4, 1)
    assert table["lifted_on"].iloc[1:].isna().all()


# ---- the day of the extraction


@pytest.mark.parametrize(("name", "day"), listed_cells("day of extraction"))
def test_a_day_is_read_however_it_is_spelt(name: str, day: str) -> None:
    assert extraction_day([name], date.min, None) == (date.fromisoformat(day) if day else None)


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.sampled_from(["%Y%m%d", "%Y-%m-%d", "%m/%d/%Y", "%d %B %Y"]))
def test_every_day_comes_back(day: date, form: str) -> None:
    assert extraction_day([f"detainers_{day.strftime(form)}_redacted"], date.min, None) == day


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(anything: str) -> None:
    assert isinstance(extraction_day([anything], date.min, None), date | None)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["a_20260311.xlsx", "b_20260309.xlsx"], DAY),  # several files: the newest
        (["a_20260311.xlsx", "Run 2026-07-01"], DAY),  # after today
        (["a_20250101.xlsx"], None),  # before the newest row
        (["2025-10-01 - 2026-03-11"], None),  # a period
        ([], None),
    ],
)
def test_the_latest_day_that_is_possible_is_taken(texts: list[str], found: date | None) -> None:
    assert extraction_day(texts, newest=date(2026, 3, 8), not_after=date(2026, 3, 31)) == found


def test_a_release_says_it_by_its_name_above_its_header_or_in_a_column(rows: pd.DataFrame, tmp_path: Path) -> None:
    plain = cells("A", rows)
    told = [[*row, "inputs/2026-ICLI-00005_Detainers_FY26_20260311.xlsx"] for row in plain]
    assert open_release(text(tmp_path / "plain.csv", A, plain)).extracted_on is None
    below = tmp_path / "below.csv"
    below.write_text('"Detainers, by day"\n"Extracted, 3/11/2026"\n' + (tmp_path / "plain.csv").read_text())
    for path in (
        text(tmp_path / "plain_20260311.csv", A, plain),
        text(tmp_path / "processed.csv", [*A, "file_original"], told),
        workbook(tmp_path / "a.xlsx", {"As of 11 March 2026": (A, plain)}),
        below,
    ):
        assert open_release(path).extracted_on == DAY, path
    assert open_release(below, not_after=date(2026, 3, 10)).extracted_on is None
