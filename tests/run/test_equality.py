"""A notebook run on a warm kernel gives what plain papermill gives: every byte, but for times and ids."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat
import pytest
from warm import CELLS, execute, write_cells

from analysis.run.notebooks import notebooks

pytestmark = pytest.mark.slow

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


Runs = dict[str, dict[str, tuple[Path, Future[str]]]]


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Run the probes and notebooks that were chosen on both kinds of kernels, two at a time."""
    folder = tmp_path_factory.mktemp("equality")
    tests = [item for item in request.session.items if isinstance(item, pytest.Function)]
    chosen = {item.callspec.params["name"] for item in tests if "runs" in item.fixturenames}
    inputs = {name: write_cells(folder / f"{name}.ipynb", PROBES[name]) for name in PROBES if name in chosen}
    inputs |= {f"our_{name}": notebook.path for name, notebook in notebooks().items() if f"our_{name}" in chosen}
    started: Runs = {name: {} for name in inputs}
    with pytest.MonkeyPatch.context() as patch, ProcessPoolExecutor(2, get_context("spawn")) as pool:
        # As in a warm kernel: the last digit depends on the number of threads.
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        for name, path in inputs.items():
            for kind in ("plain", "warm"):
                own = folder / kind / name
                own.mkdir(parents=True)
                started[name][kind] = own, pool.submit(execute, path, own, warm=kind == "warm")
        yield started
        pool.shutdown(cancel_futures=True)
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", [*PROBES, *(f"our_{name}" for name in notebooks())])
def test_the_same_as_plain_papermill(name: str, runs: Runs) -> None:
    (plain_folder, plain), (warm_folder, warm) = runs[name]["plain"], runs[name]["warm"]
    assert _without_ids(warm.result(), warm_folder) == _without_ids(plain.result(), plain_folder)
    assert name in PROBES or plain.result() == "", "a notebook runs as it stands"
    plain_path, warm_path = plain_folder / "executed.ipynb", warm_folder / "executed.ipynb"
    assert warm_path.is_file() == plain_path.is_file()
    if plain_path.is_file():
        assert _compared(warm_path, warm_folder) == _compared(plain_path, plain_folder)
    assert {path.name for path in warm_folder.iterdir()} == {path.name for path in plain_folder.iterdir()}
