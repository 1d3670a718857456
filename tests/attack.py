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
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack

from analysis.load.table import OffenceStatus, Outcome, as_table

OUTCOMES = ("declined", "taken", "other_ends", "not_recorded")
DIMENSIONS = ("state", "offence_group", "agency", "form", "offence_status", "lift_reason")
REST = {"other states", "other groups", "other agencies", "other forms"}
SMALLEST_SHOWN, LARGE = 5, float("inf")
WITHHELD = "not shown"
Keys = tuple[tuple[str, frozenset[str]], ...]
Atoms = frozenset[tuple[str, str]]
"""Outcomes, each of detainers counted once or of those that repeat another."""
ONCE, AGAIN = "once", "again"
PUBLIC = {
    (): [*OUTCOMES, "others", "issued"],
    ("state",): ["declined", "others", "issued"],
    ("offence_group",): ["declined", "others", "issued"],
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
    groups: set[str] = field(default_factory=set)
    """Offence groups that there are, whether a table names them or not."""

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
        found: dict[str, set[str]] = defaultdict(set, {"offence_group": set(self.groups)})
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
        (low, high), declined = bounds_of(issued), bounds_of(row.get("declined_shown", row.get("declined")))
        if low == high and declined[0] == declined[1]:
            yield OUTCOMES[1:], low - declined[0]
        elif low != high and "taken" not in row and "taken_shown" not in row:
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
        """Push every hidden count that may be small down and up.

        What is not shown is pushed as far as public totals allow; it may be large, so it is narrowed only if it is not.
        """
        public = [one for one in self.said if one.public]
        totals: dict[tuple[date, date], list[tuple[set[Any], Atoms, float]]] = defaultdict(list)
        for one in public:
            totals[one.days].append((set(one.keys), one.atoms, one.high))

        def most(one: Said) -> float:
            above = (high for keys, some, high in totals[one.days] if keys <= set(one.keys) and one.atoms <= some)
            return min(above, default=LARGE)

        hidden = [one for one in self.said if one.label and one.low < SMALLEST_SHOWN and one.high > one.low]
        kept = [one for one in hidden if one.label != WITHHELD or len({name for name, _ in one.atoms}) < len(OUTCOMES)]
        counts = _matrix([(self.variables_of(one), []) for one in kept], self.size)
        withheld = np.array([one.label == WITHHELD for one in kept], dtype=bool)
        aims = np.column_stack([np.ones(len(kept)), SMALLEST_SHOWN - 1.0 + withheld])
        ends = aims.copy()
        ends[withheld, 1] = [min(SMALLEST_SHOWN, most(one)) for one in kept if one.label == WITHHELD]
        reached = _Program(self, self.said).push(counts, ends)
        odd = withheld & (np.abs(reached - ends) > 1e-4).any(axis=1)  # several totals together may tell as much
        if odd.any():
            ends[odd] = _Program(self, public).push(counts[odd], aims[odd])
        low, high = reached.T
        leaks = high < np.minimum(SMALLEST_SHOWN - 1, ends[:, 1]) - 1e-4
        leaks |= (low > ends[:, 0] + 1e-4) & (high < SMALLEST_SHOWN - 1e-4)
        return [
            (one.text, one.label, float(low), float(high), bool(leak))
            for one, (low, high), leak in zip(kept, reached, leaks, strict=True)
        ]


def _joined(some: Block, other: Block) -> list[list[Any]]:
    """Give the smallest sets that are made of whole blocks of both."""
    together: list[set[Any]] = []
    for block in (some, other):
        for number in set(block.values()):
            members = {thing for thing in block if block[thing] == number}
            touched = [one for one in together if one & members]
            together = [one for one in together if not one & members] + [members.union(*touched)]
    return [sorted(members) for members in together]


def _matrix(rows: list[tuple[list[int], list[int]]], size: int) -> csr_array:
    """Give rows of ones, and of minus ones."""
    signs = [sign for plus, minus in rows for sign in [1.0] * len(plus) + [-1.0] * len(minus)]
    numbers = [number for number, (plus, minus) in enumerate(rows) for _ in range(len(plus) + len(minus))]
    columns = [column for plus, minus in rows for column in (*plus, *minus)]
    return csr_array((signs, (numbers, columns)), shape=(len(rows), size))


class _Program:
    """The linear program of some statements."""

    def __init__(self, system: _System, said: list[Said]) -> None:
        self.matrix = _matrix([*system.links, *((system.variables_of(one), []) for one in said)], system.size)
        bounds = [(0.0, 0.0)] * len(system.links) + [(one.low, one.high) for one in said]
        self.low, self.high = np.array(bounds).T
        self._solve(csr_array((0, system.size)), np.zeros(0), 1)  # else what is printed contradicts itself

    def _solve(self, counts: csr_array, ends: np.ndarray, sign: int) -> np.ndarray:
        """Push counts to their ends (down, if the sign is 1), as many as can be; give all variables."""
        more, size = counts.shape
        short = hstack([sign * counts, -eye_array(more)])  # how far each is from its end, which is to be little
        lines = vstack([hstack([self.matrix, csr_array((len(self.low), more))]), short]).tocsr()
        low, high = np.append(self.low, np.full(more, -np.inf)), np.append(self.high, sign * ends)
        cost = np.append(np.zeros(size), np.ones(more))
        solved = milp(cost, constraints=LinearConstraint(lines, low, high))
        if solved.status != 0:
            raise AssertionError(f"what is printed contradicts itself: {solved.message}")
        return np.asarray(solved.x[:size])

    def push(self, counts: csr_array, ends: np.ndarray) -> np.ndarray:
        """Push counts down and up to their ends, many at a time; give the ends, or how far those go that miss them."""
        found = ends.copy()
        for column, sign in enumerate((1, -1)):
            left, together = np.arange(len(ends)), True
            while len(left):
                tried = left if together else left[:1]  # one alone where no more get there together
                reached = counts[left] @ self._solve(counts[tried], ends[tried, column], sign)
                missed = sign * (reached - ends[left, column]) > 1e-6
                if len(tried) == 1 and missed[0]:
                    found[left[0], column], missed[0] = reached[0], False
                together = together and not missed.all()
                left = left[missed]
        return found


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
