"""The site over all reports of an output folder: index, a page per state and offence group, feed, and index.json.

Every page stands for itself: its style and script are in it, and its links are relative, so that the folder can be
opened from a disk or put on any static host as it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from analysis.load.reference import ALL_STATES, names_of_states
from analysis.run.listed import Listed, listed_reports, place_names
from analysis.run.manifest import Entry
from analysis.run.named import named_places
from analysis.run.page import TEMPLATES, without_turning
from analysis.run.parameters import notebooks
from analysis.run.places import place_series
from analysis.run.reports import FACTS, NOTEBOOK
from analysis.run.revisions import LOG, read_log
from analysis.run.writing import as_json, write_whole
from analysis.show.sentences import as_made_up, counted
from analysis.show.tables import MISSING

INDEX, FEED, JSON_INDEX = "index.html", "feed.xml", "index.json"
TITLE = "Declined detainers: weekly reports"
FEED_LENGTH = 200
"""Entries of the feed, the newest; a feed reader asks for it often."""
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "declined-detainers")


@dataclass(frozen=True)
class Settings:
    """What a site is called, where it will stand (blank = unknown; the feed then has relative links), its order."""

    title: str = TITLE
    address: str = ""
    order: tuple[str, ...] = ()
    """Notebooks in the order of their sections; those not named come after, made-up data last."""


def page_of_place(place: str) -> str:
    """Give the path of a state's or offence group's page."""
    return f"{'states' if place in names_of_states() else 'offences'}/{place}.html"


@cache
def _templates() -> Environment:
    """Set the template engine up; every value is escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals.update(MISSING=MISSING, FACTS=FACTS, NOTEBOOK=NOTEBOOK, page_of_place=page_of_place)
    return made


def sections(reports: Iterable[Listed], order: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Arrange the reports in tables, one per notebook and source, weeks down and places across.

    Returns
    -------
    list of dict
        ``title``, ``clock``, ``source`` (its name), ``source_title``, ``synthetic``, ``places`` (across), ``rows``: a
        week and its reports by place; ``unsettled`` (whether counts of one may still change); and ``together``: sums
        over the weeks of all places' counts, blank where there are none.
    """
    grouped: dict[tuple[str, str], list[Listed]] = {}
    for report in reports:
        grouped.setdefault((report.entry.notebook, report.entry.source), []).append(report)
    found = []
    for (notebook, source), inside in grouped.items():
        by_week: dict[str, dict[str, Listed]] = {}
        for report in inside:
            by_week.setdefault(report.week, {})[report.place] = report
        across = {report.place for report in inside}
        known, synthetic = notebooks().get(notebook), any(report.synthetic for report in inside)
        found.append(
            {
                "notebook": notebook,
                "title": as_made_up(known.title if known else notebook, synthetic),
                "clock": known.clock if known else "",
                "source": source,
                "source_title": next((r.source_title for r in inside if r.content), source),
                "synthetic": synthetic,
                "places": sorted(across - {ALL_STATES}, key=list(place_names()).index),
                "whole": ALL_STATES in across,
                "rows": list(by_week.items()),
                "unsettled": any(report.unsettled for report in inside),
                "together": _sums([report for report in inside if report.week and report.place == ALL_STATES]),
            }
        )
    last = len(order)
    rank = {name: place for place, name in enumerate(order)}
    return sorted(
        found,
        key=lambda one: (
            rank.get(one["notebook"], last),
            one["synthetic"],
            not one["rows"][0][0],
            one["notebook"],
            one["source"],
        ),
    )


def _sums(reports: Sequence[Listed]) -> dict[str, str]:
    """Add up the counts of reports on different weeks; blank where none has any."""
    with_counts = [report.facts for report in reports if {"issued", "declined"} <= set(report.facts)]
    sums = {name: sum(facts[name] for facts in with_counts) for name in ("issued", "declined")}
    return (
        {"weeks": counted(len(with_counts), "weeks"), **{name: f"{n:,}" for name, n in sums.items()}}
        if with_counts
        else {}
    )


def write_index(out: Path, entries: Mapping[str, Entry], settings: Settings | None = None) -> Path:
    """Write the site over the reports of an output folder.

    Parameters
    ----------
    out
        Folder of all reports.
    entries
        The manifest.
    settings
        Title, address and order; None = the usual ones.

    Returns
    -------
    pathlib.Path
        The index page.
    """
    settings = settings or Settings()
    reports = listed_reports(out, entries)
    series = place_series(out, reports)
    places = [place for place in place_names() if place in series]
    made_up = {place: all(one["synthetic"] for one in series[place]) for place in places}
    title = as_made_up(settings.title, all(report.synthetic for report in reports) and bool(reports))
    names = {place: as_made_up(place_names()[place], made_up[place]) for place in places}
    common: dict[str, Any] = {"settings": replace(settings, title=title), "names": place_names() | names}

    def write_page(name: str, template: str, **values: object) -> None:
        page = _templates().get_template(f"site/{template}").render(**common, **values)
        write_whole(out / name, without_turning(page).encode())

    for place in places:
        write_page(page_of_place(place), "place.html.j2", place=place, series=series[place], root="../")
    for path in [*out.glob("states/*.html"), *out.glob("offences/*.html")]:
        if path.relative_to(out).as_posix() not in {page_of_place(place) for place in places}:
            path.unlink()
    write_page(
        INDEX,
        "index.html.j2",
        root="",
        reports=reports,
        failed=[report for report in reports if report.failed],
        sections=sections(reports, settings.order),
        states=[place for place in places if place in names_of_states()],
        offences=[place for place in places if place not in names_of_states()],
        named=named_places(out, reports),
    )
    write_page(FEED, "feed.xml.j2", items=feed_items(out, reports), feed_id=uuid.uuid5(_NAMES, settings.title).urn)
    write_whole(out / JSON_INDEX, as_json({"title": title, "reports": [in_json(one) for one in reports]}))
    return out / INDEX


def feed_items(out: Path, reports: Iterable[Listed]) -> list[dict[str, Any]]:
    """List what the feed tells: each report as it was first made and as it was last revised, the newest first.

    The times are those of the runs, from the log of revisions; a report that is made again with the same content
    is no news.
    """
    items = []
    for report in (report for report in reports if report.page):
        log = read_log(out / LOG / f"{report.entry.folder}.json")
        revisions = log.get("revisions", [])[-1:]
        items.append(
            {
                "report": report,
                "id": uuid.uuid5(_NAMES, f"{report.entry.folder} {report.revision}").urn,
                "updated": revisions[0]["made"] if revisions else log.get("made", report.entry.started),
                "says": revisions[0]["says"] if revisions else "",
            }
        )
    items.sort(key=lambda item: (item["updated"], item["report"].week), reverse=True)
    return items[:FEED_LENGTH]


def in_json(report: Listed) -> dict[str, Any]:
    """Say of a report what ``index.json`` says: what it is, its main counts, and the paths of its files."""
    files = [f"{report.entry.folder}/{name}" for name in report.entry.files]
    return {
        "title": report.title,
        "notebook": report.entry.notebook,
        "source": report.entry.source,
        "parameters": report.entry.parameters,
        "synthetic": report.synthetic,
        "status": report.facts.get("status"),
        "issued": report.facts.get("issued"),
        "declined": report.facts.get("declined"),
        "revision": report.revision,
        "outcome": report.entry.outcome,
        "files": files,
    }
