"""Write a made-up release in the form of March 2026, to try everything without a download: SYNTHETIC.

``python -m tests.synthetic --out FILE --rows N``; FILE ends in .parquet or .csv.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from . import Options, generate, write_release

DAY = click.DateTime(["%Y-%m-%d"])


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--rows", default=100_000, help="Expected number of detainers.")
@click.option("--seed", default=1)
@click.option("--first-day", type=DAY, default="2022-10-01")
@click.option("--last-day", type=DAY, default="2026-03-06")
@click.option("--extracted-on", type=DAY, default="2026-03-10")
@click.option("--events", is_flag=True, help="Plant a threefold rise, a policy reset and a bulk entry.")
@click.option("--mean-delay", default=40.0, help="Days from issue to the recording of an end.")
@click.option("--lift-dates", "with_lift_date", is_flag=True, help="Give the day of each end.")
@click.option("--changed", default=0.0, help="Share of recorded ends that are corrected later.")
@click.option("--vanished", default=0.0, help="Share of detainers missing from later releases.")
def main(out: Path, rows: int, seed: int, first_day: Any, last_day: Any, extracted_on: Any, **options: Any) -> None:  # noqa: ANN401
    """Write the release."""
    days: dict[str, date] = {"first_day": first_day.date(), "last_day": last_day.date()}
    made = generate(seed, detainers=rows, **days, extracted_on=extracted_on.date(), options=Options(**options))
    write_release(made.release, out)
    click.echo(f"SYNTHETIC: {len(made.release):,} made-up detainers written to {out}")


if __name__ == "__main__":
    main()
