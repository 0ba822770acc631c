"""Numbers of a queue simulation, and what a gridlock is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.errors import ModelError

Goal = tuple[int, float, bool, float]
"""What a tree is made for: its link, what a toll weighs, trucks or not, what a fine weighs."""


@dataclass(frozen=True)
class Settings:
    """Numbers of a run; see ``docs/models/traffic-queue.md``.

    Attributes
    ----------
    renew
        Time between two renewals of the trees, s; 0 keeps those of the empty network.
    versions
        Trees that are kept for drivers who do not take every new one.
    reroute
        Share of the drivers who take a new tree when there is one.
    memory
        Weight of the former travel times at a renewal.
    tolerance
        Trees are kept while no cost changed by more than this share (and one second).
    release
        A head that has waited this long for a full link is pushed into it, s; 0 never.
    clear, gap, patience
        Of giving way, s: see :class:`~models.traffic.queue.arrays.Rules`.
    """

    renew: float = 300.0
    versions: int = 4
    reroute: float = 1.0
    memory: float = 0.3
    tolerance: float = 0.02
    release: float = 0.0
    clear: float = 1.5
    gap: float = 3.0
    patience: float = 60.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.release < float("inf"):
            raise ModelError(
                f"a vehicle cannot be pushed into a full street after {self.release} s",
                where="release",
                allowed="seconds from 0 up; 0 never",
            )


@dataclass(frozen=True)
class Gridlock:
    """A set of links that can never move again.

    Attributes
    ----------
    time
        When it was found, s.
    links : (n,) int64
    vehicles
        On them.
    """

    time: float
    links: npt.NDArray[np.int64]
    vehicles: int
