"""The columns of the citizens, in groups that kernels take as one argument.

Times are seconds since 03:00 local time of the day that is lived.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]
Codes = npt.NDArray[np.int8]

LEGS = 8
WALK, BICYCLE, TRANSIT, CAR = 0, 1, 2, 3
HOME, WORK, SCHOOL, SHOP, LEISURE, LUNCH = 0, 1, 2, 3, 4, 5
WORKER, STUDENT, OTHER, COMMUTER, VISITOR = 0, 1, 2, 3, 4
AT_HOME, AT_WORK, AT_SCHOOL, GUEST = 0, 1, 2, 3
HOUR = 3600.0
NEVER = np.inf
DRAWS = 512
"""Draws kept apart for each person and day: 0–63 the day, 64 and above the legs."""


class People(NamedTuple):
    """Columns over persons; (n,) unless said."""

    kind: Codes
    home: Rows
    """Place they live at; a gateway for people from outside."""
    work: Rows
    """Place of work or school; -1 for none."""
    gateway: Rows
    """Place (gateway) by which they leave or enter; -1 when the city has none."""
    beyond: Floats
    """Metres beyond the gateway, for its users."""
    car: npt.NDArray[np.bool_]
    key: npt.NDArray[np.uint64]
    plan_time: Floats
    """(n, LEGS) planned departure, s."""
    plan_place: Rows
    """(n, LEGS) destination."""
    plan_purpose: Codes
    """(n, LEGS)"""
    legs: Codes
    leg: Codes
    """Next leg."""
    place: Rows
    """Where they are; -1 on the way."""
    heading: Rows
    role: Codes
    mode: Codes
    """Mode in which the present tour is made."""
    depart: Floats
    """Next departure, s; infinite when on the way or at home for the night."""
    arrive: Floats
    """Arrival, s; infinite when not on the way."""


class Ground(NamedTuple):
    """Columns over places and zones."""

    buildings: int
    x: Floats
    y: Floats
    zone: Rows
    leaves: Rows
    enters: Rows
    access: Floats
    """(n_place,) seconds on foot to the nearest stop."""
    wait: Floats
    """(n_place,) seconds of waiting at the stops there."""
    ride: Floats
    """(n_zone, n_zone) seconds in public transport by a timetable; NaN where none says."""
    pause: Floats
    """(n_zone, n_zone) seconds of waiting and changing with it."""
    terminal: Floats
    """(n_place,) seconds to park and walk, for who does not live there."""
    opening: Floats
    """(n_place,) mean hour at which work starts there."""
    start: Rows
    rows: Rows
    chance: Floats
    """(2, n_zone + 1, n_zone_building) cumulative chances; the last row without decay."""
    within: Floats
    """(2, n_building) cumulative attraction along ``rows``, from the start of the zone."""


class Day(NamedTuple):
    """How a kind of day is lived: chances, per person."""

    number: int
    attend: float
    school: float
    lunch: float
    stop: float
    evening: float
    errand: float
    leisure: float
    visit: float
    outside: float


class Choice(NamedTuple):
    """Coefficients of the mode choice; utilities per minute and per euro."""

    walk: float
    bicycle: float
    transit: float
    car: float
    time: float
    time_walk: float
    time_bicycle: float
    cost: float
    fare: float
    car_cost: float
    suppression: float


class Now(NamedTuple):
    """What a decision meets: the streets, the price, the alert."""

    skim: Floats
    """(n_zone, n_zone) s by car."""
    skim_banned: Floats
    """The same for a car that a zone bans."""
    free: Floats
    """The same on empty streets."""
    price: float
    toll: Floats
    """(n_zone, n_zone) EUR for the streets on the way by car."""
    toll_banned: Floats
    """The same for a car that a zone bans, which pays none where it may be fined."""
    fine: Floats
    """(n_zone, n_zone) EUR of expected fines for a car that a zone bans."""
    share: Floats
    """(n,) share of the tolls for the car of each person, before it counts as a resident's."""
    banned: npt.NDArray[np.bool_]
    """(n,) whether a zone bans the car of each person."""
    resident: float
    """Share of the tolls that residents pay."""
    alert: Floats
    """(n_building,) share of people who heed a call to stay at home."""


class Tally(NamedTuple):
    """What is counted, and the car trips to publish."""

    present: Floats
    """(4, n_building) people by role."""
    parked: Floats
    """(n_edge,)"""
    trips: Floats
    """(5, 4) by kind of person and mode."""
    sums: Floats
    """residents' trips, their seconds, cancelled trips, fares EUR, prices EUR, car metres, EUR that
    car trips were worth which a price turned into trips by another mode, and into none."""
    swapped: npt.NDArray[np.bool_]
    """(n,) whether a price sent the present tour to another mode than the car."""
    trip_count: npt.NDArray[np.int64]
    """(1,) car trips in the buffers."""
    trip_time: Floats
    trip_from: Rows
    trip_to: Rows
    trip_person: Rows
    foot_count: npt.NDArray[np.int64]
    """(1,) walks in the buffers; those on foot, and those to and from stops."""
    foot_time: Floats
    foot_from: Rows
    """Place; -1 for the stop nearest to where it leads."""
    foot_to: Rows
    """Place; -1 for the stop nearest to where it begins."""
