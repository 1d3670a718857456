"""The three published rules for repeats, by hand and against a slow reading of each rule."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.load.repeats import FIRST_OF_DAY, RULES, flag_repeats, rows_and_persons


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


@pytest.mark.parametrize(
    ("rule", "flagged"), [("episode", [1, 3, 10]), ("same_day", [8, 9, 10]), ("pair", [1, 2, 3, 9, 10])]
)
def test_rules_by_hand(rule: str, flagged: list[int]) -> None:
    found = flag_repeats(CASES, rule)
    assert found.index[found.notna()].tolist() == flagged
    assert set(found.dropna()) == {RULES[rule], *([FIRST_OF_DAY] if rule == "same_day" else [])}
    assert found.index[found == FIRST_OF_DAY].tolist() == ([8] if rule == "same_day" else [])


def test_default_is_the_episode() -> None:
    assert flag_repeats(CASES).equals(flag_repeats(CASES, "episode"))


def test_unknown_rule_lists_the_rules() -> None:
    with pytest.raises(InputError, match="unknown repeat rule 'episodes'; did you mean 'episode'"):
        flag_repeats(CASES, "episodes")


def by_the_word(rows: list[dict[str, Any]], rule: str) -> list[bool]:
    """Each rule row by row, as its publisher writes it."""
    order = sorted(range(len(rows)), key=lambda at: (rows[at]["day"], at))
    flags = [False] * len(rows)
    for person in {row["person"] for row in rows} - {None}:
        own = [at for at in order if rows[at]["person"] == person]
        seen: set[tuple[Any, Any]] = set()
        for before, at in zip([None, *own], own, strict=False):
            near = before is not None and rows[at]["day"] - rows[before]["day"] <= 1
            key = (rows[at]["form"], rows[at]["agency"])
            seen = seen if near else set()
            same_days = sum(rows[other]["day"] == rows[at]["day"] for other in own)
            flags[at] = {"episode": key in seen, "pair": near, "same_day": same_days > 1}[rule]
            seen.add(key)
    return flags


@pytest.mark.parametrize("rule", RULES)
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
def test_rules_agree_with_a_slow_reading(rule: str, rows: list[dict[str, Any]]) -> None:
    table = detainers(*(tuple(row[name] for name in ("person", "day", "form", "agency")) for row in rows))
    assert flag_repeats(table, rule).notna().tolist() == by_the_word(rows, rule)


def test_rows_and_persons_stand_beside_each_other_by_every_rule() -> None:
    counts = rows_and_persons(CASES)
    assert counts.loc["episode"].to_dict() == {"rows": 13, "flagged": 3, "kept": 10, "persons": 4, "rows_without_id": 2}
    assert counts.loc["same_day", "kept"] == 11
    for rule in RULES:
        assert counts.loc[rule, "flagged"] == (flag_repeats(CASES, rule) == RULES[rule]).sum()
