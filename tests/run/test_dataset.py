"""The long table over all reports: what the pages print, each row once, as its schema says."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pandas as pd
import pytest
from made_up_site import add_report

from analysis.run.dataset import dataset
from analysis.run.site import write_index

STATES = """state_name,state,declined,issued,share,share_low,share_high,taken_shown,other_ends_shown,not_recorded_shown
California,CA,9,36,0.25,0.1375,0.4107,5+,1–4,15
Ohio,OH,0,3,,,,not shown,0,3
Utah,UT,0,0,,,,0,0,0
"""
GROUPS = "group,declined,issued,share,share_low,share_high\nDriving under the influence,5,25,0.2,0.0886,0.3914\n"
BLANK = {"value": "", "low": "", "high": ""}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    entries: dict = {}
    facts = {"issued": 39, "declined": 9, "status": "provisional"}
    tables = {"by_state": STATES, "by_offence": GROUPS}
    add_report(tmp_path, entries, "weekly_bulletin", "synthetic", {"week": "2026-01-31"}, facts=facts, tables=tables)
    own = {"issued": 36, "declined": 9, "taken": None, "share": 0.25}
    asked = {"week": "2026-01-31", "state": "CA"}
    add_report(tmp_path, entries, "state_profile", "synthetic", asked, facts=own)
    bounds = {
        "state_bounds": "state_name,state,known_low,known_high,bound\nTexas,TX,149,149,exact\nOhio,OH,2,7,at_least\n"
    }
    add_report(tmp_path, entries, "published_week", "published-2017", {"week": "2017-01-28"}, tables=bounds)
    write_index(tmp_path, entries)
    return tmp_path


def test_the_long_table_says_what_the_reports_print(folder: Path) -> None:
    table = pd.read_csv(folder / "data" / "weekly.csv", keep_default_na=False, na_values=BLANK)
    key = ["source", "week", "place", "offence_group", "measure"]
    assert not table.duplicated(key).any()
    rows = table.set_index(key)[["value", "low", "high", "status"]].fillna(-1)
    of = ("synthetic", "2026-01-31")
    assert rows.loc[(*of, "US", "all", "declined")].tolist() == [9, -1, -1, "provisional"]
    assert rows.loc[(*of, "CA", "all", "taken")].tolist() == [-1, 5, -1, "provisional"]
    assert rows.loc[(*of, "CA", "all", "other_ends")].tolist() == [-1, 1, 4, "provisional"]
    assert rows.loc[(*of, "CA", "all", "share")].tolist() == [0.25, 0.1375, 0.4107, "provisional"]
    assert rows.loc[(*of, "US", "DUI", "declined")].tolist() == [5, -1, -1, "provisional"]
    assert (*of, "OH", "all", "taken") not in rows.index, "what is not shown has no row"
    assert not [row for row in rows.index if row[2] == "UT"], "no detainer, no row"
    of = ("published-2017", "2017-01-28")
    assert rows.loc[(*of, "TX", "all", "declined")].tolist() == [149, -1, -1, "settled"]
    assert rows.loc[(*of, "OH", "all", "declined")].tolist() == [-1, 2, 7, "settled"]
    stored = pd.read_parquet(folder / "data" / "weekly.parquet")
    assert pd.read_parquet(BytesIO(dataset([])["data/weekly.parquet"])).dtypes.equals(stored.dtypes)
    assert stored.assign(week=stored["week"].dt.strftime("%Y-%m-%d")).astype(object).equals(table.astype(object))


def test_the_table_and_the_index_are_as_their_schemas_say(folder: Path) -> None:
    package = json.loads((folder / "data" / "datapackage.json").read_text())
    schema, header = package["resources"][0]["schema"], (folder / "data" / "weekly.csv").read_text().splitlines()[0]
    assert [field["name"] for field in schema["fields"]] == header.split(",")
    assert all(field["description"] and field["type"] for field in schema["fields"])
    assert set(schema["primaryKey"]) < set(header.split(","))
    assert [(folder / "data" / one["path"]).is_file() for one in package["resources"]] == [True, True]
    index = json.loads((folder / "index.json").read_text())
    assert index["version"] == 2
    checked = json.loads((folder / index["schema"]).read_text())
    jsonschema.validate(index, checked)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(index | {"version": 1}, checked)


@pytest.mark.slow
def test_the_real_site_has_texas_of_the_published_week(made_site: Path) -> None:
    table = pd.read_parquet(made_site / "data" / "weekly.parquet")
    texas = table[(table["source"] == "published-2017") & (table["week"] == "2017-01-28") & (table["place"] == "TX")]
    assert texas["value"].tolist() == [149]
    assert table.query("source == 'fy2015' and place == 'US' and measure == 'declined'")["value"].tolist() == [66]
