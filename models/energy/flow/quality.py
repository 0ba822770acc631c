"""Voltage quality after EN 50160: 10-minute means, week by week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.energy.flow.network import Flags, Floats
from twin.errors import ConfigError

MEAN = 600.0
"""What the standard averages over, s."""
WEEK = 7 * 86_400.0
BAND = 0.10
"""95 % of a week's means are within this of the nominal voltage, per unit."""
SHARE = 0.95
LOWEST, HIGHEST = 0.85, 1.10
"""All means are between these, per unit."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class VoltageQuality:
    """What EN 50160 asks of each bus.

    Attributes
    ----------
    inside : (n_bus, n_week) float64, 1
        Share of the means with supply within ±10 %; NaN where there was none all week.
    lowest, highest : (n_bus,) float64, per unit
        Of the means with supply; NaN where there were none.
    """

    inside: Floats
    lowest: Floats
    highest: Floats

    @property
    def weekly(self) -> Flags:
        """95 % of each week's means are within ±10 %; (n_bus,) bool."""
        return np.asarray(~(self.inside < SHARE - ROUNDING).any(axis=1), dtype=np.bool_)

    @property
    def always(self) -> Flags:
        """All means are within +10 and −15 %; (n_bus,) bool."""
        held: Flags = ~((self.lowest < LOWEST - ROUNDING) | (self.highest > HIGHEST + ROUNDING))
        return held

    @property
    def kept(self) -> Flags:
        """Both; (n_bus,) bool."""
        return self.weekly & self.always


def voltage_quality(voltage: Floats, step: float) -> VoltageQuality:
    """Check voltages against EN 50160:2010, 4.2.2.

    Parameters
    ----------
    voltage : (n_bus, n_step) float64, per unit
        0 or NaN without supply or solution, which is an interruption and not a low voltage.
    step : float, s
        Time between them. Shorter than ten minutes, it divides them, and the root mean square of
        each ten minutes counts; longer, each value stands for its step.

    Raises
    ------
    ConfigError
        The step does not divide ten minutes, or there are no voltages.
    """
    means = _means(voltage, step)
    if not means.shape[1]:
        raise ConfigError("no ten minutes of voltages to check", allowed="at least one value")
    means = np.where(means > 0.0, means, np.nan)
    there = ~np.isnan(means)
    inside = there & (np.abs(means - 1.0) <= BAND + ROUNDING)
    weeks = np.arange(0, means.shape[1], round(WEEK / max(step, MEAN)))
    counted = np.add.reduceat(there, weeks, axis=1, dtype=np.float64)
    held = np.add.reduceat(inside, weeks, axis=1, dtype=np.float64)
    share = np.divide(held, counted, out=np.full_like(held, np.nan), where=counted > 0)
    any_there = there.any(axis=1)
    low = np.where(there, means, np.inf).min(axis=1)
    high = np.where(there, means, -np.inf).max(axis=1)
    return VoltageQuality(
        share, np.where(any_there, low, np.nan), np.where(any_there, high, np.nan)
    )


def _means(voltage: Floats, step: float) -> Floats:
    if not step > 0.0:
        raise ConfigError(f"a step of {step} s", allowed="more than 0")
    if step >= MEAN:
        return voltage
    count = round(MEAN / step)
    if abs(count * step - MEAN) > ROUNDING:
        raise ConfigError(
            f"a step of {step} s does not divide ten minutes",
            allowed="60, 120, 300, 600 s and the like, or longer",
        )
    whole = voltage.shape[1] // count * count
    parts = voltage[:, :whole].reshape(len(voltage), -1, count)
    means: Floats = np.sqrt((parts**2).mean(axis=2))
    return means
