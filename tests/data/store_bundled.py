"""Make the bundled stored sources again: ``python -m tests.data.store_bundled`` from the project's folder.

Fiscal 2015 is made from its weekly counts (``data/counts``), one row per detainer; the made-up source from its release
(``data/synthetic``); three versions of it, as extracted on three days, from ``tests.synthetic``. Deterministic but for
the version of Parquet's writer, so that tests compare rows.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests"))

from synthetic import Options, generate, origin_of_release, write_release  # noqa: E402

from analysis.files import sha256_of  # noqa: E402
from analysis.load.quality import scorecard, table_scorecard  # noqa: E402
from analysis.load.reference import crosswalk  # noqa: E402
from analysis.load.releases import open_release  # noqa: E402
from analysis.load.sources import Document, Origin, SourceFacts, origin_of, store  # noqa: E402
from analysis.load.table import as_table  # noqa: E402

COMMAND = "python -m tests.data.store_bundled"
COUNTS = ROOT / "data" / "counts" / "fy2015_weekly_counts.csv"
RELEASE = ROOT / "data" / "synthetic" / "small_release.parquet"
EXTRACTIONS = (date(2026, 1, 6), date(2026, 2, 3), date(2026, 3, 10))
"""Days of extraction of the made-up versions 1, 2 and 3."""
SEED = 20261125
FISCAL_2015 = SourceFacts(
    name="fy2015",
    title="ICE detainers of fiscal 2015, October 2014 to July 2015 (FOIA 15-87693)",
    clock="issued",
    first_day=date(2014, 10, 1),
    last_day=date(2015, 7, 19),
    extracted_on=date(2015, 7, 26),
    detainers=79_053,
    declined=5_501,
    synthetic=False,
    offences=False,
)


class Stored(NamedTuple):
    """What one version is stored with."""

    number: int
    table: pd.DataFrame
    card: pd.DataFrame
    origin: Origin


def fiscal_2015() -> Stored:
    """Expand the weekly counts: one row per detainer, issued on the Saturday of its week."""
    counts = pd.read_csv(COUNTS, dtype=str, keep_default_na=False)
    counts["source_row"] = counts.index + 2
    rows = counts.loc[counts.index.repeat(counts["detainers"].astype(int))].reset_index(drop=True)
    text = rows[["state", "form", "lift_reason"]].replace("", None)
    table = as_table(
        text.assign(
            issued_on=pd.to_datetime(rows["week_start"]).astype("datetime64[ms]"),
            request=rows["form"].map(crosswalk("forms", "form")["request"]),
            outcome=rows["lift_reason"].map(crosswalk("lift_reasons", "value")["outcome"]),
            detainers=1,
            source_file=COUNTS.name,
            source_row=rows["source_row"],
        )
    )
    origin = {
        "obtained": f"{COMMAND}: one row per detainer of {COUNTS.name}, whose origin file says how it was counted",
        "row": "one detainer; its day of issue is the Saturday of its week, since the counts have no days",
        "made_from": Document(file=COUNTS.name, sha256=sha256_of(COUNTS)),
        "source": FISCAL_2015,
    }
    card = table_scorecard(table, extracted_on=FISCAL_2015.extracted_on)
    return Stored(0, table, card, origin_of(COUNTS).model_copy(update=origin))


def made_up(path: Path, origin: Origin, source: SourceFacts | None, number: int = 0) -> Stored:
    """Read a made-up release as any other."""
    assert source is not None
    release, made_from = open_release(path), Document(file=path.name, sha256=sha256_of(path))
    update = {"obtained": f"{COMMAND}, from: {origin.obtained}", "made_from": made_from, "source": source}
    card = scorecard(release, extracted_on=source.extracted_on)
    return Stored(number, release.table, card, origin.model_copy(update=update))


def bundled(folder: Path) -> Iterator[Stored]:
    """Go through all that is stored: of the made-up source also what ICE's file would have shown on three days."""
    yield fiscal_2015()
    period: dict[str, Any] = {"detainers": 12_000, "first_day": date(2025, 1, 4), "last_day": date(2026, 2, 27)}
    made = generate(SEED, **period, options=Options(mean_delay=7, with_lift_date=True, events=True))
    described = origin_of(RELEASE)
    yield made_up(RELEASE, described, origin_of_release(made, RELEASE, described.obtained).source)
    path = folder / "synthetic.parquet"
    for number, day in enumerate(EXTRACTIONS, start=1):
        made = generate(SEED, **period, extracted_on=day, options=Options(changed=0.02, vanished=0.01))
        write_release(made.release, path)
        command = (
            f"python -m tests.synthetic --out {path.name} --seed {SEED} --rows 12000 --first-day 2025-01-04 "
            f"--last-day 2026-02-27 --extracted-on {day} --changed 0.02 --vanished 0.01"
        )
        origin = origin_of_release(made, path, command)
        yield made_up(path, origin, origin.source, number)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as draft:
        for one in bundled(Path(draft)):
            assert one.origin.source is not None
            place = ROOT / "data" / "sources" / one.origin.source.name / f"v{one.number:03d}"
            shutil.rmtree(place, ignore_errors=True)
            stored = store(one.table, one.card, one.origin, place)
            stored.week_hashes()
            print(stored.version_id, place)
