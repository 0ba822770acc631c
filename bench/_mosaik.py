"""The peer of :mod:`bench.core`: one node of the ring as a mosaik simulator."""

from __future__ import annotations

from typing import Any, ClassVar

import mosaik_api_v3
import numpy as np

META = {
    "api_version": "3.0",
    "type": "time-based",
    "models": {"Node": {"public": True, "params": [], "attrs": ["in", "out"]}},
}


class NodeSimulator(mosaik_api_v3.Simulator):  # type: ignore[misc]  # untyped base
    """Gives one more than it takes, at each time."""

    watch: ClassVar[list[Any]] = []

    def __init__(self) -> None:
        super().__init__(META)

    def create(self, num: int, model: str, **parameters: Any) -> list[dict[str, str]]:
        """The one entity."""
        return [{"eid": "node", "type": model}]

    def step(self, time: int, inputs: dict[str, Any], max_advance: int) -> int:
        """Add one to what came over the wire."""
        (taken,) = inputs["node"]["in"].values()
        self.given = np.add(taken, 1.0)
        return time + 1

    def get_data(self, outputs: dict[str, list[str]]) -> dict[str, dict[str, Any]]:
        """The column, by reference."""
        self.watch[:] = [self.given]
        return {"node": {"out": self.given}}
