"""What a page says of a cohort: its main counts, week by week, cut by state, and the facts that sentences name."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.load.duplicates import without_repeats
from analysis.load.reference import place_name, states
from analysis.periods import WEEK, as_timestamps
from analysis.stats.cohort import Cohort
from analysis.stats.comparisons import clear_findings
from analysis.stats.counts import (
    ALL,
    LEAST_FOR_A_SHARE,
    OUTCOME_COLUMNS,
    TRAILING_WEEKS,
    of_weeks,
    rows_of_weeks,
    with_intervals,
)
from analysis.stats.disclosure import outcomes_by_state
from analysis.stats.nowcast import nowcast
from analysis.stats.tests import MINIMUM_DIFFERENCE, usual_range


def weekly_counts(cohort: Cohort) -> pd.DataFrame:
    """Give a cohort's weeks, each with its share and the count that would be usual after the eight weeks before it.

    Returns
    -------
    pandas.DataFrame
        One row per week up to the period's end, index ``week`` (Saturdays), also those without a detainer: ``issued``,
        ``declined``, ``share`` with ``share_low`` and ``share_high`` (95 %, usual ups and downs), ``status``,
        ``expected`` (declines at the share of the eight full weeks before), ``usual_low``, ``usual_high`` and
        ``outside`` (``above``, ``below`` or blank). Blank: no such number, as in a week that is not settled or has not
        eight full weeks before it.
    """
    weeks, calendar, phi = cohort.calendar.weeks(), cohort.calendar, cohort.dispersion[cohort.cell]
    declined, issued, exposure = (frame[cohort.cell] for frame in cohort.weekly)
    table = pd.DataFrame({"issued": issued, "declined": declined}).rename_axis("week")
    table = without_shares(with_intervals(table, phi), cohort)
    table["status"] = [calendar.status(week) for week in weeks]
    before = pd.DataFrame({"declined": declined, "exposure": exposure}).astype(float)
    before = before[[not calendar.is_partial(week) for week in weeks]].reindex(table.index)
    past = before.shift().rolling(TRAILING_WEEKS, min_periods=TRAILING_WEEKS).sum()
    known = (table["status"] == "settled") & (cohort.sole_outcome is None)
    table["expected"] = (past["declined"] / past["exposure"].where(past["exposure"] > 0) * exposure).where(known)
    low, high = usual_range(past["declined"], exposure, past["exposure"], phi)
    table["usual_low"], table["usual_high"] = (pd.Series(end, table.index).where(known) for end in (low, high))
    table["usual_high"] = np.minimum(table["usual_high"], issued)
    sides = [table["declined"] > table["usual_high"], table["declined"] < table["usual_low"]]
    return table.assign(outside=np.select(sides, ["above", "below"], ""))


def without_shares(counts: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    """Blank the shares of a source whose rows were chosen by their outcome: they would be all or nothing."""
    return counts if cohort.sole_outcome is None else counts.assign(share=np.nan, share_low=np.nan, share_high=np.nan)


def counts_by(cohort: Cohort, kind: str) -> pd.DataFrame:
    """Give the period's counts of every state and territory, or of every national offence group.

    Parameters
    ----------
    cohort
        The cohort; of a source of one state its offence groups are not shown by week.
    kind
        ``state`` or ``offence_group``.

    Returns
    -------
    pandas.DataFrame
        Index the postal code (``not given`` last) or the group, also those without a detainer: ``issued``,
        ``declined``; ``share`` and its interval, from 20 detainers on; ``last_week`` and ``trailing_mean`` of the
        declined; ``finding``, the clear changes in words (blank = none). Of states also ``taken``, ``other_ends`` and
        ``not_recorded`` with their ``…_shown`` labels, blank where a small count could be told
        (:func:`analysis.stats.disclosure.outcomes_by_state`).
    """
    counts, declined = cohort.weekly.over(cohort.period.weeks).loc[kind], cohort.weekly.declined[kind]
    table = with_intervals(counts[["issued", "declined"]].astype("int64"), cohort.dispersion[kind])
    table = without_shares(table, cohort)
    table.loc[table["issued"] < LEAST_FOR_A_SHARE, ["share", "share_low", "share_high"]] = np.nan
    for name, number in (("last_week", 1), ("trailing_mean", TRAILING_WEEKS)):
        weeks = cohort.calendar.full_weeks_before(cohort.period.first_day, number)
        table[name] = declined.loc[as_timestamps(weeks)].mean() if len(weeks) == number else np.nan
    clear = clear_findings(cohort.comparisons)
    own = clear[clear["kind"] == kind].groupby("place")
    words = own.apply(lambda rows: "; ".join(rows["finding"] + " (" + rows["against"] + ")"), include_groups=False)
    table["finding"] = words.reindex(table.index).fillna("") if len(words) else ""
    if kind == "state":
        of_states = of_weeks(cohort.by_state, cohort.period.weeks, table.index)
        outcomes = outcomes_by_state(of_states, cohort.sole_state is not None)
        table = table.join(outcomes.drop(columns=["issued", "declined"]))
    return table


def key_figures(cohort: Cohort) -> pd.DataFrame:
    """Put a week's main counts beside last week's and the mean of the eight weeks before.

    Outcomes other than declines are given of the nation; of one state this week's alone, as far as small counts allow.

    Returns
    -------
    pandas.DataFrame
        One row per count (``measure``: issued, declined, taken, other_ends, not_recorded, persons where there are ids):
        ``this_week``, ``last_week``, ``trailing_mean`` (NaN = not known, not full, or not shown) and ``note``.
    """
    weeks = [*cohort.calendar.full_weeks_before(cohort.week, TRAILING_WEEKS), cohort.week]
    kind, place = cohort.cell
    counts = pd.DataFrame({name: getattr(cohort.weekly, name)[cohort.cell] for name in ("issued", "declined")})
    if kind == ALL:
        counts = cohort.by_state.groupby(level=0).sum().reindex(counts.index, fill_value=0)
        records = without_repeats(cohort.records, cohort.repeats)
        if records["person"].notna().any():
            by_week = [rows_of_weeks(records, [week])["person"].nunique() for week in weeks]
            counts["persons"] = pd.Series(by_week, as_timestamps(weeks))
    wanted = counts.loc[as_timestamps(weeks)].astype(float)
    table = pd.DataFrame({"this_week": wanted.iloc[-1]})
    table["last_week"] = wanted.iloc[-2] if cohort.calendar.full_weeks_before(cohort.week, 1) else np.nan
    table["trailing_mean"] = wanted.iloc[:-1].mean() if len(weeks) > TRAILING_WEEKS else np.nan
    table["note"] = ""
    low, high = weekly_counts(cohort).loc[pd.Timestamp(cohort.week), ["usual_low", "usual_high"]]
    if not np.isnan(low):
        table.loc["declined", "note"] = f"usual: {low:.0f} to {high:.0f}"
    if kind == "state" or cohort.sole_state:  # in a source of one state the nation is the state
        shown = counts_by(cohort, "state").loc[cohort.sole_state or place]
        for name in OUTCOME_COLUMNS[1:]:
            hidden = "" if shown[f"{name}_shown"].isdecimal() else "small counts"
            table.loc[name] = [shown[name], np.nan, np.nan, hidden]
    return table.rename_axis("measure").reset_index()


def largest_place(cohort: Cohort) -> dict[str, object]:
    """Say which state holds over half of the nation's declines of the week, and what remains without it.

    ``apart_name`` is None where no state does, or the cohort is not of all states; then there is nothing else.
    """
    declined = of_weeks(cohort.by_state, [cohort.week], list(states().index))["declined"]
    total = int(cohort.weekly.declined[ALL, ALL].loc[pd.Timestamp(cohort.week)])
    alone = cohort.cell != (ALL, ALL) or cohort.sole_state or total < MINIMUM_DIFFERENCE or 2 * declined.max() <= total
    if alone:
        return {"apart_name": None}
    place = str(declined.idxmax())
    rest = [frame[ALL, ALL] - frame["state", place] for frame in cohort.weekly[:2]]
    weeks = {"": cohort.week} | ({"_before": cohort.week - WEEK} if not cohort.pairs[0].refusal else {})
    return {
        "apart_name": place_name(place),
        "apart_declined": int(declined[place]),
        "apart_total": total,
        **{f"elsewhere_declined{name}": int(rest[0].loc[pd.Timestamp(week)]) for name, week in weeks.items()},
        **{f"elsewhere_issued{name}": int(rest[1].loc[pd.Timestamp(week)]) for name, week in weeks.items()},
    }


def estimates(cohort: Cohort) -> pd.DataFrame | None:
    """Estimate the final numbers of the nation's weeks (:func:`analysis.stats.nowcast.nowcast`); None = no delays."""
    return None if cohort.delays is None else nowcast(cohort.delays)


def page_comparisons(cohort: Cohort) -> pd.DataFrame:
    """Give the comparisons that the cohort's page shows: of the nation all, of a state or offence group its own."""
    table = cohort.comparisons
    return table.loc[[cohort.cell in ((ALL, ALL), (kind, place)) for _, kind, place in table.index]]
