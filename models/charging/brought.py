"""Electric cars that the traffic brings: who plugs in where, and how much it wants."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.charging.kernels import AC_LIMIT
from twin.city.city import City
from twin.core.port import Port
from twin.core.random import Streams, normals, uniforms
from twin.core.state import Batch

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]
PORT = Port(
    "traffic.arrivals",
    "edge",
    "veh",
    "event",
    fields=("time", "edge", "person", "vehicle", "cruise", "electric", "charge"),
)


class Brought:
    """Makes cars at stations of the records of who has arrived.

    Parameters
    ----------
    city
        Its chargers and edges.
    given
        Parameters of the model.

    Notes
    -----
    A car plugs in when its state of charge is below a threshold of its own, uniform between
    ``plug_low`` and ``plug_high``: drivers do so at very different levels (Franke & Krems 2013). It
    takes the nearest station within ``reach`` of the edge where its trip ended.
    """

    def __init__(self, city: City, streams: Streams, given: Any) -> None:
        self._streams, self._given = streams, given
        spots, edges = city["charger"].points, city["edge"].points
        self._station = np.full(len(edges), -1, dtype=np.int32)
        if len(city["charger"]):
            for row, point in enumerate(edges):
                far = np.hypot(*(spots - point).T)
                nearest = int(np.argmin(far))
                self._station[row] = nearest if far[nearest] <= given.reach else -1
        self._rated = city["charger"]["power"].astype(np.float64)

    def cars(self, arrived: Batch) -> tuple[Floats, Rows]:
        """Cars that plug in and their stations, in the order in which they came.

        Returns
        -------
        (k, 3) float64 and (k,) int32
            Energy wanted (Wh), power taken (W) and stay (s); row of the station.
        """
        p = self._given
        electric = (arrived["electric"] > 0.5) & np.isfinite(arrived["charge"])
        rows = np.flatnonzero(electric & (arrived["cruise"] < 0.5))
        names = [f"{arrived['person'][k]:.0f}.{arrived['vehicle'][k]:.0f}" for k in rows]
        keys = self._streams.keys("charging.brought", np.array(names, dtype=np.str_))
        low = p.plug_low + (p.plug_high - p.plug_low) * uniforms(keys, np.uint64(0))
        charge, at = arrived["charge"][rows], self._station[arrived["edge"][rows].astype(np.int64)]
        plugs = np.flatnonzero((charge < low) & (at >= 0))
        at, keys = at[plugs].astype(np.int32), keys[plugs]
        fast = self._rated[at] > AC_LIMIT
        draw = uniforms(keys, np.uint64(1))
        slow_power = np.where(draw < 0.3, 7400.0, np.where(draw < 0.9, 11_000.0, 22_000.0))
        median = np.where(fast, p.stay_dc, p.stay_ac) * 60.0
        stay = median * np.exp(p.stay_sigma * normals(keys, np.uint64(2)))
        want = np.maximum(0.0, p.target - charge[plugs]) * p.battery * 1000.0
        power = np.where(fast, 5e4 + 1e5 * draw, slow_power)
        return np.column_stack((want, power, np.clip(stay, 300.0, 86_400.0))), at
