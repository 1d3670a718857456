"""The weekly page and profiles: what the cells of their notebooks show, and what they say where they cannot."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made_cohorts import FIRST, STEADY, made_cohort, made_weeks, opened

import analysis as an
from analysis.periods import WEEK
from analysis.show.tables import COLUMNS, FIGURE_KEY, TABLE_TYPE
from analysis.stats.cohort import Cohort
from analysis.stats.comparisons import CLEAR
from analysis.stats.counts import ALL
from analysis.stats.disclosure import NO_OFFENCES
from analysis.stats.inference import NO_DELAYS, NO_LIFT_DATES
from analysis.stats.summary import NO_QUARTER, ONE_STATE

ROOT = Path(__file__).resolve().parents[2]
BEGIN = ["key_figures", "weekly_counts", "events", "comparisons"]
TABLES = {
    "weekly_bulletin": [
        *("key_figures", "by_state", *BEGIN[1:], "change", "by_form", "lift_reasons", "expected", "shrunken"),
        "week_quality",
    ],
    "state_profile": [*BEGIN, "by_state", "expected", "shrunken", "week_quality"],
    "offence_profile": [BEGIN[0], "by_offence", "by_offence_status", "state_by_offence", *BEGIN[1:], "week_quality"],
}


@dataclass
class Page:
    """What the sections of a page show: tables and captions by name, figures' titles and alternatives, sentences."""

    facts: dict[str, Any]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    captions: dict[str, str] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """Join everything that a reader is told outside of tables' cells."""
        return "\n".join([*self.captions.values(), *self.figures.values(), *self.said])


def page(cohort: Cohort) -> Page:
    """Run the cells of a cohort's notebook on it, and hold what they show against what is promised of every page."""
    name = "weekly_bulletin" if cohort.state == ALL else "state_profile"
    name = "offence_profile" if cohort.offence != ALL else name
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"][1:]
    cells[0], found = re.subn(r"^cohort = .*$", "", cells[0], flags=re.MULTILINE)
    assert found == 1
    asked = {"source": cohort.source.facts.name, "week": cohort.week.isoformat(), "repeats": cohort.repeats}
    names: dict[str, Any] = {"cohort": cohort, "png": False, **asked}
    for cell in cells:
        exec(cell, names)
    made = Page(names["report"].facts)
    for part in names["report"].shown[2:-3]:  # after the lead, and before origin, definitions and facts
        if table := part.data.get(TABLE_TYPE):
            assert table["name"] not in made.tables, "a name is one table's"
            made.tables[table["name"]] = pd.read_csv(io.StringIO(part.data["text/plain"]))
            made.captions[table["name"]] = table["caption"]
            made.html.append(part.data["text/html"])
        elif "figure" in (figure := part.metadata.get(FIGURE_KEY, {})):
            assert figure["figure"] not in made.figures
            made.figures[figure["figure"]] = f"{figure['title']}\n{figure['alt']}"
        elif not figure.get("masthead"):  # which the notebook alone shows
            made.said.extend(part.data["text/plain"].split("\n\n"))
    limits = {limit for spec in COLUMNS.values() for limit in spec.interval or ()}
    assert {column for table in made.tables.values() for column in table} <= {*COLUMNS, *limits}
    assert not re.search(r"\bnan\b|\bNone\b|[{}]|not known|  ", made.words), made.words
    for sentence in [*made.captions.values(), *made.said]:
        assert re.fullmatch(r"[^a-z].*\.", sentence, re.DOTALL), sentence
    return made


@pytest.fixture(scope="module", autouse=True)
def _figures_are_made_and_not_written() -> Iterator[None]:
    """Leave out the pictures of each figure, which take most of a page's time and are looked at elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis.show.report.png_of", lambda figure: b"")
        patch.setattr("analysis.show.report.svg_of", lambda figure: f"<svg>{figure.headline}</svg>")
        yield


@pytest.fixture(scope="module")
def june() -> Page:
    return page(opened())


def test_the_week_of_fiscal_2015_has_its_tables_and_says_what_it_lacks(june: Page) -> None:
    assert list(june.tables) == TABLES["weekly_bulletin"]
    assert june.captions["by_state"].startswith("Most declined first.")
    assert list(june.figures) == ["map", "weekly_counts", "outcomes", "expected"]
    told = [NO_OFFENCES, NO_DELAYS, NO_LIFT_DATES]
    assert [sentence for sentence in june.said if sentence in told] == told, "each once"
    # where no delay is known, the part without a recorded end stands by age
    counts = pd.read_csv(ROOT / "data" / "counts" / "fy2015_weekly_counts.csv", keep_default_na=False)
    blank, shares = counts["detainers"].where(counts["lift_reason"] == "", 0), list[float]()
    for days in (("2015-03-28", "2015-06-20"), ("2014-12-27", "2015-03-21")):
        window = counts["week_start"].between(*days)
        shares.append(blank[window].sum() / counts["detainers"][window].sum())
    assert (
        "Without a recorded end: {:.1%} of all detainers of the 13 settled weeks to 26 June 2015, and {:.1%} of those "
        "of the 13 before them.".format(*shares)
    ) in june.said


def test_tables_of_one_week_add_up_to_one_another(june: Page) -> None:
    figures = june.tables["key_figures"].set_index("measure")["this_week"]
    states, both = june.tables["by_state"], ["issued", "declined"]
    week = june.tables["weekly_counts"].set_index("week").loc["2015-06-20"]
    assert figures[["Issued", "Recorded as declined"]].tolist() == [1_673, 66]
    assert states[both].sum().tolist() == week[both].tolist() == [1_673, 66]
    assert figures.drop("Share declined").iloc[1:5].sum() == june.tables["by_form"]["issued"].sum() == 1_673
    reasons = june.tables["lift_reasons"].set_index("lift_reason")["detainers_shown"]
    assert reasons["Detainer Declined by LEA"] == "66"
    usual = f"{week['usual_low']:.0f} to {week['usual_high']:.0f} would be usual"
    said = f"66 recorded as declined; {usual}\n"
    assert june.figures["weekly_counts"].startswith(said)
    assert "with the range that would be usual after the eight weeks before" in june.figures["weekly_counts"]
    assert list(june.tables["events"]["letter"]) == ["A", "B"]


def test_states_are_ordered_by_declines_the_blank_one_last(june: Page) -> None:
    states, clear = june.tables["by_state"], june.tables["comparisons"]
    assert states["state_name"].iloc[-1] == "State not given"
    assert len(states) == 57
    assert states["declined"].iloc[:-1].is_monotonic_decreasing
    assert june.figures["map"].startswith("California has 33 of the 48 that name a state\n")
    assert states.loc[states["issued"] < 20, "share"].isna().all()
    named = states.set_index("state")["finding"].dropna()
    assert named["TX"] == "higher over 13 weeks"
    clear = clear[clear["finding"].isin(CLEAR) & (clear["place"] != "the United States")]
    assert len(named) == clear["place"].nunique()


def test_the_comparisons_are_those_of_the_facts_the_smallest_p_first_and_folded(june: Page) -> None:
    table, facts = june.tables["comparisons"], june.facts
    assert len(table) == facts["tests"] == facts["comparisons_shown"]
    assert table["p"].is_monotonic_increasing
    assert table["finding"].isin(CLEAR).sum() == facts["clear"] == facts["findings"]
    summary = f"<summary>All comparisons of this page: {facts['tests']}; clear: {facts['clear']}<"
    assert any(summary in table for table in june.html)
    assert f"adjusted over all {facts['tests']} tests" in june.captions["comparisons"]
    parts = june.tables["change"]  # a clear change of the nation is taken apart, and no other
    assert (parts["mix_effect"] + parts["share_effect"]).to_numpy() == pytest.approx(parts["change"].to_numpy())
    assert (
        f"−{-100 * parts['change'].iloc[0]:.2f} percentage points (against the 13 weeks before)"
        in june.captions["change"]
    )
    assert an.decompose(an.cohort("fy2015", "2015-01-31")).attrs["reason"].endswith("so none is taken apart.")


def test_states_are_held_against_detainers_alike_without_a_ranking(june: Page) -> None:
    expected = june.tables["expected"].set_index("state_name")
    assert (expected["expected"] >= 4).all()
    assert expected.loc["California", "low"] > 1 > expected.loc["Texas", "high"] > 0
    assert "January to March 2015" in june.captions["expected"]
    shrunken = june.tables["shrunken"]
    assert shrunken["issued"].is_monotonic_decreasing
    assert (shrunken["shrunken_low"] <= shrunken["shrunken"]).all()


def test_the_newest_made_up_week_says_how_finished_it_is_and_shows_offences() -> None:
    newest = page(opened("synthetic", "latest"))
    said = next(sentence for sentence in newest.said if sentence.startswith("Going by how earlier weeks"))
    assert re.search(r"about \d+ in the end \(\d+ to \d+, 90% band\)\. Of the last \d+ such bands, ", said)
    for of, number in (({}, 5), ({"offence": "DUI"}, 2)):
        figures = an.key_figures(opened("synthetic", "latest", **of))
        unfinished = figures["note"].str.startswith("not final yet")
        assert unfinished.sum() == number
        beside = figures[["last_week", "trailing_mean"]]
        assert beside[unfinished].isna().all(axis=None), "not held against finished weeks"
        assert beside.loc["issued"].notna().all()
    assert "Not final yet. Most declined first." in newest.captions["by_state"]
    quantiles = newest.tables["nowcast_quantiles"]
    assert set(quantiles["output_type_id"]) >= {0.05, 0.25, 0.5, 0.75, 0.95}
    assert quantiles.groupby("week")["value"].apply(lambda values: values.is_monotonic_increasing).all()
    week = newest.tables["nowcast"].set_index("week").loc["2026-02-21"]
    assert week["band_low"] <= week["estimated_final"] <= week["band_high"]
    assert newest.facts["nowcast"] == pytest.approx(week["estimated_final"])
    assert "declined_by_lea" in set(newest.tables["incidence"]["outcome"])
    assert "recorded as declined within 30 days of issue" in newest.figures["incidence"]
    assert set(TABLES["weekly_bulletin"]) - {"change"} < set(newest.tables)
    assert set(newest.tables["by_offence_status"]["status"]) > {"convicted", "charged"}
    assert "October to December 2025" in newest.captions["state_by_offence"]
    assert not set(newest.tables["state_by_offence"]["declined_shown"]) & {"1", "2", "3", "4"}
    assert all(text.startswith("MADE-UP DATA. ") for text in newest.captions.values())
    assert all(list(table)[-1] == "synthetic" and table["synthetic"].all() for table in newest.tables.values())
    assert all("\nMADE-UP DATA. " in text for text in newest.figures.values())


def test_a_state_without_detainers_in_the_week_says_so() -> None:
    made = page(opened(state="VI"))
    assert list(made.tables) == [name for name in TABLES["state_profile"] if name not in ("comparisons", "expected")]
    assert set(made.tables["shrunken"]["state_name"]) == {"Virgin Islands"}
    assert "Nothing is compared: no detainers." in made.said
    assert "Fewer than 4 declines are expected in January to March 2015: none to compare." in made.said


@pytest.mark.slow
def test_a_states_page_has_its_own_rows_alone_and_an_offence_groups_page_its_status_and_states() -> None:
    made = page(opened(state="TX"))
    assert list(made.tables) == TABLES["state_profile"]
    for name, column in (("comparisons", "place"), ("expected", "state_name"), ("shrunken", "state_name")):
        assert set(made.tables[name][column]) == {"Texas"}
    assert not made.facts["apart_name"]
    made = page(an.cohort("synthetic", offence="DUI"))
    assert list(made.tables) == TABLES["offence_profile"]
    for name in ("state_by_offence", "by_offence"):
        assert set(made.tables[name]["group"]) == {"Driving under the influence"}
    assert list(made.tables["key_figures"]["measure"]) == ["Issued", "Recorded as declined", "Share declined"]


@pytest.mark.slow
def test_a_source_of_one_state_is_not_held_against_others_nor_called_the_united_states() -> None:
    weeks = made_weeks(*[{"PA": (20, 200)}] * 40, offence_group="DUI", offence_status="convicted")
    made = page(made_cohort(weeks, offences=True))
    assert ONE_STATE in made.said
    assert "The source has one state, so there is nothing to hold it against." in made.said
    assert not any("The nation's share" in sentence for sentence in made.said)
    assert set(made.tables["comparisons"]["place"]) == {"Pennsylvania"}
    assert len(made.tables["comparisons"]) == 3, "the week before, the weeks before, the trend"
    assert "United States" not in made.words


def test_a_file_chosen_by_its_outcome_has_counts_and_no_share() -> None:
    made = page(made_cohort(made_weeks(*[{"CA": (25, 25), "TX": (25, 25)}] * 40)))
    assert "Nothing is compared: every row of the source has the same recorded end." in made.said
    assert any("so no share is given" in sentence for sentence in made.said)
    for name, table in made.tables.items():
        shares = table.filter(regex="share|expected|usual_|ratio")
        assert name == "week_quality" or shares.isna().all(axis=None), name
    assert made.tables["by_state"]["issued"].sum() == 50
    assert not re.search(r"\d%", "\n".join(made.figures.values()).replace("95% interval", ""))


def test_an_empty_week_shows_the_weeks_before_and_no_outcome() -> None:
    last = FIRST + 41 * WEEK
    made = page(made_cohort(made_weeks(*STEADY), last, last_day=last + timedelta(days=6)))
    assert "There is no detainer in this week: nothing to show of outcomes." in made.said
    assert made.figures["map"].startswith("No decline of the week names a state\n")
    assert made.tables["key_figures"]["this_week"].dropna().tolist() == [0] * 5
    assert made.tables["weekly_counts"].iloc[-1][["issued", "declined"]].tolist() == [0, 0]
    assert not {"by_form", "lift_reasons", "outcomes"} & {*made.tables, *made.figures}


def test_a_source_of_one_week_is_compared_with_nothing_and_has_no_quarter() -> None:
    made = page(made_cohort(made_weeks(STEADY[0])))
    assert "Nothing is compared: only 0 of 1 full weeks before." in made.said
    assert NO_QUARTER.format("states like for like") in made.said
    assert made.tables["key_figures"][["last_week", "trailing_mean"]].isna().all(axis=None)
    assert "usual" not in made.figures["weekly_counts"]
