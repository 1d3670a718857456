"""The bundled data hold together: origins, keys, crosswalks, nesting, totals, privacy."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from itertools import chain
from pathlib import Path

import pandas as pd
import pytest
import yaml
from store_bundled import bundled

from analysis.load.sources import origin_of, store
from analysis.load.table import OffenceStatus, Outcome, Request

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
BESIDE = (".origin.yml", "README.md", "scorecard.csv", "weeks.json")
"""Ends of the names of files that have no origin file of their own: the last two belong to a stored table."""
FILES = sorted(path for path in DATA.rglob("*") if path.is_file() and not path.name.endswith(BESIDE))
REPORTS = "published_reports"
WORKBOOK = ROOT.parent / "shared/real/foia-15-87693_detainers_fy2015-ytd.xlsx"
ORIGIN_KEYS = [
    *("title", "producer", "document", "document_date", "reference", "obtained", "licence", "accessed", "sha256"),
    *("row", "blank"),
]
OURS = [
    *(f"{REPORTS}/{name}" for name in ("weekly_totals", "issued_by_place", "declined_by_place", "conflicting_figures")),
    *(f"{REPORTS}/{name}" for name in ("known_rows", "policies", "corrections", "aggregates")),
    "counts/fy2015_weekly_counts",
    *(f"reference/{name}" for name in ("states", "lift_reasons", "forms", "criminality", "events")),
]
KEYS = {
    "weekly_totals": ["week_start"],
    "issued_by_place": ["row_id"],
    "declined_by_place": ["row_id"],
    "conflicting_figures": ["row_id", "who_says"],
    "known_rows": ["row_id"],
    "policies": ["jurisdiction", "state"],
    "corrections": ["week_start", "place", "state", "kind", "what"],
    "aggregates": ["week_start", "measure"],
    "fy2015_weekly_counts": ["week_start", "state", "form", "lift_reason"],
    "states": ["postal"],
    "lift_reasons": ["value"],
    "forms": ["form"],
    "criminality": ["value"],
    "events": ["event_id"],
}
CLOSED: dict[tuple[str, str], set[str]] = {
    ("weekly_totals", "confidence"): {"high", "low"},
    ("issued_by_place", "level"): {"county", "city"},
    ("issued_by_place", "complete"): {"yes", "no"},
    ("declined_by_place", "level"): {"region", "state", "county", "city"},
    ("declined_by_place", "bound"): {"exact", "at_least", "disputed"},
    ("known_rows", "offence_status"): {"convicted", "charged", "unknown", ""},
    ("known_rows", "quality"): {"A", "B", "C"},
    ("corrections", "section"): {"I", "II", "III", ""},
    ("corrections", "kind"): {"ICE correction", "ICE assurance", "disputed", "agency explanation", "publication"},
    ("states", "kind"): {"state", "district", "territory"},
    ("lift_reasons", "outcome"): set(Outcome),
    ("lift_reasons", "survival_role"): {"event of interest", "competing event", "excluded", "censored"},
    ("lift_reasons", "is_decline"): {"yes", "no"},
    ("forms", "request"): set(Request),
    ("criminality", "offence_status"): set(OffenceStatus),
    ("events", "kind"): {"policy", "form", "recording", "publication", "source"},
    ("events", "blocks_comparison"): {"yes", "no"},
}
MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
A_DAY = re.compile(
    rf"\d{{4}}-\d\d-\d\d|\b\d{{1,2}}(?:st|nd|rd|th)? (?:{MONTH})|\b(?:{MONTH})[a-z]*\.? \d{{1,2}}\b|\d+/\d+/\d+"
)
A_COUNTRY = re.compile(
    r"(?<!New )Mexic|Guatemal|Salvador|Hondur|Ecuador|Colombia|Cambodia|Jamaica|Barbad|Dominican|Georgian|Hungar"
    r"|Nigeria|Tajik|St\. Vincent|France|French|Cuba|Brazil|Peru|Nicaragu|Venezuel|Haiti|Viet|Chin(?:a|ese)|Philippin"
)
OUR_BANNED = re.compile(
    r"\b(?:released|sanctuar\w+|illegal\w*|criminal alien\w*|surge\w*|spike\w*|refused to cooperate)\b", re.IGNORECASE
)


@cache
def table(name: str) -> pd.DataFrame:
    """Read one file as text, blanks and the text NA kept apart."""
    folder = next(path for path in OURS if path.endswith(f"/{name}"))
    return pd.read_csv(DATA / f"{folder}.csv", dtype=str, keep_default_na=False, encoding="utf-8")


def records(name: str) -> list[dict[str, str]]:
    """Give the rows of one file one by one."""
    rows = table(name)
    return [dict(zip(map(str, rows), cells, strict=True)) for cells in rows.to_numpy().tolist()]


def numbers(name: str, column: str) -> pd.Series:
    return table(name)[column].astype(int)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DATA)))
def test_every_file_has_a_full_origin_and_the_right_hash(path: Path) -> None:
    origin = yaml.safe_load(path.with_name(path.name + ".origin.yml").read_text(encoding="utf-8"))
    assert [key for key in ORIGIN_KEYS if not origin.get(key)] == []
    assert all(origin["reference"]), "a blank reference"
    assert origin["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_origin_belongs_to_a_file_and_our_files_are_all_there() -> None:
    described = {path.with_name(path.name.removesuffix(".origin.yml")) for path in DATA.rglob("*.origin.yml")}
    assert described == set(FILES)
    assert {DATA / f"{name}.csv" for name in OURS} <= described


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.suffix == ".csv"], ids=lambda path: str(path.relative_to(DATA))
)
def test_text_is_plain_utf8_with_unix_line_ends_and_no_stray_space(path: Path) -> None:
    raw = path.read_bytes()
    assert b"\r" not in raw
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert raw.endswith(b"\n")
    cells = pd.read_csv(path, dtype=str, keep_default_na=False, header=None, encoding="utf-8")
    assert [cell for cell in cells.to_numpy().ravel() if cell != cell.strip()] == []


@pytest.mark.parametrize("name", KEYS)
def test_keys_are_unique_and_needed_cells_filled(name: str) -> None:
    rows = table(name)
    assert rows[rows.duplicated(KEYS[name], keep=False)].empty
    for column in {"source", "reason", "week_end", "released_on", "headline", "detail", "what"} & {*rows}:
        assert rows[rows[column] == ""].empty, column


@pytest.mark.parametrize(("name", "column"), CLOSED)
def test_closed_vocabularies(name: str, column: str) -> None:
    assert set(table(name)[column]) <= CLOSED[name, column]


@pytest.mark.parametrize("name", [name for name in KEYS if name not in ("states", "lift_reasons", "forms")])
def test_states_weeks_forms_and_lift_reasons_are_covered_by_the_crosswalks(name: str) -> None:
    rows = table(name)
    for column, crosswalk, key in (
        ("state", "states", "postal"),
        ("form", "forms", "form"),
        ("lift_reason", "lift_reasons", "value"),
    ):
        if column in rows:
            assert set(rows[column]) - {""} <= set(table(crosswalk)[key])
    if "week_start" in rows:
        weeks = pd.to_datetime(rows["week_start"][rows["week_start"] != ""], format="%Y-%m-%d")
        assert weeks.dt.day_name().eq("Saturday").all()


def test_blank_and_the_text_na_are_two_lift_reasons_and_one_value_is_a_decline() -> None:
    rows = table("lift_reasons").set_index("value")
    assert {"", "NA"} <= set(rows.index)
    assert list(rows.index[rows["is_decline"] == "yes"]) == ["Detainer Declined by LEA"]
    assert list(rows.index[rows["outcome"] == Outcome.DECLINED]) == ["Detainer Declined by LEA"]
    assert set(rows["outcome"]) == set(Outcome)


def test_states_are_complete_and_no_two_share_a_code_or_a_tile() -> None:
    rows = table("states")
    assert rows["kind"].value_counts().to_dict() == {"state": 50, "territory": 5, "district": 1}
    for columns in (["postal"], ["fips"], ["name"], ["tile_row", "tile_column"]):
        assert not rows.duplicated(columns).any(), columns
    assert rows["fips"].str.fullmatch(r"\d\d").all()
    assert rows["postal"].str.fullmatch("[A-Z]{2}").all()
    assert numbers("states", "tile_row").between(1, 8).all()
    assert numbers("states", "tile_column").between(1, 12).all()
    assert rows.sort_values("fips")["name"].tolist()[:51] == sorted(rows["name"][rows["fips"].astype(int) < 60])


def test_issued_places_stay_within_the_week_and_the_complete_table_sums_to_the_printed_157() -> None:
    rows = table("issued_by_place").assign(issued=numbers("issued_by_place", "issued"))
    totals = table("weekly_totals").set_index("week_start")["issued"].astype(int)
    sums = rows.groupby("week_start")["issued"].sum()
    assert (sums <= totals[sums.index]).all()
    assert rows.groupby("week_start")["complete"].nunique().eq(1).all()
    assert set(rows["week_start"][rows["complete"] == "yes"]) == {"2017-01-28"}
    assert (len(rows[rows["complete"] == "yes"]), sums["2017-01-28"]) == (10, 157)
    ranked = rows[rows["rank"] != ""].assign(rank=lambda kept: kept["rank"].astype(int))
    for _, week in ranked.groupby("week_start"):
        assert week["rank"].tolist() == list(range(1, len(week) + 1))
        assert week["issued"].is_monotonic_decreasing


def test_a_place_listed_beside_its_state_is_held_by_it() -> None:
    rows = records("declined_by_place")
    states = {(row["week_start"], row["state"]): row["row_id"] for row in rows if row["level"] == "state"}
    for row in rows:
        if row["level"] in ("county", "city"):
            assert row["within"] == states.get((row["week_start"], row["state"]), row["within"]), row["row_id"]
    assert {row["row_id"]: row["within"] for row in rows}["2017-02-04-j31"] == "2017-02-04-j30"


def test_outermost_declined_places_stay_within_the_week() -> None:
    rows = table("declined_by_place").assign(declined=numbers("declined_by_place", "declined"))
    outer = rows[rows["within"] == ""]
    totals = table("weekly_totals").set_index("week_start")["declined"].astype(int)
    sums = outer.groupby("week_start")["declined"].sum()
    assert (sums <= totals[sums.index]).all()
    assert sums.to_dict() == {"2017-01-28": 189, "2017-02-04": 39, "2017-02-11": 47}
    texas = rows[(rows["week_start"] == "2017-01-28") & (rows["state"] == "TX")].set_index("place")["declined"]
    assert texas["Texas"] == texas[["Travis", "Williamson", "Bastrop"]].sum() == 149


def test_disputed_rows_and_conflicts_name_each_other() -> None:
    declined = table("declined_by_place")
    conflicts = table("conflicting_figures")
    listed = {*declined["row_id"], *table("issued_by_place")["row_id"]}
    assert set(conflicts["row_id"]) <= listed
    assert set(declined["row_id"][declined["bound"] == "disputed"]) <= set(conflicts["row_id"])


def test_known_rows_have_an_offence_for_29_of_206_and_fit_their_places() -> None:
    known = table("known_rows")
    assert ((known["offence_text"] == "") == (known["offence_status"] == "")).all()
    with_offence = known[known["offence_text"] != ""].groupby("week_start").size()
    assert with_offence.to_dict() == {"2017-01-28": 29, "2017-02-04": 3, "2017-02-11": 1}
    week_1 = known[known["week_start"] == "2017-01-28"]["offence_status"].value_counts().to_dict()
    assert week_1 == {"convicted": 13, "charged": 8, "unknown": 8, "": 9}
    declined = table("declined_by_place").assign(declined=numbers("declined_by_place", "declined"))
    place = ["week_start", "state", "place"]
    exact = declined[declined["bound"] == "exact"].set_index(place)["declined"].to_dict()
    sizes = known[known["place"] != ""].groupby(place).size().to_dict()
    assert {key: size for key, size in sizes.items() if size > exact.get(key, size)} == {}
    listed = set(declined.set_index(place).index)
    assert set(sizes) - listed == {("2017-02-11", "NM", "Lea")}  # held by the row of its state


def test_corrections_touch_rows_that_exist_of_their_state() -> None:
    state_of = {
        row["row_id"]: row["state"]
        for row in chain(records("issued_by_place"), records("declined_by_place"), records("known_rows"))
    }
    for correction in records("corrections"):
        for touched in filter(None, correction["touches"].split(";")):
            assert state_of[touched] == correction["state"], touched
    assert (table("corrections")["kind"] == "ICE correction").sum() == 8


def test_aggregates_agree_with_the_rows() -> None:
    value = {(row["week_start"], row["measure"]): row["value"] for row in records("aggregates")}
    for week in records("weekly_totals"):
        assert value[week["week_start"], "issued nationwide"] == week["issued"]
        assert value[week["week_start"], "declined nationwide"] == week["declined"]
    assert value["", "issued nationwide, weeks 1 to 3"] == "8776"
    assert value["", "declined nationwide, weeks 1 to 3"] == "318"
    assert value["2017-01-28", "issued to the ten places of Section I"] == "157"
    checked = 0
    for row in records("declined_by_place"):
        name = f"{row['place']} County" if row["level"] == "county" and row["place"] != "Los Angeles" else row["place"]
        published = value.get((row["week_start"], f"declined, {name}"), row["declined"])
        assert published == row["declined"], row["row_id"]
        checked += (row["week_start"], f"declined, {name}") in value
    assert checked >= 14
    week_1 = [int(value["2017-01-28", f"declined, {status}"]) for status in ("convicted", "charged and not convicted")]
    assert sum(week_1) == 206


def test_fiscal_2015_counts_have_the_published_totals() -> None:
    rows = table("fy2015_weekly_counts").assign(detainers=numbers("fy2015_weekly_counts", "detainers"))
    assert rows["detainers"].ge(1).all()
    assert rows["detainers"].sum() == 79_053
    assert rows["detainers"][rows["lift_reason"] == "Detainer Declined by LEA"].sum() == 5_501
    assert rows["detainers"][rows["state"] == ""].sum() == 9_020
    assert rows["detainers"][rows["lift_reason"] == ""].sum() == 52_263
    assert rows.groupby("form")["detainers"].sum().to_dict() == {"I247": 75_696, "I247D": 2_811, "I247N": 546}
    assert rows["week_start"].nunique() == 43
    assert (rows["week_start"].min(), rows["week_start"].max()) == ("2014-09-27", "2015-07-18")


@pytest.mark.slow
def test_stored_sources_are_those_of_the_files_that_they_were_made_from(tmp_path: Path) -> None:
    """Made again by the command of data/README.md: fiscal 2015 from its counts, the made-up ones from their seed."""
    folders = sorted(DATA.glob("sources/*/v*"))
    made = list(bundled())
    assert [f"{one.origin.source.name}/v{one.number:03d}" for one in made if one.origin.source] == [
        path.relative_to(DATA / "sources").as_posix() for path in folders
    ]
    for one, folder in zip(made, folders, strict=True):
        again = store(one.table, one.card, one.origin, tmp_path / folder.parent.name / folder.name)
        pd.testing.assert_frame_equal(
            pd.read_parquet(folder / "detainers.parquet"), again.detainers(), check_categorical=False
        )
        again.week_hashes()
        for name in ("scorecard.csv", "weeks.json"):
            assert (folder / name).read_bytes() == again.path.with_name(name).read_bytes(), (folder.name, name)
        stored = origin_of(folder / "detainers.parquet")
        assert stored == origin_of(again.path).model_copy(update={"sha256": stored.sha256})
        assert stored.made_from is not None
        if stored.made_from.file != "synthetic.parquet":  # which is made up, and not bundled
            (file,) = DATA.rglob(stored.made_from.file)
            assert stored.made_from.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.slow
def test_fiscal_2015_counts_are_those_of_the_workbook() -> None:
    if not WORKBOOK.is_file():
        pytest.skip(f"the workbook of FOIA 15-87693 is not at {WORKBOOK}")
    raw = pd.read_excel(WORKBOOK, engine="calamine", keep_default_na=False, dtype=object)
    prepared = pd.to_datetime(raw["Prepare Date"])
    postal = table("states").assign(name=table("states")["name"].str.upper()).set_index("name")["postal"]
    counted = (
        pd.DataFrame(
            {
                "week_start": prepared.dt.to_period("W-FRI").dt.start_time.dt.strftime("%Y-%m-%d"),
                "state": raw["State"].map({**postal.to_dict(), "": ""}),
                "form": raw["Detainer Type"].str.split(" - ").str[0],
                "lift_reason": raw["Detainer Lift Reason"].astype(str),
            }
        )
        .value_counts()
        .sort_index()
    )
    bundled = table("fy2015_weekly_counts").set_index(KEYS["fy2015_weekly_counts"])["detainers"].astype(int)
    assert bundled.sort_index().to_dict() == counted.to_dict()


def test_events_are_dated_and_the_ones_that_block_a_comparison_are_there() -> None:
    rows = table("events").set_index("event_id")
    dates = pd.to_datetime(rows["date"], format="%Y-%m-%d")
    assert dates.is_monotonic_increasing
    ends = pd.to_datetime(rows["last_date"].where(rows["last_date"] != "", rows["date"]), format="%Y-%m-%d")
    assert (ends >= dates).all()
    assert rows["headline"].str.len().max() <= 60
    blocking = rows[rows["blocks_comparison"] == "yes"]
    assert blocking["date"].to_dict() == {
        "forms-2015": "2015-06-27",
        "travis-policy": "2017-02-01",
        "form-i247a": "2017-04-02",
    }
    detail = {row["event_id"]: row["detail"] for row in records("events")}["forms-2015"]
    counts = table("fy2015_weekly_counts").assign(detainers=numbers("fy2015_weekly_counts", "detainers"))
    for week, article in (("2015-06-20", ""), ("2015-06-27", "the ")):
        of_week = counts[counts["week_start"] == week]
        new = of_week[of_week["form"] != "I247"]["detainers"].sum()
        assert f"{new:,} of {article}{of_week['detainers'].sum():,}" in detail


def test_known_rows_carry_no_citizenship_and_no_days() -> None:
    known = table("known_rows")
    assert list(known) == [
        *("row_id", "week_start", "agency", "place", "state", "offence_text", "offence_status", "quality"),
        *("source", "note"),
    ]
    for column in ("agency", "place", "offence_text", "note"):
        for pattern in (A_DAY, A_COUNTRY):
            assert known[known[column].str.contains(pattern)].empty, column


def test_no_note_about_single_rows_gives_a_citizenship_or_a_day() -> None:
    aggregates = table("aggregates")
    texts = {
        "declined_by_place": table("declined_by_place")["note"],
        "conflicting_figures": table("conflicting_figures")["note"],
        "corrections": table("corrections")["what"],
        "aggregates": aggregates["measure"] + " | " + aggregates["value"] + " | " + aggregates["note"],
    }
    for name, text in texts.items():
        assert text[text.str.contains(A_COUNTRY)].empty, name
    touching = table("corrections")[table("corrections")["touches"] != ""]
    assert touching[touching["what"].str.contains(A_DAY)].empty
    # The only days are of policies and of the reports, never of one person's detainer.
    days = {day.group(0) for day in map(A_DAY.search, chain.from_iterable(texts.values())) if day}
    assert days <= {"1 Feb", "20 Jan", "18 to 24 Feb", "24 Feb", "10 Apr"}


def test_no_linked_page_is_known_to_name_the_people() -> None:
    for name in KEYS:
        if "source" in table(name):
            assert not table(name)["source"].str.contains("govdelivery.com/accounts/MNHENNE|statesman/ice-travis").any()


@pytest.mark.parametrize("name", KEYS)
def test_our_own_words_are_fair(name: str) -> None:
    rows = table(name)
    for column in {"note", "what", "reason", "headline", "detail", "measure"} & {*rows}:
        assert rows[rows[column].str.contains(OUR_BANNED)].empty, column
