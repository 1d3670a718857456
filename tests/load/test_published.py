"""The published figures, read as they were published; how damage is met is in ``damages.yml``."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from conftest import DataCopy
from refusals import refused

from analysis.errors import InputError
from analysis.load.published import PublishedReports
from analysis.load.sources import open_source
from analysis.stats.published import printed_figures, published_figures, published_week

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
    assert len(open_source("published-2017").reports().declined_by_place) == 50
    data_copy.replace(TOTALS, ",2825,47,", ",2825,48,")
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


def test_the_jail_of_travis_county_adds_up_to_what_was_counted(reports: PublishedReports) -> None:
    held = reports.held_by_offence
    assert held[["held", "declined", "honoured"]].sum().tolist() == [230, 180, 50]
    assert (held["held"] == held["declined"] + held["honoured"]).all()
    shown = published_figures(published_week("2017-01-28"), "held_by_offence").set_index("charge")
    assert shown.loc["SEXUAL", ["declined", "held"]].tolist() == [28, 59]
    assert shown.loc["DUI", "share"] == pytest.approx(61 / 68)
    facts = published_week("2017-01-28").facts
    assert [facts[name] for name in ("held", "held_declined", "held_taken", "apart", "held_sheriff")] == [
        230,
        180,
        31,
        142,
        196,
    ]
    other = published_figures(published_week("2017-02-04"), "held_by_offence")
    assert other.empty
    assert "one county and day alone" in other.attrs["reason"]


def test_lists_of_offences_are_held_against_their_totals() -> None:
    lists = printed_figures("lists").set_index(["state", "measure"])[["listed", "total"]]
    released = "detainer not honoured"
    assert {state: lists.loc[(state, released)].tolist() for state in ("NY", "IL", "CA")} == {
        "NY": [29 + 2509 + 199 + 305 + 392 + 300 + 207, 6947],
        "IL": [222, 1768],
        "CA": [31 + 661 + 574 + 184 + 1489 + 379 + 234, 4561],
    }
    rows, offences = printed_figures("rows"), printed_figures("offences")
    assert len(rows) == 51
    assert offences["declined"].sum() == lists.xs(released, level="measure")["listed"].sum()
    assert (
        rows.loc[rows["state"] == "MN", "note"]
        .str.contains('Department of Corrections calls the figures "categorically false"')
        .all()
    )
    with pytest.raises(InputError, match="unknown table of printed figures 'row'; did you mean 'rows'"):
        printed_figures("row")
