"""Small cells: what of a table may be shown so that no count of 1 to 4 can be worked out from all that is printed."""

# Printed in full by week: the issued and the declined of each state, which ICE published, and of each offence group,
# and the nation's outcomes. Of everything finer a count of 1 to 4 is not shown, nor is what would give it away. What is
# declined and what is not are tables apart, each with printed totals, so neither narrows the other. Tables have only
# such totals in common, and so linked form a tree, status - offence - state - outcome - form: whatever one may be, each
# other may still be all that it alone allows. To keep it so: states by offence, and agencies, by full calendar quarter
# only; statuses by one kind of period, forms by week; agencies, forms, lift reasons over all offences; repeats one way.
# Cox (1980), JASA 75, 377-385, and (1995), JASA 90, 1453-1462 (network models); Lauritzen (1996), Graphical Models, 3.1
# (tables whose common totals form a tree); Hundepool and others (2012), Statistical Disclosure Control, chapter 4.

from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.load.reference import OTHER_AGENCIES, groups
from analysis.load.table import OffenceStatus
from analysis.stats.counts import NOT_GIVEN, OUTCOME_COLUMNS, Floats, count_outcomes

Counts = NDArray[np.int64]
THRESHOLD = 5  # smallest count above zero that is shown
# What stands in place of a count: a small one, another, one of which not even that can be said.
SMALL, LARGE, WITHHELD = HIDDEN = f"1–{THRESHOLD - 1}", f"{THRESHOLD}+", "not shown"
TOTAL, OTHER_STATES, OTHER_GROUPS, OTHER_FORMS = "total", "other states", "other groups", "other forms"
NO_OFFENCES = "This source records no offences."
NOTHING_RECORDED, ALL_REASONS = "(nothing recorded)", "all reasons"
_LAST = [NOT_GIVEN, OTHER_STATES, OTHER_GROUPS, OTHER_AGENCIES, OTHER_FORMS]
_FREE = 2**40
# What it costs to hide a cell: 1, and up to 10 more by its size; a zero; to take a hidden cell's label away; and a
# walk's cost per cell, so that of two that hide nothing more the shorter is taken.
_DEAREST, _ZERO, _NO_LABEL, _STEP = 10.0, 2.0, 1.0, 1e-4

# Each table has a label of each count, ``declined_shown`` and so on, and beside it the number, ``declined``, NaN where
# hidden. ``attrs`` hold ``hidden``, how many labels are no count, and ``reason``, blank unless the frame is empty.


def cross_tabulate(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the detainers of one full calendar quarter by ``state`` and ``offence_group``, as may be shown.

    Those with fewer than twice the threshold declined, or not, are added together; a source of one state shows lists.
    """
    by = ["state", "offence_group"]
    if rows["offence_group"].isna().all():
        return _tidy({}, by, NO_OFFENCES)
    counts = _parts(rows, ["week", *by])
    one_state = counts.index.unique("state").size == 1
    for name, rest in zip(by, (OTHER_STATES, OTHER_GROUPS), strict=True):
        counts = _gathered(counts, counts.groupby(level=name).sum(), rest)
    weeks, states, order = counts.index.unique("week"), *(_ordered(counts, name) for name in by)
    if len(order) < 2 or (len(states) < 2 and not one_state):
        return _tidy({}, by, "Too few detainers were declined to show them by state and offence group.")
    labels, counts = {}, counts.reindex(pd.MultiIndex.from_product([weeks, states, order]), fill_value=0)
    for part in counts:
        cells = counts[part].to_numpy().reshape(len(weeks), len(states), -1)
        frames = [pd.DataFrame(week, states, order) for week in cells]
        shown = sum(frames).apply(suppress_list, axis="columns") if one_state else suppress_table(*frames)
        shown[TOTAL] = cells.sum(axis=(0, 2)).astype(str)
        shown.loc[TOTAL] = shown.iloc[0] if one_state else np.append(cells.sum(axis=(0, 1)), cells.sum()).astype(str)
        labels[part] = shown
    return _tidy(labels, by)


def offences_by_status(rows: pd.DataFrame) -> pd.DataFrame:
    """Count a week's detainers by offence group, its total printed in full, and status in court, as may be shown."""
    by = ["offence_group", "offence_status"]
    if rows["offence_group"].isna().all():
        return _tidy({}, by, NO_OFFENCES)
    counts = _parts(rows, by)
    statuses = [status for status in [*OffenceStatus, NOT_GIVEN] if status in counts.index.unique(by[1])]
    order, labels = _ordered(counts, by[0]), {}
    counts = counts.reindex(pd.MultiIndex.from_product([order, statuses]), fill_value=0)
    issued = counts.sum(axis="columns").groupby(level=0)
    certain = (issued.max() == issued.sum())[order]
    for part in counts:
        table = pd.DataFrame(counts[part].to_numpy().reshape(len(order), -1), order, statuses)
        whole = certain & ~table.sum(axis="columns").between(1, THRESHOLD - 1)
        labels[part] = table.apply(suppress_list, axis="columns").mask(whole, table.astype("str"))
    return _tidy(labels, by)


def agency_outcomes(rows: pd.DataFrame) -> pd.DataFrame:
    """Count ``issued``, printed in full, and declined of a state's agencies in a full quarter, as may be shown."""
    counts = _parts(rows, "agency")
    counts = _gathered(counts, counts.sum(axis="columns").to_frame(), OTHER_AGENCIES)
    several = rows["agency"].notna().any() and len(counts) > 1 and counts.sum(axis="columns").min() >= THRESHOLD
    counts = counts.loc[_ordered(counts, "agency")] if several else counts[:0]
    labels = suppress_table(counts)["declined"]
    frame = pd.DataFrame({"issued": counts.sum(axis="columns"), "declined_shown": labels, "declined": _numbers(labels)})
    reason = "" if several else "Fewer than two agencies, or groups of them, have enough detainers to be shown."
    return _described(frame.reset_index(), labels, reason)


def outcomes_by_state(by_state_counts: pd.DataFrame, sole: bool = False) -> pd.DataFrame:
    """Leave out of a week's outcomes by state what may not be shown beside its issued and declined.

    The nation's are printed in full; in a source of one state (``sole``) each row is a list, without a sum.
    """
    outcomes = by_state_counts[OUTCOME_COLUMNS[1:]]
    labels = outcomes.apply(suppress_list, axis="columns") if sole else suppress_table(outcomes)
    return _described(by_state_counts.assign(**_numbers(labels), **labels.add_suffix("_shown")), labels)


def outcomes_by_form(rows: pd.DataFrame) -> pd.DataFrame:
    """Count a week's detainers of all states by form, whose issued is printed in full, and outcome, as may be shown."""
    counts = count_outcomes(rows, "form")
    counts = _gathered(counts, counts[["issued"]], OTHER_FORMS)
    if len(counts) > 1 and counts["issued"].min() < THRESHOLD:  # one form beside a few of another
        counts = counts.sum().to_frame(TOTAL).T.rename_axis("form")
    counts = counts.loc[_ordered(counts[["issued"]], "form")].reset_index()
    labels = suppress_table(counts[OUTCOME_COLUMNS])
    return _described(counts.assign(**_numbers(labels), **labels.add_suffix("_shown")), labels)


def lift_reasons(rows: pd.DataFrame) -> pd.DataFrame:
    """List a week's lift reasons by ``outcome``, most frequent first; an outcome not safe to list is one row."""
    counts = count_outcomes(rows, "lift_reason").rename(index={NOT_GIVEN: NOTHING_RECORDED})
    found = []
    for outcome in OUTCOME_COLUMNS:
        reasons = counts[outcome][counts[outcome] > 0]
        labels = suppress_list(reasons) if len(reasons) > 1 else reasons.astype("str")
        if (labels == WITHHELD).any():
            labels = pd.Series(str(reasons.sum()), [ALL_REASONS], dtype="str")
        labels = labels.loc[_numbers(labels).sort_values(ascending=False, kind="stable").index]
        found.append(labels.rename_axis("lift_reason").reset_index(name="detainers_shown").assign(outcome=outcome))
    frame = pd.concat(found, ignore_index=True)[["lift_reason", "outcome", "detainers_shown"]]
    return _described(frame.assign(detainers=_numbers(frame["detainers_shown"])), frame["detainers_shown"])


def _parts(rows: pd.DataFrame, by: str | list[str]) -> pd.DataFrame:
    """Count the two parts of which tables are made: the declined and the others."""
    counts = count_outcomes(rows, by)
    return pd.DataFrame({"declined": counts["declined"], "others": counts["issued"] - counts["declined"]})


def _ordered(counts: pd.DataFrame, level: str) -> list[str]:
    """List the values of a level: groups by severity, others the largest first; not given and what is added up last."""
    sizes = counts.sum(axis="columns").groupby(level=level).sum().sort_values(ascending=False, kind="stable")
    named = groups().index if level == "offence_group" else sizes.index.drop(_LAST, errors="ignore")
    return [value for value in [*named, *_LAST] if value in sizes.index]


def _gathered(counts: pd.DataFrame, sizes: pd.DataFrame, name: str) -> pd.DataFrame:
    """Add up under one name what is too small in any column of sizes, and the next smallest while the sum is so too."""
    small = sizes.index[((sizes > 0) & (sizes < 2 * THRESHOLD)).any(axis="columns")].tolist()
    while small:
        in_all, rest = sizes.loc[small].sum(), sizes.drop(small)
        lacking = in_all.index[(in_all > 0) & (in_all < 2 * THRESHOLD)]
        if lacking.empty or len(rest) < 2 or not (rest[lacking[0]] > 0).any():
            break
        small.append(rest[lacking[0]].where(rest[lacking[0]] > 0).idxmin())
    if len(small) > 1:  # a sum of one alone tells of it
        counts = counts.rename(index=dict.fromkeys(small, name), level=sizes.index.name)
    return counts.groupby(level=[*counts.index.names], sort=False).sum()


def _numbers(labels: Any) -> Any:  # noqa: ANN401 (a frame or a series, and the same comes out)
    """Turn labels into numbers, NaN where hidden."""
    return labels.where(~labels.isin(HIDDEN)).astype(float)


def _tidy(labels: dict[str, pd.DataFrame], by: list[str], reason: str = "") -> pd.DataFrame:
    """Give one row per cell of two tables of labels, the declined and the others; none where there is a reason."""
    declined, others = labels.values() if labels else (pd.DataFrame(dtype="str"),) * 2
    cells = {"declined_shown": declined, "declined": _numbers(declined)}
    cells["issued"] = cells["declined"] + _numbers(others)
    index = pd.MultiIndex.from_product([declined.index, declined.columns], names=by)
    frame = pd.DataFrame({name: table.to_numpy().ravel() for name, table in cells.items()}, index)
    return _described(frame.reset_index(), declined, reason)


def _described(frame: pd.DataFrame, labels: pd.DataFrame | pd.Series, reason: str = "") -> pd.DataFrame:
    """Say in a frame's ``attrs`` how many of its labels are no count, or why it is empty."""
    frame.attrs = {"hidden": int(labels.isin(HIDDEN).to_numpy().sum()), "reason": reason}
    return frame


def suppress_table(*weeks: pd.DataFrame) -> pd.DataFrame:
    """Leave out of the sum of tables of one shape what would give a small count away, each one's totals being known.

    The label of a cell is the count, ``1–4``, ``5+`` for one left out for such a cell's sake, or ``not shown``: zeros
    left out, and what a label would narrow down. A table of one row or column is its totals.
    """
    cells = np.array([_whole_numbers(week) for week in weeks])
    labels = cells.sum(axis=0).astype(str).astype(object)
    if min(labels.shape) > 1:
        search = _Search(cells)
        labels = np.where(search.hidden, np.select([search.low == 0, search.small], [WITHHELD, SMALL], LARGE), labels)
    return pd.DataFrame(labels, weeks[0].index, weeks[0].columns).astype("str")


def suppress_list(counts: pd.Series) -> pd.Series:
    """Leave out of a list what would give a small count away, its total being known; give labels as above.

    The next smallest are hidden until each may be 1 to 4; where all do not suffice, every label is ``not shown``.
    """
    numbers = _whole_numbers(counts)
    labels = pd.Series(numbers.astype(str), counts.index, dtype="str")
    small = (numbers > 0) & (numbers < THRESHOLD)
    several, most = int(small.sum()), THRESHOLD - 1
    larger = np.argsort(numbers, kind="stable")[several + (numbers == 0).sum() :]
    for beside in range(len(larger) + 1 if several else 0):
        slack = numbers[small].sum() - several + (numbers[larger[:beside]] - THRESHOLD).sum()
        if slack >= most - 1 and (beside > 0 or slack <= (several - 1) * (most - 1)):
            labels[small], labels.iloc[larger[:beside]] = SMALL, LARGE
            return labels
    return pd.Series(WITHHELD, counts.index, dtype="str") if several else labels


def _whole_numbers(counts: pd.DataFrame | pd.Series) -> Counts:
    """Give counts as integers, or stop."""
    numbers = counts.to_numpy(dtype=float)
    if not ((numbers >= 0) & (numbers == np.floor(numbers)) & (numbers < _FREE)).all():
        raise ValueError("a table to be published holds whole numbers of 0 or more; a count not known is not in it")
    return numbers.astype(np.int64)


class _Search:
    """The search for what to hide (``hidden``), until each small cell is at 1 in one such table, at 4 in another.

    Changing a cell under its totals takes a closed walk of falls and rises, along rows and columns in turn; that which
    hides least is a shortest path. A sum that leaves the bounds of its label (``low``, ``high``) loses the label.
    """

    def __init__(self, cells: Counts) -> None:
        self.cells, self.counts = cells, cells.sum(axis=0)
        rows, columns = cells.sum(axis=2)[:, :, None], cells.sum(axis=1)[:, None, :]
        self.least = np.maximum(rows + columns - cells.sum(axis=(1, 2))[:, None, None], 0).sum(axis=0).clip(min=1)
        self.most = np.minimum(rows, columns).sum(axis=0).clip(max=THRESHOLD - 1)
        self.small = (self.counts > 0) & (self.counts < THRESHOLD)
        labelled = self.small & (self.least == 1) & (self.most == THRESHOLD - 1)
        self.low = np.where(labelled, 1, np.where(self.counts >= THRESHOLD, THRESHOLD, 0))
        self.high = np.where(labelled, THRESHOLD - 1, _FREE)
        self.price = np.where(self.counts > 0, 1 + _DEAREST * self.counts / (1 + self.counts.max(initial=0)), _ZERO)
        self.hidden = self.small.copy()
        self.proved: set[tuple[int, int, int]] = set()
        while unproved := self._unproved():
            for key in unproved:
                if key not in self.proved:
                    self._prove(*key)

    def _unproved(self) -> list[tuple[int, int, int]]:
        """List the ends of their ranges that small cells and hidden zeros are not proved to reach, furthest first."""
        down, up = self.small & (self.counts > self.least), self.hidden & (self.counts < self.most)
        ends = (down, self.least), (up, self.most)
        keys = {(i, j, int(end[i, j])) for where, end in ends for i, j in np.argwhere(where).tolist()}
        return sorted(keys - self.proved, key=lambda key: (-abs(key[2] - self.counts[key[:2]]), key))

    def _prove(self, i: int, j: int, end: int) -> None:
        """Find a table with the same face in which a cell is at one end of its range; hide what this needs."""
        cells, table = self.cells.copy(), self.counts.copy()
        while wanted := int(np.sign(end - table[i, j])):
            price = np.where(self.hidden | (table != self.counts), 0, self.price) + _STEP
            price[i, j] = np.inf
            rising = np.broadcast_to(price + _NO_LABEL * (table == self.high), cells.shape)
            falling = np.where(cells > 0, price + _NO_LABEL * (table == self.low), np.inf)
            if wanted < 0:
                falling = np.where((cells[:, i, j] > 0)[:, None, None], falling, np.inf)
            # If the cell rises: a fall in its column, a rise in that row, and so on, until a fall in the cell's row.
            (there, back), (start, goal) = (rising, falling.transpose(0, 2, 1))[::-wanted], (i, j)[::-wanted]
            week, path = _cheapest_path(there, back, start, goal)
            for *place, sign in [(start, goal, 1), *path]:
                row, column = place[::-wanted]
                cells[week, row, column] += sign * wanted
                table[row, column] += sign * wanted
        moved = table != self.counts
        unlabelled = moved & ((table < self.low) | (table > self.high))
        self.low[unlabelled], self.high[unlabelled] = 0, _FREE
        self.hidden |= moved
        at_end = moved & self.small & ((table == self.least) | (table == self.most))
        self.proved |= {(i, j, end), *((a, b, int(table[a, b])) for a, b in np.argwhere(at_end).tolist())}


def _cheapest_path(there: Floats, back: Floats, start: int, goal: int) -> tuple[int, list[tuple[int, int, int]]]:
    """Find the week with the cheapest path (line, crossing, -1 there or 1 back), as Bellman and Ford do."""
    to_line, to_crossing = np.full(there.shape[:2], np.inf), there[:, start].copy()
    from_crossing, from_line = np.zeros(to_line.shape, dtype=int), np.full(to_crossing.shape, start)
    to_line[:, start], weeks = 0, np.arange(len(there))[:, None]
    directions = (back, to_crossing, from_crossing, to_line), (there, to_line, from_line, to_crossing)
    for costs, before, came_from, after in cycle(directions):
        reach, best = before[:, :, None] + costs, to_crossing[:, goal].min()
        nearest = reach.argmin(axis=1)
        nearer = (cost := reach[weeks, nearest, np.arange(after.shape[1])]) < after
        if not (nearer & (cost < best)).any():  # no path through what is nearer now is cheaper
            break
        np.copyto(after, cost, where=nearer)
        np.copyto(came_from, nearest, where=nearer)
        if after is to_line and best < 1:
            break
    week, crossing, path = int(to_crossing[:, goal].argmin()), goal, list[tuple[int, int, int]]()
    if not np.isfinite(to_crossing[week, goal]):
        raise AssertionError("with every cell hidden, the totals alone bound the cells")
    while (line := int(from_line[week, crossing])) != start:
        path.append((line, crossing, -1))
        crossing = int(from_crossing[week, line])
        path.append((line, crossing, 1))
    return week, [*path, (line, crossing, -1)]
