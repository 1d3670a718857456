"""A notebook run on a warm kernel gives what plain papermill gives: every output, byte for byte, but for times and ids.

The probes are small notebooks that try what kernels can get wrong; cells are parted by a line of dashes.
"""

# ruff: noqa: E501  (cells as they are)
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
from nbformat.v4 import new_code_cell, new_notebook
from warm import execute

from analysis.run.notebooks import notebooks

pytestmark = pytest.mark.slow

PROBES = {
    "last_expression": "1 + 1\n---\n_ + 1\n---\nOut[1], In[1]",
    "error": "x = 1\n---\nx / 0\n---\nx",
    "error_in_a_library": "import pandas as pd\npd.DataFrame({'a': [1]})['b']",
    "syntax_error": "def f(:\n    pass",
    "stderr": "import sys\nprint('out'); print('err', file=sys.stderr)",
    "warnings": "import warnings\nwarnings.warn('careful')\nwarnings.warn('old', DeprecationWarning)\n"
    "---\nimport numpy as np\nnp.log(0.0)",
    "logging": "import logging\nlogging.warning('w'); logging.getLogger('a').error('e'); logging.info('not shown')",
    "shell": "!echo told; echo err >&2; exit 3\n---\n_exit_code\n---\nfiles = !echo a b\nfiles",
    "subprocess": "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'print(40 + 2)'])",
    "threads": "import threading\ngot = []\nts = [threading.Thread(target=lambda n=n: got.append(n)) for n in range(4)]\n"
    "[t.start() for t in ts]; [t.join() for t in ts]\nsorted(got), threading.current_thread().name",
    "multiprocessing": "import multiprocessing as mp\nmp.current_process().name, mp.get_start_method(), mp.parent_process()\n"
    "---\nwith mp.get_context('fork').Pool(2) as pool:\n    print(pool.map(abs, [-1, -2]))",
    "arguments": "import sys\nlen(sys.argv), sys.argv[0], sys.argv[1], sys.flags, sys.path[0], '' in sys.path",
    "environment": "import os\nskip = ('JPY_', 'PYTEST', 'PAPERMILL', 'DECLINES', 'JUPYTER')\n"
    "import analysis.load.table  # pandera sets variables, which a kernel that has imported it shows at once\n"
    "sorted((k, v) for k, v in os.environ.items() if not k.startswith(skip))",
    "folder": "import os\nos.getcwd()\n---\n%cd -q ..\nos.path.basename(os.getcwd()) != ''",
    "stdin": "import sys\ntry:\n    input('? ')\nexcept Exception as e:\n    print(type(e).__name__)\nsys.stdin.fileno() if False else 0",
    "random": "import random, numpy as np\nrandom.seed(3); np.random.seed(3)\n"
    "random.random(), np.random.rand(2), np.random.default_rng(5).normal(size=2)",
    "linear_algebra": "import numpy as np\nr = np.random.default_rng(0)\na = r.normal(size=(300, 300))\n"
    "float(np.linalg.det(a / 20)), float((a @ a).sum()), np.linalg.eigvalsh(a + a.T)[:3]",
    "pyplot": "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2]); plt.title('a title')",
    "pyplot_svg": "%config InlineBackend.figure_formats = ['svg']\nimport matplotlib as mpl, matplotlib.pyplot as plt\n"
    "mpl.rcParams['svg.hashsalt'] = 'x'\nplt.bar(['a', 'b'], [1, 2])\nNone",
    "seaborn": "import seaborn as sns, pandas as pd\nsns.heatmap(pd.DataFrame([[1, 2], [3, 4]]), annot=True)\n"
    "---\nsns.set_theme()\nsns.histplot([1, 2, 2, 3], kde=True);",
    "ours": "from analysis.load.sources import open_source\nopen_source('fy2015', clock='issued').detainers().head(3)",
    "atexit": "import atexit, pathlib\natexit.register(lambda: pathlib.Path('ended').write_text('yes'))\n0",
    "dead": "print('before')\n---\nimport os; os._exit(3)\n---\nprint('after')",
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "tags": "raise ValueError('expected') # raises-exception\n---\n'goes on'",
}
DYING = ("dead", "killed")
"""Whether such a kernel could still say that the cell began, and with it the cell's number, is a matter of time."""


def _as_notebook(probe: str) -> nbformat.NotebookNode:
    cells = [new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(probe.split("\n---\n"))]
    for cell in cells:
        if "raises-exception" in cell.source:
            cell.metadata["tags"] = ["raises-exception"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _without_ids(text: str, folder: Path) -> str:
    """Take out what differs from run to run under papermill too: addresses, process ids, random ids, times."""
    text = text.replace(str(folder), "FOLDER").replace(folder.name, "FOLDER")
    for pattern, instead in (
        (r"0x[0-9a-f]{6,}", "0xADDRESS"),
        (r"ipykernel_\d+", "ipykernel_PID"),
        (r"\b[0-9a-f]{32}\b", "ID"),
        (r"kernel-[0-9a-f-]{36}|/tmp/tmp\w+", "CONNECTION"),
        (r"<dc:date>[^<]*", "<dc:date>"),
    ):
        text = re.sub(pattern, instead, text)
    return text


def _compared(path: Path, folder: Path) -> dict[str, Any]:
    """Give what must be equal of an executed notebook."""
    executed = nbformat.read(path, as_version=4)
    cells = []
    for cell in executed.cells:
        outputs: list[Any] = []
        for output in cell.get("outputs", []):
            joins = output.output_type == "stream" and outputs and outputs[-1].get("name") == output.name
            if joins:  # how a stream is cut into pieces is a matter of time
                outputs[-1]["text"] += output.text
            else:
                outputs.append(dict(output))
        status = cell.metadata.get("papermill", {})
        cells.append(
            {
                "source": cell.source,
                "tags": cell.metadata.get("tags", []),
                "count": None if folder.name in DYING else cell.get("execution_count"),
                "outputs": outputs,
                "status": [status.get("status"), status.get("exception")],
            }
        )
    metadata = {name: value for name, value in executed.metadata.items() if name != "papermill"}
    return json.loads(_without_ids(json.dumps({"cells": cells, "metadata": metadata}), folder))


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, dict[str, tuple[Path, Future[str]]]]]:
    """Run the probes and notebooks that were chosen on both kinds of kernels, two at a time."""
    folder = tmp_path_factory.mktemp("equality")
    tests = [item for item in request.session.items if isinstance(item, pytest.Function)]
    chosen = {item.callspec.params["name"] for item in tests if "runs" in item.fixturenames}
    inputs = {name: folder / f"{name}.ipynb" for name in PROBES if name in chosen}
    for name, path in inputs.items():
        nbformat.write(_as_notebook(PROBES[name]), path)
    inputs |= {f"our_{name}": notebook.path for name, notebook in notebooks().items() if f"our_{name}" in chosen}
    started: dict[str, dict[str, tuple[Path, Future[str]]]] = {name: {} for name in inputs}
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
def test_the_same_as_plain_papermill(name: str, runs: dict[str, dict[str, tuple[Path, Future[str]]]]) -> None:
    (plain_folder, plain), (warm_folder, warm) = runs[name]["plain"], runs[name]["warm"]
    assert _without_ids(warm.result(), warm_folder) == _without_ids(plain.result(), plain_folder)
    plain_path, warm_path = plain_folder / "executed.ipynb", warm_folder / "executed.ipynb"
    assert warm_path.is_file() == plain_path.is_file()
    if plain_path.is_file():
        assert _compared(warm_path, warm_folder) == _compared(plain_path, plain_folder)
    assert {path.name for path in warm_folder.iterdir()} == {path.name for path in plain_folder.iterdir()}
