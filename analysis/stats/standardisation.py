"""Like for like, small places, and a change taken apart: what a period's shares would be if places were alike."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from analysis.load.reference import states
from analysis.stats import counts as counting
from analysis.stats.cohort import ONE_END, Cohort, takes_cohort
from analysis.stats.comparisons import CLEAR
from analysis.stats.counts import ALL, LEAST_FOR_A_SHARE, NOT_GIVEN, TAIL, Floats, count_outcomes, of_weeks
from analysis.stats.inference import comparisons
from analysis.stats.summary import NO_QUARTER, described, nothing, state_name

LEAST_EXPECTED, FEWEST_PLACES = 4, 3  # declines expected of a state to hold its own against them; places for a prior
NO_OTHER_STATE = "The source has one state, so there is nothing to hold it against."
STRATA = {False: ["request"], True: ["request", "offence_group", "offence_status"]}  # by whether there are offences


def over_expected(rows: pd.DataFrame, has_offences: bool, dispersion: pd.Series) -> pd.DataFrame:
    """Hold each state's declines of a period against those that its detainers would have at the national shares.

    By offence these are whole: finer ones would tell of hidden counts. Interval: exact Poisson, observed / dispersion.
    """
    counts = count_outcomes(rows, ["state", *STRATA[has_offences]])[["declined", "issued"]]
    of_state = counts.groupby(level=0).sum().drop(index=NOT_GIVEN, errors="ignore")
    found = indirect(counts).reindex(of_state.index)
    found = found.round() if has_offences else found
    phi = dispersion[of_state.index]
    low, high = (end * phi / found for end in counting.count_interval(of_state["declined"] / phi))
    table = of_state.rename(columns={"declined": "observed"})[["issued", "observed"]].assign(expected=found)
    table = table.assign(over_expected=table["observed"] / found, low=low, high=high)
    by_request = count_outcomes(rows, ["state", "request"]).drop(index=NOT_GIVEN, level=0, errors="ignore")
    table = table.join(direct(by_request, dispersion=phi).round(3))
    return table[table["expected"] >= LEAST_EXPECTED].sort_values("expected", ascending=False, kind="stable")


def indirect(counts: pd.DataFrame) -> pd.Series:
    """Give the declines that each place's detainers (first index level) would have at all places' shares."""
    by = list(range(1, counts.index.nlevels))
    whole = counts.groupby(level=by)[["declined", "issued"]].transform("sum")
    return (counts["issued"] * whole["declined"] / whole["issued"].where(whole["issued"] > 0)).groupby(level=0).sum()


def direct(counts: pd.DataFrame, standard: pd.Series | None = None, dispersion: ArrayLike = 1.0) -> pd.DataFrame:
    """Give the share of declines that each place would have with the standard's mix, by default that of all places.

    NaN where a place has none in a stratum of it. Fay and Feuer (1997): y the share, v its variance, w a top weight.
    """
    declined, issued = (counts[name].unstack(fill_value=0).astype(float) for name in ("declined", "issued"))  # noqa: PD010
    mix = issued.sum() if standard is None else standard.reindex(issued.columns).fillna(0)
    weights, here = (mix / mix.sum()).to_numpy(), issued.to_numpy()
    per_detainer = np.where(here > 0, weights / np.where(here > 0, here, 1), 0)
    y = (per_detainer * declined).sum(axis="columns").to_numpy()
    phi = np.broadcast_to(np.asarray(dispersion, dtype=float), y.shape)
    v, w = phi * (per_detainer**2 * declined).sum(axis="columns").to_numpy(), per_detainer.max(axis=1, initial=0)
    some, more_y, more_v = (np.where(x > 0, x, np.nan) for x in (y, y + w, v + phi * w**2))
    low = v / (2 * some) * stats.chi2.ppf(TAIL, 2 * some**2 / np.where(v > 0, v, 1))
    high = more_v / (2 * more_y) * stats.chi2.isf(TAIL, 2 * more_y**2 / more_v)
    limits = {"standardised_low": np.where(y > 0, low, 0.0), "standardised_high": np.minimum(high, 1)}
    result = pd.DataFrame({"standardised": y, **limits}, index=issued.index)
    return result.where(((issued > 0) | (weights == 0)).all(axis="columns"), np.nan)


def kitagawa(
    weights_before: ArrayLike, weights: ArrayLike, shares_before: ArrayLike, shares: ArrayLike
) -> tuple[Floats, Floats]:
    """Take the change of a weighted mean apart, into mix and share: Kitagawa (1955), JASA 50, 1168-1194."""
    w0, w1, r0, r1 = (np.asarray(v, dtype=float) for v in (weights_before, weights, shares_before, shares))
    # A share of NaN is the other period's, so that a stratum's coming or going counts as mix; in neither, weights: 0.
    r0, r1 = np.nan_to_num(np.where(np.isnan(r0), r1, r0)), np.nan_to_num(np.where(np.isnan(r1), r0, r1))
    return (w1 - w0) * (r0 + r1) / 2, (r1 - r0) * (w0 + w1) / 2


def decompose_change(before: pd.DataFrame, after: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Take the change of a share declined into the parts of another mix of each factor and of other shares in it."""
    rows = []
    for column in factors:
        counts = [count_outcomes(part, column)[["declined", "issued"]] for part in (before, after)]
        cells = pd.concat(counts, axis="columns").fillna(0).to_numpy(dtype=float)
        y, n = cells[:, ::2].T, cells[:, 1::2].T
        parts = (n, n.sum(axis=1, keepdims=True)), (y, n), (y.sum(axis=1), n.sum(axis=1))
        weights, shares, (then, now) = (part / np.where(of > 0, of, np.nan) for part, of in parts)
        mix, within = (effect.sum() for effect in kitagawa(*weights, *shares))
        rows.append((column.replace("_", " "), then, now, mix, within, now - then))
    return pd.DataFrame(rows, columns=["factor", "share_before", "share", "mix_effect", "share_effect", "change"])


def fit_prior(declined: ArrayLike, issued: ArrayLike) -> tuple[float, float, str]:
    """Fit the beta law of places' true shares by moments, a and b of it, or say why there is none.

    Where shares differ no more than by chance, its weight a + b is the greatest. Kleinman (1973), JASA 68, 46-54.
    """
    y, n = (np.asarray(v, dtype=float) for v in (declined, issued))
    y, n = y[n > 0], n[n > 0]
    if len(n) < FEWEST_PLACES:
        return np.nan, np.nan, "too few places"
    if y.sum() in (0, n.sum()):
        return np.nan, np.nan, "no declines" if y.sum() == 0 else "every detainer declined"
    mean, whole, by_chance = y.sum() / n.sum(), n.sum(), len(n) - 1
    spread = (n * (y / n - mean) ** 2).sum() / (mean * (1 - mean))
    room = whole - (n**2).sum() / whole - by_chance
    rho = (spread - by_chance) / room if room > 0 else 0.0  # the correlation of two detainers of one place
    weight = whole if rho <= 1 / (whole + 1) else max(1 / min(rho, 1) - 1, 1.0)
    return mean * weight, (1 - mean) * weight, ""


def shrink_shares(counts: pd.DataFrame, dispersion: ArrayLike = 1.0) -> pd.DataFrame:
    """Draw every place's share towards that of all, by as much as it rests on few detainers; say why where none is.

    ``own_weight`` is how much of the estimate is its own share. Efron and Morris (1975), JASA 70, 311-319.
    """
    y, n = (counts[name].to_numpy(dtype=float) / dispersion for name in ("declined", "issued"))
    a0, b0, refusal = fit_prior(y, n)
    given = (n > 0) & (refusal == "")
    a, b = np.where(given, a0 + y, np.nan), np.where(given, b0 + n - y, np.nan)  # the posterior
    result = pd.DataFrame({"share": y / np.where(n > 0, n, np.nan), "shrunken": a / (a + b)}, index=counts.index)
    result["shrunken_low"], result["shrunken_high"] = stats.beta.ppf(TAIL, a, b), stats.beta.isf(TAIL, a, b)
    result["own_weight"] = np.where(given, n / (n + a0 + b0), np.nan)
    result["reason"] = np.select([n == 0, ~given], ["no detainers", refusal], "")
    return result


def _of_states(
    cohort: Cohort, quarter: Cohort | None, count: Callable[[Cohort], pd.DataFrame], none: str, **facts: object
) -> pd.DataFrame:
    """Hold the states of a quarter or period against each other, or say why not; of a cohort of one, its row."""
    if cohort.offence != ALL:
        return nothing(cohort, "States are held against each other over all offences alone.")
    if quarter is None:
        return nothing(cohort, NO_QUARTER.format("states like for like"))
    if cohort.sole_state:
        return nothing(cohort, NO_OTHER_STATE)
    if cohort.sole_outcome:
        return nothing(cohort, f"States are not held against each other: {ONE_END}, so no share is given.")
    table = count(quarter).rename_axis("state")
    table = table if cohort.state == ALL else table[table.index == cohort.state]
    table.insert(0, "state_name", [state_name(place) for place in table.index])
    return described(table, quarter, "" if len(table) else none.format(quarter.period.name), facts, **facts)


@takes_cohort
def expected(cohort: Cohort) -> pd.DataFrame:
    """Hold states' declines of the last full quarter against those of detainers alike.

    Returns
    -------
    pandas.DataFrame
        One row per state with four declines expected or more, index ``state``: ``state_name``, ``issued``,
        ``observed``, ``expected``, ``over_expected`` with ``low`` and ``high``, and ``standardised`` with its interval
        (:func:`over_expected`).

    Examples
    --------
    >>> import analysis as an
    >>> an.expected(an.cohort("fy2015", "2015-06-20")).loc["CA", "over_expected"].round(1).item()
    2.6
    """
    offences, phi = cohort.source.facts.offences, cohort.dispersion["state"]
    by = "what the form asks" + offences * ", offence group and offence status"
    few = f"Fewer than {LEAST_EXPECTED} declines are expected in {{}}: none to compare."
    facts = {"least_expected": LEAST_EXPECTED, "alike_by": by}
    return _of_states(cohort, cohort.last_quarter, lambda of: over_expected(of.everywhere, offences, phi), few, **facts)


@takes_cohort
def shrink(cohort: Cohort) -> pd.DataFrame:
    """Draw each state's share towards that of all, by as much as it rests on few detainers.

    Of a week over the last full quarter, of a longer period over itself.

    Returns
    -------
    pandas.DataFrame
        One row per state with detainers, most first, index ``state``: ``state_name``, ``issued``, ``declined``,
        ``share`` (from 20 detainers on), ``shrunken`` with its interval, ``own_weight``
        (:func:`shrink_shares`).

    Examples
    --------
    >>> import analysis as an
    >>> an.shrink(an.cohort("fy2015", "2015-06-20")).loc["TX", ["share", "shrunken"]].astype(float).round(4).tolist()
    [0.0034, 0.0035]
    """

    def drawn(quarter: Cohort) -> pd.DataFrame:
        counts = of_weeks(quarter.by_state, quarter.period.weeks, list(states().index))
        table = shrink_shares(counts, cohort.dispersion["state"][counts.index])
        table = table[table["reason"] == ""].join(counts[["issued", "declined"]])
        table["share"] = table["share"].where(table["issued"] >= LEAST_FOR_A_SHARE)
        return table.sort_values(["issued", "declined"], ascending=False, kind="stable")

    over = cohort if len(cohort.period.weeks) > 1 else cohort.last_quarter
    found = _of_states(cohort, over, drawn, "No state's share can be drawn towards that of all.")
    if len(found):
        found.attrs["facts"] = {"shrunken_least": found["shrunken"].min(), "shrunken_most": found["shrunken"].max()}
    return found


@takes_cohort
def decompose(cohort: Cohort) -> pd.DataFrame:
    """Take a clear change of the nation into the part of another mix and that of other shares.

    By state and offence group alone, whose totals stand in full: of others the parts would tell of small counts.

    Returns
    -------
    pandas.DataFrame
        One row per ``factor``, as of :func:`decompose_change`; empty without a clear change.

    Examples
    --------
    >>> import analysis as an
    >>> an.decompose(an.cohort("fy2015", "2015-06-20"))[["factor", "change"]].round(4).values.tolist()
    [['state', -0.0146]]
    """
    told = cohort.comparisons["finding"]
    pair = next((one for one in cohort.pairs if told[one.against, ALL, ALL] in CLEAR), None)
    if cohort.sole_state:
        return nothing(cohort, NO_OTHER_STATE)
    if pair is None or cohort.cell[0] != ALL:
        tested = cohort.comparisons["p"].notna().any()
        unlike = "The nation's share has no clear change, so none is taken apart."
        return nothing(cohort, unlike if tested else comparisons(cohort).attrs["reason"])
    factors = [kind for kind in ("state", "offence_group") if kind in cohort.weekly.declined]
    before, now = (counting.rows_of_weeks(cohort.history, weeks) for weeks in (pair.before, pair.now))
    parts = decompose_change(before, now, factors)
    facts = {"apart_against": pair.against, "points_of_change": 100 * float(parts["change"].iloc[0])}
    return described(parts, cohort, facts=facts)
