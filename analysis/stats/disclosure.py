"""Small cells: what of a table of counts may be shown so that no small count can be worked out from the rest.

A count of 1 to threshold - 1 is not shown (primary suppression); zero is. Since rows and columns add up to published
totals, further cells must be left out (complementary suppression) until everything that is shown, and the labels of
what is not, still allow every small cell every value from 1 to threshold - 1.

What a reader can know is a polytope: cells that add up to the shown totals, small ones between 1 and threshold - 1,
left-out others at threshold or more. Its matrix is that of a network, so each cell takes every whole number between
its least and largest value, and two tables with the same face, one with the cell at 1 and one with it at threshold - 1,
prove that the cell is safe. :func:`suppress_table` hides cells, the cheapest first, until it has found these two tables
for every small cell. Zeros are shown, so a row whose only declines are small has nothing else to hide but its total;
totals are left out only where cells do not suffice, and then carry the range that their cells' labels give anyway.
Where all totals are published elsewhere and cannot be left out, such a row is withheld as a whole instead, and further
rows with it if need be, those with the smallest totals first.

The guarantee is for one table. Whoever publishes the same cells twice (a second table that adds them up differently, an
earlier version, a figure, a sentence) must show of them what this one shows.

References
----------
Cox (1980), JASA 75, 377-385; Cox (1995), JASA 90, 1453-1462 (network models); Hundepool and others (2012), Statistical
Disclosure Control, chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
THRESHOLD = 5
TOTAL, WITHHELD = "total", "not shown"
_FREE = np.int64(2**40)
_CELL, _LINE_TOTAL, _GRAND_TOTAL = 1.0, 1e3, 1e6
"""What it costs to leave out a cell, the total of a row or column, the grand total: cells always first."""
_STEP = 1e-4
"""A walk's cost per cell, so that of two that hide nothing more the shorter is taken."""


@dataclass(frozen=True)
class Suppressed:
    """A table with its totals, as it may be shown: rows and columns of the table, each followed by ``total``.

    ``labels`` is what to print: a count, the range of a small cell ("1–4"), the least of one left out for its sake
    ("5+"), the range of a total left out, or "not shown" in a row that is withheld. ``values`` holds the counts that
    are shown, NaN elsewhere. ``primary`` marks the small cells, ``complementary`` what else is left out, totals and the
    zeros of withheld rows included.
    """

    labels: pd.DataFrame
    values: pd.DataFrame
    primary: pd.DataFrame
    complementary: pd.DataFrame
    threshold: int

    @property
    def hidden(self) -> pd.DataFrame:
        """Mark every cell and total that is not shown."""
        return self.primary | self.complementary


def suppress_table(table: pd.DataFrame, threshold: int = THRESHOLD, totals_known: bool = False) -> Suppressed:
    """Leave out of a two-way table what would give a small count away, row, column and grand totals published.

    Parameters
    ----------
    table
        Counts without totals; whole numbers of 0 or more.
    threshold
        Smallest count above zero that is shown; 5 by default, 11 for a strict table, 1 for no suppression.
    totals_known
        The totals of rows and columns are published elsewhere in full. A row that then cannot be shown safely is
        withheld: none of its cells is shown, zeros neither. A small cell of a withheld row may have any value from 1
        to threshold - 1 that the totals alone allow; more cannot be had.

    Returns
    -------
    Suppressed
        The same input gives the same result.

    Raises
    ------
    ValueError
        A cell that is no whole number of 0 or more, a threshold below 1, or known totals of a table of one row or
        column, which are its cells.
    """
    cells = _whole_numbers(table.to_numpy())
    if totals_known and 1 in table.shape:
        raise ValueError("a table of one row or column is its totals: they cannot be known and its small cells not")
    rows, columns = cells.sum(axis=1, keepdims=True), cells.sum(axis=0, keepdims=True)
    counts = np.block([[cells, rows], [columns, cells.sum()]])
    search = _Search(counts, threshold, totals_known=totals_known)
    index, names = table.index.append(pd.Index([TOTAL])), table.columns.append(pd.Index([TOTAL]))
    return _as_shown(counts, search, index, names)


def suppress_list(counts: pd.Series, threshold: int = THRESHOLD) -> Suppressed:
    """Leave out of a list of counts what would give a small one away, their total published.

    Parameters
    ----------
    counts
        Whole numbers of 0 or more, without the total.
    threshold
        See :func:`suppress_table`.

    Returns
    -------
    Suppressed
        One column, the last row the total.
    """
    cells = _whole_numbers(counts.to_numpy())[:, None]
    column = np.vstack([cells, cells.sum(axis=0, keepdims=True)])
    free = np.zeros((len(column), 2), dtype=bool)
    free[:, 1] = True  # a list has no totals of rows: whatever they would be, nobody sees them
    search = _Search(np.hstack([column, column]), threshold, free)
    index = counts.index.append(pd.Index([TOTAL]))
    return _as_shown(column, search, index, pd.Index([counts.name if counts.name is not None else "count"]))


def _whole_numbers(values: NDArray[np.generic]) -> Counts:
    """Give counts as integers, or stop."""
    numbers = np.asarray(values, dtype=float)
    if not np.all((numbers >= 0) & (numbers == np.floor(numbers)) & np.isfinite(numbers)):
        raise ValueError("a table to be published holds whole numbers of 0 or more; a count not known is not in it")
    return numbers.astype(np.int64)


def _as_shown(counts: Counts, search: _Search, index: pd.Index, columns: pd.Index) -> Suppressed:
    """Write the labels of a table whose last row and, if it has two columns or more, last column are totals."""
    width = counts.shape[1]
    hidden, primary = search.hidden[:, :width], search.small[:, :width]
    ends = width - 1 if width > 1 else 1
    low = np.where(hidden, np.where(primary, 1, search.threshold), counts)
    high = np.where(hidden, np.where(primary, search.threshold - 1, _FREE), counts)
    low[:-1, :ends][search.withheld], high[:-1, :ends][search.withheld] = 0, _FREE
    for bound in (low, high):  # a total left out says no more than the labels of its cells
        cells = bound[:-1, :ends]
        implied = np.block([[cells, cells.sum(axis=1, keepdims=True)], [cells.sum(axis=0), cells.sum()]])[:, :width]
        implied[-1, 0] = cells[:, 0].sum()
        bound[-1, hidden[-1]] = implied[-1, hidden[-1]]
        bound[hidden[:, -1], -1] = implied[hidden[:, -1], -1]
    labels = low.astype(str).astype(object)
    labels = np.where(high >= _FREE, labels + "+", np.where(low < high, labels + "–" + high.astype(str), labels))
    labels[:-1, :ends][search.withheld] = WITHHELD
    as_frame = partial(pd.DataFrame, index=index, columns=columns)
    return Suppressed(
        labels=as_frame(labels.astype(str)),
        values=as_frame(np.where(hidden, np.nan, counts)),
        primary=as_frame(primary),
        complementary=as_frame(hidden & ~primary),
        threshold=search.threshold,
    )


class _Search:
    """The search for what to hide: ``hidden`` marks it, totals included.

    With the totals of rows and columns taken as negative, every row and column adds up to zero. Changing a cell and
    keeping these sums means a closed walk over cells, along a row and along a column in turn, that fall and rise
    alternately; the walk that hides least is a shortest path between the cell's column and its row.
    """

    def __init__(self, counts: Counts, threshold: int, free: Mask | None = None, totals_known: bool = False) -> None:
        if threshold < 1:
            raise ValueError(f"the threshold is {threshold}; it is 1 (no suppression) or more")
        line_total = np.zeros(counts.shape, dtype=bool)
        line_total[-1, :-1], line_total[:-1, -1] = True, True
        inner = ~line_total
        inner[-1, -1] = False
        small = inner & (counts > 0) & (counts < threshold)
        low = np.where(small, 1, np.where(inner, threshold, 0))
        high = np.where(small, threshold - 1, _FREE)
        self.counts = np.where(line_total, -counts, counts)
        self.low, self.high = np.where(line_total, -high, low), np.where(line_total, -low, high)
        self.price = np.where(line_total, _LINE_TOTAL, _CELL) + counts / (1 + counts.max(initial=0))
        self.price[-1, -1] = _GRAND_TOTAL
        self.price[counts == 0] = np.inf
        if totals_known:
            self.price[-1, :] = self.price[:, -1] = np.inf
        self.threshold, self.small = threshold, small
        self.hidden = small.copy() if free is None else small | free
        self.must_hide = self.hidden.copy()
        self.withheld = np.zeros(len(counts) - 1, dtype=bool)
        self.proofs: dict[tuple[int, int, int], Mask] = {}
        unproved = list(range(len(counts) - 1))
        while unproved:
            i = unproved.pop()
            if not self._prove_row(i):
                k = self._next_to_withhold(i)
                self._withhold(k)
                unproved += [k, i] if k != i else [i]
        self._show_again()

    def _prove_row(self, i: int) -> bool:
        """Prove every small cell of a row safe; False at the first that cannot be."""
        return all(
            self.counts[i, j] == end or (i, j, end) in self.proofs or self._prove(i, j, end)
            for j in np.flatnonzero(self.small[i]).tolist()
            for end in self._ends(i, j)
        )

    def _ends(self, i: int, j: int) -> tuple[int, int]:
        """Give the least and the largest value that a small cell must be able to have."""
        if not self.withheld[i]:
            return 1, self.threshold - 1
        of_row, of_column, of_all = -int(self.counts[i, -1]), -int(self.counts[-1, j]), int(self.counts[-1, -1])
        return max(1, of_row + of_column - of_all), min(self.threshold - 1, of_row, of_column)

    def _next_to_withhold(self, i: int) -> int:
        """Choose the row to withhold for a row's sake: itself, else the one with the smallest total above zero."""
        if not self.withheld[i]:
            return i
        totals = np.where(self.withheld | (self.counts[:-1, -1] == 0), _FREE, -self.counts[:-1, -1])
        if totals.min() == _FREE:
            raise AssertionError("with every row withheld, the totals alone bound the cells")
        return int(totals.argmin())

    def _withhold(self, i: int) -> None:
        """Hide all cells of a row, its zeros too, so that nothing is known of them but their sum."""
        self.withheld[i] = True
        self.hidden[i, :-1] = self.must_hide[i, :-1] = True
        self.low[i, :-1], self.high[i, :-1] = 0, _FREE
        self.proofs = {key: moved for key, moved in self.proofs.items() if key[0] != i}

    def _prove(self, i: int, j: int, end: int) -> bool:
        """Find a table with the same face in which a cell is at one end of its range; hide what this needs."""
        table = self._witness(i, j, end)
        if table is None:
            return False
        moved = table != self.counts
        self.hidden = self.hidden | moved
        proved = moved & self.small & ((table == 1) | (table == self.threshold - 1))
        for row, column in np.argwhere(proved).tolist():
            self.proofs[row, column, int(table[row, column])] = moved
        self.proofs[i, j, end] = moved
        return True

    def _witness(self, i: int, j: int, end: int) -> Counts | None:
        """Move a cell to one end of its range along cheapest walks; None if what may be hidden does not allow it."""
        table = self.counts.copy()
        while wanted := end - int(table[i, j]):
            walk = self._cheapest_walk(table, i, j, wanted)
            if walk is None:
                return None
            rows, columns, signs = walk
            limit = np.where(signs > 0, self.high[rows, columns], self.low[rows, columns])
            room = np.abs(limit - table[rows, columns])
            step = min(abs(wanted), int(room.min()))
            table[rows, columns] += signs * step
            table[i, j] += step if wanted > 0 else -step
        return table

    def _cheapest_walk(
        self, table: Counts, i: int, j: int, wanted: int
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]] | None:
        """Give the cells, and +1 or -1 for each, that balance a cell's rise (or fall); None if none do.

        A rise of the cell is made up for by a fall in its column, a rise in that row, and so on until a fall in the
        cell's row: a path from its column to its row. A fall of the cell is the same from row to column.
        """
        price = np.where(self.hidden | (table != self.counts), _STEP, self.price + _STEP)
        price[i, j] = np.inf
        by_room = np.array([np.inf, *[2.0] * (abs(wanted) - 1), 1.0])  # with less than wanted it needs others beside it
        rising, falling = (price * by_room.take(room, mode="clip") for room in (self.high - table, table - self.low))
        # Most walks are a rectangle of hidden cells, which the search below would find too, in several times the time.
        around = (falling[:, [j]] + rising + falling[i]).T if wanted > 0 else rising[i] + falling + rising[:, [j]]
        if around.min() < _CELL:
            row, column = np.unravel_index(around.argmin(), around.shape)[:: -1 if wanted > 0 else 1]
            return np.array([row, row, i]), np.array([j, column, column]), np.sign(wanted) * np.array([-1, 1, -1])
        n, m = table.shape
        rows, columns = np.arange(n), np.arange(m)
        to_row, to_column = np.full(n, np.inf), np.full(m, np.inf)
        before_row, before_column = np.zeros(n, dtype=np.intp), np.zeros(m, dtype=np.intp)
        start, goal = (to_column, to_row) if wanted > 0 else (to_row, to_column)
        start[j if wanted > 0 else i] = 0
        target = i if wanted > 0 else j
        for _ in range(n + m):
            reach = to_column + falling
            best = reach.argmin(axis=1)
            cost = reach[rows, best]
            nearer = cost < to_row
            np.copyto(to_row, cost, where=nearer)
            np.copyto(before_row, best, where=nearer)
            reach = to_row[:, None] + rising
            best = reach.argmin(axis=0)
            cost = reach[best, columns]
            closer = cost < to_column
            np.copyto(to_column, cost, where=closer)
            np.copyto(before_column, best, where=closer)
            if goal[target] < _CELL or not (nearer.any() or closer.any()):
                break
        if not np.isfinite(goal[target]):
            return None
        path: list[tuple[int, int, int]] = []
        row, column, at_row = i, j, wanted > 0
        while True:
            if at_row:
                column = int(before_row[row])
                path.append((row, column, -1))
            else:
                row = int(before_column[column])
                path.append((row, column, 1))
            at_row = not at_row
            if (column == j and not at_row) if wanted > 0 else (row == i and at_row):
                break
        walked = np.array(path)
        return walked[:, 0], walked[:, 1], walked[:, 2]

    def _show_again(self) -> None:
        """Show what later choices have made needless, the most valuable first."""
        prices = self.price
        self.price = np.full_like(prices, np.inf)  # only what is hidden already may be used now
        for cell in sorted(map(tuple, np.argwhere(self.hidden & ~self.must_hide).tolist()), key=lambda at: -prices[at]):
            self.hidden[cell] = False
            found: dict[tuple[int, int, int], Mask] = {}
            for key in [key for key, moved in self.proofs.items() if moved[cell]]:
                table = self._witness(*key)
                if table is None:
                    self.hidden[cell] = True
                    break
                found[key] = table != self.counts
            else:
                self.proofs |= found
        self.price = prices
