"""The streams of municipal waste and their numbers; sources are in docs/models/waste.md."""

from __future__ import annotations

from dataclasses import dataclass

RESIDUAL = "residual"
LITTER = "litter"


@dataclass(frozen=True)
class Stream:
    """What a stream weighs, how it is collected and what it brings.

    Attributes
    ----------
    density
        Of loose waste in a container, kg/m³.
    compacted
        Density in the truck, kg/m³.
    volume
        Volume of one standard container, m³.
    share
        Part of what households deposit that is sorted into this stream where they find a container
        of it nearby; the residual stream takes the rest.
    deposit
        Mean mass of one deposit (a bag, a jar, a paper cup), kg.
    service
        Time that emptying a standard container takes, s; each further one of a site takes half.
    weekdays
        Patterns of collection days (Monday is 0), one a sector of the city.
    truck_mass, truck_volume
        What a truck of this stream carries, kg and m³.
    """

    density: float
    compacted: float
    volume: float
    share: float
    deposit: float
    service: float
    weekdays: tuple[tuple[int, ...], ...]
    truck_mass: float
    truck_volume: float

    @property
    def longest_gap(self) -> int:
        """Days between two collections at most."""
        return max(gap for pattern in self.weekdays for gap in _gaps(pattern))

    @property
    def visits(self) -> float:
        """Collections a week."""
        return sum(map(len, self.weekdays)) / len(self.weekdays)


def service_time(stream: str, volume: float) -> float:
    """Time to empty a site of so many m³, s."""
    data = STREAMS[stream]
    containers = max(1.0, float(-(-volume // data.volume)))
    return data.service * (1.0 + containers) / 2.0


def _gaps(pattern: tuple[int, ...]) -> list[int]:
    later = (*pattern[1:], pattern[0] + 7)
    return [after - before for before, after in zip(pattern, later, strict=True)]


_TWICE = ((0, 3), (1, 4), (2, 5))
_ONCE = tuple((day,) for day in range(6))
_DAILY = (tuple(range(7)),)

STREAMS: dict[str, Stream] = {
    RESIDUAL: Stream(110.0, 450.0, 1.1, 0.75, 3.5, 60.0, _TWICE, 10_000.0, 20.0),
    "recycling": Stream(60.0, 250.0, 1.1, 0.15, 1.0, 60.0, _ONCE, 8_000.0, 20.0),
    "glass": Stream(300.0, 350.0, 3.0, 0.10, 1.5, 240.0, _ONCE, 10_000.0, 28.0),
    "organic": Stream(350.0, 700.0, 0.66, 0.20, 1.5, 60.0, _TWICE, 10_000.0, 16.0),
    LITTER: Stream(70.0, 250.0, 0.18, 0.0, 0.1, 45.0, _DAILY, 1_200.0, 6.0),
}
"""Every stream by name, in the order in which their fleets are numbered."""

SORTED = ("recycling", "glass", "organic")
"""Streams that households take out of the residual one."""

PER_PERSON = 1.0
"""What a resident throws away at home, sorted streams included, kg/day."""

PER_JOB = {"retail": 1.5, "hotel": 1.5, "industrial": 0.8}
PER_OTHER_JOB = 0.4
"""What a workplace throws away, kg/day a job, by the use of the building."""

PER_LITTER_BIN = 6.7
"""Mean of what a litter bin receives (Edinburgh 2016), kg/day."""
