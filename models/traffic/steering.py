"""Policies that steer the traffic by what sensors see: gating an area, advice to drivers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from pydantic import Field

from models.traffic.cordon import ends_inside, gates
from models.traffic.engine import Floats, Rows
from twin.core.model import Parameters
from twin.core.time import Tick, minutes
from twin.errors import ConfigError
from twin.policy.policy import Action, Policy
from twin.policy.view import View


class GatingParameters(Parameters):
    """Of a gated area."""

    area: tuple[float, float, float, float] = Field(
        description="west, south, east, north in degrees"
    )
    density: float = Field(
        default=25.0, gt=0, description="veh/km inside at which the area carries most"
    )
    proportional: float = Field(
        default=2.0, ge=0, description="km/h that the entries lose for each veh/km of growth"
    )
    integral: float = Field(
        default=0.5, ge=0, description="km/h that they lose for each veh/km above the density"
    )
    slowest: float = Field(default=6.0, ge=2, le=50, description="limit of the entries, km/h")


class Gating(Policy):
    """Entries of an area are slowed when it holds more vehicles than it can carry.

    A proportional-integral rule on the density inside, as for perimeter control by the macroscopic
    fundamental diagram (Keyvan-Ekbatani, Kouvelas, Papamichail & Papageorgiou 2012); it acts by the
    speed limit of the edges that lead in.
    """

    name = "traffic.gating"
    Parameters: ClassVar[type[Parameters]] = GatingParameters
    parameters: GatingParameters
    sees = ("traffic.density",)
    acts = ("traffic.speed_limit",)
    period = minutes(2)

    def setup(self) -> None:
        """Find the streets inside and those that lead in.

        Raises
        ------
        ConfigError
            No street lies in the area, or none leads in.
        """
        table = self.city["edge"]
        start, end = ends_inside(self.city, self.parameters.area, (), f"policy {self.name}")
        self._inside: Rows = np.flatnonzero(start & end & table["car"])
        self._gates: Rows = np.flatnonzero(gates(start, end, "inward") & table["car"])
        if not len(self._inside) or not len(self._gates):
            raise ConfigError(
                "no street lies in the area, or none leads into it",
                where=f"policy {self.name}, area",
                allowed="a box of degrees (west, south, east, north)",
            )
        self._length = table["length"][self._inside]
        self._before = np.nan
        self._slower = 0.0
        self._usual: Floats | None = None

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Follow the density."""
        if self._usual is None:
            self._usual = self.world.state.columns["traffic.speed_limit"][self._gates].copy()
        seen = view["traffic.density"][self._inside]
        known = np.isfinite(seen)
        if not known.any():
            return []
        density = float(np.average(seen[known], weights=self._length[known]))
        p, grown = self.parameters, density - self._before
        self._before = density
        if np.isfinite(grown):
            fastest = float(self._usual.max()) * 3.6
            step = p.proportional * grown + p.integral * (density - p.density)
            self._slower = min(fastest - p.slowest, max(0.0, self._slower + step))
        limit = np.maximum(self._usual - self._slower / 3.6, p.slowest / 3.6)
        return [Action("traffic.speed_limit", np.minimum(limit, self._usual), self._gates)]


class AdviceParameters(Parameters):
    """Of advice to drivers."""

    share: float = Field(default=0.3, ge=0, le=1, description="share of drivers who follow it")
    congested: float = Field(
        default=0.35, gt=0, lt=1, description="share of the free speed below which it warns"
    )


class Advice(Policy):
    """Drivers hear which streets are slow, and a share of them takes the fastest way around."""

    name = "traffic.advice"
    Parameters: ClassVar[type[Parameters]] = AdviceParameters
    parameters: AdviceParameters
    sees = ("traffic.speed",)
    acts = ("traffic.advised_time", "traffic.advice_share")
    period = minutes(5)

    def setup(self) -> None:
        """Remember the free speeds."""
        table = self.city["edge"]
        self._length, self._free = table["length"], np.maximum(table["speed"], 0.1)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Tell the times of the slow streets that sensors see."""
        speed = view["traffic.speed"]
        slow = np.isfinite(speed) & (speed < self.parameters.congested * self._free)
        told = np.where(slow, self._length / np.maximum(np.nan_to_num(speed), 0.3), 0.0)
        return [
            Action("traffic.advised_time", np.minimum(told, 7200.0)),
            Action("traffic.advice_share", self.parameters.share),
        ]
