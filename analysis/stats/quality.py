"""The scorecard of one week's data: what was read, what lacks, and whether that is usual for the source."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd

from analysis.load.offences import STATUS_GROUPS
from analysis.load.quality import ERRORS, NOT_JUDGED, PASS, STOP, WARN, Check, against_known, as_card
from analysis.load.repeats import COUNTED, is_repeat
from analysis.load.table import Outcome
from analysis.periods import Calendar, as_timestamps, week_of
from analysis.stats.counts import TRAILING_WEEKS

READ, ENDS = "quality_read", "quality_not_recorded"
OF_GATE = {"detainers": READ, "ends": ENDS, "states": "quality_blank_state"}
"""The check that stops where a gate of the week fails, by gate."""
SHARES = {
    ("quality_counted", "counted in this report", "counted", "read"): "person",
    ("quality_repeats", "flagged as repeats of another row", "repeats", "read"): "person",
    ("quality_blank_person", "without a person id", "blank_person", "read"): "person",
    ("quality_blank_state", "without a state", "blank_state", "read"): "state",
    (ENDS, "without a recorded end (lift reason blank or not readable)", "not_recorded", "read"): "outcome",
    ("quality_unplaced", "charged or convicted, offence not named or in no group", "unplaced", "offences"): "offence",
}
"""Id, words and the two counts of each check of a share, and what the source must have for it."""


def week_scorecard(
    records: pd.DataFrame, week: date, calendar: Calendar, *, repeats: str, gate: str | None, has_offences: bool
) -> pd.DataFrame:
    """Check what was read of a week against the eight full weeks before it.

    A share warns as a blank share does (:func:`analysis.load.quality.against_known`), the number read outside the
    range of those weeks by more than three of its square roots; what a failed gate is about stops. Nothing is judged
    in a partial week or without eight full weeks before it, nor the ends of an unsettled one.

    Parameters
    ----------
    records, week, calendar
        The records of the week and the eight before it, repeats included; the week; the weeks that the source covers.
    repeats, gate, has_offences
        What was asked of repeats (``left out``, ``counted``); the gate of :data:`OF_GATE` that the week fails, or None;
        whether the source records offences.

    Returns
    -------
    pandas.DataFrame
        One row per check, as in :func:`analysis.load.quality.scorecard`; ``norm`` is the median of eight shares (NaN
        where there are fewer); ``level`` is blank where nothing is judged. A check without its column is left out.
    """
    earlier = calendar.full_weeks_before(week, TRAILING_WEEKS)
    counts = _counts(records, repeats).reindex(as_timestamps([*earlier, week]), fill_value=0)
    refusal = _why_not_judged(week, calendar, len(earlier), int(counts["read"].iloc[-1]))
    there = {
        "person": records["person"].notna().any(),
        "state": records["state"].notna().any(),
        "offence": has_offences,
    }
    shares = [share for share, column in SHARES.items() if there.get(column, True)]
    checks = [_read(counts["read"], refusal), *_shares(counts, shares, calendar.is_settled(week), refusal)]
    return as_card(one._replace(level=STOP) if one.check == OF_GATE.get(gate or "") else one for one in checks)


def _counts(records: pd.DataFrame, repeats: str) -> pd.DataFrame:
    """Count by week what was read, counted, repeated and left blank."""
    number, group, again = records["detainers"], records["offence_group"], is_repeat(records["duplicate"])
    nothing, not_placed = STATUS_GROUPS
    marks = {
        "read": True,
        "counted": repeats == COUNTED or ~again,
        "repeats": again,
        "blank_person": records["person"].isna(),
        "blank_state": records["state"].isna(),
        "not_recorded": records["outcome"] == Outcome.NOT_RECORDED,
        "offences": group.notna() & (group != nothing),
        "unplaced": group == not_placed,
    }
    frame = pd.DataFrame({name: number * mark for name, mark in marks.items()})
    return frame.groupby(week_of(records["issued_on"])).sum()


def _why_not_judged(week: date, calendar: Calendar, before: int, read: int) -> str:
    """Say why nothing of a week is held against the weeks before it; blank where it is."""
    if calendar.is_partial(week):
        return f"the source covers {calendar.days_covered(week)} of the week's 7 days"
    if before < TRAILING_WEEKS:
        return f"only {before} of {TRAILING_WEEKS} full weeks before"
    return "" if read else "no detainer in this week"


def _read(read: pd.Series, refusal: str) -> Check:
    """Hold the number read against the eight numbers before it."""
    found, before, what = int(read.iloc[-1]), read.iloc[:-1], "detainers read"
    if refusal:
        return Check(READ, what, found, level=NOT_JUDGED, note=refusal)
    nearest = float(np.clip(found, before.min(), before.max()))
    level = WARN if abs(found - nearest) > ERRORS * np.sqrt(max(1.0, nearest)) else PASS
    return Check(READ, what, found, level=level, note=f"usual: {before.median():,.0f}")


def _shares(
    counts: pd.DataFrame, shares: list[tuple[str, str, str, str]], settled: bool, refusal: str
) -> Iterator[Check]:
    """Hold each share against the eight shares before it."""
    for check, what, part, of in shares:
        found, whole = (int(counts[name].iloc[-1]) for name in (part, of))
        before = (counts[part] / counts[of].where(counts[of] > 0)).iloc[:-1].dropna()
        usual = before.median() if len(before) == TRAILING_WEEKS else None
        share = found / whole if whole else None
        why = refusal or ("ends of an unfinished week are still missing" if check == ENDS and not settled else "")
        level, note = NOT_JUDGED, why or ("none is recorded" if share is None else "not every week before has any")
        if not why and share is not None and usual is not None:
            level = against_known(share, whole, before)[0]
            note = f"the weeks before: {before.min():.1%} to {before.max():.1%}"
        yield Check(check, what, found, share, usual, level, note)
