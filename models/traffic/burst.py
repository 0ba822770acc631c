"""Many cars that leave a place at once: a match that lets out, an area that is cleared."""

from __future__ import annotations

import numpy as np

from models.traffic.engine import Floats, Rows
from models.traffic.network import Network
from models.traffic.trips import Trips
from twin.city.city import City
from twin.core.random import Streams, poissons, uniforms
from twin.core.time import Tick


class Bursts:
    """Makes the trips that the control ``traffic.leaving`` asks for.

    They go out of the city: to the gateways by their volume, or where the network has none, to the
    ends of its streets alike.
    """

    def __init__(self, city: City, network: Network, streams: Streams) -> None:
        self._ids = city["edge"].ids
        self._network, self._streams = network, streams
        self._goals, self._share = _outs(city, network)

    def between(self, start: Tick, end: Tick, rates: Floats) -> Trips | None:
        """Trips from ``start`` to ``end`` at rates of (n_edges,) float64, veh/h; None without any.

        Counts are Poisson, keyed by edge and time.
        """
        rows: Rows = np.flatnonzero((rates > 0.0) & self._network.starts)
        if not len(rows) or not len(self._goals):
            return None
        keys = self._streams.keys("traffic.leaving", self._ids[rows])
        counts = poissons(keys, np.uint64(start), rates[rows] * ((end - start) / 3_600_000.0))
        origin = np.repeat(rows, counts)
        if not len(origin):
            return None
        first = np.repeat(np.cumsum(counts) - counts, counts)
        number = np.arange(len(origin)) - first
        names = [f"x.{row}.{start}.{n}" for row, n in zip(origin, number, strict=True)]
        named = np.array(names, dtype=np.str_)
        own = self._streams.keys("traffic.leaving.trip", named)
        chosen = np.searchsorted(np.cumsum(self._share), uniforms(own, np.uint64(0)), side="right")
        goal = self._goals[np.minimum(chosen, len(self._goals) - 1)]
        depart = start + uniforms(own, np.uint64(1)) * (end - start)
        return Trips(named, depart, origin, goal, inside=True)


def _outs(city: City, network: Network) -> tuple[Rows, Floats]:
    """Edges by which one leaves the city, and their shares."""
    if "gateway" in city and len(city["gateway"]):
        gate = city["gateway"]
        out = ~np.asarray(gate["inward"], dtype=bool) & network.ends[gate["edge"]]
        edges, weight = gate["edge"][out].astype(np.int64), gate["volume"][out]
    else:
        ends = np.diff(network.graph.indptr) == 0
        edges = np.flatnonzero(ends & network.ends)
        weight = np.ones(len(edges))
    return edges, weight / max(float(weight.sum()), 1e-9)
