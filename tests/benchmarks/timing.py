"""Seconds by the clock and in CPU time, as every benchmark measures and prints them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
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


def in_turns(runs: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[Spent]]:
    """Measure some runs in turns, after one round that is not counted."""
    turns = [{name: spent(run) for name, run in runs.items()} for _ in range(rounds + 1)][1:]
    return {name: [turn[name] for turn in turns] for name in runs}


def median_and_range(values: Sequence[float], unit: str = " s") -> str:
    """Write the median with the least and the most."""
    return f"{statistics.median(values):.2f}{unit} [{min(values):.2f}, {max(values):.2f}]"


def in_words(turns: list[Spent], unit: str = " s") -> str:
    """Write the two times of some runs."""
    wall, cpu = (median_and_range(values, unit) for values in zip(*turns, strict=True))
    return f"wall {wall:24}  cpu {cpu}"


def report(what: str, ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int, target: str) -> None:
    """Measure two runs in turns and print their times and the ratios of them, by the clock and in CPU time."""
    found = in_turns({"ours": ours, "theirs": theirs}, rounds)
    ratios = [Spent(*(one / two for one, two in zip(*pair, strict=True))) for pair in zip(*found.values(), strict=True)]
    print(f"\n{what}; target {target}")
    print(f"  ratio   {in_words(ratios, '')}")
    for name, turns in found.items():
        print(f"  {name:7} {in_words(turns)}")
