"""What was the offence: label, then code, then two-digit block, then unknown.

One row of a release names at most one offence, as text (``DUI``), as a code of the NCIC list or ICE's own (``5404``,
``35AB``), or both. The text is asked first, because ICE's own labels say more than its codes; where it says nothing,
the code; where the code is in no list, the block of its first two digits. The share placed at each step is a fact to
publish (:func:`mapped_shares`). Offence status (convicted, charged) is another matter and stays out of here.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import unknown
from analysis.load.charge_rules import charges_in, detail_of_text
from analysis.load.files import crosswalk
from analysis.load.table import OffenceStatus

NOTHING_RECORDED = "none.none"
UNPLACED = "unk.unk"
STATUS_GROUPS = ("NONE", "UNKNOWN")
# How copies of a release write an empty cell.
_BLANK = frozenset({"", "na", "n/a", "nan", "null", "<na>"})
_CODE_LENGTH = 4


class Step(StrEnum):
    """What placed an offence; ``blank``: neither text nor code is there, ``unknown``: they are, and say nothing."""

    LABEL = "label"
    CODE = "code"
    BLOCK = "block"
    UNKNOWN = "unknown"
    BLANK = "blank"


@cache
def groups() -> pd.DataFrame:
    """Give the groups that plots show.

    Returns
    -------
    pandas.DataFrame
        One row per group, index ``group_id``: 16 groups of offences, NONE and UNKNOWN. ``group`` is the label,
        ``order`` the order in plots by severity, ``joins_in_twelve`` the group it joins where a plot holds twelve
        (blank: it stands for itself), ``reason`` why it is so.
    """
    return crosswalk("offence_groups", "group_id").astype({"order": "int64"}).sort_values("order")


def group_named(given: object) -> str:
    """Find the offence group that a user means: its id or its label, in any case.

    Raises
    ------
    InputError
        Nothing of that name; the message lists the groups.
    """
    table, text = groups(), str(given).strip()
    matches = table.index[(table.index == text.upper()) | (table["group"].str.casefold() == text.casefold())]
    if len(matches) == 0:
        raise unknown(
            "offence group", text.upper(), table.index, more="Labels are taken too: " + "; ".join(table["group"])
        )
    return str(matches[0])


@cache
def details() -> pd.DataFrame:
    """Give the details below the groups.

    Returns
    -------
    pandas.DataFrame
        One row per detail, index ``detail_id``: 48 kinds of offence and two statuses. ``severity_rank`` (1 = gravest,
        ties allowed) is this project's proposal, no standard: it follows the FBI's hierarchy rule for the offences of
        its Part I and places the rest beside them. ``violent_fbi`` tells what the FBI counts as violent crime;
        ``alternative_group`` (blank: none) is the group where another choice would put it.
    """
    table = crosswalk("offence_details", "detail_id").astype({"severity_rank": "int64"})
    return table.assign(violent_fbi=table["violent_fbi"] == "yes")


@cache
def _codes() -> dict[str, str]:
    """Give the detail of each code of the NCIC list, of each code of ICE's own and of each two-digit block."""
    return {**crosswalk("ncic_codes", "code")["detail_id"], **crosswalk("offence_code_labels", "code")["detail_id"]}


def _mended_code(code: str) -> str:
    """Give a code its four places back: ``301`` lost a zero, ``301.0`` went through a number as well."""
    plain = code.strip().upper().removesuffix(".0")
    return plain.zfill(_CODE_LENGTH) if len(plain) == _CODE_LENGTH - 1 else plain


def _placed_by_code(code: str) -> tuple[str, Step]:
    """Place a code: itself, or else its block."""
    mended = _mended_code(code)
    if len(mended) == _CODE_LENGTH:
        for key, step in ((mended, Step.CODE), (mended[:2], Step.BLOCK)):
            if key in _codes():
                return _codes()[key], step
    return UNPLACED, Step.UNKNOWN


def _numbered(offences: pd.DataFrame, column: str) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Give each row the number of its value, and the values; number 0 is the blank, also where the column lacks."""
    if column not in offences:
        return np.zeros(len(offences), dtype=np.int64), [""]
    values = offences[column].astype("category").cat
    texts = ["", *("" if str(value).strip().casefold() in _BLANK else str(value) for value in values.categories)]
    return values.codes.to_numpy(np.int64) + 1, texts


def classify(offences: pd.DataFrame) -> pd.DataFrame:
    """Place every offence in a group.

    Parameters
    ----------
    offences
        One row per offence; reads ``offence_text`` and ``offence_code``, best as categories, of which either may be
        absent. Other columns are not looked at.

    Returns
    -------
    pandas.DataFrame
        The same rows, index kept: ``offence_group`` (16 groups, NONE where neither text nor code is recorded or the
        text says that there is no offence, UNKNOWN), ``offence_detail`` (blank for NONE and UNKNOWN),
        ``severity_rank`` (1 = gravest; 98 and 99 for NONE and UNKNOWN) and ``step`` (label, code, block, unknown,
        blank).

    Notes
    -----
    Every distinct text and every distinct code is placed once, so that the cost hardly grows with the rows.
    """
    known, steps = details(), list(Step)
    number = {detail: at for at, detail in enumerate(known.index)}
    (text_of, texts), (code_of, codes) = (_numbered(offences, column) for column in ("offence_text", "offence_code"))

    text_details = [detail_of_text(text) if text else None for text in texts]
    by_text = np.array([-1 if detail is None else number[detail] for detail in text_details])[text_of]
    code_places = [_placed_by_code(code) for code in codes]
    by_code = np.array([number[detail] for detail, _ in code_places])[code_of]
    step_by_code = np.array([steps.index(step) for _, step in code_places])[code_of]
    blank = np.array([not text for text in texts])[text_of] & np.array([not code for code in codes])[code_of]

    detail_of = np.select([by_text >= 0, blank], [by_text, number[NOTHING_RECORDED]], by_code)
    step_of = np.select([by_text >= 0, blank], [steps.index(Step.LABEL), steps.index(Step.BLANK)], step_by_code)
    group_of = groups().index.get_indexer(known["group_id"])
    is_offence = (~known["group_id"].isin(STATUS_GROUPS)).to_numpy()
    shown = np.where(is_offence, np.cumsum(is_offence) - 1, -1)
    return pd.DataFrame(
        {
            "offence_group": pd.Categorical.from_codes(group_of[detail_of], categories=groups().index),
            "offence_detail": pd.Categorical.from_codes(shown[detail_of], categories=known.index[is_offence]),
            "severity_rank": known["severity_rank"].to_numpy()[detail_of],
            "step": pd.Categorical.from_codes(step_of, categories=[step.value for step in steps]),
        },
        index=offences.index,
    )


def mapped_shares(classified: pd.DataFrame) -> pd.DataFrame:
    """Count what placed the offences.

    Parameters
    ----------
    classified
        The result of :func:`classify`.

    Returns
    -------
    pandas.DataFrame
        One row per step in its order, index ``step``: ``rows``, ``share`` (of all rows) and ``share_of_recorded`` (of
        the rows that record a text or a code; blank for the step ``blank``). Shares of no rows are blank.
    """
    rows = classified["step"].value_counts().reindex(list(Step), fill_value=0).rename_axis("step").rename("rows")
    recorded = rows.drop(Step.BLANK)
    return pd.DataFrame(
        {
            "rows": rows,
            "share": rows / rows.sum() if rows.sum() else np.nan,
            "share_of_recorded": recorded / recorded.sum() if recorded.sum() else np.nan,
        }
    ).reindex(rows.index)


def choices(classified: pd.DataFrame) -> pd.DataFrame:
    """Count the rows that another choice would put in another group: the sensitivity of this project's choices.

    Parameters
    ----------
    classified
        The result of :func:`classify`.

    Returns
    -------
    pandas.DataFrame
        One row per detail that could stand elsewhere, index ``detail_id``: ``group_id``, ``alternative_group``,
        ``rows``, ``share`` (of the rows with an offence; blank when there are none) and ``reason``.
    """
    open_choices = details().query("alternative_group != ''")
    rows = classified["offence_detail"].value_counts().reindex(open_choices.index, fill_value=0)
    total = int(classified["offence_detail"].notna().sum())
    return open_choices[["group_id", "alternative_group"]].assign(
        rows=rows, share=rows / total if total else np.nan, reason=open_choices["reason"]
    )


def named_offences(table: pd.DataFrame) -> pd.DataFrame:
    """Give every offence of the records that name several in one text: those in which the order of severity chooses.

    Parameters
    ----------
    table
        The table of detainers: ``offence_text`` and ``offence_status``.

    Returns
    -------
    pandas.DataFrame
        One row per offence named: ``record`` (its row in ``table``), ``offence_text``, ``offence_status`` and the
        columns of :func:`classify`; without rows where no text names several.
    """
    texts = table["offence_text"].dropna()
    several = texts[texts.map(lambda text: len(charges_in(str(text))) > 1).astype(bool)].astype("str")
    named = several.map(charges_in).explode().rename_axis("record").reset_index()
    status = table["offence_status"].reindex(named["record"]).reset_index(drop=True)
    return named.assign(offence_status=status).join(classify(named))


def primary(offences: pd.DataFrame, *, charges_first: bool = False, last_of_ties: bool = False) -> pd.DataFrame:
    """Choose one offence per record: the gravest conviction, or the gravest charge where none is convicted.

    Parameters
    ----------
    offences
        One row per offence named in a record: ``record``, ``offence_status``, ``severity_rank`` and what else is to be
        kept. For records that name several offences, as ICE's weekly reports of 2017 do; a FOIA release names one,
        chosen by ICE, which is not to be ranked again.
    charges_first
        Put charges before convictions instead: the alternative of :func:`primary_sensitivity`.
    last_of_ties
        Of offences with the same status and rank take the last named instead of the first.

    Returns
    -------
    pandas.DataFrame
        One row per record with the columns of ``offences``, in the order of the records' first rows.
    """
    court = [OffenceStatus.CONVICTED, OffenceStatus.CHARGED]
    order = [*(reversed(court) if charges_first else court), OffenceStatus.UNKNOWN, OffenceStatus.NONE]
    place = offences["offence_status"].astype("str").map({status.value: at for at, status in enumerate(order)})
    ranked = offences.assign(_status=place)
    ranked = ranked.iloc[::-1] if last_of_ties else ranked
    ranked = ranked.sort_values(["_status", "severity_rank"], kind="stable").drop_duplicates("record")
    records = offences["record"].drop_duplicates()
    return ranked.drop(columns="_status").set_index("record", drop=False).loc[records].reset_index(drop=True)


def primary_sensitivity(offences: pd.DataFrame) -> pd.DataFrame:
    """Count the records whose primary offence would fall in another group under another order.

    Parameters
    ----------
    offences
        As for :func:`primary`, with ``offence_group``.

    Returns
    -------
    pandas.DataFrame
        One row per alternative, index ``alternative`` (``charges first``, ``last of ties``): ``records``,
        ``changed`` and ``share`` (blank for no records).
    """
    chosen = primary(offences)["offence_group"].astype("str")
    others = {
        "charges first": primary(offences, charges_first=True),
        "last of ties": primary(offences, last_of_ties=True),
    }
    changed = pd.Series(
        {name: int((other["offence_group"].astype("str") != chosen).sum()) for name, other in others.items()}
    )
    return pd.DataFrame(
        {"records": len(chosen), "changed": changed, "share": changed / len(chosen) if len(chosen) else np.nan}
    ).rename_axis("alternative")
