"""Notebooks of one's own: made, checked, mended, planned from anywhere; what is broken stops nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from made_notebooks import write_notebook
from made_up_site import add_report, by_state_csv
from test_cli import call

import analysis as an
from analysis.errors import InputError
from analysis.run.plan import Entry, read_manifest
from analysis.run.site import write_index

ROOT = Path(__file__).resolve().parents[2]
Content = dict[str, Any]
RIGHT = "notebooks: 1, problems: 0\n"
READS = "people = sheet.side_file('people.csv')"


def change(path: Path, edit: Callable[[Content], object]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    edit(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def put(number: int, source: str) -> Callable[[Content], object]:
    """Give an edit that writes a line of its own at the end of a cell."""
    return lambda content: content["cells"][number].update(source=f"{content['cells'][number]['source']}\n{source}")


NO_PARAMETERS = "week = '2015-06-20'", "week: str = str(1)", "import os", "week: date = '2015'", "n: bool = not True"
LITERALS = "the parameters cell holds more than annotated literals: found"
CASES: list[tuple[Callable[[Content], object], str, bool]] = [
    (lambda n: n["cells"][0].update(source="No title"), "probe.ipynb: the notebook's first cell needs a title", False),
    (lambda n: n["cells"][1].update(metadata={}), "needs one cell tagged 'parameters': found 0", True),
    (lambda n: n["cells"][2].update(metadata={"tags": ["parameters"]}), "tagged 'parameters': found 2", False),
    *((put(1, line), f"cell 1, line 3: {LITERALS}", False) for line in NO_PARAMETERS),
    (lambda n: n["cells"][2].update(execution_count=4), "probe.ipynb, cell 2: outputs are kept", True),
    (lambda n: n["cells"][3].update(outputs=[{}]), "probe.ipynb, cell 3: outputs are kept", True),
    (put(2, "def count():\n    return 1"), "cell 2, line 3: 'count' is defined where", False),
    (put(3, "sheet.know()"), "the last cell does not close the report", False),
    (lambda n: n["metadata"]["declines"].update(clok="issued"), "metadata.declines.clok: an unknown key", False),
    (lambda n: n["metadata"]["declines"].update(needs=["ends"]), "metadata.declines.needs.0: Input should be", False),
    (lambda n: n["metadata"].pop("declines"), "its metadata have no block 'declines'", True),
    (lambda n: n["metadata"]["kernelspec"].update(name="my-env"), "for another kernel: found 'my-env'", True),
    (lambda n: n["metadata"].update(kernelspec={"name": "ir", "language": "R"}), "found 'ir', expected python3", False),
    (lambda n: n["cells"][2].pop("id"), "each cell needs an id of its own", True),
    (lambda n: n["cells"][2].update(id="cell-0"), "each cell needs an id of its own", True),
    (put(2, "x = = 1"), "cell 2, line 3: the code cannot be read: invalid syntax", False),
    (put(2, "open('probe.ipynb')"), "cell 2, line 3: the file 'probe.ipynb' is not declared", False),
    (put(2, READS), "not beside it: found 'people.csv'", False),
    (put(2, "sheet.side_file(week)"), "cell 2, line 3: the name of a file is to be known before the run", False),
    (lambda n: n["metadata"]["declines"].update(versions=2), "needs the parameters `older` and `newer`", False),
    (put(2, "sheet.text('There were 12345 of them.')"), "the number '12345' is typed into a sentence", False),
    (put(2, "s = sentences.Sentence(f'{{n:n}} of 7', {'n': 3})"), "the number '7' is typed into a sentence", False),
    (lambda n: n.pop("cells"), "probe.ipynb: the notebook is damaged: found \"KeyError('cells')\"", False),
]
RUNS = "outputs|id of its own|another kernel|expected python3|defined|not declared|is typed"
"""What is wrong with a notebook and yet stops no run."""


@pytest.mark.parametrize(("edit", "says", "mended"), CASES, ids=[says for _, says, _ in CASES])
def test_what_is_wrong_is_one_sentence_and_mended_where_it_can_be(
    tmp_path: Path, edit: Callable[[Content], object], says: str, mended: bool
) -> None:
    path = write_notebook(tmp_path / "probe.ipynb")
    right = path.read_bytes()
    assert call("lint", path, "--fix") == RIGHT
    assert path.read_bytes() == right, "what is right is not written anew"
    change(path, edit)
    wrong = path.read_bytes()
    problem, told = call("lint", path, exit_code=1).splitlines()
    assert says in problem
    assert told == "notebooks: 1, problems: 1"
    runs = re.search(RUNS, says) is not None
    ahead = call("run", path, "--source", "fy2015", "--dry-run", exit_code=0 if runs else 2)
    assert runs or says in ahead
    said = call("lint", path, "--fix", exit_code=0 if mended else 1)
    assert (path.read_bytes() != wrong) == ("mended: " in said) == mended
    if mended:
        nbformat.validate(json.loads(path.read_bytes()))
    assert call("lint", tmp_path, exit_code=0 if mended or "no block" in says else 1)


def test_every_wrong_key_of_the_metadata_is_named(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "probe.ipynb")
    change(path, lambda n: n["metadata"].update(declines={"clok": "issued", "weeks": 3}, declined={}))
    said = call("lint", path, exit_code=1)
    assert [said.count(f"metadata.declines.{key}: ") for key in ("clok", "clock", "weeks")] == [1, 1, 1]
    assert "metadata: an unknown key: found 'declined', expected declines." in said


def test_ipythons_own_lines_are_no_mistake_and_other_notebooks_of_a_folder_need_no_parameters(tmp_path: Path) -> None:
    change(
        path := write_notebook(tmp_path / "probe.ipynb"), put(2, "%matplotlib inline\nx = (7\n% 2)\nfiles = !ls\nx?")
    )
    assert call("lint", path) == RIGHT
    change(path, lambda content: content["cells"][2].update(source="%%bash\nls -l | wc"))
    change(path, lambda content: content["metadata"].pop("declines"))
    assert call("lint", tmp_path) == RIGHT
    assert "no block 'declines'" in call("lint", path, exit_code=1)


@pytest.mark.parametrize(
    ("options", "planned"),
    [
        ([], ["fy2015/2015-06-20", "synthetic/2026-01-31"]),
        (["--each", "state,week", "--source", "fy2015"], ["fy2015/2015-06-20_TX"]),
        (["--each", "offence"], ["synthetic/2026-01-31_DUI"]),
    ],
)
def test_a_new_notebook_is_right_and_stays(tmp_path: Path, options: list[str], planned: list[str]) -> None:
    path = tmp_path / "mine" / "my_question.ipynb"
    assert f"declines run {path}" in call("new", path.with_suffix(""), *options)
    assert call("lint", path) == RIGHT
    nbformat.validate(made := json.loads(path.read_bytes()))
    assert 7 <= len(made["cells"]) <= 9
    ahead = call("run", path, "--out", tmp_path, "--dry-run").splitlines()[:-1]
    assert ahead == [f"run  my_question/{one}: it was never made" for one in planned]
    path.write_text("changed")
    assert "there already, and stays as it is" in call("new", path, *options, exit_code=2)
    assert path.read_text() == "changed"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with two notebooks, one that is broken, one of another kind, a working copy and an edited one."""
    monkeypatch.chdir(tmp_path)
    write_notebook(tmp_path / "one.ipynb")
    write_notebook(tmp_path / "two.ipynb", text="# Two: a question")
    change(write_notebook(tmp_path / "broken.ipynb"), put(2, "x = = 1"))
    change(write_notebook(tmp_path / "other.ipynb"), lambda content: content.update(metadata={}))
    (tmp_path / "methods.ipynb").write_bytes((ROOT / "notebooks" / "methods.ipynb").read_bytes())
    write_notebook(tmp_path / "state_profile.ipynb")
    return tmp_path


def test_notebooks_are_run_by_path_by_name_or_by_the_folder_and_a_broken_one_stops_no_other(folder: Path) -> None:
    asked = ["--source", "fy2015", "--weeks", "2015-01-03", "--dry-run"]
    for given in (["one.ipynb"], ["one"], [folder / "one"], ["one", "--notebooks", folder]):
        assert call("run", *given, *asked).splitlines()[0] == "run  one/fy2015/2015-01-03: it was never made", given
    said = call("run", "--notebooks", folder, *asked)
    assert [line.split("/")[0] for line in said.splitlines() if line.startswith("run")] == ["run  one", "run  two"]
    passed = [line for line in said.splitlines() if line.startswith("declines: passed over: ")]
    assert len(passed) == 2
    assert "broken.ipynb, cell 2, line 3: the code cannot be read: invalid syntax" in passed[0]
    assert "state_profile.ipynb: a notebook of this package has this name" in passed[1]
    assert passed[0].replace("passed over: ", "") in call("run", "broken", *asked, exit_code=2)
    assert "has this name" in call("run", "state_profile.ipynb", *asked, exit_code=2)
    assert "run  state_profile/fy2015/2015-01-03_TX" in call("run", "state_profile", *asked)
    assert "run  methods/fy2015" in call("run", "methods.ipynb", "--source", "fy2015", "--dry-run")
    assert "no block 'declines'" in call("run", "other", *asked, exit_code=2)
    assert "no such folder" in call("run", "--notebooks", folder / "nowhere", exit_code=2)
    (folder / "else").mkdir()
    write_notebook(folder / "else" / "one.ipynb")
    change(
        write_notebook(folder / "else" / "two.ipynb"), lambda n: n["metadata"]["declines"].update(needs=["offences"])
    )
    assert "left out, for they do not fit the source and what else is asked for: two\n" in call(
        "run", "--notebooks", folder / "else", *asked
    )
    assert "two notebooks have one name" in call("run", "one", "else/one", *asked, exit_code=2)


def test_a_site_file_may_name_a_notebook_beside_it_and_the_index_calls_it_by_its_title(
    folder: Path, made: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    asked = [f"{{notebook: {name}, source: fy2015, weeks: 2015-01-03:2015-01-10}}" for name in ("two.ipynb", "one")]
    (folder / "site.yml").write_text(f"reports: [{', '.join(asked)}]")
    monkeypatch.chdir(out := tmp_path_factory.mktemp("out"))
    assert "4 of 4 reports stand" in call("run", "--site", folder / "site.yml", "--out", out)
    index = (out / "index.html").read_text(encoding="utf-8")
    assert index.index("<b>Two: a question</b>") < index.index("<b>A probe</b>"), "in the order of the file"
    assert index.count('2015-01-10/report.html">Two<span') == 1
    assert "names its notebooks" in call("run", "--site", folder / "site.yml", "--notebooks", folder, exit_code=2)
    (folder / "two.ipynb").unlink()
    call("run", folder / "one", "--source", "fy2015", "--weeks", "2015-01-17", "--out", out)
    assert "<b>Two: a question</b>" in (out / "index.html").read_text(encoding="utf-8"), "though it is gone"


def test_what_a_report_of_ones_own_shows_is_listed_and_never_counted(tmp_path: Path) -> None:
    odd = {name: "a,b\n1,2\n" for name in ("by_state", "by_offence", "comparisons", "agencies", "state_by_offence")}
    entries: dict[str, Entry] = {}
    add_report(
        tmp_path, entries, "weekly_bulletin", "fy2015", {"week": "2015-01-03"}, tables={"by_state": by_state_csv()}
    )
    write_index(tmp_path, entries)
    counted = [(tmp_path / "data" / "weekly.csv").read_bytes(), (tmp_path / "states" / "TX.html").read_bytes()]
    add_report(tmp_path, entries, "mine", "fy2015", {"week": "2015-01-10"}, tables=odd, facts={"issued": "many"})
    write_index(tmp_path, entries)
    assert counted == [(tmp_path / "data" / "weekly.csv").read_bytes(), (tmp_path / "states" / "TX.html").read_bytes()]
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'href="mine/fy2015/2015-01-10/report.html">Mine<span' in index
    assert index.index("3–9 January 2015") < index.index("10–16 January 2015"), (
        "the page opens with the bulletin's week"
    )


def test_a_file_beside_a_notebook_makes_due(tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path, people = write_notebook(tmp_path / "probe.ipynb", READS), tmp_path / "people.csv"
    asked = ["run", str(path), "--source", "fy2015", "--weeks", "2015-01-03", "--out", str(tmp_path / "out")]
    assert "not beside it: found 'people.csv'. Put it there" in call(*asked, exit_code=2)
    people.write_text("TX,1\n")
    assert call("lint", path) == RIGHT
    call(*asked)
    assert [*read_manifest(tmp_path / "out")["probe/fy2015/2015-01-03"].inputs["files"]] == ["people.csv"]
    assert "0 of 1" in call(*asked, "--dry-run")
    report = an.Report("probe")
    with pytest.raises(
        InputError, match=f"{re.escape(str(Path.cwd() / 'people.csv'))}: the file beside the notebook is"
    ):
        report.side_file("people.csv")
    monkeypatch.setenv("DECLINES_NOTEBOOK_DIR", str(tmp_path))
    assert report.side_file("people.csv").read_text() == "TX,1\n"
    people.write_text("TX,2\n")
    assert "run  probe/fy2015/2015-01-03: changed: people.csv\n" in call(*asked, "--dry-run")
