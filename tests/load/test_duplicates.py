"""The published rule for repeats, by hand and against a slow reading of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from refusals import refused

from analysis.load.table import COUNTED, LEFT_OUT, REPEAT, choose_repeats, flag_repeats, without_repeats


def detainers(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Rows of person, day of May 2025, form and agency."""
    frame = pd.DataFrame(rows, columns=["person", "issued_on", "form", "agency"])
    frame["issued_on"] = pd.Timestamp("2025-04-30") + pd.to_timedelta(frame["issued_on"].astype(float), unit="D")
    return frame.astype({"person": "str", "issued_on": "datetime64[ms]", "form": "category", "agency": "category"})


def test_the_rule_by_hand_and_repeats_left_out_or_counted_as_asked() -> None:
    cases = pd.read_csv(Path(__file__).with_name("repeats.csv"), keep_default_na=False).replace("", None)
    table = detainers(*cases[["person", "day", "form", "agency"]].itertuples(index=False, name=None))
    table["duplicate"] = flag_repeats(table)
    assert table["duplicate"].notna().tolist() == cases["repeat"].eq("yes").tolist()
    assert set(table["duplicate"].dropna()) == {REPEAT}
    assert without_repeats(table, choose_repeats(COUNTED)) is table
    assert without_repeats(table, choose_repeats(LEFT_OUT)).index.tolist() == [0, 2, 4, 5, 6, 7, 8, 9, 11, 12]
    with refused("unknown treatment of repeats 'left'; did you mean 'left out'"):
        choose_repeats("left")


def by_the_word(rows: list[tuple[Any, ...]]) -> list[bool]:
    """The rule row by row, as its publisher writes it."""
    flags, seen, before = [False] * len(rows), set[tuple[Any, Any]](), (None, 0)
    for at in sorted(range(len(rows)), key=lambda at: (str(rows[at][0]), rows[at][1], at)):
        person, day, *form_and_agency = rows[at]
        if before[0] != person or day - before[1] > 1:
            seen = set()
        flags[at] = person is not None and tuple(form_and_agency) in seen
        seen.add(tuple(form_and_agency))
        before = (person, day)
    return flags


FORMS, PLACES = st.sampled_from(["I247A", "I247D", None]), st.sampled_from(["x", "y", None])
ROWS = st.tuples(st.sampled_from([None, "p", "q"]), st.integers(1, 9), FORMS, PLACES)


@given(st.lists(ROWS, max_size=14))
def test_the_rule_agrees_with_a_slow_reading(rows: list[tuple[Any, ...]]) -> None:
    assert flag_repeats(detainers(*rows)).notna().tolist() == by_the_word(rows)
