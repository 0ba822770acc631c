"""Lighting classes: what EN 13201-2 asks of a street, by its kind and by its use now."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.lighting.photometry import ROAD_REFLECTANCE

Floats = npt.NDArray[np.float64]

LUMINANCE = (2.0, 1.5, 1.0, 0.75, 0.5, 0.3)
"""Mean luminance of M1 to M6, cd/m² (EN 13201-2)."""

ILLUMINANCE = (15.0, 10.0, 7.5, 5.0, 3.0, 2.0)
"""Mean horizontal illuminance of P1 to P6, lx (EN 13201-2)."""

TABLE = np.array([ILLUMINANCE, [value / ROAD_REFLECTANCE for value in LUMINANCE]])
"""Both as illuminance; (2, 6) float64, lx: P1 to P6, then M1 to M6."""

ROADS: dict[str, tuple[str, int]] = {
    "motorway": ("M", 3),
    "trunk": ("M", 3),
    "primary": ("M", 3),
    "secondary": ("M", 4),
    "tertiary": ("M", 4),
    "unclassified": ("P", 3),
    "residential": ("P", 3),
    "living_street": ("P", 3),
    "pedestrian": ("P", 3),
}
"""Class of a road: M in its busiest hour, P in normal use; every other road is P5."""

OTHERS = ("P", 5)
TWO_LANES, MORE_LANES = (0.15, 0.45), (0.35, 0.65)
"""Flow over capacity below which the class falls by two, and above which that of the busiest hour
counts (CEN/TR 13201-1, weighting of the traffic volume): of two lanes, and of more."""

USES_BUSY, USES_QUIET = 100.0, 20.0
"""Vehicles and walkers an hour above which a P street is busy, and below which it is quiet."""


def base(roads: list[str]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Whether the class of each road is M (else P), and its number; (n,) bool and int64."""
    found = [ROADS.get(road.removesuffix("_link"), OTHERS) for road in roads]
    motor = np.array([kind == "M" for kind, _ in found], dtype=np.bool_)
    return motor, np.array([number for _, number in found], dtype=np.int64)


def shift(
    motor: npt.NDArray[np.bool_], ratio: Floats, uses: Floats, quiet: Floats, busy: Floats
) -> npt.NDArray[np.int64]:
    """Classes by which the use of each street moves it now, positive to less light; (n,) int64.

    M: 0 above ``busy``, 1 from ``quiet`` to ``busy``, 2 below. P: -1 busy, 0 normal, 1 quiet.

    Parameters
    ----------
    motor : (n,) bool
    ratio : (n,) float64, 1
        Flow over capacity.
    uses : (n,) float64, 1/h
        Vehicles and walkers an hour.
    quiet, busy : (n,) float64, 1
        Thresholds of the ratio, such as :data:`TWO_LANES`.
    """
    volume = np.where(ratio > busy, 0, np.where(ratio >= quiet, 1, 2))
    people = np.where(uses > USES_BUSY, -1, np.where(uses >= USES_QUIET, 0, 1))
    return np.asarray(np.where(motor, volume, people), dtype=np.int64)


def required(motor: npt.NDArray[np.bool_], number: npt.NDArray[np.int64]) -> Floats:
    """Mean horizontal illuminance that a class asks for, lx; (n,) float64.

    For M the luminance over :data:`~models.lighting.photometry.ROAD_REFLECTANCE`. Numbers beyond
    the ends of the tables take the end.
    """
    row = np.clip(number, 1, 6) - 1
    return np.asarray(TABLE[motor.astype(np.int64), row], dtype=np.float64)


def relative(ratio: Floats, quiet: Floats, busy: Floats) -> Floats:
    """Level that the use of a street asks for, relative to the class of its busiest hour.

    A class less of EN 13201-2 is about three quarters of the luminance (M3 1.0, M4 0.75, M5 0.5).

    Parameters
    ----------
    ratio : (n,) float64, 1
        Flow over capacity; NaN asks for full light.
    quiet, busy : (n,) float64, 1
        Thresholds of the ratio.

    Returns
    -------
    (n,) float64
        0.5, 0.75 or 1.
    """
    found = np.where(ratio < quiet, 0.5, np.where(ratio <= busy, 0.75, 1.0))
    return np.asarray(found, dtype=np.float64)
