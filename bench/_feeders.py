"""A grid of any size for benches: medium-voltage feeders, stations, low-voltage feeders."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.energy.flow.network import LINE, TRANSFORMER, Network

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

BASE = 1e6
STATIONS_A_FEEDER = 20
LOW_FEEDERS, LOW_BUSES = 5, 50
"""Low-voltage feeders of a station, and buses of each."""
STATION = 2 + LOW_FEEDERS * LOW_BUSES
"""Buses of a station: medium voltage, low voltage, and its feeders'."""


def grid(stations: int) -> Network:
    """Stations in chains of twenty behind one source, each with five chains of fifty buses."""
    first = 1 + STATION * np.arange(stations)
    before = np.where(np.arange(stations) % STATIONS_A_FEEDER == 0, 0, first - STATION)
    low = np.arange(LOW_FEEDERS * LOW_BUSES)
    up = np.where(low % LOW_BUSES == 0, 1, 1 + low)
    start = np.concatenate([before, first, (first[:, None] + up).ravel()])
    end = np.concatenate([first, first + 1, (first[:, None] + 2 + low).ravel()])
    buses, lines = 1 + STATION * stations, len(first) * len(low)
    kind = np.concatenate(
        [np.full(stations, LINE), np.full(stations, TRANSFORMER), np.full(lines, LINE)]
    )
    nominal = np.full(buses, 400.0)
    nominal[0], nominal[first] = 20_000.0, 20_000.0
    series = np.concatenate(
        [
            np.full(stations, (0.08 + 0.06j) * BASE / 20_000.0**2),
            np.full(stations, (0.012 + 0.06j) / 0.63),
            np.full(lines, (0.004 + 0.0016j) * BASE / 400.0**2),
        ]
    )
    shunt = np.zeros(len(series), complex)
    turn = np.exp(1j * np.deg2rad(150.0))
    return Network(
        bus_names=np.arange(buses).astype(np.str_),
        nominal_voltage=nominal,
        base_power=BASE,
        branch_names=np.arange(len(series)).astype(np.str_),
        from_bus=start,
        to_bus=end,
        kind=kind,
        series=series,
        from_shunt=shunt,
        to_shunt=shunt,
        ratio=np.where(kind == TRANSFORMER, turn, 1.0),
        rating=np.where(kind == TRANSFORMER, 0.63e6, 270.0),
        closed=np.ones(len(series), bool),
        shunt=np.zeros(buses, complex),
        slack=np.zeros(1, np.int64),
        slack_voltage=np.full(1, 1.02 + 0j),
        constant_current=np.zeros(buses),
        constant_impedance=np.zeros(buses),
    )


def day(network: Network, seed: int = 1) -> tuple[Floats, Floats]:
    """Households at the low-voltage buses, quarter-hours of a day; (n_bus, 96) W and var."""
    hours = np.arange(96) / 4.0
    shape = 0.4 + 0.3 * np.exp(-((hours - 8) ** 2) / 4) + 0.6 * np.exp(-((hours - 19) ** 2) / 6)
    random = np.random.default_rng(seed)
    size = np.where(
        network.nominal_voltage < 1_000.0,
        random.uniform(300.0, 1_200.0, len(network.bus_names)),
        0.0,
    )
    active = size[:, None] * shape * random.uniform(0.7, 1.3, (len(size), 96))
    return active, 0.3 * active
