"""Which reports are asked for, what each is made from, and which of them are not up to date.

What a report is made from is a dict of hashes, kept in its line of the manifest: it is due when that would be another.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib.metadata import version
from itertools import count, product
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

import analysis
from analysis.errors import InputError, unknown
from analysis.files import as_json, sha256_of, write_whole
from analysis.load.reference import STATUS_GROUPS, bundled_folder, events, group_named, groups, state_named, states
from analysis.load.sources import HINT, Source, only, open_source, pick_versions, sources, versions
from analysis.periods import Calendar, refuse_shared_weeks
from analysis.run.notebooks import UNTIL_THIS, Notebook, Parameter, notebooks, read_draft, sources_for

MANIFEST, JOURNAL, STAMP, INDEX = "manifest.json", ".manifest.jsonl", ".site.json", "index.html"
FEED, JSON_INDEX, JSON_SCHEMA, SITEMAP = "feed.xml", "index.json", "index.schema.json", "sitemap.xml"
NOTEBOOK, PAGE, FACTS, FAILED, PDF = "notebook.ipynb", "report.html", "facts.json", "failed.ipynb", "report.pdf"
"""Files of a report: the executed notebook, its page, facts, the executed copy of one that failed, and the PDF."""
OURS = NOTEBOOK, PAGE, FACTS, PDF, "tables/*.csv", "figures/*.*"
PACKAGE = Path(analysis.__file__).parent
TEMPLATES = PACKAGE / "run" / "templates"
SHAPING = "declined-detainers ipykernel ipython jinja2 matplotlib mistune nbconvert numpy pandas papermill pyarrow "
SHAPING += "scipy statsmodels"  # their versions shape what a report says, or how its figures and its page look
INPUTS = {"parameters": "its parameters", "code": "its notebook", "package": "the code of the package"}
INPUTS |= {
    "files": "files beside its notebook",
    "reference": "the reference tables",
    "weeks": "the data that it reads",
    "libraries": "libraries",
}
INPUTS |= {"neighbours": "which weeks stand beside it", "address": "the address of its site"}
"""What a report is made from, and how each is called."""
NAMING, AS_LONG = ("week", "period", "compare", "state", "offence"), "before"
"""Parameters that name a report's folder; and the period beside another that does not, as it needs no name."""
EACH, LIST = "each", "See `declines list`"
_ABOUT = {"state": "state", "offence": "offence_group"}  # the column of what a report can be of


def each(kind: Literal["state", "offence"], given: Sequence[str]) -> list[str]:
    """Find states (by postal code, name or FIPS code) or offence groups (by id or label); ``each`` is every one."""
    known, meant = (states, state_named) if kind == "state" else (groups, group_named)
    return list(dict.fromkeys(one for name in given for one in (known().index if name == EACH else [meant(name)])))


@dataclass(frozen=True)
class Entry:
    """One report's line in the manifest; the times of a run stand here, and in no page, table or fact."""

    folder: str
    notebook: str
    parameters: dict[str, Any]
    source: str
    source_sha256: str  # of its file
    inputs: dict[str, Any] = field(default_factory=dict)  # a hash of each of INPUTS; of libraries their versions
    title: str = ""  # of the notebook
    outcome: Literal["made", "failed"] = "failed"
    message: str = ""
    started: str = ""
    seconds: float = 0.0
    files: dict[str, str] = field(default_factory=dict)  # the sha256 of each that was written


@dataclass(frozen=True)
class Limits:
    """What one report may take: seconds, and megabytes of memory for its kernel and what that starts."""

    seconds: float = 900
    megabytes: float = 4000


@dataclass(frozen=True)
class Task:
    """One report to make: a notebook, its line for the manifest, and the version of its source that it is to read."""

    notebook: Path
    entry: Entry
    versions: dict[str, str]


_ENTRIES = TypeAdapter(list[Entry])


def read_manifest(out: Path) -> dict[str, Entry]:
    """Read the entries of an output folder by report folder: its manifest, and the journal of a run that goes on.

    Where the manifest is damaged: what can be told from the reports that stand, which are made again when asked for.
    """
    told = _told(out)
    entries = _standing(out) if told is None else {entry.folder: entry for entry in told}
    for line in path.read_bytes().splitlines() if (path := out / JOURNAL).is_file() else []:
        with suppress(ValueError):  # the last line may have been cut short
            entries |= {entry.folder: entry for entry in _ENTRIES.validate_json(b"[%b]" % line)}
    return entries


def _told(out: Path) -> list[Entry] | None:
    """Read what a manifest holds; None where it is damaged, nothing where there is none."""
    path = out / MANIFEST
    with suppress(ValueError, KeyError, TypeError, RecursionError):
        return _ENTRIES.validate_python(json.loads(path.read_bytes())["reports"] if path.is_file() else [])
    return None


def _standing(out: Path) -> dict[str, Entry]:
    """Gather the reports that stand in an output folder; what they were made from is not known."""
    found = {}
    for path in sorted(out.glob(f"[!.]*/**/{FACTS}")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            facts, folder = json.loads(path.read_text(encoding="utf-8")), path.parent.relative_to(out).as_posix()
            shown = (path.parent / NOTEBOOK).read_text(encoding="utf-8")
            paths = [one for pattern in OURS for one in sorted(path.parent.glob(pattern))]
            names = {one.relative_to(path.parent).as_posix(): one for one in paths}
            told = {name for name, one in names.items() if f'"{name}"' in shown or f'"{one.stem}"' in shown}
            files = {name: sha256_of(one) for name, one in names.items() if "/" not in name or name in told}
            about = folder.partition("/")[0], facts["parameters"], facts["source"]["name"], facts["source"]["sha256"]
            found[folder] = Entry(folder, *about, outcome="made", files=files)
    return found


def mend_manifest(out: Path) -> str:
    """Put what a run that died had made into the manifest, and set a damaged one aside; blank, or what was damaged."""
    says, told = "", _told(out)
    if told is not None and not (out / JOURNAL).exists():
        return says
    entries = read_manifest(out)
    if told is None:
        names = (out / f"{MANIFEST}.damaged-{number}" for number in count(1))
        aside = next(path for path in names if not path.exists())
        (out / MANIFEST).rename(aside)
        says = f"{out / MANIFEST} was damaged: set aside as {aside.name}, {len(entries)} reports found standing"
    write_manifest(out, entries)
    return says


def write_manifest(out: Path, entries: Mapping[str, Entry]) -> None:
    """Write the manifest of an output folder, ordered by report folder; the journal is done with."""
    write_whole(out / MANIFEST, as_json({"reports": [vars(entry) for _, entry in sorted(entries.items())]}))
    (out / JOURNAL).unlink(missing_ok=True)


def journal(out: Path, entry: Entry) -> None:
    """Add an entry to the manifest of an output folder at once: a line of its journal, on disk."""
    with (out / JOURNAL).open("ab") as file:
        file.write(json.dumps(vars(entry)).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_stamp(out: Path) -> dict[str, Any]:
    """Read what a site was ``made_from``, and the sha256 of each of its ``pages``; blank where that is not known."""
    try:
        return json.loads((out / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # never written, such as by versions that kept a manifest alone, or cut short
        patterns = [INDEX, FEED, JSON_INDEX, "states/*.html", "offences/*.html"] if (out / MANIFEST).is_file() else []
        pages = [path for pattern in patterns for path in out.glob(pattern)]
        return {"made_from": "", "pages": {path.relative_to(out).as_posix(): sha256_of(path) for path in pages}}


def keep_own_pages(out: Path, names: Iterable[str] = (INDEX, FEED, JSON_INDEX)) -> dict[str, Any]:
    """Refuse a folder in which no run has written what stands under the names of pages; else give its stamp."""
    stamp = read_stamp(out)
    if own := [name for name in names if name not in stamp["pages"] and (out / name).exists()]:
        what = "no run has written this file, and a page of the site belongs there"
        raise InputError(what, file=out / own[0], do="Move it, or give another folder with --out")
    if not (out / STAMP).is_file():  # what is ours is known from before the first report
        write_whole(out / STAMP, as_json(stamp))
    return stamp


def index_made_from(entries: Mapping[str, Entry], settings: object) -> str:
    """Hash what a site's pages are made from: the manifest, what the site is called, and the package."""
    return _sha256([[vars(entry) for _, entry in sorted(entries.items())], repr(settings), _package()])


def index_is_due(out: Path, settings: object) -> bool:
    """Say whether the site of a folder has to be written: it is not there, or was made from something else."""
    return not (out / INDEX).is_file() or read_stamp(out)["made_from"] != index_made_from(read_manifest(out), settings)


def plan(
    chosen: Sequence[Notebook],
    *,
    source_names: Sequence[str] = (),
    weeks: str | None = None,
    periods: tuple[str | None, str | None] = (None, None),
    states: Sequence[str] = (),
    offences: Sequence[str] = (),
    png: bool = False,
) -> list[Task]:
    """Work out which reports are asked for; of what is not named, all that fits.

    ``periods`` is a period and the one beside it, as a notebook's ``period`` and ``compare``; of such a notebook alone
    ``weeks`` are one period. ``states`` and ``offences`` are as :func:`each` has them.
    """
    events()  # what cannot be used of the register is met before any report
    if weeks and periods[0]:
        do = "Give one of them: a period is for notebooks that take one, weeks are for all"
        raise InputError("weeks and a period are asked for, and a report is of one or the other", do=do)
    if strange := [name for name in source_names if name not in sources()]:
        raise unknown("source", strange[0], sources(), more=HINT)
    if weeks and all("period" in one.parameters for one in chosen):
        weeks, periods = None, (weeks, periods[1])
    asked: dict[str, Any] = {"week": weeks, "period": periods[0], "compare": periods[1]}
    asked |= {"state": each("state", states), "offence": each("offence", offences)}
    found = [(notebook.name, one) for notebook in chosen for one in _asked_of(notebook, source_names, asked, png)]
    if tasks := [one for _, one in found if isinstance(one, Task)]:
        return tasks
    raise _nothing([(name, one) for name, one in found if isinstance(one, InputError)])


def _nothing(refused: Sequence[tuple[str, InputError]]) -> InputError:
    """Say why there is nothing to make: why notebooks that fit the sources refuse, or else why none fits, each once."""
    refused = [one for one in refused if not isinstance(one[1], _Misfit)] or refused
    names: dict[str, list[str]] = {}
    for name, why in refused:
        names.setdefault(str(why).removeprefix(f"{name} "), []).append(name)
    if len(names) == 1:
        return refused[0][1]
    told = [f"  {', '.join(dict.fromkeys(of))}: {why}" for why, of in names.items()]
    return InputError("nothing to make:\n" + ("\n".join(told) or "  no notebook, source and week fit what was asked"))


class _Misfit(InputError):
    """Why a notebook cannot be used for what is asked at all, whatever the weeks and places."""


def _asked_of(
    notebook: Notebook, source_names: Sequence[str], asked: Mapping[str, Any], png: bool
) -> Iterator[Task | InputError]:
    """Give the reports of one notebook, what was refused, and what does not fit it."""
    takes, fitting = notebook.parameters, sources_for(notebook)
    if strange := [name for name, given in asked.items() if given and name not in takes]:
        takers = ", ".join(one.name for one in notebooks().values() if strange[0] in one.parameters)
        yield _Misfit(f"{notebook.name} takes no {strange[0]}", do=f"Those that do: {takers}")
        return
    code = _sha256([[cell.source, sorted(cell.tags)] for cell in read_draft(notebook.path).cells])
    reference = folder_sha256(bundled_folder("data") / "reference")
    inputs = {"code": code, "package": _package(), "reference": reference, "libraries": libraries(), "address": ""}
    inputs["files"] = {name: sha256_of(notebook.path.parent / name) for name in notebook.files}
    for name, source in ((name, fitting[name]) for name in fitting if not source_names or name in source_names):
        try:
            _refuse_places(name, source, takes, asked)
        except InputError as refusal:
            yield refusal
            continue
        calendar = Calendar.of(source.facts)
        weeks_read = cache(partial(_weeks, source, calendar, _slices(source)))  # of all states and offences the same
        own = [key for key, one in takes.items() if key in _ABOUT and one.default != "all" and not asked[key]]
        usual = {key: _usual(source, key, takes[key].default) for key in own}
        try:
            weeks = calendar.pick_many(asked["week"] or notebook.weeks) if "week" in takes else [None]
            for week, state, offence in product(weeks, asked["state"] or [None], asked["offence"] or [None]):
                given = {"source": name, "week": week and str(week), "state": state, "offence": offence, "png": png}
                given |= {name: asked[name] for name in ("period", "compare")}
                parameters: dict[str, Any] = {
                    key: given.get(key) or usual.get(key, one.default) for key, one in takes.items()
                }
                last: str | None = parameters.get("week")
                if "period" in takes:
                    last = _fix_periods(parameters, calendar)
                if notebook.versions > 1:
                    picked = pick_versions(name, parameters["older"], parameters["newer"])
                    parameters |= zip(("older", "newer"), picked, strict=True)
                about = [parameters[key] for key in NAMING if parameters.get(key, "all") not in ("all", AS_LONG)]
                folder = "/".join(part for part in (notebook.name, name, "_".join(about).replace(":", "_to_")) if part)
                until = last if notebook.reads == UNTIL_THIS else None
                made_from = {**inputs, "weeks": weeks_read(until)}
                entry = Entry(folder, notebook.name, parameters, name, source.sha256, made_from, notebook.title)
                yield Task(notebook.path, entry, {name: source.version_id})
        except InputError as refusal:
            yield refusal
    for name in [name for name in source_names if name not in fitting]:
        why = f"is about {notebook.source} alone" if notebook.source else "needs two versions of a source"
        try:
            open_source(name, clock=notebook.clock, needs=notebook.needs)
            yield _Misfit(f"{notebook.name} {why}", found=name, do=LIST)
        except InputError as refusal:
            yield _Misfit(str(refusal))


def _usual(source: Source, about: str, declared: object) -> object:
    """Give the state or offence group that a report is of by default: as declared, or what the source has most of."""
    found = source.detainers([_ABOUT[about]])[_ABOUT[about]].value_counts().drop(list(STATUS_GROUPS), errors="ignore")
    return declared if found.get(declared, 0) or not found.any() else str(found.index[0])


def _refuse_places(name: str, source: Source, takes: Mapping[str, Parameter], asked: Mapping[str, Any]) -> None:
    """Refuse the state or offence group that a notebook would be run for, where the source cannot have it."""
    of_group = "offence" in takes and (asked["offence"] or takes["offence"].default != "all")
    sole = only(source.detainers(["state"]), "state") if of_group or ("state" in takes and asked["state"]) else None
    if of_group and sole:
        what = "an offence group is profiled of several states: weeks of one state by offence are too small to show"
        raise InputError(what, found=f"all rows of {name} are of {sole}")
    if "state" in takes and sole and (others := [state for state in asked["state"] if state != sole]):
        raise InputError(f"the source has no detainer of {others[0]}", found=f"all rows of {name} are of {sole}")
    if of_group and "state" in takes and asked["state"]:
        raise InputError(
            "a period is profiled of a state or of an offence group, not of both", do="Ask for one of them"
        )
    if of_group and not source.facts.offences:
        raise InputError(f"the source {name!r} records no offences, and this report needs that", do=LIST)


def _fix_periods(parameters: dict[str, Any], calendar: Calendar) -> str:
    """Write the periods of a report so that they stay the same weeks; give the last week that it reads."""
    asked = ["period", *(["compare"] if parameters.get("compare", AS_LONG) != AS_LONG else [])]
    parameters |= {name: calendar.name_period(parameters[name]) for name in asked}
    periods = [calendar.pick_period(parameters[name]) for name in asked]
    refuse_shared_weeks(*periods)
    return str(max(period.weeks[-1] for period in periods))


def _slices(source: Source) -> list[dict[str, str]]:
    """Give the hash of each week's rows in every version of a source up to this one."""
    if source.facts.clock != "issued":  # its pages cite the origin of each file
        return [{"all": folder_sha256(source.path.parent)}]
    older = versions(source.facts.name) if source.version else []
    return [one.week_hashes() for one in ([one for one in older if one.version <= source.version] or [source])]


def _weeks(source: Source, calendar: Calendar, slices: Sequence[Mapping[str, str]], until: str | None) -> str:
    """Hash the rows of the weeks that a report reads, all or those ``until`` one, and what it knows of its source.

    One that reads no later weeks than its own follows from their state, not from the day of extraction: a newer file
    with the same rows makes no other report.
    """
    facts, notes = source.facts, source.origin.notes
    if until is None:
        return _sha256([slices, facts.model_dump(mode="json"), notes, source.sha256])
    *older, own = (_sha256({week: rows for week, rows in one.items() if week <= until}) for one in slices)
    weeks = [week for week in calendar.weeks() if str(week) <= until]
    states = [[str(week), calendar.status(week), calendar.days_covered(week)] for week in weeks]
    extracted = str(facts.extracted_on) if facts.lift_dates else ""  # how long each detainer was followed
    told = [facts.title, facts.citation, notes, facts.extracted_known, facts.synthetic, facts.offences, extracted]
    return _sha256([own, sorted({*older} - {own}), states, told])


def _sha256(told: object) -> str:
    """Hash what JSON can hold."""
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


@cache
def folder_sha256(folder: Path, pattern: str = "*") -> str:
    """Hash the names and contents of the files below a folder, once in a process."""
    paths = sorted(path for path in folder.rglob(pattern) if path.is_file())
    return _sha256([[path.relative_to(folder).as_posix(), sha256_of(path)] for path in paths])


def _package() -> str:
    """Hash the code and the templates of the package."""
    return _sha256([folder_sha256(PACKAGE, "*.py"), folder_sha256(TEMPLATES)])


@cache
def libraries() -> dict[str, str]:
    """Give the versions of libraries, and of Python."""
    return {"python": platform.python_version(), **{name: version(name) for name in SHAPING.split()}}


def what_is_due(
    tasks: Sequence[Task], out: Path, *, force: bool = False, verify: bool = False
) -> list[tuple[str, Task]]:
    """Say of each report why it is to be made, blank = it stands, every file that was written read with ``verify``.

    Of those that are to be made every source is read and checked, so that nothing runs on bad input.
    """
    paths = {task.entry.folder: task.notebook for task in tasks}
    for one in (task.notebook for task in tasks if task.notebook != paths[task.entry.folder]):
        raise InputError("two notebooks have one name", file=one, do="Their reports would stand in one folder")
    manifest = read_manifest(out)
    every = [*(entry for entry in manifest.values() if entry.files), *(task.entry for task in tasks)]
    _check_repeats(every, out)
    due, weeks = [], _weeks_of(every)
    for task in tasks:
        entry, earlier = _with_neighbours(task.entry, weeks), manifest.get(task.entry.folder)
        reason = _why(earlier, entry, out, verify) or ("asked for" if force else "")
        if earlier:
            entry = replace(entry, files=earlier.files, seconds=earlier.seconds) if reason else earlier
        due.append((reason, replace(task, entry=entry)))
    for name in sorted({task.entry.source for reason, task in due if reason}):
        open_source(name).check()
    return due


def _weeks_of(entries: Iterable[Entry]) -> dict[str, dict[str, str]]:
    """Give the last part of the folder of every report of a week, by what its folder is called but for the week."""
    found: dict[str, dict[str, str]] = {}
    for entry in entries:
        if week := entry.parameters.get("week"):
            found.setdefault(entry.folder.replace(week, ""), {})[week] = entry.folder.rpartition("/")[2]
    return found


def _with_neighbours(entry: Entry, weeks: Mapping[str, Mapping[str, str]]) -> Entry:
    """Tell a report which reports of its series stand before and after it; blank = none does."""
    week = entry.parameters.get("week", "")
    others = weeks.get(entry.folder.replace(week, ""), {}) if week else {}
    before, after = [other for other in others if other < week], [other for other in others if other > week]
    beside = [others[max(before)] if before else "", others[min(after)] if after else ""]
    return replace(entry, inputs=entry.inputs | {"neighbours": beside})


def changed(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Name what differs between the inputs of two reports, as far as both are known; of libraries and files, which."""
    said = dict(INPUTS)
    for kind, form in (("libraries", "{} {} → {}"), ("files", "{}")):
        pair = [was.get(kind, {}), now.get(kind, {})]
        found = [(name, *(one.get(name, "none") for one in pair)) for name in pair[0] | pair[1]]
        said[kind] = ", ".join(form.format(*one) for one in found if one[1] != one[2])
    return [said[name] for name in INPUTS if name in was.keys() & now and was[name] != now[name]]


def _why(earlier: Entry | None, now: Entry, out: Path, verify: bool) -> str:
    """Say why a report that has this line in the manifest is to be made; blank = it is up to date."""
    if earlier is None:
        return "it was never made"
    if earlier.outcome != "made":
        return "it failed"
    if earlier.inputs.keys() != now.inputs.keys():
        return "another version of this program made it" if earlier.inputs else "what it was made from is not known"
    was, is_now = ({"parameters": entry.parameters, **entry.inputs} for entry in (earlier, now))
    if other := changed(was, is_now):
        return "changed: " + ", ".join(other)
    folder = f"{out}/{now.folder}"  # thousands of files: no Path for each
    for name, digest in earlier.files.items():
        if not os.path.exists(f"{folder}/{name}") or (verify and sha256_of(Path(folder, name)) != digest):
            return f"no longer as it was written: {name}"
    return ""


def _check_repeats(entries: Sequence[Entry], out: Path) -> None:
    """Stop where reports of one source treat repeats both ways: the difference of two counts may be a single person."""
    found: dict[str, dict[str, str]] = {}
    for entry in entries:
        if "repeats" in entry.parameters:
            found.setdefault(entry.source, {}).setdefault(entry.parameters["repeats"], entry.folder)
    for source, ways in ((source, ways) for source, ways in found.items() if len(ways) > 1):
        what = f"reports on {source} that leave repeats out and that count them would tell small counts together"
        told = ", ".join(f"{folder} with repeats {way}" for way, folder in ways.items())
        expected, do = "one treatment of repeats of a source in a folder", "Give another folder with --out"
        raise InputError(what, file=out, found=told, expected=expected, do=do)
