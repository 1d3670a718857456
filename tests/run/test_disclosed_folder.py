"""Everything that an output folder prints, attacked together: no count that is hidden may be narrowed down."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from attack import Attack, Table, made_up
from commands import declines
from printed_folder import read_folder
from synthetic import generate, write_release

from analysis.load.imports import import_release
from analysis.load.sources import open_source
from analysis.load.table import COUNTED, without_repeats
from analysis.periods import last_day, week_of
from analysis.stats import disclosure
from analysis.stats.counts import count_outcomes

Plant = Callable[[Attack, pd.DataFrame], None]
QUARTER = date(2025, 4, 1), date(2025, 6, 30)


def everything(rows: pd.DataFrame, repeats: str = "left out", quarters: int | None = None) -> Attack:
    """Make every table of every week and quarter, as reports print them, and gather them."""
    rows, printed = without_repeats(rows, repeats), Attack()
    of_quarter, weeks = rows["issued_on"].dt.to_period("Q"), week_of(rows["issued_on"])
    chosen = sorted(of_quarter.dropna().unique())[: quarters and quarters + 1][-(quarters or 99) :]
    for week, of_week in rows[of_quarter.isin(chosen)].groupby(weeks):
        by_state = count_outcomes(of_week, "state")
        by_group = count_outcomes(of_week, "offence_group")[["issued", "declined"]].reset_index()
        tables = by_state.sum().to_frame().T, disclosure.outcomes_by_state(by_state).reset_index(), by_group
        cut = disclosure.offences_by_status, disclosure.outcomes_by_form, disclosure.lift_reasons
        for table in (*tables, *(show(of_week) for show in cut)):
            printed.add(table, week.date(), last_day(week.date()), repeats=repeats)
    for quarter in chosen:
        of_this, days = rows[of_quarter == quarter], (quarter.start_time.date(), quarter.end_time.date())
        printed.add(disclosure.cross_tabulate(of_this), *days, repeats=repeats)
        for state in of_this["state"].dropna().unique():
            agencies = disclosure.agency_outcomes(of_this[of_this["state"] == state])
            if not agencies.empty:
                printed.add(agencies, *days, repeats=repeats, state=state)
    return printed


@cache
def made_tables(seed: int, detainers: int) -> tuple[Table, ...]:
    return tuple(everything(made_up(seed, detainers)).tables)


SMALL = 300
MORE = [(5, 100), (0, 900), (1, 400), (0, 400), (2, 900), (3, 1500), (4, 4000)]


@pytest.mark.parametrize(
    ("seed", "detainers"), [(2, SMALL), *(pytest.param(*one, marks=pytest.mark.slow) for one in MORE)]
)
def test_all_tables_together_are_safe(seed: int, detainers: int) -> None:
    found = Attack([*made_tables(seed, detainers)]).hidden_counts()
    assert len(found) > 20
    assert found[found["leak"]].empty, found[found["leak"]].to_string()


def test_a_source_of_one_state_is_safe() -> None:
    rows = made_up(3, 600)
    assert everything(rows[rows["state"] == rows["state"].mode()[0]]).leaks().empty


# The attacker itself must find what is planted.


def states_by_offence_each_week(printed: Attack, rows: pd.DataFrame) -> None:
    for week, of_week in rows.groupby(week_of(rows["issued_on"])):
        printed.add(disclosure.cross_tabulate(of_week), week.date(), last_day(week.date()))


def agencies_by_offence(printed: Attack, rows: pd.DataFrame) -> None:
    for state, of_state in rows[rows["issued_on"] >= "2025-04-01"].groupby("state", observed=True):
        counts = count_outcomes(of_state, ["agency", "offence_group"]).reset_index()
        table = counts.pivot_table(index="agency", columns="offence_group", values="declined", fill_value=0)
        shown = disclosure.suppress_table(table).melt(ignore_index=False, value_name="declined_shown").reset_index()
        printed.add(shown.rename(columns={"variable": "offence_group"}), *QUARTER, state=str(state))


def both_treatments_of_repeats(printed: Attack, rows: pd.DataFrame) -> None:
    printed.tables += everything(rows, COUNTED).tables


def outcomes_in_a_profile(printed: Attack, rows: pd.DataFrame) -> None:
    week = date(2025, 4, 5)
    for state, of_state in rows[week_of(rows["issued_on"]) == pd.Timestamp(week)].groupby("state"):
        series = count_outcomes(of_state, "week").reset_index()
        printed.add(series, week, last_day(week), whole=False, state=str(state))


def states_by_offence_with_a_cell_too_many(printed: Attack, rows: pd.DataFrame) -> None:
    of_quarter = rows[rows["issued_on"] >= "2025-04-01"]
    counts = count_outcomes(of_quarter, ["state", "offence_group"])["declined"]
    shown = disclosure.cross_tabulate(of_quarter).set_index(["state", "offence_group"])
    hidden = shown.index[(shown["declined_shown"] != "1–4") & shown["declined"].isna() & shown.index.isin(counts.index)]
    printed.add(counts[hidden].reset_index(), *QUARTER, whole=False)


@pytest.mark.parametrize(
    ("plant", "seed", "detainers"),
    [
        pytest.param(states_by_offence_each_week, 0, 400, marks=pytest.mark.slow),
        (agencies_by_offence, 2, SMALL),
        pytest.param(both_treatments_of_repeats, 2, SMALL, marks=pytest.mark.slow),
        (outcomes_in_a_profile, 2, SMALL),
        (states_by_offence_with_a_cell_too_many, 2, SMALL),
    ],
)
def test_the_attacker_finds_what_is_planted(plant: Plant, seed: int, detainers: int) -> None:
    rows, printed = made_up(seed, detainers), Attack([*made_tables(seed, detainers)])
    plant(printed, rows if plant is both_treatments_of_repeats else without_repeats(rows))
    assert not printed.leaks().empty


def test_the_attacker_subtracts() -> None:
    printed = Attack()
    printed.add(pd.DataFrame({"state": ["CA", "TX", "total"], "declined_shown": ["1–4", "5+", "12"]}), *QUARTER)
    found = printed.hidden_counts()
    assert found[["label", "low", "high", "leak"]].to_numpy().tolist() == [["1–4", 1.0, 4.0, False]]
    printed.add(pd.DataFrame({"declined": [10]}), *QUARTER, whole=False, state="TX")
    leaks = printed.leaks()[["what", "low", "high"]].to_numpy().tolist()
    assert leaks == [["CA declined 2025-04-01 to 2025-06-30", 2.0, 2.0]]


def test_what_contradicts_itself_is_no_proof_of_safety() -> None:
    printed = Attack()
    printed.add(pd.DataFrame({"state": ["CA", "total"], "declined": [7, 9]}), *QUARTER)
    with pytest.raises(AssertionError, match="contradicts itself"):
        printed.hidden_counts()


@pytest.mark.slow
def test_a_folder_of_reports_gives_no_small_count_away(tmp_path: Path) -> None:
    # All weeks of a quarter, and one after it, whose pages show the quarter.
    asked = ["weekly_bulletin --weeks 2025-04-05:2025-07-05"]
    asked += [f"state_profile --weeks 2025-07-05 --state {state}" for state in ("CA", "TX", "NY", "GA")]
    asked += [f"offence_profile --weeks 2025-07-05 --offence {group}" for group in ("DUI", "ASSAULT")]
    asked += ["period_profile --period 2025-05 --compare 2025-04", "period_profile --period 2025-04-12:2025-06-21"]
    asked += [f"period_profile --period 2025Q2 {of}" for of in ("", "--state CA", "--offence DUI")]
    for words in asked:
        declines("run", "--source", "synthetic", *words.split(), "--out", tmp_path)
    printed = read_folder(tmp_path)["synthetic"]
    assert printed.unread == set()
    found = printed.hidden_counts()
    assert len(found) > 1500
    assert found[found["leak"]].empty, found[found["leak"]].to_string()

    # Nor does the attack overlook what a page says in a fact, in a table that it has not, or in another table's row.
    page = tmp_path / "state_profile" / "synthetic" / "2025-07-05_CA"
    told = json.loads((page / "facts.json").read_text(encoding="utf-8"))
    assert told["facts"]["other_ends"] is None, "California's other ends of the week are hidden"
    rows = without_repeats(open_source("synthetic", clock="issued").detainers())
    of_week = rows[(week_of(rows["issued_on"]) == "2025-07-05") & (rows["state"] == "CA")]
    told["facts"] |= {"other_ends": int(count_outcomes(of_week, "state")["other_ends"].iloc[0]), "new_count": 3}
    (page / "facts.json").write_text(json.dumps(told), encoding="utf-8")
    (page / "tables" / "new_table.csv").write_text("state,declined\nCA,2\n", encoding="utf-8")
    told_more = read_folder(tmp_path)["synthetic"]
    assert told_more.unread == {"fact new_count", "new_table"}
    assert not told_more.leaks().empty


@pytest.mark.slow
@pytest.mark.parametrize("source", ["synthetic", "large"])
def test_a_quarter_of_a_source_is_safe(source: str, tmp_path: Path) -> None:
    if source == "large":
        made = generate(1, detainers=120_000, extracted_on=date(2026, 3, 10))
        write_release(made.release, tmp_path / "large.parquet")
        import_release([tmp_path / "large.parquet"], "large", title="large", today=date(2026, 3, 11))
    rows = open_source(source, clock="issued").detainers()
    assert rows["duplicate"].notna().any()
    assert everything(rows, quarters=1).leaks().empty
