"""Scorecards to the rows that tables show, and the section on how good a week's data are.

A section is what ``display(*section)`` shows.
"""

from __future__ import annotations

import pandas as pd

from analysis.load.quality import DRIFT, ERRORS, LEAST_DRIFT, LEAST_THERE, LEVELS, NOT_JUDGED, scorecard_facts, written
from analysis.show.sheet import Sheet, Shown

NOT_CHECKED = {
    "quality_repeats": "person ids, so that a repeat cannot be told from another detainer",
    "quality_blank_state": "the state of any detainer",
    "quality_unplaced": "offences",
}
"""What a source lacks where a check of the week is left out."""


def scorecard_rows(card: pd.DataFrame) -> pd.DataFrame:
    """Write a scorecard's numbers for a reader; what stops first, then what warns, else in the order of the checks."""
    rows = card.assign(found=card["found"].map(written), checked=card["what"], part_found=card["share"])
    ordered = rows.sort_values("level", key=lambda level: -level.map((NOT_JUDGED, *LEVELS).index), kind="stable")
    return ordered[["level", "checked", "found", "part_found", "norm", "note"]]


def week_quality(sheet: Sheet, card: pd.DataFrame) -> list[Shown]:
    """Show the scorecard of a week's data, and say what of it the source cannot tell.

    Parameters
    ----------
    sheet
        The report, which knows ``trailing_weeks``.
    card
        As from :func:`analysis.stats.quality.week_scorecard`.
    """
    sheet.know(
        **scorecard_facts(card),
        limit_drift=DRIFT,
        limit_errors=ERRORS,
        limit_least_drift=LEAST_DRIFT,
        limit_there=LEAST_THERE,
    )
    lacking = [words for check, words in NOT_CHECKED.items() if check not in set(card["check"])]
    return [
        sheet.say(
            "Checks of the week's data, all states together: {checks:n}. Passed: {checks_pass:n}. "
            "**Warnings: {checks_warn:n}. Stops: {checks_stop:n}.** Held against nothing: {checks_not_judged:n}.",
            f"Not checked, for the source does not have it: {'; '.join(lacking)}." if lacking else "",
        ),
        sheet.table(
            scorecard_rows(card).rename(columns={"norm": "usual_share"}),
            "week_quality",
            "One row per check of the week's data, all states together, repeats included; what stops or warns first. "
            "Pass: as usual for this source, which does not mean that the data are good. "
            "Usual: the median of the {trailing_weeks} full weeks before. A share warns where it lies outside the "
            "range of those weeks by more than {limit_drift:n} standard deviations of a cell and {limit_errors:n} "
            "standard errors together, and by {limit_least_drift:limit} at least; the number read, by more than "
            "{limit_errors:n} of its square roots. It stops where less than {limit_there:limit} of what is usual is "
            "there: then the week is compared with none. A dash for the level: there is nothing to hold it against.",
        ),
    ]
