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
from analysis.show.sentences import as_made_up
from analysis.show.tables import bars_of, write
from analysis.stats.counts import LEAST_FOR_A_SHARE, with_intervals

BARS, COLUMNS, LEAST_OF_ROW = 8, 52, 10
"""Weeks of bars in the map and of columns in the table, a year's; declines from which on a state has its own row."""
CLASSES = (1, 3, 6, 11, 21)  # where each class of colours of a week's count begins
QUARTER = 13
"""Weeks at either end of a year that are told apart where the year before is not known."""
KINDS = {"issued": "count", "declined": "count", "share": "share"}
MEANT = {"issued": "issued", "declined": "recorded as declined", "share": "of those"}


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
    shown = counts[counts.sum(axis=1) >= LEAST_OF_ROW]
    shown = shown.loc[shown.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    rest = counts.drop(shown.index).sum(axis=1)
    months = pd.Series([f"{date.fromisoformat(week):%b}" for week in counts])
    named = (months != months.shift()) & (months == months.shift(-1))  # one column has no room for a name
    return {
        **{"lead": lead, "words": _words(lead), "newest": weeks[-1], "weeks": weeks[-COLUMNS:]},
        "changes": _changes(out, weeks),
        "tiles": list(tiles.reset_index(names="state").to_dict("records")),
        "rows": [
            (state, [(n, bisect_right(CLASSES, n)) for n in row], f"{sum(row):,}") for state, *row in shown.itertuples()
        ],
        "rest": {"states": f"{(rest > 0).sum()}", "declined": f"{rest.sum():,}"},
        "not_given": f"{every.drop(known.index, errors='ignore').to_numpy().sum():,}",
        "months": months.where(named, "").tolist(),
        "classes": CLASSES,
    }


def _table(out: Path, report: Mapping[str, Any], name: str) -> pd.DataFrame:
    """Read a table of a report, if it has it."""
    path = out / report["entry"].folder / "tables" / f"{name}.csv"
    return pd.read_csv(path, keep_default_na=False, na_values=[""]) if path.is_file() else pd.DataFrame()


def _words(report: Mapping[str, Any]) -> dict[str, Any]:
    """Say of a week what its page says at first; no share of rows that were chosen by their outcome."""
    facts = report["facts"]
    kinds = {name: kind for name, kind in KINDS.items() if kind == "count" or not facts.get("no_share")}
    figures = [
        (write(facts.get(name), kind), f"{MEANT[name]}; {write(facts.get(f'last_week_{name}_before'), kind)} last week")
        for name, kind in kinds.items()
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
    known = [row for row in rows if row["status"] == "settled" and None not in (row["of"], row["value"])]
    year, rest = known[:COLUMNS], known[COLUMNS : 2 * COLUMNS]
    spans = {"": year, f"in the {COLUMNS} before": rest} if len(rest) == COLUMNS else {"": year}
    if len(rest) < COLUMNS and len(year) >= 2 * QUARTER:
        spans |= {f"in the {QUARTER} newest of them": year[:QUARTER], f"in the {QUARTER} oldest": year[-QUARTER:]}
    sums = pd.DataFrame(
        [[sum(row[name] for row in weeks) for name in ("value", "of")] for weeks in spans.values()],
        list(spans),
        ["declined", "issued"],
    )
    if len(year) < 2 or not sums.loc["", "issued"]:
        return ""
    shares, own = with_intervals(sums), sums.loc[""]
    told = f"Of {write(own['issued'], 'count')} detainers issued in {len(year)} settled weeks to "
    told += f"{day_in_words(last_day(date.fromisoformat(year[0]['week'])))}, "
    told += f"{write(own['declined'], 'count') if own['declined'] else 'none'} are recorded as declined"
    if no_share or own["issued"] < LEAST_FOR_A_SHARE:
        return f"{told}{'; ' * bool(no_share)}{no_share or ''}."
    low, share, high = (write(shares.loc["", name], "share") for name in ("share_low", "share", "share_high"))
    told += f": {share} (95% interval {low} to {high} by chance alone; real ups and downs are larger)"
    parts = shares.iloc[1:]
    within = [f"{write(share, 'share')} {when}" for when, share in parts["share"].items()]
    enough = len(within) and parts["issued"].min() >= LEAST_FOR_A_SHARE
    return f"{told}; {', '.join(within)}." if enough else f"{told}."
