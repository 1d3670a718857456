"""The public names: listed, imported when asked for, each with an example; and what a wrong argument is told."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
from made_cohorts import opened, published
from test_prose import banned, typed_numbers
from test_rooms import MODULES

import analysis as an
from analysis.errors import InputError
from analysis.show.report import captions
from analysis.show.tables import COLUMNS
from analysis.stats.cohort import Cohort

MOST_NAMES, MOST_OF_A_COHORT, MOST_SAID = 31, 25, 320
WRONG = pd.read_csv(Path(__file__).parent / "cases" / "wrong_cohorts.csv", dtype="str")
CALLS = pd.read_csv(Path(__file__).parent / "cases" / "wrong_calls.csv").to_numpy().tolist()
WITH_EXAMPLES = [name for name, path in MODULES.items() if ">>> " in path.read_text(encoding="utf-8")]
OF_COHORTS = ["comparisons", "counts_by", "cross_tabulate", "decompose", "expected", "key_figures", "known_events"]
OF_COHORTS += ["nowcast", "nowcast_quantiles", "quality", "shrink", "time_to_outcome", "weekly_counts"]
CALLS += [[f"an.{name}(pd.DataFrame())", f"{name} takes a"] for name in OF_COHORTS]
CALLS += [[f"an.plot.{name}('x')", f"plot.{name} draws a frame, found 'x'"] for name in dir(an.plot)]


def cohort(source: str = "fy2015", period: str = "latest settled", **of: str) -> Cohort:
    return opened(source, period, **of)


@cache
def counted(by: str, source: str = "fy2015") -> pd.DataFrame:
    return an.count_outcomes(cohort(source), by)


def test_the_package_lists_its_names_and_says_which_there_are() -> None:
    assert dir(an) == sorted(an.__all__)
    assert len(an.__all__) == len(set(an.__all__)) <= MOST_NAMES
    with pytest.raises(AttributeError, match=r"no attribute 'cohrot'; it has .*cohort"):
        _ = an.cohrot
    assert files("analysis").joinpath("py.typed").is_file()


@pytest.mark.parametrize("name", sorted({*an.__all__} - {"plot", "sentences", "Cohort"}))
def test_every_public_name_says_what_it_gives_with_an_example(name: str) -> None:
    told = inspect.getdoc(getattr(an, name)) or ""
    assert ">>> " in told, name
    assert len(told.splitlines()) > 2


def test_a_cohort_holds_data_and_draws_prints_and_says_nothing() -> None:
    public = [name for name in dir(cohort()) if not name.startswith("_")]
    assert len(public) <= MOST_OF_A_COHORT, public
    assert not [name for name in public if callable(inspect.getattr_static(an.Cohort, name, None))]


def test_every_frame_of_a_cohort_says_what_it_is_of() -> None:
    for function in (an.weekly_counts, an.key_figures, an.comparisons, an.expected, an.nowcast, an.time_to_outcome):
        frame = function(opened(state="TX"))
        assert frame.attrs["place_name"] == "Texas"
        assert frame.attrs["synthetic"] is False
        assert frame.empty == bool(frame.attrs["reason"]), function
        frame.attrs["place_name"] = frame["mine"] = "mine"
        again = function(opened(state="TX"))
        assert "mine" not in {again.attrs["place_name"], *again}, "what a cohort gives may be written in"


def test_what_is_meant_is_taken_and_what_is_held_shows_in_a_line() -> None:
    week = an.cohort("fy2015", pd.Timestamp("2015-06-20"))
    assert repr(week) == "<Cohort of fy2015: the United States, 20–26 June 2015>"
    assert repr(week.source) == "<Source fy2015: 2014-10-01 to 2015-07-19>"
    revision = an.compare_versions("synthetic")
    assert len(repr(revision).splitlines()) == 1
    assert not an.plot.revisions(revision.by_week).reason
    assert not an.counts_by(cohort("synthetic"), "offence_group, offence_status").empty
    assert an.compare(counted("state", "synthetic"), counted("state", "synthetic")).attrs["synthetic"]
    assert "lead" in dir(an.sentences)
    with pytest.raises(AttributeError, match=r"it has .*weekly_counts"):
        _ = an.plot.weekly


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_give_what_they_say(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.stats.published.published_week", published)
    if name != "analysis.stats.cohort":  # which has the examples of this function
        monkeypatch.setattr("analysis.stats.cohort.cohort", opened)
    assert {"analysis.stats.inference", "analysis.stats.cohort"} <= set(WITH_EXAMPLES)
    failed, attempted = doctest.testmod(importlib.import_module(name))
    assert failed == 0 < attempted


# Wrong arguments -----------------------------------------------------------------------------------------------------


def refused(call: Callable[[], object], says: str) -> None:
    with pytest.raises(InputError) as told:
        call()
    assert says in str(told.value)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < MOST_SAID


@pytest.mark.parametrize("row", WRONG.index, ids=WRONG["says"])
def test_what_is_no_cohort_is_told_in_one_sentence(row: int) -> None:
    given = WRONG.loc[row].dropna()
    refused(lambda: an.cohort(**given.drop("says")), given["says"])


@pytest.mark.parametrize(("call", "says"), CALLS, ids=str)
def test_a_wrong_argument_is_told_in_one_sentence(call: str, says: str) -> None:
    refused(lambda: eval(call), says)


def test_two_states_are_compared_as_wholes_and_a_state_with_itself_by_its_row() -> None:
    march = {state: cohort("fy2015", "2015-03", state=state) for state in ("CO", "NY")}
    both = an.compare(march["CO"], march["NY"])
    assert both.index.tolist() == ["Colorado against New York"]
    assert both[["declined", "issued", "declined_before", "issued_before"]].to_numpy().tolist() == [[19, 138, 5, 197]]
    own = an.compare(march["CO"], cohort("fy2015", "2015-01", state="CO"))
    assert own["issued_before"].to_dict() == {"CO": 149}


def test_an_unfinished_period_is_compared_with_nothing() -> None:
    found = an.compare(cohort("fy2015", "2015-07-11"), opened(), by="all")
    assert found["p"].isna().all()
    assert found["finding"].tolist() == ["provisional weeks"]


# Captions ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(captions()) - {"definitions", "week_lines", "period_profile_lines"}))
def test_a_caption_is_made_of_facts_and_names_columns_that_there_are(name: str) -> None:
    about = captions()[name]
    assert set(about) <= {"caption", "folded", "columns", "in_file", "bars", "where"}
    for text in (about["caption"], about.get("folded", "")):
        assert banned(text) == []
        assert typed_numbers(re.sub(r"at most 0\.05|Counts of 1 to 4|`[^`]*`", "", text)) == [], text
    shown = {entry.split(" as ")[-1] for entry in (*about.get("columns", ()), *about.get("in_file", ()))}
    assert shown <= {*COLUMNS, *(end for column in COLUMNS.values() for end in (column.interval or ()))}


def test_the_definitions_have_no_word_that_we_do_not_use() -> None:
    assert [word for text in captions()["definitions"].values() for word in banned(text)] == []
