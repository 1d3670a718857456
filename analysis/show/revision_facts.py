"""The facts of a comparison of two versions that its page's sentences name, by id."""

from __future__ import annotations

from analysis.load.table import Outcome
from analysis.stats.revisions import KINDS, PARTS, WEEKLY, Revision


def revision_facts(revision: Revision) -> dict[str, object]:
    """Gather the facts of a revision, by id.

    ``rows_KIND`` and ``alike_KIND`` by kind; ``weeks_both``, full in both versions, ``weeks_revised`` of them, and
    the sums of their figures, ``declined_was`` and so on; ``filled``, detainers whose end was not recorded and now is,
    ``declined_filled`` of them as declined; ``most``, the full week whose declines changed most, with its figures.
    """
    weeks, counts = revision.by_week, revision.rows.set_index("kind").rename(columns={"detainers": "rows"})
    both = weeks[~weeks["cut"]].dropna(subset=["issued_was", "issued_now"])
    revised = both[[f"{name}_change" for name in WEEKLY]]
    filled = revision.outcomes[revision.outcomes["was"] == Outcome.NOT_RECORDED]
    facts: dict[str, object] = {f"{name}_{kind}": counts.loc[kind, name] for name in counts for kind in KINDS}
    facts |= {f"{name}_{part}": int(both[f"{name}_{part}"].sum()) for name in WEEKLY for part in PARTS}
    facts |= {"by_person": "person" in revision.key, "weeks_both": len(both), "filled": filled["detainers"].sum()}
    facts["weeks_revised"] = int((revised != 0).any(axis="columns").sum())
    facts["declined_filled"] = filled["detainers"][filled["now"] == Outcome.DECLINED].sum()
    if revised["declined_change"].any():
        most = revised["declined_change"].abs().idxmax()
        facts |= {"most": most, **{f"most_{part}": int(both.loc[most, f"declined_{part}"]) for part in ("was", "now")}}
    return facts
