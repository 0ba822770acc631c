"""Cables and transformers for a load, from pandapower's standard types."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

VOLTAGE = 400.0
"""Nominal voltage of the low-voltage grid, V."""
POWER_FACTOR = 0.95
MAINS = "NAYY 4x150 SE"
SERVICE = "NAYY 4x50 SE"
FILL = 0.8
"""Planned loading of cables and transformers at the planned peak, 1."""
DROP = 0.04
"""Planned voltage drop from station to connection at the planned peak, per unit."""


@dataclass(frozen=True)
class Cables:
    """Chosen cables.

    Attributes
    ----------
    type : (n,) str
        pandapower standard type.
    parallel : (n,) int64
        Cables side by side.
    r, x : (n,) float64, ohm
        Of all of them together, over the length.
    ampacity : (n,) float64, A
        Of all of them together.
    """

    type: npt.NDArray[np.str_]
    parallel: npt.NDArray[np.int64]
    r: Floats
    x: Floats
    ampacity: Floats


@dataclass(frozen=True)
class Transformers:
    """Chosen transformers.

    Attributes
    ----------
    type : (n,) str
    parallel : (n,) int64
        Units side by side.
    rated_power : (n,) float64, VA
        Of all units together.
    impedance, resistance : (n,) float64, per unit of ``rated_power``
        Short-circuit voltage and its real part.
    iron_losses : (n,) float64, W
        Of all units together.
    no_load_current : (n,) float64, per unit of the rated current
    """

    type: npt.NDArray[np.str_]
    parallel: npt.NDArray[np.int64]
    rated_power: Floats
    impedance: Floats
    resistance: Floats
    iron_losses: Floats
    no_load_current: Floats


@cache
def types() -> dict[str, Any]:
    """The standard types: ``line`` and ``trafo``, by name."""
    return tomllib.loads((Path(__file__).parent / "types.toml").read_text(encoding="utf-8"))


def choose_cables(
    peak: npt.ArrayLike, length: npt.ArrayLike, reach: npt.ArrayLike, service: npt.ArrayLike
) -> Cables:
    """The fewest cables that carry a peak within planned loading and voltage drop.

    Parameters
    ----------
    peak : (n,) W
    length : (n,) m
    reach : (n,) m
        Length of the longest way from station to connection on which the line lies. A line may use
        ``DROP`` · length / reach, so that no way uses more than ``DROP``.
    service : (n,) bool
        Lines to one connection, which may be of the smaller type.
    """
    current = np.asarray(peak, dtype=np.float64) / (np.sqrt(3.0) * VOLTAGE * POWER_FACTOR)
    thin = _count(SERVICE, current, np.asarray(reach, dtype=np.float64))
    thick = _count(MAINS, current, np.asarray(reach, dtype=np.float64))
    use_thin = np.asarray(service, dtype=bool) & (thin == 1)
    name = np.where(use_thin, SERVICE, MAINS)
    parallel = np.where(use_thin, 1, thick)
    data = types()["line"]
    km = np.asarray(length, dtype=np.float64) / 1000.0

    def per_type(key: str) -> Floats:
        found: Floats = np.where(use_thin, data[SERVICE][key], data[MAINS][key])
        return found

    return Cables(
        type=name,
        parallel=parallel,
        r=per_type("r_ohm_per_km") * km / parallel,
        x=per_type("x_ohm_per_km") * km / parallel,
        ampacity=per_type("max_i_ka") * 1000.0 * parallel,
    )


def _count(name: str, current: Floats, reach: Floats) -> npt.NDArray[np.int64]:
    """Cables of one type that are needed side by side."""
    data = types()["line"][name]
    sine = np.sqrt(1.0 - POWER_FACTOR**2)
    per_km = data["r_ohm_per_km"] * POWER_FACTOR + data["x_ohm_per_km"] * sine
    for_drop = np.sqrt(3.0) * current * per_km * reach / 1000.0 / (DROP * VOLTAGE)
    for_heat = current / (FILL * data["max_i_ka"] * 1000.0)
    needed: Floats = np.ceil(np.maximum(for_drop, for_heat) - 1e-9)
    return np.maximum(1, needed).astype(np.int64)


def choose_transformers(peak: npt.ArrayLike) -> Transformers:
    """The smallest type that carries a peak; several of the largest where one does not.

    Parameters
    ----------
    peak : (n,) W
    """
    data = types()["trafo"]
    names = np.array(sorted(data, key=lambda name: data[name]["sn_mva"]))
    sizes = np.array([data[name]["sn_mva"] * 1e6 for name in names])
    need = np.asarray(peak, dtype=np.float64) / POWER_FACTOR / FILL
    parallel = np.maximum(1, np.ceil(need / sizes[-1] - 1e-9)).astype(np.int64)
    choice = np.minimum(np.searchsorted(sizes, need), len(sizes) - 1)

    def per_type(key: str) -> Floats:
        return np.array([data[name][key] for name in names], dtype=np.float64)[choice]

    return Transformers(
        type=names[choice],
        parallel=parallel,
        rated_power=sizes[choice] * parallel,
        impedance=per_type("vk_percent") / 100.0,
        resistance=per_type("vkr_percent") / 100.0,
        iron_losses=per_type("pfe_kw") * 1000.0 * parallel,
        no_load_current=per_type("i0_percent") / 100.0,
    )
