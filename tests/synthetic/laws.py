"""What can be asked of a made-up release: laws of counts and delays, planted events, options.

None of it comes from ``analysis.stats``, whose methods are tried on it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Literal, get_args
from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc, ndtr

from analysis.errors import InputError, unknown

Days = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
CountLaw = Literal["poisson", "negative_binomial", "clustered"]
DelayName = Literal["geometric", "gamma", "lognormal"]
DEFAULT_SHAPE = {"geometric": 1.0, "gamma": 2.0, "lognormal": 1.2}
MOST_DAYS = 36_500  # a delay of a century stands for "later than any extraction"


def stream(seed: int, aspect: str) -> np.random.Generator:
    """Give the random stream of one aspect, so that what one option draws never shifts what another draws."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(crc32(aspect.encode()),)))


def day_number(day: date) -> int:
    """Count the days from 1970 to ``day``."""
    return (day - date(1970, 1, 1)).days


def week_start(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.datetime64]:
    """Give the Saturday that opens each day's reporting week (Saturday to Friday)."""
    past = (days.astype(np.int64) - 2) % 7  # day 2 of 1970 was a Saturday
    return np.asarray(days - past.astype("timedelta64[D]"))


def _saturday(day: date) -> date:
    return day - timedelta(days=(day.weekday() - 5) % 7)


@dataclass(frozen=True)
class DelayLaw:
    """How many whole days pass from issue to the recording of a detainer's end; the same for every outcome.

    ``geometric`` is the memoryless law on 0, 1, 2 ... with mean ``mean_days``. ``gamma`` and ``lognormal`` are
    continuous delays with mean ``mean_days``, rounded down; ``shape`` is the gamma's shape (default 2) or the standard
    deviation of the lognormal's logarithm (default 1.2, a long tail).
    """

    name: DelayName = "geometric"
    mean_days: float = 40.0
    shape: float | None = None

    def __post_init__(self) -> None:
        if self.name not in get_args(DelayName):
            raise unknown("delay law", self.name, get_args(DelayName))
        for what, value in (("mean delay", self.mean_days), ("shape of the delay law", self._shape)):
            if not value > 0:
                raise InputError(f"the {what} is no positive number", found=value)

    @property
    def _shape(self) -> float:
        return DEFAULT_SHAPE[self.name] if self.shape is None else self.shape

    def completeness(self, days: npt.ArrayLike) -> Numbers:
        """Give the probability that an end is recorded no more than ``days`` whole days after issue; 0 below 0."""
        passed = np.maximum(np.floor(np.asarray(days, dtype=float)) + 1, 0.0)
        if self.name == "geometric":
            return 1 - (self.mean_days / (1 + self.mean_days)) ** passed
        if self.name == "gamma":
            return np.asarray(gammainc(self._shape, passed * self._shape / self.mean_days))
        with np.errstate(divide="ignore"):  # log(0) is minus infinity, whose probability is 0
            return np.asarray(ndtr((np.log(passed) - self._centre) / self._shape))

    @property
    def _centre(self) -> float:
        return float(np.log(self.mean_days) - self._shape**2 / 2)

    def draw(self, generator: np.random.Generator, size: int) -> Days:
        """Draw ``size`` delays, in whole days."""
        if self.name == "geometric":
            delays = generator.geometric(1 / (1 + self.mean_days), size) - 1.0
        elif self.name == "gamma":
            delays = generator.gamma(self._shape, self.mean_days / self._shape, size)
        else:
            delays = generator.lognormal(self._centre, self._shape, size)
        return np.minimum(delays, MOST_DAYS).astype(np.int64)


@dataclass(frozen=True)
class Rise:
    """One state x offence group times ``factor`` from the week that opens on ``start`` (a Saturday).

    ``of`` says what rises: detainers ``issued`` (so declines rise alike), or the probability that one is ``declined``.
    ``weeks`` is how long it lasts; blank = to the end.
    """

    state: str
    group: str
    start: date
    factor: float = 3.0
    weeks: int | None = None
    of: Literal["issued", "declined"] = "issued"

    def __post_init__(self) -> None:
        if self.start != _saturday(self.start):
            raise InputError(
                "a planted rise starts in the middle of a week",
                found=f"{self.start:%a %Y-%m-%d}",
                expected="a Saturday",
            )
        if not self.factor > 0 or (self.weeks is not None and self.weeks < 1):
            raise InputError("a planted rise needs a factor above 0 and at least one week", found=self)
        if self.of not in ("issued", "declined"):
            raise unknown("kind of rise", self.of, ("issued", "declined"))


@dataclass(frozen=True)
class Reset:
    """One agency's change of policy on ``day``.

    On that day each of its open detainers is recorded as declined with probability ``share``, whatever was to become
    of it; those issued from that day on are declined with probability ``probability``. ``agency`` is a facility code;
    blank = the state's largest.
    """

    state: str
    day: date
    agency: str = ""
    share: float = 0.9
    probability: float = 0.6

    def __post_init__(self) -> None:
        _check_share("share of the reset", self.share)
        _check_share("probability after the reset", self.probability)


@dataclass(frozen=True)
class Bulk:
    """One agency's extra detainers, all entered on ``day``; ``detainers`` is their expected number.

    ``agency`` is a facility code; blank = the state's largest.
    """

    state: str
    day: date
    detainers: float
    agency: str = ""

    def __post_init__(self) -> None:
        if not self.detainers > 0:
            raise InputError("a bulk entry needs a number of detainers above 0", found=self.detainers)


Event = Rise | Reset | Bulk


@dataclass(frozen=True)
class Options:
    """How a made-up release is made; shares are of detainers before repeats unless said otherwise.

    Parameters
    ----------
    law, dispersion
        Law of the weekly counts. ``poisson``; ``negative_binomial``: each state x group x week has its own gamma
        factor of mean 1 and shape ``dispersion``, so that its count m has variance m + m^2 / dispersion;
        ``clustered``: one such factor per facility x week, shared by all groups.
    delay
        Law of the days from issue to recording.
    decline_share
        Share recorded as declined in the end, before events, all states and groups together.
    never_recorded
        Share of the others whose end is never recorded.
    named
        Share with a named offence; the rest has a blank ``MSC Charge``.
    facility_spread
        Standard deviation, between the facilities of a state, of the logarithm of the odds of a decline.
    season, growth
        Yearly swing of the counts (share of the mean) and their growth per year (logarithm).
    repeats
        Expected number of repeats within 24 hours per detainer; they come on top.
    returning
        Share whose person has another detainer at least three days away.
    blank_ids
        Share of rows without a person id.
    changed, vanished
        Share of recorded ends that are later corrected to another reason; share that disappears from later releases.
    fresh_ids
        Whether person ids differ between extraction days, as between real releases.
    with_lift_date
        Whether to add ``Detainer Lift Date``, which of the real releases only one has.
    """

    law: CountLaw = "poisson"
    dispersion: float = 10.0
    delay: DelayLaw = DelayLaw()
    decline_share: float = 0.1
    never_recorded: float = 0.33
    named: float = 0.28
    facility_spread: float = 0.4
    season: float = 0.08
    growth: float = 0.0
    repeats: float = 0.03
    returning: float = 0.2
    blank_ids: float = 0.132
    changed: float = 0.0
    vanished: float = 0.0
    fresh_ids: bool = True
    with_lift_date: bool = False

    def __post_init__(self) -> None:
        if self.law not in get_args(CountLaw):
            raise unknown("count law", self.law, get_args(CountLaw))
        for field in fields(self):
            if field.type == "float" and field.name not in ("dispersion", "growth", "facility_spread"):
                _check_share(f"option {field.name}", getattr(self, field.name))
        if not self.dispersion > 0 or not self.facility_spread >= 0 or not np.isfinite(self.growth):
            raise InputError(
                "a law of the made-up release has an impossible parameter",
                found={name: getattr(self, name) for name in ("dispersion", "facility_spread", "growth")},
                expected="dispersion above 0, facility_spread 0 or more, growth a finite number",
            )
        if not 0 < self.decline_share < 1 or not 0 < self.named < 1:
            raise InputError("decline_share and named must lie between 0 and 1, both left out")
        if self.repeats + self.blank_ids * (1 + self.repeats) > 1:
            raise InputError("repeats and blank_ids leave too few persons with an id", do="Lower one of them")


def standard_events(first_day: date, last_day: date, *, detainers: int) -> tuple[Event, ...]:
    """Give the three events of a demonstration: a rise, a reset and a bulk entry, spread over the period.

    Driving under the influence in California threefold in the last quarter, a reset at the largest agency of Texas half
    way, and at 60 % a day in Minnesota with a tenth of a week's detainers of the whole country.

    Raises
    ------
    InputError
        The period has fewer than 12 weeks.
    """
    weeks = ((last_day - first_day).days + 1) // 7
    if weeks < 12:
        raise InputError("the period is too short to plant events in", found=f"{weeks} weeks", expected="12 or more")

    def day(share: float, weekday: int) -> date:  # weekday 0 is the Saturday
        return _saturday(first_day + timedelta(weeks=round(share * weeks))) + timedelta(days=weekday)

    return (
        Rise("CA", "DUI", day(0.75, 0)),
        Reset("TX", day(0.5, 4)),
        Bulk("MN", day(0.6, 4), detainers / weeks / 10),
    )


def _check_share(what: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise InputError(f"the {what} is no share", found=value, expected="a number from 0 to 1")
