"""When what breaks, by chance: each element by its length and kind, whatever else happens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.energy.reliability.switches import Switches
from twin.city.city import City
from twin.core.random import Streams, uniforms
from twin.core.time import Tick

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

YEAR = 365.0 * 86_400_000.0
"""Ticks in a year."""


@dataclass(frozen=True)
class Rates:
    """How often things break a year.

    Attributes
    ----------
    medium, low
        Cables of medium and low voltage, 1/(km·a).
    transformer
        1/a.
    """

    medium: float
    low: float
    transformer: float


def yearly(city: City, switches: Switches, rates: Rates) -> Floats:
    """Failures a year of each line, then of each transformer; (n_branch,) float64."""
    km = city["line"]["length"].astype(np.float64) / 1000.0
    medium = switches.medium[: switches.lines]
    of_lines = km * np.where(medium, rates.medium, rates.low)
    return np.concatenate([of_lines, np.full(len(city["transformer"]), rates.transformer)])


def draw(city: City, streams: Streams, per_year: Floats, end: Tick) -> list[tuple[Tick, int, int]]:
    """All failures of a run: a Poisson process for each element.

    Returns
    -------
    list of (tick, branch, number)
        By time; ``number`` counts the failures of the same element.
    """
    names = np.array(
        [*(f"line/{i}" for i in city["line"].ids), *(f"unit/{i}" for i in city["transformer"].ids)]
    )
    keys = streams.keys("energy.failure", names)
    found: list[tuple[Tick, int, int]] = []
    rows = np.flatnonzero(per_year > 0.0)
    when, number = np.zeros(len(rows)), 0
    while len(rows):
        wait = -np.log(uniforms(np.ascontiguousarray(keys[rows]), number))
        when = when + wait * YEAR / per_year[rows]
        within = when <= end
        rows, when = rows[within], when[within]
        found += [(int(t), int(row), number) for t, row in zip(when, rows, strict=True)]
        number += 1
    return sorted(found)
