"""What the shell offers after Tab: read from file names and origin files alone, so that it comes at once."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import yaml
from click.shell_completion import CompletionItem

from analysis.files import bundled_folder, data_folder

ORIGINS = ("sources/*/v*/*.origin.yml", "published_*/*.origin.yml")
Words = Iterable[tuple[str, str]]


class Offered(click.ParamType):
    """A text of which the shell offers some words, each with what it means; where they cannot be read, none."""

    def __init__(self, name: str, *finders: Callable[[dict[str, Any]], Words], files: bool = False) -> None:
        self.name, self.finders, self.files = name, finders, files

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the words that go on with what is begun, as the finders give them for what is typed before."""
        with suppress(Exception):  # a traceback would stand in the middle of what the user types
            found = dict(one for find in self.finders for one in find(ctx.params))
            begun = incomplete.casefold()
            fits = [word for word in found if word.casefold().startswith(begun)]
            fits = fits or [word for word in found if found[word].casefold().startswith(begun)]  # by what it means
            if fits or not self.files:
                return [CompletionItem(word, help=found[word]) for word in fits]
        return [CompletionItem(incomplete, type="file")] if self.files else []


def notebooks(_: object) -> Words:
    """Offer the notebooks that make reports, and can be read."""
    for path in sorted(bundled_folder("notebooks").glob("*.ipynb")):
        with suppress(Exception):
            content = json.loads(path.read_text(encoding="utf-8"))
            if "declines" in content["metadata"]:
                yield path.stem, "".join(content["cells"][0]["source"]).splitlines()[0].removeprefix("# ")


def _facts() -> dict[str, dict[str, Any]]:
    """Read what origin files that can be read say of each source, of several versions the newest."""
    paths = [path for pattern in ORIGINS for path in sorted(bundled_folder("data").glob(pattern))]
    paths += sorted(data_folder().glob("*/v*/*.origin.yml"))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = dict[str, dict[str, Any]]()
    for path in paths:
        with suppress(Exception):
            told = yaml.load(path.read_text(encoding="utf-8"), loader)["source"]
            found[told["name"]] = told
    return found


def weeks(typed: dict[str, Any]) -> Words:
    """Offer the weeks of the sources that are typed, or of all, and ``latest``."""
    named = typed.get("source_names") or [typed.get("source")]
    known = {name: facts for name, facts in _facts().items() if facts["clock"] != "printed"}
    yield "latest", "the last full week"
    for facts in [known[name] for name in named if name in known] or known.values():
        first, last = (date.fromisoformat(str(facts[day])) for day in ("first_day", "last_day"))
        saturday = first - timedelta((first.weekday() + 2) % 7)
        yield from ((str(saturday + timedelta(days)), "") for days in range(0, (last - saturday).days + 1, 7))


def periods(typed: dict[str, Any]) -> Words:
    """Offer the same weeks and their months."""
    yield from (found := dict(weeks(typed))).items()
    yield from dict.fromkeys((week[:7], "a month") for week in found if week[:2] == "20")


def _rows(table: str, key: str, name: str) -> Words:
    """Offer the keys of a reference table."""
    with (bundled_folder("data") / "reference" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        yield from ((row[key], row[name]) for row in csv.DictReader(file))


def reports(typed: dict[str, Any]) -> Words:
    """Offer the reports of a folder."""
    told = json.loads(Path(typed["out"] or "reports", "manifest.json").read_text(encoding="utf-8"))
    yield from ((one["folder"], "") for one in told["reports"] if one["outcome"] == "made")


EACH = ("each", "one report for every one of them")
NOTEBOOK = Offered("notebook", notebooks, files=True)
SOURCE = Offered("source", lambda _: ((name, facts["title"]) for name, facts in _facts().items()), files=True)
IMPORTED = Offered("source", lambda _: ((path.name, "") for path in data_folder().glob("[a-z0-9]*")))
WEEKS, PERIOD = Offered("weeks", weeks), Offered("period", periods)
STATE = Offered("state", lambda _: [*_rows("states", "postal", "name"), EACH])
OFFENCE = Offered("offence", lambda _: [*_rows("offence_groups", "group_id", "group"), EACH])
PLACE, REPORT = Offered("place", STATE.finders[0], OFFENCE.finders[0]), Offered("report", reports)
