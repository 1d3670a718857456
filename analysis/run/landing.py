"""What a landing page opens with: the newest settled week, a map, clear changes, every state in every week."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.load.reference import ALL_STATES, states
from analysis.periods import day_in_words, last_day, week_in_words
from analysis.show.sentences import as_fact, as_made_up, fill, say
from analysis.show.tables import bars_of, write
from analysis.stats.counts import LEAST_FOR_A_SHARE, with_intervals

BARS, COLUMNS, LEAST_OF_ROW = 8, 52, 10
"""Weeks of bars in the map and of columns in the table, a year's; declines that give a state its own row there."""
CLASSES = (1, 3, 6, 11, 21)  # where each class of colours of a week's count begins
QUARTER = 13
"""Weeks at either end of a year that are told apart where the year before is not known."""
SAID = {"issued": ("count", "issued"), "declined": ("count", "recorded as declined"), "share": ("share", "of those")}


def landing(out: Path, reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Gather what opens the landing page, from the tables of the newest real source's national weekly reports.

    ``reports`` are as the site lists them, the newest week first. Empty = no report counts the states of a week.
    """
    national = [one for one in reports if one["week"] and "tables/by_state.csv" in one["entry"].files]
    national = [one for one in national if one["place"] == ALL_STATES]
    chosen = [one for one in national if not one["synthetic"]] or national
    weeks = [one for one in reversed(chosen) if one["source"] == chosen[0]["source"]]
    if not weeks:
        return {}
    lead = next((one for one in reversed(weeks) if one["facts"].get("status") == "settled"), weeks[-1])
    read = {one["week"]: _table(out, one, "by_state").set_index("state") for one in weeks}
    every = pd.DataFrame({week: table["declined"] for week, table in read.items()}).fillna(0).astype(int)
    known = states()
    counts = every.reindex(known.index, fill_value=0)
    eight = counts.loc[:, : lead["week"]].iloc[:, -BARS:]
    tiles = known[["tile_row", "tile_column"]].assign(
        now=eight.iloc[:, -1],
        shade=[bisect_right(CLASSES, declined) for declined in eight.iloc[:, -1]],
        absent=read[lead["week"]]["issued"].reindex(known.index).fillna(0) == 0,
        bars=[bars_of(row) for row in eight.to_numpy().tolist()],
    )
    every, counts = every.iloc[:, -COLUMNS:], counts.iloc[:, -COLUMNS:]
    shown = counts[counts.sum(axis=1) >= (LEAST_OF_ROW if len(weeks) > QUARTER else 1)]
    shown = shown.loc[shown.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    rest = counts.drop(shown.index).sum(axis=1)
    months = pd.Series([f"{date.fromisoformat(week):%b %Y}" for week in counts])
    named = (months != months.shift()) & (months == months.shift(-1))  # one column has no room for a name
    dated = (months.where(named).notna().cumsum() == 1) | months.str.startswith("Jan")
    return {
        **{"lead": lead, "words": _words(lead), "newest": weeks[-1], "weeks": weeks[-COLUMNS:]},
        "changes": _changes(out, weeks),
        "tiles": list(tiles.reset_index(names="state").to_dict("records")),
        "rows": [
            (state, [(n, bisect_right(CLASSES, n)) for n in row], f"{sum(row):,}") for state, *row in shown.itertuples()
        ],
        "rest": {"states": int((rest > 0).sum()), "declined": f"{rest.sum():,}"},
        "not_given": f"{every.drop(known.index, errors='ignore').to_numpy().sum():,}",
        "months": months.where(dated, months.str[:3]).where(named, "").tolist(),
        "classes": CLASSES,
    }


def _table(out: Path, report: Mapping[str, Any], name: str) -> pd.DataFrame:
    """Read a table of a report, if it has it."""
    path = out / report["entry"].folder / "tables" / f"{name}.csv"
    return pd.read_csv(path, keep_default_na=False, na_values=[""]) if path.is_file() else pd.DataFrame()


def _words(report: Mapping[str, Any]) -> dict[str, Any]:
    """Say of a week what its page says at first; no share of rows that were chosen by their outcome."""
    facts = report["facts"]
    figures = [
        (write(facts.get(name), kind), f"{what}; {write(facts.get(f'last_week_{name}_before'), kind)} last week")
        for name, (kind, what) in SAID.items()
        if kind == "count" or not facts.get("no_share")
    ]
    return {"week": week_in_words(date.fromisoformat(report["week"])), "figures": figures}


def _changes(out: Path, weeks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List the clear changes of settled weeks, the newest first, each place and comparison at its newest only."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for report in [one for one in reversed(weeks) if one["facts"].get("status") == "settled"]:
        for row in _table(out, report, "comparisons").to_dict("records"):
            if row["finding"] not in ("higher", "lower") or row["place"].endswith("not given"):
                continue
            now, before = (
                f"{row[f'declined{when}']:,.0f} of {row[f'issued{when}']:,.0f} "
                f"({write(row[f'declined{when}'] / row[f'issued{when}'], 'share')})"
                for when in ("", "_before")
            )
            place = as_made_up(f"{row['place'][:1].upper()}{row['place'][1:]}", report["synthetic"])
            end = day_in_words(last_day(date.fromisoformat(report["week"])))
            span = f"over the 13 weeks to {end}" if row["against"] == "trend" else f"in the week of {report['days']}"
            said = {"report": report, "finding": f"{place} {row['finding']} {span}"}
            said["numbers"] = f"{now}, against {before} in {write(row['against'], 'word')}"
            found.setdefault((row["place"], row["against"], row["finding"]), said)
    return list(found.values())


def story(rows: Sequence[Mapping[str, Any]], no_share: str | None) -> str:
    """Tell a place's settled weeks of a year, the newest first, against the year before or within them; blank = none.

    The share has its interval by chance alone: pages of single weeks know no more of all of them. Of few, none is told.
    """
    weeks = [(row["value"], row["of"], row["week"]) for row in rows if row["status"] == "settled"]
    known = pd.DataFrame([week for week in weeks if None not in week], columns=["declined", "issued", "week"])
    year, before = known[:COLUMNS], known[COLUMNS : 2 * COLUMNS]
    parts = year if len(before) < COLUMNS and len(year) >= 2 * QUARTER else year[:0]
    spans = {"": year, "before_": before, "newest_": parts[:QUARTER], "oldest_": parts[-QUARTER:]}
    sums = pd.DataFrame({name: span[["declined", "issued"]].sum() for name, span in spans.items()}).T.astype(int)
    shares = with_intervals(sums).where(sums["issued"] >= LEAST_FOR_A_SHARE)[["share", "share_low", "share_high"]]
    facts = {f"{name}{what}": as_fact(shares.loc[name, what]) for name in spans for what in shares}
    facts |= {"issued": int(sums.loc["", "issued"]), "declined": int(sums.loc["", "declined"]), "weeks": len(year)}
    facts |= {"no_share": no_share, "year_weeks": COLUMNS, "part_weeks": QUARTER, "weeks_before": len(before)}
    facts["to"] = f"{last_day(date.fromisoformat(year['week'][0]))}" if len(year) else None
    return fill(say("story", facts), facts)
