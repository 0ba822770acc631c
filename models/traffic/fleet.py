"""The vehicles of a synthetic demand: who drives what, and how fast."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.traffic.sumo.electric import CLASSES, Model, parameters
from twin.core.random import Keys, normals, uniforms

PREFIX = "citytwin."
TYPES = {
    "petrol": 'length="4.6" emissionClass="HBEFA4/PC_petrol_Euro-6ab" guiShape="passenger"',
    "diesel": 'length="4.8" emissionClass="HBEFA4/PC_diesel_Euro-6ab" guiShape="passenger/wagon"',
    "electric": 'length="4.6" emissionClass="HBEFA4/PC_BEV" guiShape="passenger"',
    "van": (
        'length="6.5" accel="2.0" maxSpeed="39" emissionClass="HBEFA4/LCV_diesel_N1-III_Euro-6ab" '
        'guiShape="delivery"'
    ),
    "truck": (
        'length="9.0" accel="1.3" decel="4.0" maxSpeed="25" '
        'emissionClass="HBEFA4/RT_gt12-14t_Euro-VI_A-C" guiShape="truck"'
    ),
}
"""Vehicle types by name; all may drive where cars may."""
NAMES = tuple(TYPES)
TRUCK = NAMES.index("truck")
KEEPS = ".keeps"
"""Ending of the type that keeps to its way."""


@dataclass(frozen=True)
class Mix:
    """Shares of the vehicles; cars that are neither diesel nor electric run on petrol."""

    diesel: float
    electric: float
    van: float
    truck: float

    def kinds(self, keys: Keys, *, goods: bool) -> npt.NDArray[np.int64]:
        """Index into ``NAMES`` for each key; vans and trucks only where ``goods``. (n,) int64."""
        goods_share = np.array([self.van, self.truck]) if goods else np.zeros(2)
        cars = 1.0 - goods_share.sum()
        petrol = 1.0 - self.diesel - self.electric
        shares = np.concatenate(
            [cars * np.array([petrol, self.diesel, self.electric]), goods_share]
        )
        draws = uniforms(keys, np.uint64(0))
        found = np.searchsorted(np.cumsum(shares), draws, side="right")
        kinds: npt.NDArray[np.int64] = np.minimum(found, len(NAMES) - 1).astype(np.int64)
        return kinds


def speed_factors(keys: Keys) -> npt.NDArray[np.float64]:
    """Wanted speed over the limit, a driver each: normal (1, 0.1) within 0.7 and 1.3; (n,) 1."""
    factors: npt.NDArray[np.float64] = np.clip(1.0 + 0.1 * normals(keys, np.uint64(1)), 0.7, 1.3)
    return factors


Emissions = Literal["hbefa4", "phemlight"]
PHEMLIGHT = {"petrol": "PHEMlight/PC_G_EU4", "diesel": "PHEMlight/PC_D_EU4"}
"""Classes whose data SUMO carries freely; vans, trucks and electric cars keep theirs of HBEFA4."""


def _class(name: str, emissions: Emissions | None, battery: Model | None) -> str | None:
    """Class in the place of the type's own, where the choices have one."""
    if name == "electric":
        return None if battery is None else CLASSES[battery]
    return PHEMLIGHT.get(name) if emissions == "phemlight" else None


def _classed(rest: str, chosen: str | None) -> str:
    return (
        rest
        if chosen is None
        else re.sub(r'emissionClass="[^"]*"', f'emissionClass="{chosen}"', rest)
    )


def write_types(
    file: Path, emissions: Emissions | None = None, battery: Model | None = None
) -> None:
    """Write the vehicle types as an additional file of SUMO.

    Parameters
    ----------
    emissions
        Model of the emissions of cars with an engine.
    battery
        Model of the electricity of cars with a battery; None without a battery device, when their
        electricity is that of HBEFA4.

    Each carries SUMO's rerouting device: a trip finds its way when it departs, by the travel times
    of that moment. Its twin ``KEEPS`` does not: it keeps to the way that it was given. The speed
    factor is drawn by us: one trip less does not shift the others.
    """
    types = [
        f'<vType id="{PREFIX}{name}{end}" vClass="passenger" speedFactor="1" speedDev="0" '
        f"{_classed(rest, _class(name, emissions, battery))}>"
        f'<param key="has.rerouting.device" value="{value}"/>'
        f"{parameters() if battery is not None and name == 'electric' else ''}</vType>"
        for name, rest in TYPES.items()
        for end, value in (("", "true"), (KEEPS, "false"))
    ]
    file.write_text("<additional>\n" + "\n".join(types) + "\n</additional>\n", encoding="utf-8")
