"""The checks of a scorecard: what the reading noted, counts, dates, days and weeks, and the version before.

No check names a person's row; a word that stands in fewer than five rows is not named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

import pandas as pd

from analysis.load.columns import column_aliases, normalised
from analysis.load.duplicates import REPEAT
from analysis.load.irregular import bulk_days, is_counts, recording_by_week
from analysis.load.offences import Step
from analysis.load.releases import GATES, STOP_UNDATED, Release
from analysis.load.scorecards import PASS, STOP, TOTALS_DIFFER, WARN, Check, level_of, warned
from analysis.load.table import NAMES, Outcome, one_outcome, one_state

LEAST_NAMED = 5
WARN_STRAYS = 0.001
"""Share of rows from which strays (impossible dates, rows without a day) are said, as in the gates for words."""
WARN_REPEATS = 0.1
"""Share of rows flagged as repeats; a file read twice has half of its rows flagged."""
WARN_UNPLACED = 0.05
"""Share of the named offences in no group; a middling group of the 16 holds no more."""
FEWER_ENDS = 0.005
HARMLESS_NOTES = ("blank sheet", "not a type of file that is read")


def detainers(table: pd.DataFrame, where: pd.Series) -> int:
    """Count the detainers of some rows."""
    return int(table["detainers"][where].sum())


def listed(items: Sequence[str], most: int = 6) -> str:
    """List names, the first few."""
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")


def slug(text: str) -> str:
    """Make a check's id of a name."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def reading(release: Release) -> Iterator[Check]:
    """Check the files and sheets, and the rows left out."""
    sheets, changes = release.sheets, release.changes
    read = sheets[sheets["rows"] > 0]
    note = f"form {release.form}; {len(read)} of {len(sheets)} sheets, {read['file'].nunique()} files"
    yield Check("rows_read", "rows read", sheets["rows"].sum(), note=note)
    unread = sheets[(sheets["rows"] == 0) & ~sheets["note"].isin(HARMLESS_NOTES)]
    names = [" ".join(filter(None, [row.file, row.sheet, row.note])) for row in unread.itertuples()]
    note = f"{listed(names, 3)}: see whether they hold detainers" if names else ""
    yield Check("sheets_not_read", "sheets or files not read", len(names), level=warned(names), note=note)
    left_out = changes["rows"][changes["what"] == "blank row left out"].sum()
    yield Check("blank_rows", "rows without a filled cell, left out", left_out)


def counted(table: pd.DataFrame, persons: int) -> Iterator[Check]:
    """Count detainers and repeats with their reason, beside the persons with an id."""
    total = int(table["detainers"].sum())
    note = f"{len(table):,} rows of counts" if is_counts(table) else ""
    yield Check("rows", "detainers in the table", total, note=note)
    if table["person"].isna().all():
        note = "no person id: a repeat cannot be told from another detainer"
        yield Check("repeats", "flagged as repeats", 0, level=WARN, note=note)
        return
    flagged = int(table["duplicate"].notna().sum())
    level = level_of(flagged / len(table), WARN_REPEATS)
    note = "so many: see whether files overlap" if level == WARN else "kept and flagged; rows without id never are"
    what = f"repeats: {REPEAT}" if flagged else "flagged as repeats"
    yield Check("repeats", what, flagged, flagged / len(table), level=level, note=note if flagged else "")
    kept = len(table) - flagged
    yield Check("rows_kept", "detainers not flagged", kept, kept / len(table))
    yield Check("persons", "persons with an id", persons, note="ids hold within one release only")


def selection(table: pd.DataFrame) -> Iterator[Check]:
    """Check whether the rows look like a choice out of all: of one recorded end, or of one state."""
    outcome, state = one_outcome(table), one_state(table)
    chosen = outcome not in (None, Outcome.NOT_RECORDED)
    note = "every row has the same recorded end: no share can be given" if chosen else ""
    ends = table["outcome"].nunique()
    yield Check("outcomes", "different outcomes, none recorded counted as one", ends, level=warned(chosen), note=note)
    note = f"all rows are of one state ({state}): nothing is said of the United States" if state else ""
    yield Check("states_given", "different states", table["state"].nunique(), level=warned(state), note=note)


def columns(release: Release) -> Iterator[Check]:
    """Check which columns there are."""
    aliases = column_aliases()
    canonical = set(aliases["canonical"]) - {""}
    own = set(aliases["canonical"][[release.form in forms.split() for forms in aliases["forms"]]])
    missing = [name for name in release.gaps if name in own & canonical]
    what = f"columns of form {release.form} that the file lacks"
    note = f"{listed(missing)}: older files and cut copies lack some" if missing else ""
    yield Check("missing_columns", what, len(missing), level=warned(missing), note=note)
    absent = [name for name in release.gaps if name in canonical - own]
    yield Check("absent_columns", "columns that this form never has", len(absent), note=listed(absent, 12))
    strange = release.unknown_columns
    note = f"{listed(strange)}: carried under their own names" if strange else ""
    yield Check("unknown_columns", "columns that are not known", len(strange), level=warned(strange), note=note)


def mended(release: Release) -> Iterator[Check]:
    """Report what was made blank or mended while reading."""
    changes = release.changes
    targets = changes["column"].map(normalised).map(column_aliases()["canonical"])
    needed = targets.isin(NAMES) & (targets != "person")
    never, always = needed & False, needed | True
    for check, begins, what, doubtful in (
        ("redactions", "redaction made blank", "redactions made blank, cells", needed),
        ("text_na", "text NA made blank", "text NA made blank, cells", never),
        ("codes_mended", "charge code mended", "charge codes given back their zero", never),
        ("codes_moved", "charge code moved", "charge codes found in a column of dates", always),
    ):
        rows = changes["what"].str.startswith(begins)
        level = warned((rows & doubtful).any())
        places = listed(sorted(set(changes["column"][rows])))
        note = f"{places}: look at this column in the file" if level == WARN else places
        yield Check(check, what, changes["rows"][rows].sum(), level=level, note=note)
    impossible = changes[changes["what"].str.startswith("impossible date")]
    for column, rows in zip(impossible["column"], impossible["rows"], strict=True):
        share = rows / len(release.table)
        level = level_of(share, WARN_STRAYS)
        yield Check(f"impossible_{slug(column)}", f"impossible: {column}", rows, share, level=level, note="made blank")
    if impossible.empty:
        yield Check("impossible_dates", "impossible dates", 0)


def words(release: Release) -> Iterator[Check]:
    """Check the unknown words of each vocabulary; an unknown lift reason never comes so far."""
    for column in [column for column in GATES if column not in release.gaps]:
        strange = release.unknown_values[release.unknown_values["column"] == column]
        share = strange["share"].sum()
        often = strange[strange["rows"] >= LEAST_NAMED]
        named = [f"{value} ({rows:,})" for value, rows in zip(often["value"], often["rows"], strict=True)]
        note = f"left blank: {listed(named) or 'words that stand in few rows'}" if len(strange) else ""
        level = level_of(share, GATES[column].warn, GATES[column].stop)
        what = f"unknown words for {column}"
        yield Check(f"unknown_{column}", what, strange["rows"].sum(), share, level=level, note=note)


def offence_steps(release: Release) -> Iterator[Check]:
    """Give the recorded offences by the step that placed them; what the last step leaves over is in no group."""
    steps = release.offence_steps.dropna(subset="share_of_recorded")  # no offence recorded, or not at this step
    for step, row in steps.iterrows():
        share = row["share_of_recorded"]
        level = level_of(share, WARN_UNPLACED) if step == Step.UNKNOWN else PASS
        note = "their labels can be added to data/reference/offence_terms.csv" if level == WARN else ""
        what = "offences in no group" if step == Step.UNKNOWN else f"offences placed by {step}"
        yield Check(f"offence_{step}", what, int(row["rows"]), share, level=level, note=note)


def dates(table: pd.DataFrame, extracted_on: date | None) -> Iterator[Check]:
    """Check the first and newest day, rows without one, days after the extraction, ends before the issue."""
    issued, total = table["issued_on"], max(1, int(table["detainers"].sum()))
    undated = detainers(table, issued.isna())
    level = level_of(undated / total, WARN_STRAYS, STOP_UNDATED)
    note = "they are in no week" if undated else ""
    yield Check("blank_issued_on", "blank: day of issue", undated, undated / total, level=level, note=note)
    first, newest = issued.min(), issued.max()
    for check, what, day in (("first_day", "first day of issue", first), ("newest_day", "newest day of issue", newest)):
        note = "a week, by its Saturday" if is_counts(table) else ""
        yield Check(check, what, "none" if pd.isna(day) else f"{day:%Y-%m-%d}", note=note)
    if extracted_on is None:
        note = "taken as the newest day of issue or of an end"
        yield Check("extraction", "day of the extraction", "not known", level=WARN, note=note)
    else:
        late = detainers(table, issued > pd.Timestamp(extracted_on))
        level = STOP if late / total > STOP_UNDATED else warned(late)
        note = f"extracted on {extracted_on}" + (": is that right?" if late else "")
        yield Check("future_days", "issued after the extraction", late, late / total, level=level, note=note)
    if table["lifted_on"].notna().any():
        early = detainers(table, table["lifted_on"] < issued)
        level = level_of(early / total, WARN_STRAYS)
        yield Check("ended_before", "ended before the day of issue", early, early / total, level=level)


def days_and_weeks(table: pd.DataFrame, extracted_on: date | None) -> Iterator[Check]:
    """Check days entered in a batch, weeks without a row and weeks that look unfinished."""
    if not is_counts(table):
        days = bulk_days(table).fillna({"agency": ""})
        places = [
            f"{row.agency or row.state} {row.issued_on:%Y-%m-%d} ({row.detainers:,})" for row in days.itertuples()
        ]
        note = f"{listed(places, 3)}: such a week may be one office's batch" if places else ""
        yield Check("bulk_days", "days far above a place's others", len(days), level=warned(places), note=note)
    weeks = recording_by_week(table, extracted_on)
    empty = [f"{week:%Y-%m-%d}" for week in weeks.index[weeks["issued"] == 0]]
    note = f"{listed(empty)}: is a sheet or file left out?" if empty else ""
    yield Check("empty_weeks", "weeks without a row", len(empty), level=warned(empty), note=note)
    unfinished = [f"{week:%Y-%m-%d}" for week in weeks.index[weeks["unfinished"] != ""]]
    note = f"from the week of {unfinished[0]} on: no comparison holds there" if unfinished else ""
    what = "last weeks that look unfinished"
    yield Check("unfinished_weeks", what, len(unfinished), level=warned(unfinished), note=note)


def against_previous(table: pd.DataFrame, previous: pd.DataFrame) -> Iterator[Check]:
    """Compare with the version before: rows, newest day, and the weeks that both have."""
    now, before = int(table["detainers"].sum()), int(previous["detainers"].sum())
    note = f"{now - before:+,}" + ("; is a file left out?" if now < before else "")
    yield Check("previous_rows", "detainers in the version before", before, level=warned(now < before), note=note)
    newest = previous["issued_on"].max()
    level = warned(table["issued_on"].max() < newest)
    note = "this file ends earlier than the version before" if level == WARN else ""
    yield Check("previous_day", "newest day of issue before", f"{newest:%Y-%m-%d}", level=level, note=note)
    both = recording_by_week(table).join(recording_by_week(previous).add_suffix("_before"), how="inner")
    if not both["issued_before"].sum():
        return
    counts = ["issued", "not_recorded"]
    revised = int((both[counts].to_numpy() != both[[f"{name}_before" for name in counts]].to_numpy()).any(1).sum())
    sums = both[[*counts, *(f"{name}_before" for name in counts)]].sum()
    level = level_of(abs(sums["issued"] / sums["issued_before"] - 1), TOTALS_DIFFER)
    note = f"of {len(both)} in both versions; detainers in them {sums['issued'] - sums['issued_before']:+,.0f}"
    yield Check("previous_weeks", "weeks revised", revised, revised / len(both), level=level, note=note)
    blank, was = sums["not_recorded"] / max(1, sums["issued"]), sums["not_recorded_before"] / sums["issued_before"]
    level = warned(blank > was + FEWER_ENDS)
    note = f"{was:.1%} before" + (": ends have vanished, where ICE mostly fills them in" if level == WARN else "")
    what = "blank: lift reason, weeks of both"
    yield Check("previous_blank", what, sums["not_recorded"], blank, level=level, note=note)
