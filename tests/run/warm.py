"""Running a notebook by stock papermill on an ordinary kernel, or as a report is on a warm one, in its own process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import analysis.run  # noqa: F401  (before papermill: it keeps a slow import out)
from analysis.run import kernels
from analysis.run.kernels import PROVISIONER

DEFAULT_PROVISIONER_VARIABLE = "JUPYTER_DEFAULT_PROVISIONER_NAME"


def must_fork() -> None:
    """Let no ordinary kernel stand in for a warm one in this process: compared with another, it would be the same."""
    kernels._say_once = _no_fork  # type: ignore[assignment]


def _no_fork(reason: str) -> None:
    raise AssertionError(f"a warm kernel was asked for, and an ordinary one started: {reason}")


def execute(path: Path, folder: Path, *, warm: bool) -> str:
    """Run a notebook into ``executed.ipynb``; give the error with which papermill ends, blank for none."""
    from jupyter_client.provisioning import KernelProvisionerFactory
    from nbclient.exceptions import DeadKernelError
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    from analysis.run import worker

    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.environ[DEFAULT_PROVISIONER_VARIABLE] = PROVISIONER if warm else "local-provisioner"
    KernelProvisionerFactory.clear_instance()
    executed = str(folder / "executed.ipynb")
    named: Any = worker._sockets(f"{folder}-socket")  # a port could be taken by another kernel meanwhile
    ours: dict[str, Any] = {"engine_name": "declines", "executed": executed, "kernel_manager_class": worker.Manager}
    try:
        asked: dict[str, Any] = {"cwd": str(folder), "progress_bar": False, "kernel_name": "python3", "config": named}
        execute_notebook(str(path), executed, **asked, **(ours if warm else {}))
    except (PapermillExecutionError, DeadKernelError) as error:
        return f"{type(error).__name__}: {error}"
    return ""
