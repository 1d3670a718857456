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

from analysis.errors import InputError
from analysis.files import sha256_of
from analysis.load.duplicates import is_repeat
from analysis.load.reference import data_file
from analysis.load.sources import (
    check_hash,
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

STORED = "sources/fy2015/v000/detainers.parquet"
TOTALS = "published_reports/weekly_totals.csv"
COUNTS = "counts/fy2015_weekly_counts.csv"


def refused(what: Any, *parts: str) -> None:  # noqa: ANN401
    """Hold that something stops with one sentence that has all the parts."""
    with pytest.raises(InputError) as refusal:
        what()
    message = str(refusal.value)
    assert [part for part in parts if part not in message] == [], message
    assert "\n" not in message


# What there is.


def test_the_bundled_sources_say_what_their_weeks_mean_and_add_up() -> None:
    found = sources()
    assert set(found) == {"fy2015", "published-2017", "synthetic"}
    assert [name for name, source in found.items() if source.facts.synthetic] == ["synthetic"]
    for name, source in found.items():
        source.check()
        assert source.facts.name == name
        assert source.facts.first_day <= source.facts.last_day <= source.facts.extracted_on
        if source.facts.clock == "issued":
            table = source.detainers()
            assert list(table.columns[: len(NAMES)]) == list(NAMES)
            assert len(table) == source.facts.detainers
            assert (table["outcome"] == "declined_by_lea").sum() == source.facts.declined
            before = pd.Timestamp(source.facts.first_day) - pd.Timedelta(days=6)
            assert table["issued_on"].dropna().between(before, pd.Timestamp(source.facts.last_day)).all()
            assert table["issued_on"].is_monotonic_increasing
        else:
            totals = source.reports().weekly_totals
            assert totals[["issued", "declined"]].sum().tolist() == [source.facts.detainers, source.facts.declined]


def test_one_row_is_one_detainer_so_that_values_can_be_counted() -> None:
    table = open_source("fy2015").detainers()
    january = table[table["issued_on"].between("2015-01-03", "2015-01-31") & (table["state"] == "CO")]
    assert january["lift_reason"].value_counts()["Detainer Declined by LEA"] == 44
    assert (table["detainers"] == 1).all()


def test_the_list_has_a_row_per_source() -> None:
    listed = list_sources()
    assert listed["clock"].to_dict() == {"fy2015": "issued", "synthetic": "issued", "published-2017": "recorded"}
    assert listed.loc["published-2017", ["weeks", "detainers", "declined"]].tolist() == [3, 8_776, 318]
    assert listed.loc["fy2015", ["offences", "outcomes", "lift_dates", "synthetic"]].tolist() == [
        False,
        True,
        False,
        False,
    ]


def test_reports_name_the_file_that_was_published_and_its_hash() -> None:
    source = open_source("fy2015")
    assert source.file == "fy2015_weekly_counts.csv"
    assert source.cited == {"name": "fy2015", "title": source.facts.title, "sha256": sha256_of(data_file(COUNTS))}
    assert source.path.name == "detainers.parquet"


# Opening.


@pytest.mark.parametrize(
    ("name", "clock", "parts"),
    [
        ("fy2016", "issued", ["unknown source with weeks by day issued 'fy2016'", "did you mean 'fy2015'"]),
        ("fy2016", None, ["unknown source 'fy2016'", "did you mean 'fy2015'", "published-2017", "declines list"]),
        (None, None, ["unknown source 'None'", "fy2015"]),
        ("", "recorded", ["unknown source", "published-2017"]),
        (
            "published-2017",
            "issued",
            ["has weeks by day recorded, and this report needs weeks by day issued. Use fy2015"],
        ),
        ("fy2015", "recorded", ["has weeks by day issued, and this report needs weeks by day recorded. Use pub"]),
    ],
)
def test_another_name_or_clock_is_refused_with_the_list(name: object, clock: str | None, parts: list[str]) -> None:
    refused(lambda: open_source(name, clock=clock), *parts)


def test_a_source_that_lacks_what_is_needed_is_refused_with_those_that_have_it() -> None:
    refused(lambda: open_source("fy2015", needs=["offences"]), "records no offences", "Use synthetic")


def test_a_source_gives_only_what_it_has() -> None:
    refused(open_source("fy2015").reports, "'fy2015' is not ICE's weekly reports", "declines list")
    refused(open_source("published-2017").detainers, "'published-2017' has no detainers by week of issue")
    refused(lambda: open_source("fy2015").detainers(["stat"]), "unknown column", "'stat'", "did you mean 'state'")


@pytest.mark.parametrize("columns", [None, ["state", "detainers"]])
def test_only_the_days_columns_and_rows_wanted_are_read(columns: list[str] | None) -> None:
    source, first, last = open_source("synthetic"), date(2025, 3, 1), date(2025, 3, 21)
    whole = source.detainers()
    days = whole["issued_on"].between(pd.Timestamp(first), pd.Timestamp(last))
    for repeats in (True, False):
        kept = days if repeats else days & ~is_repeat(whole["duplicate"])
        found = source.detainers(columns, first, last, repeats=repeats)
        expected = whole.loc[kept, columns or list(whole)].reset_index(drop=True)
        pd.testing.assert_frame_equal(found.astype(str), expected.astype(str))
        assert (kept.sum() < days.sum()) is not repeats


# Versions.


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
    refused(lambda: open_source("synthetic", version=4), "'synthetic' has no version 4", "It has 1, 2, 3")
    refused(lambda: open_source("fy2015", version=4), "'fy2015' has no version 4", "It has one alone")


def test_two_versions_are_picked_by_number_or_from_the_newest_back() -> None:
    assert pick_versions("synthetic", -1, 0) == (2, 3)
    assert pick_versions("synthetic", 1, 3) == (1, 3)
    for older, newer in ((0, -1), (2, 2), (1, 4), (-3, 0)):
        refused(lambda o=older, n=newer: pick_versions("synthetic", o, n), "cannot be compared", "one of 1, 2, 3")
    refused(lambda: pick_versions("fy2015", -1, 0), "has 0 imported versions", "declines import FILE --name NAME")


def test_the_hash_of_a_week_follows_from_its_rows_alone() -> None:
    source = open_source("synthetic")
    table = source.detainers()
    assert source.week_hashes() == week_hashes(table) == week_hashes(table.sample(frac=1, random_state=1))
    moved = table.assign(source_row=table["source_row"] + 1, source_file="renamed")
    assert week_hashes(moved) == week_hashes(table)
    at = table.index[table["state"].notna()][100]
    other = week_hashes(table.drop(index=at))
    week = table["issued_on"][at] - pd.Timedelta(days=(table["issued_on"][at].day_of_week + 2) % 7)
    assert {day for day, found in other.items() if found != source.week_hashes()[day]} == {f"{week:%Y-%m-%d}"}
    undated = table.assign(issued_on=table["issued_on"].where(table.index > 5))
    assert "undated" in week_hashes(undated)


# Files that are not as they were.


@pytest.mark.parametrize("name", [STORED, TOTALS])
def test_a_source_without_its_file_or_origin_stops_everything(data_copy: DataCopy, name: str) -> None:
    beside = data_copy.path(name + ".origin.yml")
    content = beside.read_bytes()
    beside.unlink()
    refused(sources, str(beside), "missing", "Restore")
    beside.write_bytes(content)
    data_copy.path(name).unlink()
    refused(sources, str(data_copy.path(name)), "missing", "Restore")


def test_a_changed_byte_is_noticed_and_a_meant_change_accepted(data_copy: DataCopy) -> None:
    for name in (TOTALS, STORED):
        path = data_copy.path(name)
        original = sha256_of(path)
        assert check_hash(path) == original
        path.write_bytes(path.read_bytes() + b"\n")
        found, expected = f"found 'sha256 {sha256_of(path)}'", f"expected sha256 {original}"
        refused(lambda changed=path: check_hash(changed), str(path), found, expected, "origin file")
    source = open_source("fy2015")
    for look in (source.check, lambda: source.sha256):
        refused(look, "not the one its origin file describes")
    data_copy.accept(STORED)
    open_source("fy2015").check()


@pytest.mark.parametrize("keep", [10, 0.5, 0.999])
def test_a_table_cut_short_is_refused_when_it_is_read(data_copy: DataCopy, keep: float) -> None:
    path = data_copy.path(STORED)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep if keep > 1 else keep * len(content))])
    for read in (lambda: open_source("fy2015").detainers(), lambda: open_source("fy2015").detainers(["state"])):
        refused(read, str(path), "the stored table is damaged", "Import the release again")


def test_week_hashes_that_are_lost_or_damaged_are_worked_out_again(data_copy: DataCopy) -> None:
    path = data_copy.path(STORED).with_name("weeks.json")
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert len(stored) == 43
    path.write_text("{", encoding="utf-8")
    assert open_source("fy2015").week_hashes() == stored
    path.unlink()
    assert open_source("fy2015").week_hashes() == stored


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"licence": None}, ["licence"]),
        ({"sha256": ...}, ["sha256", "required"]),
        ({"lisence": "x"}, ["lisence"]),
        ({"source": {"name": "x"}}, ["source."]),
    ],
)
def test_an_origin_that_lacks_a_key_or_has_a_strange_one_is_refused_by_key(
    data_copy: DataCopy, change: dict[str, object], parts: list[str]
) -> None:
    beside = data_copy.path(STORED + ".origin.yml")
    content = yaml.safe_load(beside.read_text(encoding="utf-8")) | change
    beside.write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not ...}), encoding="utf-8")
    refused(lambda: origin_of(data_copy.path(STORED)), str(beside), "key", "Restore", *parts)


@pytest.mark.parametrize("content", ["title: 'no end\n", "a: b: c\n", "\tx: 1\n", "- a list\n", "", "just words\n"])
def test_an_origin_that_is_not_a_mapping_is_refused(data_copy: DataCopy, content: str) -> None:
    beside = data_copy.path(STORED + ".origin.yml")
    beside.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as refusal:  # of more than one line, where YAML shows the place
        sources()
    assert str(beside) in str(refusal.value)
    assert "Restore" in str(refusal.value)


def test_an_origin_says_where_a_table_came_from() -> None:
    origin = origin_of(data_file(STORED))
    assert origin.made_from is not None
    assert origin.made_from.file == Path(COUNTS).name
    assert "FOIA 15-87693" in origin.reference
