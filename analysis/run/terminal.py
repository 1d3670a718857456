"""What the commands say on a terminal: what there is, what is counted of a place, where a report's page is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from subprocess import CalledProcessError, run
from typing import Any

import click

from analysis.errors import SHOWN, InputError, unknown
from analysis.files import data_folder
from analysis.load.reference import crosswalk, group_named, groups, near_states, state_named
from analysis.load.sources import CARRIED_FILE, SCORECARD_FILE, TABLE_FILE, VERSION, WEEKS_FILE, sources
from analysis.periods import Calendar, as_timestamps
from analysis.run.plan import INDEX, PACKAGE, PAGE, notebooks, read_manifest

IMPORTED = (TABLE_FILE, f"{TABLE_FILE}.origin.yml", CARRIED_FILE, SCORECARD_FILE, WEEKS_FILE)
COUNTS = ("issued", "declined", "share", "share_low", "share_high")
OF_SOURCE = ("name", "title", "clock", "detainers", "declined", "synthetic")
NATION = ("US", "USA", "ALL", "UNITED STATES")
COLOURS = {"pass": "green", "warn": "yellow", "stop": "red", "made": "green", "failed": "red"}


def coloured(text: str) -> str:
    """Colour the words of :data:`COLOURS` that begin a line or follow its number; show what a terminal would run."""
    words = rf"(?m)^((?:\[[\d/]+\] )?)({'|'.join(COLOURS)})\b"
    shown = text.translate(SHOWN)
    return re.sub(f"(?i){words}", lambda found: found[1] + click.style(found[2], fg=COLOURS[found[2].lower()]), shown)


def version_here() -> str:
    """Give the version, and the commit where the build wrote it down or the package stands in a checkout."""
    release, commit = version("declined-detainers"), PACKAGE / "_bundled" / ".commit"
    if commit.is_file():
        return f"{release} ({commit.read_text().strip()})"
    with suppress(OSError, CalledProcessError):  # without git, or of a folder that it does not trust
        if (PACKAGE.parent / ".git").exists():
            asked = ["git", "-C", str(PACKAGE.parent), "describe", "--always", "--dirty"]
            return f"{release} ({run(asked, check=True, capture_output=True, text=True).stdout.strip()})"
    return release


def what_there_is() -> dict[str, Any]:
    """Give the document of ``declines list --json``."""
    found: dict[str, Any] = {"data_folder": str(data_folder()), "notebooks": [], "sources": []}
    for notebook in notebooks().values():
        parameters = [{"name": name, **one._asdict()} for name, one in notebook.parameters.items()]
        found["notebooks"].append({"name": notebook.name, "title": notebook.title, "parameters": parameters})
    for source in sources().values():
        calendar, facts = Calendar.of(source.facts), source.facts
        weeks = [str(week) for week in calendar.weeks() if facts.clock != "printed"]
        partial = [week for week in weeks if calendar.is_partial(date.fromisoformat(week))]
        told: dict[str, Any] = {name: getattr(facts, name) for name in OF_SOURCE}
        told |= {"imported": source.path.is_relative_to(data_folder()), "version": source.version}
        found["sources"].append(told | {"weeks": weeks, "partial": partial})
    return found


def listing() -> Iterator[str]:
    """Write the same for a reader, line by line."""
    found = what_there_is()
    yield "Notebooks"
    for notebook in found["notebooks"]:
        yield f"  {notebook['name']}: {notebook['title']}"
        for one in notebook["parameters"]:
            yield f"    {one['name']}: {one['kind']} = {one['default']!r}  {one['comment']}"
    yield "Sources"
    for one in found["sources"]:
        first, *_, last = one["weeks"] or ["", ""]
        told = f"weeks by day {one['clock']}: {first} to {last}, {len(one['weeks'])} weeks"
        told += f", partial: {', '.join(one['partial'])}" if one["partial"] else ""
        yield f"  {one['name']}: {one['title']}\n    {told if first else 'figures without weeks'}"
    yield f"Imported sources are kept in {found['data_folder']}"


def releases() -> Iterator[str]:
    """Say where ICE's releases are published, and what is known of each."""
    for row in crosswalk("releases", "release_id").reset_index().itertuples():
        days = f"{row.first_day or '?'} to {row.last_day or '?'}" if row.first_day else "days not known"
        counts = ((row.published_rows, "rows"), (row.published_declined, "declined"))
        told = ", ".join([row.publisher, days, *(f"{int(number):,} {of}" for number, of in counts if number)])
        yield f"{row.release_id}, form {row.form}\n  {told}"
        yield f"  {row.page or 'page not known'}\n{click.wrap_text(row.note, 98, '  ', '  ')}"
    yield "\nFrom its page, copy the link of a file: declines import LINK --name NAME"


def counts_of(place: str, period: str, source: str) -> dict[str, Any]:
    """Give the document of ``declines show --json``: what is counted of a place or an offence group, and said of it."""
    from analysis.show import sentences
    from analysis.stats.cohort import cohort
    from analysis.stats.period_profile import period_profile
    from analysis.stats.summary import weekly_counts

    of = _meant(place)
    found = cohort(source, period, **of)
    facts, span, made = found.source.facts, found.period, found.source.facts.synthetic
    if len(span.weeks) == 1:
        values, said = sentences.facts_of(found), sentences.lead(found)
        said.append(sentences.Sentence(f"Status: {sentences.say('status', values)}.", values))
    else:
        profile = period_profile(source, period, **of)
        values, said = profile.facts, sentences.of_period(profile)
    headline, *others = map(str, said)
    told = {"source": source, "title": facts.title, "synthetic": made, "place": found.cell[1], "place_name": found.name}
    told |= {"period": span.name, "first_day": span.first_day, "last_day": span.last_day, "status": found.status}
    told |= {name: values[name] for name in COUNTS} | {"headline": sentences.as_made_up(headline, made)}
    rows = weekly_counts(found).loc[as_timestamps(span.weeks), [*COUNTS, "usual_low", "usual_high", "status"]]
    weeks = rows.reset_index().to_dict("records")
    plain, *weeks = ({name: sentences.as_fact(value) for name, value in row.items()} for row in (told, *weeks))
    return plain | {"sentences": others, "weeks": weeks}


def _meant(place: str) -> dict[str, str]:
    """Find the state or offence group that a word stands for; none of the nation."""
    for kind, named in (("state", state_named), ("offence", group_named)):
        with suppress(InputError):
            return {} if place.upper() in NATION else {kind: named(place)}
    names = [*groups()["group"], *groups().index]
    near = get_close_matches(place, names, 1) + near_states(place)
    known = "US, a state by postal code or name, an offence group by id or label"
    raise unknown("place or offence group", place, names, listed=[known], near=near[:3])


def counts_written(told: dict[str, Any]) -> Iterator[str]:
    """Write what is counted of a place for a reader: a line a week, then what is said of it."""
    from analysis.show.tables import write

    def line(first: str, row: dict[str, Any], usual: str, status: str) -> str:
        interval = f"{write(row['share_low'], 'share')} to {write(row['share_high'], 'share')}"
        shares = f"{write(row['share'], 'share'):>7}  {interval if row['share'] is not None else '':16}"
        return f"{first:11} {row['issued']:>8,} {row['declined']:>9,} {shares} {usual:>12}  {status}".rstrip()

    yield click.style(told["headline"].translate(SHOWN), bold=True)
    yield f"\n{'week':11} {'issued':>8} {'declined':>9} {'share':>7}  {'95% interval':16} {'usual':>12}  status"
    for row in told["weeks"]:
        low, high = (write(row[end], "count") for end in ("usual_low", "usual_high"))
        yield line(row["week"], row, f"{low} to {high}" if row["usual_low"] is not None else "", row["status"])
    if len(told["weeks"]) > 1:
        yield line(f"all {len(told['weeks'])}", told, "", told["status"])
    yield ""
    for sentence in told["sentences"]:
        yield click.wrap_text(sentence, 98, "- ", "  ")
    yield f"\nSource: {told['source']}, {told['title']}".translate(SHOWN)


def page_of(out: Path, name: str) -> Path:
    """Find the page of a report by its folder, or by words of it; the index of all where none is named."""
    if not (out / INDEX).is_file():
        raise InputError("there is no report yet", file=out, do="`declines run` makes them; --out names a folder")
    folders = [folder for folder in read_manifest(out) if (out / folder / PAGE).is_file()]
    words = name.casefold().removeprefix(f"{out}/".casefold()).strip("/").split()
    fits = [one for one in folders if [one.casefold()] == words]
    fits = fits or [one for one in folders if all(word in one.casefold() for word in words)]
    if not name:
        return out / INDEX
    if not fits:
        raise unknown("report", name, folders, listed=[f"{len(folders)} under {out}, in {out / INDEX}"])
    if len(fits) > 1:
        raise InputError(f"{len(fits)} reports fit {name!r}", do=f"Give more of the name, as in {', '.join(fits[-3:])}")
    return out / fits[0] / PAGE


def imported_files(name: str) -> list[Path]:
    """List the files that imports under a name have written, by version; no links, and nothing else that lies there."""
    from analysis.run.batch import URL_VARIABLE

    if os.environ.get(URL_VARIABLE):
        raise InputError("the sources of an address are only read", do="Remove them where they stand")
    every = [path for one in IMPORTED for path in sorted(data_folder().resolve().glob(f"*/*/{one}"))]
    written = [path for path in every if path.is_file() and path.resolve() == path]
    written = [path for path in written if VERSION.fullmatch(path.parent.name)]  # no copy that a user has made
    known = sorted({path.parents[1].name for path in written if path.name.startswith(TABLE_FILE)})
    if name not in known:
        listed, more = known or ["none"], "Those that come with the package stay"
        raise unknown("imported source", name, known, listed=listed, more=more)
    return [path for path in written if path.parents[1].name == name]


def remove(files: Sequence[Path]) -> bool:
    """Remove the files of a source, and its folders unless something else lies in them; say whether that is so."""
    try:
        for path in files:
            path.unlink()
    except OSError as error:
        raise InputError(f"the file cannot be removed: {error.strerror}", file=path) from error
    for folder in [*dict.fromkeys(path.parent for path in files), files[0].parents[1]]:
        with suppress(OSError):  # not empty
            folder.rmdir()
    return files[0].parents[1].exists()
