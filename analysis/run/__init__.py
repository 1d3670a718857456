"""Notebooks to reports: parameters, batches, pages and the site."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# jsonschema would spend 2.5 s on compiling grammars for addresses that no notebook's schema asks for.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


@contextmanager
def left_out(name: str) -> Iterator[None]:
    """Import something else without a module that it would import, and can do without."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
