"""What a landing page opens with: the newest settled week, a map, clear changes, every state in every week."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from analysis.load.reference import ALL_STATES, states
from analysis.periods import day_in_words, last_day
from analysis.show.sentences import as_fact, as_made_up, fill, say
from analysis.show.tables import bars_of, write
from analysis.stats.counts import LEAST_FOR_A_SHARE, share_interval

BARS, COLUMNS, LEAST_OF_ROW = 8, 52, 10
"""Weeks of bars in the map and of columns in the table, a year's; declines that give a state its own row there."""
CLASSES = (1, 3, 6, 11, 21)  # where each class of colours of a week's count begins
QUARTER = 13
"""Weeks at either end of a year that are told apart where the year before is not known."""
SAID = {"issued": ("count", "issued"), "declined": ("count", "recorded as declined"), "share": ("share", "of those")}


def landing(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
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
    facts = lead["facts"]
    read = {one["week"]: {row["state"]: row for row in one["rows"]("by_state")} for one in weeks}
    counts = {week: {state: int(row["declined"] or 0) for state, row in rows.items()} for week, rows in read.items()}
    every = pd.DataFrame(counts).fillna(0).astype(int)
    known = states()
    counts = every.reindex(known.index, fill_value=0)
    eight = counts.loc[:, : lead["week"]].iloc[:, -BARS:]
    tiles = known[["tile_row", "tile_column"]].assign(
        now=eight.iloc[:, -1],
        shade=[bisect_right(CLASSES, declined) for declined in eight.iloc[:, -1]],
        absent=[read[lead["week"]].get(state, {}).get("issued", "0") == "0" for state in known.index],
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
        **{"lead": lead, "newest": weeks[-1], "weeks": weeks[-COLUMNS:]},
        "figures": [
            (write(facts.get(name), kind), f"{what}; {write(facts.get(f'last_week_{name}_before'), kind)} last week")
            for name, (kind, what) in SAID.items()
            if kind == "count" or not facts.get("no_share")  # rows chosen by their outcome
        ],
        "changes": _changes(weeks),
        "tiles": list(tiles.reset_index(names="state").to_dict("records")),
        "rows": [
            (state, [(n, bisect_right(CLASSES, n)) for n in row], f"{sum(row):,}") for state, *row in shown.itertuples()
        ],
        "rest": {"states": int((rest > 0).sum()), "declined": f"{rest.sum():,}"},
        "not_given": f"{every.drop(known.index, errors='ignore').to_numpy().sum():,}",
        "months": months.where(dated, months.str[:3]).where(named, "").tolist(),
        "classes": CLASSES,
    }


def _changes(weeks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List the clear changes of settled weeks, the newest first, each place and comparison at its newest only."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for report in [one for one in reversed(weeks) if one["facts"].get("status") == "settled"]:
        for row in report["rows"]("comparisons"):
            if row["finding"] not in ("higher", "lower") or row["place"].endswith("not given"):
                continue
            pairs = [[float(row[f"{name}{when}"]) for name in ("declined", "issued")] for when in ("", "_before")]
            now, before = (f"{some:,.0f} of {of:,.0f} ({write(some / of, 'share')})" for some, of in pairs)
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
    known = [week for week in weeks if None not in week]
    year, before = known[:COLUMNS], known[COLUMNS : 2 * COLUMNS]
    parts = year if len(before) < COLUMNS and len(year) >= 2 * QUARTER else []
    spans = {"": year, "before_": before, "newest_": parts[:QUARTER], "oldest_": parts[-QUARTER:]}
    declined, issued = np.array([[sum(week[n] for week in span) for span in spans.values()] for n in (0, 1)])
    enough = np.where(issued >= LEAST_FOR_A_SHARE, issued, np.nan)
    low, high = share_interval(declined, enough)
    shares = {"share": declined / enough, "share_low": low, "share_high": high}
    facts = {f"{name}{what}": as_fact(of[n]) for what, of in shares.items() for n, name in enumerate(spans)}
    facts |= {"issued": int(issued[0]), "declined": int(declined[0]), "weeks": len(year)}
    facts |= {"no_share": no_share, "year_weeks": COLUMNS, "part_weeks": QUARTER, "weeks_before": len(before)}
    facts["to"] = f"{last_day(date.fromisoformat(year[0][2]))}" if year else None
    return fill(say("story", facts), facts)
