"""The reports of an output folder as a site lists them: what stands in the manifest and in their facts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from analysis.load.reference import ALL_STATES, names_of_groups, names_of_states
from analysis.periods import last_day
from analysis.run.manifest import Entry
from analysis.run.parameters import notebooks
from analysis.run.reports import FACTS, PAGE
from analysis.run.tasks import FAILED
from analysis.show.sentences import as_made_up
from analysis.show.tables import write


@dataclass(frozen=True)
class Listed:
    """A report as the site lists it: its line in the manifest, and the content of its ``facts.json`` if it has one."""

    entry: Entry
    content: Mapping[str, Any]

    @property
    def facts(self) -> Mapping[str, Any]:
        """The report's facts by id; empty where no report was ever made."""
        return self.content.get("facts", {})

    @property
    def title(self) -> str:
        """What the report is called."""
        return as_made_up(self.content.get("title", self.entry.folder), self.synthetic)

    @property
    def source_title(self) -> str:
        """What its source is called."""
        return as_made_up(self.content.get("source", {}).get("title", self.entry.source), self.synthetic)

    @property
    def notebook_title(self) -> str:
        """What the notebook is called, up to its subtitle."""
        known = notebooks().get(self.entry.notebook)
        return as_made_up(known.title.partition(":")[0] if known else self.entry.notebook, self.synthetic)

    @property
    def week(self) -> str:
        """The Saturday of its week; blank for a report on a whole source."""
        return self.entry.parameters.get("week", "")

    @property
    def week_end(self) -> str:
        """The Friday of its week, by which pages name it too; blank for a report on a whole source."""
        return last_day(date.fromisoformat(self.week)).isoformat() if self.week else ""

    @property
    def unsettled(self) -> bool:
        """Whether its counts may still change: its week is provisional, partial or too young."""
        return self.facts.get("status") in ("provisional", "partial", "too young")

    @property
    def place(self) -> str:
        """Postal code of its state or id of its offence group; ``all`` where it is about neither."""
        return self.entry.parameters.get("offence") or self.entry.parameters.get("state", ALL_STATES)

    @property
    def place_name(self) -> str:
        """Its state or offence group in full."""
        return place_names().get(self.place, "all")

    @property
    def page(self) -> str:
        """Path of its page; blank where no report was ever made."""
        return f"{self.entry.folder}/{PAGE}" if PAGE in self.entry.files else ""

    @property
    def failed(self) -> str:
        """Path of the executed copy that the last run left, where that failed."""
        return f"{self.entry.folder}/{FAILED}" if self.entry.outcome == "failed" else ""

    @property
    def revision(self) -> int:
        """How often it was revised."""
        return len(self.content.get("revisions", []))

    @property
    def synthetic(self) -> bool:
        """Whether its data are made up."""
        return self.content.get("synthetic", False)

    def count(self, fact: str) -> str:
        """Write one of its counts; a dash where it has none."""
        return write(self.facts.get(fact), "count")


@cache
def place_names() -> dict[str, str]:
    """Name the states and offence groups, by postal code and id."""
    return names_of_states() | names_of_groups()


def listed_reports(out: Path, entries: Mapping[str, Entry]) -> list[Listed]:
    """Read what the site says of each report, from its facts; the newest week first.

    A report whose folder somebody took away is not listed.
    """
    reports = []
    for entry in entries.values():
        path = out / entry.folder / FACTS
        if FACTS not in entry.files:
            reports.append(Listed(entry, {}))
        elif path.is_file():
            reports.append(Listed(entry, json.loads(path.read_text(encoding="utf-8"))))
    reports.sort(key=lambda report: report.entry.folder)
    return sorted(reports, key=lambda report: report.week, reverse=True)
