"""Record-level ICE releases of every form to the table of detainers: read, map, mend, classify, flag repeats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.errors import InputError
from analysis.load.cells import (
    DATE_SPELLINGS,
    as_text,
    blanks,
    charge_code,
    chosen,
    cleaned,
    cleaned_ids,
    is_charge_code,
    moments,
    on_all_cores,
    recoded,
    rows_of,
    used,
)
from analysis.load.extraction import DAY_COLUMNS, extraction_day
from analysis.load.headers import header_score, id_columns, is_date, one_form, stacked
from analysis.load.readers import SUFFIXES, read_sheets
from analysis.load.release_offences import OFFENCE_BLOCKS, read_offences
from analysis.load.repeats import flag_repeats
from analysis.load.sheets import Sheet, normalised
from analysis.load.table import COLUMNS, DTYPES, NAMES, check_table
from analysis.load.vocabulary import GATES, gated, outcome_of, request_of

YEARS_ISSUED = (1990, 2049)  # of detainers in anything like their present form
YEARS = (1900, 2049)  # of other dates; 0002 and 2099 have been seen
STOP_UNDATED = 0.01  # of rows; more would move a national week by as much as chance does
MOSTLY = 0.5  # of filled cells: from here on a column of dates holds charge codes
ONE_SPACED = ("state", "agency", "city", "facility_code", "form", "lift_reason", "criminality", "threat_level")


@dataclass(frozen=True)
class Release:
    """One release as read: the table of detainers, and all that was found and changed on the way.

    Attributes
    ----------
    table
        One row per detainer.
    persons
        How many persons the ids tell apart.
    form
        ``A`` to ``G``, ``processed`` (by the Deportation Data Project) or ``TRAC``.
    sheets
        One row per sheet, or per file that has none: file, sheet (blank = none), sha256 (of the file), header_row
        (0 = not read), rows (read), note (why it was not read, or how).
    gaps
        Columns of the table that this release does not have, blank throughout. With ``lift_reason`` among them no
        decline can be told: ``outcome`` is then ``pending_or_unrecorded`` in every row, which says nothing.
    unknown_columns
        Names that the project does not know, carried as they are.
    changes
        One row per kind of change and column: what, column (its own name), rows, example.
    unknown_values
        One row per word that no crosswalk has: column, value, rows, share (of all rows), level (pass, warn).
    offence_steps
        Rows and shares by the step that placed the offence (:func:`analysis.load.offences.mapped_shares`); no rows
        where the release has no offences.
    extracted_on
        Day on which the release was made, as its files say (:mod:`analysis.load.extraction`); None = they do not.
    """

    table: pd.DataFrame
    persons: int
    form: str
    sheets: pd.DataFrame
    gaps: tuple[str, ...]
    unknown_columns: tuple[str, ...]
    changes: pd.DataFrame
    unknown_values: pd.DataFrame
    offence_steps: pd.DataFrame
    extracted_on: date | None


class _Ledger:
    """What was changed while reading: kind of change, column by its own name, rows, example."""

    def __init__(self, own_names: dict[str, str]) -> None:
        self.own_names = own_names
        self.rows: list[tuple[str, str, int, str]] = []

    def note(self, what: str, column: str, rows: int, example: object = "") -> None:
        if rows:
            self.rows.append((what, self.own_names.get(column, column), int(rows), str(example)))


def read_release(
    paths: str | Path | Sequence[str | Path], *, repeat_rule: str = "episode", not_after: date | None = None
) -> Release:
    """Read a release: one file, several, or the files of a folder, all of one form.

    Every sheet with a header is read and stacked, in the order given (a folder's by name). Text is trimmed; empty
    cells, the text ``NA`` and redactions are blank; places and ICE's own words have single spaces. Dates that cannot
    be are blank. The lift reason is the first, where a release has two. Columns beside the table's are carried under
    their own names, and so is the form's whole label, which names its edition.

    Offences: where the release names a conviction (text or code), the status is *convicted*; else, in form C, a
    pending charge, then a charge of any kind, is read with the status *charged*. Where none is named, the status is
    what ICE's criminality says of the person, so that a conviction whose offence is not named is *convicted* and in
    group ``UNKNOWN``; only where ICE records neither conviction nor charge is the group ``NONE``. Where criminality is
    blank or not known either, status and group are unknown. A release with neither has all of these blank.

    Parameters
    ----------
    paths
        File, files or folder.
    repeat_rule
        The rule for ``duplicate``, as in :func:`analysis.load.repeats.flag_repeats`.
    not_after
        Day after which none can have been issued: of the extraction, or today; None = not known.

    Returns
    -------
    Release
        Nothing is dropped from its table but rows that have no filled cell.

    Raises
    ------
    InputError
        A file that cannot be read, files of different forms, a needed column that is missing (the day of issue; the
        lift reason, but for form D, which never had one), an unknown lift reason, or more unknown words or unreadable
        dates than the gates let pass.
    """
    sheets = _sheets(paths)
    read = [sheet for sheet in sheets if sheet.rows]
    form = one_form(read)
    cells, own_names, unknown_columns = stacked(read, form)
    ledger = _Ledger(own_names)
    for sheet in read:
        for name in sheet.repeated:
            ledger.note("header stood twice, the second renamed", name, sheet.rows, f"{name} (2)")
    frame = _without_blank_rows(_cleaned(cells, ledger), _provenance(read), ledger)
    edition = {own_names["form"]: frame["form"]} if "form" in frame else {}
    with ThreadPoolExecutor(1) as beside:  # to tell the persons apart takes as long as all that stands here
        people = beside.submit(pd.factorize, frame["person"] if "person" in frame else blanks(len(frame)))
        _mend_codes(frame, ledger)
        _read_dates(frame, ledger, not_after)
        unknown_values = _read_words(frame)
        steps = read_offences(frame)
    numbers, ids = people.result()
    gaps = [column for column in COLUMNS if column.name not in frame and column.name not in ("duplicate", "detainers")]
    absent = {column.name: pd.Series(index=frame.index, dtype=DTYPES[column.kind]) for column in gaps}
    frame = frame.assign(detainers=1, **absent)
    frame["duplicate"] = flag_repeats(frame, repeat_rule, numbers)
    categories = [column.name for column in COLUMNS if column.kind == "category"]
    frame = frame.assign(**{name: used(frame[name].array) for name in categories})
    carried = frame.drop(columns=[*NAMES]).rename(columns=own_names).assign(**edition)
    return Release(
        table=pd.concat([check_table(frame[[*NAMES]]), carried], axis="columns"),
        persons=len(ids),
        form=form,
        sheets=pd.DataFrame(
            [(sheet.file, sheet.name, sheet.sha256, sheet.header_row, sheet.rows, sheet.note) for sheet in sheets],
            columns=["file", "sheet", "sha256", "header_row", "rows", "note"],
        ),
        gaps=tuple(column.name for column in gaps),
        unknown_columns=unknown_columns,
        changes=pd.DataFrame(ledger.rows, columns=["what", "column", "rows", "example"]),
        unknown_values=unknown_values,
        offence_steps=steps,
        extracted_on=extraction_day(_told(read, frame), frame["issued_on"].max().date(), not_after),
    )


def _sheets(paths: str | Path | Sequence[str | Path]) -> list[Sheet]:
    """Read all sheets of all files; at least one has rows.

    Raises
    ------
    InputError
        No file, a file named by the user that has no header, no row in any, or the same file twice.
    """
    given = dict.fromkeys(Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths))
    sheets: list[Sheet] = []
    for path in given:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file != path and (file.is_dir() or file.name.startswith((".", "~$"))):
                continue
            if file != path and file.suffix.lower() not in chain.from_iterable(SUFFIXES.values()):
                sheets.append(Sheet(file.name, "", note="not a type of file that is read"))
                continue
            found = read_sheets(file, header_score, id_columns())
            if file == path and not any(sheet.header_row for sheet in found):
                raise InputError(
                    "no header of a detainer release is found",
                    file=file,
                    found="; ".join(f"{sheet.name}: {sheet.note}" if sheet.name else sheet.note for sheet in found),
                    expected="column names such as Detainer Prepare Date, Detainer Lift Reason, Facility State",
                    do="Check that this is a file of detainers, with its header",
                )
            sheets += found
    if not any(sheet.rows for sheet in sheets):
        raise InputError(
            "the header has no row below it" if any(sheet.header_row for sheet in sheets) else "no file to read",
            file=", ".join(map(str, given)),
            expected="one row per detainer",
            do="Give a file of detainers, or a folder of such files",
        )
    files = dict.fromkeys((sheet.file, sheet.sha256) for sheet in sheets if sheet.rows)
    for part, what in enumerate(("name", "content")):
        if len({file[part] for file in files}) < len(files):
            raise InputError(
                f"two files have the same {what}",
                file=", ".join(name for name, _ in files),
                do="Leave one out, or no one could tell their rows apart",
            )
    return sheets


def _told(sheets: Sequence[Sheet], frame: pd.DataFrame) -> Iterator[str]:
    """Go through what may say when a release was made: names, lines above the header, columns that hold it."""
    for sheet in sheets:
        yield from (sheet.file, sheet.name, *sheet.above)
    for name in frame:
        if normalised(name) in DAY_COLUMNS:
            yield from map(str, frame[name].dropna().unique())


def _provenance(sheets: Sequence[Sheet]) -> dict[str, pd.Series]:
    """Say where each row came from: file, sheet (blank = none) and row as a spreadsheet counts."""
    which = np.repeat(np.arange(len(sheets)), [sheet.rows for sheet in sheets])
    at = pd.Categorical.from_codes(which, pd.RangeIndex(len(sheets)))
    return {
        "source_file": pd.Series(recoded(at, [sheet.file for sheet in sheets])),
        "source_sheet": pd.Series(recoded(at, [sheet.name or None for sheet in sheets])),
        "source_row": pd.Series(np.concatenate([np.arange(sheet.rows) + sheet.header_row + 1 for sheet in sheets])),
    }


def _cleaned(cells: pa.Table, ledger: _Ledger) -> dict[str, pd.Series]:
    """Make blank what says nothing; text comes out as categories, carried numbers and all dates as they are typed."""
    names = cells.column_names
    found = on_all_cores(lambda name: _cleaned_column(name, cells[name], ledger), names)
    for name, (_, counts) in zip(names, found, strict=True):
        for what, rows in counts.items():
            ledger.note(what, name, rows)
    return {name: column for name, (column, _) in zip(names, found, strict=True)}


def _cleaned_column(name: str, column: pa.ChunkedArray, ledger: _Ledger) -> tuple[pd.Series, dict[str, int]]:
    """Clean one column (:func:`_cleaned`); give the rows made blank by reason too."""
    typed = not (pa.types.is_dictionary(column.type) or pa.types.is_null(column.type))
    if name == "person":
        return cleaned_ids(column.cast(pa.string()))
    if typed and (pa.types.is_timestamp(column.type) if is_date(name) else name not in ledger.own_names):
        return column.to_pandas(), {}
    text, counts = cleaned(as_text(column))
    if name in ONE_SPACED:
        text = recoded(text, [" ".join(word.split()) for word in text.categories])
    return pd.Series(text), counts


def _without_blank_rows(
    columns: dict[str, pd.Series], provenance: dict[str, pd.Series], ledger: _Ledger
) -> pd.DataFrame:
    """Leave out rows that have no filled cell at all, such as the empty ones below a sheet's table."""
    frame = pd.DataFrame(columns | provenance, copy=False)
    doubtful = frame.index[columns["issued_on"].isna()]
    empty = doubtful[frame.loc[doubtful, list(columns)].isna().all(axis="columns")]
    if not len(empty):
        return frame
    if len(empty) == len(frame):
        raise InputError(
            "no row below the header has a filled cell",
            file=frame["source_file"][0],
            found=f"{len(frame):,} empty rows",
            expected="one row per detainer",
            do="Check that the file is whole",
        )
    ledger.note("blank row left out", "", len(empty), f"row {frame['source_row'][empty[0]]}")
    return frame.drop(index=empty).reset_index(drop=True)


def _mend_codes(frame: pd.DataFrame, ledger: _Ledger) -> None:
    """Give charge codes their leading zero back, and take them out of a date column that holds them.

    In an extract of March 2025 ``MSC Charge Date`` holds the code, zero and all, and the code column lost its zero. A
    date column is taken for one of codes when most of its filled cells have a code's shape, which no date has; the
    code then fills a blank in the code column, and the date is blank.
    """
    for _, name, _ in OFFENCE_BLOCKS:
        if name in frame:
            column = frame[name].array
            codes = [charge_code(text) for text in column.categories]
            mended = np.array([code != text for code, text in zip(codes, column.categories, strict=True)], dtype=bool)
            example = next(iter(column.categories[mended]), "")
            ledger.note("charge code mended", name, rows_of(column)[mended].sum(), example)
            frame[name] = recoded(column, codes)
    dates = frame["charge_date"].array if "charge_date" in frame else None
    if not isinstance(dates, pd.Categorical):
        return
    words, rows = dates.categories, rows_of(dates)
    coded = np.array([is_charge_code(text) for text in words], dtype=bool)
    if rows[coded].sum() <= MOSTLY * rows.sum():
        return
    ledger.note("charge code moved out of the date", "charge_date", rows[coded].sum(), words[coded][0])
    given = frame["offence_code"].array if "offence_code" in frame else blanks(len(frame))
    moved = recoded(dates, [charge_code(text) if code else None for text, code in zip(words, coded, strict=True)])
    frame["offence_code"] = chosen([given, moved], np.where(given.codes < 0, 1, 0))
    frame["charge_date"] = recoded(dates, [None if code else text for text, code in zip(words, coded, strict=True)])


def _read_dates(frame: pd.DataFrame, ledger: _Ledger, not_after: date | None) -> None:
    """Read every column of dates; a cell that is no possible date becomes blank and is counted.

    Raises
    ------
    InputError
        Too many days of issue cannot be read, or none can.
    """
    for name in [name for name in frame if is_date(name)]:
        given = frame[name]
        table_date = name in ("issued_on", "lifted_on")
        dates, impossible = moments(given, *(YEARS_ISSUED if table_date else YEARS))
        if name == "issued_on" and not_after is not None:
            late = dates >= pd.Timestamp(not_after) + pd.Timedelta(days=1)
            dates, impossible = dates.mask(late), impossible | late
        frame[name] = dates.dt.normalize() if table_date else dates
        first = impossible.idxmax()
        ledger.note("impossible date made blank", name, impossible.sum(), given[first])
        if name == "issued_on" and (impossible.mean() > STOP_UNDATED or dates.isna().all()):
            sheet = frame["source_sheet"][first]
            raise InputError(
                f"{(impossible if impossible.any() else dates.isna()).mean():.1%} of the rows have no readable date in "
                f"{ledger.own_names[name]}; more than {STOP_UNDATED:.0%} stops",
                file=frame["source_file"][first],
                place=("" if pd.isna(sheet) else f"sheet {sheet!r}, ") + f"row {frame['source_row'][first]}",
                found=str(given[first]),
                expected=f"{DATE_SPELLINGS}, in the years {YEARS_ISSUED[0]} to {YEARS_ISSUED[1]}"
                + (f" and not after {not_after}" if not_after else ""),
                do="Write the dates of this column in one of these ways",
            )


def _read_words(frame: pd.DataFrame) -> pd.DataFrame:
    """Read ICE's own words by their crosswalks; return the unknown ones (:class:`Release`).

    Raises
    ------
    InputError
        An unknown lift reason, or more unknown words than the gates let pass.
    """
    where = {"file": frame["source_file"], "sheets": frame["source_sheet"], "rows": frame["source_row"]}
    blank = pd.Series(blanks(len(frame)))
    strange = [gated("state", blank, **where)[1]]
    for column in GATES:
        if column in frame:
            frame[column], words = gated(column, frame[column], **where)
            strange.append(words)
    frame["outcome"] = outcome_of(frame.get("lift_reason", blank), **where)
    if "form" in frame:
        frame["request"] = request_of(frame["form"])
    return pd.concat(strange[1:] or strange, ignore_index=True)
