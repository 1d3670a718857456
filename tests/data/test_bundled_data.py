"""The bundled data hold together: origins, keys, crosswalks, nesting, totals, privacy."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from store_bundled import SOURCES, store_again

from analysis.load.sources import Origin, origin_of
from analysis.load.table import OffenceStatus, Outcome, Request

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
BESIDE = (".origin.yml", "README.md", "carried.feather", "scorecard.csv", "weeks.json")
"""Ends of the names of files that have no origin file of their own: the last two belong to a stored table."""
FILES = sorted(path for path in DATA.rglob("*") if path.is_file() and not path.name.endswith(BESIDE))
OURS: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("tables.yml").read_text(encoding="utf-8"))
ORIGIN_KEYS = [key for key, about in Origin.model_fields.items() if about.is_required()]
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
A_PAGE_OF_NAMES = re.compile("govdelivery.com/accounts/MNHENNE|statesman/ice-travis")


@cache
def table(name: str) -> pd.DataFrame:
    """Read one file as text, blanks and the text NA kept apart; counts as numbers."""
    (path,) = (DATA / f"{ours}.csv" for ours in OURS if ours.endswith(f"/{name}"))
    rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    return rows.astype(dict.fromkeys({"issued", "declined", "detainers"} & {*rows}, int))


def test_every_file_has_a_full_origin_and_the_right_hash() -> None:
    for path in FILES:
        origin = yaml.safe_load(path.with_name(path.name + ".origin.yml").read_text(encoding="utf-8"))
        assert [key for key in ORIGIN_KEYS if not origin.get(key)] == [], path
        assert all(origin["reference"]), f"{path}: a blank reference"
        if "synthetic" in str(path.relative_to(DATA)):
            assert origin["title"].startswith("SYNTHETIC"), path
            assert origin["document"].startswith(("SYNTHETIC", "MADE UP")), path
        assert origin["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest(), path
    described = {path.with_name(path.name.removesuffix(".origin.yml")) for path in DATA.rglob("*.origin.yml")}
    assert described == set(FILES)
    assert {DATA / f"{name}.csv" for name in OURS} <= described


def test_text_is_plain_utf8_with_unix_line_ends_and_no_stray_space() -> None:
    for path in (path for path in FILES if path.suffix == ".csv"):
        raw = path.read_bytes()
        assert (b"\r" in raw, raw[:3] == b"\xef\xbb\xbf", raw[-1:]) == (False, False, b"\n"), path
        cells = pd.read_csv(path, dtype=str, keep_default_na=False, header=None, encoding="utf-8")
        assert [cell for cell in cells.to_numpy().ravel() if cell != cell.strip()] == [], path


@pytest.mark.parametrize("path", OURS)
def test_keys_are_unique_needed_cells_filled_words_known_and_fair(path: str) -> None:
    rows = table(Path(path).name)
    assert rows[rows.duplicated(OURS[path]["key"], keep=False)].empty
    for column in {"source", "reason", "week_end", "released_on", "headline", "detail", "what"} & {*rows}:
        assert rows[rows[column] == ""].empty, column
    for column, words in OURS[path].get("words", {}).items():
        assert set(rows[column]) <= set(words), column
    crosswalks = (("state", "states", "postal"), ("form", "forms", "form"), ("lift_reason", "lift_reasons", "value"))
    for column, crosswalk, key in crosswalks:
        if column in rows and not path.startswith("reference/"):
            assert set(rows[column]) - {""} <= set(table(crosswalk)[key])
    if "week_start" in rows:
        weeks = pd.to_datetime(rows["week_start"][rows["week_start"] != ""], format="%Y-%m-%d")
        assert weeks.dt.day_name().eq("Saturday").all()
    for column in {"note", "what", "reason", "headline", "detail", "measure"} & {*rows}:
        assert rows[rows[column].str.contains(OUR_BANNED)].empty, column
    assert "source" not in rows or not rows["source"].str.contains(A_PAGE_OF_NAMES).any()


def test_blank_and_the_text_na_are_two_lift_reasons_and_one_value_is_a_decline() -> None:
    rows = table("lift_reasons").set_index("value")
    assert {"", "NA"} <= set(rows.index)
    for declined in (rows["is_decline"] == "yes", rows["outcome"] == Outcome.DECLINED):
        assert list(rows.index[declined]) == ["Detainer Declined by LEA"]
    assert set(rows["outcome"]) == set(Outcome)
    assert set(table("forms")["request"]) <= set(Request)
    assert set(table("criminality")["offence_status"]) <= set(OffenceStatus)


def test_states_are_complete_and_no_two_share_a_code_or_a_tile() -> None:
    rows = table("states")
    assert rows["kind"].value_counts().to_dict() == {"state": 50, "territory": 5, "district": 1}
    for columns in (["postal"], ["fips"], ["name"], ["tile_row", "tile_column"]):
        assert not rows.duplicated(columns).any(), columns
    shapes = {"fips": r"\d\d", "postal": "[A-Z]{2}", "tile_row": "[1-8]", "tile_column": "[1-9]|1[012]"}
    assert {column: rows[column].str.fullmatch(shape).all() for column, shape in shapes.items()} == dict.fromkeys(
        shapes, True
    )
    assert rows.sort_values("fips")["name"].tolist()[:51] == sorted(rows["name"][rows["fips"].astype(int) < 60])


def test_the_complete_table_of_issued_places_sums_to_the_printed_157_and_ranks_fall() -> None:
    rows = table("issued_by_place")
    assert rows.groupby("week_start")["complete"].nunique().eq(1).all()
    whole = rows[rows["complete"] == "yes"]
    assert set(whole["week_start"]) == {"2017-01-28"}
    assert (len(whole), whole["issued"].sum()) == (10, 157)
    for _, week in rows[rows["rank"] != ""].groupby("week_start"):
        assert week["rank"].astype(int).tolist() == list(range(1, len(week) + 1))
        assert week["issued"].is_monotonic_decreasing


def test_declined_places_nest_and_their_sums_are_those_known() -> None:
    rows = table("declined_by_place")
    states = rows[rows["level"] == "state"].set_index(["week_start", "state"])["row_id"].to_dict()
    for row in rows[rows["level"].isin(["county", "city"])].itertuples():
        assert row.within == states.get((row.week_start, row.state), row.within), row.row_id
    assert rows.set_index("row_id")["within"]["2017-02-04-j31"] == "2017-02-04-j30"
    sums = rows[rows["within"] == ""].groupby("week_start")["declined"].sum()
    assert sums.to_dict() == {"2017-01-28": 189, "2017-02-04": 39, "2017-02-11": 47}
    texas = rows[(rows["week_start"] == "2017-01-28") & (rows["state"] == "TX")].set_index("place")["declined"]
    assert texas["Texas"] == texas[["Travis", "Williamson", "Bastrop"]].sum() == 149
    conflicts = table("conflicting_figures")["row_id"]
    assert set(conflicts) <= {*rows["row_id"], *table("issued_by_place")["row_id"]}
    assert set(rows["row_id"][rows["bound"] == "disputed"]) <= set(conflicts)


def test_known_rows_have_an_offence_for_29_of_206_and_fit_their_places() -> None:
    known = table("known_rows")
    assert ((known["offence_text"] == "") == (known["offence_status"] == "")).all()
    with_offence = known[known["offence_text"] != ""].groupby("week_start").size()
    assert with_offence.to_dict() == {"2017-01-28": 29, "2017-02-04": 3, "2017-02-11": 1}
    week_1 = known[known["week_start"] == "2017-01-28"]["offence_status"].value_counts().to_dict()
    assert week_1 == {"convicted": 13, "charged": 8, "unknown": 8, "": 9}
    place = ["week_start", "state", "place"]
    declined = table("declined_by_place").set_index(place)
    exact = declined[declined["bound"] == "exact"]["declined"].to_dict()
    sizes = known[known["place"] != ""].groupby(place).size().to_dict()
    assert {key: size for key, size in sizes.items() if size > exact.get(key, size)} == {}
    assert set(sizes) - set(declined.index) == {("2017-02-11", "NM", "Lea")}  # held by the row of its state


def test_corrections_touch_rows_that_exist_of_their_state() -> None:
    rows = pd.concat([table(name) for name in ("issued_by_place", "declined_by_place", "known_rows")])
    corrections, state_of = table("corrections"), rows.set_index("row_id")["state"]
    touched = corrections.assign(row=corrections["touches"].str.split(";")).explode("row").query("row != ''")
    assert (state_of[touched["row"]].to_numpy() == touched["state"]).all()
    assert (corrections["kind"] == "ICE correction").sum() == 8


def test_aggregates_agree_with_the_rows() -> None:
    value = table("aggregates").set_index(["week_start", "measure"])["value"].to_dict()
    for week in table("weekly_totals").itertuples():
        assert value[week.week_start, "issued nationwide"] == str(week.issued)
        assert value[week.week_start, "declined nationwide"] == str(week.declined)
    assert value["", "issued nationwide, weeks 1 to 3"] == "8776"
    assert value["", "declined nationwide, weeks 1 to 3"] == "318"
    assert value["2017-01-28", "issued to the ten places of Section I"] == "157"
    checked = 0
    for row in table("declined_by_place").itertuples():
        name = f"{row.place} County" if row.level == "county" and row.place != "Los Angeles" else row.place
        assert value.get((row.week_start, f"declined, {name}"), str(row.declined)) == str(row.declined), row.row_id
        checked += (row.week_start, f"declined, {name}") in value
    assert checked >= 14
    week_1 = [int(value["2017-01-28", f"declined, {status}"]) for status in ("convicted", "charged and not convicted")]
    assert sum(week_1) == 206


def test_fiscal_2015_counts_have_the_published_totals() -> None:
    rows = table("fy2015_weekly_counts")
    assert rows["detainers"].ge(1).all()
    declined = rows["lift_reason"] == "Detainer Declined by LEA"
    parts = (rows.index >= 0, declined, rows["state"] == "", rows["lift_reason"] == "")
    assert [rows["detainers"][part].sum() for part in parts] == [79_053, 5_501, 9_020, 52_263]
    assert rows.groupby("form")["detainers"].sum().to_dict() == {"I247": 75_696, "I247D": 2_811, "I247N": 546}
    weeks = rows["week_start"]
    assert (weeks.nunique(), weeks.min(), weeks.max()) == (43, "2014-09-27", "2015-07-18")


@pytest.mark.slow
def test_stored_sources_are_those_of_the_files_that_they_were_made_from(tmp_path: Path) -> None:
    """Made again by the command of data/README.md: fiscal 2015 from its counts, the made-up ones from their seed."""
    folders = sorted(SOURCES.glob("*/v*"))
    assert len(folders) == 5
    for folder in folders:
        again = store_again(folder, tmp_path)
        origin = origin_of(folder / "detainers.parquet")
        stored, made = replace(again, origin=origin, path=folder / "detainers.parquet").detainers(), again.detainers()
        assert (stored.dtypes.astype("str") == made.dtypes.astype("str")).all()
        assert stored.astype("str").equals(made.astype("str"))
        for name in ("scorecard.csv", "weeks.json"):
            assert (folder / name).read_bytes() == again.path.with_name(name).read_bytes(), (folder, name)
        hashes = {"sha256": origin.sha256, "carried_sha256": origin.carried_sha256}  # of these writers' versions
        assert again.origin.model_copy(update=hashes) == origin


def test_the_events_that_block_a_comparison_are_there_and_say_what_the_counts_say() -> None:
    rows = table("events").set_index("event_id")
    assert rows["date"].is_monotonic_increasing
    assert rows["headline"].str.len().max() <= 60
    blocking = rows["date"][rows["blocks_comparison"] == "yes"].to_dict()
    assert blocking == {"forms-2015": "2015-06-27", "travis-policy": "2017-02-01", "form-i247a": "2017-04-02"}
    counts = table("fy2015_weekly_counts")
    for week, article in (("2015-06-20", ""), ("2015-06-27", "the ")):
        of_week = counts[counts["week_start"] == week]
        new = of_week[of_week["form"] != "I247"]["detainers"].sum()
        assert f"{new:,} of {article}{of_week['detainers'].sum():,}" in rows.loc["forms-2015", "detail"]


def test_nothing_about_single_rows_gives_a_citizenship_or_a_day() -> None:
    known, aggregates, corrections = (table(name) for name in ("known_rows", "aggregates", "corrections"))
    columns = "row_id week_start agency place state offence_text offence_status quality source note"
    assert list(known) == columns.split()
    for column in ("agency", "place", "offence_text", "note"):
        for pattern in (A_DAY, A_COUNTRY):
            assert known[known[column].str.contains(pattern)].empty, column
    texts = {
        "declined_by_place": table("declined_by_place")["note"],
        "conflicting_figures": table("conflicting_figures")["note"],
        "corrections": corrections["what"],
        "aggregates": aggregates["measure"] + " | " + aggregates["value"] + " | " + aggregates["note"],
    }
    for name, text in texts.items():
        assert text[text.str.contains(A_COUNTRY)].empty, name
    assert not corrections["what"][corrections["touches"] != ""].str.contains(A_DAY).any()
    # The only days are of policies and of the reports, never of one person's detainer.
    days = {day.group(0) for day in map(A_DAY.search, chain.from_iterable(texts.values())) if day}
    assert days <= {"1 Feb", "20 Jan", "18 to 24 Feb", "24 Feb", "10 Apr"}
