"""How well each of ICE's weekly reports of 2017 is known: the scorecards, which are data."""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.load.reference import crosswalk
from analysis.load.scorecards import Check


def report_scorecard(week: date) -> pd.DataFrame:
    """Give the scorecard of one published week: how well its report is known.

    Returns
    -------
    pandas.DataFrame
        One row per check, as in :func:`analysis.load.quality.scorecard`; what the levels mean stands in the origin
        file of ``data/reference/published_quality.csv``. ``norm`` is always NaN, since three reports tell no usual
        share. What is not known is said in words, never as 0.
    """
    card = crosswalk("published_quality", "row_id")
    card = card[card["week_start"] == week.isoformat()].reset_index(drop=True)
    found, whole = (pd.to_numeric(card[name], errors="coerce") for name in ("found", "whole"))
    return card.assign(share=found / whole, norm=float("nan"))[list(Check._fields)]
