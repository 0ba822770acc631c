"""A price on the streets in one run: drivers asked before they depart, passages charged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from models.traffic.engine import Floats, Passages, Rows, Setting, Vehicles
from models.traffic.fleet import Mix
from models.traffic.network import Network
from models.traffic.parameters import TrafficParameters
from models.traffic.time_costs import payer
from models.traffic.toll.answer import (
    DIVERTS,
    GIVES_UP,
    SHIFTS,
    Answers,
    Drivers,
    Travellers,
)  # fmt: skip
from models.traffic.toll.bill import UNKNOWN, Bills, Payer
from models.traffic.toll.own import OwnDemand
from models.traffic.toll.rounds import Expected, settle
from models.traffic.toll.tariff import Bools, Prices
from models.traffic.toll.ways import Ways
from models.traffic.trips import Trips, citizen
from twin.city.city import City
from twin.core.ledger import NOBODY, Ledger
from twin.core.log import Log
from twin.core.time import Tick, minutes
from twin.core.world import World

AHEAD: Tick = minutes(60)
"""How long before their departure trips through the city are asked, so that some leave early."""
DAYS = 0.5
"""Of a day that a vehicle costs its owner, the share of one trip."""


class Pricing:
    """Everything that prices on the streets change in the traffic of a run.

    Attributes
    ----------
    exempt
        Names of vehicles and flows that pay nothing.
    """

    def __init__(
        self, world: World, network: Network, parameters: TrafficParameters, mix: Mix
    ) -> None:
        self._world, self._city, self._mix = world, world.city, mix
        self._prices = Prices.of(world.announced)
        table = self._city["edge"]
        self._drivers = Drivers(
            Ways(network), table["length"], self._prices, world.calendar, world.end, parameters
        )
        self._payers: dict[str, Payer] = {}
        self._toll, self._zone = (
            None if tariff is None else Bills(tariff, self._payers, table.points, world.streams)
            for tariff in (self._prices.toll, self._prices.zone)
        )
        self.exempt: frozenset[str] = frozenset()
        self._border = _border(self._city, network)
        self._kinds: dict[str, int] = {}
        self._lost: dict[tuple[str, str], float] = {}
        self._burdens: dict[str, tuple[float, float]] = {}
        self.diverted = self.shifted = self.suppressed = self.replaced = 0

    @property
    def watched(self) -> Rows:
        """Rows of the edges whose passages are charged."""
        return self._prices.watched

    def citizens(self, persons: Rows) -> tuple[Floats, Bools]:
        """What a price means to citizens who weigh a trip by car.

        Returns
        -------
        (n,) float64, 1, and (n,) bool
            Share of the toll that the car of each pays before it counts as a resident's, and
            whether the zone bans it; who has replaced a banned car has another.
        """
        keys = self._world.streams.keys("traffic.driver", citizen(persons))
        kinds = self._drivers.owned(keys, self._mix.kinds(keys, goods=False))
        toll, fine = self._prices.shares(kinds, np.zeros(len(kinds), dtype=bool))
        return toll, fine > 0.0

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
        people = trips.owners is not None
        travellers = self._travellers(
            trips.names if trips.owners is None else trips.owners,
            trips.origin, trips.goal, trips.depart, kinds, resident,
            enters=not trips.inside, elastic=not (trips.inside or people),
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
        then = answers.kind
        within = (depart >= 0.0) & (depart < self._world.end)
        value = self._drivers.values_of_time(travellers)
        burdens = np.column_stack(self._prices.shares(then, resident)) / value[:, None]
        for row, name in enumerate(map(str, names)):
            self._payers[name] = Payer(
                int(then[row]), bool(resident[row]), int(travellers.origin[row])
            )
            self._burdens[name] = (float(burdens[row, 0]), float(burdens[row, 1]))
            if then[row] != kind[row]:
                self._kinds[name] = int(then[row])
                if self._zone is not None and within[row]:
                    self._zone.replace(int(kind[row]), bool(resident[row]), DAYS)
        self._forgo(answers, travellers.kind, within)
        choice = answers.choice[within]
        self.diverted += int(np.count_nonzero(choice == DIVERTS))
        self.shifted += int(np.count_nonzero(choice == SHIFTS))
        self.suppressed += int(np.count_nonzero(choice == GIVES_UP))
        self.replaced += int(np.count_nonzero((then != kind) & within))
        return then

    def _forgo(self, answers: Answers, kind: Rows, within: Bools) -> None:
        """Keep for the books what drivers lose that no street shows."""
        for row in np.flatnonzero(within & (answers.lost > 0.0)).tolist():
            what = "trips not made" if answers.choice[row] == GIVES_UP else "trips at another time"
            key = (payer(int(kind[row])), what)
            self._lost[key] = self._lost.get(key, 0.0) + float(answers.lost[row])

    def dressed(self, vehicles: Vehicles) -> Vehicles:
        """The vehicles as they are after a zone, with the burden of the prices on each."""
        names = [str(name) for name in vehicles.names]
        kind = [self._kinds.get(name, old) for name, old in zip(names, vehicles.kind, strict=True)]
        burdens = np.array([self._burdens.get(name, (0.0, 0.0)) for name in names]).reshape(-1, 2)
        # Who keeps to a way has weighed it already.
        burdens[vehicles.way >= 0] = 0.0
        return replace(
            vehicles,
            kind=np.array(kind, dtype=np.int64),
            burden=burdens[:, 0],
            fined=burdens[:, 1],
        )

    def charge(self, passed: Passages, toll: Floats, fine: Floats) -> None:
        """Charge the passages of a step at its prices; (n_edges,) float64, EUR."""
        free = (self._is_exempt(str(name)) for name in passed.names)
        kept = np.flatnonzero(~np.fromiter(free, np.bool_, len(passed.names)))
        passed = Passages(passed.names[kept], passed.edges[kept])
        if self._zone is not None:
            self._zone.charge(passed, fine)
        if self._toll is not None:
            self._toll.charge(self._with_ticket(passed, fine), toll)

    def _is_exempt(self, name: str) -> bool:
        # SUMO calls the vehicles of a flow by its id and their number.
        return name in self.exempt or name.rpartition(".")[0] in self.exempt

    def _with_ticket(self, passed: Passages, fine: Floats) -> Passages:
        """Passages without those of vehicles that the zone bans there: they have no ticket."""
        zone = self._prices.zone
        if zone is None or not len(passed.edges):
            return passed
        kinds = [self._payers.get(str(name), UNKNOWN).kind for name in passed.names]
        kept = np.flatnonzero((fine[passed.edges] <= 0.0) | (zone.factor[kinds] <= 0.0))
        return Passages(passed.names[kept], passed.edges[kept])

    @property
    def _bills(self) -> list[Bills]:
        return [bills for bills in (self._toll, self._zone) if bills is not None]

    def book(self, ledger: Ledger, now: Tick) -> None:
        """Book what was paid, and what collecting it cost, since the last booking."""
        for bills in self._bills:
            bills.book(ledger, now)
        for (who, what), amount in sorted(self._lost.items()):
            ledger.book(now, who, NOBODY, amount, what)
        self._lost.clear()

    def report(self, log: Log, now: Tick) -> None:
        """Log who paid."""
        for bills in self._bills:
            bills.report(log, now)

    def measure(self) -> dict[str, float]:
        """Value of the indicators."""
        toll, zone = self._toll, self._zone
        found = {
            "crossings": 0 if toll is None else toll.crossings,
            "revenue": 0.0 if toll is None else toll.revenue,
            "cost": sum(bills.cost for bills in self._bills),
            "diverted": self.diverted, "shifted": self.shifted, "suppressed": self.suppressed,
        }  # fmt: skip
        return {f"traffic.toll_{name}": float(value) for name, value in found.items()} | {
            "traffic.zone_violations": 0.0 if zone is None else float(zone.violations),
            "traffic.zone_replaced": float(self.replaced),
            "traffic.zone_fines": 0.0 if zone is None else zone.revenue,
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
