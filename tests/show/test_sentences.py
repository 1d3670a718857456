"""Sentences: filled from facts alone, and true to them."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from analysis.show.sentences import CLAUSE, CONDITION, FORMATS, LEAD, PERIOD_LEAD, as_p, clauses, fill

CASES = yaml.safe_load((Path(__file__).parent / "cases.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "template", ["{nowhere}", "{declined:n} of {nowhere:n}", "{}", "{0}", "{declined:n} {1:n}", "{declined.real}"]
)
def test_a_template_can_only_name_facts(template: str) -> None:
    with pytest.raises(KeyError, match="not among the facts"):
        fill(template, {"declined": 3})


def test_formats_and_what_is_not_known_is_said_to_be_so_in_every_one() -> None:
    for form, value, text in CASES["formats"]:
        assert fill(f"{{x:{form}}}", {"x": value}) == text, form
    for form in ("", *FORMATS):
        assert [fill(f"{{x:{form}}}", {"x": value}) for value in (None, math.nan)] == ["not known"] * 2


@given(st.integers(0, 10**12), st.floats(0, 1))
def test_a_count_can_be_read_back_and_a_share_is_right_to_a_twentieth_of_a_percent(count: int, share: float) -> None:
    number, noun = fill("{x:detainers}", {"x": count}).split(" ")
    assert int(number.replace(",", "")) == count
    assert noun == ("detainer" if count == 1 else "detainers")
    assert number == fill("{x:n}", {"x": count})
    assert float(fill("{x:share}", {"x": share}).removesuffix("%")) == pytest.approx(100 * share, abs=0.0501)


@given(st.floats(0, 1) | st.sampled_from([0.001, 1e-3 - 1e-9, 1e-4, 1e-5, 1e-20, 1e-300, 5e-324]))
def test_a_p_value_is_written_true(p: float) -> None:
    text = as_p(p)
    if text.startswith("p = "):
        assert float(text.removeprefix("p = ")) == pytest.approx(p, abs=0.000501)
        assert p >= 0.001
    else:
        bound = float(text.removeprefix("p below "))
        assert p < bound <= 0.001
        assert p == 0 or bound <= 10.000001 * p


def test_every_clause_is_said_somewhere_and_its_conditions_can_be_read() -> None:
    rows = [row for clause in clauses().values() for row in clause]
    said = {name.split(" ")[0] for _, template in rows for name in CLAUSE.findall(template)}
    said |= {name.split(" ")[0] for name in (*LEAD, *PERIOD_LEAD)} | {"completeness", "past_bands", "without_end"}
    said |= {"title", "period_title", "records", "recorded", "recorded_apart", "recorded_change", "status", "story"}
    assert said | {"checks", "stop", "warn"} == {name for name in clauses() if not name.startswith("no_quality_")}
    for when, template in rows:
        assert all(CONDITION.fullmatch(one.replace("@", "trend")) for one in when.split(", ") if one), when
        assert not re.search(r"\d", re.sub(r"\{[^}]*\}|\[[^]]*\]|95% interval|7 days", "", template)), template
        assert {form for _, form in re.findall(r"\{([\w@]+):(\w+)\}", template)} <= {*FORMATS}, template
