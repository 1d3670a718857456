"""What is said of a cohort, each table a function of it: counts, comparisons, like for like, unfinished weeks, ends.

A frame says in ``attrs`` what its rows do not: ``place_name``, ``period_name``, ``week``, ``synthetic``, ``facts`` that
its caption names, and where it is empty the ``reason``, which tables and figures print.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from string import ascii_uppercase
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import InputError, unknown
from analysis.load import events as register
from analysis.load.offences import groups
from analysis.load.repeats import LEFT_OUT, without_repeats
from analysis.load.vocabulary import place_name, states
from analysis.periods import WEEK, as_timestamps, last_day
from analysis.stats import comparisons as tested
from analysis.stats import counts as counting
from analysis.stats import disclosure, incidence, shrinkage, standardisation
from analysis.stats import nowcast as delays
from analysis.stats.cohort import ONE_END, Cohort
from analysis.stats.comparisons import CLEAR, Pair, clear_findings
from analysis.stats.counts import ALL, LEAST_FOR_A_SHARE, NOT_GIVEN, OUTCOME_COLUMNS, TRAILING_WEEKS
from analysis.stats.counts import of_weeks, rows_of_weeks, with_intervals
from analysis.stats.tests import MINIMUM_DIFFERENCE, adjust_for_many, direction, usual_range

WEEKS_OF_NOWCAST, WITHIN_DAYS = 26, 30
MEASURES = {
    "issued": "Issued",
    "declined": "Recorded as declined",
    "taken": "Taken by ICE",
    "other_ends": "Other ends",
    "not_recorded": "No outcome recorded",
    "persons": "Different persons named by the detainers counted",
}
_NAMES = {"total": "All", "other states": "Other states", "other groups": "Other groups"}
NO_OFFENCE = "This source has no offence: nothing can be said by offence group."
ONE_STATE = "All detainers of this source are of one state: its offence groups are shown by quarter alone."
NO_QUARTER = "The source covers no full calendar quarter that was over by this week: {} are not shown."
NO_DELAYS = (
    "How finished the week is cannot be measured: the source does not say on which day a decline was recorded, and has "
    "no two versions from which to tell. Older weeks had longer for an outcome to be recorded."
)
NO_ENDS = "Every row of the source has the same recorded end: nothing is said of how finished it is, nor of ends."
NO_LIFT_DATES = "This source does not say on which day a detainer ended: no time from issue to decline can be given."


def described(
    frame: pd.DataFrame, cohort: Cohort, reason: str = "", facts: dict[str, Any] | None = None, **more: object
) -> pd.DataFrame:
    """Say in a frame's ``attrs`` of what, when and of which source it is, and why it is empty."""
    about = {"place_name": cohort.name, "period_name": cohort.period.name, "week": cohort.week.isoformat()}
    frame.attrs = about | {"synthetic": cohort.source.facts.synthetic, "reason": reason, "facts": facts or {}} | more
    return frame


def _nothing(cohort: Cohort, reason: str, facts: dict[str, Any] | None = None) -> pd.DataFrame:
    """Give a frame without rows, and why."""
    return described(pd.DataFrame(), cohort, reason, facts)


def state_name(postal: str) -> str:
    """Name a state in full, as tables do; also the blank one, and what a table puts for several."""
    return _NAMES.get(postal) or ("State not given" if postal == NOT_GIVEN else str(states().loc[postal, "name"]))


def group_name(group: str) -> str:
    """Name an offence group, as tables do; also the blank one, and what a table puts for several."""
    return _NAMES.get(group) or ("Offence not given" if group == NOT_GIVEN else str(groups().loc[group, "group"]))


def cell_name(cohort: Cohort, kind: str, place: str) -> str:
    """Name a cell of a comparison, as sentences do."""
    if kind == "offence_group":
        return group_name(place)
    return "state not given" if place == NOT_GIVEN else place_name((cohort.sole_state or ALL) if kind == ALL else place)


# Counts --------------------------------------------------------------------------------------------------------------


def count_outcomes(detainers: pd.DataFrame | Cohort, by: str | Sequence[str]) -> pd.DataFrame:
    """Count detainers and what became of them, with the share declined and its interval by chance alone.

    Parameters
    ----------
    detainers
        A table of detainers, or a cohort.
    by
        Columns to count by, or ``week`` for the reporting week of issue. A blank counts under ``not given``.

    Returns
    -------
    pandas.DataFrame
        One row per combination that occurs: ``issued`` and, adding up to it, ``declined``, ``taken`` (by ICE),
        ``other_ends`` and ``not_recorded``; ``share`` (declined of issued), ``share_low``, ``share_high`` (95 %).

    Raises
    ------
    InputError
        The table has no such column.

    Examples
    --------
    >>> count_outcomes(cohort("fy2015", "2015-06-20"), "state").loc["CA", ["issued", "declined", "share"]].round(3)
    issued      291.000
    declined     33.000
    share         0.113
    Name: CA, dtype: float64
    """
    rows = detainers.detainers if isinstance(detainers, Cohort) else detainers
    if not isinstance(rows, pd.DataFrame):
        raise InputError("detainers are counted in a table or a cohort", found=rows)
    for name in [by] if isinstance(by, str) else by:
        if name != "week" and name not in rows.columns:
            raise unknown("column to count by", name, ["week", *rows.columns])
    lacking = {"issued_on", "outcome", "detainers"} - {*rows.columns}
    if lacking:
        raise InputError(f"a table of detainers needs the column {min(lacking)!r}", do="Read it with read_release")
    return with_intervals(counting.count_outcomes(rows, by))


def weekly_counts(cohort: Cohort) -> pd.DataFrame:
    """Give a cohort's weeks, each with its share and the count that would be usual after the eight weeks before it.

    Returns
    -------
    pandas.DataFrame
        One row per week up to the period's end, index ``week`` (Saturdays), also those without a detainer: ``issued``,
        ``declined``, ``share`` with ``share_low`` and ``share_high`` (95 %, usual ups and downs), ``status``,
        ``expected`` (declines at the share of the eight full weeks before), ``usual_low``, ``usual_high`` and
        ``outside`` (``above``, ``below`` or blank). Blank: no such number, as in a week that is not settled or has not
        eight full weeks before it. ``attrs["events"]`` lists the known events (:func:`known_events`).

    Examples
    --------
    >>> weekly_counts(cohort("fy2015", "2015-06-20")).loc["2015-06-20", ["issued", "declined", "usual_high"]].tolist()
    [1673, 66, 110.0]
    """
    weeks, calendar, phi = cohort.calendar.weeks(), cohort.calendar, cohort.dispersion[cohort.cell]
    declined, issued, exposure = (frame[cohort.cell] for frame in cohort.weekly)
    table = pd.DataFrame({"issued": issued, "declined": declined}).rename_axis("week")
    table = _without_shares(with_intervals(table, phi), cohort)
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
    span = known_events(cohort).astype({"date": "str"})
    marked = span[["letter", "date", "last_date", "headline"]].astype("str").to_dict("records") if len(span) else []
    return described(table.assign(outside=np.select(sides, ["above", "below"], "")), cohort, events=marked)


def known_events(cohort: Cohort) -> pd.DataFrame:
    """Give the known events inside a cohort's weeks, which touch all states or its own: ``letter``, ``date`` and so on.

    Letters mark them in the figure of weekly counts: A to Z, then AA, AB and so on.
    """
    span = register.events(cohort.calendar.first_day, cohort.calendar.last_day, cohort.state)
    letters = (first + second for first in ("", *ascii_uppercase) for second in ascii_uppercase)
    span = span.assign(letter=list(islice(letters, len(span))))
    return described(span, cohort, "" if len(span) else "No event that is known lies in these weeks.")


def _without_shares(counts: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    """Blank the shares of a source whose rows were chosen by their outcome: they would be all or nothing."""
    return counts if cohort.sole_outcome is None else counts.assign(share=np.nan, share_low=np.nan, share_high=np.nan)


def counts_by(cohort: Cohort, *kinds: str) -> pd.DataFrame:
    """Give the period's counts of a cohort in one of the cuts that may be published, small counts left out.

    Parameters
    ----------
    cohort
        The cohort.
    kinds
        ``state``: every state and territory; ``offence_group``; ``offence_group, offence_status``; ``form``;
        ``lift_reason``; ``all``: all detainers as one row; ``agency``: those of the last full quarter.

    Returns
    -------
    pandas.DataFrame
        Most declined first, what is not given last. By state (index the postal code) and offence group (index its id):
        ``issued``, ``declined``; ``share`` and its interval, from 20 detainers on; ``last_week`` and ``trailing_mean``
        of the declined; ``finding``, the clear changes in words (blank = none). Columns ``…_shown`` are labels where a
        small count could be told (:mod:`analysis.stats.disclosure`), and the numbers beside them blank.

    Raises
    ------
    InputError
        There is no such cut.

    Examples
    --------
    >>> counts_by(cohort("fy2015", "2015-06-20"), "state").loc[["CA", "NV"], ["declined", "issued", "last_week"]]
           declined  issued  last_week
    state                             
    CA           33     291       23.0
    NV            6      23        3.0
    """
    if ",".join(kinds) not in _CUTS:
        raise unknown("cut of a cohort", ", ".join(kinds), [name.replace(",", ", ") for name in _CUTS])
    return _CUTS[",".join(kinds)](cohort)


def _with_past(cohort: Cohort, kind: str) -> pd.DataFrame:
    """Give the counts of every state or offence group, beside those of the weeks before."""
    counts, declined = cohort.weekly.over(cohort.period.weeks).loc[kind], cohort.weekly.declined[kind]
    table = with_intervals(counts[["issued", "declined"]].astype("int64"), cohort.dispersion[kind])
    table = _without_shares(table, cohort).rename_axis(kind)
    table.loc[table["issued"] < LEAST_FOR_A_SHARE, ["share", "share_low", "share_high"]] = np.nan
    for name, number in (("last_week", 1), ("trailing_mean", TRAILING_WEEKS)):
        weeks = cohort.calendar.full_weeks_before(cohort.period.first_day, number)
        table[name] = declined.loc[as_timestamps(weeks)].mean() if len(weeks) == number else np.nan
    clear = clear_findings(cohort.comparisons)
    own = clear[clear["kind"] == kind].groupby("place")
    words = own.apply(lambda rows: "; ".join(rows["finding"] + " (" + rows["against"] + ")"), include_groups=False)
    return table.assign(finding=words.reindex(table.index).fillna("") if len(words) else "")


def _by_state(cohort: Cohort) -> pd.DataFrame:
    """Count by state; of a source of one state, its rows alone."""
    table = _with_past(cohort, "state")
    of_states = of_weeks(cohort.by_state, cohort.period.weeks, table.index)
    outcomes = disclosure.outcomes_by_state(of_states, cohort.sole_state is not None)
    table = table.join(outcomes.drop(columns=["issued", "declined"]))
    placed = table.drop(index=NOT_GIVEN)["declined"]
    facts = {"least_for_a_share": LEAST_FOR_A_SHARE, "most_declined": int(placed.max())}
    facts["most_place"] = state_name(str(placed.idxmax())) if placed.max() else None
    facts["placed_declined"] = int(placed.sum())
    if cohort.sole_state:
        table = table[table["issued"] > 0]
    table = table.assign(blank=table.index == NOT_GIVEN, state_name=[state_name(place) for place in table.index])
    by = ["blank", "declined", "issued", "state_name"]
    table = table.sort_values(by, ascending=[True, False, False, True]).drop(columns="blank")
    return described(table, cohort, facts=facts, marked="" if cohort.state == ALL else cohort.state)


def _why_no_offences(cohort: Cohort) -> str:
    """Say why offence groups are not shown by week; blank where they are."""
    if "offence_group" in cohort.weekly.declined:
        return ""
    return ONE_STATE if cohort.source.facts.offences else NO_OFFENCE


def _by_group(cohort: Cohort) -> pd.DataFrame:
    """Count by offence group, those with detainers; of a cohort of one group, that one."""
    if reason := _why_no_offences(cohort):
        return _nothing(cohort, reason)
    table = _with_past(cohort, "offence_group")
    table = table if cohort.offence == ALL else table.loc[[cohort.offence]]
    table = table[table["issued"] > 0].sort_values(["declined", "issued"], ascending=False, kind="stable")
    table = table.assign(group=[group_name(group) for group in table.index])
    return described(table, cohort, facts={"least_for_a_share": LEAST_FOR_A_SHARE})


def _by_status(cohort: Cohort) -> pd.DataFrame:
    """Count by offence group and how far the offence went in court."""
    if reason := _why_no_offences(cohort):
        return _nothing(cohort, reason)
    table = disclosure.offences_by_status(cohort.everywhere)
    own = (cohort.offence == ALL) | (table["offence_group"] == cohort.offence)
    table = table[own & (table["issued"] != 0)]
    return described(table.assign(group=table["offence_group"].map(group_name)), cohort)


def _of_nation(cohort: Cohort, count: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """Count the nation's detainers in a way in which those of a source of one state are not shown."""
    if cohort.everywhere.empty:
        return _nothing(cohort, "There is no detainer in this week: nothing to show of outcomes.")
    if cohort.sole_state:
        return _nothing(cohort, "All detainers are of one state: its forms and lift reasons are not shown by week.")
    return described(count(cohort.everywhere), cohort)


def _by_lift_reason(cohort: Cohort) -> pd.DataFrame:
    """List the recorded lift reasons, outcomes in words."""
    table = _of_nation(cohort, disclosure.lift_reasons)
    return described(table.replace({"outcome": MEASURES}), cohort, table.attrs["reason"])


def _by_agency(cohort: Cohort) -> pd.DataFrame:
    """Count the last full quarter's agencies of a state, over all offences."""
    quarter = cohort.last_quarter
    if quarter is None:
        return _nothing(cohort, NO_QUARTER.format("agencies"))
    table = disclosure.agency_outcomes(quarter.detainers)
    return described(table, quarter, table.attrs["reason"])


_CUTS: dict[str, Callable[[Cohort], pd.DataFrame]] = {
    "all": lambda of: _of_nation(of, lambda rows: counting.count_outcomes(rows.assign(all=of.name), "all")),
    "state": _by_state,
    "offence_group": _by_group,
    "offence_group,offence_status": _by_status,
    "form": lambda of: _of_nation(of, disclosure.outcomes_by_form),
    "lift_reason": _by_lift_reason,
    "agency": _by_agency,
}


def cross_tabulate(cohort: Cohort) -> pd.DataFrame:
    """Count the last full quarter's detainers by state and offence group, as may be shown.

    Returns
    -------
    pandas.DataFrame
        One row per state and offence group (``state``, ``state_name``, ``offence_group``, ``group``; sums among them):
        ``declined_shown``, a label, ``declined``, blank where hidden, and ``issued``, blank where either part is; as of
        :func:`analysis.stats.disclosure.cross_tabulate`. Of a cohort of one state or offence group, its rows alone.

    Examples
    --------
    >>> cross_tabulate(cohort("fy2015", "2015-06-20")).attrs["reason"]
    'This source records no offences.'
    """
    quarter = cohort.last_quarter
    if not cohort.source.facts.offences:
        return _nothing(cohort, disclosure.NO_OFFENCES)
    if quarter is None:
        return _nothing(cohort, NO_QUARTER.format("declines by state and offence"))
    table = disclosure.cross_tabulate(quarter.everywhere)
    if table.empty:
        return _nothing(quarter, str(table.attrs["reason"]))
    hidden = int(table.attrs["hidden"])
    for kind, value in (("state", cohort.state), ("offence_group", cohort.offence)):
        table = table if value == ALL else table[table[kind] == value]
    if table.empty:
        few = f"Too few detainers of {cohort.name} in {quarter.period.name} to show them by state and offence."
        return _nothing(quarter, few)
    table = table.assign(
        state_name=table["state"].map(state_name), group=table["offence_group"].map(group_name)
    )
    facts = {"cells_hidden": hidden, "cell_threshold": disclosure.THRESHOLD}
    return described(table, quarter, facts=facts, hidden=hidden)


def key_figures(cohort: Cohort) -> pd.DataFrame:
    """Put a week's main counts beside last week's and the mean of the eight weeks before.

    Outcomes other than declines are given of the nation; of one state this week's alone, as far as small counts allow.

    Returns
    -------
    pandas.DataFrame
        One row per count (index: issued, declined, taken, other_ends, not_recorded, persons where there are ids):
        ``measure`` in words, ``this_week``, ``last_week``, ``trailing_mean`` (NaN = not known, not full, or not shown)
        and ``note``.

    Examples
    --------
    >>> key_figures(cohort("fy2015", "2015-06-20")).loc["declined", ["this_week", "last_week", "note"]].tolist()
    [66.0, 82.0, 'usual: 57 to 110']
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
    table.insert(0, "measure", table.index.map(MEASURES))
    return described(table, cohort)


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
    >>> comparisons(cohort("fy2015", "2015-06-20"))[["against", "place", "finding"]].head(2).values.tolist()
    [['trend', 'the United States', 'lower'], ['trend', 'state not given', 'lower']]
    """
    table = own_comparisons(cohort)
    found = table[table["p"].notna()].reset_index().rename(columns={"place": "code"})
    if found.empty:
        return _nothing(cohort, f"Nothing is compared: {table.loc[(cohort.pairs[0].against, *cohort.cell), 'finding']}.")
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
    >>> march, january = (cohort("fy2015", month) for month in ("2015-03", "2015-01"))
    >>> counts = ["declined", "issued", "declined_before", "issued_before"]
    >>> compare(march, january).loc[["CO", "NY"], counts].values.tolist()
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
    sums = [of.weekly.over(of.period.weeks).loc[[of.cell]].set_axis([names]) for of in (now, before)]
    table = tested.compare(*sums, now.dispersion[now.cell])
    finding = [direction(*row, "") for row in table[["declined", "expected", "p"]].itertuples(index=False)]
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
    return described(
        tested.family(weekly, [pair], later.dispersion[cells], later.events).loc["before"].loc[kind], now
    )


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
    >>> expected(cohort("fy2015", "2015-06-20")).loc["CA", ["observed", "expected"]].round(1).tolist()
    [633, 248.0]
    """
    quarter, has_offences = cohort.last_quarter, cohort.source.facts.offences
    if (reason := _why_not_alike(cohort)) or quarter is None:
        return _nothing(cohort, reason)
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
    >>> shrink(cohort("fy2015", "2015-06-20")).loc["TX", ["share", "shrunken"]].astype(float).round(4).tolist()
    [0.0034, 0.0035]
    """
    quarter = cohort.last_quarter
    if (reason := _why_not_alike(cohort)) or quarter is None:
        return _nothing(cohort, reason)
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
    >>> decompose(cohort("fy2015", "2015-06-20"))[["factor", "change"]].round(4).values.tolist()
    [['state', -0.0146]]
    """
    own = own_comparisons(cohort).xs((ALL, ALL), level=("kind", "place")) if cohort.cell[0] == ALL else None
    clear = [] if own is None else [name for name in own.index if own.loc[name, "finding"] in CLEAR]
    if not clear:
        return _nothing(cohort, "The nation's share has no clear change, so none is taken apart.")
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
    >>> nowcast(cohort("fy2015", "2015-06-20")).attrs["reason"][:48]
    'How finished the week is cannot be measured: the'
    """
    found = None if cohort.delays is None else delays.nowcast(cohort.delays)
    if cohort.sole_outcome:
        return _nothing(cohort, NO_ENDS)
    if found is None or pd.Timestamp(cohort.week) not in found.index:
        return _nothing(cohort, NO_DELAYS, _without_end(cohort))
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
    """Give the nowcasts of unfinished weeks as quantiles (:func:`analysis.stats.nowcast.nowcast_quantiles`)."""
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
    >>> time_to_outcome(cohort("fy2015", "2015-06-20")).attrs["reason"][:52]
    'This source does not say on which day a detainer end'
    """
    rows = cohort.history
    if cohort.sole_outcome or not rows["lifted_on"].notna().any():
        return _nothing(cohort, NO_ENDS if cohort.sole_outcome else NO_LIFT_DATES)
    curves = incidence.cumulative_incidence(rows, cohort.source.facts.extracted_on)
    within = _at_days(curves, [WITHIN_DAYS])
    own = within.loc[within["outcome"] == "declined_by_lea", "incidence"]
    followed = int(curves["at_risk"].max()) if len(curves) else 0
    facts = {"followed": followed, "within_days": WITHIN_DAYS, "declined_within": float(own.iloc[0]) if len(own) else None}
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
