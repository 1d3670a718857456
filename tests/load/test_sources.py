"""The sources: found by their origin files, opened by name, each version whole and as its origin says, else refused."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from conftest import DataCopy
from refusals import refused

from analysis.errors import InputError
from analysis.files import sha256_of
from analysis.load.reference import check_hash, data_file
from analysis.load.sources import (
    list_sources,
    open_source,
    origin_of,
    pick_versions,
    sources,
    versions,
    versions_by_day,
    week_hashes,
)
from analysis.load.table import NAMES
from analysis.periods import week_of
from analysis.stats.quality import quality

STORED = "sources/fy2015/v000/detainers.parquet"
TOTALS = "published_reports/weekly_totals.csv"
COUNTS = "counts/fy2015_weekly_counts.csv"


def test_the_bundled_sources_say_what_their_weeks_mean_and_add_up() -> None:
    found = sources()
    assert {name for name, source in found.items() if source.facts.synthetic} == {"synthetic"}
    assert set(found) == {"fy2015", "published-2017", "published-2025", "synthetic"}
    for name, source in found.items():
        source.check()
        facts = source.facts
        assert facts.name == name
        assert facts.first_day <= facts.last_day <= facts.extracted_on
        if facts.clock == "issued":
            table = source.detainers()
            assert list(table.columns[: len(NAMES)]) == list(NAMES)
            assert (table["detainers"] == 1).all(), "one row is one detainer, so that values can be counted"
            assert (len(table), (table["outcome"] == "declined_by_lea").sum()) == (facts.detainers, facts.declined)
            before = pd.Timestamp(facts.first_day) - pd.Timedelta(days=6)
            assert table["issued_on"].dropna().between(before, pd.Timestamp(facts.last_day)).all()
            assert table["issued_on"].is_monotonic_increasing
    january = found["fy2015"].detainers(None, date(2015, 1, 3), date(2015, 1, 31))
    assert (january[january["state"] == "CO"]["lift_reason"] == "Detainer Declined by LEA").sum() == 44
    listed = list_sources()
    clocks = {"fy2015": "issued", "synthetic": "issued", "published-2017": "recorded", "published-2025": "printed"}
    assert listed["clock"].to_dict() == clocks
    assert listed.loc["published-2025", ["weeks", "detainers", "declined"]].tolist() == [0, 0, 0]
    assert listed.loc["published-2017", ["weeks", "detainers", "declined"]].tolist() == [3, 8_776, 318]
    had = listed.loc["fy2015", ["offences", "outcomes", "lift_dates", "synthetic"]]
    assert had.tolist() == [False, True, False, False]


def test_reports_name_the_file_that_was_published_and_its_hash() -> None:
    source = open_source("fy2015")
    assert source.file == "fy2015_weekly_counts.csv"
    assert source.cited == {"name": "fy2015", "title": source.facts.title, "sha256": sha256_of(data_file(COUNTS))}
    assert source.path.name == "detainers.parquet"
    assert "FOIA 15-87693" in source.origin.reference


@pytest.mark.parametrize("case", yaml.safe_load(Path(__file__).with_name("no_sources.yml").read_text("utf-8")))
def test_what_is_no_source_as_asked_is_refused_with_the_list(case: dict[str, Any]) -> None:
    with refused(*case["says"]):
        open_source(case["name"], **case["asked"])


def test_a_source_gives_only_what_it_has() -> None:
    with refused("'fy2015' is not ICE's weekly reports", "declines list"):
        open_source("fy2015").reports()
    with refused("'published-2017' has no detainers by week of issue"):
        open_source("published-2017").detainers()
    with refused("unknown column", "'stat'", "did you mean 'state'"):
        open_source("fy2015").detainers(["stat"])


def test_only_the_days_columns_and_rows_wanted_are_read() -> None:
    source, first, last = open_source("synthetic"), date(2025, 3, 1), date(2025, 3, 21)
    whole = source.detainers()
    days = whole["issued_on"].between(pd.Timestamp(first), pd.Timestamp(last))
    for repeats, columns in ((True, None), (False, ["state", "detainers"])):
        kept = days if repeats else days & whole["duplicate"].isna()
        found = source.detainers(columns, first, last, repeats=repeats)
        expected = whole.loc[kept, columns or list(whole)].reset_index(drop=True)
        assert found.astype("str").equals(expected.astype("str"))
        assert (kept.sum() < days.sum()) is not repeats


def test_three_versions_of_the_made_up_source_are_bundled_beside_it() -> None:
    three = versions("synthetic")
    assert [one.version for one in three] == [1, 2, 3]
    assert [one.facts.extracted_on for one in three] == [date(2026, 1, 6), date(2026, 2, 3), date(2026, 3, 10)]
    assert [one.facts.declined for one in three] == [975, 1055, 1147]
    assert open_source("synthetic").version == 0
    assert open_source("synthetic", version=2) == three[1]
    assert versions("fy2015") == versions("nothing") == []
    assert versions_by_day(open_source("synthetic"), ["state"]) == {}
    by_day = versions_by_day(three[1], ["state"], date(2025, 1, 10))
    assert list(by_day) == [date(2026, 1, 6), date(2026, 2, 3)]
    assert {tuple(table) for table in by_day.values()} == {("state",)}


def test_two_versions_are_picked_by_number_or_from_the_newest_back() -> None:
    assert pick_versions("synthetic", -1, 0) == (2, 3)
    assert pick_versions("synthetic", 1, 3) == (1, 3)
    for older, newer in ((0, -1), (2, 2), (1, 4), (-3, 0)):
        with refused("cannot be compared", "one of 1, 2, 3"):
            pick_versions("synthetic", older, newer)
    with refused("has 0 imported versions", "declines import FILE --name NAME"):
        pick_versions("fy2015", -1, 0)


def test_the_hash_of_a_week_follows_from_its_rows_alone() -> None:
    source = open_source("synthetic")
    table, kept = source.detainers(), source.week_hashes()
    moved = table.assign(source_row=table["source_row"] + 1, source_file="renamed")
    assert week_hashes(moved.sample(frac=1, random_state=1)) == kept
    without = week_hashes(table.drop(index=100))
    assert {day for day in kept if kept[day] != without[day]} == {f"{week_of(table['issued_on'])[100]:%Y-%m-%d}"}
    assert "undated" in week_hashes(table.head(9).assign(issued_on=pd.NaT).astype({"issued_on": "datetime64[ms]"}))


def test_a_source_without_its_file_or_origin_stops_everything(data_copy: DataCopy) -> None:
    for name in (STORED, TOTALS, STORED + ".origin.yml", TOTALS + ".origin.yml"):
        content = data_copy.path(name).read_bytes()
        data_copy.path(name).unlink()
        with refused(data_copy.path(name), "missing", "Restore"):
            sources()
        data_copy.path(name).write_bytes(content)


def test_a_changed_byte_is_noticed_and_a_meant_change_accepted(data_copy: DataCopy) -> None:
    for path in map(data_copy.path, (TOTALS, STORED)):
        original = check_hash(path)
        path.write_bytes(path.read_bytes() + b"\n")
        with refused(path, f"found 'sha256 {sha256_of(path)}'", f"expected sha256 {original}", "origin file"):
            check_hash(path)
    with refused("not the one its origin file describes"):
        open_source("fy2015").check()
    with refused(path, "Restore the file or import it again"):
        open_source("fy2015").detainers(["state"])
    data_copy.accept(STORED)
    open_source("fy2015").check()


@pytest.mark.parametrize("name", ["states", "lift_reasons", "events", "columns"])
def test_a_reference_table_changed_by_hand_is_noticed_whatever_it_says_now(name: str, data_copy: DataCopy) -> None:
    path = data_copy.path(f"reference/{name}.csv")
    path.write_bytes(path.read_bytes().replace(b"a", b"e", 1))
    with refused(path, "found 'sha256", "expected sha256", "data/README.md says how"):
        data_file(f"reference/{name}.csv")
    data_copy.accept(f"reference/{name}.csv")
    assert data_file(f"reference/{name}.csv") == path


def test_a_scorecard_changed_by_hand_is_noticed_as_is_one_without_a_hash(data_copy: DataCopy) -> None:
    path = data_copy.path(STORED).with_name("scorecard.csv")
    path.write_text(path.read_text(encoding="utf-8").replace("warn", "pass"), encoding="utf-8")
    with refused(path, "found 'sha256", "import it again"):
        quality(open_source("fy2015"))
    beside = path.with_name("detainers.parquet.origin.yml")
    lines = beside.read_text(encoding="utf-8").splitlines(keepends=True)
    beside.write_text("".join(line for line in lines if "scorecard_sha256" not in line), encoding="utf-8")
    with refused(path, "expected sha256 none in the origin file", "import it again"):
        quality(open_source("fy2015"))


def test_a_table_cut_short_is_refused_and_lost_week_hashes_are_worked_out_again(data_copy: DataCopy) -> None:
    path = data_copy.path(STORED)
    kept = path.with_name("weeks.json")
    stored = json.loads(kept.read_text(encoding="utf-8"))
    assert len(stored) == 43
    for text in ("{", "[]", '"x"', "null", '{"2015-01-03": 1}'):
        kept.write_text(text, encoding="utf-8")
        assert open_source("fy2015").week_hashes() == stored
    kept.unlink()
    assert open_source("fy2015").week_hashes() == stored
    content = path.read_bytes()
    for length in (10, len(content) // 2, len(content) * 999 // 1000):
        path.write_bytes(content[:length])
        data_copy.accept(STORED)
        for columns in (None, ["state"]):
            with refused(path, "the stored table is damaged", "Import the release again"):
                open_source("fy2015").detainers(columns)


def test_an_origin_that_lacks_a_key_has_a_strange_one_or_is_no_mapping_is_refused(data_copy: DataCopy) -> None:
    beside = data_copy.path(STORED + ".origin.yml")
    content = yaml.safe_load(beside.read_text(encoding="utf-8"))
    for key, value in (("licence", None), ("sha256", ...), ("lisence", "x"), ("source", {"name": "x"})):
        changed = {name: given for name, given in (content | {key: value}).items() if given is not ...}
        beside.write_text(yaml.safe_dump(changed), encoding="utf-8")
        with refused(beside, "key", key, "Restore"):
            origin_of(data_copy.path(STORED))
    for text in ("title: 'no end\n", "a: b: c\n", "\tx: 1\n", "- a list\n", "", "just words\n"):
        beside.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=r"(?s)detainers\.parquet\.origin\.yml.*Restore"):  # YAML shows the place
            sources()
