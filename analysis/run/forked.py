"""What a forked kernel is made of: Jupyter's own classes, but for what they would do for nothing or again.

Notebooks cannot tell them from Jupyter's.
"""

from __future__ import annotations

import select
import sys
from types import SimpleNamespace
from typing import Any

from ipykernel import iostream, ipkernel

_files: list[str] = []


class OutStream(iostream.OutStream):
    """Jupyter's stream; what is written and sent, and in which order, stays as it is.

    A kernel flushes both streams some eight times a cell, and each time waits for the thread that sends. That was most
    of what a cell cost.
    """

    def flush(self) -> None:
        """Send what was written, if anything was; see :meth:`ipykernel.iostream.OutStream.flush`."""
        if self._buffers or self._is_told_below():
            super().flush()

    def _is_told_below(self) -> bool:
        """Say whether something was written to the file descriptor that the stream did not read yet."""
        return self._fid is not None and bool(select.select([self._fid], [], [], 0)[0])


class IPythonKernel(ipkernel.IPythonKernel):
    """Jupyter's kernel, which takes the list of files that a debugger passes over from the parent.

    To make it is to look at every module that was imported, and each page of memory that this touches is copied.
    """

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        with_none = SimpleNamespace(**{**vars(sys), "modules": {}})
        ipkernel.sys, own = with_none, ipkernel.sys  # type: ignore[assignment]
        try:
            super().__init__(**kwargs)
        finally:
            ipkernel.sys = own
        self._kernel_modules = _files
        if debugger := getattr(self, "debugger", None):
            debugger.kernel_modules = _files


for _class in (OutStream, IPythonKernel):
    _class.__module__ = _class.__base__.__module__


def list_files() -> None:
    """List the files of what this process has imported, for the kernels that it forks."""
    _files[:] = [file for module in [*sys.modules.values()] if (file := getattr(module, "__file__", None))]


def classes() -> dict[str, Any]:
    """Give the settings by which a kernel takes these classes."""
    return {"outstream_class": f"{__name__}.OutStream", "kernel_class": f"{__name__}.IPythonKernel"}
