"""Seconds by the clock and in CPU time, as every benchmark measures and prints them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple


class Spent(NamedTuple):
    """What one run took, in seconds."""

    wall: float
    cpu: float


def spent(run: Callable[[], Any]) -> Spent:
    """Measure one run."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def in_turns(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int) -> list[tuple[Spent, Spent]]:
    """Measure two runs in turns, after one round that is not counted."""
    ours(), theirs()
    return [(spent(ours), spent(theirs)) for _ in range(rounds)]


def median_and_range(values: list[float], unit: str) -> str:
    """Write the median with the least and the most."""
    return f"{statistics.median(values):.2f}{unit} [{min(values):.2f}, {max(values):.2f}]"


def report(what: str, measured: list[tuple[Spent, Spent]], target: str) -> None:
    """Print the two times and their ratio, by the clock and in CPU time."""
    print(f"\n{what}; target {target}")
    for at, kind in enumerate(Spent._fields):
        ours, theirs = [[pair[which][at] for pair in measured] for which in (0, 1)]
        ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
        print(
            f"  {kind:4}  ratio {median_and_range(ratios, '')}  ours {median_and_range(ours, ' s')}"
            f"  theirs {median_and_range(theirs, ' s')}"
        )
