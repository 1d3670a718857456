"""Column names of releases: which row is the header, which form it is of, what each column is read as.

The names are in ``data/reference/column_aliases.csv`` and are compared without case, spaces and punctuation. A column
that is not there is carried under its own name and reported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import pandas as pd
import pyarrow as pa

from analysis.errors import InputError
from analysis.load.cells import TEXT, as_text
from analysis.load.files import crosswalk
from analysis.load.sheets import Sheet, normalised
from analysis.load.table import NAMES

PROCESSED, TRAC = "processed", "TRAC"
STATA_CUTS = 32
ENOUGH_WITH_DATE, ENOUGH_WITHOUT = 2, 4  # known names that make a header, if the day of issue is one of them or not


@cache
def column_aliases() -> pd.DataFrame:
    """Give the known column names: index the :func:`normalised` name; columns alias, canonical, forms, kind, reason.

    ``canonical`` is the column of the table that it is read as, or one of the loader's own (``pending_text``,
    ``pending_code``, ``charge_text``, ``charge_code``, ``charge_date``); blank = carried. ``forms`` are the releases
    that have it; ``kind`` is ``date`` for a carried date.
    """
    table = crosswalk("column_aliases", "alias").reset_index()
    return table.set_index(table["alias"].map(normalised))


def known_name(name: str) -> str:
    """Give the :func:`normalised` name under which a column is known; its own where it is not.

    Stata cuts names at 32 characters: such a beginning stands for the known names that begin so, if all are read alike.
    """
    known, plain = column_aliases()["canonical"], normalised(name)
    if len(name) != STATA_CUTS or plain in known.index:
        return plain
    begun = [whole for whole in known.index if whole.startswith(plain)]
    return begun[0] if begun and len({known[whole] for whole in begun}) == 1 else plain


def id_columns() -> frozenset[str]:
    """Give the normalised names of person ids."""
    known = column_aliases()["canonical"]
    return frozenset(known.index[known == "person"])


def header_score(row: Sequence[str]) -> int:
    """Count the known names in a row; 0 unless they are enough for a header."""
    known = column_aliases()["canonical"]
    names = {known_name(name) for name in row} & set(known.index)
    dated = any(known[name] == "issued_on" for name in names)
    return len(names) if len(names) >= (ENOUGH_WITH_DATE if dated else ENOUGH_WITHOUT) else 0


def is_date(name: str) -> bool:
    """Tell whether a column, by its name in the table or its own, is one of dates."""
    known = column_aliases()["kind"]
    return name in ("issued_on", "lifted_on", "charge_date") or known.get(known_name(name)) == "date"


@cache
def _columns_of_forms() -> dict[str, set[str]]:
    """Give each form's column names."""
    lists: dict[str, set[str]] = {}
    for name, forms in column_aliases()["forms"].str.split().items():
        for form in forms:
            lists.setdefault(form, set()).add(str(name))
    return lists


def form_of(given: Sequence[str]) -> str:
    """Tell a release's form by its column names.

    Returns
    -------
    str
        ``processed`` where a column is there that only the Deportation Data Project adds, or where the names of ICE
        are in snake_case; else the form, ``A`` to ``G`` or ``TRAC``, whose list overlaps most (Jaccard) with the names.
    """
    lists = _columns_of_forms()
    names = {known_name(name) for name in given}
    if names & lists[PROCESSED]:
        return PROCESSED
    best = max(lists, key=lambda form: len(names & lists[form]) / len(names | lists[form]))
    return PROCESSED if best != TRAC and all(re.fullmatch("[a-z0-9_]+", name) for name in given) else best


def one_form(sheets: Sequence[Sheet]) -> str:
    """Tell the form that all sheets have.

    Raises
    ------
    InputError
        They differ: releases overlap in time, and read together would count detainers twice.
    """
    forms = [form_of(sheet.cells.column_names) for sheet in sheets]
    for sheet, form in zip(sheets, forms, strict=True):
        if form != forms[0]:
            raise InputError(
                "the files are of different releases",
                file=sheet.file,
                place=sheet.place,
                found=f"form {form}",
                expected=f"form {forms[0]}, as in {sheets[0].file}",
                do="Read one release at a time: releases overlap, and detainers would count twice",
            )
    return forms[0]


def _targets(sheet: Sheet, form: str) -> dict[str, str]:
    """Give each column of a sheet the name it goes by: a column of the table, or its own.

    Raises
    ------
    InputError
        Two columns for one, or a needed one is missing.
    """
    known, taken = column_aliases()["canonical"], {normalised(name) for name in NAMES}
    targets: dict[str, str] = {}
    plain_names = {name: known_name(name) for name in sheet.cells.column_names}
    for name, plain in plain_names.items():
        target = known.get(plain) or (f"{name} (as given)" if plain in taken else name)
        same = [other for other, its in targets.items() if its == target or plain_names[other] == plain]
        if same:
            raise InputError(
                f"two columns are read as {target}",
                file=sheet.file,
                place=sheet.place,
                found=[*same, name],
                expected="one",
                do="Rename or delete one of them",
            )
        targets[name] = target
    never_had_it = form in ("D", PROCESSED) and "form" not in targets.values()
    for role in ("issued_on",) if never_had_it else ("issued_on", "lift_reason"):
        if role not in targets.values():
            raise InputError(
                f"the needed column for {role} is missing",
                file=sheet.file,
                place=sheet.place,
                found=sheet.cells.column_names,
                expected="one of " + ", ".join(column_aliases()["alias"][known == role]),
                do="Use the file as released, or give the column one of these names",
            )
    return targets


def stacked(sheets: Sequence[Sheet], form: str) -> tuple[pa.Table, dict[str, str], tuple[str, ...]]:
    """Put all sheets below each other, under the names of the table where a column is known there.

    Returns
    -------
    tuple
        The rows, in few types (text, numbers, dates); the own name of each column that goes by another; the names
        that the project does not know.
    """
    known = column_aliases()["canonical"]
    spelt: dict[str, str] = {}  # carried names may differ in case or underscores between sheets: the first stands
    own_names: dict[str, str] = {}
    unknown: dict[str, None] = {}
    tables = []
    for sheet in sheets:
        targets = _targets(sheet, form)
        own_names = {known[known_name(name)]: name for name in targets if known.get(known_name(name))} | own_names
        names = [spelt.setdefault(normalised(name), target) for name, target in targets.items()]
        unknown |= {target: None for (name, target) in targets.items() if known_name(name) not in known.index}
        tables.append(sheet.cells.rename_columns(names))
    for name in spelt.values():
        kinds = {table[name].type for table in tables if name in table.column_names} - {pa.null()}
        if len(kinds) > 1 and kinds != {pa.int64(), pa.float64()}:
            tables = [
                table.set_column(table.column_names.index(name), name, as_text(table[name]).cast(TEXT))
                if name in table.column_names
                else table
                for table in tables
            ]
    whole = pa.concat_tables(tables, promote_options="permissive")
    return whole, own_names, tuple(unknown)
