"""The tables of the documentation of methods: computed beside published values, promises beside what is found."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.load.reference import data_file, read_text_table
from analysis.show.sentences import as_percent


def against_published(cases: Sequence[tuple[str, str, float, float]]) -> pd.DataFrame:
    """Set what a function gives beside the value of a reference case.

    Parameters
    ----------
    cases
        Id of the case (``tests/cases/reference_cases.csv``), quantity, published value, computed value.

    Returns
    -------
    pandas.DataFrame
        One row per value: ``case``, ``quantity``, ``published`` and ``computed``, as text to seven digits, and
        ``difference``, without its sign, to two.
    """
    rows = [
        (case, quantity, f"{published:.7g}", f"{float(computed):.7g}", f"{abs(float(computed) - published):.1e}")
        for case, quantity, published, computed in cases
    ]
    return pd.DataFrame(rows, columns=["case", "quantity", "published", "computed", "difference"])


def calibration() -> pd.DataFrame:
    """Read what was found when the methods were tried on made-up data (``tests/benchmarks/calibration.py``).

    Returns
    -------
    pandas.DataFrame
        One row per promise or figure shown beside one: ``section``, ``promise``, ``law``, ``target``, ``result`` and
        ``mc_error`` (text; its Monte Carlo standard error), ``trials``, ``verdict``
        (``met``, ``missed`` or ``shown``: nothing is promised) and ``note``.
    """
    rows = read_text_table(data_file("reference/calibration.csv"), ["section", "check", "law", "found", "verdict"])
    return pd.DataFrame(
        {
            "section": rows["section"],
            "promise": rows["check"],
            "law": rows["law"],
            "target": rows["target"],
            "result": [as_percent(found) for found in rows["found"].astype(float)],
            "mc_error": [f"{error:.2%}" for error in rows["mc_error"].astype(float)],
            "trials": rows["trials"].astype(int),
            "verdict": rows["verdict"],
            "note": rows["note"],
        }
    )
