"""What states and offence groups are called, for those who need no more of them than that."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from analysis.load.files import data_file

ALL_STATES, OTHER_AGENCIES = "all", "other agencies"


def _column(crosswalk: Path, key: str, column: str) -> dict[str, str]:
    """Read one column of a crosswalk by its key."""
    with crosswalk.open(encoding="utf-8", newline="") as file:
        return {row[key]: row[column] for row in csv.DictReader(file)}


@cache
def names_of_states() -> dict[str, str]:
    """Give the names of the states, the District of Columbia and the territories by their postal codes."""
    return _column(data_file("reference/states.csv"), "postal", "name")


@cache
def names_of_groups() -> dict[str, str]:
    """Give the labels of the offence groups by their ids, in their order."""
    return _column(data_file("reference/offence_groups.csv"), "group_id", "group")
