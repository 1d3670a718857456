"""Weekly analyses of declined ICE detainers by state and offence type: ``import analysis as an``.

Frames in, frames out; frames in, figures out (``an.plot``), which show as the last line of a cell. One row of a table
of detainers is one detainer. Rooms, in the one direction in which they import each other: :mod:`analysis.load` (files
to one table of detainers), :mod:`analysis.stats` (numbers with uncertainty), :mod:`analysis.show` (figures, tables,
sentences), :mod:`analysis.run` (notebooks to reports), :mod:`analysis.cli` (the ``declines`` command).

Examples
--------
>>> import analysis as an
>>> week = an.cohort("fy2015", "2015-06-20")
>>> an.counts_by(week, "state").loc[["CA", "TX"], ["declined", "issued"]].values.tolist()
[[33, 291], [2, 306]]
"""

from __future__ import annotations

TYPE_CHECKING = False  # that of typing, whose import takes longer than all else here
if TYPE_CHECKING:
    from typing import Any

    from analysis.load.releases import read_release as read_release
    from analysis.load.sources import list_sources as list_sources
    from analysis.load.sources import open_source as open_source
    from analysis.show import plot as plot
    from analysis.show import sentences as sentences
    from analysis.show.explore import explore as explore
    from analysis.show.report import Report as Report
    from analysis.show.style import style as style
    from analysis.stats.cohort import Cohort as Cohort
    from analysis.stats.cohort import cohort as cohort
    from analysis.stats.inference import compare as compare
    from analysis.stats.inference import comparisons as comparisons
    from analysis.stats.inference import nowcast as nowcast
    from analysis.stats.inference import nowcast_quantiles as nowcast_quantiles
    from analysis.stats.inference import time_to_outcome as time_to_outcome
    from analysis.stats.period_profile import period_profile as period_profile
    from analysis.stats.published import printed_figures as printed_figures
    from analysis.stats.published import published_figures as published_figures
    from analysis.stats.published import published_week as published_week
    from analysis.stats.quality import quality as quality
    from analysis.stats.reference_cases import reference_cases as reference_cases
    from analysis.stats.revisions import compare_versions as compare_versions
    from analysis.stats.standardisation import decompose as decompose
    from analysis.stats.standardisation import expected as expected
    from analysis.stats.standardisation import shrink as shrink
    from analysis.stats.summary import count_outcomes as count_outcomes
    from analysis.stats.summary import counts_by as counts_by
    from analysis.stats.summary import cross_tabulate as cross_tabulate
    from analysis.stats.summary import key_figures as key_figures
    from analysis.stats.summary import known_events as known_events
    from analysis.stats.summary import weekly_counts as weekly_counts

_STANDS_IN = {
    "load.sources": "list_sources open_source",
    "load.releases": "read_release",
    "stats.cohort": "Cohort cohort",
    "stats.summary": "count_outcomes counts_by weekly_counts key_figures known_events cross_tabulate",
    "stats.inference": "compare comparisons nowcast nowcast_quantiles time_to_outcome",
    "stats.standardisation": "decompose expected shrink",
    "stats.quality": "quality",
    "stats.revisions": "compare_versions",
    "stats.period_profile": "period_profile",
    "stats.published": "published_week published_figures printed_figures",
    "stats.reference_cases": "reference_cases",
    "show.explore": "explore",
    "show.report": "Report",
    "show.style": "style",
}
_MODULES = {name: f"analysis.{module}" for module, names in _STANDS_IN.items() for name in names.split()}
__all__ = sorted([*_MODULES, "plot", "sentences"])


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import a public name when it is asked for, so that a command pays for what it uses."""
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module 'analysis' has no attribute {name!r}; it has {', '.join(__all__)}")
    if name not in _MODULES:
        return import_module(f"analysis.show.{name}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
