"""The households of a city: how many, how large, how much they use, and what they do in a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from models.energy import demand
from models.energy.demand import Demand
from models.energy.homes import kernels
from twin.city.city import City
from twin.core.random import Keys, Streams, normals, uniforms

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SPREAD = 0.4
"""Standard deviation of the logarithm of a household's demand, beside its size; near what meter
data show within a size of household."""
BASE = 0.3
"""Share of the yearly mean that runs all day: cold appliances, ventilation, what stands by."""
HOURS = 8760.0


@dataclass(frozen=True)
class Kind:
    """A kind of appliance.

    Attributes
    ----------
    share
        Of what is above the base load, 1; the rest is small and short.
    power : float, W
        While it runs.
    length : int, quarter-hours
    hours
        Weight of each hour of the day against the standard profile.
    movable
        Whether its run can wait for a cheap hour.
    owned
        Share of homes that have one, 1.
    """

    share: float
    power: float
    length: int
    hours: tuple[float, ...]
    movable: bool = False
    owned: float = 1.0


def _hours(*spans: tuple[int, int, float]) -> tuple[float, ...]:
    found = [0.3] * 24
    for first, last, weight in spans:
        found[first:last] = [weight] * (last - first)
    return tuple(found)


# Shares after the end uses of German households (BDEW: light and electronics 40 %, cooking 12 %,
# washing and drying 15 %, rounded); powers and lengths of common machines; ownership
# after Germany's survey of income and expenditure.
KINDS = (
    Kind(0.34, 130.0, 10, _hours((6, 8, 1.0), (17, 23, 1.6), (8, 17, 0.7))),
    Kind(0.14, 2000.0, 2, _hours((7, 9, 0.8), (11, 13, 1.5), (17, 20, 1.8)), owned=0.9),
    Kind(0.12, 550.0, 6, _hours((8, 21, 1.1)), movable=True),
    Kind(0.06, 1500.0, 4, _hours((9, 21, 1.1)), movable=True, owned=0.45),
)
"""Light and electronics; cooking; washing and dishes; drying."""
SMALL_POWER = 600.0
"""Mean over a quarter-hour of what is small and short (kettle, hair dryer, vacuum cleaner), W."""


def rates(profile: Floats, base: float) -> tuple[Floats, Floats]:
    """When appliances start, such that their mean over many homes is the profile.

    Each kind takes its share of what the profile has above the base, where its hours are; its
    starts are spread so that its runs lie around those hours. What is then missing goes to the
    small and short kind, which so makes the sum exact.

    Parameters
    ----------
    profile : (96,) float64, W per kWh/a
    base : float, W per kWh/a

    Returns
    -------
    cumulative : (n_kind + 1, 96) float64
        Starts up to each quarter-hour of a day, a kWh/a.
    mean : (96,) float64, W per kWh/a
        What all of it comes to, a long row of such days.
    """
    above = np.maximum(profile - base, 0.0)
    total = above.sum()
    starts = np.zeros((len(KINDS) + 1, kernels.QUARTERS))
    rest = above.copy()
    for row, kind in enumerate(KINDS):
        weight = above * np.repeat(kind.hours, 4)
        wanted = kind.share * total * weight / max(weight.sum(), 1e-300)
        # Runs are centred on the hours that they are wanted in.
        starts[row] = np.roll(wanted, -(kind.length // 2)) / (kind.power * kind.length)
        run = sum(np.roll(starts[row], step) for step in range(kind.length)) * kind.power
        # No kind may draw more than there is.
        over = float(np.max(run / np.maximum(0.9 * rest, 1e-300), initial=1.0))
        starts[row] /= over
        rest -= run / over
    starts[-1] = np.maximum(rest, 0.0) / SMALL_POWER
    return np.cumsum(starts, axis=1), base + above


@dataclass(frozen=True)
class Day:
    """What the homes of each building do in a day; (96, n_building) float64, W.

    Attributes
    ----------
    appliances
        Electricity.
    tapped
        Heat of hot water from the building's heating; electric tanks: :meth:`Households.tanks`.
    """

    appliances: Floats
    tapped: Floats


class Households:
    """All households, as columns; each draws for itself.

    Attributes
    ----------
    owner : (n_home,) int64
        Row of each home's building.
    energy : (n_home,) float64, kWh/a
        Electricity of appliances.
    persons : (n_home,) float64
    keys : (n_home,) uint64
    shifted : (1,) float64, kWh
        Energy of runs that were put off to cheaper hours, so far.
    """

    def __init__(self, city: City, streams: Streams, need: Demand) -> None:
        building = city["building"]
        count = np.maximum(np.rint(np.nan_to_num(demand.dwellings(building, need))), 1.0)
        count = np.where(need.home > 0.0, count, 0.0).astype(np.int64)
        self.buildings = len(building)
        self.owner: Rows = np.repeat(np.arange(self.buildings), count)
        first = np.cumsum(count) - count
        number = np.arange(len(self.owner)) - first[self.owner]
        names = np.array(
            [f"{building.ids[row]}/{n}" for row, n in zip(self.owner, number, strict=True)],
            dtype=np.str_,
        )
        self.keys: Keys = streams.keys("energy.home", names)
        divisor = np.maximum(count, 1)[self.owner]
        people = building["people"].astype(np.float64)[self.owner]
        self.persons: Floats = np.where(people > 0.0, people / divisor, demand.HOUSEHOLD)
        other = np.exp(SPREAD * normals(self.keys, 1) - SPREAD**2 / 2.0)
        self.energy: Floats = need.home[self.owner] / divisor * other
        self.keenness: Floats = uniforms(streams.keys("energy.habits", names), 0)
        self.effort: Floats = uniforms(streams.keys("energy.effort", names), 0)
        self._level = 2.6 * self.persons * (0.7 + 0.3 * uniforms(self.keys, 2))
        self._heating = np.zeros(len(self.owner), dtype=np.bool_)
        self._power = np.array([*(kind.power for kind in KINDS), SMALL_POWER])
        self._length = np.array([*(kind.length for kind in KINDS), 1], dtype=np.int64)
        self._movable = np.array([*(kind.movable for kind in KINDS), False])
        self._owned = _owned(streams, names)
        self._spill: Floats | None = None
        self._drawn = np.zeros((kernels.QUARTERS, len(self.owner)))
        self._heated = np.zeros(self.buildings)
        self._electric = self._waits = np.zeros(len(self.owner), dtype=np.bool_)
        self._cheap = np.zeros(kernels.QUARTERS, dtype=np.bool_)
        self._water: Water | None = None
        self.shifted: Floats = np.zeros(1)

    def __len__(self) -> int:
        return len(self.owner)

    def taking_part(self, share: Floats) -> Flags:
        """Homes that take part, of a share in each building; a higher share only adds some."""
        found: Flags = self.keenness < share[self.owner]
        return found

    def movable(self) -> float:
        """Movable share of a home's electricity, 1."""
        return (1.0 - BASE) * sum(kind.share for kind in KINDS if kind.movable)

    def day(
        self,
        when: date,
        profile: Floats,
        price: Floats,
        moves: Flags,
        electric: Flags,
        waits: Flags,
        cheap: Flags,
        water: Water,
    ) -> Day:
        """What the homes of each building do on a day.

        Parameters
        ----------
        when
        profile : (96,) float64, W per kWh/a
            The standard profile of the day.
        price : (192,) float64, EUR/kWh
            Of this day and, as far as it is known, of the next.
        moves, electric, waits : (n_home,) bool
            Homes that put runs off; that have electric tanks; whose tanks wait for cheap hours.
        cheap : (96,) bool
            Hours in which those tanks are heated.
        water
        """
        if self._spill is None:
            before = self._run(when.toordinal() - 1, profile, price, np.zeros_like(moves))
            self._spill = before[kernels.QUARTERS :]
            self.shifted[0] = 0.0
        found = self._run(when.toordinal(), profile, price, moves)
        found[: len(self._spill)] += self._spill
        self._spill = found[kernels.QUARTERS :].copy()
        tapped = np.empty((kernels.QUARTERS, self.buildings))
        self._electric, self._waits, self._cheap, self._water = electric, waits, cheap, water
        kernels.taps(
            self.persons,
            self.owner,
            self.keys ^ np.uint64(0x5851F42D4C957F2D),
            electric,
            when.toordinal(),
            TAPS,
            DRAWS,
            water.energy,
            self._drawn,
            tapped,
        )
        return Day(found[: kernels.QUARTERS], tapped)

    def tanks(self, quarter: int, powered: Flags) -> Floats:
        """Let the electric tanks live a quarter-hour of the day; (n_building,) W put into them.

        Parameters
        ----------
        quarter
            Of the day that :meth:`day` began; each in its turn.
        powered : (n_building,) bool
            Buildings with supply.
        """
        if self._water is None:
            return self._heated
        kernels.tanks(
            self.persons,
            self.owner,
            self._electric,
            self._waits,
            bool(self._cheap[quarter]),
            powered,
            self._drawn[quarter],
            self._water.tank,
            self._water.loss,
            self._level,
            self._heating,
            self._heated,
        )
        return self._heated

    def _run(self, day: int, profile: Floats, price: Floats, moves: Flags) -> Floats:
        base = min(BASE * 1000.0 / HOURS, float(profile.min()))
        cumulative, _ = rates(profile, base)
        out = np.zeros((kernels.QUARTERS + kernels.AHEAD + kernels.SPILL, self.buildings))
        kernels.appliances(
            self.energy,
            self.owner,
            self.keys,
            self._owned,
            moves,
            day,
            base,
            cumulative,
            self._power,
            self._length,
            self._movable,
            price,
            out,
            self.shifted,
        )
        return out


def _owned(streams: Streams, names: npt.NDArray[np.str_]) -> Floats:
    """What each home has, as :func:`models.energy.homes.kernels.appliances` wants it."""
    found = np.ones((len(names), len(KINDS) + 1))
    for row, kind in enumerate(KINDS):
        drawn = uniforms(streams.keys(f"energy.appliance.{row}", names), 0)
        found[:, row] = (drawn < kind.owned) / kind.owned
    return found


DRAWS = 8.0
"""Draws of hot water a person and day: Jordan & Vajen 2001 without the shortest."""
TAPS: Floats = np.cumsum(
    np.repeat(
        [1, 0.5, 0.3, 0.3, 0.5, 2, 6, 9, 7, 5, 4, 4, 5, 4, 3, 3, 4, 5, 7, 8, 7, 6, 4, 2], 4
    ).astype(np.float64)
)
"""Cumulative weight of the quarter-hours: the shape of EN 12831-3's dwellings, rounded by hand."""


@dataclass(frozen=True)
class Water:
    """Hot water: energy of a person and day, what a tank holds a person (kWh), its loss (W)."""

    energy: float
    tank: float
    loss: float
