"""Revisions as a reader meets them: which figure, what it was and what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.show.tables import COLUMNS, TEXTS, write

COMPARED = {
    "last_week_": "Against last week",
    "trailing_": "Against the weeks before",
    "trend_": "Trend",
    "previous_all_": "Against last week, all places",
    "previous_outside_": "Against last week, without the place apart",
    "next_all_": "Next week, all places",
    "next_outside_": "Next week, without the place apart",
}
"""First words of the ids of facts that belong to a comparison or to another count, and how a reader meets them."""


def for_reading(revisions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Write the changes of revisions for a reader: ``rows`` of ``figure``, ``was``, ``now``, ``why`` and ``fact``."""
    return [
        {
            **revision,
            "rows": [
                {
                    "fact": change["fact"],
                    "figure": label(change["fact"]),
                    "was": written(change["fact"], change["was"]),
                    "now": written(change["fact"], change["is"]),
                    "why": change.get("why", ""),
                }
                for change in revision["changes"]
            ],
        }
        for revision in revisions
    ]


def label(fact: str) -> str:
    """Name a fact: by the heading of the column of that name and what it is compared with, else by its id in words."""
    for prefix, words in COMPARED.items():
        if (measure := fact.removeprefix(prefix)) != fact and measure in COLUMNS:
            return f"{words}: {COLUMNS[measure].heading}"
    return COLUMNS[fact].heading if fact in COLUMNS else fact.replace("_", " ").capitalize()


def written(fact: str, value: object) -> str:
    """Write a fact's value as the column that its name ends with does: ``last_week_share`` as ``share``."""
    parts = fact.split("_")
    known = next((end for n in range(len(parts)) if (end := "_".join(parts[n:])) in COLUMNS), "")
    limits = {limit: spec.kind for spec in COLUMNS.values() for limit in spec.interval or ()}
    kind = COLUMNS[known].kind if known else limits.get(fact, "text")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return write(value, "text")
    if kind in TEXTS:
        return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
    return write(value, kind)
