"""A made-up release in the form of March 2026: SYNTHETIC, about nobody and no place.

Names of facilities, cities and ports begin with SAMPLE; the margins (``data/reference/synthetic_margins``) are made up.
The same arguments give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import pandas as pd

from .form import Form
from .population import Options, World, day_number, population

__all__ = ["Options", "Synthetic", "generate", "write_release"]
TITLE = "SYNTHETIC release of made-up detainers"
PREAMBLE = """SYNTHETIC: made-up rows about nobody and no place
Written in the form of ICE's detainer release of March 2026
Its true answers are known: for tests and demonstrations only
Facilities and cities and ports are invented and begin with SAMPLE
Not a government record
Detainers
"""


@dataclass(frozen=True, eq=False)
class Synthetic:
    """A made-up population, and the release that shows it on the day of an extraction."""

    world: World
    everything: pd.DataFrame
    extracted_on: date

    @cached_property
    def rows(self) -> pd.DataFrame:
        """What the extraction shows of the population (:func:`synthetic.population.population`)."""
        now = day_number(self.extracted_on)
        shown = (self.everything["day"] <= now) & (self.everything["vanished"] > now)
        return self.everything[shown].reset_index(drop=True)

    @cached_property
    def release(self) -> pd.DataFrame:
        """The release: the 65 columns of March 2026 in their order, one row per detainer, by day of issue.

        Text stands as categories, dates without time zone; blank is missing.
        """
        size = self.everything[["base", "person"]].max().fillna(-1).astype(int) + 1  # there may be no detainer at all
        release = Form(self.world, self.rows, size["base"], size["person"], self.extracted_on).release()
        release.attrs = {"title": TITLE, "seed": self.world.seed}
        return release


def generate(
    seed: int,
    *,
    detainers: int = 100_000,
    first_day: date = date(2022, 10, 1),
    last_day: date = date(2026, 3, 6),
    extracted_on: date = date(2026, 3, 10),
    options: Options | None = None,
) -> Synthetic:
    """Make up a release of so many detainers on average, repeats and what events add on top.

    ``seed`` fixes everything. Later issues than ``extracted_on`` are left out, ends recorded later are blank: the same
    arguments with a later day give the same detainers, more of them recorded.
    """
    world = World(seed, detainers, first_day, last_day, options or Options())
    return Synthetic(world, population(world), extracted_on)


def write_release(release: pd.DataFrame, path: Path) -> None:
    """Write a made-up release as ``.parquet``, else as CSV with six lines above the header that say SYNTHETIC."""
    if path.suffix == ".parquet":
        release.to_parquet(path, compression="zstd", index=False)
    else:
        path.write_text(PREAMBLE + release.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="")
