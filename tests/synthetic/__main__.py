"""Write a made-up release in the form of March 2026, to try everything without a download: SYNTHETIC.

``python -m tests.synthetic --out FILE --rows N``; the suffix of FILE (.parquet, .csv, .csv.gz) tells its kind.
"""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from . import Options, generate, standard_events, write_release


def main(given: list[str] | None = None) -> None:
    """Read the command line and write the release."""
    parser = argparse.ArgumentParser(prog="python -m tests.synthetic", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=100_000, help="expected number of detainers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first-day", type=date.fromisoformat, default=date(2022, 10, 1))
    parser.add_argument("--last-day", type=date.fromisoformat, default=date(2026, 3, 6))
    parser.add_argument("--extracted-on", type=date.fromisoformat, default=date(2026, 3, 10))
    parser.add_argument("--events", action="store_true", help="plant a threefold rise, a policy reset and a bulk entry")
    parser.add_argument("--mean-delay", type=float, default=40.0, help="days from issue to the recording of an end")
    parser.add_argument("--lift-dates", action="store_true", help="give the day of each end")
    parser.add_argument("--changed", type=float, default=0.0, help="share of recorded ends that are corrected later")
    parser.add_argument("--vanished", type=float, default=0.0, help="share of detainers missing from later releases")
    asked = parser.parse_args(given)
    first, last = asked.first_day, asked.last_day
    made = generate(
        asked.seed,
        detainers=asked.rows,
        first_day=first,
        last_day=last,
        extracted_on=asked.extracted_on,
        options=Options(
            mean_delay=asked.mean_delay,
            with_lift_date=asked.lift_dates,
            changed=asked.changed,
            vanished=asked.vanished,
        ),
        events=standard_events(first, last, detainers=asked.rows) if asked.events else (),
    )
    write_release(made.release, asked.out)
    print(f"SYNTHETIC: {len(made.release):,} made-up detainers written to {asked.out}")


if __name__ == "__main__":
    main()
