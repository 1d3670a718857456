"""The public names: listed, imported when asked for, each with an example; and what a wrong argument is told."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib.resources import files

import pandas as pd
import pytest
import yaml
from test_prose import banned, typed_numbers

import analysis as an
from analysis.errors import InputError
from analysis.show.report import captions
from analysis.show.tables import COLUMNS

MOST_NAMES, MOST_OF_A_COHORT = 30, 25
NAMES = {name: getattr(an, name) for name in an.__all__}


def test_the_package_lists_its_names_and_says_which_there_are() -> None:
    assert dir(an) == sorted(an.__all__)
    assert len(an.__all__) == len(set(an.__all__)) <= MOST_NAMES
    with pytest.raises(AttributeError, match=r"no attribute 'cohrot'; it has .*cohort"):
        _ = an.cohrot
    assert files("analysis").joinpath("py.typed").is_file()


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"plot", "sentences", "Cohort"}))
def test_every_public_name_says_what_it_gives_with_an_example(name: str) -> None:
    told = inspect.getdoc(NAMES[name]) or ""
    if name == "read_release" and ">>> " not in told:
        pytest.xfail("the readers' module has it")
    assert ">>> " in told, name
    assert len(told.splitlines()) > 2


def test_a_cohort_holds_data_and_draws_prints_and_says_nothing() -> None:
    public = [name for name in dir(an.cohort("fy2015")) if not name.startswith("_")]
    assert len(public) <= MOST_OF_A_COHORT, public
    assert not [name for name in public if callable(inspect.getattr_static(an.Cohort, name, None))]


def test_every_frame_of_a_cohort_says_what_it_is_of() -> None:
    week = an.cohort("fy2015", "2015-06-20", state="TX")
    for function in (an.weekly_counts, an.key_figures, an.comparisons, an.expected, an.nowcast, an.time_to_outcome):
        about = function(week).attrs
        assert about["place_name"] == "Texas"
        assert about["synthetic"] is False
        assert function(week).empty == bool(about["reason"]), function


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: an.cohort("fy2051"), "did you mean 'fy2015'"),
        (lambda: an.cohort("fy2015", "2015-13"), "2015-13"),
        (lambda: an.cohort("fy2015", "2015-06-21"), "is a Sunday"),
        (lambda: an.cohort("fy2015", state="Texass"), "did you mean 'Texas'"),
        (lambda: an.cohort("fy2015", state="all"), "unknown state 'all'"),
        (lambda: an.cohort("synthetic", offence="DIU"), "did you mean 'DUI'"),
        (lambda: an.cohort("fy2015", offence="DUI"), "records no offences"),
        (lambda: an.cohort("fy2015", repeats="counte"), "counted"),
        (lambda: an.counts_by(an.cohort("fy2015"), "stat"), "did you mean 'state'"),
        (
            lambda: an.count_outcomes(an.cohort("fy2015"), "stte"),
            "unknown column to count by 'stte'; did you mean 'state'",
        ),
        (lambda: an.count_outcomes(pd.DataFrame({"state": ["TX"]}), "state"), "needs the column 'detainers'"),
        (lambda: an.count_outcomes("fy2015", "state"), "a table or a cohort"),
        (lambda: an.compare(an.cohort("fy2015"), an.cohort("fy2015")), "share a week"),
        (lambda: an.compare(an.cohort("fy2015", "2015-03"), an.cohort("fy2015", "2015-01"), by="sate"), "'state'"),
        (lambda: an.compare(an.cohort("fy2015"), pd.DataFrame()), "two cohorts are compared, or two frames"),
        (lambda: an.compare(pd.DataFrame({"declined": [1]}), pd.DataFrame({"declined": [1]})), "column 'issued'"),
        (lambda: an.plot.weekly_counts(pd.DataFrame({"issued": [1]})), "cannot draw a table without"),
    ],
)
def test_a_wrong_argument_is_told_in_one_sentence(call: Callable[[], object], says: str) -> None:
    with pytest.raises(InputError) as told:
        call()
    assert says in str(told.value)
    assert "\n" not in str(told.value)


def test_two_states_are_compared_as_wholes_and_a_state_with_itself_by_its_row() -> None:
    march, january = (
        {state: an.cohort("fy2015", month, state=state) for state in ("CO", "NY")} for month in ("2015-03", "2015-01")
    )
    both = an.compare(march["CO"], march["NY"])
    assert both.index.tolist() == ["Colorado against New York"]
    assert both[["declined", "issued", "declined_before", "issued_before"]].to_numpy().tolist() == [[19, 138, 5, 197]]
    own = an.compare(march["CO"], january["CO"])
    assert own.index.tolist() == ["CO"]
    assert own.loc["CO", "issued_before"] == 149


def test_an_unfinished_period_is_compared_with_nothing() -> None:
    found = an.compare(an.cohort("fy2015", "2015-07-11"), an.cohort("fy2015", "2015-06-20"), by="all")
    assert found["p"].isna().all()
    assert found["finding"].tolist() == ["too young weeks"] or found["finding"].str.contains("provisional").all()


# Captions ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(captions()) - {"definitions"}))
def test_a_caption_is_made_of_facts_and_names_columns_that_there_are(name: str) -> None:
    about = captions()[name]
    assert set(about) <= {"caption", "folded", "columns", "in_file"}
    for text in (about["caption"], about.get("folded", "")):
        assert banned(text) == []
        plain = re.sub(r"at most 0\.05|Counts of 1 to 4|`[^`]*`", "", text)
        assert typed_numbers(plain) == [], text
    shown = [entry.split(" as ")[-1] for entry in (*about.get("columns", ()), *about.get("in_file", ()))]
    limits = {end for column in COLUMNS.values() for end in (column.interval or ())}
    assert set(shown) <= {*COLUMNS, *limits}


def test_the_definitions_have_no_word_that_we_do_not_use() -> None:
    for text in captions()["definitions"].values():
        assert banned(text) == []
    assert yaml.safe_load(yaml.safe_dump(captions())) == captions()
