"""Keeps columns over time: flows as means of each interval, states as they are at its end."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from twin.core.port import Port
from twin.core.state import Column
from twin.core.time import Tick

Series = npt.NDArray[np.float32]


@dataclass
class _Track:
    port: Port
    column: Column
    rows: list[Series] = field(default_factory=list)
    total: Column | None = None
    steps: int = 0


class Recorder:
    """Records ports at a fixed interval.

    Parameters
    ----------
    ports
        Ports to record, with their columns.
    every
        Ticks between two samples, first at tick 0.
    """

    def __init__(self, ports: list[tuple[Port, Column]], every: Tick) -> None:
        self.every = every
        self.times: list[Tick] = []
        self._tracks = {p.name: _Track(p, column) for p, column in ports}

    def accumulate(self, port: str) -> None:
        """Add a step of a flow to its interval's mean; called after each step of its writer."""
        track = self._tracks[port]
        if track.total is None:
            track.total = np.zeros_like(track.column)
        track.total += track.column
        track.steps += 1

    def sample(self, now: Tick) -> None:
        """Close an interval."""
        self.times.append(now)
        for track in self._tracks.values():
            track.rows.append(_value(track).astype(np.float32))

    @property
    def flows(self) -> list[str]:
        """Recorded ports whose interval means are wanted."""
        return [name for name, track in self._tracks.items() if track.port.kind == "flow"]

    def series(self) -> dict[str, Series]:
        """Each port's values; (n_times, n_entities) float32, in the port's unit."""
        return {name: np.stack(track.rows) for name, track in self._tracks.items() if track.rows}


def _value(track: _Track) -> Column:
    if track.total is None or track.steps == 0:
        return track.column
    mean: Column = track.total / track.steps
    track.total[:] = 0.0
    track.steps = 0
    return mean
