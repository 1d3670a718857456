"""What stands beside a week's counts: states like for like, a change taken apart, and how finished the week is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from analysis.load.vocabulary import ALL_STATES
from analysis.periods import SETTLING_DAYS, Calendar, as_timestamps, week_of
from analysis.stats.clusters import clustered_shares
from analysis.stats.cohorts import NOT_GIVEN, count_outcomes
from analysis.stats.disclosure import WITHHELD
from analysis.stats.funnels import funnel
from analysis.stats.intervals import count_interval
from analysis.stats.mix import change_of_count, change_of_share, direct_standardisation, indirect_standardisation
from analysis.stats.nowcast import Triangle, maturities, nowcast_weeks
from analysis.stats.nowcast import measure_delays as measured_triangle
from analysis.stats.shrinkage import fit_prior, rank_probabilities, shrunken_shares
from analysis.stats.small_cells import visible_mix

REQUEST, OFFENCE = "request", "offence_group"
LIKE_STATES, LEAST_ALIKE = 5, 20


def strata(has_offences: bool) -> str:
    """Name what is held equal when states are compared: the offence group or, where none is recorded, the request."""
    return OFFENCE if has_offences else REQUEST


def state_funnel(rows: pd.DataFrame, has_offences: bool) -> pd.DataFrame:
    """Hold each state's declines against those expected of detainers like its own.

    Expected: the share of declines that all states together have among detainers of the same stratum (:func:`strata`).
    Of offences no more is used than :func:`analysis.stats.small_cells.visible_mix` gives: a number made of all cells
    would, even to tenths of a decline, narrow down those of state × offence that are not shown.

    Parameters
    ----------
    rows
        Detainers of one period, all states.
    has_offences
        Whether the source records offences; states that the table of states by offence adds up are then left out.

    Returns
    -------
    pandas.DataFrame
        One row per state with detainers: the columns of :func:`analysis.stats.funnels.funnel`, with ``low`` and
        ``high``, the exact interval of ``ratio``, and ``issued``. Detainers whose state is not given count in the
        standard alone.
    """
    counts = count_outcomes(rows, ["state", REQUEST])
    of_state = counts.groupby(level=0)[["issued", "declined"]].sum().drop(index=NOT_GIVEN, errors="ignore")
    if has_offences:
        issued, shares = visible_mix(rows)
        expected = (issued * shares).sum(axis="columns")
    else:
        expected = indirect_standardisation(counts)["expected"]
    of_state = of_state.loc[of_state.index.intersection(expected.index)]
    placed = funnel(of_state["declined"], expected)
    low, high = count_interval(placed["observed"])
    divisor = placed["expected"].where(placed["expected"] > 0)
    return placed.assign(low=low / divisor, high=high / divisor, issued=of_state["issued"])


def direct_shares(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the share of declines that states would have if what is asked were mixed as in all states together.

    States with detainers of every request are given, mostly large ones.

    Returns
    -------
    pandas.DataFrame
        One row per state with detainers: the columns of :func:`analysis.stats.mix.direct_standardisation`. The upper
        limit is 1 at most: the gamma interval, made for rates, can exceed what a share can be.
    """
    direct = direct_standardisation(count_outcomes(rows, ["state", REQUEST])).drop(index=NOT_GIVEN, errors="ignore")
    return direct.assign(high=direct["high"].clip(upper=1))


def estimated_shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Draw each state's share towards that of all, by as much as it rests on few detainers, and say how sure ranks are.

    Parameters
    ----------
    counts
        One row per state: ``declined`` and ``issued``; the row of detainers without a state says nothing.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`analysis.stats.shrinkage.shrunken_shares` and of
        :func:`analysis.stats.shrinkage.rank_probabilities`; ``attrs["no_spread"]`` says whether the states differ no
        more than by chance.
    """
    given = counts.drop(index=NOT_GIVEN, errors="ignore")
    prior = fit_prior(given["declined"], given["issued"])
    posterior = shrunken_shares(given, prior=prior)
    result = posterior.join(rank_probabilities(posterior))
    result.attrs["no_spread"] = prior.no_spread
    return result


def facility_shares(rows: pd.DataFrame) -> pd.DataFrame | None:
    """Put beside each state's interval the one that allows for the likeness of a facility's detainers.

    Parameters
    ----------
    rows
        Detainers of one period: ``state``, ``facility_code``, ``agency``.

    Returns
    -------
    pandas.DataFrame or None
        The columns of :func:`analysis.stats.clusters.clustered_shares`, ``all`` first, rounded so that they do not tell
        which facility has how many. None where the source names no facility.
    """
    facility = rows["facility_code"].astype("str").fillna(rows["agency"].astype("str"))
    if facility.isna().all():
        return None
    counts = count_outcomes(rows.assign(facility=facility), ["state", "facility"])
    of_states = counts[counts.index.get_level_values(0) != NOT_GIVEN]
    shares = clustered_shares(pd.concat([pd.concat({"all": counts.reset_index(drop=True)}), of_states]))
    return shares.round({"design_effect": 1, "cluster_low": 3, "cluster_high": 3})


def like_states(rows: pd.DataFrame, place: str, has_offences: bool) -> pd.Series:
    """Find the states most like one: in the number of detainers, and in what they are.

    The distance of two states: how often one number must be doubled to reach the other, plus the part of the detainers
    that would have to change stratum (:func:`strata`) to make the mixes equal (the index of dissimilarity); offence
    groups that the table of states by offence does not show for both count as one stratum.

    Parameters
    ----------
    rows
        Detainers of one period, all states.
    place
        Postal code of a state.
    has_offences
        Whether the source records offences.

    Returns
    -------
    pandas.Series
        Distance by state, nearest first, at most :data:`LIKE_STATES`; states with fewer than :data:`LEAST_ALIKE`
        detainers are left out. Empty where the state itself has fewer, or no other has more.

    References
    ----------
    Duncan and Duncan (1955), American Sociological Review 20, 210-217, for the index of dissimilarity.
    """
    if has_offences:
        wide = visible_mix(rows)[0]
    else:
        wide = count_outcomes(rows, ["state", REQUEST])["issued"].unstack(fill_value=0)  # noqa: PD010 (index levels)
        wide = wide.drop(index=NOT_GIVEN, errors="ignore")
    issued = wide.sum(axis="columns")
    wide, issued = wide[issued >= LEAST_ALIKE], issued[issued >= LEAST_ALIKE]
    if place not in wide.index:
        return pd.Series(dtype=float)
    mix = wide.drop(columns=WITHHELD, errors="ignore").div(issued, axis="index")
    gaps = mix - mix.loc[place]  # NaN where either is hidden: what is left is one stratum
    apart = (gaps.abs().sum(axis="columns") + gaps.sum(axis="columns").abs()) / 2
    distance = np.log2(issued / issued[place]).abs() + apart
    return distance.drop(place).nsmallest(LIKE_STATES).round(1)


def parts_of_change(before: pd.DataFrame, after: pd.DataFrame, factors: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Take the change of a cohort's share of declines apart into mix and share, one factor at a time.

    Parameters
    ----------
    before, after
        Detainers of two periods.
    factors
        Columns of the strata, by the factor's name.

    Returns
    -------
    pandas.DataFrame
        One row per factor: ``factor``, ``share_before``, ``share``, ``mix_effect`` (the detainers' mix changed),
        ``share_effect`` (shares within strata changed) and ``change``, their sum; all as parts of 1, NaN where a
        period has no detainers.

    References
    ----------
    Kitagawa (1955), Journal of the American Statistical Association 50, 1168-1194.
    """
    counts = {
        name: [count_outcomes(rows, list(columns)) for rows in (before, after)] for name, columns in factors.items()
    }
    rows = []
    for name, (then, now) in counts.items():
        effects = change_of_share(then, now)[["mix_effect", "share_effect"]].sum(min_count=1)
        shares = [period["declined"].sum() / (period["issued"].sum() or np.nan) for period in (then, now)]
        rows.append((name, *shares, *effects, shares[1] - shares[0]))
    return pd.DataFrame(rows, columns=["factor", "share_before", "share", "mix_effect", "share_effect", "change"])


def parts_of_count(before: pd.DataFrame, after: pd.DataFrame, weeks: int, by: Sequence[str]) -> pd.Series:
    """Take the change of the number of declines apart: number of detainers, their mix, shares within it.

    Parameters
    ----------
    before, after
        Detainers of some weeks and of one.
    weeks
        Number of weeks before, whose mean is compared with.
    by
        Columns of the strata.

    Returns
    -------
    pandas.Series
        As from :func:`analysis.stats.mix.change_of_count`, rounded to tenths of a decline.
    """
    then, now = (count_outcomes(rows, list(by))[["declined", "issued"]] for rows in (before, after))
    return change_of_count(then / weeks, now).round(1)


def rows_of_weeks(table: pd.DataFrame, weeks: Sequence[date]) -> pd.DataFrame:
    """Keep the detainers issued in some weeks."""
    return table[week_of(table["issued_on"]).isin(as_timestamps(weeks))]


def matured(calendar: Calendar, triangle: Triangle | None) -> Calendar:
    """Let a calendar's weeks go by their measured completeness, where a triangle measures it."""
    return calendar if triangle is None else calendar.with_maturities(maturities(triangle)["maturity"])


def maturity_facts(calendar: Calendar, triangle: Triangle | None, week: date, gate: object = None) -> dict[str, object]:
    """Say how a week's status is known: ``status_by``, and ``week_completeness`` where it is measured (else None).

    ``gate`` is the check that the week fails (:func:`analysis.stats.gates.gate_facts`).
    """
    measured = triangle is not None and week in calendar.measured
    complete = maturities(triangle).loc[pd.Timestamp(week), "completeness"] if triangle and measured else None
    by = "it fails a check" if gate else "as measured" if measured else f"by the rule of {SETTLING_DAYS} days"
    return {"week_completeness": complete, "status_by": "by the days covered" if calendar.is_partial(week) else by}


def estimated_finals(
    triangle: Triangle | None,
    table: pd.DataFrame,
    calendar: Calendar,
    versions: Mapping[date, pd.DataFrame],
    place: str = ALL_STATES,
    column: str = "state",
) -> pd.DataFrame | None:
    """Estimate the final number of declines of the weeks of a state or an offence group."""
    if triangle is not None and place != ALL_STATES:
        own = {day: version[version[column] == place] for day, version in versions.items()}
        triangle = measured_triangle(table[table[column] == place], calendar.extracted_on, own)
    return nowcast_weeks(triangle, calendar)
