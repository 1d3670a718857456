"""What is published of each form of release, and holding a table against it: blank shares, totals of periods."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd

from analysis.load.checks import detainers, listed, slug
from analysis.load.columns import normalised
from analysis.load.reference import crosswalk
from analysis.load.scorecards import ERRORS, STOP, TOTALS_DIFFER, WARN, Check, against_known, warned
from analysis.load.table import NAMES, Outcome

JUDGED = ("lift_reason", "state", "city", "agency", "form", "offence_text", "criminality", "citizenship", "person")
"""Columns whose blanks are held against known shares; a blank threat level has a meaning of its own."""


def norms(measure: str) -> pd.DataFrame:
    """Give the published figures of a measure (``blank_share``, ``detainers``, ``declined``).

    One row is a figure of one form: ``form``, ``column``, ``value``, ``first_day``, ``last_day`` (blank = the whole
    release), ``reason``.
    """
    table = crosswalk("release_norms", "norm_id")
    table = table[table["measure"] == measure]
    days = {name: pd.to_datetime(table[name].replace("", None)) for name in ("first_day", "last_day")}
    return table.assign(value=table["value"].astype(float), **days)


def blanks(table: pd.DataFrame, form: str, absent: Collection[str]) -> Iterator[Check]:
    """Hold the blank share of each column against the published ones; a column that the source lacks is left out.

    Without any lift reason no decline can be told: that stops, but where the form has no such column.
    """
    total = int(table["detainers"].sum())
    known = norms("blank_share")
    columns = known["column"].map(normalised)
    carried = [name for name in table.columns if name not in NAMES and normalised(name) in set(columns)]
    for name in [*JUDGED, *carried]:
        blank = detainers(table, table[name].isna())
        share = blank / max(1, total)
        check, what = f"blank_{slug(name)}", f"blank: {name.replace('_', ' ')}"
        if name == "lift_reason" and share == 1:
            never = name in absent
            why = f"form {form} has no such column" if never else "nothing is recorded in any row"
            note = f"{why}, so no decline can be told: take a release with lift reasons"
            yield Check(check, what, blank, share, level=WARN if never else STOP, note=note)
        elif name not in absent:
            of_column = known[columns == normalised(name)]
            own = of_column[of_column["form"] == form]
            level, norm, note = against_known(share, total, (own if len(own) else of_column)["value"])
            note = note if len(own) or not note else f"of other forms, {note}"
            yield Check(check, what, blank, share, norm, level, note)


def totals(table: pd.DataFrame, form: str) -> Iterator[Check]:
    """Hold the detainers and declines of each published period that the table's days reach over against the figure.

    They may differ by :data:`analysis.load.scorecards.TOTALS_DIFFER` of it, and by three of its square roots.
    """
    issued = table["issued_on"].dropna()
    slack = pd.Timedelta(days=7)  # a period's first or last days may have had no detainer
    for measure in ("detainers", "declined"):
        known = norms(measure)
        known = known[known["form"] == form]
        known = known[(known["first_day"] >= issued.min() - slack) & (known["last_day"] <= issued.max() + slack)]
        counted = issued if measure == "detainers" else issued[table["outcome"] == Outcome.DECLINED]
        days = np.sort(counted.to_numpy("datetime64[D]"))
        periods = known.groupby(["first_day", "last_day"])["value"].agg(["min", "max"]).reset_index()
        begins, ends = (periods[name].to_numpy("datetime64[D]") for name in ("first_day", "last_day"))
        periods["found"] = np.searchsorted(days, ends, side="right") - np.searchsorted(days, begins)
        off = []
        for first, last, low, high, found in periods.itertuples(index=False):
            figure = float(np.clip(found, low, high))
            if abs(found - figure) > max(TOTALS_DIFFER * figure, ERRORS * np.sqrt(figure)):
                off.append(f"{first:%Y-%m-%d} to {last:%Y-%m-%d} has {found:,}, published {figure:,.0f}")
        if len(periods):
            note = f"{listed(off, 3)}: is the file whole, and read once?" if off else f"all of {len(periods)} agree"
            what = f"published periods whose {measure} differ"
            yield Check(f"published_{measure}", what, len(off), len(off) / len(periods), level=warned(off), note=note)
