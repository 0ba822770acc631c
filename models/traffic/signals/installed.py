"""What a policy puts into the streets before SUMO starts: programs, detectors, controllers.

A policy is set up before the traffic model starts its engine. What it needs there it leaves in the
run's own folder, where the engine of SUMO finds it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

PLAN_FILE = "policy.signals.add.xml"
DETECTORS = "policy.detectors.add.xml"
CONTROLLER = "policy.pressure.json"


@dataclass(frozen=True)
class Movement:
    """A movement that a controller watches.

    Attributes
    ----------
    index
        Of the link at its signal.
    upstream, downstream
        Ids of the detectors before the stop line and behind the junction; empty where none works.
    share
        Of the vehicles at the upstream detector that are taken to make this movement.
    """

    index: int
    upstream: str
    downstream: str
    share: float


@dataclass(frozen=True)
class Controller:
    """A max-pressure controller of one signal; times in s."""

    signal: str
    greens: tuple[str, ...]
    movements: tuple[Movement, ...]
    shortest: float
    longest: float
    cycle: float
    yellow: float
    all_red: float


def write(controllers: list[Controller], scratch: Path) -> None:
    """Leave controllers in the run's folder."""
    text = json.dumps([asdict(controller) for controller in controllers])
    (scratch / CONTROLLER).write_text(text, encoding="utf-8")


def read(scratch: Path) -> list[Controller]:
    """Controllers that a policy has left; empty without one."""
    file = scratch / CONTROLLER
    if not file.is_file():
        return []
    return [
        Controller(
            **{
                **raw,
                "greens": tuple(raw["greens"]),
                "movements": tuple(Movement(**movement) for movement in raw["movements"]),
            }
        )
        for raw in json.loads(file.read_text(encoding="utf-8"))
    ]


def additional(scratch: Path) -> list[Path]:
    """Files for SUMO that policies have left."""
    return [file for file in (scratch / PLAN_FILE, scratch / DETECTORS) if file.is_file()]
