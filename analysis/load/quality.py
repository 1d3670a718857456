"""How good a source is: its scorecard, one row per check, each at pass, warn or stop.

A warning is said aloud and stands in every report on the source's quality; a stop refuses the import. No check names a
person's row; a word that stands in fewer than five rows is not named.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.load.columns import column_aliases, normalised
from analysis.load.offences import Step
from analysis.load.reference import crosswalk, read_text_table
from analysis.load.releases import GATES, STOP_UNDATED, Release
from analysis.load.sources import only
from analysis.load.table import NAMES, Outcome
from analysis.periods import SETTLING_DAYS, Calendar, week_of

PASS, WARN, STOP = LEVELS = ("pass", "warn", "stop")
NOT_JUDGED = ""  # there is nothing to hold the check against
LEAST_NAMED = 5
WARN_STRAYS = 0.001  # of rows: impossible dates, no day, unknown words; one in a thousand is more than a slip
WARN_REPEATS = 0.1  # of rows; a file read twice has half of its rows flagged
WARN_UNPLACED = 0.05  # of the named offences; a middling group of the 16 holds no more
FEWER_ENDS = 0.005
MOST_STATES = 30  # of 56: every release of the nation has more in a month; no region of the country has so many
TOTALS_DIFFER = 0.05  # two publishers' totals of one year differ by up to 3.7%; a missing month is 8%
# The known shares of one form move by up to 0.083 standard deviations of a cell between releases (lift reasons: 37.4 to
# 33.4% blank): a tenth, and never less than half a point, lets that pass and little more.
DRIFT, LEAST_DRIFT = 0.1, 0.005
ERRORS = 3  # standard errors more, for small files
CHANCE = 0.01  # that a small file has no filled cell where the share of blanks is a known one
LEAST_THERE = 0.6  # of what is usual: weeks with a holiday have 67%, a published last week that is cut has 55%
# Minnesota had 238 detainers on 2026-02-11 and 17 to 24 on its next busiest days; Rivers Correctional Institution 52 on
# 2014-10-02 and 4. Against the fourth-busiest day, so that up to three batches of one place do not hide each other.
BULK_TIMES, BULK_RANK, BULK_LEAST, BULK_DAYS_NEEDED = 5, 4, 20, 28
HARMLESS_NOTES = ("blank sheet", "not a type of file that is read")
JUDGED = ("lift_reason", "state", "city", "agency", "form", "offence_text", "criminality", "citizenship", "person")
"""Columns whose blanks are held against known shares; a blank threat level has a meaning of its own."""


class Check(NamedTuple):
    """One row of a scorecard."""

    check: str
    what: str
    found: object  # a number, a day or words
    share: float | None = None  # of the detainers unless ``what`` says otherwise
    norm: float | None = None  # the published share nearest to it
    level: str = PASS
    note: str = ""  # what it means and what to do


def scorecard(
    release: Release, *, extracted_on: date | None = None, previous: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Check a release just read, beside the table of the version before: one row per :class:`Check`."""
    table = release.table
    found = [*_reading(release), *_counted(table, release.persons), *_columns(release)]
    found += [*_blanks(table, release.form, release.gaps), *_offence_steps(release)]
    found += [*_dates(table, extracted_on), *_totals(table, release.form)]
    return as_card([*found, *(_against(previous, table) if previous is not None else ())])


def report_scorecard(week: date) -> pd.DataFrame:
    """Give the scorecard of one published week of 2017: how well its report is known (``published_quality.csv``)."""
    card = crosswalk("published_quality", "row_id")
    card = card[card["week_start"] == week.isoformat()].reset_index(drop=True)
    found, whole = (pd.to_numeric(card[name], errors="coerce") for name in ("found", "whole"))
    return card.assign(share=found / whole, norm=float("nan"))[list(Check._fields)]


def read_scorecard(path: Path) -> pd.DataFrame:
    """Read a scorecard kept as CSV, which was held against its hash."""
    table = read_text_table(path, list(Check._fields))
    return table.assign(**table[["share", "norm"]].apply(pd.to_numeric))


def as_card(found: Iterable[Check]) -> pd.DataFrame:
    """Put checks below each other."""
    card = pd.DataFrame(found, columns=list(Check._fields))
    text = dict.fromkeys(("check", "what", "found", "level", "note"), "str")
    return card.astype({**text, "share": float, "norm": float})


def as_text(card: pd.DataFrame) -> str:
    """Write a scorecard for a terminal: level, check, found, share, known share; the notes below."""
    room = max(map(len, card["what"]), default=0)
    lines = [f"{'':5} {'check':<{room}} {'found':>12} {'share':>8} {'known':>8}"]
    for row in card.itertuples():
        share, norm = ("" if pd.isna(value) else f"{value:.2%}" for value in (row.share, row.norm))
        lines.append(f"{row.level.upper():5} {row.what:<{room}} {written(row.found):>12} {share:>8} {norm:>8}".rstrip())
        lines += wrap(row.note, 110, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join([*lines, ", ".join(f"{(card['level'] == level).sum()} {level}" for level in LEVELS)])


def written(found: str) -> str:
    """Write what a check found for a reader: thousands separated; days and words as they are."""
    return f"{int(found):,}" if re.fullmatch(r"-?\d+", found) else found


def scorecard_facts(card: pd.DataFrame) -> dict[str, object]:
    """Give a scorecard as facts by id: ``ID``, ``ID_share``, ``ID_norm``, ``ID_note`` of each check, and the levels."""
    facts: dict[str, object] = {"checks": len(card)}
    facts |= {f"checks_{level or 'not_judged'}": int((card["level"] == level).sum()) for level in (*LEVELS, NOT_JUDGED)}
    for row in card.itertuples():
        number = re.fullmatch(r"-?\d+", row.found)
        of_check = {"": int(row.found) if number else row.found, "_share": row.share, "_norm": row.norm}
        facts |= {f"{row.check}{part}": value for part, value in of_check.items() if pd.notna(value)}
        facts |= {f"{row.check}_note": row.note} if row.note else {}
    return facts


def level_of(share: float, warn: float, stop: float = np.inf) -> str:
    """Give the level of a share: warn from one bound on, stop above the other."""
    return STOP if share > stop else WARN if share >= warn else PASS


def doubt_of(doubtful: object) -> str:
    """Give the level of a finding that may be doubtful."""
    return WARN if doubtful else PASS


def against_known(share: float, rows: int, known: pd.Series) -> tuple[str, float | None, str]:
    """Hold a blank share against the range of known ones; give the level, the nearest known share and a note."""
    if known.empty:
        return PASS, None, ""
    low, high = known.min(), known.max()
    nearest = float(np.clip(share, low, high))
    allowed = np.sqrt(nearest * (1 - nearest)) * (DRIFT + ERRORS / np.sqrt(max(1, rows)))
    note = f"known: {low:.1%}" + (f" to {high:.1%}" if high > low else "")
    unheard_of = share == 1 and high**rows < CHANCE
    if abs(share - nearest) <= max(LEAST_DRIFT, allowed) and not unheard_of:
        return PASS, nearest, note
    doubt = "is the column whole?" if share > nearest else "has the file only some of the rows?"
    return WARN, nearest, f"{note}; {doubt}"


def norms(measure: str) -> pd.DataFrame:
    """Give the published figures of a measure (``blank_share``, ``detainers``, ``declined``), one row a figure."""
    table = crosswalk("release_norms", "norm_id")
    table = table[table["measure"] == measure]
    days = {name: pd.to_datetime(table[name].replace("", None)) for name in ("first_day", "last_day")}
    return table.assign(value=table["value"].astype(float), **days)


def is_counts(table: pd.DataFrame) -> bool:
    """Tell whether days of issue are known by week only, so that days cannot be compared: all are Saturdays."""
    days = pd.DatetimeIndex(table["issued_on"].dropna().unique())
    return len(days) > 1 and bool((days.day_of_week == 5).all())


def bulk_days(table: pd.DataFrame) -> pd.DataFrame:
    """Find the days on which one place has far more detainers than on its others: entered in a batch, or a round-up.

    A day counts of a facility or state that has five times the ``usual`` of its fourth-busiest day (of its least busy
    one, where it has fewer; one day alone counts). ``agency`` is blank where no facility of the state explains the day.
    """
    known = table if not is_counts(table) and table["issued_on"].nunique() >= BULK_DAYS_NEEDED else table[:0]
    found, day = [], ["state", "issued_on"]
    for place in (["state", "agency"], ["state"]):
        days = known.groupby([*place, "issued_on"], observed=True, sort=False).size().rename("detainers").reset_index()
        days = days[days.groupby(place, observed=True)["detainers"].transform("max") >= BULK_LEAST]
        days = days.sort_values("detainers", ascending=False, kind="stable")
        busiest = days["detainers"].where(days.groupby(place, observed=True).cumcount() < BULK_RANK)
        ranked = busiest.groupby([days[name] for name in place], observed=True)
        days["usual"] = ranked.transform("min").where(ranked.transform("count") > 1)
        far = days[(days["detainers"] >= BULK_LEAST) & ~(days["detainers"] < BULK_TIMES * days["usual"])]
        found.append(far.astype(dict.fromkeys(place, "str")))
    facilities, whole = found
    explained = whole.set_index(day).index.isin(facilities.set_index(day).index)
    ordered = pd.concat([facilities, whole[~explained]])[["issued_on", "state", "agency", "detainers", "usual"]]
    by = ["detainers", *reversed(day), "agency"]
    return ordered.sort_values(by, ascending=[False, True, True, True], ignore_index=True)


def last_known_day(table: pd.DataFrame) -> date:
    """Give the newest day of issue or of an end: what stands for a day of extraction that is not known."""
    newest, ends = table["issued_on"].max(), table["lifted_on"]
    # An end more than a year after the newest issue is a slip.
    last: pd.Timestamp = max([newest, *ends[ends <= newest + pd.Timedelta(days=366)].nlargest(1)])
    return last.date()


def recording_by_week(table: pd.DataFrame, calendar: Calendar | None = None) -> pd.DataFrame:
    """Count the detainers of each week of issue and those without a recorded end, and say which are unfinished.

    From the newest week back, weeks are ``unfinished`` as long as the ``calendar`` does not call them settled; the
    column has what it calls them.
    """
    dated = table[table["issued_on"].notna()]
    blank = (dated["outcome"] == Outcome.NOT_RECORDED).astype("int64")
    counts = blank.groupby(week_of(dated["issued_on"]).rename("week")).agg(issued="size", not_recorded="sum")
    counts = counts.resample("7D").sum()
    counts["blank_share"] = counts["not_recorded"] / counts["issued"].replace(0, np.nan)
    called = pd.Series([calendar.status(week.date()) if calendar else "settled" for week in counts.index], counts.index)
    at_the_end = called[::-1].ne("settled").cummin()[::-1]
    return counts.assign(unfinished=called.astype("str").where(at_the_end, ""))


def unfinished_weeks(weeks: pd.DataFrame, rule: str = "") -> Check:
    """Count the unfinished weeks of :func:`recording_by_week`, and name the first; ``rule`` says by what they are."""
    found = [f"{week:%Y-%m-%d}" for week in weeks.index[weeks["unfinished"] != ""]]
    return _listed("unfinished_weeks", found, first=next(iter(found), ""), rule=rule)


def check_of(words_id: str, found: object, share: float | None = None, level: str = PASS, **told: object) -> Check:
    """Make a check of its words in ``quality_checks.csv``; ``of`` names the one column or step that it is about."""
    words, of = crosswalk("quality_checks", "words_id").loc[words_id], normalised(str(told.get("of", "")))
    check, note = "_".join([words["check"], *of.split()]), words["note" if level == PASS else "doubt"].format(**told)
    return Check(check, words["what"].format(**told), found, share, None, level, note)


def _listed(check: str, items: Sequence[str], level: str = "", most: int = 6, **told: object) -> Check:
    """Count things that should not be, or with the level *pass* may be; the first few are named."""
    named = ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")
    return check_of(check, len(items), None, level or doubt_of(items), items=named, **told)


def _reading(release: Release) -> Iterator[Check]:
    """Check the files and sheets, and the rows left out."""
    sheets, changes = release.sheets, release.changes
    read, unread = sheets[sheets["rows"] > 0], sheets[(sheets["rows"] == 0) & ~sheets["note"].isin(HARMLESS_NOTES)]
    told = {"form": release.form, "read": len(read), "sheets": len(sheets), "files": read["file"].nunique()}
    yield check_of("rows_read", sheets["rows"].sum(), **told)
    names = [" ".join(filter(None, [row.file, row.sheet, row.note])) for row in unread.itertuples()]
    yield _listed("sheets_not_read", names, most=3)
    yield check_of("blank_rows", changes["rows"][changes["what"] == "blank row left out"].sum())


def _counted(table: pd.DataFrame, persons: int) -> Iterator[Check]:
    """Count detainers, repeats and persons, and whether the rows look like a choice: of one end, or of one state."""
    total, counts = len(table), f"{table['source_row'].nunique():,} rows of counts" if is_counts(table) else ""
    yield check_of("rows", total, counts=counts)
    if not persons:
        yield check_of("repeats_untold", 0, level=WARN)
    else:
        repeats = table["duplicate"][table["duplicate"].notna()]
        share, kind = len(repeats) / total, next(iter(repeats), "")
        level, words_id = level_of(share, WARN_REPEATS), "repeats" if kind else "no_repeats"
        yield check_of(words_id, len(repeats), share, level, kind=kind)
        yield check_of("rows_kept", total - len(repeats), (total - len(repeats)) / total)
        yield check_of("persons", persons)
    state, chosen = only(table, "state"), only(table, "outcome") not in (None, Outcome.NOT_RECORDED)
    yield check_of("outcomes", table["outcome"].nunique(), level=doubt_of(chosen))
    yield check_of("states_given", table["state"].nunique(), level=doubt_of(state), state=state)


def _columns(release: Release) -> Iterator[Check]:
    """Check which columns there are, what was made blank or mended in them, and unknown words."""
    aliases, changes = column_aliases(), release.changes
    canonical = set(aliases["canonical"]) - {""}
    beside = changes[changes["what"].str.contains(" beside ")]
    if len(beside):
        yield _listed("columns_doubled", list(beside["column"] + ": " + beside["what"]), PASS)
    own = set(aliases["canonical"][[release.form in forms.split() for forms in aliases["forms"]]]) & canonical
    yield _listed("missing_columns", [name for name in release.gaps if name in own], form=release.form)
    yield _listed("absent_columns", [name for name in release.gaps if name in canonical - own], PASS, 12)
    yield _listed("unknown_columns", release.unknown_columns)
    targets = changes["column"].map(normalised).map(aliases["canonical"])
    for check, begins, doubtful in (
        ("redactions", "redaction made blank", targets.isin(NAMES) & (targets != "person")),
        ("text_na", "text NA made blank", False),
        ("codes_mended", "charge code mended", False),
        ("codes_moved", "charge code moved", True),
    ):
        rows = changes["what"].str.startswith(begins)
        card = _listed(check, sorted(set(changes["column"][rows])), doubt_of((rows & doubtful).any()))
        yield card._replace(found=changes["rows"][rows].sum())
    impossible = changes[changes["what"].str.startswith("impossible date")]
    for column, rows in zip(impossible["column"], impossible["rows"], strict=True):
        share = rows / len(release.table)
        yield check_of("impossible", rows, share, level_of(share, WARN_STRAYS), of=column)
    if impossible.empty:
        yield check_of("impossible_dates", 0)
    for column in [column for column in GATES if column not in release.gaps]:
        strange = release.unknown_values[release.unknown_values["column"] == column]
        often, share = strange[strange["rows"] >= LEAST_NAMED], strange["share"].sum()
        named = [f"{value} ({rows:,})" for value, rows in zip(often["value"], often["rows"], strict=True)]
        level = level_of(share, WARN_STRAYS, GATES[column][1])
        kind = "unknown_named" if named else "unknown_few" if len(strange) else "unknown"
        yield _listed(kind, named, level, of=column)._replace(found=strange["rows"].sum(), share=share)


def _blanks(table: pd.DataFrame, form: str, absent: Collection[str]) -> Iterator[Check]:
    """Hold the blank share of each column against the published ones; a column that the source lacks is left out.

    Without any lift reason no decline can be told: that stops, but where the form has no such column.
    """
    known, states = norms("blank_share"), table["state"].nunique()
    columns = known["column"].map(normalised)
    carried = [name for name in table.columns if name not in NAMES and normalised(name) in set(columns)]
    for name in [*JUDGED, *carried]:
        blank, share = int(table[name].isna().sum()), table[name].isna().sum() / max(1, len(table))
        of = name.replace("_", " ")
        if name == "lift_reason" and share == 1:
            why = f"form {form} has no such column" if name in absent else "nothing is recorded in any row"
            yield check_of("no_lift_reason", blank, share, WARN if name in absent else STOP, of=of, why=why)
        elif name not in absent:
            of_column = known[columns == normalised(name)]
            own = of_column[of_column["form"] == form]
            level, norm, note = against_known(share, len(table), (own if len(own) else of_column)["value"])
            note = note if len(own) or not note else f"of other forms, {note}"
            if note and 0 < states < MOST_STATES and share < 1:
                level, note = PASS, f"{note.partition(';')[0]}, in the nation"
            yield check_of("blank", blank, share, level, of=of, known=note)._replace(norm=norm)


def _offence_steps(release: Release) -> Iterator[Check]:
    """Give the recorded offences by the step that placed them; what the last step leaves over is in no group."""
    recorded = release.offence_steps.drop(Step.BLANK)
    for step, rows in recorded.items() if recorded.any() else ():
        share = rows / recorded.sum()
        unplaced = step == Step.UNKNOWN
        level = level_of(share, WARN_UNPLACED) if unplaced else PASS
        yield check_of("offence_unplaced" if unplaced else "offence", rows, share, level, of=step)


def _dates(table: pd.DataFrame, extracted_on: date | None) -> Iterator[Check]:
    """Check the days: blank, first, newest, too late, ended before, of a batch; and weeks empty or unfinished."""
    issued, total = table["issued_on"], max(1, len(table))
    undated, early = (int(rows.sum()) for rows in (issued.isna(), table["lifted_on"] < issued))
    level = level_of(undated / total, WARN_STRAYS, STOP_UNDATED)
    yield check_of("undated" if undated else "all_dated", undated, undated / total, level)
    by_week = "a week, by its Saturday" if is_counts(table) else ""
    for check, day in (("first_day", issued.min()), ("newest_day", issued.max())):
        yield check_of(check, f"{day:%Y-%m-%d}", by_week=by_week)
    if extracted_on is None:
        yield check_of("extraction", "not known", level=WARN)
    else:
        late = int((issued > pd.Timestamp(extracted_on)).sum())
        level = STOP if late / total > STOP_UNDATED else doubt_of(late)
        yield check_of("future_days", late, late / total, level, day=extracted_on)
    if table["lifted_on"].notna().any():
        yield check_of("ended_before", early, early / total, level_of(early / total, WARN_STRAYS))
    if not by_week:
        days = bulk_days(table).fillna({"agency": ""}).itertuples()
        places = [f"{day.agency or day.state} {day.issued_on:%Y-%m-%d} ({day.detainers:,})" for day in days]
        yield _listed("bulk_days", places, most=3)
    known = Calendar(issued.min().date(), issued.max().date(), extracted_on or last_known_day(table))
    weeks = recording_by_week(table, known)
    yield _listed("empty_weeks", [f"{week:%Y-%m-%d}" for week in weeks.index[weeks["issued"] == 0]])
    rule = f" (by the rule of {SETTLING_DAYS} days; reports go by measured delays where there are any)"
    yield unfinished_weeks(weeks, rule)


def _totals(table: pd.DataFrame, form: str) -> Iterator[Check]:
    """Hold the detainers and declines of each published period that the table's days reach over against the figure.

    The figures are of the nation, and a file of fewer than :data:`MOST_STATES` states is not.
    """
    if 0 < table["state"].nunique() < MOST_STATES:
        yield check_of("published_of_nation", "not compared", states=table["state"].nunique(), most=MOST_STATES)
        return
    issued, slack = table["issued_on"].dropna(), pd.Timedelta(days=7)  # the first or last days may have had no detainer
    for measure, days in (("detainers", issued), ("declined", issued[table["outcome"] == Outcome.DECLINED])):
        known = norms(measure).query("form == @form")
        known = known[(known["first_day"] >= issued.min() - slack) & (known["last_day"] <= issued.max() + slack)]
        periods, off = known.groupby(["first_day", "last_day"])["value"].agg(["min", "max"]).reset_index(), []
        for first, last, low, high in periods.itertuples(index=False):
            found = int(days.between(first, last).sum())
            figure = float(np.clip(found, low, high))
            if abs(found - figure) > max(TOTALS_DIFFER * figure, ERRORS * np.sqrt(figure)):
                off.append(f"{first:%Y-%m-%d} to {last:%Y-%m-%d} has {found:,}, published {figure:,.0f}")
        if len(periods):
            card = _listed("published", off, most=3, of=measure, periods=str(len(periods)))
            yield card._replace(share=len(off) / len(periods))


def _against(previous: pd.DataFrame, table: pd.DataFrame) -> Iterator[Check]:
    """Compare with the version before: rows, newest day, and the weeks that both have."""
    before, newest, more = len(previous), previous["issued_on"].max(), f"{len(table) - len(previous):+,}"
    yield check_of("previous_rows", before, level=doubt_of(len(table) < before), more=more)
    yield check_of("previous_day", f"{newest:%Y-%m-%d}", level=doubt_of(table["issued_on"].max() < newest))
    weeks, old = (recording_by_week(each)[["issued", "not_recorded"]] for each in (table, previous))
    weeks, old = weeks.align(old, join="inner", axis="index")
    (issued, blank), (was_issued, was_blank) = weeks.sum(), old.sum()
    if was_issued:
        revised, more = int((weeks != old).any(axis="columns").sum()), f"{issued - was_issued:+,.0f}"
        level = doubt_of(abs(issued / was_issued - 1) >= TOTALS_DIFFER)
        yield check_of("previous_weeks", revised, revised / len(weeks), level, weeks=len(weeks), more=more)
        share, was = blank / max(1, issued), was_blank / was_issued
        yield check_of("previous_blank", blank, share, doubt_of(share > was + FEWER_ENDS), was=f"{was:.1%}")
