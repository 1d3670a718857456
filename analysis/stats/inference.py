"""What a cohort's counts are held against: earlier periods, detainers alike, what is still to come.

Frames as of :mod:`analysis.stats.summary`, whose ``attrs`` say what they are of and why one is empty.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.errors import InputError, unknown
from analysis.load.duplicates import LEFT_OUT
from analysis.load.reference import place_name, states
from analysis.periods import WEEK, last_day
from analysis.stats import comparisons as tested
from analysis.stats import incidence, shrinkage, standardisation
from analysis.stats import nowcast as delays
from analysis.stats.cohort import ONE_END, Cohort
from analysis.stats.comparisons import CLEAR, Pair
from analysis.stats.counts import ALL, LEAST_FOR_A_SHARE, NOT_GIVEN, of_weeks, rows_of_weeks
from analysis.stats.summary import NO_QUARTER, cell_name, described, nothing, state_name
from analysis.stats.tests import MINIMUM_DIFFERENCE, direction

WEEKS_OF_NOWCAST, WITHIN_DAYS = 26, 30
NO_DELAYS = (
    "How finished the week is cannot be measured: the source does not say on which day a decline was recorded, and has "
    "no two versions from which to tell. Older weeks had longer for an outcome to be recorded."
)
NO_ENDS = "Every row of the source has the same recorded end: nothing is said of how finished it is, nor of ends."
NO_LIFT_DATES = "This source does not say on which day a detainer ended: no time from issue to decline can be given."


# Comparisons ---------------------------------------------------------------------------------------------------------


def own_comparisons(cohort: Cohort) -> pd.DataFrame:
    """Give the comparisons that the cohort's page shows: of the nation all, of a state or offence group its own."""
    table = cohort.comparisons
    return table.loc[[cohort.cell in ((ALL, ALL), (kind, place)) for _, kind, place in table.index]]


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
    if isinstance(now, pd.DataFrame) and isinstance(before, pd.DataFrame):
        for name in ("declined", "issued"):
            if name not in now or name not in before:
                raise InputError(f"counts are compared by their column {name!r}", do="Count with count_outcomes")
        return tested.compare(now, before)
    if not (isinstance(now, Cohort) and isinstance(before, Cohort)):
        raise InputError("two cohorts are compared, or two frames of counts", found=type(before).__name__)
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


# Like for like, and a change taken apart -----------------------------------------------------------------------------


def _why_not_alike(cohort: Cohort) -> str:
    """Say why states are not held against each other; blank where they are."""
    if cohort.last_quarter is None:
        return NO_QUARTER.format("states like for like")
    if cohort.sole_state:
        return "The source has one state, so there is nothing to hold it against."
    return f"States are not held against each other: {ONE_END}, so no share is given." if cohort.sole_outcome else ""


def _with_names(table: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    """Name the states in front of rows by postal code; of a cohort of one state, its row alone."""
    named = table if cohort.state == ALL else table[table.index == cohort.state]
    named = named.rename_axis("state")
    named.insert(0, "state_name", [state_name(place) for place in named.index])
    return named


def expected(cohort: Cohort) -> pd.DataFrame:
    """Hold states' declines of the last full quarter against those of detainers alike.

    Returns
    -------
    pandas.DataFrame
        One row per state with four declines expected or more, index ``state``: ``state_name``, ``issued``,
        ``observed``, ``expected``, ``over_expected`` with ``low`` and ``high``, and ``standardised`` with its interval
        (:func:`analysis.stats.standardisation.expected`).

    Examples
    --------
    >>> import analysis as an
    >>> an.expected(an.cohort("fy2015", "2015-06-20")).loc["CA", "over_expected"].round(1).item()
    2.6
    """
    quarter, has_offences = cohort.last_quarter, cohort.source.facts.offences
    if (reason := _why_not_alike(cohort)) or quarter is None:
        return nothing(cohort, reason)
    alike = standardisation.expected(quarter.everywhere, has_offences, cohort.dispersion["state"])
    by = ", ".join(name.replace("_", " ") for name in standardisation.strata(has_offences))
    facts = {"least_expected": standardisation.LEAST_EXPECTED, "alike_by": by}
    few = f"Fewer than {standardisation.LEAST_EXPECTED} declines are expected in {quarter.period.name}: "
    named = _with_names(alike, cohort)
    return described(named, quarter, "" if len(named) else few + "none to compare.", facts)


def shrink(cohort: Cohort) -> pd.DataFrame:
    """Draw each state's share of the last full quarter towards that of all, by as much as it rests on few detainers.

    Returns
    -------
    pandas.DataFrame
        One row per state with detainers, most first, index ``state``: ``state_name``, ``issued``, ``declined``,
        ``share`` (from 20 detainers on), ``shrunken`` with its interval, ``own_weight``
        (:func:`analysis.stats.shrinkage.shrink`).

    Examples
    --------
    >>> import analysis as an
    >>> an.shrink(an.cohort("fy2015", "2015-06-20")).loc["TX", ["share", "shrunken"]].astype(float).round(4).tolist()
    [0.0034, 0.0035]
    """
    quarter = cohort.last_quarter
    if (reason := _why_not_alike(cohort)) or quarter is None:
        return nothing(cohort, reason)
    counts = of_weeks(quarter.by_state, quarter.period.weeks, list(states().index))
    drawn = shrinkage.shrink(counts, cohort.dispersion["state"][counts.index])
    drawn = drawn[drawn["reason"] == ""].join(counts[["issued", "declined"]])
    drawn["share"] = drawn["share"].where(drawn["issued"] >= LEAST_FOR_A_SHARE)
    named = _with_names(drawn.sort_values(["issued", "declined"], ascending=False, kind="stable"), cohort)
    return described(named, quarter, "" if len(named) else "No state's share can be drawn towards that of all.")


def decompose(cohort: Cohort) -> pd.DataFrame:
    """Take a clear change of the nation into the part of another mix and that of other shares.

    By state and offence group alone, whose totals stand in full: of others the parts would tell of small counts.

    Returns
    -------
    pandas.DataFrame
        One row per ``factor``, as of :func:`analysis.stats.standardisation.decompose`; empty without a clear change.

    Examples
    --------
    >>> import analysis as an
    >>> an.decompose(an.cohort("fy2015", "2015-06-20"))[["factor", "change"]].round(4).values.tolist()
    [['state', -0.0146]]
    """
    own = own_comparisons(cohort).xs((ALL, ALL), level=("kind", "place")) if cohort.cell[0] == ALL else None
    clear = [] if own is None else [name for name in own.index if own.loc[name, "finding"] in CLEAR]
    if not clear:
        return nothing(cohort, "The nation's share has no clear change, so none is taken apart.")
    pair = next(pair for pair in cohort.pairs if pair.against == clear[0])
    columns = ["issued_on", "state", "offence_group", "outcome", "duplicate", "detainers"]
    span, counted = {"first": pair.before[0], "last": cohort.period.last_day}, cohort.repeats != LEFT_OUT
    rows = cohort.source.detainers(columns, **span, repeats=counted)
    factors = {"state": ["state"], "offence group": ["offence_group"]}
    factors = factors if "offence_group" in cohort.weekly.declined else {"state": ["state"]}
    parts = standardisation.decompose(rows_of_weeks(rows, pair.before), rows_of_weeks(rows, pair.now), factors)
    facts = {"apart_against": clear[0], "points_of_change": 100 * float(parts["change"].iloc[0])}
    return described(parts, cohort, facts=facts)


# Unfinished weeks, and ends ------------------------------------------------------------------------------------------


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


def time_to_outcome(cohort: Cohort, at: Sequence[int] = ()) -> pd.DataFrame:
    """Give by days since issue what share of the nation's detainers had ended in each way, where days are known.

    Parameters
    ----------
    cohort
        The cohort; all detainers up to its period's end are followed.
    at
        Days at which the curves are read off, each outcome that occurs and up to the longest followed; none = every
        day on which any ended.

    Returns
    -------
    pandas.DataFrame
        One row per ``outcome`` and ``day``: ``at_risk`` (followed up to it), ``incidence`` with ``low`` and ``high``
        (:func:`analysis.stats.incidence.cumulative_incidence`).

    Examples
    --------
    >>> import analysis as an
    >>> an.time_to_outcome(an.cohort("fy2015", "2015-06-20")).attrs["reason"][:52]
    'This source does not say on which day a detainer end'
    """
    rows = cohort.history
    if cohort.sole_outcome or not rows["lifted_on"].notna().any():
        return nothing(cohort, NO_ENDS if cohort.sole_outcome else NO_LIFT_DATES)
    curves = incidence.cumulative_incidence(rows, cohort.source.facts.extracted_on)
    within = _at_days(curves, [WITHIN_DAYS])
    own = within.loc[within["outcome"] == "declined_by_lea", "incidence"]
    followed = int(curves["at_risk"].max()) if len(curves) else 0
    facts = {
        "followed": followed,
        "within_days": WITHIN_DAYS,
        "declined_within": float(own.iloc[0]) if len(own) else None,
    }
    return described(_at_days(curves, at) if at else curves, cohort, facts=facts)


def _at_days(curves: pd.DataFrame, days: Sequence[int]) -> pd.DataFrame:
    """Read curves of incidence off at some days: a row per outcome that occurs and day, up to the longest followed."""
    steps = curves[curves.groupby("outcome")["incidence"].transform("max") > 0].drop(columns="se")
    rows = [
        curve[curve["day"] <= day].tail(1).assign(day=day)
        for _, curve in steps.groupby("outcome", sort=False)
        for day in days
        if day <= curve["day"].max()
    ]
    return pd.concat(rows) if rows else steps
