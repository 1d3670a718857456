"""What can be analysed: bundled and imported sources in one stored form, each version with its origin.

A version is a folder such as ``fy2015/v000``: the table by day of issue, its origin file, its scorecard, and what the
release carries besides, row by row, which no report reads. Number 0 is a bundled source; imports count from 1. The
weekly reports of 2017, which have no detainers, are read from their CSVs.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property, reduce
from operator import and_
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from pyarrow import feather
from pydantic import BaseModel, ValidationError

from analysis.errors import InputError, called, unknown
from analysis.files import as_json, bundled_folder, data_folder, flush, private_folder, sha256_of, write_whole
from analysis.load.reference import RESTORE, check_hash
from analysis.periods import Calendar, week_of

if TYPE_CHECKING:
    from analysis.load.published import PublishedReports

VERSIONS_VARIABLE = "DECLINES_VERSIONS"
TABLE_FILE, CARRIED_FILE = "detainers.parquet", "carried.feather"
SCORECARD_FILE, WEEKS_FILE, UNDATED = "scorecard.csv", "weeks.json", "undated"
VERSION = re.compile("v[0-9]+")  # the name of its folder, and of no copy beside it
HINT = "`declines list` shows all sources with their weeks"
NEEDS = {"offences": "records no offences", "outcomes": "does not say how detainers ended"}
"""What a report may need of its source, and how one that lacks it is spoken of."""
CLOCKS = ("issued", "recorded", "printed")
ROW_GROUP = 65_536  # small, so that a reader of some weeks skips the others
FILTERED = ["issued_on", "duplicate"]  # columns by which rows are skipped
WHERE_FROM = ("source_file", "source_sheet", "source_row")  # a new file changes them, the detainers being the same
YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class SourceFacts(BaseModel, extra="forbid", frozen=True):
    """What the origin file of a source says about it as a whole."""

    name: str
    title: str
    clock: Literal["issued", "recorded", "printed"]  # its weeks: detainers issued, or declines recorded; or it has none
    first_day: date
    last_day: date
    extracted_on: date
    extracted_known: bool = True  # else the day is the newest one of issue or of an end, never to be printed
    detainers: int
    declined: int
    synthetic: bool
    offences: bool  # whether it records offences,
    outcomes: bool = True  # how detainers ended,
    lift_dates: bool = False  # and on which day
    citation: str = ""  # what its publisher asks to be cited as; blank = nothing that we know of


class Document(BaseModel, extra="forbid", frozen=True):
    """The bundled file that a stored table was made from: its name and hash, which reports print."""

    file: str
    sha256: str


class Origin(BaseModel, extra="forbid", frozen=True, coerce_numbers_to_str=True):
    """What is known of a file: who made it, how its figures were obtained, what a row and a blank mean."""

    title: str
    producer: str
    document: str
    document_date: str | date
    reference: str | list[str]
    obtained: str
    licence: str
    accessed: str | date
    sha256: str
    row: str
    blank: str
    notes: str | None = None
    made_from: Document | None = None
    scorecard_sha256: str = ""  # of the scorecard beside it; blank = there is none
    carried_sha256: str | None = None  # of the columns carried beside it; None = there are none, or it has them itself
    source: SourceFacts | None = None


def origin_of(path: Path) -> Origin:
    """Read the origin file beside ``path`` (``<name>.origin.yml``); refuse one that is no YAML or lacks a key."""
    beside, do = path.with_name(path.name + ".origin.yml"), RESTORE
    if path.is_relative_to(data_folder()):
        do = f"Remove its folder, {path.parent.name}, and import the release again"
    try:
        return Origin.model_validate(yaml.load(beside.read_text(encoding="utf-8"), YAML))
    except FileNotFoundError as error:
        raise InputError("the origin file is missing", file=beside, do=do) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(first["msg"], file=beside, place=f"key {key}", do=do) from error
    except (yaml.YAMLError, ValueError) as error:  # the latter of bytes that are no text, or of no day
        raise InputError("the origin file is not YAML", file=beside, found=str(error), do=do) from error


@dataclass(frozen=True)
class Source:
    """One version of a source: its facts, its origin and the file it stands in; ``version`` is 0 for a bundled one."""

    facts: SourceFacts
    origin: Origin
    path: Path
    version: int = 0

    def __repr__(self) -> str:
        version = f", version {self.version}" if self.version else ""
        return f"<Source {self.facts.name}{version}: {self.facts.first_day} to {self.facts.last_day}>"

    @property
    def file(self) -> str:
        """Name of the file that reports name: the published one, where the stored table was made from one."""
        return self.origin.made_from.file if self.origin.made_from else self.path.name

    @cached_property
    def sha256(self) -> str:
        """Hash of that file; the stored one is held against its origin file first."""
        stored = check_hash(self.path)
        return self.origin.made_from.sha256 if self.origin.made_from else stored

    @property
    def scorecard(self) -> Path:
        """Find its scorecard, held against its hash."""
        path = self.path.with_name(SCORECARD_FILE)
        check_hash(path, "scorecard_sha256", self.path)
        return path

    @property
    def cited(self) -> dict[str, str]:
        """What a report says of its source where it says how to be cited: name, title, hash, and citation if any."""
        told = {"name": self.facts.name, "title": self.facts.title, "sha256": self.sha256}
        return told | {"citation": self.facts.citation} if self.facts.citation else told

    @property
    def version_id(self) -> str:
        """What tells this version from any other, as ``DECLINES_VERSIONS`` takes it: number and hash of the table."""
        return f"v{self.version:03d}-{self.origin.sha256[:12]}"

    def check(self) -> None:
        """Hold the source against its origin file, so that what cannot be used is met before any report is begun."""
        if self.facts.clock == "recorded":
            self.reports()
        _ = self.sha256  # the rows of a table were checked when it was stored

    def detainers(
        self,
        columns: Sequence[str] | None = None,
        first: date | None = None,
        last: date | None = None,
        *,
        repeats: bool = True,
    ) -> pd.DataFrame:
        """Read the table of detainers: one row each, by day of issue, undated ones last; blank is missing.

        Only some ``columns``; only days of issue from ``first`` to ``last``, both included, and then none undated; or
        without the rows that are flagged as ``repeats`` of another (``duplicate``).

        Examples
        --------
        >>> open_source("fy2015").detainers()["outcome"].value_counts()["declined_by_lea"]
        np.int64(5501)
        """
        if self.facts.clock != "issued":
            raise InputError(f"the source {self.facts.name!r} has no detainers by week of issue", do=HINT)
        _ = self.sha256
        kept = [] if first is None else [pc.field("issued_on") >= pd.Timestamp(first)]
        kept += [] if last is None else [pc.field("issued_on") <= pd.Timestamp(last)]
        kept += [] if repeats else [pc.field("duplicate").is_null()]
        rows = reduce(and_, kept) if kept else None
        try:
            own, carried, carrying = pq.read_schema(self.path).names, list[str](), self.path.with_name(CARRIED_FILE)
            if self.origin.carried_sha256 and not (columns is not None and {*columns} <= {*own}):
                check_hash(carrying, "carried_sha256", self.path)
                carried = pa.ipc.open_file(carrying).schema.names
            wanted = [*own, *carried] if columns is None else list(columns)
            if strange := [name for name in wanted if name not in own and name not in carried]:
                raise unknown(f"column of the source {self.facts.name!r}", strange[0], [*own, *carried])
            of_table = [name for name in wanted if name in own]
            table = pd.read_parquet(self.path, columns=of_table, filters=rows, use_threads=False)
            if beside := [name for name in wanted if name in carried]:
                others = pd.read_feather(carrying, columns=beside)
                if rows is not None:
                    by = pq.read_table(self.path, columns=FILTERED)
                    others = others.take(by.append_column("at", pa.array(others.index)).filter(rows)["at"].to_numpy())
                table = pd.concat([table, others.reset_index(drop=True)], axis="columns")[wanted]
            return table
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError("the stored table is damaged", file=self.path, do="Import the release again") from error

    def week_hashes(self) -> dict[str, str]:
        """Give the hash of each week's rows, worked out when first asked for and kept beside the table."""
        kept = self.path.with_name(WEEKS_FILE)
        try:
            hashes = json.loads(kept.read_text(encoding="utf-8"))
            if isinstance(hashes, dict) and all(isinstance(one, str) for one in hashes.values()):
                return hashes
        except (OSError, ValueError):  # asked for the first time, or damaged
            pass
        hashes = week_hashes(self.detainers())
        with suppress(OSError):
            write_whole(kept, as_json(hashes))
        return hashes

    def reports(self) -> PublishedReports:
        """Read the published weekly reports, whole and unchanged and adding up, or refuse them."""
        if self.facts.clock != "recorded":
            raise InputError(f"the source {self.facts.name!r} is not ICE's weekly reports", do=HINT)
        from analysis.load.published import read_published_reports  # with the schema: `declines list` needs neither

        reports = read_published_reports()
        for column, total in (("issued", self.facts.detainers), ("declined", self.facts.declined)):
            if (found := int(reports.weekly_totals[column].sum())) != total:
                what, place = f"the weeks do not add up: {column}", f"column {column}"
                expected = f"{total} (the origin file)"
                raise InputError(what, file=self.path, place=place, found=found, expected=expected, do=RESTORE)
        return reports


def only(table: pd.DataFrame, column: str) -> str | None:
    """Give the one value that all rows with a value have, as in a file chosen by it; None = several, or none."""
    found = table[column].dropna().unique()
    return str(found[0]) if len(found) == 1 else None


def week_hashes(table: pd.DataFrame) -> dict[str, str]:
    """Hash the rows of each week of issue, by Saturday or ``undated``, whatever their order and place in the file."""
    rows = pd.util.hash_pandas_object(table.drop(columns=list(WHERE_FROM), errors="ignore"), index=False)
    by_week = rows.groupby(week_of(table["issued_on"]).to_numpy(), dropna=False)
    return {
        UNDATED if pd.isna(week) else f"{week:%Y-%m-%d}": hashlib.sha256(np.sort(of_week).tobytes()).hexdigest()
        for week, of_week in by_week
    }


def store(table: pd.DataFrame, card: Callable[[], pd.DataFrame], origin: Origin, folder: Path) -> Source:
    """Keep a table and its scorecard, asked for last, as one version of a source (``v001``), whole or not at all."""
    from analysis.load.table import NAMES  # with the schema, which `declines list` does not need

    with private_folder(folder.parents[1]) as scratch:
        draft = scratch / "draft"  # no name of a version, for which it would be taken
        draft.mkdir(0o700)  # it holds rows of people
        rows = table.sort_values("issued_on", kind="stable", na_position="last", ignore_index=True)
        blank = [name for name in rows if rows[name].dtype == "category" and rows[name].isna().all()]
        rows = rows.astype(dict.fromkeys(blank, pd.CategoricalDtype(pd.Index([], dtype="str"))))  # of text all the same
        how: dict[str, Any] = {"compression": "zstd", "row_group_size": ROW_GROUP, "write_statistics": FILTERED}
        how["use_dictionary"] = [name for name in NAMES if name not in ("person", "source_row")]  # which hardly repeat
        how["column_encoding"] = {"person": "DELTA_LENGTH_BYTE_ARRAY", "source_row": "DELTA_BINARY_PACKED"}
        how["write_batch_size"] = 8_192
        files = {"sha256": TABLE_FILE, "scorecard_sha256": SCORECARD_FILE}
        files |= {"carried_sha256": CARRIED_FILE} if len(carried := rows.columns.drop([*NAMES])) else {}
        for name in files.values():
            (draft / name).touch(0o600)  # before a row is in it
        own, beside = (pa.Table.from_pandas(rows[part], preserve_index=False) for part in ([*NAMES], carried))
        with ThreadPoolExecutor(2) as pool:  # on another core, while the table is written
            tasks = [pool.submit(card)]
            if len(carried):  # in a fifth of the time of Parquet, and hardly ever read
                tasks.append(pool.submit(feather.write_feather, beside, str(draft / CARRIED_FILE)))
            pq.write_table(own, draft / TABLE_FILE, **how)
        found, *_ = [task.result() for task in tasks]
        found.to_csv(draft / SCORECARD_FILE, index=False)
        origin = origin.model_copy(update={key: sha256_of(draft / name) for key, name in files.items()})
        text = yaml.safe_dump(origin.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True)
        (draft / f"{TABLE_FILE}.origin.yml").write_text(text, encoding="utf-8")
        flush([*draft.iterdir(), draft])
        folder.parent.mkdir(0o700, exist_ok=True)
        draft.rename(folder)
        flush([folder.parent, folder.parents[1]])
    return _of(folder / TABLE_FILE)


def _of(path: Path) -> Source:
    """Open the source that stands in a file."""
    origin = origin_of(path)
    if not path.is_file():
        raise InputError("the file of a source is missing", file=path, do="Restore it from the distribution")
    if origin.source is None:
        raise InputError("the origin file has no source block", file=path, do="Import the release again")
    return Source(origin.source, origin, path, int(path.parent.name[1:]) if path.name == TABLE_FILE else 0)


def _by_name() -> dict[str, list[Source]]:
    """Give the versions of every source, oldest first, none newer than the one that ``DECLINES_VERSIONS`` pins."""
    bundled, found = bundled_folder("data"), dict[str, list[Source]]()
    tables = [folder / TABLE_FILE for folder in sorted(bundled.glob("sources/*/v[0-9]*"))]
    imports = sorted(path for path in data_folder().glob(f"*/*/{TABLE_FILE}") if VERSION.fullmatch(path.parent.name))
    published = ["published_reports/weekly_totals.csv", "published_2025_26/declined_by_state_offence.csv"]
    for source in map(_of, [*tables, *(bundled / path for path in published), *imports]):
        of_name = found.setdefault(source.facts.name, [])
        if not of_name or of_name[0].version or source.path not in imports:  # else a bundled source has the name
            of_name.append(source)
    for name, pin in json.loads(os.environ.get(VERSIONS_VARIABLE, "{}")).items():
        ids = [source.version_id for source in found.get(name, [])]
        if pin not in ids:
            what = f"the version of the source {name!r} that this run is made from is gone"
            raise InputError(what, found=", ".join(ids) or "no version", expected=pin, do="Start the run again")
        if found[name][0].version:  # a bundled source has all its versions, whatever is imported
            del found[name][ids.index(pin) + 1 :]
    return found


def sources() -> dict[str, Source]:
    """Find every source, by name: the bundled ones, and the newest imports or those that are pinned."""
    return {name: of[-1] if of[0].version else of[0] for name, of in _by_name().items()}


def list_sources() -> pd.DataFrame:
    """List what can be analysed.

    Returns
    -------
    pandas.DataFrame
        One row per source, its name the index: ``title``, ``clock`` (what a week means: detainers ``issued`` or
        declines ``recorded`` in it; ``printed``: it has none),
        ``weeks``, ``detainers``, ``declined``, and whether it records ``offences``,
        ``outcomes`` (how detainers ended) and ``lift_dates`` (on which day), and is ``synthetic`` (made up).

    Examples
    --------
    >>> list_sources().loc["fy2015", ["weeks", "detainers", "declined"]].tolist()
    [43, 79053, 5501]
    """
    told = ["title", "clock", "weeks", "detainers", "declined", "offences", "outcomes", "lift_dates", "synthetic"]
    known = [source.facts for source in sources().values()]
    weeks = [len(Calendar.of(facts).weeks()) if facts.clock != "printed" else 0 for facts in known]
    rows = pd.DataFrame([facts.model_dump() for facts in known]).assign(weeks=weeks)
    return rows.set_index("name")[told]


def open_source(
    name: object, *, clock: str | None = None, needs: Sequence[str] = (), version: int | None = None
) -> Source:
    """Find a source by name.

    Parameters
    ----------
    name
        The source's name.
    clock
        What its weeks must mean: ``issued`` or ``recorded``; None = either.
    needs
        What it must record, of :data:`NEEDS`.
    version
        Number of one of its :func:`versions`; None = the newest, or the one that ``DECLINES_VERSIONS`` pins.

    Raises
    ------
    InputError
        No source of that name, clock and version, or it lacks what is needed; the message lists those that there are.

    Examples
    --------
    >>> open_source("fy2015").facts.detainers
    79053
    """
    if not isinstance(name, str | int | None):
        raise InputError(f"a source is opened by its name, found {called(name)}", do=HINT)
    if clock not in (None, *CLOCKS):
        raise unknown("clock", clock, CLOCKS)
    if strange := [need for need in needs if need not in NEEDS]:
        raise unknown("need of a source", strange[0], NEEDS)
    known, name = sources(), str(name)
    fitting = {key: source for key, source in known.items() if clock in (None, source.facts.clock)}
    if name in known and name not in fitting:
        its = known[name].facts.clock
        what = f"the source {name!r} has weeks by day {its}, and this report needs weeks by day {clock}"
        raise InputError(what, do=f"Use {', '.join(fitting)}")
    if name not in fitting:
        raise unknown("source" if clock is None else f"source with weeks by day {clock}", name, fitting, more=HINT)
    found = fitting[name]
    for need in needs:
        if not getattr(found.facts, need):
            others = ", ".join(key for key, source in fitting.items() if getattr(source.facts, need))
            raise InputError(f"the source {name!r} {NEEDS[need]}, and this report needs that", do=f"Use {others}")
    numbered = {one.version: one for one in _by_name()[name]}
    if version is not None and version not in numbered:
        there = ", ".join(str(number) for number in numbered if number) or "one alone, without a number"
        raise InputError(f"the source {name!r} has no version {version}", do=f"It has {there}")
    return found if version is None else numbered[version]


def versions(name: str) -> list[Source]:
    """List the numbered versions of a source, oldest first; none where there is no such source, or it has but one."""
    return [source for source in _by_name().get(name, []) if source.version]


def pick_versions(name: str, older: int, newer: int) -> tuple[int, int]:
    """Find two versions by their numbers, 0 being the newest and -1 the one before it; refuse what are not two."""
    known = [source.version for source in versions(name)]
    if len(known) < 2:
        open_source(name)
        what = f"the source {name!r} has {len(known)} imported versions, and a comparison needs two"
        raise InputError(what, do="Import the newer file under the same name: declines import FILE --name NAME")
    meant = dict(zip(range(1 - len(known), 1), known, strict=True)) | dict(zip(known, known, strict=True))
    first, second = (meant.get(given, 0) for given in (older, newer))
    if not 0 < first < second:
        what, listed = f"the versions {older} and {newer} of {name!r} cannot be compared", ", ".join(map(str, known))
        raise InputError(what, expected=f"an older and a newer one of {listed}; 0 is the newest, -1 the one before")
    return first, second


def versions_by_day(source: Source, columns: Sequence[str], last: date | None = None) -> dict[date, pd.DataFrame]:
    """Read some columns of a source's versions up to its own, by day of extraction; empty unless there are two."""
    shown = [one for one in versions(source.facts.name) if one.version <= source.version]
    return {one.facts.extracted_on: one.detainers(columns, last=last) for one in shown} if len(shown) > 1 else {}
