"""The vehicles of a synthetic demand: who drives what, and how fast."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.traffic.sumo.electric import CLASSES, Model, parameters
from twin.core.random import Keys, normals, uniforms
from twin.errors import ConfigError

PREFIX = "citytwin."
_NEWEST = {
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
"""Vehicle types of the newest standard by name; all may drive where cars may."""
BASES = tuple(_NEWEST)
STANDARDS = {"petrol": 2, "diesel": 2, "van": 2, "truck": 3}
"""Oldest Euro standard that is told apart."""
_OLDER = [(base, euro) for base, oldest in STANDARDS.items() for euro in range(5, oldest - 1, -1)]
NAMES = (*BASES, *(f"{base}_{euro}" for base, euro in _OLDER))
"""Every type: those of the newest standard, then the older ones."""
BASE = np.array([*range(len(BASES)), *(BASES.index(base) for base, _ in _OLDER)], dtype=np.int64)
"""Row of the newest type of the same kind, of each of ``NAMES``."""
EURO = np.array([6] * len(BASES) + [euro for _, euro in _OLDER], dtype=np.int64)
"""Euro standard of each of ``NAMES``."""
PETROL, DIESEL, ELECTRIC, VAN, TRUCK = range(5)
KEEPS = ".keeps"
"""Ending of the type that keeps to its way."""


@dataclass(frozen=True)
class Mix:
    """Shares of the vehicles; cars that are neither diesel nor electric run on petrol."""

    diesel: float
    electric: float
    van: float
    truck: float
    ages: Mapping[str, tuple[float, ...]] | None = None
    """Shares of Euro 6, 5, ... of each kind; all are Euro 6 without."""

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
        kinds: npt.NDArray[np.int64] = np.minimum(found, len(BASES) - 1).astype(np.int64)
        return self.aged(kinds, keys)

    def aged(self, kinds: npt.NDArray[np.int64], keys: Keys) -> npt.NDArray[np.int64]:
        """The same kinds of vehicles, as old as the fleet is; (n,) int64."""
        if self.ages is None:
            return kinds
        aged, draws = kinds.copy(), uniforms(keys, np.uint64(3))
        for base, shares in self.ages.items():
            rows = np.flatnonzero(kinds == BASES.index(base))
            steps = np.searchsorted(np.cumsum(shares), draws[rows], side="right")
            euro = np.maximum(6 - steps, STANDARDS[base])
            named = {6: BASES.index(base)} | {
                int(EURO[i]): i for i in range(len(BASES), len(NAMES)) if BASES[BASE[i]] == base
            }
            aged[rows] = [named[int(standard)] for standard in euro]
        return aged


def read_ages(name: str) -> Mapping[str, tuple[float, ...]] | None:
    """A table of ``fleets.toml``; None for no name.

    Raises
    ------
    ConfigError
        There is no such fleet.
    """
    if not name:
        return None
    known = tomllib.loads(Path(__file__).with_name("fleets.toml").read_text("utf-8"))
    if name not in known:
        raise ConfigError(
            f"there is no fleet {name!r}", where="model.traffic.fleet", allowed=", ".join(known)
        )
    return {base: tuple(known[name][base]) for base in STANDARDS}


def critair(kind: int) -> int:
    """Crit'Air class of one of ``NAMES``: 0 electric, 1 to 5, 6 not classed (order of 2016)."""
    base, euro = int(BASE[kind]), int(EURO[kind])
    if base == ELECTRIC:
        return 0
    if base == PETROL:
        return {6: 1, 5: 1, 4: 2, 3: 3, 2: 3}[euro]
    if base == TRUCK:
        return {6: 2, 5: 3, 4: 4, 3: 5}[euro]
    return {6: 2, 5: 2, 4: 3, 3: 4, 2: 5}[euro]


def emission_class(kind: int) -> str:
    """SUMO's emission class of one of ``NAMES``."""
    base, euro = BASES[BASE[kind]], int(EURO[kind])
    newest = _NEWEST[base].partition('emissionClass="')[2].partition('"')[0]
    if euro == 6:
        return newest
    if base == "truck":
        return "HBEFA4/RT_gt12-14t_Euro-" + {5: "V_SCR", 4: "IV_SCR", 3: "III"}[euro]
    return newest.replace("Euro-6ab", f"Euro-{euro}")


def _described(kind: int) -> str:
    """Attributes of a type of SUMO."""
    newest = _NEWEST[BASES[BASE[kind]]]
    return newest.replace(emission_class(int(BASE[kind])), emission_class(kind))


TYPES = {name: _described(kind) for kind, name in enumerate(NAMES)}
"""Attributes of each type for SUMO; all may drive where cars may."""


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
        f"{_classed(TYPES[name], _class(name, emissions, battery))}>"
        f'<param key="has.rerouting.device" value="{value}"/>'
        f"{parameters() if battery is not None and name == 'electric' else ''}</vType>"
        for name in NAMES
        for end, value in (("", "true"), (KEEPS, "false"))
    ]
    file.write_text("<additional>\n" + "\n".join(types) + "\n</additional>\n", encoding="utf-8")
