"""Policies of collection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from pydantic import Field

from twin.core.model import Parameters
from twin.core.time import Tick, minutes
from twin.policy.policy import Action, Policy
from twin.policy.view import View


class ByLevelParameters(Parameters):
    """When a container is worth a visit."""

    threshold: float = Field(
        0.6, ge=0.0, le=2.0, description="level from which a container is emptied"
    )
    stale: float = Field(
        24.0, gt=0.0, description="age from which a reading is not believed any more, h"
    )


class ByLevel(Policy):
    """Empty the containers whose sensors say that they are full enough.

    A container that no sensor has seen, or not for long, is emptied as the calendar says.
    """

    name = "waste.by_level"
    Parameters: ClassVar[type[Parameters]] = ByLevelParameters
    parameters: ByLevelParameters
    sees = ("waste.level",)
    acts = ("waste.collect",)
    period = minutes(15)

    def decide(self, now: Tick, view: View) -> Iterable[Action]:
        """Choose for the next dispatch."""
        level = view["waste.level"]
        known = view.age("waste.level", now) <= self.parameters.stale * 3600.0
        full = level >= self.parameters.threshold
        return (Action("waste.collect", np.where(known, full.astype(np.float64), -1.0)),)
