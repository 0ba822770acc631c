"""What the operator of the lamps knows of them: the light of each street, and its thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.lighting.groups import Streets

if TYPE_CHECKING:
    from models.lighting.lamps import Luminaires
    from twin.core.world import World

Floats = npt.NDArray[np.float64]
KEY = "lighting.known"


@dataclass
class Known:
    """Of each street; (n_streets,) float64.

    Attributes
    ----------
    quiet, busy
        Flow over capacity below which the class of the street falls by two, and above which it is
        that of the busiest hour.
    full
        Illuminance that its luminaires, as they now are, give at full light with their maintenance
        factor MF = LLMF · LSF · LMF, lx; 0 where it is not known.
    """

    quiet: Floats
    busy: Floats
    full: Floats

    @classmethod
    def of(cls, streets: Streets, lamps: Luminaires, rules: Any) -> Known:
        """With the thresholds of the model's parameters, two lanes or more."""
        two = streets.lanes <= 2
        quiet = np.where(two, rules.two_lane_quiet, rules.more_lanes_quiet)
        busy = np.where(two, rules.two_lane_busy, rules.more_lanes_busy)
        return cls(quiet, busy, planned_light(streets, lamps))


def planned_light(streets: Streets, lamps: Luminaires) -> Floats:
    """See :attr:`Known.full`; (n_streets,) float64, lx."""
    light = np.bincount(
        streets.of_lamp, weights=lamps.useful * lamps.survival(), minlength=len(streets)
    )
    area = streets.area
    return np.asarray(np.where(area > 0.0, light / np.where(area > 0.0, area, 1.0), 0.0))


def publish(world: World, known: Known) -> None:
    """Make it known to the policies of the run."""
    world.announced[KEY] = known


def look_up(world: World) -> Known:
    """What the model made known."""
    known: Known = world.announced[KEY]
    return known
