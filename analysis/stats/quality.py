"""How good a source is, a week of it, or one of ICE's reports: what was read, what lacks, and whether that is usual."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from analysis.errors import InputError, unknown
from analysis.load import quality as load
from analysis.load.quality import ERRORS, LEVELS, NOT_JUDGED, PASS, STOP, WARN, Check, against_known, check_of
from analysis.load.reference import STATUS_GROUPS
from analysis.load.releases import GATES, STOP_UNDATED
from analysis.load.sources import Source, only
from analysis.load.table import COUNTED, Outcome
from analysis.periods import SETTLING_DAYS, as_timestamps, week_of
from analysis.stats import disclosure
from analysis.stats.cohort import Cohort, aged_calendar, not_a_cohort
from analysis.stats.counts import TRAILING_WEEKS
from analysis.stats.inference import extraction_facts
from analysis.stats.nowcast import SETTLED
from analysis.stats.published import PublishedWeek

READ, ENDS = "quality_read", "quality_not_recorded"
OF_GATE = {"detainers": READ, "ends": ENDS, "states": "quality_blank_state"}  # check that stops where a gate fails
# The count of each check of a share, and what the source must have for it.
SHARES = {"counted": "person", "repeats": "person", "blank_person": "person", "blank_state": "state"}
SHARES |= {"not_recorded": "outcome", "unplaced": "offence"}
PARTS = ("scorecard", "weeks", "bulk_days")


def quality(of: Source | Cohort | PublishedWeek, part: str = "scorecard") -> pd.DataFrame:
    """Say how good a source is, a week of it, or one of ICE's reports of 2017.

    A source is held against what is published of releases of its form, a week against the eight full weeks before it:
    a share warns as a blank share does, the number read outside the range of those weeks by more than three of its
    square roots, and what a failed gate is about stops. Nothing is judged in a partial week or without eight full weeks
    before it, nor the ends of an unsettled one. A report of 2017 is held against what is known of it.

    Parameters
    ----------
    of
        A source, a cohort of one week, or a published week.
    part
        ``scorecard``; of a source also ``weeks`` (what was recorded of each) and ``bulk_days`` (days on which one place
        has far more detainers than on its others).

    Returns
    -------
    pandas.DataFrame
        One row per check, what stops or warns first: ``level`` (pass, warn, stop; blank = nothing to hold it against),
        ``checked``, ``found`` (a number, a day or words, as text), ``part_found`` (its share), ``norm`` (the published
        share nearest to it; of a week ``usual_share``, the median of the weeks before; of a report none) and ``note``.
        A check without its column is left out. ``attrs["facts"]`` has all of it by id, ``attrs["checks"]`` the ids, and
        of a source ``attrs["lacking"]`` the columns without any value.

    Examples
    --------
    >>> from analysis.load.sources import open_source
    >>> quality(open_source("fy2015"))["level"].value_counts().to_dict()
    {'pass': 11, 'warn': 2}
    """
    if not isinstance(of, Source | Cohort | PublishedWeek):
        raise not_a_cohort("quality", of, "a source, a cohort or a published week")
    if part not in PARTS:
        raise unknown("part of the quality", part, PARTS)
    if part != PARTS[0] and not isinstance(of, Source):
        raise InputError(f"the quality has the part {part!r} of a source alone", do="Give it an.open_source(name)")
    if isinstance(of, PublishedWeek):
        return _shown(load.report_scorecard(of.week), None, {"limit_totals": load.TOTALS_DIFFER})
    if isinstance(of, Cohort):
        if len(of.period.weeks) > 1:
            do = "Give a cohort of one of its weeks, or the source by an.open_source(name)"
            raise InputError("the quality is that of one week or of a source", found=of.period.name, do=do)
        limits = {"limit_drift": load.DRIFT, "limit_errors": ERRORS, "limit_least_drift": load.LEAST_DRIFT}
        limits |= {"limit_there": load.LEAST_THERE, "trailing_weeks": TRAILING_WEEKS}
        return _shown(load.as_card(_week_scorecard(of)), "usual_share", limits)
    table = of.detainers()
    if part == "weeks":
        frame = load.recording_by_week(table, aged_calendar(of))
        if only(table, "state"):  # its small counts are hidden as a state's are
            frame[["not_recorded", "blank_share"]] = np.nan
        frame.attrs = {"facts": {"unfinished_weeks": int((frame["unfinished"] != "").sum())}}
    elif part == "bulk_days":
        frame = _bulk_days(table)
    else:
        card = load.read_scorecard(of.scorecard)
        weeks = load.as_card([load.unfinished_weeks(load.recording_by_week(table, aged_calendar(of)))])
        same = card["check"].eq("unfinished_weeks")  # on import the rule of days alone is known
        frame = _shown(pd.concat([card[~same], weeks.set_axis(card.index[same])]).sort_index(), "norm", {})
        frame.attrs["lacking"] = [name for name in table.columns if table[name].isna().all()]
    facts = frame.attrs.get("facts", {}) | _source_facts(of)
    about = {"place_name": facts["title"], "data_through": facts["data_through"], "synthetic": of.facts.synthetic}
    frame.attrs = {**about, **frame.attrs, "facts": facts}
    return frame


def _shown(card: pd.DataFrame, norm: str | None, limits: Mapping[str, object]) -> pd.DataFrame:
    """Write a scorecard's numbers for a reader; what stops first, then what warns, else in the order of the checks."""
    rows = card.assign(found=card["found"].map(load.written))
    rows = rows.rename(columns={"what": "checked", "share": "part_found", "norm": norm or "norm"})
    rows = rows.sort_values("level", key=lambda level: -level.map((NOT_JUDGED, *LEVELS).index), kind="stable")
    frame = rows[["level", "checked", "found", "part_found", *[norm] * bool(norm), "note"]].reset_index(drop=True)
    names = {f"{row.check}_what": row.what for row in card[card["level"] != PASS].itertuples() if norm == "norm"}
    frame.attrs = {"facts": load.scorecard_facts(card) | names | dict(limits), "checks": rows["check"].tolist()}
    return frame


def _source_facts(source: Source) -> dict[str, object]:
    """Give what sentences say of a source and of the limits of its checks, by id."""
    facts = source.facts
    limits: dict[str, float] = {"settling_days": SETTLING_DAYS, "settled": SETTLED, "drift": load.DRIFT}
    limits |= {"batch": load.BULK_LEAST, "batch_times": load.BULK_TIMES, "batch_rank": load.BULK_RANK}
    limits |= {"errors": ERRORS, "least_drift": load.LEAST_DRIFT, "strays": load.WARN_STRAYS, "undated": STOP_UNDATED}
    limits |= {"repeats": load.WARN_REPEATS, "unplaced": load.WARN_UNPLACED, "totals": load.TOTALS_DIFFER}
    limits |= {"fewer_ends": load.FEWER_ENDS, "named": load.LEAST_NAMED}
    for column, (_, stop) in GATES.items():
        limits |= {f"{column}_warn": load.WARN_STRAYS, f"{column}_stop": stop}
    named = {"title": facts.title, "from_day": facts.first_day.isoformat(), "data_through": facts.last_day.isoformat()}
    return {**named, **extraction_facts(facts), **{f"limit_{name}": limit for name, limit in limits.items()}}


def _bulk_days(table: pd.DataFrame) -> pd.DataFrame:
    """Give the days far above a place's others; a usual number of detainers under five is not given."""
    days, least = load.bulk_days(table), load.LEAST_NAMED
    usual = ["" if pd.isna(n) else f"{n:,.0f}" if n >= least else f"under {least}" for n in days["usual"]]
    rows = days.assign(date=days["issued_on"], usual=usual, agency=days["agency"].fillna("all of the state"))
    return rows[["date", "state", "agency", "detainers", "usual"]]


def _week_scorecard(cohort: Cohort) -> Iterator[Check]:
    """Check what was read of a cohort's week, repeats included, against the eight full weeks before it."""
    records, week, calendar = cohort.records, cohort.week, cohort.calendar
    earlier = calendar.full_weeks_before(week, TRAILING_WEEKS)
    counts = _counts(records, cohort.repeats).reindex(as_timestamps([*earlier, week]), fill_value=0)
    now, before = counts.iloc[-1].astype(int), counts.iloc[:-1]
    refusal = "" if now["read"] else "no detainer in this week"
    if calendar.is_partial(week):
        refusal = f"the source covers {calendar.days_covered(week)} of the week's 7 days"
    elif len(earlier) < TRAILING_WEEKS:
        refusal = f"only {len(earlier)} of {TRAILING_WEEKS} full weeks before"
    stops = OF_GATE[str(cohort.failed_check["check"])] if cohort.failed_check else ""
    nearest = float(np.clip(now["read"], before["read"].min(), before["read"].max()))
    far = abs(now["read"] - nearest) > ERRORS * np.sqrt(max(1.0, nearest))
    level, note = WARN if far else PASS, f"usual: {before['read'].median():,.0f}"
    if refusal:
        level, note = NOT_JUDGED, refusal
    yield check_of(READ, now["read"], None, STOP if stops == READ else level, note=note)
    has_column = {name: records[name].notna().any() for name in ("person", "state", "outcome")}
    has_column["offence"] = cohort.source.facts.offences
    for part, column in SHARES.items():
        check, of = f"quality_{part}", "offences" if part == "unplaced" else "read"
        if not has_column[column]:
            continue
        if cohort.sole_state and part in ("not_recorded", "unplaced"):  # whose small counts are hidden as a state's are
            level = STOP if stops == check else NOT_JUDGED
            yield check_of(check, disclosure.WITHHELD, level=level, note="all detainers are of one state")
            continue
        shares = (before[part] / before[of].where(before[of] > 0)).dropna()
        usual = shares.median() if len(shares) == TRAILING_WEEKS else None
        share = now[part] / now[of] if now[of] else None
        young = check == ENDS and not calendar.is_settled(week)
        level, note = NOT_JUDGED, refusal or "ends of an unfinished week are still missing" * young
        if not note and share is not None and usual is not None:
            level = against_known(share, now[of], shares)[0]
            note = f"the weeks before: {shares.min():.1%} to {shares.max():.1%}"
        note = note or ("none is recorded" if share is None else "not every week before has any")
        yield check_of(check, now[part], share, STOP if stops == check else level, note=note)._replace(norm=usual)


def _counts(records: pd.DataFrame, repeats: str) -> pd.DataFrame:
    """Count by week what was read, counted, repeated and left blank."""
    group, again = records["offence_group"], records["duplicate"].notna()
    nothing, not_placed = STATUS_GROUPS
    marks = {
        "read": True,
        "counted": repeats == COUNTED or ~again,
        "repeats": again,
        "blank_person": records["person"].isna(),
        "blank_state": records["state"].isna(),
        "not_recorded": records["outcome"] == Outcome.NOT_RECORDED,
        "offences": group.notna() & (group != nothing),
        "unplaced": group == not_placed,
    }
    frame = pd.DataFrame({name: records["detainers"] * mark for name, mark in marks.items()})
    return frame.groupby(week_of(records["issued_on"])).sum()
