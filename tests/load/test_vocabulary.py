"""ICE's words to classes: the crosswalks behind them, and how many strays pass."""

from __future__ import annotations

import re

import pandas as pd
import pytest
import release_forms

from analysis.errors import InputError
from analysis.load.files import crosswalk, data_file
from analysis.load.headers import column_aliases, form_of
from analysis.load.sheets import normalised
from analysis.load.sources import check_hash
from analysis.load.table import NAMES, Outcome, Request
from analysis.load.vocabulary import GATES, gated, outcome_of, request_of

OWN_ROLES = {"pending_text", "pending_code", "charge_text", "charge_code", "charge_date"}
FORMS = {"A", "B", "C", "D", "E", "F", "G", "processed", "TRAC"}


def words(*values: str | None) -> pd.Series:
    return pd.Series(values, dtype="str").astype("category")


def read(column: str, values: pd.Series) -> tuple[pd.Series, pd.DataFrame]:
    rows = pd.Series(range(2, len(values) + 2))
    sheets = pd.Series(["FY2026"] * len(values), dtype="category")
    return gated(column, values, file="f.xlsx", rows=rows, sheets=sheets)


@pytest.mark.parametrize(
    ("column", "given", "expected"),
    [
        ("state", "TEXAS", "TX"),
        ("state", "Texas", "TX"),
        ("state", "tx", "TX"),
        ("state", "DISTRICT OF COLUMBIA", "DC"),
        ("state", "NORTHERN MARIANA ISLANDS", "MP"),
        ("state", "VIRGIN ISLANDS", "VI"),
        ("state", "UN", None),  # TRAC's word for not known: no stray
        ("state", None, None),
        ("form", "I247 - Immigration Detainer - Notice of Action (as of March 2013)", "I247"),
        ("form", "I247 - … (prior to March 2013)", "I247"),
        ("form", "I247A - Immigration Detainer - Immigration Detainer - Notice of Action", "I247A"),
        ("form", "I-247D – Request", "I247D"),
        ("form", "I247N", "I247N"),
        ("criminality", "2 Pending Criminal Charges", "2 Pending Criminal Charges"),
    ],
)
def test_words_are_read(column: str, given: str | None, expected: str | None) -> None:
    values, strange = read(column, words(given))
    assert values.astype(object).where(values.notna(), None).tolist() == [expected]
    assert strange.empty


@pytest.mark.parametrize("column", GATES)
@pytest.mark.parametrize("stray", ["XX", "I248 - Something", "I247AB - x", "4 Unheard Of"])
def test_strays_pass_to_a_share_and_then_stop(column: str, stray: str) -> None:
    fine = {"state": "OHIO", "form": "I247A - x", "criminality": "1 Convicted Criminal"}[column]
    most = int(GATES[column].stop * 1000)
    values, strange = read(column, words(*[fine] * (1000 - most), *[stray] * most))
    assert values.isna().sum() == most
    assert strange.to_dict("records") == [
        {"column": column, "value": stray, "rows": most, "share": most / 1000, "level": "warn"}
    ]
    one = read(column, words(*[fine] * 1999, stray))[1]
    assert one["level"].tolist() == ["pass"]
    with pytest.raises(
        InputError, match=rf"f\.xlsx, sheet 'FY2026', row {1001 - most}: .*{GATES[column].crosswalk}\.csv"
    ):
        read(column, words(*[fine] * (999 - most), *[stray] * (most + 1)))


def test_blanks_are_no_strays() -> None:
    values, strange = read("state", words(None, None, "OHIO"))
    assert values.isna().tolist() == [True, True, False]
    assert strange.empty


def test_outcome_and_request() -> None:
    rows = pd.Series([2, 3, 4])
    found = outcome_of(words("Detainer Declined by LEA", None, "Duplicate"), file="f", rows=rows)
    assert found.tolist() == [Outcome.DECLINED, Outcome.NOT_RECORDED, Outcome.REPLACED]
    assert request_of(words("I247N", None, "I247A"))[[0, 2]].tolist() == [Request.NOTIFY, Request.HOLD]
    assert request_of(words("I247N", None, "I247A")).isna().tolist() == [False, True, False]
    places = pd.Series(["a", "b", "b"], dtype="category")
    with pytest.raises(InputError, match="b, row 4: unknown lift reason, in 1 rows: found 'Eloped'"):
        outcome_of(words("Died", "Died", "Eloped"), file=places, rows=rows)


def test_aliases_are_unique_however_they_are_spelt() -> None:
    aliases = column_aliases()
    assert aliases.index.is_unique
    assert (aliases.index != "").all()
    assert set(aliases["canonical"]) <= {"", *NAMES, *OWN_ROLES}
    assert set(aliases["kind"]) == {"", "date"}
    assert all(forms and set(forms) <= FORMS for forms in aliases["forms"].str.split())
    assert (aliases["reason"].str.len() > 10).all()


@pytest.mark.parametrize("form", FORMS)
def test_every_column_of_every_form_is_known_and_tells_the_form(form: str) -> None:
    header = release_forms.HEADERS[form]
    assert {normalised(name) for name in header} <= set(column_aliases().index)
    assert form_of([f"{name} (2)" if name in header[:at] else name for at, name in enumerate(header)]) == form


@pytest.mark.parametrize(
    ("header", "form"),
    [
        (release_forms.A_EARLY, "A"),
        ([name for name in release_forms.F if name != "Birth Date"], "F"),
        ([name for name in release_forms.E if "Alien" not in name and "EID" not in name], "E"),  # without redactions
        ([re.sub(r"\W+", "_", name.lower()) for name in release_forms.E], "processed"),
    ],
)
def test_copies_with_fewer_columns_are_told(header: list[str], form: str) -> None:
    assert form_of(header) == form


@pytest.mark.parametrize("name", ["column_aliases"])
def test_reference_files_are_as_their_origin_says(name: str) -> None:
    check_hash(data_file(f"reference/{name}.csv"))
    assert len(crosswalk(name, "alias"))
