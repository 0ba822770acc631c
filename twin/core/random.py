"""Random streams keyed by seed, purpose and entity, never by the order of calls.

A draw is a function of (seed, purpose, entity, counter). A policy that removes one draw shifts no
other, so two lives of a city with one seed meet the same chances.

Single-stream code (a SimPy process) takes a NumPy generator (Philox, keyed). Code over thousands of
entities takes ``keys`` once and calls the kernels with a counter of its own (the step, the day):
the value is the finaliser of SplitMix64 (Steele, Lea & Flood 2014) over key and counter.
"""

from __future__ import annotations

import hashlib
import math

import numba as nb
import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]


def _digest(*parts: object) -> bytes:
    text = "\x1f".join(map(str, parts)).encode()
    return hashlib.blake2b(text, digest_size=16).digest()


class Streams:
    """All the chances of a run.

    Parameters
    ----------
    seed
        Seed of the run; two runs with the same seed meet the same chances.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def generator(self, purpose: str, entity: str = "") -> np.random.Generator:
        """A generator of its own for one purpose and entity."""
        key = int.from_bytes(_digest(self.seed, purpose, entity), "little")
        return np.random.Generator(np.random.Philox(key=key))

    def keys(self, purpose: str, ids: npt.NDArray[np.str_]) -> Keys:
        """A key for each entity, to draw from in the kernels; (len(ids),) uint64."""
        prefix = f"{self.seed}\x1f{purpose}\x1f".encode()
        hashed = (hashlib.blake2b(prefix + str(i).encode(), digest_size=8).digest() for i in ids)
        return np.frombuffer(b"".join(hashed), dtype="<u8").astype(np.uint64)


@nb.njit(nb.uint64(nb.uint64, nb.uint64), cache=True, inline="always")
def _mix(key: int, counter: int) -> int:
    z = key + (counter + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))  # type: ignore[return-value]


@nb.njit(nb.float64(nb.uint64, nb.uint64), cache=True)
def uniform(key: int, counter: int) -> float:
    """One draw in (0, 1) for a key and a counter; for use inside kernels."""
    return (float(_mix(key, counter) >> np.uint64(11)) + 0.5) * (1.0 / 9007199254740992.0)


@nb.njit(nb.float64(nb.uint64, nb.uint64), cache=True)
def exponential(key: int, counter: int) -> float:
    """One draw of mean 1."""
    return -math.log(uniform(key, counter))


@nb.njit(nb.float64(nb.uint64, nb.uint64), cache=True)
def normal(key: int, counter: int) -> float:
    """One standard normal draw (Box & Muller 1958), from two sub-keys of the key."""
    first = uniform(key ^ np.uint64(0xD1B54A32D192ED03), counter)
    second = uniform(key ^ np.uint64(0x8CB92BA72F3D8DD7), counter)
    return math.sqrt(-2.0 * math.log(first)) * math.cos(2.0 * math.pi * second)


@nb.njit(nb.float64[::1](nb.uint64[::1], nb.uint64), cache=True)
def uniforms(keys: Keys, counter: int) -> Floats:
    """A draw in (0, 1) for each key; (n,) float64."""
    out = np.empty(keys.size, dtype=np.float64)
    for i in range(keys.size):
        out[i] = uniform(keys[i], counter)
    return out


@nb.njit(nb.float64[::1](nb.uint64[::1], nb.uint64), cache=True)
def normals(keys: Keys, counter: int) -> Floats:
    """A standard normal draw for each key; (n,) float64."""
    out = np.empty(keys.size, dtype=np.float64)
    for i in range(keys.size):
        out[i] = normal(keys[i], counter)
    return out


@nb.njit(nb.int64[::1](nb.uint64[::1], nb.uint64, nb.float64[::1]), cache=True)
def poissons(keys: Keys, counter: int, mean: Floats) -> npt.NDArray[np.int64]:
    """A Poisson draw for each key; (n,) int64.

    By inversion up to a mean of 30; above, the rounded normal approximation (error below 1 % of the
    standard deviation there).
    """
    out = np.empty(keys.size, dtype=np.int64)
    for i in range(keys.size):
        m = mean[i]
        if m <= 0.0:
            out[i] = 0
        elif m > 30.0:
            out[i] = max(0, math.floor(m + math.sqrt(m) * normal(keys[i], counter) + 0.5))
        else:
            u = uniform(keys[i], counter)
            p = math.exp(-m)
            total = p
            k = 0
            while u > total and k < 200:
                k += 1
                p *= m / k
                total += p
            out[i] = k
    return out
