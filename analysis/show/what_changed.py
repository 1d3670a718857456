"""What changed this week: the three to five sentences at the head of a report, by a grammar that may refuse to speak.

A clause is a function from the facts to one sentence, a template over them, or to None where it has nothing to say; a
grammar is the clauses in their order. No clause computes: what may be called a change was decided with the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from analysis.show.sentences import Fact

Facts = Mapping[str, Fact]
Clause = Callable[[Facts], str | list[str] | None]

FAILED_CHECKS = {
    "detainers": "it has {check_found:.0f} detainers, where {check_usual:.0f} are usual",
    "ends": "an end is recorded for {check_found:share} of its detainers, where {check_usual:share} are usual",
    "states": "ICE gave the state of {check_found:share} of its detainers, where {check_usual:share} are usual",
}
"""What is said of a week that fails a check of its data (:func:`analysis.stats.cohort.check_week`)."""
EVENTS = {"policy": ", when its policy changed"}
"""What is said of the day of an event, by the event's kind."""


def say(grammar: Sequence[Clause], facts: Facts) -> list[str]:
    """Give what the clauses of a grammar have to say of the facts, as templates of one sentence each."""
    said = (clause(facts) for clause in grammar)
    return [sentence for one in said if one for sentence in ([one] if isinstance(one, str) else one)]


# A week by the day on which detainers were issued.


UNFINISHED = ("provisional", "too young")
THAN = {
    "last week": "than in the week before",
    "trailing weeks": "than in the {trailing_weeks} weeks before",
    "trend": "over the {trend_weeks} settled weeks to {trend_to:day} than over the {trend_weeks} before them",
}
"""What a finding is held against, by the name of the comparison."""
SHORTLY = {
    "last week": "than the week before",
    "trailing weeks": "than the {trailing_weeks} weeks before",
    "trend": "over {trend_weeks} weeks",
}
"""The same in a title."""


def failed_check(facts: Facts) -> str | None:
    """Print the check that the week fails; nothing is then found from it."""
    if facts["status"] == "partial":
        return "The source covers {days_covered} of this week's 7 days: the week is shown and never compared."
    if facts["check"]:
        check = FAILED_CHECKS[str(facts["check"])]
        return f"The week, all detainers together, fails a check of its data and is not compared: {check}."
    return None


def cohort_count(facts: Facts) -> str:
    """Say how many detainers were issued and how many of them are recorded as declined; if compared, before as well."""
    compared = facts["status"] == "settled" and bool(facts["last_week_issued_before"])
    if not facts["issued"]:
        before = ", against {last_week_issued_before:n} the week before" if compared else ""
        return "The source has no detainer issued in {place_name} in the week ending {week_end:day}" + before + "."
    said = (
        "Of the {issued:detainers} that ICE issued in {place_name} in the week ending {week_end:day}, it has recorded "
    )
    if facts["no_share"]:
        return said + "**{declined:many} as declined**; {no_share}."
    if facts["declined"]:
        alone = " by chance alone, and real ups and downs are larger" if facts["chance_alone"] else ""
        said += "**{declined:n} as declined** ({share:share}, 95% interval {share_low:share} to {share_high:share}"
        said += f"{alone})"
    else:
        said += "**none as declined** (a share of up to {share_high:share} would often give none, too)"
    before = ", against {last_week_declined_before:many} of {last_week_issued_before:n} the week before"
    return said + (f"{before} ({{last_week_share_before:share}})" if compared else "") + "."


def unfinished(facts: Facts) -> str | None:
    """Say that a young week is not finished, with the estimate of its final number where there is one."""
    if facts["check"] or facts["status"] not in UNFINISHED:
        return None
    if facts["nowcast"] is not None:
        return (
            "The week is unfinished: by how declines of earlier weeks came in, {week_completeness:share} of its "
            "declines are recorded, with about {nowcast:.0f} to be expected in the end ({nowcast_level:.0%} band "
            "{nowcast_low:.0f} to {nowcast_high:.0f}), so no direction is named for it."
        )
    if facts["week_completeness"] is not None:
        return (
            "The week is unfinished: by how declines of earlier weeks came in, {week_completeness:share} of its "
            "declines are recorded, so no direction is named for it."
        )
    return (
        "The week is unfinished: it ended less than {settling_days} days before the source was extracted, so outcomes "
        "are still missing, older weeks had longer, and no direction is named for it."
    )


def findings(facts: Facts) -> list[str]:
    """Name the clear changes of the page, the clearest first and each in a sentence; the others by name alone."""
    said = [_finding_of(facts, n) for n in range(1, int(facts["findings"] or 0) + 1) if f"finding_{n}_place" in facts]
    return [*said, *(["Also clear: {more_findings}."] if facts["more_findings"] else [])]


def _finding_of(facts: Facts, n: int) -> str:
    """Say one clear change, with what lies between the two periods."""
    against = THAN[str(facts[f"finding_{n}_against"])]
    between = f"; known events of these weeks: {{finding_{n}_between}}" if facts[f"finding_{n}_between"] else ""
    counts = (
        f"{{finding_{n}_declined:many}} of {{finding_{n}_issued:n}} ({{finding_{n}_share:share}}), against "
        f"{{finding_{n}_declined_before:many}} of {{finding_{n}_issued_before:n}} ({{finding_{n}_share_before:share}})"
    )
    return f"{{finding_{n}_where}} **the share is {{finding_{n}_finding}}** {against}: {counts}{between}."


def cohort_change(facts: Facts) -> str | None:
    """Say what may be said of the share against the week before, the weeks before, and of the trend."""
    if facts["no_share"] or facts["status"] == "partial" or facts["check"]:
        return None
    if not facts["issued"]:
        return "Nothing could be recorded as declined: there is no share, and no change of one."
    pairs = [("last_week", "against the week before"), ("trailing", "against the {trailing_weeks} weeks before")]
    if facts["status"] != "settled":
        pairs = []
    pairs.append(("trend", "the {trend_weeks} settled weeks to {trend_to:day} against the {trend_weeks} before them"))
    said = "; ".join(f"{words}: {_finding(facts, pair)}" for pair, words in pairs)
    return f"{said[0].upper()}{said[1:]}."


def usual(facts: Facts) -> str | None:
    """Say whether the count is within what the eight weeks before lead to expect."""
    if facts["usual_low"] is None or not facts["issued"]:
        return None
    within = "{usual_low:.0f} to {usual_high:.0f} would be usual"
    said = (
        f"At the share of the {{trailing_weeks}} weeks before, about {{expected:.0f}} were to be expected and {within}"
    )
    if not facts["outside"]:
        return said + "."
    return (
        said
        + ": the count of {declined:n} is **{outside} that**"
        + ("." if facts["findings"] else ", which does not stand out among the page's {tests:tests}.")
    )


def _finding(facts: Facts, pair: str) -> str:
    """Say what may be said of a pair of periods, with the ratio of shares; or why they are not compared."""
    finding = facts[f"{pair}_finding"]
    if facts[f"{pair}_ratio"] is None:
        return f"not compared, {{{pair}_finding}}"
    claim = f"**{{{pair}_finding}}**" if finding in ("higher", "lower") else f"{{{pair}_finding}}"
    interval = f"{{{pair}_ratio:ratio}}, 95% interval {{{pair}_low:ratio}} to {{{pair}_high:ratio}}"
    return f"{claim} (ratio of shares {interval})"


def one_place(facts: Facts) -> str | None:
    """Say that one state holds over half of the declines, and what the rest is."""
    if failed_check(facts) or not facts["apart_name"]:
        return None
    said = "One state, {apart_name}, accounts for {apart_declined:n} of the {apart_total:n}; elsewhere "
    said += "{elsewhere_declined:many} of {elsewhere_issued:n} are recorded as declined"
    if "elsewhere_declined_before" in facts:
        said += ", against {elsewhere_declined_before:many} of {elsewhere_issued_before:n} the week before"
    return said + "."


def what_a_cohort_cannot_tell(facts: Facts) -> str:
    """Say what the week's data cannot tell."""
    if not facts["issued"]:
        return "A week without a detainer does not tell whether ICE asked for none or the source lacks them."
    if facts["not_recorded"] is None:
        return "The data cannot tell what became of detainers without a recorded end, nor why any was declined."
    if not facts["not_recorded"]:
        return "The data cannot tell why any was declined, nor where a person went."
    return (
        "The data cannot tell what became of {not_recorded:detainers} without a recorded end (pending, not honoured or "
        "not updated), nor why any was declined."
    )


COHORT = (
    failed_check,
    cohort_count,
    unfinished,
    findings,
    cohort_change,
    usual,
    one_place,
    what_a_cohort_cannot_tell,
)


def headline(facts: Facts) -> str:
    """Give the title of a weekly page: its finding by a rule, else the level and that there is no clear change.

    First a failed check, else the clearest change of the page: of the nation, of a state or offence group, of the
    trend; else no clear change, or the level alone where nothing is compared. Of an unfinished week: what is recorded
    so far.
    """
    counts = "{place_title}, week ending {week_end:day}: {declined:n} of {issued:detainers} recorded as declined"
    if facts["status"] == "partial":
        return counts + " in the {days_covered} days that the source covers"
    if facts["check"]:
        return counts + "; its data fail a check"
    if facts["status"] in UNFINISHED:
        return counts + " so far" + ("; about {nowcast:.0f} expected in the end" if facts["nowcast"] else "")
    if facts["no_share"] or not facts["issued"]:
        return counts
    counts += " ({share:share})"
    if not facts["findings"]:
        return f"{counts}: no clear change" if facts["tests"] else counts
    than = SHORTLY[str(facts["finding_1_against"])]
    whose = "" if facts["finding_1_place"] == facts["place"] else "{finding_1_name} "
    return f"{counts}; {whose}share {{finding_1_finding}} {than}"


def notes(facts: Facts) -> str:
    """Say beside a cohort's counts how many records and persons are behind its detainers."""
    if not facts["records"]:
        return "There is no detainer in {place_name} in this week, so no person is counted and no repeat looked for."
    if facts["persons"] is None:
        return "The source has no person ids: a detainer that repeats another cannot be told from a new one."
    return (
        "The file has {records:rows} for the week. Repeating another of the same person: {repeats_flagged:n}, "
        "{repeats_are}. Naming nobody: {without_id:n}. Different people named: {persons:n}."
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
