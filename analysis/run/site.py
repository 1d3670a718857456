"""The site over all reports of an output folder: index, a page per state and offence group, feed, and index.json.

Pages hold their style and script, and relative links: the folder can be opened from a disk or put on any static host.
Only the names of counties and agencies, a long list, are a script of their own, which comes with the first search.
They say what the manifest and each report's ``facts.json`` and tables do. A small YAML file can name a whole site.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

import yaml
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from pydantic import BaseModel, BeforeValidator, Field, HttpUrl, StrictStr, ValidationError

from analysis.errors import SHOWN, InputError
from analysis.files import as_json, sha256_of, write_all, write_whole
from analysis.load.offences import detail_of_text
from analysis.load.reference import ALL_STATES, OTHER_AGENCIES, bundled_folder, details, groups, states
from analysis.periods import day_in_words, week_in_words
from analysis.run import plan
from analysis.run.dataset import dataset, rows_of
from analysis.run.landing import landing, story
from analysis.run.notebooks import find_notebook
from analysis.run.plan import FACTS, INDEX, PAGE, Entry, Task
from analysis.run.revisions import read_log
from analysis.show.sentences import as_made_up, counted
from analysis.show.tables import MISSING, write

QUOTE = "Quote it: YAML reads `NO` without quotation marks as false, and a day as a date"
TITLE = "Declined detainers: weekly reports"
FEED_LENGTH = 200  # entries of the feed, the newest; a feed reader asks for it often
MOST_LINKS = 4  # beside a county or agency, to the newest reports that name it; the list of all shows the others
NAMING = {"declined_by_place": "place", "issued_by_place": "place", "corrections": "place"}
NAMING |= {"agencies": "agency", "bulk_days": "agency", "events": "agency", "policies": "jurisdiction"}
"""Tables that name counties, cities or agencies, and the column of the name; the first that has a name is linked."""
PICKED = "known_offences"  # counts what the press picked
COUNTING = {"by_state": "state", "state_bounds": "state", "by_offence": "group", PICKED: "group"}
"""Tables of national reports that count by state or offence group, and the column that names it."""
CROSSED = "state_by_offence"  # counts by both, in the quarter
OF_OFFENCES = {CROSSED: "by state and offence", "printed_offences": "by state and offence, in the printers' words"}
OF_OFFENCES |= {"by_offence": "by offence", "period_by_offence": "by offence, two periods"}
OF_OFFENCES |= {"held_by_offence": "held in one jail, by offence", PICKED: "named by the press, by offence"}
"""Tables that count by offence, and what a link to them says."""
OF_STATE = "{publisher}: {state_name}, {since} to {day}, {in_all} in all"
PRINTED = {
    "printed_offences": ("offence_as_printed", "printed", OF_STATE),
    "held_by_offence": ("group", "declined", "The sheriff's workbooks: declined of those held in {held_place}, {day}"),
}
"""Tables of what is printed by offence beside the weeks: the columns of offence and count, and what stands above."""
NOT_SHOWN = re.compile(f"[{re.escape(''.join(map(chr, SHOWN)))}]")  # ten times as fast as to translate megabytes
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "declined-detainers")
Report = dict[str, Any]  # as the site lists it (:func:`_listed`)


@dataclass(frozen=True)
class Settings:
    """What a site is called, where it will stand (blank = unknown; the feed then has relative links), its order."""

    title: str = TITLE
    address: str = ""
    order: tuple[str, ...] = ()  # of notebooks; those not named come after, made-up data last


@cache
def place_names() -> dict[str, str]:
    """Give the names of the states by postal code, then the labels of the offence groups by id."""
    return {**states()["name"], **groups()["group"]}


def page_of_place(place: str) -> str:
    """Give the path of a state's or offence group's page."""
    return f"{'states' if place in states().index else 'offences'}/{place}.html"


@cache
def text_of(name: str) -> Markup:
    """Read a style or script that stands in every page."""
    lines = (plan.TEMPLATES / name).read_text(encoding="utf-8").splitlines()
    return Markup("".join(f"{line.strip()}\n" for line in lines if not line.lstrip().startswith("//")))


@cache
def templates() -> Environment:
    """Give the templates of all pages, those of reports too, each compiled once."""
    blocks: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
    found = Environment(loader=FileSystemLoader(plan.TEMPLATES), autoescape=True, auto_reload=False, **blocks)
    found.globals.update(MISSING=MISSING, page_of_place=page_of_place, counted=counted, write=write, text_of=text_of)
    for name, said in (("in_words", day_in_words), ("week_in_words", week_in_words)):
        found.filters[name] = lambda day, said=said: said(date.fromisoformat(day[:10]))
    return found


def write_index(out: Path, entries: Mapping[str, Entry], settings: Settings | None = None) -> Path:
    """Write the site over the reports of an output folder, and over no file of a user's own; give its index."""
    made_from, settings = plan.index_made_from(entries, settings), settings or Settings()
    there = sorted(name for name, one in entries.items() if FACTS not in one.files or (out / name / FACTS).is_file())
    reports = sorted((_listed(out, entries[name]) for name in there), key=lambda one: one["week"], reverse=True)
    ours = [one for one in reports if (bundled_folder("notebooks") / f"{one['notebook']}.ipynb").is_file()]
    series, opening = _place_series(ours), landing(ours)  # a user's own table may hold anything
    made_up = {place for place, many in series.items() if all(one["synthetic"] for one in many)}
    names = {place: as_made_up(name, place in made_up) for place, name in place_names().items()}
    title = as_made_up(settings.title, bool(reports) and all(one["synthetic"] for one in reports))
    crossed = (one for many in series.values() for one in many if "crossed" in one)
    known = {"names": names, "paged": series.keys(), "real_crossed": not all(one["synthetic"] for one in crossed)}
    known |= {"settings": replace(settings, title=title), "landing": opening, "style": "site/site.css"}
    known["address"] = settings.address

    def page(template: str, path: str, **values: object) -> None:
        text = templates().get_template(f"site/{template}").render(path=path, **known, **values)
        pages[path] = NOT_SHOWN.sub(lambda one: SHOWN[ord(one[0])], text).encode()

    pages: dict[str, bytes] = {}
    places = [place for place in names if place in series]
    printed = _printed(ours)
    for one in places:
        page("place.html.j2", page_of_place(one), place=one, series=series[one], printed=printed[one], root="../")
    told: dict[str, Any] = {"reports": reports, "failed": [report for report in reports if report["failed"]]}
    told |= {"states": [place for place in places if place in states().index], "named": _named_places(reports)}
    told |= {"offences": [place for place in places if place not in states().index]}
    told |= {"news": (news := _feed_items(out, reports)), "by_offence": _by_offence(ours)}
    told |= {"picture": opening["lead"]["picture"] if opening else "", "data": (data := dataset(ours))}
    if told["named"]:
        page("names.html.j2", "names.html", root="", named=told["named"])
        rows = (text := pages["names.html"].decode())[text.index("<li data-found") : text.rindex("</ul>")]
        pages["names.js"] = f'document.querySelector(".named ul").innerHTML = {json.dumps(rows)};\n'.encode()
    page("index.html.j2", INDEX, root="", sections=_sections(reports, settings.order), **told)
    if settings.address:
        paths = [name for name in (*pages, *(one["page"] for one in reports)) if name.endswith(".html")]
        page("sitemap.xml.j2", plan.SITEMAP, paths=paths)
    page("feed.xml.j2", plan.FEED, items=news, feed_id=uuid.uuid5(_NAMES, settings.title).urn)
    for folder in _lacking(out, reports):
        why = {"folder": folder, "entry": entries.get(folder), "root": "../" * (folder.count("/") + 1)}
        page("lacking.html.j2", f"{folder}/{PAGE}", **why)
    listed: dict[str, Any] = {"version": 2, "schema": plan.JSON_SCHEMA, "title": title}
    pages[plan.JSON_INDEX] = as_json(listed | {"reports": [report["in_json"] for report in reports]})
    pages[plan.JSON_SCHEMA] = (plan.TEMPLATES / "site" / plan.JSON_SCHEMA).read_bytes()
    pages |= data
    earlier = plan.keep_own_pages(out, pages)["pages"]
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in pages.items()}
    write_whole(out / plan.STAMP, as_json({"made_from": "", "pages": earlier | hashes}))  # due again if this is cut off
    write_all({out / name: content for name, content in pages.items()})
    for name in earlier.keys() - pages.keys():  # what this site lacks, and nobody has edited
        if (out / name).is_file() and sha256_of(out / name) == earlier[name]:
            (out / name).unlink()
    write_whole(out / plan.STAMP, as_json({"made_from": made_from, "pages": hashes}))
    return out / INDEX


def _lacking(out: Path, reports: Iterable[Report]) -> set[str]:
    """Name the reports that others lead to as the week before or after, and that could not be made."""
    listed, ours = {one["entry"].folder: one["entry"] for one in reports if one["page"]}, plan.read_stamp(out)["pages"]
    beside = {(folder, name) for folder, one in listed.items() for name in one.inputs.get("neighbours", ()) if name}
    lacking = {f"{folder.rpartition('/')[0]}/{name}" for folder, name in beside} - listed.keys()
    return {one for one in lacking if f"{one}/{PAGE}" in ours or not (out / one / PAGE).exists()}


def _by_offence(reports: Iterable[Report]) -> list[tuple[Report, list[tuple[str, str]]]]:
    """Find the national report of each source that tells most of offences, else the newest, and its tables of them."""
    found: dict[tuple[str, str], tuple[Report, list[tuple[str, str]]]] = {}
    for report in sorted(reports, key=lambda one: -(one["facts"].get(PICKED) or 0)):
        tables = [(name, says) for name, says in OF_OFFENCES.items() if f"tables/{name}.csv" in report["entry"].files]
        if tables and report["page"] and report["place"] == ALL_STATES:
            found.setdefault((report["notebook"], report["source"]), (report, tables))
    return sorted(found.values(), key=lambda one: one[0]["synthetic"])


def _printed(reports: Iterable[Report]) -> dict[str, dict[str, list[tuple[str, str, str]]]]:
    """Gather by place what is printed of it by offence, by who printed it: a link, its count, the offence."""
    found: dict[str, dict[str, list[tuple[str, str, str]]]] = defaultdict(lambda: defaultdict(list))
    postal_of = {name: postal for postal, name in states()["name"].items()}
    for report in (one for one in reports if one["page"] and not one["synthetic"]):
        for table, link, row in _table_rows(report, PRINTED):
            of, (offence, count, told) = report["facts"] | row, PRINTED[table]
            state = row.get("state") or postal_of[of["held_place"].rpartition(", ")[2]]
            days = of.get("period_from") or of.get("held_day"), of.get("period_to") or of["held_day"]
            of["since"], of["day"] = (day_in_words(date.fromisoformat(day)) for day in days)
            of["in_all"] = write(float(row.get("total") or "nan"), "count")
            said = f"of {row['held']}: {row[offence]}" if "held" in row else row[offence]
            for place in (state, details()["group_id"].get(detail_of_text(row[offence]) or "", "")):
                found[place][told.format(**of)].append((link, write(float(row[count]), "count"), said))
    return found


def _listed(out: Path, entry: Entry) -> Report:
    """Say of a report what the site says, from its line in the manifest and its ``facts.json``."""
    written = FACTS in entry.files
    content = json.loads((out / entry.folder / FACTS).read_text(encoding="utf-8")) if written else {}
    facts, synthetic = content.get("facts", {}), content.get("synthetic", False)
    words = [name for name in ("issued", "declined") if not isinstance(facts.get(name), int | float)]
    facts = {name: value for name, value in facts.items() if name not in words}
    named, week = entry.title or entry.notebook, entry.parameters.get("week", "")
    place = entry.parameters.get("offence") or entry.parameters.get("state", ALL_STATES)
    title, source = content.get("title", entry.folder), content.get("source", {}).get("title", entry.source)
    in_json: Report = {"title": as_made_up(title, synthetic), "notebook": entry.notebook, "source": entry.source}
    in_json |= {"parameters": entry.parameters, "synthetic": synthetic}
    in_json |= {name: facts.get(name) for name in ("status", "issued", "declined")}
    in_json |= {"revision": len(content.get("revisions", [])), "outcome": entry.outcome}
    in_json |= {"files": [f"{entry.folder}/{name}" for name in entry.files]}
    report: Report = in_json | {"in_json": in_json, "entry": entry, "facts": facts, "week": week, "place": place}
    report["rows"] = cache(partial(rows_of, out, entry))  # several pages are made from one table
    report |= {name: write(facts.get(name), "count") for name in ("issued", "declined")}
    report["said"] = [one["text"].replace("**", "") for one in content.get("sentences", [])[:2]]
    report["finding"] = content.get("headline", title).removeprefix(as_made_up("", synthetic))
    return report | {
        "source_title": as_made_up(source, synthetic),
        "headline": as_made_up(content.get("headline", title), synthetic),
        "notebook_title": as_made_up(named.partition(":")[0], synthetic),
        "clock": dict(content.get("masthead", [])).get("Clock", ""),
        "days": week_in_words(date.fromisoformat(week)) if week else "",
        "unsettled": facts.get("status") in ("provisional", "partial", "too young"),
        "place_name": place_names().get(place, "all"),
        "page": f"{entry.folder}/{PAGE}" if PAGE in entry.files else "",
        "picture": next((f"{entry.folder}/{name}" for name in entry.files if name.endswith(".png")), ""),
        "failed": f"{entry.folder}/{plan.FAILED}" if entry.outcome == "failed" else "",
    }


def _sections(reports: Iterable[Report], order: Sequence[str]) -> list[dict[str, Any]]:
    """Arrange the reports by notebook and source, with the newest of each and the sums of its weeks."""
    grouped: dict[tuple[str, str], list[Report]] = defaultdict(list)
    for report in reports:
        grouped[report["notebook"], report["source"]].append(report)
    found = []
    for (notebook, source), inside in grouped.items():
        synthetic = any(report["synthetic"] for report in inside)
        weeks = [one["facts"] for one in inside if one["week"] and one["place"] == ALL_STATES]
        counts = [facts for facts in weeks if {"issued", "declined"} <= facts.keys()]
        sums = {name: f"{sum(facts[name] for facts in counts):,}" for name in ("issued", "declined")}
        title = next((one["source_title"] for one in inside if one["facts"]), source)
        section = {"source_title": title, "made_up": synthetic, "newest": [one for one in inside if one["page"]][:3]}
        section |= {"title": as_made_up(inside[0]["entry"].title or notebook, synthetic)}
        section |= {"together": {"weeks": counted(len(counts), "weeks"), **sums} if counts else {}}
        rank = order.index(notebook) if notebook in order else len(order)
        found.append(((rank, synthetic, not inside[0]["week"], notebook, source), section))
    return [section for _, section in sorted(found, key=lambda one: one[0])]


def _table_rows(report: Report, tables: Iterable[str]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Go through the rows of those of a report's tables that it has: the table, a link to the row in it, the row."""
    for table in tables:
        for number, row in enumerate(report["rows"](table)):
            shown = f"table-{table}" if row.get("issued") == "0" else f"{table}-{number}"  # no page has zeros
            yield table, f"{report['page']}#{shown}", row


def _named_places(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Gather the counties, cities and agencies that tables name, and by their place in the list the reports that do."""
    postal_of = {name: postal for postal, name in states()["name"].items()}
    found: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for place, report in enumerate(reports):
        own = report["parameters"].get("state", "").replace(ALL_STATES, "")
        for table, link, row in _table_rows(report, NAMING):
            if (name := row.get(NAMING[table], "")) and name not in postal_of and name != OTHER_AGENCIES:
                state = row.get("state") or postal_of.get(row.get("state_name", "")) or own
                found[name, state].setdefault(place, link)
    named = []
    for (name, state), pages in sorted(found.items(), key=lambda one: (one[0][0].casefold(), *one[0])):
        by = [reports[place] for place in pages]
        links = [(one["days"] or one["notebook_title"], page) for one, page in zip(by, pages.values(), strict=True)]
        in_full = as_made_up(f"{name}, {state}" if state else name, all(one["synthetic"] for one in by))
        named.append({"in_full": in_full, "reports": list(pages), "links": links[:MOST_LINKS]})
    return named


def _place_series(reports: Iterable[Report]) -> dict[str, list[dict[str, Any]]]:
    """Gather what reports say of each state and offence group, by postal code or id: one series of weeks per source."""
    ids = {label: identity for identity, label in groups()["group"].items()}
    found: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    first: dict[str, Report] = {}
    for report in (report for report in reports if report["page"] and report["week"]):
        first.setdefault(report["source"], report)
        if report["place"] != ALL_STATES:
            found[report["place"]][report["source"]].append(_row(report["facts"], report, "", report["page"]))
        else:
            for table, link, values in _table_rows(report, COUNTING):
                place = ids.get(values[COUNTING[table]], values[COUNTING[table]])
                found[place][report["source"]].append(_row(values, report, table, link))
    crossed = {source: _crossed(source, reports) for source in first}
    series = {
        place: [
            {name: first[source][name] for name in ("source_title", "clock", "synthetic")}
            | {"picked": any(row["picked"] for row in rows), "rows": (joined := _joined(rows))}
            | {"story": story(joined, first[source]["facts"].get("no_share")), **crossed[source].get(place, {})}
            for source, rows in by_source.items()
        ]
        for place, by_source in found.items()
    }
    for many in series.values():  # the first leads: made-up data last, before them what has no settled week
        many.sort(key=lambda one: (one["synthetic"], all(row["status"] != "settled" for row in one["rows"])))
    return series


def _crossed(source: str, reports: Iterable[Report]) -> dict[str, dict[str, Any]]:
    """Gather by place what a source's newest table by state and offence prints of it: the other's name, and a count."""
    national = (one for one in reports if one["source"] == source and one["page"] and one["place"] == ALL_STATES)
    report = next((one for one in national if f"tables/{CROSSED}.csv" in one["entry"].files), None)
    ids, found = {name: place for place, name in place_names().items()}, dict[str, dict[str, Any]]()
    for _, _, row in _table_rows(report, [CROSSED]) if report else ():
        for name, other in ((row["state_name"], row["group"]), (row["group"], row["state_name"])):
            if name in ids:
                cells = found.setdefault(ids[name], {"crossed": report, "cells": []})["cells"]
                cells.append((other, row["declined_shown"], ids.get(other)))
    return found


def _row(values: Mapping[str, Any], report: Report, table: str, link: str) -> dict[str, Any]:
    """Write one week's figures, from a row of a table or, without a table's name, the facts of a report.

    ``value`` is what its bar shows: None where a count is not known, or only bounds or a part of the rows are.
    """

    def number(name: str) -> float | None:
        return None if values.get(name) in (None, "") else float(values[name])

    declined, issued, day = number("declined"), number("issued"), date.fromisoformat(report["week"])
    text, interval = write(declined, "count"), [number("share_low"), number("share_high")]
    if "known_low" in values:
        low, high = number("known_low"), number("known_high")
        bounds = f"at least {write(low, 'count')}, at most {write(high, 'count')}"
        declined, text = (low, write(low, "count")) if low == high else (None, bounds)
    note = ""
    if picked := table == PICKED:
        text = write(number("detainers"), "count")
        note = f" (offence known for {write(report['facts'].get(PICKED), 'count')} of {report['declined']})"
    known = "" if None in interval else f" ({write(interval[0], 'share')} to {write(interval[1], 'share')})"
    told = {"week": report["week"], "days": week_in_words(day), "month": f"{day:%b}", "of": issued, "value": declined}
    told |= {"status": report["facts"].get("status") or "", "unsettled": report["unsettled"], "picked": picked}
    told |= {"issued": write(issued, "count"), "declined": text, "share": write(number("share"), "share") + known}
    told |= {"before": write(number("last_week"), "count"), "mean": write(number("trailing_mean"), "about")}
    told |= {"finding": str(values.get("finding") or ""), "note": note, "profile": None if table else report}
    return told | {"links": [(report["notebook_title"], link)]}


def _joined(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put what several reports say of the same week in one row; a national report's figures go before a profile's."""
    joined: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["profile"] is not None):
        earlier = joined.get(row["week"], row | {"links": []})
        joined[row["week"]] = earlier | {"links": earlier["links"] + row["links"], "profile": row["profile"]}
    most = max((row["value"] for row in joined.values() if row["value"] is not None), default=0) or 1
    ordered = sorted(joined.values(), key=lambda row: row["week"], reverse=True)
    return [row | {"bar": 100 * (row["value"] or 0) / most} for row in ordered]


def _feed_items(out: Path, reports: Iterable[Report]) -> list[dict[str, Any]]:
    """List what the feed tells: each report as it was first made and as it was last revised, the newest first."""
    items = []
    for report in (report for report in reports if report["page"]):
        folder, log = report["entry"].folder, read_log(out, report["entry"].folder)
        newest = {"made": log.get("made", report["entry"].started), "says": "", **(log.get("revisions") or [{}])[-1]}
        name = uuid.uuid5(_NAMES, f"{folder} {report['revision']}").urn
        items.append({"report": report, "id": name, "updated": newest["made"], "says": newest["says"]})
    return sorted(items, key=lambda item: (item["updated"], item["report"]["week"]), reverse=True)[:FEED_LENGTH]


Places = Annotated[list[StrictStr], BeforeValidator(lambda given: [given] if given == plan.EACH else given)]


class Asked(BaseModel, extra="forbid"):
    """Reports of one notebook: on one source or all that fit, for some weeks, and each of some states or offences."""

    notebook: StrictStr
    source: StrictStr | None = None
    weeks: StrictStr | None = None
    period: StrictStr | None = None
    compare: StrictStr | None = None
    states: Places = []
    offences: Places = []


class SiteFile(BaseModel, extra="forbid"):
    """A site: its title, the address at which it will stand, and its reports in the order of the index."""

    title: StrictStr = TITLE
    address: HttpUrl | None = None
    reports: list[Asked] = Field(min_length=1)


KEYS = f"A site has the keys {', '.join(SiteFile.model_fields)}; each report {', '.join(Asked.model_fields)}"


def _read_site(path: Path) -> SiteFile:
    """Read a site file."""
    try:
        return SiteFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else ""
        what = f"the site file cannot be read as YAML ({error.problem})"
        raise InputError(what, file=path, place=line, do="Mend this line or the one before it") from error
    except ValidationError as error:
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")  # misspelt before missing
        place = ", ".join(step if isinstance(step, str) else f"entry {step + 1}" for step in first["loc"])
        found = None if first["type"] == "missing" else first["input"]
        do = QUOTE if isinstance(found, bool | date) and first["type"] == "string_type" else KEYS
        raise InputError(first["msg"], file=path, place=place, found=found, do=do) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError("the site file cannot be read", file=path, found=str(error).splitlines()[0]) from error


def plan_site(path: Path, *, png: bool = False) -> tuple[list[Task], Settings]:
    """Read a site file, and work out which reports it asks for, each once, and what the site is called."""
    site, tasks = _read_site(path), dict[tuple[str, Path], Task]()
    stands = {"address": str(site.address or "")}
    for asked in site.reports:
        how = asked.model_dump(include={"weeks", "states", "offences"}) | {"periods": (asked.period, asked.compare)}
        how["source_names"] = [] if asked.source is None else [asked.source]
        for task in plan.plan([find_notebook(asked.notebook, path.parent)], png=png, **how):
            entry = replace(task.entry, inputs=task.entry.inputs | stands)
            tasks.setdefault((entry.folder, task.notebook), replace(task, entry=entry))
    order = tuple(dict.fromkeys(task.entry.notebook for task in tasks.values()))
    return list(tasks.values()), Settings(site.title, stands["address"], order)
