"""Warm kernels: nothing passes from one to the next, none outlives its client; where none is forked, one is started."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory
from warm import CELLS, DEFAULT_PROVISIONER_VARIABLE, execute, write_cells

from analysis.load.reference import bundled_folder
from analysis.run import kernels
from analysis.run.kernels import WarmProvisioner

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_fork_server")]
PAPERMILL = [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", "--no-progress-bar"]
DECLINES = "from analysis.cli import main\nif __name__ == '__main__':\n    main()\n"
RUN = ["run", "published_week", "--weeks", "2017-02-04", "--jobs", "1"]


def _shown(path: Path) -> str:
    outputs = nbformat.read(path, as_version=4).cells[0].outputs
    return outputs[0]["data"]["text/plain"] if outputs else ""


def _run(cell: str, folder: Path, says: str = "") -> str:
    """Give what a cell shows on a warm kernel, or on another for the reason that is given."""
    said = execute(write_cells(folder / "in.ipynb", cell), folder, warm=True)
    assert says in said if says else said == ""
    return _shown(folder / "executed.ipynb")


def _declines(folder: Path, code: str = DECLINES, *how: str, **env: str) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(code)
    command = [sys.executable, "-P", str(folder / "script.py"), *RUN, *how]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, **env})


def test_a_notebook_that_tries_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    before = _run(CELLS["look"], tmp_path / "same")
    _run(CELLS["spoil"], tmp_path / "spoil")
    (tmp_path / "same").rename(tmp_path / "first")
    assert _run(CELLS["look"], tmp_path / "same") == before
    draw = "import random, numpy as np, uuid\n(random.random(), np.random.rand(), str(uuid.uuid4()))"
    first, second = (_run(draw, tmp_path / name).strip("()").split(", ") for name in ("a", "b"))
    assert not {*first} & {*second}, "each draws its own random numbers"


def test_what_forks_has_one_thread_and_a_kernel_that_has_many_does_not_hang(tmp_path: Path) -> None:
    assert [_run(CELLS["many_threads"], tmp_path / name) for name in "abcd"] == ["1"] * 4


def test_what_would_be_no_fresh_start_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (drawn := tmp_path / "drawn").mkdir()
    (drawn / "matplotlibrc").write_text("figure.dpi: 7")
    dpi = "import matplotlib as mpl\nmpl.rcParams['figure.dpi']"
    assert _run(dpi, drawn, "one by one, which takes longer: the kernel's folder has a matplotlibrc") == "7.0"
    assert _run("1", drawn) == "1"
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    shown = _run("import sys\nsys.flags.hash_randomization, hash('a')", tmp_path / "seed", "another PYTHONHASHSEED")
    asked = [sys.executable, "-c", "import sys\nprint((sys.flags.hash_randomization, hash('a')))"]
    assert shown == subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.faults
def test_a_run_without_fork_in_a_folder_of_too_long_a_name_and_beside_modules_of_other_names(tmp_path: Path) -> None:
    no_fork = "import multiprocessing\nmultiprocessing.get_all_start_methods = lambda: ['spawn']\n"
    done = _declines(tmp_path, no_fork + DECLINES, "--out", "first")
    assert "1 of 1 reports" in done.stdout
    assert done.stderr.count("kernels are started one by one, which takes longer: this system cannot fork") == 1
    (long := tmp_path / ("x" * 120)).mkdir()
    done = _declines(tmp_path, DECLINES, "--out", "second", TMPDIR=str(long))
    assert done.returncode == 2
    assert "no worker can be started: AF_UNIX path too long" in done.stderr
    assert "set TMPDIR to another" in done.stderr
    for name in ("analysis", "random", "pandas"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not this one')")
    done = _declines(tmp_path, DECLINES, "--out", "third")
    assert "1 of 1 reports" in done.stdout, done.stderr
    assert done.stderr == ""


@pytest.mark.faults
@pytest.mark.parametrize("killed", ["client", "fork server"])
def test_a_kernel_ends_when_its_client_or_what_forked_it_does(killed: str, tmp_path: Path) -> None:
    """What its cells have started ends with it, if the fork server lives."""
    write_cells(tmp_path / "in.ipynb", CELLS["endless"])
    env = {**os.environ, DEFAULT_PROVISIONER_VARIABLE: kernels.PROVISIONER}
    with subprocess.Popen(PAPERMILL, cwd=tmp_path, env=env, stderr=subprocess.DEVNULL) as client:
        while not (tmp_path / "ids").is_file() or (ids := (tmp_path / "ids").read_text()).count(" ") != 3:
            assert client.poll() is None
        kernel, server, child = (psutil.Process(int(pid)) for pid in ids.split())
        (server if killed == "fork server" else client).kill()
        ending = [kernel] if killed == "fork server" else [kernel, child, server]
        assert psutil.wait_procs(ending, timeout=20)[1] == []
        for process in {child, client} - {*ending}:
            process.kill()


def test_a_kernel_that_cannot_have_its_sockets_ends() -> None:
    """By itself it would hang: it has threads by then."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        KernelProvisionerFactory.instance().default_provisioner_name = kernels.PROVISIONER
        manager = AsyncKernelManager(iopub_port=other.getsockname()[1], cache_ports=False)

        async def start() -> int | None:
            await manager.start_kernel()
            assert isinstance(manager.provisioner, WarmProvisioner)
            try:
                return manager.provisioner.process.wait(20)
            finally:
                await manager.cleanup_resources()  # a socket left open would keep this process at its end

        assert asyncio.run(start()) == 1


def test_jupyterlabs_manager_restarts_a_kernel_with_the_package_as_it_stands(tmp_path: Path) -> None:
    shutil.copytree(Path(kernels.__file__).parents[1], tmp_path / "analysis")
    for name in ("data", "notebooks"):
        (tmp_path / name).symlink_to(bundled_folder(name))
    (tmp_path / "lab.py").write_text(CELLS["lab"])
    env = {**os.environ, DEFAULT_PROVISIONER_VARIABLE: kernels.PROVISIONER, "JUPYTER_PREFER_ENV_PATH": "1"}
    env["PYTHONPATH"] = str(tmp_path)
    done = subprocess.run([sys.executable, tmp_path / "lab.py"], env=env, capture_output=True, text=True)
    assert done.stdout.split() == ["ok", "KeyboardInterrupt", "ok", "ok", "False"], done.stderr
    assert "the package has been edited" in done.stderr


@pytest.mark.parametrize("ordinary", [False, True])
def test_a_file_of_the_packages_name_hides_nothing_from_a_notebook_beside_it(ordinary: bool, tmp_path: Path) -> None:
    (folder := tmp_path / "mine").mkdir()
    (folder / "analysis.py").write_text("raise RuntimeError('not this one')")
    (folder / "own.py").write_text("name = 'own'")
    if ordinary:
        (folder / "matplotlibrc").touch()
    kernels._say_once.cache_clear()  # whose sentences another test may have had
    said = f"{folder / 'analysis.py'} has the name of this package" if ordinary else ""
    cell = "import analysis as an, own\nan.open_source('fy2015').facts.name, own.name"
    assert _run(cell, folder, said) == "('fy2015', 'own')"
    assert kernels.hiding(folder).startswith(f"{folder / 'analysis.py'} has the name of this package")
    assert kernels.hiding(kernels.PACKAGE.parent) == kernels.hiding(tmp_path) == ""


def test_a_kernelspec_may_name_the_provisioner_which_stock_papermill_finds_by_its_entry_point(tmp_path: Path) -> None:
    (folder := tmp_path / "kernels" / "warm").mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Warm Python",
        "language": "python",
        "metadata": {"kernel_provisioner": {"provisioner_name": kernels.PROVISIONER}},
    }
    (folder / "kernel.json").write_text(json.dumps(spec))
    write_cells(tmp_path / "in.ipynb", "import os, psutil\n' '.join(psutil.Process(os.getppid()).cmdline())")
    env = {**os.environ, "JUPYTER_PATH": str(tmp_path)}
    subprocess.run([*PAPERMILL, "-k", "warm"], cwd=tmp_path, env=env, check=True, capture_output=True)
    assert "analysis.run.kernels" in _shown(tmp_path / "out.ipynb")
