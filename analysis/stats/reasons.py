"""Why a number is not given: the words that stand in a ``reason`` column beside a NaN."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a number is NaN; a blank reason means that the number is given."""

    GIVEN = ""
    NO_DETAINERS = "no detainers"
    NO_DECLINES = "no declines"
    ALL_DECLINED = "every detainer declined"
    TOO_FEW = "too few declines"
    TOO_FEW_PLACES = "too few places"
    TOO_FEW_CLUSTERS = "too few facilities"
    TOO_FEW_WEEKS = "too few weeks"
    WEEKS_MISSING = "weeks missing"
    NOT_KNOWN = "count not known"
    NONE_IN_BASELINE = "none in the baseline weeks"
    NO_FIT = "the model did not converge"
    NO_STANDARD = "a stratum of the standard has no detainers here"
    TOO_YOUNG = "too young"
    NO_DELAYS = "no recording delays measured"
    FALLING = "recorded counts fall with age"
