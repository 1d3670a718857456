"""The published figures, read as they were published; how damage is met is in ``damages.yml``."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from conftest import DataCopy
from refusals import refused

from analysis.load.published import PublishedReports
from analysis.load.sources import open_source

DECLINED, TOTALS = "published_reports/declined_by_place.csv", "published_reports/weekly_totals.csv"
FIRST, SECOND, THIRD = date(2017, 1, 28), date(2017, 2, 4), date(2017, 2, 11)


@pytest.fixture(scope="module")
def reports() -> PublishedReports:
    return open_source("published-2017").reports()


def test_the_three_reports_are_the_published_ones_and_each_keeps_its_own_week(reports: PublishedReports) -> None:
    totals = reports.weekly_totals.set_index("week_start")[["issued", "declined"]]
    published = {FIRST: (3083, 206), SECOND: (2825, 47), THIRD: (2868, 65)}
    assert {week.date(): tuple(row) for week, row in totals.iterrows()} == published
    second = reports.of_week(SECOND)
    assert list(second.weekly_totals["declined"]) == [47]
    assert set(second.declined_by_place["week_start"]) == {pd.Timestamp(SECOND)}
    assert list(second.declined_by_place.index) == list(range(len(second.declined_by_place)))
    declined, issued = (rows.set_index("place") for rows in (second.declined_by_place, second.issued_by_place))
    assert (declined.loc["New York City", "declined"], issued.loc["New York City", "issued"]) == (12, 73)
    assert len(second.known_rows) == 3
    assert len(second.policies) == len(reports.policies) == 57
    undated = reports.corrections["week_start"].isna().sum()
    assert second.corrections["week_start"].isna().sum() == undated > 0


def test_known_rows_carry_a_group_and_nothing_that_singles_a_person_out(reports: PublishedReports) -> None:
    known = reports.known_rows
    assert len(known) == 42
    assert (known["offence_group"][known["offence_text"] == ""] == "UNKNOWN").all()
    named = known[known["offence_text"] != ""]
    assert len(named) == 33
    assert not named["offence_group"].isin(["UNKNOWN", "NONE"]).any()
    groups = dict(zip(named["offence_text"], named["offence_group"], strict=True))
    assert (groups["Homicide"], groups["Driving under influence"]) == ("HOMICIDE", "DUI")
    assert groups["Domestic violence"] == groups["Cruelty toward wife"] == "DOMESTIC"
    assert groups["Dangerous drugs"] == groups["Drug possession"] == "DRUGPOSS"  # it says nothing of trafficking
    assert not {"citizenship", "issued_on", "declined_on", "date"} & set(known.columns)


def test_weekly_totals_that_do_not_add_up_are_refused_and_a_disputed_figure_breaks_no_sum(data_copy: DataCopy) -> None:
    data_copy.replace(DECLINED, ",Sacramento,CA,2,disputed,", ",Sacramento,CA,200,disputed,")
    data_copy.replace(DECLINED, ",New York City,NY,4,exact,", ",New York City,NY,400,disputed,")
    data_copy.accept(DECLINED)
    assert len(open_source("published-2017").reports().declined_by_place) == 50
    data_copy.replace(TOTALS, ",2825,47,", ",2825,48,")
    data_copy.accept(TOTALS)
    with refused(data_copy.path(TOTALS), "do not add up", "found 319", "expected 318"):
        open_source("published-2017").reports()


def test_each_file_is_needed_unchanged(data_copy: DataCopy) -> None:
    for name in PublishedReports.__dataclass_fields__:
        path = data_copy.path(f"published_reports/{name}.csv")
        content = path.read_bytes()
        path.write_bytes(content[:-1] + b" \n")
        with refused(path):
            open_source("published-2017").reports()
        path.write_bytes(content)
