"""Public transport between zones from a timetable: riding, waiting, walking to change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.citizens.space import Space
from twin.city.city import City
from twin.city.gtfs import Feed

Floats = npt.NDArray[np.float64]

REACH = 700.0
"""People walk this far to a stop of their zone, m in a straight line."""
CHANGE = 200.0
"""And this far between two stops to change, m."""
AROUND = 1500.0
"""Stops this far beyond the city's places are still looked at, m."""
PACE = 1.3 / 1.33
"""Seconds on foot for a metre in a straight line."""
WAIT_WEIGHT = 2.0
"""A minute of walking or waiting, in minutes of riding."""
LONGEST_WAIT = 900.0
"""Who has a timetable waits no longer, s; the rest of a long headway is spent elsewhere."""
SIMILAR = 1.25
"""Lines up to this many times slower than the quickest are taken when they come first."""


@dataclass(frozen=True)
class Transit:
    """Times between zones; NaN where the feed says nothing, infinite where nothing leads there.

    Attributes
    ----------
    ride : (n_zone, n_zone) float64, s
        In vehicles.
    pause : (n_zone, n_zone) float64, s
        Waiting and changing, and walking between the zone's middle and its stops beyond what the
        nearest stop is away.
    stop : (n_place,) float64, m
        Distance to the nearest served stop.
    """

    ride: Floats
    pause: Floats
    stop: Floats


def between_zones(city: City, space: Space, feed: Feed, begin: float, end: float) -> Transit:
    """Best connection of each pair of zones, with at most one change.

    Parameters
    ----------
    begin, end
        The hours of the day whose headways count, s since midnight.
    """
    points, kept, ride, wait = _stop_pairs(city, space, feed, begin, end)
    size = len(space.centre)
    if not len(kept):
        nothing = np.full((size, size), np.nan)
        return Transit(nothing, nothing, np.full(len(space.xy), 500.0))
    ride, pause = _with_change(points, ride, wait)
    walk = PACE * np.hypot(*(space.centre[:, None] - points[None]).transpose(2, 0, 1))
    nearest = _nearest(space.xy, points)
    near = walk <= PACE * REACH
    found_ride, found_pause = np.full((2, size, size), np.inf)
    for a in range(size):
        _fill_row(a, near, walk, ride, pause, found_ride, found_pause)
    # The walk to the nearest stop is counted place by place.
    base = PACE * _nearest(space.centre, points)
    found_pause = np.maximum(0.0, found_pause - base[:, None] - base[None, :])
    unknown = ~near.any(axis=1)
    found_ride[unknown] = found_ride[:, unknown] = np.nan
    np.fill_diagonal(found_ride, np.nan)
    return Transit(found_ride, found_pause, nearest)


def _fill_row(
    a: int,
    near: npt.NDArray[np.bool_],
    walk: Floats,
    ride: Floats,
    pause: Floats,
    found_ride: Floats,
    found_pause: Floats,
) -> None:
    """Best pair of stops from one zone to each other."""
    starts = np.flatnonzero(near[a])
    if not len(starts):
        return
    slow = pause[starts] + walk[a, starts, None]
    total = ride[starts] + WAIT_WEIGHT * slow
    best = total.argmin(axis=0)
    every = np.arange(ride.shape[1])
    for b in range(len(near)):
        ends = np.flatnonzero(near[b])
        if a == b or not len(ends):
            continue
        cost = total[best[ends], ends] + WAIT_WEIGHT * walk[b, ends]
        end = ends[cost.argmin()]
        start = best[end]
        found_ride[a, b] = ride[starts[start], every[end]]
        found_pause[a, b] = slow[start, end] + walk[b, end]


def _stop_pairs(
    city: City, space: Space, feed: Feed, begin: float, end: float
) -> tuple[Floats, npt.NDArray[np.int64], Floats, Floats]:
    """Stops near the city; riding and waiting between those that a line joins, infinite else."""
    points = _projected(city, feed)
    served = np.unique(np.concatenate([line.stops for line in feed.lines]))
    low, high = space.xy.min(axis=0) - AROUND, space.xy.max(axis=0) + AROUND
    kept = served[((points[served] >= low) & (points[served] <= high)).all(axis=1)]
    place = np.full(len(points), -1)
    place[kept] = np.arange(len(kept))
    size = len(kept)
    best = np.full((size, size), np.inf)
    pairs = []
    for line in feed.lines:
        often = line.hourly(begin, end)
        here = np.flatnonzero(place[line.stops] >= 0)
        if often <= 0.0 or len(here) < 2:
            continue
        at, time = place[line.stops[here]], line.ride[here]
        first, last = np.triu_indices(len(here), 1)
        pairs.append((at[first], at[last], time[last] - time[first], often))
        np.minimum.at(best, (at[first], at[last]), time[last] - time[first])
    hourly, ridden = np.zeros((2, size, size))
    for start, goal, time, often in pairs:
        good = time <= SIMILAR * best[start, goal] + 1.0
        np.add.at(hourly, (start[good], goal[good]), often)
        np.add.at(ridden, (start[good], goal[good]), often * time[good])
    joined = hourly > 0.0
    ride = np.where(joined, ridden / np.where(joined, hourly, 1.0), np.inf)
    wait = np.where(joined, 1800.0 / np.where(joined, hourly, 1.0), np.inf)
    return points[kept], kept, ride, np.where(joined, np.minimum(wait, LONGEST_WAIT), np.inf)


def _with_change(points: Floats, ride: Floats, wait: Floats) -> tuple[Floats, Floats]:
    """Riding and pausing with no change or one, whichever is the lesser evil."""
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    ride, pause = ride.copy(), wait.copy()
    first_ride, first_wait = ride.copy(), wait.copy()
    cost = ride + WAIT_WEIGHT * pause
    for middle in range(len(points)):
        for other in np.flatnonzero(apart[middle] <= CHANGE):
            foot = PACE * apart[middle, other]
            via_ride = first_ride[:, middle, None] + first_ride[None, other]
            via_pause = first_wait[:, middle, None] + first_wait[None, other] + foot
            trial = via_ride + WAIT_WEIGHT * via_pause
            better = trial < cost
            cost[better] = trial[better]
            ride[better], pause[better] = via_ride[better], via_pause[better]
    return ride, pause


def _projected(city: City, feed: Feed) -> Floats:
    from pyproj import Transformer

    to_metres = Transformer.from_crs("EPSG:4326", city.place.crs, always_xy=True)
    x, y = to_metres.transform(feed.longitude, feed.latitude)
    return np.stack([x, y], axis=1)


def _nearest(xy: Floats, points: Floats) -> Floats:
    from scipy.spatial import cKDTree

    found: Floats = cKDTree(points).query(xy)[0]
    return found
