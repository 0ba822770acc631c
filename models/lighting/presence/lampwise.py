"""Whoever passes lights the lamps ahead, one after the other: drawn from the flows of the streets.

A step only notes the flows that hold in it. The steps are lived when somebody asks for what they
were (a port, an account), or when enough have come together: a block of streets then goes through
all of them in the cache. Nothing but the time of the work depends on when that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.lighting.groups import Streets
from models.lighting.presence import kernels
from models.lighting.presence.passers import WALKING, Passers, places
from models.lighting.presence.union.kernels import HELD, LANES, NEAR, PLACE
from twin.city.city import City
from twin.core.random import Streams

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]

ROOM = 8
"""Who lights a street at once, for which there is room at first; grows by doubling."""
STEPS, PLANS = 30, 8
"""Steps that are lived together at most, and changes of the flows among them. After so many steps
the times of those who are there, float32, are counted anew."""
LINE = 64
"""Bytes of a line of the cache."""


def aligned(*shape: int) -> Singles:
    """Zeros at the beginning of a line of the cache; float32."""
    size = 4 * int(np.prod(shape))
    memory = np.zeros(size + LINE, dtype=np.uint8)
    begin = -memory.ctypes.data % LINE
    return memory[begin : begin + size].view(np.float32).reshape(shape)


@dataclass(frozen=True)
class Lines:
    """Lamps street by street, in rows of :data:`LANES`.

    Attributes
    ----------
    start : (n_streets + 1,) int32
        Rows of each street.
    lane : (n_lamps,) int64
        Where each lamp of the city is among all lanes.
    place : (n_rows, LANES) float32, m
        Lanes without a lamp repeat the one before them.
    ends : (n_streets, 2) float64, m
        Places of the first and the last lamp.
    """

    start: Rows
    lane: Longs
    place: Singles
    ends: Floats

    @classmethod
    def of(cls, street: Rows, place: Floats, streets: int) -> Lines:
        """From the street and the place (m) of each lamp."""
        lamp = np.argsort(street, kind="stable")
        count = np.bincount(street, minlength=streets)
        start = np.append(0, np.cumsum(-(-count // LANES)))
        order = np.arange(len(lamp)) - np.repeat(np.cumsum(count) - count, count)
        lane = start[street[lamp]] * LANES + order
        row = lane // LANES
        begin = np.searchsorted(row, np.arange(start[-1] + 1))
        of = np.minimum(begin[:-1, None] + np.arange(LANES), begin[1:, None] - 1)
        ends = np.stack((np.full(streets, np.inf), np.full(streets, -np.inf)), axis=1)
        np.minimum.at(ends[:, 0], street, place)
        np.maximum.at(ends[:, 1], street, place)
        ends[count == 0] = 0.0
        where = np.empty(len(lamp), dtype=np.int64)
        where[lamp] = lane
        return cls(
            start.astype(np.int32),
            where,
            place[lamp][of].astype(np.float32),
            ends,
        )


class Lampwise(Passers):
    """Vehicles and walkers who come by the flow of each street and light lamp after lamp.

    Attributes
    ----------
    waiting : int
        Steps that were noted and are not lived yet.
    """

    def __init__(self, city: City, streets: Streets, streams: Streams, rules: Any) -> None:
        super().__init__(city, streets, streams, rules)
        n = len(streets)
        self._lines = lines = Lines.of(streets.of_lamp, places(city, streets), n)
        self._lamps = aligned(len(lines.place), 3, LANES)
        self._lamps[:, PLACE] = lines.place
        row, lane = np.divmod(lines.lane, LANES)
        self._spot = ((3 * row + NEAR) * LANES + lane).astype(np.int32)
        self._lit = np.zeros(n, dtype=np.uint8)
        known = streets.edge >= 0
        self._street = np.column_stack((lines.ends, np.zeros(n)))
        self._street[known, 2] = city["edge"]["length"][streets.edge[known]]
        self._walking = np.array([1.0 / WALKING, self._walker_span])
        self._first = ROOM * np.arange(n, dtype=np.int32)
        self._room = np.full(n, ROOM, dtype=np.int32)
        self._count = np.zeros(n, dtype=np.int32)
        self._who, self._tail = aligned(2 * ROOM * n, 4), np.array([ROOM * n])
        self._scratch = np.empty((2, len(self._who)), dtype=np.float32)
        self._lists = np.zeros((kernels.CLASSES + 1, kernels.BLOCK + 1), dtype=np.int32)
        self._size = np.zeros(kernels.CLASSES, dtype=np.int64)
        self._plans = np.empty((5, PLANS, n))
        self._plan, self._number = np.zeros(STEPS, dtype=np.int32), -1
        self.waiting, self._since, self._seconds, self._now = 0, 0, 0.0, 0.0

    def pass_by(self, seconds: float, lit: bool) -> None:
        """Note that a step has passed, and the flows in it."""
        if not lit:
            return
        if self._since == STEPS:  # whenever the steps were lived: the rounding is to be the same
            self.catch_up()
            kernels.rebase(self._first, self._count, self._who, np.float32(self._now))
            self._since, self._now = 0, 0.0
        if (self.fresh and self._number == PLANS - 1) or seconds != self._seconds:
            self.catch_up()
        self._since += 1
        self._seconds = seconds
        if self.fresh or self._number < 0:
            self._number += 1
            flows = self.forth, self.vehicles, self.walkers, self._pace, self._span
            for plan, column in zip(self._plans, flows, strict=True):
                plan[self._number] = column
            self.fresh = False
        self._plan[self.waiting] = self._number
        self.waiting += 1

    def catch_up(self) -> None:
        """Live the steps that were noted: who lit which lamp in them."""
        if not self.waiting:
            return
        at = np.zeros(3, dtype=np.int64)
        while not self._lived(at):
            more = aligned(2 * len(self._who), 4)
            more[: len(self._who)] = self._who
            self._who, self._scratch = more, np.empty((2, len(more)), dtype=np.float32)
        self._now += self.waiting * self._seconds
        self._plans[:, 0] = self._plans[:, self._number]
        self.waiting = self._number = 0

    def _lived(self, at: Longs) -> bool:
        """Go on from a street and a step; false where there is no more room."""
        return bool(
            kernels.presence(
                at,
                self._now,
                self._seconds,
                self._plan[: self.waiting],
                self._keys,
                self._drawn,
                self._patience,
                *self._plans,
                self._walking,
                self._street,
                self._lines.start,
                self._lamps,
                self._lit,
                self._first,
                self._room,
                self._count,
                self._who,
                self._who.view(np.uint64),
                self._tail,
                self._lists,
                self._size,
                self._scratch,
            )
        )

    def spread(self, low: Singles, high: Singles, out: Floats) -> None:
        """Mean power of all lamps over the step that ended."""
        self.catch_up()
        kernels.spread(low, high, self._spot, self._lamps.reshape(-1), out)

    def near_lamps(self) -> Floats:
        """Share of the step in which each lamp is lit; (n_lamps,) float64."""
        return self._of_lamps(NEAR)

    def take_held(self) -> Floats:
        """How long each lamp was lit since the last call, s; (n_lamps,) float64."""
        held = self._of_lamps(HELD)
        self._lamps[:, HELD] = 0.0
        return held

    @property
    def lit_streets(self) -> float:
        """Share of the streets where somebody is, or was in the last step that was lived."""
        return float(self._lit.mean())

    def _of_lamps(self, what: int) -> Floats:
        self.catch_up()
        return self._lamps[:, what].ravel()[self._lines.lane].astype(np.float64)

    def go(self) -> None:
        """Everybody leaves."""
        self.catch_up()
        self._lamps[:, NEAR] = 0.0
        self._count[:] = 0
        self._lit[:] = 0
