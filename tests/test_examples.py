"""The examples in docstrings run, and give what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest
from made_cohorts import opened, published
from test_rooms import MODULES

WITH_EXAMPLES = [name for name, path in MODULES.items() if ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_give_what_they_say(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.stats.published.published_week", published)
    if name != "analysis.stats.cohort":  # which has the examples of this function
        monkeypatch.setattr("analysis.stats.cohort.cohort", opened)
    assert {"analysis.stats.inference", "analysis.stats.cohort"} <= set(WITH_EXAMPLES)
    failed, attempted = doctest.testmod(importlib.import_module(name))
    assert failed == 0 < attempted
