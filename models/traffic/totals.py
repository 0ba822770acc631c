"""The numbers of a run: trips, time, distance, emissions, money."""

from __future__ import annotations

from collections.abc import Mapping

from models.traffic import screenlines
from models.traffic.engine import EMISSIONS, Account
from models.traffic.parameters import TrafficParameters
from twin.core.indicator import Indicator
from twin.core.ledger import NOBODY, Ledger
from twin.core.time import Tick

INDICATORS = (
    Indicator("traffic.trips", "veh", "higher", "everyone"),
    Indicator("traffic.travel_time", "s", "lower", "households", headline=True),
    Indicator("traffic.time_loss", "s", "lower", "households"),
    Indicator("traffic.waiting_time", "s", "lower", "households"),
    Indicator("traffic.vehicle_hours", "veh h", "lower", "everyone", headline=True),
    Indicator("traffic.distance", "veh km", "neutral", "everyone"),
    Indicator("traffic.mean_speed", "km/h", "higher", "everyone"),
    Indicator("traffic.co2", "kg", "lower", "everyone", headline=True),
    Indicator("traffic.nox", "g", "lower", "everyone"),
    Indicator("traffic.pm", "g", "lower", "everyone"),
    Indicator("traffic.fuel", "l", "lower", "households"),
    Indicator("traffic.teleports", "veh", "lower", "everyone"),
    Indicator("traffic.detours", "veh", "lower", "households"),
    Indicator("traffic.ended_at_barrier", "veh", "lower", "households"),
    Indicator("traffic.waiting_to_depart", "veh", "lower", "households"),
    Indicator("traffic.waiting_hours", "veh h", "lower", "households"),
    Indicator("traffic.bus_speed", "km/h", "higher", "households"),
    Indicator("traffic.bus_delay", "s", "lower", "households"),
    Indicator("traffic.bus_on_time", "%", "higher", "households"),
    Indicator("traffic.bus_stops_missed", "stop", "lower", "households"),
    Indicator("traffic.advised", "veh", "neutral", "drivers"),
    Indicator("traffic.unreachable_trips", "veh", "lower", "everyone"),
    Indicator("traffic.toll_crossings", "veh", "neutral", "municipality"),
    Indicator("traffic.toll_revenue", "EUR", "higher", "municipality", headline=True),
    Indicator("traffic.toll_cost", "EUR", "lower", "municipality"),
    Indicator("traffic.toll_diverted", "veh", "neutral", "drivers"),
    Indicator("traffic.toll_shifted", "veh", "neutral", "drivers"),
    Indicator("traffic.toll_suppressed", "veh", "neutral", "drivers"),
    Indicator("traffic.zone_violations", "veh", "neutral", "municipality"),
    Indicator("traffic.zone_replaced", "veh", "neutral", "drivers"),
    Indicator("traffic.zone_fines", "EUR", "neutral", "drivers"),
    *screenlines.INDICATORS,
)

HELD_UP = 0.02
"""Share of the trips that could not depart from which the reader is told."""

FUEL_DENSITY = 0.78
"""kg a litre, between petrol (0.745) and diesel (0.832), EN 228 and EN 590."""


def measure(account: Account) -> dict[str, float]:
    """Value of each indicator but the unreachable trips.

    Means over trips are over the finished ones (NaN without any); distance, vehicle hours and
    emissions are of all vehicles, also of those still on their way.
    """
    distance, hours = account.distance / 1000.0, account.vehicle_seconds / 3600.0
    return {
        "traffic.trips": account.finished,
        "traffic.travel_time": account.travel_time,
        "traffic.time_loss": account.time_loss,
        "traffic.waiting_time": account.waiting_time,
        "traffic.vehicle_hours": hours,
        "traffic.distance": distance,
        "traffic.mean_speed": distance / hours if hours else float("nan"),
        "traffic.co2": account.emitted["co2"] / 1000.0,
        "traffic.nox": account.emitted["nox"],
        "traffic.pm": account.emitted["pm"],
        "traffic.fuel": litres(account.emitted["fuel"]),
        "traffic.teleports": account.teleports,
        "traffic.detours": account.detours,
        "traffic.ended_at_barrier": account.ended,
        "traffic.waiting_to_depart": account.waiting,
        "traffic.waiting_hours": account.waited / 3600.0,
        "traffic.advised": account.advised,
        "traffic.bus_speed": account.bus_speed * 3.6,
    }


def missing(found: Mapping[str, float]) -> str | None:
    """What a reader should know where many could not depart; None where all is well.

    Parameters
    ----------
    found
        Indicators by name.
    """
    waiting, hours = found["traffic.waiting_to_depart"], found["traffic.waiting_hours"]
    if waiting <= HELD_UP * (found["traffic.trips"] + waiting):
        return None
    return (
        f"{waiting:.0f} vehicles found no room to depart (all together waited {hours:.0f} h): "
        "distance, vehicle hours, fuel and emissions lack them, so that less of these is no gain"
    )


class Booking:
    """Books what is burnt and emitted."""

    def __init__(self) -> None:
        self._booked = dict.fromkeys(EMISSIONS, 0.0)

    def book(
        self, ledger: Ledger, now: Tick, emitted: dict[str, float], prices: TrafficParameters
    ) -> None:
        """Book what came since the last booking; ``emitted`` are the sums so far, g."""
        fresh = {kind: emitted[kind] - self._booked[kind] for kind in EMISSIONS}
        self._booked = emitted
        fuel = litres(fresh["fuel"]) * prices.fuel_price
        ledger.book(now, "drivers", "fuel supplier", fuel, "fuel")
        for kind, cost in (
            ("co2", prices.co2_cost),
            ("nox", prices.nox_cost),
            ("pm", prices.pm_cost),
        ):
            ledger.book(now, "society", NOBODY, fresh[kind] / 1000.0 * cost, f"external {kind}")


def litres(grams: float) -> float:
    """Volume of fuel."""
    return grams / 1000.0 / FUEL_DENSITY
