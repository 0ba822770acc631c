"""Electric vehicles: SUMO's battery device, the state of charge at the start and at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Literal

Model = Literal["energy", "mmpevem"]
CLASSES: dict[Model, str] = {"energy": "Energy/unknown", "mmpevem": "MMPEVEM"}
"""Emission classes whose electricity SUMO's two models of electric cars compute: the kinematic one
of Kurczveil et al. (2013) and the map of the motor's efficiency of Koch et al. (2021)."""
CAPACITY = 60_000.0
"""Battery of a new car, Wh: the mean of those registered in Europe in 2023 lies near it."""
LOWEST, HIGHEST = 0.3, 0.95
"""States of charge with which cars set off, drawn uniformly."""


def parameters() -> str:
    """What the vehicle type of an electric car says of its battery, as XML."""
    return (
        '<param key="has.battery.device" value="true"/>'
        f'<param key="device.battery.capacity" value="{CAPACITY:g}"/>'
        f'<param key="device.battery.chargeLevel" value="{0.6 * CAPACITY:g}"/>'
    )


def first_charge(name: str) -> float:
    """State of charge with which a vehicle sets off, by its name alone; 1."""
    digest = hashlib.blake2b(f"charge {name}".encode(), digest_size=6).digest()
    share = int.from_bytes(digest, "little") / float(1 << 48)
    return LOWEST + (HIGHEST - LOWEST) * share


class Batteries:
    """The electric vehicles on the streets.

    Parameters
    ----------
    api
        SUMO.
    own
        Whether vehicles come with the city's demand: those that SUMO gives a battery become
        electric when they depart.
    model
        How their electricity is computed.
    """

    def __init__(self, api: Any, *, own: bool, model: Model) -> None:
        self._vehicle, self._own, self._class = api.vehicle, own, CLASSES[model]
        self._charge: dict[str, float] = {}

    def begin(self, name: str) -> None:
        """Charge a vehicle that is about to set off as its name says."""
        charge = first_charge(name)
        self._vehicle.setParameter(name, "device.battery.chargeLevel", f"{charge * CAPACITY:.1f}")
        self._charge[name] = charge

    def look(self, departed: Iterable[str]) -> None:
        """Take in vehicles that have departed, and the charge of those under way."""
        for name in departed if self._own else ():
            if self._vehicle.getVehicleClass(name) != "passenger" or name in self._charge:
                continue
            if self._vehicle.getParameter(name, "has.battery.device") == "true":
                self._vehicle.setEmissionClass(name, self._class)
                self._vehicle.setParameter(name, "device.battery.capacity", f"{CAPACITY:g}")
                self.begin(name)
        present = set(self._vehicle.getIDList()) if self._charge else set()
        for name in sorted(present & self._charge.keys()):
            level = float(self._vehicle.getParameter(name, "device.battery.chargeLevel"))
            self._charge[name] = level / CAPACITY

    def last(self, name: str) -> tuple[bool, float]:
        """Whether a vehicle that is gone was electric, and its charge when last seen."""
        charge = self._charge.pop(name, None)
        return (False, float("nan")) if charge is None else (True, charge)
