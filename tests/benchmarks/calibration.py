"""Do the methods keep what they say? Tried on made-up data whose truth is known.

``python tests/benchmarks/calibration.py`` writes ``data/reference/calibration.csv`` and its origin file, in about ten
minutes on one core; ``--only SECTION`` renews some rows. Seeds are fixed here, before any run; a share found over n
trials has the binomial Monte Carlo error beside it. Nothing is drawn again until it fits: a target that is missed
stands in the table as missed, with a note.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, timedelta
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from analysis.load.files import Origin, bundled_folder, sha256_of
from analysis.load.synthetic import Synthetic, generate
from analysis.load.synthetic_draws import DECLINED
from analysis.load.synthetic_laws import CountLaw, DelayLaw, DelayName, Options, Rise
from analysis.load.synthetic_world import World
from analysis.load.table import Outcome
from analysis.load.vocabulary import lift_reasons
from analysis.periods import WEEK, Calendar, week_of
from analysis.stats.clusters import clustered_counts, clustered_shares
from analysis.stats.delays import Triangle, triangle_of_lift_dates
from analysis.stats.farrington import FarringtonSettings
from analysis.stats.incidence import cumulative_incidence
from analysis.stats.intervals import Method, count_interval, share_interval
from analysis.stats.nowcast import known_by, nowcast
from analysis.stats.scan import scan_week
from analysis.stats.shrinkage import shrunken_shares

FILE = "reference/calibration.csv"
LAWS: tuple[CountLaw, ...] = ("poisson", "negative_binomial", "clustered")
DELAYS: tuple[DelayName, ...] = ("geometric", "gamma", "lognormal")
METHODS: tuple[Method, ...] = ("wilson", "jeffreys", "exact")
FIRST = date(2005, 1, 1)  # a Saturday
END = date(2060, 1, 2)  # a Friday, by which every end is recorded
SEEDS = {"coverage": 5101, "null": 5201, "power": 530_000, "nowcast": 5401, "incidence": 5501}
NULL_WEEKS, DRAWS, NOWCASTS = 520, 500, 500
SHORT, LONG = 44, FarringtonSettings().weeks_before + 1  # weeks of data: those of fiscal 2015; three years
ALMOST_ALL = 0.9  # where declines alone are looked at, few detainers that are none need to be drawn
CELL = ("TX", "DUI")
WHY = {
    ("null_weeks_ears", "negative_binomial"): "A few more than promised: each cell has a factor of its own every week, "
    "so sums vary less than their largest parts, and one curve of dispersion over all cells is too low for those. ",
    ("null_weeks_farrington", "negative_binomial"): "More than promised: past weeks far above the model are weighted "
    "down as outbreaks, which under this law takes some of the usual variation for outbreaks. ",
    ("nowcast", "lognormal"): "More than promised, so wider than need be: variation below that of single records is "
    "taken for theirs, and a band in whole numbers holds at least its share. ",
}
"""Why a target was missed."""


@dataclass(frozen=True)
class Line:
    """One line of the table; ``least`` and ``most`` bound what is found, None where nothing is promised."""

    section: str
    check: str
    law: str
    target: str
    least: float | None
    most: float | None
    found: float
    mc_error: float | None
    trials: int
    seed: int
    note: str = ""

    @property
    def verdict(self) -> str:
        """Say whether what was promised is met."""
        if self.least is None and self.most is None:
            return "shown"
        low, high = self.least is None or self.found >= self.least, self.most is None or self.found <= self.most
        return "met" if low and high else "missed"

    def explained(self, why: str) -> Line:
        """Say why the target was missed, if it was."""
        return replace(self, note=why + self.note) if self.verdict == "missed" else self


def binomial_error(share: float, trials: int) -> float:
    """Give the Monte Carlo standard error of a share."""
    return float(np.sqrt(share * (1 - share) / trials))


def margin(nominal: float, trials: int) -> tuple[float, float]:
    """Give the binomial 95% margin around a nominal share."""
    reach = 1.959964 * binomial_error(nominal, trials)
    return nominal - reach, nominal + reach


def last_day_of(weeks: int) -> date:
    """Give the last day of a period of full weeks from ``FIRST``."""
    return FIRST + weeks * WEEK - timedelta(days=1)


def made_up(seed: int, detainers: float, weeks: int, options: Options, *events: Rise) -> Synthetic:
    """Make up full weeks whose every end is recorded."""
    return generate(
        seed,
        detainers=round(detainers),
        first_day=FIRST,
        last_day=last_day_of(weeks),
        extracted_on=END,
        options=options,
        events=events,
    )


# Intervals and shrinkage ---------------------------------------------------------------------------------------------

PER_WEEK = 2500
COUNTED_WEEKS: dict[str, int] = {"poisson": 1664, "negative_binomial": 416, "clustered": 416}
"""So many where something is promised that the Monte Carlo error stays near 0.3%."""


@cache
def counted(law: CountLaw) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give counts by week, state and facility, and what is expected by week and state."""
    made = made_up(
        SEEDS["coverage"] + LAWS.index(law),
        PER_WEEK * COUNTED_WEEKS[law],
        COUNTED_WEEKS[law],
        Options(law=law, season=0, repeats=0),
    )
    rows = made.truth.rows
    frame = pd.DataFrame(
        {
            "week": (week_of(rows["issued_on"]) - pd.Timestamp(FIRST)).dt.days // 7,
            "state": rows["state"].astype("str"),
            "facility": rows["agency"].astype("str"),
            "declined": (rows["lift_reason"] == DECLINED).astype(int),
        }
    )
    counts = frame.groupby(["week", "state", "facility"])["declined"].agg(declined="sum", issued="size")
    expected = made.truth.expected.groupby(["week", "state"])[["declined", "issued"]].sum()
    weeks = pd.RangeIndex(COUNTED_WEEKS[law])
    return counts, expected.rename(index=dict(zip(expected.index.unique(0), weeks, strict=True)), level=0)


def blocks(law: CountLaw, declines: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join weeks of a state until about so many declines are expected: counts by block and facility, expectations."""
    counts, expected = counted(law)
    weekly = expected["declined"].groupby("state").mean()
    joined = (declines / weekly).round().clip(lower=1).astype(int)
    near = joined.index[(joined * weekly / declines - 1).abs() <= 0.15]
    parts = []
    for frame in (counts, expected):
        frame = frame.reset_index()
        frame = frame[frame["state"].isin(near)]
        size = frame["state"].map(joined)
        frame = frame[frame["week"] < COUNTED_WEEKS[law] // size * size]
        block = frame["state"] + " " + (frame["week"] // size).astype(str)
        keys = [block.rename("block"), *(["facility"] if "facility" in frame else [])]
        parts.append(frame.groupby(keys)[["declined", "issued"]].sum())
    return parts[0], parts[1]


def coverage() -> Iterator[Line]:
    """Count how often 95% intervals hold the truth, by law, method and expected number of declines."""
    plain_note = "Counts vary more than Poisson counts: too narrow where many are expected."
    for law in LAWS:
        promised = law == "poisson"
        for declines in (3, 10, 50):
            facilities, expected = blocks(law, declines)
            totals = facilities.groupby("block").sum().reindex(expected.index, fill_value=0)
            truth = expected["declined"] / expected["issued"]
            intervals = {
                "count, exact Poisson": (*count_interval(totals["declined"]), expected["declined"]),
                **{
                    f"share, {method}": (*share_interval(totals["declined"], totals["issued"], method=method), truth)
                    for method in METHODS
                },
            }
            wider = {
                "count, by facility": (clustered_counts(facilities["declined"]), expected["declined"]),
                "share, by facility": (clustered_shares(facilities), truth),
            }
            for name, (found, true) in wider.items():
                given = found[found["cluster_low"].notna()]
                intervals[name] = (given["cluster_low"], given["cluster_high"], true.reindex(given.index))
            for name, (low, high, true) in intervals.items():
                held = np.asarray((low <= true) & (true <= high))
                least = 0.95 if "exact" in name else 0.91
                promise = promised and "facility" not in name
                yield Line(
                    "coverage",
                    f"95% interval of a {name}, {declines} declines expected",
                    law,
                    f"at least {least:.0%}" if promise else "",
                    least if promise else None,
                    None,
                    float(held.mean()),
                    binomial_error(held.mean(), len(held)),
                    len(held),
                    SEEDS["coverage"] + LAWS.index(law),
                    plain_note if name == "count, exact Poisson" and not promised else "",
                )


def shrinkage() -> Iterator[Line]:
    """Hold shares of one week by state, raw and shrunken, against those of the twelve weeks after it."""
    for law in LAWS:
        counts = counted(law)[0].groupby(["week", "state"]).sum()
        errors = []
        for first in range(0, COUNTED_WEEKS[law] - 12, 13):
            now = counts.loc[first]
            later = counts.loc[first + 1 : first + 12].groupby("state").sum().reindex(now.index)
            shares = shrunken_shares(now)[["share", "shrunken"]]
            errors.append(shares.sub(later["declined"] / later["issued"], axis="index").pow(2).mean())
        raw, shrunken = pd.DataFrame(errors).to_numpy().T
        ratio = shrunken.sum() / raw.sum()
        error = np.sqrt(((shrunken - ratio * raw) ** 2).sum()) / raw.sum()  # of a ratio of sums over quarters
        yield Line(
            "shrinkage",
            "squared error of shrunken over raw shares of states, one week against the twelve after it",
            law,
            "below 1",
            None,
            1.0,
            float(ratio),
            float(error),
            len(raw),
            SEEDS["coverage"] + LAWS.index(law),
        )


# The week's scan -----------------------------------------------------------------------------------------------------


def declines_of(made: Synthetic) -> pd.DataFrame:
    """Give the declines as a table of detainers."""
    rows = made.truth.rows
    rows = rows[rows["lift_reason"] == DECLINED]
    columns = {"state": rows["state"].astype("str"), "offence_group": rows["group"].astype("str")}
    table = pd.DataFrame({"issued_on": rows["issued_on"].astype("datetime64[ms]"), **columns})
    return table.assign(outcome=str(Outcome.DECLINED), detainers=1)


def scanned(table: pd.DataFrame, first: date, weeks: int) -> pd.DataFrame:
    """Scan the last of some weeks, no other week known."""
    last = first + (weeks - 1) * WEEK
    calendar = Calendar(first, last + timedelta(days=6), END)
    inside = (table["issued_on"] >= pd.Timestamp(first)) & (table["issued_on"] < pd.Timestamp(last + WEEK))
    return scan_week(table[inside], last, calendar)


def null_weeks(span: int, name: str, season: float) -> Iterator[Line]:
    """Count the weeks in which the scan flags anything although nothing changes."""
    for number, law in enumerate(LAWS):
        seed = SEEDS["null"] + number + 10 * (span == LONG)
        weeks = NULL_WEEKS + span
        options = Options(law=law, season=season, repeats=0, decline_share=ALMOST_ALL)
        table = declines_of(made_up(seed, 250 / ALMOST_ALL * weeks, weeks, options))
        scans = [scanned(table, FIRST + n * WEEK, span) for n in range(NULL_WEEKS)]
        flagged = float(np.mean([scan["flagged"].any() for scan in scans]))
        tests = np.mean([scan["p"].notna().sum() for scan in scans])
        low, high = margin(0.05, NULL_WEEKS)
        yield Line(
            f"null_weeks_{name.lower()}",
            f"weeks with a flag though nothing changes, {name}, {span} weeks of data",
            law,
            f"{low:.1%} to {high:.1%}",
            low,
            high,
            flagged,
            binomial_error(flagged, NULL_WEEKS),
            NULL_WEEKS,
            seed,
            f"{tests:.0f} cells tested a week.",
        ).explained(WHY.get((f"null_weeks_{name.lower()}", law), ""))


def detainers_for(seed: int, declines: float, weeks: int, options: Options) -> float:
    """Say how many detainers it takes for so many declines expected in the cell in the last week."""
    world = World(seed, 1_000_000, FIRST, last_day_of(weeks), options, ())
    expected = world.expected(END).set_index(["week", "state", "group"])["declined"]
    return float(1_000_000 * declines / expected.loc[(pd.Timestamp(FIRST + (weeks - 1) * WEEK), *CELL)])


def is_flagged(scan: pd.DataFrame) -> bool:
    """Say whether the scan flags the cell."""
    of_cell = scan[(scan["state"] == CELL[0]) & (scan["group"] == CELL[1])]
    return bool(of_cell["flagged"].any())


def power_ears() -> Iterator[Line]:
    """Count how often a threefold rise in one state × offence group is flagged in its first week, by EARS' baseline."""
    weeks = 20
    for law, declines, draws in (
        ("poisson", 10, DRAWS),
        ("poisson", 5, DRAWS),
        ("negative_binomial", 10, 200),
        ("clustered", 10, 200),
    ):
        options = Options(law=law, season=0, repeats=0, decline_share=ALMOST_ALL)  # type: ignore[arg-type]
        rise = Rise(*CELL, FIRST + (weeks - 1) * WEEK)
        hits = []
        for seed in range(SEEDS["power"], SEEDS["power"] + draws):
            made = made_up(seed, detainers_for(seed, declines, weeks, options), weeks, options, rise)
            hits.append(is_flagged(scanned(declines_of(made), FIRST, weeks)))
        yield _power_line("EARS", weeks, law, declines, hits, SEEDS["power"])


def power_farrington() -> Iterator[Line]:
    """Count the same with three years of data."""
    for declines in (10, 5):
        # Every week is looked at as if the rise began in it: its own counts from a release where the cell has risen
        # all along, the weeks before from one where it has not.
        seed, length = SEEDS["power"] + 1000 + declines, LONG - 1 + DRAWS
        options = Options(repeats=0, decline_share=ALMOST_ALL)
        detainers = detainers_for(seed, declines, length, options)
        usual = declines_of(made_up(seed, detainers, length, options))
        risen = declines_of(made_up(seed, detainers, length, options, Rise(*CELL, FIRST)))
        hits = []
        for start in range(DRAWS):
            first, week = FIRST + start * WEEK, pd.Timestamp(FIRST + (start + LONG - 1) * WEEK)
            parts = [usual[usual["issued_on"] < week], risen[risen["issued_on"] >= week]]
            hits.append(is_flagged(scanned(pd.concat(parts), first, LONG)))
        yield _power_line("Farrington", LONG, "poisson", declines, hits, seed)


def _power_line(name: str, weeks: int, law: str, declines: int, hits: list[bool], seed: int) -> Line:
    """Write a power as a line; promised for ten declines expected under the Poisson law."""
    promised, found = law == "poisson" and declines == 10, float(np.mean(hits))
    return Line(
        f"power_{name.lower()}",
        f"threefold rise in one state × offence group flagged in its first week, {declines} declines usual, {name}, "
        f"{weeks} weeks of data",
        law,
        "at least 80%" if promised else "",
        0.8 if promised else None,
        None,
        found,
        binomial_error(found, len(hits)),
        len(hits),
        seed,
        "" if law == "poisson" else "Counts that vary more hide a rise.",
    )


# Delays --------------------------------------------------------------------------------------------------------------


def ends_of(made: Synthetic) -> pd.DataFrame:
    """Give every detainer with its outcome and the day on which it was recorded."""
    rows = made.truth.rows
    reasons = rows["lift_reason"].astype("object")
    outcome = reasons.map(lift_reasons()["outcome"]).where(reasons.notna(), Outcome.NOT_RECORDED)
    return pd.DataFrame(
        {
            "issued_on": rows["issued_on"].astype("datetime64[ms]"),
            "lifted_on": rows["recorded_on"].astype("datetime64[ms]"),
            "outcome": outcome.astype("str"),
            "detainers": 1,
        }
    )


def nowcasts() -> Iterator[Line]:
    """Count how often the 90% band of the youngest week that has one holds its final number of declines."""
    window, per_week = 78, 60
    for number, delay in enumerate(DELAYS):
        seed, weeks = SEEDS["nowcast"] + number, window + NOWCASTS + 30
        options = Options(repeats=0, decline_share=ALMOST_ALL, delay=DelayLaw(delay))
        table = ends_of(made_up(seed, per_week / ALMOST_ALL * weeks, weeks, options))
        whole = triangle_of_lift_dates(table, END).cumulative.iloc[:weeks]
        final = whole.iloc[:, -1]
        held, completeness = [], []
        for start in range(NOWCASTS):
            then = known_by(Triangle(whole.iloc[start : start + window], 1, pd.Series(dtype="int64")), 0)
            cast = nowcast(then)
            youngest = cast[cast["reason"] == ""].iloc[-1]
            held.append(youngest["low"] <= final[youngest.name] <= youngest["high"])
            completeness.append(youngest["completeness"])
        low, high = margin(0.9, NOWCASTS)
        yield Line(
            "nowcast",
            f"90% band of the youngest week with a nowcast, {delay} delays",
            "poisson",
            f"{low:.1%} to {high:.1%}",
            low,
            high,
            float(np.mean(held)),
            binomial_error(float(np.mean(held)), NOWCASTS),
            NOWCASTS,
            seed,
            f"{np.mean(completeness):.0%} of its declines recorded by then.",
        ).explained(WHY.get(("nowcast", delay), ""))


def incidence() -> Iterator[Line]:
    """Add up the cumulative incidences of all ends on the day on which their sum is largest."""
    for number, delay in enumerate(DELAYS):
        seed, weeks = SEEDS["incidence"] + number, 52
        options = Options(repeats=0, delay=DelayLaw(delay))
        table = ends_of(made_up(seed, 10_000, weeks, options))
        extracted_on = last_day_of(weeks) + timedelta(days=30)
        later = table["lifted_on"] > pd.Timestamp(extracted_on)
        table["outcome"] = table["outcome"].mask(later, str(Outcome.NOT_RECORDED))
        table["lifted_on"] = table["lifted_on"].mask(later)
        sums = cumulative_incidence(table, extracted_on).groupby("day")["incidence"].sum()
        yield Line(
            "incidence",
            f"largest sum of the cumulative incidences of all ends, {delay} delays",
            "poisson",
            "at most 1",
            None,
            1.0,
            float(sums.max()),
            None,
            len(table),
            seed,
        )


SECTIONS: dict[str, Callable[[], Iterator[Line]]] = {
    "coverage": coverage,
    "null_weeks_ears": partial(null_weeks, SHORT, "EARS", 0.0),
    "null_weeks_farrington": partial(null_weeks, LONG, "Farrington", Options.season),
    "power_ears": power_ears,
    "power_farrington": power_farrington,
    "nowcast": nowcasts,
    "shrinkage": shrinkage,
    "incidence": incidence,
}
COLUMNS = [*(field.name for field in fields(Line)), "verdict"]


def as_frame(lines: Iterator[Line]) -> pd.DataFrame:
    """Give lines as the rows of the file."""
    return pd.DataFrame([asdict(line) | {"verdict": line.verdict} for line in lines], columns=COLUMNS)


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write the table and what is known of it."""
    numbers = {name: pd.to_numeric(frame[name]) for name in ("least", "most", "found", "mc_error")}
    frame.assign(**numbers).to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
    origin = Origin(
        title="How well the methods keep what they say, tried on made-up data",
        producer="declined-detainers",
        document="Calibration on the made-up releases of analysis/load/synthetic.py",
        document_date="2026-11-26",
        reference="tests/benchmarks/calibration.py",
        obtained="python tests/benchmarks/calibration.py",
        licence="MIT, as the project",
        accessed="2026-11-26",
        sha256=sha256_of(path),
        row="one promise of one method under one law of counts, or a figure shown beside it",
        blank="target, least, most = nothing is promised, the figure is shown; mc_error = nothing is estimated",
        notes="SYNTHETIC data throughout. mc_error is the Monte Carlo standard error of found; seeds were fixed "
        "beforehand and stand in the rows (power: the first of one seed per draw).",
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
    for name, section in SECTIONS.items():
        if not asked.only or name in asked.only:
            part = as_frame(section())
            print(part[["check", "law", "target", "found", "mc_error", "verdict"]].to_string(index=False), flush=True)
        else:
            earlier = pd.read_csv(asked.out, keep_default_na=False, dtype=str)
            part = earlier[earlier["section"] == name]
        parts.append(part.astype(object).fillna(""))
    write(pd.concat(parts), asked.out)


if __name__ == "__main__":
    main()
