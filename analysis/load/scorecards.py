"""What every scorecard is made of: a check and its levels, a share held against known ones, the card and its facts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

PASS, WARN, STOP = "pass", "warn", "stop"
NOT_JUDGED = ""
"""Level of a check for which there is nothing to hold it against."""
LEVELS = (PASS, WARN, STOP)
TOTALS_DIFFER = 0.05
"""Two publishers' totals of one year differ by up to 3.7%; a missing month is 8%."""
# The known shares of one form move by up to 0.083 standard deviations of a cell between releases (lift reasons: 37.4 to
# 33.4% blank): a tenth, and never less than half a point, lets that pass and little more.
DRIFT, LEAST_DRIFT = 0.1, 0.005
ERRORS = 3  # standard errors more, for small files
LEAST_THERE = 0.6
"""Part of what is usual: weeks with a holiday have 67% of the detainers, a published last week that is cut has 55%."""


class Check(NamedTuple):
    """One row of a scorecard (:func:`analysis.load.quality.scorecard`)."""

    check: str
    what: str
    found: object
    share: float | None = None
    norm: float | None = None
    level: str = PASS
    note: str = ""


def level_of(share: float, warn: float, stop: float = np.inf) -> str:
    """Give the level of a share: warn from one bound on, stop above the other."""
    return STOP if share > stop else WARN if share >= warn else PASS


def warned(doubtful: object) -> str:
    """Give the level of something that should not be there at all."""
    return WARN if doubtful else PASS


def against_known(share: float, rows: int, known: pd.Series) -> tuple[str, float | None, str]:
    """Hold a blank share against the range of known ones; give the level, the nearest known share and a note.

    Outside the range it may lie by :data:`DRIFT` standard deviations of a cell and three standard errors of so many
    rows, and by half a point at least.
    """
    if known.empty:
        return PASS, None, ""
    low, high = known.min(), known.max()
    nearest = float(np.clip(share, low, high))
    allowed = np.sqrt(nearest * (1 - nearest)) * (DRIFT + ERRORS / np.sqrt(max(1, rows)))
    note = f"known: {low:.1%}" + (f" to {high:.1%}" if high > low else "")
    if abs(share - nearest) <= max(LEAST_DRIFT, allowed):
        return PASS, nearest, note
    doubt = "is the column whole?" if share > nearest else "has the file only some of the rows?"
    return WARN, nearest, f"{note}; {doubt}"


def as_card(found: Iterable[Check]) -> pd.DataFrame:
    """Put checks below each other."""
    card = pd.DataFrame(found, columns=list(Check._fields))
    text = dict.fromkeys(("check", "what", "found", "level", "note"), "str")
    return card.astype({**text, "share": float, "norm": float})


def written(found: str) -> str:
    """Write what a check found for a reader: thousands separated; days and words as they are."""
    return f"{int(found):,}" if re.fullmatch(r"-?\d+", found) else found


def scorecard_facts(card: pd.DataFrame) -> dict[str, object]:
    """Give a scorecard as facts by id: ``ID``, ``ID_share``, ``ID_norm``, ``ID_note`` of each check, and the levels."""
    facts: dict[str, object] = {"checks": len(card)}
    facts |= {f"checks_{level or 'not_judged'}": int((card["level"] == level).sum()) for level in (*LEVELS, NOT_JUDGED)}
    for row in card.itertuples():
        number = re.fullmatch(r"-?\d+", row.found)
        of_check = {"": int(row.found) if number else row.found, "_share": row.share, "_norm": row.norm}
        facts |= {f"{row.check}{part}": value for part, value in of_check.items() if pd.notna(value)}
        facts |= {f"{row.check}_note": row.note} if row.note else {}
    return facts
