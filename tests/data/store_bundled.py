"""Make the bundled stored sources again: ``python -m tests.data.store_bundled`` from the project's folder.

Each is made from what its origin file names: fiscal 2015 from its weekly counts (``data/counts``), one row per
detainer; the made-up source from its release (``data/synthetic``); its three versions by the command of
``tests.synthetic``. Deterministic but for the version of Parquet's writer, so that tests compare rows.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests"))

from synthetic.__main__ import main  # noqa: E402

from analysis.files import sha256_of  # noqa: E402
from analysis.load.quality import _blanks, _counted, _dates, as_card, scorecard  # noqa: E402
from analysis.load.reference import crosswalk  # noqa: E402
from analysis.load.releases import open_release  # noqa: E402
from analysis.load.sources import Document, Source, origin_of, store  # noqa: E402
from analysis.load.table import Outcome, as_table  # noqa: E402

SOURCES = ROOT / "data" / "sources"
COUNTS = ROOT / "data" / "counts" / "fy2015_weekly_counts.csv"
RELEASE = ROOT / "data" / "synthetic" / "small_release.parquet"


def fiscal_2015() -> pd.DataFrame:
    """Expand the weekly counts: one row per detainer, issued on the Saturday of its week."""
    counts = pd.read_csv(COUNTS, dtype=str, keep_default_na=False)
    counts["source_row"] = counts.index + 2
    rows = counts.loc[counts.index.repeat(counts["detainers"].astype(int))].reset_index(drop=True)
    columns = {"issued_on": pd.to_datetime(rows["week_start"]).astype("datetime64[ms]")}
    columns |= {"request": rows["form"].map(crosswalk("forms", "form")["request"])}
    columns |= {"outcome": rows["lift_reason"].map(crosswalk("lift_reasons", "value")["outcome"])}
    texts = rows[["state", "form", "lift_reason"]].replace("", None)
    return as_table(texts.assign(**columns, detainers=1, source_file=COUNTS.name, source_row=rows["source_row"]))


def store_again(bundled: Path, folder: Path) -> Source:
    """Make a bundled version again, into a folder of its own below ``folder``."""
    origin = origin_of(bundled / "detainers.parquet")
    assert origin.made_from is not None
    assert origin.source is not None
    day = origin.source.extracted_on
    path = {COUNTS.name: COUNTS, RELEASE.name: RELEASE}.get(origin.made_from.file, folder / origin.made_from.file)
    if path == COUNTS:
        table = fiscal_2015()
        absent = table.columns[table.isna().all()].astype(str)  # no notes are kept from its reading
        card = as_card([*_counted(table, persons=0), *_blanks(table, "", absent), *_dates(table, day)])
    else:
        if path != RELEASE:
            *_, command = origin.obtained.partition("tests.synthetic ")
            main([str(path) if word == path.name else word for word in command.split()], standalone_mode=False)
        release = open_release(path)
        table, card = release.table, scorecard(release, extracted_on=day)
    counts = {"detainers": len(table), "declined": int((table["outcome"] == Outcome.DECLINED).sum())}
    made_from = Document(file=path.name, sha256=sha256_of(path))
    update = {"made_from": made_from, "source": origin.source.model_copy(update=counts)}
    again = store(table, lambda: card, origin.model_copy(update=update), folder / origin.source.name / bundled.name)
    again.week_hashes()
    return again


if __name__ == "__main__":
    for place in sorted(SOURCES.glob("*/v*")):
        with tempfile.TemporaryDirectory() as draft:
            stored = store_again(place, Path(draft))
            shutil.copytree(stored.path.parent, place, dirs_exist_ok=True)
            print(stored.version_id, place)
