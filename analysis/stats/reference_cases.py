"""Whether our code gives the values that others published, and whether the methods keep what they say."""

import pandas as pd

from analysis.load.reference import crosswalk, data_file, read_text_table


def reference_cases() -> pd.DataFrame:
    """Set what our functions give beside published values, of the file that the tests read.

    Returns
    -------
    pandas.DataFrame
        One row per value, index the ``section`` of the documentation of methods that shows it (blank = only tests do):
        ``case``, ``method``, ``quantity``, ``published``, ``computed`` (which a test computes again), ``difference``
        (without its sign), ``within`` (what is allowed) and ``source``. Values that another program computes in the
        tests have no row.

    Examples
    --------
    >>> cases = reference_cases()
    >>> bool((cases["difference"] <= cases["within"]).all())
    True
    """
    table = crosswalk("reference_cases", "row_id").query("function != ''").set_index("section")
    table = table.astype(dict.fromkeys(["published", "computed", "within"], float))
    table["difference"] = (table["computed"] - table["published"]).abs()
    return table[["case", "method", "quantity", "published", "computed", "difference", "within", "source"]]


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
