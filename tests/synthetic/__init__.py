"""A made-up release in the form of March 2026 whose true answers are known: SYNTHETIC, about nobody and no place.

Names of facilities, cities and ports begin with SAMPLE; the margins (``data/reference/synthetic_margins``) are made up.
What can be asked of it stands in ``synthetic_laws``.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from io import TextIOWrapper
from pathlib import Path

import pandas as pd

from analysis.errors import InputError
from analysis.load.files import sha256_of
from analysis.load.sources import Origin, SourceFacts

from .draws import DECLINED, NEVER_DAY, population
from .form import LIFT_DATE, Form, coded, dated
from .laws import Bulk, DelayLaw, Event, Options, Reset, Rise, day_number, standard_events
from .world import World, margins

TITLE = "SYNTHETIC release of made-up detainers"
PREAMBLE = (
    "SYNTHETIC: made-up rows about nobody and no place",
    "Written in the form of ICE's detainer release of March 2026",
    "Its true answers are known: for tests and demonstrations only",
    "Facilities and cities and ports are invented and begin with SAMPLE",
    "Not a government record",
    "Detainers",
)


@dataclass(frozen=True)
class Truth:
    """What is true of a made-up release.

    Parameters
    ----------
    expected
        One row per week x state x group: week (its Saturday; only the days up to the extraction count), state (postal
        code), group (``NONE`` and ``UNKNOWN`` included), issued, declined (of those issued, recorded as declined in
        the end). Expected values, repeats left out.
    probability
        One row per state x group: probability of being recorded as declined in the end, before any event.
    facilities
        One row per facility: code, agency, city, state, aor, share of all detainers.
    events
        One row per planted event: kind (rise, reset, bulk) and what was asked for; agency is a facility's code.
    rows
        One row per row of the release, same index: detainer (the same number in every release of one seed; that of a
        repeat is negative), issued_on, state, agency (code), group, lift_reason (in the end; blank = never recorded),
        recorded_on (perhaps after the extraction; blank = never), repeat_of (the detainer that the row repeats; blank
        = no repeat).
    delay
        Law of the days from issue to recording.
    """

    expected: pd.DataFrame
    probability: pd.DataFrame
    facilities: pd.DataFrame
    events: pd.DataFrame
    rows: pd.DataFrame
    delay: DelayLaw


@dataclass(frozen=True, eq=False)
class Synthetic:
    """A made-up release and its truth, each made when first asked for, and what the release was asked to be."""

    world: World
    everything: pd.DataFrame
    extracted_on: date

    @cached_property
    def _rows(self) -> pd.DataFrame:
        """What the extraction shows of the population."""
        now = day_number(self.extracted_on)
        shown = (self.everything["day"] <= now) & (self.everything["vanished"] > now)
        return self.everything[shown].reset_index(drop=True)

    @cached_property
    def release(self) -> pd.DataFrame:
        """The release: the 65 columns of March 2026 in their order, one row per detainer, by day of issue.

        Text stands as categories, dates without time zone; blank is missing.
        """
        size = self.everything[["base", "person"]].max().fillna(-1).astype(int) + 1  # there may be no detainer at all
        release = Form(self.world, self._rows, size["base"], size["person"], self.extracted_on).release()
        release.attrs = {"title": TITLE, "seed": self.world.seed}
        return release

    @cached_property
    def truth(self) -> Truth:
        """What is true of it."""
        return Truth(
            expected=self.world.expected(self.extracted_on),
            probability=self.world.base_shares(),
            facilities=self.world.facilities.drop(columns="state_number"),
            events=_as_frame(self.world),
            rows=_true_rows(self.world, self._rows),
            delay=self.world.options.delay,
        )


def generate(
    seed: int,
    *,
    detainers: int = 100_000,
    first_day: date = date(2022, 10, 1),
    last_day: date = date(2026, 3, 6),
    extracted_on: date = date(2026, 3, 10),
    options: Options | None = None,
    events: Sequence[Event] = (),
) -> Synthetic:
    """Make up a release.

    Parameters
    ----------
    seed
        Fixes everything; each aspect has a random stream of its own.
    detainers
        Expected number of detainers from ``first_day`` to ``last_day``; what events add and repeats come on top.
    first_day, last_day
        First and last day of issue; weeks cut short stay so.
    extracted_on
        Day of the extraction: later issues are left out, ends recorded later are blank. The same arguments with a later
        day give the same detainers, more of them recorded.
    options, events
        How it is made and what is planted in it.

    Returns
    -------
    Synthetic
        Its ``release`` and its ``truth``.

    Raises
    ------
    InputError
        An argument that cannot be.
    """
    if seed < 0 or detainers < 1:
        raise InputError(
            "seed or number of detainers is impossible", found=(seed, detainers), expected="0 or more, 1 or more"
        )
    if not first_day <= last_day or extracted_on < first_day:
        raise InputError(
            "the days of the made-up release are out of order",
            found=f"first day {first_day}, last day {last_day}, extracted on {extracted_on}",
            expected="first day no later than the last day and the extraction",
        )
    world = World(seed, detainers, first_day, last_day, options or Options(), tuple(events))
    world.check_events()
    return Synthetic(world, population(world), extracted_on)


def _as_frame(world: World) -> pd.DataFrame:
    """List the events, one row each, the facility resolved."""
    codes = world.facilities["code"]
    return pd.DataFrame(
        {
            "kind": type(event).__name__.lower(),
            **vars(event),
            "agency": None if isinstance(event, Rise) else codes[world.facility_of(event)],
        }
        for event in world.events
    )


def _true_rows(world: World, rows: pd.DataFrame) -> pd.DataFrame:
    """Give the true rows of ``Truth``."""
    repeat = rows["repeat"] == 1
    number = (rows["base"] + 1).astype("Int64")
    place, recorded = rows["facility"].to_numpy(), rows["recorded"].to_numpy()
    return pd.DataFrame(
        {
            "detainer": number.where(~repeat, -number).astype("int64"),
            "issued_on": dated(rows["day"].to_numpy()),
            "state": coded(world.states.index, world.facilities["state_number"].to_numpy()[place]),
            "agency": coded(world.facilities["code"], place),
            "group": coded(world.groups.index, rows["group"].to_numpy()),
            "lift_reason": coded(margins("lift_reasons", "reason").index, rows["reason"].to_numpy()),
            "recorded_on": dated(recorded, recorded == NEVER_DAY),
            "repeat_of": number.where(repeat),
        }
    )


def write_release(release: pd.DataFrame, path: Path) -> None:
    """Write a made-up release whole or not at all.

    Parameters
    ----------
    release
        As ``generate`` gives it.
    path
        Where to; the suffix tells the kind: ``.parquet``, or ``.csv`` and ``.csv.gz`` with six lines above the header
        that say SYNTHETIC.

    Raises
    ------
    InputError
        Another suffix, or a folder that is not there.
    """
    if not path.parent.is_dir():
        raise InputError("the folder is missing", file=path.parent, do="Make it or choose another")
    if not path.name.endswith((".parquet", ".csv", ".csv.gz")):
        raise InputError(
            "a made-up release cannot be written in this kind of file", file=path, expected=".parquet, .csv or .csv.gz"
        )
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        if path.suffix == ".parquet":
            release.to_parquet(unfinished, compression="zstd", index=False)
        else:
            with unfinished.open("wb") as file:
                zipped = gzip.GzipFile("", "wb", fileobj=file, mtime=0) if path.suffix == ".gz" else nullcontext(file)
                with zipped as content, TextIOWrapper(content, encoding="utf-8", newline="") as text:
                    text.write("\n".join(PREAMBLE) + "\n")
                    release.to_csv(text, index=False, lineterminator="\n")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def origin_of_release(made: Synthetic, path: Path, command: str) -> Origin:
    """Say what is known of a release written to a file, and the command or call that makes it again."""
    dated_ends, delay = LIFT_DATE in made.release, made.world.options.delay
    return Origin(
        title=f"{TITLE}, seed {made.world.seed}",
        producer="tests.synthetic of declined-detainers",
        document="SYNTHETIC: made-up rows in the form of release 2026-ICLI-00005"
        + (", with the day of each end as in 2025-ICFO-18038" if dated_ends else "")
        + "; about nobody and no place",
        document_date=made.extracted_on,
        reference="tests/synthetic",
        obtained=command,
        licence="MIT, as the project",
        accessed=made.extracted_on,
        sha256=sha256_of(path),
        row="one row is one made-up detainer, repeats included",
        blank="pending, not recorded or not given, as in ICE's releases",
        notes="SYNTHETIC. Shares, places and answers are made up: nothing in it may be told of any state or agency. An "
        f"end is recorded {delay.mean_days:g} days after issue on average ({delay.name} law).",
        source=SourceFacts(
            name="synthetic",
            title=f"SYNTHETIC detainers issued {made.world.first_day} to {made.world.last_day}",
            clock="issued",
            first_day=made.world.first_day,
            last_day=min(made.world.last_day, made.extracted_on),
            extracted_on=made.extracted_on,
            detainers=len(made.release),
            declined=int((made.release["Detainer Lift Reason"] == DECLINED).sum()),
            synthetic=True,
            offences=True,
            lift_dates=dated_ends,
        ),
    )
