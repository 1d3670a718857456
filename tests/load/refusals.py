"""How a test holds a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from analysis.errors import InputError


@contextmanager
def refused(*parts: object) -> Iterator[None]:
    """Hold that something stops with one sentence that has all the parts."""
    with pytest.raises(InputError) as refusal:
        yield
    message = str(refusal.value)
    assert [part for part in parts if str(part) not in message] == [], message
    assert "\n" not in message
