"""What the reports of an output folder print, as the attack takes it: tables and facts, by source.

Sentences, captions, alternative texts and figures are filled from facts and tables alone, so reading these reads all. A
table or a whole number among the facts that is not known here is ``unread``; a test holds that there is none.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
from attack import OUTCOMES, REST, Attack

from analysis.load.reference import groups, states
from analysis.load.table import OffenceStatus
from analysis.periods import WEEK, last_day
from analysis.stats.summary import MEASURES

Days = tuple[date, date]
CODES = {name: code for code, name in states()["name"].items()} | {"State not given": "not given"}
IDS = {name: group for group, name in groups()["group"].items()} | {"Offence not given": "not given"}
AGAINST = {"last_week": "last week", "trailing": "trailing weeks", "trend": "trend"}
IN_WORDS = {words: name for name, words in MEASURES.items()}
BY_QUARTER = {"state_by_offence", "agencies", "expected", "shrunken"}
WHOLE = {"by_state", "by_offence", "by_offence_status", "by_form", "lift_reasons", "agencies", "state_by_offence"}
READ = WHOLE | BY_QUARTER | {"weekly_counts", "key_figures", "comparisons"}
READ |= {"period_by_state", "period_by_offence", "period_figures"}
NO_COUNTS = {
    "change": "parts of the nation's share by state and by offence group, whose totals are printed in full",
    "events": "the register of known events",
    "incidence": "shares of the nation's detainers by days to an end, the ends grouped as in the printed totals",
    "nowcast": "the nation's declines by week, printed in full, and estimates of their final number",
    "nowcast_quantiles": "quantiles of those estimates",
    "period_by_request": "sums of what the weekly tables by form show, and what is left of the nation's printed totals",
    "week_quality": "the facts quality_..., which are read",
}
"""Tables that say nothing of a hidden count, and why."""
PRINTED_ENDS = {*OUTCOMES, "declined_by_lea", "transferred_to_ice", "other_end"}
"""Ends that may be told apart outside the tables that hide small counts."""
NO_COUNTS_OF_DETAINERS = re.compile(
    r"cells_hidden|checks.*|check_.*|clear|comparisons_shown|days_covered|dispersion_weeks|findings|past_bands_.*|tests"
    r"|states_with_.*|(least|limit|cell|settling|within)_\w+|(trailing|trend)_weeks|weeks_(compared|outside)|persons|without_id"
    r"|quality_(blank_person|counted|repeats|unplaced)|followed|most_declined|placed_declined|apart_total|repeats_flagged"
    r"|(declined_)?state_not_given|apart_declined|elsewhere_(declined|issued)(_before)?"
)
"""Facts that count something else, or persons, or only add up what a table prints in full; the last are read apart."""
EVERYTHING = {"records": "issued", "quality_read": "issued", "quality_not_recorded": "not_recorded"}
EVERYTHING |= {"quality_blank_state": "issued"}
NAMED = re.compile(r"(last_week|trailing|trend|finding_\d+)_(declined|issued)(_before)?")
MEASURED = ("issued", *OUTCOMES)


def read_folder(out: Path) -> dict[str, Attack]:
    """Read the reports of an output folder, by source."""
    found: dict[str, Attack] = defaultdict(lambda: Attack(groups=set(groups().index)))
    for path in sorted(out.rglob("facts.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        asked = content["parameters"]
        if {"week", "period"} & asked.keys() and "source" in asked:
            _Report(path.parent, asked, content["facts"], found[asked["source"]]).read()
        elif "source" in asked:
            found[asked["source"]].unread.add(path.parent.relative_to(out).parts[0])
    return dict(found)


@dataclass
class _Report:
    """One report: its folder, what was asked, its facts, and the attack to which all is added."""

    folder: Path
    asked: dict[str, Any]
    facts: dict[str, Any]
    attack: Attack

    def read(self) -> None:
        for path in sorted(self.folder.glob("tables/*.csv")):
            frame = _as_keyed(pd.read_csv(path, dtype=str, keep_default_na=False).replace("", None))
            if path.stem in READ and not frame.empty:
                getattr(self, f"_{path.stem}", self._plain)(frame, path.stem)
            elif path.stem not in READ | NO_COUNTS.keys() or not set(frame.get("outcome", [])) <= PRINTED_ENDS:
                self.attack.unread.add(path.stem)
        self._read_facts()

    @property
    def week(self) -> Days:
        """The days of the report's week, or of its period."""
        if "period" in self.asked:
            return self.days_of("first_day", "last_day")
        return _week(date.fromisoformat(self.asked["week"]))

    def days_of(self, first: str, last: str) -> Days:
        """Give the days that two facts name."""
        return date.fromisoformat(self.facts[first]), date.fromisoformat(self.facts[last])

    @cached_property
    def own(self) -> dict[str, str]:
        """What all detainers of the report have in common."""
        keys = {"state": self.asked.get("state", "all"), "offence_group": self.asked.get("offence", "all")}
        return {key: value for key, value in keys.items() if value != "all"}

    def add(self, frame: pd.DataFrame, days: Days, name: str, *, whole: bool = False, repeats: str = "") -> None:
        """Add a table; a column that is the same as in all of the report is no key of its rows."""
        same = [key for key, value in self.own.items() if key in frame and frame[key].eq(value).all()]
        fixed = {key: value for key, value in self.own.items() if key in same or key not in frame}
        repeats = repeats or self.asked.get("repeats", "left out")
        about: dict[str, Any] = {"repeats": repeats, "whole": whole, "name": f"{self.folder}: {name}", **fixed}
        self.attack.add(frame.drop(columns=same), *days, **about)

    def _plain(self, frame: pd.DataFrame, name: str) -> None:
        """Add a table of the week or the quarter, and the sums of other weeks beside it."""
        days = self.week
        if name in BY_QUARTER - ({"shrunken"} if "period" in self.asked else set()):
            ends = ("first_day", "last_day") if "period" in self.asked else ("first", "last")
            days = self.days_of(*(f"quarter_{end}" for end in ends))
        counts = [*MEASURED, *(f"{one}_shown" for one in MEASURED), "detainers_shown"]
        keys = [key for key in ("week", *_KEYS) if key in frame]
        table = frame[[*keys, *(count for count in counts if count in frame)]]
        self.add(table.rename(columns={"detainers_shown": "detainers"}), days, name, whole=name in WHOLE)
        for column in {"last_week", "trailing_mean"} & {*frame.columns}:
            self._sums(frame[keys], frame[[column]].rename(columns={column: "declined"}), column, name)

    def _sums(self, keys: pd.DataFrame, counts: pd.DataFrame, column: str, name: str) -> None:
        """Add what a column says of earlier weeks: a mean times their number is a sum."""
        if counts.isna().all(axis=None):
            return
        before = self.periods()["last week" if column == "last_week" else "trailing weeks"][1]
        times = 1 if column == "last_week" else int(self.facts["trailing_weeks"])
        sums = (counts.astype(float) * times).round(3)
        assert (sums.fillna(0) % 1 == 0).all(axis=None), f"{self.folder}: no mean of {times} counts: {column} of {name}"
        self.add(keys.join(sums), before, f"{name}, {column}")

    def _by_offence_status(self, frame: pd.DataFrame, name: str) -> None:
        """Add the statuses; one that a group does not name has no detainer of it."""
        by, statuses = ["offence_group", "offence_status"], [*map(str, OffenceStatus), "not given"]
        every, named = product(frame[by[0]].unique(), statuses), frame.set_index(by)
        lacking = [key for key in every if key not in named.index]
        none = pd.DataFrame({"declined_shown": "0", "issued": "0"}, pd.MultiIndex.from_tuples(lacking, names=by))
        self._plain(pd.concat([named, none]).reset_index(), name)

    def _key_figures(self, frame: pd.DataFrame, name: str) -> None:
        table = frame.set_index(frame["measure"].map(IN_WORDS)).drop(index=["persons", "share"], errors="ignore")
        if set(table.index) - set(MEASURED):
            self.attack.unread.add(name)
            return
        table = table[["this_week", "last_week", "trailing_mean"]].T
        self.add(table.iloc[:1].dropna(axis="columns").reset_index(drop=True), self.week, name)
        for column in table.index[1:]:
            counts = table.loc[[column]].dropna(axis="columns").reset_index(drop=True)
            self._sums(pd.DataFrame(index=counts.index), counts, column, name)

    def _period_by_state(self, frame: pd.DataFrame, name: str) -> None:
        """Add both sides of a table that holds a period against another."""
        self._comparisons(frame.assign(against="the weeks before"), name)

    _period_by_offence = _period_by_state

    def _period_figures(self, frame: pd.DataFrame, name: str) -> None:
        """Add the figures of a period and of the other one."""
        table = frame.set_index(frame["measure"].map(IN_WORDS)).drop(index="share", errors="ignore")
        for column, days in zip(("this_period", "other_period"), self.periods()["the weeks before"], strict=True):
            self.add(table[[column]].T.dropna(axis="columns").reset_index(drop=True), days, name)

    def _comparisons(self, frame: pd.DataFrame, name: str) -> None:
        """Add both sides of comparisons, with each period by itself."""
        keys = [key for key in _KEYS if key in frame]
        for against, rows in frame.groupby("against"):
            for days, ending in zip(self.periods()[str(against)], ("", "_before"), strict=True):
                counts = {f"{what}{ending}": what for what in ("declined", "issued")}
                self.add(rows[[*keys, *counts]].rename(columns=counts), days, f"{name}, {against}{ending}")

    def periods(self) -> dict[str, tuple[Days, Days]]:
        """Give the days of both sides of each comparison, as the captions of the page define them."""
        if "period" in self.asked:
            return {"the weeks before": (self.week, self.days_of("before_first_day", "before_last_day"))}
        weeks = pd.read_csv(self.folder / "tables" / "weekly_counts.csv", dtype=str)
        days = [date.fromisoformat(week) for week in weeks["week"]]
        settled = [day for day, status in zip(days, weeks["status"], strict=True) if status == "settled"]
        full = [day for day, status in zip(days, weeks["status"], strict=True) if status != "partial"]
        full = [day for day in full if day < self.week[0]]
        found = {"last week": (self.week, _span(full[-1:])), "trailing weeks": (self.week, _span(full[-8:]))}
        return found | {"trend": (_span(settled[-13:]), _span(settled[-26:-13]))}

    def _read_facts(self) -> None:
        facts = {name: value for name, value in self.facts.items() if type(value) is int}
        if "period" in self.asked:
            both = {f"{name}{when}": facts.pop(f"{name}{when}") for when in ("_before", "") for name in MEASURED[:2]}
            self._comparisons(pd.DataFrame([both | {"against": "the weeks before"}]), "facts")
        read = {name for name in facts if NO_COUNTS_OF_DETAINERS.fullmatch(name)} | {*MEASURED}
        self.add(pd.DataFrame([{name: facts[name] for name in MEASURED if name in facts}]), self.week, "facts")
        for found in filter(None, map(NAMED.fullmatch, facts)):
            read.add(found[0])
            if found[2] != "declined" or found[3]:
                continue
            which = found[1]
            names = [f"{what}{ending}" for what, ending in product(("declined", "issued"), ("", "_before"))]
            row: dict[str, Any] = {name: facts[f"{which}_{name}"] for name in names}
            row["against"] = AGAINST.get(which) or self.facts[f"{which}_against"]
            place = "" if which in AGAINST else self.facts[f"{which}_place"]
            row |= {"offence_group": place} if place in groups().index else {}
            row |= {"state": place} if place in states().index or place == "not given" else {}
            if row["declined_before"] or row["issued_before"]:  # else there is no such period
                self._comparisons(pd.DataFrame([row]), which)
        for of_week, frame in self._elsewhere(facts):
            self.add(frame, of_week, "elsewhere")
        for name, count in EVERYTHING.items():
            if name in facts:  # of all states, whatever the report is about
                row = {count: facts[name]} | ({"state": "not given"} if name == "quality_blank_state" else {})
                self.attack.add(pd.DataFrame([row]), *self.week, repeats="counted", whole=False, name=name)
        self.attack.unread |= {f"fact {name}" for name in facts.keys() - read - EVERYTHING.keys()}

    def _elsewhere(self, facts: dict[str, int]) -> list[tuple[Days, pd.DataFrame]]:
        """Give what the facts say of the largest state, of all others, and of detainers without a state."""
        found, before = [], _week(self.week[0] - WEEK)
        if "state_not_given" in facts:
            row = {"issued": facts["state_not_given"], "declined": facts["declined_state_not_given"]}
            found.append((self.week, pd.DataFrame([row | {"state": "not given"}])))
        if "apart_declined" in facts:
            place = CODES[self.facts["apart_name"].removeprefix("the ")]
            for (ending, days), what in product((("", self.week), ("_before", before)), ("declined", "issued")):
                if f"elsewhere_{what}{ending}" in facts:
                    first = facts["apart_declined"] if (what, ending) == ("declined", "") else None
                    both = pd.Series([first, facts[f"elsewhere_{what}{ending}"]], dtype=object)
                    found.append((days, pd.DataFrame({"state": [place, "other states"], what: both})))
        return found


_KEYS = ("state", "offence_group", "offence_status", "agency", "form", "outcome", "lift_reason")


def _week(first: date) -> Days:
    return first, last_day(first)


def _span(weeks: list[date]) -> Days:
    """Give the days of weeks in a row; of none, a day on which there is nothing."""
    if not weeks:
        return date.min, date.min
    assert weeks[-1] - weeks[0] == (len(weeks) - 1) * WEEK, f"weeks are missing from {weeks}"
    return weeks[0], last_day(weeks[-1])


def _as_keyed(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of a printed table the names and values of keys."""
    renamed = {"group": "offence_group", "issued_where_shown": "issued", "observed": "declined"}
    renamed |= {} if "week" in frame else {"status": "offence_status"}  # where there are weeks, the status is theirs
    frame = frame.rename(columns=renamed)
    if "place" in frame:
        places = frame["place"].str.removeprefix("the ").replace("state not given", "State not given")
        frame["state"], frame["offence_group"] = places.map(CODES), places.map(IDS)
        unknown = places[frame[["state", "offence_group"]].isna().all(axis=1) & (places != "United States")]
        assert unknown.empty, f"a place that is no state and no offence group: {unknown.tolist()}"
    if "state_name" in frame and "state" not in frame:
        frame["state"] = frame["state_name"].map(lambda name: CODES.get(name, name))
    for key in {"state", "offence_group"} & {*frame.columns}:
        frame[key] = frame[key].map(lambda name: IDS.get(name, name)).replace({"All": "total"})
        frame[key] = frame[key].map(lambda name: name.lower() if str(name).lower() in REST else name)
    if "outcome" in frame:
        frame["outcome"] = frame["outcome"].map(lambda words: IN_WORDS.get(words, words))
    return frame
