"""Interruptions to expect in a year, element by element, without living the year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.energy.reliability.failures import yearly
from models.energy.reliability.outages import customers
from models.energy.reliability.parameters import ReliabilityParameters
from models.energy.reliability.switches import Switches
from twin.city.city import City

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Expected:
    """Interruptions a year.

    Attributes
    ----------
    minutes, interruptions : (n_line + n_transformer,) float64
        What each element adds to SAIDI (min/a) and SAIFI (1/a).
    medium : (n_line + n_transformer,) bool
        Cables of medium voltage.
    lines
        Number of lines; elements from there on are transformers.
    """

    minutes: Floats
    interruptions: Floats
    medium: npt.NDArray[np.bool_]
    lines: int

    @property
    def saidi(self) -> float:
        """Minutes without supply a customer and year."""
        return float(self.minutes.sum())

    @property
    def saifi(self) -> float:
        """Interruptions a customer and year."""
        return float(self.interruptions.sum())

    def parts(self) -> dict[str, float]:
        """SAIDI by what breaks, min/a."""
        low = ~self.medium
        low[self.lines :] = False
        return {
            "medium voltage": float(self.minutes[self.medium].sum()),
            "transformers": float(self.minutes[self.lines :].sum()),
            "low voltage": float(self.minutes[low].sum()),
        }


def expected(city: City, parameters: ReliabilityParameters, *, remote: bool = False) -> Expected:
    """What each element's failures cost the customers, one failure at a time, a crew at hand.

    Each element breaks in turn: the customers out before and after the switching, times how long
    that takes, times how often it happens (Billinton & Allan 1996, ch. 7). Times are means of the
    log-normal.
    """
    p, switches = parameters, Switches(city)
    count = customers(city)
    mean = float(np.exp(p.spread**2 / 2.0))
    rates = yearly(city, switches, p.rates())
    minutes, struck = np.zeros(len(rates)), np.zeros(len(rates))
    for branch in np.flatnonzero(rates > 0.0):
        switching, repair = _times(p, switches, int(branch), mean, remote)
        device = switches.strike(int(branch))
        before = float(count[~switches.supplied].sum())
        tie = switches.isolate(int(branch), device)
        after = float(count[~switches.supplied].sum())
        switches.restore(int(branch), tie)
        minutes[branch] = before * switching + after * repair
        struck[branch] = before
    total = max(float(count.sum()), 1.0)
    return Expected(
        rates * minutes / total, rates * struck / total, switches.medium, switches.lines
    )


def _times(
    p: ReliabilityParameters, switches: Switches, branch: int, mean: float, remote: bool
) -> tuple[float, float]:
    """Minutes until the fault is isolated, and from then until it is mended."""
    by_crew = (p.travel + p.locate) * mean
    if branch >= switches.lines:
        return by_crew, 60.0 * p.repair_transformer * mean
    if not switches.medium[branch]:
        return by_crew, 60.0 * p.repair_line * mean
    if remote:
        return p.remote, p.travel * mean + 60.0 * p.repair_cable * mean
    return by_crew, 60.0 * p.repair_cable * mean
