"""What changed this week: the three to five sentences at the head of a report, by a grammar that may refuse to speak.

A clause is a function from the facts to one sentence, a template over them, or to None where it has nothing to say; a
grammar is the clauses in their order. No clause computes: what may be called a change was decided with the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from analysis.show.sentences import Fact
from analysis.stats.baselines import EARS

Facts = Mapping[str, Fact]
Clause = Callable[[Facts], str | None]

FAILED_GATES = {
    "detainers": "it has {gate_found:.0f} detainers, where {gate_usual:.0f} are usual",
    "ends": "an end is recorded for {gate_found:share} of its detainers, where {gate_usual:share} are usual",
    "states": "ICE gave the state of {gate_found:share} of its detainers, where {gate_usual:share} are usual",
}
"""What is said of a week that fails a check of its data (:data:`analysis.stats.gates.GATES`)."""
EVENTS = {"policy": ", when its policy changed"}
"""What is said of the day of an event, by the event's kind."""


def say(grammar: Sequence[Clause], facts: Facts) -> list[str]:
    """Give what the clauses of a grammar have to say of the facts, as templates."""
    return [said for clause in grammar if (said := clause(facts))]


# A week by the day on which detainers were issued.


def failed_gate(facts: Facts) -> str | None:
    """Print the gate that the week fails; nothing is then found from it."""
    if facts["status"] == "partial":
        return "The source covers {days_covered} of this week's 7 days: the week is shown and never compared."
    if facts["gate"]:
        gate = FAILED_GATES[str(facts["gate"])]
        return f"The week, all states together, fails a check of its data and is not compared: {gate}."
    return None


def cohort_count(facts: Facts) -> str:
    """Say how many detainers were issued and how many of them are recorded as declined; if compared, before as well."""
    compared = facts["status"] == "settled" and bool(facts["last_week_issued_before"])
    if not facts["issued"]:
        before = ", against {last_week_issued_before:n} the week before" if compared else ""
        return "The source has no detainer issued in {place_name} in the week ending {week_end:day}" + before + "."
    return (
        "Of the {issued:detainers} that ICE issued in {place_name} in the week ending {week_end:day}, it has recorded "
        + (_some_declined(facts) if facts["declined"] else _none_declined(facts))
        + (
            ", against {last_week_declined_before:many} of {last_week_issued_before:n} the week before "
            "({last_week_share:share})"
            if compared
            else ""
        )
        + "."
    )


def _some_declined(_: Facts) -> str:
    return "**{declined:n} as declined** ({share:share}, 95% interval {share_low:share} to {share_high:share})"


def _none_declined(facts: Facts) -> str:
    """Say that none is recorded, with the count and the share that would agree with that."""
    fewer = float(facts["declined_high"] or 0) < float(facts["issued"] or 0)
    up_to = (
        "up to {declined_high:.1f}, a share of {share_high:share}," if fewer else "a share of up to {share_high:share}"
    )
    return f"**none as declined** ({up_to} would agree with that, 95% interval)"


def unfinished(facts: Facts) -> str | None:
    """Say that a young week is not finished, with the estimate of its final number where there is one."""
    if facts["gate"] or facts["status"] not in ("provisional", "too young"):
        return None
    if facts["nowcast"] is not None:
        return (
            "The week is {status}: by how declines of earlier weeks came in, {completeness:share} of its declines are "
            "recorded, with about {nowcast:.0f} to be expected in the end ({nowcast_level:.0%} band "
            "{nowcast_low:.0f} to {nowcast_high:.0f}), so no direction is named."
        )
    if facts["week_completeness"] is not None:
        return (
            "The week is {status}: by how declines of earlier weeks came in, {week_completeness:share} of its declines "
            "are recorded, so no direction is named."
        )
    return (
        "The week is {status}: it ended less than {settling_days} days before the source was extracted on "
        "{extracted_on:day}, so outcomes are still missing and no direction is named."
    )


def cohort_change(facts: Facts) -> str | None:
    """Say what may be said of the share against the week before and against the weeks before."""
    if facts["status"] != "settled":
        return None
    if not facts["issued"]:
        return "Nothing could be recorded as declined: there is no share, and no change of one."
    refusal = facts["last_week_finding"] if facts["last_week_ratio"] is None else ""
    if refusal and refusal == facts["trailing_finding"]:
        return "There is no comparison with the week before, nor with more of them: {last_week_finding}."
    return (
        f"Against the week before: {_finding(facts, 'last_week')}; against the {{trailing_weeks}} weeks before: "
        f"{_finding(facts, 'trailing')}."
    )


def _finding(facts: Facts, pair: str, of: str = "share") -> str:
    """Say what may be said of a pair of weeks, with the ratio of shares or counts; or why they are not compared."""
    finding = facts[f"{pair}_finding"]
    if facts[f"{pair}_ratio"] is None:
        return f"not compared, {{{pair}_finding}}"
    claim = f"the {of} is **{{{pair}_finding}}**" if finding in ("higher", "lower") else f"{{{pair}_finding}}"
    interval = f"{{{pair}_ratio:ratio}}, 95% interval {{{pair}_low:ratio}} to {{{pair}_high:ratio}}"
    return claim + (
        f" (ratio of shares {interval}, adjusted {{{pair}_p_adjusted:p}})" if of == "share" else f" (ratio {interval})"
    )


def one_place(facts: Facts) -> str | None:
    """Say that one place holds over half of the declines, and what the rest is."""
    if failed_gate(facts) or not facts["apart_name"]:
        return None
    said = "One {apart_is}, {apart_name}, accounts for {apart_declined:n} of the {apart_total:n}"
    said += " of the week before" if facts["apart_week"] == "before" else ""
    said += "; elsewhere {elsewhere_declined:many} of {elsewhere_issued:n} are recorded as declined"
    if "elsewhere_finding" in facts:
        said += ", against {elsewhere_declined_before:many} of {elsewhere_issued_before:n} the week before: "
        said += _finding(facts, "elsewhere")
    return said + "."


def against_the_past(facts: Facts) -> str | None:
    """Say whether the count is within what the weeks before lead to expect."""
    if facts["status"] != "settled" or not facts["issued"]:
        return None
    if facts["no_baseline"]:
        return "{no_baseline}"
    if facts["baseline_reason"]:
        return "There is no baseline for {place_name} this week: {baseline_reason}."
    above = float(facts["declined"] or 0) > float(facts["baseline_upper"] or 0)
    verdict = "the count of {declined:n} is within that"
    if facts["baseline_flagged"]:
        verdict = "the count of {declined:n} is **above that, and flagged**"
    elif above:
        verdict = "the count of {declined:n} is above that, but does not stand out among the week's tests"
    weeks = "seven weeks" if facts["baseline_method"] == EARS else "years"
    return (
        f"By the {weeks} before, {{baseline_expected:.1f}} declines were to be expected and up to "
        f"{{baseline_upper:.1f}} would be usual: {verdict}."
    )


def what_a_cohort_cannot_tell(facts: Facts) -> str:
    """Say what the week's data cannot tell."""
    if not facts["issued"]:
        return "A week without a detainer does not tell whether ICE asked for none or the source lacks them."
    if not facts["not_recorded"]:
        return "The data cannot tell why any was declined, nor where a person went."
    return (
        "The data cannot tell what became of {not_recorded:detainers} without a recorded end (pending, not honoured or "
        "not updated), nor why any was declined."
    )


COHORT = (
    failed_gate,
    cohort_count,
    unfinished,
    cohort_change,
    one_place,
    against_the_past,
    what_a_cohort_cannot_tell,
)


def notes(facts: Facts) -> str:
    """Say beside a cohort's counts how many records and persons are behind its detainers."""
    if not facts["records"]:
        return "There is no detainer in {place_name} in this week, so no person is counted and no repeat looked for."
    if facts["persons"] is None:
        return "The source has no person ids: a detainer that repeats another cannot be told from a new one."
    return (
        "Rows of the week in the source: {records:n}; different people named in them: {persons:n}; rows that name "
        "nobody: {without_id:n}. Rows flagged as repeating another of the same person: {repeats_flagged:n}, "
        "{repeats_are} in the table above and everywhere else; different people named in the rows that are counted: "
        "{persons_counted:n}."
    )


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
