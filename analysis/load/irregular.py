"""Days and weeks of a source that do not look like its others: batches entered at once, weeks not finished yet."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from analysis.load.table import Outcome

# Minnesota had 238 detainers on 2026-02-11 and 17 to 24 on its next busiest days; Rivers Correctional Institution 52 on
# 2014-10-02 and 4. Against the fourth-busiest day, so that up to three batches of one place do not hide each other.
BULK_TIMES, BULK_RANK, BULK_LEAST = 5, 4, 20
BULK_DAYS_NEEDED = 28
DAYS = 100_000  # more than the days from 1970 to any day of issue
# Holiday weeks of fiscal 2015 fall to 77% of the weeks before them; a published last week that is cut stands at 55%.
FEW_ROWS, WEEKS_BEFORE = 0.7, 8
FINISHED = 0.9


def is_counts(table: pd.DataFrame) -> bool:
    """Tell whether rows stand for groups of detainers by week, so that days and repeats cannot be told."""
    return bool((table["detainers"] != 1).any())


def bulk_days(table: pd.DataFrame) -> pd.DataFrame:
    """Find the days on which one place has far more detainers than on its others: entered in a batch, or a round-up.

    A day counts that has at least 20 detainers of a facility, or of a state, and at least five times as many as that
    place's fourth-busiest day (its least busy one, where it has fewer than four; a place with one day has none to
    compare with, and counts).

    Parameters
    ----------
    table
        The table of detainers, one row a detainer. Counts by week, and a source with detainers on fewer than 28 days,
        have no such days.

    Returns
    -------
    pandas.DataFrame
        One row per place and day, most detainers first: ``issued_on``, ``state``, ``agency`` (blank = the whole
        state, given where no facility of it explains the day), ``detainers``, ``usual`` (of the fourth-busiest day;
        blank = the place has no other day).
    """
    empty = pd.DataFrame(
        {"issued_on": pd.Series(dtype="datetime64[ms]"), "state": "", "agency": "", "detainers": 0, "usual": 0.0}
    )
    if is_counts(table) or table["issued_on"].nunique() < BULK_DAYS_NEEDED:
        return empty
    facilities = _far_above(table, ["state", "agency"])
    whole = _far_above(table, ["state"])
    explained = whole.set_index(["state", "issued_on"]).index.isin(facilities.set_index(["state", "issued_on"]).index)
    found = pd.concat([facilities, whole[~explained]])
    ordered = found.sort_values(["detainers", "issued_on", "state"], ascending=[False, True, True])
    return ordered.reindex(columns=empty.columns).reset_index(drop=True) if len(ordered) else empty


def _far_above(table: pd.DataFrame, place: list[str]) -> pd.DataFrame:
    """Find the days of a kind of place that are far above its fourth-busiest."""
    columns = [table[name].astype("category").array for name in place]
    known = table["issued_on"].notna().to_numpy() & np.logical_and.reduce([column.codes >= 0 for column in columns])
    sizes = [max(1, len(column.categories)) for column in columns]
    number = np.ravel_multi_index([column.codes[known] for column in columns], sizes)
    day = table["issued_on"].to_numpy("datetime64[D]")[known].astype(np.int64)
    counts = pd.Series(number * DAYS + day).value_counts(sort=False)
    days = pd.DataFrame({"place": counts.index // DAYS, "day": counts.index % DAYS, "detainers": counts.to_numpy()})
    days = days[days["place"].isin(days["place"][days["detainers"] >= BULK_LEAST])]  # no other place has such a day
    days = days.sort_values(["detainers", "place", "day"], ascending=[False, True, True])
    of_place = days.groupby("place")["detainers"]
    days_of_place, rank = of_place.transform("size"), of_place.cumcount()
    usual = days["detainers"].where((days_of_place > 1) & (rank == days_of_place.clip(upper=BULK_RANK) - 1))
    days["usual"] = usual.groupby(days["place"]).transform("max")
    far = days[(days["detainers"] >= BULK_LEAST) & ~(days["detainers"] < BULK_TIMES * days["usual"])]
    codes = np.unravel_index(far["place"], sizes)
    names = {
        name: column.categories.astype("str").take(code)
        for name, column, code in zip(place, columns, codes, strict=True)
    }
    return far.assign(**names, issued_on=far["day"].to_numpy().astype("datetime64[D]").astype("datetime64[ms]"))


def recording_by_week(table: pd.DataFrame, extracted_on: date | None = None) -> pd.DataFrame:
    """Count the detainers of each week of issue and those without a recorded end, and say which look unfinished.

    From the newest week back, the weeks look unfinished as long as one of three things holds: the data end before the
    week does; it has under 70% of the detainers of the eight weeks before it (their median); the share with a recorded
    end is under 90% of what it is in the older half of the weeks (their median).

    Parameters
    ----------
    table
        The table of detainers.
    extracted_on
        Day of the extraction; None = not known. A week that ended before it is not cut short by a quiet last day.

    Returns
    -------
    pandas.DataFrame
        One row per week from the first to the last, its Saturday the index ``week``: ``issued``, ``not_recorded``,
        ``blank_share`` (NaN where nothing was issued), ``unfinished`` (why; empty text = looks finished). No row where
        no detainer is dated.
    """
    dated = table.loc[table["issued_on"].notna(), ["issued_on", "detainers", "outcome"]]
    week = dated["issued_on"].dt.to_period("W-FRI").dt.start_time.astype("datetime64[ms]")
    blank = dated["detainers"].where(dated["outcome"] == Outcome.NOT_RECORDED, 0)
    counts = pd.DataFrame({"issued": dated["detainers"], "not_recorded": blank}).groupby(week.rename("week")).sum()
    if counts.empty:
        return counts.assign(blank_share=pd.Series(dtype=float), unfinished=pd.Series(dtype="str"))
    counts = counts.reindex(pd.date_range(counts.index[0], counts.index[-1], freq="7D", name="week"), fill_value=0)
    counts["blank_share"] = counts["not_recorded"] / counts["issued"].replace(0, np.nan)
    reasons = pd.DataFrame(
        {
            "its days are not all there": _cut_short(counts.index, dated, extracted_on),
            "few detainers": counts["issued"] < FEW_ROWS * counts["issued"].shift().rolling(WEEKS_BEFORE, 1).median(),
            "ends are missing": (1 - counts["blank_share"])
            < FINISHED * (1 - counts["blank_share"].iloc[: max(1, len(counts) // 2)].median()),
        }
    )
    at_the_end = reasons.any(axis="columns")[::-1].cummin()[::-1]
    counts["unfinished"] = [
        ", ".join(name for name, holds in row.items() if holds) if last else ""
        for row, last in zip(reasons.to_dict("records"), at_the_end, strict=True)
    ]
    return counts


def _cut_short(weeks: pd.Index, dated: pd.DataFrame, extracted_on: date | None) -> np.ndarray:
    """Mark the last week where its Friday lies after the newest day of issue and not before the extraction."""
    cut = np.zeros(len(weeks), dtype=bool)
    friday = weeks[-1] + pd.Timedelta(days=6)
    over = extracted_on is not None and pd.Timestamp(extracted_on) > friday
    cut[-1] = not is_counts(dated) and dated["issued_on"].max() < friday and not over
    return cut
