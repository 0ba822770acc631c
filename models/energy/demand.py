"""Electricity of a building in a year, and what it may draw at its peak, from its use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from twin.city.table import Table

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

PER_PERSON = 1400.0
"""Household electricity without space heating, kWh per resident and year (German mean, BDEW)."""
PER_JOB = 700.0
"""Electricity of a job in a residential building (a practice, a ground-floor shop), kWh/a."""
PER_DWELLING_AREA = 25.0
"""Household electricity where the residents are unknown, kWh/(m²·a)."""
HOUSEHOLD = 2.0
"""Residents of a dwelling."""
DWELLING_AREA = 80.0
"""Floor area of a dwelling where the residents are unknown, m²."""
HOME_AREA = 40.0
"""Floor area that a resident takes in a building of another use, m²."""
FULL_LOAD_HOURS = 2500.0
"""Annual energy over peak power of a business, h/a; only sizes the grid."""
HEATING_PEAK = 4.0
"""Allowance for the mean electric share of heating, W/m²; only sizes the grid."""


@dataclass(frozen=True)
class Use:
    """What a building's use says about its electricity.

    Attributes
    ----------
    profile
        BDEW standard load profile.
    specific
        Annual electricity without space heating, kWh/m².
    presence
        Share of the load that follows the people who are in the building, 1.
    heated
        Whether its floor area is heated to a room temperature.
    payer
        Who pays for it, an account of the ledger.
    """

    profile: str
    specific: float
    presence: float
    heated: bool
    payer: Literal["households", "firms", "municipality"]


USES: Mapping[str, Use] = {
    "residential": Use("h0", PER_DWELLING_AREA, 0.5, True, "households"),
    "retail": Use("g4", 90.0, 0.1, True, "firms"),
    "office": Use("g1", 60.0, 0.4, True, "firms"),
    "industrial": Use("g3", 70.0, 0.2, False, "firms"),
    "education": Use("g1", 20.0, 0.3, True, "municipality"),
    "health": Use("g3", 100.0, 0.1, True, "firms"),
    "hotel": Use("g2", 65.0, 0.2, True, "firms"),
    "public": Use("g0", 40.0, 0.2, True, "municipality"),
    "other": Use("g0", 15.0, 0.1, False, "firms"),
}
"""Specific electricity: rounded from the reference values of the German energy-certificate rules
(BMWi/BMUB 2015); the presence shares are assumptions."""


@dataclass(frozen=True)
class Demand:
    """Annual electricity of buildings without space heating.

    Attributes
    ----------
    home, work : (n_building,) float64, kWh/a
        Of dwellings, and of everything else.
    use : (n_building,) int64
        Position of the building's use in :data:`USES`.
    heated : (n_building,) float64, m²
        Heated floor area.
    """

    home: Floats
    work: Floats
    use: Rows
    heated: Floats


def uses(building: Table) -> Rows:
    """Position of each building's use in :data:`USES`; an unknown use counts as ``other``."""
    names = list(USES)
    found = np.full(len(building), names.index("other"), dtype=np.int64)
    for position, name in enumerate(names):
        found[building["use"] == name] = position
    return found


def annual(
    building: Table,
    *,
    per_person: float = PER_PERSON,
    specific: Mapping[str, float] | None = None,
) -> Demand:
    """Annual electricity of each building.

    Parameters
    ----------
    per_person
        Of a resident, kWh/a.
    specific
        Of the floor area of a use, kWh/(m²·a), in place of the values in :data:`USES`.
    """
    use = uses(building)
    area = np.maximum(np.nan_to_num(building["floor_area"].astype(np.float64)), 0.0)
    people, jobs = building["people"].astype(np.float64), building["jobs"].astype(np.float64)
    per_area = np.array([(specific or {}).get(n, u.specific) for n, u in USES.items()])[use]
    residential = use == list(USES).index("residential")
    home = people * per_person
    home[residential & (people <= 0)] = (area * per_area)[residential & (people <= 0)]
    work_area = np.maximum(area - HOME_AREA * people, 0.2 * area)
    work = np.where(residential, jobs * PER_JOB, work_area * per_area)
    heated = area * np.array([u.heated for u in USES.values()])[use]
    return Demand(home=home, work=work, use=use, heated=heated)


def dwellings(building: Table, demand: Demand) -> Floats:
    """Dwellings in each building, from its residents or, where none are known, its area; (n,)."""
    people = building["people"].astype(np.float64)
    return np.where(
        people > 0,
        people / HOUSEHOLD,
        np.where(demand.home > 0, building["floor_area"].astype(np.float64) / DWELLING_AREA, 0.0),
    )


def business_peak(demand: Demand) -> Floats:
    """Peak of everything that is not a dwelling's appliances, W; (n,)."""
    return demand.work * 1000.0 / FULL_LOAD_HOURS + demand.heated * HEATING_PEAK


def dwellings_peak(count: npt.ArrayLike) -> Floats:
    """Power to plan for so many dwellings without electric hot water, W.

    DIN 18015-1, annex A: 14.5 kW for one, 30 kW for three, 55 kW for ten, 110 kW for a hundred
    (log-log between them); 0.8 kW each from a thousand on, above the 0.6 kW peak of profile H0.
    """
    n = np.asarray(count, dtype=np.float64)
    known = np.log([1.0, 3.0, 10.0, 100.0, 1000.0])
    power = np.log([14_500.0, 30_000.0, 55_000.0, 110_000.0, 800_000.0])
    between = np.exp(np.interp(np.log(np.maximum(n, 1.0)), known, power))
    return np.where(n < 1.0, 14_500.0 * n, np.where(n > 1000.0, 800.0 * n, between))
