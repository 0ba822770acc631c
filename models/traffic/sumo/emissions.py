"""Which emission class each vehicle type has: the fleet's, by the model that a scenario chooses."""

from __future__ import annotations

from typing import Any

from models.traffic.fleet import PREFIX, Emissions

CARS = ("passenger", "ignoring", "private", "taxi", "hov", "custom1", "custom2", "evehicle")
CAR: dict[Emissions, str] = {
    "hbefa4": "HBEFA4/PC_petrol_Euro-6ab",
    "phemlight": "PHEMlight/PC_G_EU4",
}
OTHERS = {
    "bus": "HBEFA4/UBus_Std_gt15-18t_Euro-VI_A-C",
    "coach": "HBEFA4/Coach_Std_le18t_Euro-VI_A-C",
    "delivery": "HBEFA4/LCV_diesel_N1-III_Euro-6ab",
    "truck": "HBEFA4/RT_gt12-14t_Euro-VI_A-C",
    "trailer": "HBEFA4/TT_AT_gt34-40t_Euro-VI_A-C",
}
"""Classes of a city's own vehicles by SUMO's vehicle class. PHEMlight's free data are of two cars:
heavier vehicles keep to HBEFA4."""


def set_own(api: Any, emissions: Emissions) -> None:
    """Give the vehicle types that came with a city the classes of an emission model."""
    kinds = api.vehicletype
    for name in kinds.getIDList():
        what = kinds.getVehicleClass(name)
        chosen = CAR[emissions] if what in CARS else OTHERS.get(what)
        if chosen is not None and not name.startswith(PREFIX):
            kinds.setEmissionClass(name, chosen)
