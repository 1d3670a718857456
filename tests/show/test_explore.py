"""The form: what is chosen changes what is seen, becomes code that gives the same, and lasts whatever happens."""

from __future__ import annotations

import asyncio
import inspect
import re
import shutil
import threading
from pathlib import Path
from typing import Any

import ipywidgets
import pandas as pd
import pytest
from papermill import execute_notebook

import analysis as an
from analysis.errors import InputError
from analysis.files import DATA_DIR_VARIABLE
from analysis.load.reference import bundled_folder
from analysis.run.plan import notebooks
from analysis.show import explore
from analysis.show.explore import Explorer

QUESTION: dict[str, Any] = {"period": "2015-03", "compare": "2015-01", "states": ["CO", "NY"], "show": "table"}


@pytest.fixture(scope="module")
def form() -> Explorer:
    return an.explore("fy2015", **QUESTION)


def choose(form: Explorer, **chosen: Any) -> str:  # noqa: ANN401
    for name, value in chosen.items():
        form.controls[name].value = value
    return form.seen.sentences.text


def imported(folder: Path, version: int) -> None:
    """Lay the made-up source down as an imported one."""
    to = folder / "mine" / f"v{version:03d}"
    shutil.copytree(an.open_source("synthetic").path.parent, to)
    origin = to / "detainers.parquet.origin.yml"
    origin.write_text(origin.read_text(encoding="utf-8").replace("name: synthetic", "name: mine"), encoding="utf-8")


def test_the_question_is_answered_with_whether_it_is_more_than_noise(form: Explorer) -> None:
    said = choose(form, period="2015-03", compare="2015-01", states=("CO", "NY"), show="table")
    assert "Colorado, March 2015: 13.8% recorded as declined (19 of 138): no clear change from January 2015" in said
    assert "New York, March 2015: 2.5% recorded as declined (5 of 197): no clear change" in said
    assert "ratio of shares 0.47, 95% interval 0.25 to 0.84 by itself" in said
    assert said.count("on one side of equal shares (p = 0.009)") == 1  # not that of New York
    assert "<caption>All states and territories, most declined first, beside January 2015." in form.table.value
    assert not re.search("Difference|between|[0-9][.][0-9]{4}", form.table.value), "the columns of reports, rounded"


def test_what_the_title_says_of_the_nation_is_not_said_again() -> None:
    said = an.explore("fy2015").seen.sentences.text
    assert said.startswith("The United States, the 13 settled weeks to 26 June 2015: 5.1% recorded as declined, lower")
    assert said.count("5.1%") == 2  # in the title, and beside its interval
    assert "In California the share is lower" in said


def test_no_change_is_spoken_of_where_none_was_tested(form: Explorer) -> None:
    said = choose(form, period="2015-03", compare="2015-01", states=("GU",), show="table")
    assert "it is not tested: too few declines" in said
    assert "no clear change" not in said


@pytest.mark.parametrize("show", ["map", "series", "table"])
@pytest.mark.parametrize("states", [("all",), ("CO", "NY")], ids=str)
def test_the_code_runs_gives_the_same_frame_and_says_the_same(
    form: Explorer, show: str, states: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    choose(form, show=show, states=states)
    ran: dict[str, Any] = {}
    exec(form.code.value, ran)
    pd.testing.assert_frame_equal(form.frame, ran["frame"])
    printed = capsys.readouterr().out
    assert all(str(one) in printed for one in form.seen.said if not re.search("series is of|By itself", str(one)))
    assert "**" not in printed
    assert len(form.code.value.splitlines()) == 6  # five, and a blank one


def test_a_change_of_state_period_or_view_changes_sentence_table_and_figure(form: Explorer) -> None:
    seen = []
    for chosen in ({"show": "map"}, {"show": "series"}, {"states": ("NY",)}, {"period": "2015-05"}):
        choose(form, **chosen)
        seen.append([form.told.value, form.table.value, form.picture.value])
    assert all(len({one[part] for one in seen}) >= 3 for part in range(3))
    assert 'alt="' in form.picture.value


def test_no_front_end_is_needed_but_the_plain_widgets_that_other_editors_show_as_well(form: Explorer) -> None:
    shown: list[Any] = [form]
    for widget in shown:
        shown += getattr(widget, "children", ())
    of = {module for one in shown for module in (one._model_module, one._view_module, one.layout._model_module)}
    assert of == {f"@jupyter-widgets/{name}" for name in ("base", "controls", "output")}
    choose(form, show="map")
    form.copy.click()
    assert (form.code.layout.display, "an.plot.state_map" in form.code.value) == ("", True), "also where no script runs"


def test_what_takes_longest_is_worked_out_while_nothing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore, "IDLE", 0)

    async def opened() -> Explorer:
        form = an.explore("synthetic")
        while inspect.getgeneratorstate(form.ahead) != inspect.GEN_CLOSED:
            await asyncio.sleep(0)
        return form

    form = asyncio.run(opened())
    monkeypatch.setattr("analysis.stats.summary.disclosure.cross_tabulate", None)
    assert "July to September 2025: recorded as declined" in choose(form, show="cross", period="2025Q3")
    assert not form.frame.empty


def test_every_control_has_a_label_and_every_choice_comes_from_the_source(form: Explorer) -> None:
    controls = [*form.controls.values(), form.copy, form.save, form.newer, form.code]
    assert all(isinstance(one, ipywidgets.Widget) and one.description for one in controls)
    offered = dict(form.controls["states"].options).values()
    assert {"all", "CO", "GU"} <= set(offered)
    assert [*offered][1:3] == ["CO", "NY"], "what was chosen at first is in sight"
    assert "AS" not in offered  # no detainer of it
    assert form.controls["offence"].options == (("all", "all"),)
    sources = an.explore("synthetic").controls["source"].options
    assert sources == ("fy2015", "synthetic")


def test_a_selection_without_a_row_and_one_that_is_refused_say_so(form: Explorer) -> None:
    empty = an.explore("fy2015", states=["AS"], show="table").static.text
    assert "has no detainer issued in American Samoa" in empty
    by_offence = an.explore("synthetic", offence="assault").seen.sentences.text
    assert "\nThe United States (offence group: Assault & threats): counts by state are shown of full" in by_offence
    assert "no such row" not in by_offence
    assert "share a week" in choose(form, period="2015-03", compare="2015Q1") or "share a week" in form.told.value
    assert form.table.value == form.picture.value == form.code.value == ""
    assert form.save.disabled
    choose(form, compare="before")
    refused = choose(form, request="hold", states=("CO",))
    assert refused.startswith("No report shows this together with states")
    assert form.code.value == form.file.value == ""
    assert form.save.disabled
    choose(form, request="all")
    assert not form.save.disabled
    with pytest.raises(InputError, match="unknown choice 'state'; did you mean 'states'"):
        an.explore("fy2015", state="CO")
    with pytest.raises(InputError, match="unknown state 'ZZ'"):
        an.explore("fy2015", states="ZZ")


@pytest.mark.parametrize(
    ("states", "place"),
    [([], "The United States"), (["GU"], "Guam"), (["CO", "NY", "GU"], "Colorado, New York and Guam")],
)
def test_a_table_of_another_outcome_is_of_the_places_that_are_chosen(states: list[str], place: str) -> None:
    form = an.explore("fy2015", period="2015-03", states=states, outcome="taken", show="ranked")
    assert form.static.text.startswith(f"{place}, 28 March – 3 April 2015: taken by ICE, by state\n")
    assert "as a table and by single weeks alone" in form.static.text


def test_made_up_data_are_marked_everywhere() -> None:
    form = an.explore("synthetic", show="cross", period="2025-03")
    assert (form.note.value, form.newer.layout.display) == ("", "none"), "its newer versions are opened by number alone"
    assert form.static.text.startswith("MADE-UP DATA")
    assert form.static._repr_html_().count("MADE-UP DATA") >= 3
    assert "full calendar quarters alone" in form.static.text
    assert "Counts of one to four stand as a range" in form.static.text


def test_a_source_that_goes_or_becomes_newer_meanwhile_is_said_and_never_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(tmp_path))
    imported(tmp_path, 1)
    form = an.explore("mine")
    before = form.frame
    imported(tmp_path, 2)
    choose(form, show="table")
    choose(form, show="map")
    assert "Version 2 of mine is there now; what you see is version 1." in form.note.value
    assert form.newer.layout.display == ""
    pd.testing.assert_frame_equal(form.frame, before)
    form.newer.click()
    assert form.memory.source.version == 2
    assert form.note.value == ""
    shutil.rmtree(tmp_path / "mine")
    assert "2025" in choose(form, period="2025-03")
    assert "not there any more" in form.note.value
    form.controls["source"].options = ["mine", "gone"]
    form.controls["source"].value = "gone"
    assert "unknown source" in form.note.value
    assert (form.controls["source"].value, form.controls["source"].options) == (None, ("fy2015", "synthetic"))
    form.save.click()
    assert "mine is not there any more; what you see was read before. No report" in form.progress.value
    choose(form, show="table")
    assert form.progress.value == ""
    choose(form, source="fy2015")
    assert "October 2014" in dict(form.controls["period"].options)


def test_two_forms_as_of_two_tabs_change_nothing_of_each_other(form: Explorer) -> None:
    before = choose(form, period="2015-03", compare="2015-01", states=("CO",), show="table")
    assert choose(an.explore("fy2015", **QUESTION), period="2015-05") != before
    assert choose(form, show="table") == before


@pytest.mark.parametrize(
    ("chosen", "command"),
    [
        (QUESTION, "period_profile --period 2015-03 --compare 2015-01 --state CO --state NY"),
        ({"period": "2015-06-20", "request": "hold"}, "weekly_bulletin --weeks 2015-06-20"),
    ],
    ids=str,
)
def test_the_report_that_shows_the_same_is_asked_for(chosen: dict[str, Any], command: str) -> None:
    form = an.explore("fy2015", **chosen)
    found = form.seen.command(form.memory, "out")
    assert " ".join(word for word in found if word not in ("--source", "fy2015", "--out", "out")) == command


@pytest.mark.slow
def test_run_by_papermill_it_shows_its_view_without_widgets(tmp_path: Path) -> None:
    asked = {"source": "synthetic", "period": "2025-03", "compare": "2025-01"}
    paths = str(bundled_folder("notebooks") / "explore.ipynb"), str(tmp_path / "executed.ipynb")
    done = execute_notebook(*paths, parameters=asked, cwd=str(tmp_path), progress_bar=False, kernel_name="python3")
    shown = done.cells[-1].outputs[-1]["data"]["text/html"]
    assert all(part in shown for part in ("MADE-UP DATA", "March 2025: ", "<img ", "<table "))
    assert not any(out.output_type == "error" for cell in done.cells for out in cell.get("outputs", ()))
    assert "explore" not in notebooks(), "no run plans the form, for it is no report"


@pytest.mark.slow
def test_saving_makes_the_report_tells_how_far_it_is_and_links_to_it(tmp_path: Path) -> None:
    form = an.explore("fy2015", period="2015-03", compare="2015-01", states=["CO"], out=str(tmp_path))
    form.save.click()
    assert form.save.disabled
    choose(form, show="table")
    assert form.save.disabled, "one at a time"
    for thread in [one for one in threading.enumerate() if one.name == "declines run"]:
        thread.join()
    assert "$ declines run period_profile --source fy2015 --period 2015-03" in form.progress.value
    assert "1 of 1 reports stand" in form.progress.value
    assert (tmp_path / "period_profile" / "fy2015" / "2015-03_2015-01_CO" / "report.html").is_file()
    assert "2015-03_2015-01_CO/report.html" in form.links.outputs[0]["data"]["text/html"]
    assert not form.save.disabled
    choose(form, show="map")
    assert (form.progress.value, form.links.outputs) == ("", ()), "they were of the view before"
