"""Warm kernels: nothing passes from one to the next, none outlives its client; where none is forked, one is started."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from multiprocessing import forkserver
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory
from nbformat.v4 import new_code_cell, new_notebook
from warm import DEFAULT_PROVISIONER_VARIABLE, execute

from analysis.load.reference import bundled_folder
from analysis.run import kernels
from analysis.run.kernels import WarmProvisioner

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _fork_server_of_their_own() -> None:
    """Start from the variables as they are now: Dask's tests set some that libraries read at import."""
    kernels._running.clear()
    kernels._say_once.cache_clear()
    forkserver._forkserver._stop()  # type: ignore[attr-defined]


LOOK = """
import os, random, sys, warnings, builtins, locale, decimal, threading
import numpy as np, pandas as pd, matplotlib as mpl, seaborn as sns
import analysis.load.reference as files, analysis.periods as weeks
[
    os.path.basename(os.getcwd()), os.environ.get("SPOILT"), sys.path[0], "spoilt" in sys.modules,
    hasattr(builtins, "spoilt"), hasattr(np, "spoilt"), weeks.SETTLING_DAYS, files.states.cache_info().currsize,
    mpl.rcParams["figure.dpi"], mpl.rcParams["backend"], pd.options.display.max_rows,
    np.get_printoptions()["precision"], np.geterr()["divide"], decimal.getcontext().prec, len(warnings.filters),
    "spoilt" in globals(), os.path.exists("left_here"), len(sns._orig_rc_params) > 0, sys.getrecursionlimit(),
]
"""
SPOIL = """
import os, random, sys, types, warnings, builtins, decimal
import numpy as np, pandas as pd, matplotlib as mpl, seaborn as sns
import analysis.load.reference as files, analysis.periods as weeks
os.environ["SPOILT"] = "1"; sys.path.insert(0, "/spoilt"); sys.modules["spoilt"] = types.ModuleType("spoilt")
builtins.spoilt = np.spoilt = spoilt = 1; weeks.SETTLING_DAYS = 0; files.states()
mpl.rcParams["figure.dpi"] = 7; mpl.rcParams["backend"] = "agg"; sns.set_theme(); pd.options.display.max_rows = 3
np.set_printoptions(precision=1); np.seterr(all="raise"); decimal.getcontext().prec = 3; warnings.simplefilter("error")
random.seed(1); np.random.seed(1); open("left_here", "w").close(); os.chdir("/"); sys.setrecursionlimit(9999)
"""


def _write(cell: str, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=[new_code_cell(cell)], metadata={"kernelspec": kernel}), folder / "in.ipynb")
    return folder / "in.ipynb"


def _shown(path: Path) -> str:
    outputs = nbformat.read(path, as_version=4).cells[0].outputs
    return outputs[0]["data"]["text/plain"] if outputs else ""


def _run(cell: str, folder: Path, says: str = "") -> str:
    """Give what a cell shows on a warm kernel, or on another for the reason that is given."""
    said = execute(_write(cell, folder), folder, warm=True)
    assert says in said if says else said == ""
    return _shown(folder / "executed.ipynb")


def test_a_notebook_that_tries_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    before = _run(LOOK, tmp_path / "same")
    _run(SPOIL, tmp_path / "spoil")
    (tmp_path / "same").rename(tmp_path / "first")
    assert _run(LOOK, tmp_path / "same") == before
    draw = "import random, numpy as np, uuid\n(random.random(), np.random.rand(), str(uuid.uuid4()))"
    first, second = (_run(draw, tmp_path / name).strip("()").split(", ") for name in ("a", "b"))
    assert not {*first} & {*second}, "each draws its own random numbers"


def test_what_forks_has_one_thread_and_a_kernel_that_has_many_does_not_hang(tmp_path: Path) -> None:
    many = (
        "import numpy as np, os, psutil, pyarrow as pa, pyarrow.compute as pc, threading\n"
        "a = np.ones((400, 400)); [a @ a for _ in range(3)]\n"
        "pc.sum(pa.table({'v': np.arange(2_000_000)})['v'])\n"
        "ts = [threading.Thread(target=lambda: a @ a) for _ in range(8)]\n"
        "[t.start() for t in ts]; [t.join() for t in ts]\n"
        "psutil.Process(os.getppid()).num_threads()"
    )
    for number in range(4):
        assert _run(many, tmp_path / str(number)) == "1"


def test_what_would_be_no_fresh_start_is_none_and_that_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (drawn := tmp_path / "drawn").mkdir()
    (drawn / "matplotlibrc").write_text("figure.dpi: 7")
    dpi = "import matplotlib as mpl\nmpl.rcParams['figure.dpi']"
    assert _run(dpi, drawn, "one by one, which takes longer: the kernel's folder has a matplotlibrc") == "7.0"
    assert _run("1", drawn) == "1"
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    hashed = "import sys\nsys.flags.hash_randomization, hash('a')"
    shown = _run(hashed, tmp_path / "seed", "to start with another PYTHONHASHSEED")
    asked = [sys.executable, "-c", "import sys\nprint((sys.flags.hash_randomization, hash('a')))"]
    assert shown == subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.faults
def test_without_fork_reports_are_made_on_ordinary_kernels(tmp_path: Path) -> None:
    code = (
        "import multiprocessing\nmultiprocessing.get_all_start_methods = lambda: ['spawn']\n"
        "from analysis.cli import main\nif __name__ == '__main__':\n    main()\n"
    )
    (tmp_path / "script.py").write_text(code)
    asked = ["run", "published_week", "--weeks", "2017-02-04", "--out", str(tmp_path / "out"), "--jobs", "1"]
    done = subprocess.run([sys.executable, str(tmp_path / "script.py"), *asked], capture_output=True, text=True)
    assert "1 of 1 reports" in done.stdout
    assert done.stderr.count("kernels are started one by one, which takes longer: this system cannot fork") == 1


@pytest.mark.faults
def test_a_temporary_folder_whose_name_is_too_long_for_a_socket(tmp_path: Path) -> None:
    (long := tmp_path / ("x" * 120)).mkdir()
    asked = ["run", "published_week", "--weeks", "2017-02-04", "--out", str(tmp_path / "out")]
    command = [sys.executable, "-c", "from analysis.cli import main; main()", *asked]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TMPDIR": str(long)})
    assert done.returncode == 2
    assert "no worker can be started: AF_UNIX path too long" in done.stderr
    assert "set TMPDIR to another" in done.stderr


def test_a_run_is_not_disturbed_by_modules_where_it_is_started(tmp_path: Path) -> None:
    for name in ("analysis", "random", "pandas"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not this one')")
    command = [sys.executable, "-P", "-c", "from analysis.cli import main; main()", "run", "published_week"]
    done = subprocess.run([*command, "--weeks", "2017-02-04"], cwd=tmp_path, capture_output=True, text=True)
    assert "1 of 1 reports" in done.stdout, done.stderr
    assert done.stderr == ""


@pytest.mark.faults
@pytest.mark.parametrize("killed", ["client", "fork server"])
def test_a_kernel_ends_when_its_client_or_what_forked_it_does(killed: str, tmp_path: Path) -> None:
    """What its cells have started ends with it, if the fork server lives."""
    cell = (
        "import os, pathlib, subprocess\nchild = subprocess.Popen(['sleep', '600'])\n"
        "pathlib.Path('ids').write_text(f'{os.getpid()} {os.getppid()} {child.pid} ')\nwhile True: pass"
    )
    _write(cell, tmp_path)
    env = {**os.environ, DEFAULT_PROVISIONER_VARIABLE: kernels.PROVISIONER}
    command = [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", "--no-progress-bar"]
    with subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.DEVNULL) as client:
        while not (tmp_path / "ids").is_file() or (ids := (tmp_path / "ids").read_text()).count(" ") != 3:
            assert client.poll() is None
        kernel, server, child = (psutil.Process(int(pid)) for pid in ids.split())
        (server if killed == "fork server" else client).kill()
        assert psutil.wait_procs([kernel], timeout=20)[1] == []
        if killed == "client":
            assert psutil.wait_procs([child, server], timeout=20)[1] == []
        else:
            child.kill()
        client.kill()


def test_a_kernel_that_cannot_have_its_sockets_ends() -> None:
    """By itself it would hang: it has threads by then."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        KernelProvisionerFactory.instance().default_provisioner_name = kernels.PROVISIONER
        manager = AsyncKernelManager(iopub_port=other.getsockname()[1], cache_ports=False)

        async def start() -> int | None:
            await manager.start_kernel()
            assert isinstance(manager.provisioner, WarmProvisioner)
            ended = manager.provisioner.process.wait(20)
            await manager.cleanup_resources()  # a socket left open would keep this process at its end
            return ended

        assert asyncio.run(start()) == 1


LAB = """
import asyncio
from pathlib import Path
from jupyter_client.multikernelmanager import AsyncMultiKernelManager
import analysis.run.kernels

async def use():
    many = AsyncMultiKernelManager()
    manager = many.get_kernel(await many.start_kernel(kernel_name="python3"))
    client = manager.client()
    client.start_channels()
    async def ask(code):
        await client.wait_for_ready(timeout=60)
        return (await client.execute_interactive(code, timeout=60))["content"]["status"]
    forked = "import os, psutil; assert 'forkserver' in ' '.join(psutil.Process(os.getppid()).cmdline())"
    print(await ask(forked))
    message = client.execute("import time; print('begun'); time.sleep(60)")
    while (await client.get_iopub_msg(timeout=30))["msg_type"] != "stream":
        pass
    await manager.interrupt_kernel()
    print((await client.get_shell_msg(timeout=30))["content"]["ename"])
    await manager.restart_kernel()
    print(await ask(forked))
    with Path(analysis.run.kernels.__file__).parents[1].joinpath("periods.py").open("a") as module:
        module.write("NEW = 1\\n")
    await manager.restart_kernel()
    print(await ask("import analysis.periods; assert analysis.periods.NEW == 1"))
    client.stop_channels()
    await many.shutdown_all()
    print(await manager.is_alive())

asyncio.run(use())
"""


def test_jupyterlabs_manager_starts_interrupts_and_restarts_a_kernel_with_the_package_as_it_stands(
    tmp_path: Path,
) -> None:
    shutil.copytree(Path(kernels.__file__).parents[1], tmp_path / "analysis")
    for name in ("data", "notebooks"):
        (tmp_path / name).symlink_to(bundled_folder(name))
    (tmp_path / "lab.py").write_text(LAB)
    env = {**os.environ, DEFAULT_PROVISIONER_VARIABLE: kernels.PROVISIONER, "JUPYTER_PREFER_ENV_PATH": "1"}
    env["PYTHONPATH"] = str(tmp_path)
    done = subprocess.run([sys.executable, tmp_path / "lab.py"], env=env, capture_output=True, text=True)
    assert done.stdout.split() == ["ok", "KeyboardInterrupt", "ok", "ok", "False"], done.stderr
    assert "the package has been edited" in done.stderr


def test_a_kernelspec_may_name_the_provisioner_which_stock_papermill_finds_by_its_entry_point(tmp_path: Path) -> None:
    (folder := tmp_path / "kernels" / "warm").mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Warm Python",
        "language": "python",
        "metadata": {"kernel_provisioner": {"provisioner_name": kernels.PROVISIONER}},
    }
    (folder / "kernel.json").write_text(json.dumps(spec))
    _write("import os, psutil\n' '.join(psutil.Process(os.getppid()).cmdline())", tmp_path)
    command = [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", "--no-progress-bar", "-k", "warm"]
    env = {**os.environ, "JUPYTER_PATH": str(tmp_path)}
    subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True)
    assert "analysis.run.kernels" in _shown(tmp_path / "out.ipynb")
