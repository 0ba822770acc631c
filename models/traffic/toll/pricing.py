"""A price on the streets in one run: drivers asked before they depart, passages charged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from models.traffic.engine import Floats, Passages, Rows, Setting, Vehicles
from models.traffic.network import Network
from models.traffic.parameters import TrafficParameters
from models.traffic.toll.answer import (
    DIVERTS,
    GIVES_UP,
    REPLACES,
    SHIFTS,
    Answers,
    Bools,
    Drivers,
    Travellers,
)  # fmt: skip
from models.traffic.toll.bill import Bills
from models.traffic.toll.own import OwnDemand
from models.traffic.toll.rounds import Expected, settle
from models.traffic.toll.tariff import Tariff
from models.traffic.toll.ways import Ways
from models.traffic.trips import Trips
from twin.city.city import City
from twin.core.time import Tick, minutes
from twin.core.world import World

AHEAD: Tick = minutes(60)
"""How long before their departure trips through the city are asked, so that some leave early."""
DAYS = 0.5
"""Of a day that a vehicle costs its owner, the share of one trip."""


class Pricing:
    """Everything that a tariff changes in the traffic of a run."""

    def __init__(
        self, world: World, network: Network, parameters: TrafficParameters, tariff: Tariff
    ) -> None:
        self._world, self._city, self._tariff = world, world.city, tariff
        table = self._city["edge"]
        self._drivers = Drivers(
            Ways(network), table["length"], tariff, world.calendar, world.end, parameters
        )
        self.bills = Bills(tariff, table.points, world.streams)
        self._border = _border(self._city, network)
        self._residents: set[str] = set()
        self._replaced: dict[str, int] = {}
        self.diverted = self.shifted = self.suppressed = self.replaced = 0

    @property
    def watched(self) -> Rows:
        """Rows of the edges whose passages are charged."""
        return self._tariff.watched

    def ask_own(
        self, own: OwnDemand, kinds: Rows, begin: float, setting: Setting
    ) -> tuple[Answers, Rows]:
        """What the vehicles that came with the city do, and what they are then.

        ``setting`` is that of the run, with the city as it came.
        """
        if own.passed_over:
            self._world.warnings.append(
                f"{own.passed_over} flows and persons of the SUMO scenario do not answer the price"
            )
        travellers = self._travellers(
            own.names, own.origin, own.goal, (own.depart - begin) * 1000.0, kinds,
            ~self._border[own.origin], enters=True, elastic=True, earliest=0.0, ways=own.ways,
        )  # fmt: skip
        expected = Expected(setting, own, begin, self._world.end)
        answers = settle(self._drivers, travellers, expected.times)
        return answers, self._remember(own.names, travellers, answers)

    def answer(self, trips: Trips, kinds: Rows, resident: Bools, now: Tick, times: Floats) -> Trips:
        """Trips as their drivers make them at the price; those given up are left out.

        ``kinds`` (n,) are indices into ``fleet.NAMES``, ``times`` (n_edges,) of the moment, s.
        """
        self._residents.update(map(str, trips.names[resident]))
        travellers = self._travellers(
            trips.names, trips.origin, trips.goal, trips.depart, kinds, resident,
            enters=not trips.inside, elastic=not trips.inside or self._tariff.zone is not None,
            earliest=float(now), ways={},
        )  # fmt: skip
        answers = self._drivers.ask(travellers, times)
        self._remember(trips.names, travellers, answers)
        way = trips.way
        if way is not None:
            way = np.where(answers.choice == DIVERTS, -1, way)
        made = replace(trips, depart=answers.depart, way=way)
        return made.select(np.flatnonzero(answers.choice != GIVES_UP))

    def _travellers(
        self,
        names: npt.NDArray[np.str_],
        origin: Rows,
        goal: Rows,
        depart: Floats,
        kind: Rows,
        resident: Bools,
        *,
        enters: bool,
        elastic: bool,
        earliest: float,
        ways: Mapping[int, Rows],
    ) -> Travellers:
        ends = self._border[origin].astype(np.int64) + self._border[goal].astype(np.int64)
        return Travellers(
            self._world.streams.keys("traffic.driver", names), origin, goal, depart, kind, resident,
            ends, np.full(len(names), enters), np.full(len(names), elastic),
            np.full(len(names), earliest), ways,
        )  # fmt: skip

    def _remember(
        self, names: npt.NDArray[np.str_], travellers: Travellers, answers: Answers
    ) -> Rows:
        """Count the answers and expect the vehicles at the gates; what they are then."""
        kind, resident, depart = travellers.kind, travellers.resident, travellers.depart
        then = kind.copy()
        for row in np.flatnonzero(answers.choice == REPLACES):
            then[row] = self._tariff.allowed_instead(int(kind[row]))
            self._replaced[str(names[row])] = int(then[row])
            self.bills.replace(int(kind[row]), bool(resident[row]), DAYS)
        self.bills.expect(names, then, resident, travellers.origin)
        within = answers.choice[(depart >= 0.0) & (depart < self._world.end)]
        self.diverted += int(np.count_nonzero(within == DIVERTS))
        self.shifted += int(np.count_nonzero(within == SHIFTS))
        self.suppressed += int(np.count_nonzero(within == GIVES_UP))
        self.replaced += int(np.count_nonzero(within == REPLACES))
        return then

    def dressed(self, vehicles: Vehicles) -> Vehicles:
        """The vehicles as they are after a zone, with the burden of the price on each."""
        kind = vehicles.kind.copy()
        for row, name in enumerate(vehicles.names if self._replaced else ()):
            kind[row] = self._replaced.get(str(name), kind[row])
        vehicles = replace(vehicles, kind=kind)
        # Who keeps to a way has weighed it already.
        burden = np.where(vehicles.way >= 0, 0.0, self._burden(vehicles))
        return replace(vehicles, burden=burden)

    def _burden(self, vehicles: Vehicles) -> Floats:
        """Seconds of travel that a euro of the toll weighs to each; (n,) float64, s/EUR."""
        resident = np.array([str(name) in self._residents for name in vehicles.names], dtype=bool)
        nothing = np.zeros(len(vehicles.names))
        travellers = Travellers(
            self._world.streams.keys("traffic.driver", vehicles.names), vehicles.origin,
            vehicles.goal, vehicles.depart, vehicles.kind, resident,
            nothing.astype(np.int64), nothing > 0.0, nothing > 0.0, nothing,
        )  # fmt: skip
        value = self._drivers.values_of_time(travellers)
        found: Floats = self._tariff.share(travellers.kind, resident) / value
        return found

    def charge(self, passed: Passages, price: Floats) -> None:
        """Charge the passages of a step at its prices; (n_edges,) float64, EUR."""
        self.bills.charge(passed, price)

    def measure(self) -> dict[str, float]:
        """Value of the indicators."""
        bills, zone = self.bills, self._tariff.zone is not None
        found = {
            "crossings": bills.crossings, "revenue": 0.0 if zone else bills.revenue,
            "cost": bills.cost, "diverted": self.diverted, "shifted": self.shifted,
            "suppressed": self.suppressed,
        }  # fmt: skip
        return {f"traffic.toll_{name}": float(value) for name, value in found.items()} | {
            "traffic.zone_violations": float(bills.violations),
            "traffic.zone_replaced": float(self.replaced),
            "traffic.zone_fines": bills.revenue if zone else 0.0,
        }


NAMES = (
    "toll_crossings", "toll_revenue", "toll_cost", "toll_diverted", "toll_shifted",
    "toll_suppressed", "zone_violations", "zone_replaced", "zone_fines",
)  # fmt: skip
NOTHING = {f"traffic.{name}": 0.0 for name in NAMES}
"""The indicators where nothing is charged."""


def _border(city: City, network: Network) -> Bools:
    """Edges at which the world begins: gateways, else those that no edge leads to or from."""
    found = np.zeros(len(city["edge"]), dtype=bool)
    if "gateway" in city and len(city["gateway"]):
        found[city["gateway"]["edge"].astype(np.int64)] = True
        return found
    car = np.asarray(city["edge"]["car"], dtype=bool)
    leads = np.diff(network.graph.indptr) > 0
    led = np.bincount(network.graph.indices, minlength=len(car)) > 0
    found[:] = car & ~(leads & led)
    return found
