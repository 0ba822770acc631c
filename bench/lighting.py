"""A night of one million lamps at one-minute steps, somebody lighting them: ours, NumPy, Mesa.

The night is from 20:00 to 06:00; a street has ten lamps and the vehicles and walkers of a
residential one, by the hour. A step draws who comes to each street, for how long they hold its
light, and writes the mean power of every lamp. NumPy does the same with whole arrays. Mesa has an
agent a lamp and a street, on fewer lamps; its updates a second are those of its own size, which
larger ones do not reach (they miss the caches). All three light a street as one
(``presence = "streets"`` of the model). ``lampwise_updates_per_s`` is the model's usual presence,
in which each lamp is lit by those who reach it; the peers do not do as much.

``bandwidth_fraction`` is the bytes of a step (as STREAM counts them: what is read and what is
written) over the time of a step and over the triad's bandwidth from memory, one core, in the same
run. Every time is that of the one thread on its core (``process_time``), ours, the peers' and the
triad's alike. ``spread_fraction`` is that of the loop over the lamps alone. Above 1 the lamps come
from the cache, not from memory: what limits is then the loop over the streets, whose draws cost
time and no bandwidth.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from bench._report import Bench, alternate
from models.lighting.presence import kernels as lampwise
from models.lighting.presence.streetwise import kernels
from models.lighting.use import ON_FOOT, VEHICLES, WALKERS, WEEKDAY

Floats = npt.NDArray[np.float64]

LAMPS, PER_STREET = 1_000_000, 10
NIGHT = (20, 21, 22, 23, 0, 1, 2, 3, 4, 5)
VEHICLE_WINDOW, WALKER_WINDOW, MINUTE = 27.0, 43.0, 60.0
STREAM = 20_000_000
MESA_LAMPS, MESA_STEPS = 10_000, 10


@dataclass
class Night:
    """The columns of a night: of lamps, and of streets."""

    low: npt.NDArray[np.float32]
    high: npt.NDArray[np.float32]
    street: npt.NDArray[np.int32]
    power: Floats
    near: npt.NDArray[np.float32]
    held: Floats
    keys: npt.NDArray[np.uint64]
    drawn: npt.NDArray[np.int64]
    patience: Floats
    lit: Floats
    span: Floats
    coming: npt.NDArray[np.int32]

    @classmethod
    def of(cls, lamps: int) -> Night:
        """LED lamps of 30 W that rest at a fifth of their light."""
        n = lamps // PER_STREET
        rng = np.random.default_rng(1)
        high = rng.normal(30.0, 5.0, lamps).clip(10.0).astype(np.float32)
        return cls(
            low=high * np.float32(0.145 + 0.855 * 0.2),
            high=high,
            street=np.repeat(np.arange(n, dtype=np.int32), PER_STREET),
            power=np.zeros(lamps),
            near=np.zeros(n, dtype=np.float32),
            held=np.zeros(n),
            keys=rng.integers(0, 2**63, n).astype(np.uint64),
            drawn=np.ones(n, dtype=np.int64),
            patience=rng.exponential(size=n),
            lit=np.zeros(n),
            span=np.full(n, VEHICLE_WINDOW),
            coming=np.zeros(n + 1, dtype=np.int32),
        )

    def rates(self, hour: int) -> tuple[Floats, Floats]:
        """Vehicles and walkers a second, by street."""
        n, a_day = len(self.near), (VEHICLES["residential"], WALKERS["residential"])
        shares = WEEKDAY[hour], ON_FOOT[hour]
        return tuple(np.full(n, v * s / 3.6e5) for v, s in zip(a_day, shares, strict=True))  # type: ignore[return-value]

    @property
    def bytes_a_step(self) -> int:
        """What a step reads and writes once."""
        streets = 8 * len(self.near) * 8  # patience, lit and held twice, two rates
        return self.bytes_of_lamps + streets + 4 * len(self.near)

    @property
    def bytes_of_lamps(self) -> int:
        """The same of the loop over the lamps."""
        columns = (self.low, self.high, self.street, self.power, self.near)
        return sum(int(column.nbytes) for column in columns)


def ours(night: Night, minutes: int = 60) -> float:
    """Energy of the night, Wh."""
    energy = 0.0
    for hour in NIGHT:
        rates = night.rates(hour)
        for _ in range(minutes):
            kernels.presence(
                night.keys,
                night.drawn,
                night.patience,
                night.lit,
                *rates,
                night.span,
                WALKER_WINDOW,
                MINUTE,
                night.coming,
                night.near,
                night.held,
            )
            kernels.spread(night.low, night.high, night.street, night.near, night.power)
        energy += float(night.power.sum())
    return energy


def lamp_by_lamp(night: Night, minutes: int = 60) -> float:
    """The night with each lamp lit by those who reach it, its street 300 m long; energy, Wh."""
    n, lamps = len(night.near), len(night.low)
    start = np.arange(0, lamps + 1, PER_STREET, dtype=np.int32)
    place = np.tile(30.0 * np.arange(PER_STREET) + 15.0, n)
    pace, far, lamp = np.full(n, 1.0 / 13.9), np.full(n, 300.0), np.arange(lamps, dtype=np.int32)
    before, after, scratch = np.zeros((6 * n, 3)), np.zeros((6 * n, 3)), np.zeros((6 * n, 2))
    count, state = np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.uint8)
    near, held = np.zeros(lamps, dtype=np.float32), np.zeros(lamps)
    energy, everywhere = 0.0, True
    for hour in NIGHT:
        vehicles, walkers = night.rates(hour)
        rates = 0.5 * vehicles, vehicles, walkers, pace, night.span
        for _ in range(minutes):
            chance = night.keys, night.drawn, night.patience
            lines = 1.0 / 1.3, WALKER_WINDOW, far, MINUTE, start, place
            columns = before, after, scratch, count, near, held, state
            done, _, _ = lampwise.presence(0, 0, 0, *chance, *rates, *lines, *columns)
            if done < n:
                raise RuntimeError("no room for those who come")
            before, after = after, before
            lampwise.spread(
                night.low, night.high, start, lamp, near, state, everywhere, night.power
            )
            everywhere = False
        energy += float(night.power.sum())
    return energy


def plain(night: Night, minutes: int = 60) -> float:
    """The same with NumPy: one wave of arrivals after another, until no street has one left."""
    rng = np.random.default_rng(1)
    n, energy = len(night.near), 0.0
    patience, lit = rng.exponential(size=n), np.zeros(n)
    for hour in NIGHT:
        vehicles, walkers = night.rates(hour)
        rate = vehicles + walkers
        for _ in range(minutes):
            covered, at = np.minimum(lit, MINUTE), np.zeros(n)
            coming = np.flatnonzero(patience < rate * (MINUTE - at))
            while len(coming):
                at[coming] += patience[coming] / rate[coming]
                walks = rng.random(len(coming)) * rate[coming] < walkers[coming]
                end = at[coming] + np.where(walks, WALKER_WINDOW, VEHICLE_WINDOW)
                begin = np.maximum(at[coming], lit[coming])
                fresh = np.minimum(end, MINUTE) - np.minimum(begin, MINUTE)
                covered[coming] += np.maximum(fresh, 0.0)
                lit[coming] = np.maximum(lit[coming], end)
                patience[coming] = rng.exponential(size=len(coming))
                left = patience[coming] < rate[coming] * (MINUTE - at[coming])
                coming = coming[left]
            patience -= rate * (MINUTE - at)
            lit = np.maximum(lit - MINUTE, 0.0)
            near = (covered / MINUTE).astype(np.float32)
            night.power[:] = night.low + (night.high - night.low) * near[night.street]
        energy += float(night.power.sum())
    return energy


def agents(lamps: int, steps: int) -> Any:
    """A Mesa model with an agent a lamp and a street."""
    import mesa

    class Street(mesa.Agent):  # type: ignore[misc]
        near = lit = 0.0

        def step(self) -> None:
            rng, at = self.model.rng, 0.0
            vehicles, walkers = self.model.rates
            covered = min(self.lit, MINUTE)
            while (at := at + rng.exponential() / (vehicles + walkers)) < MINUTE:
                walks = rng.random() * (vehicles + walkers) < walkers
                end = at + (WALKER_WINDOW if walks else VEHICLE_WINDOW)
                if end > self.lit:
                    covered += min(end, MINUTE) - min(max(at, self.lit), MINUTE)
                    self.lit = end
            self.lit = max(0.0, self.lit - MINUTE)
            self.near = covered / MINUTE

    class Lamp(mesa.Agent):  # type: ignore[misc]
        power = 0.0

        def __init__(self, model: Any, street: Street, high: float) -> None:
            super().__init__(model)
            self.street, self.high, self.low = street, high, high * (0.145 + 0.855 * 0.2)

        def step(self) -> None:
            self.power = self.low + (self.high - self.low) * self.street.near

    class Town(mesa.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(rng=1)
            night = Night.of(PER_STREET)
            self.rates = tuple(float(rate[0]) for rate in night.rates(22))
            for _ in range(lamps // PER_STREET):
                street = Street(self)
                for _ in range(PER_STREET):
                    Lamp(self, street, 30.0)

        def run(self) -> None:
            for _ in range(steps):
                self.agents_by_type[Street].do("step")
                self.agents_by_type[Lamp].do("step")

    return Town()


def seconds(work: Callable[[], object]) -> float:
    """Time on the core for some work, s."""
    began = time.process_time()
    work()
    return time.process_time() - began


@nb.njit(fastmath=True)  # type: ignore[untyped-decorator]
def triad(a: Floats, b: Floats, c: Floats, s: float) -> None:
    """STREAM's triad (McCalpin 1995)."""
    for i in range(a.size):
        a[i] = b[i] + s * c[i]


def bandwidth() -> float:
    """Bytes a second of the triad, from memory, one core: the best of twenty."""
    a, b, c = np.zeros(STREAM), np.ones(STREAM), np.ones(STREAM)
    triad(a, b, c, 3.0)
    return 24.0 * STREAM / min(seconds(lambda: triad(a, b, c, 3.0)) for _ in range(20))


def timed(work: Callable[[Night, int], float], night: Night, minutes: int) -> float:
    """Time of the one thread on its core for a night whose columns are there already, s.

    Not wall time: others may use the machine meanwhile, and a night is long enough to meet them.
    """
    return seconds(lambda: work(night, minutes))


def whole(lamps: int, minutes: int) -> float:
    """Lamp-updates a second of the whole model in the engine, with light on demand."""
    from bench._lamps import lived

    return lived(lamps, minutes)


def main() -> None:
    """Measure, and print what is the limit."""
    bench = Bench.from_arguments("A night of one million lamps")
    minutes = 6 if bench.quick else 60
    steps = minutes * len(NIGHT)
    each = max(1, minutes // 6)
    night = Night.of(LAMPS)
    ours(Night.of(1000), 1)
    lamp_by_lamp(Night.of(1000), 1)
    mine, numpy = alternate(
        5,
        lambda: timed(ours, Night.of(LAMPS), minutes),
        lambda: timed(plain, Night.of(LAMPS), max(1, minutes // 20)),
    )
    best = min(mine)
    rate = LAMPS * steps / best
    numpy_rate = LAMPS * len(NIGHT) * max(1, minutes // 20) / min(numpy)
    single = min(timed(lamp_by_lamp, Night.of(LAMPS), each) for _ in range(3))
    memory = bandwidth()
    loop = min(
        seconds(
            lambda: kernels.spread(night.low, night.high, night.street, night.near, night.power)
        )
        for _ in range(30)
    )
    bench.figure("night_s", best, "s", note=f"{LAMPS:,} lamps, {steps} steps; core time")
    bench.figure("updates_per_s", rate, "1/s", numpy_rate, note="peer: NumPy, the same work")
    alone = LAMPS * len(NIGHT) * each / single
    bench.figure("lampwise_updates_per_s", alone, "1/s", note="each lamp by those who reach it")
    town = agents(MESA_LAMPS, MESA_STEPS)
    mesa_rate = MESA_LAMPS * MESA_STEPS / seconds(town.run)
    bench.figure("updates_beside_mesa", rate, "1/s", mesa_rate, note=f"Mesa: {MESA_LAMPS:,} lamps")
    bench.figure("stream_triad", memory / 1e9, "GB/s", note="from memory, one core")
    moved = night.bytes_a_step * steps / best
    bench.figure("bandwidth_fraction", moved / memory, "1", note=f"{moved / 1e9:.1f} GB/s moved")
    spread = night.bytes_of_lamps / loop
    bench.figure("spread_fraction", spread / memory, "1", note=f"{spread / 1e9:.1f} GB/s moved")
    share = loop * steps / best
    bench.figure("time_in_lamps", share, "1", note="share of a step; the rest draws who comes")
    bench.figure(
        "model_updates_per_s", whole(LAMPS, minutes), "1/s", note="the model in the engine"
    )
    bench.finish()


if __name__ == "__main__":
    main()
