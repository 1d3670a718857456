"""Imported releases: read once, checked, kept as Parquet sorted by week of issue, every version of them.

The folder of a source holds one folder per version (``v001``, ``v002``, …), each with the table and its origin file. A
version is written beside the others and renamed into place, so that a half-written one is never seen.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from platformdirs import user_data_path

from analysis.errors import InputError, unknown
from analysis.load.files import Origin, SourceFacts, origin_of, sha256_of

if TYPE_CHECKING:  # imported when a table is read or written: a list of the sources should come at once
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from analysis.load.releases import Release

DATA_DIR_VARIABLE = "DECLINES_DATA_DIR"
TABLE_FILE, SCORECARD_FILE = "detainers.parquet", "scorecard.csv"
ROW_GROUP = 32_768
"""Rows in a row group: small, so that a reader of some weeks skips the others."""
CITATIONS = dict.fromkeys(
    ("D", "E", "F", "G", "processed"),
    "government data provided by ICE in response to a FOIA request to the Deportation Data Project",
)
"""What publishers ask to be cited as, by the form of a release, where one publishes all of the form."""
NEVER_THE_SAME = ("person", "source_row")
"""Columns whose values hardly repeat, for which a dictionary and compression would only cost time."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Version:
    """One stored version of an imported source: its number, its table and where that came from."""

    number: int
    path: Path
    origin: Origin


def data_folder() -> Path:
    """Give the folder of imported sources: ``DECLINES_DATA_DIR`` if set, else the user's own data folder."""
    given = os.environ.get(DATA_DIR_VARIABLE)
    return Path(given) if given else user_data_path("declined-detainers", appauthor=False)


def versions_of(name: str) -> list[Version]:
    """List the stored versions of a source, oldest first; none where there is no such source."""
    folder = data_folder() / name
    paths = sorted(folder.glob(f"v[0-9]*/{TABLE_FILE}"))
    return [Version(int(path.parent.name[1:]), path, origin_of(path)) for path in paths]


def imported_names() -> list[str]:
    """List the imported sources."""
    return sorted({path.parents[1].name for path in data_folder().glob(f"*/v[0-9]*/{TABLE_FILE}")})


def usable_name(text: str) -> str:
    """Make a name of a source from a text: lower-case letters, digits and hyphens; empty where the text has none."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:40].rstrip("-")


def check_name(name: str) -> str:
    """Hold the name of a source against what a folder and an address can carry.

    Raises
    ------
    InputError
        Other characters than lower-case letters, digits and hyphens, or more than 40 of them; the nearest name is told.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            "the name of the source cannot be used",
            found=name,
            expected="up to 40 lower-case letters, digits and hyphens",
            do=f"Use {usable_name(name)!r}" if usable_name(name) else "",
        )
    return name


def files_sha256(paths: Sequence[Path]) -> str:
    """Hash the files of a release, those of folders among them, by content alone, whatever their names and order.

    Raises
    ------
    InputError
        A file that is not there.
    """
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    kept = [file for file in files if file.is_file() or not file.exists()]
    missing = [file for file in kept if not file.exists()]
    if missing:
        raise InputError("there is no such file", file=missing[0], do="Check the path")
    return hashlib.sha256("\n".join(sorted({sha256_of(file) for file in kept})).encode()).hexdigest()


def stored_version(name: str, source_sha256: str) -> Version | None:
    """Find the version of a source that was made from files with this hash."""
    found = [version for version in versions_of(name) if version.origin.reference == f"sha256 {source_sha256}"]
    return found[-1] if found else None


def store(
    release: Release,
    name: str,
    *,
    digest: str,
    title: str,
    extracted_on: date | None,
    synthetic: bool,
    scorecard: Callable[[], pd.DataFrame],
) -> Version:
    """Keep a release as the newest version of a source.

    Parameters
    ----------
    release
        As read, checked by the caller.
    name
        The source's name.
    digest
        Hash of the files (:func:`files_sha256`).
    title
        What reports call it.
    extracted_on
        Day on which ICE made the file; None = not known, then the newest day of issue stands for it, which calls
        weeks unsettled rather than settled.
    synthetic
        Whether the release is made up.
    scorecard
        Gives what was checked while reading (:mod:`analysis.load.quality`), kept beside the table; asked for while the
        table is written, and what it raises leaves nothing behind.

    Returns
    -------
    Version
        The version written, or the one that was already made from the same files.

    Raises
    ------
    InputError
        The name cannot be used, no row has a date of issue, or the folder cannot be written.
    """
    check_name(name)
    already = stored_version(name, digest)
    if already is not None:
        return already
    issued = release.table["issued_on"].dropna()
    if issued.empty:
        raise InputError("no row of the release has a date of issue", file=", ".join(release.sheets["file"].unique()))
    existing = versions_of(name)
    number = existing[-1].number + 1 if existing else 1
    folder = data_folder() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".import-", dir=folder))
    except OSError as error:
        raise InputError(
            f"the data folder cannot be written: {error.strerror}", file=folder, do="Give another with --data-dir"
        ) from error
    try:
        rows = _by_day(release.table)
        with ThreadPoolExecutor(1) as beside:  # writing needs no Python and takes about as long as the checks
            written = beside.submit(_write_rows, rows, draft / TABLE_FILE)
            scorecard().to_csv(draft / SCORECARD_FILE, index=False)
            written.result()
        origin = _origin(release, name, title, extracted_on, synthetic, digest, sha256_of(draft / TABLE_FILE))
        text = yaml.safe_dump(origin.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True)
        (draft / f"{TABLE_FILE}.origin.yml").write_text(text, encoding="utf-8")
        draft.chmod(0o755)
        draft.rename(folder / f"v{number:03d}")
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Version(number, folder / f"v{number:03d}" / TABLE_FILE, origin)


def _by_day(table: pd.DataFrame) -> pa.Table:
    """Sort a table of detainers by day of issue, undated rows last."""
    import pyarrow as pa

    ordered = table.sort_values("issued_on", kind="stable", na_position="last", ignore_index=True)
    return pa.Table.from_pandas(ordered, preserve_index=False)


def _write_rows(rows: pa.Table, path: Path) -> None:
    """Write the rows of a stored table."""
    import pyarrow.parquet as pq

    repeating = [name for name in rows.column_names if name not in NEVER_THE_SAME]
    pq.write_table(
        rows,
        path,
        row_group_size=ROW_GROUP,
        write_batch_size=ROW_GROUP,
        compression=dict.fromkeys(repeating, "lz4"),
        use_dictionary=repeating,
        write_statistics=["issued_on"],
    )


def _newest_end(lifted: pd.Series, newest: date) -> list[date]:
    """Give the newest day of an end, since no file is older than its rows; one a year later is a slip."""
    import pandas as pd

    days = lifted[lifted <= pd.Timestamp(newest) + pd.Timedelta(days=366)].dropna()
    return [days.max().date()] if len(days) else []


def _origin(
    release: Release,
    name: str,
    title: str,
    extracted_on: date | None,
    synthetic: bool,
    digest: str,
    table_sha256: str,
) -> Origin:
    """Say where an imported table came from."""
    from analysis.load.table import Outcome

    table, issued = release.table, release.table["issued_on"].dropna()
    newest = issued.max().date()
    files = [f"{row.file} (sha256 {row.sha256})" for row in release.sheets.drop_duplicates("file").itertuples()]
    dated = table[table["issued_on"].notna()]
    return Origin(
        title=title,
        producer="synthetic generator of this project" if synthetic else "U.S. Immigration and Customs Enforcement",
        document="; ".join(files),
        document_date=extracted_on or "not known",
        reference=f"sha256 {digest}",
        obtained="imported from the files named under document",
        licence="not stated by the files",
        accessed="not recorded",
        sha256=table_sha256,
        row="one detainer",
        blank="as in analysis.load.table",
        source=SourceFacts(
            name=name,
            title=title,
            clock="issued",
            first_day=issued.min().date(),
            last_day=newest,
            extracted_on=extracted_on or max([newest, *_newest_end(table["lifted_on"], newest)]),
            extracted_known=extracted_on is not None,
            detainers=int(dated["detainers"].sum()),
            declined=int(dated["detainers"][dated["outcome"] == Outcome.DECLINED].sum()),
            synthetic=synthetic,
            offences="offence_group" not in release.gaps and bool(table["offence_detail"].notna().any()),
            outcomes="lift_reason" not in release.gaps,
            lift_dates=bool(table["lifted_on"].notna().any()),
            citation="" if synthetic else CITATIONS.get(release.form, ""),
        ),
    )


def read_stored(
    path: Path,
    columns: Sequence[str] | None = None,
    first: date | None = None,
    last: date | None = None,
    *,
    repeats: bool = True,
) -> pd.DataFrame:
    """Read a stored table, only the columns, days of issue and rows that are wanted.

    Parameters
    ----------
    path
        The Parquet file.
    columns
        Columns of the table; None = all.
    first, last
        Days of issue, both included; None = no bound. With a bound, undated rows are left out.
    repeats
        Whether rows that repeat another (:func:`analysis.load.duplicates.is_repeat`) are read, too.

    Returns
    -------
    pandas.DataFrame
        Rows in the order of their day of issue.

    Raises
    ------
    InputError
        The file is damaged.
    """
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from analysis.load.duplicates import is_repeat

    with _opened(path, [*(columns or []), "issued_on"]) as file:
        groups = _groups_between(file.metadata, first, last)
        days = file.read_row_groups(groups, ["issued_on"], use_threads=False)["issued_on"].to_numpy()
        begin, end = 0, len(days)
        if first is not None or last is not None:
            begin = int(np.searchsorted(days, np.datetime64(first or date.min)))
            end = int(np.searchsorted(days, np.datetime64(last or date.max), "right"))
        if columns is None and repeats:
            table = file.read_row_groups(groups)[begin:end].to_pandas()
        else:  # one after the other: together they would need twice the room

            def read(name: str, kept: pa.Array | None = None) -> pd.Series:
                values = file.read_row_groups(groups, [name], use_threads=False)[name][begin:end]
                return (values if kept is None else values.filter(kept)).to_pandas()

            once = None if repeats else pa.array(~is_repeat(read("duplicate")))
            table = pd.DataFrame({name: read(name, once) for name in columns or file.schema_arrow.names}, copy=False)
    return table


def read_parts(path: Path) -> Iterator[pd.DataFrame]:
    """Read a stored table part by part, all columns, in the order of the day of issue, for what need not hold it all.

    Raises
    ------
    InputError
        The file is damaged.
    """
    with _opened(path, ["issued_on"]) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, use_threads=False).to_pandas()


@contextmanager
def _opened(path: Path, columns: Sequence[str]) -> Iterator[pq.ParquetFile]:
    """Open a stored table that is to have some columns; what reading took is given back in the end."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            if missing := sorted({*columns} - {*file.schema_arrow.names}):
                raise pa.ArrowInvalid(f"no column {missing[0]}")
            yield file
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError("the stored table is damaged", file=path, do="Import the release again") from error
    pa.default_memory_pool().release_unused()


def _groups_between(metadata: pq.FileMetaData, first: date | None, last: date | None) -> list[int]:
    """List the row groups that may hold a day between two, by the least and the latest that the file keeps of each."""
    groups = range(metadata.num_row_groups)
    if first is last is None:
        return [*groups]
    at = metadata.schema.names.index("issued_on")
    days = {number: metadata.row_group(number).column(at).statistics for number in groups}
    return [
        number
        for number, of_group in days.items()
        if of_group.has_min_max  # else all are undated
        and (first is None or of_group.max.date() >= first)
        and (last is None or of_group.min.date() <= last)
    ]


def find_version(name: str, number: int) -> Version:
    """Find one version of an imported source.

    Raises
    ------
    InputError
        There is no such source, or no such version of it; the message lists those that there are.
    """
    versions = {version.number: version for version in versions_of(name)}
    if not versions:
        raise unknown("imported source", name, imported_names(), more="`declines list` shows all sources")
    if number not in versions:
        raise InputError(f"the source {name!r} has no version {number}", do=f"It has {', '.join(map(str, versions))}")
    return versions[number]
