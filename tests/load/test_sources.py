"""The sources: found by their origin files, opened by name, refused with the list."""

from __future__ import annotations

import pandas as pd
import pytest
from conftest import DataCopy

from analysis.errors import InputError
from analysis.load.files import sha256_of
from analysis.load.sources import open_source, sources

COUNTS = "counts/fy2015_weekly_counts.csv"
TOTALS = "published_reports/weekly_totals.csv"


def test_the_bundled_real_sources_and_what_their_weeks_mean() -> None:
    found = sources()
    assert {"fy2015", "published-2017"} <= set(found)
    assert (found["fy2015"].facts.clock, found["published-2017"].facts.clock) == ("issued", "recorded")
    for name, source in found.items():
        assert source.facts.name == name
        assert source.sha256 == sha256_of(source.path) == source.origin.sha256
        assert source.facts.first_day <= source.facts.last_day <= source.facts.extracted_on


def test_every_bundled_source_can_be_read_and_adds_up() -> None:
    for source in sources().values():
        source.check()
        if source.facts.clock == "issued":
            table = source.detainers()
            assert table["detainers"].sum() == source.facts.detainers
            assert (
                table["issued_on"]
                .dropna()
                .between(
                    pd.Timestamp(source.facts.first_day) - pd.Timedelta(days=6), pd.Timestamp(source.facts.last_day)
                )
                .all()
            )
        else:
            totals = source.reports().weekly_totals
            assert totals["issued"].sum() == source.facts.detainers
            assert totals["declined"].sum() == source.facts.declined


def test_made_up_sources_say_so() -> None:
    for name, source in sources().items():
        assert source.facts.synthetic == (name not in ("fy2015", "published-2017"))


def test_a_source_is_opened_for_its_own_clock() -> None:
    assert open_source("fy2015", clock="issued").facts.detainers == 79_053
    assert open_source("published-2017", clock="recorded").facts.declined == 318


@pytest.mark.parametrize(
    ("name", "clock", "parts"),
    [
        ("fy2016", "issued", ["'fy2016'", "did you mean 'fy2015'", "declines list"]),
        (None, "issued", ["'None'", "fy2015"]),
        ("", "recorded", ["published-2017"]),
    ],
)
def test_another_name_is_refused_with_the_list(name: object, clock: str, parts: list[str]) -> None:
    with pytest.raises(InputError) as refusal:
        open_source(name, clock=clock)
    for part in ("unknown source", *parts):
        assert part in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "clock", "use"), [("published-2017", "issued", "fy2015"), ("fy2015", "recorded", "pub")]
)
def test_a_source_of_the_other_clock_is_refused(name: str, clock: str, use: str) -> None:
    with pytest.raises(
        InputError, match=rf"'{name}' has weeks by day .*, and this report needs .* {clock}\. Use {use}"
    ):
        open_source(name, clock=clock)


def test_a_source_gives_only_what_it_has() -> None:
    found = sources()
    with pytest.raises(InputError, match="fy2015"):
        found["fy2015"].reports()
    with pytest.raises(InputError, match="published-2017"):
        found["published-2017"].detainers()


@pytest.mark.parametrize("name", [COUNTS, TOTALS])
def test_a_source_without_its_file_stops_everything(data_copy: DataCopy, name: str) -> None:
    data_copy.path(name).unlink()
    with pytest.raises(InputError) as refusal:
        sources()
    for part in (str(data_copy.path(name)), "missing", "Restore"):
        assert part in str(refusal.value)


@pytest.mark.parametrize("name", [COUNTS, TOTALS])
def test_a_source_without_its_origin_file_stops_everything(data_copy: DataCopy, name: str) -> None:
    data_copy.path(name + ".origin.yml").unlink()
    with pytest.raises(InputError) as refusal:
        sources()
    for part in (data_copy.path(name + ".origin.yml").name, "missing", "Restore"):
        assert part in str(refusal.value)


def test_a_source_with_a_damaged_origin_file_stops_everything(data_copy: DataCopy) -> None:
    data_copy.path(COUNTS + ".origin.yml").write_text("title: [", encoding="utf-8")
    with pytest.raises(InputError, match="not YAML"):
        sources()


def test_two_sources_of_one_name_are_refused(data_copy: DataCopy) -> None:
    for ending in ("", ".origin.yml"):
        copy = data_copy.path(f"counts/copy.csv{ending}")
        copy.write_bytes(data_copy.path(COUNTS + ending).read_bytes())
    with pytest.raises(InputError, match="fy2015"):
        sources()


def test_a_changed_source_that_adds_up_is_refused_by_its_hash(data_copy: DataCopy) -> None:
    data_copy.replace(COUNTS, "2014-09-27,,I247,,83", "2014-09-27,,I247,,82")
    data_copy.replace(COUNTS, "2014-09-27,,I247,Case Closed,1", "2014-09-27,,I247,Case Closed,2")
    source = open_source("fy2015", clock="issued")
    for look in (source.check, lambda: source.sha256):
        with pytest.raises(InputError, match="not the one its origin file describes"):
            look()
