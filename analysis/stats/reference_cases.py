"""Whether our code gives the values that others published, and whether the methods keep what they say."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.load.reference import crosswalk, data_file, read_text_table
from analysis.stats.comparisons import adjust_for_many, ratio_interval, two_sided, up_to
from analysis.stats.counts import count_interval, share_interval
from analysis.stats.inference import aalen_johansen
from analysis.stats.nowcast import Triangle, development
from analysis.stats.standardisation import direct, kitagawa

Found = Mapping[str, float]


def reference_cases() -> pd.DataFrame:
    """Set what our functions give beside published values, of the file that the tests read.

    Returns
    -------
    pandas.DataFrame
        One row per value, index the ``section`` of the documentation of methods that shows it (blank = only tests do):
        ``case``, ``method``, ``quantity``, ``published``, ``computed``, ``difference`` (without its sign), ``within``
        (what is allowed) and ``source``. Values that another program computes in the tests have no row.

    Examples
    --------
    >>> cases = reference_cases()
    >>> bool((cases["difference"] <= cases["within"]).all())
    True
    """
    table = crosswalk("reference_cases", "row_id")
    table = table.assign(inputs=table["inputs"].replace("", None).ffill()).query("function != ''")
    found = [COMPUTED[row.function](**json.loads(row.inputs))[row.result] for row in table.itertuples()]
    table = table.astype({"published": float, "within": float}).assign(computed=found)
    table["difference"] = (table["computed"] - table["published"]).abs()
    columns = ["case", "method", "quantity", "published", "computed", "difference", "within", "source"]
    return table.set_index("section")[columns]


def calibration() -> pd.DataFrame:
    """Read what was found when the methods were tried on made-up data, one row per promise or figure beside one.

    ``result`` and ``mc_error`` (its Monte Carlo standard error) are text; ``verdict`` is ``met``, ``missed`` or
    ``shown`` (nothing is promised).
    """
    rows = read_text_table(data_file("reference/calibration.csv"), ["section", "check", "law", "found", "verdict"])
    for name, given, digits in (("result", "found", 1), ("mc_error", "mc_error", 2)):
        rows[name] = [f"{float(share):.{digits}%}" for share in rows[given]]
    rows = rows.rename(columns={"check": "promise"}).astype({"trials": int})
    rows = rows[["section", "promise", "law", "target", "result", "mc_error", "trials", "verdict", "note"]]
    met, missed = (int((rows["verdict"] == verdict).sum()) for verdict in ("met", "missed"))
    rows.attrs = {"facts": {"met": met, "missed": missed, "promised": met + missed}}
    return rows


def limits(low: Any, high: Any) -> Found:  # noqa: ANN401
    """Name the two ends of an interval."""
    return {"low": float(np.ravel(low)[0]), "high": float(np.ravel(high)[0])}


def share_of_total(x: float, n: float) -> Found:
    """Give the interval of one period's part of the total, at equal exposure, from that of the ratio."""
    ratios = limits(*ratio_interval(x, n - x, 1, 1))
    return {end: ratio / (1 + ratio) if np.isfinite(ratio) else 1.0 for end, ratio in ratios.items()}


def adjusted(p: Sequence[float]) -> Found:
    """Give the adjusted p of each, by its place in the list, and how many are rejected."""
    found = adjust_for_many(p)
    return {"rejected": float((found <= 0.05).sum()), **{str(n): float(q) for n, q in enumerate(found, start=1)}}


def rates(counts: Sequence[Sequence[float]], populations: Sequence[Sequence[float]]) -> Found:
    """Standardise each row's rate per 100,000 to the mean population of all rows."""
    index = pd.MultiIndex.from_product([range(1, len(counts) + 1), range(len(counts[0]))], names=["row", "age"])
    data = pd.DataFrame({"declined": np.ravel(counts), "issued": np.ravel(populations)}, index=index)
    found, sums = direct(data, data["issued"].groupby("age").mean()), data.groupby("row").sum()
    found["crude"] = sums["declined"] / sums["issued"]
    names = zip(["adjusted", "low", "high", "crude"], found, strict=True)
    return {f"{name} {row}": 1e5 * float(found.loc[row, column]) for name, column in names for row in found.index}


def parts_of_change(**given: Sequence[float]) -> Found:
    """Take a change apart; sizes are percentages."""
    before, after = (np.divide(given[name], 100) for name in ("size_before", "size_after"))
    mix, within = kitagawa(before, after, given["share_before"], given["share_after"])
    return {"composition": float(mix.sum()), "within": float(within.sum())}


def chain_ladder(increments: Sequence[Sequence[float]]) -> Found:
    """Develop a triangle of increments, a row per origin, oldest first."""
    triangle = Triangle(pd.DataFrame([pd.Series(np.cumsum(row)) for row in increments], dtype=float), 1)
    developed = development(triangle, len(increments))
    growth, factors = developed.growth[-1], developed.factors[-1]
    found = {f"completeness {n}": 1 / more for n, more in enumerate(growth)}
    found |= {f"factor {n}": factor for n, factor in enumerate(factors)}
    found |= {f"hazard {n}": 1 - 1 / factor for n, factor in enumerate(factors)}
    return found | {f"final {n}": sum(row) * growth[len(row) - 1] for n, row in enumerate(increments)}


def incidences(t: Sequence[float], cause: Sequence[int]) -> Found:
    """Give the last incidence of each cause, and its standard error."""
    last = aalen_johansen(t, cause, max(cause)).groupby("cause").last()
    ends = {"cause": "incidence", "se": "se"}
    return {f"{part}{k}": last.loc[k, name] for k in last.index.astype(int) for part, name in ends.items()}


def one_minus_kaplan_meier(t: Sequence[float], cause: Sequence[int]) -> Found:
    """Give what one minus Kaplan-Meier says of each cause, the others taken as censored."""
    alone = {k: aalen_johansen(t, np.equal(cause, k).astype(int), 1) for k in range(1, max(cause) + 1)}
    return {f"cause{k}": float(curve["incidence"].iloc[-1]) for k, curve in alone.items()}


COMPUTED: dict[str, Callable[..., Found]] = {
    "share_interval": lambda x, n: limits(*share_interval(x, n)),
    "share_of_total": share_of_total,
    "count_interval": lambda count, exposure=1: limits(*np.divide(count_interval(count), exposure)),
    "one_sided": lambda now, exposure, before, exposure_before: {
        "p": float(up_to(before, now + before, exposure_before / (exposure + exposure_before), 1))
    },
    "two_sided": lambda now, before: {"p": float(two_sided(now, before, 0.5, 1))},
    "adjust_for_many": adjusted,
    "direct": rates,
    "kitagawa": parts_of_change,
    "chain_ladder": chain_ladder,
    "aalen_johansen": incidences,
    "one_minus_kaplan_meier": one_minus_kaplan_meier,
}
