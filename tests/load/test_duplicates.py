"""The published rule for repeats, by hand and against a slow reading of it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.load.duplicates import COUNTED, LEFT_OUT, REPEAT, choose_repeats, flag_repeats, without_repeats


def detainers(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Rows of person, day of May 2025, form and agency."""
    frame = pd.DataFrame(rows, columns=["person", "day", "form", "agency"])
    days = pd.to_datetime(frame["day"].map(lambda day: None if pd.isna(day) else f"2025-05-{int(day):02d}"))
    return pd.DataFrame(
        {
            "person": frame["person"].astype("str"),
            "issued_on": days.astype("datetime64[ms]"),
            "form": frame["form"].astype("category"),
            "agency": frame["agency"].astype("category"),
        }
    )


CASES = detainers(
    ("p", 1, "I247A", "x"),  # 0: first of an episode
    ("p", 2, "I247A", "x"),  # 1: a day later, same form and facility
    ("p", 3, "I247A", "y"),  # 2: another facility, still the episode
    ("p", 4, "I247A", "x"),  # 3: three days after the first, but each gap is one day
    ("p", 6, "I247A", "x"),  # 4: two days later: a new episode
    ("q", 6, "I247A", "x"),  # 5: another person
    (None, 6, "I247A", "x"),  # 6: no id
    (None, 6, "I247A", "x"),  # 7: no id
    ("r", 9, "I247A", None),  # 8
    ("r", 9, "I247D", None),  # 9: another form on the same day
    ("r", 9, "I247A", None),  # 10: same day, form, and facility not given
    ("s", None, "I247A", "x"),  # 11: no date
    ("s", None, "I247A", "x"),  # 12: no date
)


def test_the_rule_by_hand() -> None:
    found = flag_repeats(CASES)
    assert found.index[found.notna()].tolist() == [1, 3, 10]
    assert set(found.dropna()) == {REPEAT}


def test_repeats_are_left_out_or_counted_as_asked() -> None:
    table = CASES.assign(duplicate=flag_repeats(CASES))
    assert without_repeats(table, choose_repeats(COUNTED)) is table
    assert without_repeats(table, choose_repeats(LEFT_OUT)).index.tolist() == [0, 2, 4, 5, 6, 7, 8, 9, 11, 12]
    with pytest.raises(InputError, match="unknown treatment of repeats 'left'; did you mean 'left out'"):
        choose_repeats("left")


def by_the_word(rows: list[dict[str, Any]]) -> list[bool]:
    """The rule row by row, as its publisher writes it."""
    order = sorted(range(len(rows)), key=lambda at: (rows[at]["day"], at))
    flags = [False] * len(rows)
    for person in {row["person"] for row in rows} - {None}:
        own = [at for at in order if rows[at]["person"] == person]
        seen: set[tuple[Any, Any]] = set()
        for before, at in zip([None, *own], own, strict=False):
            if before is None or rows[at]["day"] - rows[before]["day"] > 1:
                seen = set()
            key = (rows[at]["form"], rows[at]["agency"])
            flags[at] = key in seen
            seen.add(key)
    return flags


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "person": st.sampled_from([None, "p", "q"]),
                "day": st.integers(1, 9),
                "form": st.sampled_from(["I247A", "I247D", None]),
                "agency": st.sampled_from(["x", "y", None]),
            }
        ),
        max_size=14,
    )
)
def test_the_rule_agrees_with_a_slow_reading(rows: list[dict[str, Any]]) -> None:
    table = detainers(*(tuple(row[name] for name in ("person", "day", "form", "agency")) for row in rows))
    assert flag_repeats(table).notna().tolist() == by_the_word(rows)
