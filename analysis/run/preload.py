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
from types import SimpleNamespace

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""More would not live through a fork; and so a number does not depend on the machine."""
WHILE_IMPORTING = {
    **ONE_THREAD,
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # as a kernel sets it before matplotlib is imported
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a notice about frozen modules
}
"""Variables of the fork server while it imports."""
LIBRARIES = (
    "IPython.core.completerlib IPython.core.debugger IPython.core.logger IPython.core.oinspect IPython.utils.wildcard "
    "IPython.extensions.storemagic faulthandler ipykernel.debugger ipykernel.ipkernel ipykernel.kernelapp sqlite3 "
    "ipykernel_launcher matplotlib.backends.backend_agg matplotlib.backends.backend_svg matplotlib.pyplot pandas "
    "pyarrow.parquet scipy.stats seaborn tornado.platform.asyncio"
)
"""What every kernel imports at its start, and what notebooks do."""
made: dict[str, str] = {}
"""The variables that imports have set, as they set them in every kernel."""


def preload() -> None:
    """Import and use what notebooks import, without leaving a trace that a notebook could see."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks for workers and kernels
    sys.path[:] = [path for path in sys.path if path]
    before, run = dict(os.environ), os.getppid()
    builtins.get_ipython = lambda: SimpleNamespace(kernel=True)  # type: ignore[attr-defined]  # pandas asks for it
    names = LIBRARIES.split()
    for room in ("load", "stats", "show"):
        folder = os.path.join(os.path.dirname(os.path.dirname(__file__)), room)
        names += [f"analysis.{room}.{module.name}" for module in pkgutil.iter_modules([folder])]
    for name in [*names, "analysis.run.worker"]:
        if os.getppid() != run:  # which has ended already
            os._exit(0)
        with suppress(Exception):  # the reports that need it will say what is wrong with it
            importlib.import_module(name)
    del builtins.get_ipython  # type: ignore[attr-defined]
    figure = sys.modules["matplotlib.figure"].Figure()
    figure.add_subplot().set_title("Aa1")
    for kind in ("svg", "png"):
        figure.savefig(io.BytesIO(), format=kind)
    made.update(os.environ.items() - before.items())
    gc.collect()
    gc.freeze()  # what is shared is not walked through, and so not copied, in every one of them


if sys.argv == ["-c"]:  # in the fork server, which can only import
    preload()
