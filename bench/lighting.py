"""A night of one million lamps at one-minute steps, light on demand: ours, NumPy, Mesa.

The night is from 20:00 to 06:00; a street has ten lamps and the vehicles and walkers of a
residential one, by the hour. Whoever comes lights lamp after lamp: the lit share of each lamp in
each minute is exact, what it burned is summed up by lamp, and the energy is taken each hour.

``updates_per_s`` is that of the model's own presence (:class:`Lampwise`), flows that change every
five minutes as those of ``street_use`` do, and nobody who asks for the power of the lamps in
between: a block of streets then goes through thirty minutes in the cache. A lamp where nobody
passes costs nothing in a minute and counts as updated: its power is known, and is what it was.
``each_minute_updates_per_s`` is the same with the power of every lamp written each minute. NumPy
does all lamps with whole arrays and writes their power each minute, Mesa has an agent a lamp and a
street, on fewer lamps. Ours and NumPy's energy have to agree.

What limits: ``stream_triad`` is the bandwidth of memory (STREAM), ``bandwidth_fraction`` what is
read and written in a step (columns of all streets, lamps of those that are lit; once each) over its
time and over the triad, and ``in_cache_updates_per_s`` the same work on lamps that fit the second
cache. Where the last is little more than ``updates_per_s``, arithmetic is the limit, not memory.
``streets_updates_per_s`` and ``streets_bandwidth_fraction`` are of ``presence = "streets"``, where
all lamps of a street are one and the power of each is written each minute.

Every time is that of the one thread on its core (``process_time``), ours, the peers' and the
triad's alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

from bench._lamp_peers import MINUTE, Arrays, agents
from bench._lamps import PER_STREET, lived, town
from bench._report import Bench, alternate
from models.lighting.presence.lampwise import Lampwise
from models.lighting.presence.streetwise import kernels
from models.lighting.use import ON_FOOT, VEHICLES, WALKERS, WEEKDAY

Floats = npt.NDArray[np.float64]

LAMPS, IN_CACHE = 1_000_000, 10_000
NIGHT = (20, 21, 22, 23, 0, 1, 2, 3, 4, 5)
FLOWS = 5
"""Minutes after which the flows change."""
VEHICLE_WINDOW, WALKER_WINDOW, FAR = 100.0 / 13.9 + 20.0, 30.0 / 1.3 + 20.0, 300.0
VEHICLE, WALKER = (1.0 / 13.9, VEHICLE_WINDOW), (1.0 / 1.3, WALKER_WINDOW)
STREAM = 20_000_000
MESA_LAMPS, MESA_STEPS = 10_000, 10


def rates(hour: int) -> tuple[float, float]:
    """Vehicles and walkers a second on each street."""
    a_day = VEHICLES["residential"], WALKERS["residential"]
    return a_day[0] * WEEKDAY[hour] / 3.6e5, a_day[1] * ON_FOOT[hour] / 3.6e5


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


def streets(night: Night, minutes: int = 60) -> float:
    """The night street by street; energy, Wh."""
    energy = 0.0
    for hour in NIGHT:
        come = [np.full(len(night.near), rate) for rate in rates(hour)]
        for _ in range(minutes):
            kernels.presence(
                night.keys,
                night.drawn,
                night.patience,
                night.lit,
                *come,
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


class Lamps:
    """The lamps of a town with the model's presence, lamp by lamp."""

    def __init__(self, lamps: int) -> None:
        from models.lighting.groups import streets_of
        from models.lighting.parameters import Parameters
        from twin.core.random import Streams

        city = town(lamps)
        self.passers = Lampwise(city, streets_of(city), Streams(1), Parameters())
        night = Night.of(lamps)
        self.low, self.high, self.power = night.low, night.high, night.power
        self.streets, self.lit = len(night.near), 0.0

    def live(self, minutes: int, reading: bool) -> float:
        """A night of so many minutes an hour, and somebody who reads the power or not; Wh."""
        passers, energy = self.passers, 0.0
        self.lit = 0.0
        for hour in NIGHT:
            for minute in range(minutes):
                if minute % FLOWS == 0:
                    passers.vehicles[:-1], passers.walkers[:-1] = rates(hour)
                    passers.forth[:] = 0.5 * passers.vehicles
                    passers.fresh = True
                passers.pass_by(MINUTE, True)
                if reading:
                    passers.spread(self.low, self.high, self.power)
            share = passers.take_held() / (MINUTE * minutes)
            energy += float((self.low + (self.high - self.low) * share).sum()) * minutes / 60.0
            self.lit += passers.lit_streets / len(NIGHT)
        return energy

    @property
    def bytes_a_step(self) -> float:
        """What is read and written once in a step of the last night."""
        # Budget twice, two rates, how many are there and the mark; place, seconds lit twice, share.
        return self.streets * (4 * 8 + 4 + 1) + 4 * 4 * self.lit * self.streets * PER_STREET


def plain(arrays: Arrays, minutes: int) -> float:
    """The same with NumPy, lamp by lamp; Wh."""
    energy = 0.0
    for hour in NIGHT:
        for _ in range(minutes):
            arrays.step(*rates(hour))
            energy += float(arrays.power.sum()) / 60.0
    return energy


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


def agree(ours: float, theirs: float) -> None:
    """Stop where a peer did not do the same work."""
    if abs(ours / theirs - 1.0) > 0.01:
        raise RuntimeError(f"a night takes {ours:,.0f} Wh, with NumPy {theirs:,.0f} Wh")


def peers(bench: Bench, lamps: Lamps, minutes: int) -> float:
    """Ours, beside NumPy and Mesa; updates a second."""
    place = np.arange(0.5, PER_STREET) * FAR / PER_STREET
    arrays = Arrays(lamps.low, lamps.high, place, FAR, VEHICLE, WALKER)
    few = max(1, minutes // 20)
    plain(arrays, 1)
    agree(lamps.live(few, reading=False), plain(arrays, few))
    mine, numpy = alternate(
        3,
        lambda: seconds(lambda: lamps.live(minutes, reading=False)),
        lambda: seconds(lambda: plain(arrays, few)),
    )
    rate = LAMPS * len(NIGHT) * minutes / min(mine)
    theirs = LAMPS * len(NIGHT) * few / min(numpy)
    note = f"{LAMPS:,} lamps, {minutes * len(NIGHT)} steps; core time"
    bench.figure("night_s", min(mine), "s", note=note)
    bench.figure("updates_per_s", rate, "1/s", theirs, note="lamp by lamp; peer: NumPy, the same")
    mesa = agents(MESA_LAMPS, rates(22), place, FAR, (VEHICLE, WALKER), (10.0, 30.0))
    slow = MESA_LAMPS * MESA_STEPS / seconds(lambda: [mesa.step() for _ in range(MESA_STEPS)])
    bench.figure("updates_beside_mesa", rate, "1/s", slow, note=f"Mesa: {MESA_LAMPS:,} lamps")
    return rate


def streetwise(bench: Bench, minutes: int, memory: float) -> None:
    """Figures of lamps whose street is one."""
    night = Night.of(LAMPS)
    best = min(seconds(lambda: streets(night, minutes)) for _ in range(3))
    steps = minutes * len(NIGHT)
    bench.figure("streets_updates_per_s", LAMPS * steps / best, "1/s", note="a street is one")
    moved = night.bytes_a_step * steps / best
    note = f"{moved / 1e9:.1f} GB/s moved"
    bench.figure("streets_bandwidth_fraction", moved / memory, "1", note=note)


def main() -> None:
    """Measure, and print what is the limit."""
    bench = Bench.from_arguments("A night of one million lamps")
    minutes = 30 if bench.quick else 60
    steps = minutes * len(NIGHT)
    lamps = Lamps(LAMPS)
    lamps.live(1, reading=True)
    rate = peers(bench, lamps, minutes)
    bytes_a_step = lamps.bytes_a_step
    few = max(1, minutes // 6)
    written = min(seconds(lambda: lamps.live(few, reading=True)) for _ in range(3))
    each = LAMPS * len(NIGHT) * few / written
    bench.figure("each_minute_updates_per_s", each, "1/s", note="the power of all each minute")
    small, times = Lamps(IN_CACHE), LAMPS // IN_CACHE // 10
    small.live(1, reading=False)
    nights = lambda: [small.live(minutes, reading=False) for _ in range(times)]  # noqa: E731
    cached = IN_CACHE * steps * times / min(seconds(nights) for _ in range(3))
    bench.figure("in_cache_updates_per_s", cached, "1/s", note=f"{IN_CACHE:,} lamps")
    memory = bandwidth()
    bench.figure("stream_triad", memory / 1e9, "GB/s", note="from memory, one core")
    moved = bytes_a_step * rate / LAMPS
    note = f"{moved / 1e9:.1f} GB/s; lit: {100.0 * lamps.lit:.0f} % of the streets in a minute"
    bench.figure("bandwidth_fraction", moved / memory, "1", note=note)
    streetwise(bench, minutes, memory)
    minutes = 6 if bench.quick else 60
    for name, port in (("model", "lighting.shortfall"), ("model_each_minute", "lighting.power")):
        found = lived(LAMPS, minutes, port)
        bench.figure(f"{name}_updates_per_s", found, "1/s", note=f"in the engine; records {port}")
    bench.finish()


if __name__ == "__main__":
    main()
