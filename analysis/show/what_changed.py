"""What changed this week in ICE's own reports of 2017, by a grammar that may refuse to speak."""

from __future__ import annotations

from analysis.show.sentences import Facts

EVENTS = {"policy": ", when its policy changed"}
"""What is said of the day of an event, by the event's kind."""


# A week by the day on which declines were recorded: ICE's own reports.


def recorded_count(facts: Facts) -> str:
    """Say how many declines the report counts, and the one before it."""
    before = ", against {previous_all_before:n} the week before" if "previous_all_before" in facts else ""
    first = "" if before else ", the first week that it reported on"
    return "ICE recorded **{declined:detainers} as declined** in the week ending {week_end:day}" + before + first + "."


def one_agency(facts: Facts) -> str | None:
    """Say that one agency holds over half of a week's declines, and which day they are dated."""
    if not facts["apart_week"]:
        return None
    said = "One agency, {apart_name}, accounts for {apart_declined:n} of the {apart_total:n}"
    if facts["apart_day"]:
        of_which = "all but {apart_other_days:words}" if facts["apart_other_days"] else "all"
        said += f", {of_which} dated {{apart_day:day_of_year}}{EVENTS.get(str(facts['apart_event']), '')}"
    return said + "."


def recorded_change(facts: Facts) -> str | None:
    """Say what may be said of the change since the week before, without the agency that holds over half."""
    if facts["apart_week"] and "previous_outside_before" in facts:
        counts = "{previous_outside_now:many} against {previous_outside_before:many}"
        return f"Elsewhere the count was {counts}: {_of_counts(facts, 'previous_outside')}."
    if "previous_all_before" in facts:
        return f"Against the week before: {_of_counts(facts, 'previous_all')}."
    return "Elsewhere the count was {outside:many}." if facts["apart_week"] and "outside" in facts else None


def _of_counts(facts: Facts, pair: str) -> str:
    """Say what may be said of two counts, with their ratio and its interval by chance alone."""
    said = f"{{{pair}_finding}}"
    claim = f"the count is **{said}**" if facts[f"{pair}_finding"] in ("higher", "lower") else said
    ratio = f" (ratio {{{pair}_ratio:ratio}}, 95% interval {{{pair}_low:ratio}} to {{{pair}_high:ratio}})"
    return claim + (ratio if facts[f"{pair}_ratio"] is not None else "")


def corrected(facts: Facts) -> str | None:
    """Say that ICE took some of the declines back."""
    if not facts["taken_back_at_least"]:
        return None
    return (
        "ICE itself later corrected places with at least {taken_back_at_least:n} of these declines, so that at most "
        "{remaining_at_most:n} are not touched by a correction of ICE, and published no corrected total."
    )


def poorly_known(facts: Facts) -> str | None:
    """Say that the report's totals rest on little."""
    return (
        "Both totals of this report are known from one article alone." if facts["issued_confidence"] == "low" else None
    )


def no_rate(_: Facts) -> str:
    """Say that those issued are others than those declined."""
    return "The week's {issued:n} issued detainers are a different group, so **no rate is given**."


RECORDED = (recorded_count, one_agency, recorded_change, corrected, poorly_known, no_rate)


def located(facts: Facts) -> str:
    """Say how many declines can be placed in a state, and for how many states the figure is exact."""
    rest = "" if not facts["not_covered"] else "; for {not_covered:n} the state is not known to us"
    none = ", {states_with_none:n} of them with none" if facts["states_with_none"] else ""
    return (
        f"The known figures place at least **{{covered_by_states:n}} of the {{declined:n}}** declines "
        f"({{covered_share:share}}) in a state{rest}. The figure is exact for {{states_exact:n}} states and "
        f"territories{none}."
    )


def unnamed_states(facts: Facts) -> str | None:
    """Say how many states with a decline are not named, and how many declines a state that is not named can have."""
    known = facts["states_with_a_decline"]
    if known is not None and known == facts["states_named"]:
        return "{states_with_a_decline:n} states (the District of Columbia is counted as one) had a decline, all named."
    if not known:
        return "A state whose number is not known has at most {unnamed_at_most:n}."
    return (
        "{states_with_a_decline:n} states had a decline and {states_named:n} of them are named, so a state whose "
        "number is not known has at most {unnamed_at_most:n}."
    )


LOCATED = (located, unnamed_states)


def offences_known(facts: Facts) -> str:
    """Say for how many declines the offence is known."""
    rest = "; for {unknown_offences:n} it is not" if facts["unknown_offences"] else ""
    return "The offence is known for **{known_offences:many} of {declined:n}** declines" + rest + "."


def place_alone(facts: Facts) -> str | None:
    """Say of how many declines a row is known that names no offence."""
    if not facts["known_without_offence"]:
        return None
    return "Among the others: {known_without_offence:rows} that name a place and no offence."


OFFENCES = (offences_known, place_alone)
