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

from analysis.files import sha256_of
from analysis.load.reference import bundled_folder

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
    "shrunken share of a place over 13 weeks, mean of all": "The prior and the dispersion count as known, though both "
    "are estimated from the same places.",
}
"""Why a target was missed, by check and law."""


def tried(section: Section, law: str) -> pd.DataFrame:
    """Make the trials of a section under a law: ``found`` and ``mc_error`` (its standard error over them) by check."""
    seeds = ([section.seed, section.laws.index(law), trial] for trial in range(section.number))
    tallies = (section.trial(law, np.random.default_rng(seed)) for seed in seeds)
    each = pd.concat([pd.DataFrame(tally, columns=["check", "a", "n"]) for tally in tallies])
    sums = each.groupby("check", sort=False).sum()
    found = sums["a"] / sums["n"]
    away = (each["a"] - each["check"].map(found) * each["n"]) ** 2
    error = np.sqrt(away.groupby(each["check"], sort=False).sum()) / sums["n"]
    return pd.DataFrame({"found": found, "mc_error": error})


def rows_of(name: str) -> Iterator[dict[str, object]]:
    """Make the rows of a section, each with its verdict; after those of all laws their mean, if that is promised."""
    section = SECTIONS[name]
    by_law = pd.concat({law: tried(section, law) for law in section.laws}, names=["law"])
    for check in by_law.index.unique("check"):
        bounds = next((bounds for part, bounds in section.bounds.items() if part in check), SHOWN)
        of_check = by_law.xs(check, level="check")
        rows = [(law, bounds, found, error) for law, (found, error) in of_check.iterrows()]
        if bounds == COVERS and len(of_check) > 1:
            error = float(np.sqrt((of_check["mc_error"] ** 2).sum()) / len(of_check))
            rows.append(("mean of all", (MEAN_COVERS, None), of_check["found"].mean(), error))
        for law, (least, most), found, error in rows:
            kept = (least is None or found >= least) and (most is None or found <= most)
            verdict = "shown" if least is most is None else "met" if kept else "missed"
            note = WHY.get(f"{check}, {law}", "") if verdict == "missed" else ""
            target = [f"at {which} {end:.0%}" for which, end in (("least", least), ("most", most)) if end is not None]
            yield {
                **{"section": name, "check": check, "law": law, "target": " and ".join(target)},
                **{"least": least, "most": most, "found": found, "mc_error": error},
                **{"trials": section.number, "seed": section.seed},
                "note": f"{52 * found:.1f} of 52 weeks." if check.startswith("any direction on a page") else note,
                "verdict": verdict,
            }


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write the table, and its hash into what is known of it."""
    numbers = {name: pd.to_numeric(frame[name]) for name in ("least", "most", "found", "mc_error")}
    frame.assign(**numbers).to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
    origin = yaml.safe_load((bundled_folder("data") / f"{FILE}.origin.yml").read_text(encoding="utf-8"))
    text = yaml.safe_dump(origin | {"sha256": sha256_of(path)}, sort_keys=False, allow_unicode=True, width=110)
    path.with_name(path.name + ".origin.yml").write_text(text, encoding="utf-8")


def main() -> None:
    """Run all sections, or some, and write the table."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/calibration.py", description=__doc__)
    parser.add_argument("--only", choices=SECTIONS, action="append", help="Renew the rows of this section.")
    parser.add_argument("--out", type=Path, default=bundled_folder("data") / FILE)
    asked = parser.parse_args()
    earlier = pd.read_csv(asked.out, keep_default_na=False, dtype=str) if asked.only else pd.DataFrame()
    parts = []
    for name in SECTIONS:
        again = not asked.only or name in asked.only
        part = pd.DataFrame(rows_of(name)) if again else earlier[earlier["section"] == name]
        parts.append(part.astype(object).fillna(""))
        if again:
            print(part[["check", "law", "target", "found", "mc_error", "verdict"]].to_string(index=False), flush=True)
    write(pd.concat(parts), asked.out)


if __name__ == "__main__":
    main()
