"""A site in one file: what it may say, and what is said of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.errors import InputError
from analysis.load.reference import groups, states
from analysis.run.sitefile import each_offence, each_state, plan_site, read_site

WHOLE = """
title: Declined detainers in three states
address: https://example.org/detainers/
reports:
  - notebook: weekly_bulletin
    source: fy2015
    weeks: latest settled
  - notebook: state_profile
    source: fy2015
    weeks: latest settled
    states: [TX, District of Columbia]
  - notebook: published_week
"""


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "site.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_site_is_planned_in_its_order(tmp_path: Path) -> None:
    site = read_site(_file(tmp_path, WHOLE))
    tasks = plan_site(site)
    assert [task.entry.folder for task in tasks] == [
        "weekly_bulletin/fy2015/2015-06-20",
        "state_profile/fy2015/2015-06-20_TX",
        "state_profile/fy2015/2015-06-20_DC",
        "published_week/published-2017/2017-01-28",
        "published_week/published-2017/2017-02-04",
        "published_week/published-2017/2017-02-11",
    ]
    settings = site.settings()
    assert settings.title == "Declined detainers in three states"
    assert settings.address == "https://example.org/detainers/"
    assert settings.order == ("weekly_bulletin", "state_profile", "published_week")


def test_a_report_asked_for_twice_is_made_once(tmp_path: Path) -> None:
    text = "reports:\n" + 2 * "  - {notebook: published_week, weeks: '2017-01-28'}\n"
    assert len(plan_site(read_site(_file(tmp_path, text)))) == 1


def test_each_is_every_state_or_group() -> None:
    assert each_state(["each"]) == list(states().index)
    assert each_state(["TX", "each"])[0] == "TX"
    assert len(each_state(["TX", "each"])) == len(states())
    assert each_offence("each") == list(groups().index)
    assert each_state([]) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("reports: []", r"line 1, reports: .*at least one report"),
        ("reports: {a: 1}", "line 1, reports: .*a list of at least one report"),
        ("titel: x\nreports: [{notebook: published_week}]", "line 1, titel: there is no such key.*title, address, rep"),
        ("reports: [{notebok: x}]", "line 1, report 1, notebok: there is no such key: expected keys: notebook, source"),
        ("reports:\n  - weeks: all", "line 2, report 1, notebook: this key is missing"),
        (
            "reports:\n  - {notebook: published_week}\n  - notebook: weekly_bulletin\n    states:\n    - TX\n    - NO",
            "line 6, report 2, states, entry 2: this cannot be used: found 'False', expected text.*Quote it",
        ),
        ("reports: [{notebook: weekly_bulletin, weeks: 2015-01-03}]", "report 1, weeks: .*'2015-01-03'.*Quote it"),
        ("reports: [{notebook: weekly_bulletin, states: TX}]", r"report 1, states: .*'TX', expected a list such as"),
        ("reports: [x]", "line 1, report 1: this cannot be used: found 'x', expected keys: notebook"),
        ("address: here\nreports: [{notebook: published_week}]", "line 1, address: .*web address"),
        ("reports:\n  - a: [", "line 2: the site file cannot be read as YAML"),
        ("", "expected keys: title, address, reports"),
    ],
)
def test_what_a_site_file_cannot_say_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as refusal:
        read_site(_file(tmp_path, text))
    said = str(refusal.value)
    assert "\n" not in said
    assert ("Quote it" in said) == ("NO" in text or "2015-01-03" in text), "the hint stands where it helps"
    assert not [word for word in ("list[", "datetime", "Extra inputs", "valid string") if word in said]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yml: the site file cannot be read"):
        read_site(tmp_path / "nowhere.yml")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("{notebook: weekly_buletin}", "did you mean 'weekly_bulletin'"),
        ("{notebook: weekly_bulletin, source: fy2105}", "did you mean 'fy2015'"),
        ("{notebook: state_profile, source: fy2015, states: [Texass]}", "did you mean 'Texas'"),
        ("{notebook: weekly_bulletin, source: fy2015, weeks: '2015-01-04'}", "2015-01-03"),
        ("{notebook: published_week, offences: [DUIS]}", "did you mean 'DUI'"),
        ("{notebook: published_week, states: each}", "published_week takes no state. Those that do: state_profile"),
        ("{notebook: weekly_bulletin, source: fy2015, states: [TX]}", "weekly_bulletin takes no state. Those that do:"),
        ("{notebook: state_profile, source: fy2015, states: [all]}", "unknown state 'all'"),
    ],
)
def test_what_there_is_not_is_named_before_anything_runs(tmp_path: Path, asked: str, says: str) -> None:
    site = read_site(_file(tmp_path, f"reports: [{asked}]"))
    with pytest.raises(InputError, match=says):
        plan_site(site)
