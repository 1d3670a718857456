"""How well a published week is known: its parts against the printed totals, what is disputed, what ICE said later."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from analysis.load.published import PublishedReports
from analysis.load.scorecards import NOT_JUDGED, PASS, STOP, TOTALS_DIFFER, WARN, Check, as_card, warned
from analysis.load.vocabulary import states
from analysis.stats.recorded import conflicts, state_bounds, states_with_a_decline, taken_back

CORRECTION = "ICE correction"
CONTESTED = ("disputed", "ICE assurance", "agency explanation")
"""Kinds of entries in which someone else than ICE's own note casts doubt on a printed row."""
HARDLY_KNOWN = "none is known, of a week that is itself hardly known"


def report_scorecard(report: PublishedReports) -> pd.DataFrame:
    """Check what is known of one published week.

    A check warns where something is missing, disputed or corrected. That nothing of the kind is known passes where the
    week is known from several sources, or its rows for the most part, and is else not judged. Stops: places of a part
    that add up to more than was printed for the whole, and declines that ICE itself corrected later, where they are
    more than :data:`analysis.load.scorecards.TOTALS_DIFFER` of the printed total, so that it does not stand.

    Parameters
    ----------
    report
        One week (:meth:`analysis.load.published.PublishedReports.of_week`).

    Returns
    -------
    pandas.DataFrame
        One row per check, as in :func:`analysis.load.quality.scorecard`; ``norm`` is always NaN, since three reports
        tell no usual share. What is not known is said in words, never as 0.
    """
    return as_card([*_sums(report), *_doubts(report), *_single_rows(report)])


def _sums(report: PublishedReports) -> Iterator[Check]:
    """Hold what is known of the places against the printed totals."""
    total = report.weekly_totals.iloc[0]
    declined, issued = int(total["declined"]), report.issued_by_place
    sure = total["confidence"] == "high"
    found = "several" if sure else "one article"
    yield Check("quality_totals", "sources of both totals", found, level=warned(not sure))
    told = states_with_a_decline(report.aggregates)
    bounds = state_bounds(report.declined_by_place, declined, states().index, told)
    located = int(bounds["known_low"].sum())
    level = STOP if located > declined else warned(located < declined)
    note = "of the printed total; a state is not known for the rest" if level == WARN else "of the printed total"
    yield Check("quality_located", "declines placed in a state", located, located / declined, level=level, note=note)
    if zeros := int((bounds["known_high"] == 0).sum()):
        what, note = "states and territories taken to have none", f"an article counts {told} with a decline"
        yield Check("quality_zeros", what, zeros, level=WARN, note=note)
    sure_places = report.declined_by_place[report.declined_by_place["bound"] != "disputed"]
    inside = sure_places[sure_places["within"] != ""].groupby("within")["declined"].sum()
    whole = sure_places[sure_places["bound"] == "exact"].set_index("row_id")["declined"]
    parted = inside[inside.index.isin(whole.index)]
    if len(parted):
        over = parted > whole[parted.index]
        what, note = "places whose parts add up to more than they have", f"of {len(parted)} with known parts"
        level = STOP if over.any() else PASS
        yield Check("quality_parts", what, int(over.sum()), float(over.mean()), level=level, note=note)
    what = "issued at known places of Section I"
    if issued.empty:
        yield Check("quality_issued", what, "not known", level=WARN, note="no row of Section I is known")
        return
    number, all_rows = int(issued["issued"].sum()), (issued["complete"] == "yes").all()
    note = "of all issued; " + (
        "every row of the section is known" if all_rows else "not every row of the section is known"
    )
    yield Check("quality_issued", what, number, number / int(total["issued"]), level=warned(not all_rows), note=note)


def _doubts(report: PublishedReports) -> Iterator[Check]:
    """Count the figures and entries that are disputed, contradicted or corrected."""
    total = report.weekly_totals.iloc[0]
    places, entries = report.declined_by_place, report.corrections
    known = total["confidence"] == "high"
    disputed = int((places["bound"] == "disputed").sum())
    yield Check(
        "quality_disputed",
        "places of Section II whose figure is disputed",
        disputed,
        disputed / len(places) if len(places) else None,
        level=_found(disputed, known),
        note=f"of {len(places)} with a known figure",
    )
    against = conflicts(report)["row_id"].nunique()
    level, note = _found(against, known), "" if known or against else HARDLY_KNOWN
    yield Check(
        "quality_contradicted", "figures that another known source contradicts", against, level=level, note=note
    )
    contested = entries[entries["kind"].isin(CONTESTED) & entries["week_start"].notna()]
    note = f"{(contested['section'] == 'II').sum()} of them on declines" if len(contested) else ""
    note = note or ("" if known else HARDLY_KNOWN)
    what = "known disputes, assurances and explanations"
    yield Check("quality_contested", what, len(contested), level=_found(len(contested), known), note=note)
    back = int(taken_back(places, entries)["declined"].sum())
    share = back / int(total["declined"])
    level = STOP if share > TOTALS_DIFFER else _found(back, known)
    note = "at least, of the printed total; ICE gave no corrected one" if back else "no correction by ICE is known"
    yield Check("quality_corrected", "declines at places that ICE corrected", back, share, level=level, note=note)
    ours = entries[(entries["kind"] == CORRECTION) & (entries["section"] == "I")]
    touched = {row for rows in ours["touches"] for row in rows.split(";")}
    issued = report.issued_by_place
    if len(issued):
        number = int(issued.loc[issued["row_id"].isin(touched), "issued"].sum())
        share = number / int(issued["issued"].sum())
        note = "of those at known places" if number else "no correction by ICE is known"
        what = "issued at places that ICE corrected"
        yield Check("quality_corrected_issued", what, number, share, level=_found(number, known), note=note)


def _single_rows(report: PublishedReports) -> Iterator[Check]:
    """Count the declines that are known one by one, and the blank fields in them."""
    known, total = report.known_rows, int(report.weekly_totals["declined"].iloc[0])
    level = warned(len(known) < total)
    note = "picked by the press: no sample" if level == WARN else ""
    yield Check("quality_rows", "declines known one by one", len(known), len(known) / total, level=level, note=note)
    if known.empty:
        return
    most = 2 * len(known) > total
    blank = int((known["offence_text"] == "").sum())
    what, note = "declines known one by one, offence blank", f"of the {len(known)} known one by one"
    yield Check("quality_no_offence", what, blank, blank / len(known), level=_found(blank, most), note=note)
    unclear = int((known["offence_status"] == "unknown").sum())
    what = "declines known one by one, charged or convicted not said"
    yield Check("quality_no_status", what, unclear, unclear / len(known), level=_found(unclear, most), note=note)


def _found(doubtful: int, well_known: bool) -> str:
    """Give the level of something that should not be there; that none is known tells little of what is hardly known."""
    return PASS if well_known and not doubtful else WARN if doubtful else NOT_JUDGED
