"""Record-level ICE releases of every form to the table of detainers: read, map, mend, classify, flag repeats.

Columns that ``data/reference/column_aliases.csv`` does not have are carried under their own names and reported.
"""

from __future__ import annotations

import os
import re
from calendar import month_abbr, month_name
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.errors import InputError, called
from analysis.load import columns as cells
from analysis.load.columns import charge_code, column_aliases, is_date, known_name, mapped, normalised, refusal
from analysis.load.offences import OFFENCE_BLOCKS, read_offences
from analysis.load.readers import SUFFIXES, Sheet, read_sheets
from analysis.load.reference import crosswalk, data_file, row_named, states
from analysis.load.table import NAMES, Outcome, as_table, flag_repeats

YEARS_ISSUED = (1990, 2049)  # of detainers in anything like their present form
YEARS = (1900, 2049)  # of other dates; 0002 and 2099 have been seen
_Changes = list[tuple[str, str, int, object]]  # what was changed, in which column, in how many rows, example
STOP_UNDATED = 0.01  # of rows; more would move a national week by as much as chance does
# Columns of ICE's words, their crosswalks, and the share of rows with an unknown word above which an import stops. A
# middling state has about 2% of all detainers: more unknown rows than that could hide one. A form or a class of
# criminality splits tables in two or three, which 5% of strays do not turn.
GATES = {"state": ("states", 0.02), "form": ("forms", 0.05), "criminality": ("criminality", 0.05)}
MOSTLY = 0.5  # of filled cells: from here on a column of dates holds charge codes
ONE_SPACED = ("state", "agency", "city", "facility_code", "form", "lift_reason", "criminality", "threat_level")
# Columns that hold the day of the extraction: the day itself, or the names of ICE's own files.
_DAY_COLUMN = re.compile("file original|data as of|as of date|extract(?:ion)? date|extracted on|date extracted")
_MONTH = f"({'|'.join([*month_name[1:], 'sept', *month_abbr[1:]])})"
_DAYS = (  # ways to write a day, each with the order of its parts: month before day where both are numbers
    (r"(?<!\d)(20\d\d)[-. ]?(\d\d)[-. ]?(\d\d)(?!\d)", "{0}-{1}-{2}", "%Y-%m-%d"),
    (r"(?<![a-z\d])(\d\d?)[-./ ](\d\d?)[-./ ](20\d\d)(?!\d)", "{2}-{0}-{1}", "%Y-%m-%d"),
    (rf"(?<!\d)(\d\d?)[-. ]?{_MONTH}[-., ]*(20\d\d)(?!\d)", "{2}-{1:.3}-{0}", "%Y-%b-%d"),
    (rf"(?<![a-z]){_MONTH}[-. ]*(\d\d?),?[-. ]+(20\d\d)(?!\d)", "{2}-{0:.3}-{1}", "%Y-%b-%d"),
)
_OF_PERIOD = re.compile(r"\b(?:from|since|through|thru|until|to|ending|ended)[-: ]*$", re.IGNORECASE)
_FORM = re.compile(r"(I-?247[A-Z]?)\s*(?:[-–—]|$)", re.IGNORECASE)


class Release(NamedTuple):
    """One release as read: the table of detainers, and all that was found and changed on the way."""

    table: pd.DataFrame
    form: str  # A to G, processed (by the Deportation Data Project) or TRAC
    sheets: pd.DataFrame  # of each sheet: file, sheet, sha256 of the file, header_row (0 = not read), rows, note
    gaps: tuple[str, ...]  # columns of the table that it lacks; without lift_reason no decline can be told
    unknown_columns: tuple[str, ...]  # names that the project does not know, carried as they are
    changes: pd.DataFrame  # one row per kind of change and column: what, column (its own name), rows, example
    unknown_values: pd.DataFrame  # words that no crosswalk has: column, value, rows, share
    offence_steps: pd.Series  # rows by the step that placed their offence, in the steps' order; zeros where it has none
    persons: int  # who are told apart; 0 = the release names none
    extracted_on: date | None  # day on which it was made, as its files say; None = they do not


def read_release(paths: str | Path | Sequence[str | Path]) -> pd.DataFrame:
    """Read a release of any form and type of file: the table of detainers, one row per detainer.

    It is read in this process: a file made to do harm is best given to ``declines check``, which has limits.

    Parameters
    ----------
    paths
        File, files of one release, or a folder of them.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`analysis.load.table.COLUMNS`, then all others of the release under their own names.
        ``attrs["changes"]`` lists in plain words what was changed while reading.

    Raises
    ------
    InputError
        As :func:`open_release`, which does the same and tells more.

    Examples
    --------
    >>> from analysis.load.reference import data_file
    >>> detainers = read_release(data_file("synthetic/small_release.parquet"))
    >>> len(detainers), int((detainers["outcome"] == "declined_by_lea").sum()) > 0
    (12651, True)
    """
    release = open_release(paths)
    release.table.attrs["changes"] = release.changes.to_dict("records")
    return release.table


def open_release(paths: str | Path | Sequence[str | Path], *, not_after: date | None = None) -> Release:
    """Read a release: one file, several, or the files of a folder, all of one form; no row is dropped but empty ones.

    No detainer can have been issued after the day ``not_after``: of the extraction, or today.
    """
    sheets = _sheets(paths)
    changes: _Changes = []
    merged: _Changes = []
    read = [_one_of_each(sheet, merged) for sheet in sheets if sheet.rows]
    form, stacked, own_names, unknown_columns = _stacked(read)
    twice = "header stood twice, the second renamed"
    merged += [(twice, name, sheet.rows, f"{name} (2)") for sheet in read for name in sheet.repeated]
    columns: dict[str, pd.Series] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # as in the reader, a column on each core
        cleaned = list(pool.map(cells.cleaned, stacked.columns, map(is_date, stacked.column_names)))
    for name, (columns[name], counts) in zip(stacked.column_names, cleaned, strict=True):
        changes += [(what, name, rows, "") for what, rows in counts.items()]
        if name in ONE_SPACED:
            columns[name] = mapped(columns[name], lambda text: " ".join(text.split()))
    frame = _without_blank_rows(pd.DataFrame(columns | _provenance(read), copy=False), list(columns), changes)
    edition = {own_names["form"]: frame["form"]} if "form" in frame else {}  # which its whole label names
    with ThreadPoolExecutor(1) as pool:  # on another core, while the other columns are read
        people = pool.submit(pd.factorize, frame.get("person", pd.Series(index=frame.index, dtype="str")))
        _mend_codes(frame, changes)
        _read_dates(frame, own_names, changes, not_after)
        strange = [word for column in GATES if column in frame for word in _gated(frame, column)]
        rows = frame.reindex(columns=["issued_on", "form", "agency"])
        flagging = pool.submit(lambda: flag_repeats(rows, people.result()[0]))
        frame["outcome"] = outcome_of(frame.get("lift_reason", pd.Series(index=frame.index, dtype="category")), frame)
        if "form" in frame:
            frame["request"] = mapped(frame["form"], crosswalk("forms", "form")["request"].get)
        steps = read_offences(frame)
        gaps = tuple(name for name in NAMES if name not in frame and name not in ("duplicate", "detainers"))
        own = {name: own_names[name] for name in frame if name in own_names and name not in NAMES}
        frame = frame.rename(columns=own).assign(**edition, detainers=1)
        table = as_table(frame).assign(duplicate=flagging.result())
    lists = [(sheet.file, sheet.name, sheet.sha256, sheet.header_row, sheet.rows, sheet.note) for sheet in sheets]
    changes = [(what, own_names.get(name, name), rows, one) for what, name, rows, one in changes]
    noted = [(what, name, int(rows), str(one)) for what, name, rows, one in merged + changes if rows]
    named = [text for sheet in read for text in (sheet.file, sheet.name, *sheet.above)]  # it may say when it was made
    dated = [frame[name].dropna().unique() for name in frame if _DAY_COLUMN.fullmatch(normalised(name))]
    return Release(
        table=table,
        form=form,
        sheets=pd.DataFrame(lists, columns=["file", "sheet", "sha256", "header_row", "rows", "note"]),
        gaps=gaps,
        unknown_columns=unknown_columns,
        changes=pd.DataFrame(noted, columns=["what", "column", "rows", "example"]),
        unknown_values=pd.DataFrame(strange, columns=["column", "value", "rows", "share"]),
        offence_steps=steps,
        persons=len(people.result()[1]),
        extracted_on=extraction_day(chain(named, *dated), frame["issued_on"].max().date(), not_after),
    )


def _sheets(paths: str | Path | Sequence[str | Path]) -> list[Sheet]:
    """Read all sheets of all files, each file once; refuse one without header, files without rows, and copies."""
    try:
        given = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    except TypeError as error:
        raise InputError(f"a release is a file, several or a folder of them, found {called(paths)}") from error
    files: dict[Path, list[Sheet]] = {}  # by where they are, however they were named
    for path in given:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.resolve() in files or (file != path and (file.is_dir() or file.name.startswith((".", "~$")))):
                continue
            if file != path and file.suffix.lower() not in chain.from_iterable(SUFFIXES.values()):
                found = [Sheet(file.name, "", note="not a type of file that is read")]
            else:
                found = read_sheets(file, cells.header_score)
            if file == path and not any(sheet.header_row for sheet in found):
                notes = [f"{sheet.name}: {sheet.note}" if sheet.name else sheet.note for sheet in found]
                raise refusal("no_header", file, found="; ".join(notes))
            files[file.resolve()] = found
    sheets = list(chain.from_iterable(files.values()))
    if not any(sheet.rows for sheet in sheets):
        what = "the header has no row below it" if any(sheet.header_row for sheet in sheets) else "no file to read"
        raise refusal("no_rows", ", ".join(map(str, given)), what=what)
    read = [found[0] for found in files.values() if any(sheet.rows for sheet in found)]
    for what, told in (("name", {sheet.file for sheet in read}), ("content", {sheet.sha256 for sheet in read})):
        if len(told) < len(read):
            raise refusal("copies", ", ".join(sheet.file for sheet in read), what=what)
    return sheets


def _one_of_each(sheet: Sheet, changes: _Changes) -> Sheet:
    """Make one of the columns that are read as one: each row has the one that is filled, where none has two."""
    known, table = column_aliases()["canonical"], sheet.cells
    if joined := [name for name in table.column_names if cells.joined_from(name)]:
        raise refusal("joined", sheet.file, place=sheet.place, found=joined[:3])
    first_of: dict[str, str] = {}
    for name in table.column_names:
        target = known.get(known_name(name)) or known_name(name)
        if (first := first_of.setdefault(target, name)) == name:
            continue
        texts = {each: cells.cleaned(table[each])[0].astype("str") for each in (first, name)}
        pair = pd.DataFrame(texts)
        if differ := np.flatnonzero(_as_read(pair, is_date(target)).nunique(axis="columns") == 2).tolist():
            rows = "rows " + ", ".join(str(at + sheet.header_row + 1) for at in differ[:3])
            place = ", ".join(filter(None, [sheet._replace(header_row=0).place, rows]))
            found = "; ".join(f"{column}: {cell}" for column, cell in pair.loc[differ[0]].items())
            raise refusal("two_for_one", sheet.file, place=place, found=found, target=target, count=len(differ))
        kept, left = (first, name) if texts[first].notna().any() else (name, first)
        if (filled := texts[kept].fillna(texts[left])).count() > texts[kept].count():
            whole = pa.array(filled.to_numpy(dtype=object), pa.string(), from_pandas=True)
            whole = whole if cells.is_person(name) else whole.dictionary_encode()
            table = table.set_column(table.column_names.index(kept), kept, pa.chunked_array([whole]))
        table, first_of[target] = table.drop_columns([left]), kept
        what = "read as one" if texts[left].notna().any() else "blank"
        changes.append((f"{what} beside {kept}", left, sheet.rows, ""))
    return sheet._replace(cells=table)


def _as_read(texts: pd.DataFrame, dates: bool) -> pd.DataFrame:
    """Write cells so that those that mean the same day, code or words are the same."""

    def plain(text: str) -> str:
        return str(cells.moment_of(text) or text) if dates else charge_code(text) or " ".join(text.casefold().split())

    return texts.apply(lambda column: mapped(column.astype("category"), plain).astype("str"))


def _targets(sheet: Sheet, form: str) -> dict[str, str]:
    """Give each column of a sheet the name it goes by, one of the table or its own; refuse a sheet with gaps."""
    known, taken = column_aliases()["canonical"], {normalised(name) for name in NAMES}
    targets = {
        name: known.get(known_name(name)) or (f"{name} (as given)" if known_name(name) in taken else name)
        for name in sheet.cells.column_names
    }
    never_had_it = form in ("D", cells.PROCESSED) and "form" not in targets.values()
    for role in ("issued_on",) if never_had_it else ("issued_on", "lift_reason"):
        if role not in targets.values():
            names, found = ", ".join(column_aliases()["alias"][known == role]), sheet.cells.column_names
            raise refusal("needed_column", sheet.file, place=sheet.place, found=found, role=role, names=names)
    return targets


def _stacked(sheets: Sequence[Sheet]) -> tuple[str, pa.Table, dict[str, str], tuple[str, ...]]:
    """Put all sheets of one form below each other; give the form, rows, columns' own names, and names nobody knows."""
    known, form = column_aliases()["canonical"], cells.form_of(sheets[0].cells.column_names)
    spelt: dict[str, str] = {}  # carried names may differ in case or underscores between sheets: the first stands
    own_names: dict[str, str] = {}
    unknown: dict[str, None] = {}
    tables: list[pa.Table] = []
    for sheet in sheets:
        if (its_form := cells.form_of(sheet.cells.column_names)) != form:
            other = f"form {its_form}"
            raise refusal("other_release", sheet.file, place=sheet.place, found=other, form=form, first=sheets[0].file)
        targets = _targets(sheet, form)
        for name, target in targets.items():
            if plain := known.get(known_name(name)):
                own_names.setdefault(plain, name)
            elif plain is None:
                unknown[target] = None
        tables.append(sheet.cells.rename_columns([spelt.setdefault(normalised(n), to) for n, to in targets.items()]))
    try:
        rows = pa.concat_tables(tables, promote_options="permissive")  # the shorter of two kinds of code grows
    except pa.ArrowException:  # moments in one file, text in another
        tables = [pa.table({n: cells.moments_as_text(each[n]) for n in each.column_names}) for each in tables]
        rows = pa.concat_tables(tables, promote_options="permissive")
    return form, rows, own_names, tuple(unknown)


def _provenance(sheets: Sequence[Sheet]) -> dict[str, pd.Series]:
    """Say where each row came from: file, sheet (blank = none) and row as a spreadsheet counts."""
    found = {"source_file": [sheet.file for sheet in sheets], "source_sheet": [sheet.name or None for sheet in sheets]}
    kinds = {name: pd.Index(pd.unique(pd.Series(values, dtype="str").dropna())) for name, values in found.items()}
    each = pd.DataFrame({name: pd.Categorical(values, kinds[name]) for name, values in found.items()})
    rows = np.concatenate([np.arange(sheet.rows) + sheet.header_row + 1 for sheet in sheets])
    return {**each.loc[each.index.repeat([sheet.rows for sheet in sheets])].reset_index(drop=True), "source_row": rows}


def _without_blank_rows(frame: pd.DataFrame, columns: list[str], changes: _Changes) -> pd.DataFrame:
    """Leave out rows that have no filled cell at all, such as the empty ones below a sheet's table."""
    doubtful = frame.index[frame["issued_on"].isna()]
    empty = doubtful[frame.loc[doubtful, columns].isna().all(axis="columns")]
    if not len(empty):
        return frame
    if len(empty) == len(frame):
        raise refusal("blank_rows", frame["source_file"][0], found=f"{len(frame):,} empty rows")
    changes.append(("blank row left out", "", len(empty), f"row {frame['source_row'][empty[0]]}"))
    return frame.drop(index=empty).reset_index(drop=True)


def _mend_codes(frame: pd.DataFrame, changes: _Changes) -> None:
    """Give charge codes their leading zero back, and take them out of a date column that mostly holds them.

    In an extract of March 2025 ``MSC Charge Date`` holds the code, zero and all, and the code column lost its zero.
    """
    for _, name, _ in OFFENCE_BLOCKS:
        if name in frame:
            short = [text for text in frame[name].cat.categories if charge_code(text) not in (text, None)]
            changes.append(("charge code mended", name, frame[name].isin(short).sum(), next(iter(short), "")))
            frame[name] = mapped(frame[name], lambda text: charge_code(text) or text)
    dates = frame.get("charge_date", pd.Series(dtype="category"))
    codes = {text: charge_code(text) for text in dates.cat.categories} if dates.dtype == "category" else {}
    moved = dates.isin([text for text, code in codes.items() if code])
    if moved.sum() > MOSTLY * dates.notna().sum():
        changes.append(("charge code moved out of the date", "charge_date", moved.sum(), dates[moved.idxmax()]))
        given = frame.get("offence_code", pd.Series(index=frame.index, dtype="str")).astype("str")
        frame["offence_code"] = given.fillna(mapped(dates, codes.get).astype("str")).astype("category")
        frame["charge_date"] = mapped(dates, lambda text: None if codes[text] else text)


def _read_dates(frame: pd.DataFrame, own_names: dict[str, str], changes: _Changes, not_after: date | None) -> None:
    """Read every column of dates; a cell that is no possible date becomes blank and is counted, but not too many."""
    for name in filter(is_date, list(frame)):
        table_date = name in ("issued_on", "lifted_on")
        given = frame[name]
        dates, impossible = cells.moments(given, *(YEARS_ISSUED if table_date else YEARS))
        if name == "issued_on" and not_after is not None:
            late = dates >= pd.Timestamp(not_after) + pd.Timedelta(days=1)
            dates, impossible = dates.mask(late), impossible | late
        frame[name] = dates.dt.normalize() if table_date else dates
        first = impossible.idxmax()
        example = given[first] if given.dtype == "category" else cells.cell_text(given[first])
        changes.append(("impossible date made blank", name, impossible.sum(), example))
        if name == "issued_on" and (impossible.mean() > STOP_UNDATED or dates.isna().all()):
            raise refusal(
                "undated",
                **_place(frame.loc[first]),
                found=str(example),
                share=(impossible if impossible.any() else dates.isna()).mean(),
                name=own_names[name],
                most=STOP_UNDATED,
                years="{} to {}".format(*YEARS_ISSUED) + (f" and not after {not_after}" if not_after else ""),
            )


def _place(row: pd.Series) -> dict[str, str]:
    """Name the file, sheet and row that a row of the table came from, for an error."""
    sheet = "" if pd.isna(row.get("source_sheet")) else f"sheet {row['source_sheet']!r}, "
    return {"file": str(row["source_file"]), "place": f"{sheet}row {row['source_row']}"}


def outcome_of(lift_reason: pd.Series, where: pd.DataFrame) -> pd.Series:
    """Classify lift reasons, a category; an unknown one, which may be a decline, is refused by its row ``where``."""
    known = crosswalk("lift_reasons", "value")["outcome"]
    strange = [value for value in lift_reason.cat.categories if value not in known.index]
    if strange:
        found = lift_reason == strange[0]
        several = f" ({len(strange)} unknown values)" if strange[1:] else ""
        raise refusal(
            "lift_reason",
            **_place(where.loc[found.idxmax()]),
            found=strange[0],
            rows=f"{found.sum():,} rows{several}",
            quoted='"' + strange[0].replace('"', '""') + '"',
            path=data_file("reference/lift_reasons.csv"),
            classes=", ".join(Outcome),
        )
    return mapped(lift_reason, known.get, blank=known[""])


def _known_word(column: str, text: str) -> str | None:
    """Give a word of ICE's as the table of detainers has it; blank = known to say nothing, None = not known."""
    if column == "state":
        return "" if text.upper() == "UN" else row_named(states(), "name", text)  # UN: TRAC's word for not known
    if column == "form":
        found = _FORM.match(text)
        text = found[1].upper().replace("-", "") if found else ""
    known = crosswalk("forms", "form") if column == "form" else crosswalk("criminality", "value")
    return text if text in known.index else None


def _gated(frame: pd.DataFrame, column: str) -> list[tuple[str, str, int, float]]:
    """Read a column of ICE's words; unknown ones become blank and are returned, and stop above the gate's share."""
    values, (known_words, most) = frame[column], GATES[column]
    words = {word: _known_word(column, word) for word in values.cat.categories}
    counts = values.value_counts(sort=False)[[word for word, known in words.items() if known is None]]
    counts = counts.sort_values(ascending=False, kind="stable")
    share = counts.sum() / max(len(values), 1)
    if share > most:
        raise refusal(
            "words",
            **_place(frame.loc[(values == counts.index[0]).idxmax()]),
            found=", ".join(f"{word!r} ({count:,} rows)" for word, count in counts.head(3).items()),
            share=share,
            column=column,
            most=most,
            path=data_file(f"reference/{known_words}.csv"),
        )
    frame[column] = mapped(values, lambda word: words[word] or None)
    return [(column, str(word), rows, rows / len(values)) for word, rows in counts.items()]


def _days_in(text: str) -> Iterator[date]:
    """Find the days of this century that a text names, but for those said to begin or end a period."""
    spaced = text.replace("_", " ")
    for pattern, order, form in _DAYS:
        for found in re.finditer(pattern, spaced, re.IGNORECASE):
            if not _OF_PERIOD.search(spaced[max(0, found.start() - 20) : found.start()]):
                with suppress(ValueError):  # digits that are no day
                    yield datetime.strptime(order.format(*found.groups()), form).date()


def extraction_day(texts: Iterable[object], newest: date, not_after: date | None) -> date | None:
    """Find the latest day on which a release can have been made among what its files are called and say."""
    named = [set(_days_in(str(text))) for text in texts]
    days = {day for found in named if len(found) == 1 for day in found}  # who names several days, names a period
    return max((day for day in days if newest <= day and (not_after is None or day <= not_after)), default=None)
