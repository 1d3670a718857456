"""What a cohort's counts are held against: earlier periods, detainers alike, what is still to come.

Frames as of :mod:`analysis.stats.summary`, whose ``attrs`` say what they are of and why one is empty.
"""

from __future__ import annotations

import pandas as pd

from analysis.errors import InputError, called, unknown
from analysis.load.reference import place_name, states
from analysis.periods import WEEK, last_day
from analysis.stats import comparisons as tested
from analysis.stats import nowcast as delays
from analysis.stats.cohort import ONE_END, Cohort, takes_cohort
from analysis.stats.comparisons import CLEAR, Pair
from analysis.stats.counts import ALL, NOT_GIVEN, of_weeks
from analysis.stats.summary import cell_name, described, nothing
from analysis.stats.tests import MINIMUM_DIFFERENCE, direction

WEEKS_OF_NOWCAST = 26
NO_DELAYS = (
    "How finished the week is cannot be measured: the source does not say on which day a decline was recorded, and has "
    "no two versions from which to tell. Older weeks had longer for an outcome to be recorded."
)
NO_ENDS = "Every row of the source has the same recorded end: nothing is said of how finished it is, nor of ends."


# Comparisons ---------------------------------------------------------------------------------------------------------


def own_comparisons(cohort: Cohort) -> pd.DataFrame:
    """Give the comparisons that the cohort's page shows: of the nation all, of a state or offence group its own."""
    table = cohort.comparisons
    return table.loc[[cohort.cell in ((ALL, ALL), (kind, place)) for _, kind, place in table.index]]


@takes_cohort
def comparisons(cohort: Cohort) -> pd.DataFrame:
    """Give every comparison of a cohort that was tested, the smallest p first; of a state or group its own.

    Returns
    -------
    pandas.DataFrame
        One row per comparison: ``against`` (last week, trailing weeks, trend), ``kind`` (all, state, offence_group),
        ``code`` and ``place`` (its name), counts and shares of both periods, ``expected``, ``ratio`` with ``low`` and
        ``high``, ``p``, ``p_adjusted`` over all that were tested of the week, ``finding``, ``between`` (events),
        ``dispersion``, and the first and last day of both periods (``now_from`` and so on).

    Examples
    --------
    >>> import analysis as an
    >>> an.comparisons(an.cohort("fy2015", "2015-06-20"))[["against", "place", "finding"]].head(2).values.tolist()
    [['trend', 'the United States', 'lower'], ['trend', 'state not given', 'lower']]
    """
    table = own_comparisons(cohort)
    found = table[table["p"].notna()].reset_index().rename(columns={"place": "code"})
    if found.empty:
        return nothing(cohort, f"Nothing is compared: {table.loc[(cohort.pairs[0].against, *cohort.cell), 'finding']}.")
    cells = list(zip(found["kind"], found["code"], strict=True))
    found["place"] = [cell_name(cohort, *cell) for cell in cells]
    found["dispersion"] = [cohort.dispersion[cell] for cell in cells]
    for column in ("now", "before"):
        spans = {pair.against: getattr(pair, column) for pair in cohort.pairs}
        found[f"{column}_from"] = pd.to_datetime([spans[name][0] for name in found["against"]])
        found[f"{column}_to"] = pd.to_datetime([last_day(spans[name][-1]) for name in found["against"]])
    facts = {"comparisons_shown": len(found), "clear": int(found["finding"].isin(CLEAR).sum())}
    return described(found.sort_values(["p", "against", "place"]), cohort, facts=facts)


def compare(now: Cohort | pd.DataFrame, before: Cohort | pd.DataFrame, by: str = "state") -> pd.DataFrame:
    """Compare the share declined of two periods, or of two places: cohorts, or frames of counts.

    Parameters
    ----------
    now, before
        Two cohorts, of any periods that share no week; or two frames with ``declined`` and ``issued``, one row a cell,
        which are compared by chance alone (:func:`analysis.stats.comparisons.compare`).
    by
        Of cohorts: ``state``, ``offence_group`` or ``all``. Cohorts of two different states or groups give one row.

    Returns
    -------
    pandas.DataFrame
        One row per cell: ``declined``, ``issued``, ``declined_before``, ``issued_before``, ``share``, ``share_before``,
        ``difference``, ``expected``, ``ratio`` with ``low`` and ``high`` (95 %), ``p`` and ``reason`` (why not tested);
        of cohorts also ``p_adjusted`` over the rows, ``between`` (events) and ``finding``: higher, lower, no clear
        change, or why there is none.

    Raises
    ------
    InputError
        The two are no cohorts and no frames, or share a week; or there is no such cell.

    Examples
    --------
    >>> import analysis as an
    >>> march, january = (an.cohort("fy2015", month) for month in ("2015-03", "2015-01"))
    >>> counts = ["declined", "issued", "declined_before", "issued_before"]
    >>> an.compare(march, january).loc[["CO", "NY"], counts].values.tolist()
    [[19, 138, 44, 149], [5, 197, 20, 235]]
    """
    made_up = {
        of.source.facts.synthetic if isinstance(of, Cohort) else getattr(of, "attrs", {}).get("synthetic")
        for of in (now, before)
    }
    if {True, False} <= made_up:
        raise InputError("made-up data are not compared with real data", do="Take both from sources of one kind")
    if isinstance(now, pd.DataFrame) and isinstance(before, pd.DataFrame):
        for name in ("declined", "issued"):
            if name not in now or name not in before:
                raise InputError(f"counts are compared by their column {name!r}", do="Count with count_outcomes")
        if now.index.names != before.index.names:
            cuts = " and ".join(", ".join(map(str, of.index.names)) for of in (now, before))
            raise InputError("the two frames are of different cuts", found=cuts, do="Count both by the same columns")
        compared = tested.compare(now, before)
        compared.attrs = {"synthetic": True in made_up}
        return compared
    if not (isinstance(now, Cohort) and isinstance(before, Cohort)):
        found = f"{called(now)} and {called(before)}"
        raise InputError(f"two cohorts are compared, or two frames of counts, found {found}")
    kinds = list(dict.fromkeys(kind for kind, _ in now.weekly.declined))
    if by not in kinds:
        raise unknown("cell to compare by", by, kinds)
    same = now.source is before.source or now.source.sha256 == before.source.sha256
    if same and now.cell == before.cell:
        if set(now.period.weeks) & set(before.period.weeks):
            raise InputError("the two periods share a week", found=f"{before.period.name} and {now.period.name}")
        return _compare_periods(now, before, by)
    names = now.name if now.name == before.name else f"{now.name} against {before.name}"
    own, other = (of.weekly.over(of.period.weeks).loc[[of.cell]].set_axis([names]) for of in (now, before))
    table = tested.compare(own, other, now.dispersion[now.cell])
    finding = [direction(row.declined, row.expected, row.p, "") or row.reason for row in table.itertuples()]
    return described(table.assign(p_adjusted=table["p"], between="", finding=finding), now)


def _compare_periods(now: Cohort, before: Cohort, by: str) -> pd.DataFrame:
    """Compare two periods of one source, cell by cell."""
    later = max(now, before, key=lambda one: one.week)
    unfinished = next((one.status for one in (now, before) if one.status != "settled"), "")
    refusal = ONE_END if now.sole_outcome else f"{unfinished} weeks" if unfinished else ""
    pair = Pair("before", now.period.weeks, before.period.weeks, refusal)
    kind = by if now.cell[0] == ALL else now.cell[0]
    cells = [cell for cell in later.weekly.declined if cell[0] == kind and now.cell[1] in (ALL, cell[1])]
    weekly = type(later.weekly)(*(frame[cells] for frame in later.weekly))
    return described(tested.family(weekly, [pair], later.dispersion[cells], later.events).loc["before"].loc[kind], now)


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


# Unfinished weeks --------------------------------------------------------------------------------------------------


@takes_cohort
def nowcast(cohort: Cohort) -> pd.DataFrame:
    """Estimate the final numbers of the nation's last weeks, where delays are known.

    Returns
    -------
    pandas.DataFrame
        One row per week of issue, index ``week``: ``recorded``, ``completeness``, ``maturity``, ``estimate``, ``low``
        and ``high`` (its band), ``reason`` (:func:`analysis.stats.nowcast.nowcast`).

    Examples
    --------
    >>> import analysis as an
    >>> an.nowcast(an.cohort("fy2015", "2015-06-20")).attrs["reason"][:48]
    'How finished the week is cannot be measured: the'
    """
    found = None if cohort.delays is None else delays.nowcast(cohort.delays)
    if cohort.sole_outcome:
        return nothing(cohort, NO_ENDS)
    if found is None or pd.Timestamp(cohort.week) not in found.index:
        return nothing(cohort, NO_DELAYS, _without_end(cohort))
    return described(found.tail(WEEKS_OF_NOWCAST).rename_axis("week"), cohort)


def _without_end(cohort: Cohort) -> dict[str, object]:
    """Give the part of all detainers without a recorded end, newer and older weeks apart; none where few are known."""
    pair = cohort.pairs[-1]
    if pair.refusal or cohort.sole_state:
        return {}
    places = [*states().index, NOT_GIVEN]
    newer, older = (of_weeks(cohort.by_state, weeks, places).sum() for weeks in (pair.now, pair.before))
    if not (newer["issued"] and older["issued"]):
        return {}
    parts = [float(part["not_recorded"] / part["issued"]) for part in (newer, older)]
    return {"no_end_newer": parts[0], "no_end_older": parts[1], "no_end_weeks": len(pair.now)}


@takes_cohort
def nowcast_quantiles(cohort: Cohort) -> pd.DataFrame:
    """Give the nowcasts of unfinished weeks as quantiles (:func:`analysis.stats.nowcast.nowcast_quantiles`).

    Examples
    --------
    >>> import analysis as an
    >>> an.nowcast_quantiles(an.cohort("synthetic", "latest"))["output_type_id"].unique().tolist()
    [0.05, 0.25, 0.5, 0.75, 0.95]
    """
    found = nowcast(cohort)
    return found if found.empty else described(delays.nowcast_quantiles(found), cohort)
