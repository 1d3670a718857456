"""One period beside another, for the nation, a state or an offence group.

By state, by offence group and by what the form asks a period's counts are sums of what weekly pages show; everything
finer is of the last full calendar quarter, as on every other page, so that no page on a period of its own tells of a
small count.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from string import digits
from typing import Any

import numpy as np
import pandas as pd

from analysis.load.reference import crosswalk, states
from analysis.load.sources import Source
from analysis.load.table import LEFT_OUT
from analysis.periods import Period, refuse_shared_weeks, week_of
from analysis.stats import counts as counting
from analysis.stats.cohort import Cohort, cohort, compare_cells, detainers_sha256, pair_of, with_shares
from analysis.stats.comparisons import BEFORE, CLEAR, Pair
from analysis.stats.counts import ALL, LEAST_FOR_A_SHARE, NOT_GIVEN, OUTCOME_COLUMNS, TRAILING_WEEKS, of_weeks
from analysis.stats.disclosure import NO_OFFENCES, outcomes_by_form
from analysis.stats.inference import NO_SHARE, extraction_facts, finding_facts
from analysis.stats.summary import MEASURES, ONE_STATE, adding_up, described, group_name, nothing, state_name

NO_REQUESTS = "What the forms ask is shown only on pages of all states and all offence groups."
REQUESTS = {"hold": "to hold the person", "notify": "to be told in time", "other": "something else"}
NOT_APART = "not shown apart by week"
AS_LONG = "before"
"""What a period is compared with by default: as many weeks, those right before it."""


@dataclass(frozen=True, eq=False)
class PeriodProfile:
    """A period's ``cohort`` and the ``other`` period's; where that is missing, only ``pair`` says what was meant.

    ``comparisons``: every comparison of the page, one family of tests, one row a cell (``kind``, ``place``).
    """

    cohort: Cohort
    other: Cohort | None = None

    @property
    def source(self) -> Source:
        """Give the source of both."""
        return self.cohort.source

    @property
    def parameters(self) -> dict[str, object]:
        """Give what was asked, as checked; a period by its first and last week."""
        asked = self.cohort.parameters
        del asked["week"]
        for name, one in (("period", self.cohort), ("compare", self.other)):
            asked[name] = f"{one.period.weeks[0]}:{one.week}" if one else AS_LONG
        return asked

    @cached_property
    def later(self) -> Cohort:
        """Give the cohort of the later period, which knows the weeks of both."""
        return max(self.cohort, self.other or self.cohort, key=lambda one: one.week)

    @cached_property
    def pair(self) -> Pair:
        """Name the two periods, and why they are not compared; blank = they are."""
        if self.other is None:
            weeks = self.cohort.period.weeks
            of_weeks = [pair for pair in self.cohort.pairs if pair.against == BEFORE]
            return (of_weeks or [self.cohort.pairs[0]])[0]._replace(against=BEFORE, now=weeks)
        return pair_of(self.cohort, self.other)

    @property
    def compared_name(self) -> str:
        """Name the other period, as in "lower than in January 2015"."""
        if self.other is not None:
            return self.other.period.name
        number = len(self.pair.before)
        return {0: "the weeks before", 1: "the week before"}.get(number, f"the {number} weeks before")

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """Compare every cell of both periods, adjusted together."""
        cells = [(ALL, ALL)] if self.cohort.sole_state else list(self.later.weekly.declined)
        return compare_cells(self.later, [self.pair], cells).loc[BEFORE]

    def by(self, kind: str) -> pd.DataFrame:
        """Give the counts of both periods by ``state`` or ``offence_group``, most declined first.

        Returns
        -------
        pandas.DataFrame
            One row per state (index the postal code) or group (index its id) with detainers in either period:
            ``state_name`` or ``group``, ``issued``, ``declined``, ``share`` with its interval (from 20 detainers on),
            the same of the other period, ``ratio`` of both shares with ``low`` and ``high``, ``p_adjusted`` and
            ``finding``: higher, lower, or blank where there is no clear change.

        Examples
        --------
        >>> profile = period_profile("fy2015", "2015-03", "2015-01")
        >>> profile.by("state").loc[["CO", "NY"], ["declined_before", "declined", "ratio"]].round(2).values.tolist()
        [[44.0, 19.0, 0.47], [20.0, 5.0, 0.3]]
        """
        if kind != self.cohort.cell[0] != ALL:
            by = "offence group" if kind == "offence_group" else kind
            lacks = kind == "offence_group" and not self.source.facts.offences
            finer = f"{self.cohort.name}: counts by {by} are shown of full quarters alone."
            return nothing(self.cohort, NO_OFFENCES if lacks else finer)
        if kind not in self.comparisons.index.unique(0):
            return nothing(self.cohort, ONE_STATE if self.source.facts.offences else NO_OFFENCES)
        table = adding_up(self.cohort, kind, self.comparisons.loc[kind]).rename_axis(kind)
        table = table if self.cohort.offence == ALL else table.loc[[self.cohort.offence]]
        table = table[(table["issued"] + table["issued_before"]) > 0]
        table = self._with_shares(table, self.later.dispersion[kind][table.index])
        table["finding"] = table["finding"].where(table["finding"].isin(CLEAR), "")
        name, named = ("state_name", state_name) if kind == "state" else ("group", group_name)
        table.insert(0, name, table.index.map(named))
        ranked, rising = ["last", "declined", "issued", name], [True, False, False, True]
        order = table.assign(last=table.index == NOT_GIVEN).sort_values(ranked, ascending=rising)
        facts = {"least_for_a_share": LEAST_FOR_A_SHARE, "compared_name": self.compared_name}
        marked = "" if self.cohort.state == ALL else self.cohort.state
        return described(order.drop(columns="last"), self.cohort, facts=facts, marked=marked, table=f"period_by_{kind}")

    def by_request(self) -> pd.DataFrame:
        """Add up what weekly pages show of the period by ``request``, what the form asks; last what they do not.

        ``issued_least`` and ``declined_least`` add up to the period's. Exact counts would tell those that its weeks
        hide; sums of what they show tell nothing new.

        Examples
        --------
        >>> period_profile("fy2015", "2015Q2").by_request().iloc[:, 1:].to_numpy().tolist()
        [[11923, 498], [164, 10], [11061, 638]]
        """
        rows, asked = self.cohort.everywhere, crosswalk("forms", "form")["request"].map(REQUESTS)
        if self.cohort.cell != (ALL, ALL) or self.cohort.sole_state:
            return nothing(self.cohort, NO_REQUESTS)
        shown = pd.concat([outcomes_by_form(of_week) for _, of_week in rows.groupby(week_of(rows["issued_on"]))])
        shown = shown[["issued", "declined"]].groupby(shown["form"].map(asked)).sum().astype("int64")
        if shown.empty:
            return nothing(self.cohort, "No weekly page of this period shows what a form asks.")
        shown = shown.sort_values("issued", ascending=False)
        shown.loc[NOT_APART] = self.comparisons.loc[self.cohort.cell, ["issued", "declined"]] - shown.sum()
        named = {"issued": "issued_least", "declined": "declined_least"}
        return described(shown.rename(columns=named).rename_axis("request").reset_index(), self.cohort)

    def _with_shares(self, table: pd.DataFrame, phi: float | pd.Series) -> pd.DataFrame:
        """Put the interval beside the share; of few detainers, and of rows chosen by their outcome, none is given."""
        few = (table["issued_before"] < LEAST_FOR_A_SHARE) | (self.cohort.sole_outcome is not None)
        return with_shares(self.cohort, table.assign(share_before=table["share_before"].mask(few)), phi)

    @cached_property
    def key_figures(self) -> pd.DataFrame:
        """Put the period's main counts beside the other's.

        Outcomes other than declines are given of the nation alone: of a state they may be small in some week.
        """
        cell = self.cohort.cell
        own = self._with_shares(self.comparisons.loc[[cell]], self.later.dispersion[cell]).iloc[0]
        counts = {name: [own[name], own[f"{name}_before"]] for name in ("issued", "declined", "share")}
        if cell == (ALL, ALL) and not self.cohort.sole_state:
            places = [*states().index, NOT_GIVEN]
            sums = [of_weeks(self.later.by_state, weeks, places).sum() for weeks in self.pair[1:3]]
            counts |= {name: [span[name] for span in sums] for name in OUTCOME_COLUMNS[1:]}
        table = pd.DataFrame(counts, index=["this_period", "other_period"], dtype=float).T
        if not self.pair.before:
            table["other_period"] = np.nan
        table["note"] = ""
        if pd.notna(own["share"]):
            table.loc["share", "note"] = f"95% interval: {own['share_low']:.1%} to {own['share_high']:.1%}"
        if pd.notna(own["expected"]):
            table.loc["declined", "note"] = f"expected at the other period's share: {own['expected']:,.0f}"
        table.insert(0, "measure", table.index.map(MEASURES))
        return described(table, self.cohort, facts={"compared_name": self.compared_name}, kinds={"share": "share"})

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Give what sentences may say of the two periods, by id."""
        of, own, quarter = self.cohort, self.comparisons.loc[self.cohort.cell], self.cohort.last_quarter
        period, counts = of.period, self.comparisons.loc[[of.cell], ["issued", "declined"]]
        before, ends = Period(tuple(self.pair.before), "") if self.pair.before else None, ("first_day", "last_day")
        spans = {"": period, "quarter_": quarter and quarter.period, "before_": before}
        facts: dict[str, Any] = {f"{of}{end}": getattr(span, end, None) for of, span in spans.items() for end in ends}
        facts |= {"detainers_sha256": detainers_sha256(self.later)}
        facts |= {"period_name": period.name, "calendar": not period.name.startswith(("Saturday", *digits))}
        facts |= {"compared_name": self.compared_name, "quarter_name": quarter and quarter.period.name}
        facts |= {"place": of.cell[1], "place_name": of.name, "place_title": of.name[0].upper() + of.name[1:]}
        facts |= counting.with_intervals(counts, self.later.dispersion[of.cell]).to_dict("records")[0]
        facts |= own.drop(["difference", "reason", "between"]).to_dict()
        facts |= {"between": own["between"] or None, "not_compared": self.pair.refusal or None, "status": of.status}
        facts |= {"tests": int(self.comparisons["p"].notna().sum()), "trailing_weeks": TRAILING_WEEKS}
        facts |= {"data_through": self.source.facts.last_day, "no_share": NO_SHARE if of.sole_outcome else None}
        table = pd.concat({BEFORE: self.comparisons}, names=["against"])
        table = table if of.cell == (ALL, ALL) else table.loc[[(BEFORE, *of.cell)]]
        return facts | finding_facts(of, table) | extraction_facts(self.source.facts)


def period_profile(
    source: str,
    period: object = "last 13 settled",
    compare: object = AS_LONG,
    *,
    state: object = ALL,
    offence: object = ALL,
    repeats: object = LEFT_OUT,
) -> PeriodProfile:
    """Hold any period of a source against another: of the nation, a state or an offence group.

    Parameters
    ----------
    source
        Name of a source with weeks by day issued.
    period
        A Saturday, a month, a quarter, weeks as FIRST:LAST or ``last 13 settled``
        (:meth:`analysis.periods.Calendar.pick_period`).
    compare
        The other period, or ``before``: as many weeks, those right before it.
    state, offence, repeats
        As of :func:`analysis.stats.cohort.cohort`, or ``all``.

    Raises
    ------
    InputError
        One of these is not there, or the two periods share a week.

    Examples
    --------
    >>> profile = period_profile("fy2015", "2015-03", "2015-01", state="CO")
    >>> [profile.facts[name] for name in ("declined_before", "issued_before", "declined", "issued")]
    [44, 149, 19, 138]
    """
    of: dict[str, Any] = {name: given for name, given in {"state": state, "offence": offence}.items() if given != ALL}
    of |= {"repeats": repeats}
    now = cohort(source, period, **of)
    if str(compare).strip() == AS_LONG:
        return PeriodProfile(now)
    other = cohort(source, compare, **of)
    refuse_shared_weeks(now.period, other.period)
    return PeriodProfile(now, other)
