"""Running a notebook by stock papermill, on an ordinary kernel or on a warm one, in the process that asks for it."""

from __future__ import annotations

import os
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

import nbformat
import yaml
from jupyter_client.provisioning import KernelProvisionerFactory
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

import analysis.run  # noqa: F401  (before papermill: it keeps a slow import out)
from analysis.run import kernels

DEFAULT_PROVISIONER_VARIABLE = "JUPYTER_DEFAULT_PROVISIONER_NAME"
CELLS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "cells.yml").read_text(encoding="utf-8"))


def write_cells(path: Path, cells: str) -> Path:
    """Write a notebook of cells, told apart by lines of dashes."""
    path.parent.mkdir(exist_ok=True)
    made = [new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(cells.split("\n---\n"))]
    for cell in made:
        cell.metadata["tags"] = ["raises-exception"] if "raises-exception" in cell.source else []
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=made, metadata={"kernelspec": kernel}), path)
    return path


def execute(path: Path, folder: Path, *, warm: bool) -> str:
    """Run a notebook into ``executed.ipynb``; give the error with which papermill ends, blank for none.

    Where an ordinary kernel stood in for a warm one, that is said instead, once: compared with another, it is the same.
    """
    from nbclient.exceptions import DeadKernelError
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.environ[DEFAULT_PROVISIONER_VARIABLE] = kernels.PROVISIONER if warm else "local-provisioner"
    KernelProvisionerFactory.clear_instance()
    named = Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}-socket"}})  # a port could be taken meanwhile
    asked: dict[str, Any] = {"cwd": str(folder), "progress_bar": False, "kernel_name": "python3", "config": named}
    with redirect_stderr(StringIO()) as said:
        try:
            execute_notebook(str(path), str(folder / "executed.ipynb"), **asked)
        except (PapermillExecutionError, DeadKernelError) as error:
            return f"{type(error).__name__}: {error}"
    return said.getvalue() if "kernels are started one by one" in said.getvalue() else ""
