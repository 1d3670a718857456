"""What the fork server imports and uses once, for all workers and kernels; no thread is started."""

import builtins
import gc
import importlib
import io
import os
import pkgutil
import signal
import sys
from contextlib import suppress
from multiprocessing import forkserver
from pathlib import Path
from types import SimpleNamespace

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}  # more would not live through a fork; and no number depends on the machine
WHILE_IMPORTING = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # as a kernel sets it before matplotlib is imported
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a notice about frozen modules
}
LIBRARIES = """
IPython.core.completerlib IPython.core.debugger IPython.core.logger IPython.core.oinspect IPython.extensions.storemagic
IPython.utils.wildcard faulthandler ipykernel.debugger ipykernel.ipkernel ipykernel.kernelapp ipykernel_launcher pandas
matplotlib.backends.backend_agg matplotlib.backends.backend_svg matplotlib.pyplot pyarrow.parquet scipy.stats seaborn
sqlite3 tornado.platform.asyncio analysis.run.worker
"""  # what every kernel imports at its start, what notebooks do, and what workers do
made: dict[str, str] = {}
"""The variables that imports have set, as they set them in every kernel."""


def preload() -> None:
    """Import and use what notebooks import, without leaving a trace that a notebook could see."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks for workers and kernels
    sys.path[:] = [path for path in sys.path if path]
    os.environ.update({**WHILE_IMPORTING, **os.environ, **ONE_THREAD})
    before, run = dict(os.environ), os.getppid()
    builtins.get_ipython = lambda: SimpleNamespace(kernel=True)  # type: ignore[attr-defined]  # pandas asks for it
    names = LIBRARIES.split()
    for room in ("load", "stats", "show"):
        folder = str(Path(__file__).parents[1] / room)
        names += [f"analysis.{room}.{module.name}" for module in pkgutil.iter_modules([folder])]
    for name in names if os.getppid() == run else ():
        with suppress(Exception):  # the reports that need it will say what is wrong with it
            importlib.import_module(name)
    del builtins.get_ipython  # type: ignore[attr-defined]
    for kind in ("svg", "png"):
        sys.modules["matplotlib.figure"].Figure().savefig(io.BytesIO(), format=kind)
    made.update(os.environ.items() - before.items())
    gc.collect()
    gc.freeze()  # what is shared is not walked through, and so not copied, in every one of them


if getattr(sys.modules["__main__"], "main", None) is forkserver.main:  # in the fork server, which can only import
    preload()
