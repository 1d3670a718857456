"""No artefact of a run names a person: every file is searched for what is known of one, and for rows of people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from commands import declines
from papermill import execute_notebook
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from analysis.load.imports import import_release
from analysis.load.reference import bundled_folder, data_file

MARK = 73_400_000_000  # so that a year, or what else is told of one, is found for certain, and is no other number
OF_ONE = "Birth Year", "Birth Date", "Gender", "Citizenship Country", "Entry Status", "EID DTA ID"
ROWS_OF_PEOPLE = {"person", "issued_on", "lifted_on", "duplicate"}
"""Columns of the stored table that no table of counts has; nor has one those of a release."""


def _text_of(path: Path) -> str:
    """Read a file; what is packed in it, such as the texts of a picture, is unpacked."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path).to_csv(index=False)
    text = path.read_bytes().decode(errors="replace")
    if path.suffix == ".png":
        (picture := Image.open(path)).load()  # some stand after the picture
        return text + str(picture.info)
    return text


def _headings(path: Path, text: str) -> Iterator[str]:
    """Go through the headings of the tables of a file, or the names of the values in it."""
    if path.suffix in (".csv", ".parquet"):
        yield from text.partition("\n")[0].split(",")
    elif path.suffix == ".html":
        yield from (one.get_text() for one in BeautifulSoup(text, "html.parser").select("thead :is(th, td), dt"))
    elif path.suffix in (".json", ".ipynb"):
        names: set[str] = set()
        json.loads(text, object_hook=names.update)
        yield from names


def told_in(folder: Path, ids: set[str], columns: set[str]) -> dict[str, set[str]]:
    """Search every file for person ids, for marked values and for headings of rows of people."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = _text_of(path)
        told = {*re.findall("[0-9a-f]{40}", text)} & ids
        told |= {*re.findall(rf"{MARK // 10_000}\d{{4}}", text.replace(",", ""))}
        found[path.relative_to(folder).as_posix()] = told | {*_headings(path, text)} & columns
    return found


def test_the_search_finds_what_is_planted(tmp_path: Path) -> None:
    one, year = "0a" * 20, f"{MARK + 1978}"
    about = PngInfo()
    about.add_text("Comment", one, zip=True)
    Image.new("L", (1, 1)).save(tmp_path / "id.png", pnginfo=about)
    pd.DataFrame({"state": ["TX"], "value": [int(year)]}).to_parquet(tmp_path / "year.parquet")
    texts = {"id.csv": f"state,who\nTX,{one}\n", "year.html": f"<td>{int(year):,}</td>", "id.js": f'x = "{one}"'}
    texts |= {"people.csv": "state,lifted_on\nTX,\n", "people.json": '{"facts": [{"person": 1}]}', "id.svg": one}
    texts |= {"people.html": "<table><thead><tr><th>Birth Year</th>", "none.json": '{"born": 1978, "week": "1978"}'}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    found = told_in(tmp_path, {one}, {"Birth Year", *ROWS_OF_PEOPLE})
    told = {**dict.fromkeys(("id.png", "id.csv", "id.js", "id.svg"), one), "year.parquet": year, "year.html": year}
    told |= {"people.csv": "lifted_on", "people.json": "person", "people.html": "Birth Year"}
    assert found == {name: {of} for name, of in told.items()} | {"none.json": set()}


@pytest.mark.slow
def test_no_file_of_a_run_tells_of_one_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECLINES_DATA_DIR", str(tmp_path / "stored"))
    release = pd.read_parquet(data_file("synthetic/small_release.parquet"))
    ids, columns = set(release["Anonymized Identifier"].dropna()), ROWS_OF_PEOPLE | {*release.columns}
    years = release["Birth Year"]
    release[[*OF_ONE]] = pd.DataFrame({name: MARK + years for name in OF_ONE}).astype("string")
    (tmp_path / "given").mkdir()
    for rows, day in ((release.iloc[:-50], date(2026, 3, 11)), (release, date(2026, 3, 12))):
        rows.to_parquet(path := tmp_path / "given" / f"{day}.parquet")
        import_release([path], "made", title="SYNTHETIC made-up", today=day)
    assert min(map(len, told_in(tmp_path / "given", ids, columns).values())) > 5_000, "the search finds ids and years"
    out = tmp_path / "out"
    asked = [["weekly_bulletin", "state_profile", "offence_profile", "--png", "--weeks", "latest settled"]]
    asked += [["period_profile", "release_quality", "compare_releases"]]
    for notebooks in asked:
        declines("run", "--source", "made", *notebooks, "--out", out)
    for name, parameters in (("explore", {"source": "made"}), ("tutorial", {})):
        how = {"parameters": parameters, "cwd": tmp_path, "progress_bar": False, "kernel_name": "python3"}
        execute_notebook(bundled_folder("notebooks") / f"{name}.ipynb", out / f"{name}.ipynb", **how)
    made = told_in(out, ids, columns)
    kinds = ".html .csv .json .ipynb .parquet .xml .svg .png .js"
    assert {Path(name).suffix for name in made} >= {*kinds.split()}
    assert len({name.partition("/")[0] for name in made if name.endswith("/facts.json")}) == 6
    assert {name: told for name, told in made.items() if told} == {}
    for stored in (tmp_path / "stored").rglob("detainers.parquet"):  # the rows of people are their owner's alone
        assert [path.stat().st_mode & 0o077 for path in (stored, stored.parent)] == [0, 0]
