"""Parameters of the traffic model, with the sources of the prices."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from models.traffic.engine import EngineName
from models.traffic.fleet import Emissions
from models.traffic.queue.parameters import QueueParameters
from models.traffic.screenlines import ScreenlineParameters
from models.traffic.sumo.electric import Model as BatteryModel
from twin.core.model import Parameters


class TrafficParameters(Parameters):
    """What a scenario may set under ``[model.traffic]``."""

    engine: EngineName = Field(
        default="libsumo",
        description="SUMO in this process, beside it over TraCI, or with its window; or queues",
    )
    queue: QueueParameters = Field(
        default_factory=QueueParameters, description="of the queue engine, see its page"
    )
    remote: str = Field(
        default="",
        pattern=r"^([\w.-]+:\d{1,5})?$",
        description='host:port of a SUMO that waits for a client, with engine = "traci"',
    )
    demand: Literal["auto", "own", "citizens", "both", "calibrated"] = Field(
        default="auto",
        description="the demand that came with the city, the citizens' trips, both, or a "
        "calibrated one",
    )
    demand_file: str | None = Field(
        default=None, description="the calibrated demand, written by `twin calibrate`"
    )
    count_columns: dict[str, str] = Field(
        default_factory=dict, description="which column of a file of counts is what"
    )
    buses: Literal["auto", "own", "timetable", "none"] = Field(
        default="auto",
        description="of the city's SUMO scenario, of a timetable (where there is one), or none",
    )
    gtfs_file: str | None = Field(
        default=None,
        description="GTFS feed (.zip or folder) whose buses drive; that of the citizens where none",
    )
    gtfs_date: date | None = Field(
        default=None, description="day of the feed that is lived first; the scenario's where none"
    )
    bus_stop_distance: float = Field(
        default=60.0, gt=0, le=500, description="longest from a stop to its street, m"
    )
    bus_dwell: float = Field(
        default=20.0, ge=1, le=600, description="seconds that a bus stands at a stop at least"
    )
    bus_bays: bool = Field(
        default=False, description="whether buses of a timetable stop beside the street"
    )
    through: float = Field(
        default=0.2,
        ge=0,
        description="share of the vehicles at the city's border that pass through",
    )
    counts: str | None = Field(
        default=None, description="recorded sensor of traffic.flow that scales the through traffic"
    )
    screenlines: tuple[ScreenlineParameters, ...] = Field(
        default=(), description="lines whose crossings are counted, see its page"
    )
    period: str = Field(default="1m", description="between two fillings of the ports")
    sample: str = Field(
        default="20s", description="between two looks at the edges; divides the period"
    )
    reroute: str = Field(
        default="5m", description="between two looks of a driver for a better way (not own demand)"
    )
    measures: Literal["sampled", "edie"] = Field(
        default="sampled",
        description="flow, density and speed from loops and looks, or by Edie's definitions from "
        "every vehicle's time and distance",
    )
    horizon: str = Field(default="5m", description="memory of the travel times")
    vans: float = Field(default=0.09, ge=0, le=0.5, description="share of vans in through traffic")
    trucks: float = Field(
        default=0.04, ge=0, le=0.5, description="share of trucks in through traffic"
    )
    diesel: float = Field(default=0.40, ge=0, le=1, description="share of diesel among cars")
    electric: float = Field(default=0.05, ge=0, le=1, description="share of battery-electric cars")
    emissions: Emissions | None = Field(
        default=None,
        description="emission model of all vehicles; each its own class when left out, "
        "HBEFA4 for those of citizens and through traffic",
    )
    battery: BatteryModel = Field(
        default="energy",
        description="electricity of cars with a battery, where something reads arrivals",
    )
    fleet: str = Field(
        default="",
        description="how old vehicles are, FR-2023, FI-2024 or IT-2023; all Euro 6 when left out",
    )
    fuel_price: float = Field(default=1.75, ge=0, description="EUR a litre at the pump")
    co2_cost: float = Field(
        default=0.10, ge=0, description="EUR/kg, EU Handbook on external costs of transport 2019"
    )
    nox_cost: float = Field(default=21.3, ge=0, description="EUR/kg in a city, the same handbook")
    pm_cost: float = Field(default=123.0, ge=0, description="EUR/kg in a city, the same handbook")
    value_of_time: float = Field(default=12.0, gt=0, description="median over car drivers, EUR/h")
    value_of_time_goods: float = Field(
        default=30.0, gt=0, description="median over vans and trucks, EUR/h"
    )
    value_spread: float = Field(
        default=0.6, ge=0, le=2, description="standard deviation of the logarithm of both"
    )
    elasticity: float = Field(
        default=-1.7, le=0, description="of car trips to their generalised cost"
    )
    elasticity_goods: float = Field(
        default=-0.5, le=0, description="of vans' and trucks' trips to their generalised cost"
    )
    running_cost: float = Field(
        default=0.15, ge=0, description="EUR/km that a driver feels when a trip is weighed"
    )
    beyond_time: float = Field(
        default=12.0, ge=0, description="minutes that a trip lasts beyond each border it crosses"
    )
    beyond_distance: float = Field(
        default=8.0, ge=0, description="km that a trip has beyond each border it crosses"
    )
    options: dict[str, str] = Field(
        default_factory=dict, description="further options of SUMO, without dashes"
    )

    @model_validator(mode="after")
    def _shares(self) -> TrafficParameters:
        if self.remote and self.engine != "traci":
            raise ValueError('remote needs engine = "traci"')
        if self.diesel + self.electric > 1.0:
            raise ValueError("diesel and electric together exceed 1")
        if self.demand == "calibrated" and self.demand_file is None:
            raise ValueError('demand = "calibrated" needs demand_file')
        return self
