"""The offence of each detainer of a release: of the columns that it has, the most telling; and what is known of it."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pandas as pd

from analysis.load.cells import blanks, chosen, combinations, recoded
from analysis.load.offences import classify, mapped_shares
from analysis.load.table import OffenceStatus
from analysis.load.vocabulary import criminalities

NO_OFFENCE, UNKNOWN_OFFENCE = "NONE", "UNKNOWN"
OFFENCE_BLOCKS = (  # most telling first; form C has all three, D to G the first
    ("offence_text", "offence_code", OffenceStatus.CONVICTED),
    ("pending_text", "pending_code", OffenceStatus.CHARGED),
    ("charge_text", "charge_code", OffenceStatus.CHARGED),
)


def read_offences(frame: pd.DataFrame) -> pd.DataFrame:
    """Add offence, group, detail and status (:func:`read_release`); return the shares by the step that placed them.

    What the rows of a release say of offences repeats much: each combination is read once.
    """
    names = [*chain.from_iterable(block[:2] for block in OFFENCE_BLOCKS), "criminality"]
    asked = [name for name in names if name in frame]
    if not asked:
        return mapped_shares(classify(frame.head(0)))
    numbers, a_row = combinations([frame[name].array for name in asked])
    offences = _offences_of(frame[asked].take(a_row).reset_index(drop=True)).take(numbers).set_axis(frame.index)
    frame[offences.columns.drop("step")] = offences.drop(columns="step")
    return mapped_shares(offences)


def _offences_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Give offence, group, detail, status and the step that placed the offence."""
    blocks = [block for block in OFFENCE_BLOCKS if block[0] in frame or block[1] in frame]
    blank = blanks(len(frame))
    texts, codes = (
        [frame[block[part]].array if block[part] in frame else blank for block in blocks] for part in (0, 1)
    )
    which = np.full(len(frame), len(blocks))
    for at in reversed(range(len(blocks))):
        which[(texts[at].codes >= 0) | (codes[at].codes >= 0)] = at
    offences = pd.DataFrame({"offence_text": chosen(texts, which), "offence_code": chosen(codes, which)})
    classes = classify(offences)
    which[classes["offence_group"] == NO_OFFENCE] = len(blocks)  # blank, or a text that says so

    by_class = criminalities()["offence_status"]
    person = frame["criminality"].array if "criminality" in frame else blank
    of_person = recoded(person, [by_class[word] for word in person.categories])
    unknown = recoded(pd.Categorical.from_codes(np.zeros(len(frame), np.int8), [""]), [by_class[""]])
    named = [recoded(unknown, [str(status)]) for _, _, status in blocks]
    which_status = np.where((which == len(blocks)) & (of_person.codes < 0), len(blocks) + 1, which)
    status = chosen([*named, of_person, unknown], which_status)
    of_unnamed = recoded(
        status, [NO_OFFENCE if word == OffenceStatus.NONE else UNKNOWN_OFFENCE for word in status.categories]
    )
    return offences.assign(
        offence_status=status,
        offence_group=chosen([classes["offence_group"].array, of_unnamed], which == len(blocks)),
        offence_detail=classes["offence_detail"],
        step=classes["step"],
    )
