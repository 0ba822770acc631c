"""The numbers of a run: trips, time, distance, emissions, money."""

from __future__ import annotations

from models.traffic.closures import Closures
from models.traffic.measure import EMISSIONS, Sampler
from models.traffic.parameters import TrafficParameters
from models.traffic.sumo import Simulation
from twin.core.indicator import Indicator
from twin.core.ledger import Ledger
from twin.core.time import Tick

INDICATORS = (
    Indicator("traffic.trips", "veh", "higher", "everyone"),
    Indicator("traffic.travel_time", "s", "lower", "households"),
    Indicator("traffic.time_loss", "s", "lower", "households"),
    Indicator("traffic.waiting_time", "s", "lower", "households"),
    Indicator("traffic.vehicle_hours", "veh h", "lower", "everyone"),
    Indicator("traffic.distance", "veh km", "neutral", "everyone"),
    Indicator("traffic.mean_speed", "km/h", "higher", "everyone"),
    Indicator("traffic.co2", "kg", "lower", "everyone"),
    Indicator("traffic.nox", "g", "lower", "everyone"),
    Indicator("traffic.pm", "g", "lower", "everyone"),
    Indicator("traffic.fuel", "l", "lower", "households"),
    Indicator("traffic.teleports", "veh", "lower", "everyone"),
    Indicator("traffic.detours", "veh", "lower", "households"),
    Indicator("traffic.ended_at_barrier", "veh", "lower", "households"),
    Indicator("traffic.waiting_to_depart", "veh", "lower", "households"),
    Indicator("traffic.unreachable_trips", "veh", "lower", "everyone"),
)

FUEL_DENSITY = 0.78
"""kg a litre, between petrol (0.745) and diesel (0.832), EN 228 and EN 590."""


class Totals:
    """Sums of a run, from SUMO's own account of finished trips and from the samples."""

    def __init__(self, simulation: Simulation, sampler: Sampler, closures: Closures) -> None:
        self._simulation, self._sampler, self._closures = simulation, sampler, closures
        self._booked = dict.fromkeys(EMISSIONS, 0.0)

    def emitted(self) -> dict[str, float]:
        """Emissions and fuel so far, g."""
        return {kind: self._sampler.totals[i] / 1000.0 for i, kind in enumerate(EMISSIONS)}

    def measure(self) -> dict[str, float]:
        """Value of each indicator but the unreachable trips.

        Means over trips are over the finished ones (NaN without any); distance, vehicle hours and
        emissions are of all vehicles, also of those still on their way.
        """
        number = self._simulation.number
        finished = number("device.tripinfo.count")
        distance, hours = self._distance(finished), self._sampler.vehicle_seconds / 3600.0
        emitted = self.emitted()
        return {
            "traffic.trips": finished,
            **{f"traffic.{key}": self._mean(name, finished) for key, name in _MEANS.items()},
            "traffic.vehicle_hours": hours,
            "traffic.distance": distance,
            "traffic.mean_speed": distance / hours if hours else float("nan"),
            "traffic.co2": emitted["co2"] / 1000.0,
            "traffic.nox": emitted["nox"],
            "traffic.pm": emitted["pm"],
            "traffic.fuel": litres(emitted["fuel"]),
            "traffic.teleports": number("stats.teleports.total"),
            "traffic.detours": float(self._closures.detours),
            "traffic.ended_at_barrier": float(self._closures.ended),
            "traffic.waiting_to_depart": number("stats.vehicles.waiting"),
        }

    def _mean(self, name: str, finished: float) -> float:
        return self._simulation.number(f"device.tripinfo.{name}") if finished else float("nan")

    def _distance(self, finished: float) -> float:
        """Driven so far by finished trips and by vehicles on their way, km."""
        drive = self._simulation.api.vehicle
        mean = self._simulation.number("device.tripinfo.routeLength") if finished else 0.0
        # SUMO answers with a large negative number for a vehicle that is not on the network.
        under_way = [max(0.0, float(drive.getDistance(v))) for v in drive.getIDList()]
        return (finished * mean + sum(under_way)) / 1000.0

    def book(self, ledger: Ledger, now: Tick, prices: TrafficParameters) -> None:
        """Book what was burnt and emitted since the last booking."""
        emitted = self.emitted()
        fresh = {kind: emitted[kind] - self._booked[kind] for kind in EMISSIONS}
        self._booked = emitted
        fuel = litres(fresh["fuel"]) * prices.fuel_price
        ledger.book(now, "drivers", "fuel supplier", fuel, "fuel")
        for kind, cost in (
            ("co2", prices.co2_cost),
            ("nox", prices.nox_cost),
            ("pm", prices.pm_cost),
        ):
            ledger.book(now, "society", "drivers", fresh[kind] / 1000.0 * cost, f"external {kind}")


_MEANS = {"travel_time": "duration", "time_loss": "timeLoss", "waiting_time": "waitingTime"}


def litres(grams: float) -> float:
    """Volume of fuel."""
    return grams / 1000.0 / FUEL_DENSITY
