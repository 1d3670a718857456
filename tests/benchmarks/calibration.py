"""Do the methods keep what they say? Tried on made-up weeks whose truth is known.

The made-up weeks are in :mod:`calibration_laws`, what is tried on them in :mod:`calibration_trials`.
``python tests/benchmarks/calibration.py`` writes ``data/reference/calibration.csv`` and its origin file, in about ten
minutes on one core; ``--only SECTION`` renews some rows. Seeds are fixed here, before any run; a share found over n
trials has its Monte Carlo error beside it. Nothing is drawn again until it fits: a target that is missed stands in the
table as missed, with a note.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import calibration_trials as trials
import numpy as np
import pandas as pd
import yaml
from calibration_laws import LAWS

from analysis.load.files import bundled_folder, sha256_of
from analysis.load.sources import Origin

FILE = "reference/calibration.csv"
Bounds = tuple[float | None, float | None]
AT_MOST_5, COVERS, BAND, SLOWING, SHOWN = (None, 0.05), (0.9, None), (0.85, 0.95), (0.75, None), (None, None)
MEAN_COVERS = 0.93
"""Least coverage of an interval, the mean of all laws."""


class Section(NamedTuple):
    """One section: how a trial is made, how many, from which seed, what is promised, and by which laws it is tried.

    ``bounds`` are the least and the most that may be found under each law, by what a check's name has in it; the first
    that fits counts, and nothing is promised where none does.
    """

    trial: Callable[[str, np.random.Generator], trials.Tally]
    number: int
    seed: int
    bounds: dict[str, Bounds]
    laws: tuple[str, ...] = LAWS


SECTIONS = {
    "null_weeks": Section(trials.null_page, 2000, 2501, {"": AT_MOST_5}),
    "short_history": Section(trials.short_page, 500, 2502, {}),
    "coverage": Section(trials.intervals, 400, 2503, {"weeks of history": SHOWN, "": COVERS}),
    "ratio": Section(trials.ratios, 200, 2504, {"": COVERS}),
    "power": Section(trials.power, 200, 2505, {}),
    "like_for_like": Section(trials.alike, 200, 2506, {"": COVERS}),
    "shrinkage": Section(trials.shrunken, 200, 2507, {"": COVERS}),
    "nowcast": Section(trials.bands, 400, 2508, {"stable": BAND, "double": SLOWING}),
    "incidence": Section(trials.incidence, 400, 2509, {"": COVERS}, LAWS[:1]),
}
WHY = {
    (
        "shrunken share of a place over 13 weeks",
        "mean of all",
    ): "The prior and the dispersion count as known, though both are estimated from the same places.",
}
"""Why a target was missed, by check and law."""


def tried(section: Section, law: str) -> pd.DataFrame:
    """Make the trials of a section under a law: ``found`` and ``mc_error`` by check."""
    at = section.laws.index(law)
    tallies = [
        pd.DataFrame(section.trial(law, np.random.default_rng([section.seed, at, trial])), columns=["check", "a", "n"])
        for trial in range(section.number)
    ]
    each = pd.concat(tallies)
    sums = each.groupby("check", sort=False).sum()
    found = sums["a"] / sums["n"]
    away = (each["a"] - each["check"].map(found) * each["n"]) ** 2
    return pd.DataFrame(
        {"found": found, "mc_error": np.sqrt(away.groupby(each["check"], sort=False).sum()) / sums["n"]}
    )


def rows_of(name: str) -> Iterator[dict[str, object]]:
    """Make the rows of a section; ``mc_error`` is the standard error over its trials."""
    section = SECTIONS[name]
    by_law = pd.concat({law: tried(section, law) for law in section.laws}, names=["law"])
    for check in by_law.index.unique("check"):
        bounds = next((bounds for part, bounds in section.bounds.items() if part in check), SHOWN)
        of_check = by_law.xs(check, level="check")
        for law, (found, error) in of_check.iterrows():
            yield row_of(name, check, law, bounds, found, error)
        if bounds == COVERS and len(of_check) > 1:
            error = float(np.sqrt((of_check["mc_error"] ** 2).sum()) / len(of_check))
            yield row_of(name, check, "mean of all", (MEAN_COVERS, None), of_check["found"].mean(), error)


def row_of(name: str, check: str, law: str, bounds: Bounds, found: float, error: float) -> dict[str, object]:
    """Make one row, with its verdict."""
    (least, most), section = bounds, SECTIONS[name]
    words = [f"at least {least:.0%}" if least is not None else "", f"at most {most:.0%}" if most is not None else ""]
    kept = (least is None or found >= least) and (most is None or found <= most)
    verdict = "shown" if bounds == SHOWN else "met" if kept else "missed"
    notes = [WHY.get((check, law), "") if verdict == "missed" else ""]
    notes += [f"{52 * found:.1f} of 52 weeks."] if check.startswith("any direction on a page") else []
    return {
        "section": name,
        "check": check,
        "law": law,
        "target": " and ".join(filter(None, words)),
        "least": least,
        "most": most,
        "found": found,
        "mc_error": error,
        "trials": section.number,
        "seed": section.seed,
        "note": " ".join(filter(None, notes)),
        "verdict": verdict,
    }


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write the table and what is known of it."""
    numbers = {name: pd.to_numeric(frame[name]) for name in ("least", "most", "found", "mc_error")}
    frame.assign(**numbers).to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
    origin = Origin(
        title="How well the methods keep what they say, tried on made-up weeks",
        producer="declined-detainers",
        document="Calibration on made-up weeks at the levels of fiscal 2015",
        document_date="2026-11-28",
        reference="tests/benchmarks/calibration.py",
        obtained="python tests/benchmarks/calibration.py",
        licence="MIT, as the project",
        accessed="2026-11-28",
        sha256=sha256_of(path),
        row="one promise of one method under one law of counts (or their mean), or a figure shown",
        blank="target, least, most = nothing is promised, the figure is shown; note = nothing to say",
        notes="SYNTHETIC data throughout; laws in tests/benchmarks/calibration_laws.py. found is a share of weeks, "
        "intervals or pages, mc_error its Monte Carlo standard error over the trials; seeds were fixed beforehand.",
    )
    text = yaml.safe_dump(
        origin.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True, width=110
    )
    path.with_name(path.name + ".origin.yml").write_text(text, encoding="utf-8")


def main() -> None:
    """Run all sections, or some, and write the table."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/calibration.py", description=__doc__)
    parser.add_argument("--only", choices=SECTIONS, action="append", help="Renew the rows of this section.")
    parser.add_argument("--out", type=Path, default=bundled_folder("data") / FILE)
    asked = parser.parse_args()
    parts = []
    for name in SECTIONS:
        if not asked.only or name in asked.only:
            part = pd.DataFrame(rows_of(name))
            print(part[["check", "law", "target", "found", "mc_error", "verdict"]].to_string(index=False), flush=True)
        else:
            earlier = pd.read_csv(asked.out, keep_default_na=False, dtype=str)
            part = earlier[earlier["section"] == name]
        parts.append(part.astype(object).fillna(""))
    write(pd.concat(parts), asked.out)


if __name__ == "__main__":
    main()
