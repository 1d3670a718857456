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
from functools import cache
from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import block_array, coo_array, csr_array, eye_array
from scipy.sparse.csgraph import connected_components

from analysis.load.table import OffenceStatus, Outcome, as_table

OUTCOMES = ("declined", "taken", "other_ends", "not_recorded")
DECLINED, OTHERS = OUTCOMES[:1], OUTCOMES[1:]
DIMENSIONS = ("state", "offence_group", "agency", "form", "offence_status", "lift_reason")
REST = {"other states", "other groups", "other agencies", "other forms"}
SMALLEST_SHOWN, LARGE, WITHHELD = 5, float("inf"), "not shown"
PUBLIC: dict[tuple[str, ...], list[tuple[str, ...]]] = {
    (): [*((name,) for name in OUTCOMES), OTHERS, OUTCOMES],
    ("state",): [DECLINED, OTHERS, OUTCOMES],
    ("offence_group",): [DECLINED, OTHERS, OUTCOMES],
    ("agency", "state"): [OUTCOMES],
    ("form",): [OUTCOMES],
}
"""The totals that are printed in full on purpose, by what they are totals of."""
EMPTY = np.array([], dtype=int)
Days = tuple[date, date]
Atoms = frozenset[tuple[str, bool]]
"""Outcomes, each of detainers counted once or of those that repeat another."""


def atoms(outcomes: Iterable[str], repeats: str = "counted") -> Atoms:
    """Say of which detainers a number is the count."""
    return frozenset(product(outcomes, [False, True][: 1 + (repeats != "left out")]))


def bounds_of(label: object) -> tuple[float, float]:
    """Read what a label, or a number, says of a count."""
    if isinstance(label, str) and not re.fullmatch(r"\d+(\.0+)?", label):
        found = re.fullmatch(r"(\d+)(?:–(\d+)|\+)", label)
        return (float(found[1]), float(found[2] or LARGE)) if found else (0, LARGE)
    return (0, LARGE) if pd.isna(label) else (float(label), float(label))  # type: ignore[arg-type]


class Said(NamedTuple):
    """What is printed of one count: the detainers with one of some values of each key, of these days and outcomes."""

    keys: tuple[tuple[str, frozenset[str]], ...]
    days: Days
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
        return " ".join([*keys, "+".join(sorted({name for name, _ in self.atoms})), "{} to {}".format(*self.days)])


class Table(NamedTuple):
    """A printed table: its rows, the days of each, what they have in common, and whether nothing is left out of it."""

    frame: pd.DataFrame
    days: list[Days]
    repeats: str
    whole: bool
    name: str
    fixed: dict[str, str]


@dataclass
class Attack:
    """All that is printed of one source; ``unread`` are tables and facts of a folder that the attack cannot place."""

    tables: list[Table] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)  # offence groups that there are, whether a table names them or not

    def add(
        self,
        frame: pd.DataFrame,
        *days: date,
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
        of_rows = [(days[0], days[1])] * len(frame)
        if "week" in frame:
            of_rows = [(week.date(), week.date() + timedelta(days=6)) for week in pd.to_datetime(frame["week"])]
        self.tables.append(Table(frame, of_rows, repeats, whole, name, fixed))

    def values(self) -> dict[str, set[str]]:
        """Collect the values that each key may have; an agency and a reason carry what they belong to."""
        found: dict[str, set[str]] = defaultdict(set, {"offence_group": set(self.groups)})
        for table in self.tables:
            for keys in _keys_of(table):
                for name, value in keys.items():
                    found[name].add(value)
        for name, some in found.items():
            rests = {value for value in some if _is_rest(value)}
            some -= rests  # of which no member is named anywhere: a value of its own
            some |= {f"{rest} not named" for rest in rests if name in ("agency", "form") or not some}
        return found

    def statements(self, values: dict[str, set[str]]) -> list[Said]:
        """Put every printed number and label into words, those said twice once."""
        said: dict[Any, Said] = {}
        for table in self.tables:
            for one in _statements_of(table, values):
                before = said.get(one[:3], one)
                low, high = max(before.low, one.low), min(before.high, one.high)
                if low > high:
                    raise AssertionError(f"{one.text} contradicts itself: {high:.0f}, and {low:.0f} ({table.name})")
                label = one.label if before.low == before.high else before.label
                said[one[:3]] = Said(*one[:3], low, high, label, before.public or one.public)
        return list(said.values())

    def hidden_counts(self) -> pd.DataFrame:
        """Attack; give every hidden count that may be small with the range that can be proved.

        ``low`` and ``high`` are 1 and 4 where no more is known than that. A ``leak`` is a label ``1–4`` narrowed at
        all, or a count of which nothing is said narrowed to less than the totals that are printed on purpose tell.
        """
        values = self.values()
        return _System(self.statements(values), values).ranges()

    def leaks(self) -> pd.DataFrame:
        """Attack; keep what is narrower than it should be."""
        found = self.hidden_counts()
        return found[found["leak"]]


def _is_rest(value: str) -> bool:
    return value.rpartition("/")[2] in REST


def _keys_of(table: Table) -> list[dict[str, str]]:
    """Give the keys of each row; a total has none."""
    found = []
    for row in table.frame.to_dict("records"):
        keys = {name: str(row[name]) for name in DIMENSIONS if pd.notna(row.get(name))} | table.fixed
        keys = {name: value for name, value in keys.items() if value not in ("total", "all reasons")}
        owners = {"agency": keys.get("state"), "lift_reason": row.get("outcome")}
        found.append({name: f"{owners[name]}/{key}" if name in owners else key for name, key in keys.items()})
    return found


def _statements_of(table: Table, values: dict[str, set[str]]) -> Iterator[Said]:
    """Put the rows of one table into words."""
    rows, keys_of, fixed = table.frame.to_dict("records"), _keys_of(table), table.fixed
    named = {name: {keys[name] for keys in keys_of if name in keys} for name in (*DIMENSIONS, *fixed)}
    lacking = {name: values[name] - known for name, known in named.items()}
    lacking["agency"] = {one for one in lacking["agency"] if one.startswith(f"{fixed.get('state')}/")}
    for row, keys, days in zip(rows, keys_of, table.days, strict=True):
        members = {name: lacking[name] if _is_rest(value) else {value} for name, value in keys.items()}
        as_keys = tuple((name, frozenset(members[name])) for name in sorted(members))
        for outcomes, label in _counts_of(row):
            low, high = bounds_of(label)
            text = "" if low == high else label if isinstance(label, str) else WITHHELD
            public = low == high and outcomes in PUBLIC.get(tuple(sorted(keys)), [])
            yield Said(as_keys, days, atoms(outcomes, table.repeats), low, high, text, public)
    open_to_all = {row["outcome"] for row in rows if row.get("lift_reason") == "all reasons"}
    lacking["lift_reason"] = {one for one in lacking["lift_reason"] if one.partition("/")[0] not in open_to_all}
    for name, known in named.items():  # what a whole table does not name has no detainer
        if table.whole and known and name not in fixed and lacking[name] and not any(map(_is_rest, known)):
            members = {key: {value} for key, value in fixed.items()} | {name: lacking[name]}
            as_keys = tuple((key, frozenset(members[key])) for key in sorted(members))
            for days in set(table.days):
                yield Said(as_keys, days, atoms(OUTCOMES, table.repeats), 0, 0, "", True)


def _counts_of(row: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Give the counts of a row: which outcomes, and the label or number."""
    shown = {name: row.get(f"{name}_shown", row.get(name)) for name in (*OUTCOMES, "issued", "detainers")}
    told = {name for name in shown if name in row or f"{name}_shown" in row}
    if "detainers" in told:
        yield (row["outcome"],), shown["detainers"]
    for name in OUTCOMES:
        if name in told:
            yield (name,), shown[name]
    if "issued" in told:
        yield OUTCOMES, shown["issued"]
        (low, high), declined = bounds_of(shown["issued"]), bounds_of(shown["declined"])
        if low == high and declined[0] == declined[1]:
            yield OTHERS, low - declined[0]
        elif low != high and "taken" not in told:
            yield OTHERS, WITHHELD  # hidden with it, perhaps for its own sake


class _System:
    """Variables: of each family of keys and of their values one per block of days and outcomes; and what binds them.

    A block is a set of days and outcomes that nothing which is said of the family tells apart.
    """

    def __init__(self, said: list[Said], values: dict[str, set[str]]) -> None:
        self.said, self.size = said, 0
        starts = sorted({day for one in said for day in (one.days[0], one.days[1] + timedelta(days=1))})[:-1]
        self.cells = list(product(starts, atoms(OUTCOMES)))
        self.covered = cache(self._covered)
        self.of_family: dict[tuple[str, ...], list[Said]] = {(): []}
        for one in said:
            self.of_family.setdefault(one.family, []).append(one)
        self.first, self.place, self.block, links = {}, {}, {}, []
        for family in sorted(self.of_family, key=lambda family: (len(family), family)):
            combos = [dict(zip(family, one, strict=True)) for one in product(*(sorted(values[key]) for key in family))]
            combos = [one for one in combos if "agency" not in one or one["agency"].startswith(one["state"] + "/")]
            self.first[family] = self.size
            self.place[family] = {tuple(one.values()): number for number, one in enumerate(combos)}
            under = [other for other in self.first if set(other) < set(family)]
            parents = [other for other in under if not any(set(other) < set(more) for more in under)]
            marks = [self.covered(one.days, one.atoms) for one in self.of_family[family]]
            spoken = np.any(marks, axis=0) if marks else np.zeros(len(self.cells), dtype=bool)
            if len(parents) > 1:  # what two totals say by week together binds the sums, too
                of_parents = [one for parent in parents for one in self.of_family[parent]]
                marks += [self.covered(one.days, atoms(OUTCOMES)) for one in of_parents]
            marked = np.unique(marks or [spoken], axis=0)
            self.block[family] = np.unique(marked, axis=1, return_inverse=True)[1].ravel()
            self.size += len(combos) * (self.block[family].max() + 1)
            links += [link for parent in parents for link in self._links(family, parent, spoken)]
        self.links = links

    def _covered(self, days: Days, some: Atoms) -> np.ndarray:
        """Say which days and outcomes are of these."""
        return np.array([days[0] <= day <= days[1] and atom in some for day, atom in self.cells])

    def _variables(self, family: tuple[str, ...], combos: Iterable[tuple[str, ...]], cells: np.ndarray) -> np.ndarray:
        """Give the variables of some values, days and outcomes."""
        places = np.array([self.place[family][one] for one in combos if one in self.place[family]], dtype=int)
        block = self.block[family]
        return (self.first[family] + places[:, None] * (block.max() + 1) + np.unique(block[cells])).ravel()

    def _links(
        self, family: tuple[str, ...], parent: tuple[str, ...], spoken: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Say that a finer family adds up to its parent, for the days and outcomes that both can tell."""
        children: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
        for combo in self.place[family]:
            children[tuple(combo[family.index(name)] for name in parent)].append(combo)
        blocks = self.block[family], self.block[family].max() + 1 + self.block[parent]
        joined = connected_components(coo_array((np.ones(len(self.cells)), blocks), (2 * len(self.cells),) * 2))[1]
        group = joined[blocks[0]]
        for number in np.unique(group[spoken]):
            cells = group == number
            for combo, finer in children.items():
                yield self._variables(family, finer, cells), self._variables(parent, [combo], cells)

    def _matrix(self, said: list[Said], links: Iterable[tuple[np.ndarray, np.ndarray]] = ()) -> csr_array:
        """Give rows of ones, and of minus ones: links, and the variables that printed counts add up."""
        counted = [(one.family, product(*(few for _, few in one.keys)), one.days, one.atoms) for one in said]
        rows = [*links, *((self._variables(*one[:2], self.covered(*one[2:])), EMPTY) for one in counted)]
        signs = [sign * np.ones(len(some)) for row in rows for sign, some in zip((1, -1), row, strict=True)]
        numbers = np.repeat(np.arange(len(rows)), [len(plus) + len(minus) for plus, minus in rows])
        columns = np.concatenate([EMPTY, *(some for row in rows for some in row)])
        return csr_array((np.concatenate([EMPTY, *signs]), (numbers, columns)), shape=(len(rows), self.size))

    def _program(self, said: list[Said]) -> tuple[csr_array, np.ndarray]:
        """Give what binds the variables: sums, and their bounds."""
        bounds = [(0.0, 0.0)] * len(self.links) + [(one.low, one.high) for one in said]
        return self._matrix(said, self.links), np.array(bounds)

    def ranges(self) -> pd.DataFrame:
        """Push every hidden count that may be small down and up.

        What is not shown is pushed as far as public totals allow; it may be large, so it is narrowed only if it is not.
        """
        public = [one for one in self.said if one.public]
        totals: dict[Days, list[Said]] = defaultdict(list)
        for one in public:
            totals[one.days].append(one)

        def least_total(one: Said) -> float:
            above = (t.high for t in totals[one.days] if {*t.keys} <= {*one.keys} and one.atoms <= t.atoms)
            return min(above, default=LARGE)

        hidden = [one for one in self.said if one.label and one.low < SMALLEST_SHOWN and one.high > one.low]
        kept = [one for one in hidden if one.label != WITHHELD or len({name for name, _ in one.atoms}) < len(OUTCOMES)]
        withheld, counts = np.array([one.label == WITHHELD for one in kept], dtype=bool), self._matrix(kept)
        most = [least_total(one) if one.label == WITHHELD else LARGE for one in kept]
        ends = np.column_stack([np.ones(len(kept)), np.minimum(most, SMALLEST_SHOWN - 1)])
        of_all = self._program(self.said)
        _solve(*of_all, counts[:0], np.zeros(0), 1)  # else what is printed contradicts itself
        reached = push(*of_all, counts, ends, alone=False)
        missed = (np.abs(reached - ends) > 1e-4).any(axis=1)
        odd = np.flatnonzero(missed & withheld)
        highest = push(*of_all, counts[odd], np.tile([LARGE, SMALLEST_SHOWN], (len(odd), 1)))[:, 1]
        large, odd = odd[highest == SMALLEST_SHOWN], odd[highest < SMALLEST_SHOWN]
        reached[large] = ends[large] = 1, LARGE
        missed[large] = False
        # Several public totals together may tell as much.
        ends[odd] = push(*self._program(public), counts[odd], np.tile([1, SMALLEST_SHOWN - 1], (len(odd), 1)))
        reached[missed] = push(*of_all, counts[missed], ends[missed])
        low, high = reached.T
        leak = (low > ends[:, 0] + 1e-4) | (high < ends[:, 1] - 1e-4)
        words = {"what": [one.text for one in kept], "label": [one.label for one in kept]}
        return pd.DataFrame({**words, "low": low, "high": high, "leak": leak})


def push(
    matrix: csr_array, bounds: np.ndarray, counts: csr_array, ends: np.ndarray, *, alone: bool = True
) -> np.ndarray:
    """Push counts down and up to their ends; give these, or how far those go that miss them (if ``alone``, by itself).

    Variables that follow at once are put in; what is left falls into parts that have nothing to do with each other, so
    that of a sum over several each is pushed by itself.
    """
    if not len(ends):
        return ends
    row, column, value = (getattr(matrix.tocoo(), name) for name in ("row", "col", "data"))
    known = np.full(matrix.shape[1], np.nan)
    while True:
        free = np.isnan(known)
        rest = bounds - (matrix @ np.where(free, 0, known))[:, None]
        number = abs(matrix) @ free
        nil = (rest[:, 1] == 0) & (matrix @ free == number)
        found = free[column] & (nil | ((number == 1) & (bounds[:, 0] == bounds[:, 1])))[row]
        if not found.any():
            break
        known[column[found]] = np.where(nil[row], 0, rest[row, 1] / value)[found]
    begin = counts @ np.where(free, 0, known)
    matrix, counts = matrix[:, free].tocsr(), counts[:, free].tocsr()
    part = connected_components(block_array([[None, matrix], [matrix.T, None]]))[1]
    of_row, of_column = part[: len(rest)], part[len(rest) :]
    parts = [{*of_column[counts.indices[a:b]].tolist()} for a, b in pairwise(counts.indptr)]
    aims = np.where([[len(some) > 1] for some in parts], [0.0, SMALLEST_SHOWN], ends - begin[:, None])
    reached = np.column_stack([begin, begin])
    for one in sorted(set().union(*parts)):
        rows, columns = np.flatnonzero(of_row == one), np.flatnonzero(of_column == one)
        some = np.array([number for number, own in enumerate(parts) if one in own])
        within, own = (matrix[rows][:, columns], rest[rows]), counts[some][:, columns]
        for end, sign in enumerate((1, -1)):
            best, left, number = aims[some, end], np.arange(len(some)), len(some)
            while len(left):
                tried = left[:number]
                if np.isinf(best[tried]).all():
                    break
                got = own[left] @ _solve(*within, own[tried], best[tried], sign)
                missed = sign * (got - best[left]) > 1e-6
                if len(tried) == 1 and missed[0]:
                    best[left[0]], missed[0] = got[0], False
                elif not alone and missed.all():
                    best[left], missed[:] = got, False
                elif missed[: len(tried)].all():  # none gets there together with all others: with half of them
                    number = len(tried) // 2
                left = left[missed]
            reached[some, end] += best
    return np.column_stack([np.maximum(reached[:, 0], ends[:, 0]), np.minimum(reached[:, 1], ends[:, 1])])


def _solve(matrix: csr_array, bounds: np.ndarray, counts: csr_array, ends: np.ndarray, sign: int) -> np.ndarray:
    """Push counts to their ends (down, if the sign is 1), as many as can be; give all variables."""
    more, size = counts.shape  # how far each is from its end is to be little
    lines = block_array([[matrix, None], [sign * counts, -eye_array(more)]], format="csr") if more else matrix
    low, high = np.append(bounds[:, 0], np.full(more, -np.inf)), np.append(bounds[:, 1], sign * ends)
    solved = milp(np.append(np.zeros(size), np.ones(more)), constraints=LinearConstraint(lines, low, high))
    if solved.status != 0:
        raise AssertionError(f"what is printed contradicts itself: {solved.message}")
    return np.asarray(solved.x[:size])


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

    def drawn(values: Iterable[Any], evenness: float) -> np.ndarray:
        some = np.array([*values], dtype=object)
        return some[generator.choice(len(some), detainers, p=generator.dirichlet(np.full(len(some), evenness)))]

    table = pd.DataFrame(
        {
            "issued_on": pd.Timestamp("2025-03-22") + pd.to_timedelta(generator.integers(0, 28, detainers), "D"),
            "state": drawn(["CA", "TX", "NY", "FL", "ME", "VT", None], 0.7),
            "offence_group": drawn(["DUI", "ASSAULT", "FRAUD", "HOMICIDE", "DRUGPOSS", "NONE"], 0.9),
            "offence_status": drawn(OffenceStatus, 1.0),
            "form": drawn(["I247A", "I247D", "I247N"], 0.5),
            "lift_reason": drawn(reasons, 2.0),
            "duplicate": pd.Series(generator.random(detainers) < 0.05).map({True: "repeats another", False: None}),
            **{"detainers": 1, "source_file": "made up", "source_row": 1},
        }
    )
    agency = generator.geometric(0.25, detainers).clip(max=9).astype(str)
    table["agency"] = table["state"].fillna("?") + " JAIL " + agency
    return as_table(table.assign(outcome=table["lift_reason"].map(reasons)))
