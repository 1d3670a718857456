"""Mack's standard errors of a chain ladder on all rows, for the published cases; reports use bands of their own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.stats.nowcast import Triangle, development

Floats = NDArray[np.float64]


class Reserve(NamedTuple):
    """Of each row the final number, what of it is not yet recorded and its standard error; and those of the sum."""

    ultimate: Floats
    remaining: Floats
    se: Floats
    total_remaining: float
    total_se: float


def reserve(triangle: Triangle) -> Reserve:
    """Estimate final numbers with Mack's standard errors (1993, ASTIN Bulletin 23, 213-225), all rows known."""
    c, ages = triangle.counts, triangle.ages
    developed = development(triangle, len(c))
    f, growth = developed.factors[-1], developed.growth[-1]
    both = ~np.isnan(c[:, 1:])
    now, then = np.where(both, c[:, :-1], 0), np.where(both, c[:, 1:], 0)
    squares = np.where(both, (then - f * now) ** 2 / np.where(both, now, 1), 0).sum(axis=0)
    sigma2 = squares / np.maximum(both.sum(axis=0) - 1, 1)
    sigma2[-1] = min(sigma2[-2] ** 2 / sigma2[-3], sigma2[-3], sigma2[-2])  # Mack's rule: one row is left
    relative, bases = sigma2 / f**2, now.sum(axis=0)
    latest = c[np.arange(len(c)), ages]
    ultimate = latest * growth[ages]
    own, shared = np.zeros(len(c)), np.zeros(len(c))
    for row, age in enumerate(ages):
        expected = latest[row] * np.cumprod(np.append(1, f[age:]))[:-1]
        own[row], shared[row] = (relative[age:] / expected).sum(), (relative[age:] / bases[age:]).sum()
    squared = ultimate**2 * (own + shared)
    # Rows share the factors from the younger row's age on, so the older row's steps are common to both.
    common = np.minimum(shared[:, None], shared[None, :]) * np.outer(ultimate, ultimate)
    total = squared.sum() + common.sum() - np.diag(common).sum()
    left = ultimate - latest
    return Reserve(ultimate, left, np.sqrt(squared), float(left.sum()), float(np.sqrt(total)))
