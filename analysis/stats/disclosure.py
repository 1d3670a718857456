"""Small cells: what of a table may be shown so that no count of 1 to 4 can be worked out from all that is printed.

Printed in full everywhere: the declined and the issued of each state by week, which ICE published, the nation's
outcomes by week, and the nation's declined and issued of each offence group by week. Of everything finer a count of 1 to 4 is
not shown (primary suppression), nor are the further counts that would give it away (complementary suppression).

What is declined and what is not are tables apart, each with totals that are printed, so neither can be narrowed by the
other; a cell's issued is shown where both parts are. Different tables have only totals in common that are printed in
full, and so linked they form a tree, status - offence - state - outcome - form: whatever one of them may be, each other
may still be anything that it alone allows. Three rules keep it so: states by offence, and agencies, by calendar quarter
and never by week; agencies, forms and lift reasons over all offences; one treatment of repeats.

States by offence of a quarter have totals by week, since those of both are printed: another table with the same face is
one in which detainers of the same week have exchanged their offences. :func:`suppress_table` looks for such exchanges,
hiding the cheapest cells, until each small cell is at 1 in one such table and at 4 in another. This proves it safe.

References
----------
Cox (1980), JASA 75, 377-385; Cox (1995), JASA 90, 1453-1462 (network models); Hundepool and others (2012), Statistical
Disclosure Control, chapter 4; Lauritzen (1996), Graphical Models, 3.1 (tables whose common totals form a tree).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.load.names import OTHER_AGENCIES
from analysis.load.offences import groups
from analysis.load.table import OffenceStatus
from analysis.stats.counts import NOT_GIVEN, OUTCOME_COLUMNS, count_outcomes

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
THRESHOLD = 5
"""Smallest count above zero that is shown."""
SMALL, LARGE, WITHHELD = f"1–{THRESHOLD - 1}", f"{THRESHOLD}+", "not shown"
HIDDEN = (SMALL, LARGE, WITHHELD)
"""What stands in place of a count: a small one, another, one of which not even that can be said."""
TOTAL, OTHER_STATES, OTHER_GROUPS, OTHER_FORMS = "total", "other states", "other groups", "other forms"
NOTHING_RECORDED, ALL_REASONS = "(nothing recorded)", "all reasons"
_SHOWN = ["declined_shown", "declined", "issued"]
_FREE = 2**40
_ZERO, _OPENING, _STEP = 2.0, 1.0, 1e-4
"""What it costs to hide a zero where another cell costs 1 to 11; to say nothing of a hidden cell; and a walk's cost per
cell, so that of two that hide nothing more the shorter is taken."""


def cross_tabulate(rows: pd.DataFrame) -> pd.DataFrame:
    """Count a quarter's detainers by state and offence group, as may be shown.

    The declined and the others each form a table (:func:`suppress_table`) with the same rows and columns, whose totals
    by week are printed in full. States and groups of which fewer than twice the threshold were declined, or were not,
    are added together; none at all is not few. A source of one state shows a list of each (:func:`suppress_list`).

    Parameters
    ----------
    rows
        The detainers issued in one full calendar quarter, all states.

    Returns
    -------
    pandas.DataFrame
        One row per ``state`` (most detainers first, then ``not given``, ``other states``, ``total``) and
        ``offence_group`` (by severity, then ``other groups``, ``total``): ``declined_shown``, a label; ``declined``,
        NaN where hidden; ``issued``, NaN where either part is hidden. ``attrs`` hold ``threshold`` and ``hidden``, the
        number of labels that are no count; of an empty frame ``reason``, a sentence.
    """
    by = ["state", "offence_group"]
    if rows["offence_group"].isna().all():
        return _nothing([*by, *_SHOWN], "This source records no offences.")
    counts = _parts(count_outcomes(rows, ["week", *by]))
    number_of_states = counts.index.unique("state").size
    for name, rest in zip(by, (OTHER_STATES, OTHER_GROUPS), strict=True):
        counts = _add_up(counts, name, _few(counts.groupby(level=name).sum()), rest)
    sizes = counts.sum(axis="columns").groupby(level="state").sum().sort_values(ascending=False, kind="stable")
    states = sorted(sizes.index, key=[NOT_GIVEN, OTHER_STATES].count)
    order = [group for group in [*groups().index, NOT_GIVEN, OTHER_GROUPS] if group in counts.index.levels[2]]
    if len(order) < 2 or (len(states) == 1 < number_of_states):
        return _nothing([*by, *_SHOWN], "Too few detainers were declined to show them by state and offence group.")
    weeks = counts.index.unique("week")
    counts = counts.reindex(pd.MultiIndex.from_product([weeks, states, order]), fill_value=0)
    labels = {}
    for part in counts:
        cells = counts[part].to_numpy().reshape(len(weeks), len(states), len(order))
        frames = [pd.DataFrame(week, states, order) for week in cells]
        shown = suppress_table(*frames) if len(states) > 1 else sum(frames).apply(suppress_list, axis="columns")
        shown[TOTAL] = cells.sum(axis=(0, 2)).astype(str)
        last = [*cells.sum(axis=(0, 1)), cells.sum()]
        shown.loc[TOTAL] = shown.iloc[0] if len(states) == 1 else [str(total) for total in last]
        labels[part] = shown
    return _tidy(labels, by)


def offences_by_status(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the nation's detainers of a period by offence group and how far the offence went in court.

    The total of each group is printed in full, that of a status nowhere, so each group is a list of its own
    (:func:`suppress_list`). A group of five detainers or more that all have one status is its total.

    Parameters
    ----------
    rows
        The detainers of one week, all states; or of a longer period, but not of both.

    Returns
    -------
    pandas.DataFrame
        One row per ``offence_group``, by severity, and ``offence_status``; else as :func:`cross_tabulate`, no totals.
    """
    by = ["offence_group", "offence_status"]
    if rows["offence_group"].isna().all():
        return _nothing([*by, *_SHOWN], "This source records no offences.")
    counts = _parts(count_outcomes(rows, by))
    order = [group for group in [*groups().index, NOT_GIVEN] if group in counts.index.levels[0]]
    statuses = [status for status in [*OffenceStatus, NOT_GIVEN] if status in counts.index.levels[1]]
    counts = counts.reindex(pd.MultiIndex.from_product([order, statuses]), fill_value=0)
    tables = {part: pd.DataFrame(counts[part].to_numpy().reshape(len(order), -1), order, statuses) for part in counts}
    issued = sum(tables.values())
    certain = ((issued > 0).sum(axis="columns") == 1) & (issued.sum(axis="columns") >= THRESHOLD)
    labels = {}
    for part, table in tables.items():
        labels[part] = table.apply(suppress_list, axis="columns")
        labels[part][certain] = table[certain].astype("str")
    return _tidy(labels, by)


def agency_outcomes(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the detainers of one state's agencies, and those recorded as declined as may be shown.

    The state's totals and each agency's issued are printed in full. Agencies with fewer detainers than twice the
    threshold are added together.

    Parameters
    ----------
    rows
        The detainers of one state issued in one full calendar quarter, all of them, over all offences.

    Returns
    -------
    pandas.DataFrame
        One row per ``agency``, most detainers first, then ``other agencies``: ``issued``, ``declined_shown`` (a label)
        and ``declined``, NaN where hidden. ``attrs`` as of :func:`cross_tabulate`.
    """
    columns = ["agency", "issued", *_SHOWN[:2]]
    if rows["agency"].isna().all():
        return _nothing(columns, "No agency is named.")
    counts = _parts(count_outcomes(rows, "agency"))
    counts = _add_up(counts, "agency", _few(counts.sum(axis="columns").to_frame()), OTHER_AGENCIES)
    if len(counts) < 2:
        return _nothing(columns, "There are too few agencies with enough detainers to tell them apart.")
    issued = counts.sum(axis="columns").sort_values(ascending=False, kind="stable")
    order = sorted(issued.index, key=[OTHER_AGENCIES].count)
    labels = suppress_table(counts.loc[order])["declined"]
    frame = pd.DataFrame({"issued": issued[order], "declined_shown": labels, "declined": _numbers(labels)})
    return _described(frame.rename_axis("agency").reset_index(), labels)


def outcomes_by_state(by_state_counts: pd.DataFrame) -> pd.DataFrame:
    """Leave out of a week's outcomes by state what may not be shown.

    Printed in full are each state's issued and declined, and the nation's outcomes.

    Parameters
    ----------
    by_state_counts
        Counts of one week, one row per state, all of them, as from :func:`analysis.stats.counts.count_outcomes`.

    Returns
    -------
    pandas.DataFrame
        The same rows; ``taken``, ``other_ends`` and ``not_recorded`` NaN where hidden, and ``taken_shown``,
        ``other_ends_shown``, ``not_recorded_shown``, the labels. ``attrs`` as of :func:`cross_tabulate`.
    """
    labels = suppress_table(by_state_counts[OUTCOME_COLUMNS[1:]])
    return _described(by_state_counts.assign(**_numbers(labels), **labels.add_suffix("_shown")), labels)


def outcomes_by_form(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the nation's detainers of a week by form and outcome, as may be shown.

    Each form's issued and the nation's outcomes are printed in full. Forms with fewer detainers than twice the
    threshold are added together.

    Parameters
    ----------
    rows
        The detainers of one week, all states.

    Returns
    -------
    pandas.DataFrame
        One row per ``form``, most detainers first, then ``other forms``: ``issued``; of each outcome its number, NaN
        where hidden, and its label, ``declined_shown`` and so on. ``attrs`` as of :func:`cross_tabulate`.
    """
    counts = count_outcomes(rows, "form")
    counts = _add_up(counts, "form", _few(counts[["issued"]]), OTHER_FORMS)
    counts = counts.sort_values("issued", ascending=False, kind="stable")
    counts = counts.loc[sorted(counts.index, key=[OTHER_FORMS].count)]
    labels = suppress_table(counts[OUTCOME_COLUMNS])
    frame = counts.assign(**_numbers(labels), **labels.add_suffix("_shown"))
    return _described(frame.rename_axis("form").reset_index(), labels)


def lift_reasons(rows: pd.DataFrame) -> pd.DataFrame:
    """List the nation's recorded lift reasons of a week, as may be shown.

    The totals of the four outcomes are printed in full; each is a list (:func:`suppress_list`). One that cannot be
    shown safely is one row, ``all reasons``; the only reason of an outcome is its total.

    Parameters
    ----------
    rows
        The detainers of one week, all states.

    Returns
    -------
    pandas.DataFrame
        One row per ``lift_reason``, by ``outcome`` (``declined``, ``taken``, ``other_ends``, ``not_recorded``), most
        frequent first, hidden ones last: ``detainers_shown``, a label, and ``detainers``, NaN where hidden. ``attrs``
        as of :func:`cross_tabulate`.
    """
    counts = count_outcomes(rows, "lift_reason").rename(index={NOT_GIVEN: NOTHING_RECORDED})
    found = [pd.DataFrame({"lift_reason": [], "outcome": [], "detainers_shown": []}, dtype="str")]
    for outcome in OUTCOME_COLUMNS:
        reasons = counts[outcome][counts[outcome] > 0]
        labels = suppress_list(reasons) if len(reasons) > 1 else reasons.astype("str")
        if (labels == WITHHELD).any():
            labels = pd.Series(str(reasons.sum()), [ALL_REASONS], dtype="str")
        found.append(labels.rename_axis("lift_reason").rename("detainers_shown").reset_index().assign(outcome=outcome))
    frame = pd.concat(found, ignore_index=True)
    frame["detainers"] = _numbers(frame["detainers_shown"])
    frame["order"] = frame["outcome"].map(OUTCOME_COLUMNS.index)
    frame = frame.sort_values(["order", "detainers", "lift_reason"], ascending=[True, False, True], ignore_index=True)
    return _described(frame.drop(columns="order"), frame["detainers_shown"])


def _parts(counts: pd.DataFrame) -> pd.DataFrame:
    """Give the two parts of which tables are made: the declined and the others."""
    return pd.DataFrame({"declined": counts["declined"], "others": counts["issued"] - counts["declined"]})


def _few(sizes: pd.DataFrame) -> list[str]:
    """List the rows to add together: those too small in any column, and the next smallest while their sum is so too.

    A sum of but one row tells of it, and one that leaves no other row tells of none, so then they stay as they are.
    """
    least = 2 * THRESHOLD
    small = sizes.index[((sizes > 0) & (sizes < least)).any(axis="columns")].tolist()
    while small:
        in_all, rest = sizes.loc[small].sum(), sizes.drop(small)
        lacking = in_all.index[(in_all > 0) & (in_all < least)]
        if lacking.empty or len(rest) < 2 or not (able := rest[lacking[0]][rest[lacking[0]] > 0].sort_values()).size:
            break
        small.append(able.index[0])
    return small if len(small) > 1 else []


def _add_up(counts: pd.DataFrame, level: str, members: list[str], name: str) -> pd.DataFrame:
    """Add up the counts of some members of a level under one name."""
    counts = counts.rename(index=dict.fromkeys(members, name), level=level)
    return counts.groupby(level=[*counts.index.names], sort=False).sum()


def _numbers(labels: Any) -> Any:  # noqa: ANN401 (a frame or a series, and the same comes out)
    """Turn labels into numbers, NaN where hidden."""
    return labels.where(~labels.isin(HIDDEN)).astype(float)


def _tidy(labels: dict[str, pd.DataFrame], by: list[str]) -> pd.DataFrame:
    """Give one row per cell of two tables of labels, the declined and the others."""
    declined, others = labels["declined"], labels["others"]
    index = pd.MultiIndex.from_product([declined.index, declined.columns], names=by)
    numbers = _numbers(declined)
    values = [declined.to_numpy().ravel(), numbers.to_numpy().ravel(), (numbers + _numbers(others)).to_numpy().ravel()]
    return _described(pd.DataFrame(dict(zip(_SHOWN, values, strict=True)), index).reset_index(), declined)


def _described(frame: pd.DataFrame, labels: pd.DataFrame | pd.Series) -> pd.DataFrame:
    """Say in a frame's ``attrs`` how many of its labels are no count."""
    frame.attrs = {"threshold": THRESHOLD, "hidden": int(labels.isin(HIDDEN).to_numpy().sum()), "reason": ""}
    return frame


def _nothing(columns: list[str], reason: str) -> pd.DataFrame:
    """Give an empty frame that says why it is empty."""
    frame = pd.DataFrame(columns=columns)
    frame.attrs = {"threshold": THRESHOLD, "hidden": 0, "reason": reason}
    return frame


def suppress_table(*weeks: pd.DataFrame) -> pd.DataFrame:
    """Leave out of a table what would give a small count away, its row and column totals being known.

    Parameters
    ----------
    weeks
        Counts without totals, whole numbers of 0 or more, all of one shape: one table, or several whose sum is to be
        shown and whose totals are known of each.

    Returns
    -------
    pandas.DataFrame
        The label of each cell: the count, or ``1–4``, ``5+`` for one left out for such a cell's sake, or ``not shown``,
        which says nothing: it stands for zeros left out, for small counts that the totals alone narrow down (to no
        more than that), and throughout a row in which else a small count could not be hidden. A table of one row or
        column is its totals and shown in full. The same table gives the same labels.

    Raises
    ------
    ValueError
        A cell that is no whole number of 0 or more.
    """
    cells = np.array([_whole_numbers(week) for week in weeks])
    labels = cells.sum(axis=0).astype(str).astype(object)
    if min(labels.shape) > 1:
        search = _Search(cells)
        labels[search.hidden] = np.select([search.open, search.small], [WITHHELD, SMALL], LARGE)[search.hidden]
    return pd.DataFrame(labels, weeks[0].index, weeks[0].columns).astype("str")


def suppress_list(counts: pd.Series) -> pd.Series:
    """Leave out of a list what would give a small count away, its total being known.

    Small counts are hidden, and with them the next smallest until each may be anything from 1 to 4; where all of them
    do not suffice, or there is but one, every label is ``not shown``.

    Parameters
    ----------
    counts
        Whole numbers of 0 or more.

    Returns
    -------
    pandas.Series
        Labels as in :func:`suppress_table`, same index.
    """
    numbers = _whole_numbers(counts)
    labels = pd.Series(numbers.astype(str), counts.index, dtype="str")
    small = (numbers > 0) & (numbers < THRESHOLD)
    if not small.any():
        return labels
    several, most = int(small.sum()), THRESHOLD - 1
    larger = np.flatnonzero(numbers >= THRESHOLD)
    larger = larger[np.argsort(numbers[larger], kind="stable")]
    for beside in range(len(larger) + 1):
        slack = numbers[small].sum() - several + (numbers[larger[:beside]] - THRESHOLD).sum()
        at_most, at_least = slack >= most - 1, beside > 0 or slack <= (several - 1) * (most - 1)
        if at_most and at_least:
            labels[small] = SMALL
            labels.iloc[larger[:beside]] = LARGE
            return labels
    return pd.Series(WITHHELD, counts.index, dtype="str")


def _whole_numbers(counts: pd.DataFrame | pd.Series) -> Counts:
    """Give counts as integers, or stop."""
    numbers = counts.to_numpy(dtype=float)
    if not np.all((numbers >= 0) & (numbers == np.floor(numbers)) & np.isfinite(numbers)):
        raise ValueError("a table to be published holds whole numbers of 0 or more; a count not known is not in it")
    return numbers.astype(np.int64)


class _Search:
    """The search for what to hide: ``hidden`` marks it, ``open`` what of it has a label that says nothing.

    ``cells`` are weeks x rows x columns. Changing a cell and keeping the totals means a closed walk over cells of one
    week, along a row and along a column in turn, that fall and rise alternately; the walk that hides least is a
    shortest path between the cell's column and its row. A cell falls where the week has one to give; where its sum
    leaves the bounds that its label tells, the label must go. With every cell open the totals alone bound the cells, so
    there always is a walk. ``proofs`` holds, by cell and end of its range, the table that proves it.
    """

    def __init__(self, cells: Counts) -> None:
        self.cells, self.counts = cells, cells.sum(axis=0)
        self.small = (self.counts > 0) & (self.counts < THRESHOLD)
        rows, columns = cells.sum(axis=2)[:, :, None], cells.sum(axis=1)[:, None, :]
        alone_low = np.maximum(rows + columns - cells.sum(axis=(1, 2))[:, None, None], 0).sum(axis=0)
        alone_high = np.minimum(rows, columns).sum(axis=0)
        self.ends = np.maximum(1, alone_low), np.minimum(THRESHOLD - 1, alone_high)
        self.price = np.where(self.counts > 0, 1 + 10 * self.counts / (1 + self.counts.max(initial=0)), _ZERO)
        self.opening = _OPENING
        self.hidden = self.small.copy()
        self.narrow = self.small & ((self.ends[0] > 1) | (self.ends[1] < THRESHOLD - 1))
        self.open = self.narrow | (self.counts == 0)
        self.proofs: dict[tuple[int, int, int], Counts] = {}
        while unproved := self._unproved():
            for key in unproved:
                if key not in self.proofs:
                    self._prove(*key)
        self._show_again()

    def _unproved(self) -> list[tuple[int, int, int]]:
        """List the ends of its range that each small cell, and each zero that is hidden, is not yet known to reach."""
        ends = [(self.small & (self.counts != self.ends[0]), self.ends[0])]
        ends.append((self.hidden & (self.counts < self.ends[1]), self.ends[1]))
        keys = [(i, j, int(end[i, j])) for where, end in ends for i, j in np.argwhere(where).tolist()]
        return [key for key in keys if key not in self.proofs]

    def _bounds(self) -> tuple[Counts, Counts]:
        """Give the least and the largest sum that the labels allow."""
        low = np.where(self.open, 0, np.where(self.small, 1, THRESHOLD))
        return low, np.where(self.small & ~self.open, THRESHOLD - 1, _FREE)

    def _prove(self, i: int, j: int, end: int) -> None:
        """Find a table with the same face in which a cell is at one end of its range; hide what this needs."""
        table = self._witness(i, j, end)
        if table is None:
            raise AssertionError("with every cell hidden, the totals alone bound the cells")
        low, high = self._bounds()
        moved = table != self.counts
        self.hidden |= moved
        self.open |= moved & ((table < low) | (table > high))
        proved = moved & self.small & ((table == self.ends[0]) | (table == self.ends[1]))
        self.proofs |= {(row, column, int(table[row, column])): table for row, column in np.argwhere(proved).tolist()}
        self.proofs[i, j, end] = table

    def _witness(self, i: int, j: int, end: int) -> Counts | None:
        """Move a cell to one end of its range along cheapest walks; None if what may be hidden does not allow it."""
        cells, table = self.cells.copy(), self.counts.copy()
        low, high = self._bounds()
        while wanted := int(np.sign(end - table[i, j])):
            price = np.where(self.hidden | (table != self.counts), 0, self.price) + _STEP
            price[i, j] = np.inf
            rising = np.where(table == high, price + self.opening, price)
            falling = np.where(cells > 0, np.where(table == low, price + self.opening, price), np.inf)
            walk = _cheapest_walk(rising, falling, i, j, cells[:, i, j] > 0 if wanted < 0 else None)
            if walk is None:
                return None
            week, steps = walk
            for row, column, sign in [(i, j, wanted), *steps]:
                cells[week, row, column] += sign
                table[row, column] += sign
        return table

    def _show_again(self) -> None:
        """Show what later choices have made needless, else give it a label that says more, the most valuable first."""
        prices, self.price, self.opening = self.price, np.full_like(self.price, np.inf), np.inf
        for mark, least in ((self.hidden, ~self.small), (self.open, (self.counts > 0) & ~self.narrow)):
            for cell in sorted(
                map(tuple, np.argwhere(mark & self.hidden & least).tolist()), key=lambda at: -prices[at]
            ):
                mark[cell] = False
                low, high = self._bounds() if self.hidden[cell] else (self.counts, self.counts)
                mine = {key: table for key, table in self.proofs.items() if key[:2] != cell or self.hidden[cell]}
                for key, table in mine.items():
                    if low[cell] <= table[cell] <= high[cell]:
                        continue
                    other = self._witness(*key)
                    if other is None:
                        mark[cell] = True
                        break
                    mine[key] = other
                else:
                    self.proofs = mine


def _cheapest_walk(
    rising: Floats, falling: Floats, i: int, j: int, weeks_with_one: Mask | None
) -> tuple[int, list[tuple[int, int, int]]] | None:
    """Give the week and the cells, with +1 or -1 for each, that balance a cell's rise (or fall); None if none do.

    A rise of the cell is made up for by a fall in its column, a rise in that row, and so on until a fall in the cell's
    row: a path from its column to its row. A fall of the cell, in a week with one to give, is the same from row to
    column.
    """
    weeks, n, m = falling.shape
    to_row, to_column = np.full((weeks, n), np.inf), np.full((weeks, m), np.inf)
    before_row, before_column = np.zeros((weeks, n), dtype=int), np.zeros((weeks, m), dtype=int)
    if weeks_with_one is None:
        to_column[:, j], goal, at_row = 0, to_row[:, i], True
    else:
        to_row[weeks_with_one, i], goal, at_row = 0, to_column[:, j], False
    for _ in range(n + m):
        reach = to_column[:, None, :] + falling
        nearer = (cost := reach.min(axis=2)) < to_row
        np.copyto(to_row, cost, where=nearer)
        np.copyto(before_row, reach.argmin(axis=2), where=nearer)
        reach = to_row[:, :, None] + rising
        closer = (cost := reach.min(axis=1)) < to_column
        np.copyto(to_column, cost, where=closer)
        np.copyto(before_column, reach.argmin(axis=1), where=closer)
        if goal.min() < 1 or not (nearer.any() or closer.any()):
            break
    week = int(goal.argmin())
    if not np.isfinite(goal[week]):
        return None
    steps: list[tuple[int, int, int]] = []
    row, column, start = i, j, at_row
    while not steps or at_row == start or (column != j if start else row != i):
        if at_row:
            column = int(before_row[week, row])
        else:
            row = int(before_column[week, column])
        steps.append((row, column, -1 if at_row else 1))
        at_row = not at_row
    return week, steps
