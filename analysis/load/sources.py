"""What can be analysed: bundled and imported sources, each with its origin, read into the table of detainers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.errors import InputError, unknown
from analysis.load.files import Origin, SourceFacts, as_cited, bundled_folder, check_hash, origin_of
from analysis.load.store import TABLE_FILE, imported_names, read_parts, read_stored, versions_of

if TYPE_CHECKING:  # the readers are imported when something is read: a list of the sources should come at once
    import pandas as pd

    from analysis.load.published import PublishedReports

SOURCE_FOLDERS = ("counts", "published_reports", "synthetic")
HINT = "`declines list` shows all sources with their weeks"


@dataclass(frozen=True)
class Source:
    """One source: its facts, its origin and the file it stands in; ``version`` counts imports, 0 for a bundled one."""

    facts: SourceFacts
    origin: Origin
    path: Path
    version: int = 0

    @cached_property
    def sha256(self) -> str:
        """Hash of the source's file, held against its origin file.

        Raises
        ------
        InputError
            The file is not the one that its origin file describes.
        """
        return check_hash(self.path)

    @property
    def cited(self) -> dict[str, str]:
        """What reports on it say of it (:func:`analysis.load.files.as_cited`)."""
        return as_cited(self.facts, self.sha256)

    def check(self) -> None:
        """Read all of the source, so that what cannot be used is met before any report is begun.

        Raises
        ------
        InputError
            The first thing that cannot be used.
        """
        if self.facts.clock == "recorded":
            self.reports()
        elif self.path.name == TABLE_FILE:
            _ = self.sha256  # its rows were checked when it was imported
        else:
            self.detainers()

    def detainers(
        self,
        columns: Sequence[str] | None = None,
        first: date | None = None,
        last: date | None = None,
        *,
        repeats: bool = True,
    ) -> pd.DataFrame:
        """Read the table of detainers, of an imported source only the columns, days and rows that are wanted.

        Parameters
        ----------
        columns
            Columns wanted; None = all.
        first, last
            Days of issue, both included; None = no bound.
        repeats
            Whether rows that repeat another (:func:`analysis.load.repeats.is_repeat`) are read, too.

        Raises
        ------
        InputError
            The source has published figures only, or its file cannot be used.
        """
        if self.facts.clock != "issued":
            raise InputError(f"the source {self.facts.name!r} has no detainers by week of issue", do=HINT)
        if self.path.name == TABLE_FILE:
            return read_stored(self.path, columns, first, last, repeats=repeats)
        import pandas as pd

        from analysis.load.repeats import is_repeat

        table = self._whole
        kept = pd.Series(True, index=table.index)
        if first is not None:
            kept &= table["issued_on"] >= pd.Timestamp(first)
        if last is not None:
            kept &= table["issued_on"] <= pd.Timestamp(last)
        if not repeats:
            kept &= ~is_repeat(table["duplicate"])
        return table.loc[kept, list(columns) if columns else list(table.columns)]

    def parts(self) -> Iterator[pd.DataFrame]:
        """Read all rows of the table of detainers, of an imported source part by part.

        Raises
        ------
        InputError
            The source has published figures only, or its file cannot be used.
        """
        if self.path.name == TABLE_FILE:
            yield from read_parts(self.path)
        else:
            yield self.detainers()

    @cached_property
    def _whole(self) -> pd.DataFrame:
        """All of a bundled source."""
        from analysis.load.published import check_totals, read_weekly_counts
        from analysis.load.releases import read_release

        if self.path.name.endswith("_weekly_counts.csv"):
            return read_weekly_counts(self.path)
        table = read_release(self.path).table
        check_totals(table, self.path, self.origin)
        return table

    def reports(self) -> PublishedReports:
        """Read the published weekly reports.

        Raises
        ------
        InputError
            The source is not the published reports, or a file of it cannot be used.
        """
        if self.facts.clock != "recorded":
            raise InputError(f"the source {self.facts.name!r} is not ICE's weekly reports", do=HINT)
        from analysis.load.published import read_published_reports

        return read_published_reports()


def bundled_sources() -> dict[str, Source]:
    """Find the bundled sources, by name: files whose origin file has a source block.

    Raises
    ------
    InputError
        A source's file or origin file is missing or damaged.
    """
    found: dict[str, Source] = {}
    for folder in SOURCE_FOLDERS:
        inside = {path.name.removesuffix(".origin.yml") for path in (bundled_folder("data") / folder).iterdir()}
        for path in (bundled_folder("data") / folder / name for name in sorted(inside)):
            origin = origin_of(path)
            if not path.is_file():
                raise InputError("the file of a source is missing", file=path, do="Restore it from the distribution")
            if origin.source is None:
                continue
            name = origin.source.name
            if name in found:
                raise InputError(f"two bundled sources are named {name!r}", file=path, do="Give one another name")
            found[name] = Source(origin.source, origin, path)
    return found


def sources() -> dict[str, Source]:
    """Find every source, by name: the bundled ones, and the newest imports.

    Raises
    ------
    InputError
        A source's file or origin file is missing or damaged.
    """
    found = bundled_sources()
    for name in imported_names():
        newest = versions_of(name)[-1]
        if newest.origin.source is not None and name not in found:
            found[name] = Source(newest.origin.source, newest.origin, newest.path, newest.number)
    return found


NEEDS = {"offences": "records no offences", "outcomes": "does not say how detainers ended"}
"""What a report may need of its source, and how one that lacks it is spoken of."""


def open_source(name: object, *, clock: str, needs: Sequence[str] = ()) -> Source:
    """Find a source by name.

    Parameters
    ----------
    name
        The source's name.
    clock
        What its weeks must mean: ``issued`` or ``recorded``.
    needs
        What it must record, of :data:`NEEDS`.

    Raises
    ------
    InputError
        No source of that name and clock, or it lacks what is needed; the message lists those that there are.
    """
    known = sources()
    fitting = {key: source for key, source in known.items() if source.facts.clock == clock}
    if name in known and name not in fitting:
        raise InputError(
            f"the source {name!r} has weeks by day {known[str(name)].facts.clock}, and this report needs weeks by day "
            f"{clock}",
            do=f"Use {', '.join(fitting)}",
        )
    if name not in fitting:
        raise unknown(f"source with weeks by day {clock}", name, fitting, more=HINT)
    for need in needs:
        if not getattr(fitting[str(name)].facts, need):
            others = ", ".join(key for key, source in fitting.items() if getattr(source.facts, need))
            raise InputError(f"the source {name!r} {NEEDS[need]}, and this report needs that", do=f"Use {others}")
    return fitting[str(name)]
