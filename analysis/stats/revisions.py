"""Two versions of a source: which rows are new, late, changed or vanished, what each week's figures were and are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.load.sources import only, open_source, pick_versions, versions
from analysis.load.table import NAMES, Outcome
from analysis.periods import week_of
from analysis.stats.counts import count_outcomes
from analysis.stats.inference import extraction_facts

STABLE = ("issued_on", "form", "citizenship")
STABLE_CARRIED = ("gender", "birth year", "birth country")  # columns carried along, by name in lower case
CODE, PLACE = "facility_code", ("state", "agency", "city")  # the code stands for the place, whose spelling may change
MAY_CHANGE = ("offence_text", "offence_code", "criminality", "threat_level", "lifted_on")
IDS_SHARED = 0.5  # of the ids of the version with fewer that the other must have too: a release makes all anew
WEEKLY, PARTS = ["issued", "declined", "not_recorded"], ["was", "now", "change"]
KINDS = ["same", "changed", "vanished", "late", "new"]


@dataclass(frozen=True, eq=False)
class Revision:
    """What changed from one version of a source to another: the least that turns one into the other.

    Rows were matched by ``key``; those ``alike`` share it with another of their version. Late: issued by the older
    version's last day; new: after it; cut: a version begins or ends within the week.
    """

    key: tuple[str, ...]
    rows: pd.DataFrame
    columns: pd.DataFrame
    outcomes: pd.DataFrame
    by_week: pd.DataFrame
    source: Any = None  # the newer of the versions, and the older one; None = two tables alone
    older: Any = None

    def __repr__(self) -> str:
        return f"<Revision: {self.source!r} against {self.older!r}>"

    @property
    def parameters(self) -> dict[str, object]:
        """Give what was asked: the source's name and the numbers of the two versions."""
        return {"source": self.source.facts.name, "older": self.older.version, "newer": self.source.version}

    @cached_property
    def weeks(self) -> pd.DataFrame:
        """Give the weeks that both versions reach, newest first; ``cut`` in words. Of one state no ends are given."""
        both = self.by_week.dropna(subset=["issued_was", "issued_now"]).sort_index(ascending=False)
        if self.source is not None and only(self.source.detainers(["state"]), "state"):  # small counts are hidden
            both = both.assign(**{f"not_recorded_{part}": np.nan for part in PARTS})
        return both.assign(cut=both["cut"].map({True: "yes", False: "no"}))

    @cached_property
    def triangle(self) -> pd.DataFrame:
        """Give what each version knew of the declines of each week of issue whose declines differ between them."""
        known, columns = versions(self.source.facts.name), ["issued_on", "outcome", "detainers"]
        then = pd.DataFrame({one.version: _weekly(one.detainers(columns))["declined"] for one in known})
        moving = then[then.max(axis="columns") > then.min(axis="columns")].rename_axis("week").reset_index()
        rows = moving.melt("week", var_name="version", value_name="known_then")
        days = {one.version: extraction_facts(one.facts)["extracted_on"] for one in known}
        rows.insert(2, "extracted_on", pd.to_datetime(rows["version"].map(days)))
        rows = rows.sort_values(["week", "version"], ascending=[False, True], ignore_index=True)
        rows.attrs = {"facts": {"versions": len(known)}, "synthetic": self.source.facts.synthetic}
        return rows

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Give what sentences may say of it, by id; ``..._was`` and so on sum the weeks full in both versions."""
        counts = self.rows.set_index("kind").rename(columns={"detainers": "rows"})
        both = self.by_week[~self.by_week["cut"]].dropna(subset=["issued_was", "issued_now"])
        revised = both[[f"{name}_change" for name in WEEKLY]]
        filled = self.outcomes[self.outcomes["was"] == Outcome.NOT_RECORDED]
        names = [name.replace("_", " ").lower() for name in self.key]
        facts: dict[str, Any] = {
            **{f"{name}_{kind}": int(counts.loc[kind, name]) for name in counts for kind in KINDS},
            **{f"{name}_{part}": int(both[f"{name}_{part}"].sum()) for name in WEEKLY for part in PARTS},
            **{"by_person": "person" in self.key, "weeks_both": len(both)},
            "weeks_revised": int((revised != 0).any(axis="columns").sum()),
            "filled": int(filled["detainers"].sum()),
            "declined_filled": int(filled["detainers"][filled["is_now"] == Outcome.DECLINED].sum()),
            "key": " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]])),
        }
        if revised["declined_change"].any():
            most = revised["declined_change"].abs().idxmax()
            parts = {f"most_{part}": int(both.loc[most, f"declined_{part}"]) for part in ("was", "now")}
            facts |= {"most": f"{most:%Y-%m-%d}", **parts}
        for name, one in (("older", self.older), ("newer", self.source)):
            if one is not None:
                facts |= {name: one.version, f"{name}_extracted": extraction_facts(one.facts)["extracted_words"]}
        return facts


def compare_versions(source: str, older: int = -1, newer: int = 0) -> Revision:
    """Compare two versions of a source.

    Parameters
    ----------
    source
        Name of an imported source, or ``synthetic``.
    older, newer
        Numbers of versions; 0 is the newest, -1 the one before it, and so on.

    Returns
    -------
    Revision
        Its frames are ``rows``, ``by_week``, ``weeks``, ``outcomes``, ``columns`` and ``triangle``.

    Raises
    ------
    InputError
        The source has not two versions, or not these, or they are not in this order.

    Examples
    --------
    >>> compare_versions("synthetic").rows.set_index("kind")["detainers"].to_dict()
    {'same': 11240, 'changed': 502, 'vanished': 10, 'late': 0, 'new': 775}
    """
    first, second = (open_source(source, version=number) for number in pick_versions(source, older, newer))
    revision = replace(compare_tables(first.detainers(), second.detainers()), source=second, older=first)
    about = {"place_name": source, "older": str(first.version), "newer": str(second.version)}
    for frame in (revision.rows, revision.by_week, revision.weeks, revision.outcomes, revision.columns):
        frame.attrs = {**about, "synthetic": second.facts.synthetic, "facts": revision.facts}
    return revision


def compare_tables(older: pd.DataFrame, newer: pd.DataFrame) -> Revision:
    """Match the rows of two versions of a source, a detainer each, and count what changed.

    Rows are matched one to one, in rounds over what the rounds before left: alike in everything compared; in all but
    the lift reason; in all but what else may change; by the key alone; and where ids are shared, by person and day.
    """
    older, newer = (one.loc[one.index.repeat(one["detainers"])].reset_index(drop=True) for one in (older, newer))
    place, may_change = ((CODE,), (*PLACE, *MAY_CHANGE)) if _in_both([CODE], older, newer) else (PLACE, MAY_CHANGE)
    carried = [name for name in older if name not in NAMES and name.lower().replace("_", " ") in STABLE_CARRIED]
    carried = [name for name in carried if name in newer and str(older[name].dtype) == str(newer[name].dtype)]
    fewer, more = sorted((np.unique(_fingerprint(table["person"].dropna())) for table in (older, newer)), key=len)
    shared = len(fewer) > 0 and bool(np.isin(fewer, more).mean() >= IDS_SHARED)
    key = [*_in_both([*STABLE, *place, *carried], older, newer), *["person"] * shared]
    reason, other, person = [*key, "lift_reason"], _in_both(may_change, older, newer), ["person", "issued_on"]
    prints = {name: np.append(*(_fingerprint(one[name]) for one in (older, newer))) for name in (*reason, *other)}
    rounds = [[*reason, *other], [*key, *other], reason, key, *[person] * shared]
    both = pd.concat([older, newer], ignore_index=True)[["issued_on", "outcome", "person"]]
    is_new, partner = np.arange(len(both)) >= len(older), np.full(len(both), -1)
    for names in rounds:
        free = np.flatnonzero((partner < 0) & (both["person"].notna() | (names is not person)))
        free = free[np.argsort(_content(prints, prints)[free], kind="stable")]  # alike rows by their whole content
        left = pd.DataFrame({"row": free, "alike": _content(prints, names)[free], "newer": is_new[free]})
        left["nth"] = left.groupby(["newer", "alike"]).cumcount()
        pairs = left[~left["newer"]].merge(left[left["newer"]], on=["alike", "nth"])
        partner[pairs["row_x"]], partner[pairs["row_y"]] = pairs["row_y"], pairs["row_x"]
    was = np.flatnonzero((partner >= 0) & ~is_new)
    now, issued, ends = partner[was], both["issued_on"], both["outcome"].astype("str").array
    alike = pd.DataFrame({"content": _content(prints, key), "newer": is_new}).duplicated(keep=False).to_numpy(copy=True)
    alike[was] |= alike[now]
    differs = pd.DataFrame({name: values[was] != values[now] for name, values in prints.items()})
    kind = np.where(is_new, np.where(issued <= older["issued_on"].max(), "late", "new"), "vanished")
    kind[was] = np.where(differs.any(axis="columns"), "changed", "same")
    fates = pd.DataFrame({"kind": kind, "week": week_of(issued), "alike": alike}).drop(index=now)
    changes = pd.DataFrame({"was": ends[was], "is_now": ends[now], "alike": alike[was]})[differs.any(axis="columns")]
    sums, most_first = {"detainers": "size", "alike": "sum"}, {"by": "detainers", "ascending": False, "kind": "stable"}
    columns = differs.sum().rename_axis("column").reset_index(name="detainers").sort_values(**most_first)
    other_end = changes[changes["was"] != changes["is_now"]].groupby(["was", "is_now"])["alike"]
    outcomes = other_end.agg(**sums).reset_index().sort_values(**most_first, ignore_index=True)
    weeks = _weeks_revised(older, newer)
    of_week = pd.crosstab(fates["week"], fates["kind"]).reindex(index=weeks.index, columns=KINDS[1:], fill_value=0)
    kinds = fates.groupby("kind")["alike"].agg(**sums).reindex(pd.Index(KINDS, name="kind"), fill_value=0)
    columns = columns[columns["detainers"] > 0].reset_index(drop=True)
    return Revision(tuple(key), kinds.reset_index(), columns, outcomes, weeks.join(of_week))


def _content(prints: Mapping[str, NDArray[np.uint64]], names: Iterable[str]) -> NDArray[np.uint64]:
    """Join the fingerprints of some columns into one of 64 bits, in which two contents hardly ever meet."""
    whole = np.zeros(1, dtype=np.uint64)
    for name in names:
        whole = (whole * np.uint64(0x9E3779B97F4A7C15)) ^ prints[name]
    return whole


def _weeks_revised(older: pd.DataFrame, newer: pd.DataFrame) -> pd.DataFrame:
    """Put each week's figures in two versions beside each other."""
    both = _weekly(older).add_suffix("_was").join(_weekly(newer).add_suffix("_now"), how="outer")
    for name in WEEKLY:
        both[f"{name}_change"] = both[f"{name}_now"] - both[f"{name}_was"]
    days = pd.DataFrame([table["issued_on"].agg(["min", "max"]) for table in (older, newer)])
    first, last = days["min"].max(), days["max"].min()
    saturday, friday = both.index, both.index + pd.Timedelta(days=6)
    cut = ((saturday < first) & (first <= friday)) | ((saturday <= last) & (last < friday))
    return both[[f"{name}_{part}" for name in WEEKLY for part in PARTS]].assign(cut=cut)


def _in_both(names: Iterable[str], older: pd.DataFrame, newer: pd.DataFrame) -> list[str]:
    """Keep the columns that have a value in both versions; one that a version lacks cannot match rows."""
    return [name for name in names if all(name in table and table[name].notna().any() for table in (older, newer))]


def _fingerprint(column: pd.Series) -> NDArray[np.uint64]:
    """Give every value a number that is the same in both versions, whatever the categories' order."""
    return pd.util.hash_pandas_object(column, index=False).to_numpy()


def _weekly(table: pd.DataFrame) -> pd.DataFrame:
    """Count by week of issue, from a version's first week to its last; between them none is zero."""
    return count_outcomes(table, "week")[WEEKLY].asfreq("7D", fill_value=0)
