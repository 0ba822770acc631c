"""What a luminaire of each technology gives, takes, loses and lives."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_HOURS = (0.0, 4000.0, 6000.0, 8000.0, 10_000.0, 12_000.0)


@dataclass(frozen=True)
class Technology:
    """A kind of luminaire.

    Attributes
    ----------
    efficacy
        Initial flux that leaves the luminaire over its power with the ballast or driver, lm/W.
    standing
        Part s of the power that dimming does not save: P = P_full (s + (1 - s) d).
    least
        Lowest light level at which it burns; 1 cannot be dimmed.
    flux
        Lamp lumen maintenance (LLMF) at 0, 4,000, 6,000, 8,000, 10,000 and 12,000 burning hours;
        for LED one value, at ``life``.
    life
        Burning hours after which it is replaced as planned.
    shape, scale
        Weibull law of its failures; scale in burning hours.
    part
        What a repair needs beside the visit: a lamp, or a driver, EUR.
    oldest
        Burning hours of the oldest in a park of mixed ages.
    """

    efficacy: float
    standing: float
    least: float
    flux: tuple[float, ...]
    life: float
    shape: float
    scale: float
    part: float
    oldest: float

    def maintained(self, hours: npt.ArrayLike) -> Floats:
        """LLMF after some burning hours; (n,) float64, 1."""
        age = np.asarray(hours, dtype=np.float64)
        if len(self.flux) == 1:
            return np.asarray(np.power(self.flux[0], age / self.life), dtype=np.float64)
        return np.asarray(np.interp(age, _HOURS, self.flux), dtype=np.float64)

    def surviving(self, hours: npt.ArrayLike) -> Floats:
        """LSF, the share that has not failed after some burning hours; (n,) float64, 1."""
        age = np.asarray(hours, dtype=np.float64)
        return np.asarray(np.exp(-np.power(age / self.scale, self.shape)), dtype=np.float64)


def _b10(hours: float, shape: float) -> float:
    """Weibull scale whose first tenth has failed after ``hours``."""
    return hours / math.pow(-math.log(0.9), 1.0 / shape)


_LLMF = {
    "hps": (1.0, 0.98, 0.97, 0.94, 0.91, 0.90),
    "metal halide": (1.0, 0.82, 0.78, 0.76, 0.76, 0.73),
    "mercury": (1.0, 0.87, 0.83, 0.80, 0.78, 0.76),
    "fluorescent": (1.0, 0.91, 0.88, 0.86, 0.85, 0.84),
}

# efficacy, standing, least, LLMF, life, shape, scale, part, oldest
TECHNOLOGIES: dict[str, Technology] = {
    "led": Technology(130, 0.145, 0.1, (0.8,), 1e5, 1.5, _b10(1e5, 1.5), 120, 50_000),
    "hps": Technology(76, 0.3, 0.4, _LLMF["hps"], 16_000, 1.595, 46_200, 25, 16_000),
    "metal halide": Technology(
        65, 0.35, 0.5, _LLMF["metal halide"], 10_000, 1.69, 40_000, 40, 10_000
    ),
    "mercury": Technology(32, 1.0, 1.0, _LLMF["mercury"], 12_000, 1.15, 37_000, 15, 12_000),
    "fluorescent": Technology(45, 1.0, 1.0, _LLMF["fluorescent"], 10_000, 2.7, 13_900, 8, 10_000),
}
"""LLMF and LSF of the discharge lamps after CIE 154:2003; the Weibull laws go through its LSF.
LED: L80 and a tenth of failures at 100,000 h, as data sheets say."""

NAMES = tuple(TECHNOLOGIES)

DISCHARGE = tuple(NAMES.index(name) for name in ("hps", "metal halide", "mercury"))
"""Rows in :data:`NAMES` of lamps that have to cool before they start again, for some minutes."""

LED_OVER_HPS = 1.24 / 3.4
"""Power of a LED luminaire over that of the sodium luminaire it replaces (Carderock, ESTCP)."""


def converted(power: Floats, before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]) -> Floats:
    """Power of luminaires of another technology at the same places, W; (n,) float64.

    Sodium and LED by :data:`LED_OVER_HPS`; the others by their efficacy beside sodium's.

    Parameters
    ----------
    before, after : (n,) int64
        Rows in :data:`NAMES`.
    """
    light = np.array([TECHNOLOGIES[name].efficacy for name in NAMES]) / TECHNOLOGIES["hps"].efficacy
    light[NAMES.index("led")] = 1.0 / LED_OVER_HPS
    return np.asarray(power * np.where(before == after, 1.0, light[before] / light[after]))


def planned(codes: npt.NDArray[np.int64], visit: float) -> Floats:
    """Cost of the planned replacement of lamps a burning hour, EUR; none for LED; (n,) float64."""
    costs = (visit + of(codes, "part")) / of(codes, "life")
    return np.asarray(np.where(codes == NAMES.index("led"), 0.0, costs), dtype=np.float64)


def upkeep(codes: npt.NDArray[np.int64], visit: float) -> Floats:
    """Expected cost of replacements and repairs a burning hour, EUR; (n,) float64."""
    life, shape, scale = of(codes, "life"), of(codes, "shape"), of(codes, "scale")
    failing = 1.0 - np.exp(-np.power(life / scale, shape))
    return planned(codes, visit) + failing * (visit + of(codes, "part")) / life


def code(technology: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """Row in :data:`NAMES` of each text; (n,) int64. Texts that are not there count as LED."""
    found = np.zeros(len(technology), dtype=np.int64)
    for row, name in enumerate(NAMES):
        found[technology == name] = row
    return found


def of(codes: npt.NDArray[np.int64], attribute: str) -> Floats:
    """An attribute of the technology of each lamp; (n,) float64."""
    values = [float(getattr(TECHNOLOGIES[name], attribute)) for name in NAMES]
    return np.array(values, dtype=np.float64)[codes]


def by_age(codes: npt.NDArray[np.int64], hours: Floats, factor: str) -> Floats:
    """LLMF (``maintained``) or LSF (``surviving``) of each lamp at its age; (n,) float64, 1."""
    found = np.ones(len(codes))
    for row, name in enumerate(NAMES):
        mine = codes == row
        found[mine] = getattr(TECHNOLOGIES[name], factor)(hours[mine])
    return found


_CLEANING = ((0.0, 1.0), (1.0, 0.92), (2.0, 0.89), (3.0, 0.87), (6.0, 0.82))


def luminaire_maintenance(years: npt.ArrayLike) -> Floats:
    """LMF some years after cleaning: IP6x, medium pollution (CIE 154:2003); (n,) float64, 1."""
    at, value = zip(*_CLEANING, strict=True)
    return np.asarray(np.interp(np.asarray(years, dtype=np.float64), at, value), dtype=np.float64)
