"""What a cohort's counts are: week by week, by state, offence, form and agency, and its key figures."""

from collections.abc import Callable, Sequence
from string import ascii_uppercase
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import InputError, unknown
from analysis.load.reference import events, groups, place_name, states
from analysis.load.table import Outcome, without_repeats
from analysis.periods import as_timestamps, week_of
from analysis.stats import counts as counting
from analysis.stats import disclosure
from analysis.stats.cohort import Cohort, takes_cohort, with_shares
from analysis.stats.comparisons import BEFORE, LAST_WEEK, TRAILING, TREND, clear_findings, usual_range
from analysis.stats.counts import ALL, LEAST_FOR_A_SHARE, NOT_GIVEN, OUTCOME_COLUMNS, TRAILING_WEEKS, TREND_WEEKS

RECENT_WEEKS = 26  # that a row's small bars show
MEASURES = {"issued": "Issued", "declined": "Recorded as declined", "share": "Share declined", "taken": "Taken by ICE"}
MEASURES |= {"other_ends": "Other ends"}
CARDS = ("issued", "declined", "share", "taken", "not_recorded")
MEASURES |= {"not_recorded": "No outcome recorded", "persons": "Different persons named by the detainers counted"}
_NAMES = {"total": "All", "other states": "Other states", "other groups": "Other groups"}
SPANS = {LAST_WEEK: " than last week", TRAILING: f" than in the {TRAILING_WEEKS} weeks before"}
SPANS |= {TREND: f" over {TREND_WEEKS} weeks", BEFORE: ""}  # how a direction goes on, by what it is against
GROWING = {"partial": "only {} of 7 days"} | dict.fromkeys(("provisional", "too young"), "not final yet")
ONE_STATE = "All detainers of this source are of one state: its offence groups are shown by quarter alone."
NO_SUM = "No report is made of it; please tell the project which source and period it was"
NO_QUARTER = "The source covers no full calendar quarter that was over by this week: {} are not shown."


def described(
    frame: pd.DataFrame, cohort: Cohort, reason: str = "", facts: dict[str, Any] | None = None, **more: object
) -> pd.DataFrame:
    """Say in a frame's ``attrs`` of what, when and of which source it is, its caption's facts, and why it is empty."""
    about = {"place_name": cohort.name, "period_name": cohort.period.name, "week": cohort.week.isoformat()}
    frame.attrs = about | {"synthetic": cohort.source.facts.synthetic, "reason": reason, "facts": facts or {}} | more
    return frame


def nothing(cohort: Cohort, reason: str, facts: dict[str, Any] | None = None) -> pd.DataFrame:
    """Give a frame without rows, and why."""
    return described(pd.DataFrame(), cohort, reason, facts)


def state_name(postal: str) -> str:
    """Name a state in full, as tables do; also the blank one, and what a table puts for several."""
    return {**_NAMES, NOT_GIVEN: "State not given"}.get(postal) or str(states().loc[postal, "name"])


def group_name(group: str) -> str:
    """Name an offence group likewise."""
    return {**_NAMES, NOT_GIVEN: "Offence not given"}.get(group) or str(groups().loc[group, "group"])


def cell_name(cohort: Cohort, kind: str, place: str) -> str:
    """Name a cell of a comparison, as sentences do."""
    if kind == "offence_group":
        return group_name(place)
    return "state not given" if place == NOT_GIVEN else place_name((cohort.sole_state or ALL) if kind == ALL else place)


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
    >>> import analysis as an
    >>> states = an.count_outcomes(an.cohort("fy2015", "2015-06-20"), "state")
    >>> states.loc[["CA", "TX"], ["issued", "declined", "taken"]].values.tolist()
    [[291, 33, 40], [306, 2, 81]]
    """
    rows = detainers.detainers if isinstance(detainers, Cohort) else detainers
    names = [by] if isinstance(by, str) else list(by)
    if not isinstance(rows, pd.DataFrame):
        raise InputError("detainers are counted in a table or a cohort", found=rows)
    if not names:
        raise InputError("detainers are counted by one column or several", found=by)
    for name in names:
        if name not in ["week", *rows.columns]:
            raise unknown("column to count by", name, ["week", *rows.columns])
    for name in ("detainers", "issued_on", "outcome"):
        if name not in rows:
            raise InputError(f"a table of detainers needs the column {name!r}", do="Read it with read_release")
    counts = counting.with_intervals(counting.count_outcomes(rows, names))
    return described(counts, detainers) if isinstance(detainers, Cohort) else counts


@takes_cohort
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
    >>> import analysis as an
    >>> weeks = an.weekly_counts(an.cohort("fy2015", "2015-06-20"))
    >>> weeks.loc[["2015-06-20"], ["issued", "declined"]].values.tolist()
    [[1673, 66]]
    """
    calendar, phi = cohort.calendar, cohort.dispersion[cohort.cell]
    declined, issued, exposure = (frame[cohort.cell] for frame in cohort.weekly)
    least = LEAST_FOR_A_SHARE if cohort.sole_state else 0  # whose nation is a state, as in the table of states
    table = with_shares(cohort, pd.DataFrame({"issued": issued, "declined": declined}).rename_axis("week"), phi, least)
    table["status"] = [calendar.status(week) for week in calendar.weeks()]
    full = pd.DataFrame({"declined": declined, "exposure": exposure}).where(table["status"] != "partial")
    past = full.shift().rolling(TRAILING_WEEKS).sum()
    known = (table["status"] == "settled") & (cohort.sole_outcome is None)
    table["expected"] = (past["declined"] / past["exposure"].where(past["exposure"] > 0) * exposure).where(known)
    low, high = usual_range(past["declined"].where(known), exposure, past["exposure"], phi)
    table["usual_low"], table["usual_high"] = low, np.minimum(high, issued)
    sides = [table["declined"] > table["usual_high"], table["declined"] < table["usual_low"]]
    span = known_events(cohort)[["letter", "date", "last_date", "headline"]].astype("str").to_dict("records")
    facts = {"weeks_compared": table["usual_low"].notna().sum(), "weeks_outside": sum(map(sum, sides))}
    return described(table.assign(outside=np.select(sides, ["above", "below"], "")), cohort, facts=facts, events=span)


@takes_cohort
def known_events(cohort: Cohort) -> pd.DataFrame:
    """Give the known events inside a cohort's weeks, which touch all states or its own.

    One row each: ``letter`` (A to Z, then AA and so on, which marks it in the figure of weekly counts), ``date``,
    ``headline``, ``detail`` and more.

    Examples
    --------
    >>> import analysis as an
    >>> an.known_events(an.cohort("fy2015", "2015-06-20"))[["letter", "headline"]].values.tolist()[0]
    ['A', 'New York City enacts a law on detainers']
    """
    span = events(cohort.calendar.first_day, cohort.calendar.last_day, cohort.state)
    letters = [first + second for first in ("", *ascii_uppercase) for second in ascii_uppercase]
    span = span.assign(letter=letters[: len(span)])
    return described(span, cohort, "" if len(span) else "No event that is known lies in these weeks.")


@takes_cohort
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
    >>> import analysis as an
    >>> states = an.counts_by(an.cohort("fy2015", "2015-06-20"), "state")
    >>> states.loc[["CA", "NV"], ["declined", "issued"]].values.tolist()
    [[33, 291], [6, 23]]
    """
    parts = [part.strip() for kind in kinds for part in str(kind).split(",")]
    if ",".join(parts) not in _CUTS:
        raise unknown("cut of a cohort", ", ".join(parts), [name.replace(",", ", ") for name in _CUTS])
    return _CUTS[",".join(parts)](cohort)


def adding_up(cohort: Cohort, by: str, counts: pd.DataFrame, rows: pd.DataFrame | None = None) -> pd.DataFrame:
    """Hold counts, as they are before any is hidden, against the number of the period's detainers, or of ``rows``."""
    rows = cohort.everywhere if rows is None else rows
    numbers, declined = rows["detainers"], rows["outcome"].eq(Outcome.DECLINED)
    expected = {"issued": numbers.sum(), "declined": numbers[declined].sum()}
    found = counts.filter(["issued", "declined"]).sum().to_dict()
    if set(OUTCOME_COLUMNS) <= {*counts}:
        found["issued, by outcome"] = counts[OUTCOME_COLUMNS].to_numpy().sum()
    for name, number in found.items():
        if number != (total := expected[name.partition(",")[0]]):
            what = f"the counts by {by.replace('_', ' ')} do not add up to all detainers of the period ({name})"
            raise InputError(what, file=cohort.source.path, found=int(number), expected=f"{total}", do=NO_SUM)
    return counts


def _with_past(cohort: Cohort, kind: str) -> pd.DataFrame:
    """Give the counts of every state or offence group, beside those of the weeks before."""
    counts, declined = cohort.weekly.over(cohort.period.weeks).loc[kind], cohort.weekly.declined[kind]
    adding_up(cohort, kind, counts)
    table = with_shares(cohort, counts[["issued", "declined"]].astype("int64"), cohort.dispersion[kind])
    for name, number in (("last_week", 1), ("trailing_mean", TRAILING_WEEKS)):
        weeks = cohort.calendar.full_weeks_before(cohort.period.first_day, number)
        table[name] = declined.loc[as_timestamps(weeks)].mean() if len(weeks) == number else np.nan
    clear = clear_findings(cohort.comparisons).query("kind == @kind")
    words = (clear["finding"] + clear["against"].map(SPANS)).groupby(clear["place"]).agg("; ".join)
    return table.assign(finding=words.reindex(table.index).fillna("")).rename_axis(kind)


def _recent(cohort: Cohort, by_week: pd.DataFrame) -> dict[str, list[float]]:
    """Give the counts of the last 26 full weeks up to the cohort's last one, which need not be full, by column."""
    weeks = [*cohort.calendar.full_weeks_before(cohort.week, RECENT_WEEKS - 1), cohort.week]
    return {str(name): values.tolist() for name, values in by_week.loc[as_timestamps(weeks)].astype(float).items()}


def _growing(cohort: Cohort) -> str:
    """Say in what an unfinished week is unfinished; blank = it is not."""
    return GROWING.get(cohort.status, "").format(cohort.calendar.days_covered(cohort.week))


def _by_state(cohort: Cohort) -> pd.DataFrame:
    """Count by state; of a source of one state, its rows alone."""
    table = _with_past(cohort, "state")
    of_states = adding_up(cohort, "state", counting.of_weeks(cohort.by_state, cohort.period.weeks, table.index))
    outcomes = disclosure.outcomes_by_state(of_states, cohort.sole_state is not None)
    table = table.join(outcomes.drop(columns=["issued", "declined"]))
    placed = table.drop(index=NOT_GIVEN)["declined"]
    facts = {"least_for_a_share": LEAST_FOR_A_SHARE, "most_declined": placed.max(), "placed_declined": placed.sum()}
    if growing := _growing(cohort):
        facts["unfinished"] = growing.capitalize()
    facts["most_place"] = state_name(str(placed.idxmax())) if placed.max() else None
    table = table[(table["issued"] > 0) | (table.index == cohort.sole_state)] if cohort.sole_state else table
    table = table.assign(state_name=table.index.map(state_name)).sort_values("state_name")
    table = table.sort_values(["declined", "issued"], ascending=False, kind="stable")
    table = table.sort_index(key=lambda place: place == NOT_GIVEN, kind="stable")
    recent = _recent(cohort, cohort.weekly.declined["state"])
    return described(table, cohort, facts=facts, recent=recent, marked="" if cohort.state == ALL else cohort.state)


def _by_group(cohort: Cohort, *, by_status: bool = False) -> pd.DataFrame:
    """Count by offence group, also by how far the offence went in court; of a cohort of one group, that one."""
    if "offence_group" not in cohort.weekly.declined:
        return nothing(cohort, ONE_STATE if cohort.source.facts.offences else disclosure.NO_OFFENCES)
    table = disclosure.offences_by_status(cohort.everywhere) if by_status else _with_past(cohort, "offence_group")
    groups_of = table["offence_group"] if by_status else table.index.to_series()
    table = table.assign(group=groups_of.map(group_name))
    table = table[((cohort.offence == ALL) | (groups_of == cohort.offence)) & (table["issued"] != 0)]
    if by_status:
        return described(table, cohort)
    table = table.sort_values(["declined", "issued"], ascending=False, kind="stable")
    recent = _recent(cohort, cohort.weekly.declined["offence_group"])
    return described(table, cohort, facts={"least_for_a_share": LEAST_FOR_A_SHARE}, recent=recent)


def _of_nation(cohort: Cohort, by: str, count: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """Count the nation's detainers by what those of a source of one state are not shown by."""
    if cohort.everywhere.empty:
        return nothing(cohort, "There is no detainer in this week: nothing to show of outcomes.")
    if cohort.sole_state:
        return nothing(cohort, "All detainers are of one state: its forms and lift reasons are not shown by week.")
    adding_up(cohort, by, counting.count_outcomes(cohort.everywhere, by))
    return described(count(cohort.everywhere), cohort)


def _by_agency(cohort: Cohort) -> pd.DataFrame:
    """Count the last full quarter's agencies of a state, over all offences."""
    if cohort.last_quarter is None:
        return nothing(cohort, NO_QUARTER.format("agencies"))
    table = disclosure.agency_outcomes(cohort.last_quarter.detainers)
    if not table.empty:
        adding_up(cohort.last_quarter, "agency", table[["issued"]], cohort.last_quarter.detainers)
    return described(table, cohort.last_quarter, table.attrs["reason"])


_CUTS: dict[str, Callable[[Cohort], pd.DataFrame]] = {
    "all": lambda of: _of_nation(of, "outcome", lambda rows: counting.count_outcomes(rows.assign(all=of.name), "all")),
    "state": _by_state,
    "offence_group": _by_group,
    "offence_group,offence_status": lambda of: _by_group(of, by_status=True),
    "form": lambda of: _of_nation(of, "form", disclosure.outcomes_by_form),
    "lift_reason": lambda of: _of_nation(
        of, "lift_reason", lambda rows: disclosure.lift_reasons(rows).replace({"outcome": MEASURES})
    ),
    "agency": _by_agency,
}


@takes_cohort
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
    >>> import analysis as an
    >>> an.cross_tabulate(an.cohort("fy2015", "2015-06-20")).attrs["reason"]
    'This source records no offences.'
    """
    quarter = cohort.last_quarter
    if quarter is None or not cohort.source.facts.offences:
        lacks = cohort.source.facts.offences and NO_QUARTER.format("declines by state and offence")
        return nothing(cohort, lacks or disclosure.NO_OFFENCES)
    table = disclosure.cross_tabulate(quarter.everywhere)
    if not table.empty:
        whole = table[["state", "offence_group"]].eq(disclosure.TOTAL).all(axis="columns")
        adding_up(quarter, "state and offence", table[whole])
    hidden, reason = int(table.attrs["hidden"]), str(table.attrs["reason"])
    for kind, value in (("state", cohort.state), ("offence_group", cohort.offence)):
        table = table if value == ALL else table[table[kind] == value]
    if table.empty:
        few = f"Too few detainers of {cohort.name} in {quarter.period.name} to show them by state and offence."
        return nothing(quarter, reason or few)
    named = {"state_name": ("state", state_name), "group": ("offence_group", group_name)}
    for name, (kind, called) in named.items():  # each value once
        table[name] = table[kind].map({value: called(value) for value in table[kind].unique()})
    facts = {"cells_hidden": hidden, "cell_threshold": disclosure.THRESHOLD}
    return described(table, quarter, facts=facts, hidden=hidden)


@takes_cohort
def key_figures(cohort: Cohort) -> pd.DataFrame:
    """Put a week's main counts beside last week's and the mean of the eight weeks before.

    Outcomes other than declines are given of the nation; of one state this week's alone, as far as small counts allow.

    Returns
    -------
    pandas.DataFrame
        One row per count (index: issued, declined, taken, other_ends, not_recorded, persons where there are ids), and
        the ``share`` declined: ``measure`` in words, ``this_week``, ``last_week``, ``trailing_mean`` (NaN = not known,
        not full, not shown, or not to be held against an unfinished week), ``note``, and ``card``: whether the page
        shows it at its head.

    Examples
    --------
    >>> import analysis as an
    >>> an.key_figures(an.cohort("fy2015", "2015-06-20")).loc["declined", "note"]
    'usual: 57 to 110'
    """
    if len(cohort.period.weeks) > 1:
        do = "Count a longer period with count_outcomes or counts_by"
        raise InputError("key figures are those of one week", found=cohort.period.name, do=do)
    index = as_timestamps([*cohort.calendar.full_weeks_before(cohort.week, TRAILING_WEEKS), cohort.week])
    kind, place = cohort.cell
    counts = pd.DataFrame({name: getattr(cohort.weekly, name)[cohort.cell] for name in ("issued", "declined")})
    if kind == ALL:
        counts = cohort.by_state.groupby(level=0).sum().reindex(counts.index, fill_value=0)
        records = without_repeats(cohort.records, cohort.repeats)
        if records["person"].notna().any():
            persons = records.groupby(week_of(records["issued_on"]))["person"].nunique()
            counts["persons"] = persons.reindex(counts.index, fill_value=0)
    weeks = weekly_counts(cohort)
    counts.insert(2, "share", weeks["share"])
    wanted = counts.loc[index].astype(float)
    table = pd.DataFrame({"this_week": wanted.iloc[-1]})
    table["last_week"] = wanted.iloc[-2] if cohort.calendar.full_weeks_before(cohort.week, 1) else np.nan
    table["trailing_mean"] = wanted.iloc[:-1].mean() if len(index) > TRAILING_WEEKS else np.nan
    if pd.notna(table.loc["share", "trailing_mean"]):  # that of all of the weeks before, not a mean of shares
        table.loc["share", "trailing_mean"] = wanted["declined"].iloc[:-1].sum() / wanted["issued"].iloc[:-1].sum()
    table["note"] = ""
    own = weeks.loc[pd.Timestamp(cohort.week)]
    if not np.isnan(own["usual_low"]):
        table.loc["declined", "note"] = f"usual: {own['usual_low']:.0f} to {own['usual_high']:.0f}"
    if not np.isnan(own["share_low"]):
        table.loc["share", "note"] = f"95% interval: {own['share_low']:.1%} to {own['share_high']:.1%}"
    if kind == "state" or cohort.sole_state:  # in a source of one state the nation is the state
        shown = counts_by(cohort, "state").loc[cohort.sole_state or place]
        for name in OUTCOME_COLUMNS[1:]:
            hidden = "" if shown[f"{name}_shown"].isdecimal() else disclosure.WITHHELD
            table.loc[name] = [shown[name], np.nan, np.nan, hidden]
    if growing := _growing(cohort):
        full = ["issued", "persons"] if cohort.status != "partial" else []  # of a full week, all are issued
        names = table.index.difference(full, sort=False)  # less is recorded of it than of the weeks before
        table.loc[names, ["last_week", "trailing_mean"]] = np.nan
        table.loc[names, "note"] = [f"{growing}; {note}".removesuffix("; ") for note in table.loc[names, "note"]]
    table.insert(0, "measure", table.index.map(MEASURES))
    table["card"] = table.index.isin(CARDS)
    drawn = counts.drop(columns=OUTCOME_COLUMNS[1:]) if cohort.sole_state else counts
    recent = _recent(cohort, drawn.assign(share=1000 * counts["share"]).reindex(columns=table.index).fillna(0))
    return described(table, cohort, recent=recent, kinds={"share": "share"})
