"""The counties, cities and agencies that reports name, so that a site can be searched for them.

Only names that a table of a report shows are gathered: what a report suppresses stands in none of its tables.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analysis.load.reference import ALL_STATES, OTHER_AGENCIES, names_of_states
from analysis.run.listed import Listed
from analysis.run.reports import PAGE
from analysis.show.sentences import as_made_up

TABLES = {
    "declined_by_place": "place",
    "issued_by_place": "place",
    "agencies": "agency",
    "bulk_days": "agency",
    "corrections": "place",
    "events": "agency",
    "policies": "jurisdiction",
}
"""Tables that name places or agencies, by name, and the column of the name; the first that has a name is linked."""
MOST_LINKS = 4
"""Links beside a name, to the newest reports; the list of all reports shows the others."""


@dataclass
class Named:
    """A county, city or agency: its name as printed, and the reports that show it, by their place in the list."""

    name: str
    state: str
    """Postal code; blank = the table gives none."""
    synthetic: bool = True
    """Whether none but reports on made-up data name it."""
    reports: list[int] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    """The week, or what the report is called, and where it is; the newest first, :data:`MOST_LINKS` at most."""

    @property
    def in_full(self) -> str:
        """The name with its state."""
        return as_made_up(f"{self.name}, {self.state}" if self.state else self.name, self.synthetic)


def named_places(out: Path, reports: Sequence[Listed]) -> list[Named]:
    """Gather the names that the tables of reports show.

    Parameters
    ----------
    out
        Folder of all reports.
    reports
        In the order in which the site lists them.

    Returns
    -------
    list of Named
        By name; names are told apart as they are printed, since two places may be named alike.
    """
    found: dict[tuple[str, str], Named] = {}
    for place, report in enumerate(reports):
        if not report.page:
            continue
        for table, name, state in _names(out, report):
            named = found.setdefault((name, state), Named(name, state))
            if named.reports[-1:] == [place]:
                continue
            named.reports.append(place)
            named.synthetic = named.synthetic and report.synthetic
            if len(named.links) < MOST_LINKS:
                link = f"{report.entry.folder}/{PAGE}#table-{table}"
                named.links.append((report.week or report.notebook_title, link))
    return sorted(found.values(), key=lambda one: (one.name.casefold(), one.name, one.state))


def _names(out: Path, report: Listed) -> Iterator[tuple[str, str, str]]:
    """Go through the names in a report's tables: table, name, postal code; states themselves are left out."""
    states = names_of_states()
    by_name = {name: postal for postal, name in states.items()}
    own = report.entry.parameters.get("state", ALL_STATES)
    for table, column in TABLES.items():
        if f"tables/{table}.csv" not in report.entry.files:
            continue
        with (out / report.entry.folder / "tables" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                name = row.get(column, "")
                given = row.get("state") or by_name.get(row.get("state_name", ""), "")
                state = given or (own if own != ALL_STATES else "")
                if name and name not in by_name and name != OTHER_AGENCIES:
                    yield table, name, state
