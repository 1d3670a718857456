"""The output streams of a forked kernel: Jupyter's own, but for one thing: what is empty is not flushed.

A kernel flushes both streams some eight times a cell, and each time waits for the thread that sends. That was most of
what a cell cost.
"""

from __future__ import annotations

import select

from ipykernel import iostream


class OutStream(iostream.OutStream):
    """Jupyter's stream; what is written and sent, and in which order, stays as it is."""

    def flush(self) -> None:
        """Send what was written, if anything was; see :meth:`ipykernel.iostream.OutStream.flush`."""
        if self._buffers or self._is_told_below():
            super().flush()

    def _is_told_below(self) -> bool:
        """Say whether something was written to the file descriptor that the stream did not read yet."""
        return self._fid is not None and bool(select.select([self._fid], [], [], 0)[0])


OutStream.__module__ = iostream.OutStream.__module__  # a notebook that shows its streams should not tell kernels apart
