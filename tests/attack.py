"""An attack on everything that an output folder prints: what can be proved of the counts that it does not show?

It knows the labels, the threshold, and that counts are whole, not negative and add up: over states, offence groups,
agencies, forms, statuses, lift reasons, outcomes, days and repeats. It knows nothing of how cells were chosen. All
that is said of one source, in whatever table, week, quarter or treatment of repeats, goes into one linear program; each
count that is not shown is then pushed down and up as far as all of it allows (HiGHS).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, eye_array, hstack, vstack
from scipy.sparse.csgraph import connected_components

from analysis.load.table import OffenceStatus, Outcome, as_table

OUTCOMES = ("declined", "taken", "other_ends", "not_recorded")
DIMENSIONS = ("state", "offence_group", "agency", "form", "offence_status", "lift_reason")
REST = {"other states", "other groups", "other agencies", "other forms"}
SMALLEST_SHOWN, LARGE = 5, 1e9
WITHHELD = "not shown"
Keys = tuple[tuple[str, frozenset[str]], ...]
Atoms = frozenset[tuple[str, str]]
"""Outcomes, each of detainers counted once or of those that repeat another."""
ONCE, AGAIN = "once", "again"
PUBLIC = {
    (): [*OUTCOMES, "issued"],
    ("state",): ["declined", "issued"],
    ("offence_group",): ["declined", "issued"],
    ("agency", "state"): ["issued"],
    ("form",): ["issued"],
}
"""The totals that are printed in full on purpose, by what they are totals of."""


def atoms(outcomes: Iterable[str], repeats: str) -> Atoms:
    """Say of which detainers a number is the count."""
    return frozenset(product(outcomes, [ONCE] if repeats == "left out" else [ONCE, AGAIN]))


def bounds_of(label: object) -> tuple[float, float]:
    """Read what a label, or a number, says of a count."""
    if isinstance(label, str) and not re.fullmatch(r"\d+(\.0+)?", label):
        found = re.fullmatch(r"(\d+)(?:–(\d+)|\+)", label)
        return (float(found[1]), float(found[2] or LARGE)) if found else (0, LARGE)
    return (0, LARGE) if pd.isna(label) else (float(label), float(label))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Said:
    """What is printed of one count: the detainers with these keys, of these days and outcomes."""

    keys: Keys
    days: tuple[date, date]
    atoms: Atoms
    low: float
    high: float
    label: str
    public: bool

    @property
    def family(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.keys)

    @property
    def text(self) -> str:
        keys = ["+".join(sorted(members)) for _, members in self.keys]
        outcomes = "+".join(sorted({outcome for outcome, _ in self.atoms}))
        return " ".join([*keys, outcomes, f"{self.days[0]} to {self.days[1]}"])


@dataclass
class Table:
    """A printed table: its rows, the days of each, what they have in common, and whether nothing is left out of it."""

    frame: pd.DataFrame
    days: list[tuple[date, date]]
    repeats: str
    fixed: dict[str, str]
    whole: bool
    name: str


@dataclass
class Attack:
    """All that is printed of one source."""

    tables: list[Table] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    """Tables of a folder that hold counts, but not by anything that the attack knows."""

    def add(
        self,
        frame: pd.DataFrame,
        first: date,
        last: date,
        *,
        repeats: str = "left out",
        whole: bool = True,
        name: str = "",
        **fixed: str,
    ) -> None:
        """Add a table: its keys are in columns named as in :data:`DIMENSIONS`, or the same for all rows (``fixed``).

        Counts are in columns ``issued`` and those of :data:`OUTCOMES`, labels beside them in ``..._shown``; or in
        ``detainers`` with the name of the ``outcome``. A ``week`` column gives each row's Saturday. ``whole`` = the
        table holds every value of its keys, so that one which it does not name has no detainer.
        """
        frame = frame.reset_index(drop=True)
        days = [(first, last)] * len(frame)
        if "week" in frame:
            days = [(week.date(), week.date() + timedelta(days=6)) for week in pd.to_datetime(frame["week"])]
        self.tables.append(Table(frame, days, repeats, fixed, whole, name))

    # What is said -----------------------------------------------------------------------------------------------------

    def values(self) -> dict[str, set[str]]:
        """Collect the values that each key may have; an agency and a reason carry what they belong to."""
        found: dict[str, set[str]] = defaultdict(set)
        rests: dict[str, set[str]] = defaultdict(set)
        for table in self.tables:
            for row in table.frame.to_dict("records"):
                for name, value in _keys_of(row, table.fixed).items():
                    (rests if value.rpartition("/")[2] in REST else found)[name].add(value)
        for name, some in rests.items():
            for rest in some:  # a rest of which no member is named anywhere is a value of its own
                if name in ("agency", "form") or not found[name]:
                    found[name].add(f"{rest} not named")
        return found

    def statements(self) -> list[Said]:
        """Put every printed number and label into words, those said twice once."""
        values = self.values()
        said: dict[tuple[Keys, tuple[date, date], Atoms], Said] = {}
        for table in self.tables:
            for one in _statements_of(table, values):
                key = (one.keys, one.days, one.atoms)
                if before := said.get(key):
                    low, high = max(before.low, one.low), min(before.high, one.high)
                    if low > high:
                        raise AssertionError(f"{one.text} contradicts itself: {high:.0f}, and {low:.0f} ({table.name})")
                    label = one.label if before.low == before.high else before.label
                    one = Said(*key, low, high, label, before.public or one.public)
                said[key] = one
        return list(said.values())

    def hidden_counts(self) -> pd.DataFrame:
        """Attack; give every count that is not shown with the range that can be proved.

        Returns
        -------
        pandas.DataFrame
            One row per hidden count that may be small: ``what``, ``label``, ``low``, ``high`` (1 and 4 where no more
            is known than that, or less), ``leak``: a label ``1–4`` narrowed at all, or a count of which nothing is
            said narrowed to less than the totals that are printed on purpose tell.
        """
        system = _System(self.statements(), self.values())
        found = system.ranges()
        columns = ["what", "label", "low", "high", "leak"]
        return pd.DataFrame(found, columns=columns)

    def leaks(self) -> pd.DataFrame:
        """Attack; keep what is narrower than it should be."""
        found = self.hidden_counts()
        return found[found["leak"].astype(bool)]


def _keys_of(row: dict[str, Any], fixed: dict[str, str]) -> dict[str, str]:
    """Give the keys of a row; a total has none."""
    keys = {name: str(row[name]) for name in DIMENSIONS if pd.notna(row.get(name))} | fixed
    keys = {name: value for name, value in keys.items() if value not in ("total", "all reasons")}
    if "agency" in keys:
        keys["agency"] = f"{keys['state']}/{keys['agency']}"
    if "lift_reason" in keys:
        keys["lift_reason"] = f"{row['outcome']}/{keys['lift_reason']}"
    return keys


def _statements_of(table: Table, values: dict[str, set[str]]) -> Iterator[Said]:
    """Put the rows of one table into words."""
    rows = table.frame.to_dict("records")
    keys_of = [_keys_of(row, table.fixed) for row in rows]
    named: dict[str, set[str]] = defaultdict(set)
    for keys in keys_of:
        for name, value in keys.items():
            named[name].add(value)
    for row, keys, days in zip(rows, keys_of, table.days, strict=True):
        chosen: dict[str, frozenset[str]] = {}
        for name, value in keys.items():
            members = {value}
            if value.rpartition("/")[2] in REST:
                members = values[name] - named[name]
                if name == "agency":
                    members = {one for one in members if one.startswith(keys["state"] + "/")}
            chosen[name] = frozenset(members)
        as_keys = tuple(sorted(chosen.items()))
        for outcomes, label in _counts_of(row):
            low, high = bounds_of(label)
            name = "issued" if len(outcomes) == len(OUTCOMES) else outcomes[0] if len(outcomes) == 1 else "others"
            public = name in PUBLIC.get(tuple(chosen), []) or name in PUBLIC.get(tuple(sorted(chosen)), [])
            text = "" if low == high else str(label) if isinstance(label, str) else WITHHELD
            yield Said(as_keys, days, atoms(outcomes, table.repeats), low, high, text, public and low == high)
    if not table.whole:
        return
    for name in [name for name in named if name not in table.fixed]:
        missing = values[name] - named[name]
        if name == "agency":
            missing = {one for one in missing if one.startswith(table.fixed["state"] + "/")}
        if name == "lift_reason":
            closed = {row["outcome"] for row in rows if row["lift_reason"] == "all reasons"}
            missing = {one for one in missing if one.partition("/")[0] not in closed}
        if missing and not any(value.rpartition("/")[2] in REST for value in named[name]):
            fixed = {key: frozenset([value]) for key, value in table.fixed.items()}
            as_keys = tuple(sorted((fixed | {name: frozenset(missing)}).items()))
            for days in sorted(set(table.days)):
                yield Said(as_keys, days, atoms(OUTCOMES, table.repeats), 0, 0, "", True)


def _counts_of(row: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Give the counts of a row: which outcomes, and the label or number."""
    if "detainers" in row:
        yield (row["outcome"],), row.get("detainers_shown", row["detainers"])
    for name in OUTCOMES:
        if name in row or f"{name}_shown" in row:
            yield (name,), row.get(f"{name}_shown", row.get(name))
    if "issued" in row or "issued_shown" in row:
        issued = row.get("issued_shown", row.get("issued"))
        yield OUTCOMES, issued
        if bounds_of(issued)[0] != bounds_of(issued)[1] and "taken" not in row and "taken_shown" not in row:
            yield OUTCOMES[1:], WITHHELD  # hidden with it, perhaps for its own sake


# The linear program -------------------------------------------------------------------------------------------------


Block = dict[Any, int]


class _System:
    """Variables, one per family of keys, their values, block of days and block of outcomes; and what binds them."""

    def __init__(self, said: list[Said], values: dict[str, set[str]]) -> None:
        self.said, self.values = said, values
        ends = sorted({one.days[0] for one in said} | {one.days[1] + timedelta(days=1) for one in said})
        self.pieces = ends[:-1]
        families = {one.family for one in said} | {()}
        self.families = sorted(families, key=lambda family: (len(family), family))
        self.days = {family: self._blocks_of_days(family) for family in self.families}
        self.outcomes = {family: self._blocks_of_outcomes(family) for family in self.families}
        self.size, self.first = 0, {}
        self.combos: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for family in self.families:
            self.combos[family] = self._combos(family)
            self.first[family] = self.size
            self.size += len(self.combos[family]) * self._width(family)
        self.place = {family: {c: n for n, c in enumerate(combos)} for family, combos in self.combos.items()}
        self.low, self.high = np.zeros(self.size), np.full(self.size, LARGE)
        self.links = [link for family in self.families for link in self._links(family)]

    def _covered(self, days: tuple[date, date]) -> frozenset[date]:
        return frozenset(piece for piece in self.pieces if days[0] <= piece <= days[1])

    def _parents(self, family: tuple[str, ...]) -> list[tuple[str, ...]]:
        """Give the largest families of which this one is a finer count."""
        under = [other for other in self.families if set(other) < set(family)]
        return [other for other in under if not any(set(other) < set(more) for more in under)]

    def _blocks_of_days(self, family: tuple[str, ...]) -> Block:
        """Number the pieces of time, those together that nothing which is said tells apart."""
        spans = {one.days for one in self.said if one.family == family}
        if len(parents := self._parents(family)) > 1:  # what two totals say by week together binds the sums, too
            spans |= {one.days for one in self.said if one.family in parents}
        marks = {piece: tuple(first <= piece <= last for first, last in sorted(spans)) for piece in self.pieces}
        numbers = {mark: n for n, mark in enumerate(sorted(set(marks.values())))}
        return {piece: numbers[mark] for piece, mark in marks.items()}

    def _blocks_of_outcomes(self, family: tuple[str, ...]) -> Block:
        """Number the outcomes, those together that nothing which is said of this family tells apart."""
        sets = sorted({tuple(sorted(one.atoms)) for one in self.said if one.family == family})
        marks = {atom: tuple(atom in one for one in sets) for atom in atoms(OUTCOMES, "counted")}
        numbers = {mark: n for n, mark in enumerate(sorted(set(marks.values())))}
        return {atom: numbers[mark] for atom, mark in marks.items()}

    def _combos(self, family: tuple[str, ...]) -> list[tuple[str, ...]]:
        """List the values that a family's keys may have together; an agency is of one state."""
        every = product(*(sorted(self.values[name]) for name in family))
        if "agency" not in family:
            return list(every)
        state, agency = family.index("state"), family.index("agency")
        return [one for one in every if one[agency].startswith(one[state] + "/")]

    def _width(self, family: tuple[str, ...]) -> int:
        return (max(self.days[family].values()) + 1) * (max(self.outcomes[family].values()) + 1)

    def _variables(
        self, family: tuple[str, ...], combos: Iterable[tuple[str, ...]], days: Iterable[int], outcomes: Iterable[int]
    ) -> list[int]:
        """Give the variables of some values, blocks of days and blocks of outcomes."""
        kinds, width = max(self.outcomes[family].values()) + 1, self._width(family)
        inner = [day * kinds + outcome for day, outcome in product(sorted(set(days)), sorted(set(outcomes)))]
        starts = (self.first[family] + self.place[family][combo] * width for combo in combos)
        return [start + one for start in starts for one in inner]

    def variables_of(self, one: Said) -> list[int]:
        """Give the variables that a printed count adds up."""
        keys = dict(one.keys)
        combos = [c for c in product(*(sorted(keys[name]) for name in one.family)) if c in self.place[one.family]]
        days = {self.days[one.family][piece] for piece in self._covered(one.days)}
        return self._variables(one.family, combos, days, {self.outcomes[one.family][atom] for atom in one.atoms})

    def _links(self, family: tuple[str, ...]) -> Iterator[tuple[list[int], list[int]]]:
        """Say that a finer family adds up to each of its parents, for the days and outcomes that both can tell."""
        for parent in self._parents(family):
            kept = [family.index(name) for name in parent]
            children: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
            for combo in self.combos[family]:
                children[tuple(combo[n] for n in kept)].append(combo)
            spoken = {self.days[family][p] for o in self.said if o.family == family for p in self._covered(o.days)}
            for days in _joined(self.days[family], self.days[parent]):
                if not {self.days[family][piece] for piece in days} & spoken:
                    continue
                for outcomes in _joined(self.outcomes[family], self.outcomes[parent]):
                    blocks = [
                        ({self.days[f][piece] for piece in days}, {self.outcomes[f][atom] for atom in outcomes})
                        for f in (family, parent)
                    ]
                    for combo, finer in children.items():
                        yield self._variables(family, finer, *blocks[0]), self._variables(parent, [combo], *blocks[1])

    def ranges(self) -> list[tuple[str, str, float, float, bool]]:
        """Push every hidden count that may be small down and up."""
        everything, alone = _Program(self, self.said), _Program(self, [said for said in self.said if said.public])
        targets = [one for one in self.said if one.label and one.low < SMALLEST_SHOWN and one.high > one.low]
        targets = [
            one for one in targets if one.label != WITHHELD or len({name for name, _ in one.atoms}) < len(OUTCOMES)
        ]
        totals = _totals(self.said)
        found = []
        for one, low, high in everything.push(
            [(one, min(SMALLEST_SHOWN - 1, alone.most(one, totals))) for one in targets]
        ):
            leak = low > 1 + 1e-4 or high < SMALLEST_SHOWN - 1 - 1e-4
            if one.label == WITHHELD and leak:
                leak = high < min(SMALLEST_SHOWN - 1, alone.most(one, totals)) - 1e-4 or (
                    high < SMALLEST_SHOWN - 1e-4 and low > 1 + 1e-4
                )
            if one.label == WITHHELD and leak:
                least, most = alone.range_of(one)
                leak = high < min(SMALLEST_SHOWN - 1, most) - 1e-4 or low > max(1, least) + 1e-4
            found.append((one.text, one.label, low, high, leak))
        return found


def _totals(said: list[Said]) -> dict[tuple[Keys, tuple[date, date], Atoms], float]:
    """Give the totals that are printed on purpose, and those of what was not declined."""
    totals = {(one.keys, one.days, one.atoms): one.high for one in said if one.public}
    for keys, days, some in list(totals):
        for repeats in ("left out", "counted"):
            if some == atoms(OUTCOMES, repeats) and (keys, days, atoms(["declined"], repeats)) in totals:
                others = totals[keys, days, some] - totals[keys, days, atoms(["declined"], repeats)]
                totals[keys, days, atoms(OUTCOMES[1:], repeats)] = others
    return totals


def _above(some: Atoms) -> list[Atoms]:
    """Give the sets of outcomes of which totals are printed that hold these."""
    sets = [
        atoms(names, repeats)
        for names in (*zip(OUTCOMES), OUTCOMES[1:], OUTCOMES)
        for repeats in ("left out", "counted")
    ]
    return [one for one in sets if some <= one]


def _joined(some: Block, other: Block) -> list[list[Any]]:
    """Give the smallest sets that are made of whole blocks of both."""
    things = list(some)
    together = {thing: {thing} for thing in things}
    for block in (some, other):
        first: dict[int, Any] = {}
        for thing in things:
            one = first.setdefault(block[thing], thing)
            if together[one] is not together[thing]:
                together[one] |= together[thing]
                for member in together[one]:
                    together[member] = together[one]
    return [sorted(members) for members in {id(members): members for members in together.values()}.values()]


class _Program:
    """A linear program, taken apart into what hangs together."""

    def __init__(self, system: _System, said: list[Said]) -> None:
        self.system = system
        low, high = system.low.copy(), system.high.copy()
        rows: list[tuple[list[int], list[int], float, float]] = [
            (fine, coarse, 0.0, 0.0) for fine, coarse in system.links
        ]
        rows += [(system.variables_of(one), [], one.low, one.high) for one in said]
        self.low, self.high = low, high
        self._tighten(rows)
        self.rows = rows
        self.group = self._groups()
        self.built: dict[int, tuple[Any, ...]] = {}

    def _tighten(self, rows: list[tuple[list[int], list[int], float, float]]) -> None:
        """Fix what single rows fix, and replace sums that are known, so that less hangs together."""
        for _ in range(3):
            for plus, minus, least, most in rows:
                if not minus:
                    if len(plus) == 1:
                        self.low[plus[0]] = max(self.low[plus[0]], least)
                    self.high[plus] = np.minimum(self.high[plus], most)
                else:
                    for some, others in ((plus, minus), (minus, plus)):
                        if len(some) == 1:
                            self.low[some[0]] = max(self.low[some[0]], self.low[others].sum())
                        self.high[some] = np.minimum(self.high[some], self.high[others].sum())
        free = self.high > self.low

        def split(members: list[int]) -> tuple[frozenset[int], float]:
            return frozenset(n for n in members if free[n]), float(sum(self.low[n] for n in members if not free[n]))

        known: dict[frozenset[int], float] = {}
        for plus, minus, least, most in rows:
            if not minus and least == most:
                members, part = split(plus)
                known[members] = least - part
        within: dict[int, frozenset[int]] = {}
        for members in sorted(known, key=len, reverse=True):
            within.update(dict.fromkeys(members, members))  # the smallest last
            self.high[list(members)] = np.minimum(self.high[list(members)], known[members])

        def shortened(members: frozenset[int]) -> tuple[frozenset[int], float]:
            left, part = members, 0.0
            for one in sorted({within[n] for n in members if n in within}, key=lambda one: (len(one), sorted(one))):
                if one <= left:
                    left, part = left - one, part + known[one]
            return left, part

        short = []
        for plus, minus, least, most in rows:
            (more, fixed), (less, taken_off) = split(plus), split(minus)
            shift = fixed - taken_off
            if minus or (more in known and not all(within[n] == more for n in more)):
                (more, fixed), (less, taken_off) = shortened(more), shortened(less)
                shift += fixed - taken_off
            if more or less:
                short.append((sorted(more), sorted(less), least - shift, most - shift))
            elif not least - 1e-6 <= shift <= most + 1e-6:
                raise AssertionError(f"what is printed contradicts itself: {shift} is not {least} to {most}")
        rows[:] = short

    def _groups(self) -> np.ndarray:
        """Number what hangs together."""
        first, second = [], []
        for plus, minus, *_ in self.rows:
            members = [*plus, *minus]
            first += [members[0]] * len(members)
            second += members
        edges = coo_array((np.ones(len(first)), (first, second)), shape=(self.system.size,) * 2)
        return connected_components(edges, directed=False)[1]

    def _built(self, group: int) -> tuple[Any, ...]:
        """Build the matrices of one group."""
        if group in self.built:
            return self.built[group]
        members = np.flatnonzero(self.group == group)
        place = {int(n): k for k, n in enumerate(members)}
        exact, at_most = ([], [], [], []), ([], [], [], [])  # type: ignore[var-annotated]

        def put(where: Any, plus: list[int], minus: list[int], sign: int, bound: float) -> None:  # noqa: ANN401
            row = len(where[3])
            where[0].extend([sign] * len(plus) + [-sign] * len(minus))
            where[1].extend([row] * (len(plus) + len(minus)))
            where[2].extend(place[n] for n in (*plus, *minus))
            where[3].append(sign * bound)

        for plus, minus, least, most in self.rows:
            if self.group[(plus or minus)[0]] != group:
                continue
            if least == most:
                put(exact, plus, minus, 1, least)
            else:
                if most < LARGE / 2:
                    put(at_most, plus, minus, 1, most)
                put(at_most, plus, minus, -1, least)
        matrices = [
            (csr_array((v, (r, c)), shape=(len(b), len(members))), np.array(b)) if b else (None, None)
            for v, r, c, b in (exact, at_most)
        ]
        self.built[group] = (members, place, *matrices)
        return self.built[group]

    def _solve(self, group: int, aims: list[_Aim], sign: int) -> np.ndarray:
        """Push counts up to their ends (down, if the sign is 1), as many as can be; give all variables."""
        members, place, (a_eq, b_eq), (a_ub, b_ub) = self._built(group)
        size, more = len(members), len(aims)
        rows = [k for k, aim in enumerate(aims) for _ in aim.free]
        columns = [place[n] for aim in aims for n in aim.free]
        sums = csr_array((np.full(len(rows), float(sign)), (rows, columns)), shape=(more, size))
        short = hstack([sums, -eye_array(more)])  # how far each is from its end, which is to be as little as can be
        reach = np.array([sign * (aim.ends[sign] - aim.known) for aim in aims])
        a_ub = short if a_ub is None else vstack([hstack([a_ub, csr_array((a_ub.shape[0], more))]), short])
        b_ub = reach if b_ub is None else np.concatenate([b_ub, reach])
        if a_eq is not None:
            a_eq = hstack([a_eq, csr_array((a_eq.shape[0], more))])
        cost = np.concatenate([np.zeros(size), np.ones(more)])
        low, high = np.append(self.low[members], np.zeros(more)), np.append(self.high[members], np.full(more, LARGE))
        bounds = np.column_stack([low, high])
        solved = linprog(cost, A_ub=a_ub.tocsr(), b_ub=b_ub, A_eq=a_eq, b_eq=b_eq, bounds=bounds, method="highs")
        if solved.status != 0:
            raise AssertionError(f"what is printed contradicts itself: {solved.message}")
        values = np.zeros(self.system.size)
        values[members] = solved.x[:size]
        return values

    def _aim(self, one: Said, most: float) -> _Aim:
        """Split a count into what is free and what is known."""
        members = self.system.variables_of(one)
        free = [n for n in members if self.high[n] > self.low[n]]
        known = float(sum(self.low[n] for n in members if self.high[n] <= self.low[n]))
        return _Aim(free, known, {1: 1.0, -1: most})

    def most(self, one: Said, totals: dict[tuple[Keys, tuple[date, date], Atoms], float]) -> float:
        """Give what single totals allow a count at most."""
        rows = [tuple(key for key in one.keys if key != left) for left in one.keys]
        above = [
            totals.get((keys, one.days, some), LARGE) for keys in [one.keys, *rows, ()] for some in _above(one.atoms)
        ]
        return float(min(self.high[self.system.variables_of(one)].sum(), *above))

    def range_of(self, one: Said) -> tuple[float, float]:
        """Give the least and the largest value of one count, as far as from 0 to the threshold."""
        aim = self._aim(one, SMALLEST_SHOWN)
        aim.ends[1] = 0.0
        ends = {1: aim.known, -1: aim.known}
        for sign in ends:
            for group in sorted({int(self.group[n]) for n in aim.free}):
                mine = [n for n in aim.free if self.group[n] == group]
                ends[sign] += self._solve(group, [_Aim(mine, 0.0, aim.ends)], sign)[mine].sum()
        return float(ends[1]), float(ends[-1])

    def push(self, targets: list[tuple[Said, float]]) -> list[tuple[Said, float, float]]:
        """Push counts down to 1 and up to their ends, many at a time; give the range of those that do not get there."""
        waiting: dict[int, dict[int, _Aim]] = defaultdict(dict)
        odd = set()
        for k, (one, most) in enumerate(targets):
            aim = self._aim(one, most)
            groups = {int(self.group[n]) for n in aim.free}
            if len(groups) == 1:
                waiting[groups.pop()][k] = aim
            else:
                odd.add(k)
        for group, ahead in waiting.items():
            for sign in (1, -1):
                left = dict(ahead)
                while left:
                    values = self._solve(group, list(left.values()), sign)
                    after = {k: aim for k, aim in left.items() if aim.misses(values, sign)}
                    if len(after) == len(left):  # one alone, then go on with the others
                        k, aim = after.popitem()
                        if aim.misses(self._solve(group, [aim], sign), sign):
                            odd.add(k)
                    left = after
        return [
            (one, *self.range_of(one)) if k in odd else (one, 1.0, SMALLEST_SHOWN - 1.0 if most > 0 else 0.0)
            for k, (one, most) in enumerate(targets)
        ]


@dataclass
class _Aim:
    """A count to push: the variables that it adds up, what of it is known, and how far to go down (1) and up (-1)."""

    free: list[int]
    known: float
    ends: dict[int, float]

    def misses(self, values: np.ndarray, sign: int) -> bool:
        return bool(sign * (self.known + values[self.free].sum() - self.ends[sign]) > 1e-6)


# Made-up detainers --------------------------------------------------------------------------------------------------


def made_up(seed: int, detainers: int = 500) -> pd.DataFrame:
    """Make up a few weeks of sparse, unequal detainers around the end of a quarter, 22 March to 18 April 2025."""
    generator = np.random.default_rng(seed)
    reasons = {
        "Detainer Declined by LEA": Outcome.DECLINED,
        "Booked into Detention": Outcome.TAKEN,
        "Early Release": Outcome.LEFT_FIRST,
        "Case Closed": Outcome.NO_ACTION,
        "Prosecutorial Discretion": Outcome.NO_ACTION,
        None: Outcome.NOT_RECORDED,
    }

    def drawn(values: list[Any], evenness: float) -> np.ndarray:
        return np.array(values, dtype=object)[
            generator.choice(len(values), detainers, p=generator.dirichlet(np.full(len(values), evenness)))
        ]

    table = pd.DataFrame(
        {
            "issued_on": pd.Timestamp("2025-03-22") + pd.to_timedelta(generator.integers(0, 28, detainers), "D"),
            "state": drawn(["CA", "TX", "NY", "FL", "ME", "VT", None], 0.7),
            "offence_group": drawn(["DUI", "ASSAULT", "FRAUD", "HOMICIDE", "DRUGPOSS", "NONE"], 0.9),
            "offence_status": drawn([*OffenceStatus], 1.0),
            "form": drawn(["I247A", "I247D", "I247N"], 0.5),
            "lift_reason": drawn([*reasons], 2.0),
            "duplicate": pd.Series(generator.random(detainers) < 0.05).map({True: "repeats another", False: None}),
            "detainers": 1,
            "source_file": "made up",
            "source_row": 1,
        }
    )
    agency = generator.geometric(0.25, detainers).clip(max=9).astype(str)
    table["agency"] = table["state"].fillna("?") + " JAIL " + agency
    return as_table(table.assign(outcome=table["lift_reason"].map(reasons)))
