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

from analysis.errors import InputError
from analysis.load.columns import column_aliases, normalised
from analysis.load.duplicates import is_repeat
from analysis.load.offences import Step
from analysis.load.reference import crosswalk, read_text_table
from analysis.load.releases import GATES, STOP_UNDATED, Release
from analysis.load.sources import SCORECARD_FILE, Source
from analysis.load.table import NAMES, Outcome, one_outcome, one_state
from analysis.periods import week_of

PASS, WARN, STOP = LEVELS = ("pass", "warn", "stop")
NOT_JUDGED = ""  # there is nothing to hold the check against
LEAST_NAMED = 5
WARN_STRAYS = 0.001  # of rows: impossible dates, rows without a day; as in the gates for words
WARN_REPEATS = 0.1  # of rows; a file read twice has half of its rows flagged
WARN_UNPLACED = 0.05  # of the named offences; a middling group of the 16 holds no more
FEWER_ENDS = 0.005
TOTALS_DIFFER = 0.05  # two publishers' totals of one year differ by up to 3.7%; a missing month is 8%
# The known shares of one form move by up to 0.083 standard deviations of a cell between releases (lift reasons: 37.4 to
# 33.4% blank): a tenth, and never less than half a point, lets that pass and little more.
DRIFT, LEAST_DRIFT = 0.1, 0.005
ERRORS = 3  # standard errors more, for small files
LEAST_THERE = 0.6  # of what is usual: weeks with a holiday have 67%, a published last week that is cut has 55%
# Minnesota had 238 detainers on 2026-02-11 and 17 to 24 on its next busiest days; Rivers Correctional Institution 52 on
# 2014-10-02 and 4. Against the fourth-busiest day, so that up to three batches of one place do not hide each other.
BULK_TIMES, BULK_RANK, BULK_LEAST, BULK_DAYS_NEEDED = 5, 4, 20, 28
# Holiday weeks of fiscal 2015 fall to 77% of the weeks before them; a published last week that is cut stands at 55%.
FEW_ROWS, WEEKS_BEFORE, FINISHED = 0.7, 8, 0.9
HARMLESS_NOTES = ("blank sheet", "not a type of file that is read")
JUDGED = ("lift_reason", "state", "city", "agency", "form", "offence_text", "criminality", "citizenship", "person")
"""Columns whose blanks are held against known shares; a blank threat level has a meaning of its own."""


class Check(NamedTuple):
    """One row of a scorecard.

    ``found`` is a plain number, a day or words, as text; ``share`` is of the detainers unless ``what`` says otherwise
    (NaN = none); ``norm``, the published share nearest to it (NaN = none); ``note``, what it means and what to do.
    """

    check: str
    what: str
    found: object
    share: float | None = None
    norm: float | None = None
    level: str = PASS
    note: str = ""


def scorecard(
    release: Release, *, extracted_on: date | None = None, previous: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Check a release just read, beside the table of the version before: one row per :class:`Check`."""
    table = release.table
    found = [*_reading(release), *_counted(table, release.persons), *_columns(release), *_mended(release)]
    found += [*_words(release), *_blanks(table, release.form, release.gaps), *_offence_steps(release)]
    found += [*_dates(table, extracted_on), *_days_and_weeks(table, extracted_on), *_totals(table, release.form)]
    return as_card([*found, *(_against(previous, table) if previous is not None else ())])


def table_scorecard(table: pd.DataFrame, *, extracted_on: date | None = None) -> pd.DataFrame:
    """Check a table of detainers alone: those checks of :func:`scorecard` that need no notes from the reading."""
    absent = [str(name) for name in table.columns[table.isna().all()]]
    found = [*_counted(table, table["person"].nunique()), *_blanks(table, "", absent)]
    return as_card([*found, *_dates(table, extracted_on), *_days_and_weeks(table, extracted_on)])


def source_scorecard(source: Source) -> pd.DataFrame:
    """Give the scorecard of a source, as it was made when the source was stored, else made now of its table."""
    stored, facts = source.path.with_name(SCORECARD_FILE), source.facts
    if stored.is_file():
        return read_scorecard(stored)
    return table_scorecard(source.detainers(), extracted_on=facts.extracted_on if facts.extracted_known else None)


def report_scorecard(week: date) -> pd.DataFrame:
    """Give the scorecard of one published week of 2017: how well its report is known (``published_quality.csv``)."""
    card = crosswalk("published_quality", "row_id")
    card = card[card["week_start"] == week.isoformat()].reset_index(drop=True)
    found, whole = (pd.to_numeric(card[name], errors="coerce") for name in ("found", "whole"))
    return card.assign(share=found / whole, norm=float("nan"))[list(Check._fields)]


def read_scorecard(path: Path) -> pd.DataFrame:
    """Read a scorecard kept as CSV; refuse what is none."""
    table = read_text_table(path, list(Check._fields))[list(Check._fields)]
    numbers = table[["share", "norm"]].replace("", None).apply(pd.to_numeric, errors="coerce")
    whole = table["level"].isin(LEVELS) & (numbers.isna() == table[["share", "norm"]].eq("")).all(axis="columns")
    if not whole.all():
        at = int(whole.idxmin())
        what, do = "the row is not one of a scorecard", "Import the release again"
        raise InputError(what, file=path, place=f"row {at + 2}", found=list(table.loc[at]), do=do)
    return table.assign(**numbers)


def as_card(found: Iterable[Check]) -> pd.DataFrame:
    """Put checks below each other."""
    card = pd.DataFrame(found, columns=list(Check._fields))
    text = dict.fromkeys(("check", "what", "found", "level", "note"), "str")
    return card.astype({**text, "share": float, "norm": float})


def as_text(card: pd.DataFrame, width: int = 110) -> str:
    """Write a scorecard for a terminal: level, check, found, share, known share; the notes below, wrapped to width."""
    room = max(map(len, card["what"]), default=0)
    lines = [f"{'':5} {'check':<{room}} {'found':>12} {'share':>8} {'known':>8}"]
    for row in card.itertuples():
        share, norm = ("" if pd.isna(value) else f"{value:.2%}" for value in (row.share, row.norm))
        lines.append(f"{row.level.upper():5} {row.what:<{room}} {written(row.found):>12} {share:>8} {norm:>8}".rstrip())
        lines += wrap(row.note, width, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join([*lines, ", ".join(f"{(card['level'] == level).sum()} {level}" for level in LEVELS)])


def stops(card: pd.DataFrame) -> list[str]:
    """List what refuses the import, in words; empty where nothing does."""
    return [f"{row.what} ({written(row.found)}): {row.note}" for row in card[card["level"] == STOP].itertuples()]


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


def against_known(share: float, rows: int, known: pd.Series) -> tuple[str, float | None, str]:
    """Hold a blank share against the range of known ones; give the level, the nearest known share and a note."""
    if known.empty:
        return PASS, None, ""
    low, high = known.min(), known.max()
    nearest = float(np.clip(share, low, high))
    allowed = np.sqrt(nearest * (1 - nearest)) * (DRIFT + ERRORS / np.sqrt(max(1, rows)))
    note = f"known: {low:.1%}" + (f" to {high:.1%}" if high > low else "")
    if abs(share - nearest) <= max(LEAST_DRIFT, allowed):
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
    days = table["issued_on"].dropna()
    return bool(days.min() != days.max() and days.dt.day_of_week.eq(5).all())


def bulk_days(table: pd.DataFrame) -> pd.DataFrame:
    """Find the days on which one place has far more detainers than on its others: entered in a batch, or a round-up.

    A day counts that has at least 20 detainers of a facility, or of a state, and at least five times as many as that
    place's fourth-busiest day (its least busy one, where it has fewer than four; a place with one day has none to
    compare with, and counts). A table with days known by week only, or on fewer than 28 days, has none.

    Returns
    -------
    pandas.DataFrame
        One row per place and day, most detainers first: ``issued_on``, ``state``, ``agency`` (blank = the whole
        state, where no facility of it explains the day), ``detainers``, ``usual`` (of the fourth-busiest day).
    """
    columns = ["issued_on", "state", "agency", "detainers", "usual"]
    if is_counts(table) or table["issued_on"].nunique() < BULK_DAYS_NEEDED:
        return pd.DataFrame({name: [] for name in columns}).astype({"issued_on": "datetime64[ms]"})
    facilities, whole = _far_above(table, ["state", "agency"]), _far_above(table, ["state"])
    day = ["state", "issued_on"]
    explained = whole.set_index(day).index.isin(facilities.set_index(day).index)
    found = pd.concat([facilities, whole[~explained]])
    ordered = found.sort_values(["detainers", *reversed(day)], ascending=[False, True, True])
    return ordered.reindex(columns=columns).reset_index(drop=True)


def _far_above(table: pd.DataFrame, place: list[str]) -> pd.DataFrame:
    """Find the days of a kind of place that are far above its fourth-busiest."""
    days = table.groupby([*place, "issued_on"], observed=True).size().rename("detainers").reset_index()
    days = days.sort_values("detainers", ascending=False, kind="stable")
    of_place = days.groupby(place, observed=True)["detainers"]
    ranked = days["detainers"].where(of_place.cumcount() < BULK_RANK)
    usual = ranked.groupby([days[name] for name in place], observed=True).transform("min")
    days["usual"] = usual.where(of_place.transform("size") > 1).astype(float)
    far = days[(days["detainers"] >= BULK_LEAST) & ~(days["detainers"] < BULK_TIMES * days["usual"])]
    return far.astype(dict.fromkeys(place, "str"))


def recording_by_week(table: pd.DataFrame, extracted_on: date | None = None) -> pd.DataFrame:
    """Count the detainers of each week of issue and those without a recorded end, and say which look unfinished.

    From the newest week back, the weeks look unfinished as long as one of three things holds: the data end before the
    week does; it has under 70% of the detainers of the eight weeks before it (their median); the share with a recorded
    end is under 90% of what it is in the older half of the weeks (their median).

    A week that ended before the extraction is not cut short by a quiet last day.

    Returns
    -------
    pandas.DataFrame
        One row per week from the first to the last, its Saturday the index ``week``: ``issued``, ``not_recorded``,
        ``blank_share`` (NaN where nothing was issued), ``unfinished`` (why; empty text = looks finished).
    """
    dated = table[table["issued_on"].notna()]
    blank = (dated["outcome"] == Outcome.NOT_RECORDED).astype("int64")
    counts = blank.groupby(week_of(dated["issued_on"]).rename("week")).agg(issued="size", not_recorded="sum")
    if counts.empty:
        return counts.assign(blank_share=pd.Series(dtype=float), unfinished=pd.Series(dtype="str"))
    counts = counts.reindex(pd.date_range(counts.index[0], counts.index[-1], freq="7D", name="week"), fill_value=0)
    counts["blank_share"] = counts["not_recorded"] / counts["issued"].replace(0, np.nan)
    ended, older = 1 - counts["blank_share"], max(1, len(counts) // 2)
    friday = counts.index[-1] + pd.Timedelta(days=6)
    over = extracted_on is not None and pd.Timestamp(extracted_on) > friday
    cut = not is_counts(dated) and dated["issued_on"].max() < friday and not over
    reasons = pd.DataFrame(
        {
            "its days are not all there": cut & (counts.index == counts.index[-1]),
            "few detainers": counts["issued"] < FEW_ROWS * counts["issued"].shift().rolling(WEEKS_BEFORE, 1).median(),
            "ends are missing": ended < FINISHED * ended.iloc[:older].median(),
        }
    )
    at_the_end = reasons.any(axis="columns")[::-1].cummin()[::-1]
    said = reasons.apply(lambda row: ", ".join(row.index[row]), axis="columns")
    return counts.assign(unfinished=said.where(at_the_end, "").astype("str"))


def _none(check: str, what: str, items: Sequence[str], note: str, most: int = 6) -> Check:
    """Check that there are none of some things; where there are, the first few are named."""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    told = f"{', '.join(items[:most])}{more}{note}" if items else ""
    return Check(check, what, len(items), level=WARN if items else PASS, note=told)


def _doubt(check: str, what: str, found: object, doubt: bool, note: str = "", share: float | None = None) -> Check:
    """Warn where a check's finding is doubtful."""
    return Check(check, what, found, share, level=WARN if doubt else PASS, note=note)


def _slug(text: str) -> str:
    """Make a check's id of a name."""
    return normalised(text).replace(" ", "_")


def _reading(release: Release) -> Iterator[Check]:
    """Check the files and sheets, and the rows left out."""
    sheets, changes = release.sheets, release.changes
    read = sheets[sheets["rows"] > 0]
    note = f"form {release.form}; {len(read)} of {len(sheets)} sheets, {read['file'].nunique()} files"
    yield Check("rows_read", "rows read", sheets["rows"].sum(), note=note)
    unread = sheets[(sheets["rows"] == 0) & ~sheets["note"].isin(HARMLESS_NOTES)]
    names = [" ".join(filter(None, [row.file, row.sheet, row.note])) for row in unread.itertuples()]
    yield _none("sheets_not_read", "sheets or files not read", names, ": see whether they hold detainers", 3)
    left_out = changes["rows"][changes["what"] == "blank row left out"].sum()
    yield Check("blank_rows", "rows without a filled cell, left out", left_out)


def _counted(table: pd.DataFrame, persons: int) -> Iterator[Check]:
    """Count detainers, repeats and persons, and whether the rows look like a choice: of one end, or of one state."""
    total = len(table)
    note = f"{table['source_row'].nunique():,} rows of counts" if is_counts(table) else ""
    yield Check("rows", "detainers in the table", total, note=note)
    if table["person"].isna().all():
        note = "no person id: a repeat cannot be told from another detainer"
        yield _doubt("repeats", "flagged as repeats", 0, True, note)
    else:
        repeats = table["duplicate"][is_repeat(table["duplicate"])]
        flagged, share = len(repeats), len(repeats) / total
        many = "so many: see whether files overlap"
        note = many if share >= WARN_REPEATS else "kept and flagged; rows without id never are" if flagged else ""
        what = f"repeats: {repeats.iloc[0]}" if flagged else "flagged as repeats"
        yield _doubt("repeats", what, flagged, share >= WARN_REPEATS, note, share)
        yield Check("rows_kept", "detainers not flagged", total - flagged, (total - flagged) / total)
        yield Check("persons", "persons with an id", persons, note="ids hold within one release only")
    state, chosen = one_state(table), one_outcome(table) not in (None, Outcome.NOT_RECORDED)
    what = "different outcomes, none recorded counted as one"
    note = "every row has the same recorded end: no share can be given" if chosen else ""
    yield _doubt("outcomes", what, table["outcome"].nunique(), chosen, note)
    note = f"all rows are of one state ({state}): nothing is said of the United States" if state else ""
    yield _doubt("states_given", "different states", table["state"].nunique(), bool(state), note)


def _columns(release: Release) -> Iterator[Check]:
    """Check which columns there are."""
    aliases = column_aliases()
    canonical = set(aliases["canonical"]) - {""}
    own = set(aliases["canonical"][[release.form in forms.split() for forms in aliases["forms"]]])
    missing = [name for name in release.gaps if name in own & canonical]
    absent = [name for name in release.gaps if name in canonical - own]
    what = f"columns of form {release.form} that the file lacks"
    yield _none("missing_columns", what, missing, ": older files and cut copies lack some")
    yield _none("absent_columns", "columns that this form never has", absent, "", 12)._replace(level=PASS)
    note = ": carried under their own names"
    yield _none("unknown_columns", "columns that are not known", release.unknown_columns, note)


def _mended(release: Release) -> Iterator[Check]:
    """Report what was made blank or mended while reading."""
    changes = release.changes
    targets = changes["column"].map(normalised).map(column_aliases()["canonical"])
    needed = targets.isin(NAMES) & (targets != "person")
    for check, begins, what, doubtful in (
        ("redactions", "redaction made blank", "redactions made blank, cells", needed),
        ("text_na", "text NA made blank", "text NA made blank, cells", False),
        ("codes_mended", "charge code mended", "charge codes given back their zero", False),
        ("codes_moved", "charge code moved", "charge codes found in a column of dates", True),
    ):
        rows = changes["what"].str.startswith(begins)
        strange = (rows & doubtful).any()
        places = sorted(set(changes["column"][rows]))
        card = _none(check, what, places, ": look at this column in the file" if strange else "")
        yield card._replace(found=changes["rows"][rows].sum(), level=WARN if strange else PASS)
    impossible = changes[changes["what"].str.startswith("impossible date")]
    for column, rows in zip(impossible["column"], impossible["rows"], strict=True):
        share = rows / len(release.table)
        level = level_of(share, WARN_STRAYS)
        yield Check(f"impossible_{_slug(column)}", f"impossible: {column}", rows, share, level=level, note="made blank")
    if impossible.empty:
        yield Check("impossible_dates", "impossible dates", 0)


def _words(release: Release) -> Iterator[Check]:
    """Check the unknown words of each vocabulary; an unknown lift reason never comes so far."""
    for column in [column for column in GATES if column not in release.gaps]:
        strange = release.unknown_values[release.unknown_values["column"] == column]
        share = strange["share"].sum()
        often = strange[strange["rows"] >= LEAST_NAMED]
        named = [f"{value} ({rows:,})" for value, rows in zip(often["value"], often["rows"], strict=True)]
        level = level_of(share, GATES[column].warn, GATES[column].stop)
        card = _none(f"unknown_{column}", f"unknown words for {column}", named, "")
        note = f"left blank: {card.note or 'words that stand in few rows'}" if len(strange) else ""
        yield card._replace(found=strange["rows"].sum(), share=share, level=level, note=note)


def _blanks(table: pd.DataFrame, form: str, absent: Collection[str]) -> Iterator[Check]:
    """Hold the blank share of each column against the published ones; a column that the source lacks is left out.

    Without any lift reason no decline can be told: that stops, but where the form has no such column.
    """
    total = len(table)
    known = norms("blank_share")
    columns = known["column"].map(normalised)
    carried = [name for name in table.columns if name not in NAMES and normalised(name) in set(columns)]
    for name in [*JUDGED, *carried]:
        blank = int(table[name].isna().sum())
        share = blank / max(1, total)
        check, what = f"blank_{_slug(name)}", f"blank: {name.replace('_', ' ')}"
        if name == "lift_reason" and share == 1:
            never = name in absent
            why = f"form {form} has no such column" if never else "nothing is recorded in any row"
            note = f"{why}, so no decline can be told: take a release with lift reasons"
            yield Check(check, what, blank, share, level=WARN if never else STOP, note=note)
        elif name not in absent:
            of_column = known[columns == normalised(name)]
            own = of_column[of_column["form"] == form]
            level, norm, note = against_known(share, total, (own if len(own) else of_column)["value"])
            note = note if len(own) or not note else f"of other forms, {note}"
            yield Check(check, what, blank, share, norm, level, note)


def _offence_steps(release: Release) -> Iterator[Check]:
    """Give the recorded offences by the step that placed them; what the last step leaves over is in no group."""
    steps = release.offence_steps.dropna(subset="share_of_recorded")  # no offence recorded, or not at this step
    for step, row in steps.iterrows():
        share = row["share_of_recorded"]
        level = level_of(share, WARN_UNPLACED) if step == Step.UNKNOWN else PASS
        note = "their labels can be added to data/reference/offence_terms.csv" if level == WARN else ""
        what = "offences in no group" if step == Step.UNKNOWN else f"offences placed by {step}"
        yield Check(f"offence_{step}", what, int(row["rows"]), share, level=level, note=note)


def _dates(table: pd.DataFrame, extracted_on: date | None) -> Iterator[Check]:
    """Check the first and newest day, rows without one, days after the extraction, ends before the issue."""
    issued, total = table["issued_on"], max(1, len(table))
    undated = int(issued.isna().sum())
    level = level_of(undated / total, WARN_STRAYS, STOP_UNDATED)
    note = "they are in no week" if undated else ""
    yield Check("blank_issued_on", "blank: day of issue", undated, undated / total, level=level, note=note)
    note = "a week, by its Saturday" if is_counts(table) else ""
    for check, which, day in (("first_day", "first", issued.min()), ("newest_day", "newest", issued.max())):
        found = "none" if pd.isna(day) else f"{day:%Y-%m-%d}"
        yield Check(check, f"{which} day of issue", found, note=note)
    if extracted_on is None:
        note = "taken as the newest day of issue or of an end"
        yield _doubt("extraction", "day of the extraction", "not known", True, note)
    else:
        late = int((issued > pd.Timestamp(extracted_on)).sum())
        level = STOP if late / total > STOP_UNDATED else WARN if late else PASS
        note = f"extracted on {extracted_on}" + (": is that right?" if late else "")
        yield Check("future_days", "issued after the extraction", late, late / total, level=level, note=note)
    if table["lifted_on"].notna().any():
        early = int((table["lifted_on"] < issued).sum())
        share = early / total
        yield _doubt("ended_before", "ended before the day of issue", early, share >= WARN_STRAYS, "", share)


def _days_and_weeks(table: pd.DataFrame, extracted_on: date | None) -> Iterator[Check]:
    """Check days entered in a batch, weeks without a row and weeks that look unfinished."""
    if not is_counts(table):
        days = bulk_days(table).fillna({"agency": ""})
        places = [
            f"{day.agency or day.state} {day.issued_on:%Y-%m-%d} ({day.detainers:,})" for day in days.itertuples()
        ]
        note = ": such a week may be one office's batch"
        yield _none("bulk_days", "days far above a place's others", places, note, 3)
    weeks = recording_by_week(table, extracted_on)
    empty = [f"{week:%Y-%m-%d}" for week in weeks.index[weeks["issued"] == 0]]
    yield _none("empty_weeks", "weeks without a row", empty, ": is a sheet or file left out?")
    unfinished = [f"{week:%Y-%m-%d}" for week in weeks.index[weeks["unfinished"] != ""]]
    note = f"from the week of {unfinished[0]} on: no comparison holds there" if unfinished else ""
    yield _none("unfinished_weeks", "last weeks that look unfinished", unfinished, "")._replace(note=note)


def _totals(table: pd.DataFrame, form: str) -> Iterator[Check]:
    """Hold the detainers and declines of each published period that the table's days reach over against the figure.

    They may differ by :data:`TOTALS_DIFFER` of it, and by three of its square roots.
    """
    issued = table["issued_on"].dropna()
    slack = pd.Timedelta(days=7)  # a period's first or last days may have had no detainer
    for measure in ("detainers", "declined"):
        known = norms(measure)
        known = known[known["form"] == form]
        known = known[(known["first_day"] >= issued.min() - slack) & (known["last_day"] <= issued.max() + slack)]
        days = issued if measure == "detainers" else issued[table["outcome"] == Outcome.DECLINED]
        periods = known.groupby(["first_day", "last_day"])["value"].agg(["min", "max"]).reset_index()
        off = []
        for first, last, low, high in periods.itertuples(index=False):
            found = int(days.between(first, last).sum())
            figure = float(np.clip(found, low, high))
            if abs(found - figure) > max(TOTALS_DIFFER * figure, ERRORS * np.sqrt(figure)):
                off.append(f"{first:%Y-%m-%d} to {last:%Y-%m-%d} has {found:,}, published {figure:,.0f}")
        if len(periods):
            what = f"published periods whose {measure} differ"
            card = _none(f"published_{measure}", what, off, ": is the file whole, and read once?", 3)
            yield card._replace(share=len(off) / len(periods), note=card.note or f"all of {len(periods)} agree")


def _against(previous: pd.DataFrame, table: pd.DataFrame) -> Iterator[Check]:
    """Compare with the version before: rows, newest day, and the weeks that both have."""
    now, before, newest = len(table), len(previous), previous["issued_on"].max()
    note = f"{now - before:+,}" + ("; is a file left out?" if now < before else "")
    yield _doubt("previous_rows", "detainers in the version before", before, now < before, note)
    older = bool(table["issued_on"].max() < newest)
    note = "this file ends earlier than the version before" if older else ""
    yield _doubt("previous_day", "newest day of issue before", f"{newest:%Y-%m-%d}", older, note)
    weeks, old = (recording_by_week(each)[["issued", "not_recorded"]] for each in (table, previous))
    weeks, old = weeks.align(old, join="inner", axis="index")
    if not old["issued"].sum():
        return
    revised, (issued, blank), (was_issued, was_blank) = (
        int((weeks != old).any(axis="columns").sum()),
        weeks.sum(),
        old.sum(),
    )
    note = f"of {len(weeks)} in both versions; detainers in them {issued - was_issued:+,.0f}"
    doubt = abs(issued / was_issued - 1) >= TOTALS_DIFFER
    yield _doubt("previous_weeks", "weeks revised", revised, doubt, note, revised / len(weeks))
    share, was = blank / max(1, issued), was_blank / was_issued
    fewer = share > was + FEWER_ENDS
    note = f"{was:.1%} before" + (": ends have vanished, where ICE mostly fills them in" if fewer else "")
    yield _doubt("previous_blank", "blank: lift reason, weeks of both", blank, fewer, note, share)
