"""Counts of small cells as they may be shown: states by offence group, and the agencies of one place.

The same cells are shown by several reports and figures, so each takes them from here.
"""

from __future__ import annotations

import pandas as pd

from analysis.load.names import OTHER_AGENCIES
from analysis.load.offences import groups
from analysis.stats.counts import NOT_GIVEN, count_outcomes
from analysis.stats.disclosure import THRESHOLD, TOTAL, WITHHELD, Suppressed, suppress_table

OTHER_STATES, OTHER_GROUPS = "other states", "other groups"
ELSE = "else"


def state_by_offence(rows: pd.DataFrame, column: str, threshold: int = THRESHOLD) -> Suppressed | None:
    """Count a week's detainers by state and offence group, small cells not shown.

    The totals of states and of offence groups are published elsewhere in full, so they stay; whatever would let a small
    cell be worked out from them is left out too. States and groups with a total below twice the threshold are added up,
    since next to nothing could be shown of them.

    Parameters
    ----------
    rows
        The week's detainers of all states.
    column
        ``issued`` or another column of :func:`count_outcomes`.
    threshold
        Smallest count above zero that is shown.

    Returns
    -------
    Suppressed or None
        Rows are states, most detainers first, then ``not given`` and ``other states``; columns offence groups by
        severity, then ``other groups``; each with ``total``. None where fewer than two rows or columns are left.
    """
    counts = count_outcomes(rows, ["state", "offence_group"])[column].unstack(fill_value=0)  # noqa: PD010 (index levels)
    by_size = counts.sum(axis="columns").sort_values(ascending=False, kind="stable").index
    states = [state for state in by_size if state != NOT_GIVEN] + [state for state in by_size if state == NOT_GIVEN]
    severity = [group for group in groups().index if group in counts.columns]
    table = _add_up_small(counts.loc[states, severity], 2 * threshold, OTHER_STATES)
    table = _add_up_small(table.T, 2 * threshold, OTHER_GROUPS).T
    return suppress_table(table, threshold, totals_known=True) if min(table.shape) > 1 else None


def visible_mix(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give what the table of states by offence group shows of each state's mix, and nothing more.

    Whatever is made of these two frames tells no cell that the table hides.

    Parameters
    ----------
    rows
        Detainers of one period, all states.

    Returns
    -------
    tuple of pandas.DataFrame
        Detainers by state (rows; those that the table adds up are left out) and offence group, NaN where hidden, and a
        state's hidden cells taken together in the last column; and the share of declines of each of these in all states
        together.
    """
    counts = count_outcomes(rows, ["state", "offence_group"])[["issued", "declined"]]
    by_state, by_group = (counts.groupby(level=level).sum() for level in (0, 1))
    shown = state_by_offence(rows, "issued")
    states = by_state.index[by_state["issued"] >= 2 * THRESHOLD].drop(NOT_GIVEN, errors="ignore")
    if shown is None:
        whole = by_state.loc[states, ["issued"]].set_axis([WITHHELD], axis="columns")
        return whole, whole * 0 + by_group["declined"].sum() / max(1, by_group["issued"].sum())
    cells = shown.values.drop(columns=TOTAL).reindex(states)  # noqa: PD011 (a field of the result, not of a frame)
    lumped = by_group.drop(cells.columns.drop(OTHER_GROUPS, errors="ignore")).sum()
    sums = pd.concat([by_group, lumped.to_frame(OTHER_GROUPS).T]).loc[cells.columns]
    hidden = cells.isna().astype(int)
    cells[WITHHELD] = by_state["issued"].reindex(states) - cells.sum(axis="columns")
    shares = cells * 0 + sums["declined"] / sums["issued"]
    shares[WITHHELD] = (hidden @ sums["declined"]) / (hidden @ sums["issued"]).replace(0, 1)
    return cells, shares


def is_shown(shown: Suppressed | None, row: str, column: str) -> bool:
    """Say whether a table shows a cell's count."""
    if shown is None or row not in shown.labels.index or column not in shown.labels.columns:
        return False
    return not bool(shown.hidden.loc[row, column])


def _add_up_small(table: pd.DataFrame, least: int, name: str) -> pd.DataFrame:
    """Add the rows with a total below the least up into one, the last."""
    small = table.sum(axis="columns") < least
    return pd.concat([table[~small], table[small].sum().to_frame(name).T]) if small.any() else table


def agency_outcomes(rows: pd.DataFrame, threshold: int = THRESHOLD) -> Suppressed | None:
    """Count the detainers of one state's agencies and those recorded as declined, small counts not shown.

    The state's totals are published, so they stay. Agencies with fewer detainers than twice the threshold are added up,
    with the next larger one if they are but one or their sum is below the threshold: a sum tells of none of its parts.

    Parameters
    ----------
    rows
        Detainers of one state over a period, all of them.
    threshold
        Smallest count above zero that is shown.

    Returns
    -------
    Suppressed or None
        Rows are agencies, most detainers first, then ``other agencies``; columns ``declined``, ``else`` and ``total``
        (detainers issued). None where the source names no agency, or fewer than two rows are left.
    """
    if rows["agency"].isna().all():
        return None
    counts = count_outcomes(rows, "agency")
    table = pd.DataFrame({"declined": counts["declined"], ELSE: counts["issued"] - counts["declined"]})
    order = counts["issued"].sort_values(ascending=False, kind="stable").index
    sizes = counts["issued"].loc[order]
    small = int((sizes < 2 * threshold).sum())
    while 0 < small < len(sizes) and (small == 1 or sizes.iloc[-small:].sum() < threshold):
        small += 1
    shown = table.loc[order[: len(order) - small]]
    if small:
        rest = table.loc[order[len(order) - small :]].sum().to_frame(OTHER_AGENCIES).T
        shown = pd.concat([shown, rest])
    return suppress_table(shown, threshold, totals_known=True) if len(shown) > 1 else None
