"""Light on the street: the lumen method, with the share of a luminaire's flux that meets it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

ROAD_REFLECTANCE = 0.07
"""Average luminance coefficient Q0 of a dry asphalt road (class R3), cd/m²/lx (CIE 144)."""

SETBACK = 1.0
"""A lamp stands this far from the edge of its carriageway, m."""


@dataclass(frozen=True)
class Optics:
    """How a luminaire throws its light.

    Attributes
    ----------
    downward
        Share of the flux that goes below the horizontal.
    street
        Share of that which goes to the side of the street.
    """

    downward: float
    street: float


OPTICS: dict[str, Optics] = {
    "road": Optics(1.0, 0.80),
    "sodium": Optics(0.97, 0.65),
    "ambience": Optics(0.90, 0.55),
    "globe": Optics(0.60, 0.50),
    "projector": Optics(0.95, 0.75),
    "recessed": Optics(0.15, 0.50),
    "bollard": Optics(0.70, 0.55),
}
"""Usual values by kind of luminaire: modern road optics, the bowls of sodium lanterns, decorative
lanterns, globes, floodlights, lights in the ground, bollards."""

NAMES = tuple(OPTICS)


def utilisation(optics: npt.NDArray[np.str_], width: Floats, height: Floats) -> Floats:
    """Share of a luminaire's flux that falls on its street; (n,) float64, 1.

    U = D q (sin γ_far - sin γ_near), with γ the angles from the vertical to the two edges of
    the carriageway, as the lamp sees them across the street: the flux of a Lambertian source on an
    infinite strip is (sin γ_far - sin γ_near) / 2 of its whole (view factor of an element and a
    strip), so (sin γ_far - sin γ_near) of the half that goes to its side. D is the downward share
    and q the share to the street's side (Lambertian: 1 and 0.5).

    Parameters
    ----------
    optics : (n,) str
        Keys of :data:`OPTICS`; others count as ``road``.
    width : (n,) float64, m
        Of the carriageway.
    height : (n,) float64, m
    """
    throw = np.array(
        [(o.downward, o.street) for o in (OPTICS.get(str(k), OPTICS["road"]) for k in optics)],
        dtype=np.float64,
    ).reshape(-1, 2)
    tall = np.maximum(height, 0.3)
    far = (width + SETBACK) / np.hypot(width + SETBACK, tall)
    near = SETBACK / np.hypot(SETBACK, tall)
    return np.asarray(throw[:, 0] * throw[:, 1] * (far - near), dtype=np.float64)


def window_illuminance(
    flux: Floats, optics: npt.NDArray[np.str_], height: Floats, distance: Floats
) -> Floats:
    """Vertical illuminance at a window behind a lamp, lx; (n,) float64, 0 where there is none.

    The flux to the side of the houses, (1 - q) D Φ, leaves a Lambertian half: I(γ) = I0 cos γ with
    I0 = 2 (1 - q) D Φ / π. The window is at half the lamp's height, its plane faces the lamp:
    E = I0 cos γ sin γ / r².

    Parameters
    ----------
    distance : (n,) float64, m
        From the lamp to the front of the nearest home; infinity for none.
    """
    throw = [OPTICS.get(str(k), OPTICS["road"]) for k in optics]
    behind = np.array([o.downward * (1.0 - o.street) for o in throw], dtype=np.float64)
    far = np.where(np.isfinite(distance), np.maximum(distance, 1.0), 1.0)
    drop = np.maximum(height, 0.6) / 2.0
    square = far**2 + drop**2
    found = 2.0 * behind * flux / np.pi * drop * far / square**2
    return np.asarray(np.where(np.isfinite(distance), found, 0.0), dtype=np.float64)
