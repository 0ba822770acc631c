"""The synthetic population of a city, made from its buildings, jobs and gateways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.citizens import synthesis
from models.citizens.columns import COMMUTER, LEGS, OTHER, STUDENT, VISITOR, WORKER, Ground, People
from models.citizens.parameters import Parameters
from models.citizens.space import Space
from models.citizens.transit import Transit
from twin.city.city import City
from twin.core.random import Keys, Streams, normals, uniforms

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]

OPENING = {
    "retail": 9.3,
    "hotel": 8.5,
    "public": 8.5,
    "industrial": 7.0,
    "health": 7.3,
    "education": 7.8,
}
"""Mean hour at which work starts, by use of the building; 8.0 for the others."""

LEISURE = {
    "retail": 0.4,
    "hotel": 0.6,
    "public": 1.0,
    "other": 0.3,
    "health": 0.1,
    "residential": 0.03,
    "education": 0.05,
}
"""Attraction of a square metre for leisure (meals, culture, sport, visits to friends)."""

PUPIL_AREA = 10.0
"""Floor area of a school for each pupil, m² (school building norms: 8–12)."""


CROWDED = 300.0
"""People and jobs per hectare at which parking takes the full terminal time of a city centre."""


@dataclass(frozen=True)
class Population:
    """People, in slices that each decide together.

    Attributes
    ----------
    people
        Columns over persons: residents household by household, then people from outside gateway by
        gateway.
    residents
        How many live here.
    start : (n_agent + 1,) int32
        First person of each household, then of each gateway's people.
    households
        How many of the slices are households.
    """

    people: People
    residents: int
    start: Rows
    households: int


@dataclass
class _Group:
    """Columns of some persons while the population grows."""

    kind: npt.NDArray[np.int8]
    home: Rows
    work: Rows
    gateway: Rows
    car: npt.NDArray[np.bool_]
    key: Keys


def whole(amount: Floats) -> Rows:
    """Whole numbers near the given ones, whose running sum stays within a half of theirs."""
    total = np.floor(np.cumsum(amount) + 0.5)
    found: Rows = (total - np.concatenate([[0.0], total[:-1]])).astype(np.int32)
    return found


def populate(city: City, space: Space, streams: Streams, parameters: Parameters) -> Population:
    """Make the people of a city: same city, seed and parameters give the same people."""
    building = city["building"]
    keys = streams.keys("citizens.building", building.ids)
    left = np.maximum(building["jobs"].astype(np.float64), 0.0) * parameters.jobs_filled
    residents, starts = _residents(city, space, keys, parameters)
    _give_work(residents, city, space, parameters, left)
    guests = [
        _commuters(space, left, streams.keys("citizens.commuter", building.ids), parameters),
        _visitors(city, space, streams.keys("citizens.visitor", np.array(["all"])), parameters),
    ]
    outside = _by_gateway(guests)
    gates = np.flatnonzero(np.diff(outside.home, prepend=-1))
    n = len(residents.home)
    start = np.concatenate([starts, n + gates, [n + len(outside.home)]]).astype(np.int32)
    people = _columns(_join([residents, outside]), parameters)
    return Population(people, n, start, len(starts))


def _residents(city: City, space: Space, keys: Keys, parameters: Parameters) -> tuple[_Group, Rows]:
    people = whole(np.maximum(city["building"]["people"].astype(np.float64), 0.0))
    n = int(people.sum())
    home, household, member = (np.zeros(n, np.int32) for _ in range(3))
    key = np.zeros(n, np.uint64)
    shares = np.cumsum(parameters.household_sizes)
    synthesis.households(people, keys, shares / shares[-1], home, household, member, key)
    age = np.zeros(n, np.int8)
    synthesis.ages(household, member, key, age)
    kind = np.full(n, OTHER, np.int8)
    employed = uniforms(key, np.uint64(1)) < parameters.employment_rate
    kind[(age == synthesis.ADULT) & employed] = WORKER
    kind[age == synthesis.PUPIL] = STUDENT
    adult = (age == synthesis.ADULT) | (age == synthesis.SENIOR)
    rate = parameters.cars_per_person * n / max(int(adult.sum()), 1)
    car = adult & (uniforms(key, np.uint64(2)) < rate)
    gateway = _gateways(space, key)
    none = np.full(n, -1, np.int32)
    starts = np.flatnonzero(np.diff(household, prepend=-1)).astype(np.int32)
    return _Group(kind, home, none, gateway, car, key), starts


def _gateways(space: Space, key: Keys) -> Rows:
    """The gateway of each person, by the share of each; -1 in a city without."""
    if not space.gateways:
        return np.full(len(key), -1, np.int32)
    drawn = np.searchsorted(np.cumsum(space.weight), uniforms(key, np.uint64(3)))
    rows: Rows = (space.buildings + np.minimum(drawn, space.gateways - 1)).astype(np.int32)
    return rows


def _give_work(
    group: _Group, city: City, space: Space, parameters: Parameters, left: Floats
) -> None:
    """Work and school by gravity; outside for those who find none. Counts down the jobs left."""
    rest = np.where(
        city["building"]["use"] == "education", city["building"]["floor_area"] / PUPIL_AREA, 0.0
    )
    decay = np.exp(-_zone_distances(space) / parameters.work_scale)
    inside = uniforms(group.key, np.uint64(4)) < parameters.work_inside
    rank = uniforms(group.key, np.uint64(5))
    for chosen, places, counter in (
        ((group.kind == WORKER) & inside, left, 6),
        (group.kind == STUDENT, rest, 8),
    ):
        seekers = np.flatnonzero(chosen)
        seekers = seekers[np.lexsort((seekers, rank[seekers]))].astype(np.int32)
        synthesis.assign(
            seekers,
            space.zone[group.home],
            group.key,
            counter,
            decay,
            space.start,
            space.rows,
            places,
            _zone_sums(space, places),
            group.work,
        )
    leaving = (group.kind <= STUDENT) & (group.work < 0)
    group.work[leaving] = group.gateway[leaving]


def _zone_distances(space: Space) -> Floats:
    """Metres between the middles of building zones (rows: all zones, the gateways' too)."""
    gap = space.centre[:, None, :] - space.centre[None, : space.zones, :]
    return np.ascontiguousarray(np.hypot(gap[..., 0], gap[..., 1]))


def _zone_sums(space: Space, values: Floats) -> Floats:
    zone = space.zone[: space.buildings]
    return np.bincount(zone, weights=values, minlength=space.zones).astype(np.float64)


def _commuters(space: Space, left: Floats, keys: Keys, parameters: Parameters) -> _Group:
    """Workers from outside, for the jobs that no resident has."""
    number = whole(np.maximum(left, 0.0)) if space.gateways else np.zeros(len(left), np.int32)
    work = np.repeat(np.arange(len(left), dtype=np.int32), number)
    return _outsiders(space, COMMUTER, work, _numbered(keys, number), parameters)


def _visitors(city: City, space: Space, keys: Keys, parameters: Parameters) -> _Group:
    """Shoppers and guests from outside, by the floor area of shops."""
    building = city["building"]
    shops = building["floor_area"][building["use"] == "retail"].sum()
    n = round(float(shops) * parameters.visits_per_area * parameters.outside_visits)
    number = np.array([n if space.gateways else 0], np.int32)
    return _outsiders(
        space, VISITOR, np.full(number[0], -1, np.int32), _numbered(keys, number), parameters
    )


def _numbered(keys: Keys, number: Rows) -> Keys:
    """Keys of ``number[i]`` persons of entity ``i``, one after the other."""
    first = np.repeat(np.cumsum(number) - number, number)
    within = np.arange(len(first), dtype=np.uint64) - first.astype(np.uint64)
    found: Keys = np.repeat(keys, number) ^ ((within + np.uint64(1)) * synthesis.STEP)
    return found


def _outsiders(space: Space, kind: int, work: Rows, key: Keys, parameters: Parameters) -> _Group:
    gateway = _gateways(space, key)
    car = uniforms(key, np.uint64(2)) < parameters.outside_cars_per_person
    return _Group(np.full(len(key), kind, np.int8), gateway, work, gateway, car, key)


def _join(groups: list[_Group]) -> _Group:
    names = ("kind", "home", "work", "gateway", "car", "key")
    return _Group(*(np.concatenate([getattr(g, name) for g in groups]) for name in names))


def _by_gateway(groups: list[_Group]) -> _Group:
    joined = _join(groups)
    order = np.argsort(joined.home, kind="stable")
    names = ("kind", "home", "work", "gateway", "car", "key")
    return _Group(*(getattr(joined, name)[order] for name in names))


def _columns(group: _Group, parameters: Parameters) -> People:
    n = len(group.key)
    beyond = parameters.outside_distance * np.exp(0.7 * normals(group.key, np.uint64(10)))
    return People(
        kind=group.kind,
        home=group.home,
        work=group.work,
        gateway=group.gateway,
        beyond=beyond,
        car=group.car,
        key=group.key,
        plan_time=np.zeros((n, LEGS)),
        plan_place=np.full((n, LEGS), -1, np.int32),
        plan_purpose=np.zeros((n, LEGS), np.int8),
        legs=np.zeros(n, np.int8),
        leg=np.zeros(n, np.int8),
        place=group.home.copy(),
        heading=np.full(n, -1, np.int32),
        role=np.zeros(n, np.int8),
        mode=np.zeros(n, np.int8),
        depart=np.full(n, np.inf),
        arrive=np.full(n, np.inf),
    )


def ground(
    city: City, space: Space, parameters: Parameters, transit: Transit | None = None
) -> Ground:
    """Columns over places, with the chances of each destination from each zone."""
    size = len(space.centre)
    unknown = np.full((size, size), np.nan)
    stop = space.stop if transit is None else transit.stop
    building = city["building"]
    use, area = building["use"], building["floor_area"].astype(np.float64)
    pull = np.stack([np.where(use == "retail", area, 0.0), area * _by_use(use, LEISURE, 0.0)])
    opening = np.full(len(space.zone), 8.0)
    few = np.maximum(space.stops, 1.0)
    density = space.density(building["people"] + building["jobs"])
    opening[: space.buildings] = _by_use(use, OPENING, 8.0)
    chance, within = _chances(space, pull, (parameters.errand_scale, parameters.leisure_scale))
    return Ground(
        buildings=space.buildings,
        x=np.ascontiguousarray(space.xy[:, 0]),
        y=np.ascontiguousarray(space.xy[:, 1]),
        zone=space.zone,
        leaves=space.leaves,
        enters=space.enters,
        access=1.2 * np.minimum(stop, 2000.0) / 1.33,
        wait=60.0 * parameters.transit_wait * np.clip((8.0 / few) ** 1.5, 1.0, 6.0),
        ride=unknown if transit is None else transit.ride,
        pause=unknown if transit is None else transit.pause,
        terminal=60.0 * parameters.car_terminal * np.minimum(1.0, density / CROWDED),
        opening=opening,
        start=space.start,
        rows=space.rows,
        chance=chance,
        within=within,
    )


def _by_use(use: npt.NDArray[np.str_], table: dict[str, float], default: float) -> Floats:
    values = np.full(len(use), default)
    for name, value in table.items():
        values[use == name] = value
    return values


def _chances(space: Space, pull: Floats, scales: tuple[float, float]) -> tuple[Floats, Floats]:
    """Cumulative chances of zones from each zone (last: no decay), and of buildings in a zone."""
    distances = _zone_distances(space)
    chance = np.zeros((2, len(distances) + 1, space.zones))
    within = np.zeros((2, space.buildings))
    for table in (0, 1):
        decay = np.concatenate([np.exp(-distances / scales[table]), np.ones((1, space.zones))])
        chance[table] = np.cumsum(decay * _zone_sums(space, pull[table]), axis=1)
        for z in range(space.zones):
            slot = slice(space.start[z], space.start[z + 1])
            within[table, slot] = np.cumsum(pull[table][space.rows[slot]])
    return chance, within
