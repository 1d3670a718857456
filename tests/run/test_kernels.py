"""Warm kernels: nothing passes from one to the next, none outlives its client; where none is forked, one is started."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from jupyter_client.connect import write_connection_file
from jupyter_client.manager import start_new_kernel
from jupyter_client.multikernelmanager import AsyncMultiKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory
from nbformat.v4 import new_code_cell, new_notebook
from warm import DEFAULT_PROVISIONER_VARIABLE, execute

from analysis.run import forking, kernels
from analysis.run.kernels import ForkedKernel, NoFork, WarmParent, WarmProvisioner

COMMAND = [sys.executable, "-m", "ipykernel_launcher", "-f", "none.json"]
LOOK = """
import os, random, sys, warnings, builtins, locale, decimal, threading
import numpy as np, pandas as pd, matplotlib as mpl, seaborn as sns
import analysis.load.files as files, analysis.periods as weeks
[
    os.path.basename(os.getcwd()), os.environ.get("SPOILT"), sys.path[0], "spoilt" in sys.modules,
    hasattr(builtins, "spoilt"), hasattr(np, "spoilt"), weeks.SETTLING_DAYS, files.crosswalk.cache_info().currsize,
    mpl.rcParams["figure.dpi"], mpl.rcParams["backend"], pd.options.display.max_rows,
    np.get_printoptions()["precision"], np.geterr()["divide"], decimal.getcontext().prec, len(warnings.filters),
    "spoilt" in globals(), os.path.exists("left_here"), len(sns._orig_rc_params) > 0, sys.getrecursionlimit(),
]
"""
SPOIL = """
import os, random, sys, types, warnings, builtins, decimal
import numpy as np, pandas as pd, matplotlib as mpl, seaborn as sns
import analysis.load.files as files, analysis.periods as weeks
os.environ["SPOILT"] = "1"; sys.path.insert(0, "/spoilt"); sys.modules["spoilt"] = types.ModuleType("spoilt")
builtins.spoilt = np.spoilt = spoilt = 1; weeks.SETTLING_DAYS = 0; files.crosswalk("states", "postal")
mpl.rcParams["figure.dpi"] = 7; mpl.rcParams["backend"] = "agg"; sns.set_theme(); pd.options.display.max_rows = 3
np.set_printoptions(precision=1); np.seterr(all="raise"); decimal.getcontext().prec = 3; warnings.simplefilter("error")
random.seed(1); np.random.seed(1); open("left_here", "w").close(); os.chdir("/"); sys.setrecursionlimit(9999)
"""
DRAW = "import random, numpy as np, uuid\n(random.random(), np.random.rand(), str(uuid.uuid4()))"


def _run(cell: str, folder: Path, *, warm: bool = True) -> str:
    folder.mkdir()
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=[new_code_cell(cell)], metadata={"kernelspec": kernel}), folder / "in.ipynb")
    assert execute(folder / "in.ipynb", folder, warm=warm) == ""
    outputs = nbformat.read(folder / "executed.ipynb", as_version=4).cells[0].outputs
    return outputs[0]["data"]["text/plain"] if outputs else ""


@pytest.mark.slow
def test_a_notebook_that_tries_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    before = _run(LOOK, tmp_path / "same")
    _run(SPOIL, tmp_path / "spoil")
    (tmp_path / "same").rename(tmp_path / "first")
    assert _run(LOOK, tmp_path / "same") == before


@pytest.mark.slow
def test_a_rehearsal_leaves_nothing_to_the_kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = _run(LOOK, tmp_path / "same")
    (tmp_path / "same").rename(tmp_path / "first")
    parent = WarmParent()
    parent.rehearse()
    monkeypatch.setenv(kernels.PARENT_VARIABLE, parent.address)
    assert _run(LOOK, tmp_path / "same") == without
    parent.stop()


@pytest.mark.slow
def test_a_forked_kernel_flushes_what_was_written_and_nothing_else(tmp_path: Path) -> None:
    flushed = (
        "import sys\nfrom unittest import mock\nfrom ipykernel.iostream import OutStream as Stream\n"
        "with mock.patch.object(Stream, 'flush') as flush:\n"
        "    sys.stdout.flush(); before = flush.call_count\n"
        "    sys.stdout.write('.'); sys.stdout.flush(); written = flush.call_count\n"
        "    sys.stdout._buffers.clear()\n"
        "type(sys.stdout).__mro__[1] is Stream, before, written"
    )
    assert _run(flushed, tmp_path / "flushed") == "(True, 0, 1)"


@pytest.mark.slow
def test_a_forked_kernel_knows_what_a_debugger_passes_over(tmp_path: Path) -> None:
    listed = (
        "import sys, pandas\nfrom ipykernel import ipkernel\nkernel = get_ipython().kernel\n"
        "(pandas.__file__ in kernel._kernel_modules, kernel.debugger.kernel_modules is kernel._kernel_modules,\n"
        " type(kernel).__mro__[1] is ipkernel.IPythonKernel, str(type(kernel)), ipkernel.sys is sys)"
    )
    shown = "(True, True, True, \"<class 'ipykernel.ipkernel.IPythonKernel'>\", True)"
    assert " ".join(_run(listed, tmp_path / "listed").split()) == shown


@pytest.mark.slow
def test_every_kernel_draws_its_own_random_numbers(tmp_path: Path) -> None:
    drawn = [_run(DRAW, tmp_path / str(n)) for n in range(5)]
    assert len({number for text in drawn for number in text.strip("()").split(",")}) == 15


@pytest.mark.slow
def test_the_parent_forks_with_one_thread_and_a_kernel_that_has_many_does_not_hang(tmp_path: Path) -> None:
    many = (
        "import numpy as np, pyarrow as pa, pyarrow.compute as pc, threading\n"
        "a = np.ones((400, 400)); [a @ a for _ in range(3)]\n"
        "pc.sum(pa.table({'v': np.arange(2_000_000)})['v'])\n"
        "ts = [threading.Thread(target=lambda: a @ a) for _ in range(8)]\n"
        "[t.start() for t in ts]; [t.join() for t in ts]\n"
        "'done'"
    )
    for number in range(4):
        assert _run(many, tmp_path / str(number)) == "'done'"
    (parent,) = [p for p in psutil.Process().children() if "analysis.run.forking" in " ".join(p.cmdline())]
    assert parent.num_threads() == 1


def _request(**changes: object) -> dict[str, object]:
    return {"command": COMMAND, "cwd": "/", "env": dict(os.environ), **changes}


def test_what_would_be_no_fresh_start_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settled = forking._read_at_import(dict(os.environ))
    monkeypatch.setattr(forking, "_threads", lambda: 1)
    forking._check(_request(), settled)
    with pytest.raises(NoFork, match="another PYTHONHASHSEED"):
        forking._check(_request(env={**os.environ, "PYTHONHASHSEED": "7"}), settled)
    (tmp_path / "matplotlibrc").touch()
    with pytest.raises(NoFork, match="matplotlibrc"):
        forking._check(_request(cwd=str(tmp_path)), settled)
    monkeypatch.setattr(forking, "_threads", lambda: 2)
    with pytest.raises(NoFork, match="has 2 threads"):
        forking._check(_request(), settled)
    with pytest.raises(NoFork, match="not this environment's Python"):
        ForkedKernel(["/usr/bin/env", "-m", "ipykernel_launcher"], "/", {})


def test_a_thread_is_counted() -> None:
    before = forking._threads()
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    assert forking._threads() == before + 1
    done.set()
    thread.join()


@pytest.fixture
def no_parent(tmp_path: Path) -> Iterator[str]:
    """Answer as a parent does whose system will not fork."""
    address = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()

        def answer() -> None:
            client, _ = listener.accept()
            with client:
                client.makefile("rb").readline()
                client.sendall(json.dumps({"no_fork": "[Errno 11] Resource temporarily unavailable"}).encode() + b"\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield address
        thread.join()


@pytest.mark.faults
@pytest.mark.slow
def test_a_fork_that_fails_is_said_once_and_the_kernel_started(
    no_parent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(kernels.PARENT_VARIABLE, no_parent)
    kernels._say_once.cache_clear()
    assert _run("1 + 1", tmp_path / "run") == "2"
    said = "kernels are started one by one, which takes longer: [Errno 11] Resource temporarily unavailable"
    assert capfd.readouterr().err.count(said) == 1


def test_a_temporary_folder_whose_name_is_too_long_for_a_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (long := tmp_path / ("x" * 120)).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with pytest.raises(NoFork, match="no socket can be made in the temporary folder"):
        WarmParent()
    assert list(long.iterdir()) == []


@pytest.mark.slow
def test_a_system_without_fork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(os, "fork")
    kernels._say_once.cache_clear()
    kernels.warm_parent.cache_clear()
    for number in range(2):
        assert _run("1 + 1", tmp_path / str(number)) == "2"
    assert capfd.readouterr().err.count("this system cannot fork") == 1
    kernels.warm_parent.cache_clear()


@pytest.mark.slow
def test_a_kernel_ends_when_its_client_or_its_parent_does(tmp_path: Path) -> None:
    parent = WarmParent()
    env = {**os.environ, kernels.PARENT_VARIABLE: parent.address}
    commands = [[*COMMAND[:-1], str(tmp_path / f"{name}.json")] for name in ("left", "kept", "killed")]
    left, kept, killed = (ForkedKernel(command, str(tmp_path), env) for command in commands)
    assert [kernel.poll() for kernel in (left, kept, killed)] == [None] * 3
    killed.send_signal(signal.SIGTERM)
    assert killed.wait(20) == -signal.SIGTERM
    left._line.close()
    assert psutil.wait_procs([psutil.Process(left.pid)], timeout=20)[1] == []
    processes = [psutil.Process(kept.pid)]
    parent.stop()
    assert kept.wait(20) == -signal.SIGKILL
    assert psutil.wait_procs(processes, timeout=20)[1] == []


@pytest.mark.slow
def test_a_kernel_that_cannot_have_its_sockets_ends(tmp_path: Path) -> None:
    """By itself it would hang: it has threads by then."""
    parent = WarmParent()
    with socket.create_server(("127.0.0.1", 0)) as other:
        name, _ = write_connection_file(str(tmp_path / "connection.json"), iopub_port=other.getsockname()[1])
        env = {**os.environ, kernels.PARENT_VARIABLE: parent.address}
        kernel = ForkedKernel([*COMMAND[:-1], name], str(tmp_path), env)
        assert kernel.wait(20) == 1
    parent.stop()


@pytest.mark.slow
def test_a_kernelspec_may_name_the_provisioner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "kernels" / "warm"
    folder.mkdir(parents=True)
    spec = {
        "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Warm Python",
        "language": "python",
        "metadata": {"kernel_provisioner": {"provisioner_name": kernels.PROVISIONER}},
    }
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    KernelProvisionerFactory.clear_instance()
    manager, client = start_new_kernel(kernel_name="warm")
    try:
        assert isinstance(manager.provisioner, WarmProvisioner)
        assert isinstance(manager.provisioner.process, ForkedKernel)
        assert client.execute_interactive("1 + 1", silent=True, timeout=30)["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    assert not manager.has_kernel


@pytest.mark.slow
def test_jupyterlabs_manager_of_kernels_starts_interrupts_restarts_and_ends_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(DEFAULT_PROVISIONER_VARIABLE, kernels.PROVISIONER)
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    KernelProvisionerFactory.clear_instance()

    async def use() -> list[str]:
        many: Any = AsyncMultiKernelManager()
        name = await many.start_kernel(kernel_name="python3")
        manager = many.get_kernel(name)
        assert isinstance(manager.provisioner.process, ForkedKernel)
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=60)
        told = []
        message = client.execute("import time\nprint('begun')\ntime.sleep(60)")
        while (await client.get_iopub_msg(timeout=30))["msg_type"] != "stream":
            pass
        await manager.interrupt_kernel()
        reply = await client.get_shell_msg(timeout=30)
        assert reply["parent_header"]["msg_id"] == message
        told.append(reply["content"]["ename"])
        await manager.restart_kernel()
        await client.wait_for_ready(timeout=60)
        told.append((await client.execute_interactive("1", timeout=30))["content"]["status"])
        client.stop_channels()
        await many.shutdown_all()
        told.append(str(await manager.is_alive()))
        return told

    assert asyncio.run(use()) == ["KeyboardInterrupt", "ok", "False"]


@pytest.mark.slow
def test_stock_papermill_finds_the_provisioner_by_its_entry_point(tmp_path: Path) -> None:
    env = {**os.environ, DEFAULT_PROVISIONER_VARIABLE: kernels.PROVISIONER, "JUPYTER_PREFER_ENV_PATH": "1"}
    cell = "import os, psutil\n' '.join(psutil.Process(os.getppid()).cmdline())"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=[new_code_cell(cell)], metadata={"kernelspec": kernel}), tmp_path / "in.ipynb")
    command = [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", "--no-progress-bar"]
    subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True)
    outputs = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[0].outputs
    assert "analysis.run.forking" in outputs[0]["data"]["text/plain"]


def test_the_slow_import_is_kept_out() -> None:
    code = "import analysis.run, sys, jsonschema, nbformat\nprint(sys.modules['rfc3987_syntax'])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "None\n"


def test_nothing_waits_for_a_parent_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "START_SECONDS", 0.1)
    address = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        began = time.monotonic()
        with pytest.raises(NoFork, match="does not answer"):
            ForkedKernel(COMMAND, "/", {kernels.PARENT_VARIABLE: address})
    assert time.monotonic() - began < 10
