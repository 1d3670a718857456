"""Colours, marks and drawing settings that every figure shares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl

# Okabe and Ito's colours, told apart with every common colour vision; a mark or a label always says the same.
DECLINED, TAKEN, OTHER_ENDS, OPEN = "#D55E00", "#0072B2", "#E69F00", "#8A8A8A"
INK, FAINT, NO_DETAINERS, GRID = "#1B1B1B", "#6E6E6E", "#E3E3E3", "#E8E8E8"
HATCH, TILE_EDGE = "////", "#B5B5B5"

OUTCOMES = (
    ("declined", "recorded as declined", DECLINED),
    ("taken", "taken by ICE", TAKEN),
    ("other_ends", "other ends", OTHER_ENDS),
    ("not_recorded", "not recorded", OPEN),
)
"""Column, name and colour of each outcome, in the order in which they are drawn."""

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "figure.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "declined-detainers",  # ids in the file depend on the drawing alone
    "hatch.linewidth": 0.6,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
}


@contextmanager
def drawing() -> Iterator[None]:
    """Draw with this project's settings, whatever the session's are, and leave those as they were."""
    with mpl.rc_context(SETTINGS):
        yield
