"""Every notebook runs, by its defaults and by an awkward set; its facts are those frozen here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from papermill import execute_notebook
from papermill.exceptions import PapermillExecutionError

from analysis.run.notebooks import notebooks
from analysis.run.pages import facts_of, files_of

pytestmark = pytest.mark.slow
FROZEN = Path(__file__).parent / "frozen"
AWKWARD: dict[str, list[dict[str, object]]] = {
    "compare_releases": [{"source": "synthetic", "older": 1, "newer": 3}],
    "methods": [{"png": True}],
    "offence_profile": [
        {"offence": "Homicide"},  # no detainer in the default week
        {"offence": "UNKNOWN", "week": "2026-02-21", "png": True},  # the last week, not settled
        {"offence": "FRAUD", "week": "2025-01-04"},  # the first week: nothing before it, no quarter
    ],
    "published_week": [{"week": "2017-02-11", "png": True}],
    "release_quality": [{"source": "synthetic"}],
    "state_profile": [
        {"source": "synthetic", "state": "District of Columbia"},
        {"source": "synthetic", "state": "TX", "repeats": "counted"},
        {"source": "fy2015", "state": "ME"},  # no detainer in the default week
        {"source": "fy2015", "state": "GU", "week": "2015-07-18"},  # none at all, in a partial week
        {"source": "synthetic", "state": "06", "week": "latest"},  # the last week, not settled
    ],
    "weekly_bulletin": [
        {"source": "fy2015", "week": "2014-09-27"},  # partial, the first: nothing before it, no quarter
        {"source": "fy2015", "week": "2015-07-18"},  # partial, the last
        {"source": "synthetic", "repeats": "counted"},
    ],
}
FROZEN_SETS: list[tuple[str, dict[str, object]]] = [
    ("published_week", {"week": "2017-01-28"}),
    ("published_week", {"week": "2017-02-04"}),
    ("published_week", {"week": "2017-02-11"}),
    ("weekly_bulletin", {"source": "fy2015", "week": "2014-10-11"}),
    ("weekly_bulletin", {"source": "fy2015", "week": "2015-06-20"}),
    ("state_profile", {"source": "fy2015", "state": "TX", "week": "2015-06-20"}),
    ("weekly_bulletin", {"source": "synthetic", "week": "2026-02-21"}),  # unfinished: with a nowcast
    ("offence_profile", {"source": "synthetic", "offence": "DUI", "week": "2026-01-31"}),
]


def _execute(name: str, parameters: dict[str, object], folder: Path) -> nbformat.NotebookNode:
    executed = folder / "executed.ipynb"
    execute_notebook(
        str(notebooks()[name].path),
        str(executed),
        parameters=parameters,
        cwd=str(folder),
        progress_bar=False,
        kernel_name="python3",
    )
    return nbformat.read(executed, as_version=4)


@pytest.mark.parametrize("name", sorted(notebooks()))
def test_defaults(name: str, tmp_path: Path) -> None:
    files = files_of(_execute(name, {}, tmp_path))
    assert {"report.html", "facts.json", "notebook.ipynb"} < set(files)
    assert any(file.startswith("figures/") for file in files)
    assert any(file.startswith("tables/") for file in files)


@pytest.mark.parametrize(
    ("name", "parameters"), [(name, one) for name, sets in AWKWARD.items() for one in sets], ids=str
)
def test_awkward_sets(name: str, parameters: dict[str, object], tmp_path: Path) -> None:
    page = files_of(_execute(name, parameters, tmp_path))["report.html"].decode()
    assert not re.search(r">\s*(nan|NaT|None|<NA>)\s*<", page)
    assert 'class="error"' not in page


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("published_week", {}), ("weekly_bulletin", {"source": "synthetic"})],
    ids=str,
)
def test_two_runs_give_the_same_bytes(name: str, parameters: dict[str, object], tmp_path: Path) -> None:
    runs = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        runs.append(files_of(_execute(name, parameters, folder)))
    one, two = runs
    assert set(one) == set(two)
    assert [file for file in one if one[file] != two[file]] == ["notebook.ipynb"]  # papermill writes its times there


def test_every_notebook_has_an_awkward_set() -> None:
    assert set(AWKWARD) == set(notebooks())


@pytest.mark.parametrize(("name", "parameters"), FROZEN_SETS, ids=str)
def test_frozen_facts(name: str, parameters: dict[str, object], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    facts = facts_of(_execute(name, parameters, tmp_path))["facts"]
    path = FROZEN / f"{name}_{parameters['week']}.json"
    if request.config.getoption("--freeze"):
        path.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    frozen = json.loads(path.read_text(encoding="utf-8"))
    changed = {
        key: (frozen.get(key, "no such fact"), facts.get(key, "no such fact"))
        for key in frozen.keys() | facts.keys()
        if facts.get(key, ...) != _as_frozen(frozen.get(key, ...))
    }
    assert not changed, "these facts (frozen, now) have changed: is this expected? Then run pytest with --freeze"


def _as_frozen(value: object) -> object:
    return pytest.approx(value, rel=1e-8) if isinstance(value, float) else value


@pytest.mark.parametrize(
    ("name", "parameters", "says"),
    [
        ("weekly_bulletin", {"week": "2015-06-21"}, "is a Sunday"),
        ("published_week", {"wek": "2017-01-28"}, "unknown parameter 'wek'; did you mean 'week'?"),
        ("weekly_bulletin", {"state": "TX"}, "unknown parameter 'state'"),
        ("state_profile", {"state": "Texass"}, "did you mean 'Texas'"),
        ("state_profile", {"state": False}, "YAML reads an unquoted NO"),
        ("weekly_bulletin", {"source": "fy2051"}, "unknown source"),
        ("state_profile", {"state": "all"}, "unknown state 'all'"),
        ("offence_profile", {"offence": "DIU"}, "did you mean 'DUI'"),
        ("offence_profile", {"source": "fy2015"}, "records no offences"),
    ],
)
def test_bare_papermill_refuses_a_wrong_value_in_one_sentence(
    name: str, parameters: dict[str, object], says: str, tmp_path: Path
) -> None:
    with pytest.raises(PapermillExecutionError) as refusal:
        _execute(name, parameters, tmp_path)
    assert refusal.value.ename == "InputError"
    assert says in refusal.value.evalue
    executed = nbformat.read(tmp_path / "executed.ipynb", as_version=4)
    errors = [out for cell in executed.cells for out in cell.get("outputs", []) if out.output_type == "error"]
    assert len(errors) == 1
    assert errors[0].traceback == [f"InputError: {refusal.value.evalue}"]
