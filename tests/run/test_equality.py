"""A notebook run on a warm kernel gives what plain papermill gives: every byte, but for times and ids."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from warm import CELLS, execute, write_cells

from analysis.run.notebooks import notebooks

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_fork_server")]

PROBES: dict[str, str] = CELLS["same_as_papermill"]
DYING = ("dead", "killed")
"""Whether such a kernel could still say that the cell began, and with it the cell's number, is a matter of time."""
IDS = {
    r"0x[0-9a-f]{6,}": "0xADDRESS",
    r"ipykernel_\d+": "ipykernel_PID",
    r"\b[0-9a-f]{32}\b": "ID",
    r"kernel-[0-9a-f-]{36}|/tmp/tmp\w+": "CONNECTION",
    r"<dc:date>[^<]*": "<dc:date>",
}
"""What differs from run to run under papermill, too."""


def _without_ids(text: str, folder: Path) -> str:
    text = text.replace(str(folder), "FOLDER").replace(folder.name, "FOLDER")
    for pattern, instead in IDS.items():
        text = re.sub(pattern, instead, text)
    return text


def _compared(path: Path, folder: Path) -> Any:  # noqa: ANN401
    executed, cells = nbformat.read(path, as_version=4), []
    for cell in executed.cells:
        outputs: list[Any] = []
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and outputs and outputs[-1].get("name") == output.name:
                outputs[-1]["text"] += output.text  # how a stream is cut into pieces is a matter of time
            else:
                outputs.append(dict(output))
        status, count = cell.metadata.get("papermill", {}), cell.get("execution_count")
        told = [cell.metadata.get("tags"), status.get("status"), status.get("exception"), outputs]
        cells.append([cell.source, None if folder.name in DYING else count, *told])
    metadata = {name: value for name, value in executed.metadata.items() if name != "papermill"}
    return json.loads(_without_ids(json.dumps([cells, metadata]), folder))


@pytest.mark.parametrize("name", [*PROBES, *(f"our_{name}" for name in notebooks())])
def test_as_plain_papermill(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # as in a warm kernel: the last digit depends on it
    probe = name in PROBES
    path = write_cells(tmp_path / "in.ipynb", PROBES[name]) if probe else notebooks()[name.removeprefix("our_")].path
    said, made = list[str](), list[Any]()
    for kind in ("plain", "warm"):
        (folder := tmp_path / kind / name.removeprefix("our_")).mkdir(parents=True)  # names of sockets are short
        said.append(_without_ids(execute(path, folder, warm=kind == "warm"), folder))
        executed = folder / "executed.ipynb"
        cells = _compared(executed, folder) if executed.is_file() else None
        made.append((cells, {file.name for file in folder.iterdir()}))
    assert said[0] == said[1]
    assert made[0] == made[1]
    assert probe or said[0] == "", "a notebook runs as it stands"
