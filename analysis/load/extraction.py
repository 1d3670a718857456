"""The day on which a release was made, where its own files say so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime

DAY_COLUMNS = frozenset(
    {"file original", "data as of", "as of date", "extract date", "extraction date", "extracted on", "date extracted"}
)
"""Columns, by normalised name, that hold it: the day itself, or the names of ICE's own files."""
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?)"
)
_SPELLINGS = (
    (r"(?<!\d)(20\d\d)[-. ]?(\d\d)[-. ]?(\d\d)(?!\d)", "{0}-{1}-{2}", "%Y-%m-%d"),
    (r"(?<![a-z\d])(\d\d?)[-./ ](\d\d?)[-./ ](20\d\d)(?!\d)", "{2}-{0}-{1}", "%Y-%m-%d"),
    (rf"(?<!\d)(\d\d?)[-. ]?({_MONTH})[-., ]*(20\d\d)(?!\d)", "{2}-{1:.3}-{0}", "%Y-%b-%d"),
    (rf"(?<![a-z])({_MONTH})[-. ]*(\d\d?),?[-. ]+(20\d\d)(?!\d)", "{2}-{0:.3}-{1}", "%Y-%b-%d"),
)
"""Ways to write a day, each with the order of its parts: the month stands before the day where both are numbers."""
_OF_PERIOD = re.compile(r"\b(?:from|since|through|thru|until|to|ending|ended)[-: ]*$", re.IGNORECASE)


def days_in(text: str) -> Iterator[date]:
    """Find the days of this century that a text names, but for those said to begin or end a period."""
    spaced = text.replace("_", " ")
    for pattern, order, form in _SPELLINGS:
        for found in re.finditer(pattern, spaced, re.IGNORECASE):
            if _OF_PERIOD.search(spaced[max(0, found.start() - 20) : found.start()]):
                continue
            try:
                yield datetime.strptime(order.format(*found.groups()), form).date()
            except ValueError:
                continue  # digits that are no day


def extraction_day(texts: Iterable[str], newest: date, not_after: date | None) -> date | None:
    """Find the day on which a release was made among what its files are called and say.

    Parameters
    ----------
    texts
        Names of files and sheets, lines above the header, cells of :data:`DAY_COLUMNS`. A text that names several days
        names a period, and is left aside.
    newest
        The newest day of issue: no file is older than its rows.
    not_after
        The last day that is possible, such as today; None = no bound.

    Returns
    -------
    datetime.date or None
        The latest day that is possible; None = the files do not say.
    """
    named = [set(days_in(text)) for text in texts]
    days = {day for found in named if len(found) == 1 for day in found}
    return max((day for day in days if newest <= day and (not_after is None or day <= not_after)), default=None)
