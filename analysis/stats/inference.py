"""What a cohort's counts are held against: earlier periods, what is still to come, when; and the facts of its page."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.duration.survfunc import CumIncidenceRight

from analysis.errors import InputError, called, unknown
from analysis.load.reference import place_name, states
from analysis.load.sources import SourceFacts
from analysis.load.table import Outcome, without_repeats
from analysis.periods import SETTLING_DAYS, WEEK, as_timestamps, last_day, name_week, refuse_shared_weeks
from analysis.stats import comparisons as tested
from analysis.stats import nowcast as delays
from analysis.stats.cohort import ONE_END, Cohort, compare_cells, detainers_sha256, pair_of, takes_cohort
from analysis.stats.comparisons import BEFORE, CLEAR, LAST_WEEK, MINIMUM_DIFFERENCE, TRAILING, TREND, direction
from analysis.stats.counts import ALL, NOT_GIVEN, OUTCOME_COLUMNS, TRAILING_WEEKS, TREND_WEEKS, of_weeks, rows_of_weeks
from analysis.stats.summary import SPANS, cell_name, described, key_figures, nothing, weekly_counts

WEEKS_OF_NOWCAST = 26
NO_DELAYS = (
    "How finished the week is cannot be measured: the source does not say on which day a decline was recorded, and has "
    "no two versions from which to tell. Older weeks had longer for an outcome to be recorded."
)
NO_ENDS = "Every row of the source has the same recorded end: nothing is said of how finished it is, nor of ends."
NO_SHARE = f"{ONE_END}, so no share is given"
NOT_EXTRACTED = "day of extraction not known, taken as the newest day of issue or of an end"
MOST_NAMED = 4  # clear findings that a lead names in a sentence each; the others are named without their numbers
# The competing ends, as wide as the totals of a week that are printed: an end by itself, read off the reports of two
# weeks, would give that week's count of it away, and with it those of the lift reasons of which small ones are hidden.
CAUSES = (Outcome.DECLINED, Outcome.TAKEN, Outcome.OTHER)
ESTIMATED = ["incidence", "se", "low", "high"]
FOLLOWED, WITHIN_DAYS = 60, 30  # days since issue to which curves are followed, and within which declines are told
NO_LIFT_DATES = "This source does not say on which day a detainer ended: no time from issue to decline can be given."


def own_comparisons(cohort: Cohort) -> pd.DataFrame:
    """Give the comparisons that the cohort's page shows: of the nation all, of a state or offence group its own."""
    table, cell = cohort.comparisons, cohort.cell
    return table if cell == (ALL, ALL) else table.loc[[name[1:] == cell for name in table.index]]


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
        The two are no cohorts and no frames, share a week, or are a state and an offence group; or there is no such
        cell.

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
    kinds = now.weekly.declined.columns.unique(0)
    if by not in kinds:
        raise unknown("cell to compare by", by, kinds)
    cells = now.cell, before.cell
    if {kind for kind, _ in cells} == {"state", "offence_group"}:
        found = f"{now.name} and {before.name}"
        raise InputError("a state is not compared with an offence group", found=found, do="Take two of one kind")
    same = now.source is before.source or now.source.sha256 == before.source.sha256
    if not same or now.cell != before.cell:
        names = now.name if now.name == before.name else f"{now.name} against {before.name}"
        own, other = (of.weekly.over(of.period.weeks).loc[[of.cell]].set_axis([names]) for of in (now, before))
        table = tested.compare(own, other, now.dispersion[now.cell])
        finding = [direction(row.declined, row.expected, row.p) or row.reason for row in table.itertuples()]
        return described(table.assign(p_adjusted=table["p"], between="", finding=finding), now)
    refuse_shared_weeks(before.period, now.period)
    later = max(now, before, key=lambda one: one.week)
    kind = by if now.cell[0] == ALL else now.cell[0]
    shown = [cell for cell in later.weekly.declined if cell[0] == kind and now.cell[1] in (ALL, cell[1])]
    return described(compare_cells(later, [pair_of(now, before)], shown).loc[BEFORE].loc[kind], now)


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
    pair, counts = cohort.pairs[-1], cohort.by_state.groupby(level="week").sum()
    sums = pd.DataFrame([counts.reindex(as_timestamps(weeks)).sum() for weeks in (pair.now, pair.before)])
    if pair.refusal or cohort.sole_state or not sums["issued"].all():
        return {}
    newer, older = map(float, sums["not_recorded"] / sums["issued"])
    return {"no_end_newer": newer, "no_end_older": older, "no_end_weeks": len(pair.now)}


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


def aalen_johansen(days: ArrayLike, cause: ArrayLike, causes: int) -> pd.DataFrame:
    """Estimate the cumulative incidence of causes 1 up to ``causes`` by distinct day; ``cause`` 0 = not ended so far.

    Its interval is on the complementary log-log scale. Aalen and Johansen (1978), Scand. J. Stat. 5, 141-150.
    """
    time, status = np.asarray(days, dtype=float), np.asarray(cause, dtype=int)
    if not len(time):
        return pd.DataFrame(columns=["cause", "day", "at_risk", *ESTIMATED], dtype="float64")
    with np.errstate(divide="ignore", invalid="ignore"):  # the last day, if nobody is left to follow
        fitted = CumIncidenceRight(time, status)
    f, se = np.zeros((2, causes, len(fitted.times)))
    for number, occurring in enumerate(fitted.cinc):
        f[number], se[number] = np.minimum(occurring, 1.0), fitted.cinc_se[number]
    se[f == 0] = np.nan
    inside = (f > 0) & (f < 1)
    safe = np.where(inside, f, 0.5)
    reach = np.exp(stats.norm.isf(0.025) * se / ((1 - safe) * -np.log1p(-safe)))
    low, high = (np.where(inside, 1 - (1 - safe) ** power, np.nan) for power in (1 / reach, reach))
    of, day = np.repeat(np.arange(1, causes + 1), len(fitted.times)), np.tile(fitted.times, causes)
    at_risk = len(time) - np.searchsorted(np.sort(time), day)
    estimated = dict(zip(ESTIMATED, map(np.ravel, (f, se, low, high)), strict=True))
    return pd.DataFrame({"cause": of, "day": day, "at_risk": at_risk, **estimated})


def cumulative_incidence(table: pd.DataFrame, extracted_on: date) -> pd.DataFrame:
    """Give the share of detainers that had ended in each way of :data:`CAUSES`, by days since issue.

    Those without a recorded end are followed to the extraction; those with days missing or out of order are left out.
    """
    issued, lifted, end = table["issued_on"], table["lifted_on"], pd.Timestamp(extracted_on)
    still_open = table["outcome"] == Outcome.NOT_RECORDED
    if not still_open.all() and lifted.isna().all():
        what = "the source does not say on which day detainers ended"
        raise InputError(what, do="Time to decline needs a release with lift dates")
    until = lifted.where(lifted.notna() | ~still_open, end)
    kept = (issued <= until) & (until <= end)
    days = (until - issued)[kept].dt.days
    number_of = dict.fromkeys(Outcome, 3) | {Outcome.NOT_RECORDED: 0, Outcome.DECLINED: 1, Outcome.TAKEN: 2}
    cause = table.loc[kept, "outcome"].map(number_of).astype(float).where(days <= FOLLOWED, 0)
    curves = aalen_johansen(days.clip(upper=FOLLOWED), cause, len(CAUSES))
    curves.insert(0, "outcome", curves.pop("cause").map({n: str(name) for n, name in enumerate(CAUSES, 1)}))
    return curves


@takes_cohort
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
        (:func:`cumulative_incidence`).

    Examples
    --------
    >>> import analysis as an
    >>> an.time_to_outcome(an.cohort("fy2015", "2015-06-20")).attrs["reason"][:52]
    'This source does not say on which day a detainer end'
    """
    if np.ndim(at) != 1:
        raise InputError("curves are read off at a list of days", found=at, expected="one such as [7, 30]")
    rows = cohort.history
    if cohort.sole_outcome or not rows["lifted_on"].notna().any():
        return nothing(cohort, NO_ENDS if cohort.sole_outcome else NO_LIFT_DATES)
    if cohort.sole_state:
        return nothing(cohort, "All detainers are of one state: the times to their ends would tell small counts.")
    curves = cumulative_incidence(rows, cohort.source.facts.extracted_on)
    own = _at_days(curves, [WITHIN_DAYS]).query("outcome == 'declined_by_lea'")["incidence"]
    followed = int(curves["at_risk"].max()) if len(curves) else 0
    facts = {"followed": followed, "within_days": WITHIN_DAYS, "declined_within": next(map(float, own), None)}
    return described(_at_days(curves, at) if len(at) else curves, cohort, facts=facts)


def _at_days(curves: pd.DataFrame, days: Sequence[int]) -> pd.DataFrame:
    """Read the curves of outcomes that occur off at some days, up to the longest followed."""
    steps = curves[curves.groupby("outcome")["incidence"].transform("max") > 0].drop(columns="se")
    by_outcome = [curve for _, curve in steps.groupby("outcome", sort=False)]
    rows = [c[c["day"] <= day].tail(1).assign(day=day) for c in by_outcome for day in days if day <= c["day"].max()]
    return pd.concat(rows) if rows else steps


def extraction_facts(facts: SourceFacts) -> dict[str, str | None]:
    """Give the day of a source's extraction as facts, where it is known; the day that stands in for it is no fact."""
    if not facts.extracted_known:
        return {"extracted_on": None, "extracted_words": NOT_EXTRACTED}
    day = facts.extracted_on
    return {"extracted_on": day.isoformat(), "extracted_words": f"extracted on {day.day} {day:%B} {day.year}"}


def cohort_facts(cohort: Cohort) -> dict[str, Any]:
    """Gather what sentences say of a weekly cohort, by id; ``finding_1_…`` and so on in the order of naming."""
    if len(cohort.period.weeks) > 1:
        raise InputError("a weekly page is about one week", found=cohort.period.name, expected="a Saturday")
    week, figures = weekly_counts(cohort).loc[pd.Timestamp(cohort.week)], key_figures(cohort)["this_week"]
    tables, quarter = cohort.comparisons, cohort.last_quarter and cohort.last_quarter.period
    known = cohort.dispersion.attrs["weeks"]
    facts: dict[str, Any] = {"week": cohort.week, "week_end": cohort.period.last_day, "status": cohort.status}
    facts |= {"week_name": name_week(cohort.week), "detainers_sha256": detainers_sha256(cohort)}
    facts |= {"days_covered": cohort.calendar.days_covered(cohort.week)}
    facts |= {"place": cohort.cell[1], "place_name": cohort.name, "nation_name": place_name(cohort.sole_state or ALL)}
    facts |= {"place_title": cohort.name[0].upper() + cohort.name[1:], **week.drop(["status", "outside"])}
    facts |= {"issued": int(week["issued"]), "declined": int(week["declined"]), "outside": week["outside"] or None}
    facts |= {"no_share": NO_SHARE if cohort.sole_outcome else None, "dispersion": cohort.dispersion[cohort.cell]}
    facts |= {"dispersion_weeks": known, "chance_alone": known < TRAILING_WEEKS, "tests": tables["p"].notna().sum()}
    facts |= {"settling_days": SETTLING_DAYS, "trailing_weeks": TRAILING_WEEKS, "trend_weeks": TREND_WEEKS}
    facts |= {"data_through": cohort.source.facts.last_day, "trend_to": last_day(cohort.pairs[-1].now[-1])}
    named = {"name": "name", "first": "first_day", "last": "last_day"}
    facts |= {f"quarter_{part}": quarter and getattr(quarter, name) for part, name in named.items()}
    facts |= {name: None if pd.isna(n := figures.get(name)) else int(n) for name in OUTCOME_COLUMNS[1:]}
    for against, name in ((LAST_WEEK, "last_week"), (TRAILING, "trailing"), (TREND, "trend")):
        if (against, *cohort.cell) in tables.index:
            facts |= tables.loc[(against, *cohort.cell)].drop("reason").add_prefix(f"{name}_").to_dict()
    facts |= _finished_facts(cohort) | largest_place(cohort) | finding_facts(cohort, own_comparisons(cohort))
    return facts | _nation_facts(cohort) if cohort.cell == (ALL, ALL) else facts


def _finished_facts(cohort: Cohort) -> dict[str, object]:
    """Say how the week's status is known, which check of its data it fails, and what the nation's will have."""
    week, triangle, failed = pd.Timestamp(cohort.week), cohort.delays, cohort.failed_check or {}
    complete = None if triangle is None else delays.maturities(triangle)["completeness"].clip(upper=1).get(week)
    by = f"by the rule of {SETTLING_DAYS} days" if pd.isna(complete) else "as measured"
    by = "by the days covered" if cohort.status == "partial" else by
    facts: dict[str, object] = dict.fromkeys(("check", "check_found", "check_usual", "nowcast"))
    facts |= {**failed, "status_by": "it fails a check" if failed else by}
    facts["week_completeness"] = None if cohort.status == "partial" else complete
    if triangle is None or cohort.cell[0] != ALL or (found := nowcast(cohort)).empty:
        return facts
    now = found.loc[week]
    facts |= {"nowcast_level": delays.BAND, **{f"nowcast_{name}": now[name] for name in ("low", "high", "recorded")}}
    facts |= {"nowcast": now["estimate"], "maturity": now["maturity"], "nowcast_reason": now["reason"] or None}
    return facts | delays.past_bands(triangle)


def _nation_facts(cohort: Cohort) -> dict[str, object]:
    """Count states, records, repeats and persons of the week."""
    counts = of_weeks(cohort.by_state, [cohort.week], [*states().index, NOT_GIVEN])
    records = rows_of_weeks(cohort.records, [cohort.week])
    number, of_states = records["detainers"], (counts.drop(index=NOT_GIVEN) > 0).sum()
    persons = records["person"].nunique() if cohort.records["person"].notna().any() else None
    facts = {"states_with_detainers": of_states["issued"], "states_with_declines": of_states["declined"]}
    facts |= {"state_not_given": counts.loc[NOT_GIVEN, "issued"], "persons": persons, "repeats_are": cohort.repeats}
    facts |= {"declined_state_not_given": counts.loc[NOT_GIVEN, "declined"], "records": number.sum()}
    facts |= {"repeats_flagged": number.sum() - without_repeats(records)["detainers"].sum()}
    return facts | {"without_id": number[records["person"].isna()].sum()}


def largest_place(cohort: Cohort) -> dict[str, object]:
    """Say which state holds over half of the nation's declines of the week, if one does, and what remains then."""
    declined = of_weeks(cohort.by_state, [cohort.week], list(states().index))["declined"]
    total = int(cohort.weekly.declined[ALL, ALL].loc[pd.Timestamp(cohort.week)])
    alone = cohort.cell != (ALL, ALL) or cohort.sole_state or total < MINIMUM_DIFFERENCE or 2 * declined.max() <= total
    if alone:
        return {"apart_name": None}
    place = str(declined.idxmax())
    facts = {"apart_name": place_name(place), "apart_declined": int(declined[place]), "apart_total": total}
    weeks = {"": cohort.week} | ({"_before": cohort.week - WEEK} if not cohort.pairs[0].refusal else {})
    for name in ("declined", "issued"):
        rest = getattr(cohort.weekly, name)[ALL, ALL] - getattr(cohort.weekly, name)["state", place]
        facts |= {f"elsewhere_{name}{when}": int(rest.loc[pd.Timestamp(week)]) for when, week in weeks.items()}
    return facts


def finding_facts(cohort: Cohort, comparisons: pd.DataFrame) -> dict[str, object]:
    """Give the clear findings of a page's comparisons as facts: the first one by one, the names of the others."""
    clear = tested.clear_findings(comparisons)
    clear["name"] = [cell_name(cohort, *cell) for cell in zip(clear["kind"], clear["place"], strict=True)]
    more = [f"{row.name} ({row.finding}{SPANS[row.against]})" for row in clear[MOST_NAMED:].itertuples(index=False)]
    facts: dict[str, object] = {"findings": len(clear), "more_findings": "; ".join(more) or None}
    named = ["name", "against", "place", "finding", "share", "share_before"]
    named += ["declined", "issued", "declined_before", "issued_before"]
    for number, told in enumerate(clear.head(MOST_NAMED).to_dict("records"), 1):
        where = f"For {told['name']}" if told["kind"] == "offence_group" else f"In {told['name']}"
        where = "Among detainers whose state is not given" if told["place"] == NOT_GIVEN else where
        facts |= {f"finding_{number}_{key}": told[key] for key in named}
        facts |= {f"finding_{number}_where": where, f"finding_{number}_between": told["between"] or None}
    return facts
