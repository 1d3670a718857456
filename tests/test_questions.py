"""Five questions that an analyst has, each asked through the public names alone."""

from __future__ import annotations

import json
import random
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from commands import declines

import analysis as an

ROWS = 300


def test_what_became_of_colorado_and_new_york_between_january_and_march() -> None:
    march, january = (an.cohort("fy2015", month) for month in ("2015-03", "2015-01"))
    found = an.compare(march, january, by="state").loc[["CO", "NY"]]
    counts = found[["declined_before", "issued_before", "declined", "issued"]]
    assert counts.to_numpy().tolist() == [[44, 149, 19, 138], [20, 235, 5, 197]]
    assert (found["ratio"] < 1).all()
    assert set(found["finding"]) <= {"lower", "no clear change"}


def test_the_five_largest_rises_between_two_spans_of_thirteen_weeks() -> None:
    spans = ["2014-12-27", "2015-03-21"], ["2015-03-28", "2015-06-20"]
    before, now = (an.cohort("fy2015", ":".join(span)) for span in spans)
    found = an.compare(now, before).query("issued >= 20")
    rises, detainers = found.nlargest(5, "difference"), an.open_source("fy2015").detainers()
    days = [pd.date_range(first, pd.Timestamp(last) + pd.Timedelta(days=6)) for first, last in spans]
    was, then = (an.count_outcomes(detainers[detainers["issued_on"].isin(span)], "state")["share"] for span in days)
    by_hand = (then - was).reindex(found.index).nlargest(5)
    assert list(rises.index) == list(by_hand.index)
    assert rises["difference"].to_numpy() == pytest.approx(by_hand.to_numpy())
    assert "TX" in found.index[found["finding"] == "higher"]


def test_which_offence_groups_are_convicted_only_in_one_state() -> None:
    detainers = an.cohort("synthetic", "2025Q4", state="TX").detainers
    counts = an.count_outcomes(detainers, ["offence_group", "offence_status"])["issued"].unstack(fill_value=0)  # noqa: PD010
    only = counts["convicted"].gt(0) & counts.drop(columns="convicted").sum(axis="columns").eq(0)
    for group, rows in detainers.groupby("offence_group"):
        assert only[group] == (set(rows["offence_status"].dropna()) == {"convicted"}), group


def test_a_file_of_ones_own_becomes_a_chart(tmp_path: Path) -> None:
    draw, file = random.Random(300), tmp_path / "mine.csv"
    lines = ["Detainer Prepare Date,Detainer Lift Reason,Facility State,Facility City,Detainer Type"]
    for _ in range(ROWS):
        reason = draw.choice(["Detainer Declined by LEA", "Booked into Detention", ""])
        lines.append(f"2015-03-{draw.randint(1, 28):02},{reason},{draw.choice(['TX', 'CA'])},Austin,I-247D")
    file.write_text("\n".join(lines), encoding="utf-8")
    counts = an.count_outcomes(an.read_release(file), "state")
    assert counts["issued"].sum() == ROWS
    assert counts["declined"].sum() == sum("Declined" in line for line in lines)
    for figure in (an.plot.state_map(counts), an.plot.outcomes(counts)):
        data, _ = figure._repr_mimebundle_()
        assert {"image/svg+xml", "image/png", "text/plain"} <= set(data)
        assert f"{counts['declined'].max():,}" in data["image/svg+xml"]


PEOPLE = "people = pd.read_csv(report.side_file('people.csv'), index_col='state')['people']"
RATE = "report.know(per_million=1_000_000 * len(cohort.detainers) / people[state])"


@pytest.mark.slow
def test_a_notebook_of_ones_own_is_made_for_each_state_and_week(tmp_path: Path) -> None:
    declines("new", "mine", "--each", "state,week", "--source", "fy2015", folder=tmp_path)
    (tmp_path / "people.csv").write_text("state,people\nTX,27469114\nCA,39144818\n")
    notebook = json.loads((tmp_path / "mine.ipynb").read_bytes())
    notebook["cells"][4]["source"] += ["\nimport pandas as pd\n", f"{PEOPLE}\n", RATE]
    (tmp_path / "mine.ipynb").write_text(json.dumps(notebook))
    declines("lint", "mine.ipynb", folder=tmp_path)
    asked = ["mine.ipynb", "--state", "TX", "--state", "CA", "--weeks", "2015-01-03:2015-01-10"]
    assert "4 of 4 reports stand under reports" in declines("run", *asked, folder=tmp_path).stdout
    for state, week in product(("TX", "CA"), ("2015-01-03", "2015-01-10")):
        report = tmp_path / "reports" / "mine" / "fy2015" / f"{week}_{state}"
        facts = json.loads((report / "facts.json").read_bytes())
        assert (facts["parameters"]["state"], facts["parameters"]["week"]) == (state, week)
        counts = pd.read_csv(report / "tables" / "weekly_counts.csv")
        assert counts["issued"].iloc[-1] == facts["facts"]["issued"] > 0
        people = {"TX": 27469114, "CA": 39144818}[state]
        assert facts["facts"]["per_million"] == pytest.approx(1_000_000 * facts["facts"]["issued"] / people)
    assert "<b>Mine</b>" in (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
