"""Through traffic: from gateway to gateway, by gravity, with the day's profile."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import numpy.typing as npt

from models.traffic.kernels import Floats, gravity
from models.traffic.network import Network
from models.traffic.trips import Trips
from twin.city.city import City
from twin.core.random import Streams, poissons, uniforms
from twin.core.time import Calendar, Tick, minutes

BLOCK: Tick = minutes(5)
WEEKDAY = (
    0.9, 0.5, 0.4, 0.4, 0.8, 1.9, 4.4, 7.2, 7.0, 5.3, 4.9, 5.1,
    5.3, 5.4, 5.7, 6.6, 7.7, 8.2, 6.9, 5.2, 3.7, 2.9, 2.2, 1.4,
)  # fmt: skip
"""Share of a weekday's vehicles in each hour, %: the double peak of urban main roads, rounded from
the usual count summaries (for instance HBS 2015, type D/E curves)."""
WEEKEND = (
    2.2, 1.6, 1.2, 0.9, 0.8, 1.0, 1.6, 2.4, 3.7, 5.2, 6.5, 7.1,
    7.0, 6.9, 7.1, 7.2, 7.1, 6.8, 6.2, 5.2, 4.1, 3.4, 2.8, 2.0,
)  # fmt: skip
WEEKEND_VOLUME = 0.75
MAX_DETOUR = 2.0
"""Pairs whose way through the city is longer than this many straight lines go around it."""


def profile(moment: datetime) -> float:
    """Share of an average weekday's vehicles in the hour of a moment, 1/h."""
    weekend = moment.weekday() >= 5
    table, volume = (WEEKEND, WEEKEND_VOLUME) if weekend else (WEEKDAY, 1.0)
    return volume * table[moment.hour] / sum(table)


class ThroughTraffic:
    """Makes the trips between gateways, block by block.

    Parameters
    ----------
    share
        Share of the volume at a gateway that passes through.

    Attributes
    ----------
    scale
        Factor on all volumes; counts move it.
    """

    def __init__(
        self, city: City, network: Network, streams: Streams, calendar: Calendar, share: float
    ) -> None:
        self.scale = 1.0
        self._calendar = calendar
        self._next: Tick = 0
        origins, goals, daily = _pairs(city, network)
        self._origin, self._goal, self._daily = origins, goals, daily * share
        ids = city["edge"].ids
        pairs = [f"{ids[o]}>{ids[d]}" for o, d in zip(origins, goals, strict=True)]
        self._names = np.array(pairs, dtype=np.str_)
        self._keys = streams.keys("traffic.through", self._names)
        self._departures = streams.keys("traffic.through.depart", self._names)

    def until(self, now: Tick) -> list[Trips]:
        """The trips of every block that begins before ``now`` and was not made yet."""
        made = []
        while self._next < now:
            made.append(self._block(self._next))
            self._next += BLOCK
        return made

    def follow(self, ratio: float) -> None:
        """Move the scale towards what counts ask: ``ratio`` is counted over simulated.

        Half the way and at most a quarter at once, since streets answer late.
        """
        step = min(1.25, max(0.8, ratio**0.5))
        self.scale = min(10.0, max(0.1, self.scale * step))

    def _block(self, start: Tick) -> Trips:
        block = start // BLOCK
        hours = BLOCK / 3_600_000
        mean = self._daily * (profile(self._calendar.local(start)) * hours * self.scale)
        counts = poissons(self._keys, np.uint64(block), mean)
        pair = np.repeat(np.arange(len(counts)), counts)
        first = np.repeat(np.cumsum(counts) - counts, counts)
        number = np.arange(len(pair)) - first
        depart = np.empty(len(pair), dtype=np.float64)
        for nth in range(int(counts.max(initial=0))):
            rows = np.flatnonzero(number == nth)
            draw = uniforms(self._departures[pair[rows]], np.uint64(block * 1000 + nth))
            depart[rows] = start + draw * BLOCK
        names = [f"t.{p}.{block}.{n}" for p, n in zip(pair, number, strict=True)]
        return Trips(
            np.array(names, dtype=np.str_),
            depart,
            self._origin[pair],
            self._goal[pair],
            inside=False,
        )


def _pairs(
    city: City, network: Network
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Origin and goal edge rows of every pair of gateways, and its trips a day."""
    nothing = np.empty(0, dtype=np.int64)
    if "gateway" not in city or not len(city["gateway"]):
        return nothing, nothing, np.empty(0)
    gate = city["gateway"]
    inward = np.asarray(gate["inward"], dtype=bool)
    edge = gate["edge"].astype(np.int64)
    ins = np.flatnonzero(inward & network.starts[edge])
    outs = np.flatnonzero(~inward & network.ends[edge])
    if not len(ins) or not len(outs):
        return nothing, nothing, np.empty(0)
    likely = _willingness(city, network, ins, outs)
    trips = gravity(gate["volume"][ins], gate["volume"][outs], likely)
    row, column = np.nonzero(trips > 0.5)
    return edge[ins[row]], edge[outs[column]], trips[row, column]


def _willingness(
    city: City, network: Network, ins: npt.NDArray[np.int64], outs: npt.NDArray[np.int64]
) -> Floats:
    """Deterrence of each pair: how direct the way through the city is, 0 for a turn back."""
    gate = city["gateway"]
    points = gate.points
    edge = gate["edge"]
    straight = np.hypot(*(points[ins][:, None, :] - points[outs][None, :, :]).transpose(2, 0, 1))
    times = network.times(edge[ins])[:, edge[outs]]
    pace = float(np.median(city["edge"]["speed"]))
    detour = times * pace / np.maximum(straight, 1.0)
    apart = straight > 0.2 * straight.max(initial=1.0)
    found: Floats = np.where(
        apart & (detour < MAX_DETOUR * 1.5), np.minimum(1.0, 1.0 / detour), 0.0
    )
    return found
