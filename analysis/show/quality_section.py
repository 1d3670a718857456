"""Section on this project's order of offences by severity.

A section is what ``display(*section)`` shows.
"""

from __future__ import annotations

from analysis.show.quality_listings import severity_order
from analysis.show.sentences import NO_OFFENCE
from analysis.show.sheet import Sheet, Shown


def placed_offences(sheet: Sheet, has_offences: bool) -> list[Shown]:
    """Show the order of severity, or say that a source has no offence."""
    if not has_offences:
        return [sheet.say(NO_OFFENCE)]
    return [
        sheet.table(
            severity_order(),
            "severity",
            "One row per kind of offence, gravest first. The order is our proposal, not a standard: it follows the "
            "FBI's hierarchy for the offences of its Part I and places the others beside them.",
        )
    ]
