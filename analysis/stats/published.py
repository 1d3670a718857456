"""ICE's weekly reports of 2017, by the week in which a decline was recorded: what such counts can carry, and no more.

Those issued a detainer in a week and those whose decline was recorded in it are different people, so nothing is divided
by the number issued; three weeks tell no usual variation, so two counts are compared by chance alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import unknown
from analysis.load.published import LIST_OF, PublishedReports, read_printed_figures
from analysis.load.reference import crosswalk, events, groups, states
from analysis.load.sources import Source, open_source
from analysis.periods import WEEK, Calendar, last_day, name_week, week_in_words
from analysis.stats.comparisons import adjust_for_many, direction, ratio_interval, two_sided
from analysis.stats.counts import with_intervals

HALF = 0.5


@dataclass(frozen=True, eq=False)
class PublishedWeek:
    """One week's report: the source, the week, all reports, and the events across which no direction is named."""

    source: Source
    week: date
    reports: PublishedReports
    blocking: pd.DataFrame

    @property
    def parameters(self) -> dict[str, object]:
        """Give what was asked, as checked."""
        return {"week": self.week}

    @cached_property
    def report(self) -> PublishedReports:
        """Give what belongs to the week."""
        return self.reports.of_week(self.week)

    @cached_property
    def totals(self) -> pd.Series:
        """Give the declines nationwide, by week."""
        return self.reports.weekly_totals.set_index("week_start")["declined"]

    @cached_property
    def apart(self) -> pd.Series:
        """Give the exact numbers, by week, of the place that holds over half of a report's declines, under its name."""
        declined = self.reports.declined_by_place
        exact = declined[(declined["bound"] == "exact") & declined["level"].isin(["county", "city"])]
        row = exact.loc[(exact["declined"] / exact["week_start"].map(self.totals)).idxmax()]
        same = (exact[["place", "state", "level"]] == row[["place", "state", "level"]]).all(axis="columns")
        name = f"{row['place']}{' County' * (row['level'] == 'county')}, {states().loc[row['state'], 'name']}"
        return exact[same].set_index("week_start")["declined"].rename(name)

    @cached_property
    def bounds(self) -> pd.DataFrame:
        """Give the least and the most declines of every state and territory that agree with every known figure."""
        rows = crosswalk("published_bounds", "row_id")
        rows = rows[rows["week_start"] == self.week.isoformat()].set_index("state")
        return rows[["known_low", "known_high", "bound"]].astype({"known_low": "int64", "known_high": "int64"})

    @cached_property
    def states_with_a_decline(self) -> int | None:
        """Give how many states had a decline, as an article counts them; None where no article says."""
        figures = self.report.aggregates
        told = figures.loc[figures["measure"].str.startswith("states with a decline"), "value"]
        return int(told.iloc[0]) if len(told) == 1 and told.iloc[0].isdecimal() else None

    @cached_property
    def weeks(self) -> pd.DataFrame:
        """Give the counts of the published weeks up to this one, oldest first, with and without the place apart."""
        totals = self.reports.weekly_totals.sort_values("week_start", ignore_index=True)
        table = totals.rename(columns={"week_start": "week"})[["week", "issued", "declined"]]
        table = table[table["week"] <= pd.Timestamp(self.week)]
        table["at_place"] = table["week"].map(self.apart).astype(float)
        table["elsewhere"] = table["declined"] - table["at_place"]
        each = [replace(self, week=day.date()) for day in table["week"]]
        table["located"] = [int(one.bounds["known_low"].sum()) for one in each]
        return table.assign(declining=np.array([one.states_with_a_decline for one in each], dtype=float))

    @cached_property
    def changes(self) -> pd.DataFrame:
        """Compare the week's declines with its neighbours', with and without the place apart, by chance alone."""
        scopes = {"all places": (self.totals, "")}
        scopes[f"without {self.apart.name}"] = (self.totals - self.apart, str(self.apart.name))
        rows = []
        for pair, earlier in (("to next week", self.week), ("from week before", self.week - WEEK)):
            since, until = pd.Timestamp(earlier), pd.Timestamp(last_day(earlier + WEEK))
            between = self.blocking[(self.blocking["last_date"] >= since) & (self.blocking["date"] <= until)]
            for scope, (values, without) in scopes.items():
                before, now = (values.get(pd.Timestamp(day), np.nan) for day in (earlier, earlier + WEEK))
                apart = [bool(agency) and without.startswith(agency) for agency in between["agency"]]
                blocks = between.loc[~np.array(apart, dtype=bool), "headline"]
                if not np.isnan(before + now):
                    rows.append((pair, scope, int(before), int(now), next(iter(blocks), "")))
        table = pd.DataFrame(rows, columns=["pair", "scope", "before", "now", "blocked_by"])
        table["ratio"] = table["now"] / table["before"]
        table["low"], table["high"] = ratio_interval(table["now"], table["before"], 1, 1)
        table["p"] = two_sided(table["now"], table["before"], HALF, 1)
        table["p_adjusted"] = table.groupby("pair")["p"].transform(adjust_for_many)
        judged = table[["now", "before", "p_adjusted", "blocked_by"]].itertuples(index=False)
        return table.assign(finding=[direction(*row) for row in judged]).drop(columns="blocked_by")

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Give what sentences may say of the week, by id; ``apart_…`` of the place apart, ``outside`` without it."""
        report, bounds, known = self.report, self.bounds, self.report.known_rows
        total, low = report.weekly_totals.iloc[0], bounds["known_low"]
        corrected = report.corrections.query("kind == 'ICE correction' and section == 'II'")["touches"].str.split(";")
        touched = report.declined_by_place["row_id"].isin(corrected.explode())
        declined, back = int(total["declined"]), int(report.declined_by_place["declined"][touched].sum())
        named, covered = int((known["offence_text"] != "").sum()), int(low.sum())
        facts = self._apart_facts() | {
            **{"week": self.week.isoformat(), "week_end": last_day(self.week).isoformat(), "status": "as published"},
            **{"week_name": name_week(self.week), "issued_confidence": total["confidence"], "known_rows": len(known)},
            **{"issued": int(total["issued"]), "declined": declined, "covered_by_states": covered},
            **{"not_covered": declined - covered, "covered_share": covered / (declined or np.nan)},
            **{"taken_back_at_least": back, "remaining_at_most": declined - back, "states_named": int((low > 0).sum())},
            "states_exact": int((bounds["bound"] == "exact").sum()),
            "states_with_none": int((bounds["known_high"] == 0).sum()),
            "states_with_a_decline": self.states_with_a_decline,
            "unnamed_at_most": next(map(int, bounds["known_high"][bounds["bound"] == "not known"].nlargest(1)), None),
            **{"known_offences": named, "known_without_offence": len(known) - named},
            **{"unknown_offences": declined - named, "issued_places": len(report.issued_by_place)},
            **{"issued_in_places": int(report.issued_by_place["issued"].sum()), "weeks_shown": len(self.weeks)},
            **self._held_facts(),
            **{"report_weeks": len(self.totals), "policies": len(report.policies)},
        }
        for name, places in (("issued", report.issued_by_place), ("declined", report.declined_by_place)):
            own = places["place"] + (" " + places["state"]).mask(places["level"].isin(["state", "region"]), "")
            ids = own.str.lower().str.replace("[^a-z0-9]+", "_", regex=True).str.strip("_")
            facts |= {f"{name}_in_{place}": int(number) for place, number in zip(ids, places[name], strict=True)}
        for row in self.changes.to_dict("records"):
            pair = "next" if row.pop("pair") == "to next week" else "previous"
            scope = "all" if row.pop("scope") == "all places" else "outside"
            facts |= {f"{pair}_{scope}_{name}": value for name, value in row.items()}
        for day, row in self.weeks.set_index("week").iterrows():
            facts |= {f"{name}_{day:%Y_%m_%d}": None if pd.isna(n) else int(n) for name, n in row.items()}
            facts[f"week_{day:%Y_%m_%d}"] = f"{day:%Y-%m-%d}"
        return facts

    def _held_facts(self) -> dict[str, Any]:
        """Count the people with a detainer in one jail on one day, beside what others say of its declines."""
        held, told = self.report.held_by_offence, self.report.aggregates.set_index("measure")["value"]
        if held.empty:
            return {"held": None}
        jail, sums = held.iloc[0], held[["held", "declined", "honoured"]].sum().astype(int)
        place, day = jail["place"], date.fromisoformat(jail["day"])
        facts = {"held": sums.pop("held"), **sums.add_prefix("held_")}
        said = f"declined, {place}, {day.day} {day:%B %Y}"
        facts |= {"held_taken": int(told[f"{said}, taken by ICE later"]), "held_sheriff": int(told[said])}
        return facts | {"held_day": jail["day"], "held_place": f"{place}, {states().loc[jail['state'], 'name']}"}

    def _apart_facts(self) -> dict[str, Any]:
        """Say what place is taken out, its number, its part in this week or the last if over half, and its dates."""
        saturday, held, name = pd.Timestamp(self.week), self.apart.astype(int), str(self.apart.name)
        facts: dict[str, Any] = {"apart_name": name, "apart": int(held[saturday]), "apart_week": None}
        facts |= {"apart_day": None, "outside": int(self.totals[saturday] - held[saturday])}
        over_half = [day for day in (saturday, saturday - WEEK) if held.get(day, 0) > HALF * self.totals.get(day, 0)]
        for day in over_half[:1]:
            facts |= {"apart_week": f"{day:%Y-%m-%d}", "apart_declined": held[day], "apart_total": self.totals[day]}
            figures = self.reports.of_week(day).aggregates.set_index("measure")["value"]
            for event in self.blocking[self.blocking["date"].between(day, last_day(day))].itertuples():
                dated = figures.get(f"declined, {event.agency}, recorded on {event.date.day} {event.date:%B}")
                if name.startswith(event.agency) and dated is not None:
                    facts |= {"apart_day": f"{event.date:%Y-%m-%d}", "apart_event": event.kind}
                    facts |= {"apart_other_days": int(held[day]) - int(dated)}
        return facts


def published_week(week: object = "latest") -> PublishedWeek:
    """Open one of ICE's weekly reports of 2017.

    Parameters
    ----------
    week
        The Saturday that names it, or ``latest``.

    Raises
    ------
    InputError
        There is no report of that week; the message says of which there are.

    Examples
    --------
    >>> week = published_week("2017-02-04")
    >>> week.facts["declined"], week.facts["apart_name"]
    (47, 'Travis County, Texas')
    """
    source, blocking = open_source("published-2017"), events().query("blocks_comparison")
    return PublishedWeek(source, Calendar.of(source.facts).pick(week), source.reports(), blocking)


def published_figures(published: PublishedWeek, name: str) -> pd.DataFrame:
    """Give one table of a published week.

    Parameters
    ----------
    published
        As :func:`published_week` gives it.
    name
        ``weeks`` (the counts of the reports up to this one, in all and at the place that holds over half of one),
        ``changes`` (the week against its neighbours, with and without that place, by chance alone), ``state_bounds``
        (the least and the most that agree with every known figure, by state), ``known_offences`` (the declines known
        one by one, by group and status), ``held_by_offence`` (people with a detainer in one jail on one day by gravest
        charge, and what the sheriff did), ``events`` (from the week before to the week after), or a file of the
        reports: ``declined_by_place``, ``issued_by_place``, ``aggregates``, ``corrections``, ``conflicting_figures``,
        ``policies``.

    Returns
    -------
    pandas.DataFrame
        Its columns are explained in ``data/reference/columns.csv``; blank = not known. ``attrs["facts"]`` is what may
        be said of it, by id.

    Examples
    --------
    >>> published_figures(published_week("2017-02-04"), "weeks")[["declined", "elsewhere"]].values.tolist()
    [[206.0, 64.0], [47.0, 45.0]]
    """
    if name not in (*FIGURES, *FILES):
        raise unknown("table of a published week", name, (*FIGURES, *FILES))
    frame = FIGURES[name](published) if name in FIGURES else getattr(published.report, name).copy()
    facts = published.facts
    about = {"place_name": "the United States", "period_name": week_in_words(published.week), "synthetic": False}
    about |= {name: facts[name] for name in ("week", "declined", "apart", "apart_name")}
    about |= {"placed": facts["covered_by_states"], "without": facts["apart_name"], "facts": facts}
    about["of_which"] = f", of the declined those of {facts['apart_name']} and all others"
    if "previous_outside_before" in facts:  # what may be said of the change without the place
        compared = ("before", "now", "ratio", "low", "high", "finding")
        about["comparison"] = {name: facts[f"previous_outside_{name}"] for name in compared}
    frame.attrs = about | frame.attrs
    return frame


def _known_offences(published: PublishedWeek) -> pd.DataFrame:
    """Count the known rows by offence group, most frequent first: by status, and their sum."""
    named = published.report.known_rows.query("offence_text != ''")
    counts = pd.crosstab(named["offence_group"], named["offence_status"]).rename_axis(columns=None)
    counts = counts.reindex(columns=["convicted", "charged", "unknown"], fill_value=0)
    counts = counts.assign(detainers=counts.sum(axis="columns"))
    counts = counts.sort_values("detainers", ascending=False, kind="stable").reset_index(names="group")
    return counts.assign(group=counts["group"].map(groups()["group"]))


def _nested(places: pd.DataFrame) -> pd.DataFrame:
    """Set each place below the one that it lies in, and both by their declines; the state with most comes first."""
    by_id, most = places.set_index("row_id"), places.groupby("state")["declined"].max()

    def path(row_id: str) -> tuple[Any, ...]:
        row = by_id.loc[row_id]
        above = path(row["within"]) if row["within"] else (-most[row["state"]], row["state"])
        return (*above, -row["declined"], row["place"])

    return places.iloc[sorted(range(len(places)), key=lambda n: path(places["row_id"].iloc[n]))]


def _held_by_offence(published: PublishedWeek) -> pd.DataFrame:
    """Give the people with a detainer in one jail by gravest charge, and what the sheriff did: of its week alone."""
    held = published.report.held_by_offence
    shares = with_intervals(held.rename(columns={"held": "issued"}).set_index("row_id")).reset_index(drop=True)
    names = held["charge"].map(groups()["group"]).fillna("All other groups")
    shares = shares.rename(columns={"issued": "held"}).assign(group=names, jail_declined=shares["declined"])
    none = "By offence, the answer is known of one county and day alone, in the first report."
    shares.attrs = {"reason": none if held.empty else ""}
    return shares.sort_values("declined", ascending=False)


def printed_figures(name: str) -> pd.DataFrame:
    """Give declined detainers by state and offence as printed since 2014, of which none has a week.

    Parameters
    ----------
    name
        ``rows``: every figure as printed; ``lists``: what was printed together, its offences added up, or what
        became of requests, and held against the total printed with them; ``offences``: state × offence of those let
        go though ICE had a detainer; ``notes``: what is said beside or against them, and by whom, once each.

    Returns
    -------
    pandas.DataFrame
        Its columns are explained in ``data/reference/columns.csv``; ``attrs["facts"]`` is what may be said, by id.

    Examples
    --------
    >>> printed_figures("lists").query("state == 'IL'")[["listed", "total"]].values.tolist()
    [[222, 1768], [2536, 4015]]
    """
    rows = read_printed_figures().assign(state_name=lambda read: read["state"].map(states()["name"]))
    listed = rows[rows["offence_as_printed"] != "all"].groupby(LIST_OF, sort=False)
    lists = listed.agg(listed=("count", "sum"), total=("total", "first"), reprinted_on=("reprinted_on", "first"))
    lists = lists[listed.size() > 1].reset_index()
    asked = rows[rows["measure"] == "requests"]  # what became of them stands in the note
    became = asked["note"].str.findall(r"\d+").map(lambda numbers: sum(map(int, numbers)))
    lists = pd.concat([lists, asked[[*LIST_OF, "total", "reprinted_on"]].assign(listed=became)], ignore_index=True)
    lists = lists.assign(part=lists["listed"] / lists["total"], state_name=lists["state"].map(states()["name"]))
    let_go = rows[(rows["measure"] == NOT_HONOURED) & (rows["offence_as_printed"] != "all")]
    table = let_go.assign(group=let_go["offence_as_printed"].str.capitalize(), declined=let_go["count"])
    table["declined_shown"] = table["count"].astype("str")
    tables = {"rows": rows, "lists": lists, "offences": table}
    tables["notes"] = rows[rows["note"] != ""].drop_duplicates(["state", "note"])
    if name not in tables:
        raise unknown("table of printed figures", name, tables)
    least = lists.sort_values("part").iloc[0]
    facts = {"figures": len(rows), "publishers": rows["publisher"].nunique()}
    facts |= {"printed_states": table["state"].nunique(), "since": int(rows["period_from"].replace("", None).min()[:4])}
    facts |= {"lists": len(lists), "lists_short": int((lists["listed"] < lists["total"]).sum())}
    facts |= {f"least_{key}": least[key] for key in ("state_name", "listed", "total", "measure")}
    again = lists.query("reprinted_on != ''")
    facts |= {"reprinted": len(again), "reprinted_states": ", ".join(dict.fromkeys(again["state_name"]))}
    answered = rows[rows["measure"].isin(["requests", "not honoured"])]  # by those who were asked
    facts |= {"answered": len(answered), "answered_places": " and ".join(dict.fromkeys(answered["place"]))}
    frame = tables[name]
    first = date.fromisoformat(let_go["period_from"].min())
    frame.attrs = {"facts": facts, "period_name": f"{first.day} {first:%B %Y} to the day of printing"}
    frame.attrs |= {"titled": "Offences of people let go, as printed", "table": "printed_offences"}
    frame.attrs |= {"subtitled": "Offences, not people; charged or convicted"}
    return frame


NOT_HONOURED = "detainer not honoured"
FILES = ("issued_by_place", "aggregates", "corrections", "conflicting_figures")
"""Files of the reports that are given as they are."""
FIGURES: dict[str, Callable[[PublishedWeek], pd.DataFrame]] = {
    "weeks": lambda week: week.weeks.copy(),
    "changes": lambda week: week.changes.copy(),
    "state_bounds": lambda week: week.bounds.join(states()["name"].rename("state_name")),
    "known_offences": _known_offences,
    "held_by_offence": _held_by_offence,
    "events": lambda week: events(week.week - WEEK, last_day(week.week + WEEK)),
    "declined_by_place": lambda week: _nested(week.report.declined_by_place),
    "policies": lambda week: week.reports.policies.sort_values(["state", "jurisdiction"]),
}
