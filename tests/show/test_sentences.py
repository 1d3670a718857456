"""Sentences: filled from facts alone, true to them, and never in words that we do not use."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.show.sentences import (
    NOUNS,
    Fact,
    as_fact,
    as_p,
    facts_named,
    fill,
)

# Filling.


@pytest.mark.parametrize("template", ["{nowhere}", "{declined:n} of {nowhere:n}", "{}", "{0}", "{declined:n} {1:n}"])
def test_a_template_can_only_name_facts(template: str) -> None:
    with pytest.raises(KeyError, match="not among the facts"):
        fill(template, {"declined": 3})


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("{x:n}", 1234567, "1,234,567"),
        ("{x:n}", 6.54, "6.5"),
        ("{x:share}", 0.123456, "12.3%"),
        ("{x:ratio}", 45 / 64, "0.70"),
        ("{x:points}", -3.496, "-3.50"),
        ("{x:points}", 0.97, "+0.97"),
        ("{x:points}", -0.004, "0.00"),
        ("{x:limit}", 0.07, "7%"),
        ("{x:limit}", 0.005, "0.5%"),
        ("{x:p}", 0.08422157, "p = 0.084"),
        ("{x:p}", 6.4e-25, "p below 1e-24"),
        ("{x:day}", "2017-02-04", "4 February 2017"),
        ("{x:day_of_year}", "2017-02-01", "1 February"),
        ("{x:many}", 0, "none"),
        ("{x:many}", 1234, "1,234"),
        ("{x:words}", 9, "nine"),
        ("{x:words}", 10, "10"),
        ("{x:detainers}", 1, "1 detainer"),
        ("{x:detainers}", 79053, "79,053 detainers"),
        ("{x:tests}", 1, "1 test"),
        ("{x}", "settled", "settled"),
    ],
)
def test_formats(template: str, value: Fact, text: str) -> None:
    assert fill(template, {"x": value}) == text


@pytest.mark.parametrize(
    "form",
    ["", ":n", ":share", ":many", ":words", ":ratio", ":p", ":day", ":day_of_year", *(f":{noun}" for noun in NOUNS)],
)
def test_what_is_not_known_is_said_to_be_so_in_every_format(form: str) -> None:
    template = "{x" + form + "}"
    assert fill(template, {"x": None}) == "not known"
    assert fill(template, {"x": math.nan}) == "not known"


def test_an_unlimited_ratio_is_called_so_whether_a_number_or_a_stored_fact() -> None:
    assert fill("{x:ratio}", {"x": math.inf}) == "unlimited"
    assert fill("{x:ratio}", {"x": as_fact(math.inf)}) == "unlimited"


@given(st.integers(0, 10**12))
def test_a_count_can_be_read_back(count: int) -> None:
    assert int(fill("{x:n}", {"x": count}).replace(",", "")) == count
    number, noun = fill("{x:detainers}", {"x": count}).split(" ")
    assert int(number.replace(",", "")) == count
    assert noun == ("detainer" if count == 1 else "detainers")


@given(st.floats(0, 1))
def test_a_share_is_right_to_a_twentieth_of_a_percent(share: float) -> None:
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


def test_the_facts_of_a_template_are_listed() -> None:
    assert facts_named("Of {issued:detainers}, {declined:n} ({share:share}) in {place_name}.") == [
        *("issued", "declined", "share", "place_name")
    ]
    assert facts_named("No fact at all.") == []
